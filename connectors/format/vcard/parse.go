package vcard

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// parse cuts a card's bytes, from BEGIN to END, into properties. Each line belongs to a piece.
func (c *Card) parse(data []byte) {
	c.newline = "\r\n"
	if n, ok := lineEnd(data, ""); ok {
		c.newline = string(data[len(bytes.TrimRight(data[:n], "\r\n")):n])
	}
	if c.Problem == TooLong {
		c.pieces = [][]byte{data}
		return
	}
	lines := bytes.Count(data, []byte("\n")) + 1
	c.pieces, c.Props = make([][]byte, 0, lines), make([]Property, 0, max(lines-2, 0))
	line := c.Start.Line
	depth := 0
	agent := false
	var p *Property // the one that lines are added to; nil: they stand alone
	start := 0      // of p
	alone := func(from, to int) { c.pieces = append(c.pieces, data[from:to:to]) }
	flush := func(to int) {
		if p == nil {
			return
		}
		p.raw = data[start:to:to]
		p.piece = len(c.pieces)
		alone(start, to)
		p.finish()
		if p.missing {
			c.Broken = append(c.Broken, Broken{Line: p.Line, Text: c.show(bytes.TrimRight(p.raw, "\r\n"))})
			c.Props = c.Props[:len(c.Props)-1]
		} else if p.Name == "VERSION" && c.Version == "" {
			c.Version = strings.TrimSpace(p.Text())
		}
		p = nil
	}
	for at, first := 0, true; at < len(data); line++ {
		n, _ := lineEnd(data[at:], "")
		whole := data[at : at+n]
		text := bytes.TrimRight(whole, "\r\n")
		next := at + n
		switch {
		case depth > 0:
			if isMark(whole, "END") {
				depth--
			} else if isMark(whole, "BEGIN") {
				depth++
			}
		case first:
			alone(at, next)
		case agent && p != nil && isMark(whole, "BEGIN"):
			depth++
		case isMark(whole, "END"):
			flush(at)
			alone(at, next)
		case isBlank(text):
			if p == nil {
				alone(at, next)
			} else {
				p.ended = true
			}
			at, first = next, false
			continue
		case p != nil && p.goesOn(data[start:at], text):
		case isOther(text):
			flush(at)
			alone(at, next)
		default:
			flush(at)
			c.Props = append(c.Props, Property{Line: line, old: c.Version == "2.1", fallback: c.fallback})
			if q := &c.Props[len(c.Props)-1]; q.read(text) {
				p, start = q, at
			} else {
				c.Props = c.Props[:len(c.Props)-1]
				c.Broken = append(c.Broken, Broken{Line: line, Text: c.show(text)})
				alone(at, next)
			}
		}
		agent = isAgent(whole) || agent && depth > 0
		at, first = next, false
	}
	flush(len(data))
	// VERSION can stand behind what it is said of.
	for i := range c.Props {
		c.Props[i].old = c.Version == "2.1"
	}
}

func (c *Card) show(text []byte) string {
	s, _ := decodeText(text[:min(len(text), 200)], "", c.fallback)
	return strings.ToValidUTF8(s, "\uFFFD")
}

// isOther reports whether a line begins or ends something that is no card, or is what was left of an
// END line that was cut.
func isOther(line []byte) bool {
	return len(line) > 3 && bytes.EqualFold(line[:4], []byte("END:")) || len(line) > 5 && bytes.EqualFold(line[:6], []byte("BEGIN:"))
}

// known are the names that a line without a colon can be the beginning of, and that unfolded text
// is cut at.
var known = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(`ADR AGENT ANNIVERSARY BDAY CALADRURI CALURI CATEGORIES CLASS CLIENTPIDMAP CREATED EMAIL FBURL FN GENDER GEO
		IMPP KEY KIND LABEL LANG LANGUAGE LOGO MAILER MEMBER N NAME NICKNAME NOTE ORG PHOTO PRODID PROFILE RELATED REV ROLE SOCIALPROFILE SORT-STRING
		SOUND SOURCE TEL TITLE TZ UID URL VERSION XML GRAMGENDER PRONOUNS CONTACT-URI EXPERTISE HOBBY INTEREST ORG-DIRECTORY`) {
		m[n] = true
	}
	return m
}()

// nameEnd gives the length of a property's name with its group at the start of a line; 0 where
// there is none.
func nameEnd(line []byte) int {
	dots := 0
	for i := 0; i < len(line); i++ {
		switch b := line[i]; {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-', b == '_':
		case b == '.' && i > 0:
			if dots++; dots > 1 {
				return 0
			}
		case b == ':' || b == ';':
			if line[i-min(i, 1)] == '.' {
				return 0
			}
			return i
		case b == ' ' || b == '\t':
			// "TEL ;CELL:1": only before the colon, and of a name that is one
			rest := bytes.TrimLeft(line[i:], " \t")
			if len(rest) > 0 && (rest[0] == ':' || rest[0] == ';') && known[strings.ToUpper(string(line[:i]))] {
				return i
			}
			return 0
		case b == '(' && i > 2 && (line[0] == 'X' || line[0] == 'x') && line[1] == '-':
			// "X-CUSTOM1(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE):" of some phones
			end := bytes.IndexByte(line[i:], ')')
			if end < 0 {
				return 0
			}
			i += end
		default:
			return 0
		}
	}
	return 0
}

// read reads the head of the first line of a property; it is false where the line begins none.
func (p *Property) read(line []byte) bool {
	n := nameEnd(line)
	if n == 0 {
		return false
	}
	name := line[:n]
	if group, rest, found := bytes.Cut(name, []byte(".")); found {
		p.Group, name = string(group), rest
	}
	p.Name = upper(name)
	colon := findColon(line, n)
	if colon < 0 {
		// The head is folded; finish reads all of it.
		p.folded = true
		colon = len(line)
	}
	p.readParams(line[n:colon])
	p.value = colon + 1
	p.free = isText(p.Name)
	return true
}

