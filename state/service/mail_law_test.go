package service

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

func TestAddAndIgnore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	h.mails(append(slices.Clone(post),
		letter{id: "20", from: "Billing <rechnung@supplier.example>", to: "wei@nordlicht.example", subject: "Invoice 7", text: "due", day: 7},
		letter{id: "21", from: "rechnung@supplier.example", to: "wei@nordlicht.example", subject: "Invoice 8", text: "due", day: 8},
		letter{id: "22", from: "wei@nordlicht.example", to: "rechnung@supplier.example", subject: "Re: Invoice 8", text: "paid", day: 9, sent: true})...)
	// A role address is made a customer by nobody's mail.
	if got, want := h.waitingList(), `rechnung@supplier.example Billing 3 "Re: Invoice 8"; stranger@far.example Fremder 1 "Offer"`; got != want {
		t.Errorf("waiting: %s", got)
	}
	out := must[CustomerAddOut](h)(h.s.CustomerAdd(as("wei"), CustomerAddIn{Address: "Stranger@far.example"}))
	if out.Known || out.Customer.Name != "Fremder" || out.Messages != 1 {
		t.Errorf("added %+v", out)
	}
	if out := must[CustomerAddOut](h)(h.s.CustomerAdd(as("wei"), CustomerAddIn{Address: "jana@sternwarte.example"})); !out.Known {
		t.Errorf("added %+v", out)
	}
	h.wantLines("wei", "fremder", "in Offer: Buy our list.")
	must[CustomerAddOut](h)(h.s.CustomerAdd(as("wei"), CustomerAddIn{Address: "new@nobody.example", Name: "Neu Anfang"}))
	if got := h.customerNames(); got != "Fremder, Jana Köhler, Neu Anfang, 李伟" {
		t.Errorf("customers %s", got)
	}
	h.refused(failure(h.s.CustomerAdd(as("wei"), CustomerAddIn{Address: "ana@nordlicht.example"})), state.Refused, "address_is_ours")
	h.refused(failure(h.s.CustomerAdd(as("wei"), CustomerAddIn{Address: "nobody"})), state.Invalid, "not_an_address")

	must[CustomerIgnoreOut](h)(h.s.CustomerIgnore(as("wei"), CustomerIgnoreIn{Rule: "@supplier.example"}))
	must[CustomerIgnoreOut](h)(h.s.CustomerIgnore(as("wei"), CustomerIgnoreIn{Rule: "stranger@far.example"}))
	must[CustomerIgnoreOut](h)(h.s.CustomerIgnore(as("wei"), CustomerIgnoreIn{Rule: "jana@sternwarte.example"}))
	if got := h.customerNames() + h.waitingList(); got != "Neu Anfang, 李伟" {
		t.Errorf("customers and waiting: %s", got)
	}
	h.refused(failure(h.s.CustomerIgnore(as("wei"), CustomerIgnoreIn{Rule: "x"})), state.Invalid, "not_a_rule")
	h.refused(failure(h.s.CustomerIgnore(as("wei"), CustomerIgnoreIn{Rule: "@other.example", Remove: true})), state.NotFound, "no_such_rule")
	rules := must[CustomerIgnoreOut](h)(h.s.CustomerIgnore(as("wei"), CustomerIgnoreIn{Rule: "jana@sternwarte.example", Remove: true})).Rules
	if len(rules) != 2 || rules[0].Rule != "@supplier.example" || rules[1].Rule != "stranger@far.example" || rules[0].By != "Wei Zhang" {
		t.Errorf("rules %+v", rules)
	}
	if got := h.customerNames(); got != "Jana Köhler, Neu Anfang, 李伟" {
		t.Errorf("customers %s", got)
	}
	// A customer by an order stays one; its mail is left out all the same.
	h.tell(person1("shop", "1", "name", "Sup Plier", "email", "max@supplier.example"))
	h.mails(letter{id: "30", from: "max@supplier.example", to: "wei@nordlicht.example", subject: "Hi", day: 9})
	h.wantLines("wei", "sup plier")
}

