package mail

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

func in(t testing.TB, enc encoding.Encoding, s string) string {
	t.Helper()
	out, err := enc.NewEncoder().String(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return out
}

func parse(t testing.TB, raw string) *Message {
	t.Helper()
	m, err := Parse([]byte(raw))
	if err != nil {
		t.Fatalf("%v: %.200q", err, raw)
	}
	return m
}

func written(fields, body string) string {
	return "From: Jana <jana@example.com>\r\nTo: shop@example.com\r\nDate: Mon, 1 Jan 2024 12:00:00 +0100\r\n" + strings.ReplaceAll(fields, "\n", "\r\n") + "\r\n" + body
}

func TestCharsets(t *testing.T) {
	t.Parallel()
	zh := "您好，请问望远镜什么时候发货？谢谢您的回复。"
	for name, c := range map[string]struct {
		label, text string
		enc         encoding.Encoding
	}{
		"GB2312":                       {"gb2312", zh, simplifiedchinese.GBK},
		"GBK":                          {"GBK", zh + "镕", simplifiedchinese.GBK},
		"GB18030 with an emoji":        {"gb18030", zh + "🔭", simplifiedchinese.GB18030},
		"called GB2312, is GB18030":    {"gb2312", zh + "🔭镕", simplifiedchinese.GB18030},
		"Chinese without a charset":    {"", zh, simplifiedchinese.GBK},
		"Chinese that is called 8bit":  {"unknown-8bit", zh, simplifiedchinese.GBK},
		"Chinese that is called ASCII": {"us-ascii", zh, simplifiedchinese.GBK},
		"Chinese that is called UTF-8": {"utf-8", zh, simplifiedchinese.GBK},
		"UTF-8 that is called GB2312":  {"gb2312", zh, encoding.Nop},
		"UTF-8 that is called Latin":   {"iso-8859-1", "Rückfrage über Öl", encoding.Nop},
		"UTF-8 without a charset":      {"", "Rückfrage 望远镜 تلسكوب 🔭", encoding.Nop},
		"UTF-8 of a made-up charset":   {"x-mac-martian", "Rückfrage 🔭", encoding.Nop},
		"Big5":                         {"big5", "您好，請問望遠鏡什麼時候發貨？", traditionalchinese.Big5},
		"Big5 without a charset":       {"", "您好，請問望遠鏡什麼時候發貨？謝謝您的回覆", traditionalchinese.Big5},
		"ISO-2022-JP":                  {"iso-2022-jp", "望遠鏡はいつ届きますか", japanese.ISO2022JP},
		"Shift JIS":                    {"shift_jis", "望遠鏡はいつ届きますか", japanese.ShiftJIS},
		"EUC-KR":                       {"ks_c_5601-1987", "망원경은 언제 옵니까", korean.EUCKR},
		"HZ":                           {"hz-gb-2312", "望远镜", simplifiedchinese.HZGB2312},
		"KOI8-R":                       {"koi8-r", "Когда придёт телескоп?", charmap.KOI8R},
		"Cyrillic without a charset":   {"", "Здравствуйте, когда придет наш телескоп? Спасибо за ответ", charmap.Windows1251},
		"KOI8 without a charset":       {"", "Здравствуйте, когда придет наш телескоп? Спасибо за ответ", charmap.KOI8R},
		"Windows-1251":                 {"windows-1251", "Когда придёт телескоп?", charmap.Windows1251},
		"Windows-1252":                 {"Windows-1252", "Müßig – „schön“ für 5 €", charmap.Windows1252},
		"Latin-1 that is 1252":         {"iso-8859-1", "Müßig – „schön“ für 5 €", charmap.Windows1252},
		"German without a charset":     {"", "Können Sie mir bitte schreiben, wann das Gerät für Jörg Müßig kommt?", charmap.Windows1252},
		"German called UTF-8":          {"utf-8", "Können Sie mir bitte schreiben, wann das Gerät kommt?", charmap.Windows1252},
		"Windows-1256":                 {"windows-1256", "متى يصل التلسكوب", charmap.Windows1256},
		"cp1250":                       {"cp1250", "Kdy přijde dalekohled, žluťoučký kůň", charmap.Windows1250},
		"charset twice":                {"charset=utf-8", "Rückfrage", encoding.Nop},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctype := "text/plain"
			if c.label != "" {
				ctype += "; charset=\"" + c.label + "\""
			}
			raw := c.text
			if c.enc != encoding.Nop {
				raw = in(t, c.enc, c.text)
			}
			for _, part := range []string{
				written("Content-Type: "+ctype+"\nContent-Transfer-Encoding: 8bit\n", raw),
				written("Content-Type: "+ctype+"\nContent-Transfer-Encoding: base64\n", base64.StdEncoding.EncodeToString([]byte(raw))),
				written("Content-Type: multipart/mixed; boundary=b\n", "--b\r\nContent-Type: "+ctype+"\r\n\r\n"+raw+"\r\n--b--\r\n"),
			} {
				if got := parse(t, part).Text; got != c.text {
					t.Errorf("got %q of %q", got, part[strings.Index(part, "Content-Type"):])
				}
			}
			if c.enc == japanese.ISO2022JP || c.enc == simplifiedchinese.HZGB2312 || c.label == "charset=utf-8" {
				return
			}
			if c.label == "" {
				if got := parse(t, written("Subject: "+raw+"\n", "")).Subject; got != c.text {
					t.Errorf("raw subject %q", got)
				}
				return
			}
			word := "=?" + c.label + "?B?" + base64.StdEncoding.EncodeToString([]byte(raw)) + "?="
			if got := parse(t, written("Subject: "+word+"\n", "")).Subject; got != c.text {
				t.Errorf("encoded word %q", got)
			}
		})
	}
}

