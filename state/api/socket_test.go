//go:build unix

package api

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOneFileHasOneSocketName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(filepath.Join(dir, "a"), 0o700))
	must(os.Symlink("a", filepath.Join(dir, "b")))
	must(os.Symlink("../a/状态", filepath.Join(dir, "a", "early"))) // dangling at first
	must(os.Symlink("loop", filepath.Join(dir, "loop")))
	want := filepath.Join(real, "a", "状态")
	look := func(when string) {
		t.Helper()
		for _, name := range []string{"a/状态", "b/状态", "a/early", "b/../a/early", "b/early"} {
			got, err := realPath(filepath.Join(dir, name))
			if err != nil || got != want {
				t.Errorf("%s, %s: %q, %v; want %q", when, name, got, err, want)
			}
		}
	}
	look("before the file exists")
	must(os.WriteFile(want, nil, 0o600))
	look("after")
	if _, err := realPath(filepath.Join(dir, "loop")); err == nil {
		t.Error("a circle of links has a path")
	}
	if socketName(want) == socketName(want+"x") || len(socketName(strings.Repeat("x", 1000))) != 21 {
		t.Error("socket names are not short and distinct")
	}
}

func TestLongFolderIsAClearError(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	o.Folder = filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	_, err := Connect(t.Context(), opener(path), o)
	if code(err) != CodeSocket || !strings.Contains(err.Error(), "XDG_RUNTIME_DIR") {
		t.Errorf("got %v", err)
	}
}

func TestFoldersKnowNoEnvironmentOfTheLogin(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	cron := Options{}.folders()
	t.Setenv("XDG_RUNTIME_DIR", "/somewhere")
	shell := Options{}.folders()
	if shell[0] != "/somewhere/kept" || strings.Join(shell[1:], " ") != strings.Join(cron, " ") {
		t.Errorf("a cron job asks at %q, a shell at %q", cron, shell)
	}
	if len(cron) == 0 {
		t.Error("no folder without XDG_RUNTIME_DIR")
	}
}

// A cron job serves in a folder of the system; a shell, whose login has its own
// runtime folder, finds it there.
func TestSocketIsFoundInALaterFolder(t *testing.T) {
	path, o := place(t)
	home := filepath.Dir(path)
	t.Setenv("TMPDIR", home)
	t.Setenv("XDG_RUNTIME_DIR", "")
	for _, dir := range (Options{}).folders() {
		if filepath.Dir(dir) == home {
			o.Folder = dir
		}
	}
	if o.Folder == "" {
		t.Fatalf("TMPDIR is not among %q", Options{}.folders())
	}
	holder := session(t, opener(path), o)
	t.Setenv("XDG_RUNTIME_DIR", home)
	client := session(t, opener(path), Options{})
	if !holder.Holds() || client.Holds() {
		t.Errorf("holder holds: %v, client holds: %v", holder.Holds(), client.Holds())
	}
}

func TestFolderOfStrangersIsRefused(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	if err := os.Mkdir(o.Folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(o.Folder, 0o777); err != nil {
		t.Fatal(err)
	}
	s := session(t, opener(path), o)
	fi, err := os.Stat(o.Folder)
	if err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", fi.Mode(), err)
	}
	s.Close()

	// A symlink may lead to anybody's folder.
	o.Folder += "2"
	if err := os.Symlink("run", o.Folder); err != nil {
		t.Fatal(err)
	}
	_, err = Connect(t.Context(), opener(path), o)
	if code(err) != CodeSocket || !strings.Contains(err.Error(), "yours alone") {
		t.Errorf("got %v", err)
	}
	// The file was given back.
	f, err := openEffects(path)
	if err != nil {
		t.Fatal(err)
	}
	f.f.Close()
}

func TestStaleSocketIsReplacedAndAFileIsNot(t *testing.T) {
	t.Parallel()
	path, o := place(t)
	paths, err := o.filled().sockets(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(o.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", paths[0])
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close() // as a killed process leaves it
	s := session(t, opener(path), o)
	if _, ok := Ask(t.Context(), path, o); !ok {
		t.Error("nobody answers")
	}
	if fi, err := os.Stat(paths[0]); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v, %v", fi.Mode(), err)
	}
	s.Close()
	if _, err := os.Lstat(paths[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, ok := Ask(context.Background(), path, o); ok {
		t.Error("somebody answers after Close")
	}
	if err := os.WriteFile(paths[0], []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Connect(t.Context(), opener(path), o); code(err) != CodeSocket {
		t.Errorf("got %v", err)
	}
	if raw, _ := os.ReadFile(paths[0]); string(raw) != "mine" {
		t.Error("a file that is no socket was removed")
	}
}
