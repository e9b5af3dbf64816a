package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const people = `layout shop_customers
c 1 jana@sternwarte.example Jana 3
c 2 li@example.cn 李伟 4
+ a second line of Li
c 3 ana@example.com Ana
`

const orders = `layout shop_orders
o 1001 1 194000 5
o 1002 guest:tom@example.org 500 6 tom@example.org
+ a second line
o 1003 guest:tom@example.org 700 9 tom@example.org
o 1004 guest:tom@example.org 300 2 tom@example.org
`

func TestImportTellsWhatItDid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, files("dir/people.txt", people, "orders.txt", orders))
	out := h.read("", "dir/people.txt", "orders.txt")
	first, second := out.Files[0], out.Files[1]
	want := state.Counts{Told: 4, Seen: 4, Records: 3, New: 3, Customers: 3}
	if diff := cmp.Diff(want, first.Run.Counts); diff != "" {
		t.Errorf("counts of the first file: %s", diff)
	}
	if r := first.Run; r.State != state.RunDone || r.Connection != "shop" || r.Source != "people.txt" || r.Layout != "shop_customers" || r.Actor == "" {
		t.Errorf("run %+v", r)
	}
	if first.Encoding != "UTF-8" || first.Layout != "shop_customers" || first.Columns != nil || first.Resumed {
		t.Errorf("file %+v", first)
	}
	// The guest is told three times in two commits, newest in the middle.
	if c := second.Run.Counts; c.Told != 5 || c.Seen != 5 || c.Records != 6 || c.New != 5 || c.Customers != 1 || c.Aside != 0 {
		t.Errorf("counts of the orders: %+v", c)
	}
	if got := h.record("contact", "guest:tom@example.org").Current().Text("name"); got != "Guest9" {
		t.Errorf("the guest is called %q, want what the newest order says", got)
	}
	sums := []state.Sum{{Connection: "shop", Currency: "EUR", Orders: 4, Net: 195500}}
	if diff := cmp.Diff(sums, out.Total.Sums); diff != "" {
		t.Errorf("sums: %s", diff)
	}
	if out.Total.Counts.Told != 9 || out.Total.Counts.New != 8 || out.Total.Connection != "shop" || out.Total.State != state.RunDone {
		t.Errorf("total %+v", out.Total)
	}
	if h.closed != 2 {
		t.Errorf("%d connectors were closed, want 2", h.closed)
	}
	last := h.says[len(h.says)-1]
	if last != (Progress{File: "orders.txt", Done: 5, Total: 5, Records: 6}) {
		t.Errorf("the last progress is %+v", last)
	}
}

func TestSameAgainChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, files("p", people+"what\nno-phone 9 x@y.example\n", "o", orders))
	h.read("import_partly", "p", "o")
	before := h.believed()
	out := h.read("import_partly", "p", "o")
	if diff := cmp.Diff(before, h.believed()); diff != "" {
		t.Errorf("reading the same again changed the state: %s", diff)
	}
	c := out.Total.Counts
	if c.New != 0 || c.Changed != 0 || c.Customers != 0 || c.Linked != 0 || c.Asked != 0 || c.Same != c.Records || c.Records != 10 {
		t.Errorf("counts %+v", c)
	}
	if got := len(h.record("contact", "1").Versions); got != 1 {
		t.Errorf("contact 1 has %d versions", got)
	}
}

func TestChangedRowsAndAbsentOnes(t *testing.T) {
	t.Parallel()
	w := files("p", people)
	h := newHouse(t, w)
	h.read("", "p")
	w.files["p"] = "layout shop_customers\nc 2 li@example.cn LiWei 7\nc 4 neu@example.com Neu\n"
	c := h.read("", "p").Total.Counts
	if c.Told != 2 || c.New != 1 || c.Changed != 1 || c.Same != 0 || c.Gone != 0 {
		t.Errorf("counts %+v", c)
	}
	if r := h.record("contact", "2"); r.Current().Text("name") != "LiWei" || len(r.Versions) != 2 {
		t.Errorf("contact 2 is %+v", r)
	}
	if r := h.record("contact", "1"); r == nil || r.Current() == nil {
		t.Error("contact 1, absent from the second file, is gone")
	}
	w.files["p"] = "layout shop_customers\ng 2\ng unknown\n"
	if c := h.read("", "p").Total.Counts; c.Told != 2 || c.Gone != 1 || c.Changed != 1 || c.Same != 1 {
		t.Errorf("counts of what is gone: %+v", c)
	}
	if h.record("contact", "2").Current() != nil {
		t.Error("contact 2, told as gone, is still there")
	}
}

func TestImpliedContacts(t *testing.T) {
	t.Parallel()
	w := files("new", "layout shop_orders\no 1 g 100 9 g@example.com\n", "old", "layout shop_orders\no 2 g 100 3 g@example.com\n")
	h := newHouse(t, w)
	h.read("", "new")
	h.read("", "old")
	if got := h.record("contact", "g").Current().Text("name"); got != "Guest9" {
		t.Errorf("an older order, told later, says the name: %q", got)
	}
}

