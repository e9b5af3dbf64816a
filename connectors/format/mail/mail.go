// Package mail reads single messages as people's mail programs wrote them in forty years: broken
// headers, wrong charsets, parts that do not end. What can be read is read, and what could not is
// told in words. It keeps apart what a message says anew, what it quotes, and its signature.
//
// The package is pure: bytes in, values out. The contents of attachments are never kept.
package mail

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxMessage is how long a message may be, in bytes, to be read whole; of a longer one the headers
// are read.
const MaxMessage = 64 << 20

// Bounds of what is kept of one message, in bytes. A novel has a megabyte; what people write to each
// other has a few thousand bytes, and what they quote grows with every answer.
const (
	maxText      = 256 << 10
	maxQuoted    = 128 << 10
	maxSignature = 16 << 10
	maxSubject   = 2 << 10
	maxName      = 512
	maxPeople    = 1000
	maxFiles     = 500
	maxThread    = 200 // IDs of References
)

// ErrNoMail says that bytes have no header that a message has.
var ErrNoMail = errors.New("these are no mail headers")

// Message is one message.
type Message struct {
	ID                         string    // the Message-ID without brackets; empty where there is none
	InReplyTo                  string    // the first ID of In-Reply-To; empty where there is none
	References                 []string  // oldest first
	Date                       time.Time // UTC; of Date, else of the topmost Received that can be read; else zero
	From, ReplyTo, To, Cc, Bcc []Address
	Subject                    string // on one line

	Text        string // what the message says anew
	Quoted      string // what it quotes or forwards, and the lines that introduce that
	Signature   string
	Attachments []Attachment

	Automatic Automatic
	List      string   // of List-Id: what stands in its brackets, else its words
	Labels    []string // of X-Gmail-Labels
	Problems  []Problem
}

// Address is a name and an address as a header has them.
type Address struct {
	Name    string
	Address string // without brackets; may be no valid address
}

// Attachment is a file of a message without its content.
type Attachment struct {
	Name string // without folders; may be empty
	Type string // lower case: "application/pdf"
	Size int64  // bytes, decoded
}

// Problem is something of a message that could not be read, or only in part.
type Problem struct {
	Field  string // a header's name; "Body"
	Reason string // plain words
}

// maxProblems bounds how much is told of one message; a thousand broken parts are one trouble.
const maxProblems = 6

func (m *Message) problem(field, format string, args ...any) {
	if len(m.Problems) < maxProblems {
		m.Problems = append(m.Problems, Problem{field, fmt.Sprintf(format, args...)})
	}
}

// Parse reads a message. The only error is [ErrNoMail]. Line ends may be LF, CR LF or mixed. Nothing
// of the result belongs to raw.
func Parse(raw []byte) (*Message, error) {
	h, body := ReadHeader(raw)
	if !h.IsMail() {
		return nil, ErrNoMail
	}
	m := h.Message()
	if len(raw) > MaxMessage {
		m.problem("Body", "it is longer than %d MB; only its headers were read", MaxMessage>>20)
		return m, nil
	}
	m.readBody(h, body)
	return m, nil
}

// Root is the ID of the message that began the thread, as far as this one knows: the first of
// References, else the one that it answers, else its own. Empty where it has none of them.
func (m *Message) Root() string {
	switch {
	case len(m.References) > 0:
		return m.References[0]
	case m.InReplyTo != "":
		return m.InReplyTo
	}
	return m.ID
}

// cut bounds a text to n bytes at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// oneLine joins a text's words with single spaces and leaves out control characters.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == 0xA0:
			return ' '
		case r < 0x20 || r == 0x7F || r == 0xFEFF || r == 0x2028 || r == 0x2029:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
