package cmd

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/csv"
)

// keptCounter is a program of the tests: kept, with counters beside the ordinary connectors.
func keptCounter() int {
	return Main(csv.Spec(), officeSpec("office", "an address book", 0), counterSpec())
}

// counterSpec is a system whose contacts are told page by page over HTTP, and that can be stopped at
// any request: [counter] is its other side.
func counterSpec() connectors.Spec {
	spec := officeSpec("counter", "a counter with a queue", 0)
	spec.Presets = nil
	spec.Options = []connectors.Option{{Name: "url", Help: "where it is", Required: true}}
	spec.Open = func(_ context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
		return &counterClient{url: options["url"], http: &http.Client{Transport: env.HTTP}}, nil
	}
	return spec
}

type counterClient struct {
	url  string
	http *http.Client
}

// counterPage is one answer of a counter.
type counterPage struct {
	Contacts []officeContact
	Next     int
	Total    int
}

// counterWrite is one wish to write.
type counterWrite struct {
	Intent  string
	Contact officeContact
}

func (c *counterClient) call(ctx context.Context, method, path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if method == "GET" { // the server sees who goes away while no body waits to be read
		b = nil
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return &connectors.Error{Class: connectors.Ambiguous, Text: "the counter does not answer"}
	}
	defer func() { _ = resp.Body.Close() }()
	return json.NewDecoder(resp.Body).Decode(out)
}

func (c *counterClient) Check(ctx context.Context) error {
	return c.call(ctx, "GET", "/?from=0", nil, new(counterPage))
}

func (c *counterClient) Pull(ctx context.Context, _ connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	var told counterPage
	err := c.call(ctx, "GET", "/?from="+cmp.Or(string(from), "0"), nil, &told)
	page := connectors.Page{Next: connectors.Cursor(strconv.Itoa(told.Next)), More: told.Next < told.Total, Total: int64(told.Total), Done: int64(told.Next), Told: len(told.Contacts)}
	for _, x := range told.Contacts {
		page.Changes = append(page.Changes, connectors.Change{Record: x.record()})
	}
	return page, err
}

func (c *counterClient) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	x := officeContact{ID: in.Record.ID}
	for _, f := range in.Record.Fields {
		var values []string
		for _, v := range f.Values {
			values = append(values, v.Text)
		}
		x.set(f.Name, values)
	}
	err := c.call(ctx, "PUT", "/", counterWrite{Intent: in.ID, Contact: x}, &x)
	return x.record(), err
}

// counter is the system itself, in the test's process: it outlives those that ask it.
type counter struct {
	*httptest.Server
	page int

	mu      sync.Mutex
	told    []officeContact   // all that it tells, changes too, in the order in which it came to be
	asked   []string          // "GET 40", "PUT 3", "PUT new", in the order in which they came
	wishes  map[string]string // the contact that each intent was about
	made    int               // contacts that came by writing
	stop    string            // whoever asks this waits until they are gone
	stopped chan struct{}
}

func newCounter(t *testing.T, page, contacts int) *counter {
	c := &counter{page: page, wishes: map[string]string{}, stopped: make(chan struct{}, 1)}
	for i := 1; i <= contacts; i++ {
		c.told = append(c.told, officeContact{ID: strconv.Itoa(i), Name: fmt.Sprintf("王芳 %d", i), Emails: []string{fmt.Sprintf("p%d@host%d.example", i, i)}})
	}
	c.Server = httptest.NewServer(http.HandlerFunc(c.answer))
	t.Cleanup(c.Close)
	return c
}

// at lets whoever asks this next wait, after it is done and before the answer.
func (c *counter) at(request string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop = request
}

// seen are the requests since the n-th.
func (c *counter) seen(n int) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked[n:])
}

func (c *counter) answer(w http.ResponseWriter, r *http.Request) {
	var out any
	var in counterWrite
	name := "GET " + r.FormValue("from")
	if r.Method == "PUT" {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		name = "PUT " + cmp.Or(in.Contact.ID, "new")
	}
	c.mu.Lock()
	c.asked = append(c.asked, name)
	if r.Method == "PUT" {
		out = c.put(in)
	} else {
		from, _ := strconv.Atoi(r.FormValue("from"))
		to := min(from+c.page, len(c.told))
		out = counterPage{Contacts: c.told[min(from, to):to], Next: to, Total: len(c.told)}
	}
	wait := c.stop == name
	if wait {
		c.stop = ""
	}
	b, err := json.Marshal(out)
	c.mu.Unlock()
	if wait {
		c.stopped <- struct{}{}
		<-r.Context().Done()
		return
	}
	if err == nil {
		_, err = w.Write(b)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "counter:", err)
	}
}

// put writes as the real systems do: a wish that came before is the same wish.
func (c *counter) put(in counterWrite) officeContact {
	if in.Contact.ID == "" {
		if in.Contact.ID = c.wishes[in.Intent]; in.Contact.ID == "" {
			c.made++
			in.Contact.ID = fmt.Sprintf("new%d", c.made)
		}
	}
	c.wishes[in.Intent] = in.Contact.ID
	c.told = append(c.told, in.Contact)
	return in.Contact
}

// now is what each contact is.
func (c *counter) now() map[string]officeContact {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]officeContact{}
	for _, x := range c.told {
		out[x.ID] = x
	}
	return out
}
