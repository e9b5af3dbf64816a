package identity

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// ErrDate is what ParseDate returns, alone or wrapped, for text that is no date.
var ErrDate = errors.New("not a date")

// DateOrder says how a table writes dates whose parts could be read in two ways.
type DateOrder string

// OrderUnknown leaves day and month open where they could be swapped; the others settle it.
const (
	OrderUnknown DateOrder = ""
	OrderDMY     DateOrder = "dmy" // 3/2/1984 is the 3rd of February
	OrderMDY     DateOrder = "mdy" // 3/2/1984 is the 2nd of March
)

// Date is a calendar day without a zone, as birthdays are; parts that are 0 are unknown.
type Date struct {
	Year, Month, Day int
}

// IsZero reports whether nothing is known.
func (d Date) IsZero() bool { return d == Date{} }

// String writes ISO 8601: "1984-03-02", "1984-03", "1984", and as vCard does "--03-02" without the year. "" for nothing.
func (d Date) String() string {
	switch {
	case d.Year > 0 && d.Month > 0 && d.Day > 0:
		return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
	case d.Year > 0 && d.Month > 0:
		return fmt.Sprintf("%04d-%02d", d.Year, d.Month)
	case d.Year > 0:
		return fmt.Sprintf("%04d", d.Year)
	case d.Month > 0:
		return fmt.Sprintf("--%02d-%02d", d.Month, d.Day)
	}
	return ""
}

// Contradicts reports whether the two cannot be the same day: a part that both know differs.
func (d Date) Contradicts(o Date) bool {
	differ := func(a, b int) bool { return a != 0 && b != 0 && a != b }
	return differ(d.Year, o.Year) || differ(d.Month, o.Month) || differ(d.Day, o.Day)
}

// Years that a living customer, a founder or a future date can have. What lies outside is a placeholder of some program.
const minYear, maxYear = 1800, 2199

