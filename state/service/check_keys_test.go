package service

import (
	"testing"

	"github.com/keptcrm/kept/state"
)

// A state that an older program wrote has other keys: two who are one do not meet, until a repair.
func TestRepairMakesKeysAnew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run("shop", "s.csv", person1("shop", "1", "name", "Jana Okonkwo", "email", "jana@x.example", "phone", "+49 451 901820"),
		person1("shop", "2", "name", "李伟", "phone", "+86 138 0013 8000"))
	h.ok(h.s.Do(as("ana"), "test", nil, func(w *state.Writer) error {
		r, err := state.Records.Number(w.Tx(), 1)
		if err != nil {
			return err
		}
		r.Identifiers, r.Blocks = r.Identifiers[:0:0], []string{"older"}
		return state.Records.Put(w, r)
	}))
	h.run("book", "b.csv", person1("book", "a", "name", "Jana Okonkwo", "email", "jana@x.example"))
	one := func() bool {
		return h.refOfRecord(1) == h.refOfRecord(3)
	}
	if one() {
		t.Fatal("they met without a key: the test tests nothing")
	}
	stale := 0
	for _, d := range must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{})).Damages {
		if d.Code == "record_keys_stale" {
			stale++
		}
	}
	if stale != 1 {
		t.Errorf("check finds %d records with other keys", stale)
	}
	if out := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{Repair: true})); !out.Repaired || !one() {
		t.Errorf("after the repair %+v; one customer: %v", out.Damages, one())
	}
	if out := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{})); len(out.Damages) > 0 {
		t.Errorf("check finds %+v", out.Damages)
	}
}

// A number whose country an import told is read rightly, whatever the settings say now.
func TestCountryThatAnImportToldStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run("shop", "s.csv", person1("shop", "1", "name", "李伟", "phone", "0451 901820"))
	h.s.config.Region = ""
	if out := must[CheckOut](h)(h.s.Check(as("ana"), CheckIn{})); len(out.Damages) > 0 {
		t.Errorf("check finds %+v", out.Damages)
	}
}

// refOfRecord gives the base customer that a record is linked to.
func (h *house) refOfRecord(n uint64) (base uint64) {
	h.t.Helper()
	h.ok(h.s.Do(as("ana"), "test", nil, func(w *state.Writer) error {
		l, err := state.Links.Number(w.Tx(), n)
		if err == nil {
			base = l.Base
		}
		return err
	}))
	return base
}
