package connectortest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

// ledger is a vendor with a protocol of its own: lines over a connection. Things have numbers in the
// order in which they were written; whoever changes one gives it a new number.
type ledger struct {
	mu    sync.Mutex
	items []entry
	last  int
	epoch int
	marks int
	conns map[net.Conn]bool
	waits map[net.Conn]chan string
	all   sync.WaitGroup
}

type entry struct {
	Seq int
	ID  string
	At  time.Time
	Rec connectors.Record
}

const ledgerPage = 5

func newLedger(tb testing.TB) *ledger {
	l := &ledger{epoch: 1, conns: map[net.Conn]bool{}, waits: map[net.Conn]chan string{}}
	tb.Cleanup(func() {
		l.mu.Lock()
		for c := range l.conns {
			_ = c.Close() // it is over
		}
		l.mu.Unlock()
		l.all.Wait()
	})
	return l
}

func (l *ledger) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	client, server := net.Pipe()
	l.mu.Lock()
	l.conns[server] = true
	l.mu.Unlock()
	l.all.Go(func() {
		l.serve(server)
		_ = server.Close() // likewise
		l.mu.Lock()
		delete(l.conns, server)
		delete(l.waits, server)
		l.mu.Unlock()
	})
	return client, nil
}

func (l *ledger) serve(c net.Conn) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(c, format+"\n", args...) } // the next read tells
	say("LEDGER %d", l.now())
	in := false
	for r := bufio.NewReader(c); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		var epoch, from int
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "LOGIN "):
			if in = line == "LOGIN "+token; in {
				say("OK")
			} else {
				say("NO wrong token")
			}
		case !in:
			say("NO log in first")
		case line == "WAIT":
			news := make(chan string, 10)
			l.mu.Lock()
			l.waits[c] = news
			l.mu.Unlock()
			say("WAITING %d", l.newest())
			gone := make(chan struct{})
			l.all.Go(func() {
				_, _ = r.ReadString('\n') // whatever it is, waiting is over
				close(gone)
			})
			for waiting := true; waiting; {
				select {
				case text := <-news:
					say("%s", text)
				case <-gone:
					waiting = false
				}
			}
			return
		default:
			verb, _, _ := strings.Cut(line, " ")
			if n, err := fmt.Sscanf(line, verb+" %d %d", &epoch, &from); err != nil || n != 2 {
				say("NO such command")
				continue
			}
			l.list(verb, epoch, from, say)
		}
	}
}

func (l *ledger) now() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch
}

func (l *ledger) newest() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func (l *ledger) list(verb string, epoch, from int, say func(string, ...any)) {
	l.mu.Lock()
	items, now := slices.Clone(l.items), l.epoch
	if verb == "OPEN" { // as LIST, for those who mean to write
		l.marks++
	}
	l.mu.Unlock()
	if epoch != now && epoch != 0 {
		say("EPOCH %d", now)
		return
	}
	n, next := 0, from
	for _, e := range items {
		if e.Seq < from {
			continue
		}
		if n == ledgerPage {
			say("END %d more", next)
			return
		}
		if verb == "IDS" {
			say("ID %s", e.ID)
		} else {
			b, err := json.Marshal(e)
			if err != nil {
				say("NO %v", err)
				return
			}
			say("ITEM %s", b)
		}
		n, next = n+1, e.Seq+1
	}
	say("END %d last", next)
}

func (l *ledger) Put(_ connectors.Kind, id string, r connectors.Record, at time.Time) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	if at.IsZero() {
		at = time.Now()
	}
	if id == "" {
		id = fmt.Sprintf("i-%d", l.last)
	} else {
		l.items = slices.DeleteFunc(l.items, func(e entry) bool { return e.ID == id })
	}
	l.items = append(l.items, entry{l.last, id, at.UTC(), r})
	for _, w := range l.waits {
		select {
		case w <- "NEWS":
		default: // more than anybody reads
		}
	}
	return id, nil
}

