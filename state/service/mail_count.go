package service

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// What a message is to us. Each is one of these, the first that fits.
type mailClass int

const (
	mailIgnored    mailClass = iota // a rule leaves it out
	mailAutomatic                   // nobody wrote it to one person
	mailColleagues                  // among ourselves
	mailKnown                       // somebody in it is a customer
	mailWaiting                     // somebody in it is nobody's customer
)

// classify says what a message is, and whether we wrote it.
func (l *lookup) classify(r *state.Record) (class mailClass, sent bool, waiting []string, err error) {
	m := r.Mail
	v := r.Current()
	list := ""
	if v != nil && v.Message != nil {
		list = identity.FoldList(v.Message.List)
	}
	external, err := l.rules().external(m)
	if err != nil {
		return 0, false, nil, err
	}
	own, err := l.rules().ours(m.From)
	if err != nil {
		return 0, false, nil, err
	}
	sent = m.Sent || own
	// What comes from somebody who is ignored is ignored; what we wrote, if all its readers are.
	heard := 0
	for _, p := range external {
		ignored, err := l.rules().ignored(r.Connection, p.Address.Match, list)
		if err != nil {
			return 0, false, nil, err
		}
		if ignored && !sent && p.Address.Match == m.From {
			return mailIgnored, sent, nil, nil
		}
		if ignored {
			continue
		}
		heard++
		known, err := l.knows(p.Address.Match)
		if err != nil {
			return 0, false, nil, err
		}
		switch {
		case known:
			class = mailKnown
		default:
			waiting = append(waiting, p.Address.Match)
		}
	}
	switch {
	case len(external) > 0 && heard == 0:
		return mailIgnored, sent, nil, nil
	case m.Automatic:
		return mailAutomatic, sent, nil, nil
	case len(external) == 0:
		return mailColleagues, sent, nil, nil
	case class == mailKnown:
		return mailKnown, sent, nil, nil
	}
	return mailWaiting, sent, waiting, nil
}

// EndMail ends the import of messages: it makes anew what is due, decides whose mailbox a new
// connection is where nobody said, and counts what the run was told. For a run without messages it
// does nothing.
func (s *Service) EndMail(ctx context.Context, number uint64) error {
	if err := s.SettleMail(ctx); err != nil {
		return err
	}
	var counts *state.MailCounts
	var decided *state.Connection
	err := s.Look(ctx, func(tx state.Tx, now time.Time) error {
		counts, decided = nil, nil
		run, err := state.Runs.Number(tx, number)
		if err != nil {
			return err
		}
		l := s.lookup(tx, now, reader{})
		if counts, err = l.countMail(run); err != nil || counts == nil {
			return err
		}
		decided, err = l.decideMailbox(run.Connection)
		return err
	})
	if err != nil || counts == nil {
		return err
	}
	args := state.Args{"run": state.Runs.Ref(number)}
	return s.Do(ctx, "import.mail", args, func(w *state.Writer) error {
		run, err := state.Runs.Number(w.Tx(), number)
		if err != nil {
			return err
		}
		run.Mail = counts
		if err := state.Runs.Put(w, run); err != nil || decided == nil {
			return err
		}
		c, err := state.Connections.Find(w.Tx(), state.TextKey(decided.Name))
		if err != nil || c == nil || c.Mailbox != "" && !again(c) {
			return err
		}
		c.Mailbox, c.Owner, c.MailboxBy = decided.Mailbox, decided.Owner, decided.MailboxBy
		return state.Connections.Put(w, c)
	})
}

// countMail says what the messages are that a run was told; nil where it was told none.
func (l *lookup) countMail(run *state.Run) (*state.MailCounts, error) {
	c := &state.MailCounts{}
	seed := maphash.MakeSeed()
	threads, waiting, counted := map[uint64]bool{}, map[string]bool{}, map[uint64]bool{}
	count := func(r *state.Record) error {
		if r.Kind != state.KindMessage || r.Mail == nil || counted[r.Key] {
			return nil
		}
		counted[r.Key] = true
		c.Messages++
		if v := r.Current(); v != nil && v.Message != nil {
			threads[maphash.String(seed, v.Message.Thread)] = true
		}
		class, sent, open, err := l.classify(r)
		switch class {
		case mailIgnored:
			c.Ignored++
		case mailAutomatic:
			c.Automatic++
		case mailColleagues:
			c.Colleagues++
		case mailKnown:
			c.Known++
		case mailWaiting:
			c.Waiting++
			for _, m := range open {
				waiting[m] = true
			}
		}
		if class == mailKnown || class == mailWaiting {
			if sent {
				c.Out++
			} else {
				c.In++
			}
		}
		return err
	}
	for r, err := range state.Records.All(l.tx, state.PrefixRange("run", state.NumberKey(run.Number))) {
		if err == nil {
			err = count(r)
		}
		if err != nil {
			return nil, err
		}
	}
	for b, err := range l.tx.Blobs(fmt.Sprintf("%s%016x/", state.BlobSeen, run.Number)) {
		if err != nil {
			return nil, err
		}
		var keys [][]byte
		for _, k := range seenRecords(b.Data) {
			keys = append(keys, state.NumberKey(k>>1))
		}
		for batch := range slices.Chunk(keys, 500) {
			records, err := state.Records.Many(l.tx, batch)
			if err != nil {
				return nil, err
			}
			for _, r := range records {
				if r == nil {
					continue
				}
				if err := count(r); err != nil {
					return nil, err
				}
			}
		}
	}
	if c.Messages == 0 {
		return nil, nil
	}
	c.Threads, c.Addresses = int64(len(threads)), int64(len(waiting))
	c.Twice = max(run.Counts.Seen-c.Messages, 0)
	return c, nil
}

const (
	// dominant is how much of what was sent must come from one address for a mailbox to be theirs.
	dominant = 0.9
	// sentLooked is how many messages that were sent are looked at.
	sentLooked = 2000
)

// again says whether it may be decided anew whose a mailbox is: it was shared because nothing else
// was known, and no person said so.
func again(c *state.Connection) bool {
	return c.MailboxBy == "rule" && c.Mailbox == state.MailboxShared
}

// decideMailbox says whose the mailbox of a connection is of which nobody said it yet: personal of
// the staff member from whom nearly all comes that was sent from it, else shared. Nil where it is
// decided.
func (l *lookup) decideMailbox(connection string) (*state.Connection, error) {
	c, err := state.Connections.Find(l.tx, state.TextKey(connection))
	if err != nil || c == nil || c.Mailbox != "" && !again(c) {
		return nil, err
	}
	if _, ok := l.configured(connection); ok {
		return nil, nil
	}
	d := &state.Connection{Name: connection, Mailbox: state.MailboxShared, MailboxBy: "rule"}
	by, all := map[uint64]int{}, 0
	r := state.PrefixRange("id", state.Join(state.TextKey(connection), state.TextKey(state.KindMessage)))
	for rec, err := range state.Records.All(l.tx, r) {
		if err != nil {
			return nil, err
		}
		if rec.Mail == nil || !rec.Mail.Sent {
			continue
		}
		m, err := l.rules().member(rec.Mail.From)
		if err != nil {
			return nil, err
		}
		local, _, _ := strings.Cut(rec.Mail.From, "@")
		if m != nil && !identity.IsRoleAddress(local) {
			by[m.Number]++
		}
		if all++; all == sentLooked {
			break
		}
	}
	for n, times := range by {
		if float64(times) >= dominant*float64(all) {
			d.Mailbox, d.Owner = state.MailboxPersonal, n
		}
	}
	return d, nil
}
