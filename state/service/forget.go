package service

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// CustomerForgetIn names the person to forget.
type CustomerForgetIn struct {
	Ref string `json:"ref"`
	Dry bool   `json:"dry,omitempty"` // tell what would be erased, and erase nothing
}

// CustomerForgetOut says what was erased, and nothing of whom: the answer of a request is kept.
type CustomerForgetOut struct {
	Number    string           `json:"number"`             // the customer's, which nobody has again
	Name      string           `json:"name,omitempty"`     // of a dry run
	Kind      string           `json:"kind"`               // person or organisation
	Forgotten string           `json:"forgotten"`          // "f3": by which they are let back in
	Erased    map[string]int64 `json:"erased"`             // documents by collection, and "blob"
	Markers   int              `json:"markers"`            // hashes that keep them away
	Refusals  int              `json:"refusals"`           // that outlive them
	Shared    int              `json:"shared"`             // addresses that somebody else has too: those are not kept away
	Stays     int              `json:"stays,omitempty"`    // people who name the organisation: it stays as they say it
	Scrubbed  bool             `json:"scrubbed"`           // the storage was overwritten where they stood
	Finished  bool             `json:"finished,omitempty"` // an earlier forgetting was brought to its end
	Backups   []Backup         `json:"backups,omitempty"`  // copies made before, that still know them
}

// CustomerForget erases a person everywhere: records with all their versions, orders and messages,
// what people entered, consents, questions, what the logs say of them. What stays is that somebody
// with this number was forgotten, keyed hashes that keep them away when they are told again, and
// their refusals of contact. Then it overwrites the storage where they stood; where that was
// interrupted, forgetting again brings it to its end.
func (s *Service) CustomerForget(ctx context.Context, in CustomerForgetIn) (CustomerForgetOut, error) {
	args := state.Args{}
	do := func(w *state.Writer) (CustomerForgetOut, error) {
		c, _, err := s.customer(w.Tx(), in.Ref)
		if err != nil {
			return CustomerForgetOut{}, err
		}
		args["customer"] = state.Customers.Ref(c.Number)
		e, err := s.erase(w, c)
		if err != nil {
			return CustomerForgetOut{}, err
		}
		if in.Dry {
			e.out.Name = c.Name
		}
		return e.out, nil
	}
	if in.Dry {
		return dry(ctx, s, "customer.forget", args, do)
	}
	out, err := change(ctx, s, "customer.forget", args, do)
	if state.IsClass(err, state.NotFound) {
		pending, perr := s.scrubPending(ctx)
		if perr != nil || !pending {
			return out, err
		}
		out.Finished, out.Erased = true, map[string]int64{}
	} else if err != nil {
		return out, err
	}
	if err := s.scrub(ctx); err != nil {
		return out, err
	}
	out.Scrubbed = true
	return out, nil
}

func (s *Service) scrubPending(ctx context.Context) (bool, error) {
	return view(ctx, s, func(tx state.Tx, _ time.Time) (bool, error) {
		b, err := tx.Blob(state.BlobScrub)
		return b != nil, err
	})
}

// scrub overwrites the storage where the forgotten stood, and takes note that it is done.
func (s *Service) scrub(ctx context.Context) error {
	if store, ok := s.store.(state.Scrubber); ok {
		if err := store.Scrub(ctx); err != nil {
			return err
		}
	}
	return s.store.Update(ctx, func(tx state.Tx) error { return tx.PutBlob(state.BlobScrub, nil) })
}

// erasure is one person who is being forgotten, in one transaction.
type erasure struct {
	s       *Service
	w       *state.Writer // nil where nothing is erased: what is theirs is told
	tx      state.Tx
	c       *state.Customer
	numbers map[uint64]bool // all their customer numbers
	records map[uint64]*state.Record
	ids     []state.Identifier // theirs alone
	shared  []state.Identifier // that somebody else has too
	words   needles
	targets map[string]bool // what marks can be about
	kept    map[uint64]bool // records that stay: the organisation that its people name
	out     CustomerForgetOut
}

// eraser takes a person out of one collection.
type eraser func(*erasure) error

