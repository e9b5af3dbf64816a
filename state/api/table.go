// Package api lets many short commands share one state file: whoever holds the
// file's lock serves it to the others.
//
// It knows nothing of what is served. A table is a struct of func fields, one
// per question or command:
//
//	type Table struct {
//		Find   func(context.Context, FindIn) (FindOut, error)        `api:"read"`
//		Note   func(context.Context, NoteIn) (NoteOut, error)        `api:"write"`
//		Import func(context.Context, ImportIn) (ImportOut, error)    `api:"long"`
//		Backup func(context.Context, BackupIn, io.Writer) error      `api:"stream"`
//	}
//
// From that one struct come the server (Handler), the Go client (Client) and
// the choice between the two that every command makes (Connect). Values must
// survive JSON; Describe refuses what cannot. A nil slice and an empty one, and
// a time's monotonic part, are the differences that remain.
//
// By hand: curl --unix-socket PATH http://kept/v1/find -d '{"text":"jana"}'
// -H 'Content-Type: application/json' -H 'Kept-Version: 1'.
package api

import (
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"
)

// Kind says how a method may be repeated and who may run it.
type Kind string

// The kinds of methods.
const (
	// Read changes nothing; a broken connection repeats it.
	Read Kind = "read"
	// Write is one transaction that remembers its request ID; a broken
	// connection repeats it with the same ID.
	Write Kind = "write"
	// Long is work that a short-lived holder never does for others: the caller
	// takes the lock and does it itself, or a resident holder runs it. Once it
	// was sent it is never repeated.
	Long Kind = "long"
	// Stream reads and writes many bytes to an io.Writer. It is repeated only
	// while nothing has been written.
	Stream Kind = "stream"
)

// Method describes one field of a table.
type Method struct {
	Name string // snake_case, as in the path /v1/<name>
	Kind Kind
	In   reflect.Type
	Out  reflect.Type // nil for a Stream
	// field is the index in the table's struct.
	field int
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
	writerType  = reflect.TypeFor[io.Writer]()
)

// Describe lists the methods of a table in the order of its fields, or says
// everything that is wrong with the table's shape.
func Describe[T any]() ([]Method, error) { return describe(reflect.TypeFor[T]()) }

// describe is Describe for a type known only at run time.
func describe(t reflect.Type) ([]Method, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("api: a table is a struct of funcs, not %s", t)
	}
	var (
		methods []Method
		wrong   []error
		names   = map[string]string{}
	)
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		m, err := describeField(f)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("api: %s.%s: %w", t.Name(), f.Name, err))
			continue
		}
		if other, taken := names[m.Name]; taken {
			wrong = append(wrong, fmt.Errorf("api: %s.%s has the same name %q as %s", t.Name(), f.Name, m.Name, other))
			continue
		}
		names[m.Name] = f.Name
		m.field = i
		methods = append(methods, m)
	}
	if len(methods) == 0 && len(wrong) == 0 {
		wrong = append(wrong, fmt.Errorf("api: %s has no exported func fields", t))
	}
	return methods, errors.Join(wrong...)
}

func describeField(f reflect.StructField) (Method, error) {
	m := Method{Name: snake(f.Name), Kind: Kind(f.Tag.Get("api"))}
	t := f.Type
	if t.Kind() != reflect.Func {
		return m, fmt.Errorf("is %s, not a func", t)
	}
	switch m.Kind {
	case Read, Write, Long:
		if t.IsVariadic() || t.NumIn() != 2 || t.In(0) != contextType || t.NumOut() != 2 || t.Out(1) != errorType {
			return m, fmt.Errorf("is %s, not func(context.Context, In) (Out, error)", t)
		}
		m.In, m.Out = t.In(1), t.Out(0)
	case Stream:
		if t.IsVariadic() || t.NumIn() != 3 || t.In(0) != contextType || t.In(2) != writerType || t.NumOut() != 1 || t.Out(0) != errorType {
			return m, fmt.Errorf("is %s, not func(context.Context, In, io.Writer) error", t)
		}
		m.In = t.In(1)
	default:
		return m, fmt.Errorf("has the tag api:%q, not read, write, long or stream", m.Kind)
	}
	for _, w := range []reflect.Type{m.In, m.Out} {
		if w == nil {
			continue
		}
		if err := crosses(w, w.Name(), map[reflect.Type]bool{}); err != nil {
			return m, err
		}
	}
	return m, nil
}

