package connectortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// words gives all that a connector says for a message, in order.
func (o *office) words() []string { return append(slices.Clone(o.out.Steps), o.out.Last) }

// refusalsCase: what the system refuses is told as what it means, wherever it says so; nothing was sent,
// and the connection goes on.
func refusalsCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	sent := 0
	for _, step := range o.words() {
		for _, r := range slices.Concat(h.Outlet.Refusals[""], h.Outlet.Refusals[step]) {
			what := fmt.Sprintf("%.20q refused with %q", step, r.Answer)
			s := o.sender()
			o.cable.mend()
			o.cable.breaks(flaw{left: 1, do: says, page: r.Answer, on: step})
			in, m := o.intent(), o.message(sent)
			id, err := s.Send(context.Background(), in, m)
			o.wantClass(what, err, r.Class)
			if id != "" {
				tb.Errorf("%s: an id of what was not sent", what)
			}
			if errors.Is(err, connectors.ErrUndeliverable) != r.Nobody {
				tb.Errorf("%s: ErrUndeliverable: %v", what, !r.Nobody)
			}
			var e *connectors.Error
			errors.As(err, &e)
			if e != nil && (r.After > 0 && e.After != r.After || r.Class == connectors.RateLimited && e.After == 0) {
				tb.Errorf("%s: After is %s, not %s", what, e.After, r.After)
			}
			if n, _ := o.cable.count(); n != 1 {
				tb.Errorf("%s: the system was called %d times", what, n)
			}
			if n := len(o.post.Arrived()); n != sent {
				tb.Errorf("%s: %d messages arrived", what, n-sent)
				sent = n
			}
			if step == o.out.Last {
				o.cable.drop() // the system itself never heard the end
			}
			o.cable.mend()
			if r.Class == connectors.RateLimited {
				// the pause holds for the whole connection, and nobody is called meanwhile
				_, err := s.Send(context.Background(), o.intent(), o.message(sent))
				o.wantClass(what+", and the next one at once", err, connectors.RateLimited)
				if n, _ := o.cable.count(); n > 0 {
					tb.Errorf("%s: the system was called in the pause that it asked for", what)
				}
				if o.api.Real {
					s = o.sender()
				}
				if e != nil {
					o.tick(e.After)
				}
			}
			if r.Class == connectors.Transient || r.Class == connectors.RateLimited {
				again, err := s.Send(context.Background(), in, m)
				if err != nil {
					o.failed("Send", err)
					tb.Errorf("%s, and again later: %v", what, err)
				}
				if all := o.arrived(sent + 1); len(all) > 0 && all[len(all)-1].ID != again {
					tb.Errorf("%s, and again later: %q was sent, %q arrived", what, again, all[len(all)-1].ID)
				}
				sent++
			} else if r.Class != connectors.Auth {
				o.works(what, s, sent)
				sent++
			}
		}
	}
}

// busyCase: a system that does not let us in at the moment.
func busyCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	for _, page := range h.Outlet.Busy {
		s := o.sender()
		o.cable.mend()
		o.cable.breaks(flaw{left: -1, do: says, page: page})
		_, err := s.Send(context.Background(), o.intent(), o.message(0))
		o.wantClass(fmt.Sprintf("Send where we are greeted with %q", page), err, connectors.Transient, connectors.RateLimited)
		if n, _ := o.cable.count(); n != 1 {
			tb.Errorf("a system that is busy was called %d times", n)
		}
	}
	o.none("a busy system")
}

// cutBeforeCase: where the connection breaks before the end of a message, nothing was sent, and that is
// said.
func cutBeforeCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	s := o.sender()
	for i, step := range slices.Concat(o.out.Steps, []string{o.out.Content}) {
		for _, do := range []string{ends, resets} {
			for _, passes := range []bool{false, true} {
				if passes && step == o.out.Content {
					continue // nobody answers that
				}
				before := len(o.post.Arrived())
				o.cable.mend()
				o.cable.drop() // or it would be over a connection without the fault
				o.cable.breaks(flaw{left: -1, do: do, on: step, passes: passes})
				id, err := s.Send(context.Background(), o.intent(), o.message(i))
				o.wantClass(fmt.Sprintf("Send over a connection that %s at %.20q", do, step), err, connectors.Transient)
				if n := len(o.post.Arrived()); n != before || id != "" {
					tb.Errorf("a connection that %s at %.20q: %d messages arrived, the id is %q", do, step, n-before, id)
				}
				if n, _ := o.cable.count(); n > 4 {
					tb.Errorf("a system whose connections break was called %d times", n)
				}
			}
		}
	}
	o.cable.mend()
	o.cable.drop()
	o.works("a connection broke", s, len(o.post.Arrived()))
}

