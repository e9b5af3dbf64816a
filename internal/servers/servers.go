// Package servers starts the real servers that connectors are proven against: on loopback, on ports
// that it picked, in folders of their own, each stopped by the process that it started. What a
// server needs is installed by scripts/setup; where it is absent, starting ends with [ErrAbsent].
package servers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// ErrAbsent is in the chain of the error of a server that is not installed here.
var ErrAbsent = errors.New("is not installed; scripts/setup installs it")

// Required says whether a server that is absent is a failure rather than something to skip: it was
// installed for this run (KEPT_SERVERS_REQUIRED is set).
func Required() bool { return os.Getenv("KEPT_SERVERS_REQUIRED") != "" }

// TB is what of a test is needed to start a server for it.
type TB interface {
	Helper()
	Cleanup(func())
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
	TempDir() string
	Logf(format string, args ...any)
	Failed() bool
}

// Need gives a test its server, which is stopped with the test. Where the server is not installed,
// the test is skipped with a line that says so, or fails if [Required].
func Need[S interface{ Stop() error }](tb TB, start func(ctx context.Context, dir string) (S, error)) S {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	s, err := start(ctx, tb.TempDir())
	switch {
	case errors.Is(err, ErrAbsent) && !Required():
		tb.Skipf("skipped: %v", err)
	case err != nil:
		tb.Fatalf("%v", err)
	}
	tb.Cleanup(func() {
		if err := s.Stop(); err != nil {
			tb.Logf("stopping: %v", err)
		}
	})
	return s
}

// startTimeout is how long a server may take on a busy machine; stopTimeout, how long it may take to
// end before it is killed.
const (
	startTimeout = 4 * time.Minute
	stopTimeout  = 5 * time.Second
)

// Process is a server that runs.
type Process struct {
	cmd  *exec.Cmd
	out  *tail
	done chan struct{}
	err  error // how it ended; once done is closed
	once sync.Once
}

// Run starts a program in a process group of its own, and waits until ready says so (nil) or ctx
// ends. What it prints is kept, bounded, for the error.
func Run(ctx context.Context, cmd *exec.Cmd, ready func(context.Context) error) (*Process, error) {
	p := &Process{cmd: cmd, out: &tail{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	// Children that outlive it hold its output open: nobody waits for them.
	cmd.WaitDelay = time.Second
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	for {
		err := ready(ctx)
		if err == nil {
			return p, nil
		}
		select {
		case <-p.done:
			return nil, fmt.Errorf("%s ended while starting: %v\n%s", filepath.Base(cmd.Path), p.err, p.out)
		case <-ctx.Done():
			_ = p.Stop()
			return nil, fmt.Errorf("%s was not ready in time: %v\n%s", filepath.Base(cmd.Path), err, p.out)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends the server by the process that was started, with all that it started.
func (p *Process) Stop() error { return p.end(true) }

// Kill ends the server at once, as a crash would.
func (p *Process) Kill() error { return p.end(false) }

func (p *Process) end(kindly bool) error {
	p.once.Do(func() {
		if kindly {
			terminate(p.cmd.Process)
			select {
			case <-p.done:
			case <-time.After(stopTimeout):
			}
		}
		kill(p.cmd.Process)
		<-p.done
	})
	return nil
}

// Output is the end of what the server printed.
func (p *Process) Output() string { return p.out.String() }

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

const tailSize = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b.Len()+len(p) > 2*tailSize {
		t.b.Next(max(0, t.b.Len()-tailSize))
	}
	return t.b.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.b.Bytes()
	return string(b[max(0, len(b)-tailSize):])
}

// given are the ports that Port gave to somebody.
var given sync.Map

// Port picks a free port of loopback. Systems give others (32768 and up, or 49152 and up) to connections
// that go out and to whoever asks for any, so that nobody else takes it before the server that it is for
// listens, or while that is started again.
func Port() (int, error) {
	for range 1000 {
		port := 16000 + rand.IntN(16000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // somebody has it
		}
		if err := l.Close(); err != nil {
			return 0, err
		}
		if _, taken := given.LoadOrStore(port, true); !taken {
			return port, nil
		}
	}
	return 0, errors.New("no port of loopback is free")
}

// Accepts is ready once something listens at a port of loopback.
func Accepts(port int) func(context.Context) error {
	return func(ctx context.Context) error {
		d := net.Dialer{Timeout: time.Second}
		c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return err
		}
		return c.Close()
	}
}

// Program finds an installed program, also where only root's path has it.
func Program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s %w", name, ErrAbsent)
}

// NPM gives the folder in which scripts/setup installed npm/NAME of this package: in the user's
// cache, one for each content of its package files.
func NPM(name string) (string, error) {
	root, err := sources()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, file := range []string{"package.json", "package-lock.json"} {
		f, err := os.Open(filepath.Join(root, "npm", name, file))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return "", err
		}
	}
	cache := os.Getenv("KEPT_SERVERS")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(dir, "kept-servers")
	}
	dir := filepath.Join(cache, name+"-"+hex.EncodeToString(h.Sum(nil))[:12])
	// The mark is written when the installation came to its end.
	if _, err := os.Stat(filepath.Join(dir, "installed")); err != nil {
		return "", fmt.Errorf("%s %w", name, ErrAbsent)
	}
	return dir, nil
}

// Script gives the path of a file of npm/NAME in the sources.
func Script(name, file string) (string, error) {
	root, err := sources()
	return filepath.Join(root, "npm", name, file), err
}

// sources finds this package's folder from the folder that a test or script runs in.
func sources() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "internal", "servers"), nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("the sources of the test servers are not here")
		}
		dir = up
	}
}
