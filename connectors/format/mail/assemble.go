package mail

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Part is one part of a message without its content, as a mail server tells it (BODYSTRUCTURE,
// RFC 9051, section 7.5.2).
type Part struct {
	Section     string            // by which it is asked for: "1.2"; empty for the message itself
	Type        string            // lower case: "text/plain", "multipart/mixed"
	Params      map[string]string // of the type; names in lower case, values as they stand
	Encoding    string            // the transfer encoding
	Disposition string            // lower case; empty where there is none
	About       map[string]string // the disposition's parameters, likewise
	Header      []byte            // the part's own, where it was asked for: it is believed before what the server made of it
	Size        int64             // bytes, encoded
	Parts       []*Part           // of a multipart; else none
}

// ErrStructure says that what is told of a message's parts makes no message.
var ErrStructure = errors.New("the parts of the message make no sense")

// Texts gives the parts of a message that are read; the others are files, of which the structure
// says all that is kept. header is the message's own.
func Texts(header []byte, root *Part) []*Part {
	h, _ := ReadHeader(header)
	var out []*Part
	n := 0
	var walk func(p *Part)
	walk = func(p *Part) {
		if n++; n > maxParts {
			return
		}
		for _, c := range p.Parts {
			walk(c)
		}
		if len(p.Parts) == 0 && p.read(h, p == root) {
			out = append(out, p)
		}
	}
	walk(root)
	return out
}

// read says whether a part is one of text. Of a message of one part its own header knows best.
func (p *Part) read(h *Header, root bool) bool {
	ctype, ps := params(p.contentType())
	disposition, ds := params(p.contentDisposition())
	if root {
		ctype, ps = params(h.Get("content-type"))
		disposition, ds = params(h.Get("content-disposition"))
	}
	if ctype == "" || !strings.Contains(ctype, "/") {
		ctype = "text/plain"
	}
	return isText(ctype, disposition, nameOfPart(ds, ps), root) || root && strings.HasPrefix(ctype, "multipart/")
}

// Assemble makes a message of its header and of those of its parts that are read, by section, as they
// came: in their transfer encoding. What the message says is what [Parse] reads of the whole one, but
// for the sizes of files, which are those of their transfer encoding undone, to a few bytes. Errors
// are [ErrNoMail] and [ErrStructure].
func Assemble(header []byte, root *Part, texts map[string][]byte) (*Message, error) {
	h, _ := ReadHeader(header)
	if !h.IsMail() {
		return nil, ErrNoMail
	}
	a := assembly{texts: texts, mark: markOf(texts)}
	shell := &Header{}
	if len(root.Parts) == 0 {
		for _, name := range []string{"content-type", "content-transfer-encoding", "content-disposition"} {
			if h.Has(name) {
				shell.fields = append(shell.fields, field{name, h.Get(name)})
			}
		}
		if root.read(h, true) {
			a.body.Write(texts[root.Section])
		} else {
			shell.fields = slices.DeleteFunc(shell.fields, func(f field) bool { return f.name == "content-transfer-encoding" })
			a.file(root)
		}
	} else {
		own := a.boundary()
		shell.fields = []field{{"content-type", root.Type + `; boundary="` + own + `"`}}
		if err := a.parts(h, root, own, 1); err != nil {
			return nil, err
		}
	}
	m := h.Message()
	m.readBody(shell, a.body.Bytes())
	for i := range m.Attachments {
		if n := m.Attachments[i].Size; n > 0 && n <= int64(len(a.files)) {
			m.Attachments[i].Size = a.files[n-1]
		}
	}
	return m, nil
}

// assembly writes a body again. In place of each file stand as many bytes as say which it is.
type assembly struct {
	body  bytes.Buffer
	texts map[string][]byte
	mark  string
	n     int
	count int
	files []int64
}

// markOf gives what no line of the texts is.
func markOf(texts map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		_, _ = h.Write(texts[name])
	}
	return fmt.Sprintf("=_kept_%x", h.Sum(nil)[:12])
}

func (a *assembly) boundary() string {
	a.n++
	return fmt.Sprintf("%s_%d", a.mark, a.n)
}

