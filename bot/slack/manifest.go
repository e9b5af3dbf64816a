package slack

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
)

// Scopes are what the app asks a workspace for, and no more: commands and shortcuts; messages to
// our own people; whom a Slack user is for Kept (users:read.email) and whether they are a guest; words after
// @kept; who would see what is shared (channels:read, groups:read). None of them reads a message that
// was not sent to Kept.
var Scopes = []string{"app_mentions:read", "channels:read", "chat:write", "commands", "groups:read", "im:write", "users:read", "users:read.email"}

// AppScope is the scope of the app-level token with which Socket Mode is opened.
const AppScope = "connections:write"

// botEvents are the events that the app subscribes to.
var botEvents = []string{"app_home_opened", "app_mention"}

// Paths below an address under which Slack reaches Kept over HTTP.
const (
	pathCommands     = "/slack/commands"
	pathInteractions = "/slack/interactions"
	pathOptions      = "/slack/options"
	pathEvents       = "/slack/events"
)

// Limits of a manifest, in characters; from Slack's JSON schema of manifests, version 2.
const (
	maxHint        = 1000
	maxDescription = 140
)

// Describe says for what app a manifest is made.
type Describe struct {
	Command string // "/kept"; "" is that
	URL     string // https address under which Slack reaches "kept serve"; "": Socket Mode
}

// Manifest describes the app for "create an app from a manifest": its commands and shortcuts from the
// table of words, its scopes, and how Slack reaches it. It is the same for the same table.
func Manifest(d Describe) slackapi.Manifest {
	if d.Command == "" {
		d.Command = "/kept"
	}
	base := strings.TrimRight(d.URL, "/")
	at := func(path string) string {
		if base == "" {
			return ""
		}
		return base + path
	}
	p := text.For(text.English).As(d.Command)
	m := slackapi.Manifest{
		Metadata: slackapi.ManifestMetadata{MajorVersion: 2},
		Display: slackapi.Display{Name: "Kept", Description: clip(p.T("slack.description"), maxDescription),
			LongDescription: p.T("slack.about"), BackgroundColor: "#1d3b34"},
		Settings: slackapi.Settings{
			EventSubscriptions: &slackapi.EventSubscriptions{RequestUrl: at(pathEvents), BotEvents: botEvents},
			Interactivity:      &slackapi.Interactivity{IsEnabled: true, RequestUrl: at(pathInteractions), MessageMenuOptionsUrl: at(pathOptions)},
			SocketModeEnabled:  base == "",
		},
		Features: slackapi.Features{
			// Nobody's messages to the app are read, so that its tab takes none.
			AppHome: slackapi.AppHome{HomeTabEnabled: true, MessagesTabEnabled: true, MessagesTabReadOnlyEnabled: true},
			BotUser: slackapi.BotUser{DisplayName: "Kept", AlwaysOnline: true},
			Shortcuts: []slackapi.Shortcut{
				{Name: p.T("slack.shortcut.log_promise"), CallbackID: ShortcutPromise, Description: p.T("slack.shortcut.log_promise.about"), Type: slackapi.MessageShortcut},
				{Name: p.T("slack.shortcut.add_history"), CallbackID: ShortcutHistory, Description: p.T("slack.shortcut.add_history.about"), Type: slackapi.MessageShortcut},
			},
			SlashCommands: []slackapi.ManifestSlashCommand{{Command: d.Command, Description: p.T("slack.command"), UsageHint: hint(),
				ShouldEscape: true, Url: at(pathCommands)}},
		},
		OAuthConfig: slackapi.OAuthConfig{Scopes: slackapi.OAuthScopes{Bot: Scopes}},
	}
	return m
}

// hint is what Slack shows behind the command while it is typed: the words, as many as it takes.
func hint() string {
	out := "brief CUSTOMER"
	for i := range bot.Words {
		if w := &bot.Words[i]; w.Name != "brief" && len(out)+3+len(w.Name) <= maxHint {
			out += " | " + w.Name
		}
	}
	return out
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// Drift says where the app as Slack has it differs from the manifest that this program makes: paths
// into the manifest ("features.slash_commands"), sorted by the manifest's order; what Slack has beside
// is no drift, nor is what people may word as they like: names, descriptions, colours. Both are manifests
// as JSON; one that cannot be read is an error.
func Drift(want slackapi.Manifest, have []byte) ([]string, error) {
	w, err := json.Marshal(want)
	if err != nil {
		return nil, err
	}
	var a, b any
	if err := json.Unmarshal(w, &a); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(have, &b); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(differ("", a, b), func(path string) bool {
		return strings.HasPrefix(path, "_metadata") || strings.HasPrefix(path, "display_information") || strings.HasPrefix(path, "features.bot_user")
	}), nil
}

// differ gives the paths under which b lacks what a has. Of a list each element must be there, in
// any order; false, "" and absent are one.
func differ(path string, a, b any) []string {
	switch a := a.(type) {
	case map[string]any:
		have, _ := b.(map[string]any)
		var out []string
		for _, key := range slices.Sorted(maps.Keys(a)) {
			below := key
			if path != "" {
				below = path + "." + key
			}
			out = append(out, differ(below, a[key], have[key])...)
		}
		return out
	case []any:
		have, _ := b.([]any)
		var out []string
		for _, x := range a {
			if slices.ContainsFunc(have, func(y any) bool { return len(differ("", x, y)) == 0 }) {
				continue
			}
			at := path
			if s, ok := x.(string); ok {
				at += "." + s
			}
			if !slices.Contains(out, at) {
				out = append(out, at)
			}
		}
		return out
	}
	if a == b || b == nil && (a == false || a == "") {
		return nil
	}
	return []string{path}
}
