package bluesky

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	shop     = "did:plc:shopshopshopshopshopshop"
	handle   = "sternwarte.example"
	password = "hunter22-abcd-efgh-ijkl"
	address  = "https://pds.example"
)

var (
	names = []string{"Jana Köhler", "李伟", "جميل حدّاد", "Zoë 🌟", "Cher", "O'Neill \"Tom\""}
	bios  = []string{"Sternfreundin aus Lübeck", "望遠鏡愛好者", "مصوّر فلكي", "stars & cats 🐈", "+86 139 1234 5678", "line one\nline two"}
)

func newFake() *Fake {
	f := NewFake(shop, handle)
	f.AppPassword(password, true)
	return f
}

// crowd lets the suite make followers. Each begins to follow in a millisecond of their own: more than
// a page of one moment cannot be read from the real service, see TestFollowersOfOneMoment.
type crowd struct {
	*Fake
	ids  []string
	last time.Time
}

func text(r connectors.Record, field string) string {
	for _, f := range r.Fields {
		if f.Name == field {
			return f.Values[0].Text
		}
	}
	return ""
}

// after gives a time, or where it was given before the next millisecond.
func (c *crowd) after(at time.Time) time.Time {
	at = moment(at)
	if !at.After(c.last) && c.last.Sub(at) < 10*time.Second {
		at = c.last.Add(time.Millisecond)
	}
	c.last = at
	return at
}

func (c *crowd) Put(_ connectors.Kind, id string, r connectors.Record, at time.Time) (string, error) {
	if id != "" {
		c.Profile(id, text(r, connectors.FieldHandle), text(r, connectors.FieldName), text(r, connectors.FieldNote))
		return id, nil
	}
	did := c.Person(text(r, connectors.FieldHandle), text(r, connectors.FieldName), text(r, connectors.FieldNote))
	c.Follow(did, c.after(at))
	return did, nil
}

func (c *crowd) Delete(_ connectors.Kind, id string) error {
	c.Remove(id)
	return nil
}

func (c *crowd) Live(connectors.Kind) ([]string, error) { return c.Followers(), nil }

func follower(i int) connectors.Record {
	return connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{
		{Name: connectors.FieldHandle, Values: []connectors.Value{{Text: fmt.Sprintf("p%d.example", i), Label: network}}},
		{Name: connectors.FieldName, Values: []connectors.Value{{Text: names[i%len(names)]}}},
		{Name: connectors.FieldNote, Values: []connectors.Value{{Text: bios[i%len(bios)]}}},
	}}
}

var can = []string{"Census", "Fetcher", "Limiter", "Puller"}

// writes: logging in changes nothing that anybody sees.
func writes(s connectortest.Seen) bool {
	return s.Method != http.MethodGet && !strings.Contains(s.URL, "com.atproto.server.")
}

func options() map[string]string { return map[string]string{"handle": "@" + handle, "url": address} }

// few is how many things the suite lets a connection ask the fake for: more would show nothing more. A
// real server is asked for as many as users ask for.
const few = 12

// small lets connections ask for few things at a time.
func small(spec connectors.Spec) connectors.Spec {
	open := spec.Open
	spec.Open = func(ctx context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
		c, err := open(ctx, o, env)
		if b, ok := c.(*Connection); ok {
			b.size = few
		}
		return c, err
	}
	return spec
}

// harness is the suite's, for followers: of a spec that asks for size things at a time.
func harness(spec connectors.Spec, size int) connectortest.Harness {
	return connectortest.Harness{Spec: spec, Secret: password, API: &connectortest.API{
		Kind: connectors.Contact, Page: size, Late: time.Hour, Can: can, Record: follower, Texts: []string{connectors.FieldName}, Optional: connectors.FieldNote,
		Server: func(testing.TB) connectortest.Server {
			f := newFake()
			return connectortest.Server{Handler: f, Options: options(), Control: &crowd{Fake: f}}
		},
		Writes: writes, Certain: []string{"did", "followers", "cursor"}, Empty: []byte(`{"followers":[]}`),
	}}
}

func TestFollowersConform(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, harness(small(Spec()), few))
}

// letters lets the suite make posts that mention the account.
type letters struct{ crowd }

func (l *letters) Put(_ connectors.Kind, _ string, r connectors.Record, at time.Time) (string, error) {
	n := len(l.ids)
	did := l.Person(fmt.Sprintf("w%d.example", n), names[n%len(names)], "")
	l.ids = append(l.ids, did)
	return l.Notify(reasons[n%len(reasons)], did, "@"+handle+" "+r.Message.Text, "", l.after(at)), nil
}

func (l *letters) Delete(_ connectors.Kind, id string) error {
	l.Forget(id)
	return nil
}

func (l *letters) Live(connectors.Kind) ([]string, error) { return l.Notices(), nil }

// messageCases are those that fit messages: nobody edits a post, and none has fields of its own.
func messageCases(h connectortest.Harness) []connectortest.Case {
	return slices.DeleteFunc(connectortest.Cases(h), func(c connectortest.Case) bool {
		return slices.Contains([]string{"pages", "edit while paging", "delete and create again", "census", "fetch"}, c.Name)
	})
}

func messageHarness(spec connectors.Spec, size int) connectortest.Harness {
	return connectortest.Harness{Spec: spec, Secret: password, API: &connectortest.API{
		Kind: connectors.MessageKind, Page: size, Late: overlap / 2, Can: can, Texts: []string{connectors.FieldName}, Optional: connectors.FieldNote,
		Record: func(i int) connectors.Record {
			return connectors.Record{Kind: connectors.MessageKind, Message: &connectors.MessageData{Text: bios[i%len(bios)]}}
		},
		Server: func(testing.TB) connectortest.Server {
			f := newFake()
			return connectortest.Server{Handler: f, Options: options(), Control: &letters{crowd{Fake: f}}}
		},
		Writes: writes, Certain: []string{"did", "notifications", "cursor", "uri", "indexedAt", "author", "records", "convos"},
		Empty: []byte(`{"notifications":[],"records":[],"convos":[]}`),
	}}
}

func TestMessagesConform(t *testing.T) {
	t.Parallel()
	h := messageHarness(small(Spec()), few)
	for _, c := range messageCases(h) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			connectortest.Virtual(t, func(t *testing.T) { c.Run(t, h) })
		})
	}
}

var _ http.Handler = (*Fake)(nil)
