package smtp

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// fake is a submission server in memory: what RFC 5321 and RFC 6409 say, in the words of Gmail, Exchange
// and Coremail (163, QQ) where those differ, and with what goes wrong there. It is strict: what a server
// somewhere refuses, it refuses.
type fake struct {
	user, password, token string
	mechanisms            string // after AUTH; empty: no login is offered
	caps                  []string
	tls                   *tls.Config // nil: it knows none
	traps                 traps

	mu      sync.Mutex
	arrived []fakeMail
	verbs   []string // of all commands that came, in order
	dials   int
	known   map[string]time.Time // first tries, for greylisting
	conns   map[net.Conn]bool
	served  sync.WaitGroup
}

// traps are ways of servers that are not as one would wish.
type traps struct {
	implicit   bool                // TLS from the first byte
	greeting   string              // in place of 220
	noEHLO     bool                // speaks HELO alone
	strictName bool                // refuses the name "localhost": smtp-relay.gmail.com
	ownOnly    bool                // MAIL FROM must be the user: QQ, 163
	inject     bool                // somebody on the way adds answers before TLS
	refuse     map[string][]string // answers to the next commands of a name; "" lets one through; "end" is the end of a mail
	greylist   time.Duration       // an address is taken at the second try, this much later
	session    int                 // mails after which it wants another connection: 421
	idle       time.Duration       // ends a connection that says nothing this long
	early      bool                // refuses a mail in its middle
	silentEnd  bool                // ends the connection once it has a mail, without an answer
	doubled    bool                // answers RCPT twice
}

// fakeMail is a mail that was taken.
type fakeMail struct {
	from, to string
	utf8     bool
	raw      string
	at       time.Time
}

func newFake() *fake {
	return &fake{user: "sales@nordlicht.example", password: "sesame", mechanisms: "PLAIN LOGIN XOAUTH2 OAUTHBEARER",
		caps: []string{"PIPELINING", "SIZE 20480000", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "CHUNKING"}, conns: map[net.Conn]bool{}, known: map[string]time.Time{}}
}

// mails gives what was taken.
func (f *fake) mails() []fakeMail {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.arrived)
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

// cut ends all connections, as a restart does.
func (f *fake) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		_ = c.Close() // it is meant to break
	}
}

// Close ends all and waits for it.
func (f *fake) Close() {
	f.cut()
	f.served.Wait()
}

// Dial connects to the server.
func (f *fake) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	client, server := net.Pipe()
	f.mu.Lock()
	f.dials++
	f.conns[server] = true
	f.mu.Unlock()
	f.served.Go(func() {
		q := &queue{Conn: server, out: make(chan []byte, 1000), done: make(chan struct{})}
		go q.run()
		c := &fakeConn{f: f, conn: q}
		c.run()
		close(q.out)
		<-q.done
		_ = server.Close() // what was said last has been read
		f.mu.Lock()
		delete(f.conns, server)
		f.mu.Unlock()
	})
	return client, nil
}

// queue lets a server speak before anybody listens, as sockets do.
type queue struct {
	net.Conn
	out  chan []byte
	done chan struct{}
}

func (q *queue) run() {
	defer close(q.done)
	for b := range q.out {
		if _, err := q.Conn.Write(b); err != nil {
			_ = q.Conn.Close() // nobody reads any more
			for range q.out {
			}
		}
	}
}

func (q *queue) Write(b []byte) (int, error) {
	select {
	case q.out <- slices.Clone(b):
		return len(b), nil
	default:
		return 0, io.ErrShortWrite
	}
}

// fakeConn is one connection to the fake.
type fakeConn struct {
	f      *fake
	conn   net.Conn
	in     *bufio.Reader
	safe   bool // encrypted
	hello  bool
	logged bool
	failed int
	taken  int // mails
	ends   bool
	from   *string
	utf8   bool
	eight  bool
	to     string
}

func (c *fakeConn) say(format string, args ...any) {
	if _, err := io.WriteString(c.conn, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\r\n")+"\r\n"); err != nil {
		c.ends = true
	}
}

func (c *fakeConn) run() {
	if c.f.traps.implicit && !c.encrypt() {
		return
	}
	c.in = bufio.NewReader(c.conn)
	c.say("%s", or(c.f.traps.greeting, "220 mx.fake.example ESMTP ready"))
	c.ends = c.ends || c.f.traps.greeting != "" && !strings.HasPrefix(c.f.traps.greeting, "220")
	for !c.ends {
		if c.f.traps.idle > 0 {
			_ = c.conn.SetReadDeadline(time.Now().Add(c.f.traps.idle)) // reading tells
		}
		line, err := c.line()
		if err != nil {
			return
		}
		c.command(line)
	}
}

