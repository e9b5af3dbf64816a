package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

var pool = map[string][]string{
	"given":   {"Jana", "伟", "محمد"},
	"family":  {"Köhler", "李", "علي", "Müller"},
	"company": {"Acme", "上海市第一光学仪器有限责任公司", "Sternwarte Lübeck e. V.", "🌸🌸🌸 Blumen"},
	"note":    {"ruft an", "a\r\nb", "  安静  "},
	"email":   {"jana@x.example", "info@sternwarte.example", "li@例子.example", "m@x.example"},
	"phone":   {"+49 171 1234567", "+86 138 0013 8000", "0451 901820", "+1 212 555 0100"},
	"tag":     {"VIP", "贵宾", "🌸", "عميل"},
}

var scalars = []string{"company", "family", "given", "note"}
var listed = []string{"email", "phone", "tag"}

// spelled gives a value as a system may write it.
func spelled(t *rapid.T, field, v string) string {
	switch rapid.IntRange(0, 3).Draw(t, "spelling") {
	case 0:
		if field == "email" || field == "tag" {
			return strings.ToUpper(v)
		}
	case 1:
		if field == "phone" {
			return strings.ReplaceAll(strings.ReplaceAll(v, " ", ""), "+", "00")
		}
		return " " + v + " "
	}
	return v
}

// system is what a system makes of what it is given.
func system(s Side, fs []state.Field) []state.Field {
	var out []state.Field
	for _, f := range fs {
		caps, ok := holds(s.Matrix, f.Name)
		if !ok {
			continue
		}
		vals := slices.Clone(f.Values)
		if caps.Many > 0 && len(vals) > caps.Many {
			vals = vals[:caps.Many]
		}
		for i := range vals {
			switch {
			case f.Name == "email":
				vals[i].Text = strings.ToLower(strings.TrimSpace(vals[i].Text))
			case f.Name == "phone":
				if k := key("phone", vals[i], rules); strings.HasPrefix(k, "+") {
					vals[i].Text, _, _ = strings.Cut(k, ";")
				}
			case f.Name == "tag":
				vals[i].Text = strings.ToLower(strings.TrimSpace(vals[i].Text))
			case caps.Long > 0:
				vals[i].Text = cut(vals[i].Text, caps.Long)
			default:
				vals[i].Text = strings.TrimSpace(vals[i].Text)
			}
		}
		if vals = filled(vals); len(vals) > 0 {
			out = append(out, state.Field{Name: f.Name, Values: vals})
		}
	}
	return sorted(out)
}

