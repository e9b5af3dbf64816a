package woocommerce

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// refusal is how the API says no: by status, and for one thing of a batch inside a 200.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"` // in the language of the shop, and in some versions with tags
	Data    struct {
		Status number          `json:"status"`
		Params json.RawMessage `json:"params"` // names, as a list or as the keys of an object
	} `json:"data"`
}

// UnmarshalJSON takes what PHP makes of it: data may be null or a list.
func (r *refusal) UnmarshalJSON(b []byte) error {
	var loose struct {
		Code, Message text
		Data          json.RawMessage
	}
	*r = refusal{}
	if json.Unmarshal(b, &loose) != nil {
		return nil
	}
	r.Code, r.Message = string(loose.Code), string(loose.Message)
	var data struct {
		Status number
		Params json.RawMessage
	}
	if isObject(loose.Data) && json.Unmarshal(loose.Data, &data) == nil {
		r.Data.Status, r.Data.Params = data.Status, data.Params
	}
	return nil
}

// params names the parameters that were refused.
func (r refusal) params() []string {
	var list []string
	var byName map[string]json.RawMessage
	if json.Unmarshal(r.Data.Params, &list) != nil && json.Unmarshal(r.Data.Params, &byName) == nil {
		for name := range byName {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

func refusalOf(a rest.Answer) refusal {
	var r refusal
	_ = json.Unmarshal(a.Body, &r) // whatever is none has no code
	return r
}

func codeOf(a rest.Answer) string { return refusalOf(a).Code }

// judge gives the error that an answer means in the shop's terms; nil where its status says enough.
func (s *shop) judge(a rest.Answer, write bool) *connectors.Error {
	if a.Status < 400 || a.Status == http.StatusTooManyRequests || a.Status >= 500 && a.Status != http.StatusNotImplemented {
		return nil
	}
	r := refusalOf(a)
	if a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden {
		return s.denied(a, r, write)
	}
	if r.Code == "" {
		return nil
	}
	return s.refused(r)
}

func (s *shop) error(class connectors.Class, format string, args ...any) *connectors.Error {
	return &connectors.Error{Class: class, Text: fmt.Sprintf(format, args...)}
}

// denied tells apart what WooCommerce answers with 401, and what stands before it with 403. Its
// codes are few and its words are in the shop's language, so where these are not English the kind of
// call and the clocks decide.
func (s *shop) denied(a rest.Answer, r refusal, write bool) *connectors.Error {
	says := func(words string) bool { return strings.Contains(strings.ToLower(r.Message), words) }
	newKey := "make a new key at " + keysPage + " > Add key and give both its values"
	switch {
	case r.Code == "woocommerce_rest_authentication_missing_parameter":
		return s.error(connectors.Auth, "something before %s cut the key out of the address; ask its host to let query parameters through", s.name)
	case r.Code == "woocommerce_rest_authentication_error":
		return s.keyRefused(a, r, write, says, newKey)
	case (r.Code == "woocommerce_rest_cannot_view" || r.Code == "woocommerce_rest_cannot_create" || r.Code == "woocommerce_rest_cannot_batch") && a.Status == http.StatusUnauthorized:
		if s.oauth {
			return s.error(connectors.Auth, "%s did not see the key: something before it cuts query parameters out of the address, or the key was revoked; %s", s.name, newKey)
		}
		return s.error(connectors.Auth, "%s does not know this consumer key, or did not get it: check it, or %s; if it is right, the web server drops the header Authorization "+
			"(or does not tell WordPress that it was asked over https): set the option auth to oauth", s.name, newKey)
	case strings.HasPrefix(r.Code, "woocommerce_rest_cannot_") && (says("role") || says("via this endpoint")):
		return s.error(connectors.Forbidden, "%s lets nobody change the e-mail address of its staff, or delete them, from outside; do it in WordPress > Users", s.name)
	case strings.HasPrefix(r.Code, "woocommerce_rest_cannot_"):
		return s.error(connectors.Forbidden, "%s knows the key, but its user may not do this; edit the key at %s and choose a user who is administrator or shop manager", s.name, keysPage)
	case strings.HasPrefix(r.Code, "rest_") || strings.Contains(r.Code, "_rest_") || r.Code == "rest_disabled":
		return s.error(classOf(a.Status), "a plug-in of %s closes its REST API (%s); let WooCommerce's part, wc/v3, through in the plug-in's settings", s.name, r.Code)
	case r.Code != "":
		return nil
	case a.Status == http.StatusUnauthorized && strings.Contains(strings.ToLower(a.Header.Get("Www-Authenticate")), "basic") && isPage(a):
		return s.error(connectors.Auth, "the web server before %s asks for a password of its own, as staging sites do; let Kept's address through there", s.name)
	case isPage(a) && a.Header.Get("Retry-After") == "":
		return s.error(classOf(a.Status), "a firewall before %s sent a web page (%d); let requests to /wp-json/wc/ from this machine through, in the security plug-in or at the host", s.name, a.Status)
	}
	return nil
}

// keyRefused tells apart what all has the code woocommerce_rest_authentication_error.
func (s *shop) keyRefused(a rest.Answer, r refusal, write bool, says func(string) bool, newKey string) *connectors.Error {
	readOnly := func() *connectors.Error {
		return s.error(connectors.Forbidden, "the key may read but not write at %s; two-way sync needs \"Read/Write\": %s > edit the key > Permissions", s.name, keysPage)
	}
	clock := func() *connectors.Error {
		return s.error(connectors.Auth, "%s refuses the time of the request: the clock of this machine and the shop's are more than 15 minutes apart; set the one that is wrong", s.name)
	}
	switch {
	case says("write permissions"):
		return readOnly()
	case says("read permissions"):
		return s.error(connectors.Forbidden, "the key may write but not read at %s; Kept needs \"Read/Write\", or \"Read\" alone: %s > edit the key > Permissions", s.name, keysPage)
	case says("cannot be used to access this endpoint"):
		return s.error(connectors.Forbidden, "%s does not let this key use the REST API of WooCommerce; %s", s.name, newKey)
	case says("consumer secret"):
		return s.error(connectors.Auth, "%s knows the consumer key, but the secret is not that of this key; it is shown only once: copy it again if you have it, or %s", s.name, newKey)
	case says("consumer key"):
		return s.error(connectors.Auth, "%s does not know this consumer key; check it, or %s", s.name, newKey)
	case says("timestamp"):
		return clock()
	case says("nonce"):
		// We use each once: somebody between us sent ours again, so the first may have been heard.
		if write {
			return s.error(connectors.Ambiguous, "%s had this request already: a cache or proxy before it repeats requests; whether it was written is not known", s.name)
		}
		return s.error(connectors.Transient, "%s had this request already: a cache or proxy before it repeats requests; try again, and keep /wp-json/ out of the cache", s.name)
	case says("signature"):
		return s.badSignature(newKey)
	}
	// Another language than English.
	if at, err := http.ParseTime(a.Header.Get("Date")); s.oauth && err == nil {
		if d := s.now().Sub(at); d > 15*time.Minute || d < -15*time.Minute {
			return clock()
		}
	}
	switch {
	case write:
		return readOnly() // it was read with this key before
	case s.oauth:
		return s.badSignature(newKey)
	}
	return s.error(connectors.Auth, "%s knows the consumer key, but the secret is not that of this key, or the key may not read; check both at %s, or %s", s.name, keysPage, newKey)
}

func (s *shop) badSignature(newKey string) *connectors.Error {
	return s.error(connectors.Auth, "%s does not accept the signature: the consumer secret is not that of this key, or the address is not the shop's own "+
		"(http or https, with or without www, as in WordPress > Settings > General > Site Address); check the address, or %s", s.name, newKey)
}

func classOf(status int) connectors.Class {
	if status == http.StatusUnauthorized {
		return connectors.Auth
	}
	return connectors.Forbidden
}

// refused gives the error for a write or a question that WooCommerce understood and refused.
func (s *shop) refused(r refusal) *connectors.Error {
	params := r.params()
	switch r.Code {
	case "registration-error-email-exists":
		return s.error(connectors.Conflict, "%s has a customer with this e-mail address already", s.name)
	case "registration-error-username-exists":
		return s.error(connectors.Invalid, "%s has another user with the user name that it would give; change \"account username\" at WooCommerce > Settings > Accounts & Privacy", s.name)
	case "woocommerce_rest_customer_invalid_email":
		return s.error(connectors.Invalid, "at %s another customer has this e-mail address; if the two are one person, remove one there", s.name)
	case "customer_invalid_email", "customer_invalid_billing_email", "registration-error-invalid-email":
		return s.badEmail()
	case "wc_user_invalid_id", "woocommerce_rest_invalid_id", "woocommerce_rest_shop_order_invalid_id", "woocommerce_rest_invalid_order_id":
		return s.error(connectors.NotFound, "%s has that no longer", s.name)
	case "woocommerce_rest_request_entity_too_large":
		return s.error(connectors.Invalid, "%s takes fewer changes at a time", s.name)
	case "woocommerce_rest_trash_not_supported":
		return s.error(connectors.Invalid, "%s deletes customers for good only", s.name)
	case "rest_no_route":
		return s.error(connectors.Invalid, "WordPress answers at %s, but WooCommerce does not: activate it in WordPress > Plugins (version 3.5 or later)", s.name)
	case "rest_missing_callback_param":
		if slices.Contains(params, "username") || slices.Contains(params, "password") {
			return s.error(connectors.Invalid, "%s makes no accounts without a user name and a password; at WooCommerce > Settings > Accounts & Privacy let it generate both", s.name)
		}
		if slices.Contains(params, "email") {
			return noEmail(s.name)
		}
		return s.error(connectors.Invalid, "%s misses %s", s.name, strings.Join(params, ", "))
	case "rest_invalid_param":
		if slices.Contains(params, "email") || slices.Contains(params, "billing") {
			return s.badEmail()
		}
		return s.error(connectors.Invalid, "%s does not take %s as it is", s.name, strings.Join(params, ", "))
	case "rest_invalid_json":
		return s.error(connectors.Invalid, "%s could not read what was sent; a firewall before it may have changed it", s.name)
	}
	return nil
}

func (s *shop) badEmail() *connectors.Error {
	return s.error(connectors.Invalid, "%s does not take this e-mail address: WordPress knows only those of Latin letters, digits and signs, with a domain; correct it, or leave it out of the shop", s.name)
}

func noEmail(name string) *connectors.Error {
	return &connectors.Error{Class: connectors.Invalid, Text: name + " takes no customer without an e-mail address; add one, or leave this contact out of the shop"}
}

// noAPI says what a web page where the API should be means.
func (s *shop) noAPI(err error) error {
	class := connectors.Invalid
	var e *connectors.Error
	if errors.As(err, &e) && e.Class != connectors.NotFound {
		class = e.Class // a captive portal goes away, and a write may have come through it
	}
	return &connectors.Error{Class: class, Cause: err, Text: s.name + " answers with a web page where its API should be: check the address (with its folder, if WordPress lives in one); " +
		"if it is right, a login page, a firewall or a network that wants a sign-in stands before it, or Settings > Permalinks must be saved once in WordPress"}
}

// isPage says whether an answer is HTML.
func isPage(a rest.Answer) bool {
	return strings.Contains(strings.ToLower(a.Header.Get("Content-Type")), "html") || strings.HasPrefix(strings.TrimSpace(string(a.Body[:min(len(a.Body), 64)])), "<")
}
