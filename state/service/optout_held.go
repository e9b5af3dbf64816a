package service

import (
	"cmp"
	"slices"

	"github.com/keptcrm/kept/state"
)

// What a connection holds of an opt-out.
const (
	HeldHere     = "held"          // its mark stands there, and Kept put it there
	HeldTheirs   = "held_theirs"   // its mark stands there, and people there put it
	HeldWaits    = "waits"         // the next sync tells it
	HeldPlan     = "waits_plan"    // nobody has applied a plan yet that writes there
	HeldReadOnly = "read_only"     // its mark is set, and it is only read
	HeldNotSet   = "not_set"       // it could hold it; nothing says by what
	HeldCannot   = "cannot"        // it has no room for it
	HeldTaken    = "lifted"        // nobody refuses any more; the next sync takes Kept's mark away
	HeldLeft     = "lifted_theirs" // nobody refuses any more; the mark of people there is theirs to take away
)

// optoutsHeld says for each synced connection where a customer has a record whether it holds that they
// opted out of marketing by e-mail; none where there is nothing to hold.
func (s *Service) optoutsHeld(l *lookup, c *state.Customer) ([]OptoutHeld, error) {
	out := []OptoutHeld{}
	if c == nil {
		return out, nil
	}
	records, err := l.recordsOf(c.Records)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		v := r.Current()
		config := s.config.Connections[r.Connection]
		if r.Kind != state.KindContact || !config.Synced || v == nil || v.Implied {
			continue
		}
		refused, err := s.OptedOut(l.tx, c, r.Connection)
		if err != nil {
			return nil, err
		}
		h, err := s.heldAt(l.tx, r, v, config, refused != nil)
		if err != nil {
			return nil, err
		}
		if h.State != "" {
			out = append(out, h)
		}
	}
	slices.SortStableFunc(out, func(a, b OptoutHeld) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Record, b.Record))
	})
	return out, nil
}

func (s *Service) heldAt(tx state.Tx, r *state.Record, v *state.Version, config ConnectionConfig, refused bool) (OptoutHeld, error) {
	h := OptoutHeld{Connection: r.Connection, Record: r.ID, Mark: config.Optout.String(), Offer: config.OptoutOffer}
	x, err := state.Shadows.Find(tx, state.NumberKey(r.Key))
	if err != nil {
		return h, err
	}
	here := config.Optout.In(v.Fields)
	if config.Optout.Field == markConsent {
		here = slices.ContainsFunc(v.Consents, func(said state.Said) bool {
			return !said.Mark && said.State == state.ConsentOptedOut && (said.Channel == channelEmail || said.Channel == state.AllChannels)
		})
	}
	ours := x != nil && x.Mark != "" && x.Mark == h.Mark
	switch {
	case here && ours:
		h.State, h.At = HeldHere, x.MarkSent
		if !refused {
			h.State = HeldTaken
		}
	case here && refused:
		h.State = HeldTheirs
	case here:
		h.State = HeldLeft
	case !refused:
		return OptoutHeld{}, nil
	case h.Mark == "" && h.Offer == "":
		h.State = HeldCannot
	case h.Mark == "":
		h.State = HeldNotSet
	case !config.Writes:
		h.State = HeldReadOnly
	default:
		h.State = HeldWaits
		known, err := state.Connections.Find(tx, state.TextKey(r.Connection))
		if err != nil {
			return h, err
		}
		if known == nil || known.Approved.IsZero() {
			h.State = HeldPlan
		}
	}
	return h, nil
}
