package service

import (
	"cmp"
	"maps"
	"slices"

	"github.com/keptcrm/kept/state"
)

// The contents of what is known of a customer, as far as roles see them differently in a chat.
const (
	SeeHeaders = "headers" // that they are there, who answers for them, what happened when; subjects
	SeeBody    = "body"    // texts of messages and notes, attachments
	SeePromise = "promise" // what was promised, and follow-ups
	SeeMoney   = "money"   // amounts and sums
	SeeContact = "contact" // addresses, phone numbers, handles; fields of the contact
)

// The scopes of a content, each wider than the one before.
const (
	ScopeNone = "none"
	ScopeOwn  = "own"  // customers for whom they answer or stand in, or to whom they promised something
	ScopeTeam = "team" // those of people whom they lead, at any depth, or who have the same manager, and those of nobody
	ScopeAll  = "all"
)

// AccessRoles, AccessContents and AccessScopes are the values of an [Access] table, in their order.
var (
	AccessRoles    = []string{"rep", "manager", "service", "ops", "none"}
	AccessContents = []string{SeeHeaders, SeeBody, SeePromise, SeeMoney, SeeContact}
	AccessScopes   = []string{ScopeNone, ScopeOwn, ScopeTeam, ScopeAll}
)

// Access is who may see what in a chat: role, content, scope. What is not there holds as
// [DefaultAccess] has it. The role "none" sees nothing, whatever is written.
type Access map[string]map[string]string

// DefaultAccess is the table that is shipped. Reps know of every customer what was promised and that
// something happened, and read along with their team; service sees no amounts; ops keep Kept going,
// for which nobody's mail need be read.
func DefaultAccess() Access {
	row := func(headers, body, promise, money, contact string) map[string]string {
		return map[string]string{SeeHeaders: headers, SeeBody: body, SeePromise: promise, SeeMoney: money, SeeContact: contact}
	}
	return Access{
		"rep":     row(ScopeAll, ScopeTeam, ScopeAll, ScopeTeam, ScopeTeam),
		"manager": row(ScopeAll, ScopeAll, ScopeAll, ScopeAll, ScopeAll),
		"service": row(ScopeAll, ScopeAll, ScopeAll, ScopeNone, ScopeAll),
		"ops":     row(ScopeAll, ScopeNone, ScopeAll, ScopeNone, ScopeAll),
		"none":    row(ScopeNone, ScopeNone, ScopeNone, ScopeNone, ScopeNone),
	}
}

// Row gives what a role may see: every content with its scope.
func (a Access) Row(role string) map[string]string {
	role = cmp.Or(role, "none")
	out := maps.Clone(DefaultAccess()[role])
	if role == "none" || out == nil {
		return DefaultAccess()["none"]
	}
	for _, c := range AccessContents {
		out[c] = cmp.Or(a[role][c], out[c])
	}
	return out
}

// What a role may do in a chat beside reading, and to whose things.
const (
	doPromise  = "promise"  // log, close and move promises; close, put off and pass on follow-ups
	doAssign   = "assign"   // owners of customers; handovers
	doOverride = "override" // answer the gate's "ask"
	doAnswer   = "answer"   // questions that are put to nobody by name
)

var actScopes = map[string]map[string]string{
	"rep":     {doPromise: ScopeTeam},
	"manager": {doPromise: ScopeAll, doAssign: ScopeAll, doOverride: ScopeAll},
	"service": {doPromise: ScopeTeam},
	"ops":     {doPromise: ScopeAll, doAssign: ScopeAll, doOverride: ScopeAll, doAnswer: ScopeAll},
}

// eyes is what one of us sees in a chat. nil sees and does everything: callers at the terminal, jobs.
type eyes struct {
	l     *lookup
	me    *state.Staff
	ref   string
	table map[string]string
	near  map[uint64]int
	team  map[uint64]bool
}

// eyes gives those of a caller, nil of one who sees all.
func (s *Service) eyes(l *lookup, c Caller) (*eyes, error) {
	if !c.chatting() {
		return nil, nil
	}
	m, err := s.member(l.tx, c)
	if err != nil {
		return nil, err
	}
	return &eyes{l: l, me: m, ref: state.StaffMembers.Ref(m.Number), table: s.config.Access.Row(m.Role), near: map[uint64]int{}, team: map[uint64]bool{}}, nil
}

// reach is how wide a scope is: the index in [AccessScopes] turned round, so that what is nearer is more.
func reach(scope string) int { return len(AccessScopes) - slices.Index(AccessScopes, scope) }

// sees says whether a content of a customer may be seen. A customer that is gone is as far as any.
func (e *eyes) sees(content string, c *state.Customer) (bool, error) {
	if e == nil || e.table[content] == ScopeAll {
		return true, nil
	}
	if e.table[content] == ScopeNone || c == nil {
		return false, nil
	}
	n, err := e.nearness(c)
	return n >= reach(e.table[content]), err
}

