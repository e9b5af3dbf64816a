package service

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/promise"
)

// codes are the reasons of an answer, strongest first, without those that only say yes.
func against(out MayContactOut) []string {
	var codes []string
	for _, r := range out.Reasons {
		if r.Against {
			codes = append(codes, r.Code)
		}
	}
	return codes
}

// may asks the gate about one customer.
func (h *house) may(ref, channel, purpose string) MayContactOut {
	h.t.Helper()
	return must[MayContactOut](h)(h.s.MayContact(as("ana"), MayContactIn{Ref: ref, Channel: channel, Purpose: purpose}))
}

// answers wants an outcome and reasons against.
func (h *house) answers(out MayContactOut, outcome string, codes ...string) {
	h.t.Helper()
	if got := against(out); out.Outcome != outcome || !slices.Equal(got, codes) {
		h.t.Errorf("%s %s of %s: %s %v, want %s %v", out.Channel, out.Purpose, out.Ref, out.Outcome, out.Reasons, outcome, codes)
	}
}

// agreed makes a contact that agreed to marketing by mail.
func agreed(id, email, name string, more ...string) Told {
	return saying(person1("shop", id, append([]string{"email", email, "name", name}, more...)...), "email", "granted", email, time.Time{})
}

// The gate decides by what was said, for the channel and purpose that was asked.
func TestGateKnowsWhatWasSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) // a Monday
	h.tell(agreed("1", "jana@example.org", "Jana", "phone", "+49 451 901820"))
	h.answers(h.may("jana", "email", "marketing"), "yes")
	must[OptoutOut](h)(h.s.OptoutAdd(as("ana"), OptoutAddIn{Ref: "jana", Channel: "email", Purpose: "marketing", Words: "no more brochures"}))
	h.answers(h.may("jana", "email", "marketing"), "no", "gate_opted_out")
	h.answers(h.may("jana", "mail", "marketing"), "no", "gate_opted_out")
	h.answers(h.may("jana", "email", "sales"), "ask", "gate_silence_ask")
	for _, purpose := range []string{"service", "reply", "transactional"} {
		h.answers(h.may("jana", "email", purpose), "yes")
		h.answers(h.may("jana", "phone", purpose), "yes")
	}
	out := h.may("jana", "", "")
	if r := out.Reasons[0].Args; r["words"] != "no more brochures" || r["source"] != "Ana Lima" || out.Customer.Number != "c1" {
		t.Errorf("got %v of %v", r, out.Customer)
	}
	_, err := h.s.MayContact(as("ana"), MayContactIn{Ref: "jana", Purpose: "fun"})
	h.refused(err, state.Invalid, "unknown_purpose")
}

// A no to everything on a channel stops service there, but not the answer to what they wrote since,
// and asks where we owe them something.
func TestGateAfterANoToEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	h.tell(person1("shop", "1", "email", "jana@example.org", "name", "Jana", "phone", "+49 451 901820"))
	must[OptoutOut](h)(h.s.OptoutAdd(as("ana"), OptoutAddIn{Ref: "jana", Channel: "phone", Words: "please do not call"}))
	h.answers(h.may("jana", "phone", "service"), "no", "gate_opted_out")
	h.answers(h.may("jana", "phone", "transactional"), "ask", "gate_opted_out")
	h.answers(h.may("jana", "email", "service"), "yes")
	must[PromiseOut](h)(h.s.PromiseAdd(as("ana"), PromiseAddIn{Ref: "jana", Text: "send the quote", Due: "today"}))
	h.now = h.now.AddDate(0, 0, 1)
	h.answers(h.may("jana", "phone", "service"), "ask", "gate_opted_out")
	h.answers(h.may("jana", "email", "sales"), "ask", "gate_silence_ask", "gate_promise_late")
	h.now = h.now.AddDate(0, 0, 1).Add(4 * time.Hour)
	h.mails(letter{id: "q1", from: "Jana <jana@example.org>", to: "ana@nordlicht.example", subject: "Question", text: "Please call me back about the quote.", day: 25})
	h.answers(h.may("jana", "phone", "reply"), "yes")
	h.answers(h.may("jana", "phone", "marketing"), "no", "gate_opted_out", "gate_promise_late")
}

