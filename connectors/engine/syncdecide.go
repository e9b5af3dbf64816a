package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors/engine/reconcile"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

const (
	maxConflicts = 500 // questions about conflicts that wait at a time
	keptPlans    = 20  // plans whose writes are kept
	decideBatch  = 200 // customers whose decisions are committed at once
)

// guardWrites refuses to change so much at a connection that something else is likelier. A plan that
// a person applies is that person's word.
func (s *syncing) guardWrites(ctx context.Context) {
	if s.in.Apply != "" || s.in.Dry {
		return
	}
	for _, p := range s.parts {
		if p.out.Error != nil || !p.approved {
			continue
		}
		n := 0
		for _, w := range s.plan.writes {
			if w.part == p && w.action != state.WriteCreate {
				n++
			}
		}
		if n <= fewGone {
			continue
		}
		if p.live < 0 {
			if err := p.countContacts(ctx); err != nil {
				p.out.Error = connectionError(p.c.Name, err)
				continue
			}
		}
		if float64(n) > p.guard()*float64(p.live) {
			p.out.Writes = n
			p.out.Error = &state.Error{Class: state.Refused, Code: "sync_guard", Args: state.Args{"connection": p.c.Name,
				"writes": strconv.Itoa(n), "known": number(p.live), "share": strconv.Itoa(int(100 * p.guard()))}}
		}
	}
}

// sendable says whether a write can be made in this run: its connection is part of it, works, and may
// be written to, by an earlier plan or by the one that is applied.
func (s *syncing) sendable(w *write) bool {
	return w.part != nil && w.part.out.Error == nil && w.part.conn != nil && (w.part.approved || s.in.Apply != "")
}

// digests tell, for each connection that works, what would be written there.
func (s *syncing) digests() []string {
	var out []string
	for _, p := range s.parts {
		if p.out.Error != nil || !p.c.writable() {
			continue
		}
		h := sha256.New()
		e := json.NewEncoder(h)
		for _, line := range s.lines(p) {
			_ = e.Encode(line) // a hash takes everything
		}
		out = append(out, p.c.Name+"="+hex.EncodeToString(h.Sum(nil)[:16]))
	}
	return out
}

// lines are a connection's writes in an order of their own, so that numbers that a dry run drew do
// not matter.
func (s *syncing) lines(p *part) []string {
	var lines []string
	for _, w := range s.plan.writes {
		if w.part != p {
			continue
		}
		id := w.key
		if r := w.record(); r != nil {
			id = r.ID
		}
		line, _ := json.Marshal([]any{w.action, id, w.planned()}) // plain values
		lines = append(lines, string(line))
	}
	slices.Sort(lines)
	return lines
}

// planned gives the fields of a write as they are kept with a plan.
func (w *write) planned() []state.PlannedField {
	var out []state.PlannedField
	if w.side < 0 {
		for _, f := range w.fields {
			values := f.Values
			if w.mark != nil {
				values = valuesIn(w.mark.mark.Without(w.fields), f.Name)
			}
			if len(values) > 0 {
				out = append(out, state.PlannedField{Field: f.Name, After: values, Why: service.WhyRule})
			}
		}
		if w.mark != nil {
			out = append(out, w.mark.planned())
		}
		return out
	}
	for _, c := range w.of.Changes {
		f := state.PlannedField{Field: c.Field, Before: c.Before, After: c.After, Why: c.Why}
		if c.From >= 0 {
			from := &w.group.sides[c.From]
			f.From, f.At = from.Connection, from.Modified
		}
		out = append(out, f)
	}
	if w.mark != nil {
		out = append(out, w.mark.planned())
	}
	return out
}

func (w *write) kept(plan string, seq int) *state.PlannedWrite {
	p := &state.PlannedWrite{Plan: plan, Seq: uint64(seq), Connection: w.name, Action: w.action, Name: w.group.customer.Name,
		Customer: w.group.customer.Number, Fields: w.planned(), Why: w.why(), Rule: w.rule, Key: w.key}
	if r := w.record(); r != nil {
		p.Record = r.ID
	}
	return p
}

