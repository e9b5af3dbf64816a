package woocommerce

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/connectors"
)

func signed(body, topic string) (map[string][]string, []byte) {
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(body))
	return map[string][]string{"X-WC-Webhook-Topic": {topic}, "x-wc-webhook-signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}}, []byte(body)
}

func TestWebhooksSayWhereToLook(t *testing.T) {
	t.Parallel()
	c := conn(t, NewFake(testKey, testSecret))
	for _, x := range []struct {
		topic, body string
		want        []connectors.Hint
	}{
		{"customer.created", `{"id":52,"role":"customer"}`, []connectors.Hint{{Kind: connectors.Contact, ID: "52"}}},
		{"customer.updated", `{"id":"52"}`, []connectors.Hint{{Kind: connectors.Contact, ID: "52"}}},
		{"customer.deleted", `{"id":52}`, []connectors.Hint{{Kind: connectors.Contact, ID: "52", Gone: true}}},
		{"order.updated", `{"id":20,"line_items":[]}`, []connectors.Hint{{Kind: connectors.Order, ID: "20"}}},
		{"order.deleted", `{"id":20}`, []connectors.Hint{{Kind: connectors.Order, ID: "20", Gone: true}}},
		{"order.restored", `{"id":20}`, []connectors.Hint{{Kind: connectors.Order, ID: "20"}}},
		{"product.updated", `{"id":7}`, nil},
		{"", `{"id":20,"line_items":[]}`, []connectors.Hint{{Kind: connectors.Order, ID: "20"}}},
		{"", `{"id":52,"role":"customer"}`, []connectors.Hint{{Kind: connectors.Contact, ID: "52"}}},
		{"", `{"id":52}`, []connectors.Hint{{Kind: connectors.Contact}, {Kind: connectors.Order}}},
		{"customer.deleted", `{}`, []connectors.Hint{{Kind: connectors.Contact}}}, // look; nothing is gone
	} {
		header, body := signed(x.body, x.topic)
		got, err := c.Receive(context.Background(), header, body)
		if diff := cmp.Diff(x.want, got); err != nil || diff != "" {
			t.Errorf("%s %s: %v %s", x.topic, x.body, err, diff)
		}
	}
	for _, body := range []string{"", "[]", "null", `{"id":`, "webhook_id=1"} {
		header, b := signed(body, "customer.updated")
		if hints, err := c.Receive(context.Background(), header, b); err == nil || len(hints) > 0 {
			t.Errorf("%q gave %+v, %v", body, hints, err)
		}
	}
}

// Two deliveries of one second have one Delivery-ID and different bodies: both count.
func TestDeliveriesOfOneSecond(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	c := conn(t, f)
	a, b := f.Order(0, FakeOrder{}), f.Order(0, FakeOrder{})
	for range 50 { // until both are of one second
		h1, b1 := f.Hook(connectors.Order, strconv.FormatInt(a, 10), false)
		h2, b2 := f.Hook(connectors.Order, strconv.FormatInt(b, 10), false)
		if h1["X-Wc-Webhook-Delivery-Id"][0] != h2["X-Wc-Webhook-Delivery-Id"][0] || bytes.Equal(b1, b2) {
			continue
		}
		one, err1 := c.Receive(context.Background(), h1, b1)
		two, err2 := c.Receive(context.Background(), h2, b2)
		if err1 != nil || err2 != nil || len(one) != 1 || len(two) != 1 || one[0].ID == two[0].ID {
			t.Errorf("%+v %v, %+v %v", one, err1, two, err2)
		}
		return
	}
	t.Fatal("no two deliveries of one second")
}

func TestThePingOfANewWebhook(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	for _, secret := range []string{testSecret, ""} {
		header, body := f.Ping()
		if hints, err := conn(t, f, "webhook_secret", secret).Receive(context.Background(), header, body); err != nil || len(hints) > 0 {
			t.Errorf("%+v, %v", hints, err)
		}
	}
	for _, body := range []string{"webhook_id=1&id=52", "webhook_id=", "webhook_id=-1", "webhook_id=x", "id=1", `{"webhook_id":1}`} {
		if _, err := conn(t, f).Receive(context.Background(), nil, []byte(body)); err == nil {
			t.Errorf("%q was taken for a ping", body)
		}
	}
}

func TestWebhooksWithoutASecret(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	id, err := f.Put(connectors.Contact, "", contact(1), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	header, body := f.Hook(connectors.Contact, id, false)
	_, err = conn(t, f, "webhook_secret", "").Receive(context.Background(), header, body)
	wantError(t, err, connectors.Auth, "webhook_secret", "Webhooks > Secret")
	f.Hooks = "" // signed with nothing, for nothing
	header, body = f.Hook(connectors.Contact, id, false)
	_, err = conn(t, f, "webhook_secret", "").Receive(context.Background(), header, body)
	wantError(t, err, connectors.Auth, "webhook_secret")
}

// After more than five failures in a row the shop switches a webhook off and tells nobody: Check says so.
func TestWebhooksThatAreSwitchedOff(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	f.Sends = []FakeHook{{"Kept customers", "customer.updated", "disabled"}, {"Kept orders", "order.updated", "active"}, {"Stock", "product.updated", "disabled"}}
	s, said := opened(t, f, map[string]string{"webhook_secret": testSecret})
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := said.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `switched off its webhook "Kept customers" (customer.updated)`) || !strings.Contains(got, "Webhooks > Kept customers > Status: Active") {
		t.Errorf("warned of: %q", got)
	}
	s, said = opened(t, f, nil)
	if err := s.Check(t.Context()); err != nil || said.Len() != 0 {
		t.Errorf("without webhooks of ours: %v, %q", err, said)
	}
}
