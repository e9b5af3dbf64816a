package woocommerce

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// Fake is a WooCommerce shop in memory. It does what servers of versions 7.9.0 and 11.0.1 were seen
// to do, its traps included, and what their source says where that was not tried; it refuses what
// they refuse. The time of its answers is time.Now.
type Fake struct {
	Version string         // "7.9.0" or "11.0.1": texts and rules differ
	Zone    *time.Location // of the shop; nil: UTC
	Folder  string         // in which WordPress lives: "/shop"
	Plain   bool           // no pretty permalinks: only ?rest_route= leads to the API, and keys are looked at only where the address has wp-json/wc/
	German  bool           // the shop's language: codes stay, words do not
	Dropped bool           // the web server drops the header Authorization
	Skew    time.Duration  // how far its clock is ahead
	Hooks   string         // the secret of its webhooks
	Sends   []FakeHook     // its webhooks
	Door    int            // how many bytes of a body the web server lets through; 0: any number

	mu     sync.Mutex
	keys   []*FakeKey
	users  map[int64]*fakeUser
	orders map[int64]*fakeOrder
	next   int64
	asked  int
}

// FakeHook is a webhook as the shop lists it; Status is active, paused or disabled.
type FakeHook struct{ Name, Topic, Status string }

// listHooks gives the webhooks, and their secrets to nobody.
func (f *Fake) listHooks(w http.ResponseWriter, q url.Values) {
	perPage, offset, ok := f.paging(w, q, "date", "id", "title")
	if !ok {
		return
	}
	out := []any{}
	for i, h := range f.Sends {
		out = append(out, map[string]any{"id": i + 1, "name": h.Name, "status": h.Status, "topic": h.Topic, "delivery_url": "https://kept.example.com/webhook/shop", "hooks": []any{}})
	}
	f.page(w, q, out, perPage, offset)
}

// FakeKey is a key of the REST API.
type FakeKey struct {
	Key, Secret string
	Permissions string // read, write, read_write
	Customer    bool   // its user has no rights in the shop
	nonces      map[string]bool
}

// NewFake makes a shop without users and orders that knows one key.
func NewFake(key, secret string) *Fake {
	f := &Fake{Version: "11.0.1", users: map[int64]*fakeUser{}, orders: map[int64]*fakeOrder{}, Hooks: secret}
	f.AddKey(&FakeKey{Key: key, Secret: secret, Permissions: "read_write"})
	return f
}

// AddKey makes a key known.
func (f *Fake) AddKey(k *FakeKey) {
	k.nonces = map[string]bool{}
	f.keys = append(f.keys, k)
}

func (f *Fake) now() time.Time { return time.Now().Add(f.Skew).UTC().Truncate(time.Second) }

func (f *Fake) local(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	if f.Zone != nil {
		t = t.In(f.Zone)
	}
	return t.Format("2006-01-02T15:04:05")
}

func gmt(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05")
}

