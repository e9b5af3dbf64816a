package service

import (
	"fmt"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/promise"
)

// proof is something that came and may be what was promised.
type proof struct {
	promise.Deed
	id        string // "k55", "n12"
	record    uint64
	direction string // of the promises that it can keep; "" both
	by        string // who did it: a staff member's number; "" the customer, a shop, or one of us who is no staff
	reason    state.Evidence
}

func (h *harvest) proofOfMessage(r *state.Record, ours bool, with []party) error {
	p, err := h.l.messageProof(r, ours)
	if err != nil {
		return err
	}
	return h.prove(p, with)
}

// messageProof is what a message does, as far as it may keep promises.
func (l *lookup) messageProof(r *state.Record, ours bool) (proof, error) {
	m := r.Current().Message
	p := proof{id: state.Records.Ref(r.Key), record: r.Key, direction: state.Theirs, Deed: promise.Deed{Kind: promise.DeedMessage, At: m.At,
		Subject: m.Subject, Text: m.Text, Thread: r.Connection + " " + m.Thread}}
	for _, f := range m.Attachments {
		p.Files = append(p.Files, f.Name)
	}
	if ours {
		p.direction = state.Ours
		member, err := l.rules().member(r.Mail.From)
		if err != nil {
			return p, err
		}
		if member != nil {
			p.by = state.StaffMembers.Ref(member.Number)
		}
	}
	p.reason = state.Evidence{Code: "kept_with_mail", Record: r.Key, Args: state.Args{"subject": m.Subject, "from": writerName(r), "at": m.At.UTC().Format(time.RFC3339)}}
	if len(m.Attachments) > 0 {
		p.reason.Args["file"] = m.Attachments[0].Name
	}
	return p, nil
}

// proofOfOrder looks whether an order that left, or was placed, is what was promised.
func (h *harvest) proofOfOrder(r *state.Record) error {
	if r.Party == "" {
		return nil
	}
	buyer, err := state.Records.By(h.w.Tx(), "id", state.RecordKey(r.Connection, state.KindContact, r.Party))
	if err != nil || len(buyer) == 0 {
		return err
	}
	link, err := state.Links.Find(h.w.Tx(), state.NumberKey(buyer[0].Key))
	if err != nil || link == nil {
		return err
	}
	for _, p := range orderProofs(r) {
		if err := h.prove(p, []party{{base: link.Base}}); err != nil {
			return err
		}
	}
	return nil
}

func orderProofs(r *state.Record) []proof {
	v := r.Current()
	if v == nil || v.Order == nil || v.Order.Test {
		return nil
	}
	o := v.Order
	make := func(kind, code, direction string, at time.Time) proof {
		return proof{id: state.Records.Ref(r.Key), record: r.Key, direction: direction,
			Deed:   promise.Deed{Kind: kind, At: at, Text: linesText(o.Lines) + "\n" + skus(o.Lines), Number: o.Number},
			reason: state.Evidence{Code: code, Record: r.Key, Args: state.Args{"order": o.Number, "at": at.UTC().Format(time.RFC3339), "connection": r.Connection}}}
	}
	var out []proof
	if !o.Shipped.IsZero() {
		out = append(out, make(promise.DeedShipment, "kept_with_shipment", state.Ours, o.Shipped))
	}
	if o.Counts && !o.At.IsZero() {
		out = append(out, make(promise.DeedOrder, "kept_with_order", state.Theirs, o.At))
	}
	return out
}

func skus(lines []state.OrderLine) string {
	s := ""
	for _, l := range lines {
		s += l.SKU + "\n"
	}
	return s
}

func (h *harvest) proofOfNote(a *state.Activity, base uint64) error {
	return h.prove(noteProof(a, h.l.name(a.Actor)), []party{{base: base}})
}

func noteProof(a *state.Activity, by string) proof {
	p := proof{id: a.ID, by: a.Actor, Deed: promise.Deed{Kind: promise.DeedNote, At: a.At, Text: a.Title + "\n" + a.Body},
		reason: state.Evidence{Code: "kept_with_note", Args: state.Args{"kind": a.Kind, "by": by, "at": a.At.UTC().Format(time.RFC3339), "note": a.ID}}}
	switch a.Kind {
	case state.ActivityCall:
		p.Kind, p.direction = promise.DeedCall, state.Ours
	case state.ActivityMeeting:
		p.Kind, p.direction = promise.DeedMeeting, state.Ours
	}
	return p
}

