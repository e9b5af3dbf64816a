package promise

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Price is an amount of money in a text, in minor units of a currency.
type Price struct {
	Minor      int64
	Currency   string // ISO 4217
	Start, End int    // bytes of the text
}

const amount = `\d{1,3}(?:[.,'’\x{00a0}\x{202f} ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,3})?`

var (
	priceBefore = regexp.MustCompile(`(?i)(€|£|￥|¥|HK\$|US\$|CA\$|AU\$|\$|\b(?:EUR|GBP|USD|CNY|RMB|JPY|CHF|HKD|SEK|DKK|NOK|PLN)\b|人民币|美元|欧元)\s{0,2}(` + amount + `)(万|千)?`)
	priceBehind = regexp.MustCompile(`(?i)(` + amount + `)(万|千)?(?:,-{1,2})?\s{0,2}(€|£|元|块钱?|美元|欧元|日元|英镑|\b(?:EUR|GBP|USD|CNY|RMB|JPY|CHF|HKD|SEK|DKK|NOK|PLN)\b|euros?\b|dollars?\b|yuan\b)`)
	quantity    = regexp.MustCompile(`(?i)(\d[\d,.]*)\s*(?:units?|pcs\.?|pieces?|sets?|pairs?|boxes|台|个|件|套|只|盒|箱|把|双)`)
)

// currencies are the signs and words of currencies. ¥ is the yuan here: the yen says JPY or 日元.
var currencies = map[string]string{
	"€": "EUR", "euro": "EUR", "euros": "EUR", "欧元": "EUR", "£": "GBP", "英镑": "GBP", "$": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD", "美元": "USD",
	"ca$": "CAD", "au$": "AUD", "hk$": "HKD", "¥": "CNY", "￥": "CNY", "元": "CNY", "块": "CNY", "块钱": "CNY", "人民币": "CNY", "rmb": "CNY", "yuan": "CNY", "日元": "JPY",
}

// Prices finds the amounts of money in a text, in the order of the text: €48.50, 48,50 €, ¥1,200,
// 1200元, 1.2万元, USD 1'200. A number without a currency is none.
func Prices(text string) []Price {
	var out []Price
	add := func(number, scale, unit string, start, end int) {
		currency := currencies[strings.ToLower(unit)]
		if currency == "" {
			currency = strings.ToUpper(unit)
		}
		minor, ok := minorUnits(number, scale, currency)
		if !ok || slices.ContainsFunc(out, func(p Price) bool { return start < p.End && p.Start < end }) {
			return
		}
		out = append(out, Price{Minor: minor, Currency: currency, Start: start, End: end})
	}
	at := func(m []int, i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return text[m[2*i]:m[2*i+1]]
	}
	for _, m := range priceBefore.FindAllStringSubmatchIndex(text, -1) {
		add(at(m, 2), at(m, 3), at(m, 1), m[0], m[1])
	}
	for _, m := range priceBehind.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > 0 && strings.ContainsRune("0123456789.,", rune(text[m[0]-1])) {
			continue
		}
		add(at(m, 1), at(m, 2), at(m, 3), m[0], m[1])
	}
	slices.SortFunc(out, func(a, b Price) int { return a.Start - b.Start })
	return out
}

// minorUnits reads an amount. Of the last sign with one or two digits behind it these are parts of the
// unit, with three it parts thousands.
func minorUnits(number, scale, currency string) (int64, bool) {
	whole, part := number, ""
	if i := strings.LastIndexAny(number, ".,"); i >= 0 && len(number)-i-1 <= 2 || i >= 0 && scale != "" {
		whole, part = number[:i], number[i+1:]
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, whole)
	factor := 2
	if currency == "JPY" {
		factor = 0
	}
	switch scale {
	case "万":
		factor += 4
	case "千":
		factor += 3
	}
	for len(part) < factor {
		part += "0"
	}
	n, err := strconv.ParseInt(digits+part[:factor], 10, 64)
	return n, err == nil && n > 0 && len(digits) <= 12
}

// The kinds of a Conflict.
const (
	ConflictPrice = "price"
	ConflictDate  = "date"
)

// Conflict is how two promises contradict each other.
type Conflict struct {
	Kind  string
	Thing string // what both are about, as the texts call it: "sku-7", "quote"
	A, B  Price  // of ConflictPrice
}

// Conflicts says whether two promises, made by two people to one customer, name two prices, or two
// dates, for one thing. Prices of different quantities, and of different currencies, are no
// contradiction; nor are the due times of two things.
func Conflicts(a, b Pledge) (Conflict, bool) {
	pa, pb := Prices(a.Text), Prices(b.Text)
	ta, tb := things(a, pa), things(b, pb)
	thing, same := oneThing(ta, tb)
	if !same {
		return Conflict{}, false
	}
	if len(pa) > 0 && len(pb) > 0 && !otherQuantity(a.Text, b.Text) {
		if x, y, differ := otherPrice(pa, pb); differ {
			return Conflict{Kind: ConflictPrice, Thing: thing, A: x, B: y}, true
		}
		return Conflict{}, false
	}
	if a.Due.IsZero() || b.Due.IsZero() || sameDay(a, b) || len(pa)+len(pb) > 0 && (len(pa) == 0) != (len(pb) == 0) {
		return Conflict{}, false
	}
	return Conflict{Kind: ConflictDate, Thing: thing}, true
}

func sameDay(a, b Pledge) bool {
	return a.Due.Sub(b.Due).Abs().Hours() < 20
}

// otherPrice says whether two texts name the same currencies and no amount in common.
func otherPrice(a, b []Price) (x, y Price, differ bool) {
	found := false
	for _, p := range a {
		for _, q := range b {
			if p.Currency != q.Currency {
				continue
			}
			if p.Minor == q.Minor {
				return x, y, false
			}
			if !found {
				x, y, found = p, q, true
			}
		}
	}
	return x, y, found
}

func otherQuantity(a, b string) bool {
	x, y := quantity.FindStringSubmatch(a), quantity.FindStringSubmatch(b)
	return x != nil && y != nil && strings.Trim(x[1], ".,") != strings.Trim(y[1], ".,")
}

// things are the terms of a promise that name what it is about: without prices, quantities and due
// words, and without what every offer is about.
func things(p Pledge, prices []Price) []string {
	text := []byte(p.Text)
	for _, x := range prices {
		for i := x.Start; i < x.End; i++ {
			text[i] = ' '
		}
	}
	s := string(text)
	if p.DueText != "" {
		s = strings.Replace(s, p.DueText, " ", 1)
	}
	s = quantity.ReplaceAllString(s, " ")
	return slices.DeleteFunc(Terms(s), func(t string) bool { return dullThings[t] })
}

var dullThings = stopSet(`price unit piece each per discount cost total net gross revised updated final special customer order valid hold fix fixed offer 价格 单价 含税 优惠`)

// oneThing says whether two promises are about one thing: they name the same article, else the most
// of what the shorter one names is in the other.
func oneThing(a, b []string) (string, bool) {
	codes := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(t string) bool { return !HasDigit(t) })
	}
	ca, cb := codes(a), codes(b)
	for _, c := range ca {
		if slices.Contains(cb, c) {
			return c, true
		}
	}
	if len(ca) > 0 && len(cb) > 0 {
		return "", false
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	shared, cover := overlap(a, b)
	if cover < 0.6 {
		return "", false
	}
	return strings.Join(shared, " "), true
}
