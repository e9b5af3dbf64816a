package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/match"
	"github.com/keptcrm/kept/state/statetest"
)

// learn does what a person does who learns to the end.
func (w *world) learn(in CustomerLearnIn) CustomerLearnOut {
	w.t.Helper()
	out, err := w.s.CustomerLearn(w.tick(), in)
	w.must(err)
	for left := out.Left; left > 0 && !in.Dry; {
		further, err := w.s.CustomerLearn(w.tick(), CustomerLearnIn{Further: true})
		w.must(err)
		if further.Left >= left {
			w.t.Fatalf("%d are left after %d were", further.Left, left)
		}
		left = further.Left
	}
	return out
}

// model gives the one in force.
func (w *world) model() (m *match.Contacts) {
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) (err error) {
		m, err = w.s.contacts(tx)
		return err
	}))
	return m
}

func (w *world) relinking() (is bool) {
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		at, err := relinkLeft(tx)
		is = at != nil
		return err
	}))
	return is
}

// relink links so many batches of a size by the model in force; -1: all.
func (w *world) relink(batches, size int) {
	for ; batches != 0 && w.relinking(); batches-- {
		w.must(w.s.Do(w.tick(), "customer.relink", nil, func(wr *state.Writer) error {
			at, err := relinkLeft(wr.Tx())
			if err != nil {
				return err
			}
			_, err = w.s.relinkNext(wr, at, size)
			return err
		}))
	}
}

// townspeople are contacts of a town, every third of whom has a second record written otherwise.
func townspeople(n int) []someone {
	given := strings.Fields("Jana Peter Ines Omar Sofia Lukas Hanna Mehmet Greta Piotr Wei 伟 عمر Nora Emil Ida Jonas Clara Amir Lotte")
	family := strings.Fields("Okonkwo Lindqvist Köhler 李 Haddad Novák Bianchi Sørensen Kowalski Adeyemi Petrenko Vogel Marino Ōtani Fuchs Quispe Duarte Brandt")
	var out []someone
	for i := range n {
		p := someone{conn: "book", id: fmt.Sprint("a", i), given: given[i%len(given)], family: fmt.Sprint(family[(i*7)%len(family)], "bcdfgklmnprst"[i%13:i%13+1], "aeiou"[i/13%5:i/13%5+1]),
			birthday: fmt.Sprintf("%d-%02d-%02d", 1940+i*11%60, 1+i*5%12, 1+i*3%28), city: []string{"Lübeck", "Kiel", "Wismar"}[i%3]}
		out = append(out, p)
		if i%3 == 0 {
			p.conn, p.id = "shop", fmt.Sprint("b", i)
			switch i % 4 {
			case 0:
				p.birthday = ""
			case 1:
				p.city = "Rostock"
			case 2:
				p.family, p.city = p.family[:len(p.family)-1]+"y", ""
			}
			out = append(out, p)
		}
	}
	return out
}

// modelsToBelieve are the defaults, what townspeople teach, and one that is as eager as a model can be.
var modelsToBelieve = sync.OnceValue(func() [][]byte {
	t := match.NewTeacher()
	var records []*state.Record
	for i, p := range townspeople(600) {
		told := p.told()
		r := &state.Record{Key: uint64(i + 1), Connection: told.Connection, Kind: told.Kind, ID: told.ID, Versions: []state.Version{told.Version}}
		describe(r, "DE")
		records = append(records, r)
	}
	for _, take := range []func(*state.Record){t.Count, t.Pair} {
		for _, r := range records {
			take(r)
		}
	}
	eager := []byte(`{"form":1,"counted":20,"rows":20,"rate":1,"home":2,"fields":{}}`)
	return [][]byte{nil, t.Learn().Bytes(), eager}
})

