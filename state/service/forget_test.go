package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/statetest"
)

// Every collection says how a person leaves it, and what it says is done.
func TestEveryCollectionHasAnEraseRule(t *testing.T) {
	t.Parallel()
	done := map[string]bool{}
	for _, e := range erasers {
		done[e.collection] = true
	}
	known := map[string]bool{}
	for _, k := range state.Kinds() {
		known[k.Name] = true
		switch k.Erase.Rule {
		case state.EraseDocuments, state.EraseWords:
			if !done[k.Name] {
				t.Errorf("collection %s: its rule is %q, and nothing in erasers does it", k.Name, k.Erase.Rule)
			}
		case state.EraseNone:
			if k.Erase.Why == "" || done[k.Name] {
				t.Errorf("collection %s: its rule is %q; say why in Erase.Why, and have no eraser", k.Name, k.Erase.Rule)
			}
		default:
			t.Errorf("collection %s has no erase rule: say in its Declaration what becomes of it when a person is forgotten, and do it in erasers", k.Name)
		}
	}
	for name := range done {
		if !known[name] {
			t.Errorf("erasers has %s, which is no collection", name)
		}
	}
}

// The words by which the person of the tests can be known.
var needlesOfJana = []string{"jana.needle@sternwarte.example", "Nadelmann", "NEEDLE", "451901820", "nadelhandle", "n33dle"}

const janaMail = "jana.needle@sternwarte.example"