// encrypt is the server's side of TLS.
func (c *fakeConn) encrypt() bool {
	secure := tls.Server(c.conn, c.f.tls)
	if err := secure.Handshake(); err != nil {
		return false
	}
	c.conn, c.in, c.safe = secure, bufio.NewReader(secure), true
	return true
}

// line reads a command. Lines end with CR LF, and hold 512 bytes at most but for logins (RFC 5321, 4.5.3.1.4).
func (c *fakeConn) line() (string, error) {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(line, "\r\n") || strings.ContainsRune(line[:len(line)-2], '\r') || len(line) > 12288 {
		c.say("500 5.5.2 a line ends with CR LF")
		c.ends = true
		return "", io.ErrUnexpectedEOF
	}
	return line[:len(line)-2], nil
}

// scripted answers as a trap says, where one does.
func (c *fakeConn) scripted(verb string) bool {
	c.f.mu.Lock()
	queue := c.f.traps.refuse[verb]
	answer := ""
	if len(queue) > 0 {
		answer, c.f.traps.refuse[verb] = queue[0], queue[1:]
	}
	c.f.mu.Unlock()
	switch {
	case answer == "":
		return false
	case answer == "drop":
		c.ends = true
	default:
		c.say("%s", answer)
		c.ends = strings.HasPrefix(answer, "421")
	}
	return true
}

func (c *fakeConn) command(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	c.f.mu.Lock()
	c.f.verbs = append(c.f.verbs, verb)
	c.f.mu.Unlock()
	switch {
	case c.scripted(verb):
	case verb == "EHLO" || verb == "HELO":
		c.greet(verb, rest)
	case verb == "QUIT":
		c.say("221 2.0.0 bye")
		c.ends = true
	case verb == "RSET":
		c.from, c.to = nil, ""
		c.say("250 2.0.0 done")
	case verb == "NOOP":
		c.say("250 2.0.0 done")
	case verb == "STARTTLS" && c.f.tls != nil && !c.safe && rest == "":
		answer := "220 2.0.0 go ahead"
		if c.f.traps.inject {
			answer += "\n250-mx.evil.example\n250 AUTH PLAIN"
		}
		c.say("%s", answer)
		c.ends = c.ends || !c.encrypt()
		c.hello = false
	case !c.hello:
		c.say("503 5.5.1 EHLO first")
	case verb == "AUTH":
		c.auth(rest)
	case verb == "MAIL":
		c.mail(line)
	case verb == "RCPT":
		c.rcpt(line)
	case verb == "DATA":
		c.data(rest)
	default:
		c.say("500 5.5.2 unknown command")
	}
}

func (c *fakeConn) greet(verb, name string) {
	switch {
	case name == "" || strings.Contains(name, " ") || needsUTF8(name):
		c.say("501 5.5.4 a name, please")
	case c.f.traps.strictName && !strings.Contains(name, "."):
		c.say("421 4.7.0 Try again later, closing connection. (EHLO)")
		c.ends = true
	case verb == "EHLO" && c.f.traps.noEHLO:
		c.say("502 5.5.1 not here")
	case verb == "HELO":
		c.hello = true
		c.say("250 mx.fake.example")
	default:
		c.hello = true
		all := append([]string{"mx.fake.example at your service"}, c.f.caps...)
		if c.f.tls != nil && !c.safe {
			all = append(all, "STARTTLS")
		} else if c.f.mechanisms != "" {
			all = append(all, "AUTH "+c.f.mechanisms)
		}
		for i, l := range all {
			if i < len(all)-1 {
				c.say("250-%s", l)
			} else {
				c.say("250 %s", l)
			}
		}
	}
}

