// Package money reads amounts as systems write them for other programs, into minor units.
package money

import "strings"

// decimalsOf says how many decimals a currency has where it is not two (ISO 4217).
var decimalsOf = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
	"UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// Decimals gives how many decimals a currency has, by its ISO 4217 code in upper case; two where
// the code is not known.
func Decimals(currency string) int {
	if d, ok := decimalsOf[currency]; ok {
		return d
	}
	return 2
}

// Minor reads a plain decimal number ("10.90", "-3", ".5") into minor units of a currency. More
// decimals than the currency has are rounded half away from zero. ok is false for anything else,
// signs of currencies and separators of thousands too, and for what does not fit.
func Minor(text, currency string) (minor int64, ok bool) {
	s, negative := strings.CutPrefix(strings.TrimSpace(text), "-")
	whole, fraction, _ := strings.Cut(s, ".")
	if whole == "" && fraction == "" {
		return 0, false
	}
	d := Decimals(currency)
	round := len(fraction) > d && fraction[d] >= '5'
	for i := range len(fraction) {
		if fraction[i] < '0' || fraction[i] > '9' {
			return 0, false
		}
	}
	for len(fraction) < d {
		fraction += "0"
	}
	for _, c := range []byte(whole + fraction[:d]) {
		if c < '0' || c > '9' || minor > (1<<62)/10 {
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
