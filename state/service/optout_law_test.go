package service

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// refusal is one no to marketing on a channel: at an address, and where a person said it of a customer,
// also of that customer.
type refusal struct {
	address string // as it is compared
	channel string
	of      uint64          // the base customer of whom it was said by hand; 0: of the address alone
	runs    map[uint64]bool // imports that told it; nil: a person did
	letter  string          // the message that says it
}

// optoutLaw is a world with what people said no to in it, as plainly as it can be known: what it has
// is refused; of what it has not it says nothing.
type optoutLaw struct {
	*world
	said    []*refusal
	lifted  map[string]bool            // by address and channel: connections may still have their old word
	forgot  bool                       // somebody was: what connections tell of them is not taken any more
	letters map[string]map[uint64]bool // imports that told each letter: told once more it says nothing new
	imports []uint64
	half    string // who was merged into another last
	checked int
	seen    map[string]int // how often each operation did something
}

// marketingOn are those of the two channels of the law that a scope of a no, or its end, is about.
func marketingOn(channel, purpose string) []string {
	switch {
	case purpose != "" && purpose != purposeMarketing && purpose != state.AllPurposes:
		return nil
	case channel == state.AllChannels:
		return []string{channelEmail, channelPhone}
	case channel == channelEmail || channel == channelPhone:
		return []string{channel}
	}
	return nil
}

func (r *optoutLaw) add(n refusal) {
	r.said = append(r.said, &n)
	if n.runs == nil || n.letter != "" {
		delete(r.lifted, n.address+" "+n.channel) // who says it anew says it
	}
}

// lift ends what is refused at addresses on channels.
func (r *optoutLaw) lift(addresses, on []string) {
	r.said = slices.DeleteFunc(r.said, func(n *refusal) bool { return slices.Contains(addresses, n.address) && slices.Contains(on, n.channel) })
	for _, a := range addresses {
		for _, ch := range on {
			r.lifted[a+" "+ch] = true
		}
	}
}

// told is one run of a connection; of a sync nothing can be taken back.
func (r *optoutLaw) told(kind, conn string, told []Told) {
	r.t.Helper()
	ctx := r.tick()
	var number uint64
	r.must(r.s.Do(ctx, kind+".page", nil, func(w *state.Writer) (err error) {
		if number, err = state.Runs.Next(w); err != nil {
			return err
		}
		if err := state.Connections.Put(w, &state.Connection{Name: conn, Type: "mbox", Created: w.Cause.At}); err != nil {
			return err
		}
		run := &state.Run{Number: number, Kind: kind, Connection: conn, State: state.RunDone, Started: r.now}
		if _, err := r.s.Tell(w, run, told); err != nil {
			return err
		}
		return state.Runs.Put(w, run)
	}))
	r.must(r.s.EndMail(ctx, number))
	if kind == "import" {
		r.imports = append(r.imports, number)
	}
	for i, t := range told {
		gone := slices.ContainsFunc(told[i:], func(x Told) bool { return x.Kind == t.Kind && x.ID == t.ID && x.Version.Gone })
		for _, c := range t.Version.Consents {
			if gone {
				break // it came and went in one run, and there is no such record
			}
			a := identity.EmailIdentifier(c.Address).Match
			if c.State == state.ConsentOptedOut && !r.lifted[a+" "+channelEmail] && !r.forgot {
				r.add(refusal{address: a, channel: channelEmail, runs: map[uint64]bool{number: true}})
			}
		}
		if t.Version.Message == nil || !strings.HasPrefix(t.ID, "stop") {
			continue
		}
		if r.letters[t.ID] == nil {
			r.letters[t.ID] = map[uint64]bool{}
		}
		again := len(r.letters[t.ID]) > 0
		r.letters[t.ID][number] = true
		if again {
			for _, n := range r.said {
				if n.letter == t.ID {
					n.runs[number] = true
				}
			}
			continue
		}
		on := []string{channelEmail}
		if t.Version.Message.Text == stopWords[1] {
			on = append(on, channelPhone)
		}
		for _, ch := range on {
			a := identity.EmailIdentifier(t.Version.Message.From[0].Address).Match
			if !r.forgot {
				r.add(refusal{address: a, channel: ch, runs: map[uint64]bool{number: true}, letter: t.ID})
			}
		}
	}
	r.seen[kind]++
}

