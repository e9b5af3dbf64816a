package promise

import (
	"sort"
	"strings"
	"time"
)

// Due is the moment by which something was promised.
type Due struct {
	// At is the instant, in UTC, after which the promise is late. For a day it is the last second of that day in Zone, so
	// that it shows the right date there.
	At time.Time
	// Zone is the IANA name of the zone in which it was meant.
	Zone string
	// DateOnly says that a day was meant, not a time: late when that day has ended in Zone.
	DateOnly bool
	// Text is the due words as written, with their preposition.
	Text string
}

// Late says whether the due moment has gone by at now.
func Late(due Due, now time.Time) bool {
	if due.DateOnly {
		return !now.Before(due.At.Add(time.Second))
	}
	return now.After(due.At)
}

// Code says what was wrong with due words.
type Code string

// The codes of an Error, each with its arguments beside "words", which is always there.
const (
	CodeNotUnderstood Code = "due_not_understood" // no time could be read from the words
	CodePast          Code = "due_past"           // "at": the moment (RFC 3339, in the zone), absent where only "ago" was said
	CodeAmbiguous     Code = "due_ambiguous"      // "first", "second": the two readings as dates (2006-01-02)
	CodeNoSuchDay     Code = "due_no_such_day"    // a date that no calendar has, such as 31 November

	CodeCountry   Code = "calendar_country"    // "country": a code whose holidays are not known
	CodeNoWorkday Code = "calendar_no_workday" // a week without a working day

	// Of calendar files, each with "line" and, where it is about a value, that as "value".
	CodeNoCalendar    Code = "calendar_no_file" // no calendar file, or one that ends in its middle
	CodeCalendarLine  Code = "calendar_line"    // a line that is none of a calendar file
	CodeCalendarDate  Code = "calendar_date"    // no date, time or length
	CodeCalendarRule  Code = "calendar_rule"    // a recurrence that names no days
	CodeCalendarLarge Code = "calendar_large"   // larger than what is read
)

// Error is what ParseDue returns: a code and its arguments, for the catalogue to make a sentence of.
type Error struct {
	Code Code
	Args map[string]string
}

// Error is for logs; people get the catalogue's sentence for Code.
func (e *Error) Error() string {
	keys := make([]string, 0, len(e.Args))
	for k := range e.Args {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b strings.Builder
	b.WriteString(string(e.Code))
	for _, k := range keys {
		b.WriteString(" " + k + "=" + e.Args[k])
	}
	return b.String()
}

// Is makes errors.Is compare codes, so that a caller can ask for &Error{Code: CodePast}.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

func fail(code Code, kv ...string) *Error {
	e := &Error{Code: code, Args: map[string]string{}}
	for i := 0; i+1 < len(kv); i += 2 {
		e.Args[kv[i]] = kv[i+1]
	}
	return e
}

// Reader reads due words. The zero Reader knows no holidays and takes the zone's habit for "11/12".
type Reader struct {
	Calendar   *Calendar // which days are worked; nil is Monday to Friday, 09:00 to 18:00
	MonthFirst bool      // "11/12" is 12 November whatever the zone
	// Past takes times that lie back ("yesterday", a full date) as said: somebody notes afterwards
	// what was promised. Otherwise they are an error with CodePast.
	Past bool
}

// ParseDue reads words that consist of a due time and nothing else, as a person types them: "friday 12:00", "by end of next
// week", "下周三前". loc is the zone in which they are meant (nil is UTC) and must have an IANA name. The error is an *Error.
func ParseDue(words string, now time.Time, loc *time.Location) (Due, error) {
	return Reader{}.Parse(words, now, loc)
}

// FindDue finds the due words in a sentence; text[start:end] is what it read, with its preposition. Words that set a limit
// ("by", "within", 前, 内) win over a mere mention of a day, then the first wins. Times in the past, or that can be read in two
// ways, are passed over.
func FindDue(text string, now time.Time, loc *time.Location) (due Due, start, end int, ok bool) {
	return Reader{}.Find(text, now, loc)
}

// Parse is ParseDue with the reader's calendar and habits.
func (r Reader) Parse(words string, now time.Time, loc *time.Location) (Due, error) {
	c := r.context(now, loc)
	c.strict = true
	trimmed := strings.TrimSpace(words)
	hits := c.hits(trimmed, true)
	for _, h := range hits {
		if h.err == nil {
			return h.due, nil
		}
	}
	if len(hits) > 0 {
		hits[0].err.Args["words"] = trimmed
		return Due{}, hits[0].err
	}
	return Due{}, fail(CodeNotUnderstood, "words", trimmed)
}

// Find is FindDue with the reader's calendar and habits.
func (r Reader) Find(text string, now time.Time, loc *time.Location) (due Due, start, end int, ok bool) {
	best := hit{}
	for _, h := range r.context(now, loc).hits(text, false) {
		if h.err != nil {
			continue
		}
		better := !ok || h.strong && !best.strong ||
			h.strong == best.strong && (h.start < best.start || h.start == best.start && h.end > best.end)
		if better {
			best, ok = h, true
		}
	}
	return best.due, best.start, best.end, ok
}

func (r Reader) context(now time.Time, loc *time.Location) *context {
	if loc == nil {
		loc = time.UTC
	}
	return &context{now: now, loc: loc, today: civil(now.In(loc)), cal: r.Calendar, monthFirst: r.MonthFirst || inUnitedStates(loc.String()), past: r.Past}
}

// hit is one due expression in a text: understood (err nil) or recognised and wrong (err set).
type hit struct {
	due        Due
	err        *Error
	start, end int
	strong     bool // the words set a limit, rather than mention a day
}

// hits reads text in both languages. With whole only an expression that is the entire text counts.
func (c *context) hits(text string, whole bool) []hit {
	var out []hit
	add := func(t term, start, end int) {
		h := hit{start: start, end: end, strong: t.strong}
		h.due, h.err = c.resolve(t)
		h.due.Text = text[start:end]
		out = append(out, h)
	}
	han := hasHan(text)
	if whole || !han || strings.ContainsAny(strings.ToLower(text), "0123456789abcdefghijklmnopqrstuvwxyz") {
		readEnglish(c, text, whole, add)
	}
	if han {
		readChinese(c, text, whole, add)
	}
	return out
}

// inUnitedStates lists the zones where a date such as 11/12 is month first to nearly everybody who lives there.
func inUnitedStates(zone string) bool {
	switch zone {
	case "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix", "America/Detroit",
		"America/Boise", "America/Anchorage", "America/Juneau", "America/Sitka", "America/Nome", "America/Adak",
		"America/Metlakatla", "America/Yakutat", "America/Menominee", "Pacific/Honolulu", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT":
		return true
	}
	for _, p := range []string{"US/", "America/Indiana/", "America/Kentucky/", "America/North_Dakota/"} {
		if strings.HasPrefix(zone, p) {
			return true
		}
	}
	return false
}
