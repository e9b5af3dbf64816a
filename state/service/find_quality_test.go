package service

import (
	"cmp"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/identity/pinyin"
)

// BenchmarkFindTarget asks for the customer with whom was dealt last among all who are called alike, in a state as that of
// [BenchmarkFind], and says how often it is the first hit and among the first ten.
func BenchmarkFindTarget(b *testing.B) {
	n := 100_000
	if s := os.Getenv("KEPT_BENCH_CUSTOMERS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	store := benchState(b, n)
	s := New(store, nil, Config{Region: "DE"}, time.Now)
	// An earlier number among equals, as find ranks.
	better := func(a, o int) bool { return cmp.Or(cmp.Compare(dealt(a), dealt(o)), cmp.Compare(a, o)) < 0 }
	for _, k := range []struct {
		name  string
		key   func(*benchPerson) string // who have the same are called alike; "": nobody's
		query func(*rand.Rand, *benchPerson) string
	}{
		{"full_name", fullLatin, func(_ *rand.Rand, p *benchPerson) string { return fullLatin(p) }},
		{"typo", fullLatin, func(r *rand.Rand, p *benchPerson) string { return p.given + " " + typo(r, p.family) }},
		{"han", fullHan, func(_ *rand.Rand, p *benchPerson) string { return fullHan(p) }},
		{"pinyin", fullPinyin, func(_ *rand.Rand, p *benchPerson) string { return fullPinyin(p) }},
		{"given_city", func(p *benchPerson) string { return latinOnly(p, p.given+" "+p.family+" "+p.city) },
			func(_ *rand.Rand, p *benchPerson) string { return p.given + " " + p.family + " " + p.city }},
	} {
		b.Run(k.name, func(b *testing.B) {
			best := map[string]int{}
			for i := 1; i <= n; i++ {
				if key := k.key(personOf(i)); key != "" {
					if had, ok := best[key]; !ok || better(i, had) {
						best[key] = i
					}
				}
			}
			r := rand.New(rand.NewPCG(11, uint64(len(k.name))))
			first, ten, all := 0, 0, 0
			for b.Loop() {
				// As often as people are called so.
				p := personOf(r.IntN(n) + 1)
				for k.key(p) == "" {
					p = personOf(r.IntN(n) + 1)
				}
				out, err := s.Find(context.Background(), FindIn{Query: k.query(r, p)})
				if err != nil {
					b.Fatal(err)
				}
				want := state.Customers.Ref(uint64(best[k.key(p)]))
				at := slices.IndexFunc(out.Hits, func(h Hit) bool { return h.Customer.Number == want })
				all++
				if at == 0 {
					first++
				}
				if at >= 0 && at < 10 {
					ten++
				}
			}
			b.ReportMetric(float64(first)/float64(all), "hit@1")
			b.ReportMetric(float64(ten)/float64(all), "hit@10")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func fullLatin(p *benchPerson) string { return latinOnly(p, p.given+" "+p.family) }
func fullHan(p *benchPerson) string   { return hanOnly(p, p.family+p.given) }

func fullPinyin(p *benchPerson) string {
	return hanOnly(p, pinyin.Surname(p.family)+" "+pinyin.Of(p.given))
}

// dealt is how many hours ago somebody last dealt with the n-th customer.
func dealt(n int) int {
	if n%5 == 0 {
		return n % 1000
	}
	return 1_000_000
}

// benchState opens the state that benchmarks ask, and makes it where it is not there.
func benchState(b *testing.B, n int) *bolt.Store {
	b.Helper()
	path := os.Getenv("KEPT_BENCH_STATE")
	if path == "" {
		path = filepath.Join(b.TempDir(), "kept.db")
	}
	_, err := os.Stat(path)
	store, openErr := bolt.Open(path, bolt.Options{Kinds: state.Kinds(), Timeout: time.Second})
	if openErr != nil {
		b.Fatal(openErr)
	}
	b.Cleanup(func() { _ = store.Close() })
	if err != nil {
		populate(b, store, n)
	}
	return store
}
