package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// drawer is a connector that reads a folder of .card files as one source: a contact for each.
type drawer struct {
	path string
	env  connectors.Env
}

func (d *drawer) Check(context.Context) error { return nil }

func (d *drawer) Pull(context.Context, connectors.Kind, connectors.Cursor) (connectors.Page, error) {
	names, err := d.env.List(d.path)
	if err != nil {
		names = []string{""}
	}
	var p connectors.Page
	for _, n := range names {
		path := d.path
		if err == nil {
			path = inFolder(d.path, n)
		}
		f, err := d.env.Open(path)
		if err != nil {
			return p, &connectors.Error{Class: connectors.Transient, Text: "gone", Cause: err}
		}
		text := make([]byte, f.Size())
		_, _ = f.ReadAt(text, 0)
		_ = f.Close()
		p.Told++
		p.Changes = append(p.Changes, connectors.Change{Where: n + ":1", Record: connectors.Record{Kind: connectors.Contact, ID: string(text), Keyed: connectors.KeyedID}})
	}
	return p, nil
}

func folderHouse(t *testing.T, endings []string, folders bool) *house {
	h := newHouse(t, files())
	h.eng.env.Open, h.eng.env.List, h.eng.env.Folders = openFile, listFolder, listFolders
	h.eng.specs = append(h.eng.specs, connectors.Spec{Name: "cards", Endings: endings, Folders: folders, Options: []connectors.Option{{Name: PathOption}},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: {}},
		Open: func(_ context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
			if strings.HasSuffix(options[PathOption], "empty") {
				return nil, &connectors.Error{Class: connectors.Invalid, Text: "no cards"}
			}
			return &drawer{options[PathOption], env}, nil
		}})
	return h
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "book")
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAFolderIsOneSource(t *testing.T) {
	t.Parallel()
	h := folderHouse(t, []string{"card"}, true)
	dir := folder(t, map[string]string{"b.card": "jana", "a.CARD": "李", ".hidden": "no", "sub/c.card": "no"})
	for range 2 {
		out := h.read("", dir+"/")
		if f := out.Files[0]; f.Layout != "cards" || f.Run.Source != "book" || f.Run.Counts.Told != 2 || f.Run.State != state.RunDone {
			t.Errorf("%+v", f)
		}
	}
	for _, id := range []string{"jana", "李"} {
		if h.record("contact", id) == nil {
			t.Errorf("%s was not read", id)
		}
	}
	if got := h.record("contact", "jana").Current().Where; got != "b.card:1" {
		t.Errorf("jana stands at %s", got)
	}
}

// What one connection read of a folder is known again by all of its files: name and content.
func TestAFoldersDigest(t *testing.T) {
	t.Parallel()
	h := folderHouse(t, []string{"card"}, true)
	seen := map[string]bool{}
	for i, files := range []map[string]string{{"a.card": "x", "b.card": "y"}, {"a.card": "xy", "b.card": ""}, {"a.card": "x", "c.card": "y"}, {"a.card": "x"}, {"a.card": "x", "b.card": "y"}} {
		s, err := h.eng.source(context.Background(), folder(t, files), "", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := h.eng.digest(context.Background(), s, "shop")
		if err != nil || seen[string(d)] != (i == 4) {
			t.Errorf("folder %d: seen before %v, %v", i, seen[string(d)], err)
		}
		seen[string(d)] = true
	}
}

func TestAFolderThatNobodyReads(t *testing.T) {
	t.Parallel()
	try := func(h *house, path string) error {
		_, err := h.try(service.ImportIn{As: "shop", Files: []string{path}})
		return err
	}
	h := folderHouse(t, []string{"card"}, false)
	h.wantCode(try(h, folder(t, map[string]string{"a.card": "x"})), "file_folder")
	h = folderHouse(t, []string{"card"}, true)
	h.wantCode(try(h, folder(t, map[string]string{"a.txt": "", "../empty/x": ""})+"/../empty"), "file_folder")
	h.wantCode(try(h, filepath.Join(t.TempDir(), "nothing")), "file_missing")
	// Without a way to list, there are no folders.
	if _, err := New(nil, Env{Open: files().open}).env.List("book"); !errors.Is(err, errNoFolder) {
		t.Error(err)
	}
}

func TestEndingsChooseTheConnector(t *testing.T) {
	t.Parallel()
	h := folderHouse(t, []string{"vcf"}, true)
	for path, want := range map[string]string{"x.VCF": "cards", "x.cards": "cards", "x.drawer": "drawer", "x.txt": "cards", "x": "cards"} {
		specs, err := h.eng.candidates(path, "")
		if err != nil || specs[0].Name != want || len(specs) != 3 {
			t.Errorf("%s: %v %v", path, specs[0].Name, err)
		}
		// Who takes any file comes after those that know their own.
		if last := specs[2].Name; last == "cards" {
			t.Errorf("%s: %s comes last", path, last)
		}
	}
}

// A connector that reads folders within its folder says which files those are.
func TestADigestOfFoldersWithinFolders(t *testing.T) {
	t.Parallel()
	h := folderHouse(t, []string{"card"}, true)
	spec := &h.eng.specs[len(h.eng.specs)-1]
	plain := spec.Open
	spec.Open = func(ctx context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
		c, err := plain(ctx, options, env)
		if err != nil {
			return nil, err
		}
		subs, err := env.Folders(options[PathOption])
		if err != nil || !slices.Equal(subs, []string{".hid", "sub"}) {
			t.Errorf("folders %v %v", subs, err)
		}
		return &chest{c.(*drawer)}, nil
	}
	seen := map[string]bool{}
	for i, files := range []map[string]string{{"sub/a.card": "x", ".hid/y": "", "b.card": "y"}, {"sub/a.card": "y", ".hid/y": "", "b.card": "y"}, {"sub/b.card": "x", ".hid/y": "", "b.card": "y"},
		{"sub/a.card": "x", ".hid/y": "other", "b.card": "no part of it"}} {
		s, err := h.eng.source(context.Background(), folder(t, files), "", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := h.eng.digest(context.Background(), s, "shop")
		if err != nil || seen[string(d)] != (i == 3) {
			t.Errorf("folder %d: seen before %v, %v", i, seen[string(d)], err)
		}
		seen[string(d)] = true
	}
}

// chest reads only what lies in the folder sub.
type chest struct{ *drawer }

func (c *chest) Sources(context.Context) ([]string, error) {
	names, err := c.env.List(c.path + "/sub")
	for i := range names {
		names[i] = c.path + "/sub/" + names[i]
	}
	return names, err
}
