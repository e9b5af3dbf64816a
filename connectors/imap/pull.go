package imap

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
)

// pageLetters is how many messages a page has at most; only tests make it less, to need fewer.
var pageLetters = 200

// pageText is how many bytes the messages of a page say at most.
const pageText = 4 << 20

// plan is what a pull has still to read.
type plan struct {
	next    connectors.Cursor // the cursor that goes on with it
	work    []*folder         // the first is under way
	sent    []*folder         // all folders of sent mail
	all     *folder           // Gmail's folder of all messages
	whole   bool              // this pull began at the start, so that all that was sent is in seen
	seen    map[string]bool   // what this pull told, by key, and whether as sent
	set     uids              // what is left of the first folder, once it was asked
	asked   bool
	batch   int            // messages to fetch at once
	stumble map[uint32]int // how often the connection broke at a message that was asked for alone
	notes   []connectors.Rejected
}

// Pull returns at most 200 messages, the oldest of each folder first.
func (c *connection) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if kind != connectors.MessageKind {
		return connectors.Page{Next: from}, nil
	}
	at, err := parseCursor(from)
	if err != nil {
		return connectors.Page{}, err
	}
	select {
	case c.pulling <- struct{}{}:
		defer func() { <-c.pulling }()
	case <-ctx.Done():
		return connectors.Page{}, ctx.Err()
	}
	var page connectors.Page
	begun := false
	for {
		before := c.plan.hopes()
		err = c.with(ctx, func(s *session) error {
			if c.plan == nil || !begun && (c.plan.next != from || from == "") {
				p, err := c.begin(ctx, s, at)
				if c.plan = p; err != nil {
					return err
				}
				p.next = from
			}
			if !begun {
				begun, before = true, c.plan.hopes()
			}
			var err error
			page, err = c.page(ctx, s, c.plan, at.clone())
			return err
		})
		if err == nil {
			return page, nil
		}
		// A connection that broke is asked for less, until it is known what it breaks at.
		if c.plan == nil || connectors.ClassOf(err) != connectors.Transient || ctx.Err() != nil || !begun || c.plan.hopes() >= before {
			return connectors.Page{}, err
		}
	}
}

// begin looks at all folders: what has changed in which.
func (c *connection) begin(ctx context.Context, s *session, at *cursor) (*plan, error) {
	if err := s.leave(ctx); err != nil {
		return nil, err
	}
	all, err := s.listFolders(ctx, true)
	if err != nil {
		return nil, err
	}
	chosen, err := c.chosen(s, all)
	if err != nil {
		return nil, err
	}
	at.keep(chosen)
	p := &plan{whole: len(at.Boxes) == 0, seen: map[string]bool{}, batch: pageLetters, stumble: map[uint32]int{}}
	if one := gmail(s, all); one != nil && len(c.folders) == 0 {
		p.all = one
	}
	for _, f := range chosen {
		if !f.told || f.next == 0 {
			var no *refusal
			if err := s.ask(ctx, f); errors.As(err, &no) && !limited(no.r.code, no.r.text) && !unsafeLogin(no.r.text) {
				p.notes = append(p.notes, closed(f, c.Says(no.r.text)))
				continue
			} else if err != nil {
				return nil, err
			}
		}
		if f.place == mail.Sent {
			p.sent = append(p.sent, f)
		}
		b := at.box(f)
		if f.changed(b) {
			p.work = append(p.work, f)
		} else {
			b.ModSeq = f.modseq
		}
	}
	if at.Total == 0 {
		at.Total = at.Done
		for _, f := range p.work {
			if n := f.messages; at.Boxes[f.raw].Next == 1 {
				at.Total += int64(n)
			} else if f.next > at.Boxes[f.raw].Next {
				at.Total += int64(min(n, f.next-at.Boxes[f.raw].Next))
			}
		}
	}
	return p, nil
}

func closed(f *folder, says string) connectors.Rejected {
	return connectors.Rejected{Where: f.name, Field: "Folder", Kept: true, Reason: "the folder cannot be opened and is left out" + says}
}

// changed says whether there may be something to read in a folder.
func (f *folder) changed(b *box) bool {
	switch {
	case f.next == 0 || f.next > b.Next:
		return f.messages > 0 || f.next == 0
	case b.Left != "":
		return f.modseq == 0 || f.modseq != b.ModSeq
	}
	return false
}

