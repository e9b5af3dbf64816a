package bluesky

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fake is Bluesky in memory as one account sees it: its server with sessions, limits and records, an
// AppView with followers and notifications, and the server of direct messages. It behaves as the
// servers @atproto/pds 0.4.217 and @atproto/bsky 0.0.203 were seen to, losses included, and refuses
// what they refuse. Direct messages follow the lexicons of chat.bsky.convo: no such server can be
// run. It takes its time from time.Now.
type Fake struct {
	mu        sync.Mutex
	me        string
	accounts  map[string]*fakeAccount
	passwords map[string]bool // app passwords; true: with access to direct messages
	follows   []fakeFollow
	notes     []fakeNote
	posts     []fakePost
	convos    []*fakeConvo
	tokens    map[string]*fakeToken
	windows   map[string]*fakeWindow
	next      int
	logins    int
	noView    bool
	viewDown  bool
}

type fakeAccount struct {
	did, handle, name, bio string
	created, indexed       time.Time
	asleep                 bool
}

type fakeFollow struct {
	did string
	at  time.Time
}

// cid is the hash of the record: two people who follow at one time have the same record.
func (f fakeFollow) cid(subject string) string { return fakeCID(subject + stamp(f.at)) }

type fakeNote struct {
	uri, author, reason string
	record              map[string]any
	at                  time.Time
}

type fakePost struct {
	key    string
	record map[string]any
}

type fakeConvo struct {
	id       string
	members  []string
	messages []fakeMessage
}

type fakeMessage struct {
	id, sender, text string
	at               time.Time
	deleted          bool
}

type fakeToken struct {
	refresh  bool
	scope    string
	password string
	expires  time.Time
	after    string // what a refresh token was exchanged for
	grace    time.Time
}

type fakeWindow struct {
	left  int
	reset time.Time
}

// NewFake makes a server on which one account is.
func NewFake(did, handle string) *Fake {
	f := &Fake{me: did, accounts: map[string]*fakeAccount{}, passwords: map[string]bool{}, tokens: map[string]*fakeToken{}, windows: map[string]*fakeWindow{}}
	f.accounts[did] = &fakeAccount{did: did, handle: handle, created: time.Now().UTC(), indexed: time.Now().UTC()}
	return f
}

func fakeCID(of string) string {
	sum := sha256.Sum256([]byte(of))
	return "bafyrei" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
}

// stamp writes a datetime as the servers do.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (f *Fake) id() int {
	f.next++
	return f.next
}

// AppPassword lets the account be used with a password; dms says whether it may read direct messages.
func (f *Fake) AppPassword(password string, dms bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passwords[password] = dms
}

// Revoke takes an app password back: no session of it can be renewed.
func (f *Fake) Revoke(password string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.passwords, password)
}

// Logins is how often somebody logged in, or tried to.
func (f *Fake) Logins() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.logins
}

// View says whether the server knows of an AppView, and whether that answers.
func (f *Fake) View(known, up bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noView, f.viewDown = !known, !up
}

func (f *Fake) allow(key string, most int, window time.Duration) (*fakeWindow, bool) {
	now := time.Now()
	w := f.windows[key]
	if w == nil || !now.Before(w.reset) {
		w = &fakeWindow{left: most, reset: now.Add(window)}
		f.windows[key] = w
	}
	if w.left == 0 {
		return w, false
	}
	w.left--
	return w, true
}

