package rest

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// OAuth1 signs requests with HMAC-SHA256 after RFC 5849, so that keys never travel: what WooCommerce
// wants on plain HTTP (no token: one-legged), and Magento's integrations.
type OAuth1 struct {
	Key, Secret        string
	Token, TokenSecret string
	InQuery            bool // the signature goes into the address, not into the header Authorization
}

func (o OAuth1) bind(s surroundings) signer {
	for _, v := range []string{o.Key, o.Secret, o.Token, o.TokenSecret} {
		s.mask.Add(v)
	}
	return oauth1{o, s}
}

type oauth1 struct {
	keys OAuth1
	s    surroundings
}

func (oauth1) refused(context.Context, *http.Request) (bool, error) { return false, nil }

func (o oauth1) sign(_ context.Context, req *http.Request) error {
	p := map[string]string{
		"oauth_consumer_key": o.keys.Key, "oauth_nonce": rand.Text(), "oauth_signature_method": "HMAC-SHA256",
		"oauth_timestamp": strconv.FormatInt(o.s.env.Now().Unix(), 10), "oauth_version": "1.0",
	}
	if o.keys.Token != "" {
		p["oauth_token"] = o.keys.Token
	}
	all := req.URL.Query()
	for k, v := range p {
		all.Set(k, v)
	}
	mac := hmac.New(sha256.New, []byte(escape(o.keys.Secret)+"&"+escape(o.keys.TokenSecret)))
	mac.Write([]byte(baseString(req.Method, req.URL, all)))
	p["oauth_signature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if o.keys.InQuery {
		all.Set("oauth_signature", p["oauth_signature"])
		req.URL.RawQuery = pairs(all, "&")
		return nil
	}
	var parts []string
	for k, v := range p {
		parts = append(parts, escape(k)+`="`+escape(v)+`"`)
	}
	slices.Sort(parts)
	req.Header.Set("Authorization", "OAuth "+strings.Join(parts, ", "))
	return nil
}

// baseString is what is signed: RFC 5849, section 3.4.1.
func baseString(method string, u *url.URL, params url.Values) string {
	host := strings.ToLower(u.Host)
	if p := u.Port(); u.Scheme == "http" && p == "80" || u.Scheme == "https" && p == "443" {
		host = strings.TrimSuffix(host, ":"+p)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return strings.ToUpper(method) + "&" + escape(strings.ToLower(u.Scheme)+"://"+host+path) + "&" + escape(pairs(params, "&"))
}

// pairs writes parameters escaped, sorted by name and then by value.
func pairs(params url.Values, sep string) string {
	var all [][2]string
	for k, values := range params {
		for _, v := range values {
			all = append(all, [2]string{escape(k), escape(v)})
		}
	}
	slices.SortFunc(all, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	var out []string
	for _, p := range all {
		out = append(out, p[0]+"="+p[1])
	}
	return strings.Join(out, sep)
}
