package service

import (
	"cmp"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// send puts what a rule sends into the outbox: a message to one of us, an e-mail to the customer. The
// gate is asked when it leaves. t is the follow-up that the rule made, nil where it made none.
func (b *passBatch) send(r *followup.Rule, o *followup.Occasion, c *state.Customer, f *followup.Facts, t *state.Followup) error {
	if r.Do.Message != "" {
		to, err := b.who(r.Do.Message, c, o)
		if err != nil {
			return err
		}
		if t == nil || b.w == nil {
			t = &state.Followup{Base: c.Number, Rule: r.Name, Code: o.Code, Args: o.Args, Text: r.Do.Text, Promise: o.Promise}
		}
		m := &state.Outgoing{Key: outgoingKey("message", r, occasionKey(o.Key), o, c.Number), Rule: r.Name}
		if t.Number != 0 {
			m.Card = cardOf("followup", state.Followups.Ref(t.Number))
		}
		if err := b.tell(m, to, t, false); err != nil {
			return err
		}
	}
	if r.Do.Template == "" {
		return nil
	}
	tpl := b.s.config.Followups.Templates[r.Do.Template]
	i := slices.IndexFunc(c.Identifiers, func(a state.Address) bool { return a.Type == state.TypeEmail && !a.Former && !a.Weak })
	if tpl == nil || i < 0 {
		return nil
	}
	subject, body, lang := tpl.In(f.Customer.Language, b.s.config.Language)
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

// tell tells one of us of a follow-up, or whoever stands in for them, in their language; to is a staff
// member ("s2"), or "" where nobody is to be told. over says that somebody else did not do it.
func (b *passBatch) tell(m *state.Outgoing, to string, t *state.Followup, over bool) error {
	member, err := b.l.member(to)
	if err != nil || member == nil {
		return err
	}
	standsIn := ""
	now, err := b.s.present(b.l, member)
	if err != nil {
		return err
	}
	if now != nil && now.Number != member.Number {
		member, standsIn = now, member.Name
	}
	b.out.Messages++
	if b.w == nil {
		return nil
	}
	shown, err := b.s.showFollowup(b.l, t)
	if err != nil {
		return err
	}
	if t.Number == 0 {
		shown.Number, shown.ID = "", ""
	}
	x, err := settingsOf(b.l.tx, member)
	if err != nil {
		return err
	}
	st := b.s.showSettings(member, x)
	m.Staff, m.Base, m.Lang = st.Staff, t.Base, st.Language
	m.Subject, m.Text = shown.CustomerName, cmp.Or(t.Text, t.Rule+": "+shown.CustomerName+" "+shown.Customer)
	if b.s.config.Notice != nil {
		b.s.put(m, Notice{Followup: &shown, Over: over, StandsIn: standsIn, Language: st.Language, Zone: st.Zone, Now: b.l.now})
	}
	_, err = b.s.queue(b.w, m)
	return err
}
