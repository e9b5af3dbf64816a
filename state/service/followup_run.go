package service

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

const (
	rulesActor     = "job:rules"
	rulesBatch     = 200 // customers that one transaction looks at
	rulesPerPerson = 20  // follow-ups that rules make for one person on one day
	rulesPerRun    = 500
	rulesShown     = 1000 // of those made, in the answer
)

// FollowupRun is one pass of the rules of kept.yaml: it makes the follow-ups that are due, closes
// those whose reason is gone, and passes on what nobody did. It looks at whoever changed since the
// last pass and at those for whom something came by time alone; where the rules changed, at
// everybody. What a pass made of an occasion no other makes again: the look and what is made of it
// are one transaction, so that a pass which is killed is gone on with by the next.
func (s *Service) FollowupRun(ctx context.Context, in FollowupRunIn) (FollowupRunOut, error) {
	caller := CallerOf(ctx)
	caller.Request = "" // a pass is many changes, each of which happens once by its occasion
	ctx = WithCaller(ctx, caller)
	p := &pass{s: s, ctx: ctx, dry: in.Dry, rules: s.config.Followups.Rules, made: map[string]int{}}
	p.out = FollowupRunOut{Rules: len(p.rules), Made: []Followup{}, Waiting: map[string]int{}, Dry: in.Dry}
	if len(p.rules) == 0 {
		return view(ctx, s, func(tx state.Tx, now time.Time) (FollowupRunOut, error) {
			r, err := s.reader(ctx, tx)
			p.out.Zone, p.out.Now = r.zone.String(), now
			return p.out, err
		})
	}
	for _, r := range p.rules {
		p.need.Need(r)
	}
	todo, err := p.begin()
	if err != nil {
		return FollowupRunOut{}, err
	}
	steps := state.Begin(ctx, state.Customers.Kind.Name, int64(len(todo)))
	for batch := range slices.Chunk(todo, rulesBatch) {
		if err := p.batch(batch); err != nil {
			return FollowupRunOut{}, err
		}
		steps.Did(int64(len(batch)))
	}
	if err := p.end(); err != nil {
		return FollowupRunOut{}, err
	}
	return p.out, nil
}

// pass is one pass of the rules.
type pass struct {
	s      *Service
	ctx    context.Context
	dry    bool
	rules  []*followup.Rule
	need   followup.Needs
	memory rulesMemory
	last   uint64         // of the change log, when it began
	over   []string       // hours that are over
	made   map[string]int // today, by whom they are for
	left   int            // that this pass may make
	began  time.Time
	out    FollowupRunOut
}

// begin remembers since when rules are there, before anything is made of them, and finds whom to
// look at.
func (p *pass) begin() ([]uint64, error) {
	var todo []uint64
	shape := shapeOf(&p.s.config.Followups)
	look := func(tx state.Tx, now time.Time) error {
		r, err := p.s.reader(p.ctx, tx)
		if err != nil {
			return err
		}
		p.out.Zone, p.out.Now, p.began = r.zone.String(), now, now
		l := newLookup(tx, now)
		if p.memory, err = rulesRemembered(tx); err != nil {
			return err
		}
		numbers, last, some, err := changedSince(tx, l, p.memory.Change)
		if err != nil {
			return err
		}
		due, over, err := scheduled(tx, now)
		if err != nil {
			return err
		}
		p.last, p.over = last, over
		if p.memory.Shape != shape || !some {
			p.memory.Shape, p.memory.Full, p.memory.Upto = shape, true, 0
		}
		for _, r := range p.rules {
			if p.memory.Since[r.Name].IsZero() {
				p.memory.Since[r.Name] = now
			}
		}
		todo = todo[:0]
		if p.memory.Full {
			todo, err = scanNumbers(tx, state.Range{Index: "live", From: state.NumberKey(p.memory.Upto + 1)}, 0)
		}
		if err != nil {
			return err
		}
		todo = append(todo, numbers...)
		todo = append(todo, due...)
		if todo, err = survivors(l, todo); err != nil {
			return err
		}
		return p.count(l)
	}
	p.left = cmp.Or(p.s.config.Followups.PerRun, rulesPerRun)
	if p.dry {
		return todo, p.s.Look(p.ctx, look)
	}
	err := p.s.Do(p.ctx, "followup.run", nil, func(w *state.Writer) error {
		if err := look(w.Tx(), w.Cause.At); err != nil {
			return err
		}
		return p.memory.keep(w)
	})
	return todo, err
}

