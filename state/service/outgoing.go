package service

import (
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// outgoingLife is how long a message waits that does not say so itself.
const outgoingLife = 7 * 24 * time.Hour

// maxOutgoing bounds what a message says, in bytes, each of text and HTML.
const maxOutgoing = 256 << 10

// queue puts a message into the outbox, in the caller's transaction. It is queued once for its key,
// for ever: where there is one already, whatever became of it, nothing happens and queued is false.
// On return m has its number and what was filled in: who made it, when it is due, and, where the
// caller said nothing, when it expires.
//
// It goes to the customer m.Base at m.To in m.Channel, for m.Purpose; or to m.Staff, one of us ("s2"),
// and may then have m.Base as the customer that it is about. Nothing is asked of the gate here:
// that is done when it is sent. The error is [state.Invalid] with the codes "outgoing_key",
// "outgoing_to" or "outgoing_text": a mistake of the caller's.
func (s *Service) queue(w *state.Writer, m *state.Outgoing) (queued bool, err error) {
	switch {
	case m.Key == "" || len(m.Key) > state.MaxOccasion:
		return false, &state.Error{Class: state.Invalid, Code: "outgoing_key", Args: state.Args{"bytes": strconv.Itoa(len(m.Key))}}
	case m.Staff == "" && (m.Base == 0 || m.To.Match == "" || m.Channel == "" || m.Purpose == ""):
		return false, &state.Error{Class: state.Invalid, Code: "outgoing_to", Args: state.Args{"key": m.Key}}
	case strings.TrimSpace(m.Text) == "" || len(m.Text) > maxOutgoing || len(m.HTML) > maxOutgoing:
		return false, &state.Error{Class: state.Invalid, Code: "outgoing_text", Args: state.Args{"key": m.Key}}
	}
	there, err := outgoingOf(w.Tx(), m.Key)
	if err != nil || there != nil {
		return false, err
	}
	if m.Number, err = state.Outbox.Next(w); err != nil {
		return false, err
	}
	m.State, m.Queued = state.OutgoingWaiting, w.Cause.At
	m.Subject, m.FromName = oneLine(m.Subject), oneLine(m.FromName) // names of customers get into them
	if m.By == "" {
		m.By = w.Cause.Actor
	}
	m.Due = m.Queued
	if m.NotBefore.After(m.Due) {
		m.Due = m.NotBefore
	}
	if m.Expires.IsZero() {
		m.Expires = m.Due.Add(outgoingLife)
	}
	return true, state.Outbox.Put(w, m)
}

// outgoingOf gives the message of an occasion; nil where there is none.
func outgoingOf(tx state.Tx, key string) (*state.Outgoing, error) {
	found, err := state.Outbox.By(tx, "key", state.TextKey(key))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}