// cutAfterCase: where it breaks between the end of a message and the answer, nobody knows whether it was
// sent: that is said, and it is not sent again by itself.
func cutAfterCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	s := o.sender()
	sent := 0
	for _, f := range []flaw{{do: ends}, {do: resets}, {do: says, page: "\x00\xffwhat?\r\n"}, {do: ends, passes: true}, {do: resets, passes: true}, {do: says, page: "<html>\r\n", passes: true}} {
		f.left, f.on = -1, o.out.Last
		what := fmt.Sprintf("Send whose answer is lost (%s, it came over: %v)", f.do, f.passes)
		o.cable.mend()
		o.cable.drop()
		o.cable.breaks(f)
		in, m := o.intent(), o.message(sent)
		id, err := s.Send(context.Background(), in, m)
		o.wantClass(what, err, connectors.Ambiguous)
		if n, _ := o.cable.count(); n != 1 || id != "" {
			tb.Errorf("%s: the system was called %d times, the id is %q", what, n, id)
		}
		if f.passes {
			sent++
		}
		all := o.arrived(sent)
		o.cable.mend()
		o.cable.drop()
		if len(all) != sent || !f.passes {
			continue
		}
		// somebody decided to send it again: it is the same message
		again, err := s.Send(context.Background(), in, m)
		if err != nil {
			tb.Errorf("%s, and again: %v", what, err)
		}
		sent++
		if more := o.arrived(sent); len(more) == sent && (more[sent-1].ID != more[sent-2].ID || more[sent-1].ID != again) {
			tb.Errorf("%s: the second try is another message", what)
		}
	}
	o.works("an answer was lost", s, sent)
}

// outletSilenceCase: a system that says nothing more is given up after minutes, not hours.
func outletSilenceCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	s := o.sender()
	hang := func(f flaw, want connectors.Class) {
		tb.Helper()
		o.cable.mend()
		o.cable.drop()
		f.left, f.do = -1, hangs
		o.cable.breaks(f)
		start := time.Now()
		_, err := s.Send(context.Background(), o.intent(), o.message(1))
		o.wantClass(fmt.Sprintf("Send to a system that is silent after %d bytes, or at %.20q", f.after, f.on), err, want)
		if took := time.Since(start); took > 30*time.Minute {
			tb.Errorf("waited %s for an answer", took)
		}
	}
	for _, after := range []int{0, 1, 40} {
		hang(flaw{after: after}, connectors.Transient)
	}
	for _, step := range o.out.Steps {
		hang(flaw{on: step}, connectors.Transient)
	}
	o.none("silence")
	hang(flaw{on: o.out.Last, passes: true}, connectors.Ambiguous)
	o.cable.mend()
	o.cable.drop()
	o.works("a system was silent", s, 1)
}

// slowAnswersCase: a system that takes its time, as those do that look at a mail while we wait, gets it once.
func slowAnswersCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	o.cable.breaks(flaw{left: -1, do: lags, slow: 50 * time.Second})
	o.works("a slow system", o.sender(), 0)
}

// goneMeanwhileCase: a connection that the system ended between two messages is no error of the second.
func goneMeanwhileCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	s := o.sender()
	o.works("nothing", s, 0)
	o.cable.drop()
	o.works("the system ended the connection", s, 1)
	o.tick(time.Hour)
	o.works("an hour passed", s, 2)
}

func outletNobodyCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	s := o.sender()
	o.cable.breaks(flaw{left: -1, do: refuses})
	_, err := s.Send(context.Background(), o.intent(), o.message(1))
	o.wantClass("Send where nobody answers", err, connectors.Transient)
	if n, _ := o.cable.count(); n > 4 {
		tb.Errorf("a system that is away was called %d times", n)
	}
	o.cable.mend()
	o.works("nobody answered", s, 0)
}

// outletSomebodyCase: what somebody else says is no refusal of the message, which could go once the right
// one answers.
func outletSomebodyCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	for _, page := range []string{streamPage, "<html>\r\n", "\x00\x01\xff\xfe\r\n\r\n", "\r\n\r\n\r\n", "* OK IMAP4rev1 ready\r\n", strings.Repeat("2", 5000) + "\r\n", "999 what\r\n", "-1 what\r\n", "220"} {
		for _, after := range []int{0, 60} {
			o.cable.mend()
			o.cable.drop()
			o.cable.breaks(flaw{left: -1, after: after, do: says, page: page})
			_, err := o.sender().Send(context.Background(), o.intent(), o.message(1))
			o.wantClass(fmt.Sprintf("Send to somebody who says %.20q after %d bytes", page, after), err, connectors.Transient)
		}
	}
	o.none("somebody else")
}

func outletHugeCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	for _, after := range []int{0, 60, 150} {
		o.cable.mend()
		o.cable.drop()
		o.cable.breaks(flaw{left: -1, after: after, do: floods})
		if _, err := o.sender().Send(context.Background(), o.intent(), o.message(1)); err == nil {
			tb.Errorf("an answer without end was read")
		}
		o.cable.mu.Lock()
		over := o.cable.over
		o.cable.mu.Unlock()
		if over {
			tb.Errorf("an answer was read until it ended, at %d MB", tooMuch>>20)
		}
	}
}

// loginRefusedCase: a secret that is refused is said to be so, and not tried with every message, which
// systems answer by locking the account.
func loginRefusedCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	s := o.asSender(o.openWith("no"+h.Secret, func(*connectors.Env) {}))
	for i := range 5 {
		_, err := s.Send(context.Background(), o.intent(), o.message(i))
		o.wantClass("Send with a wrong secret", err, connectors.Auth)
	}
	o.cable.mu.Lock()
	tried := strings.Count(string(o.cable.sent), h.Outlet.Logins)
	o.cable.mu.Unlock()
	if tried != 1 {
		tb.Errorf("a secret that is wrong was tried %d times for five messages", tried)
	}
	o.none("a wrong secret")
}

// outletSecretCase: whatever goes wrong, and though the system says the secret itself, it is in no error,
// warning, log line or recording, and in nothing that a dry run tells.
func outletSecretCase(tb testing.TB, h Harness) {
	if h.Secret == "" {
		tb.Fatalf("the harness has no Secret")
	}
	o := newOffice(tb, h)
	o.listens = true
	everything := func(c connectors.Connector, what string) {
		tb.Helper()
		said := func(call string, err error) {
			for ; err != nil; err = errors.Unwrap(err) {
				o.say("%s, %s: %v %+v", what, call, err, err)
			}
		}
		said("Check", c.Check(context.Background()))
		_, err := o.asSender(c).Send(context.Background(), o.intent(), o.message(1))
		said("Send", err)
		for _, line := range strings.Split(o.said(), "\n") {
			if holds(line, h.Secret) {
				tb.Errorf("%s: the secret is in: %.200s", what, strings.ReplaceAll(line, h.Secret, "SECRET"))
				return
			}
		}
	}
	everything(o.open(), "without a fault")
	everything(o.openWith(h.Secret, func(e *connectors.Env) { e.DryRun = true }), "in a dry run")
	everything(o.openWith("no"+h.Secret, func(*connectors.Env) {}), "with a secret that is wrong")
	for what, f := range map[string]flaw{
		"a system that refuses and says the secret": {do: echoes, say: h.Outlet.Echo},
		"a web page that says the secret":           {do: says, page: "<html>" + h.Secret + "\r\n"},
		"nobody":                                    {do: refuses},
		"a connection that breaks":                  {do: ends, after: 90},
		"an answer that says the secret":            {do: says, on: h.Outlet.Last, page: "999 " + h.Secret + "\r\n"},
	} {
		o.cable.mend()
		o.cable.drop()
		f.left = -1
		o.cable.breaks(f)
		everything(o.open(), what)
	}
}