// What silence means follows from where somebody is; kept.yaml may say otherwise.
func TestGateSilence(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "email", "de@example.org", "name", "Deutsch", "country", "DE"),
		person1("shop", "2", "email", "us@example.org", "name", "Yankee", "country", "US"),
		person1("shop", "3", "email", "li@example.org", "name", "李伟", "phone", "+86 138 0013 8000"),
		person1("shop", "4", "email", "x@example.org", "name", "Nowhere"))
	for ref, want := range map[string]string{"de@example.org": "no", "us@example.org": "yes", "li@example.org": "no", "x@example.org": "ask", "nobody@example.net": "ask"} {
		if out := h.may(ref, "email", "marketing"); out.Outcome != want {
			t.Errorf("%s: %s %v", ref, out.Outcome, out.Reasons)
		}
		if out := h.may(ref, "post", "marketing"); out.Outcome != "yes" {
			t.Errorf("%s by post: %s %v", ref, out.Outcome, out.Reasons)
		}
	}
	h.s.rules = gateRules(GateConfig{Silence: []GateSilence{{Outcome: "no"}, {Country: "DE", Outcome: "ask"}, {Country: "US", Channel: "email", Outcome: "no"}}})
	for ref, want := range map[string]string{"de@example.org": "ask", "us@example.org": "no", "x@example.org": "no", "li@example.org": "no"} {
		if out := h.may(ref, "email", "marketing"); out.Outcome != want {
			t.Errorf("configured, %s: %s %v", ref, out.Outcome, out.Reasons)
		}
	}
}

// By phone only by day, by the clock of whoever is called; somebody who may be in several zones only
// where it is day in all of them.
func TestGateHours(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	calendar, err := promise.NewCalendar(promise.CalendarRules{Countries: []string{"DE"}})
	h.ok(err)
	h.s.config.Calendar = calendar
	h.tell(person1("shop", "1", "name", "Jana", "phone", "+49 451 901820"), person1("shop", "2", "name", "李伟", "phone", "+86 138 0013 8000"),
		person1("shop", "3", "name", "Bob", "email", "bob@example.com", "country", "US"), person1("shop", "4", "name", "Bob York", "phone", "+1 212 555 0123", "country", "US"))
	at := func(ref string, at time.Time) MayContactOut {
		return must[MayContactOut](h)(h.s.MayContact(as("ana"), MayContactIn{Ref: ref, Channel: "phone", Purpose: "service", At: at}))
	}
	monday := func(hour int) time.Time { return time.Date(2026, 11, 23, hour, 0, 0, 0, time.UTC) }
	h.answers(at("c1", monday(9)), "yes")
	h.answers(at("c1", monday(7)), "ask", "gate_hours")
	h.answers(at("c2", monday(11)), "yes")
	h.answers(at("c2", monday(12)), "ask", "gate_hours") // 20:00 in China
	h.answers(at("c3", monday(15)), "ask", "gate_hours") // 10:00 in New York, night in Hawaii
	h.answers(at("c4", monday(15)), "yes")               // a number of New York
	h.answers(at("c1", time.Date(2026, 12, 25, 10, 0, 0, 0, time.UTC)), "ask", "gate_hours")
	out := at("c1", time.Date(2026, 12, 24, 20, 30, 0, 0, time.UTC))
	if want := time.Date(2026, 12, 28, 8, 0, 0, 0, time.UTC); !out.Next.Equal(want) {
		t.Errorf("next %v, want %v", out.Next, want)
	}
	must[CustomerOut](h)(h.s.CustomerEdit(as("ana"), CustomerEditIn{Ref: "c3", Set: map[string]string{"zone": "America/New_York"}}))
	h.answers(at("c3", monday(15)), "yes")
	h.answers(at("c3", monday(13)), "ask", "gate_hours")
}

