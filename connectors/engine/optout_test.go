package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

// twoHolders are a shop and a book that hold opt-outs in ways of their own, with Jana at both, all
// approved and in step.
func twoHolders(t testing.TB, more ...string) *story {
	w := &simulation{t: t, anyone: true, random: rand.New(rand.NewPCG(1, 1)), store: statetest.Mem(), clock: noon, fuse: &fuse{left: -1}}
	s := &story{simulation: w}
	s.system("shop two-way optout=field:custom.marketing=no: email* given family phone custom.marketing")
	s.system("book two-way optout=tag:no-marketing: email* given family phone* note tag*")
	s.open()
	for _, line := range append([]string{"shop 1: email=jana@example.com; given=Jana; family=Köhler",
		"book a: email=jana@example.com; given=Jana; family=Köhler; tag=Sternwarte|🌸"}, more...) {
		s.do(line)
	}
	if _, err := s.sync(service.SyncIn{}); err != nil {
		t.Fatal(err)
	}
	s.approveAll()
	s.settleAlone()
	return s
}

// marks says which records have their mark, sorted.
func (s *story) marks() string {
	var out []string
	for _, r := range s.remotes {
		for _, id := range r.ids() {
			c := r.contacts[id]
			if mark := s.optoutOf(r); slices.ContainsFunc(c.fields[mark.Field], func(v string) bool { return strings.EqualFold(v, mark.Value) }) {
				out = append(out, r.name+" "+id)
			}
		}
	}
	return strings.Join(out, ", ")
}

func (s *story) expectMarks(at, want string) {
	s.t.Helper()
	if got := s.marks(); got != want {
		s.t.Errorf("%s: marks at %q, want %q\n%s", at, got, want, strings.Join(s.log, "\n"))
	}
}

// refusals are those that hold, with the connection that told them.
func (s *story) refusals() []string {
	out, err := s.svc.OptoutList(context.Background(), service.OptoutListIn{})
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for _, l := range out.Lines {
		lines = append(lines, strings.TrimSpace(l.Value+" "+l.Connection))
	}
	slices.Sort(lines)
	return lines
}

// customer gives the customer of a record.
func (s *story) customer(r, id string) string {
	s.t.Helper()
	out := ""
	err := s.svc.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		found, err := state.Records.By(tx, "id", state.RecordKey(r, string(connectors.Contact), id))
		if err != nil || len(found) == 0 {
			return err
		}
		link, err := state.Links.Get(tx, state.NumberKey(found[0].Key))
		if err != nil {
			return err
		}
		c, err := s.svc.Survivor(tx, link.Base)
		out = state.Customers.Ref(c.Number)
		return err
	})
	if err != nil || out == "" {
		s.t.Fatalf("%s %s is nobody's: %v", r, id, err)
	}
	return out
}

// Wherever the process dies while an opt-out is told, or taken away: once it runs again each mark
// stands there once or not at all, and nothing that came back from there counts as a word of the
// system's own.
func TestOptoutKilledAtEveryWrite(t *testing.T) {
	t.Parallel()
	for _, lifted := range []bool{false, true} {
		t.Run(fmt.Sprint("lifted ", lifted), func(t *testing.T) {
			t.Parallel()
			for n := 0; ; n++ {
				s := twoHolders(t)
				s.do("optout jana@example.com: please stop")
				if lifted {
					s.settleAlone()
					s.expectMarks("told", "shop 1, book a")
					s.do("lift jana@example.com: she asked for it")
				}
				s.fuse.left = n
				_, _ = s.sync(service.SyncIn{})
				died := s.fuse.dead
				s.open()
				s.settleAlone()
				want, refusals := "shop 1, book a", 1
				if lifted {
					want, refusals = "", 0
				}
				at := fmt.Sprintf("killed at %d", n)
				s.expectMarks(at, want)
				if got := s.refusals(); len(got) != refusals || refusals == 1 && got[0] != "jana@example.com" {
					t.Errorf("%s: %q refuse", at, got)
				}
				if tags := s.remotes[1].contacts["a"].fields["tag"]; !slices.Contains(tags, "🌸") || len(slices.Compact(slices.Sorted(slices.Values(tags)))) != len(tags) {
					t.Errorf("%s: tags %q", at, tags)
				}
				before := s.writes()
				if _, err := s.sync(service.SyncIn{Full: true}); err != nil || s.writes() != before {
					t.Errorf("%s: a further sync wrote %d: %v", at, s.writes()-before, err)
				}
				if t.Failed() {
					return
				}
				if !died {
					if n < 10 {
						t.Errorf("it was over after %d steps", n)
					}
					return
				}
			}
		})
	}
}

