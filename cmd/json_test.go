package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// jsonset WHAT FIELD...: the last output is JSON, an array where WHAT is array, and its objects have
// at least these fields.
func jsonset(ts *testscript.TestScript, _ bool, args []string) {
	out := ts.ReadFile("stdout")
	var objects []map[string]any
	if args[0] == "array" {
		if err := json.Unmarshal([]byte(out), &objects); err != nil {
			ts.Fatalf("no array of objects: %v", err)
		}
		if len(objects) == 0 {
			ts.Fatalf("the array is empty")
		}
	} else {
		var one map[string]any
		if err := json.Unmarshal([]byte(out), &one); err != nil {
			ts.Fatalf("no object: %v", err)
		}
		objects = append(objects, one)
	}
	for _, o := range objects {
		for _, field := range args[1:] {
			if _, ok := o[field]; !ok {
				ts.Fatalf("no field %q in %v", field, o)
			}
		}
	}
}

// answered are the answers that commands give with --output json, by command.
var answered = []struct {
	command string
	data    any
}{
	{"find", service.FindOut{}},
	{"brief", service.BriefOut{}},
	{"history", service.HistoryOut{}},
	{"note", service.NoteOut{}},
	{"who", service.WhoOut{}},
	{"promises", service.PromiseListOut{}},
	{"promises --health", service.PromiseHealthOut{}},
	{"promises --conflicts", service.PromiseConflictsOut{}},
	{"promise", service.PromiseOut{}},
	{"handover", service.HandoverOut{}},
	{"handover list", service.HandoverListOut{}},
	{"handover drafts", bot.Drafts{}},
	{"followups", service.FollowupListOut{}},
	{"followups --unanswered", service.UnansweredOut{}},
	{"followup rules", service.RuleListOut{}},
	{"followup run", service.FollowupRunOut{}},
	{"segment list", service.SegmentListOut{}},
	{"segment show", service.SegmentShowOut{}},
	{"segment diff", service.SegmentDiffOut{}},
	{"followup", service.FollowupOut{}},
	{"questions", service.QuestionListOut{}},
	{"answer", service.AnswerOut{}},
	{"assign", service.CustomerOut{}},
	{"import", service.ImportOut{}},
	{"import list", service.RunListOut{}},
	{"import undo", service.ImportUndoOut{}},
	{"sync", service.SyncOut{}},
	{"sync plans", service.PlanListOut{}},
	{"sync plan", service.PlanShowOut{}},
	{"outbox", service.OutboxListOut{}},
	{"outbox list", service.OutboxListOut{}},
	{"outbox show", service.OutboxOut{}},
	{"outbox send", service.OutboxSendOut{}},
	{"outbox retry", service.OutboxOut{}},
	{"outbox drop", service.OutboxOut{}},
	{"match", []matchRow{}},
	{"promise find", []promiseFound{}},
	{"connection types", []connectorType{}},
	{"connection add", addedOut{}},
	{"connection list", []listedConnection{}},
	{"connection show", connectionOut{}},
	{"connection check", service.ConnectionCheckOut{}},
	{"connection set", connectionOut{}},
	{"connection remove", removedOut{}},
	{"connection mailbox", service.MailboxOut{}},
	{"customer list", service.CustomerListOut{}},
	{"customer show", service.CustomerShowOut{}},
	{"customer edit", service.CustomerOut{}},
	{"customer tag", service.CustomerOut{}},
	{"customer relate", service.RelateOut{}},
	{"customer merge", service.MergeOut{}},
	{"customer unmerge", service.UnmergeOut{}},
	{"customer keep-apart", service.KeepApartOut{}},
	{"customer why", service.WhyOut{}},
	{"customer export", service.CustomerExportOut{}},
	{"customer forget", service.CustomerForgetOut{}},
	{"customer forgotten", service.ForgottenListOut{}},
	{"customer waiting", service.WaitingOut{}},
	{"customer add", service.CustomerAddOut{}},
	{"customer ignore", service.CustomerIgnoreOut{}},
	{"customer learn", service.CustomerLearnOut{}},
	{"staff add", service.StaffOut{}},
	{"staff list", service.StaffListOut{}},
	{"staff show", service.StaffOut{}},
	{"staff away", service.StaffOut{}},
	{"staff leave", service.StaffOut{}},
	{"staff digest", service.DigestOut{}},
	{"settings", service.SettingsOut{}},
	{"slack check", slackChecked{}},
	{"optout add", service.OptoutOut{}},
	{"optout list", service.OptoutListOut{}},
	{"optout why", service.OptoutWhyOut{}},
	{"optout remove", service.OptoutOut{}},
	{"may-contact", service.MayContactOut{}},
	{"hold", service.HoldOut{}},
	{"hold list", service.HoldOut{}},
	{"touch record", service.TouchRecordOut{}},
	{"touch list", service.TouchListOut{}},
	{"touch undo", service.TouchUndoOut{}},
	{"backup", backedUp{}},
	{"restore", restored{}},
	{"check", service.CheckOut{}},
	{"audit", service.AuditOut{}},
	{"doctor", findings{}},
	{"config show", []setting{}},
	{"demo", demoOut{}},
	{"serve", service.ReloadOut{}},
	{"serve reload", service.ReloadOut{}},
	{"service install", installedOut{}},
	{"job list", []listedJob{}},
	{"job run", service.JobRunOut{}},
	{"job pause", service.JobPauseOut{}},
	{"job resume", service.JobPauseOut{}},
	{"job history", service.JobHistoryOut{}},
	{"version", versionOut{}},
}

