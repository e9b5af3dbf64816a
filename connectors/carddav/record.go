package carddav

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/card"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// maxRaw bounds what is kept of a card that was set aside.
const maxRaw = 64 << 10

// builder makes a page of entries.
type builder struct {
	c       *connection
	h       *home
	entries []entry
	lost    int // were told, and were gone when they were asked for
	page    connectors.Page
}

// add takes entries in. What is gone, and was never told as there, is told all the same: whoever reads
// knows what he has.
func (b *builder) add(_ *state, list []entry) { b.entries = append(b.entries, list...) }

// fill asks for the cards that did not come with the changes, book by book.
func (b *builder) fill(ctx context.Context) error {
	byBook := map[string][]string{}
	var order []string
	for _, e := range b.entries {
		if e.data != nil || e.gone || e.status != 0 {
			continue
		}
		at := e.path[:strings.LastIndexByte(e.path, '/')+1]
		if len(byBook[at]) == 0 {
			order = append(order, at)
		}
		byBook[at] = append(byBook[at], e.path)
	}
	if len(order) == 0 {
		return nil
	}
	got := map[string]entry{}
	for _, at := range order {
		cards, err := b.c.multiget(ctx, b.h, at, byBook[at])
		if err != nil {
			return err
		}
		for p, e := range cards {
			got[p] = e
		}
	}
	kept := b.entries[:0]
	for _, e := range b.entries {
		if e.data == nil && !e.gone && e.status == 0 {
			x, told := got[e.path]
			switch {
			case !told:
				x = entry{path: e.path, etag: e.etag, status: -1}
			case x.gone: // the next pull tells it
				b.lost++
				continue
			case x.data == nil && x.status == 0:
				x.status = -1
			}
			e = x
		}
		kept = append(kept, e)
	}
	b.entries = kept
	return nil
}

func (b *builder) build() {
	for _, e := range b.entries {
		b.page.Told++
		b.one(e)
	}
}

func (b *builder) one(e entry) {
	id := b.h.id(e.path)
	switch {
	case e.gone:
		b.page.Changes = append(b.page.Changes, connectors.Change{Gone: true, Where: id, Record: connectors.Record{Kind: connectors.Contact, ID: id, Keyed: connectors.KeyedID}})
		return
	case e.status == http.StatusRequestEntityTooLarge:
		b.aside(e, id, "the card is longer than "+strconv.FormatInt(shipped.answer>>20, 10)+" MB; its photo may be too large", id)
		return
	case e.status > 0:
		b.aside(e, id, fmt.Sprintf("the server does not give this card (%d); look at it there", e.status), id)
		return
	case e.status < 0 || e.data == nil:
		b.aside(e, id, "the server lists this card and does not give it; look at it there", id)
		return
	}
	b.text(e, id, *e.data)
}

// text reads what a server holds under one address.
func (b *builder) text(e entry, id, text string) {
	cards := vcard.ParseText(text)
	if len(cards) == 0 {
		b.aside(e, id, "this is no card", text)
		return
	}
	c := cards[0]
	switch c.Problem {
	case vcard.TooLong:
		b.aside(e, id, "the card is longer than 32 MB", text)
		return
	case vcard.Cut:
		b.aside(e, id, "the card ends in the middle; complete it up to END:VCARD, or save the contact again there", text)
		return
	}
	told := len(b.page.Rejected)
	kept := func(line int64, field, reason string) {
		b.page.Rejected = append(b.page.Rejected, connectors.Rejected{Where: fmt.Sprintf("%s:%d", id, line), Field: field, Reason: reason, Kept: true})
	}
	if card.IsGroup(c) {
		b.page.Joined++
		kept(c.Start.Line, "KIND", fmt.Sprintf("%q is a group, no person; it tags nobody here", card.Short(card.GroupName(c))))
		return
	}
	rec, known := card.Read(c, card.Context{Told: kept})
	if !known {
		b.page.Rejected = b.page.Rejected[:told]
		b.aside(e, id, "the card has no name, company, e-mail address, phone number or handle", text)
		return
	}
	if len(cards) > 1 {
		kept(cards[1].Start.Line, "", fmt.Sprintf("%d cards stand under one address; the first was read", len(cards)))
	}
	if uid := c.First("UID"); uid != nil && b.c != nil {
		if other := b.c.first(strings.TrimSpace(uid.Text()), id); other != id {
			kept(uid.Line, "UID", fmt.Sprintf("%q stands in %s already, on another card; remove one of the two, or give one of them another UID", card.Short(uid.Text()), other))
		}
	}
	rec.ID, rec.Keyed, rec.Version = id, connectors.KeyedID, connectors.Version(e.etag)
	b.page.Changes = append(b.page.Changes, connectors.Change{Record: rec, Where: id})
}

// first gives the card that told a UID first.
func (c *connection) first(uid, id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if other, ok := c.firstOf[uid]; ok && uid != "" {
		return other
	}
	c.firstOf[uid] = id
	return id
}

// setAside is Rejected.Context.
type setAside struct {
	ID   string `json:"id"`
	ETag string `json:"etag"`
}

func (b *builder) aside(e entry, id, reason, raw string) {
	if cards := vcard.ParseText(raw); len(cards) > 0 {
		raw = cards[0].Shown(maxRaw)
	}
	if len(raw) > maxRaw {
		raw = raw[:maxRaw]
	}
	if raw = strings.ToValidUTF8(strings.ReplaceAll(raw, "\x00", ""), ""); strings.TrimSpace(raw) == "" {
		raw = id
	}
	context, err := json.Marshal(setAside{id, e.etag})
	if err != nil {
		context = nil // two texts: cannot fail
	}
	b.page.Rejected = append(b.page.Rejected, connectors.Rejected{Where: id, Reason: reason, Raw: raw, Context: string(context)})
}

// Reread reads a card that was set aside after a person corrected it; it asks no server. Lines without
// BEGIN and END are taken as one card.
func (c *connection) Reread(_ context.Context, rejected, raw string) (connectors.Page, error) {
	var s setAside
	if err := json.Unmarshal([]byte(rejected), &s); err != nil || s.ID == "" {
		return connectors.Page{}, invalid("what was kept beside this card cannot be read; read the address book anew")
	}
	if strings.TrimSpace(raw) == "" {
		return connectors.Page{}, invalid("the card is empty")
	}
	if !strings.Contains(strings.ToUpper(raw), "BEGIN:VCARD") {
		raw = "BEGIN:VCARD\n" + raw + "\nEND:VCARD\n"
	}
	b := &builder{}
	b.page.Told = 1
	b.text(entry{etag: s.ETag}, s.ID, raw)
	return b.page, nil
}
