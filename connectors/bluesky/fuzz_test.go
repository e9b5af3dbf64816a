package bluesky

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// echo answers every question about followers and messages with the same bytes.
type echo []byte

func (e echo) RoundTrip(r *http.Request) (*http.Response, error) {
	body := string(e)
	switch {
	case strings.HasSuffix(r.URL.Path, "Session"):
		body = `{"accessJwt":"a.b.c","refreshJwt":"d.e.f","did":"` + shop + `","handle":"` + handle + `"}`
	case strings.HasSuffix(r.URL.Path, "listRecords") && !strings.Contains(body, `"records"`):
		body = `{"records":[]}`
	case strings.HasSuffix(r.URL.Path, "listNotifications") && !strings.Contains(body, `"notifications"`):
		body = `{"notifications":[]}`
	case strings.HasSuffix(r.URL.Path, "listConvos") && !strings.Contains(body, `"convos"`):
		body = `{"convos":[{"id":"c","lastMessage":{"sentAt":"2026-11-21T19:14:38Z"}}]}`
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
}

// answers holds what is true of pages whatever the vendor says.
func answers(t *testing.T, answer []byte) {
	o := options()
	o["password"] = password
	clock := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	c, err := Spec().Open(context.Background(), o, connectors.Env{HTTP: echo(answer), Store: &store{kept: map[string]string{}},
		Now: func() time.Time { return clock }, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []connectors.Kind{connectors.Contact, connectors.MessageKind} {
		var from connectors.Cursor
		for range 12 {
			p, err := c.(connectors.Puller).Pull(context.Background(), kind, from)
			if err != nil {
				if len(p.Changes) > 0 || p.Next != "" {
					t.Errorf("an error with a page: %v", err)
				}
				break
			}
			if p.Told != told(p) {
				t.Errorf("told %d of %d", told(p), p.Told)
			}
			for _, ch := range p.Changes {
				if r := ch.Record; r.ID == "" || strings.ContainsAny(r.ID, " \n<>") || r.Message != nil && (r.Message.Thread == "" || len(r.Message.From) == 0 || r.Message.From[0].Address == "") ||
					r.Implied && r.Modified.IsZero() {
					t.Errorf("a record that cannot be: %+v", r)
				}
			}
			if !p.More {
				break
			}
			from = p.Next
		}
	}
	var from connectors.Cursor
	for range 12 {
		p, err := c.(connectors.Census).Census(context.Background(), connectors.Contact, from)
		if err != nil || !p.More {
			break
		}
		from = p.Next
	}
	if got, err := c.(connectors.Fetcher).Fetch(context.Background(), connectors.Contact, []string{"did:plc:x1", "x"}); err == nil && len(got) > 1 {
		t.Errorf("%d records of one", len(got))
	}
}
