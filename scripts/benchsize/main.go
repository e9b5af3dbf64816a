// Command benchsize measures the program at size: it makes contacts up, imports them with the real binary, and prints one table
// of size, time, rate, CPU seconds and anonymous memory, each figure beside its goal and beside a limit or naive way that was
// measured in the same run. KEPT_BENCH_ROWS is how many contacts (default 100000; the goals are for 1000000), KEPT_BENCH_DIR a
// folder to work in.
package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	rows := 100_000
	if s := os.Getenv("KEPT_BENCH_ROWS"); s != "" {
		var err error
		if rows, err = strconv.Atoi(s); err != nil || rows < 1000 {
			fmt.Fprintln(os.Stderr, "KEPT_BENCH_ROWS is a number of contacts, at least 1000, not", s)
			os.Exit(2)
		}
	}
	if err := measure(rows); err != nil {
		fmt.Fprintln(os.Stderr, "benchsize:", err)
		os.Exit(1)
	}
}

const orders = 10_000

type bench struct {
	dir, kept, state, people string
	rows                     int
	table                    table
}

func measure(rows int) error {
	dir, err := os.MkdirTemp(os.Getenv("KEPT_BENCH_DIR"), "kept-bench-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{dir: dir, kept: filepath.Join(dir, "bin", "kept"), state: filepath.Join(dir, "kept.db"), people: filepath.Join(dir, "people.csv"), rows: rows}
	build := exec.Command("go", "build", "-o", b.kept, "./cmd/kept")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	f, err := os.Create(b.people)
	if err != nil {
		return err
	}
	if err := errors.Join(writePeople(f, rows), f.Close()); err != nil {
		return err
	}
	for _, step := range []func() error{b.imports, b.matches, b.finds, b.history, b.opens, b.backs} {
		if err := step(); err != nil {
			return err
		}
	}
	b.table.print(os.Stdout)
	fmt.Printf("%d contacts, 20 %% of them corrupted copies; goals are for 1,000,000 on 2 cores, time and memory in proportion where a row says so\n", rows)
	return nil
}

// command runs the binary on the state.
func (b *bench) command(args ...string) (cost, error) {
	c := exec.Command(b.kept, append([]string{"--state", b.state}, args...)...)
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+filepath.Join(b.dir, "home"), "XDG_STATE_HOME="+filepath.Join(b.dir, "home"))
	return run(c)
}

func (b *bench) imports() error {
	plain, err := b.readAndCopy()
	if err != nil {
		return err
	}
	first, err := b.command("import", b.people, "--as", "shop")
	if err != nil {
		return err
	}
	size, err := fileSize(b.state)
	if err != nil {
		return err
	}
	raw, err := fileSize(b.people)
	if err != nil {
		return err
	}
	small, err := b.compacted()
	if err != nil {
		return err
	}
	again, err := b.command("import", b.people, "--as", "shop")
	if err != nil {
		return err
	}
	b.table.add("import, new", b.rows, first, "60 s and 600 MB a million", "reading the table, 3 GB/million written with fsync: "+plain.String())
	b.table.add("import, unchanged", b.rows, again, "15 s a million", "reading the table: "+plain.read.Round(time.Millisecond).String())
	b.table.say("state file", fmt.Sprintf("%d bytes a contact, %d without free pages", size/int64(b.rows), small/int64(b.rows)), "", fmt.Sprintf("the table: %d bytes a contact", raw/int64(b.rows)))
	return nil
}

// plainCost is what no import can do without.
type plainCost struct{ read, write time.Duration }

func (p plainCost) String() string {
	return fmt.Sprintf("%s + %s", p.read.Round(time.Millisecond), p.write.Round(time.Millisecond))
}

