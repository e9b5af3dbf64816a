package service

import (
	"cmp"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/stop"
)

// askStopFor is how old a message may be about whose "please stop" a person is still asked. What older
// ones say holds all the same.
const askStopFor = 30 * 24 * time.Hour

// What an answer about a "please stop" did.
const (
	didStop    = "stop"
	didStopAll = "stop_all"
	didNoStop  = "no_stop"
)

// wishToStop finds the wish in a message that a customer wrote, or nil; and the writer's address.
func (t *telling) wishToStop(r *state.Record) (*stop.Found, state.Identifier, error) {
	var from state.Identifier
	v := r.Current()
	if r.Kind != state.KindMessage || v == nil || v.Message == nil || r.Mail == nil || r.Mail.Sent || v.Message.Sent || v.Message.List != "" {
		return nil, from, nil
	}
	for _, p := range r.Mail.People {
		if p.From && p.Address.Match == r.Mail.From {
			from = plain(p.Address)
		}
	}
	if from.Match == "" {
		return nil, from, nil
	}
	m := v.Message
	text := m.Text
	switch m.Automatic {
	case "":
	case "auto", "no_reply":
		text = "" // a program wrote it: only the subject that an unsubscribe button makes counts
	default:
		return nil, from, nil
	}
	found, ok := stop.Find(m.Subject, text)
	if !ok {
		return nil, from, nil
	}
	own, err := t.s.mailRules(t.w.Tx()).ours(from.Match)
	if err != nil || own {
		return nil, from, err
	}
	return &found, from, nil
}

// stopConsents are the statements that follow from a message in which a customer asks to be left
// alone: no marketing and no sales, by the channel on which they said so or that they name, or by any.
func (t *telling) stopConsents(r *state.Record) ([]*state.Consent, error) {
	found, from, err := t.wishToStop(r)
	if err != nil || found == nil {
		return nil, err
	}
	v := r.Current()
	var out []*state.Consent
	for _, purpose := range []string{purposeMarketing, purposeSales} {
		out = append(out, &state.Consent{Identifier: from, Channel: stopChannel(found, from), Purpose: purpose, State: state.ConsentOptedOut,
			At: v.Message.At, Noted: v.At, Source: sourceOf(r.Key), Connection: r.Connection, Run: v.Run, Field: "text", Words: found.Words})
	}
	return out, nil
}

// stopChannel is the channel on which nothing more is to be sent.
func stopChannel(found *stop.Found, from state.Identifier) string {
	switch {
	case found.Scope == stop.EverythingCommercial:
		return state.AllChannels
	case found.Channel != "":
		return found.Channel
	case from.Type == state.TypeEmail:
		return channelEmail
	}
	return channelSocial
}

func stopTopic(from state.Identifier) string { return "stop:" + from.Match }

// askStop asks a person whether a "please stop" was read right; once for an address, until it is
// answered. A message that is no longer there takes its question along.
func (t *telling) askStop(r *state.Record) error {
	if r.Kind != state.KindMessage {
		return nil
	}
	if len(r.Versions) == 0 {
		return t.unaskStop(r)
	}
	found, from, err := t.wishToStop(r)
	if err != nil {
		return err
	}
	if found == nil {
		return t.unaskStop(r)
	}
	v := r.Current()
	if v.Message.At.Before(t.w.Cause.At.Add(-askStopFor)) {
		return nil
	}
	old, err := state.Questions.By(t.w.Tx(), "topic", state.TextKey(stopTopic(from)))
	if err != nil || len(old) > 0 {
		return err
	}
	if answered, err := state.Questions.By(t.w.Tx(), "topic", state.TextKey(answeredTopic(r.Key))); err != nil || len(answered) > 0 {
		return err
	}
	q := &state.Question{Kind: state.QuestionStop, Topic: stopTopic(from), State: state.QuestionOpen, RecordA: r.Key, Where: from.Shown,
		Raw: found.Words, Field: stopChannel(found, from), From: r.Connection, Options: []string{"yes", "all", "no"}, Score: 90, Created: t.w.Cause.At,
		Reasons: []state.Evidence{{Code: "stop_said", Record: r.Key, Args: state.Args{"words": found.Words, "at": v.Message.At.Format(time.RFC3339), "from": from.Shown}}}}
	if q.Number, err = state.Questions.Next(t.w); err != nil {
		return err
	}
	if t.run != nil {
		q.Run = t.run.Number
		t.run.Counts.Asked++
	}
	return state.Questions.Put(t.w, q)
}

// answeredTopic is the topic of an answered question about one message, which is not asked about again.
func answeredTopic(record uint64) string { return "stopped:" + state.Records.Ref(record) }

func (t *telling) unaskStop(r *state.Record) error {
	if r.Mail == nil {
		return nil
	}
	topic := "stop:" + r.Mail.From
	old, err := state.Questions.By(t.w.Tx(), "topic", state.TextKey(topic))
	if err != nil || len(old) == 0 || old[0].RecordA != r.Key {
		return err
	}
	return t.unask(topic)
}

// actStop does what the answer means: "yes" stays as it was read, by a person's word now; "all" is
// no contact of any kind by any channel; "no" takes it back, with the answer as reason.
func (s *Service) actStop(w *state.Writer, q *state.Question, answer, text string) (AnswerOut, error) {
	q.Topic = answeredTopic(q.RecordA)
	if err := state.Questions.Put(w, q); err != nil {
		return AnswerOut{}, err
	}
	out := AnswerOut{Did: didStop}
	id := plain(identity.EmailIdentifier(q.Where))
	if id.Match == "" {
		id = plain(identity.AddressIdentifier(q.Where))
	}
	owner, err := newLookup(w.Tx(), w.Cause.At).owner(id)
	if err != nil {
		return out, err
	}
	source := sourceHand
	if owner != nil {
		out.Customer, source = *owner, owner.Number
	}
	said, words := state.ConsentOptedOut, q.Raw
	scopes := [][2]string{{q.Field, purposeMarketing}, {q.Field, purposeSales}}
	switch answer {
	case "all":
		out.Did, scopes = didStopAll, [][2]string{{state.AllChannels, state.AllPurposes}}
	case "no":
		out.Did, said, words = didNoStop, state.ConsentLifted, cmp.Or(text, state.Questions.Ref(q.Number)+": "+answer)
	}
	for _, x := range scopes {
		if err := noteConsent(w, &state.Consent{Identifier: id, Channel: x[0], Purpose: x[1], State: said, Source: source, Words: words, By: w.Cause.Actor}); err != nil {
			return out, err
		}
	}
	return out, nil
}
