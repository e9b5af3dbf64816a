package smtp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"github.com/keptcrm/kept/connectors"
)

// Bounds of a mail. Most providers take 20 to 25 MB; what Kept writes is text.
const (
	largestMail    = 10 << 20
	longestLine    = 500 // characters of a subject
	longestName    = 200 // characters
	longestWord    = 900 // bytes; a line has 998 at most (RFC 5322, section 2.1.1)
	mostReferences = 20
)

// letter is a mail, ready to go.
type letter struct {
	id   string // the Message-ID without brackets
	to   string
	raw  []byte
	utf8 bool // whether it can only go to servers that know SMTPUTF8
}

// own are headers that the connection sets, or that are not a sender's to set.
var own = regexp.MustCompile(`(?i)^(?:from|sender|to|cc|bcc|reply-to|subject|date|message-id|in-reply-to|references|mime-version|content-.*|return-path|received.*|` +
	`delivered-to|dkim-.*|arc-.*|authentication-results|list-unsubscribe.*|auto-submitted|x-auto-response-suppress|resent-.*|errors-to|disposition-notification-to|return-receipt-to|apparently-to)$`)

// token is a header's name (RFC 5322, section 2.2).
var token = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,70}$`)

// idOf makes the Message-ID of an intent: the same each time, and of nobody else's.
func (c *connection) idOf(intent string) string {
	sum := sha256.Sum256([]byte("kept mail\x00" + intent))
	return "kept." + hex.EncodeToString(sum[:16]) + "@" + c.domain
}

// compose renders a mail, or says why it is none. Its Message-ID and its boundary follow from the intent,
// so that the same mail, tried again, differs in its date alone.
func (c *connection) compose(in connectors.Intent, m connectors.Message) (*letter, error) {
	if in.ID == "" {
		return nil, invalid("a mail without an intent's ID cannot be told from its own repetition")
	}
	l := &letter{id: c.idOf(in.ID)}
	to, err := mailbox("the mail is for", m.To)
	if err != nil {
		return nil, err
	}
	l.to = to.Address
	from := c.from
	if m.FromName != "" {
		if err := line("the sender's name", m.FromName, longestName); err != nil {
			return nil, err
		}
		from.Name = m.FromName
	}
	reply := c.replyTo
	if m.ReplyTo != (connectors.Mailbox{}) {
		if reply, err = mailbox("answers go to", m.ReplyTo); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string]string{"text": m.Text, "HTML": m.HTML} {
		if err := body(name, text); err != nil {
			return nil, err
		}
	}
	if strings.TrimSpace(m.Text) == "" {
		return nil, invalid("the mail has no text")
	}
	if err := line("the subject", m.Subject, longestLine); err != nil {
		return nil, err
	}

	text, html := lines(m.Text), lines(m.HTML)
	encoding := gomail.EncodingQP
	if mostlyForeign(text) {
		encoding = gomail.EncodingB64
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(encoding), gomail.WithBoundary("kept"+l.id[5:29]))
	msg.FromMailAddress(&from)
	msg.ToMailAddress(&to)
	if reply.Address != "" {
		msg.ReplyToMailAddress(&reply)
	}
	msg.SetMessageIDWithValue(l.id)
	msg.SetDateWithValue(c.Env.Now().UTC())
	msg.SetGenHeader(gomail.HeaderSubject, word(m.Subject))
	if err := thread(msg, m); err != nil {
		return nil, err
	}
	if m.Automatic {
		how := "auto-generated"
		if m.InReplyTo != "" {
			how = "auto-replied"
		}
		msg.SetGenHeader("Auto-Submitted", how)
		msg.SetGenHeader("X-Auto-Response-Suppress", "OOF, AutoReply") // Exchange asks this one
	}
	if err := unsubscribe(msg, m.Unsubscribe); err != nil {
		return nil, err
	}
	if err := further(msg, m.Headers); err != nil {
		return nil, err
	}
	msg.SetBodyString(gomail.TypeTextPlain, text)
	if html != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, html)
	}
	var raw bytes.Buffer
	if _, err := msg.WriteTo(&raw); err != nil {
		return nil, c.Fault(connectors.Invalid, err, "the mail could not be written")
	}
	l.raw = raw.Bytes()
	if !bytes.HasSuffix(l.raw, []byte("\r\n")) {
		l.raw = append(l.raw, "\r\n"...)
	}
	if len(l.raw) > largestMail {
		return nil, invalid("the mail has %d MB; %d are the most", len(l.raw)>>20, largestMail>>20)
	}
	l.utf8 = needsUTF8(l.to) || needsUTF8(from.Address) || needsUTF8(reply.Address)
	return l, nil
}

// mailbox makes one address of a message's.
func mailbox(what string, m connectors.Mailbox) (mail.Address, error) {
	address, err := wireAddress(m.Address)
	if err != nil {
		return mail.Address{}, invalid("%s: %q is not one e-mail address: %v", what, bounded(m.Address, 100), err)
	}
	return mail.Address{Name: m.Name, Address: address}, line(what+": the name", m.Name, longestName)
}

// line holds what is true of every text that stands in a header.
func line(what, s string, longest int) error {
	switch {
	case !utf8.ValidString(s):
		return invalid("%s is no text in UTF-8", what)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\t' || r == '\u2028' || r == '\u2029' }):
		return invalid("%s has a line break or another control character in it; it stands on one line", what)
	case utf8.RuneCountInString(s) > longest:
		return invalid("%s has more than %d characters", what, longest)
	}
	return nil
}

func body(what, s string) error {
	switch {
	case !utf8.ValidString(s):
		return invalid("the mail's %s is no text in UTF-8", what)
	case strings.Contains(s, "\x00"):
		return invalid("the mail's %s has a NUL in it", what)
	case len(s) > largestMail:
		return invalid("the mail's %s has %d MB; %d are the most", what, len(s)>>20, largestMail>>20)
	}
	return nil
}

// lines gives a text the line ends of mail, and one at its end.
func lines(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	if !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return strings.ReplaceAll(s, "\n", "\r\n")
}

// mostlyForeign says whether base64 is the shorter way to write a text.
func mostlyForeign(s string) bool {
	n := 0
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			n++
		}
	}
	return n > len(s)/6
}

// word gives a header's text so that go-mail leaves it whole: it encodes what is not ASCII, and nothing
// that only looks as if it was encoded, or that no line can hold.
func word(s string) string {
	ascii := !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
	long := slices.ContainsFunc(strings.Split(s, " "), func(w string) bool { return len(w) > 70 })
	if !ascii || !long && !strings.Contains(s, "=?") && !strings.Contains(s, "\t") && strings.TrimSpace(s) == s {
		return s
	}
	var words []string
	for b := []byte(s); len(b) > 0; b = b[min(len(b), 42):] {
		words = append(words, "=?UTF-8?b?"+base64.StdEncoding.EncodeToString(b[:min(len(b), 42)])+"?=")
	}
	return strings.Join(words, " ")
}

// thread says what the mail answers. IDs that no header can hold are left out: other programs made them.
func thread(msg *gomail.Msg, m connectors.Message) error {
	all := m.References
	if m.InReplyTo != "" && !slices.Contains(all, m.InReplyTo) {
		all = append(slices.Clone(all), m.InReplyTo)
	}
	var written []string
	for _, id := range all {
		if strings.ContainsFunc(id, unicode.IsControl) {
			return invalid("the id of the mail that is answered has a line break in it")
		}
		if id == "" || len(id) > 250 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r >= utf8.RuneSelf || r == '<' || r == '>' }) {
			continue
		}
		if id == m.InReplyTo {
			msg.SetGenHeader(gomail.HeaderInReplyTo, "<"+id+">")
		}
		written = append(written, "<"+id+">")
	}
	if n := len(written); n > mostReferences { // the first says whose thread it is, the last ones where in it
		written = append(written[:1], written[n-mostReferences+1:]...)
	}
	if len(written) > 0 {
		msg.SetGenHeader(gomail.HeaderReferences, strings.Join(written, " "))
	}
	return nil
}

// unsubscribe says how to get no more of such mails (RFC 2369, RFC 8058).
func unsubscribe(msg *gomail.Msg, u *connectors.Unsubscribe) error {
	if u == nil {
		return nil
	}
	var ways []string
	if u.URL != "" {
		address, err := wireURL(u.URL)
		if err != nil {
			return invalid("the address of the page to unsubscribe: %v", err)
		}
		ways = append(ways, "<"+address+">")
	}
	if u.Mail != "" {
		to, err := wireAddress(u.Mail)
		if err == nil && needsUTF8(to) {
			err = errors.New("its name is not ASCII, which List-Unsubscribe cannot hold")
		}
		if err != nil {
			return invalid("the mail address to unsubscribe at: %v", err)
		}
		if err := line("the subject of the mail to unsubscribe", u.Subject, longestName); err != nil {
			return err
		}
		way := "mailto:" + url.PathEscape(to)
		if u.Subject != "" {
			way += "?subject=" + strings.ReplaceAll(url.QueryEscape(u.Subject), "+", "%20")
		}
		if len(way) > longestWord {
			return invalid("the subject of the mail to unsubscribe is too long for a header")
		}
		ways = append(ways, "<"+way+">")
	}
	switch {
	case len(ways) == 0:
		return invalid("how to unsubscribe: neither a page nor an address is named")
	case u.OneClick && u.URL == "":
		return invalid("to unsubscribe with one click there must be an address that begins with https://")
	}
	msg.SetGenHeader("List-Unsubscribe", strings.Join(ways, ", "))
	if u.OneClick {
		msg.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	return nil
}

// further sets the headers that a message names itself.
func further(msg *gomail.Msg, headers map[string]string) error {
	for name, value := range headers {
		switch {
		case !token.MatchString(name):
			return invalid("%q is no name of a header", bounded(name, 60))
		case own.MatchString(name):
			return invalid("the header %s is not one that a message may set itself", name)
		}
		if err := line("the header "+name, value, 4*longestLine); err != nil {
			return err
		}
		msg.SetGenHeader(gomail.Header(name), word(value))
	}
	return nil
}

func bounded(s string, longest int) string {
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}
