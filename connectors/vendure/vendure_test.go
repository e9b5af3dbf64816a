package vendure

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testPassword = "pass+hunter22/secret="
	testPage     = 3
)

var people = []struct{ given, family, company, phone string }{
	{"Jana", "Köhler", "Sternwarte Lübeck e.V.", "+49 451 901820"}, {"伟", "李", "望远镜有限公司", "+86 139 1234 5678"},
	{"جميل", "حدّاد", "مرصد", "+49 30 1"}, {"Zoë 🌟", "Müßig", "Ö & Söhne", "+351 912"}, {"Cher", "", "Cher", "12"},
}

// person gives the i-th record of the suite.
func person(i int) connectors.Record {
	p := people[i%len(people)]
	field := func(name, text string) connectors.Field {
		return connectors.Field{Name: name, Values: []connectors.Value{{Text: text}}}
	}
	r := connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{
		{Name: connectors.FieldAddress, Values: []connectors.Value{{Text: "Weg 1, 23552 Lübeck, DE", Label: billing,
			Parts: map[string]string{connectors.PartStreet: "Weg 1", connectors.PartPostcode: "23552", connectors.PartCity: "Lübeck", connectors.PartCountry: "DE"}}}},
		field(connectors.FieldCompany, p.company), field(connectors.FieldEmail, fmt.Sprintf("p%d@example.org", i))}}
	if p.family != "" {
		r.Fields = append(r.Fields, field(connectors.FieldFamily, p.family))
	}
	r.Fields = append(r.Fields, field(connectors.FieldGiven, p.given), field(connectors.FieldPhone, p.phone), field(connectors.FieldPrefix, "Dr."))
	return r
}

// isWrite tells the writes of the Admin API from its reads, which are POSTs too.
func isWrite(s connectortest.Seen) bool {
	return strings.Contains(string(s.Body), `"query":"mutation `) && !strings.Contains(string(s.Body), `"query":"mutation Login`)
}

// harness describes the shop in memory. With a key it is asked without signing in.
func harness(withKey bool) connectortest.Harness {
	h := connectortest.Harness{Spec: Spec(), Secret: testPassword, API: &connectortest.API{
		Kind: connectors.Contact, Page: testPage, Late: overlap / 2, Writes: isWrite, Record: person,
		Options: map[string]string{"page": fmt.Sprint(testPage)},
		Can:     []string{"Census", "Deleter", "Fetcher", "Finder", "Limiter", "Puller", "Pusher"},
		Server: func(testing.TB) connectortest.Server {
			f := newFake()
			f.key = testPassword
			o := map[string]string{"url": "https://shop.example"}
			if !withKey {
				o["user"] = f.user
			}
			return connectortest.Server{Handler: f, Options: o, Control: f}
		},
		Texts: []string{connectors.FieldGiven, connectors.FieldFamily, connectors.FieldCompany}, Optional: connectors.FieldPhone,
		Certain: []string{"data", "customers", "items", "id", "updatedAt"},
		Empty:   []byte(`{"data":{"activeChannel":{"token":"default-token"},"customers":{"totalItems":0,"items":[]}}}`),
	}}
	return h
}

func TestConformance(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, harness(false))
}

func TestConformanceWithAKey(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, harness(true))
}

// The same where the database keeps microseconds, as PostgreSQL does.
func TestConformanceWithFineTimes(t *testing.T) {
	t.Parallel()
	h := harness(false)
	server := h.API.Server
	h.API.Server = func(tb testing.TB) connectortest.Server {
		s := server(tb)
		s.Handler.(*fake).finest = true
		return s
	}
	connectortest.Run(t, h)
}

// store keeps tokens in memory.
type store map[string]string

func (s store) Get(_ context.Context, name string) (string, error) { return s[name], nil }
func (s store) Put(_ context.Context, name, value string) error    { s[name] = value; return nil }

// opened is a connection with these options.
func opened(t testing.TB, o map[string]string, env connectors.Env) *connection {
	t.Helper()
	c, err := Spec().Open(context.Background(), o, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.(*connection).Close() })
	return c.(*connection)
}
