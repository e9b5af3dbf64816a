package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

const defaultWaiting = 50

// CustomerWaiting gives the addresses in mail of people that are nobody's customers: strangers who
// wrote, suppliers, who stood in Cc. Newsletters, no-reply addresses, our own and ignored ones are
// not among them.
func (s *Service) CustomerWaiting(ctx context.Context, in WaitingIn) (WaitingOut, error) {
	limit := in.Limit
	if limit == 0 {
		limit = defaultWaiting
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (WaitingOut, error) {
		r, err := s.reader(ctx, tx)
		if err != nil {
			return WaitingOut{}, err
		}
		out := WaitingOut{Waiting: []Waiting{}, Zone: r.zone.String(), Now: now}
		l := s.lookup(tx, now, r)
		type candidate struct {
			match string
			n     int
			last  []byte
		}
		var all []candidate
		err = l.addresses(func(match string) error {
			waits, err := l.waits(match)
			if err != nil || !waits {
				return err
			}
			c := candidate{match: match}
			prefix := state.PeopleIn(match, false)
			r := state.PrefixRange("people", prefix)
			r.KeysOnly = true
			for d, err := range tx.Scan(state.Records.Kind, r) {
				if err != nil {
					return err
				}
				c.n++
				c.last = d.Entry[len(prefix):]
			}
			if c.n > 0 {
				all = append(all, c)
			}
			return nil
		})
		if err != nil {
			return out, err
		}
		slices.SortFunc(all, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(string(b.last), string(a.last)), cmp.Compare(a.match, b.match))
		})
		out.Total = len(all)
		if limit > 0 {
			all = all[:min(len(all), limit)]
		}
		for _, c := range all {
			w, err := l.waiting(c.match)
			if err != nil {
				return out, err
			}
			w.Messages = c.n
			out.Waiting = append(out.Waiting, w)
		}
		return out, nil
	})
}

// addresses goes through every address that stands in mail, once.
func (l *lookup) addresses(fn func(match string) error) error {
	r := state.Range{Index: "people"}
	for {
		key, err := firstEntry(l.tx, r)
		if err != nil || key == nil {
			return err
		}
		match, _ := state.KeyText(key)
		r.From = state.After(state.TextKey(match))
		if err := fn(match); err != nil {
			return err
		}
	}
}

// waits says whether an address of somebody is nobody's customer.
func (l *lookup) waits(match string) (bool, error) {
	if local, _, _ := strings.Cut(match, "@"); identity.IsNoReply(local) {
		return false, nil
	}
	own, err := l.rules().ours(match)
	if err != nil || own {
		return false, err
	}
	ignored, err := l.rules().ignored("", match, "")
	if err != nil || ignored {
		return false, err
	}
	known, err := l.knows(match)
	return !known, err
}

// knows says whether an address is some customer's.
func (l *lookup) knows(match string) (bool, error) {
	holders, err := l.holders(emailOf(match), 1)
	return len(holders) > 0, err
}

func (l *lookup) waiting(match string) (Waiting, error) {
	shown, name, err := namedInMail(l.tx, match)
	if err != nil {
		return Waiting{}, err
	}
	local, _, _ := strings.Cut(match, "@")
	w := Waiting{Address: cmp.Or(shown, match), Name: name, Role: identity.IsRoleAddress(local)}
	r := state.PrefixRange("people", state.PeopleIn(match, false))
	r.Reverse, r.Limit = true, 1
	newest, err := state.Records.List(l.tx, r)
	for _, rec := range newest {
		if v := rec.Current(); v != nil && v.Message != nil {
			w.Last, w.Subject = v.Message.At, v.Message.Subject
		}
	}
	return w, err
}