// erasers are what is done for each collection that has the person, by name. Records come first, so
// that what follows from them goes with them.
var erasers = []struct {
	collection string
	erase      eraser
}{
	{"consent", (*erasure).consents},
	{"setting", (*erasure).settings},
	{"relation", (*erasure).relations},
	{"verdict", (*erasure).verdicts},
	{"promise", (*erasure).promises},
	{"followup", (*erasure).followups},
	{"hold", (*erasure).holds},
	{"sending", (*erasure).sendings},
	{"handover", (*erasure).handovers},
	{"mark", (*erasure).marks},
	{"activity", (*erasure).activities},
	{"question", (*erasure).questions},
	{"doubt", (*erasure).doubts},
	{"shadow", (*erasure).shadows},
	{"intent", (*erasure).intents},
	{"planned_write", (*erasure).plannedWrites},
	{"outgoing", (*erasure).outbox},
	{"record", (*erasure).told},
	{"mail_due", (*erasure).mailDue},
	{"link", (*erasure).nothingLeft},
	{"customer", (*erasure).views},
	{"former_home", (*erasure).formerHomes},
	{"read", (*erasure).reads},
	{"request", (*erasure).requests},
	{"run", (*erasure).runs},
	{"connection", (*erasure).connections},
	{"change", (*erasure).changes},
}

func (s *Service) erase(w *state.Writer, c *state.Customer) (*erasure, error) {
	w.Conceal()
	e := &erasure{s: s, w: w, tx: w.Tx(), c: c, numbers: map[uint64]bool{}, records: map[uint64]*state.Record{}, kept: map[uint64]bool{}}
	e.out = CustomerForgetOut{Number: state.Customers.Ref(c.Number), Kind: c.Kind, Erased: map[string]int64{}}
	if err := e.gather(); err != nil {
		return nil, err
	}
	n, err := state.Forgettings.Next(w)
	if err != nil {
		return nil, err
	}
	e.out.Forgotten = state.Forgettings.Ref(n)
	if err := e.mark(n); err != nil {
		return nil, err
	}
	for _, x := range erasers {
		if err := x.erase(e); err != nil {
			return nil, err
		}
	}
	if err := e.blobs(); err != nil {
		return nil, err
	}
	if e.out.Backups, err = backupsOf(w.Tx()); err != nil {
		return nil, err
	}
	if err := w.PutBlob(state.BlobScrub, []byte(e.out.Forgotten)); err != nil {
		return nil, err
	}
	f := &state.Forgetting{Number: n, Customer: c.Number, At: w.Cause.At, By: w.Cause.Actor}
	for _, k := range sortedKeys(e.out.Erased) {
		f.Erased = append(f.Erased, state.Erased{Collection: k, Documents: e.out.Erased[k]})
	}
	return e, state.Forgettings.Put(w, f)
}

