package identity

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNormalizeCompany(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, key, form string }{
		{"Nordlicht Optik GmbH", "nordlicht optik", "GmbH"},
		{"NORDLICHT OPTIK G.m.b.H.", "nordlicht optik", "GmbH"},
		{"Sternwarte Lübeck e.V.", "sternwarte lubeck", "e.V."},
		{"Sternwarte Lübeck eV", "sternwarte lubeck", "e.V."},
		{"Müller & Söhne GmbH & Co. KG", "muller sohne", "GmbH & Co. KG"},
		{"Müller und Söhne", "muller sohne", ""},
		{"Acme, Inc.", "acme", "Inc."},
		{"ACME LLC", "acme", "LLC"},
		{"Acme L.L.C.", "acme", "LLC"},
		{"Acme Trading Co., Ltd.", "acme trading", "Co. Ltd."},
		{"Acme Limited", "acme", "Ltd."},
		{"Acme Pty Ltd", "acme", "Pty Ltd."},
		{"The Body Shop", "body shop", ""},
		{"Rossi S.r.l.", "rossi", "S.r.l."},
		{"Rossi srl", "rossi", "S.r.l."},
		{"Dupont S.A.", "dupont", "S.A."},
		{"Tulp B.V.", "tulp", "B.V."},
		{"Novo A/S", "novo", "A/S"},
		{"Kowalski Sp. z o.o.", "kowalski", "sp. z o.o."},
		{"ООО Ромашка", "ромашка", "ООО"},
		{"华为技术有限公司", "华为技术", "有限公司"},
		{"阿里巴巴（中国）有限公司", "阿里巴巴中国", "有限公司"},
		{"宁德时代新能源科技股份有限公司", "宁德时代新能源科技", "股份有限公司"},
		{"株式会社ニコン", "ニコン", "株式会社"},
		{"ニコン㈱", "ニコン", "(株)"},
		{"(株) ニコン", "ニコン", "(株)"},
		{"삼성전자 주식회사", "삼성전자", "주식회사"},
		{"(주)삼성전자", "삼성전자", "(주)"},
		{"Limited", "limited", ""},
		{"有限公司", "有限公司", ""},
		{"Privat GmbH", "privat gmbh", ""},
		{"", "", ""}, {"-", "", ""}, {"n/a", "", ""}, {"N.A.", "", ""}, {"self", "", ""}, {"Self-employed", "", ""}, {"privat", "", ""}, {"None", "", ""}, {"freelance", "", ""},
		{"个人", "", ""}, {"無", "", ""}, {"selbstständig", "", ""}, {"لا يوجد", "", ""},
	} {
		if key, form := NormalizeCompany(c.in); key != c.key || form != c.form {
			t.Errorf("NormalizeCompany(%q) = %q, %q; want %q, %q", c.in, key, form, c.key, c.form)
		}
	}
}

func checkCompany(t interface{ Fatalf(string, ...any) }, s string) {
	key, form := NormalizeCompany(s)
	if again, more := NormalizeCompany(key); again != key || more != "" {
		t.Fatalf("NormalizeCompany(%q) = %q, %q; again %q, %q", s, key, form, again, more)
	}
}

func TestCompanyProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkCompany(t, rapid.String().Draw(t, "any")) })
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"Acme", "The", "GmbH", "& Co.", "KG", "and", "Ltd", "S.", "A.", "n/a", "privat", "有限公司", "华为", "株式会社", "(株)", "주식회사", "ООО",
		"e.V.", "PT", "и", "self", "个", "人", "Company"}), 0, 6)
	seps := rapid.SampledFrom([]string{"", " ", ", "})
	rapid.Check(t, func(t *rapid.T) {
		s := ""
		for _, w := range words.Draw(t, "words") {
			s += seps.Draw(t, "sep") + w
		}
		checkCompany(t, s)
	})
}

func FuzzNormalizeCompany(f *testing.F) {
	for _, s := range []string{"Müller GmbH & Co. KG", "(株)ニコン", "ООО Р", "The The Ltd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkCompany(t, s) })
}

func BenchmarkNormalizeCompany(b *testing.B) {
	for b.Loop() {
		NormalizeCompany("Müller & Söhne GmbH & Co. KG")
	}
}