// CustomerAdd makes whoever has an address a customer by a person's word: one who waits in the mail,
// or somebody new. It is taken back by [Service.CustomerIgnore], and outlives every import.
func (s *Service) CustomerAdd(ctx context.Context, in CustomerAddIn) (CustomerAddOut, error) {
	id := identity.AddressIdentifier(in.Address)
	if id.Match == "" {
		return CustomerAddOut{}, &state.Error{Class: state.Invalid, Code: "not_an_address", Args: state.Args{"ref": in.Address}}
	}
	return settled(ctx, s, "customer.add", state.Args{"address": id.Shown}, func(w *state.Writer) (CustomerAddOut, error) {
		var out CustomerAddOut
		rules := s.mailRules(w.Tx())
		own, err := rules.ours(id.Match)
		if err != nil {
			return out, err
		}
		if own {
			name := ""
			if m, err := rules.member(id.Match); err == nil && m != nil {
				name = m.Name
			}
			return out, &state.Error{Class: state.Refused, Code: "address_is_ours", Args: state.Args{"address": id.Shown, "name": name}}
		}
		if out.Known, err = s.lookup(w.Tx(), w.Cause.At, reader{}).knows(id.Match); err != nil {
			return out, err
		}
		word, err := rules.word(emailOf(id.Match))
		if err != nil {
			return out, err
		}
		if !out.Known || word == state.VerdictIgnore {
			if err := putMailVerdict(w, id, state.VerdictCustomer, oneLine(in.Name)); err != nil {
				return out, err
			}
			t := &telling{s: s, w: w, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}
			t.mention(id.Match)
			if err := t.finish(); err != nil {
				return out, err
			}
		}
		l := s.lookup(w.Tx(), w.Cause.At, reader{})
		holders, err := l.holders(id, 1)
		if err != nil || len(holders) == 0 {
			return out, err
		}
		c, err := l.survivor(holders[0])
		if err != nil || c == nil {
			return out, err
		}
		if out.Customer, err = l.show(c); err != nil {
			return out, err
		}
		for range state.Activities.Read(w.Tx(), state.IdentifierSubject(id), state.Range{}) {
			out.Messages++
		}
		return out, nil
	})
}

// CustomerIgnore leaves mail of an address, a domain or a mailing list out: it makes nobody a
// customer, and no history shows it. Whoever is a customer for another reason stays one. With Remove
// the rule ends; without a rule it lists all.
func (s *Service) CustomerIgnore(ctx context.Context, in CustomerIgnoreIn) (CustomerIgnoreOut, error) {
	if strings.TrimSpace(in.Rule) == "" {
		return view(ctx, s, func(tx state.Tx, now time.Time) (CustomerIgnoreOut, error) {
			rules, err := s.ignoreRules(newLookup(tx, now))
			return CustomerIgnoreOut{Rules: rules}, err
		})
	}
	rule, ok := identity.ParseRule(in.Rule)
	if !ok {
		return CustomerIgnoreOut{}, &state.Error{Class: state.Invalid, Code: "not_a_rule", Args: state.Args{"rule": in.Rule}}
	}
	args := state.Args{"rule": rule.Shown}
	return settled(ctx, s, "customer.ignore", args, func(w *state.Writer) (CustomerIgnoreOut, error) {
		out := CustomerIgnoreOut{Rule: rule.Shown}
		id := rule.Identifier()
		v, err := mailVerdict(w.Tx(), id)
		if err != nil {
			return out, err
		}
		there := v != nil && v.Kind == state.VerdictIgnore
		switch {
		case in.Remove && !there:
			return out, &state.Error{Class: state.NotFound, Code: "no_such_rule", Args: state.Args{"rule": rule.Shown}}
		case in.Remove:
			err = dropMailVerdict(w, id)
		case !there:
			err = putMailVerdict(w, id, state.VerdictIgnore, "")
		}
		if err == nil {
			switch rule.Type {
			case state.TypeEmail, state.TypeExternalID:
				err = putDue(w, rule.Match, false)
			case state.TypeDomain:
				err = putDue(w, "@"+rule.Match, false)
			}
		}
		if err != nil {
			return out, err
		}
		out.Rules, err = s.ignoreRules(newLookup(w.Tx(), w.Cause.At))
		return out, err
	})
}

// ignoreRules gives the rules that people made and those of kept.yaml.
func (s *Service) ignoreRules(l *lookup) ([]IgnoreRule, error) {
	out := []IgnoreRule{}
	for v, err := range state.Verdicts.All(l.tx, state.Range{Index: "identifier"}) {
		if err != nil {
			return nil, err
		}
		if v.Kind != state.VerdictIgnore {
			continue
		}
		shown := v.Identifier.Shown
		out = append(out, IgnoreRule{Rule: shown, By: l.name(v.By), At: v.At})
	}
	for connection, rules := range s.ignore {
		for _, r := range rules {
			out = append(out, IgnoreRule{Rule: r.Shown, Connection: connection, By: "kept.yaml"})
		}
	}
	slices.SortFunc(out, func(a, b IgnoreRule) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Connection, b.Connection))
	})
	return out, nil
}
