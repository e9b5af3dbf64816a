package config

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// access reads who may see what in a chat: a scope for contents of roles. Who has no role may be given
// nothing.
func (f *File) access(n ast.Node, at fault) error {
	f.Access = service.Access{}
	roles := slices.DeleteFunc(slices.Clone(service.AccessRoles), func(r string) bool { return r == "none" })
	return f.pairs("access", n, at, func(role string, value ast.Node) error {
		p := f.places["access."+role]
		if role == "none" {
			return at("config_access_none", p.line, p.column, nil)
		}
		if !slices.Contains(roles, role) {
			return at("config_unknown_key", p.line, p.column, state.Args{"key": "access." + role, "near": Nearest(role, roles), "keys": strings.Join(roles, ", ")})
		}
		f.Access[role] = map[string]string{}
		return f.pairs("access."+role, value, at, func(content string, value ast.Node) error {
			if !slices.Contains(service.AccessContents, content) {
				p := f.places["access."+role+"."+content]
				return at("config_unknown_key", p.line, p.column, state.Args{"key": "access." + role + "." + content,
					"near": Nearest(content, service.AccessContents), "keys": strings.Join(service.AccessContents, ", ")})
			}
			var err error
			f.Access[role][content], err = choice(value, at, "access."+role+"."+content, service.AccessScopes)
			return err
		})
	})
}
