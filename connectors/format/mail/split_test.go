package mail

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, text, quoted, sig string }{
		"nothing":                        {"", "", "", ""},
		"new text only":                  {"Hello\n\nworld", "Hello\n\nworld", "", ""},
		"answer above":                   {"Friday.\n\nOn Mon, Jan 1, 2024 at 12:00 PM Jana <jana@example.com> wrote:\n> When?\n> Please.\n", "Friday.", "On Mon, Jan 1, 2024 at 12:00 PM Jana <jana@example.com> wrote:\n> When?\n> Please.", ""},
		"answers between":                {"Am 01.01.2024 um 12:00 schrieb Jana:\n> Wann?\n\nFreitag.\n\n> Wie viel?\n\n200 €.\n-- \nTom", "Freitag.\n\n200 €.", "Am 01.01.2024 um 12:00 schrieb Jana:\n> Wann?\n\n> Wie viel?", "-- \nTom"},
		"an attribution on two lines":    {"Ja\n\nOn Mon, Jan 1, 2024 at 12:00 PM Jana Köhler of the observatory\n<jana@example.com> wrote:\n\n> When?", "Ja", "On Mon, Jan 1, 2024 at 12:00 PM Jana Köhler of the observatory\n<jana@example.com> wrote:\n\n> When?", ""},
		"Chinese":                        {"好的，周五发货。\n\n在 2024年1月1日，12:00，李伟 <liwei@example.cn> 写道：\n\n什么时候发货？\n", "好的，周五发货。", "在 2024年1月1日，12:00，李伟 <liwei@example.cn> 写道：\n\n什么时候发货？", ""},
		"QQ":                             {"好的\n\n------------------ 原始邮件 ------------------\n发件人: \"李伟\" <liwei@example.cn>;\n发送时间: 2024年1月1日(星期一) 中午12:00\n收件人: \"shop\"<shop@example.com>;\n主题: 望远镜\n\n什么时候发货？", "好的", "------------------ 原始邮件 ------------------\n发件人: \"李伟\" <liwei@example.cn>;\n发送时间: 2024年1月1日(星期一) 中午12:00\n收件人: \"shop\"<shop@example.com>;\n主题: 望远镜\n\n什么时候发货？", ""},
		"Foxmail":                        {"收到\n\n发件人： 李伟\n发送时间： 2024-01-01 12:00\n收件人： shop\n主题： 望远镜\n什么时候", "收到", "发件人： 李伟\n发送时间： 2024-01-01 12:00\n收件人： shop\n主题： 望远镜\n什么时候", ""},
		"Outlook":                        {"Yes.\n\nTom\n\n________________________________\nFrom: Jana <jana@example.com>\nSent: Monday, January 1, 2024 12:00\nTo: Shop\nSubject: Telescope\n\nWhen?", "Yes.\n\nTom", "________________________________\nFrom: Jana <jana@example.com>\nSent: Monday, January 1, 2024 12:00\nTo: Shop\nSubject: Telescope\n\nWhen?", ""},
		"Outlook, German":                {"Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: Jana\nGesendet: Montag\nAn: Shop\nBetreff: Teleskop\n\nWann?", "Ja.", "-----Ursprüngliche Nachricht-----\nVon: Jana\nGesendet: Montag\nAn: Shop\nBetreff: Teleskop\n\nWann?", ""},
		"forwarded":                      {"FYI\n\n---------- Forwarded message ---------\nFrom: Jana\nDate: Mon\nSubject: x\nTo: y\n\nWhen?", "FYI", "---------- Forwarded message ---------\nFrom: Jana\nDate: Mon\nSubject: x\nTo: y\n\nWhen?", ""},
		"Apple forward":                  {"Zur Info\n\nAnfang der weitergeleiteten Nachricht:\n\nVon: Jana\nBetreff: x\n\nWann?", "Zur Info", "Anfang der weitergeleiteten Nachricht:\n\nVon: Jana\nBetreff: x\n\nWann?", ""},
		"Arabic":                         {"نعم\n\nفي الاثنين، 1 يناير 2024 12:00 م، كتب جميل <jamil@example.org>:\n\nمتى؟", "نعم", "في الاثنين، 1 يناير 2024 12:00 م، كتب جميل <jamil@example.org>:\n\nمتى؟", ""},
		"French":                         {"Oui\n\nLe lun. 1 janv. 2024 à 12:00, Zoé <zoe@example.fr> a écrit :\n> Quand ?", "Oui", "Le lun. 1 janv. 2024 à 12:00, Zoé <zoe@example.fr> a écrit :\n> Quand ?", ""},
		"NetEase":                        {"好\n\nAt 2024-01-01 12:00:00, \"liwei\" <liwei@example.cn> wrote:\n什么时候", "好", "At 2024-01-01 12:00:00, \"liwei\" <liwei@example.cn> wrote:\n什么时候", ""},
		"a signature":                    {"Hi\n-- \nJana Köhler\nSternwarte", "Hi", "", "-- \nJana Köhler\nSternwarte"},
		"a signature before a quotation": {"Hi\n-- \nJana\n\n> old", "Hi", "> old", "-- \nJana"},
		"a phone's":                      {"OK 👍\n\nSent from my iPhone\n\n> On Jan 1, 2024, at 12:00, Tom wrote:\n> When?", "OK 👍", "> On Jan 1, 2024, at 12:00, Tom wrote:\n> When?", "Sent from my iPhone"},
		"a Chinese phone's":              {"好的\n\n发自我的iPhone", "好的", "", "发自我的iPhone"},
		"a German phone's":               {"Gut\n\nVon meinem iPhone gesendet", "Gut", "", "Von meinem iPhone gesendet"},
		"a rule of two dashes":           {"One\n--\n" + strings.Repeat("more text here\n", 20), "One\n--\n" + strings.TrimSuffix(strings.Repeat("more text here\n", 20), "\n"), "", ""},
		"an answer like an attribution":  {"Am Freitag.\nAm 01.01.2024 um 12:00 schrieb Jana <jana@example.com>:\n> Wann?", "Am Freitag.", "Am 01.01.2024 um 12:00 schrieb Jana <jana@example.com>:\n> Wann?", ""},
		"an answer with a time":          {"Am 5.1. um 10:00 Uhr.\nAm 01.01.2024 um 12:00 schrieb Jana:\n> Wann?", "Am 5.1. um 10:00 Uhr.", "Am 01.01.2024 um 12:00 schrieb Jana:\n> Wann?", ""},
		"an answer above two lines":      {"On 5 Jan at 10:00.\nOn Mon, Jan 1, 2024 at 12:00 Jana Köhler\n<jana@example.com> wrote:\n> When?", "On 5 Jan at 10:00.", "On Mon, Jan 1, 2024 at 12:00 Jana Köhler\n<jana@example.com> wrote:\n> When?", ""},
		"somebody who tells":             {"In 2023 you wrote:\nWe will send it.\nSo where is it?", "In 2023 you wrote:\nWe will send it.\nSo where is it?", "", ""},
		"a letter with labels":           {"From: our side all is well.\nTo: be clear, we wait.\nThanks", "From: our side all is well.\nTo: be clear, we wait.\nThanks", "", ""},
		"an order form":                  {"Date: tomorrow\nSubject: none\nAmount: 3\n", "Date: tomorrow\nSubject: none\nAmount: 3", "", ""},
		"sent from my":                   {"Sent from my house:\none box\ntwo boxes\nthree boxes\n", "Sent from my house:\none box\ntwo boxes\nthree boxes", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, quoted, sig := Split(c.body)
			want := strings.ReplaceAll(c.sig, "-- \n", "--\n") // spaces at the ends of lines go
			if text != c.text || quoted != c.quoted || sig != want {
				t.Errorf("text %q\nquoted %q\nsignature %q", text, quoted, sig)
			}
		})
	}
}