// A mark that is set later is found on records that were read long ago, and counts once.
func TestOptoutMarkSetLater(t *testing.T) {
	t.Parallel()
	s := twoHolders(t)
	book := &s.conns[1]
	mark := book.Optout
	book.Optout = service.OptoutMark{}
	s.open()
	s.do("book a: tag=Sternwarte|No-Marketing")
	s.settleAlone()
	if got := s.refusals(); len(got) != 0 {
		t.Fatalf("a tag that means nothing is a refusal: %q", got)
	}
	book.Optout = mark
	s.open()
	dry, err := s.sync(service.SyncIn{Dry: true})
	if err != nil || !strings.Contains(s.planned(dry.Plan), "shop update 1 optout: -> field:custom.marketing=no (opted_out, book)") {
		t.Errorf("the dry run plans %s (%v)", s.planned(dry.Plan), err)
	}
	if got := s.refusals(); len(got) != 0 {
		t.Errorf("a dry run notes %q", got)
	}
	s.settleAlone()
	s.expectMarks("set later", "shop 1, book a")
	if got := s.refusals(); len(got) != 1 || got[0] != "jana@example.com book" {
		t.Errorf("%q refuse", got)
	}
	s.do("lift jana@example.com: a mistake")
	s.settleAlone()
	s.expectMarks("lifted", "book a")
	if got := s.refusals(); len(got) != 0 {
		t.Errorf("the same tag is a new no: %q", got)
	}
}

// A connection that is only read is heard, and never told.
func TestOptoutOfPullOnly(t *testing.T) {
	t.Parallel()
	s := twoHolders(t)
	s.conns[1].Mode = service.ModePull
	s.open()
	s.do("optout jana@example.com: please stop")
	s.settleAlone()
	s.expectMarks("told", "shop 1")
	s.do("lift jana@example.com: asked for it")
	s.do("book a: tag=Sternwarte|no-marketing")
	s.settleAlone()
	s.expectMarks("heard", "shop 1, book a")
	if got := s.refusals(); len(got) != 1 || got[0] != "jana@example.com book" {
		t.Errorf("%q refuse", got)
	}
}

// The marks follow their customer through merges and what is taken back.
func TestOptoutFollowsTheCustomer(t *testing.T) {
	t.Parallel()
	ctx := service.WithCaller(context.Background(), service.Caller{Login: "ana"})
	s := twoHolders(t, "book b: email=lin@example.com; given=伟; family=李")
	s.do("optout jana@example.com: please stop")
	s.settleAlone()
	s.expectMarks("one of two", "shop 1, book a")

	merged, err := s.svc.Merge(ctx, service.MergeIn{A: s.customer("book", "b"), B: s.customer("book", "a")})
	if err != nil {
		t.Fatal(err)
	}
	s.settleAlone()
	s.expectMarks("merged", "shop 1, book a, book b")

	if _, err := s.svc.Unmerge(ctx, service.UnmergeIn{Ref: merged.Customer.Number}); err != nil {
		t.Fatal(err)
	}
	s.settleAlone()
	s.gateDecides("parted")

	s.do("lift jana@example.com: asked for it")
	s.settleAlone()
	s.gateDecides("lifted")
	s.expectMarks("lifted", "")
}

// gateDecides checks that each mark stands where the gate refuses, and nowhere else.
func (s *story) gateDecides(at string) {
	s.t.Helper()
	for _, r := range s.remotes {
		for _, id := range r.ids() {
			refused, _ := s.refusedAt(r, r.contacts[id])
			if here := strings.Contains(s.marks()+",", r.name+" "+id+","); here != (refused != nil) {
				s.t.Errorf("%s: the gate refuses %s %s: %v, and the mark stands there: %v", at, r.name, id, refused != nil, here)
			}
		}
	}
}

