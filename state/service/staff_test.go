package service

import (
	"context"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

func (h *house) member(ref string) Staff {
	h.t.Helper()
	return must[StaffListOut](h)(h.s.StaffList(context.Background(), StaffListIn{Ref: ref})).Staff[0]
}

func TestStaffAdd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	if m := h.member("wei"); m.Number != "s2" || m.Role != "rep" || m.Manager != "Ana Lima" || m.Zone != "Asia/Shanghai" || m.Language != "zh" {
		t.Errorf("got %+v", m)
	}
	// The number, the login or the name of one changes what is given.
	for _, in := range []StaffAddIn{{Name: "s3", Zone: "Europe/Berlin"}, {Name: "tom", Emails: []string{"TOM@nordlicht.example"}}, {Name: "tom ford", Role: "none"}} {
		must[StaffOut](h)(h.s.StaffAdd(context.Background(), in))
	}
	if m := h.member("s3"); m.Name != "Tom Ford" || m.Zone != "Europe/Berlin" || m.Role != "" || m.Deputy != "Wei Zhang" || len(m.Emails) != 1 || m.Emails[0] != "tom@nordlicht.example" {
		t.Errorf("got %+v", m)
	}
	if n := len(must[StaffListOut](h)(h.s.StaffList(context.Background(), StaffListIn{})).Staff); n != 3 {
		t.Errorf("%d staff", n)
	}
	for _, c := range []struct {
		in    StaffAddIn
		class state.Class
		code  string
	}{
		{StaffAddIn{}, state.Invalid, "name_missing"}, {StaffAddIn{Name: "X", Role: "king"}, state.Invalid, "unknown_role"},
		{StaffAddIn{Name: "X", Zone: "Nowhere"}, state.Invalid, "unknown_zone"}, {StaffAddIn{Name: "X", Language: "tlh"}, state.Invalid, "unknown_language"},
		{StaffAddIn{Name: "X", Emails: []string{"x"}}, state.Invalid, "not_an_address"}, {StaffAddIn{Name: "X", Login: "ana"}, state.Conflict, "login_taken"},
		{StaffAddIn{Name: "tom", Login: "wei"}, state.Conflict, "login_taken"}, {StaffAddIn{Name: "X", Emails: []string{"ana@nordlicht.example"}}, state.Conflict, "email_taken"},
		{StaffAddIn{Name: "X", Manager: "nobody"}, state.NotFound, "no_staff"}, {StaffAddIn{Name: "ana", Deputy: "s1"}, state.Invalid, "own_deputy"},
		{StaffAddIn{Name: "s77"}, state.NotFound, "no_staff"},
	} {
		_, err := h.s.StaffAdd(context.Background(), c.in)
		h.refused(err, c.class, c.code)
	}
}

func TestStaffAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	out := must[StaffOut](h)(h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "wei", Until: "next friday", Note: "春节"})).Staff
	if !out.AwayNow || len(out.Away) != 1 || out.Away[0] != (state.Absence{From: "2026-11-21", Until: "2026-11-27", Note: "春节"}) {
		t.Errorf("got %+v", out)
	}
	// It begins and ends with the days in the zone of who is away.
	h.now = time.Date(2026, 11, 27, 15, 59, 0, 0, time.UTC)
	if !h.member("wei").AwayNow {
		t.Error("back too early")
	}
	h.now = h.now.Add(time.Minute)
	if h.member("wei").AwayNow {
		t.Error("back too late")
	}
	must[StaffOut](h)(h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "wei"}))
	h.now = h.now.AddDate(0, 2, 0)
	if !h.member("wei").AwayNow {
		t.Error("an absence without an end ended")
	}
	if back := must[StaffOut](h)(h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "wei", Back: true})).Staff; back.AwayNow || back.Away[1].Until == "" {
		t.Errorf("back: %+v", back)
	}
	_, err := h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "wei", Back: true})
	h.refused(err, state.Invalid, "not_away")
	_, err = h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "wei", From: "2027-05-05", Until: "2027-05-01"})
	h.refused(err, state.Invalid, "until_before_from")
	_, err = h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "wei", Until: "when the cows come home"})
	h.refused(err, state.Invalid, "due_not_understood")
}

