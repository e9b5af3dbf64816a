package carddav

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"go.uber.org/goleak"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noDNS knows no domain.
type noDNS struct{}

func (noDNS) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", nil, errors.New("no such host")
}
func (noDNS) LookupTXT(context.Context, string) ([]string, error) {
	return nil, errors.New("no such host")
}

const secret = "horse+battery/staple=22"

// testPage is how many cards the tests ask for at a time.
const testPage = 5

// testSizes let an answer be large enough for all that is no test of its size.
var testSizes = sizes{page: testPage, answer: 4 << 20}

// harness describes a server for the suite.
func harness(server func(tb testing.TB) connectortest.Server) connectortest.Harness {
	people := [][2]string{{"Jana", "Köhler"}, {"伟", "李"}, {"جميل", "حداد"}, {"Zoë", "🌟 Star"}, {"山田", "太郎"}}
	return connectortest.Harness{Spec: spec(testSizes, noDNS{}), Secret: secret, API: &connectortest.API{
		Kind: connectors.Contact, Server: server, Page: testPage,
		Options: map[string]string{"user": "alice"},
		Can:     []string{"Census", "Deleter", "Fetcher", "Finder", "Limiter", "Puller", "Pusher", "Rereader"},
		Record: func(i int) connectors.Record {
			p := people[i%len(people)]
			field := func(name, text string) connectors.Field {
				return connectors.Field{Name: name, Values: []connectors.Value{{Text: text}}}
			}
			return connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{field("company", "Sternwarte"), field("email", fmt.Sprintf("p%d@example.org", i)), field("family", p[1]),
				field("given", p[0]), field("name", p[0]+" "+p[1]), field("note", "calls on Mondays"), field("phone", fmt.Sprintf("+49 451 %06d", i)), field("title", "Dr.")}}
		},
		Texts: []string{"title", "company"}, Optional: "note", Late: 3600e9,
		Empty: []byte(`<?xml version="1.0"?><multistatus xmlns="DAV:"/>`),
	}}
}

func fakeServer(b behaviour) func(testing.TB) connectortest.Server {
	b.open = false // whoever lets everybody in stands behind something that does not
	return func(testing.TB) connectortest.Server {
		f := newFake(b, "alice", secret)
		return connectortest.Server{Handler: f, Options: map[string]string{"url": "https://dav.example"}, Control: f}
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, b := range []behaviour{radicaleLike, xandikosLike, cyrusLike} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			connectortest.Run(t, harness(fakeServer(b)))
		})
	}
}