func (l *ledger) Delete(_ connectors.Kind, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = slices.DeleteFunc(l.items, func(e entry) bool { return e.ID == id })
	return nil
}

func (l *ledger) Live(connectors.Kind) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for _, e := range l.items {
		ids = append(ids, e.ID)
	}
	return ids, nil
}

func (l *ledger) Renumber() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch++
	slices.Reverse(l.items)
	for i := range l.items {
		l.items[i].Seq = i + 1
	}
	l.last = len(l.items)
	return nil
}

func (l *ledger) Snapshot() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprint(l.marks)
}

// book is a connection to a ledger, with a bug or without.
type book struct {
	token string
	env   connectors.Env
	bug   string
	at    int
}

func (b *book) is(bug string) bool { return b.bug == bug }

func ledgerSpec(bug string) connectors.Spec {
	return connectors.Spec{Name: "ledger", Summary: "a book of lines",
		Options: []connectors.Option{{Name: "token", Help: "the token", Secret: true}},
		Fields:  map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: {{Field: "given", Read: true}, {Field: "company", Read: true}}},
		Open: func(_ context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
			b := &book{token: o["token"], env: env, bug: bug}
			if bug == "hides an interface" {
				return struct {
					connectors.Connector
					connectors.Puller
					connectors.Watcher
				}{b, b, b}, nil
			}
			return b, nil
		}}
}

func fault(class connectors.Class, format string, args ...any) error {
	return &connectors.Error{Class: class, Text: fmt.Sprintf(format, args...)}
}

// talk opens a connection, logs in, and asks one thing; each line of the answer goes to on, which says
// whether it was the last.
func (b *book) talk(ctx context.Context, command string, on func(line string) (last bool, err error)) error {
	tries := 4
	switch {
	case b.is("gives up at the first fault"):
		tries = 1
	case b.is("calls for ever"):
		tries = 200
	}
	if b.is("ignores who stopped waiting") {
		ctx = context.WithoutCancel(ctx)
	}
	var err error
	for try := range tries {
		if try > 0 {
			if err := b.env.Sleep(ctx, time.Second); err != nil {
				return err
			}
		}
		err = b.once(ctx, command, on)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil || connectors.ClassOf(err) != connectors.Transient && !(b.is("a storm of wrong secrets") && connectors.ClassOf(err) == connectors.Auth) {
			return err
		}
	}
	return err
}

// maxAsk is how much of an answer is read.
const maxAsk = 1 << 20

func (b *book) once(ctx context.Context, command string, on func(line string) (bool, error)) error {
	conn, err := b.env.Dial(ctx, "tcp", "ledger.example:1")
	if err != nil {
		return fault(connectors.Transient, "the ledger does not answer; try again later")
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	wait := time.Minute
	if b.is("waits for ever") {
		wait = 40 * time.Hour
	}
	var in io.Reader = io.LimitReader(conn, maxAsk)
	if b.is("reads without bound") {
		in = conn
	}
	r := bufio.NewReader(in)
	read := func() (string, error) {
		if err := conn.SetDeadline(time.Now().Add(wait)); err != nil {
			return "", err
		}
		return r.ReadString('\n')
	}
	broken := fault(connectors.Transient, "the connection to the ledger broke; try again later")
	hello, err := read()
	if err != nil {
		return broken
	}
	if !strings.HasPrefix(hello, "LEDGER ") {
		if b.is("a web page is an empty list") {
			return nil
		}
		return fault(connectors.Invalid, "no ledger answers there; check the address")
	}
	if _, err := fmt.Fprintf(conn, "LOGIN %s\n", b.token); err != nil {
		return broken
	}
	answer, err := read()
	switch {
	case err != nil:
		return broken
	case answer != "OK\n":
		class := connectors.Auth
		if b.is("a wrong secret is a passing fault") {
			class = connectors.Invalid
		}
		if b.is("says the secret in an error") {
			return fault(class, "the ledger refuses the token: %s", answer)
		}
		return fault(class, "the ledger refuses the token; make a new one")
	}
	if _, err := fmt.Fprintf(conn, "%s\n", command); err != nil {
		return broken
	}
	for {
		line, err := read()
		if err != nil && b.is("an end is the end of all") && errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken
		}
		if last, err := on(strings.TrimSuffix(line, "\n")); last || err != nil {
			return err
		}
	}
}

