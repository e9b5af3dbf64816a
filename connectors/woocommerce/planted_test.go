package woocommerce

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

// bug is a mistake that somebody could make with this API, planted in the connection: in what it
// sends, in what it makes of answers, or in what it tells.
type bug struct {
	orders bool   // whether it is about orders; else customers
	caught string // by this case
	query  func(q url.Values)
	body   func(m map[string]any)
	head   func(r *http.Request)
	wrap   func(s *shop) connectors.Connector
}

// spoilt is a transport that changes what is sent.
type spoilt struct {
	next http.RoundTripper
	b    bug
}

func (x spoilt) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if x.b.query != nil {
		q := r.URL.Query()
		x.b.query(q)
		r.URL.RawQuery = q.Encode()
	}
	if x.b.head != nil {
		x.b.head(r)
	}
	if x.b.body != nil && r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		var m map[string]any
		if json.Unmarshal(raw, &m) == nil {
			x.b.body(m)
			if raw, err = json.Marshal(m); err != nil {
				return nil, err
			}
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	}
	return x.next.RoundTrip(r)
}

func (b bug) spec() connectors.Spec {
	s := Spec()
	s.Open = func(_ context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
		env.HTTP = spoilt{env.HTTP, b}
		c, err := open(o, env)
		if err != nil {
			return nil, err
		}
		c.perPage = few
		if b.wrap == nil {
			return c, nil
		}
		return b.wrap(c), nil
	}
	return s
}

// deep changes every block and item of a request.
func deep(m map[string]any, change func(m map[string]any)) {
	change(m)
	for _, v := range m {
		switch v := v.(type) {
		case map[string]any:
			deep(v, change)
		case []any:
			for _, x := range v {
				if x, ok := x.(map[string]any); ok {
					deep(x, change)
				}
			}
		}
	}
}

// The wrappers hide no method: each embeds the connection and has one of its own.
type (
	blind    struct{ *shop } // writes without looking
	byTime   struct{ *shop } // versions are times
	hasty    struct{ *shop } // ends a scan at a short page
	trusting struct{ *shop } // believes every webhook
	byPlace  struct{ *shop } // takes a batch's answers in the order of its intents
	allGone  struct{ *shop } // an empty list is everything deleted
	onePage  struct{ *shop } // a census of one page
	emailID  struct{ *shop } // finds by e-mail alone
)

func (b blind) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	in.Expect, in.Base.Version = "", ""
	return b.shop.Push(ctx, in)
}

func (b blind) PushBatch(ctx context.Context, ins []connectors.Intent) ([]connectors.Pushed, error) {
	ins = slices.Clone(ins)
	for i := range ins {
		ins[i].Expect, ins[i].Base.Version = "", ""
	}
	return b.shop.PushBatch(ctx, ins)
}

func timed(r connectors.Record) connectors.Record {
	r.Version = connectors.Version(r.Modified.Format(time.RFC3339))
	return r
}

func (b byTime) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	p, err := b.shop.Pull(ctx, kind, from)
	for i := range p.Changes {
		p.Changes[i].Record = timed(p.Changes[i].Record)
	}
	return p, err
}

func (h hasty) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	p, err := h.shop.Pull(ctx, kind, from)
	p.More = p.More && len(p.Changes) >= h.shop.perPage // an overlap makes pages shorter
	return p, err
}

func (trusting) Receive(_ context.Context, _ map[string][]string, body []byte) ([]connectors.Hint, error) {
	var m struct{ ID number }
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, &connectors.Error{Class: connectors.Invalid, Text: "no JSON"}
	}
	return []connectors.Hint{{Kind: connectors.Contact, ID: fmt.Sprint(m.ID)}}, nil
}

func (b byPlace) PushBatch(ctx context.Context, ins []connectors.Intent) ([]connectors.Pushed, error) {
	out, err := b.shop.PushBatch(ctx, ins)
	var mixed []connectors.Pushed
	for _, creating := range []bool{true, false} {
		for i, p := range out {
			if (ins[i].Record.ID == "") == creating {
				mixed = append(mixed, p)
			}
		}
	}
	return mixed, err
}

var (
	seenMu sync.Mutex
	seen   = map[*shop][]string{}
)

func (a allGone) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	p, err := a.shop.Pull(ctx, kind, from)
	seenMu.Lock()
	defer seenMu.Unlock()
	for _, c := range p.Changes {
		seen[a.shop] = append(seen[a.shop], c.Record.ID)
	}
	if err == nil && len(p.Changes) == 0 {
		for _, id := range seen[a.shop] {
			p.Changes = append(p.Changes, connectors.Change{Gone: true, Record: connectors.Record{Kind: kind, ID: id, Keyed: connectors.KeyedID}})
		}
		p.Told = len(p.Changes)
	}
	return p, err
}

func (o onePage) Census(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	p, err := o.shop.Census(ctx, kind, from)
	p.More = false
	return p, err
}

func (e emailID) Find(ctx context.Context, in connectors.Intent) (connectors.Record, bool, error) {
	return connectors.Record{}, false, ctx.Err()
}

