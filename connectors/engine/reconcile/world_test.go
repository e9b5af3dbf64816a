package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

var rules = Rules{Region: "DE"}

// fields reads "company=Acme; phone=+49 1|work:+49 2; note=": one without values is there and empty.
func fields(t *testing.T, text string) []state.Field {
	t.Helper()
	var out []state.Field
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, vals, ok := strings.Cut(part, "=")
		if !ok {
			t.Fatalf("no field: %q", part)
		}
		f := state.Field{Name: name}
		for v := range strings.SplitSeq(vals, "|") {
			if v == "" {
				continue
			}
			val := state.Value{Text: v}
			if label, rest, ok := strings.Cut(v, ":"); ok && !strings.HasPrefix(rest, "//") {
				val = state.Value{Text: rest, Label: label}
			}
			if name == "address" {
				street, city, _ := strings.Cut(v, ",")
				val = state.Value{Parts: map[string]string{"street": street, "city": strings.TrimSpace(city)}}
			}
			f.Values = append(f.Values, val)
		}
		out = append(out, f)
	}
	return sorted(out)
}

// all is the matrix of a system that holds everything.
func all(names ...string) []Field {
	var m []Field
	for _, f := range append([]string{"given", "family", "company", "title", "note", "birthday", "custom.", "email", "phone", "tag", "address", "url", "handle", "consent"}, names...) {
		m = append(m, Field{Name: f, Read: true, Write: true})
	}
	return m
}

// only is the matrix of a system that holds these, written "phone:1" for one value and "note/20" for
// 20 characters, "-title" for one that it does not take.
func only(names ...string) []Field {
	var m []Field
	for _, n := range names {
		f := Field{Read: true, Write: true}
		if rest, ok := strings.CutPrefix(n, "-"); ok {
			n, f.Write = rest, false
		}
		name, long, ok := strings.Cut(n, "/")
		if ok {
			_, _ = fmt.Sscan(long, &f.Long)
		}
		name, many, ok := strings.Cut(name, ":")
		if ok {
			_, _ = fmt.Sscan(many, &f.Many)
		}
		f.Name = name
		m = append(m, f)
	}
	return m
}

// said reads "email marketing opted_out a@x.example | sms all granted +49 1".
func said(text string) []state.Said {
	var out []state.Said
	for part := range strings.SplitSeq(text, "|") {
		if w := strings.Fields(part); len(w) >= 3 {
			out = append(out, state.Said{Channel: w[0], Purpose: w[1], State: w[2], Address: strings.Join(w[3:], " ")})
		}
	}
	return out
}

type option func(*testing.T, *Side)

func was(text string) option {
	return func(t *testing.T, s *Side) { s.Shadow.Fields = fields(t, text) }
}
func owing(text string) option {
	return func(t *testing.T, s *Side) { s.Shadow.Owed = fields(t, text) }
}
func holding(m []Field) option { return func(_ *testing.T, s *Side) { s.Matrix = m } }
func says(text string) option  { return func(_ *testing.T, s *Side) { s.Consents = said(text) } }
func pull(_ *testing.T, s *Side) {
	s.Writable = false
}
func push(_ *testing.T, s *Side) { s.Silent = true }
func gone(_ *testing.T, s *Side) { s.Gone, s.Fields = true, nil }
func propagates(_ *testing.T, s *Side) {
	s.PropagateDeletes = true
}
func keeps(_ *testing.T, s *Side) { s.CanDelete = false }
func hand(_ *testing.T, s *Side) {
	s.Hand, s.Writable, s.CanDelete, s.Matrix = true, false, false, nil
}
func removing(text string) option {
	return func(t *testing.T, s *Side) { s.Removed = fields(t, text) }
}
func owns(names ...string) option {
	return func(_ *testing.T, s *Side) { s.Owns = func(f string) bool { return slices.Contains(names, f) } }
}
func at(hour int) option {
	return func(_ *testing.T, s *Side) { s.Modified = time.Date(2026, 3, 1, hour, 0, 0, 0, time.UTC) }
}

func side(t *testing.T, name, now string, opts ...option) Side {
	t.Helper()
	s := Side{Connection: name, ID: "1", Fields: fields(t, now), Matrix: all(), Writable: true, CanDelete: true}
	for _, o := range opts {
		o(t, &s)
	}
	s.Fields = slices.DeleteFunc(s.Fields, func(f state.Field) bool { return len(f.Values) == 0 && !s.Hand })
	return s
}