// ServeHTTP implements http.Handler.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	w.Header().Set("Date", time.Now().Add(f.Skew).UTC().Format(http.TimeFormat))
	if r.URL.Path == f.Folder && f.Folder != "" { // a folder's address ends in a slash
		http.Redirect(w, r, f.Folder+"/?"+r.URL.RawQuery, http.StatusMovedPermanently)
		return
	}
	route, ok := f.route(r)
	if !ok {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		if f.Plain {
			w.WriteHeader(http.StatusOK) // WordPress shows its front page
		} else {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, "<!DOCTYPE html><html><head><title>Nordlicht Optik</title></head><body>Hallo Welt!</body></html>")
		return
	}
	w.Header().Add("Link", `<https://shop.example.com/wp-json/>; rel="https://api.w.org/"`)
	w.Header().Set("X-Robots-Tag", "noindex")
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
	if err != nil {
		return
	}
	if f.Door > 0 && len(body) > f.Door {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		fmt.Fprint(w, "<html><head><title>413 Request Entity Too Large</title></head><body><center>nginx</center></body></html>")
		return
	}
	var in map[string]any
	if len(body) > 0 {
		if json.Unmarshal(body, &in) != nil {
			f.refuse(w, 400, "rest_invalid_json", "Invalid JSON body passed.", map[string]any{"json_error_code": 4})
			return
		}
	}
	if !f.let(w, r, route) {
		return
	}
	parts := strings.Split(strings.Trim(strings.TrimPrefix(route, "/wc/v3/"), "/"), "/")
	id := int64(0)
	if len(parts) > 1 && parts[1] != "batch" {
		n, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			parts[0] = "none"
		}
		id = n
	}
	switch what := parts[0] + " " + strconv.Itoa(len(parts)) + " " + r.Method; {
	case !strings.HasPrefix(route, "/wc/v3/"):
		f.noRoute(w)
	case what == "customers 1 GET":
		f.listUsers(w, r.URL.Query())
	case what == "customers 1 POST":
		f.say(w, f.createUser(in, true), r.URL.Query())
	case what == "customers 2 POST" && parts[1] == "batch", what == "customers 2 PUT" && parts[1] == "batch":
		f.batch(w, in)
	case what == "customers 2 GET":
		f.say(w, f.oneUser(id), r.URL.Query())
	case what == "customers 2 PUT", what == "customers 2 POST", what == "customers 2 PATCH":
		f.say(w, f.updateUser(id, in, true), r.URL.Query())
	case what == "customers 2 DELETE":
		f.say(w, f.deleteUser(id, r.URL.Query().Get("force") == "true"), r.URL.Query())
	case what == "webhooks 1 GET":
		f.listHooks(w, r.URL.Query())
	case what == "orders 1 GET":
		f.listOrders(w, r.URL.Query())
	case what == "orders 2 GET":
		f.say(w, f.oneOrder(id), r.URL.Query())
	case what == "orders 3 GET" && parts[2] == "refunds":
		f.listRefunds(w, r.URL.Query(), id)
	default:
		f.noRoute(w)
	}
}

// route gives the route of a request within the REST API.
func (f *Fake) route(r *http.Request) (string, bool) {
	path, ok := strings.CutPrefix(r.URL.Path, f.Folder)
	if !ok {
		return "", false
	}
	if route := r.URL.Query().Get("rest_route"); route != "" && (path == "" || path == "/" || path == "/index.php" || strings.HasPrefix(path, "/index.php/")) {
		return route, true
	}
	route, ok := strings.CutPrefix(path, "/wp-json")
	return route, ok && !f.Plain
}

// result is an answer: a thing, or why there is none.
type result struct {
	status int
	value  any
	code   string
	text   string
	data   map[string]any
}

func refusing(status int, code, text string) result {
	return result{status: status, code: code, text: text}
}

func (r result) json() any {
	if r.code == "" {
		return r.value
	}
	data := map[string]any{"status": r.status}
	maps.Copy(data, r.data)
	return map[string]any{"code": r.code, "message": r.text, "data": data}
}

func (f *Fake) say(w http.ResponseWriter, r result, q url.Values) {
	value := r.json()
	if only := q.Get("_fields"); only != "" && r.code == "" {
		value = trimmed(value, strings.Split(only, ","))
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(r.status)
	enc := json.NewEncoder(w)
	_ = enc.Encode(value) // to memory or a connection that is checked by who reads it
}

func (f *Fake) refuse(w http.ResponseWriter, status int, code, text string, data map[string]any) {
	f.say(w, result{status: status, code: code, text: text, data: data}, nil)
}

func (f *Fake) noRoute(w http.ResponseWriter) {
	f.refuse(w, 404, "rest_no_route", "No route was found matching the URL and request method.", nil)
}

// trimmed leaves the members that _fields names; _links come all the same.
func trimmed(v any, only []string) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = trimmed(v[i], only)
		}
		return v
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if slices.Contains(only, k) || k == "_links" {
				out[k] = x
			}
		}
		return out
	}
	return v
}

