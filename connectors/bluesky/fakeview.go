package bluesky

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Person adds an account somewhere in the network and gives its DID.
func (f *Fake) Person(handle, name, bio string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	did := fmt.Sprintf("did:plc:p%023d", f.id())
	f.accounts[did] = &fakeAccount{did: did, handle: handle, name: name, bio: bio, created: time.Now().UTC(), indexed: time.Now().UTC()}
	return did
}

// Profile changes what an account says of itself. Its DID stays.
func (f *Fake) Profile(did, handle, name, bio string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a := f.accounts[did]; a != nil {
		a.handle, a.name, a.bio, a.indexed = handle, name, bio, time.Now().UTC()
	}
}

// Deactivate lets an account sleep, or wakes it.
func (f *Fake) Deactivate(did string, asleep bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accounts[did].asleep = asleep
}

// Remove deletes an account, with all that it did.
func (f *Fake) Remove(did string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.accounts, did)
	f.follows = slices.DeleteFunc(f.follows, func(x fakeFollow) bool { return x.did == did })
	f.notes = slices.DeleteFunc(f.notes, func(x fakeNote) bool { return x.author == did })
}

// Follow lets an account follow ours from a time on; zero: now. Times are cut to milliseconds.
func (f *Fake) Follow(did string, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.follows = append(f.follows, fakeFollow{did: did, at: moment(at)})
}

// Unfollow lets an account follow ours no longer.
func (f *Fake) Unfollow(did string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.follows = slices.DeleteFunc(f.follows, func(x fakeFollow) bool { return x.did == did })
}

// Followers gives the accounts that follow ours and exist.
func (f *Fake) Followers() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, x := range f.follows {
		if f.accounts[x.did] != nil {
			out = append(out, x.did)
		}
	}
	slices.Sort(out)
	return out
}

// Notify tells our account of somebody's post, like or follow, and gives its address. reply names the
// post that it answers.
func (f *Fake) Notify(reason, author, text, reply string, at time.Time) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	at = moment(at)
	collection := map[string]string{"like": "app.bsky.feed.like", "repost": "app.bsky.feed.repost", "follow": "app.bsky.graph.follow"}[reason]
	uri := fmt.Sprintf("at://%s/%s/3k%011d", author, cmp.Or(collection, "app.bsky.feed.post"), f.id())
	record := map[string]any{"$type": cmp.Or(collection, "app.bsky.feed.post"), "createdAt": stamp(at)}
	if collection == "" {
		record["text"] = text
		record["langs"] = []string{"en"}
		handle := "@" + f.accounts[f.me].handle
		if i := strings.Index(text, handle); i >= 0 { // bytes, not characters
			record["facets"] = []any{map[string]any{"index": map[string]any{"byteStart": i, "byteEnd": i + len(handle)},
				"features": []any{map[string]any{"$type": "app.bsky.richtext.facet#mention", "did": f.me}}}}
		}
	}
	if reply != "" {
		r := map[string]any{"uri": reply, "cid": fakeCID(reply)}
		record["reply"] = map[string]any{"root": r, "parent": r}
	}
	f.notes = append(f.notes, fakeNote{uri: uri, author: author, reason: reason, record: record, at: at})
	return uri
}

// Forget takes back what somebody posted.
func (f *Fake) Forget(uri string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notes = slices.DeleteFunc(f.notes, func(n fakeNote) bool { return n.uri == uri })
}

// Notices gives the addresses of what our account was told of.
func (f *Fake) Notices() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []string{}
	for _, n := range f.notes {
		out = append(out, n.uri)
	}
	slices.Sort(out)
	return out
}

// Post lets our account post, as a reply where reply names a post. key is the record's key; empty:
// one of its time.
func (f *Fake) Post(text, reply, key string, at time.Time) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	at = moment(at)
	if key == "" {
		key = tid(at.Add(time.Duration(f.id()%1000) * time.Microsecond))
	}
	record := map[string]any{"$type": "app.bsky.feed.post", "text": text, "createdAt": stamp(at)}
	if reply != "" {
		r := map[string]any{"uri": reply, "cid": fakeCID(reply)}
		record["reply"] = map[string]any{"root": r, "parent": r}
	}
	f.posts = append(f.posts, fakePost{key: key, record: record})
	return f.postURI(key)
}

func moment(at time.Time) time.Time {
	if at.IsZero() {
		at = time.Now()
	}
	return at.UTC().Truncate(time.Millisecond)
}

// AppView is the AppView alone, as a real server hands requests to it: with a token of its own that
// names the account (iss).
func (f *Fake) AppView() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		name, _ := strings.CutPrefix(r.URL.Path, "/xrpc/")
		if Issuer(r) != f.me {
			fail(w, http.StatusUnauthorized, "AuthMissing", "Authentication Required")
			return
		}
		f.serveView(w, name, r.URL.Query())
	})
}

