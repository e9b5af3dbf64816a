package vcard

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/card"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// pageCards is how many cards a page has.
const pageCards = 200

// maxRaw bounds what is kept of a card that was set aside.
const maxRaw = 64 << 10

// cursor is a place between two cards.
type cursor struct {
	part int
	at   vcard.Pos
	done int64 // cards told so far
	mark string
}

func (c cursor) String() string {
	return fmt.Sprintf("1 %d %d %d %d %s", c.part, c.at.Offset, c.at.Line, c.done, c.mark)
}

func parseCursor(text connectors.Cursor, parts int) (c cursor, err error) {
	var version int
	n, err := fmt.Sscanf(string(text), "%d %d %d %d %d %s", &version, &c.part, &c.at.Offset, &c.at.Line, &c.done, &c.mark)
	if err != nil || n != 6 || version != 1 || c.part < 0 || c.part >= parts || c.at.Offset < 0 || c.at.Line < 1 || c.done < 0 {
		return c, &connectors.Error{Class: connectors.CursorExpired, Text: "this reading cannot be continued; it starts over"}
	}
	return c, nil
}

// Pull returns about 200 cards.
func (c *connection) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	l, err := c.load(ctx)
	if err != nil {
		return connectors.Page{}, err
	}
	if kind != connectors.Contact {
		return connectors.Page{Next: from}, nil
	}
	at := cursor{at: l.parts[0].shape.Start, mark: l.mark}
	if from != "" {
		if at, err = parseCursor(from, len(l.parts)); err != nil {
			return connectors.Page{}, err
		}
		if at.mark != l.mark || at.at.Offset > l.parts[at.part].size {
			return connectors.Page{}, &connectors.Error{Class: connectors.CursorExpired, Text: base(c.path) + " has changed since reading began; it is read from the start"}
		}
	}
	return l.page(ctx, at, c.env.OpenFile)
}

func (l *loaded) page(ctx context.Context, at cursor, open opener) (connectors.Page, error) {
	b := &builder{ix: l.index, done: at.done}
	for b.page.Told < pageCards && b.done < l.index.rows {
		if err := b.part(ctx, &l.parts[at.part], &at, open); err != nil {
			return connectors.Page{}, err
		}
		if b.page.Told < pageCards && b.done < l.index.rows {
			if at.part+1 == len(l.parts) {
				return connectors.Page{}, unreadable(l.parts[at.part].name, io.ErrUnexpectedEOF)
			}
			at.part++
			at.at = l.parts[at.part].shape.Start
		}
	}
	at.done = b.done
	b.page.Total, b.page.Done = l.index.rows, b.done
	b.page.More = b.done < l.index.rows
	b.page.Next = connectors.Cursor(at.String())
	return b.page, nil
}

// builder makes one page.
type builder struct {
	ix   *index
	file string
	done int64
	page connectors.Page
}

// part reads on in one file, to its end or the page's.
func (b *builder) part(ctx context.Context, p *part, at *cursor, open opener) error {
	src, err := open(ctx, p.path)
	if err != nil {
		return err
	}
	defer src.Close()
	b.file = p.name
	r := vcard.NewReader(src, p.shape, at.at)
	for b.page.Told < pageCards {
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
		b.card(c)
		b.done++
		at.at = c.End
	}
	return nil
}

