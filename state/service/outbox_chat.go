package service

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// chatAccount is where one of us is told in chat ("slack:T1:U7"); "" where they have no account.
func chatAccount(m *state.Staff) string {
	for _, c := range m.Chats {
		if strings.HasPrefix(c, OutboxSlack+":") {
			return c
		}
	}
	return ""
}

// otherChannel is how somebody is told who shall be told in chat and has no account there: as
// everybody else is, by mail, or beside it.
func (s *Service) otherChannel(m *state.Staff, o *state.Outgoing, p *OutboxPass) string {
	if d := cmp.Or(s.config.Notify.Default, OutboxStdout); d != OutboxSlack {
		return d
	}
	if len(m.Emails) > 0 && s.sender(o, channelEmail, p) != "" {
		return channelEmail
	}
	return OutboxStdout
}

// slackOutlet is Slack as a way out. It needs no plan that somebody applied: it goes to our own
// people alone, and whoever put the app's token into kept.yaml has approved it by that.
func slackOutlet(w *state.Writer) *state.Outlet {
	return &state.Outlet{Name: OutboxSlack, Approved: w.Cause.At, ApprovedBy: "kept.yaml"}
}

// noteChat keeps whether there is a chat for what waits for one, so that those who look at the outbox
// see why it waits.
func (s *Service) noteChat(ctx context.Context, p *OutboxPass) error {
	if p.Dry {
		return nil
	}
	note := func(tx state.Tx, now time.Time) (*state.Outlet, error) {
		x, err := state.Outlets.Find(tx, state.TextKey(OutboxSlack))
		if err != nil || p.Chat {
			if x == nil || x.Code != "slack_missing" {
				return nil, err
			}
			x.Code, x.Args, x.Since = "", nil, time.Time{}
			return x, err
		}
		if x != nil && x.Code == "slack_missing" {
			return nil, nil
		}
		waits, err := s.chatWaits(tx, now, p)
		if err != nil || !waits {
			return nil, err
		}
		if x == nil {
			x = &state.Outlet{Name: OutboxSlack}
		}
		x.Code, x.Args, x.Since = "slack_missing", nil, now
		return x, nil
	}
	todo := false
	err := s.Look(ctx, func(tx state.Tx, now time.Time) error {
		x, err := note(tx, now)
		todo = x != nil
		return err
	})
	if err != nil || !todo {
		return err
	}
	return s.Do(ctx, "outbox.chat", nil, func(w *state.Writer) error {
		x, err := note(w.Tx(), w.Cause.At)
		if err != nil || x == nil {
			return err
		}
		if x.Approved.IsZero() {
			as := slackOutlet(w)
			x.Approved, x.ApprovedBy = as.Approved, as.ApprovedBy
		}
		return state.Outlets.Put(w, x)
	})
}

// chatWaits says whether anything that is due would go to a chat.
func (s *Service) chatWaits(tx state.Tx, now time.Time, p *OutboxPass) (bool, error) {
	l := newLookup(tx, now)
	for o, err := range state.Outbox.All(tx, state.Range{Index: "due", To: state.After(state.TimeKey(now))}) {
		if err != nil {
			return false, err
		}
		if o.State != state.OutgoingWaiting || o.Staff == "" {
			continue
		}
		if r, err := s.route(l, o, p); err != nil || r.via == OutboxSlack {
			return err == nil, err
		}
	}
	return false, nil
}

// noticeOver says why a notice to one of us is not sent any more, as a code: what it is about was done
// or moved meanwhile.
func noticeOver(l *lookup, o *state.Outgoing) (string, error) {
	what, ref, _ := strings.Cut(o.Card, " ")
	switch what {
	case "reminder":
		n, _ := state.Promises.ParseRef(ref)
		p, err := state.Promises.Find(l.tx, state.NumberKey(n))
		if err == nil && (p == nil || p.State != state.PromiseOpen || !strings.HasSuffix(o.Key, reminderDue(p))) {
			return "reminder_over", nil
		}
		return "", err
	case "followup", "over":
		n, _ := state.Followups.ParseRef(ref)
		f, err := state.Followups.Find(l.tx, state.NumberKey(n))
		if err == nil && (f == nil || f.State != state.FollowupOpen) {
			return "followup_over", nil
		}
		return "", err
	case "question":
		n, _ := state.Questions.ParseRef(ref)
		q, err := state.Questions.Find(l.tx, state.NumberKey(n))
		if err == nil && (q == nil || q.State != state.QuestionOpen) {
			return "question_over", nil
		}
		return "", err
	}
	return "", nil
}

// reminderDue ends the keys of a promise's reminders: what is due at another time is reminded of anew.
func reminderDue(p *state.Promise) string { return ":" + p.Due.At.UTC().Format(time.RFC3339) }

// inDoubt says whether messages that may have been sent are decided about without a person: those to
// our own people that are cards or went to a chat.
func inDoubt(c *OutboxClaim, all []*state.Outgoing) bool {
	for _, o := range all {
		if o.Staff == "" || o.Card == "" && c.Via != OutboxSlack {
			return false
		}
	}
	return len(all) > 0
}

// settleDoubt decides about a message to one of us that may have been sent. A digest or a question is
// not repeated: it stands in the next one, and in what they see when they look. What must not be
// missed, a reminder or what a rule tells, goes once more and says that it may be the second time.
func (s *Service) settleDoubt(w *state.Writer, o *state.Outgoing) (outcome string, err error) {
	now := w.Cause.At
	what, _, _ := strings.Cut(o.Card, " ")
	if o.Doubted.IsZero() && what != "digest" && what != "question" {
		o.Doubted, o.State, o.Due = now, state.OutgoingWaiting, now.Add(backoff(o.Tries))
		o.Code, o.Args = "notice_repeated", nil
		return OutboxWaits, state.Outbox.Put(w, o)
	}
	o.State, o.Ended, o.Code, o.Args = state.OutgoingDropped, now, "notice_unsure", nil
	return OutboxDropped, state.Outbox.Put(w, o)
}
