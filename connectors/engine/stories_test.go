package engine

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

var updateStories = flag.Bool("update-stories", false, "write what happens as the plan and the outcome of the stories")

// story is a folder of testdata/stories: systems.txt and initial.txt are brought in step; edits.txt
// is what people then do; plan.txt is what a dry run then plans, and outcome.txt how all stands when
// it was applied and nothing is left to do.
type story struct {
	*simulation
	dir string
}

func (s *story) lines(name string) []string {
	b, err := os.ReadFile(filepath.Join(s.dir, name+".txt"))
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(b), "\n"), func(l string) bool { return l == "" })
}

func (s *story) remote(name string) *remote {
	i := slices.IndexFunc(s.remotes, func(r *remote) bool { return r.name == name })
	if i < 0 {
		s.t.Fatalf("there is no system %q", name)
	}
	return s.remotes[i]
}

// system reads "shop two-way owns=company: email* given phone company/20".
func (s *story) system(line string) {
	head, fields, ok := strings.Cut(line, ": ")
	words := strings.Fields(head)
	if !ok || len(words) < 2 {
		s.t.Fatalf("no system: %q", line)
	}
	r := &remote{w: s.simulation, name: words[0], contacts: map[string]*contact{}, keys: map[string]string{}, made: map[string]int{}, deleted: map[string]int{},
		matches: true, deletes: true, fetches: true, tombs: true}
	c := Connection{Name: r.name, Type: r.name, Mode: words[1], Guard: 1}
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "owns":
			c.Owns = strings.Split(value, ",")
		case "create":
			c.Create = value
		case "optout":
			mark, ok := service.ParseOptoutMark(value)
			if !ok {
				s.t.Fatalf("no mark: %q", value)
			}
			c.Optout = mark
		case "newest":
			c.Newest = true
		case "deletes":
			c.Deletes = true
		case "finds":
			r.finds = true
		case "once":
			r.once = true
		case "formats":
			r.formats = true
		case "unapproved":
		default:
			s.t.Fatalf("no word for a system: %q", w)
		}
	}
	for _, f := range strings.Fields(fields) {
		spec := connectors.FieldSpec{Read: true, Write: true, Many: 1}
		name, long, _ := strings.Cut(f, "/")
		_, _ = fmt.Sscan(long, &spec.Long)
		if spec.Field = strings.TrimSuffix(name, "*"); spec.Field != name {
			spec.Many = 0
		}
		r.matrix = append(r.matrix, spec)
	}
	s.remotes, s.conns = append(s.remotes, r), append(s.conns, c)
}

// put reads "given=Jana; phone=+49 1|+49 2": these fields are so from now on.
func (s *story) put(r *remote, id, fields string) {
	c := r.contacts[id]
	if c == nil {
		c = &contact{id: id, fields: map[string][]string{}}
		r.contacts[id] = c
	}
	for f := range strings.SplitSeq(fields, ";") {
		name, vals, ok := strings.Cut(strings.TrimSpace(f), "=")
		if !ok {
			s.t.Fatalf("no field: %q", f)
		}
		c.fields[name] = r.keep(name, strings.Split(vals, "|"))
	}
	s.tick++
	r.touch(c, 0)
}

func (s *story) do(line string) {
	head, fields, said := strings.Cut(line, ": ")
	if !said {
		head = strings.TrimSuffix(line, ":")
	}
	words := strings.Fields(head)
	if len(words) == 2 && said && words[0] != "hand" && words[0] != "optout" && words[0] != "lift" {
		s.put(s.remote(words[0]), words[1], fields)
		return
	}
	ctx := context.Background()
	switch words[0] {
	case "sync":
		_, _ = s.sync(service.SyncIn{})
	case "later":
		s.tick += 100
	case "lose":
		s.remote(words[1]).lose = true
	case "break", "mend":
		s.remote(words[1]).down = words[0] == "break"
	case "mode":
		s.conns[slices.IndexFunc(s.conns, func(c Connection) bool { return c.Name == words[1] })].Mode = words[2]
		s.open()
	case "meanwhile":
		r := s.remote(words[1])
		r.before = func(call string) {
			if call == "push" {
				r.before = nil
				s.put(r, words[2], fields)
			}
		}
	case "hand":
		name, value, _ := strings.Cut(fields, "=")
		if _, err := s.svc.CustomerEdit(ctx, service.CustomerEditIn{Ref: words[1], Set: map[string]string{name: value}}); err != nil {
			s.t.Fatal(err)
		}
	case "optout":
		if _, err := s.svc.OptoutAdd(ctx, service.OptoutAddIn{Ref: words[1], Channel: "email", Purpose: "marketing", Words: fields}); err != nil {
			s.t.Fatal(err)
		}
	case "lift":
		if _, err := s.svc.OptoutRemove(service.WithCaller(ctx, service.Caller{Login: "ana"}), service.OptoutRemoveIn{Ref: words[1], Reason: fields}); err != nil {
			s.t.Fatal(err)
		}
	case "answer":
		list, err := s.svc.QuestionList(ctx, service.QuestionListIn{})
		if err != nil || len(list.Questions) != 1 {
			s.t.Fatalf("there is not one question: %v %+v", err, list)
		}
		if _, err := s.svc.Answer(ctx, service.AnswerIn{Number: list.Questions[0].Number, Answer: words[1]}); err != nil {
			s.t.Fatal(err)
		}
	default:
		if len(words) != 3 {
			s.t.Fatalf("nothing that anybody can do: %q", line)
		}
		r := s.remote(words[0])
		c := r.contacts[words[2]]
		s.tick++
		switch words[1] {
		case "delete":
			c.gone = true
		case "opt-out", "opt-in":
			state := map[string]connectors.ConsentState{"opt-out": connectors.OptedOut, "opt-in": connectors.Granted}[words[1]]
			c.said = []connectors.Consent{{Channel: "email", Purpose: "marketing", State: state, Address: fields}}
		default:
			s.t.Fatalf("nothing that anybody can do: %q", line)
		}
		r.touch(c, 0)
	}
}

