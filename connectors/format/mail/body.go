package mail

import (
	"bytes"
	"cmp"
	"io"
	"math"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jhillyerd/enmime/v2"
	"github.com/jhillyerd/enmime/v2/mediatype"
)

// maxMultiparts is how many parts of a message may hold parts; deeper ones are read as data. Nobody
// writes more, and each costs a reader within a reader.
const maxMultiparts = 300

// maxPart is how much of one text part is looked at, in bytes.
const maxPart = 4 << 20

// readBody reads the parts of a message.
func (m *Message) readBody(h *Header, body []byte) {
	root := plainPart(h, body)
	if root == nil {
		body = m.bounded(h, body)
		root = m.parts(h, body)
	}
	if root != nil && root.FirstChild == nil && root.Boundary != "" && len(bytes.TrimSpace(body)) > 0 {
		m.problem("Body", "its parts cannot be told apart; it is read as text")
		root = nil
	}
	if root == nil {
		root = &enmime.Part{Content: body}
	}
	var b builder
	b.m = m
	lines := b.part(root, true)
	said, quotes, sig := split(lines)
	if len(said) > maxText {
		m.problem("Body", "only the first %d KB of its text are kept", maxText>>10)
	}
	m.Text, m.Quoted, m.Signature = cut(said, maxText), cut(quotes, maxQuoted), cut(sig, maxSignature)
}

// plainPart is the one part of a message that is text as it stands, which most are; nil of others.
func plainPart(h *Header, body []byte) *enmime.Part {
	switch strings.ToLower(strings.TrimSpace(h.Get("content-transfer-encoding"))) {
	case "", "7bit", "8bit", "binary":
	default:
		return nil
	}
	ctype, _ := params(h.Get("content-type"))
	if ctype != "" && ctype != "text/plain" && ctype != "text/html" {
		return nil
	}
	p := enmime.NewPart(ctype)
	p.Content = body
	for _, name := range []string{"Content-Type", "Content-Disposition"} {
		p.Header.Set(name, h.Get(strings.ToLower(name)))
	}
	return p
}

// parts cuts a body into its parts and undoes their transfer encodings. The charsets are undone here,
// where the bytes are believed before the label. Only the fields that say how a body is written are
// handed on: the others have their own reader, and broken ones must not cost the body.
func (m *Message) parts(h *Header, body []byte) (root *enmime.Part) {
	defer func() {
		// A library that reads the worst of forty years may meet a message that it cannot bear.
		if recover() != nil {
			root = nil
			m.problem("Body", "its parts cannot be told apart; it is read as text")
		}
	}()
	var head strings.Builder
	for _, name := range []string{"content-type", "content-transfer-encoding", "content-disposition"} {
		if v := h.Get(name); v != "" {
			head.WriteString(name + ": " + strings.TrimSpace(clean(v)) + "\r\n")
		}
	}
	head.WriteString("\r\n")
	multiparts := 0
	parser := enmime.NewParser(
		enmime.SkipMalformedParts(true),
		enmime.MultipartWOBoundaryAsSinglePart(true),
		enmime.DisableTextConversion(true),
		enmime.DisableCharacterDetection(true),
		enmime.MinCharsetDetectRunes(math.MaxInt),
		enmime.MaxStoredPartErrors(20),
		enmime.SetReadPartErrorPolicy(func(*enmime.Part, error) bool { return true }),
		enmime.SetCustomParseMediaType(func(v string) (string, map[string]string, []string, error) {
			mtype, p, bad, err := mediatype.Parse(v)
			if err != nil || p == nil {
				mtype, p = params(v)
				bad = nil
			}
			if _, own := params(v); p["boundary"] != "" && own["boundary"] != "" {
				p["boundary"] = own["boundary"] // also where something follows it that should not
			}
			if p["boundary"] != "" {
				if multiparts++; multiparts > maxMultiparts {
					delete(p, "boundary")
				}
			}
			p["charset"] = "utf-8" // read as it is
			return mtype, p, bad, nil
		}))
	root, err := parser.ReadParts(io.MultiReader(strings.NewReader(head.String()), bytes.NewReader(body)))
	if err != nil || root == nil {
		m.problem("Body", "its parts cannot be told apart; it is read as text")
		return nil
	}
	return root
}

