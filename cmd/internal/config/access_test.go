package config

import (
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func TestAccessIsRead(t *testing.T) {
	t.Parallel()
	f, err := Parse("kept.yaml", []byte("access:\n  rep: {body: own, contact: all}\n  service:\n    money: team\n"))
	if err != nil {
		t.Fatal(err)
	}
	rep, shipped := f.Access.Row("rep"), service.DefaultAccess()["rep"]
	if rep["body"] != "own" || rep["contact"] != "all" || rep["money"] != shipped["money"] || f.Access.Row("service")["money"] != "team" {
		t.Errorf("got %v", f.Access)
	}
}

func TestAccessErrorsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, code, line, column string }{
		{"access: all", "config_shape", "1", "9"},
		{"access:\n  boss: {body: all}", "config_unknown_key", "2", "3"},
		{"access:\n  rep: {bodies: all}", "config_unknown_key", "2", "9"},
		{"access:\n  rep: {body: everything}", "config_choice", "2", "15"},
		{"access:\n  rep: {body: [all]}", "config_not_text", "2", "15"},
		{"access:\n  rep: all", "config_shape", "2", "8"},
		{"access:\n  none: {headers: all}", "config_access_none", "2", "3"},
		{"access:\n  none: {}", "config_access_none", "2", "3"},
	} {
		_, err := Parse("kept.yaml", []byte(c.text))
		e := state.AsError(err)
		if e == nil {
			t.Errorf("%q was read", c.text)
		} else if e.Code != c.code || e.Args["line"] != c.line || e.Args["column"] != c.column {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}
