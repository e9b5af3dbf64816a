package connectortest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

func apiReadCases() []Case {
	return []Case{
		{"capabilities", canCase}, {"check", apiCheckCase}, {"pages", apiPagesCase}, {"resume", apiResumeCase}, {"one timestamp", oneTimestampCase},
		{"edit while paging", editCase}, {"late commit", lateCase}, {"delete and create again", recreateCase}, {"census", censusCase},
		{"expired cursor", expiredCase}, {"fetch", fetchCase}, {"watch", watchCase},
	}
}

// abilities are the small interfaces, by name.
var abilities = map[string]func(c connectors.Connector) bool{
	"BatchPusher":     func(c connectors.Connector) bool { _, ok := c.(connectors.BatchPusher); return ok },
	"Census":          func(c connectors.Connector) bool { _, ok := c.(connectors.Census); return ok },
	"Deleter":         func(c connectors.Connector) bool { _, ok := c.(connectors.Deleter); return ok },
	"Describer":       func(c connectors.Connector) bool { _, ok := c.(connectors.Describer); return ok },
	"Fetcher":         func(c connectors.Connector) bool { _, ok := c.(connectors.Fetcher); return ok },
	"Finder":          func(c connectors.Connector) bool { _, ok := c.(connectors.Finder); return ok },
	"Limiter":         func(c connectors.Connector) bool { _, ok := c.(connectors.Limiter); return ok },
	"Puller":          func(c connectors.Connector) bool { _, ok := c.(connectors.Puller); return ok },
	"Pusher":          func(c connectors.Connector) bool { _, ok := c.(connectors.Pusher); return ok },
	"Rereader":        func(c connectors.Connector) bool { _, ok := c.(connectors.Rereader); return ok },
	"Sender":          func(c connectors.Connector) bool { _, ok := c.(connectors.Sender); return ok },
	"Watcher":         func(c connectors.Connector) bool { _, ok := c.(connectors.Watcher); return ok },
	"WebhookReceiver": func(c connectors.Connector) bool { _, ok := c.(connectors.WebhookReceiver); return ok },
}

// canCase: the connection has the small interfaces that its author says, and the Spec fits to them.
func canCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	var can []string
	for _, name := range keys(abilities) {
		if abilities[name](c) {
			can = append(can, name)
		}
	}
	if !slices.Equal(can, h.API.Can) {
		tb.Errorf("the connection can %v, its harness says %v: a wrapper that hides an interface loses what it does", can, h.API.Can)
	}
	writes := slices.ContainsFunc(h.Spec.Fields[h.API.Kind], func(f connectors.FieldSpec) bool { return f.Write })
	if writes != slices.Contains(can, "Pusher") {
		tb.Errorf("Spec.Fields has fields of %s that can be written: %v; the connection is a Pusher: %v", h.API.Kind, writes, !writes)
	}
}

// apiCheckCase: Check is content with a good connection, and says what is wrong with another.
func apiCheckCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	if err := w.open().Check(context.Background()); err != nil {
		tb.Errorf("Check of a good connection: %v", err)
	}
	if h.Secret != "" {
		c := w.openWith("no"+h.Secret, func(*connectors.Env) {})
		w.wantClass("Check with a wrong secret", c.Check(context.Background()), connectors.Auth)
	}
	w.wire.breaks(-1, anything, status(200, "<!doctype html><title>Sign in</title>", "Content-Type", "text/html"))
	if err := w.open().Check(context.Background()); err == nil {
		tb.Errorf("Check is content with a web page")
	} else {
		w.failed("Check against a web page", err)
	}
}

// enough is how many things make more than two pages.
func (w *world) enough() int { return 2*w.api.Page + 3 }

// apiPagesCase: everything comes once, in bounded pages, and reconciles.
func apiPagesCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	none := pull(tb, c, h.API.Kind, "")
	check(tb, Harness{Spec: h.Spec}, h.API.Kind, none)
	if len(none.changes()) > 0 {
		tb.Errorf("a vendor with nothing told %d changes", len(none.changes()))
	}
	w.fill(w.enough())
	all := pull(tb, c, h.API.Kind, "")
	check(tb, Harness{Spec: h.Spec}, h.API.Kind, all)
	same(tb, "the vendor's objects and those told", w.live(), keys(fold(nil, all.changes(), h.API.Kind)))
	if len(all.pages) < 3 {
		tb.Errorf("%d things came on %d pages of %d", w.enough(), len(all.pages), h.API.Page)
	}
	for i, ch := range ownOf(all) {
		if i >= w.enough() || value(ch.Record, h.API.Texts[0]) == "" {
			tb.Errorf("record %s has no %s", ch.Record.ID, h.API.Texts[0])
		}
	}
}

