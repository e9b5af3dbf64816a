package vendure

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// fake is a Vendure 3.7 shop in memory, with what was measured at a real one: see the comment of
// the package, and docs/guides/vendure.md.
type fake struct {
	mu sync.Mutex

	user, password, key string
	role                []string // the permissions of user and key
	byCookie            bool     // the shop's tokenMethod has no bearer
	finest              bool     // times are kept in microseconds (PostgreSQL), not in whole seconds (SQLite)
	most                int      // the most that a list gives
	failing             string   // a mutation whose database fails, after it was written

	sessions  map[string]bool
	asked     int
	next      int
	customers map[int]*fakeCustomer
	orders    map[int]*fakeOrder
	countries []country
	channels  []string // tokens, the default channel first
	onList    func()   // between two pages
}

type fakeCustomer struct {
	id                               int
	created, updated                 time.Time
	title, first, last, email, phone string
	gone                             bool
	guest                            bool
	addresses                        []*fakeAddress
	groups                           []string
	titleSet, phoneSet               bool // null until something was written
}

type fakeAddress struct {
	id                int
	updated           time.Time
	members           map[string]string
	billing, shipping bool
}

// fakeOrder holds an order's members as the API tells them, but for its time.
type fakeOrder struct {
	updated time.Time
	members map[string]any
}

func newFake() *fake {
	return &fake{user: "kept@example.org", password: "pass+hunter22/secret=", key: "0123:pass+hunter22/secret=",
		role: []string{"ReadCustomer", "ReadOrder", "CreateCustomer", "UpdateCustomer", "DeleteCustomer", "ReadCountry"}, most: 1000,
		sessions: map[string]bool{}, customers: map[int]*fakeCustomer{}, orders: map[int]*fakeOrder{},
		countries: []country{{"DE", "Germany"}, {"AT", "Austria"}, {"PT", "Portugal"}, {"CN", "China"}}, channels: []string{"default-token", "retail-token"}}
}

func (f *fake) now() time.Time { return f.kept(time.Now()) }

// kept is a time as the database has it.
func (f *fake) kept(t time.Time) time.Time {
	if f.finest {
		return t.UTC().Truncate(time.Microsecond)
	}
	return t.UTC().Truncate(time.Second)
}

// refusalOf is an error within the data of an answer, or instead of them.
type refusalOf struct {
	message string
	code    string
}

func (r *refusalOf) Error() string { return r.message }

func refused(format string, args ...any) error {
	return &refusalOf{message: fmt.Sprintf(format, args...)}
}

func fakeSay(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Access-Control-Expose-Headers", "vendure-auth-token")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	nothing := func(status int, message string) {
		fakeSay(w, status, map[string]any{"statusCode": status, "message": message, "timestamp": time.Now().UTC(), "path": r.URL.Path})
	}
	failed := func(status int, message, code string) {
		fakeSay(w, status, map[string]any{"errors": []any{map[string]any{"message": message, "extensions": map[string]any{"code": code}}}})
	}
	if r.URL.Path != adminPath || r.Method != http.MethodPost {
		nothing(http.StatusNotFound, "Cannot "+r.Method+" "+r.URL.Path)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var in struct {
		Query     string
		Variables map[string]any
	}
	if err != nil || json.Unmarshal(body, &in) != nil {
		nothing(http.StatusBadRequest, "Unterminated string in JSON")
		return
	}
	op, err := fakeParse(in.Query)
	if err != nil {
		failed(http.StatusBadRequest, err.Error(), "GRAPHQL_PARSE_FAILED")
		return
	}
	root := map[string]string{"query": "Query", "mutation": "Mutation"}[op.kind]
	if err := fakeValidate(root, op.selections); err != nil {
		failed(http.StatusBadRequest, err.Error(), "GRAPHQL_VALIDATION_FAILED")
		return
	}
	for name, typ := range op.variables {
		if err := fakeCoerce(in.Variables[name], typ); err != nil {
			failed(http.StatusOK, fmt.Sprintf("Variable \"$%s\" got invalid value %v; %s", name, in.Variables[name], err), "BAD_USER_INPUT")
			return
		}
	}
	data := map[string]any{}
	for _, field := range op.selections {
		args, err := fakeBind(field, op, in.Variables)
		if err != nil {
			failed(http.StatusBadRequest, err.Error(), "GRAPHQL_VALIDATION_FAILED")
			return
		}
		v, err := f.resolve(w, r, field.name, args)
		if err != nil {
			e := map[string]any{"message": err.Error(), "locations": []any{}, "path": []any{field.alias}}
			if refused, ok := err.(*refusalOf); ok && refused.code != "" {
				e["extensions"] = map[string]any{"code": refused.code}
			}
			// what came before in the same mutation stands
			fakeSay(w, http.StatusOK, map[string]any{"errors": []any{e}, "data": nil})
			return
		}
		data[field.alias] = fakePick(v, field.selections)
	}
	fakeSay(w, http.StatusOK, map[string]any{"data": data})
}

