package service

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/statetest"
)

// robbed is a store that has lost documents with their pages, and says so until that was repaired.
type robbed struct {
	state.Store
	gaps []state.Gap
}

func (r *robbed) CheckStorage(_ context.Context, _ []*state.Kind, repair bool, report func(state.Damage)) error {
	if len(r.gaps) > 0 {
		report(state.Damage{Code: "page", Page: 7, Collection: r.gaps[0].Collection, Lost: slices.Clone(r.gaps)})
	}
	if repair {
		r.gaps = nil
	}
	return nil
}

// rob takes documents out of a house's state, behind everybody's back.
func (h *house) rob(k *state.Kind, keys ...[]byte) {
	h.t.Helper()
	r := &robbed{Store: h.store}
	h.ok(h.store.Update(context.Background(), func(tx state.Tx) error {
		r.gaps = nil
		for _, key := range keys {
			if ok, err := tx.Delete(k, key); err != nil || !ok {
				h.t.Fatalf("%s %q is not there: %v", k.Name, key, err)
			}
			r.gaps = append(r.gaps, state.Gap{Collection: k.Name, From: key, To: key, Surely: true})
		}
		return nil
	}))
	h.s.store = r
}

// lively is a house in which everything that a repair makes again is there.
func lively(t *testing.T) *house {
	h := newHouse(t)
	h.tell(saying(person1("shop", "1", "name", "Jana Köhler", "email", "jana@example.com"), "email", state.ConsentOptedOut, "jana@example.com", h.now),
		person1("shop", "2", "name", "李伟", "email", "liwei@example.cn", "phone", "+86 138 0013 8000"),
		bought("shop", "10", "1", h.now.AddDate(0, -1, 0), 12900, "EUR"))
	h.tell(person1("book", "a", "name", "J. Köhler", "email", "jana@example.com"), person1("book", "b", "name", "لطيفة", "email", "latifa@example.ae"))
	h.tell(person1("third", "z", "name", "Jana K.", "email", "jk@example.org"))
	ctx := as("ops")
	h.set("c2", "grade", "A", "birthday", "1990-05-06")
	must[CustomerOut](h)(h.s.CustomerTag(ctx, CustomerTagIn{Ref: "c3", Add: []string{"vip 客户"}}))
	must[NoteOut](h)(h.s.Note(ctx, NoteIn{Ref: "c1", Text: "likes 茶"}))
	return h
}

// content is the state without the logs of what was done.
func (h *house) content() map[string]string {
	h.t.Helper()
	all := statetest.Dump(h.t, h.store)
	maps.DeleteFunc(all, func(place, _ string) bool {
		return strings.HasPrefix(place, "d/change") || strings.HasPrefix(place, "i/") || strings.HasPrefix(place, "seq") || strings.HasPrefix(place, "change")
	})
	for place, v := range all {
		if parts := strings.SplitN(v, " ", 3); len(parts) == 3 {
			all[place] = parts[2] // without schema and revision
		}
	}
	return all
}

func (h *house) keysOf(k *state.Kind) (keys [][]byte) {
	h.t.Helper()
	h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
		keys = nil
		for d, err := range tx.Scan(k, state.Range{KeysOnly: true}) {
			if err != nil {
				return err
			}
			keys = append(keys, d.Key)
		}
		return nil
	}))
	return keys
}

