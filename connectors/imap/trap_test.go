package imap

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

var monday = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// letter writes a simple message.
func letter(id, from, to, subject, text string) string {
	return fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\nDate: Mon, 02 Mar 2026 10:30:00 +0100\nMessage-ID: <%s>\n\n%s\n", from, to, subject, id, text)
}

// in runs a test against a fake, in virtual time.
func in(t *testing.T, run func(t *testing.T, f *fake)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		t.Cleanup(f.Close)
		run(t, f)
	})
}

func (f *fake) connect(t *testing.T, options ...string) *connection {
	t.Helper()
	o := loopback(f)
	o["password"] = f.password
	for i := 0; i+1 < len(options); i += 2 {
		o[options[i]] = options[i+1]
	}
	c, err := Spec().Open(context.Background(), o, connectors.Env{Dial: f.Dial})
	if err != nil {
		t.Fatal(err)
	}
	own := c.(*connection)
	t.Cleanup(func() { _ = own.Close() }) // it says nothing that matters
	return own
}

// pulled reads from a cursor to the end.
func pulled(t *testing.T, c *connection, from connectors.Cursor) (changes []connectors.Change, rejected []connectors.Rejected, end connectors.Cursor) {
	t.Helper()
	for n := 0; ; n++ {
		page, err := c.Pull(context.Background(), connectors.MessageKind, from)
		if err != nil {
			t.Fatalf("Pull: %v", err)
		}
		changes, rejected = append(changes, page.Changes...), append(rejected, page.Rejected...)
		if from = page.Next; !page.More || n > 100 {
			return changes, rejected, from
		}
	}
}

// shown gives "folder message-id sent" of changes, sorted.
func shown(changes []connectors.Change) []string {
	var out []string
	for _, ch := range changes {
		sent := ""
		if ch.Record.Message.Sent {
			sent = " sent"
		}
		out = append(out, ch.Record.Message.Folder+" "+ch.Record.Message.MessageID+sent)
	}
	slices.Sort(out)
	return out
}

func wantShown(t *testing.T, what string, changes []connectors.Change, want ...string) {
	t.Helper()
	slices.Sort(want)
	if d := cmp.Diff(want, shown(changes)); d != "" {
		t.Errorf("%s: %s", what, d)
	}
}

// The suite passes whatever a server lacks, and however chatty it is.
func TestConformanceOfOtherServers(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *fake){
		"RFC 3501 alone": func(f *fake) { f.caps, f.traps.noNext = []string{"IMAP4rev1", "AUTH=PLAIN"}, true },
		"163": func(f *fake) {
			f.caps, f.traps.unsafe, f.traps.noPlain = append(slices.Clone(coremail), "AUTH=PLAIN"), true, true
		},
		"chatty":              func(f *fake) { f.traps.chatty = true },
		"Gmail, all in INBOX": func(f *fake) { f.caps = gmailCaps },
	} {
		t.Run(name, func(t *testing.T) {
			h := harness(change)
			for _, c := range connectortest.Cases(h) {
				if slices.Contains([]string{"pages", "edit while paging", "renumbered", "watch"}, c.Name) {
					t.Run(c.Name, func(t *testing.T) {
						t.Parallel()
						connectortest.Virtual(t, func(t *testing.T) { c.Run(t, h) })
					})
				}
			}
		})
	}
}

