package service

import (
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// This file decides what of a history who reads: direction and writer of a message as they are
// known now, and that of a personal mailbox or a private entry others see only the header.

// subject is one stored history that a customer's is made of.
type subject struct {
	key     []byte
	address string // match value, of an identifier's history
}

// subjects are the histories that a customer's own history is made of: those of its records, what
// people entered, and the mail of its addresses, former ones too. Mail of a role address (info@)
// is its only if nobody else has the address; mail of our own and of ignored addresses is nobody's.
func (l *lookup) subjects(c *state.Customer) ([]subject, error) {
	var out []subject
	for _, r := range c.Records {
		out = append(out, subject{key: state.RecordSubject(r)})
	}
	for _, b := range bases(c) {
		out = append(out, subject{key: state.CustomerSubject(b)})
	}
	if !slices.ContainsFunc(c.Identifiers, func(a state.Address) bool { return identity.InMessages(a.Identifier) }) {
		return out, nil
	}
	mail, err := l.hasMail()
	if err != nil || !mail {
		return out, err
	}
	seen := map[string]bool{}
	for _, a := range c.Identifiers {
		if !identity.InMessages(a.Identifier) || a.Match == "" || seen[a.Match] {
			continue
		}
		seen[a.Match] = true
		theirs, err := l.mailIsTheirs(a.Identifier)
		if err != nil {
			return nil, err
		}
		if theirs {
			out = append(out, subject{key: state.IdentifierSubject(a.Identifier), address: a.Match})
		}
	}
	return out, nil
}

func (l *lookup) hasMail() (bool, error) {
	if l.mail == nil {
		has, err := anyKey(l.tx, state.Range{Index: "people"})
		if err != nil {
			return false, err
		}
		l.mail = &has
	}
	return *l.mail, nil
}

func (l *lookup) mailIsTheirs(id state.Identifier) (bool, error) {
	own, err := l.rules().ours(id.Match)
	if err != nil || own {
		return false, err
	}
	if !id.Weak {
		return true, nil
	}
	holders, err := l.holders(id, 2)
	return len(holders) < 2, err
}

// holders gives the customers that have an identifier, at most so many.
func (l *lookup) holders(id state.Identifier, limit int) ([]uint64, error) {
	r := exactly("identifier", id.Key())
	r.KeysOnly = true
	var out []uint64
	for d, err := range l.tx.Scan(state.Customers.Kind, r) {
		if err != nil {
			return nil, err
		}
		out = append(out, state.KeyNumber(d.Key))
		if len(out) == limit {
			break
		}
	}
	return out, nil
}

func (l *lookup) rules() *mailRules {
	if l.mailRules == nil {
		l.mailRules = (&Service{}).mailRules(l.tx)
		if l.s != nil {
			l.mailRules = l.s.mailRules(l.tx)
		}
	}
	return l.mailRules
}

// lookup makes one that decides by the reader of a call what is shown. One without a reader shows
// of personal mail and private entries what everybody sees.
func (s *Service) lookup(tx state.Tx, now time.Time, r reader) *lookup {
	l := newLookup(tx, now)
	l.s, l.reader = s, r.staff
	return l
}

// keeps says whether an entry of a customer's stored history is shown at all: mail that is ignored is not.
func (l *lookup) keeps(a *state.Activity, s subject) (bool, error) {
	if s.address == "" || a.Kind != state.ActivityMessage {
		return true, nil
	}
	ignored, err := l.rules().ignored(a.Connection, s.address, a.List)
	return !ignored, err
}

// access is what a reader may see of an entry.
type access struct {
	open  bool
	owner *state.Staff // of the mailbox, or who marked it private; where it is not open
	mark  string       // of whoever may change it: private, shared
}

// visible says whether the reader sees more of an entry than its header. It is the one place that
// decides so: whoever quotes, searches or exports texts of histories asks it.
func (l *lookup) visible(a *state.Activity) (access, error) {
	me := ""
	if l.reader != nil {
		me = state.StaffMembers.Ref(l.reader.Number)
	}
	mark, err := l.markOn(a)
	if err != nil {
		return access{}, err
	}
	switch {
	case mark != nil && mark.Kind == state.MarkShared:
		return access{open: true, mark: mark.Kind}, nil
	case mark != nil:
		owner, err := l.member(mark.By)
		if err != nil {
			return access{}, err
		}
		if mark.By == me {
			return access{open: true, owner: owner, mark: mark.Kind}, nil
		}
		in, err := l.takesPart(a)
		return access{open: in, owner: owner, mark: mark.Kind}, err
	case a.Private:
		owner, err := l.member(a.Actor)
		return access{open: me != "" && a.Actor == me, owner: owner, mark: state.MarkPrivate}, err
	case a.Kind != state.ActivityMessage:
		return access{open: true}, nil
	}
	box, err := l.mailbox(a.Connection)
	if err != nil || box.kind != state.MailboxPersonal {
		return access{open: err == nil}, err
	}
	return access{open: box.owner != nil && l.reader != nil && box.owner.Number == l.reader.Number, owner: box.owner}, nil
}

// markOn gives the mark on an entry, else that on its thread, or nil.
func (l *lookup) markOn(a *state.Activity) (*state.Mark, error) {
	if l.marked == nil {
		any := false
		for _, err := range l.tx.Scan(state.Marks.Kind, state.Range{Limit: 1, KeysOnly: true}) {
			if err != nil {
				return nil, err
			}
			any = true
		}
		l.marked = &any
	}
	if !*l.marked {
		return nil, nil
	}
	keys := [][]byte{state.TextKey(a.ID)}
	if a.Thread != "" {
		keys = append(keys, state.TextKey(state.ThreadTarget(a.Connection, a.Thread)))
	}
	marks, err := state.Marks.Many(l.tx, keys)
	for _, m := range marks {
		if m != nil {
			return m, err
		}
	}
	return nil, err
}

// takesPart says whether the reader is among the people of a message.
func (l *lookup) takesPart(a *state.Activity) (bool, error) {
	if l.reader == nil || a.Kind != state.ActivityMessage || a.Record == 0 {
		return false, nil
	}
	r, err := state.Records.Find(l.tx, state.NumberKey(a.Record))
	if err != nil || r == nil || r.Mail == nil {
		return false, err
	}
	for _, p := range r.Mail.People {
		m, err := l.rules().member(p.Address.Match)
		if err != nil {
			return false, err
		}
		if m != nil && m.Number == l.reader.Number {
			return true, nil
		}
	}
	return false, nil
}

// box is whose a connection's mailbox is.
type box struct {
	kind  string
	owner *state.Staff
}

func (l *lookup) mailbox(connection string) (box, error) {
	if b, ok := l.boxes[connection]; ok {
		return b, nil
	}
	c, err := state.Connections.Find(l.tx, state.TextKey(connection))
	if err != nil {
		return box{}, err
	}
	b := box{kind: state.MailboxShared}
	if c != nil {
		if b, err = l.boxOf(c); err != nil {
			return box{}, err
		}
	}
	if l.boxes == nil {
		l.boxes = map[string]box{}
	}
	l.boxes[connection] = b
	return b, nil
}

// boxOf gives whose mailbox a connection is: as kept.yaml says, else as a person said or as the
// first import found it.
func (l *lookup) boxOf(c *state.Connection) (box, error) {
	b := box{kind: c.Mailbox}
	if said, ok := l.configured(c.Name); ok {
		b.kind = said.Mailbox
		if said.Mailbox == state.MailboxPersonal {
			// An owner whom nobody knows leaves it closed to all.
			m, err := l.s.staff(l.tx, said.Owner)
			if err != nil && !state.IsClass(err, state.NotFound) && !state.IsClass(err, state.Ambiguous) {
				return b, err
			}
			b.owner = m
		}
		return b, nil
	}
	if c.Owner != 0 {
		var err error
		if b.owner, err = l.member(state.StaffMembers.Ref(c.Owner)); err != nil {
			return b, err
		}
	}
	return b, nil
}

func (l *lookup) configured(connection string) (ConnectionConfig, bool) {
	if l.s == nil {
		return ConnectionConfig{}, false
	}
	c, ok := l.s.config.Connections[connection]
	return c, ok && c.Mailbox != ""
}

// message completes the entry of a message: direction and writer as they are known now, and the
// text where it may be read.
func (l *lookup) message(e *Entry, a *state.Activity) error {
	sent, err := l.rules().sent(a)
	if err != nil {
		return err
	}
	e.Direction = state.In
	if sent {
		e.Direction = state.Out
		e.Actor = a.FromName
		m, err := l.rules().member(a.From)
		if err != nil {
			return err
		}
		if m != nil {
			e.Actor = m.Name
		}
	}
	e.From, e.Thread = a.From, a.Thread
	for _, f := range a.Files {
		e.Attachments = append(e.Attachments, Attachment{Name: f.Name, Type: f.Type, Size: f.Size})
	}
	if a.Folded {
		if e.Body, err = l.unfold(a.Record); err != nil {
			return err
		}
	}
	return nil
}

// unfold gives the text of a message that its record alone has.
func (l *lookup) unfold(record uint64) (string, error) {
	r, err := state.Records.Find(l.tx, state.NumberKey(record))
	if err != nil || r == nil {
		return "", err
	}
	if v := r.Current(); v != nil && v.Message != nil {
		return identity.MailText(v.Message), nil
	}
	return "", nil
}

// closedRow leaves the text out of a question about a message that could not be read, where it came
// from a personal mailbox which is not the reader's.
func (l *lookup) closedRow(q *state.Question, out *Question) error {
	if q.Kind != state.QuestionRow || q.From == "" {
		return nil
	}
	b, err := l.mailbox(q.From)
	if err != nil || b.kind != state.MailboxPersonal || b.owner != nil && l.reader != nil && b.owner.Number == l.reader.Number {
		return err
	}
	out.Raw, out.Header = "", ""
	return nil
}

// header leaves of an entry what everybody sees.
func header(e *Entry, by *state.Staff) {
	e.Body, e.Attachments, e.Hidden = "", nil, true
	if by != nil {
		e.HiddenBy = by.Name
	}
	if e.Kind != state.ActivityMessage {
		e.Title = "" // of a note the first line is the note
	}
}

// alike says whether two entries are one message: the same one, or copies of it in two mailboxes.
func alike(a, b *item) bool {
	return a.e.ID == b.e.ID || a.mail != "" && a.mail == b.mail
}

// together leaves each message of one moment once: of copies the one that can be read, else the
// first in order.
func together(moment []item) []item {
	if len(moment) < 2 {
		return moment
	}
	var out []item
next:
	for _, x := range moment {
		for i := range out {
			if alike(&out[i], &x) {
				if out[i].e.Hidden && !x.e.Hidden {
					out[i] = x
				}
				continue next
			}
		}
		out = append(out, x)
	}
	return out
}

// addressesOf gives the match values by which messages name a customer.
func addressesOf(c *state.Customer, into map[string]bool) {
	for _, a := range c.Identifiers {
		if identity.InMessages(a.Identifier) {
			into[a.Match] = true
		}
	}
}
