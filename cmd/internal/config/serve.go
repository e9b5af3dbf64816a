package config

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/state"
)

// Serve is the section serve: of kept.yaml, how "kept serve" is reached.
type Serve struct {
	Listen string   // host:port; "" nowhere but at the socket
	Token  string   // a reference to the secret; see [Secrets]
	Hosts  []string // further names under which it answers, such as that of a proxy
	Log    string   // text, json; "" is not said
}

// ServeKeys are the keys that serve: may have.
var ServeKeys = []string{"listen", "token", "hosts", "log"}

// Logs are the forms that serve.log takes.
var Logs = []string{"text", "json"}

func (f *File) serve(n ast.Node, at fault) error {
	s := &f.Serve
	err := f.pairs("serve", n, at, func(key string, value ast.Node) error {
		line, column := position(value)
		if !slices.Contains(ServeKeys, key) {
			p := f.places["serve."+key]
			return at("config_unknown_key", p.line, p.column, state.Args{"key": "serve." + key, "near": Nearest(key, ServeKeys), "keys": strings.Join(ServeKeys, ", ")})
		}
		values, ok := scalars(value, key == "hosts")
		if !ok || key != "hosts" && len(values) > 1 {
			return at("config_not_text", line, column, state.Args{"key": "serve." + key})
		}
		for _, v := range values {
			if v = strings.TrimSpace(v); v == "" {
				continue
			}
			args := state.Args{"key": "serve." + key, "value": v}
			switch key {
			case "listen":
				if !Listen(v) {
					return at("config_listen", line, column, args)
				}
				s.Listen = v
			case "token":
				if !IsReference(v) { // the value is in no message: it may be the token
					return at("config_serve_secret", line, column, nil)
				}
				s.Token = v
			case "hosts":
				s.Hosts = append(s.Hosts, v)
			case "log":
				if !slices.Contains(Logs, v) {
					args["choices"], args["near"] = strings.Join(Logs, ", "), Nearest(v, Logs)
					return at("config_choice", line, column, args)
				}
				s.Log = v
			}
		}
		return nil
	})
	if err == nil && s.Listen != "" && s.Token == "" {
		p := f.places["serve.listen"]
		return at("config_no_token", p.line, p.column, state.Args{"key": "serve.listen"})
	}
	return err
}

// Listen says whether v is an address to listen at: host:port, :port or a port.
func Listen(v string) bool {
	_, port, err := net.SplitHostPort(v)
	if err != nil {
		port = v
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n <= 65535
}