// fakeBind gives the arguments of a field, with the variables in their places.
func fakeBind(field fakeField, op fakeOp, variables map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for name, v := range field.args {
		if x, ok := v.(fakeVar); ok {
			if op.variables[string(x)] == "" {
				return nil, refused("Variable %q is not defined.", "$"+string(x))
			}
			v = variables[string(x)]
		} else if err := fakeCoerce(v, fakeArgs[field.name][name]); err != nil {
			return nil, err
		}
		out[name] = v
	}
	for name, typ := range fakeArgs[field.name] {
		if _, ok := out[name]; !ok && strings.HasSuffix(typ, "!") {
			return nil, refused("Argument %q of type %q is required, but it was not provided.", name, typ)
		}
	}
	return out, nil
}

// signedIn says whether a request has credentials that are good. A bad bearer is an anonymous one.
func (f *fake) signedIn(r *http.Request) bool {
	if key := r.Header.Get("vendure-api-key"); key != "" {
		return f.key != "" && key == f.key
	}
	if f.byCookie {
		c, err := r.Cookie("session")
		return err == nil && f.sessions[c.Value]
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return f.sessions[token]
}

func (f *fake) resolve(w http.ResponseWriter, r *http.Request, name string, args map[string]any) (any, error) {
	deny := &refusalOf{message: "You are not currently authorized to perform this action", code: forbidden}
	if name == "login" {
		return f.login(w, args), nil
	}
	in := f.signedIn(r)
	if name == "me" && (!in || r.Header.Get("vendure-api-key") != "") { // a key is nobody
		return nil, deny
	}
	if right := permissions[name]; !in || right != "" && !slices.Contains(f.role, right) {
		return nil, deny
	}
	input, _ := args["input"].(map[string]any)
	options, _ := args["options"].(map[string]any)
	id, _ := strconv.Atoi(fmt.Sprint(args["id"]))
	switch name {
	case "activeChannel":
		token := f.channels[0] // whatever was asked for, if it is not known
		if i := slices.Index(f.channels, r.Header.Get("vendure-token")); i >= 0 {
			token = f.channels[i]
		}
		return map[string]any{"token": token, "code": "channel of " + token}, nil
	case "me":
		channels := []map[string]any{}
		for _, token := range f.channels {
			channels = append(channels, map[string]any{"token": token, "code": "channel of " + token, "permissions": append([]string{"Authenticated"}, f.role...)})
		}
		return map[string]any{"id": "2", "identifier": f.user, "channels": channels}, nil
	case "customers", "orders":
		return f.list(name, options)
	case "countries":
		var all []map[string]any
		for _, c := range f.countries {
			all = append(all, map[string]any{"code": c.Code, "name": c.Name, "enabled": true})
		}
		return map[string]any{"items": all, "totalItems": len(all)}, nil
	}
	v, err := f.mutate(name, id, args, input)
	if err == nil && f.failing == name {
		return nil, &refusalOf{message: "Connection terminated unexpectedly"}
	}
	return v, err
}

func (f *fake) login(w http.ResponseWriter, args map[string]any) any {
	if args["username"] != f.user || args["password"] != f.password {
		return map[string]any{"__typename": "InvalidCredentialsError", "errorCode": "INVALID_CREDENTIALS_ERROR", "message": "The provided credentials are invalid"}
	}
	token := fmt.Sprintf("%064x", f.asked)
	f.sessions[token] = true
	if f.byCookie {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: token, HttpOnly: true})
	} else {
		w.Header().Set("vendure-auth-token", token)
	}
	return map[string]any{"__typename": "CurrentUser", "id": "2", "identifier": f.user}
}