// ServeHTTP implements [http.Handler]: the account's server.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name, ok := strings.CutPrefix(r.URL.Path, "/xrpc/")
	if !ok {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><pre>This is an AT Protocol Personal Data Server</pre>")
		return
	}
	window, allowed := f.allow("all", 3000, 5*time.Minute)
	if !allowed {
		limited(w, window, 3000)
		return
	}
	w.Header().Set("RateLimit-Limit", "3000")
	w.Header().Set("RateLimit-Remaining", strconv.Itoa(window.left))
	w.Header().Set("RateLimit-Reset", strconv.FormatInt(window.reset.Unix(), 10))
	w.Header().Set("RateLimit-Policy", "3000;w=300")
	proxied := strings.HasPrefix(name, "app.bsky.") || strings.HasPrefix(name, "chat.bsky.")
	method := http.MethodGet
	if name == "com.atproto.server.createSession" || name == "com.atproto.server.refreshSession" {
		method = http.MethodPost
	}
	if r.Method != method && !proxied {
		fail(w, http.StatusMethodNotAllowed, "InvalidRequest", fmt.Sprintf("Incorrect HTTP method (%s) expected %s", r.Method, method))
		return
	}
	switch {
	case name == "com.atproto.server.createSession":
		f.login(w, r)
	case name == "com.atproto.server.refreshSession":
		f.renew(w, r)
	case name == "com.atproto.repo.describeRepo":
		f.describe(w, r.URL.Query())
	case name == "com.atproto.repo.listRecords":
		f.list(w, r.URL.Query())
	case name == "com.atproto.server.getSession":
		if t := f.auth(w, r, false); t != nil {
			a := f.accounts[f.me]
			give(w, map[string]any{"did": a.did, "handle": a.handle, "email": "shop@example.org", "emailConfirmed": true, "active": true})
		}
	case strings.HasPrefix(name, "chat.bsky."):
		t := f.auth(w, r, false)
		switch {
		case t == nil:
		case t.scope == "com.atproto.appPass":
			plain(w)
			fail(w, http.StatusBadRequest, "InvalidToken", "Bad token method")
		case f.noView && r.Header.Get("Atproto-Proxy") == "":
			plain(w)
			fail(w, http.StatusBadRequest, "InvalidRequest", "No service configured for "+name)
		case r.Header.Get("Atproto-Proxy") != "did:web:api.bsky.chat#bsky_chat":
			fail(w, http.StatusNotImplemented, "MethodNotImplemented", "Method Not Implemented")
		default:
			f.serveChat(w, name, r.URL.Query())
		}
	case strings.HasPrefix(name, "app.bsky."):
		switch t := f.auth(w, r, false); {
		case t == nil:
		case f.noView:
			plain(w)
			fail(w, http.StatusBadRequest, "InvalidRequest", "No service configured for "+name)
		case f.viewDown:
			fail(w, http.StatusBadGateway, "UpstreamFailure", "Upstream service unreachable")
		default:
			f.serveView(w, name, r.URL.Query())
		}
	default:
		fail(w, http.StatusNotImplemented, "MethodNotImplemented", "Method Not Implemented")
	}
}

func give(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, status int, name, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": name, "message": message})
}

// plain: what is refused for its parameters says nothing of limits.
func plain(w http.ResponseWriter) {
	for _, name := range []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy"} {
		w.Header().Del(name)
	}
}

func badRequest(w http.ResponseWriter, message string) {
	plain(w)
	fail(w, http.StatusBadRequest, "InvalidRequest", message)
}

func limited(w http.ResponseWriter, x *fakeWindow, most int) {
	wait := int(time.Until(x.reset).Seconds()) + 1
	w.Header().Set("RateLimit-Limit", strconv.Itoa(most))
	w.Header().Set("RateLimit-Remaining", "0")
	w.Header().Set("RateLimit-Reset", strconv.FormatInt(x.reset.Unix(), 10))
	w.Header().Set("Retry-After", strconv.Itoa(wait))
	fail(w, http.StatusTooManyRequests, "RateLimitExceeded", "Rate Limit Exceeded")
}

func (f *Fake) login(w http.ResponseWriter, r *http.Request) {
	f.logins++
	var in struct{ Identifier, Password string }
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&in) != nil {
		badRequest(w, "Request encoding (Content-Type) required but not provided")
		return
	}
	if in.Identifier == "" || in.Password == "" {
		badRequest(w, `Input must have the property "identifier"`)
		return
	}
	day, ok := f.allow("login a day "+in.Identifier, 300, 24*time.Hour)
	if !ok {
		limited(w, day, 300)
		return
	}
	five, ok := f.allow("login "+in.Identifier, 30, 5*time.Minute)
	if !ok {
		limited(w, five, 30)
		return
	}
	w.Header().Set("RateLimit-Limit", "30")
	w.Header().Set("RateLimit-Remaining", strconv.Itoa(five.left))
	w.Header().Set("RateLimit-Reset", strconv.FormatInt(five.reset.Unix(), 10))
	w.Header().Set("RateLimit-Policy", "30;w=300")
	dms, known := f.passwords[in.Password]
	if a := f.accounts[f.me]; !known || in.Identifier != a.handle && in.Identifier != a.did {
		fail(w, http.StatusUnauthorized, "AuthenticationRequired", "Invalid identifier or password")
		return
	}
	scope := "com.atproto.appPass"
	if dms {
		scope = "com.atproto.appPassPrivileged"
	}
	access, refresh := f.grant(scope, in.Password)
	f.session(w, access, refresh)
}

func (f *Fake) session(w http.ResponseWriter, access, refresh string) {
	a := f.accounts[f.me]
	give(w, map[string]any{"accessJwt": access, "refreshJwt": refresh, "did": a.did, "handle": a.handle, "email": "shop@example.org", "emailConfirmed": true, "active": true})
}

