package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// gateKeys are the keys below gate:.
var gateKeys = []string{"silence", "sales_silence", "caps", "hours"}

var (
	gateOutcomes = []string{"yes", "ask", "no"}
	gateChannels = []string{"email", "phone", "sms", "post", "social"}
	gatePurposes = []string{"marketing", "sales"}
)

// gate reads what is said of who may be contacted.
func (f *File) gate(n ast.Node, at fault) error {
	return f.pairs("gate", n, at, func(key string, value ast.Node) error {
		switch key {
		case "silence":
			return f.silence(value, at, "marketing", key)
		case "sales_silence":
			return f.silence(value, at, "sales", key)
		case "caps":
			return f.caps(value, at)
		case "hours":
			return f.gateHours(value, at)
		}
		p := f.places["gate."+key]
		return at("config_unknown_key", p.line, p.column, state.Args{"key": "gate." + key, "near": Nearest(key, gateKeys), "keys": strings.Join(gateKeys, ", ")})
	})
}

// silence reads what it means that nothing was ever said: an outcome for each country and "default",
// or for each channel of one.
func (f *File) silence(n ast.Node, at fault, purpose, section string) error {
	return f.pairs("gate."+section, n, at, func(key string, value ast.Node) error {
		p := f.places["gate."+section+"."+key]
		rule := service.GateSilence{Purpose: purpose}
		if key != "default" {
			country, ok := Region(key)
			if !ok {
				return at("config_gate_country", p.line, p.column, state.Args{"value": key})
			}
			rule.Country = country
		}
		if _, nested := mapping(value); !nested {
			outcome, err := choice(value, at, "gate."+section+"."+key, gateOutcomes)
			rule.Outcome = outcome
			f.Gate.Silence = append(f.Gate.Silence, rule)
			return err
		}
		return f.pairs("gate."+section+"."+key, value, at, func(channel string, value ast.Node) error {
			if !slices.Contains(gateChannels, channel) {
				p := f.places["gate."+section+"."+key+"."+channel]
				return at("config_unknown_key", p.line, p.column, state.Args{"key": channel, "near": Nearest(channel, gateChannels), "keys": strings.Join(gateChannels, ", ")})
			}
			one := rule
			one.Channel = channel
			var err error
			one.Outcome, err = choice(value, at, channel, gateOutcomes)
			f.Gate.Silence = append(f.Gate.Silence, one)
			return err
		})
	})
}

// choice reads one of a few words.
func choice(n ast.Node, at fault, key string, choices []string) (string, error) {
	line, column := position(n)
	values, ok := texts(n, false)
	if !ok || len(values) != 1 {
		return "", at("config_not_text", line, column, state.Args{"key": key})
	}
	v := strings.ToLower(strings.TrimSpace(values[0]))
	if !slices.Contains(choices, v) {
		return "", at("config_choice", line, column, state.Args{"key": key, "value": values[0], "near": Nearest(v, choices), "choices": strings.Join(choices, ", ")})
	}
	return v, nil
}

// capKeys are the keys of a cap.
var capKeys = []string{"purpose", "channel", "max", "days"}

func (f *File) caps(n ast.Node, at fault) error {
	line, column := position(n)
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return at("config_not_list", line, column, state.Args{"key": "gate.caps"})
	}
	f.Gate.Caps = []service.GateCap{}
	for i, one := range list.Values {
		line, column := position(one)
		c := service.GateCap{Max: -1}
		path := "gate.caps." + strconv.Itoa(i)
		err := f.pairs(path, one, at, func(key string, value ast.Node) error {
			line, column := position(value)
			var err error
			switch key {
			case "purpose":
				c.Purpose, err = choice(value, at, "gate.caps.purpose", gatePurposes)
				return err
			case "channel":
				c.Channel, err = choice(value, at, "gate.caps.channel", gateChannels)
				return err
			case "max", "days":
				values, ok := scalars(value, false)
				if !ok || len(values) != 1 {
					return at("config_gate_number", line, column, state.Args{"key": "gate.caps." + key, "value": strings.TrimSpace(value.String())})
				}
				n, err := strconv.Atoi(values[0])
				if err != nil || n < 0 || n > 3660 || key == "days" && n == 0 {
					return at("config_gate_number", line, column, state.Args{"key": "gate.caps." + key, "value": values[0]})
				}
				if key == "max" {
					c.Max = n
				} else {
					c.Days = n
				}
				return nil
			}
			p := f.places[path+"."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": "gate.caps." + key, "near": Nearest(key, capKeys), "keys": strings.Join(capKeys, ", ")})
		})
		if err != nil {
			return err
		}
		if c.Max < 0 || c.Days == 0 {
			return at("config_gate_cap", line, column, nil)
		}
		f.Gate.Caps = append(f.Gate.Caps, c)
	}
	return nil
}

var gateHoursForm = regexp.MustCompile(`^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})(\s+workdays)?$`)

// gateHours reads when channels may be used by the customer's clock: "09:00-20:00 workdays", "always".
func (f *File) gateHours(n ast.Node, at fault) error {
	return f.pairs("gate.hours", n, at, func(channel string, value ast.Node) error {
		if !slices.Contains(gateChannels, channel) {
			p := f.places["gate.hours."+channel]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": "gate.hours." + channel, "near": Nearest(channel, gateChannels), "keys": strings.Join(gateChannels, ", ")})
		}
		line, column := position(value)
		values, ok := texts(value, false)
		if !ok || len(values) != 1 {
			return at("config_gate_hours", line, column, state.Args{"value": strings.TrimSpace(value.String())})
		}
		h, ok := parseGateHours(strings.TrimSpace(values[0]))
		if !ok {
			return at("config_gate_hours", line, column, state.Args{"value": values[0]})
		}
		h.Channel = channel
		f.Gate.Hours = append(f.Gate.Hours, h)
		return nil
	})
}

func parseGateHours(v string) (service.GateHours, bool) {
	var h service.GateHours
	switch v {
	case "always":
		return h, true
	case "workdays":
		h.Workdays = true
		return h, true
	}
	m := gateHoursForm.FindStringSubmatch(v)
	if m == nil {
		return h, false
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // digits, by the form
	}
	if n[0] > 24 || n[2] > 24 || n[1] > 59 || n[3] > 59 || n[0] == 24 && n[1] > 0 || n[2] == 24 && n[3] > 0 {
		return h, false
	}
	h.From, h.To, h.Workdays = n[0]*60+n[1], n[2]*60+n[3], m[5] != ""
	return h, true
}
