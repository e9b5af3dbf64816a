package bot

import (
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state/service"
)

// Asked is a question in one line, in the words of "questions".
func Asked(p *text.Printer, q service.Question) string { return asked(p, q) }
