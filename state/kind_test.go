package state_test

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

// drawText prefers the bytes that keys are ended and escaped with.
func drawText(t *rapid.T, label string) string {
	return string(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]byte{0, 1, 0xfe, 0xff, 'a'}), rapid.Byte()), 0, 6).Draw(t, label))
}

func TestTextKeysKeepTheOrderOfTexts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawText(t, "a"), drawText(t, "b")
		restA, restB := []byte(drawText(t, "behind a")), []byte(drawText(t, "behind b"))
		ka, kb := state.TextKey(a), state.TextKey(b)
		if got := bytes.Compare(ka, kb); got != cmp.Compare(a, b) {
			t.Fatalf("%q and %q compare as %d", a, b, got)
		}
		// What follows decides only between equal texts, and none runs into another.
		if a != b && bytes.Compare(state.Join(ka, restA), state.Join(kb, restB)) != cmp.Compare(a, b) {
			t.Fatalf("%q and %q change places with %q and %q behind them", a, b, restA, restB)
		}
		if a != b && bytes.HasPrefix(ka, kb) {
			t.Fatalf("the key of %q begins with that of %q", a, b)
		}
	})
}

func TestTimeKeysKeepTheOrderOfTimes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawTime(t), drawTime(t)
		got := bytes.Compare(state.TimeKey(a), state.TimeKey(b))
		if got != a.Compare(b) && (got != 0 || inReach(a) && inReach(b)) {
			t.Fatalf("%v and %v compare as %d", a, b, got)
		}
		zoned := a.In(time.FixedZone("", 8*3600))
		if !bytes.Equal(state.TimeKey(a), state.TimeKey(zoned)) {
			t.Fatalf("%v and %v are one instant", a, zoned)
		}
		if bytes.Compare(state.TimeKey(time.Time{}), state.TimeKey(a)) > 0 {
			t.Fatalf("%v lies before the zero time", a)
		}
	})
}

func inReach(t time.Time) bool {
	return !t.Before(time.Unix(0, math.MinInt64)) && !t.After(time.Unix(0, math.MaxInt64))
}

func TestNumberKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		if bytes.Compare(state.NumberKey(a), state.NumberKey(b)) != cmp.Compare(a, b) {
			t.Fatalf("%d and %d are not in order", a, b)
		}
		if n := state.KeyNumber(append(state.NumberKey(a), 7)); n != a {
			t.Fatalf("%d came back as %d", a, n)
		}
	})
	if n := state.KeyNumber([]byte{1, 2, 3}); n != 0 {
		t.Errorf("a short key is number %d", n)
	}
}

func TestPrefixRangeHasWhatBeginsSo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prefix, key := []byte(drawText(t, "prefix")), []byte(drawText(t, "key"))
		if rapid.Bool().Draw(t, "begins so") {
			key = state.Join(prefix, key)
		}
		r := state.PrefixRange("x", prefix)
		inside := bytes.Compare(key, r.From) >= 0 && (r.To == nil || bytes.Compare(key, r.To) < 0)
		if r.Index != "x" || inside != bytes.HasPrefix(key, prefix) {
			t.Fatalf("%q in the range of %q: %v", key, prefix, inside)
		}
	})
	for prefix, want := range map[string]string{"": "", "\xff": "", "\xff\xff": "", "a": "b", "a\xff": "b", "a\xfe\xff": "a\xff"} {
		if got := state.After([]byte(prefix)); string(got) != want || (want == "") != (got == nil) {
			t.Errorf("behind %q comes %q", prefix, got)
		}
	}
	b := []byte("ab")
	state.After(b)
	if string(b) != "ab" {
		t.Error("After changed its argument")
	}
}

type cat struct {
	Number uint64 `k:"1" json:"number"`
	Name   string `k:"2" json:"name"`
	Lives  int    `k:"3" json:"lives"`
}

var cats = state.NewCollection(state.Declaration[cat]{
	Name: "cat", Letter: "m", Schema: 3, Key: func(c *cat) []byte { return state.NumberKey(c.Number) },
	Indexes: []state.IndexOn[cat]{{Name: "name", Unique: true, Keys: func(c *cat) [][]byte { return [][]byte{state.TextKey(c.Name)} }}},
	Upgrade: func(schema int, c *cat) error {
		if schema == 1 {
			c.Lives = 9
		}
		if c.Name == "bad" {
			return errors.New("cannot be upgraded")
		}
		return nil
	},
})

