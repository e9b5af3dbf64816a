package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

const weiChat = "slack:T1:U7"

// chatroom is a mailroom whose people are told in a chat.
type chatroom struct {
	*mailroom
	got  []string // account, card and text of what the chat took over
	fail func(o state.Outgoing) error
	took bool // what fails was taken over all the same
	off  bool // no chat is set up
}

func newChatroom(t testing.TB) *chatroom {
	r := &chatroom{mailroom: newMailroom(t, statetest.Open(t))}
	r.people(1)
	r.ok(r.svc.Do(context.Background(), "test.chat", nil, func(w *state.Writer) error {
		wei, err := state.StaffMembers.Number(w.Tx(), 2)
		if err != nil {
			return err
		}
		wei.Chats = []string{"matrix:@wei", weiChat}
		return state.StaffMembers.Put(w, wei)
	}))
	r.start()
	return r
}

// start makes the engine anew, with a chat.
func (r *chatroom) start() {
	r.open(r.store)
	env := r.eng.env
	if !r.off {
		env.Chat = func(_ context.Context, to string, o state.Outgoing, intent string) (string, error) {
			if intent == "" {
				r.t.Error("a message without its intent")
			}
			var err error
			if r.fail != nil {
				err = r.fail(o)
			}
			if err != nil && !r.took {
				return "", err
			}
			again := ""
			if !o.Doubted.IsZero() {
				again = " again"
			}
			r.got = append(r.got, strings.Join(strings.Fields(to+" "+o.Card+again+" "+o.Text), " "))
			return fmt.Sprint("1700000000.", len(r.got)), err
		}
	}
	specs := r.eng.specs
	r.eng = New(specs, env)
	r.svc = service.New(r.store, r.eng, service.Config{Notify: service.NotifyConfig{Default: "slack"}}, env.Now)
	r.eng.Bind(r.svc)
}

func card(name, key string) func(*state.Outgoing) {
	return func(m *state.Outgoing) {
		toStaff("s2")(m)
		m.Card = name
		if key != "" {
			m.Key = key
		}
	}
}

// Who is told in a chat gets it there, without a plan; who has no account there gets it otherwise.
func TestChatIsAWayOut(t *testing.T) {
	t.Parallel()
	r := newChatroom(t)
	r.put(1, "for wei", toStaff("s2"))
	r.put(1, "for ana", toStaff("s1"))
	dry, err := r.eng.OutboxSend(context.Background(), service.OutboxSendIn{Dry: true})
	r.ok(err)
	if len(r.got) != 0 || slices.Contains(dry.Approval, "slack") || dry.Counts[service.OutboxSends] != 2 {
		t.Fatalf("a dry run sent %q, or wants Slack approved: %+v", r.got, dry)
	}
	r.mustPass()
	if !slices.Equal(r.got, []string{weiChat + " for wei"}) {
		t.Fatalf("the chat got %q", r.got)
	}
	if o := r.want("for wei", state.OutgoingSent); o.VendorID == "" || o.Via != "slack" {
		t.Errorf("sent: %+v", o)
	}
	if o := r.want("for ana", state.OutgoingWaiting); o.Via != "" {
		t.Errorf("Ana has no account, and mail that nobody approved: %+v", o)
	}
	r.approve()
	r.mustPass()
	if r.want("for ana", state.OutgoingSent); r.box.count("for ana") != 1 {
		t.Errorf("Ana, who has no account, got %d mails", r.box.count("for ana"))
	}
}

// Where no chat is set up what waits for it waits, and everybody can see why; set up, it leaves.
func TestChatNotSetUp(t *testing.T) {
	t.Parallel()
	r := newChatroom(t)
	r.off = true
	r.start()
	r.put(1, "for wei", toStaff("s2"))
	out := r.mustPass()
	if len(out.Messages) != 1 || out.Messages[0].Error == nil || out.Messages[0].Error.Code != "slack_missing" {
		t.Fatalf("%+v", out)
	}
	list, err := r.svc.OutboxList(context.Background(), service.OutboxListIn{})
	r.ok(err)
	if len(list.Outlets) != 1 || list.Outlets[0].Error == nil || list.Outlets[0].Error.Code != "slack_missing" {
		t.Fatalf("outlets %+v", list.Outlets)
	}
	before := statetest.Dump(t, r.store)
	r.mustPass()
	if after := statetest.Dump(t, r.store); !maps.Equal(after, before) {
		t.Error("a pass that can do nothing writes")
	}
	r.off = false
	r.start()
	r.mustPass()
	r.want("for wei", state.OutgoingSent)
	if list, err = r.svc.OutboxList(context.Background(), service.OutboxListIn{}); err != nil || list.Outlets[0].Error != nil {
		t.Errorf("the way out is well, and still: %+v, %v", list.Outlets, err)
	}
}

// An hour without the chat loses nothing, and keeps nobody else waiting.
func TestChatIsDownForAnHour(t *testing.T) {
	t.Parallel()
	r := newChatroom(t)
	r.approve()
	began := r.now
	r.fail = func(state.Outgoing) error {
		if r.now.Sub(began) < time.Hour {
			return &connectors.Error{Class: connectors.Transient, Text: "service_unavailable"}
		}
		return nil
	}
	var want []string
	for i := range 8 {
		text := fmt.Sprintf("notice %d 通知", i)
		want = append(want, weiChat+" "+text)
		r.put(1, text, toStaff("s2"))
	}
	mails := 0
	for i := range 180 {
		if i%10 == 0 && i < 60 {
			r.put(1, fmt.Sprintf("mail %d", i), nil)
			mails++
		}
		r.mustPass()
		if len(r.box.got) != mails {
			t.Fatalf("minute %d: mail waits for the chat: %d of %d", i, len(r.box.got), mails)
		}
	}
	slices.Sort(r.got)
	if !slices.Equal(r.got, want) {
		t.Errorf("got %q", r.got)
	}
}

