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
)

// The compact form of a value is a sequence of fields, each a varint of number*4+wire and its
// content, in the manner of protocol buffers: fields are told apart by the numbers in their
// struct tags (`k:"3"`), zero values are left out, unknown fields are passed over. Numbers are
// never used again for something else.
//
//	wire 0  varint: bool, integers (signed ones zigzag), time.Time as nanoseconds since 1970 UTC
//	wire 1  length and bytes: string, []byte, struct, map entry; a slice repeats its field
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
	typ   reflect.Type
	elem  *plan // struct or slice of struct
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
	plans    sync.Map // reflect.Type -> *plan
	timeType = reflect.TypeFor[time.Time]()
)

// planOf builds a type's plan. It panics on a declaration that cannot be stored: that is a
// mistake in the program, found by any test that touches the package.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	if t.Kind() != reflect.Struct {
		panic("state: " + t.String() + " is no struct")
	}
	p := &plan{}
	plans.Store(t, p)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("k")
		if tag == "-" {
			continue
		}
		num, err := strconv.Atoi(tag)
		if err != nil || num <= 0 || num > 200 {
			panic(fmt.Sprintf("state: field %s.%s needs a tag k:\"1\" to k:\"200\", or k:\"-\"", t, f.Name))
		}
		pf := planField{num: uint64(num), index: i, typ: f.Type}
		ft := f.Type
		if ft.Kind() == reflect.Slice && ft.Elem().Kind() != reflect.Uint8 {
			pf.many, ft = true, ft.Elem()
		}
		pf.form = formOf(t, f.Name, ft)
		if pf.form == formStruct {
			pf.elem = planOf(ft)
		} else if pf.form == formPointer {
			pf.elem = planOf(ft.Elem())
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
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && t.Elem().Kind() == reflect.String:
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
	head := func(wire uint64) { b = binary.AppendUvarint(b, f.num<<2|wire) }
	switch f.form {
	case formBool:
		if v.Bool() || always {
			head(wireVarint)
			var n uint64
			if v.Bool() {
				n = 1
			}
			b = binary.AppendUvarint(b, n)
		}
	case formInt:
		if n := v.Int(); n != 0 || always {
			head(wireVarint)
			b = binary.AppendVarint(b, n)
		}
	case formUint:
		if n := v.Uint(); n != 0 || always {
			head(wireVarint)
			b = binary.AppendUvarint(b, n)
		}
	case formFloat:
		if n := v.Float(); n != 0 || always {
			head(wireFixed)
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(n))
		}
	case formTime:
		if t := v.Interface().(time.Time); !t.IsZero() {
			head(wireVarint)
			b = binary.AppendVarint(b, t.UnixNano())
		} else if always {
			head(wireVarint)
			b = binary.AppendVarint(b, math.MinInt64)
		}
	case formString:
		if v.Len() > 0 || always {
			head(wireBytes)
			b = binary.AppendUvarint(b, uint64(v.Len()))
			b = append(b, v.String()...)
		}
	case formBytes:
		if v.Len() > 0 || always {
			head(wireBytes)
			b = binary.AppendUvarint(b, uint64(v.Len()))
			b = append(b, v.Bytes()...)
		}
	case formStruct:
		inner := f.elem.encode(nil, v)
		if len(inner) > 0 || always {
			head(wireBytes)
			b = binary.AppendUvarint(b, uint64(len(inner)))
			b = append(b, inner...)
		}
	case formPointer:
		if !v.IsNil() {
			inner := f.elem.encode(nil, v.Elem())
			head(wireBytes)
			b = binary.AppendUvarint(b, uint64(len(inner)))
			b = append(b, inner...)
		}
	case formMap:
		keys := make([]string, 0, v.Len())
		for _, k := range v.MapKeys() {
			keys = append(keys, k.String())
		}
		slices.Sort(keys)
		for _, k := range keys {
			val := v.MapIndex(reflect.ValueOf(k).Convert(v.Type().Key())).String()
			inner := binary.AppendUvarint(nil, uint64(len(k)))
			inner = append(append(inner, k...), val...)
			head(wireBytes)
			b = binary.AppendUvarint(b, uint64(len(inner)))
			b = append(b, inner...)
		}
	}
	return b
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
			e := reflect.New(f.typ.Elem()).Elem()
			if err := f.decodeOne(num, raw, h&3, e); err != nil {
				return err
			}
			fv.Set(reflect.Append(fv, e))
			continue
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
			v.Set(reflect.ValueOf(time.Unix(0, n).UTC()))
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
		key := string(raw[n : n+int(l)])
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), reflect.ValueOf(string(raw[n+int(l):])).Convert(v.Type().Elem()))
	}
	return nil
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
