package engine

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

// postbox is a connector that tells messages, one a page.
type postbox struct {
	letters []connectors.MessageData
	fail    map[string]bool // cursors at which it fails once
}

func (p *postbox) Check(context.Context) error { return nil }

func (p *postbox) Pull(_ context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if p.fail[string(from)] {
		delete(p.fail, string(from))
		return connectors.Page{}, &connectors.Error{Class: connectors.Transient, Text: "later"}
	}
	i, _ := strconv.Atoi(string(from))
	if i >= len(p.letters) {
		return connectors.Page{Next: from}, nil
	}
	m := p.letters[i]
	r := connectors.Record{Kind: kind, ID: m.MessageID, Keyed: connectors.KeyedID, Message: &m}
	return connectors.Page{Changes: []connectors.Change{{Record: r}}, Told: 1, Next: connectors.Cursor(strconv.Itoa(i + 1)), More: i+1 < len(p.letters)}, nil
}

func (p *postbox) house(t *testing.T) *house {
	h := houseOn(t, files("p", "x"), statetest.Mem())
	h.eng.enough = func() int { return 1 }
	h.eng.specs = []connectors.Spec{{Name: "postbox", Options: []connectors.Option{{Name: PathOption}},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.MessageKind: nil},
		Open: func(context.Context, map[string]string, connectors.Env) (connectors.Connector, error) {
			return p, nil
		}}}
	return h
}

func mailTo(id, from, to string, day int, sent bool) connectors.MessageData {
	return connectors.MessageData{MessageID: id, Thread: id, At: time.Date(2026, 3, day, 9, 0, 0, 0, time.UTC), From: []connectors.Mailbox{{Address: from}},
		To: []connectors.Mailbox{{Name: "Name of " + to, Address: to}}, Subject: "about " + id, Text: "text of " + id, Sent: sent}
}

func letters() []connectors.MessageData {
	return []connectors.MessageData{
		mailTo("1", "jana@x.example", "wei@us.example", 1, false),
		mailTo("2", "wei@us.example", "tom@z.example", 2, false), // an archive: not known as sent
		mailTo("3", "wei@us.example", "jana@x.example", 3, true),
		mailTo("4", "stranger@y.example", "wei@us.example", 4, false),
		mailTo("1", "jana@x.example", "wei@us.example", 1, false), // told twice
	}
}

// TestMailResumesAnywhere: stopped at any message and gone on with, the state is as if it had not
// been stopped, and what the messages are is counted once.
func TestMailResumesAnywhere(t *testing.T) {
	t.Parallel()
	p := &postbox{letters: letters()}
	h := p.house(t)
	out := h.read("", "p")
	want := &state.MailCounts{Messages: 4, Twice: 1, Threads: 4, Known: 3, Waiting: 1, Addresses: 1, In: 2, Out: 2}
	if d := cmp.Diff(want, out.Total.Mail); d != "" {
		t.Errorf("counts: %s", d)
	}
	if c := out.Total.Counts; c.Seen != want.Messages+want.Twice {
		t.Errorf("%d seen, %d messages", c.Seen, want.Messages)
	}
	if b := out.Files[0].Connection; b == nil || b.Mailbox != state.MailboxShared || b.Decided != "rule" {
		t.Errorf("mailbox %+v", b)
	}
	whole := full(t, h)
	for i := range letters() {
		at := strconv.Itoa(i)
		if i == 0 {
			at = ""
		}
		p := &postbox{letters: letters(), fail: map[string]bool{at: true}}
		h := p.house(t)
		h.read("file_unreadable", "p")
		h.read("", "p")
		if d := cmp.Diff(whole, full(t, h)); d != "" {
			t.Errorf("stopped at %s, the state differs: %s", at, d)
		}
	}
	// The same again changes nothing but its own run.
	again := h.read("", "p")
	if c := again.Total.Counts; c.New+c.Changed != 0 || again.Total.Mail.Messages != 4 {
		t.Errorf("again: %+v %+v", c, again.Total.Mail)
	}
}

func TestWhoseAMailboxIsCanBeSaidWithTheImport(t *testing.T) {
	t.Parallel()
	p := &postbox{letters: letters()}
	h := p.house(t)
	if _, err := h.svc.StaffAdd(t.Context(), service.StaffAddIn{Name: "Wei Zhang", Emails: []string{"wei@us.example"}}); err != nil {
		t.Fatal(err)
	}
	_, err := h.try(service.ImportIn{Files: []string{"p"}, Mailbox: "nobody's"})
	h.wantCode(err, "bad_mailbox")
	out, err := h.try(service.ImportIn{Files: []string{"p"}, Mailbox: "personal:wei"})
	if err != nil {
		t.Fatal(err)
	}
	if b := out.Files[0].Connection; b == nil || b.Mailbox != state.MailboxPersonal || b.Owner != "Wei Zhang" || b.Decided == "rule" {
		t.Errorf("mailbox %+v", b)
	}
}
