package cmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/csv"
	"github.com/keptcrm/kept/connectors/smtp"
	"github.com/keptcrm/kept/internal/servers"
)

// logged is a stream that several goroutines write to and a test reads.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// shopkeeper is a folder with kept.yaml, an office, and a process that serves it all.
type shopkeeper struct {
	t       *testing.T
	dir     string
	addr    string
	log     logged
	stop    context.CancelFunc
	ended   chan int
	secrets map[string]string
	now     func() time.Time
}

const serveToken = "correct-horse-battery-staple"

func newShopkeeper(t *testing.T) *shopkeeper {
	t.Helper()
	dir, err := os.MkdirTemp("", "kept") // sockets need short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	port, err := servers.Port()
	if err != nil {
		t.Fatal(err)
	}
	k := &shopkeeper{t: t, dir: dir, now: time.Now, addr: fmt.Sprintf("127.0.0.1:%d", port), secrets: map[string]string{"KEPT_TOKEN": serveToken, "OFFICE": "s3cret", "NEWS": "n3ws", "NEW_TOKEN": "another-token-that-is-long"}}
	k.write("kept.yaml", `state: `+filepath.Join(dir, "kept.db")+`
zone: Europe/Berlin
connections:
  office: {type: office, options: {url: "`+filepath.Join(dir, "office.json")+`", password: "env:OFFICE", webhook: "env:NEWS"}}
serve:
  listen: `+k.addr+`
  token: env:KEPT_TOKEN
  hosts: [kept.nordlicht.example]
  log: json
jobs:
  sync: "@every 1h"
`)
	k.office(`{"id": "o1", "name": "Jana Köhler", "email": ["jana.koehler@sternwarte.example"]}`)
	return k
}

