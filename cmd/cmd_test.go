package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/csv"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// ran is what a command did.
type ran struct {
	code     int
	out, err string
}

// run runs a command against an API in place of a state.
func run(t *testing.T, api service.API, env map[string]string, args ...string) ran {
	t.Helper()
	return runIn(t.Context(), api, env, args...)
}

func runIn(ctx context.Context, api service.API, env map[string]string, args ...string) ran {
	var out, errs bytes.Buffer
	at, _ := time.Parse(time.RFC3339, now)
	code := Run(ctx, args, Options{
		In: strings.NewReader(""), Out: &out, Err: &errs, Now: func() time.Time { return at }, Login: "jana",
		Env: func(name string) string {
			if v, ok := env[name]; ok {
				return v
			}
			return map[string]string{"HOME": "/nowhere", "TZ": "Europe/Berlin", "LANG": "en_US.UTF-8"}[name]
		},
		Specs: []connectors.Spec{csv.Spec()}, api: &api,
	})
	return ran{code, out.String(), errs.String()}
}

// runnable are all commands that can be typed.
func runnable(c *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, sub := range c.Commands() {
		if !sub.HasSubCommands() || slices.Contains([]string{"import", "sync", "add", "promise"}, sub.Name()) {
			all = append(all, sub)
		}
		all = append(all, runnable(sub)...)
	}
	return all
}

// Each command has a summary, and examples that its own flags and arguments accept.
func TestEveryCommandHasExamples(t *testing.T) {
	t.Parallel()
	for _, c := range runnable(newRoot(newFactory(nil, Options{Specs: []connectors.Spec{csv.Spec()}}))) {
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s has no summary or no example", c.CommandPath())
		}
		for line := range strings.SplitSeq(c.Example, "\n") {
			if strings.Count(line, "  kept ") != 1 {
				t.Errorf("%s: not one example in a line: %q", c.CommandPath(), line)
			}
			line, _, _ = strings.Cut(line, " #")
			line, _, _ = strings.Cut(line, " >")
			line, _, _ = strings.Cut(line, " |")
			words := shellSplit(t, line)
			root := newRoot(newFactory(nil, Options{Specs: []connectors.Spec{csv.Spec()}}))
			found, rest, err := root.Find(words[1:])
			if err != nil || !strings.HasPrefix(strings.Join(words, " ")+" ", found.CommandPath()+" ") {
				t.Errorf("%s: the example %q is no command: %v", c.CommandPath(), line, err)
				continue
			}
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%s: the example %q: %v", c.CommandPath(), line, err)
				continue
			}
			if found.Args != nil {
				if err := found.Args(found, found.Flags().Args()); err != nil {
					t.Errorf("%s: the example %q: %v", c.CommandPath(), line, err)
				}
			}
		}
	}
}

// Each help says how that command is used, not how the one above it is.
func TestEveryUsageIsItsOwn(t *testing.T) {
	t.Parallel()
	for _, c := range runnable(newRoot(newFactory(nil, Options{Specs: []connectors.Spec{csv.Spec()}}))) {
		_, after, _ := strings.Cut(c.UsageString(), "Usage:\n")
		if first, _, _ := strings.Cut(after, "\n"); !strings.HasPrefix(strings.TrimSpace(first)+" ", c.CommandPath()+" ") {
			t.Errorf("%s: its usage is %q", c.CommandPath(), first)
		}
	}
}

func shellSplit(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	var word strings.Builder
	in, any := false, false
	for _, r := range strings.TrimSpace(line) + " " {
		switch {
		case r == '"':
			in, any = !in, true
		case r == ' ' && !in:
			if word.Len() > 0 || any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
		}
	}
	if in {
		t.Fatalf("%q: a quote is open", line)
	}
	return words
}

func TestHelpNamesDailyWordsFirst(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"--help"}, {"help"}} {
		r := run(t, service.API{}, nil, args...)
		daily, data := strings.Index(r.out, "Every day:"), strings.Index(r.out, "Systems and exports:")
		if r.code != 0 || r.err != "" || daily < 0 || data < daily || !strings.Contains(r.out[daily:data], "  brief") {
			t.Errorf("%q: exit %d, %s%s", args, r.code, r.err, r.out)
		}
	}
	r := run(t, service.API{}, nil, "help", "promise")
	if !strings.Contains(r.out, `kept promise jana "send the quote" by friday 12:00`) || !strings.Contains(r.out, "--theirs") {
		t.Errorf("help of a word: %s", r.out)
	}
	if zh := run(t, service.API{}, nil, "--lang", "zh", "--help"); !strings.Contains(zh.out, "客户") {
		t.Errorf("help in Chinese: %s", zh.out)
	}
}

