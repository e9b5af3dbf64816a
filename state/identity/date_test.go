package identity

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func sorted(s []string) []string { slices.Sort(s); return s }

func TestParseDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw   string
		order DateOrder
		want  string
	}{
		{"1984-03-02", OrderUnknown, "1984-03-02"}, {"1984-3-2", OrderUnknown, "1984-03-02"}, {"1984/03/02", OrderUnknown, "1984-03-02"}, {"19840302", OrderUnknown, "1984-03-02"},
		{"02.03.1984", OrderMDY, "1984-03-02"}, {"2.3.84", OrderUnknown, "1984-03-02"}, {"2.3.14", OrderUnknown, "2014-03-02"},
		{"3/2/1984", OrderMDY, "1984-03-02"}, {"3/2/1984", OrderDMY, "1984-02-03"}, {"3/2/1984", OrderUnknown, "1984"}, {"3/3/1984", OrderUnknown, "1984-03-03"},
		{"3/22/1984", OrderUnknown, "1984-03-22"}, {"22/3/1984", OrderUnknown, "1984-03-22"}, {"22/3/1984", OrderMDY, "1984-03-22"}, {"3/22/1984", OrderDMY, "1984-03-22"},
		{"--03-02", OrderUnknown, "--03-02"}, {"--0302", OrderUnknown, "--03-02"}, {"--02-29", OrderUnknown, "--02-29"}, {"1604-03-02", OrderUnknown, "--03-02"}, {"0000-03-02", OrderUnknown, "--03-02"},
		{"1984", OrderUnknown, "1984"}, {"1984-03", OrderUnknown, "1984-03"},
		{"12 Mar 2024", OrderUnknown, "2024-03-12"}, {"March 2, 1984", OrderUnknown, "1984-03-02"}, {"2. März 1984", OrderUnknown, "1984-03-02"}, {"2nd of March 1984", OrderUnknown, "1984-03-02"},
		{"Mar 1984", OrderUnknown, "1984-03"}, {"2 March", OrderUnknown, "--03-02"}, {"2 de marzo de 1984", OrderUnknown, "1984-03-02"}, {"1er août 1984", OrderUnknown, "1984-08-01"},
		{"Fri, 2 Mar 1984", OrderUnknown, "1984-03-02"}, {"12-Mar-84", OrderUnknown, "1984-03-12"},
		{"1984年3月2日", OrderUnknown, "1984-03-02"}, {"1984 年 3 月 2 日", OrderUnknown, "1984-03-02"}, {"1984年3月", OrderUnknown, "1984-03"}, {"3月2日", OrderUnknown, "--03-02"}, {"1984年", OrderUnknown, "1984"},
		{"1984년 3월 2일", OrderUnknown, "1984-03-02"}, {"１９８４年３月２日", OrderUnknown, "1984-03-02"}, {"١٩٨٤-٠٣-٠٢", OrderUnknown, "1984-03-02"},
		{"1984-03-02T00:00:00Z", OrderUnknown, "1984-03-02"}, {"1984-03-02 23:59:59 +0100", OrderUnknown, "1984-03-02"}, {"3/2/1984 12:00 AM", OrderMDY, "1984-03-02"},
		{"'1984-03-02", OrderUnknown, "1984-03-02"}, {"2000-02-29", OrderUnknown, "2000-02-29"},
	} {
		got, err := ParseDate(c.raw, c.order)
		if err != nil || got.String() != c.want {
			t.Errorf("ParseDate(%q, %q) = %v, %v; want %s", c.raw, c.order, got, err, c.want)
		}
	}
	for _, raw := range []string{"", "n/a", "1984-02-30", "1983-02-29", "1900-02-29", "31.04.1984", "1984-13-01", "0001-01-01", "99999999", "13/13/1984", "0/0/1984", "1.1", "30743", "Mar", "12 Mar Mar",
		"tomorrow", "--00-00", "0000-00-00", "1984-00-02", "--13-01", "3月", "0000", "1604", "2 March 4 5"} {
		if got, err := ParseDate(raw, OrderDMY); !errors.Is(err, ErrDate) || !got.IsZero() {
			t.Errorf("ParseDate(%q) = %v, %v; want an error", raw, got, err)
		}
	}
}

func TestContradicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{{"1984-03-02", "1984-03-02", false}, {"1984-03-02", "1984", false}, {"1984-03-02", "--03-02", false}, {"1984-03-02", "--03-03", true}, {"1984", "1985", true}, {"1984", "--03-02", false},
		{"1984-03", "1984-03-09", false}} {
		a, _ := ParseDate(c.a, OrderUnknown)
		b, _ := ParseDate(c.b, OrderUnknown)
		if a.Contradicts(b) != c.want || b.Contradicts(a) != c.want {
			t.Errorf("%v and %v: want %v", a, b, c.want)
		}
	}
	if (Date{}).Contradicts(Date{Year: 1}) {
		t.Error("nothing known contradicts nothing")
	}
}

func checkDateText(t interface{ Fatalf(string, ...any) }, s string, order DateOrder) {
	d, err := ParseDate(s, order)
	if err != nil {
		if !errors.Is(err, ErrDate) || !d.IsZero() {
			t.Fatalf("ParseDate(%q) = %v, %v", s, d, err)
		}
		return
	}
	for _, o := range []DateOrder{OrderUnknown, OrderDMY, OrderMDY} {
		if again, err := ParseDate(d.String(), o); err != nil || again != d {
			t.Fatalf("ParseDate(%q) = %v, again %v, %v", s, d, again, err)
		}
	}
}

func TestDateProperties(t *testing.T) {
	t.Parallel()
	order := rapid.SampledFrom([]DateOrder{OrderUnknown, OrderDMY, OrderMDY})
	likely := rapid.StringMatching(`(--)?[0-9]{1,4}[-/. 年]?([0-9]{1,2}|Mar|août)?[-/. 月]?[0-9]{0,4}日?( 10:00)?`)
	rapid.Check(t, func(t *rapid.T) { checkDateText(t, likely.Draw(t, "likely"), order.Draw(t, "order")) })
	rapid.Check(t, func(t *rapid.T) { checkDateText(t, rapid.String().Draw(t, "any"), order.Draw(t, "order")) })
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"1984-03-02", "3/2/84", "--0302", "2nd of March 1984", "1984年3月2日", "1984-03-02 10:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkDateText(t, s, OrderUnknown)
		checkDateText(t, s, OrderMDY)
	})
}

func BenchmarkParseDate(b *testing.B) {
	for name, raw := range map[string]string{"iso": "1984-03-02", "dots": "02.03.1984", "named": "2. März 1984"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := ParseDate(raw, OrderUnknown); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