func TestMailOfAListCanBeIgnored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	h.tell(person1("shop", "1", "name", "Jana Köhler", "email", "jana@sternwarte.example"))
	list := letter{id: "1", from: "jana@sternwarte.example", to: "astro@lists.example", subject: "[astro] moon", text: "full", day: 2, list: "Astronomy <Astro.lists.example>"}
	run := h.mails(list)
	h.wantLines("wei", "jana", "in [astro] moon: full")
	if c := h.counts(run); c.Automatic != 1 {
		t.Errorf("counts %+v", c)
	}
	must[CustomerIgnoreOut](h)(h.s.CustomerIgnore(as("wei"), CustomerIgnoreIn{Rule: "list:astro.lists.example"}))
	h.wantLines("wei", "jana")
	if c := h.counts(h.mails(list)); c.Ignored != 1 || c.Automatic != 0 {
		t.Errorf("counts %+v", c)
	}
}

func TestACircularMakesNobodyACustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	var to []string
	for i := range 11 {
		to = append(to, fmt.Sprintf("p%d@x%d.example", i, i))
	}
	h.mails(letter{id: "1", from: "wei@nordlicht.example", to: strings.Join(to, ", "), subject: "To all", day: 2, sent: true})
	if got := h.customerNames(); got != "" {
		t.Errorf("customers %s", got)
	}
	h.mails(letter{id: "2", from: "wei@nordlicht.example", to: strings.Join(to[:2], ", "), cc: to[2], subject: "To three", day: 3, sent: true},
		letter{id: "3", from: "wei@nordlicht.example", to: "p5@x5.example", subject: "I am away", day: 3, sent: true, automatic: "auto"})
	if got := len(must[CustomerListOut](h)(h.s.CustomerList(as(""), CustomerListIn{})).Customers); got != 3 {
		t.Errorf("%d customers", got)
	}
}

func TestOrganisationsShowAMessageOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	h.tell(person1("shop", "1", "name", "Jana Köhler", "email", "jana@sternwarte.example", "company", "Sternwarte Lübeck e.V."),
		person1("shop", "2", "name", "Tim Sommer", "email", "tim@sternwarte.example", "company", "Sternwarte Lübeck e.V."))
	h.mails(letter{id: "1", from: "jana@sternwarte.example", to: "wei@nordlicht.example", cc: "tim@sternwarte.example", subject: "Visit", text: "on Monday", day: 2})
	for _, ref := range []string{"Sternwarte Lübeck", "jana", "tim"} {
		h.wantLines("wei", ref, "in Visit: on Monday")
	}
	// What another wrote is not what Tim says.
	if brief := must[BriefOut](h)(h.s.Brief(as("wei"), BriefIn{Ref: "tim"})); brief.Says != nil {
		t.Errorf("says %+v", brief.Says)
	}
	if brief := must[BriefOut](h)(h.s.Brief(as("wei"), BriefIn{Ref: "Sternwarte Lübeck"})); brief.Says == nil {
		t.Error("the organisation says nothing")
	}
}

// mailWorld is a state to which things are told in some order.
type mailWorld struct {
	*world
	numbers bool // whether tales have customers' numbers
}

func (w *mailWorld) number(n string) string {
	if w.numbers {
		return n + " "
	}
	return ""
}

func newMailWorld(tb testing.TB, t rapid.TB) *mailWorld {
	return &mailWorld{world: newWorld(tb, t)}
}

func (w *mailWorld) mails(conn string, letters []letter) uint64 {
	w.must(w.s.Do(context.Background(), "test.connection", nil, func(wr *state.Writer) error {
		c, err := state.Connections.Find(wr.Tx(), state.TextKey(conn))
		if err != nil || c != nil {
			return err
		}
		return state.Connections.Put(wr, &state.Connection{Name: conn, Type: "mbox", Created: w.now, Mailbox: state.MailboxShared})
	}))
	var told []Told
	for _, m := range letters {
		m.conn = conn
		told = append(told, m.told())
	}
	run := w.importRun(conn, told)
	w.must(w.s.EndMail(context.Background(), run))
	return run
}