// What was learnt changes links; forgetting it gives exactly those back that stood before.
func TestLearntIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	w.tellPages(townspeople(600), 200)
	before, links := w.story(), w.links()
	dry := w.learn(CustomerLearnIn{Dry: true})
	if !slices.Equal(before, w.story()) || dry.Same || dry.Links == 0 {
		t.Fatalf("foreseen: %+v", dry)
	}
	out := w.learn(CustomerLearnIn{})
	if out.Contacts != 800 || out.Model.Contacts != 800 || slices.Equal(before, w.story()) {
		t.Fatalf("learnt: %+v", out)
	}
	if got, want := w.groups(), w.fresh(); !slices.Equal(got, want) {
		t.Fatalf("linked\n%q\nall at once\n%q", got, want)
	}
	changed := 0
	for r, base := range w.links() {
		if links[r] != base {
			changed++
		}
	}
	if changed != dry.Links {
		t.Errorf("%d links changed, %d were foreseen", changed, dry.Links)
	}
	if again := w.learn(CustomerLearnIn{}); !again.Same || again.Left != 0 {
		t.Errorf("learnt again: %+v", again)
	}
	w.learn(CustomerLearnIn{Default: true})
	differ(t, "links taken back", w.links(), links)
	if got := w.story(); !slices.Equal(got, before) {
		t.Errorf("taken back\n%q\nbefore\n%q", got, before)
	}
	if out := w.learn(CustomerLearnIn{Default: true}); !out.Same {
		t.Errorf("taken back again: %+v", out)
	}
}

// links gives the customer's number of each record.
func (w *world) links() map[string]string {
	out := map[string]string{}
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		clear(out)
		for l, err := range state.Links.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			out[fmt.Sprint(l.Record)] = fmt.Sprint(l.Base)
		}
		return nil
	}))
	return out
}

// Linking by what was learnt stops in the middle; the check says so, what is told meanwhile is
// linked by the new model, and going on gives what all at once gives.
func TestLearntIsResumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	people := townspeople(600)
	w.tellPages(people[:700], 350)
	w.must(w.s.believe(w.tick(), modelsToBelieve()[1]))
	w.relink(2, 150)
	if out := w.checkLinks(); out.Unfinished != 400 {
		t.Fatalf("%d are left", out.Unfinished)
	}
	w.tellPages(people[700:], 50)
	w.learn(CustomerLearnIn{Further: true})
	if w.relinking() {
		t.Fatal("it is not ended")
	}
	if got, want := w.groups(), w.fresh(); !slices.Equal(got, want) {
		t.Fatalf("linked\n%q\nall at once\n%q", got, want)
	}
	if out := w.checkLinks(); out.Unfinished != 0 || len(out.Differences) > 0 {
		t.Fatalf("the check finds %+v", out)
	}
}

// Few contacts teach nothing, and what is stored of many has no value that fewer than five have.
func TestLearntNamesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	w.tellPages(townspeople(100), 50)
	if out := w.learn(CustomerLearnIn{}); !out.Same || out.Model.Contacts != 0 {
		t.Fatalf("few taught %+v", out)
	}
	for place, stored := range statetest.Dump(t, w.store) {
		if strings.Contains(place, state.BlobLearnt) {
			t.Fatalf("%s: %s", place, stored)
		}
	}
	for _, p := range townspeople(600) {
		if strings.Contains(string(modelsToBelieve()[1]), p.family) || p.birthday != "" && strings.Contains(string(modelsToBelieve()[1]), p.birthday) {
			t.Fatalf("%v stands in the model", p)
		}
	}
}

// A model that cannot be read is told of, and can be left.
func TestLearntDamaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t)
	w.tellPages(townspeople(4), 2)
	w.must(w.s.believe(w.tick(), []byte("no model")))
	if _, err := w.s.CustomerLearn(w.tick(), CustomerLearnIn{Further: true}); !state.IsCode(err, "learnt_damaged") {
		t.Fatalf("got %v", err)
	}
	w.learn(CustomerLearnIn{Default: true})
	if _, judge := meet([]identity.Node{}, w.model()); judge == nil || w.relinking() {
		t.Fatal("it is still there")
	}
}
