package mbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
)

// Bounds of a page: messages, and bytes of what they say.
const (
	pageLetters = 200
	pageText    = 4 << 20
)

// maxRaw bounds what is kept of a message that was set aside.
const maxRaw = 64 << 10

// cursor is a place between two messages.
type cursor struct {
	part int
	at   int64
	line int64
	n    int64 // messages passed so far
	done int64 // of them, told
	mark string
}

func (c cursor) String() string {
	return fmt.Sprintf("1 %d %d %d %d %d %s", c.part, c.at, c.line, c.n, c.done, c.mark)
}

func parseCursor(text connectors.Cursor, parts []part) (c cursor, err error) {
	var version int
	n, err := fmt.Sscanf(string(text), "%d %d %d %d %d %d %s", &version, &c.part, &c.at, &c.line, &c.n, &c.done, &c.mark)
	if err != nil || n != 7 || version != 1 || c.part < 0 || c.part > len(parts) || c.at < 0 || c.line < 1 || c.n < 0 || c.done < 0 ||
		c.part < len(parts) && c.at > parts[c.part].size {
		return c, &connectors.Error{Class: connectors.CursorExpired, Text: "this reading cannot be continued; it starts over"}
	}
	return c, nil
}

// Pull returns at most 200 messages.
func (c *connection) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if kind != connectors.MessageKind {
		return connectors.Page{Next: from}, nil
	}
	l, err := c.load(ctx, from == "")
	if err != nil {
		return connectors.Page{}, err
	}
	at := cursor{line: 1, mark: l.mark}
	if from != "" {
		if at, err = parseCursor(from, l.parts); err == nil && at.mark != l.mark {
			err = expired(base(c.path))
		}
	}
	var page connectors.Page
	if err == nil {
		page, err = l.page(ctx, at, c.skip, c.env.OpenFile)
	}
	if connectors.ClassOf(err) == connectors.CursorExpired {
		c.forget()
	}
	if err == nil && from == "" {
		page.Rejected = append(leftWords(base(c.path), l.left), page.Rejected...)
	}
	return page, err
}

// leftWords tells what is left out.
func leftWords(source string, all []left) []connectors.Rejected {
	var out []connectors.Rejected
	for _, l := range all {
		in := map[mail.Place]string{mail.Drafts: "drafts", mail.Spam: "spam", mail.Trash: "the trash"}[l.place]
		r := connectors.Rejected{Where: source + "/" + l.name, Field: "Folder", Kept: true, Reason: fmt.Sprintf("the folder is %s and is left out; --skip none reads it", in)}
		if l.count > 0 {
			r.Where = source
			r.Reason = fmt.Sprintf("%d messages are %s and are left out; --skip none reads them", l.count, map[mail.Place]string{mail.Drafts: "drafts", mail.Spam: "spam", mail.Trash: "in the trash"}[l.place])
		}
		out = append(out, r)
	}
	return out
}

func (l *loaded) page(ctx context.Context, at cursor, skip map[mail.Place]bool, open opener) (connectors.Page, error) {
	b := &builder{ix: l.index, skip: skip}
	for !b.full() && at.done < l.index.rows {
		if at.part >= len(l.parts) {
			return connectors.Page{}, expired(l.parts[len(l.parts)-1].name)
		}
		p := &l.parts[at.part]
		ended, err := b.part(ctx, p, &at, open)
		if err != nil {
			return connectors.Page{}, err
		}
		if ended && at.done < l.index.rows {
			at.part, at.at, at.line = at.part+1, 0, 1
		}
	}
	b.page.Total, b.page.Done = l.index.rows, at.done
	b.page.More = at.done < l.index.rows
	b.page.Next = connectors.Cursor(at.String())
	return b.page, nil
}

// builder makes one page.
type builder struct {
	ix   *index
	skip map[mail.Place]bool
	text int
	page connectors.Page
}

func (b *builder) full() bool { return b.page.Told >= pageLetters || b.text >= pageText }

// part reads on in one file, to its end or the page's.
func (b *builder) part(ctx context.Context, p *part, at *cursor, open opener) (ended bool, err error) {
	src, err := open(ctx, p.path)
	if connectors.ClassOf(err) == connectors.NotFound {
		return false, expired(p.name)
	}
	if err != nil {
		return false, err
	}
	defer src.Close()
	if src.Size() != p.size {
		return false, expired(p.name)
	}
	s := newScanner(src, p.size, p.single, at.at, at.line)
	for !b.full() {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		l, err := s.next()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, unreadable(p.name, err)
		}
		before := b.page.Told
		if err := b.letter(p, at.n, l, src); err != nil {
			return false, err
		}
		at.at, at.line = l.end, l.endLine
		at.n++
		at.done += int64(b.page.Told - before)
	}
	return false, nil
}