func set(q url.Values, name, value string) {
	if q.Has(name) {
		q.Set(name, value)
	}
}

var planted = map[string]bug{
	"asks for changes in the shop's own time":  {orders: true, caught: "late commit", query: func(q url.Values) { q.Del("dates_are_gmt") }},
	"goes on behind the second it came to":     {orders: true, caught: "one timestamp", query: func(q url.Values) { later(q, time.Second) }},
	"has no overlap":                           {orders: true, caught: "late commit", query: func(q url.Values) { later(q, overlap) }},
	"reads orders newest first":                {orders: true, caught: "edit while paging", query: func(q url.Values) { set(q, "order", "desc") }},
	"reads a second's orders in no order":      {orders: true, caught: "one timestamp", query: func(q url.Values) { set(q, "orderby", "modified") }},
	"does not say how many":                    {caught: "pages", query: func(q url.Values) { q.Del("per_page") }},
	"asks for more than there may be":          {caught: "pages", query: func(q url.Values) { set(q, "per_page", "101") }},
	"pages without an offset":                  {caught: "pages", query: func(q url.Values) { q.Del("offset") }},
	"asks for a filter that there is not":      {caught: "pages", query: func(q url.Values) { set(q, "orderby", "modified") }},
	"scans in the order of names":              {caught: "edit while paging", query: func(q url.Values) { q.Del("orderby") }},
	"ends at a short page":                     {caught: "pages", wrap: func(s *shop) connectors.Connector { return hasty{s} }},
	"takes nothing for all deleted":            {caught: "empty answer", wrap: func(s *shop) connectors.Connector { return allGone{s} }},
	"counts one page":                          {caught: "census", wrap: func(s *shop) connectors.Connector { return onePage{s} }},
	"versions are times":                       {caught: "census", wrap: func(s *shop) connectors.Connector { return byTime{s} }},
	"writes without looking":                   {caught: "stale version", wrap: func(s *shop) connectors.Connector { return blind{s} }},
	"writes batches without looking":           {caught: "batch refused in part", wrap: func(s *shop) connectors.Connector { return blind{s} }},
	"deletes without force":                    {caught: "delete", query: func(q url.Values) { q.Del("force") }},
	"empties with null":                        {caught: "empty or absent", body: func(m map[string]any) { deep(m, emptied) }},
	"leaves no key":                            {caught: "lost answer", body: func(m map[string]any) { delete(m, "meta_data") }},
	"leaves no key in batches":                 {caught: "batch lost", body: func(m map[string]any) { deep(m, func(m map[string]any) { delete(m, "meta_data") }) }},
	"does not find its own":                    {caught: "same intent twice", wrap: func(s *shop) connectors.Connector { return wrongKey{s} }},
	"cannot find":                              {caught: "lost answer", wrap: func(s *shop) connectors.Connector { return emailID{s} }},
	"takes a batch's answers as they come":     {caught: "batch", wrap: func(s *shop) connectors.Connector { return byPlace{s} }},
	"sends whole records":                      {caught: "empty or absent", wrap: func(s *shop) connectors.Connector { return whole{s} }},
	"believes webhooks":                        {caught: "webhook", wrap: func(s *shop) connectors.Connector { return trusting{s} }},
	"sends text as the server's old encodings": {caught: "comes back equal", body: func(m map[string]any) { deep(m, asciied) }},
	"sends a key to everybody":                 {caught: "redirect", head: func(r *http.Request) { r.Header.Set("X-Key", testSecret) }},
}

// later moves where a filter begins.
func later(q url.Values, d time.Duration) {
	if at := instant(text(q.Get("modified_after"))); !at.IsZero() {
		q.Set("modified_after", bare(at.Add(d)))
	}
}

func emptied(m map[string]any) {
	for k, v := range m {
		if v == "" {
			m[k] = nil
		}
	}
}

func asciied(m map[string]any) {
	for k, v := range m {
		if s, ok := v.(string); ok {
			m[k] = strings.Map(func(r rune) rune {
				if r > 0xffff {
					return '?'
				}
				return r
			}, s)
		}
	}
}

// wrongKey looks for what it made under its intent's own name.
type wrongKey struct{ *shop }

func (w wrongKey) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	if in.Record.ID == "" {
		in.Key = fmt.Sprint(time.Now().UnixNano())
		time.Sleep(time.Nanosecond) // of the virtual clock
	}
	return w.shop.Push(ctx, in)
}

// whole writes every field, changed or not.
type whole struct{ *shop }

func (w whole) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	in.Changed = []string{"given", "family", "company", "phone", "address", "custom.crm_note"}
	if len(valuesOf(in.Record, "email")) > 0 {
		in.Changed = append(in.Changed, "email")
	}
	return w.shop.Push(ctx, in)
}

func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	for name, b := range planted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := customers(b.spec(), func(f *Fake) { f.Zone = honolulu })
			if b.orders {
				h = orders(b.spec(), func(f *Fake) { f.Zone = honolulu })
			}
			connectortest.Catches(t, b.caught, h)
		})
	}
}
