package smtp

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/mailserver"
)

// Whatever a server refuses with, it has a class and words of one line, and nothing is thought sent.
func FuzzRefusal(f *testing.F) {
	for _, s := range []string{"5.1.1 no such user", "4.7.1 Greylisted, please try again in 300 seconds", "5.4.5 Daily user sending limit exceeded\n5.4.5 see https://x", "mail from address must be same as authorization user.",
		"5.7.139 SmtpClientAuthentication is disabled", "\xff\xfe", "try again in 99999 hours", "", strings.Repeat("4.7.28 ", 100), "DT:SPM 163", "5.2.252\n\n"} {
		for _, code := range []int{421, 451, 535, 550, 554} {
			f.Add(code, s)
		}
	}
	account := accountAt(f, "smtp.gmail.com")
	c := &connection{Account: account, from: netmail.Address{Address: "a@b.example"}, domain: "b.example"}
	f.Fuzz(func(t *testing.T, code int, text string) {
		if code < 400 || code > 599 {
			return
		}
		for _, at := range []stage{stageGreeting, stageHello, stageTLS, stageLogin, stageFrom, stageTo, stageData, stageContent, stageEnd} {
			e := c.plain(refusalOf(at, &textproto.Error{Code: code, Msg: text}))
			switch e.Class {
			case connectors.Transient, connectors.RateLimited, connectors.Invalid, connectors.Forbidden, connectors.Auth:
			default:
				t.Errorf("%d %q at %s is %q", code, text, at, e.Class)
			}
			if e.Text == "" || strings.ContainsAny(e.Text, "\r\n") || !utf8.ValidString(e.Text) || len(e.Text) > 3000 || e.After < 0 || e.After > 24*time.Hour {
				t.Errorf("%d %q at %s became %q, after %s", code, text, at, e.Text, e.After)
			}
			if e.Class == connectors.RateLimited && e.After == 0 {
				t.Errorf("%d %q: no pause", code, text)
			}
		}
	})
}

// Whatever a person types as an address, what passes is one address, and goes over the wire as one.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"a@b.example", "用户@例え.jp", "A B <a@b.example>", "\"x, y\" <a..b@c.example>", "a@b@c.example", "a@b.example>\r\nRCPT TO:<c@d.example", "@", "a@[127.0.0.1]", "a@b..c", "\xff@b.example", "a@xn--.example", "<<a@b.example>", "\xd5 <a@b.example>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := senderOf(s); err == nil {
			checkAddress(t, a.Address)
			if err := line("x", a.Name, 1<<30); err != nil {
				t.Errorf("the name %q", a.Name)
			}
		}
		if a, err := wireAddress(s); err == nil {
			checkAddress(t, a)
		}
		if u, err := wireURL(s); err == nil && (strings.ContainsAny(u, "<> \r\n\t\"") || needsUTF8(u) || !strings.HasPrefix(u, "https://")) {
			t.Errorf("%q became %q", s, u)
		}
	})
}

func checkAddress(t *testing.T, a string) {
	t.Helper()
	if strings.ContainsAny(path(a)[1:len(path(a))-1], "<> \r\n\t") || strings.Count(a, "@") != 1 || needsUTF8(a[strings.IndexByte(a, '@'):]) {
		t.Errorf("%q passed", a)
	}
	parsed, err := netmail.ParseAddress(path(a))
	if err != nil || parsed.Address != a {
		t.Errorf("%q is read as %+v, %v", path(a), parsed, err)
	}
}

