package vendure

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// list is how a kind is listed.
type list struct {
	member  string // of Query
	options string // the type of its options
	members string // what a pull asks of each
	brief   string // what a census asks of each
	filter  map[string]any
	one     func(raw json.RawMessage) (connectors.Record, error)
}

var lists = map[connectors.Kind]list{
	connectors.Contact: {member: "customers", options: "CustomerListOptions", members: customerMembers, brief: customerMembers, one: oneContact},
	// Drafts and carts are no orders yet. "active" does not say it: a draft is as inactive as what was
	// paid. What was placed has the time when it was.
	connectors.Order: {member: "orders", options: "OrderListOptions", members: orderMembers, brief: orderBrief, one: oneOrder,
		filter: map[string]any{"active": map[string]any{"eq": false}, "orderPlacedAt": map[string]any{"isNull": false}}},
}

func oneContact(raw json.RawMessage) (connectors.Record, error) {
	var c customer
	err := json.Unmarshal(raw, &c)
	return c.record(), err
}

// row is one thing of a list, not read yet but for its place.
type row struct {
	id  string
	at  time.Time // updatedAt; zero where it is not told
	raw json.RawMessage
}

// rows asks for a part of a list.
func (c *connection) rows(ctx context.Context, l list, members string, filter, sort map[string]any, skip, take int) ([]row, int, rest.Answer, error) {
	all := map[string]any{}
	for k, v := range l.filter {
		all[k] = v
	}
	for k, v := range filter {
		all[k] = v
	}
	options := map[string]any{"take": take, "skip": skip, "sort": sort}
	if len(all) > 0 {
		options["filter"] = all
	}
	query := fmt.Sprintf("query List($options: %s) { %s%s(options: $options) { totalItems items { %s } } }", l.options, head, l.member, members)
	var out map[string]json.RawMessage
	a, err := c.query(ctx, query, map[string]any{"options": options}, &out)
	if err != nil {
		return nil, 0, a, err
	}
	var got struct {
		TotalItems int
		Items      []json.RawMessage
	}
	if json.Unmarshal(out[l.member], &got) != nil || got.Items == nil || len(got.Items) > take {
		return nil, 0, a, &connectors.Error{Class: connectors.Transient, Text: "the shop gave a list that is none; try again later"}
	}
	rows := make([]row, len(got.Items))
	for i, raw := range got.Items {
		var place struct{ ID, UpdatedAt string }
		_ = json.Unmarshal(raw, &place) // what cannot be read is set aside below
		rows[i] = row{place.ID, moment(place.UpdatedAt), raw}
	}
	return rows, got.TotalItems, a, nil
}

// overlap is how long a change may take to be seen by others: an import may be one transaction.
const overlap = time.Minute

// cursor is how far a pull has come.
//
// Pages by number lose what moves while they are read, so a pull goes by time: all that was changed
// later than After, as many as fit on a page, and of these the ones whose second is complete. A
// second that has more than a page (an import, a command in the database) is read by itself, ordered
// by id and by number; that nothing was lost from it is seen by the last thing of the page before,
// which is asked for again: where it is not in its place, the second is read anew.
type cursor struct {
	After  time.Time `json:"a,omitzero"` // what was changed later is still to come
	Second time.Time `json:"s,omitzero"` // being read by itself
	Skip   int       `json:"k,omitempty"`
	Last   string    `json:"l,omitempty"` // the id told last in Second
	Begun  int       `json:"b,omitempty"` // how often Second was begun
	Past   time.Time `json:"p,omitzero"`  // the last second that was read by itself
	Done   int64     `json:"d,omitempty"` // how many things this pull has told
}

// lastMoment is the end of a second as the shop's filters know it, who see milliseconds.
const lastMoment = time.Second - time.Millisecond

// mostBegun ends a pull that can never be quick enough.
const mostBegun = 50

func (c *connection) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if err := known(kind); err != nil {
		return connectors.Page{}, err
	}
	at, err := parseCursor(from)
	if err != nil {
		return connectors.Page{}, err
	}
	p := pager{c: c, l: lists[kind], at: at}
	return p.page(ctx)
}

func parseCursor(from connectors.Cursor) (cursor, error) {
	var at cursor
	if from == "" {
		return at, nil
	}
	if json.Unmarshal([]byte(from), &at) != nil || at.Skip < 0 || at.Done < 0 || at.After.IsZero() && at.Second.IsZero() {
		return at, &connectors.Error{Class: connectors.CursorExpired, Text: "how far the shop was read cannot be understood any more; it is read from the start"}
	}
	return at, nil
}

func (at cursor) text() connectors.Cursor {
	b, err := json.Marshal(at)
	if err != nil {
		return "" // of plain members: never
	}
	return connectors.Cursor(b)
}

// pager reads one page from a place.
type pager struct {
	c  *connection
	l  list
	at cursor
}

