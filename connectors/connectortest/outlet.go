package connectortest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// Outlet describes a system for a connector that sends messages ([connectors.Sender]) over a connection.
// Each case starts a system of its own, to which nothing was sent, and looks at what arrived there. What
// stands between them is a cable of the suite's own, which can break at what the connector says, answer in
// the system's place, and lose an answer. So the faults of a system that is a real server are the same.
//
// In memory the cases run on a virtual clock (testing/synctest). The cable must be able to read what goes
// over it: the connection is one without TLS.
type Outlet struct {
	Server func(tb testing.TB) Post
	Real   bool // the system is a real server, reached over the network
	// Options of the connection beside the server's and the secrets.
	Options map[string]string
	// Can names the small interfaces that the connection has, sorted: "Limiter", "Sender".
	Can []string
	// Message gives the i-th message, each to another person, with what the system can hold of it.
	Message func(i int) connectors.Message
	// Addresses are some that the system's channel has though they look strange, each with what arrives there.
	Addresses map[string]string

	Logins  string   // what a login begins with, to count them: "AUTH"
	Steps   []string // what the connector says on its way to a message, in order, beside its last word: "MAIL FROM", "RCPT TO", "DATA\r\n"
	Content string   // what stands at the beginning of a message, before its end: "Message-ID"
	Last    string   // what ends a message, so that it counts as sent: "\r\n.\r\n"
	// Refusals are answers of the system, with what they mean, by the step at which they come; "" is any,
	// the last word too.
	Refusals map[string][]Refusal
	// Busy are what it may greet us with in place of a greeting.
	Busy []string
	// Echo gives a refusal that says all of what was told last; nil: let it through.
	Echo func(sent []byte) []byte
}

// Refusal is an answer and what it means.
type Refusal struct {
	Answer string
	Class  connectors.Class
	Nobody bool          // it says that nobody has the address
	After  time.Duration // how long it asks us to wait; 0: it does not say
}

// Post is a system that takes messages.
type Post struct {
	Dial    Dial              // in memory; nil: over the network
	Options map[string]string // its address, by the connector's option
	// Arrived gives what was sent to persons whose addresses this system's Message has, oldest first.
	Arrived func() []Arrived
	// Messages moves Outlet.Message to addresses of this system's own, where it is shared; may be nil.
	Messages func(connectors.Message) connectors.Message
}

// Arrived is a message as its reader gets it.
type Arrived struct {
	ID      string // as Send gives it
	To      string
	From    connectors.Mailbox
	ReplyTo connectors.Mailbox
	Subject string
	Text    string // line ends as "\n"; what stands at its very end does not count
	HTML    string
	Header  map[string][]string // by canonical name; decoded
	At      time.Time
}

// outletClock are cases that take long where time is real.
var outletClock = map[string]bool{"silence at a sending": true, "slow answers": true, "limits of sending": true}

func outletCases(h Harness) []Case {
	cases := []Case{
		{"can send", outletCanCase}, {"check of sending", outletCheckCase}, {"arrives", arrivesCase}, {"same intent", sameMessageCase}, {"unsubscribe", unsubscribeCase},
		{"addresses", addressesCase}, {"refusals", refusalsCase}, {"busy", busyCase}, {"cut before the end", cutBeforeCase}, {"cut after the end", cutAfterCase},
		{"silence at a sending", outletSilenceCase}, {"slow answers", slowAnswersCase}, {"connection gone meanwhile", goneMeanwhileCase}, {"nobody takes mail", outletNobodyCase},
		{"somebody else takes mail", outletSomebodyCase}, {"huge refusal", outletHugeCase}, {"login refused", loginRefusedCase}, {"secret of sending", outletSecretCase},
		{"injection", injectionCase}, {"cancelled sending", outletCancelCase}, {"dry run of sending", outletDryCase}, {"limits of sending", outletLimitsCase},
	}
	if h.Outlet.Real {
		cases = slices.DeleteFunc(cases, func(c Case) bool { return outletClock[c.Name] })
	}
	return cases
}

// office is a world in which messages are sent.
type office struct {
	*world
	out  *Outlet
	post Post
	n    int
}

