package engine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/internal/race"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

var simSeed = flag.Uint64("seed", 0, "the one history that TestSimulator plays, told step by step")

// simulation is one history: some systems that know nothing of each other, people who edit in them,
// and an engine that dies now and then.
type simulation struct {
	t       testing.TB
	seed    uint64
	random  *rand.Rand
	tick    int
	remotes []*remote
	conns   []Connection
	store   state.Store
	fuse    *fuse
	eng     *Engine
	svc     *service.Service
	clock   time.Time
	log     []string
	failed  string
	edits   []simEdit
	optouts simOptouts
	anyone  bool // it is not told apart for whom something is created
}

// simEdit is what people did to a field of somebody: the whole value, or elements added and taken away.
type simEdit struct {
	remote *remote
	person int
	id     string // of the contact, where it is an opt-out
	field  string // "": the contact was deleted
	vals   []string
	added  []string
	off    []string
	signUp bool
}

func (w *simulation) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%4d ", w.tick)+fmt.Sprintf(format, args...))
}

func (w *simulation) fail(format string, args ...any) {
	if w.failed == "" {
		w.failed = fmt.Sprintf(format, args...)
		w.note("FAILED: %s", w.failed)
	}
}

func anchor(person int) string { return fmt.Sprintf("p%d@example.com", person) }

func (w *simulation) personOf(fields []connectors.Field) int {
	for _, f := range fields {
		for _, v := range f.Values {
			var n int
			if _, err := fmt.Sscanf(v.Text, "p%d@example.com", &n); err == nil && f.Name == connectors.FieldEmail {
				return n
			}
		}
	}
	if !w.anyone {
		w.fail("something was created for nobody: %v", fields)
	}
	return 0
}

// simValues are what people write.
func (w *simulation) value(field string, person int) string {
	r := w.random
	switch field {
	case "email":
		return fmt.Sprintf("%s%d@gmail.com", pick(r, []string{"koehler", "Jana", "liwei"}), person)
	case "phone":
		return fmt.Sprintf("%s%d", pick(r, []string{"+49 171 123456", "+86 138 0013 800", "+49 451 90182", "+1 212 555 012"}), person)
	case "tag":
		return pick(r, []string{"vip", "贵宾", "🌸", "عميل", "wholesale"})
	case "given":
		return []string{"Jana", "Tom"}[person]
	case "family":
		return pick(r, [][]string{{"Köhler", "Köhler-Müller"}, {"Ford", "Ford-Okonkwo"}}[person])
	}
	return pick(r, []string{"Sternwarte Lübeck e. V.", "上海市第一光学仪器有限责任公司与合作伙伴联合会社", "مرصد القاهرة", "🌸 Blumen", "Acme", "ACME GmbH & Co. KG aA"})
}

func newSimulation(t testing.TB, seed uint64) *simulation {
	w := &simulation{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 7)), store: statetest.Mem(), clock: noon}
	r := w.random
	n := 3 + r.IntN(3)
	if seed%3 == 0 {
		n = 2 + r.IntN(2)
	}
	newest := r.IntN(4) == 0
	for _, i := range r.Perm(5)[:n] {
		s := newRemote(w, i)
		w.remotes = append(w.remotes, s)
		c := Connection{Name: s.name, Type: s.name, Mode: service.ModeTwoWay, Newest: newest, Guard: 1, Census: time.Nanosecond}
		if r.IntN(6) == 0 {
			c.Mode = service.ModePush
		}
		if r.IntN(4) == 0 {
			c.Owns = []string{pick(r, []string{"company", "phone", "*"})}
		}
		c.Deletes = r.IntN(3) == 0
		if r.IntN(3) == 0 {
			c.Create = pick(r, []string{"all", "tag:vip"})
		}
		w.conns = append(w.conns, c)
	}
	w.withMarks()
	w.fuse = &fuse{left: -1}
	w.open()
	for person := range 1 + r.IntN(2) {
		first := r.IntN(n)
		for i, s := range w.remotes {
			if i == first || r.IntN(2) == 0 {
				w.signUp(s, person)
			}
		}
	}
	return w
}

