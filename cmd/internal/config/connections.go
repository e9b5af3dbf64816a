package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/service"
)

// Connection is what kept.yaml says of one connection, under connections: and its name. One with a
// type is synced; one without is known by its imports, and only the rules of its mail are said.
type Connection struct {
	Type string // of its connector
	Mode string // pull, two-way, push; "" is not said
	// Options are those of the connector, under options:. A secret is a reference; see [Secrets].
	Options   map[string]string
	Owns      []string      // fields in which its word holds
	Create    string        // which customers are created there: "tag:wholesale", several separated by commas
	Conflicts string        // ask, newest; "" is not said
	Deletes   string        // keep, propagate; "" is not said
	Guard     float64       // the share of its records that one run may change or delete; 0 where it is not said
	Census    time.Duration // how often what is gone is looked for; 0 where it is not said
	Optout    string        // how its records hold an opt-out, as [service.ParseOptoutMark] reads it; "" is not said

	Mailbox string   // personal, shared; "" is not said
	Owner   string   // of a personal one: a staff member, by login, number, address or name
	Ignore  []string // whose mail is left out: addresses, @domains, list:ID
	Brand   string   // under which it deals with customers
}

// ConnectionKeys are the keys that a connection may have, in the order in which they are written.
var ConnectionKeys = []string{"type", "mode", "options", "owns", "create", "conflicts", "deletes", "guard", "census", "optout", "mailbox", "owner", "ignore", "brand"}

// The words that some keys take.
var (
	Modes     = []string{"pull", "two-way", "push"}
	Conflicts = []string{"ask", "newest"}
	Deletes   = []string{"keep", "propagate"}
)

// Fields are the names that owns: takes, beside "custom." and a name, and "*" for all.
var Fields = []string{
	connectors.FieldName, connectors.FieldPrefix, connectors.FieldGiven, connectors.FieldMiddle, connectors.FieldFamily, connectors.FieldSuffix,
	connectors.FieldNickname, connectors.FieldPhonetic, connectors.FieldEmail, connectors.FieldPhone, connectors.FieldHandle, connectors.FieldExternalID,
	connectors.FieldURL, connectors.FieldCompany, connectors.FieldTitle, connectors.FieldDepartment, connectors.FieldAddress, connectors.FieldBirthday,
	connectors.FieldGender, connectors.FieldLanguage, connectors.FieldNote, connectors.FieldTag, connectors.FieldOwner, connectors.FieldStage,
}

// connectionLists are the keys of a connection that take several values.
var connectionLists = map[string]bool{"owns": true, "create": true, "ignore": true}

// place is where something stands in the file.
type place struct{ line, column int }

// fault makes an error at a place in the file.
type fault func(code string, line, column int, args state.Args) error

var connectionName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// ConnectionName says whether a connection can be called so: lower case letters, digits, - and _,
// at most 64, not the name that Kept's own records have.
func ConnectionName(name string) bool {
	return name != state.OwnConnection && connectionName.MatchString(name)
}

// connections reads what is said of single connections.
func (f *File) connections(n ast.Node, at fault) error {
	if n == nil || n.Type() == ast.NullType {
		return nil
	}
	line, column := position(n)
	pairs, ok := mapping(n)
	if !ok {
		return at("config_shape", line, column, nil)
	}
	f.Connections = map[string]Connection{}
	first := map[string]int{}
	for _, pair := range pairs {
		line, column := position(pair.Key)
		name := keyText(pair)
		if first[name] > 0 {
			return at("config_twice", line, column, state.Args{"key": name, "first": strconv.Itoa(first[name])})
		}
		first[name] = line
		f.places[name] = place{line, column}
		c, err := f.connection(name, pair.Value, at)
		if err != nil {
			return err
		}
		if c.Mailbox == state.MailboxPersonal && c.Owner == "" {
			return at("config_no_owner", line, column, state.Args{"key": name})
		}
		if c.Owner != "" && c.Mailbox != state.MailboxPersonal {
			return at("config_owner", line, column, state.Args{"key": name})
		}
		if c.Type != "" && !ConnectionName(name) {
			return at("config_connection_name", line, column, state.Args{"value": name})
		}
		if c.Type == "" {
			for _, key := range ConnectionKeys[1:10] {
				if p, said := f.places[name+"."+key]; said {
					return at("config_no_type", p.line, p.column, state.Args{"key": key, "connection": name})
				}
			}
		}
		f.Connections[name] = c
	}
	return nil
}

