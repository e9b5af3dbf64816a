package state_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

type colour string

type place struct {
	City string    `k:"1" json:"city,omitempty"`
	Seen time.Time `k:"2" json:"seen,omitzero"`
	Deep deep      `k:"3" json:"deep,omitzero"`
}

type deep struct {
	Words []string `k:"1" json:"words,omitempty"`
}

// forms has a field of every form, alone and repeated.
type forms struct {
	Bool     bool              `k:"1" json:"bool"`
	Bools    []bool            `k:"2" json:"bools,omitempty"`
	Int      int               `k:"3" json:"int"`
	Int8     int8              `k:"4" json:"int8"`
	Ints     []int64           `k:"5" json:"ints,omitempty"`
	Uint     uint64            `k:"6" json:"uint"`
	Uints    []uint16          `k:"7" json:"uints,omitempty"`
	Float    float64           `k:"8" json:"float"`
	Floats   []float64         `k:"9" json:"floats,omitempty"`
	Text     string            `k:"10" json:"text"`
	Texts    []string          `k:"11" json:"texts,omitempty"`
	Colour   colour            `k:"12" json:"colour"`
	Colours  []colour          `k:"13" json:"colours,omitempty"`
	Bytes    []byte            `k:"14" json:"bytes,omitempty"`
	Many     [][]byte          `k:"15" json:"many,omitempty"`
	Time     time.Time         `k:"16" json:"time,omitzero"`
	Times    []time.Time       `k:"17" json:"times,omitempty"`
	Place    place             `k:"18" json:"place,omitzero"`
	Places   []place           `k:"19" json:"places,omitempty"`
	Pointer  *place            `k:"20" json:"pointer,omitempty"`
	Map      map[string]string `k:"21" json:"map,omitempty"`
	Args     state.Args        `k:"22" json:"args,omitempty"`
	Duration time.Duration     `k:"23" json:"duration"`
	Aside    string            `k:"-" json:"-"`
	Last     string            `k:"200" json:"last"`
}

func kindOf[T any](name string) *state.Kind {
	return state.NewCollection(state.Declaration[T]{Name: name, Key: func(*T) []byte { return []byte("k") }}).Kind
}

var formsKind = kindOf[forms]("forms")

// An empty slice or map is stored as none.
var equal = cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(forms{}, "Aside")}

func drawTime(t *rapid.T) time.Time {
	switch rapid.IntRange(0, 5).Draw(t, "era") {
	case 0:
		return time.Time{}
	case 1: // what JSON can say, and more than nanoseconds can
		return time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999999999).Draw(t, "nanos")).UTC()
	case 2:
		return time.Unix(0, rapid.SampledFrom([]int64{0, 1, -1, math.MinInt64, math.MinInt64 + 1, math.MaxInt64}).Draw(t, "edge")).UTC()
	}
	return time.Unix(0, rapid.Int64().Draw(t, "nanoseconds")).UTC()
}

func drawPlace(t *rapid.T) place {
	return place{
		City: rapid.String().Draw(t, "city"), Seen: drawTime(t),
		Deep: deep{Words: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "words")},
	}
}

func drawForms(t *rapid.T) *forms {
	few := func(n int) int { return rapid.IntRange(0, n).Draw(t, "how many") }
	f := &forms{
		Bool: rapid.Bool().Draw(t, "bool"), Bools: rapid.SliceOfN(rapid.Bool(), 0, 3).Draw(t, "bools"),
		Int: rapid.Int().Draw(t, "int"), Int8: rapid.Int8().Draw(t, "int8"), Ints: rapid.SliceOfN(rapid.Int64(), 0, 3).Draw(t, "ints"),
		Uint: rapid.Uint64().Draw(t, "uint"), Uints: rapid.SliceOfN(rapid.Uint16(), 0, 3).Draw(t, "uints"),
		Float: rapid.Float64().Draw(t, "float"), Floats: rapid.SliceOfN(rapid.Float64(), 0, 3).Draw(t, "floats"),
		Text: rapid.String().Draw(t, "text"), Texts: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "texts"),
		Colour: colour(rapid.String().Draw(t, "colour")), Bytes: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes"),
		Many: rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 3), 0, 3).Draw(t, "many"),
		Time: drawTime(t), Place: drawPlace(t), Map: rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "map"),
		Args: rapid.MapOfN(rapid.String(), rapid.String(), 0, 2).Draw(t, "args"), Duration: time.Duration(rapid.Int64().Draw(t, "duration")),
		Last: rapid.String().Draw(t, "last"),
	}
	for range few(2) {
		f.Colours = append(f.Colours, colour(rapid.String().Draw(t, "colour")))
	}
	for range few(3) {
		f.Times = append(f.Times, drawTime(t))
	}
	for range few(2) {
		f.Places = append(f.Places, drawPlace(t))
	}
	if rapid.Bool().Draw(t, "pointer") {
		p := drawPlace(t)
		f.Pointer = &p
	}
	return f
}

