package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/csv"
	"github.com/keptcrm/kept/connectors/mbox"
	"github.com/keptcrm/kept/connectors/vcard"
)

// demoRun runs a command as somebody with a machine of their own: elsewhere, later, in another zone.
func demoRun(t *testing.T, runtime string, args ...string) ran {
	t.Helper()
	env := map[string]string{"KEPT_RUNTIME_DIR": runtime, "HOME": runtime, "TZ": "America/New_York", "LANG": "C.UTF-8"}
	var out, errs bytes.Buffer
	code := Run(context.Background(), args, Options{
		In: strings.NewReader(""), Out: &out, Err: &errs, Env: func(name string) string { return env[name] },
		Now: func() time.Time { return time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC) }, Login: "somebody",
		Specs: []connectors.Spec{csv.Spec(), vcard.Spec(), mbox.Spec()},
	})
	return ran{code, out.String(), errs.String()}
}

var demoCommand = regexp.MustCompile(`(?m)(?:^\$ |  )bin/kept ([^·\n]*)$`)

// What "kept demo" prints is what a new user sees first, so it is kept as it is; KEPT_WRITE=1 writes
// it anew. Every command in it works when it is pasted.
//
// It changes the folder and the name of this process, so it runs alone.
func TestDemo(t *testing.T) {
	golden, err := filepath.Abs(filepath.Join("testdata", "demo"))
	if err != nil {
		t.Fatal(err)
	}
	run, err := os.MkdirTemp("", "kept") // sockets need short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(run) })
	t.Chdir(t.TempDir())
	name := os.Args[0]
	os.Args[0] = filepath.FromSlash("bin/kept")
	t.Cleanup(func() { os.Args[0] = name })

	first := ""
	for _, c := range []struct {
		golden string
		args   []string
	}{
		{"en.golden", []string{"demo"}},
		{"zh.golden", []string{"demo", "--lang", "zh", "--dir", "demo", "--zone", "Asia/Shanghai"}},
	} {
		got := demoRun(t, run, c.args...)
		if got.code != 0 || got.err != "" {
			t.Fatalf("%v: exit %d\n%s%s", c.args, got.code, got.out, got.err)
		}
		if first == "" {
			first = got.out
		}
		path := filepath.Join(golden, c.golden)
		if os.Getenv("KEPT_WRITE") == "1" {
			if err := os.WriteFile(path, []byte(got.out), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.out); diff != "" {
			t.Errorf("%v: the demo's output changed; look at it, then KEPT_WRITE=1 go test ./cmd -run TestDemo (-want +got)\n%s", c.args, diff)
		}
	}

	answers := map[string]string{
		"questions q2":     "李伟",
		"brief jana":       "Jana Köhler, Sternwarte Lübeck e.V.",
		"promises --late":  "send you the revised quote for 40 units",
		"history 李伟":       "样品寄出",
		"questions":        "12 questions wait",
		"customer waiting": "Karton Krause",
	}
	for _, m := range demoCommand.FindAllStringSubmatch(first, -1) {
		words, ok := strings.CutPrefix(m[1], "--state demo/kept.db ")
		if !ok {
			if m[1] != "import ~/Downloads/orders_export.csv" {
				t.Errorf("%q is of no state", m[0])
			}
			continue
		}
		got := demoRun(t, run, strings.Fields(m[1])...)
		if has := answers[words]; got.code != 0 || has == "" || !strings.Contains(got.out, has) {
			t.Errorf("%s: exit %d, want %q\n%s%s", m[1], got.code, has, got.out, got.err)
		}
		delete(answers, words)
	}
	if len(answers) > 0 {
		t.Errorf("the demo does not name %v", answers)
	}

	// Its numbers are for programs too, and its question can be answered.
	got := demoRun(t, run, "demo", "--output", "json")
	var out demoOut
	if err := json.Unmarshal([]byte(got.out), &out); err != nil || got.code != 0 || out.Lost != 0 || out.Questions != 12 || len(out.Sums) != 3 {
		t.Errorf("exit %d, %+v, %v", got.code, out, err)
	}
	if got := demoRun(t, run, "--state", "demo/kept.db", "answer", "q2", "yes"); got.code != 0 {
		t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
	}
	if got := demoRun(t, run, "--state", "demo/kept.db", "check"); got.code != 0 {
		t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
	}

	// A folder with something else in it stays as it is.
	if err := os.MkdirAll("thesis", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("thesis", "chapter.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := demoRun(t, run, "demo", "--dir", "thesis"); got.code != 1 || !strings.Contains(got.err, "thesis has other things in it") {
		t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
	}
}