func (a *assembly) parts(h *Header, p *Part, boundary string, depth int) error {
	if depth > maxMultiparts {
		return ErrStructure
	}
	for _, c := range p.Parts {
		if a.count++; a.count >= maxParts {
			break
		}
		a.body.WriteString("--" + boundary + "\r\n")
		if len(c.Parts) > 0 {
			own := a.boundary()
			a.body.WriteString("Content-Type: " + plain(c.Type) + `; boundary="` + own + "\"\r\n\r\n")
			if err := a.parts(h, c, own, depth+1); err != nil {
				return err
			}
			a.body.WriteString("\r\n")
			continue
		}
		if strings.HasPrefix(c.Type, "multipart/") {
			return ErrStructure
		}
		a.body.WriteString("Content-Type: " + c.contentType() + "\r\n")
		if d := c.contentDisposition(); d != "" {
			a.body.WriteString("Content-Disposition: " + d + "\r\n")
		}
		if c.read(h, false) {
			a.body.WriteString("Content-Transfer-Encoding: " + cmp.Or(plain(c.Encoding), "7bit") + "\r\n\r\n")
			a.body.Write(a.texts[c.Section])
		} else {
			a.body.WriteString("\r\n")
			a.file(c)
		}
		a.body.WriteString("\r\n")
	}
	a.body.WriteString("--" + boundary + "--\r\n")
	return nil
}

func (a *assembly) file(p *Part) {
	a.files = append(a.files, p.decoded())
	a.body.WriteString(strings.Repeat("x", len(a.files)))
}

// decoded is how many bytes a file has once its transfer encoding is undone: base64 has four
// characters for three bytes, in lines of 76 (RFC 2045, section 6.8).
func (p *Part) decoded() int64 {
	if !strings.EqualFold(p.Encoding, "base64") {
		return p.Size
	}
	characters := p.Size - 2*(p.Size/78)
	return max(0, characters) / 4 * 3
}

func (p *Part) contentType() string {
	if p.Header != nil {
		h, _ := ReadHeader(p.Header)
		return tidied(h.Get("content-type"))
	}
	return parameters(p.Type, p.Params)
}

func (p *Part) contentDisposition() string {
	if p.Header != nil {
		h, _ := ReadHeader(p.Header)
		return tidied(h.Get("content-disposition"))
	}
	return parameters(p.Disposition, p.About)
}

// Damaged gives the parts whose name the server could not tell: programs that write names without
// encoding them leave bytes that are no text there. Their own headers say it.
func (p *Part) Damaged() []*Part {
	var out []*Part
	for _, c := range p.Parts {
		out = append(out, c.Damaged()...)
	}
	for _, ps := range []map[string]string{p.Params, p.About} {
		for _, v := range ps {
			if len(p.Parts) == 0 && (strings.ContainsRune(v, '\uFFFD') || !utf8.ValidString(v)) {
				return append(out, p)
			}
		}
	}
	return out
}

// Empty says whether a structure has parts and nothing in any of them: a server that found no part.
func (p *Part) Empty() bool {
	if len(p.Parts) == 0 {
		return p.Size == 0
	}
	return !slices.ContainsFunc(p.Parts, func(c *Part) bool { return !c.Empty() })
}

// parameters writes a header's value with its parameters.
func parameters(value string, ps map[string]string) string {
	if value == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString(plain(value))
	for _, name := range slices.Sorted(maps.Keys(ps)) {
		v := tidied(ps[name])
		if plain(name) != name || name == "" || name == "boundary" {
			continue
		}
		if strings.HasSuffix(name, "*") { // of RFC 2231: a token, never quoted
			b.WriteString("; " + name + "=" + strings.NewReplacer(" ", "%20", ";", "%3B", `"`, "%22").Replace(v))
			continue
		}
		b.WriteString("; " + name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`)
	}
	return b.String()
}

// tidied keeps a value on one line; bytes that are no text stay, they have a reader of their own.
func tidied(v string) string {
	return strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ").Replace(v)
}

// plain leaves of a token what a token may have.
func plain(v string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7F || strings.ContainsRune(`()<>@,;:\"[]?=`, r) {
			return -1
		}
		return r
	}, v)
}
