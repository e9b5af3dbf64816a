package imap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
	"github.com/keptcrm/kept/connectors/format/mail"
	"github.com/keptcrm/kept/internal/servers"
)

// At a real server: what the fake only plays.
func TestDovecot(t *testing.T) {
	t.Parallel()
	d := servers.Need(t, servers.StartDovecot)
	t.Run("conformance", func(t *testing.T) { dovecotConformance(t, d) })
	t.Run("encryption", func(t *testing.T) { dovecotEncryption(t, d) })
	t.Run("tokens", func(t *testing.T) { dovecotTokens(t, d) })
	t.Run("news", func(t *testing.T) { dovecotNews(t, d) })
	t.Run("letters", func(t *testing.T) { dovecotLetters(t, d) })
	t.Run("behind ID", func(t *testing.T) { dovecotBehindID(t, d) })
	t.Run("killed", func(t *testing.T) { dovecotKilled(t, d) })
}

func dovecotOptions(d *servers.Dovecot, user string) map[string]string {
	return map[string]string{"host": "127.0.0.1", "port": strconv.Itoa(d.IMAP), "security": "none", "user": user, "password": d.Password, "login": "password"}
}

func at(t testing.TB, options map[string]string, env connectors.Env) *connection {
	t.Helper()
	c, err := Spec().Open(context.Background(), options, env)
	if err != nil {
		t.Fatal(err)
	}
	own := c.(*connection)
	t.Cleanup(func() { _ = own.Close() }) // it says nothing that matters
	return own
}

var users atomic.Int64

// newUser gives the name of a mailbox that nobody has used.
func newUser() string { return fmt.Sprintf("u%d@example.org", users.Add(1)) }

// program is another program at the same mailbox, which may write.
type program struct {
	c *connection
	d *servers.Dovecot
}

// do runs commands in the inbox.
func (p program) do(f func(s *session) error) error {
	return p.c.with(context.Background(), func(s *session) error {
		if s.selected == nil {
			if _, err := s.do(context.Background(), nil, "SELECT", "INBOX"); err != nil {
				return err
			}
			s.selected = &selected{name: "for writing"}
		}
		return f(s)
	})
}

func (p program) append(s *session, folder, raw string, at time.Time, flags string) error {
	_, err := s.do(context.Background(), nil, "APPEND", arg(folder), "("+flags+")", at.Format(`"02-Jan-2006 15:04:05 -0700"`), literal(strings.ReplaceAll(raw, "\n", "\r\n")))
	return err
}

// all gives all messages of the inbox with their headers, by what they are known by.
func (p program) all(s *session) (map[string]*fetched, error) {
	got := map[uint32]*fetched{}
	set, err := s.search(context.Background(), "ALL")
	if err != nil || len(set) == 0 {
		return nil, err
	}
	if _, err := s.fetch(context.Background(), set, "("+s.basics()+" BODY.PEEK[HEADER])", got); err != nil {
		return nil, err
	}
	out := map[string]*fetched{}
	for _, m := range got {
		key, _ := keyOf(m)
		out[key] = m
	}
	return out, nil
}

func (p program) remove(s *session, uid uint32) error {
	if _, err := s.do(context.Background(), nil, "UID", "STORE", fmt.Sprint(uid), `+FLAGS.SILENT (\Deleted)`); err != nil {
		return err
	}
	_, err := s.do(context.Background(), nil, "UID", "EXPUNGE", fmt.Sprint(uid))
	return err
}

func (p program) Put(_ connectors.Kind, id string, r connectors.Record, at time.Time) (key string, err error) {
	at = cmp.Or(at, time.Now()).UTC()
	raw := ""
	err = p.do(func(s *session) error {
		raw = written(r.Message, at)
		if id != "" {
			all, err := p.all(s)
			if err != nil || all[id] == nil {
				return cmp.Or(err, errors.New("no such message"))
			}
			raw = strings.ReplaceAll(string(all[id].header), "\r\n", "\n") + r.Message.Text + "\n"
			if err := p.remove(s, all[id].uid); err != nil {
				return err
			}
		}
		return p.append(s, "INBOX", raw, at, "")
	})
	return (&fakeMessage{raw: []byte(strings.ReplaceAll(raw, "\n", "\r\n")), at: at}).id(), err
}

func (p program) Delete(_ connectors.Kind, id string) error {
	return p.do(func(s *session) error {
		all, err := p.all(s)
		if err != nil || all[id] == nil {
			return cmp.Or(err, errors.New("no such message"))
		}
		return p.remove(s, all[id].uid)
	})
}

