package connectortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// Stream describes a vendor for a connector that speaks another protocol than HTTP: mail, chat. The
// cases about what is read are those of HTTP; the faults are those of connections.
type Stream struct {
	// Refuse gives the vendor's refusal of what it was told last, in the vendor's protocol, with all of
	// what it was told in it; nil: let it through.
	Refuse func(sent []byte) []byte
	Logins string // what a login begins with, to count them: "LOGIN"
}

// Renumberer is a Control that can make the vendor number all its things anew, so that no place that a
// cursor names is there any more, though each thing is.
type Renumberer interface{ Renumber() error }

// Snapshotter is a Control that tells all that there is at the vendor, marks and counters that users
// see among it.
type Snapshotter interface{ Snapshot() string }

// messageField gives a text of a message by the name that a harness uses: "text" or "subject".
func messageField(m *connectors.MessageData, field string) *string {
	if field == "subject" {
		return &m.Subject
	}
	return &m.Text
}

// streamClock are cases that take long where time is real.
var streamClock = map[string]bool{"watch": true, "silence": true, "limits": true}

func streamCases(h Harness) []Case {
	cases := []Case{
		{"capabilities", canCase}, {"check", streamCheckCase}, {"pages", apiPagesCase}, {"resume", apiResumeCase}, {"one timestamp", oneTimestampCase},
		{"edit while paging", editCase}, {"late commit", lateCase}, {"delete and create again", recreateCase}, {"census", streamCensusCase},
		{"expired cursor", expiredCase}, {"renumbered", renumberedCase}, {"fetch", fetchCase}, {"watch", streamWatchCase},
		{"nobody answers", nobodyCase}, {"cut", cutCase}, {"silence", silenceCase}, {"somebody else answers", somebodyCase}, {"huge answer", streamHugeCase},
		{"wrong secret", wrongSecretCase}, {"cancelled", streamCancelCase}, {"secret", streamSecretCase}, {"reading changes nothing", readingCase},
	}
	if h.API.Real {
		cases = slices.DeleteFunc(cases, func(c Case) bool { return streamClock[c.Name] })
	}
	return cases
}

const streamPage = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html><title>Welcome to the hotel</title>\r\n"

func streamCheckCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	if err := w.open().Check(context.Background()); err != nil {
		tb.Errorf("Check of a good connection: %v", err)
	}
	c := w.openWith("no"+h.Secret, func(*connectors.Env) {})
	w.wantClass("Check with a wrong secret", c.Check(context.Background()), connectors.Auth)
	w.cable.breaks(flaw{left: -1, do: says, page: streamPage})
	if err := w.open().Check(context.Background()); err == nil {
		tb.Errorf("Check is content with a web page")
	} else {
		w.failed("Check against a web page", err)
	}
}

// streamCensusCase: a census lists exactly what there is, and never less because something failed.
func streamCensusCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	s, ok := c.(connectors.Census)
	if !ok {
		tb.Logf("no Census")
		return
	}
	w.fill(w.enough())
	all := fold(nil, pull(tb, c, h.API.Kind, "").changes(), h.API.Kind)
	for _, by := range []connectors.Connector{c, w.open()} {
		live, _ := w.census(by)
		same(tb, "the vendor's objects and the census", w.live(), keys(live))
		for id, v := range live {
			if r := all[id]; v != "" && r.Version != "" && r.Version != v {
				tb.Errorf("%s has version %q in the census and %q in the pull", id, v, r.Version)
			}
		}
	}
	for _, id := range w.live()[:2] {
		if err := w.server.Control.Delete(h.API.Kind, id); err != nil {
			tb.Fatalf("the vendor's control: %v", err)
		}
	}
	live, _ := w.census(c)
	same(tb, "what is left and the census", w.live(), keys(live))
	// a census that breaks, wherever, is an error, not the end
	for after := 10; after < 6000; after += max(10, after/4) {
		w.cable.mend()
		w.cable.drop()
		w.cable.breaks(flaw{left: -1, after: after, do: ends})
		page, err := s.Census(context.Background(), h.API.Kind, "")
		w.failed("a census that breaks", err)
		if err == nil && !page.More && len(page.Live) != len(live) {
			tb.Errorf("a census that broke after %d bytes ended as if it was whole, with %d of %d", after, len(page.Live), len(live))
		}
	}
}