// apiResumeCase: from every cursor, by another connection, the rest is the same.
func apiResumeCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	w.fill(w.enough())
	all := pull(tb, w.open(), h.API.Kind, "")
	told := fold(nil, all.changes(), h.API.Kind)
	for i := range all.pages {
		rest := pull(tb, w.open(), h.API.Kind, all.from[i])
		got := fold(nil, rest.changes(), h.API.Kind)
		left := fold(nil, pulled{pages: all.pages[i:]}.changes(), h.API.Kind)
		for id, r := range left {
			same(tb, "a record read from cursor "+string(all.from[i]), r, got[id])
		}
		if len(got) > len(left)+h.API.Page {
			tb.Errorf("from cursor %q came %d records where %d were left: it began anew", all.from[i], len(got), len(left))
		}
	}
	// what an overlap tells again is what was told
	from := all.end()
	for range 3 {
		rest := pull(tb, w.open(), h.API.Kind, from)
		for id, r := range fold(nil, rest.changes(), h.API.Kind) {
			same(tb, "a record told again", told[id], r)
		}
		from = rest.end()
	}
}

// oneTimestampCase: more than two pages that carry one time lose nothing and do not go in circles.
func oneTimestampCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	w.fill(2)
	at := time.Now().UTC().Truncate(time.Second)
	for i := range w.enough() {
		w.put("", w.api.Record(100+i), at)
	}
	w.tick(time.Minute)
	w.put("", w.api.Record(99), time.Time{})
	all := pull(tb, w.open(), h.API.Kind, "")
	same(tb, "the vendor's objects and those told", w.live(), keys(fold(nil, all.changes(), h.API.Kind)))
	pull(tb, w.open(), h.API.Kind, all.end())
}

// editCase: what is edited between two pages is told with its newest content, and nothing is lost.
func editCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	ids := w.fill(w.enough())
	c := w.open()
	var known map[string]connectors.Record
	from, edited := connectors.Cursor(""), map[string]string{}
	next := 0
	for n := 0; ; n++ {
		page, err := w.page(context.Background(), c, from)
		if err != nil {
			tb.Fatalf("Pull: %v", err)
		}
		known, from = fold(known, page.Changes, h.API.Kind), page.Next
		if !page.More {
			break
		}
		if n > maxPages {
			tb.Fatalf("Pull does not end")
		}
		if next < 3 { // one of the first, one in the middle, one of the last
			i := []int{0, len(ids) / 2, len(ids) - 1}[next]
			id, text := ids[i], "edited while paging"
			w.tick(time.Second)
			w.put(id, w.changed(w.api.Record(i), text), time.Time{})
			edited[id] = text
			w.put("", w.api.Record(500+next), time.Time{})
			w.tick(10 * time.Second)
			next++
		}
	}
	w.tick(time.Minute)
	known = fold(known, pull(tb, c, h.API.Kind, from).changes(), h.API.Kind)
	same(tb, "the vendor's objects and those told", w.live(), keys(known))
	for id, text := range edited {
		if got := value(known[id], h.API.Texts[0]); got != text {
			tb.Errorf("%s was edited while it was paged and stands at %q", id, got)
		}
	}
}

// lateCase: what becomes visible with an older date is found, by the next pull or by the census.
func lateCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	w.fill(3)
	newest := w.put("", w.api.Record(50), time.Time{})
	at := time.Now()
	c := w.open()
	all := pull(tb, c, h.API.Kind, "")
	late := w.put("", w.api.Record(51), at.Add(-h.API.Late))
	if h.API.Late > 0 {
		got := fold(nil, pull(tb, c, h.API.Kind, all.end()).changes(), h.API.Kind)
		if _, ok := got[late]; !ok {
			tb.Errorf("an object dated %s before the last one (%s), visible after it, was not told", h.API.Late, newest)
		}
		return
	}
	if live, ok := w.census(c); !ok {
		tb.Errorf("neither an overlap (API.Late) nor a census finds what commits late")
	} else if _, ok := live[late]; !ok {
		tb.Errorf("an object that became visible late is not in the census")
	}
}

// recreateCase: what is deleted and made again is another thing.
func recreateCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	ids := w.fill(4)
	c := w.open()
	all := pull(tb, c, h.API.Kind, "")
	known := fold(nil, all.changes(), h.API.Kind)
	w.tick(time.Minute)
	if err := w.server.Control.Delete(h.API.Kind, ids[1]); err != nil {
		tb.Fatalf("the vendor's control: %v", err)
	}
	w.tick(time.Second)
	again := w.put("", w.changed(w.api.Record(1), "made again"), time.Time{})
	w.tick(time.Minute)
	known = fold(known, pull(tb, c, h.API.Kind, all.end()).changes(), h.API.Kind)
	if live, ok := w.census(c); ok {
		maps.DeleteFunc(known, func(id string, _ connectors.Record) bool { _, ok := live[id]; return !ok })
	} else if _, ok := known[ids[1]]; ok && again != ids[1] {
		return // nobody tells deletions there
	}
	same(tb, "the vendor's objects and those known", w.live(), keys(known))
	if got := value(known[again], h.API.Texts[0]); got != "made again" {
		tb.Errorf("what was deleted and made again stands at %q", got)
	}
}

