package csv

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/connectors"
)

var update = flag.Bool("update", false, "write the golden files")

// memory is a file in memory.
type memory struct{ *strings.Reader }

func (memory) Close() error { return nil }

func envOf(files map[string]string) connectors.Env {
	return connectors.Env{Open: func(name string) (connectors.File, error) {
		data, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return memory{strings.NewReader(data)}, nil
	}}
}

func openFile(t testing.TB, name, data string, options map[string]string) *connection {
	t.Helper()
	o := map[string]string{"path": name}
	for k, v := range options {
		o[k] = v
	}
	c, err := Spec().Open(context.Background(), o, envOf(map[string]string{name: data}))
	if err != nil {
		t.Fatal(err)
	}
	return c.(*connection)
}

// pullAll pulls the file's own kind to its end.
func pullAll(t testing.TB, c *connection) (changes []connectors.Change, rejected []connectors.Rejected) {
	t.Helper()
	d, err := c.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var from connectors.Cursor
	var done int64
	for {
		page, err := c.Pull(context.Background(), d.Kind, from)
		if err != nil {
			t.Fatal(err)
		}
		reconcile(t, page)
		if done += int64(page.Told); page.Done != done || page.Total != d.Rows {
			t.Fatalf("done %d of %d, want %d of %d", page.Done, page.Total, done, d.Rows)
		}
		changes, rejected = append(changes, page.Changes...), append(rejected, page.Rejected...)
		if from = page.Next; !page.More {
			if done != d.Rows {
				t.Fatalf("told %d rows of %d", done, d.Rows)
			}
			return changes, rejected
		}
	}
}

func reconcile(t testing.TB, page connectors.Page) {
	t.Helper()
	for _, c := range page.Changes {
		for _, f := range c.Record.Fields {
			if c.Record.Kind == connectors.Contact && !slices.Contains(c.Record.Covers, f.Name) {
				t.Errorf("%s: the record has %s, which it does not speak of", c.Where, f.Name)
			}
		}
	}
	n := page.Joined
	for _, c := range page.Changes {
		if !c.Record.Implied {
			n++
		}
	}
	for _, r := range page.Rejected {
		if !r.Kept {
			n++
		}
	}
	if n != page.Told {
		t.Errorf("told %d, accounted for %d", page.Told, n)
	}
}

// plain renders what was read, briefly enough to be read by people.
func plain(d connectors.Description, changes []connectors.Change, rejected []connectors.Rejected) string {
	var b strings.Builder
	fmt.Fprintf(&b, "layout %s, %s, %s, delimiter %q, %d rows\n", d.Layout, d.Kind, d.Encoding, d.Delimiter, d.Rows)
	for _, c := range d.Columns {
		if c.Why != "layout" || c.Field != "" {
			fmt.Fprintf(&b, "column %s: %s (%s)\n", c.Name, c.Field, c.Why)
		}
	}
	covers := map[string]bool{}
	for _, c := range changes {
		if list := fmt.Sprintf("a %s tells of %s\n", c.Record.Kind, strings.Join(c.Record.Covers, ", ")); len(c.Record.Covers) > 0 && !covers[list] {
			covers[list] = true
			b.WriteString(list)
		}
		c.Record.Covers = nil
		j, err := json.MarshalIndent(c, "", " ")
		if err != nil {
			panic(err)
		}
		b.Write(compact(j))
		b.WriteByte('\n')
	}
	for _, r := range rejected {
		fmt.Fprintf(&b, "rejected %s [%s] %s kept=%v raw=%q\n", r.Where, r.Field, r.Reason, r.Kept, r.Raw)
	}
	return b.String()
}

// compact drops lines that say nothing.
func compact(j []byte) []byte {
	var out []string
	for _, line := range strings.Split(string(j), "\n") {
		v := strings.TrimSuffix(strings.TrimSpace(line), ",")
		if strings.HasSuffix(v, `: ""`) || strings.HasSuffix(v, ": null") || strings.HasSuffix(v, `"0001-01-01T00:00:00Z"`) || strings.HasSuffix(v, ": false") {
			continue
		}
		out = append(out, line)
	}
	return []byte(strings.Join(out, "\n"))
}

func sums(changes []connectors.Change) string {
	type sum struct{ orders, gross, refunded int64 }
	all := map[string]sum{}
	for _, c := range changes {
		if o := c.Record.Order; o != nil && o.Counts {
			s := all[o.Currency]
			s.orders++
			s.gross += o.Total
			s.refunded += o.Refunded
			all[o.Currency] = s
		}
	}
	var lines []string
	for cur, s := range all {
		lines = append(lines, fmt.Sprintf("%s %d orders net %d", cur, s.orders, s.gross-s.refunded))
	}
	sort.Strings(lines)
	return strings.Join(lines, "; ")
}

func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.csv")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := openFile(t, filepath.Base(file), string(data), nil)
			if err := c.Check(context.Background()); err != nil {
				t.Fatal(err)
			}
			d, err := c.Describe(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			changes, rejected := pullAll(t, c)
			got := plain(d, changes, rejected)
			golden := strings.TrimSuffix(file, ".csv") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
}

// What the shop's own page shows, added up by hand from the fixtures.
func TestSumsAreThoseOfTheShop(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		// 119 + (50 - 12.50) + (80 - 80) + 33, which is not paid yet; without the test and the cancelled two
		"shopify_orders.csv": "EUR 4 orders net 18950; JPY 1 orders net 12000; KWD 1 orders net 12345",
		// 25.90 + (100 - 40) + (60 - 60); without pending and failed; on hold counts
		"woocommerce_orders.csv": "EUR 3 orders net 8590; USD 1 orders net 900",
		// net sales: 1204.50 + (80 - 30) + 15; without the cancelled one
		"woocommerce_orders_analytics.csv": "EUR 3 orders net 126950",
		"woocommerce_orders_keys.csv":      "EUR 1 orders net 1900",
		// 40 + 20.50; without the cancelled one
		"etsy_sold_orders.csv": "EUR 2 orders net 6050; JPY 1 orders net 3000; USD 1 orders net 121000",
		"bestellungen.csv":     "EUR 2 orders net 125450",
	} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		changes, _ := pullAll(t, openFile(t, file, string(data), nil))
		if got := sums(changes); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}
