package bolt_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/internal/race"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

func init() { children["salvage"] = salvageUntil }

// busy makes a file with several commits behind it: trees of two and three levels, freed pages, pages
// that overflow, and buckets so small that they stand inside another page.
func busy(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kept.db")
	s := open(t, path, statetest.Kinds()...)
	fill(t, s, 1, 500)
	if err := s.Update(ctx, func(tx state.Tx) error {
		for range 500 {
			if _, err := tx.Next("person"); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	people, events := statetest.Kinds()[0], statetest.Kinds()[1]
	for round := range 6 {
		if err := s.Update(ctx, func(tx state.Tx) error {
			for i := range 60 {
				n := uint64(1 + (i*37+round*211)%500)
				if round == 5 {
					if _, err := tx.Delete(people, state.NumberKey(n)); err != nil {
						return err
					}
					continue
				}
				p := &statetest.Person{Number: n, Name: strings.Repeat("姓名", 1+i%9), Mails: []string{fmt.Sprintf("p%d@example.com", n)}, Age: i}
				if i == 7 {
					p.Photo = bytes.Repeat([]byte{byte(round)}, 9000)
				}
				if _, err := tx.Put(people, state.NumberKey(n), p, state.AnyRevision); err != nil {
					return err
				}
				if err := tx.Append(events, state.NumberKey(n), state.NumberKey(uint64(2+round)), &statetest.Event{Text: "again"}); err != nil {
					return err
				}
			}
			if _, err := tx.Next("person"); err != nil {
				return err
			}
			return tx.PutBlob(fmt.Sprintf("seen/%016x/%016x", 1, round), []byte("x"))
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func dumped(t testing.TB, path string) map[string]string {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{Kinds: statetest.Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if found := check(t, s, false); found != nil {
		t.Fatalf("damage: %q", found)
	}
	return statetest.Dump(t, s)
}

// inPage lists what stands in each page itself, as Dump names it, with the pages that overflow it.
func inPage(t testing.TB, path string) (of map[int]map[string]bool, free map[int]bool) {
	t.Helper()
	of, free = map[int]map[string]bool{}, map[int]bool{}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := os.Getpagesize()
	if err := db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
			return bucket.ForEach(func(k, v []byte) error {
				// The value's bytes stand in exactly one page that is in use; keys of inline buckets in the list's.
				for id := 0; id*size < len(b); id++ {
					info, err := tx.Page(id)
					if err != nil || info == nil {
						break
					}
					if info.Type == "free" {
						free[id] = true
						continue
					}
					end := min((id+1+info.OverflowCount)*size, len(b))
					if info.Type == "leaf" && bytes.Contains(b[id*size:end], append(bytes.Clone(k), v...)) {
						for n := id; n <= id+info.OverflowCount; n++ {
							if of[n] == nil {
								of[n] = map[string]bool{}
							}
							of[n][fmt.Sprintf("%s %q", name, k)] = true
						}
					}
					id += info.OverflowCount
				}
				return nil
			})
		})
	}); err != nil {
		t.Fatal(err)
	}
	return of, free
}

// Whatever page is written over, with whatever: the damage is told, what stood outside of it is all
// there after the repair, with whole indexes, and the damaged file is kept.
func TestSalvageOfEveryPage(t *testing.T) {
	t.Parallel()
	whole := busy(t)
	bytesOf, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	want := dumped(t, whole)
	stood, free := inPage(t, whole)
	size := os.Getpagesize()
	pages := usedBytes(t, bytesOf) / size
	dir := t.TempDir()
	path := filepath.Join(dir, "kept.db")
	for id := 0; id < pages; id += race.Size(1, 6) {
		fillings := map[string]func(i int) byte{
			"0xff": func(int) byte { return 0xff }, "zeros": func(int) byte { return 0 },
			"noise": func(int) byte { return byte(rand.IntN(256)) },
		}
		for name, fill := range fillings {
			if len(stood[id]) > 0 && (id+len(name))%5 != 0 && id > 12 {
				continue // a sample of the many alike
			}
			b := bytes.Clone(bytesOf)
			for i := range size {
				b[id*size+i] = fill(i)
			}
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("page %d, %s", id, name)
			copied := filepath.Join(dir, "copy.db")
			looked, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds(), To: copied})
			if err != nil {
				t.Fatalf("%s: looking: %v", what, err)
			}
			if free[id] {
				if looked != nil {
					t.Errorf("%s is free, and is told: %+v", what, looked)
				}
				continue
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, b) {
				t.Fatalf("%s: looking changed the file, %v", what, err)
			}
			saved, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds()})
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if looked == nil || saved == nil {
				// A page that overflows another may have nothing in it, or the middle of a value: nobody can see that.
				if got := dumped(t, path); len(stood[id]) == 0 && !maps.Equal(got, want) {
					t.Fatalf("%s: nothing is told, and the state is another", what)
				}
				continue
			}
			if kept, err := os.ReadFile(saved.Kept); err != nil || !bytes.Equal(kept, b) {
				t.Fatalf("%s: the damaged file was not kept: %v", what, err)
			}
			want := want
			if id < 2 {
				want = older(t, b) // the last commit may be what is missing
			}
			for _, p := range []string{copied, path} {
				compare(t, what, want, dumped(t, p), stood[id], saved)
			}
			for _, p := range []string{copied, saved.Kept} {
				if err := os.Remove(p); err != nil {
					t.Fatal(err)
				}
			}
			if t.Failed() {
				return
			}
		}
	}
}

