package vendure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// noTime is no time.
var noTime time.Time

// fault is one entry of the member errors of an answer.
type fault struct {
	Message    string
	Path       []any
	Extensions struct{ Code string }
}

// at is the member of the operation that failed, without the number that an alias has behind it;
// empty where the whole operation failed.
func (f fault) at() string {
	if len(f.Path) == 0 {
		return ""
	}
	name, _ := f.Path[0].(string)
	name, _, _ = strings.Cut(name, "_")
	return name
}

// faults reads what an answer says went wrong. Entries that are not as the specification has them
// are left out: a proxy may have written them.
func faults(body []byte) []fault {
	var answer struct{ Errors []json.RawMessage }
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	var out []fault
	for _, raw := range answer.Errors {
		var f fault
		if json.Unmarshal(raw, &f) == nil && (f.Message != "" || f.Extensions.Code != "") {
			out = append(out, f)
		}
	}
	return out
}

const forbidden = "FORBIDDEN"

// expired says whether an answer means that the session has ended. Vendure says FORBIDDEN to that
// and to missing rights; each query therefore asks for activeChannel first, which whoever is signed
// in may see, and its path tells the two apart. Writes follow a query at once.
func expired(a rest.Answer) bool {
	if a.Status == http.StatusUnauthorized {
		return true
	}
	for _, f := range faults(a.Body) {
		if f.Extensions.Code == forbidden && f.at() == "activeChannel" {
			return true
		}
	}
	return false
}

// judge gives what the shop means by an answer.
func judge(c *connection) func(rest.Answer) *connectors.Error {
	return func(a rest.Answer) *connectors.Error { return refusal(a, c.signsIn) }
}

// lacks is the error of a permission that the role does not have.
func lacks(right string) *connectors.Error {
	return &connectors.Error{Class: connectors.Forbidden,
		Text: fmt.Sprintf("the permission %s is missing: Vendure > Settings > Roles > the role of this administrator or key > tick %s; where the shop has channels, the role must be for this one", right, right)}
}

// refusal is the error that an answer holds; nil where it holds none that has words here.
func refusal(a rest.Answer, signsIn bool) *connectors.Error {
	all := faults(a.Body)
	switch {
	case a.Status == http.StatusNotFound, a.Status == http.StatusMethodNotAllowed:
		return invalid("there is no Admin API of a Vendure shop at this address (%d): it usually ends with /admin-api; see adminApiPath in the shop's vendure-config.ts", a.Status)
	case a.Status >= 300 && a.Status != http.StatusBadRequest, len(all) == 0:
		return nil
	}
	f := all[0]
	says := ""
	if s := short(f.Message); s != "" {
		says = `: it says "` + s + `"`
	}
	switch code := f.Extensions.Code; {
	case code == forbidden && f.at() == "activeChannel" && signsIn:
		return &connectors.Error{Class: connectors.Auth, Text: "the shop signs us in and then does not know the session; check whether a proxy before it drops the header Authorization"}
	case code == forbidden && f.at() == "activeChannel":
		return &connectors.Error{Class: connectors.Auth,
			Text: "the shop does not accept the API key: see Vendure > Settings > API keys, and whether the shop's tokenMethod has 'api-key'"}
	case code == forbidden:
		right := permissions[f.at()]
		if right == "" {
			return &connectors.Error{Class: connectors.Forbidden, Text: "the shop does not permit this: see the role of the administrator or key at Vendure > Settings > Roles"}
		}
		return lacks(right)
	case code == "ENTITY_NOT_FOUND":
		return &connectors.Error{Class: connectors.NotFound, Text: "the shop does not have this any more"}
	case code == "GRAPHQL_VALIDATION_FAILED" && strings.Contains(f.Message, `field "customers" on type "Query"`):
		return invalid("this is the address of the Shop API, which customers use; give that of the Admin API, which usually ends with /admin-api")
	case code == "GRAPHQL_VALIDATION_FAILED" && strings.HasPrefix(f.Message, "Cannot query field"):
		return invalid("the shop's API is not the one that Kept knows, of Vendure 3.7%s; bring the shop to that version", says)
	case strings.HasPrefix(f.Message, "Cannot take more than"):
		return invalid("the shop gives fewer things at a time than are asked for%s; set the option page to that", says)
	case strings.Contains(code, "RATE_LIMIT"), strings.Contains(code, "TOO_MANY"), strings.Contains(code, "THROTTL"):
		after, _ := rest.RetryAfter(a.Header, noTime)
		return &connectors.Error{Class: connectors.RateLimited, After: after, Text: "the shop asks us to slow down"}
	case code == "", code == "INTERNAL_SERVER_ERROR":
		// a fault of the database, mostly; whether a write stands is not known
		if writes[f.at()] {
			return &connectors.Error{Class: connectors.Ambiguous, Text: "the shop has trouble of its own" + says + "; whether this was written there is not known"}
		}
		return &connectors.Error{Class: connectors.Transient, Text: "the shop has trouble of its own" + says + "; try again later"}
	}
	return invalid("the shop refuses this%s", says)
}

