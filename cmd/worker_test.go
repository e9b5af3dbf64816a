package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// workerRequest is one command for the process that stays for a script, and workerAnswer what came of it. Before the request the
// worker says whether it is busy.
type (
	workerRequest struct {
		Dir       string
		Args, Env []string
		In        []byte
	}
	workerAnswer struct {
		Busy     bool
		Code     int
		Out, Err []byte
	}
)

// work answers the commands of one script until its standard input ends, one at a time: folder and environment are the process's.
func work() int {
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		_ = l.Close()
	}()
	var busy sync.Mutex
	for {
		c, err := l.Accept()
		if err != nil {
			busy.Lock()
			return 0
		}
		go func() {
			defer func() { _ = c.Close() }()
			free := busy.TryLock()
			if free {
				defer busy.Unlock()
			}
			if json.NewEncoder(c).Encode(workerAnswer{Busy: !free}) == nil && free {
				answer(c)
			}
		}()
	}
}

func answer(c net.Conn) {
	in := json.NewDecoder(c)
	var r workerRequest
	if in.Decode(&r) != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // whoever asked was killed
		_, _ = c.Read(make([]byte, 1))
		cancel()
	}()
	os.Clearenv()
	for _, v := range r.Env {
		name, value, _ := strings.Cut(v, "=")
		_ = os.Setenv(name, value)
	}
	var out, talk bytes.Buffer
	a := workerAnswer{Code: 99}
	if err := os.Chdir(r.Dir); err != nil {
		fmt.Fprintln(&talk, err)
	} else {
		a.Code = runKept(ctx, r.Args, bytes.NewReader(r.In), &out, &talk)
	}
	a.Out, a.Err = out.Bytes(), talk.Bytes()
	_ = json.NewEncoder(c).Encode(a)
}

var handDir string

// buildHand is the program in testdata/hand, built once.
var buildHand = sync.OnceValues(func() (bin string, err error) {
	if handDir, err = os.MkdirTemp("", "kept-hand"); err != nil {
		return "", err
	}
	bin = filepath.Join(handDir, "kept")
	if out, err := exec.Command("go", "build", "-o", bin, "./testdata/hand").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return bin, nil
})

// startWorker starts the process that stays for a script, listening in the folder run, and gives the script a kept that asks it.
func startWorker(t *testing.T, e *testscript.Env, run string) error {
	hand, err := buildHand()
	if err != nil {
		return err
	}
	alone, err := exec.LookPath("kept")
	if err != nil {
		return err
	}
	socket := filepath.Join(run, "worker")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return err
	}
	f, err := l.File()
	if err != nil {
		return err
	}
	e.Setenv("KEPT_TEST_WORKER", socket)
	e.Setenv("KEPT_TEST_ALONE", alone)
	e.Setenv("PATH", filepath.Dir(hand)+string(filepath.ListSeparator)+e.Getenv("PATH"))
	var talk bytes.Buffer
	c := exec.Command(alone)
	c.Env, c.Dir, c.Stderr, c.ExtraFiles = append(slices.Clone(e.Vars), "KEPT_TEST_WORKS=yes", "GOGC="+os.Getenv("GOGC")), e.WorkDir, &talk, []*os.File{f}
	stop, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	_ = f.Close()
	if err != nil {
		return err
	}
	e.Defer(func() {
		_ = stop.Close()
		if err := c.Wait(); err != nil || talk.Len() > 0 {
			t.Errorf("the script's process ended with %v:\n%s", err, talk.String())
		}
		_ = l.Close()
	})
	return nil
}