// jsonGuide says what programs read, from the types themselves.
func jsonGuide() string {
	var b strings.Builder
	b.WriteString(`# What programs read

Every command takes ` + "`--output json`" + `. An answer that is a list is an array; every other answer is one object.
` + "`--output jsonl`" + ` gives an array's items one on a line, ` + "`csv`" + ` under a line of names, ` + "`ids`" + ` their numbers alone.
Lists are never null. Times are UTC (RFC 3339), money is ` + "`{minor, currency}`" + ` in minor units. What people typed and
what connections told is given as it is; only control characters are escaped. Errors go to the other stream, and
the exit code says of what kind they are:

| exit | means |
|---|---|
| 0 | done |
| 1 | it did not work |
| 2 | what was typed makes no sense as it stands |
| 3 | something was found (` + "`kept check`" + `) |
| 4 | a credential is missing or wrong |
| 5 | try again |
| 6 | partly done: the rest is told, and waits |
| 7 | refused by a guard |
| 130 | stopped |

Fields with a ? are left out where there is nothing to say. A field that is here stays here.

| command | gives | fields |
|---|---|---|
`)
	types := map[string]reflect.Type{}
	for _, a := range answered {
		v, list := machine(a.data)
		t := reflect.TypeOf(v)
		shape := "object"
		if list {
			shape = "array of objects"
			t = t.Elem()
		}
		b.WriteString("| `" + a.command + "` | " + shape + " | " + fieldList(t, types) + " |\n")
	}
	b.WriteString("\nThe objects inside:\n\n")
	done := map[string]bool{}
	for {
		var names []string
		for n := range types {
			if !done[n] {
				names = append(names, n)
			}
		}
		if len(names) == 0 {
			break
		}
		slices.Sort(names)
		for _, n := range names {
			done[n] = true
			b.WriteString("- **" + n + "**: " + fieldList(types[n], types) + "\n")
		}
	}
	return b.String()
}

// shownAs names what an export gives as it is stored, where answers show a thing of the same name otherwise.
var shownAs = map[reflect.Type]string{
	reflect.TypeFor[state.Identifier](): "StoredIdentifier",
	reflect.TypeFor[state.Attachment](): "StoredAttachment",
	reflect.TypeFor[state.Promise]():    "StoredPromise",
	reflect.TypeFor[state.Followup]():   "StoredFollowup",
	reflect.TypeFor[state.Question]():   "StoredQuestion",
}

// fieldList gives the fields of a struct as JSON has them, and notes the structs inside.
func fieldList(t reflect.Type, types map[string]reflect.Type) string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		inner := f.Type
		suffix := ""
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice && inner.Elem().Kind() != reflect.Uint8 {
			if inner.Kind() == reflect.Slice {
				suffix += "[]"
			}
			inner = inner.Elem()
		}
		about := ""
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
			label := inner.Name()
			if _, shown := shownAs[inner]; shown {
				label = shownAs[inner]
			}
			if other := types[label]; other != nil && other != inner {
				panic("two objects are called " + label + ": give one another name in shownAs")
			}
			types[label] = inner
			about = " " + label
		}
		if strings.Contains(rest, "omit") {
			name += "?"
		}
		out = append(out, name+suffix+about)
	}
	return strings.Join(out, ", ")
}

// The page about JSON says what the program gives; KEPT_WRITE=1 writes it anew.
func TestJSONGuideIsTrue(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "docs", "guides", "json.md")
	want := jsonGuide()
	if os.Getenv("KEPT_WRITE") == "1" {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/guides/json.md is not what the program gives; look at what changed for programs, then KEPT_WRITE=1 go test ./cmd -run JSONGuide\n%s", want)
	}
}

// Every command that can be run is in the table of answers, so that the page misses none.
func TestEveryCommandHasItsAnswer(t *testing.T) {
	t.Parallel()
	var all []string
	for _, a := range answered {
		all = append(all, "kept "+a.command)
	}
	for _, c := range runnable(newRoot(newFactory(nil, Options{}))) {
		if path := c.CommandPath(); !slices.Contains(all, path) && !slices.Contains([]string{"kept help", "kept completion",
			"kept chat",           // as the word that is asked
			"kept slack manifest", // Slack's own format
		}, path) {
			t.Errorf("%s is not in the table of answers", path)
		}
	}
}
