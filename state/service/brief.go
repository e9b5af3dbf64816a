package service

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/keptcrm/kept/state"
)

const (
	briefLast = 5   // newest activities that a brief shows
	briefRead = 200 // newest activities among which it looks for the last message in
)

// Brief gives the page to read before a meeting. An organisation's rolls up its people, as long
// as they belong to it. Amounts of two currencies are never added.
func (s *Service) Brief(ctx context.Context, in BriefIn) (BriefOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (BriefOut, error) {
		c, _, err := s.reading(tx, in.Ref)
		if err != nil {
			return BriefOut{}, err
		}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return BriefOut{}, err
		}
		b := &briefing{s: s, l: s.lookup(tx, now, r), c: c}
		b.out = BriefOut{Now: now, Zone: r.zone.String(), Employers: []Affiliation{}, Watch: []Watch{}, Last: []Entry{},
			Ours: []Promise{}, Theirs: []Promise{}, Followups: []Followup{}, Reach: []Reach{}, From: []string{}, Questions: []Question{}}
		for _, part := range []func() error{b.who, b.bought, b.contact, b.promised, b.contradictions, b.followed, b.lately, b.since, b.people, b.open} {
			if err := part(); err != nil {
				return BriefOut{}, err
			}
		}
		return b.out, nil
	})
}

// briefing gathers one brief.
type briefing struct {
	s       *Service
	l       *lookup
	c       *state.Customer
	sources []source
	orders  map[uint64]int // that count, by customer
	out     BriefOut
}

func (b *briefing) watch(code string, args state.Args) {
	b.out.Watch = append(b.out.Watch, Watch{Code: code, Args: args})
}

func (b *briefing) who() error {
	var err error
	if b.out.Customer, err = b.l.show(b.c); err != nil {
		return err
	}
	if b.sources, err = b.l.sources(b.c); err != nil {
		return err
	}
	today := b.l.now.Format(time.DateOnly)
	relations, err := b.l.relations(b.c)
	if err != nil {
		return err
	}
	for _, r := range relations {
		if !r.Outgoing || r.Kind != relationWorksFor && r.Kind != relationBelongsTo {
			continue
		}
		if r.Until != "" && r.Until < today {
			b.watch("former_employer", state.Args{"organisation": r.Customer.Name, "until": r.Until})
			continue
		}
		b.out.Employers = append(b.out.Employers, r)
	}
	owner, err := b.l.member(b.c.Owner)
	if err != nil || owner == nil {
		return err
	}
	b.out.Owner = owner.Name
	deputy, err := b.l.deputy(owner)
	if err != nil {
		return err
	}
	args := state.Args{"name": owner.Name}
	if deputy != nil {
		b.out.Deputy, args["deputy"] = deputy.Name, deputy.Name
	}
	if last, err := b.l.takenOver(b.c); err != nil {
		return err
	} else if last != nil {
		b.watch("taken_over", state.Args{"from": b.l.name(last.From), "name": owner.Name, "on": last.At.Format(time.RFC3339), "handover": state.Handovers.Ref(last.Number)})
	}
	if left(owner, b.l.now) {
		args["on"] = owner.Left.Format(time.DateOnly)
		b.watch("owner_left", args)
	} else if a := b.s.absence(owner, b.l.now); a != nil {
		args["until"], args["note"] = a.Until, a.Note
		b.watch("owner_away", args)
	}
	return nil
}

func (b *briefing) bought() error {
	var all []order
	b.orders = map[uint64]int{}
	for _, src := range b.sources {
		list, err := b.l.orders(src)
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.Counts && !o.Test {
				b.orders[src.c.Number]++
			}
		}
		all = append(all, list...)
	}
	sortOrders(all)
	b.out.Bought = sumUp(all)
	b.out.Watch = append(b.out.Watch, watchOrders(all, b.l.now)...)
	for _, o := range all {
		if o.Counts && !o.Test && !o.At.IsZero() {
			b.out.Since = o.At
			return nil
		}
	}
	first, err := b.l.firstActive(b.sources)
	b.out.Since = first
	return err
}

// firstActive is when the oldest activity of any source was.
func (l *lookup) firstActive(sources []source) (time.Time, error) {
	var first time.Time
	for _, src := range sources {
		all, err := l.subjects(src.c)
		if err != nil {
			return first, err
		}
		for _, subject := range all {
			for a, err := range state.Activities.Read(l.tx, subject.key, state.Range{Limit: 1}) {
				if err != nil {
					return first, err
				}
				if src.covers(a.At) && (first.IsZero() || a.At.Before(first)) {
					first = a.At
				}
			}
		}
	}
	return first, nil
}