// maxParts is how many parts are read; time would grow with their square.
const maxParts = 1000

var boundary = pattern(`(?i)boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))`)

// bounded cuts a body off behind as many parts as are read.
func (m *Message) bounded(h *Header, body []byte) []byte {
	if bytes.Count(body, []byte("\n--")) < maxParts {
		return body
	}
	names := map[string]bool{}
	for _, in := range [][]byte{[]byte(h.Get("content-type")), body} {
		for _, f := range boundary().FindAllSubmatch(in, maxMultiparts) {
			names[string(f[1])+string(f[2])] = true
		}
	}
	n := 0
	for at := 0; at < len(body); {
		line, _, _ := bytes.Cut(body[at:], []byte{'\n'})
		if name, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r \t"), []byte("--")); ok && (names[string(name)] || names[string(bytes.TrimSuffix(name, []byte("--")))]) {
			if n++; n > maxParts {
				m.problem("Body", "it has more than %d parts; the first are read", maxParts)
				return body[:at]
			}
		}
		at += len(line) + 1
	}
	return body
}

func clean(v string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, v)
}

// builder collects what the parts of one message hold.
type builder struct {
	m     *Message
	depth int
}

func (b *builder) part(p *enmime.Part, root bool) []line {
	if b.depth++; b.depth > maxMultiparts+10 {
		return nil
	}
	defer func() { b.depth-- }()
	b.problems(p)
	ctype, ps := params(p.Header.Get("Content-Type"))
	if ctype == "" || !strings.Contains(ctype, "/") {
		ctype = "text/plain"
	}
	if p.FirstChild != nil {
		if ctype == "multipart/alternative" {
			return b.alternative(p)
		}
		return b.children(p)
	}
	disposition, ds := params(p.Header.Get("Content-Disposition"))
	name := nameOfPart(ds, ps)
	switch {
	case strings.HasPrefix(ctype, "multipart/"): // its parts were not found
		if len(bytes.TrimSpace(p.Content)) == 0 {
			return nil
		}
		return b.plain(p.Content, ps)
	case disposition != "attachment" && strings.HasPrefix(ctype, "text/") && name == "" && mislabelled(p):
		b.once("one of its parts is said to be base64 and is not; it is left out")
		return nil
	case isText(ctype, disposition, name, root) && ctype == "text/plain":
		return b.plain(p.Content, ps)
	case isText(ctype, disposition, name, root):
		return b.html(p.Content, ps)
	case name == "" && (ctype == "message/delivery-status" || ctype == "text/rfc822-headers" || ctype == "message/disposition-notification" || ctype == "text/x-amp-html" || ctype == "text/watch-html"):
		return nil
	case name == "" && len(p.Content) == 0:
		return nil
	}
	b.attach(name, ctype, int64(len(p.Content)))
	return nil
}

// nameOfPart gives the name of a file, by its disposition and its type.
func nameOfPart(disposition, ctype map[string]string) string {
	return cmp.Or(disposition["filename"], disposition["name"], ctype["name"], ctype["filename"])
}

// isText says whether a part is read, rather than told as a file.
func isText(ctype, disposition, name string, root bool) bool {
	return disposition != "attachment" && (name == "" || root) && (ctype == "text/plain" || ctype == "text/html")
}

// mislabelled says whether a text became noise by a transfer encoding that it does not have.
func mislabelled(p *enmime.Part) bool {
	if !strings.EqualFold(strings.TrimSpace(p.Header.Get("Content-Transfer-Encoding")), "base64") || utf8.Valid(p.Content) {
		return false
	}
	return slices.ContainsFunc(p.Errors, func(e *enmime.Error) bool {
		return e.Name == enmime.ErrorMalformedBase64 || e.Name == enmime.ErrorMalformedChildPart
	})
}

