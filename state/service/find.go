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
	rankFullReading // the whole name in Latin letters, where it is written in others
	rankWholeWords
	rankReading
	rankWords // or how they begin
	rankReadingBegun
	rankMixed // name and something else
	rankTag
	rankCompany
	rankInitials
	rankInitialsBegun
	rankSound // sounds like what was written in characters
	rankPart
	rankTypo
	rankTypoPart
)

// Why a hit fits.
const (
	whyNumber   = "number"
	whyOrder    = "order"
	whyTag      = "tag"
	whyName     = "name"
	whyCompany  = "company"
	whyPinyin   = "pinyin"
	whyInitials = "initials"
	whyTypo     = "typo"
)

const (
	defaultHits = 20
	maxTags     = 5_000 // distinct tags
	minTail     = 4     // digits of the end of a phone number that find looks for
	minRefTail  = 7     // and that name one customer
)

var noTime time.Time

// Find finds customers, best first: by number; by identifier or order number; by name: the whole, then words of it, then how
// these begin, in any order and spelling, Chinese names also in pinyin; by words in different places ("jana sternwarte"), tag,
// company; by the initials of a Chinese name, and by how it sounds. Only where none of these fits are letters inside a word and
// words with a typo looked for.
//
// Among those that fit alike the more recently active comes first, then the reader's own, then who bought, then the name and
// the number. Where very many fit, some of them are ranked, the reader's own and who bought before others, and More is set.
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
		h := &hits{l: l, limit: limit}
		if m, err := s.member(tx, CallerOf(ctx)); err != nil {
			return FindOut{}, err
		} else if m != nil {
			h.owner = state.StaffMembers.Ref(m.Number)
		}
		if err := s.search(h, query); err != nil {
			return FindOut{}, err
		}
		all, err := h.sorted()
		if err != nil {
			return FindOut{}, err
		}
		out := FindOut{Hits: []Hit{}, More: len(all) > limit || h.more && len(all) >= limit}
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
		byOrder, byNames, byTag, byDomain, byEmployer,
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
	for _, by := range []func(*hits, string) error{byTypo, byInside, byTypoBegun} {
		if len(h.list) > 0 {
			return nil
		}
		if err := by(h, query); err != nil {
			return err
		}
	}
	return nil
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
	l     *lookup
	owner string // the reader as a staff member's number, or ""
	limit int    // how many are wanted
	more  bool   // there may be others that fit
	list  []*found
	at    map[uint64]*found
	begun []wording // what byTypoBegun looks for
	effort
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

// sorted gives the hits, best first. It asks when customers were last active only where several fit alike, and only for those
// who may be among the wanted.
func (h *hits) sorted() ([]found, error) {
	slices.SortStableFunc(h.list, func(a, b *found) int { return cmp.Compare(a.rank, b.rank) })
	for i := 0; i < len(h.list) && i < max(h.limit, maxListed); {
		end := i + 1
		for end < len(h.list) && h.list[end].rank == h.list[i].rank {
			end++
		}
		if alike := h.list[i:end]; len(alike) > 1 {
			for _, f := range alike {
				var err error
				if f.active, err = h.l.lastActive(f.c); err != nil {
					return nil, err
				}
			}
			slices.SortFunc(alike, h.compare)
		}
		i = end
	}
	out := make([]found, len(h.list))
	for i, f := range h.list {
		out[i] = *f
	}
	return out, nil
}

func (h *hits) compare(a, b *found) int {
	return cmp.Or(b.active.Compare(a.active),
		boolOrder(h.owner != "" && a.c.Owner == h.owner, h.owner != "" && b.c.Owner == h.owner),
		boolOrder(a.c.Stage == state.StageCustomer, b.c.Stage == state.StageCustomer),
		strings.Compare(a.c.Name, b.c.Name), cmp.Compare(a.c.Number, b.c.Number))
}

// lastActive is when the customer's newest activity was; zero where there is none. What lies in
// the future (a meeting that was entered early) counts.
func (l *lookup) lastActive(c *state.Customer) (time.Time, error) {
	var last time.Time
	all, err := l.subjects(c)
	if err != nil {
		return last, err
	}
	for _, subject := range all {
		for a, err := range state.Activities.Read(l.tx, subject.key, state.Range{Reverse: true, Limit: 1}) {
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
