package bluesky

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
)

func byID(changes []connectors.Change) map[string]connectors.Record {
	out := map[string]connectors.Record{}
	for _, c := range changes {
		if !c.Record.Implied {
			out[c.Record.ID] = c.Record
		}
	}
	return out
}

// impliedBy gives the people whom changes imply.
func impliedBy(changes []connectors.Change) []string {
	var out []string
	for _, c := range changes {
		if c.Record.Implied && !slices.Contains(out, c.Record.ID) {
			out = append(out, c.Record.ID)
		}
	}
	slices.Sort(out)
	return out
}

func TestWhoWritesIsAContactAndWhoMentionsIsNone(t *testing.T) {
	on(t, func(d *desk) {
		jana := d.fake.Person("jana.example", "Jana Köhler", "")
		wei := d.fake.Person("wei.example", "", "")
		fan := d.fake.Person("fan.example", "Fan", "")
		ours := d.fake.Post("New telescopes!", "", "", time.Time{})
		time.Sleep(time.Minute)
		reply := d.fake.Notify("reply", jana, "Wann kommt es?\nDanke 🌟", ours, time.Time{})
		mention := d.fake.Notify("mention", wei, "看看 @"+handle+" 的望遠鏡", "", time.Time{})
		d.fake.Notify("like", fan, "", "", time.Time{})
		d.fake.Notify("repost", fan, "", "", time.Time{})
		d.fake.Notify("follow", fan, "", "", time.Time{})
		got, end := d.pull(d.open(), connectors.MessageKind, "")
		records := byID(got)
		d.same("messages", ids(got), []string{reply, mention})
		d.same("people implied", impliedBy(got), []string{jana})
		m := records[reply].Message
		if m.From[0] != (connectors.Mailbox{Name: "Jana Köhler", Address: jana}) || len(m.To) != 0 || m.Text != "Wann kommt es?\nDanke 🌟" || m.InReplyTo != ours || m.Thread != ours || m.Sent {
			t.Errorf("the reply: %+v", m)
		}
		if m := records[mention].Message; m.From[0] != (connectors.Mailbox{Name: "wei.example", Address: wei}) || m.Thread != mention || m.Text != "看看 @"+handle+" 的望遠鏡" {
			t.Errorf("the mention: %+v", m)
		}
		// what comes later, and what was there, within the overlap
		time.Sleep(time.Hour)
		later := d.fake.Notify("reply", wei, "再次", ours, time.Time{})
		got, end = d.pull(d.open(), connectors.MessageKind, end)
		d.same("messages later", ids(got), []string{reply, mention, later})
		got, _ = d.pull(d.open(), connectors.MessageKind, end)
		d.same("messages after that", ids(got), []string{later})
	})
}

func TestRepliesOfOursWereSent(t *testing.T) {
	on(t, func(d *desk) {
		jana := d.fake.Person("jana.example", "Jana Köhler", "")
		theirs := "at://" + jana + "/app.bsky.feed.post/3kabc"
		start := d.fake.Post("Thread, 1", "", "", time.Time{})
		d.fake.Post("Thread, 2", start, "", time.Time{}) // to ourselves
		sent := d.fake.Post("Morgen, liebe Jana!", theirs, "", time.Time{})
		odd := d.fake.Post("no time in the key", theirs, "zz-own-key", time.Time{})
		ahead := d.fake.Post("a program's clock is wrong", theirs, tid(time.Now().Add(24*365*time.Hour)), time.Time{})
		got, end := d.pull(d.open(), connectors.MessageKind, "")
		d.same("messages", ids(got), []string{sent, odd, ahead})
		if p := impliedBy(got); len(p) > 0 {
			t.Errorf("what we sent implies %v; that is for those who know who is ours", p)
		}
		m := byID(got)[sent].Message
		if !m.Sent || m.From[0] != (connectors.Mailbox{Name: handle, Address: shop}) || len(m.To) != 1 || m.To[0] != (connectors.Mailbox{Name: "Jana Köhler", Address: jana}) ||
			m.InReplyTo != theirs || m.At.IsZero() {
			t.Errorf("sent: %+v", m)
		}
		// neither a key that is no time nor one of a time to come hides what is posted after it
		var want []string
		for i := range 250 {
			time.Sleep(time.Minute)
			want = append(want, d.fake.Post(fmt.Sprint("answer ", i), theirs, "", time.Time{}))
		}
		got, _ = d.pull(d.open(), connectors.MessageKind, end)
		records := byID(got)
		for _, uri := range want {
			if records[uri].Message == nil {
				t.Fatalf("%s is missing", uri)
			}
		}
	})
}

