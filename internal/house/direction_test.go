package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// root is the top of the checkout, seen from this folder.
const root = "../.."

// node is a package and what its files, tests left out, import. Ours begin with "./".
type node struct {
	path     string
	standard bool
	imports  []string
}

type graph map[string]node

func matches(pattern, path string, g graph) bool {
	if pattern == "lib" {
		return !strings.HasPrefix(path, "./") && !g[path].standard
	}
	if pattern == "./..." {
		return strings.HasPrefix(path, "./")
	}
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == base || strings.HasPrefix(path, base+"/")
	}
	return path == pattern
}

func matchesAny(patterns []string, path string, g graph) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, path, g) })
}

// sameRoom reports whether two packages of ours share their first n path elements.
func sameRoom(a, b string, n int) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	n++ // the leading "."
	return n > 1 && len(as) >= n && len(bs) >= n && slices.Equal(as[:n], bs[:n])
}

// isRoom reports whether the rule is a row that gives a room its place: it says which of our packages may be imported at all.
func (r rule) isRoom() bool { return slices.Contains(r.to, "./...") }

// violations checks every import of every package of ours against the rules, and that every package has a place in them.
func violations(g graph, rules []rule) []string {
	var found []string
	for _, n := range g {
		if !strings.HasPrefix(n.path, "./") {
			continue
		}
		placed := false
		for _, r := range rules {
			if !matchesAny(r.from, n.path, g) || matchesAny(r.unless, n.path, g) {
				continue
			}
			placed = placed || r.isRoom()
			for _, to := range n.imports {
				if matchesAny(r.to, to, g) && !matchesAny(r.but, to, g) && !sameRoom(n.path, to, r.own) {
					found = append(found, fmt.Sprintf("%s imports %s, but %s", n.path, to, r.why))
				}
			}
		}
		if !placed {
			found = append(found, fmt.Sprintf("%s has no place: docs/architecture.md and rules_test.go must say what it may import, and why", n.path))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// load asks the go command for every package here and all that they need, as built for one system.
func load(t *testing.T, goos string) graph {
	t.Helper()
	module := strings.TrimSpace(goRun(t, goos, "list", "-m"))
	ours := func(path string) string {
		if path == module {
			return "./."
		}
		if rest, ok := strings.CutPrefix(path, module+"/"); ok {
			return "./" + rest
		}
		return path
	}
	g := graph{}
	out := json.NewDecoder(strings.NewReader(goRun(t, goos, "list", "-e", "-deps", "-json=ImportPath,Imports,Standard", "./...")))
	for {
		var p struct {
			ImportPath string
			Imports    []string
			Standard   bool
		}
		err := out.Decode(&p)
		if errors.Is(err, io.EOF) {
			return g
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		n := node{path: ours(p.ImportPath), standard: p.Standard}
		for _, i := range p.Imports {
			n.imports = append(n.imports, ours(i))
		}
		g[n.path] = n
	}
}

func goRun(t *testing.T, goos string, args ...string) string {
	t.Helper()
	c := exec.Command("go", args...)
	c.Dir = root
	c.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// Imports run downwards only, on every system that a release is built for.
func TestDirection(t *testing.T) {
	t.Parallel()
	for _, goos := range []string{"linux", "darwin", "windows"} {
		t.Run(goos, func(t *testing.T) {
			t.Parallel()
			g := load(t, goos)
			if _, ok := g["./internal/house"]; !ok {
				t.Fatalf("go list did not even list this package; it listed %d", len(g))
			}
			for _, v := range violations(g, rules) {
				t.Error(v)
			}
		})
	}
}

// fakeGraph makes a graph from lines "from to to ...". Libraries are paths with a dot in the first element.
func fakeGraph(lines ...string) graph {
	g := graph{}
	for _, l := range lines {
		f := strings.Fields(l)
		n := g[f[0]]
		n.path, n.imports = f[0], append(slices.Clone(n.imports), f[1:]...)
		g[f[0]] = n
		for _, to := range f[1:] {
			if _, ok := g[to]; !ok {
				first, _, _ := strings.Cut(to, "/")
				g[to] = node{path: to, standard: !strings.Contains(first, ".")}
			}
		}
	}
	return g
}

// goodHouse has every room of the design and every import that it allows between them.
func goodHouse() graph {
	return fakeGraph(
		"./cmd/kept ./cmd ./connectors ./connectors/all os",
		"./cmd ./bot ./bot/text ./bot/slack ./connectors ./connectors/engine ./connectors/format/vcard ./cmd/internal/config ./cmd/internal/render",
		"./cmd ./state ./state/api ./state/service ./state/bolt ./state/postgres github.com/spf13/cobra github.com/schollz/progressbar/v3",
		"./cmd/internal/config ./connectors ./connectors/engine ./state/service github.com/goccy/go-yaml",
		"./cmd/internal/render ./state github.com/mattn/go-runewidth",
		"./cmd/internal/serve ./bot/slack ./state/api github.com/robfig/cron/v3",
		"./connectors time encoding/json",
		"./connectors/all ./connectors ./connectors/csv ./connectors/woocommerce",
		"./connectors/rest ./connectors github.com/go-resty/resty/v2 net/http",
		"./connectors/mailserver ./connectors ./connectors/rest crypto/tls", "./connectors/smtp ./connectors ./connectors/mailserver",
		"./connectors/connectortest ./connectors testing pgregory.net/rapid",
		"./connectors/csv ./connectors ./connectors/format/tables ./connectors/csv/layout golang.org/x/text/encoding",
		"./connectors/csv/layout ./connectors/format/tables",
		"./connectors/woocommerce ./connectors ./connectors/rest",
		"./connectors/format/tables ./connectors/format/text golang.org/x/text/encoding",
		"./connectors/format/vcard bufio",
		"./connectors/engine ./connectors ./connectors/engine/reconcile ./state ./state/service ./state/identity",
		"./connectors/engine/reconcile ./state ./state/identity net/url",
		"./state time",
		"./state/identity ./state github.com/nyaruka/phonenumbers time", "./state/identity/pinyin strings",
		"./state/promise ./state regexp", "./state/followup ./state", "./state/insight ./state",
		"./state/service ./state ./state/identity ./state/promise ./state/followup ./state/insight context",
		"./state/api ./state ./state/service net os",
		"./state/bolt ./state go.etcd.io/bbolt os", "./state/postgres ./state github.com/jackc/pgx/v5",
		"./state/statetest ./state ./state/bolt testing",
		"./bot ./state ./state/service ./bot/text", "./bot/text embed",
		"./bot/slack ./bot ./bot/text ./state/service github.com/slack-go/slack", "./bot/slacktest net/http testing",
		"./scripts/testsum encoding/json", "./internal/house",
		"./internal/servers os/exec", "./internal/race flag", "./scripts/live ./internal/servers",
	)
}

func TestGoodHouseHasNoViolation(t *testing.T) {
	t.Parallel()
	for _, v := range violations(goodHouse(), rules) {
		t.Error(v)
	}
}

// plants are edges that must be found, each by the words of the rule that forbids it.
var plants = []struct{ edge, why string }{
	{"./cmd/kept ./state/bolt", "main only joins"},
	{"./cmd ./connectors/csv", "know each only by its Spec"},
	{"./cmd/internal/render ./connectors/rest", "know each only by its Spec"},
	{"./connectors ./state", "a leaf of the standard library"},
	{"./connectors golang.org/x/text/language", "a leaf of the standard library"},
	{"./connectors/all ./state", "nothing but the list"},
	{"./connectors/rest ./connectors/woocommerce", "the contract and none of them"},
	{"./connectors/mailserver ./connectors/imap", "the way to a server"},
	{"./connectors/connectortest ./connectors/engine", "judges a connector by the contract"},
	{"./connectors/format/tables ./connectors/csv", "formats are pure"},
	{"./connectors/engine ./connectors/csv", "the engine moves records"},
	{"./connectors/engine ./connectors/format/vcard", "the engine moves records"},
	{"./connectors/engine ./bot", "the engine moves records"},
	{"./connectors/engine/reconcile ./state/service", "who reads, asks and writes"},
	{"./connectors/engine/reconcile os", "no I/O, clock, chance or store"},
	{"./connectors/csv ./state", "a connector is one folder"},
	{"./connectors/csv ./connectors/engine", "a connector is one folder"},
	{"./connectors/csv ./connectors/woocommerce", "a connector is one folder"},
	{"./connectors/csv/layout ./state/identity", "a connector is one folder"},
	{"./state github.com/nyaruka/phonenumbers", "the bottom of the house"},
	{"./state ./state/identity", "the bottom of the house"},
	{"./state/identity ./state/promise", "stand side by side"},
	{"./state/identity ./state/service", "stand side by side"},
	{"./state/identity/pinyin ./state/identity", "how a character is read"},
	{"./state/service ./connectors", "declares what it needs"},
	{"./state/service ./state/api", "declares what it needs"},
	{"./state/api ./state/bolt", "handed the opener"},
	{"./state/bolt ./state/service", "knows no noun"},
	{"./state/postgres ./state/bolt", "knows no noun"},
	{"./state/statetest ./state/service", "asks every driver the same"},
	{"./bot ./state/bolt", "ask the service and return neutral cards"},
	{"./bot ./bot/slack", "ask the service and return neutral cards"},
	{"./bot/text ./bot", "asks nothing itself"},
	{"./bot/slack ./state/api", "carries the words"},
	{"./bot/slacktest ./bot/slack", "or it would share its mistakes"},
	{"./bot/slacktest github.com/slack-go/slack", "not from a library"},
	{"./cmd github.com/gorilla/websocket", "sockets are Slack's alone"},
	{"./internal/house ./state", "from outside"},
	{"./internal/race ./state", "one thing to tests"},
	{"./cmd ./internal/race", "no place in the binary"},
	{"./internal/servers ./connectors", "know none of them"},
	{"./connectors/rest ./internal/servers", "no place in the binary"},
	{"./scripts/testsum ./state", "when Kept does not compile"},
	{"./state/insight ./connectors", "imports run downwards only"},
	{"./state ./bot/text", "imports run downwards only"},
	{"./connectors/engine ./connectors/all", "only the binary chooses"},
	{"./connectors/engine ./state/bolt", "only the commands choose"},
	{"./bot/slack ./state/postgres", "only the commands choose"},
	{"./cmd ./connectors/connectortest", "no place in the binary"},
	{"./cmd ./state/api/apitest", "no place in the binary"},
	{"./cmd ./state/statetest", "no place in the binary"},
	{"./state/service testing", "flags and weight"},
	{"./state/promise os", "no I/O, clock, chance or store"},
	{"./state/identity net/http", "no I/O, clock, chance or store"},
	{"./cmd go.etcd.io/bbolt", "only the driver knows"},
	{"./state/service github.com/jackc/pgx/v5", "only the driver knows"},
	{"./bot github.com/spf13/cobra", "the terminal ends at the commands"},
	{"./bot github.com/slack-go/slack", "a second one is a folder"},
	{"./connectors/woocommerce github.com/go-resty/resty/v2", "a second client would go around"},
	{"./connectors/engine github.com/wneessen/go-mail", "mail goes out at one place"},
	{"./cmd/internal/serve net/http/pprof", "open doors"},
	{"./cmd/internal/serve ./cmd/internal/config", "is handed its jobs"},
	{"./state/service github.com/prometheus/client_golang", "known in one room"},
	{"./util strings", "has no place"},
}

// A rule that cannot fail protects nothing: each planted import is found, and each rule finds at least one.
func TestEveryRuleFindsItsPlant(t *testing.T) {
	t.Parallel()
	for _, p := range plants {
		g := goodHouse()
		f := strings.Fields(p.edge)
		for path, n := range fakeGraph(p.edge) {
			if path == f[0] {
				n.imports = append(n.imports, g[path].imports...)
			}
			if _, known := g[path]; !known || path == f[0] {
				g[path] = n
			}
		}
		found := violations(g, rules)
		if !slices.ContainsFunc(found, func(v string) bool { return strings.HasPrefix(v, f[0]+" ") && strings.Contains(v, p.why) }) {
			t.Errorf("planted %q was not found as %q; found %q", p.edge, p.why, found)
		}
	}
	for _, r := range rules {
		if !slices.ContainsFunc(plants, func(p struct{ edge, why string }) bool { return strings.Contains(r.why, p.why) }) {
			t.Errorf("no plant proves that this rule can fail: %s", r.why)
		}
	}
}
