package service

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// OutboxLease is how long a message counts as being sent. Whoever sends it has given up long before;
// what is found so afterwards was left by somebody who died, and nobody knows whether it went out.
const OutboxLease = 10 * time.Minute

// The ways out that are no connection.
const (
	OutboxStdout  = "stdout"
	OutboxWebhook = "webhook:" // with the reference to its address
	OutboxSlack   = "slack"
)

// OutboxSender is a connection that sends messages.
type OutboxSender struct {
	Name    string
	Channel string // "email"
}

// OutboxPass is what one pass over the outbox knows.
type OutboxPass struct {
	Senders []OutboxSender // in the order of their names
	Dry     bool           // nothing is kept; ways out count as approved
	Chat    bool           // this process can send to chats
	key     []byte         // of unsubscribe tokens
}

// OutboxDue is one thing to look at: a message, or those that go to one of us as one mail.
type OutboxDue struct {
	Numbers []uint64
	Via     string          // what it would go over, where Numbers are to be sent
	Waiting []OutboxMessage // they wait for their way out, and there is nothing to do
	Outlet  string          // that needs approval, of Waiting
}

// OutboxClaim is what was taken to be sent, by this process alone.
type OutboxClaim struct {
	Messages []*state.Outgoing
	Intent   string
	Via      string // a connection's name, OutboxStdout, OutboxSlack, or OutboxWebhook with a reference
	Name     string // of whom it goes to
	Address  string
	Login    string // of a staff member
	Subject  string
	Text     string
	HTML     string
	Unsub    OutboxUnsubscribe
	// Automatic says that no person wrote it.
	Automatic bool
}

// OutboxUnsubscribe is how the recipient says no to more; empty where nothing is said of it.
type OutboxUnsubscribe struct {
	Mail, Subject, URL string
}

// How a call ended.
const (
	CallSent    = "sent"
	CallLater   = "later"   // nothing was sent; the same later may go well
	CallPause   = "pause"   // nothing was sent; the way out wants or needs a rest
	CallNever   = "never"   // nothing was sent, and it will not be taken later
	CallStopped = "stopped" // nothing was sent: whoever called was stopped
	CallUnsure  = "unsure"  // it may have been sent
)

// OutboxResult is how a call ended.
type OutboxResult struct {
	How           string
	VendorID      string
	Error         *state.Error  // why it was not sent
	After         time.Duration // to wait at least
	Undeliverable bool          // nobody has the address
}

// OutboxStart begins a pass: it reads what is needed outside of transactions.
func (s *Service) OutboxStart(ctx context.Context, p *OutboxPass) error {
	if err := s.noteChat(ctx, p); err != nil {
		return err
	}
	if s.config.Unsubscribe.Key == nil || s.config.Unsubscribe.URL == "" {
		return nil
	}
	var err error
	p.key, err = s.config.Unsubscribe.Key(ctx)
	return err
}

// OutboxDue gives what is to be looked at now, in the order in which it became due.
func (s *Service) OutboxDue(ctx context.Context, p *OutboxPass) ([]OutboxDue, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) ([]OutboxDue, error) {
		l := newLookup(tx, now)
		var out []OutboxDue
		mails := map[string]int{} // to one of us, by person
		for o, err := range state.Outbox.All(tx, state.Range{Index: "due", To: state.After(state.TimeKey(now))}) {
			if err != nil {
				return nil, err
			}
			if o.State != state.OutgoingWaiting {
				continue
			}
			r, err := s.route(l, o, p)
			if err != nil {
				return nil, err
			}
			if o.Expires.After(now) && r.blocked != "" {
				shown, err := s.outgoing(l, o)
				if err != nil {
					return nil, err
				}
				shown.Via, shown.Outcome = r.via, r.blocked
				shown.Error = r.err
				d := OutboxDue{Waiting: []OutboxMessage{shown}}
				if r.blocked == OutboxApproval {
					d.Outlet = r.outlet
				}
				out = append(out, d)
				continue
			}
			if o.Staff != "" && r.mail {
				if i, ok := mails[o.Staff]; ok {
					out[i].Numbers = append(out[i].Numbers, o.Number)
					continue
				}
				mails[o.Staff] = len(out)
			}
			out = append(out, OutboxDue{Numbers: []uint64{o.Number}, Via: r.via})
		}
		return out, nil
	})
}

