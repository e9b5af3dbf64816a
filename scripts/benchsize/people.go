package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// dice makes up people; equal seeds give equal ones.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 7))} }

func (d dice) chance(p float64) bool { return d.Float64() < p }

// zipf picks one of n things, the first of them most often.
func (d dice) zipf(n int) int { return min(n-1, int(math.Pow(float64(n+1), d.Float64()))-1) }

func (d dice) word(list []string) string { return list[d.zipf(len(list))] }

var (
	latinGiven = strings.Fields(`Anna Thomas Maria Michael Sabine Andreas Julia Stefan Katrin Peter Emma James Olivia William Sophie Lucas Marie
		Daniel Laura David Sarah Martin Lena Jan Claudia Frank Petra Paul Nina Robert Eva Simon Jana Felix Clara Max Ines Björn Zoë José Márta
		Łukasz Søren Élodie Giulia Marco Elena Luca Ingrid Lars Astrid Erik Hannah Jakob Ruth Viktor Olga Dmitri Aisha Omar Layla Yusuf`)
	latinStarts = strings.Fields("Ber Kell Schu Mey Wag Bau Hof Krau Lang Brandt Fisch Zimm Ost Nord Süd Alt Neu Gross Klein Roth Weiss Schwarz Grün Stern Feld Wald Bach Berg Stein Holz Gar Mor Wil Har Ash Brook Clif Dun El Fair")
	latinMids   = strings.Fields("a e i o er en in el ar ad ow ing al and")
	latinEnds   = strings.Fields("mann er ner meier müller hofer stein berg feld bach dorf lein ke sen son ton ley ford ham wood field well s by ski ov ić")
	hanFamily   = strings.Fields("王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 傅 沈 曾 彭 吕 欧阳 上官 司马")
	hanGiven    = []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建文玉红志云宇轩浩然子涵梓雨欣怡思佳琪晨曦诗雅俊豪天睿博")
	cities      = []town{{"Lübeck", "235", "DE"}, {"Hamburg", "200", "DE"}, {"München", "803", "DE"}, {"Köln", "506", "DE"}, {"Leipzig", "041", "DE"},
		{"London", "SW1", "GB"}, {"Leeds", "LS1", "GB"}, {"北京", "100", "CN"}, {"上海", "200", "CN"}, {"广州", "510", "CN"}}
	trades    = strings.Fields("Werkzeuge Optik Reisen Foto Garten Bücher Musik Holzbau Software Medien Design Logistik Energie Textil Druck")
	mailHosts = []string{"gmail.com", "gmx.de", "web.de", "outlook.com", "163.com", "qq.com", "yahoo.com", "t-online.de"}
	header    = []string{"id", "first name", "last name", "e-mail", "phone", "company", "street", "postcode", "city", "country"}
)

type town struct{ name, postcode, country string }

// person is one made-up contact, as the cells of its row.
type person struct {
	given, family, email, phone, company, street, postcode, city, country string
}

// people makes contacts one after the other: one in five is a corrupted copy of an earlier one, as a second system would
// have it, under an id of its own.
type people struct {
	d         dice
	givens    []string
	families  []string
	companies []string
	towns     []town
	recent    []person
	n         int
}

func newPeople(rows int) *people {
	p := &people{d: newDice(1)}
	p.givens = p.d.words(slices.Clone(latinGiven), 600, strings.Fields("a o ia ine ik us ette in i ian"))
	p.families = p.d.words(nil, 20000, latinEnds)
	p.towns = slices.Clone(cities)
	for i, name := range p.d.words(nil, 600, strings.Fields("burg hausen dorf stadt ingen ham ton bury ford heim")) {
		p.towns = append(p.towns, town{name, fmt.Sprintf("%03d", i*7%900+100), []string{"DE", "DE", "DE", "GB", "CN"}[i%5]})
	}
	// About one company for fifty contacts, a few of them large.
	for i := range max(20, rows/50) {
		p.companies = append(p.companies, p.families[(i*7)%len(p.families)]+" "+trades[i%len(trades)]+strconv.Itoa(i/len(trades)%97)+" GmbH")
	}
	return p
}