func newOffice(tb testing.TB, h Harness) *office {
	tb.Helper()
	o := &office{out: h.Outlet, post: h.Outlet.Server(tb)}
	h.API = &API{Real: h.Outlet.Real, Options: h.Outlet.Options, Stream: &Stream{}}
	o.world = &world{tb: tb, h: h, api: h.API, server: Server{Dial: o.post.Dial, Options: o.post.Options}, store: map[string]string{}}
	o.cable = newCable(tb, o.post.Dial)
	return o
}

// sender opens a connection that sends.
func (o *office) sender() connectors.Sender {
	o.tb.Helper()
	return o.asSender(o.open())
}

func (o *office) asSender(c connectors.Connector) connectors.Sender {
	o.tb.Helper()
	s, ok := c.(connectors.Sender)
	if !ok {
		o.tb.Fatalf("the connection is no Sender")
	}
	return s
}

// intent gives an intent whose ID nobody used.
func (o *office) intent() connectors.Intent {
	o.n++
	return connectors.Intent{ID: fmt.Sprintf("%s-%d-%d", o.tb.Name(), time.Now().UnixNano(), o.n), Key: fmt.Sprint(o.n)}
}

// message gives the i-th message, to somebody of this system.
func (o *office) message(i int) connectors.Message {
	m := o.out.Message(i)
	if o.post.Messages != nil {
		m = o.post.Messages(m)
	}
	return m
}

// arrived waits until n messages are there, where that takes time, and gives them.
func (o *office) arrived(n int) []Arrived {
	o.tb.Helper()
	all := o.post.Arrived()
	for end := time.Now().Add(10 * time.Second); o.api.Real && len(all) < n && time.Now().Before(end); all = o.post.Arrived() {
		time.Sleep(10 * time.Millisecond)
	}
	if len(all) != n {
		o.tb.Errorf("%d messages arrived, %d were sent", len(all), n)
	}
	return all
}

// none holds that nothing arrived.
func (o *office) none(what string) {
	o.tb.Helper()
	if all := o.post.Arrived(); len(all) > 0 {
		o.tb.Errorf("%s: %d messages arrived", what, len(all))
	}
}

// works holds that the connection sends now, and that what arrived is before and this one.
func (o *office) works(what string, s connectors.Sender, before int) {
	o.tb.Helper()
	m := o.message(900 + before)
	id, err := s.Send(context.Background(), o.intent(), m)
	if err != nil {
		o.failed("Send", err)
		o.tb.Errorf("%s, then it is mended, and Send: %v", what, err)
		return
	}
	if all := o.arrived(before + 1); len(all) > 0 && all[len(all)-1].ID != id {
		o.tb.Errorf("%s, then it is mended: %q was sent, %q arrived", what, id, all[len(all)-1].ID)
	}
}

func outletCanCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	c := o.open()
	var can []string
	for _, name := range keys(abilities) {
		if abilities[name](c) {
			can = append(can, name)
		}
	}
	if !slices.Equal(can, h.Outlet.Can) {
		tb.Errorf("the connection can %v, its harness says %v", can, h.Outlet.Can)
	}
	if (h.Spec.Sends != "") != slices.Contains(can, "Sender") {
		tb.Errorf("Spec.Sends is %q; the connection is a Sender: %v", h.Spec.Sends, slices.Contains(can, "Sender"))
	}
}

func outletCheckCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	if err := o.open().Check(context.Background()); err != nil {
		tb.Errorf("Check of a good connection: %v", err)
	}
	c := o.openWith("no"+h.Secret, func(*connectors.Env) {})
	o.wantClass("Check with a wrong secret", c.Check(context.Background()), connectors.Auth)
	o.cable.breaks(flaw{left: -1, do: says, page: streamPage})
	if err := o.open().Check(context.Background()); err == nil {
		tb.Errorf("Check is content with a web page")
	} else {
		o.failed("Check against a web page", err)
	}
	o.none("Check")
}

// read is a message as it is compared.
type read struct {
	ID, To, Subject, Text, HTML, FromName string
	ReplyTo                               connectors.Mailbox
	Automatic                             bool
	InReplyTo, References                 string
	Header                                map[string]string
}

