package engine

import (
	"context"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// ownMailbox keeps whose mailbox the connection is, where this import says it.
func (f *reading) ownMailbox(ctx context.Context, w *state.Writer) error {
	if f.in.Mailbox == "" {
		return nil
	}
	c, err := state.Connections.Get(w.Tx(), state.TextKey(f.name))
	if err != nil {
		return err
	}
	if err := f.svc.SetMailbox(ctx, w, c, f.in.Mailbox); err != nil {
		return bad(err)
	}
	return state.Connections.Put(w, c)
}

// addMail adds the messages of a run to a sum. Threads and addresses that several files have count
// for each.
func addMail(to *service.Run, m *state.MailCounts) {
	if m == nil {
		return
	}
	if to.Mail == nil {
		to.Mail = &state.MailCounts{}
	}
	t := to.Mail
	t.Messages += m.Messages
	t.Twice += m.Twice
	t.Threads += m.Threads
	t.Known += m.Known
	t.Waiting += m.Waiting
	t.Addresses += m.Addresses
	t.Automatic += m.Automatic
	t.Colleagues += m.Colleagues
	t.Ignored += m.Ignored
	t.In += m.In
	t.Out += m.Out
}
