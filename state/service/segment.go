package service

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// maxSaved is how many saved looks at one segment are kept.
const maxSaved = 100

// segmentPage is how many customers one transaction looks at, so that nobody else's writing waits for
// pages of the file that a long reading holds.
const segmentPage = 500

// members gives who is in each of some segments, by number. It looks at everybody, a page at a time: who
// changes meanwhile counts as they were when their page was read.
func (s *Service) members(ctx context.Context, segments []*followup.Segment) ([][]uint64, error) {
	var need followup.Needs
	for _, x := range segments {
		need.NeedCondition(x.If)
	}
	out := make([][]uint64, len(segments))
	for upto, more := uint64(0), true; more; {
		page := make([][]uint64, len(segments))
		var last uint64
		err := s.Look(ctx, func(tx state.Tx, now time.Time) error {
			clear(page)
			l := newSegmentLookup(s, tx, now)
			numbers, err := scanNumbers(tx, state.Range{Index: "live", From: state.NumberKey(upto + 1)}, segmentPage)
			if err != nil {
				return err
			}
			if more = len(numbers) == segmentPage; len(numbers) > 0 {
				last = numbers[len(numbers)-1]
			}
			keys := make([][]byte, len(numbers))
			for i, n := range numbers {
				keys[i] = state.NumberKey(n)
			}
			customers, err := state.Customers.Many(tx, keys)
			if err != nil {
				return err
			}
			for _, c := range customers {
				if c == nil {
					continue
				}
				f, err := s.facts(l, c, need)
				if err != nil {
					return err
				}
				env := f.Env()
				for i, x := range segments {
					if x.If.Holds(env) {
						page[i] = append(page[i], c.Number)
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for i := range out {
			out[i] = append(out[i], page[i]...)
		}
		upto = last
	}
	return out, nil
}

func (s *Service) segment(name string) (*followup.Segment, error) {
	all := s.config.Followups.Segments
	i := slices.IndexFunc(all, func(x *followup.Segment) bool { return x.Name == name })
	if i < 0 {
		var names []string
		for _, x := range all {
			names = append(names, x.Name)
		}
		return nil, &state.Error{Class: state.NotFound, Code: "no_segment", Args: state.Args{"name": name, "names": strings.Join(names, ", ")}}
	}
	return all[i], nil
}

// SegmentList gives the segments, with how many customers are in each.
func (s *Service) SegmentList(ctx context.Context, _ SegmentListIn) (SegmentListOut, error) {
	out, err := view(ctx, s, func(tx state.Tx, _ time.Time) (SegmentListOut, error) {
		out := SegmentListOut{Segments: []Segment{}}
		for _, x := range s.config.Followups.Segments {
			looks, err := savedLooks(tx, x.Name)
			if err != nil {
				return out, err
			}
			shown := Segment{Name: x.Name, Condition: x.If.Source}
			if len(looks) > 0 {
				shown.Saved = looks[len(looks)-1].At
			}
			out.Segments = append(out.Segments, shown)
		}
		return out, nil
	})
	if err != nil || len(out.Segments) == 0 {
		return out, err
	}
	members, err := s.members(ctx, s.config.Followups.Segments)
	for i, in := range members {
		out.Segments[i].Count = len(in)
	}
	return out, err
}

func newSegmentLookup(s *Service, tx state.Tx, now time.Time) *lookup {
	return s.lookup(tx, now, reader{})
}

// SegmentShow gives who is in a segment.
func (s *Service) SegmentShow(ctx context.Context, in SegmentShowIn) (SegmentShowOut, error) {
	x, err := s.segment(in.Name)
	if err != nil {
		return SegmentShowOut{Customers: []Customer{}}, err
	}
	out := SegmentShowOut{Segment: Segment{Name: x.Name, Condition: x.If.Source}, Customers: []Customer{}}
	members, err := s.members(ctx, []*followup.Segment{x})
	if err != nil {
		return out, err
	}
	numbers := members[0]
	out.Segment.Count = len(numbers)
	if in.Limit > 0 {
		numbers = numbers[:min(in.Limit, len(numbers))]
	}
	for page := range slices.Chunk(numbers, segmentPage) {
		shown, err := view(ctx, s, func(tx state.Tx, now time.Time) (list []Customer, err error) {
			l := newSegmentLookup(s, tx, now)
			for _, n := range page {
				c, err := l.survivor(n)
				if err != nil {
					return nil, err
				}
				if c == nil || c.Number != n { // forgotten or merged meanwhile
					continue
				}
				one, err := l.show(c)
				if err != nil {
					return nil, err
				}
				list = append(list, one)
			}
			return list, nil
		})
		if err != nil {
			return out, err
		}
		out.Customers = append(out.Customers, shown...)
	}
	slices.SortStableFunc(out.Customers, func(a, b Customer) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// segmentLook is who was in a segment at a time.
type segmentLook struct {
	At time.Time `json:"at"`
	In []uint64  `json:"in"`
}

func savedLooks(tx state.Tx, name string) ([]segmentLook, error) {
	b, err := tx.Blob(state.BlobSegment + name)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	var out []segmentLook
	if json.Unmarshal(b, &out) != nil {
		return nil, nil
	}
	return out, nil
}

// SegmentDiff gives who came into a segment and who went out since it was saved. With Save who is in
// it now is kept.
func (s *Service) SegmentDiff(ctx context.Context, in SegmentDiffIn) (SegmentDiffOut, error) {
	x, err := s.segment(in.Name)
	if err != nil {
		return SegmentDiffOut{}, err
	}
	members, err := s.members(ctx, []*followup.Segment{x})
	if err != nil {
		return SegmentDiffOut{}, err
	}
	now64 := members[0]
	compare := func(tx state.Tx, now time.Time) (SegmentDiffOut, []segmentLook, error) {
		out := SegmentDiffOut{Segment: Segment{Name: x.Name, Condition: x.If.Source}, Changes: []SegmentChange{}, Now: now}
		l := newSegmentLookup(s, tx, now)
		out.Segment.Count = len(now64)
		looks, err := savedLooks(tx, x.Name)
		if err != nil {
			return out, nil, err
		}
		var before *segmentLook
		for i := range looks {
			out.Segment.Saved = looks[i].At
			if in.Since.IsZero() || !looks[i].At.After(in.Since) {
				before = &looks[i]
			}
		}
		if before != nil {
			out.Since = before.At
			if err := l.changes(&out, before.In, now64); err != nil {
				return out, nil, err
			}
		}
		return out, append(looks, segmentLook{At: now, In: now64}), nil
	}
	if !in.Save {
		return view(ctx, s, func(tx state.Tx, now time.Time) (SegmentDiffOut, error) {
			out, _, err := compare(tx, now)
			return out, err
		})
	}
	return change(ctx, s, "segment.save", state.Args{"name": x.Name}, func(w *state.Writer) (SegmentDiffOut, error) {
		out, looks, err := compare(w.Tx(), w.Cause.At)
		if err != nil {
			return out, err
		}
		if len(looks) > maxSaved {
			looks = looks[len(looks)-maxSaved:]
		}
		b, err := json.Marshal(looks)
		if err != nil {
			return out, err
		}
		out.Saved = true
		return out, w.PutBlob(state.BlobSegment+x.Name, b)
	})
}

// changes adds who came and who went. Who was merged since is who they are now, and who was forgotten
// is nobody.
func (l *lookup) changes(out *SegmentDiffOut, before, now []uint64) error {
	was := map[uint64]bool{}
	for _, n := range before {
		c, err := l.survivor(n)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		if was[c.Number] = true; !isIn(now, c.Number) {
			x := SegmentChange{Change: "out", Customer: refOf(c)}
			if !slices.Contains(out.Changes, x) {
				out.Changes = append(out.Changes, x)
			}
		}
	}
	for _, n := range now {
		if was[n] {
			continue
		}
		c, err := l.survivor(n)
		if err != nil {
			return err
		}
		if c == nil { // forgotten meanwhile
			continue
		}
		out.Changes = append(out.Changes, SegmentChange{Change: "in", Customer: refOf(c)})
	}
	slices.SortStableFunc(out.Changes, func(a, b SegmentChange) int {
		return strings.Compare(a.Change+a.Customer.Name, b.Change+b.Customer.Name)
	})
	return nil
}

// isIn says whether ascending numbers have one.
func isIn(ascending []uint64, n uint64) bool {
	_, ok := slices.BinarySearch(ascending, n)
	return ok
}
