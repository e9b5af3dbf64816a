package identity

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// network is how one service writes its profiles.
type network struct {
	hosts []string // without www., m., mobile. and language prefixes
	// under are first path elements that stand before a handle; keep writes the element into the handle where it tells
	// two kinds of profile apart (linkedin.com/company/x is not linkedin.com/in/x).
	under []string
	keep  []string
	// reserved are first path elements that are pages of the service itself.
	reserved string
	exact    bool // upper and lower case are different handles
	query    string
}

var networks = map[string]network{
	"twitter": {hosts: []string{"twitter.com", "x.com"}, reserved: "home search explore i intent hashtag settings share login messages notifications tos privacy", query: "screen_name"},
	"instagram": {hosts: []string{"instagram.com", "instagr.am"}, under: []string{"_u", "stories"},
		reserved: "p reel reels tv explore accounts direct about legal"},
	"threads": {hosts: []string{"threads.net", "threads.com"}, reserved: "search login"},
	"facebook": {hosts: []string{"facebook.com", "fb.com", "fb.me"}, under: []string{"people", "pg"},
		reserved: "groups events pages watch marketplace sharer sharer.php share photo photo.php story.php login help", query: "id"},
	"linkedin": {hosts: []string{"linkedin.com"}, under: []string{"in", "pub"}, keep: []string{"company", "school", "showcase"},
		reserved: "feed jobs posts pulse learning login sales groups search help messaging"},
	"xing":     {hosts: []string{"xing.com"}, under: []string{"profile"}, keep: []string{"pages", "companies"}, reserved: "app news jobs"},
	"github":   {hosts: []string{"github.com"}, under: []string{"orgs", "users", "sponsors"}, reserved: "search features topics trending explore marketplace login settings about pricing"},
	"gitlab":   {hosts: []string{"gitlab.com"}, reserved: "explore users help"},
	"bluesky":  {hosts: []string{"bsky.app"}, under: []string{"profile"}, reserved: "search settings notifications feeds hashtag"},
	"mastodon": {},
	"tiktok":   {hosts: []string{"tiktok.com"}, reserved: "t tag music discover foryou login explore"},
	"youtube": {hosts: []string{"youtube.com"}, under: []string{"c", "user"}, keep: []string{"channel"},
		reserved: "watch playlist shorts results feed embed live", exact: true},
	"telegram":  {hosts: []string{"t.me", "telegram.me"}, under: []string{"s"}, reserved: "joinchat share addstickers proxy c"},
	"reddit":    {hosts: []string{"reddit.com"}, under: []string{"u", "user"}, reserved: "r search settings submit"},
	"pinterest": {hosts: []string{"pinterest.com", "pinterest.de", "pinterest.co.uk", "pinterest.fr"}, reserved: "pin search ideas"},
	"weibo": {hosts: []string{"weibo.com", "weibo.cn"}, under: []string{"u", "n", "p", "profile"},
		reserved: "login search home hot tv status detail", exact: true},
	"wechat":      {exact: true},
	"xiaohongshu": {hosts: []string{"xiaohongshu.com"}, under: []string{"user"}, reserved: "explore discovery", exact: true},
	"douyin":      {hosts: []string{"douyin.com"}, under: []string{"user"}, reserved: "video search discover", exact: true},
	"zhihu":       {hosts: []string{"zhihu.com"}, under: []string{"people", "org"}, reserved: "question search hot"},
	"vk":          {hosts: []string{"vk.com", "vkontakte.ru"}, reserved: "feed search wall im"},
	"line":        {hosts: []string{"line.me"}, reserved: "ti r"},
	"etsy":        {hosts: []string{"etsy.com"}, under: []string{"shop", "people"}, reserved: "listing search cart"},
	"ebay":        {hosts: []string{"ebay.com", "ebay.de", "ebay.co.uk"}, under: []string{"usr", "str"}, reserved: "itm sch"},
}

var networkAliases = map[string]string{
	"x": "twitter", "x.com": "twitter", "ig": "instagram", "insta": "instagram", "fb": "facebook", "meta": "facebook", "li": "linkedin", "bsky": "bluesky", "gh": "github",
	"yt": "youtube", "tg": "telegram", "新浪微博": "weibo", "微博": "weibo", "sina weibo": "weibo", "微信": "wechat", "weixin": "wechat", "小红书": "xiaohongshu", "red": "xiaohongshu",
	"rednote": "xiaohongshu", "抖音": "douyin", "知乎": "zhihu", "vkontakte": "vk", "fediverse": "mastodon", "tumblelog": "tumblr",
}

var networkByHost = func() map[string]string {
	m := make(map[string]string)
	for name, n := range networks {
		for _, h := range n.hosts {
			m[h] = name
		}
	}
	return m
}()

// CanonicalNetwork gives the one name that identifiers use for a network ("X", "x.com" and "Twitter" give "twitter"). A network
// nobody listed keeps its name in lower case.
func CanonicalNetwork(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if n, ok := networkAliases[name]; ok {
		return n
	}
	if n, ok := networkByHost[strings.TrimPrefix(name, "www.")]; ok {
		return n
	}
	return name
}

