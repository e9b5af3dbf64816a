package engine

import (
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine/reconcile"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// settleIntents finds out what became of writes that an earlier run sent and did not see confirmed.
// It runs when all was read, so that what arrived is mostly there already. A write that changes or
// deletes says by what the record is now whether it arrived: if not, it is owed and planned again. A
// create that nobody can find and that must not be sent twice is a question.
func (p *part) settleIntents(ctx context.Context) error {
	var open []*state.Intent
	err := p.s.svc.Look(ctx, func(tx state.Tx, _ time.Time) (err error) {
		open, err = state.Intents.List(tx, state.PrefixRange("connection", state.TextKey(p.c.Name)))
		return err
	})
	if err != nil {
		return err
	}
	for _, in := range open {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.settleIntent(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

func (p *part) settleIntent(ctx context.Context, in *state.Intent) error {
	if in.Action != state.WriteCreate {
		return p.settleChange(ctx, in)
	}
	var customer *state.Customer
	there, answer := false, ""
	err := p.s.svc.Look(ctx, func(tx state.Tx, _ time.Time) (err error) {
		if customer, err = p.s.svc.Survivor(tx, in.Customer); err != nil || customer == nil {
			return err
		}
		if there, err = hasRecord(tx, customer, p.c.Name); err != nil || in.Question == 0 {
			return err
		}
		q, err := state.Questions.Find(tx, state.NumberKey(in.Question))
		if q != nil && q.State == state.QuestionAnswered {
			answer = q.Answer
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case there:
		return p.known(ctx, in, customer)
	case customer == nil, answer == "no":
		return p.dropIntent(ctx, in)
	case in.State == state.IntentAsked:
		return nil // a person says, or it is told one day
	}
	if finder, ok := p.conn.(connectors.Finder); ok {
		rec, found, err := finder.Find(ctx, p.intent(in, nil))
		switch {
		case err != nil:
			return connectionError(p.c.Name, err)
		case !found:
			return p.dropIntent(ctx, in)
		}
		return p.adopt(ctx, in, customer, &rec)
	}
	if p.s.in.Dry {
		return nil
	}
	if p.spec.Idempotent {
		rec, err := p.conn.(connectors.Pusher).Push(ctx, p.intent(in, nil))
		switch {
		case err == nil:
			return p.adopt(ctx, in, customer, &rec)
		case connectors.ClassOf(err) == connectors.Invalid, connectors.ClassOf(err) == connectors.Conflict:
			return p.dropIntent(ctx, in) // it is planned again, and says why it is refused
		}
		return connectionError(p.c.Name, err)
	}
	return p.s.svc.Do(ctx, "sync.lost", state.Args{"connection": p.c.Name}, func(w *state.Writer) error {
		return p.askLost(w, in, customer)
	})
}

// adopt keeps a record that an earlier create made.
func (p *part) adopt(ctx context.Context, in *state.Intent, customer *state.Customer, rec *connectors.Record) error {
	if rec.Kind == "" {
		rec.Kind = connectors.Contact
	}
	t, _ := toldOf(p.c.Name, &connectors.Change{Record: *rec, Where: p.c.Name})
	counts := state.Counts{Told: 1, Seen: 1}
	addCounts(&p.counts, &counts)
	told := []service.Told{t}
	if err := p.hear(ctx, told, map[int]bool{0: p.c.Optout.In(in.Fields)}); err != nil {
		return err
	}
	_, err := p.tell(ctx, "sync.found", told, nil, nil, func(w *state.Writer, numbers []uint64) error {
		if err := p.s.svc.LinkPushed(w, customer.Number, numbers[0]); err != nil {
			return err
		}
		rules := p.s.e.plainRules()
		shadow := reconcile.Created(p.s.e.bare(in.Fields), in.Consents, p.s.e.bare(t.Version.Fields), spoken(t.Version.Consents), matrixOf(p.spec), rules)
		if err := putShadow(w, numbers[0], customer.Number, shadow); err != nil {
			return err
		}
		if p.c.Optout.In(in.Fields) {
			if err := settledMark(w, numbers[0], customer.Number, p.c.Optout, true, t.Version.Fields); err != nil {
				return err
			}
		}
		_, err := state.Intents.Delete(w, state.NumberKey(in.Number))
		return err
	})
	return err
}

// known settles a create of which the system has told meanwhile: as far as the record says what was
// sent, it is in step.
func (p *part) known(ctx context.Context, in *state.Intent, customer *state.Customer) error {
	rules := p.s.e.plainRules()
	matrix := matrixOf(p.spec)
	err := p.s.svc.Do(ctx, "sync.found", state.Args{"connection": p.c.Name}, func(w *state.Writer) error {
		records, err := state.Records.Many(w.Tx(), numberKeys(customer.Records))
		if err != nil {
			return err
		}
		for _, r := range records {
			if r == nil || r.Connection != p.c.Name || r.Kind != state.KindContact || r.Current() == nil {
				continue
			}
			if has, err := state.Shadows.Find(w.Tx(), state.NumberKey(r.Key)); err != nil || has != nil {
				return err
			}
			v := r.Current()
			sent := p.s.e.bare(in.Fields)
			shadow := reconcile.Created(sent, in.Consents, p.s.e.bare(v.Fields), spoken(v.Consents), matrix, rules)
			shadow.Fields = slices.DeleteFunc(shadow.Fields, func(f state.Field) bool {
				return !reconcile.Same(f.Name, valuesIn(sent, f.Name), f.Values, matrix, rules)
			})
			if err := putShadow(w, r.Key, customer.Number, shadow); err != nil || !p.c.Optout.In(in.Fields) || saysMark(v) {
				return err
			}
			return settledMark(w, r.Key, customer.Number, p.c.Optout, true, v.Fields)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.dropIntent(ctx, in)
}

// settleChange looks whether a change arrived. If it did the side does not owe it any more, also
// where it went on changing afterwards in other fields.
func (p *part) settleChange(ctx context.Context, in *state.Intent) error {
	return p.s.svc.Do(ctx, "sync.found", state.Args{"connection": p.c.Name}, func(w *state.Writer) error {
		r, err := state.Records.Find(w.Tx(), state.NumberKey(in.Record))
		if err != nil {
			return err
		}
		if r != nil && in.Action == state.WriteUpdate {
			if err := p.settleFields(w, in, r); err != nil {
				return err
			}
		}
		_, err = state.Intents.Delete(w, state.NumberKey(in.Number))
		return err
	})
}

func (p *part) settleFields(w *state.Writer, in *state.Intent, r *state.Record) error {
	v := r.Current()
	stored, err := state.Shadows.Find(w.Tx(), state.NumberKey(r.Key))
	if err != nil || v == nil || stored == nil {
		return err
	}
	x := p.s.e.bareShadow(reconcile.Shadow{Fields: stored.Fields, Owed: stored.Owed, Maybe: stored.Maybe, Untaken: stored.Untaken, Gone: stored.Gone})
	rules := p.s.e.plainRules()
	has := p.s.e.bare(v.Fields)
	of := reconcile.Write{Fields: p.s.e.bare(in.Fields), Consents: in.Consents}
	for _, name := range in.Changed {
		if name == service.FieldOptout {
			continue // what stands there is looked at with the plan
		}
		if name == reconcile.FieldConsent {
			if reconcile.Heeded(in.Consents, spoken(v.Consents), rules) {
				of.Changes = append(of.Changes, reconcile.Change{Field: name})
			}
			continue
		}
		if reconcile.Same(name, valuesIn(of.Fields, name), valuesIn(has, name), matrixOf(p.spec), rules) {
			of.Changes = append(of.Changes, reconcile.Change{Field: name})
		}
	}
	if len(of.Changes) == 0 {
		return nil
	}
	return putShadow(w, r.Key, stored.Customer, reconcile.Confirm(x, of, has, spoken(v.Consents), rules))
}

// saysMark says whether a version was heard as one that people marked.
func saysMark(v *state.Version) bool {
	return slices.ContainsFunc(v.Consents, func(s state.Said) bool { return s.Mark })
}

// dropIntent forgets a write that did not happen, or that is not needed any more; with the question
// about it, unless a person answered that.
func (p *part) dropIntent(ctx context.Context, in *state.Intent) error {
	return p.s.svc.Do(ctx, "sync.drop", state.Args{"connection": p.c.Name}, func(w *state.Writer) error {
		if in.Question != 0 {
			q, err := state.Questions.Find(w.Tx(), state.NumberKey(in.Question))
			if err != nil {
				return err
			}
			if q != nil && q.State == state.QuestionOpen {
				if _, err := state.Questions.Delete(w, state.NumberKey(q.Number)); err != nil {
					return err
				}
			}
		}
		_, err := state.Intents.Delete(w, state.NumberKey(in.Number))
		return err
	})
}