func (b *builder) letter(p *part, n int64, l *letter, src io.ReaderAt) error {
	if l.cutShort {
		return b.aside(p, l, src, "the file ends in the middle of this message's headers; export it again")
	}
	h, body := mail.ReadHeader(l.raw)
	if !h.IsMail() {
		return b.aside(p, l, src, "it has no headers that a message has")
	}
	head := h.Message()
	if leftOut(p, h, head, b.skip) != "" {
		return nil
	}
	b.page.Told++
	twice, isTwice := b.ix.again[n]
	if isTwice && twice.same {
		b.page.Joined++
		return nil
	}
	m, err := mail.Parse(l.raw)
	if err != nil {
		m = head // it has the headers of a message, so it is one
	}
	at := where(p, l.line)
	if m.Date.IsZero() {
		m.Date = l.arrived()
	}
	rec := connectors.Record{Kind: connectors.MessageKind, ID: m.ID, Keyed: connectors.KeyedID, Created: m.Date}
	if m.ID == "" || isTwice {
		rec.ID, rec.Keyed = contentKey(h, body), connectors.KeyedContent
	}
	rec.Message = m.Data(p.folder)
	rec.Message.Sent = isSent(p, m)
	if rec.Message.Draft = p.draft || p.place == mail.Drafts || mail.PlaceOfLabels(m.Labels) == mail.Drafts; rec.Message.Draft {
		rec.Message.Sent = false
	}
	if t, ok := b.ix.threads[n]; ok {
		rec.Message.Thread = t
	} else if rec.Message.Thread = m.Root(); rec.Message.Thread == "" {
		rec.Message.Thread = rec.ID
	}
	if isTwice {
		b.page.Rejected = append(b.page.Rejected, m.Partly(at, "Message-ID", fmt.Sprintf("its Message-ID is in %s already, on another message", twice.where)))
	}
	b.page.Rejected = append(b.page.Rejected, m.Troubles(at)...)
	b.text += 1<<10 + len(m.Text) + len(m.Quoted) + len(m.Signature)
	b.page.Changes = append(b.page.Changes, connectors.Change{Record: rec, Where: at})
	return nil
}

// setAside is Rejected.Context.
type setAside struct {
	Name   string `json:"name"`
	Folder string `json:"folder,omitempty"`
	Line   int64  `json:"line"`
	Single bool   `json:"single,omitempty"`
}

func (b *builder) aside(p *part, l *letter, src io.ReaderAt, reason string) error {
	b.page.Told++
	raw := make([]byte, min(maxRaw, l.end-l.start))
	if n, err := src.ReadAt(raw, l.start); n < len(raw) {
		return unreadable(p.name, err)
	}
	text := mail.Text(raw, "")
	for len(text) > maxRaw || strings.HasSuffix(text, "\uFFFD") && len(raw) == maxRaw {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		text = "(nothing)"
	}
	context, err := json.Marshal(setAside{p.name, p.folder, l.line, p.single})
	if err != nil {
		context = nil // texts and a number: cannot fail
	}
	b.page.Rejected = append(b.page.Rejected, connectors.Rejected{Where: where(p, l.line), Reason: reason, Raw: text, Context: string(context)})
	return nil
}

// Reread reads a message that was set aside after a person corrected it.
func (c *connection) Reread(ctx context.Context, rejected, raw string) (connectors.Page, error) {
	var s setAside
	if err := json.Unmarshal([]byte(rejected), &s); err != nil {
		return connectors.Page{}, invalid("what was kept beside this message cannot be read; import the file again")
	}
	if strings.TrimSpace(raw) == "" {
		return connectors.Page{}, invalid("the message is empty")
	}
	raw = strings.TrimSuffix(raw, "\n") + "\n"
	file := memory{strings.NewReader(raw)}
	single := contentOf([]byte(raw[:min(len(raw), enough)])) != isMbox
	parts := []part{{name: s.Name, folder: s.Folder, place: mail.PlaceOf(s.Folder), single: single}}
	again := func(ctx context.Context, _ string) (connectors.File, error) { return connectors.Until(ctx, file), nil }
	ix, err := buildIndex(ctx, parts, nil, again)
	if err != nil {
		return connectors.Page{}, err
	}
	l := &loaded{parts: parts, index: ix, mark: "again"}
	page, err := l.page(ctx, cursor{line: 1, mark: l.mark}, nil, again)
	for i := range page.Changes {
		page.Changes[i].Where = where(&part{name: s.Name, single: s.Single}, s.Line)
	}
	for i := range page.Rejected {
		page.Rejected[i].Where = where(&part{name: s.Name, single: s.Single}, s.Line)
	}
	page.Next, page.More = "", false
	return page, err
}

type memory struct{ *strings.Reader }

func (memory) Close() error { return nil }

// where says where a message stands: "Sent.mbox:1,204"; a file that is one message is enough by itself.
func where(p *part, line int64) string {
	if p.single {
		return p.name
	}
	s := strconv.FormatInt(line, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return p.name + ":" + s
}
