package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

func TestParseSyncedConnections(t *testing.T) {
	t.Parallel()
	got, err := Parse("kept.yaml", []byte(`connections:
  shop:
    type: woocommerce
    mode: Two-Way
    options:
      url: https://shop.example.com
      key: env:SHOP_KEY
      port: 8443
      statuses: [completed, processing]
      zone:
    owns: [phone, custom.size, "*"]
    create: [tag:wholesale, "from:book"]
    conflicts: newest
    deletes: propagate
    guard: 25%
    census: 7d
  book: {type: carddav, guard: 0.5, census: 36h, create: all}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Connection{
		"shop": {Type: "woocommerce", Mode: "two-way", Owns: []string{"phone", "custom.size", "*"}, Create: "tag:wholesale,from:book", Conflicts: "newest", Deletes: "propagate",
			Guard: 0.25, Census: 7 * 24 * time.Hour,
			Options: map[string]string{"url": "https://shop.example.com", "key": "env:SHOP_KEY", "port": "8443", "statuses": "completed,processing"}},
		"book": {Type: "carddav", Guard: 0.5, Census: 36 * time.Hour, Create: "all"},
	}
	if d := cmp.Diff(want, got.Connections); d != "" {
		t.Error(d)
	}
	if got.Line("shop.options.key") != 7 || got.Line("shop.options.nothing") != 0 {
		t.Errorf("lines %d, %d", got.Line("shop.options.key"), got.Line("shop.options.nothing"))
	}
}

func TestSyncedConnectionFaults(t *testing.T) {
	t.Parallel()
	specs := []connectors.Spec{{Name: "woocommerce", Options: []connectors.Option{{Name: "url"}, {Name: "key", Secret: true}, {Name: "tax", Choices: []string{"in", "out"}}}}, {Name: "carddav"},
		{Name: "shop", Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: {{Field: connectors.CustomPrefix, Read: true, Write: true}, {Field: connectors.FieldTag, Read: true}}}}}
	for _, c := range []struct{ text, code, at, near string }{
		{"mode: pull", "config_no_type", "3:5", ""},
		{"options: {url: x}", "config_no_type", "3:5", ""},
		{"type: woocomerce", "config_connection_type", "3:5", "woocommerce"},
		{"type: carddav\n    modus: pull", "config_unknown_key", "4:5", "mode"},
		{"type: carddav\n    mode: both", "config_choice", "4:11", ""},
		{"type: carddav\n    mode: towway", "config_choice", "4:11", "two-way"},
		{"type: carddav\n    conflicts: latest", "config_choice", "4:16", ""},
		{"type: carddav\n    deletes: yes", "config_choice", "4:14", ""},
		{"type: carddav\n    guard: 130%", "config_guard", "4:12", ""},
		{"type: carddav\n    guard: 0", "config_guard", "4:12", ""},
		{"type: carddav\n    census: 5", "config_not_text", "4:13", ""},
		{"type: carddav\n    census: 5s", "config_census", "4:13", ""},
		{"type: carddav\n    owns: fone", "config_field", "4:11", "phone"},
		{"type: carddav\n    owns: custom.", "config_field", "4:11", ""},
		{"type: carddav\n    create: wholesale", "config_create", "4:13", ""},
		{"type: carddav\n    create: \"tag:\"", "config_create", "4:13", ""},
		{"optout: tag:x", "config_no_type", "3:5", ""},
		{"type: shop\n    optout: no-marketing", "config_optout", "4:13", ""},
		{"type: shop\n    optout: \"tag:\"", "config_optout", "4:13", ""},
		{"type: shop\n    optout: field:email=no", "config_optout", "4:13", ""},
		{"type: shop\n    optout: tag:no-marketing", "config_optout_field", "4:5", ""},
		{"type: shop\n    optout: consent", "config_optout_field", "4:5", ""},
		{"type: carddav\n    optout: field:custom.x=yes", "config_optout_field", "4:5", ""},
		{"type: carddav\n    options: [a]", "config_shape", "4:14", ""},
		{"type: woocommerce\n    options:\n      url: {a: b}", "config_not_text", "5:13", ""},
		{"type: woocommerce\n    options:\n      url: a\n      url: b", "config_twice", "6:7", ""},
		{"type: woocommerce\n    options:\n      ulr: a", "config_option", "5:7", "url"},
		{"type: woocommerce\n    options:\n      key: ck_1234", "config_secret", "5:7", ""},
		{"type: woocommerce\n    options:\n      tax: ni", "config_choice", "5:7", "in"},
	} {
		f, err := Parse("kept.yaml", []byte("connections:\n  shop:\n    "+c.text+"\n"))
		if err == nil {
			err = f.CheckTypes(specs)
		}
		e := state.AsError(err)
		if e == nil || e.Code != c.code || e.Class != state.Invalid || e.Args["path"] != "kept.yaml" {
			t.Errorf("%q: %v, want %s", c.text, err, c.code)
			continue
		}
		if at := e.Args["line"] + ":" + e.Args["column"]; at != c.at {
			t.Errorf("%q: %s at %s, want %s", c.text, e.Code, at, c.at)
		}
		if e.Args["near"] != c.near {
			t.Errorf("%q: near %q, want %q", c.text, e.Args["near"], c.near)
		}
		if e.Args["value"] == "ck_1234" {
			t.Errorf("the secret stands in the error")
		}
	}
	if _, err := Parse("kept.yaml", []byte("connections:\n  My Shop:\n    type: carddav\n")); !state.IsCode(err, "config_connection_name") {
		t.Errorf("a name with a space: %v", err)
	}
}
