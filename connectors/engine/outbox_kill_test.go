package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
	"github.com/keptcrm/kept/state/statetest"
)

// full is an outbox with everything that can be in it.
func (r *mailroom) full() {
	r.people(4)
	r.approve()
	r.put(1, "a service mail", nil)
	r.put(2, "an advert", marketing("brochure"))
	r.put(3, "no advert", marketing("brochure"))
	r.put(4, "a question", marketing("brochure"))
	r.put(1, "a digest 1", toStaff("s1"))
	r.put(1, "a digest 2", toStaff("s1"))
	r.put(2, "said aloud", toStaff("s2"))
	ctx := context.Background()
	_, err := r.svc.OptoutAdd(ctx, service.OptoutAddIn{Ref: address(3), Purpose: "marketing"})
	r.ok(err)
}

// settled runs new processes until nothing is open but questions, and checks what must hold of the full outbox
// wherever a process died: each message was sent once, or a person is asked and it was sent once at
// most.
func (r *mailroom) settled(at string) {
	r.t.Helper()
	r.open(r.store)
	r.box.before, r.box.after = nil, nil
	for range 3 {
		r.now = r.now.Add(service.OutboxLease + time.Minute)
		r.mustPass()
	}
	for text, o := range r.all() {
		n := r.box.count(text)
		if text == "said aloud" {
			if o.State != state.OutgoingSent || len(r.said) == 0 {
				r.t.Errorf("%s: %s is %s", at, text, o.State)
			}
			continue
		}
		switch o.State {
		case state.OutgoingSent:
			if n != 1 {
				r.t.Errorf("%s: %s counts as sent and was so %d times", at, text, n)
			}
		case state.OutgoingUnsure:
			if n > 1 || o.Question == 0 {
				r.t.Errorf("%s: of %s, sent %d times, nobody knows; question %d", at, text, n, o.Question)
			}
			if r.finds {
				r.t.Errorf("%s: %s is unsure though it can be found out", at, text)
			}
		case state.OutgoingRefused:
			if n != 0 || text != "no advert" {
				r.t.Errorf("%s: %s was refused and sent %d times", at, text, n)
			}
		case state.OutgoingWaiting:
			if n != 0 || text != "a question" || o.Question == 0 {
				r.t.Errorf("%s: %s waits (question %d) and was sent %d times", at, text, o.Question, n)
			}
		default:
			r.t.Errorf("%s: %s is %s", at, text, o.State)
		}
	}
	sent := r.all()["a service mail"].State == state.OutgoingSent
	if got := r.entries(1); slices.Equal(got, []string{"o1"}) != sent || len(got) > 1 {
		r.t.Errorf("%s: the history has %v (sent: %v)", at, got, sent)
	}
}

// Killed at any write, nothing is sent twice and nothing is lost.
func TestOutboxKilledAtEveryWrite(t *testing.T) {
	t.Parallel()
	for _, finds := range []bool{false, true} {
		var r *mailroom
		statetest.Interrupt(t, func(t *testing.T) state.Store {
			r = newMailroom(t, statetest.Mem())
			r.finds = finds
			r.full()
			return r.store
		}, func(s state.Store) error {
			r.open(s)
			_, err := r.pass()
			return err
		}, func(t *testing.T, _ state.Store, write int) {
			r.t = t
			r.settled(fmt.Sprintf("killed at write %d (finds %v)", write, finds))
		})
	}
}

// killable is a store of a process that may die between two writes.
type killable struct {
	state.Store
	dead atomic.Bool
}

var errKilled = errors.New("the process is dead")

func (k *killable) Update(ctx context.Context, fn func(state.Tx) error) error {
	if k.dead.Load() {
		return errKilled
	}
	return k.Store.Update(ctx, fn)
}

// Killed at any point of any call, and answered wrongly at any of them: the same.
func TestOutboxKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	ambiguous := &connectors.Error{Class: connectors.Ambiguous, Text: "the connection broke"}
	transient := &connectors.Error{Class: connectors.Transient, Text: "451"}
	for call := 1; call <= 4; call++ {
		for _, finds := range []bool{false, true} {
			for _, point := range []string{"before", "after", "ambiguous, not taken", "ambiguous, taken", "transient"} {
				at := fmt.Sprintf("%s, call %d, finds %v", point, call, finds)
				r := newMailroom(t, statetest.Mem())
				r.finds = finds
				r.full()
				store := &killable{Store: r.store}
				r.open(store)
				when := func(do func() error) func(int, *connectors.Message) error {
					return func(n int, _ *connectors.Message) error {
						if n == call {
							return do()
						}
						return nil
					}
				}
				die := when(func() error { store.dead.Store(true); return errKilled })
				switch point {
				case "before":
					r.box.before = die
				case "after":
					r.box.after = die
				case "ambiguous, not taken":
					r.box.before = when(func() error { return ambiguous })
				case "ambiguous, taken":
					r.box.after = when(func() error { return ambiguous })
				case "transient":
					r.box.before = when(func() error { return transient })
				}
				_, err := r.pass()
				if died := store.dead.Load(); died != (err != nil) {
					t.Fatalf("%s: died %v, %v", at, died, err)
				}
				if finds && strings.HasPrefix(point, "ambiguous") {
					continue // told so in an answer, it is a person's to say at once
				}
				r.settled(at)
			}
		}
	}
}