func (w *mailWorld) staff(name, email string) {
	_, err := w.s.StaffAdd(w.tick(), StaffAddIn{Name: name, Emails: []string{email}})
	w.must(err)
}

// tale is what everybody is shown, without numbers.
func (w *mailWorld) tale() []string {
	var out []string
	list, err := w.s.CustomerList(context.Background(), CustomerListIn{Limit: 1000})
	w.must(err)
	for _, c := range list.Customers {
		hist, err := w.s.History(context.Background(), HistoryIn{Ref: c.Number, Limit: -1})
		w.must(err)
		var ids []string
		for _, id := range c.Identifiers {
			ids = append(ids, id.Value)
		}
		slices.Sort(ids)
		line := w.number(c.Number) + c.Name + " " + strings.Join(ids, "+")
		for _, e := range hist.Entries {
			line += " | " + e.Direction + " " + e.Title + " " + e.Body + " " + e.Actor
		}
		out = append(out, line)
	}
	slices.Sort(out)
	waiting, err := w.s.CustomerWaiting(context.Background(), WaitingIn{Limit: -1})
	w.must(err)
	for _, x := range waiting.Waiting {
		out = append(out, fmt.Sprintf("waits %s %s %d %s", x.Address, x.Name, x.Messages, x.Subject))
	}
	questions, err := w.s.QuestionList(context.Background(), QuestionListIn{Limit: -1})
	w.must(err)
	var asked []string
	for _, q := range questions.Questions {
		asked = append(asked, "? "+q.Kind+" "+q.Where+" "+q.Raw)
	}
	slices.Sort(asked)
	return append(out, asked...)
}

func drawLetters(t *rapid.T) []letter {
	who := []string{"Wei Zhang <wei@us.example>", "ana@us.example", "Jana Köhler <jana@x.example>", "tim@x.example", "李伟 <liwei@y.example>",
		"info@y.example", "noreply@z.example", "J. K. <j.k+shop@gmail.com>", "jk@gmail.com"}
	n := rapid.IntRange(1, 8).Draw(t, "letters")
	var out []letter
	for i := range n {
		m := letter{id: fmt.Sprint(i + 1), day: i + 1, subject: fmt.Sprint("S", i+1), text: fmt.Sprint("text ", i+1),
			from: rapid.SampledFrom(who).Draw(t, "from"), to: rapid.SampledFrom(who).Draw(t, "to"), thread: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "thread"),
			sent: rapid.IntRange(0, 3).Draw(t, "sent") == 0, automatic: rapid.SampledFrom([]string{"", "", "", "auto"}).Draw(t, "automatic")}
		if rapid.Bool().Draw(t, "copied") {
			m.cc = rapid.SampledFrom(who).Draw(t, "cc")
		}
		out = append(out, m)
	}
	return out
}

// TestTheOrderOfTellingDoesNotMatter: mail in two mailboxes, a shop's contacts, staff and rules, in
// whatever order they come, make the same customers with the same histories, and the same waits.
func TestTheOrderOfTellingDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		letters := drawLetters(rt)
		cut := rapid.IntRange(0, len(letters)).Draw(rt, "cut")
		ops := []func(*mailWorld){
			func(w *mailWorld) { w.mails("mail", letters[:cut]) },
			func(w *mailWorld) { w.mails("office", letters[cut:]) },
			func(w *mailWorld) {
				w.tell("shop", contact{conn: "shop", id: "1", email: "tim@x.example", given: "Tim", family: "Sommer"})
			},
		}
		if rapid.Bool().Draw(rt, "staff") {
			ops = append(ops, func(w *mailWorld) { w.staff("Wei Zhang", "wei@us.example") })
		}
		if rapid.Bool().Draw(rt, "ignore") {
			ops = append(ops, func(w *mailWorld) {
				_, err := w.s.CustomerIgnore(w.tick(), CustomerIgnoreIn{Rule: "@y.example"})
				w.must(err)
			})
		}
		var first []string
		for i := range 2 {
			order := ops
			if i > 0 {
				order = rapid.Permutation(ops).Draw(rt, "order")
			}
			w := newMailWorld(t, rt)
			for _, op := range order {
				op(w)
			}
			if got := w.tale(); i == 0 {
				first = got
			} else if !slices.Equal(first, got) {
				rt.Fatalf("another order, another tale:\n%s\n---\n%s", strings.Join(first, "\n"), strings.Join(got, "\n"))
			}
			if out, err := w.s.Check(context.Background(), CheckIn{}); err != nil || len(out.Damages) > 0 {
				rt.Fatalf("check: %v %+v", err, out.Damages)
			}
		}
	})
}