// stopWords are what customers write; the second means every channel.
var stopWords = []string{"Thanks for the telescope. Please stop sending me these emails.", "别再联系我了。", "When does it arrive?"}

// drawLetters draws messages; the same ID has the same words and writer for ever, as mail does.
func (r *optoutLaw) drawLetters(t *rapid.T) []Told {
	var out []Told
	for range rapid.IntRange(1, 2).Draw(t, "letters") {
		who := rapid.IntRange(1, len(pools.emails)-1).Draw(t, "from")
		what := rapid.IntRange(0, len(stopWords)-1).Draw(t, "words")
		id := fmt.Sprintf("%s-%d-%d", []string{"stop", "stop", "ask"}[what], who, what)
		told := letter{conn: "box", id: id, from: "伟 <" + pools.emails[who] + ">", to: "ana@nordlicht.example", subject: "Re: Catalogue", text: stopWords[what], day: 1}.told()
		told.Version.Message.At = r.now.Truncate(24 * time.Hour).Add(-time.Hour)
		out = append(out, told)
	}
	return out
}

// customers gives the live customers.
func (r *optoutLaw) customers() (out []*state.Customer) {
	r.must(r.s.Look(r.tick(), func(tx state.Tx, _ time.Time) (err error) {
		out, err = state.Customers.List(tx, state.Range{Index: "live"})
		return err
	}))
	return out
}

// addressesOfOne are those of a customer, former ones too.
func addressesOfOne(c *state.Customer) (out []string) {
	for _, a := range c.Identifiers {
		if len(channelsOf(a.Type)) > 0 {
			out = append(out, a.Match)
		}
	}
	return out
}

// allowed passes the errors by which an operation says that there is nothing to do.
func (r *optoutLaw) allowed(err error, codes ...string) bool {
	r.t.Helper()
	for _, c := range codes {
		if state.IsCode(err, c) {
			return false
		}
	}
	r.must(err)
	return true
}