// paging reads and checks what all lists have in common.
func (f *Fake) paging(w http.ResponseWriter, q url.Values, orders ...string) (perPage, offset int, ok bool) {
	invalid := func(name, text string) (int, int, bool) {
		f.refuse(w, 400, "rest_invalid_param", "Invalid parameter(s): "+name, map[string]any{"params": map[string]string{name: text}})
		return 0, 0, false
	}
	whole := func(name string, value int) int {
		if s := q.Get(name); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				return -1
			}
			return n
		}
		return value
	}
	perPage, page := whole("per_page", 10), whole("page", 1)
	switch offset = whole("offset", 0); {
	case perPage < 1 || perPage > 100:
		return invalid("per_page", "per_page must be between 1 (inclusive) and 100 (inclusive)")
	case page < 1:
		return invalid("page", "page must be greater than or equal to 1")
	case offset < 0:
		return invalid("offset", "offset is not of type integer.")
	case q.Get("orderby") != "" && !slices.Contains(orders, q.Get("orderby")):
		return invalid("orderby", "orderby is not one of "+strings.Join(orders, ", ")+".")
	case q.Get("order") != "" && q.Get("order") != "asc" && q.Get("order") != "desc":
		return invalid("order", "order is not one of asc and desc.")
	}
	if offset == 0 {
		offset = (page - 1) * perPage
	}
	return perPage, offset, true
}

// page answers with a part of a list. Its links lead to the shop's own address, whatever was asked.
func (f *Fake) page(w http.ResponseWriter, q url.Values, all []any, perPage, offset int) {
	pages := (len(all) + perPage - 1) / perPage
	w.Header().Set("X-WP-Total", strconv.Itoa(len(all)))
	w.Header().Set("X-WP-TotalPages", strconv.Itoa(pages))
	if at := offset/perPage + 1; at < pages {
		w.Header().Add("Link", fmt.Sprintf(`<http://intern.example/wp-json/wc/v3/x?page=%d>; rel="next"`, at+1))
	}
	part := []any{}
	if offset < len(all) {
		part = all[offset:min(offset+perPage, len(all))]
	}
	f.say(w, result{status: 200, value: part}, q)
}

// included reads include: nil where it is not given.
func included(q url.Values) (ids []int64, given bool) {
	for _, s := range strings.FieldsFunc(q.Get("include"), func(r rune) bool { return r == ',' || r == ' ' }) {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			ids = append(ids, n)
		}
	}
	return ids, len(ids) > 0
}

// Put creates or changes a user or an order, as the shop's pages and plug-ins do: nobody is asked for
// rights, and of users only names, addresses and e-mail move the time of change.
func (f *Fake) Put(kind connectors.Kind, id string, r connectors.Record, at time.Time) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at.IsZero() {
		at = f.now()
	}
	at = at.UTC().Truncate(time.Second)
	n, _ := strconv.ParseInt(id, 10, 64)
	if kind == connectors.Order {
		return f.putOrder(n, r, at), nil
	}
	return f.putUser(n, r, at), nil
}

// Delete deletes a user or an order for good.
func (f *Fake) Delete(kind connectors.Kind, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return err
	}
	if kind == connectors.Order {
		delete(f.orders, n)
		return nil
	}
	delete(f.users, n)
	return nil
}

// Live gives the IDs of all users, or of all orders out of the trash.
func (f *Fake) Live(kind connectors.Kind) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	if kind == connectors.Order {
		for id, o := range f.orders {
			if o.status != "trash" {
				ids = append(ids, strconv.FormatInt(id, 10))
			}
		}
		return ids, nil
	}
	for id := range f.users {
		ids = append(ids, strconv.FormatInt(id, 10))
	}
	return ids, nil
}

// Asked says how many requests came.
func (f *Fake) Asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}
