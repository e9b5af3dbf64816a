package service

import (
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// Who exports gets what they may read elsewhere; the whole is for the person concerned, and that it
// was made is in the audit.
func TestExportKeepsPersonalMailPrivate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	h.s.KeepReads(1 << 40)
	h.mails(post...)
	must[NoteOut](h)(h.s.Note(as("wei"), NoteIn{Ref: "jana", Text: "is getting divorced\nsince May", Private: true}))
	must[NoteOut](h)(h.s.Note(as("ana"), NoteIn{Ref: "jana", Text: "likes tea"}))
	secrets := []string{"How much are 40 units?", "I send it by Thursday.", "still waiting for the quote.", "is getting divorced", "since May"}
	api := h.s.API()
	export := func(login string, whole bool) (CustomerExportOut, string) {
		out := must[CustomerExportOut](h)(api.CustomerExport(as(login), CustomerExportIn{Ref: "jana", Whole: whole}))
		told, err := jsonOf(out)
		h.ok(err)
		return out, told
	}
	for _, login := range []string{"ana", "", "nobody"} {
		out, told := export(login, false)
		for _, s := range secrets {
			if strings.Contains(told, s) {
				t.Errorf("%q is told %q", login, s)
			}
		}
		if out.Withheld != 4 || out.Whole || !strings.Contains(told, "Re: Quote?") || !strings.Contains(told, "likes tea") {
			t.Errorf("%q: %d withheld, whole %v: %s", login, out.Withheld, out.Whole, told)
		}
	}
	for login, whole := range map[string]bool{"wei": false, "ana": true} {
		out, told := export(login, whole)
		for _, s := range secrets {
			if !strings.Contains(told, s) {
				t.Errorf("%s is not told %q", login, s)
			}
		}
		if out.Withheld != 0 || out.Whole != whole {
			t.Errorf("%s: %d withheld, whole %v", login, out.Withheld, out.Whole)
		}
	}
	// What Wei shares is everybody's.
	must[MarkOut](h)(h.s.Mark(as("wei"), MarkIn{Entry: h.entryID("wei", "jana", 4), As: "share"}))
	if out, told := export("ana", false); out.Withheld != 3 || !strings.Contains(told, "How much are 40 units?") {
		t.Errorf("of a shared message: %d withheld, %s", out.Withheld, told)
	}
	h.ok(h.s.Close())
	by := map[string]int{}
	for _, e := range must[AuditOut](h)(h.s.Audit(as(""), AuditIn{Ref: "jana", Reads: true})).Entries {
		if strings.HasPrefix(e.What, "export") {
			by[e.What+" "+e.Actor]++
		}
	}
	if by["export-whole Ana Lima"] != 1 || by["export Ana Lima"] != 2 || by["export Wei Zhang"] != 1 {
		t.Errorf("the audit says %v", by)
	}
}

// Of a message that is gone there is no entry any more, and its versions stay as closed as it was.
func TestExportKeepsFormerVersionsPrivate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wei()
	h.mails(post...)
	out := must[CustomerExportOut](h)(h.s.CustomerExport(as("wei"), CustomerExportIn{Ref: "jana"}))
	for i := range out.Records {
		r := &out.Records[i].Record
		r.Versions = append(r.Versions, state.Version{Gone: true})
	}
	h.ok(h.s.Look(as("ana"), func(tx state.Tx, _ time.Time) error {
		out.Withheld = 0
		r, err := h.s.reader(as("ana"), tx)
		if err != nil {
			return err
		}
		return h.s.lookup(tx, h.now, r).withhold(&out)
	}))
	told, err := jsonOf(out)
	h.ok(err)
	if out.Withheld != 3 || strings.Contains(told, "I send it by Thursday.") {
		t.Errorf("%d withheld: %s", out.Withheld, told)
	}
}
