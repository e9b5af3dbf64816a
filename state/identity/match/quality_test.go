package match_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/internal/race"
	"github.com/keptcrm/kept/state/identity/match"
)

// sharedData is where the public sets with known truth lie, beside the checkout.
const sharedData = "../../../../shared/data"

// quality compares groups with the truth, pair by pair.
type quality struct{ precision, recall, f1 float64 }

func pairsOf(n int) float64 { return float64(n) * float64(n-1) / 2 }

func measure(groups []int32, truth []string) quality {
	type both struct {
		group int32
		truth string
	}
	byGroup, byTruth, byBoth := map[int32]int{}, map[string]int{}, map[both]int{}
	for i, g := range groups {
		byGroup[g]++
		byTruth[truth[i]]++
		byBoth[both{g, truth[i]}]++
	}
	said, real, right := 0.0, 0.0, 0.0
	for _, n := range byGroup {
		said += pairsOf(n)
	}
	for _, n := range byTruth {
		real += pairsOf(n)
	}
	for _, n := range byBoth {
		right += pairsOf(n)
	}
	q := quality{precision: 1, recall: 1}
	if said > 0 {
		q.precision = right / said
	}
	if real > 0 {
		q.recall = right / real
	}
	if q.precision+q.recall > 0 {
		q.f1 = 2 * q.precision * q.recall / (q.precision + q.recall)
	}
	return q
}

// set is a table with its truth.
type set struct {
	columns []match.Column
	rows    [][]string
	truth   []string
}

func (s set) table() *match.Table {
	t := match.NewTable(s.columns)
	t.AddRows(s.rows)
	return t
}

// publicSet reads one of the sets beside the checkout, its key left out, and further columns.
func publicSet(tb testing.TB, name string, without ...string) set {
	tb.Helper()
	read := func(file string) [][]string {
		f, err := os.Open(filepath.Join(sharedData, name, file))
		if err != nil {
			tb.Skipf("the set %s is not beside this checkout: %v", name, err)
		}
		defer func() { _ = f.Close() }()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			tb.Fatal(err)
		}
		return rows
	}
	rows, truth := read("records.csv"), read("truth.csv")
	entity := map[string]string{}
	for _, r := range truth[1:] {
		entity[r[0]] = r[1]
	}
	var s set
	for i, name := range rows[0] {
		c := match.Column{Name: name}
		if i == 0 || slices.Contains(without, name) {
			c.Role = match.Ignored
		}
		s.columns = append(s.columns, c)
	}
	s.rows = rows[1:]
	for _, r := range s.rows {
		s.truth = append(s.truth, entity[r[0]])
	}
	return s
}

// goals are the figures that must be reached, with one configuration for all sets.
var goals = []struct {
	set     string
	rows    int // about
	without []string
	f1      float64
}{
	{"er_febrl1", 1000, []string{"soc_sec_id"}, 0.995},
	{"er_febrl2", 5000, []string{"soc_sec_id"}, 0.99},
	{"er_fake1000", 1000, nil, 0.86},
	{"er_dedupe_sites", 5000, nil, 0.85},
}

// made are sets that are made up, in the shape of others that nobody has here; they must not be tuned for.
var made = []struct {
	name string
	make func(int) set
	rows int
	f1   float64
}{
	{"made historical", historical, 50_000, 0.83},
	{"made register", register, 10_000, 0.95},
	{"made households", households, 10_000, 0.97},
	{"made customers", customers, 50_000, 0.95},
}

const sureGoal = 0.995

// TestQuality holds the goals on the public sets, and on small made-up ones that nobody who did not
// exist is linked for sure.
func TestQuality(t *testing.T) {
	t.Parallel()
	for _, g := range goals {
		if race.Enabled && g.rows > 2000 {
			continue
		}
		t.Run(g.set, func(t *testing.T) {
			t.Parallel()
			s := publicSet(t, g.set, g.without...)
			r := match.Run(s.table(), nil)
			if c := measure(r.Cluster, s.truth); c.f1 < g.f1 {
				t.Errorf("cluster F1 is %.4f, the goal is %.3f", c.f1, g.f1)
			}
			if sure := measure(r.Sure, s.truth); sure.precision < sureGoal {
				t.Errorf("sure precision is %.4f, the goal is %.3f", sure.precision, sureGoal)
			}
		})
	}
	for _, g := range []struct {
		name string
		make func(int) set
		f1   float64
	}{{"historical", historical, 0.9}, {"customers", customers, 0.95}} {
		t.Run("made "+g.name, func(t *testing.T) {
			t.Parallel()
			s := g.make(race.Size(2000, 500))
			r := match.Run(s.table(), nil)
			if c := measure(r.Cluster, s.truth); c.f1 < g.f1 {
				t.Errorf("cluster F1 is %.4f, at least %.2f is expected", c.f1, g.f1)
			}
			if sure := measure(r.Sure, s.truth); sure.precision < 0.99 {
				t.Errorf("sure precision is %.4f", sure.precision)
			}
		})
	}
}

// TestBench prints the table of make bench-match.
func TestBench(t *testing.T) {
	if os.Getenv("KEPT_BENCH_MATCH") == "" {
		t.Skip("minutes of work: make bench-match prints the table; TestQuality holds the goals")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-18s %7s | %-22s %6s %6s | %-22s %6s | %s\n", "set", "rows", "cluster P / R / F1", "goal", "", "sure P / R / F1", "goal P", "time")
	line := func(name string, s set, goal float64) {
		start := time.Now()
		r := match.Run(s.table(), nil)
		took := time.Since(start)
		c, sure := measure(r.Cluster, s.truth), measure(r.Sure, s.truth)
		mark := func(ok bool) string {
			if ok {
				return "met"
			}
			return "MISSED"
		}
		fmt.Fprintf(&b, "%-18s %7d | %.4f / %.4f / %.4f %6.3f %6s | %.4f / %.4f / %.4f %6s | %v\n", name, len(s.rows),
			c.precision, c.recall, c.f1, goal, mark(c.f1 >= goal), sure.precision, sure.recall, sure.f1, mark(sure.precision >= sureGoal), took.Round(time.Millisecond))
	}
	for _, g := range goals {
		t.Run(g.set, func(t *testing.T) { line(g.set, publicSet(t, g.set, g.without...), g.f1) })
	}
	if n, err := strconv.Atoi(os.Getenv("KEPT_BENCH_ROWS")); err == nil && n > 0 {
		line("made customers", customers(n), 0.95)
	}
	for _, g := range made {
		line(g.name, g.make(g.rows), g.f1)
	}
	fmt.Print(b.String())
}
