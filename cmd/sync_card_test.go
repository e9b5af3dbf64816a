package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/cmd/internal/render"
	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var syncedAt = time.Date(2026, 11, 21, 8, 12, 0, 0, time.UTC)

// everything is a sync in which all happens that can.
func everything() service.SyncOut {
	ref := func(n, name string) service.CustomerRef {
		return service.CustomerRef{Number: n, Name: name, Kind: state.Person}
	}
	field := func(name, from, why string, before, after []string) service.SyncField {
		return service.SyncField{Field: name, From: from, Why: why, Before: before, After: after}
	}
	edited := field("phone", "book", "changed", []string{"+49 451 901820"}, []string{"+49 451 901821"})
	edited.At = syncedAt
	a, b := ref("c7", "Jon Smith"), ref("c12", "John Smith")
	omar := ref("c9", "عمر حداد")
	return service.SyncOut{
		Asks: 2, More: 1,
		Connections: []service.SyncConnection{
			{Name: "book", Type: "carddav", Mode: service.ModeTwoWay, Sent: 1, Waiting: 1, Run: service.Run{Counts: state.Counts{Told: 398, Seen: 398, Changed: 1}}},
			{Name: "mail", Type: "imap", Mode: service.ModePull, Run: service.Run{Counts: state.Counts{Told: 1204, Seen: 1202, Aside: 2, New: 31}},
				Rejected: []service.ImportRefusal{{Where: "INBOX:812", Reason: "the message ends in its header", Question: "q9"}, {Where: "INBOX:90", Field: "date", Reason: "no date", Kept: true}}},
			{Name: "shop", Type: "woocommerce", Mode: service.ModeTwoWay, Sent: 2, Failed: 1, Lost: 1, Run: service.Run{Counts: state.Counts{Told: 412, Seen: 412, New: 3, Changed: 7, Gone: 1}},
				Refused: []service.SyncWrite{{Customer: omar, Error: &state.Error{Class: state.Invalid, Code: "connection_refused", Args: state.Args{"connection": "shop", "reason": "the e-mail address is taken"}}}}},
			{Name: "till", Type: "till", Mode: service.ModeTwoWay, Error: &state.Error{Class: state.Auth, Code: "connection_auth", Args: state.Args{"connection": "till", "reason": "the password is wrong. Make a new one at Till > Settings"}}},
		},
		Plan: &service.SyncPlan{ID: "5f3c", State: service.PlanApplied, Created: syncedAt, By: "ops",
			Writes: []service.SyncWrite{
				{Connection: "shop", Action: service.WriteUpdate, Customer: ref("c1", "Jana Köhler"), Fields: []service.SyncField{edited,
					field("email", "book", "changed", []string{"jana@sternwarte.example"}, []string{"jana@sternwarte.example", "jana@kiel.example"})}, State: service.WriteConfirmed},
				{Connection: "mail", Action: service.WriteUpdate, Customer: ref("c1", "Jana Köhler"), Fields: []service.SyncField{edited,
					field("email", "book", "changed", []string{"jana@sternwarte.example"}, []string{"jana@sternwarte.example", "jana@kiel.example"})}, State: service.WriteConfirmed},
				{Connection: "book", Action: service.WriteCreate, Customer: ref("c2", "李伟"), Why: "rule", Rule: "tag:wholesale", State: service.WriteConfirmed},
				{Connection: "shop", Action: service.WriteDelete, Customer: ref("c3", "Tom Ford"), Record: "381", Why: "deleted", State: service.WriteConfirmed},
				{Connection: "shop", Action: service.WriteUpdate, Customer: omar, Fields: []service.SyncField{field("company", "kept", "by_hand", nil, []string{"شركة حداد"})}, State: service.WriteRefused},
				{Connection: "shop", Action: service.WriteUpdate, Customer: ref("c4", "Zoë 🦊 Fuchs"), Fields: []service.SyncField{
					field("tag", "book", "changed", []string{"alt", "wholesale"}, []string{"wholesale"}), field("custom.size", "book", "owner", []string{"M"}, []string{"L"})}, State: service.WriteAsked},
			},
			Joined: []service.SyncJoined{{Customer: ref("c5", "Ana Silva"), Records: []service.RecordRef{{Connection: "shop", ID: "381"}, {Connection: "book", ID: "0b1c7e0a-aaaa-bbbb-cccc-1234567890ab.vcf"}},
				Evidence: []state.Evidence{{Code: "same_email", Args: state.Args{"value": "ana@silva.example"}}}}},
			Questions: []service.Question{
				{Number: "q7", Kind: state.QuestionMatch, A: &a, B: &b, Options: []string{"yes", "no"}},
				{Number: "q8", Kind: state.QuestionConflict, A: &omar, Field: "company", Options: []string{"shop", "book"}},
				{Number: "q10", Kind: state.QuestionLost, A: &omar, Options: []string{"yes", "no"}},
			}},
	}
}