// why is the reason for a write that people read first.
func (w *write) why() string {
	switch {
	case w.side < 0:
		return service.WhyRule
	case w.of.Delete:
		return reconcile.WhyDeleted
	case len(w.of.Changes) > 0:
		return w.of.Changes[0].Why
	case w.mark != nil:
		return w.mark.why()
	}
	return reconcile.WhyChanged
}

// keepPlan keeps a dry run's plan and the questions that it raises, in the state itself; nothing else
// of it is kept.
func (s *syncing) keepPlan(ctx context.Context) error {
	var sent []*write
	for _, w := range s.plan.writes {
		if w.part != nil && w.part.out.Error == nil {
			sent = append(sent, w)
			w.part.out.Writes++
			w.part.out.NeedsPlan = !w.part.approved
		}
	}
	plan := &state.Plan{State: state.PlanOpen, Digests: s.digests(), Full: s.in.Full, Moved: s.in.Moved, Writes: int64(len(sent))}
	for _, p := range s.parts {
		plan.Connections = append(plan.Connections, p.c.Name)
	}
	shown := &service.SyncPlan{}
	err := s.e.svc.Do(ctx, "sync.plan", nil, func(w *state.Writer) error {
		if err := s.keepQuestions(w, s.plan); err != nil {
			return err
		}
		if len(sent) > 0 {
			id, err := planID(w.Tx(), plan, w.Cause.At)
			if err != nil {
				return err
			}
			plan.ID, plan.By, plan.Created = id, w.Cause.Actor, w.Cause.At
			if err := state.Plans.Put(w, plan); err != nil {
				return err
			}
			for i, x := range sent {
				kept := x.kept(plan.ID, i+1)
				there, err := state.Customers.Find(w.Tx(), state.NumberKey(kept.Customer))
				if err != nil {
					return err
				}
				if there == nil {
					kept.Customer = 0
				}
				if err := state.PlannedWrites.Put(w, kept); err != nil {
					return err
				}
			}
			if err := prunePlans(w); err != nil {
				return err
			}
			found, err := s.e.svc.ShowPlan(w.Tx(), w.Cause.At, plan.ID)
			if err != nil {
				return err
			}
			*shown = *found
		}
		var err error
		shown.Questions, err = s.e.svc.ShowQuestions(w.Tx(), w.Cause.At, s.topics())
		return err
	})
	if err != nil {
		return err
	}
	if shown.Joined, err = s.joined(ctx); err != nil {
		return err
	}
	if shown.Writes == nil {
		shown.Writes = []service.SyncWrite{}
	}
	s.out.Plan = shown
	s.waiting()
	return nil
}

// topics are those of the questions that the plan raises.
func (s *syncing) topics() []string {
	var out []string
	for _, g := range s.plan.groups {
		for _, q := range g.asked {
			out = append(out, q.topic)
		}
	}
	return out
}

// waiting counts per connection the conflicts in which it takes part.
func (s *syncing) waiting() {
	for _, g := range s.plan.groups {
		for _, q := range g.asked {
			seen := map[string]bool{}
			for _, side := range q.of.Sides {
				name := g.sides[side].Connection
				if p := s.part(name); p != nil && !seen[name] {
					seen[name] = true
					p.out.Waiting++
				}
			}
		}
	}
}

// planID is short, and no other plan's: the same plan made again keeps its own.
func planID(tx state.Tx, plan *state.Plan, at time.Time) (string, error) {
	before, err := state.Plans.List(tx, state.Range{Index: "created", Reverse: true})
	if err != nil {
		return "", err
	}
	for _, p := range before {
		if p.State == state.PlanOpen && p.Full == plan.Full && p.Moved == plan.Moved && slices.Equal(p.Digests, plan.Digests) && slices.Equal(p.Connections, plan.Connections) {
			return p.ID, nil
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(plan.Digests, "\n") + at.Format(time.RFC3339Nano)))
	whole := hex.EncodeToString(sum[:])
	for n := 4; n < len(whole); n++ {
		found, err := state.Plans.Find(tx, state.TextKey(whole[:n]))
		if err != nil {
			return "", err
		}
		if found == nil {
			return whole[:n], nil
		}
	}
	return whole, nil
}

