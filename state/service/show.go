package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

const defaultPage = 500

func refOf(c *state.Customer) CustomerRef {
	return CustomerRef{Number: state.Customers.Ref(c.Number), Name: c.Name, Kind: c.Kind}
}

// showCustomer gives a customer as people see it.
func (s *Service) showCustomer(tx state.Tx, c *state.Customer) (Customer, error) {
	return newLookup(tx, noTime).show(c)
}

func (l *lookup) show(c *state.Customer) (Customer, error) {
	out := Customer{Number: state.Customers.Ref(c.Number), Name: c.Name, Kind: c.Kind, Stage: c.Stage,
		Owner: l.name(c.Owner), Tags: append([]string{}, c.Tags...), Grade: c.Grade,
		Identifiers: []Identifier{}, Fields: map[string][]string{}, Records: []RecordRef{}}
	var err error
	if out.ID, err = l.id(out.Number); err != nil {
		return out, err
	}
	for _, a := range c.Identifiers {
		out.Identifiers = append(out.Identifiers, Identifier{Type: a.Type, Value: a.Shown, System: a.System,
			Connection: a.Connection, Former: a.Former})
	}
	for _, f := range c.Fields {
		out.Fields[f.Name] = texts(f.Values)
	}
	out.Records, err = l.recordRefs(c.Records)
	return out, err
}

func (l *lookup) recordRefs(keys []uint64) ([]RecordRef, error) {
	out := []RecordRef{}
	records, err := l.recordsOf(keys)
	for _, r := range records {
		out = append(out, RecordRef{Connection: r.Connection, Kind: r.Kind, ID: r.ID, Number: state.Records.Ref(r.Key)})
	}
	return out, err
}

// recordsOf reads records, leaving out those that are not there.
func (l *lookup) recordsOf(numbers []uint64) ([]*state.Record, error) {
	keys := make([][]byte, len(numbers))
	for i, n := range numbers {
		keys[i] = state.NumberKey(n)
	}
	records, err := state.Records.Many(l.tx, keys)
	return slices.DeleteFunc(records, func(r *state.Record) bool { return r == nil }), err
}

func texts(values []state.Value) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, valueText(v))
	}
	return out
}

// valueText gives a value in one line; an address in the order of an envelope.
func valueText(v state.Value) string {
	if len(v.Parts) == 0 {
		return v.Text
	}
	p := v.Parts
	var out []string
	for _, line := range []string{p["po_box"], p["street"], p["street2"],
		strings.TrimSpace(p["postcode"] + " " + p["city"]), p["region"], p["country"]} {
		if line = oneLine(line); line != "" {
			out = append(out, line)
		}
	}
	if len(out) == 0 {
		return v.Text
	}
	return strings.Join(out, ", ")
}

// company is where a person works, as records or people say; "" for organisations.
func (l *lookup) company(c *state.Customer) (string, error) {
	if c.Kind == state.Organisation {
		return "", nil
	}
	if text := c.Text("company"); text != "" {
		return text, nil
	}
	for _, a := range c.Employers {
		org, err := l.ofRecord(a.Organisation)
		if err != nil {
			return "", err
		}
		if org != nil {
			return org.Name, nil
		}
	}
	return "", nil
}

// CustomerList gives one page of customers in the order of their numbers. Filters are joined by
// "and". Following Next to its end gives every customer once.
func (s *Service) CustomerList(ctx context.Context, in CustomerListIn) (CustomerListOut, error) {
	limit := in.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	in.Grade = strings.ToUpper(in.Grade)
	for _, x := range []struct {
		field, value string
		allowed      []string
	}{{"kind", in.Kind, kinds}, {"stage", in.Stage, stages}, {"grade", in.Grade, grades}} {
		if x.value != "" && !slices.Contains(x.allowed, x.value) {
			return CustomerListOut{}, badValue("bad_value", x.field, x.value, strings.Join(x.allowed, ", "))
		}
	}
	field, value, isField := strings.Cut(in.Field, "=")
	if in.Field != "" && (!isField || strings.TrimSpace(field) == "") {
		return CustomerListOut{}, &state.Error{Class: state.Invalid, Code: "field_filter", Args: state.Args{"filter": in.Field}}
	}
	var after uint64
	if in.After != "" {
		n, ok := state.Customers.ParseRef(in.After)
		if !ok {
			return CustomerListOut{}, &state.Error{Class: state.Invalid, Code: "not_a_number",
				Args: state.Args{"ref": in.After, "kind": "customer", "example": "c7"}}
		}
		after = n
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (CustomerListOut, error) {
		l := newLookup(tx, now)
		out := CustomerListOut{Customers: []Customer{}}
		ranges := []state.Range{{Index: "live"}}
		owner := ""
		if in.Owner != "" {
			m, err := s.staff(tx, in.Owner)
			if err != nil {
				return out, err
			}
			owner = state.StaffMembers.Ref(m.Number)
			ranges = []state.Range{exactly("owner", state.TextKey(owner))}
		}
		var tags []string
		if in.Tag != "" {
			var err error
			if tags, err = tagsLike(tx, in.Tag); err != nil {
				return out, err
			}
			ranges = nil
			for _, t := range tags {
				ranges = append(ranges, exactly("tag", state.TextKey(t)))
			}
		}
		fits := func(c *state.Customer) bool {
			return (owner == "" || c.Owner == owner) &&
				(in.Tag == "" || slices.ContainsFunc(c.Tags, func(t string) bool { return slices.Contains(tags, t) })) &&
				(in.Kind == "" || c.Kind == in.Kind) && (in.Stage == "" || c.Stage == in.Stage) &&
				(in.Grade == "" || strings.EqualFold(c.Grade, in.Grade)) &&
				(!isField || hasField(c, strings.TrimSpace(field), strings.TrimSpace(value)))
		}
		numbers, err := customerNumbers(tx, ranges, after)
		if err != nil {
			return out, err
		}
		for chunk := range slices.Chunk(numbers, 256) {
			keys := make([][]byte, len(chunk))
			for i, n := range chunk {
				keys[i] = state.NumberKey(n)
			}
			customers, err := state.Customers.Many(tx, keys)
			if err != nil {
				return out, err
			}
			for _, c := range customers {
				if c == nil || c.Into != 0 || !fits(c) {
					continue
				}
				if len(out.Customers) == limit {
					out.Next = out.Customers[limit-1].Number
					return out, nil
				}
				shown, err := l.show(c)
				if err != nil {
					return out, err
				}
				out.Customers = append(out.Customers, shown)
			}
		}
		return out, nil
	})
}

