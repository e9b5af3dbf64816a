package imap

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (c *fakeConn) folders(r *response, verb string) {
	f := c.f
	f.mu.Lock()
	defer f.mu.Unlock()
	line := func(format string, args ...any) { c.send(fmt.Sprintf(format, args...) + "\r\n") }
	switch verb {
	case "NAMESPACE":
		line(`* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL`)
		line("%s OK done", r.tag)
	case "LIST":
		ok := (len(r.args) == 2 || len(r.args) == 4 && r.args[2].text == "RETURN" && slices.Contains(f.caps, "LIST-EXTENDED")) && r.args[0].text == "" && r.args[1].text == "*"
		if !ok {
			line("%s BAD LIST takes a reference and a pattern", r.tag)
			return
		}
		var items []value
		if len(r.args) == 4 {
			options := r.args[3].list
			for i, o := range options {
				if o.text == "STATUS" && i+1 < len(options) && slices.Contains(f.caps, "LIST-STATUS") {
					items = options[i+1].list
				}
			}
		}
		for _, b := range f.boxes {
			attrs := b.attrs
			if !slices.Contains(f.caps, "SPECIAL-USE") {
				attrs = nil
			}
			line(`* LIST (%s) "/" %s`, strings.Join(append([]string{`\HasNoChildren`}, attrs...), " "), fakeString(b.raw))
			if items != nil && b.closed == "" {
				line("* STATUS %s (%s)", fakeString(b.raw), c.states(b, items))
			}
		}
		line("%s OK done", r.tag)
	case "STATUS":
		if len(r.args) != 2 || !r.args[1].isList {
			line("%s BAD STATUS takes a folder and items", r.tag)
			return
		}
		b := f.find(r.args[0].text)
		switch {
		case b == nil:
			line("%s NO [NONEXISTENT] no such folder", r.tag)
		case b.closed != "":
			line("%s %s", r.tag, b.closed)
		default:
			line("* STATUS %s (%s)", fakeString(b.raw), c.states(b, r.args[1].list))
			line("%s OK done", r.tag)
		}
	case "EXAMINE", "SELECT":
		if verb == "SELECT" {
			f.writes++
		}
		c.box = nil
		if len(r.args) != 1 {
			line("%s BAD one folder at a time", r.tag)
			return
		}
		b := f.find(r.args[0].text)
		switch {
		case f.traps.unsafe && !c.named:
			line("%s NO %s Unsafe Login. Please contact kefu@188.com for help", r.tag, verb)
			return
		case b == nil:
			line("%s NO [NONEXISTENT] no such folder", r.tag)
			return
		case b.closed != "":
			line("%s %s", r.tag, b.closed)
			return
		}
		c.box, c.opened = b, *b
		line(`* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)`)
		line("* %d EXISTS", len(b.msgs))
		line("* 0 RECENT")
		line("* OK [UIDVALIDITY %d] ok", b.validity)
		if !f.traps.noNext {
			line("* OK [UIDNEXT %d] ok", b.next)
		}
		if slices.Contains(f.caps, "CONDSTORE") {
			line("* OK [HIGHESTMODSEQ %d] ok", b.modseq)
		}
		line("%s OK [READ-ONLY] done", r.tag)
	}
}

// states tells of a folder; of the one that is open, what was true when it was opened, as Dovecot does.
func (c *fakeConn) states(b *fakeBox, items []value) string {
	f := c.f
	if b == c.box {
		b = &c.opened
	}
	var out []string
	for _, it := range items {
		switch name := strings.ToUpper(it.text); name {
		case "MESSAGES":
			out = append(out, fmt.Sprintf("%s %d", name, len(b.msgs)))
		case "UIDNEXT":
			if !f.traps.noNext {
				out = append(out, fmt.Sprintf("%s %d", name, b.next))
			}
		case "UIDVALIDITY":
			out = append(out, fmt.Sprintf("%s %d", name, b.validity))
		case "HIGHESTMODSEQ":
			out = append(out, fmt.Sprintf("%s %d", name, b.modseq))
		}
	}
	return strings.Join(out, " ")
}

func fakeString(s string) string {
	if q, ok := quote(s); ok {
		return q
	}
	return fmt.Sprintf("{%d}\r\n%s", len(s), s)
}

