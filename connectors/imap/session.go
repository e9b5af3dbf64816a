package imap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// patience is how long a server may be silent in the middle of an answer, and answerPatience how long
// it may take to answer at all.
const (
	patience       = 2 * time.Minute
	answerPatience = 30 * time.Second
)

// session is one connection to the server, logged in. One goroutine uses it at a time. What a broken
// one holds is no longer known: it is closed, and another one opened.
type session struct {
	c      *connection
	conn   net.Conn
	parser *parser
	tags   int
	caps   map[string]bool // upper case
	wait   time.Duration   // how long the server may be silent now
	broken bool
	named  bool     // whether ID was sent
	others []string // beginnings of the names of folders that belong to others

	selected *selected
	inside   bool // whether the server has a folder open for us
}

// selected is the folder that is open.
type selected struct {
	name     string
	validity uint32
	next     uint32 // UIDNEXT; 0: not told
	exists   uint32
	modseq   uint64
}

// can says whether the server has a capability.
func (s *session) can(name string) bool { return s.caps[name] }

// close ends the session.
func (s *session) close() {
	if s == nil || s.conn == nil {
		return
	}
	s.broken = true
	_ = s.conn.Close() // whatever was under way is over
}

// logout says goodbye, where that takes no time.
func (s *session) logout() {
	if s == nil || s.broken {
		return
	}
	s.wait = 2 * time.Second
	_, _ = s.do(context.Background(), nil, "LOGOUT") // a server that does not answer is left all the same
	s.close()
}

// literal is a part of a command that is sent as a literal.
type literal string

// arg gives a string as part of a command.
func arg(s string) any {
	if q, ok := quote(s); ok {
		return q
	}
	return literal(s)
}

// refusal is the server's NO or BAD.
type refusal struct {
	verb string
	r    *response
}

func (r *refusal) Error() string { return r.verb + ": " + r.r.name + " " + r.r.text }

// errBye is that the server ended the session.
type errBye struct{ text, code string }

func (b *errBye) Error() string { return "BYE " + b.text }

// do sends a command and reads its answer. on gets each untagged response; nil: they are of no
// interest. The error is a *refusal where the server said NO or BAD, after which the session is good.
func (s *session) do(ctx context.Context, on func(*response), parts ...any) (*response, error) {
	if s.broken {
		return nil, net.ErrClosed
	}
	stop := s.guard(ctx)
	defer stop()
	tag, verb, err := s.send(parts)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	r, err := s.answer(tag, verb, on)
	var no *refusal
	if err != nil && !errors.As(err, &no) {
		return nil, s.fail(ctx, err)
	}
	return r, err
}

// guard ends reading and writing with the context.
func (s *session) guard(ctx context.Context) (stop func()) {
	s.parser.begin()
	conn := s.conn
	end := context.AfterFunc(ctx, func() { _ = conn.Close() }) // what is under way ends by it
	return func() { end() }
}

// fail notes that nothing more can be done with the session.
func (s *session) fail(ctx context.Context, err error) error {
	s.close()
	if gone := ctx.Err(); gone != nil {
		return gone
	}
	return err
}

// send writes a command. Literals wait until the server wants them, unless it takes them at once.
func (s *session) send(parts []any) (tag, verb string, err error) {
	s.tags++
	tag = fmt.Sprintf("k%d", s.tags)
	verb, _ = parts[0].(string)
	if verb == "UID" {
		second, _ := parts[1].(string)
		verb += " " + second
	}
	var b strings.Builder
	b.WriteString(tag)
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b.WriteString(" " + p)
		case literal:
			plus := s.can("LITERAL+") || s.can("LITERAL-") && len(p) <= 4096
			if plus {
				fmt.Fprintf(&b, " {%d+}\r\n%s", len(p), p)
				continue
			}
			fmt.Fprintf(&b, " {%d}\r\n", len(p))
			if err := s.write(b.String()); err != nil {
				return tag, verb, err
			}
			b.Reset()
			if err := s.wanted(tag, verb); err != nil {
				return tag, verb, err
			}
			b.WriteString(string(p))
		}
	}
	b.WriteString("\r\n")
	s.c.log(verb)
	return tag, verb, s.write(b.String())
}

func (s *session) write(text string) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.wait)) // the write itself tells what is wrong
	_, err := s.conn.Write([]byte(text))
	return err
}

// read reads one response.
func (s *session) read() (*response, error) {
	_ = s.conn.SetReadDeadline(time.Now().Add(s.wait)) // likewise
	r, err := s.parser.next()
	if err != nil {
		return nil, err
	}
	if r.name == "BYE" && r.tag == "*" {
		return r, &errBye{text: r.text, code: r.code}
	}
	if r.code == "CAPABILITY" {
		s.capable(strings.Fields(r.rest))
	}
	if r.name == "CAPABILITY" {
		var words []string
		for _, v := range r.args {
			words = append(words, v.text)
		}
		s.capable(words)
	}
	return r, nil
}