func (p program) Live(connectors.Kind) (ids []string, err error) {
	err = p.do(func(s *session) error {
		all, err := p.all(s)
		for id := range all {
			ids = append(ids, id)
		}
		return err
	})
	return ids, err
}

func (p program) Snapshot() string {
	var out []string
	_ = p.do(func(s *session) error { // an error leaves less, which is noticed
		all, err := p.all(s)
		for id, m := range all {
			flags := slices.DeleteFunc(m.flags, func(f string) bool { return f == `\Recent` })
			out = append(out, fmt.Sprint(id, m.uid, flags))
		}
		return err
	})
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// Renumber takes the server's index of the mailbox away.
func (p program) Renumber() error {
	_ = p.c.Close() // another session is opened when it is needed
	return p.d.Renumber(p.c.User)
}

func dovecotConformance(t *testing.T, d *servers.Dovecot) {
	connectortest.Run(t, connectortest.Harness{Spec: Spec(), Secret: d.Password, API: &connectortest.API{
		Kind: connectors.MessageKind, Page: pageLetters, Late: time.Hour, Can: []string{"Census", "Puller", "Watcher"}, Real: true,
		Server: func(tb testing.TB) connectortest.Server {
			user := newUser()
			return connectortest.Server{Options: dovecotOptions(d, user), Control: program{at(tb, dovecotOptions(d, user), connectors.Env{}), d}}
		},
		Record: record, Texts: []string{"text"},
		Stream: &connectortest.Stream{Refuse: refuse, Logins: "AUTHENTICATE"},
	}})
}

func dovecotEncryption(t *testing.T, d *servers.Dovecot) {
	for name, o := range map[string]map[string]string{
		"tls":      {"host": "localhost", "security": "tls", "port": strconv.Itoa(d.IMAPS)},
		"starttls": {"host": "localhost", "security": "starttls", "port": strconv.Itoa(d.IMAP)},
	} {
		o["user"], o["password"] = newUser(), d.Password
		wantText(t, at(t, o, connectors.Env{}).Check(context.Background()), connectors.Invalid, "does not trust", d.Fingerprint)
		o["fingerprint"] = d.Fingerprint
		if err := at(t, o, connectors.Env{}).Check(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain := map[string]string{"host": "localhost", "security": "tls", "port": strconv.Itoa(d.IMAP), "user": newUser(), "password": d.Password}
	wantText(t, at(t, plain, connectors.Env{}).Check(context.Background()), connectors.Invalid, "speaks no TLS")
}

func dovecotTokens(t *testing.T, d *servers.Dovecot) {
	user := newUser()
	p := &tokens{refresh: "refresh-token-0", onGive: func(access string) { d.Token(user, access) }}
	o := dovecotOptions(d, user)
	o["login"], o["client_id"], o["refresh_token"], o["token_url"] = "oauth2", "app", "refresh-token-0", "https://tokens.example.org/token"
	kept := &store{m: map[string]string{}}
	env := connectors.Env{HTTP: p, Store: kept}
	if err := at(t, o, env).Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	d.Withdraw("access-token-1") // it ran out before its time
	if err := at(t, o, env).Check(context.Background()); err != nil {
		t.Errorf("past a token that ran out: %v", err)
	}
	p.onGive = func(string) {}
	d.Withdraw("access-token-2")
	wantText(t, at(t, o, env).Check(context.Background()), connectors.Auth, "does not accept the token")

	// The other mechanism, by itself.
	d.Token(user, "bare")
	c := at(t, dovecotOptions(d, user), connectors.Env{})
	for _, mechanism := range []string{"AUTH=XOAUTH2", "AUTH=OAUTHBEARER"} {
		for _, token := range []string{"bare", "wrong"} {
			conn, err := c.Env.Dial(context.Background(), "tcp", c.Address)
			if err != nil {
				t.Fatal(err)
			}
			s := &session{c: c, conn: conn, wait: answerPatience, parser: newParser(conn)}
			if _, err := s.greeting(context.Background()); err != nil {
				t.Fatal(err)
			}
			err = s.bearer(context.Background(), map[string]bool{mechanism: true, "SASL-IR": true}, token)
			if (err == nil) != (token == "bare") {
				t.Errorf("%s with the token %s: %v", mechanism, token, err)
			}
			s.close()
		}
	}
}

func dovecotNews(t *testing.T, d *servers.Dovecot) {
	user := newUser()
	c := at(t, dovecotOptions(d, user), connectors.Env{})
	ctx, cancel := context.WithCancel(context.Background())
	news, ended := make(chan connectors.Hint, 10), make(chan error, 1)
	go func() { ended <- c.Watch(ctx, func(h connectors.Hint) { news <- h }) }()
	// It says nothing when it is ready: what came before is no news, what comes after is.
	deadline := time.Now().Add(3 * time.Minute)
	for i := 0; ; i++ {
		sent := time.Now()
		if err := d.Deliver(ctx, "jana@example.org", user, letter(fmt.Sprintf("n%d@x", i), "jana@example.org", user, "News", "x")); err != nil {
			t.Fatal(err)
		}
		select {
		case <-news:
			t.Logf("news after %s", time.Since(sent).Round(time.Millisecond))
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(3 * time.Second):
			if time.Now().After(deadline) {
				t.Fatal("no news")
			}
			continue
		}
		break
	}
	if err := d.Append(ctx, user, "Sent", letter("s@x", user, "jana@example.org", "Out", "x"), time.Now(), `\Seen`); err != nil {
		t.Fatal(err)
	}
	select {
	case <-news:
	case <-time.After(3 * time.Minute):
		t.Error("what was sent is no news")
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	changes, _, _ := pulled(t, c, "")
	if !slices.Contains(shown(changes), "Sent s@x sent") {
		t.Errorf("read: %v", shown(changes))
	}
}

// Letters read at a server say what they say read whole.
func dovecotLetters(t *testing.T, d *servers.Dovecot) {
	letters := generated()
	paths, err := filepath.Glob("../mbox/testdata/*.eml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		letters = append(letters, string(b))
	}
	user := newUser()
	p := program{at(t, dovecotOptions(d, user), connectors.Env{}), d}
	want := map[string]*connectors.MessageData{}
	for i, raw := range letters {
		raw = strings.ReplaceAll(raw, "\r\n", "\n")
		h, _ := mail.ReadHeader([]byte(raw))
		if !h.IsMail() || strings.Contains(raw, "\x00") || strings.HasPrefix(raw, "From ") {
			continue
		}
		// Its place in the mailbox says which it is.
		raw = fmt.Sprintf("X-Number: %d\n%s", i, raw)
		m, err := mail.Parse([]byte(strings.ReplaceAll(raw, "\n", "\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		if m.Date.IsZero() {
			m.Date = monday
		}
		if err := p.do(func(s *session) error { return p.append(s, "INBOX", raw, monday, "") }); err != nil {
			t.Fatalf("letter %d: %v", i, err)
		}
		want[fmt.Sprintf("INBOX:%d", len(want)+1)] = m.Data("INBOX")
	}
	changes, rejected, _ := pulled(t, p.c, "")
	aside := 0
	for _, r := range rejected {
		if !r.Kept {
			aside++
			t.Errorf("set aside: %+v", r)
		}
	}
	different := 0
	for _, ch := range changes {
		got, w := ch.Record.Message, want[ch.Where]
		for i := range min(len(got.Attachments), len(w.Attachments)) {
			a, b := &got.Attachments[i], w.Attachments[i]
			if math.Abs(float64(a.Size-b.Size)) < max(8, float64(b.Size)/20) {
				a.Size = b.Size
			}
		}
		got.Thread = w.Thread
		if diff := gocmp.Diff(w, got); diff != "" {
			if different++; different < 5 {
				t.Errorf("%s: %s", ch.Where, diff)
			}
		}
	}
	t.Logf("%d letters, %d told, %d differ, %d aside", len(want), len(changes), different, aside)
	if len(changes) < len(want)*9/10 {
		t.Errorf("%d of %d told", len(changes), len(want))
	}
}

// A server that is killed and started again loses nothing, and reading goes on where it was.
func dovecotKilled(t *testing.T, d *servers.Dovecot) {
	user := newUser()
	p := program{at(t, dovecotOptions(d, user), connectors.Env{}), d}
	for i := range pageLetters + 5 {
		if err := p.do(func(s *session) error {
			return p.append(s, "INBOX", letter(fmt.Sprintf("k%d@x", i), "jana@example.org", user, "Hi", "x"), monday, "")
		}); err != nil {
			t.Fatal(err)
		}
	}
	c := at(t, dovecotOptions(d, user), connectors.Env{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	page, err := c.Pull(context.Background(), connectors.MessageKind, "")
	if err != nil || !page.More {
		t.Fatal(err)
	}
	if err := d.Kill(); err != nil {
		t.Fatal(err)
	}
	_, err = c.Pull(context.Background(), connectors.MessageKind, page.Next)
	wantText(t, err, connectors.Transient, "nothing answers at 127.0.0.1")
	if err := d.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	changes, _, _ := pulled(t, c, page.Next)
	if len(page.Changes)+len(changes) != pageLetters+5 {
		t.Errorf("%d and %d messages told of %d", len(page.Changes), len(changes), pageLetters+5)
	}
}

var _ io.Closer = (*connection)(nil)

// generated gives messages as programs write them: each way to write text, in each place, with files
// beside it or without.
func generated() []string {
	texts := []string{
		"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße, 李伟 🔭\n\nAm Mo., 2. März 2026 schrieb Wei:\n> Wann?\n\n-- \nJana\n",
		"Content-Type: text/plain; charset=gb18030\nContent-Transfer-Encoding: base64\n\nxOO6w6Osye7bqMrHyrLDtMqxuvK3orv1o78=\n",
		"Content-Type: text/plain; charset=\"iso-8859-1\"; format=flowed; delsp=yes\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe aus =\nL=FCbeck, wann =20\nkommt es?\n",
		"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<p>Gr=C3=BC=C3=9Fe</p><blockquote type=3D\"cite\">Wann?</blockquote>\n",
		"Content-Type: text/plain; charset=windows-1256\nContent-Transfer-Encoding: 8bit\n\n\xe3\xca\xec \xed\xd5\xe1\n",
		"\nno type at all\n",
		"Content-Type: text/plain; charset=utf-8\nContent-Disposition: inline\n\nFrom here it looks fine\n--not a boundary\n",
	}
	files := []string{
		"Content-Type: application/pdf; name=\"=?utf-8?q?Angebot_=E2=82=AC.pdf?=\"\nContent-Disposition: attachment; filename=\"=?utf-8?q?Angebot_=E2=82=AC.pdf?=\"\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n",
		"Content-Type: image/png\nContent-Disposition: attachment; filename*0*=utf-8''%E5%9B%BE; filename*1=\".png\"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n",
		"Content-Type: text/plain; name=\"notes \\\"1\\\".txt\"\nContent-Disposition: attachment\n\nno text of the message\n",
		"Content-Type: message/rfc822\n\nFrom: a@example.org\nTo: b@example.org\nSubject: inside\nContent-Type: multipart/mixed; boundary=in\n\n--in\n\nforwarded\n--in--\n",
		"Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n",
	}
	head := func(i int) string {
		return fmt.Sprintf("From: =?utf-8?b?5p2O5Lyf?= <wei%d@example.org>\nTo: sales@nordlicht.example, \"K, J\" <jana@example.org>\nCc: <c@example.org>\nSubject: Re: =?utf-8?q?R=C3=BCckfrage?= %d\n"+
			"Date: Mon, 02 Mar 2026 10:30:%02d +0100\nMessage-ID: <g%d@example.org>\nIn-Reply-To: <g0@example.org>\nReferences: <r@example.org> <g0@example.org>\nMIME-Version: 1.0\n", i, i, i%60, i)
	}
	multi := func(kind, boundary string, parts ...string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "Content-Type: multipart/%s; boundary=\"%s\"\n\nfor old programs\n", kind, boundary)
		for _, p := range parts {
			fmt.Fprintf(&b, "--%s\n%s\n", boundary, p)
		}
		fmt.Fprintf(&b, "--%s--\n", boundary)
		return b.String()
	}
	var out []string
	add := func(body string) { out = append(out, head(len(out))+body) }
	for i, text := range texts {
		add(text)
		add(multi("alternative", "a b", text, texts[3]))
		for j, file := range files {
			add(multi("mixed", "=_m.1", text, file))
			if i == j {
				add(multi("mixed", "outer", multi("related", "rel", multi("alternative", "alt", text, texts[3]), files[1]), file, texts[0]))
			}
		}
	}
	for _, file := range files {
		add(file)
	}
	add(multi("report; report-type=delivery-status", "rep", texts[0], "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; x@example.org\n", "Content-Type: text/rfc822-headers\n\nFrom: a@example.org\n"))
	add("Content-Type: multipart/mixed; boundary=never\n\nno part of it is there\n")
	add("Content-Type: multipart/mixed; boundary=open\n\n--open\n" + texts[0])
	return out
}
