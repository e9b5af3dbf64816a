package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keptcrm/kept/state"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse("kept.yaml", []byte(`# ours
state: /data/kept.db
region: de
zone: Asia/Shanghai   # where we sit
language: zh-CN
domains:
  - Nordlicht.example
  - '@köln.example'
`))
	if err != nil {
		t.Fatal(err)
	}
	want := File{Path: "kept.yaml", State: "/data/kept.db", Region: "DE", Zone: "Asia/Shanghai", Language: "zh",
		Domains: []string{"nordlicht.example", "köln.example"},
		Lines:   map[string]int{"state": 2, "region": 3, "zone": 4, "language": 5, "domains": 6}}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(File{})); d != "" {
		t.Error(d)
	}
}

func TestParseAcceptsLittle(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing yet\n", "---\n", "zone:\n", "zone: ~\n", "domains: []\n", "domains: example.com\n", "region: NO\n", "region: \"no\"\n"} {
		if _, err := Parse("kept.yaml", []byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestParseConnections(t *testing.T) {
	t.Parallel()
	got, err := Parse("kept.yaml", []byte(`ignore: ["@Letter.example", list:news.example]
connections:
  post:
    mailbox: Personal
    owner: wei
    ignore: rechnung@supplier.example
  sales: {mailbox: shared}
  shop:
