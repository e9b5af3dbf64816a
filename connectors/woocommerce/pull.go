package woocommerce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// overlap is how far before the newest order a pull begins again: orders become visible after others
// with a later time, and the shop's times are whole seconds.
const overlap = time.Minute

// place is where a reading in order of IDs stands. The API pages by number, and what is deleted
// before a place moves what comes behind it forward; so each page begins with the last of the one
// before, and goes back until it finds it.
type place struct {
	Row   int64 `json:"n,omitempty"` // rows passed
	Last  int64 `json:"l,omitempty"` // the last ID passed
	Total int64 `json:"t,omitempty"` // how many there were at first
	Done  int64 `json:"d,omitempty"` // how many were told
}

// cursor is where a pull stands; which members are set says of what.
type cursor struct {
	Place place  `json:"p,omitzero"`
	Since string `json:"s,omitempty"` // orders changed after this second, UTC
	Tie   string `json:"m,omitempty"` // the one second within which orders are read by ID
	Amid  bool   `json:"a,omitempty"` // the run that set Since goes on: its end goes back by the overlap
	Begun string `json:"b,omitempty"` // from which second on orders are new to the next run, whatever this one still reads

	// Of customers, where they are not all read in each run.
	Scanned int64 `json:"u,omitempty"` // when all were read last began, Unix seconds
	Newest  int64 `json:"i,omitempty"` // the highest number told
}

func parse(from connectors.Cursor) (cursor, error) {
	var c cursor
	if from == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(from), &c); err != nil || c.Place.Row < 0 || c.Since != "" && instant(text(c.Since)).IsZero() || c.Begun != "" && instant(text(c.Begun)).IsZero() || c.Tie != "" && instant(text(c.Tie)).IsZero() {
		return c, &connectors.Error{Class: connectors.CursorExpired, Text: "where the last run stopped cannot be read; the shop is read from the start", Cause: err}
	}
	return c, nil
}

func (c cursor) text() connectors.Cursor {
	b, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return connectors.Cursor(b)
}

// row is one thing of a list, and what it is found and ordered by.
type row struct {
	id       int64
	modified time.Time
	raw      json.RawMessage
}

// rows asks for one page of a list. total is how many there are in all, -1 where it is not told.
func (s *shop) rows(ctx context.Context, path string, q url.Values) (out []row, total int64, err error) {
	var raw []json.RawMessage
	a, err := s.do(ctx, http.MethodGet, path, q, nil, &raw)
	if err != nil {
		return nil, 0, err
	}
	total = -1
	if n, err := strconv.ParseInt(a.Header.Get("X-WP-Total"), 10, 64); err == nil && n >= 0 {
		total = n
	}
	for _, r := range raw {
		var key struct {
			ID       number `json:"id"`
			Modified text   `json:"date_modified_gmt"`
		}
		if isObject(r) {
			_ = json.Unmarshal(r, &key) // what has no ID is set aside below
		}
		out = append(out, row{int64(key.ID), instant(key.Modified), r})
	}
	return out, total, nil
}

// next reads the page behind a place, in order of IDs.
func (s *shop) next(ctx context.Context, path string, q url.Values, at place) (fresh []row, then place, more bool, err error) {
	offset := max(at.Row-1, 0)
	for {
		q.Set("orderby", "id")
		q.Set("order", "asc")
		q.Set("per_page", strconv.Itoa(s.perPage))
		q.Del("offset")
		if offset > 0 {
			q.Set("offset", strconv.FormatInt(offset, 10))
		}
		rows, total, err := s.rows(ctx, path, q)
		if err != nil {
			return nil, at, false, err
		}
		if len(rows) == 0 && offset > 0 && total > offset || len(rows) == 0 && offset == 0 && total > 0 {
			return nil, at, false, &connectors.Error{Class: connectors.Transient, Text: fmt.Sprintf("%s says that it has %d %s and lists none; try again later", s.name, total, path)}
		}
		if offset > 0 && (len(rows) == 0 || rows[0].id > at.Last) { // something before was deleted
			if len(rows) == 0 && total <= 0 { // behind the end a shop may say that there are none at all
				q.Del("offset")
				q.Set("per_page", "1")
				if _, total, err = s.rows(ctx, path, q); err != nil || total <= 0 {
					return nil, at, false, err
				}
			}
			offset = max(offset-int64(s.perPage)+1, 0)
			if total >= 0 {
				offset = min(offset, max(total-1, 0))
			}
			continue
		}
		then = place{Row: offset + int64(len(rows)), Last: at.Last, Total: at.Total, Done: at.Done}
		if at.Row == 0 && total > 0 {
			then.Total = total
		}
		for _, r := range rows {
			if r.id == 0 || r.id > at.Last {
				fresh = append(fresh, r)
				then.Last = max(then.Last, r.id)
			}
		}
		more = len(rows) >= s.perPage && (total < 0 || then.Row < total) && len(fresh) > 0
		return fresh, then, more, nil
	}
}

