package reconcile

import (
	"strings"
	"testing"
)

func TestReconcile(t *testing.T) {
	t.Parallel()
	newest := Rules{Region: "DE", Newest: true}
	for _, c := range []struct {
		name  string
		rules Rules
		sides func(*testing.T) []Side
		want  string
	}{
		{name: "nothing changed", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Acme", was("company=Acme")), side(t, "shop", "company=Acme", was("company=Acme"))}
		}},
		{name: "differences that were there are no changes", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Acme", was("company=Acme")), side(t, "shop", "company=ACME", was("company=ACME"))}
		}},
		{name: "one changed", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu", was("company=Acme")), side(t, "shop", "company=Acme", was("company=Acme"))}
		}, want: "shop company [Acme] -> [Neu] changed, book"},
		{name: "our own echo is no change", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu", was("company=Neu")), side(t, "shop", "company=  Neu ", was("company=Neu"))}
		}},
		{name: "accents and line ends written otherwise", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "family=Köhler; note=a\r\nb", was("family=Ko\u0308hler; note=a\nb")), side(t, "shop", "family=Köhler; note=a\nb", was("family=Köhler; note=a\nb"))}
		}},
		{name: "several changed alike", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu", was("company=Acme")), side(t, "shop", "company=Neu", was("company=Acme")), side(t, "crm", "company=Acme", was("company=Acme"))}
		}, want: "crm company [Acme] -> [Neu] changed, book"},
		{name: "both changed", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A; title=T", was("company=Acme; title=")), side(t, "shop", "company=B", was("company=Acme; title="))}
		}, want: "conflict company: book [A], shop [B]\nshop title [] -> [T] filled, book"},
		{name: "nobody is asked where nobody would be told", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=Acme"), pull), side(t, "shop", "company=B", was("company=Acme"), pull)}
		}},
		{name: "the owner counts", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=Acme")), side(t, "shop", "company=B", was("company=Acme"), owns("company")), side(t, "kept", "company=C", hand)}
		}, want: "back company\nbook company [A] -> [B] owner, shop"},
		{name: "an owner that did not change has no word", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=Acme")), side(t, "shop", "company=Acme", was("company=Acme"), owns("company"))}
		}, want: "shop company [Acme] -> [A] changed, book"},
		{name: "a person counts", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=Acme")), side(t, "kept", "company=C", hand), side(t, "shop", "company=B", was("company=Acme"))}
		}, want: "book company [A] -> [C] by_hand, kept\nshop company [B] -> [C] by_hand, kept"},
		{name: "a person alone", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Acme", was("company=Acme")), side(t, "kept", "company=C", hand)}
		}, want: "book company [Acme] -> [C] changed, kept"},
		{name: "a person empties a field", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Acme", was("company=Acme")), side(t, "kept", "company=", hand)}
		}, want: "book company [Acme] -> [] changed, kept"},
		{name: "a later word overtakes what a person set", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu", was("company=C")), side(t, "kept", "company=C", hand, was("company=C")), side(t, "shop", "company=C", was("company=C"))}
		}, want: "back company\nshop company [C] -> [Neu] changed, book"},
		{name: "the newest counts", rules: newest, sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=Acme"), at(9)), side(t, "shop", "company=B", was("company=Acme"), at(10))}
		}, want: "book company [A] -> [B] newest, shop"},
		{name: "at the same time nothing is newer", rules: newest, sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=Acme"), at(9)), side(t, "shop", "company=B", was("company=Acme"), at(9))}
		}, want: "conflict company: book [A], shop [B]"},
		{name: "without times nothing is newer", rules: newest, sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=Acme")), side(t, "shop", "company=B", was("company=Acme"))}
		}, want: "conflict company: book [A], shop [B]"},
		{name: "an edit beats a clearing", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "", was("company=Acme")), side(t, "shop", "company=B", was("company=Acme"))}
		}, want: "book company [] -> [B] filled, shop"},
		{name: "a clearing", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "", was("company=Acme")), side(t, "shop", "company=Acme", was("company=Acme"))}
		}, want: "shop company [Acme] -> [] changed, book"},
		{name: "met for the first time", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Acme; title=Chefin; phone=+49 171 1234567"), side(t, "shop", "company=Acme; phone=0171/1234568; note=安静")}
		}, want: "book note [] -> [安静] filled, shop\n" +
			"book phone [+49 171 1234567] -> [+49 171 1234567|0171/1234568] changed, shop\n" +
			"shop phone [0171/1234568] -> [0171/1234568|+49 171 1234567] changed, book\n" +
			"shop title [] -> [Chefin] filled, book"},
		{name: "met for the first time and of two minds", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A"), side(t, "shop", "company=B")}
		}, want: "conflict company: book [A], shop [B]"},
		{name: "a record found later overtakes nobody", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=A")), side(t, "crm", "company=A", was("company=A")), side(t, "shop", "company=B")}
		}, want: "conflict company: book [A], crm [A], shop [B]"},
		{name: "a record found later has what is missing", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "", was("company=")), side(t, "shop", "company=B"), side(t, "crm", "title=T", was("company=; title=T"))}
		}, want: "book company [] -> [B] filled, shop\nbook title [] -> [T] filled, crm\ncrm company [] -> [B] filled, shop\nshop title [] -> [T] filled, crm"},
		{name: "only what both can hold", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu; title=T; custom.shoe=42", was("company=Alt; title=; custom.shoe=41")), side(t, "shop", "company=Alt", was("company=Alt"), holding(only("company", "-title")))}
		}, want: "shop company [Alt] -> [Neu] changed, book\nshop owes title [T]"},
		{name: "every custom field", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "custom.shoe=42", was("custom.shoe=41")), side(t, "shop", "custom.shoe=41", was("custom.shoe=41"), holding(only("custom.")))}
		}, want: "shop custom.shoe [41] -> [42] changed, book"},
		{name: "20 characters", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=上海市第一光学仪器有限责任公司与合作伙伴联合会社", was("company=")), side(t, "shop", "", was("company="), holding(only("company/20"))),
				side(t, "crm", "", was("company="))}
		}, want: "crm company [] -> [上海市第一光学仪器有限责任公司与合作伙伴联合会社] filled, book\nshop company [] -> [上海市第一光学仪器有限责任公司与合作伙伴] filled, book"},
		{name: "what was cut is no change", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=abcdefghij", was("company=abcdefghij")), side(t, "shop", "company=abcde", was("company="), holding(only("company/5")))}
		}},
		{name: "what was cut is not asked about", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=abcdefghij"), side(t, "shop", "company=abcde", holding(only("company/5"))), side(t, "crm", "")}
		}, want: "crm company [] -> [abcdefghij] filled, book"},
		{name: "a push says nothing", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=A")), side(t, "news", "company=B; phone=+49 171 9999999", was("company=A; phone="), push)}
		}},
		{name: "a push receives", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu; tag=vip", was("company=A; tag=")), side(t, "news", "company=B; tag=own", was("company=A; tag="), push)}
		}, want: "news company [B] -> [Neu] changed, book\nnews tag [own] -> [own|vip] changed, book"},
		{name: "a push is filled and set right at first", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu; title=T", was("company=Neu; title=T")), side(t, "news", "company=B", push)}
		}, want: "news company [B] -> [Neu] changed, book\nnews title [] -> [T] filled, book"},
		{name: "a push has no word where others meet", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A"), side(t, "crm", "", was("company=")), side(t, "news", "company=B", was("company=B"), push)}
		}, want: "crm company [] -> [A] filled, book\nnews company [B] -> [A] changed, book"},
		{name: "a push that was edited still gets what it owes", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu", was("company=Neu")), side(t, "news", "company=B", was("company=A"), owing("company=Neu"), push)}
		}, want: "news company [B] -> [Neu] changed, book"},
		{name: "what is only read owes", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu", was("company=A")), side(t, "shop", "company=A", was("company=A"), pull)}
		}, want: "shop owes company [Neu]"},
		{name: "what was owed is written once it may be", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu", was("company=Neu")), side(t, "shop", "company=A; phone=+49 171 1234567", was("company=A; phone=+49 171 1234567"), owing("company=Neu; phone="))}
		}, want: "shop company [A] -> [Neu] changed, book\nshop phone [+49 171 1234567] -> [] changed, ?"},
		{name: "what was owed and landed all the same", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu", was("company=Neu")), side(t, "shop", "company=Neu", was("company=A"), owing("company=Neu"))}
		}},
		{name: "edited again before all had the first edit", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu2", was("company=Neu")), side(t, "crm", "company=Neu", was("company=Neu")), side(t, "shop", "company=A", was("company=A"), owing("company=Neu"))}
		}, want: "crm company [Neu] -> [Neu2] changed, book\nshop company [A] -> [Neu2] changed, book"},
		{name: "taken back before all had the edit", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=Neu")), side(t, "crm", "company=Neu", was("company=Neu")), side(t, "shop", "company=A", was("company=A"), owing("company=Neu"))}
		}, want: "crm company [Neu] -> [A] changed, book"},
		{name: "edited where the write was under way", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu", was("company=Neu")), side(t, "shop", "company=B", was("company=A"), owing("company=Neu"))}
		}, want: "conflict company: book [Neu], shop [B]\nshop owes company [Neu]"},
		{name: "edited where nobody writes", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=Neu", was("company=Neu")), side(t, "shop", "company=B", was("company=A"), owing("company=Neu"), pull)}
		}, want: "book company [Neu] -> [B] changed, shop"},
		{name: "birthdays in two notations", sides: func(t *testing.T) []Side {
			return []Side{side(t, "book", "birthday=1984-03-02"), side(t, "shop", "birthday=02.03.1984")}
		}},
		{name: "a record that came back", sides: func(t *testing.T) []Side {
			s := side(t, "shop", "company=A", was("company=A; phone=+49 171 1234567"))
			s.Shadow.Gone = true
			return []Side{side(t, "book", "company=A; phone=+49 171 1234567", was("company=A; phone=+49 171 1234567")), s}
		}, want: "shop phone [] -> [+49 171 1234567] filled, book"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := c.rules
			if !r.Newest && r.Region == "" {
				r = rules
			}
			sides := c.sides(t)
			if got := lines(sides, decide(t, sides, r)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	const p1, p2, p3 = "+49 171 1234567", "+86 138 0013 8000", "+49 451 901820"
	shop := func(t *testing.T, now string, opts ...option) Side {
		return side(t, "shop", now, append([]option{holding(only("phone:1", "tag", "email"))}, opts...)...)
	}
	for _, c := range []struct {
		name  string
		sides func(*testing.T) []Side
		want  string
	}{
		{"added", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p1+"|"+p2, was("phone="+p1)), side(t, "crm", "phone=work:"+p1, was("phone=work:"+p1))}
		}, "crm phone [work:" + p1 + "] -> [work:" + p1 + "|" + p2 + "] changed, book"},
		{"removed", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p1, was("phone="+p1+"|"+p2)), side(t, "crm", "phone=0086-13800138000|work:0171 1234567", was("phone="+p1+"|"+p2))}
		}, "crm phone [0086-13800138000|work:0171 1234567] -> [work:0171 1234567] changed, book"},
		{"both at once", func(t *testing.T) []Side {
			return []Side{side(t, "book", "email=a@x.example|c@x.example", was("email=a@x.example|b@x.example")), side(t, "crm", "email=A@X.example|B@x.example|d@x.example", was("email=a@x.example|b@x.example"))}
		}, "book email [a@x.example|c@x.example] -> [a@x.example|c@x.example|d@x.example] changed, crm\n" +
			"crm email [A@X.example|B@x.example|d@x.example] -> [A@X.example|c@x.example|d@x.example] changed, book"},
		{"the same in another notation", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone=+49 (0)171 1234567; email=JANA@x.example; tag=VIP", was("phone="+p1+"; email=jana@x.example; tag=vip")),
				side(t, "crm", "phone=01711234567; email=jana@x.example; tag=vip", was("phone="+p1+"; email=jana@x.example; tag=vip"))}
		}, ""},
		{"a shop with one phone takes no others away", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p1+"|"+p2), shop(t, "phone="+p2)}
		}, ""},
		{"a shop with one phone gets the first", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p1+"|"+p2), shop(t, "")}
		}, "shop phone [] -> [" + p1 + "] filled, book"},
		{"a second phone finds no room", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p1+"|"+p2, was("phone="+p1)), shop(t, "phone="+p1, was("phone="+p1))}
		}, ""},
		{"replaced in the book", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p3+"|"+p2, was("phone="+p1+"|"+p2)), shop(t, "phone="+p1, was("phone="+p1))}
		}, "shop phone [" + p1 + "] -> [" + p3 + "] changed, book"},
		{"replaced in the shop", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone=home:"+p1+"|"+p2, was("phone="+p1+"|"+p2)), shop(t, "phone="+p3, was("phone="+p1))}
		}, "book phone [home:" + p1 + "|" + p2 + "] -> [" + p3 + "|" + p2 + "] changed, shop"},
		{"removed in the book, the shop has the next", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p2, was("phone="+p1+"|"+p2)), shop(t, "phone="+p1, was("phone="+p1))}
		}, "shop phone [" + p1 + "] -> [" + p2 + "] changed, book"},
		{"removed in the shop", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p1+"|"+p2, was("phone="+p1+"|"+p2)), shop(t, "", was("phone="+p1))}
		}, "book phone [" + p1 + "|" + p2 + "] -> [" + p2 + "] changed, shop"},
		{"an edit beats a removal", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", was("phone="+p1)), side(t, "crm", "phone="+p3, was("phone="+p1))}
		}, "book phone [] -> [" + p3 + "] filled, crm"},
		{"added again beats a removal", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", was("phone="+p1)), side(t, "crm", "phone="+p1, was("phone=")), side(t, "news", "phone="+p1, was("phone="+p1))}
		}, "book phone [] -> [" + p1 + "] filled, crm"},
		{"edited to two", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p2, was("phone="+p1)), side(t, "crm", "phone="+p3, was("phone="+p1)), shop(t, "phone="+p1, was("phone="+p1))}
		}, "book phone [" + p2 + "] -> [" + p2 + "|" + p3 + "] changed, crm\ncrm phone [" + p3 + "] -> [" + p3 + "|" + p2 + "] changed, book\nshop phone [" + p1 + "] -> [" + p2 + "] changed, book"},
		{"tags in any case, in any script", func(t *testing.T) []Side {
			return []Side{side(t, "book", "tag=VIP|贵宾|🌸|عميل", was("tag=vip")), shop(t, "tag=vip", was("tag=vip"))}
		}, "shop tag [vip] -> [vip|贵宾|🌸|عميل] changed, book"},
		{"addresses by their parts", func(t *testing.T) []Side {
			return []Side{side(t, "book", "address=Am Markt 1, Lübeck|Ring 2, Köln", was("address=AM MARKT 1, LÜBECK")), side(t, "crm", "address=am markt 1, Lübeck", was("address=Am Markt 1, Lübeck"))}
		}, "crm address [am markt 1, Lübeck] -> [am markt 1, Lübeck|Ring 2, Köln] changed, book"},
		{"half an address leads nowhere", func(t *testing.T) []Side {
			return []Side{side(t, "book", "email=jana.koehler@sternwarte.example", was("email=")), side(t, "crm", "", was("email="), holding(only("email/20")))}
		}, ""},
		{"set by hand", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p1, was("phone="+p1)), side(t, "kept", "phone="+p2, hand)}
		}, "book phone [" + p1 + "] -> [" + p1 + "|" + p2 + "] changed, kept"},
		{"taken away by hand", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p1+"|"+p2, was("phone="+p1+"|"+p2)), side(t, "kept", "", hand, removing("phone=0171 1234567")), shop(t, "phone="+p1)}
		}, "book phone [" + p1 + "|" + p2 + "] -> [" + p2 + "] changed, kept\nshop phone [" + p1 + "] -> [" + p2 + "] changed, kept"},
		{"taken away by hand and added elsewhere", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p1, was("phone=")), side(t, "kept", "", hand, removing("phone="+p1)), side(t, "crm", "", was("phone="))}
		}, "back phone [" + p1 + "]\ncrm phone [] -> [" + p1 + "] filled, book"},
		{"set by hand and removed elsewhere", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", was("phone="+p1)), side(t, "kept", "phone="+p1, hand, was("phone="+p1)), side(t, "crm", "phone="+p1, was("phone="+p1))}
		}, "back phone [" + p1 + "]\ncrm phone [" + p1 + "] -> [] changed, book"},
		{"two debts of one list", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p2, was("phone="+p2), owing("phone="+p2+"|"+p3)), side(t, "crm", "phone="+p1+"|"+p2+"|"+p3, was("phone="+p1+"|"+p2+"|"+p3), owing("phone="+p2+"|"+p3))}
		}, "book phone [" + p2 + "] -> [" + p2 + "|" + p3 + "] changed, crm\ncrm phone [" + p1 + "|" + p2 + "|" + p3 + "] -> [" + p2 + "|" + p3 + "] changed, ?"},
		{"what it was given is no word of its own", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p2, was("phone="+p2+"|"+p3)), side(t, "crm", "phone="+p2+"|"+p3, was("phone="+p2), owing("phone="+p2+"|"+p3))}
		}, "crm phone [" + p2 + "|" + p3 + "] -> [" + p2 + "] changed, book"},
		{"edited while it owed", func(t *testing.T) []Side {
			return []Side{side(t, "book", "phone="+p2, was("phone="+p2)), side(t, "crm", "phone="+p1+"|"+p3, was("phone="+p1), owing("phone="+p2))}
		}, "book phone [" + p2 + "] -> [" + p2 + "|" + p3 + "] changed, crm\ncrm phone [" + p1 + "|" + p3 + "] -> [" + p2 + "|" + p3 + "] changed, book"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sides := c.sides(t)
			if got := lines(sides, decide(t, sides, rules)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	full := holding(only("name", "email"))
	both := holding(all("name"))
	for _, c := range []struct {
		name  string
		sides func(*testing.T) []Side
		want  string
	}{
		{"the full name follows its parts", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=Müller", was("given=Jana; family=Köhler")), side(t, "book", "name=Jana Köhler; given=Jana; family=Köhler", was("given=Jana; family=Köhler"), both)}
		}, "book family [Köhler] -> [Müller] changed, shop\nbook name [Jana Köhler] -> [Jana Müller] changed, shop"},
		{"family name first", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=Müller", was("given=Jana; family=Köhler")), side(t, "book", "name=Köhler, Jana; given=Jana; family=Köhler", was("given=Jana; family=Köhler"), both)}
		}, "book family [Köhler] -> [Müller] changed, shop\nbook name [Köhler, Jana] -> [Müller, Jana] changed, shop"},
		{"a Chinese name has no gap", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=小明; family=王", was("given=明; family=王")), side(t, "book", "name=王明; given=明; family=王", was("given=明; family=王"), both)}
		}, "book given [明] -> [小明] changed, shop\nbook name [王明] -> [王小明] changed, shop"},
		{"a name of its own stays", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=Müller", was("given=Jana; family=Köhler")), side(t, "book", "name=Die Sternenfrau; given=Jana; family=Köhler", was("given=Jana; family=Köhler"), both)}
		}, "book family [Köhler] -> [Müller] changed, shop"},
		{"a full name alone gets what the parts compose", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=Müller", was("given=Jana; family=Köhler")), side(t, "news", "name=Jana Köhler", was("name=Jana Köhler"), full)}
		}, "news name [Jana Köhler] -> [Jana Müller] changed, shop"},
		{"a full name that says the same", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=Köhler"), side(t, "news", "name=Dr. Jana Köhler", full), side(t, "bird", "name=Köhler, Jana", full), side(t, "cn", "", full)}
		}, "cn name [] -> [Jana Köhler] filled, shop"},
		{"a full name is not taken apart", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=Köhler", was("given=Jana; family=Köhler")), side(t, "news", "name=Jana Müller", was("name=Jana Köhler"), full)}
		}, "conflict name: news [Jana Müller], shop [Jana Köhler]"},
		{"full names among themselves", func(t *testing.T) []Side {
			return []Side{side(t, "a", "name=محمد علي", was("name=محمد"), full), side(t, "b", "name=محمد", was("name=محمد"), full)}
		}, "b name [محمد] -> [محمد علي] changed, a"},
		{"parts in conflict leave the full name alone", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=A", was("given=Jana; family=K")), side(t, "crm", "given=Jana; family=B", was("given=Jana; family=K")), side(t, "news", "name=Jana K", was("name=Jana K"), full)}
		}, "conflict family: crm [B], shop [A]"},
		{"a name set by hand", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=Köhler", was("given=Jana; family=Köhler")), side(t, "news", "name=Jana Köhler", was("name=Jana Köhler"), full), side(t, "kept", "name=Jana Müller", hand)}
		}, "news name [Jana Köhler] -> [Jana Müller] changed, shop\nshop family [Köhler] -> [Müller] changed, kept"},
		{"a name set by hand and overtaken", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=Berg", was("given=Jana; family=Müller")), side(t, "kept", "name=Jana Müller", hand, was("given=Jana; family=Müller"))}
		}, "back name"},
		{"one part is a name", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Madonna"), side(t, "news", "", full)}
		}, "news name [] -> [Madonna] filled, shop"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sides := c.sides(t)
			if got := lines(sides, decide(t, sides, rules)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestConsents(t *testing.T) {
	t.Parallel()
	const a = "a@x.example"
	for _, c := range []struct {
		name  string
		sides func(*testing.T) []Side
		want  string
	}{
		{"a refusal is carried", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "email="+a, was("email="+a), says("email marketing opted_out "+a)), side(t, "news", "email=A@x.example", was("email="+a), says("email marketing granted A@x.example"))}
		}, "news consent [email marketing A@x.example:granted] -> [email marketing A@x.example:opted_out] changed, shop"},
		{"a yes is not", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "email="+a, was("email="+a), says("email marketing granted "+a)), side(t, "news", "email="+a, was("email="+a))}
		}, ""},
		{"a yes lifts nothing", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "email="+a, was("email="+a), says("email marketing granted "+a)), side(t, "news", "email="+a, was("email="+a), says("email marketing withheld "+a))}
		}, "shop consent [email marketing a@x.example:granted] -> [email marketing a@x.example:withheld] changed, news"},
		{"every purpose covers one", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "email="+a, was("email="+a), says("email all opted_out "+a)), side(t, "news", "email="+a, was("email="+a), says("email marketing granted "+a))}
		}, "news consent [email marketing a@x.example:granted] -> [email marketing a@x.example:opted_out|email all a@x.example:opted_out] changed, shop"},
		{"of an address that is not there", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "", was(""), says("email marketing opted_out b@x.example")), side(t, "news", "email="+a, was("email="+a), holding(only("consent")))}
		}, ""},
		{"of a person here", func(t *testing.T) []Side {
			return []Side{side(t, "kept", "", hand, says("phone all opted_out 0171 1234567")), side(t, "shop", "phone=+49 171 1234567", was("phone=+49 171 1234567"))}
		}, "shop consent [] -> [phone all 0171 1234567:opted_out] changed, kept"},
		{"of a record that is gone", func(t *testing.T) []Side {
			return []Side{side(t, "old", "", gone, says("email marketing opted_out "+a)), side(t, "shop", "email="+a, was("email="+a))}
		}, "shop consent [] -> [email marketing a@x.example:opted_out] changed, old"},
		{"not to a system that cannot", func(t *testing.T) []Side {
			return []Side{side(t, "kept", "", hand, says("email all opted_out "+a)), side(t, "shop", "email="+a, was("email="+a), holding(only("email")))}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sides := c.sides(t)
			if got := lines(sides, decide(t, sides, rules)); strings.ReplaceAll(got, "  ", " ") != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// A system that does not keep a refusal is told once, and again where somebody there says yes anew.
func TestUntakenRefusals(t *testing.T) {
	t.Parallel()
	const a = "a@x.example"
	sides := []Side{side(t, "shop", "email="+a, was("email="+a), says("email marketing opted_out "+a)), side(t, "news", "email="+a, was("email="+a))}
	out := Reconcile(sides, rules)
	if len(out.Writes) != 1 {
		t.Fatalf("got %s", lines(sides, out))
	}
	sides[0].Shadow = out.Shadows[0]
	sides[1].Shadow = Confirm(out.Shadows[1], out.Writes[0], sides[1].Fields, nil, rules) // it answers without
	if out = Reconcile(sides, rules); !out.Still() {
		t.Errorf("told again: %s", lines(sides, out))
	}
	sides[0].Consents = said("email marketing opted_out " + a + "|email sales opted_out " + a)
	out = Reconcile(sides, rules)
	if len(out.Writes) != 1 {
		t.Errorf("another refusal is not told: %s", lines(sides, out))
	}
}

func TestDeletes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		sides func(*testing.T) []Side
		want  string
		known bool
	}{
		{"not elsewhere unless it is wanted", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", gone, was("company=A")), side(t, "shop", "company=A", was("company=A"))}
		}, "", true},
		{"elsewhere where it is", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", gone, propagates, was("company=A")), side(t, "shop", "company=A", was("company=A")),
				side(t, "crm", "company=A", was("company=A"), keeps), side(t, "old", "company=A", was("company=A"), pull)}
		}, "delete shop", false},
		{"an edit beats it", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", gone, propagates, was("company=A")), side(t, "shop", "company=B", was("company=A")), side(t, "crm", "company=A", was("company=A"))}
		}, "crm company [A] -> [B] changed, shop", true},
		{"a person's edit beats it", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", gone, propagates, was("company=A")), side(t, "kept", "company=B", hand), side(t, "shop", "company=A", was("company=A"))}
		}, "shop company [A] -> [B] changed, kept", true},
		{"what a person set before is no edit", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", gone, propagates, was("company=A")), side(t, "kept", "company=A", hand, was("company=A")), side(t, "shop", "company=A", was("company=A"))}
		}, "delete shop", false},
		{"a list's edit beats it", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", gone, propagates, was("tag=vip")), side(t, "shop", "tag=vip|new", was("tag=vip"))}
		}, "", true},
		{"what a push says is no edit", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", gone, propagates, was("company=A")), side(t, "news", "company=B", was("company=A"), push)}
		}, "delete news", false},
		{"a push that loses one deletes nothing", func(t *testing.T) []Side {
			return []Side{side(t, "news", "", gone, propagates, push, was("company=A")), side(t, "shop", "company=A", was("company=A"))}
		}, "", true},
		{"what is gone takes nothing with it", func(t *testing.T) []Side {
			return []Side{side(t, "book", "", gone, was("phone=+49 171 1234567")), side(t, "shop", "phone=+49 171 1234567", was("phone=+49 171 1234567")), side(t, "crm", "", was("phone="))}
		}, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sides := c.sides(t)
			out := decide(t, sides, rules)
			if got := lines(sides, out); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if out.Shadows[0].Gone != c.known {
				t.Errorf("dealt with: %v, want %v", out.Shadows[0].Gone, c.known)
			}
			next := carried(sides, out, rules, nil)
			if last := Reconcile(next, rules); !last.Shadows[0].Gone {
				t.Error("once all is deleted it is not dealt with")
			}
		})
	}
}

