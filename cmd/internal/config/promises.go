package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Promises is the section promises: how promises that are found in mail are asked about and closed.
type Promises struct {
	Ask   int           // questions put to one person in a day; -1: none; 0 where it is not said
	Lapse time.Duration // after which a question is dropped; 0 where it is not said
	Age   time.Duration // how old mail may be that is read; 0 where it is not said
	Close string        // ask, sure; "" where it is not said
}

// promiseKeys are the keys below promises:.
var promiseKeys = []string{"ask", "lapse", "age", "close"}

func (f *File) promises(n ast.Node, at fault) error {
	return f.pairs("promises", n, at, func(key string, value ast.Node) error {
		if !slices.Contains(promiseKeys, key) {
			p := f.places["promises."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": "promises." + key, "near": Nearest(key, promiseKeys), "keys": strings.Join(promiseKeys, ", ")})
		}
		line, column := position(value)
		words, ok := texts(value, false)
		if i, number := value.(*ast.IntegerNode); number {
			words, ok = []string{i.Token.Value}, true
		}
		if !ok {
			return at("config_not_text", line, column, state.Args{"key": "promises." + key})
		}
		if len(words) == 0 || strings.TrimSpace(words[0]) == "" {
			return nil
		}
		if code, args := f.Promises.set(key, strings.ToLower(strings.TrimSpace(words[0]))); code != "" {
			return at(code, line, column, args)
		}
		return nil
	})
}

func (p *Promises) set(key, v string) (wrong string, args state.Args) {
	args = state.Args{"key": "promises." + key, "value": v}
	switch key {
	case "ask":
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > 1000 {
			return "config_promise_ask", args
		}
		p.Ask = n
		if n == 0 {
			p.Ask = -1
		}
	case "lapse", "age":
		d, ok := dayCount(v)
		if !ok {
			return "bad_days", args
		}
		if key == "age" {
			p.Age = d
		} else {
			p.Lapse = d
		}
	case "close":
		choices := []string{service.CloseAsk, service.CloseSure}
		if !slices.Contains(choices, v) {
			args["choices"], args["near"] = strings.Join(choices, ", "), Nearest(v, choices)
			return "config_choice", args
		}
		p.Close = v
	}
	return "", nil
}

var dayWords = regexp.MustCompile(`^(\d{1,4}) ?(?:d|days?|天)?$`)

// dayCount reads a number of days: 14d, 14 days, 14.
func dayCount(v string) (time.Duration, bool) {
	m := dayWords.FindStringSubmatch(v)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return time.Duration(n) * 24 * time.Hour, err == nil && n >= 1 && n <= 3650
}

// String is the section in a line, as "kept config show" has it.
func (p Promises) String() string {
	var parts []string
	if p.Ask != 0 {
		parts = append(parts, fmt.Sprintf("ask %d", max(p.Ask, 0)))
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{{"lapse", p.Lapse}, {"age", p.Age}} {
		if d.d != 0 {
			parts = append(parts, fmt.Sprintf("%s %dd", d.name, int(d.d/(24*time.Hour))))
		}
	}
	if p.Close != "" {
		parts = append(parts, "close "+p.Close)
	}
	return strings.Join(parts, ", ")
}

// Config is the section as the service wants it.
func (p Promises) Config() service.PromiseConfig {
	return service.PromiseConfig{Ask: p.Ask, Lapse: p.Lapse, Age: p.Age, Close: p.Close}
}