// NetworkOfURL names the network that an address of a profile belongs to, or "".
func NetworkOfURL(raw string) string {
	u := profileURL(width.Fold.String(strings.TrimSpace(raw)))
	if u == nil {
		return ""
	}
	name, _ := hostNetwork(u.Hostname())
	return name
}

// NormalizeHandle gives the handle that a person has at a network from what was written: with @ or without, or the address
// of the profile. Lower case where the network does not tell case apart. It is "" for what is no handle there: a post, a
// search page, an address at another network, text with gaps. Without a network name the address of a profile decides
// (NetworkOfURL names it), and a bare handle keeps its case. The handles of mastodon are user@server. Company pages of LinkedIn
// and Xing keep their kind ("company/acme").
func NormalizeHandle(networkName, raw string) string {
	name := CanonicalNetwork(networkName)
	n, known := networks[name]
	if name == "" {
		n.exact = true // whether case counts is not known
	}
	s := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, width.Fold.String(strings.ToValidUTF8(raw, "")))
	s = strings.TrimSpace(s)
	if u := profileURL(s); u != nil {
		at, _ := hostNetwork(u.Hostname())
		switch {
		case name == "mastodon" || name == "" && at == "":
			s = mastodonHandle(u)
		case at != name && name != "" && (known || at != ""):
			return ""
		default:
			s = handleInPath(networks[at], u)
		}
		if name == "" {
			n = networks[at]
		}
	}
	// An address in the handle's place is not taken apart twice, whatever stands in it.
	s = strings.TrimRight(strings.TrimLeft(s, "@ "), "/ ")
	if !isHandle(s) {
		return ""
	}
	if !n.exact {
		s = strings.ToLower(s)
	}
	if name == "mastodon" && strings.Count(s, "@") != 1 || name != "mastodon" && name != "" && known && strings.Contains(s, "@") {
		return ""
	}
	if first, rest, ok := strings.Cut(s, "/"); ok && (rest == "" || strings.Contains(rest, "/") || !slices.Contains(n.keep, strings.ToLower(first))) {
		return ""
	}
	return s
}

// isHandle: letters, digits and the few signs that handles are made of, at most 100 of them.
func isHandle(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > 100 || strings.HasPrefix(s, "@") || strings.Contains(s, "://") {
		return false
	}
	letter := false
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			letter = true
		case unicode.IsMark(r) || strings.ContainsRune("._-@:/~+'", r):
		case r > 0x2000 && unicode.Is(unicode.So, r) && r != unicode.ReplacementChar:
			letter = true
		default:
			return false
		}
	}
	return letter
}

// profileURL reads an address of a web page, also without its scheme; nil for anything else.
func profileURL(s string) *url.URL {
	lower := strings.ToLower(s)
	if !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
		host, _, slash := strings.Cut(strings.TrimPrefix(lower, "//"), "/")
		if _, known := hostNetwork(host); !known || !slash {
			return nil
		}
		s = "https://" + strings.TrimPrefix(s, "//")
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	return u
}

// hostNetwork knows hosts with the prefixes of mobile and national editions (m.weibo.cn, de.linkedin.com).
func hostNetwork(host string) (string, bool) {
	host = strings.ToLower(host)
	for range 3 {
		if n, ok := networkByHost[host]; ok {
			return n, true
		}
		prefix, rest, ok := strings.Cut(host, ".")
		if !ok || len(prefix) > 6 {
			break
		}
		host = rest
	}
	return "", false
}

func pathElements(u *url.URL) []string {
	return strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' })
}

func mastodonHandle(u *url.URL) string {
	p := pathElements(u)
	if len(p) > 1 && p[0] == "users" {
		p = []string{"@" + p[1]}
	}
	if len(p) != 1 || !strings.HasPrefix(p[0], "@") {
		return ""
	}
	user := strings.TrimPrefix(p[0], "@")
	if strings.Contains(user, "@") {
		return user // seen from another server, the handle is already whole
	}
	return user + "@" + u.Hostname()
}

func handleInPath(n network, u *url.URL) string {
	if n.query != "" {
		if v := u.Query().Get(n.query); v != "" {
			return v
		}
	}
	p := pathElements(u)
	if len(p) == 0 {
		return ""
	}
	first := strings.ToLower(p[0])
	switch {
	case slices.Contains(n.keep, first):
		if len(p) < 2 {
			return ""
		}
		return first + "/" + p[1]
	case slices.Contains(n.under, first):
		p = p[1:]
		if len(p) > 0 && slices.Contains([]string{"profile"}, strings.ToLower(p[0])) {
			p = p[1:] // xiaohongshu.com/user/profile/ID
		}
	case slices.Contains(strings.Fields(n.reserved), first):
		return ""
	}
	if len(p) == 0 {
		return ""
	}
	return p[0]
}
