package service

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/promise"
)

const (
	// maxAddressed is how many people outside a message may go to before it is one to many, in which
	// nobody promises anything to one of them.
	maxAddressed = 5
	// sameDue is how far apart two due times may lie that are the same promise told twice.
	sameDue = 2 * 24 * time.Hour
	// sameSaid is how far apart two tellings of the same promise may lie.
	sameSaid = 30 * 24 * time.Hour
	// alikeAt is how alike the words of two promises are that may be the same one.
	alikeAt = 0.6
)

// party is one of the people of a message who is a customer.
type party struct {
	base    uint64
	address string
}

// parties gives the customers among the people of a message: of what we wrote those to whom we did,
// of others' the writer. many says that it went to too many for anything in it to be meant for one.
func (h *harvest) parties(r *state.Record) (ours bool, out []party, many bool, err error) {
	m, rules := r.Mail, h.l.rules()
	if ours = m.Sent; !ours {
		if ours, err = rules.ours(m.From); err != nil {
			return
		}
	}
	list := ""
	if v := r.Current(); v.Message != nil {
		list = identity.FoldList(v.Message.List)
	}
	outside, err := rules.external(m)
	if err != nil {
		return
	}
	many = m.Circular || len(outside) > maxAddressed
	for _, p := range outside {
		if ours && !p.To || !ours && !p.From {
			continue
		}
		ignored, err := rules.ignored(r.Connection, p.Address.Match, list)
		if err != nil {
			return ours, nil, many, err
		}
		if ignored {
			continue
		}
		base, err := h.l.baseOf(p.Address)
		if err != nil {
			return ours, nil, many, err
		}
		if base != 0 {
			out = append(out, party{base, p.Address.Match})
		}
	}
	return ours, out, many, nil
}

// baseOf gives the base customer that has an address; 0 where none or several have it.
func (l *lookup) baseOf(id state.Identifier) (uint64, error) {
	var base, customer uint64
	for r, err := range state.Records.All(l.tx, exactly("identifier", id.Key())) {
		if err != nil {
			return 0, err
		}
		if r.Kind != state.KindContact {
			continue
		}
		link, err := state.Links.Find(l.tx, state.NumberKey(r.Key))
		if err != nil || link == nil {
			return 0, err
		}
		c, err := l.survivor(link.Base)
		if err != nil {
			return 0, err
		}
		switch {
		case c == nil:
		case customer == 0:
			base, customer = link.Base, c.Number
		case customer != c.Number:
			return 0, nil
		}
	}
	return base, nil
}

// fromMessage makes questions of what a message promises, and looks whether it keeps what was
// promised before.
func (h *harvest) fromMessage(item *newsItem) error {
	r := item.record
	v := r.Current()
	if v.Message == nil || r.Mail == nil || r.Mail.Automatic || h.w.Cause.At.Sub(v.Message.At) > h.s.promiseRules().Age {
		return nil
	}
	ours, with, many, err := h.parties(r)
	if err != nil || many || len(with) == 0 {
		return err
	}
	if err := h.proofOfMessage(r, ours, with); err != nil {
		return err
	}
	f := foundPromise{base: with[0].base, address: with[0].address, direction: state.Theirs, said: v.Message.At, source: state.Records.Ref(r.Key),
		record: r.Key, connection: r.Connection}
	if ours {
		f.direction = state.Ours
	}
	if f.author, f.owner, err = h.whose(r, ours, with[0].base); err != nil {
		return err
	}
	mail := cmp.Or(v.Message.MessageID, r.Connection+"\x00"+r.ID)
	f.reason = state.Evidence{Code: "said_in_mail", Record: r.Key, Args: state.Args{"subject": v.Message.Subject, "from": writerName(r),
		"at": v.Message.At.UTC().Format(time.RFC3339), "connection": r.Connection, "thread": r.Connection + " " + v.Message.Thread}}
	for _, x := range item.found {
		if x.Kind == promise.KindThirdParty {
			continue
		}
		if err := h.ask(f.with(x, mail)); err != nil {
			return err
		}
	}
	return nil
}