func (b *builder) card(c *vcard.Card) {
	b.page.Told++
	at := where(b.file, c.Start.Line)
	switch c.Problem {
	case vcard.TooLong:
		b.aside(c, "", "the card is longer than 32 MB")
		return
	case vcard.Cut:
		b.aside(c, "", "the file ends in the middle of this card; export it again, or complete the card up to END:VCARD")
		return
	}
	if card.IsGroup(c) {
		b.page.Joined++
		reason := fmt.Sprintf("%q is a group, no person; its members in this file carry it as a tag", card.Short(card.GroupName(c)))
		if b.ix.members[b.done] == 0 {
			reason = fmt.Sprintf("%q is a group, no person, and names no members", card.Short(card.GroupName(c)))
		}
		b.kept(c.Start.Line, "KIND", reason)
		return
	}
	twice, isTwice := b.ix.again[b.done]
	if isTwice && twice.same {
		b.page.Joined++
		return
	}
	before := len(b.page.Rejected)
	rec, known := card.Read(c, card.Context{Told: b.kept, Groups: func(member string) []string { return b.ix.groups[member] }})
	if !known {
		b.drop(before)
		b.aside(c, "", "the card has no name, company, e-mail address, phone number or handle")
		return
	}
	key, keyed := card.Key(c)
	if isTwice && keyed == connectors.KeyedID {
		line := c.Start.Line
		if p := c.First("UID"); p != nil {
			line = p.Line
		}
		b.kept(line, "UID", fmt.Sprintf("%q stands in %s already, on another card", card.Short(key), twice.where))
	}
	if isTwice || keyed == connectors.KeyedContent {
		key, keyed = card.ContentID(c), connectors.KeyedContent
	}
	rec.ID, rec.Keyed = key, keyed
	b.page.Changes = append(b.page.Changes, connectors.Change{Record: rec, Where: at})
}

// kept tells what could not be read of a card that was read otherwise.
func (b *builder) kept(line int64, field, reason string) {
	b.page.Rejected = append(b.page.Rejected, connectors.Rejected{Where: where(b.file, line), Field: field, Reason: reason, Kept: true})
}

// drop takes back what was told of a card's properties: all of it is set aside.
func (b *builder) drop(to int) { b.page.Rejected = b.page.Rejected[:to] }

// setAside is Rejected.Context.
type setAside struct {
	File string `json:"file"`
	Line int64  `json:"line"`
}

func (b *builder) aside(c *vcard.Card, field, reason string) {
	raw := c.Shown(maxRaw)
	context, err := json.Marshal(setAside{b.file, c.Start.Line})
	if err != nil {
		context = nil // a text and a number: cannot fail
	}
	b.page.Rejected = append(b.page.Rejected, connectors.Rejected{
		Where: where(b.file, c.Start.Line), Field: field, Reason: reason, Raw: raw, Context: string(context)})
}

// Reread reads a card that was set aside after a person corrected it. Lines without BEGIN and END
// are taken as one card.
func (c *connection) Reread(ctx context.Context, rejected, raw string) (connectors.Page, error) {
	return Reread(ctx, rejected, raw)
}

// Reread does what a connection's Reread does; it needs no connection.
func Reread(ctx context.Context, rejected, raw string) (connectors.Page, error) {
	var s setAside
	if err := json.Unmarshal([]byte(rejected), &s); err != nil {
		return connectors.Page{}, invalid("what was kept beside this card cannot be read; import the file again")
	}
	if strings.TrimSpace(raw) == "" {
		return connectors.Page{}, invalid("the card is empty")
	}
	if !strings.Contains(strings.ToUpper(raw), "BEGIN:VCARD") {
		raw = "BEGIN:VCARD\n" + raw + "\nEND:VCARD"
	}
	file := memory{strings.NewReader(raw)}
	parts := []part{{name: s.File, size: file.Size(), shape: vcard.Shape{Encoding: vcard.Decoded, Start: vcard.Pos{Line: max(s.Line, 1)}}}}
	again := func(ctx context.Context, _ string) (connectors.File, error) { return connectors.Until(ctx, file), nil }
	ix, err := buildIndex(ctx, parts, again)
	if err != nil {
		return connectors.Page{}, err
	}
	l := &loaded{parts: parts, index: ix, mark: "again"}
	page, err := l.page(ctx, cursor{at: parts[0].shape.Start, mark: l.mark}, again)
	page.Next, page.More = "", false
	return page, err
}

type memory struct{ *strings.Reader }

func (memory) Close() error { return nil }

// where says where something stands: "contacts.vcf:1,204".
func where(file string, line int64) string {
	s := strconv.FormatInt(line, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return file + ":" + s
}
