package vcard

import (
	"bytes"
	"strings"
)

// unfold gives the property's lines as one, head and value, without its last line end.
func (p *Property) unfold() []byte {
	n, _ := lineEnd(p.raw, "")
	first := bytes.TrimRight(p.raw[:n], "\r\n")
	if n == len(p.raw) {
		return first
	}
	out := append(make([]byte, 0, len(p.raw)), first...)
	soft := p.transfer == quoted && softBreak(first)
	if soft {
		out = cutSoft(out)
	}
	last := len(first) // of the line before
	for rest := p.raw[n:]; len(rest) > 0; {
		n, _ := lineEnd(rest, "")
		line := bytes.TrimRight(rest[:n], "\r\n")
		rest = rest[n:]
		again := p.transfer == quoted && softBreak(line)
		indented := len(line) > 0 && (line[0] == ' ' || line[0] == '\t')
		switch {
		case soft && indented && !p.old:
			out = append(out, line[1:]...) // folded as well
		case soft:
			out = append(out, line...)
		case isBlank(line) && !indented:
			if p.free && len(rest) > 0 && p.transfer == plain && nextIsText(rest) {
				out = append(out, '\n')
			}
		case indented:
			if p.keepsBlank(out, line, last) {
				out = append(out, ' ')
			}
			out = append(out, line[1:]...)
		case p.transfer == base64 || p.folded:
			out = append(out, line...)
		default:
			out = append(append(out, '\n'), line...) // text that was never folded
		}
		if again {
			out = cutSoft(out)
		}
		soft, last = again, len(line)
	}
	return out
}

func nextIsText(rest []byte) bool {
	n, _ := lineEnd(rest, "")
	return !isBlank(rest[:n]) && rest[0] != ' ' && rest[0] != '\t'
}

func cutSoft(b []byte) []byte {
	b = bytes.TrimRight(b, " \t")
	return b[:len(b)-1]
}

// keepsBlank: version 2.1 folds at a blank, which stays; yet many programs fold its lines like those
// of 3.0, at a fixed column, where the blank is only the sign of it.
func (p *Property) keepsBlank(before, line []byte, last int) bool {
	if !p.old || p.transfer != plain || last >= 70 || len(line) < 2 || line[1] == ' ' || line[1] == '\t' || len(before) == 0 {
		return false
	}
	switch before[len(before)-1] {
	case ' ', '\t', ':', ';', ',':
		return false
	}
	switch p.Name {
	case "TEL", "EMAIL", "URL", "UID", "BDAY", "REV":
		return false
	}
	return !p.Binary()
}

// Decode gives the value as it is meant before escapes are taken out: unfolded, quoted-printable and
// charset decoded, line ends as "\n". A value in base64 stays so. damaged reports bytes that are
// text in no charset; they are U+FFFD.
func (p *Property) Decode() (text string, damaged bool) {
	all := p.unfold()
	b := all[min(p.value, len(all)):]
	switch p.transfer {
	case base64:
		return strings.Map(func(c rune) rune {
			if c == ' ' || c == '\t' || c == '\n' {
				return -1
			}
			return c
		}, string(b)), false
	case quoted:
		b = unquote(b)
	}
	declared, whole := p.charset(), p.fallback
	switch {
	case !isUnicode(whole):
	case p.transfer == quoted:
		whole = "" // the bytes were written in whatever charset
	default:
		declared = "" // all of the source is Unicode already
	}
	text, damaged = decodeText(b, declared, whole)
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return text, damaged
}

// charset gives what the property says about it.
func (p *Property) charset() string {
	if p != nil {
		for _, x := range p.Params {
			if x.Name == "CHARSET" {
				return x.Value
			}
		}
	}
	return ""
}

// unquote decodes quoted-printable. What is no code stays as it is. A semicolon that is coded,
// beside others that are not, is text, and is escaped so that it stays text.
func unquote(b []byte) []byte {
	bare := bytes.IndexByte(b, ';') >= 0
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '=' || i+2 >= len(b) {
			if b[i] == '=' && i+1 == len(b) {
				break // a soft break at the end
			}
			out = append(out, b[i])
			continue
		}
		hi, lo := hex(b[i+1]), hex(b[i+2])
		if hi < 0 || lo < 0 {
			out = append(out, b[i])
			continue
		}
		x := byte(hi<<4 | lo)
		if x == ';' && bare && (len(out) == 0 || out[len(out)-1] != '\\') {
			out = append(out, '\\')
		}
		out = append(out, x)
		i += 2
	}
	return out
}

func hex(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	}
	return -1
}

// Text gives the whole value as text, escapes taken out.
func (p *Property) Text() string {
	s, _ := p.Decode()
	return Unescape(s)
}

// Parts gives the components of a structured value (N, ADR, ORG): cut at semicolons that are not
// escaped, escapes taken out. A list within a component stays as it is ("Richter,James").
func (p *Property) Parts() []string { return p.cut(';') }

// List gives the elements of a list (CATEGORIES, NICKNAME): cut at commas that are not escaped, and
// trimmed, without empty ones.
func (p *Property) List() []string {
	var out []string
	for _, s := range p.cut(',') {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (p *Property) cut(sep byte) []string {
	s, _ := p.Decode()
	var out []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			out = append(out, Unescape(s[from:i]))
			from = i + 1
		}
	}
	return append(out, Unescape(s[min(from, len(s)):]))
}

// Unescape takes out the escapes of a value: \n and \N, and \ before what is neither letter nor digit
// (a comma, a semicolon, a backslash, the colon of "http\://"). A backslash before anything else is
// one ("C:\dir").
func Unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		b.WriteString(s[:i])
		if s = s[i:]; len(s) < 2 {
			b.WriteString(s)
			return b.String()
		}
		switch x := s[1]; {
		case x == 'n' || x == 'N':
			b.WriteByte('\n')
		case x >= 'a' && x <= 'z' || x >= 'A' && x <= 'Z' || x >= '0' && x <= '9' || x >= 0x80 || x <= ' ':
			b.WriteString(s[:2])
		default:
			b.WriteByte(x)
		}
		s = s[2:]
		if i = strings.IndexByte(s, '\\'); i < 0 {
			b.WriteString(s)
			return b.String()
		}
	}
}

// Escape is the opposite of Unescape for one component or element.
func Escape(s string) string {
	if !strings.ContainsAny(s, "\\,;\n\r") {
		return s
	}
	return strings.NewReplacer("\\", "\\\\", ",", "\\,", ";", "\\;", "\r\n", "\\n", "\n", "\\n", "\r", "\\n").Replace(s)
}
