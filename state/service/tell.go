package service

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// Told is one record as a connection told it. Run, At and Hash of its version are set by [Service.Tell].
type Told struct {
	Connection, Kind, ID, Keyed string
	Version                     state.Version

	hashed bool // Version.Hash is there
	ready  *prepared
}

// Do runs a change as the caller of ctx, with one entry in the change log. It is for the engine;
// people's commands are methods of their own.
func (s *Service) Do(ctx context.Context, what string, args state.Args, fn func(*state.Writer) error) error {
	_, err := change(ctx, s, what, args, func(w *state.Writer) (struct{}, error) { return struct{}{}, fn(w) })
	return err
}

// Look runs fn on one picture of the state, with the time that holds there.
func (s *Service) Look(ctx context.Context, fn func(state.Tx, time.Time) error) error {
	_, err := view(ctx, s, func(tx state.Tx, now time.Time) (struct{}, error) { return struct{}{}, fn(tx, now) })
	return err
}

// Tell keeps what a run was told: versions of records with all that follows from them. It returns
// the records' numbers in the order told, and adds to the run's counts; the caller stores the run.
// Telling again what is believed already changes nothing but is remembered, so that taking back
// the run that told it first leaves it standing.
func (s *Service) Tell(w *state.Writer, run *state.Run, told []Told) ([]uint64, error) {
	t := &telling{s: s, w: w, run: run, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}, telling: true}
	numbers := make([]uint64, len(told))
	forgotten, err := s.forgotten(w, told)
	if err != nil {
		return nil, err
	}
	run.Counts.Forgotten += int64(len(forgotten))
	// Contacts first: orders hang on them.
	for _, contacts := range []bool{true, false} {
		for i := range told {
			if (told[i].Kind == state.KindContact) != contacts || forgotten[i] {
				continue
			}
			n, err := t.one(&told[i])
			if err != nil {
				return nil, err
			}
			numbers[i] = n
		}
	}
	if err := t.seen(); err != nil {
		return nil, err
	}
	return numbers, t.finish()
}

// telling is one Tell, or one undo: records change, and all that follows is made anew once.
type telling struct {
	s         *Service
	w         *state.Writer
	run       *state.Run
	dirty     map[uint64]bool // contact and organisation records to resolve
	companies map[string]bool // keys of organisations to look at
	domains   map[string]bool
	before    []*state.Record // changed records as they were
	earlier   map[uint64]bool // what earlier pages of the run were told as it stood; nil: not asked yet
	mentions  map[string]bool // addresses of messages to look at
	senders   map[string]bool // addresses from which mail was sent, and whether that was known before
	same      []uint64        // records that were told as they are believed ([sawn])
	known     known
	doubted   doubted
	telling   bool // records are told; nobody's word changed
}

