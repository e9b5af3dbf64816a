package cmd

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// crowdSize is how many customers are asked about: KEPT_BENCH_CUSTOMERS, or 10,000.
func crowdSize(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("KEPT_BENCH_CUSTOMERS"))
	if err != nil {
		n = 10_000
	}
	return n
}

func crowdService(b *testing.B, store state.Store) *service.Service {
	b.Helper()
	return service.New(store, nil, service.Config{Region: "DE", Zone: "Europe/Berlin"}, time.Now)
}

func briefOf(n int) service.BriefIn { return service.BriefIn{Ref: state.Customers.Ref(uint64(n))} }

func percentiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
}
