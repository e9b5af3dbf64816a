package match

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/keptcrm/kept/state"
)

func taughtRecord(key uint64, given, family, birthday string) *state.Record {
	var v state.Version
	for _, f := range [][2]string{{"birthday", birthday}, {"family", family}, {"given", given}} {
		if f[1] != "" {
			v.Fields = append(v.Fields, state.Field{Name: f[0], Values: []state.Value{{Text: f[1]}}})
		}
	}
	r := &state.Record{Key: key, Connection: "book", Kind: state.KindContact, ID: fmt.Sprint(key), Versions: []state.Version{v}}
	r.Blocks = Blocks(r)
	return r
}

func taught(n int) *Contacts {
	t := NewTeacher()
	for _, take := range []func(*state.Record){t.Count, t.Pair} {
		for i := range n {
			family := fmt.Sprintf("%c%co", 'a'+i%26, 'a'+i/26%26)
			if i%4 == 0 {
				family = "Okonkwo"
			}
			take(taughtRecord(uint64(i+1), "Jana", family, fmt.Sprintf("19%02d-%02d-%02d", i%90, 1+i%12, 1+i%28)))
		}
	}
	return t.Learn()
}

func TestTeacher(t *testing.T) {
	t.Parallel()
	if m := taught(TeachContacts - 1); m != nil {
		t.Fatal("few taught something")
	}
	m := taught(1200)
	if got, fresh := m.bits(cFamily, "okonkwo"), DefaultContacts().bits(cFamily, "okonkwo"); got > 2.5 || fresh < 9 {
		t.Errorf("a name that every fourth has says %.1f bits, and %.1f where nobody counted", got, fresh)
	}
	if got := m.bits(cFamily, "nguyen"); got > 2 {
		t.Errorf("a name that nobody has yet, and many have elsewhere, says %.1f bits", got)
	}
	b := m.Bytes()
	if !bytes.Equal(b, taught(1200).Bytes()) {
		t.Error("the same records taught something else")
	}
	read, err := ReadContacts(b)
	if err != nil {
		t.Fatal(err)
	}
	x, y := taughtRecord(1, "Jana", "Okonkwo", "1980-03-12"), taughtRecord(2, "Jana", "Okonkvo", "1980-12-03")
	if got, want := read.Judge().Weigh(x, y), m.Judge().Weigh(x, y); got != want || got == DefaultContacts().Judge().Weigh(x, y) {
		t.Errorf("read: %+v, written: %+v", got, want)
	}
	for k, counts := range m.counts {
		for _, n := range counts {
			if n < leastCount {
				t.Errorf("a value of field %d that %d have is kept", k, n)
			}
		}
	}
	d := DefaultContacts().Judge()
	for k, levels := range read.Judge().w.level {
		for l, bits := range levels {
			if diff := bits - d.w.level[k][l]; diff > taughtBits || diff < -taughtBits {
				t.Errorf("field %d, level %d: %.1f bits from what is believed", k, l, diff)
			}
		}
	}
}

func FuzzReadContacts(f *testing.F) {
	f.Add(taught(600).Bytes())
	f.Add([]byte(`{"form":1,"counted":20,"rows":20,"rate":1,"home":2,"fields":{"4":{"rare":2,"counts":"AAAAAAAAAAEF"}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ReadContacts(b)
		if err != nil {
			return
		}
		again, err := ReadContacts(m.Bytes())
		if err != nil || !bytes.Equal(again.Bytes(), m.Bytes()) {
			t.Fatalf("written and read again: %v", err)
		}
		w := m.Judge().Weigh(taughtRecord(1, "Jana", "Okonkwo", "1980-03-12"), taughtRecord(2, "Jana", "Okonkwo", "1980-03-12"))
		if math.IsNaN(w.Bits) {
			t.Fatal("no number")
		}
		m.Summary()
	})
}
