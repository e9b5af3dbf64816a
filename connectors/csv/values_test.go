package csv

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors/format/money"
)

func TestMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, currency string
		decimal        byte
		want           int64
		ok             bool
	}{
		{"1,234.56", "EUR", 0, 123456, true}, {"1.234,56", "EUR", 0, 123456, true}, {"1 234,56 €", "EUR", 0, 123456, true},
		{"1'234.50", "CHF", 0, 123450, true}, {"1,234", "EUR", 0, 123400, true}, {"1.234", "EUR", 0, 123400, true}, {"0.125", "EUR", 0, 13, true},
		{"1.234", "EUR", '.', 123, true}, {"10.9", "EUR", 0, 1090, true}, {"10,9", "EUR", 0, 1090, true}, {"10.9000", "EUR", 0, 1090, true},
		{"1,234", "JPY", 0, 1234, true}, {"1234.00", "JPY", 0, 1234, true}, {"12.345", "KWD", 0, 12345, true}, {"1,234.567", "KWD", 0, 1234567, true},
		{"-5.00", "EUR", 0, -500, true}, {"(5.00)", "EUR", 0, -500, true}, {"−5,00", "EUR", 0, -500, true}, {"-€30,00", "EUR", 0, -3000, true}, {"5.00-", "EUR", 0, -500, true},
		{"$12.00", "USD", 0, 1200, true}, {"USD 12", "USD", 0, 1200, true}, {"12,34,567.00", "INR", 0, 123456700, true}, {"٣٤٫٥٠", "SAR", 0, 3450, true}, {"１２３", "JPY", 0, 123, true},
		{".50", "USD", 0, 50, true}, {"1.234.567", "EUR", 0, 123456700, true}, {"৳2,999", "BDT", 0, 299900, true},
		{"many", "EUR", 0, 0, false}, {"", "EUR", 0, 0, false}, {"1,2,3", "EUR", 0, 0, false}, {"12 apples 3", "EUR", 0, 0, false}, {"2024-05-01", "EUR", 0, 0, false},
		{"99999999999999999999", "EUR", 0, 0, false},
	} {
		got, ok := parseMoney(c.text, c.currency, c.decimal)
		if got != c.want || ok != c.ok {
			t.Errorf("%q %s: %d %v, want %d %v", c.text, c.currency, got, ok, c.want, c.ok)
		}
	}
}

func TestAnyAmountComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(-1e12, 1e12).Draw(t, "minor")
		currency := rapid.SampledFrom([]string{"EUR", "JPY", "KWD"}).Draw(t, "currency")
		dec := rapid.SampledFrom([]string{".", ","}).Draw(t, "decimal")
		group := rapid.SampledFrom([]string{"", map[string]string{".": ",", ",": "."}[dec], " ", "'"}).Draw(t, "group")
		d := money.Decimals(currency)
		sign, n := "", minor
		if n < 0 {
			sign, n = "-", -n
		}
		digits := fmt.Sprintf("%0*d", d+1, n)
		whole, frac := digits[:len(digits)-d], digits[len(digits)-d:]
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + group + whole[i:]
		}
		text := sign + whole
		if d > 0 {
			text += dec + frac
		}
		if got, ok := parseMoney(text, currency, dec[0]); !ok || got != minor {
			t.Fatalf("%q %s: %d %v, want %d", text, currency, got, ok, minor)
		}
	})
}

func TestTimes(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2024-03-12 09:14": "2024-03-12T08:14:00Z", "3/15/2024 2:30 PM": "2024-03-15T13:30:00Z", "03/15/24": "2024-03-14T23:00:00Z",
		"12 Mar 2024": "2024-03-11T23:00:00Z", "2024-05-01 09:58:12 +0200": "2024-05-01T07:58:12Z", "2024-05-01T09:58:12.5Z": "2024-05-01T09:58:12.5Z",
		"2024-05-01 10:00:00 UTC": "2024-05-01T10:00:00Z", "15.03.2024": "2024-03-14T23:00:00Z", "3.4.2024 8:05": "2024-04-03T06:05:00Z",
		"March 3, 2024": "2024-03-02T23:00:00Z", "3. März 2024": "2024-03-02T23:00:00Z", "2024年3月12日 下午2:30": "2024-03-12T13:30:00Z", "2024/3/12": "2024-03-11T23:00:00Z",
		"12 de": "", "soon": "", "2024-13-01": "", "31.02.2024": "", "0/0/00": "", "25:00": "", "2024-05-01 25:00": "", "": "",
		"12:30 AM 2024": "", "Tue, 12 Mar 2024 10:00:00 GMT": "2024-03-12T10:00:00Z", "2024-03-12 12:05 am": "2024-03-11T23:05:00Z",
	} {
		got, ok := parseTime(text, "", berlin)
		if s := got.Format(time.RFC3339Nano); ok != (want != "") || ok && s != want {
			t.Errorf("%q: %s %v, want %s", text, s, ok, want)
		}
	}
	if got, _ := parseTime("3/4/2024", dayFirst, time.UTC); got.Month() != 4 {
		t.Error(got)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`vip, wholesale`:        {"vip", "wholesale"},
		`"vip","buyers, north"`: {"vip", "buyers, north"},
		`"vip"`:                 {"vip"},
		`大客户, 🌟`:                {"大客户", "🌟"},
		`5" pipe, 6" pipe`:      {`5" pipe`, `6" pipe`},
		` , ,`:                  nil,
	} {
		if d := cmp.Diff(want, splitTags(text, ',')); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}

func TestEmails(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"jana@sternwarte.example": true, "jana+shop@sternwarte.example": true, "Jana Köhler <jana@sternwarte.example>": true, "用户@例子.测试": true, "jörg@müßig.example": true,
		"jana@@sternwarte": false, "jana@sternwarte": false, "@x.example": false, "a b@x.example": false, "a@.example": false, "a..b@x.example": false, "a@x.example,b@x.example": false, "": false,
	} {
		if _, got := parseEmail(text); got != ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzMoney(f *testing.F) {
	for _, s := range []string{"1,234.56", "(1.234,56 €)", "٣٤٫٥٠", "-", "1e9"} {
		f.Add(s, "EUR", byte(0))
	}
	f.Fuzz(func(t *testing.T, s, currency string, decimal byte) {
		if v, ok := parseMoney(s, currency, decimal); !ok && v != 0 {
			t.Fatalf("%q: %d without ok", s, v)
		}
		decimalOf(s)
		currencyIn(s)
	})
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{"2024-03-12 09:14", "3/15/2024 2:30 PM", "2024年3月12日", "12 Mar 2024", ":", "1:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		when, ok := parseTime(s, "", time.UTC)
		if ok {
			again, ok := parseTime(when.Format(time.RFC3339Nano), "", time.UTC)
			if when.Year() >= 1000 && when.Year() <= 9999 && (!ok || !again.Equal(when)) {
				t.Fatalf("%q: %v, again %v", s, when, again)
			}
		}
		dateOrder(s)
	})
}

func FuzzTags(f *testing.F) {
	f.Add(`"vip","buyers, north"`)
	f.Add(`""",`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, tag := range splitTags(s, ',') {
			if strings.TrimSpace(tag) == "" {
				t.Fatalf("%q gave an empty tag", s)
			}
		}
	})
}
