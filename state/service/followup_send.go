package service

import (
	"cmp"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// send puts what a rule sends into the outbox: a message to one of us, an e-mail to the customer. The
// gate is asked when it leaves.
func (b *passBatch) send(r *followup.Rule, o *followup.Occasion, c *state.Customer, f *followup.Facts, who string) error {
	if r.Do.Message != "" {
		to, err := b.who(r.Do.Message, c, o)
		if err != nil {
			return err
		}
		if to, err = b.standsIn(to); err != nil {
			return err
		}
		if to != "" {
			b.out.Messages++
			if b.w != nil {
				if _, err := b.s.queue(b.w, &state.Outgoing{Key: outgoingKey("message", r, occasionKey(o.Key), o, c.Number), Staff: to, Base: c.Number,
					Subject: c.Name, Text: b.words(r, o, c), Rule: r.Name}); err != nil {
					return err
				}
			}
		}
	}
	if r.Do.Template == "" {
		return nil
	}
	t := b.s.config.Followups.Templates[r.Do.Template]
	i := slices.IndexFunc(c.Identifiers, func(a state.Address) bool { return a.Type == state.TypeEmail && !a.Former && !a.Weak })
	if t == nil || i < 0 {
		return nil
	}
	subject, body, lang := t.In(f.Customer.Language, b.s.config.Language)
	env := o.Env(f, b.l.now)
	m := &state.Outgoing{Key: outgoingKey("email", r, occasionKey(o.Key), o, c.Number), Base: c.Number, Channel: "email", To: c.Identifiers[i].Identifier,
		Purpose: r.Do.Purpose, Connection: r.Do.Via, Text: body.Write(env, false), Lang: lang, Rule: r.Name, Unsubscribe: commercial(r.Do.Purpose)}
	if subject != nil {
		m.Subject = subject.Write(env, true)
	}
	b.out.Messages++
	if b.w == nil {
		return nil
	}
	_, err := b.s.queue(b.w, m)
	return err
}

// standsIn gives who is told instead of somebody who is away.
func (b *passBatch) standsIn(ref string) (string, error) {
	m, err := b.l.member(ref)
	if err != nil || m == nil {
		return "", err
	}
	now, err := b.s.present(b.l, m)
	if err != nil || now == nil {
		return ref, err
	}
	return state.StaffMembers.Ref(now.Number), nil
}

// tell tells somebody over a follow-up that nobody did it.
func (b *passBatch) tell(f *state.Followup, c *state.Customer) error {
	to, err := b.standsIn(f.Over)
	if err != nil || to == "" {
		return err
	}
	b.out.Messages++
	_, err = b.s.queue(b.w, &state.Outgoing{Key: "followup/" + state.Followups.Ref(f.Number) + "/over", Staff: to, Base: c.Number,
		Subject: c.Name, Text: cmp.Or(f.Text, state.Followups.Ref(f.Number)+": "+c.Name), Rule: f.Rule})
	return err
}

// words are what one of us is told: the rule's own, else whom it is about and where to read more.
func (b *passBatch) words(r *followup.Rule, o *followup.Occasion, c *state.Customer) string {
	return cmp.Or(r.Do.Text, r.Name+": "+c.Name+" "+state.Customers.Ref(c.Number))
}