// step does one thing that may happen.
func (r *optoutLaw) step(t *rapid.T) {
	what := rapid.SampledFrom([]string{"import", "import", "sync", "letters", "letters", "optout", "optout", "lift", "answer", "answer", "answer", "merge", "merge",
		"unmerge", "part", "apart", "undo", "forget"}).Draw(t, "do")
	all := r.customers()
	ref := func(label string) (*state.Customer, string) {
		c := rapid.SampledFrom(all).Draw(t, label)
		return c, state.Customers.Ref(c.Number)
	}
	switch what {
	case "import", "sync":
		conn := rapid.SampledFrom([]string{"shop", "book", "mail"}).Draw(t, "conn")
		var told []Told
		for range rapid.IntRange(1, 2).Draw(t, "told") {
			told = append(told, drawTold(t, conn)...)
		}
		r.told(what, conn, told)
		return
	case "letters":
		r.told("import", "box", r.drawLetters(t))
		return
	case "undo":
		if len(r.imports) == 0 {
			return
		}
		i := rapid.IntRange(0, len(r.imports)-1).Draw(t, "run")
		run := r.imports[i]
		r.imports = slices.Delete(r.imports, i, i+1)
		_, err := r.s.ImportUndo(r.tick(), ImportUndoIn{Run: state.Runs.Ref(run)})
		r.must(err)
		for _, told := range r.letters {
			delete(told, run)
		}
		r.said = slices.DeleteFunc(r.said, func(n *refusal) bool {
			delete(n.runs, run)
			return n.runs != nil && len(n.runs) == 0
		})
		r.seen[what]++
		return
	case "answer":
		r.answer(t)
		return
	}
	if len(all) == 0 {
		return
	}
	c, one := ref("one")
	_, two := ref("two")
	did := false
	switch what {
	case "optout":
		did = r.optout(t, c)
	case "lift":
		did = r.liftByHand(t, c)
	case "merge":
		_, err := r.s.Merge(r.tick(), MergeIn{A: one, B: two})
		if did = r.allowed(err, "merge_two_kinds") && one != two; did {
			r.half = two
		}
	case "unmerge":
		if r.half != "" {
			one, r.half = r.half, ""
		}
		_, err := r.s.Unmerge(r.tick(), UnmergeIn{Ref: one})
		did = !state.IsClass(err, state.NotFound) && r.allowed(err, "not_merged", "unmerge_which")
	case "part":
		if len(c.Records) < 2 {
			return
		}
		_, err := r.s.Unmerge(r.tick(), UnmergeIn{Ref: one, Record: state.Records.Ref(rapid.SampledFrom(c.Records).Draw(t, "record"))})
		did = r.allowed(err, "only_record", "no_such_record")
	case "apart":
		if one == two {
			return
		}
		_, err := r.s.KeepApart(r.tick(), KeepApartIn{A: one, B: two})
		did = r.allowed(err)
	case "forget":
		_, err := r.s.CustomerForget(r.tick(), CustomerForgetIn{Ref: one})
		if did = r.allowed(err); did {
			r.forgot = true
			// What was said of somebody without an address goes with them: there is nobody left to refuse.
			r.said = slices.DeleteFunc(r.said, func(n *refusal) bool { return slices.Contains(c.Bases, n.of) && n.address == itself(n.of).Match })
			for _, n := range r.said {
				if slices.Contains(c.Bases, n.of) {
					n.of = 0 // nobody is left to ask about; the address is
				}
			}
		}
	}
	if did {
		r.seen[what]++
	}
}

// halves makes one customer of two and two of the one again, with a no that was said of a half before,
// or of the whole.
func (r *optoutLaw) halves(t *rapid.T) {
	r.told("import", "book", []Told{person1("book", "half1", "name", "Mia Brandt", "email", "mia@half.example", "phone", "+49 451 111111"),
		person1("book", "half2", "name", "عمر حداد", "email", "omar@other-half.example", "phone", "+86 138 0013 8001")})
	of := func(address string) *state.Customer {
		for _, c := range r.customers() {
			if slices.Contains(addressesOfOne(c), address) {
				return c
			}
		}
		r.t.Fatalf("nobody has %s", address)
		return nil
	}
	one, two := of("mia@half.example"), of("omar@other-half.example")
	when := rapid.SampledFrom([]string{"of one", "of the other", "of the whole"}).Draw(t, "no")
	if when != "of the whole" {
		r.optout(t, map[string]*state.Customer{"of one": one, "of the other": two}[when])
	}
	other := state.Customers.Ref(two.Number)
	_, err := r.s.Merge(r.tick(), MergeIn{A: state.Customers.Ref(one.Number), B: other})
	r.must(err)
	r.hold()
	if whole := of("omar@other-half.example"); when == "of the whole" {
		r.optout(t, whole)
	} else if rapid.Bool().Draw(t, "lifted") {
		r.liftByHand(t, whole)
	}
	r.hold()
	_, err = r.s.Unmerge(r.tick(), UnmergeIn{Ref: other})
	r.must(err)
	if of("mia@half.example").Number == of("omar@other-half.example").Number {
		r.t.Fatalf("%s is not parted", other)
	}
	r.hold()
}

var lawScopes = struct{ channels, purposes []string }{
	[]string{"", channelEmail, channelPhone, channelSMS, state.AllChannels}, []string{"", purposeMarketing, purposeSales},
}

