package service

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/match"
)

// CheckLinksIn asks for every link to be found out anew.
type CheckLinksIn struct{}

// CheckLinksOut says which links would be others.
type CheckLinksOut struct {
	Records     int64            `json:"records"` // contacts and organisations
	Customers   int64            `json:"customers"`
	Differences []LinkDifference `json:"differences"`
	Unfinished  int64            `json:"unfinished,omitempty"` // records that wait to be linked by what was learnt
}

// LinkDifference is a record that is linked to another customer than it should be. Is is empty
// where it is linked to none.
type LinkDifference struct {
	Record RecordRef        `json:"record"`
	Says   string           `json:"says"`
	Is     CustomerRef      `json:"is"`
	Should CustomerRef      `json:"should"`
	Why    []state.Evidence `json:"evidence"` // why it should be there
}

// CheckLinks finds out every link anew from all records and from what people said, trusts none
// that is stored, and changes nothing. The numbers that are a record's own are taken as they are:
// people's words speak of them. It holds one group at a time, and the numbers of its members until
// the records have come there.
func (s *Service) CheckLinks(ctx context.Context, _ CheckLinksIn) (CheckLinksOut, error) {
	var out CheckLinksOut
	err := s.Look(ctx, func(tx state.Tx, _ time.Time) error {
		model, err := s.contacts(tx)
		if err != nil {
			return err
		}
		if out, err = s.linksBy(ctx, tx, model, nil); err != nil {
			return err
		}
		left, err := relinkLeft(tx)
		out.Unfinished = left.left()
		return err
	})
	return out, err
}

// linksBy finds out every link anew as a model weighs, and tells asked, where it is not nil, of each
// pair of records that would be asked about, some of them twice.
func (s *Service) linksBy(ctx context.Context, tx state.Tx, model *match.Contacts, asked func(a, b uint64)) (CheckLinksOut, error) {
	out := CheckLinksOut{Differences: []LinkDifference{}}
	err := func() error {
		words, err := wordsOf(tx)
		if err != nil {
			return err
		}
		judge := model.Judge()
		done := map[uint64]bool{}
		fresh := 0
		steps := state.Begin(ctx, state.Records.Kind.Name, 0)
		for r, err := range state.Records.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			steps.Did(1)
			if r.Kind != state.KindContact && r.Kind != state.KindOrganisation || done[r.Key] {
				delete(done, r.Key) // the records come in the order of their numbers
				continue
			}
			if fresh++; fresh%judgedRecords == 0 {
				judge = model.Judge()
			}
			c := emptyComponent(tx, words, newMet(judge))
			c.fresh = true
			if err := s.checkComponent(c, r.Key, done, &out); err != nil {
				return err
			}
			if asked != nil {
				if err := c.wouldAsk(asked); err != nil {
					return err
				}
			}
			delete(done, r.Key)
		}
		return nil
	}()
	return out, err
}

// wouldAsk tells of the pairs of a component's records, and of those that are likely one with them, that would be asked about.
func (c *component) wouldAsk(tell func(a, b uint64)) error {
	own := maps.Clone(c.records)
	c.add(c.met.likely()...)
	if err := c.grow(); err != nil {
		return err
	}
	_, asks := identity.Partition(c.nodes(), c.words, c.met.pairings(), c.met.judge)
	for _, a := range asks {
		if own[a.A] != nil || own[a.B] != nil {
			tell(min(a.A, a.B), max(a.A, a.B))
		}
	}
	return nil
}

// judgedRecords is how many groups one judge weighs before it is forgotten with all that it read.
const judgedRecords = 2000

func (s *Service) checkComponent(c *component, first uint64, done map[uint64]bool, out *CheckLinksOut) error {
	c.add(first)
	if err := c.grow(); err != nil {
		return err
	}
	groups, _ := identity.Partition(c.nodes(), c.words, c.met.pairings(), c.met.judge)
	for _, g := range groups {
		out.Customers++
		should := uint64(0)
		for _, n := range g.Nodes {
			for _, h := range n.Homes {
				if should == 0 || h < should {
					should = h
				}
			}
		}
		for _, n := range g.Nodes {
			k := n.Record.Key
			out.Records++
			done[k] = true
			l := c.links[k]
			if l != nil && l.Base == should && should != 0 {
				continue
			}
			d := LinkDifference{Record: RecordRef{Connection: n.Record.Connection, Kind: n.Record.Kind, ID: n.Record.ID, Number: state.Records.Ref(k)},
				Says: recordLine(n.Record), Why: slices.Clone(g.Evidence[k])}
			if d.Why == nil {
				d.Why = []state.Evidence{}
			}
			var err error
			if l != nil {
				if d.Is, err = s.refOf(c.tx, l.Base); err != nil {
					return err
				}
			}
			if should != 0 {
				if d.Should, err = s.refOf(c.tx, should); err != nil {
					return err
				}
			}
			out.Differences = append(out.Differences, d)
		}
	}
	return nil
}