func matrix(t *rapid.T) []Field {
	var m []Field
	for f := range pool {
		m = append(m, Field{Name: f, Read: true, Write: true})
	}
	slices.SortFunc(m, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	for i := range m {
		switch rapid.IntRange(0, 7).Draw(t, "holds "+m[i].Name) {
		case 0:
			m[i].Many = 1
		case 1:
			if !lists[m[i].Name] {
				m[i].Long = 8
			} else {
				m[i].Many = 2
			}
		case 2:
			m[i].Read, m[i].Write = false, false
		}
		if !lists[m[i].Name] {
			m[i].Many = 1
		}
	}
	return append(m, Field{Name: "consent", Read: true, Write: true})
}

// world is a customer at some systems, over time.
type world struct {
	sides   []Side
	clock   int
	touched map[string]bool // elements that anybody took away
}

func newWorld(t *rapid.T) *world {
	w := &world{touched: map[string]bool{}}
	for range rapid.IntRange(2, 3).Draw(t, "sides") {
		w.join(t)
	}
	return w
}

// join has one more system know the customer.
func (w *world) join(t *rapid.T) {
	i := len(w.sides)
	w.sides = append(w.sides, Side{Connection: fmt.Sprintf("s%d", i), ID: "1", Matrix: matrix(t), Writable: true, CanDelete: true})
	for range rapid.IntRange(0, 5).Draw(t, "things") {
		w.edit(t, i)
	}
}

// edit lets somebody change something at a side.
func (w *world) edit(t *rapid.T, i int) string {
	s := &w.sides[i]
	field := rapid.SampledFrom(append(slices.Clone(scalars), listed...)).Draw(t, "field")
	caps, _ := holds(s.Matrix, field)
	if !caps.Read {
		return ""
	}
	w.clock++
	s.Modified = time.Unix(int64(w.clock), 0)
	fs := sorted(s.Fields)
	vals := slices.Clone(valuesOf(fs, field))
	v := state.Value{Text: spelled(t, field, rapid.SampledFrom(pool[field]).Draw(t, "value"))}
	off := func(at int) {
		w.touched[field+key(field, vals[at], rules)] = true
	}
	at := 0
	if len(vals) > 0 {
		at = rapid.IntRange(0, len(vals)-1).Draw(t, "at")
	}
	switch what := rapid.IntRange(0, 3).Draw(t, "what"); {
	case what == 0 && len(vals) > 0:
		off(at)
		vals = slices.Delete(vals, at, at+1)
	case len(vals) > 0 && (caps.Many == 1 || what == 1):
		off(at)
		vals[at] = v
	case caps.Many == 0 || len(vals) < caps.Many:
		vals = append(vals, v)
	}
	if fs = drop(fs, field); len(vals) > 0 {
		fs = put(fs, field, vals)
	}
	s.Fields = system(*s, fs)
	return field
}

// run reconciles and carries out; fate says of each write whether it arrived and whether we know.
func (w *world) run(t *rapid.T, r Rules, fate func() (arrived, known bool)) Outcome {
	out := Reconcile(w.sides, r)
	for i := range w.sides {
		w.sides[i].Shadow = out.Shadows[i]
	}
	for _, x := range out.Writes {
		s := &w.sides[x.Side]
		arrived, known := fate()
		if !arrived {
			continue
		}
		s.Fields, s.Consents = system(*s, x.Fields), x.Consents
		if known {
			s.Shadow = Confirm(s.Shadow, x, s.Fields, s.Consents, r)
		}
	}
	return out
}

func sure() (bool, bool) { return true, true }

// settle answers all and runs until nothing is left, which must not take long.
func (w *world) settle(t *rapid.T, r Rules) {
	for round := range 4 {
		out := w.run(t, r, sure)
		if out.Still() {
			return
		}
		if again := Reconcile(w.sides, r); len(again.Writes) > 0 {
			t.Fatalf("the second run writes in round %d:\n%s\nafter\n%s\nsides %s", round, lines(w.sides, again), lines(w.sides, out), w)
		}
		for _, c := range out.Conflicts {
			chosen := rapid.IntRange(0, len(c.Sides)-1).Draw(t, "chosen")
			for i, sh := range Answer(w.sides, c.Field, c.Values[chosen], r) {
				w.sides[i].Shadow = sh
			}
		}
	}
	t.Fatalf("it comes to no end: %s", w)
}

func (w *world) String() string {
	var b strings.Builder
	for _, s := range w.sides {
		fmt.Fprintf(&b, "\n%s", s.Connection)
		for _, f := range s.Fields {
			fmt.Fprintf(&b, " %s=%s", f.Name, shown(f.Values))
		}
		b.WriteString(" | was")
		for _, f := range s.Shadow.Fields {
			if len(f.Values) > 0 {
				fmt.Fprintf(&b, " %s=%s", f.Name, shown(f.Values))
			}
		}
		b.WriteString(" | owes")
		for _, f := range s.Shadow.Owed {
			fmt.Fprintf(&b, " %s=%s", f.Name, shown(f.Values))
		}
	}
	return b.String()
}

// agree checks that all systems say the same, as far as they can hold it.
func (w *world) agree(t *rapid.T) {
	for _, f := range scalars {
		for i := range w.sides {
			for j := range w.sides[:i] {
				a, okA := holds(w.sides[i].Matrix, f)
				b, okB := holds(w.sides[j].Matrix, f)
				x, y := valuesOf(w.sides[i].Fields, f), valuesOf(w.sides[j].Fields, f)
				if okA && okB && a.Read && b.Read && scalarKey(f, x, a, b, rules) != scalarKey(f, y, b, a, rules) {
					t.Fatalf("%s: %s and %s differ:%s", f, shown(x), shown(y), w)
				}
			}
		}
	}
	for _, f := range listed {
		m := merge{rules: rules}
		var whole []string
		for pass := range 2 {
			for i := range w.sides {
				caps, ok := holds(w.sides[i].Matrix, f)
				keys := m.keySet(f, valuesOf(w.sides[i].Fields, f))
				if !ok || !caps.Read || caps.Many > 0 != (pass == 1) {
					continue
				}
				if pass == 0 && whole == nil {
					whole = append([]string{}, keys...)
				}
				if pass == 0 && !slices.Equal(keys, whole) {
					t.Fatalf("%s: %q and %q differ:%s", f, keys, whole, w)
				}
				if pass == 1 && whole != nil && slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(whole, k) }) {
					t.Fatalf("%s: %q is not of %q:%s", f, keys, whole, w)
				}
			}
		}
	}
}

// However often people edit, writes fail and answers are lost, in the end all systems say the same
// and nobody's addition that nobody took away is lost.
func TestConverges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rules
		r.Newest = rapid.Bool().Draw(t, "newest")
		w := newWorld(t)
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			switch i := rapid.IntRange(0, len(w.sides)-1).Draw(t, "side"); rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1, 2:
				w.edit(t, i)
			case 3:
				if len(w.sides) > 3 || rapid.Bool().Draw(t, "toggle") {
					w.sides[i].Writable = !w.sides[i].Writable
					continue
				}
				w.join(t)
			default:
				w.run(t, r, func() (bool, bool) {
					return rapid.IntRange(0, 2).Draw(t, "arrives") > 0, rapid.IntRange(0, 2).Draw(t, "answers") > 0
				})
			}
		}
		var added []string
		for i := range w.sides {
			w.sides[i].Writable = true
		}
		for _, f := range listed {
			for i := range w.sides {
				caps, _ := holds(w.sides[i].Matrix, f)
				for _, v := range valuesOf(w.sides[i].Fields, f) {
					if k := f + key(f, v, rules); caps.Read && !w.touched[k] {
						added = append(added, k)
					}
				}
			}
		}
		w.settle(t, r)
		w.agree(t)
		for i := range w.sides {
			for _, f := range listed {
				caps, _ := holds(w.sides[i].Matrix, f)
				if !caps.Read || caps.Many > 0 {
					continue
				}
				for _, k := range added {
					if strings.HasPrefix(k, f) && !has((&merge{rules: rules}).elementsOf(f, valuesOf(w.sides[i].Fields, f)), strings.TrimPrefix(k, f)) {
						t.Fatalf("%s lost %s:%s", w.sides[i].Connection, k, w)
					}
				}
			}
		}
	})
}