// prove proposes that the promises which fit what came are kept with it, or closes the one that is
// kept beyond doubt where that is configured.
func (h *harvest) prove(x proof, with []party) error {
	type match struct {
		p   *state.Promise
		fit promise.Fit
	}
	var fits []match
	seen := map[uint64]bool{}
	for _, one := range with {
		c, err := h.l.survivor(one.base)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		open, err := h.l.promisesOf(c)
		if err != nil {
			return err
		}
		for _, p := range open {
			if p.State != state.PromiseOpen || seen[p.Number] {
				continue
			}
			seen[p.Number] = true
			if fit := h.s.fits(p, x); fit.Score >= promise.FitAt {
				fits = append(fits, match{p, fit})
			}
		}
	}
	sure := 0
	for _, m := range fits {
		if m.fit.Sure {
			sure++
		}
	}
	for _, m := range fits {
		if m.fit.Sure && sure == 1 && h.s.promiseRules().Close == CloseSure {
			if err := h.closeBy(m.p, x); err != nil {
				return err
			}
			continue
		}
		if err := h.propose(m.p, x, m.fit); err != nil {
			return err
		}
	}
	return nil
}

// fits weighs whether what came keeps a promise: the right side did it, and of ours whoever promised,
// whoever took that over from them, or one of whom we do not know who they are.
func (s *Service) fits(p *state.Promise, x proof) promise.Fit {
	if x.direction != "" && x.direction != p.Direction || slices.Contains(p.Refused, x.id) || p.Source == x.id {
		return promise.Fit{}
	}
	if p.Direction == state.Ours && x.by != "" && x.by != p.By && x.by != p.MadeBy && x.Kind != promise.DeedNote && x.Kind != promise.DeedShipment {
		return promise.Fit{}
	}
	return s.promiseReader().Fulfils(pledge(p), x.Deed)
}

// closedWith is the evidence that a promise was closed with something.
func closedWith(x state.Evidence, by string, at time.Time) state.Evidence {
	e := state.Evidence{Code: x.Code, Record: x.Record, Args: state.Args{}}
	for k, v := range x.Args {
		e.Args[k] = v
	}
	e.Args["closed_by"], e.Args["closed"] = by, at.UTC().Format(time.RFC3339)
	return e
}

func (h *harvest) closeBy(p *state.Promise, x proof) error {
	now := h.w.Cause.At
	p.State, p.Closed, p.ClosedBy, p.Done, p.Proof = state.PromiseKept, now, state.ClosedByRule, x.At, x.id
	p.Evidence = append(p.Evidence, closedWith(x.reason, state.ClosedByRule, now))
	h.out.Closed++
	if err := state.Promises.Put(h.w, p); err != nil {
		return err
	}
	return dropProposals(h.w, p)
}

// propose asks whoever promised, of theirs whoever answers for the customer, whether a promise is
// kept with what came.
func (h *harvest) propose(p *state.Promise, x proof, fit promise.Fit) error {
	topic := fmt.Sprintf("kept:%d:%s", p.Number, x.id)
	old, err := state.Questions.By(h.w.Tx(), "topic", state.TextKey(topic))
	if err != nil || len(old) > 0 {
		return err
	}
	owner, err := h.asked(p)
	if err != nil {
		return err
	}
	q := &state.Question{Kind: state.QuestionPromiseDone, Topic: topic, State: state.QuestionWaiting, A: p.Base, RecordA: x.record,
		Reasons: []state.Evidence{x.reason}, Score: 2000 + int64(fit.Score*100), Where: x.id, Field: p.Direction, Raw: p.Text,
		Options: []string{"yes", "no"}, Created: h.w.Cause.At, For: owner, Due: p.Due, Said: x.At, Promise: p.Number}
	if q.Number, err = state.Questions.Next(h.w); err != nil {
		return err
	}
	h.out.Proposed++
	return state.Questions.Put(h.w, q)
}

// asked is who is asked about a promise that is on record.
func (h *harvest) asked(p *state.Promise) (string, error) {
	if p.Direction == state.Ours {
		if _, ok := state.StaffMembers.ParseRef(p.By); !ok {
			return "", nil
		}
		return h.present(p.By, p.Base)
	}
	c, err := h.l.survivor(p.Base)
	if err != nil {
		return "", err
	}
	for _, ref := range []string{ownerOf(c), p.Logged} {
		m, err := h.l.member(ref)
		if err != nil {
			return "", err
		}
		if m != nil && !left(m, h.l.now) {
			return ref, nil
		}
	}
	return "", nil
}

func ownerOf(c *state.Customer) string {
	if c == nil {
		return ""
	}
	return c.Owner
}

