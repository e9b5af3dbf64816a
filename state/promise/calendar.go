package promise

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Calendar says which days and hours are worked. The nil Calendar is worked from Monday to Friday, 09:00 to 18:00, without
// holidays. A Calendar does not change once it is made, and may be used by several goroutines at once.
//
// Where countries are configured, those count in whose zones one works: of [CN, DE-SH] a date in Asia/Shanghai follows China's
// holidays alone, one in Europe/Berlin those of Schleswig-Holstein. In any other zone (UTC among them) a day is worked that is
// worked in all of them. Files count everywhere, and win over countries.
type Calendar struct {
	countries []country
	files     []Holidays
	hours     Hours
	weekend   [7]bool
	years     sync.Map // year tables that were asked for, by yearKey
}

// CalendarRules are what a Calendar is made of; the zero value gives Monday to Friday, 09:00 to 18:00, without holidays.
type CalendarRules struct {
	// Countries are codes such as CN, DE-BY, GB-SCT; see [Countries].
	Countries []string
	// Files are what was read of calendar files, by [ParseHolidays].
	Files []Holidays
	// Hours are the hours worked on a working day; zero is 09:00 to 18:00.
	Hours Hours
	// Weekend are the days of the week that are not worked; nil is Saturday and Sunday.
	Weekend []time.Weekday
}

// NewCalendar makes a calendar. It refuses a country that it does not know with CodeCountry ("country": the code), and a weekend
// of all seven days with CodeNoWorkday. The error is an *Error.
func NewCalendar(r CalendarRules) (*Calendar, error) {
	c := &Calendar{files: slices.Clone(r.Files), hours: r.Hours}
	for _, code := range r.Countries {
		k, ok := countryOf(code)
		if !ok {
			return nil, fail(CodeCountry, "country", code)
		}
		if !slices.ContainsFunc(c.countries, func(o country) bool { return o.code == k.code }) {
			c.countries = append(c.countries, k)
		}
	}
	if r.Weekend == nil {
		r.Weekend = []time.Weekday{time.Saturday, time.Sunday}
	}
	for _, w := range r.Weekend {
		c.weekend[w] = true
	}
	if !slices.Contains(c.weekend[:], false) {
		return nil, fail(CodeNoWorkday)
	}
	return c, nil
}

// Workday says whether the date that day shows in its own location is worked. Of a Calendar of several countries that location
// says which of them count.
func (c *Calendar) Workday(day time.Time) bool {
	return c.worked(civil(day), day.Location())
}

// Known says whether the holidays of a year are known in all countries. Holidays that follow from a rule are known of every year,
// China's only when the State Council has published them, or a file has make-up working days in that year.
func (c *Calendar) Known(year int) bool { return len(c.Missing(year)) == 0 }

// Missing are the configured countries whose holidays of a year are not known, in the order in which they were given. Until then
// those days are holidays which the law gives a fixed date.
func (c *Calendar) Missing(year int) []string {
	if c == nil {
		return nil
	}
	var out []string
	for _, k := range c.countries {
		if k.known != nil && !k.known(year) && !slices.ContainsFunc(c.files, func(f Holidays) bool { return f.makesUp(year) }) {
			out = append(out, k.code)
		}
	}
	return out
}

// Countries are the codes of the countries that are configured, as they are written.
func (c *Calendar) Countries() []string {
	if c == nil {
		return nil
	}
	var out []string
	for _, k := range c.countries {
		out = append(out, k.code)
	}
	return out
}

// yearKey names a table: the year, and a bit for each country that counts.
type yearKey struct {
	year  int
	scope uint64
}

// yearTable says of each day of a year, 1 January first, whether it is worked.
type yearTable [366]bool

// worked is Workday for a date (midnight UTC) in a zone.
func (c *Calendar) worked(day time.Time, loc *time.Location) bool {
	if c == nil {
		return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
	}
	if len(c.countries) == 0 && len(c.files) == 0 {
		return !c.weekend[day.Weekday()]
	}
	key := yearKey{year: day.Year(), scope: c.scope(loc)}
	t, ok := c.years.Load(key)
	if !ok {
		t, _ = c.years.LoadOrStore(key, c.table(key))
	}
	return t.(*yearTable)[day.YearDay()-1]
}