`))
	if err != nil {
		t.Fatal(err)
	}
	want := File{Path: "kept.yaml", Ignore: []string{"@Letter.example", "list:news.example"}, Connections: map[string]Connection{
		"post": {Mailbox: "personal", Owner: "wei", Ignore: []string{"rechnung@supplier.example"}}, "sales": {Mailbox: "shared"}, "shop": {}},
		Lines: map[string]int{"ignore": 1, "connections": 2}}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(File{})); d != "" {
		t.Error(d)
	}
}

// What is wrong is told with line and column, by a code of ours.
func TestParseFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, code, at, near string }{
		{"zone: UTC\nregoin: DE\n", "config_unknown_key", "2:1", "region"},
		{"zone: UTC\n\n  language: en\n", "config_syntax", "", ""},
		{"quux: 1\n", "config_unknown_key", "1:1", ""},
		{"connections:\n\tshop:\n", "config_tab", "2:1", ""},
		{"connections:\n  shop:\n  \ttype: csv\n", "config_tab", "3:3", ""},
		{"\tregion: DE\n", "config_tab", "1:1", ""},
		{"zone: UTC\nlanguage: en\nzone: Europe/Berlin\n", "config_twice", "3:1", ""},
		{"zone: [UTC]\n", "config_not_text", "1:7", ""},
		{"zone:\n  name: UTC\n", "config_not_text", "2:3", ""},
		{"domains:\n  a: b\n", "config_not_list", "2:3", ""},
		{"language: en\nzone: Mars/Olympus\n", "bad_zone", "2:7", ""},
		{"zone: Local\n", "bad_zone", "1:7", ""},
		{"ignore: nobody\n", "bad_rule", "1:9", ""},
		{"ignore:\n  a: b\n", "config_not_list", "2:3", ""},
		{"connections: yes\n", "config_shape", "1:14", ""},
		{"connections:\n  post: personal\n", "config_shape", "2:9", ""},
		{"connections:\n  post:\n    mailbx: shared\n", "config_unknown_key", "3:5", "mailbox"},
		{"connections:\n  post:\n    mailbox: open\n", "config_mailbox", "3:14", ""},
		{"connections:\n  post:\n    mailbox: [shared]\n", "config_not_text", "3:14", ""},
		{"connections:\n  post:\n    mailbox: personal\n", "config_no_owner", "2:3", ""},
		{"connections:\n  post:\n    owner: wei\n", "config_owner", "2:3", ""},
		{"connections:\n  post:\n    ignore: x\n", "bad_rule", "3:13", ""},
		{"connections:\n  post:\n    owner: a\n    owner: b\n", "config_twice", "4:5", ""},
		{"connections:\n  post: {}\n  post: {}\n", "config_twice", "3:3", ""},
		{"region: Germany\n", "bad_region", "1:9", ""},
		{"region: 276\n", "config_not_text", "1:9", ""},
		{"readlog: many\n", "bad_days", "1:10", ""},
		{"readlog: 0\n", "bad_days", "1:10", ""},
		{"language: fr\n", "bad_language", "1:11", ""},
		{"domains: [ok.example, 'not a domain']\n", "bad_domain", "1:10", ""},
		{"calendar: CN\n", "config_shape", "1:11", ""},
		{"calendar:\n  country: [CN]\n", "config_unknown_key", "2:3", ""},
		{"calendar:\n  weekends: [fri]\n", "config_unknown_key", "2:3", "weekend"},
		{"calendar: {countries: [CN, DE-SX]}\n", "config_country", "1:28", "DE-SH"},
		{"calendar:\n  countries:\n    - CN\n    - XX\n", "config_country", "4:7", ""},
		{"calendar: {countries: {a: b}}\n", "config_not_text", "1:24", ""},
		{"calendar: {hours: 9 to 5}\n", "config_hours", "1:19", ""},
		{"calendar: {hours: ['09:00-18:00', '17:00-19:00']}\n", "config_hours", "1:12", ""},
		{"calendar: {weekend: [sat, someday]}\n", "config_weekday", "1:27", ""},
		{"calendar: {weekend: [mon, tue, wed, thu, fri, sat, sun]}\n", "config_no_workday", "1:12", ""},
		{"calendar: {hours: 09:00-18:00}\ncalendar: {}\n", "config_twice", "2:1", ""},
		{"just words\n", "config_shape", "1:1", ""},
		{"- a\n- b\n", "config_shape", "1:1", ""},
		{"zone: 'UTC\n", "config_syntax", "", ""},
		{"zone: UTC\n---\nzone: UTC\n", "config_documents", "3:1", ""},
		{"zone: UTC\nregion: \xff\n", "config_encoding", "2:1", ""},
	} {
		_, err := Parse("kept.yaml", []byte(c.text))
		e := state.AsError(err)
		if e == nil || e.Code != c.code || e.Class != state.Invalid || e.Args["path"] != "kept.yaml" {
			t.Errorf("%q: %v, want %s", c.text, err, c.code)
			continue
		}
		if at := e.Args["line"] + ":" + e.Args["column"]; c.at != "" && at != c.at {
			t.Errorf("%q: %s at %s, want %s", c.text, e.Code, at, c.at)
		}
		if e.Args["near"] != c.near {
			t.Errorf("%q: near %q, want %q", c.text, e.Args["near"], c.near)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "kept.yaml")
	if f, err := Load(path, false); err != nil || f.Path != "" {
		t.Errorf("an absent file: %+v, %v", f, err)
	}
	if _, err := Load(path, true); !state.IsCode(err, "config_missing") {
		t.Errorf("an absent file that was named: %v", err)
	}
	if _, err := Load(dir, false); !state.IsCode(err, "config_folder") {
		t.Errorf("a folder: %v", err)
	}
	if err := os.WriteFile(path, []byte("zone: UTC\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := Load(path, true); err != nil || f.Zone != "UTC" || f.Path != path {
		t.Errorf("%+v, %v", f, err)
	}
}

// Whatever a file holds, reading it ends with a value or with an error of ours.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"zone: UTC\n", "domains: [a.b]\n", "zone: &a UTC\nregion: *a\n", "? a\n: b\n", "a: |\n  x\n", "{a: b}", "\x00", "zone: !!str UTC", "<<: {zone: UTC}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Parse("kept.yaml", b)
		if err != nil {
			e := state.AsError(err)
			if e.Code == "internal" || e.Args["line"] == "" || e.Args["line"] == "0" {
				t.Errorf("%q: %v", b, err)
			}
			return
		}
		for key := range got.Lines {
			if !slices.Contains(Keys, key) {
				t.Errorf("%q: took the key %q", b, key)
			}
		}
	})
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"regoin": "region", "Zone": "zone", "lang": "", "langauge": "language", "domain": "domains", "x": "", "数据": ""} {
		if got := Nearest(typed, Keys); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

func env(pairs ...string) Env {
	return func(name string) string {
		for _, p := range pairs {
			if v, ok := strings.CutPrefix(p, name+"="); ok {
				return v
			}
		}
		return ""
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		system string
		env    Env
		state  string
		file   string
	}{
		{"linux", env("HOME=/home/jana"), "/home/jana/.local/state/kept/kept.db", "/home/jana/.config/kept/kept.yaml"},
		{"linux", env("HOME=/home/jana", "XDG_STATE_HOME=/s", "XDG_CONFIG_HOME=/c"), "/s/kept/kept.db", "/c/kept/kept.yaml"},
		{"linux", env("HOME=/home/jana", "XDG_STATE_HOME=rel", "XDG_CONFIG_HOME=rel"), "/home/jana/.local/state/kept/kept.db", "/home/jana/.config/kept/kept.yaml"},
		{"freebsd", env("HOME=/home/jana"), "/home/jana/.local/state/kept/kept.db", "/home/jana/.config/kept/kept.yaml"},
		{"darwin", env("HOME=/Users/jana"), "/Users/jana/Library/Application Support/kept/kept.db", "/Users/jana/Library/Application Support/kept/kept.yaml"},
		{"darwin", env("HOME=/Users/jana", "XDG_STATE_HOME=/s", "XDG_CONFIG_HOME=/c"), "/s/kept/kept.db", "/c/kept/kept.yaml"},
		{"windows", env("LOCALAPPDATA=/L", "APPDATA=/R"), "/L/kept/kept.db", "/R/kept/kept.yaml"},
		{"windows", env("USERPROFILE=/U"), "/U/AppData/Local/kept/kept.db", "/U/AppData/Roaming/kept/kept.yaml"},
	} {
		if got := filepath.ToSlash(statePath(c.system, c.env)); got != c.state {
			t.Errorf("%s: state %s, want %s", c.system, got, c.state)
		}
		if got := filepath.ToSlash(filePath(c.system, c.env)); got != c.file {
			t.Errorf("%s: file %s, want %s", c.system, got, c.file)
		}
	}
}

func TestLocalZone(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	zones := filepath.Join(root, "usr", "share", "zoneinfo", "Europe")
	for _, dir := range []string{zones, filepath.Join(root, "etc")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(zones, "Berlin"), []byte("TZif"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc", "timezone"), []byte("Asia/Shanghai\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(want string, e Env) {
		t.Helper()
		if got := localZone(e, root); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	check("America/Bogota", env("TZ=America/Bogota"))
	check("Europe/Lisbon", env("TZ=:/usr/share/zoneinfo/posix/Europe/Lisbon"))
	check("", env("TZ=CET-1CEST,M3.5.0"))
	check("Asia/Shanghai", env())
	if err := os.Symlink(filepath.Join("..", "usr", "share", "zoneinfo", "Europe", "Berlin"), filepath.Join(root, "etc", "localtime")); err != nil {
		t.Fatal(err)
	}
	check("Europe/Berlin", env())
}

func TestLanguageAndRegion(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]string{"en": "en", "zh_CN.UTF-8": "zh", "zh-Hant-TW": "zh", "EN-gb": "en", "fr": "", "C": "", "": "", "klingon": ""} {
		if got, ok := Language(v); got != want || ok != (want != "") {
			t.Errorf("language %q: %q, %v", v, got, ok)
		}
	}
	for v, want := range map[string]string{"de": "DE", "CN": "CN", "EU": "", "150": "", "D": "", "GERMANY": "", "ZZ": ""} {
		if got, ok := Region(v); got != want || ok != (want != "") {
			t.Errorf("region %q: %q, %v", v, got, ok)
		}
	}
}