func (c *fakeConn) messages(r *response, verb string) {
	switch verb {
	case "IDLE":
		c.idle(r)
	case "UID SEARCH":
		c.f.mu.Lock()
		defer c.f.mu.Unlock()
		c.search(r)
	case "UID FETCH":
		if len(r.args) != 3 {
			c.say("%s BAD UID FETCH takes a set and items", r.tag)
			return
		}
		c.f.mu.Lock()
		defer c.f.mu.Unlock()
		c.fetch(r)
	}
}

func (c *fakeConn) idle(r *response) {
	if len(r.args) > 0 || !slices.Contains(c.f.caps, "IDLE") {
		c.say("%s BAD no IDLE", r.tag)
		return
	}
	c.f.mu.Lock()
	c.idles = true
	c.send("+ idling\r\n")
	c.f.mu.Unlock()
	if d := c.f.traps.idleEnds; d > 0 {
		_ = c.conn.SetReadDeadline(time.Now().Add(d)) // a pipe has deadlines
	}
	line, err := c.in.ReadString('\n')
	c.f.mu.Lock()
	c.idles = false
	c.f.mu.Unlock()
	if err != nil {
		c.ends = true
		return
	}
	_ = c.conn.SetReadDeadline(time.Time{}) // likewise
	if line != "DONE\r\n" {
		c.say("%s BAD expected DONE", r.tag)
		return
	}
	c.say("%s OK done", r.tag)
}

// matches says whether a UID is in a set as clients write it; last is the highest there is.
func matches(set string, uid, last uint32) bool {
	number := func(s string) uint32 {
		if s == "*" {
			return last
		}
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return 0
		}
		return uint32(n)
	}
	for r := range strings.SplitSeq(set, ",") {
		a, b, ranged := strings.Cut(r, ":")
		if !ranged {
			b = a
		}
		from, to := number(a), number(b)
		if from > to { // "9:*" where the last is 7 is "7:9"
			from, to = to, from
		}
		if uid >= from && uid <= to {
			return true
		}
	}
	return false
}

