package service

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/keptcrm/kept/state"
)

// Handover gives what is one staff member's to others: the customers that they own, the open
// promises that they made, and the open follow-ups that are theirs to do, wherever those are; with them
// go the questions about promises that they cannot be asked any more. All of it goes in one transaction, and can be taken back. Nobody is told anything.
func (s *Service) Handover(ctx context.Context, in HandoverIn) (HandoverOut, error) {
	args := state.Args{"from": in.From, "to": in.To}
	do := func(w *state.Writer) (HandoverOut, error) { return s.handOver(ctx, w, in) }
	// What would be done is found out first, so that nothing to do leaves no trace.
	out, err := dry(ctx, s, "handover", args, do)
	idle := in.Dry || len(out.Wrong) > 0 || out.Handover.Number == ""
	if err == nil && idle && !in.Dry {
		// A request that is made again has its first answer, though now there is nothing left to do.
		var again bool
		if again, err = s.asked(ctx); again {
			return change(ctx, s, "handover", args, do)
		}
	}
	if err != nil || idle {
		out.Handover.Number = ""
		return out, err
	}
	return change(ctx, s, "handover", args, do)
}

// asked says whether the caller's request was answered before.
func (s *Service) asked(ctx context.Context) (bool, error) {
	id := CallerOf(ctx).Request
	if id == "" {
		return false, nil
	}
	return view(ctx, s, func(tx state.Tx, _ time.Time) (bool, error) {
		done, err := state.Requests.Find(tx, state.TextKey(id))
		return done != nil, err
	})
}

// handing gathers one handover.
type handing struct {
	s     *Service
	w     *state.Writer
	l     *lookup
	from  *state.Staff
	ref   string
	items map[uint64]*state.HandoverItem // by customer
	names []string                       // by which promises are theirs
}

func (s *Service) handOver(ctx context.Context, w *state.Writer, in HandoverIn) (HandoverOut, error) {
	tx := w.Tx()
	if err := s.mayDo(ctx, tx, w.Cause.At, doAssign); err != nil {
		return HandoverOut{}, err
	}
	r, err := s.reader(ctx, tx)
	if err != nil {
		return HandoverOut{}, err
	}
	out := HandoverOut{Zone: r.zone.String(), Now: w.Cause.At}
	from, err := s.staff(tx, in.From)
	if err != nil {
		return out, err
	}
	h := &handing{s: s, w: w, l: newLookup(tx, w.Cause.At), from: from, ref: state.StaffMembers.Ref(from.Number), items: map[uint64]*state.HandoverItem{}}
	h.names = []string{h.ref}
	if from.Login != "" {
		h.names = append(h.names, from.Login)
	}
	to := ""
	if strings.TrimSpace(in.To) != "" {
		if to, err = h.taker(in.To); err != nil {
			return out, err
		}
	} else if len(in.Targets) == 0 {
		return out, &state.Error{Class: state.Invalid, Code: "handover_to"}
	}
	single, wrong, err := h.targets(in.Targets)
	if err != nil {
		return out, err
	}
	only := map[uint64]bool{}
	asked := []*state.Customer{}
	for _, ref := range in.Only {
		c, _, err := s.customer(tx, ref)
		if err != nil {
			return out, err
		}
		if !only[c.Number] {
			only[c.Number], asked = true, append(asked, c)
		}
	}
	for _, x := range single {
		asked = append(asked, x.c)
	}
	if err := h.gather(); err != nil {
		return out, err
	}
	for n, item := range h.items {
		item.To = to
		if x, ok := single[n]; ok {
			item.To = x.to
		}
		if item.To == "" || len(in.Only) > 0 && !only[n] {
			delete(h.items, n)
		}
	}
	if err := h.questions(); err != nil {
		return out, err
	}
	doc := &state.Handover{From: h.ref, At: w.Cause.At, By: w.Cause.Actor}
	for _, item := range h.items {
		doc.Items = append(doc.Items, *item)
	}
	slices.SortFunc(doc.Items, func(a, b state.HandoverItem) int { return cmp.Compare(a.Base, b.Base) })
	if len(doc.Items) > 0 && len(wrong) == 0 {
		if doc.Number, err = state.Handovers.Next(w); err != nil {
			return out, err
		}
		if err := h.put(doc); err != nil {
			return out, err
		}
	}
	h.l = newLookup(tx, w.Cause.At)
	if out.Handover, err = s.showHandover(h.l, doc, true); err != nil {
		return out, err
	}
	out.Handover.Dry, out.Wrong = in.Dry, wrong
	for _, c := range asked {
		if h.items[c.Number] == nil && !slices.ContainsFunc(out.Handover.Others, func(o CustomerRef) bool { return o == refOf(c) }) {
			out.Handover.Others = append(out.Handover.Others, refOf(c))
		}
	}
	slices.SortFunc(out.Handover.Others, func(a, b CustomerRef) int { return strings.Compare(a.Number, b.Number) })
	return out, nil
}