func wanted(id string, m connectors.Message) read {
	refs := slices.Clone(m.References)
	if m.InReplyTo != "" && !slices.Contains(refs, m.InReplyTo) {
		refs = append(refs, m.InReplyTo)
	}
	r := read{ID: id, To: m.To.Address, Subject: m.Subject, Text: plainText(m.Text), HTML: plainText(m.HTML), FromName: m.FromName, ReplyTo: m.ReplyTo, Automatic: m.Automatic,
		InReplyTo: m.InReplyTo, References: strings.Join(refs, " "), Header: map[string]string{}}
	maps.Copy(r.Header, m.Headers)
	return r
}

func got(a Arrived, m connectors.Message) read {
	first := func(name string) string { return strings.Join(a.Header[name], "\n") }
	bare := func(s string) string { return strings.NewReplacer("<", "", ">", "").Replace(s) }
	r := read{ID: a.ID, To: a.To, Subject: a.Subject, Text: plainText(a.Text), HTML: plainText(a.HTML), ReplyTo: a.ReplyTo,
		InReplyTo: bare(first("In-Reply-To")), References: bare(first("References")), Header: map[string]string{}}
	if m.FromName != "" {
		r.FromName = a.From.Name
	}
	if m.ReplyTo == (connectors.Mailbox{}) {
		r.ReplyTo = m.ReplyTo // the connection's own
	}
	auto := first("Auto-Submitted")
	r.Automatic = auto != "" && auto != "no"
	for name := range m.Headers {
		r.Header[name] = first(name)
	}
	return r
}

func plainText(s string) string {
	return strings.TrimRight(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s), "\n")
}

// arrivesCase: what was sent arrives once, as it was.
func arrivesCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	s := o.sender()
	const n = 7
	want := map[string]read{}
	sent := map[string]connectors.Message{}
	for i := range n {
		m := o.message(i)
		id, err := s.Send(context.Background(), o.intent(), m)
		if err != nil {
			o.failed("Send", err)
			tb.Fatalf("Send: %v", err)
		}
		if id == "" || strings.ContainsAny(id, "<> \r\n") {
			tb.Errorf("Send gave the id %q", id)
		}
		if _, ok := want[id]; ok {
			tb.Errorf("two messages have the id %q", id)
		}
		want[id], sent[id] = wanted(id, m), m
	}
	seen := map[string]read{}
	for _, a := range o.arrived(n) {
		seen[a.ID] = got(a, sent[a.ID])
		if a.From.Address == "" {
			tb.Errorf("%s is from nobody", a.ID)
		}
	}
	for _, id := range keys(want) {
		same(tb, "a message as it was sent and as it arrived", want[id], seen[id])
	}
}

// sameMessageCase: an intent is one message, however often it goes out.
func sameMessageCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	in, m := o.intent(), o.message(1)
	first, err := o.sender().Send(context.Background(), in, m)
	if err != nil {
		tb.Fatalf("Send: %v", err)
	}
	o.tick(time.Hour)
	second, err := o.sender().Send(context.Background(), in, m)
	if err != nil {
		tb.Fatalf("Send: %v", err)
	}
	other, err := o.sender().Send(context.Background(), o.intent(), m)
	if err != nil {
		tb.Fatalf("Send: %v", err)
	}
	if first != second || first == other {
		tb.Errorf("an intent's message was %q, then %q; another intent's is %q", first, second, other)
	}
	var ids []string
	for _, a := range o.arrived(3) {
		ids = append(ids, a.ID)
	}
	slices.Sort(ids)
	want := []string{first, first, other}
	slices.Sort(want)
	same(tb, "the ids that Send gave and those that arrived", want, ids)
}