// A hold ends by itself, by a person's word, and never by a merge; it holds for people of an
// organisation, too.
func TestGateHolds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(agreed("1", "jana@example.org", "Jana Köhler", "company", "Sternwarte e.V."), agreed("2", "other@example.org", "Jana Koehler"))
	_, err := h.s.Hold(as("ana"), HoldIn{Ref: "c1"})
	h.refused(err, state.Invalid, "hold_reason_missing")
	must[HoldOut](h)(h.s.Hold(as("ana"), HoldIn{Ref: "jana@example.org", Until: "2026-12-01", Reason: "mount still broken"}))
	h.answers(h.may("jana@example.org", "email", "marketing"), "no", "gate_hold")
	h.answers(h.may("jana@example.org", "email", "service"), "yes")
	h.answers(h.may("other@example.org", "email", "marketing"), "yes")
	merged := must[MergeOut](h)(h.s.Merge(as("ana"), MergeIn{A: "other@example.org", B: "jana@example.org"}))
	h.answers(h.may("other@example.org", "email", "marketing"), "no", "gate_hold")
	must[UnmergeOut](h)(h.s.Unmerge(as("ana"), UnmergeIn{Ref: merged.Customer.Number}))
	h.answers(h.may("other@example.org", "email", "marketing"), "yes")
	h.answers(h.may("jana@example.org", "email", "marketing"), "no", "gate_hold")
	before := h.now
	h.now = time.Date(2026, 12, 1, 23, 59, 59, 5, time.UTC)
	h.answers(h.may("jana@example.org", "email", "marketing"), "no", "gate_hold")
	h.now = time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC) // midnight in Ana's Lisbon
	h.answers(h.may("jana@example.org", "email", "marketing"), "yes")
	h.now = before
	must[HoldOut](h)(h.s.HoldLift(as("ana"), HoldLiftIn{Ref: "h1", Note: "repaired"}))
	h.answers(h.may("jana@example.org", "email", "marketing"), "yes")
	_, err = h.s.HoldLift(as("ana"), HoldLiftIn{Ref: "jana@example.org"})
	h.refused(err, state.Invalid, "nothing_held")

	org := h.find("Sternwarte e.V.")
	must[HoldOut](h)(h.s.Hold(as("ana"), HoldIn{Ref: org, Reason: "in dispute", Purpose: "all"}))
	out := h.may("jana@example.org", "email", "service")
	h.answers(out, "no", "gate_hold")
	if out.Reasons[0].Args["name"] != "Sternwarte e.V." {
		t.Errorf("reason %v", out.Reasons)
	}
	if list := must[HoldOut](h)(h.s.HoldList(as("ana"), HoldListIn{})); len(list.Holds) != 1 || list.Holds[0].Number != "h2" {
		t.Errorf("standing %+v", list.Holds)
	}
	if list := must[HoldOut](h)(h.s.HoldList(as("ana"), HoldListIn{All: true})); len(list.Holds) != 2 || list.Holds[1].Note != "repaired" {
		t.Errorf("all %+v", list.Holds)
	}
}

func (h *house) touch(asset, team string, at time.Time, emails ...string) TouchRecordOut {
	h.t.Helper()
	in := TouchRecordIn{Asset: asset, Team: team, Sent: at, Source: "list.csv"}
	for i, e := range emails {
		in.Rows = append(in.Rows, ContactRow{Line: i + 2, Email: e})
	}
	return must[TouchRecordOut](h)(h.s.TouchRecord(as("ana"), in))
}