// nearness says how near a customer is: the reach of the narrowest scope that it is in.
func (e *eyes) nearness(c *state.Customer) (int, error) {
	if n, ok := e.near[c.Number]; ok {
		return n, nil
	}
	people, err := e.whose(c)
	if err != nil {
		return 0, err
	}
	n := reach(ScopeAll)
	if c.Owner == "" && c.Number != 0 {
		n = reach(ScopeTeam)
	}
	for _, ref := range people {
		k, err := e.to(ref)
		if err != nil {
			return 0, err
		}
		n = max(n, k)
	}
	e.near[c.Number] = n
	return n, nil
}

// whose are the numbers of those of us whose a customer is: who answers for it, who stands in for
// them, who promised it something in what they wrote or by another's word; and of an organisation where a person works, the same.
func (e *eyes) whose(c *state.Customer) ([]string, error) {
	all := []*state.Customer{c}
	relations, err := e.l.relations(c)
	if err != nil {
		return nil, err
	}
	today := e.l.now.Format("2006-01-02")
	for _, r := range relations {
		if !r.Outgoing || r.Kind != relationWorksFor && r.Kind != relationBelongsTo || r.Until != "" && r.Until < today {
			continue
		}
		n, _ := state.Customers.ParseRef(r.Customer.Number)
		org, err := e.l.survivor(n)
		if err != nil {
			return nil, err
		}
		if org != nil {
			all = append(all, org)
		}
	}
	var out []string
	for _, c := range all {
		if m, err := e.l.member(c.Owner); err != nil {
			return nil, err
		} else if m != nil {
			out = append(out, c.Owner)
			if m.Deputy != 0 {
				out = append(out, state.StaffMembers.Ref(m.Deputy))
			}
		}
		promises, err := e.l.promisesOf(c)
		if err != nil {
			return nil, err
		}
		for _, p := range promises {
			// A promise that somebody merely logged for themselves opens nothing: anybody could.
			if p.Direction == state.Ours && p.By != "" && (p.Source != "" || p.Logged != p.By) {
				out = append(out, p.By)
			}
		}
	}
	return out, nil
}

// to says how near one of us is: oneself, one of the team, or somebody else.
func (e *eyes) to(ref string) (int, error) {
	if ref == e.ref {
		return reach(ScopeOwn), nil
	}
	m, err := e.l.member(ref)
	if err != nil || m == nil {
		return reach(ScopeAll), err
	}
	mate, known := e.team[m.Number]
	if !known {
		if mate, err = e.mate(m); err != nil {
			return 0, err
		}
		e.team[m.Number] = mate
	}
	if mate {
		return reach(ScopeTeam), nil
	}
	return reach(ScopeAll), nil
}

// mate says whether somebody has the same manager, or is led by the reader at any depth.
func (e *eyes) mate(m *state.Staff) (bool, error) {
	if m.Manager == 0 {
		return false, nil
	}
	if m.Manager == e.me.Manager {
		return true, nil
	}
	seen := map[uint64]bool{}
	for m != nil && m.Manager != 0 && !seen[m.Number] {
		if m.Manager == e.me.Number {
			return true, nil
		}
		seen[m.Number] = true
		var err error
		if m, err = e.l.member(state.StaffMembers.Ref(m.Manager)); err != nil {
			return false, err
		}
	}
	return false, nil
}

// mayDo refuses what a role may not do in a chat. whose is the number of whose thing it is, "" nobody's
// by name; c is the customer that it is about, nil where that does not count.
func (e *eyes) mayDo(act, whose string, c *state.Customer) error {
	if e == nil {
		return nil
	}
	scope := cmp.Or(actScopes[cmp.Or(e.me.Role, "none")][act], ScopeNone)
	n := 0
	if scope != ScopeNone {
		var err error
		if n, err = e.to(whose); err != nil {
			return err
		}
		if c != nil && whose == "" {
			if n, err = e.nearness(c); err != nil {
				return err
			}
		}
	}
	if scope != ScopeNone && n >= reach(scope) {
		return nil
	}
	args := state.Args{"act": act, "role": cmp.Or(e.me.Role, "none")}
	if name := e.l.name(whose); name != "" {
		args["name"] = name
	}
	return &state.Error{Class: state.Refused, Code: "chat_may_not", Args: args}
}

// meets refuses what is about a customer whom the reader does not know of, as if there were none.
func (e *eyes) meets(ref string, c *state.Customer) error {
	if ok, err := e.sees(SeeHeaders, c); err != nil || ok {
		return err
	}
	return noCustomer(ref, nil)
}

// withheld names the contents of a customer that the reader does not see.
func (e *eyes) withheld(c *state.Customer) ([]string, error) {
	var out []string
	for _, content := range AccessContents {
		ok, err := e.sees(content, c)
		if err != nil {
			return nil, err
		}
		if !ok {
			out = append(out, content)
		}
	}
	return out, nil
}
