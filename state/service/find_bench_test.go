package service

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/identity/pinyin"
)

// BenchmarkFind asks a state of 100,000 customers, or of as many as KEPT_BENCH_CUSTOMERS says, in all the ways in which people
// ask, and beside that by reading every customer. KEPT_BENCH_STATE names a file that is made if it is not there and kept, so that
// the commands can be measured on it too. For steady percentiles:
//
//	KEPT_BENCH_CUSTOMERS=1000000 go test ./state/service -run '^$' -bench Find -benchtime 1000x
//
// hit is how often the customer from whom a query was made is among the first 20 (of very many who fit alike most must miss).
func BenchmarkFind(b *testing.B) {
	n := 100_000
	if s := os.Getenv("KEPT_BENCH_CUSTOMERS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	store := benchState(b, n)
	s := New(store, nil, Config{Region: "DE"}, time.Now)
	for _, k := range []struct {
		name  string
		query func(*rand.Rand, *benchPerson) string // "" where this customer has no such query
	}{
		{"full_name", func(_ *rand.Rand, p *benchPerson) string { return latinOnly(p, p.given+" "+p.family) }},
		{"family_given", func(_ *rand.Rand, p *benchPerson) string { return latinOnly(p, p.family+", "+p.given) }},
		{"given_begun_family", func(_ *rand.Rand, p *benchPerson) string { return latinOnly(p, cut(p.given, 3)+" "+cut(p.family, 4)) }},
		{"family", func(_ *rand.Rand, p *benchPerson) string { return latinOnly(p, p.family) }},
		{"given", func(_ *rand.Rand, p *benchPerson) string { return latinOnly(p, p.given) }},
		{"first_letter", func(_ *rand.Rand, p *benchPerson) string { return latinOnly(p, cut(p.family, 1)) }},
		{"two_letters", func(_ *rand.Rand, p *benchPerson) string { return latinOnly(p, cut(p.family, 2)) }},
		{"three_letters", func(_ *rand.Rand, p *benchPerson) string { return latinOnly(p, cut(p.family, 3)) }},
		{"han", func(_ *rand.Rand, p *benchPerson) string { return hanOnly(p, p.family+p.given) }},
		{"han_given", func(_ *rand.Rand, p *benchPerson) string { return hanOnly(p, p.given) }},
		{"han_homophone", func(r *rand.Rand, p *benchPerson) string { return hanOnly(p, p.family+homophone(r, p.given)) }},
		{"pinyin", func(_ *rand.Rand, p *benchPerson) string {
			return hanOnly(p, pinyin.Surname(p.family)+" "+pinyin.Of(p.given))
		}},
		{"pinyin_together", func(_ *rand.Rand, p *benchPerson) string {
			return hanOnly(p, pinyin.Surname(p.family)+pinyin.Of(p.given))
		}},
		{"pinyin_begun", func(_ *rand.Rand, p *benchPerson) string {
			return hanOnly(p, pinyin.Surname(p.family)+" "+cut(pinyin.Of(p.given), 1))
		}},
		{"initials", func(_ *rand.Rand, p *benchPerson) string {
			out := ""
			for _, c := range p.family + p.given {
				out += cut(pinyin.Syllable(c), 1)
			}
			return hanOnly(p, out)
		}},
		{"typo_family", func(r *rand.Rand, p *benchPerson) string { return latinOnly(p, typo(r, p.family)) }},
		{"typo_family_given", func(r *rand.Rand, p *benchPerson) string { return latinOnly(p, p.given+" "+typo(r, p.family)) }},
		{"typo_both", func(r *rand.Rand, p *benchPerson) string { return latinOnly(p, typo(r, p.given)+" "+typo(r, p.family)) }},
		{"pinyin_typo", func(r *rand.Rand, p *benchPerson) string {
			return hanOnly(p, pinyin.Surname(p.family)+" "+typo(r, pinyin.Of(p.given)))
		}},
		{"company", func(_ *rand.Rand, p *benchPerson) string { return p.company }},
		{"given_company", func(_ *rand.Rand, p *benchPerson) string {
			if p.company == "" {
				return ""
			}
			return p.given + " " + strings.Fields(p.company)[0]
		}},
		{"given_city", func(_ *rand.Rand, p *benchPerson) string { return p.given + " " + p.family + " " + p.city }},
		{"phone_tail_6", func(_ *rand.Rand, p *benchPerson) string { return p.phone[len(p.phone)-6:] }},
		{"phone_tail_4", func(_ *rand.Rand, p *benchPerson) string { return p.phone[len(p.phone)-4:] }},
		{"family_phone_tail", func(_ *rand.Rand, p *benchPerson) string { return p.family + " " + p.phone[len(p.phone)-4:] }},
		{"email", func(_ *rand.Rand, p *benchPerson) string { return p.email }},
		{"email_begun", func(_ *rand.Rand, p *benchPerson) string { return p.email[:strings.IndexByte(p.email, '@')-1] }},
		{"inside", func(_ *rand.Rand, p *benchPerson) string { return latinOnly(p, tail(p.family, 4)) }},
		{"nobody", func(r *rand.Rand, _ *benchPerson) string { return "qx" + strconv.Itoa(r.IntN(9)) + "zzqvw" }},
	} {
		b.Run(k.name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(7, uint64(len(k.name))))
			var took, used []time.Duration
			hits := 0
			for b.Loop() {
				var p *benchPerson
				query := ""
				for query == "" {
					p = personOf(r.IntN(n) + 1)
					query = k.query(r, p)
				}
				start, before := time.Now(), cpuTime()
				out, err := s.Find(context.Background(), FindIn{Query: query})
				took, used = append(took, time.Since(start)), append(used, cpuTime()-before)
				if err != nil {
					b.Fatalf("%q: %v", query, err)
				}
				if slices.ContainsFunc(out.Hits, func(h Hit) bool { return h.Customer.Number == state.Customers.Ref(uint64(p.number)) }) {
					hits++
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			slices.Sort(used)
			b.ReportMetric(float64(used[len(used)/2].Microseconds()), "cpu50-µs")
			b.ReportMetric(float64(used[len(used)*99/100].Microseconds()), "cpu99-µs")
			b.ReportMetric(float64(hits)/float64(len(took)), "hit")
			b.ReportMetric(0, "ns/op")
		})
	}
	b.Run("naive_scan", func(b *testing.B) {
		p := personOf(n / 2)
		start := time.Now()
		found := 0
		err := store.View(context.Background(), func(tx state.Tx) error {
			for c, err := range state.Customers.All(tx, state.Range{}) {
				if err != nil {
					return err
				}
				if strings.Contains(c.Name, p.family) && strings.Contains(c.Name, p.given) {
					found++
				}
			}
			return nil
		})
		if err != nil || found == 0 {
			b.Fatal(found, err)
		}
		b.ReportMetric(float64(time.Since(start).Microseconds()), "p50-µs") // once: it takes as long as it takes
		for b.Loop() {
		}
		b.ReportMetric(0, "ns/op")
	})
}

type benchPerson struct {
	number                                     int
	given, family, company, city, phone, email string
	han                                        bool
}

func latinOnly(p *benchPerson, s string) string {
	if p.han {
		return ""
	}
	return s
}

func hanOnly(p *benchPerson, s string) string {
	if !p.han {
		return ""
	}
	return s
}

func cut(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(n, len(runes))])
}

