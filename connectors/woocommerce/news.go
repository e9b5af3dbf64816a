package woocommerce

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"

	"github.com/keptcrm/kept/connectors"
)

// newestOrder gives the second from which on orders are new to a scan that begins now.
func (s *shop) newestOrder(ctx context.Context) (string, error) {
	rows, _, err := s.rows(ctx, "orders", url.Values{"orderby": {"modified"}, "order": {"desc"}, "per_page": {"1"}, "_fields": {"id,date_modified_gmt"}})
	if err != nil || len(rows) == 0 || rows[0].modified.IsZero() {
		return "", err
	}
	return bare(rows[0].modified.Add(-overlap)), nil
}

// pullNews reads the customers who registered since, and those of orders that changed since: most
// edits come with one or the other. few is false where there were so many that all are better read.
func (s *shop) pullNews(ctx context.Context, c cursor) (page connectors.Page, few bool, err error) {
	rows, _, err := s.rows(ctx, "customers", url.Values{"role": {"all"}, "orderby": {"id"}, "order": {"desc"}, "per_page": {strconv.Itoa(s.perPage)}})
	if err != nil {
		return page, false, err
	}
	fresh := slices.DeleteFunc(rows, func(r row) bool { return r.id <= c.Newest })
	if len(fresh) >= s.perPage {
		return page, false, nil
	}
	q := url.Values{"orderby": {"modified"}, "order": {"asc"}, "per_page": {strconv.Itoa(s.perPage)}, "_fields": {"id,customer_id,date_modified_gmt"}}
	if c.Since != "" {
		q.Set("modified_after", c.Since)
		q.Set("dates_are_gmt", "true")
	}
	changed, _, err := s.rows(ctx, "orders", q)
	if err != nil || len(changed) >= s.perPage {
		return page, false, err
	}
	var ids []string
	newest := instant(text(c.Since)).Add(overlap)
	for _, r := range changed {
		var o struct {
			Customer number `json:"customer_id"`
		}
		if isObject(r.raw) && json.Unmarshal(r.raw, &o) == nil && !slices.ContainsFunc(fresh, func(f row) bool { return f.id == int64(o.Customer) }) {
			ids = append(ids, strconv.FormatInt(int64(o.Customer), 10))
		}
		if r.modified.After(newest) {
			newest = r.modified
		}
	}
	if err := s.included(ctx, "customers", ids, nil, func(r row) { fresh = append(fresh, r) }); err != nil {
		return page, false, err
	}
	next := cursor{Scanned: c.Scanned, Since: c.Since, Newest: c.Newest}
	if len(changed) > 0 {
		next.Since = bare(newest.Add(-overlap))
	}
	page.Told = len(fresh)
	for _, r := range fresh {
		rec, err := customerOf(r)
		if err != nil {
			page.Rejected = append(page.Rejected, aside("customer", r, err))
			continue
		}
		page.Changes = append(page.Changes, connectors.Change{Record: rec, Where: "customer " + rec.ID})
		next.Newest = max(next.Newest, r.id)
	}
	page.Next = next.text()
	return page, true, nil
}
