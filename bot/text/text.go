// Package text is the one catalogue: from a code and its arguments to a sentence for people, in
// English and Chinese, with plurals, grouped numbers, money, dates and durations. It knows no chat
// system and no terminal; a text that names a command writes it the way its reader types it.
//
// A template holds arguments in braces and optional parts in brackets:
//
//	{name}            the argument as it is
//	{n#}              a whole number, grouped: 1,204
//	{n#order|orders}  a number with its noun, in the plural form of the language
//	{at@}             a time (RFC 3339) or date (2026-11-19) as a day: 19 Nov
//	{minor$}          minor units of the argument "currency" as money: €48,310.20
//	{kind%channel.}   the text under "channel." and the argument's value; the value where there is none
//	{kept}            how the reader calls us before a daily word: kept, /kept
//	{admin}           and before any other command, which a chat does not have: kept
//	[ for {field}]    left out where one of its arguments is absent or empty
package text

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/keptcrm/kept/state"
)

// The languages of the catalogue.
const (
	English = "en"
	Chinese = "zh"
)

var tags = []language.Tag{language.English, language.Chinese}

var matcher = language.NewMatcher(tags)

// Match gives the catalogue's language for a wish: a BCP 47 tag ("zh-CN"), a locale of the
// environment ("zh_CN.UTF-8") or a list as browsers send it. Anything unknown is English.
func Match(wish string) string {
	wish, _, _ = strings.Cut(wish, ".")
	wanted, _, err := language.ParseAcceptLanguage(strings.ReplaceAll(wish, "_", "-"))
	if err != nil || len(wanted) == 0 {
		return English
	}
	if _, i, c := matcher.Match(wanted...); c > language.No && i == 1 {
		return Chinese
	}
	return English
}

// Printer makes texts for one reader. It is a value: In and As give changed copies.
type Printer struct {
	lang string
	tag  language.Tag
	nums *message.Printer
	zone *time.Location
	now  time.Time
	kept string
}

// For makes a printer for a language, with dates in UTC and no present moment; see [Match].
func For(lang string) *Printer {
	p := &Printer{lang: Match(lang), tag: language.English, zone: time.UTC, kept: "kept"}
	if p.lang == Chinese {
		p.tag = language.Chinese
	}
	p.nums = message.NewPrinter(p.tag)
	return p
}

// In gives a printer for a reader in a zone (IANA name; "" or an unknown one is UTC) at a moment.
// With the zero moment all dates are absolute, with their year.
func (p *Printer) In(zone string, now time.Time) *Printer {
	q := *p
	q.now = now
	q.zone = time.UTC
	if loc, err := time.LoadLocation(zone); err == nil && zone != "Local" {
		q.zone = loc
	}
	return &q
}

// As gives a printer for a reader who calls us by another name: "/kept", "kept --state demo.db".
func (p *Printer) As(kept string) *Printer {
	q := *p
	if kept != "" {
		q.kept = kept
	}
	return &q
}

// Lang is the printer's language: [English] or [Chinese].
func (p *Printer) Lang() string { return p.lang }

// Command writes a command the way its reader types it: Command("find jana") is "kept find jana".
func (p *Printer) Command(words string) string { return p.kept + " " + words }

// chat says whether the reader writes commands as a chat has them, /kept; the path of a program,
// /usr/bin/kept, has more than one slash.
func (p *Printer) chat() bool {
	first, _, _ := strings.Cut(p.kept, " ")
	return strings.HasPrefix(first, "/") && strings.Count(first, "/") == 1
}

// Has says whether the catalogue has a text under a key.
func Has(key string) bool {
	_, ok := catalogue[key]
	return ok
}

// T gives the text under a key with its arguments. A key without text gives the key itself with
// the arguments, so that nothing is hidden.
func (p *Printer) T(key string, args ...state.Args) string {
	var a state.Args
	if len(args) > 0 {
		a = args[0]
	}
	t, ok := catalogue[key]
	if !ok {
		return strings.TrimPrefix((&state.Error{Code: key, Args: a}).Error(), "error.")
	}
	nodes := t.en
	if p.lang == Chinese {
		nodes = t.zh
	}
	var b strings.Builder
	p.write(&b, nodes, a)
	return b.String()
}

// Error gives the sentence for an error: what is wrong and what to do next. An error that the
// catalogue does not know is told by its code, never by its own words.
func (p *Printer) Error(err error) string {
	if err == nil {
		return ""
	}
	var known *state.Error
	var coded interface{ ErrorCode() string }
	e := state.AsError(err)
	if !errors.As(err, &known) && errors.As(err, &coded) {
		e = &state.Error{Code: coded.ErrorCode()}
	}
	if e.Code == "usage" && Has("usage."+e.Args["what"]) {
		return p.T("usage."+e.Args["what"], e.Args)
	}
	if Has("error." + e.Code) {
		return p.T("error."+e.Code, e.Args)
	}
	return p.T("error.unknown", state.Args{"code": e.Code})
}

// Evidence gives the sentence for a reason.
func (p *Printer) Evidence(e state.Evidence) string { return p.T("evidence."+e.Code, e.Args) }

// Term gives the word for a value of a fixed list ("channel", "email"); the value itself where the
// catalogue has none.
func (p *Printer) Term(list, value string) string {
	if key := list + "." + value; Has(key) {
		return p.T(key)
	}
	return value
}

func (p *Printer) write(b *strings.Builder, nodes []node, args state.Args) {
	for _, n := range nodes {
		switch {
		case n.optional != nil:
			if complete(n.optional, args) {
				p.write(b, n.optional, args)
			}
		case n.arg == "":
			b.WriteString(n.text)
		case n.isCall() && n.arg == "admin" && p.chat():
			b.WriteString("kept") // a chat has the daily words only
		case n.isCall():
			b.WriteString(p.kept)
		default:
			b.WriteString(p.arg(n, args))
		}
	}
}

func (p *Printer) arg(n node, args state.Args) string {
	v := args[n.arg]
	switch n.verb {
	case '#':
		i, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return v
		}
		if n.text == "" {
			return p.Number(i)
		}
		return p.Count(i, strings.Split(n.text, "|")...)
	case '@':
		return p.dateArg(v)
	case '$':
		i, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return v
		}
		return p.Money(state.Money{Minor: i, Currency: args["currency"]})
	case '%':
		return p.Term(strings.TrimSuffix(n.text, "."), v)
	}
	return v
}

// Number groups a whole number.
func (p *Printer) Number(n int64) string { return p.nums.Sprint(number.Decimal(n)) }

// Count gives a number with its noun: forms are one and other in English, one form in Chinese.
func (p *Printer) Count(n int64, forms ...string) string {
	// The rules of plurals look at the last digits and at whether there are more.
	last := int(n % 1_000_000)
	if n != int64(last) {
		last += 1_000_000
	}
	if last < 0 {
		last = -last
	}
	form := forms[len(forms)-1]
	if len(forms) > 1 && plural.Cardinal.MatchPlural(p.tag, last, 0, 0, 0, 0) == plural.One {
		form = forms[0]
	}
	return p.Number(n) + " " + form
}

func complete(nodes []node, args state.Args) bool {
	for _, n := range nodes {
		if n.arg != "" && !n.isCall() && args[n.arg] == "" {
			return false
		}
	}
	return true
}