// dropProposals takes back what is asked about a promise that is closed now.
func dropProposals(w *state.Writer, p *state.Promise) error {
	list, err := state.Questions.By(w.Tx(), "customer", state.NumberKey(p.Base))
	if err != nil {
		return err
	}
	for _, q := range list {
		if q.Kind == state.QuestionPromiseDone && q.Promise == p.Number && (q.State == state.QuestionOpen || q.State == state.QuestionWaiting) {
			q.State = state.QuestionLapsed
			if err := state.Questions.Put(w, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// gone is for what was deleted at its connection, or with its import. A promise that it closed by
// itself is open again; one that a person closed stays as they said. What was asked about it and not
// answered is taken back: that a promise was kept with it always, that it was made in it only where
// the import went, as mailboxes are tidied up and promises are not.
func (h *harvest) gone(n *state.News) error {
	closed, err := state.Promises.By(h.w.Tx(), "proof", state.TextKey(n.ID))
	if err != nil {
		return err
	}
	for _, p := range closed {
		if p.ClosedBy != state.ClosedByRule {
			continue
		}
		reopen(p)
		p.Evidence = append(p.Evidence, state.Evidence{Code: "proof_gone", Args: state.Args{"at": h.w.Cause.At.Format(time.RFC3339)}})
		h.out.Reopened++
		if err := state.Promises.Put(h.w, p); err != nil {
			return err
		}
	}
	record, err := state.Records.Find(h.w.Tx(), state.NumberKey(n.Record))
	if err != nil {
		return err
	}
	asked, err := state.Questions.By(h.w.Tx(), "source", state.TextKey(n.ID))
	if err != nil {
		return err
	}
	for _, q := range asked {
		if q.State != state.QuestionOpen && q.State != state.QuestionWaiting || q.Kind == state.QuestionPromise && record != nil {
			continue
		}
		if _, err := state.Questions.Delete(h.w, state.NumberKey(q.Number)); err != nil {
			return err
		}
	}
	return nil
}

// reopen makes a promise open again, as if it had not been closed.
func reopen(p *state.Promise) {
	p.State, p.Closed, p.ClosedBy, p.Done, p.Proof, p.Note = state.PromiseOpen, time.Time{}, "", time.Time{}, "", ""
}

// since looks for what keeps a promise among what came after it was made: it was asked about late,
// or logged late.
func (h *harvest) since(p *state.Promise) (*proof, promise.Fit, error) {
	c, err := h.l.survivor(p.Base)
	if err != nil || c == nil {
		return nil, promise.Fit{}, err
	}
	subjects, err := h.l.subjects(c)
	if err != nil {
		return nil, promise.Fit{}, err
	}
	var best *proof
	var fit promise.Fit
	for _, subject := range subjects {
		read := 0
		for a, err := range state.Activities.Read(h.l.tx, subject.key, state.Range{From: state.TimeKey(p.Made)}) {
			if err != nil {
				return nil, fit, err
			}
			if read++; read > maxSince {
				break
			}
			keeps, err := h.l.keeps(a, subject)
			if err != nil {
				return nil, fit, err
			}
			if !keeps {
				continue
			}
			list, err := h.l.proofsOf(a)
			if err != nil {
				return nil, fit, err
			}
			for _, x := range list {
				if f := h.s.fits(p, x); f.Score >= promise.FitAt && f.Score > fit.Score {
					best, fit = &x, f
				}
			}
		}
	}
	return best, fit, nil
}

// maxSince bounds how many later entries of one history are looked at.
const maxSince = 500

// proofsOf gives what an entry of a history does.
func (l *lookup) proofsOf(a *state.Activity) ([]proof, error) {
	switch a.Kind {
	case state.ActivityNote, state.ActivityCall, state.ActivityMeeting:
		return []proof{noteProof(a, l.name(a.Actor))}, nil
	case state.ActivityMessage, state.ActivityShipment, state.ActivityOrder:
	default:
		return nil, nil
	}
	r, err := state.Records.Find(l.tx, state.NumberKey(a.Record))
	if err != nil || r == nil || r.Current() == nil {
		return nil, err
	}
	if a.Kind != state.ActivityMessage {
		return orderProofs(r), nil
	}
	if r.Mail == nil || r.Mail.Automatic || r.Current().Message == nil {
		return nil, nil
	}
	ours, err := l.rules().sent(a)
	if err != nil {
		return nil, err
	}
	if own, err := l.rules().ours(identity.EmailIdentifier(a.From).Match); err == nil && own {
		ours = true
	}
	x, err := l.messageProof(r, ours)
	return []proof{x}, err
}