func (k *shopkeeper) write(name, text string) {
	k.t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func (k *shopkeeper) office(contacts string) {
	k.write("office.json", `{"password": "s3cret", "contacts": [`+contacts+`]}`)
}

func (k *shopkeeper) options(in io.Reader, out, errs io.Writer) Options {
	return Options{In: in, Out: out, Err: errs, Now: k.now, Login: "ops",
		Specs: []connectors.Spec{csv.Spec(), smtp.Spec(), officeSpec("office", "an address book", 0)},
		Env: func(name string) string {
			switch name {
			case "KEPT_CONFIG":
				return filepath.Join(k.dir, "kept.yaml")
			case "KEPT_RUNTIME_DIR":
				return filepath.Join(k.dir, "run")
			}
			return k.secrets[name]
		}}
}

// run runs a command beside the process.
func (k *shopkeeper) run(in string, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = Run(context.Background(), args, k.options(strings.NewReader(in), &o, &e))
	return code, o.String(), e.String()
}

func (k *shopkeeper) must(args ...string) string {
	k.t.Helper()
	code, out, errs := k.run("", args...)
	if code != 0 {
		k.t.Fatalf("kept %s: exit code %d: %s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

func (k *shopkeeper) until(what string, ok func() bool) {
	k.t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	k.t.Fatalf("%s never came; the log:\n%s", what, k.log.String())
}

func (k *shopkeeper) start() {
	k.t.Helper()
	var ctx context.Context
	ctx, k.stop = context.WithCancel(context.Background())
	k.ended = make(chan int, 1)
	go func() { k.ended <- Run(ctx, []string{"serve"}, k.options(strings.NewReader(""), io.Discard, &k.log)) }()
	k.until("the answer of /readyz", func() bool { return k.ask("GET", "/readyz", "") == 200 })
}

// end stops the process. It takes ten seconds at most on a machine that has time for it; here one may have other work.
func (k *shopkeeper) end() {
	k.t.Helper()
	k.stop()
	select {
	case code := <-k.ended:
		if code != 0 {
			k.t.Errorf("it ended with exit code %d:\n%s", code, k.log.String())
		}
	case <-time.After(2 * time.Minute):
		buf := make([]byte, 1<<20)
		k.t.Fatalf("it did not end within two minutes:\n%s", buf[:runtime.Stack(buf, true)])
	}
}

// ask asks over TCP; headers are pairs. 0: nobody answers.
func (k *shopkeeper) ask(method, path, body string, header ...string) int {
	code, _ := k.read(method, path, body, header...)
	return code
}

func (k *shopkeeper) read(method, path, body string, header ...string) (int, string) {
	r, err := http.NewRequest(method, "http://"+k.addr+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// A process that serves: over TCP with the token and to nobody else, with news within seconds, and a log
// in which nobody's name stands.
func TestServe(t *testing.T) {
	t.Parallel()
	k := newShopkeeper(t)
	k.start()
	defer func() { k.stop() }()

	// Work of other commands is done by it: also with files that only they can read.
	if out := k.must("sync"); !strings.Contains(out, "office") {
		t.Error(out)
	}
	code, out, errs := k.run("Name,Email,Phone\n王芳,wang.fang@nordlicht.cn,+8613912345678\n", "import", "-", "--as", "fair")
	if code != 0 || !strings.Contains(out, "stdin") {
		t.Errorf("an import through it: %d %s %s", code, out, errs)
	}
	if out := k.must("brief", "王芳"); !strings.Contains(out, "wang.fang@nordlicht.cn") {
		t.Error(out)
	}
	if left, _ := filepath.Glob(filepath.Join(k.dir, ".kept-import-*")); len(left) > 0 {
		t.Errorf("copies stayed: %v", left)
	}

	// The whole service, for who has the token.
	api := func(header ...string) int {
		return k.ask("POST", "/v1/find", `{"query": "jana"}`, append([]string{"Content-Type", "application/json", "Kept-Version", "1"}, header...)...)
	}
	bearer := []string{"Authorization", "Bearer " + serveToken}
	for name, tc := range map[string]struct {
		header []string
		want   int
	}{
		"with the token":        {bearer, 200},
		"without":               {nil, 401},
		"with another":          {[]string{"Authorization", "Bearer correct-horse-battery-stapler"}, 401},
		"through the proxy":     {append([]string{"Host", "kept.nordlicht.example"}, bearer...), 200},
		"under a foreign name":  {append([]string{"Host", "evil.example"}, bearer...), 403},
		"from a web page":       {append([]string{"Origin", "https://evil.example"}, bearer...), 403},
		"from a link in a page": {append([]string{"Referer", "http://" + k.addr + "/"}, bearer...), 403},
	} {
		if got := api(tc.header...); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}

	// A webhook brings news within seconds; its replay changes nothing.
	k.office(`{"id": "o1", "name": "Jana Köhler", "email": ["jana.koehler@sternwarte.example"]}, {"id": "o2", "name": "Omar Haddad", "phone": ["+4917012345678"]}`)
	if code, body := k.read("POST", "/webhook/office", "o2", "Office-Secret", "wrong"); code != 401 || strings.Contains(body, "office") {
		t.Errorf("a forged webhook: %d %s", code, body)
	}
	if code := k.ask("POST", "/webhook/nobody", "o2", "Office-Secret", "n3ws"); code != 404 {
		t.Errorf("a webhook of nobody: %d", code)
	}
	for range 3 {
		if code := k.ask("POST", "/webhook/office", "o2", "Office-Secret", "n3ws"); code != 200 {
			t.Errorf("a webhook: %d", code)
		}
	}
	k.until("the news", func() bool { _, out, _ := k.run("", "find", "haddad"); return strings.Contains(out, "Omar Haddad") })

	// Jobs, and what Prometheus reads of them.
	k.must("job", "run", "sync office")
	k.until("the figures", func() bool {
		_, page := k.read("GET", "/metrics", "", bearer...)
		return strings.Contains(page, `kept_job_runs_total{job="sync office",state="done"} 1`) && strings.Contains(page, `kept_webhooks_total{connection="office",outcome="taken"} 3`)
	})
	_, page := k.read("GET", "/metrics", "", bearer...)
	for _, line := range []string{`kept_webhooks_total{connection="office",outcome="refused"} 1`, `kept_webhooks_total{connection="",outcome="unknown"} 1`, "kept_promises_late 0"} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no line %s in\n%s", line, page)
		}
	}
	if !strings.Contains(k.must("doctor"), "serves this state") {
		t.Error("the doctor does not know that it serves")
	}

	// A second one says who serves.
	if code, _, errs := k.run("", "serve"); code != 5 || !strings.Contains(errs, fmt.Sprint(os.Getpid())) {
		t.Errorf("a second one: %d %s", code, errs)
	}
	k.end()
	for _, name := range []string{"Jana", "jana", "hler", "王芳", "Haddad", "haddad", "wang", "139", "sternwarte", "s3cret", "n3ws", serveToken} {
		if strings.Contains(k.log.String(), name) {
			t.Errorf("%q stands in the log:\n%s", name, k.log.String())
		}
	}
	if !strings.Contains(k.log.String(), `"msg":"news read"`) || !strings.Contains(k.log.String(), `"msg":"stopping"`) {
		t.Errorf("the log:\n%s", k.log.String())
	}
	if code := k.ask("GET", "/healthz", ""); code != 0 {
		t.Errorf("it answers after its end: %d", code)
	}
	if out := k.must("find", "haddad"); !strings.Contains(out, "Omar Haddad") {
		t.Errorf("the state is not free: %s", out)
	}
}

// A new configuration holds whole or not at all: other addresses, tokens and connections.
func TestServeReload(t *testing.T) {
	t.Parallel()
	k := newShopkeeper(t)
	k.start()
	defer func() { k.stop() }()
	good, err := os.ReadFile(filepath.Join(k.dir, "kept.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	reload := func() (int, string) {
		// Only the process reads what is wrong here; the command has the old file's settings from it.
		code, out, errs := k.run("", "serve", "reload")
		return code, out + errs
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for name, wrong := range map[string]string{
		"the port is taken":    strings.Replace(string(good), k.addr, taken.Addr().String(), 1),
		"no such secret":       strings.Replace(string(good), "env:KEPT_TOKEN", "env:NOBODY", 1),
		"the token is short":   strings.Replace(string(good), "env:KEPT_TOKEN", "env:NEWS", 1),
		"another state":        strings.Replace(string(good), "kept.db", "other.db", 1),
		"no such job":          string(good) + "  bakcup: off\n",
		"a schedule of no day": string(good) + "  check: \"0 0 30 2 *\"\n",
	} {
		k.write("kept.yaml", wrong)
		if code, said := reload(); code == 0 {
			t.Errorf("%s: %s", name, said)
		}
		if code := k.ask("GET", "/metrics", "", "Authorization", "Bearer "+serveToken); code != 200 {
			t.Errorf("%s: the old configuration does not hold: %d", name, code)
		}
	}
	free, err := servers.Port()
	if err != nil {
		t.Fatal(err)
	}
	before := k.addr
	k.addr = fmt.Sprintf("127.0.0.1:%d", free)
	changed := strings.Replace(strings.Replace(string(good), before, k.addr, 1), "env:KEPT_TOKEN", "env:NEW_TOKEN", 1)
	k.write("kept.yaml", strings.Replace(changed, "  office:", "  second: {type: office, options: {url: second.json, password: \"env:OFFICE\"}}\n  office:", 1))
	if code, said := reload(); code != 0 || !strings.Contains(said, "second") {
		t.Fatalf("%d %s", code, said)
	}
	if code := k.ask("GET", "/metrics", "", "Authorization", "Bearer "+serveToken); code != 401 {
		t.Errorf("the old token: %d", code)
	}
	if code := k.ask("GET", "/metrics", "", "Authorization", "Bearer another-token-that-is-long"); code != 200 {
		t.Errorf("the new token: %d", code)
	}
	if out := k.must("job", "list"); !strings.Contains(out, "sync second") {
		t.Error(out)
	}
	// The service manager asks with a signal.
	count := func() int { return strings.Count(k.log.String(), "the configuration was read again") }
	was := count()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	k.until("a reload by a signal", func() bool { return count() > was })
	// Whoever connects a system and syncs it at once need not say so.
	k.write("third.json", `{"password": "s3cret", "contacts": [{"id": "t1", "name": "佐藤 花子", "phone": ["+81312345678"]}]}`)
	now, err := os.ReadFile(filepath.Join(k.dir, "kept.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	k.write("kept.yaml", strings.Replace(string(now), "  office:", `  third: {type: office, options: {url: "`+filepath.Join(k.dir, "third.json")+`", password: "env:OFFICE"}}
  office:`, 1))
	k.must("sync", "third")
	if out := k.must("find", "佐藤"); !strings.Contains(out, "佐藤 花子") {
		t.Error(out)
	}
	after := k.addr
	k.addr = before
	if code := k.ask("GET", "/healthz", ""); code != 0 {
		t.Errorf("the old address answers: %d", code)
	}
	k.addr = after
	k.end()
}
