package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"
	"unsafe"
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

// planField says where in a struct a field lies and how it is written. Fields are reached by their
// offsets, since reflection would take most of the time of an import.
type planField struct {
	num    uint64
	offset uintptr
	size   uintptr // of a value, or of an element of a slice
	typ    reflect.Type
	elem   *plan // of a struct, or of what a pointer points to
	form   form
	many   bool
}

// sliceHeader is how a slice lies in memory; see [reflect.SliceHeader].
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
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
		pf := planField{num: uint64(num), offset: f.Offset, typ: f.Type}
		ft := f.Type
		if ft.Kind() == reflect.Slice && ft.Elem().Kind() != reflect.Uint8 {
			pf.many, ft = true, ft.Elem()
		}
		pf.form, pf.size = formOf(t, f.Name, ft), ft.Size()
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

// encode appends the struct at v.
func (p *plan) encode(b []byte, v unsafe.Pointer) []byte {
	for i := range p.fields {
		f := &p.fields[i]
		fv := unsafe.Add(v, f.offset)
		if f.many {
			h := (*sliceHeader)(fv)
			for j := range h.len {
				b = f.encodeOne(b, unsafe.Add(h.data, uintptr(j)*f.size), true)
			}
			continue
		}
		b = f.encodeOne(b, fv, false)
	}
	return b
}

