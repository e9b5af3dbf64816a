package service

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

const defaultAudit = 100

// AuditIn asks who saw and changed what; filters are joined by "and".
type AuditIn struct {
	Ref     string `json:"ref,omitempty"`   // a customer; also the number of one who is gone
	By      string `json:"by,omitempty"`    // a staff member, or "ops"
	Since   string `json:"since,omitempty"` // a day, ISO, in the reader's zone
	Reads   bool   `json:"reads,omitempty"` // only who looked
	Changes bool   `json:"changes,omitempty"`
	Limit   int    `json:"limit,omitempty"` // 0: 100
}

// AuditOut has the entries, newest first.
type AuditOut struct {
	Entries []AuditEntry `json:"entries"`
	More    bool         `json:"more"` // whether Limit cut the list
}

// AuditEntry is one entry of the change log or of the read log.
type AuditEntry struct {
	At        time.Time      `json:"at"`
	Kind      string         `json:"kind"` // read or change
	What      string         `json:"what"` // the question, or the change: brief, customer.merge
	Actor     string         `json:"actor"`
	Customers []CustomerRef  `json:"customers"` // at most five
	Args      state.Args     `json:"args,omitempty"`
	Touched   map[string]int `json:"touched,omitempty"` // documents by collection that a change wrote
	Request   string         `json:"request,omitempty"`
	From      string         `json:"from,omitempty"` // of a read: terminal, socket, chat
	Chat      string         `json:"chat,omitempty"` // the account of who asked in a chat: slack:T1:U7
	Number    uint64         `json:"number"`         // in its log
}

// The kinds of audit entries.
const (
	auditRead   = "read"
	auditChange = "change"
)

// Audit says who saw and changed what, newest first. Of a customer that is everything about the
// numbers and records that are one customer now, their orders included.
func (s *Service) Audit(ctx context.Context, in AuditIn) (AuditOut, error) {
	limit := in.Limit
	if limit <= 0 {
		limit = defaultAudit
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (AuditOut, error) {
		a := &audit{tx: tx, l: newLookup(tx, now), limit: limit + 1}
		if err := a.filter(ctx, s, in); err != nil {
			return AuditOut{}, err
		}
		var all []AuditEntry
		if !in.Changes || in.Reads {
			reads, err := a.reads()
			if err != nil {
				return AuditOut{}, err
			}
			all = append(all, reads...)
		}
		if !in.Reads || in.Changes {
			changes, err := a.changes()
			if err != nil {
				return AuditOut{}, err
			}
			all = append(all, changes...)
		}
		slices.SortStableFunc(all, func(a, b AuditEntry) int { return b.At.Compare(a.At) })
		out := AuditOut{Entries: all[:min(limit, len(all))], More: len(all) > limit}
		if out.Entries == nil {
			out.Entries = []AuditEntry{}
		}
		return out, nil
	})
}

// audit is one look into the logs.
type audit struct {
	tx    state.Tx
	l     *lookup
	limit int
	actor string    // "" is everybody
	since time.Time // zero: from the beginning
	about *trail    // nil: everybody
}

// trail is how a customer is found in the change log.
type trail struct {
	numbers map[uint64]bool
	records map[uint64]bool
	keys    map[string]map[uint64]bool // of other collections with numbers
	ids     [][]byte                   // prefixes of consents
}

func (a *audit) filter(ctx context.Context, s *Service, in AuditIn) error {
	if by := strings.TrimSpace(in.By); by != "" {
		a.actor = by
		if by != ops && !strings.HasPrefix(by, "job:") {
			m, err := s.staff(a.tx, by)
			if err != nil {
				return err
			}
			a.actor = state.StaffMembers.Ref(m.Number)
		}
	}
	if in.Since != "" {
		r, err := s.reader(ctx, a.tx)
		if err != nil {
			return err
		}
		if a.since, err = time.ParseInLocation(time.DateOnly, strings.TrimSpace(in.Since), r.zone); err != nil {
			return &state.Error{Class: state.Invalid, Code: "bad_date", Args: state.Args{"field": "--since", "value": in.Since, "allowed": "2026-11-01"}}
		}
	}
	if strings.TrimSpace(in.Ref) == "" {
		return nil
	}
	c, _, err := s.customer(a.tx, in.Ref)
	if state.IsClass(err, state.NotFound) {
		// Of somebody who is gone the logs still know the number.
		if n, ok := state.Customers.ParseRef(in.Ref); ok {
			a.about = &trail{numbers: map[uint64]bool{n: true}}
			return nil
		}
	}
	if err != nil {
		return err
	}
	a.about, err = trailOf(a.tx, c)
	return err
}

