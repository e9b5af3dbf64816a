package mail

import (
	"bytes"
	"strings"
)

// Header is the header of a message: its fields in order, undecoded.
type Header struct{ fields []field }

type field struct{ name, value string } // name in lower case; value unfolded

// maxHeader is how much of a header is read; spam filters write long ones.
const maxHeader = 1 << 20

// maxFields is how many fields are read.
const maxFields = 5000

// ReadHeader cuts a message into its header and what follows the empty line. A line that is neither a
// field nor a continuation counts as a continuation: programs break lines without indenting them.
func ReadHeader(raw []byte) (*Header, []byte) {
	h := &Header{}
	raw = bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF"))
	rest := raw
	var value strings.Builder
	name, used := "", 0
	flush := func() {
		if name != "" && len(h.fields) < maxFields {
			h.fields = append(h.fields, field{name, value.String()})
		}
		name = ""
		value.Reset()
	}
	for len(rest) > 0 {
		line, from := rest, rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			break
		}
		if used += len(line); used > maxHeader {
			continue
		}
		key, v, isField := cutField(line)
		if !isField && len(line) > 6 && line[0] == '-' && line[1] == '-' && len(h.fields) > 0 {
			rest = from // the first part of a body whose empty line is missing
			break
		}
		switch {
		case isField:
			flush()
			name = strings.ToLower(string(key))
			value.Write(bytes.TrimSpace(v))
		case name != "":
			value.WriteByte(' ')
			value.Write(bytes.TrimSpace(line))
		}
	}
	flush()
	return h, rest
}

// cutField cuts a line "Name: value".
func cutField(line []byte) (name, value []byte, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 100 {
		return nil, nil, false
	}
	name = bytes.TrimRight(line[:i], " \t")
	for _, c := range name {
		if c <= ' ' || c >= 0x7F {
			return nil, nil, false
		}
	}
	return name, line[i+1:], len(name) > 0
}

// Get gives the first field of a name as it stands there, unfolded; name is in lower case.
func (h *Header) Get(name string) string {
	for i := range h.fields {
		if h.fields[i].name == name {
			return h.fields[i].value
		}
	}
	return ""
}

// Has says whether there is a field of a name, even an empty one; name is in lower case.
func (h *Header) Has(name string) bool {
	for i := range h.fields {
		if h.fields[i].name == name {
			return true
		}
	}
	return false
}

// all gives the fields of a name in order.
func (h *Header) all(name string) []string {
	var out []string
	for i := range h.fields {
		if h.fields[i].name == name {
			out = append(out, h.fields[i].value)
		}
	}
	return out
}

// telling are fields that make a header one of mail.
var telling = map[string]bool{"from": true, "to": true, "subject": true, "date": true, "received": true, "message-id": true,
	"return-path": true, "delivered-to": true, "mime-version": true, "content-type": true, "reply-to": true, "sender": true, "x-mozilla-status": true}

// IsMail says whether a header has fields that a message has.
func (h *Header) IsMail() bool {
	n := 0
	for i := range h.fields {
		if telling[h.fields[i].name] {
			if n++; n > 1 || len(h.fields) == 1 {
				return true
			}
		}
	}
	return false
}

// Looks says whether a line is a field that messages begin with: "Return-Path: <>".
func Looks(line []byte) bool {
	name, _, ok := cutField(line)
	if !ok {
		return false
	}
	n := strings.ToLower(string(name))
	return telling[n] || strings.HasPrefix(n, "x-") || n == "cc" || n == "bcc" || n == "status" || n == "user-agent" || n == "content-length" ||
		strings.HasPrefix(n, "list-") || strings.HasPrefix(n, "dkim-") || strings.HasPrefix(n, "arc-") || strings.HasPrefix(n, "content-") ||
		strings.HasPrefix(n, "authentication-") || n == "in-reply-to" || n == "references" || n == "envelope-to" || n == "delivery-date"
}

// Message reads what the header alone says.
func (h *Header) Message() *Message {
	m := &Message{}
	if ids := idsOf(h.Get("message-id")); len(ids) > 0 {
		m.ID = ids[0]
	}
	if ids := idsOf(h.Get("in-reply-to")); len(ids) > 0 {
		m.InReplyTo = ids[0]
	}
	for _, id := range idsOf(strings.Join(h.all("references"), " ")) {
		if id != m.ID {
			m.References = append(m.References, id)
		}
	}
	if n := len(m.References); n > maxThread { // the first says which thread it is, the last what is answered
		m.References = append(m.References[:1:1], m.References[n-maxThread+1:]...)
	}
	if m.InReplyTo == m.ID {
		m.InReplyTo = ""
	}
	m.Subject = cut(oneLine(decodeWords(h.Get("subject"))), maxSubject)
	m.From = h.addresses("from")
	if len(m.From) == 0 {
		m.From = h.addresses("sender")
	}
	m.ReplyTo, m.To, m.Cc, m.Bcc = h.addresses("reply-to"), h.addresses("to"), h.addresses("cc"), h.addresses("bcc")
	h.date(m)
	m.Automatic = h.automatic(m)
	m.List = h.list()
	for _, l := range strings.Split(decodeWords(strings.Join(h.all("x-gmail-labels"), ",")), ",") {
		if l = strings.Trim(oneLine(l), `" `); l != "" {
			m.Labels = append(m.Labels, cut(l, maxName))
		}
	}
	return m
}

func (h *Header) addresses(name string) []Address {
	var out []Address
	for _, v := range h.all(name) {
		out = append(out, ParseAddresses(v)...)
	}
	if len(out) > maxPeople {
		out = out[:maxPeople]
	}
	return out
}

func (h *Header) list() string {
	v := oneLine(decodeWords(h.Get("list-id")))
	if i := strings.LastIndexByte(v, '<'); i >= 0 {
		if j := strings.IndexByte(v[i:], '>'); j > 1 {
			v = v[i+1 : i+j]
		}
	}
	return cut(strings.TrimSpace(v), maxName)
}

// idsOf gives the message IDs of a field: what stands in brackets, or else each word with an @.
func idsOf(v string) []string {
	var out []string
	add := func(id string) {
		id = strings.Map(func(r rune) rune {
			if r <= ' ' || r == 0x7F || r == '<' || r == '>' {
				return -1
			}
			return r
		}, Text([]byte(id), ""))
		if id != "" && len(id) <= 990 {
			out = append(out, id)
		}
	}
	for rest := v; ; {
		i := strings.IndexByte(rest, '<')
		if i < 0 {
			break
		}
		rest = rest[i+1:]
		j := strings.IndexByte(rest, '>')
		if j < 0 {
			break
		}
		// "<jana@example.com's message of Monday <real@id>": the last opening bracket counts.
		add(rest[strings.LastIndexByte(rest[:j], '<')+1 : j])
		rest = rest[j+1:]
	}
	if len(out) > 0 {
		return out
	}
	words := strings.Fields(v)
	for _, w := range words {
		if w = strings.Trim(w, `<>",;`); strings.Contains(w, "@") || len(words) == 1 && w != "" {
			add(w)
		}
	}
	return out
}
