package card

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// unread are properties that say nothing of a contact, or what others read (labels, groups).
var unread = set(`VERSION PRODID PHOTO LOGO KEY SOURCE PROFILE MAILER CLASS AGENT XML CLIENTPIDMAP GEO TZ SORT-STRING NAME BEGIN END MEMBER
	X-ADDRESSBOOKSERVER-KIND X-ADDRESSBOOKSERVER-MEMBER X-ABLABEL X-ABADR X-ABSHOWAS X-ABORDER X-LIC-ERROR X-MOZILLA-HTML X-ANDROID-STARRED
	X-ICQ-NO X-THUNDERBIRD-ETAG X-RADICALE-NAME CALURI CALADRURI FBURL KIND`)

// noise are beginnings of names that programs use for themselves.
var noise = []string{"X-MS-OL-", "X-MS-CARDPICTURE", "X-MS-TEXT", "X-MS-TNEF", "X-EVOLUTION-", "X-IMAGE", "X-PHOTO", "X-CROP", "X-WAB-", "X-FOAFURL", "X-KADDRESSBOOK-CRYPTO", "X-KADDRESSBOOK-OPENPGP",
	"X-SYNC", "X-IRMC-", "X-VCARD", "X-NEXTCLOUD", "X-MAILMATE", "X-OX-", "X-ZIMBRA-", "X-ABCROP", "X-IMAGETYPE", "X-SHARED", "X-ACCOUNT", "X-WALLPAPER", "X-RINGTONE", "X-CLASS", "X-GOOGLE-ETAG", "X-SAMSUNGADR", "X-SIM"}

var networks = map[string]string{
	"X-AIM": "aim", "X-ICQ": "icq", "X-JABBER": "xmpp", "X-XMPP": "xmpp", "X-MSN": "msn", "X-YAHOO": "yahoo", "X-SKYPE": "skype", "X-SKYPE-USERNAME": "skype",
	"X-GADUGADU": "gadugadu", "X-GROUPWISE": "groupwise", "X-QQ": "qq", "X-TENCENT": "qq", "X-GOOGLE-TALK": "googletalk", "X-GTALK": "googletalk", "X-TWITTER": "twitter",
	"X-FACEBOOK": "facebook", "X-LINKEDIN": "linkedin", "X-INSTAGRAM": "instagram", "X-TELEGRAM": "telegram", "X-WECHAT": "wechat", "X-WEIXIN": "wechat",
	"X-WEIBO": "weibo", "X-SINAWEIBO": "weibo", "X-WHATSAPP": "whatsapp", "X-SIGNAL": "signal", "X-MATRIX": "matrix", "X-MASTODON": "mastodon", "X-LINE": "line",
	"X-VIBER": "viber", "X-XING": "xing", "X-GITHUB": "github", "X-MS-IMADDRESS": "", "IMPP": "", "X-SOCIALPROFILE": "", "SOCIALPROFILE": "", "X-IM": "", "X-MS-IM": "",
	"X-KADDRESSBOOK-X-IMADDRESS": "",
}

// schemes are those before accounts; "-" names no network.
var schemes = map[string]string{"aim": "aim", "icq": "icq", "xmpp": "xmpp", "msnim": "msn", "msn": "msn", "ymsgr": "yahoo", "yahoo": "yahoo", "skype": "skype", "gtalk": "googletalk", "sip": "sip",
	"sips": "sip", "qq": "qq", "whatsapp": "whatsapp", "tg": "telegram", "telegram": "telegram", "signal": "signal", "matrix": "matrix", "x-apple": "-", "irc": "irc", "gg": "gadugadu",
	"weixin": "wechat", "wechat": "wechat", "line": "line", "facebook": "facebook", "twitter": "twitter", "viber": "viber", "im": "-"}

var relations = map[string]string{"X-SPOUSE": "spouse", "X-EVOLUTION-SPOUSE": "spouse", "X-MS-SPOUSE": "spouse", "X-KADDRESSBOOK-X-SPOUSESNAME": "spouse", "X-MANAGER": "manager",
	"X-EVOLUTION-MANAGER": "manager", "X-MS-MANAGER": "manager", "X-KADDRESSBOOK-X-MANAGERSNAME": "manager", "X-ASSISTANT": "assistant", "X-EVOLUTION-ASSISTANT": "assistant",
	"X-MS-ASSISTANT": "assistant", "X-KADDRESSBOOK-X-ASSISTANTSNAME": "assistant", "X-MS-CHILD": "child"}

