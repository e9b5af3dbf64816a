package imap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors/mailserver"
)

// Bounds of what is read of one answer, in bytes and values. A page is at most some hundred messages,
// each bounded when it is asked for; a folder of a million messages is listed in eight megabytes.
const (
	maxLine    = 16 << 20  // of one response, literals aside
	maxLiteral = 16 << 20  // of one literal
	maxAnswer  = 256 << 20 // of all responses to one command
	maxDepth   = 200
	maxValues  = 1 << 20
)

var errSyntax = errors.New("no IMAP")

// value is one value of a response: an atom, a string, a list, or nothing (NIL).
type value struct {
	text   string
	list   []value
	quoted bool // a string or a literal, which NIL is not
	isList bool
}

func (v value) isNil() bool { return !v.quoted && !v.isList && strings.EqualFold(v.text, "NIL") }

// str gives a string; NIL is an empty one.
func (v value) str() string {
	if v.isNil() {
		return ""
	}
	return v.text
}

// number gives a number; false where there is none.
func (v value) number() (uint64, bool) {
	if v.isList {
		return 0, false
	}
	n, err := strconv.ParseUint(v.text, 10, 63)
	return n, err == nil
}

// response is one response of a server.
type response struct {
	tag  string // "*", "+", or that of the command that it ends
	num  uint32 // of "* 12 FETCH"
	name string // upper case: "FETCH", "OK"; "" of a response that makes no sense
	args []value
	code string // of "OK [UIDNEXT 4] …": "UIDNEXT", upper case
	rest string // what follows the code's name within its brackets
	text string // what follows them; of "+" all
}

// isStatus says whether a name is that of a response that says how it went.
func isStatus(name string) bool {
	switch name {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return true
	}
	return false
}

// parser reads responses (RFC 9051, section 9, and RFC 3501). It is lenient where servers are wrong:
// a response that makes no sense is read to the end of its line and told as one without a name.
type parser struct {
	r      *bufio.Reader
	line   int // bytes of the present response that are left, literals aside
	answer int // bytes of the present answer that are left
	values int
}

func newParser(r io.Reader) *parser {
	return &parser{r: bufio.NewReaderSize(r, 32<<10), answer: maxAnswer}
}

// begin allows for another answer.
func (p *parser) begin() { p.answer = maxAnswer }

func (p *parser) read() (byte, error) {
	if p.line--; p.line < 0 {
		return 0, mailserver.ErrTooLong
	}
	if p.answer--; p.answer < 0 {
		return 0, mailserver.ErrTooLong
	}
	return p.r.ReadByte()
}

func (p *parser) unread() {
	p.line++
	p.answer++
	_ = p.r.UnreadByte() // a byte was just read
}