// route is the way that a message takes.
type route struct {
	via     string
	outlet  string // what a person approves; "" needs none
	mail    bool   // over a connection
	to      string
	name    string
	login   string
	gone    string       // code of why there is nobody to send it to
	blocked string       // OutboxWaits or OutboxApproval
	err     *state.Error // why
}

// route finds the way out of a message.
func (s *Service) route(l *lookup, o *state.Outgoing, p *OutboxPass) (route, error) {
	r := route{to: o.To.Shown}
	channel := o.Channel
	if o.Staff != "" {
		m, err := l.member(o.Staff)
		if err != nil {
			return r, err
		}
		switch {
		case m == nil:
			r.gone = "recipient_gone"
			return r, nil
		case !m.Left.IsZero() && !m.Left.After(l.now):
			r.gone = "recipient_left"
			return r, nil
		}
		r.name, r.login = m.Name, m.Login
		if channel = cmp.Or(o.Channel, s.notifyChannel(m)); channel == OutboxSlack {
			if r.to = chatAccount(m); r.to == "" {
				channel = s.otherChannel(m, o, p)
			}
		}
		if channel == channelEmail {
			if len(m.Emails) == 0 {
				channel = OutboxStdout // said beside it: nobody must miss what they are told for want of an address
			} else {
				r.to = m.Emails[0]
			}
		}
		if channel == OutboxStdout {
			r.via = channel
			return r, nil
		}
	}
	switch {
	case strings.HasPrefix(channel, OutboxWebhook):
		r.via, r.outlet = channel, channel
	case channel == OutboxSlack && o.Staff != "":
		r.via, r.outlet = channel, channel
		if !p.Chat {
			r.blocked, r.err = OutboxWaits, &state.Error{Class: state.Invalid, Code: "slack_missing"}
			return r, nil
		}
	default:
		r.via, r.mail = s.sender(o, channel, p), true
		r.outlet = r.via
		if r.via == "" {
			r.blocked = OutboxWaits
			r.err = &state.Error{Class: state.Invalid, Code: "no_sender", Args: state.Args{"channel": channel}}
			if o.Connection != "" {
				r.err = &state.Error{Class: state.Invalid, Code: "sender_missing", Args: state.Args{"connection": o.Connection, "channel": channel}}
			}
			return r, nil
		}
	}
	x, err := state.Outlets.Find(l.tx, state.TextKey(r.outlet))
	if err != nil {
		return r, err
	}
	switch {
	case (x == nil || x.Approved.IsZero()) && !p.Dry && r.outlet != OutboxSlack:
		r.blocked = OutboxApproval
	case x != nil && x.Until.After(l.now):
		r.blocked, r.err = OutboxWaits, &state.Error{Class: state.Unavailable, Code: "outlet_rests", Args: state.Args{"name": x.Name, "until": x.Until.Format(time.RFC3339)}}
		if x.Code != "" {
			r.err = &state.Error{Class: state.Unavailable, Code: x.Code, Args: x.Args}
		}
	}
	return r, nil
}

// sender is the connection that sends a message; "" where there is none.
func (s *Service) sender(o *state.Outgoing, channel string, p *OutboxPass) string {
	var fit []string
	for _, x := range p.Senders {
		if x.Channel == channel {
			fit = append(fit, x.Name)
		}
	}
	for _, want := range []string{o.Connection, s.config.Notify.Via} {
		switch {
		case want == "":
		case slices.Contains(fit, want):
			return want
		case want == o.Connection:
			return ""
		}
	}
	if len(fit) == 0 {
		return ""
	}
	return fit[0]
}

// notifyChannel is how one of us gets messages.
func (s *Service) notifyChannel(m *state.Staff) string {
	for _, name := range append([]string{m.Login}, m.Emails...) {
		if v := s.config.Notify.Staff[strings.ToLower(name)]; v != "" && name != "" {
			return v
		}
	}
	return cmp.Or(s.config.Notify.Default, OutboxStdout)
}

