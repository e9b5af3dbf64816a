package service

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// This file says what damaged storage means to people, and makes again what follows from what is left.

// maxAffected is how many customers a check names, and how many numbers of a gap it looks at one by one.
const (
	maxAffected = 100
	maxNumbers  = 20_000
)

// The subjects of histories begin with one of these.
const (
	subjectRecord   = "r"
	subjectCustomer = "c"
)

// nameGaps writes how people call the ends of gaps.
func nameGaps(gaps []state.Gap) {
	for i := range gaps {
		g := &gaps[i]
		g.First, g.Last = "", ""
		switch {
		case g.From != nil:
			g.First = refOfKey(g.Collection, g.From)
		case g.To != nil:
			g.First = firstRef(g.Collection)
		}
		if g.To != nil {
			g.Last = refOfKey(g.Collection, g.To)
		}
		if g.Last == g.First {
			g.Last = ""
		}
	}
}

// refOfKey gives a key of a collection as people know it: by number where it has one.
func refOfKey(collection string, key []byte) string {
	number := func(letter string, key []byte) string {
		if len(key) < 8 {
			return ""
		}
		return letter + strconv.FormatUint(state.KeyNumber(key), 10)
	}
	switch collection {
	case state.Links.Kind.Name:
		return number(state.Records.Kind.Letter, key)
	case state.Settings.Kind.Name:
		return number(state.Customers.Kind.Letter, key)
	case state.Changes.Kind.Name:
		return number("", key)
	case state.Activities.Kind.Name:
		subject, n := subjectOf(key)
		switch subject {
		case subjectRecord:
			return state.Records.Ref(n)
		case subjectCustomer:
			return state.Customers.Ref(n)
		}
		return ""
	}
	for _, k := range state.Kinds() {
		if k.Name == collection && k.Letter != "" {
			return number(k.Letter, key)
		}
	}
	return readableKey(key)
}

func firstRef(collection string) string {
	switch collection {
	case state.Activities.Kind.Name:
		return ""
	case state.Changes.Kind.Name, state.Links.Kind.Name, state.Settings.Kind.Name:
		return refOfKey(collection, state.NumberKey(1))
	}
	for _, k := range state.Kinds() {
		if k.Name == collection && k.Letter != "" {
			return k.Letter + "1"
		}
	}
	return ""
}