func (c *fakeConn) auth(rest string) {
	mechanism, first, initial := strings.Cut(rest, " ")
	mechanism = strings.ToUpper(mechanism)
	switch {
	case c.f.tls != nil && !c.safe:
		c.say("530 5.7.0 Must issue a STARTTLS command first")
		return
	case c.logged:
		c.say("503 5.5.1 you are in")
		return
	case !slices.Contains(strings.Fields(c.f.mechanisms), mechanism):
		c.say("504 5.5.4 no such mechanism")
		return
	}
	var said []byte
	var ok bool
	switch {
	case initial:
		said, ok = c.decoded(first)
	case mechanism == "LOGIN":
		said, ok = c.ask("Username:")
	default:
		said, ok = c.ask("")
	}
	if !ok {
		return
	}
	switch mechanism {
	case "PLAIN":
		c.let(string(said) == "\x00"+c.f.user+"\x00"+c.f.password)
	case "LOGIN":
		password, ok := c.ask("Password:")
		if ok {
			c.let(string(said) == c.f.user && string(password) == c.f.password)
		}
	case "XOAUTH2":
		c.bearer(string(said) == "user="+c.f.user+"\x01auth=Bearer "+c.f.token+"\x01\x01", "")
	case "OAUTHBEARER":
		c.bearer(strings.HasPrefix(string(said), "n,a="+c.f.user+",\x01host=") && strings.HasSuffix(string(said), "\x01auth=Bearer "+c.f.token+"\x01\x01"), "\x01")
	}
}

// ask asks for one thing in base64.
func (c *fakeConn) ask(prompt string) ([]byte, bool) {
	c.say("334 %s", base64.StdEncoding.EncodeToString([]byte(prompt)))
	line, err := c.line()
	if err != nil {
		c.ends = true
		return nil, false
	}
	return c.decoded(line)
}

func (c *fakeConn) decoded(text string) ([]byte, bool) {
	if text == "*" {
		c.say("501 5.7.0 cancelled")
		return nil, false
	}
	if text == "=" {
		return nil, true
	}
	said, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		c.say("501 5.5.2 no base64")
		return nil, false
	}
	return said, true
}

// bearer answers a token. One that is not accepted is explained first, and the explanation has to be
// acknowledged.
func (c *fakeConn) bearer(right bool, acknowledged string) {
	if !right || c.f.token == "" {
		said, ok := c.ask(`{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}`)
		if !ok {
			return
		}
		if string(said) != acknowledged {
			c.say("501 5.5.2 that is no acknowledgement")
			return
		}
	}
	c.let(right && c.f.token != "")
}

// let lets somebody in, or not; who fails often is shown the door.
func (c *fakeConn) let(right bool) {
	if c.logged = right; right {
		c.say("235 2.7.0 Accepted")
		return
	}
	c.say("535-5.7.8 Username and Password not accepted. For more information, go to\n535 5.7.8  https://support.google.com/mail/?p=BadCredentials - gsmtp")
	if c.failed++; c.failed > 2 {
		c.ends = true
	}
}

var (
	mailCommand = regexp.MustCompile(`^(?i:MAIL FROM):<([^<>\s]+)>((?: [A-Z0-9]+(?:=[^ ]+)?)*)$`)
	rcptCommand = regexp.MustCompile(`^(?i:RCPT TO):<((?:"[^"]+"|[^<>"\s]+)@[^<>"\s]+)>$`)
)

func (c *fakeConn) can(capability string) bool {
	return slices.ContainsFunc(c.f.caps, func(s string) bool { return s == capability || strings.HasPrefix(s, capability+" ") })
}