// jana fills the state with one person in every collection, beside others who stay.
func (h *house) jana() (number string) {
	h.t.Helper()
	ctx := as("ana")
	must[StaffOut](h)(h.s.StaffAdd(ctx, StaffAddIn{Name: "Ana Lima", Login: "ana"}))
	person := person1("shop", "n33dle-77", "given", "Jana", "family", "Nadelmann", "email", janaMail, "phone", "+49 451 901820",
		"handle:instagram", "nadelhandle", "company", "Sternwarte e.V.", "note", "NEEDLE custom", "address", "NEEDLEstadt")
	person.Version.Consents = []state.Said{{Channel: "email", Purpose: "marketing", State: state.ConsentOptedOut, Address: janaMail, Field: "f", Words: "NEEDLE said no"}}
	order := bought("shop", "NEEDLE-1001", "n33dle-77", h.now.Add(-time.Hour), 4900, "EUR")
	order.Version.Order.Note = "NEEDLE order note"
	order.Version.Order.Lines = []state.OrderLine{{Name: "NEEDLE scope", Quantity: 1, Price: 4900}}
	other := person1("shop", "2", "given", "Tom", "family", "Ford", "email", "tom@ford.example", "company", "Sternwarte e.V.")
	li := person1("shop", "3", "name", "李伟", "phone", "+86 138 0013 8000")
	h.run("shop", "needle-export-"+janaMail+".csv", person, order, other, li)
	h.run("book", "book.vcf", person1("book", "b-n33dle", "name", "Jana Nadelmann", "email", janaMail, "phone", "0451 901820"))
	number = h.find(janaMail)
	must[NoteOut](h)(h.s.Note(WithCaller(ctx, Caller{Login: "ana", Request: "note-1"}), NoteIn{Ref: janaMail, Text: "NEEDLE note"}))
	must[PromiseOut](h)(h.s.PromiseAdd(ctx, PromiseAddIn{Ref: number, Text: "NEEDLE promise", By: "ana"}))
	must[FollowupOut](h)(h.s.FollowupAdd(ctx, FollowupAddIn{Ref: number, Text: "NEEDLE follow-up"}))
	must[CustomerOut](h)(h.s.CustomerTag(ctx, CustomerTagIn{Ref: number, Add: []string{"NEEDLEtag"}}))
	must[CustomerOut](h)(h.s.Assign(ctx, AssignIn{Ref: number, Staff: "ana"}))
	must[StaffOut](h)(h.s.StaffAdd(ctx, StaffAddIn{Name: "Wei Zhang", Login: "wei"}))
	must[HandoverOut](h)(h.s.Handover(ctx, HandoverIn{From: "ana", To: "wei", Only: []string{number}}))
	must[OptoutOut](h)(h.s.OptoutAdd(ctx, OptoutAddIn{Ref: janaMail, Words: "NEEDLE words"}))
	must[HoldOut](h)(h.s.Hold(ctx, HoldIn{Ref: number, Until: "tomorrow", Reason: "NEEDLE reason"}))
	must[HoldOut](h)(h.s.HoldLift(ctx, HoldLiftIn{Ref: number, Note: "NEEDLE note"}))
	must[TouchRecordOut](h)(h.s.TouchRecord(ctx, TouchRecordIn{Asset: "spring-brochure", Team: "NEEDLE team", Sent: h.now, Source: janaMail + ".csv", Rows: []ContactRow{{Line: 2, Email: janaMail}}}))
	must[RelateOut](h)(h.s.Relate(ctx, RelateIn{Ref: number, To: h.find("tom@ford.example"), Kind: "household"}))
	must[KeepApartOut](h)(h.s.KeepApart(ctx, KeepApartIn{A: number, B: h.find("tom@ford.example"), Note: "NEEDLE apart"}))
	h.mails(letter{id: "needle-1", from: "Jana Nadelmann <" + janaMail + ">", to: "ana@nordlicht.example, tom@ford.example", subject: "NEEDLE subject",
		text: "NEEDLE text", thread: "NEEDLE-thread", day: 3})
	h.ok(h.s.Do(ctx, "test", state.Args{"q": "jana nadelmann"}, func(w *state.Writer) error {
		if err := putDue(w, janaMail, true); err != nil {
			return err
		}
		if err := state.Marks.Put(w, &state.Mark{Target: state.ThreadTarget("mail", "NEEDLE-thread"), Kind: state.MarkShared, By: "s1"}); err != nil {
			return err
		}
		run := &state.Run{Number: 1, Connection: "shop"}
		if _, err := h.s.SetAside(w, run, Aside{Where: "9", Raw: "n33dle-78,NEEDLE," + janaMail + ",x"}); err != nil {
			return err
		}
		if err := state.FormerHomes.Put(w, &state.FormerHome{Connection: "x", Kind: "contact", ID: "guest:" + janaMail, Homes: []uint64{1}}); err != nil {
			return err
		}
		if err := state.Connections.Put(w, &state.Connection{Name: "headless", Columns: []string{janaMail, "2"}}); err != nil {
			return err
		}
		if err := w.PutBlob(fmt.Sprintf("%s%016x/base", state.BlobAside, 1), []byte(`{"line":"x,`+janaMail+`"}`)); err != nil {
			return err
		}
		n, _ := state.Customers.ParseRef(number)
		needle := []state.Field{{Name: "note", Values: []state.Value{{Text: "NEEDLE note"}}}}
		if err := state.PlannedWrites.Put(w, &state.PlannedWrite{Plan: "5f3c", Seq: 1, Customer: n, Name: "Jana Nadelmann",
			Fields: []state.PlannedField{{Field: "note", After: needle[0].Values}}}); err != nil {
			return err
		}
		if err := putOutgoing(w, n, "NEEDLE"); err != nil {
			return err
		}
		if err := state.Intents.Put(w, &state.Intent{Number: 1, Customer: n, Fields: needle}); err != nil {
			return err
		}
		if err := state.Shadows.Put(w, &state.Shadow{Record: state.HandShadow(n), Fields: needle}); err != nil {
			return err
		}
		return state.LogReads(w.Tx(), []state.Read{{At: h.now, Actor: "s1", What: "brief", Customer: 1}}, time.Time{}, 10)
	}))
	return number
}

// run is one import.
func (h *house) run(conn, source string, told ...Told) (n uint64) {
	h.t.Helper()
	h.ok(h.s.Do(as("ana"), "import.page", nil, func(w *state.Writer) (err error) {
		if n, err = state.Runs.Next(w); err != nil {
			return err
		}
		run := &state.Run{Number: n, Kind: "import", Connection: conn, Source: source, State: state.RunDone, Started: h.now}
		if _, err := h.s.Tell(w, run, told); err != nil {
			return err
		}
		return state.Runs.Put(w, run)
	}))
	return n
}

func (h *house) find(ref string) string {
	h.t.Helper()
	return must[CustomerShowOut](h)(h.s.CustomerShow(as("ana"), CustomerShowIn{Ref: ref})).Customer.Number
}

