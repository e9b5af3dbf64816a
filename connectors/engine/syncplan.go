package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine/reconcile"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/service"
)

// plan is what a sync is about to do.
type plan struct {
	groups []*group // of customers about whom there is anything to do or to keep
	writes []*write // by connection, then by customer
	// looked are the customers that were looked at; nil: all.
	looked map[uint64]bool
	mark   reconciled
}

// group is one customer with all that connections say.
type group struct {
	customer *state.Customer
	sides    []reconcile.Side
	records  []*state.Record // of the sides; nil of what people set
	shadows  []*state.Shadow // as they are stored; nil where there is none
	outcome  reconcile.Outcome
	writes   []*write
	asked    []*conflict
	marks    []sideMark // of the sides; empty where no side is ever written to
	waits    bool       // a record is to be made once a person said whether this is somebody who has one
}

// conflict is a question that a group raises.
type conflict struct {
	of     reconcile.Conflict
	digest string
	topic  string
}

// write is one write of a plan.
type write struct {
	group  *group
	part   *part  // nil where the connection is not part of this sync
	name   string // of the connection
	action string
	side   int             // of group; -1 of a create
	of     reconcile.Write // of an update or delete
	fields []state.Field   // how the record shall be
	said   []state.Said
	mark   *markWrite // what it does with the mark of an opt-out; nil: nothing
	key    string     // of a create: what makes it the same create
	rule   string
	state  string // service.Write...
	err    *state.Error
	intent *state.Intent
}

// changed names the fields that a write changes.
func (w *write) changed() []string {
	var names []string
	if w.action == state.WriteCreate {
		for _, f := range w.fields {
			names = append(names, f.Name)
		}
		return names
	}
	for _, c := range w.of.Changes {
		names = append(names, c.Field)
	}
	if w.mark != nil {
		names = append(names, service.FieldOptout)
	}
	return names
}

func (w *write) record() *state.Record {
	if w.side < 0 {
		return nil
	}
	return w.group.records[w.side]
}

// reconcile finds out what follows from what the connections say, and keeps what is decided: before
// anything is sent, so that nothing that was decided is forgotten. A dry run keeps the plan alone.
func (s *syncing) reconcile(ctx context.Context) error {
	if !slices.ContainsFunc(s.e.env.Connections, func(c Connection) bool { return c.writable() }) {
		return nil // nothing is ever written
	}
	var err error
	if s.plan, err = s.planFor(ctx, nil); err != nil {
		return err
	}
	s.guardWrites(ctx)
	if s.in.Dry {
		return s.keepPlan(ctx)
	}
	if s.in.Apply != "" {
		if err := s.samePlan(ctx); err != nil {
			return err
		}
	}
	return s.decide(ctx, s.plan)
}

// planFor reconciles these customers; nil: all about whom anything may have changed.
func (s *syncing) planFor(ctx context.Context, numbers []uint64) (*plan, error) {
	p := &plan{}
	err := s.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		*p = plan{}
		wanted, all := numbers, false
		if numbers == nil {
			var err error
			if wanted, all, err = s.touched(tx, &p.mark); err != nil {
				return err
			}
		}
		if !all {
			return s.planThese(ctx, tx, p, wanted)
		}
		for c, err := range state.Customers.All(tx, state.Range{Index: "live"}) {
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.planOne(tx, p, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(p.writes, func(a, b *write) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.group.customer.Number, b.group.customer.Number))
	})
	return p, nil
}

func (s *syncing) planThese(ctx context.Context, tx state.Tx, p *plan, numbers []uint64) error {
	p.looked = map[uint64]bool{}
	for _, n := range numbers {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := s.svc.Survivor(tx, n)
		if err != nil {
			return err
		}
		if c == nil || p.looked[c.Number] {
			continue
		}
		p.looked[c.Number] = true
		if err := s.planOne(tx, p, c); err != nil {
			return err
		}
	}
	return nil
}

// planOne adds what is to be done about one customer.
func (s *syncing) planOne(tx state.Tx, p *plan, c *state.Customer) error {
	g, err := s.gatherSides(tx, c)
	if err != nil {
		return err
	}
	rules := s.rules(g)
	if err := s.gatherMarks(tx, g); err != nil {
		return err
	}
	if len(g.sides) > 0 {
		g.outcome = reconcile.Reconcile(g.sides, rules)
		answered := false
		for _, x := range g.outcome.Conflicts {
			done, err := s.answered(tx, g, x, rules)
			if err != nil {
				return err
			}
			answered = answered || done
		}
		if answered {
			g.asked = nil
			g.outcome = reconcile.Reconcile(g.sides, rules)
			for _, x := range g.outcome.Conflicts {
				if _, err := s.answered(tx, g, x, rules); err != nil {
					return err
				}
			}
		}
		for _, w := range g.outcome.Writes {
			side := &g.sides[w.Side]
			action := state.WriteUpdate
			if w.Delete {
				action = state.WriteDelete
			}
			g.writes = append(g.writes, &write{group: g, part: s.part(side.Connection), name: side.Connection, action: action, side: w.Side, of: w,
				fields: w.Fields, said: w.Consents, state: service.WritePlanned})
		}
	}
	s.planMarks(g)
	if err := s.creates(tx, g); err != nil {
		return err
	}
	if len(g.writes) == 0 && g.outcome.Still() && !g.moved() && !s.marksMoved(g) && !g.waits {
		return nil
	}
	p.groups = append(p.groups, g)
	p.writes = append(p.writes, g.writes...)
	return nil
}

