//go:build unix

package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state/api"
	"github.com/keptcrm/kept/state/api/apitest"
	"github.com/keptcrm/kept/state/service"
)

// Three hundred short commands of the real binary, sixteen at a time, with an import and a check
// among them, and whoever holds the file is killed again and again: each effect is there, once.
func TestStorm(t *testing.T) {
	const effects, customers = 300, 10
	dir := t.TempDir()
	bin := binary(t)
	run, err := os.MkdirTemp("", "kept") // sockets need short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(run) })
	path := filepath.Join(dir, "kept.db")
	kept := func(args ...string) *exec.Cmd {
		c := exec.Command(bin, args...)
		c.Env = append(os.Environ(), "KEPT_STATE="+path, "KEPT_RUNTIME_DIR="+run, "KEPT_CONFIG=", "XDG_CONFIG_HOME="+filepath.Join(dir, "config"), "KEPT_OUTPUT=", "KEPT_LANG=en")
		return c
	}
	read := func(into any, args ...string) {
		t.Helper()
		out, err := kept(append(args, "--output", "json")...).Output()
		if err == nil {
			err = json.Unmarshal(out, into)
		}
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
	write := func(name string, first, last int) string {
		rows := []string{"id,name,email"}
		for i := first; i <= last; i++ {
			rows = append(rows, fmt.Sprintf("%d,Person %d,person%d@host%d.example", i, i, i, i))
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	if out, err := kept("import", write("first.csv", 1, customers), "--as", "book").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	second := write("second.csv", 1, 2000)

	report := apitest.Run(t, apitest.Storm{
		Effects: effects, Parallel: 16, Seed: 11,
		// The same request ID each time: a command whose answer was lost is typed again.
		Effect: func(i int) *exec.Cmd {
			who, id := fmt.Sprintf("c%d", i%customers+1), fmt.Sprintf("storm-%d", i)
			switch i % 3 {
			case 0:
				return kept("note", who, fmt.Sprintf("effect %d done", i), "--request", id)
			case 1:
				return kept("promise", who, fmt.Sprintf("effect %d done", i), "--request", id)
			}
			return kept("customer", "tag", who, fmt.Sprintf("effect-%d", i), "--request", id)
		},
		Others: []func() *exec.Cmd{
			func() *exec.Cmd { return kept("import", second, "--as", "book") },
			func() *exec.Cmd { return kept("check") },
		},
		Holder: func(ctx context.Context) (int, bool) {
			info, ok := api.Ask(ctx, path, api.Options{Folder: run})
			return info.PID, ok
		},
		Kill: 0.2, MinKills: 10, MaxKills: 40,
		Check: func(t testing.TB) {
			seen := map[string]int{}
			for i := 1; i <= customers; i++ {
				var entries []service.Entry
				read(&entries, "history", fmt.Sprintf("c%d", i), "--limit", "1000")
				for _, e := range entries {
					if e.Kind == "note" {
						seen[strings.TrimSpace(e.Title+e.Body)]++
					}
				}
			}
			var promises []service.Promise
			read(&promises, "promises")
			for _, p := range promises {
				seen[p.Text]++
			}
			var all []service.Customer
			read(&all, "customer", "list")
			for _, c := range all {
				for _, tag := range c.Tags {
					seen[strings.Replace(tag, "effect-", "effect ", 1)+" done"]++
				}
			}
			for i := range effects {
				if n := seen[fmt.Sprintf("effect %d done", i)]; n != 1 {
					t.Errorf("effect %d is there %d times", i, n)
				}
			}
			if len(seen) != effects {
				t.Errorf("%d effects, want %d", len(seen), effects)
			}
			if len(all) != 2000 {
				t.Errorf("%d customers after the import, want 2000", len(all))
			}
			var check service.CheckOut
			read(&check, "check")
			if len(check.Damages) != 0 {
				t.Errorf("damage: %+v", check.Damages)
			}
		},
	})
	t.Logf("%+v", report)
}

// binary builds the real program.
func binary(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "kept")
	if out, err := exec.Command("go", "build", "-o", bin, "./kept").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// The first Ctrl-C stops an import in order, with what was read kept; typed again it is completed.
func TestInterrupt(t *testing.T) {
	const rows = 3000
	dir, bin := t.TempDir(), binary(t)
	run, err := os.MkdirTemp("", "kept")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(run) })
	path, file := filepath.Join(dir, "kept.db"), filepath.Join(dir, "people.csv")
	lines := []string{"id,name,email"}
	for i := range rows {
		lines = append(lines, fmt.Sprintf("%d,Person %d,p%d@host%d.example", i, i, i, i))
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := func(args ...string) (*exec.Cmd, *strings.Builder) {
		c := exec.Command(bin, append(args, "--state", path)...)
		c.Env = append(os.Environ(), "KEPT_RUNTIME_DIR="+run, "XDG_CONFIG_HOME="+dir, "KEPT_LANG=en", "KEPT_OUTPUT=")
		said := new(strings.Builder)
		c.Stdout, c.Stderr = said, said
		return c, said
	}
	c, said := kept("import", file, "--as", "book")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for {
		info, ok := api.Ask(ctx, path, api.Options{Folder: run})
		if ok && info.PID == c.Process.Pid && info.Working {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("the import never held the state")
		}
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _ = c.Wait(); c.ProcessState.ExitCode() != 130 {
		t.Fatalf("exit %d: %s", c.ProcessState.ExitCode(), said)
	}
	if !strings.Contains(said.String(), "Stopped") {
		t.Errorf("said %q", said)
	}
	c, said = kept("import", file, "--as", "book")
	if err := c.Run(); err != nil || !strings.Contains(said.String(), "3,000 of 3,000 rows read") {
		t.Errorf("%v: %s", err, said)
	}
	c, said = kept("customer", "list", "--output", "ids")
	if err := c.Run(); err != nil || strings.Count(said.String(), "\n") != rows {
		t.Errorf("%v: %d customers", err, strings.Count(said.String(), "\n"))
	}
}