func TestDirectMessages(t *testing.T) {
	on(t, func(d *desk) {
		jana := d.fake.Person("jana.example", "Jana Köhler", "")
		wei := d.fake.Person("wei.example", "李伟", "")
		for i := range 150 {
			d.fake.DirectMessage(jana, shop, fmt.Sprint("message ", i), time.Time{})
			time.Sleep(time.Second)
		}
		convo := d.fake.DirectMessage(shop, jana, "answer", time.Time{})
		time.Sleep(time.Second)
		gone := d.fake.DirectMessage(wei, shop, "谢谢", time.Time{})
		time.Sleep(time.Second)
		d.fake.DirectMessage(wei, shop, "oops", time.Time{})
		d.fake.Unsend(gone)
		got, end := d.pull(d.open(), connectors.MessageKind, "")
		records := byID(got)
		if len(records) != 152 {
			t.Errorf("%d messages, want 152", len(records))
		}
		d.same("people implied", impliedBy(got), []string{jana, wei})
		for _, r := range records {
			m := r.Message
			if m.Thread != "dm:"+convo && m.Thread != "dm:"+gone || m.Sent != (m.From[0].Address == shop) {
				t.Errorf("a direct message: %+v", m)
			}
			if m.Sent && (len(m.To) != 1 || m.To[0].Address != jana || m.To[0].Name != "Jana Köhler") || !m.Sent && len(m.To) != 0 {
				t.Errorf("a direct message goes to %+v", m.To)
			}
		}
		// a conversation without news is not read again
		time.Sleep(time.Hour)
		d.fake.DirectMessage(wei, shop, "再见", time.Time{})
		before := d.wire.count("getMessages")
		got, end = d.pull(d.open(), connectors.MessageKind, end)
		if n := d.wire.count("getMessages") - before; n != 3 { // Jana's two pages are within the overlap of Wei's last
			t.Errorf("%d requests for messages", n)
		}
		if len(ids(got)) < 1 {
			t.Errorf("the news did not come")
		}
		time.Sleep(time.Hour)
		d.fake.DirectMessage(wei, shop, "还有", time.Time{})
		before = d.wire.count("getMessages")
		if got, _ = d.pull(d.open(), connectors.MessageKind, end); d.wire.count("getMessages")-before != 1 || len(ids(got)) != 2 {
			t.Errorf("%d messages with %d requests", len(ids(got)), d.wire.count("getMessages")-before)
		}
	})
}

// Whatever is turned off is neither asked for nor needed.
func TestPartsThatAreTurnedOff(t *testing.T) {
	on(t, func(d *desk) {
		d.fake.AppPassword(password, false)
		d.fake.View(false, true)
		jana := d.fake.Person("jana.example", "Jana", "")
		d.o["followers"], d.o["mentions"], d.o["dms"] = "no", "no", "no"
		sent := d.fake.Post("answer", "at://"+jana+"/app.bsky.feed.post/3kabc", "", time.Time{})
		c := d.open()
		if err := c.Check(context.Background()); err != nil {
			t.Fatal(err)
		}
		got, _ := d.pull(c, connectors.MessageKind, "")
		d.same("messages", ids(got), []string{sent})
		if m := got[0].Record.Message; m.To[0] != (connectors.Mailbox{Name: "jana.example", Address: jana}) {
			t.Errorf("without an AppView our own server says who it was: %+v", m.To)
		}
		if got, _ := d.pull(c, connectors.Contact, ""); len(got) != 0 {
			t.Errorf("%d followers", len(got))
		}
	})
}

// The public part is told before it is said that the rest may not be read.
func TestAPasswordWithoutDirectMessagesStillTellsTheRest(t *testing.T) {
	on(t, func(d *desk) {
		d.fake.AppPassword(password, false)
		d.fake.Notify("mention", d.fake.Person("jana.example", "Jana", ""), "@"+handle, "", time.Time{})
		c := d.open()
		var from connectors.Cursor
		told := 0
		for range 10 {
			p, err := c.Pull(context.Background(), connectors.MessageKind, from)
			if err != nil {
				if connectors.ClassOf(err) != connectors.Forbidden || told != 1 || d.wire.count("Session") > 2 {
					t.Errorf("after %d messages and %d calls about the session: %v", told, d.wire.count("Session"), err)
				}
				return
			}
			told, from = told+p.Told, p.Next
		}
		t.Error("it was never said")
	})
}

func TestAnotherAccountBeginsAnew(t *testing.T) {
	on(t, func(d *desk) {
		d.fake.Follow(d.fake.Person("jana.example", "Jana", ""), time.Time{})
		for _, kind := range []connectors.Kind{connectors.Contact, connectors.MessageKind} {
			_, end := d.pull(d.open(), kind, "")
			for _, from := range []connectors.Cursor{connectors.Cursor(strings.Replace(string(end), shop, "did:plc:other", 1)), "{", "7"} {
				if _, err := d.open().Pull(context.Background(), kind, from); connectors.ClassOf(err) != connectors.CursorExpired {
					t.Errorf("%s from %q: %v", kind, from, err)
				}
			}
		}
		if _, err := d.open().Pull(context.Background(), connectors.Order, ""); connectors.ClassOf(err) != connectors.Invalid {
			t.Errorf("orders: %v", err)
		}
	})
}