// taker gives who may take something over: one of us who is there, and not the one who hands over.
func (h *handing) taker(ref string) (string, error) {
	m, err := h.s.ownerOf(h.l.tx, ref)
	if err != nil {
		return "", err
	}
	if m.Number == h.from.Number {
		return "", &state.Error{Class: state.Invalid, Code: "handover_self", Args: state.Args{"name": m.Name}}
	}
	if a := h.s.absence(m, h.l.now); a != nil {
		return "", &state.Error{Class: state.Invalid, Code: "handover_away", Args: state.Args{"name": m.Name, "until": a.Until}}
	}
	return state.StaffMembers.Ref(m.Number), nil
}

type target struct {
	c    *state.Customer
	to   string
	line int
}

// targets reads who takes single customers. What is wrong is said for all lines at once.
func (h *handing) targets(list []HandoverTarget) (map[uint64]target, []HandoverWrong, error) {
	out := map[uint64]target{}
	var wrong []HandoverWrong
	for _, x := range list {
		c, _, err := h.s.customer(h.l.tx, x.Customer)
		var to string
		if err == nil {
			to, err = h.taker(x.To)
		}
		if err == nil {
			if other, ok := out[c.Number]; ok && other.to != to {
				err = &state.Error{Class: state.Invalid, Code: "handover_twice", Args: state.Args{"name": c.Name, "line": number("", uint64(other.line))}}
			}
		}
		if err != nil {
			e := state.AsError(err)
			if e == nil || e.Class != state.Invalid && e.Class != state.NotFound && e.Class != state.Conflict && e.Class != state.Ambiguous {
				return nil, nil, err
			}
			wrong = append(wrong, HandoverWrong{Line: x.Line, Class: e.Class, Code: e.Code, Args: e.Args})
			continue
		}
		out[c.Number] = target{c, to, x.Line}
	}
	return out, wrong, nil
}

func (h *handing) item(base uint64) (*state.HandoverItem, error) {
	c, err := h.l.survivor(base)
	if err != nil || c == nil {
		return nil, err // the customer went with an import
	}
	if h.items[c.Number] == nil {
		h.items[c.Number] = &state.HandoverItem{Base: c.Number}
	}
	return h.items[c.Number], nil
}

// gather finds everything that is theirs.
func (h *handing) gather() error {
	tx := h.l.tx
	owned, err := scanNumbers(tx, exactly("owner", state.TextKey(h.ref)), 0)
	if err != nil {
		return err
	}
	for _, n := range owned {
		item, err := h.item(n)
		if err != nil {
			return err
		}
		if item != nil {
			item.Set = h.l.now
		}
	}
	promises, err := state.Promises.List(tx, state.Range{Index: "open"})
	if err != nil {
		return err
	}
	slices.SortFunc(promises, func(a, b *state.Promise) int { return cmp.Compare(a.Number, b.Number) })
	for _, p := range promises {
		if p.Direction != state.Ours || !slices.Contains(h.names, p.By) {
			continue
		}
		item, err := h.item(p.Base)
		if err != nil {
			return err
		}
		if item != nil {
			item.Promises = append(item.Promises, state.HandoverPart{Number: p.Number, Was: p.By, MadeBy: p.MadeBy})
		}
	}
	followups, err := state.Followups.By(tx, "for", state.TextKey(h.ref))
	if err != nil {
		return err
	}
	slices.SortFunc(followups, func(a, b *state.Followup) int { return cmp.Compare(a.Number, b.Number) })
	for _, f := range followups {
		item, err := h.item(f.Base)
		if err != nil {
			return err
		}
		if item != nil {
			item.Followups = append(item.Followups, state.HandoverPart{Number: f.Number, Was: f.For})
		}
	}
	return nil
}

