package imap

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fake is a mail server in memory: what RFC 3501 and its extensions say, in the words of Dovecot, Gmail
// and Coremail (163, QQ) where those differ, and with what goes wrong there. It is strict: what it is
// not asked properly it answers with BAD, and it counts what would have changed something.
type fake struct {
	user, password, token string
	caps                  []string
	traps                 traps

	mu     sync.Mutex
	boxes  []*fakeBox
	conns  map[*fakeConn]bool
	served sync.WaitGroup
	verbs  []string // of all commands that came, in order
	dials  int
	writes int    // commands that change something
	last   uint32 // UIDVALIDITY given last
}

// traps are ways of servers that are not as one would wish.
type traps struct {
	unsafe   bool              // refuses to open folders until ID came: 163, 126
	unsaidID bool              // and does not say that it takes ID
	noNext   bool              // tells no UIDNEXT
	noPlain  bool              // takes LOGIN alone
	refuse   map[string]string // what a command is refused with, by its name: "LOGIN": "NO [ALERT] …"
	idleEnds time.Duration     // ends an IDLE after this long, with the connection
	chatty   bool              // tells of flags, expunges and alerts in the middle of answers
	greeting string
}

type fakeBox struct {
	raw      string
	attrs    []string
	validity uint32
	next     uint32
	modseq   uint64
	closed   string // what EXAMINE and STATUS are refused with
	msgs     []*fakeMessage
}

type fakeMessage struct {
	uid    uint32
	flags  []string
	labels []string
	at     time.Time
	raw    []byte
	// broken is how the server fails at it: "syntax" (a BODYSTRUCTURE that is none), "no" (a FETCH that asks
	// for its structure is refused), "never" (so is any for its header), "drop" (the connection ends when its
	// text is asked for), "nil" (the structure is NIL).
	broken string
}

// dovecot, coremail and gmailCaps are what servers say that they can.
var (
	dovecot = []string{"IMAP4rev1", "SASL-IR", "LITERAL+", "UNSELECT", "ID", "IDLE", "NAMESPACE", "LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE", "UIDPLUS", "ESEARCH", "CONDSTORE", "QRESYNC",
		"AUTH=PLAIN", "AUTH=LOGIN", "AUTH=OAUTHBEARER", "AUTH=XOAUTH2"}
	coremail  = []string{"IMAP4rev1", "XLIST", "SPECIAL-USE", "ID", "LITERAL+", "STARTTLS", "UIDPLUS", "IDLE"}
	gmailCaps = []string{"IMAP4rev1", "UNSELECT", "IDLE", "NAMESPACE", "QUOTA", "ID", "XLIST", "CHILDREN", "X-GM-EXT-1", "UIDPLUS", "ENABLE", "MOVE", "CONDSTORE", "ESEARCH", "LIST-EXTENDED",
		"LIST-STATUS", "SPECIAL-USE", "SASL-IR", "AUTH=XOAUTH2", "AUTH=PLAIN", "AUTH=OAUTHBEARER"}
)

func newFake() *fake {
	f := &fake{user: "sales@nordlicht.example", password: "sesame", caps: dovecot, conns: map[*fakeConn]bool{}, last: 1700000000}
	f.box("INBOX")
	f.box("Sent", `\Sent`)
	f.box("Drafts", `\Drafts`)
	f.box("Trash", `\Trash`)
	f.box("Junk", `\Junk`)
	return f
}

// box adds a folder, or gives the one of that name.
func (f *fake) box(raw string, attrs ...string) *fakeBox {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.find(raw); b != nil {
		return b
	}
	f.last++
	b := &fakeBox{raw: raw, attrs: attrs, validity: f.last, next: 1, modseq: 1}
	f.boxes = append(f.boxes, b)
	return b
}

func (f *fake) find(raw string) *fakeBox {
	for _, b := range f.boxes {
		if b.raw == raw || strings.EqualFold(raw, "INBOX") && b.raw == "INBOX" {
			return b
		}
	}
	return nil
}

// put lays a message into a folder and tells those who wait there.
func (f *fake) put(box, raw string, at time.Time, flags ...string) *fakeMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.find(box)
	m := &fakeMessage{uid: b.next, flags: flags, at: at, raw: []byte(strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "\n", "\r\n"))}
	b.next++
	b.modseq++
	b.msgs = append(b.msgs, m)
	f.announce(b, fmt.Sprintf("* %d EXISTS\r\n", len(b.msgs)))
	return m
}