// prunePlans throws old plans away.
func prunePlans(w *state.Writer) error {
	old, err := state.Plans.List(w.Tx(), state.Range{Index: "created", Reverse: true})
	if err != nil {
		return err
	}
	for _, p := range old[min(len(old), keptPlans):] {
		writes, err := state.PlannedWrites.List(w.Tx(), state.PrefixRange("", state.TextKey(p.ID)))
		if err != nil {
			return err
		}
		for _, x := range writes {
			if _, err := state.PlannedWrites.Delete(w, state.Join(state.TextKey(x.Plan), state.NumberKey(x.Seq))); err != nil {
				return err
			}
		}
		if _, err := state.Plans.Delete(w, state.TextKey(p.ID)); err != nil {
			return err
		}
	}
	return nil
}

// samePlan refuses to apply a plan when something else would be written now.
func (s *syncing) samePlan(ctx context.Context) error {
	now := s.digests()
	stale := ""
	err := s.e.svc.Do(ctx, "sync.apply", state.Args{"plan": s.in.Apply}, func(w *state.Writer) error {
		stale = ""
		p, err := state.Plans.Get(w.Tx(), state.TextKey(s.in.Apply))
		if err != nil {
			return err
		}
		for _, d := range now {
			name, _, _ := strings.Cut(d, "=")
			if !slices.Contains(p.Digests, d) {
				stale = name
				break
			}
		}
		p.State, p.Applied = state.PlanApplied, w.Cause.At
		if stale != "" {
			p.State, p.Applied = state.PlanStale, time.Time{}
			return state.Plans.Put(w, p)
		}
		for _, part := range s.parts {
			if part.out.Error != nil || !part.c.writable() {
				continue
			}
			c, err := state.Connections.Get(w.Tx(), state.TextKey(part.c.Name))
			if err != nil {
				return err
			}
			if c.Approved.IsZero() {
				c.Approved, c.ApprovedBy = w.Cause.At, w.Cause.Actor
				if err := state.Connections.Put(w, c); err != nil {
					return err
				}
			}
		}
		return state.Plans.Put(w, p)
	})
	if err == nil && stale != "" {
		err = &state.Error{Class: state.Refused, Code: "plan_stale", Args: state.Args{"plan": s.in.Apply, "connection": stale}}
	}
	return err
}

