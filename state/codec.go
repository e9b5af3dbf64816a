package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The compact form of a value is a sequence of fields, each a varint of number*4+wire and its
// content, in the manner of protocol buffers: fields are told apart by the numbers in their
// struct tags (`k:"3"`), zero values are left out, unknown fields are passed over. Numbers are
// never used again for something else. A nil and an empty slice or map are the same; a pointer to
// a zero struct is not nil.
//
//	wire 0  varint: bool, integers (signed ones zigzag), time.Time as nanoseconds since 1970 UTC
//	wire 1  length and bytes: string, []byte, struct, map entry; a slice repeats its field; a
//	        time.Time outside of the years 1678 to 2262 as varints of seconds and nanoseconds
//	wire 2  eight bytes, little end first: float64
const (
	wireVarint = 0
	wireBytes  = 1
	wireFixed  = 2
)

var errShort = errors.New("value ends in the middle of a field")

// plan is how to encode and decode one struct type.
type plan struct {
	fields []planField
	byNum  []int // field number -> position in fields + 1
}

type planField struct {
	num   uint64
	index int
	elem  *plan // of a struct, or of what a pointer points to
	form  form
	many  bool
}

type form uint8

const (
	formBool form = iota
	formInt
	formUint
	formFloat
	formString
	formBytes
	formTime
	formStruct
	formPointer
	formMap
)

var (
	plansMu  sync.Mutex
	plans    = map[reflect.Type]*plan{}
	timeType = reflect.TypeFor[time.Time]()
	mapType  = reflect.TypeFor[map[string]string]()
)

// planOf builds a type's plan. It panics on a declaration that cannot be stored: that is a
// mistake in the program, found by any test that touches the package.
func planOf(t reflect.Type) *plan {
	plansMu.Lock()
	defer plansMu.Unlock()
	return buildPlan(t)
}

func buildPlan(t reflect.Type) *plan {
	if p, ok := plans[t]; ok {
		if p == nil {
			// A damaged value could then be nested without end.
			panic("state: " + t.String() + " contains itself")
		}
		return p
	}
	if t.Kind() != reflect.Struct {
		panic("state: " + t.String() + " is no struct")
	}
	plans[t] = nil
	defer func() {
		if plans[t] == nil {
			delete(plans, t) // it panicked
		}
	}()
	p := &plan{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("k")
		if tag == "-" {
			continue
		}
		num, err := strconv.Atoi(tag)
		if err != nil || num <= 0 || num > 200 || !f.IsExported() {
			panic(fmt.Sprintf("state: field %s.%s needs a tag k:\"1\" to k:\"200\", or k:\"-\"", t, f.Name))
		}
		pf := planField{num: uint64(num), index: i}
		ft := f.Type
		if ft.Kind() == reflect.Slice && ft.Elem().Kind() != reflect.Uint8 {
			pf.many, ft = true, ft.Elem()
		}
		pf.form = formOf(t, f.Name, ft)
		switch {
		case pf.many && (pf.form == formPointer || pf.form == formMap):
			panic(fmt.Sprintf("state: field %s.%s is a slice of %s, which has no compact form", t, f.Name, ft))
		case pf.form == formStruct:
			pf.elem = buildPlan(ft)
		case pf.form == formPointer:
			pf.elem = buildPlan(ft.Elem())
		}
		for len(p.byNum) <= num {
			p.byNum = append(p.byNum, 0)
		}
		if p.byNum[num] != 0 {
			panic(fmt.Sprintf("state: %s uses number %d twice", t, num))
		}
		p.fields = append(p.fields, pf)
		p.byNum[num] = len(p.fields)
	}
	plans[t] = p
	return p
}

func formOf(owner reflect.Type, name string, t reflect.Type) form {
	switch {
	case t == timeType:
		return formTime
	case t.Kind() == reflect.Bool:
		return formBool
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		return formInt
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		return formUint
	case t.Kind() == reflect.Float64:
		return formFloat
	case t.Kind() == reflect.String:
		return formString
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return formBytes
	case t.Kind() == reflect.Struct:
		return formStruct
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		return formPointer
	case t.Kind() == reflect.Map && t.ConvertibleTo(mapType):
		return formMap
	}
	panic(fmt.Sprintf("state: field %s.%s has type %s, which has no compact form", owner, name, t))
}

func (p *plan) encode(b []byte, v reflect.Value) []byte {
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.Field(f.index)
		if f.many {
			for j := range fv.Len() {
				b = f.encodeOne(b, fv.Index(j), true)
			}
			continue
		}
		b = f.encodeOne(b, fv, false)
	}
	return b
}

// encodeOne writes one value; elements of slices are written even when they are zero.
func (f *planField) encodeOne(b []byte, v reflect.Value, always bool) []byte {
	switch f.form {
	case formBool:
		if v.Bool() {
			b = append(f.head(b, wireVarint), 1)
		} else if always {
			b = append(f.head(b, wireVarint), 0)
		}
	case formInt:
		if n := v.Int(); n != 0 || always {
			b = binary.AppendVarint(f.head(b, wireVarint), n)
		}
	case formUint:
		if n := v.Uint(); n != 0 || always {
			b = binary.AppendUvarint(f.head(b, wireVarint), n)
		}
	case formFloat:
		if n := v.Float(); n != 0 || always {
			b = binary.LittleEndian.AppendUint64(f.head(b, wireFixed), math.Float64bits(n))
		}
	case formTime:
		b = f.encodeTime(b, *v.Addr().Interface().(*time.Time), always)
	case formString:
		if n := v.Len(); n > 0 || always {
			b = binary.AppendUvarint(f.head(b, wireBytes), uint64(n))
			b = append(b, v.String()...)
		}
	case formBytes:
		if n := v.Len(); n > 0 || always {
			b = binary.AppendUvarint(f.head(b, wireBytes), uint64(n))
			b = append(b, v.Bytes()...)
		}
	case formStruct:
		before := len(b)
		b = append(f.head(b, wireBytes), 0)
		at := len(b)
		b = f.elem.encode(b, v)
		if len(b) == at && !always {
			return b[:before]
		}
		b = closeBytes(b, at)
	case formPointer:
		if !v.IsNil() {
			b = append(f.head(b, wireBytes), 0)
			at := len(b)
			b = closeBytes(f.elem.encode(b, v.Elem()), at)
		}
	case formMap:
		m := v.Convert(mapType).Interface().(map[string]string)
		for _, k := range slices.Sorted(maps.Keys(m)) {
			b = append(f.head(b, wireBytes), 0)
			at := len(b)
			b = binary.AppendUvarint(b, uint64(len(k)))
			b = closeBytes(append(append(b, k...), m[k]...), at)
		}
	}
	return b
}

