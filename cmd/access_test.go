package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/csv"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/api"
	"github.com/keptcrm/kept/state/service"
)

// place is a state file in a folder of its own, with one customer in it.
type place struct {
	t    *testing.T
	dir  string
	sock string
}

func newPlace(t *testing.T) place {
	t.Helper()
	sock, err := os.MkdirTemp("", "kept") // sockets need short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(sock) })
	p := place{t: t, dir: t.TempDir(), sock: sock}
	file := filepath.Join(p.dir, "people.csv")
	if err := os.WriteFile(file, []byte("id,name,email\n1,Jana Köhler,jana@example.com\n2,Jana Silva,silva@example.pt\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := p.run("ops", "import", file, "--as", "book"); r.code != 0 {
		t.Fatalf("import: exit %d, %s", r.code, r.err)
	}
	return p
}

func (p place) path() string { return filepath.Join(p.dir, "kept.db") }

func (p place) options(login string, out, errs *bytes.Buffer) Options {
	at, _ := time.Parse(time.RFC3339, now)
	return Options{In: strings.NewReader(""), Out: out, Err: errs, Now: func() time.Time { return at }, Login: login,
		Specs: []connectors.Spec{csv.Spec()},
		Env: func(name string) string {
			return map[string]string{"KEPT_STATE": p.path(), "KEPT_RUNTIME_DIR": p.sock, "TZ": "Europe/Berlin", "HOME": p.dir}[name]
		}}
}

func (p place) run(login string, args ...string) ran {
	p.t.Helper()
	var out, errs bytes.Buffer
	code := Run(p.t.Context(), args, p.options(login, &out, &errs))
	return ran{code, out.String(), errs.String()}
}

// hold opens the state and serves it, as a command does while it runs.
func (p place) hold(login string) *factory {
	p.t.Helper()
	f := newFactory(nil, p.options(login, new(bytes.Buffer), new(bytes.Buffer)))
	if _, err := f.api(p.t.Context(), asking); err != nil {
		p.t.Fatal(err)
	}
	if !f.access.session.Holds() {
		p.t.Fatal("the state is not held")
	}
	return f
}

// What a command does and is told through another process is the same as alone: who it is, in which
// zone it reads, and what goes wrong with its class and candidates.
func TestThroughTheHolder(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if r := p.run("ops", "staff", "add", "王伟", "--login", "wei"); r.code != 0 {
		t.Fatal(r.err)
	}
	holder := p.hold("somebody else")
	defer func() { _ = holder.close() }()

	if r := p.run("wei", "note", "köhler", "through the holder"); r.code != 0 {
		t.Fatal(r.err)
	}
	var entries []service.Entry
	r := p.run("wei", "history", "köhler", "--only", "note", "--output", "json")
	if err := json.Unmarshal([]byte(r.out), &entries); err != nil || len(entries) != 1 || entries[0].Actor != "王伟" {
		t.Errorf("%v: %s%s", err, r.out, r.err)
	}
	var brief service.BriefOut
	r = p.run("wei", "brief", "köhler", "--zone", "Asia/Tokyo", "--output", "json")
	if err := json.Unmarshal([]byte(r.out), &brief); err != nil || brief.Zone != "Asia/Tokyo" {
		t.Errorf("%v: zone %q", err, brief.Zone)
	}
	r = p.run("wei", "customer", "show", "jana")
	if r.code != 1 || !strings.Contains(r.err, "c1  Jana Köhler") || !strings.Contains(r.err, "c2  Jana Silva") {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
	if r = p.run("wei", "optout", "remove", "köhler"); r.code != 2 {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
	// A backup streams from the holder.
	if r = p.run("wei", "backup", filepath.Join(p.dir, "b.db")); r.code != 0 {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
}

// Long work asks a short-lived holder to let go, and works alone.
func TestLongWorkTakesTheLock(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if r := p.run("ops", "backup", filepath.Join(p.dir, "b.db")); r.code != 0 {
		t.Fatal(r.err)
	}
	for _, args := range [][]string{
		{"import", filepath.Join(p.dir, "people.csv"), "--as", "other"},
		{"check"}, {"check", "--repair"}, {"backup", filepath.Join(p.dir, "c.db"), "--compact"},
		{"restore", filepath.Join(p.dir, "b.db"), "--yes"},
	} {
		holder := p.hold("holder")
		if r := p.run("ops", args...); r.code != 0 {
			t.Errorf("%q: exit %d, %s", args, r.code, r.err)
		}
		if holder.access.session.Holds() {
			t.Errorf("%q: the holder kept the lock", args)
		}
		if err := holder.close(); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	r := p.run("ops", "import", "list", "--output", "ids")
	if r.out != "r1\n" {
		t.Errorf("after the restore there are the runs %q", r.out)
	}
}

// The same request ID is done once, in whichever process.
func TestRequestIsDoneOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for range 3 {
		if r := p.run("ops", "promise", "köhler", "once", "--request", "r-1"); r.code != 0 {
			t.Fatal(r.err)
		}
	}
	if r := p.run("ops", "promises", "--output", "ids"); r.out != "p1\n" {
		t.Errorf("promises %q", r.out)
	}
	if r := p.run("ops", "note", "köhler", "other", "--request", "r-1"); r.code != 1 {
		t.Errorf("a used ID for something else: exit %d, %s", r.code, r.err)
	}
	for range 2 { // without one, each is its own
		p.run("ops", "promise", "köhler", "twice")
	}
	if r := p.run("ops", "promises", "--output", "ids"); strings.Count(r.out, "\n") != 3 {
		t.Errorf("promises %q", r.out)
	}
}

// A dry run leaves nothing behind, beside the state or in the folder for temporary files.
func TestDryRunLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	p := newPlace(t)
	for _, remove := range []bool{false, true} {
		if remove {
			if err := os.Remove(p.path()); err != nil {
				t.Fatal(err)
			}
		}
		before, _ := os.ReadFile(p.path())
		r := p.run("ops", "import", filepath.Join(p.dir, "people.csv"), "--as", "new", "--dry-run")
		if r.code != 0 || !strings.Contains(r.out, "would be new") {
			t.Errorf("exit %d, %s%s", r.code, r.out, r.err)
		}
		if after, _ := os.ReadFile(p.path()); !bytes.Equal(before, after) {
			t.Error("the state is another")
		}
		left, err := filepath.Glob(filepath.Join(tmp, "kept-dry-*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %q, %v", left, err)
		}
	}
}

// Errors of the domain, of the way to the holder, and of nobody cross with what a reader needs.
func TestCodec(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err   error
		class state.Class
		code  string
	}{
		{&state.Error{Class: state.Ambiguous, Code: "several_customers", Args: state.Args{"hits": "c1\tJana\t\nc2\t李伟\t"}}, state.Ambiguous, "several_customers"},
		{fmt.Errorf("around: %w", &state.Error{Class: state.Refused, Code: "merge_two_kinds"}), state.Refused, "merge_two_kinds"},
		{context.Canceled, state.Cancelled, "cancelled"},
	} {
		f, ok := codec.Encode(c.err)
		if !ok {
			t.Errorf("%v: not encoded", c.err)
			continue
		}
		wire, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var back api.Fault
		if err := json.Unmarshal(wire, &back); err != nil {
			t.Fatal(err)
		}
		e := state.AsError(codec.Decode(back))
		want := state.AsError(c.err)
		if e.Class != c.class || e.Code != c.code || fmt.Sprint(e.Args) != fmt.Sprint(want.Args) {
			t.Errorf("%v came back as %v", c.err, e)
		}
	}
	if _, ok := codec.Encode(errors.New("a library's")); ok {
		t.Error("an error without a code was encoded as one of ours")
	}
	for code, class := range map[string]state.Class{api.CodeVersion: state.Failed, api.CodeLocked: state.Unavailable,
		api.CodeUnauthorized: state.Auth, api.CodeForeign: state.Forbidden, api.CodeTooLarge: state.Invalid} {
		e := state.AsError(codec.Decode(api.Fault{Code: code, Message: "m", Args: json.RawMessage(`{"pid":7,"what":"answer"}`)}))
		if e.Class != class || e.Code != code || e.Args["pid"] != "7" {
			t.Errorf("%s came as %v of class %s", code, e, e.Class)
		}
	}
}

// Nobody is asked where nobody is, and a folder is no backup.
func TestRestoreGuards(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if r := p.run("ops", "restore", p.dir, "--yes"); r.code != 2 {
		t.Errorf("a folder: exit %d, %s", r.code, r.err)
	}
	if r := p.run("ops", "backup", p.dir); r.code != 2 {
		t.Errorf("a backup over a folder: exit %d, %s", r.code, r.err)
	}
	var out bytes.Buffer
	o := p.options("ops", &out, new(bytes.Buffer))
	if code := Run(t.Context(), []string{"backup", "-"}, o); code != 0 || out.Len() < 4096 {
		t.Errorf("a backup to the output: exit %d, %d bytes", code, out.Len())
	}
}
