package identity

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sharedFile reads a reference set that lives beside the repository and is not part of it.
func sharedFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../../shared/data/" + name)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("reference set %s is not on this machine", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNormalizeEmail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, shown, match string }{
		{"Jana.Koehler@Example.ORG", "jana.koehler@example.org", "jana.koehler@example.org"},
		{"  jana@example.org\t", "jana@example.org", "jana@example.org"},
		{"Jana Köhler <Jana@Example.org>", "jana@example.org", "jana@example.org"},
		{`"Köhler, Jana" < jana@example.org >`, "jana@example.org", "jana@example.org"},
		{"<jana@example.org>", "jana@example.org", "jana@example.org"},
		{"mailto:jana@example.org?subject=Hi", "jana@example.org", "jana@example.org"},
		{"MAILTO:jana%2Bshop@gmail.com", "jana+shop@gmail.com", "jana@gmail.com"},
		{"'jana@example.org", "jana@example.org", "jana@example.org"},
		{"'jana@example.org'", "jana@example.org", "jana@example.org"},
		{"jana@example.org;", "jana@example.org", "jana@example.org"},
		{"o'brien@example.org", "o'brien@example.org", "o'brien@example.org"},
		{"\ufeffjana@example.org\u200b", "jana@example.org", "jana@example.org"},
		{"ｊａｎａ＠example.org", "jana@example.org", "jana@example.org"},
		{"J.a.n.a+x@GoogleMail.com", "j.a.n.a+x@googlemail.com", "jana@gmail.com"},
		{"+x@gmail.com", "+x@gmail.com", "+x@gmail.com"},
		{"ja.na+x@outlook.de", "ja.na+x@outlook.de", "ja.na@outlook.de"},
		{"jana+x@hotmail.co.uk", "jana+x@hotmail.co.uk", "jana@hotmail.co.uk"},
		{"jana+x@proton.me", "jana+x@proton.me", "jana@proton.me"},
		{"jana+x@example.org", "jana+x@example.org", "jana+x@example.org"},
		{"jana+x@live.example.org", "jana+x@live.example.org", "jana+x@live.example.org"},
		{"anne-marie@yahoo.fr", "anne-marie@yahoo.fr", "anne-marie@yahoo.fr"},
		{"kontakt@Köln.example", "kontakt@köln.example", "kontakt@xn--kln-sna.example"},
		{"kontakt@xn--kln-sna.example", "kontakt@xn--kln-sna.example", "kontakt@xn--kln-sna.example"},
		{"张伟@例子.中国", "张伟@例子.中国", "张伟@xn--fsqu00a.xn--fiqs8s"},
		{"info@例子。中国", "info@例子。中国", "info@xn--fsqu00a.xn--fiqs8s"},
		{"محمد@example.org", "محمد@example.org", "محمد@example.org"},
		{"👍@example.org", "👍@example.org", "👍@example.org"},
		{`"jana"@example.org`, `"jana"@example.org`, "jana@example.org"},
		{`"jana k"@example.org`, `"jana k"@example.org`, `"jana k"@example.org`},
		{"jana@[192.0.2.1]", "jana@[192.0.2.1]", "jana@[192.0.2.1]"},
		{"jana@[IPv6:2001:DB8:0::1]", "jana@[ipv6:2001:db8:0::1]", "jana@[ipv6:2001:db8::1]"},
	} {
		got, err := NormalizeEmail(c.raw)
		if err != nil || got.Shown != c.shown || got.Match != c.match {
			t.Errorf("NormalizeEmail(%q) = %+v, %v; want shown %q, match %q", c.raw, got, err, c.shown, c.match)
		}
	}
}

func TestNormalizeEmailRefuses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", " ", "n/a", "jana", "@example.org", "jana@", "jana@@example.org", "jana@example..org", ".jana@example.org", "jana.@example.org",
		"jana k@example.org", "jana@exa mple.org", "jana@-example.org", "jana@example.org-", "jana@example.org.", "a@b.c, d@e.f", "jana@[300.1.1.1]",
		"jana@[2001:db8::1]", "jana@[ipv6:1.2.3.4]", "jana@example.org\r\nBcc: x@example.org", "mailto:jana%0d%0a@example.org", "jana@exa_mple.org", "jana>",
		"\xff@example.org", `"@example.org`, `""@example.org`, "jana@" + strings.Repeat("a.", 130) + "org", strings.Repeat("a", 65) + "@example.org"} {
		got, err := NormalizeEmail(raw)
		if !errors.Is(err, ErrEmail) || got != (Email{}) {
			t.Errorf("NormalizeEmail(%q) = %+v, %v; want an error and nothing else", raw, got, err)
		}
	}
}

func TestNormalizeEmailIsemail(t *testing.T) {
	t.Parallel()
	var cases []struct{ ID, Address, Category, Diagnosis string }
	if err := json.Unmarshal(sharedFile(t, "contact_email/isemail.json"), &cases); err != nil {
		t.Fatal(err)
	}
	judged := 0
	for _, c := range cases {
		_, err := NormalizeEmail(c.Address)
		switch c.Category {
		case "ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321":
			judged++
			if err != nil {
				t.Errorf("%s %q is valid (%s): %v", c.ID, c.Address, c.Diagnosis, err)
			}
		case "ISEMAIL_ERR":
			judged++
			if err == nil {
				t.Errorf("%s %q is invalid (%s) and was accepted", c.ID, c.Address, c.Diagnosis)
			}
		}
	}
	t.Logf("isemail: %d of %d addresses have one right answer", judged, len(cases))
	if judged < 40 {
		t.Errorf("only %d cases judged: has the format of the set changed?", judged)
	}
}