func TestWhichFoldersAreRead(t *testing.T) {
	in(t, func(t *testing.T, f *fake) {
		for _, b := range []string{"Archive", "Kunden/Lübeck", "Papierkorb", "垃圾邮件", "Entwürfe", "Gesendete Elemente", "Other Users/chef"} {
			f.box(encodeName(b))
		}
		f.box("Starred", `\Flagged`)
		f.box("Everything", `\All`)
		f.box("[Gmail]", `\Noselect`)
		for i, b := range f.boxes {
			f.put(b.raw, letter(fmt.Sprintf("m%d", i), "jana@example.org", "sales@nordlicht.example", "Hi", "x"), monday)
		}
		changes, _, _ := pulled(t, f.connect(t), "")
		wantShown(t, "by default", changes, "INBOX m0", "Sent m1 sent", "Archive m5", "Kunden/Lübeck m6", "Gesendete Elemente m10 sent")
		changes, _, _ = pulled(t, f.connect(t, "skip", "Archive, Kunden"), "")
		wantShown(t, "with skip", changes, "INBOX m0", "Sent m1 sent", "Trash m3", "Junk m4", "Papierkorb m7", "垃圾邮件 m8", "Gesendete Elemente m10 sent")
		changes, _, _ = pulled(t, f.connect(t, "folders", "inbox,kunden,Drafts"), "")
		wantShown(t, "with folders", changes, "INBOX m0", "Kunden/Lübeck m6")
		err := f.connect(t, "folders", "Customers").Check(context.Background())
		wantText(t, err, connectors.NotFound, "there is no folder Customers")
		if f.writes > 0 || f.count("SELECT") > 0 {
			t.Error("something was opened for writing")
		}
	})
}

func wantText(t *testing.T, err error, class connectors.Class, texts ...string) {
	t.Helper()
	if err == nil || connectors.ClassOf(err) != class {
		t.Errorf("%v is %s, not %s", err, connectors.ClassOf(err), class)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q does not say %q", err.Error(), text)
		}
	}
}

// A message is one, in however many folders it lies; among sent mail it is sent, whichever copy comes
// first, and in whichever pull.
func TestOneMessageInSeveralFolders(t *testing.T) {
	in(t, func(t *testing.T, f *fake) {
		f.box("Archive")
		twice := letter("twice@x", "jana@example.org", f.user, "Hi", "x")
		f.put("INBOX", twice, monday)
		f.put("Archive", twice, monday)
		list := letter("list@x", "wei@nordlicht.example", "list@example.org", "Plan", "x")
		f.put("INBOX", strings.Replace(list, "Subject: Plan", "Subject: [list] Plan\nList-Id: <list.example.org>", 1), monday)
		f.put("Sent", list, monday)
		f.put("Archive", letter("twice@x", "other@example.org", f.user, "Another one of the same id", "y"), monday)
		c := f.connect(t)
		changes, _, end := pulled(t, c, "")
		wantShown(t, "at first", changes, "INBOX twice@x", "Sent list@x sent", "Archive twice@x")
		if changes[1].Record.ID == changes[2].Record.ID {
			t.Error("two messages of one Message-ID are one record")
		}
		live := census(t, c)
		if len(live) != 3 {
			t.Errorf("the census has %v", live)
		}

		// Our own message to a list comes back minutes later, in another pull.
		mine := letter("mine@x", "wei@nordlicht.example", "list@example.org", "News", "x")
		f.put("Sent", mine, monday)
		changes, _, end = pulled(t, c, end)
		wantShown(t, "sent", changes, "Sent mine@x sent")
		f.put("INBOX", strings.Replace(mine, "Subject: News", "Subject: [list] News", 1), monday)
		f.put("INBOX", letter("spoof@x", "wei@nordlicht.example", f.user, "I hacked you", "x"), monday)
		changes, _, end = pulled(t, f.connect(t), end)
		wantShown(t, "come back", changes, "INBOX spoof@x")

		// And the other way round: it arrives before the program has laid it down.
		late := letter("late@x", "wei@nordlicht.example", f.user, "To myself", "x")
		f.put("INBOX", late, monday)
		changes, _, end = pulled(t, c, end)
		wantShown(t, "arrived", changes, "INBOX late@x")
		f.put("Sent", late, monday)
		changes, _, _ = pulled(t, c, end)
		wantShown(t, "laid down", changes, "Sent late@x sent")
	})
}

