package cmd

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page behind the links for saying no is open to everybody, and believes what is signed alone.
func TestServeUnsubscribe(t *testing.T) {
	t.Parallel()
	k := newShopkeeper(t)
	k.secrets["LINKS"] = "a key that nobody knows"
	path := filepath.Join(k.dir, "kept.yaml")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	k.write("kept.yaml", string(before)+"unsubscribe: {url: \"https://kept.nordlicht.example/unsubscribe\", secret: \"env:LINKS\"}\n")
	k.start()
	defer func() { k.stop() }()
	sign := func(key string) string {
		const intent = "0123456789abcdef0123456789abcdef" // of a message that nobody has any more
		m := hmac.New(sha256.New, []byte(key))
		m.Write([]byte("kept unsubscribe 1\x00" + intent))
		return "/unsubscribe/" + intent + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
	}
	genuine, forged := sign(k.secrets["LINKS"]), sign("another key")
	for _, tc := range []struct {
		method, path, body, lang string
		status                   int
		says                     string
	}{
		{"GET", genuine, "", "en", 200, "Shall we send no more"},
		{"GET", genuine, "", "zh-CN,zh;q=0.9,en;q=0.8", 200, "退订营销邮件"},
		{"POST", genuine, "List-Unsubscribe=One-Click", "", 200, "no longer known here"},
		{"GET", forged, "", "", 404, "none of ours"},
		{"POST", forged, "List-Unsubscribe=One-Click", "", 404, "none of ours"},
		{"PUT", genuine, "", "", 405, ""},
	} {
		code, said := k.read(tc.method, tc.path, tc.body, "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", tc.lang, "Host", "kept.nordlicht.example")
		if code != tc.status || !strings.Contains(said, tc.says) {
			t.Errorf("%s %s: %d\n%s", tc.method, tc.path, code, said)
		}
	}
	k.end()
	if strings.Contains(k.log.String(), "0123456789abcdef") || !strings.Contains(k.log.String(), "an opt-out came by a link") {
		t.Errorf("the log:\n%s", k.log.String())
	}
}