func TestSchemas(t *testing.T) {
	t.Parallel()
	for _, schema := range []int{1, 2, 3, 4} {
		compact, err := cats.Kind.Encode(&cat{Number: 1, Name: "Mia"})
		if err != nil {
			t.Fatal(err)
		}
		a, errA := cats.Kind.Decode(schema, compact)
		b, errB := cats.Kind.FromJSON(schema, []byte(`{"number":1,"name":"Mia"}`))
		for _, x := range []struct {
			v   any
			err error
		}{{a, errA}, {b, errB}} {
			if schema == 4 {
				if !state.IsCode(x.err, "newer_state") || x.v != nil {
					t.Errorf("schema 4 of 3: %v, %v", x.v, x.err)
				}
				continue
			}
			want := cat{Number: 1, Name: "Mia"}
			if schema == 1 {
				want.Lives = 9
			}
			if x.err != nil || *x.v.(*cat) != want {
				t.Errorf("schema %d: %+v, %v", schema, x.v, x.err)
			}
		}
	}
	bad, _ := cats.Kind.Encode(&cat{Name: "bad"})
	if _, err := cats.Kind.Decode(2, bad); err == nil {
		t.Error("the error of an upgrade is lost")
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]uint64{"m12": 12, " M12 ": 12, "m0": 0, "m": 0, "m-1": 0, "m+1": 0, "x12": 0, "12": 0, "m1x": 0, "m99999999999999999999": 0} {
		n, ok := cats.ParseRef(s)
		if ok != (want > 0) || ok && n != want {
			t.Errorf("%q is %d, %v", s, n, ok)
		}
	}
	if cats.Ref(12) != "m12" || cats.Kind.Ref(state.NumberKey(12)) != "m12" {
		t.Error("12 is not m12")
	}
	for key, want := range map[string]string{"jana@example.com": "jana@example.com", "\x00\x01": "0001", "王": "王"} {
		if got := cats.Kind.Ref([]byte(key)); got != want {
			t.Errorf("%q is %q to people", key, got)
		}
	}
}

func TestConflictsNameTheOther(t *testing.T) {
	t.Parallel()
	if e := cats.Kind.Taken(0, state.NumberKey(7)); e.Class != state.Conflict || e.Code != "taken" || e.Args["ref"] != "m7" || e.Args["index"] != "name" {
		t.Errorf("taken: %v", e)
	}
	if e := cats.Kind.Changed(state.NumberKey(7)); e.Class != state.Conflict || e.Code != "changed_meanwhile" || e.Args["ref"] != "m7" {
		t.Errorf("changed: %v", e)
	}
}

func TestLimitsOfKeys(t *testing.T) {
	t.Parallel()
	ok := []byte(strings.Repeat("k", state.MaxKey))
	if err := errors.Join(state.CheckKey(ok), state.CheckEntry(ok), state.CheckEntry(nil), state.CheckKey([]byte{0})); err != nil {
		t.Error(err)
	}
	if err := state.CheckKey(nil); !state.IsCode(err, "key_empty") {
		t.Errorf("no key: %v", err)
	}
	if err := state.CheckEntry(slices.Concat(ok, ok)); !state.IsCode(err, "key_too_long") || !state.IsClass(err, state.Invalid) {
		t.Errorf("a long entry: %v", err)
	}
}

func TestWrongTypes(t *testing.T) {
	t.Parallel()
	for _, v := range []any{nil, cat{}, (*cat)(nil), &forms{}, "cat"} {
		if _, err := cats.Kind.Encode(v); err == nil {
			t.Errorf("%T was encoded as a cat", v)
		}
		if _, err := cats.Kind.JSON(v); err == nil {
			t.Errorf("%T was encoded as a cat's JSON", v)
		}
	}
	if _, err := cats.Kind.IndexOf("tail"); err == nil || !strings.Contains(err.Error(), "tail") {
		t.Errorf("an index that is not declared: %v", err)
	}
}