// Pull reads customers or orders.
func (s *shop) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	c, err := parse(from)
	if err != nil {
		return connectors.Page{}, err
	}
	switch kind {
	case connectors.Contact:
		return s.pullCustomers(ctx, c)
	case connectors.Order:
		return s.pullOrders(ctx, c)
	}
	return connectors.Page{}, s.error(connectors.Invalid, "%s has no records of kind %s", s.name, kind)
}

// pullCustomers reads all customers, a page at a time: the API cannot say which of them changed. The
// cursor behind the last page is the start of the next run.
func (s *shop) pullCustomers(ctx context.Context, c cursor) (connectors.Page, error) {
	if s.every > 0 && c.Place.Row == 0 {
		if since := s.now().Sub(time.Unix(c.Scanned, 0)); c.Scanned > 0 && since >= 0 && since < s.every {
			page, few, err := s.pullNews(ctx, c)
			if err != nil || few {
				return page, err
			}
		}
		newest, err := s.newestOrder(ctx)
		if err != nil {
			return connectors.Page{}, err
		}
		c = cursor{Scanned: s.now().Unix(), Since: newest}
	}
	rows, then, more, err := s.next(ctx, "customers", url.Values{"role": {"all"}}, c.Place)
	if err != nil {
		return connectors.Page{}, err
	}
	page := connectors.Page{Told: len(rows), More: more}
	for _, r := range rows {
		rec, err := customerOf(r)
		if err != nil {
			page.Rejected = append(page.Rejected, aside("customer", r, err))
			continue
		}
		page.Changes = append(page.Changes, connectors.Change{Record: rec, Where: "customer " + rec.ID})
	}
	then.Done += int64(len(rows))
	page.Total, page.Done = then.Total, then.Done
	next := cursor{Scanned: c.Scanned, Since: c.Since}
	if more {
		next.Place = then
	} else if s.every > 0 {
		next.Newest = then.Last
	}
	page.Next = next.text()
	return page, nil
}

func customerOf(r row) (connectors.Record, error) {
	var c customer
	if !isObject(r.raw) || r.id <= 0 {
		return connectors.Record{}, fmt.Errorf("it has no number")
	}
	if json.Unmarshal(r.raw, &c) != nil {
		return connectors.Record{}, fmt.Errorf("it is written in a way that is not known")
	}
	return c.record(), nil
}

// aside is a thing that cannot be read.
func aside(what string, r row, err error) connectors.Rejected {
	raw := string(r.raw)
	if len(raw) > 60<<10 {
		raw = strings.ToValidUTF8(raw[:60<<10], "")
	}
	if raw == "" {
		raw = "null"
	}
	return connectors.Rejected{Where: fmt.Sprintf("%s %d", what, r.id), Reason: err.Error(), Raw: raw}
}