// moved says whether any shadow is another than the one that is stored.
func (g *group) moved() bool {
	for i := range g.outcome.Shadows {
		if !sameShadow(g.shadows[i], &g.outcome.Shadows[i], g.comparedWith(i)) {
			return true
		}
	}
	return false
}

func sameShadow(stored *state.Shadow, now *reconcile.Shadow, customer uint64) bool {
	if stored == nil {
		return len(now.Fields) == 0 && len(now.Owed) == 0 && len(now.Maybe) == 0 && len(now.Untaken) == 0 && !now.Gone
	}
	return stored.Customer == customer && stored.Gone == now.Gone && sameFields(stored.Fields, now.Fields) && sameFields(stored.Owed, now.Owed) && sameFields(stored.Maybe, now.Maybe) &&
		len(stored.Untaken) == len(now.Untaken) && (len(now.Untaken) == 0 || reflect.DeepEqual(stored.Untaken, now.Untaken))
}

func sameFields(a, b []state.Field) bool {
	return slices.EqualFunc(a, b, func(x, y state.Field) bool {
		return x.Name == y.Name && slices.EqualFunc(x.Values, y.Values, func(v, w state.Value) bool {
			return v.Text == w.Text && v.Label == w.Label && len(v.Parts) == len(w.Parts) && (len(v.Parts) == 0 || reflect.DeepEqual(v.Parts, w.Parts))
		})
	})
}

func (s *syncing) part(name string) *part {
	i := slices.IndexFunc(s.parts, func(p *part) bool { return p.c.Name == name })
	if i < 0 {
		return nil
	}
	return s.parts[i]
}

// rules are how this customer's sides are decided about: the newest counts where each connection
// that is in step with it says so.
func (s *syncing) rules(g *group) reconcile.Rules {
	newest, any := true, false
	for i := range g.sides {
		if c := s.e.connection(g.sides[i].Connection); c != nil && !g.sides[i].Hand {
			any = true
			newest = newest && c.Newest
		}
	}
	rules := s.e.plainRules()
	rules.Newest = newest && any
	return rules
}

// plainRules are how values are compared, whatever the connections.
func (e *Engine) plainRules() reconcile.Rules {
	return reconcile.Rules{Region: e.env.Region, Country: func(country string) string {
		if code, ok := connectors.CountryCode(country); ok {
			return code
		}
		return country
	}}
}

// gatherSides gives what configured connections and people say about a customer, if any of it may
// ever be written somewhere.
func (s *syncing) gatherSides(tx state.Tx, c *state.Customer) (*group, error) {
	g := &group{customer: c}
	records, err := state.Records.Many(tx, numberKeys(c.Records))
	if err != nil {
		return nil, err
	}
	writable := false
	for _, r := range records {
		if r == nil || r.Kind != state.KindContact {
			continue
		}
		conn := s.e.connection(r.Connection)
		if conn == nil || s.e.spec(conn.Type) == nil {
			continue
		}
		writable = writable || conn.writable()
		g.records = append(g.records, r)
		g.sides = append(g.sides, s.side(r, conn))
	}
	if !writable {
		g.sides, g.records = nil, nil
		return g, nil
	}
	set, removed, err := s.svc.HandValues(tx, c)
	if err != nil {
		return nil, err
	}
	keys := make([]uint64, 0, len(g.records)+1)
	for _, r := range g.records {
		keys = append(keys, r.Key)
	}
	keys = append(keys, state.HandShadow(c.Number))
	if g.shadows, err = state.Shadows.Many(tx, numberKeys(keys)); err != nil {
		return nil, err
	}
	last := len(g.shadows) - 1
	if len(set) > 0 || len(removed) > 0 || g.shadows[last] != nil {
		g.records = append(g.records, nil)
		g.sides = append(g.sides, reconcile.Side{Connection: state.OwnConnection, Hand: true, Fields: s.e.bare(set), Removed: s.e.bare(removed)})
	} else {
		g.shadows = g.shadows[:last]
	}
	home := g.home()
	for i, x := range g.shadows {
		switch {
		case x == nil:
		case x.Customer != home:
			// Customers were joined, or taken apart: what is known of the records of one says nothing of those
			// of the other.
			g.sides[i].Shadow = reconcile.Shadow{Untaken: x.Untaken, Gone: x.Gone}
		default:
			g.sides[i].Shadow = s.e.bareShadow(reconcile.Shadow{Fields: x.Fields, Owed: x.Owed, Maybe: x.Maybe, Untaken: x.Untaken, Gone: x.Gone})
		}
	}
	return g, nil
}