// injectionCase: nothing that a message says becomes another header, address or command, and it goes to
// one person.
func injectionCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	s := o.sender()
	good := o.message(1)
	for _, evil := range []string{"\r\nBcc: evil@evil.example", "\nX-Evil: 1", "\rX-Evil: 1", "\r\n\r\nanother text", "\x00", "\u0085X-Evil: 1", "\xff\xfe"} {
		for field, change := range map[string]func(m *connectors.Message){
			"To.Address":      func(m *connectors.Message) { m.To.Address += evil },
			"To.Address'":     func(m *connectors.Message) { m.To.Address = evil + m.To.Address },
			"To.Name":         func(m *connectors.Message) { m.To.Name += evil },
			"FromName":        func(m *connectors.Message) { m.FromName += evil },
			"ReplyTo.Address": func(m *connectors.Message) { m.ReplyTo.Address = good.To.Address + evil },
			"ReplyTo.Name": func(m *connectors.Message) {
				m.ReplyTo = connectors.Mailbox{Name: "x" + evil, Address: good.To.Address}
			},
			"Subject":        func(m *connectors.Message) { m.Subject += evil },
			"Headers":        func(m *connectors.Message) { m.Headers = map[string]string{"X-Good": "x" + evil} },
			"Headers' names": func(m *connectors.Message) { m.Headers = map[string]string{"X-Good" + evil: "x"} },
			"Unsubscribe": func(m *connectors.Message) {
				m.Unsubscribe = &connectors.Unsubscribe{URL: "https://kept.example/" + evil}
			},
		} {
			m := good
			change(&m)
			_, err := s.Send(context.Background(), o.intent(), m)
			o.wantClass(fmt.Sprintf("Send with %q in %s", evil, field), err, connectors.Invalid)
		}
		for field, change := range map[string]func(m *connectors.Message){
			"InReplyTo":  func(m *connectors.Message) { m.InReplyTo = "id@kept.example" + evil },
			"References": func(m *connectors.Message) { m.References = []string{"id@kept.example" + evil} },
		} {
			m := good
			change(&m)
			if _, err := s.Send(context.Background(), o.intent(), m); err != nil { // else it was left out
				o.wantClass(fmt.Sprintf("Send with %q in %s", evil, field), err, connectors.Invalid)
			}
		}
	}
	to := good.To.Address
	for _, address := range []string{"", " ", "x", "@", "x@", "@kept.example", to + "," + to, to + ", " + to, to + ";" + to, to + " " + to, "<" + to + ">", "Jana <" + to + ">", to + ">", to + "\t", " " + to, to + " ",
		"a b@kept.example", "group:" + to + ";", "\"a\r\nb\"@kept.example", to + "> SIZE=1 <" + to, "x@kept example", "x@-kept-.example", "x@kept..example"} {
		m := good
		m.To.Address = address
		_, err := s.Send(context.Background(), o.intent(), m)
		o.wantClass(fmt.Sprintf("Send to %q", address), err, connectors.Invalid)
	}
	for _, name := range []string{"From", "to", "BCC", "Cc", "Subject", "Message-ID", "Date", "Content-Type", "Return-Path", "Sender", "List-Unsubscribe", "Auto-Submitted", "X Y", "X:", ""} {
		m := good
		m.Headers = map[string]string{name: "x"}
		_, err := s.Send(context.Background(), o.intent(), m)
		o.wantClass(fmt.Sprintf("Send with a header %q of its own", name), err, connectors.Invalid)
	}
	for _, a := range o.post.Arrived() {
		if len(a.Header["Bcc"]) > 0 || len(a.Header["X-Evil"]) > 0 || strings.Contains(a.Text, "another text") {
			tb.Errorf("a message said another header: %v", a.Header)
		}
	}
	m := good
	m.Text += "\r\n.\r\nMAIL FROM:<evil@evil.example>\r\n.\r\n.. and\r\n.\n" // a text may say so
	before := len(o.post.Arrived())
	if _, err := s.Send(context.Background(), o.intent(), m); err != nil {
		tb.Fatalf("Send: %v", err)
	}
	if all := o.arrived(before + 1); len(all) == before+1 {
		same(tb, "a text with commands in it", plainText(m.Text), plainText(all[before].Text))
	}
}

// outletCancelCase: a sending that nobody waits for any more ends soon. Before the end of the message
// nothing was sent, and the error is the context's; after it, nobody knows.
func outletCancelCase(tb testing.TB, h Harness) {
	o := newOffice(tb, h)
	s := o.sender()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Send(ctx, o.intent(), o.message(1)); !errors.Is(err, context.Canceled) {
		tb.Errorf("Send when nobody waits: %v", err)
	}
	if dials, _ := o.cable.count(); dials > 0 {
		tb.Errorf("a sending that nobody waits for called the system")
	}
	stop := func(f flaw) error {
		o.cable.mend()
		o.cable.drop()
		f.left, f.do = -1, hangs
		var heard chan struct{}
		if f.on != "" {
			heard = make(chan struct{})
			f.heard = heard
		}
		o.cable.breaks(f)
		in, m := o.intent(), o.message(1)
		// With limits, some of the time passes before anybody is called.
		if l, ok := s.(connectors.Limiter); ok && l.Limits().PerSecond > 0 {
			o.tick(time.Duration(float64(time.Second)/l.Limits().PerSecond) + time.Second)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		ended := make(chan error, 1)
		go func() {
			_, err := s.Send(ctx, in, m)
			ended <- err
		}()
		if heard != nil {
			select {
			case <-heard:
			case <-time.After(patience):
				tb.Errorf("nobody said %.20q", f.on)
			}
		}
		time.Sleep(3 * o.soon())
		cancel()
		start := time.Now()
		err := <-ended
		if took := time.Since(start); took > 30*time.Second {
			tb.Errorf("a sending went on for %s after nobody waited any more", took)
		}
		return err
	}
	for _, f := range []flaw{{}, {after: 20}} {
		if err := stop(f); !errors.Is(err, context.Canceled) {
			tb.Errorf("cancelled before the first word: %v", err)
		}
	}
	for _, step := range o.out.Steps {
		if err := stop(flaw{on: step}); !errors.Is(err, context.Canceled) {
			tb.Errorf("cancelled at %.20q: %v", step, err)
		}
	}
	o.none("cancelled")
	o.wantClass("Send, cancelled while the last answer is awaited", stop(flaw{on: o.out.Last, passes: true}), connectors.Ambiguous)
	o.cable.mend()
	o.cable.drop()
	o.works("a sending was cancelled", s, 1)
}
