package service

import (
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// rulesMemory is what the rules remember between passes.
type rulesMemory struct {
	Since  map[string]time.Time `json:"since"`  // when each rule was there first
	Shape  string               `json:"shape"`  // of all rules; another one has everybody looked at again
	Change uint64               `json:"change"` // the last entry of the change log that was looked at
	Full   bool                 `json:"full"`   // everybody is being looked at, up to Upto
	Upto   uint64               `json:"upto"`
	Began  time.Time            `json:"began,omitzero"` // when the last pass that ended began
}

func rulesRemembered(tx state.Tx) (rulesMemory, error) {
	m := rulesMemory{Since: map[string]time.Time{}}
	b, err := tx.Blob(state.BlobRules)
	if err != nil || len(b) == 0 {
		return m, err
	}
	if json.Unmarshal(b, &m) != nil || m.Since == nil {
		m = rulesMemory{Since: map[string]time.Time{}}
	}
	return m, nil
}

func (m *rulesMemory) keep(w *state.Writer) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return w.PutBlob(state.BlobRules, b)
}

// shapeOf is the same for the same rules.
func shapeOf(c *followup.Config) string {
	h := fnv.New64a()
	for _, r := range c.Rules {
		x := *r
		x.If, x.Line, x.Column = nil, 0, 0
		b, _ := json.Marshal(x)
		h.Write(b)
		if r.If != nil {
			h.Write([]byte(r.If.Source))
		}
	}
	return strconv.FormatUint(h.Sum64(), 16) // it is kept as JSON, which changes bytes that are no text
}

const dueHour = "2006-01-02T15"

// dueBlob names the hour in which customers are looked at again.
func dueBlob(at time.Time) string { return state.BlobRulesDue + at.UTC().Format(dueHour) }

// schedule notes customers to be looked at in the hours of some times.
func schedule(w *state.Writer, next map[uint64]time.Time) error {
	byHour := map[string][]uint64{}
	for n, at := range next {
		byHour[dueBlob(at)] = append(byHour[dueBlob(at)], n)
	}
	for _, name := range sortedNames(byHour) {
		b, err := w.Tx().Blob(name)
		if err != nil {
			return err
		}
		all := append(numbersIn(b), byHour[name]...)
		slices.Sort(all)
		all = slices.Compact(all)
		if len(all)*8 == len(b) {
			continue
		}
		out := make([]byte, 0, len(all)*8)
		for _, n := range all {
			out = binary.BigEndian.AppendUint64(out, n)
		}
		if err := w.PutBlob(name, out); err != nil {
			return err
		}
	}
	return nil
}

func sortedNames[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func numbersIn(b []byte) []uint64 {
	var out []uint64
	for ; len(b) >= 8; b = b[8:] {
		out = append(out, binary.BigEndian.Uint64(b))
	}
	return out
}

// scheduled gives whom to look at by now, and which hours are over and need not be kept.
func scheduled(tx state.Tx, now time.Time) (numbers []uint64, over []string, err error) {
	this := dueBlob(now)
	for b, err := range tx.Blobs(state.BlobRulesDue) {
		if err != nil {
			return nil, nil, err
		}
		if b.Name > this {
			break
		}
		numbers = append(numbers, numbersIn(b.Data)...)
		if b.Name < this {
			over = append(over, b.Name)
		}
	}
	return numbers, over, nil
}

// changedSince gives the base customers that changes after an entry of the log may be about, and the
// last entry; some is false where so much changed that everybody is looked at.
func changedSince(tx state.Tx, l *lookup, after uint64) (numbers []uint64, last uint64, some bool, err error) {
	last = after
	add := func(n uint64) { numbers = append(numbers, n) }
	const most = 200_000
	for e, err := range state.Changes.All(tx, state.Range{From: state.NumberKey(after + 1)}) {
		if err != nil {
			return nil, 0, false, err
		}
		last = e.Number
		for _, t := range e.Touched {
			for _, k := range t.Keys {
				if len(numbers) > most {
					continue
				}
				if err := touchedCustomers(tx, l, t.Collection, k, add); err != nil {
					return nil, 0, false, err
				}
			}
		}
	}
	return numbers, last, len(numbers) <= most, nil
}

// touchedCustomers gives the customers that a touched document is about.
func touchedCustomers(tx state.Tx, l *lookup, collection string, k []byte, add func(uint64)) error {
	switch collection {
	case state.Customers.Kind.Name, state.Settings.Kind.Name:
		add(state.KeyNumber(k))
	case state.Promises.Kind.Name:
		p, err := state.Promises.Find(tx, k)
		if err != nil || p == nil {
			return err
		}
		add(p.Base)
	case state.Links.Kind.Name:
		c, err := l.ofRecord(state.KeyNumber(k))
		if err != nil || c == nil {
			return err
		}
		add(c.Number)
	case state.Records.Kind.Name:
		r, err := state.Records.Find(tx, k)
		if err != nil || r == nil {
			return err
		}
		return recordCustomers(tx, l, r, add)
	case state.Activities.Kind.Name:
		switch {
		case len(k) == 9 && k[0] == 'c':
			add(state.KeyNumber(k[1:]))
		case len(k) == 9 && k[0] == 'r':
			c, err := l.ofRecord(state.KeyNumber(k[1:]))
			if err != nil || c == nil {
				return err
			}
			add(c.Number)
		case len(k) > 1 && k[0] == 'i':
			return holdersOf(tx, k[1:], add)
		}
	case state.Consents.Kind.Name:
		return consentHolders(tx, k, add)
	}
	return nil
}

// recordCustomers gives whose a contact is, and who bought an order.
func recordCustomers(tx state.Tx, l *lookup, r *state.Record, add func(uint64)) error {
	key := r.Key
	if r.Kind == state.KindOrder && r.Party != "" {
		found, err := keysBy(tx, state.Records.Kind, "id", state.RecordKey(r.Connection, state.KindContact, r.Party), 1)
		if err != nil || len(found) == 0 {
			return err
		}
		key = found[0]
	}
	c, err := l.ofRecord(key)
	if err != nil || c == nil {
		return err
	}
	add(c.Number)
	return nil
}

func holdersOf(tx state.Tx, identifier []byte, add func(uint64)) error {
	r := exactly("identifier", identifier)
	r.KeysOnly, r.Limit = true, 100
	for d, err := range tx.Scan(state.Customers.Kind, r) {
		if err != nil {
			return err
		}
		add(state.KeyNumber(d.Key))
	}
	return nil
}

// consentHolders gives who has the address of a statement: its key begins with the address's.
func consentHolders(tx state.Tx, key []byte, add func(uint64)) error {
	c, err := state.Consents.Find(tx, key)
	if err != nil || c == nil {
		return err
	}
	return holdersOf(tx, c.Identifier.Key(), add)
}