var fields = map[string]string{
	"FN": connectors.FieldName, "N": "n", "NICKNAME": connectors.FieldNickname, "X-NICKNAME": connectors.FieldNickname, "ORG": connectors.FieldCompany, "TITLE": connectors.FieldTitle,
	"X-DEPARTMENT": connectors.FieldDepartment, "X-EVOLUTION-WEBDAV-ETAG": "", "EMAIL": connectors.FieldEmail, "TEL": connectors.FieldPhone, "X-MS-TEL": connectors.FieldPhone,
	"ADR": connectors.FieldAddress, "LABEL": connectors.FieldAddress, "BDAY": connectors.FieldBirthday, "X-BIRTHDAY": connectors.FieldBirthday, "NOTE": connectors.FieldNote,
	"URL": connectors.FieldURL, "CATEGORIES": connectors.FieldTag, "LANG": connectors.FieldLanguage, "LANGUAGE": connectors.FieldLanguage, "GENDER": connectors.FieldGender,
	"X-GENDER": connectors.FieldGender, "X-PHONETIC-FIRST-NAME": connectors.FieldPhonetic, "X-PHONETIC-MIDDLE-NAME": connectors.FieldPhonetic,
	"X-PHONETIC-LAST-NAME": connectors.FieldPhonetic, "SOUND": connectors.FieldPhonetic, "ROLE": connectors.CustomPrefix + "role", "X-ANDROID-CUSTOM": connectors.CustomPrefix + "android",
	"RELATED": connectors.CustomPrefix + "related", "X-ABRELATEDNAMES": connectors.CustomPrefix + "related", "X-ABDATE": connectors.CustomPrefix + "date",
	"ANNIVERSARY": connectors.CustomPrefix + "anniversary", "X-ANNIVERSARY": connectors.CustomPrefix + "anniversary", "X-EVOLUTION-ANNIVERSARY": connectors.CustomPrefix + "anniversary",
	"X-MS-ANNIVERSARY": connectors.CustomPrefix + "anniversary", "X-KADDRESSBOOK-X-ANNIVERSARY": connectors.CustomPrefix + "anniversary", "DEATHDATE": connectors.CustomPrefix + "deathdate",
	"X-EVOLUTION-BLOG-URL": connectors.FieldURL, "X-EVOLUTION-VIDEO-URL": connectors.FieldURL, "REV": "modified", "CREATED": "created", "UID": "id", "X-ABUID": "id",
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// Field gives the field that a property becomes; "" for none. N, which becomes several, is "n".
func Field(name string) string {
	if f, ok := fields[name]; ok {
		return f
	}
	if _, ok := networks[name]; ok {
		return connectors.FieldHandle
	}
	if relations[name] != "" {
		return connectors.CustomPrefix + "related"
	}
	if unread[name] || slices.ContainsFunc(noise, func(n string) bool { return strings.HasPrefix(name, n) }) {
		return ""
	}
	slug := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, strings.TrimPrefix(name, "X-"))
	if slug = strings.Trim(slug, "_"); slug == "" || len(slug) > 60 {
		return ""
	}
	return connectors.CustomPrefix + slug
}

// label says what kind of value it is: what its owner wrote, else what the types say.
func (d *draft) label(p *vcard.Property) string {
	if l := d.groupLabel(p); l != "" {
		return l
	}
	return typeLabel(p)
}

// groupLabel reads the label beside a property: item1.X-ABLabel, in which Apple writes its own words
// as _$!<HomePage>!$_.
func (d *draft) groupLabel(p *vcard.Property) string {
	l := d.c.InGroup(p.Group, "X-ABLABEL")
	if l == nil {
		return ""
	}
	text := OneLine(l.Text())
	inner, ok := strings.CutPrefix(text, "_$!<")
	if !ok {
		return strings.ToLower(text)
	}
	inner = strings.TrimSuffix(inner, ">!$_")
	var b strings.Builder
	for i, r := range inner {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// meaningless are types that say nothing of where a value belongs.
var meaningless = set(`pref internet voice msg video text textphone x400 dom intl postal parcel bbs modem isdn pcs contact prodigy aol applelink attmail cis eworld ibmmail mcimail powershare tlx
	jpeg gif png x-internet x-pref other uri`)

func typeLabel(p *vcard.Property) string {
	var out []string
	for _, t := range p.Types() {
		t = strings.TrimPrefix(t, "x-")
		switch {
		case meaningless[t] || strings.HasPrefix(t, "evolution-") || t == "":
			continue
		case t == "mobile":
			t = "cell"
		case t == "home" || t == "work":
			if !slices.Contains(out, t) {
				out = slices.Insert(out, 0, t)
			}
			continue
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return strings.Join(out, " ")
}

// OneLine gives a text without line breaks and doubled blanks, in valid UTF-8 and without what
// cannot be seen around it. What is meant to hold words together or apart within it stays.
func OneLine(s string) string {
	if isOneLine(s) {
		return s
	}
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r != '\u00A0' && r != '\u202F' && (unicode.IsSpace(r) || unicode.IsControl(r))
	}), " ")
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B' })
}

// isOneLine spares what is one line already, which most values are.
func isOneLine(s string) bool {
	last := byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c >= 0x7F || c == ' ' && last == ' ' {
			return false
		}
		last = c
	}
	return last != ' ' || s == ""
}

// Short bounds what a message quotes.
func Short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "..."
	}
	return s
}

// Email reads one address; ok is false for what is none. The address is as given.
func Email(text string) (string, bool) {
	s := strings.TrimSpace(text)
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = unpercent(s[7:])
	}
	if strings.HasSuffix(s, ">") {
		if a, err := mail.ParseAddress(s); err == nil {
			s = a.Address
		}
		s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	}
	local, domain, found := strings.Cut(s, "@")
	if !found || local == "" || len(s) > 320 {
		return "", false
	}
	if strings.ContainsFunc(s, func(c rune) bool {
		return unicode.IsSpace(c) || unicode.IsControl(c) || strings.ContainsRune(`,;:<>()[]\"`, c)
	}) {
		return "", false
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") || !strings.Contains(domain, ".") {
		return "", false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") || strings.ContainsFunc(label, func(c rune) bool {
			return c != '-' && !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c)
		}) {
			return "", false
		}
	}
	return s, true
}

// Unread reports whether a property says nothing of a contact, or is read with another.
func Unread(property string) bool { return unread[property] }
