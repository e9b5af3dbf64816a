package service

import (
	"context"
	"testing"

	"github.com/keptcrm/kept/state"
)

// A run that nobody works on is shown as stopped, and as running while somebody does.
func TestStoppedRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	w.must(w.s.Do(w.tick(), "import.start", nil, func(wr *state.Writer) error {
		return state.Runs.Put(wr, &state.Run{Number: 1, Kind: "import", Connection: "shop", State: state.RunRunning})
	}))
	for _, want := range []string{RunStopped, state.RunRunning, RunStopped} {
		out, err := w.s.RunList(context.Background(), RunListIn{})
		w.must(err)
		if got := out.Runs[0].State; got != want {
			t.Errorf("shown as %s, want %s", got, want)
		}
		if want == RunStopped {
			w.s.busy.Add(1)
		} else {
			w.s.busy.Add(-1)
		}
	}
}
