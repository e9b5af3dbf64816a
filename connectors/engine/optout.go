package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine/reconcile"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// The mark by which a connection holds an opt-out (Connection.Optout) is no field like others: it is
// kept out of what [reconcile] compares, and follows what the gate says of the customer. So a mark is
// never carried to another system as a tag, and that somebody takes it away lifts nothing.
//
// Whose a mark is, is remembered with the record's shadow before it is first sent: what comes back
// from there is our own echo, and what stands there without that was put there by people, which is
// an opt-out that the connection tells. Only what is ours is taken away again.

// sideMark is how one side holds an opt-out, and what the gate says.
type sideMark struct {
	mark    service.OptoutMark // none where the side holds none
	here    bool               // it stands there
	ours    bool               // Kept put it there, or may have
	refused *state.Consent     // the statement by which the customer opted out; nil: they did not
}

// markWrite is what a write does with a mark.
type markWrite struct {
	mark    service.OptoutMark
	on      bool
	refused *state.Consent // of one that is put there
}

// why is the reason for it.
func (m *markWrite) why() string {
	if m.on {
		return service.WhyOptedOut
	}
	return service.WhyOptoutLifted
}

// planned shows it as a field of its own.
func (m *markWrite) planned() state.PlannedField {
	f := state.PlannedField{Field: service.FieldOptout, Why: m.why()}
	it := []state.Value{{Text: m.mark.String()}}
	if !m.on {
		f.Before = it
		return f
	}
	f.After, f.At, f.Words = it, m.refused.At, m.refused.Words
	f.From = cmp.Or(m.refused.Connection, state.OwnConnection)
	return f
}

// bare gives fields without what means an opt-out at any connection.
func (e *Engine) bare(fields []state.Field) []state.Field {
	for i := range e.env.Connections {
		fields = e.env.Connections[i].Optout.Without(fields)
	}
	return fields
}

func (e *Engine) bareShadow(x reconcile.Shadow) reconcile.Shadow {
	x.Fields, x.Owed, x.Maybe = e.bare(x.Fields), e.bare(x.Owed), e.bare(x.Maybe)
	return x
}

// dressed gives the fields of a write as the record shall have them: with the marks that it has, but
// for what the write does with its own.
func (e *Engine) dressed(fields []state.Field, has []state.Field, m *markWrite) []state.Field {
	out := slices.DeleteFunc(slices.Clone(fields), func(f state.Field) bool { return len(f.Values) == 0 })
	for i := range e.env.Connections {
		switch mark := e.env.Connections[i].Optout; {
		case !mark.Stands():
		case mark.In(has):
			out = mark.With(out)
		case mark.Field != connectors.FieldTag && len(valuesIn(has, mark.Field)) > 0:
			// A custom field that says something else.
			out = append(slices.DeleteFunc(out, func(f state.Field) bool { return f.Name == mark.Field }),
				state.Field{Name: mark.Field, Values: valuesIn(has, mark.Field)})
			slices.SortFunc(out, func(a, b state.Field) int { return strings.Compare(a.Name, b.Name) })
		}
	}
	switch {
	case m == nil:
	case m.on:
		out = m.mark.With(out)
	default:
		out = slices.DeleteFunc(m.mark.Without(out), func(f state.Field) bool { return len(f.Values) == 0 })
	}
	return out
}

// spoken leaves out what marks say: the gate knows it, and it is no word that the system keeps.
func spoken(said []state.Said) []state.Said {
	if !slices.ContainsFunc(said, func(s state.Said) bool { return s.Mark }) {
		return said
	}
	return slices.DeleteFunc(slices.Clone(said), func(s state.Said) bool { return s.Mark })
}

// gatherMarks finds how the sides of a group stand with opt-outs.
func (s *syncing) gatherMarks(tx state.Tx, g *group) error {
	g.marks = make([]sideMark, len(g.sides))
	known := map[string]*state.Consent{} // by brand
	for i := range g.sides {
		side := &g.sides[i]
		c := s.e.connection(side.Connection)
		if side.Hand || side.Gone || c == nil {
			continue
		}
		native := reconcile.HoldsConsent(side.Matrix)
		if !c.Optout.Stands() && !native {
			continue
		}
		refused, err := s.refused(tx, g.customer, c, known)
		if err != nil {
			return err
		}
		if native && refused != nil {
			side.Refused = refusedAs(refused, side.Fields)
		}
		if !c.Optout.Stands() {
			continue
		}
		g.marks[i] = sideMark{mark: c.Optout, refused: refused, here: c.Optout.In(g.records[i].Current().Fields)}
		if x := g.shadows[i]; x != nil {
			g.marks[i].ours = x.Mark == c.Optout.String()
		}
	}
	return nil
}

