package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

// mailserver is a system that sends messages, in memory; it outlives the processes that use it.
type mailserver struct {
	got   []posted
	calls int
	// before and after say how a call fails: before it is taken, or after it was and the answer is lost.
	before, after func(call int, m *connectors.Message) error
	limits        connectors.Limits
}

type posted struct {
	intent string
	m      connectors.Message
	at     time.Time
}

// count is how often a text was taken over.
func (b *mailserver) count(text string) int {
	n := 0
	for _, x := range b.got {
		if strings.Contains(x.m.Text, text) || strings.Contains(x.m.Subject, text) {
			n++
		}
	}
	return n
}

type mailer struct {
	b   *mailserver
	now func() time.Time
}

func (mailer) Check(context.Context) error { return nil }

func (m mailer) Limits() connectors.Limits { return m.b.limits }

func (m mailer) Send(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
	m.b.calls++
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if m.b.before != nil {
		if err := m.b.before(m.b.calls, &msg); err != nil {
			return "", err
		}
	}
	m.b.got = append(m.b.got, posted{in.ID, msg, m.now()})
	if m.b.after != nil {
		if err := m.b.after(m.b.calls, &msg); err != nil {
			return "", err
		}
	}
	return in.ID + "@nordlicht.example", nil
}

// findingMailer can tell what it took over.
type findingMailer struct{ mailer }

func (f findingMailer) Find(_ context.Context, in connectors.Intent) (connectors.Record, bool, error) {
	for _, x := range f.b.got {
		if x.intent == in.ID {
			return connectors.Record{ID: in.ID + "@nordlicht.example"}, true, nil
		}
	}
	return connectors.Record{}, false, nil
}

// mailroom is an engine with a system that sends, on a state with customers.
type mailroom struct {
	t     testing.TB
	store state.Store
	box   *mailserver
	finds bool
	now   time.Time
	said  []string
	eng   *Engine
	svc   *service.Service
}

func newMailroom(t testing.TB, store state.Store) *mailroom {
	t.Helper()
	r := &mailroom{t: t, store: store, box: &mailserver{}, now: noon}
	r.open(store)
	return r
}

// open makes the engine anew, as a new process would.
func (r *mailroom) open(store state.Store) {
	clock := func() time.Time { return r.now }
	spec := connectors.Spec{Name: "post", Sends: "email", Open: func(context.Context, map[string]string, connectors.Env) (connectors.Connector, error) {
		m := mailer{r.box, clock}
		if r.finds {
			return findingMailer{m}, nil
		}
		return m, nil
	}}
	r.eng = New([]connectors.Spec{spec}, Env{Now: clock, Connections: []Connection{{Name: "outbound", Type: "post"}},
		Say:   func(line string) error { r.said = append(r.said, line); return nil },
		Sleep: func(ctx context.Context, d time.Duration) error { r.now = r.now.Add(d); return ctx.Err() }})
	r.svc = service.New(store, r.eng, service.Config{Region: "DE", Notify: service.NotifyConfig{Staff: map[string]string{"ana": "email"}},
		Unsubscribe: service.UnsubscribeConfig{Mail: "unsubscribe@nordlicht.example", URL: "https://kept.example/u",
			Key: func(context.Context) ([]byte, error) { return []byte("key"), nil }}}, clock)
	r.eng.Bind(r.svc)
}