// planned shows a plan, in words.
func (s *story) planned(p *service.SyncPlan) string {
	var out []string
	if p != nil {
		for _, w := range p.Writes {
			if len(w.Fields) == 0 {
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", w.Connection, w.Action, w.Record)))
			}
			for _, f := range w.Fields {
				out = append(out, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s: %s -> %s (%s)", w.Connection, w.Action, w.Record, f.Field,
					strings.Join(f.Before, "|"), strings.Join(f.After, "|"), strings.TrimSuffix(cmp.Or(f.Why, w.Why)+", "+f.From, ", "))), " "))
			}
		}
		for _, q := range p.Questions {
			out = append(out, s.question(&q))
		}
	}
	slices.Sort(out)
	return storyText(out)
}

func (s *story) question(q *service.Question) string {
	line := "question " + q.Kind
	if q.Field != "" {
		line += " " + q.Field
	}
	return line + ": " + strings.Join(q.Options, ", ")
}

func storyText(lines []string) string {
	if len(lines) == 0 {
		return "nothing\n"
	}
	return strings.Join(lines, "\n") + "\n"
}

// stands shows what all systems and the customers say, and what waits for a person.
func (s *story) stands() string {
	var out []string
	for _, r := range s.remotes {
		for _, id := range r.ids() {
			c := r.contacts[id]
			line := r.name + " " + id + ":"
			if c.gone {
				line += " gone"
			} else {
				for _, f := range r.matrix {
					if vals := c.fields[f.Field]; len(vals) > 0 {
						line += " " + f.Field + "=" + strings.Join(vals, "|") + ";"
					}
				}
				for _, x := range c.said {
					line += fmt.Sprintf(" %s %s %s %s;", x.Channel, x.Purpose, x.State, x.Address)
				}
			}
			out = append(out, strings.TrimSuffix(line, ";"))
		}
	}
	list, err := s.svc.QuestionList(context.Background(), service.QuestionListIn{})
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range list.Questions {
		out = append(out, s.question(&list.Questions[i]))
	}
	if slices.ContainsFunc(s.conns, func(c Connection) bool { return c.Optout.Stands() }) {
		no, err := s.svc.OptoutList(context.Background(), service.OptoutListIn{})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, l := range no.Lines {
			out = append(out, strings.TrimRight(fmt.Sprintf("refused: %s %s %s %s", l.Value, l.Channel, l.Purpose, l.Connection), " "))
		}
	}
	return storyText(out)
}

func (s *story) golden(name, got string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name+".txt")
	if *updateStories {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	if want, err := os.ReadFile(path); err != nil || string(want) != got {
		s.t.Errorf("%s is\n%s\nand not (%v)\n%s\n%s", name, got, err, want, strings.Join(s.log, "\n"))
	}
}

func (s *story) tell() {
	approve := true
	for _, l := range s.lines("systems") {
		s.system(l)
		approve = approve && !strings.Contains(l, " unapproved")
	}
	s.open()
	for _, l := range s.lines("initial") {
		s.do(l)
	}
	if _, err := s.sync(service.SyncIn{}); err != nil {
		s.t.Fatalf("the first sync: %v", err)
	}
	if approve {
		s.approveAll()
		s.settleAlone()
	}
	for _, l := range s.lines("edits") {
		s.do(l)
	}
	dry, err := s.sync(service.SyncIn{Dry: true})
	if err != nil {
		s.t.Fatalf("the dry run: %v", err)
	}
	s.golden("plan", s.planned(dry.Plan))
	if dry.Plan != nil && dry.Plan.ID != "" {
		_, _ = s.sync(service.SyncIn{Apply: dry.Plan.ID}) // a lost answer is told as an error; the outcome counts
	}
	s.approveAll()
	s.settleAlone()
	s.golden("outcome", s.stands())
	before := s.writes()
	if _, err := s.sync(service.SyncIn{Full: true}); err != nil || s.writes() != before {
		s.t.Errorf("a further sync wrote %d: %v\n%s", s.writes()-before, err, strings.Join(s.log, "\n"))
	}
	if s.failed != "" {
		s.t.Error(s.failed)
	}
}

// settleAlone syncs until nothing is written any more; nobody answers anything.
func (s *story) settleAlone() {
	for range 5 {
		before := s.writes()
		if _, err := s.sync(service.SyncIn{}); err != nil && !state.IsClass(err, state.Partly) {
			s.t.Fatalf("a sync: %v", err)
		}
		if s.writes() == before {
			return
		}
	}
	s.t.Fatalf("it comes to no end:\n%s", strings.Join(s.log, "\n"))
}

// Each folder tells what happens between systems in one situation.
func TestStories(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/stories/*")
	if err != nil || len(dirs) < 25 {
		t.Fatalf("%d stories: %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			w := &simulation{t: t, anyone: true, random: rand.New(rand.NewPCG(1, 1)), store: statetest.Mem(), clock: noon, fuse: &fuse{left: -1}}
			(&story{simulation: w, dir: dir}).tell()
		})
	}
}