// needle looks for the words in everything that the store holds, as stored and as JSON.
func (h *house) needle(want bool) {
	h.t.Helper()
	found := map[string]bool{}
	look := func(where, s string) {
		low := strings.ToLower(s)
		for _, n := range needlesOfJana {
			if strings.Contains(low, strings.ToLower(n)) {
				collection, _, _ := strings.Cut(where, " ")
				found[collection] = true
				if !want {
					h.t.Errorf("%s still has %q: %.200q", where, n, s)
				}
			}
		}
	}
	for k, v := range statetest.Dump(h.t, h.store) {
		look(k, k)
		look(k, v)
	}
	if !want {
		return
	}
	for _, k := range state.Kinds() {
		place := "d/" + k.Name
		if k.History {
			place = "h/" + k.Name
		}
		full := false
		for f := range found {
			full = full || f == place || strings.HasSuffix(f, k.Name)
		}
		switch k.Name {
		case "link", "read", "relation", "staff", "marker", "forgotten", "promise", "doubt", "handover": // numbers alone, or checked below
			continue
		}
		if !full && k.Erase.Rule != state.EraseNone {
			h.t.Errorf("the test puts the person nowhere into %s: it proves nothing of it (found in %v)", k.Name, found)
		}
	}
}

func TestForgetErasesEverywhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	number := h.jana()
	h.needle(true)
	dry := must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: janaMail, Dry: true}))
	h.needle(true)
	out := must[CustomerForgetOut](h)(h.s.CustomerForget(WithCaller(context.Background(), Caller{Login: "ana", Request: "f-1"}), CustomerForgetIn{Ref: janaMail}))
	if out.Number != number || !out.Scrubbed || dry.Name == "" || out.Name != "" || out.Refusals == 0 {
		t.Errorf("dry %+v, done %+v", dry, out)
	}
	dry.Name, dry.Scrubbed = "", true
	if !reflect.DeepEqual(dry, out) {
		t.Errorf("the dry run told %+v, then was done %+v", dry, out)
	}
	h.needle(false)
	_, err := h.s.CustomerShow(as("ana"), CustomerShowIn{Ref: number})
	h.refused(err, state.NotFound, "no_customer")
	check := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{}))
	if len(check.Damages) != 0 {
		t.Errorf("check finds %+v", check.Damages)
	}
	if n := h.find("tom@ford.example"); n == number {
		t.Errorf("Tom became %s", n)
	}
	h.find("李伟")
	// The request is known, and done once.
	again := must[CustomerForgetOut](h)(h.s.CustomerForget(WithCaller(context.Background(), Caller{Login: "ana", Request: "f-1"}), CustomerForgetIn{Ref: janaMail}))
	if again.Number != number {
		t.Errorf("the same request again: %+v", again)
	}
}

func TestTheForgottenStayAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.jana()
	must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: janaMail}))
	order := bought("shop", "NEEDLE-1001", "n33dle-77", h.now, 4900, "EUR")
	newOrder := bought("shop", "NEEDLE-1002", "n33dle-77", h.now, 4900, "EUR")
	guest := person1("etsy", "guest", "name", "J. Nadelmann", "email", strings.ToUpper(janaMail))
	guestOrder := bought("etsy", "NEEDLE-1", "guest", h.now, 1, "EUR")
	message := Told{Connection: "mail", Kind: state.KindMessage, ID: "m1", Version: state.Version{Message: &state.Message{
		Text: "NEEDLE", To: []state.Mailbox{{Name: "Jana Nadelmann", Address: janaMail}}}}}
	tom := person1("shop", "2", "given", "Tom", "family", "Ford", "email", "tom@ford.example", "company", "Sternwarte e.V.")
	n := h.run("shop", "again.csv", person1("shop", "n33dle-77", "email", "another@needle.example"), order, newOrder, guest, guestOrder, message, tom)
	h.run("etsy", "later.csv", bought("etsy", "NEEDLE-2", "guest", h.now, 1, "EUR"))
	h.needle(false)
	h.ok(h.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		run, err := state.Runs.Number(tx, n)
		if err == nil && (run.Counts.Forgotten != 6 || run.Counts.Records != 1 || run.Counts.Same != 1) {
			t.Errorf("counts %+v", run.Counts)
		}
		gone, err := h.s.RowForgotten(tx, `x;"`+janaMail+`";1`)
		stays, err2 := h.s.RowForgotten(tx, `x;"tom@ford.example";1`)
		for row, want := range map[string]bool{
			"78,+49 451 901820,x": true, "78;(0451) 90 18 20;": true, "0451/901820": true, "77 0451 901820": true, "tel:+49451901820": true,
			"78,+49 451 901821,x": false, "451": false, "+86 138 0013 8000,李伟": false, "2026-11-22 01:00": false, "": false,
		} {
			if got, err := h.s.RowForgotten(tx, row); err != nil || got != want {
				t.Errorf("%q is hers: %v, %v", row, got, err)
			}
		}
		if !gone || stays {
			t.Errorf("a row of hers is known: %v, one of Tom's: %v", gone, stays)
		}
		return errors.Join(err, err2)
	}))
	// What is undone now does not bring them back either.
	must[ImportUndoOut](h)(h.s.ImportUndo(as("ana"), ImportUndoIn{Run: "r1"}))
	h.needle(false)
	check := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{}))
	if len(check.Damages) != 0 {
		t.Errorf("check finds %+v", check.Damages)
	}
	// Her no outlives her: whoever has the address is not to be written to.
	why := must[OptoutWhyOut](h)(h.s.OptoutWhy(as("ana"), OptoutWhyIn{Ref: janaMail}))
	if len(why.Holds) == 0 || why.Holds[0].State != state.ConsentOptedOut {
		t.Errorf("her refusal does not hold: %+v", why)
	}
	// Until she comes back herself.
	lifted := must[ForgottenLiftOut](h)(h.s.ForgottenLift(as("ana"), ForgottenLiftIn{Ref: janaMail}))
	if len(lifted.Forgotten) != 1 || lifted.Forgotten[0].Lifted.IsZero() {
		t.Errorf("lifted %+v", lifted)
	}
	h.run("shop", "third.csv", person1("shop", "n33dle-77", "given", "Jana", "family", "Nadelmann", "email", janaMail))
	h.find(janaMail)
	why = must[OptoutWhyOut](h)(h.s.OptoutWhy(as("ana"), OptoutWhyIn{Ref: janaMail}))
	if len(why.Holds) == 0 || why.Holds[0].State != state.ConsentOptedOut {
		t.Errorf("her refusal ends with her return: %+v", why)
	}
	_, err := h.s.ForgottenLift(as("ana"), ForgottenLiftIn{Ref: "nobody@else.example"})
	h.refused(err, state.NotFound, "not_forgotten")
}

// Somebody else's records with the same address stay, and are told as before.
func TestForgetLeavesWhoSharesAnAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run("shop", "a.csv", person1("shop", "1", "given", "Jana", "family", "Nadelmann", "email", "family@home.example", "phone", "+49 451 901820"),
		person1("shop", "2", "given", "Max", "family", "Muster", "email", "family@home.example"))
	a := must[FindOut](h)(h.s.Find(as("x"), FindIn{Query: "nadelmann"})).Hits
	b := must[FindOut](h)(h.s.Find(as("x"), FindIn{Query: "muster"})).Hits
	if len(a) != 1 || len(b) != 1 || a[0].Customer.Number == b[0].Customer.Number {
		t.Fatalf("the two are one customer: %+v %+v", a, b)
	}
	out := must[CustomerForgetOut](h)(h.s.CustomerForget(as("x"), CustomerForgetIn{Ref: a[0].Customer.Number}))
	if out.Shared != 1 {
		t.Errorf("%+v", out)
	}
	h.run("shop", "b.csv", person1("shop", "2", "given", "Max", "family", "Muster", "email", "family@home.example", "note", "new"))
	if got := must[CustomerShowOut](h)(h.s.CustomerShow(as("x"), CustomerShowIn{Ref: "muster"})); len(got.Customer.Fields) == 0 {
		t.Errorf("%+v", got)
	}
}