// usual are words that stand in every card, so that they need no memory in each.
var usual = func() map[string]string {
	m := map[string]string{}
	for n := range known {
		m[n] = n
	}
	for _, n := range strings.Fields(`TYPE type PREF pref CELL cell HOME home WORK work VOICE voice INTERNET internet JPEG ENCODING CHARSET UTF-8 QUOTED-PRINTABLE
		VALUE X-ABLabel X-ABADR Type Pref`) {
		m[n] = n
	}
	return m
}()

func word(b []byte) string {
	if s, ok := usual[string(b)]; ok {
		return s
	}
	return string(b)
}

func upper(b []byte) string { return strings.ToUpper(word(b)) }

// findColon finds where the value begins; -1 where the line does not say.
func findColon(line []byte, from int) int {
	inside := false
	for i := from; i < len(line); i++ {
		switch line[i] {
		case '"':
			if inside || bytes.IndexByte(line[i+1:], '"') >= 0 {
				inside = !inside
			}
		case ':':
			if !inside {
				return i
			}
		}
	}
	return -1
}

// readParams reads ";TYPE=home;PREF" and learns how the value is encoded.
func (p *Property) readParams(head []byte) {
	p.Params, p.transfer = p.Params[:0], plain
	head = bytes.TrimLeft(head, " \t")
	for len(head) > 0 {
		head = head[1:] // the semicolon
		end, inside := len(head), false
		for i, b := range head {
			if b == '"' && (inside || bytes.IndexByte(head[i+1:], '"') >= 0) {
				inside = !inside
			}
			if b == ';' && !inside {
				end = i
				break
			}
		}
		p.addParam(bytes.TrimSpace(head[:end]))
		head = head[end:]
	}
}

func (p *Property) addParam(text []byte) {
	if len(text) == 0 {
		return
	}
	var x Param
	name, value, found := bytes.Cut(text, []byte("="))
	if found && bytes.IndexByte(name, '"') < 0 {
		x.Name, x.Value = upper(bytes.TrimSpace(name)), word(bytes.TrimSpace(value))
	} else {
		x.Value = word(text)
	}
	if strings.IndexByte(x.Value, '"') >= 0 {
		x.Value = strings.ReplaceAll(x.Value, `"`, "")
	}
	if strings.IndexByte(x.Value, '^') >= 0 {
		x.Value = strings.NewReplacer("^n", "\n", "^'", `"`, "^^", "^").Replace(x.Value)
	}
	if !utf8.ValidString(x.Value) {
		x.Value, _ = decodeText([]byte(x.Value), "", p.fallback)
	}
	x.Name = strings.ToValidUTF8(x.Name, "\uFFFD")
	p.Params = append(p.Params, x)
	if x.Name == "ENCODING" || x.Name == "" {
		switch strings.ToUpper(x.Value) {
		case "QUOTED-PRINTABLE", "Q":
			p.transfer = quoted
		case "BASE64":
			p.transfer = base64
		case "B":
			if x.Name != "" {
				p.transfer = base64
			}
		}
	}
}

func isEncodingWord(s string) bool {
	switch strings.ToUpper(s) {
	case "QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT":
		return true
	}
	return false
}

// isText reports whether broken exports write several lines of text under a name without folding.
func isText(name string) bool {
	return name == "NOTE" || name == "LABEL" || name == "ADR" || strings.HasPrefix(name, "X-")
}

// goesOn reports whether a line that is not blank belongs to the property whose lines so far are raw.
func (p *Property) goesOn(raw, line []byte) bool {
	if p.transfer == quoted && !p.ended && softBreak(raw) {
		return true
	}
	if line[0] == ' ' || line[0] == '\t' {
		return true
	}
	if p.folded {
		return false
	}
	n := nameEnd(line)
	if p.transfer == base64 {
		return n == 0 && isBase64(line)
	}
	if !p.free {
		return false
	}
	if n == 0 {
		return !startsKnown(line)
	}
	// "http://..." in a note has a colon too.
	name := strings.ToUpper(string(line[:n]))
	name = name[strings.IndexByte(name, '.')+1:] // of a group
	return line[n] == ':' && bytes.HasPrefix(line[n:], []byte("://")) && !known[name] && !strings.HasPrefix(name, "X-")
}

// startsKnown reports whether a line without a colon begins like a property.
func startsKnown(line []byte) bool {
	end := bytes.IndexAny(line, ";= \t")
	if end < 0 || line[end] == ' ' || line[end] == '\t' {
		return false
	}
	name := line[:end]
	if dot := bytes.IndexByte(name, '.'); dot >= 0 {
		name = name[dot+1:]
	}
	return known[strings.ToUpper(string(name))]
}

// softBreak reports whether the last line ends in the "=" of quoted-printable.
func softBreak(raw []byte) bool {
	raw = bytes.TrimRight(raw, "\r\n")
	raw = bytes.TrimRight(raw, " \t")
	return len(raw) > 0 && raw[len(raw)-1] == '='
}

func isBase64(line []byte) bool {
	for _, b := range line {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '+', b == '/', b == '=', b == ' ', b == '\t':
		default:
			return false
		}
	}
	return true
}

// finish reads the head again where it is folded.
func (p *Property) finish() {
	if !p.folded {
		return
	}
	all := p.unfold()
	n := nameEnd(all)
	if n == 0 {
		p.value = len(all)
		return
	}
	colon := findColon(all, n)
	if colon < 0 {
		p.readParams(all[n:])
		p.value, p.missing = len(all), true
		return
	}
	p.readParams(all[n:colon])
	p.value = colon + 1
}