// unsubscribeCase: of mail, that a person can say no to more with one click (RFC 8058).
func unsubscribeCase(tb testing.TB, h Harness) {
	if h.Spec.Sends != "email" {
		tb.Logf("no mail")
		return
	}
	o := newOffice(tb, h)
	s := o.sender()
	const page, address = "https://kept.example/u?p=abc,def&x=1", "leave@kept.example"
	for _, u := range []*connectors.Unsubscribe{{URL: page, OneClick: true}, {Mail: address, Subject: "Abmelden, bitte 退订"}, {URL: page, Mail: address}, nil} {
		m := o.message(2)
		m.Unsubscribe = u
		id, err := s.Send(context.Background(), o.intent(), m)
		if err != nil {
			tb.Fatalf("Send: %v", err)
		}
		i := slices.IndexFunc(o.post.Arrived(), func(a Arrived) bool { return a.ID == id })
		if i < 0 {
			tb.Fatalf("%s did not arrive", id)
		}
		header := o.post.Arrived()[i].Header
		ways, click := strings.Join(header["List-Unsubscribe"], "|"), strings.Join(header["List-Unsubscribe-Post"], "|")
		if u == nil {
			if ways+click != "" {
				tb.Errorf("a message that nobody can unsubscribe from says %q %q", ways, click)
			}
			continue
		}
		if (u.URL != "") != strings.Contains(ways, "<"+page+">") || (u.Mail != "") != strings.Contains(ways, "<mailto:"+address) || (click == "List-Unsubscribe=One-Click") != u.OneClick || !u.OneClick && click != "" {
			tb.Errorf("%+v became %q, %q", u, ways, click)
		}
		if u.Subject != "" && !strings.Contains(ways, "?subject=Abmelden%2C%20bitte%20%E9%80%80%E8%AE%A2>") {
			tb.Errorf("the subject %q became %q", u.Subject, ways)
		}
	}
	for _, u := range []connectors.Unsubscribe{{}, {OneClick: true, Mail: address}, {URL: "http://kept.example/u"}, {URL: "javascript:alert(1)"}, {URL: "https://kept.example/>, <mailto:x@y.example"}, {URL: "https://kept.example/\r\nX: y"}, {Mail: "a@b.example?cc=x@y.example\r\n"}} {
		m := o.message(3)
		m.Unsubscribe = &u
		_, err := s.Send(context.Background(), o.intent(), m)
		o.wantClass(fmt.Sprintf("Send with %+v", u), err, connectors.Invalid)
	}
}

// addressesCase: strange addresses arrive where they should.
func addressesCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	s := o.sender()
	n := 0
	for _, address := range keys(h.Outlet.Addresses) {
		m := o.message(4)
		m.To.Address = address
		id, err := s.Send(context.Background(), o.intent(), m)
		if err != nil {
			o.failed("Send", err)
			tb.Errorf("Send to %q: %v", address, err)
			continue
		}
		n++
		to := ""
		for _, a := range o.post.Arrived() {
			if a.ID == id {
				to = a.To
			}
		}
		if to != h.Outlet.Addresses[address] {
			tb.Errorf("what was sent to %q arrived at %q, not %q", address, to, h.Outlet.Addresses[address])
		}
	}
}

// outletDryCase: a dry run sends nothing, and says what it would have sent.
func outletDryCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	var unsent []connectors.Exchange
	s := o.asSender(o.openWith(h.Secret, func(e *connectors.Env) {
		e.DryRun, e.Unsent = true, func(x connectors.Exchange) { unsent = append(unsent, x) }
	}))
	_, err := s.Send(context.Background(), o.intent(), o.message(1))
	if !errors.Is(err, connectors.ErrDryRun) {
		tb.Errorf("Send in a dry run: %v", err)
	}
	if len(unsent) != 1 {
		tb.Errorf("a dry run told %d times what would have been sent", len(unsent))
	}
	if dials, _ := o.cable.count(); dials > 0 {
		tb.Errorf("a dry run called the system %d times", dials)
	}
	o.none("a dry run")
}

// outletLimitsCase: the limits that the connection names are kept, whoever asks.
func outletLimitsCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	c := o.open()
	lim, ok := c.(connectors.Limiter)
	if !ok {
		tb.Logf("no Limiter")
		return
	}
	l, s := lim.Limits(), o.asSender(c)
	const n = 12
	var all sync.WaitGroup
	for i := range n {
		in, m := o.intent(), o.message(i)
		all.Go(func() {
			if _, err := s.Send(context.Background(), in, m); err != nil {
				tb.Errorf("Send beside others: %v", err)
			}
		})
	}
	all.Wait()
	times := []time.Time{}
	for _, a := range o.arrived(n) {
		times = append(times, a.At)
	}
	slices.SortFunc(times, time.Time.Compare)
	for i := range times {
		for k := i + 1; k < len(times); k++ {
			if bound := l.PerSecond*times[k].Sub(times[i]).Seconds() + float64(max(l.Burst, 1)); l.PerSecond > 0 && float64(k-i+1) > bound+1e-6 {
				tb.Errorf("%d messages within %s, the limit is %g a second with bursts of %d", k-i+1, times[k].Sub(times[i]), l.PerSecond, l.Burst)
				return
			}
		}
	}
}
