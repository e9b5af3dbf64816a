package csv

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors/format/money"
)

// symbols are the currency signs that mean one currency only. "$" and "¥" mean several.
var symbols = []struct{ sign, currency string }{
	{"€", "EUR"}, {"£", "GBP"}, {"₩", "KRW"}, {"₹", "INR"}, {"₽", "RUB"}, {"₺", "TRY"}, {"৳", "BDT"}, {"₫", "VND"},
	{"₴", "UAH"}, {"₦", "NGN"}, {"₪", "ILS"}, {"฿", "THB"}, {"₱", "PHP"}, {"zł", "PLN"}, {"Kč", "CZK"}, {"R$", "BRL"},
	{"CN¥", "CNY"}, {"JP¥", "JPY"}, {"US$", "USD"}, {"A$", "AUD"}, {"C$", "CAD"}, {"CA$", "CAD"}, {"NZ$", "NZD"},
	{"HK$", "HKD"}, {"元", "CNY"}, {"円", "JPY"}, {"د.إ", "AED"}, {"ر.س", "SAR"},
}

// currencyIn finds the currency that an amount names, by its ISO code or an unmistakable sign;
// empty where there is none.
func currencyIn(text string) string {
	word := strings.TrimFunc(text, func(c rune) bool { return !unicode.IsLetter(c) })
	if len(word) == 3 && isUpperASCII(word) {
		return word
	}
	best, long := "", 0
	for _, s := range symbols {
		if len(s.sign) > long && strings.Contains(text, s.sign) {
			best, long = s.currency, len(s.sign)
		}
	}
	return best
}

func isUpperASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return s != ""
}

// currencyCode reads a cell of a currency column; ok is false for what is no code.
func currencyCode(text string) (string, bool) {
	code := strings.ToUpper(strings.TrimSpace(text))
	if len(code) == 3 && isUpperASCII(code) {
		return code, true
	}
	if c := currencyIn(text); c != "" {
		return c, true
	}
	return "", false
}

// parseMoney reads an amount into minor units of a currency. decimal is the column's decimal
// separator, '.' or ',', or 0 where it is not known: then the last of two different separators is
// it, and a single one with exactly three digits behind it is a thousands separator unless the
// currency has three decimals or the number begins with 0. More decimals than the currency has
// are rounded half up. Parentheses and any minus sign make it negative.
func parseMoney(text, currency string, decimal byte) (minor int64, ok bool) {
	s := strings.TrimSpace(text)
	negative := false
	if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
		negative, s = true, s[1:len(s)-1]
	}
	if i := strings.IndexAny(s, "<"); i >= 0 { // markup of a shop's formatted price
		return 0, false
	}
	body, neg, ok := amountBody(s)
	if !ok {
		return 0, false
	}
	negative = negative != neg
	whole, fraction, ok := splitAmount(body, money.Decimals(currency), decimal)
	if !ok {
		return 0, false
	}
	d := money.Decimals(currency)
	round := len(fraction) > d && fraction[d] >= '5'
	for len(fraction) < d {
		fraction += "0"
	}
	for _, c := range whole + fraction[:d] {
		if minor > (1<<62)/10 {
			return 0, false
		}
		minor = minor*10 + int64(c-'0')
	}
	if round {
		minor++
	}
	if negative {
		minor = -minor
	}
	return minor, true
}

