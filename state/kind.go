package state

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

// Kind is a collection's declaration as a driver sees it, without its type. A driver knows no
// noun; what it stores of a value it asks the Kind for.
type Kind struct {
	Name    string
	Letter  string // what people type before its numbers: "c" in c812; empty where nobody does
	Schema  int    // written beside each value; grows when the meaning of fields changes
	Indexes []Index
	History bool  // entries of histories, not documents
	Erase   Erase // how a person leaves it

	typ     reflect.Type
	plan    *plan
	upgrade func(schema int, v any) error
	keys    func(index int, v any) [][]byte
	key     func(v any) []byte
}

// Index is one ordered index.
type Index struct {
	Name   string
	Unique bool // a second document with the same entry is a [Conflict]
}

// Encode gives a value's compact form, without format byte, schema or revision.
func (k *Kind) Encode(v any) ([]byte, error) { return k.Append(make([]byte, 0, 256), v) }

// Append is Encode behind what is in b already.
func (k *Kind) Append(b []byte, v any) ([]byte, error) {
	if err := k.own(v); err != nil {
		return nil, err
	}
	return k.plan.encode(b, reflect.ValueOf(v).UnsafePointer()), nil
}

// Decode reads a compact form written under a schema number and brings it up to date. A number
// that is higher than Schema was written by a newer Kept and is refused.
func (k *Kind) Decode(schema int, b []byte) (any, error) {
	v := reflect.New(k.typ)
	if err := k.plan.decode(string(b), v.UnsafePointer()); err != nil {
		return nil, &Error{Class: Failed, Code: "damaged_value", Args: Args{"collection": k.Name}, Cause: err}
	}
	return k.current(schema, v.Interface())
}

// JSON gives a value's JSON form, for drivers and people who query it.
func (k *Kind) JSON(v any) ([]byte, error) {
	if err := k.own(v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// FromJSON reads a JSON form written under a schema number.
func (k *Kind) FromJSON(schema int, b []byte) (any, error) {
	v := reflect.New(k.typ).Interface()
	if err := json.Unmarshal(b, v); err != nil {
		return nil, &Error{Class: Failed, Code: "damaged_value", Args: Args{"collection": k.Name}, Cause: err}
	}
	return k.current(schema, v)
}

// Entries gives a value's keys in one of the indexes.
func (k *Kind) Entries(index int, v any) [][]byte { return k.keys(index, v) }

// Key gives a value's primary key; in a history its place in the order.
func (k *Kind) Key(v any) []byte { return k.key(v) }

// Type is the type of the values.
func (k *Kind) Type() reflect.Type { return k.typ }

// IndexOf gives the number of a named index.
func (k *Kind) IndexOf(name string) (int, error) {
	for i, x := range k.Indexes {
		if x.Name == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("state: collection %s has no index %q", k.Name, name)
}

// Ref names a document to people: "c812" where the collection has a letter, else its key.
func (k *Kind) Ref(key []byte) string {
	if k.Letter != "" && len(key) == 8 {
		return k.Letter + strconv.FormatUint(KeyNumber(key), 10)
	}
	for _, b := range key {
		if b < ' ' {
			return hex.EncodeToString(key)
		}
	}
	return string(key)
}

// Changed is the [Conflict] of a Put that expected another revision: "changed_meanwhile".
func (k *Kind) Changed(key []byte) *Error {
	return &Error{Class: Conflict, Code: "changed_meanwhile", Args: Args{"collection": k.Name, "ref": k.Ref(key)}}
}

// Taken is the [Conflict] of a Put with an entry of a unique index that another document has:
// "taken", with the other one's ref.
func (k *Kind) Taken(index int, by []byte) *Error {
	return &Error{Class: Conflict, Code: "taken",
		Args: Args{"collection": k.Name, "index": k.Indexes[index].Name, "ref": k.Ref(by)}}
}

// MaxKey is how long a key, an index entry, a history's subject or order, and the name of a blob or
// a sequence can be.
const MaxKey = 4096

// CheckKey says whether a driver can take a primary key, or the name of a blob or sequence; the
// error is [Invalid] with the code "key_empty" or "key_too_long".
func CheckKey(b []byte) error {
	if len(b) == 0 {
		return &Error{Class: Invalid, Code: "key_empty"}
	}
	return CheckEntry(b)
}

// CheckEntry is CheckKey for what may be empty: an index entry, a history's subject and order.
func CheckEntry(b []byte) error {
	if len(b) > MaxKey {
		return &Error{Class: Invalid, Code: "key_too_long", Args: Args{"bytes": strconv.Itoa(len(b)), "limit": strconv.Itoa(MaxKey)}}
	}
	return nil
}

func (k *Kind) own(v any) error {
	if t := reflect.TypeOf(v); t == nil || t.Kind() != reflect.Pointer || t.Elem() != k.typ || reflect.ValueOf(v).IsNil() {
		return fmt.Errorf("state: collection %s holds *%s, not %T", k.Name, k.typ, v)
	}
	return nil
}

func (k *Kind) current(schema int, v any) (any, error) {
	switch {
	case schema > k.Schema:
		return nil, &Error{Class: Failed, Code: "newer_state", Args: Args{"collection": k.Name}}
	case schema < k.Schema && k.upgrade != nil:
		if err := k.upgrade(schema, v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Key builders. All orders are those of the bytes.

// NumberKey is a number as a key: eight bytes, big end first.
func NumberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// KeyNumber reads the number at the start of a key; 0 where the key is too short.
func KeyNumber(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// TextKey is a text as a part of a key, ended so that no longer text lies inside its range.
func TextKey(s string) []byte {
	b := make([]byte, 0, len(s)+2)
	for i := range len(s) {
		b = append(b, s[i])
		if s[i] == 0 {
			b = append(b, 0xff)
		}
	}
	return append(b, 0, 1)
}

// TimeKey is an instant as a part of a key, in nanoseconds, ordered also before 1970. What lies
// before 1678, as the zero time, is first; what lies behind 2262 is last.
func TimeKey(t time.Time) []byte {
	n := t.UnixNano()
	switch {
	case t.Before(lowestTime):
		n = math.MinInt64
	case t.After(highestTime):
		n = math.MaxInt64
	}
	return binary.BigEndian.AppendUint64(nil, uint64(n)^(1<<63))
}

// Join makes one key of parts.
func Join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}
