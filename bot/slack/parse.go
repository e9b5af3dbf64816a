package slack

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	slackapi "github.com/slack-go/slack"
)

// What an event that cannot be used is.
var (
	errNoEvent = errors.New("slack: nothing that is answered") // well-formed, and not for us
	errBroken  = errors.New("slack: cannot be read")
)

// maxID bounds what Slack calls things by; longer ones are none of Slack's.
const maxID = 200

func isID(v string) bool {
	if v == "" || len(v) > maxID {
		return false
	}
	for _, r := range v {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return true
}

// complete says whether an event has what every event needs.
func (e event) complete() (event, error) {
	if !isID(e.team) || !isID(e.user) || !isID(e.id) || e.channel != "" && !isID(e.channel) {
		return event{}, errBroken
	}
	return e, nil
}

// parseCommand reads a slash command as a form.
func parseCommand(body []byte) (event, error) {
	f, err := url.ParseQuery(string(body))
	if err != nil {
		return event{}, errBroken
	}
	return commandOf(slackapi.SlashCommand{TeamID: f.Get("team_id"), ChannelID: f.Get("channel_id"), ChannelName: f.Get("channel_name"), UserID: f.Get("user_id"),
		Text: f.Get("text"), ResponseURL: f.Get("response_url"), TriggerID: f.Get("trigger_id")})
}

// readCommand reads a slash command as it comes over a socket.
func readCommand(payload []byte) (event, error) {
	var c slackapi.SlashCommand
	if json.Unmarshal(payload, &c) != nil {
		return event{}, errBroken
	}
	return commandOf(c)
}

func commandOf(c slackapi.SlashCommand) (event, error) {
	return event{kind: command, id: c.TriggerID, team: c.TeamID, user: c.UserID, channel: c.ChannelID, private: isDirect(c.ChannelID, c.ChannelName),
		text: c.Text, trigger: c.TriggerID, response: c.ResponseURL}.complete()
}

func isDirect(channel, name string) bool {
	return strings.HasPrefix(channel, "D") || name == "directmessage"
}

// parseInteraction reads what somebody pressed, chose, typed or sent. envelope is the id of what
// brought it, for what has none of its own.
func parseInteraction(payload []byte, envelope string) (event, error) {
	var c slackapi.InteractionCallback
	if json.Unmarshal(payload, &c) != nil {
		return event{}, errBroken
	}
	e := event{id: c.TriggerID, team: c.Team.ID, user: c.User.ID, channel: c.Channel.ID, trigger: c.TriggerID, response: c.ResponseURL}
	if c.User.TeamID != "" {
		e.team = c.User.TeamID // somebody from outside presses what was shared
	}
	if e.channel == "" {
		e.channel = c.Container.ChannelID
	}
	e.private = isDirect(e.channel, c.Channel.Name)
	if e.id == "" {
		e.id = envelope
	}
	if c.View.ID != "" {
		v := c.View
		e.view = &v
	}
	switch c.Type {
	case slackapi.InteractionTypeBlockActions:
		if len(c.ActionCallback.BlockActions) == 0 {
			return event{}, errNoEvent
		}
		e.kind = press
		b := c.ActionCallback.BlockActions[0]
		e.action, e.value = b.ActionID, chosen(b)
		e.thread = c.Container.ThreadTs
		m := c.Message
		if m.Timestamp == "" {
			m.Timestamp = c.Container.MessageTs
		}
		if m.Timestamp != "" {
			e.message = &m
		}
		e.twin = strings.Join([]string{e.channel, m.Timestamp, c.Container.ViewID, b.BlockID, b.ActionID, e.value}, "\x00")
	case slackapi.InteractionTypeViewSubmission:
		e.kind, e.action = submit, c.View.CallbackID
		if c.View.State != nil {
			state, err := json.Marshal(c.View.State)
			if err == nil {
				e.twin = c.View.ID + "\x00" + string(state)
			}
		}
	case slackapi.InteractionTypeMessageAction:
		e.kind, e.action = shortcut, c.CallbackID
		m := c.Message
		e.message, e.thread = &m, m.ThreadTimestamp
	case slackapi.InteractionTypeBlockSuggestion:
		e.kind, e.action, e.text = suggest, c.ActionID, c.Value
	default:
		return event{}, errNoEvent
	}
	return e.complete()
}

// chosen is what a button carries, or what was chosen.
func chosen(b *slackapi.BlockAction) string {
	for _, v := range []string{b.Value, b.SelectedOption.Value, b.SelectedUser, b.SelectedDate, b.SelectedTime} {
		if v != "" {
			return v
		}
	}
	return ""
}

// outer is what is around an event of the Events API. It is read by hand: the library refuses a whole
// event for one block that it does not know.
type outer struct {
	Type      string          `json:"type"`
	Challenge string          `json:"challenge"`
	Team      string          `json:"team_id"`
	ID        string          `json:"event_id"`
	Event     json.RawMessage `json:"event"`
}

// parseEvents reads an event of the Events API; challenge is what Slack wants to hear back when an
// address is set up.
func parseEvents(payload []byte) (e event, challenge string, err error) {
	var o outer
	if json.Unmarshal(payload, &o) != nil {
		return event{}, "", errBroken
	}
	if o.Type == "url_verification" {
		if len(o.Challenge) > 4096 {
			return event{}, "", errBroken
		}
		return event{}, o.Challenge, nil
	}
	if o.Type != "event_callback" {
		return event{}, "", errNoEvent
	}
	var in struct {
		Type    string `json:"type"`
		User    string `json:"user"`
		Team    string `json:"team"`
		User2   string `json:"user_team"`
		Bot     string `json:"bot_id"`
		Text    string `json:"text"`
		Channel string `json:"channel"`
		TS      string `json:"ts"`
		Thread  string `json:"thread_ts"`
		Tab     string `json:"tab"`
	}
	if json.Unmarshal(o.Event, &in) != nil {
		return event{}, "", errBroken
	}
	e = event{id: o.ID, team: o.Team, user: in.User, channel: in.Channel}
	for _, other := range []string{in.User2, in.Team} {
		if other != "" {
			e.team = other
			break
		}
	}
	switch {
	case in.Type == "app_mention" && in.Bot == "" && in.User != "":
		e.kind, e.text, e.thread = mention, in.Text, in.Thread
		e.private = isDirect(in.Channel, "")
	case in.Type == "app_home_opened" && (in.Tab == "home" || in.Tab == ""):
		e.kind, e.channel = home, ""
	default:
		return event{}, "", errNoEvent
	}
	e, err = e.complete()
	return e, "", err
}
