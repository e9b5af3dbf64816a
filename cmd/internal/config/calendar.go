package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/promise"
)

// Calendar is what kept.yaml says under calendar: which days and hours are worked.
type Calendar struct {
	Countries []string // codes, as [promise.Countries] has them
	Files     []string // calendar files; relative paths are relative to kept.yaml's folder
	Hours     []string // as [promise.ParseHours] reads them
	Weekend   []string // the days of the week that are not worked; nil where it is not said
}

// calendarKeys are the keys below calendar:.
var calendarKeys = []string{"countries", "files", "hours", "weekend"}

// calendar checks everything but the files, which Load reads.
func (f *File) calendar(n ast.Node, at fault) error {
	err := f.pairs("calendar", n, at, func(key string, value ast.Node) error {
		if !slices.Contains(calendarKeys, key) {
			p := f.places["calendar."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": "calendar." + key, "near": Nearest(key, calendarKeys), "keys": strings.Join(calendarKeys, ", ")})
		}
		nodes := []ast.Node{value}
		if list, ok := value.(*ast.SequenceNode); ok {
			nodes = list.Values
			if key == "weekend" {
				f.Calendar.Weekend = []string{}
			}
		}
		for _, one := range nodes {
			line, column := position(one)
			words, ok := texts(one, false)
			switch {
			case ok:
			case key == "hours": // within braces a bare 09:00 can look like a key
				return at("config_hours", line, column, state.Args{"value": strings.TrimSpace(one.String())})
			default:
				return at("config_not_text", line, column, state.Args{"key": "calendar." + key})
			}
			for _, w := range words {
				w = strings.TrimSpace(w)
				if code, args := f.Calendar.add(key, w); code != "" {
					args["value"] = w
					return at(code, line, column, args)
				}
				if key == "files" {
					f.places["calendar.files."+w] = place{line, column}
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, ok := promise.ParseHours(f.Calendar.Hours...); !ok && f.Calendar.Hours != nil {
		p := f.places["calendar.hours"]
		return at("config_hours", p.line, p.column, state.Args{"value": strings.Join(f.Calendar.Hours, ", ")})
	}
	if _, err := promise.NewCalendar(f.Calendar.rules()); err != nil {
		p := f.places["calendar.weekend"]
		return at("config_no_workday", p.line, p.column, nil)
	}
	return nil
}

// add checks and stores one value; it returns the code of what is wrong with it.
func (c *Calendar) add(key, v string) (wrong string, args state.Args) {
	args = state.Args{}
	switch {
	case v == "":
	case key == "countries":
		code, ok := promise.KnownCountry(v)
		if !ok {
			args["countries"] = strings.Join(promise.Countries(), ", ")
			if len(v) > 2 { // any two letters are near to any other two
				args["near"] = Nearest(strings.ToUpper(v), promise.Countries())
			}
			return "config_country", args
		}
		c.Countries = append(c.Countries, code)
	case key == "files":
		c.Files = append(c.Files, v)
	case key == "hours":
		if _, ok := promise.ParseHours(v); !ok {
			return "config_hours", args
		}
		c.Hours = append(c.Hours, v)
	case key == "weekend":
		d, ok := promise.ParseWeekday(v)
		if !ok {
			return "config_weekday", args
		}
		c.Weekend = append(c.Weekend, strings.ToLower(d.String()[:3]))
	}
	return "", nil
}

// rules are what is said, without the files.
func (c *Calendar) rules() promise.CalendarRules {
	r := promise.CalendarRules{Countries: c.Countries}
	r.Hours, _ = promise.ParseHours(c.Hours...) // none said are the usual ones; what was said has been checked
	if c.Weekend != nil {
		r.Weekend = []time.Weekday{}
	}
	for _, w := range c.Weekend {
		d, _ := promise.ParseWeekday(w) // checked when it was added
		r.Weekend = append(r.Weekend, d)
	}
	return r
}

// loadCalendar reads the calendar files and makes the calendar; nil where kept.yaml says nothing of it.
func (f *File) loadCalendar() error {
	if f.Lines["calendar"] == 0 {
		return nil
	}
	r := f.Calendar.rules()
	for _, name := range f.Calendar.Files {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(f.Path), path)
		}
		h, err := readHolidays(path, f.Path, f.places["calendar.files."+name])
		if err != nil {
			return err
		}
		r.Files = append(r.Files, h)
	}
	c, err := promise.NewCalendar(r)
	if err != nil {
		return err // it was made without its files when it was checked
	}
	f.WorkingDays = c
	return nil
}

// readHolidays reads a calendar file that kept.yaml names at a place.
func readHolidays(file, kept string, p place) (promise.Holidays, error) {
	none := promise.Holidays{}
	line, column := strconv.Itoa(p.line), strconv.Itoa(p.column)
	opened, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return none, &state.Error{Class: state.Invalid, Code: "calendar_missing", Args: state.Args{"path": kept, "line": line, "column": column, "file": file}, Cause: err}
	}
	var content []byte
	if err == nil {
		content, err = io.ReadAll(io.LimitReader(opened, promise.MaxHolidays+1))
		_ = opened.Close() // it was only read
	}
	if err != nil {
		return none, &state.Error{Class: state.Failed, Code: "calendar_unreadable", Args: state.Args{"path": kept, "line": line, "column": column, "file": file}, Cause: err}
	}
	h, err := promise.ParseHolidays(content)
	var bad *promise.Error
	if errors.As(err, &bad) {
		return none, &state.Error{Class: state.Invalid, Code: string(bad.Code), Args: state.Args{"path": kept, "line": line, "file": file, "at": bad.Args["line"], "value": bad.Args["value"]}}
	}
	return h, err
}

// String is what is said of the calendar, on one line.
func (c *Calendar) String() string {
	var parts []string
	for _, p := range [][]string{c.Countries, c.Files, c.Hours} {
		if len(p) > 0 {
			parts = append(parts, strings.Join(p, ", "))
		}
	}
	if c.Weekend != nil {
		parts = append(parts, "weekend "+strings.Join(c.Weekend, ", "))
	}
	return strings.Join(parts, "; ")
}
