package carddav

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/card"
	"github.com/keptcrm/kept/connectors/format/vcard"
	"github.com/keptcrm/kept/connectors/rest"
)

// Push writes one card and reads it back: servers store cards in their own way.
func (c *connection) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	h, err := c.at0(ctx)
	if err != nil {
		return connectors.Record{}, err
	}
	at := ""
	if in.Record.ID == "" {
		at, err = c.create(ctx, h, in)
	} else {
		at, err = c.update(ctx, h, in)
	}
	if err != nil {
		return connectors.Record{}, err
	}
	cards, err := c.multiget(ctx, h, at[:strings.LastIndexByte(at, '/')+1], []string{at})
	if err != nil {
		return connectors.Record{}, &connectors.Error{Class: connectors.Ambiguous, Text: fmt.Sprintf("%s took the card, but it could not be read back: %v", h.server.base.Hostname(), err), Cause: err}
	}
	rec, ok := c.record(h, cards[at])
	if !ok {
		return connectors.Record{}, failed(connectors.Ambiguous, "%s took the card, and does not have it now; somebody may have deleted it", h.server.base.Hostname())
	}
	c.compare(in, rec)
	return rec, nil
}

// into gives the book that new cards go to. It is looked for once: a card is written every few
// milliseconds.
func (c *connection) into(ctx context.Context, h *home) (book, error) {
	c.mu.Lock()
	known := c.newIn
	c.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	books, err := c.list(ctx, h)
	if err != nil {
		return book{}, err
	}
	b, err := c.target(books)
	if err == nil {
		c.mu.Lock()
		c.newIn = &b
		c.mu.Unlock()
	}
	return b, err
}

// record reads one card that was asked for.
func (c *connection) record(h *home, e entry) (connectors.Record, bool) {
	if e.data == nil || e.gone {
		return connectors.Record{}, false
	}
	b := &builder{h: h, entries: []entry{e}}
	b.build()
	if len(b.page.Changes) == 0 {
		return connectors.Record{}, false
	}
	return b.page.Changes[0].Record, true
}

// compare says once of a connection that its server keeps something else than what was written. Which
// field it is tells nothing of a person.
func (c *connection) compare(in connectors.Intent, got connectors.Record) {
	for _, f := range in.Changed {
		if !slices.EqualFunc(texts(in.Record, f), texts(got, f), func(a, b string) bool { return card.OneLine(a) == card.OneLine(b) }) {
			c.mu.Lock()
			said := c.unwritten
			c.unwritten = true
			c.mu.Unlock()
			if !said {
				c.env.Warn("the address book does not keep every value of %s as it was written; what it keeps is taken over", strings.ReplaceAll(f, "_", " "))
			}
			return
		}
	}
}

func texts(r connectors.Record, field string) []string {
	var out []string
	for _, f := range r.Fields {
		for _, v := range f.Values {
			if f.Name == field && len(v.Parts) == 0 && strings.TrimSpace(v.Text) != "" {
				out = append(out, v.Text)
			}
		}
	}
	return out
}

