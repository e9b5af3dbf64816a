package config

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/state"
)

// Slack is the section slack: of kept.yaml, how Kept is in a workspace. Without a bot's token it is in
// none.
type Slack struct {
	AppToken      string // references to secrets
	BotToken      string
	SigningSecret string
	Mode          string // socket, http; "" is socket
	Command       string // "/kept"
	API           string // of the Web API, with its slash; "" is Slack's own
}

// SlackKeys are the keys of the section.
var SlackKeys = []string{"app_token", "bot_token", "signing_secret", "mode", "command", "api"}

// The modes of Slack.
const (
	SlackSocket = "socket"
	SlackHTTP   = "http"
)

// SlackCommand is the name of the command where kept.yaml says none.
const SlackCommand = "/kept"

var slackCommand = regexp.MustCompile(`^/[\p{Ll}\p{Lo}\p{N}_-]{1,31}$`)

// On says whether Kept is in a workspace.
func (s Slack) On() bool { return s.BotToken != "" }

func (f *File) slack(n ast.Node, at fault) error {
	s := &f.Slack
	err := f.pairs("slack", n, at, func(key string, value ast.Node) error {
		line, column := position(value)
		if !slices.Contains(SlackKeys, key) {
			p := f.places["slack."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": "slack." + key, "near": Nearest(key, SlackKeys), "keys": strings.Join(SlackKeys, ", ")})
		}
		values, ok := texts(value, false)
		if !ok {
			return at("config_not_text", line, column, state.Args{"key": "slack." + key})
		}
		v := strings.TrimSpace(strings.Join(values, ""))
		if v == "" {
			return nil
		}
		args := state.Args{"key": "slack." + key, "value": v}
		switch key {
		case "app_token", "bot_token", "signing_secret":
			if !IsReference(v) { // the value is in no message: it may be the secret
				return at("config_slack_secret", line, column, state.Args{"key": "slack." + key, "variable": "SLACK_" + strings.ToUpper(key)})
			}
			*map[string]*string{"app_token": &s.AppToken, "bot_token": &s.BotToken, "signing_secret": &s.SigningSecret}[key] = v
		case "mode":
			if v != SlackSocket && v != SlackHTTP {
				modes := []string{SlackSocket, SlackHTTP}
				args["choices"], args["near"] = strings.Join(modes, ", "), Nearest(v, modes)
				return at("config_choice", line, column, args)
			}
			s.Mode = v
		case "command":
			if !slackCommand.MatchString(v) {
				return at("config_slack_command", line, column, args)
			}
			s.Command = v
		case "api":
			if !slackAPI(v) {
				return at("config_slack_api", line, column, args)
			}
			s.API = v
		}
		return nil
	})
	if err != nil {
		return err
	}
	missing := func(key, with string) error {
		p := f.places["slack."+with]
		return at("config_slack_missing", p.line, p.column, state.Args{"key": "slack." + key, "variable": "SLACK_" + strings.ToUpper(key)})
	}
	switch {
	case s.BotToken == "" && (s.AppToken != "" || s.SigningSecret != ""):
		first := "app_token"
		if s.AppToken == "" {
			first = "signing_secret"
		}
		return missing("bot_token", first)
	case s.BotToken != "" && s.Mode != SlackHTTP && s.AppToken == "":
		return missing("app_token", "bot_token")
	case s.BotToken != "" && s.Mode == SlackHTTP && s.SigningSecret == "":
		return missing("signing_secret", "bot_token")
	}
	return nil
}

// slackAPI says whether a base of the Web API is one that tokens may go to: over TLS, or on this
// machine.
func slackAPI(v string) bool {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !strings.HasSuffix(u.Path, "/") {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// CheckSlack looks whether what the section needs of other sections is there.
func (f *File) CheckSlack() error {
	if f.Slack.Mode == SlackHTTP && f.Slack.On() && f.Serve.Listen == "" {
		key := "slack.mode"
		return f.at("config_slack_listen", key, state.Args{})
	}
	return nil
}

// String tells what is configured, without what is secret.
func (s Slack) String() string {
	var out []string
	for _, x := range [][2]string{{"mode", s.Mode}, {"command", s.Command}, {"bot_token", s.BotToken}, {"app_token", s.AppToken}, {"signing_secret", s.SigningSecret}, {"api", s.API}} {
		if x[1] != "" {
			out = append(out, x[0]+": "+x[1])
		}
	}
	return strings.Join(out, ", ")
}
