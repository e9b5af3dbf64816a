package text

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

// TestBothLanguages holds every text to its two languages: both say something, with the same
// arguments, and the Chinese one is Chinese.
func TestBothLanguages(t *testing.T) {
	t.Parallel()
	for key, text := range catalogue {
		en, zh := arguments(text.en, nil), arguments(text.zh, nil)
		if !maps.Equal(en, zh) {
			t.Errorf("%s: English takes %v, Chinese %v (true: must be given)", key, en, zh)
		}
		if (len(text.en) == 0) != (len(text.zh) == 0) && key != "card.space" {
			t.Errorf("%s has one language only", key)
		}
		plain := flat(text.zh)
		han := strings.ContainsFunc(plain, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		if !han && strings.ContainsFunc(plain, unicode.IsLetter) && !strings.Contains(key, ".see") {
			t.Errorf("%s: the Chinese text %q is not Chinese", key, plain)
		}
		if strings.ContainsFunc(flat(text.en), func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s: the English text has Chinese in it", key)
		}
	}
}

func flat(nodes []node) string {
	var b strings.Builder
	for _, n := range nodes {
		if n.arg == "" {
			b.WriteString(n.text)
		}
		b.WriteString(flat(n.optional))
	}
	return b.String()
}

// TestPlurals holds counted nouns to their forms: two in English, one in Chinese, and the lists
// that texts look words up in to words that exist.
func TestPlurals(t *testing.T) {
	t.Parallel()
	lists := map[string]bool{}
	for key := range catalogue {
		list, _, _ := strings.Cut(key, ".")
		lists[list] = true
	}
	var check func(key string, forms int, nodes []node)
	check = func(key string, forms int, nodes []node) {
		for _, n := range nodes {
			if n.verb == '#' && n.text != "" && len(strings.Split(n.text, "|")) != forms {
				t.Errorf("%s: %q has not %d forms", key, n.text, forms)
			}
			if n.verb == '%' && !lists[strings.TrimSuffix(n.text, ".")] {
				t.Errorf("%s: there is no list %q", key, n.text)
			}
			check(key, forms, n.optional)
		}
	}
	for key, text := range catalogue {
		check(key, 2, text.en)
		check(key, 1, text.zh)
	}
}

// TestComputedKeys has the keys that the program puts together from names.
func TestComputedKeys(t *testing.T) {
	t.Parallel()
	for _, k := range []*state.Kind{state.Customers.Kind, state.Promises.Kind, state.Questions.Kind, state.StaffMembers.Kind, state.Runs.Kind,
		state.Records.Kind, state.Links.Kind, state.Verdicts.Kind, state.Settings.Kind, state.Relations.Kind, state.Consents.Kind,
		state.Connections.Kind, state.Requests.Kind} {
		for _, key := range []string{"error.no_such_" + k.Name, "collection." + k.Name} {
			if !Has(key) {
				t.Errorf("%s has no text", key)
			}
		}
	}
	for _, name := range []string{state.Customers.Kind.Name, state.Promises.Kind.Name, state.Questions.Kind.Name, state.Runs.Kind.Name} {
		if !Has("error." + name + "_missing") {
			t.Errorf("error.%s_missing has no text", name)
		}
	}
	for _, typ := range []string{state.TypeEmail, state.TypePhone, state.TypeHandle, state.TypeExternalID, state.TypeCompany, state.TypeDomain, "postcode", "city", "name", "birthday"} {
		if !Has("evidence.same_" + typ) {
			t.Errorf("evidence.same_%s has no text", typ)
		}
	}
	for _, s := range []string{state.ConsentGranted, state.ConsentWithheld, state.ConsentUndeliverable, state.ConsentOptedOut, state.ConsentLifted} {
		if !Has("consent." + s) {
			t.Errorf("consent.%s has no text", s)
		}
	}
	for _, s := range []string{state.PromiseOpen, state.PromiseKept, state.PromiseNotKept, state.PromiseWithdrawn, state.PromiseSuperseded} {
		if !Has("state." + s) {
			t.Errorf("state.%s has no text", s)
		}
	}
	for _, s := range []string{"merged", "kept_apart", "read", "dropped", "organisation", "no_organisation"} {
		if !Has("did." + s) {
			t.Errorf("did.%s has no text", s)
		}
	}
	for _, k := range []string{state.QuestionMatch, state.QuestionRow, state.QuestionOrganisation} {
		if !Has("question." + k) {
			t.Errorf("question.%s has no text", k)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for wish, want := range map[string]string{"": English, "en": English, "de_DE.UTF-8": English, "C": English, "POSIX": English,
		"zh": Chinese, "zh-CN": Chinese, "zh_CN.UTF-8": Chinese, "zh_TW": Chinese, "zh-Hant": Chinese, "en-GB,zh;q=0.5": English,
		"zh-CN,en;q=0.5": Chinese, "\x00": English, "ja": English} {
		if got := Match(wish); got != want {
			t.Errorf("Match(%q) = %q, want %q", wish, got, want)
		}
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		currency string
		en, zh   string
	}{
		{4831020, "EUR", "€48,310.20", "€48,310.20"},
		{1200, "JPY", "¥1,200", "JP¥1,200"},
		{120000, "CNY", "CN¥1,200.00", "¥1,200.00"},
		{5, "USD", "$0.05", "US$0.05"},
		{-500, "USD", "-$5.00", "-US$5.00"},
		{9000, "CHF", "CHF 90.00", "CHF 90.00"},
		{1234, "KWD", "KWD 1.234", "KWD 1.234"},
		{0, "eur", "€0.00", "€0.00"},
		{1999, "", "19.99", "19.99"},
		{-9223372036854775808, "EUR", "-€92,233,720,368,547,758.08", "-€92,233,720,368,547,758.08"},
		{-9223372036854775808, "JPY", "-¥9223372036854775808", "-JP¥9223372036854775808"},
	} {
		m := state.Money{Minor: c.minor, Currency: c.currency}
		if got := For("en").Money(m); got != c.en {
			t.Errorf("Money(%d %s) = %q, want %q", c.minor, c.currency, got, c.en)
		}
		if got := For("zh").Money(m); got != c.zh {
			t.Errorf("Chinese Money(%d %s) = %q, want %q", c.minor, c.currency, got, c.zh)
		}
	}
}

// TestMoneyKeepsEveryDigit: taking the grouping away gives the amount back.
func TestMoneyKeepsEveryDigit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64().Draw(t, "minor")
		cur := rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "CHF", "CNY", ""}).Draw(t, "currency")
		got := For("en").Money(state.Money{Minor: minor, Currency: cur})
		digits := strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) || r == '-' {
				return r
			}
			return -1
		}, got)
		want := fmt.Sprint(minor)
		sign := strings.HasPrefix(want, "-")
		want = strings.TrimLeft(strings.TrimPrefix(want, "-"), "0")
		if have := strings.TrimLeft(strings.TrimPrefix(digits, "-"), "0"); have != want || strings.HasPrefix(digits, "-") != sign {
			t.Fatalf("%d %s is written %q", minor, cur, got)
		}
	})
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	p := For("en")
	if got := p.Number(1204); got != "1,204" {
		t.Error(got)
	}
	for n, want := range map[int64]string{0: "0 orders", 1: "1 order", 2: "2 orders", 1001: "1,001 orders", 1_000_000_001: "1,000,000,001 orders", -3: "-3 orders"} {
		if got := p.Count(n, "order", "orders"); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	if got := For("zh").Count(1204, "个订单"); got != "1,204 个订单" {
		t.Error(got)
	}
}