// pullOrders reads orders by the time of their last change. The filter leaves out the second that it
// names, so each page but the last tells orders up to its last second and the next begins with that;
// a second with more orders than a page holds is read by ID.
func (s *shop) pullOrders(ctx context.Context, c cursor) (connectors.Page, error) {
	if c.Tie != "" {
		return s.pullTied(ctx, c)
	}
	q := url.Values{"orderby": {"modified"}, "order": {"asc"}, "per_page": {strconv.Itoa(s.perPage)}}
	if c.Since != "" {
		q.Set("modified_after", c.Since)
		q.Set("dates_are_gmt", "true")
	}
	rows, total, err := s.rows(ctx, "orders", q)
	if err != nil {
		return connectors.Page{}, err
	}
	if c.Since == "" && c.Place.Total == 0 && total > 0 {
		c.Place.Total = total
	}
	slices.SortStableFunc(rows, func(a, b row) int { return a.modified.Compare(b.modified) })
	then, more := c, len(rows) >= s.perPage
	if !more {
		var newest time.Time
		if c.Since != "" {
			newest = instant(text(c.Since))
			if !c.Amid {
				newest = newest.Add(overlap)
			}
		}
		if n := len(rows); n > 0 && rows[n-1].modified.After(newest) {
			newest = rows[n-1].modified
		}
		then = cursor{}
		if !newest.IsZero() {
			then.Since = bare(newest.Add(-overlap))
		}
		if begun := instant(text(c.Begun)); !begun.IsZero() && begun.Before(newest.Add(-overlap)) {
			then.Since = c.Begun
		}
		return s.page(ctx, rows, c.Place, then, false)
	}
	if !c.Amid {
		// What is edited behind the place where a long run stands is older than what the run ends with.
		if c.Begun, err = s.newestOrder(ctx); err != nil {
			return connectors.Page{}, err
		}
		then.Begun = c.Begun
	}
	last := rows[len(rows)-1].modified
	if last.IsZero() {
		return connectors.Page{}, s.error(connectors.Invalid, "%s does not tell when its orders changed; a plug-in takes date_modified_gmt out of its REST API", s.name)
	}
	if rows[0].modified.Equal(last) {
		c.Tie, c.Amid, c.Place = bare(last), true, place{Total: c.Place.Total, Done: c.Place.Done}
		return s.pullTied(ctx, c)
	}
	then.Since, then.Amid = bare(last.Add(-time.Second)), true
	if then.Since == c.Since {
		return connectors.Page{}, s.error(connectors.Invalid, "%s does not tell which orders changed since; it needs WooCommerce 5.8 or later", s.name)
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return !r.modified.Before(last) })
	return s.page(ctx, rows, c.Place, then, true)
}

// pullTied reads the orders of one second by ID.
func (s *shop) pullTied(ctx context.Context, c cursor) (connectors.Page, error) {
	second := instant(text(c.Tie))
	at := c.Place
	rows, next, more, err := s.next(ctx, "orders", url.Values{"modified_after": {bare(second.Add(-time.Second))}, "modified_before": {bare(second.Add(time.Second))},
		"dates_are_gmt": {"true"}}, place{Row: at.Row, Last: at.Last})
	if err != nil {
		return connectors.Page{}, err
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return !r.modified.Equal(second) })
	then := cursor{Since: c.Since, Tie: c.Tie, Amid: c.Amid, Begun: c.Begun, Place: place{Row: next.Row, Last: next.Last, Total: at.Total, Done: at.Done}}
	if !more {
		then = cursor{Since: c.Tie, Amid: true, Begun: c.Begun, Place: place{Total: at.Total, Done: at.Done}}
	}
	return s.page(ctx, rows, at, then, true)
}

// page makes a page of orders, each behind the contact that it implies.
func (s *shop) page(ctx context.Context, rows []row, at place, then cursor, more bool) (connectors.Page, error) {
	page := connectors.Page{More: more}
	there, err := s.registered(ctx, rows)
	if err != nil {
		return connectors.Page{}, err
	}
	for _, r := range rows {
		rec, buyer, err := s.orderOf(ctx, r, there)
		switch {
		case err == errDraft:
			continue
		case isReading(err):
			page.Told++
			page.Rejected = append(page.Rejected, aside("order", r, err))
			continue
		case err != nil:
			return connectors.Page{}, err
		}
		page.Told++
		where := "order " + rec.ID
		if buyer != nil {
			page.Changes = append(page.Changes, connectors.Change{Record: *buyer, Where: where})
		}
		page.Changes = append(page.Changes, connectors.Change{Record: rec, Where: where})
	}
	done := at.Done + int64(page.Told)
	if more {
		then.Place.Done = done
	}
	page.Total, page.Done, page.Next = at.Total, done, then.text()
	return page, nil
}

// unreadable is an order that cannot be read, though the shop told it.
type unreadable struct{ why string }

func (u *unreadable) Error() string { return u.why }

var errDraft = &unreadable{"a basket that nobody ordered"}

func isReading(err error) bool {
	_, ok := err.(*unreadable)
	return ok
}

// registered says which of the customers of orders there are: an order keeps the number of one who was
// deleted, and is then like a guest's.
func (s *shop) registered(ctx context.Context, rows []row) (map[number]bool, error) {
	var ids []string
	for _, r := range rows {
		var o struct {
			Customer number `json:"customer_id"`
		}
		if isObject(r.raw) && json.Unmarshal(r.raw, &o) == nil && o.Customer > 0 {
			ids = append(ids, strconv.FormatInt(int64(o.Customer), 10))
		}
	}
	there := map[number]bool{}
	err := s.included(ctx, "customers", ids, url.Values{"_fields": {"id"}}, func(r row) { there[number(r.id)] = true })
	return there, err
}

