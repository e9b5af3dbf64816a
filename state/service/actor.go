package service

import (
	"context"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// ops is the actor where the caller's login is no staff member's.
const ops = "ops"

// actor gives who a caller is in the change log and in histories: the number of the staff member
// with that account or login ("s2"), a job's own name ("job:sync"), else "ops". Whoever asks in a chat
// and is nobody of us is refused.
func (s *Service) actor(tx state.Tx, c Caller) (string, error) {
	if c.From == FromJob {
		return c.Login, nil
	}
	m, err := s.member(tx, c)
	if err != nil {
		return "", err
	}
	if m == nil {
		return ops, nil
	}
	return state.StaffMembers.Ref(m.Number), nil
}

// actorName gives an actor as people read it: a staff member's name, else the actor as it stands.
func actorName(tx state.Tx, actor string) string {
	n, ok := state.StaffMembers.ParseRef(actor)
	if !ok {
		return actor
	}
	m, err := state.StaffMembers.Find(tx, state.NumberKey(n))
	if err != nil || m == nil || m.Name == "" {
		return actor
	}
	return m.Name
}

// staffByLogin gives the staff member with a login, or nil.
func staffByLogin(tx state.Tx, login string) (*state.Staff, error) {
	login = strings.TrimSpace(login)
	if login == "" {
		return nil, nil
	}
	found, err := state.StaffMembers.By(tx, "login", state.TextKey(login))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// reader is whoever reads an answer.
type reader struct {
	staff    *state.Staff // nil where no staff member
	zone     *time.Location
	language string
}

// reader gives the reader's zone and language: the zone that was asked for, else the staff
// member's own, else the caller's, else the configuration's, else UTC and English.
func (s *Service) reader(ctx context.Context, tx state.Tx) (reader, error) {
	caller := CallerOf(ctx)
	m, err := s.member(tx, caller)
	if err != nil {
		return reader{}, err
	}
	r := reader{staff: m, zone: s.zone(caller.Zone), language: s.config.Language}
	if m != nil {
		r.zone = s.zone(m.Zone, caller.Zone)
		if caller.ZoneAsked {
			r.zone = s.zone(caller.Zone, m.Zone)
		}
		if m.Language != "" {
			r.language = m.Language
		}
	}
	if r.language == "" {
		r.language = "en"
	}
	return r, nil
}

// zone gives the first of the named zones that exists, else the configuration's, else UTC.
func (s *Service) zone(names ...string) *time.Location {
	for _, name := range append(names, s.config.Zone) {
		if loc, ok := zoneByName(name); ok {
			return loc
		}
	}
	return time.UTC
}

// zoneByName knows IANA names only: what "Local" means differs from machine to machine.
func zoneByName(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	return loc, err == nil
}

// lookup reads what an answer names again and again, each thing once. It lives as long as its
// transaction.
type lookup struct {
	tx        state.Tx
	now       time.Time
	nonce     string
	asked     bool
	staff     map[uint64]*state.Staff
	customers map[uint64]*state.Customer // by any number: whom it belongs to now
	records   map[uint64]uint64          // record -> number of its customer

	s         *Service     // nil where nothing of it is needed
	reader    *state.Staff // who reads; nil: nobody of us
	mailRules *mailRules
	mail      *bool // whether there is any; nil: not asked yet
	marked    *bool // whether there are marks
	boxes     map[string]box
	sent      *bool // whether anything was ever sent to anybody; nil: not asked yet
}

func newLookup(tx state.Tx, now time.Time) *lookup {
	return &lookup{tx: tx, now: now, staff: map[uint64]*state.Staff{},
		customers: map[uint64]*state.Customer{}, records: map[uint64]uint64{}}
}

// id gives a number its form that no other state has: "<nonce>-c812".
func (l *lookup) id(number string) (string, error) {
	if !l.asked {
		b, err := l.tx.Blob(state.BlobNonce)
		if err != nil {
			return "", err
		}
		l.nonce, l.asked = string(b), true
	}
	if l.nonce == "" {
		return number, nil
	}
	return l.nonce + "-" + number, nil
}

// member gives the staff member whose number as text is ref, or nil.
func (l *lookup) member(ref string) (*state.Staff, error) {
	n, ok := state.StaffMembers.ParseRef(ref)
	if !ok {
		return nil, nil
	}
	if m, ok := l.staff[n]; ok {
		return m, nil
	}
	m, err := state.StaffMembers.Find(l.tx, state.NumberKey(n))
	if err != nil {
		return nil, err
	}
	l.staff[n] = m
	return m, nil
}

// name is actorName, remembered. "" stays "".
func (l *lookup) name(actor string) string {
	if m, err := l.member(actor); err == nil && m != nil && m.Name != "" {
		return m.Name
	}
	return actor
}

// survivor gives the customer to whom a number belongs now, or nil.
func (l *lookup) survivor(n uint64) (*state.Customer, error) {
	if c, ok := l.customers[n]; ok {
		return c, nil
	}
	c, err := state.Customers.Find(l.tx, state.NumberKey(n))
	for range maxInto {
		if err != nil || c == nil || c.Into == 0 {
			break
		}
		c, err = state.Customers.Find(l.tx, state.NumberKey(c.Into))
	}
	if err != nil {
		return nil, err
	}
	l.customers[n] = c
	return c, nil
}

// maxInto bounds how many times a customer's number is followed; a longer chain would be damage.
const maxInto = 64

// ofRecord gives the customer of a contact or organisation record, or nil.
func (l *lookup) ofRecord(record uint64) (*state.Customer, error) {
	n, ok := l.records[record]
	if !ok {
		link, err := state.Links.Find(l.tx, state.NumberKey(record))
		if err != nil {
			return nil, err
		}
		if link != nil {
			n = link.Base
		}
		l.records[record] = n
	}
	if n == 0 {
		return nil, nil
	}
	return l.survivor(n)
}

// bases gives the base customers of a customer, the survivor first.
func bases(c *state.Customer) []uint64 {
	if len(c.Bases) == 0 {
		return []uint64{c.Number}
	}
	return c.Bases
}
