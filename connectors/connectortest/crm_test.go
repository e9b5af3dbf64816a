package connectortest_test

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// crm is the connector to the vendor: what a real one looks like, and the bugs that can be planted
// in it, each at the line where somebody would make it.
type crm struct {
	c      *rest.Client
	env    connectors.Env
	secret string
	bug    string
	turn   chan struct{} // this and what follows only for bugs
	known  []string
	place  connectors.Cursor
	until  time.Time
	emails map[string]string
}

const (
	page    = 5
	overlap = 5 * time.Second
	hookAge = 5 * time.Minute
)

var limits = connectors.Limits{PerSecond: 10, Burst: 5, Parallel: 3}

// crmSpec declares the connector, with a bug or without.
func crmSpec(bug string) connectors.Spec {
	rw := func(f string) connectors.FieldSpec {
		return connectors.FieldSpec{Field: f, Read: true, Write: true, Many: 1}
	}
	return connectors.Spec{
		Name: "crm", Summary: "a CRM that is none", Idempotent: true,
		Options: []connectors.Option{{Name: "url", Help: "its address", Required: true}, {Name: "token", Help: "its token", Required: true, Secret: true}},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: {rw(connectors.FieldGiven), rw(connectors.FieldFamily), rw(connectors.FieldCompany),
			rw(connectors.FieldNote), {Field: connectors.FieldEmail, Read: true, Write: true}}},
		Open: func(_ context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
			x := &crm{env: env, secret: o["token"], bug: bug, emails: map[string]string{}, turn: make(chan struct{}, 1)}
			cfg := rest.Config{URL: o["url"], System: "the CRM", Auth: rest.Bearer(o["token"]), Limits: limits, Judge: x.judge, MaxBody: 1 << 20}
			switch bug {
			case "ignores the limits":
				cfg.Limits = connectors.Limits{}
			case "one at a time too many":
				cfg.Limits.Parallel++
			case "sends its key to everybody":
				cfg.Header = http.Header{"X-Api-Key": {o["token"]}}
			case "reads without bound":
				cfg.MaxBody = 1 << 40
			case "waits for ever":
				cfg.Timeout = 24 * time.Hour
			case "tries for ever":
				cfg.Retry = rest.Retry{Tries: 60}
			case "writes in a dry run":
				env.DryRun = false
			case "says nothing of a dry run":
				env.Unsent = nil
			}
			env.HTTP = broken{env.HTTP, bug}
			c, err := rest.New(cfg, env)
			if err != nil {
				return nil, err
			}
			x.c = c
			if bug == "hides an interface" {
				return struct {
					connectors.Connector
					connectors.Puller
				}{x, x}, nil
			}
			return x, nil
		},
	}
}

// broken is a transport that gets something wrong.
type broken struct {
	next http.RoundTripper
	bug  string
}