func TestCompactFormComesBackEqual(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawForms(t)
		b, err := formsKind.Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := formsKind.Decode(1, b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(f, got, equal); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
		again, err := formsKind.Encode(got)
		if err != nil || !bytes.Equal(b, again) {
			t.Fatalf("the same value has two forms: %x and %x, %v", b, again, err)
		}
		appended, err := formsKind.Append([]byte("head"), f)
		if err != nil || string(appended) != "head"+string(b) {
			t.Fatalf("Append: %x, %v", appended, err)
		}
		// Nothing is shared with the bytes that were read.
		for i := range b {
			b[i] = 0xaa
		}
		if d := cmp.Diff(f, got, equal); d != "" {
			t.Fatalf("after the bytes were changed (-want +got):\n%s", d)
		}
	})
}

func TestJSONFormComesBackEqual(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawForms(t)
		b, err := formsKind.JSON(f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := formsKind.FromJSON(1, b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(f, got, equal); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	})
}

func TestZeroElementsOfSlicesStay(t *testing.T) {
	t.Parallel()
	f := &forms{
		Bools: []bool{false, true, false}, Ints: []int64{0}, Uints: []uint16{0, 0}, Floats: []float64{0}, Texts: []string{"", "a", ""},
		Many: [][]byte{nil, {1}, {}}, Times: []time.Time{{}, time.Unix(0, 0).UTC(), {}}, Places: []place{{}, {}}, Pointer: &place{},
		Map: map[string]string{"": ""},
	}
	b, err := formsKind.Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := formsKind.Decode(1, b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(f, got, equal); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	b, err = formsKind.Encode(&forms{})
	if err != nil || len(b) != 0 {
		t.Errorf("a zero value takes %d bytes, %v", len(b), err)
	}
}

// The form is what lies in people's files: it must not change by accident.
func TestCompactFormIsThis(t *testing.T) {
	t.Parallel()
	b, err := formsKind.Encode(&forms{Bool: true, Int: -2, Float: 1, Text: "é", Place: place{City: "x"}, Last: "z",
		Time: time.Unix(0, 1), Times: []time.Time{time.Date(1600, 1, 1, 0, 0, 0, 5, time.UTC)}, Map: map[string]string{"b": "2", "a": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "\x04\x01" + "\x0c\x03" + "\x22\x00\x00\x00\x00\x00\x00\xf0\x3f" + "\x29\x02\xc3\xa9" + "\x40\x02" +
		"\x45\x06\xff\xd7\x98\xff\x56\x05" + "\x49\x03\x05\x01x" + "\x55\x03\x01a1" + "\x55\x03\x01b2" + "\xa1\x06\x01z"
	if string(b) != want {
		t.Errorf("got  %x\nwant %x", b, want)
	}
}

func TestLongContentInsideStructs(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 124, 125, 126, 127, 128, 129, 16380, 16384, 1 << 21} {
		long := strings.Repeat("x", n)
		f := &forms{Place: place{City: long}, Places: []place{{City: long}, {}}, Pointer: &place{Deep: deep{Words: []string{long, long}}}, Map: map[string]string{long: long}}
		b, err := formsKind.Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := formsKind.Decode(1, b)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if d := cmp.Diff(f, got, equal); d != "" {
			t.Fatalf("%d bytes do not come back", n)
		}
	}
}

func TestUnknownFieldsArePassedOver(t *testing.T) {
	t.Parallel()
	type old struct {
		Text string `k:"10"`
		Last string `k:"200"`
	}
	rapid.Check(t, func(t *rapid.T) {
		f := drawForms(t)
		b, err := formsKind.Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := kindOf[old]("old").Decode(1, b)
		if err != nil {
			t.Fatal(err)
		}
		if got := *got.(*old); got.Text != f.Text || got.Last != f.Last {
			t.Fatalf("got %+v", got)
		}
	})
}

func TestDamagedValues(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]string{
		"head cut":                  "\x80",
		"varint cut":                "\x04\x80",
		"varint missing":            "\x04",
		"varint too long":           "\x04" + strings.Repeat("\xff", 11),
		"length beyond":             "\x29\x05abc",
		"length huge":               "\x29\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01abc",
		"float cut":                 "\x22\x00\x00",
		"wire form 3":               "\x07",
		"text as number":            "\x28\x01",
		"number as text":            "\x05\x01a",
		"number as float":           "\x06" + strings.Repeat("\x00", 8),
		"map entry without key":     "\x55\x00",
		"map entry with long key":   "\x55\x02\x05a",
		"inside a struct":           "\x49\x02\x05\x05",
		"inside a pointer":          "\x51\x01\x80",
		"inside a slice of structs": "\x4d\x01\x80",
		"time of no seconds":        "\x41\x00",
		"time of no nanoseconds":    "\x41\x01\x01",
		"time of many nanoseconds":  "\x41\x06\x01\x80\x94\xeb\xdc\x03",
	} {
		_, err := formsKind.Decode(1, []byte(b))
		var e *state.Error
		if !state.IsCode(err, "damaged_value") || !state.IsClass(err, state.Failed) {
			t.Errorf("%s: %v", name, err)
		} else if e = state.AsError(err); e.Args["collection"] != "forms" {
			t.Errorf("%s: %v does not name the collection", name, err)
		}
	}
	if _, err := formsKind.FromJSON(1, []byte("{")); !state.IsCode(err, "damaged_value") {
		t.Errorf("JSON: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, x := range []*forms{{}, {Bool: true, Int: 5, Text: "王", Places: []place{{City: "x"}, {}}, Map: map[string]string{"a": "b"}, Times: []time.Time{{}, time.Now()}}} {
		b, err := formsKind.Encode(x)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("\x4d\x00\x4d\x00\x4d\x00\x4d\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := formsKind.Decode(1, b)
		if err != nil {
			return
		}
		// What can be read can be written and read again, and takes no more than its bytes allow.
		again, err := formsKind.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		v2, err := formsKind.Decode(1, again)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(v, v2, equal, cmpopts.EquateNaNs()); d != "" {
			t.Fatalf("(-first +again):\n%s", d)
		}
		if places := len(v.(*forms).Places); places > len(b)/2 {
			t.Fatalf("%d places of %d bytes", places, len(b))
		}
	})
}

func TestAllocationIsBoundedByTheBytes(t *testing.T) {
	var huge []byte
	for _, field := range []uint64{5, 11, 15, 19, 14, 21, 20} {
		for _, wire := range []uint64{0, 1, 2} {
			huge = binary.AppendUvarint(huge[:0], field<<2|wire)
			huge = binary.AppendUvarint(huge, 1<<40)
			if n := testing.AllocsPerRun(5, func() { _, _ = formsKind.Decode(1, huge) }); n > 20 {
				t.Errorf("field %d, wire %d: %v allocations for %d bytes", field, wire, n, len(huge))
			}
		}
	}
}

func TestDeclarationsThatCannotBeStored(t *testing.T) {
	t.Parallel()
	type noTag struct{ A string }
	type twice struct {
		A string `k:"1"`
		B string `k:"1"`
	}
	type high struct {
		A string `k:"201"`
	}
	type hidden struct {
		a string `k:"1"`
	}
	type pointers struct {
		A []*place `k:"1"`
	}
	type maps struct {
		A []map[string]string `k:"1"`
	}
	type channel struct {
		A chan int `k:"1"`
	}
	type lists struct {
		A [][]string `k:"1"`
	}
	_ = hidden{a: ""}
	for name, declare := range map[string]func(){
		"no tag": func() { kindOf[noTag]("x") }, "a number twice": func() { kindOf[twice]("x") }, "a high number": func() { kindOf[high]("x") },
		"not exported": func() { kindOf[hidden]("x") }, "pointers in a slice": func() { kindOf[pointers]("x") }, "maps in a slice": func() { kindOf[maps]("x") },
		"a channel": func() { kindOf[channel]("x") }, "slices in a slice": func() { kindOf[lists]("x") }, "itself": func() { kindOf[itself]("x") },
		"no struct": func() { kindOf[string]("x") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was declared", name)
				}
			}()
			declare()
		}()
	}
}

type itself struct {
	Next *itself `k:"1"`
}

// Every collection and history of the state comes back whole from what is stored of it.
func TestEveryKindComesBackWhole(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	letters := map[string]string{}
	for _, k := range state.Kinds() {
		if names[k.Name] {
			t.Errorf("%s is declared twice", k.Name)
		}
		names[k.Name] = true
		if other := letters[k.Letter]; k.Letter != "" && other != "" {
			t.Errorf("%s and %s share the letter %s", k.Name, other, k.Letter)
		}
		letters[k.Letter] = k.Name
		v, err := k.Decode(k.Schema, nil)
		if err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		fill(reflect.ValueOf(v).Elem(), 0)
		b, err := k.Encode(v)
		if err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		back, err := k.Decode(k.Schema, b)
		if d := cmp.Diff(v, back, cmpopts.EquateEmpty(), exported); err != nil || d != "" {
			t.Errorf("%s does not come back from its compact form: %v\n%s", k.Name, err, d)
		}
	}
}

// Fields without a number (k:"-") are not kept, and fill leaves them out.
var exported = cmp.Exporter(func(reflect.Type) bool { return true })

// fill gives every stored field a value of its own.
func fill(v reflect.Value, n int) int {
	n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(int64(n)*1e6, int64(n)).UTC()))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if tag := v.Type().Field(i).Tag.Get("k"); tag != "-" && tag != "" {
				n = fill(v.Field(i), n)
			}
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		n = fill(v.Elem(), n)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		n = fill(v.Index(1), fill(v.Index(0), n))
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("键").Convert(v.Type().Key()), reflect.ValueOf("value").Convert(v.Type().Elem()))
	case v.Kind() == reflect.String:
		v.SetString("text " + string(rune('a'+n%26)))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(int64(n%100 + 1))
	case v.CanUint():
		v.SetUint(uint64(n%100 + 1))
	case v.CanFloat():
		v.SetFloat(float64(n) / 4)
	}
	return n
}