// decide keeps what was decided: the shadows of all sides with what each owes, what people set and was
// overtaken, and the questions.
func (s *syncing) decide(ctx context.Context, p *plan) error {
	for groups := range slices.Chunk(p.groups, decideBatch) {
		err := s.svc.Do(ctx, whatKept, nil, func(w *state.Writer) error {
			for _, g := range groups {
				if err := s.keepGroup(w, g); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	err := s.svc.Do(ctx, "sync.ask", nil, func(w *state.Writer) error { return s.keepQuestions(w, p) })
	if err == nil {
		s.waiting()
	}
	return err
}

func (s *syncing) keepGroup(w *state.Writer, g *group) error {
	for i := range g.outcome.Shadows {
		if sameShadow(g.shadows[i], &g.outcome.Shadows[i], g.comparedWith(i)) {
			continue
		}
		key := state.HandShadow(g.customer.Number)
		if r := g.records[i]; r != nil {
			key = r.Key
		}
		if err := putShadow(w, key, g.comparedWith(i), g.outcome.Shadows[i]); err != nil {
			return err
		}
	}
	if err := s.keepMarks(w, g); err != nil {
		return err
	}
	for _, t := range g.outcome.HandTakenBack {
		if err := s.svc.TakeBackHand(w, g.customer, t.Field, t.Value); err != nil {
			return err
		}
	}
	return nil
}

// putShadow keeps a side's shadow; what is remembered of its mark stays.
func putShadow(w *state.Writer, key, customer uint64, x reconcile.Shadow) error {
	out := &state.Shadow{Record: key, Customer: customer, Fields: x.Fields, Owed: x.Owed, Maybe: x.Maybe, Untaken: x.Untaken, Gone: x.Gone}
	before, err := state.Shadows.Find(w.Tx(), state.NumberKey(key))
	if err != nil {
		return err
	}
	if before != nil {
		out.Mark, out.MarkSent, out.MarkKept = before.Mark, before.MarkSent, before.MarkKept
	}
	return state.Shadows.Put(w, out)
}

// keepQuestions asks about the conflicts of a plan, and drops questions about what is none any more.
// Of a dry run the questions are kept in the state itself, about customers who are there.
func (s *syncing) keepQuestions(w *state.Writer, p *plan) error {
	wanted := map[string]bool{}
	open := 0
	for q, err := range state.Questions.All(w.Tx(), state.Range{Index: "open"}) {
		if err != nil {
			return err
		}
		if q.Kind == state.QuestionConflict {
			open++
		}
	}
	for _, g := range p.groups {
		for _, x := range g.asked {
			wanted[x.topic] = true
			asked, err := s.askConflict(w, g, x, open < maxConflicts)
			if err != nil {
				return err
			}
			if asked {
				open++
			}
		}
	}
	if s.in.Dry {
		return nil // what a dry run saw is not so yet
	}
	return s.dropQuestions(w, p, wanted)
}

// askConflict keeps a conflict as a question; it says whether that is a new one.
func (s *syncing) askConflict(w *state.Writer, g *group, x *conflict, room bool) (bool, error) {
	there, err := s.e.svc.Survivor(w.Tx(), g.customer.Number)
	if s.in.Dry && (err != nil || there == nil) {
		return false, err
	}
	found, err := state.Questions.By(w.Tx(), "topic", state.TextKey(x.topic))
	if err != nil {
		return false, err
	}
	if len(found) > 0 && found[0].State == state.QuestionOpen && found[0].Digest == x.digest || len(found) == 0 && !room {
		return false, nil
	}
	q := &state.Question{Kind: state.QuestionConflict, Topic: x.topic, A: g.customer.Number, Field: x.of.Field, Created: w.Cause.At, Score: 60}
	fresh := len(found) == 0
	if fresh {
		if q.Number, err = state.Questions.Next(w); err != nil {
			return false, err
		}
	} else {
		q.Number = found[0].Number
		fresh = found[0].State != state.QuestionOpen
	}
	q.State, q.Digest = state.QuestionOpen, x.digest
	for i, side := range x.of.Sides {
		from := &g.sides[side]
		label := g.label(side, x.of.Sides)
		e := state.Evidence{Code: "field_differs", Args: state.Args{"field": x.of.Field, "connection": label, "value": service.Texts(x.of.Values[i])}}
		if !from.Modified.IsZero() {
			e.Args["at"] = from.Modified.Format(time.RFC3339)
		}
		if r := g.records[side]; r != nil {
			e.Record = r.Key
		}
		q.Reasons, q.Options = append(q.Reasons, e), append(q.Options, label)
	}
	return fresh, state.Questions.Put(w, q)
}

// dropQuestions takes back open questions about conflicts that are none any more.
func (s *syncing) dropQuestions(w *state.Writer, p *plan, wanted map[string]bool) error {
	var gone []*state.Question
	for q, err := range state.Questions.All(w.Tx(), state.Range{Index: "open"}) {
		if err != nil {
			return err
		}
		if q.Kind != state.QuestionConflict || wanted[q.Topic] {
			continue
		}
		c, err := s.svc.Survivor(w.Tx(), q.A)
		if err != nil {
			return err
		}
		if p.looked == nil || c == nil || p.looked[c.Number] {
			gone = append(gone, q)
		}
	}
	for _, q := range gone {
		if _, err := state.Questions.Delete(w, state.NumberKey(q.Number)); err != nil {
			return err
		}
	}
	return nil
}

// maxJoined is how many customers a dry run names whose records it joins.
const maxJoined = 50

// joined gives who was found to be one customer by what this run was told.
func (s *syncing) joined(ctx context.Context) ([]service.SyncJoined, error) {
	out := []service.SyncJoined{}
	err := s.svc.Look(ctx, func(tx state.Tx, now time.Time) error {
		out = out[:0]
		seen := map[uint64]bool{}
		for _, p := range s.parts {
			if p.run == nil {
				continue
			}
			told, err := state.Records.By(tx, "run", state.NumberKey(p.run.Number))
			if err != nil {
				return err
			}
			for _, r := range told {
				if r.Kind != state.KindContact || len(r.Versions) != 1 || len(out) == maxJoined {
					continue
				}
				x, n, err := s.svc.ShowJoined(tx, now, r)
				if err != nil {
					return err
				}
				if x != nil && !seen[n] {
					seen[n] = true
					out = append(out, *x)
				}
			}
		}
		return nil
	})
	return out, err
}
