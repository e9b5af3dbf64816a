package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

const (
	outboxLimit   = 200             // calls of one pass, where nobody says
	outboxCall    = 3 * time.Minute // for one message; far less than service.OutboxLease
	outboxGivesUp = 3               // calls over one way out that fail one after the other, before a pass leaves it alone
	outboxLooks   = 5               // how often a pass looks for what became due meanwhile
)

// posting is one pass over the outbox.
type posting struct {
	e     *Engine
	in    service.OutboxSendIn
	out   service.OutboxSendOut
	pass  service.OutboxPass
	only  map[uint64]bool // of the plan that is applied; nil: all
	ways  map[string]*way
	calls int
	limit int
	seen  map[uint64]bool
}

// way is a connection that sends, opened for a pass.
type way struct {
	conn   connectors.Connector
	every  time.Duration
	last   time.Time
	failed int
	closed bool // nothing more goes over it in this pass
}

// OutboxSend makes one pass over the outbox: what is due is taken, one message after the other, each
// in a transaction that asks the gate and notes that it is being sent; then comes the call; then a
// second transaction notes how it ended. Whoever dies in between leaves a message of which nobody
// knows whether it went out: where the connection cannot tell, a person is asked, and it is not sent
// again by itself. What goes to our own people over standard output or a webhook is, with the same
// ID.
//
// Nothing leaves over a connection or webhook before a person applied a plan: In.Dry makes one and
// changes nothing, In.Apply does exactly it. The answer is filled as far as it came also where there
// is an error:
//
//	plan_stale      (Refused) what would be sent now is not what was planned; args plan
//	outbox_stopped  (Cancelled) the next pass goes on where this one stopped
//	anything else   the state cannot be read or written to; what was committed stands
func (e *Engine) OutboxSend(ctx context.Context, in service.OutboxSendIn) (service.OutboxSendOut, error) {
	p := &posting{e: e, in: in, ways: map[string]*way{}, limit: in.Limit, seen: map[uint64]bool{}}
	if p.limit <= 0 {
		p.limit = outboxLimit
	}
	p.out = service.OutboxSendOut{Dry: in.Dry, Messages: []service.OutboxMessage{}, Counts: map[string]int{}, Approval: []string{}, Outlets: []service.OutboxOutlet{}}
	select {
	case e.posts <- struct{}{}:
	case <-ctx.Done():
		return p.out, state.AsError(ctx.Err())
	}
	defer func() { <-e.posts }()
	defer func() {
		for _, w := range p.ways {
			if w.conn != nil {
				release(w.conn)
			}
		}
	}()
	caller := service.CallerOf(ctx)
	caller.Request = "" // each transaction is one of its own
	ctx = service.WithCaller(ctx, caller)
	err := p.run(ctx)
	if ctx.Err() != nil {
		err = &state.Error{Class: state.Cancelled, Code: "outbox_stopped", Cause: ctx.Err()}
	}
	slices.Sort(p.out.Approval)
	for _, m := range p.out.Messages {
		p.out.Counts[m.Outcome]++
	}
	if told := e.svc.OutboxReport(context.WithoutCancel(ctx), &p.out); err == nil {
		err = told
	}
	return p.out, err
}

func (p *posting) run(ctx context.Context) error {
	for _, c := range p.e.env.Connections {
		if spec := p.e.spec(c.Type); spec != nil && spec.Sends != "" {
			p.pass.Senders = append(p.pass.Senders, service.OutboxSender{Name: c.Name, Channel: spec.Sends})
		}
	}
	slices.SortFunc(p.pass.Senders, func(a, b service.OutboxSender) int { return strings.Compare(a.Name, b.Name) })
	p.pass.Chat = p.e.env.Chat != nil
	if err := p.e.svc.OutboxStart(ctx, &p.pass); err != nil {
		return err
	}
	if p.in.Dry || p.in.Apply != "" {
		planned := *p
		planned.pass.Dry, planned.seen = true, map[uint64]bool{}
		if err := planned.look(ctx); err != nil {
			return err
		}
		if err := planned.plan(ctx); err != nil {
			return err
		}
		if p.in.Dry {
			p.out = planned.out
			return nil
		}
		if planned.out.Plan != p.in.Apply {
			return &state.Error{Class: state.Refused, Code: "plan_stale", Args: state.Args{"plan": p.in.Apply}}
		}
		p.only = map[uint64]bool{}
		for _, m := range planned.out.Messages {
			if n, ok := state.Outbox.ParseRef(m.Number); ok && m.Outcome == service.OutboxSends {
				p.only[n] = true
			}
		}
		if err := p.e.svc.OutboxApprove(ctx, planned.out.Approval); err != nil {
			return err
		}
	}
	if err := p.lost(ctx); err != nil {
		return err
	}
	for range outboxLooks {
		was := p.calls
		if err := p.look(ctx); err != nil {
			return err
		}
		if p.calls == was || p.out.More || p.only != nil {
			return nil
		}
	}
	return nil
}

