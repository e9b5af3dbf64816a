package followup

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func jana() Customer {
	return Customer{Name: "Jana Köhler", Grade: "A", Stage: "customer", Tags: []string{"Wholesale", "köln"}, Orders: 3, Net: map[string]float64{"EUR": 1200.5},
		LastOrder: 70, LastTouch: Never, HasEmail: true}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	env := map[string]any{"customer": jana(), "order": Order{Net: 1000, Currency: "EUR", Names: []string{"Telescope", "mount"}, First: true}}
	for source, want := range map[string]bool{
		`has(customer.tags, "wholesale") && customer.last_order_days > 60`:  true,
		`order.net >= 1000 && customer.grade == "A"`:                        true,
		`customer.net.EUR > 1200 && customer.net["USD"] == 0`:               true,
		`customer.last_touch_days > 10000`:                                  true,
		`customer.grade in ["A", "B"] and not (customer.stage == "former")`: true,
		`any(order.names, # contains "mount")`:                              true,
		`count(customer.tags, # startsWith "k") == 1`:                       true,
		`none(customer.tags, lower(#) == "wholesale")`:                      false,
		`customer.name matches "^Jana"`:                                     true,
		`len(customer.name) == 11`:                                          true,
		`order.first ? customer.orders == 3 : false`:                        true,
		`max(customer.orders, 10) - 4 == 6`:                                 true,
		`customer.orders / 0 > 1`:                                           true, // an endless amount, as numbers have it
		`!customer.has_email || customer.orders < 2`:                        false,
	} {
		c, err := Compile(source, "order")
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := c.Holds(env); got != want {
			t.Errorf("%s is %v", source, got)
		}
		if len(c.Explain(env)) == 0 {
			t.Errorf("%s is not explained", source)
		}
	}
}

// What is wrong is told with the character that is meant, and the nearest name.
func TestWrongConditions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source string
		code   Code
		at     int
		arg    string
	}{
		{``, CodeEmpty, 1, ""},
		{`customer.grde == "A"`, CodeUnknown, 10, "near=customer.grade"},
		{`custmer.grade == "A"`, CodeUnknown, 1, "near=customer"},
		{`message.subject == "x"`, CodeForeign, 1, "name=message"},
		{`customer.grade > 3`, CodeType, 18, "is=number"},
		{`customer.grade`, CodeType, 10, "wants=yes or no"},
		{`customer.orders && true`, CodeType, 10, "is=number"},
		{`customer.grade == "A" &&`, CodeSyntax, 24, ""},
		{`now() > 3`, CodeUnknown, 1, "name=now()"},
		{`hass(customer.tags, "x")`, CodeUnknown, 1, "near=has"},
		{`customer.name matches customer.city`, CodeRefused, 32, ""},
		{`customer.name matches "("`, CodeSyntax, 23, ""},
		{`len(1..1000000) > 3`, CodeRefused, 6, ""},
		{`let x = customer.name; x == "y"`, CodeRefused, 5, ""},
		{`any(customer.tags, any(customer.tags, # == "x"))`, CodeRefused, 20, ""},
		{`customer["name"] == "x" && customer.tags[0] == "x"`, CodeRefused, 41, ""},
		{`map(customer.tags, #) == 3`, CodeUnknown, 1, "name=map()"},
		{`repeat("x", 1000000) == "x"`, CodeUnknown, 1, "name=repeat()"},
		{`customer.name + customer.name == "x"`, CodeType, 10, "is=text"},
		{`$env == 3`, CodeUnknown, 1, ""},
		{strings.Repeat("true && ", 400) + "true", CodeLong, 2001, ""},
	} {
		_, err := Compile(c.source, "order")
		e, ok := err.(*Error)
		if !ok || e.Code != c.code || e.At != c.at {
			t.Errorf("%.60s: %v at %d, want %s at %d", c.source, err, at0(e), c.code, c.at)
			continue
		}
		if name, want, _ := strings.Cut(c.arg, "="); c.arg != "" && e.Args[name] != want {
			t.Errorf("%s: %s is %q", c.source, name, e.Args[name])
		}
	}
}

func at0(e *Error) int {
	if e == nil {
		return 0
	}
	return e.At
}

