package slack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/state"
)

// Probe is what a check asks Slack with.
type Probe struct {
	BotToken string
	AppToken string // of Socket Mode; "" over HTTP
	// ConfigToken reads the app's manifest as Slack has it; "": scopes alone are compared.
	ConfigToken string
	Manifest    slackapi.Manifest // that the app should have
	URL         string            // of the Web API, with its slash; "" is Slack's
	HTTP        *http.Client      // nil: the network, with a time limit
}

// Checked is what a check found.
type Checked struct {
	Team    string `json:"team"`
	TeamID  string `json:"team_id"`
	Bot     string `json:"bot"` // the app's user, "U0KEPT"
	URL     string `json:"url"`
	Steps   []Step `json:"steps"`
	Healthy bool   `json:"healthy"`
}

// Step is one thing that was looked at; its codes, with texts under "checked.": slack_bot_token,
// slack_scopes, slack_socket, slack_manifest.
type Step struct {
	Code  string       `json:"code"`
	OK    bool         `json:"ok"`
	Args  state.Args   `json:"args,omitempty"`
	Error *state.Error `json:"error,omitempty"`
}

// Check asks Slack whether tokens, scopes, the way in and the manifest are as they should be; nothing is
// changed and nobody sees it. What is wrong stands in the steps, each with its error.
func Check(ctx context.Context, p Probe) Checked {
	out := Checked{Steps: []Step{}}
	step := func(what string, args state.Args, err *state.Error) bool {
		out.Steps = append(out.Steps, Step{Code: what, OK: err == nil, Args: args, Error: err})
		return err == nil
	}
	if p.URL == "" {
		p.URL = slackapi.APIURL
	}
	if p.HTTP == nil {
		p.HTTP = &http.Client{Timeout: callWithin}
	}
	api := newClient(Options{BotToken: p.BotToken, AppToken: p.AppToken, URL: p.URL, HTTPC: p.HTTP}).slack

	var app string
	who, err := api.AuthTestContext(ctx)
	if step("slack_bot_token", nil, refusal("bot_token", err)) {
		out.Team, out.TeamID, out.Bot, out.URL = who.Team, who.TeamID, who.UserID, who.URL
		out.Steps[0].Args = state.Args{"team": who.Team, "bot": who.User}
		if given := who.Header.Get("X-OAuth-Scopes"); given != "" {
			missing, beside := compare(given)
			var bad *state.Error
			if len(missing) > 0 {
				bad = &state.Error{Class: state.Forbidden, Code: "slack_scopes_missing", Args: state.Args{"scopes": strings.Join(missing, ", ")}}
			}
			step("slack_scopes", state.Args{"beside": strings.Join(beside, ", ")}, bad)
		}
		if bot, err := api.GetBotInfoContext(ctx, slackapi.GetBotInfoParameters{Bot: who.BotID}); err == nil {
			app = bot.AppID
		}
	}
	if p.AppToken != "" {
		_, _, err := api.StartSocketModeContext(ctx)
		step("slack_socket", nil, refusal("app_token", err))
	}
	if p.ConfigToken != "" && app != "" {
		step("slack_manifest", nil, drifted(ctx, api, p, app))
	}
	out.Healthy = !slices.ContainsFunc(out.Steps, func(s Step) bool { return !s.OK })
	return out
}

const maxPaths = 5 // that are named of a drift

func drifted(ctx context.Context, api *slackapi.Client, p Probe, app string) *state.Error {
	have, err := api.ExportManifestContext(ctx, p.ConfigToken, app)
	if err != nil {
		return refusal("config_token", err)
	}
	b, err := json.Marshal(have)
	if err != nil {
		return state.AsError(err)
	}
	paths, err := Drift(p.Manifest, b)
	if err != nil {
		return state.AsError(err)
	}
	if len(paths) == 0 {
		return nil
	}
	args := state.Args{"paths": strings.Join(paths[:min(maxPaths, len(paths))], ", ")}
	if n := len(paths) - maxPaths; n > 0 {
		args["more"] = strconv.Itoa(n)
	}
	return &state.Error{Class: state.Findings, Code: "slack_drift", Args: args}
}

// compare says which scopes a token lacks, and which it has beside those that are needed.
func compare(given string) (missing, beside []string) {
	var have []string
	for _, s := range strings.Split(given, ",") {
		if s = strings.TrimSpace(s); s != "" {
			have = append(have, s)
		}
	}
	for _, s := range Scopes {
		if !slices.Contains(have, s) {
			missing = append(missing, s)
		}
	}
	for _, s := range have {
		if !slices.Contains(Scopes, s) {
			beside = append(beside, s)
		}
	}
	slices.Sort(beside)
	return missing, beside
}

// refusal says what Slack's answer to a token means; nil stays nil. No token is ever in it.
func refusal(token string, err error) *state.Error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return state.AsError(err)
	}
	told := asError(err, false)
	args := state.Args{"token": token, "why": told.Reason}
	switch told.Class {
	case RateLimited:
		return &state.Error{Class: state.Unavailable, Code: "slack_limited", Cause: err}
	case Transient, Ambiguous:
		return &state.Error{Class: state.Unavailable, Code: "slack_unreachable", Cause: err}
	case Forbidden:
		return &state.Error{Class: state.Forbidden, Code: "slack_token_kind", Args: args, Cause: err}
	}
	if told.Reason == "not_allowed_token_type" {
		return &state.Error{Class: state.Auth, Code: "slack_token_kind", Args: args, Cause: err}
	}
	return &state.Error{Class: state.Auth, Code: "slack_token_refused", Args: args, Cause: err}
}