// comparedWith is the customer with whose records a side is compared: one that is alone, with nobody's
// new ones.
func (g *group) comparedWith(i int) uint64 {
	if len(g.sides) == 1 && g.shadows[i] != nil {
		return g.shadows[i].Customer
	}
	return g.customer.Number
}

// home is the customer with whose records most was compared: this one, else the oldest.
func (g *group) home() uint64 {
	home := uint64(0)
	for _, x := range g.shadows {
		switch {
		case x == nil:
		case x.Customer == g.customer.Number:
			return x.Customer
		case home == 0 || x.Customer < home:
			home = x.Customer
		}
	}
	return home
}

func numberKeys(numbers []uint64) [][]byte {
	keys := make([][]byte, len(numbers))
	for i, n := range numbers {
		keys[i] = state.NumberKey(n)
	}
	return keys
}

// side is what one record says.
func (s *syncing) side(r *state.Record, c *Connection) reconcile.Side {
	side := reconcile.Side{Connection: c.Name, ID: r.ID, Matrix: matrixOf(s.e.spec(c.Type)), Writable: c.writable(), Silent: c.mode() == service.ModePush,
		Owns: c.owns, PropagateDeletes: c.Deletes, CanDelete: true, Gone: true}
	if p := s.part(c.Name); p != nil && p.conn != nil {
		_, side.CanDelete = p.conn.(connectors.Deleter)
	}
	v := r.Current()
	switch {
	case v == nil:
		if last := identity.Standing(r); last != nil {
			side.Consents = spoken(last.Consents) // who said no there still said it
		}
		return side
	case v.Implied:
		// Nobody keeps it as a contact there: it can be read and not written.
		side.Writable = false
	}
	side.Gone, side.Fields, side.Consents, side.Modified = false, s.e.bare(v.Fields), spoken(v.Consents), v.Modified
	return side
}

func matrixOf(spec *connectors.Spec) []reconcile.Field {
	var out []reconcile.Field
	for _, f := range spec.Fields[connectors.Contact] {
		out = append(out, reconcile.Field{Name: f.Field, Read: f.Read, Write: f.Write, Many: f.Many, Long: f.Long})
	}
	return out
}

// answered looks whether a person has answered a conflict as it stands, and puts the answer into the
// sides' shadows; else it is a question of the group's.
func (s *syncing) answered(tx state.Tx, g *group, x reconcile.Conflict, rules reconcile.Rules) (bool, error) {
	x = g.inOrder(x)
	q := &conflict{of: x, topic: conflictTopic(g.customer.Number, x.Field), digest: g.digest(x)}
	found, err := state.Questions.By(tx, "topic", state.TextKey(q.topic))
	if err != nil {
		return false, err
	}
	if len(found) > 0 && found[0].State == state.QuestionAnswered && found[0].Digest == q.digest {
		for i, side := range x.Sides {
			if g.label(side, x.Sides) == found[0].Answer {
				for j, shadow := range reconcile.Answer(g.sides, x.Field, x.Values[i], rules) {
					g.sides[j].Shadow = shadow
				}
				return true, nil
			}
		}
	}
	g.asked = append(g.asked, q)
	return false, nil
}

// inOrder sorts the sides of a conflict by what they are called: numbers of records depend on which
// connection answered first.
func (g *group) inOrder(x reconcile.Conflict) reconcile.Conflict {
	order := make([]int, len(x.Sides))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		s, t := &g.sides[x.Sides[a]], &g.sides[x.Sides[b]]
		return cmp.Or(cmp.Compare(s.Connection, t.Connection), cmp.Compare(s.ID, t.ID))
	})
	out := reconcile.Conflict{Field: x.Field}
	for _, i := range order {
		out.Sides, out.Values = append(out.Sides, x.Sides[i]), append(out.Values, x.Values[i])
	}
	return out
}

func conflictTopic(customer uint64, field string) string {
	return "conflict:" + number(int64(customer)) + ":" + field
}

// label is how a side is named in a question: its connection, with the ID where several records of it
// are the customer's.
func (g *group) label(side int, among []int) string {
	x := &g.sides[side]
	for _, other := range among {
		if other != side && g.sides[other].Connection == x.Connection {
			return strings.ToLower(x.Connection + ":" + x.ID)
		}
	}
	return x.Connection
}

// digest tells whether a conflict is still the one that was asked about.
func (g *group) digest(x reconcile.Conflict) string {
	h := sha256.New()
	e := json.NewEncoder(h)
	for i, side := range x.Sides {
		_ = e.Encode([]any{g.sides[side].Connection, g.sides[side].ID, x.Values[i]}) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