// permissions are what a member of an operation needs.
var permissions = map[string]string{
	"customers": "ReadCustomer", "customer": "ReadCustomer", "orders": "ReadOrder", "countries": "ReadCountry",
	"createCustomer": "CreateCustomer", "createCustomerAddress": "CreateCustomer", "updateCustomer": "UpdateCustomer", "updateCustomerAddress": "UpdateCustomer",
	"deleteCustomer": "DeleteCustomer", "deleteCustomerAddress": "DeleteCustomer",
}

var writes = map[string]bool{"createCustomer": true, "createCustomerAddress": true, "updateCustomer": true, "updateCustomerAddress": true,
	"deleteCustomer": true, "deleteCustomerAddress": true}

var (
	spaces   = regexp.MustCompile(`\s+`)
	variable = regexp.MustCompile(`got invalid value .*; `) // holds what was sent: somebody's data
)

// short bounds what the shop says, and leaves out what it repeats of ours.
func short(s string) string {
	s = strings.TrimSpace(spaces.ReplaceAllString(variable.ReplaceAllString(s, "is not right: "), " "))
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}

// head is what every query begins with.
const head = `activeChannel { token } `

const checkQuery = `query Check { ` + head + `customers(options: {take: 1}) { totalItems } orders(options: {take: 1}) { totalItems } }`

// rightsQuery asks what whoever is signed in may do, by channel.
const rightsQuery = `query Rights { ` + head + `me { channels { token permissions } } }`

// operation is the body of a request.
type operation struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables,omitempty"`
}

// ask makes a query and decodes its data. That it was answered by the channel that the connection
// is of is seen here: Vendure answers an unknown channel with the default one.
func (c *connection) ask(ctx context.Context, client *rest.Client, query string, variables map[string]any, into any) (rest.Answer, error) {
	var out struct{ Data json.RawMessage }
	a, err := client.Do(ctx, rest.Request{Method: http.MethodPost, Body: operation{query, variables}, Read: true}, &out)
	if err != nil {
		return a, err
	}
	var from struct {
		ActiveChannel *struct{ Token string }
	}
	if len(out.Data) == 0 || json.Unmarshal(out.Data, &from) != nil || json.Unmarshal(out.Data, into) != nil {
		return a, &connectors.Error{Class: connectors.Transient, Text: "the answer of the shop is not what was expected; check the option url, or try again later"}
	}
	if c.channel != "" && from.ActiveChannel != nil && from.ActiveChannel.Token != c.channel {
		return a, invalid("the shop has no channel with the token in the option channel, and answers with its default channel instead: see Vendure > Settings > Channels")
	}
	return a, nil
}

func (c *connection) query(ctx context.Context, query string, variables map[string]any, into any) (rest.Answer, error) {
	return c.ask(ctx, c.rest, query, variables, into)
}

// write makes a mutation.
func (c *connection) write(ctx context.Context, mutation string, variables map[string]any, into any) error {
	out := struct{ Data any }{into}
	_, err := c.rest.Do(ctx, rest.Request{Method: http.MethodPost, Body: operation{mutation, variables}}, &out)
	return err
}

// uncertain is err for a write of which a part is certainly there.
func uncertain(what string, err error) error {
	text := err.Error()
	var e *connectors.Error
	if !errors.As(err, &e) {
		text = "it was stopped"
	}
	return &connectors.Error{Class: connectors.Ambiguous, Text: what + ": " + text, Cause: err}
}

// moment reads a time of the API; zero where there is none.
func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return noTime
	}
	return t.UTC()
}

// stamp writes a time as the API takes it, in milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