// Issuer gives the account for which a server asks an AppView. The signature is not looked at.
func Issuer(r *http.Request) string {
	parts := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
	if len(parts) != 3 {
		return ""
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct{ Iss string }
	if err != nil || json.Unmarshal(b, &claims) != nil {
		return ""
	}
	return claims.Iss
}

func (f *Fake) serveView(w http.ResponseWriter, name string, q url.Values) {
	switch name {
	case "app.bsky.graph.getFollowers":
		f.viewFollowers(w, q)
	case "app.bsky.notification.listNotifications":
		f.viewNotifications(w, q)
	case "app.bsky.actor.getProfile":
		a := f.accounts[q.Get("actor")]
		switch {
		case a == nil:
			badRequest(w, "Profile not found")
		case a.asleep:
			fail(w, http.StatusBadRequest, "AccountDeactivated", "Account is deactivated")
		default:
			give(w, f.view(a))
		}
	case "app.bsky.actor.getProfiles":
		if n := len(q["actors"]); n == 0 || n > 25 {
			badRequest(w, fmt.Sprintf("Error: actors must not have more than 25 elements (got %d)", n))
			return
		}
		all := []any{}
		for _, actor := range q["actors"] {
			if a := f.accounts[actor]; a != nil && !a.asleep {
				all = append(all, f.view(a))
			}
		}
		give(w, map[string]any{"profiles": all})
	default:
		fail(w, http.StatusNotImplemented, "MethodNotImplemented", "Method Not Implemented")
	}
}

func (f *Fake) view(a *fakeAccount) map[string]any {
	viewer := map[string]any{"muted": false, "blockedBy": false}
	for _, x := range f.follows {
		if x.did == a.did {
			viewer["followedBy"] = "at://" + a.did + "/app.bsky.graph.follow/" + tid(x.at)
		}
	}
	v := map[string]any{"did": a.did, "handle": a.handle, "viewer": viewer, "labels": []any{}, "createdAt": stamp(a.created)}
	if a.name != "" || a.bio != "" { // else it never made a profile
		v["displayName"], v["description"], v["indexedAt"] = a.name, a.bio, stamp(a.indexed)
		v["avatar"] = "https://cdn.bsky.example/" + fakeCID(a.did)
	}
	return v
}

// viewFollowers pages by time and hash, both of which two followers can share: a border between such
// loses the rest of them. Accounts that sleep are left out of a page after it was cut.
func (f *Fake) viewFollowers(w http.ResponseWriter, q url.Values) {
	limit, ok := limitOf(w, q, 50)
	if !ok {
		return
	}
	a := f.accounts[q.Get("actor")]
	if a == nil {
		badRequest(w, "Actor not found")
		return
	}
	rows := slices.Clone(f.follows)
	slices.SortStableFunc(rows, func(x, y fakeFollow) int {
		if later := y.at.Compare(x.at); later != 0 {
			return later
		}
		return strings.Compare(y.cid(f.me), x.cid(f.me)) // a hash takes long: only where it decides
	})
	if c := q.Get("cursor"); c != "" {
		ms, cid, ok := strings.Cut(c, "__")
		n, err := strconv.ParseInt(ms, 10, 64)
		if !ok || err != nil || cid == "" {
			badRequest(w, "Malformed cursor")
			return
		}
		rows = slices.DeleteFunc(rows, func(x fakeFollow) bool {
			return x.at.UnixMilli() > n || x.at.UnixMilli() == n && x.cid(f.me) >= cid
		})
	}
	rows = rows[:min(limit, len(rows))]
	out := map[string]any{"subject": f.view(a)}
	list := []any{}
	for _, x := range rows {
		if p := f.accounts[x.did]; p != nil && !p.asleep {
			list = append(list, f.view(p))
		}
	}
	out["followers"] = list
	if len(rows) > 0 { // also on the last page, behind which is an empty one
		last := rows[len(rows)-1]
		out["cursor"] = strconv.FormatInt(last.at.UnixMilli(), 10) + "__" + last.cid(f.me)
	}
	give(w, out)
}

// viewNotifications pages by time alone: what is of the border's millisecond and not on the page is
// on none.
func (f *Fake) viewNotifications(w http.ResponseWriter, q url.Values) {
	limit, ok := limitOf(w, q, 50)
	if !ok {
		return
	}
	rows := slices.Clone(f.notes)
	slices.SortStableFunc(rows, func(x, y fakeNote) int { return y.at.Compare(x.at) })
	if c := q.Get("cursor"); c != "" {
		t, err := time.Parse(time.RFC3339Nano, c)
		if err != nil {
			badRequest(w, "Malformed cursor")
			return
		}
		rows = slices.DeleteFunc(rows, func(x fakeNote) bool { return !x.at.Before(t) })
	}
	// With a filter it reads page after page inside, each from the time of the one before, until half
	// of what was asked for is found, ten at most.
	wanted, taken, last := q["reasons"], []fakeNote{}, ""
	for range 10 {
		some := rows[:min(limit, len(rows))]
		if len(some) == 0 {
			last = ""
			break
		}
		border := some[len(some)-1].at
		last = stamp(border)
		for _, x := range some {
			if len(wanted) == 0 || slices.Contains(wanted, x.reason) {
				taken = append(taken, x)
			}
		}
		if len(wanted) == 0 || len(taken) >= (limit+1)/2 {
			break
		}
		rows = slices.DeleteFunc(slices.Clone(rows[len(some):]), func(x fakeNote) bool { return !x.at.Before(border) })
	}
	out := map[string]any{"seenAt": stamp(time.Now())}
	list := []any{}
	for _, x := range taken {
		if a := f.accounts[x.author]; a != nil && !a.asleep {
			list = append(list, map[string]any{"uri": x.uri, "cid": fakeCID(x.uri), "author": f.view(a), "reason": x.reason, "record": x.record, "isRead": false,
				"indexedAt": stamp(x.at), "labels": []any{}})
		}
	}
	out["notifications"] = list
	if last != "" {
		out["cursor"] = last
	}
	give(w, out)
}