// uidOf makes the UID of a card that an intent creates, always the same for the same key.
func uidOf(in connectors.Intent) string {
	sum := sha256.Sum256([]byte("kept card " + cmp.Or(in.Key, in.ID)))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0F|0x80, b[8]&0x3F|0x80 // RFC 9562, version 8
	x := hex.EncodeToString(b)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// create writes a new card. One that is there under the same UID was written by the same intent.
func (c *connection) create(ctx context.Context, h *home, in connectors.Intent) (string, error) {
	into, err := c.into(ctx, h)
	if err != nil {
		return "", err
	}
	uid := uidOf(in)
	at := into.path + uid + ".vcf"
	x, err := card.New(uid, in.Record)
	if err != nil {
		return "", err
	}
	a, err := c.put(ctx, h, at, "If-None-Match", "*", x.Bytes())
	if connectors.ClassOf(err) == connectors.NotFound && err != nil {
		c.mu.Lock()
		c.newIn = nil
		c.mu.Unlock()
	}
	if err == nil || a.Status != http.StatusPreconditionFailed || connectors.ClassOf(err) != connectors.Conflict {
		return at, err
	}
	cards, missing := c.multiget(ctx, h, into.path, []string{at})
	if missing != nil {
		return "", missing
	}
	if e := cards[at]; e.data != nil {
		if there := vcard.ParseText(*e.data); len(there) > 0 && strings.TrimSpace(there[0].Text("UID")) == uid {
			return at, nil
		}
	}
	return "", failed(connectors.Conflict, "%s has another card at the address that the new one would get", h.server.base.Hostname())
}

// update changes the lines of a card that hold the changed fields.
func (c *connection) update(ctx context.Context, h *home, in connectors.Intent) (string, error) {
	at := h.path(in.Record.ID)
	a, err := h.server.rest.Do(ctx, rest.Request{Path: h.server.at(at).String(), Any: true, Stay: true, Header: http.Header{"Accept": {"text/vcard"}}}, nil)
	if err != nil {
		if isGone(a.Status) {
			return "", failed(connectors.NotFound, "%s is not in the address book any more", in.Record.ID)
		}
		return "", err
	}
	cards := vcard.Parse(a.Body)
	if len(cards) != 1 {
		return "", invalid("%s holds %d cards, not one; correct it in the address book first", in.Record.ID, len(cards))
	}
	x := cards[0]
	before := string(x.Bytes())
	if err := card.Edit(x, in.Record, in.Changed); err != nil {
		return "", err
	}
	expect := cmp.Or(string(in.Expect), a.Header.Get("ETag"))
	if string(x.Bytes()) == before {
		return at, c.same(ctx, h, at, expect)
	}
	a, err = c.put(ctx, h, at, "If-Match", cmp.Or(expect, "*"), x.Bytes())
	if connectors.ClassOf(err) == connectors.Conflict && a.Status == http.StatusPreconditionFailed {
		return "", failed(connectors.Conflict, "%s was changed in the address book in the meantime", in.Record.ID)
	}
	return at, err
}

// same holds that a card which needs no change is still the one that was planned for.
func (c *connection) same(ctx context.Context, h *home, at, expect string) error {
	cards, err := c.multiget(ctx, h, at[:strings.LastIndexByte(at, '/')+1], []string{at})
	if err != nil {
		return err
	}
	if e := cards[at]; expect != "" && e.etag != "" && e.etag != expect {
		return failed(connectors.Conflict, "%s was changed in the address book in the meantime", h.id(at))
	}
	return nil
}

// put stores a card under a condition.
func (c *connection) put(ctx context.Context, h *home, at, condition, etag string, text []byte) (rest.Answer, error) {
	a, err := h.server.rest.Do(ctx, rest.Request{
		Method: http.MethodPut, Path: h.server.at(at).String(), Any: true, Stay: true, Body: text,
		Header: http.Header{"Content-Type": {"text/vcard; charset=utf-8"}, condition: {etag}},
		Whole: func(a rest.Answer) error {
			if a.Status != http.StatusMultiStatus {
				return nil
			}
			_, err := parse(a.Body)
			return err
		},
	}, nil)
	switch {
	case err != nil && a.Status == http.StatusInsufficientStorage:
		return a, failed(connectors.Invalid, "the account at %s is full", h.server.base.Hostname())
	case err != nil && (a.Status == http.StatusNotFound || a.Status == http.StatusConflict) && preconditions(a.Body) == nil:
		return a, failed(connectors.NotFound, "%s has no address book at %s any more", h.server.base.Hostname(), at[:strings.LastIndexByte(at, '/')])
	case err != nil && a.Status == http.StatusForbidden && connectors.ClassOf(err) == connectors.Forbidden:
		return a, failed(connectors.Forbidden, "%s does not let you write into this address book; have its owner share it for writing", h.server.base.Hostname())
	case err != nil || a.Status != http.StatusMultiStatus:
		return a, err
	}
	// Some say 207 and mean that they did not store it.
	ms, err := parse(a.Body)
	if err != nil {
		return a, failed(connectors.Ambiguous, "%s gave only half an answer; whether the card was written is not known", h.server.base.Hostname())
	}
	for _, r := range ms.Responses {
		n := code(r.Status)
		for _, s := range r.Propstats {
			n = max(n, code(s.Status))
		}
		if n < 300 {
			continue
		}
		if a.Status = n; n == http.StatusPreconditionFailed && !r.refuses() {
			return a, failed(connectors.Conflict, "at %s this card was changed in the meantime", h.server.base.Hostname())
		}
		return a, failed(connectors.Invalid, "%s does not store this card (%d); its content may be damaged, look at the contact there", h.server.base.Hostname(), n)
	}
	return a, nil
}

// refuses says whether a response names content as what is wrong.
func (r *response) refuses() bool {
	if r.Error != nil {
		for _, x := range r.Error.Any {
			if strings.HasPrefix(x.XMLName.Local, "valid-") || strings.HasPrefix(x.XMLName.Local, "supported-") {
				return true
			}
		}
	}
	return false
}

// Delete removes a card, if it is the version that was seen.
func (c *connection) Delete(ctx context.Context, in connectors.Intent) error {
	h, err := c.at0(ctx)
	if err != nil {
		return err
	}
	at := h.path(in.Record.ID)
	header := http.Header{}
	if in.Expect != "" {
		header.Set("If-Match", string(in.Expect))
	}
	a, err := h.server.rest.Do(ctx, rest.Request{Method: http.MethodDelete, Path: h.server.at(at).String(), Any: true, Stay: true, Header: header}, nil)
	switch {
	case err != nil && isGone(a.Status):
		return nil
	case err != nil && a.Status == http.StatusPreconditionFailed:
		// Some say so of what is not there.
		cards, ask := c.multiget(ctx, h, at[:strings.LastIndexByte(at, '/')+1], []string{at})
		if ask != nil {
			return ask
		}
		if e, told := cards[at]; told && e.gone {
			return nil
		}
		return failed(connectors.Conflict, "%s was changed in the address book in the meantime", in.Record.ID)
	case err != nil || a.Status != http.StatusMultiStatus:
		return err
	}
	ms, err := parse(a.Body)
	if err != nil {
		return failed(connectors.Ambiguous, "%s gave only half an answer; whether the card was deleted is not known", h.server.base.Hostname())
	}
	for _, r := range ms.Responses {
		if n := code(r.Status); n >= 300 && !isGone(n) {
			return failed(connectors.Forbidden, "%s did not delete the card (%d)", h.server.base.Hostname(), n)
		}
	}
	return nil
}

// Find looks for the card that an intent would have created or changed.
func (c *connection) Find(ctx context.Context, in connectors.Intent) (connectors.Record, bool, error) {
	h, err := c.at0(ctx)
	if err != nil {
		return connectors.Record{}, false, err
	}
	var candidates []string
	if in.Record.ID != "" {
		candidates = []string{h.path(in.Record.ID)}
	} else {
		books, err := c.list(ctx, h)
		if err != nil {
			return connectors.Record{}, false, err
		}
		for _, b := range books {
			candidates = append(candidates, b.path+uidOf(in)+".vcf")
		}
	}
	for _, at := range candidates {
		cards, err := c.multiget(ctx, h, at[:strings.LastIndexByte(at, '/')+1], []string{at})
		if connectors.ClassOf(err) == connectors.NotFound && err != nil {
			continue
		}
		if err != nil {
			return connectors.Record{}, false, err
		}
		if rec, ok := c.record(h, cards[at]); ok {
			return rec, true, nil
		}
		if e, told := cards[at]; !told || !e.gone {
			return connectors.Record{}, false, failed(connectors.Transient, "%s does not say whether it has this card; try again later", h.server.base.Hostname())
		}
	}
	return connectors.Record{}, false, nil
}
