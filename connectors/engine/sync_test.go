package engine

import (
	"context"
	"strconv"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func shopAndBook(t *testing.T) (*office, *system, *system) {
	shop := newSystem("shop", "email*", "given", "family", "phone", "company")
	book := newSystem("book", "email*", "given", "family", "phone*", "company", "note")
	return newOffice(t, shop, book), shop, book
}

// A phone that was changed in the address book reaches the shop through a dry run and a plan that a
// person applies; a second run changes nothing.
func TestPhoneReachesTheShop(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	shop.put("1", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "phone", "+49 451 901820")
	book.put("a", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "phone", "+49 451 901820|+49 171 1234567")
	out := o.synced(service.SyncIn{})
	if len(shop.writes)+len(book.writes) != 0 {
		t.Fatalf("something was written without a plan: %+v %+v", shop.writes, book.writes)
	}
	for _, c := range out.Connections {
		if c.Run.Counts.New != 1 || c.Writes != 0 {
			t.Fatalf("first run: %+v", c)
		}
	}
	book.put("a", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "phone", "+49 451 901821|+49 171 1234567")
	dry := o.synced(service.SyncIn{Dry: true})
	if dry.Plan == nil || len(dry.Plan.Writes) != 1 {
		t.Fatalf("dry run: %+v", dry)
	}
	w := dry.Plan.Writes[0]
	if w.Connection != "shop" || w.Record != "1" || len(w.Fields) != 1 || w.Fields[0].Field != "phone" || w.Fields[0].After[0] != "+49 451 901821" || w.Fields[0].From != "book" {
		t.Fatalf("planned: %+v", w)
	}
	if len(shop.writes) != 0 {
		t.Fatal("a dry run wrote")
	}
	applied := o.synced(service.SyncIn{Apply: dry.Plan.ID})
	if shop.says("1", "phone") != "+49 451 901821" || len(shop.writes) != 1 || len(book.writes) != 0 {
		t.Fatalf("shop says %q; %+v", shop.says("1", "phone"), applied)
	}
	again := o.synced(service.SyncIn{})
	if len(shop.writes) != 1 || len(book.writes) != 0 || again.Plan != nil {
		t.Fatalf("a second run wrote: %+v", again)
	}
	for _, c := range again.Connections {
		if c.Run.Counts.New+c.Run.Counts.Changed != 0 {
			t.Fatalf("our own write came back as a change: %+v", c)
		}
	}
	// Approved once, the next change goes by itself.
	shop.put("1", "email", "jana@example.com", "given", "Jana", "family", "Müller", "phone", "+49 451 901821")
	o.synced(service.SyncIn{})
	if book.says("a", "family") != "Müller" || book.says("a", "phone") != "+49 451 901821|+49 171 1234567" {
		t.Fatalf("book says %q %q", book.says("a", "family"), book.says("a", "phone"))
	}
	o.synced(service.SyncIn{})
	if len(shop.writes) != 1 || len(book.writes) != 1 {
		t.Fatalf("writes at shop %d, at book %d", len(shop.writes), len(book.writes))
	}
}

// agree brings two systems with one contact in step, both approved.
func agree(t *testing.T, o *office, shop, book *system) {
	t.Helper()
	shop.put("1", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "company", "Sternwarte")
	book.put("a", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "note", "likes 🌲")
	o.synced(service.SyncIn{})
	o.approve()
	if book.says("a", "company") != "Sternwarte" {
		t.Fatalf("the company did not reach the book: %q", book.says("a", "company"))
	}
}

func TestConflictIsAsked(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	agree(t, o, shop, book)
	jana := func(s *system, id, company string) {
		s.put(id, "email", "jana@example.com", "given", "Jana", "family", "Köhler", "note", s.says(id, "note"), "company", company)
	}
	jana(shop, "1", "Sternwarte Lübeck")
	jana(book, "a", "Planetarium")
	out := o.synced(service.SyncIn{})
	if out.Asks != 1 || shop.says("1", "company") != "Sternwarte Lübeck" || book.says("a", "company") != "Planetarium" {
		t.Fatalf("asked %d: %+v", out.Asks, out)
	}
	if o.synced(service.SyncIn{}); o.synced(service.SyncIn{}).Asks != 1 {
		t.Fatal("asked again")
	}
	list, err := o.svc.QuestionList(t.Context(), service.QuestionListIn{})
	if err != nil || len(list.Questions) != 1 {
		t.Fatalf("%v %+v", err, list)
	}
	q := list.Questions[0]
	if q.Kind != "conflict" || q.Field != "company" || len(q.Options) != 2 || len(q.Reasons) != 2 {
		t.Fatalf("the question is %+v", q)
	}
	if _, err := o.svc.Answer(t.Context(), service.AnswerIn{Number: q.Number, Answer: "book"}); err != nil {
		t.Fatal(err)
	}
	out = o.synced(service.SyncIn{})
	if shop.says("1", "company") != "Planetarium" || book.says("a", "company") != "Planetarium" || out.Asks != 0 {
		t.Fatalf("shop says %q, book %q", shop.says("1", "company"), book.says("a", "company"))
	}
	writes := len(shop.writes) + len(book.writes)
	if o.synced(service.SyncIn{}); len(shop.writes)+len(book.writes) != writes {
		t.Fatal("a second run wrote")
	}
	// An answer holds for what was asked: the next contradiction is a new question.
	jana(shop, "1", "Volkshochschule Lübeck")
	jana(book, "a", "Observatorium Kiel")
	if out := o.synced(service.SyncIn{}); out.Asks != 1 {
		t.Fatalf("a new conflict raises %d questions", out.Asks)
	}
	// It goes away when they agree by themselves.
	jana(shop, "1", "Observatorium Kiel")
	if out := o.synced(service.SyncIn{}); out.Asks != 0 {
		list, _ := o.svc.QuestionList(t.Context(), service.QuestionListIn{})
		t.Fatalf("a conflict that is none any more leaves %+v", list)
	}
}

func TestCreateByRuleOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		lost       bool
		finder     bool
		idempotent bool
		asks       int
	}{
		{"answered", false, false, false, 0}, {"lost and found", true, true, false, 0}, {"lost and idempotent", true, false, true, 0},
		{"lost and nobody knows", true, false, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, shop, book := shopAndBook(t)
			o.wrap = func(s *system) connectors.Connector {
				if c.finder {
					return finding{desk{s}}
				}
				return desk{s}
			}
			o.idempotent = c.idempotent
			o.conn("book").Create = "tag:wholesale"
			shop.matrix = append(shop.matrix, connectors.FieldSpec{Field: "tag", Read: true, Write: true})
			o.open()
			shop.put("1", "email", "li@example.cn", "given", "伟", "family", "李", "tag", "Wholesale")
			shop.put("2", "email", "tom@example.com", "given", "Tom", "family", "Ford")
			lost := c.lost
			book.lose = func(connectors.Intent) bool { was := lost; lost = false; return was }
			plan := o.synced(service.SyncIn{Dry: true}).Plan
			out, err := o.sync(service.SyncIn{Apply: plan.ID})
			if state.IsCode(err, "sync_partly") != (c.asks > 0) {
				t.Fatal(err)
			}
			if len(book.contacts) != 1 || out.Asks != c.asks {
				t.Fatalf("book has %d contacts, %d questions: %+v", len(book.contacts), out.Asks, out)
			}
			o.synced(service.SyncIn{})
			o.synced(service.SyncIn{})
			if len(book.contacts) != 1 {
				t.Fatalf("book has %d contacts", len(book.contacts))
			}
			find, err := o.svc.Find(t.Context(), service.FindIn{Query: "li@example.cn"})
			if err != nil || len(find.Hits) != 1 {
				t.Fatalf("%v %+v", err, find)
			}
			if asks := o.synced(service.SyncIn{}).Asks; asks != 0 {
				t.Fatalf("%d questions wait although the contact was told", asks)
			}
		})
	}
}