func (r *mailroom) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// people makes customers 1 to n with an address each, of whom the first three agreed to marketing, and
// Ana and Wei of ours.
func (r *mailroom) people(n int) {
	r.t.Helper()
	ctx := context.Background()
	for _, in := range []service.StaffAddIn{{Name: "Ana Lima", Login: "ana", Emails: []string{"ana@nordlicht.example"}}, {Name: "张伟", Login: "wei"}} {
		_, err := r.svc.StaffAdd(ctx, in)
		r.ok(err)
	}
	var told []service.Told
	for i := 1; i <= n; i++ {
		said := []state.Said{{Channel: "email", Purpose: "marketing", State: state.ConsentGranted, Address: address(i), At: noon.Add(-time.Hour), Field: "status", Words: "yes"}}
		if i > 3 {
			said = nil
		}
		told = append(told, service.Told{Connection: "shop", Kind: state.KindContact, ID: fmt.Sprint(i), Keyed: state.KeyedID, Version: state.Version{
			Fields:   []state.Field{{Name: "email", Values: []state.Value{{Text: address(i)}}}, {Name: "name", Values: []state.Value{{Text: fmt.Sprintf("李%d", i)}}}},
			Consents: said}})
	}
	r.ok(r.svc.Do(ctx, "import.page", nil, func(w *state.Writer) error {
		_, err := r.svc.Tell(w, &state.Run{Number: 1, Kind: "import", Connection: "shop"}, told)
		return err
	}))
}

func address(i int) string { return fmt.Sprintf("li%d@example.com", i) }

// put puts a message for a customer (or, with staff, for one of us) into the outbox.
func (r *mailroom) put(number uint64, text string, change func(*state.Outgoing)) {
	r.t.Helper()
	r.ok(r.svc.Do(context.Background(), "test.queue", nil, func(w *state.Writer) error {
		n, err := state.Outbox.Next(w)
		if err != nil {
			return err
		}
		a := address(int(number))
		m := &state.Outgoing{Number: n, Key: text, State: state.OutgoingWaiting, Base: number, Channel: "email", Purpose: "service", Subject: text, Text: text,
			To: state.Identifier{Type: state.TypeEmail, Match: a, Shown: a}, Queued: w.Cause.At, Due: w.Cause.At, Expires: w.Cause.At.Add(48 * time.Hour), By: "s1"}
		if change != nil {
			change(m)
		}
		return state.Outbox.Put(w, m)
	}))
}

func toStaff(ref string) func(*state.Outgoing) {
	return func(m *state.Outgoing) { m.Staff, m.Channel, m.Purpose, m.To = ref, "", "", state.Identifier{} }
}

func marketing(asset string) func(*state.Outgoing) {
	return func(m *state.Outgoing) { m.Purpose, m.Asset = "marketing", asset }
}

func (r *mailroom) approve() {
	r.t.Helper()
	r.ok(r.svc.OutboxApprove(context.Background(), []string{"outbound"}))
}

func (r *mailroom) pass() (service.OutboxSendOut, error) {
	r.now = r.now.Add(time.Minute)
	return r.eng.OutboxSend(context.Background(), service.OutboxSendIn{})
}

func (r *mailroom) mustPass() service.OutboxSendOut {
	r.t.Helper()
	out, err := r.pass()
	r.ok(err)
	return out
}

// all gives the outbox by text.
func (r *mailroom) all() map[string]*state.Outgoing {
	r.t.Helper()
	out := map[string]*state.Outgoing{}
	r.ok(r.store.View(context.Background(), func(tx state.Tx) error {
		clear(out)
		for o, err := range state.Outbox.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			out[o.Text] = o
		}
		return nil
	}))
	return out
}

// entries gives the IDs of what is in the history of a customer.
func (r *mailroom) entries(base uint64) []string {
	r.t.Helper()
	var out []string
	r.ok(r.store.View(context.Background(), func(tx state.Tx) error {
		out = nil
		for a, err := range state.Activities.Read(tx, state.CustomerSubject(base), state.Range{}) {
			if err != nil {
				return err
			}
			out = append(out, a.ID)
		}
		return nil
	}))
	return out
}

func (r *mailroom) want(text, became string) *state.Outgoing {
	r.t.Helper()
	o := r.all()[text]
	if o == nil || o.State != became {
		r.t.Fatalf("%s is %+v, want %s", text, o, became)
	}
	return o
}