// words makes different words up, behind those that there are.
func (d dice) words(list []string, n int, ends []string) []string {
	seen := map[string]bool{}
	for len(list) < n {
		s := d.pick(latinStarts)
		for d.chance(0.5) {
			s += d.pick(latinMids)
		}
		if s += d.pick(ends); !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}

func (d dice) pick(list []string) string { return list[d.IntN(len(list))] }

// ascii writes letters with marks without them, as mail addresses do.
var ascii = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "ć", "c", "é", "e", "É", "e", "ë", "e", "ø", "o", "á", "a", "Ł", "l")

func (p *people) next() person {
	p.n++
	if len(p.recent) > 100 && p.d.chance(0.2) {
		return p.copyOf(p.recent[p.d.IntN(len(p.recent))])
	}
	x := p.fresh()
	// Any earlier person may be told again, not only those who came last.
	if len(p.recent) < 50000 {
		p.recent = append(p.recent, x)
	} else if i := p.d.IntN(p.n); i < len(p.recent) {
		p.recent[i] = x
	}
	return x
}

func (p *people) fresh() person {
	d := p.d
	var x person
	number := strconv.Itoa(p.n)
	local := ""
	if d.chance(0.3) {
		x.family, x.given = d.word(hanFamily), string(hanGiven[d.IntN(len(hanGiven))])
		if d.chance(0.7) {
			x.given += string(hanGiven[d.IntN(len(hanGiven))])
		}
		local = "u" + number
	} else {
		x.given, x.family = d.word(p.givens), d.word(p.families)
		local = strings.ToLower(ascii.Replace(x.given + "." + x.family))
		if d.chance(0.7) {
			local += number
		}
	}
	c := p.towns[d.zipf(len(p.towns))]
	x.city, x.country, x.postcode = c.name, c.country, c.postcode+strconv.Itoa(10+d.IntN(90))
	x.street = d.word(p.families) + "straße " + strconv.Itoa(1+d.IntN(120))
	host := d.word(mailHosts)
	if d.chance(0.15) {
		i := d.zipf(len(p.companies))
		x.company = p.companies[i]
		if d.chance(0.6) {
			host = "firma" + strconv.Itoa(i) + ".example"
		}
	}
	if d.chance(0.9) {
		x.email = local + "@" + host
	}
	if d.chance(0.7) {
		switch x.country {
		case "DE":
			x.phone = fmt.Sprintf("+49 %s %07d", d.pick([]string{"151", "160", "170", "171", "172", "175", "176"}), d.IntN(1e7))
			if d.chance(0.4) {
				x.phone = "0" + x.phone[4:]
			}
		case "GB":
			x.phone = fmt.Sprintf("+44 7%03d %06d", 400+d.IntN(300), d.IntN(1e6))
		default:
			x.phone = fmt.Sprintf("+86 13%d %04d %04d", d.IntN(10), d.IntN(1e4), d.IntN(1e4))
		}
	}
	return x
}

// copyOf is the same person with mistakes: a typo, another spelling of the number, a missing value.
func (p *people) copyOf(x person) person {
	d := p.d
	if d.chance(0.5) {
		x.family = d.typo(x.family)
	}
	if d.chance(0.2) {
		x.given = d.typo(x.given)
	}
	if d.chance(0.3) {
		x.phone = strings.ReplaceAll(x.phone, " ", "")
	}
	if d.chance(0.3) {
		x.email = ""
	}
	if d.chance(0.2) {
		x.phone = ""
	}
	if d.chance(0.2) {
		x.street, x.postcode, x.city = "", "", ""
	}
	return x
}

// typo makes one mistake in a word.
func (d dice) typo(s string) string {
	r := []rune(s)
	if len(r) < 3 {
		return s
	}
	i := 1 + d.IntN(len(r)-2)
	switch d.IntN(3) {
	case 0:
		return string(r[:i]) + string(r[i+1:])
	case 1:
		r[i], r[i+1] = r[i+1], r[i]
	case 2:
		return string(r[:i]) + string(r[i]) + string(r[i:])
	}
	return string(r)
}

// writePeople writes a table of contacts.
func writePeople(to io.Writer, rows int) error {
	b := bufio.NewWriterSize(to, 1<<20)
	w := csv.NewWriter(b)
	if err := w.Write(header); err != nil {
		return err
	}
	p := newPeople(rows)
	for i := range rows {
		x := p.next()
		if err := w.Write([]string{strconv.Itoa(100000 + i), x.given, x.family, x.email, x.phone, x.company, x.street, x.postcode, x.city, x.country}); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return b.Flush()
}
