package config

import (
	"net/url"
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

// Notify is the section notify: of kept.yaml, how our own people get messages from Kept.
type Notify struct {
	Staff   map[string]string // by login or address, lower case: one of NotifyWays, or "webhook:" with a reference
	Default string            // of who is not in Staff; "" is stdout
	Via     string            // the connection that sends mail
	Secret  string            // a reference to the key that signs webhooks
}

// Unsubscribe is the section unsubscribe:, how customers say no to more marketing.
type Unsubscribe struct {
	Mail   string // an address that takes the wish
	URL    string // of the page of "kept serve", as the world reaches it
	Secret string // a reference to the key that signs its links
}

// The ways in which our people get messages, beside a webhook.
const (
	NotifyStdout  = "stdout"
	NotifyEmail   = "email"
	NotifySlack   = "slack"
	notifyWebhook = "webhook:"
)

var notifyWays = []string{NotifyStdout, NotifyEmail, NotifySlack, notifyWebhook + "env:NAME"}

// notify reads the section. Beside "default", "via" and "secret" its keys are people's logins or
// addresses; who they are is not known here.
func (f *File) notify(n ast.Node, at fault) error {
	x := &f.Notify
	x.Staff = map[string]string{}
	hook := ""
	err := f.pairs("notify", n, at, func(key string, value ast.Node) error {
		line, column := position(value)
		values, ok := texts(value, false)
		if !ok {
			return at("config_not_text", line, column, state.Args{"key": "notify." + key})
		}
		v := strings.TrimSpace(strings.Join(values, ""))
		if v == "" {
			return nil
		}
		switch key {
		case "via":
			x.Via = v
			return nil
		case "secret":
			if !IsReference(v) { // the value is in no message: it may be the secret
				return at("config_notify_secret", line, column, state.Args{"key": "notify.secret"})
			}
			x.Secret = v
			return nil
		}
		reference, webhook := strings.CutPrefix(v, notifyWebhook)
		switch {
		case webhook && !IsReference(reference):
			return at("config_notify_secret", line, column, state.Args{"key": "notify." + key})
		case webhook:
			hook = key
		case v != NotifyStdout && v != NotifyEmail && v != NotifySlack:
			return at("config_notify", line, column, state.Args{"key": "notify." + key, "value": v, "near": Nearest(v, notifyWays), "ways": strings.Join(notifyWays, ", ")})
		}
		if key == "default" {
			x.Default = v
		} else {
			x.Staff[strings.ToLower(key)] = v
		}
		return nil
	})
	if err == nil && hook != "" && x.Secret == "" {
		p := f.places["notify."+hook]
		return at("config_notify_unsigned", p.line, p.column, state.Args{"key": "notify." + hook})
	}
	return err
}

var unsubscribeKeys = []string{"mail", "url", "secret"}

func (f *File) unsubscribe(n ast.Node, at fault) error {
	x := &f.Unsubscribe
	err := f.pairs("unsubscribe", n, at, func(key string, value ast.Node) error {
		line, column := position(value)
		if !slices.Contains(unsubscribeKeys, key) {
			p := f.places["unsubscribe."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": "unsubscribe." + key, "near": Nearest(key, unsubscribeKeys), "keys": strings.Join(unsubscribeKeys, ", ")})
		}
		values, ok := texts(value, false)
		if !ok {
			return at("config_not_text", line, column, state.Args{"key": "unsubscribe." + key})
		}
		v := strings.TrimSpace(strings.Join(values, ""))
		args := state.Args{"key": "unsubscribe." + key, "value": v}
		switch {
		case v == "":
		case key == "mail":
			local, domain, ok := strings.Cut(v, "@")
			if !ok || local == "" || domain == "" || strings.ContainsAny(v, " <>\"\t?&") {
				return at("config_unsubscribe_mail", line, column, args)
			}
			x.Mail = v
		case key == "url":
			u, err := url.Parse(v)
			if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
				return at("config_unsubscribe_url", line, column, args)
			}
			x.URL = strings.TrimRight(v, "/")
		default:
			if !IsReference(v) {
				return at("config_notify_secret", line, column, state.Args{"key": "unsubscribe.secret"})
			}
			x.Secret = v
		}
		return nil
	})
	if err == nil && x.URL != "" && x.Secret == "" {
		p := f.places["unsubscribe.url"]
		return at("config_unsubscribe_unsigned", p.line, p.column, nil)
	}
	return err
}

// checkSender looks whether the connection that sends mail to our people is one that sends.
func (f *File) checkSender(specs []connectors.Spec) error {
	if f.Notify.Via == "" {
		return nil
	}
	var senders []string
	for name, c := range f.Connections {
		if slices.ContainsFunc(specs, func(s connectors.Spec) bool { return s.Name == c.Type && s.Sends != "" }) {
			senders = append(senders, name)
		}
	}
	if slices.Contains(senders, f.Notify.Via) {
		return nil
	}
	sort.Strings(senders)
	key := "notify.via"
	return f.at("config_sender", key, state.Args{"value": f.Notify.Via, "near": Nearest(f.Notify.Via, senders), "senders": strings.Join(senders, ", ")})
}

// String tells what is configured, without what is secret.
func (n Notify) String() string {
	var out []string
	for _, who := range sorted(n.Staff) {
		out = append(out, who+": "+n.Staff[who])
	}
	for _, x := range [][2]string{{"default", n.Default}, {"via", n.Via}, {"secret", n.Secret}} {
		if x[1] != "" {
			out = append(out, x[0]+": "+x[1])
		}
	}
	return strings.Join(out, ", ")
}
