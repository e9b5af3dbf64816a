package service

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/statetest"
)

func codes(list []state.Evidence) []string {
	var out []string
	for _, e := range list {
		out = append(out, e.Code)
	}
	return out
}

func TestWhy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana Köhler", "email", "jana@x.example"))
	h.tell(person1("book", "7", "name", "Jana Koehler", "email", "jana@x.example"), person1("book", "8", "name", "李伟", "phone", "+86 138 0013 8000"))
	ctx := context.Background()
	one := must[WhyOut](h)(h.s.Why(ctx, WhyIn{A: "c1"}))
	if len(one.Links) != 2 || !slices.Contains(codes(one.Links[1].Evidence), "same_email") || one.B != nil {
		t.Errorf("one customer: %+v", one)
	}
	two := must[WhyOut](h)(h.s.Why(ctx, WhyIn{A: "c1", B: "李伟"}))
	if two.One || two.B == nil || len(two.Links) != 3 {
		t.Errorf("two customers: %+v", two)
	}
	must[MergeOut](h)(h.s.Merge(as("ana"), MergeIn{A: "c1", B: "c2", Note: "she married"}))
	halves := must[WhyOut](h)(h.s.Why(ctx, WhyIn{A: "c1", B: "c2"}))
	if !halves.One || len(halves.Words) != 1 || halves.Words[0].Kind != state.VerdictSame || halves.Words[0].Note != "she married" {
		t.Errorf("two halves: %+v", halves)
	}
}

func TestKeepApartPersists(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jana := person1("shop", "1", "name", "Jana Köhler", "phone", "+49 451 901820")
	koehler := person1("book", "7", "name", "J. Köhler", "email", "j@x.example")
	h.tell(jana)
	h.tell(koehler)
	must[KeepApartOut](h)(h.s.KeepApart(as("ana"), KeepApartIn{A: "c1", B: "c2"}))
	koehler = person1("book", "7", "name", "Jana Köhler", "email", "j@x.example", "phone", "+49 451 901820")
	h.tell(koehler)
	h.tell(jana)
	if h.ref("c1") == h.ref("c2") {
		t.Fatal("a shared phone joined whom a person keeps apart")
	}
	// The newest word wins, and taking it back gives the older one its force again.
	must[MergeOut](h)(h.s.Merge(as("ana"), MergeIn{A: "c1", B: "c2"}))
	if h.ref("c2") != "c1" {
		t.Fatal("a merge after keep-apart does not hold")
	}
	h.tell(koehler)
	must[UnmergeOut](h)(h.s.Unmerge(as("ana"), UnmergeIn{Ref: "c2"}))
	h.tell(jana, person1("shop", "9", "name", "Omar"))
	if h.ref("c2") != "c2" {
		t.Error("after the merge was taken back they are one")
	}
}

// Whoever is kept apart from one half of a merge is so from the other, as long as it stands.
func TestKeepApartReachesThroughMerges(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana", "email", "a@x.example"))
	h.tell(person1("book", "1", "name", "Jana", "email", "b@y.example"))
	h.tell(person1("mail", "1", "name", "Jana", "email", "c@z.example"))
	must[MergeOut](h)(h.s.Merge(as("ana"), MergeIn{A: "c1", B: "c2"}))
	must[KeepApartOut](h)(h.s.KeepApart(as("ana"), KeepApartIn{A: "c1", B: "c3"}))
	h.tell(person1("mail", "1", "name", "Jana", "email", "b@y.example"))
	if h.ref("c3") == h.ref("c1") {
		t.Fatal("c3 is one with c1 by way of c2, though a person keeps them apart")
	}
	must[UnmergeOut](h)(h.s.Unmerge(as("ana"), UnmergeIn{Ref: "c2"}))
	if h.ref("c3") != h.ref("c2") {
		t.Error("without the merge nothing keeps c2 and c3 apart")
	}
}

func TestPartedRecordStaysApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jana := person1("shop", "1", "name", "Jana", "email", "jana@x.example")
	other := person1("book", "7", "name", "Jana", "email", "jana@x.example")
	h.tell(jana)
	h.tell(other)
	must[NoteOut](h)(h.s.Note(as("ana"), NoteIn{Ref: "c1", Text: "likes tea"}))
	out := must[UnmergeOut](h)(h.s.Unmerge(as("ana"), UnmergeIn{Ref: "c1", Record: "shop/1"}))
	for range 2 {
		if out.A.Number != "c1" || out.B.Number != "c2" || h.ref("c2") != "c2" || !slices.Equal(h.customer("c2").Records, []uint64{1}) {
			t.Fatalf("parted into %+v; c2 has %v", out, h.customer("c2").Records)
		}
		h.tell(jana)
		h.tell(other)
	}
	h.refused(second(h.s.Unmerge(as("ana"), UnmergeIn{Ref: "c2", Record: "shop/1"})), state.Invalid, "only_record")
	// What was written of Jana stays with those who keep her number.
	hist := must[HistoryOut](h)(h.s.History(context.Background(), HistoryIn{Ref: "c1"}))
	if len(hist.Entries) != 1 || hist.Entries[0].Title != "likes tea" {
		t.Errorf("history of c1: %+v", hist.Entries)
	}
}

func second[T any](_ T, err error) error { return err }

// When the run that first told a customer is taken back, what people entered stays with whoever
// was one with it.
func TestUndoneNumberIsInherited(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.tell(person1("shop", "1", "name", "Jana", "email", "jana@x.example"))
	h.tell(person1("book", "7", "name", "Jana Köhler", "email", "jana@x.example"))
	must[PromiseOut](h)(h.s.PromiseAdd(as("ana"), PromiseAddIn{Ref: "c1", Text: "send the quote"}))
	must[ImportUndoOut](h)(h.s.ImportUndo(as("ana"), ImportUndoIn{Run: state.Runs.Ref(first)}))
	if c := h.customer("c1"); c.Name != "Jana Köhler" || len(c.Records) != 1 {
		t.Errorf("c1 is %+v", c)
	}
}

// The same orders of a guest told again change nothing, and undoing the first run leaves the
// newest name.
func TestGuestToldAgain(t *testing.T) {
	t.Parallel()
	for _, newestFirst := range []bool{true, false} {
		h := newHouse(t)
		var told []Told
		for i, name := range []string{"J. Köhler", "Jana Köhler", "Jana Li"} {
			at := day0("2026-02-01").AddDate(0, i, 0)
			guest := person1("shop", "guest:jana@x.example", "name", name, "email", "jana@x.example")
			guest.Keyed, guest.Version.Implied, guest.Version.Modified = state.KeyedEmail, true, at
			told = append(told, bought("shop", string(rune('1'+i)), guest.ID, at, 1000, "EUR"), guest)
		}
		if newestFirst {
			slices.Reverse(told)
		}
		first := h.tell(told...)
		before := h.customer("c1")
		for range 3 {
			h.now = h.now.Add(time.Hour)
			h.tell(told...)
		}
		if after := h.customer("c1"); after.Name != "Jana Li" || !sameCustomer(before, after) {
			t.Errorf("newest first %v: told again, c1 is %+v, was %+v", newestFirst, after, before)
		}
		must[ImportUndoOut](h)(h.s.ImportUndo(as("ana"), ImportUndoIn{Run: state.Runs.Ref(first)}))
		if c := h.customer("c1"); c.Name != "Jana Li" {
			t.Errorf("newest first %v: after the undo c1 is %q", newestFirst, c.Name)
		}
	}
}

// A contact that is gone at its shop leaves its history, and is known by what was last told.
func TestGoneKeepsHistory(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana", "email", "jana@x.example"), bought("shop", "1", "1", day0("2026-02-01"), 1000, "EUR"))
	h.tell(person1("book", "7", "name", "Jana", "email", "jana@x.example"))
	h.tell(Told{Connection: "shop", Kind: state.KindContact, ID: "1", Version: state.Version{Gone: true}})
	hist := must[HistoryOut](h)(h.s.History(context.Background(), HistoryIn{Ref: "c1"}))
	if c := h.customer("jana@x.example"); c.Number != 1 || len(hist.Entries) != 1 || c.Stage != state.StageCustomer {
		t.Errorf("c1 is %+v with %+v", c, hist.Entries)
	}
}

