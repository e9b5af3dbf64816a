package config

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

func fileOf(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kept.yaml")
	if content != "" {
		if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// Editing changes what it should and leaves everything else as people wrote it.
func TestEditKeepsWhatPeopleWrote(t *testing.T) {
	t.Parallel()
	shop := []Setting{{Key: "type", Values: []string{"woocommerce"}}, {Key: "mode", Values: []string{"pull"}},
		{Key: "options.url", Values: []string{"https://shop.example.com"}}, {Key: "options.key", Values: []string{"file:secrets/shop.key"}},
		{Key: "owns", Values: []string{"phone", "email"}, List: true}}
	add := func(path string) error { return AddConnection(path, "shop", shop, nil) }
	block := "  shop:\n    type: woocommerce\n    mode: pull\n    options:\n      url: https://shop.example.com\n      key: file:secrets/shop.key\n    owns: [phone, email]\n"
	set := func(key string, values ...string) func(string) error {
		return func(path string) error {
			return SetConnection(path, "shop", []Setting{{Key: key, Values: values}}, nil)
		}
	}
	for _, c := range []struct {
		name, before, after string
		do                  func(path string) error
	}{
		{"no file", "", "connections:\n" + block, add},
		{"no connections", "# ours\nzone: UTC # always", "# ours\nzone: UTC # always\n\nconnections:\n" + block, add},
		{"beside another", "connections:\n  # the mail\n  post: # Wei's\n    mailbox: shared\n\n# the end\nzone: UTC\n",
			"connections:\n  # the mail\n  post: # Wei's\n    mailbox: shared\n" + block + "\n# the end\nzone: UTC\n", add},
		{"indented by four", "connections:\n    post:\n        mailbox: shared\n",
			"connections:\n    post:\n        mailbox: shared\n    shop:\n        type: woocommerce\n        mode: pull\n        options:\n          url: https://shop.example.com\n          key: file:secrets/shop.key\n        owns: [phone, email]\n", add},
		{"nothing below", "connections:\nzone: UTC\n", "connections:\n" + block + "zone: UTC\n", add},
		{"empty braces", "connections: {}\n", "connections:\n" + block, add},
		{"a list at its key's column", "connections:\n  post:\n    mailbox: shared\n    ignore:\n    - \"@a.example\"\n    # more\n    - \"@b.example\"\n",
			"connections:\n  post:\n    mailbox: shared\n    ignore:\n    - \"@a.example\"\n    # more\n    - \"@b.example\"\n" + block, add},
		{"Windows' line ends", "zone: UTC\r\n", strings.ReplaceAll("zone: UTC\n\nconnections:\n"+block, "\n", "\r\n"), add},

		{"a value with its comment", "connections:\n  shop:\n    type: x  # the shop\n    mode: pull   # for now\n", "connections:\n  shop:\n    type: x  # the shop\n    mode: two-way # for now\n", set("mode", "two-way")},
		{"a key that was not there", "connections:\n  shop:\n    type: x\n    options:\n      url: a\n# end\n", "connections:\n  shop:\n    type: x\n    mode: push\n    options:\n      url: a\n# end\n", set("mode", "push")},
		{"an option", "connections:\n  shop:\n    type: x\n    options:\n      url: a\n  post: {mailbox: shared}\n", "connections:\n  shop:\n    type: x\n    options:\n      url: a\n      user: jana@example.com\n  post: {mailbox: shared}\n", set("options.user", "jana@example.com")},
		{"the first option", "connections:\n  shop:\n    type: x\n", "connections:\n  shop:\n    type: x\n    options:\n      url: \"a: b\"\n", set("options.url", "a: b")},
		{"a list of lines", "connections:\n  shop:\n    type: x\n    owns:\n      - phone\n      - email\n    mode: pull\n", "connections:\n  shop:\n    type: x\n    owns: phone\n    mode: pull\n", set("owns", "phone")},
		{"an option taken out", "connections:\n  shop:\n    type: x\n    options:\n      url: a\n      port: 993 # imaps\n", "connections:\n  shop:\n    type: x\n    options:\n      url: a\n", set("options.port")},
		{"the last option taken out", "connections:\n  shop:\n    type: x\n    options:\n      url: a\n", "connections:\n  shop:\n    type: x\n", set("options.url")},
		{"what is not there taken out", "connections:\n  shop:\n    type: x\n", "connections:\n  shop:\n    type: x\n", set("options.url")},

		{"removed", "connections:\n  # one\n  post:\n    mailbox: shared\n  shop:\n    type: x\n\n    options:\n      url: a\n  # two\n  last:\n    mailbox: shared\n",
			"connections:\n  # one\n  post:\n    mailbox: shared\n  # two\n  last:\n    mailbox: shared\n", func(path string) error { return RemoveConnection(path, "shop", nil) }},
		{"the last one removed", "connections:\n  shop:\n    type: x\nzone: UTC\n", "connections:\nzone: UTC\n", func(path string) error { return RemoveConnection(path, "shop", nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := fileOf(t, c.before)
			if err := c.do(path); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.after {
				t.Errorf("got\n%swant\n%s", got, c.after)
			}
			info, err := os.Stat(path)
			want := os.FileMode(0o640)
			if c.before == "" {
				want = 0o600
			}
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}

// What cannot be edited without risk is told, and the file stays as it is.
func TestEditRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, code string }{
		{"connections: {post: {mailbox: shared}}\n", "config_flow"},
		{"- a\n", "config_edit"},
		{"zone: 'UTC\n", "config_syntax"},
		{"connections:\n  shop: {type: x}\n", "config_twice"},
	} {
		path := fileOf(t, c.before)
		err := AddConnection(path, "shop", []Setting{{Key: "type", Values: []string{"csv"}}}, nil)
		if !state.IsCode(err, c.code) {
			t.Errorf("%q: %v, want %s", c.before, err, c.code)
		}
		if got, _ := os.ReadFile(path); string(got) != c.before {
			t.Errorf("%q became %q", c.before, got)
		}
	}
	path := fileOf(t, "connections:\n  shop:\n    type: x\n")
	if err := SetConnection(path, "shop", []Setting{{Key: "mode", Values: []string{"both"}}}, nil); !state.IsCode(err, "config_choice") {
		t.Errorf("a wrong mode: %v", err)
	}
	if err := RemoveConnection(path, "post", nil); !state.IsCode(err, "no_such_connection") {
		t.Errorf("a connection that is not there: %v", err)
	}
}

// Whatever an option's value is, the file says exactly that afterwards, and everything else as before.
func TestEditSaysWhatWasMeant(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(dir, "kept.yaml")
		if err := os.WriteFile(path, []byte("# ours\nzone: UTC\nconnections:\n  post:\n    mailbox: shared # all of us\n"), 0o600); err != nil {
			rt.Fatal(err)
		}
		value := rapid.OneOf(rapid.SampledFrom([]string{"null", "yes", "~", "- a", "{a}", "[a]", "a: b", "a #b", "0x1f", "1e3", "007", "&a", "*a", "!a", "\"", "'", "|", ">", "张伟 🎁 عمر", "tag:wholesale", "env:A"}),
			rapid.StringMatching(`[ -~äß李]{1,20}`)).Filter(func(v string) bool { return strings.TrimSpace(v) == v && v != "" })
		want := map[string]string{}
		for range rapid.IntRange(1, 4).Draw(rt, "options") {
			want[rapid.SampledFrom([]string{"url", "user", "note", "folders"}).Draw(rt, "name")] = value.Draw(rt, "value")
		}
		names := slices.Sorted(maps.Keys(want))
		settings := []Setting{{Key: "type", Values: []string{"x"}}, {Key: "options." + names[0], Values: []string{"first"}}}
		if err := AddConnection(path, "shop", settings, nil); err != nil {
			rt.Fatal(err)
		}
		settings = nil
		for _, n := range names {
			settings = append(settings, Setting{Key: "options." + n, Values: []string{want[n]}})
		}
		if err := SetConnection(path, "shop", settings, nil); err != nil {
			rt.Fatal(err)
		}
		got, err := Load(path, true)
		if err != nil {
			rt.Fatal(err)
		}
		if !maps.Equal(got.Connections["shop"].Options, want) || got.Connections["post"].Mailbox != "shared" || got.Zone != "UTC" {
			rt.Fatalf("%+v, want %v", got.Connections, want)
		}
		if err := RemoveConnection(path, "shop", nil); err != nil {
			rt.Fatal(err)
		}
		if b, _ := os.ReadFile(path); string(b) != "# ours\nzone: UTC\nconnections:\n  post:\n    mailbox: shared # all of us\n" {
			rt.Fatalf("it is not as it was: %q", b)
		}
	})
}
