package woocommerce

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// words are messages in the shop's language.
func (f *Fake) words(english string) string {
	if !f.German {
		return english
	}
	german := map[string]string{
		"Sorry, you cannot list resources.":                        "Du kannst leider keine Ressourcen auflisten.",
		"Consumer secret is invalid.":                              "Das Kundengeheimnis ist ungültig.",
		"Consumer key is invalid.":                                 "Der Kundenschlüssel ist ungültig.",
		"The API key provided does not have write permissions.":    "Der angegebene API-Schlüssel hat keine Schreibberechtigung.",
		"The API key provided does not have read permissions.":     "Der angegebene API-Schlüssel hat keine Leseberechtigung.",
		"Invalid timestamp.":                                       "Ungültiger Zeitstempel.",
		"Invalid nonce - nonce has already been used.":             "Ungültige Nonce – die Nonce wurde bereits verwendet.",
		"Invalid signature - provided signature does not match.":   "Ungültige Signatur – die Signatur stimmt nicht überein.",
		"An account is already registered with your email address": "Es ist bereits ein Konto mit deiner E-Mail-Adresse registriert",
	}
	for e, g := range german {
		english = strings.Replace(english, e, g, 1)
	}
	return english
}

// let checks a key. Basic is looked at over https alone; where there is none, or none that is known,
// OAuth 1.0a is looked for, in the address.
func (f *Fake) let(w http.ResponseWriter, r *http.Request, route string) bool {
	denied := func(text string) bool {
		f.refuse(w, 401, "woocommerce_rest_authentication_error", f.words(text), nil)
		return false
	}
	k, why := f.who(r)
	if why != "" {
		if strings.HasPrefix(why, "Missing") {
			f.refuse(w, 401, "woocommerce_rest_authentication_missing_parameter", why, nil)
			return false
		}
		return denied(why)
	}
	if k == nil {
		code := "woocommerce_rest_cannot_view"
		if r.Method == http.MethodPost {
			code = "woocommerce_rest_cannot_create"
		}
		f.refuse(w, 401, code, f.words("Sorry, you cannot list resources."), nil)
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if k.Permissions == "write" {
			return denied("The API key provided does not have read permissions.")
		}
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		if k.Permissions == "read" {
			return denied("The API key provided does not have write permissions.")
		}
	}
	if k.Customer {
		f.refuse(w, 403, "woocommerce_rest_cannot_view", f.words("Sorry, you cannot list resources."), nil)
		return false
	}
	return true
}

// who gives the key of a request: none and no reason where nobody can be made out.
func (f *Fake) who(r *http.Request) (k *FakeKey, why string) {
	q := r.URL.Query()
	if !strings.Contains(r.URL.RequestURI(), "wp-json/wc/") { // whoever asks otherwise is nobody, whatever key he has
		return nil, ""
	}
	if r.URL.Scheme == "https" || r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		key, secret := q.Get("consumer_key"), q.Get("consumer_secret")
		if user, password, ok := r.BasicAuth(); ok && key == "" && !f.Dropped {
			key, secret = user, password
		}
		if key != "" && secret != "" {
			if k := f.key(key); k != nil {
				if k.Secret != secret {
					return nil, "Consumer secret is invalid."
				}
				return k, ""
			}
		}
	}
	names := []string{"oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method"}
	var missing []string
	for _, n := range names {
		if q.Get(n) == "" {
			missing = append(missing, n)
		}
	}
	switch len(missing) {
	case 0:
	case len(names):
		return nil, ""
	default:
		return nil, "Missing OAuth parameters " + strings.Join(missing, ", ")
	}
	if k = f.key(q.Get("oauth_consumer_key")); k == nil {
		return nil, "Consumer key is invalid."
	}
	if q.Get("oauth_signature_method") != "HMAC-SHA256" || !f.signed(r, q, k.Secret) {
		return nil, "Invalid signature - provided signature does not match."
	}
	at, err := strconv.ParseInt(q.Get("oauth_timestamp"), 10, 64)
	if d := f.now().Sub(time.Unix(at, 0)); err != nil || d > 15*time.Minute || d < -15*time.Minute {
		return nil, "Invalid timestamp."
	}
	if k.nonces[q.Get("oauth_nonce")] {
		return nil, "Invalid nonce - nonce has already been used."
	}
	k.nonces[q.Get("oauth_nonce")] = true
	return k, ""
}

func (f *Fake) key(key string) *FakeKey {
	for _, k := range f.keys {
		if k.Key == key {
			return k
		}
	}
	return nil
}

// signed computes the signature anew: METHOD&address&parameters, keyed with the secret and "&". The address
// is put together from the shop's own and what of the path is behind its folder; where that is nothing, it
// has no slash at its end.
func (f *Fake) signed(r *http.Request, q url.Values, secret string) bool {
	enc := func(s string) string {
		const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
		var b strings.Builder
		for _, c := range []byte(s) {
			if strings.IndexByte(plain, c) >= 0 {
				b.WriteByte(c)
			} else {
				b.WriteString("%" + strings.ToUpper(strconv.FormatInt(int64(c)+256, 16)[1:]))
			}
		}
		return b.String()
	}
	var names []string
	for n := range q {
		if n != "oauth_signature" {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	var pairs []string
	for _, n := range names {
		pairs = append(pairs, enc(n)+"="+enc(q.Get(n)))
	}
	scheme := "http"
	if r.URL.Scheme == "https" || r.TLS != nil {
		scheme = "https"
	}
	mac := hmac.New(sha256.New, []byte(secret+"&"))
	at := scheme + "://" + r.Host + f.Folder
	if behind := strings.TrimPrefix(r.URL.Path, f.Folder+"/"); behind != "" {
		at += "/" + behind
	}
	mac.Write([]byte(r.Method + "&" + enc(at) + "&" + enc(strings.Join(pairs, "&"))))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)) == q.Get("oauth_signature")
}
