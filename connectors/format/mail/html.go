package mail

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// element is one that is open while HTML is read.
type element struct {
	tag  atom.Atom
	name string
	hide bool
	mark kind
	pre  bool
}

// maxOpen is how many elements may be open in each other; what is deeper counts as its parent's.
const maxOpen = 4000

var (
	silent = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Title: true, atom.Template: true, atom.Head: true, atom.Noscript: true, atom.Select: true, atom.Textarea: true,
		atom.Object: true, atom.Svg: true, atom.Iframe: true, atom.Audio: true, atom.Video: true, atom.Map: true}
	void = map[atom.Atom]bool{atom.Br: true, atom.Hr: true, atom.Img: true, atom.Input: true, atom.Meta: true, atom.Link: true, atom.Area: true, atom.Base: true, atom.Col: true, atom.Embed: true,
		atom.Source: true, atom.Track: true, atom.Wbr: true, atom.Param: true}
	block = map[atom.Atom]bool{atom.P: true, atom.Div: true, atom.Tr: true, atom.Table: true, atom.Ul: true, atom.Ol: true, atom.Li: true, atom.Blockquote: true, atom.Section: true, atom.Article: true,
		atom.Header: true, atom.Footer: true, atom.Pre: true, atom.Address: true, atom.Center: true, atom.Dl: true, atom.Dt: true, atom.Dd: true, atom.H1: true, atom.H2: true, atom.H3: true,
		atom.H4: true, atom.H5: true, atom.H6: true, atom.Form: true, atom.Fieldset: true, atom.Body: true, atom.Html: true, atom.Main: true, atom.Aside: true, atom.Nav: true, atom.Figure: true,
		atom.Thead: true, atom.Tbody: true, atom.Tfoot: true, atom.Caption: true}
	apart = map[atom.Atom]bool{atom.P: true, atom.Blockquote: true, atom.Ul: true, atom.Ol: true, atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.Table: true, atom.Pre: true}
)

// marks are the classes and ids by which mail programs name quotations and signatures.
var marks = map[string]kind{
	"gmail_attr": quoted, "yahoo_quoted": quoted, "protonmail_quote": quoted, "moz-cite-prefix": quoted, "moz-forward-container": quoted, "zmail_extra": quoted, "quoted-text": quoted,
	"isforwardcontent": quoted, "isreplycontent": quoted, "tutanota_quote": quoted, "cite": quoted,
	"divrplyfwdmsg": rest, "mail-editor-reference-message-container": rest, "olk_src_body_section": rest, "reply-intro": rest, "appendonsend": rest,
	"gmail_signature": signature, "moz-signature": signature, "signature": signature, "ms-outlook-mobile-signature": signature, "applemailsignature": signature, "protonmail_signature_block": signature,
	"tutanota_signature": signature, "mail_signature": signature, "foxmail_sign": signature,
}

// reader makes lines of HTML.
type reader struct {
	lines []line
	cur   strings.Builder
	open  []element
	space bool // a space is due before the next word
	down  kind // rest, once something marked that
}

