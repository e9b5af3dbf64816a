package service

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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
//
// It is for commands that change something. Those that only read ask [Service.reading].
func (s *Service) customer(tx state.Tx, ref string) (*state.Customer, uint64, error) {
	return s.meant(tx, ref, true)
}

// reading is customer for commands that only read, which may also guess: the one customer whose name sounds so, has these
// initials, or was mistyped.
func (s *Service) reading(tx state.Tx, ref string) (*state.Customer, uint64, error) {
	return s.meant(tx, ref, false)
}

func (s *Service) meant(tx state.Tx, ref string, surely bool) (*state.Customer, uint64, error) {
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
	hits, err := s.named(l, ref, surely)
	if err != nil {
		return nil, 0, err
	}
	switch len(hits) {
	case 1:
		return hits[0].c, hits[0].c.Number, nil
	case 0:
		near, err := near(l, ref)
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
// identifier, else who had it once, else those with exactly the name, and so on as [Service.Find]
// has it, by name alone. The first of these groups that has anybody is the answer. For a reader
// that may be those who only sound so, have the initials, or whose name was mistyped; whoever
// changes something must mean them surely.
func (s *Service) named(l *lookup, ref string, surely bool) ([]found, error) {
	h := &hits{l: l}
	if err := s.byIdentifier(h, ref, minRefTail); err != nil {
		return nil, err
	}
	if len(h.list) > 0 || strings.Contains(strings.TrimPrefix(ref, "@"), "@") {
		return h.best()
	}
	for _, by := range []func(*hits, string) error{byNames, byTypo, byInside, byTypoBegun} {
		if err := by(h, ref); err != nil {
			return nil, err
		}
		h.keep(func(f *found) bool {
			switch f.why {
			case whyName:
				return true
			case whyPinyin, whyInitials, whyTypo:
				return !surely
			}
			return false
		})
		if len(h.list) > 0 {
			break
		}
	}
	return h.best()
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
			if isStaffName(words, m.Name) {
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

// isStaffName says whether words are all of a name, in any order and with any spelling of umlauts.
func isStaffName(words []string, name string) bool {
	tokens := identity.NameTokens(name)
	return len(words) == len(identity.QueryTokens(name)) && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(tokens, w) })
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

// near gives the customers whom a reference that fits nobody may mean: who sounds so, has the
// initials, or has such a name but for a letter; else those with one of its words.
func near(l *lookup, ref string) ([]found, error) {
	h := &hits{l: l, limit: maxNear}
	for _, by := range []func(*hits, string) error{byNames, byTypo, byTypoBegun} {
		if err := by(h, ref); err != nil {
			return nil, err
		}
		if len(h.list) > 0 {
			break
		}
	}
	if words := identity.FindWords(ref); len(h.list) == 0 && len(words) > 1 {
		for _, w := range words[:min(len(words), maxWords)] {
			if utf8.RuneCountInString(w) < 3 {
				continue
			}
			for _, by := range []func(*hits, string) error{byNames, byTypo, byTypoBegun} {
				had := len(h.list)
				if err := by(h, w); err != nil {
					return nil, err
				}
				if len(h.list) > had {
					break
				}
			}
		}
	}
	h.keep(func(f *found) bool { return f.why != whyCompany })
	all, err := h.sorted()
	return all[:min(len(all), maxNear)], err
}