// scope are the countries that count in a zone, as bits; all of them where it is none of theirs.
func (c *Calendar) scope(loc *time.Location) (bits uint64) {
	if len(c.countries) < 2 {
		return 1
	}
	family := familyOf(loc.String())
	for i, k := range c.countries {
		if k.family == family {
			bits |= 1 << i
		}
	}
	if bits == 0 {
		bits = 1<<len(c.countries) - 1
	}
	return bits
}

func (c *Calendar) table(key yearKey) *yearTable {
	var sets []*daySet
	for i, k := range c.countries {
		if key.scope&(1<<i) == 0 {
			continue
		}
		s := newDaySet(key.year)
		k.holidays(s, key.year)
		k.holidays(s, key.year+1) // New Year's Day may be observed in December
		sets = append(sets, s)
	}
	own := newDaySet(key.year)
	for _, f := range c.files {
		f.in(own)
	}
	t := &yearTable{}
	for day := time.Date(key.year, time.January, 1, 0, 0, 0, 0, time.UTC); day.Year() == key.year; day = day.AddDate(0, 0, 1) {
		n := day.YearDay() - 1
		worked := !c.weekend[day.Weekday()]
		if len(sets) > 0 {
			plain := worked
			worked = true
			for _, s := range sets {
				worked = worked && !s.off[n] && (plain || s.on[n])
			}
		}
		t[n] = !own.off[n] && (worked || own.on[n])
	}
	return t
}

// daySet are days of one year that are off, and days that are worked although the week says otherwise.
type daySet struct {
	year    int
	off, on [366]bool
}

func newDaySet(year int) *daySet { return &daySet{year: year} }

// rest adds a day off; days of other years are passed over.
func (s *daySet) rest(day time.Time) {
	if day.Year() == s.year {
		s.off[day.YearDay()-1] = true
	}
}

// work adds a make-up working day.
func (s *daySet) work(day time.Time) {
	if day.Year() == s.year {
		s.on[day.YearDay()-1] = true
	}
}

// firstDay is the first day of the week: Sunday where that is worked and Saturday is not, else Monday.
func (c *Calendar) firstDay() time.Weekday {
	if c != nil && !c.weekend[time.Sunday] && c.weekend[time.Saturday] {
		return time.Sunday
	}
	return time.Monday
}

// weekLength is how many days of a week come before its weekend; 5 where that is Saturday and Sunday.
func (c *Calendar) weekLength() int {
	if c == nil {
		return 5
	}
	for n := 2; n < 7; n++ {
		if c.weekend[(int(c.firstDay())+n)%7] {
			return n
		}
	}
	return 7
}

// lastWorked is the last day at or before day, and not before first, that is worked; day itself where none is.
func (c *Calendar) lastWorked(day, first time.Time, loc *time.Location) time.Time {
	for d := day; !d.Before(first); d = d.AddDate(0, 0, -1) {
		if c.worked(d, loc) {
			return d
		}
	}
	return day
}

// KnownCountry says whether a code is that of a country whose holidays are known, in any case; it returns it as it is written.
func KnownCountry(code string) (string, bool) {
	k, ok := countryOf(code)
	return k.code, ok
}

// Countries are the codes that a calendar takes, in order.
func Countries() []string {
	var out []string
	for _, f := range families {
		out = append(out, f.code)
		for _, p := range f.parts {
			out = append(out, f.code+"-"+p)
		}
	}
	return out
}

func countryOf(code string) (country, bool) {
	name, part, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(code)), "-")
	for _, f := range families {
		if f.code != name || part != "" && !slices.Contains(f.parts, part) {
			continue
		}
		k := country{code: name, family: name, known: f.known, holidays: func(s *daySet, year int) { f.holidays(s, year, part) }}
		if part != "" {
			k.code += "-" + part
		}
		return k, true
	}
	return country{}, false
}
