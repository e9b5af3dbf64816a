package cmd

import (
	"context"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// outlets says which ways out do not work.
func (d *doctor) outlets(ctx context.Context, table service.API) {
	if table.OutboxList == nil {
		return
	}
	out, err := table.OutboxList(ctx, service.OutboxListIn{Limit: 1})
	if err != nil {
		d.wrong(fail, err)
		return
	}
	for _, o := range out.Outlets {
		if o.Error != nil {
			d.say(fail, "outlet", state.Args{"name": o.Name, "why": d.f.printer().Error(o.Error)})
		}
	}
}