func (c *fakeConn) search(r *response) {
	args := r.args[1:]
	esearch := false
	if len(args) >= 2 && args[0].text == "RETURN" {
		if !slices.Contains(c.f.caps, "ESEARCH") {
			c.send(r.tag + " BAD no ESEARCH\r\n")
			return
		}
		esearch, args = true, args[2:]
	}
	if len(args) == 0 {
		c.send(r.tag + " BAD no criteria\r\n")
		return
	}
	last := uint32(0)
	if n := len(c.box.msgs); n > 0 {
		last = c.box.msgs[n-1].uid
	}
	fits := func(m *fakeMessage) bool { return true }
	and := func(f func(m *fakeMessage) bool) {
		before := fits
		fits = func(m *fakeMessage) bool { return before(m) && f(m) }
	}
	for i := 0; i < len(args); i++ {
		switch word := strings.ToUpper(args[i].text); word {
		case "ALL":
		case "UNDELETED", "UNDRAFT":
			flag := `\` + strings.TrimPrefix(word, "UN")
			and(func(m *fakeMessage) bool {
				return !slices.ContainsFunc(m.flags, func(f string) bool { return strings.EqualFold(f, flag) })
			})
		case "UID":
			set := args[i+1].text
			i++
			and(func(m *fakeMessage) bool { return matches(set, m.uid, last) })
		case "HEADER":
			name, text := strings.ToLower(args[i+1].text), strings.ToLower(args[i+2].text)
			i += 2
			and(func(m *fakeMessage) bool {
				return strings.Contains(strings.ToLower(string(pick(m.raw, []string{name}))), text)
			})
		default:
			c.send(r.tag + " BAD unknown criterion " + word + "\r\n")
			return
		}
	}
	var found uids
	for _, m := range c.box.msgs {
		if fits(m) {
			found = append(found, m.uid)
		}
	}
	if esearch {
		all := ""
		if len(found) > 0 {
			all = " ALL " + found.String()
		}
		c.send(fmt.Sprintf("* ESEARCH (TAG %q) UID%s\r\n", r.tag, all))
	} else {
		line := "* SEARCH"
		for _, u := range found {
			line += fmt.Sprintf(" %d", u)
		}
		c.send(line + "\r\n")
	}
	c.send(r.tag + " OK done\r\n")
}

// header cuts a message behind the empty line that ends its header.
func header(raw []byte) (head, body []byte) {
	if i := bytes.Index(raw, []byte("\r\n\r\n")); i >= 0 {
		return raw[:i+4], raw[i+4:]
	}
	return raw, nil
}

// pick gives the fields of some names, with the empty line behind them.
func pick(raw []byte, names []string) []byte {
	head, _ := header(raw)
	var out bytes.Buffer
	in := false
	for line := range bytes.SplitAfterSeq(head, []byte("\n")) {
		if len(line) > 0 && line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			in = slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, string(name)) })
		}
		if in && len(bytes.TrimSpace(line)) > 0 {
			out.Write(line)
		}
	}
	out.WriteString("\r\n")
	return out.Bytes()
}

func (c *fakeConn) fetch(r *response) {
	set, items := r.args[1].text, r.args[2].list
	if !r.args[2].isList || len(items) == 0 {
		c.send(r.tag + " BAD items stand in brackets\r\n")
		return
	}
	var asked strings.Builder
	for _, it := range items {
		asked.WriteString(strings.ToUpper(it.text) + " ")
	}
	last := uint32(0)
	if n := len(c.box.msgs); n > 0 {
		last = c.box.msgs[n-1].uid
	}
	for i, m := range c.box.msgs {
		if !matches(set, m.uid, last) {
			continue
		}
		structure, head, text := strings.Contains(asked.String(), "BODYSTRUCTURE"), strings.Contains(asked.String(), "[HEADER]"), strings.Contains(asked.String(), "BODY.PEEK[")
		switch {
		case m.broken == "never" && head, m.broken == "no" && structure:
			c.send(r.tag + " NO [SERVERBUG] Internal error occurred. Refer to server log for more information.\r\n")
			return
		case m.broken == "drop" && text && (head || !strings.Contains(asked.String(), "[HEADER.FIELDS")):
			_ = c.conn.Close() // the process that served us died
			return
		}
		var parts []string
		for _, it := range items {
			part, ok := c.item(m, it.text)
			if !ok {
				c.send(r.tag + " BAD unknown item " + it.text + "\r\n")
				return
			}
			parts = append(parts, part)
		}
		if c.f.traps.chatty {
			c.send(fmt.Sprintf("* %d FETCH (FLAGS (\\Seen) UID %d)\r\n* OK [ALERT] The server will be down on Sunday\r\n", i+1, m.uid+1000))
		}
		c.send(fmt.Sprintf("* %d FETCH (%s)\r\n", i+1, strings.Join(parts, " ")))
	}
	c.send(r.tag + " OK done\r\n")
}

func (c *fakeConn) item(m *fakeMessage, name string) (string, bool) {
	switch up := strings.ToUpper(name); {
	case up == "UID":
		return fmt.Sprintf("UID %d", m.uid), true
	case up == "FLAGS":
		return "FLAGS (" + strings.Join(m.flags, " ") + ")", true
	case up == "INTERNALDATE":
		return `INTERNALDATE "` + m.at.Format("_2-Jan-2006 15:04:05 -0700") + `"`, true
	case up == "RFC822.SIZE":
		return fmt.Sprintf("RFC822.SIZE %d", len(m.raw)), true
	case up == "X-GM-LABELS" && slices.Contains(c.f.caps, "X-GM-EXT-1"):
		var labels []string
		for _, l := range m.labels {
			labels = append(labels, fakeString(l))
		}
		return "X-GM-LABELS (" + strings.Join(labels, " ") + ")", true
	case up == "BODYSTRUCTURE":
		switch m.broken {
		case "syntax":
			return `BODYSTRUCTURE ("TEXT" "PLAIN" ("CHARSET" "UTF-8) NIL NIL "7BIT" 12 1`, true
		case "nil":
			return "BODYSTRUCTURE NIL", true
		}
		return "BODYSTRUCTURE " + fakeStructure(m.raw), true
	case strings.HasPrefix(up, "BODY["):
		c.f.writes++ // it would mark the message as read
		name = "BODY.PEEK[" + name[len("BODY["):]
		fallthrough
	case strings.HasPrefix(up, "BODY.PEEK["):
		section, partial, _ := strings.Cut(name[len("BODY.PEEK["):], "]")
		data, ok := fakeSection(m.raw, section)
		if !ok {
			return "", false
		}
		label := "BODY[" + section + "]"
		if from, size, isPartial := strings.Cut(strings.Trim(partial, "<>"), "."); isPartial {
			a, err1 := strconv.Atoi(from)
			n, err2 := strconv.Atoi(size)
			if err1 != nil || err2 != nil {
				return "", false
			}
			data = data[min(a, len(data)):min(a+n, len(data))]
			label += "<" + from + ">"
		}
		return fmt.Sprintf("%s {%d}\r\n%s", label, len(data), data), true
	}
	return "", false
}
