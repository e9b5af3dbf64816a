package vcard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// index is what a first pass over all cards learns and pages need. It costs about 100 bytes a card.
type index struct {
	rows    int64
	again   map[int64]again     // cards whose key an earlier one has, by their number
	groups  map[string][]string // names of the groups that a member is in, by UID or "mailto:" address
	members map[int64]int       // how many members a group has, by its number
	columns []connectors.Column
}

// again says what is to be done with a card whose key an earlier card has.
type again struct {
	same  bool   // it says the same: nothing is to be done
	where string // where the earlier one stands
}

// opener opens a part; what it gives is closed by the caller.
type opener func(ctx context.Context, path string) (connectors.File, error)

// sampled is how many cards are looked at for samples.
const sampled = 500

func buildIndex(ctx context.Context, parts []part, open opener) (*index, error) {
	ix := &index{again: map[int64]again{}, groups: map[string][]string{}, members: map[int64]int{}}
	type first struct {
		print [16]byte
		part  int
		line  int64
	}
	seen := map[string]first{}
	column := map[string]int{}
	for i := range parts {
		p := &parts[i]
		err := eachCard(ctx, p, open, func(c *vcard.Card) {
			n := ix.rows
			ix.rows++
			ix.describe(c, column)
			if isAside(c) {
				return
			}
			if isGroup(c) {
				ix.group(n, c)
				return
			}
			key, keyed := keyOf(c)
			if keyed == connectors.KeyedContent {
				key = contentID(c)
			}
			print := fingerprintOf(c)
			f, twice := seen[string(keyed)+key]
			if !twice {
				seen[string(keyed)+key] = first{print, i, c.Start.Line}
				return
			}
			same := f.print == print || keyed == connectors.KeyedContent
			if !same { // it goes by its content then, which may be another's too
				id := string(connectors.KeyedContent) + contentID(c)
				if _, same = seen[id]; !same {
					seen[id] = first{print, i, c.Start.Line}
				}
			}
			ix.again[n] = again{same: same, where: where(parts[f.part].name, f.line)}
		})
		if err != nil {
			return nil, err
		}
	}
	return ix, nil
}

// eachCard reads the cards of a part, and finds out how it is written.
func eachCard(ctx context.Context, p *part, open opener, f func(*vcard.Card)) error {
	src, err := open(ctx, p.path)
	if err != nil {
		return err
	}
	defer src.Close()
	if p.shape.Encoding == "" {
		if p.shape, err = vcard.Sniff(src); err != nil {
			return unreadable(p.name, err)
		}
	}
	for r := vcard.NewReader(src, p.shape, p.shape.Start); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return unreadable(p.name, err)
		}
		f(c)
	}
}

func isAside(c *vcard.Card) bool { return c.Problem == vcard.TooLong || c.Problem == vcard.Cut }

func (ix *index) describe(c *vcard.Card, column map[string]int) {
	for i := range c.Props {
		p := &c.Props[i]
		if unread[p.Name] {
			continue
		}
		at, known := column[p.Name]
		if !known {
			at = len(ix.columns)
			column[p.Name] = at
			field := fieldOf(p.Name)
			ix.columns = append(ix.columns, connectors.Column{Name: p.Name, Field: field, Why: "layout"})
		}
		col := &ix.columns[at]
		if len(col.Samples) == 3 || ix.rows > sampled || p.Binary() {
			continue
		}
		text := short(strings.Join(strings.Fields(strings.Join(p.Parts(), " ")), " "))
		if text != "" && !slices.Contains(col.Samples, text) {
			col.Samples = append(col.Samples, text)
		}
	}
}

func isGroup(c *vcard.Card) bool {
	for _, name := range []string{"KIND", "X-ADDRESSBOOKSERVER-KIND"} {
		if strings.EqualFold(strings.TrimSpace(c.Text(name)), "group") {
			return true
		}
	}
	return false
}

func (ix *index) group(n int64, c *vcard.Card) {
	name := groupName(c)
	for i := range c.Props {
		p := &c.Props[i]
		if p.Name != "MEMBER" && p.Name != "X-ADDRESSBOOKSERVER-MEMBER" {
			continue
		}
		ix.members[n]++
		if m := memberKey(p.Text()); name != "" && m != "" && !slices.Contains(ix.groups[m], name) {
			ix.groups[m] = append(ix.groups[m], name)
		}
	}
}

func groupName(c *vcard.Card) string {
	if name := oneLine(c.Text("FN")); name != "" {
		return name
	}
	if p := c.First("N"); p != nil {
		return oneLine(strings.Join(p.Parts(), " "))
	}
	return ""
}

// memberKey folds how groups name their members.
func memberKey(s string) string { return strings.ToLower(cleanUID(s)) }

// cleanUID leaves out what only some exports of the same card have.
func cleanUID(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 9 && strings.EqualFold(s[:9], "urn:uuid:") {
		s = s[9:]
	}
	return s
}

// keyOf gives what makes a card one of a kind: its UID, else its first e-mail address in lower case,
// else nothing (then its content is its key).
func keyOf(c *vcard.Card) (string, connectors.Keyed) {
	for _, name := range []string{"UID", "X-ABUID"} {
		if id := strings.TrimSuffix(cleanUID(c.Text(name)), ":ABPerson"); id != "" {
			return id, connectors.KeyedID
		}
	}
	for i := range c.Props {
		if p := &c.Props[i]; p.Name == "EMAIL" {
			if e, ok := parseEmail(p.Text()); ok {
				return strings.ToLower(e), connectors.KeyedEmail
			}
		}
	}
	return "", connectors.KeyedContent
}

// fleeting are properties that change without the card.
func fleeting(p *vcard.Property) bool {
	switch p.Name {
	case "REV", "PRODID", "VERSION":
		return true
	}
	return p.Binary()
}

// fingerprintOf tells one card from another within a source.
func fingerprintOf(c *vcard.Card) (sum [16]byte) {
	h := sha256.New()
	for i := range c.Props {
		if p := &c.Props[i]; !fleeting(p) {
			h.Write(p.Raw())
		}
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

// contentID is a hash of what a card says, the same however it is written: folding, encoding, line
// ends, the order of properties and the photo do not matter.
func contentID(c *vcard.Card) string {
	var lines []string
	for i := range c.Props {
		p := &c.Props[i]
		if fleeting(p) {
			continue
		}
		if text := strings.TrimSpace(strings.Join(p.Parts(), "\x01")); strings.Trim(text, "\x01") != "" {
			lines = append(lines, p.Name+"\x00"+text)
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\x02")))
	return "h:" + hex.EncodeToString(sum[:10])
}