// with is what was found, as one sentence says it. origin tells what it was found in from all else,
// in each connection that has it.
func (f foundPromise) with(x promise.Found, origin string) foundPromise {
	f.text, f.confidence, f.conditional = oneLine(x.Text), x.Confidence, x.Kind == promise.KindConditional
	if !x.Due.At.IsZero() {
		f.due = &state.Due{At: x.Due.At, Zone: x.Due.Zone, DateOnly: x.Due.DateOnly, Text: x.DueText}
	} else if x.DueText != "" {
		f.due = nil
	}
	sum := sha256.Sum256([]byte(origin + "\x00" + promise.Fold(x.Text)))
	f.topic = "promise:" + hex.EncodeToString(sum[:12])
	return f
}

func writerName(r *state.Record) string {
	for _, p := range r.Mail.People {
		if p.From {
			return cmp.Or(p.Name, p.Address.Shown)
		}
	}
	return ""
}

// whose says whose a promise in a message is, and who is asked about it: its author if it is ours;
// of theirs whoever answers for the customer, else whoever of us it was written to. Who has left is
// asked nothing.
func (h *harvest) whose(r *state.Record, ours bool, base uint64) (author, owner string, err error) {
	box, err := h.l.mailbox(r.Connection)
	if err != nil {
		return "", "", err
	}
	own := ""
	if box.owner != nil {
		own = state.StaffMembers.Ref(box.owner.Number)
	}
	if ours {
		m, err := h.l.rules().member(r.Mail.From)
		if err != nil {
			return "", "", err
		}
		if m != nil {
			author = state.StaffMembers.Ref(m.Number)
		} else if r.Mail.Sent {
			author = own
		}
		owner, err = h.present(author, base)
		return author, owner, err
	}
	candidates := []string{}
	if c, err := h.l.survivor(base); err != nil {
		return "", "", err
	} else if c != nil && c.Owner != "" {
		candidates = append(candidates, c.Owner)
	}
	for _, p := range r.Mail.People {
		m, err := h.l.rules().member(p.Address.Match)
		if err != nil {
			return "", "", err
		}
		if m != nil && !p.From {
			candidates = append(candidates, state.StaffMembers.Ref(m.Number))
		}
	}
	for _, ref := range append(candidates, own) {
		if m, err := h.l.member(ref); err != nil {
			return "", "", err
		} else if m != nil && !left(m, h.l.now) {
			return "", ref, nil
		}
	}
	return "", "", nil
}

// present gives who is asked about what somebody promised: themselves, of one who left whoever
// answers for the customer now, else their manager or deputy.
func (h *harvest) present(author string, base uint64) (string, error) {
	m, err := h.l.member(author)
	if err != nil || m == nil || !left(m, h.l.now) {
		return author, err
	}
	c, err := h.l.survivor(base)
	if err != nil {
		return "", err
	}
	var next []string
	if c != nil {
		next = append(next, c.Owner)
	}
	for _, n := range []uint64{m.Deputy, m.Manager} {
		if n != 0 {
			next = append(next, state.StaffMembers.Ref(n))
		}
	}
	for _, ref := range next {
		if x, err := h.l.member(ref); err != nil {
			return "", err
		} else if x != nil && !left(x, h.l.now) {
			return ref, nil
		}
	}
	return "", nil
}

// fromNote makes questions of what a note says was promised: by whoever wrote it, or by others, who
// are then the customer.
func (h *harvest) fromNote(item *newsItem) error {
	a := item.note
	if err := h.proofOfNote(a, item.base); err != nil {
		return err
	}
	author := ""
	if m, err := h.l.member(a.Actor); err != nil {
		return err
	} else if m != nil {
		author = a.Actor
	}
	owner, err := h.present(author, item.base)
	if err != nil {
		return err
	}
	f := foundPromise{base: item.base, author: author, owner: owner, said: a.At, source: a.ID,
		reason: state.Evidence{Code: "said_in_note", Args: state.Args{"kind": a.Kind, "by": h.l.name(a.Actor), "at": a.At.UTC().Format(time.RFC3339), "note": a.ID}}}
	for _, x := range item.found {
		one := f.with(x, a.ID)
		one.direction = state.Ours
		if x.Kind == promise.KindThirdParty {
			one.direction, one.author = state.Theirs, ""
		}
		if err := h.ask(one); err != nil {
			return err
		}
	}
	return nil
}