// contact says how to reach the customer, and who said that we may not.
func (b *briefing) contact() error {
	said, err := b.l.statements(b.c)
	if err != nil {
		return err
	}
	for _, a := range b.c.Identifiers {
		if a.Former || a.Type == state.TypeExternalID || len(channelsOf(a.Type)) == 0 {
			continue
		}
		r := Reach{Type: a.Type, Value: a.Shown}
		if c := reaches(said, a.Identifier); c != nil {
			r.State, r.Purpose, r.Since, r.Source = c.State, c.Purpose, saidAt(c), cmp.Or(c.Connection, b.l.name(c.By))
		}
		b.out.Reach = append(b.out.Reach, r)
	}
	seen := map[string]bool{}
	for _, h := range held(said) {
		c := h.consent
		if c == nil || c.State != state.ConsentOptedOut && c.State != state.ConsentUndeliverable || seen[consentID(c)] {
			continue
		}
		seen[consentID(c)] = true
		b.watch(c.State, state.Args{"channel": c.Channel, "purpose": c.Purpose, "value": c.Identifier.Shown,
			"since": saidAt(c).Format(time.RFC3339), "words": c.Words, "source": cmp.Or(c.Connection, b.l.name(c.By))})
	}
	return nil
}

// reaches gives the statement that holds at one identifier for what its type serves. A no at
// another address of the same person counts here too; that another address does not work does not.
func reaches(said []state.Consent, id state.Identifier) *state.Consent {
	var own []state.Consent
	for _, c := range said {
		if bytes.Equal(c.Identifier.Key(), id.Key()) || c.State != state.ConsentUndeliverable && c.State != state.ConsentGranted {
			own = append(own, c)
		}
	}
	var best *state.Consent
	for _, channel := range channelsOf(id.Type) {
		if c := holds(own, channel, state.AllPurposes); c != nil && (best == nil || stricter(c, best)) {
			best = c
		}
	}
	return best
}

func (b *briefing) promised() error {
	list, err := b.l.promisesWith(b.c)
	if err != nil {
		return err
	}
	sortPromises(list, b.l.now)
	for _, p := range list {
		if p.State != state.PromiseOpen {
			continue
		}
		shown, err := b.l.promise(p)
		if err != nil {
			return err
		}
		if p.Direction == state.Theirs {
			b.out.Theirs = append(b.out.Theirs, shown)
		} else {
			b.out.Ours = append(b.out.Ours, shown)
		}
	}
	return nil
}

// lately reads the newest activities: what happened last, and what the customer said last.
func (b *briefing) lately() error {
	read, spoken, theirs := 0, false, map[string]bool{}
	for _, src := range b.sources {
		addressesOf(src.c, theirs)
	}
	for e, err := range b.l.merged(b.sources, time.Time{}, "") {
		if err != nil {
			return err
		}
		if e.Kind == state.ActivityPromise || e.Kind == state.ActivityConsent {
			continue // the brief has them in places of their own
		}
		if talk := talks(&e); talk && !spoken && !e.Time.After(b.l.now) {
			spoken = true
			if e.Direction == state.In {
				e.Unanswered = int(b.l.now.Sub(e.Time) / (24 * time.Hour))
			}
		}
		if len(b.out.Last) < briefLast {
			b.out.Last = append(b.out.Last, e)
		}
		if b.out.Says == nil && e.Kind == state.ActivityMessage && e.Direction == state.In && e.Status == "" && (e.From == "" || theirs[e.From]) {
			if words := firstSentence(e.Body); words != "" {
				said := e
				said.Body = words
				b.out.Says = &said
			}
		}
		if read++; read >= briefRead || b.out.Says != nil && len(b.out.Last) >= briefLast {
			break
		}
	}
	return nil
}

// talks says whether an entry is a word between people, after which an earlier one is answered.
func talks(e *Entry) bool {
	switch e.Kind {
	case state.ActivityMessage:
		return e.Status == ""
	case state.ActivityCall, state.ActivityMeeting:
		return true
	}
	return false
}

// firstSentence gives the first sentence of a message in its writer's own words: without what is
// quoted, without the greeting before it and the signature behind it.
func firstSentence(body string) string {
	var text []string
	for line := range strings.Lines(body) {
		raw := strings.TrimRight(line, "\r\n")
		line = strings.TrimSpace(raw)
		if raw == "-- " || line == "--" || quoteBegins(line) {
			break
		}
		if line == "" || strings.HasPrefix(line, ">") || len(text) == 0 && greets(line) {
			if line == "" && len(text) > 0 {
				break // the first paragraph is enough
			}
			continue
		}
		text = append(text, line)
	}
	all := []rune(strings.Join(text, " "))
	for i, r := range all {
		end := i == len(all)-1 || unicode.IsSpace(all[i+1])
		if strings.ContainsRune("。！？", r) || strings.ContainsRune(".!?", r) && end && !abbreviation(all[:i]) {
			return strings.TrimSpace(string(all[:i+1]))
		}
	}
	return cutText(string(all), 200)
}

