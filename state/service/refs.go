package service

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

const (
	maxListed = 9 // customers that an ambiguous reference lists
	maxNear   = 3 // suggestions for a reference that fits nobody
)

// customer finds the one customer that a reference names: a number (c812), an id, an e-mail
// address, phone, handle or external id, or enough of a name. It gives the customer as it is now,
// and the base customer that was meant: the number that was typed, as long as that is one of the
// customer's bases, else the survivor's.
//
// Several that fit are an [state.Ambiguous] error "several_customers" whose "hits" are lines of
// number, name and what tells them apart, with tabs between; nobody is a [state.NotFound]
// "no_customer" whose "near" are lines of the same form, to be shown and never acted on.
func (s *Service) customer(tx state.Tx, ref string) (*state.Customer, uint64, error) {
	ref = strings.TrimSpace(ref)
	if ref == "" {
		return nil, 0, &state.Error{Class: state.Invalid, Code: "customer_missing"}
	}
	l := newLookup(tx, noTime)
	n, ok, err := s.customerNumber(l, ref)
	if err != nil {
		return nil, 0, err
	}
	if ok {
		c, err := l.survivor(n)
		if err != nil {
			return nil, 0, err
		}
		if c == nil {
			return nil, 0, noCustomer(ref, nil)
		}
		if slices.Contains(bases(c), n) {
			return c, n, nil
		}
		return c, c.Number, nil
	}
	hits, err := s.named(l, ref)
	if err != nil {
		return nil, 0, err
	}
	switch len(hits) {
	case 1:
		return hits[0].c, hits[0].c.Number, nil
	case 0:
		near, err := s.near(l, ref)
		if err != nil {
			return nil, 0, err
		}
		return nil, 0, noCustomer(ref, near)
	}
	return nil, 0, severalCustomers(ref, hits)
}

// customerNumber reads a number or an id of this state.
func (s *Service) customerNumber(l *lookup, ref string) (uint64, bool, error) {
	if n, ok := state.Customers.ParseRef(ref); ok {
		return n, true, nil
	}
	i := strings.LastIndex(ref, "-")
	if i <= 0 {
		return 0, false, nil
	}
	n, ok := state.Customers.ParseRef(ref[i+1:])
	if !ok {
		return 0, false, nil
	}
	id, err := l.id(state.Customers.Ref(n))
	return n, strings.EqualFold(id, ref), err
}

// named gives the customers that a reference other than a number may mean: those with the
// identifier, else who had it once, else those with exactly the name, else those whose words begin so, else those with
// the letters inside a word. The first of these groups that has anybody is the answer.
func (s *Service) named(l *lookup, ref string) ([]found, error) {
	hits := &hits{l: l}
	if err := s.byIdentifier(hits, ref, minRefTail); err != nil {
		return nil, err
	}
	if len(hits.list) > 0 || strings.Contains(strings.TrimPrefix(ref, "@"), "@") {
		return hits.best()
	}
	if err := byWords(hits, ref); err != nil {
		return nil, err
	}
	hits.keep(func(f *found) bool { return f.why == whyName })
	if len(hits.list) == 0 {
		if err := byPart(hits, ref); err != nil {
			return nil, err
		}
		hits.keep(func(f *found) bool { return f.why == whyName })
	}
	return hits.best()
}

// best gives the hits that fit best.
func (h *hits) best() ([]found, error) {
	all, err := h.sorted()
	for i := range all {
		if all[i].rank != all[0].rank {
			return all[:i], err
		}
	}
	return all, err
}

func noCustomer(ref string, near []found) error {
	args := state.Args{"ref": ref}
	if len(near) > 0 {
		args["near"] = lines(near)
	}
	return &state.Error{Class: state.NotFound, Code: "no_customer", Args: args}
}

func severalCustomers(ref string, hits []found) error {
	more := max(len(hits)-maxListed, 0)
	return &state.Error{Class: state.Ambiguous, Code: "several_customers", Args: state.Args{
		"ref": ref, "hits": lines(hits[:len(hits)-more]), "more": strconv.Itoa(more)}}
}

func lines(hits []found) string {
	out := make([]string, len(hits))
	for i, f := range hits {
		out[i] = state.Customers.Ref(f.c.Number) + "\t" + oneLine(f.c.Name) + "\t" + oneLine(detail(f.c))
	}
	return strings.Join(out, "\n")
}

// detail is what tells a customer from its namesakes: company and best identifier.
func detail(c *state.Customer) string {
	var parts []string
	if company := c.Text("company"); company != "" {
		parts = append(parts, company)
	}
	for _, typ := range []string{state.TypeEmail, state.TypePhone, state.TypeDomain, state.TypeHandle, state.TypeExternalID} {
		if i := slices.IndexFunc(c.Identifiers, func(a state.Address) bool { return a.Type == typ && !a.Former }); i >= 0 {
			parts = append(parts, c.Identifiers[i].Shown)
			break
		}
	}
	return strings.Join(parts, ", ")
}