func census(t *testing.T, c *connection) []string {
	t.Helper()
	page, err := c.Census(context.Background(), connectors.MessageKind, "")
	if err != nil || page.More {
		t.Fatal(page.More, err)
	}
	var out []string
	for id := range page.Live {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Gmail's folder of all mail is read, with its labels, and nothing twice.
func TestGmail(t *testing.T) {
	in(t, func(t *testing.T, f *fake) {
		f.caps = gmailCaps
		all := f.box("[Gmail]/All Mail", `\All`)
		f.box("Kunden")
		f.box("[Gmail]/Spam", `\Junk`)
		add := func(id string, labels ...string) {
			m := f.put(all.raw, letter(id, "jana@example.org", f.user, id, "x"), monday)
			m.labels = labels
			f.put("INBOX", string(m.raw), monday)
		}
		add("in@x", `\Inbox`, `\Important`, "Kunden")
		add("out@x", `\Sent`)
		add("draft@x", `\Draft`)
		add("archived@x")
		add("label@x", "Kunden", encodeName("Lübeck"))
		add("news@x", "Newsletter", `\Inbox`)
		f.put("[Gmail]/Spam", letter("spam@x", "spam@example.org", f.user, "spam", "x"), monday)
		c := f.connect(t, "skip", "spam,trash,Newsletter")
		changes, _, _ := pulled(t, c, "")
		wantShown(t, "Gmail", changes, "Inbox in@x", "Sent out@x sent", "[Gmail]/All Mail archived@x", "Kunden label@x")
		if live := census(t, c); len(live) != 4 {
			t.Errorf("the census has %v", live)
		}
	})
}

// Drafts and messages that wait to be removed are no history until that changes.
func TestFlagsThatLeaveOut(t *testing.T) {
	in(t, func(t *testing.T, f *fake) {
		f.put("INBOX", letter("a@x", "jana@example.org", f.user, "a", "x"), monday)
		gone := f.put("INBOX", letter("b@x", "jana@example.org", f.user, "b", "x"), monday, `\Seen`, `\Deleted`)
		draft := f.put("INBOX", letter("c@x", "jana@example.org", f.user, "c", "x"), monday, `\Draft`)
		c := f.connect(t)
		changes, _, end := pulled(t, c, "")
		wantShown(t, "at first", changes, "INBOX a@x")
		if live := census(t, c); len(live) != 1 {
			t.Errorf("the census has %v", live)
		}
		changes, _, end = pulled(t, c, end)
		wantShown(t, "nothing new", changes)
		f.mu.Lock()
		gone.flags, draft.flags = nil, nil
		f.find("INBOX").modseq++
		f.mu.Unlock()
		changes, _, end = pulled(t, f.connect(t), end)
		wantShown(t, "taken back", changes, "INBOX b@x", "INBOX c@x")
		changes, _, _ = pulled(t, c, end)
		wantShown(t, "once", changes)
		if live := census(t, c); len(live) != 3 {
			t.Errorf("the census has %v", live)
		}
	})
}

// One broken message does not stop the others, however the server fails at it.
func TestBrokenMessages(t *testing.T) {
	for broken, want := range map[string]string{"syntax": "", "no": "", "nil": "", "never": "the server cannot tell it (it says \"Internal error occurred", "drop": "the server ends the connection"} {
		t.Run(broken, func(t *testing.T) {
			in(t, func(t *testing.T, f *fake) {
				for i := range 30 {
					m := f.put("INBOX", letter(fmt.Sprintf("m%d@x", i), "jana@example.org", f.user, "Hi", fmt.Sprint("text ", i)), monday)
					if i == 17 || i == 18 && broken != "drop" {
						m.broken = broken
					}
				}
				c := f.connect(t)
				changes, rejected, end := pulled(t, c, "")
				aside := 30 - len(changes)
				if want == "" && (aside != 0 || len(rejected) != 0) || want != "" && (aside == 0 || len(rejected) != aside) {
					t.Fatalf("%d told, set aside: %+v", len(changes), rejected)
				}
				for _, r := range rejected {
					if r.Kept || r.Where != "INBOX:18" && r.Where != "INBOX:19" || !strings.Contains(r.Reason, want) {
						t.Errorf("set aside: %+v", r)
					}
				}
				for _, ch := range changes {
					n := strings.TrimSuffix(strings.TrimPrefix(ch.Record.Message.MessageID, "m"), "@x")
					if ch.Record.Message.Text != "text "+n {
						t.Errorf("message %s says %q", n, ch.Record.Message.Text)
					}
				}
				changes, _, _ = pulled(t, c, end)
				wantShown(t, "afterwards", changes)
			})
		})
	}
}

// Where nothing has changed, one question is all.
func TestNothingChanged(t *testing.T) {
	in(t, func(t *testing.T, f *fake) {
		for i := range 20 {
			f.box(fmt.Sprint("Folder ", i))
			f.put("INBOX", letter(fmt.Sprint(i), "jana@example.org", f.user, "Hi", "x"), monday)
		}
		c := f.connect(t)
		_, _, end := pulled(t, c, "")
		f.mu.Lock()
		f.verbs = nil
		f.mu.Unlock()
		page, err := c.Pull(context.Background(), connectors.MessageKind, end)
		if err != nil || page.More || page.Told > 0 || page.Next != end {
			t.Errorf("%+v %v", page, err)
		}
		if len(f.verbs) != 1 || f.verbs[0] != "LIST" {
			t.Errorf("it took %v", f.verbs)
		}
	})
}

// A folder that cannot be opened is named, and the others are read.
func TestClosedFolder(t *testing.T) {
	in(t, func(t *testing.T, f *fake) {
		f.box("Kaputt").closed = "NO [NOPERM] Permission denied"
		f.put("INBOX", letter("a@x", "jana@example.org", f.user, "a", "x"), monday)
		c := f.connect(t)
		changes, rejected, _ := pulled(t, c, "")
		wantShown(t, "the others", changes, "INBOX a@x")
		if len(rejected) != 1 || rejected[0].Where != "Kaputt" || !rejected[0].Kept || !strings.Contains(rejected[0].Reason, "Permission denied") {
			t.Errorf("rejected: %+v", rejected)
		}
		if live := census(t, c); len(live) != 1 {
			t.Errorf("the census has %v", live)
		}
	})
}

// What a message says is what it says whole: texts are fetched, files only named.
func TestTextsAreFetchedAndFilesNamed(t *testing.T) {
	in(t, func(t *testing.T, f *fake) {
		pdf := strings.Repeat(strings.Repeat("QUJD", 19)+"\n", 700)
		f.put("INBOX", "From: Jana =?utf-8?q?K=C3=B6hler?= <jana@example.org>\nTo: sales@nordlicht.example\nSubject: Angebot\nDate: Mon, 02 Mar 2026 10:30:00 +0100\nMessage-ID: <p@x>\n"+
			"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"a\"\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\n"+
			"Content-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe aus L=FCbeck\n\n> Wann?\n\n--b\nContent-Type: text/html; charset=utf-8\n\n<p>Grüße aus Lübeck</p>\n--b--\n\n"+
			"--a\nContent-Type: application/pdf; name=\"Angebot 4711.pdf\"\nContent-Disposition: attachment; filename*=utf-8''Angebot%204711%20%E2%82%AC.pdf\nContent-Transfer-Encoding: base64\n\n"+pdf+"--a--\n", monday)
		c := f.connect(t)
		changes, rejected, _ := pulled(t, c, "")
		if len(changes) != 1 || len(rejected) != 0 {
			t.Fatal(changes, rejected)
		}
		m := changes[0].Record.Message
		if m.Text != "Grüße aus Lübeck" || m.Quoted != "> Wann?" || m.From[0].Name != "Jana Köhler" {
			t.Errorf("%+v", m)
		}
		want := []connectors.Attachment{{Name: "Angebot 4711 €.pdf", Type: "application/pdf", Size: 700 * 19 * 3}}
		if d := cmp.Diff(want, m.Attachments); d != "" {
			t.Error(d)
		}
	})
}