// renumberedCase: a vendor that numbers its things anew has not deleted any.
func renumberedCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	x, ok := w.server.Control.(Renumberer)
	if !ok {
		tb.Logf("numbers stay there")
		return
	}
	w.fill(w.enough())
	c := w.open()
	all := pull(tb, c, h.API.Kind, "")
	known := fold(nil, all.changes(), h.API.Kind)
	if err := x.Renumber(); err != nil {
		tb.Fatalf("the vendor's control: %v", err)
	}
	added := w.put("", w.api.Record(90), time.Time{})
	for i, from := range []connectors.Cursor{all.pages[0].Next, all.end()} {
		again := pull(tb, w.open(), h.API.Kind, from)
		before := all.pages
		if i == 0 {
			before = before[:1]
		}
		same(tb, "the vendor's objects and those told before and after it numbered them anew", w.live(),
			keys(fold(fold(nil, pulled{pages: before}.changes(), h.API.Kind), again.changes(), h.API.Kind)))
		for _, ch := range again.changes() {
			if ch.Gone {
				tb.Errorf("%s is told as gone because the vendor numbered it anew", ch.Record.ID)
			}
		}
		got := fold(nil, again.changes(), h.API.Kind)
		if _, ok := got[added]; !ok {
			tb.Errorf("what came after the numbering was not told from %q", from)
		}
		for id, r := range got {
			if before, ok := known[id]; ok {
				same(tb, "a record told again", before, r)
			}
		}
	}
	if live, ok := w.census(c); ok {
		same(tb, "the vendor's objects and the census", w.live(), keys(live))
	}
}

// streamWatchCase: a watcher tells news soon, gets over a connection that breaks, and ends when nobody
// listens.
func streamWatchCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	watcher, ok := w.open().(connectors.Watcher)
	if !ok {
		tb.Logf("no Watcher")
		return
	}
	w.fill(1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	news, ended := make(chan connectors.Hint, 100), make(chan error, 1)
	go func() {
		ended <- watcher.Watch(ctx, func(x connectors.Hint) {
			select {
			case news <- x:
			default: // more than anybody reads
			}
		})
	}()
	w.tick(patience)
	heard := func(what string, i int) {
		tb.Helper()
		for len(news) > 0 {
			<-news
		}
		w.tick(w.soon())
		w.put("", w.api.Record(i), time.Time{})
		select {
		case x := <-news:
			if x.Kind != h.API.Kind {
				tb.Errorf("%s: news of %+v", what, x)
			}
		case err := <-ended:
			tb.Fatalf("%s: Watch ended: %v", what, err)
		case <-time.After(patience):
			tb.Errorf("%s: no news within %s", what, patience)
		}
	}
	heard("at first", 80)
	w.tick(3 * time.Hour)
	heard("after hours", 81)
	w.cable.drop()
	w.tick(patience)
	heard("past a connection that broke", 82)
	w.cable.breaks(flaw{left: 3, do: refuses})
	w.cable.drop()
	w.put("", w.api.Record(83), time.Time{}) // while nobody was connected
	select {
	case <-news:
	case <-time.After(patience):
		tb.Errorf("what came while the connection was broken is no news")
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, context.Canceled) {
			w.failed("Watch", err)
			tb.Errorf("Watch that nobody listens to ended with %v", err)
		}
	case <-time.After(patience):
		tb.Errorf("Watch went on for %s after nobody listened any more", patience)
		<-ended
	}
}

// again pulls by a connection whose way to the vendor has a fault now.
func (w *world) again(f flaw) error {
	w.cable.mend()
	w.cable.breaks(f)
	page, err := w.page(context.Background(), w.open(), "")
	if err != nil && (len(page.Changes) > 0 || page.Next != "") {
		w.tb.Errorf("a pull that failed told %d changes", len(page.Changes))
	}
	return err
}