func TestEmailProperties(t *testing.T) {
	t.Parallel()
	local := rapid.StringMatching(`[A-Za-z0-9ÄéŁ张ß](\.?[A-Za-z0-9+_'İ-]){0,12}`)
	domain := rapid.SampledFrom([]string{"gmail.com", "GoogleMail.com", "example.org", "BÜCHER.example", "例子.中国", "outlook.de", "faß.de", "x.co"})
	rapid.Check(t, func(t *rapid.T) {
		raw := local.Draw(t, "local") + "@" + domain.Draw(t, "domain")
		e, err := NormalizeEmail(raw)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		checkEmail(t, e)
		if up, err := NormalizeEmail(strings.ToUpper(e.Domain)); err == nil {
			t.Fatalf("a domain alone became %+v", up)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		if e, err := NormalizeEmail(rapid.String().Draw(t, "any")); err == nil {
			checkEmail(t, e)
		}
	})
}

func checkEmail(t interface{ Fatalf(string, ...any) }, e Email) {
	again, err := NormalizeEmail(e.Shown)
	if err != nil || again != e {
		t.Fatalf("normalising %+v again gives %+v, %v", e, again, err)
	}
	key, err := NormalizeEmail(e.Match)
	if err != nil || key.Match != e.Match {
		t.Fatalf("the key of %+v has another key: %+v, %v", e, key, err)
	}
}

func TestRoleAddresses(t *testing.T) {
	t.Parallel()
	for _, l := range []string{"info", "Info", "sales", "office2", "kontakt", "support+shop", "no-reply", "sales-de", "uk.sales", "联系", "客服", "customer-service",
		"info@example.org", "it", "accounts.payable", "お問い合わせ", "orders_us"} {
		if !IsRoleAddress(l) {
			t.Errorf("%q is shared by nature", l)
		}
	}
	for _, l := range []string{"", "jana", "jana.koehler", "infos.jana", "admin1988", "张伟", "mailand", "salesa", "max.office", "jana-info"} {
		if IsRoleAddress(l) {
			t.Errorf("%q is a person's", l)
		}
	}
	for _, l := range []string{"noreply", "no-reply", "No_Reply", "donotreply", "do.not.reply", "jobs-noreply", "nicht-antworten", "bounces+123", "mailer-daemon", "noreply-42"} {
		if !IsNoReply(l) {
			t.Errorf("%q reads no answers", l)
		}
	}
	for _, l := range []string{"", "reply", "norbert", "info", "bouncer"} {
		if IsNoReply(l) {
			t.Errorf("%q may read answers", l)
		}
	}
}

func TestMailProviders(t *testing.T) {
	t.Parallel()
	for d, kind := range map[string]string{"gmail.com": ProviderWebmail, "QQ.com": ProviderWebmail, "163.com": ProviderWebmail, "gmx.de": ProviderWebmail, "gmx.at": ProviderWebmail,
		"t-online.de": ProviderAccess, "outlook.com.br": ProviderWebmail, "yahoo.co.jp": ProviderWebmail, "live.nl": ProviderWebmail, "naver.com": ProviderWebmail, "mail.ru": ProviderWebmail,
		"privaterelay.appleid.com": ProviderRelay, "mailinator.com": ProviderDisposable, "example.org": "", "yahoo.example.org": "", "sternwarte.example": "", "": "",
		"live.agency": "", "gmail.com.example.org": ""} {
		if got := MailProviderKind(d); got != kind || IsMailProvider(d) != (kind != "") {
			t.Errorf("MailProviderKind(%q) = %q, want %q", d, got, kind)
		}
	}
}

func TestRegistrableDomain(t *testing.T) {
	t.Parallel()
	for d, want := range map[string]string{"shop.example.co.uk": "example.co.uk", "Example.ORG": "example.org", "mail.example.com.cn": "example.com.cn", "co.uk": "", "localhost": "",
		"": "", "www.köln.de": "xn--kln-sna.de", "a.b.github.io": "b.github.io", "192.0.2.1": "", "[192.0.2.1]": "", "example.org.": "example.org", "a b.de": ""} {
		if got := RegistrableDomain(d); got != want {
			t.Errorf("RegistrableDomain(%q) = %q, want %q", d, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if own := RegistrableDomain(rapid.String().Draw(t, "any")); own != "" && RegistrableDomain("www."+own) != own {
			t.Fatalf("%q is not its own registrable domain", own)
		}
	})
}

func FuzzNormalizeEmail(f *testing.F) {
	for _, s := range []string{"a@b.c", "J <a@b>", "mailto:a%40b@c", `"a\"b"@c.d`, "a@[ipv6:::1]", "İ@ß.de", "張@例。中国"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		IsRoleAddress(s)
		IsNoReply(s)
		MailProviderKind(s)
		RegistrableDomain(s)
		if e, err := NormalizeEmail(s); err == nil {
			checkEmail(t, e)
		} else if !errors.Is(err, ErrEmail) {
			t.Fatalf("a foreign error: %v", err)
		}
	})
}

func BenchmarkNormalizeEmail(b *testing.B) {
	for b.Loop() {
		if _, err := NormalizeEmail("Jana Köhler <Jana.Koehler+shop@Gmail.com>"); err != nil {
			b.Fatal(err)
		}
	}
}