// fakeRow is a thing of a list with what it can be filtered and sorted by.
type fakeRow struct {
	id      int
	updated time.Time
	members map[string]any
}

// list gives a list as the real one does: sorted by the first member of the schema that is named, what
// is equal in an order that nobody can rely on; times compared as text where the database is SQLite.
func (f *fake) list(name string, options map[string]any) (any, error) {
	if f.onList != nil {
		f.onList()
	}
	take, skip := f.most, 0
	if n, ok := options["take"].(float64); ok && int(n) > f.most {
		return nil, &refusalOf{message: fmt.Sprintf("Cannot take more than %d results from a list query", f.most), code: "USER_INPUT_ERROR"}
	} else if ok && n > 0 {
		take = int(n)
	}
	if n, ok := options["skip"].(float64); ok {
		skip = max(int(n), 0)
	}
	var all []fakeRow
	if name == "customers" {
		for _, c := range f.customers {
			if !c.gone {
				all = append(all, fakeRow{c.id, c.updated, f.tell(c)})
			}
		}
	} else {
		for id, o := range f.orders {
			m := map[string]any{}
			for k, v := range o.members {
				m[k] = v
			}
			m["id"], m["updatedAt"] = strconv.Itoa(id), stamp(o.updated)
			all = append(all, fakeRow{id, o.updated, m})
		}
	}
	filter, _ := options["filter"].(map[string]any)
	all = slices.DeleteFunc(all, func(r fakeRow) bool {
		for member, ops := range filter {
			for op, v := range ops.(map[string]any) {
				if !f.passes(r, member, op, v) {
					return true
				}
			}
		}
		return false
	})
	sort, _ := options["sort"].(map[string]any)
	chance := func(id int) uint64 {
		x := uint64(id)*0x9e3779b97f4a7c15 + uint64(f.asked)*0xbf58476d1ce4e5b9
		x = (x ^ x>>30) * 0x94d049bb133111eb
		return x ^ x>>31
	}
	slices.SortFunc(all, func(a, b fakeRow) int {
		c := 0
		switch {
		case sort["id"] != nil: // before updatedAt in the schema, however the query has them
			if c = a.id - b.id; sort["id"] == "DESC" {
				c = -c
			}
		case sort["updatedAt"] != nil:
			if c = a.updated.Compare(b.updated); sort["updatedAt"] == "DESC" {
				c = -c
			}
		}
		if c == 0 && chance(a.id) < chance(b.id) {
			return -1
		} else if c == 0 {
			return 1
		}
		return c
	})
	total := len(all)
	all = all[min(skip, len(all)):]
	all = all[:min(take, len(all))]
	items := []map[string]any{}
	for _, r := range all {
		items = append(items, r.members)
	}
	return map[string]any{"items": items, "totalItems": total}, nil
}

