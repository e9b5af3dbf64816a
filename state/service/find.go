package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// How well a hit fits, best first.
const (
	rankNumber = iota
	rankIdentifier
	rankFormer // had the identifier once
	rankFullName
	rankWholeWords
	rankWords // or how they begin
	rankTag
	rankCompany
	rankPart
)

// Why a hit fits.
const (
	whyNumber  = "number"
	whyOrder   = "order"
	whyTag     = "tag"
	whyName    = "name"
	whyCompany = "company"
)

const (
	defaultHits = 20
	maxScan     = 500_000 // index entries that one word is looked for among
	maxLoaded   = 500     // customers that are read and ranked for each way of fitting
	maxTags     = 5_000   // distinct tags
	minTail     = 4       // digits of the end of a phone number that find looks for
	minRefTail  = 7       // and that name one customer
)

var noTime time.Time

// Find finds customers, best first: by number, by identifier or order number, by exact name, by
// words that begin so, by tag, by company, and only where none of these fits, by letters inside a
// word. Among those that fit alike the more recently active comes first, then the lower number.
// Where more than 500 fit alike, the 500 first found are ranked.
func (s *Service) Find(ctx context.Context, in FindIn) (FindOut, error) {
	query := strings.TrimSpace(in.Query)
	if query == "" {
		return FindOut{}, &state.Error{Class: state.Invalid, Code: "query_missing"}
	}
	limit := in.Limit
	if limit <= 0 {
		limit = defaultHits
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (FindOut, error) {
		l := newLookup(tx, now)
		h := &hits{l: l}
		if err := s.search(h, query); err != nil {
			return FindOut{}, err
		}
		all, err := h.sorted()
		if err != nil {
			return FindOut{}, err
		}
		out := FindOut{Hits: []Hit{}, More: len(all) > limit}
		for _, f := range all[:min(len(all), limit)] {
			company, err := l.company(f.c)
			if err != nil {
				return FindOut{}, err
			}
			out.Hits = append(out.Hits, Hit{Customer: refOf(f.c), Company: company, Why: f.why, Match: f.match, Owner: l.name(f.c.Owner)})
		}
		return out, nil
	})
}

func (s *Service) search(h *hits, query string) error {
	n, ok, err := s.customerNumber(h.l, query)
	if err != nil {
		return err
	}
	if ok {
		if err := h.addNumber(n, rankNumber, whyNumber, state.Customers.Ref(n)); err != nil {
			return err
		}
	}
	for _, by := range []func(*hits, string) error{
		func(h *hits, q string) error { return s.byIdentifier(h, q, minTail) },
		byOrder, byWords, byTag, byDomain, byEmployer,
	} {
		if err := by(h, query); err != nil {
			return err
		}
	}
	if len(h.list) > 0 {
		return nil
	}
	if err := byAddressPart(h, query); err != nil {
		return err
	}
	return byPart(h, query)
}

// found is one customer that fits.
type found struct {
	c      *state.Customer
	rank   int
	why    string
	match  string
	active time.Time
}

// hits collects customers that fit, each once, as it fits best.
type hits struct {
	l    *lookup
	list []*found
	at   map[uint64]*found
}

func (h *hits) add(c *state.Customer, rank int, why, match string) {
	if h.at == nil {
		h.at = map[uint64]*found{}
	}
	if f := h.at[c.Number]; f != nil {
		if rank < f.rank {
			f.rank, f.why, f.match = rank, why, match
		}
		return
	}
	f := &found{c: c, rank: rank, why: why, match: match}
	h.at[c.Number] = f
	h.list = append(h.list, f)
}

func (h *hits) addNumber(n uint64, rank int, why, match string) error {
	c, err := h.l.survivor(n)
	if err == nil && c != nil {
		h.add(c, rank, why, match)
	}
	return err
}

func (h *hits) keep(fits func(*found) bool) {
	h.list = slices.DeleteFunc(h.list, func(f *found) bool {
		if fits(f) {
			return false
		}
		delete(h.at, f.c.Number)
		return true
	})
}

// sorted gives the hits, best first. It asks when customers were last active only where several
// fit alike.
func (h *hits) sorted() ([]found, error) {
	alike := map[int]int{}
	for _, f := range h.list {
		alike[f.rank]++
	}
	for _, f := range h.list {
		if alike[f.rank] > 1 {
			var err error
			if f.active, err = h.l.lastActive(f.c); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(h.list, func(a, b *found) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), b.active.Compare(a.active), cmp.Compare(a.c.Number, b.c.Number))
	})
	out := make([]found, len(h.list))
	for i, f := range h.list {
		out[i] = *f
	}
	return out, nil
}

// lastActive is when the customer's newest activity was; zero where there is none. What lies in
// the future (a meeting that was entered early) counts.
func (l *lookup) lastActive(c *state.Customer) (time.Time, error) {
	var last time.Time
	for _, subject := range subjects(c) {
		for a, err := range state.Activities.Read(l.tx, subject, state.Range{Reverse: true, Limit: 1}) {
			if err != nil {
				return last, err
			}
			if a.At.After(last) {
				last = a.At
			}
		}
	}
	return last, nil
}