func (f *planField) head(b []byte, wire uint64) []byte {
	return binary.AppendUvarint(b, f.num<<2|wire)
}

// closeBytes sets the length of what was written since at, for which one byte is kept before at.
func closeBytes(b []byte, at int) []byte {
	n := len(b) - at
	if n < 0x80 {
		b[at-1] = byte(n)
		return b
	}
	var size [binary.MaxVarintLen64]byte
	l := binary.PutUvarint(size[:], uint64(n))
	b = append(b, size[:l-1]...)
	copy(b[at-1+l:], b[at:at+n])
	copy(b[at-1:], size[:l])
	return b
}

// The instants that fit into nanoseconds; the lowest number itself stands for no time in a slice.
var (
	lowestTime  = time.Unix(0, math.MinInt64)
	highestTime = time.Unix(0, math.MaxInt64)
)

func (f *planField) encodeTime(b []byte, t time.Time, always bool) []byte {
	switch {
	case t.IsZero() && !always:
		return b
	case t.IsZero():
		return binary.AppendVarint(f.head(b, wireVarint), math.MinInt64)
	case t.After(lowestTime) && !t.After(highestTime):
		return binary.AppendVarint(f.head(b, wireVarint), t.UnixNano())
	}
	b = append(f.head(b, wireBytes), 0)
	at := len(b)
	b = binary.AppendVarint(b, t.Unix())
	return closeBytes(binary.AppendUvarint(b, uint64(t.Nanosecond())), at)
}

func decodeTime(raw []byte) (time.Time, error) {
	seconds, n := binary.Varint(raw)
	if n <= 0 {
		return time.Time{}, errShort
	}
	nanos, m := binary.Uvarint(raw[n:])
	if m <= 0 || nanos >= 1e9 {
		return time.Time{}, errShort
	}
	return time.Unix(seconds, int64(nanos)).UTC(), nil
}

func (p *plan) decode(b []byte, v reflect.Value) error {
	for len(b) > 0 {
		h, n := binary.Uvarint(b)
		if n <= 0 {
			return errShort
		}
		b = b[n:]
		var num uint64
		var raw []byte
		switch h & 3 {
		case wireVarint:
			u, n := binary.Uvarint(b)
			if n <= 0 {
				return errShort
			}
			num, b = u, b[n:]
		case wireBytes:
			l, n := binary.Uvarint(b)
			if n <= 0 || l > uint64(len(b)-n) {
				return errShort
			}
			raw, b = b[n:n+int(l)], b[n+int(l):]
		case wireFixed:
			if len(b) < 8 {
				return errShort
			}
			num, b = binary.LittleEndian.Uint64(b), b[8:]
		default:
			return errors.New("unknown wire form")
		}
		at := h >> 2
		if at >= uint64(len(p.byNum)) || p.byNum[at] == 0 {
			continue
		}
		f := &p.fields[p.byNum[at]-1]
		fv := v.Field(f.index)
		if f.many {
			l := fv.Len()
			fv.Grow(1)
			fv.SetLen(l + 1)
			fv = fv.Index(l)
			fv.SetZero()
		}
		if err := f.decodeOne(num, raw, h&3, fv); err != nil {
			return err
		}
	}
	return nil
}

func (f *planField) decodeOne(num uint64, raw []byte, wire uint64, v reflect.Value) error {
	want := uint64(wireBytes)
	switch f.form {
	case formBool, formInt, formUint, formTime:
		want = wireVarint
	case formFloat:
		want = wireFixed
	}
	if f.form == formTime && wire == wireBytes {
		t, err := decodeTime(raw)
		*v.Addr().Interface().(*time.Time) = t
		return err
	}
	if wire != want {
		return fmt.Errorf("field %d has the wrong wire form", f.num)
	}
	switch f.form {
	case formBool:
		v.SetBool(num != 0)
	case formInt:
		v.SetInt(unzigzag(num))
	case formUint:
		v.SetUint(num)
	case formFloat:
		v.SetFloat(math.Float64frombits(num))
	case formTime:
		if n := unzigzag(num); n != math.MinInt64 {
			*v.Addr().Interface().(*time.Time) = time.Unix(0, n).UTC()
		}
	case formString:
		v.SetString(string(raw))
	case formBytes:
		v.SetBytes(append([]byte(nil), raw...))
	case formStruct:
		return f.elem.decode(raw, v)
	case formPointer:
		v.Set(reflect.New(v.Type().Elem()))
		return f.elem.decode(raw, v.Elem())
	case formMap:
		l, n := binary.Uvarint(raw)
		if n <= 0 || l > uint64(len(raw)-n) {
			return errShort
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		m := v.Convert(mapType).Interface().(map[string]string)
		m[string(raw[n:n+int(l)])] = string(raw[n+int(l):])
	}
	return nil
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