// An edit of one field at one side, where all were in step, reaches all that can hold it, and
// changes no other field.
func TestOneEditReachesAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.settle(t, rules)
		i := rapid.IntRange(0, len(w.sides)-1).Draw(t, "side")
		field := w.edit(t, i)
		if field == "" {
			return
		}
		out := w.run(t, rules, sure)
		if len(out.Conflicts) > 0 {
			t.Fatalf("nobody else changed anything: %s%s", lines(w.sides, out), w)
		}
		for _, x := range out.Writes {
			for _, c := range x.Changes {
				if c.Field != field {
					t.Fatalf("%s was changed, not %s: %s", field, c.Field, lines(w.sides, out))
				}
			}
		}
		w.agree(t)
	})
}

// The order in which the sides are given does not matter.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := Rules{Region: "DE", Newest: rapid.Bool().Draw(t, "newest")}
		w := newWorld(t)
		w.run(t, r, func() (bool, bool) { return rapid.Bool().Draw(t, "arrives"), rapid.Bool().Draw(t, "answers") })
		for range rapid.IntRange(0, 4).Draw(t, "edits") {
			w.edit(t, rapid.IntRange(0, len(w.sides)-1).Draw(t, "side"))
		}
		if rapid.Bool().Draw(t, "hand") {
			w.sides = append(w.sides, Side{Connection: "kept", Hand: true, Fields: []state.Field{{Name: "company", Values: []state.Value{{Text: "Acme"}}}, {Name: "phone", Values: []state.Value{{Text: "+49 171 1234567"}}}}})
		}
		want := lines(w.sides, Reconcile(w.sides, r))
		other := rapid.Permutation(w.sides).Draw(t, "order")
		if got := lines(other, Reconcile(other, r)); got != want {
			t.Fatalf("got\n%s\nand\n%s\nof%s", got, want, w)
		}
	})
}

// Whatever is said anywhere, no write makes a word about consent weaker, and after a run no system
// says less than the strictest word about what it holds.
func TestConsentNeverWeakens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		word := rapid.Custom(func(t *rapid.T) state.Said {
			s := state.Said{Channel: rapid.SampledFrom([]string{"email", "phone", "all"}).Draw(t, "channel"),
				Purpose: rapid.SampledFrom([]string{"marketing", "all"}).Draw(t, "purpose"),
				State:   rapid.SampledFrom([]string{"granted", "withheld", "undeliverable", "opted_out", "lifted"}).Draw(t, "state")}
			s.Address = rapid.SampledFrom(append([]string{""}, append(slices.Clone(pool["email"]), pool["phone"]...)...)).Draw(t, "address")
			return s
		})
		for i := range w.sides {
			w.sides[i].Consents = rapid.SliceOfN(word, 0, 3).Draw(t, "consents")
		}
		before := slices.Clone(w.sides)
		w.run(t, rules, sure)
		for i := range w.sides {
			for _, old := range before[i].Consents {
				if !slices.ContainsFunc(w.sides[i].Consents, func(s state.Said) bool {
					return aboutOf(s, rules) == aboutOf(old, rules) && severity(s.State) >= severity(old.State)
				}) {
					t.Fatalf("%s said %v and says %v", w.sides[i].Connection, old, w.sides[i].Consents)
				}
			}
			m := merge{rules: rules}
			for j := range before {
				for _, told := range before[j].Consents {
					if a := aboutOf(told, rules); severity(told.State) > 0 && m.reaches(a, w.sides[i].Fields) && !slices.ContainsFunc(w.sides[i].Consents, func(s state.Said) bool {
						return aboutOf(s, rules).covers(a) && severity(s.State) >= severity(told.State)
					}) {
						t.Fatalf("%s holds what is refused (%v) and says %v", w.sides[i].Connection, told, w.sides[i].Consents)
					}
				}
			}
			for _, s := range w.sides[i].Consents {
				if severity(s.State) == 0 && !slices.Contains(before[i].Consents, s) {
					t.Fatalf("%s was told %v", w.sides[i].Connection, s)
				}
			}
		}
		if again := Reconcile(w.sides, rules); len(again.Writes) > 0 {
			t.Fatalf("told again: %s", lines(w.sides, again))
		}
	})
}
