package reconcile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// severity orders words about consent; what refuses is above zero.
func severity(s string) int {
	switch s {
	case state.ConsentOptedOut:
		return 3
	case state.ConsentUndeliverable:
		return 2
	case state.ConsentWithheld:
		return 1
	}
	return 0
}

// about is what a word is about, as it is compared.
type about struct{ channel, purpose, address string }

func aboutOf(s state.Said, rules Rules) about {
	a := about{channel: s.Channel, purpose: s.Purpose}
	switch {
	case strings.TrimSpace(s.Address) == "":
	case strings.Contains(s.Address, "@"):
		a.address = "email " + key("email", state.Value{Text: s.Address}, rules)
	default:
		a.address = "phone " + key("phone", state.Value{Text: s.Address}, rules)
	}
	return a
}

// covers says whether a word about a holds for what is b too.
func (a about) covers(b about) bool {
	return (a.channel == b.channel || a.channel == state.AllChannels) && (a.purpose == b.purpose || a.purpose == state.AllPurposes) &&
		(a.address == b.address || a.address == "")
}

// consents gives the words that a side shall hold: its own, each as strict as the strictest that
// anybody said of the same, and refusals said elsewhere of addresses that it has. Nothing that
// somebody granted is carried to another system, and no refusal is lifted. ok says that it is to
// be written.
func (m *merge) consents(i int, fields []state.Field) (said []state.Said, change Change, ok bool) {
	s := &m.sides[i]
	if f, known := holds(s.Matrix, FieldConsent); !s.Writable || !known || !f.Write {
		return nil, Change{}, false
	}
	type word struct {
		about
		state.Said
		side int
	}
	var all []word
	for j := range m.sides {
		for _, w := range m.sides[j].Consents {
			if severity(w.State) > 0 {
				all = append(all, word{aboutOf(w, m.rules), w, j})
			}
		}
	}
	if s.Refused != nil {
		all = append(all, word{aboutOf(*s.Refused, m.rules), *s.Refused, -1})
	}
	slices.SortStableFunc(all, func(a, b word) int {
		return cmp.Or(severity(b.State)-severity(a.State), a.At.Compare(b.At), strings.Compare(a.channel, b.channel),
			strings.Compare(a.purpose, b.purpose), strings.Compare(a.address, b.address), strings.Compare(a.Field, b.Field),
			strings.Compare(a.Words, b.Words))
	})
	known := func(a about, strict int) bool {
		holds := func(w state.Said) bool { return aboutOf(w, m.rules).covers(a) && severity(w.State) >= strict }
		return slices.ContainsFunc(said, holds) || slices.ContainsFunc(s.Shadow.Untaken, holds)
	}
	change = Change{Field: FieldConsent, From: -1, Why: WhyChanged}
	tell := func(from int) {
		if ok = true; from >= 0 {
			change.From, change.Why = from, WhyChanged
		} else if change.From < 0 {
			change.Why = WhyOptedOut
		}
	}
	said = slices.Clone(s.Consents)
	for k := range said {
		mine := aboutOf(said[k], m.rules)
		for _, w := range all {
			if w.covers(mine) && severity(w.State) > severity(said[k].State) && !slices.ContainsFunc(s.Shadow.Untaken, func(u state.Said) bool {
				return aboutOf(u, m.rules) == mine && severity(u.State) >= severity(w.State)
			}) {
				said[k].State, said[k].At, said[k].Words = w.State, w.At, w.Words
				tell(w.side)
				break
			}
		}
	}
	for _, w := range all {
		if m.reaches(w.about, fields) && !known(w.about, severity(w.State)) {
			said = append(said, state.Said{Channel: w.Channel, Purpose: w.Purpose, State: w.State, Address: w.Address, At: w.At, Words: w.Words})
			tell(w.side)
		}
	}
	change.Before, change.After = wordsOf(s.Consents), wordsOf(said)
	return said, change, ok
}

// HoldsConsent says whether a system of this matrix keeps what people said about contact, and can be
// told.
func HoldsConsent(matrix []Field) bool {
	f, ok := holds(matrix, FieldConsent)
	return ok && f.Write
}

// reaches says whether a word is about something that stands in the fields.
func (m *merge) reaches(a about, fields []state.Field) bool {
	kind, address, ok := strings.Cut(a.address, " ")
	return !ok || has(m.elementsOf(kind, valuesOf(fields, kind)), address)
}

// wordsOf shows words about consent as values: the state, under what it is about.
func wordsOf(said []state.Said) []state.Value {
	var out []state.Value
	for _, s := range said {
		out = append(out, state.Value{Text: s.State, Label: strings.TrimSpace(strings.Join([]string{s.Channel, s.Purpose, s.Address}, " "))})
	}
	return out
}

// untaken adds to what a system did not take before those refusals that it was told and does not
// say; it is not told them again each time.
func untaken(before, told, says []state.Said, rules Rules) []state.Said {
	out := slices.Clone(before)
	for _, t := range told {
		a := aboutOf(t, rules)
		same := func(w state.Said) bool { return aboutOf(w, rules) == a }
		if severity(t.State) == 0 {
			continue
		}
		taken := slices.ContainsFunc(says, func(w state.Said) bool {
			return aboutOf(w, rules).covers(a) && severity(w.State) >= severity(t.State)
		})
		out = slices.DeleteFunc(out, same)
		if !taken {
			out = append(out, t)
		}
	}
	return out
}