// open starts the engine anew, as a new process would.
func (w *simulation) open() {
	w.fuse = &fuse{left: -1}
	var specs []connectors.Spec
	for _, s := range w.remotes {
		specs = append(specs, connectors.Spec{Name: s.name, Tombstones: s.tombs, Idempotent: s.once,
			Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: s.matrix},
			Open: func(context.Context, map[string]string, connectors.Env) (connectors.Connector, error) {
				return s.connector(), nil
			}})
	}
	now := func() time.Time { return w.clock }
	w.eng = New(specs, Env{Connections: w.conns, Region: "DE", Now: now, Scratch: func(context.Context) (*service.Service, func(), error) {
		return service.New(statetest.Copy(w.t, w.store), w.eng, service.Config{Region: "DE"}, now), func() {}, nil
	}})
	w.eng.oneByOne = true
	w.svc = service.New(mortal{w.store, w.fuse}, w.eng, service.Config{Region: "DE"}, now)
	w.eng.Bind(w.svc)
}

// signUp is somebody who enters a person at a system.
func (w *simulation) signUp(s *remote, person int) {
	s.next++
	c := &contact{id: fmt.Sprintf("%s-%d", s.name, s.next), person: person, fields: map[string][]string{}}
	s.contacts[c.id] = c
	before := len(w.edits)
	w.set(s, c, "email", []string{anchor(person)})
	w.set(s, c, "given", []string{w.value("given", person)})
	w.set(s, c, "family", []string{[]string{"Köhler", "Ford"}[person]})
	for _, f := range []string{"company", "title", "phone", "tag"} {
		if w.random.IntN(2) == 0 {
			w.set(s, c, f, []string{w.value(f, person)})
		}
	}
	for i := range w.edits {
		w.edits[i].signUp = w.edits[i].signUp || i >= before
	}
	s.touch(c, 0)
	w.note("%s: %s signs up as %d: %v", s.name, c.id, person, c.fields)
}

func (w *simulation) set(s *remote, c *contact, field string, vals []string) {
	vals = s.keep(field, vals)
	before, after := keysOf(field, c.fields[field]), keysOf(field, vals)
	e := simEdit{remote: s, person: c.person, field: field, vals: vals}
	for _, k := range after {
		if !slices.Contains(before, k) {
			e.added = append(e.added, k)
		}
	}
	for _, k := range before {
		if !slices.Contains(after, k) {
			e.off = append(e.off, k)
		}
	}
	if len(e.added)+len(e.off) > 0 {
		w.edits = append(w.edits, e)
	}
	c.fields[field] = vals
}

// person does something at a system.
func (w *simulation) edit(s *remote) {
	r := w.random
	person := r.IntN(2)
	c := s.live(person)
	if c == nil {
		if r.IntN(6) == 0 && w.known(person) && len(s.contacts) < 4 {
			w.signUp(s, person)
		}
		return
	}
	if r.IntN(14) == 0 {
		w.edits = append(w.edits, simEdit{remote: s, person: person})
		c.gone = true
		s.touch(c, 0)
		w.note("%s: people delete %s", s.name, c.id)
		return
	}
	field := pick(r, []string{"family", "company", "title", "note", "phone", "phone", "tag", "email", "consent"})
	f := s.field(field)
	if f == nil {
		return
	}
	before := fmt.Sprint(c.fields[field])
	vals := slices.Clone(c.fields[field])
	switch {
	case field == "consent":
		c.said = []connectors.Consent{{Channel: "email", Purpose: "marketing", State: pick(r, []connectors.ConsentState{connectors.OptedOut, connectors.Granted}), Address: anchor(person)}}
		if slices.ContainsFunc(w.edits, func(e simEdit) bool { return e.remote == s && e.person == person && e.field == "opt-out" }) || c.said[0].State == connectors.OptedOut {
			c.said[0].State = connectors.OptedOut
			w.edits = append(w.edits, simEdit{remote: s, person: person, id: c.id, field: "opt-out"})
		}
	case field == "email":
		if len(vals) > 1 && r.IntN(2) == 0 {
			vals = vals[:1]
		} else {
			vals = append(vals[:1:1], w.value(field, person))
		}
	case !simLists[field] || f.Many == 1:
		vals = []string{w.value(field, person)}
		if r.IntN(5) == 0 {
			vals = nil
		}
	case len(vals) > 0 && r.IntN(3) == 0:
		i := r.IntN(len(vals))
		vals = slices.Delete(vals, i, i+1)
	case len(vals) > 0 && r.IntN(3) == 0:
		vals[r.IntN(len(vals))] = w.value(field, person)
	default:
		vals = append(vals, w.value(field, person))
	}
	if field != "consent" {
		vals = unique(field, vals)
		w.set(s, c, field, vals)
	}
	late := 0
	if s.late > 0 {
		late = r.IntN(s.late)
	}
	s.touch(c, late)
	w.note("%s: people change %s %s %s -> %v %v (%d late)", s.name, c.id, field, before, c.fields[field], c.said, late)
}