func (b *book) Check(ctx context.Context) error {
	if b.is("checks nothing") {
		return nil
	}
	return b.talk(ctx, "IDS 0 0", func(line string) (bool, error) { return strings.HasPrefix(line, "END"), nil })
}

func (b *book) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	var epoch, at int
	if from != "" {
		if _, err := fmt.Sscanf(string(from), "%d:%d", &epoch, &at); err != nil {
			return connectors.Page{}, fault(connectors.CursorExpired, "this reading cannot be continued")
		}
	}
	if b.is("keeps its place in memory") {
		at = b.at
		if from == "" {
			at = 0
		}
	}
	if b.is("believes old numbers") {
		epoch = 0
	}
	verb := "LIST"
	if b.is("marks what it reads") {
		verb = "OPEN"
	}
	var page connectors.Page
	next, now := at, epoch
	err := b.talk(ctx, fmt.Sprintf("%s %d %d", verb, epoch, at), func(line string) (bool, error) {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "EPOCH":
			_, err := fmt.Sscanf(rest, "%d", &now)
			next, page.More = 0, true
			return true, err
		case "ITEM":
			var e entry
			if err := json.Unmarshal([]byte(rest), &e); err != nil {
				return true, fault(connectors.Transient, "the ledger's line makes no sense; try again later")
			}
			if n := len(page.Changes); b.is("skips those of one time") && n > 0 && page.Changes[n-1].Record.Modified.Equal(e.At) {
				return false, nil
			}
			r := e.Rec
			r.ID, r.Keyed, r.Modified = e.ID, connectors.KeyedID, e.At
			page.Changes = append(page.Changes, connectors.Change{Record: r})
			page.Told++
		case "END":
			more := ""
			_, err := fmt.Sscanf(rest, "%d %s", &next, &more)
			page.More = more == "more" && !b.is("stops after a page")
			if b.is("goes on behind what there is") && !page.More {
				next += 2
			}
			return true, err
		default:
			return true, fault(connectors.Transient, "the ledger says something else; try again later")
		}
		return false, nil
	})
	if err != nil {
		return connectors.Page{}, err
	}
	b.at = next
	if now == 0 {
		now = 1
	}
	if page.More && next == at && now == epoch {
		page.More = false
	}
	page.Next = connectors.Cursor(fmt.Sprintf("%d:%d", now, next))
	return page, nil
}

func (b *book) Census(ctx context.Context, _ connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	at := 0
	if from != "" {
		if _, err := fmt.Sscanf(string(from), "%d", &at); err != nil {
			return connectors.CensusPage{}, fault(connectors.CursorExpired, "this counting cannot be continued")
		}
	}
	page := connectors.CensusPage{Live: map[string]connectors.Version{}}
	err := b.talk(ctx, fmt.Sprintf("IDS 0 %d", at), func(line string) (bool, error) {
		word, rest, _ := strings.Cut(line, " ")
		if word == "END" {
			more := ""
			_, err := fmt.Sscanf(rest, "%d %s", &at, &more)
			page.More = more == "more" && !b.is("a census is one page")
			return true, err
		}
		page.Live[rest] = ""
		return false, nil
	})
	if err != nil && b.is("a census ends at a fault") {
		return page, nil
	}
	page.Next = connectors.Cursor(fmt.Sprint(at))
	return page, err
}

