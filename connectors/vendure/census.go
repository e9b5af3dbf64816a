package vendure

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// counted is how far a census has come.
type counted struct {
	Skip  int    `json:"k"`
	Last  string `json:"l"`
	Begun int    `json:"b,omitempty"`
}

// Census implements connectors.Census. It goes by number, ordered by id. Where something was deleted
// meanwhile, what follows moves up, and something would be missing that is there: that is seen by
// the last id of the page before, and the census begins anew.
func (c *connection) Census(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	if err := known(kind); err != nil {
		return connectors.CensusPage{}, err
	}
	var at counted
	if from != "" && (json.Unmarshal([]byte(from), &at) != nil || at.Skip < 0) {
		return connectors.CensusPage{}, &connectors.Error{Class: connectors.CursorExpired, Text: "how far the shop was counted cannot be understood any more; it is counted from the start"}
	}
	again := min(at.Skip, 1)
	l := lists[kind]
	rows, total, _, err := c.rows(ctx, l, l.brief, nil, map[string]any{"id": "ASC"}, at.Skip-again, c.page+again)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	if again > 0 && (len(rows) == 0 || rows[0].id != at.Last) {
		if at.Begun >= mostBegun {
			return connectors.CensusPage{}, &connectors.Error{Class: connectors.Transient, Text: "the shop changes faster than it can be counted; try again later"}
		}
		return connectors.CensusPage{Next: counted{Begun: at.Begun + 1}.text(), More: true}, nil
	}
	rows = rows[again:]
	page := connectors.CensusPage{Live: map[string]connectors.Version{}, More: len(rows) == c.page || at.Skip+len(rows) < total}
	if len(rows) == 0 && page.More {
		return connectors.CensusPage{}, &connectors.Error{Class: connectors.Transient, Text: "the shop says that there is more, and gives nothing; try again later"}
	}
	for _, r := range rows {
		if r.id == "" {
			return connectors.CensusPage{}, &connectors.Error{Class: connectors.Transient, Text: "the shop lists something without an id; try again later"}
		}
		rec, err := l.one(r.raw)
		if err != nil {
			rec.Version = ""
		}
		page.Live[r.id] = rec.Version
		at.Last = r.id
	}
	if page.More {
		page.Next = counted{Skip: at.Skip + len(rows), Last: at.Last, Begun: at.Begun}.text()
	}
	return page, nil
}

func (at counted) text() connectors.Cursor {
	b, err := json.Marshal(at)
	if err != nil {
		return "" // of plain members: never
	}
	return connectors.Cursor(b)
}

// Fetch implements connectors.Fetcher.
func (c *connection) Fetch(ctx context.Context, kind connectors.Kind, ids []string) ([]connectors.Record, error) {
	if err := known(kind); err != nil {
		return nil, err
	}
	l := lists[kind]
	var out []connectors.Record
	for some := range slices.Chunk(ids, c.page) {
		filter := map[string]any{"id": map[string]any{"in": some}}
		rows, _, _, err := c.rows(ctx, l, l.members, filter, map[string]any{"id": "ASC"}, 0, c.page)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			rec, err := l.one(r.raw)
			if err != nil || rec.ID == "" {
				return nil, &connectors.Error{Class: connectors.Transient, Text: "what the shop says of " + strings.TrimSuffix(l.member, "s") + " " + r.id + " cannot be understood"}
			}
			if slices.Contains(some, rec.ID) {
				out = append(out, rec)
			}
		}
	}
	return out, nil
}

// now gives a customer as it is; nil where there is none.
func (c *connection) now(ctx context.Context, id string) (*customer, error) {
	return c.single(ctx, map[string]any{"id": map[string]any{"eq": id}}, func(x customer) bool { return x.ID == id })
}

// byEmail gives the customer with an e-mail address; nil where there is none. Addresses are kept in
// lower case, and the filter knows no other.
func (c *connection) byEmail(ctx context.Context, email string) (*customer, error) {
	email = normalEmail(email)
	return c.single(ctx, map[string]any{"emailAddress": map[string]any{"eq": email}}, func(x customer) bool { return normalEmail(x.Email) == email })
}

func (c *connection) single(ctx context.Context, filter map[string]any, right func(customer) bool) (*customer, error) {
	rows, _, _, err := c.rows(ctx, lists[connectors.Contact], customerMembers, filter, map[string]any{"id": "ASC"}, 0, 2)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		var x customer
		if json.Unmarshal(r.raw, &x) != nil {
			return nil, &connectors.Error{Class: connectors.Transient, Text: "what the shop says of customer " + r.id + " cannot be understood"}
		}
		if x.ID != "" && right(x) {
			return &x, nil
		}
	}
	return nil, nil
}

// normalEmail writes an e-mail address as Vendure keeps it: trimmed, and in lower case where it
// looks like one.
func normalEmail(s string) string {
	s = strings.TrimSpace(s)
	local, host, ok := strings.Cut(s, "@")
	if !ok || local == "" || strings.ContainsAny(s, " \t\r\n\u00a0") || strings.Contains(host, "@") {
		return s
	}
	if i := strings.LastIndex(host, "."); i <= 0 || i == len(host)-1 {
		return s
	}
	return strings.ToLower(s)
}

// Find implements connectors.Finder: what an intent would have made has its e-mail address, what it
// would have changed stands as it wanted.
func (c *connection) Find(ctx context.Context, in connectors.Intent) (connectors.Record, bool, error) {
	if in.Record.Kind != connectors.Contact {
		return connectors.Record{}, false, onlyRead(in.Record.Kind)
	}
	if in.Record.ID == "" {
		email := first(in.Record, connectors.FieldEmail)
		if strings.TrimSpace(email) == "" {
			return connectors.Record{}, false, nil // none is made without
		}
		x, err := c.byEmail(ctx, email)
		if err != nil || x == nil {
			return connectors.Record{}, false, err
		}
		return x.record(), true, nil
	}
	x, err := c.now(ctx, in.Record.ID)
	if err != nil || x == nil {
		return connectors.Record{}, false, err
	}
	r := x.record()
	if !holdsAll(r, in) {
		return connectors.Record{}, false, nil
	}
	return r, true, nil
}

// holdsAll says whether a record of the shop has all that an intent changes.
func holdsAll(r connectors.Record, in connectors.Intent) bool {
	return !slices.ContainsFunc(in.Changed, func(field string) bool { return !equal(field, values(in.Record, field), values(r, field)) })
}

// equal says whether a field of the shop holds what was wanted, as the shop writes it.
func equal(field string, want, got []connectors.Value) bool {
	if field == connectors.FieldAddress {
		return len(want) == len(got) && !slices.ContainsFunc(want, func(w connectors.Value) bool {
			return !slices.ContainsFunc(got, func(g connectors.Value) bool { return samePlace(partsOf(w), partsOf(g)) })
		})
	}
	a, b := "", ""
	if len(want) > 0 {
		a = strings.TrimSpace(want[0].Text)
	}
	if len(got) > 0 {
		b = strings.TrimSpace(got[0].Text)
	}
	return a == b || field == connectors.FieldEmail && normalEmail(a) == b
}