// lost says which lines of a body are in none of the three.
func lost(body, text, quoted, sig string) []string {
	have := map[string]int{}
	for l := range strings.SplitSeq(text+"\n"+quoted+"\n"+sig, "\n") {
		have[strings.TrimSpace(l)]++
	}
	var out []string
	for l := range strings.SplitSeq(body, "\n") {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		if have[l]--; have[l] < 0 {
			out = append(out, l)
		}
	}
	return out
}

var bodyLine = rapid.SampledFrom([]string{"", "", "Hello", "好的", "> quoted", ">> deeper", "-- ", "--", "Sent from my iPhone", "On Mon, Jan 1, 2024 at 12:00 Jana wrote:", "On Mon, Jan 1, 2024 at 12:00", "Jana <jana@example.com> wrote:",
	"-----Original Message-----", "From: Jana", "Sent: Monday", "To: Shop", "Subject: x", "发件人: 李伟", "主题: 望远镜", "收件人: a", "________________________________", "Begin forwarded message:", "نعم", "  indented", "a:", "\t", "发自我的iPhone", "x\r"})

// Nothing is lost, nothing is there twice, whatever stands in a body.
func TestSplitLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		body := strings.Join(rapid.SliceOfN(rapid.OneOf(bodyLine, rapid.String().Filter(func(s string) bool { return !strings.Contains(s, "\n") })), 0, 30).Draw(t, "lines"), "\n")
		text, quoted, sig := Split(body)
		if l := lost(body, text, quoted, sig); len(l) > 0 {
			t.Fatalf("lost %q of %q", l, body)
		}
		if l := lost(text+"\n"+quoted+"\n"+sig, body, "", ""); len(l) > 0 {
			t.Fatalf("made up %q of %q", l, body)
		}
		again, _, _ := Split(text)
		if again != text && strings.Count(body, "\n") == 0 {
			t.Fatalf("%q splits into %q", text, again)
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("Hi\n\nOn Mon, Jan 1, 2024 at 12:00 Jana wrote:\n> x\n-- \nTom")
	f.Add("好的\n\n发件人: 李伟\n发送时间: 1\n主题: x\n\n--\n")
	f.Fuzz(func(t *testing.T, body string) {
		text, quoted, sig := Split(body)
		if l := lost(body, text, quoted, sig); len(l) > 0 {
			t.Fatalf("lost %q", l)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{written("Subject: x\n", "hi"), written("Content-Type: multipart/mixed; boundary=b\n", "--b\r\nContent-Type: text/html\r\n\r\n<p>x<blockquote>y\r\n--b\r\n\r\nz"),
		written("Content-Type: text/plain; charset=gbk; format=flowed; delsp=yes\nContent-Transfer-Encoding: quoted-printable\n", "=C4=E3 \r\nx \r\n> y \r\n> z"),
		"From: =?utf-8?B?4pyT?= <a@b>, \"x\nDate: x\nMessage-ID: <\n\n", written("Content-Type: message/rfc822; name*0*=x''%41; name*1=b\nContent-Transfer-Encoding: base64\n", "!!!!====AAA")} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Parse(raw)
		if err != nil {
			return
		}
		for _, s := range []string{m.ID, m.Subject, m.Text, m.Quoted, m.Signature, m.List, m.Root()} {
			if strings.ToValidUTF8(s, "") != s {
				t.Fatalf("%q is no UTF-8", s)
			}
		}
		if strings.ContainsAny(m.Subject, "\r\n") || len(m.Text) > maxText || len(m.Problems) > maxProblems {
			t.Fatalf("%+v", m)
		}
		for _, a := range append(append([]Address{}, m.From...), m.To...) {
			if a == (Address{}) || strings.ContainsAny(a.Name+a.Address, "\r\n") || strings.ContainsAny(a.Address, "<>") {
				t.Fatalf("%+v", a)
			}
		}
	})
}
