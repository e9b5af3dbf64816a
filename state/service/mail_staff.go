package service

import (
	"cmp"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// askStaff asks whether an address is one of us from which a mailbox's owner wrote, or takes the
// question back where it no longer stands.
func (t *telling) askStaff(rules *mailRules, match string) error {
	topic := "staff:" + match
	wanted, err := t.staffWanted(rules, match)
	if err != nil {
		return err
	}
	if !wanted {
		return t.unask(topic)
	}
	shown, name, err := namedInMail(t.w.Tx(), match)
	if err != nil {
		return err
	}
	from, err := sentIn(t.w.Tx(), match)
	if err != nil {
		return err
	}
	q := &state.Question{Kind: state.QuestionStaff, Topic: topic, State: state.QuestionOpen, Raw: name, Where: cmp.Or(shown, match),
		Field: state.TypeEmail, Options: []string{"yes", "no"}, Score: 60, Created: t.w.Cause.At, From: from[0],
		Reasons: []state.Evidence{{Code: "sent_from", Args: state.Args{"connection": strings.Join(from, ", ")}}}}
	old, err := state.Questions.By(t.w.Tx(), "topic", state.TextKey(topic))
	if err != nil {
		return err
	}
	if len(old) > 0 {
		o := old[0]
		if o.State != state.QuestionOpen || o.Raw == q.Raw && o.Where == q.Where && o.From == q.From && slices.EqualFunc(o.Reasons, q.Reasons, sameEvidence) {
			return nil
		}
		o.Raw, o.Where, o.From, o.Reasons = q.Raw, q.Where, q.From, q.Reasons
		return state.Questions.Put(t.w, o)
	}
	if q.Number, err = state.Questions.Next(t.w); err != nil {
		return err
	}
	if t.run != nil {
		q.Run = t.run.Number
		t.run.Counts.Asked++
	}
	return state.Questions.Put(t.w, q)
}

func (t *telling) staffWanted(rules *mailRules, match string) (bool, error) {
	if !identity.MayBecome(identity.EmailIdentifier(match)) {
		return false, nil // info@ is ours and nobody's
	}
	if sent, err := rules.sentFrom(match); err != nil || !sent {
		return false, err
	}
	if m, err := rules.member(match); err != nil || m != nil {
		return false, err
	}
	word, err := rules.word(emailOf(match))
	return word != state.VerdictNotStaff, err
}

// sentIn gives the connections with mail that was sent from an address.
func sentIn(tx state.Tx, match string) ([]string, error) {
	var out []string
	prefix := state.PeopleSent(match)
	r := state.PrefixRange("people", prefix)
	for {
		key, err := firstEntry(tx, r)
		if err != nil || key == nil {
			return out, err
		}
		connection, _ := state.KeyText(key[len(prefix):])
		out = append(out, connection)
		r.From = state.After(state.Join(prefix, state.TextKey(connection)))
	}
}

// actStaff does what the answer means: the address is that of the staff member of the same name,
// or of a new one; or none of ours.
func (s *Service) actStaff(w *state.Writer, q *state.Question, answer, text string) (AnswerOut, error) {
	id := identity.EmailIdentifier(q.Where)
	if answer != "yes" {
		if err := putMailVerdict(w, id, state.VerdictNotStaff, text); err != nil {
			return AnswerOut{}, err
		}
		return AnswerOut{Did: didNotStaff}, putDue(w, id.Match, true)
	}
	local, _, _ := strings.Cut(id.Shown, "@")
	name := cmp.Or(oneLine(text), q.Raw, local)
	all, err := state.StaffMembers.List(w.Tx(), state.Range{})
	if err != nil {
		return AnswerOut{}, err
	}
	var m *state.Staff
	for _, x := range all {
		if state.StaffMembers.Ref(x.Number) == strings.ToLower(name) || identity.FoldName(x.Name) == identity.FoldName(name) {
			m = x
		}
	}
	if m == nil {
		m = &state.Staff{Name: name, Added: w.Cause.At, Tokens: identity.NameTokens(name)}
		if m.Number, err = state.StaffMembers.Next(w); err != nil {
			return AnswerOut{}, err
		}
	}
	m.Emails = append(slices.Clone(m.Emails), id.Shown)
	out, err := s.putStaff(w, m)
	if err != nil {
		return AnswerOut{}, err
	}
	boxes, err := s.closeMailboxes(w, id.Match)
	return AnswerOut{Did: didStaff, Staff: &out.Staff, Mailboxes: boxes}, err
}

// closeMailboxes makes mailboxes personal that were shared only because nobody knew whose they are,
// now that an address from which they sent is one of ours.
func (s *Service) closeMailboxes(w *state.Writer, match string) ([]Connection, error) {
	from, err := sentIn(w.Tx(), match)
	if err != nil {
		return nil, err
	}
	var out []Connection
	for _, name := range from {
		l := s.lookup(w.Tx(), w.Cause.At, reader{})
		d, err := l.decideMailbox(name)
		if err != nil {
			return nil, err
		}
		if d == nil || d.Mailbox != state.MailboxPersonal {
			continue
		}
		c, err := state.Connections.Get(w.Tx(), state.TextKey(name))
		if err != nil {
			return nil, err
		}
		c.Mailbox, c.Owner, c.MailboxBy = d.Mailbox, d.Owner, d.MailboxBy
		if err := state.Connections.Put(w, c); err != nil {
			return nil, err
		}
		shown, err := l.connection(c)
		if err != nil {
			return nil, err
		}
		out = append(out, shown)
	}
	return out, nil
}

// putMailVerdict says something about mail of an identifier; it takes the place of what was said
// before.
func putMailVerdict(w *state.Writer, id state.Identifier, kind, text string) error {
	if err := dropMailVerdict(w, id); err != nil {
		return err
	}
	n, err := state.Verdicts.Next(w)
	if err != nil {
		return err
	}
	return state.Verdicts.Put(w, &state.Verdict{Key: n, Kind: kind, Identifier: &id, Text: text, By: w.Cause.Actor, At: w.Cause.At})
}

func dropMailVerdict(w *state.Writer, id state.Identifier) error {
	for {
		v, err := mailVerdict(w.Tx(), id)
		if err != nil || v == nil {
			return err
		}
		if _, err := state.Verdicts.Delete(w, state.NumberKey(v.Key)); err != nil {
			return err
		}
	}
}