func (c *fakeConn) mail(line string) {
	m := mailCommand.FindStringSubmatch(line)
	switch {
	case !c.logged && c.f.mechanisms != "":
		c.say("530-5.7.0 Authentication Required. For more information, go to\n530 5.7.0  https://support.google.com/mail/?p=WantAuthError - gsmtp")
		return
	case c.from != nil:
		c.say("503 5.5.1 one mail at a time")
		return
	case m == nil:
		c.say("501 5.5.4 Syntax: MAIL FROM:<address>")
		return
	case c.f.traps.session > 0 && c.taken >= c.f.traps.session:
		c.say("421 4.7.0 too many messages in this connection")
		c.ends = true
		return
	}
	c.utf8, c.eight = false, false
	for _, p := range strings.Fields(m[2]) {
		name, value, _ := strings.Cut(p, "=")
		known := map[string]string{"BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "SIZE": "SIZE"}[name]
		if known == "" || !c.can(known) {
			c.say("555 5.5.4 unsupported parameter %s", name)
			return
		}
		c.utf8 = c.utf8 || name == "SMTPUTF8"
		c.eight = c.eight || name == "BODY" && value == "8BITMIME"
	}
	switch {
	case needsUTF8(m[1]) && !c.utf8:
		c.say("553 5.6.7 address with other letters needs SMTPUTF8")
	case c.f.traps.ownOnly && m[1] != c.f.user:
		c.say("501 mail from address must be same as authorization user.")
	default:
		c.from = &m[1]
		c.say("250 2.1.0 OK")
	}
}

func (c *fakeConn) rcpt(line string) {
	m := rcptCommand.FindStringSubmatch(line)
	switch {
	case c.from == nil:
		c.say("503 5.5.1 MAIL first")
	case m == nil:
		c.say("501 5.5.4 Syntax: RCPT TO:<address>")
	case needsUTF8(m[1]) && !c.utf8:
		c.say("553 5.6.7 address with other letters needs SMTPUTF8")
	case c.to != "":
		c.say("452 4.5.3 one recipient at a time")
	case !c.patient(m[1]):
		c.say("451 4.7.1 Greylisted, please try again in %d seconds", int(c.f.traps.greylist.Seconds()))
	default:
		c.to = m[1]
		c.say("250 2.1.5 OK")
		if c.f.traps.doubled {
			c.say("250 2.1.5 OK")
		}
	}
}

// patient says whether an address was tried before, long enough ago.
func (c *fakeConn) patient(to string) bool {
	if c.f.traps.greylist == 0 {
		return true
	}
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	first, known := c.f.known[to]
	if !known {
		c.f.known[to] = time.Now()
	}
	return known && time.Since(first) >= c.f.traps.greylist
}

func (c *fakeConn) data(rest string) {
	if c.to == "" || rest != "" {
		c.say("503 5.5.1 RCPT first")
		return
	}
	c.say("354 Go ahead")
	var raw strings.Builder
	fault := ""
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.ends = true
			return
		}
		if line == ".\r\n" {
			break
		}
		if !strings.HasSuffix(line, "\r\n") || strings.ContainsAny(line[:len(line)-2], "\r\x00") {
			fault = "550 5.6.11 bare CR or LF"
		}
		if len(line) > 1000 {
			fault = "500 5.6.0 line too long"
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
		if c.f.traps.early && raw.Len() > 1000 {
			c.say("552 5.3.4 message too large")
			c.ends = true
			return
		}
	}
	m := fakeMail{from: *c.from, to: c.to, utf8: c.utf8, raw: raw.String(), at: time.Now()}
	c.from, c.to = nil, ""
	c.f.mu.Lock()
	c.f.verbs = append(c.f.verbs, "end")
	c.f.mu.Unlock()
	if c.scripted("end") {
		return
	}
	if fault == "" {
		fault = c.judge(m)
	}
	if fault != "" {
		c.say("%s", fault)
		return
	}
	c.taken++
	c.f.mu.Lock()
	c.f.arrived = append(c.f.arrived, m)
	n := len(c.f.arrived)
	c.f.mu.Unlock()
	if c.f.traps.silentEnd {
		c.ends = true
		return
	}
	c.say("250 2.0.0 OK: queued as %d", n)
}

// judge says what is wrong with a mail, as servers do that look at it.
func (c *fakeConn) judge(m fakeMail) string {
	if size := c.size(); size > 0 && len(m.raw) > size {
		return "552 5.3.4 Message size exceeds fixed limit"
	}
	head, body, found := strings.Cut(m.raw, "\r\n\r\n")
	if !found {
		return "554 5.6.0 no body"
	}
	if !m.utf8 && needsUTF8(head) || !utf8.ValidString(head) {
		return "554 5.6.7 other letters in the headers"
	}
	if !c.eight && needsUTF8(body) {
		return "554 5.6.3 eight bits without 8BITMIME"
	}
	seen := map[string]int{}
	for l := range strings.SplitSeq(head, "\r\n") {
		name, _, ok := strings.Cut(l, ":")
		switch {
		case strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t"):
			if strings.TrimSpace(l) == "" {
				return "554 5.6.0 an empty line of a header"
			}
		case !ok || strings.ContainsAny(name, " \t"):
			return "554 5.6.0 a line that is no header"
		default:
			seen[strings.ToLower(name)]++
		}
	}
	for _, name := range []string{"from", "to", "subject", "date", "message-id", "mime-version", "content-type"} {
		if seen[name] != 1 {
			return "550 5.7.1 Messages with multiple or missing headers are not accepted: " + name
		}
	}
	return ""
}

func (c *fakeConn) size() int {
	for _, s := range c.f.caps {
		if n, ok := strings.CutPrefix(s, "SIZE "); ok {
			size, _ := strconv.Atoi(n) // of our own making
			return size
		}
	}
	return 0
}
