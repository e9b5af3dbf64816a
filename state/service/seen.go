package service

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/keptcrm/kept/state"
)

// seen remembers which records the run was told as they stood ([sawn]): as numbers, in one blob a page.
func (t *telling) seen() error {
	if len(t.same) == 0 || t.run.Kind == RunSync {
		return nil // a sync is never taken back
	}
	n, err := t.w.Next("seen")
	if err != nil {
		return err
	}
	slices.Sort(t.same)
	var b []byte
	last := uint64(0)
	for _, r := range slices.Compact(t.same) {
		b = binary.AppendUvarint(b, r-last)
		last = r
	}
	return t.w.PutBlob(seenName(t.run.Number, n), b)
}

// saw says whether the run was told a record as it stood before ([sawn]).
func (t *telling) saw(record uint64) (bool, error) {
	if slices.Contains(t.same, record) {
		return true, nil
	}
	if t.earlier == nil {
		t.earlier = map[uint64]bool{}
		for b, err := range t.w.Tx().Blobs(fmt.Sprintf("%s%016x/", state.BlobSeen, t.run.Number)) {
			if err != nil {
				return false, err
			}
			for _, k := range seenRecords(b.Data) {
				t.earlier[k] = true
			}
		}
	}
	return t.earlier[record], nil
}

func seenName(run, n uint64) string { return fmt.Sprintf("%s%016x/%016x", state.BlobSeen, run, n) }

func seenRecords(b []byte) []uint64 {
	var out []uint64
	last := uint64(0)
	for len(b) > 0 {
		d, n := binary.Uvarint(b)
		if n <= 0 {
			break
		}
		last += d
		out, b = append(out, last), b[n:]
	}
	return out
}
