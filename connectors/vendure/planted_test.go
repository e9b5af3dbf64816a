package vendure

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

// planted are bugs that somebody could write into this connector, each with the case that is meant
// to catch it. They sit between the connector and the shop, or around the connector.
var planted = []struct {
	bug    string
	sent   func(body string) string                 // what is asked instead
	got    func(asked string, body string) string   // what is understood instead
	header func(h http.Header)                      // of answers
	around func(c *connection) connectors.Connector // instead of the connection
	twice  bool                                     // writes are sent twice when they fail
	caught string
}{
	{bug: "believes that sort keeps its order", sent: swap(`"sort":{"updatedAt":"ASC"}`, `"sort":{"id":"ASC","updatedAt":"ASC"}`), caught: "edit while paging"},
	{bug: "goes on by number behind the last one", sent: func(b string) string {
		return skips.ReplaceAllStringFunc(b, func(s string) string { return `"skip":` + plus(s, 1) })
	}, caught: "a second of many, edited while it is read"},
	{bug: "pages a second by its time", sent: func(b string) string {
		if strings.Contains(b, `"before"`) {
			b = strings.ReplaceAll(b, `"sort":{"id":"ASC"}`, `"sort":{"updatedAt":"ASC"}`)
		}
		return b
	}, caught: "a second of many, edited while it is read"},
	{bug: "begins where it ended", header: func(h http.Header) { h.Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)) }, caught: "late commit"},
	{bug: "counts drafts", sent: swap(`,"orderPlacedAt":{"isNull":false}`, ``), caught: "orders"},
	{bug: "knows a customer's version by its time", around: func(c *connection) connectors.Connector { return &timed{c} }, caught: "what moves no time is in the count"},
	{bug: "writes over what is there", around: func(c *connection) connectors.Connector { return &blind{c} }, caught: "stale version"},
	{bug: "looks for e-mail addresses as they are written", sent: func(b string) string {
		return strings.ReplaceAll(b, `"emailAddress":{"eq":"jana.koehler@sternwarte.example"}`, `"emailAddress":{"eq":"Jana.KOEHLER@Sternwarte.Example"}`)
	}, caught: "e-mail addresses in capitals"},
	{bug: "empties with null", sent: swap(`"phoneNumber":""`, `"firstName":null`), caught: "empty or absent"},
	{bug: "believes any channel", got: func(_, b string) string {
		return strings.ReplaceAll(b, `"token":"default-token"`, `"token":"reatil-token"`)
	}, caught: "an unknown channel"},
	{bug: "signs in for every missing right", got: func(_, b string) string {
		return strings.ReplaceAll(b, `"path":["orders"]`, `"path":["activeChannel"]`)
	}, caught: "a missing right is no ended session"},
	{bug: "takes a refusal inside the data for a yes", got: func(_, b string) string {
		return strings.ReplaceAll(b, `"errorCode":"EMAIL_ADDRESS_CONFLICT_ERROR"`, `"id":"1","errorCode":""`)
	}, caught: "an e-mail address that another has"},
	{bug: "sends a write again", twice: true, caught: "lost answer"},
	{bug: "looks at half of the addresses", sent: swap("company streetLine1", "streetLine1"), caught: "comes back equal"},
	{bug: "counts one page", around: func(c *connection) connectors.Connector { return &onePage{c} }, caught: "census"},
}

var skips = regexp.MustCompile(`"skip":[1-9][0-9]*`)

func plus(s string, n int) string {
	var i int
	fmt.Sscanf(s, `"skip":%d`, &i)
	return fmt.Sprint(i + n)
}

func swap(old, with string) func(string) string {
	return func(b string) string { return strings.ReplaceAll(b, old, with) }
}

// timed has versions made of times.
type timed struct{ *connection }

func stamped(r connectors.Record) connectors.Version { return connectors.Version(stamp(r.Modified)) }

func (x *timed) Pull(ctx context.Context, k connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	p, err := x.connection.Pull(ctx, k, from)
	for i := range p.Changes {
		p.Changes[i].Record.Version = stamped(p.Changes[i].Record)
	}
	return p, err
}

func (x *timed) Census(ctx context.Context, k connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	p, err := x.connection.Census(ctx, k, from)
	for id := range p.Live {
		if all, err := x.Fetch(ctx, k, []string{id}); err == nil && len(all) == 1 {
			p.Live[id] = stamped(all[0])
		}
	}
	return p, err
}

// blind expects nothing.
type blind struct{ *connection }

func (x *blind) Push(ctx context.Context, in connectors.Intent) (connectors.Record, error) {
	in.Expect = ""
	return x.connection.Push(ctx, in)
}

// onePage stops counting after a page.
type onePage struct{ *connection }

func (x *onePage) Census(ctx context.Context, k connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	p, err := x.connection.Census(ctx, k, from)
	p.More = false
	return p, err
}

// bugged is a transport with a bug.
type bugged struct {
	next  http.RoundTripper
	sent  func(string) string
	got   func(asked, body string) string
	head  func(http.Header)
	twice bool
}

func (b bugged) RoundTrip(r *http.Request) (*http.Response, error) {
	body := readAll(r)
	if b.sent != nil {
		body = []byte(b.sent(string(body)))
	}
	send := func() (*http.Response, error) {
		q := r.Clone(r.Context())
		q.Body, q.ContentLength = reader(body), int64(len(body))
		return b.next.RoundTrip(q)
	}
	resp, err := send()
	if b.twice && (err != nil || resp.StatusCode >= 500) && strings.Contains(string(body), `"query":"mutation C`) {
		resp, err = send()
	}
	if err != nil {
		return nil, err
	}
	if b.head != nil {
		b.head(resp.Header)
	}
	if b.got != nil {
		all, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil {
			return nil, err
		}
		resp.Body = io.NopCloser(bytes.NewReader([]byte(b.got(string(body), string(all)))))
		resp.ContentLength = -1
	}
	return resp, nil
}

func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	for _, p := range planted {
		t.Run(p.bug, func(t *testing.T) {
			t.Parallel()
			spec := Spec()
			healthy := spec.Open
			spec.Open = func(ctx context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
				env.HTTP = bugged{env.HTTP, p.sent, p.got, p.header, p.twice}
				c, err := healthy(ctx, o, env)
				if err != nil || p.around == nil {
					return c, err
				}
				return p.around(c.(*connection)), nil
			}
			for _, c := range slices.Concat(ownCases, fieldCases, orderCases) {
				if c.name == p.caught {
					connectortest.CatchesIn(t, p.caught, func(tb testing.TB) { runOwn(tb, spec, c) })
					return
				}
			}
			h := harness(false)
			h.Spec = spec
			connectortest.Catches(t, p.caught, h)
		})
	}
}