// grant makes tokens that look like those of the server: three parts, and the time in the second.
func (f *Fake) grant(scope, password string) (access, refresh string) {
	now := time.Now()
	token := func(scope string, life time.Duration) string {
		claims := fmt.Sprintf(`{"scope":%q,"sub":%q,"iat":%d,"exp":%d,"aud":"did:web:localhost","jti":%q}`, scope, f.me, now.Unix(), now.Add(life).Unix(), strconv.Itoa(f.id()))
		part := base64.RawURLEncoding.EncodeToString
		sum := sha256.Sum256([]byte(claims))
		return part([]byte(`{"typ":"at+jwt","alg":"HS256"}`)) + "." + part([]byte(claims)) + "." + part(sum[:])
	}
	access, refresh = token(scope, 2*time.Hour), token("com.atproto.refresh", 90*24*time.Hour)
	f.tokens[access] = &fakeToken{scope: scope, password: password, expires: now.Add(2 * time.Hour)}
	f.tokens[refresh] = &fakeToken{refresh: true, scope: scope, password: password, expires: now.Add(90 * 24 * time.Hour)}
	return access, refresh
}

// auth gives the token of a request, or refuses it: with 401 only where there is none.
func (f *Fake) auth(w http.ResponseWriter, r *http.Request, refresh bool) *fakeToken {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t := f.tokens[text]
	switch {
	case !ok:
		fail(w, http.StatusUnauthorized, "AuthMissing", "Authentication Required")
	case t == nil, t.refresh != refresh:
		fail(w, http.StatusBadRequest, "InvalidToken", "Token could not be verified")
	case !time.Now().Before(t.expires), !t.grace.IsZero() && time.Now().After(t.grace):
		fail(w, http.StatusBadRequest, "ExpiredToken", "Token has expired")
	default:
		return t
	}
	return nil
}

func (f *Fake) renew(w http.ResponseWriter, r *http.Request) {
	if b, err := io.ReadAll(io.LimitReader(r.Body, 10)); err != nil || len(b) > 0 || r.Header.Get("Content-Type") != "" {
		badRequest(w, "A request body was provided when none was expected")
		return
	}
	t := f.auth(w, r, true)
	if t == nil {
		return
	}
	if _, ok := f.passwords[t.password]; !ok {
		fail(w, http.StatusBadRequest, "ExpiredToken", "Token has been revoked")
		return
	}
	access, refresh := f.grant(t.scope, t.password)
	if t.after != "" && f.tokens[t.after] != nil {
		delete(f.tokens, refresh)
		refresh = t.after // whoever comes second gets the same
	}
	t.after = refresh
	if t.grace.IsZero() {
		t.grace = time.Now().Add(2 * time.Hour)
	}
	f.session(w, access, refresh)
}

func (f *Fake) describe(w http.ResponseWriter, q url.Values) {
	a := f.accounts[q.Get("repo")]
	if a == nil {
		badRequest(w, "Could not find user: "+q.Get("repo"))
		return
	}
	give(w, map[string]any{"handle": a.handle, "did": a.did, "didDoc": map[string]any{}, "collections": []string{}, "handleIsCorrect": true})
}

// list gives the account's records, the newest key first. Every page that is not empty has a cursor,
// also the last.
func (f *Fake) list(w http.ResponseWriter, q url.Values) {
	limit, ok := limitOf(w, q, 50)
	if !ok {
		return
	}
	if q.Get("repo") != f.me {
		badRequest(w, "Could not find repo: "+q.Get("repo"))
		return
	}
	records := []map[string]any{}
	last := ""
	if q.Get("collection") == "app.bsky.feed.post" {
		posts := slices.Clone(f.posts)
		slices.SortFunc(posts, func(a, b fakePost) int { return strings.Compare(b.key, a.key) })
		for _, p := range posts {
			if c := q.Get("cursor"); c != "" && p.key >= c {
				continue
			}
			if len(records) == limit {
				break
			}
			records = append(records, map[string]any{"uri": f.postURI(p.key), "cid": fakeCID(p.key), "value": p.record})
			last = p.key
		}
	}
	out := map[string]any{"records": records}
	if last != "" {
		out["cursor"] = last
	}
	give(w, out)
}

func limitOf(w http.ResponseWriter, q url.Values, standard int) (int, bool) {
	if !q.Has("limit") {
		return standard, true
	}
	n, err := strconv.Atoi(q.Get("limit"))
	switch {
	case err != nil:
		badRequest(w, "Error: Params must have the property \"limit\" as integer")
	case n > 100:
		badRequest(w, fmt.Sprintf("Error: integer too big (maximum 100, got %d)", n))
	case n < 1:
		badRequest(w, fmt.Sprintf("Error: integer too small (minimum 1, got %d)", n))
	default:
		return n, true
	}
	return 0, false
}

func (f *Fake) postURI(key string) string { return "at://" + f.me + "/app.bsky.feed.post/" + key }