// A record that is made for somebody without an e-mail address has the mark, which is ours.
func TestOptoutOfWhoHasNoEmail(t *testing.T) {
	t.Parallel()
	s := twoHolders(t, "shop 2: given=伟; family=李; phone=+86 138 0013 8000")
	if _, err := s.svc.OptoutAdd(context.Background(), service.OptoutAddIn{Ref: s.customer("shop", "2"), Channel: "all", Purpose: "marketing"}); err != nil {
		t.Fatal(err)
	}
	s.conns[1].Create = "all"
	s.open()
	s.settleAlone()
	s.expectMarks("made", "shop 2, book book-k1")
	if got := s.refusals(); len(got) != 1 || got[0] != "+8613800138000" {
		t.Errorf("%q refuse", got)
	}
	s.do("lift +8613800138000: asked for it")
	s.settleAlone()
	s.expectMarks("lifted", "")
}

// What was refused by the file of an import goes with the import.
func TestOptoutOfAnImportTakenBack(t *testing.T) {
	t.Parallel()
	s := twoHolders(t)
	ctx := context.Background()
	run := &state.Run{Kind: "import", Connection: "list", State: state.RunDone, Started: s.clock}
	told := service.Told{Connection: "list", Kind: state.KindContact, ID: "1", Keyed: string(connectors.KeyedID), Version: state.Version{
		Fields:   []state.Field{{Name: "email", Values: []state.Value{{Text: "jana@example.com"}}}},
		Consents: []state.Said{{Channel: "email", Purpose: "marketing", State: state.ConsentOptedOut, Address: "jana@example.com"}}}}
	err := s.svc.Do(ctx, "import", nil, func(w *state.Writer) (err error) {
		if err := state.Connections.Put(w, &state.Connection{Name: "list", Type: "csv", Created: w.Cause.At}); err != nil {
			return err
		}
		if run.Number, err = state.Runs.Next(w); err != nil {
			return err
		}
		if err := state.Runs.Put(w, run); err != nil {
			return err
		}
		_, err = s.svc.Tell(w, run, []service.Told{told})
		return err
	})
	if err == nil {
		err = s.svc.Settle(ctx, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.settleAlone()
	s.expectMarks("imported", "shop 1, book a")
	if _, err := s.svc.ImportUndo(ctx, service.ImportUndoIn{Run: state.Runs.Ref(run.Number)}); err != nil {
		t.Fatal(err)
	}
	s.settleAlone()
	s.expectMarks("taken back", "")
}

// A system that keeps consent itself is told without a mark, of the address that it is about, and is
// never told that it was lifted.
func TestOptoutToAConsentField(t *testing.T) {
	t.Parallel()
	w := &simulation{t: t, anyone: true, random: rand.New(rand.NewPCG(1, 1)), store: statetest.Mem(), clock: noon, fuse: &fuse{left: -1}}
	s := &story{simulation: w}
	s.system("news two-way: email* given family consent")
	s.system("book two-way: email* given family note")
	s.open()
	s.do("news 1: email=jana@example.com; given=Jana; family=Köhler")
	s.do("book a: email=jana@example.com|jana@work.example; given=Jana; family=Köhler")
	if _, err := s.sync(service.SyncIn{}); err != nil {
		t.Fatal(err)
	}
	s.approveAll()
	s.settleAlone()
	s.do("optout jana@example.com: please stop")
	dry, err := s.sync(service.SyncIn{Dry: true})
	if got := s.planned(dry.Plan); err != nil || got != "news update 1 consent: -> opted_out (opted_out)\n" {
		t.Errorf("planned %s (%v)", got, err)
	}
	s.settleAlone()
	said := s.remotes[0].contacts["1"].said
	if len(said) != 1 || said[0].State != connectors.OptedOut || said[0].Address != "jana@example.com" || said[0].Words != "please stop" {
		t.Errorf("it says %+v", said)
	}
	before := s.writes()
	s.do("lift jana@example.com: asked for it")
	s.settleAlone()
	if s.writes() != before {
		t.Errorf("lifting wrote %d", s.writes()-before)
	}
	if got := s.refusals(); len(got) != 0 {
		t.Errorf("our own echo refuses: %q", got)
	}
}
