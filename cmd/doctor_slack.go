package cmd

import (
	"strconv"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// slack tells how it goes with Slack, as the process says that is in it.
func (d *doctor) slack(s settings, out service.DoctorOut) {
	if !s.file.Slack.On() {
		return
	}
	d.area = "slack"
	d.slackSecrets(s)
	c := out.Chat
	if c == nil {
		d.say(warn, "slack_idle", nil)
		return
	}
	p := d.f.printer()
	args := state.Args{"count": strconv.Itoa(c.Sockets), "why": c.Text, "lost": p.Number(c.Lost)}
	if !c.Heard.IsZero() {
		args["heard"] = p.Moment(c.Heard)
	}
	if !c.Event.IsZero() {
		args["event"] = p.Moment(c.Event)
	}
	switch {
	case !c.Works:
		d.say(fail, "slack_down", args)
	case c.Trouble != "":
		d.say(warn, "slack_trouble", args)
	case c.Mode == "http":
		d.say(pass, "slack_http", args)
	default:
		d.say(pass, "slack_up", args)
	}
	if c.Lost > 0 {
		d.say(warn, "slack_lost", args)
	}
}

// slackSecrets warns of secrets that others on this machine can read.
func (d *doctor) slackSecrets(s settings) {
	x := s.file.Slack
	d.openSecrets(x.AppToken, x.BotToken, x.SigningSecret)
}