func (p *pager) page(ctx context.Context) (connectors.Page, error) {
	if !p.at.Second.IsZero() {
		return p.second(ctx)
	}
	filter := map[string]any{}
	if !p.at.After.IsZero() {
		filter["updatedAt"] = map[string]any{"after": stamp(p.at.After)}
	}
	rows, total, a, err := p.c.rows(ctx, p.l, p.l.members, filter, map[string]any{"updatedAt": "ASC"}, 0, p.c.page)
	if err != nil {
		return connectors.Page{}, err
	}
	// SQLite compares times as text, so that what is ordered by time and what is later need not be one.
	slices.SortStableFunc(rows, func(a, b row) int { return a.at.Compare(b.at) })
	if len(rows) < p.c.page || total > 0 && total <= len(rows) {
		page := p.told(rows, total)
		page.Next = p.end(rows, a).text()
		if len(rows) == 0 && p.at.After.IsZero() {
			page.Next = ""
		}
		return page, nil
	}
	last := rows[len(rows)-1].at.Truncate(time.Second)
	complete := slices.IndexFunc(rows, func(r row) bool { return !r.at.Truncate(time.Second).Before(last) })
	if complete > 0 {
		page := p.told(rows[:complete], total)
		page.Next, page.More = cursor{After: last.Add(-time.Millisecond), Past: p.at.Past, Done: page.Done}.text(), true
		return page, nil
	}
	if last.IsZero() {
		return connectors.Page{}, &connectors.Error{Class: connectors.Transient, Text: "the shop does not say when its customers or orders were changed; try again later"}
	}
	if !last.After(p.at.Past) {
		// Databases that keep less than milliseconds show the end of a second again that was read.
		behind := p.at.Past.Add(time.Second)
		if !p.at.After.Before(behind) {
			return connectors.Page{}, &connectors.Error{Class: connectors.Transient, Text: "the shop lists what was not asked for; try again later"}
		}
		p.at = cursor{After: behind, Past: p.at.Past, Done: p.at.Done}
		return p.page(ctx)
	}
	p.at = cursor{Second: last, Done: p.at.Done}
	return p.second(ctx)
}

// second reads on in a second that has more things than a page.
func (p *pager) second(ctx context.Context) (connectors.Page, error) {
	again := 0 // how many rows are asked for that were told
	if p.at.Skip > 0 {
		again = 1
	}
	// "before" is "not after" where SQLite compares a whole second with milliseconds behind it.
	filter := map[string]any{"updatedAt": map[string]any{"after": stamp(p.at.Second.Add(-time.Millisecond)), "before": stamp(p.at.Second.Add(lastMoment))}}
	rows, total, _, err := p.c.rows(ctx, p.l, p.l.members, filter, map[string]any{"id": "ASC"}, p.at.Skip-again, p.c.page+again)
	if err != nil {
		return connectors.Page{}, err
	}
	if again > 0 && (len(rows) == 0 || rows[0].id != p.at.Last) {
		if p.at.Begun >= mostBegun {
			return connectors.Page{}, &connectors.Error{Class: connectors.Transient, Text: "the shop changes faster than it can be read; try again later"}
		}
		p.at.Skip, p.at.Last, p.at.Begun = 0, "", p.at.Begun+1
		return p.second(ctx)
	}
	rows = rows[again:]
	page := p.told(rows, 0)
	page.More = true
	next := cursor{Second: p.at.Second, Skip: p.at.Skip + len(rows), Begun: p.at.Begun, Done: page.Done}
	if n := len(rows); n > 0 {
		next.Last = rows[n-1].id
	}
	if len(rows) < p.c.page || total > 0 && next.Skip >= total {
		next = cursor{After: p.at.Second.Add(lastMoment - time.Millisecond), Past: p.at.Second, Done: page.Done}
	}
	page.Next = next.text()
	return page, nil
}

// end gives where the next pull begins: behind what was told, but before what may still come to
// light. It goes by the shop's clock.
func (p *pager) end(rows []row, a rest.Answer) cursor {
	newest := p.at.After
	for _, r := range rows {
		if t := r.at.Truncate(time.Second).Add(lastMoment); !r.at.IsZero() && t.After(newest) {
			newest = t
		}
	}
	settled := newest.Add(-overlap)
	if now, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		settled = now.UTC().Add(-overlap)
	}
	if settled.Before(newest) {
		newest = settled
	}
	return cursor{After: newest}
}

// told makes a page of rows. total is how many are left, with these; 0: not known.
func (p *pager) told(rows []row, total int) connectors.Page {
	page := connectors.Page{Told: len(rows), Done: p.at.Done + int64(len(rows))}
	if total >= len(rows) && total > 0 || len(rows) == 0 && p.at.Done > 0 {
		page.Total = p.at.Done + int64(total)
	}
	for _, r := range rows {
		rec, err := p.l.one(r.raw)
		where := strings.TrimSuffix(p.l.member, "s") + " " + r.id
		switch {
		case r.id == "":
			page.Rejected = append(page.Rejected, connectors.Rejected{Where: where + "without an id", Reason: "the shop gave no id", Raw: bounded(r.raw)})
		case err != nil:
			page.Rejected = append(page.Rejected, connectors.Rejected{Where: where, Reason: "what the shop says of it cannot be understood", Raw: bounded(r.raw)})
		default:
			page.Changes = append(page.Changes, connectors.Change{Record: rec, Where: where})
		}
	}
	return page
}

// bounded is what a person is shown of something that could not be read.
func bounded(raw []byte) string {
	const most = 64 << 10
	return strings.ToValidUTF8(string(raw[:min(len(raw), most)]), "")
}
