//go:build unix

package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The small table that the tests serve.
type (
	addIn struct {
		Effect string `json:"effect"`
	}
	addOut struct {
		Number int    `json:"number"`
		Actor  string `json:"actor"`
		PID    int    `json:"pid"`
	}
	listIn  struct{}
	listOut struct {
		Effects []string `json:"effects"`
	}
	workIn struct {
		Name  string `json:"name"`
		Steps int    `json:"steps"`
	}
	effects struct {
		Add     func(context.Context, addIn) (addOut, error)   `api:"write"`
		List    func(context.Context, listIn) (listOut, error) `api:"read"`
		DoWork  func(context.Context, workIn) (addOut, error)  `api:"long"`
		Backup  func(context.Context, listIn, io.Writer) error `api:"stream"`
		Missing func(context.Context, listIn) (listOut, error) `api:"read"`
	}
)

var errLocked = errors.New("locked")

// effectFile is a store for tests: a flock'ed file of lines "request effect",
// where one write call is one transaction.
type effectFile struct {
	f    *os.File
	mu   sync.Mutex
	seen map[string]int
	list []string
}

func openEffects(path string) (*effectFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, err
	}
	s := &effectFile{f: f, seen: map[string]int{}}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		id, effect, _ := strings.Cut(lines.Text(), " ")
		s.list = append(s.list, effect)
		s.seen[id] = len(s.list)
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return nil, err
	}
	return s, lines.Err()
}

// add is one transaction: the same request ID takes effect once.
func (s *effectFile) add(id, effect string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.seen[id]; ok {
		return n, nil
	}
	if _, err := fmt.Fprintf(s.f, "%s %s\n", id, effect); err != nil {
		return 0, err
	}
	s.list = append(s.list, effect)
	s.seen[id] = len(s.list)
	return len(s.list), nil
}

func (s *effectFile) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.list...)
}

func (s *effectFile) table() effects {
	return effects{
		Add: func(ctx context.Context, in addIn) (addOut, error) {
			r := RequestFrom(ctx)
			n, err := s.add(r.ID, in.Effect)
			return addOut{Number: n, Actor: r.Actor, PID: os.Getpid()}, err
		},
		List: func(context.Context, listIn) (listOut, error) { return listOut{s.all()}, nil },
		DoWork: func(ctx context.Context, in workIn) (addOut, error) {
			for i := range in.Steps {
				if ctx.Err() != nil {
					return addOut{}, ctx.Err()
				}
				step := fmt.Sprintf("%s-%d", in.Name, i)
				if _, err := s.add(step, step); err != nil {
					return addOut{}, err
				}
				if err := s.f.Sync(); err != nil {
					return addOut{}, err
				}
			}
			return addOut{Number: in.Steps, PID: os.Getpid()}, nil
		},
		Backup: func(_ context.Context, _ listIn, w io.Writer) error {
			_, err := io.WriteString(w, strings.Join(s.all(), "\n"))
			return err
		},
	}
}

func opener(path string) Opener[effects] {
	return Opener[effects]{
		Path: path,
		Open: func(context.Context) (effects, func() error, error) {
			s, err := openEffects(path)
			if err != nil {
				return effects{}, nil, err
			}
			return s.table(), s.f.Close, nil
		},
		IsLocked: func(err error) bool { return errors.Is(err, errLocked) },
	}
}

// place gives a state's path and options with a socket folder of its own,
// short enough for a socket's path.
func place(t testing.TB) (string, Options) {
	t.Helper()
	dir, err := os.MkdirTemp("", "kept")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "状态.kept"), Options{Folder: filepath.Join(dir, "run"), Drain: 5 * time.Second}
}

func session(t testing.TB, op Opener[effects], o Options) *Session[effects] {
	t.Helper()
	s, err := Connect(t.Context(), op, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func code(err error) string {
	var c CodedError
	if errors.As(err, &c) {
		return c.ErrorCode()
	}
	return fmt.Sprint(err)
}
