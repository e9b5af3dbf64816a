package cmd

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/internal/servers"
	"github.com/keptcrm/kept/state/service"
)

// A mail goes out, over a mail server, with a link for saying no; who follows it, as mail programs do
// with one click, gets no advertising any more: the gate says no, and the next mail is refused.
func TestUnsubscribeFromAMail(t *testing.T) {
	t.Parallel()
	t.Run("submitted to the sink", func(t *testing.T) {
		t.Parallel()
		sink, err := servers.StartSink(0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(sink.Close)
		unsubscribes(t, sink, fmt.Sprintf("port: %q", fmt.Sprint(sink.Port)))
	})
	t.Run("submitted to Dovecot", func(t *testing.T) {
		t.Parallel()
		d := servers.Need(t, servers.StartDovecot)
		sink, err := servers.StartSink(d.Relay)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(sink.Close)
		unsubscribes(t, sink, fmt.Sprintf("port: %q, user: sales@nordlicht.example, password: \"env:MAIL\"", fmt.Sprint(d.Submission)))
	})
}

// unsubscribes plays it with a sink into which all mail goes that is submitted with these options.
func unsubscribes(t *testing.T, sink *servers.Sink, options string) {
	k := newShopkeeper(t)
	began := time.Now()
	monday := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	k.now = func() time.Time { return monday.Add(time.Since(began)) }
	k.secrets["LINKS"], k.secrets["MAIL"] = "a key that nobody knows", servers.DovecotPassword
	before, err := os.ReadFile(filepath.Join(k.dir, "kept.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	k.write("kept.yaml", strings.Replace(string(before), "connections:\n", `connections:
  outbound: {type: smtp, options: {host: 127.0.0.1, security: none, rate: "6000", from: "Nordlicht <sales@nordlicht.example>", `+options+`}}
`, 1)+"unsubscribe: {url: \"https://kept.nordlicht.example/unsubscribe\", secret: \"env:LINKS\"}\n")
	subscribed := "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LEID,EUID,NOTES\n" +
		"jana@sternwarte.example,Jana,Köhler,2,2026-10-20 10:00:00,1.2.3.4,2026-10-20 10:00:00,1.2.3.4,1,abc,\n"
	if code, out, errs := k.run(subscribed, "import", "-", "--as", "newsletter"); code != 0 {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	const advert = `{"customer":1,"to":"jana@sternwarte.example","purpose":"marketing","asset":"%[1]s","subject":"Jana, 新目录 🔭","text":"Look at the %[1]s."}` + "\n"
	queued := func(asset string) {
		t.Helper()
		if err := queueInto(filepath.Join(k.dir, "kept.db"), fmt.Sprintf(advert, asset), k.now()); err != nil {
			t.Fatal(err)
		}
	}
	reasons := func() (service.MayContactOut, string) {
		t.Helper()
		var out service.MayContactOut
		code, said, errs := k.run("", "may-contact", "jana", "--channel", "email", "--purpose", "marketing", "--output", "json")
		if err := json.Unmarshal([]byte(said), &out); err != nil {
			t.Fatalf("%d %s%s", code, said, errs)
		}
		return out, fmt.Sprint(code, said)
	}
	queued("spring-brochure")
	k.start()
	defer func() { k.stop() }()
	if out, said := reasons(); out.Outcome != "yes" {
		t.Fatalf("before: %s", said)
	}
	var plan service.OutboxSendOut
	if err := json.Unmarshal([]byte(k.must("outbox", "send", "--dry-run", "--output", "json")), &plan); err != nil {
		t.Fatal(err)
	}
	k.must("outbox", "send", "--apply", plan.Plan)
	mails := sink.Mails("")
	if len(mails) != 1 || mails[0].To != "jana@sternwarte.example" {
		t.Fatalf("%d mails came: %+v", len(mails), mails)
	}
	m, err := mail.ReadMessage(strings.NewReader(mails[0].Raw))
	if err != nil {
		t.Fatal(err)
	}
	_, link, _ := strings.Cut(m.Header.Get("List-Unsubscribe"), "<https://")
	link, _, _ = strings.Cut(link, ">")
	at, err := url.Parse("https://" + link)
	if err != nil || at.Host != "kept.nordlicht.example" {
		t.Fatalf("the link is %q in %v: %v", link, m.Header, err)
	}
	// Scanners of mail look at links: that is no wish.
	if code, said := k.read("GET", at.Path, "", "Host", at.Host); code != 200 {
		t.Errorf("%d %s", code, said)
	}
	if _, said := reasons(); strings.Contains(said, "gate_opted_out") {
		t.Errorf("after a look: %s", said)
	}
	wish := []string{"Content-Type", "application/x-www-form-urlencoded", "Host", at.Host}
	if code, said := k.read("POST", at.Path, m.Header.Get("List-Unsubscribe-Post"), wish...); code != 200 {
		t.Fatalf("%d %s", code, said)
	}
	if out, said := reasons(); out.Outcome != "no" || !strings.Contains(said, "gate_opted_out") {
		t.Errorf("after the wish: %s", said)
	}
	if out := k.must("optout", "why", "jana"); !strings.Contains(out, "marketing") {
		t.Errorf("why: %s", out)
	}
	k.end()
	queued("summer-brochure")
	k.start()
	if _, page := k.read("GET", "/metrics", "", "Authorization", "Bearer "+serveToken); !strings.Contains(page, `kept_outbox_messages{state="waiting"} 1`+"\n") {
		t.Errorf("the outbox in the figures:\n%s", page)
	}
	if out := k.must("outbox", "send"); !strings.Contains(out, "1 refused by the gate") {
		t.Errorf("the next mail: %s", out)
	}
	if n := len(sink.Mails("")); n != 1 {
		t.Errorf("%d mails came", n)
	}
	k.end()
}
