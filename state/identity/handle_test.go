package identity

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNormalizeHandle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ network, raw, want string }{
		{"twitter", "@JanaK", "janak"}, {"X", "https://x.com/JanaK?s=20", "janak"}, {"twitter", "https://mobile.twitter.com/JanaK/status/1", "janak"},
		{"twitter", "https://twitter.com/intent/user?screen_name=JanaK", "janak"}, {"twitter", "https://twitter.com/search?q=x", ""}, {"twitter", "twitter.com/JanaK", "janak"},
		{"twitter", "https://instagram.com/jana", ""}, {"twitter", "＠JanaK", "janak"}, {"twitter", " @ JanaK ", "janak"}, {"twitter", "Jana K", ""}, {"twitter", "@", ""},
		{"instagram", "https://www.instagram.com/jana.k/?hl=de", "jana.k"}, {"instagram", "https://www.instagram.com/p/Cabc", ""}, {"ig", "Jana.K", "jana.k"},
		{"linkedin", "https://de.linkedin.com/in/Jana-K%C3%B6hler-1a2b/", "jana-köhler-1a2b"}, {"linkedin", "https://www.linkedin.com/company/Acme/about", "company/acme"},
		{"linkedin", "company/Acme", "company/acme"}, {"linkedin", "jana-koehler", "jana-koehler"},
		{"bluesky", "https://bsky.app/profile/Jana.bsky.social", "jana.bsky.social"}, {"bsky", "@jana.example.org", "jana.example.org"}, {"bluesky", "did:plc:abc123", "did:plc:abc123"},
		{"github", "https://github.com/Jana/repo", "jana"}, {"github", "github.com/Jana", "jana"}, {"github", "https://github.com/search", ""},
		{"weibo", "https://weibo.com/u/1234567", "1234567"}, {"微博", "@追星的王小明", "追星的王小明"}, {"weibo", "https://m.weibo.cn/u/1234567?x=1", "1234567"}, {"weibo", "https://weibo.com/n/WangXM", "WangXM"},
		{"wechat", "WangXM_88", "WangXM_88"}, {"youtube", "https://www.youtube.com/channel/UCabcDEF", "channel/UCabcDEF"}, {"youtube", "https://youtube.com/@Jana", "Jana"},
		{"facebook", "https://www.facebook.com/profile.php?id=1000", "1000"}, {"facebook", "https://m.facebook.com/Jana.K", "jana.k"},
		{"telegram", "https://t.me/JanaK", "janak"}, {"tiktok", "https://www.tiktok.com/@JanaK/video/1", "janak"}, {"reddit", "https://reddit.com/u/JanaK", "janak"},
		{"mastodon", "@Jana@Example.social", "jana@example.social"}, {"mastodon", "https://example.social/@Jana", "jana@example.social"}, {"mastodon", "https://other.example/@jana@example.social", "jana@example.social"},
		{"mastodon", "jana", ""}, {"twitter", "jana@example.org", ""}, {"Forum", "@Jana", "jana"}, {"", "@Jana", "Jana"}, {"", "https://x.com/Jana", "jana"},
		{"xiaohongshu", "https://www.xiaohongshu.com/user/profile/5f00Ab", "5f00Ab"}, {"twitter", "https://twitter.com/", ""}, {"twitter", "", ""}, {"linkedin", "https://www.linkedin.com/in/", ""},
		{"linkedin", "a/b/c", ""}, {"github", "a/b", ""},
	} {
		if got := NormalizeHandle(c.network, c.raw); got != c.want {
			t.Errorf("NormalizeHandle(%q, %q) = %q, want %q", c.network, c.raw, got, c.want)
		}
	}
	for raw, want := range map[string]string{"https://x.com/jana": "twitter", "de.linkedin.com/in/jana": "linkedin", "https://example.org/jana": "", "jana": "", "": "", "https://notx.com/a": ""} {
		if got := NetworkOfURL(raw); got != want {
			t.Errorf("NetworkOfURL(%q) = %q, want %q", raw, got, want)
		}
	}
}

func checkHandle(t interface{ Fatalf(string, ...any) }, network, raw string) {
	h := NormalizeHandle(network, raw)
	if again := NormalizeHandle(network, h); again != h {
		t.Fatalf("NormalizeHandle(%q, %q) = %q, again %q", network, raw, h, again)
	}
	if c := CanonicalNetwork(network); CanonicalNetwork(c) != c || NormalizeHandle(c, raw) != h {
		t.Fatalf("the network %q is also %q, and gives another handle", network, c)
	}
	NetworkOfURL(raw)
}

func TestHandleProperties(t *testing.T) {
	t.Parallel()
	names := []string{"", "forum", "X"}
	for n := range networks {
		names = append(names, n)
	}
	// The order of a map must not decide what is drawn.
	network := rapid.SampledFrom(sorted(names))
	raw := rapid.StringMatching(`(https://|@)?(x\.com/|linkedin\.com/in/|bsky\.app/profile/|t\.me/|weibo\.com/u/|example\.org/@)?[@/]?[A-Za-z0-9._-ßİ王%/]{0,12}`)
	rapid.Check(t, func(t *rapid.T) { checkHandle(t, network.Draw(t, "network"), raw.Draw(t, "raw")) })
	rapid.Check(t, func(t *rapid.T) { checkHandle(t, network.Draw(t, "network"), rapid.String().Draw(t, "any")) })
}

func FuzzNormalizeHandle(f *testing.F) {
	f.Add("twitter", "https://x.com/@Jana")
	f.Add("mastodon", "https://a.b/@c@d.e")
	f.Add("linkedin", "company/%2f")
	f.Fuzz(func(t *testing.T, network, raw string) { checkHandle(t, network, raw) })
}

func BenchmarkNormalizeHandle(b *testing.B) {
	for name, raw := range map[string]string{"plain": "@JanaK", "url": "https://www.linkedin.com/in/Jana-Koehler/"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				NormalizeHandle("linkedin", raw)
			}
		})
	}
}