func (p *parser) peek() (byte, error) {
	b, err := p.r.Peek(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// toEnd reads the rest of the line, without its end.
func (p *parser) toEnd() (string, error) {
	var line []byte
	for {
		part, err := p.r.ReadSlice('\n')
		if p.line, p.answer = p.line-len(part), p.answer-len(part); p.line < 0 || p.answer < 0 {
			return "", mailserver.ErrTooLong
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

// word reads up to a space, which it takes, or the end of the line, which it does not.
func (p *parser) word() (string, error) {
	var b strings.Builder
	for {
		c, err := p.read()
		if err != nil {
			return "", err
		}
		switch c {
		case ' ':
			return b.String(), nil
		case '\r', '\n':
			p.unread()
			return b.String(), nil
		}
		b.WriteByte(c)
	}
}

// next reads one response.
func (p *parser) next() (*response, error) {
	p.line, p.values = maxLine, maxValues
	tag, err := p.word()
	if err != nil {
		return nil, err
	}
	r := &response{tag: tag}
	if tag == "+" || tag == "" {
		if r.text, err = p.toEnd(); err != nil {
			return nil, err
		}
		return r, nil
	}
	name, err := p.word()
	if err != nil {
		return nil, err
	}
	if n, err := strconv.ParseUint(name, 10, 32); err == nil && tag == "*" {
		r.num = uint32(n)
		if name, err = p.word(); err != nil {
			return nil, err
		}
	}
	r.name = strings.ToUpper(name)
	if isStatus(r.name) {
		text, err := p.toEnd()
		if err != nil {
			return nil, err
		}
		r.status(text)
		return r, nil
	}
	r.args, err = p.list(0, false)
	if errors.Is(err, errSyntax) {
		r.name, r.args = "", nil
		_, err = p.toEnd()
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// status cuts the text of a response that says how it went.
func (r *response) status(text string) {
	r.text = text
	inner, ok := strings.CutPrefix(text, "[")
	if !ok {
		return
	}
	i := strings.IndexByte(inner, ']')
	if i < 0 {
		return
	}
	code, rest, _ := strings.Cut(inner[:i], " ")
	r.code, r.rest, r.text = strings.ToUpper(code), rest, strings.TrimSpace(inner[i+1:])
}

// list reads values up to the end of the line, or in brackets to the closing one; either is taken.
func (p *parser) list(depth int, bracket bool) ([]value, error) {
	if depth > maxDepth {
		return nil, errSyntax
	}
	var out []value
	for {
		c, err := p.read()
		if err != nil {
			return nil, err
		}
		switch c {
		case ' ', '\t', '\r':
			continue
		case '\n':
			if bracket {
				p.unread()
				return nil, errSyntax
			}
			return out, nil
		case ')':
			if bracket {
				return out, nil
			}
			return nil, errSyntax
		}
		if p.values--; p.values < 0 {
			return nil, mailserver.ErrTooLong
		}
		v, err := p.value(c, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

// value reads a value that begins with a byte.
func (p *parser) value(c byte, depth int) (v value, err error) {
	switch c {
	case '(':
		v.isList = true
		v.list, err = p.list(depth+1, true)
		return v, err
	case '"':
		v.quoted = true
		v.text, err = p.quoted()
		return v, err
	case '~': // literal8 of RFC 3516; anything else with it is an atom
		if next, err := p.peek(); err != nil || next != '{' {
			break
		}
		if _, err := p.read(); err != nil {
			return v, err
		}
		fallthrough
	case '{':
		v.quoted = true
		v.text, err = p.literal()
		return v, err
	}
	p.unread()
	v.text, err = p.atom()
	return v, err
}

func (p *parser) quoted() (string, error) {
	var b strings.Builder
	for {
		c, err := p.read()
		if err != nil {
			return "", err
		}
		if c == '"' {
			return b.String(), nil
		}
		if c == '\\' {
			if c, err = p.read(); err != nil {
				return "", err
			}
		}
		if c == '\n' {
			p.unread()
			return "", errSyntax
		}
		b.WriteByte(c)
	}
}

// literal reads what follows the "{" of a literal.
func (p *parser) literal() (string, error) {
	n, digits := 0, false
	for {
		c, err := p.read()
		if err != nil {
			return "", err
		}
		if c == '}' && digits {
			break
		}
		switch {
		case '0' <= c && c <= '9':
			if n, digits = n*10+int(c-'0'), true; n > maxLiteral {
				return "", mailserver.ErrTooLong
			}
		case c != '+':
			p.unread()
			return "", errSyntax
		}
	}
	for _, want := range []byte("\r\n") {
		c, err := p.read()
		if err != nil {
			return "", err
		}
		if c == '\n' {
			break // some leave out the CR
		}
		if c != want {
			p.unread()
			return "", errSyntax
		}
	}
	if p.answer -= n; p.answer < 0 {
		return "", mailserver.ErrTooLong
	}
	// It grows as it comes: a server may promise more than it has.
	var b strings.Builder
	if _, err := io.CopyN(&b, p.r, int64(n)); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return "", err
	}
	return b.String(), nil
}

// atom reads an atom. Those of sections have brackets with spaces in them: BODY[HEADER.FIELDS (TO)]<0>.
func (p *parser) atom() (string, error) {
	var b strings.Builder
	inside := false
	for {
		c, err := p.read()
		if err != nil {
			return "", err
		}
		switch {
		case c == '\r' || c == '\n', !inside && (c == ' ' || c == '(' || c == ')'):
			p.unread()
			if b.Len() == 0 || inside {
				return "", errSyntax
			}
			return b.String(), nil
		case c == '[' && sectioned(b.String()):
			inside = true
		case c == ']':
			inside = false
		}
		b.WriteByte(c)
	}
}

// sectioned says whether an atom goes on with a section in brackets.
func sectioned(name string) bool {
	return strings.EqualFold(name, "BODY") || strings.EqualFold(name, "BODY.PEEK") || strings.EqualFold(name, "BINARY")
}

// quote writes a string for a command; ok is false where it has to be a literal.
func quote(s string) (string, bool) {
	if len(s) > 1000 {
		return "", false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7F {
			return "", false
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, true
}

// uids is a set of UIDs in ascending order.
type uids []uint32

// maxUIDs is how many messages a folder may have.
const maxUIDs = 20_000_000

// parseUIDs reads a set as servers write it: "1:3,7".
func parseUIDs(s string) (uids, error) {
	var out uids
	if s == "" {
		return nil, nil
	}
	for r := range strings.SplitSeq(s, ",") {
		first, last, ranged := strings.Cut(r, ":")
		a, err := strconv.ParseUint(first, 10, 32)
		if err != nil {
			return nil, errSyntax
		}
		b := a
		if ranged {
			if b, err = strconv.ParseUint(last, 10, 32); err != nil {
				return nil, errSyntax
			}
		}
		if a > b {
			a, b = b, a
		}
		if b-a > maxUIDs || len(out)+int(b-a) > maxUIDs {
			return nil, mailserver.ErrTooLong
		}
		for u := a; u <= b; u++ {
			out = append(out, uint32(u))
		}
	}
	return out.sorted(), nil
}

// sorted orders a set and leaves out what is there twice.
func (u uids) sorted() uids {
	if !slices.IsSorted(u) {
		slices.Sort(u)
	}
	return slices.Compact(u)
}

// String writes the set as servers read it.
func (u uids) String() string {
	var b strings.Builder
	for i := 0; i < len(u); {
		j := i
		for j+1 < len(u) && u[j+1] == u[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		if i == j {
			fmt.Fprintf(&b, "%d", u[i])
		} else {
			fmt.Fprintf(&b, "%d:%d", u[i], u[j])
		}
		i = j + 1
	}
	return b.String()
}
