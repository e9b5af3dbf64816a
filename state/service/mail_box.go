package service

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// ConnectionList gives all connections by name, with whose mailbox they are.
func (s *Service) ConnectionList(ctx context.Context, _ ConnectionListIn) (ConnectionListOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (ConnectionListOut, error) {
		out := ConnectionListOut{Connections: []Connection{}}
		l := s.lookup(tx, now, reader{})
		for c, err := range state.Connections.All(tx, state.Range{}) {
			if err != nil {
				return out, err
			}
			shown, err := l.connection(c)
			if err != nil {
				return out, err
			}
			out.Connections = append(out.Connections, shown)
		}
		return out, nil
	})
}

// ShowConnection gives a connection as shown, nil where there is none of that name.
func (s *Service) ShowConnection(tx state.Tx, name string) (*Connection, error) {
	c, err := state.Connections.Find(tx, state.TextKey(name))
	if err != nil || c == nil {
		return nil, err
	}
	shown, err := s.lookup(tx, noTime, reader{}).connection(c)
	return &shown, err
}

func (l *lookup) connection(c *state.Connection) (Connection, error) {
	out := Connection{Name: c.Name, Type: c.Type, Layout: c.Layout, Created: c.Created, Decided: l.name(c.MailboxBy)}
	if c.LastRun != 0 {
		out.LastRun = state.Runs.Ref(c.LastRun)
		run, err := state.Runs.Find(l.tx, state.NumberKey(c.LastRun))
		if err != nil {
			return out, err
		}
		if run != nil {
			out.Messages = run.Mail
		}
	}
	b, err := l.boxOf(c)
	if err != nil {
		return out, err
	}
	out.Mailbox = b.kind
	if b.owner != nil && b.kind == state.MailboxPersonal {
		out.Owner = b.owner.Name
	}
	if said, ok := l.configured(c.Name); ok {
		out.Decided = "kept.yaml"
		out.Owner = cmp.Or(out.Owner, said.Owner)
	}
	return out, nil
}

// Mailbox says whose a connection's mailbox is. A personal one is opened or given to another by its
// owner alone; that ops may do it for an owner who left is a matter of handing over.
func (s *Service) Mailbox(ctx context.Context, in MailboxIn) (MailboxOut, error) {
	args := state.Args{"connection": in.Connection, "mailbox": in.Mailbox}
	return change(ctx, s, "connection.mailbox", args, func(w *state.Writer) (MailboxOut, error) {
		c, err := state.Connections.Find(w.Tx(), state.TextKey(in.Connection))
		if err != nil {
			return MailboxOut{}, err
		}
		if c == nil {
			return MailboxOut{}, &state.Error{Class: state.NotFound, Code: "no_connection", Args: state.Args{"connection": in.Connection}}
		}
		r, err := s.reader(ctx, w.Tx())
		if err != nil {
			return MailboxOut{}, err
		}
		if err := s.setMailbox(w, c, in.Mailbox, r); err != nil {
			return MailboxOut{}, err
		}
		if err := state.Connections.Put(w, c); err != nil {
			return MailboxOut{}, err
		}
		shown, err := s.lookup(w.Tx(), w.Cause.At, reader{}).connection(c)
		return MailboxOut{Connection: shown}, err
	})
}

// SetMailbox puts into a connection whose mailbox it is, as a person said it: "shared",
// "personal:wei". It does not store the connection.
func (s *Service) SetMailbox(ctx context.Context, w *state.Writer, c *state.Connection, words string) error {
	r, err := s.reader(ctx, w.Tx())
	if err != nil {
		return err
	}
	return s.setMailbox(w, c, words, r)
}

func (s *Service) setMailbox(w *state.Writer, c *state.Connection, words string, r reader) error {
	kind, who, _ := strings.Cut(strings.TrimSpace(words), ":")
	kind = strings.ToLower(strings.TrimSpace(kind))
	l := s.lookup(w.Tx(), w.Cause.At, r)
	if _, ok := l.configured(c.Name); ok {
		return &state.Error{Class: state.Refused, Code: "mailbox_by_config", Args: state.Args{"connection": c.Name}}
	}
	owner := uint64(0)
	switch {
	case kind == state.MailboxShared && who == "":
	case kind == state.MailboxPersonal && strings.TrimSpace(who) != "":
		m, err := s.staff(w.Tx(), who)
		if err != nil {
			return err
		}
		owner = m.Number
	case kind == state.MailboxPersonal && r.staff != nil:
		owner = r.staff.Number
	default:
		return &state.Error{Class: state.Invalid, Code: "bad_mailbox", Args: state.Args{"value": words}}
	}
	if c.Mailbox == kind && c.Owner == owner {
		c.MailboxBy = w.Cause.Actor
		return nil
	}
	// What a person said, or what is known to be somebody's, its owner alone opens.
	if c.Mailbox == state.MailboxPersonal && c.Owner != 0 && (r.staff == nil || r.staff.Number != c.Owner) {
		return &state.Error{Class: state.Refused, Code: "mailbox_not_yours", Args: state.Args{
			"connection": c.Name, "name": l.name(state.StaffMembers.Ref(c.Owner))}}
	}
	c.Mailbox, c.Owner, c.MailboxBy = kind, owner, w.Cause.Actor
	return nil
}
