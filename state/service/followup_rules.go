package service

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// RuleList gives the rules; of a customer also what each makes of what happened, and why not.
func (s *Service) RuleList(ctx context.Context, in RuleListIn) (RuleListOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (RuleListOut, error) {
		out := RuleListOut{Rules: []Rule{}, Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		memory, err := rulesRemembered(tx)
		if err != nil {
			return out, err
		}
		out.Passed = memory.Began
		open, made := map[string]int{}, map[string]int{}
		for f, err := range state.Followups.All(tx, state.Range{}) {
			if err != nil {
				return out, err
			}
			made[f.Rule]++
			if f.State == state.FollowupOpen {
				open[f.Rule]++
			}
		}
		for _, x := range s.config.Followups.Rules {
			shown := Rule{Name: x.Name, When: x.When, For: x.Do.Followup, Message: x.Do.Message, Template: x.Do.Template, Missed: x.Missed,
				Since: memory.Since[x.Name], Line: x.Line, Open: open[x.Name], Made: made[x.Name]}
			if x.If != nil {
				shown.Condition = x.If.Source
			}
			if x.Escalate != nil {
				shown.Over = x.Escalate.To
			}
			out.Rules = append(out.Rules, shown)
		}
		if in.Ref == "" {
			return out, nil
		}
		c, _, err := s.reading(tx, in.Ref)
		if err != nil {
			return out, err
		}
		ref := refOf(c)
		out.Customer = &ref
		return out, s.explainRules(s.lookup(tx, now, r), c, memory, out.Rules)
	})
}

// explainRules adds to each rule what it makes of a customer.
func (s *Service) explainRules(l *lookup, c *state.Customer, memory rulesMemory, shown []Rule) error {
	p := &pass{s: s, rules: s.config.Followups.Rules, memory: memory}
	for _, r := range p.rules {
		p.need.Need(r)
	}
	b := &passBatch{pass: p, l: l}
	f, err := s.facts(l, c, p.need)
	if err != nil {
		return err
	}
	had, err := b.followupsHad(c)
	if err != nil {
		return err
	}
	for i, r := range p.rules {
		since := memory.Since[r.Name]
		if since.IsZero() {
			since = l.now
		}
		occasions := r.Occasions(f, l.now, s.config.Calendar)
		if n := len(occasions); n > maxExplained { // the newest of many orders
			occasions = occasions[n-maxExplained:]
		}
		for j := range occasions {
			o := &occasions[j]
			env := o.Env(f, l.now)
			x := RuleOccasion{Why: o.Code, Args: o.Args, At: o.At, State: string(r.Stands(o, since, l.now)), Parts: r.If.Explain(env)}
			done, err := b.done(r, o, c, had)
			if err != nil {
				return err
			}
			switch {
			case done:
				x.State = "done"
				x.Followup = madeOf(r, o, had)
			case x.State == string(followup.Now) && !r.If.Holds(env):
				x.State = "not"
			}
			shown[i].Occasions = append(shown[i].Occasions, x)
		}
	}
	return nil
}

// maxExplained is how many occasions of one rule are explained.
const maxExplained = 5

func madeOf(r *followup.Rule, o *followup.Occasion, had []*state.Followup) string {
	keys := []string{}
	for _, k := range append([]string{o.Key}, o.Also...) {
		keys = append(keys, occasionKey(k))
	}
	i := slices.IndexFunc(had, func(f *state.Followup) bool { return f.Rule == r.Name && slices.Contains(keys, f.Occasion) })
	if i < 0 {
		i = slices.IndexFunc(had, func(f *state.Followup) bool {
			return f.Rule == r.Name && o.Topic != "" && f.Topic == o.Topic && f.State == state.FollowupOpen
		})
	}
	if i < 0 {
		return ""
	}
	return state.Followups.Ref(had[i].Number)
}

// UnansweredList gives the customers who wrote and have no answer, from their histories alone:
// whatever rules there are.
func (s *Service) UnansweredList(ctx context.Context, in UnansweredIn) (UnansweredOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (UnansweredOut, error) {
		out := UnansweredOut{Waiting: []Unanswered{}, Hours: in.Hours, Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		l := s.lookup(tx, now, r)
		owner := ""
		if in.By != "" {
			m, err := s.staff(tx, in.By)
			if err != nil {
				return out, err
			}
			owner = state.StaffMembers.Ref(m.Number)
		}
		look := func(c *state.Customer) error {
			if c.Into != 0 || owner != "" && c.Owner != owner {
				return nil
			}
			w, err := s.waitsFor(l, c, now.Add(-time.Duration(in.Hours*float64(time.Hour))))
			if w != nil {
				out.Waiting = append(out.Waiting, *w)
			}
			return err
		}
		if in.Ref != "" {
			c, _, err := s.reading(tx, in.Ref)
			if err != nil {
				return out, err
			}
			sources, err := l.sources(c)
			if err != nil {
				return out, err
			}
			for _, src := range sources {
				if err := look(src.c); err != nil {
					return out, err
				}
			}
		} else {
			for c, err := range state.Customers.All(tx, state.Range{Index: "live"}) {
				if err != nil {
					return out, err
				}
				if err := look(c); err != nil {
					return out, err
				}
			}
		}
		slices.SortStableFunc(out.Waiting, func(a, b Unanswered) int {
			return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Customer, b.Customer))
		})
		out.Total = len(out.Waiting)
		if in.Limit > 0 && len(out.Waiting) > in.Limit {
			out.Waiting = out.Waiting[:in.Limit]
		}
		return out, nil
	})
}

// waitsFor gives how a customer waits for an answer since before a time; nil where not.
func (s *Service) waitsFor(l *lookup, c *state.Customer, before time.Time) (*Unanswered, error) {
	f, err := s.facts(l, c, followup.Needs{Touches: true})
	if err != nil {
		return nil, err
	}
	waiting := f.Waiting()
	if len(waiting) == 0 || waiting[0].At.After(before) {
		return nil, nil
	}
	first := waiting[0]
	out := &Unanswered{Customer: state.Customers.Ref(c.Number), CustomerName: c.Name, Owner: l.name(c.Owner), Since: first.At,
		Days: int(l.now.Sub(first.At) / (24 * time.Hour)), Messages: len(waiting), Subject: first.Subject, Channel: first.Channel}
	if m, err := l.member(c.Owner); err != nil {
		return nil, err
	} else if m != nil {
		now, err := s.present(l, m)
		if err != nil {
			return nil, err
		}
		if now != nil && now.Number != m.Number {
			out.Ask = now.Name
		}
	}
	open, err := l.followupsOf(c)
	if err != nil {
		return nil, err
	}
	for _, t := range open {
		if t.State == state.FollowupOpen && t.Code == followup.Unanswered {
			out.Followup = state.Followups.Ref(t.Number)
		}
	}
	return out, nil
}