// look goes once through what is due.
func (p *posting) look(ctx context.Context) error {
	due, err := p.e.svc.OutboxDue(ctx, &p.pass)
	if err != nil {
		return err
	}
	for _, d := range due {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.Outlet != "" && !slices.Contains(p.out.Approval, d.Outlet) {
			p.out.Approval = append(p.out.Approval, d.Outlet)
		}
		p.told(d.Waiting)
		d.Numbers = slices.DeleteFunc(d.Numbers, func(n uint64) bool { return p.only != nil && !p.only[n] || p.seen[n] })
		if len(d.Numbers) == 0 {
			continue
		}
		if p.calls >= p.limit {
			p.out.More = true
			return nil
		}
		if err := p.one(ctx, &d); err != nil {
			return err
		}
	}
	return nil
}

// told adds to the answer what became of messages, each once.
func (p *posting) told(all []service.OutboxMessage) {
	for _, m := range all {
		n, _ := state.Outbox.ParseRef(m.Number)
		if p.seen[n] || m.Outcome == service.OutboxTaken {
			continue
		}
		p.seen[n] = true
		p.out.Messages = append(p.out.Messages, m)
	}
}

// one takes and sends what goes with one call.
func (p *posting) one(ctx context.Context, d *service.OutboxDue) error {
	var w *way
	if !p.pass.Dry {
		var err error
		if w, err = p.way(ctx, d.Via); err != nil || w.closed {
			return err
		}
		if err := p.pace(ctx, w); err != nil {
			return nil // stopped; the caller sees it
		}
	}
	claim, shown, err := p.e.svc.OutboxClaim(ctx, &p.pass, d.Numbers)
	if err != nil {
		return err
	}
	if claim == nil {
		p.told(shown)
		return nil
	}
	p.calls++
	if p.pass.Dry {
		p.told(shown)
		return nil
	}
	p.told(slices.DeleteFunc(shown, func(m service.OutboxMessage) bool { return m.Outcome == service.OutboxSends }))
	result := p.call(ctx, w, claim)
	w.last = p.e.env.Now()
	switch result.How {
	case service.CallSent, service.CallNever:
		w.failed = 0
	case service.CallPause, service.CallStopped:
		w.closed = true
	default:
		w.failed++
		w.closed = w.failed >= outboxGivesUp
	}
	settled, err := p.e.svc.OutboxSettle(context.WithoutCancel(ctx), claim, result)
	if err != nil {
		return err
	}
	p.told(settled)
	return nil
}

// way opens what messages go over; it is closed where that cannot be done, and the reason is kept.
func (p *posting) way(ctx context.Context, via string) (*way, error) {
	if w := p.ways[via]; w != nil {
		return w, nil
	}
	w := &way{}
	p.ways[via] = w
	if via == "" || via == service.OutboxStdout || via == service.OutboxSlack || strings.HasPrefix(via, service.OutboxWebhook) {
		return w, nil
	}
	c := p.e.connection(via)
	if c == nil {
		w.closed = true
		return w, nil
	}
	conn, spec, err := p.e.dial(ctx, c, p.e.svc, false)
	if err == nil {
		if _, ok := conn.(connectors.Sender); !ok {
			release(conn)
			err = &state.Error{Class: state.Failed, Code: "connector_fault", Args: state.Args{"file": via, "what": spec.Name + " sends nothing"}}
		}
	}
	if err != nil {
		w.closed = true
		if ctx.Err() != nil {
			return w, nil
		}
		_, err = p.e.svc.OutboxSettle(ctx, &service.OutboxClaim{Via: via}, service.OutboxResult{How: service.CallPause, Error: state.AsError(err)})
		return w, err
	}
	w.conn = conn
	if l, ok := conn.(connectors.Limiter); ok && l.Limits().PerSecond > 0 {
		w.every = time.Duration(float64(time.Second) / l.Limits().PerSecond)
	}
	return w, nil
}

// pace waits as long as the connection wants between two messages.
func (p *posting) pace(ctx context.Context, w *way) error {
	if w.every == 0 || w.last.IsZero() {
		return ctx.Err()
	}
	if left := w.every - p.e.env.Now().Sub(w.last); left > 0 {
		return p.e.env.Sleep(ctx, left)
	}
	return ctx.Err()
}

