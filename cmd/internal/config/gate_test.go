package config

import (
	"slices"
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func TestGateIsRead(t *testing.T) {
	t.Parallel()
	f, err := Parse("kept.yaml", []byte(`gate:
  silence: {default: no, DE: ask, US: {email: yes, sms: no}}
  sales_silence: {default: yes}
  caps:
    - {purpose: marketing, channel: email, max: 2, days: 7}
    - {max: 5, days: 30}
  hours: {phone: "10:00-17:30 workdays", sms: always, email: "workdays"}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []service.GateSilence{{Purpose: "marketing", Outcome: "no"}, {Country: "DE", Purpose: "marketing", Outcome: "ask"},
		{Country: "US", Purpose: "marketing", Channel: "email", Outcome: "yes"}, {Country: "US", Purpose: "marketing", Channel: "sms", Outcome: "no"},
		{Purpose: "sales", Outcome: "yes"}}
	if !slices.Equal(f.Gate.Silence, want) {
		t.Errorf("silence %+v", f.Gate.Silence)
	}
	if want := []service.GateCap{{Purpose: "marketing", Channel: "email", Max: 2, Days: 7}, {Max: 5, Days: 30}}; !slices.Equal(f.Gate.Caps, want) {
		t.Errorf("caps %+v", f.Gate.Caps)
	}
	if want := []service.GateHours{{Channel: "phone", From: 600, To: 1050, Workdays: true}, {Channel: "sms"}, {Channel: "email", Workdays: true}}; !slices.Equal(f.Gate.Hours, want) {
		t.Errorf("hours %+v", f.Gate.Hours)
	}
}

func TestGateErrorsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, code, line, column string }{
		{"gate:\n  silense: {default: no}\n", "config_unknown_key", "2", "3"},
		{"gate:\n  silence:\n    Germany: no\n", "config_gate_country", "3", "5"},
		{"gate:\n  silence: {DE: maybe}\n", "config_choice", "2", "17"},
		{"gate:\n  silence: {DE: {fax: no}}\n", "config_unknown_key", "2", "18"},
		{"gate:\n  caps: 2\n", "config_not_list", "2", "9"},
		{"gate:\n  caps:\n    - {max: two, days: 7}\n", "config_gate_number", "3", "13"},
		{"gate:\n  caps:\n    - {max: 2, days: 0}\n", "config_gate_number", "3", "22"},
		{"gate:\n  caps:\n    - {max: 2}\n", "config_gate_cap", "3", "8"},
		{"gate:\n  caps:\n    - {max: 2, days: 7, wekly: 1}\n", "config_unknown_key", "3", "25"},
		{"gate:\n  hours: {phone: by day}\n", "config_gate_hours", "2", "18"},
		{"gate:\n  hours: {phone: \"9:00-25:00\"}\n", "config_gate_hours", "2", "18"},
		{"gate:\n  hours: {fax: always}\n", "config_unknown_key", "2", "11"},
		{"gate: yes\n", "config_shape", "1", "7"},
	} {
		_, err := Parse("kept.yaml", []byte(c.text))
		e := state.AsError(err)
		if e == nil || e.Code != c.code || e.Args["line"] != c.line || e.Args["column"] != c.column {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}
