package woocommerce

import (
	"cmp"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
)

type fakeUser struct {
	id                int64
	created, modified time.Time
	email, login      string
	first, last, role string
	billing, shipping map[string]string
	meta              []fakeMeta
	paying            bool
}

type fakeMeta struct {
	id    int64
	key   string
	value any
}

var billingMembers = []string{"first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state", "email", "phone"}
var shippingMembers = []string{"first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state", "phone"}

func (f *Fake) newID() int64 {
	f.next++
	return f.next
}

func (f *Fake) userJSON(u *fakeUser) any {
	block := func(m map[string]string, members []string) map[string]any {
		out := map[string]any{}
		for _, k := range members {
			out[k] = m[k]
		}
		return out
	}
	meta := []any{}
	for _, m := range u.meta {
		meta = append(meta, map[string]any{"id": m.id, "key": m.key, "value": m.value})
	}
	return map[string]any{
		"id": u.id, "date_created": f.local(u.created), "date_created_gmt": gmt(u.created), "date_modified": f.local(u.modified), "date_modified_gmt": gmt(u.modified),
		"email": u.email, "first_name": u.first, "last_name": u.last, "role": u.role, "username": u.login,
		"billing": block(u.billing, billingMembers), "shipping": block(u.shipping, shippingMembers), "is_paying_customer": u.paying,
		"avatar_url": "https://secure.gravatar.example/avatar/0?s=96", "meta_data": meta,
		"_links": map[string]any{"self": []any{map[string]any{"href": fmt.Sprintf("https://shop.example.com/wp-json/wc/v3/customers/%d", u.id)}}},
	}
}

// listUsers gives customers; all users with role=all. Filters by time of change are taken and ignored.
func (f *Fake) listUsers(w http.ResponseWriter, q url.Values) {
	perPage, offset, ok := f.paging(w, q, "id", "include", "name", "registered_date")
	if !ok {
		return
	}
	role := cmp.Or(q.Get("role"), "customer")
	ids, given := included(q)
	var all []*fakeUser
	for _, u := range f.users {
		switch search := strings.ToLower(q.Get("search")); {
		case role != "all" && u.role != role, given && !slices.Contains(ids, u.id):
		case q.Get("email") != "" && !strings.EqualFold(u.email, q.Get("email")):
		case search != "" && !strings.Contains(strings.ToLower(u.email+" "+u.login), search):
		default:
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b *fakeUser) int {
		switch q.Get("orderby") {
		case "id", "include":
			return cmp.Compare(a.id, b.id)
		case "registered_date":
			return a.created.Compare(b.created)
		}
		return cmp.Or(strings.Compare(a.login, b.login), cmp.Compare(a.id, b.id))
	})
	if q.Get("order") == "desc" {
		slices.Reverse(all)
	}
	var out []any
	for _, u := range all {
		out = append(out, f.userJSON(u))
	}
	f.page(w, q, out, perPage, offset)
}

func (f *Fake) oneUser(id int64) result {
	u := f.users[id]
	if u == nil {
		return refusing(404, "wc_user_invalid_id", "Invalid user ID.")
	}
	return result{status: 200, value: f.userJSON(u)}
}

var anEmail = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)

// checked does what the schema does for single calls, and not for those of a batch: an address that
// is sent empty is refused, too.
func (f *Fake) checked(in map[string]any, creating bool) (result, bool) {
	invalid := func(name, text string) (result, bool) {
		return result{status: 400, code: "rest_invalid_param", text: "Invalid parameter(s): " + name, data: map[string]any{"params": map[string]string{name: text}}}, false
	}
	if _, ok := in["email"]; creating && !ok {
		return result{status: 400, code: "rest_missing_callback_param", text: "Missing parameter(s): email", data: map[string]any{"params": []string{"email"}}}, false
	}
	if e, ok := in["email"].(string); ok && !creating && !anEmail.MatchString(e) {
		return invalid("email", "Invalid email address.")
	}
	for _, name := range []string{"billing", "shipping"} {
		block, ok := in[name].(map[string]any)
		if in[name] != nil && !ok {
			return invalid(name, name+" is not of type object.")
		}
		for member, v := range block {
			if _, ok := v.(string); v != nil && !ok {
				return invalid(name, name+"["+member+"] is not of type string.")
			}
		}
		if e, ok := block["email"].(string); ok && !anEmail.MatchString(e) {
			return invalid(name, "Invalid email address.")
		}
	}
	for _, name := range []string{"first_name", "last_name", "email"} {
		if _, ok := in[name].(string); in[name] != nil && !ok {
			return invalid(name, name+" is not of type string.")
		}
	}
	return result{}, true
}

