package cmd

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/service"
)

// sizedState is the state that scripts/bench made, or an empty one where nobody did.
func sizedState(b *testing.B) string {
	if path := os.Getenv("KEPT_BENCH_STATE"); path != "" {
		return path
	}
	return filepath.Join(b.TempDir(), "kept.db")
}

func sizedService(b *testing.B) *service.Service {
	store, err := bolt.Open(sizedState(b), bolt.Options{Kinds: state.Kinds()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	return service.New(store, nil, service.Config{}, time.Now)
}

// BenchmarkSizeFind asks for people inside one process, each question once.
func BenchmarkSizeFind(b *testing.B) {
	queries := strings.FieldsFunc(os.Getenv("KEPT_BENCH_QUERIES"), func(r rune) bool { return r == '\n' })
	if len(queries) == 0 {
		queries = []string{"jana", "köhler", "王芳"}
	}
	api := sizedService(b).API()
	ctx := context.Background()
	if _, err := api.Find(ctx, service.FindIn{Query: queries[0]}); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	n := 0
	for b.Loop() {
		begun := time.Now()
		if _, err := api.Find(ctx, service.FindIn{Query: queries[n%len(queries)]}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begun))
		n++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
}

// BenchmarkSizeHistory reads the newest 50 entries of the longest history.
func BenchmarkSizeHistory(b *testing.B) {
	ref := os.Getenv("KEPT_BENCH_CUSTOMER")
	if ref == "" {
		return // only scripts/bench knows who has one
	}
	api := sizedService(b).API()
	ctx := context.Background()
	for b.Loop() {
		h, err := api.History(ctx, service.HistoryIn{Ref: ref, Limit: 50})
		if err != nil || len(h.Entries) != 50 {
			b.Fatal(len(h.Entries), err)
		}
	}
}

// BenchmarkSizeOpen opens and closes a state.
func BenchmarkSizeOpen(b *testing.B) {
	path := sizedState(b)
	for b.Loop() {
		store, err := bolt.Open(path, bolt.Options{Kinds: state.Kinds()})
		if err != nil {
			b.Fatal(err)
		}
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
