package config

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
)

func TestSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, content string, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	put("own", "pass word\n", 0o600)
	put("windows", "geheim\r\n", 0o600)
	put("shared", "密码", 0o644)
	put("empty", "\n", 0o600)
	put("large", strings.Repeat("x", secretBytes+1), 0o600)
	var told []string
	s := &Secrets{Folder: dir, Env: env("HOME="+dir, "SHOP_KEY=ck_123"), Open: func(path string) { told = append(told, filepath.Base(path)) }}
	for _, c := range []struct{ reference, want, code, reason string }{
		{"env:SHOP_KEY", "ck_123", "", ""},
		{"env:NOBODY", "", "secret_env", ""},
		{"file:own", "pass word", "", ""},
		{"file:~/windows", "geheim", "", ""},
		{"file:" + dir + "/shared", "密码", "", ""},
		{"file:shared", "密码", "", ""},
		{"file:nowhere", "", "secret_file", "missing"},
		{"file:.", "", "secret_file", "folder"},
		{"file:empty", "", "secret_empty", ""},
		{"file:large", "", "secret_large", ""},
		{"command:printf %s 'a b'", "a b", "", ""},
		{"command:cat own", "pass word", "", ""},
		{"command:printf '%s' $HOME", "$HOME", "", ""},
		{"command:false", "", "secret_command", "failed"},
		{"command:true", "", "secret_empty", ""},
		{"command:no-such-program-here", "", "secret_command", "missing"},
		{"command:cat 'own", "", "secret_command", "quote"},
		{"command:head -c 100000 /dev/zero", "", "secret_large", ""},
		{"hunter2", "", "secret_literal", ""},
		{"env:", "", "secret_literal", ""},
	} {
		got, err := s.Resolve(t.Context(), c.reference)
		if c.code == "" {
			if err != nil || got != c.want {
				t.Errorf("%s: %q, %v", c.reference, got, err)
			}
			continue
		}
		e := state.AsError(err)
		if got != "" || e == nil || e.Class != state.Auth || e.Code != c.code || e.Args["reason"] != c.reason {
			t.Errorf("%s: %q, %v, want %s %s", c.reference, got, err, c.code, c.reason)
		}
		if c.code == "secret_literal" && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the secret stands in the error: %v", err)
		}
	}
	if !slices.Equal(told, []string{"shared"}) {
		t.Errorf("told of %v, want shared once", told)
	}
}

func TestSecretCommandEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := &Secrets{Folder: t.TempDir(), Env: env(), run: func(c *exec.Cmd) error {
		cancel()
		return context.Canceled
	}}
	if _, err := s.Resolve(ctx, "command:sleep 1000"); !state.IsCode(err, "cancelled") {
		t.Errorf("%v", err)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		`pass show shop`: {"pass", "show", "shop"}, `a 'b c' "d \" e"`: {"a", "b c", `d " e`}, `a\ b ''`: {"a b", ""}, ` `: nil, `x'y'z`: {"xyz"},
	} {
		if got, ok := Words(line); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", line, got, ok)
		}
	}
	for _, open := range []string{`a 'b`, `"`, `a\`} {
		if _, ok := Words(open); ok {
			t.Errorf("%s: the open quote was not seen", open)
		}
	}
}