func TestEncodedWords(t *testing.T) {
	t.Parallel()
	gb := base64.StdEncoding.EncodeToString([]byte(in(t, simplifiedchinese.GBK, "望远镜")))
	half := []byte("望远镜")
	for v, want := range map[string]string{
		"plain": "plain", "": "",
		"=?utf-8?Q?R=C3=BCckfrage?= zum Teleskop": "Rückfrage zum Teleskop",
		"=?UTF-8?B?" + base64.StdEncoding.EncodeToString(half[:4]) + "?=\r\n =?utf-8?b?" + base64.StdEncoding.EncodeToString(half[4:]) + "?=": "望远镜",
		"=?gb2312?B?" + gb + "?=":                      "望远镜",
		"=?gb2312?B?" + gb[:len(gb)-1]:                 "望远�",
		"Re: =?GBK?B?" + gb + "?==?GBK?B?" + gb + "?=": "Re: 望远镜望远镜",
		"=?utf-8*zh?Q?=E6=9C=9B?=":                     "望",
		"=?utf-8?Q?a_b?= =?utf-8?Q?c?= d":              "a bc d",
		"=?utf-8?Q?a b c?=":                            "a b c",
		"=?utf-8?X?abc?=":                              "=?utf-8?X?abc?=",
		"=?utf-8?B?4pyT4p?=":                           "✓�",
		"1=?2":                                         "1=?2",
		"=?iso-8859-1?Q?a?= text =?iso-8859-1?Q?=FC?=": "a text ü",
		"=?us-ascii?Q?Keith_Moore?=":                   "Keith Moore",
		"=?utf-8?Q?=3D?=":                              "=",
		"=?nonsense?Q?=E6=9C=9B?=":                     "望",
		"=?utf-8?Q??= x":                               " x",
	} {
		got := decodeWords(v)
		if strings.HasPrefix(v, "=?gb2312?B?") && strings.HasSuffix(want, "�") {
			if !strings.HasPrefix(got, "望远") {
				t.Errorf("%q: %q", v, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%q: %q, not %q", v, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for v, want := range map[string][]Address{
		"jana@example.com":                                 {{"", "jana@example.com"}},
		"Jana Köhler <jana@example.com>":                   {{"Jana Köhler", "jana@example.com"}},
		`"Köhler, Jana" <jana@example.com>, b@example.com`: {{"Köhler, Jana", "jana@example.com"}, {"", "b@example.com"}},
		"a@x.de; b@x.de;":                                  {{"", "a@x.de"}, {"", "b@x.de"}},
		"Team: a@x.de, b@x.de;, c@x.de":                    {{"", "a@x.de"}, {"", "b@x.de"}, {"", "c@x.de"}},
		"undisclosed-recipients:;":                         nil,
		"=?utf-8?B?5p2O5Lyf?= <liwei@example.cn>":          {{"李伟", "liwei@example.cn"}},
		`"=?utf-8?B?5p2O5Lyf?=" <liwei@example.cn>`:        {{"李伟", "liwei@example.cn"}},
		"=?utf-8?Q?K=C3=B6hler,_Jana?= <jana@example.com>": {{"Köhler, Jana", "jana@example.com"}},
		"jana@example.com (Jana Köhler)":                   {{"Jana Köhler", "jana@example.com"}},
		"جميل حداد <jamil@example.org>":                    {{"جميل حداد", "jamil@example.org"}},
		"Jana Köhler jana@example.com":                     {{"Jana Köhler", "jana@example.com"}},
		"<jana@example.com":                                {{"", "jana@example.com"}},
		`'Jana' <mailto:jana@example.com>`:                 {{"Jana", "jana@example.com"}},
		`"jana@example.com" <jana@example.com>`:            {{"", "jana@example.com"}},
		`"O'Neill \"Tom\" (x)" <tom@example.com>`:          {{`O'Neill "Tom" (x)`, "tom@example.com"}},
		"MAILER-DAEMON":                                    {{"MAILER-DAEMON", ""}},
		`"open quote <a@x.de>, b@x.de`:                     {{"open quote", "a@x.de"}, {"", "b@x.de"}},
		"a@x.de,,  ,":                                      {{"", "a@x.de"}},
		"<@relay.de:jana@example.com>":                     {{"", "jana@example.com"}},
		"Zoë 🌟 <zoe@example.se>":                           {{"Zoë 🌟", "zoe@example.se"}},
		"<>":                                               nil,
		in(t, simplifiedchinese.GBK, "李伟经理") + " <liwei@example.cn>": {{"李伟经理", "liwei@example.cn"}},
	} {
		if d := cmp.Diff(want, ParseAddresses(v)); d != "" {
			t.Errorf("%q: %s", v, d)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	want := time.Date(2024, 3, 5, 9, 7, 8, 0, time.UTC)
	for _, v := range []string{
		"Tue, 5 Mar 2024 10:07:08 +0100", "Tue, 05 Mar 2024 10:07:08 +0100 (CET)", "5 Mar 2024 10:07:08 +0100", "Tue, 5 Mar 2024 09:07:08 GMT", "Tue, 5 Mar 2024 09:07:08 -0000",
		"Tue, 5 Mar 2024 04:07:08 EST", "Tue, 05 Mar 2024 10:07:08 CET", "Tue, 5 Mar 2024 17:07:08 GMT+8", "Tue, 5 Mar 2024 17:07:08 +08:00", "Die, 5 Mar 2024 10:07:08 +0100",
		"Tue 5 Mar 2024 10:07:08 +0100", "Tue,  5 Mar 2024  10:07:08  +0100", "Tue Mar  5 09:07:08 2024", "2024-03-05T09:07:08Z", "2024-03-05 09:07:08", "2024-03-05T17:07:08+08:00",
		"Tue, 5 Mar 24 10:07:08 +0100", "Tue, 5 March 2024 10:07:08 +0100", "5-Mar-2024 10:07:08 +0100", "\"Tue, 5 Mar 2024 10:07:08 +0100\"", "Tue, 5 Mar 2024 09:07:08", "Tue, 5 Mar 2024 9.07.08",
		"Mar 5, 2024 9:07:08 AM", "Tue, 5 Mar 2024 10:07:08 +0100 MEZ", "2024年3月5日 09:07:08", "Tue Mar 05 09:07:08 +0000 2024", "Tue, 5 Mar 2024 01:07:08 PST", "星期二, 5 Mar 2024 17:07:08 +0800",
	} {
		if got, ok := ParseDate(v); !ok || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q: %v %v", v, got, ok)
		}
	}
	for _, v := range []string{"", "gestern", "Thu, 1 Jan 1970 00:00:00 +0000", "32 Jan 2024 00:00:00 +0000", "30 Feb 2024 00:00:00 +0000", "Mon, 1 Jan 9999 00:00:00 +0000", strings.Repeat("1", 300), "5 Mar 2024 25:00:00 +0100"} {
		if got, ok := ParseDate(v); ok || !got.IsZero() {
			t.Errorf("%q is taken for %v", v, got)
		}
	}
}

func TestMissingAndBrokenDates(t *testing.T) {
	t.Parallel()
	received := "Received: from a by b; Tue, 5 Mar 2024 10:07:08 +0100\nReceived: from c by a; Tue, 5 Mar 2024 10:07:01 +0100\n"
	for fields, problem := range map[string]string{
		received + "Date: gestern um fünf\n": "gestern um fünf", received: "", "Date: gestern\n": "cannot be read", "": "",
	} {
		m := parse(t, "From: a@b.de\nTo: c@d.de\n"+fields+"\nhi")
		if want := strings.Contains(fields, "Received"); want == m.Date.IsZero() || want && m.Date.Second() != 8 {
			t.Errorf("%q: %v", fields, m.Date)
		}
		if (problem == "") != (len(m.Problems) == 0) || problem != "" && !strings.Contains(m.Problems[0].Reason, problem) {
			t.Errorf("%q: %+v", fields, m.Problems)
		}
	}
}

func TestAutomatic(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]Automatic{
		"Subject: hi\n": "", "Auto-Submitted: no\n": "", "Return-Path: <jana@example.com>\n": "", "X-Auto-Response-Suppress: All\n": "", "Precedence: first-class\n": "",
		"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n": Bounce, "Return-Path: <>\n": Bounce, "X-Failed-Recipients: a@b.de\n": Bounce,
		"Auto-Submitted: auto-replied\n": Auto, "Auto-Submitted: auto-generated; owner=x\n": Auto, "X-Autoreply: yes\n": Auto, "Precedence: auto_reply\n": Auto,
		"Subject: Automatic reply: Telescope\nX-Auto-Response-Suppress: All\n": Auto, "Subject: =?utf-8?B?6Ieq5Yqo5Zue5aSN?=: 望远镜\n": Auto, "Subject: Abwesenheitsnotiz: weg\n": Auto,
		"Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n": Auto,
		"List-Id: <a.b>\n": List, "List-Unsubscribe: <mailto:x@y>\n": List, "Precedence: bulk\n": List, "Precedence: junk\n": List, "Precedence: list\n": List,
		"Return-Path: <>\nList-Id: <a>\n": Bounce, "Auto-Submitted: auto-generated\nList-Id: <a>\n": Auto,
	} {
		if got := parse(t, written(fields, "x")).Automatic; got != want {
			t.Errorf("%q: %q, not %q", fields, got, want)
		}
	}
	for from, want := range map[string]Automatic{
		"noreply@x.de": NoReply, "no-reply@x.de": NoReply, "No_Reply@x.de": NoReply, "donotreply@x.de": NoReply, "do-not-reply@x.de": NoReply, "no-reply-orders@x.de": NoReply, "orders-noreply@x.de": NoReply,
		"noreply+abc@x.de": NoReply, "keine-antwort@x.de": NoReply, "mailer-daemon@x.de": Bounce, "postmaster@x.de": Bounce, "bounces+123@x.de": Bounce,
		"reply@x.de": "", "norbert@x.de": "", "noreen@x.de": "", "jana@noreply.de": "", "info@x.de": "", "autohaus@x.de": "", "nora-replyhansen@x.de": "",
	} {
		if got := parse(t, "From: "+from+"\nTo: a@b.de\n\n").Automatic; got != want {
			t.Errorf("%s: %q, not %q", from, got, want)
		}
	}
	if m := parse(t, written("List-Id: Star news <news.example.org>\n", "")); m.List != "news.example.org" {
		t.Errorf("list %q", m.List)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	m := parse(t, "\xEF\xBB\xBFfrom : Jana <jana@example.com>\nSUBJECT:\tRe: long\n  subject\nnot indented\n: nonsense\nMessage-Id: <a@b>\nIn-Reply-To: Your message <c@d> of Monday\nReferences: <r1@x>\n\t<r2@x><a@b>\nReferences: <r3@x>\n"+
		"X-Gmail-Labels: =?UTF-8?Q?Gesendet,Ge=C3=B6ffnet?=\n\nbody\n")
	if m.Subject != "Re: long subject not indented : nonsense" || m.ID != "a@b" || m.InReplyTo != "c@d" || m.Root() != "r1@x" || m.Text != "body" || len(m.From) != 1 {
		t.Errorf("%+v", m)
	}
	if d := cmp.Diff([]string{"r1@x", "r2@x", "r3@x"}, m.References) + cmp.Diff([]string{"Gesendet", "Geöffnet"}, m.Labels); d != "" {
		t.Error(d)
	}
	for raw, ids := range map[string]int{"a@b": 1, "<a@b> <c@d>": 2, "message of Monday": 0, "": 0, "<>": 0, "abc": 1, "<a b@c>": 1} {
		if got := idsOf(raw); len(got) != ids {
			t.Errorf("%q: %q", raw, got)
		}
	}
	for _, raw := range []string{"", "\n", "hello\n\nworld", "a,b\n1,2\n", "Name: x\nOther: y\n\n", "\x00\x01"} {
		if m, err := Parse([]byte(raw)); err == nil {
			t.Errorf("%q is mail: %+v", raw, m)
		}
	}
	if m := parse(t, written("", strings.Repeat("x", MaxMessage))); m.Text != "" || len(m.Problems) != 1 || m.From[0].Address != "jana@example.com" {
		t.Errorf("a message of %d bytes: %d bytes of text, %v", MaxMessage, len(m.Text), m.Problems)
	}
	if m := parse(t, written("", strings.Repeat("wörd ", maxText/4))); len(m.Text) > maxText || len(m.Text) < maxText-4 || len(m.Problems) != 1 {
		t.Errorf("%d bytes of text, %v", len(m.Text), m.Problems)
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	gb := in(t, simplifiedchinese.GBK, "报价单.pdf")
	part := func(fields string) string {
		return "--b\r\n" + strings.ReplaceAll(fields, "\n", "\r\n") + "Content-Transfer-Encoding: base64\r\n\r\nAAECAwQF\r\n"
	}
	m := parse(t, written("Content-Type: multipart/mixed; boundary=b\n", "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSiehe Anhang\r\n"+
		part("Content-Type: application/pdf\nContent-Disposition: attachment; filename*=UTF-8''%E6%8A%A5%E4%BB%B7.pdf\n")+
		part("Content-Type: application/pdf\nContent-Disposition: attachment; filename*0*=UTF-8''%E6%8A%A5;\n filename*1*=%E4%BB%B7; filename*2=.pdf\n")+
		part("Content-Type: application/pdf; name=\"=?gb2312?B?"+base64.StdEncoding.EncodeToString([]byte(gb))+"?=\"\nContent-Disposition: attachment\n")+
		part("Content-Type: application/pdf; name=\""+gb+"\"\n")+
		part("Content-Type: image/png; name=logo.png\nContent-Disposition: inline\nContent-ID: <x>\n")+
		part("Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"C:\\\\tmp\\\\a b.txt\"\n")+
		part("Content-Type: text/plain\nContent-Disposition: attachment; filename=../../notes.txt\n")+
		part("Content-Type: message/rfc822\n")+"--b--\r\n"))
	want := []Attachment{{"报价.pdf", "application/pdf", 6}, {"报价.pdf", "application/pdf", 6}, {"报价单.pdf", "application/pdf", 6}, {"报价单.pdf", "application/pdf", 6},
		{"logo.png", "image/png", 6}, {"a b.txt", "application/octet-stream", 6}, {"notes.txt", "text/plain", 6}, {"", "message/rfc822", 6}}
	if d := cmp.Diff(want, m.Attachments); d != "" {
		t.Error(d)
	}
	if m.Text != "Siehe Anhang" || len(m.Problems) > 0 {
		t.Errorf("%q %v", m.Text, m.Problems)
	}
}
