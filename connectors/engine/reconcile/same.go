package reconcile

import (
	"maps"

	"github.com/keptcrm/kept/state"
)

// Same says whether two values of a field mean the same to a system of this matrix.
func Same(field string, a, b []state.Value, matrix []Field, rules Rules) bool {
	f, ok := holds(matrix, field)
	if !ok {
		return false
	}
	return maps.Equal(keys(f, field, a, rules), keys(f, field, b, rules))
}

// Heeded says whether a system that says has keeps all refusals that it was told.
func Heeded(told, has []state.Said, rules Rules) bool {
	return len(untaken(nil, told, has, rules)) == 0
}

func keys(f Field, field string, vals []state.Value, rules Rules) map[string]bool {
	out := map[string]bool{}
	for _, v := range f.project(field, vals) {
		out[key(field, v, rules)] = true
	}
	return out
}