// ask keeps what was found as a question that waits for its day, unless somebody knows of it.
func (h *harvest) ask(f foundPromise) error {
	if f.confidence < promise.AskAt || h.s.promiseRules().Ask < 0 {
		return nil
	}
	tx := h.w.Tx()
	same, err := state.Questions.By(tx, "topic", state.TextKey(f.topic))
	if err != nil {
		return err
	}
	if len(same) > 0 {
		h.out.Known++
		return nil
	}
	known, err := h.known(f)
	if err != nil {
		return err
	}
	if known {
		h.out.Known++
		return nil
	}
	q := &state.Question{Kind: state.QuestionPromise, Topic: f.topic, State: state.QuestionWaiting, A: f.base, RecordA: f.record,
		Reasons: []state.Evidence{f.reason}, Score: f.score(), From: f.connection, Where: f.source, Field: f.direction, Raw: f.text,
		Options: []string{"yes", "no", "done"}, Created: h.w.Cause.At, For: f.owner, Due: f.due, Said: f.said, Conditional: f.conditional,
		Address: f.address}
	if f.author != f.owner {
		q.Header = f.author // who promised, where somebody else is asked
	}
	if q.Number, err = state.Questions.Next(h.w); err != nil {
		return err
	}
	h.out.Found++
	return state.Questions.Put(h.w, q)
}

// score orders what is asked: what is surest first, of equals what has a date and is ours.
func (f foundPromise) score() int64 {
	n := int64(f.confidence * 1000)
	if f.due != nil {
		n += 60
	}
	if f.direction == state.Ours {
		n += 20
	}
	if f.conditional {
		n -= 100
	}
	return n
}

// known says whether a promise is on record, or was asked about, in other words or in another mail:
// the same customer and side, about the same time, similar words.
func (h *harvest) known(f foundPromise) (bool, error) {
	c, err := h.l.survivor(f.base)
	if err != nil || c == nil {
		return c == nil, err
	}
	promises, err := h.l.promisesOf(c)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(promises, f.is) {
		return true, nil
	}
	for _, b := range bases(c) {
		asked, err := state.Questions.By(h.w.Tx(), "customer", state.NumberKey(b))
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(asked, func(q *state.Question) bool {
			return q.Kind == state.QuestionPromise && q.Field == f.direction && withinOf(q.Said, f.said, sameSaid) &&
				(promise.Fold(q.Raw) == promise.Fold(f.text) || nearDue(q.Due, f.due) && q.Due != nil && f.due != nil && promise.Alike(q.Raw, f.text) >= 0.9)
		}) {
			return true, nil
		}
	}
	return false, nil
}

// is says whether what was found is a promise that is on record, in these words or others.
func (f foundPromise) is(p *state.Promise) bool {
	return p.Direction == f.direction && withinOf(p.Made, f.said, sameSaid) && nearDue(p.Due, f.due) && promise.Alike(p.Text, f.text) >= alikeAt
}

func withinOf(a, b time.Time, within time.Duration) bool {
	return a.Sub(b).Abs() <= within
}

// nearDue says whether two due times may be one; a promise without one may be any.
func nearDue(a, b *state.Due) bool {
	return a == nil || b == nil || withinOf(a.At, b.At, sameDue)
}

// zoneOf gives the zone of one of us, else the configuration's.
func (l *lookup) zoneOf(actor string) (*time.Location, error) {
	m, err := l.member(actor)
	if err != nil || m == nil {
		return l.s.zone(), err
	}
	return l.s.zone(m.Zone), nil
}

// writerZone gives the zone of whoever wrote a message: of one of us their own, of a customer what
// is known of where they are.
func (l *lookup) writerZone(m *state.Mail) (*time.Location, error) {
	rules := l.rules()
	staff, err := rules.member(m.From)
	if err != nil {
		return nil, err
	}
	if staff != nil {
		return l.s.zone(staff.Zone), nil
	}
	if own, err := rules.ours(m.From); err != nil || own || m.Sent {
		return l.s.zone(), err
	}
	for _, p := range m.People {
		if p.Address.Match != m.From {
			continue
		}
		base, err := l.baseOf(p.Address)
		if err != nil || base == 0 {
			break
		}
		c, err := l.survivor(base)
		if err != nil || c == nil {
			break
		}
		return l.s.customerZone(c), nil
	}
	return l.s.zone(), nil
}
