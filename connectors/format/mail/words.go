package mail

import (
	"encoding/base64"
	"strings"
)

// decodeWords decodes the encoded words of a header ("=?gb2312?B?xOO6ww==?="), and raw bytes beside
// them. Neighbouring words of one charset are decoded together, because programs cut characters in
// two; words that are broken are read as far as they go, or stay as they are.
func decodeWords(v string) string {
	if !strings.Contains(v, "=?") {
		return Text([]byte(v), "")
	}
	var out strings.Builder
	var pending []byte // decoded bytes of charset that are not text yet
	charset := ""
	flush := func() {
		if len(pending) > 0 {
			out.WriteString(Text(pending, charset))
			pending = pending[:0]
		}
	}
	for len(v) > 0 {
		i := strings.Index(v, "=?")
		if i < 0 {
			break
		}
		cs, data, n, ok := encodedWord(v[i:])
		if !ok {
			flush()
			out.WriteString(Text([]byte(v[:i+2]), ""))
			v = v[i+2:]
			continue
		}
		between := v[:i]
		if len(pending) == 0 || strings.TrimSpace(between) != "" || !strings.EqualFold(cs, charset) {
			had := len(pending) > 0
			flush()
			if !had || strings.TrimSpace(between) != "" {
				out.WriteString(Text([]byte(between), ""))
			}
		}
		charset = cs
		pending = append(pending, data...)
		v = v[i+n:]
	}
	flush()
	out.WriteString(Text([]byte(v), ""))
	return out.String()
}

// encodedWord reads the word at the start of s. n is its length.
func encodedWord(s string) (charset string, data []byte, n int, ok bool) {
	rest := s[2:]
	i := strings.IndexByte(rest, '?')
	if i <= 0 || i > 60 || strings.ContainsAny(rest[:i], " \t<>@") || len(rest) < i+3 || rest[i+2] != '?' {
		return "", nil, 0, false
	}
	charset, _, _ = strings.Cut(rest[:i], "*")
	kind := rest[i+1] | 0x20
	body := rest[i+3:]
	if kind != 'b' && kind != 'q' {
		return "", nil, 0, false
	}
	end := strings.Index(body, "?=")
	// "=?UTF-8?Q?=C3=A4?=": an encoded byte right before the end looks like one.
	if kind == 'q' && end == 0 && strings.Contains(body[2:], "?=") {
		if j := strings.Index(body[1:], "?="); j >= 0 {
			end = j + 1
		}
	}
	size := 2
	if end < 0 { // nobody closed it
		if end = strings.IndexAny(body, " \t"); end < 0 {
			end = len(body)
		}
		size = 0
	}
	n = len(s) - len(body) + end + size
	if kind == 'q' {
		return charset, unquote(body[:end]), n, true
	}
	return charset, unbase64(body[:end]), n, true
}

func unquote(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0:
			out = append(out, byte(hex(s[i+1])<<4|hex(s[i+2])))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// unbase64 decodes what is base64 of a text, whatever stands between it and however it ends.
func unbase64(s string) []byte {
	var clean strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/':
			clean.WriteByte(c)
		case c == '-':
			clean.WriteByte('+')
		case c == '_':
			clean.WriteByte('/')
		}
	}
	text := clean.String()
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	out, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil // only letters of the alphabet are left: cannot fail
	}
	return out
}

// params reads the parameters of a Content-Type or Content-Disposition, by RFC 2231 and by what
// programs write instead. value is what stands before them, in lower case.
func params(v string) (value string, out map[string]string) {
	value, rest, _ := strings.Cut(v, ";")
	value, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(value)), " ") // what follows lacks its semicolon
	out = map[string]string{}
	type piece struct {
		text    string
		encoded bool
	}
	split := map[string]map[int]piece{}
	for len(rest) > 0 && len(out) < 50 {
		var name, val string
		quoted := false
		eq := strings.IndexByte(rest, '=')
		if eq < 0 {
			break
		}
		name, rest = rest[:eq], strings.TrimLeft(rest[eq+1:], " \t")
		if i := strings.LastIndexByte(name, ';'); i >= 0 {
			name = name[i+1:]
		}
		name = strings.ToLower(strings.TrimSpace(name))
		if strings.HasPrefix(rest, `"`) {
			quoted = true
			var b strings.Builder
			i := 1
			for ; i < len(rest) && rest[i] != '"'; i++ {
				if rest[i] == '\\' && i+1 < len(rest) && (rest[i+1] == '"' || rest[i+1] == '\\') {
					i++
				}
				b.WriteByte(rest[i])
			}
			val, rest = b.String(), rest[min(i+1, len(rest)):]
			if _, after, ok := strings.Cut(rest, ";"); ok {
				rest = after
			} else {
				rest = ""
			}
		} else {
			val, rest, _ = strings.Cut(rest, ";")
			val = strings.TrimSpace(val)
		}
		base, star, isStar := strings.Cut(name, "*")
		if !isStar {
			if _, twice := out[name]; !twice {
				out[name] = decodeWords(val)
			}
			continue
		}
		encoded := strings.HasSuffix(name, "*") && !(quoted && !strings.Contains(val, "%"))
		n := 0
		for _, c := range strings.TrimSuffix(star, "*") {
			if c >= '0' && c <= '9' && n < 1000 {
				n = n*10 + int(c-'0')
			}
		}
		if split[base] == nil {
			split[base] = map[int]piece{}
		}
		split[base][n] = piece{val, encoded}
	}
	for base, pieces := range split {
		charset := ""
		var b []byte
		for i := 0; ; i++ {
			p, ok := pieces[i]
			if !ok {
				break
			}
			if i == 0 && p.encoded {
				if cs, after, ok := strings.Cut(p.text, "'"); ok {
					charset = cs
					if _, t, ok := strings.Cut(after, "'"); ok {
						after = t
					}
					p.text = after
				}
			}
			if p.encoded {
				b = append(b, unpercent(p.text)...)
			} else {
				b = append(b, p.text...)
			}
		}
		if len(b) > 0 {
			out[base] = decodeWords(Text(b, charset)) // RFC 2231 wins over its plain neighbour
		}
	}
	return value, out
}

func unpercent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0 {
			out = append(out, byte(hex(s[i+1])<<4|hex(s[i+2])))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}