// older gives the picture that bbolt itself sees with one meta page.
func older(t *testing.T, b []byte) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "older.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := bolt.Open(path, bolt.Options{Kinds: statetest.Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	return statetest.Dump(t, s)
}

// compare sees that nothing is missing but what stood in the page, and that this is told.
func compare(t *testing.T, what string, want, got map[string]string, stood map[string]bool, saved *bolt.Salvaged) {
	t.Helper()
	docs := false
	for place, v := range want {
		bucket, _, _ := strings.Cut(place, " ")
		is, there := got[place]
		switch {
		case there && is == v:
		case bucket == "seq" && there && stood[place] && got[fmt.Sprintf("d/person %q", is)] != "":
			// The last numbers were drawn and are not in use, so that nothing shows them.
		case bucket == "seq" && there:
			t.Errorf("%s: sequence %s is %q, was %q", what, place, is, v)
		case stood[place], strings.HasPrefix(bucket, "i/") && !there:
			docs = docs || !there && !strings.HasPrefix(bucket, "i/") && bucket != "seq"
		default:
			t.Errorf("%s: %s is missing or changed: %.40q", what, place, is)
		}
	}
	for place := range got {
		if _, ok := want[place]; !ok {
			t.Errorf("%s: %s was not there before", what, place)
		}
	}
	people, index := 0, 0
	for place := range got {
		switch {
		case strings.HasPrefix(place, "d/person "):
			people++
		case strings.HasPrefix(place, "i/person/mail "):
			index++
		}
	}
	if people != index {
		t.Errorf("%s: %d people, %d in the index", what, people, index)
	}
	lost := slices.ContainsFunc(saved.Damages, func(d state.Damage) bool { return !d.Repaired && len(d.Lost) > 0 })
	open := slices.ContainsFunc(saved.Damages, func(d state.Damage) bool { return !d.Repaired })
	if lost != docs || open != docs {
		t.Errorf("%s: lost %v, told %v: %+v", what, docs, lost, saved.Damages)
	}
}