// survivors gives the customers to whom numbers belong now, each once.
func survivors(l *lookup, numbers []uint64) ([]uint64, error) {
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	seen := numberSet{}
	out := numbers[:0]
	for _, n := range numbers {
		c, err := l.survivor(n)
		if err != nil {
			return nil, err
		}
		delete(l.customers, n) // there may be a hundred thousand
		if c == nil || seen.has(c.Number) {
			continue
		}
		seen.add(c.Number)
		out = append(out, c.Number)
	}
	slices.Sort(out)
	return out, nil
}

// count counts what rules made for each person today.
func (p *pass) count(l *lookup) error {
	clear(p.made)
	for f, err := range state.Followups.All(l.tx, state.Range{Reverse: true}) {
		if err != nil {
			return err
		}
		if l.now.Sub(f.Made) > 48*time.Hour {
			return nil
		}
		if f.Rule == "" {
			continue
		}
		zone, err := p.s.zoneOf(l, f.For)
		if err != nil {
			return err
		}
		if date(f.Made.In(zone)).Equal(date(l.now.In(zone))) {
			p.made[f.For]++
		}
	}
	return nil
}

// zoneOf is a staff member's zone, else the configured one.
func (s *Service) zoneOf(l *lookup, who string) (*time.Location, error) {
	m, err := l.member(who)
	if err != nil || m == nil {
		return s.zone(), err
	}
	return s.zone(m.Zone), nil
}

// batch looks at some customers, in one transaction.
func (p *pass) batch(numbers []uint64) error {
	// A closure may be run again, and must begin as it began the first time.
	made, left, out := maps2(p.made), p.left, p.out
	look := func(w *state.Writer, tx state.Tx, now time.Time) error {
		p.made, p.left = maps2(made), left
		p.out = out
		p.out.Made, p.out.Waiting = slices.Clone(out.Made), maps2(out.Waiting)
		b := &passBatch{pass: p, w: w, l: p.s.lookup(tx, now, reader{}), next: map[uint64]time.Time{}}
		keys := make([][]byte, len(numbers))
		for i, n := range numbers {
			keys[i] = state.NumberKey(n)
		}
		customers, err := state.Customers.Many(tx, keys)
		if err != nil {
			return err
		}
		for _, c := range customers {
			if c == nil || c.Into != 0 { // merged meanwhile: the change log tells of it
				continue
			}
			if err := b.customer(c); err != nil {
				return err
			}
		}
		if w == nil {
			return nil
		}
		if p.memory.Full {
			p.memory.Upto = max(p.memory.Upto, numbers[len(numbers)-1])
			if err := p.memory.keep(w); err != nil {
				return err
			}
		}
		return schedule(w, b.next)
	}
	if p.dry {
		return p.s.Look(p.ctx, func(tx state.Tx, now time.Time) error { return look(nil, tx, now) })
	}
	return p.s.Do(p.ctx, "followup.run", nil, func(w *state.Writer) error {
		w.Cause.Actor = rulesActor
		return look(w, w.Tx(), w.Cause.At)
	})
}

func maps2(m map[string]int) map[string]int {
	out := make(map[string]int, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// end passes on what nobody did, and remembers how far the pass has come.
func (p *pass) end() error {
	if p.dry {
		return nil
	}
	return p.s.Do(p.ctx, "followup.run", nil, func(w *state.Writer) error {
		w.Cause.Actor = rulesActor
		p.out.Escalated = 0
		b := &passBatch{pass: p, w: w, l: p.s.lookup(w.Tx(), w.Cause.At, reader{})}
		if err := b.escalate(); err != nil {
			return err
		}
		p.memory.Change, p.memory.Full, p.memory.Upto, p.memory.Began = p.last, false, 0, p.began
		for _, name := range p.over {
			if err := w.PutBlob(name, nil); err != nil {
				return err
			}
		}
		return p.memory.keep(w)
	})
}