// optout is a person who notes a no, of a customer or of an address alone.
func (r *optoutLaw) optout(t *rapid.T, c *state.Customer) bool {
	in := OptoutAddIn{Ref: state.Customers.Ref(c.Number), Channel: rapid.SampledFrom(lawScopes.channels).Draw(t, "channel"),
		Purpose: rapid.SampledFrom(lawScopes.purposes).Draw(t, "purpose"), Words: "不要"}
	at, of := slices.DeleteFunc(slices.Clone(c.Identifiers), func(a state.Address) bool { return len(channelsOf(a.Type)) == 0 }), c.Number
	if rapid.Bool().Draw(t, "address") {
		in.Ref, of = rapid.SampledFrom(pools.emails[1:]).Draw(t, "at"), 0
		at = []state.Address{{Identifier: identity.EmailIdentifier(in.Ref)}}
	}
	_, err := r.s.OptoutAdd(r.tick(), in)
	if !r.allowed(err, "no_address") {
		return false
	}
	if len(at) == 0 { // of whom nobody knows an address it is said of themselves
		for _, on := range marketingOn(state.AllChannels, in.Purpose) {
			r.add(refusal{address: itself(of).Match, channel: on, of: of})
		}
	}
	for _, a := range at {
		for _, ch := range channelsFor(a.Identifier, in.Channel) {
			for _, on := range marketingOn(ch, in.Purpose) {
				r.add(refusal{address: a.Match, channel: on, of: of})
			}
		}
	}
	return true
}

// liftByHand is a person who takes a no back.
func (r *optoutLaw) liftByHand(t *rapid.T, c *state.Customer) bool {
	in := OptoutRemoveIn{Ref: state.Customers.Ref(c.Number), Channel: rapid.SampledFrom(lawScopes.channels).Draw(t, "channel"),
		Purpose: rapid.SampledFrom(lawScopes.purposes).Draw(t, "purpose"), Reason: "she asked for it again"}
	of := addressesOfOne(c)
	if rapid.Bool().Draw(t, "address") {
		in.Ref = rapid.SampledFrom(pools.emails[1:]).Draw(t, "at")
		of = []string{identity.EmailIdentifier(in.Ref).Match}
	} else {
		for _, n := range r.said { // said of it at addresses that it has no more
			if slices.Contains(c.Bases, n.of) {
				of = append(of, n.address)
			}
		}
	}
	_, err := r.s.OptoutRemove(r.tick(), in)
	if !r.allowed(err, "nothing_refused") {
		return false
	}
	channel := in.Channel
	if channel == "" {
		channel = state.AllChannels
	}
	r.lift(of, marketingOn(channel, in.Purpose))
	return true
}

// answer is a person who says whether a "please stop" was read right.
func (r *optoutLaw) answer(t *rapid.T) {
	var open []*state.Question
	r.must(r.s.Look(r.tick(), func(tx state.Tx, _ time.Time) (err error) {
		open, err = state.Questions.List(tx, state.Range{})
		return err
	}))
	open = slices.DeleteFunc(open, func(q *state.Question) bool { return q.Kind != state.QuestionStop || q.State != state.QuestionOpen })
	if len(open) == 0 { // somebody writes first, so that in most histories there is something to answer
		r.told("import", "box", r.drawLetters(t))
		return
	}
	q := rapid.SampledFrom(open).Draw(t, "question")
	said := rapid.SampledFrom([]string{"yes", "all", "no"}).Draw(t, "answer")
	_, err := r.s.Answer(r.tick(), AnswerIn{Number: state.Questions.Ref(q.Number), Answer: said})
	r.must(err)
	a, on := identity.EmailIdentifier(q.Where).Match, marketingOn(q.Field, purposeMarketing)
	if said == "no" {
		r.lift([]string{a}, on)
	} else {
		if said == "all" {
			on = marketingOn(state.AllChannels, "")
		}
		for _, ch := range on {
			r.add(refusal{address: a, channel: ch})
		}
	}
	r.seen["answer "+said]++
}

