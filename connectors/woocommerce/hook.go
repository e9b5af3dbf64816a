package woocommerce

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// maxHook is how many bytes of a webhook are looked at.
const maxHook = 8 << 20

// Receive verifies a webhook: X-WC-Webhook-Signature is the Base64 of HMAC-SHA256 over the body as
// it came, keyed with the webhook's secret. No time is signed, so an old one can be sent again; it
// gives a hint again, which tells nothing. Deliveries repeat their X-WC-Webhook-Delivery-ID with
// other bodies, so that is no reason to leave one out. The ping of a new webhook is not signed and
// says nothing: no hints and no error.
func (s *shop) Receive(_ context.Context, header map[string][]string, body []byte) ([]connectors.Hint, error) {
	get := func(name string) string {
		for k, v := range header {
			if strings.EqualFold(k, name) && len(v) > 0 {
				return v[0]
			}
		}
		return ""
	}
	signature := get("X-WC-Webhook-Signature")
	if signature == "" && isPing(body) {
		return nil, nil
	}
	if s.hook == "" {
		return nil, s.error(connectors.Auth, "a webhook of %s cannot be verified: set the option webhook_secret to what stands at %s > Secret", s.name, hooksPage)
	}
	sent, err := base64.StdEncoding.DecodeString(signature)
	mac := hmac.New(sha256.New, []byte(s.hook))
	mac.Write(body)
	if err != nil || len(body) > maxHook || !hmac.Equal(sent, mac.Sum(nil)) {
		return nil, s.error(connectors.Auth, "a webhook was not signed with the secret of the webhooks of %s; it was not read. If it is the shop's, compare the option webhook_secret with %s > Secret", s.name, hooksPage)
	}
	var thing struct {
		ID    number          `json:"id"`
		Lines json.RawMessage `json:"line_items"`
		Role  json.RawMessage `json:"role"`
	}
	if !isObject(body) || json.Unmarshal(body, &thing) != nil {
		return nil, s.error(connectors.Invalid, "a webhook of %s is signed, and holds nothing that could be read", s.name)
	}
	resource, event, _ := strings.Cut(get("X-WC-Webhook-Topic"), ".") // not signed: it chooses where to look, no more
	var id string
	if thing.ID > 0 {
		id = strconv.FormatInt(int64(thing.ID), 10)
	}
	hint := connectors.Hint{ID: id, Gone: event == "deleted" && id != ""}
	switch {
	case resource == "customer" || resource == "" && thing.Role != nil:
		hint.Kind = connectors.Contact
	case resource == "order" || resource == "" && thing.Lines != nil:
		hint.Kind = connectors.Order
	case resource == "":
		return []connectors.Hint{{Kind: connectors.Contact}, {Kind: connectors.Order}}, nil
	default:
		return nil, nil // products and coupons are not ours
	}
	return []connectors.Hint{hint}, nil
}

// warnOfHooks warns of webhooks that the shop has switched off, as it does after more than five failures in a
// row. Where the key may not see them nothing is said: without them the next sync finds what is new.
func (s *shop) warnOfHooks(ctx context.Context) {
	var all list[struct {
		Name   text `json:"name"`
		Topic  text `json:"topic"`
		Status text `json:"status"`
	}]
	q := url.Values{"per_page": {strconv.Itoa(perPage)}, "_fields": {"id,name,topic,status"}}
	if _, err := s.do(ctx, http.MethodGet, "webhooks", q, nil, &all); err != nil {
		return
	}
	for _, h := range all {
		if resource, _, _ := strings.Cut(string(h.Topic), "."); h.Status == "disabled" && (resource == "customer" || resource == "order") {
			s.env.Warn("%s", s.rest.Mask().Text(fmt.Sprintf("%s has switched off its webhook %q (%s), as it does when nobody answered five times in a row: until it is on again its news wait for the next sync. %s > %s > Status: Active",
				s.name, short(string(h.Name)), short(string(h.Topic)), hooksPage, short(string(h.Name)))))
		}
	}
}

// isPing says whether a body is that of a ping: webhook_id=1.
func isPing(body []byte) bool {
	if len(body) > 100 {
		return false
	}
	q, err := url.ParseQuery(string(body))
	if err != nil || len(q) != 1 {
		return false
	}
	_, err = strconv.ParseUint(q.Get("webhook_id"), 10, 63)
	return err == nil
}
