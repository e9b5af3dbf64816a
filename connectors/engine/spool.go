package engine

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

// StandardInput is the path that stands for what is piped into the program, and stdinName what it
// is called in answers.
const (
	StandardInput = "-"
	stdinName     = "stdin"
)

// maxSpool is how much of a pipe is taken, in bytes.
const maxSpool = 4 << 30

// spooled is a source that can be read only once, kept in a file that nobody else can read while
// it is imported.
type spooled struct {
	file *os.File
	size int64
}

func (s spooled) ReadAt(p []byte, off int64) (int, error) { return s.file.ReadAt(p, off) }
func (s spooled) Size() int64                             { return s.size }
func (s spooled) Close() error                            { return nil } // it goes with its import

// spool makes a source that can be read once, standard input or a pipe, one that can be read again.
// It gives the name under which connectors open it, and what ends that; a file is left as it is.
func (e *Engine) spool(ctx context.Context, path string) (name string, done func(), err error) {
	keep := func() {}
	var in io.Reader
	switch name = path; {
	case path == StandardInput && e.env.Stdin != nil:
		in, name = e.env.Stdin, stdinName
	case e.system && path != StandardInput:
		info, err := os.Stat(path)
		if err != nil || info.Mode().IsRegular() || info.IsDir() {
			return path, keep, nil
		}
		if strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/") {
			name = "pipe " + baseName(path)
		}
	default:
		return path, keep, nil
	}
	file, err := os.CreateTemp("", "kept-pipe-*") // with 0600
	if err != nil {
		return "", keep, &state.Error{Class: state.Failed, Code: "no_temporary", Cause: err}
	}
	gone := os.Remove(file.Name()) == nil // where the system can, it has no name from here on
	drop := func() {
		_ = file.Close() // a copy that is not needed any more
		if !gone {
			_ = os.Remove(file.Name())
		}
	}
	size, err := copyFrom(ctx, file, in, path)
	if err != nil {
		drop()
		return "", keep, fileError(name, err)
	}
	e.pipes.Store(name, spooled{file: file, size: size})
	return name, func() { e.pipes.Delete(name); drop() }, nil
}

// copyFrom copies a reader, or what is to be opened at path, until it ends or ctx does. A read that
// nobody answers is left behind: nothing can end it.
func copyFrom(ctx context.Context, to *os.File, in io.Reader, path string) (int64, error) {
	type result struct {
		n   int64
		err error
	}
	done := make(chan result, 1)
	go func() {
		if in == nil {
			f, err := os.Open(path) // waits until somebody writes
			if err != nil {
				done <- result{0, err}
				return
			}
			defer func() { _ = f.Close() }()
			in = f
		}
		n, err := io.Copy(to, io.LimitReader(in, maxSpool+1))
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		if r.err == nil && r.n > maxSpool {
			r.err = &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf("more than %d GB were piped in; save it as a file and import that", maxSpool>>30)}
		}
		return r.n, r.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// piped lets connectors open what was spooled by its name, and everything else as before.
func (e *Engine) piped(open func(string) (connectors.File, error)) func(string) (connectors.File, error) {
	return func(name string) (connectors.File, error) {
		if s, ok := e.pipes.Load(name); ok {
			return s.(spooled), nil
		}
		return open(name)
	}
}