// What was typed wrongly is told in our words, with exit code 2 and what to do.
func TestUsageErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		want []string
	}{
		{"brif", []string{`"kept brif"`, "kept brief"}},
		{"customer merg", []string{"kept customer merge"}},
		{"customer xyzzy", []string{"kept customer --help"}},
		{"help nothing", []string{`"kept nothing"`}},
		{"help customer nothing", []string{"nothing"}},
		{"brief --ouput json", []string{"--ouput", "--output"}},
		{"brief -x", []string{"-x", "kept brief --help"}},
		{"brief jana --output", []string{"--output needs a value"}},
		{"brief jana -o", []string{"-o needs a value"}},
		{"brief jana --output xml", []string{`"xml"`, "jsonl"}},
		{"import list --limit many", []string{"--limit", `"many"`}},
		{"customer merge c1", []string{"kept customer merge A B", "for example"}},
		{"customer merge c1 c2 c3", []string{"too much"}},
		{"customer list --limit -3", []string{"--limit", `"-3"`}},
		{"customer edit jana", []string{"kept customer edit"}},
		{"customer edit jana --set nonsense", []string{`"nonsense"`, "NAME=VALUE"}},
		{"customer tag jana", []string{"tag"}},
		{"completion tcsh", []string{`"tcsh"`, "bash"}},
		{"import", []string{"kept import FILE"}},
		{"find jana --limit 0", []string{"--limit"}},
		{"find jana --zone Mars/Olympus", []string{"Mars/Olympus", "Europe/Berlin"}},
		{"find jana --region Germany", []string{"Germany", "DE"}},
		{"find jana --lang fr", []string{"fr", "zh"}},
		{"find", []string{"kept find"}},
	} {
		r := run(t, service.API{}, nil, strings.Fields(c.args)...)
		if r.code != 2 || r.out != "" {
			t.Errorf("%s: exit %d, wrote %q", c.args, r.code, r.out)
		}
		for _, w := range c.want {
			if !strings.Contains(r.err, w) {
				t.Errorf("%s: says %q, without %q", c.args, r.err, w)
			}
		}
	}
}

// Each class of errors has its exit code, its sentence goes to the other stream, and no cause of a
// library is shown unless somebody asks.
func TestErrorsExit(t *testing.T) {
	t.Parallel()
	for class, code := range map[state.Class]int{
		state.Failed: 1, state.Invalid: 2, state.NotFound: 1, state.Ambiguous: 1, state.Conflict: 1, state.Auth: 4,
		state.Forbidden: 4, state.Unavailable: 5, state.Partly: 6, state.Findings: 3, state.Refused: 7, state.Cancelled: 130,
	} {
		api := service.API{StaffList: func(context.Context, service.StaffListIn) (service.StaffListOut, error) {
			return service.StaffListOut{}, &state.Error{Class: class, Code: "state_io", Args: state.Args{"path": "/k.db"}, Cause: fmt.Errorf("library says EIO")}
		}}
		r := run(t, api, nil, "staff", "list")
		if r.code != code || r.out != "" || !strings.Contains(r.err, "/k.db") || strings.Contains(r.err, "EIO") {
			t.Errorf("%s: exit %d, %q, %q", class, r.code, r.out, r.err)
		}
		if r := run(t, api, nil, "staff", "list", "--verbose"); !strings.Contains(r.err, "EIO") {
			t.Errorf("%s: --verbose says %q", class, r.err)
		}
		if r := run(t, api, map[string]string{"KEPT_LANG": "zh"}, "staff", "list"); !strings.Contains(r.err, "磁盘") {
			t.Errorf("%s: in Chinese %q", class, r.err)
		}
	}
}

func TestUnknownErrorsAreOurFault(t *testing.T) {
	t.Parallel()
	api := service.API{StaffList: func(context.Context, service.StaffListIn) (service.StaffListOut, error) {
		return service.StaffListOut{}, fmt.Errorf("open /x: weird library text")
	}}
	if r := run(t, api, nil, "staff", "list"); r.code != 1 || strings.Contains(r.err, "weird") || r.err == "" {
		t.Errorf("exit %d, %q", r.code, r.err)
	}
}