// Whatever a message says, the mail that is made of it has the headers that it should have, each once,
// and says the same when it is read.
func FuzzCompose(f *testing.F) {
	f.Add("Rückfrage", "Jana", "Guten Tag\n.\n", "<p>x</p>", "a-1@b.example", "x")
	f.Add("=?utf-8?q?x?=", "\"a\" <b@c>", "\r\nFrom: x\r\n\r\n", "", "<x>", "=?x?=")
	f.Add(strings.Repeat("子", 100), "李 伟", "\r.\r\r\n", "\n", strings.Repeat("a", 240), strings.Repeat("a", 400))
	f.Add(" ", "\t", "x\u2028y", "", "", " a  b ")
	account := accountAt(f, "smtp.example.com")
	f.Fuzz(func(t *testing.T, subject, name, text, html, id, header string) {
		c := &connection{from: netmail.Address{Name: "Ä", Address: "sales@nordlicht.example"}, domain: "nordlicht.example", Account: account}
		m := connectors.Message{To: connectors.Mailbox{Name: name, Address: "a@b.example"}, FromName: name, Subject: subject, Text: text, HTML: html, InReplyTo: id, References: []string{id, "z@y"},
			Automatic: true, Headers: map[string]string{"X-Kept": header}, Unsubscribe: &connectors.Unsubscribe{URL: "https://kept.example/u", Mail: "u@kept.example", Subject: bounded(subject, 20), OneClick: true}}
		l, err := c.compose(connectors.Intent{ID: "1"}, m)
		if err != nil {
			if connectors.ClassOf(err) != connectors.Invalid {
				t.Errorf("%v", err)
			}
			return
		}
		for _, one := range bytes.SplitAfter(l.raw, []byte("\r\n")) {
			if len(one) > 1000 || bytes.ContainsAny(bytes.TrimSuffix(one, []byte("\r\n")), "\r\n\x00") {
				t.Fatalf("the line %q", one)
			}
		}
		a := parsed(t, string(l.raw))
		if a.Subject != subject || a.ID != l.id || a.From.Address != c.from.Address || plainText(a.Text) != plainText(text) || plainText(a.HTML) != plainText(html) {
			t.Errorf("%+v became %+v\n%s", m, a, l.raw)
		}
		if strings.Join(a.Header["X-Kept"], "|") != header || len(a.Header) > 16 {
			t.Errorf("%q became %q among %d", header, a.Header["X-Kept"], len(a.Header))
		}
		for name, values := range a.Header {
			if len(values) != 1 {
				t.Errorf("%s: %q", name, values)
			}
		}
		again, err := c.compose(connectors.Intent{ID: "1"}, m)
		if err != nil || again.id != l.id {
			t.Errorf("again it is %q, %v", again.id, err)
		}
	})
}

func plainText(s string) string {
	return strings.TrimRight(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s), "\n")
}

// Whatever a server says at whatever point, a sending ends, and only one that heard a yes to a mail's end
// thinks it sent.
func TestAnyServer(t *testing.T) {
	t.Parallel()
	answers := []string{"220 hello\r\n", "250 ok\r\n", "250-a\r\n250 AUTH PLAIN\r\n", "354 go\r\n", "235 in\r\n", "334 \r\n", "421 bye\r\n", "451 4.7.1 later\r\n", "550 no\r\n", "\r\n", "2", "250", "250-\r\n", "999 x\r\n", "\x00\r\n", ""}
	rapid.Check(t, func(rt *rapid.T) {
		said := rapid.SliceOfN(rapid.SampledFrom(answers), 1, 14).Draw(rt, "answers")
		synctest.Test(t, func(t *testing.T) {
			ended := make(chan bool, 10)
			dial := func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() { ended <- scripted(server, said) }()
				return client, nil
			}
			c, err := Spec().Open(context.Background(), map[string]string{"host": "127.0.0.1", "security": "none", "user": "a@b.example", "password": "sesame"}, connectors.Env{Dial: dial})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			id, err := c.(*connection).Send(ctx, connectors.Intent{ID: "1"}, messageOf(0))
			if err := c.(io.Closer).Close(); err != nil {
				t.Error(err)
			}
			yes := <-ended
			if (err == nil) != (id != "") || err == nil && !yes {
				rt.Errorf("%q: it was thought sent as %q, %v; a yes was said: %v", said, id, err, yes)
			}
		})
	})
}

// scripted answers each command with the next answer, a mail's end too, and says whether that was a yes.
func scripted(c net.Conn, answers []string) (yes bool) {
	defer c.Close()
	in := textproto.NewReader(bufio.NewReader(c))
	content := false
	for i, a := range answers {
		if i > 0 {
			for {
				line, err := in.ReadLine()
				if err != nil {
					return yes
				}
				if !content || line == "." {
					break
				}
			}
		}
		if a == "" {
			return yes
		}
		if _, err := io.WriteString(c, a); err != nil {
			return yes
		}
		if content && strings.HasPrefix(a, "250") {
			yes = true
		}
		content = strings.HasPrefix(a, "354")
	}
	return yes
}

func accountAt(tb testing.TB, host string) *mailserver.Account {
	tb.Helper()
	a, err := protocol.Open(map[string]string{"host": host}, connectors.Env{})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}