// Nothing leaves before a person applied a plan, and the plan is exactly what is sent then.
func TestOutboxNeedsAPlanFirst(t *testing.T) {
	t.Parallel()
	r := newMailroom(t, statetest.Open(t))
	r.people(2)
	ctx := context.Background()
	r.put(1, "hello one", nil)
	r.put(2, "hello two", marketing("brochure"))
	r.put(1, "for wei", toStaff("s2"))
	out := r.mustPass()
	if len(r.box.got) != 0 || !slices.Equal(out.Approval, []string{"outbound"}) || out.Counts[service.OutboxApproval] != 2 {
		t.Fatalf("%d left without approval; %+v", len(r.box.got), out)
	}
	if len(r.said) != 1 || r.said[0] != "张伟: for wei · for wei" {
		t.Errorf("said %q", r.said)
	}
	before := statetest.Dump(t, r.store)
	plan, err := r.eng.OutboxSend(ctx, service.OutboxSendIn{Dry: true})
	r.ok(err)
	if plan.Plan == "" || plan.Counts[service.OutboxSends] != 2 || len(r.box.got) != 0 {
		t.Fatalf("dry run: %+v", plan)
	}
	if after := statetest.Dump(t, r.store); len(after) != len(before) {
		t.Error("a dry run changed the state")
	}
	_, err = r.eng.OutboxSend(ctx, service.OutboxSendIn{Apply: "000000"})
	if !state.IsCode(err, "plan_stale") {
		t.Fatalf("another plan: %v", err)
	}
	r.put(1, "came later", nil)
	if _, err = r.eng.OutboxSend(ctx, service.OutboxSendIn{Apply: plan.Plan}); !state.IsCode(err, "plan_stale") || len(r.box.got) != 0 {
		t.Fatalf("a plan that lacks a message: %v, %d sent", err, len(r.box.got))
	}
	plan, err = r.eng.OutboxSend(ctx, service.OutboxSendIn{Dry: true})
	r.ok(err)
	done, err := r.eng.OutboxSend(ctx, service.OutboxSendIn{Apply: plan.Plan})
	r.ok(err)
	if done.Counts[service.OutboxSent] != 3 || len(r.box.got) != 3 {
		t.Fatalf("applied: %+v", done)
	}
	r.put(2, "by itself", nil)
	if out := r.mustPass(); out.Counts[service.OutboxSent] != 1 {
		t.Errorf("after that it goes by itself: %+v", out)
	}
	for _, x := range r.box.got {
		u := x.m.Unsubscribe
		if (x.m.Text == "hello two") != (u != nil) {
			t.Errorf("%s has %+v to say no with", x.m.Text, u)
		}
		if u != nil && (!u.OneClick || !strings.HasPrefix(u.URL, "https://kept.example/u/") || u.Mail != "unsubscribe@nordlicht.example" || strings.Contains(u.URL, "li2")) {
			t.Errorf("unsubscribe %+v", u)
		}
	}
	if got := r.entries(1); !slices.Equal(got, []string{"o1", "o4"}) {
		t.Errorf("history has %v", got)
	}
}

// Several messages to one of us are one mail.
func TestOutboxDigest(t *testing.T) {
	t.Parallel()
	r := newMailroom(t, statetest.Open(t))
	r.people(1)
	r.approve()
	for _, text := range []string{"first", "第二", "third"} {
		r.put(1, text, toStaff("s1"))
	}
	r.put(0, "nothing of a customer", toStaff("s2"))
	out := r.mustPass()
	if len(r.box.got) != 1 || out.Counts[service.OutboxSent] != 4 || len(r.said) != 1 {
		t.Fatalf("%d mails, %+v", len(r.box.got), out.Counts)
	}
	m := r.box.got[0].m
	if m.Subject != "first (+2)" || m.To.Address != "ana@nordlicht.example" || !m.Automatic || !strings.Contains(m.Text, "第二") || !strings.Contains(m.Text, "third") {
		t.Errorf("the mail is %+v", m)
	}
	if got := r.entries(1); len(got) != 0 {
		t.Errorf("what one of us was told is in the customer's history: %v", got)
	}
}