// refused gives the statement by which a customer opted out, as it holds for a connection.
func (s *syncing) refused(tx state.Tx, c *state.Customer, conn *Connection, known map[string]*state.Consent) (*state.Consent, error) {
	brand := s.svc.Brand(conn.Name)
	if x, ok := known[brand]; ok {
		return x, nil
	}
	x, err := s.svc.OptedOut(tx, c, conn.Name)
	known[brand] = x
	return x, err
}

// refusedAs is an opt-out in the words of a system that keeps consent itself; nil where it is about an
// e-mail address that the record does not have: what it then said of another would come back as new.
func refusedAs(c *state.Consent, fields []state.Field) *state.Said {
	said := service.OptoutMark{Field: reconcile.FieldConsent}.Said()
	said.Field, said.Mark, said.At, said.Words = "", false, c.At, c.Words
	if c.Identifier.Type != state.TypeEmail {
		return &said
	}
	for _, v := range valuesIn(fields, connectors.FieldEmail) {
		if strings.EqualFold(strings.TrimSpace(v.Text), c.Identifier.Shown) {
			said.Address = v.Text
			return &said
		}
	}
	return nil
}

// planMarks adds to a group's writes that marks are put where they have to be, and taken away where
// Kept put them and nobody refuses any more.
func (s *syncing) planMarks(g *group) {
	if slices.ContainsFunc(g.writes, func(w *write) bool { return w.action == state.WriteDelete }) {
		return
	}
	for i := range g.marks {
		m, side := &g.marks[i], &g.sides[i]
		put, take := m.refused != nil && !m.here, m.refused == nil && m.here && m.ours
		if !m.mark.Stands() || !side.Writable || !put && !take {
			continue
		}
		n := slices.IndexFunc(g.writes, func(w *write) bool { return w.side == i })
		if n < 0 {
			n = len(g.writes)
			g.writes = append(g.writes, &write{group: g, part: s.part(side.Connection), name: side.Connection, action: state.WriteUpdate, side: i,
				of: reconcile.Write{Side: i, Fields: side.Fields, Consents: side.Consents}, said: side.Consents, state: service.WritePlanned})
		}
		g.writes[n].mark = &markWrite{mark: m.mark, on: put, refused: m.refused}
	}
	for _, w := range g.writes {
		if w.action == state.WriteUpdate {
			w.fields = s.e.dressed(w.of.Fields, w.record().Current().Fields, w.mark)
		}
	}
}

// markCreate gives a record that is to be made the mark from the start.
func (s *syncing) markCreate(tx state.Tx, g *group, c *Connection, w *write) error {
	if !c.Optout.Stands() {
		return nil
	}
	refused, err := s.svc.OptedOut(tx, g.customer, c.Name)
	if err != nil || refused == nil {
		return err
	}
	w.mark = &markWrite{mark: c.Optout, on: true, refused: refused}
	w.fields = c.Optout.With(w.fields)
	return nil
}

// memory is what is remembered of a side's mark when what was seen of it is kept; ok says that it is
// another than what is stored.
func (s *syncing) memory(g *group, i int) (kept, forget, ok bool) {
	if len(g.marks) == 0 || g.shadows[i] == nil {
		return false, false, false
	}
	m, x := &g.marks[i], g.shadows[i]
	p := s.part(g.sides[i].Connection)
	if !m.mark.Stands() || !m.ours || p == nil || p.out.Error != nil {
		return false, false, false // what is under way there is not settled
	}
	switch {
	case m.here && !x.MarkKept:
		return true, false, true
	case !m.here && (x.MarkKept || m.refused == nil):
		return false, true, true // somebody took it away; what comes next is theirs
	}
	return false, false, false
}

// marksMoved says whether anything is to be remembered of a group's marks.
func (s *syncing) marksMoved(g *group) bool {
	for i := range g.marks {
		if _, _, ok := s.memory(g, i); ok {
			return true
		}
	}
	return false
}

func (s *syncing) keepMarks(w *state.Writer, g *group) error {
	for i := range g.marks {
		kept, forget, ok := s.memory(g, i)
		if !ok {
			continue
		}
		m := g.marks[i].mark
		if forget {
			m = service.OptoutMark{}
		}
		if err := keepMark(w, g.records[i].Key, g.comparedWith(i), m, kept); err != nil {
			return err
		}
	}
	return nil
}

// keepMark remembers that Kept put a mark at a record, or may have: before it is sent, and with kept
// once it was seen to be there. No mark: that it did not, or took it away.
func keepMark(w *state.Writer, key, customer uint64, mark service.OptoutMark, kept bool) error {
	x, err := state.Shadows.Find(w.Tx(), state.NumberKey(key))
	if err != nil {
		return err
	}
	if x == nil {
		x = &state.Shadow{Record: key, Customer: customer}
	}
	switch {
	case !mark.Stands():
		x.Mark, x.MarkSent, x.MarkKept = "", time.Time{}, false
	case x.Mark != mark.String() || x.MarkSent.IsZero():
		x.Mark, x.MarkSent, x.MarkKept = mark.String(), w.Cause.At, kept
	default:
		x.MarkKept = x.MarkKept || kept
	}
	return state.Shadows.Put(w, x)
}