func TestSums(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cancelled := bought("shop", "3", "1", day0("2026-02-03"), 900, "EUR")
	cancelled.Version.Order.Counts = false
	refunded := bought("shop", "2", "1", day0("2026-02-02"), 5000, "EUR")
	refunded.Version.Order.Refunded = 2000
	h.tell(person1("shop", "1", "name", "Jana"), bought("shop", "1", "1", day0("2026-02-01"), 1000, "EUR"), refunded, cancelled,
		bought("shop", "4", "1", day0("2026-02-04"), 700, "CNY"))
	var got []state.Sum
	h.ok(h.s.Look(context.Background(), func(tx state.Tx, _ time.Time) (err error) {
		got, err = h.s.Sums(tx, "shop")
		return err
	}))
	want := []state.Sum{{Connection: "shop", Currency: "CNY", Orders: 1, Net: 700},
		{Connection: "shop", Currency: "EUR", Orders: 2, Net: 4000, Refunded: 2000, Left: 1}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code     string
		damage   func(w *state.Writer) error
		repaired bool
		affects  string
	}{
		{"view_stale", func(w *state.Writer) error {
			c, err := state.Customers.Number(w.Tx(), 1)
			if err != nil {
				return err
			}
			c.Name = "Somebody Else"
			return state.Customers.Put(w, c)
		}, true, "c1"},
		{"link_without_record", func(w *state.Writer) error {
			return state.Links.Put(w, &state.Link{Record: 99, Home: 1, Base: 1, By: "rule", At: w.Cause.At})
		}, false, "c1"},
		{"record_without_link", func(w *state.Writer) error {
			_, err := state.Links.Delete(w, state.NumberKey(1))
			return err
		}, false, ""},
		{"promise_without_customer", func(w *state.Writer) error {
			return state.Promises.Put(w, &state.Promise{Number: 1, Base: 77, Text: "?", State: state.PromiseOpen, Made: w.Cause.At})
		}, false, "c77"},
		{"followup_without_customer", func(w *state.Writer) error {
			return state.Followups.Put(w, &state.Followup{Number: 1, Base: 79, Text: "?", State: state.FollowupOpen, Made: w.Cause.At})
		}, false, "c79"},
		{"outgoing_without_customer", func(w *state.Writer) error {
			return state.Outbox.Put(w, &state.Outgoing{Number: 1, Key: "a", Base: 80, Text: "?", State: state.OutgoingWaiting, Due: w.Cause.At})
		}, true, "c80"},
		{"hold_without_customer", func(w *state.Writer) error {
			return state.Holds.Put(w, &state.Hold{Number: 1, Base: 78, Purpose: state.AllPurposes, Reason: "?", At: w.Cause.At})
		}, false, "c78"},
	} {
		h := newHouse(t)
		h.tell(person1("shop", "1", "name", "Jana", "email", "jana@x.example"))
		if out := must[CheckOut](h)(h.s.Check(context.Background(), CheckIn{})); len(out.Damages) != 0 {
			t.Fatalf("damaged from the start: %+v", out.Damages)
		}
		h.ok(h.s.Do(context.Background(), "test.damage", nil, c.damage))
		out := must[CheckOut](h)(h.s.Check(context.Background(), CheckIn{Repair: c.repaired}))
		i := slices.IndexFunc(out.Damages, func(d state.Damage) bool { return d.Code == c.code })
		if i < 0 || out.Damages[i].Repaired != c.repaired {
			t.Errorf("%s: damages %+v", c.code, out.Damages)
		}
		if c.affects != "" && !slices.ContainsFunc(out.Affected, func(r CustomerRef) bool { return r.Number == c.affects }) {
			t.Errorf("%s: affects %+v", c.code, out.Affected)
		}
		if c.repaired {
			if out := must[CheckOut](h)(h.s.Check(context.Background(), CheckIn{})); len(out.Damages) != 0 {
				t.Errorf("%s: after repair %+v", c.code, out.Damages)
			}
		}
	}
}

func TestRequestIsDoneOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana", "email", "jana@x.example"))
	ctx := WithCaller(context.Background(), Caller{Login: "ana", Request: "r-1"})
	one := must[NoteOut](h)(h.s.Note(ctx, NoteIn{Ref: "c1", Text: "tea"}))
	two := must[NoteOut](h)(h.s.Note(ctx, NoteIn{Ref: "c1", Text: "tea"}))
	if one.Entry.ID != two.Entry.ID {
		t.Errorf("answered %+v, then %+v", one, two)
	}
	hist := must[HistoryOut](h)(h.s.History(context.Background(), HistoryIn{Ref: "c1"}))
	if len(hist.Entries) != 1 {
		t.Errorf("done %d times", len(hist.Entries))
	}
	var log []*state.ChangeEntry
	h.ok(h.s.Look(context.Background(), func(tx state.Tx, _ time.Time) (err error) {
		log, err = state.Changes.List(tx, state.Range{})
		return err
	}))
	if len(log) != 2 || log[0].What != "import.page" || log[1].What != "note.add" || log[1].Request != "r-1" || log[1].Actor == "" {
		t.Errorf("change log %+v", log)
	}
}

// Stopped at any write, nothing is half done.
func TestStoppedAnywhere(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	on := func(s state.Store) *Service {
		return New(s, nil, Config{Region: "DE", Zone: "UTC"}, func() time.Time { return at })
	}
	tell := func(s state.Store, run uint64, told ...Told) error {
		return on(s).Do(context.Background(), "import.page", nil, func(w *state.Writer) error {
			r := &state.Run{Number: run, Kind: "import", Connection: told[0].Connection, State: state.RunDone, Started: at}
			if _, err := on(s).Tell(w, r, told); err != nil {
				return err
			}
			return state.Runs.Put(w, r)
		})
	}
	fresh := func(merged bool) func(*testing.T) state.Store {
		return func(t *testing.T) state.Store {
			s := statetest.Mem()
			err := tell(s, 1, person1("shop", "1", "name", "Jana", "email", "jana@x.example", "company", "ACME GmbH"),
				saying(person1("shop", "2", "name", "Omar", "email", "omar@x.example"), "email", "opted_out", "omar@x.example", at))
			if err == nil && merged {
				_, err = on(s).Merge(context.Background(), MergeIn{A: "jana", B: "omar"})
			}
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	for name, op := range map[string]func(state.Store) error{
		"tell": func(s state.Store) error {
			return tell(s, 2, person1("book", "1", "name", "Jana", "email", "jana@x.example"), bought("book", "1", "1", at, 100, "EUR"))
		},
		"merge": func(s state.Store) error {
			return second(on(s).Merge(context.Background(), MergeIn{A: "jana", B: "omar"}))
		},
		"undo": func(s state.Store) error {
			return second(on(s).ImportUndo(context.Background(), ImportUndoIn{Run: "r1"}))
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); statetest.AllOrNothing(t, fresh(false), op) })
	}
	t.Run("unmerge", func(t *testing.T) {
		t.Parallel()
		statetest.AllOrNothing(t, fresh(true), func(s state.Store) error {
			return second(on(s).Unmerge(context.Background(), UnmergeIn{Ref: "c2"}))
		})
	})
}

// BenchmarkTell tells 2,000 contacts with an order each, in pages of 1,000. It is kept small: the
// store in memory moves whole tables on each insert, so that more would measure that alone.
func BenchmarkTell(b *testing.B) {
	for b.Loop() {
		s := New(statetest.Mem(), nil, Config{Region: "DE", Zone: "UTC"}, func() time.Time { return day0("2026-11-21") })
		for page := range 2 {
			var told []Told
			for i := range 1000 {
				n := page*1000 + i
				told = append(told, benchContact(n), bought("shop", "o"+benchID(n), benchID(n), day0("2026-02-01"), 1000, "EUR"))
			}
			if err := s.Do(context.Background(), "import.page", nil, func(w *state.Writer) error {
				_, err := s.Tell(w, &state.Run{Number: 1, Kind: "import", Connection: "shop"}, told)
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func benchID(n int) string {
	return string([]byte{byte('a' + n/17576%26), byte('a' + n/676%26), byte('a' + n/26%26), byte('a' + n%26)})
}

// benchContact is one of many different people; every tenth works somewhere.
func benchContact(n int) Told {
	id := benchID(n)
	p := person1("shop", id, "given", "Jana"+id[:2], "family", "Köhler"+id[2:], "email", id+"@x.example",
		"phone", "+49451"+string([]byte{byte('2' + n/100000%8), byte('0' + n/10000%10), byte('0' + n/1000%10), byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)}))
	if n%10 == 0 {
		p.Version.Fields = append(p.Version.Fields, state.Field{Name: "company", Values: []state.Value{{Text: "Firma " + id[:3]}}})
	}
	return p
}
