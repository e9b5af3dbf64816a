//go:build unix

package api

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/keptcrm/kept/state/api/apitest"
	"go.uber.org/goleak"
)

// TestMain lets the test binary be one of the storm's processes.
func TestMain(m *testing.M) {
	if role := os.Getenv("API_STORM_ROLE"); role != "" {
		if err := stormProcess(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// stormProcess is one short command: connect, one call, close.
func stormProcess(role string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	op, o := opener(os.Getenv("API_STORM_STATE")), Options{Folder: os.Getenv("API_STORM_RUN")}
	name := os.Getenv("API_STORM_NAME")
	switch role {
	case "effect":
		s, err := Connect(ctx, op, o)
		if err != nil {
			return err
		}
		defer s.Close()
		if _, err := s.API().Add(WithRequest(ctx, Request{ID: "storm-" + name}), addIn{Effect: name}); err != nil {
			return err
		}
		return s.Close()
	case "exclusive":
		o.Work = name
		s, err := ConnectExclusive(ctx, op, o)
		if err != nil {
			return err
		}
		defer s.Close()
		out, err := s.API().DoWork(ctx, workIn{Name: name, Steps: 100})
		if err == nil && out.PID != os.Getpid() {
			err = fmt.Errorf("the long work ran in process %d, not here", out.PID)
		}
		if err != nil {
			return err
		}
		return s.Close()
	case "long": // the same through an ordinary session
		s, err := Connect(ctx, op, o)
		if err != nil {
			return err
		}
		defer s.Close()
		if _, err := s.API().DoWork(ctx, workIn{Name: name, Steps: 100}); err != nil {
			return err
		}
		return s.Close()
	}
	return fmt.Errorf("unknown role %q", role)
}

func TestStormOfProcesses(t *testing.T) {
	const n = 300
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	state, o := place(t)
	process := func(role, name string) *exec.Cmd {
		c := exec.Command(self, "-test.run=^$")
		c.Env = append(os.Environ(), "API_STORM_ROLE="+role, "API_STORM_NAME="+name, "API_STORM_STATE="+state,
			"API_STORM_RUN="+o.Folder, "GOMAXPROCS=2", "GORACE=atexit_sleep_ms=0")
		return c
	}
	report := apitest.Run(t, apitest.Storm{
		Effects: n, Parallel: 16, Seed: 7,
		Effect: func(i int) *exec.Cmd { return process("effect", strconv.Itoa(i)) },
		Others: []func() *exec.Cmd{
			func() *exec.Cmd { return process("exclusive", "import") },
			func() *exec.Cmd { return process("long", "check") },
		},
		Holder: func(ctx context.Context) (int, bool) {
			info, ok := Ask(ctx, state, o)
			return info.PID, ok
		},
		Kill: 0.3, MinKills: 12, MaxKills: 60,
		Check: func(t testing.TB) {
			s, err := openEffects(state)
			if err != nil {
				t.Fatal(err)
			}
			defer s.f.Close()
			count := map[string]int{}
			for _, e := range s.list {
				count[e]++
			}
			for i := range n {
				if got := count[strconv.Itoa(i)]; got != 1 {
					t.Errorf("effect %d is there %d times", i, got)
				}
			}
			if want := n + 2*100; len(s.list) != want {
				t.Errorf("%d effects are there, want %d", len(s.list), want)
			}
		},
	})
	t.Logf("%+v", report)
}
