package servers

import (
	"context"
	"net/http"
	"net/url"
	"testing"
)

func TestPDSComesBackWithItsDataAfterACrash(t *testing.T) {
	t.Parallel()
	p := Need(t, StartPDS)
	ctx := t.Context()
	a, err := p.CreateAccount(ctx, "sternwarte", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	password, err := p.AppPassword(ctx, a, "kept", true)
	if err != nil || password == "" {
		t.Fatalf("no app password: %v", err)
	}
	uri, _, err := p.PutRecord(ctx, a, "app.bsky.actor.profile", "self", map[string]any{"$type": "app.bsky.actor.profile", "displayName": "Sternwarte 望遠鏡"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.Restart(context.WithoutCancel(ctx)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		URI   string
		Value struct{ DisplayName string }
	}
	err = p.Call(ctx, http.MethodGet, "com.atproto.repo.getRecord", "", url.Values{"repo": {a.DID}, "collection": {"app.bsky.actor.profile"}, "rkey": {"self"}}, &got)
	if err != nil || got.URI != uri || got.Value.DisplayName != "Sternwarte 望遠鏡" {
		t.Errorf("after a crash the profile is %+v: %v", got, err)
	}
	var session Account
	if err := p.Call(ctx, http.MethodPost, "com.atproto.server.createSession", "", map[string]string{"identifier": a.Handle, "password": password}, &session); err != nil || session.DID != a.DID {
		t.Errorf("after a crash the app password logs in as %q: %v", session.DID, err)
	}
}
