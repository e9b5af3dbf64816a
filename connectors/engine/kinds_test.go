package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

// pile is a connector with several kinds and nothing but a Puller; one thing a page.
type pile struct {
	tell map[connectors.Kind][]string
	fail map[string]bool // kind and cursor at which it fails once
	asks []string
}

func (p *pile) Check(context.Context) error { return nil }

func (p *pile) Pull(_ context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	at := string(kind) + string(from)
	p.asks = append(p.asks, at)
	if p.fail[at] {
		delete(p.fail, at)
		return connectors.Page{}, &connectors.Error{Class: connectors.Transient, Text: "later"}
	}
	i, _ := strconv.Atoi(string(from))
	ids := p.tell[kind]
	if i >= len(ids) {
		return connectors.Page{Next: from}, nil
	}
	r := connectors.Record{Kind: kind, ID: ids[i], Keyed: connectors.KeyedID}
	if kind == connectors.Order {
		r.Order = &connectors.OrderData{Number: ids[i], State: connectors.OrderPaid, Counts: true, Total: 100, Currency: "EUR"}
	}
	return connectors.Page{Changes: []connectors.Change{{Record: r}}, Told: 1, Next: connectors.Cursor(strconv.Itoa(i + 1)), More: i+1 < len(ids)}, nil
}

func pileHouse(t *testing.T, p *pile) *house {
	w := files("p", "x")
	h := houseOn(t, w, statetest.Mem())
	h.eng.enough = func() int { return 1 }
	h.eng.specs = []connectors.Spec{{Name: "pile", Options: []connectors.Option{{Name: PathOption}},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Order: {}, connectors.Contact: {}, "zebra": {}, connectors.Subscription: {}},
		Open: func(context.Context, map[string]string, connectors.Env) (connectors.Connector, error) {
			return p, nil
		}}}
	return h
}

func pileTells() map[connectors.Kind][]string {
	return map[connectors.Kind][]string{connectors.Contact: {"a", "b"}, connectors.Order: {"1", "2", "3"}}
}

func TestKindsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	p := &pile{tell: pileTells()}
	h := pileHouse(t, p)
	out := h.read("", "p")
	if got := strings.Join(p.asks, " "); got != "contact contact1 subscription order order1 order2 zebra" {
		t.Errorf("asked for %s", got)
	}
	if c := out.Total.Counts; c.Told != 5 || c.New != 5 || out.Total.Sums[0].Orders != 3 || out.Files[0].Layout != "pile" {
		t.Errorf("%+v", out.Total)
	}
	want := full(t, h)
	for _, at := range append([]string(nil), p.asks...) {
		p := &pile{tell: pileTells(), fail: map[string]bool{at: true}}
		h := pileHouse(t, p)
		h.read("file_unreadable", "p")
		h.read("", "p")
		if diff := cmp.Diff(want, full(t, h)); diff != "" {
			t.Errorf("stopped at %s, the state differs: %s", at, diff)
		}
	}
}

func TestWhatTheStateCannotTakeConcernsItsFileAlone(t *testing.T) {
	t.Parallel()
	w := files("a", people, "b", "layout other_customers\nc 1 x@y.example X\n")
	w.bend = func(p *connectors.Page) {
		if c := &p.Changes[0]; c.Where == "a:2" {
			c.Record.Kind = connectors.Kind(strings.Repeat("k", 5000))
		}
	}
	h := newHouse(t, w)
	out, err := h.try(service.ImportIn{Files: []string{"a", "b"}})
	h.wantCode(err, "import_partly")
	if out.Files[0].Error == nil || out.Files[0].Run.State != state.RunInterrupted || out.Files[1].Run.State != state.RunDone {
		t.Errorf("%+v", out.Files)
	}
}

func TestTheLikeliestConnectorReadsAFile(t *testing.T) {
	t.Parallel()
	w := files("a.drawer", people, "b.txt", people, "c.txt", "nothing")
	h := newHouse(t, w)
	var opened []string
	for i := range h.eng.specs {
		name, open := h.eng.specs[i].Name, h.eng.specs[i].Open
		h.eng.specs[i].Open = func(ctx context.Context, o map[string]string, e connectors.Env) (connectors.Connector, error) {
			opened = append(opened, name)
			return open(ctx, o, e)
		}
	}
	for file, want := range map[string]string{"a.drawer": "drawer", "b.txt": "shelf", "c.txt": "shelf drawer"} {
		opened = nil
		_, _ = h.try(service.ImportIn{Files: []string{file}, As: "x-" + strings.TrimSuffix(strings.ReplaceAll(file, ".", ""), "x")})
		if got := strings.Join(opened, " "); got != want {
			t.Errorf("%s was opened by %s, want %s", file, got, want)
		}
	}
	h.eng.specs = nil
	h.read("no_file_connector", "a.drawer")
}

func TestFilesOfTheFileSystem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := newHouse(t, files())
	h.eng.env.Open = openFile
	h.read("file_missing", filepath.Join(dir, "none.txt"))
	h.read("file_folder", dir)
	path := filepath.Join(dir, "Kundenliste 李.txt")
	if err := os.WriteFile(path, []byte(people), 0o600); err != nil {
		t.Fatal(err)
	}
	h.files[path] = people // what the connector itself reads
	if out := h.read("", path); out.Files[0].Run.Source != "Kundenliste 李.txt" || out.Total.Counts.New != 3 {
		t.Errorf("%+v", out.Files[0].Run)
	}
	if got := baseName(`C:\Exports\a.csv`); got != "a.csv" {
		t.Errorf("base name %q", got)
	}
	locked := filepath.Join(dir, "locked.txt")
	if err := os.WriteFile(locked, []byte(people), 0o000); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(locked); err == nil {
		_ = f.Close() // this user may read everything
		return
	}
	h.read("file_unreadable", locked)
}

func TestAnEngineOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := New(nil, Env{})
		began := e.env.Now()
		if err := e.env.Sleep(t.Context(), time.Hour); err != nil || e.env.Now().Sub(began) != time.Hour {
			t.Errorf("slept %v: %v", e.env.Now().Sub(began), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := e.env.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled sleep says %v", err)
		}
		e.env.Warn("nobody listens")
		e.env.Progress(ctx, Progress{})
	})
}