// A document leaf names exactly the numbers that stood in it, for its indexes know them.
func TestSalvageNamesWhatIsLost(t *testing.T) {
	t.Parallel()
	path := busy(t)
	want := dumped(t, path)
	page, _ := leafOf(t, path, "d/person", state.NumberKey(400))
	overwrite(t, path, page)
	saved, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds()})
	if err != nil || len(saved.Damages) == 0 {
		t.Fatalf("%+v, %v", saved, err)
	}
	got := dumped(t, path)
	told := map[string]bool{}
	for _, d := range saved.Damages {
		for _, g := range d.Lost {
			if d.Page != uint64(page) || g.Collection != "person" || !g.Surely {
				t.Errorf("told %+v of page %d, not %d", g, d.Page, page)
			}
			for n := state.KeyNumber(g.From); n <= state.KeyNumber(g.To); n++ {
				told[fmt.Sprintf("d/person %q", state.NumberKey(n))] = true
			}
		}
	}
	missing := map[string]bool{}
	for place := range want {
		if _, ok := got[place]; !ok && strings.HasPrefix(place, "d/") {
			missing[place] = true
		}
	}
	if len(missing) == 0 || !maps.Equal(missing, told) {
		t.Errorf("missing %q, told %q", slices.Sorted(maps.Keys(missing)), slices.Sorted(maps.Keys(told)))
	}
}

// leafOf gives the page in which a key stands, and the branch above it.
func leafOf(t testing.TB, path, bucket string, key []byte) (leaf, branch int64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var id int64
	raw(t, path, func(tx *bbolt.Tx) error { id = int64(tx.Bucket([]byte(bucket)).Root()); return nil })
	for size := int64(os.Getpagesize()); ; {
		p := b[id*size:]
		if binary.NativeEndian.Uint16(p[8:])&1 == 0 {
			return id, branch
		}
		branch = id
		for i := range int64(binary.NativeEndian.Uint16(p[10:])) {
			e := p[16*(i+1):]
			at, n := binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:])
			if i == 0 || bytes.Compare(e[at:at+n], key) <= 0 {
				id = int64(binary.NativeEndian.Uint64(e[8:]))
			}
		}
	}
}

func overwrite(t testing.TB, path string, pages ...int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(os.Getpagesize())
	for _, page := range pages {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, int(size)), page*size); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSalvageWithBothMetaPagesGone(t *testing.T) {
	t.Parallel()
	path := busy(t)
	overwrite(t, path, 0, 1)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds()}); err == nil {
		t.Error("it was salvaged")
	} else if !state.IsCode(err, "state_headless") && !state.IsCode(err, "state_foreign") {
		t.Errorf("salvaging: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed, %v", err)
	}
	// With the mark of a state left, but not its check sums.
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(busy(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{16 + 20, os.Getpagesize() + 16 + 20} {
		whole[at] ^= 0xff
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds()}); !state.IsCode(err, "state_headless") {
		t.Errorf("salvaging: %v", err)
	}
	refused(t, path, "state_headless", bolt.Options{})
}

// What a file that was cut short still has is saved when that is asked for, and only then.
func TestSalvageOfTruncatedFile(t *testing.T) {
	t.Parallel()
	whole := busy(t)
	want := dumped(t, whole)
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	used := usedBytes(t, b)
	for _, part := range []int{2, 3, 10, 40} {
		path := filepath.Join(t.TempDir(), "kept.db")
		if err := os.WriteFile(path, b[:used-used/part], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds(), To: path + ".copy"}); !state.IsCode(err, "state_truncated") {
			t.Errorf("looking: %v", err)
		}
		saved, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds()})
		if err != nil {
			t.Fatalf("1/%d cut off: %v", part, err)
		}
		if !slices.ContainsFunc(saved.Damages, func(d state.Damage) bool { return d.Code == "file_short" }) {
			t.Errorf("told %+v", saved.Damages)
		}
		older := map[string]bool{}
		for _, d := range saved.Damages {
			for _, g := range d.Lost {
				for n := state.KeyNumber(g.From); d.Code == "older" && g.Collection == "person" && n <= state.KeyNumber(g.To); n++ {
					older[fmt.Sprintf("d/person %q", state.NumberKey(n))] = true
				}
			}
		}
		got := dumped(t, path)
		docs := 0
		for place, v := range got {
			if want[place] != v && strings.HasPrefix(place, "d/") && !older[place] {
				t.Errorf("1/%d cut off: %s is not as it was", part, place)
			}
			if strings.HasPrefix(place, "d/") {
				docs++
			}
		}
		if docs == 0 {
			t.Errorf("1/%d cut off: nothing was saved", part)
		}
	}
}