// Whatever is typed, there is a condition that can be asked and explained, or an own error that
// points into the text.
func FuzzCondition(f *testing.F) {
	for _, s := range []string{`customer.grade == "A"`, `has(customer.tags, "x") || order.net > 3.5`, `any(order.skus, # == "a")`, `1 in [1, 2]`, "\x00", `-"a"`, `customer.net.EUR % 2 == 0`, `{1: 2}`, `customer?.name`, `"\u`} {
		f.Add(s)
	}
	env := map[string]any{"customer": jana(), "order": Order{Names: []string{"x"}}}
	f.Fuzz(func(t *testing.T, source string) {
		c, err := Compile(source, "order")
		if err == nil {
			c.Holds(env)
			c.Explain(env)
			return
		}
		e, ok := err.(*Error)
		if !ok || e.At < 1 || e.At > len([]rune(source))+1 {
			t.Errorf("%q: %v at %d", source, err, at0(e))
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"Dear {{customer.given|you}}", "{{", "}}{{}}", "{{customer.name}}{{order.net}}", "{{customer.tags}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		x, err := ParseText(source, "order")
		if err == nil {
			x.Write(map[string]any{"customer": jana()}, false)
			return
		}
		if e, ok := err.(*Error); !ok || e.At < 1 || e.At > len([]rune(source))+3 {
			t.Errorf("%q: %v", source, err)
		}
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	_, err := ParseText("Dear {{customer.given|friend}}, your {{ order.number }}")
	if e, ok := err.(*Error); !ok || e.Code != CodeUnknown || e.Args["name"] != "order.number" || e.At != 40 {
		t.Fatalf("%v at %d", err, at0(e))
	}
	x, err := ParseText("Dear {{customer.given|friend}}, {{customer.name}}")
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]any{"customer": Customer{Name: "Eve\r\nBcc: all@x.example <b>&"}}
	if got := x.Write(env, true); got != "Dear friend, Eve Bcc: all@x.example <b>&" {
		t.Errorf("%q", got)
	}
	if got := x.HTML(env); got != "Dear friend, Eve Bcc: all@x.example &lt;b&gt;&amp;" {
		t.Errorf("%q", got)
	}
	_, err = ParseText("Dear {{customer.givn}}")
	if e, ok := err.(*Error); !ok || e.Args["near"] != "customer.given" || e.At != 8 {
		t.Errorf("%v", err)
	}
}

type weekdays struct{}

func (weekdays) Workday(d time.Time) bool {
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}
func (weekdays) AddHours(t time.Time, d time.Duration, _ *time.Location) time.Time { return t.Add(d) }
func (weekdays) AddWorkdays(t time.Time, n int, loc *time.Location) time.Time {
	return t.In(loc).AddDate(0, 0, n)
}

// A birthday comes once a year, on the morning of the day where the customer is, whatever the clock
// does there; on 29 February's the 28th where there is none.
func TestBirthdays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		loc, err := time.LoadLocation(rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "Pacific/Apia", "UTC"}).Draw(rt, "zone"))
		if err != nil {
			rt.Fatal(err)
		}
		born := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 365).Draw(rt, "day")) // a leap year
		year := rapid.IntRange(2025, 2032).Draw(rt, "year")
		layout := rapid.SampledFrom([]string{"2006-01-02", "--01-02", "01-02", "--0102", "20060102"}).Draw(rt, "layout")
		r, _ := Ready(Birthday)
		f := &Facts{Zone: loc, Work: loc, Birthday: born.Format(layout)}
		keys := map[string]time.Time{}
		for now := time.Date(year, 1, 1, 0, 0, 0, 0, loc); now.Year() == year; now = now.Add(37 * time.Hour) {
			for _, o := range r.Occasions(f, now, weekdays{}) {
				if at, ok := keys[o.Key]; ok && !at.Equal(o.At) {
					rt.Fatalf("%s came at %s and %s", o.Key, at, o.At)
				}
				keys[o.Key] = o.At
			}
		}
		at := keys["b:"+time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC).Format("2006")].In(loc)
		want := born
		if born.Month() == time.February && born.Day() == 29 && time.Date(year, 2, 29, 0, 0, 0, 0, time.UTC).Month() != time.February {
			want = born.AddDate(0, 0, -1)
		}
		if at.Year() != year || at.Month() != want.Month() || at.Day() != want.Day() || at.Hour() != morning {
			rt.Fatalf("born %s: %s", born.Format(layout), at)
		}
	})
	for _, none := range []string{"", "soon", "1990-02-30", "--13-01", "1990"} {
		r, _ := Ready(Birthday)
		if o := r.Occasions(&Facts{Zone: time.UTC, Birthday: none}, time.Now(), weekdays{}); len(o) != 0 {
			t.Errorf("%q: %v", none, o)
		}
	}
}

// What waits for an answer is what people wrote since our last word; the same thing keeps its key
// when an older message is told later.
func TestWaiting(t *testing.T) {
	t.Parallel()
	at := func(h int) time.Time { return time.Date(2026, 11, 2, h, 0, 0, 0, time.UTC) }
	in := func(h int, key string) Touch { return Touch{Key: key, At: at(h)} }
	r, _ := Ready(Unanswered)
	f := &Facts{Zone: time.UTC, Work: time.UTC, Touches: []Touch{in(12, "c"), {Key: "auto", At: at(11), Out: true, Automatic: true},
		{Key: "thanks", At: at(10), Thanks: true}, in(9, "b"), {Key: "list", At: at(8), Automatic: true}, {Key: "we", At: at(7), Out: true}, in(6, "a")}}
	o := r.Occasions(f, at(20), weekdays{})
	if len(o) != 1 || o[0].Key != "m:b" || len(o[0].Also) != 1 || o[0].Also[0] != "m:c" || !o[0].At.Equal(at(17)) || o[0].Args["n"] != "2" {
		t.Fatalf("%+v", o)
	}
	f.Touches = append([]Touch{{Key: "call", At: at(13), Call: true}}, f.Touches...)
	if o := r.Occasions(f, at(20), weekdays{}); len(o) != 0 {
		t.Errorf("a call answers: %+v", o)
	}
}

func TestThanks(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		"Thanks!": true, "Thank you very much.\n\nBest regards\nJana": true, "谢谢您！": true, "收到，谢谢": true, "Vielen Dank!": true, "ok": true,
		"Thanks, could you call me?": false, "Please call me": false, "Thanks. Order 5 more": false, "谢谢，请寄样品": false, "": false, "Best regards": false,
		"Jana": false, "您好": false, "Danke, aber das Teil fehlt noch immer": false,
	} {
		if got := Thanks(body, "Jana"); got != want {
			t.Errorf("%q: %v", body, got)
		}
	}
}