func keyText(pair *ast.MappingValueNode) string {
	if s, ok := pair.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return pair.Key.String()
}

func (f *File) connection(name string, n ast.Node, at fault) (c Connection, err error) {
	err = f.pairs(name, n, at, func(key string, value ast.Node) error {
		line, column := position(value)
		if !slices.Contains(ConnectionKeys, key) {
			p := f.places[name+"."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": name + "." + key, "near": Nearest(key, ConnectionKeys),
				"keys": strings.Join(ConnectionKeys, ", ")})
		}
		if key == "options" {
			c.Options = map[string]string{}
			return f.pairs(name+".options", value, at, func(option string, value ast.Node) error {
				line, column := position(value)
				values, ok := scalars(value, true)
				if !ok {
					return at("config_not_text", line, column, state.Args{"key": option})
				}
				if v := strings.Join(values, ","); v != "" {
					c.Options[option] = v
				}
				return nil
			})
		}
		values, ok := texts(value, connectionLists[key])
		if key == "guard" {
			values, ok = scalars(value, false)
		}
		switch {
		case !ok && connectionLists[key]:
			return at("config_not_list", line, column, state.Args{"key": key})
		case !ok:
			return at("config_not_text", line, column, state.Args{"key": key})
		}
		for _, v := range values {
			if v = strings.TrimSpace(v); v == "" {
				continue
			}
			if code, args := c.set(key, v); code != "" {
				args["value"] = v
				return at(code, line, column, args)
			}
		}
		return nil
	})
	return c, err
}

// pairs calls each for every key of a mapping, which stands there once.
func (f *File) pairs(path string, n ast.Node, at fault, each func(key string, value ast.Node) error) error {
	if n == nil || n.Type() == ast.NullType {
		return nil
	}
	line, column := position(n)
	pairs, ok := mapping(n)
	if !ok {
		return at("config_shape", line, column, nil)
	}
	for _, pair := range pairs {
		line, column := position(pair.Key)
		key := path + "." + keyText(pair)
		if p, twice := f.places[key]; twice {
			return at("config_twice", line, column, state.Args{"key": key, "first": strconv.Itoa(p.line)})
		}
		f.places[key] = place{line, column}
		if err := each(keyText(pair), pair.Value); err != nil {
			return err
		}
	}
	return nil
}

// set checks and stores one value; it returns the code of what is wrong with it.
func (c *Connection) set(key, v string) (wrong string, args state.Args) {
	args = state.Args{}
	lower := strings.ToLower(v)
	choice := func(choices []string, into *string) string {
		args["choices"], args["key"] = strings.Join(choices, ", "), key
		if !slices.Contains(choices, lower) {
			args["near"] = Nearest(lower, choices)
			return "config_choice"
		}
		*into = lower
		return ""
	}
	switch key {
	case "type":
		c.Type = v
	case "mode":
		return choice(Modes, &c.Mode), args
	case "conflicts":
		return choice(Conflicts, &c.Conflicts), args
	case "deletes":
		return choice(Deletes, &c.Deletes), args
	case "owns":
		for name := range strings.SplitSeq(v, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			if name != "*" && !slices.Contains(Fields, name) && !(strings.HasPrefix(name, connectors.CustomPrefix) && len(name) > len(connectors.CustomPrefix)) {
				return "config_field", state.Args{"near": Nearest(name, Fields), "fields": strings.Join(Fields, ", ")}
			}
			c.Owns = append(c.Owns, name)
		}
	case "create":
		for rule := range strings.SplitSeq(v, ",") {
			rule = strings.TrimSpace(rule)
			what, value, _ := strings.Cut(rule, ":")
			if rule != "all" && (!slices.Contains([]string{"tag", "stage", "from"}, what) || strings.TrimSpace(value) == "") {
				return "config_create", args
			}
			if c.Create != "" {
				c.Create += ","
			}
			c.Create += rule
		}
	case "guard":
		share, ok := Share(v)
		if !ok {
			return "config_guard", args
		}
		c.Guard = share
	case "census":
		d, ok := Duration(v)
		if !ok {
			return "config_census", args
		}
		c.Census = d
	case "optout":
		mark, ok := service.ParseOptoutMark(v)
		if !ok {
			return "config_optout", args
		}
		c.Optout = mark.String()
	case "owner":
		c.Owner = v
	case "brand":
		c.Brand = v
	case "mailbox":
		if c.Mailbox = lower; lower != state.MailboxPersonal && lower != state.MailboxShared {
			return "config_mailbox", args
		}
	case "ignore":
		if _, ok := identity.ParseRule(v); !ok {
			return "bad_rule", args
		}
		c.Ignore = append(c.Ignore, v)
	}
	return "", nil
}