func TestUndoGivesBackWhatWas(t *testing.T) {
	t.Parallel()
	h := newHouse(t, files("p", people, "q", "layout shop_customers\nc 1 jana@sternwarte.example NoJana 8\nc 7 new@example.com New\nbad\n", "o", orders))
	h.read("", "p")
	h.read("import_partly", "q")
	out := h.read("", "o")
	if _, err := h.svc.ImportUndo(context.Background(), service.ImportUndoIn{Run: "r2"}); err != nil {
		t.Fatal(err)
	}
	if r := h.record("contact", "1"); r.Current().Text("name") != "Jana" {
		t.Errorf("contact 1 is %q", r.Current().Text("name"))
	}
	if h.record("contact", "7") != nil || len(h.questions()) != 0 {
		t.Error("what the run brought is still there")
	}
	if out.Total.Sums[0].Net != 195500 || h.record("order", "1001") == nil {
		t.Error("the orders are not what they were")
	}
	again := h.read("import_partly", "q")
	if c := again.Total.Counts; c.Changed != 1 || c.New != 1 || len(h.questions()) != 1 || again.Files[0].Resumed {
		t.Errorf("after undo the file reads as %+v", c)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, files("p", people, "empty", "", "dir", "a folder", "sub/odd.txt", "what is this?"))
	out := h.read("import_partly", "missing", "empty", "p", "dir", "sub/odd.txt")
	want := []string{"file_missing", "file_empty", "", "file_folder", "file_refused"}
	for i, f := range out.Files {
		got := ""
		if f.Error != nil {
			got = f.Error.Code
			if f.Error.Class != state.Invalid || f.Error.Args["file"] != f.File {
				t.Errorf("error of %s: %+v", f.File, f.Error)
			}
		}
		if got != want[i] {
			t.Errorf("%s: code %q, want %q", f.File, got, want[i])
		}
	}
	if r := out.Files[4].Error.Args["reason"]; r != "this is no shelf; say what it is" {
		t.Errorf("reason %q", r)
	}
	if out.Total.Counts.New != 3 || len(h.runs()) != 1 {
		t.Errorf("the good file was not read: %+v", out.Total.Counts)
	}
	_, err := h.try(service.ImportIn{Files: []string{"missing"}})
	h.wantCode(err, "file_missing")
	_, err = h.try(service.ImportIn{Files: []string{"missing", "empty"}})
	if e := state.AsError(err); e.Class != state.Partly || e.Args["files"] != "2" || e.Args["rows"] != "0" {
		t.Errorf("error %v", err)
	}
}

func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	h := newHouse(t, files("p", people))
	for _, c := range []struct {
		in   service.ImportIn
		code string
	}{
		{service.ImportIn{}, "no_files"},
		{service.ImportIn{Files: []string{"p"}, As: "kept"}, "connection_name"},
		{service.ImportIn{Files: []string{"p"}, As: "Shop"}, "connection_name"},
		{service.ImportIn{Files: []string{"p"}, As: "-shop"}, "connection_name"},
		{service.ImportIn{Files: []string{"p"}, As: "a b"}, "connection_name"},
		{service.ImportIn{Files: []string{"p"}, As: strings.Repeat("a", 65)}, "connection_name"},
		{service.ImportIn{Files: []string{"p"}, Type: "vcard"}, "no_such_connector"},
		{service.ImportIn{Files: []string{"p"}, Options: map[string]string{"colour": "red"}}, "unknown_option"},
		{service.ImportIn{Files: []string{"p"}, Options: map[string]string{"path": "q"}}, "unknown_option"},
		{service.ImportIn{Files: []string{"p"}, Dry: true}, "no_scratch"},
	} {
		_, err := h.try(c.in)
		h.wantCode(err, c.code)
	}
	if len(h.runs()) != 0 {
		t.Error("a refused call left a run")
	}
}

func TestConnectionsStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	h := newHouse(t, files("p", people, "o", orders, "g", "layout google_contacts\nc 1 other@example.com Other\n"))
	out, err := h.try(service.ImportIn{Files: []string{"p"}})
	h.wantCode(err, "")
	if got := out.Total.Connection; got != "shop_customers" {
		t.Errorf("the default connection is %q", got)
	}
	h.read("", "p", "o")
	h.read("connection_layout", "g")
	_, err = h.try(service.ImportIn{Files: []string{"p"}, As: "shop", Type: "drawer"})
	h.wantCode(err, "connection_type")
	if _, err = h.svc.ImportUndo(context.Background(), service.ImportUndoIn{Run: "r2"}); err != nil {
		t.Fatal(err)
	}
	h.read("", "g")
}

