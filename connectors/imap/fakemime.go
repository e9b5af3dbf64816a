package imap

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strconv"
	"strings"
)

// fakeSection gives a section of a message: "", "HEADER", "HEADER.FIELDS (A B)", "TEXT", "1.2".
func fakeSection(raw []byte, section string) ([]byte, bool) {
	head, body := header(raw)
	up := strings.ToUpper(section)
	switch {
	case section == "":
		return raw, true
	case up == "HEADER":
		return head, true
	case up == "TEXT":
		return body, true
	case strings.HasPrefix(up, "HEADER.FIELDS ("):
		return pick(raw, strings.Fields(strings.TrimSuffix(section[len("HEADER.FIELDS ("):], ")"))), true
	}
	parts := fakeParts(raw)
	for path := range strings.SplitSeq(section, ".") {
		n, err := strconv.Atoi(path)
		if err != nil || n < 1 {
			return nil, false
		}
		if parts == nil && n == 1 {
			break
		}
		if n > len(parts) {
			return []byte{}, true
		}
		raw = parts[n-1]
		parts = fakeParts(raw)
	}
	_, body = header(raw)
	return body, true
}

// fakeParts cuts a multipart into its parts, each with its header; nil of what is none.
func fakeParts(raw []byte) [][]byte {
	head, body := header(raw)
	msg, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(head), "\r\n"...)))
	if err != nil {
		return nil
	}
	ctype, ps, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(ctype, "multipart/") || ps["boundary"] == "" {
		return nil
	}
	var out [][]byte
	for r := multipart.NewReader(bytes.NewReader(body), ps["boundary"]); ; {
		p, err := r.NextRawPart()
		if err != nil {
			return out
		}
		var b bytes.Buffer
		for name, values := range p.Header {
			for _, v := range values {
				fmt.Fprintf(&b, "%s: %s\r\n", name, v)
			}
		}
		b.WriteString("\r\n")
		if _, err := io.Copy(&b, p); err != nil {
			return out
		}
		out = append(out, b.Bytes())
	}
}

// fakeStructure writes the BODYSTRUCTURE of a message.
func fakeStructure(raw []byte) string {
	head, body := header(raw)
	get := func(string) string { return "" }
	if msg, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(head), "\r\n"...))); err == nil {
		get = msg.Header.Get
	}
	list := func(ps map[string]string) string {
		if len(ps) == 0 {
			return "NIL"
		}
		var out []string
		for k, v := range ps {
			out = append(out, fakeString(k)+" "+fakeString(v))
		}
		return "(" + strings.Join(out, " ") + ")"
	}
	ctype, ps, err := mime.ParseMediaType(get("Content-Type"))
	if err != nil {
		ctype, ps = "text/plain", nil
	}
	kind, sub, _ := strings.Cut(ctype, "/")
	if parts := fakeParts(raw); len(parts) > 0 {
		var out strings.Builder
		for _, p := range parts {
			out.WriteString(fakeStructure(p))
		}
		return "(" + out.String() + " " + fakeString(sub) + " " + list(ps) + " NIL NIL NIL)"
	}
	encoding := get("Content-Transfer-Encoding")
	if encoding == "" {
		encoding = "7bit"
	}
	disposition := "NIL"
	if d, about, err := mime.ParseMediaType(get("Content-Disposition")); err == nil {
		disposition = "(" + fakeString(d) + " " + list(about) + ")"
	}
	lines := ""
	if kind == "text" {
		lines = fmt.Sprintf(" %d", bytes.Count(body, []byte("\n")))
	}
	return fmt.Sprintf("(%s %s %s NIL NIL %s %d%s NIL %s NIL NIL)", fakeString(kind), fakeString(sub), list(ps), fakeString(encoding), len(body), lines, disposition)
}