// hold asks the gate about everything that was refused: at the address, whoever has it; and of each
// customer that has or had it, or of whom it was said.
func (r *optoutLaw) hold() {
	r.t.Helper()
	r.must(r.s.Look(r.tick(), func(tx state.Tx, now time.Time) error {
		l := newLookup(tx, now)
		all, err := state.Customers.List(tx, state.Range{Index: "live"})
		if err != nil {
			return err
		}
		no := func(what string, g gateAsk) error {
			g.purpose = purposeMarketing
			out, err := r.s.gate(l, g)
			if err == nil && (out.outcome != gateNo || !slices.ContainsFunc(out.reasons, func(e state.Evidence) bool { return e.Code == "gate_opted_out" })) {
				r.t.Fatalf("%s refused marketing by %s, and the gate says %s %v", what, g.channel, out.outcome, out.reasons)
			}
			r.checked++
			return err
		}
		for _, n := range r.said {
			to := state.Identifier{Type: state.TypeEmail, Match: n.address, Shown: n.address}
			switch {
			case n.of != 0 && n.address == itself(n.of).Match:
				to = itself(n.of)
			case !strings.Contains(n.address, "@"):
				to.Type = state.TypePhone
			}
			if err := no(n.address, gateAsk{to: to, channel: n.channel}); err != nil {
				return err
			}
			for _, c := range all {
				if !slices.Contains(c.Bases, n.of) && !slices.Contains(addressesOfOne(c), n.address) {
					continue
				}
				what := fmt.Sprintf("%s with %s", state.Customers.Ref(c.Number), n.address)
				if err := no(what, gateAsk{customer: c, channel: n.channel}); err != nil {
					return err
				}
				if err := no(what, gateAsk{customer: c, to: to, channel: n.channel}); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

func newOptoutLaw(t *testing.T, rt *rapid.T, seen map[string]int) *optoutLaw {
	r := &optoutLaw{world: newWorld(t, rt), lifted: map[string]bool{}, letters: map[string]map[uint64]bool{}, seen: seen}
	// Silence is a yes here, so that a no is one that was said.
	r.s.rules = gateRules(GateConfig{Silence: []GateSilence{{Outcome: gateYes}}})
	return r
}

// A no stays with whoever said it when two become one and two again.
func TestOptoutStaysThroughMergeAndUnmerge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newOptoutLaw(t, rt, map[string]int{})
		for range rapid.IntRange(0, 2).Draw(rt, "steps") {
			r.step(rt)
		}
		r.halves(rt)
	})
}

// Whatever happens, an opt-out stays an opt-out until a person lifts it, or takes the import back that
// told it: the gate says no at that address and of whoever has it, after each step.
func TestOptoutStaysUntilAPersonLiftsIt(t *testing.T) {
	t.Parallel()
	seen, checked := map[string]int{}, 0
	missing := func() (out []string) {
		for _, what := range []string{"import", "sync", "optout", "lift", "merge", "part", "apart", "undo", "forget", "answer no", "answer yes"} {
			if seen[what] == 0 {
				out = append(out, what)
			}
		}
		return out
	}
	// What is rare is mostly drawn the first time, and surely in one of many.
	for round := range 20 {
		rapid.Check(t, func(rt *rapid.T) {
			rapid.SliceOfN(rapid.Byte(), round, round).Draw(rt, "round") // from one seed each draws its own
			r := newOptoutLaw(t, rt, seen)
			for range rapid.IntRange(6, 14).Draw(rt, "steps") {
				r.step(rt)
				r.hold()
			}
			checked += r.checked
		})
		if len(missing()) == 0 || t.Failed() {
			break
		}
	}
	if m := missing(); len(m) > 0 || checked < 500 {
		t.Errorf("nothing was ever done by %q, the gate was asked %d times: the law is not tested; %v", m, checked, seen)
	}
}