func (t *telling) one(told *Told) (uint64, error) {
	v := told.Version
	v.Run, v.At = t.run.Number, t.w.Cause.At
	if !told.hashed {
		v.Hash = contentHash(&v)
	}
	t.run.Counts.Records++

	found, err := state.Records.By(t.w.Tx(), "id", state.RecordKey(told.Connection, told.Kind, told.ID))
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		if v.Gone {
			t.run.Counts.Same++
			return 0, nil
		}
		n, err := state.Records.Next(t.w)
		if err != nil {
			return 0, err
		}
		r := &state.Record{Key: n, Connection: told.Connection, Kind: told.Kind, ID: told.ID, Keyed: told.Keyed,
			Versions: []state.Version{v}}
		t.run.Counts.New++
		if told.ready != nil {
			told.ready.describe(r)
			return n, t.putDescribed(nil, r)
		}
		return n, t.put(nil, r)
	}
	r := found[0]
	before := clone(r)
	current, believed := before.Current(), before.Believed()
	last := before.Last(v.Implied)
	i := versionOf(r, t.run.Number, v.Implied)
	if i >= 0 {
		carryRefusals(&before.Versions[i], &v)
	}
	switch {
	case v.Gone && (last == nil || last.Gone && i >= 0):
		t.run.Counts.Same++
		return r.Key, nil
	case believed != nil && believed == last && sameVersion(believed, &v):
		t.same = append(t.same, sawn(r.Key, v.Implied))
		t.run.Counts.Same++
		if i >= 0 && &before.Versions[i] != believed {
			// This run told something older before; what it says now stands already.
			r.Versions = slices.Delete(r.Versions, i, i+1)
			return r.Key, t.put(before, r)
		}
		if t.rehomed(r) {
			return r.Key, t.put(before, r)
		}
		return r.Key, t.renew(r, &v)
	}
	if i >= 0 {
		// One run keeps one version of the thing itself, the last told, and one implied, the newest.
		if v.Implied && v.Modified.Before(r.Versions[i].Modified) {
			newest := r.Versions[i]
			if !carryRefusals(&v, &newest) {
				t.run.Counts.Same++
				return r.Key, nil
			}
			v = newest
		}
		r.Versions = slices.Delete(r.Versions, i, i+1)
	}
	if v.Implied && last != nil && v.Modified.Before(last.Modified) {
		// An order that implies the same person told something newer before, and this one nothing.
		seen, err := t.saw(sawn(r.Key, true))
		if err != nil {
			return 0, err
		}
		if seen {
			newest := *last
			newest.Run, newest.At = v.Run, v.At
			if !carryRefusals(&v, &newest) {
				t.run.Counts.Same++
				return r.Key, nil
			}
			v = newest
		}
	}
	r.Versions = append(r.Versions, v)
	if told.Keyed != "" {
		r.Keyed = told.Keyed
	}
	now := r.Current()
	switch {
	case current == nil && now == nil, current != nil && now != nil && bytes.Equal(contentHash(current), contentHash(now)):
		t.run.Counts.Same++
	default:
		t.run.Counts.Changed++
		if now == nil {
			t.run.Counts.Gone++
		}
	}
	err = t.put(before, r)
	if len(r.Versions) == 0 {
		return 0, err
	}
	return r.Key, err
}

// rehomed says whether a record has phone numbers that were kept while nobody had said which country
// numbers without one belong to, and are somebody's now.
func (t *telling) rehomed(r *state.Record) bool {
	if t.s.config.Region == "" || !slices.ContainsFunc(r.Identifiers, func(i state.Identifier) bool { return i.Type == state.TypePhone && i.Weak }) {
		return false
	}
	now := clone(r)
	describe(now, t.s.config.Region)
	return !slices.Equal(now.Identifiers, r.Identifiers)
}

func versionOf(r *state.Record, run uint64, implied bool) int {
	return slices.IndexFunc(r.Versions, func(v state.Version) bool { return v.Run == run && v.Implied == implied })
}

// sawn notes a record that was told as it stood: the version of the thing itself, or the implied one.
func sawn(record uint64, implied bool) uint64 {
	if implied {
		return record<<1 | 1
	}
	return record << 1
}

// sameVersion says whether b tells what a told: the same, and of no field that a left open.
func sameVersion(a, b *state.Version) bool {
	covers := len(a.Covers) == 0 || len(b.Covers) > 0 && !slices.ContainsFunc(b.Covers, func(f string) bool { return !slices.Contains(a.Covers, f) })
	return covers && a.Implied == b.Implied && (!a.Implied || a.Modified.Equal(b.Modified)) && sameContent(a, b)
}

// clone copies a record deep enough for its versions to be compared after it changed.
func clone(r *state.Record) *state.Record {
	c := *r
	c.Versions = slices.Clone(r.Versions)
	c.Identifiers = slices.Clone(r.Identifiers)
	return &c
}