func abbreviation(before []rune) bool {
	start := len(before)
	for start > 0 && !unicode.IsSpace(before[start-1]) {
		start--
	}
	switch w := strings.ToLower(string(before[start:])); w {
	case "dr", "mr", "mrs", "ms", "nr", "no", "st", "ca", "z.b", "e.g", "i.e", "bzw", "inkl", "prof", "str", "tel", "approx":
		return true
	default:
		letters := []rune(w)
		ordinal := len(letters) <= 2 && !slices.ContainsFunc(letters, func(r rune) bool { return !unicode.IsDigit(r) })
		return ordinal && len(letters) > 0 || len(letters) == 1 && unicode.IsLetter(letters[0])
	}
}

// greets says whether a line is nothing but a greeting.
func greets(line string) bool {
	if len([]rune(line)) > 60 || !strings.HasSuffix(line, ",") && !strings.HasSuffix(line, "!") && !strings.HasSuffix(line, ":") &&
		!strings.HasSuffix(line, "，") && !strings.HasSuffix(line, "！") && !strings.HasSuffix(line, "：") {
		return false
	}
	low := strings.ToLower(line)
	return slices.ContainsFunc([]string{"hi", "hello", "hey", "dear", "good ", "hallo", "moin", "guten", "liebe", "sehr geehrte",
		"servus", "您好", "你好", "尊敬的", "亲爱的"}, func(g string) bool { return strings.HasPrefix(low, g) })
}

// quoteBegins says whether from this line on a mail quotes another.
func quoteBegins(line string) bool {
	low := strings.ToLower(line)
	return strings.HasPrefix(low, "-----original") || strings.HasPrefix(low, "-----ursprüngliche") || strings.HasPrefix(low, "________") ||
		strings.HasPrefix(low, "on ") && strings.HasSuffix(low, "wrote:") || strings.HasPrefix(low, "am ") && strings.Contains(low, " schrieb") && strings.HasSuffix(low, ":") ||
		strings.HasPrefix(line, "在") && strings.HasSuffix(line, "写道：")
}

// cutText cuts a text at the end of a word.
func cutText(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	cut := limit
	for cut > limit/2 && !unicode.IsSpace(runes[cut]) {
		cut--
	}
	return strings.TrimSpace(string(runes[:cut])) + "…"
}

func (b *briefing) people() error {
	seen := map[string]bool{}
	records := map[uint64]bool{}
	for _, src := range b.sources {
		list, err := b.l.recordsOf(src.c.Records)
		if err != nil {
			return err
		}
		for _, r := range list {
			records[r.Key] = true
			if r.Connection != state.OwnConnection && !seen[r.Connection] {
				seen[r.Connection] = true
				b.out.From = append(b.out.From, r.Connection)
			}
		}
	}
	slices.Sort(b.out.From)
	b.out.Records = len(records)
	var err error
	b.out.People, err = b.l.members(b.c, b.orders)
	return err
}

// members shows the present people of an organisation, the most recently active first.
func (l *lookup) members(org *state.Customer, orders map[uint64]int) ([]Member, error) {
	people, err := l.people(org)
	if err != nil {
		return nil, err
	}
	var out []Member
	for _, p := range people {
		if _, to := p.span(); !to.IsZero() && !l.now.Before(to) {
			continue
		}
		m := Member{Customer: refOf(p.c), Role: p.role, Orders: orders[p.c.Number]}
		if m.Last, err = l.lastActive(p.c); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b Member) int { return b.Last.Compare(a.Last) })
	return out, nil
}

// open adds the questions that wait about the customer.
func (b *briefing) open() error {
	questions, err := b.l.questionsAbout(b.c)
	if err != nil {
		return err
	}
	for _, q := range questions {
		shown, err := b.l.question(q)
		if err != nil {
			return err
		}
		b.out.Questions = append(b.out.Questions, shown)
		args := state.Args{"question": shown.Number, "kind": q.Kind}
		if shown.A != nil && shown.B != nil {
			other := shown.B
			if shown.A.Number != b.out.Customer.Number {
				other = shown.A
			}
			args["number"], args["name"] = other.Number, other.Name
		}
		b.watch("question", args)
	}
	return nil
}