func TestPanicsAreSentences(t *testing.T) {
	t.Parallel()
	api := service.API{StaffList: func(context.Context, service.StaffListIn) (service.StaffListOut, error) { panic("boom at 0xdead") }}
	r := run(t, api, nil, "staff", "list")
	if r.code != 1 || strings.Contains(r.err, "boom") || strings.Contains(r.err, "goroutine") || r.err == "" {
		t.Errorf("exit %d, %q", r.code, r.err)
	}
	r = run(t, api, map[string]string{"KEPT_DEBUG": "1"}, "staff", "list")
	if !strings.Contains(r.err, "boom") || !strings.Contains(r.err, "goroutine") {
		t.Errorf("with KEPT_DEBUG: %q", r.err)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	api := service.API{StaffList: func(ctx context.Context, _ service.StaffListIn) (service.StaffListOut, error) {
		cancel()
		return service.StaffListOut{}, ctx.Err()
	}}
	if r := runIn(ctx, api, nil, "staff", "list"); r.code != 130 || r.out != "" || r.err == "" {
		t.Errorf("exit %d, %q, %q", r.code, r.out, r.err)
	}
}

// customers answers customer list in pages.
func customers(n int) service.API {
	return service.API{CustomerList: func(_ context.Context, in service.CustomerListIn) (service.CustomerListOut, error) {
		first, size := 1, 500
		if in.After != "" {
			if _, err := fmt.Sscanf(in.After, "c%d", &first); err != nil {
				return service.CustomerListOut{}, err
			}
			first++
		}
		if in.Limit > 0 {
			size = in.Limit
		}
		var out service.CustomerListOut
		for i := first; i < first+size && i <= n; i++ {
			out.Customers = append(out.Customers, service.Customer{Number: fmt.Sprintf("c%d", i), Name: "李 \"\n" + fmt.Sprint(i)})
		}
		if first+size <= n {
			out.Next = fmt.Sprintf("c%d", first+size-1)
		}
		return out, nil
	}}
}

// A list has no hidden limit in any format, and is whole JSON however many pages it took.
func TestCustomerListHasNoHiddenLimit(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 499, 500, 501, 1234} {
		r := run(t, customers(n), nil, "customer", "list", "--output", "json")
		var got []service.Customer
		if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got) != n || r.code != 0 {
			t.Errorf("%d: exit %d, %d customers, %v", n, r.code, len(got), err)
		}
		for i, c := range got {
			if c.Number != fmt.Sprintf("c%d", i+1) {
				t.Fatalf("%d: place %d has %s", n, i, c.Number)
			}
		}
		if lines := strings.Count(run(t, customers(n), nil, "customer", "list", "--output", "ids").out, "\n"); lines != n {
			t.Errorf("%d: %d ids", n, lines)
		}
		if lines := strings.Count(run(t, customers(n), nil, "customer", "list", "--output", "jsonl").out, "\n"); lines != n {
			t.Errorf("%d: %d lines of jsonl", n, lines)
		}
		head := strings.Count(run(t, customers(n), nil, "customer", "list", "--output", "csv").out, "id,number,")
		if want := min(n, 1); head != want {
			t.Errorf("%d: %d header lines", n, head)
		}
	}
	if r := run(t, customers(1234), nil, "customer", "list", "--limit", "700", "--output", "ids"); strings.Count(r.out, "\n") != 700 {
		t.Errorf("--limit 700 gives %d", strings.Count(r.out, "\n"))
	}
}

// A word's own options and text come to the service as typed.
func TestWordsArePassedOn(t *testing.T) {
	t.Parallel()
	var got service.PromiseAddIn
	api := service.API{PromiseAdd: func(_ context.Context, in service.PromiseAddIn) (service.PromiseOut, error) {
		got = in
		return service.PromiseOut{Promise: service.Promise{Number: "p1", Text: in.Text}}, nil
	}}
	r := run(t, api, nil, "promise", "李伟", "周五之前寄样品", "--by", "wei", "--output", "json")
	if r.code != 0 || got.Ref != "李伟" || got.By != "wei" || !strings.Contains(got.Text, "寄样品") {
		t.Errorf("exit %d, %+v, %s", r.code, got, r.err)
	}
	var p service.Promise
	if err := json.Unmarshal([]byte(r.out), &p); err != nil || p.Number != "p1" {
		t.Errorf("%v: %s", err, r.out)
	}
}

// What a shell takes apart, our own commands in texts put together again.
func TestShellWord(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "''", "a.csv": "a.csv", "my file.csv": "'my file.csv'", "it's": `'it'\''s'`, "köln.csv": "köln.csv", "$(x)": "'$(x)'"} {
		if got := shellWord(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