// Nobody gets the same twice, by whichever address; whoever answered is answered first; and all
// teams together do not send too much.
func TestGateTouches(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(agreed("1", "jana@example.org", "Jana"), agreed("2", "tom@example.org", "Tom"))
	must[CustomerOut](h)(h.s.CustomerEdit(as("ana"), CustomerEditIn{Ref: "c1", Set: map[string]string{"email": "jana@home.example"}}))
	must[RelateOut](h)(h.s.Relate(as("ana"), RelateIn{Ref: "c1", To: "c2", Kind: "household"}))
	day := h.now.AddDate(0, 0, -3)
	first := h.touch("spring-brochure", "marketing", day, "jana@home.example", "late@example.net", "", "JANA@home.example")
	if first.Recorded != 2 || first.Known != 1 || first.Before != 1 || len(first.Bad) != 1 || first.Run != "r2" {
		t.Fatalf("got %+v", first)
	}
	if again := h.touch("spring-brochure", "marketing", day, "jana@home.example", "late@example.net"); again.Recorded != 0 || again.Before != 2 || again.Run != "" {
		t.Errorf("again %+v", again)
	}
	asset := func(ref, asset string) MayContactOut {
		return must[MayContactOut](h)(h.s.MayContact(as("ana"), MayContactIn{Ref: ref, Asset: asset}))
	}
	h.answers(asset("jana@example.org", "Spring-Brochure"), "no", "gate_same_asset")
	h.answers(asset("jana@example.org", "summer-brochure"), "yes")
	h.answers(asset("tom@example.org", "spring-brochure"), "ask", "gate_household_asset")
	h.answers(asset("late@example.net", "spring-brochure"), "no", "gate_same_asset", "gate_silence_ask")

	history := must[HistoryOut](h)(h.s.History(as("ana"), HistoryIn{Ref: "c1", Only: "touch"}))
	if len(history.Entries) != 1 || history.Entries[0].Title != "spring-brochure" || history.Entries[0].Actor != "marketing" || history.Entries[0].Kind != "touch" {
		t.Errorf("history %+v", history.Entries)
	}
	h.tell(agreed("3", "late@example.net", "Late Comer"))
	if late := must[HistoryOut](h)(h.s.History(as("ana"), HistoryIn{Ref: "late@example.net", Only: "touch"})); len(late.Entries) != 1 {
		t.Errorf("who came later has %+v", late.Entries)
	}

	// They answered, and nobody of us has answered them.
	h.mails(letter{id: "r1", from: "Jana <jana@example.org>", to: "ana@nordlicht.example", subject: "Your brochure", text: "What does it cost?", day: 20})
	h.answers(asset("jana@example.org", "summer-brochure"), "ask", "gate_replied")
	h.answers(h.may("jana@example.org", "email", "reply"), "yes")
	h.mails(letter{id: "r2", from: "Ana <ana@nordlicht.example>", to: "jana@example.org", subject: "Re: Your brochure", text: "49 Euro.", day: 21, sent: true})
	h.now = h.now.Add(12 * time.Hour)
	h.answers(asset("jana@example.org", "summer-brochure"), "yes")

	// Two in a week are enough, whoever sent them.
	h.touch("price-list", "sales", h.now.AddDate(0, 0, -1), "jana@example.org")
	out := asset("jana@example.org", "summer-brochure")
	h.answers(out, "ask", "gate_cap")
	if want := day.AddDate(0, 0, 7); !out.Next.Equal(want) {
		t.Errorf("next %v, want %v", out.Next, want)
	}
	if r := out.Reasons[0].Args; r["what"] != "price-list (sales), spring-brochure (marketing)" {
		t.Errorf("cap %v", r)
	}
	list := must[TouchListOut](h)(h.s.TouchList(as("ana"), TouchListIn{}))
	if len(list.Touches) != 2 || list.Touches[1].Addresses != 2 || list.Touches[1].Run != "r2" {
		t.Errorf("list %+v", list.Touches)
	}

	// A recording is taken back, once.
	if undone := must[TouchUndoOut](h)(h.s.TouchUndo(as("ana"), TouchUndoIn{Run: "r2"})); undone.Removed != 2 {
		t.Errorf("undone %+v", undone)
	}
	_, err := h.s.TouchUndo(as("ana"), TouchUndoIn{Run: "r2"})
	h.refused(err, state.Conflict, "run_undone")
	_, err = h.s.TouchUndo(as("ana"), TouchUndoIn{Run: "r1"})
	h.refused(err, state.Refused, "not_touches")
	h.answers(asset("jana@example.org", "spring-brochure"), "yes")
}

// An "ask" is overridden with a reason, for this contact and a day; a "no" never.
func TestGateOverride(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "email", "jana@example.org", "name", "Jana"))
	in := ContactOverrideIn{MayContactIn: MayContactIn{Ref: "jana", Purpose: "sales"}}
	_, err := h.s.ContactOverride(as("ana"), in)
	h.refused(err, state.Invalid, "override_reason_missing")
	in.Reason = "she asked me at the fair"
	out := must[MayContactOut](h)(h.s.ContactOverride(as("ana"), in))
	if out.Outcome != "yes" || out.Reasons[0].Code != "gate_overridden" || out.Reasons[0].Args["by"] != "Ana Lima" {
		t.Errorf("got %s %v", out.Outcome, out.Reasons)
	}
	if out := h.may("jana", "email", "sales"); out.Outcome != "yes" {
		t.Errorf("afterwards %s %v", out.Outcome, out.Reasons)
	}
	h.answers(h.may("jana", "email", "marketing"), "ask", "gate_silence_ask")
	history := must[HistoryOut](h)(h.s.History(as("ana"), HistoryIn{Ref: "jana", Only: "override"}))
	if len(history.Entries) != 1 || history.Entries[0].Title != in.Reason {
		t.Errorf("history %+v", history.Entries)
	}
	h.now = h.now.Add(25 * time.Hour)
	h.answers(h.may("jana", "email", "sales"), "ask", "gate_silence_ask")
	must[OptoutOut](h)(h.s.OptoutAdd(as("ana"), OptoutAddIn{Ref: "jana"}))
	_, err = h.s.ContactOverride(as("ana"), in)
	h.refused(err, state.Refused, "override_refused")
}