// gather collects what is theirs: numbers, records, orders and messages, identifiers, words.
func (e *erasure) gather() error {
	tx := e.tx
	j, err := join(tx, e.c.Number)
	if err != nil {
		return err
	}
	for _, n := range j.numbers {
		e.numbers[n] = true
	}
	for _, r := range j.records {
		if r.Connection == state.OwnConnection {
			people, err := namedBy(tx, r)
			if err != nil {
				return err
			}
			e.out.Stays += people
			e.kept[r.Key] = people > 0
			if people > 0 {
				continue
			}
		}
		e.records[r.Key] = r
		orders, err := state.Records.By(tx, "party", state.Join(state.TextKey(r.Connection), state.TextKey(r.ID)))
		if err != nil {
			return err
		}
		for _, o := range orders {
			e.records[o.Key] = o
		}
	}
	contacts := slices.Sorted(maps.Keys(e.records))
	seen := map[string]bool{}
	for _, k := range contacts {
		for _, id := range e.records[k].Identifiers {
			if seen[string(id.Key())] {
				continue
			}
			seen[string(id.Key())] = true
			if err := e.identifier(id); err != nil {
				return err
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(e.numbers)) {
		settings, err := state.Settings.List(tx, state.PrefixRange("", state.NumberKey(n)))
		if err != nil {
			return err
		}
		for _, set := range settings {
			e.name(set.Field, set.Values)
		}
	}
	for _, k := range contacts {
		r := e.records[k]
		for i := range r.Versions {
			for _, f := range r.Versions[i].Fields {
				e.name(f.Name, f.Values)
			}
			given, family := r.Versions[i].Text("given"), r.Versions[i].Text("family")
			if r.Kind == state.KindContact && given != "" && family != "" {
				e.words.add(given + " " + family)
				e.words.add(family + ", " + given)
				e.words.add(family + given)
			}
		}
	}
	if e.c.Kind == state.Person {
		e.words.add(e.c.Name)
	}
	return nil
}

// name notes the values of fields that say who somebody is.
func (e *erasure) name(field string, values []state.Value) {
	for _, v := range values {
		switch field {
		case "email", "handle", "external_id":
			e.words.add(v.Text)
		case "phone":
			e.words.phone(v.Text)
		case "name", "nickname":
			if e.c.Kind == state.Person && len(strings.Fields(v.Text)) > 1 {
				e.words.add(v.Text)
			}
		}
	}
}

// identifier sorts an identifier, and gathers the messages of an address that is theirs alone.
func (e *erasure) identifier(id state.Identifier) error {
	holders, err := state.Records.By(e.tx, "identifier", id.Key())
	if err != nil {
		return err
	}
	var messages []*state.Record
	for _, r := range holders {
		switch {
		case e.records[r.Key] != nil:
		case r.Kind == state.KindMessage:
			messages = append(messages, r)
		default:
			e.shared = append(e.shared, id)
			return nil
		}
	}
	for _, r := range messages {
		e.records[r.Key] = r
	}
	e.ids = append(e.ids, id)
	if err := e.messages(id); err != nil {
		return err
	}
	switch id.Type {
	case state.TypePhone:
		e.words.phone(id.Shown)
	case state.TypeEmail, state.TypeHandle, state.TypeExternalID:
		e.words.add(id.Shown)
		e.words.add(id.Match)
	}
	return nil
}

// namedBy counts the people who make an organisation by naming it.
func namedBy(tx state.Tx, org *state.Record) (int, error) {
	index, key := "company", org.ID
	if domain, ok := strings.CutPrefix(org.ID, domainID("")); ok {
		index, key = "domain", domain
	}
	records, err := state.Records.By(tx, index, state.TextKey(key))
	return len(records), err
}

// mark leaves the markers: of records and identifiers, and of refusals, also at addresses that
// somebody else has too.
func (e *erasure) mark(number uint64) error {
	m, err := makeMarks(e.w)
	if err != nil {
		return err
	}
	put := func(x state.Marker) error {
		x.Forgetting = number
		return state.Markers.Put(e.w, &x)
	}
	for _, k := range slices.Sorted(maps.Keys(e.records)) {
		r := e.records[k]
		if r.Connection == state.OwnConnection {
			continue
		}
		if err := put(state.Marker{Hash: m.record(r.Connection, r.Kind, r.ID), Kind: state.MarkerRecord}); err != nil {
			return err
		}
		e.out.Markers++
	}
	for _, id := range e.ids {
		if !pointsToOne(id) {
			continue
		}
		if err := put(state.Marker{Hash: m.identifier(id), Kind: state.MarkerIdentifier}); err != nil {
			return err
		}
		e.out.Markers++
	}
	e.out.Shared = len(e.shared)
	all, err := newLookup(e.w.Tx(), noTime).statements(e.c)
	if err != nil {
		return err
	}
	at := append(slices.Clone(e.ids), e.shared...)
	// Also where they said it of an address that is theirs no more.
	for _, k := range slices.Sorted(maps.Keys(e.records)) {
		told, err := state.Consents.By(e.w.Tx(), "source", state.TextKey(sourceOf(k)))
		if err != nil {
			return err
		}
		for _, c := range told {
			same := func(id state.Identifier) bool { return string(id.Key()) == string(c.Identifier.Key()) }
			if slices.ContainsFunc(e.ids, same) || slices.ContainsFunc(e.shared, same) || e.ofPerson(c.Identifier) || !c.Refuses() {
				continue
			}
			if all = append(all, *c); !slices.ContainsFunc(at, same) {
				at = append(at, c.Identifier)
			}
		}
	}
	for _, id := range at {
		var said []state.Consent
		for _, c := range all {
			if string(c.Identifier.Key()) == string(id.Key()) || e.ofPerson(c.Identifier) {
				said = append(said, c)
			}
		}
		for _, h := range held(said) {
			c := h.consent
			if !c.Refuses() || c.Channel != state.AllChannels && !slices.Contains(channelsOf(id.Type), c.Channel) {
				continue
			}
			if err := put(state.Marker{Hash: m.hash(state.MarkerRefusal, id.Key()), Kind: state.MarkerRefusal,
				Channel: c.Channel, Purpose: c.Purpose, State: c.State, At: c.At, Noted: c.Noted}); err != nil {
				return err
			}
			e.out.Refusals++
		}
	}
	return nil
}

// ofPerson says whether a statement is about the person, whatever their address.
func (e *erasure) ofPerson(id state.Identifier) bool {
	return id.Type == "customer" || id.Type == recordItself(0).Type
}
