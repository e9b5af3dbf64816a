package cmd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// showCalendar tells "kept config show" which days and hours are worked.
func (s settings) showCalendar(show func(key, value, from string)) {
	if line := s.file.Lines["calendar"]; line > 0 {
		show("calendar", s.file.Calendar.String(), fmt.Sprintf("%s:%d", s.file.Path, line))
	}
}

// nextYearFrom is the month from which on next year's holidays should be known; China's come out in October or November.
const nextYearFrom = time.October

// calendar looks whether the holidays of this year, and from October on of the next, are known in each configured country.
func (d *doctor) calendar(s settings) {
	c := s.file.WorkingDays
	if len(c.Countries()) == 0 {
		return
	}
	d.area = "calendar"
	now := d.f.o.Now()
	if loc, err := time.LoadLocation(s.zone); err == nil {
		now = now.In(loc)
	}
	years := []int{now.Year()}
	if now.Month() >= nextYearFrom {
		years = append(years, now.Year()+1)
	}
	missing := false
	for _, y := range years {
		if countries := c.Missing(y); len(countries) > 0 {
			missing = true
			d.say(warn, "calendar_missing", state.Args{"countries": strings.Join(countries, ", "), "year": strconv.Itoa(y), "path": s.file.Path})
		}
	}
	if !missing {
		args := state.Args{"countries": strings.Join(c.Countries(), ", "), "from": strconv.Itoa(years[0])}
		if last := slices.Max(years); last > years[0] {
			args["to"] = strconv.Itoa(last)
		}
		d.say(pass, "calendar", args)
	}
}
