package servers

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestBskyNetKnowsWhoFollows(t *testing.T) {
	t.Parallel()
	n := Need(t, StartBskyNet)
	ctx := t.Context()
	shop, err := n.CreateAccount(ctx, "sternwarte", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	jana, err := n.CreateAccount(ctx, "jana", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.PutRecord(ctx, jana, "app.bsky.graph.follow", "", map[string]any{"$type": "app.bsky.graph.follow", "subject": shop.DID,
		"createdAt": time.Now().UTC().Format("2006-01-02T15:04:05.000Z")}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var got struct{ Followers []struct{ DID string } }
		err := n.Call(ctx, http.MethodGet, "app.bsky.graph.getFollowers", shop.Access, url.Values{"actor": {shop.DID}}, &got)
		if err == nil && len(got.Followers) == 1 && got.Followers[0].DID == jana.DID {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the AppView never told of a follower: %v %+v", err, got)
		}
	}
}
