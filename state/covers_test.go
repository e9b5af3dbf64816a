package state

import (
	"strings"
	"testing"
)

func TestCurrentCompletesPartialVersions(t *testing.T) {
	t.Parallel()
	full := func(fields ...string) Version { return Version{Fields: fieldsOf(fields)} }
	part := func(covers string, fields ...string) Version {
		return Version{Covers: strings.Fields(covers), Fields: fieldsOf(fields)}
	}
	gone := Version{Gone: true}
	for name, tc := range map[string]struct {
		versions []Version
		want     string
	}{
		"alone":                         {[]Version{part("email", "email=a")}, "email=a"},
		"keeps what it leaves open":     {[]Version{full("email=a", "phone=1"), part("email", "email=b")}, "email=b phone=1"},
		"clears what it speaks of":      {[]Version{full("email=a", "phone=1"), part("email phone", "email=b")}, "email=b"},
		"a full one ends it":            {[]Version{full("email=a", "phone=1"), full("email=b"), part("name", "name=J")}, "email=b name=J"},
		"over several":                  {[]Version{full("email=a", "phone=1"), part("phone", "phone=2"), part("name", "name=J")}, "email=a name=J phone=2"},
		"cleared between":               {[]Version{full("email=a", "phone=1"), part("phone"), part("name", "name=J")}, "email=a name=J"},
		"nothing before a deletion":     {[]Version{full("phone=1"), gone, part("email", "email=b")}, "email=b"},
		"deleted":                       {[]Version{full("phone=1"), gone}, ""},
		"the thing itself, not implied": {[]Version{{Implied: true, Fields: fieldsOf([]string{"phone=9"})}, part("email", "email=b")}, "email=b"},
	} {
		r := &Record{Versions: tc.versions}
		got := ""
		if v := r.Current(); v != nil {
			var parts []string
			for _, f := range v.Fields {
				parts = append(parts, f.Name+"="+f.Values[0].Text)
			}
			got = strings.Join(parts, " ")
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func fieldsOf(list []string) []Field {
	var out []Field
	for _, s := range list {
		name, text, _ := strings.Cut(s, "=")
		out = append(out, Field{Name: name, Values: []Value{{Text: text}}})
	}
	return out
}
