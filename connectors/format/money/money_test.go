package money

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestAmountsBecomeMinorUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, currency string
		want           int64
		ok             bool
	}{
		{"10.90", "EUR", 1090, true}, {"10.9", "EUR", 1090, true}, {"10", "EUR", 1000, true}, {"-1.00", "EUR", -100, true}, {"0.005", "EUR", 1, true},
		{"0.0049", "EUR", 0, true}, {".5", "EUR", 50, true}, {"5.", "EUR", 500, true}, {" 7.00 ", "EUR", 700, true}, {"-0.005", "EUR", -1, true},
		{"1980", "JPY", 1980, true}, {"1980.00", "JPY", 1980, true}, {"1980.50", "JPY", 1981, true},
		{"1.234", "KWD", 1234, true}, {"1.2", "KWD", 1200, true}, {"1.2345", "KWD", 1235, true}, {"1.23", "XXX", 123, true},
		{"", "EUR", 0, false}, {"-", "EUR", 0, false}, {".", "EUR", 0, false}, {"1,90", "EUR", 0, false}, {"€5", "EUR", 0, false}, {"1e5", "EUR", 0, false},
		{"1.2.3", "EUR", 0, false}, {"NaN", "EUR", 0, false}, {"99999999999999999999", "EUR", 0, false}, {"--5", "EUR", 0, false},
	} {
		if got, ok := Minor(c.text, c.currency); got != c.want || ok != c.ok {
			t.Errorf("Minor(%q, %s) = %d, %v, want %d, %v", c.text, c.currency, got, ok, c.want, c.ok)
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "CNY"}).Draw(t, "currency")
		want := rapid.Int64Range(-1<<50, 1<<50).Draw(t, "minor")
		sign, n := "", want
		if n < 0 {
			sign, n = "-", -n
		}
		unit := int64(1)
		for range Decimals(currency) {
			unit *= 10
		}
		text := fmt.Sprintf("%s%d", sign, n/unit)
		if d := Decimals(currency); d > 0 {
			text += fmt.Sprintf(".%0*d", d, n%unit)
		}
		if got, ok := Minor(text, currency); !ok || got != want {
			t.Fatalf("%s %s is read as %d, not %d", text, currency, got, want)
		}
	})
}

func FuzzMinor(f *testing.F) {
	f.Add("10.90", "EUR")
	f.Add("-0.0005", "KWD")
	f.Fuzz(func(t *testing.T, text, currency string) {
		if got, ok := Minor(text, currency); !ok && got != 0 {
			t.Fatalf("%q is no amount and %d", text, got)
		}
	})
}
