package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// maxSocketPath is the shortest limit among the systems (sun_path is 104 bytes
// on macOS and the BSDs, with the final zero).
const maxSocketPath = 103

// realPath resolves symlinks also of a file that is not there yet, so that all
// who name one file, before and after it exists, agree.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for range 40 { // as many links as the system itself follows
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			return real, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		if target, err := os.Readlink(path); err == nil { // a link to what is not there yet
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(path), target)
			}
			path = target
			continue
		}
		parent := filepath.Dir(path)
		if parent == path {
			return path, nil
		}
		dir, err := realPath(parent)
		return filepath.Join(dir, filepath.Base(path)), err
	}
	return "", newError(CodeSocket, "%s is a circle of symbolic links", path)
}

// socketName is short, whatever the state's path.
func socketName(real string) string {
	sum := sha256.Sum256([]byte(real))
	return hex.EncodeToString(sum[:8]) + ".sock"
}

// folders lists where a holder may serve, best first. Callers ask at each: a
// cron job knows no XDG_RUNTIME_DIR, its user's shell does, and both must meet.
func (o Options) folders() []string {
	if o.Folder != "" {
		return []string{o.Folder}
	}
	var dirs []string
	add := func(dir string) {
		if dir != "" && filepath.IsAbs(dir) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	if run := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(run) {
		add(filepath.Join(run, "kept"))
	}
	for _, dir := range systemFolders() {
		add(dir)
	}
	return dirs
}

// sockets lists the paths at which the state's holder may serve.
func (o Options) sockets(state string) ([]string, error) {
	real, err := realPath(state)
	if err != nil {
		var own *Error
		if errors.As(err, &own) {
			return nil, o.Codec.own(own)
		}
		e := newError(CodeSocket, "%s cannot be reached; check the path and its permissions", state)
		e.Cause = err
		return nil, o.Codec.own(e)
	}
	var paths []string
	for _, dir := range o.folders() {
		if p := filepath.Join(dir, socketName(real)); len(p) <= maxSocketPath {
			paths = append(paths, p)
		}
	}
	if len(paths) == 0 {
		return nil, o.Codec.own(newError(CodeSocket, "the path of the socket would be longer than %d bytes; set XDG_RUNTIME_DIR to a folder with a shorter path", maxSocketPath))
	}
	return paths, nil
}

// listen makes the socket. Only who holds the state's lock may call it: what
// lies at the path is then left over from a process that died.
func listen(paths []string) (net.Listener, error) {
	var firstErr error
	for _, path := range paths {
		l, err := listenAt(path)
		if err == nil {
			return l, nil
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	e := newError(CodeSocket, "the folder %s cannot be used for the socket that lets several commands share the state; it must be yours alone (mode 0700). Repair it, or set XDG_RUNTIME_DIR to another", filepath.Dir(paths[0]))
	e.Cause = firstErr
	return nil, e
}

func listenAt(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	if err := ownFolder(dir); err != nil {
		return nil, err
	}
	if fi, err := os.Lstat(path); err == nil {
		if fi.IsDir() || fi.Mode().IsRegular() {
			return nil, errors.New(path + " is not a socket")
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// helloTime is how long a holder may take to say who it is.
const helloTime = 2 * time.Second

// ask finds the holder that answers at one of the sockets.
func (o Options) ask(ctx context.Context, paths []string) (*wire, Info, bool) {
	for _, path := range paths {
		if _, err := os.Lstat(path); err != nil || ownFolder(filepath.Dir(path)) != nil {
			continue
		}
		w := newWire(Unix(path), o)
		ctx, cancel := context.WithTimeout(ctx, helloTime)
		info, err := w.hello(ctx)
		cancel()
		if err == nil {
			return w, info, true
		}
	}
	return nil, Info{}, false
}

// Ask tells which process holds and serves the state at path; false if none
// answers. Only Folder and Version of the options matter.
func Ask(ctx context.Context, path string, o Options) (Info, bool) {
	o = o.filled()
	paths, err := o.sockets(path)
	if err != nil {
		return Info{}, false
	}
	_, info, ok := o.ask(ctx, paths)
	return info, ok
}
