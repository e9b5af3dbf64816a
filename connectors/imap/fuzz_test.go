package imap

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
)

// Whatever a server says, reading it ends, and what is understood of it can be used.
func FuzzResponse(f *testing.F) {
	for _, s := range []string{
		"* OK [CAPABILITY IMAP4rev1 SASL-IR] ready\r\n", "* 12 FETCH (UID 7 FLAGS (\\Seen $x) BODY[HEADER.FIELDS (TO CC)]<0> {5}\r\nTo: a BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5 1))\r\n",
		"* LIST (\\HasNoChildren \\Sent) \"/\" \"Gesendete &- Objekte\"\r\n", "* STATUS INBOX (MESSAGES 3 UIDNEXT 9 HIGHESTMODSEQ 99999999999)\r\n", "* ESEARCH (TAG \"k1\") UID ALL 1:3,7\r\n",
		"* SEARCH 1 2 3 (MODSEQ 7)\r\n", "* 1 FETCH (BODYSTRUCTURE ((\"text\" \"html\" (\"charset\" \"utf-8\") NIL NIL \"base64\" 77 1 NIL (\"inline\" NIL))(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 9 NIL NIL 1) \"mixed\"))\r\n",
		"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n", "* 1 FETCH (UID 4 X {99999999}\r\n", "* ~{3}\r\nabc\r\n", "k1 NO [ALERT] \xff\xfe\r\n", strings.Repeat("(", 300) + "\r\n", "* A \"\\\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newParser(strings.NewReader(string(b)))
		for n := 0; ; n++ {
			r, err := p.next()
			if err != nil {
				break
			}
			if n > len(b) {
				t.Fatal("it reads more responses than there are bytes")
			}
			folderOf(r)
			if r.name == "STATUS" && len(r.args) == 2 {
				(&folder{}).state(r)
			}
			for _, v := range r.args {
				m := read(v)
				m.header = []byte("From: a@b\r\nTo: c@d\r\n\r\n")
				c := &connection{}
				if got := c.record(&folder{name: "INBOX"}, m); got.change != nil && (got.change.Record.ID == "" || got.change.Record.Message.Thread == "") {
					t.Fatalf("a message without id or thread: %+v", got.change.Record)
				}
				m.weight()
				m.wants()
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(`{"v":1,"b":{"INBOX":{"i":1,"n":2,"l":"1,3:4"}},"o":["a@b"]}`)
	f.Add(`{"v":1,"b":{"x":null}}`)
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCursor(connectors.Cursor(s))
		if err != nil {
			if connectors.ClassOf(err) != connectors.CursorExpired {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := parseCursor(c.clone().String())
		if err != nil || again.String() != c.String() {
			t.Fatalf("%s became %s: %v", c.String(), again.String(), err)
		}
	})
}

// Whatever is said from the greeting on, a connection ends with words, and soon.
func FuzzServer(f *testing.F) {
	f.Add("* OK [CAPABILITY IMAP4rev1] hi\r\nk1 OK in\r\n* LIST () \"/\" INBOX\r\nk2 OK\r\n* OK [UIDVALIDITY 1] x\r\nk3 OK\r\n")
	f.Add("* PREAUTH [CAPABILITY IMAP4rev1 X-GM-EXT-1] hi\r\n* LIST (\\All) \"/\" All\r\nk1 OK\r\n* STATUS All (UIDNEXT 4 MESSAGES 2 UIDVALIDITY 9)\r\nk2 OK\r\nk3 OK\r\n* SEARCH 1 2\r\nk4 OK\r\n* 1 FETCH (UID 1)\r\nk5 OK\r\n")
	f.Fuzz(func(t *testing.T, says string) {
		dial := func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, server) }() // it ends with the connection
			go func() {
				_, _ = io.WriteString(server, says) // likewise
				_ = server.Close()
			}()
			return client, nil
		}
		c, err := Spec().Open(context.Background(), map[string]string{"host": "127.0.0.1", "security": "none", "user": "u", "password": "hunter22"},
			connectors.Env{Dial: dial, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
		if err != nil {
			t.Fatal(err)
		}
		defer c.(*connection).Close()
		_, err = c.(connectors.Puller).Pull(context.Background(), connectors.MessageKind, "")
		var e *connectors.Error
		if err != nil && (!errors.As(err, &e) || e.Text == "" || strings.Contains(e.Text, "hunter22") || !utf8.ValidString(e.Text)) {
			t.Fatalf("%v is no error with words", err)
		}
	})
}

// Names of folders come back whole, whatever they are written in.
func TestNamesOfFolders(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{"Entwürfe": "Entw&APw-rfe", "已发送": "&XfJT0ZAB-", "A & B": "A &- B", "~peter/mail/台北/日本語": "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "🔭": "&2D3dLQ-"} {
		if got := encodeName(name); got != raw {
			t.Errorf("%s is written %s, not %s", name, got, raw)
		}
		if got := decodeName(raw); got != name {
			t.Errorf("%s is read %s, not %s", raw, got, name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		if got := decodeName(encodeName(name)); got != name {
			t.Fatalf("%q became %q", name, got)
		}
	})
}

// A set of UIDs comes back as it was, in order.
func TestSetsOfUIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		set := uids(rapid.SliceOf(rapid.Uint32Range(1, 500)).Draw(t, "set")).sorted()
		got, err := parseUIDs(set.String())
		if err != nil || got.String() != set.String() || len(got) != len(set) {
			t.Fatalf("%v became %v: %v", set, got, err)
		}
	})
	for _, bad := range []string{"x", "1:", ":", "1,,2", "1:4294967295", "-1"} {
		if _, err := parseUIDs(bad); err == nil {
			t.Errorf("%q is read as a set", bad)
		}
	}
}
