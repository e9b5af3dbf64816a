package engine

import (
	"context"

	"github.com/keptcrm/kept/state/service"
)

// chat hands a message to one of us over to their chat.
func (p *posting) chat(ctx, limited context.Context, c *service.OutboxClaim) service.OutboxResult {
	o := *c.Messages[0]
	o.Subject, o.Text = c.Subject, c.Text
	id, err := p.e.env.Chat(limited, c.Address, o, c.Intent)
	return sendResult(ctx, c.Via, id, err)
}