func TestWhatIsWritten(t *testing.T) {
	t.Parallel()
	link := func(text, shown, uri string) string {
		i := strings.Index(text, shown)
		f := facet{}
		f.Index.Start, f.Index.End = i, i+len(shown)
		f.Features = append(f.Features, struct {
			URI string `json:"uri"`
		}{uri})
		return written(text, []facet{f})
	}
	for _, x := range []struct{ text, shown, uri, want string }{
		{"望遠鏡 🌟 shop.example/a-lo... !", "shop.example/a-lo...", "https://shop.example/a-long-way", "望遠鏡 🌟 https://shop.example/a-long-way !"},
		{"see https://shop.example/a", "https://shop.example/a", "https://shop.example/a", "see https://shop.example/a"},
		{"see here", "here", "https://evil.example", "see here"},
	} {
		if got := link(x.text, x.shown, x.uri); got != x.want {
			t.Errorf("%q became %q", x.text, got)
		}
	}
	var p post
	err := json.Unmarshal([]byte(`{"text":"look","embed":{"record":{"uri":"at://did:plc:aaaa/app.bsky.feed.post/1"},"media":{"external":{"uri":"https://shop.example/x"},
		"images":[{"alt":"a\ntelescope","image":{"mimeType":"image/jpeg","size":77}}]}}}`), &p)
	m := p.message("at://did:plc:bbbb/app.bsky.feed.post/2", time.Time{})
	if err != nil || m.Text != "look\nhttps://shop.example/x" || m.Quoted != "at://did:plc:aaaa/app.bsky.feed.post/1" ||
		len(m.Attachments) != 1 || m.Attachments[0] != (connectors.Attachment{Name: "a telescope", Type: "image/jpeg", Size: 77}) {
		t.Errorf("%+v %v", m, err)
	}
}

// Links in full leave every other byte where it was, whatever the bounds are.
func TestWrittenKeepsTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("aé望🌟 .…"))).Draw(t, "text")
		var facets []facet
		for range rapid.IntRange(0, 4).Draw(t, "facets") {
			f := facet{}
			f.Index.Start, f.Index.End = rapid.IntRange(-3, len(text)+3).Draw(t, "start"), rapid.IntRange(-3, len(text)+3).Draw(t, "end")
			f.Features = append(f.Features, struct {
				URI string `json:"uri"`
			}{"https://x.example/"})
			facets = append(facets, f)
		}
		got := written(text, facets)
		if strings.ToValidUTF8(got, "") != got {
			t.Fatalf("%q is broken", got)
		}
		if !strings.Contains(text, "…") && !strings.Contains(text, "...") && got != strings.TrimSpace(text) {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

// Keys are times, and sort as they do.
func TestKeysAreTimes(t *testing.T) {
	t.Parallel()
	if got := tid(time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)); tidTime(got) != time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC) {
		t.Errorf("%q is %s", got, tidTime(got))
	}
	if got := tidTime("3jzfcijpj2z2a"); got.Year() != 2023 { // the example of the specification
		t.Errorf("3jzfcijpj2z2a is %s", got)
	}
	for _, bad := range []string{"", "self", "zzzzzzzzzzzzz", "3jzfcijpj2z21", "0000000000000", "3jzfcijpj2z2aa"} {
		if got := tidTime(bad); !got.IsZero() {
			t.Errorf("%q is %s", bad, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64Range(0, 1<<53-1).Draw(t, "a"), rapid.Int64Range(0, 1<<53-1).Draw(t, "b")
		x, y := tid(time.UnixMicro(a)), tid(time.UnixMicro(b))
		if (a < b) != (x < y) || tidTime(x).UnixMicro() != a {
			t.Fatalf("%d %s, %d %s", a, x, b, y)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	for _, s := range []string{`{"followers":[{"did":"did:plc:x1","handle":"a.b"}],"cursor":"946681200035__x"}`, `{"notifications":[{"uri":"at://did:plc:abcd/app.bsky.feed.post/1","author":{"did":"did:plc:abcd"},"reason":"reply","indexedAt":"2026-11-21T19:14:38.000Z","record":{"text":"é","facets":[{"index":{"byteStart":0,"byteEnd":1}}]}}],"cursor":"2026-11-21T19:14:38.000Z"}`,
		`{"records":[{"uri":"at://did:plc:abcd/app.bsky.feed.post/3jzfcijpj2z2a","value":{"reply":{"parent":{"uri":"at://did:plc:x/y/z"}}}}]}`, `{"convos":[{"id":"c","members":[{"did":"did:plc:x1"}],"lastMessage":{"sentAt":"2026-11-21T19:14:38Z"}}]}`,
		`{"messages":[{"id":"m","sender":{"did":"did:plc:x1"},"sentAt":"2026-11-21T19:14:38Z","text":"x"}],"convo":{"id":"c"}}`, `{"did":"did:plc:shop","profiles":null}`, `null`, `[]`, `{`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) { answers(t, answer) })
}