// encodeOne writes one value; elements of slices are written even when they are zero.
func (f *planField) encodeOne(b []byte, v unsafe.Pointer, always bool) []byte {
	switch f.form {
	case formBool:
		if *(*bool)(v) {
			b = append(f.head(b, wireVarint), 1)
		} else if always {
			b = append(f.head(b, wireVarint), 0)
		}
	case formInt:
		if n := f.int(v); n != 0 || always {
			b = binary.AppendVarint(f.head(b, wireVarint), n)
		}
	case formUint:
		if n := f.uint(v); n != 0 || always {
			b = binary.AppendUvarint(f.head(b, wireVarint), n)
		}
	case formFloat:
		if n := *(*float64)(v); n != 0 || always {
			b = binary.LittleEndian.AppendUint64(f.head(b, wireFixed), math.Float64bits(n))
		}
	case formTime:
		b = f.encodeTime(b, *(*time.Time)(v), always)
	case formString:
		if s := *(*string)(v); len(s) > 0 || always {
			b = binary.AppendUvarint(f.head(b, wireBytes), uint64(len(s)))
			b = append(b, s...)
		}
	case formBytes:
		if s := *(*[]byte)(v); len(s) > 0 || always {
			b = binary.AppendUvarint(f.head(b, wireBytes), uint64(len(s)))
			b = append(b, s...)
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
		if to := *(*unsafe.Pointer)(v); to != nil {
			b = append(f.head(b, wireBytes), 0)
			at := len(b)
			b = closeBytes(f.elem.encode(b, to), at)
		}
	case formMap:
		m := *(*map[string]string)(v)
		var few [8]string
		keys := few[:0]
		for k := range m {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			b = append(f.head(b, wireBytes), 0)
			at := len(b)
			b = binary.AppendUvarint(b, uint64(len(k)))
			b = closeBytes(append(append(b, k...), m[k]...), at)
		}
	}
	return b
}

func (f *planField) int(v unsafe.Pointer) int64 {
	switch f.size {
	case 1:
		return int64(*(*int8)(v))
	case 2:
		return int64(*(*int16)(v))
	case 4:
		return int64(*(*int32)(v))
	}
	return *(*int64)(v)
}

func (f *planField) uint(v unsafe.Pointer) uint64 {
	switch f.size {
	case 1:
		return uint64(*(*uint8)(v))
	case 2:
		return uint64(*(*uint16)(v))
	case 4:
		return uint64(*(*uint32)(v))
	}
	return *(*uint64)(v)
}

// set keeps the low bytes of a number, signed or not.
func (f *planField) set(v unsafe.Pointer, n uint64) {
	switch f.size {
	case 1:
		*(*uint8)(v) = uint8(n)
	case 2:
		*(*uint16)(v) = uint16(n)
	case 4:
		*(*uint32)(v) = uint32(n)
	default:
		*(*uint64)(v) = n
	}
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

func decodeTime(raw string) (time.Time, error) {
	seconds, n := uvarint(raw)
	if n <= 0 {
		return time.Time{}, errShort
	}
	nanos, m := uvarint(raw[n:])
	if m <= 0 || nanos >= 1e9 {
		return time.Time{}, errShort
	}
	return time.Unix(unzigzag(seconds), int64(nanos)).UTC(), nil
}

// uvarint is [binary.Uvarint] of a text.
func uvarint(s string) (uint64, int) {
	var x uint64
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		c := s[i]
		if c < 0x80 {
			if i == binary.MaxVarintLen64-1 && c > 1 {
				return 0, -(i + 1)
			}
			return x | uint64(c)<<(7*i), i + 1
		}
		x |= uint64(c&0x7f) << (7 * i)
	}
	return 0, 0
}

// field reads the next field: its head, its number or what it holds, and what is behind it.
func field(b string) (head, num uint64, raw, rest string, err error) {
	head, n := uvarint(b)
	if n <= 0 {
		return 0, 0, "", "", errShort
	}
	b = b[n:]
	switch head & 3 {
	case wireVarint:
		num, n := uvarint(b)
		if n <= 0 {
			return 0, 0, "", "", errShort
		}
		return head, num, "", b[n:], nil
	case wireBytes:
		l, n := uvarint(b)
		if n <= 0 || l > uint64(len(b)-n) {
			return 0, 0, "", "", errShort
		}
		return head, 0, b[n : n+int(l)], b[n+int(l):], nil
	case wireFixed:
		if len(b) < 8 {
			return 0, 0, "", "", errShort
		}
		for i := range 8 {
			num |= uint64(b[i]) << (8 * i)
		}
		return head, num, "", b[8:], nil
	}
	return 0, 0, "", "", errors.New("unknown wire form")
}

// decode reads into the struct at v. Texts in it are parts of b.
func (p *plan) decode(b string, v unsafe.Pointer) error {
	for len(b) > 0 {
		head, num, raw, rest, err := field(b)
		if err != nil {
			return err
		}
		b = rest
		at := head >> 2
		if at >= uint64(len(p.byNum)) || p.byNum[at] == 0 {
			continue
		}
		f := &p.fields[p.byNum[at]-1]
		fv := unsafe.Add(v, f.offset)
		if f.many {
			fv = f.another(fv, head, b)
		}
		if err := f.decodeOne(num, raw, head&3, fv); err != nil {
			return err
		}
	}
	return nil
}

// another lengthens a slice by one zero element and gives its place. Room is made at once for all
// that follow.
func (f *planField) another(slice unsafe.Pointer, head uint64, rest string) unsafe.Pointer {
	h := (*sliceHeader)(slice)
	if h.len == h.cap {
		more := 1
		for len(rest) > 0 {
			next, _, _, behind, err := field(rest)
			if err != nil || next != head {
				break
			}
			more, rest = more+1, behind
		}
		s := reflect.NewAt(f.typ, slice).Elem()
		if h.len == 0 {
			s.Set(reflect.MakeSlice(f.typ, 0, more))
		} else {
			s.Grow(more)
		}
	}
	h.len++
	return unsafe.Add(h.data, uintptr(h.len-1)*f.size)
}

func (f *planField) decodeOne(num uint64, raw string, wire uint64, v unsafe.Pointer) error {
	want := uint64(wireBytes)
	switch f.form {
	case formBool, formInt, formUint, formTime:
		want = wireVarint
	case formFloat:
		want = wireFixed
	}
	if f.form == formTime && wire == wireBytes {
		t, err := decodeTime(raw)
		*(*time.Time)(v) = t
		return err
	}
	if wire != want {
		return fmt.Errorf("field %d has the wrong wire form", f.num)
	}
	switch f.form {
	case formBool:
		*(*bool)(v) = num != 0
	case formInt:
		f.set(v, uint64(unzigzag(num)))
	case formUint:
		f.set(v, num)
	case formFloat:
		*(*float64)(v) = math.Float64frombits(num)
	case formTime:
		if n := unzigzag(num); n != math.MinInt64 {
			*(*time.Time)(v) = time.Unix(0, n).UTC()
		}
	case formString:
		*(*string)(v) = raw
	case formBytes:
		*(*[]byte)(v) = []byte(raw)
	case formStruct:
		return f.elem.decode(raw, v)
	case formPointer:
		to := reflect.New(f.typ.Elem())
		*(*unsafe.Pointer)(v) = to.UnsafePointer()
		return f.elem.decode(raw, to.UnsafePointer())
	case formMap:
		l, n := uvarint(raw)
		if n <= 0 || l > uint64(len(raw)-n) {
			return errShort
		}
		m := (*map[string]string)(v)
		if *m == nil {
			*m = map[string]string{}
		}
		(*m)[raw[n:n+int(l)]] = raw[n+int(l):]
	}
	return nil
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