// Interrupted at any write, either nothing was done or all; forgetting again ends it.
func TestForgetIsAllOrNothing(t *testing.T) {
	t.Parallel()
	for n := 0; ; n += 7 {
		h := newHouse(t)
		h.store = statetest.Mem()
		h.s = New(h.store, h.conns, Config{Region: "DE"}, func() time.Time { return h.now })
		h.jana()
		before := statetest.Dump(t, h.store)
		failing := statetest.Failing(h.store, n)
		s := New(failing, nil, Config{Region: "DE"}, func() time.Time { return h.now })
		_, err := s.CustomerForget(as("ana"), CustomerForgetIn{Ref: janaMail})
		if err != nil && !errors.Is(err, statetest.ErrStopped) {
			t.Fatal(err)
		}
		_, gone := h.s.CustomerShow(as("ana"), CustomerShowIn{Ref: janaMail})
		if gone == nil && !reflect.DeepEqual(before, statetest.Dump(t, h.store)) {
			t.Fatalf("stopped at write %d: half of it is done", n)
		}
		if err == nil {
			break
		}
		out, err := h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: janaMail})
		if err != nil || !out.Scrubbed {
			t.Fatalf("stopped at write %d, then again: %+v, %v", n, out, err)
		}
		h.needle(false)
	}
}

// The file itself has nothing of them left, however often their pages were written anew before.
func TestForgetLeavesNothingInTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := newHouse(t)
	var err error
	h.store, err = bolt.Open(filepath.Join(dir, "kept.db"), bolt.Options{Kinds: state.Kinds()})
	h.ok(err)
	h.s = New(h.store, h.conns, Config{Region: "DE", Zone: "Europe/Berlin"}, func() time.Time { return h.now })
	h.jana()
	for i := range 30 { // old pages with her in them, here and there in the file
		must[NoteOut](h)(h.s.Note(as("ana"), NoteIn{Ref: janaMail, Text: fmt.Sprintf("NEEDLE note %d %s", i, strings.Repeat("NEEDLE ", 700))}))
		h.run("book", "book.vcf", person1("book", "b-n33dle", "name", "Jana Nadelmann", "email", janaMail, "phone", "0451 901820", "note", fmt.Sprint(i)))
	}
	must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: janaMail}))
	h.find("tom@ford.example")
	check := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{}))
	if len(check.Damages) != 0 {
		t.Errorf("check finds %+v", check.Damages)
	}
	h.ok(h.store.Close())
	files, err := os.ReadDir(dir)
	h.ok(err)
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
		h.ok(err)
		low := bytes.ToLower(raw)
		for _, n := range append(needlesOfJana, "019802819", "nadel", "sternwarte.example") { // and the phone as it is indexed, from its end
			if i := bytes.Index(low, []byte(strings.ToLower(n))); i >= 0 {
				t.Errorf("%s has %q at %d: %q", f.Name(), n, i, raw[max(0, i-60):min(len(raw), i+60)])
			}
		}
	}
}

// Whoever was forgotten and writes that nobody is to write to them is heard: nothing is kept but that
// the address, by its hash, is not to be written to.
func TestTheForgottenAreLeftAlone(t *testing.T) {
	t.Parallel()
	h := office(t)
	h.s.rules = gateRules(GateConfig{Silence: []GateSilence{{Outcome: gateYes}}})
	must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: "jana@sternwarte.example"}))
	stop := letter{id: "stop1", from: janaBox, to: weiMail, subject: "Re: Catalogue", day: 20, text: "Please stop sending me these emails."}
	h.mails(stop, letter{id: "m2", from: liweiBox, to: weiMail, subject: "Hi", day: 20, text: "Thank you."})
	may := func(want string) {
		t.Helper()
		if out := must[MayContactOut](h)(h.s.MayContact(as("ana"), MayContactIn{Ref: "jana@sternwarte.example", Channel: "email", Purpose: "marketing"})); out.Outcome != want {
			t.Errorf("the gate says %s %v, want %s", out.Outcome, out.Reasons, want)
		}
	}
	may("no")
	for k, v := range statetest.Dump(t, h.store) {
		if strings.Contains(strings.ToLower(k+v), "sternwarte") {
			t.Errorf("%q names her: %.200q", k, v)
		}
	}
	// A person takes it back; that the mailbox tells the same mail again is no new wish.
	must[OptoutOut](h)(h.s.OptoutRemove(as("ana"), OptoutRemoveIn{Ref: "jana@sternwarte.example", Channel: "email", Reason: "she called"}))
	may("yes")
	h.mails(stop)
	may("yes")
	stop.id = "stop2"
	h.now = h.now.Add(time.Hour)
	h.mails(stop)
	may("no")
}
