package cmd

import (
	"fmt"
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state/service"
)

// showAccess tells "kept config show" who may see what in a chat.
func (s settings) showAccess(show func(key, value, from string)) {
	for _, role := range service.AccessRoles {
		from := "default"
		if line := s.file.Lines["access"]; line > 0 && len(s.file.Access[role]) > 0 {
			from = fmt.Sprintf("%s:%d", s.file.Path, line)
		}
		row := s.file.Access.Row(role)
		cells := []string{}
		for _, content := range service.AccessContents {
			cells = append(cells, content+": "+row[content])
		}
		show("access", role+"  "+strings.Join(cells, ", "), from)
	}
}

// maySee says what one of us may see in a chat.
func maySee(p *text.Printer, sees map[string]string) string {
	byScope := map[string][]string{}
	for _, content := range service.AccessContents {
		byScope[sees[content]] = append(byScope[sees[content]], p.T("access.see."+content))
	}
	var out []string
	for _, scope := range []string{service.ScopeAll, service.ScopeTeam, service.ScopeOwn, service.ScopeNone} {
		if len(byScope[scope]) > 0 {
			out = append(out, p.T("access.scope."+scope)+": "+strings.Join(byScope[scope], ", "))
		}
	}
	return strings.Join(out, "; ")
}