func TestStaleVersionIsPlannedAnew(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	agree(t, o, shop, book)
	shop.put("1", "email", "jana@example.com", "given", "Jana", "family", "Müller", "company", "Sternwarte")
	// Somebody edits the card between our reading and our writing.
	edited := false
	book.fail = func(call string) error {
		if call == "push" && !edited {
			edited = true
			book.keep(record("a", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "company", "Sternwarte", "note", "new note"))
		}
		return nil
	}
	out := o.synced(service.SyncIn{})
	if book.says("a", "family") != "Müller" || book.says("a", "note") != "new note" {
		t.Fatalf("book says %q, %q: %+v", book.says("a", "family"), book.says("a", "note"), out)
	}
}

func TestDeletesArePropagatedWhereSet(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	agree(t, o, shop, book)
	back := func() {
		shop.put("1", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "company", "Sternwarte")
		o.synced(service.SyncIn{})
	}
	shop.remove("1")
	o.synced(service.SyncIn{})
	if book.says("a", "given") != "Jana" || len(book.deletes) != 0 {
		t.Fatal("it was deleted in the book although nobody said so")
	}
	back()
	o.conn("shop").Deletes = true
	o.open()
	shop.remove("1")
	book.put("a", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "company", "Sternwarte", "note", "an edit beats a delete")
	o.synced(service.SyncIn{})
	if len(book.deletes) != 0 {
		t.Fatal("an edit was deleted")
	}
	back()
	shop.remove("1")
	o.synced(service.SyncIn{})
	if len(book.deletes) != 1 {
		t.Fatalf("deleted in the book: %v", book.deletes)
	}
	o.synced(service.SyncIn{})
	find, err := o.svc.Find(t.Context(), service.FindIn{Query: "jana@example.com"})
	if err != nil || len(find.Hits) != 1 {
		t.Fatalf("the history is gone: %v %+v", err, find)
	}
}

func TestOneFailureDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	agree(t, o, shop, book)
	book.fail = func(string) error { return &connectors.Error{Class: connectors.Auth, Text: "the password is wrong"} }
	shop.put("2", "email", "tom@example.com", "given", "Tom")
	shop.put("1", "email", "jana@example.com", "given", "Jana", "family", "Müller", "company", "Sternwarte")
	out, err := o.sync(service.SyncIn{})
	if !state.IsCode(err, "sync_partly") || !state.IsClass(err, state.Partly) {
		t.Fatalf("the error is %v", err)
	}
	if out.Connections[0].Error == nil || out.Connections[0].Error.Code != "connection_auth" || out.Connections[1].Run.Counts.New != 1 {
		t.Fatalf("%+v", out.Connections)
	}
	if _, err := o.sync(service.SyncIn{Connections: []string{"book"}}); !state.IsCode(err, "connection_auth") {
		t.Fatalf("alone: %v", err)
	}
	// What was decided meanwhile is not forgotten.
	book.fail = nil
	o.synced(service.SyncIn{})
	if book.says("a", "family") != "Müller" {
		t.Fatalf("book says %q", book.says("a", "family"))
	}
}

func TestStalePlanIsRefused(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	agree(t, o, shop, book)
	shop.put("1", "email", "jana@example.com", "given", "Jana", "family", "Müller", "company", "Sternwarte")
	dry := o.synced(service.SyncIn{Dry: true})
	if again := o.synced(service.SyncIn{Dry: true}); again.Plan.ID != dry.Plan.ID {
		t.Fatalf("the same plan is %s and %s", dry.Plan.ID, again.Plan.ID)
	}
	shop.put("1", "email", "jana@example.com", "given", "Jana", "family", "Meier", "company", "Sternwarte")
	_, err := o.sync(service.SyncIn{Apply: dry.Plan.ID})
	if !state.IsCode(err, "plan_stale") || book.says("a", "family") != "Köhler" {
		t.Fatalf("%v; book says %q", err, book.says("a", "family"))
	}
	if _, err := o.sync(service.SyncIn{Apply: dry.Plan.ID}); !state.IsCode(err, "plan_stale") {
		t.Fatalf("again: %v", err)
	}
	if _, err := o.sync(service.SyncIn{Apply: "ffff"}); !state.IsCode(err, "no_such_plan") {
		t.Fatalf("no plan: %v", err)
	}
}

