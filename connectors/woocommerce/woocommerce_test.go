package woocommerce

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

const (
	testKey    = "ck_0123456789abcdef"
	testSecret = "cs_hunter22hunter22hunter22"
)

// few is how many things the suite lets a connection ask for at a time: more would show nothing more,
// and ten are what the shop gives where it is not told.
const few = 12

// small lets connections ask for few things at a time.
func small(spec connectors.Spec) connectors.Spec {
	open := spec.Open
	spec.Open = func(ctx context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
		c, err := open(ctx, o, env)
		if s, ok := c.(*shop); ok {
			s.perPage = few
		}
		return c, err
	}
	return spec
}

func value(text, label string) connectors.Value { return connectors.Value{Text: text, Label: label} }

func field(name string, texts ...string) connectors.Field {
	f := connectors.Field{Name: name}
	for _, t := range texts {
		f.Values = append(f.Values, value(t, ""))
	}
	return f
}

func addressValue(label, street, postcode, city, country string) connectors.Value {
	parts := map[string]string{connectors.PartStreet: street, connectors.PartPostcode: postcode, connectors.PartCity: city, connectors.PartCountry: country}
	return connectors.Value{Text: addressText(parts), Label: label, Parts: parts}
}

// kept is what WordPress makes of texts: [doc] its source, not tried.
func kept(name, text string) string {
	switch name {
	case connectors.FieldGiven, connectors.FieldFamily:
		return unslashed(cleaned(text))
	case connectors.FieldCompany:
		return unslashed(text)
	}
	return text
}

func contact(i int) connectors.Record {
	names := []string{"Jana", "李伟", "جميل", "Zoë 🌟", "Cher"}
	return connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{
		{Name: connectors.FieldAddress, Values: []connectors.Value{addressValue(labelBilling, fmt.Sprintf("Weg %d", i), "23552", "Lübeck", "DE"), addressValue(labelShipping, "长安街 1", "100000", "北京", "CN")}},
		field(connectors.FieldCompany, "Sternwarte"), field("custom.crm_note", "calls on Mondays"), field(connectors.FieldEmail, fmt.Sprintf("kunde%d@example.org", i)),
		field(connectors.FieldFamily, "Köhler"), field(connectors.FieldGiven, names[i%len(names)]), field(connectors.FieldPhone, fmt.Sprintf("+49 451 90%04d", i)),
	}}
}

func anOrder(i int) connectors.Record {
	return connectors.Record{Kind: connectors.Order, Fields: []connectors.Field{field(fieldCoupons, "sommer"), field(fieldMethod, fmt.Sprintf("Überweisung %d", i))}}
}

// customers is the harness for customers at a shop that starts as setup leaves it.
func customers(spec connectors.Spec, setup func(f *Fake)) connectortest.Harness {
	return connectortest.Harness{Spec: spec, Secret: testSecret, API: &connectortest.API{
		Kind: connectors.Contact, Page: few,
		Can: []string{"BatchPusher", "Census", "Deleter", "Fetcher", "Finder", "Limiter", "Puller", "Pusher", "WebhookReceiver"},
		Server: func(testing.TB) connectortest.Server {
			f := NewFake(testKey, testSecret)
			setup(f)
			return connectortest.Server{Handler: f, Options: map[string]string{"url": "https://shop.example.com" + f.Folder, "key": testKey}, Control: f}
		},
		Record: contact, Texts: []string{connectors.FieldGiven, connectors.FieldCompany, "custom.crm_note"}, Optional: connectors.FieldPhone, Keeps: kept,
		Certain: []string{"id"}, Empty: []byte(`[]`),
	}}
}

// reader is a connection that only reads, as one for orders does.
type reader struct {
	connectors.Connector
	connectors.Puller
	connectors.Fetcher
	census
	connectors.Limiter
	connectors.WebhookReceiver
}

// census has another name than its method, which it would hide.
type census interface{ connectors.Census }

// orders is the harness for orders.
func orders(spec connectors.Spec, setup func(f *Fake)) connectortest.Harness {
	h := customers(spec, setup)
	open := spec.Open
	h.Spec.Open = func(ctx context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
		c, err := open(ctx, o, env)
		if err != nil {
			return nil, err
		}
		return reader{c, c.(connectors.Puller), c.(connectors.Fetcher), c.(connectors.Census), c.(connectors.Limiter), c.(connectors.WebhookReceiver)}, nil
	}
	h.API.Kind, h.API.Record, h.API.Texts, h.API.Optional, h.API.Keeps = connectors.Order, anOrder, []string{fieldMethod, fieldCoupons}, fieldCoupons, nil
	h.API.Can = []string{"Census", "Fetcher", "Limiter", "Puller", "WebhookReceiver"}
	h.API.Late, h.API.Certain = overlap/2, []string{"id", "date_modified_gmt"}
	return h
}

