package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
)

// Salvaged is what [Salvage] found.
type Salvaged struct {
	// Kept is where the damaged file stands now; empty where it was only looked at.
	Kept string
	// Damages has every page that does not hold, with what is lost by it. Repaired are those by
	// which nothing is lost, where the file was replaced.
	Damages []state.Damage
}

// SalvageOptions say what to do with a damaged file.
type SalvageOptions struct {
	// Kinds are the collections that the program declares. Their indexes are built anew.
	Kinds []*state.Kind
	// To is where the copy goes, a file that is not there yet. Without it the copy takes the place
	// of the damaged file, which stays beside it, with .damaged-1 (or a higher number) behind its name.
	To string
}

// salvageStep lets tests stop between any two steps.
var salvageStep = func(string) {}

// Salvage looks at every page and every value of a file that nobody has open. Where all hold it
// does nothing and returns nil. Else it copies everything that can be read into a new file, with
// indexes built anew and sequences that are not behind any number seen. Errors: state_locked while
// somebody has the file, state_headless where neither meta page is whole, state_truncated for a file
// that ends too early and is not to be replaced, disk_full; the file is then as it was.
func Salvage(ctx context.Context, path string, o SalvageOptions) (*Salvaged, error) {
	f, err := lockedFile(path, o.To == "")
	if err != nil {
		return nil, translate(path, err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, translate(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fail(state.Failed, "state_foreign", path, nil)
	}
	m, err := inspect(f, info.Size(), path)
	short := state.IsCode(err, "state_truncated") && m.pageSize > 0
	if err != nil && (!short || o.To != "") {
		return nil, err
	}
	s := newSurvey(ctx, f, m, o.Kinds)
	if short {
		n := s.add(badPage{detail: fmt.Sprintf("%d bytes of %d", info.Size(), m.size())})
		n.code = "file_short"
	}
	if err := s.run(); err != nil {
		return nil, translate(path, err)
	}
	if len(s.found) == 0 {
		return nil, nil
	}
	if !s.ours() {
		return nil, fail(state.Failed, "state_foreign", path, nil)
	}
	salvageStep("surveyed")
	if o.To != "" {
		if err := s.copyTo(o.To, o.Kinds, 0o600); err != nil {
			return nil, err
		}
		return &Salvaged{Damages: s.damages(false)}, nil
	}
	kept, err := s.replace(f, path, info.Mode().Perm(), o.Kinds)
	if err != nil {
		return nil, translate(path, err)
	}
	return &Salvaged{Kept: kept, Damages: s.damages(true)}, nil
}

// lockedFile opens a file and locks it against whoever opens it with bbolt.
func lockedFile(path string, alone bool) (*os.File, error) {
	flags := os.O_RDONLY
	if alone {
		flags = os.O_RDWR
	}
	f, err := os.OpenFile(path, flags, 0)
	if err != nil {
		return nil, err
	}
	ok, err := lockFile(f, alone)
	if err == nil && ok {
		// It may have been replaced between opening and locking.
		held, herr := f.Stat()
		named, nerr := os.Stat(path)
		ok, err = herr == nil && nerr == nil && os.SameFile(held, named), errors.Join(herr, nerr)
	}
	if err == nil && !ok {
		err = fail(state.Unavailable, "state_locked", path, nil)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// ours says whether anything in the file is Kept's.
func (s *survey) ours() bool {
	if len(s.trees[metaBucket]) > 0 {
		return true
	}
	for bucket := range s.kinds {
		if len(s.trees[bucket]) > 0 {
			return true
		}
	}
	return false
}

// replace puts a copy in the place of the file. At every moment there is one of the two under its name.
func (s *survey) replace(f *os.File, path string, mode os.FileMode, kinds []*state.Kind) (kept string, err error) {
	dir := filepath.Dir(path)
	stale, _ := filepath.Glob(globEscape(path) + ".repairing-*")
	for _, name := range stale {
		_ = os.Remove(name) // of a repair that was stopped: we have the lock
	}
	name := path + ".repairing-" + strconv.Itoa(os.Getpid())
	defer func() { _ = os.Remove(name) }()
	if err := s.copyTo(name, kinds, mode); err != nil {
		return "", err
	}
	salvageStep("copied")
	if kept, err = keepDamaged(f, path); err != nil {
		return "", err
	}
	salvageStep("kept")
	if runtime.GOOS == "windows" {
		_ = f.Close() // an open file cannot be replaced there
	}
	if err := os.Rename(name, path); err != nil {
		return "", err
	}
	salvageStep("renamed")
	return kept, syncDir(dir)
}

func globEscape(path string) string {
	out := make([]rune, 0, len(path))
	for _, r := range path {
		switch r {
		case '*', '?', '[':
			out = append(out, '[', r, ']')
		default:
			out = append(out, r)
		}
	}
	return string(out)
}

// keepDamaged gives the damaged file a second name, the first that is free.
func keepDamaged(f *os.File, path string) (string, error) {
	held, err := f.Stat()
	if err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s.damaged-%d", path, n)
		there, err := os.Lstat(name)
		switch {
		case err == nil && os.SameFile(held, there):
			return name, nil // a repair was stopped right here
		case err == nil:
			continue
		case !errors.Is(err, os.ErrNotExist):
			return "", err
		}
		if err = os.Link(path, name); err == nil || errors.Is(err, os.ErrExist) {
			if err == nil {
				return name, syncDir(filepath.Dir(path))
			}
			continue
		}
		return name, copyFile(f, name, held.Mode().Perm()) // the file system has no hard links
	}
}

func copyFile(f *os.File, name string, mode os.FileMode) error {
	to, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = io.Copy(to, io.NewSectionReader(f, 0, info.Size()))
	}
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		_ = os.Remove(name)
	}
	return err
}

// copyTo writes what can be read to a new file, completes and checks it.
func (s *survey) copyTo(name string, kinds []*state.Kind, mode os.FileMode) (err error) {
	made := false
	defer func() {
		if err != nil && made {
			_ = os.Remove(name)
		}
	}()
	to, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, mode)
	if err != nil {
		return translate(name, err)
	}
	made = true
	if err := to.Close(); err != nil {
		return translate(name, err)
	}
	db, err := bbolt.Open(name, mode, &bbolt.Options{NoSync: true, NoGrowSync: true, FreelistType: bbolt.FreelistMapType, NoStatistics: true})
	if err != nil {
		return translate(name, err)
	}
	c := &copier{survey: s, db: db, highest: map[string]uint64{}}
	err = c.run()
	if err == nil {
		err = db.Sync()
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return translate(name, err)
	}
	salvageStep("written")
	store, err := Open(name, Options{Kinds: kinds})
	if err != nil {
		return err
	}
	for _, k := range kinds {
		if err == nil && len(k.Indexes) > 0 && !k.History {
			err = store.repair(s.ctx, k)
		}
	}
	salvageStep("indexed")
	if err == nil {
		var bad error
		err = store.CheckStorage(s.ctx, kinds, false, func(d state.Damage) {
			if slices.Contains([]string{"page", "value", "index_missing", "index_extra"}, d.Code) {
				bad = fail(state.Failed, "state_io", name, fmt.Errorf("what was just written is damaged: %s %s", d.Code, d.Detail))
			}
		})
		err = cmp.Or(err, bad)
	}
	return translate(name, cmp.Or(err, store.Close()))
}

// damages tells what was found.
func (s *survey) damages(replaced bool) []state.Damage {
	out := make([]state.Damage, 0, len(s.found))
	for _, n := range s.found {
		d := n.badPage.damage()
		d.Code, d.Lost = n.code, n.lost
		if n.code != "page" && n.code != "head" {
			d.Page, d.Detail = 0, n.detail
		}
		if n.code == "value" && len(n.lost) > 0 {
			d.Key = n.lost[0].From
		}
		d.Repaired = replaced && n.done
		out = append(out, d)
	}
	return out
}
