package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
)

func TestRunStopsWhatItStarted(t *testing.T) {
	t.Parallel()
	python, err := Program("python3")
	if err != nil {
		t.Skip("skipped: no python3 here")
	}
	port, err := Port()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Run(t.Context(), exec.Command(python, "-m", "http.server", "--bind", "127.0.0.1", fmt.Sprint(port)), Accepts(port))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
		_ = c.Close()
		t.Error("it still listens after Stop")
	}
}

func TestRunTellsWhyAServerEnded(t *testing.T) {
	t.Parallel()
	_, err := Run(t.Context(), exec.Command("sh", "-c", "echo no such setting; exit 3"),
		func(context.Context) error { return errors.New("not yet") })
	if err == nil || !strings.Contains(err.Error(), "no such setting") {
		t.Errorf("the error is %v; it should have what the server said", err)
	}
}

func TestAbsent(t *testing.T) {
	t.Parallel()
	if _, err := Program("no-such-program-of-kept"); !errors.Is(err, ErrAbsent) {
		t.Errorf("an absent program gives %v", err)
	}
	if _, err := NPM("no-such-folder-of-kept"); !errors.Is(err, ErrAbsent) {
		t.Errorf("an absent npm folder gives %v", err)
	}
}