func trailOf(tx state.Tx, c *state.Customer) (*trail, error) {
	j, err := join(tx, c.Number)
	if err != nil {
		return nil, err
	}
	t := &trail{numbers: map[uint64]bool{}, records: map[uint64]bool{}, keys: map[string]map[uint64]bool{}}
	for _, r := range j.records {
		t.records[r.Key] = true
		orders, err := state.Records.By(tx, "party", state.Join(state.TextKey(r.Connection), state.TextKey(r.ID)))
		if err != nil {
			return nil, err
		}
		for _, o := range orders {
			t.records[o.Key] = true
		}
	}
	for _, id := range c.Identifiers {
		t.ids = append(t.ids, id.Key())
	}
	note := func(k *state.Kind, index string, n uint64) error {
		if t.keys[k.Name] == nil {
			t.keys[k.Name] = map[uint64]bool{}
		}
		key := state.NumberKey(n)
		for d, err := range tx.Scan(k, state.Range{Index: index, From: key, To: append(key, 0), KeysOnly: true}) {
			if err != nil {
				return err
			}
			t.keys[k.Name][state.KeyNumber(d.Key)] = true
		}
		return nil
	}
	for _, n := range j.numbers {
		t.numbers[n] = true
		for _, x := range []struct {
			k     *state.Kind
			index string
		}{{state.Promises.Kind, "base"}, {state.Followups.Kind, "base"}, {state.Handovers.Kind, "base"}, {state.Outbox.Kind, "base"}, {state.Holds.Kind, "base"}, {state.Questions.Kind, "customer"}, {state.Verdicts.Kind, "customer"}, {state.Relations.Kind, "customer"}} {
			if err := note(x.k, x.index, n); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// touches says whether a change touched anything of the customer.
func (t *trail) touches(c *state.ChangeEntry) bool {
	if ref := c.Args["customer"]; ref != "" {
		if n, ok := state.Customers.ParseRef(ref); ok && t.numbers[n] {
			return true
		}
	}
	for _, x := range c.Touched {
		for _, k := range x.Keys {
			switch x.Collection {
			case state.Customers.Kind.Name, state.Settings.Kind.Name:
				if t.numbers[state.KeyNumber(k)] {
					return true
				}
			case state.Records.Kind.Name, state.Links.Kind.Name:
				if t.records[state.KeyNumber(k)] {
					return true
				}
			case state.Activities.Kind.Name:
				if len(k) == 9 && (k[0] == 'c' && t.numbers[state.KeyNumber(k[1:])] || k[0] == 'r' && t.records[state.KeyNumber(k[1:])]) {
					return true
				}
			case state.Consents.Kind.Name, state.Sendings.Kind.Name:
				if slices.ContainsFunc(t.ids, func(id []byte) bool { return bytes.HasPrefix(k, id) }) {
					return true
				}
			default:
				if t.keys[x.Collection][state.KeyNumber(k)] {
					return true
				}
			}
		}
	}
	return false
}

func (a *audit) reads() ([]AuditEntry, error) {
	var found []*state.Read
	add := func(r *state.Read) bool {
		if r.At.Before(a.since) {
			return false
		}
		if a.actor == "" || r.Actor == a.actor {
			found = append(found, r)
		}
		return true
	}
	ranges := []state.Range{{Reverse: true}}
	if a.about != nil {
		ranges = nil
		for n := range a.about.numbers {
			r := state.PrefixRange("customer", state.NumberKey(n))
			r.Reverse = true
			ranges = append(ranges, r)
		}
	}
	for _, r := range ranges {
		n := len(found)
		for x, err := range state.Reads.All(a.tx, r) {
			if err != nil {
				return nil, err
			}
			if !add(x) || len(found)-n >= a.limit {
				break
			}
		}
	}
	slices.SortFunc(found, func(a, b *state.Read) int { return int(int64(b.Number) - int64(a.Number)) })
	var out []AuditEntry
	for _, r := range found[:min(len(found), a.limit)] {
		customers, err := a.customers(r.Customer)
		if err != nil {
			return nil, err
		}
		out = append(out, AuditEntry{At: r.At, Kind: auditRead, What: r.What, Actor: a.l.name(r.Actor), Customers: customers,
			Request: r.Request, From: r.From, Chat: r.Chat, Number: r.Number})
	}
	return out, nil
}

func (a *audit) changes() ([]AuditEntry, error) {
	out := []AuditEntry{}
	for c, err := range state.Changes.All(a.tx, state.Range{Reverse: true}) {
		if err != nil {
			return nil, err
		}
		if c.At.Before(a.since) || len(out) >= a.limit {
			break
		}
		if a.actor != "" && c.Actor != a.actor || a.about != nil && !a.about.touches(c) {
			continue
		}
		e := AuditEntry{At: c.At, Kind: auditChange, What: c.What, Actor: a.l.name(c.Actor), Args: c.Args, Touched: map[string]int{},
			Request: c.Request, Chat: c.Chat, Number: c.Number}
		var numbers []uint64
		for _, t := range c.Touched {
			e.Touched[t.Collection] = len(t.Keys)
			numbers = append(numbers, customersIn(&t)...)
		}
		slices.Sort(numbers)
		if numbers = slices.Compact(numbers); len(numbers) > maxNamed {
			numbers = nil
		}
		if e.Customers, err = a.customers(numbers...); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// customersIn gives the customers whose own things a change touched.
func customersIn(t *state.Touch) []uint64 {
	if len(t.Keys) > 10*maxNamed {
		return nil
	}
	var out []uint64
	for _, k := range t.Keys {
		switch {
		case t.Collection == state.Customers.Kind.Name, t.Collection == state.Settings.Kind.Name:
			out = append(out, state.KeyNumber(k))
		case t.Collection == state.Activities.Kind.Name && len(k) == 9 && k[0] == subjectCustomer[0]:
			out = append(out, state.KeyNumber(k[1:]))
		}
	}
	return out
}

// maxNamed is how many customers an entry names.
const maxNamed = 5

// customers names customers by the number that they had then; one who is gone is a number.
func (a *audit) customers(numbers ...uint64) ([]CustomerRef, error) {
	out := []CustomerRef{}
	for _, n := range numbers {
		ref := CustomerRef{Number: state.Customers.Ref(n)}
		c, err := a.l.survivor(n)
		if err != nil {
			return nil, err
		}
		if c != nil {
			ref.Name, ref.Kind = c.Name, c.Kind
		}
		out = append(out, ref)
	}
	return out, nil
}
