package connectortest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

// vendor is a small CRM with an API as many have it: contacts ordered by the time of their last
// change, versions by ETag, creates made idempotent by a header, signed webhooks.
type vendor struct {
	mu       sync.Mutex
	token    string
	epoch    int // cursors of another are expired
	next     int
	contacts map[string]*contact
	keys     map[string]string // Idempotency-Key to contact
}

type contact struct {
	ID      string    `json:"id"`
	Ref     *string   `json:"ref"`
	Given   *string   `json:"given_name"`
	Family  *string   `json:"family_name"`
	Company *string   `json:"company"`
	Note    *string   `json:"note"`
	Emails  []string  `json:"emails"`
	Updated time.Time `json:"updated_at"`
	Rev     int       `json:"rev"`
}

const token = "tok+hunter22/secret="

func newVendor() *vendor {
	return &vendor{token: token, contacts: map[string]*contact{}, keys: map[string]string{}}
}

func server(testing.TB) connectortest.Server {
	v := newVendor()
	return connectortest.Server{Handler: v, Options: map[string]string{"url": "https://crm.example"}, Control: v}
}

func say(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if v != nil {
		_ = json.NewEncoder(w).Encode(v)
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	say(w, status, map[string]string{"code": code, "message": "refused: " + code})
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+v.token {
		refuse(w, http.StatusUnauthorized, "bad_token")
		return
	}
	id, one := strings.CutPrefix(r.URL.Path, "/v1/contacts/")
	switch {
	case r.URL.Path == "/v1/me":
		say(w, 200, map[string]string{"name": "Nordlicht Optik"})
	case r.URL.Path == "/v1/ids":
		v.ids(w, r)
	case r.URL.Path == "/v1/bulk":
		v.bulk(w, r)
	case r.URL.Path == "/v1/contacts" && r.Method == http.MethodGet:
		v.list(w, r)
	case r.URL.Path == "/v1/contacts" && r.Method == http.MethodPost:
		v.post(w, r)
	case one:
		v.one(w, r, id)
	default:
		refuse(w, http.StatusNotFound, "no_route")
	}
}

// list gives contacts changed at or after a time, and at that time only those behind an id.
func (v *vendor) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if e := q.Get("epoch"); e != "" && e != strconv.Itoa(v.epoch) {
		refuse(w, http.StatusGone, "cursor_expired")
		return
	}
	var since, before time.Time
	for name, t := range map[string]*time.Time{"since": &since, "before": &before} {
		if s := q.Get(name); s != "" {
			at, err := time.Parse(time.RFC3339Nano, s)
			if err != nil {
				refuse(w, http.StatusBadRequest, "bad_time")
				return
			}
			*t = at
		}
	}
	var all []*contact
	for _, c := range v.contacts {
		switch {
		case q.Has("ref") && (c.Ref == nil || *c.Ref != q.Get("ref")), c.Updated.Before(since), !before.IsZero() && c.Updated.After(before):
		case q.Has("after") && c.Updated.Equal(since) && c.ID <= q.Get("after"):
		case q.Has("strict") && !c.Updated.After(since):
		default:
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *contact) int {
		if c := a.Updated.Compare(b.Updated); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 || limit > 100 {
		limit = 100
	}
	more := len(all) > limit
	all = all[:min(limit, len(all))]
	if all == nil {
		all = []*contact{}
	}
	say(w, 200, map[string]any{"data": all, "more": more, "epoch": v.epoch})
}

func (v *vendor) ids(w http.ResponseWriter, r *http.Request) {
	live := map[string]string{}
	ids := v.sorted()
	from, _ := slices.BinarySearch(ids, r.URL.Query().Get("after")+"\x00")
	to := min(from+4, len(ids))
	last := ""
	for _, id := range ids[from:to] {
		live[id], last = v.contacts[id].etag(), id
	}
	say(w, 200, map[string]any{"live": live, "last": last, "more": to < len(ids)})
}

func (v *vendor) sorted() []string {
	ids := []string{}
	for id := range v.contacts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (c *contact) etag() string { return fmt.Sprintf(`"%s-%d"`, c.ID, c.Rev) }

func (v *vendor) post(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	c := v.contacts[v.keys[key]]
	if key == "" || c == nil {
		c = &contact{}
		if json.NewDecoder(r.Body).Decode(c) != nil {
			refuse(w, http.StatusBadRequest, "bad_json")
			return
		}
		v.add(c, time.Time{})
		v.keys[key] = c.ID
	}
	w.Header().Set("Etag", c.etag())
	say(w, http.StatusCreated, c)
}

func (v *vendor) one(w http.ResponseWriter, r *http.Request, id string) {
	c := v.contacts[id]
	if c == nil {
		refuse(w, http.StatusNotFound, "no_contact")
		return
	}
	if m := r.Header.Get("If-Match"); m != "" && m != c.etag() {
		refuse(w, http.StatusPreconditionFailed, "changed")
		return
	}
	switch r.Method {
	case http.MethodPatch: // members that are not sent stand; null empties
		next := *c
		if json.NewDecoder(r.Body).Decode(&next) != nil {
			refuse(w, http.StatusBadRequest, "bad_json")
			return
		}
		next.ID, next.Rev, next.Updated = id, c.Rev+1, time.Now().UTC()
		*c = next
	case http.MethodDelete:
		delete(v.contacts, id)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Etag", c.etag())
	say(w, 200, c)
}

func (v *vendor) add(c *contact, at time.Time) {
	v.next++
	c.ID, c.Rev, c.Updated = fmt.Sprintf("con_%05d", v.next), 1, at.UTC()
	if at.IsZero() {
		c.Updated = time.Now().UTC()
	}
	v.contacts[c.ID] = c
}

// Put, Delete, Live, Expire and Hook are the suite's side.
func (v *vendor) Put(_ connectors.Kind, id string, r connectors.Record, at time.Time) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := func(field string) *string {
		for _, f := range r.Fields {
			if f.Name == field {
				return &f.Values[0].Text
			}
		}
		return nil
	}
	c := v.contacts[id]
	if c == nil {
		c = &contact{}
		v.add(c, at)
	} else {
		c.Rev++
		c.Updated = time.Now().UTC()
		if !at.IsZero() {
			c.Updated = at.UTC()
		}
	}
	c.Given, c.Family, c.Company, c.Note = text("given"), text("family"), text("company"), text("note")
	c.Emails = nil
	for _, f := range r.Fields {
		for _, val := range f.Values {
			if f.Name == connectors.FieldEmail {
				c.Emails = append(c.Emails, val.Text)
			}
		}
	}
	return c.ID, nil
}

func (v *vendor) Delete(_ connectors.Kind, id string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.contacts, id)
	return nil
}

func (v *vendor) Live(connectors.Kind) ([]string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sorted(), nil
}

func (v *vendor) Expire() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.epoch++
	return nil
}

func (v *vendor) Hook(_ connectors.Kind, id string, gone bool) (map[string][]string, []byte) {
	event := "contact.updated"
	if gone {
		event = "contact.deleted"
	}
	body := fmt.Appendf(nil, `{"event":%q,"id":%q}`, event, id)
	at := time.Now().Unix()
	return map[string][]string{"X-Crm-Signature": {fmt.Sprintf("t=%d,v1=%s", at, signature(token, at, body))}, "Content-Type": {"application/json"}}, body
}

func signature(secret string, at int64, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(m, "%d.%s", at, body)
	return hex.EncodeToString(m.Sum(nil))
}
