package bolt_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

const (
	childTask = "KEPT_TEST_CHILD" // what a child of this test binary does
	childFile = "KEPT_TEST_FILE"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		if err := children[task](os.Getenv(childFile)); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var children = map[string]func(path string) error{"write": writeForEver, "merge": mergeForEver}

func child(t *testing.T, task, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), childTask+"="+task, childFile+"="+path)
	c.Stderr = os.Stderr
	return c
}

func writeForEver(path string) error {
	return commitForEver(path, bolt.Options{Kinds: statetest.Kinds()})
}

// mergeForEver does the same, with index entries kept apart and merged all the time.
func mergeForEver(path string) error {
	return commitForEver(path, bolt.Options{Kinds: statetest.Kinds()}.WithRecents(20, 500, 60))
}

// commitForEver commits batches of several sizes and says of each, once it is done, how far it came.
func commitForEver(path string, opts bolt.Options) error {
	s, err := bolt.Open(path, opts)
	if err != nil {
		return err
	}
	people, events := statetest.Kinds()[0], statetest.Kinds()[1]
	for batch := 0; ; batch++ {
		var last uint64
		if err := s.Update(ctx, func(tx state.Tx) error {
			for range 1 + batch*37%200 {
				n, err := tx.Next("person")
				if err != nil {
					return err
				}
				p := &statetest.Person{Number: n, Name: strings.Repeat("n", int(n%50)), Mails: []string{strconv.FormatUint(n*7919, 36)}, Age: int(n % 90)}
				if _, err := tx.Put(people, state.NumberKey(n), p, 0); err != nil {
					return err
				}
				if err := tx.Append(events, state.NumberKey(n), []byte("1"), &statetest.Event{Text: "made"}); err != nil {
					return err
				}
				last = n
			}
			return tx.PutBlob("last", []byte(strconv.FormatUint(last, 10)))
		}); err != nil {
			return err
		}
		fmt.Println(last)
		if err := s.Settle(ctx, false); err != nil {
			return err
		}
	}
}

// Killed at any moment the file is whole, has every commit that was acknowledged, and of a later
// one all or nothing.
func TestKilledWhileCommitting(t *testing.T) {
	t.Parallel()
	killed(t, "write")
}

func TestKilledWhileMerging(t *testing.T) {
	t.Parallel()
	killed(t, "merge")
}

func killed(t *testing.T, task string) {
	path := filepath.Join(t.TempDir(), "kept.db")
	for round := range 8 {
		c := child(t, task, path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		var acknowledged uint64
		lines := bufio.NewScanner(out)
		after := rand.IntN(12)
		for n := 0; lines.Scan(); n++ {
			v, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				t.Fatalf("the child says %q", lines.Text())
			}
			acknowledged = v
			if n == after {
				if err := c.Process.Kill(); err != nil { // it is in one of its next commits by now
					t.Fatal(err)
				}
			}
		}
		_ = c.Wait()
		survived(t, path, round, acknowledged)
	}
}

func survived(t *testing.T, path string, round int, acknowledged uint64) {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{Kinds: statetest.Kinds()})
	if err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
	defer func() { _ = s.Close() }()
	if damage := check(t, s, false); damage != nil {
		t.Fatalf("round %d: %q", round, damage)
	}
	people, events := statetest.Kinds()[0], statetest.Kinds()[1]
	if err := s.View(ctx, func(tx state.Tx) error {
		var n uint64
		for d, err := range tx.Scan(people, state.Range{}) {
			if err != nil {
				return err
			}
			if n++; state.KeyNumber(d.Key) != n {
				return fmt.Errorf("number %d is missing", n)
			}
			had := false
			for _, err := range tx.Read(events, d.Key, state.Range{}) {
				had = err == nil
			}
			if !had {
				return fmt.Errorf("number %d has no history", n)
			}
		}
		last, err := tx.Blob("last")
		if err == nil && string(last) != strconv.FormatUint(n, 10) && n > 0 {
			err = fmt.Errorf("a part of a commit: %d people, the last said to be %s", n, last)
		}
		if n < acknowledged {
			err = errors.Join(err, fmt.Errorf("%d of %d that were acknowledged", n, acknowledged))
		}
		return err
	}); err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
}