// remove expunges a message.
func (f *fake) remove(b *fakeBox, m *fakeMessage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.Index(b.msgs, m)
	b.msgs = slices.Delete(b.msgs, i, i+1)
	b.modseq++
	f.announce(b, fmt.Sprintf("* %d EXPUNGE\r\n", i+1))
}

func (f *fake) announce(b *fakeBox, line string) {
	for c := range f.conns {
		if c.idles && c.box == b {
			c.send(line)
		}
	}
}

// cut ends all connections, as a restart does.
func (f *fake) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		_ = c.conn.Close() // it is meant to break
	}
}

// Close ends all and waits for it.
func (f *fake) Close() {
	f.cut()
	f.served.Wait()
}

// count says how often a command came.
func (f *fake) count(verb string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, v := range f.verbs {
		if v == verb {
			n++
		}
	}
	return n
}

// Dial connects to the server.
func (f *fake) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	client, server := net.Pipe()
	f.serve(server)
	return client, nil
}

func (f *fake) serve(conn net.Conn) {
	c := &fakeConn{f: f, conn: conn, out: make(chan string, 4096)}
	f.mu.Lock()
	f.dials++
	f.conns[c] = true
	f.mu.Unlock()
	f.served.Go(func() {
		for line := range c.out {
			if _, err := io.WriteString(conn, line); err != nil {
				_ = conn.Close() // nobody reads any more
				for range c.out {
				}
			}
		}
		_ = conn.Close() // what was said last has been read
	})
	f.served.Go(func() {
		c.run()
		f.mu.Lock()
		delete(f.conns, c)
		close(c.out)
		f.mu.Unlock()
	})
}

// fakeConn is one connection to the fake.
type fakeConn struct {
	f      *fake
	conn   net.Conn
	in     *bufio.Reader
	out    chan string
	known  bool // logged in
	named  bool // ID came
	box    *fakeBox
	opened fakeBox // as it was when it was opened
	idles  bool
	ends   bool
}

// send queues an answer; the caller holds the lock of the fake.
func (c *fakeConn) send(text string) {
	select {
	case c.out <- text:
	default:
		_ = c.conn.Close() // far too slow
	}
}

func (c *fakeConn) say(format string, args ...any) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	c.send(fmt.Sprintf(format, args...) + "\r\n")
}

func (c *fakeConn) run() {
	c.in = bufio.NewReader(c.conn)
	caps := strings.Join(c.f.caps, " ")
	if c.f.traps.unsaidID {
		caps = strings.ReplaceAll(caps, " ID ", " ")
	}
	if g := c.f.traps.greeting; g != "" {
		c.say("%s", g)
	} else {
		c.say("* OK [CAPABILITY %s] ready", caps)
	}
	for !c.ends {
		line, err := c.command()
		if err != nil {
			return
		}
		r, err := newParser(strings.NewReader(line)).next()
		if err != nil || r.name == "" || r.tag == "" {
			c.say("* BAD this is no command")
			continue
		}
		c.f.mu.Lock()
		verb := r.name
		if verb == "UID" && len(r.args) > 0 {
			verb += " " + strings.ToUpper(r.args[0].text)
		}
		c.f.verbs = append(c.f.verbs, verb)
		refused := c.f.traps.refuse[verb]
		c.f.mu.Unlock()
		if refused != "" {
			c.say("%s %s", r.tag, refused)
			continue
		}
		c.handle(r, verb)
	}
}

// command reads a command with its literals.
func (c *fakeConn) command() (string, error) {
	var all strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if !strings.HasSuffix(line, "\r\n") {
			return "", io.ErrUnexpectedEOF // strict: lines end with both
		}
		all.WriteString(line)
		open := strings.LastIndexByte(line, '{')
		if open < 0 || !strings.HasSuffix(line, "}\r\n") {
			return all.String(), nil
		}
		size, plus := strings.CutSuffix(line[open+1:len(line)-3], "+")
		n, err := strconv.Atoi(size)
		if err != nil || n > 1<<20 {
			return all.String(), nil
		}
		if !plus {
			c.say("+ go on")
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(c.in, b); err != nil {
			return "", err
		}
		all.Write(b)
	}
}

