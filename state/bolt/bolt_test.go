package bolt_test

import (
	"path/filepath"
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

// reopenable lets the model test close the file and open it again.
type reopenable struct {
	*bolt.Store
	opts bolt.Options
}

func (r reopenable) Reopen() (state.Store, error) {
	if err := r.Close(); err != nil {
		return nil, err
	}
	s, err := bolt.Open(r.Path(), r.opts)
	return reopenable{s, r.opts}, err
}

func open(t testing.TB, path string, kinds ...*state.Kind) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{Kinds: kinds})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSuite(t *testing.T) {
	t.Parallel()
	opts := bolt.Options{Kinds: statetest.Kinds()}
	statetest.Suite(t, func(t *testing.T) state.Store {
		s, err := bolt.Open(filepath.Join(t.TempDir(), "kept.db"), opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return reopenable{s, opts}
	})
}

func TestSuiteTwice(t *testing.T) {
	t.Parallel()
	statetest.Suite(t, func(t *testing.T) state.Store {
		return statetest.Twice(open(t, filepath.Join(t.TempDir(), "kept.db"), statetest.Kinds()...))
	})
}
