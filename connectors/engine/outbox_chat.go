package engine

import (
	"context"
	"strings"

	"github.com/keptcrm/kept/state/service"
)

// chat hands a message to one of us over to their chat.
func (p *posting) chat(ctx, limited context.Context, c *service.OutboxClaim) service.OutboxResult {
	o := *c.Messages[0]
	o.Subject, o.Text = c.Subject, c.Text
	id, err := p.e.env.Chat(limited, c.Address, o, c.Intent)
	return sendResult(ctx, c.Via, id, err)
}

// sayCard prints a card to one of us, with its lines.
func (p *posting) sayCard(name, text string) error {
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if i == 0 && name != "" {
			line = name + ": " + line
		}
		if err := p.e.env.Say(line); err != nil {
			return err
		}
	}
	return nil
}
