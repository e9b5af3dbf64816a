package cmd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/bot/slack"
	"github.com/keptcrm/kept/bot/slacktest"
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

// BenchmarkSlack asks /kept brief cN in Slack, from the arrival of the command to the answer at its
// response_url, in a state of KEPT_BENCH_CUSTOMERS customers with two activities each: alone, while pages of a
// sync are written without a pause, and 50 at once beside that. Beside it: the service in this process without
// Slack ([BenchmarkBriefOfCrowd]), and the limit, Slack's 3 seconds.
func BenchmarkSlack(b *testing.B) {
	n := crowdSize(b)
	store := crowdState(b, n)
	svc := crowdService(b, store)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := svc.API().StaffAdd(ctx, service.StaffAddIn{Name: "Ana Lima", Login: "ana", Role: "manager", Slack: []string{slacktest.Team + ":U1"}}); err != nil {
		b.Fatal(err)
	}
	workspace := slacktest.New(slacktest.Options{Burst: 10_000_000})
	if err := workspace.Start(); err != nil {
		b.Fatal(err)
	}
	defer workspace.Close()
	workspace.AddUser(slacktest.User{ID: "U1", Name: "Ana Lima"})
	app := slack.New(slack.Options{AppToken: slacktest.AppToken, BotToken: slacktest.BotToken, URL: workspace.URL(), API: svc.API()})
	ended := make(chan struct{})
	go func() { defer close(ended); app.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	if err := workspace.AwaitSockets(ctx, 1); err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	ask := func(number int) (time.Duration, error) {
		begun := time.Now()
		d := workspace.Command("U1", "C1", fmt.Sprintf("/kept brief c%d", number))
		m, err := workspace.Await(ctx, "U1", func(m slacktest.Message) bool { return m.After == d })
		if err == nil && m.Via != "response_url" {
			err = fmt.Errorf("the answer came by %s: %s", m.Via, m.Text)
		}
		return time.Since(begun), err
	}
	measure := func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			t, err := ask(1 + r.IntN(n))
			if err != nil {
				b.Fatal(err)
			}
			took = append(took, t)
		}
		percentiles(b, took)
	}
	b.Run("alone", measure)
	b.Run("while_a_sync_writes", func(b *testing.B) {
		pages, stop := writing(b, store)
		measure(b)
		stop()
		b.ReportMetric(float64(pages.Load()), "pages")
	})
	b.Run("fifty_at_once", func(b *testing.B) {
		pages, stop := writing(b, store)
		var took []time.Duration
		for b.Loop() {
			var all sync.WaitGroup
			var mu sync.Mutex
			numbers := make([]int, 50)
			for i := range numbers {
				numbers[i] = 1 + r.IntN(n)
			}
			for _, number := range numbers {
				all.Go(func() {
					t, err := ask(number)
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						b.Error(err)
					}
					took = append(took, t)
				})
			}
			all.Wait()
		}
		percentiles(b, took)
		stop()
		b.ReportMetric(float64(pages.Load()), "pages")
	})
}

// writing tells new versions of contacts without a pause, in transactions as small as those of a process that
// serves, until stop is called.
func writing(b *testing.B, store state.Store) (pages *atomic.Int64, stop func()) {
	pages = new(atomic.Int64)
	over, ended := make(chan struct{}), make(chan struct{})
	svc := crowdService(b, store)
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			default:
			}
			err := svc.Do(context.Background(), "sync.page", nil, func(w *state.Writer) error {
				number, err := state.Runs.Next(w)
				if err != nil {
					return err
				}
				run := &state.Run{Number: number, Kind: "sync", Connection: "shop", State: state.RunDone, Started: time.Now().UTC()}
				var told []service.Told
				for k := range 20 {
					x := 1 + (i*20+k)%1000
					f := faceOf(x)
					told = append(told, service.Told{Connection: "shop", Kind: state.KindContact, ID: fmt.Sprint(x), Keyed: state.KeyedID, Version: state.Version{
						Modified: time.Now().UTC(), Fields: []state.Field{{Name: "email", Values: []state.Value{{Text: f.email}}},
							{Name: "family", Values: []state.Value{{Text: fmt.Sprintf("%s %d", f.family, i)}}}}}})
				}
				_, err = svc.Tell(w, run, told)
				return err
			})
			if err != nil {
				b.Error(err)
				return
			}
			pages.Add(1)
		}
	}()
	return pages, func() { close(over); <-ended }
}
