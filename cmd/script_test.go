package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/csv"
	"github.com/keptcrm/kept/connectors/mbox"
	"github.com/keptcrm/kept/connectors/smtp"
	"github.com/keptcrm/kept/connectors/vcard"
	"github.com/keptcrm/kept/internal/servers"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
)

// now is the moment of the scripts: a Saturday.
const now = "2026-11-21T09:00:00Z"

// tidy takes away at the end what the tests built together.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer func() { _ = os.RemoveAll(handDir) }()
	return m.M.Run()
}

func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){"kept": func() {
		if os.Getenv("KEPT_TEST_WORKS") != "" {
			os.Exit(work())
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(runKept(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}, "kept-counter": func() { os.Exit(keptCounter()) }})
}

// runKept is the program with a clock that stands still. KEPT_TEST_NOW and KEPT_TEST_LOGIN are
// known here only.
func runKept(ctx context.Context, args []string, in io.Reader, out, talk io.Writer) int {
	clock := time.Now // "real", for what waits
	if at := os.Getenv("KEPT_TEST_NOW"); at != "real" {
		fixed, err := time.Parse(time.RFC3339, at)
		if err != nil {
			fmt.Fprintln(talk, err)
			return 99
		}
		clock = func() time.Time { return fixed }
	}
	return Run(ctx, args, Options{
		In: in, Out: out, Err: talk, Env: os.Getenv, Now: clock,
		Specs: []connectors.Spec{csv.Spec(), vcard.Spec(), mbox.Spec(), smtp.Spec(),
			officeSpec("office", "the scripts' address book", 0), officeSpec("till", "the scripts' till, with one phone a customer", 1)}, Login: os.Getenv("KEPT_TEST_LOGIN"),
	})
}

// The scripts are what the command line promises, told by example: each runs in a folder of its
// own, with a state of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: os.Getenv("KEPT_WRITE") == "1",
		Setup: func(e *testscript.Env) error {
			run, err := os.MkdirTemp("", "kept") // sockets need short paths
			if err != nil {
				return err
			}
			e.Defer(func() { _ = os.RemoveAll(run) })
			e.Values[postboxKey{}] = new(*servers.Sink)
			e.Values[sinkKey{}] = &sinkHolder{}
			e.Values[slackKey{}] = &workspace{}
			for _, v := range []struct{ name, value string }{
				{"KEPT_TEST_NOW", now}, {"KEPT_TEST_LOGIN", "ops"}, {"TZ", "Europe/Berlin"}, {"XDG_RUNTIME_DIR", run},
				{"XDG_STATE_HOME", filepath.Join(e.WorkDir, "state-home")}, {"XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config-home")},
				{"LANG", "C.UTF-8"}, {"HOME", e.WorkDir}, {"TMPDIR", e.WorkDir},
				{"GORACE", "atexit_sleep_ms=0"}, // else every program that a script starts waits a second at its end
			} {
				e.Setenv(v.name, v.value)
			}
			return startWorker(t, e, run)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"hold":    hold,
			"town":    town,
			"recode":  recode,
			"damage":  damage,
			"spoil":   spoil,
			"many":    many,
			"mode":    mode,
			"jsonset": jsonset,
			"edit":    edit,
			"crowd":   crowd,
			"keep":    keep,
			"queue":   queue,
			"sink":    sink,
			"slack":   inSlack,
			"until":   until,
			"postbox": postbox,
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("no condition %q", cond)
		},
	})
}

// hold FILE: a program has the lock of a state until the script ends, and answers nobody.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold FILE")
	}
	store, err := bolt.Open(ts.MkAbs(args[0]), bolt.Options{Kinds: state.Kinds()})
	ts.Check(err)
	ts.Defer(func() { _ = store.Close() })
}

// exits CODE COMMAND...: the command ends with exactly that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// until COMMAND...: the command is tried until it succeeds: what it asks for begins beside the script.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: until COMMAND...")
	}
	var err error
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = ts.Exec(args[0], args[1:]...); err == nil {
			return
		}
	}
	ts.Fatalf("it never succeeded: %v", err)
}

// recode ENCODING FILE: the file, which is UTF-8, in another encoding.
func recode(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[1])
	text := ts.ReadFile(args[1])
	var out string
	var err error
	switch args[0] {
	case "gb18030":
		out, err = simplifiedchinese.GB18030.NewEncoder().String(text)
	case "utf16":
		out, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	default:
		ts.Fatalf("no encoding %s", args[0])
	}
	ts.Check(err)
	ts.Check(os.WriteFile(path, []byte(out), 0o600))
}

// damage FILE truncate|noise: half of the file, or noise in its middle.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	switch args[1] {
	case "truncate":
		b = b[:len(b)/2]
	case "noise":
		for i := 8192; i < len(b); i++ {
			b[i] ^= byte(i*7 + 13)
		}
	default:
		ts.Fatalf("no damage %s", args[1])
	}
	ts.Check(os.WriteFile(path, b, 0o600))
}

// keep NAME: the first line of the last output is a variable.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	line, _, _ := strings.Cut(ts.ReadFile("stdout"), "\n")
	ts.Setenv(args[0], line)
}

// mode PATH OCTAL: the path has these rights.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != strings.TrimPrefix(args[1], "0") {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}