func (c *fakeConn) handle(r *response, verb string) {
	switch verb {
	case "CAPABILITY":
		c.say("* CAPABILITY %s", strings.Join(c.f.caps, " "))
		c.say("%s OK done", r.tag)
	case "NOOP":
		c.say("%s OK done", r.tag)
	case "LOGOUT":
		c.say("* BYE bye")
		c.say("%s OK done", r.tag)
		c.ends = true
	case "ID":
		c.named = len(r.args) == 1 && r.args[0].isList && len(r.args[0].list) >= 4
		c.say(`* ID ("name" "Fake")`)
		c.say("%s OK done", r.tag)
	case "LOGIN":
		if len(r.args) != 2 || c.known {
			c.say("%s BAD LOGIN takes a user and a password", r.tag)
			return
		}
		c.let(r.tag, r.args[0].text == c.f.user && r.args[1].text == c.f.password)
	case "AUTHENTICATE":
		c.authenticate(r)
	case "LIST", "STATUS", "EXAMINE", "SELECT", "NAMESPACE":
		if !c.known {
			c.say("%s BAD not logged in", r.tag)
			return
		}
		c.folders(r, verb)
	case "CLOSE", "UNSELECT":
		if c.box == nil || verb == "UNSELECT" && !slices.Contains(c.f.caps, "UNSELECT") {
			c.say("%s BAD no folder is open", r.tag)
			return
		}
		c.box = nil
		c.say("%s OK done", r.tag)
	case "UID SEARCH", "UID FETCH", "IDLE":
		if c.box == nil {
			c.say("%s BAD no folder is open", r.tag)
			return
		}
		c.messages(r, verb)
	default:
		c.f.mu.Lock()
		c.f.writes++
		c.f.mu.Unlock()
		c.say("%s BAD unknown command %s", r.tag, verb)
	}
}

// let lets somebody in, or not.
func (c *fakeConn) let(tag string, right bool) {
	if c.known = right; right {
		c.say("%s OK [CAPABILITY %s] logged in", tag, strings.Join(c.f.caps, " "))
		return
	}
	c.say("%s NO [AUTHENTICATIONFAILED] Authentication failed.", tag)
}

func (c *fakeConn) authenticate(r *response) {
	if len(r.args) == 0 || !slices.Contains(c.f.caps, "AUTH="+strings.ToUpper(r.args[0].text)) || len(r.args) > 2 || len(r.args) == 2 && !slices.Contains(c.f.caps, "SASL-IR") {
		c.say("%s BAD no such mechanism", r.tag)
		return
	}
	answer := ""
	if len(r.args) == 2 {
		answer = r.args[1].text
	} else {
		c.say("+ ")
		line, err := c.command()
		if err != nil {
			return
		}
		answer = strings.TrimSpace(line)
	}
	said, err := base64.StdEncoding.DecodeString(answer)
	if err != nil {
		c.say("%s BAD no base64", r.tag)
		return
	}
	switch strings.ToUpper(r.args[0].text) {
	case "PLAIN":
		c.let(r.tag, string(said) == "\x00"+c.f.user+"\x00"+c.f.password)
	case "XOAUTH2":
		c.bearer(r.tag, string(said) == "user="+c.f.user+"\x01auth=Bearer "+c.f.token+"\x01\x01", "")
	case "OAUTHBEARER":
		c.bearer(r.tag, bytes.HasPrefix(said, []byte("n,a="+c.f.user+",\x01host=")) && bytes.HasSuffix(said, []byte("\x01auth=Bearer "+c.f.token+"\x01\x01")), "AQ==")
	default:
		c.say("%s NO not here", r.tag)
	}
}

// bearer answers a token. One that is not accepted is explained first, and the explanation has to be
// acknowledged (RFC 7628, section 3.2.3).
func (c *fakeConn) bearer(tag string, right bool, acknowledged string) {
	if right && c.f.token != "" {
		c.let(tag, true)
		return
	}
	c.say("+ %s", base64.StdEncoding.EncodeToString([]byte(`{"status":"invalid_token","schemes":"bearer","scope":"https://mail.google.com/"}`)))
	line, err := c.command()
	if err != nil {
		return
	}
	if strings.TrimSpace(line) != acknowledged {
		c.say("%s BAD that is no acknowledgement", tag)
		return
	}
	c.let(tag, false)
}
