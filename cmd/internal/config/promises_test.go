package config

import (
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

func TestPromisesSection(t *testing.T) {
	t.Parallel()
	f, err := Parse("kept.yaml", []byte("promises: {ask: 3, lapse: 10d, age: 20 days, close: sure}\n"))
	day := 24 * time.Hour
	if err != nil || f.Promises != (Promises{Ask: 3, Lapse: 10 * day, Age: 20 * day, Close: "sure"}) {
		t.Errorf("%+v, %v", f.Promises, err)
	}
	if got, want := f.Promises.String(), "ask 3, lapse 10d, age 20d, close sure"; got != want {
		t.Errorf("shown as %q", got)
	}
	if f, err := Parse("kept.yaml", []byte("promises:\n  ask: 0\n")); err != nil || f.Promises.Ask != -1 {
		t.Errorf("%+v, %v", f.Promises, err)
	}
	for content, want := range map[string]string{
		"promises: {asks: 3}":          "config_unknown_key",
		"promises: {ask: many}":        "config_promise_ask",
		"promises: {lapse: soon}":      "bad_days",
		"promises: {age: 0}":           "bad_days",
		"promises: {close: shure}":     "config_choice",
		"promises: {ask: 3, ask: 4}":   "config_twice",
		"promises: 5":                  "config_shape",
		"promises: {close: [ask, no]}": "config_not_text",
	} {
		_, err := Parse("kept.yaml", []byte(content))
		if !state.IsCode(err, want) || state.AsError(err).Args["line"] != "1" {
			t.Errorf("%s: %v, want %s", content, err, want)
		}
	}
}