// OutboxClaim takes what is due to be sent: it asks the gate, and notes in the same transaction that
// it is being sent, or what stands against it. The claim is nil where nothing is to be sent; shown
// is what became of each message.
func (s *Service) OutboxClaim(ctx context.Context, p *OutboxPass, numbers []uint64) (*OutboxClaim, []OutboxMessage, error) {
	type taken struct {
		Claim *OutboxClaim
		Shown []OutboxMessage
	}
	do := func(w *state.Writer) (taken, error) {
		var out taken
		l := newLookup(w.Tx(), w.Cause.At)
		for _, n := range numbers {
			o, err := state.Outbox.Find(w.Tx(), state.NumberKey(n))
			if err != nil {
				return out, err
			}
			if o == nil {
				continue // forgotten meanwhile
			}
			t := &taking{s: s, w: w, l: l, p: p, o: o, claim: out.Claim}
			outcome, err := t.take()
			if err != nil {
				return out, err
			}
			out.Claim = t.claim
			shown, err := s.outgoing(l, o)
			if err != nil {
				return out, err
			}
			shown.Outcome, shown.Via = outcome, cmp.Or(t.route.via, shown.Via)
			if t.route.err != nil {
				shown.Error = t.route.err
			}
			if shown.To == "" {
				shown.To = t.route.to
			}
			out.Shown = append(out.Shown, shown)
		}
		return out, out.Claim.store(w, l)
	}
	run := change[taken]
	if p.Dry {
		run = dry[taken]
	}
	out, err := run(ctx, s, "outbox.claim", nil, do)
	return out.Claim, out.Shown, err
}

// store notes what is sent with which intent, before the call.
func (c *OutboxClaim) store(w *state.Writer, l *lookup) error {
	if c == nil {
		return nil
	}
	var keys []string
	for _, o := range c.Messages {
		keys = append(keys, o.Key)
	}
	var err error
	if c.Intent, err = l.intentOf(keys...); err != nil {
		return err
	}
	for _, o := range c.Messages {
		o.Intent = c.Intent
		if err := state.Outbox.Put(w, o); err != nil {
			return err
		}
	}
	c.digest()
	return nil
}

// intentOf is what goes out with the messages of these occasions: the same for each try, also after
// the state was restored from a backup, and no other state has it.
func (l *lookup) intentOf(keys ...string) (string, error) {
	nonce, err := l.id("")
	if err != nil {
		return "", err
	}
	h := sha256.Sum256([]byte("kept outbox\x00" + nonce + "\x00" + strings.Join(keys, "\x00")))
	return hex.EncodeToString(h[:16]), nil
}

// digest makes one text of several messages to one of us.
func (c *OutboxClaim) digest() {
	if len(c.Messages) < 2 {
		return
	}
	var parts []string
	for _, o := range c.Messages {
		parts = append(parts, strings.TrimSpace(o.Subject+"\n\n"+strings.TrimSpace(o.Text)))
	}
	c.Subject += " (+" + strconv.Itoa(len(c.Messages)-1) + ")"
	c.Text, c.HTML = strings.Join(parts, "\n\n"+strings.Repeat("—", 20)+"\n\n"), ""
}

// taking decides about one message.
type taking struct {
	s     *Service
	w     *state.Writer
	l     *lookup
	p     *OutboxPass
	o     *state.Outgoing
	claim *OutboxClaim // what was taken together with it
	route route
}