// Whatever a person chooses wins everywhere, also where the one who says it had not changed.
func TestAnswer(t *testing.T) {
	t.Parallel()
	full := holding(only("name"))
	for _, c := range []struct {
		name   string
		sides  func(*testing.T) []Side
		field  string
		values string
		want   string
	}{
		{"one of two edits", func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=Acme")), side(t, "shop", "company=B", was("company=Acme")), side(t, "crm", "company=Acme", was("company=Acme"))}
		}, "company", "A", "crm company [Acme] -> [A] changed, book\nshop company [B] -> [A] changed, book"},
		{"what stood before", func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=A")), side(t, "shop", "company=B")}
		}, "company", "A", "shop company [B] -> [A] changed, book"},
		{"what nobody says", func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=")), side(t, "shop", "company=B", was("company="))}
		}, "company", "C", "book company [A] -> [C] changed, ?\nshop company [B] -> [C] changed, ?"},
		{"nothing at all", func(t *testing.T) []Side {
			return []Side{side(t, "book", "company=A", was("company=")), side(t, "shop", "company=B", was("company="))}
		}, "company", "", "book company [A] -> [] changed, ?\nshop company [B] -> [] changed, ?"},
		{"the name in parts", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=Köhler", was("given=Jana; family=Köhler")), side(t, "news", "name=Jana Müller", was("name=Jana Köhler"), full)}
		}, "name", "Jana Köhler", "news name [Jana Müller] -> [Jana Köhler] changed, shop"},
		{"the full name", func(t *testing.T) []Side {
			return []Side{side(t, "shop", "given=Jana; family=Köhler", was("given=Jana; family=Köhler")), side(t, "news", "name=Jana Müller", was("name=Jana Köhler"), full)}
		}, "name", "Jana Müller", "shop family [Köhler] -> [Müller] changed, ?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sides := c.sides(t)
			if out := decide(t, sides, rules); len(out.Conflicts) != 1 || out.Conflicts[0].Field != c.field {
				t.Fatalf("no conflict: %s", lines(sides, out))
			}
			for i, sh := range Answer(sides, c.field, valuesOf(fields(t, c.field+"="+c.values), c.field), rules) {
				sides[i].Shadow = sh
			}
			if got := lines(sides, decide(t, sides, rules)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// Where both changed, it is enough that what was not chosen is no change any more.
func TestNotChosenIsNoChange(t *testing.T) {
	t.Parallel()
	sides := []Side{side(t, "book", "company=A", was("company=Acme")), side(t, "shop", "company=B", was("company=B"))}
	if got, want := lines(sides, decide(t, sides, rules)), "shop company [B] -> [A] changed, book"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestProject(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ has, matrix, want string }{
		{"company=Acme; title=T; phone=+49 171 1|+49 171 2; custom.shoe=42", "company phone:1", "company=Acme; phone=+49 171 1"},
		{"company=Sternwarte Lübeck; email=jana.koehler@sternwarte.example|j@x.example", "company/10 email/15", "company=Sternwarte; email=j@x.example"},
		{"given=Jana; family=Köhler", "name", "name=Jana Köhler"},
		{"given=伟; family=李", "name", "name=李伟"},
		{"name=Jana Köhler", "given family", "family=Köhler; given=Jana"},
		{"name=J. K. 🌸; given=Jana; family=Köhler", "given family", "family=Köhler; given=Jana"},
		{"company=Acme", "-company", ""},
	} {
		var got []string
		for _, f := range Project(fields(t, c.has), only(strings.Fields(c.matrix)...)) {
			s := shown(f.Values)
			got = append(got, f.Name+"="+s[1:len(s)-1])
		}
		if g := strings.Join(got, "; "); g != c.want {
			t.Errorf("%s in %s: got %q, want %q", c.has, c.matrix, g, c.want)
		}
	}
}

// The word that an old write arrived does not take off what was decided since.
func TestOldConfirmation(t *testing.T) {
	t.Parallel()
	old := Write{Changes: []Change{{Field: "company", After: valuesOf(fields(t, "company=B"), "company")}}, Fields: fields(t, "company=B")}
	s := Confirm(Shadow{Fields: fields(t, "company=A"), Owed: fields(t, "company=C")}, old, fields(t, "company=B"), nil, rules)
	shop := side(t, "shop", "company=B")
	shop.Shadow = s
	sides := []Side{side(t, "book", "company=C", was("company=C")), shop}
	if got, want := lines(sides, decide(t, sides, rules)), "shop company [B] -> [C] changed, book"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A write that arrived unseen, and was overtaken meanwhile, is no word of the side's own.
func TestUnseenWriteIsAnEcho(t *testing.T) {
	t.Parallel()
	for _, values := range [][3]string{{"company=A", "company=B", "company=C"}, {"phone=+49 171 1234567", "phone=+49 171 1234568", "phone=+49 171 1234569"}} {
		book := side(t, "book", values[1], was(values[0]))
		shop := side(t, "shop", values[0], was(values[0]))
		out := decide(t, []Side{book, shop}, rules)
		if len(out.Writes) != 1 {
			t.Fatalf("not one write: %+v", out.Writes)
		}
		for i, s := range []*Side{&book, &shop} {
			s.Shadow = out.Shadows[i]
		}
		book.Fields = fields(t, values[2])
		out = decide(t, []Side{book, shop}, rules)
		book.Shadow, shop.Shadow = out.Shadows[0], out.Shadows[1]
		shop.Fields = fields(t, values[1]) // the first write had arrived
		out = decide(t, []Side{book, shop}, rules)
		if len(out.Conflicts) > 0 || len(out.Writes) != 1 || out.Writes[0].Side != 1 {
			t.Errorf("got %s", lines([]Side{book, shop}, out))
		}
	}
}

// A record that is alone for a while forgets nothing: what was edited meanwhile counts when it is back.
func TestAloneForAWhile(t *testing.T) {
	t.Parallel()
	book := side(t, "book", "company=A", was("company=A"))
	shop := side(t, "shop", "company=B; phone=+49 171 1234567", was("company=A; phone="), owing("company=C"))
	out := decide(t, []Side{shop}, rules)
	if len(out.Writes) > 0 {
		t.Fatalf("alone it is told %s", lines([]Side{shop}, out))
	}
	shop.Shadow = out.Shadows[0]
	sides := []Side{book, shop}
	want := "book phone [] -> [+49 171 1234567] filled, shop\nconflict company: book [A], shop [B]\nshop owes company [C]"
	if got := lines(sides, decide(t, sides, rules)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