// settledMark remembers what a write with a mark left behind: fields are what the system has.
func settledMark(w *state.Writer, key, customer uint64, mark service.OptoutMark, on bool, fields []state.Field) error {
	switch here := mark.In(fields); {
	case on && here:
		return keepMark(w, key, customer, mark, true)
	case !on && !here:
		return keepMark(w, key, customer, service.OptoutMark{}, false)
	}
	return nil
}

// hear adds to what a connection tells that somebody opted out where its mark stands and is not ours.
// made are those of told that Kept made just now, by index.
func (p *part) hear(ctx context.Context, told []service.Told, made map[int]bool) error {
	mark := p.c.Optout
	var at []int
	for i := range told {
		if t := &told[i]; t.Kind == state.KindContact && !t.Version.Gone && mark.In(t.Version.Fields) && !made[i] {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return nil
	}
	theirs := map[int]bool{}
	err := p.s.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		clear(theirs)
		for _, i := range at {
			ours, err := p.ourMark(tx, &told[i])
			if err != nil {
				return err
			}
			theirs[i] = !ours
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, i := range at {
		v := &told[i].Version
		if theirs[i] && !slices.ContainsFunc(v.Consents, func(s state.Said) bool { return s.Mark }) {
			v.Consents = append(slices.Clone(v.Consents), mark.Said())
		}
	}
	return nil
}

// ourMark says whether Kept put the mark at a record that is told, or may have.
func (p *part) ourMark(tx state.Tx, t *service.Told) (bool, error) {
	found, err := state.Records.By(tx, "id", state.RecordKey(t.Connection, t.Kind, t.ID))
	if err != nil {
		return false, err
	}
	if len(found) > 0 {
		x, err := state.Shadows.Find(tx, state.NumberKey(found[0].Key))
		if err != nil || x != nil {
			return x != nil && x.Mark == p.c.Optout.String(), err
		}
	}
	// It may be what a create made whose answer was lost.
	open, err := state.Intents.List(tx, state.PrefixRange("connection", state.TextKey(p.c.Name)))
	if err != nil {
		return false, err
	}
	rules := p.s.e.plainRules()
	has := valuesIn(t.Version.Fields, connectors.FieldEmail)
	return len(has) > 0 && slices.ContainsFunc(open, func(in *state.Intent) bool {
		return in.Record == 0 && p.c.Optout.In(in.Fields) &&
			reconcile.Same(connectors.FieldEmail, valuesIn(in.Fields, connectors.FieldEmail), has, matrixOf(p.spec), rules)
	}), nil
}

// hearAnew reads the records that are known again where another mark was set since they were read:
// what stands there already counts, and systems tell only what changed.
func (p *part) hearAnew(ctx context.Context) error {
	mark := p.c.Optout.String()
	var told []service.Told
	same := false
	err := p.s.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		told, same = nil, false
		c, err := state.Connections.Get(tx, state.TextKey(p.c.Name))
		if err != nil || c.Optout == mark {
			same = true
			return err
		}
		if !p.c.Optout.Stands() {
			return nil
		}
		for r, err := range state.Records.All(tx, p.prefix(connectors.Contact)) {
			if err != nil {
				return err
			}
			v := r.Last(false)
			if v == nil || v.Gone || !p.c.Optout.In(v.Fields) {
				continue
			}
			again := *v
			again.Run, again.At, again.Hash, again.Order, again.Message = 0, time.Time{}, nil, nil, nil
			told = append(told, service.Told{Connection: p.c.Name, Kind: r.Kind, ID: r.ID, Keyed: r.Keyed, Version: again})
		}
		return nil
	})
	if err != nil || same {
		return err
	}
	if err := p.hear(ctx, told, nil); err != nil {
		return err
	}
	p.s.svc.Prepare(told, false)
	fresh, err := p.s.svc.Fresh(ctx, told)
	if err != nil {
		return err
	}
	note := func(w *state.Writer, _ []uint64) error {
		c, err := state.Connections.Get(w.Tx(), state.TextKey(p.c.Name))
		if err != nil {
			return err
		}
		c.Optout = mark
		return state.Connections.Put(w, c)
	}
	if len(fresh) == 0 {
		return p.s.svc.Do(ctx, "sync.optout", state.Args{"connection": p.c.Name}, func(w *state.Writer) error { return note(w, nil) })
	}
	counts := state.Counts{Told: int64(len(fresh)), Seen: int64(len(fresh))}
	addCounts(&p.counts, &counts)
	_, err = p.tell(ctx, "sync.optout", fresh, nil, nil, note)
	return err
}
