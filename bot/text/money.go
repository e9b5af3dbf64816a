package text

import (
	"strconv"
	"strings"

	"github.com/keptcrm/kept/state"
)

// digits has the currencies whose minor unit is not a hundredth (ISO 4217).
var digits = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
	"UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// symbols are those that cannot be mistaken by a reader of the language; all others are written
// with their code.
var symbols = map[string]map[string]string{
	English: {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CNY": "CN¥", "INR": "₹", "KRW": "₩",
		"AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "HKD": "HK$", "TWD": "NT$", "BRL": "R$", "MXN": "MX$", "ILS": "₪", "VND": "₫"},
	Chinese: {"EUR": "€", "USD": "US$", "GBP": "£", "JPY": "JP¥", "CNY": "¥", "INR": "₹", "KRW": "₩",
		"AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "HKD": "HK$", "TWD": "NT$", "BRL": "R$", "MXN": "MX$", "ILS": "₪", "VND": "₫"},
}

// Money writes an amount: €48,310.20, ¥1,200, CHF 90.00, -$5.00. Without a currency it is a plain
// number of hundredths.
func (p *Printer) Money(m state.Money) string {
	code := strings.ToUpper(m.Currency)
	places, ok := digits[code]
	if !ok {
		places = 2
	}
	// The sign is taken off as text, so that the smallest int64 has no special case.
	all, sign := strings.CutPrefix(strconv.FormatInt(m.Minor, 10), "-")
	if len(all) <= places {
		all = strings.Repeat("0", places+1-len(all)) + all
	}
	whole, fraction := all[:len(all)-places], all[len(all)-places:]
	n, err := strconv.ParseInt(whole, 10, 64)
	if err == nil {
		whole = p.Number(n)
	}
	if fraction != "" {
		whole += "." + fraction
	}
	unit := symbols[p.lang][code]
	if unit == "" && code != "" {
		unit = code + " "
	}
	if sign {
		unit = "-" + unit
	}
	return unit + whole
}