// page reads on until a page is full. It changes the plan only once all of the page is there.
func (c *connection) page(ctx context.Context, s *session, p *plan, at *cursor) (connectors.Page, error) {
	b := &builder{c: c, s: s, p: p, at: at, seen: map[string]bool{}, page: connectors.Page{Rejected: slices.Clone(p.notes)}}
	work, set, asked := p.work, p.set, p.asked
	for len(work) > 0 && !b.full() {
		f := work[0]
		if !asked {
			var err error
			set, err = b.enter(ctx, f)
			var no *refusal
			if errors.As(err, &no) && !limited(no.r.code, no.r.text) && !unsafeLogin(no.r.text) && !s.broken {
				b.page.Rejected = append(b.page.Rejected, closed(f, c.Says(no.r.text)))
				work = work[1:]
				continue
			}
			if err != nil {
				return connectors.Page{}, err
			}
			asked = true
		}
		n, err := b.some(ctx, f, set)
		if err != nil {
			return connectors.Page{}, err
		}
		if set = set[n:]; len(set) == 0 {
			box := at.box(f)
			box.Next, box.ModSeq = max(box.Next, f.next), f.modseq
			work, set, asked = work[1:], nil, false
		}
	}
	if err := b.echoes(ctx); err != nil {
		return connectors.Page{}, err
	}
	if len(work) == 0 {
		if err := s.leave(ctx); err != nil {
			return connectors.Page{}, err
		}
	}
	p.work, p.set, p.asked, p.notes = work, set, asked, nil
	p.batch = min(pageLetters, p.batch*2)
	for key, sent := range b.seen {
		p.seen[key] = sent
	}
	at.Done += int64(b.page.Told)
	b.page.Done, b.page.Total, b.page.More = at.Done, max(at.Total, at.Done), len(work) > 0
	if !b.page.More {
		b.page.Total = at.Done
		at.Done, at.Total = 0, 0
	}
	b.page.Next = at.String()
	if p.next = b.page.Next; !b.page.More {
		c.plan = nil
	}
	return b.page, nil
}

// hopes is how many smaller bites there are still to try, of a page at which the connection breaks. It
// shrinks with each that was tried.
func (p *plan) hopes() int {
	if p == nil {
		return 0
	}
	n := p.batch * maxStumbles * 1000
	for _, times := range p.stumble {
		n -= times
	}
	return n
}

// maxStumbles is how often the connection may break at one message before that is set aside.
const maxStumbles = 2

// builder makes one page.
type builder struct {
	c    *connection
	s    *session
	p    *plan
	at   *cursor
	seen map[string]bool
	text int64
	page connectors.Page
	self []int // changes that may be copies of what was sent, by place
}

func (b *builder) full() bool { return b.page.Told >= pageLetters || b.text >= pageText }

// enter opens a folder and finds what of it is to be read.
func (b *builder) enter(ctx context.Context, f *folder) (uids, error) {
	open, err := b.s.examine(ctx, f.raw)
	if err != nil {
		return nil, err
	}
	if open.validity != 0 {
		f.validity = open.validity
	}
	if f.next == 0 {
		f.next = open.next
	}
	at := b.at.box(f)
	var set uids
	if left := at.left(); len(left) > 0 {
		now := map[uint32]*fetched{}
		if _, err := b.s.fetch(ctx, left, "("+b.s.basics()+")", now); err != nil {
			return nil, err
		}
		var still uids
		for _, u := range left {
			switch m := now[u]; {
			case m == nil:
			case b.c.leftOut(m):
				still = append(still, u)
			default:
				set = append(set, u)
			}
		}
		at.leave(still)
	}
	if f.next != 0 && f.next <= at.Next {
		return set, nil
	}
	span := uids{at.Next}.String() + ":*"
	if f.next != 0 {
		span = uids{at.Next}.String() + ":" + uids{f.next - 1}.String()
	}
	found, err := b.s.search(ctx, "UID", span)
	if err != nil {
		return nil, err
	}
	for _, u := range found { // "7:*" has the last message, whatever its number
		if u >= at.Next && (f.next == 0 || u < f.next) {
			set = append(set, u)
		}
	}
	if f.next == 0 && len(found) > 0 {
		f.next = max(at.Next, found[len(found)-1]+1)
	}
	return set.sorted(), nil
}

