package cmd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/service"
)

// Whoever asks for a reload while the process still begins waits until it knows what to refuse.
func TestReloadWaitsForTheBeginning(t *testing.T) {
	t.Parallel()
	k := newShopkeeper(t)
	store, err := bolt.Open(filepath.Join(k.dir, "kept.db"), bolt.Options{Kinds: state.Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	f := newFactory(nil, k.options(strings.NewReader(""), io.Discard, io.Discard))
	s, err := f.settings()
	if err != nil {
		t.Fatal(err)
	}
	l := f.newLive(s, store, f.engineEnv, slog.New(slog.DiscardHandler), nil)
	defer func() { _ = l.close() }()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.reload(gone, service.ReloadIn{}); !errors.Is(err, context.Canceled) {
		t.Errorf("before anything can be refused: %v", err)
	}
	wrong := errors.New("the port is taken")
	l.hold(func(context.Context, settings) (func(), error) { return nil, wrong })
	if _, err := l.reload(t.Context(), service.ReloadIn{}); !errors.Is(err, wrong) {
		t.Errorf("what is wrong was taken: %v", err)
	}
}