func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("customers", func(t *testing.T) {
		t.Parallel()
		connectortest.Run(t, customers(small(Spec()), func(*Fake) {}))
	})
	t.Run("orders of a shop in another zone", func(t *testing.T) {
		t.Parallel()
		connectortest.Run(t, orders(small(Spec()), func(f *Fake) { f.Zone = honolulu }))
	})
	t.Run("7.9 in a folder without permalinks", func(t *testing.T) {
		t.Parallel()
		setup := func(f *Fake) { f.Version, f.Zone, f.Folder, f.Plain, f.German = "7.9.0", tokyo, "/laden", true, true }
		some(t, customers(small(Spec()), setup), "check", "pages", "edit while paging", "fetch", "same intent twice", "lost answer", "stale version", "comes back equal", "empty or absent",
			"delete", "batch", "batch refused in part", "batch lost", "webhook", "dry run", "secret")
		some(t, orders(small(Spec()), setup), "pages", "one timestamp", "edit while paging", "late commit", "census")
	})
}

// Zones without a summer time that tests could meet. West of Greenwich a time that is taken for the
// shop's own is too late and finds nothing, east of it too early.
var (
	honolulu = time.FixedZone("Honolulu", -10*3600)
	tokyo    = time.FixedZone("Tokyo", 9*3600)
)

// some runs cases of a harness.
func some(t *testing.T, h connectortest.Harness, names ...string) {
	t.Helper()
	ran := 0
	for _, c := range connectortest.Cases(h) {
		if !slices.Contains(names, c.Name) {
			continue
		}
		ran++
		t.Run(string(h.API.Kind)+" "+c.Name, func(t *testing.T) {
			t.Parallel()
			if h.API.Real {
				c.Run(t, h)
				return
			}
			connectortest.Virtual(t, func(t *testing.T) { c.Run(t, h) })
		})
	}
	if ran != len(names) {
		t.Errorf("%d of the cases %v are known", ran, names)
	}
}

// The same over the network, and over plain http: with OAuth 1.0a. The shop's clock is a real one
// there, so that everything happens within one second.
func TestOverTheNetwork(t *testing.T) {
	t.Parallel()
	server := func(h connectortest.Harness) connectortest.Harness {
		api := *h.API
		api.Real = true
		api.Server = func(tb testing.TB) connectortest.Server {
			f := NewFake(testKey, testSecret)
			s := httptest.NewServer(f)
			tb.Cleanup(s.Close)
			return connectortest.Server{Options: map[string]string{"url": s.URL, "key": testKey}, Control: f}
		}
		h.API = &api
		return h
	}
	some(t, server(customers(small(Spec()), func(*Fake) {})), "check", "edit while paging", "lost answer", "batch")
	some(t, server(orders(small(Spec()), func(*Fake) {})), "edit while paging", "one timestamp")
}

// conn opens a connection to a fake in memory.
func conn(tb testing.TB, f *Fake, options ...string) *shop {
	tb.Helper()
	o := map[string]string{"url": "https://shop.example.com", "key": testKey, "secret": testSecret, "webhook_secret": testSecret}
	for i := 0; i+1 < len(options); i += 2 {
		o[options[i]] = options[i+1]
	}
	c, err := Spec().Open(context.Background(), o, connectors.Env{Now: time.Now, HTTP: memory{f}, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Warn: func(format string, args ...any) { tb.Logf("warned: "+format, args...) }})
	if err != nil {
		tb.Fatalf("Open: %v", err)
	}
	return c.(*shop)
}

// all pulls a kind to its end.
func all(tb testing.TB, c *shop, kind connectors.Kind) []connectors.Record {
	tb.Helper()
	var out []connectors.Record
	from := connectors.Cursor("")
	for range 100 {
		p, err := c.Pull(context.Background(), kind, from)
		if err != nil {
			tb.Fatalf("Pull: %v", err)
		}
		for _, r := range p.Rejected {
			tb.Errorf("set aside: %+v", r)
		}
		for _, ch := range p.Changes {
			out = append(out, ch.Record)
		}
		if from = p.Next; !p.More {
			return out
		}
	}
	tb.Fatal("Pull does not end")
	return nil
}

func wantError(tb testing.TB, err error, class connectors.Class, words ...string) {
	tb.Helper()
	if err == nil || connectors.ClassOf(err) != class {
		tb.Errorf("%v is %s, want %s", err, connectors.ClassOf(err), class)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			tb.Errorf("%q does not say %q", err, w)
		}
	}
	tb.Logf("the user reads: %s", err)
}