func (b *builder) attach(name, ctype string, size int64) {
	if len(b.m.Attachments) >= maxFiles {
		return
	}
	name = oneLine(strings.ReplaceAll(name, `\`, "/"))
	if name != "" {
		if name = path.Base(name); name == "." || name == "/" {
			name = ""
		}
	}
	b.m.Attachments = append(b.m.Attachments, Attachment{Name: cut(name, maxName), Type: cut(ctype, 200), Size: size})
}

func (b *builder) children(p *enmime.Part) []line {
	var lines []line
	for c := p.FirstChild; c != nil; c = c.NextSibling {
		more := b.part(c, false)
		if len(lines) > 0 && len(more) > 0 {
			lines = append(lines, line{kind: lines[len(lines)-1].kind})
		}
		lines = append(lines, more...)
	}
	return lines
}

// alternative takes plain text where it says anything, else what has most to say.
func (b *builder) alternative(p *enmime.Part) []line {
	var best []line
	plain := false
	for c := p.FirstChild; c != nil; c = c.NextSibling {
		lines := b.part(c, false)
		if following(lines, 0) < 0 {
			continue
		}
		ctype, _ := params(c.Header.Get("Content-Type"))
		isPlain := ctype == "text/plain" || ctype == ""
		if best == nil || isPlain && !plain {
			best, plain = lines, isPlain
		}
	}
	return best
}

func (b *builder) plain(content []byte, ps map[string]string) []line {
	text := b.decode(b.bound(content), ps["charset"])
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	text = strings.ReplaceAll(text, "\x00", "")
	if strings.EqualFold(ps["format"], "flowed") {
		text = unflow(text, strings.EqualFold(ps["delsp"], "yes"))
	}
	var lines []line
	for l := range strings.SplitSeq(text, "\n") {
		lines = append(lines, line{text: l})
	}
	return lines
}

func (b *builder) html(content []byte, ps map[string]string) []line {
	charset := ps["charset"]
	if enc, known := lookup(charset); enc == nil && (!known || !strings.HasPrefix(strings.ToLower(charset), "utf")) {
		if meta := metaCharset(content); meta != "" {
			charset = meta
		}
	}
	return htmlLines(strings.ReplaceAll(b.decode(b.bound(content), charset), "\x00", ""))
}

func (b *builder) bound(content []byte) []byte {
	if len(content) > maxPart {
		b.m.problem("Body", "only the first %d MB of a text in it were read", maxPart>>20)
		return content[:maxPart]
	}
	return content
}

func (b *builder) decode(content []byte, charset string) string {
	text, sure := decodeText(content, charset)
	if !sure {
		b.m.problem("Body", "its charset %q is not known; the likeliest was taken", cut(oneLine(charset), 40))
	}
	return text
}

// unflow joins the lines that a program broke for the sake of width (RFC 3676).
func unflow(text string, delsp bool) string {
	out := make([]byte, 0, len(text))
	open, depth := false, 0
	for i, l := range strings.Split(text, "\n") {
		d := 0
		for d < len(l) && l[d] == '>' {
			d++
		}
		body := strings.TrimPrefix(l[d:], " ")
		if open && d == depth && body != "-- " {
			if delsp {
				out = out[:len(out)-1]
			}
			out = append(out, body...)
		} else {
			if i > 0 {
				out = append(out, '\n')
			}
			out = append(out, l...)
		}
		open, depth = strings.HasSuffix(l, " ") && body != "-- " && strings.TrimSpace(body) != "", d
	}
	return string(out)
}

// problems tells what of a part was lost. What the reader mended is nobody's concern.
func (b *builder) problems(p *enmime.Part) {
	for _, e := range p.Errors {
		switch {
		case e.Name == enmime.ErrorMissingBoundary:
			b.once("it ends in the middle of its parts; what was there is read")
		case e.Name == enmime.ErrorMalformedChildPart && e.Severe:
			b.once("one of its parts cannot be read")
		case e.Name == enmime.ErrorMalformedChildPart, e.Name == enmime.ErrorMalformedBase64 && e.Severe:
			b.once("one of its parts is damaged; what could be read of it is kept")
		}
	}
}

func (b *builder) once(reason string) {
	for _, p := range b.m.Problems {
		if p.Reason == reason {
			return
		}
	}
	b.m.problem("Body", "%s", reason)
}
