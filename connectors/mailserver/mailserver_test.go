package mailserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

var protocols = []Protocol{
	{Name: IMAP, Example: "imap.example.com", Usual: TLS, Ports: map[string]int{TLS: 993, StartTLS: 143, None: 143},
		Exposed: "the password", Again: "try again later", Patience: time.Minute, Handshake: time.Minute},
	{Name: SMTP, Example: "smtp.example.com", Usual: StartTLS, Ports: map[string]int{StartTLS: 587, TLS: 465, None: 587},
		Exposed: "the password and the mail", Again: "it goes again by itself", Patience: time.Minute, Handshake: time.Minute},
}

// TestPresets: what the wizard fills in opens, and is known again by its host; each says where its
// password or tokens come from, in the protocol's own words.
func TestPresets(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		presets := p.Presets()
		if len(presets) < 7 {
			t.Errorf("%s: %d presets", p.Name, len(presets))
		}
		for _, preset := range presets {
			o := map[string]string{"user": "a@b.example", "password": "x", "client_id": "x", "refresh_token": "x"}
			maps.Copy(o, preset.Options)
			a, err := p.Open(o, connectors.Env{})
			if err != nil {
				t.Errorf("%s, the preset %s: %v", p.Name, preset.Name, err)
				continue
			}
			if a.Provider() != preset.Name || a.System() != preset.Title {
				t.Errorf("%s, the preset %s takes its own host for %q's", p.Name, preset.Name, a.Provider())
			}
			if preset.Where["password"] == "" && preset.Where["client_id"] == "" || strings.Contains(fmt.Sprint(preset.Where), "{") {
				t.Errorf("%s, the preset %s: %v", p.Name, preset.Name, preset.Where)
			}
			for _, words := range []string{a.PasswordWords(), a.EnableWords(), a.SenderWords(), a.OAuthWords()} {
				if words == "" || strings.Contains(words, "{") {
					t.Errorf("%s, the preset %s: %q", p.Name, preset.Name, words)
				}
			}
			if a.Access != nil {
				a.Access.Close()
			}
			preset.Options["host"] = "spoilt" // what is handed out is the caller's
		}
		if p.Presets()[0].Options["host"] == "spoilt" {
			t.Error("the table of providers can be changed from outside")
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options map[string]string // over a good account; "-" takes one away
		class   connectors.Class  // "" opens
		words   string
		address string // of the first protocol
	}{
		"usual":                    {address: "mail.example.com:993"},
		"starttls":                 {options: map[string]string{"security": StartTLS}, address: "mail.example.com:143"},
		"own port":                 {options: map[string]string{"port": " 1993 "}, address: "mail.example.com:1993"},
		"none, here":               {options: map[string]string{"security": None, "host": "127.0.0.1"}, address: "127.0.0.1:143"},
		"none, elsewhere":          {options: map[string]string{"security": None}, class: connectors.Invalid, words: "could read the password"},
		"unknown security":         {options: map[string]string{"security": "ssl"}, class: connectors.Invalid, words: `not "ssl"`},
		"no host":                  {options: map[string]string{"host": "-"}, class: connectors.Invalid, words: "imap.example.com"},
		"address for a host":       {options: map[string]string{"host": "a@example.com"}, class: connectors.Invalid, words: "imap.example.com"},
		"port of letters":          {options: map[string]string{"port": "imaps"}, class: connectors.Invalid, words: "a number such as 993"},
		"port out of range":        {options: map[string]string{"port": "65536"}, class: connectors.Invalid, words: "no port"},
		"line break":               {options: map[string]string{"password": "x\r\ny"}, class: connectors.Invalid, words: "line break"},
		"fingerprint":              {options: map[string]string{"fingerprint": strings.Repeat("9F:86:", 16)}, address: "mail.example.com:993"},
		"short fingerprint":        {options: map[string]string{"fingerprint": "9f86"}, class: connectors.Invalid, words: "64 digits"},
		"no password":              {options: map[string]string{"password": "-"}, class: connectors.Auth, words: "app password"},
		"no password at Gmail":     {options: map[string]string{"password": "-", "host": "imap.gmail.com"}, class: connectors.Auth, words: "myaccount.google.com"},
		"no login at all":          {options: map[string]string{"password": "-", "user": "-"}, address: "mail.example.com:993"},
		"unknown login":            {options: map[string]string{"login": "kerberos"}, class: connectors.Invalid, words: `not "kerberos"`},
		"tokens of nobody":         {options: map[string]string{"login": ByOAuth2, "user": "-"}, class: connectors.Invalid, words: "whose token"},
		"tokens, nothing to renew": {options: map[string]string{"login": ByOAuth2}, class: connectors.Auth, words: "client_id is needed"},
		"token of somebody else's": {options: map[string]string{"login": ByOAuth2, "token": "t0ken"}, address: "mail.example.com:993"},
		"token with a line break":  {options: map[string]string{"login": ByOAuth2, "token": "t0\nken"}, class: connectors.Invalid, words: "line break"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := map[string]string{"host": "mail.example.com", "user": "jana@example.com", "password": "hunter22"}
			for k, v := range c.options {
				if o[k] = v; v == "-" {
					delete(o, k)
				}
			}
			a, err := protocols[0].Open(o, connectors.Env{})
			if c.class == "" {
				if err != nil || a.Address != c.address {
					t.Fatalf("%v, %+v", err, a)
				}
				return
			}
			var told *connectors.Error
			if !errors.As(err, &told) || told.Class != c.class || !strings.Contains(told.Text, c.words) || strings.Contains(told.Text, "hunter22") {
				t.Errorf("%v, want %s with %q", err, c.class, c.words)
			}
		})
	}
}

// TestWay: every fault of the way has words that say what to do, and what is none of the way's has none
// from here.
func TestWay(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		a, err := p.Open(map[string]string{"host": "mail.example.com", "user": "jana@example.com", "password": "hunter22"}, connectors.Env{
			Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused, hunter22")}
			}})
		if err != nil {
			t.Fatal(err)
		}
		_, refused := a.Dial(t.Context())
		for words, err := range map[string]error{
			"no mail server answers at " + a.Address:                   ErrNoMail,
			fmt.Sprintf("set security to tls (port %d)", p.Ports[TLS]): ErrNoStartTLS,
			"Use another network":                                      ErrInjected,
			"takes no passwords here: the password for mail programs":  ErrNoPasswords,
			"set login to password":                                    ErrNoTokens,
			"too long to be true":                                      ErrTooLong,
			"ended while it was being encrypted; " + p.Again:           TLSFault(io.EOF),
			"it is 9f86. If the server has a new one, set fingerprint": fmt.Errorf("handshake: %w", &untrusted{"9f86"}),
			a.Address: refused,
		} {
			got := a.Way(err)
			if got == nil || !strings.Contains(got.Text, words) || strings.Contains(fmt.Sprint(got, got.Cause), "hunter22") {
				t.Errorf("%s, %v: %v, want %q", p.Name, err, got, words)
			}
		}
		if got := a.Way(errors.New("a mailbox is full")); got != nil {
			t.Errorf("%v", got)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := a.Dial(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("a call that was ended: %v", err)
		}
		if got := a.Says(" over\r\n  quota \xff hunter22 " + strings.Repeat("长", 300)); !strings.HasPrefix(got, ` (it says "over quota`) || strings.Contains(got, "hunter22") || len([]rune(got)) > 230 {
			t.Errorf("%q", got)
		}
	}
}
