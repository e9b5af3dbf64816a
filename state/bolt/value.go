package bolt

import (
	"encoding/binary"
	"errors"

	"github.com/keptcrm/kept/state"
)

// A stored value is a format byte, the schema number and the revision as uvarints, and the kind's
// compact form.
const formatCompact = 1

var errHead = errors.New("value has no head that this version knows")

func packValue(k *state.Kind, rev int64, v any) ([]byte, error) {
	b := append(make([]byte, 0, 256), formatCompact)
	b = binary.AppendUvarint(b, uint64(k.Schema))
	b = binary.AppendUvarint(b, uint64(rev))
	return k.Append(b, v)
}

func unpackValue(b []byte) (schema int, rev int64, payload []byte, err error) {
	if len(b) == 0 || b[0] != formatCompact {
		return 0, 0, nil, errHead
	}
	s, n := binary.Uvarint(b[1:])
	if n <= 0 || s == 0 || s > 1<<30 {
		return 0, 0, nil, errHead
	}
	b = b[1+n:]
	r, n := binary.Uvarint(b)
	if n <= 0 || r > 1<<62 {
		return 0, 0, nil, errHead
	}
	return int(s), int64(r), b[n:], nil
}

// decodeValue reads a stored value. It takes nothing over from raw.
func decodeValue(k *state.Kind, raw []byte) (v any, rev int64, schema int, err error) {
	schema, rev, payload, err := unpackValue(raw)
	if err != nil {
		return nil, 0, 0, &state.Error{Class: state.Failed, Code: "damaged_value",
			Args: state.Args{"collection": k.Name}, Cause: err}
	}
	v, err = k.Decode(schema, payload)
	return v, rev, schema, err
}

// An index key is the entry, ended so that entries of any content keep their order and none runs
// into the primary key that follows.

func entryKey(entry, primary []byte) []byte {
	b := make([]byte, 0, len(entry)+len(primary)+10)
	return append(appendEntry(b, entry), primary...)
}

func appendEntry(b, entry []byte) []byte {
	for _, x := range entry {
		b = append(b, x)
		if x == 0 {
			b = append(b, 0xff)
		}
	}
	return append(b, 0, 1)
}

// entryBound is where a range of entries begins or ends; nil stays open.
func entryBound(entry []byte) []byte {
	if entry == nil {
		return nil
	}
	return appendEntry(make([]byte, 0, len(entry)+10), entry)
}

// splitEntry takes an index key apart into fresh slices.
func splitEntry(key []byte) (entry, primary []byte, ok bool) {
	entry = make([]byte, 0, len(key))
	for i := 0; i+1 < len(key); i++ {
		if key[i] != 0 {
			entry = append(entry, key[i])
			continue
		}
		switch key[i+1] {
		case 0xff:
			entry = append(entry, 0)
			i++
		case 1:
			return entry, append([]byte(nil), key[i+2:]...), i+2 < len(key)
		default:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// historyPrefix begins the keys of a subject's history.
func historyPrefix(subject []byte) []byte {
	b := binary.AppendUvarint(make([]byte, 0, len(subject)+12), uint64(len(subject)))
	return append(b, subject...)
}

// splitHistory takes a history's key apart; the slices are parts of key.
func splitHistory(key []byte) (subject, order []byte, ok bool) {
	l, n := binary.Uvarint(key)
	if n <= 0 || l > uint64(len(key)-n) {
		return nil, nil, false
	}
	return key[n : n+int(l)], key[n+int(l):], true
}