// What was said to one brand is not about another.
func TestGateBrands(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.s.config.Connections = map[string]ConnectionConfig{"shop": {Brand: "Nordlicht"}}
	h.tell(saying(person1("shop", "1", "email", "jana@example.org", "name", "Jana"), "email", "opted_out", "jana@example.org", h.now))
	brand := func(b string) MayContactOut {
		return must[MayContactOut](h)(h.s.MayContact(as("ana"), MayContactIn{Ref: "jana", Brand: b}))
	}
	h.answers(brand("nordlicht"), "no", "gate_opted_out")
	h.answers(brand(""), "no", "gate_opted_out")
	h.answers(brand("Südlicht"), "ask", "gate_silence_ask")
	must[OptoutOut](h)(h.s.OptoutAdd(as("ana"), OptoutAddIn{Ref: "jana", Purpose: "marketing"}))
	h.answers(brand("Südlicht"), "no", "gate_opted_out")
}

// A list is answered row by row; the second row about one customer is refused.
func TestGateList(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(agreed("1", "jana@example.org", "Jana"), saying(person1("shop", "2", "email", "tom@example.org", "name", "Tom"), "email", "opted_out", "tom@example.org", h.now))
	must[CustomerOut](h)(h.s.CustomerEdit(as("ana"), CustomerEditIn{Ref: "c1", Set: map[string]string{"email": "jana@home.example"}}))
	var rows []ContactRow
	for i, e := range []string{"Jana <jana@example.org>", "tom@example.org", "jana@home.example", "no address", "who@example.net", "who@example.net"} {
		rows = append(rows, ContactRow{Line: i + 2, Email: e})
	}
	out := must[MayContactListOut](h)(h.s.MayContactList(as("ana"), MayContactListIn{Rows: rows}))
	var got, seen []string
	for _, r := range out.Rows {
		got = append(got, r.Outcome)
		if r.Key != "" {
			seen = append(seen, r.Key)
		}
	}
	if want := []string{"yes", "no", "no", "unreadable", "ask", "no"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if c := out.Rows[2].Reasons[0].Code; c != "gate_twice_in_list" {
		t.Errorf("second row about one: %s", c)
	}
	again := must[MayContactListOut](h)(h.s.MayContactList(as("ana"), MayContactListIn{Rows: rows[:1], Seen: seen}))
	if again.Rows[0].Outcome != "no" {
		t.Errorf("a row of an earlier call: %+v", again.Rows[0])
	}
	_, err := h.s.MayContactList(as("ana"), MayContactListIn{Rows: make([]ContactRow, maxContactRows+1)})
	if args := h.refused(err, state.Invalid, "too_many_rows"); args["max"] != strconv.Itoa(maxContactRows) {
		t.Errorf("got %v", args)
	}
}

// What Kept sent counts as what was recorded.
func TestGateKnowsWhatKeptSent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(agreed("1", "jana@example.org", "Jana"))
	for _, asset := range []string{"offer 1", "offer 2"} {
		h.ok(h.s.Do(as("ana"), "outgoing.sent", nil, func(w *state.Writer) error {
			return h.s.sent(w, state.Sending{Identifier: h.s.identifiers("jana@example.org")[0], Asset: asset, Channel: "email", Purpose: "marketing", At: h.now})
		}))
	}
	h.now = h.now.Add(time.Hour)
	h.answers(h.may("jana", "email", "marketing"), "ask", "gate_cap")
	if list := must[TouchListOut](h)(h.s.TouchList(as("ana"), TouchListIn{Asset: "offer 1"})); len(list.Touches) != 1 || list.Touches[0].Run != "" {
		t.Errorf("list %+v", list.Touches)
	}
}
