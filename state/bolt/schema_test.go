package bolt_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

// testdata/schema1.db was written by the first version of the test collection and is not written
// again: it stands for the files that people have. To make it anew, after a change that old files
// need not survive:
//
//	go test ./state/bolt -run TestOldFile -write-old-file
var writeOldFile = flag.Bool("write-old-file", false, "write testdata/schema1.db anew")

const oldFile = "testdata/schema1.db"

func copyOf(t testing.TB, from string) string {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "kept.db")
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestOldFileIsReadUpgradedAndRewritten(t *testing.T) {
	t.Parallel()
	if *writeOldFile {
		path := filepath.Join(t.TempDir(), "old.db")
		s := open(t, path, statetest.TicketsV1.Kind, statetest.StepsV1)
		if err := s.Update(ctx, statetest.WriteOld); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := s.Backup(ctx, &b, true); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(oldFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := copyOf(t, oldFile)
	kinds := []*state.Kind{statetest.TicketsV2.Kind, statetest.StepsV2}
	if _, err := bolt.Open(path, bolt.Options{Kinds: kinds, ReadOnly: true}); !state.IsCode(err, "older_state") {
		t.Errorf("reading only, an old file: %v", err)
	}
	for _, when := range []string{"upgraded", "opened again"} {
		s := open(t, path, kinds...)
		statetest.Check(t, s)
		if err := s.View(ctx, func(tx state.Tx) error {
			list, err := statetest.TicketsV2.List(tx, state.Range{Index: "priority"})
			if err != nil {
				return err
			}
			if len(list) != 3 || list[0].Title != "水壶坏了" || list[1].Title != "Lost lid" || list[2].Priority != 3 {
				t.Errorf("%s: by priority: %+v", when, list)
			}
			list, err = statetest.TicketsV2.By(tx, "title", state.TextKey("kettle"))
			if err != nil || len(list) != 1 || list[0].Number != 1 {
				t.Errorf("%s: by word: %+v, %v", when, list, err)
			}
			_, rev, err := statetest.TicketsV2.GetRev(tx, state.NumberKey(3))
			if err != nil || rev != 2 {
				t.Errorf("%s: revision %d, %v", when, rev, err)
			}
			n := 0
			for d, err := range tx.Read(statetest.StepsV2, []byte("t1"), state.Range{}) {
				if err != nil || d.Value.(*statetest.StepV1).Text != "step: called" {
					t.Errorf("%s: history: %+v, %v", when, d.Value, err)
				}
				n++
			}
			if n != 2 {
				t.Errorf("%s: history of %d", when, n)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		// The values were rewritten, each once: 2 is the schema number behind the format byte.
		if err := s.Dump(ctx, func(place string, key, value []byte) error {
			if (place == "d/ticket" || place == "h/step") && (value[0] != 1 || value[1] != 2) {
				t.Errorf("%s: %s has a value of schema %d", when, place, value[1])
			}
			if place == "i/ticket/word" {
				t.Errorf("%s: the index that is gone is still there", when)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(path, bolt.Options{Kinds: []*state.Kind{statetest.TicketsV1.Kind}}); !state.IsCode(err, "newer_state") {
		t.Errorf("an older program opened it: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the older program changed it, %v", err)
	}
}

func TestNewerFilesAreRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kept.db")
	s := open(t, path, statetest.TicketsV3.Kind)
	// A declaration that comes later meets what the file has just the same.
	if err := s.View(ctx, func(tx state.Tx) error {
		_, err := tx.Get(statetest.TicketsV2.Kind, state.NumberKey(1))
		return err
	}); !state.IsCode(err, "newer_state") {
		t.Errorf("a collection of a newer schema: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{false, true} {
		if _, err := bolt.Open(path, bolt.Options{Kinds: []*state.Kind{statetest.TicketsV2.Kind}, ReadOnly: readOnly}); !state.IsCode(err, "newer_state") {
			t.Errorf("a newer schema, reading only %v: %v", readOnly, err)
		}
	}
	raw(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("kept")).Put([]byte("format"), []byte("3")) })
	if _, err := bolt.Open(path, bolt.Options{}); !state.IsCode(err, "newer_state") {
		t.Errorf("a newer format: %v", err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := bolt.Restore(ctx, io.Reader(f), filepath.Join(t.TempDir(), "other.db")); !state.IsCode(err, "newer_state") {
		t.Errorf("restoring a newer format: %v", err)
	}
}

// raw changes a file behind the driver's back.
func raw(t testing.TB, path string, fn func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(fn); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