// htmlLines turns HTML into lines as a person sees them, each marked where its element says what it
// is. Scripts, styles, hidden text and the targets of links are left out.
func htmlLines(src string) []line {
	r := &reader{}
	z := html.NewTokenizer(strings.NewReader(src))
	z.SetMaxBuf(8 << 20)
	for {
		switch z.Next() {
		case html.ErrorToken:
			r.end()
			return r.lines
		case html.TextToken:
			if !r.hidden() {
				r.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, attrs := z.TagName()
			tag := atom.Lookup(name)
			own := string(name)
			var e element
			for attrs {
				var key, val []byte
				key, val, attrs = z.TagAttr()
				e.attribute(string(key), val)
			}
			e.tag, e.name = tag, own
			r.start(e)
		case html.EndTagToken:
			name, _ := z.TagName()
			r.close(string(name))
		}
	}
}

func (e *element) attribute(key string, val []byte) {
	switch key {
	case "class":
		for c := range strings.FieldsSeq(strings.ToLower(string(val))) {
			if k, ok := marks[strings.TrimPrefix(c, "x_")]; ok {
				e.mark = k
			}
		}
	case "id":
		id := strings.TrimPrefix(strings.ToLower(string(val)), "x_")
		if k, ok := marks[id]; ok {
			e.mark = k
		}
	case "style":
		s := strings.ReplaceAll(strings.ToLower(string(val)), " ", "")
		e.hide = strings.Contains(s, "display:none") || strings.Contains(s, "mso-hide:all") || strings.Contains(s, "visibility:hidden")
	case "hidden":
		e.hide = true
	}
}

func (r *reader) top() element {
	if len(r.open) == 0 {
		return element{}
	}
	return r.open[len(r.open)-1]
}

func (r *reader) hidden() bool { return r.top().hide }

func (r *reader) start(e element) {
	parent := r.top()
	e.hide = e.hide || parent.hide || silent[e.tag]
	e.pre = parent.pre || e.tag == atom.Pre
	if e.tag == atom.Blockquote && e.mark == fresh {
		e.mark = quoted
	}
	if e.mark == rest && !e.hide {
		r.end()
		r.down = rest
	}
	if e.mark == fresh || parent.mark != fresh {
		e.mark = parent.mark
	}
	switch {
	case e.hide:
	case e.tag == atom.Br:
		r.end()
	case e.tag == atom.Hr:
		r.end()
	case block[e.tag] || e.mark != parent.mark:
		r.finish()
		if apart[e.tag] {
			r.gap()
		}
	case e.tag == atom.Td || e.tag == atom.Th:
		r.space = true
	}
	if e.tag == atom.Body || e.tag == atom.Html {
		// A head that nobody closed ends here.
		for i := range r.open {
			if r.open[i].tag == atom.Head || r.open[i].tag == atom.Title {
				r.open = r.open[:i]
				e.hide = r.hidden()
				break
			}
		}
	}
	if void[e.tag] || len(r.open) >= maxOpen {
		return
	}
	r.open = append(r.open, e)
	if e.tag == atom.Li && !e.hide {
		r.text("- ")
	}
}

func (r *reader) close(name string) {
	for i := len(r.open) - 1; i >= 0 && i >= len(r.open)-100; i-- {
		if r.open[i].name != name {
			continue
		}
		e := r.open[i]
		outer := kind(fresh)
		if i > 0 {
			outer = r.open[i-1].mark
		}
		if !e.hide && (block[e.tag] || e.mark != outer) {
			r.finish()
			if apart[e.tag] {
				r.gap()
			}
		}
		r.open = r.open[:i]
		return
	}
}

func (r *reader) text(s string) {
	if r.top().pre {
		for i, part := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
			if i > 0 {
				r.end()
			}
			r.cur.WriteString(part)
		}
		return
	}
	words := strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' })
	if len(words) == 0 {
		r.space = r.space || s != ""
		return
	}
	if strings.ContainsRune(" \n\t\r\f", rune(s[0])) {
		r.space = true
	}
	for i, w := range words {
		if (i > 0 || r.space) && r.cur.Len() > 0 {
			r.cur.WriteByte(' ')
		}
		r.cur.WriteString(w)
	}
	r.space = strings.ContainsRune(" \n\t\r\f", rune(s[len(s)-1]))
}

// end ends a line, an empty one too.
func (r *reader) end() {
	k := r.top().mark
	if r.down == rest {
		k = rest
	}
	text := strings.Map(func(c rune) rune {
		switch c {
		case 0xA0:
			return ' '
		case 0x200B, 0x200C, 0xFEFF, 0xAD, 0x34F: // fillers of previews; not 0x200D, which joins emoji
			return -1
		}
		return c
	}, r.cur.String())
	r.lines = append(r.lines, line{text, k})
	r.cur.Reset()
	r.space = false
}

// finish ends a line that has something on it.
func (r *reader) finish() {
	if r.cur.Len() > 0 {
		r.end()
	}
	r.space = false
}

// gap leaves one line free.
func (r *reader) gap() {
	if n := len(r.lines); n > 0 && r.lines[n-1].text != "" {
		r.end()
	}
}

// metaCharset finds what HTML says of its own charset.
func metaCharset(b []byte) string {
	head := bytes.ToLower(b[:min(len(b), 2048)])
	i := bytes.Index(head, []byte("charset="))
	if i < 0 {
		return ""
	}
	v := strings.TrimLeft(string(head[i+8:]), `"' `)
	if j := strings.IndexAny(v, `"' ;/>`); j >= 0 {
		v = v[:j]
	}
	return v
}
