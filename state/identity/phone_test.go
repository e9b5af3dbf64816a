package identity

import (
	"encoding/csv"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestNormalizePhone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, region, e164, digits, ext, home string }{
		{"+49 451 901820", "", "+49451901820", "49451901820", "", "DE"},
		{"0451 / 90 18-20", "de", "+49451901820", "49451901820", "", "DE"},
		{"+49 (0) 451 901820", "US", "+49451901820", "49451901820", "", "DE"},
		{"0049 451 901820", "DE", "+49451901820", "49451901820", "", "DE"},
		{"0049 451 901820", "US", "+49451901820", "49451901820", "", "DE"},
		{"0049 451 901820", "", "+49451901820", "49451901820", "", "DE"},
		{"(00)49-451-901820", "", "+49451901820", "49451901820", "", "DE"},
		{"491711234567", "DE", "+491711234567", "491711234567", "", "DE"},
		{"4917212", "DE", "+494917212", "494917212", "", "DE"},
		{"8613812345678", "CN", "+8613812345678", "8613812345678", "", "CN"},
		{"3912345678", "IT", "+393912345678", "393912345678", "", "IT"},
		{"'+49451901820", "", "+49451901820", "49451901820", "", "DE"},
		{"'0171 1234567", "DE", "+491711234567", "491711234567", "", "DE"},
		{"tel:+49-451-901820", "", "+49451901820", "49451901820", "", "DE"},
		{"tel:0451-901820;phone-context=+49", "", "+49451901820", "49451901820", "", "DE"},
		{"138 1234 5678", "CN", "+8613812345678", "8613812345678", "", "CN"},
		{"１３８１２３４５６７８", "CN", "+8613812345678", "8613812345678", "", "CN"},
		{"＋８６ １３８１２３４５６７８", "", "+8613812345678", "8613812345678", "", "CN"},
		{"٠١٠٠١٢٣٤٥٦٧", "EG", "+201001234567", "201001234567", "", "EG"},
		{"+۹۸ ۹۱۲ ۳۴۵ ۶۷۸۹", "", "+989123456789", "989123456789", "", "IR"},
		{"\u202a+49 451 901820\u202c", "", "+49451901820", "49451901820", "", "DE"},
		{"(212) 555-2368 ext. 12", "US", "+12125552368", "12125552368", "12", "US"},
		{"+1 212 555 2368 x12", "", "+12125552368", "12125552368", "12", "US"},
		{"020 7946 0958", "UK", "+442079460958", "442079460958", "", "GB"},
		{"491711234567.0", "DE", "+491711234567", "491711234567", "", "DE"},
		{"+39 06 1234 5678", "", "+390612345678", "390612345678", "", "IT"},
		{"0451 901820", "", "", "0451901820", "", ""},
		{"12345", "DE", "", "12345", "", ""},
		{"99 ext 7", "DE", "", "99", "7", ""},
		{"8.61381E+12", "CN", "", "", "", ""},
		{"n/a", "DE", "", "", "", ""},
		{"", "DE", "", "", "", ""},
		{"0451 901820", "Atlantis", "", "0451901820", "", ""},
		{strings.Repeat("1", 300), "DE", "", strings.Repeat("1", 300), "", ""},
	} {
		want := Phone{E164: c.e164, Digits: c.digits, Raw: c.raw, Extension: c.ext, Region: c.home}
		if got := NormalizePhone(c.raw, c.region); got != want {
			t.Errorf("NormalizePhone(%q, %q)\n got %+v\nwant %+v", c.raw, c.region, got, want)
		}
	}
}

func TestNormalizePhoneVectors(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(string(sharedFile(t, "contact_phone/phones.csv")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows = rows[1:]
	same := 0
	for _, r := range rows {
		if got := NormalizePhone(r[3], r[0]); got.E164 == r[4] {
			same++
		} else {
			t.Logf("%s %s %q: %q, the older numbering plans say %q", r[0], r[1], r[3], got.E164, r[4])
		}
	}
	rate := float64(same) / float64(len(rows))
	t.Logf("phones: %d of %d alike (%.4f)", same, len(rows), rate)
	if rate < 0.97 {
		t.Errorf("%.4f of the numbers alike, want at least 0.97", rate)
	}
}

func TestDigitsOfEveryScript(t *testing.T) {
	t.Parallel()
	check := func(lo, hi rune) {
		if (hi-lo+1)%10 != 0 {
			t.Errorf("digits %U to %U are no whole blocks of ten", lo, hi)
		}
	}
	for _, r := range unicode.Nd.R16 {
		if r.Stride == 1 {
			check(rune(r.Lo), rune(r.Hi))
		} else {
			t.Errorf("digits %U to %U have gaps", r.Lo, r.Hi)
		}
	}
	for _, r := range unicode.Nd.R32 {
		check(rune(r.Lo), rune(r.Hi))
	}
	for _, want := range []string{"0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９", "०१२३४५६७८९", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"} {
		i := rune(0)
		for _, r := range want {
			if digitValue(r) != i && r > '9' {
				t.Errorf("digitValue(%q) = %d, want %d", r, digitValue(r), i)
			}
			i++
		}
	}
}

func TestPhoneTail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"+49451901820": "02810915494", "0451 90-18 20": "028109154", "١٢٣": "321", "": "", "abc": "", "000": ""} {
		if got := PhoneTail(in); got != want {
			t.Errorf("PhoneTail(%q) = %q, want %q", in, got, want)
		}
	}
	if !strings.HasPrefix(PhoneTail("+49451901820"), PhoneTail("0451/901820")) {
		t.Error("the national notation is not the end of the international one")
	}
}

func checkPhone(t interface{ Fatalf(string, ...any) }, p Phone) {
	if p.Digits != asciiDigits(p.Digits) {
		t.Fatalf("digits that are none: %+v", p)
	}
	if p.E164 == "" {
		if p.Region != "" {
			t.Fatalf("a region without a number: %+v", p)
		}
		return
	}
	again := NormalizePhone(p.E164, "")
	if again.E164 != p.E164 || again.Digits != p.Digits || again.Region != p.Region {
		t.Fatalf("normalising %+v again gives %+v", p, again)
	}
}

func TestPhoneProperties(t *testing.T) {
	t.Parallel()
	regions := rapid.SampledFrom([]string{"", "DE", "CN", "US", "GB", "IT", "EG", "MX", "AR", "BR", "zz", "KR"})
	numbers := rapid.StringMatching(`(\+|00|0)?[1-9][0-9 ()/.-]{4,14}( ?(x|ext\.|;ext=)[0-9]{1,4})?`)
	rapid.Check(t, func(t *rapid.T) { checkPhone(t, NormalizePhone(numbers.Draw(t, "raw"), regions.Draw(t, "region"))) })
	rapid.Check(t, func(t *rapid.T) {
		checkPhone(t, NormalizePhone(rapid.String().Draw(t, "any"), rapid.String().Draw(t, "region")))
	})
}

func FuzzNormalizePhone(f *testing.F) {
	f.Add("+49 (0) 451 901820 ext 1", "DE")
	f.Add("tel:123;phone-context=+86;ext=3", "CN")
	f.Add("'٠١٠٠", "EG")
	f.Fuzz(func(t *testing.T, raw, region string) {
		PhoneTail(raw)
		checkPhone(t, NormalizePhone(raw, region))
	})
}

func BenchmarkNormalizePhone(b *testing.B) {
	for name, raw := range map[string]string{"clean": "+49451901820", "national": "0451 / 90 18-20", "invalid": "12345"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				NormalizePhone(raw, "DE")
			}
		})
	}
}