// census reads a whole census; false where the connection has none.
func (w *world) census(c connectors.Connector) (map[string]connectors.Version, bool) {
	w.tb.Helper()
	s, ok := c.(connectors.Census)
	if !ok {
		return nil, false
	}
	live, from := map[string]connectors.Version{}, connectors.Cursor("")
	for n := 0; ; n++ {
		page, err := s.Census(context.Background(), w.api.Kind, from)
		if err != nil {
			w.tb.Fatalf("Census: %v", err)
		}
		maps.Copy(live, page.Live)
		if !page.More {
			return live, true
		}
		if page.Next == from || n > maxPages {
			w.tb.Fatalf("Census goes round in circles")
		}
		from = page.Next
	}
}

// censusCase: a census lists exactly what there is, with the versions that a pull gives, and never
// less because something failed.
func censusCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	s, ok := c.(connectors.Census)
	if !ok {
		tb.Logf("no Census")
		return
	}
	w.fill(w.enough())
	all := fold(nil, pull(tb, c, h.API.Kind, "").changes(), h.API.Kind)
	live, _ := w.census(c)
	same(tb, "the vendor's objects and the census", w.live(), keys(live))
	for id, v := range live {
		if r := all[id]; v != "" && r.Version != "" && r.Version != v {
			tb.Errorf("%s has version %q in the census and %q in the pull", id, v, r.Version)
		}
	}
	for _, id := range w.live()[:2] {
		if err := w.server.Control.Delete(h.API.Kind, id); err != nil {
			tb.Fatalf("the vendor's control: %v", err)
		}
	}
	live, _ = w.census(c)
	same(tb, "what is left and the census", w.live(), keys(live))
	// a census that breaks in the middle is an error, not the end
	pages := 0
	w.wire.breaks(-1, func(Seen) bool { pages++; return pages > 1 }, status(500, "{}"))
	from := connectors.Cursor("")
	for n := 0; n <= maxPages; n++ {
		page, err := s.Census(context.Background(), h.API.Kind, from)
		if err != nil {
			w.failed("a census that breaks", err)
			return
		}
		if !page.More {
			tb.Errorf("a census that broke in the middle ended as if it was whole")
			return
		}
		from = page.Next
	}
}

// expiredCase: a cursor that the vendor forgot is said to be so, and the start works.
func expiredCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	x, ok := w.server.Control.(Expirer)
	if !ok {
		tb.Logf("cursors do not expire there")
		return
	}
	w.fill(w.enough())
	c := w.open()
	all := pull(tb, c, h.API.Kind, "")
	if err := x.Expire(); err != nil {
		tb.Fatalf("the vendor's control: %v", err)
	}
	for _, from := range []connectors.Cursor{all.pages[0].Next, all.end()} {
		_, err := w.page(context.Background(), c, from)
		w.wantClass("a pull from an expired cursor", err, connectors.CursorExpired)
	}
	same(tb, "the vendor's objects after a new start", w.live(), keys(fold(nil, pull(tb, c, h.API.Kind, "").changes(), h.API.Kind)))
}

// fetchCase: what is there is fetched as a pull tells it; what is not there is left out.
func fetchCase(tb testing.TB, h Harness) {
	w := newWorld(tb, h)
	c := w.open()
	f, ok := c.(connectors.Fetcher)
	if !ok {
		tb.Logf("no Fetcher")
		return
	}
	ids := w.fill(w.api.Page + 2)
	all := fold(nil, pull(tb, c, h.API.Kind, "").changes(), h.API.Kind)
	if err := w.server.Control.Delete(h.API.Kind, ids[1]); err != nil {
		tb.Fatalf("the vendor's control: %v", err)
	}
	got, err := f.Fetch(context.Background(), h.API.Kind, ids)
	if err != nil || len(got) != len(ids)-1 {
		tb.Errorf("%d of %d records fetched, one being gone: %v", len(got), len(ids), err)
	}
	for _, r := range got {
		same(tb, "a record fetched and pulled", all[r.ID], r)
	}
	if got, err := f.Fetch(context.Background(), h.API.Kind, nil); err != nil || len(got) > 0 {
		tb.Errorf("fetching nothing gave %d records, %v", len(got), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Fetch(ctx, h.API.Kind, ids); !errors.Is(err, context.Canceled) {
		tb.Errorf("Fetch when nobody waits any more: %v", err)
	}
}