var (
	jsonOut = reflect.TypeFor[json.Marshaler]()
	jsonIn  = reflect.TypeFor[json.Unmarshaler]()
	textOut = reflect.TypeFor[encoding.TextMarshaler]()
	textIn  = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// crosses finds types that JSON would refuse or could not read back, so that a
// call in this process and a call over the socket never differ by surprise.
func crosses(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	p := reflect.PointerTo(t)
	if (t.Implements(jsonOut) && p.Implements(jsonIn)) || (t.Implements(textOut) && p.Implements(textIn)) {
		return nil
	}
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return fmt.Errorf("%s is %s, which cannot cross a socket", path, t)
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return fmt.Errorf("%s is the interface %s, which cannot be read back from a socket", path, t)
		}
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return crosses(t.Elem(), path, seen)
	case reflect.Map:
		switch k := t.Key(); {
		case k.Kind() == reflect.String, reflect.Int <= k.Kind() && k.Kind() <= reflect.Uintptr,
			k.Implements(textOut) && reflect.PointerTo(k).Implements(textIn):
		default:
			return fmt.Errorf("%s has keys of type %s, which cannot cross a socket", path, k)
		}
		return crosses(t.Elem(), path, seen)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if (!f.IsExported() && !f.Anonymous) || f.Tag.Get("json") == "-" {
				continue
			}
			if err := crosses(f.Type, path+"."+f.Name, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

// snake turns a field's name into a method's name: MayContact is may_contact,
// FindByID is find_by_id, HTTPState is http_state.
func snake(name string) string {
	var b strings.Builder
	rs := []rune(name)
	for i, r := range rs {
		if unicode.IsUpper(r) {
			starts := i > 0 && !unicode.IsUpper(rs[i-1])
			ends := i > 0 && i+1 < len(rs) && unicode.IsLower(rs[i+1])
			if (starts || ends) && rs[i-1] != '_' {
				b.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// call runs the method on a table. A field that was left nil is a clear error.
func (m *Method) call(ctx context.Context, table, in reflect.Value, w io.Writer) (reflect.Value, error) {
	fn := table.Field(m.field)
	if fn.IsNil() {
		return reflect.Value{}, newError(CodeUnknownMethod, "this kept does not offer %q", m.Name)
	}
	if m.Kind == Stream {
		return reflect.Value{}, asError(fn.Call([]reflect.Value{reflect.ValueOf(&ctx).Elem(), in, reflect.ValueOf(&w).Elem()})[0])
	}
	outs := fn.Call([]reflect.Value{reflect.ValueOf(&ctx).Elem(), in})
	return outs[0], asError(outs[1])
}

func asError(v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	return v.Interface().(error)
}

// invoker is what stands behind the funcs of a filled table.
type invoker func(ctx context.Context, m *Method, in reflect.Value, w io.Writer) (reflect.Value, error)

// fill makes a table whose funcs all go through invoke.
func fill[T any](methods []Method, invoke invoker) T {
	var table T
	v := reflect.ValueOf(&table).Elem()
	for i := range methods {
		m := &methods[i]
		field := v.Field(m.field)
		field.Set(reflect.MakeFunc(field.Type(), func(args []reflect.Value) []reflect.Value {
			ctx := args[0].Interface().(context.Context)
			if m.Kind == Stream {
				w, _ := args[2].Interface().(io.Writer)
				_, err := invoke(ctx, m, args[1], w)
				return []reflect.Value{errorValue(err)}
			}
			out, err := invoke(ctx, m, args[1], nil)
			if !out.IsValid() {
				out = reflect.Zero(m.Out)
			}
			return []reflect.Value{out, errorValue(err)}
		}))
	}
	return table
}

func errorValue(err error) reflect.Value {
	if err == nil {
		return reflect.Zero(errorType)
	}
	return reflect.ValueOf(&err).Elem()
}