func unique(field string, vals []string) []string {
	var out []string
	for _, v := range vals {
		if !slices.ContainsFunc(out, func(x string) bool { return slices.Equal(keysOf(field, []string{x}), keysOf(field, []string{v})) }) {
			out = append(out, v)
		}
	}
	return out
}

func (w *simulation) known(person int) bool {
	return slices.ContainsFunc(w.remotes, func(s *remote) bool { return s.live(person) != nil })
}

func (w *simulation) sync(in service.SyncIn) (service.SyncOut, error) {
	w.tick++
	w.clock = w.clock.Add(time.Minute)
	out, err := w.eng.Sync(context.Background(), in)
	w.note("sync %+v: %v", in, err)
	if w.fuse.dead {
		w.note("the engine died")
	}
	return out, err
}

// approve lets a person apply a plan, or sets all connections approved where nothing is to be done.
func (w *simulation) approve() {
	if w.random.IntN(3) == 0 {
		out, err := w.sync(service.SyncIn{Dry: true})
		if err != nil {
			w.fail("a dry run without faults: %v", err)
			return
		}
		before := w.writes()
		if out.Plan == nil || out.Plan.ID == "" {
			_, _ = w.sync(service.SyncIn{})
		} else {
			if _, err := w.sync(service.SyncIn{Apply: out.Plan.ID}); err != nil {
				w.fail("a plan made just now: %v", err)
			}
			if w.writes()-before != len(out.Plan.Writes) {
				w.fail("%d writes were planned and %d made", len(out.Plan.Writes), w.writes()-before)
			}
		}
	} else if _, err := w.sync(service.SyncIn{}); err != nil || w.writes() > 0 {
		w.fail("a first sync wrote %d: %v", w.writes(), err)
	}
	w.approveAll()
}