// TestUndoOfMailIsExact: what an import of mail made goes with it, to the last byte.
func TestUndoOfMailIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		letters := drawLetters(rt)
		cut := rapid.IntRange(0, len(letters)-1).Draw(rt, "cut")
		w := newMailWorld(t, rt)
		w.numbers = true
		w.tell("shop", contact{conn: "shop", id: "1", email: "tim@x.example", given: "Tim", family: "Sommer"})
		if rapid.Bool().Draw(rt, "staff") {
			w.staff("Wei Zhang", "wei@us.example")
		}
		w.mails("mail", letters[:cut])
		before, told, calm := w.picture(), w.tale(), true
		for _, m := range letters[cut:] {
			// Who is ours only by this run lost what made them customers; told again it has the same
			// customer numbers, and records of other numbers.
			calm = calm && !m.sent
		}
		run := w.mails(rapid.SampledFrom([]string{"mail", "office"}).Draw(rt, "where"), letters[cut:])
		_, err := w.s.ImportUndo(w.tick(), ImportUndoIn{Run: state.Runs.Ref(run)})
		w.must(err)
		if got := w.tale(); !slices.Equal(told, got) {
			rt.Fatalf("after undo:\n%s\nbefore:\n%s", strings.Join(got, "\n"), strings.Join(told, "\n"))
		}
		if !calm {
			return
		}
		after := w.picture()
		for _, all := range []map[string]string{before, after} {
			maps.DeleteFunc(all, func(place, _ string) bool { return strings.Contains(place, "question") })
		}
		for place, stored := range after {
			if before[place] != stored {
				rt.Fatalf("%s: %q, was %q", place, stored, before[place])
			}
		}
		for place := range before {
			if _, ok := after[place]; !ok {
				rt.Fatalf("%s is gone", place)
			}
		}
	})
}

// TestSettlingGoesOn: what a rule changes for more people than one transaction takes is done all
// the same, also by another process after the first was killed.
func TestSettlingGoesOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var letters []letter
	for i := range 2*settleStep + 10 {
		letters = append(letters, letter{id: fmt.Sprint(i), from: "wei@nordlicht.example", to: fmt.Sprintf("p%d@x%d.example", i, i), subject: "Hi", day: 1 + i%28})
	}
	h.mails(letters...)
	count := func() int {
		return len(must[CustomerListOut](h)(h.s.CustomerList(as(""), CustomerListIn{Limit: 10000})).Customers)
	}
	if count() != 0 {
		t.Fatalf("%d customers of an archive", count())
	}
	// Killed behind the first transaction: the staff member is there, nothing of what follows.
	h.ok(h.s.Do(context.Background(), "staff.add", nil, func(w *state.Writer) error {
		_, err := h.s.putStaff(w, &state.Staff{Number: 1, Name: "Wei", Emails: []string{"wei@nordlicht.example"}})
		return err
	}))
	if due := must[CheckOut](h)(h.s.Check(context.Background(), CheckIn{})).Damages; len(due) == 0 {
		t.Error("check does not see what is not done yet")
	}
	h.now = h.now.Add(time.Minute)
	h.ok(h.s.SettleMail(context.Background()))
	if count() != len(letters) {
		t.Errorf("%d customers", count())
	}
	if d := must[CheckOut](h)(h.s.Check(context.Background(), CheckIn{})).Damages; len(d) != 0 {
		t.Errorf("damages %+v", d)
	}
}