func tail(s string, n int) string {
	runes := []rune(s)
	return string(runes[max(len(runes)-n, 0):])
}

func homophone(r *rand.Rand, s string) string {
	runes := []rune(s)
	last := runes[len(runes)-1]
	var same []rune
	for c := rune(0x4e00); c < 0x9fa5; c++ {
		if c != last && pinyin.Syllable(c) == pinyin.Syllable(last) {
			same = append(same, c)
		}
	}
	return string(runes[:len(runes)-1]) + string(same[r.IntN(len(same))])
}

func typo(r *rand.Rand, s string) string {
	runes := []rune(s)
	i := r.IntN(len(runes))
	c := rune('a' + r.IntN(26))
	switch r.IntN(4) {
	case 0:
		return string(runes[:i]) + string(runes[i+1:])
	case 1:
		return string(runes[:i]) + string(c) + string(runes[i:])
	case 2:
		runes[i] = c
		return string(runes)
	}
	if i+1 < len(runes) {
		runes[i], runes[i+1] = runes[i+1], runes[i]
	}
	return string(runes)
}

var (
	benchGiven = strings.Fields(`Anna Maria Thomas Michael Peter Julia Laura Jan Lukas Sarah Lisa Paul Felix Emma Mia Sofia John James Robert Mary Linda
		Susan David Daniel Ana João Pedro Luís Inês Pierre Marie Camille Léa Hugo Giulia Marco Luca Francesca Jana Petra Jürgen Günther Björn Åsa Søren Lars
		Ingrid Sven Olga Ivan Natasha Dmitri Fatima Mohamed Ahmed Omar Layla Aisha Kemal Ayşe Mehmet Zoë Chloé René Miguel Carlos Lucía José Carmen Elif
		Ewa Łukasz Agnieszka Tomasz Zsófia László Andrei Ioana Nikola Ivana Marek Tereza Hanna Mikko Aino Jukka`)
	benchSurnames = []rune(`王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤`)
	benchHan      = []rune(`伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂英华玉兰红建国文辉力志永健世广义兴良海山仁波宁贵福生龙元全胜学祥才发武新利清飞彬富顺信子昌成康星光天达安岩中茂进林有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固之轮翰朗伯宏言若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰士以家致树炎德行时泰盛雄琛钧冠策腾楠榕风航弘薇嘉欣怡佳雪梅琳玲婷慧莹倩`)
	benchCities   = strings.Fields(`Berlin Hamburg Lübeck Kiel München Köln Wien Zürich Paris London Lisboa Madrid Roma Praha Warszawa Shanghai Beijing Shenzhen`)
	benchParts    = strings.Fields(`ber mann schmi mül ler ho ff stein ba ck wal ter kö hl ko wa lski no vak ro ssi fer rei ra san tos sil va lo pez gar cia du bois mar tin per rin son sen
		berg lund ström tom pe ters han ka ur sing nak agawa ito mo ri wil li ams bro wn tay lor an der thom jack hill clark le wis hall all young king wri ght sco`)
	benchFirms = strings.Fields(`Stern Nord Süd West Ost Optik Licht Werk Haus Bau Handel Technik Medien Data Soft Net Cloud Agentur Verlag Studio Labor Praxis Garten Metall Holz Auto Rad
		See Berg Tal Wald Feld Fluss Global Inter Trans Euro Alpha Beta Delta Omega Nova Terra Aqua Sol Luna`)
)