func (f *Fake) createUser(in map[string]any, single bool) result {
	if single {
		if r, ok := f.checked(in, true); !ok {
			return r
		}
	}
	email, _ := in["email"].(string)
	switch {
	case in["id"] != nil:
		return refusing(400, "woocommerce_rest_customer_exists", "Cannot create existing resource.")
	case email != "" && !anEmail.MatchString(email):
		return refusing(400, "customer_invalid_email", "Invalid email address")
	case email == "":
		return refusing(400, "registration-error-invalid-email", "Please provide a valid email address.")
	case f.byEmail(email) != nil && f.old():
		return refusing(400, "registration-error-email-exists", f.words("An account is already registered with your email address")+`. <a href="#" class="showlogin">Please log in.</a>`)
	case f.byEmail(email) != nil:
		return refusing(400, "registration-error-email-exists", f.words("An account is already registered with your email address")+". Please log in or use a different email address.")
	}
	u := &fakeUser{created: f.now(), modified: f.now(), email: email, role: "customer", billing: map[string]string{}, shipping: map[string]string{}}
	if r, ok := f.set(u, in); !ok {
		return r
	}
	u.id = f.newID()
	local, _, _ := strings.Cut(strings.ToLower(email), "@")
	u.login = fmt.Sprintf("%s%d", local, u.id)
	f.users[u.id] = u
	return result{status: 201, value: f.userJSON(u)}
}

func (f *Fake) old() bool { return strings.HasPrefix(f.Version, "7.") }

func (f *Fake) byEmail(email string) *fakeUser {
	for _, u := range f.users {
		if email != "" && strings.EqualFold(u.email, email) {
			return u
		}
	}
	return nil
}

func (f *Fake) updateUser(id int64, in map[string]any, single bool) result {
	u := f.users[id]
	if u == nil && single {
		return refusing(404, "wc_user_invalid_id", "Invalid user ID.")
	}
	if u == nil {
		return refusing(400, "wc_user_invalid_id", "Invalid user ID.")
	}
	if single {
		if r, ok := f.checked(in, false); !ok {
			return r
		}
	}
	email, has := in["email"].(string)
	if other := f.byEmail(email); has && other != nil && email != u.email && (other != u || !strings.EqualFold(email, u.email)) {
		return refusing(400, "woocommerce_rest_customer_invalid_email", "Email address is invalid.")
	}
	if !f.old() && single && u.role != "customer" && u.role != "subscriber" && has && email != u.email {
		return refusing(403, "woocommerce_rest_cannot_edit", "Sorry, email cannot be updated via this endpoint for a user with role "+u.role+".")
	}
	next := *u
	next.billing, next.shipping, next.meta = map[string]string{}, map[string]string{}, slices.Clone(u.meta)
	for k, v := range u.billing {
		next.billing[k] = v
	}
	for k, v := range u.shipping {
		next.shipping[k] = v
	}
	if has {
		next.email = email
		if !anEmail.MatchString(email) { // sanitize_email leaves nothing of what is none, and nothing is taken
			next.email = ""
		}
	}
	if r, ok := f.set(&next, in); !ok {
		return r
	}
	next.modified = f.now()
	*u = next
	return result{status: 200, value: f.userJSON(u)}
}

// set takes names, blocks and meta fields of a request. Null is as if it was not sent, but for the
// value of a meta field, which it deletes.
func (f *Fake) set(u *fakeUser, in map[string]any) (result, bool) {
	if s, ok := in["first_name"].(string); ok {
		u.first = unslashed(cleaned(s))
	}
	if s, ok := in["last_name"].(string); ok {
		u.last = unslashed(cleaned(s))
	}
	if b, ok := in["billing"].(map[string]any); ok {
		if e, _ := b["email"].(string); e != "" && !anEmail.MatchString(e) {
			return refusing(400, "customer_invalid_billing_email", "Invalid billing email address"), false
		}
		take(u.billing, b, billingMembers)
	}
	if b, ok := in["shipping"].(map[string]any); ok {
		take(u.shipping, b, shippingMembers)
	}
	list, _ := in["meta_data"].([]any)
	for _, x := range list {
		m, _ := x.(map[string]any)
		key, _ := m["key"].(string)
		id, _ := m["id"].(float64)
		u.setMeta(f, key, m["value"], int64(id))
	}
	return result{}, true
}

func take(block map[string]string, in map[string]any, members []string) {
	for _, k := range members {
		if s, ok := in[k].(string); ok {
			block[k] = unslashed(s)
		}
	}
}

// setMeta changes the row of an ID, or else all of a key into one.
func (u *fakeUser) setMeta(f *Fake, key string, value any, id int64) {
	at := -1
	for i := range u.meta {
		switch m := &u.meta[i]; {
		case id != 0 && m.id == id:
			at = i
		case id == 0 && m.key == key && at < 0:
			at = i
		case id == 0 && m.key == key:
			m.value = nil
		}
	}
	if at >= 0 {
		u.meta[at].key, u.meta[at].value = key, value
	} else if value != nil {
		u.meta = append(u.meta, fakeMeta{f.newID(), key, value})
	}
	u.meta = slices.DeleteFunc(u.meta, func(m fakeMeta) bool { return m.value == nil })
}

var (
	anyTag    = regexp.MustCompile(`(?s)<[^>]*>`)
	anOctet   = regexp.MustCompile(`(?i)%[a-f0-9]{2}`)
	anySpaces = regexp.MustCompile(`[\r\n\t ]+`)
)