// What an error says decides what becomes of a message.
func TestOutboxErrors(t *testing.T) {
	t.Parallel()
	fails := func(class connectors.Class, after time.Duration, cause error) *connectors.Error {
		return &connectors.Error{Class: class, Text: "it says so", After: after, Cause: cause}
	}
	for _, c := range []struct {
		err    error
		became string
		due    time.Duration // from when it was tried
		asks   string
	}{
		{fails(connectors.Transient, 0, nil), state.OutgoingWaiting, time.Minute, ""},
		{fails(connectors.Transient, 20*time.Minute, nil), state.OutgoingWaiting, 20 * time.Minute, ""},
		{fails(connectors.RateLimited, time.Hour, nil), state.OutgoingWaiting, 0, ""},
		{fails(connectors.Auth, 0, nil), state.OutgoingWaiting, 0, ""},
		{fails(connectors.Forbidden, 0, nil), state.OutgoingWaiting, time.Hour, ""},
		{fails(connectors.Invalid, 0, nil), state.OutgoingFailed, 0, state.QuestionUndelivered},
		{fails(connectors.Invalid, 0, connectors.ErrUndeliverable), state.OutgoingFailed, 0, state.QuestionUndelivered},
		{fails(connectors.Ambiguous, 0, nil), state.OutgoingUnsure, 0, state.QuestionUnsure},
		{errors.New("a connector's mistake"), state.OutgoingUnsure, 0, state.QuestionUnsure},
		{context.DeadlineExceeded, state.OutgoingWaiting, time.Minute, ""},
	} {
		r := newMailroom(t, statetest.Open(t))
		r.people(1)
		r.approve()
		r.put(1, "hello", nil)
		r.put(1, "second", nil)
		r.box.before = func(int, *connectors.Message) error { return c.err }
		out := r.mustPass()
		o := r.want("hello", c.became)
		if c.became == state.OutgoingWaiting && o.Due.Sub(r.now) != c.due {
			t.Errorf("%v: due after %v, want %v", c.err, o.Due.Sub(r.now), c.due)
		}
		q, err := r.svc.QuestionList(context.Background(), service.QuestionListIn{Kind: c.asks})
		r.ok(err)
		if (c.asks != "") != (q.Total > 0) {
			t.Errorf("%v: %d questions of kind %q", c.err, q.Total, c.asks)
		}
		if len(r.entries(1)) > 0 {
			t.Errorf("%v: the history says that it was sent", c.err)
		}
		paused := len(out.Outlets) > 0
		if class := connectors.ClassOf(c.err); (class == connectors.Auth) != paused {
			t.Errorf("%v: wrong with the way out: %+v", c.err, out.Outlets)
		}
		calls := r.box.calls
		r.box.before = nil
		r.mustPass()
		if wantCalls := map[string]bool{state.OutgoingWaiting: connectors.ClassOf(c.err) == connectors.RateLimited || connectors.ClassOf(c.err) == connectors.Auth}; wantCalls[c.became] && r.box.calls != calls {
			t.Errorf("%v: it was asked again before its time", c.err)
		}
		r.now = r.now.Add(3 * time.Hour)
		r.mustPass()
		sent := c.became == state.OutgoingWaiting
		if got := r.box.count("hello"); (got == 1) != sent || got > 1 {
			t.Errorf("%v: sent %d times in the end", c.err, got)
		}
		why, err := r.svc.OptoutWhy(context.Background(), service.OptoutWhyIn{Ref: address(1)})
		r.ok(err)
		bounced := slices.ContainsFunc(why.Said, func(l service.ConsentLine) bool { return l.State == state.ConsentUndeliverable })
		if bounced != errors.Is(c.err, connectors.ErrUndeliverable) {
			t.Errorf("%v: noted as undeliverable: %v", c.err, bounced)
		}
	}
}

