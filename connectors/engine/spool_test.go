package engine

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/keptcrm/kept/state/service"
)

func TestWhatIsPipedInIsRead(t *testing.T) {
	t.Parallel()
	const people = "layout shop_customers\nc 1 a@example.com A\nc 2 b@example.com B\nodd\n"
	h := newHouse(t, files("stdin", "layout shop_customers\nc 7 other@example.com Other\n"))
	h.eng.env.Stdin = strings.NewReader(people)
	name, done, err := h.eng.spool(context.Background(), StandardInput)
	if err != nil || name != "stdin" {
		t.Fatal(name, err)
	}
	f, err := h.eng.env.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	if err != nil || string(b) != people {
		t.Errorf("%q %v", b, err)
	}
	if s := f.(spooled); runtime.GOOS != "windows" {
		if info, err := s.file.Stat(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others can read it: %v %v", info, err)
		}
		if _, err := os.Stat(s.file.Name()); !os.IsNotExist(err) {
			t.Errorf("the copy has a name: %v", err)
		}
	}
	done()
	if f, err = h.eng.env.Open(name); err != nil {
		t.Fatal(err)
	}
	if b, _ = io.ReadAll(io.NewSectionReader(f, 0, f.Size())); !strings.Contains(string(b), "Other") {
		t.Errorf("what was piped outlives its import: %q", b)
	}
	if name, done, err = h.eng.spool(context.Background(), "some.csv"); err != nil || name != "some.csv" {
		t.Errorf("a file: %q %v", name, err)
	}
	done()
}

// endless says nothing until its test ends.
type endless struct{ until context.Context }

func (e endless) Read([]byte) (int, error) {
	<-e.until.Done()
	return 0, io.EOF
}

func TestNobodyWaitsForAPipeThatSaysNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, files())
	h.eng.env.Stdin = endless{t.Context()}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := h.eng.spool(ctx, StandardInput); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	h.eng.env.Stdin = strings.NewReader("")
	_, err := h.try(service.ImportIn{Files: []string{StandardInput}})
	h.wantCode(err, "file_empty")
}

func TestAFileIsNotCopied(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := New(nil, Env{})
	name, done, err := e.spool(context.Background(), path)
	if err != nil || name != path {
		t.Errorf("%q %v", name, err)
	}
	done()
	if _, ok := e.pipes.Load(path); ok {
		t.Error("it was copied")
	}
}