// amountBody keeps the digits and the separators . and , of an amount and says whether a minus
// stands at either side. Spaces and apostrophes between digits are thousands separators. Letters
// and signs may stand before or behind the number, not in it.
func amountBody(s string) (body string, negative, ok bool) {
	var b strings.Builder
	seen, done := false, false
	for len(s) > 0 {
		c, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		switch {
		case c == '-' || c == '−' || c == '–' || c == '－':
			if negative || seen && !done && strings.ContainsFunc(s, unicode.IsDigit) {
				return "", false, false
			}
			negative, done = true, done || seen
		case unicode.IsDigit(c):
			if done {
				return "", false, false
			}
			seen = true
			b.WriteByte(byte('0' + digitValue(c)))
		case c == '.' || c == '．' || c == '٫':
			if seen && !done {
				b.WriteByte('.')
			} else if !seen && len(s) > 0 && s[0] >= '0' && s[0] <= '9' {
				seen = true
				b.WriteString("0.")
			}
		case c == ',' || c == '，' || c == '٬' || c == '、':
			if seen && !done {
				if c == '٬' {
					continue
				}
				b.WriteByte(',')
			}
		case c == '\'' || c == '’' || unicode.IsSpace(c) || c == '\u00A0' || c == '\u202F' || c == '\u2009' || c == '\u200F' || c == '\u200E':
			if seen && (len(s) == 0 || !startsWithDigit(s)) {
				done = true
			}
		case c == '+':
			if seen {
				return "", false, false
			}
		case unicode.IsLetter(c) || unicode.IsSymbol(c) || c == '*':
			done = seen
		default:
			return "", false, false
		}
	}
	body = strings.TrimRight(b.String(), ".,")
	return body, negative, body != ""
}

func startsWithDigit(s string) bool {
	c, _ := utf8.DecodeRuneInString(s)
	return unicode.IsDigit(c)
}

// digitValue gives the value of a decimal digit of any script: they stand in runs of ten.
func digitValue(c rune) int {
	if c >= '0' && c <= '9' {
		return int(c - '0')
	}
	start := c
	for n := 0; n < 9 && unicode.IsDigit(start-1) && !unicode.IsDigit(start+10); n++ {
		start--
	}
	switch {
	case c >= '٠' && c <= '٩':
		return int(c - '٠')
	case c >= '۰' && c <= '۹':
		return int(c - '۰')
	case c >= '०' && c <= '९':
		return int(c - '०')
	case c >= '０' && c <= '９':
		return int(c - '０')
	}
	return int(c-start) % 10
}

func splitAmount(body string, d int, decimal byte) (whole, fraction string, ok bool) {
	dots, commas := strings.Count(body, "."), strings.Count(body, ",")
	sep := byte(0)
	switch {
	case dots == 0 && commas == 0:
	case decimal != 0:
		if sep = decimal; strings.IndexByte(body, sep) < 0 {
			sep = 0
		}
	case dots > 0 && commas > 0:
		sep = '.'
		if strings.LastIndexByte(body, ',') > strings.LastIndexByte(body, '.') {
			sep = ','
		}
	case dots+commas == 1:
		sep = '.'
		if commas == 1 {
			sep = ','
		}
		i := strings.IndexByte(body, sep)
		if len(body)-i-1 == 3 && d != 3 && i <= 3 && body[0] != '0' {
			sep = 0
		}
	}
	if sep == 0 {
		whole = body
	} else {
		i := strings.LastIndexByte(body, sep)
		whole, fraction = body[:i], body[i+1:]
		if strings.IndexByte(whole, sep) >= 0 || strings.ContainsAny(fraction, ".,") {
			return "", "", false
		}
	}
	groups := strings.FieldsFunc(whole, func(c rune) bool { return c == '.' || c == ',' })
	for i, g := range groups { // 1,234,567 and the Indian 12,34,567; not 1,2
		if i > 0 && len(g) != 3 && (i == len(groups)-1 || len(g) != 2) {
			return "", "", false
		}
	}
	return strings.Join(groups, ""), fraction, true
}

// decimalOf says which decimal separator an amount certainly has; 0 where it could be either.
func decimalOf(text string) byte {
	body, _, ok := amountBody(strings.TrimSpace(text))
	if !ok {
		return 0
	}
	dot, comma := strings.LastIndexByte(body, '.'), strings.LastIndexByte(body, ',')
	switch {
	case dot >= 0 && comma >= 0:
		if dot > comma {
			return '.'
		}
		return ','
	case dot >= 0 && strings.Count(body, ".") == 1 && len(body)-dot-1 != 3:
		return '.'
	case comma >= 0 && strings.Count(body, ",") == 1 && len(body)-comma-1 != 3:
		return ','
	}
	return 0
}
