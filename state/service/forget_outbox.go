package service

import (
	"slices"

	"github.com/keptcrm/kept/state"
)

// outbox erases messages to them and about them, whatever became of them. One that is being sent at
// this moment arrives; nothing of it is kept. Of a message about somebody else that names them the
// words are erased, and that it was stays known, so that its occasion does not come again; it does
// not go out any more.
func (e *erasure) outbox() error {
	var gone, named []*state.Outgoing
	for o, err := range state.Outbox.All(e.w.Tx(), state.Range{}) {
		switch {
		case err != nil:
			return err
		case e.messaged(o):
			gone = append(gone, o)
		case e.words.in(o.Subject+"\n"+o.Text+"\n"+o.HTML+"\n"+o.Key+"\n"+o.Allowed) || e.inArgs(o.Args):
			named = append(named, o)
		}
	}
	for _, o := range named {
		if o.State == state.OutgoingWaiting {
			o.State, o.Ended, o.Code = state.OutgoingDropped, e.w.Cause.At, "customer_gone"
		}
		o.Subject, o.Text, o.HTML, o.Allowed, o.Args, o.Reasons = "", "", "", "", nil, nil
		if e.words.in(o.Key) {
			o.Key = "forgotten:" + state.Outbox.Ref(o.Number)
		}
		if err := state.Outbox.Put(e.w, o); err != nil {
			return err
		}
		e.out.Erased[state.Outbox.Kind.Name]++
	}
	return drop(e, state.Outbox, gone, func(o *state.Outgoing) []byte { return state.NumberKey(o.Number) })
}

// messaged says whether a message is to them, or to one of us about them.
func (e *erasure) messaged(o *state.Outgoing) bool {
	if o.Base != 0 && e.numbers[o.Base] {
		return true
	}
	return o.To.Match != "" && slices.ContainsFunc(e.ids, func(id state.Identifier) bool { return string(id.Key()) == string(o.To.Key()) })
}