// oneLine keeps text on one line and without tabs.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// staff finds the one staff member that a reference names: a number (s2), login, e-mail address,
// or enough of a name. Those who left are found by number, login or address, and by name only
// where nobody present fits.
func (s *Service) staff(tx state.Tx, ref string) (*state.Staff, error) {
	ref = strings.TrimSpace(ref)
	if ref == "" {
		return nil, &state.Error{Class: state.Invalid, Code: "staff_missing"}
	}
	if n, ok := state.StaffMembers.ParseRef(ref); ok {
		m, err := state.StaffMembers.Find(tx, state.NumberKey(n))
		if err == nil && m == nil {
			err = noStaff(ref)
		}
		return m, err
	}
	if m, err := staffByLogin(tx, strings.TrimPrefix(ref, "@")); err != nil || m != nil {
		return m, err
	}
	if e, err := identity.NormalizeEmail(ref); err == nil {
		found, err := state.StaffMembers.By(tx, "email", state.TextKey(e.Shown))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, noStaff(ref)
		}
		return found[0], nil
	}
	words := identity.QueryTokens(ref)
	if len(words) == 0 {
		return nil, noStaff(ref)
	}
	all, err := state.StaffMembers.List(tx, state.Range{})
	if err != nil {
		return nil, err
	}
	var fit, exact []*state.Staff
	for _, present := range []bool{true, false} {
		for _, m := range all {
			if m.Left.IsZero() != present || !eachBegins(words, m.Tokens) {
				continue
			}
			fit = append(fit, m)
			if sameWords(words, m.Name) {
				exact = append(exact, m)
			}
		}
		if len(fit) > 0 {
			break
		}
	}
	if len(exact) == 1 {
		return exact[0], nil
	}
	switch len(fit) {
	case 0:
		return nil, noStaff(ref)
	case 1:
		return fit[0], nil
	}
	listed := make([]string, 0, maxListed)
	for _, m := range fit[:min(len(fit), maxListed)] {
		listed = append(listed, state.StaffMembers.Ref(m.Number)+"\t"+oneLine(m.Name)+"\t"+m.Login)
	}
	return nil, &state.Error{Class: state.Ambiguous, Code: "several_staff", Args: state.Args{
		"ref": ref, "hits": strings.Join(listed, "\n"), "more": strconv.Itoa(len(fit) - len(listed))}}
}

func noStaff(ref string) error {
	return &state.Error{Class: state.NotFound, Code: "no_staff", Args: state.Args{"ref": ref}}
}

// reference reads a promise's, question's or run's number as people type it, or its id.
func reference[T any](c *state.Collection[T], tx state.Tx, ref string) (uint64, error) {
	ref = strings.TrimSpace(ref)
	if ref == "" {
		return 0, &state.Error{Class: state.Invalid, Code: c.Kind.Name + "_missing"}
	}
	if n, ok := c.ParseRef(ref); ok {
		return n, nil
	}
	if i := strings.LastIndex(ref, "-"); i > 0 {
		if n, ok := c.ParseRef(ref[i+1:]); ok {
			id, err := newLookup(tx, noTime).id(c.Ref(n))
			if err != nil {
				return 0, err
			}
			if strings.EqualFold(id, ref) {
				return n, nil
			}
		}
	}
	return 0, &state.Error{Class: state.Invalid, Code: "not_a_number", Args: state.Args{
		"ref": ref, "kind": c.Kind.Name, "example": c.Ref(7)}}
}

// near gives customers with a name of which a reference may be a misspelling.
func (s *Service) near(l *lookup, ref string) ([]found, error) {
	type candidate struct{ distance, words int }
	close := map[uint64]candidate{}
	for _, w := range identity.QueryTokens(ref) {
		runes := []rune(w)
		if len(runes) < 3 || unicode.IsDigit(runes[0]) {
			continue
		}
		best := map[uint64]int{}
		n := 0
		for d, err := range l.tx.Scan(state.Customers.Kind, keysOnly(state.PrefixRange("token", []byte(string(runes[:1]))), maxNearScan)) {
			if err != nil {
				return nil, err
			}
			n++
			token := []rune(entryText(d.Entry))
			allowed := 1
			if len(runes) > 4 {
				allowed = 2
			}
			// What was typed may be the misspelt beginning of a longer word, too.
			if len(token) > len(runes)+allowed {
				token = token[:len(runes)]
			}
			dist := distance(runes, token, allowed)
			if dist > allowed {
				continue
			}
			num := state.KeyNumber(d.Key)
			if old, ok := best[num]; !ok || dist < old {
				best[num] = dist
			}
		}
		for num, d := range best {
			c := close[num]
			close[num] = candidate{c.distance + d, c.words + 1}
		}
	}
	numbers := make([]uint64, 0, len(close))
	for n := range close {
		numbers = append(numbers, n)
	}
	slices.SortFunc(numbers, func(a, b uint64) int {
		x, y := close[a], close[b]
		if x.words != y.words {
			return y.words - x.words
		}
		if x.distance != y.distance {
			return x.distance - y.distance
		}
		return int(int64(a) - int64(b))
	})
	var out []found
	for _, n := range numbers[:min(len(numbers), maxNear)] {
		c, err := l.survivor(n)
		if err != nil {
			return nil, err
		}
		if c != nil {
			out = append(out, found{c: c})
		}
	}
	return out, nil
}

// maxNearScan bounds how many words a search for misspellings compares.
const maxNearScan = 50_000

// distance is how many letters must be added, left out, changed or swapped with their neighbour
// to make b of a; above limit it is only known to be more.
func distance(a, b []rune, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		least := row[0]
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
