package identity

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// Phone is one normalised number.
type Phone struct {
	// E164 is "+" with country code and number, or "" where the number cannot exist: such a number links nothing.
	E164 string
	// Digits is for finding: the digits of E164, or of what was written where that is not valid. No extension.
	Digits string
	// Raw is what was given, untouched.
	Raw string
	// Extension is the part to dial later, digits only.
	Extension string
	// Region is the country of a valid number (ISO 3166, "DE"; "001" for international services), else "".
	Region string
}

var (
	// A spreadsheet that took the number for a quantity: the last digits are lost for good.
	phoneScientific = pattern(`^\d(?:[.,]\d+)?[eE]\+?\d{1,2}$`)
	// A table program that took the number for a decimal.
	phoneDecimal = pattern(`^\+?\d{6,}\.0$`)
	// The end of a number after which only an extension follows, where the library sees no number at all.
	phoneExtension = pattern(`(?i)[\s,;]*(?:;ext=|ext(?:ension|n)?\.?|durchwahl|dw\.?|转|轉|分机|内線|x|#)[\s.:#-]*(\d{1,7})\s*$`)
)

// NormalizePhone reads one number in any notation. Region (ISO 3166, either case; "UK" is understood) is where a number
// without country code is at home; "" means that only numbers with + or 00 can become valid. Validity is judged by
// libphonenumber's numbering plans. It never fails: what is not valid keeps its digits and has no E164.
func NormalizePhone(raw, region string) Phone {
	p := Phone{Raw: raw}
	s := cleanPhone(raw)
	if s == "" || phoneScientific().MatchString(s) {
		return p
	}
	if phoneDecimal().MatchString(s) {
		s = strings.TrimSuffix(s, ".0")
	}
	region = phoneRegion(region)
	if p.parseWithoutPlus(s, region) || p.parse(s, region) {
		return p
	}
	// 00 is dialled before the country code in most of the world, but not where 011 or 8~10 is: there the library
	// does not know it, and people who write to foreigners use it all the same.
	if rest, ok := strings.CutPrefix(strings.TrimLeft(s, "(["), "00"); ok && p.parse("+"+rest, region) {
		return p
	}
	if m := phoneExtension().FindStringSubmatchIndex(s); m != nil && m[0] > 0 {
		p.Extension = s[m[2]:m[3]]
		s = s[:m[0]]
	}
	p.Digits = asciiDigits(s)
	return p
}

func (p *Phone) parse(s, region string) bool {
	if len(s) > 250 { // the library's own bound
		return false
	}
	n, err := phonenumbers.Parse(s, region)
	if err != nil {
		return false
	}
	// What IsValidNumber does, without finding the region twice.
	home := phonenumbers.GetRegionCodeForNumber(n)
	if !phonenumbers.IsValidNumberForRegion(n, home) {
		return false
	}
	p.E164 = phonenumbers.Format(n, phonenumbers.E164)
	p.Digits = p.E164[1:]
	p.Extension = n.GetExtension()
	p.Region = home
	return true
}

// parseWithoutPlus reads "491711234567" in Germany as the mobile number whose + was lost, although the library, which takes
// every number for a national one first, finds a landline in Leer (0491) that nobody has. Only a mobile number is sure enough.
func (p *Phone) parseWithoutPlus(s, region string) bool {
	code := phonenumbers.GetCountryCodeForRegion(region)
	if code == 0 || asciiDigits(s) != s || !strings.HasPrefix(s, strconv.Itoa(code)) {
		return false
	}
	n, err := phonenumbers.Parse("+"+s, region)
	if err != nil || phonenumbers.GetNumberType(n) != phonenumbers.MOBILE {
		return false
	}
	return p.parse("+"+s, region)
}

func phoneRegion(region string) string {
	switch r := strings.ToUpper(strings.TrimSpace(region)); r {
	case "":
		return phonenumbers.UNKNOWN_REGION
	case "UK":
		return "GB"
	default:
		return r
	}
}

// cleanPhone writes digits of every script as 0-9, removes what is invisible, and what spreadsheets and links put in front.
func cleanPhone(raw string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case unicode.IsDigit(r):
			return '0' + digitValue(r)
		case r == '＋' || r == '﹢':
			return '+'
		case r == '＃':
			return '#'
		case r == 0xa0 || r == 0x3000 || r == 0x202f || unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r) || unicode.IsControl(r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, raw)
	s = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(s), "'’‘`=\""))
	s = strings.TrimRight(s, "\"'")
	if hasPrefixFold(s, "tel:") {
		s = strings.TrimSpace(s[len("tel:"):])
	}
	return strings.TrimSpace(s)
}

// PlainPhone gives a number as typed with its digits as 0-9, and without what is invisible or stands before it.
func PlainPhone(raw string) string { return cleanPhone(raw) }

// CallingCode gives the digits with which numbers of a region (ISO 3166) begin after their +: "49" for DE; "" where there is
// no such region.
func CallingCode(region string) string {
	if code := phonenumbers.GetCountryCodeForRegion(phoneRegion(region)); code != 0 {
		return strconv.Itoa(code)
	}
	return ""
}

func asciiDigits(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] >= '0' && s[i] <= '9' {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// digitValue is the value of a decimal digit of any script. Every block of them begins with its zero.
func digitValue(r rune) rune {
	for _, rg := range unicode.Nd.R16 {
		if rune(rg.Lo) <= r && r <= rune(rg.Hi) {
			return (r - rune(rg.Lo)) % 10
		}
	}
	for _, rg := range unicode.Nd.R32 {
		if rune(rg.Lo) <= r && r <= rune(rg.Hi) {
			return (r - rune(rg.Lo)) % 10
		}
	}
	return 0
}

// PhoneTail reverses the digits of a number, so that a prefix search over tails finds numbers by their end, which is the
// part that is the same in every notation. Anything that is no digit is left out, and so are the zeros in front, which
// are a way of dialling: "0451 90-18 20" and "+49451901820" share the tail of 451901820.
func PhoneTail(digits string) string {
	s := []byte(strings.TrimLeft(asciiDigits(cleanPhone(digits)), "0"))
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
	return string(s)
}