func TestStaffLeave(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana"))
	must[CustomerOut](h)(h.s.Assign(context.Background(), AssignIn{Ref: "jana", Staff: "tom"}))
	must[StaffOut](h)(h.s.StaffLeave(context.Background(), StaffLeaveIn{Ref: "tom", On: "2026-12-01"}))
	list := func(withLeft bool) int {
		return len(must[StaffListOut](h)(h.s.StaffList(context.Background(), StaffListIn{Left: withLeft})).Staff)
	}
	if list(false) != 3 {
		t.Error("left before the day")
	}
	h.now = day0("2026-12-02")
	if list(false) != 2 || list(true) != 3 {
		t.Errorf("%d and %d", list(false), list(true))
	}
	if m := h.member("tom"); m.Owns != 1 || m.Left.IsZero() {
		t.Errorf("got %+v", m)
	}
}

func TestWho(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana", "company", "Sternwarte Lübeck e.V."))
	out := must[WhoOut](h)(h.s.Who(context.Background(), WhoIn{Ref: "jana"}))
	if out.Owner != nil || out.Now != nil || len(out.Touched) != 0 || len(out.Relations) != 1 {
		t.Errorf("nobody's: %+v", out)
	}
	must[CustomerOut](h)(h.s.Assign(context.Background(), AssignIn{Ref: "jana", Staff: "tom"}))
	must[NoteOut](h)(h.s.Note(as("ana"), NoteIn{Ref: "jana", Text: "x", Kind: "call", At: day0("2026-11-01")}))
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "y", Due: "in 1 hour"}))
	must[NoteOut](h)(h.s.Note(as("unknown"), NoteIn{Ref: "jana", Text: "x"}))
	out = must[WhoOut](h)(h.s.Who(context.Background(), WhoIn{Ref: "jana"}))
	if out.Owner == nil || out.Owner.Name != "Tom Ford" || out.Deputy.Name != "Wei Zhang" || out.Now.Name != "Tom Ford" {
		t.Errorf("owner %+v, deputy %+v, now %+v", out.Owner, out.Deputy, out.Now)
	}
	if len(out.Touched) != 2 || out.Touched[0].Name != "Wei Zhang" || out.Touched[0].How != "promise" || out.Touched[1].Name != "Ana Lima" || out.Touched[1].How != "call" {
		t.Errorf("touched %+v", out.Touched)
	}
	// Whom to ask follows deputies, and managers where there is none.
	must[StaffOut](h)(h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "tom"}))
	now := func() string {
		m := must[WhoOut](h)(h.s.Who(context.Background(), WhoIn{Ref: "jana"})).Now
		if m == nil {
			return ""
		}
		return m.Name
	}
	if got := now(); got != "Wei Zhang" {
		t.Errorf("ask %q", got)
	}
	must[StaffOut](h)(h.s.StaffLeave(context.Background(), StaffLeaveIn{Ref: "wei"}))
	if got := now(); got != "Ana Lima" {
		t.Errorf("ask %q", got)
	}
	must[StaffOut](h)(h.s.StaffAdd(context.Background(), StaffAddIn{Name: "ana", Deputy: "tom"}))
	must[StaffOut](h)(h.s.StaffAway(context.Background(), StaffAwayIn{Ref: "ana"}))
	if got := now(); got != "" {
		t.Errorf("ask %q, and nobody is here", got)
	}
	h.now = h.now.Add(2 * time.Hour)
	all := must[WhoOut](h)(h.s.Who(context.Background(), WhoIn{})).Everybody
	if len(all) != 2 || all[0].Name != "Ana Lima" {
		t.Errorf("everybody %+v", all)
	}
	if m := h.member("wei"); m.Open != 1 || m.Late != 1 {
		t.Errorf("load %+v", m)
	}
}

func TestActor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
		for login, want := range map[string]string{"": "ops", "wei": "s2", "nobody": "ops"} {
			if got, err := h.s.actor(tx, Caller{Login: login}); err != nil || got != want {
				t.Errorf("%q is %s (%v)", login, got, err)
			}
		}
		for actor, want := range map[string]string{"ops": "ops", "s2": "Wei Zhang", "s99": "s99", "job:sync": "job:sync"} {
			if got := actorName(tx, actor); got != want {
				t.Errorf("%q is %s", actor, got)
			}
		}
		for _, c := range []struct{ login, zone, wantZone, wantLanguage string }{
			{"wei", "Europe/Paris", "Asia/Shanghai", "zh"}, {"tom", "Europe/Paris", "Europe/Paris", "en"},
			{"", "", "Europe/Berlin", "en"}, {"", "No/Where", "Europe/Berlin", "en"},
		} {
			r, err := h.s.reader(WithCaller(context.Background(), Caller{Login: c.login, Zone: c.zone}), tx)
			if err != nil || r.zone.String() != c.wantZone || r.language != c.wantLanguage {
				t.Errorf("%+v reads in %s, %s (%v)", c, r.zone, r.language, err)
			}
		}
		return nil
	}))
}
