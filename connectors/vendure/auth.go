package vendure

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// session signs an administrator in. Sessions last long (a year where the shop does not say
// otherwise), so the token is kept; a shop forgets it when the administrator is changed.
type session struct{ url, user, password string }

const loginMutation = `mutation Login($user: String!, $password: String!) {
  login(username: $user, password: $password, rememberMe: true) { __typename ... on ErrorResult { errorCode message } }
}`

// byCookie marks a session that the shop gave as cookies: those whose tokenMethod has no 'bearer'.
const byCookie = "cookie:"

func (s *session) tokens() rest.Tokens {
	// Whoever changes the address or the user signs in anew.
	of := sha256.Sum256([]byte(s.url + "\n" + s.user))
	return rest.Tokens{Name: "session " + hex.EncodeToString(of[:8]), Fetch: s.login,
		Put: func(r *http.Request, access string) {
			if cookies, ok := strings.CutPrefix(access, byCookie); ok {
				r.Header.Set("Cookie", cookies)
				return
			}
			r.Header.Set("Authorization", "Bearer "+access)
		}}
}

func (s *session) login(ctx context.Context, send rest.Send, _ rest.Grant) (rest.Grant, error) {
	body, err := json.Marshal(map[string]any{"query": loginMutation, "variables": map[string]string{"user": s.user, "password": s.password}})
	if err != nil {
		return rest.Grant{}, err
	}
	req, err := http.NewRequestWithContext(rest.AsRead(ctx), http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return rest.Grant{}, invalid("the address is none of a web server; write it like https://shop.example.com/admin-api")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	a, err := send(req)
	if err != nil {
		return rest.Grant{}, err
	}
	var out struct {
		Data struct {
			Login *struct {
				Type      string `json:"__typename"`
				ErrorCode string
				Message   string
			}
		}
	}
	readable := json.Unmarshal(a.Body, &out) == nil
	switch {
	case a.Status == http.StatusUnauthorized:
		return rest.Grant{}, &connectors.Error{Class: connectors.Auth, Text: fmt.Sprintf("the shop does not accept the credentials (%d)", a.Status)}
	case a.Status == http.StatusTooManyRequests:
		after, _ := rest.RetryAfter(a.Header, noTime)
		return rest.Grant{}, &connectors.Error{Class: connectors.RateLimited, After: after, Text: "the shop asks us to slow down while signing in"}
	case a.Status == http.StatusForbidden:
		return rest.Grant{}, &connectors.Error{Class: connectors.Forbidden, Text: "the shop does not let us sign in (403): a firewall may stand before it; let this machine through"}
	case a.Status >= 500:
		return rest.Grant{}, &connectors.Error{Class: connectors.Transient, Text: fmt.Sprintf("the shop has trouble of its own (%d); try again later", a.Status)}
	}
	if e := refusal(a, true); e != nil && (a.Status >= 300 || out.Data.Login == nil) {
		return rest.Grant{}, e
	}
	switch {
	case a.Status >= 300:
		return rest.Grant{}, invalid("signing in at the shop is answered with status %d; check the address", a.Status)
	case !readable:
		return rest.Grant{}, invalid("the shop answers with something that is no data, as a web page; check the address, and whether a login page or a firewall stands before it")
	case out.Data.Login == nil:
		return rest.Grant{}, invalid("the address answers, but not as the Admin API of a Vendure shop does; check the option url")
	case out.Data.Login.Type == "NotVerifiedError":
		return rest.Grant{}, &connectors.Error{Class: connectors.Auth, Text: fmt.Sprintf("the shop wants %s to confirm the e-mail address before signing in", s.user)}
	case out.Data.Login.ErrorCode != "":
		return rest.Grant{}, &connectors.Error{Class: connectors.Auth,
			Text: fmt.Sprintf("the shop does not accept the user %s with this password: see Vendure > Settings > Administrators", s.user)}
	}
	if token := a.Header.Get("vendure-auth-token"); token != "" {
		return rest.Grant{Access: token}, nil
	}
	var cookies []string
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	if len(cookies) == 0 {
		return rest.Grant{}, &connectors.Error{Class: connectors.Auth,
			Text: "the shop signs us in but gives no session: a proxy may drop the header vendure-auth-token, or its tokenMethod has neither 'bearer' nor 'cookie'"}
	}
	return rest.Grant{Access: byCookie + strings.Join(cookies, "; ")}, nil
}
