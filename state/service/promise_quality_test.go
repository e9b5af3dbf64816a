package service

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
)

// TestPromiseMailboxQuality puts the labelled mailboxes through all that decides what is asked, each message as one that Wei sent
// to somebody of his own, and prints the lines of make bench-promises about it.
func TestPromiseMailboxQuality(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"a", "b"} {
		h := office(t)
		h.s.config.Promises.Ask = 1000
		b, err := os.ReadFile(filepath.Join("..", "promise", "testdata", "mailbox_"+part+".txt"))
		h.ok(err)
		var letters []letter
		marked, marks := 0, map[string][]string{}
		for i, message := range strings.Split(string(b), "\n%%\n") {
			to := fmt.Sprintf("jana%dk@firm%d.example", i, i)
			for _, piece := range strings.Split(message, "«")[1:] {
				sentence, _, _ := strings.Cut(piece, "»")
				marks[to] = append(marks[to], strings.Join(strings.Fields(sentence), " "))
				marked++
			}
			letters = append(letters, letter{id: fmt.Sprint(part, i), from: weiMail, to: to, subject: "mail", day: 18, sent: true,
				text: strings.NewReplacer("«", "", "»", "").Replace(message)})
		}
		h.mails(letters...)
		h.watch()
		list := must[QuestionListOut](h)(h.s.QuestionList(as("wei"), QuestionListIn{Kind: state.QuestionPromise, Limit: -1}))
		right, found := 0, map[string]bool{}
		for _, q := range list.Questions {
			address := must[CustomerShowOut](h)(h.s.CustomerShow(as("wei"), CustomerShowIn{Ref: q.A.Number})).Customer.Identifiers[0].Value
			good := false
			for _, m := range marks[address] {
				if strings.Contains(m, q.Raw) || strings.Contains(q.Raw, m) {
					good, found[address+m] = true, true
				}
			}
			if good {
				right++
			} else if os.Getenv("KEPT_BENCH_PROMISES") == "errors" {
				t.Logf("wrongly asked: %s", q.Raw)
			}
		}
		precision := float64(right) / float64(max(len(list.Questions), 1))
		if precision < 0.8 {
			t.Errorf("mailbox %s: %d of %d asked are promises: %.3f, the goal 0.80", part, right, len(list.Questions), precision)
		}
		if len(found)*2 < marked {
			t.Errorf("mailbox %s: only %d of %d promises are asked", part, len(found), marked)
		}
		if os.Getenv("KEPT_BENCH_PROMISES") != "" {
			fmt.Printf("%-34s %5d  %-30s %6.3f  goal %.2f\n", "mailbox, part "+part+", as asked", len(letters), "precision of what is asked", precision, 0.8)
			fmt.Printf("%-34s %5d  %-30s %6.3f\n", "mailbox, part "+part+", as asked", marked, "of the promises marked, asked", float64(len(found))/float64(marked))
		}
	}
}

// BenchmarkPromiseWatch reads 10,000 new messages, of which one in ten promises something, in a state where as many are old.
func BenchmarkPromiseWatch(b *testing.B) {
	const messages = 10_000
	dir := b.TempDir()
	ctx := context.Background()
	for range b.N {
		b.StopTimer()
		store, err := bolt.Open(filepath.Join(dir, fmt.Sprint(time.Now().UnixNano(), ".db")), bolt.Options{Kinds: state.Kinds()})
		if err != nil {
			b.Fatal(err)
		}
		now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
		s := New(store, nil, Config{Region: "DE", Zone: "Europe/Berlin", Domains: []string{"nordlicht.example"}}, func() time.Time { return now })
		tell := func(run uint64, day time.Time) {
			for page := range messages / 500 {
				var told []Told
				for i := range 500 {
					n := page*500 + i
					text := "Thank you for the pleasant talk. The tripod is 1.40 m when folded.\nDo you have the size at hand?"
					if n%10 == 0 {
						text = fmt.Sprintf("It was good to see you.\nI will send you the quote %d for the dome by Tuesday.", n)
					}
					m := letter{id: fmt.Sprint(run, "-", n), from: weiMail, to: fmt.Sprintf("c%dk@firm%d.example", n%2000, n%2000), subject: "mail", day: 1, sent: true, text: text}.told()
					m.Version.Message.At = day
					told = append(told, m)
				}
				if err := s.Do(ctx, "import.page", nil, func(w *state.Writer) error {
					_, err := s.Tell(w, &state.Run{Number: run, Connection: "mail"}, told)
					return err
				}); err != nil {
					b.Fatal(err)
				}
			}
		}
		tell(1, now.AddDate(-1, 0, 0))
		b.StartTimer()
		if out, err := s.PromiseWatch(ctx, PromiseWatchIn{}); err != nil || out.Read != 0 {
			b.Fatal(out, err)
		}
		b.StopTimer()
		tell(2, now.AddDate(0, 0, -1))
		b.StartTimer()
		out, err := s.PromiseWatch(ctx, PromiseWatchIn{})
		if err != nil || out.Read != messages || out.Found == 0 {
			b.Fatal(out, err)
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/messages, "µs/message")
		b.ReportMetric(float64(out.Found), "found")
		b.StopTimer()
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