// included asks for things by their IDs, a hundred at a time.
func (s *shop) included(ctx context.Context, path string, ids []string, more url.Values, each func(r row)) error {
	for chunk := range slices.Chunk(numbers(ids), s.perPage) {
		q := url.Values{"include": {strings.Join(chunk, ",")}, "per_page": {strconv.Itoa(s.perPage)}, "orderby": {"id"}, "order": {"asc"}}
		if path == "customers" {
			q.Set("role", "all")
		}
		for k, v := range more {
			q[k] = v
		}
		rows, _, err := s.rows(ctx, path, q)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if slices.Contains(chunk, strconv.FormatInt(r.id, 10)) {
				each(r)
			}
		}
	}
	return ctx.Err()
}

// orderOf reads one order, with its refunds; there are the customers that exist.
func (s *shop) orderOf(ctx context.Context, r row, there map[number]bool) (rec connectors.Record, buyer *connectors.Record, err error) {
	var o order
	if !isObject(r.raw) || r.id <= 0 {
		return rec, nil, &unreadable{"it has no number"}
	}
	if json.Unmarshal(r.raw, &o) != nil {
		return rec, nil, &unreadable{"it is written in a way that is not known"}
	}
	if o.draft() {
		return rec, nil, errDraft
	}
	refunds, err := s.refundsOf(ctx, &o)
	if err != nil {
		return rec, nil, err
	}
	if rec, err = o.record(refunds); err != nil {
		return rec, nil, &unreadable{err.Error()}
	}
	if there[o.Customer] {
		rec.Order.Party = strconv.FormatInt(int64(o.Customer), 10)
		return rec, nil, nil
	}
	if b, ok := o.buyer(); ok {
		rec.Order.Party, buyer = b.ID, &b
	}
	return rec, buyer, nil
}

// Fetch reads single customers or orders. Guests have no record of their own at the shop.
func (s *shop) Fetch(ctx context.Context, kind connectors.Kind, ids []string) ([]connectors.Record, error) {
	path := "orders"
	if kind == connectors.Contact {
		path = "customers"
	}
	var rows []row
	if err := s.included(ctx, path, ids, nil, func(r row) { rows = append(rows, r) }); err != nil {
		return nil, err
	}
	var there map[number]bool
	if kind == connectors.Order {
		var err error
		if there, err = s.registered(ctx, rows); err != nil {
			return nil, err
		}
	}
	var out []connectors.Record
	for _, r := range rows {
		var rec connectors.Record
		var err error
		if kind == connectors.Contact {
			rec, err = customerOf(r)
		} else {
			rec, _, err = s.orderOf(ctx, r, there)
		}
		switch {
		case err == nil:
			out = append(out, rec)
		case kind == connectors.Order && !isReading(err):
			return nil, err
		}
	}
	return out, nil
}

// numbers gives the IDs that can be those of the shop, each once.
func numbers(ids []string) []string {
	var out []string
	for _, id := range ids {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && n > 0 && strconv.FormatInt(n, 10) == id && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// Census lists customers or orders by their numbers, with the versions that a pull gives. Those in
// the trash are not among them.
func (s *shop) Census(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	c, err := parse(from)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	path, q := "orders", url.Values{"_fields": {"id,status,date_modified_gmt"}}
	if kind == connectors.Contact { // versions are made of content
		path, q = "customers", url.Values{"role": {"all"}, "_fields": {"id,email,first_name,last_name,role,billing,shipping,meta_data"}}
	}
	rows, then, more, err := s.next(ctx, path, q, c.Place)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	page := connectors.CensusPage{Live: map[string]connectors.Version{}, Next: cursor{Place: then}.text(), More: more}
	for _, r := range rows {
		id := strconv.FormatInt(r.id, 10)
		if kind == connectors.Contact {
			rec, err := customerOf(r)
			if err == nil {
				page.Live[id] = rec.Version
			} else if r.id > 0 {
				page.Live[id] = ""
			}
			continue
		}
		var o order
		if r.id > 0 && (json.Unmarshal(r.raw, &o) != nil || !o.draft()) {
			page.Live[id] = connectors.Version(o.Modified)
		}
	}
	return page, nil
}
