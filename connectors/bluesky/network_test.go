package bluesky

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/internal/servers"
)

// village is the real network of Bluesky, with our account and people around it.
type village struct {
	t      *testing.T
	net    *servers.BskyNet
	shop   servers.Account
	people []servers.Account
	town   *town // only for its options and connections
}

func (v *village) record(a servers.Account, collection string, record map[string]any) (uri, cid string) {
	v.t.Helper()
	record["$type"] = collection
	uri, cid, err := v.net.PutRecord(v.t.Context(), a, collection, "", record)
	if err != nil {
		v.t.Fatal(err)
	}
	return uri, cid
}

func (v *village) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// settles waits until the AppView knows so many followers and notifications.
func (v *village) settles(followers, notes int) {
	v.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for {
		var f struct{ Followers []any }
		var n struct{ Notifications []any }
		v.must(v.net.Call(v.t.Context(), http.MethodGet, "app.bsky.graph.getFollowers", v.shop.Access, url.Values{"actor": {v.shop.DID}, "limit": {"100"}}, &f))
		v.must(v.net.Call(v.t.Context(), http.MethodGet, "app.bsky.notification.listNotifications", v.shop.Access, url.Values{"limit": {"100"}}, &n))
		if len(f.Followers) == followers && len(n.Notifications) == notes {
			return
		}
		if time.Now().After(deadline) {
			v.t.Fatalf("the AppView knows %d followers and %d notifications, not %d and %d", len(f.Followers), len(n.Notifications), followers, notes)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (v *village) open(s *store, size int) *Connection {
	o := v.town.options(v.shop, map[string]string{"url": v.net.URL})
	c := v.town.open(v.t, o, s)
	c.size = size
	return c
}

// The real AppView loses what the fake loses, and the connection finds it.
func TestRealNetwork(t *testing.T) {
	t.Parallel()
	v := &village{t: t, net: servers.Need(t, servers.StartBskyNet)}
	v.town = &town{pds: &servers.PDS{Home: v.net.Home}}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	account := func(name string) servers.Account {
		a, err := v.net.CreateAccount(t.Context(), name, password)
		v.must(err)
		return a
	}
	v.shop = account("sternwarte")
	base := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	ours, cid := v.record(v.shop, "app.bsky.feed.post", map[string]any{"text": "望遠鏡 🔭", "createdAt": stamp(base.Add(-time.Hour))})
	subject := map[string]string{"uri": ours, "cid": cid}

	var followers, posts, repliers []string
	follows := map[string]string{}
	words := "@" + v.shop.Handle + " 看看"
	mention := []any{map[string]any{"index": map[string]int{"byteStart": 0, "byteEnd": len("@" + v.shop.Handle)},
		"features": []any{map[string]any{"$type": "app.bsky.richtext.facet#mention", "did": v.shop.DID}}}}
	for i := range 9 { // three at a time, in each of three milliseconds
		a := account(fmt.Sprintf("person%d", i))
		at := stamp(base.Add(time.Duration(i/3) * time.Millisecond))
		v.people, followers = append(v.people, a), append(followers, a.DID)
		if i != 8 { // who never made a profile
			_, _, err := v.net.PutRecord(t.Context(), a, "app.bsky.actor.profile", "self", map[string]any{"$type": "app.bsky.actor.profile", "displayName": names[i%len(names)], "description": bios[i%len(bios)]})
			v.must(err)
		}
		follows[a.DID], _ = v.record(a, "app.bsky.graph.follow", map[string]any{"subject": v.shop.DID, "createdAt": at})
		v.record(a, "app.bsky.feed.like", map[string]any{"subject": subject, "createdAt": at})
		if i%2 == 0 {
			uri, _ := v.record(a, "app.bsky.feed.post", map[string]any{"text": words, "facets": mention, "createdAt": at})
			posts = append(posts, uri)
		} else {
			uri, _ := v.record(a, "app.bsky.feed.post", map[string]any{"text": "Wann kommt es?", "reply": map[string]any{"root": subject, "parent": subject}, "createdAt": at})
			posts, repliers = append(posts, uri), append(repliers, a.DID)
		}
	}
	v.settles(9, 27)
	d := &desk{t: t}

	t.Run("losses", func(t *testing.T) {
		c := v.open(&store{kept: map[string]string{}}, 4)
		bare, err := listed(c, v.shop.DID)
		if err != nil || len(bare) == len(followers) {
			t.Errorf("the AppView lists all %d followers, four at a time: %v", len(bare), err)
		}
		got, _ := d.pull(c, connectors.Contact, "")
		// Its AppView leaves out, now and then, whom it cannot look up at once; what the connection itself
		// lost it would lose each time.
		slices.Sort(followers)
		for range 5 {
			if slices.Equal(ids(got), followers) {
				break
			}
			v.settles(9, 27)
			got, _ = d.pull(c, connectors.Contact, "")
		}
		d.same("followers", ids(got), followers)
		c.size = 10
		got, end := d.pull(c, connectors.MessageKind, "")
		d.same("messages", ids(got), posts)
		d.same("people implied", impliedBy(got), repliers)
		for _, r := range byID(got) {
			if m := r.Message; m.Text != words && m.Text != "Wann kommt es?" || m.From[0].Name == "" || m.InReplyTo != "" && m.InReplyTo != ours {
				t.Errorf("a message: %+v", m)
			}
		}
		again, _ := d.pull(v.open(&store{kept: map[string]string{}}, page), connectors.MessageKind, end)
		d.same("messages again", ids(again), posts)
	})

	t.Run("likes left out by the server", func(t *testing.T) {
		c := v.open(&store{kept: map[string]string{}}, page)
		n, at := 0, ""
		for {
			q := url.Values{"limit": {"10"}, "reasons": reasons}
			if at != "" {
				q.Set("cursor", at)
			}
			var list notificationList
			v.must(c.get(t.Context(), "app.bsky.notification.listNotifications", q, &list))
			n += len(*list.Notifications)
			if at = list.Cursor; at == "" {
				break
			}
		}
		t.Logf("asked for reasons, ten at a time, the AppView tells %d of %d", n, len(posts))
		if n == len(posts) {
			t.Errorf("it loses nothing: the connection could leave that to it")
		}
	})

	t.Run("who leaves, sleeps, moves and is deleted", func(t *testing.T) {
		s := &store{kept: map[string]string{}}
		_, end := d.pull(v.open(s, page), connectors.Contact, "")
		left, asleep, moved, deleted := v.people[0], v.people[1], v.people[2], v.people[3]
		_, _, key, _ := uriOf(follows[left.DID])
		v.must(v.net.Call(t.Context(), http.MethodPost, "com.atproto.repo.deleteRecord", left.Access, map[string]string{"repo": left.DID, "collection": "app.bsky.graph.follow", "rkey": key}, nil))
		v.must(v.net.Call(t.Context(), http.MethodPost, "com.atproto.server.deactivateAccount", asleep.Access, map[string]string{}, nil))
		v.must(v.net.Call(t.Context(), http.MethodPost, "com.atproto.identity.updateHandle", moved.Access, map[string]string{"handle": "moved.test"}, nil))
		admin := "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:admin-pass"))
		v.must(v.net.Call(t.Context(), http.MethodPost, "com.atproto.admin.deleteAccount", admin, map[string]string{"did": deleted.DID}, nil))
		dids := func() (out []string) {
			for _, a := range v.people {
				out = append(out, a.DID)
			}
			return out
		}()
		d := &desk{t: t}
		want := []string{left.DID, asleep.DID, deleted.DID}
		slices.Sort(want)
		deadline := time.Now().Add(3 * time.Minute)
		for got := []string(nil); !slices.Equal(got, want); time.Sleep(200 * time.Millisecond) {
			if got = d.missing(v.open(s, page), dids); time.Now().After(deadline) {
				t.Fatalf("missing in the census %v, want %v", got, want)
			}
		}
		for handle := ""; handle != "moved.test"; time.Sleep(200 * time.Millisecond) {
			changes, next := d.pull(v.open(s, page), connectors.Contact, end)
			end = next
			handle = text(byID(changes)[moved.DID], connectors.FieldHandle)
			if time.Now().After(deadline) {
				t.Fatalf("who moved is still called %s", handle)
			}
		}
		records, err := v.open(s, page).Fetch(t.Context(), connectors.Contact, dids)
		v.must(err)
		if len(records) != 8 {
			t.Errorf("%d of 9 are fetched, one being deleted", len(records))
		}
		for _, r := range records {
			tag := text(r, connectors.FieldTag)
			switch {
			case r.ID == deleted.DID, r.ID == left.DID && tag != "", r.ID == asleep.DID && len(r.Covers) != 1, len(r.Covers) == 0 && r.ID != left.DID && tag != followerTag:
				t.Errorf("fetched %+v", r)
			case r.ID == v.people[8].DID && text(r, connectors.FieldName) != "":
				t.Errorf("who never made a profile is called %s", text(r, connectors.FieldName))
			}
		}
	})
}
