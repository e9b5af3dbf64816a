package slack

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
)

func TestManifestFitsSlacksSchema(t *testing.T) {
	t.Parallel()
	path := "../../../shared/data/slack_manifest_schema/manifest.schema.2.0.0.json"
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skip("Slack's schema of manifests is not here: shared/data/slack_manifest_schema lies beside the project")
	}
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(pattern)
	schema, err := c.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	valid := func(m slackapi.Manifest) error {
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		x, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(x)
	}
	for _, d := range []Describe{{}, {Command: "/crm"}, {URL: "https://kept.example.com/"}} {
		if err := valid(Manifest(d)); err != nil {
			t.Errorf("%+v: %v", d, err)
		}
	}
	broken := Manifest(Describe{})
	broken.Display.LongDescription = "too short"
	if valid(broken) == nil {
		t.Error("the schema takes a description that is too short: it checks nothing")
	}
}

// pattern compiles what Go can. Slack's schema has lookaheads for domains, of which our manifest has none: those
// match nothing, so that one that came in would be seen.
func pattern(s string) (jsonschema.Regexp, error) {
	re, err := regexp.Compile(s)
	if err != nil && strings.Contains(s, "(?!") {
		return regexp.MustCompile(`[^\s\S]`), nil
	}
	return re, err
}

func TestManifest(t *testing.T) {
	t.Parallel()
	socket, web := Manifest(Describe{}), Manifest(Describe{Command: "/crm", URL: "https://kept.example.com/"})
	if !socket.Settings.SocketModeEnabled || socket.Features.SlashCommands[0].Url != "" || socket.Settings.EventSubscriptions.RequestUrl != "" {
		t.Errorf("Socket Mode has no addresses: %+v", socket.Settings)
	}
	if web.Settings.SocketModeEnabled || web.Features.SlashCommands[0].Url != "https://kept.example.com/slack/commands" ||
		web.Settings.Interactivity.MessageMenuOptionsUrl != "https://kept.example.com/slack/options" {
		t.Errorf("over HTTP each way in has its address: %+v", web)
	}
	c := socket.Features.SlashCommands[0]
	if c.Command != "/kept" || web.Features.SlashCommands[0].Command != "/crm" || !c.ShouldEscape {
		t.Errorf("%+v", c)
	}
	for i := range bot.Words {
		if !strings.Contains(c.UsageHint, bot.Words[i].Name) {
			t.Errorf("the usage hint lacks %s: %s", bot.Words[i].Name, c.UsageHint)
		}
	}
	if n := utf8.RuneCountInString(c.UsageHint); n > maxHint {
		t.Errorf("the usage hint has %d characters", n)
	}
	for _, s := range Scopes {
		if strings.Contains(s, "history") || strings.HasSuffix(s, ":manage") {
			t.Errorf("%s reads more than it should", s)
		}
	}
	if !slices.IsSorted(Scopes) {
		t.Error("scopes are sorted, so that two manifests can be compared")
	}
	for _, s := range socket.Features.Shortcuts {
		if utf8.RuneCountInString(s.Name) > 24 {
			t.Errorf("%q is too long for a shortcut", s.Name)
		}
	}
	if d := Describe(Describe{Command: "/crm"}); !strings.Contains(Manifest(d).Display.LongDescription, "/crm brief") {
		t.Error("the description names another command")
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	want := Manifest(Describe{})
	for _, c := range []struct {
		name   string
		change func(map[string]any)
		drift  []string
	}{
		{"the same", func(map[string]any) {}, nil},
		{"more than ours is none", func(m map[string]any) {
			m["oauth_config"].(map[string]any)["scopes"].(map[string]any)["user"] = []any{"chat:write"}
			f := m["features"].(map[string]any)
			f["shortcuts"] = append(f["shortcuts"].([]any), map[string]any{"name": "Other", "callback_id": "other"})
		}, nil},
		{"another order is none", func(m map[string]any) {
			s := m["oauth_config"].(map[string]any)["scopes"].(map[string]any)
			b := slices.Clone(s["bot"].([]any))
			slices.Reverse(b)
			s["bot"] = b
		}, nil},
		{"no escape of mentions", func(m map[string]any) {
			delete(m["features"].(map[string]any)["slash_commands"].([]any)[0].(map[string]any), "should_escape")
		}, []string{"features.slash_commands"}},
		{"a scope less", func(m map[string]any) {
			s := m["oauth_config"].(map[string]any)["scopes"].(map[string]any)
			s["bot"] = s["bot"].([]any)[1:]
		}, []string{"oauth_config.scopes.bot." + Scopes[0]}},
		{"Socket Mode off", func(m map[string]any) {
			m["settings"].(map[string]any)["socket_mode_enabled"] = false
		}, []string{"settings.socket_mode_enabled"}},
		{"no settings at all", func(m map[string]any) { delete(m, "settings") },
			[]string{"settings.event_subscriptions.bot_events.app_home_opened", "settings.event_subscriptions.bot_events.app_mention",
				"settings.interactivity.is_enabled", "settings.socket_mode_enabled"}},
	} {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var have map[string]any
		if err := json.Unmarshal(b, &have); err != nil {
			t.Fatal(err)
		}
		c.change(have)
		if b, err = json.Marshal(have); err != nil {
			t.Fatal(err)
		}
		got, err := Drift(want, b)
		if err != nil || !slices.Equal(got, c.drift) {
			t.Errorf("%s: %v, want %v (%v)", c.name, got, c.drift, err)
		}
	}
	if _, err := Drift(want, []byte("<html>")); err == nil {
		t.Error("a page is no manifest")
	}
}