// After its tries or its time a message fails, and a person is told.
func TestOutboxGivesUp(t *testing.T) {
	t.Parallel()
	r := newMailroom(t, statetest.Open(t))
	r.people(1)
	r.approve()
	r.put(1, "hello", nil)
	r.put(1, "short", func(m *state.Outgoing) { m.Expires = m.Queued.Add(10 * time.Minute) })
	r.box.before = func(int, *connectors.Message) error {
		return &connectors.Error{Class: connectors.Transient, Text: "greylisted"}
	}
	for range 100 {
		r.now = r.now.Add(time.Hour)
		r.mustPass()
	}
	r.want("short", state.OutgoingFailed)
	if o := r.want("hello", state.OutgoingFailed); o.Tries > 10 || o.Question == 0 {
		t.Errorf("gave up as %+v", o)
	}
	r.box.before = nil
	_, err := r.svc.Answer(context.Background(), service.AnswerIn{Number: state.Questions.Ref(r.all()["hello"].Question), Answer: "again"})
	r.ok(err)
	r.mustPass()
	r.want("hello", state.OutgoingSent)
	if n := r.box.count("hello"); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

// What was said between queueing and sending counts.
func TestOutboxAsksTheGateWhenItSends(t *testing.T) {
	t.Parallel()
	r := newMailroom(t, statetest.Open(t))
	r.people(3)
	r.approve()
	ctx := context.Background()
	r.put(1, "advert", marketing("brochure"))
	r.put(1, "your invoice", nil)
	r.put(2, "to be forgotten", nil)
	r.put(3, "moved", nil)
	_, err := r.svc.OptoutAdd(ctx, service.OptoutAddIn{Ref: address(1), Purpose: "marketing"})
	r.ok(err)
	_, err = r.svc.CustomerForget(ctx, service.CustomerForgetIn{Ref: "c2"})
	r.ok(err)
	r.ok(r.svc.Do(ctx, "import.page", nil, func(w *state.Writer) error {
		_, err := r.svc.Tell(w, &state.Run{Number: 2, Kind: "import", Connection: "shop"}, []service.Told{{Connection: "shop", Kind: state.KindContact, ID: "3",
			Keyed: state.KeyedID, Version: state.Version{Fields: []state.Field{{Name: "email", Values: []state.Value{{Text: "new@example.com"}}}}}}})
		return err
	}))
	r.mustPass()
	if o := r.want("advert", state.OutgoingRefused); len(o.Reasons) == 0 {
		t.Errorf("refused without a reason: %+v", o)
	}
	r.want("your invoice", state.OutgoingSent)
	r.want("moved", state.OutgoingFailed)
	if len(r.box.got) != 1 {
		t.Errorf("%d were sent, want the invoice alone", len(r.box.got))
	}
}

// Where the gate asks, a person may send it with a reason, or not.
func TestOutboxAsksAPerson(t *testing.T) {
	t.Parallel()
	r := newMailroom(t, statetest.Open(t))
	r.people(5)
	r.approve()
	ctx := context.Background()
	for i := uint64(1); i <= 2; i++ {
		r.put(i+3, fmt.Sprint("about your order ", i), marketing(""))
	}
	out := r.mustPass()
	if out.Counts[service.OutboxAsks] != 2 || len(r.box.got) != 0 {
		t.Fatalf("%+v", out.Counts)
	}
	r.mustPass() // it is asked once
	list, err := r.svc.QuestionList(ctx, service.QuestionListIn{Kind: state.QuestionSend})
	r.ok(err)
	if list.Total != 2 {
		t.Fatalf("%d questions", list.Total)
	}
	first, second := r.all()["about your order 1"].Question, r.all()["about your order 2"].Question
	if _, err := r.svc.Answer(ctx, service.AnswerIn{Number: state.Questions.Ref(first), Answer: "send"}); !state.IsCode(err, "send_reason_missing") {
		t.Fatalf("without a reason: %v", err)
	}
	_, err = r.svc.Answer(ctx, service.AnswerIn{Number: state.Questions.Ref(first), Answer: "send", Text: "he asked for it on the phone"})
	r.ok(err)
	_, err = r.svc.Answer(ctx, service.AnswerIn{Number: state.Questions.Ref(second), Answer: "drop"})
	r.ok(err)
	r.mustPass()
	r.want("about your order 1", state.OutgoingSent)
	r.want("about your order 2", state.OutgoingDropped)
	if len(r.box.got) != 1 {
		t.Errorf("%d sent", len(r.box.got))
	}
}
