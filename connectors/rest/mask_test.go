package rest

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
)

// The example of RFC 5849, section 3.4.1.1.
func TestBaseString(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("http://EXAMPLE.COM:80/request")
	if err != nil {
		t.Fatal(err)
	}
	got := baseString("post", u, url.Values{"b5": {"=%3D"}, "a3": {"a", "2 q"}, "c@": {""}, "a2": {"r b"}, "oauth_consumer_key": {"9djdj82h48djs9d2"}, "oauth_token": {"kkk9d7dh3k39sjv7"},
		"oauth_signature_method": {"HMAC-SHA1"}, "oauth_timestamp": {"137131201"}, "oauth_nonce": {"7d8f3e4a"}, "c2": {""}})
	const want = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMaskByPlace(t *testing.T) {
	t.Parallel()
	m := NewMask("ab")
	for in, want := range map[string]string{
		`{"access_token":"abc","a":1}`:                      `{"access_token":"***","a":1}`,
		`{"Password" : "a\"b", "x":"y"}`:                    `{"Password" : "***", "x":"y"}`,
		`{"refreshJwt":"half of a sec`:                      `{"refreshJwt":"***"`,
		`{"key":"crm_id","value":"77"}`:                     `{"key":"crm_id","value":"77"}`,
		`{"next_page_token":"p2","sync_token":"s"}`:         `{"next_page_token":"p2","sync_token":"s"}`,
		`grant_type=x&client_secret=abc&refresh_token`:      `grant_type=x&client_secret=***&refresh_token`,
		`Get "https://x/?consumer_key=ck_1&page=2": no`:     `Get "https://x/?consumer_key=***&page=2": no`,
		`{"email":"jana@sternwarte.example","note":"abab"}`: `{"email":"jana@sternwarte.example","note":"abab"}`,
	} {
		if got := string(m.Body([]byte(in))); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
	if got := m.address("https://me:pw@x.example/a?access%5Ftoken=q&page=1#f"); got != "https://%2A%2A%2A@x.example/a?access%5Ftoken=***&page=1#f" {
		t.Errorf("address %s", got)
	}
}

// However a secret is written, it is gone; and all else stands.
func TestMaskByValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9_+/ =&%"\\äß李:-]{8,24}`).Draw(t, "secret")
		before, after := rapid.StringMatching(`[xyz ]{0,8}`).Draw(t, "before"), rapid.StringMatching(`[xyz ]{0,8}`).Draw(t, "after")
		m := NewMask("another secret", secret)
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), escape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
			got := string(m.Body([]byte(before + form + after)))
			if strings.Contains(got, form) || !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) {
				t.Fatalf("%q became %q", before+form+after, got)
			}
		}
	})
}

func TestRecordings(t *testing.T) {
	t.Parallel()
	want := []connectors.Exchange{
		{Method: "GET", URL: "https://shop.example.com/customers?page=1", Header: map[string][]string{"Authorization": {"***"}}, Status: 200,
			AnswerHeader: map[string][]string{"Link": {"<a>; rel=next", "<b>"}}, Answer: []byte("{\n> \"a\": 李}\n\n")},
		{Method: "POST", URL: "https://shop.example.com/", Body: []byte("\n"), Error: "the connection broke"},
		{Method: "PUT", URL: "https://shop.example.com/", Body: []byte("a\r\nb\x00"), Status: 204},
	}
	text := WriteRecording(want)
	got, err := ReadRecording(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s\n%s", d, text)
	}
	for in, line := range map[string]string{"x\n": "line 1", "> GET\n": "line 1", "> GET a\n< x\n": "line 2", "> GET a\n< 200\n< 200\n": "line 3", "> GET a\n\n~?\n": "line 3", "> GET a\nno\n": "line 2", "> GET a\n< 200\n! x\n": "line 3"} {
		if _, err := ReadRecording([]byte(in)); err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzReadRecording(f *testing.F) {
	f.Add([]byte("> GET https://a/\nAccept: x\n|b\n< 200\n~AAA=\n"))
	f.Add([]byte("> GET https://a/\n! broken\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := ReadRecording(text)
		if err != nil {
			return
		}
		once := WriteRecording(all)
		again, err := ReadRecording(once)
		if err != nil {
			t.Fatalf("%v in %q", err, once)
		}
		if !bytes.Equal(once, WriteRecording(again)) {
			t.Errorf("%q became %q", once, WriteRecording(again))
		}
	})
}

func FuzzMask(f *testing.F) {
	f.Add([]byte(`{"access_token":"x`), "hunter22")
	f.Add([]byte(`{"key":"a","token" : "b\\"}`), "x y/z=")
	f.Fuzz(func(t *testing.T, body []byte, secret string) {
		if len(secret) < shortest || strings.Contains(masked, secret) || strings.Contains(secret, "*") {
			return
		}
		if got := NewMask(secret).Body(append(body, secret...)); bytes.Contains(got, []byte(secret)) {
			t.Errorf("%q is in %q", secret, got)
		}
	})
}