// put does a handover.
func (h *handing) put(doc *state.Handover) error {
	w, tx := h.w, h.l.tx
	for i := range doc.Items {
		item := &doc.Items[i]
		args := state.Args{"from": h.from.Name, "to": h.l.name(item.To), "by": h.l.name(w.Cause.Actor), "at": w.Cause.At.Format(time.RFC3339),
			"handover": state.Handovers.Ref(doc.Number)}
		for _, part := range item.Promises {
			p, err := state.Promises.Number(tx, part.Number)
			if err != nil {
				return err
			}
			p.By, p.MadeBy = item.To, cmp.Or(p.MadeBy, part.Was)
			made := maps.Clone(args)
			made["from"] = h.l.name(p.MadeBy)
			p.Evidence = append(p.Evidence, state.Evidence{Code: "taken_over", Args: made})
			if err := state.Promises.Put(w, p); err != nil {
				return err
			}
		}
		for _, part := range item.Followups {
			f, err := state.Followups.Number(tx, part.Number)
			if err != nil {
				return err
			}
			f.For = item.To
			f.Evidence = append(f.Evidence, state.Evidence{Code: "given_on", Args: args})
			if err := state.Followups.Put(w, f); err != nil {
				return err
			}
		}
		for _, part := range item.Questions {
			q, err := state.Questions.Number(tx, part.Number)
			if err != nil {
				return err
			}
			if q.Kind == state.QuestionPromise && q.Field == state.Ours {
				q.Header = cmp.Or(q.Header, q.For)
			}
			q.For = item.To
			if err := state.Questions.Put(w, q); err != nil {
				return err
			}
		}
		if item.Set.IsZero() {
			continue
		}
		c, err := h.l.survivor(item.Base)
		if err != nil {
			return err
		}
		if item.Was, err = state.Settings.Find(tx, settingKey(item.Base, "owner", "")); err != nil {
			return err
		}
		set := &state.Setting{Base: item.Base, Field: "owner", Values: []state.Value{{Text: item.To}}}
		if err := putSetting(w, c, set); err != nil {
			return err
		}
		item.Set = set.At
		if err := h.s.refresh(w, item.Base); err != nil {
			return err
		}
	}
	return state.Handovers.Put(w, doc)
}

// showHandover gives a handover as shown; whole with what of each customer went to whom.
func (s *Service) showHandover(l *lookup, doc *state.Handover, whole bool) (Handover, error) {
	out := Handover{From: l.name(doc.From), At: doc.At, By: l.name(doc.By), Customers: []HandoverCustomer{}, Others: []CustomerRef{}}
	if doc.Number != 0 {
		out.Number = state.Handovers.Ref(doc.Number)
	}
	if !doc.Undone.IsZero() {
		at := doc.Undone
		out.Undone, out.UndoneBy = &at, l.name(doc.UndoneBy)
	}
	for _, item := range doc.Items {
		out.Promises += len(item.Promises)
		out.Followups += len(item.Followups)
		out.Asked += len(item.Questions)
		if !item.Set.IsZero() {
			out.Owned++
		}
		c, err := l.survivor(item.Base)
		if err != nil {
			return out, err
		}
		if c == nil {
			c = &state.Customer{Number: item.Base}
		}
		x := HandoverCustomer{Customer: refOf(c), To: l.name(item.To), Owned: !item.Set.IsZero(), Promises: []Promise{}, Followups: []Followup{}, Language: speaks(c)}
		if whole {
			if err := s.handedParts(l, item, c, &x); err != nil {
				return out, err
			}
		}
		out.Customers = append(out.Customers, x)
	}
	if !whole {
		return out, nil
	}
	for _, r := range []state.Range{{Index: "open"}, state.PrefixRange("found", state.TextKey(doc.From))} {
		for q, err := range state.Questions.All(l.tx, r) {
			if err != nil {
				return out, err
			}
			if q.For == doc.From {
				out.Questions++
			}
		}
	}
	if doc.Number == 0 {
		out.Questions -= out.Asked // they would go along
	}
	return out, nil
}

func (s *Service) handedParts(l *lookup, item state.HandoverItem, c *state.Customer, x *HandoverCustomer) error {
	for _, a := range c.Identifiers {
		if a.Type == state.TypeEmail && !a.Former {
			x.Email = a.Shown
			break
		}
	}
	if m, err := l.member(item.To); err != nil {
		return err
	} else if m != nil && len(m.Emails) > 0 {
		x.ToEmail = m.Emails[0]
	}
	for _, part := range item.Promises {
		p, err := state.Promises.Find(l.tx, state.NumberKey(part.Number))
		if err != nil {
			return err
		}
		if p == nil {
			continue
		}
		shown, err := l.promise(p)
		if err != nil {
			return err
		}
		x.Promises = append(x.Promises, shown)
	}
	for _, part := range item.Followups {
		f, err := state.Followups.Find(l.tx, state.NumberKey(part.Number))
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		shown, err := s.showFollowup(l, f)
		if err != nil {
			return err
		}
		x.Followups = append(x.Followups, shown)
	}
	return nil
}

// speaks gives the language in which to write to a customer: what is known of them, else what
// their name is written in.
func speaks(c *state.Customer) string {
	for _, f := range c.Fields {
		if f.Name == "language" && len(f.Values) > 0 && strings.TrimSpace(f.Values[0].Text) != "" {
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(f.Values[0].Text)), "zh") {
				return "zh"
			}
			return "en"
		}
	}
	if strings.ContainsFunc(c.Name, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return "zh"
	}
	return "en"
}