func TestSalvageNeedsTheFileAlone(t *testing.T) {
	t.Parallel()
	path := busy(t)
	page, _ := leafOf(t, path, "i/person/name", []byte("name 3"))
	overwrite(t, path, page)
	s := open(t, path, statetest.Kinds()...)
	for _, to := range []string{"", path + ".copy"} {
		if _, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds(), To: to}); !state.IsCode(err, "state_locked") {
			t.Errorf("while it is open: %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	saved, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds()})
	if err != nil || slices.ContainsFunc(saved.Damages, func(d state.Damage) bool { return !d.Repaired || len(d.Lost) > 0 }) {
		t.Errorf("an index alone: %+v, %v", saved, err)
	}
	again, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds()})
	if again != nil || err != nil {
		t.Errorf("again: %+v, %v", again, err)
	}
	// The store tells what was found before it was opened.
	told, err := bolt.Open(path, bolt.Options{Kinds: statetest.Kinds(), Salvaged: saved})
	if err != nil {
		t.Fatal(err)
	}
	if got := check(t, told, false); !slices.Equal(got, []string{"page person name true"}) {
		t.Errorf("told %q", got)
	}
	if err := told.Close(); err != nil {
		t.Fatal(err)
	}
}

// salvageUntil repairs and dies at the step that the file's name ends with.
func salvageUntil(path string) error {
	path, until, _ := strings.Cut(path, "#")
	bolt.SetSalvageStep(func(step string) {
		fmt.Println(step)
		if step == until {
			os.Exit(7)
		}
	})
	_, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds()})
	return err
}

// Killed between any two steps of a repair there is the damaged file or the whole new one, and the
// next repair completes it.
func TestKilledWhileSalvaging(t *testing.T) {
	t.Parallel()
	whole := busy(t)
	page, branch := leafOf(t, whole, "d/person", state.NumberKey(200))
	overwrite(t, whole, page, branch)
	damaged, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	run := func(path, until string) (steps []string) {
		c := child(t, "salvage", path+"#"+until)
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			steps = append(steps, lines.Text())
		}
		if err := c.Wait(); (err != nil) != (until != "") {
			t.Fatalf("until %q: %v, %q", until, err, steps)
		}
		return steps
	}
	first := filepath.Join(t.TempDir(), "kept.db")
	if err := os.WriteFile(first, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	steps := run(first, "")
	if len(steps) < 6 {
		t.Fatalf("steps %q", steps)
	}
	want := dumped(t, first)
	for _, step := range steps {
		dir := t.TempDir()
		path := filepath.Join(dir, "kept.db")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		run(path, step)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("killed at %q: %v", step, err)
		}
		if !bytes.Equal(b, damaged) && !maps.Equal(dumped(t, path), want) {
			t.Errorf("killed at %q: neither the old nor the new file", step)
		}
		if _, err := bolt.Salvage(ctx, path, bolt.SalvageOptions{Kinds: statetest.Kinds()}); err != nil {
			t.Fatalf("after a kill at %q: %v", step, err)
		}
		if !maps.Equal(dumped(t, path), want) {
			t.Errorf("killed at %q and repaired: another state", step)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if !slices.Equal(names, []string{"kept.db", "kept.db.damaged-1"}) {
			t.Errorf("killed at %q and repaired: the folder has %q", step, names)
		}
	}
	if _, err := os.Stat(first + ".damaged-1"); errors.Is(err, os.ErrNotExist) {
		t.Error("the damaged file was not kept")
	}
}
