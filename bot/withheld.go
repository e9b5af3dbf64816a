package bot

import (
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
)

// withheld says what of a customer the reader may not see in a chat, and who may; "" where that is
// nothing.
func withheld(p *text.Printer, contents []string, owner string) string {
	if len(contents) == 0 {
		return ""
	}
	what := make([]string, len(contents))
	for i, c := range contents {
		what[i] = p.T("access.see." + c)
	}
	return p.T("access.withheld", state.Args{"what": strings.Join(what, p.T("card.comma")), "owner": owner})
}