func (s *session) capable(words []string) {
	s.caps = map[string]bool{}
	for _, w := range words {
		s.caps[strings.ToUpper(w)] = true
	}
}

// wanted waits for the server's "+".
func (s *session) wanted(tag, verb string) error {
	for {
		r, err := s.read()
		switch {
		case err != nil:
			return err
		case r.tag == "+":
			return nil
		case r.tag == tag:
			return &refusal{verb, r}
		}
	}
}

// answer reads up to the response that ends a command.
func (s *session) answer(tag, verb string, on func(*response)) (*response, error) {
	for garbage := 0; ; {
		r, err := s.read()
		if err != nil {
			var bye *errBye
			if verb == "LOGOUT" && errors.As(err, &bye) {
				continue
			}
			return nil, err
		}
		switch {
		case r.tag == tag && r.name == "OK":
			return r, nil
		case r.tag == tag && (r.name == "NO" || r.name == "BAD"):
			return r, &refusal{verb, r}
		case r.tag == "*":
			s.c.unasked(r)
			if on != nil {
				on(r)
			}
		case r.tag == "+":
		default:
			// A response out of step: what follows it may be one again, for a while.
			if garbage++; garbage > 1000 || r.tag == tag {
				return nil, errSyntax
			}
		}
	}
}

// examine opens a folder for reading: nothing in it changes by it, no message becomes "read".
func (s *session) examine(ctx context.Context, name string) (*selected, error) {
	if s.selected != nil && s.selected.name == name {
		return s.selected, nil
	}
	s.selected = nil
	f := &selected{name: name}
	on := func(r *response) {
		switch {
		case r.name == "EXISTS":
			f.exists = r.num
		case r.code == "UIDVALIDITY":
			f.validity = uint32(atoi(r.rest))
		case r.code == "UIDNEXT":
			f.next = uint32(atoi(r.rest))
		case r.code == "HIGHESTMODSEQ":
			f.modseq = atoi(r.rest)
		}
	}
	_, err := s.do(ctx, on, "EXAMINE", arg(name))
	var no *refusal
	if errors.As(err, &no) && !s.named && unsafeLogin(no.r.text) {
		// Some demand to know who asks, though they do not say so.
		if err = s.identify(ctx); err == nil {
			_, err = s.do(ctx, on, "EXAMINE", arg(name))
		}
	}
	if s.inside = err == nil; err != nil {
		return nil, err
	}
	s.selected = f
	return f, nil
}

// leave closes the open folder: of that, servers tell the state that it had when it was opened
// (RFC 3501, section 6.3.10). CLOSE removes nothing where a folder is open for reading alone.
func (s *session) leave(ctx context.Context) error {
	s.selected = nil
	if !s.inside {
		return nil
	}
	verb := "CLOSE"
	if s.can("UNSELECT") {
		verb = "UNSELECT"
	}
	_, err := s.do(ctx, nil, verb)
	s.inside = err != nil
	return err
}

// search gives the UIDs of the open folder that fit.
func (s *session) search(ctx context.Context, criteria ...any) (uids, error) {
	var out uids
	var bad error
	command := []any{"UID", "SEARCH"}
	if s.can("ESEARCH") || s.can("IMAP4REV2") {
		command = append(command, "RETURN", "(ALL)")
	}
	_, err := s.do(ctx, func(r *response) {
		switch r.name {
		case "SEARCH":
			for _, v := range r.args {
				if v.isList { // (MODSEQ 17)
					continue
				}
				n, ok := v.number()
				if !ok {
					bad = errSyntax
				}
				out = append(out, uint32(n))
			}
		case "ESEARCH":
			for i := 0; i+1 < len(r.args); i++ {
				if strings.EqualFold(r.args[i].text, "ALL") && !r.args[i].quoted {
					set, err := parseUIDs(r.args[i+1].text)
					if err != nil {
						bad = err
					}
					out = append(out, set...)
				}
			}
		case "": // it may have been the answer
			bad = errSyntax
		}
	}, append(command, criteria...)...)
	if err == nil {
		err = bad
	}
	return out.sorted(), err
}

// identify says who asks (RFC 2971).
func (s *session) identify(ctx context.Context) error {
	s.named = true
	_, err := s.do(ctx, nil, "ID", `("name" "Kept" "version" "1.0" "vendor" "Kept" "support-url" "https://github.com/keptcrm/kept")`)
	var no *refusal
	if errors.As(err, &no) {
		return nil // it matters to nobody but those who demand it, and they say so
	}
	return err
}

// unsafeLogin says whether a folder is refused because the server does not know who asks.
func unsafeLogin(text string) bool { return strings.Contains(strings.ToLower(text), "unsafe login") }

func atoi(s string) uint64 {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	n := uint64(0)
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > 1<<59 {
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}