// customerNumbers gives the numbers above after in ranges of indexes, in order, each once.
func customerNumbers(tx state.Tx, ranges []state.Range, after uint64) ([]uint64, error) {
	var out []uint64
	for _, r := range ranges {
		if r.Index == "live" {
			r.From = state.NumberKey(after + 1)
		}
		for d, err := range tx.Scan(state.Customers.Kind, keysOnly(r, 0)) {
			if err != nil {
				return nil, err
			}
			if n := state.KeyNumber(d.Key); n > after {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// hasField says whether one of the values of a field is a text, in any case. Custom fields may be
// named with or without their prefix.
func hasField(c *state.Customer, name, text string) bool {
	for _, f := range c.Fields {
		if !strings.EqualFold(strings.TrimPrefix(f.Name, customPrefix), strings.TrimPrefix(name, customPrefix)) {
			continue
		}
		if slices.ContainsFunc(f.Values, func(v state.Value) bool { return strings.EqualFold(valueText(v), text) }) {
			return true
		}
	}
	return false
}

// CustomerShow gives all that is believed of one customer, with origins.
func (s *Service) CustomerShow(ctx context.Context, in CustomerShowIn) (CustomerShowOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (CustomerShowOut, error) {
		out := CustomerShowOut{Believed: []Believed{}, Relations: []Affiliation{}, Consents: []ConsentLine{}, Numbers: []string{}}
		c, _, err := s.reading(tx, in.Ref)
		if err != nil {
			return out, err
		}
		l := newLookup(tx, now)
		if out.Customer, err = l.show(c); err != nil {
			return out, err
		}
		out.Created = c.Created
		for _, f := range c.Fields {
			b := Believed{Field: f.Name, Values: texts(f.Values), At: f.At, ByHand: f.ByHand != ""}
			if b.ByHand {
				b.From = l.name(f.ByHand)
			} else if f.Record != 0 {
				records, err := l.recordsOf([]uint64{f.Record})
				if err != nil {
					return out, err
				}
				if len(records) == 1 {
					b.From, b.Record = records[0].Connection, state.Records.Ref(f.Record)
				}
			}
			out.Believed = append(out.Believed, b)
		}
		if out.Relations, err = l.relations(c); err != nil {
			return out, err
		}
		said, err := l.statements(c)
		if err != nil {
			return out, err
		}
		out.Consents = l.consentLines(said, held(said), nil)
		out.Numbers, err = l.absorbed(c)
		return out, err
	})
}

// absorbed gives the numbers of customers that became part of one, in order.
func (l *lookup) absorbed(c *state.Customer) ([]string, error) {
	seen := map[uint64]bool{c.Number: true}
	var numbers []uint64
	for _, b := range bases(c) {
		if !seen[b] {
			seen[b] = true
			numbers = append(numbers, b)
		}
	}
	for _, r := range c.Records {
		link, err := state.Links.Find(l.tx, state.NumberKey(r))
		if err != nil {
			return nil, err
		}
		if link != nil && link.Home != 0 && !seen[link.Home] {
			seen[link.Home] = true
			numbers = append(numbers, link.Home)
		}
	}
	slices.Sort(numbers)
	out := []string{}
	for _, n := range numbers {
		out = append(out, state.Customers.Ref(n))
	}
	return out, nil
}

// person is one of an organisation's people, with the days between which that holds.
type person struct {
	c           *state.Customer
	role        string
	since, till string // ISO dates as far as known; "" is open
	byHand      bool
}

// people gives who works for or belongs to an organisation: whose records name it, or of whom a
// person said so, less those of whom a person said that it does not hold. In the order of their
// numbers; former ones have an end.
func (l *lookup) people(org *state.Customer) ([]person, error) {
	if org.Kind != state.Organisation {
		return nil, nil
	}
	at := map[uint64]*person{}
	for _, r := range org.Records {
		numbers, err := scanNumbers(l.tx, exactly("employer", state.NumberKey(r)), 0)
		if err != nil {
			return nil, err
		}
		for _, n := range numbers {
			c, err := l.survivor(n)
			if err != nil {
				return nil, err
			}
			if c == nil || at[c.Number] != nil {
				continue
			}
			p := &person{c: c}
			for _, a := range c.Employers {
				if a.Organisation == r {
					p.role = cmp.Or(p.role, a.Role)
				}
			}
			at[c.Number] = p
		}
	}
	stated, err := l.stated(org)
	if err != nil {
		return nil, err
	}
	for _, r := range stated {
		if r.outgoing || r.Kind != relationWorksFor && r.Kind != relationBelongsTo {
			continue
		}
		if r.Denied {
			delete(at, r.other.Number)
			continue
		}
		p := at[r.other.Number]
		if p == nil {
			p = &person{c: r.other}
			at[r.other.Number] = p
		}
		p.role, p.since, p.till, p.byHand = cmp.Or(r.Role, p.role), r.Since, r.Until, true
	}
	out := make([]person, 0, len(at))
	for _, p := range at {
		if p.c.Number != org.Number {
			out = append(out, *p)
		}
	}
	slices.SortFunc(out, func(a, b person) int { return cmp.Compare(a.c.Number, b.c.Number) })
	return out, nil
}

// span is the time in which a person's dealings are the organisation's.
func (p person) span() (from, to time.Time) {
	from, _ = firstDay(p.since)
	to, _ = dayAfter(p.till)
	return from, to
}

// firstDay is the beginning of a date as far as it is known (2024, 2024-03, 2024-03-05), in UTC.
func firstDay(date string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(layout, date); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// dayAfter is the end of a date as far as it is known, in UTC.
func dayAfter(date string) (time.Time, bool) {
	t, ok := firstDay(date)
	switch {
	case !ok:
		return t, false
	case len(date) == len("2006"):
		return t.AddDate(1, 0, 0), true
	case len(date) == len("2006-01"):
		return t.AddDate(0, 1, 0), true
	}
	return t.AddDate(0, 0, 1), true
}

// statedRelation is a relation that a person stated, seen from one of its sides.
type statedRelation struct {
	*state.Relation
	other    *state.Customer
	outgoing bool
}

// stated gives the relations that people stated of a customer, in the order in which they did.
func (l *lookup) stated(c *state.Customer) ([]statedRelation, error) {
	var out []statedRelation
	seen := map[uint64]bool{}
	for _, b := range bases(c) {
		list, err := state.Relations.By(l.tx, "customer", state.NumberKey(b))
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if seen[r.Key] {
				continue
			}
			seen[r.Key] = true
			s := statedRelation{Relation: r, outgoing: slices.Contains(bases(c), r.From)}
			n := r.From
			if s.outgoing {
				n = r.To
			}
			if s.other, err = l.survivor(n); err != nil {
				return nil, err
			}
			if s.other != nil && s.other.Number != c.Number {
				out = append(out, s)
			}
		}
	}
	slices.SortFunc(out, func(a, b statedRelation) int { return cmp.Compare(a.Key, b.Key) })
	return out, nil
}

// relations gives a customer's relations: what people stated, then what records tell and nobody
// denied.
func (l *lookup) relations(c *state.Customer) ([]Affiliation, error) {
	out := []Affiliation{}
	stated, err := l.stated(c)
	if err != nil {
		return nil, err
	}
	known := map[uint64]bool{}
	for _, r := range stated {
		if r.outgoing && (r.Kind == relationWorksFor || r.Kind == relationBelongsTo) {
			known[r.other.Number] = true
		}
		if !r.Denied {
			out = append(out, Affiliation{Customer: refOf(r.other), Kind: r.Kind, Role: r.Role, Since: r.Since,
				Until: r.Until, ByHand: true, Outgoing: r.outgoing})
		}
	}
	for _, a := range c.Employers {
		org, err := l.ofRecord(a.Organisation)
		if err != nil {
			return nil, err
		}
		if org == nil || org.Number == c.Number || known[org.Number] {
			continue
		}
		known[org.Number] = true
		out = append(out, Affiliation{Customer: refOf(org), Kind: relationWorksFor, Role: a.Role, Outgoing: true})
	}
	return out, nil
}
