package slack

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keptcrm/kept/bot/slacktest"
)

// TestWithAStrictSlack goes the ways of a day through the whole app and a Slack that refuses what
// Slack would: what is shown, pressed, filled in, shared.
func TestWithAStrictSlack(t *testing.T) {
	t.Parallel()
	o := newOffice()
	inWorkspace(t, ground{options: func(x *Options) { x.API = o.api() }}, nil, func(w *workspace) {
		w.AddChannel(slacktest.Channel{ID: "C1", Name: "sales"})
		done := func(d *slacktest.Delivery, err error) {
			t.Helper()
			w.ok(err)
			_, err = d.Outcome(w.ctx)
			w.ok(err)
			synctest.Wait()
		}
		for _, line := range []string{"/kept brief c812", "/kept promises many", "/kept history c35 --full", "/kept questions", "/kept find all", "/kept brief c36", "/kept help", "/kept breif c812", "/kept promises --health --by rep"} {
			before := len(w.Messages("U1"))
			done(w.Command("U1", "C1", line), nil)
			m := w.sees("U1", "")
			if len(w.Messages("U1")) != before+1 || m.For != "U1" {
				t.Errorf("%s: %d messages, %+v", line, len(w.Messages("U1")), m)
			}
		}
		// Done, in the place of the card.
		done(w.Command("U1", "C1", "/kept brief c812"), nil)
		w.sees("U1", "owner Ana Lima")
		d, err := w.Press("U1", "Done")
		done(d, err)
		w.sees("U1", "Promise kept · p12")
		if got := o.written(); len(got) != 1 {
			t.Errorf("%v", got)
		}
		// A new date: a form that says what cannot be read, then the card in its place.
		done(w.Command("U1", "C1", "/kept promise p13"), nil)
		w.sees("U1", "样品")
		d, err = w.Press("U1", "New date")
		done(d, err)
		_, err = w.AwaitForm(w.ctx, "U1")
		w.ok(err)
		d, err = w.Submit("U1", map[string]string{"when": "when pigs fly"})
		done(d, err)
		if f := w.Form("U1"); f == nil || f.Refused["when"] == "" {
			t.Fatalf("%+v", f)
		}
		d, err = w.Submit("U1", map[string]string{"when": "", "when.day": "2026-11-30"})
		done(d, err)
		w.sees("U1", "New date for the promise · p13")
		if f := w.Form("U1"); f != nil {
			t.Errorf("the form stays open: %+v", f)
		}
		// A message becomes a promise; the customer is looked up.
		said := w.Write("U2", "C1", "", "I'll send Jana the quote by Thursday")
		done(w.Shortcut("U1", ShortcutPromise, "C1", said.TS))
		_, err = w.AwaitForm(w.ctx, "U1")
		w.ok(err)
		done(w.Suggest("U1", "customer", "jana"))
		d, err = w.Submit("U1", map[string]string{"customer": "c812"})
		done(d, err)
		w.sees("U1", "Promise logged")
		if o.said == nil || o.said.Where != "Slack, #sales" {
			t.Errorf("%+v", o.said)
		}
		// Shared only after a word about who sees it.
		done(w.Command("U1", "C1", "/kept promise p14"), nil)
		w.sees("U1", "Ana Lima")
		if w.count("U2", "p14") != 0 {
			t.Error("others see it unasked")
		}
		d, err = w.Press("U1", "Share here")
		done(d, err)
		form, err := w.AwaitForm(w.ctx, "U1")
		w.ok(err)
		if !strings.Contains(form.All(), "seen by Ana Lima, 张伟, and") {
			t.Errorf("%s", form.All())
		}
		// A guest has come into the channel while the form was open.
		w.AddChannel(slacktest.Channel{ID: "C1", Name: "sales", Members: []string{"U1", "U2", "UG"}})
		d, err = w.Submit("U1", nil)
		done(d, err)
		w.sees("U1", "guests are in this channel")
		if w.count("U2", "Shared by") != 0 {
			t.Error("a guest was shown it")
		}
		w.AddChannel(slacktest.Channel{ID: "C1", Name: "sales"})
		time.Sleep(2 * pressedIn)
		d, err = w.Press("U1", "Share here")
		done(d, err)
		_, err = w.AwaitForm(w.ctx, "U1")
		w.ok(err)
		d, err = w.Submit("U1", nil)
		done(d, err)
		if m := w.sees("U2", "Shared by"); m.For != "" || len(m.Blocks) == 0 {
			t.Errorf("%+v", m)
		}
		// The App Home, and a thread.
		done(w.OpenHome("U1"), nil)
		home, err := w.AwaitHome(w.ctx, "U1", "promises open")
		w.ok(err)
		if !strings.Contains(home.All(), "Done") {
			t.Errorf("%s", home.All())
		}
		done(w.Mention("U1", "C1", said.TS, "who c812"), nil)
		if m := w.sees("U1", "Wei Zhang"); m.For != "U1" {
			t.Errorf("%+v", m)
		}
		if lost := w.Dropped(); len(lost) > 0 {
			t.Errorf("Slack dropped %v", lost)
		}
	})
}