func (f *fake) passes(r fakeRow, member, op string, v any) bool {
	if member == "updatedAt" {
		at := moment(fmt.Sprint(v))
		c := r.updated.Compare(at)
		if !f.finest {
			c = strings.Compare(r.updated.Format(time.DateTime), at.Format("2006-01-02 15:04:05.000"))
		}
		switch op {
		case "after":
			return c > 0
		case "before":
			return c < 0
		}
		return c == 0
	}
	have := r.members[member]
	switch op {
	case "isNull":
		return (have == nil) == v.(bool)
	case "contains":
		return strings.Contains(strings.ToLower(fmt.Sprint(have)), strings.ToLower(fmt.Sprint(v)))
	case "in":
		return slices.Contains(v.([]any), have)
	case "notIn":
		return !slices.Contains(v.([]any), have)
	}
	return have == v
}

// tell gives a customer as the API has it.
func (f *fake) tell(c *fakeCustomer) map[string]any {
	text := func(s string, set bool) any {
		if set || s != "" {
			return s
		}
		return nil
	}
	m := map[string]any{"__typename": "Customer", "id": strconv.Itoa(c.id), "createdAt": stamp(c.created), "updatedAt": stamp(c.updated), "title": text(c.title, c.titleSet),
		"firstName": c.first, "lastName": c.last, "emailAddress": c.email, "phoneNumber": text(c.phone, c.phoneSet), "user": nil}
	if !c.guest {
		m["user"] = map[string]any{"id": strconv.Itoa(c.id + 1), "verified": false}
	}
	addresses := []map[string]any{}
	for _, a := range c.addresses {
		addresses = append(addresses, a.tell())
	}
	groups := []map[string]any{}
	for i, g := range c.groups {
		groups = append(groups, map[string]any{"id": strconv.Itoa(i + 1), "name": g})
	}
	m["addresses"], m["groups"] = addresses, groups
	return m
}

func (a *fakeAddress) tell() map[string]any {
	m := map[string]any{"__typename": "Address", "id": strconv.Itoa(a.id), "createdAt": stamp(a.updated), "updatedAt": stamp(a.updated),
		"defaultBillingAddress": a.billing, "defaultShippingAddress": a.shipping, "country": map[string]any{"code": a.members["countryCode"], "name": a.members["countryCode"]}}
	for _, name := range addressMembers {
		m[name] = a.members[name]
	}
	return m
}

var addressMembers = []string{"fullName", "company", "streetLine1", "streetLine2", "city", "province", "postalCode", "phoneNumber"}

// Put, Delete and Live are the suite's side: what the shop's other users do.
func (f *fake) Put(_ connectors.Kind, id string, r connectors.Record, at time.Time) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at.IsZero() {
		at = time.Now()
	}
	n, _ := strconv.Atoi(id)
	c := f.customers[n]
	if c == nil {
		f.next++
		c = &fakeCustomer{id: f.next, created: f.kept(at)}
		f.customers[c.id] = c
	}
	c.updated = f.kept(at)
	c.title, c.first, c.last = first(r, connectors.FieldPrefix), first(r, connectors.FieldGiven), first(r, connectors.FieldFamily)
	c.email, c.phone = normalEmail(first(r, connectors.FieldEmail)), first(r, connectors.FieldPhone)
	c.addresses = nil
	for i, v := range values(r, connectors.FieldAddress) {
		f.next++
		p := partsOf(v)
		a := &fakeAddress{id: f.next, updated: c.updated, billing: v.Label == billing, shipping: v.Label == shipping, members: map[string]string{
			"streetLine1": p.Street, "streetLine2": p.Street2, "city": p.City, "province": p.Province, "postalCode": p.Postcode, "countryCode": p.Country.Code}}
		if i == 0 {
			a.members["company"] = first(r, connectors.FieldCompany)
		}
		c.addresses = append(c.addresses, a)
	}
	return strconv.Itoa(c.id), nil
}

func (f *fake) Delete(_ connectors.Kind, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, _ := strconv.Atoi(id)
	if c := f.customers[n]; c != nil {
		c.gone = true
	}
	return nil
}

func (f *fake) Live(connectors.Kind) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	for id, c := range f.customers {
		if !c.gone {
			ids = append(ids, strconv.Itoa(id))
		}
	}
	return ids, nil
}
