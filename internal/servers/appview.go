package servers

import (
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"time"
)

// AppView answers what a PDS alone does not know: who follows an account and what happened to it. It
// tells what it was told, in one page; it is no model of paging.
type AppView struct {
	URL    string
	server *http.Server

	mu        sync.Mutex
	followers []map[string]any
	news      []map[string]any
}

// StartAppView starts one without anybody in it.
func StartAppView() (*AppView, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	v := &AppView{URL: "http://" + l.Addr().String(), followers: []map[string]any{}, news: []map[string]any{}}
	mux := http.NewServeMux()
	answer := func(name string, body func(r *http.Request) any) {
		mux.HandleFunc("GET /xrpc/"+name, func(w http.ResponseWriter, r *http.Request) {
			v.mu.Lock()
			defer v.mu.Unlock()
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(body(r)) // the client sees a broken answer
		})
	}
	answer("app.bsky.graph.getFollowers", func(r *http.Request) any {
		return map[string]any{"subject": map[string]any{"did": r.URL.Query().Get("actor"), "handle": "handle.invalid"}, "followers": v.followers}
	})
	answer("app.bsky.notification.listNotifications", func(*http.Request) any {
		return map[string]any{"notifications": v.news, "priority": false}
	})
	answer("app.bsky.actor.getProfile", func(r *http.Request) any {
		for _, f := range v.followers {
			if f["did"] == r.URL.Query().Get("actor") || f["handle"] == r.URL.Query().Get("actor") {
				return f
			}
		}
		return map[string]any{"did": r.URL.Query().Get("actor"), "handle": "handle.invalid"}
	})
	answer("app.bsky.actor.getProfiles", func(r *http.Request) any {
		profiles := []map[string]any{}
		for _, f := range v.followers {
			for _, did := range r.URL.Query()["actors"] {
				if f["did"] == did {
					profiles = append(profiles, f)
				}
			}
		}
		return map[string]any{"profiles": profiles}
	})
	v.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = v.server.Serve(l) }() // ends with Stop
	return v, nil
}

// Follow has an account follow.
func (v *AppView) Follow(a Account, name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.followers = append(v.followers, person(a, name))
}

// Mention has an account mention the reader in a post, which is in its repository.
func (v *AppView) Mention(a Account, name, uri, cid, text string, at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	stamp := at.UTC().Format("2006-01-02T15:04:05.000Z")
	v.news = append([]map[string]any{{"uri": uri, "cid": cid, "author": person(a, name), "reason": "mention", "isRead": false, "indexedAt": stamp,
		"record": map[string]any{"$type": "app.bsky.feed.post", "text": text, "createdAt": stamp}}}, v.news...)
}

func person(a Account, name string) map[string]any {
	return map[string]any{"did": a.DID, "handle": a.Handle, "displayName": name}
}

// Stop stops it.
func (v *AppView) Stop() error { return v.server.Close() }
