package service

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// Sync brings connections in step, through the engine.
func (s *Service) Sync(ctx context.Context, in SyncIn) (SyncOut, error) {
	if s.conns == nil {
		return SyncOut{}, &state.Error{Class: state.Failed, Code: "no_connections"}
	}
	s.busy.Add(1)
	defer s.busy.Add(-1)
	out, err := s.conns.Sync(ctx, in)
	return out, s.watchAfter(ctx, in.Dry, err)
}

// ConnectionCheck asks connections whether they work.
func (s *Service) ConnectionCheck(ctx context.Context, in ConnectionCheckIn) (ConnectionCheckOut, error) {
	if s.conns == nil {
		return ConnectionCheckOut{}, &state.Error{Class: state.Failed, Code: "no_connections"}
	}
	return s.conns.ConnectionCheck(ctx, in)
}

const defaultPlans = 20

// PlanList gives plans without their writes, newest first.
func (s *Service) PlanList(ctx context.Context, in PlanListIn) (PlanListOut, error) {
	limit := in.Limit
	if limit == 0 {
		limit = defaultPlans
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (PlanListOut, error) {
		out := PlanListOut{Plans: []SyncPlan{}}
		l := newLookup(tx, now)
		plans, err := state.Plans.List(tx, state.Range{Index: "created", Reverse: true, Limit: limit})
		if err != nil {
			return out, err
		}
		for _, p := range plans {
			out.Plans = append(out.Plans, l.plan(p))
		}
		return out, nil
	})
}

func (l *lookup) plan(p *state.Plan) SyncPlan {
	return SyncPlan{ID: p.ID, State: p.State, Created: p.Created, By: l.name(p.By), Writes: []SyncWrite{}, Questions: []Question{}, Joined: []SyncJoined{}}
}

// PlanShow gives one plan with its writes. The error is [state.NotFound] with the code "no_such_plan".
func (s *Service) PlanShow(ctx context.Context, in PlanShowIn) (PlanShowOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (PlanShowOut, error) {
		plan, err := s.ShowPlan(tx, now, in.ID)
		if err != nil {
			return PlanShowOut{}, err
		}
		return PlanShowOut{Plan: *plan}, nil
	})
}

// ShowPlan gives a kept plan as people read it.
func (s *Service) ShowPlan(tx state.Tx, now time.Time, id string) (*SyncPlan, error) {
	p, err := state.Plans.Find(tx, state.TextKey(id))
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, &state.Error{Class: state.NotFound, Code: "no_such_plan", Args: state.Args{"plan": id}}
	}
	l := newLookup(tx, now)
	out := l.plan(p)
	writes, err := state.PlannedWrites.List(tx, state.PrefixRange("", state.TextKey(id)))
	if err != nil {
		return nil, err
	}
	for _, w := range writes {
		shown, err := l.plannedWrite(w)
		if err != nil {
			return nil, err
		}
		out.Writes = append(out.Writes, shown)
	}
	return &out, nil
}

func (l *lookup) plannedWrite(p *state.PlannedWrite) (SyncWrite, error) {
	out := SyncWrite{Connection: p.Connection, Action: p.Action, Record: p.Record, Why: p.Why, Rule: p.Rule, State: WritePlanned,
		Customer: CustomerRef{Name: p.Name, Kind: state.Person}, Fields: []SyncField{}}
	if p.Customer != 0 {
		c, err := l.survivor(p.Customer)
		if err != nil {
			return out, err
		}
		if c != nil {
			out.Customer.Number, out.Customer.Kind = fmt.Sprintf("c%d", c.Number), c.Kind
		}
	}
	for _, f := range p.Fields {
		out.Fields = append(out.Fields, ShowPlannedField(&f))
	}
	return out, nil
}

// ShowQuestions gives the open questions of these topics as people read them.
func (s *Service) ShowQuestions(tx state.Tx, now time.Time, topics []string) ([]Question, error) {
	out := []Question{}
	l := newLookup(tx, now)
	for _, topic := range topics {
		found, err := state.Questions.By(tx, "topic", state.TextKey(topic))
		if err != nil {
			return nil, err
		}
		for _, q := range found {
			if q.State != state.QuestionOpen {
				continue
			}
			shown, err := l.question(q)
			if err != nil {
				return nil, err
			}
			out = append(out, shown)
		}
	}
	return out, nil
}

// ShowJoined gives the customer of a record that has other records beside it, with the reasons; nil
// where it has none.
func (s *Service) ShowJoined(tx state.Tx, now time.Time, r *state.Record) (*SyncJoined, uint64, error) {
	l := newLookup(tx, now)
	c, err := l.ofRecord(r.Key)
	if err != nil || c == nil {
		return nil, 0, err
	}
	records, err := l.recordsOf(c.Records)
	if err != nil {
		return nil, 0, err
	}
	out := &SyncJoined{Customer: refOf(c), Records: []RecordRef{}, Evidence: []state.Evidence{}}
	for _, x := range records {
		if x.Kind == state.KindContact && x.Current() != nil {
			out.Records = append(out.Records, RecordRef{Connection: x.Connection, Kind: x.Kind, ID: x.ID, Number: state.Records.Ref(x.Key)})
		}
	}
	if len(out.Records) < 2 {
		return nil, 0, nil
	}
	link, err := state.Links.Find(tx, state.NumberKey(r.Key))
	if err == nil && link != nil {
		out.Evidence = append(out.Evidence, link.Evidence...)
	}
	return out, c.Number, err
}

// Texts gives values on one line.
func Texts(values []state.Value) string { return strings.Join(texts(values), ", ") }

// ShowPlannedField gives one field of a write as people read it.
func ShowPlannedField(f *state.PlannedField) SyncField {
	return SyncField{Field: f.Field, Before: texts(f.Before), After: texts(f.After), From: f.From, At: f.At, Why: f.Why, Words: f.Words}
}

// IntentID is what goes out with a write: no other state has the same.
func (s *Service) IntentID(tx state.Tx, number uint64) (string, error) {
	return newLookup(tx, noTime).id(state.Intents.Ref(number))
}
