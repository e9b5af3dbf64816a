package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

// outboxLaw is a mailroom in which anything may happen, with what must hold of it.
type outboxLaw struct {
	*mailroom
	rt    *rapid.T
	other *Engine         // of another process on the same state
	stops map[string]bool // by address: no marketing from now on
	gone  map[string]bool // texts whose customer was forgotten
	keys  []string        // of what was queued; the text of a message is its key
	depth int
}

// another makes the engine of a second process.
func (r *outboxLaw) another() {
	mine, svc := r.eng, r.svc
	r.open(r.store)
	r.other, r.eng, r.svc = r.eng, mine, svc
}

// drawError draws how a call ends that does not end well.
func drawError(t *rapid.T) error {
	class := rapid.SampledFrom([]connectors.Class{connectors.Transient, connectors.RateLimited, connectors.Auth, connectors.Forbidden, connectors.Invalid,
		connectors.Ambiguous, connectors.NotFound, connectors.Conflict}).Draw(t, "class")
	switch rapid.IntRange(0, 5).Draw(t, "error") {
	case 0:
		return errors.New("a connector's mistake")
	case 1:
		return context.DeadlineExceeded
	case 2:
		return &connectors.Error{Class: connectors.Invalid, Text: "550 no such user", Cause: connectors.ErrUndeliverable}
	}
	return &connectors.Error{Class: class, Text: "it says so", After: time.Duration(rapid.IntRange(0, 30).Draw(t, "after")) * time.Minute}
}

// ambiguous says whether a message may have been taken over though the call ended so.
func ambiguous(err error) bool {
	var told *connectors.Error
	return !errors.As(err, &told) && !errors.Is(err, context.DeadlineExceeded) || told != nil && told.Class == connectors.Ambiguous
}

// during is what happens while a message is on its way to the system: another process makes a pass,
// somebody says no, or the lease of the call ends.
func (r *outboxLaw) during() {
	if r.depth > 0 {
		return
	}
	r.depth++
	defer func() { r.depth-- }()
	switch rapid.IntRange(0, 6).Draw(r.rt, "during") {
	case 0, 1:
		_, err := r.other.OutboxSend(context.Background(), service.OutboxSendIn{})
		r.ok(err)
	case 2:
		r.now = r.now.Add(service.OutboxLease + time.Minute)
		_, err := r.other.OutboxSend(context.Background(), service.OutboxSendIn{})
		r.ok(err)
	case 3:
		r.change()
	}
}

// change is what people do beside the passes.
func (r *outboxLaw) change() {
	ctx := context.Background()
	customer := rapid.IntRange(1, 4).Draw(r.rt, "customer")
	ref := state.Customers.Ref(uint64(customer))
	passes := func(err error, codes ...string) {
		if err != nil && !state.IsClass(err, state.NotFound) && !slices.ContainsFunc(codes, func(c string) bool { return state.IsCode(err, c) }) {
			r.rt.Fatal(err)
		}
	}
	switch rapid.IntRange(0, 5).Draw(r.rt, "change") {
	case 0, 1:
		_, err := r.svc.OptoutAdd(ctx, service.OptoutAddIn{Ref: address(customer), Purpose: "marketing"})
		passes(err)
		r.stops[address(customer)] = true
	case 2:
		_, err := r.svc.Merge(ctx, service.MergeIn{A: ref, B: state.Customers.Ref(uint64(customer%4 + 1))})
		passes(err)
	case 3:
		_, err := r.svc.Unmerge(ctx, service.UnmergeIn{Ref: ref})
		passes(err, "not_merged", "unmerge_which")
	case 4:
		if rapid.IntRange(0, 3).Draw(r.rt, "forget") > 0 {
			return
		}
		_, err := r.svc.CustomerForget(ctx, service.CustomerForgetIn{Ref: ref})
		passes(err)
		there := r.all()
		for _, key := range r.keys {
			if there[key] == nil {
				r.gone[key] = true
			}
		}
	case 5:
		var open []string
		for _, o := range r.all() {
			if o.Question != 0 && o.State == state.OutgoingWaiting {
				open = append(open, state.Questions.Ref(o.Question))
			}
		}
		if len(open) == 0 {
			return
		}
		slices.Sort(open)
		_, err := r.svc.Answer(ctx, service.AnswerIn{Number: open[0], Answer: rapid.SampledFrom([]string{"send", "drop"}).Draw(r.rt, "answer"), Text: "他要的"})
		passes(err)
	}
}

// queue puts a message for a customer or one of us into the outbox.
func (r *outboxLaw) queue() {
	customer := rapid.IntRange(1, 4).Draw(r.rt, "to")
	key := fmt.Sprintf("message %02d 消息", len(r.keys))
	r.keys = append(r.keys, key)
	what := rapid.SampledFrom([]string{"service", "marketing", "marketing", "staff"}).Draw(r.rt, "what")
	r.put(uint64(customer), key, func(m *state.Outgoing) {
		m.Purpose = what
		switch what {
		case "staff":
			toStaff("s1")(m)
		case "marketing":
			m.Asset = key
		}
	})
	if r.all()[key] == nil {
		r.rt.Fatalf("%s was not queued", key)
	}
}