// call hands the message over.
func (p *posting) call(ctx context.Context, w *way, c *service.OutboxClaim) service.OutboxResult {
	limited, cancel := context.WithTimeout(ctx, outboxCall)
	defer cancel()
	switch {
	case c.Via == service.OutboxStdout:
		return p.say(c)
	case c.Via == service.OutboxSlack:
		return p.chat(ctx, limited, c)
	case strings.HasPrefix(c.Via, service.OutboxWebhook):
		return p.hook(limited, c)
	}
	first := c.Messages[0]
	m := connectors.Message{To: connectors.Mailbox{Name: c.Name, Address: c.Address}, FromName: first.FromName, Subject: c.Subject, Text: c.Text, HTML: c.HTML,
		InReplyTo: first.InReplyTo, References: first.References, Automatic: c.Automatic}
	if first.ReplyTo != "" {
		m.ReplyTo = connectors.Mailbox{Address: first.ReplyTo}
	}
	if u := c.Unsub; u.Mail != "" || u.URL != "" {
		m.Unsubscribe = &connectors.Unsubscribe{Mail: u.Mail, Subject: u.Subject, URL: u.URL, OneClick: u.URL != ""}
	}
	id, err := w.conn.(connectors.Sender).Send(limited, connectors.Intent{ID: c.Intent, Key: c.Intent}, m)
	return sendResult(ctx, c.Via, id, err)
}

// sendResult says what the answer of a Sender means.
func sendResult(ctx context.Context, via, id string, err error) service.OutboxResult {
	if err == nil {
		return service.OutboxResult{How: service.CallSent, VendorID: id}
	}
	out := service.OutboxResult{Error: connectionError(via, err), Undeliverable: errors.Is(err, connectors.ErrUndeliverable)}
	var told *connectors.Error
	if !errors.As(err, &told) {
		switch {
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			out.How = service.CallStopped
			if ctx.Err() == nil {
				out.How, out.Error = service.CallLater, &state.Error{Class: state.Unavailable, Code: "connection_down", Args: state.Args{"connection": via}}
			}
		default:
			out.How = service.CallUnsure // it breaks the contract: nobody knows how far it came
		}
		return out
	}
	out.After = told.After
	switch told.Class {
	case connectors.Ambiguous:
		out.How = service.CallUnsure
	case connectors.Transient:
		out.How = service.CallLater
	case connectors.Forbidden:
		out.How, out.After = service.CallLater, max(told.After, time.Hour)
	case connectors.RateLimited, connectors.Auth:
		out.How = service.CallPause
	default:
		out.How = service.CallNever
		out.Error = &state.Error{Class: state.Invalid, Code: "message_refused", Args: state.Args{"connection": via, "reason": plainReason(via, told.Text)}, Cause: err}
	}
	return out
}

// lost finds out what became of messages whose sender died; what nobody can find out is asked.
func (p *posting) lost(ctx context.Context) error {
	lost, err := p.e.svc.OutboxLost(ctx)
	if err != nil {
		return err
	}
	for i := range lost {
		c := &lost[i]
		result := service.OutboxResult{How: service.CallUnsure}
		if c.Via == service.OutboxStdout || strings.HasPrefix(c.Via, service.OutboxWebhook) {
			result.How = service.CallStopped // it goes again with the same ID
		} else if c.Via != service.OutboxSlack {
			w, err := p.way(ctx, c.Via)
			if err != nil {
				return err
			}
			if finder, ok := w.conn.(connectors.Finder); ok {
				rec, found, err := finder.Find(ctx, connectors.Intent{ID: c.Intent, Key: c.Intent})
				switch {
				case err != nil:
					continue // the next pass looks again
				case found:
					result = service.OutboxResult{How: service.CallSent, VendorID: rec.ID}
				default:
					result.How = service.CallStopped
				}
			}
		}
		settled, err := p.e.svc.OutboxSettle(ctx, c, result)
		if err != nil {
			return err
		}
		if result.How != service.CallStopped {
			p.told(settled)
		}
	}
	return nil
}

// plan gives what a dry run found an ID, made of exactly what would be sent, and names the ways out
// that nobody approved yet.
func (p *posting) plan(ctx context.Context) error {
	h := sha256.New()
	ways := map[string]bool{}
	for _, m := range p.out.Messages {
		if m.Outcome != service.OutboxSends {
			continue
		}
		fmt.Fprintf(h, "%q %q %q %q %q\n", m.Number, m.To, m.Via, m.Subject, m.Text)
		if m.Via != service.OutboxStdout && m.Via != service.OutboxSlack {
			ways[m.Via] = true
		}
		p.out.Plan = "-"
	}
	if p.out.Plan == "" {
		return nil
	}
	p.out.Plan = hex.EncodeToString(h.Sum(nil)[:3])
	return p.e.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		p.out.Approval = []string{}
		for name := range ways {
			x, err := state.Outlets.Find(tx, state.TextKey(name))
			if err != nil {
				return err
			}
			if x == nil || x.Approved.IsZero() {
				p.out.Approval = append(p.out.Approval, name)
			}
		}
		return nil
	})
}