func (t *taking) take() (outcome string, err error) {
	o, now := t.o, t.l.now
	if o.State != state.OutgoingWaiting || o.Question != 0 || o.Due.After(now) {
		return OutboxTaken, nil
	}
	if t.route, err = t.s.route(t.l, o, t.p); err != nil {
		return "", err
	}
	switch {
	case !o.Expires.After(now) && o.Card != "":
		return t.drop("outgoing_expired")
	case !o.Expires.After(now):
		return t.fail("outgoing_expired", state.Args{"at": o.Expires.Format(time.RFC3339)})
	case t.route.gone != "":
		return t.drop(t.route.gone)
	case t.route.blocked != "":
		return t.route.blocked, nil
	}
	if over, err := noticeOver(t.l, o); over != "" || err != nil {
		if err != nil {
			return "", err
		}
		return t.drop(over)
	}
	if t.claim != nil && (t.claim.Via != t.route.via || t.claim.Address != t.route.to) {
		return OutboxWaits, nil // they changed how they want to be told, between the look and this one
	}
	c := &OutboxClaim{Via: t.route.via, Name: t.route.name, Address: t.route.to, Login: t.route.login, Subject: o.Subject, Text: o.Text, HTML: o.HTML,
		Automatic: o.Staff != "" || o.Rule != "" || o.By == ops}
	if o.Staff == "" {
		if outcome, err := t.toCustomer(c); outcome != "" || err != nil {
			return outcome, err
		}
	}
	if t.claim == nil {
		t.claim = c
	}
	o.State, o.Claimed, o.Due, o.Via = state.OutgoingSending, now, now.Add(OutboxLease), t.route.via
	o.Fence++
	o.Tries++
	t.claim.Messages = append(t.claim.Messages, o)
	return OutboxSends, nil
}

// toCustomer asks the gate; outcome is "" where the message may go.
func (t *taking) toCustomer(c *OutboxClaim) (outcome string, err error) {
	o := t.o
	to, err := t.l.survivor(o.Base)
	switch {
	case err != nil:
		return "", err
	case to == nil:
		return t.drop("customer_gone")
	case !slices.ContainsFunc(to.Identifiers, func(a state.Address) bool { return !a.Former && string(a.Key()) == string(o.To.Key()) }):
		return t.fail("outgoing_address_gone", state.Args{"to": o.To.Shown, "name": to.Name})
	}
	c.Name = to.Name
	answer, err := t.s.gate(t.l, gateAsk{customer: to, to: o.To, channel: o.Channel, purpose: o.Purpose, asset: o.Asset, brand: o.Brand, team: o.Team, at: t.l.now})
	if err != nil {
		return "", err
	}
	next, asked := answer.next, o.Reasons
	o.Reasons = answer.reasons
	switch {
	case answer.outcome == gateYes:
	case next.After(t.l.now) && next.Before(o.Expires):
		o.Due = next
		return OutboxWaits, state.Outbox.Put(t.w, o)
	case answer.outcome == gateNo:
		o.State, o.Ended = state.OutgoingRefused, t.l.now
		return OutboxRefused, state.Outbox.Put(t.w, o)
	case o.Allowed == "" || !covered(asked, answer.reasons):
		o.Allowed, o.AllowedBy = "", ""
		return OutboxAsks, t.s.askAbout(t.w, t.l, state.QuestionSend, answer.reasons, t.route.via, o)
	}
	if !commercial(o.Purpose) && !o.Unsubscribe {
		return "", nil
	}
	x := t.s.config.Unsubscribe
	c.Unsub.Mail = x.Mail
	intent, err := t.l.intentOf(o.Key)
	if err != nil {
		return "", err
	}
	if token := unsubscribeToken(t.p.key, intent); token != "" {
		c.Unsub.URL = strings.TrimRight(x.URL, "/") + "/" + token
		c.Unsub.Subject = "unsubscribe " + token
	} else if x.Mail != "" {
		c.Unsub.Subject = "unsubscribe"
	}
	if c.Unsub.Mail == "" && c.Unsub.URL == "" {
		// Advertising that nobody can say no to is not sent.
		t.route.err = &state.Error{Class: state.Invalid, Code: "unsubscribe_missing"}
		return OutboxWaits, nil
	}
	return "", nil
}

// covered says whether a person who allowed a message knew of all that the gate asks about now.
func covered(knew, now []state.Evidence) bool {
	for _, r := range now {
		if r.Args["outcome"] == gateMay && !slices.ContainsFunc(knew, func(k state.Evidence) bool { return k.Code == r.Code }) {
			return false
		}
	}
	return true
}

func (t *taking) drop(code string) (string, error) {
	o := t.o
	o.State, o.Ended, o.Code, o.Args = state.OutgoingDropped, t.l.now, code, nil
	return OutboxDropped, state.Outbox.Put(t.w, o)
}

func (t *taking) fail(code string, args state.Args) (string, error) {
	return OutboxFailed, t.s.failOutgoing(t.w, t.l, t.o, t.route.via, &state.Error{Class: state.Failed, Code: code, Args: args})
}
