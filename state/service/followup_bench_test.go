package service

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/followup"
)

// BenchmarkRules measures passes of five rules over many customers with orders and mail: the first,
// which looks at everybody, and one after little has changed. scripts/bench-followups prints it;
// KEPT_BENCH_CUSTOMERS says how many.
func BenchmarkRules(b *testing.B) {
	n, _ := strconv.Atoi(os.Getenv("KEPT_BENCH_CUSTOMERS"))
	if n == 0 {
		n = 2000
	}
	store, err := bolt.Open(b.TempDir()+"/kept.db", bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	c := Config{Region: "DE", Zone: "Europe/Berlin"}
	for _, name := range []string{followup.Unanswered, followup.PromiseDue, followup.Delivered, followup.Silent, followup.Birthday} {
		r, _ := followup.Ready(name)
		c.Followups.Rules = append(c.Followups.Rules, &r)
	}
	s := New(store, nil, c, func() time.Time { return now })
	ctx := context.Background()
	for from := 0; from < n; from += 1000 {
		if err := s.Do(ctx, "bench", nil, func(w *state.Writer) error {
			run := &state.Run{Number: 1, Connection: "shop", State: state.RunDone}
			var told []Told
			for i := from; i < min(from+1000, n); i++ {
				id := strconv.Itoa(i)
				told = append(told, person1("shop", id, "name", fmt.Sprintf("Customer %d", i), "email", "c"+id+"@x.example", "birthday", fmt.Sprintf("1980-%02d-%02d", i%12+1, i%28+1)))
				for k := range 3 {
					o := bought("shop", fmt.Sprintf("%d-%d", i, k), id, now.AddDate(0, -k, -i%300), 4900, "EUR")
					o.Version.Order.Shipped = o.Version.Order.At
					told = append(told, o)
				}
			}
			_, err := s.Tell(w, run, told)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
	pass := func() time.Duration {
		began := time.Now()
		if _, err := s.FollowupRun(ctx, FollowupRunIn{}); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	for b.Loop() {
		first := pass()
		idle := pass()
		now = now.Add(24 * time.Hour)
		day := pass()
		b.ReportMetric(float64(first.Milliseconds()), "first-ms")
		b.ReportMetric(float64(idle.Microseconds())/1000, "idle-ms")
		b.ReportMetric(float64(day.Milliseconds()), "day-ms")
		b.ReportMetric(float64(n), "customers")
	}
}
