package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine/reconcile"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// creates adds the records that rules want at connections where the customer has none.
func (s *syncing) creates(tx state.Tx, g *group) error {
	for i := range s.e.env.Connections {
		c := &s.e.env.Connections[i]
		if c.Create == "" || !c.writable() || s.e.spec(c.Type) == nil || g.customer.Kind != state.Person {
			continue
		}
		rule := s.fits(g, tx, c)
		if rule == "" {
			continue
		}
		has, err := hasRecord(tx, g.customer, c.Name)
		if err != nil {
			return err
		}
		if has {
			continue
		}
		waiting, err := waitsFor(tx, g.customer, c.Name)
		if err != nil {
			return err
		}
		if waiting {
			continue
		}
		doubtful, err := s.mayBeThere(tx, g.customer, c)
		if err != nil {
			return err
		}
		if doubtful {
			g.waits = true
			continue
		}
		fields := reconcile.Project(s.e.bare(g.agreedFields()), matrixOf(s.e.spec(c.Type)))
		if len(fields) == 0 {
			continue
		}
		key, err := createKey(tx, g.customer, c.Name)
		if err != nil {
			return err
		}
		w := &write{group: g, part: s.part(c.Name), name: c.Name, action: state.WriteCreate, side: -1, fields: fields,
			key: key, rule: rule, state: service.WritePlanned}
		if err := s.markCreate(tx, g, c, w); err != nil {
			return err
		}
		g.writes = append(g.writes, w)
	}
	return nil
}

// fits gives the rule by which a customer is to be created at a connection; "" for none.
func (s *syncing) fits(g *group, tx state.Tx, c *Connection) string {
	for rule := range strings.SplitSeq(c.Create, ",") {
		rule = strings.TrimSpace(rule)
		kind, what, _ := strings.Cut(rule, ":")
		fits := false
		switch kind {
		case "all":
			fits = true
		case "tag":
			fits = slices.ContainsFunc(g.customer.Tags, func(t string) bool { return strings.EqualFold(t, what) })
		case "stage":
			fits = strings.EqualFold(g.customer.Stage, what)
		case "from":
			records, err := state.Records.Many(tx, numberKeys(g.customer.Records))
			fits = err == nil && slices.ContainsFunc(records, func(r *state.Record) bool {
				return r != nil && r.Kind == state.KindContact && r.Connection == what && r.Current() != nil
			})
		}
		if fits {
			return rule
		}
	}
	return ""
}

// hasRecord says whether a connection has, or had, a contact of the customer's: what its people
// deleted there is not put back.
func hasRecord(tx state.Tx, c *state.Customer, connection string) (bool, error) {
	records, err := state.Records.Many(tx, numberKeys(c.Records))
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(records, func(r *state.Record) bool {
		return r != nil && r.Kind == state.KindContact && r.Connection == connection && r.Last(false) != nil
	}), nil
}

// mayBeThere says whether a customer may be the same as another who has a record at a connection, or
// is to have one: then a person is asked first, as two records of one are hard to make one again.
func (s *syncing) mayBeThere(tx state.Tx, c *state.Customer, to *Connection) (bool, error) {
	others := map[uint64]bool{}
	for _, base := range append([]uint64{c.Number}, c.Bases...) {
		asked, err := state.Questions.By(tx, "customer", state.NumberKey(base))
		if err != nil {
			return false, err
		}
		for _, q := range asked {
			if q.Kind == state.QuestionMatch && q.State == state.QuestionOpen {
				others[q.A], others[q.B] = true, true
			}
		}
		first, err := state.Doubts.List(tx, state.PrefixRange("", state.NumberKey(base)))
		if err != nil {
			return false, err
		}
		second, err := state.Doubts.By(tx, "second", state.NumberKey(base))
		if err != nil {
			return false, err
		}
		for _, d := range append(first, second...) {
			if !d.Settled {
				others[d.A], others[d.B] = true, true
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(others)) {
		other, err := s.svc.Survivor(tx, n)
		if err != nil {
			return false, err
		}
		if other == nil || other.Number == c.Number {
			continue
		}
		there, err := hasRecord(tx, other, to.Name)
		if err != nil || there {
			return there, err
		}
		if other.Number < c.Number && s.fits(&group{customer: other}, tx, to) != "" {
			return true, nil
		}
	}
	return false, nil
}

// waitsFor says whether a create at a connection is under way of which nobody knows yet.
func waitsFor(tx state.Tx, c *state.Customer, connection string) (bool, error) {
	for _, n := range append([]uint64{c.Number}, c.Bases...) {
		found, err := state.Intents.By(tx, "customer", state.NumberKey(n))
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(found, func(i *state.Intent) bool { return i.Connection == connection && i.Action == state.WriteCreate }) {
			return true, nil
		}
	}
	return false, nil
}

// agreedFields are what a record to be made shall say: what the systems that have a word agree on, and
// of what none of them can hold, what is believed.
func (g *group) agreedFields() []state.Field {
	believed := believedFields(g.customer)
	if g.outcome.Agreed == nil {
		return believed
	}
	out := slices.DeleteFunc(slices.Clone(g.outcome.Agreed), func(f state.Field) bool { return len(f.Values) == 0 })
	for _, f := range believed {
		if !slices.ContainsFunc(g.outcome.Agreed, func(a state.Field) bool { return a.Name == f.Name }) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b state.Field) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// believedFields are a customer's fields as those of a record.
func believedFields(c *state.Customer) []state.Field {
	var out []state.Field
	for _, f := range c.Fields {
		if f.Name != connectors.FieldTag && len(f.Values) > 0 {
			out = append(out, state.Field{Name: f.Name, Values: f.Values})
		}
	}
	if len(c.Tags) > 0 {
		tags := state.Field{Name: connectors.FieldTag}
		for _, t := range c.Tags {
			tags.Values = append(tags.Values, state.Value{Text: t})
		}
		out = append(out, tags)
	}
	slices.SortFunc(out, func(a, b state.Field) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// createKey is the same for every try to create a customer at a connection, in a dry run too: it is
// made of the first of the customer's records.
func createKey(tx state.Tx, c *state.Customer, connection string) (string, error) {
	records, err := state.Records.Many(tx, numberKeys(c.Records))
	if err != nil {
		return "", err
	}
	first := ""
	for _, r := range records {
		if r != nil && r.Kind == state.KindContact {
			if k := r.Connection + "\x00" + r.ID; first == "" || k < first {
				first = k
			}
		}
	}
	if first == "" {
		first = number(int64(c.Number))
	}
	sum := sha256.Sum256([]byte(connection + "\x00" + first))
	return "kept-" + hex.EncodeToString(sum[:10]), nil
}