// put stores a record that is new (before nil) or changed, or deletes one without versions, with
// its activities and consents.
func (t *telling) put(before, r *state.Record) error {
	if before != nil {
		t.note(before)
		t.before = append(t.before, before)
	}
	if !slices.ContainsFunc(r.Versions, func(v state.Version) bool { return !v.Gone }) {
		r.Versions = nil // of nothing but its end was ever told: there is no such record
	}
	if len(r.Versions) > 0 {
		describe(r, t.s.config.Region)
	}
	return t.putDescribed(before, r)
}

// putDescribed is put for a record of which is known what identity makes of it.
func (t *telling) putDescribed(before, r *state.Record) error {
	gone := len(r.Versions) == 0
	if err := t.activities(before, r); err != nil {
		return err
	}
	if err := t.news(before, r); err != nil {
		return err
	}
	wishes, err := t.stopConsents(r)
	if err != nil {
		return err
	}
	if before != nil || len(wishes) > 0 || slices.ContainsFunc(r.Versions, func(v state.Version) bool { return len(v.Consents) > 0 }) {
		if err := t.consents(r, wishes); err != nil {
			return err
		}
	}
	if err := t.askStop(r); err != nil {
		return err
	}
	if gone {
		if r.Kind == state.KindContact {
			if err := dropHistory(t.w, state.RecordSubject(r.Key)); err != nil {
				return err
			}
		}
		carried, err := statementsAbout(t.w.Tx(), recordItself(r.Key))
		if err != nil {
			return err
		}
		for _, c := range carried {
			if _, err := state.Consents.Delete(t.w, consentKey(c)); err != nil {
				return err
			}
		}
		if _, err := state.Records.Delete(t.w, state.NumberKey(r.Key)); err != nil {
			return err
		}
		delete(t.known.records, r.Key)
		t.note(r)
		return nil
	}
	if err := state.Records.Put(t.w, r); err != nil {
		return err
	}
	t.known.put(r)
	t.note(r)
	if before == nil && r.Kind == state.KindContact {
		return t.adopt(r)
	}
	return nil
}

// note marks what must be looked at again when a record changed.
func (t *telling) note(r *state.Record) {
	if r.Kind == state.KindContact || r.Kind == state.KindOrganisation {
		t.dirty[r.Key] = true
	}
	if r.Company != "" && r.Kind == state.KindContact {
		t.companies[r.Company] = true
	}
	if r.Domain != "" {
		t.domains[r.Domain] = true
	}
}

// activities brings the history of an order's buyer, or of the people in a message, up to date.
func (t *telling) activities(before, r *state.Record) error {
	if r.Kind != state.KindOrder {
		return t.message(before, r)
	}
	if before != nil {
		if err := t.hang(before, false); err != nil {
			return err
		}
	}
	return t.hang(r, true)
}

// hang puts an order's activities into its buyer's history, or takes them out.
func (t *telling) hang(order *state.Record, in bool) error {
	if order.Party == "" {
		return nil
	}
	party, err := state.Records.By(t.w.Tx(), "id", state.RecordKey(order.Connection, state.KindContact, order.Party))
	if err != nil || len(party) == 0 {
		return err
	}
	t.dirty[party[0].Key] = true
	return t.hangOn(order, party[0].Key, in)
}