// some reads as many of the messages of a folder as the page has room for, and gives how many.
func (b *builder) some(ctx context.Context, f *folder, set uids) (int, error) {
	if len(set) == 0 {
		return 0, nil
	}
	open, err := b.s.examine(ctx, f.raw)
	if err != nil {
		return 0, err
	}
	if open.validity != 0 && open.validity != f.validity {
		b.c.plan = nil // what was asked says nothing any more
		return 0, &connectors.Error{Class: connectors.Transient, Text: b.c.System() + " numbered the messages anew while they were read; try again"}
	}
	set = set[:min(len(set), b.p.batch, pageLetters-b.page.Told)]
	if b.p.batch == 1 && b.p.stumble[set[0]] >= maxStumbles {
		// A server that cannot say anything at all is broken; that is no fault of the message.
		if _, err := b.s.fetch(ctx, set, "(UID FLAGS)", map[uint32]*fetched{}); err != nil {
			return 0, err
		}
		b.aside(f, set[0], "the server ends the connection when it is asked for this message", nil)
		b.passed(f, set[0], false)
		return 1, nil
	}
	n, err := b.read(ctx, f, set)
	if err != nil && b.s.broken && ctx.Err() == nil && !isTimeout(err) {
		// It may be one of these that the server dies of: smaller bites find it.
		if b.p.batch == 1 {
			b.p.stumble[set[0]]++
		}
		b.p.batch = max(1, min(b.p.batch, len(set))/2)
	}
	return n, err
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// read reads messages up to the page's bound.
func (b *builder) read(ctx context.Context, f *folder, set uids) (int, error) {
	got, failed, err := b.s.heads(ctx, set)
	if err != nil {
		return 0, err
	}
	var want []*fetched
	n, weight := 0, b.text
	for _, u := range set {
		if m := got[u]; m != nil && !b.c.leftOut(m) {
			w := m.weight()
			if n > 0 && weight+w > pageText {
				break
			}
			weight += w
			want = append(want, m)
		}
		n++
	}
	lost, err := b.s.bodies(ctx, want)
	if err != nil {
		return 0, err
	}
	for _, u := range set[:n] {
		m := got[u]
		switch {
		case failed[u] != "":
			b.aside(f, u, failed[u], nil)
		case m == nil: // deleted in the meantime
		case b.c.leftOut(m):
			b.passed(f, u, true)
			continue
		case lost[u] != "":
			b.aside(f, u, lost[u], m.header)
		default:
			b.tell(f, m)
		}
		b.passed(f, u, false)
	}
	b.text = weight
	return n, nil
}

// passed notes that a message was read; left, that it was left out for its flags.
func (b *builder) passed(f *folder, u uint32, left bool) {
	at := b.at.box(f)
	at.Next = max(at.Next, u+1)
	if set := at.left(); left {
		at.leave(append(set, u))
	} else if slices.Contains(set, u) {
		at.leave(slices.DeleteFunc(set, func(x uint32) bool { return x == u }))
	}
}

func (b *builder) aside(f *folder, u uint32, reason string, header []byte) {
	b.page.Told++
	b.page.Rejected = append(b.page.Rejected, setAside(f, u, reason, header))
}

// tell tells one message, unless this pull has told it from another folder.
func (b *builder) tell(f *folder, m *fetched) {
	t := b.c.record(f, m)
	b.page.Told++
	if t.change == nil {
		b.page.Rejected = append(b.page.Rejected, t.notes...)
		return
	}
	b.c.know(f, m.uid, t.key)
	if t.sent {
		b.at.writes(t.writers)
	}
	asSent, twice := b.p.seen[t.key]
	if !twice {
		asSent, twice = b.seen[t.key]
	}
	if twice && (asSent || !t.sent) {
		b.page.Joined++
		return
	}
	if !twice && !t.sent && b.p.all == nil && !b.p.whole && slices.ContainsFunc(t.writers, b.ours) {
		b.self = append(b.self, len(b.page.Changes))
	}
	b.seen[t.key] = t.sent
	b.page.Changes = append(b.page.Changes, *t.change)
	b.page.Rejected = append(b.page.Rejected, t.notes...)
}

// ours says whether an address sends from this mailbox.
func (b *builder) ours(address string) bool {
	return strings.EqualFold(address, b.c.User) || slices.Contains(b.at.Own, address)
}

// echoes leaves out what came back to us and lies among sent mail too, told by an earlier pull: a
// message to a list that we are on, or to ourselves. It stays told as sent.
func (b *builder) echoes(ctx context.Context) error {
	drop := map[int]bool{}
	for _, f := range b.p.sent {
		for _, i := range b.self {
			rec := &b.page.Changes[i].Record
			if drop[i] || rec.Message.MessageID == "" {
				continue
			}
			if _, err := b.s.examine(ctx, f.raw); err != nil {
				return err
			}
			id, ok := quote("<" + rec.Message.MessageID + ">")
			if !ok {
				continue // no server looks for an ID that is none
			}
			found, err := b.s.search(ctx, "UNDELETED", "HEADER", "MESSAGE-ID", id)
			var no *refusal
			if err != nil && !errors.As(err, &no) {
				return err
			}
			if len(found) == 0 {
				continue
			}
			got, _, err := b.s.gather(ctx, found[:min(len(found), 10)], "("+b.s.basics()+")")
			if err != nil {
				return err
			}
			for _, m := range got {
				if key, _ := keyOf(m); key == rec.ID {
					drop[i] = true
				}
			}
		}
	}
	if len(drop) == 0 {
		return nil
	}
	changes := b.page.Changes
	b.page.Changes = nil
	for i, ch := range changes {
		if drop[i] {
			b.page.Joined++
			b.seen[ch.Record.ID] = true
			b.page.Rejected = slices.DeleteFunc(b.page.Rejected, func(r connectors.Rejected) bool { return r.Where == ch.Where })
			continue
		}
		b.page.Changes = append(b.page.Changes, ch)
	}
	return nil
}