func (b *book) Watch(ctx context.Context, news func(connectors.Hint)) error {
	if b.is("has no news") {
		<-ctx.Done()
		return ctx.Err()
	}
	known := -1
	for {
		err := b.once(ctx, "WAIT", func(line string) (bool, error) {
			var n int
			if _, err := fmt.Sscanf(line, "WAITING %d", &n); err == nil {
				if known >= 0 && n != known && !b.is("forgets what came meanwhile") {
					news(connectors.Hint{Kind: connectors.Contact})
				}
				known = n
				return false, nil
			}
			if line != "NEWS" {
				return true, fault(connectors.Transient, "the ledger says something else")
			}
			known++
			news(connectors.Hint{Kind: connectors.Contact})
			return false, nil
		})
		if gone := ctx.Err(); gone != nil {
			if b.is("watches on") {
				time.Sleep(time.Hour) // virtual
			}
			return gone
		}
		if connectors.ClassOf(err) != connectors.Transient || b.is("does not watch again") {
			return err
		}
		if err := b.env.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

func ledgerHarness(bug string) connectortest.Harness {
	return connectortest.Harness{Spec: ledgerSpec(bug), Secret: token, API: &connectortest.API{
		Kind: connectors.Contact, Page: ledgerPage, Late: time.Hour, Can: []string{"Census", "Puller", "Watcher"},
		Server: func(tb testing.TB) connectortest.Server {
			l := newLedger(tb)
			return connectortest.Server{Dial: l.Dial, Control: l}
		},
		Record: func(i int) connectors.Record {
			return connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{{Name: "company", Values: []connectors.Value{{Text: "Sternwarte"}}},
				{Name: "given", Values: []connectors.Value{{Text: fmt.Sprintf("李伟 %d", i)}}}}}
		},
		Texts: []string{"given"},
		Stream: &connectortest.Stream{Logins: "LOGIN", Refuse: func(sent []byte) []byte {
			if !strings.HasPrefix(string(sent), "LOGIN") {
				return nil
			}
			return []byte("NO you said " + string(sent))
		}},
	}}
}

func TestTheStreamConnectorWithoutBugsPasses(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, ledgerHarness(""))
}

// streamCatches names for each bug the case that is meant to catch it.
var streamCatches = map[string]string{
	"hides an interface":                "capabilities",
	"checks nothing":                    "check",
	"stops after a page":                "pages",
	"keeps its place in memory":         "resume",
	"skips those of one time":           "one timestamp",
	"goes on behind what there is":      "late commit",
	"a census is one page":              "census",
	"a census ends at a fault":          "census",
	"believes old numbers":              "renumbered",
	"has no news":                       "watch",
	"watches on":                        "watch",
	"does not watch again":              "watch",
	"forgets what came meanwhile":       "watch",
	"gives up at the first fault":       "nobody answers",
	"calls for ever":                    "nobody answers",
	"an end is the end of all":          "cut",
	"waits for ever":                    "silence",
	"a web page is an empty list":       "somebody else answers",
	"reads without bound":               "huge answer",
	"a storm of wrong secrets":          "wrong secret",
	"a wrong secret is a passing fault": "wrong secret",
	"ignores who stopped waiting":       "cancelled",
	"says the secret in an error":       "secret",
	"marks what it reads":               "reading changes nothing",
}

func TestPlantedBugsInStreamConnectorsAreCaught(t *testing.T) {
	t.Parallel()
	meant := map[string]bool{}
	for bug, want := range streamCatches {
		meant[want] = true
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			h := ledgerHarness(bug)
			connectortest.Virtual(t, func(t *testing.T) {
				if len(failures(t, h, want)) == 0 {
					t.Errorf("the case %q does not catch it", want)
				}
			})
		})
	}
	shared := []string{"spec", "fetch", "expired cursor", "edit while paging", "delete and create again"} // whose bugs are planted above
	for _, c := range connectortest.Cases(ledgerHarness("")) {
		if !meant[c.Name] && !slices.Contains(shared, c.Name) {
			t.Errorf("no bug proves that the case %q can fail", c.Name)
		}
	}
}