func TestGuards(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	company := func(name string) {
		for i := range 40 {
			id := strconv.Itoa(i)
			shop.put("s"+id, "email", "p"+id+"@example.com", "given", "P"+id, "company", name)
		}
	}
	company("Old Observatory")
	for i := range 40 {
		id := strconv.Itoa(i)
		book.put("b"+id, "email", "p"+id+"@example.com", "given", "P"+id)
	}
	o.synced(service.SyncIn{})
	o.approve()
	if book.says("b7", "company") != "Old Observatory" {
		t.Fatal("not in step")
	}
	company("New Observatory")
	if _, err := o.sync(service.SyncIn{}); !state.IsClass(err, state.Partly) || book.says("b7", "company") != "Old Observatory" {
		t.Fatalf("the guard let it through: %v", err)
	}
	o.approve() // a person's word
	if book.says("b7", "company") != "New Observatory" {
		t.Fatal("an applied plan was not done")
	}
	for i := range 30 {
		shop.remove("s" + strconv.Itoa(i))
	}
	out, err := o.sync(service.SyncIn{Connections: []string{"shop"}})
	if !state.IsCode(err, "gone_guard") || !state.IsClass(err, state.Refused) {
		t.Fatalf("%v %+v", err, out)
	}
	if out, err = o.sync(service.SyncIn{Connections: []string{"shop"}, AcceptGone: true}); err != nil || out.Connections[0].Run.Counts.Gone != 30 {
		t.Fatalf("%v %+v", err, out.Connections)
	}
}

// receiving adds webhooks that are signed with the word "signed".
type receiving struct{ finding }

func (receiving) Receive(_ context.Context, header map[string][]string, body []byte) ([]connectors.Hint, error) {
	if len(header["Signature"]) != 1 || header["Signature"][0] != "signed" {
		return nil, &connectors.Error{Class: connectors.Auth, Text: "the signature is not the shop's"}
	}
	return []connectors.Hint{{Kind: connectors.Contact, ID: string(body)}}, nil
}

func TestWebhookIsVerifiedAndAskedAfter(t *testing.T) {
	t.Parallel()
	o, shop, _ := shopAndBook(t)
	o.wrap = func(s *system) connectors.Connector { return receiving{finding{desk{s}}} }
	o.open()
	shop.put("1", "email", "jana@example.com", "given", "Jana")
	o.synced(service.SyncIn{})
	if _, err := o.eng.Webhook(t.Context(), "shop", map[string][]string{"Signature": {"forged"}}, []byte("1")); !state.IsCode(err, "webhook_refused") {
		t.Fatalf("a forged webhook: %v", err)
	}
	shop.put("1", "email", "jana@example.com", "given", "Janna")
	shop.put("2", "email", "tom@example.com", "given", "Tom")
	hints, err := o.eng.Webhook(t.Context(), "shop", map[string][]string{"Signature": {"signed"}}, []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := o.eng.Hints(t.Context(), "shop", hints)
	if err != nil || out.Run.Counts.Changed != 1 || out.Run.Counts.New != 0 {
		t.Fatalf("%v %+v", err, out)
	}
	shop.remove("1")
	out, err = o.eng.Hints(t.Context(), "shop", hints)
	if err != nil || out.Run.Counts.Gone != 1 {
		t.Fatalf("%v %+v", err, out)
	}
	// Behind it the pull goes on where it stood.
	if all := o.synced(service.SyncIn{}); all.Connections[1].Run.Counts.New != 1 {
		t.Fatalf("%+v", all.Connections)
	}
}