// personOf makes the n-th customer, the same each time: seven of ten European, three Chinese, names as frequent as they are.
func personOf(n int) *benchPerson {
	r := rand.New(rand.NewPCG(uint64(n), 42))
	// Squared twice: a few names are very frequent, most are rare.
	rare := func(n int) int { x := r.Float64(); return int(x * x * x * float64(n)) }
	p := &benchPerson{number: n, city: benchCities[rare(len(benchCities))]}
	if p.han = r.IntN(10) < 3; p.han {
		p.family = string(benchSurnames[rare(len(benchSurnames))])
		p.given = string(benchHan[rare(len(benchHan))])
		if r.IntN(10) < 6 {
			p.given += string(benchHan[rare(len(benchHan))])
		}
		p.phone = fmt.Sprintf("+861%010d", r.Int64N(1e10))
		p.email = fmt.Sprintf("%s%d@mail.example", pinyin.Of(p.family+p.given), n)
	} else {
		p.given = benchGiven[rare(len(benchGiven))]
		f := benchParts[rare(len(benchParts))] + benchParts[rare(len(benchParts))]
		if r.IntN(2) == 0 {
			f += benchParts[r.IntN(len(benchParts))]
		}
		p.family = strings.ToUpper(cut(f, 1)) + f[len(cut(f, 1)):]
		p.phone = fmt.Sprintf("+49%010d", 1_000_000_000+r.Int64N(8e9))
		p.email = fmt.Sprintf("%s.%d@mail.example", identity.FoldName(p.family), n)
	}
	if r.IntN(5) == 0 {
		p.company = benchFirms[rare(len(benchFirms))] + strings.ToLower(benchFirms[rare(len(benchFirms))]) + " " + benchFirms[rare(len(benchFirms))] + " GmbH"
	}
	return p
}

// populate writes customers as the service would, without records.
func populate(b *testing.B, store state.Store, n int) {
	b.Helper()
	start := time.Now()
	keys := 0
	for from := 1; from <= n; from += 20_000 {
		err := store.Update(context.Background(), func(tx state.Tx) error {
			for i := from; i < from+20_000 && i <= n; i++ {
				p := personOf(i)
				c := &state.Customer{Number: uint64(i), Created: start, Kind: state.Person, Stage: state.StageProspect, Given: p.given, Family: p.family,
					Name: identity.Name{Given: p.given, Family: p.family}.String(), Tags: []string{}, Bases: []uint64{uint64(i)}, Records: []uint64{uint64(i)},
					Identifiers: []state.Address{{Identifier: identity.EmailIdentifier(p.email), Connection: "shop"},
						{Identifier: state.Identifier{Type: state.TypePhone, Match: p.phone, Shown: p.phone}, Connection: "shop"}}}
				value := func(name string, v state.Value) {
					c.Fields = append(c.Fields, state.Believed{Name: name, Values: []state.Value{v}, Record: uint64(i), At: start})
				}
				value("address", state.Value{Parts: map[string]string{"city": p.city, "country": "DE"}})
				f := identity.Findable{Names: []string{c.Name}}
				if p.company != "" {
					value("company", state.Value{Text: p.company})
					f.Companies = []string{p.company}
				}
				value("email", state.Value{Text: p.email})
				value("phone", state.Value{Text: p.phone})
				if i%5 == 0 {
					c.Stage, f.Bought = state.StageCustomer, true
					a := &state.Activity{ID: state.ActivityID(uint64(i), 0), At: start.Add(-time.Duration(i%1000) * time.Hour), Kind: state.ActivityOrder, Title: "#1"}
					if err := tx.Append(state.Activities.Kind, state.RecordSubject(uint64(i)), state.Activities.Kind.Key(a), a); err != nil {
						return err
					}
				}
				c.Tokens = identity.FindKeys(f)
				keys += len(c.Tokens)
				if _, err := tx.Put(state.Customers.Kind, state.NumberKey(c.Number), c, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d customers with %.2f keys each written in %v", n, float64(keys)/float64(n), time.Since(start).Round(time.Millisecond))
}
