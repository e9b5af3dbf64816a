package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// Connection is what kept.yaml says of one connection, under connections: and its name.
type Connection struct {
	Mailbox string   // personal, shared; "" is not said
	Owner   string   // of a personal one: a staff member, by login, number, address or name
	Ignore  []string // whose mail is left out: addresses, @domains, list:ID
}

// ConnectionKeys are the keys that a connection may have.
var ConnectionKeys = []string{"mailbox", "owner", "ignore"}

// fault makes an error at a place in the file.
type fault func(code string, line, column int, args state.Args) error

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
		c, err := connection(name, pair.Value, at)
		if err != nil {
			return err
		}
		if c.Mailbox == state.MailboxPersonal && c.Owner == "" {
			return at("config_no_owner", line, column, state.Args{"key": name})
		}
		if c.Owner != "" && c.Mailbox != state.MailboxPersonal {
			return at("config_owner", line, column, state.Args{"key": name})
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

func connection(name string, n ast.Node, at fault) (c Connection, err error) {
	line, column := position(n)
	if n == nil || n.Type() == ast.NullType {
		return c, nil
	}
	pairs, ok := mapping(n)
	if !ok {
		return c, at("config_shape", line, column, nil)
	}
	first := map[string]int{}
	for _, pair := range pairs {
		line, column := position(pair.Key)
		key := keyText(pair)
		if !slices.Contains(ConnectionKeys, key) {
			return c, at("config_unknown_key", line, column, state.Args{"key": name + "." + key, "near": Nearest(key, ConnectionKeys),
				"keys": strings.Join(ConnectionKeys, ", ")})
		}
		if first[key] > 0 {
			return c, at("config_twice", line, column, state.Args{"key": name + "." + key, "first": strconv.Itoa(first[key])})
		}
		first[key] = line
		values, ok := texts(pair.Value, key == "ignore")
		line, column = position(pair.Value)
		switch {
		case !ok && key == "ignore":
			return c, at("config_not_list", line, column, state.Args{"key": key})
		case !ok:
			return c, at("config_not_text", line, column, state.Args{"key": key})
		}
		for _, v := range values {
			v = strings.TrimSpace(v)
			switch {
			case v == "":
			case key == "owner":
				c.Owner = v
			case key == "mailbox":
				c.Mailbox = strings.ToLower(v)
				if c.Mailbox != state.MailboxPersonal && c.Mailbox != state.MailboxShared {
					return c, at("config_mailbox", line, column, state.Args{"value": v})
				}
			default:
				if _, ok := identity.ParseRule(v); !ok {
					return c, at("bad_rule", line, column, state.Args{"value": v})
				}
				c.Ignore = append(c.Ignore, v)
			}
		}
	}
	return c, nil
}