// What follows from the rest comes back as it was, with the same numbers.
func TestCheckMakesLostViewsAgain(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]*state.Kind{
		"customers": state.Customers.Kind, "links": state.Links.Kind, "settings": state.Settings.Kind, "consents": state.Consents.Kind,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, merged := range []bool{false, true} {
				h := lively(t)
				if merged {
					must[MergeOut](h)(h.s.Merge(as("ops"), MergeIn{A: "c3", B: "c4"}))
				}
				want := h.content()
				keys := h.keysOf(k)
				if len(keys) == 0 {
					t.Fatal("there is nothing to lose")
				}
				h.rob(k, keys...)
				// Under a request's name, too, a repair is more than its first change.
				ctx := WithCaller(context.Background(), Caller{Login: "ops", Request: "once"})
				found := must[CheckOut](h)(h.s.Check(context.Background(), CheckIn{}))
				if !slices.ContainsFunc(found.Damages, func(d state.Damage) bool { return len(d.Lost) > 0 && !d.Repaired && d.Lost[0].First != "" }) {
					t.Errorf("told %+v", found.Damages)
				}
				out := must[CheckOut](h)(h.s.Check(ctx, CheckIn{Repair: true}))
				if sure := !(merged && k == state.Settings.Kind); out.Repaired != sure {
					t.Errorf("merged %v: repaired %v: %+v", merged, out.Repaired, out.Damages)
				}
				if got := h.content(); !maps.Equal(got, want) && !(merged && k == state.Settings.Kind) {
					for place, v := range want {
						if got[place] != v && !strings.HasPrefix(place, "d/setting") && !strings.HasPrefix(place, "d/link") {
							t.Errorf("merged %v: %s is %q, was %q", merged, place, got[place], v)
						}
					}
				}
				if again := must[CheckOut](h)(h.s.Check(as("ops"), CheckIn{})); len(again.Damages) > 0 {
					t.Errorf("merged %v: after the repair: %+v", merged, again.Damages)
				}
			}
		})
	}
}

// What a history tells of records comes back; a note is told as lost with whose it was.
func TestCheckOfLostHistories(t *testing.T) {
	t.Parallel()
	stored := func(subject []byte) []byte { return append([]byte{byte(len(subject))}, subject...) }
	for _, c := range []struct {
		subject  []byte
		repaired bool
		text     string
	}{
		{state.RecordSubject(1), true, "k1"}, {state.CustomerSubject(1), false, "c1"},
	} {
		h := lively(t)
		want := h.content()
		h.ok(h.store.Update(context.Background(), func(tx state.Tx) error {
			var orders [][]byte
			for d, err := range tx.Read(state.Activities.Kind, c.subject, state.Range{}) {
				if err != nil {
					return err
				}
				orders = append(orders, d.Key)
			}
			for _, order := range orders {
				if _, err := tx.Remove(state.Activities.Kind, c.subject, order); err != nil {
					return err
				}
			}
			return nil
		}))
		if maps.Equal(want, h.content()) {
			t.Fatal("nothing was lost")
		}
		gap := state.Gap{Collection: state.Activities.Kind.Name, From: stored(c.subject), To: stored(c.subject)}
		h.s.store = &robbed{Store: h.store, gaps: []state.Gap{gap}}
		out := must[CheckOut](h)(h.s.Check(as("ops"), CheckIn{Repair: true}))
		if out.Repaired != c.repaired || len(out.Affected) != 1 || out.Affected[0].Number != "c1" {
			t.Errorf("%s: %+v", c.subject, out)
		}
		if c.repaired != maps.Equal(want, h.content()) {
			t.Errorf("%s: as before %v", c.subject, !c.repaired)
		}
		if !c.repaired && out.Damages[0].Lost[0].First != c.text {
			t.Errorf("told %+v", out.Damages[0].Lost)
		}
		if again := must[CheckOut](h)(h.s.Check(as("ops"), CheckIn{})); len(again.Damages) > 0 {
			t.Errorf("after the repair: %+v", again.Damages)
		}
	}
}

// Records that are lost are told with whose they were; notes on their customers stay.
func TestCheckOfLostRecords(t *testing.T) {
	t.Parallel()
	h := lively(t)
	h.rob(state.Records.Kind, state.NumberKey(1), state.NumberKey(3))
	out := must[CheckOut](h)(h.s.Check(as("ops"), CheckIn{Repair: true}))
	if out.Repaired || len(out.Affected) == 0 || out.Affected[0].Name != "J. Köhler" && out.Affected[0].Name != "Jana Köhler" {
		t.Errorf("told %+v", out)
	}
	if again := must[CheckOut](h)(h.s.Check(as("ops"), CheckIn{})); len(again.Damages) > 0 {
		t.Errorf("after the repair: %+v", again.Damages)
	}
	found := must[HistoryOut](h)(h.s.History(as("ops"), HistoryIn{Ref: "c1"}))
	if !slices.ContainsFunc(found.Entries, func(e Entry) bool { return strings.Contains(e.Title+e.Body, "茶") }) {
		t.Errorf("the note is gone: %+v", found)
	}
}
