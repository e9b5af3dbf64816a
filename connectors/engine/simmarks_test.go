package engine

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// simMark is the mark by which systems of a simulation hold an opt-out.
const simMark = "no-marketing"

func isMark(key string) bool { return strings.EqualFold(key, simMark) }

func hasMark(vals []string) bool { return slices.ContainsFunc(vals, isMark) }

// simOptouts is what a simulation knows of opt-outs at Kept. It draws by itself, so that histories
// without marks stay as they are.
type simOptouts struct {
	random *rand.Rand // nil: nobody says no here
	out    map[int]bool
}

// withMarks lets half of the histories have systems that hold opt-outs by a tag.
func (w *simulation) withMarks() {
	if w.seed%2 == 0 {
		return
	}
	w.optouts = simOptouts{random: rand.New(rand.NewPCG(w.seed, 11)), out: map[int]bool{}}
	for i, s := range w.remotes {
		if f := s.field("tag"); f != nil && w.optouts.random.IntN(4) > 0 {
			w.conns[i].Optout = service.OptoutMark{Field: "tag", Value: simMark}
		}
	}
}

func (w *simulation) optoutOf(s *remote) service.OptoutMark {
	return w.conns[slices.IndexFunc(w.conns, func(c Connection) bool { return c.Name == s.name })].Optout
}

// saysNo is somebody at Kept who notes an opt-out or takes one back, or people at a system who put its
// mark there or take it away.
func (w *simulation) saysNo() {
	o := &w.optouts
	if o.random == nil {
		return
	}
	person, ctx := o.random.IntN(2), service.WithCaller(context.Background(), service.Caller{Login: "ana"})
	s := w.remotes[o.random.IntN(len(w.remotes))]
	c := s.live(person)
	switch o.random.IntN(6) {
	case 0, 1:
		if _, err := w.svc.OptoutAdd(ctx, service.OptoutAddIn{Ref: anchor(person), Channel: "email", Purpose: pick(o.random, []string{"marketing", "all"})}); err != nil {
			w.fail("opting out: %v", err)
		}
		o.out[person] = true
		w.note("person %d opts out at Kept", person)
	case 2:
		_, err := w.svc.OptoutRemove(ctx, service.OptoutRemoveIn{Ref: anchor(person), Reason: "asked for it again"})
		if err != nil && !state.IsCode(err, "nothing_refused") {
			w.fail("lifting: %v", err)
		}
		o.out[person] = false
		w.note("person %d's opt-out is lifted: %v", person, err)
	case 3, 4:
		if c == nil || !w.optoutOf(s).Stands() {
			return
		}
		if hasMark(c.fields["tag"]) {
			c.fields["tag"] = slices.DeleteFunc(slices.Clone(c.fields["tag"]), isMark)
			w.note("%s: people take the mark from %s", s.name, c.id)
		} else {
			c.fields["tag"] = append(slices.Clone(c.fields["tag"]), s.keep("tag", []string{simMark})...)
			c.marked = true
			w.note("%s: people put the mark at %s", s.name, c.id)
		}
		s.touch(c, 0)
	}
}

// refusedAt gives what the gate says of the customer of a contact, and whether Kept remembers that it
// put the mark there.
func (w *simulation) refusedAt(s *remote, c *contact) (refused *state.Consent, ours bool) {
	err := w.svc.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		found, err := state.Records.By(tx, "id", state.RecordKey(s.name, string(connectors.Contact), c.id))
		if err != nil || len(found) == 0 {
			return err
		}
		x, err := state.Shadows.Find(tx, state.NumberKey(found[0].Key))
		if err != nil {
			return err
		}
		ours = x != nil && x.Mark != ""
		link, err := state.Links.Get(tx, state.NumberKey(found[0].Key))
		if err != nil {
			return err
		}
		customer, err := w.svc.Survivor(tx, link.Base)
		if err != nil {
			return err
		}
		refused, err = w.svc.OptedOut(tx, customer, s.name)
		return err
	})
	if err != nil {
		w.fail("the gate: %v", err)
	}
	return refused, ours
}

// marksFollow checks that who said no is refused, that each mark stands where the gate refuses, and
// that none stands where it does not, but those that people put there.
func (w *simulation) marksFollow() {
	if w.optouts.random == nil {
		return
	}
	for person := range 2 {
		for _, s := range w.remotes {
			c := s.live(person)
			if c == nil {
				continue
			}
			refused, ours := w.refusedAt(s, c)
			if w.optouts.out[person] && refused == nil {
				w.fail("person %d opted out, and the gate lets %s pass", person, c.id)
			}
			if !w.optoutOf(s).Stands() {
				continue
			}
			switch here := hasMark(c.fields["tag"]); {
			case refused != nil && !here:
				w.fail("%s opted out and has no mark: %q", c.id, c.fields["tag"])
			case refused == nil && here && !c.marked:
				w.fail("%s did not opt out, and Kept's mark stands there: %q", c.id, c.fields["tag"])
			case refused == nil && here && ours:
				w.fail("%s: what people put there counts as ours", c.id)
			}
		}
	}
}