// What the chat's answers mean to the message and to the way out.
func TestChatErrors(t *testing.T) {
	t.Parallel()
	r := newChatroom(t)
	r.fail = func(state.Outgoing) error {
		return &connectors.Error{Class: connectors.RateLimited, After: 30 * time.Second}
	}
	r.put(1, "one", toStaff("s2"))
	r.put(1, "two", toStaff("s2"))
	r.mustPass()
	r.fail = nil
	r.now = r.now.Add(-50 * time.Second) // the next pass is 10 s later
	if r.mustPass(); len(r.got) != 0 {
		t.Fatalf("it rests for 30 s, and %q left", r.got)
	}
	if r.mustPass(); len(r.got) != 2 {
		t.Fatalf("%q after the rest", r.got)
	}
	r.fail = func(state.Outgoing) error { return &connectors.Error{Class: connectors.Auth, Text: "token_revoked"} }
	r.put(1, "three", toStaff("s2"))
	out := r.mustPass()
	if len(out.Outlets) != 1 || out.Outlets[0].Name != "slack" || out.Outlets[0].Until.IsZero() {
		t.Fatalf("a revoked token: %+v", out.Outlets)
	}
	if o := r.want("three", state.OutgoingWaiting); o.Tries != 0 {
		t.Errorf("the token is not the message's fault: %+v", o)
	}
	r.fail = nil
	r.now = r.now.Add(10 * time.Minute)
	if out := r.mustPass(); len(out.Outlets) != 0 {
		t.Errorf("it is well again, and still %+v", out.Outlets)
	}
	r.want("three", state.OutgoingSent)
	r.fail = func(state.Outgoing) error {
		return &connectors.Error{Class: connectors.Invalid, Text: "channel_not_found"}
	}
	r.put(1, "four", card("digest", ""))
	r.put(1, "five", toStaff("s2"))
	r.mustPass()
	if o := r.want("four", state.OutgoingFailed); o.Question != 0 {
		t.Error("a digest that failed is asked about")
	}
	if o := r.want("five", state.OutgoingFailed); o.Question == 0 {
		t.Error("nobody is asked about what a rule told and the chat refused")
	}
}

// Of what may have arrived a digest is not repeated; a reminder is, once, and says so. Nobody is asked.
func TestChatInDoubt(t *testing.T) {
	t.Parallel()
	for _, died := range []bool{false, true} {
		r := newChatroom(t)
		r.took = true
		r.fail = func(state.Outgoing) error {
			if died {
				panic("killed")
			}
			return &connectors.Error{Class: connectors.Ambiguous}
		}
		r.put(1, "good morning", card("digest", ""))
		r.put(1, "do it", toStaff("s2"))
		passes := func() {
			defer func() {
				if x := recover(); x != nil {
					if x != "killed" {
						panic(x)
					}
					r.now = r.now.Add(service.OutboxLease + time.Minute)
					r.start()
				}
			}()
			r.mustPass()
			r.now = r.now.Add(time.Hour)
		}
		for range 20 {
			passes()
		}
		if died {
			// The process dies in the call, before the chat has it or after: it is not known.
			r.got = nil
		} else if !slices.Equal(r.got, []string{weiChat + " digest good morning", weiChat + " do it", weiChat + " again do it"}) {
			t.Errorf("the chat got %q", r.got)
		}
		for _, text := range []string{"good morning", "do it"} {
			if o := r.want(text, state.OutgoingDropped); o.Code != "notice_unsure" || o.Question != 0 {
				t.Errorf("died %v: %s: %+v", died, text, o)
			}
		}
	}
}

// What was done or moved before its reminder left, and what was answered before it was asked, does not
// leave any more; a digest whose morning is over does not either, and nobody is asked about it.
func TestChatNoticesThatAreOver(t *testing.T) {
	t.Parallel()
	r := newChatroom(t)
	ctx := context.Background()
	p, err := r.svc.PromiseAdd(ctx, service.PromiseAddIn{Ref: "c1", Text: "样品", By: "wei", Due: "tomorrow"})
	r.ok(err)
	due := p.Promise.Due.UTC().Format(time.RFC3339)
	r.fail = func(state.Outgoing) error { return chatDown }
	r.put(1, "moved", card("reminder p1", "reminder:p1:2026-01-01T00:00:00Z"))
	r.put(1, "stands", card("reminder p1", "reminder:p1:"+due))
	r.put(1, "answered", card("question q99", ""))
	r.put(1, "morning", func(m *state.Outgoing) { card("digest", "")(m); m.Expires = r.now.Add(90 * time.Minute) })
	r.mustPass()
	r.now = r.now.Add(2 * time.Hour)
	r.fail = nil
	r.mustPass()
	for text, code := range map[string]string{"moved": "reminder_over", "answered": "question_over", "morning": "outgoing_expired"} {
		if o := r.want(text, state.OutgoingDropped); o.Code != code || o.Question != 0 {
			t.Errorf("%s: %+v", text, o)
		}
	}
	r.want("stands", state.OutgoingSent)
}

var chatDown = &connectors.Error{Class: connectors.Transient, Cause: errors.New("down")}
