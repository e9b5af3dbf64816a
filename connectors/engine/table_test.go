package engine

import "testing"

func TestOtherTable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		before, now []string
		other       bool
	}{
		{"the same", []string{"id", "name", "email"}, []string{"id", "name", "email"}, false},
		{"a column more", []string{"id", "name", "email"}, []string{"id", "name", "email", "phone"}, false},
		{"a column fewer", []string{"id", "name", "email", "phone"}, []string{"id", "name"}, false},
		{"members and suppliers", []string{"id", "name", "joined", "fee"}, []string{"id", "firma", "ort", "steuernummer"}, true},
		{"nothing known of the one before", nil, []string{"id", "name"}, false},
	} {
		if got := otherTable(tc.before, tc.now); got != tc.other {
			t.Errorf("%s: otherTable = %v, want %v", tc.name, got, tc.other)
		}
	}
}