// Share reads a share as people write it: 30%, 0.3. It is more than nothing and at most all.
func Share(v string) (float64, bool) {
	number, percent := strings.CutSuffix(v, "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		share /= 100
	}
	return share, err == nil && share > 0 && share <= 1
}

// Duration reads a duration as people write it: 24h, 90m, 7d. It is at least a minute and at most a
// year.
func Duration(v string) (time.Duration, bool) {
	var d time.Duration
	var err error
	if days, ok := strings.CutSuffix(v, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		if n > 366 {
			return 0, false
		}
		d = time.Duration(n) * 24 * time.Hour
	} else {
		d, err = time.ParseDuration(v)
	}
	return d, err == nil && d >= time.Minute && d <= 366*24*time.Hour
}

// scalars gives plain values of any type as they are written, or where a list is allowed the list's.
func scalars(n ast.Node, list bool) ([]string, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return []string{n.Token.Value}, true
	case *ast.FloatNode:
		return []string{n.Token.Value}, true
	case *ast.SequenceNode:
		if !list {
			return nil, false
		}
		var all []string
		for _, v := range n.Values {
			one, ok := scalars(v, false)
			if !ok {
				return nil, false
			}
			all = append(all, one...)
		}
		return all, true
	}
	return texts(n, false)
}

// CheckTypes compares the connections with the connectors that the program has: their types, options
// and choices, and that secrets are references. The error names the place like those of [Parse].
func (f *File) CheckTypes(specs []connectors.Spec) error {
	var names []string
	for _, s := range specs {
		names = append(names, s.Name)
	}
	for _, name := range sorted(f.Connections) {
		c := f.Connections[name]
		if c.Type == "" {
			continue
		}
		i := slices.Index(names, c.Type)
		if i < 0 {
			return f.at("config_connection_type", name+".type", state.Args{"value": c.Type, "near": Nearest(c.Type, names), "types": strings.Join(names, ", ")})
		}
		for _, option := range sorted(c.Options) {
			if code, args := CheckOption(&specs[i], option, c.Options[option]); code != "" {
				args["connection"] = name
				return f.at(code, name+".options."+option, args)
			}
		}
		if mark, ok := service.ParseOptoutMark(c.Optout); ok && !holdsOptout(&specs[i], mark) {
			return f.at("config_optout_field", name+".optout", state.Args{"value": c.Optout, "type": c.Type, "offer": OptoutOffer(&specs[i])})
		}
	}
	return f.checkSender(specs)
}

// CheckOption says what is wrong with an option's value as it stands in the file: the code and
// arguments of an error, or "". The value is in no argument where it may be a secret.
func CheckOption(spec *connectors.Spec, option, value string) (code string, args state.Args) {
	var options []string
	for _, o := range spec.Options {
		options = append(options, o.Name)
	}
	i := slices.Index(options, option)
	if i < 0 {
		return "config_option", state.Args{"option": option, "type": spec.Name, "near": Nearest(option, options), "options": strings.Join(options, ", ")}
	}
	o := spec.Options[i]
	switch {
	case o.Secret && !IsReference(value):
		return "config_secret", state.Args{"option": option, "variable": strings.ToUpper(strings.ReplaceAll(option, "-", "_"))}
	case len(o.Choices) > 0 && !o.Secret && !slices.Contains(o.Choices, value):
		return "config_choice", state.Args{"key": option, "value": value, "near": Nearest(value, o.Choices), "choices": strings.Join(o.Choices, ", ")}
	}
	return "", nil
}

// at makes an error at the place of a key below connections.
func (f *File) at(code, key string, args state.Args) error {
	p := f.places[key]
	args["path"], args["line"], args["column"] = f.Path, strconv.Itoa(max(p.line, 1)), strconv.Itoa(max(p.column, 1))
	return &state.Error{Class: state.Invalid, Code: code, Args: args}
}

// Line says in which line a key below connections stands, as "shop.options.url"; 0 where it does not.
func (f *File) Line(key string) int { return f.places[key].line }

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// CheckSetting says what is wrong with the value of a connection's key as [Connection] has them: the
// code and arguments of an error, or "".
func CheckSetting(key, value string) (code string, args state.Args) {
	var c Connection
	code, args = c.set(key, strings.TrimSpace(value))
	if code != "" {
		args["value"] = value
	}
	return code, args
}