func shown(vals []state.Value) string {
	var out []string
	for _, v := range vals {
		s := v.Text
		if len(v.Parts) > 0 {
			s = v.Parts["street"] + ", " + v.Parts["city"]
		}
		if v.Label != "" {
			s = v.Label + ":" + s
		}
		out = append(out, s)
	}
	return "[" + strings.Join(out, "|") + "]"
}

// lines show what was decided, sides by their connections.
func lines(sides []Side, out Outcome) string {
	var l []string
	for _, w := range out.Writes {
		if w.Delete {
			l = append(l, "delete "+sides[w.Side].Connection)
		}
		for _, c := range w.Changes {
			from := "?"
			if c.From >= 0 {
				from = sides[c.From].Connection
			}
			l = append(l, fmt.Sprintf("%s %s %s -> %s %s, %s", sides[w.Side].Connection, c.Field, shown(c.Before), shown(c.After), c.Why, from))
		}
	}
	for _, c := range out.Conflicts {
		var who []string
		for i, s := range c.Sides {
			who = append(who, sides[s].Connection+" "+shown(c.Values[i]))
		}
		slices.Sort(who)
		l = append(l, "conflict "+c.Field+": "+strings.Join(who, ", "))
	}
	for _, b := range out.HandTakenBack {
		s := "back " + b.Field
		if b.Value != nil {
			s += " " + shown([]state.Value{*b.Value})
		}
		l = append(l, s)
	}
	for i, sh := range out.Shadows {
		for _, f := range sh.Owed {
			if !slices.ContainsFunc(out.Writes, func(w Write) bool {
				return w.Side == i && slices.ContainsFunc(w.Changes, func(c Change) bool { return c.Field == f.Name })
			}) {
				l = append(l, fmt.Sprintf("%s owes %s %s", sides[i].Connection, f.Name, shown(f.Values)))
			}
		}
	}
	slices.Sort(l)
	return strings.Join(l, "\n")
}

// carried gives the sides as they are once an outcome was carried out: all that was written is
// there, as the systems hold it, and what was taken back by hand is not set any more.
func carried(sides []Side, out Outcome, rules Rules, system func(Side, []state.Field) []state.Field) []Side {
	next := slices.Clone(sides)
	for i := range next {
		next[i].Shadow = out.Shadows[i]
	}
	for _, w := range out.Writes {
		s := &next[w.Side]
		if w.Delete {
			s.Gone, s.Fields = true, nil
			s.Shadow = Confirm(s.Shadow, w, nil, nil, rules)
			continue
		}
		s.Fields, s.Consents = w.Fields, w.Consents
		if system != nil {
			s.Fields = system(*s, w.Fields)
		}
		s.Shadow = Confirm(s.Shadow, w, s.Fields, s.Consents, rules)
	}
	for i := range next {
		if next[i].Hand {
			next[i].Fields, next[i].Removed = takenBack(next[i], out.HandTakenBack)
		}
	}
	return next
}

func takenBack(s Side, taken []Taken) (set, removed []state.Field) {
	set, removed = sorted(s.Fields), sorted(s.Removed)
	for _, t := range taken {
		if t.Value == nil {
			set = drop(set, t.Field)
			continue
		}
		off := func(fs []state.Field) []state.Field {
			vals := slices.DeleteFunc(slices.Clone(valuesOf(fs, t.Field)), func(v state.Value) bool { return v.Text == t.Value.Text })
			if fs = drop(fs, t.Field); len(vals) > 0 {
				fs = put(fs, t.Field, vals)
			}
			return fs
		}
		set, removed = off(set), off(removed)
	}
	return set, removed
}

// decide reconciles and checks what must hold of every outcome: the order of the sides does not
// matter, what went in is as it was, and once all is carried out there is nothing left to do.
func decide(t *testing.T, sides []Side, rules Rules) Outcome {
	t.Helper()
	before := fmt.Sprint(sides)
	out := Reconcile(sides, rules)
	if fmt.Sprint(sides) != before {
		t.Fatalf("the sides were changed:\n%s\n%s", before, fmt.Sprint(sides))
	}
	back := slices.Clone(sides)
	slices.Reverse(back)
	if a, b := lines(sides, out), lines(back, Reconcile(back, rules)); a != b {
		t.Fatalf("the order of the sides matters:\n%s\n\n%s", a, b)
	}
	next := carried(sides, out, rules, nil)
	again := Reconcile(next, rules)
	again.Conflicts, out.Conflicts = nil, slices.Clone(out.Conflicts)
	if !again.Still() {
		t.Fatalf("after\n%s\nthere is still\n%s", lines(sides, out), lines(next, again))
	}
	return out
}
