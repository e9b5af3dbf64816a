package rest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// masked stands where a secret stood.
const masked = "***"

// Mask hides secrets: the values that it was told of, wherever they stand and however they are
// written (as they are, in an address, in JSON, in base64), and whatever stands where secrets stand
// (Authorization, access_token). It is safe for several goroutines.
type Mask struct {
	mu     sync.RWMutex
	values []string
	all    *strings.Replacer
}

// NewMask makes a mask that knows some secrets.
func NewMask(secrets ...string) *Mask {
	m := &Mask{all: strings.NewReplacer()}
	for _, s := range secrets {
		m.Add(s)
	}
	return m
}

// shortest is the length below which a value is not looked for: it would hide every second word. It
// is still hidden where secrets stand.
const shortest = 4

// Add tells the mask of one more secret.
func (m *Mask) Add(secret string) {
	if len(secret) < shortest {
		return
	}
	quoted, _ := json.Marshal(secret) // a string always marshals
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), escape(secret), strings.Trim(string(quoted), `"`),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="), base64.RawURLEncoding.EncodeToString([]byte(secret))}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range forms {
		if !slices.Contains(m.values, f) {
			m.values = append(m.values, f)
		}
	}
	// the longest first: one secret may hold another
	slices.SortStableFunc(m.values, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(m.values))
	for _, v := range m.values {
		pairs = append(pairs, v, masked)
	}
	m.all = strings.NewReplacer(pairs...)
}

var (
	names       = `(?:[a-z0-9_.-]*(?:token|secret|password|passwd|signature|api[_-]?key|private[_-]?key|consumer_key|client_assertion|jwt)|oauth_[a-z]+|authorization|sig|key|pwd|pass|auth|code_verifier)`
	nameAlone   = regexp.MustCompile(`(?i)^` + names + `$`)
	inJSON      = regexp.MustCompile(`(?i)("` + names + `"\s*:\s*)"(?:[^"\\]|\\.)*"?`)
	inForm      = regexp.MustCompile(`(?i)(^|[&?\s])(` + names + `)=[^&\s"'<>]+`)
	headerNames = regexp.MustCompile(`(?i)^(?:authorization|proxy-authorization|cookie|set-cookie|.*(?:token|secret|password|api-?key|access-?key|signature).*)$`)
	plainNames  = regexp.MustCompile(`(?i)^(?:next_?page_?token|sync_?token|page_?token|next_?token|key|sort_?key)$`)
)

// Text hides secrets in words.
func (m *Mask) Text(s string) string {
	m.mu.RLock()
	all := m.all
	m.mu.RUnlock()
	s = all.Replace(s)
	if !strings.Contains(s, "=") {
		return s
	}
	return inForm.ReplaceAllStringFunc(s, func(found string) string {
		name, _, _ := strings.Cut(found, "=")
		if plainNames.MatchString(strings.TrimLeft(name, "&? \t\r\n")) {
			return found
		}
		return name + "=" + masked
	})
}

// Body hides secrets in a body: of JSON or a form also what stands under the names of secrets.
func (m *Mask) Body(b []byte) []byte {
	if b == nil {
		return nil
	}
	text := m.Text(string(b))
	if !suspicious(text) {
		return []byte(text)
	}
	return []byte(inJSON.ReplaceAllStringFunc(text, func(found string) string {
		name := found[1 : 1+strings.IndexByte(found[1:], '"')]
		if plainNames.MatchString(name) {
			return found
		}
		value := len(name) + 3 + strings.IndexByte(found[len(name)+2:], '"')
		return found[:value] + masked + `"`
	}))
}

// suspicious says cheaply whether any name in a text could be one of names.
func suspicious(text string) bool {
	low := strings.ToLower(text)
	for _, part := range []string{"token", "secret", "pass", "pwd", "sig", "key", "jwt", "assertion", "auth", "code_verifier"} {
		if strings.Contains(low, part) {
			return true
		}
	}
	return false
}

// Header gives headers without secrets.
func (m *Mask) Header(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range values {
			if headerNames.MatchString(name) {
				v = masked
			}
			out[name] = append(out[name], m.Text(v))
		}
	}
	return out
}

// address gives an address without secrets.
func (m *Mask) address(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return m.Text(raw)
	}
	if u.User != nil {
		u.User = url.User(masked)
	}
	if u.RawQuery != "" {
		parts := strings.Split(u.RawQuery, "&")
		for i, p := range parts {
			name, _, has := strings.Cut(p, "=")
			if plain, err := url.QueryUnescape(name); has && err == nil && nameAlone.MatchString(plain) && !plainNames.MatchString(plain) {
				parts[i] = name + "=" + masked
			}
		}
		u.RawQuery = strings.Join(parts, "&")
	}
	return m.Text(u.String())
}

// escape is RFC 3986's: all but letters, digits and -._~ become %XX.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}
