package service

import (
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// OptoutMark is how the records of a connection hold that somebody opted out of marketing by e-mail:
// by a tag, by a value in a custom field, or by what the system itself keeps about consent. The zero
// one is none.
type OptoutMark struct {
	Field string // "tag", "custom.NAME", "consent"; "": none
	Value string // of a tag or custom field; "" with consent
}

// The fields of marks; custom fields begin with markCustom.
const (
	markTag     = "tag"
	markConsent = "consent"
	markCustom  = "custom."
)

// ParseOptoutMark reads a mark as kept.yaml has it: "tag:no-marketing",
// "field:custom.marketing_optout=yes", "consent".
func ParseOptoutMark(s string) (OptoutMark, bool) {
	s = strings.TrimSpace(s)
	if s == markConsent {
		return OptoutMark{Field: markConsent}, true
	}
	kind, what, _ := strings.Cut(s, ":")
	switch kind {
	case markTag:
		m := OptoutMark{Field: markTag, Value: strings.TrimSpace(what)}
		return m, m.Value != ""
	case "field":
		name, value, _ := strings.Cut(what, "=")
		m := OptoutMark{Field: strings.TrimSpace(name), Value: strings.TrimSpace(value)}
		return m, m.Value != "" && len(m.Field) > len(markCustom) && strings.HasPrefix(m.Field, markCustom)
	}
	return OptoutMark{}, false
}

// String is the mark as kept.yaml has it; "" for none.
func (m OptoutMark) String() string {
	switch m.Field {
	case "", markConsent:
		return m.Field
	case markTag:
		return markTag + ":" + m.Value
	}
	return "field:" + m.Field + "=" + m.Value
}

// Stands says whether the mark is one that stands among a record's fields.
func (m OptoutMark) Stands() bool { return m.Field != "" && m.Field != markConsent }

// is says whether a value is the mark's.
func (m OptoutMark) is(v state.Value) bool {
	return identity.FoldTag(v.Text) == identity.FoldTag(m.Value)
}

// In says whether the mark stands in fields.
func (m OptoutMark) In(fields []state.Field) bool {
	return m.Stands() && slices.ContainsFunc(fields, func(f state.Field) bool { return f.Name == m.Field && slices.ContainsFunc(f.Values, m.is) })
}

// Without gives fields without the mark; of a custom field without the field, whatever stands in it.
// The fields that are given stay as they are.
func (m OptoutMark) Without(fields []state.Field) []state.Field {
	i := slices.IndexFunc(fields, func(f state.Field) bool { return f.Name == m.Field })
	if !m.Stands() || i < 0 || m.Field == markTag && !slices.ContainsFunc(fields[i].Values, m.is) {
		return fields
	}
	out := slices.Clone(fields)
	if m.Field == markTag {
		out[i].Values = slices.DeleteFunc(slices.Clone(out[i].Values), m.is)
		if len(out[i].Values) > 0 {
			return out
		}
	}
	return slices.Delete(out, i, i+1)
}

// With gives fields with the mark, sorted by name. The fields that are given stay as they are.
func (m OptoutMark) With(fields []state.Field) []state.Field {
	if !m.Stands() || m.In(fields) {
		return fields
	}
	v := state.Value{Text: m.Value}
	out := slices.Clone(fields)
	i, ok := slices.BinarySearchFunc(out, m.Field, func(f state.Field, name string) int { return strings.Compare(f.Name, name) })
	switch {
	case !ok:
		return slices.Insert(out, i, state.Field{Name: m.Field, Values: []state.Value{v}})
	case m.Field == markTag:
		out[i].Values = append(slices.Clone(out[i].Values), v)
	default:
		out[i].Values = []state.Value{v}
	}
	return out
}

// Said is what a mark says that stands at a record: no marketing by e-mail, to none of its addresses.
func (m OptoutMark) Said() state.Said {
	return state.Said{Channel: channelEmail, Purpose: purposeMarketing, State: state.ConsentOptedOut, Field: m.String(), Mark: true}
}

// OptedOut gives the statement by which a customer refuses marketing by e-mail, as the gate decides it
// for the brand of a connection; nil where none holds. Who was only asked and never agreed, or whose
// address does not work, did not opt out.
func (s *Service) OptedOut(tx state.Tx, c *state.Customer, connection string) (*state.Consent, error) {
	said, err := s.saidOf(newLookup(tx, noTime), s.marketingAsk(c, connection))
	if err != nil {
		return nil, err
	}
	holding, _ := inForce(said, s.marketingAsk(c, connection))
	if holding == nil || holding.State != state.ConsentOptedOut {
		return nil, nil
	}
	return holding, nil
}

// marketingAsk is what a mark answers: may this connection's brand send marketing by e-mail?
func (s *Service) marketingAsk(c *state.Customer, connection string) gateAsk {
	return gateAsk{customer: c, channel: channelEmail, purpose: purposeMarketing, brand: s.config.Connections[connection].Brand}
}

// Brand is under which brand a connection deals with customers; "": under all.
func (s *Service) Brand(connection string) string { return s.config.Connections[connection].Brand }

// ConsentCustomers calls add for each customer whose contact a statement is about, by its key: who has
// the address, and where it was said by hand or of a record, whose that is.
func (s *Service) ConsentCustomers(tx state.Tx, key []byte, add func(customer uint64)) error {
	c, err := state.Consents.Find(tx, key)
	if err != nil || c == nil {
		return err
	}
	for _, ref := range []string{c.Source, c.Identifier.Match} {
		if n, ok := state.Customers.ParseRef(ref); ok {
			add(n)
		}
		if n, ok := state.Records.ParseRef(ref); ok {
			l, err := state.Links.Find(tx, state.NumberKey(n))
			if err != nil {
				return err
			}
			if l != nil {
				add(l.Base)
			}
		}
	}
	return holdersOf(tx, c.Identifier.Key(), add)
}
