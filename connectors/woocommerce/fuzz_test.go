package woocommerce

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keptcrm/kept/connectors"
)

// FuzzAnswers gives the connection any answer: it makes valid records of it, sets things aside or
// fails in words, and never loses count.
func FuzzAnswers(f *testing.F) {
	fake := NewFake(testKey, testSecret)
	if _, err := fake.Put(connectors.Contact, "", contact(1), noon); err != nil {
		f.Fatal(err)
	}
	fake.Order(0, FakeOrder{Total: "10.90", Lines: []FakeLine{{"Okular", "SKU-7", "10.90", 1}}, Refunds: []FakeRefund{{"1.00", "x", noon}}, Billing: map[string]string{"email": "a@b.example"}})
	for _, path := range []string{"customers?role=all", "orders", "orders/3/refunds"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "https://shop.example.com/wp-json/wc/v3/"+path, nil)
		r.SetBasicAuth(testKey, testSecret)
		fake.ServeHTTP(w, r)
		f.Add(200, w.Body.String(), "1")
	}
	f.Add(200, `[{"id":"1","billing":[],"meta_data":{"a":1}},{"id":null},5,null,{"id":-3}]`, "5")
	f.Add(200, `[{"id":1,"refunds":[{}],"line_items":[{"quantity":"1e99","total":"x"}],"total":"9e9","currency":"kwd"}]`, "")
	f.Add(200, `{"create":[{"id":1}],"update":[{"id":0,"error":{"code":"x","data":null}}]}`, "0")
	f.Add(401, `{"code":"woocommerce_rest_authentication_error","message":"Consumer secret is invalid.","data":{"status":401}}`, "")
	f.Add(400, `{"code":"rest_invalid_param","data":{"params":{"billing":"Invalid email address."}}}`, "")
	f.Add(404, `<html>`, "-1")
	f.Fuzz(func(t *testing.T, status int, body, total string) {
		if status < 200 || status > 599 || strings.ContainsAny(total, "\r\n") {
			return
		}
		c := conn(silent{}, fake)
		c.rest = client(t, memory{page(status, "application/json", body, "X-WP-Total", total)})
		sound := func(err error) {
			if err != nil && (err.Error() == "" || strings.Contains(err.Error(), testSecret)) {
				t.Errorf("%q", err)
			}
		}
		for _, kind := range []connectors.Kind{connectors.Contact, connectors.Order} {
			p, err := c.Pull(context.Background(), kind, "")
			sound(err)
			n := p.Joined
			for _, ch := range p.Changes {
				if ch.Record.ID == "" || ch.Record.Implied && ch.Record.Modified.IsZero() || ch.Gone {
					t.Errorf("%+v", ch)
				}
				if !ch.Record.Implied {
					n++
				}
			}
			for _, r := range p.Rejected {
				if n++; r.Where == "" || r.Reason == "" || r.Raw == "" || r.Kept {
					t.Errorf("%+v", r)
				}
			}
			if n != p.Told {
				t.Errorf("%d told, %d accounted for", p.Told, n)
			}
			if _, err := parse(p.Next); err != nil {
				t.Errorf("the cursor %q: %v", p.Next, err)
			}
			_, err = c.Census(context.Background(), kind, "")
			sound(err)
		}
		_, err := c.Push(context.Background(), creates(1, 1)[0])
		sound(err)
		_, err = c.PushBatch(context.Background(), creates(1, 2))
		sound(err)
	})
}

// FuzzCursors: any text is a cursor that works, or one that is said to be none.
func FuzzCursors(f *testing.F) {
	fake := NewFake(testKey, testSecret)
	fake.Order(0, FakeOrder{})
	for _, s := range []string{"", "{}", "x", `{"p":{"n":5,"l":4}}`, `{"s":"2026-11-21T19:06:45"}`, `{"m":"2026-11-21T19:06:45","a":true}`, `{"p":{"n":9223372036854775807}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := conn(silent{}, fake)
		for _, kind := range []connectors.Kind{connectors.Contact, connectors.Order} {
			if _, err := c.Pull(context.Background(), kind, connectors.Cursor(s)); err != nil && connectors.ClassOf(err) != connectors.CursorExpired && connectors.ClassOf(err) != connectors.Invalid {
				t.Errorf("%q: %v", s, err)
			}
		}
	})
}

// FuzzReceive: nothing but what is signed gives a hint.
func FuzzReceive(f *testing.F) {
	for _, body := range []string{`{"id":52}`, "webhook_id=1", "", "{", `{"id":"x","role":[]}`} {
		header, b := signed(body, "customer.deleted")
		f.Add(b, header["x-wc-webhook-signature"][0], "customer.deleted", true)
		f.Add(b, "", "", false)
	}
	c := conn(silent{}, NewFake(testKey, testSecret))
	f.Fuzz(func(t *testing.T, body []byte, signature, topic string, sign bool) {
		header := map[string][]string{"X-Wc-Webhook-Signature": {signature}, "X-Wc-Webhook-Topic": {topic}}
		good, _ := signed(string(body), topic)
		if sign {
			header = good
		}
		hints, err := c.Receive(context.Background(), header, body)
		if len(hints) > 0 && (err != nil || !sign && good["x-wc-webhook-signature"][0] != signature) {
			t.Errorf("%q gave %+v, %v", body, hints, err)
		}
	})
}