func (b broken) RoundTrip(r *http.Request) (*http.Response, error) {
	empty := func() *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"data":[]}`)), ContentLength: -1}
	}
	read := r.Method == http.MethodGet
	var again []byte
	if b.bug == "tries a write again" && r.Body != nil {
		again, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(again)))
	}
	resp, err := b.next.RoundTrip(r)
	switch {
	case b.bug == "tries a write again" && !read && r.Method != http.MethodDelete && (err != nil || resp.StatusCode >= 500):
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(strings.NewReader(string(again)))
		return b.next.RoundTrip(r)
	case b.bug == "a reset is the end" && read && err != nil && strings.Contains(err.Error(), "reset"):
		return empty(), nil
	case err != nil:
	case b.bug == "ignores Retry-After":
		resp.Header.Del("Retry-After")
	case b.bug == "a date is no Retry-After":
		if _, e := strconv.Atoi(resp.Header.Get("Retry-After")); e != nil {
			resp.Header.Del("Retry-After")
		}
	case b.bug == "gives up at the first fault" && read && resp.StatusCode >= 500:
		resp.StatusCode = http.StatusBadRequest
	case b.bug == "a web page is an empty list" || b.bug == "half an answer is the end":
		body, e := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		page := strings.Contains(strings.ToLower(string(body)), "<!doctype")
		if read && resp.StatusCode == 200 && (page && b.bug == "a web page is an empty list" || !page && (e != nil || !json.Valid(body)) && b.bug == "half an answer is the end" && len(body) < 1<<20) {
			return empty(), nil
		}
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(string(body)), resp.Body))
	}
	return resp, err
}

func (x *crm) judge(a rest.Answer) *connectors.Error {
	var body struct{ Code string }
	_ = json.Unmarshal(a.Body, &body) // an error without a code is judged by its status
	switch {
	case body.Code == "cursor_expired" && x.bug != "a cursor never expires":
		return &connectors.Error{Class: connectors.CursorExpired, Text: "the CRM has forgotten where we were; it is read from the start"}
	case a.Status == 412 && x.bug == "a conflict is invalid":
		return &connectors.Error{Class: connectors.Invalid, Text: "the CRM refuses this"}
	case a.Status == 401 && x.bug == "a wrong key is a passing fault":
		return &connectors.Error{Class: connectors.Transient, Text: "the CRM is busy"}
	}
	return nil
}

func (x *crm) Check(ctx context.Context) error {
	if x.bug == "checks nothing" {
		return nil
	}
	_, err := x.c.Do(ctx, rest.Request{Path: "v1/me"}, nil)
	if x.bug == "says the secret in an error" && err != nil {
		return &connectors.Error{Class: connectors.ClassOf(err), Text: "the CRM refuses " + x.secret}
	}
	if x.bug == "says the secret in a cause" && err != nil {
		return &connectors.Error{Class: connectors.ClassOf(err), Text: "the CRM refuses", Cause: errors.New(url.QueryEscape(x.secret))}
	}
	if x.bug == "warns with the secret" {
		x.env.Warn("checked with %s", x.secret)
	}
	return err
}

func (x *crm) Limits() connectors.Limits { return limits }

// raw is a contact as the API tells it: anything but the id may be missing.
type raw struct {
	ID      string   `json:"id"`
	Given   *string  `json:"given_name"`
	Family  *string  `json:"family_name"`
	Company *string  `json:"company"`
	Note    *string  `json:"note"`
	Emails  []string `json:"emails"`
	Updated string   `json:"updated_at"`
	Rev     int      `json:"rev"`
}

func (r raw) record() connectors.Record {
	out := connectors.Record{Kind: connectors.Contact, ID: r.ID, Keyed: connectors.KeyedID, Version: connectors.Version(fmt.Sprintf(`"%s-%d"`, r.ID, r.Rev))}
	if t, err := time.Parse(time.RFC3339Nano, r.Updated); err == nil {
		out.Modified = t.UTC()
	}
	add := func(field string, values ...string) {
		f := connectors.Field{Name: field}
		for _, v := range values {
			if v != "" {
				f.Values = append(f.Values, connectors.Value{Text: v})
			}
		}
		if len(f.Values) > 0 {
			out.Fields = append(out.Fields, f)
		}
	}
	for field, v := range map[string]*string{connectors.FieldGiven: r.Given, connectors.FieldFamily: r.Family, connectors.FieldCompany: r.Company, connectors.FieldNote: r.Note} {
		if v != nil {
			add(field, *v)
		}
	}
	add(connectors.FieldEmail, r.Emails...)
	slices.SortFunc(out.Fields, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Pull reads by (updated_at, id). The cursor is "epoch since id"; at the end it goes back by the
// overlap, for what commits late.
func (x *crm) Pull(ctx context.Context, _ connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if slices.Contains([]string{"keeps its place in memory", "nothing there means all gone", "knows people by their e-mail", "ends where it began, goes on where it ended"}, x.bug) {
		x.turn <- struct{}{} // no mutex: a virtual clock stands still while somebody waits for one
		defer func() { <-x.turn }()
	}
	if x.bug == "ignores who stopped waiting" {
		ctx = context.WithoutCancel(ctx)
	}
	if x.bug == "keeps its place in memory" && from != "" {
		from = x.place
	}
	epoch, since, after := "", "", ""
	if f := strings.Split(string(from), " "); len(f) == 3 {
		epoch, since, after = f[0], f[1], f[2]
	}
	q := url.Values{"limit": {strconv.Itoa(page)}}
	if since != "" {
		q.Set("since", since)
		q.Set("epoch", epoch)
		if x.bug == "skips those of one time" && after != "" {
			q.Set("strict", "1")
		} else if after != "" && x.bug != "goes in circles on one time" {
			q.Set("after", after)
		}
	}
	if x.bug == "a cursor never expires" {
		q.Del("epoch")
	}
	if x.bug == "ends where it began, goes on where it ended" {
		if x.until.IsZero() {
			x.until = x.env.Now().UTC()
		}
		q.Set("before", x.until.Format(time.RFC3339Nano))
	}
	var list struct {
		Data  []raw `json:"data"`
		More  bool  `json:"more"`
		Epoch int   `json:"epoch"`
	}
	a, err := x.c.Do(ctx, rest.Request{Path: "v1/contacts", Query: q}, &list)
	for n := 0; n < 20 && x.bug == "a storm of refused keys" && connectors.ClassOf(err) == connectors.Auth; n++ {
		_, err = x.c.Do(ctx, rest.Request{Path: "v1/contacts", Query: q}, &list)
	}
	if err != nil {
		return connectors.Page{}, err
	}
	if err := x.strict(a); err != nil {
		return connectors.Page{}, err
	}
	p := connectors.Page{Told: len(list.Data), More: list.More, Next: from}
	if list.More && x.bug == "stops after a page" {
		p.More = false
	}
	for _, r := range list.Data {
		if r.ID == "" {
			p.Rejected = append(p.Rejected, connectors.Rejected{Where: "the CRM", Reason: "has no id", Raw: "{}"})
			continue
		}
		if x.bug == "null is a crash" && *r.Company == "" {
			continue
		}
		after, since = r.ID, r.Updated
		if x.bug == "knows people by their e-mail" && len(r.Emails) > 0 {
			if id := x.emails[r.Emails[0]]; id != "" && id != r.ID {
				p.Joined++
				continue
			}
			x.emails[r.Emails[0]] = r.ID
		}
		p.Changes = append(p.Changes, connectors.Change{Record: r.record(), Where: "contact " + r.ID})
		if x.bug == "nothing there means all gone" {
			x.known = append(x.known, r.ID)
		}
	}
	if len(list.Data) == 0 && x.bug == "nothing there means all gone" {
		for _, id := range x.known {
			p.Changes = append(p.Changes, connectors.Change{Gone: true, Record: connectors.Record{Kind: connectors.Contact, ID: id, Keyed: connectors.KeyedID}})
		}
		p.Told = len(p.Changes)
	}
	if t, err := time.Parse(time.RFC3339Nano, since); err == nil {
		if !p.More {
			if len(list.Data) > 0 && x.bug != "no overlap" {
				t, after = t.Add(-overlap), ""
			}
			if x.bug == "ends where it began, goes on where it ended" {
				t, after = x.env.Now().Add(-overlap), ""
			}
		}
		p.Next = connectors.Cursor(strconv.Itoa(list.Epoch) + " " + t.UTC().Format(time.RFC3339Nano) + " " + after)
	}
	if !p.More && x.bug == "ends where it began, goes on where it ended" {
		x.until = time.Time{}
	}
	if x.bug == "keeps its place in memory" {
		x.place = p.Next
	}
	return p, nil
}

// strict is a bug.
func (x *crm) strict(a rest.Answer) error {
	if x.bug != "refuses what it does not know" {
		return nil
	}
	dec := json.NewDecoder(strings.NewReader(string(a.Body)))
	dec.DisallowUnknownFields()
	var list struct {
		Data []struct {
			raw
			Ref *string `json:"ref"`
		} `json:"data"`
		More, Epoch any
	}
	if err := dec.Decode(&list); err != nil {
		return &connectors.Error{Class: connectors.Invalid, Text: "the CRM says something new", Cause: err}
	}
	return nil
}

func (x *crm) Census(ctx context.Context, _ connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	var list struct {
		Live map[string]connectors.Version `json:"live"`
		Last string                        `json:"last"`
		More bool                          `json:"more"`
	}
	_, err := x.c.Do(ctx, rest.Request{Path: "v1/ids", Query: url.Values{"after": {string(from)}}}, &list)
	if err != nil && from != "" && x.bug == "a census ends at a fault" {
		return connectors.CensusPage{Next: from}, nil
	}
	p := connectors.CensusPage{Live: list.Live, Next: connectors.Cursor(list.Last), More: list.More}
	if x.bug == "a census is one page" && len(list.Live) > 3 {
		p.More = false
	}
	return p, err
}

func (x *crm) Fetch(ctx context.Context, _ connectors.Kind, ids []string) ([]connectors.Record, error) {
	var out []connectors.Record
	for _, id := range ids {
		var r raw
		_, err := x.c.Do(ctx, rest.Request{Path: "v1/contacts/" + url.PathEscape(id)}, &r)
		if connectors.ClassOf(err) == connectors.NotFound && x.bug != "what is missing is an error" {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, r.record())
	}
	return out, nil
}

func (x *crm) Find(ctx context.Context, in connectors.Intent) (connectors.Record, bool, error) {
	var list struct {
		Data []raw `json:"data"`
	}
	if x.bug == "finds nothing" {
		return connectors.Record{}, false, nil
	}
	_, err := x.c.Do(ctx, rest.Request{Path: "v1/contacts", Query: url.Values{"ref": {in.Key}}}, &list)
	if err != nil || len(list.Data) == 0 {
		return connectors.Record{}, false, err
	}
	return list.Data[0].record(), true, nil
}

func (x *crm) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	body := map[string]any{}
	members := map[string]string{connectors.FieldGiven: "given_name", connectors.FieldFamily: "family_name", connectors.FieldCompany: "company", connectors.FieldNote: "note"}
	changed := in.Changed
	if x.bug == "wipes what it was not told" {
		changed = []string{connectors.FieldGiven, connectors.FieldFamily, connectors.FieldCompany, connectors.FieldNote, connectors.FieldEmail}
	}
	for _, field := range changed {
		var values []string
		for _, f := range in.Record.Fields {
			for _, v := range f.Values {
				if f.Name == field {
					values = append(values, x.spoil(v.Text))
				}
			}
		}
		switch {
		case field == connectors.FieldEmail:
			body["emails"] = values
		case len(values) > 0:
			body[members[field]] = values[0]
		case x.bug != "never empties a field":
			body[members[field]] = nil
		}
	}
	req := rest.Request{Method: http.MethodPatch, Path: "v1/contacts/" + url.PathEscape(in.Record.ID), Header: http.Header{}, Body: body}
	if in.Record.ID == "" {
		req.Method, req.Path = http.MethodPost, "v1/contacts"
		body["ref"] = in.Key
		if x.bug != "sends no idempotency key" {
			req.Header.Set("Idempotency-Key", in.ID)
		}
	} else if x.bug != "sends no If-Match" {
		req.Header.Set("If-Match", string(in.Expect))
	}
	var r raw
	_, err := x.c.Do(ctx, req, &r)
	if err != nil {
		if connectors.ClassOf(err) == connectors.Ambiguous && x.bug == "a lost answer is a passing fault" {
			err = &connectors.Error{Class: connectors.Transient, Text: "the CRM is busy", Cause: err}
		}
		return connectors.Record{}, err
	}
	return r.record(), nil
}

// spoil is a bug.
func (x *crm) spoil(s string) string {
	return strings.Map(func(r rune) rune {
		if x.bug == "loses emoji" && r > 0xffff || x.bug == "loses direction marks" && (r == '\u200e' || r == '\u200f') {
			return -1
		}
		return r
	}, s)
}

func (x *crm) Delete(ctx context.Context, in connectors.Intent) error {
	h := http.Header{}
	if in.Expect != "" && x.bug != "deletes whatever is there" {
		h.Set("If-Match", string(in.Expect))
	}
	_, err := x.c.Do(ctx, rest.Request{Method: http.MethodDelete, Path: "v1/contacts/" + url.PathEscape(in.Record.ID), Header: h}, nil)
	if connectors.ClassOf(err) == connectors.NotFound && x.bug != "deleting twice is an error" {
		return nil
	}
	return err
}

func (x *crm) Receive(_ context.Context, header map[string][]string, body []byte) ([]connectors.Hint, error) {
	bad := &connectors.Error{Class: connectors.Auth, Text: "a webhook was not signed by the CRM, or is too old; it was not read"}
	var at int64
	var sig string
	_, err := fmt.Sscanf(http.Header(header).Get("X-Crm-Signature"), "t=%d,v1=%s", &at, &sig)
	age := x.env.Now().Sub(time.Unix(at, 0))
	switch {
	case x.bug == "believes every webhook":
	case err != nil, !hmac.Equal([]byte(sig), []byte(signature(x.secret, at, body))), (age > hookAge || age < -hookAge) && x.bug != "believes old webhooks":
		return nil, bad
	}
	var b struct{ Event, ID string }
	if json.Unmarshal(body, &b) != nil {
		return nil, bad
	}
	if x.bug == "hints at nothing" {
		return nil, nil
	}
	return []connectors.Hint{{Kind: connectors.Contact, ID: b.ID, Gone: b.Event == "contact.deleted"}}, nil
}

// Watch looks every ten seconds whether something is new. It compares what it is told, not cursors:
// two changes of one instant have the same.
func (x *crm) Watch(ctx context.Context, news func(connectors.Hint)) error {
	from, seen := connectors.Cursor(""), map[string]connectors.Version{}
	stop := x.env.Now().Add(time.Hour)
	for first := true; ; first = false {
		fresh := false
		for n, more := 0, true; more && n < 100; n++ {
			page, err := x.Pull(ctx, connectors.Contact, from)
			if err != nil {
				break // the next look may be luckier
			}
			for _, c := range page.Changes {
				fresh = fresh || seen[c.Record.ID] != c.Record.Version
				seen[c.Record.ID] = c.Record.Version
			}
			from, more = page.Next, page.More
		}
		if fresh && !first && x.bug != "has no news" {
			news(connectors.Hint{Kind: connectors.Contact})
		}
		if x.bug == "watches on" {
			if ctx = context.WithoutCancel(ctx); x.env.Now().After(stop) {
				return context.Canceled
			}
		}
		if err := x.env.Sleep(ctx, 10*time.Second); err != nil {
			return err
		}
	}
}
