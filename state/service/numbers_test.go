package service

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNumberSetIsASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Uint64Range(0, 300), rapid.Uint64Range(numberPage-3, numberPage+3), rapid.Uint64())
		set, want := numberSet{}, map[uint64]bool{}
		for _, n := range rapid.SliceOf(number).Draw(t, "in") {
			set.add(n)
			want[n] = true
		}
		for _, n := range append(rapid.SliceOf(number).Draw(t, "asked"), 0, 63, 64, numberPage, ^uint64(0)) {
			if set.has(n) != want[n] {
				t.Fatalf("%d: %v", n, set.has(n))
			}
		}
	})
}