var now = time.Date(2026, 11, 21, 13, 30, 0, 0, time.UTC) // a Saturday; 14:30 in Berlin, 21:30 in Shanghai

func TestDates(t *testing.T) {
	t.Parallel()
	en, zh := For("en").In("Europe/Berlin", now), For("zh").In("Asia/Shanghai", now)
	at := func(s string) time.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			panic(err)
		}
		return x
	}
	for _, c := range []struct{ got, want string }{
		{en.Day(at("2026-11-19T10:00:00Z")), "19 Nov"},
		{en.Day(at("2024-03-01T10:00:00Z")), "1 Mar 2024"},
		{en.Day(at("2026-12-31T23:30:00Z")), "1 Jan 2027"},
		{zh.Day(at("2026-11-19T10:00:00Z")), "11月19日"},
		{zh.Day(at("2024-03-01T10:00:00Z")), "2024年3月1日"},
		{zh.Day(at("2026-11-19T17:00:00Z")), "11月20日"},
		{en.WeekDay(at("2026-11-16T10:00:00Z")), "Mon 16 Nov"},
		{zh.WeekDay(at("2026-11-16T10:00:00Z")), "11月16日周一"},
		{en.Month(at("2024-03-01T10:00:00Z")), "Mar 2024"},
		{zh.Month(at("2024-03-01T10:00:00Z")), "2024年3月"},
		{en.Moment(at("2026-11-21T08:05:00Z")), "today 09:05"},
		{zh.Moment(at("2026-11-19T10:00:00Z")), "11月19日 18:00"},
		{en.Ago(now.Add(-20 * time.Second)), "just now"},
		{en.Ago(now.Add(-4 * time.Minute)), "4 minutes ago"},
		{en.Ago(now.Add(-time.Minute)), "1 minute ago"},
		{en.Ago(now.Add(-3 * time.Hour)), "3 hours ago"},
		{en.Ago(now.Add(-20 * time.Hour)), "yesterday"},
		{en.Ago(now.AddDate(0, 0, -12)), "12 days ago"},
		{en.Ago(now.AddDate(0, -5, 0)), "5 months ago"},
		{en.Ago(now.AddDate(-3, 0, 0)), "3 years ago"},
		{en.Ago(now.Add(48 * time.Hour)), "23 Nov"},
		{zh.Ago(now.AddDate(0, 0, -12)), "12 天前"},
		{zh.Ago(now.Add(-4 * time.Minute)), "4 分钟前"},
		{en.Due(at("2026-11-24T22:59:59Z"), true, "Europe/Berlin"), "Tue 24"},
		{en.Due(at("2026-11-25T15:59:59Z"), true, "Asia/Shanghai"), "Wed 25"},
		{en.Due(at("2026-11-21T16:00:00Z"), false, "Europe/Berlin"), "today 17:00"},
		{en.Due(at("2026-11-22T11:00:00Z"), false, "Europe/Berlin"), "tomorrow 12:00"},
		{en.Due(at("2026-12-19T22:59:59Z"), true, "Europe/Berlin"), "19 Dec"},
		{en.Due(at("2027-01-19T22:59:59Z"), true, "Europe/Berlin"), "19 Jan 2027"},
		{en.Due(at("2026-11-19T22:59:59Z"), true, "Europe/Berlin"), "19 Nov"},
		{en.Due(time.Time{}, true, ""), "no date"},
		{zh.Due(at("2026-11-24T15:59:59Z"), true, "Asia/Shanghai"), "24日周二"},
		{zh.Due(at("2026-11-22T04:00:00Z"), false, "Asia/Shanghai"), "明天 12:00"},
		{en.DueFull(at("2026-11-27T04:00:00Z"), false, "Asia/Shanghai"), "Fri 27 Nov 05:00 (Fri 27 Nov 12:00 in Asia/Shanghai)"},
		{en.DueFull(at("2026-11-27T11:00:00Z"), false, "Europe/Berlin"), "Fri 27 Nov 12:00"},
		{en.DueFull(at("2026-11-27T15:59:59Z"), true, "Asia/Shanghai"), "Fri 27 Nov"},
		{en.Late(2), "late 2 d"},
		{zh.Late(2), "逾期 2 天"},
		{en.Duration(1900 * time.Millisecond), "1.9 s"},
		{en.Duration(40 * time.Second), "40 s"},
		{en.Duration(12*time.Minute + 3*time.Second), "12 min"},
		{zh.Duration(3 * time.Hour), "3 小时"},
		{en.Duration(9 * 24 * time.Hour), "9 d"},
		{For("en").Day(at("2026-11-19T10:00:00Z")), "19 Nov 2026"},
		{For("en").Ago(at("2026-11-19T10:00:00Z")), "19 Nov 2026"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	en, zh := For("en").In("Europe/Berlin", now), For("zh").In("Asia/Shanghai", now).As("/kept")
	missing := &state.Error{Class: state.NotFound, Code: "no_customer", Args: state.Args{"ref": "jana"}}
	for _, c := range []struct{ got, want string }{
		{en.Error(missing), `No customer fits "jana". Look with: kept find jana`},
		{zh.Error(fmt.Errorf("wrapped: %w", missing)), `没有符合“jana”的客户。查找：/kept find jana`},
		{en.Error(errors.New("bolt: page 7")), `It did not work, and it is our fault. Nothing was changed. Try again; then tell us what you typed.`},
		{en.Error(&state.Error{Code: "never_heard"}), `It did not work (never_heard). Try again; if it stays so, look at: kept check`},
		{en.Error(&state.Error{Code: "due_past", Args: state.Args{"words": "monday", "at": "2026-11-16T23:59:59+01:00"}}),
			`"monday" is past: 16 Nov. Give a time that lies ahead.`},
		{en.Error(&state.Error{Code: "due_past", Args: state.Args{"words": "two days ago"}}), `"two days ago" is past. Give a time that lies ahead.`},
		{en.Error(nil), ""},
		{en.Error(coded("draining")), "The kept that holds the state is ending. Try again."},
		{en.T("watch.refund", state.Args{"minor": "4999", "currency": "EUR", "at": "2026-11-10T10:00:00Z"}), "refund of €49.99 on 10 Nov"},
		{en.T("watch.opted_out", state.Args{"purpose": "marketing", "channel": "email"}), "wants no marketing by mail"},
		{zh.T("watch.opted_out", state.Args{"purpose": "marketing", "channel": "email", "since": "2026-11-02T00:00:00Z"}), "不接受邮件营销，11月2日"},
		{en.Evidence(state.Evidence{Code: "two_birthdays", Args: state.Args{"a": "1980-02-01", "b": "1981-02-01"}}), "two birthdays: 1 Feb 1980 and 1 Feb 1981"},
		{en.Evidence(state.Evidence{Code: "same_email"}), "same e-mail"},
		{en.T("no.such", state.Args{"a": "b"}), "no.such a=b"},
		{en.T("find.title", state.Args{"n": "1", "query": "j"}), `1 customer fits "j"`},
		{en.T("find.title", state.Args{"n": "1204", "query": "j"}), `1,204 customers fit "j"`},
		{en.Command("find jana"), "kept find jana"},
		{en.As("kept --state a.db").T("error.no_files"), "Which file? For example: kept --state a.db import orders.csv"},
		{en.As("bin/kept --state a.db").T("error.no_files"), "Which file? For example: bin/kept --state a.db import orders.csv"},
		{en.As("/opt/kept/kept").T("error.no_files"), "Which file? For example: /opt/kept/kept import orders.csv"},
		{en.As("/kept").T("error.no_files"), "Which file? For example: kept import orders.csv"},
		{en.Term("channel", "carrier pigeon"), "carrier pigeon"},
	} {
		if c.got != c.want {
			t.Errorf("got  %s\nwant %s", c.got, c.want)
		}
	}
}

type coded string

func (c coded) Error() string     { return "raw words of another process" }
func (c coded) ErrorCode() string { return string(c) }

func TestTemplatesThatAreWrong(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"{", "}", "a]", "[a", "[a]", "{}", "{A}", "{a b}", "[{a}[{b}]]", "[{a}", "{#}"} {
		if nodes, err := parse(s); err == nil {
			t.Errorf("parse(%q) = %v, want an error", s, nodes)
		}
	}
}

// FuzzArguments: whatever customers are called, a text holds it as it is and nothing breaks.
func FuzzArguments(f *testing.F) {
	f.Add("jana", "12", "2026-11-19")
	f.Add("{ref}", "[", "×")
	f.Fuzz(func(t *testing.T, ref, n, at string) {
		for _, lang := range []string{"en", "zh"} {
			p := For(lang).In("Asia/Shanghai", now)
			for key := range catalogue {
				p.T(key, state.Args{"ref": ref, "n": n, "at": at})
			}
			if s := p.T("error.no_customer", state.Args{"ref": ref}); !strings.Contains(s, ref) {
				t.Fatalf("%q does not hold %q", s, ref)
			}
		}
	})
}
