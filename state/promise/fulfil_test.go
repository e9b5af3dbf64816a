package promise

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func nov(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }

func TestFulfils(t *testing.T) {
	t.Parallel()
	quote := Pledge{Text: "I will send you the revised quote for 40 units by Thursday.", DueText: "by Thursday", Made: nov(16, 9), Due: nov(19, 23), Thread: "t1"}
	sample := Pledge{Text: "我们下周三前寄样品给您。", DueText: "下周三前", Made: nov(16, 9), Due: nov(25, 15)}
	call := Pledge{Text: "I'll call you on Monday.", DueText: "on Monday", Made: nov(20, 9), Due: nov(23, 23)}
	ship := Pledge{Text: "We will ship order 10234 tomorrow.", DueText: "tomorrow", Made: nov(16, 9), Due: nov(17, 23)}
	mail := func(d Deed) Deed {
		d.Kind = DeedMessage
		if d.At.IsZero() {
			d.At = nov(18, 10)
		}
		return d
	}
	for _, c := range []struct {
		name string
		p    Pledge
		d    Deed
		ask  bool
		sure bool
	}{
		{"attached, by name", quote, mail(Deed{Subject: "Quote 2231", Text: "Attached is the revised quote for 40 units.", Files: []string{"quote_2231_40units.pdf"}}), true, true},
		{"as promised", quote, mail(Deed{Subject: "Quote", Text: "As promised I have sent the revised quote for 40 units to your office."}), true, true},
		{"attached, in fewer words", quote, mail(Deed{Subject: "Re: quote", Text: "Please find the quote attached.", Files: []string{"Angebot.pdf"}}), true, false},
		{"promised again", quote, mail(Deed{Subject: "Re: quote", Text: "I will send you the revised quote for 40 units tomorrow.", Files: []string{"image001.png"}}), false, false},
		{"not yet", quote, mail(Deed{Subject: "Re: quote", Text: "Sorry, the revised quote for 40 units is not ready yet."}), false, false},
		{"a question about it", quote, mail(Deed{Subject: "Re: quote", Text: "Have you received the revised quote for 40 units?"}), false, false},
		{"something else", quote, mail(Deed{Subject: "Invoice", Text: "Attached is the invoice for the tripod.", Files: []string{"invoice.pdf"}}), false, false},
		{"another article", Pledge{Text: "I will send the datasheet of SKU-7 by Thursday", DueText: "by Thursday", Made: nov(16, 9), Due: nov(19, 23)},
			mail(Deed{Subject: "Datasheet", Text: "Attached is the datasheet of SKU-9.", Files: []string{"SKU-9.pdf"}}), false, false},
		{"before it was promised", quote, mail(Deed{At: nov(15, 9), Text: "Attached is the revised quote for 40 units.", Files: []string{"quote.pdf"}}), false, false},
		{"long after", quote, mail(Deed{At: nov(19, 0).AddDate(0, 2, 0), Text: "Attached is the revised quote for 40 units.", Files: []string{"quote.pdf"}}), false, false},
		{"Chinese", sample, mail(Deed{Subject: "样品", Text: "样品今天已寄出，请查收。"}), true, false},
		{"Chinese, other language", sample, mail(Deed{Subject: "Samples", Text: "The samples have been shipped today."}), true, false},
		{"Chinese, not yet", sample, mail(Deed{Subject: "样品", Text: "样品还没有寄出，抱歉。"}), false, false},
		{"a call in time", call, Deed{Kind: DeedCall, At: nov(23, 9), Text: "12 min, price"}, true, true},
		{"a call too late", call, Deed{Kind: DeedCall, At: nov(25, 9), Text: "12 min"}, true, false},
		{"a call for something else", quote, Deed{Kind: DeedCall, At: nov(17, 9), Text: "talked about football"}, false, false},
		{"a meeting is no call", call, Deed{Kind: DeedMeeting, At: nov(23, 9)}, false, false},
		{"the order left", ship, Deed{Kind: DeedShipment, At: nov(17, 9), Number: "#10234", Text: "Dobson 8"}, true, true},
		{"another order left", ship, Deed{Kind: DeedShipment, At: nov(17, 9), Number: "#10235", Text: "Dobson 8"}, false, false},
		{"an order left, named by its goods", Pledge{Text: "We ship the Dobson tomorrow.", Made: nov(16, 9), Due: nov(17, 23)},
			Deed{Kind: DeedShipment, At: nov(17, 9), Number: "#10235", Text: "Dobson 8"}, true, false},
		{"an order left, nothing was to ship", quote, Deed{Kind: DeedShipment, At: nov(17, 9), Number: "#1", Text: "quote"}, false, false},
		{"an order came", Pledge{Text: "We will order the filters by Friday.", DueText: "by Friday", Made: nov(16, 9), Due: nov(20, 23)},
			Deed{Kind: DeedOrder, At: nov(18, 9), Number: "#7", Text: "UHC filter"}, true, false},
		{"a note", quote, Deed{Kind: DeedNote, At: nov(18, 9), Text: "Sent her the revised quote for 40 units."}, true, false},
		{"a note of nothing done", quote, Deed{Kind: DeedNote, At: nov(18, 9), Text: "She waits for the revised quote for 40 units."}, false, false},
	} {
		f := Reader{}.Fulfils(c.p, c.d)
		if ask := f.Score >= FitAt; ask != c.ask || f.Sure != c.sure {
			t.Errorf("%s: %+v, want asked %v, sure %v", c.name, f, c.ask, c.sure)
		}
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"I will send you the revised quotation for 40 units by Thursday":  "revised quote 40 unit",
		"我们周五前把报价单和SKU-7的合同寄给您":                                           "quote sku-7 contract",
		"the datasheets, certificates and 1,200 samples of the 3rd batch": "datasheet certificate 1200 sample batch",
		"We'll deliver Müller's Fernrohre":                                "deliver müller fernrohre",
		"":                                                                "",
		"I'll let you know tomorrow":                                      "",
		"安排技术人员上门调试望远镜":                                                   "技术 术人 人员 门调 调试 试望 望远 远镜",
	} {
		if got := strings.Join(Terms(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// The same words in other letters, lines and quotes are the same sentence; what is alike is so both ways.
func TestAlikeLaws(t *testing.T) {
	t.Parallel()
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"send", "the", "Quote", "for", "40", "units", "合同", "SKU-7", "tripod", "周五前", "contract", "Köhler"}), 1, 8)
	rapid.Check(t, func(t *rapid.T) {
		a, b := words.Draw(t, "a"), words.Draw(t, "b")
		x, y := strings.Join(a, " "), strings.Join(b, " ")
		if Alike(x, strings.ToUpper(strings.Join(a, "\n"))+".") != 1 {
			t.Fatalf("%q is not itself", x)
		}
		if p, q := Alike(x, y), Alike(y, x); p != q && len(Terms(x)) != len(Terms(y)) || p < 0 || p > 1 {
			t.Fatalf("%q, %q: %v and %v", x, y, p, q)
		}
	})
}

func TestPrices(t *testing.T) {
	t.Parallel()
	type money struct {
		minor    int64
		currency string
	}
	for text, want := range map[string][]money{
		"€48.50 each":                      {{4850, "EUR"}},
		"48,50 € pro Stück":                {{4850, "EUR"}},
		"EUR 1.200,00 or USD 1,300":        {{120000, "EUR"}, {130000, "USD"}},
		"¥1,200":                           {{120000, "CNY"}},
		"每台1200元":                          {{120000, "CNY"}},
		"单价 1.2万元":                         {{1200000, "CNY"}},
		"人民币 3,500":                        {{350000, "CNY"}},
		"CHF 1'250.50":                     {{125050, "CHF"}},
		"JPY 4800":                         {{4800, "JPY"}},
		"$5":                               {{500, "USD"}},
		"40 units by 12.11.":               nil,
		"room 12, 3 pm":                    nil,
		"between €46 and €48.50 per piece": {{4600, "EUR"}, {4850, "EUR"}},
	} {
		var got []money
		for _, p := range Prices(text) {
			got = append(got, money{p.Minor, p.Currency})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func FuzzPrices(f *testing.F) {
	f.Add("€48.50 and 1.2万元, EUR 1.200,00")
	f.Add("¥ 1\u00a0200 元")
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range Prices(text) {
			if p.Minor <= 0 || p.Start < 0 || p.End > len(text) || p.Start >= p.End || p.Currency == "" {
				t.Errorf("%q: %+v", text, p)
			}
		}
		Terms(text)
		Fold(text)
	})
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	at := func(text, due string, day int) Pledge {
		p := Pledge{Text: text, DueText: due, Made: nov(3, 9)}
		if day > 0 {
			p.Due = nov(day, 23)
		}
		return p
	}
	for _, c := range []struct {
		name string
		a, b Pledge
		want string
	}{
		{"two prices", at("The price for SKU-7 will be €48.50", "", 0), at("you'll get SKU-7 for 46,00 €", "", 0), "price sku-7"},
		{"the same price in two ways", at("SKU-7 will cost €48.50", "", 0), at("you'll get SKU-7 for 48,50 €", "", 0), ""},
		{"two currencies", at("SKU-7 will cost €48.50", "", 0), at("SKU-7 will cost $46.00", "", 0), ""},
		{"two quantities", at("SKU-7 will cost €48.50 for 10 units", "", 0), at("SKU-7 will cost €46.00 for 100 units", "", 0), ""},
		{"two articles", at("SKU-7 will cost €48.50", "", 0), at("SKU-9 will cost €46.00", "", 0), ""},
		{"Chinese", at("三脚架单价1200元", "", 0), at("三脚架我们给您¥1,150", "", 0), "price 脚架"},
		{"two dates", at("We'll send the samples by Monday", "by Monday", 23), at("the samples will leave on Wednesday", "on Wednesday", 25), "date sample"},
		{"the same date", at("We'll send the samples by Monday", "by Monday", 23), at("samples by Monday", "by Monday", 23), ""},
		{"two things", at("We'll send the samples by Monday", "by Monday", 23), at("We'll send the contract by Wednesday", "by Wednesday", 25), ""},
		{"nothing named", at("I'll do it by Monday", "by Monday", 23), at("I'll do it by Wednesday", "by Wednesday", 25), ""},
	} {
		for _, pair := range [][2]Pledge{{c.a, c.b}, {c.b, c.a}} {
			x, ok := Conflicts(pair[0], pair[1])
			got := ""
			if ok {
				got = x.Kind + " " + x.Thing
			}
			if got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	}
}