func TestSyncCard(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	dry := everything()
	dry.Dry, dry.Plan.State = true, service.PlanOpen
	calm := service.SyncOut{Connections: []service.SyncConnection{{Name: "book", Type: "carddav", Mode: service.ModePull, Run: service.Run{Counts: state.Counts{Told: 1, Seen: 1, New: 1}}}}}
	unapproved := service.SyncOut{Connections: []service.SyncConnection{{Name: "book", Type: "carddav", Mode: service.ModePush, NeedsPlan: true, Writes: 1204}, {Name: "shop", Mode: service.ModeTwoWay, Writes: 1}}}
	partly := &state.Error{Class: state.Partly, Code: "sync_partly"}
	for _, lang := range []string{"en", "zh"} {
		var b bytes.Buffer
		p := text.For(lang).In("Europe/Berlin", now)
		for _, c := range []struct {
			out service.SyncOut
			err *state.Error
		}{{everything(), partly}, {dry, partly}, {calm, nil}, {unapproved, nil}} {
			b.WriteString("---\n")
			if err := render.Card(&b, syncCard(p, c.out, c.err), render.Options{Width: 100}); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join("testdata", "sync", lang+".golden")
		if os.Getenv("KEPT_WRITE") == "1" {
			if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", lang, b.String(), want)
		}
	}
}

// A plan of very many writes is cut, and says where the rest is.
func TestSyncCardIsCut(t *testing.T) {
	t.Parallel()
	plan := &service.SyncPlan{ID: "5f3c", State: service.PlanOpen}
	for range planLines + 40 {
		plan.Writes = append(plan.Writes, service.SyncWrite{Connection: "shop", Action: service.WriteDelete, Customer: service.CustomerRef{Name: "Tom Ford"}})
	}
	var b bytes.Buffer
	if err := render.Card(&b, syncCard(text.For("en"), service.SyncOut{Dry: true, Plan: plan}, nil), render.Options{Width: 100}); err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(b.Bytes(), []byte("Tom Ford")); got != planLines || !bytes.Contains(b.Bytes(), []byte("and 40 more: kept sync plan 5f3c")) || !bytes.Contains(b.Bytes(), []byte("100 writes at shop")) {
		t.Errorf("%d lines:\n%s", got, b.String())
	}
}

// Without a terminal a line tells every few seconds how far each connection is.
func TestBarsWithoutTerminal(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	at := syncedAt
	f := newFactory(nil, Options{Err: &errs, Now: func() time.Time { return at }})
	b := f.newBars()
	for i := range 12 {
		b.tell(t.Context(), engine.Progress{File: "shop", Done: int64(i * 1000), Total: 12000})
		b.tell(t.Context(), engine.Progress{File: "mail", Done: int64(i * 10)})
		at = at.Add(time.Second)
	}
	b.done()
	if got, want := errs.String(), "shop: 5,000 of 12,000\nmail: 50\nshop: 10,000 of 12,000\nmail: 100\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	errs.Reset()
	f.flags.quiet = true
	b = f.newBars()
	b.tell(t.Context(), engine.Progress{File: "shop", Done: 1})
	at = at.Add(time.Minute)
	b.tell(t.Context(), engine.Progress{File: "shop", Done: 2})
	if errs.Len() > 0 {
		t.Errorf("--quiet says %q", errs.String())
	}
}

// On a terminal each connection has a line of its own, which is drawn over.
func TestBarsAreDrawnOver(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	f := newFactory(nil, Options{Err: &errs, Now: func() time.Time { return syncedAt }})
	b := f.newBars()
	b.names = []string{"shop", "m"}
	b.at = map[string]engine.Progress{"shop": {Done: 50, Total: 100}, "m": {Done: 7}}
	b.draw(60)
	b.draw(60)
	b.done()
	first := "\r\x1b[Kshop [================                ] 50 of 100\n\r\x1b[Km    7\n"
	if got, want := errs.String(), first+"\x1b[2A"+first+"\x1b[2A\x1b[J"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