// cleaned is WordPress' sanitize_text_field: no tags, no line breaks, no %-codes.
func cleaned(s string) string {
	if strings.Contains(s, "<") {
		s = strings.ReplaceAll(anyTag.ReplaceAllString(s, ""), "<", html.EscapeString("<"))
	}
	s = strings.Trim(anySpaces.ReplaceAllString(s, " "), " ")
	for anOctet.MatchString(s) {
		s = anOctet.ReplaceAllString(s, "")
	}
	return strings.Trim(regexp.MustCompile(` +`).ReplaceAllString(s, " "), " ")
}

// unslashed is what becomes of text in WordPress' meta of users, where WooCommerce does not protect
// its backslashes.
func unslashed(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; i == len(s) {
				break
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func (f *Fake) deleteUser(id int64, force bool) result {
	u := f.users[id]
	switch {
	case u == nil:
		return refusing(404, "wc_user_invalid_id", "Invalid user ID.")
	case !f.old() && u.role != "customer" && u.role != "subscriber":
		return refusing(403, "woocommerce_rest_cannot_delete", "Sorry, users with "+u.role+" role cannot be deleted via this endpoint. Allowed roles: customer, subscriber")
	case !force:
		return refusing(501, "woocommerce_rest_trash_not_supported", "Customers do not support trashing.")
	}
	delete(f.users, id)
	return result{status: 200, value: f.userJSON(u)}
}

// batch does its creates, then its updates, then its deletes. What one of them is refused for stands
// in its place in the answer, which is 200.
func (f *Fake) batch(w http.ResponseWriter, in map[string]any) {
	n := 0
	for _, what := range []string{"create", "update", "delete"} {
		all, _ := in[what].([]any)
		n += len(all)
	}
	if n > 100 {
		f.refuse(w, 413, "woocommerce_rest_request_entity_too_large", "Unable to accept more than 100 items for this request.", nil)
		return
	}
	out := map[string]any{}
	for _, what := range []string{"create", "update", "delete"} {
		all, _ := in[what].([]any)
		for _, x := range all {
			item, _ := x.(map[string]any)
			id, _ := item["id"].(float64)
			var r result
			switch what {
			case "create":
				r = f.createUser(item, false)
			case "update":
				r = f.updateUser(int64(id), item, false)
			default:
				id, _ = x.(float64)
				r = f.deleteUser(int64(id), true)
			}
			value := r.json()
			if r.code != "" {
				value = map[string]any{"id": int64(id), "error": value}
			}
			list, _ := out[what].([]any)
			out[what] = append(list, value)
		}
	}
	if len(out) == 0 {
		f.say(w, result{status: 200, value: []any{}}, nil) // as PHP writes what is empty
		return
	}
	f.say(w, result{status: 200, value: out}, nil)
}

// putUser is Put for users.
func (f *Fake) putUser(id int64, r connectors.Record, at time.Time) string {
	u := f.users[id]
	if u == nil {
		u = &fakeUser{id: f.newID(), created: at, role: "customer"}
		u.login = "user" + strconv.FormatInt(u.id, 10)
		f.users[u.id] = u
	}
	before := fmt.Sprint(u.email, u.first, u.last, u.billing, u.shipping)
	u.billing, u.shipping, u.email, u.first, u.last = map[string]string{}, map[string]string{}, "", "", ""
	u.meta = slices.DeleteFunc(u.meta, func(m fakeMeta) bool { return !theirs(m.key) })
	for _, field := range r.Fields {
		for i, v := range field.Values {
			block := u.billing
			if v.Label == labelShipping || i > 0 {
				block = u.shipping
			}
			switch key, custom := strings.CutPrefix(field.Name, connectors.CustomPrefix); {
			case field.Name == fieldRole:
				u.role = v.Text
			case custom:
				u.setMeta(f, key, v.Text, 0)
			case field.Name == connectors.FieldGiven:
				u.first = v.Text
			case field.Name == connectors.FieldFamily:
				u.last = v.Text
			case field.Name == connectors.FieldEmail && i == 0:
				u.email = v.Text
			case field.Name == connectors.FieldEmail:
				u.billing["email"] = v.Text
			case field.Name == connectors.FieldPhone:
				block["phone"] = v.Text
			case field.Name == connectors.FieldCompany:
				block["company"] = v.Text
			case field.Name == connectors.FieldAddress:
				block["address_1"], block["address_2"], block["city"] = v.Parts[connectors.PartStreet], v.Parts[connectors.PartStreet2], v.Parts[connectors.PartCity]
				block["state"], block["postcode"], block["country"] = v.Parts[connectors.PartRegion], v.Parts[connectors.PartPostcode], v.Parts[connectors.PartCountry]
			}
		}
	}
	if before != fmt.Sprint(u.email, u.first, u.last, u.billing, u.shipping) {
		u.modified = at
	}
	return strconv.FormatInt(u.id, 10)
}
