package mail

import (
	"strings"
)

// ParseAddresses reads a list of mailboxes, whatever its syntax lacks: names without quotes, semicolons
// for commas, groups, comments as names, undecoded or doubly quoted names. What has neither a name nor
// an address is left out.
func ParseAddresses(v string) []Address {
	v = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7F {
			return ' '
		}
		return r
	}, Text([]byte(v), ""))
	var out []Address
	for _, item := range splitAddresses(v) {
		if a := parseAddress(item); a.Name != "" || a.Address != "" {
			out = append(out, a)
		}
	}
	return out
}

// splitAddresses cuts at commas and semicolons that are in no quotes, brackets or comments. Groups
// ("Team: a@x, b@x;") lose their names.
func splitAddresses(v string) []string {
	var out []string
	quoted, angle, comment, start := false, false, 0, 0
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '=' && !quoted && strings.HasPrefix(v[i:], "=?"):
			if _, _, n, ok := encodedWord(v[i:]); ok { // commas in it are part of a name
				i += n - 1
			}
		case c == '\\' && (quoted || comment > 0):
			i++
		case c == '"' && comment == 0:
			// A quote that nobody closes would swallow the rest of the list.
			if quoted || strings.IndexByte(v[i+1:], '"') >= 0 {
				quoted = !quoted
			}
		case quoted:
		case c == '(':
			if strings.IndexByte(v[i+1:], ')') >= 0 {
				comment++
			}
		case c == ')' && comment > 0:
			comment--
		case comment > 0:
		case c == '<':
			angle = strings.IndexByte(v[i+1:], '>') >= 0
		case c == '>':
			angle = false
		case angle:
		case c == ',' || c == ';':
			out = append(out, v[start:i])
			start = i + 1
		case c == ':' && !strings.ContainsAny(v[start:i], "@<"):
			start = i + 1
		}
	}
	return append(out, v[min(start, len(v)):])
}

var bare = pattern(`[^\s<>()"',;:\[\]]+@[^\s<>()"',;:]+`)

func parseAddress(item string) Address {
	item = strings.TrimSpace(item)
	// The last bracket is the address: names have brackets too.
	if i := strings.LastIndexByte(item, '<'); i >= 0 {
		addr := item[i+1:]
		after := ""
		if j := strings.IndexByte(addr, '>'); j >= 0 {
			addr, after = addr[:j], addr[j+1:]
		}
		name := nameOf(item[:i])
		if name == "" {
			name = nameOf(comment(after))
		}
		return tidy(Address{name, addr})
	}
	if c := comment(item); c != "" {
		if addr := strings.TrimSpace(strings.Replace(item, "("+c+")", " ", 1)); strings.Contains(addr, "@") {
			return tidy(Address{nameOf(c), addr})
		}
	}
	if strings.Contains(item, "@") && !strings.ContainsAny(item, " \t\"") {
		return tidy(Address{"", item})
	}
	if addr := bare().FindString(item); addr != "" { // Jana Köhler jana@example.com
		return tidy(Address{nameOf(strings.Replace(item, addr, " ", 1)), addr})
	}
	return tidy(Address{nameOf(item), ""})
}

func comment(s string) string {
	i, j := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if i < 0 || j < i {
		return ""
	}
	return s[i+1 : j]
}

func nameOf(s string) string {
	s = strings.TrimSpace(s)
	if strings.ContainsAny(s, `"\`) {
		var b strings.Builder
		for i := 0; i < len(s); i++ {
			switch {
			case s[i] == '\\' && i+1 < len(s):
				i++
				b.WriteByte(s[i])
			case s[i] != '"':
				b.WriteByte(s[i])
			}
		}
		s = b.String()
	}
	s = oneLine(decodeWords(s))
	for len(s) > 1 && (s[0] == '\'' && s[len(s)-1] == '\'' || s[0] == '"' && s[len(s)-1] == '"') {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	return cut(s, maxName)
}

func tidy(a Address) Address {
	a.Address = decodeWords(strings.TrimSpace(a.Address))
	if len(a.Address) > 7 && strings.EqualFold(a.Address[:7], "mailto:") {
		a.Address = a.Address[7:]
	}
	a.Address = strings.Map(func(r rune) rune { // no bracket is part of an address, wherever it stands
		if r == '<' || r == '>' {
			return -1
		}
		return r
	}, a.Address)
	a.Address = cut(strings.Trim(strings.Join(strings.Fields(a.Address), ""), `'"[]();,`), maxName)
	if strings.HasPrefix(a.Address, "@") { // a route: <@relay:jana@example.com>
		if i := strings.IndexByte(a.Address, ':'); i > 0 {
			a.Address = a.Address[i+1:]
		}
	}
	if a.Name == a.Address {
		a.Name = ""
	}
	return a
}