// approveAll has all connections approved, as by a plan that was applied before.
func (w *simulation) approveAll() {
	if err := w.svc.Do(context.Background(), "approve", nil, func(tx *state.Writer) error {
		for _, c := range w.conns {
			known, err := state.Connections.Get(tx.Tx(), state.TextKey(c.Name))
			if err != nil {
				return err
			}
			known.Approved = noon
			if err := state.Connections.Put(tx, known); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		w.fail("approving: %v", err)
	}
}

func (w *simulation) writes() int {
	n := 0
	for _, s := range w.remotes {
		n += s.writes
	}
	return n
}

// answerAll lets a person answer all questions; it says whether there were any.
func (w *simulation) answerAll() bool {
	list, err := w.svc.QuestionList(context.Background(), service.QuestionListIn{})
	if err != nil {
		w.fail("questions: %v", err)
		return false
	}
	for _, q := range list.Questions {
		answer := pick(w.random, q.Options)
		if q.Kind == state.QuestionLost {
			answer = "no"
			for _, s := range w.remotes {
				var person int
				if q.A != nil && s.name == q.From {
					if person = w.personNamed(q.A.Number); person >= 0 && s.made[fmt.Sprint(person)] > 0 {
						answer = "yes"
					}
				}
			}
		}
		if q.Kind == state.QuestionMatch && q.A != nil && q.B != nil {
			answer = map[bool]string{true: "yes", false: "no"}[w.personNamed(q.A.Number) == w.personNamed(q.B.Number)]
		}
		w.note("question %s %s %s %v: %s", q.Number, q.Kind, q.Field, q.Options, answer)
		_, err := w.svc.Answer(context.Background(), service.AnswerIn{Number: q.Number, Answer: answer})
		if state.IsCode(err, "question_answered") {
			continue // the answer to another one was the answer to this
		}
		if err != nil {
			w.fail("answering %s: %v", q.Number, err)
			return false
		}
	}
	return len(list.Questions) > 0
}

// personNamed gives the person who has a customer number.
func (w *simulation) personNamed(ref string) int {
	out, err := w.svc.CustomerShow(context.Background(), service.CustomerShowIn{Ref: ref})
	if err != nil {
		w.fail("customer %s: %v", ref, err)
		return -1
	}
	for _, id := range out.Customer.Identifiers {
		var n int
		if _, err := fmt.Sscanf(id.Value, "p%d@example.com", &n); err == nil {
			return n
		}
	}
	return -1
}

// settle runs until nothing is left to do.
func (w *simulation) settle() {
	for range 10 {
		before := w.writes()
		if _, err := w.sync(service.SyncIn{}); err != nil && !state.IsClass(err, state.Partly) {
			w.fail("a sync without faults: %v", err)
			return
		}
		if w.failed != "" {
			return
		}
		if !w.answerAll() && w.writes() == before {
			return
		}
	}
	w.fail("it comes to no end")
}

// play is the whole history.
func (w *simulation) play() {
	w.approve()
	w.settle()
	if w.failed != "" {
		return
	}
	w.agree()
	quiet := len(w.edits)
	made := map[string]int{}
	for _, s := range w.remotes {
		for p, n := range s.made {
			made[s.name+p] = n
		}
		s.faults = true
	}
	for range 3 + w.random.IntN(10) {
		s := pick(w.random, w.remotes)
		w.tick += w.random.IntN(5)
		switch w.random.IntN(8) {
		case 0, 1, 2, 3:
			w.edit(s)
			w.saysNo()
		case 4:
			s.expire = true
		default:
			w.risky()
		}
		if w.failed != "" {
			return
		}
	}
	for _, s := range w.remotes {
		s.faults = false
	}
	w.tick += 20
	w.settle()
	if w.failed != "" {
		return
	}
	w.agree()
	w.marksFollow()
	w.nothingLost(w.edits[quiet:])
	for _, s := range w.remotes {
		for p, n := range s.made {
			if n > 1 && s.deleted[p] == 0 {
				w.fail("%s: person %s was created %d times", s.name, p, n)
			}
		}
	}
}

// risky syncs while people go on, and where the engine may die at any step.
func (w *simulation) risky() {
	if w.random.IntN(2) == 0 {
		w.fuse.left = w.random.IntN(60)
	}
	for _, s := range w.remotes {
		// Where a system takes whatever it is told, an edit between our reading and our writing is lost,
		// and nobody can know.
		s.midway = func() {
			if x := pick(w.random, w.remotes); x.matches {
				w.edit(x)
			}
		}
	}
	_, err := w.sync(service.SyncIn{Full: w.random.IntN(10) == 0})
	for _, s := range w.remotes {
		s.midway = nil
	}
	var told *state.Error
	if err != nil && !errors.As(err, &told) {
		w.fail("no error of ours: %v", err)
	}
	if w.fuse.dead || w.random.IntN(4) == 0 {
		w.open()
	}
	w.fuse.left = -1
	if w.random.IntN(4) == 0 {
		w.answerAll()
	}
}

// Whatever fails, whoever dies and however people go on: once the faults stop, all systems say the
// same, a second run does nothing, no edit is lost, nothing is there twice, and no opt-out weakens.
// KEPT_HISTORIES says how many random histories are played; continuous integration plays 10,000.
func TestSimulator(t *testing.T) {
	t.Parallel()
	if *simSeed != 0 {
		w := newSimulation(t, *simSeed)
		w.play()
		t.Logf("%s", w.told())
		if w.failed != "" {
			t.Fatalf("%s", w.failed)
		}
		return
	}
	histories := race.Size(300, 60)
	if n, err := strconv.Atoi(os.Getenv("KEPT_HISTORIES")); err == nil {
		histories = n
	}
	// Histories that found a fault once.
	for _, seed := range []uint64{
		6823,  // an answer was lost, and sending it again failed: it had arrived
		23077, // what was made at one system while others contradicted each other lacked the field when one of them went
	} {
		w := newSimulation(t, seed)
		if w.play(); w.failed != "" {
			t.Errorf("history %d: %s\n%s", seed, w.failed, w.told())
		}
	}
	const shards = 4
	for shard := range shards {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			for i := shard; i < histories; i += shards {
				w := newSimulation(t, uint64(i+1))
				if w.play(); w.failed != "" {
					t.Fatalf("history %d (again with -seed=%d): %s\n%s", i+1, i+1, w.failed, w.told())
				}
			}
		})
	}
}

func (w *simulation) told() string {
	var b strings.Builder
	for i, s := range w.remotes {
		fmt.Fprintf(&b, "%s %+v matches %v deletes %v finds %v fetches %v counts %v tombs %v once %v formats %v late %d skew %d\n", s.name, w.conns[i], s.matches, s.deletes, s.finds,
			s.fetches, s.counts, s.tombs, s.once, s.formats, s.late, s.skew)
		fmt.Fprintf(&b, "    %+v\n", s.matrix)
	}
	b.WriteString(strings.Join(w.log, "\n"))
	for _, s := range w.remotes {
		for _, id := range s.ids() {
			c := s.contacts[id]
			fmt.Fprintf(&b, "\n%s person %d gone %v %v %v", id, c.person, c.gone, c.fields, c.said)
		}
	}
	return b.String()
}