func (t *telling) hangOn(order *state.Record, party uint64, in bool) error {
	for _, a := range activitiesOf(order) {
		var err error
		if in {
			err = state.Activities.Append(t.w, state.RecordSubject(party), &a)
		} else {
			_, err = state.Activities.Remove(t.w, state.RecordSubject(party), &a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// adopt hangs orders that were told before their buyer on the buyer.
func (t *telling) adopt(contact *state.Record) error {
	orders, err := state.Records.By(t.w.Tx(), "party", state.Join(state.TextKey(contact.Connection), state.TextKey(contact.ID)))
	if err != nil {
		return err
	}
	for _, o := range orders {
		if err := t.hangOn(o, contact.Key, true); err != nil {
			return err
		}
	}
	return nil
}

// activitiesOf gives what an order leaves in a history: the order, its refunds, its shipment.
func activitiesOf(r *state.Record) []state.Activity {
	v := r.Current()
	if v == nil || v.Order == nil {
		return nil
	}
	o := v.Order
	base := state.Activity{Connection: r.Connection, Channel: "shop", Record: r.Key}
	at := o.At
	if at.IsZero() {
		at = cmp.Or(v.Created, v.Modified)
	}
	a := base
	a.Kind, a.Direction, a.At, a.Title, a.Status, a.Counts = state.ActivityOrder, state.In, at, o.Number, o.State, o.Counts
	a.Body = linesText(o.Lines)
	a.Amount = &state.Money{Minor: o.Total, Currency: o.Currency}
	out := []state.Activity{a}
	refunds := o.Refunds
	if len(refunds) == 0 && o.Refunded > 0 {
		refunds = []state.Refund{{Amount: o.Refunded}}
	}
	for _, f := range refunds {
		a := base
		a.Kind, a.Direction, a.Title, a.Body, a.Counts = state.ActivityRefund, state.Out, o.Number, f.Reason, o.Counts
		a.At = f.At
		if a.At.IsZero() {
			a.At = at
		}
		a.Amount = &state.Money{Minor: -f.Amount, Currency: o.Currency}
		out = append(out, a)
	}
	if !o.Shipped.IsZero() {
		a := base
		a.Kind, a.Direction, a.At, a.Title = state.ActivityShipment, state.Out, o.Shipped, o.Number
		out = append(out, a)
	}
	for i := range out {
		out[i].ID = state.ActivityID(r.Key, i)
	}
	return out
}

func linesText(lines []state.OrderLine) string {
	var parts []string
	for _, l := range lines {
		name := l.Name
		if name == "" {
			name = l.SKU
		}
		if l.Quantity == 1 {
			parts = append(parts, name)
		} else {
			parts = append(parts, fmt.Sprintf("%d × %s", l.Quantity, name))
		}
	}
	return strings.Join(parts, ", ")
}

func sourceOf(record uint64) string { return state.Records.Ref(record) }

// consents makes a record's statements anew from all its versions: what an older version refused
// stays refused; and from the wishes that its text holds.
func (t *telling) consents(r *state.Record, wishes []*state.Consent) error {
	old, err := state.Consents.By(t.w.Tx(), "source", state.TextKey(sourceOf(r.Key)))
	if err != nil {
		return err
	}
	keep, last, said := map[string]*state.Consent{}, map[string]string{}, map[string]bool{}
	marked := map[string]bool{} // what is said by a mark that stands there
	for i := range r.Versions {
		v := &r.Versions[i]
		if !v.Implied && !v.Gone && len(v.Covers) == 0 && !slices.ContainsFunc(v.Consents, func(s state.Said) bool { return s.Mark }) {
			for about := range marked { // it was taken away, or is ours: put there again it is a new word
				delete(last, about)
			}
			clear(marked)
		}
		for _, word := range v.Consents {
			c := &state.Consent{Channel: word.Channel, Purpose: word.Purpose, State: word.State, At: word.At, Noted: v.At,
				Source: sourceOf(r.Key), Connection: r.Connection, Run: v.Run, Field: word.Field, Words: word.Words}
			if c.Identifier = t.addressed(word, v); c.Identifier.Match == "" {
				if !word.Mark {
					continue
				}
				c.Identifier = recordItself(r.Key) // whoever it is, by whatever address they are found one day
			}
			// A version that says again what the one before said, or anything that was said at the
			// same moment, is no new word: the first counts.
			about := string(state.Join(c.Identifier.Key(), state.TextKey(c.Channel), state.TextKey(c.Purpose)))
			told := c.State + c.At.String()
			if last[about] != told && (c.At.IsZero() || !said[about+told]) {
				keep[string(consentKey(c))] = c
			}
			last[about], said[about+told] = told, true
			if word.Mark {
				marked[about] = true
			}
		}
	}
	for _, c := range wishes {
		keep[string(consentKey(c))] = c
	}
	for _, c := range old {
		if keep[string(consentKey(c))] != nil {
			delete(keep, string(consentKey(c)))
			continue
		}
		if _, err := state.Consents.Delete(t.w, consentKey(c)); err != nil {
			return err
		}
	}
	for _, k := range sortedKeys(keep) {
		c := keep[k]
		if c.Refuses() && c.Run == t.run.Number {
			t.run.Counts.Refusals++
		}
		if err := state.Consents.Put(t.w, c); err != nil {
			return err
		}
	}
	return nil
}

// addressed gives the identifier that a statement is about; an address that is none keeps its
// letters, so that it is refused even when it is written right one day.
func (t *telling) addressed(said state.Said, v *state.Version) state.Identifier {
	field := spokenField(said.Channel)
	phone := field == "phone"
	addresses := []string{said.Address}
	if said.Address == "" {
		addresses = []string{v.Text(field)}
	}
	for _, a := range addresses {
		if a = strings.TrimSpace(a); a == "" {
			continue
		}
		if phone {
			return identity.PhoneIdentifier(a, t.s.config.Region)
		}
		if id := identity.EmailIdentifier(a); id.Match != "" {
			return id
		}
		return state.Identifier{Type: state.TypeEmail, Match: strings.ToLower(a), Shown: strings.ToLower(a), Weak: true}
	}
	return state.Identifier{}
}

func consentKey(c *state.Consent) []byte {
	return state.Join(c.Identifier.Key(), state.TextKey(c.Channel), state.TextKey(c.Purpose), state.TextKey(c.Source),
		state.NumberKey(c.Run), state.TextKey(c.State), state.TimeKey(c.At))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Aside is a row that could not be read.
type Aside struct {
	Where, Field, Reason, Raw, Header string
}

// SetAside keeps a rejected row as a question that a person can answer with the corrected row. The
// same row of one run is one question. It returns the question's number.
func (s *Service) SetAside(w *state.Writer, run *state.Run, a Aside) (string, error) {
	topic := fmt.Sprintf("row:%d:%s", run.Number, a.Where)
	old, err := state.Questions.By(w.Tx(), "topic", state.TextKey(topic))
	if err != nil {
		return "", err
	}
	if len(old) > 0 {
		return state.Questions.Ref(old[0].Number), nil
	}
	n, err := state.Questions.Next(w)
	if err != nil {
		return "", err
	}
	run.Counts.Asked++
	q := &state.Question{Number: n, Kind: state.QuestionRow, Topic: topic, State: state.QuestionOpen, From: run.Connection,
		Run: run.Number, Where: a.Where, Field: a.Field, Raw: a.Raw, Header: a.Header, Options: []string{"fix", "drop"},
		Created: w.Cause.At, Score: 40,
		Reasons: []state.Evidence{{Code: "row_unreadable", Args: state.Args{"reason": a.Reason}}}}
	return state.Questions.Ref(n), state.Questions.Put(w, q)
}

// Sums gives the sales of a connection as its own admin page shows them: a line for each currency,
// net of refunds, without orders that do not count. Sorted by currency.
func (s *Service) Sums(tx state.Tx, connection string) ([]state.Sum, error) {
	by := map[string]*state.Sum{}
	prefix := state.Join(state.TextKey(connection), state.TextKey(state.KindOrder))
	for r, err := range state.Records.All(tx, state.PrefixRange("id", prefix)) {
		if err != nil {
			return nil, err
		}
		v := r.Current()
		if v == nil || v.Order == nil {
			continue
		}
		o := v.Order
		sum := by[o.Currency]
		if sum == nil {
			sum = &state.Sum{Connection: connection, Currency: o.Currency}
			by[o.Currency] = sum
		}
		if !o.Counts {
			sum.Left++
			continue
		}
		sum.Orders++
		sum.Net += o.Total - o.Refunded
		sum.Refunded += o.Refunded
	}
	var out []state.Sum
	for _, c := range sortedKeys(by) {
		out = append(out, *by[c])
	}
	return out, nil
}
