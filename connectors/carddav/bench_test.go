package carddav

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/internal/servers"
)

// TestBench compares the connector with vdirsyncer and with the barest possible client: the same
// server, the same 2,000 contacts, runs that take turns, each a whole process that writes what it read
// to disk. scripts/bench-carddav runs it.
func TestBench(t *testing.T) {
	if job := os.Getenv("KEPT_BENCH_CARDDAV_JOB"); job != "" {
		benchJob(t, job)
		return
	}
	if os.Getenv("KEPT_BENCH_CARDDAV") == "" {
		t.Skip("a benchmark: make bench-carddav")
	}
	peer, err := exec.LookPath("vdirsyncer")
	if err != nil {
		t.Fatal("vdirsyncer is not installed; scripts/setup installs it")
	}
	b := &bench{t: t, peer: peer, dir: benchDir(t), took: map[string][]time.Duration{}}
	r, err := servers.StartRadicale(t.Context(), b.folder("server"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop() //nolint:errcheck // it ends with the test in any case
	b.url = r.URL
	if err := r.AddUser("alice", secret); err != nil {
		t.Fatal(err)
	}
	const contacts, uploads, rounds = 2000, 500, 3
	if err := r.Seed(t.Context(), "alice", secret, "bench", []byte(benchCards(0, contacts))); err != nil {
		t.Fatal(err)
	}
	b.run("raw", "warm", "pull", "bench", "") // the server makes its cache

	for i := range rounds {
		p := fmt.Sprintf("p%d", i)
		b.peerReady(p, "bench")
		b.time("first", "vdirsyncer", func() { b.peerSync(p) })
		b.time("first", "kept", func() { b.run("kept", p, "pull", "bench", "") })
		b.time("first", "raw", func() { b.run("raw", p, "pull", "bench", "") })
	}
	for range 2 * rounds {
		b.time("no change", "vdirsyncer", func() { b.peerSync("p0") })
		b.time("no change", "kept", func() { b.run("kept", "p0", "pull", "bench", "") })
		b.time("no change", "raw", func() { b.run("raw", "p0", "pull", "bench", "") })
	}
	put := func(book, name, text string) {
		if err := benchPut(t.Context(), http.DefaultClient, b.url+"alice/"+book+"/"+name, text, ""); err != nil {
			t.Fatal(err)
		}
	}
	for i := range rounds {
		put("bench", "changed.vcf", strings.Replace(benchCards(900_000, 1), "NOTE:", fmt.Sprintf("NOTE:%d ", i), 1))
		b.time("one change", "vdirsyncer", func() { b.peerSync("p0") })
		b.time("one change", "kept", func() { b.run("kept", "p0", "pull", "bench", "") })
		b.time("one change", "raw", func() { b.run("raw", "p0", "pull", "bench", "") })
	}
	for i := range 2 {
		for _, who := range []string{"vdirsyncer", "kept", "raw"} {
			book := fmt.Sprintf("up-%s-%d", who, i)
			if err := r.Seed(t.Context(), "alice", secret, book, []byte(benchCards(1_000_000, 1))); err != nil {
				t.Fatal(err)
			}
			if who == "vdirsyncer" {
				b.peerReady(book, book)
				b.peerSync(book)
				for k := range uploads {
					name := filepath.Join(b.dir, book, "local", fmt.Sprintf("n%d.vcf", k))
					if err := os.WriteFile(name, []byte(benchCards(10_000+k, 1)), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				b.time("500 uploads", who, func() { b.peerSync(book) })
				continue
			}
			b.time("500 uploads", who, func() { b.run(who, book, "push", book, fmt.Sprint(uploads)) })
		}
	}
	b.table()
}

// benchDir is in memory where the system has such a place: the server syncs every card to disk.
func benchDir(t *testing.T) string {
	if dir, err := os.MkdirTemp("/dev/shm", "kept-bench-*"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

type bench struct {
	t              *testing.T
	peer, dir, url string
	took           map[string][]time.Duration
}

func (b *bench) folder(parts ...string) string {
	dir := filepath.Join(append([]string{b.dir}, parts...)...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.t.Fatal(err)
	}
	return dir
}

func (b *bench) time(what, who string, f func()) {
	start := time.Now()
	f()
	b.took[what+"/"+who] = append(b.took[what+"/"+who], time.Since(start))
}

// run runs this test's binary as a process of its own.
func (b *bench) run(who, name, job, book, arg string) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestBench$")
	cmd.Env = append(os.Environ(), "KEPT_BENCH_CARDDAV_JOB="+strings.Join([]string{who, job, b.url, book, filepath.Join(b.folder("state"), who+"-"+name), arg}, "|"))
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("%s: %v\n%s", who, err, out)
	}
}

func (b *bench) peerReady(name, book string) {
	dir := b.folder(name)
	b.folder(name, "local")
	config := fmt.Sprintf("[general]\nstatus_path = %q\n[pair p]\na = \"l\"\nb = \"r\"\ncollections = null\n[storage l]\ntype = \"filesystem\"\npath = %q\nfileext = \".vcf\"\n"+
		"[storage r]\ntype = \"carddav\"\nurl = %q\nusername = \"alice\"\npassword = %q\n", filepath.Join(dir, "status"), filepath.Join(dir, "local"), b.url+"alice/"+book+"/", secret)
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.peerDo(name, "discover")
}

func (b *bench) peerSync(name string) { b.peerDo(name, "sync") }

func (b *bench) peerDo(name, verb string) {
	cmd := exec.Command(b.peer, "-c", filepath.Join(b.dir, name, "config"), verb)
	cmd.Stdin = strings.NewReader("y\ny\ny\n")
	cmd.Env = append(os.Environ(), "HOME="+b.dir, "LC_ALL=C.UTF-8", "LANG=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("vdirsyncer %s: %v\n%s", verb, err, out)
	}
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	if len(d)%2 == 0 {
		return (d[len(d)/2-1] + d[len(d)/2]) / 2
	}
	return d[len(d)/2]
}

// table prints medians, with least and most, and what they are to each other.
func (b *bench) table() {
	fmt.Printf("%-14s %24s %24s %24s %14s %12s\n", "", "vdirsyncer", "kept", "barest client", "times as fast", "of barest")
	for _, what := range []string{"first", "no change", "one change", "500 uploads"} {
		cell := func(who string) string {
			d := b.took[what+"/"+who]
			return fmt.Sprintf("%.2f (%.2f..%.2f) s", median(d).Seconds(), slices.Min(d).Seconds(), slices.Max(d).Seconds())
		}
		of := func(who string) float64 { return median(b.took[what+"/"+who]).Seconds() }
		fmt.Printf("%-14s %24s %24s %24s %13.1fx %11.2fx\n", what, cell("vdirsyncer"), cell("kept"), cell("raw"), of("vdirsyncer")/of("kept"), of("kept")/of("raw"))
	}
	for _, goal := range []struct {
		what string
		min  float64
	}{{"first", 4}, {"no change", 6}} {
		if got := median(b.took[goal.what+"/vdirsyncer"]).Seconds() / median(b.took[goal.what+"/kept"]).Seconds(); got < goal.min {
			b.t.Errorf("%s: %.1f times as fast as vdirsyncer, the goal is %.0f", goal.what, got, goal.min)
		}
	}
	if got := median(b.took["no change/kept"]).Seconds() / median(b.took["no change/raw"]).Seconds(); got > 2 {
		b.t.Errorf("no change: %.1f times the barest client, the goal is 2", got)
	}
}

// benchCards makes up contacts as phones write them.
func benchCards(from, n int) string {
	var b strings.Builder
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:bench-%d\r\nFN:Person %d Köhler\r\nN:Köhler;Person %d;;;\r\nORG:Company %d;Sales\r\nEMAIL;TYPE=WORK:p%d@company%d.example\r\nEMAIL;TYPE=HOME:person%d@home.example\r\n"+
			"TEL;TYPE=CELL:+49 151 %07d\r\nTEL;TYPE=WORK:+49 451 %06d\r\nADR;TYPE=WORK:;;Am Wall %d;Lübeck;;23552;Germany\r\nNOTE:met at the fair\\, wants a quote\r\nCATEGORIES:vip,press\r\nREV:20260101T000000Z\r\nEND:VCARD\r\n",
			i, i, i, i%97, i, i%97, i, i, i, i%200)
	}
	return b.String()
}

// benchJob is one process of the bench.
func benchJob(t *testing.T, job string) {
	f := strings.Split(job, "|")
	who, verb, url, book, file := f[0], f[1], f[2], f[3], f[4]
	n := 0
	if f[5] != "" {
		if _, err := fmt.Sscan(f[5], &n); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	switch who + " " + verb {
	case "kept pull":
		err = benchPull(t.Context(), url, book, file)
	case "kept push":
		err = benchPush(t.Context(), url, book, n)
	case "raw pull":
		err = rawPull(t.Context(), url, book, file)
	case "raw push":
		err = rawPush(t.Context(), url, book, n)
	default:
		err = fmt.Errorf("no job %q", job)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func benchConnection(ctx context.Context, url, book string) (*connection, error) {
	c, err := Spec().Open(ctx, map[string]string{"url": url, "user": "alice", "password": secret, "books": book}, connectors.Env{})
	if err != nil {
		return nil, err
	}
	return c.(*connection), nil
}

// save writes what was read to disk, and the cursor behind it.
func save(file string, records []byte, cursor string) error {
	out, err := os.OpenFile(file+".jsonl", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := out.Write(records); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.WriteFile(file+".cursor", []byte(cursor), 0o600)
}

func cursorIn(file string) string {
	b, err := os.ReadFile(file + ".cursor")
	if err != nil {
		return "" // the first run
	}
	return string(b)
}

func benchPull(ctx context.Context, url, book, file string) error {
	c, err := benchConnection(ctx, url, book)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // only idle connections
	for from := connectors.Cursor(cursorIn(file)); ; {
		page, err := c.Pull(ctx, connectors.Contact, from)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		for _, ch := range page.Changes {
			if err := enc.Encode(ch); err != nil {
				return err
			}
		}
		if from = page.Next; len(page.Rejected) > 0 {
			return fmt.Errorf("set aside: %+v", page.Rejected[0])
		}
		if err := save(file, out.Bytes(), string(from)); err != nil || !page.More {
			return err
		}
	}
}

func benchPush(ctx context.Context, url, book string, n int) error {
	c, err := benchConnection(ctx, url, book)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // only idle connections
	return parallel(n, c.Limits().Parallel, func(i int) error {
		field := func(name, text string) connectors.Field {
			return connectors.Field{Name: name, Values: []connectors.Value{{Text: text}}}
		}
		r := connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{field("company", "Sternwarte"), field("email", fmt.Sprintf("n%d@home.example", i)), field("family", "Köhler"),
			field("given", fmt.Sprintf("Person %d", i)), field("name", fmt.Sprintf("Person %d Köhler", i)), field("note", "met at the fair, wants a quote"), field("phone", fmt.Sprintf("+49 451 %06d", i))}}
		_, err := c.Push(ctx, connectors.Intent{ID: fmt.Sprint("i", i), Key: fmt.Sprint("k", i), Record: r})
		return err
	})
}

func parallel(n, workers int, f func(i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, workers)
	next := make(chan int)
	for w := range workers {
		wg.Go(func() {
			for i := range next {
				if errs[w] == nil {
					errs[w] = f(i)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// rawPull is the barest client that is right: one request with the token of the last.
func rawPull(ctx context.Context, url, book, file string) error {
	client := &http.Client{}
	defer client.CloseIdleConnections()
	body := `<sync-collection xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><sync-token>` + cursorIn(file) + `</sync-token><sync-level>1</sync-level><prop><getetag/><C:address-data/></prop></sync-collection>`
	req, err := http.NewRequestWithContext(ctx, "REPORT", url+"alice/"+book+"/", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth("alice", secret)
	req.Header.Set("Content-Type", "application/xml")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	_, token, _ := strings.Cut(string(answer), "<sync-token>")
	token, _, found := strings.Cut(token, "</sync-token>")
	if !found {
		return fmt.Errorf("%s: %.200s", resp.Status, answer)
	}
	return save(file, answer, token)
}

// rawPush writes cards and looks at nothing but the status, as many at a time as the connector does.
func rawPush(ctx context.Context, url, book string, n int) error {
	client := &http.Client{}
	defer client.CloseIdleConnections()
	return parallel(n, limits.Parallel, func(i int) error {
		return benchPut(ctx, client, fmt.Sprintf("%salice/%s/n%d.vcf", url, book, i), benchCards(10_000+i, 1), "*")
	})
}

func benchPut(ctx context.Context, client *http.Client, url, text, ifNoneMatch string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, strings.NewReader(text))
	if err != nil {
		return err
	}
	req.SetBasicAuth("alice", secret)
	req.Header.Set("Content-Type", "text/vcard; charset=utf-8")
	if ifNoneMatch != "" {
		req.Header.Set("If-None-Match", ifNoneMatch)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
