package engine

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors"
)

// fill sets everything in a value to something.
func fill(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))))
	case v.Kind() == reflect.String:
		v.SetString("x")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(7)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("k"), reflect.ValueOf("v"))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	default:
		panic("cannot fill " + v.Type().String())
	}
}

// zeros lists the fields of a value that hold nothing.
func zeros(path string, v reflect.Value) []string {
	if v.Type() == reflect.TypeFor[time.Time]() {
		if t := v.Interface().(time.Time); t.IsZero() || t.Location() != time.UTC {
			return []string{path}
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		var out []string
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue // what the service prepares
			}
			out = append(out, zeros(path+"."+v.Type().Field(i).Name, v.Field(i))...)
		}
		return out
	case reflect.Slice:
		if v.Len() > 0 {
			return zeros(path+"[0]", v.Index(0))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return zeros(path, v.Elem())
		}
	}
	if v.IsZero() {
		return []string{path}
	}
	return nil
}

// Whatever the contract can say, the state keeps: a field added to one and not to the other fails here.
func TestEverythingToldIsKept(t *testing.T) {
	t.Parallel()
	var c connectors.Change
	fill(reflect.ValueOf(&c).Elem())
	c.Gone = false
	told, _ := toldOf("shop", &c)
	got := strings.Join(zeros("told", reflect.ValueOf(told)), " ")
	if want := "told.Version.Run told.Version.At told.Version.Gone told.Version.Hash told.Version.Consents[0].Mark"; got != want {
		t.Errorf("left empty: %s\nwant:       %s", got, want)
	}
	// And the other way: each thing of the contract has its own place.
	count := func(typ reflect.Type) int {
		if _, ours := typ.FieldByName("Mark"); ours { // what a mark says, no system told
			return typ.NumField() - 1
		}
		return typ.NumField()
	}
	for _, pair := range [][2]reflect.Type{
		{reflect.TypeFor[connectors.OrderData](), reflect.TypeOf(*told.Version.Order)},
		{reflect.TypeFor[connectors.OrderLine](), reflect.TypeOf(told.Version.Order.Lines[0])},
		{reflect.TypeFor[connectors.Refund](), reflect.TypeOf(told.Version.Order.Refunds[0])},
		{reflect.TypeFor[connectors.Consent](), reflect.TypeOf(told.Version.Consents[0])},
		{reflect.TypeFor[connectors.Value](), reflect.TypeOf(told.Version.Fields[0].Values[0])},
	} {
		if count(pair[0]) != count(pair[1]) {
			t.Errorf("%v has %d fields, %v %d", pair[0], count(pair[0]), pair[1], count(pair[1]))
		}
	}
}

func TestToldIsFitToBeKept(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("李", 2000)
	c := connectors.Change{Record: connectors.Record{Kind: connectors.Order, ID: long, Modified: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
		Fields: []connectors.Field{{Name: "note", Values: []connectors.Value{{Text: "a\xffb"}}}, {Name: "email"}, {Name: "city", Values: []connectors.Value{{Text: "x"}}}},
		Order:  &connectors.OrderData{Party: long, Currency: "eur", At: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}}}
	told, _ := toldOf("shop", &c)
	if len(told.ID) > maxID || !utf8.ValidString(told.ID) || told.ID != told.Version.Order.Party {
		t.Errorf("id of %d bytes, its party %d", len(told.ID), len(told.Version.Order.Party))
	}
	if other := boundedID(long+"x", maxID); other == told.ID {
		t.Error("two long ids became one")
	}
	if !told.Version.Modified.IsZero() || !told.Version.Order.At.IsZero() || told.Version.Order.Currency != "EUR" {
		t.Errorf("version %+v", told.Version)
	}
	if got := fmt.Sprint(told.Version.Fields); got != "[{city [{x  map[]}]} {note [{a\uFFFDb  map[]}]}]" {
		t.Errorf("fields %s", got)
	}
	gone, _ := toldOf("shop", &connectors.Change{Gone: true, Where: "w", Record: connectors.Record{Kind: connectors.Contact, ID: "1"}})
	if !gone.Version.Gone || gone.Version.Where != "w" || gone.ID != "1" {
		t.Errorf("gone %+v", gone)
	}
}

func TestValuesTooLongToBeLookedForAreKept(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("名", 2000)
	for _, field := range []string{"email", "name", "given", "family", "company", "phone", "handle", "external_id", "tag", "note", "custom.x", "prefix", "middle",
		"suffix", "nickname", "phonetic", "url", "title", "department", "address", "birthday", "gender", "language", "owner", "stage"} {
		w := files("p", "layout shop_customers\nc 1 a@example.com A\nc 2 b@example.com B\n")
		w.bend = func(p *connectors.Page) {
			for i := range p.Changes {
				if r := &p.Changes[i].Record; r.ID == "1" {
					r.Fields = append(r.Fields, connectors.Field{Name: field, Values: []connectors.Value{{Text: long, Label: "x"}}})
					r.Consents = []connectors.Consent{{Channel: "email", Purpose: "marketing", State: connectors.OptedOut, Address: long}}
				}
			}
		}
		h := newHouse(t, w)
		out := h.read("", "p")
		want := "custom." + field
		if !looked[field] {
			want = field
		}
		if got := h.record("contact", "1").Current().Text(want); got != long {
			t.Errorf("%s: %d bytes are left in %s", field, len(got), want)
		}
		if c := out.Total.Counts; c.New != 2 || c.Told != 2 || c.Seen != 2 || (c.Partly == 1) != looked[field] || len(out.Files[0].Rejected) != int(c.Partly) {
			t.Errorf("%s: counts %+v, rejected %+v", field, c, out.Files[0].Rejected)
		}
	}
}
