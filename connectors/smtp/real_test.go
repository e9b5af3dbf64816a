package smtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
	"github.com/keptcrm/kept/internal/servers"
)

// At a real server, which passes the mails on to a sink: what the fake only plays.
func TestDovecot(t *testing.T) {
	t.Parallel()
	d := servers.Need(t, servers.StartDovecot)
	sink, err := servers.StartSink(d.Relay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	t.Run("conformance", func(t *testing.T) { dovecotConformance(t, d, sink) })
	t.Run("encryption", func(t *testing.T) { dovecotEncryption(t, d, sink) })
	t.Run("tokens", func(t *testing.T) { dovecotTokens(t, d, sink) })
	t.Run("refusals", func(t *testing.T) { dovecotRefusals(t, d, sink) })
	t.Run("many", func(t *testing.T) { dovecotMany(t, d, sink) })
	t.Run("killed", func(t *testing.T) { dovecotKilled(t, d, sink) })
}

// Over sockets, at a server that goes wrong at every step.
func TestSink(t *testing.T) {
	t.Parallel()
	sink, err := servers.StartSink(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	sink.Login("sales@nordlicht.example", servers.DovecotPassword)
	o := dovecotOptions(&servers.Dovecot{Submission: sink.Port, Password: servers.DovecotPassword})
	c := real(t, o)
	for i, w := range []struct {
		stage, answer string
		class         connectors.Class
		kept          int
	}{
		{"RCPT", "550 5.1.1 no such user", connectors.Invalid, 0},
		{"RCPT", "452 4.2.2 over quota", connectors.Transient, 0},
		{"RCPT", servers.Drop, connectors.Transient, 0},
		{"DATA", "554 5.7.1 not from you", connectors.Forbidden, 0},
		{"DATA", "451 4.3.0 later", connectors.Transient, 0},
		{"DATA", servers.Drop, connectors.Transient, 0},
		{"end", "554 5.7.1 spam", connectors.Forbidden, 0},
		{"end", "451 4.3.0 later", connectors.Transient, 0},
		{"end", servers.Drop, connectors.Ambiguous, 0},
		{"end", servers.Lose, connectors.Ambiguous, 1},
	} {
		domain := newDomain()
		m := moved(messageOf(1), domain)
		sink.Answer(w.stage, m.To.Address, w.answer)
		if err := send(c, domain, m); err == nil || connectors.ClassOf(err) != w.class {
			t.Errorf("%d: %s at %s is %s: %v", i, w.answer, w.stage, connectors.ClassOf(err), err)
		}
		if n := len(sink.Mails(domain)); n != w.kept {
			t.Errorf("%d: %d mails arrived", i, n)
		}
		if err := send(c, domain, m); err != nil {
			t.Errorf("%d: and again: %v", i, err)
		}
		got := arrivedAt(t, sink, domain)
		if len(got) != w.kept+1 || got[0].ID != got[w.kept].ID {
			t.Errorf("%d: %d mails arrived at the second try", i, len(got))
		}
	}
	o["password"] = "wrong"
	wants(t, real(t, o).Check(context.Background()), connectors.Auth, "does not accept user and password")
}

var posts atomic.Int64

// newDomain gives a domain to which nobody has written.
func newDomain() string { return fmt.Sprintf("d%d.customer.example", posts.Add(1)) }

func dovecotOptions(d *servers.Dovecot) map[string]string {
	return map[string]string{"host": "127.0.0.1", "port": strconv.Itoa(d.Submission), "security": "none", "user": "sales@nordlicht.example", "password": d.Password,
		"login": "password", "rate": "6000", "from": "Nordlicht Optik <sales@nordlicht.example>"}
}

func moved(m connectors.Message, domain string) connectors.Message {
	local, _, _ := strings.Cut(m.To.Address, "@")
	m.To.Address = local + "@" + domain
	return m
}

func arrivedAt(tb testing.TB, sink *servers.Sink, domain string) []connectortest.Arrived {
	tb.Helper()
	var all []connectortest.Arrived
	for _, m := range sink.Mails(domain) {
		a := parsed(tb, m.Raw)
		a.To, a.At = m.To, m.At
		all = append(all, a)
	}
	return all
}

func dovecotConformance(t *testing.T, d *servers.Dovecot, sink *servers.Sink) {
	o := outlet()
	o.Real = true
	// Dovecot knows no SMTPUTF8.
	o.Addresses = nil
	o.Server = func(tb testing.TB) connectortest.Post {
		domain := newDomain()
		return connectortest.Post{Options: dovecotOptions(d), Arrived: func() []connectortest.Arrived { return arrivedAt(tb, sink, domain) },
			Messages: func(m connectors.Message) connectors.Message { return moved(m, domain) }}
	}
	connectortest.Run(t, connectortest.Harness{Spec: Spec(), Secret: d.Password, Outlet: o})
}

// real opens a connection to Dovecot.
func real(t testing.TB, options map[string]string) *connection {
	t.Helper()
	c, err := Spec().Open(context.Background(), options, connectors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	own := c.(*connection)
	t.Cleanup(func() { _ = own.Close() }) // it says nothing that matters
	return own
}

func dovecotEncryption(t *testing.T, d *servers.Dovecot, sink *servers.Sink) {
	o := dovecotOptions(d)
	o["security"], o["fingerprint"], o["host"] = "starttls", d.Fingerprint, "localhost"
	c := real(t, o)
	domain := newDomain()
	if err := c.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := send(c, "tls "+domain, moved(messageOf(1), domain)); err != nil {
		t.Fatal(err)
	}
	if got := arrivedAt(t, sink, domain); len(got) != 1 || got[0].Subject != messageOf(1).Subject {
		t.Errorf("%+v", got)
	}
	o["fingerprint"] = ""
	wants(t, real(t, o).Check(context.Background()), connectors.Invalid, "does not trust", d.Fingerprint)
	o["fingerprint"] = strings.Repeat("0", 64)
	wants(t, real(t, o).Check(context.Background()), connectors.Invalid, "not the one that the option fingerprint names")
	o["security"] = "tls"
	wants(t, real(t, o).Check(context.Background()), connectors.Invalid, "speaks no TLS at this port")
	o["security"], o["port"], o["fingerprint"] = "none", strconv.Itoa(d.IMAP), ""
	o["host"] = "127.0.0.1"
	wants(t, real(t, o).Check(context.Background()), connectors.Invalid, "no mail server answers")
}

func dovecotTokens(t *testing.T, d *servers.Dovecot, sink *servers.Sink) {
	o := dovecotOptions(d)
	o["login"], o["password"], o["token"] = "oauth2", "", "ya29.good-token"
	d.Token(o["user"], o["token"])
	c := real(t, o)
	domain := newDomain()
	if err := send(c, "token "+domain, moved(messageOf(2), domain)); err != nil {
		t.Fatal(err)
	}
	if n := len(sink.Mails(domain)); n != 1 {
		t.Errorf("%d mails arrived", n)
	}
	d.Withdraw(o["token"])
	wants(t, real(t, o).Check(context.Background()), connectors.Auth, "does not accept the token")
}

// What the next server says reaches us through the one that we talk to.
func dovecotRefusals(t *testing.T, d *servers.Dovecot, sink *servers.Sink) {
	c := real(t, dovecotOptions(d))
	for i, w := range []struct {
		stage, answer string
		class         connectors.Class
		nobody        bool
	}{
		{"RCPT", "550 5.1.1 <x> no such user", connectors.Invalid, true},
		{"RCPT", "451 4.7.1 Greylisted, try again in 60 seconds", connectors.Transient, false},
		{"RCPT", "450 4.7.28 rate limit exceeded", connectors.RateLimited, false},
		{"DATA", "451 4.3.0 later", connectors.Transient, false},
		{"DATA", "554 5.7.1 blocked", connectors.Forbidden, false},
		{"end", "552 5.3.4 message too large", connectors.Invalid, false},
		{"end", "554 5.7.1 spam", connectors.Forbidden, false},
		{"end", "451 4.3.0 later", connectors.Transient, false},
		{"RCPT", servers.Drop, connectors.Transient, false},
		{"DATA", servers.Drop, connectors.Transient, false},
		{"end", servers.Drop, connectors.Transient, false},
	} {
		domain := newDomain()
		m := moved(messageOf(1), domain)
		sink.Answer(w.stage, m.To.Address, w.answer)
		err := send(c, domain, m)
		if got := connectors.ClassOf(err); err == nil || got != w.class || errors.Is(err, connectors.ErrUndeliverable) != w.nobody {
			t.Errorf("%d: %s at %s is %s: %v", i, w.answer, w.stage, got, err)
		}
		if n := len(sink.Mails(domain)); n != 0 {
			t.Errorf("%d: %d mails arrived", i, n)
		}
		c.held = nil
		if err := send(c, domain, m); err != nil {
			t.Errorf("%d: and again: %v", i, err)
		}
		if n := len(sink.Mails(domain)); n != 1 {
			t.Errorf("%d: %d mails arrived at the second try", i, n)
		}
	}
}

// A hundred mails go over two connections, in order.
func dovecotMany(t *testing.T, d *servers.Dovecot, sink *servers.Sink) {
	o := dovecotOptions(d)
	o["rate"] = "6000"
	c := real(t, o)
	c.Env.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	domain := newDomain()
	start := time.Now()
	for i := range 100 {
		if err := send(c, fmt.Sprint(domain, i), moved(messageOf(i), domain)); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("100 mails in %s", time.Since(start))
	got := arrivedAt(t, sink, domain)
	if len(got) != 100 || !slices.IsSortedFunc(got, func(a, b connectortest.Arrived) int { return a.At.Compare(b.At) }) {
		t.Errorf("%d mails arrived", len(got))
	}
}

// A server that is killed between two mails, and comes back, loses none and doubles none.
func dovecotKilled(t *testing.T, d *servers.Dovecot, sink *servers.Sink) {
	c := real(t, dovecotOptions(d))
	domain := newDomain()
	if err := send(c, domain+"1", moved(messageOf(1), domain)); err != nil {
		t.Fatal(err)
	}
	if err := d.Kill(); err != nil {
		t.Fatal(err)
	}
	wants(t, send(c, domain+"2", moved(messageOf(2), domain)), connectors.Transient, "goes again by itself")
	if err := d.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := send(c, domain+"2", moved(messageOf(2), domain)); err != nil {
		t.Fatal(err)
	}
	got := sink.Mails(domain)
	if len(got) != 2 || bytes.Contains([]byte(got[1].Raw), []byte(c.idOf(domain+"1"))) {
		t.Errorf("%d mails arrived", len(got))
	}
}
