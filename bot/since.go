package bot

import (
	"strconv"
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// sinceLast says in a line what is new for the reader; "" for one who never looked.
func sinceLast(p *text.Printer, b service.BriefOut) string {
	s := b.SinceLast
	if s == nil {
		return ""
	}
	day := p.Day(s.At)
	if s.Nothing() {
		return p.T("since.nothing", state.Args{"day": day})
	}
	var parts []string
	for _, x := range []struct {
		key string
		n   int
	}{{"in", s.In}, {"out", s.Out}, {"orders", s.Orders}, {"notes", s.Notes}, {"made", s.Made}, {"closed", s.Closed}, {"moved", s.Moved}} {
		if x.n > 0 {
			parts = append(parts, p.T("since."+x.key, state.Args{"n": strconv.Itoa(x.n)}))
		}
	}
	if s.Owner {
		parts = append(parts, p.T("since.owner", state.Args{"owner": b.Owner}))
	}
	return p.T("since.news", state.Args{"day": day, "news": strings.Join(parts, p.T("card.comma"))})
}