// readAndCopy reads the table with the standard library, and writes as many bytes as a state has, with fsync.
func (b *bench) readAndCopy() (p plainCost, err error) {
	f, err := os.Open(b.people)
	if err != nil {
		return p, err
	}
	defer f.Close()
	begun := time.Now()
	r := csv.NewReader(f)
	for {
		if _, err := r.Read(); err == io.EOF {
			break
		} else if err != nil {
			return p, err
		}
	}
	p.read = time.Since(begun)
	p.write, err = writeWithSync(filepath.Join(b.dir, "plain"), int64(b.rows)*3000)
	return p, err
}

func writeWithSync(path string, size int64) (time.Duration, error) {
	begun := time.Now()
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	block := make([]byte, 1<<20)
	for ; size > 0; size -= int64(len(block)) {
		if _, err := f.Write(block[:min(size, int64(len(block)))]); err != nil {
			return 0, errors.Join(err, f.Close())
		}
	}
	err = errors.Join(f.Sync(), f.Close())
	return time.Since(begun), errors.Join(err, os.Remove(path))
}

func (b *bench) matches() error {
	c, err := b.command("match", b.people, "--key", "id", "--output", "csv")
	if err != nil {
		return err
	}
	b.table.add("match", b.rows, c, "20 s a million", "")
	return nil
}

// finds asks for people by parts of their names, as a whole command and inside one process.
func (b *bench) finds() error {
	p := newPeople(b.rows)
	var queries []string
	for range 400 {
		x := p.fresh()
		q := []string{x.given + " " + x.family, x.family, x.family + " " + x.given, p.d.typo(x.family), string([]rune(x.family + x.given)[:2])}
		queries = append(queries, q[p.d.IntN(len(q))])
	}
	var took []time.Duration
	var last cost
	for _, q := range queries[:60] {
		c, err := b.command("find", q, "--output", "ids")
		if err != nil && c.code != 1 { // nobody of that name is an answer
			return err
		}
		took, last = append(took, c.wall), c
	}
	start, err := run(exec.Command(b.kept, "version"))
	if err != nil {
		return err
	}
	b.table.percentiles("find, whole command", took, "p99 60 ms", "starting the program: "+start.wall.Round(100*time.Microsecond).String(), last)
	out, err := b.inside("SizeFind", "2s", "KEPT_BENCH_QUERIES="+strings.Join(queries, "\n"))
	if err != nil {
		return err
	}
	b.table.say("find, inside a process", fmt.Sprintf("p50 %s ms, p99 %s ms", metric(out, "p50-ms"), metric(out, "p99-ms")), "p99 10 ms", "")
	return nil
}