// taken watches what the system takes over.
func (r *outboxLaw) taken(m *connectors.Message) {
	if strings.Contains(m.Text, "消息") && m.Unsubscribe != nil && r.stops[m.To.Address] && !r.claimedBefore(m.Text) {
		r.rt.Fatalf("%s said no before %q was taken to be sent", m.To.Address, m.Text)
	}
}

// claimedBefore says whether the no came after the message had been taken to be sent.
func (r *outboxLaw) claimedBefore(text string) bool {
	o := r.all()[text]
	if o == nil {
		return true // forgotten while it was on its way
	}
	why, err := r.svc.OptoutWhy(context.Background(), service.OptoutWhyIn{Ref: o.To.Shown})
	r.ok(err)
	for _, line := range why.Said {
		if line.State == state.ConsentOptedOut && line.Noted.Before(o.Claimed) {
			return false
		}
	}
	return true
}

// hold checks what is true after each pass: nothing was sent twice, nothing is lost.
func (r *outboxLaw) hold() {
	there := r.all()
	for _, key := range r.keys {
		n, o := r.box.count(key), there[key]
		if n > 1 {
			r.rt.Fatalf("%q was taken over %d times", key, n)
		}
		if o == nil {
			if !r.gone[key] {
				r.rt.Fatalf("%q is lost", key)
			}
			continue
		}
		switch o.State {
		case state.OutgoingSent:
			if n != 1 {
				r.rt.Fatalf("%q counts as sent and never was", key)
			}
		case state.OutgoingUnsure:
			if o.Question == 0 {
				r.rt.Fatalf("%q may have been sent, and nobody is asked", key)
			}
		case state.OutgoingWaiting, state.OutgoingRefused, state.OutgoingDropped, state.OutgoingFailed:
			if n != 0 {
				r.rt.Fatalf("%q is %s and was sent: %+v", key, o.State, o)
			}
		}
	}
}

// Whatever a system answers, whoever merges, says no or is forgotten, and with two processes at one
// state: each message is taken over once at most, no marketing after a no, and it is never lost: in
// the end it was sent, or refused with its reasons, or failed and a person knows, or a person is
// asked.
func TestOutboxLaw(t *testing.T) {
	t.Parallel()
	ends := map[string]int{}
	missing := func() (out []string) {
		for _, end := range []string{state.OutgoingSent, state.OutgoingRefused, state.OutgoingFailed, state.OutgoingUnsure, state.OutgoingWaiting} {
			if ends[end] == 0 {
				out = append(out, end)
			}
		}
		return out
	}
	law := func(rt *rapid.T) {
		r := &outboxLaw{mailroom: newMailroom(t, statetest.Mem()), rt: rt, stops: map[string]bool{}, gone: map[string]bool{}}
		r.people(4)
		r.approve()
		r.another()
		r.box.before = func(_ int, m *connectors.Message) error {
			r.during()
			if rapid.IntRange(0, 2).Draw(rt, "before") == 0 {
				return drawError(rt)
			}
			r.taken(m)
			return nil
		}
		r.box.after = func(int, *connectors.Message) error {
			r.during()
			if rapid.IntRange(0, 4).Draw(rt, "after it was taken") > 0 {
				return nil
			}
			if err := drawError(rt); ambiguous(err) {
				return err
			}
			return nil
		}
		for range rapid.IntRange(3, 10).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0, 1:
				r.queue()
			case 2:
				r.now = r.now.Add(time.Minute)
				r.change()
			case 3:
				r.now = r.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(rt, "minutes")) * time.Minute)
			default:
				r.mustPass()
			}
			r.hold()
		}
		r.box.before, r.box.after = func(_ int, m *connectors.Message) error { r.taken(m); return nil }, nil
		for range 4 {
			r.now = r.now.Add(13 * time.Hour)
			r.mustPass()
			r.hold()
		}
		for key, o := range r.all() {
			ends[o.State]++
			switch {
			case o.State == state.OutgoingSending:
				rt.Fatalf("%q is still being sent", key)
			case o.State == state.OutgoingWaiting && o.Question == 0,
				o.State == state.OutgoingRefused && len(o.Reasons) == 0,
				o.State == state.OutgoingFailed && o.Question == 0 && o.Code == "",
				o.State == state.OutgoingDropped && o.Code == "":
				rt.Fatalf("%q is %s, and nobody knows why: %+v", key, o.State, o)
			}
		}
	}
	// What is rare is mostly drawn the first time, and surely in one of many.
	for round := range 20 {
		rapid.Check(t, func(rt *rapid.T) {
			rapid.SliceOfN(rapid.Byte(), round, round).Draw(rt, "round") // from one seed each draws its own
			law(rt)
		})
		if len(missing()) == 0 || t.Failed() {
			break
		}
	}
	if m := missing(); len(m) > 0 {
		t.Errorf("no message ended %q: the law is not tested; %v", m, ends)
	}
}