func TestOptionsAreRemembered(t *testing.T) {
	t.Parallel()
	h := newHouse(t, files("p", people, "o", orders))
	h.eng.env.Defaults = map[string]string{"currency": "CHF", "colour": "red"}
	last := func() map[string]string { return h.opens[len(h.opens)-1] }
	in := service.ImportIn{Files: []string{"p"}, As: "shop", Options: map[string]string{"map": "a=b", "key": "geheim"}}
	_, err := h.try(in)
	h.wantCode(err, "")
	if want := map[string]string{"path": "p", "map": "a=b", "key": "geheim", "zone": "UTC", "currency": "CHF"}; !cmp.Equal(last(), want) {
		t.Errorf("options %v, want %v", last(), want)
	}
	for k, v := range statetest.Dump(t, h.store) {
		if strings.Contains(k+v, "geheim") {
			t.Errorf("the secret is in the state: %s", k)
		}
	}
	h.read("", "p")
	if last()["map"] != "a=b" || last()["key"] != "" {
		t.Errorf("remembered %v", last())
	}
	h.read("", "o") // another layout of the same connection: nothing is known of its columns
	if last()["map"] != "" {
		t.Errorf("another layout was given %v", last())
	}
	h.read("", "p")
	if last()["map"] != "a=b" {
		t.Errorf("remembered %v", last())
	}
	in.Options = map[string]string{"map": ""}
	_, err = h.try(in)
	h.wantCode(err, "")
	h.read("", "p")
	if _, ok := last()["map"]; ok {
		t.Errorf("a map that was taken back is remembered: %v", last())
	}
}

func TestDryChangesNothing(t *testing.T) {
	t.Parallel()
	w := files("p", people, "q", people+"c 5 neu@example.com Neu\nodd\n")
	h := newHouse(t, w)
	h.read("", "p")
	before := statetest.Dump(t, h.store)
	discarded := 0
	h.eng.env.Scratch = func(context.Context) (*service.Service, func(), error) {
		scratch := houseOn(t, w, statetest.Mem())
		scratch.read("", "p") // stands for the copy
		return scratch.svc, func() { discarded++; _ = scratch.store.Close() }, nil
	}
	out, err := h.try(service.ImportIn{Files: []string{"q"}, As: "shop", Dry: true})
	h.wantCode(err, "import_partly")
	if diff := cmp.Diff(before, statetest.Dump(t, h.store)); diff != "" {
		t.Errorf("a dry run changed the state: %s", diff)
	}
	if discarded != 1 || !out.Dry {
		t.Errorf("discarded %d times", discarded)
	}
	f := out.Files[0]
	if c := f.Run.Counts; c.New != 1 || c.Same != 3 || c.Aside != 1 || f.Rejected[0].Question == "" {
		t.Errorf("counts %+v, rejected %+v", c, f.Rejected)
	}
	want := []service.ImportColumn{{Name: "what", Field: "id", Why: "layout", Samples: []string{"a", "b", "c"}},
		{Name: "who; where", Field: "email", Why: "name", Samples: []string{}}}
	if diff := cmp.Diff(want, f.Columns); diff != "" {
		t.Errorf("columns: %s", diff)
	}
}

func TestManyRefusals(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("layout shop_customers\n")
	for i := range 130 {
		fmt.Fprintf(&b, "row %d\n", i)
	}
	h := newHouse(t, files("p", b.String()))
	h.page, h.eng.enough = 40, func() int { return 500 }
	f := h.read("import_partly", "p").Files[0]
	if len(f.Rejected) != 100 || f.Unsaid != 30 || f.Run.Counts.Aside != 130 || len(h.questions()) != 130 {
		t.Errorf("%d listed, %d more, %d questions", len(f.Rejected), f.Unsaid, len(h.questions()))
	}
}

func TestBrokenConnectors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bend func(*connectors.Page)
		code string
	}{
		"a row that nothing became of": {func(p *connectors.Page) { p.Told++ }, "run_unbalanced"},
		"a cursor that stands still":   {func(p *connectors.Page) { p.Next, p.More = "", true }, "connector_fault"},
		"no id":                        {func(p *connectors.Page) { p.Changes[0].Record.ID = "" }, "connector_fault"},
		"no kind":                      {func(p *connectors.Page) { p.Changes[0].Record.Kind = "" }, "connector_fault"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := files("p", people)
			w.bend = c.bend
			h := newHouse(t, w)
			out := h.read(c.code, "p")
			if e := out.Files[0].Error; e == nil || e.Class != state.Failed {
				t.Errorf("error %+v", e)
			}
			if r := h.runs()[0]; r.State == state.RunRunning {
				t.Error("the run says that it is still running")
			}
		})
	}
}

func TestImportsWaitForEachOther(t *testing.T) {
	t.Parallel()
	w := files("p", people, "o", orders)
	h := newHouse(t, w)
	h.eng.turn <- struct{}{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := h.eng.Import(ctx, service.ImportIn{Files: []string{"p"}})
		done <- err
	}()
	cancel()
	h.wantCode(<-done, "cancelled")
	<-h.eng.turn
	errs := make(chan error)
	for _, f := range []string{"p", "o", "p"} {
		go func() {
			_, err := h.eng.Import(context.Background(), service.ImportIn{Files: []string{f}, As: "shop"})
			errs <- err
		}()
	}
	for range 3 {
		h.wantCode(<-errs, "")
	}
	if slices.ContainsFunc(h.runs(), func(r *state.Run) bool { return r.State != state.RunDone }) {
		t.Error("an import was disturbed by another")
	}
}