func nobodyCase(tb testing.TB, h Harness) {
	w, _, want := filled(tb, h)
	w.cable.breaks(flaw{left: 1, do: refuses})
	same(tb, "records told past a vendor that was away", want, fold(nil, pull(tb, w.open(), h.API.Kind, "").changes(), h.API.Kind))
	w.wantClass("Pull where nobody answers", w.again(flaw{left: -1, do: refuses}), connectors.Transient)
	if n, _ := w.cable.count(); n > 30 {
		tb.Errorf("a vendor that is away was called %d times", n)
	}
}

// cutCase: wherever a connection breaks, what is told is the same; where it breaks each time, that is
// said, and the cursor before it still works.
func cutCase(tb testing.TB, h Harness) {
	w, c, want := filled(tb, h)
	pull(tb, w.open(), h.API.Kind, "")
	_, total := w.cable.count()
	for _, do := range []string{resets, ends} {
		for i := range 5 {
			w.cable.mend()
			w.cable.drop()
			after := 1 + int(total)*i/5
			w.cable.breaks(flaw{left: 1, after: after, do: do})
			got := fold(nil, pull(tb, c, h.API.Kind, "").changes(), h.API.Kind)
			same(tb, fmt.Sprintf("records told past a connection that %s after %d bytes", do, after), want, got)
		}
		for _, after := range []int{0, 10, 200} {
			w.wantClass("Pull where connections break", w.again(flaw{left: -1, after: after, do: do}), connectors.Transient)
			if n, _ := w.cable.count(); n > 60 {
				tb.Errorf("a vendor whose connections break was called %d times", n)
			}
		}
	}
}

// silenceCase: a vendor that says nothing more is given up after minutes, not hours.
func silenceCase(tb testing.TB, h Harness) {
	w, _, want := filled(tb, h)
	for _, after := range []int{0, 1, 300} {
		w.cable.mend()
		w.cable.breaks(flaw{left: 1, after: after, do: hangs})
		same(tb, "records told past a silence", want, fold(nil, pull(tb, w.open(), h.API.Kind, "").changes(), h.API.Kind))
		start := time.Now()
		w.wantClass("Pull without an answer", w.again(flaw{left: -1, after: after, do: hangs}), connectors.Transient)
		if took := time.Since(start); took > 30*time.Minute {
			tb.Errorf("waited %s for an answer", took)
		}
	}
}

// somebodyCase: a web server, or noise, is no vendor without things.
func somebodyCase(tb testing.TB, h Harness) {
	w, _, _ := filled(tb, h)
	for _, page := range []string{streamPage, "<html>\r\n", "\x00\x01\xff\xfe\r\n\r\n", "\r\n\r\n\r\n", "220 smtp.example.com ESMTP\r\n", strings.Repeat("(", 5000) + "\r\n"} {
		w.wantClass(fmt.Sprintf("Pull from somebody who says %.20q", page), w.again(flaw{left: -1, do: says, page: page}), connectors.Transient, connectors.Invalid)
		w.wantClass(fmt.Sprintf("Pull where %.20q is said in the middle", page), w.again(flaw{left: -1, after: 60, do: says, page: page}), connectors.Transient, connectors.Invalid, connectors.Auth)
	}
}

// streamHugeCase: an answer without end is given up, before memory is.
func streamHugeCase(tb testing.TB, h Harness) {
	w, _, _ := filled(tb, h)
	for _, after := range []int{0, 100, 400} {
		if err := w.again(flaw{left: -1, after: after, do: floods}); err == nil {
			tb.Errorf("an answer without end was read")
		}
		w.cable.mu.Lock()
		over := w.cable.over
		w.cable.mu.Unlock()
		if over {
			tb.Errorf("an answer was read until it ended, at %d MB", tooMuch>>20)
		}
	}
}

// wrongSecretCase: a secret that is refused is said to be so, and not tried again and again, which
// vendors answer by locking the account.
func wrongSecretCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	w.fill(1)
	c := w.openWith("no"+h.Secret, func(*connectors.Env) {})
	w.cable.mend()
	_, err := w.page(context.Background(), c, "")
	w.wantClass("Pull with a wrong secret", err, connectors.Auth)
	w.cable.mu.Lock()
	tried := strings.Count(string(w.cable.sent), h.API.Stream.Logins)
	w.cable.mu.Unlock()
	if tried != 1 {
		tb.Errorf("a secret that is wrong was tried %d times", tried)
	}
	if watcher, ok := c.(connectors.Watcher); ok {
		ended := make(chan error, 1)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() { ended <- watcher.Watch(ctx, func(connectors.Hint) {}) }()
		select {
		case err := <-ended:
			w.wantClass("Watch with a wrong secret", err, connectors.Auth)
		case <-time.After(patience):
			tb.Errorf("Watch goes on with a wrong secret")
			cancel()
			<-ended
		}
	}
}

