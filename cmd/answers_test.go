package cmd

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/cmd/internal/render"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Each reason why a record is there stands once, with all the records it names.
func TestLinkReasonsAreGrouped(t *testing.T) {
	t.Parallel()
	same := func(code, value string, record uint64) state.Evidence {
		return state.Evidence{Code: code, Args: state.Args{"value": value}, Record: record}
	}
	l := service.LinkLine{Says: "Jana Köhler, jana@example.com", Evidence: []state.Evidence{
		same("same_email", "jana@example.com", 2720), same("same_email", "jana@example.com", 3185), same("same_email", "jana@example.com", 588),
		same("same_phone", "+49451901820", 588), same("same_email", "j@example.com", 9),
		same("same_email", "jana@example.com", 588), {Code: "by_person", Args: state.Args{"by": "Ana"}}}}
	got := linkReasons(text.For("en"), l)
	want := []string{"same e-mail as k588, k2720, k3185", "same phone +49451901820 as k588", "same e-mail j@example.com as k9", "said by Ana"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if l.Evidence[0].Args["value"] == "" {
		t.Error("the answer itself was changed")
	}
}

// A list of refusals has one line for each, at the width of a usual terminal.
func TestRefusalsAreOneLineEach(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	p := text.For("en").In("UTC", now)
	said := func(typ, value, channel, purpose, how, number, name string, at time.Time) service.ConsentLine {
		l := service.ConsentLine{Type: typ, Value: value, Channel: channel, Purpose: purpose, State: how, At: at,
			Connection: "newsletter", Words: strings.Repeat("please, never again ", 9), Holds: true}
		if number != "" {
			l.Customer = &service.CustomerRef{Number: number, Name: name}
		}
		return l
	}
	lines := []service.ConsentLine{
		said("email", "schlueter.friederike@freemail.example", "email", "marketing", state.ConsentOptedOut, "c480", "Friederike Schlüter", now.AddDate(0, -3, 0)),
		said("phone", "+49451901820", "phone", "all", state.ConsentOptedOut, "c1", "李伟", now.AddDate(-1, 0, 0)),
		said("email", "tomas979@freemail.example", "email", "all", state.ConsentUndeliverable, "c947", "tomas979@freemail…", now),
		said("email", "nobody@example.net", "email", "sales", state.ConsentOptedOut, "", "", now),
	}
	var b bytes.Buffer
	lines[1].Connection, lines[1].By = "", "Ana Lima"
	if err := render.Card(&b, refusalSheet(p, service.OptoutListOut{Lines: lines}).card, render.Options{Width: 100}); err != nil {
		t.Fatal(err)
	}
	want := `4 refusals
from newsletter
  c480  Friederike Schlüter  schlueter.friederike@freemail.example  no marketing      21 Aug
  c947                       tomas979@freemail.example              bounces           21 Nov
                             nobody@example.net                     no sales contact  21 Nov
noted by Ana Lima
  c1    李伟                 +49451901820                           no calls          Nov 2025
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
	lines = append(lines, said("email", "x@example.net", "email", "marketing", state.ConsentWithheld, "", "", now))
	if got := refusalCount(p, lines); got != "4 refusals, 1 address that never agreed to marketing" {
		t.Errorf("counted %q", got)
	}
}

// Help says the name of a flag's value once, and every way to use a word.
func TestWordHelp(t *testing.T) {
	t.Parallel()
	f := newFactory(nil, Options{})
	root := newRoot(f)
	for i := range bot.Words {
		w := &bot.Words[i]
		c, _, err := root.Find([]string{w.Name})
		if err != nil {
			t.Fatal(err)
		}
		usages := c.UsageString()
		for _, o := range w.Options {
			if o.Value != "" && strings.HasSuffix(strings.TrimSpace(c.Flags().Lookup(o.Name).Usage), o.Value) {
				t.Errorf("%s --%s says %s twice", w.Name, o.Name, o.Value)
			}
			if !strings.Contains(usages, strings.TrimSpace("--"+o.Name+" "+o.Value)) {
				t.Errorf("%s --%s %s is not in its help", w.Name, o.Name, o.Value)
			}
		}
		for _, u := range w.Usage {
			if !strings.Contains(usages, "\n  kept "+u+"\n") {
				t.Errorf("the help of %s lacks: %s", w.Name, u)
			}
		}
	}
	var c cobra.Command
	if v := namedFlag(&c, "x", "NAME", "whose"); c.Flags().Set("x", "王伟") != nil || *v != "王伟" {
		t.Errorf("the flag holds %q", *v)
	}
	if got := sentence("会面前需要知道的一切"); got != "会面前需要知道的一切。" {
		t.Errorf("sentence: %q", got)
	}
}

// Commands in answers are called as the program itself was, so that they work when pasted.
func TestCommandsCanBePasted(t *testing.T) {
	t.Parallel()
	f := newFactory(nil, Options{Program: "bin/kept"})
	f.flags.state = "my demo/kept.db"
	if got, want := f.command(), "bin/kept --state 'my demo/kept.db'"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := newFactory(nil, Options{}).command(); got != "kept" {
		t.Errorf("got %q, want kept", got)
	}
}