// inside runs a benchmark of package cmd on the state and gives what it printed.
func (b *bench) inside(name, long string, env ...string) (string, error) {
	c := exec.Command("go", "test", "-run", "^$", "-bench", "^Benchmark"+name+"$", "-benchtime", long, "./cmd")
	c.Env = append(append(os.Environ(), "KEPT_BENCH_STATE="+b.state), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return string(out), nil
}

func metric(out, unit string) string {
	m := regexp.MustCompile(`([0-9.]+) ` + regexp.QuoteMeta(unit)).FindStringSubmatch(out)
	if m == nil {
		return "?"
	}
	return m[1]
}

// compacted is how large the state is without its free pages.
func (b *bench) compacted() (int64, error) {
	path := filepath.Join(b.dir, "compact.db")
	if _, err := b.command("backup", path, "--compact", "--force"); err != nil {
		return 0, err
	}
	return fileSize(path)
}

// history gives one customer ten thousand orders and reads the newest fifty.
func (b *bench) history() error {
	path := filepath.Join(b.dir, "orders.csv")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	_ = w.Write([]string{"order", "date", "e-mail", "total", "currency", "status"})
	at := time.Date(2015, 1, 1, 8, 0, 0, 0, time.UTC)
	for i := range orders {
		_ = w.Write([]string{strconv.Itoa(i + 1), at.Add(time.Duration(i) * 7 * time.Hour).Format(time.RFC3339), "buyer@bench.example",
			strconv.Itoa(10+i%90) + ".50", "EUR", "completed"})
	}
	w.Flush()
	if err := errors.Join(w.Error(), f.Close()); err != nil {
		return err
	}
	before, err := b.compacted()
	if err != nil {
		return err
	}
	c, err := b.command("import", path, "--as", "till", "--map", "order=order.number,date=order.at,e-mail=email,total=order.total,currency=order.currency,status=order.status")
	if err != nil {
		return err
	}
	after, err := b.compacted()
	if err != nil {
		return err
	}
	b.table.add("import of orders", orders, c, "", "")
	b.table.say("state file", fmt.Sprintf("%d bytes an order with its activity", (after-before)/orders), "", "without free pages")
	out, err := b.inside("SizeHistory", "500x", "KEPT_BENCH_CUSTOMER=buyer@bench.example")
	if err != nil {
		return err
	}
	ns, _ := strconv.ParseFloat(metric(out, "ns/op"), 64)
	b.table.say("newest 50 of 10,000", fmt.Sprintf("%.3f ms", ns/1e6), "0.2 ms", "")
	return nil
}

func (b *bench) opens() error {
	out, err := b.inside("SizeOpen", "20x")
	if err != nil {
		return err
	}
	size, err := fileSize(b.state)
	if err != nil {
		return err
	}
	ns, _ := strconv.ParseFloat(metric(out, "ns/op"), 64)
	b.table.say("opening the state", fmt.Sprintf("%.1f ms, %d MB", ns/1e6, size>>20), "20 ms at 1 GB", "")
	return nil
}

func (b *bench) backs() error {
	copied := filepath.Join(b.dir, "copy")
	begun := time.Now()
	if err := copyWithSync(copied, b.state); err != nil {
		return err
	}
	plain := time.Since(begun)
	if err := os.Remove(copied); err != nil {
		return err
	}
	c, err := b.command("backup", filepath.Join(b.dir, "backup.db"))
	if err != nil {
		return err
	}
	size, err := fileSize(b.state)
	if err != nil {
		return err
	}
	rate := float64(size) / 1e6
	b.table.say("backup", fmt.Sprintf("%.0f MB/s, %.2f s", rate/c.wall.Seconds(), c.wall.Seconds()), "half the speed of a copy",
		fmt.Sprintf("copy with fsync: %.0f MB/s", rate/plain.Seconds()))
	return nil
}

func copyWithSync(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(struct{ io.Writer }{out}, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// table is what is printed, a line for each figure.
type table struct{ lines [][]string }

func (t *table) add(what string, n int, c cost, goal, limit string) {
	t.lines = append(t.lines, []string{what, strconv.Itoa(n), fmt.Sprintf("%.2f s", c.wall.Seconds()),
		fmt.Sprintf("%.0f/s", float64(n)/c.wall.Seconds()), fmt.Sprintf("%.2f", c.cpu.Seconds()), fmt.Sprintf("%d MB", c.anonymous>>20), goal, limit})
}

func (t *table) say(what, figure, goal, limit string) {
	t.lines = append(t.lines, []string{what, "", figure, "", "", "", goal, limit})
}

func (t *table) percentiles(what string, took []time.Duration, goal, limit string, c cost) {
	slices.Sort(took)
	at := func(p int) string {
		return took[min(len(took)-1, len(took)*p/100)].Round(100 * time.Microsecond).String()
	}
	t.lines = append(t.lines, []string{what, strconv.Itoa(len(took)), "p50 " + at(50) + ", p99 " + at(99), "",
		fmt.Sprintf("%.3f", c.cpu.Seconds()), fmt.Sprintf("%d MB", c.anonymous>>20), goal, limit})
}

func (t *table) print(w io.Writer) {
	lines := append([][]string{{"what", "size", "time", "rate", "CPU s", "memory", "goal", "beside it"}}, t.lines...)
	wide := make([]int, len(lines[0]))
	for _, l := range lines {
		for i, c := range l {
			wide[i] = max(wide[i], len([]rune(c)))
		}
	}
	for _, l := range lines {
		var b strings.Builder
		for i, c := range l {
			b.WriteString(c + strings.Repeat(" ", wide[i]-len([]rune(c))+2))
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