// streamCancelCase: a call that nobody waits for any more ends at once, with the context's error, and
// the cursor before it still works.
func streamCancelCase(tb testing.TB, h Harness) {
	w, c, want := filled(tb, h)
	var known map[string]connectors.Record
	from := connectors.Cursor("")
	for n := 0; ; n++ {
		for _, after := range []int{0, 30, 700} {
			w.cable.mend()
			w.cable.drop()
			w.cable.breaks(flaw{left: -1, after: after, do: hangs})
			ctx, cancel := context.WithTimeout(context.Background(), 3*w.soon())
			start := time.Now()
			_, err := w.page(ctx, c, from)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				tb.Errorf("cancelled in the middle of page %d: %v", n, err)
			}
			if took := time.Since(start); took > 10*w.soon() {
				tb.Errorf("a call went on for %s after nobody waited any more", took-3*w.soon())
			}
		}
		w.cable.mend()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := w.page(ctx, c, from); !errors.Is(err, context.Canceled) {
			tb.Errorf("Pull when nobody waits: %v", err)
		}
		page, err := w.page(context.Background(), c, from)
		if err != nil {
			tb.Fatalf("Pull: %v", err)
		}
		known, from = fold(known, page.Changes, h.API.Kind), page.Next
		if !page.More || n > maxPages {
			break
		}
	}
	same(tb, "records of a pull that was cancelled on every page", want, known)
}

// streamSecretCase: whatever goes wrong, and though the vendor says the secret itself, it is in no
// error, warning, log line or recording.
func streamSecretCase(tb testing.TB, h Harness) {
	if h.Secret == "" {
		tb.Fatalf("the harness has no Secret")
	}
	w := newWorld(tb, h)
	w.listens = true
	w.fill(2)
	everything := func(c connectors.Connector, what string) {
		tb.Helper()
		ctx := context.Background()
		said := func(call string, err error) {
			for ; err != nil; err = errors.Unwrap(err) {
				w.say("%s, %s: %v %+v", what, call, err, err)
			}
		}
		said("Check", c.Check(ctx))
		if p, ok := c.(connectors.Puller); ok {
			page, err := p.Pull(ctx, h.API.Kind, "")
			w.say("%s", text(tb, page))
			said("Pull", err)
		}
		if f, ok := c.(connectors.Census); ok {
			_, err := f.Census(ctx, h.API.Kind, "")
			said("Census", err)
		}
		for _, line := range strings.Split(w.said(), "\n") {
			if holds(line, h.Secret) {
				tb.Errorf("%s: the secret is in: %.200s", what, strings.ReplaceAll(line, h.Secret, "SECRET"))
				return
			}
		}
	}
	everything(w.open(), "without a fault")
	w.cable.mend()
	w.cable.breaks(flaw{left: -1, do: echoes, say: h.API.Stream.Refuse})
	everything(w.open(), "a vendor that refuses and says the secret")
	w.cable.mend()
	w.cable.breaks(flaw{left: -1, do: says, page: "<html>" + h.Secret + "\r\n"})
	everything(w.open(), "a web page that says the secret")
	w.cable.mend()
	w.cable.breaks(flaw{left: -1, do: refuses})
	everything(w.open(), "nobody")
}

// readingCase: whoever reads leaves no trace.
func readingCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	x, ok := w.server.Control.(Snapshotter)
	if !ok {
		tb.Logf("the vendor tells no snapshot")
		return
	}
	w.fill(w.api.Page + 2)
	before := x.Snapshot()
	c := w.open()
	if err := c.Check(context.Background()); err != nil {
		tb.Errorf("Check: %v", err)
	}
	pull(tb, c, h.API.Kind, "")
	w.census(c)
	if after := x.Snapshot(); after != before {
		tb.Errorf("reading changed the vendor: %.300s became %.300s", before, after)
	}
}