// readableKey gives the first two texts of a key that is made of texts.
func readableKey(key []byte) string {
	var parts []string
	for part := range strings.SplitSeq(string(key), "\x00\x01") {
		part = strings.ToValidUTF8(part, "")
		if part = strings.Map(func(r rune) rune {
			if r < ' ' {
				return -1
			}
			return r
		}, part); part != "" && len(parts) < 2 {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// subjectOf takes the subject out of a history's stored key: its length stands before it.
func subjectOf(key []byte) (kind string, number uint64) {
	if len(key) < 10 || key[0] != 9 {
		return "", 0
	}
	return string(key[1:2]), state.KeyNumber(key[2:10])
}

// numbersOf gives the numbers in the gaps of a collection, at most maxNumbers.
func numbersOf(gaps []state.Gap, collection string) []uint64 {
	var out []uint64
	for _, g := range gaps {
		if g.Collection != collection || len(g.To) != 8 {
			continue
		}
		for n := max(state.KeyNumber(g.From), 1); n <= state.KeyNumber(g.To) && len(out) < maxNumbers; n++ {
			out = append(out, n)
		}
	}
	return out
}

// withoutEchoes leaves out what only says again of a single document that it is lost with its page.
func withoutEchoes(damages []state.Damage, repair bool) []state.Damage {
	lost := map[string]map[uint64]bool{}
	for _, d := range damages {
		for _, g := range d.Lost {
			if lost[g.Collection] == nil {
				lost[g.Collection] = map[uint64]bool{}
			}
			for _, n := range numbersOf(d.Lost, g.Collection) {
				lost[g.Collection][n] = true
			}
		}
	}
	source := map[string]string{
		"view_stale": state.Customers.Kind.Name, "link_without_record": state.Records.Kind.Name, "record_without_link": state.Links.Kind.Name,
		"record_keys_stale": state.Records.Kind.Name,
	}
	return slices.DeleteFunc(damages, func(d state.Damage) bool {
		return lost[source[d.Code]][state.KeyNumber(d.Key)] && (d.Repaired || !repair)
	})
}

// affected names the customers that damages touch, at most a hundred.
func (s *Service) affected(tx state.Tx, out *CheckOut) error {
	seen := map[string]bool{}
	out.Affected = []CustomerRef{}
	add := func(n uint64) error {
		if n == 0 || len(out.Affected) >= maxAffected {
			return nil
		}
		ref, err := s.refOf(tx, n)
		if err == nil && ref.Name == "" {
			ref.Name, err = computedName(tx, n)
		}
		if err != nil || seen[ref.Number] {
			return err
		}
		seen[ref.Number] = true
		out.Affected = append(out.Affected, ref)
		return nil
	}
	ofRecord := func(n uint64) error {
		l, err := state.Links.Find(tx, state.NumberKey(n))
		if err != nil || l == nil {
			return err
		}
		return add(l.Base)
	}
	for _, d := range out.Damages {
		var err error
		n := state.KeyNumber(d.Key)
		switch {
		case d.Code == "value":
			// told by what is lost with it
		case d.Collection == state.Customers.Kind.Name:
			err = add(n)
		case d.Collection == state.Records.Kind.Name, d.Collection == state.Links.Kind.Name:
			err = ofRecord(n)
		case d.Collection == state.Promises.Kind.Name && n > 0:
			var p *state.Promise
			if p, err = state.Promises.Find(tx, state.NumberKey(n)); err == nil && p != nil {
				err = add(p.Base)
			}
		case d.Collection == state.Followups.Kind.Name && n > 0:
			var f *state.Followup
			if f, err = state.Followups.Find(tx, state.NumberKey(n)); err == nil && f != nil {
				err = add(f.Base)
			}
		case d.Collection == state.Outbox.Kind.Name && n > 0:
			var o *state.Outgoing
			if o, err = state.Outbox.Find(tx, state.NumberKey(n)); err == nil && o != nil {
				err = add(o.Base)
			}
		case d.Collection == state.Holds.Kind.Name && n > 0:
			var held *state.Hold
			if held, err = state.Holds.Find(tx, state.NumberKey(n)); err == nil && held != nil {
				err = add(held.Base)
			}
		}
		if err != nil {
			return err
		}
		if err := s.touched(tx, d.Lost, add, ofRecord); err != nil {
			return err
		}
	}
	return nil
}

// touched goes through the customers that gaps belong to, as far as others know them.
func (s *Service) touched(tx state.Tx, gaps []state.Gap, customer, record func(uint64) error) error {
	for _, n := range numbersOf(gaps, state.Customers.Kind.Name) {
		name, err := computedName(tx, n)
		if err == nil && name != "" {
			err = customer(n)
		}
		if err != nil {
			return err
		}
	}
	lost := map[uint64]bool{}
	for _, n := range numbersOf(gaps, state.Records.Kind.Name) {
		lost[n] = true
		if err := record(n); err != nil {
			return err
		}
	}
	if len(lost) > 0 { // a lost order still stands in its buyer's history
		for l, err := range state.Links.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			for a, err := range state.Activities.Read(tx, state.RecordSubject(l.Record), state.Range{}) {
				if err == nil && lost[a.Record] {
					err = customer(l.Base)
				}
				if err != nil {
					return err
				}
			}
		}
	}
	clear(lost)
	for _, n := range numbersOf(gaps, state.Links.Kind.Name) {
		lost[n] = true
	}
	if len(lost) > 0 {
		for c, err := range state.Customers.All(tx, state.Range{}) {
			if err == nil && slices.ContainsFunc(c.Records, func(r uint64) bool { return lost[r] }) {
				err = customer(c.Number)
			}
			if err != nil {
				return err
			}
		}
	}
	for _, g := range gaps {
		if g.Collection != state.Activities.Kind.Name {
			continue
		}
		kind, from := subjectOf(g.From)
		last, to := subjectOf(g.To)
		if kind == "" || kind != last || to-from > maxAffected {
			continue // it touches too many to name
		}
		for n := from; n <= to; n++ {
			err := error(nil)
			if kind == subjectRecord {
				err = record(n)
			} else if c, ferr := state.Customers.Find(tx, state.NumberKey(n)); ferr != nil {
				err = ferr
			} else if c != nil {
				err = customer(n)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// computedName is a customer's name as its records say it, for one whose view is lost.
func computedName(tx state.Tx, n uint64) (string, error) {
	j, err := join(tx, n)
	if err != nil {
		return "", err
	}
	c, err := compute(tx, j, time.Time{})
	if err != nil || c == nil {
		return "", err
	}
	return c.Name, nil
}

// rebuilt is what was made again.
type rebuilt struct {
	homeless map[uint64]bool // records that have a link again but maybe not their number
	settled  bool            // what people set by hand is as it was
}

// rebuild makes again what follows from records and customers: links that are missing, histories and
// consents of records, settings that views still tell.
func (s *Service) rebuild(ctx context.Context, damages []state.Damage) (again rebuilt, err error) {
	var dirty []uint64
	unlinked := map[uint64]bool{}
	lost := map[string]bool{}
	for _, d := range damages {
		switch d.Code {
		case "record_without_link":
			unlinked[state.KeyNumber(d.Key)] = true
			dirty = append(dirty, state.KeyNumber(d.Key))
		case "link_without_record":
			dirty = append(dirty, state.KeyNumber(d.Key))
		}
		for _, g := range d.Lost {
			lost[g.Collection] = true
		}
	}
	if lost[state.Activities.Kind.Name] || lost[state.Consents.Kind.Name] {
		if err := s.retell(ctx); err != nil {
			return again, err
		}
	}
	if err := s.Do(ctx, "check.repair", nil, func(w *state.Writer) (err error) {
		again.homeless = maps.Clone(unlinked)
		if len(unlinked) > 0 {
			err = s.relink(w, again.homeless)
		}
		// A view that differs for another reason, too, tells nothing sure.
		if err == nil && lost[state.Settings.Kind.Name] && !lost[state.Records.Kind.Name] && !lost[state.Links.Kind.Name] {
			again.settled, err = s.resettle(w)
			again.settled = again.settled && !lost[state.Customers.Kind.Name]
		}
		return err
	}); err != nil {
		return again, err
	}
	if err := s.Do(ctx, "check.repair", nil, func(w *state.Writer) error { return (&telling{s: s, w: w}).repairMail(damages) }); err != nil {
		return again, err
	}
	if err := s.describeAgain(ctx, damages); err != nil {
		return again, err
	}
	if err := s.Do(ctx, "check.repair", nil, func(w *state.Writer) error {
		return (&telling{s: s, w: w, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}).repairDoubts(damages)
	}); err != nil {
		return again, err
	}
	if err := s.repairOutbox(ctx, damages); err != nil {
		return again, err
	}
	if err := s.SettleMail(ctx); err != nil {
		return again, err
	}
	slices.Sort(dirty)
	for batch := range slices.Chunk(dirty, 200) {
		if err := s.Do(ctx, "check.repair", nil, func(w *state.Writer) error {
			t := &telling{s: s, w: w, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}
			for _, n := range batch {
				t.dirty[n] = true
			}
			return t.resolve()
		}); err != nil {
			return again, err
		}
	}
	return again, nil
}

// relink gives records whose link is lost the numbers back that their customers' views still tell;
// what it finds it takes out of the set. Rules say afterwards who is one with whom.
func (s *Service) relink(w *state.Writer, unlinked map[uint64]bool) error {
	tx := w.Tx()
	var links []*state.Link
	for c, err := range state.Customers.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		var records, numbers []uint64
		for _, r := range c.Records {
			if unlinked[r] {
				records = append(records, r)
			}
		}
		if len(records) == 0 {
			continue
		}
		for _, n := range c.Bases {
			held, err := state.Links.List(tx, state.Range{Index: "home", From: state.NumberKey(n), To: append(state.NumberKey(n), 0), Limit: 1})
			if err != nil {
				return err
			}
			if len(held) == 0 {
				numbers = append(numbers, n)
			}
		}
		slices.Sort(records)
		slices.Sort(numbers)
		for i, r := range records {
			l := &state.Link{Record: r, Base: c.Number, By: "rule", At: c.Created}
			if i < len(numbers) {
				l.Home = numbers[i]
			}
			if i == 0 && len(numbers) > len(records) {
				l.Also = numbers[len(records):]
			}
			links = append(links, l)
			delete(unlinked, r)
		}
	}
	for _, l := range links {
		if err := state.Links.Put(w, l); err != nil {
			return err
		}
	}
	return nil
}

// retell writes again what follows from each record by itself: the histories of orders' buyers, and
// what the record said about contact.
func (s *Service) retell(ctx context.Context) error {
	var keys []uint64
	if err := s.Look(ctx, func(tx state.Tx, _ time.Time) error {
		keys = nil
		for d, err := range tx.Scan(state.Records.Kind, state.Range{KeysOnly: true}) {
			if err != nil {
				return err
			}
			keys = append(keys, state.KeyNumber(d.Key))
		}
		return nil
	}); err != nil {
		return err
	}
	for batch := range slices.Chunk(keys, 500) {
		if err := s.Do(ctx, "check.repair", nil, func(w *state.Writer) error {
			t := &telling{s: s, w: w, run: &state.Run{}, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}
			for _, n := range batch {
				r, err := state.Records.Number(w.Tx(), n)
				if err != nil {
					return err
				}
				if err := t.activities(nil, r); err != nil {
					return err
				}
				wishes, err := t.stopConsents(r)
				if err != nil {
					return err
				}
				if err := t.consents(r, wishes); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// renew computes customers anew. One whose view is lost was made when its first record was linked.
func (s *Service) renew(w *state.Writer, numbers []uint64) error {
	for _, n := range numbers {
		j, err := join(w.Tx(), n)
		if err != nil {
			return err
		}
		for _, m := range j.numbers {
			c, err := state.Customers.Find(w.Tx(), state.NumberKey(m))
			if err != nil {
				return err
			}
			links, err := state.Links.List(w.Tx(), state.Range{Index: "home", From: state.NumberKey(m), To: append(state.NumberKey(m), 0), Limit: 1})
			if err != nil {
				return err
			}
			if c != nil || len(links) == 0 {
				continue
			}
			if err := state.Customers.Put(w, &state.Customer{Number: m, Created: links[0].At}); err != nil {
				return err
			}
		}
	}
	return s.refresh(w, numbers...)
}

// regained takes out of the gaps what is there again. A page without a gap left is repaired.
func (s *Service) regained(tx state.Tx, damages []state.Damage, again rebuilt) error {
	for i := range damages {
		d := &damages[i]
		if len(d.Lost) == 0 || d.Code == "older" {
			continue
		}
		var left []state.Gap
		for _, g := range d.Lost {
			gone, err := s.stillLost(tx, g, again)
			if err != nil {
				return err
			}
			if gone {
				left = append(left, g)
			}
		}
		d.Lost = left
		d.Repaired = d.Repaired || len(left) == 0
	}
	return nil
}

func (s *Service) stillLost(tx state.Tx, g state.Gap, again rebuilt) (bool, error) {
	switch g.Collection {
	case state.Customers.Kind.Name:
		return false, nil // computed again, all that anything is left of
	case state.Links.Kind.Name:
		if len(g.To) != 8 {
			return len(again.homeless) > 0, nil
		}
		return slices.ContainsFunc(numbersOf([]state.Gap{g}, g.Collection), func(n uint64) bool { return again.homeless[n] }), nil
	case state.Settings.Kind.Name:
		return !again.settled, nil
	case state.Consents.Kind.Name:
		if !g.Surely {
			return true, nil
		}
		c, err := state.Consents.Find(tx, g.From)
		return c == nil, err
	case state.Activities.Kind.Name:
		kind, _ := subjectOf(g.From)
		last, _ := subjectOf(g.To)
		return kind != subjectRecord || last != subjectRecord, nil
	}
	return true, nil
}