var (
	dateISO      = pattern(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$`)
	dateISOMonth = pattern(`^(\d{4})[-/.](\d{1,2})$`)
	dateBasic    = pattern(`^(\d{4})(\d{2})(\d{2})$`)
	dateNoYear   = pattern(`^--(\d{1,2})-?(\d{2})$`)
	dateYear     = pattern(`^(\d{4})$`)
	dateThree    = pattern(`^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})$`)
	dateEast     = pattern(`^(?:(\d{4}|\d{2})[年년])?(?:(\d{1,2})[月월](?:(\d{1,2})[日号號일])?)?$`)
	dateTime     = pattern(`^(.*\d)(?:[Tt]|[年月日.,]?\s+)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?\s*(?:[Zz]|UTC|GMT|[+-]\d{2}:?\d{2})?$`)
)

// months by their beginnings in English, German, French, Spanish, Italian, Portuguese and Dutch, folded.
var monthNames = []struct {
	names string
	month int
}{
	{"jan janv january januar janvier enero ene gennaio gen janeiro januari janner jaenner", 1}, {"feb fev fevr february februar fevrier febrero febbraio fevereiro februari feber", 2},
	{"mar mars mrz march marz maerz marzo marco maart mrt", 3}, {"apr avr abr april avril abril aprile", 4}, {"may mai mayo mag maggio maio mei", 5},
	{"jun june juni juin junio giu giugno junho", 6}, {"jul july juli juil juillet julio lug luglio julho", 7}, {"aug august aout agosto ago augustus", 8},
	{"sep sept september septembre septiembre set settembre setembro", 9}, {"oct okt october oktober octobre octubre ott ottobre out outubro", 10},
	{"nov november novembre noviembre novembro", 11}, {"dec dez december dezember decembre diciembre dic dicembre dezembro", 12},
}

var monthByName = func() map[string]int {
	m := make(map[string]int)
	for _, e := range monthNames {
		for w := range strings.FieldsSeq(e.names) {
			m[w] = e.month
		}
	}
	return m
}()

// ParseDate reads a birthday or another day as people and programs write it: 1984-03-02, 19840302, 02.03.1984 (always day
// first), 3/2/1984 by the given order, --03-02 without the year, 1984, "12 Mar 2024", "March 2, 1984", 1984年3月2日; digits
// of any script; a time of day behind it is left out, unread. Where the order is unknown and day and month could be
// swapped, only the year is returned. Years of two digits from 30 mean the 1900s. The years 0000 and 1604, which address
// books write for "unknown", are unknown. Errors wrap ErrDate.
func ParseDate(raw string, order DateOrder) (Date, error) {
	s := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '0' + digitValue(r)
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, width.Fold.String(strings.ToValidUTF8(raw, "?")))
	s = strings.Trim(s, " '\"")
	if len(s) > 64 {
		return Date{}, ErrDate
	}
	if m := dateTime().FindStringSubmatch(s); m != nil {
		s = strings.TrimSpace(m[1])
	}
	s = strings.TrimRight(s, " ,")

	if m := dateISO().FindStringSubmatch(s); m != nil {
		return checkDate(m[1], m[2], m[3])
	}
	if m := dateBasic().FindStringSubmatch(s); m != nil {
		return checkDate(m[1], m[2], m[3])
	}
	if m := dateISOMonth().FindStringSubmatch(s); m != nil {
		return checkDate(m[1], m[2], "")
	}
	if m := dateNoYear().FindStringSubmatch(s); m != nil {
		return checkDate("", m[1], m[2])
	}
	if m := dateYear().FindStringSubmatch(s); m != nil {
		return checkDate(m[1], "", "")
	}
	if m := dateThree().FindStringSubmatch(s); m != nil {
		return threeParts(m[1], m[3], m[4], m[2], order)
	}
	if m := dateEast().FindStringSubmatch(strings.ReplaceAll(s, " ", "")); m != nil && (m[1] != "" || m[3] != "") {
		return checkDate(m[1], m[2], m[3])
	}
	return namedMonth(s)
}

func threeParts(a, b, year, sign string, order DateOrder) (Date, error) {
	if sign == "." {
		order = OrderDMY // nobody writes the month first with dots
	}
	x, y := atoi(a), atoi(b)
	switch {
	case x > 12 && y <= 12 || order == OrderDMY && (y <= 12 || x > 12) || x == y:
		return checkDate(year, b, a)
	case y > 12 && x <= 12 || order == OrderMDY:
		return checkDate(year, a, b)
	}
	if _, err := checkDate(year, a, b); err != nil {
		return Date{}, err
	}
	return checkDate(year, "", "")
}

// namedMonth reads a date with its month in letters: the month, a day with or without an ending, a year, in any order.
func namedMonth(s string) (Date, error) {
	var year, day string
	month := 0
	for w := range strings.FieldsSeq(FoldName(s)) {
		digits := strings.TrimRightFunc(w, unicode.IsLetter)
		switch {
		case digits == "" && monthByName[w] > 0 && month == 0:
			month = monthByName[w]
		case digits == "" && (w == "de" || w == "of" || w == "the" || w == "del" || isWeekday(w)):
		case digits == w && len(w) == 4 && year == "":
			year = w
		case len(digits) > 0 && len(digits) <= 2 && day == "" && asciiDigits(digits) == digits && isOrdinal(w[len(digits):]):
			day = digits
		case digits == w && len(w) == 2 && day != "" && year == "":
			year = w
		default:
			return Date{}, ErrDate
		}
	}
	if month == 0 || year == "" && day == "" {
		return Date{}, ErrDate
	}
	return checkDate(year, strconv.Itoa(month), day)
}

func isOrdinal(s string) bool {
	switch s {
	case "", "st", "nd", "rd", "th", "er", "o", "a", "e":
		return true
	}
	return false
}

func isWeekday(w string) bool {
	switch w {
	case "mon", "monday", "tue", "tues", "tuesday", "wed", "wednesday", "thu", "thur", "thurs", "thursday", "fri", "friday", "sat", "saturday", "sun", "sunday",
		"montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "mo", "di", "mi", "do", "fr", "sa", "so":
		return true
	}
	return false
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// checkDate turns texts, "" for unknown, into a day that exists.
func checkDate(year, month, day string) (Date, error) {
	d := Date{Year: atoi(year), Month: atoi(month), Day: atoi(day)}
	if len(year) == 2 {
		d.Year += 1900
		if d.Year < 1930 {
			d.Year += 100
		}
	}
	if d.Year == 1604 { // how Apple's address book says that the year is not known
		d.Year = 0
	}
	switch {
	case d.Year != 0 && (d.Year < minYear || d.Year > maxYear),
		month != "" && (d.Month < 1 || d.Month > 12),
		day != "" && (d.Day < 1 || d.Day > daysIn(d.Year, d.Month)),
		d.Year == 0 && (d.Month == 0 || d.Day == 0):
		return Date{}, fmt.Errorf("%w: there is no such day", ErrDate)
	}
	return d, nil
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year == 0 || year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
