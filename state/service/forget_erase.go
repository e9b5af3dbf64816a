package service

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// This file takes a person out of each collection; see erasers.

// drop deletes documents, and counts them.
func drop[T any](e *erasure, c *state.Collection[T], docs []*T, key func(*T) []byte) error {
	for _, d := range docs {
		was, err := c.Delete(e.w, key(d))
		if err != nil {
			return err
		}
		if was {
			e.out.Erased[c.Kind.Name]++
		}
	}
	return nil
}

func (e *erasure) sortedNumbers() []uint64 { return slices.Sorted(maps.Keys(e.numbers)) }

// byNumber collects the documents that an index has under their numbers, each once.
func byNumber[T any](e *erasure, c *state.Collection[T], index string, key func(*T) []byte) ([]*T, error) {
	var out []*T
	seen := map[string]bool{}
	for _, n := range e.sortedNumbers() {
		found, err := c.By(e.tx, index, state.NumberKey(n))
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			if !seen[string(key(d))] {
				seen[string(key(d))] = true
				out = append(out, d)
			}
		}
	}
	return out, nil
}

func dropByNumber[T any](e *erasure, c *state.Collection[T], index string, key func(*T) []byte) error {
	docs, err := byNumber(e, c, index, key)
	if err != nil {
		return err
	}
	return drop(e, c, docs, key)
}

// consents erases what was said at addresses that are theirs alone, and what they are the source of.
// What records say goes with the records, counted here.
func (e *erasure) consents() error {
	tx := e.w.Tx()
	var all []*state.Consent
	seen := map[string]bool{}
	add := func(list []*state.Consent, err error) error {
		for _, c := range list {
			if k := string(consentKey(c)); !seen[k] {
				seen[k] = true
				all = append(all, c)
			}
		}
		return err
	}
	for _, id := range e.ids {
		if err := add(state.Consents.List(tx, state.PrefixRange("", id.Key()))); err != nil {
			return err
		}
	}
	for _, n := range e.sortedNumbers() {
		if err := add(state.Consents.By(tx, "source", state.TextKey(state.Customers.Ref(n)))); err != nil {
			return err
		}
		if err := add(state.Consents.List(tx, state.PrefixRange("", itself(n).Key()))); err != nil {
			return err
		}
	}
	for _, k := range slices.Sorted(maps.Keys(e.records)) {
		if err := add(state.Consents.By(tx, "source", state.TextKey(sourceOf(k)))); err != nil {
			return err
		}
		if err := add(state.Consents.List(tx, state.PrefixRange("", recordItself(k).Key()))); err != nil {
			return err
		}
	}
	return drop(e, state.Consents, all, consentKey)
}

func (e *erasure) settings() error {
	for _, n := range e.sortedNumbers() {
		all, err := state.Settings.List(e.w.Tx(), state.PrefixRange("", state.NumberKey(n)))
		if err != nil {
			return err
		}
		if err := drop(e, state.Settings, all, func(s *state.Setting) []byte {
			return state.Join(state.NumberKey(s.Base), state.TextKey(s.Field), state.TextKey(s.Element))
		}); err != nil {
			return err
		}
	}
	return nil
}

func (e *erasure) relations() error {
	return dropByNumber(e, state.Relations, "customer", func(r *state.Relation) []byte { return state.NumberKey(r.Key) })
}

// verdicts erases people's words on who they are, and on addresses that are theirs alone.
func (e *erasure) verdicts() error {
	key := func(v *state.Verdict) []byte { return state.NumberKey(v.Key) }
	if err := dropByNumber(e, state.Verdicts, "customer", key); err != nil {
		return err
	}
	for _, id := range e.ids {
		found, err := state.Verdicts.By(e.w.Tx(), "identifier", id.Key())
		if err != nil {
			return err
		}
		if err := drop(e, state.Verdicts, found, key); err != nil {
			return err
		}
	}
	return nil
}

func (e *erasure) promises() error {
	return dropByNumber(e, state.Promises, "base", func(p *state.Promise) []byte { return state.NumberKey(p.Number) })
}

func (e *erasure) followups() error {
	return dropByNumber(e, state.Followups, "base", func(f *state.Followup) []byte { return state.NumberKey(f.Number) })
}

// activities erases histories: what people entered, and what hangs on their records.
func (e *erasure) activities() error {
	var subjects [][]byte
	for _, n := range e.sortedNumbers() {
		subjects = append(subjects, state.CustomerSubject(n))
	}
	for _, k := range slices.Sorted(maps.Keys(e.records)) {
		subjects = append(subjects, state.RecordSubject(k))
	}
	for _, subject := range subjects {
		n := int64(0)
		for _, err := range state.Activities.Read(e.w.Tx(), subject, state.Range{}) {
			if err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			continue
		}
		e.out.Erased["activity"] += n
		if err := dropHistory(e.w, subject); err != nil {
			return err
		}
	}
	return nil
}

// questions erases those about them and those of rows that name them, and takes them out of the
// reasons of others. A row that was set aside is not asked about again.
func (e *erasure) questions() error {
	key := func(q *state.Question) []byte { return state.NumberKey(q.Number) }
	gone, err := byNumber(e, state.Questions, "customer", key)
	if err != nil {
		return err
	}
	mine := map[uint64]bool{}
	for _, q := range gone {
		mine[q.Number] = true
	}
	var changed []*state.Question
	for q, err := range state.Questions.All(e.w.Tx(), state.Range{}) {
		if err != nil {
			return err
		}
		switch {
		case mine[q.Number]:
		case e.records[q.RecordA] != nil || e.records[q.RecordB] != nil, q.Kind == state.QuestionRow && e.words.in(q.Raw+"\n"+q.Answer):
			gone = append(gone, q)
		default:
			left := slices.DeleteFunc(slices.Clone(q.Reasons), func(r state.Evidence) bool { return e.records[r.Record] != nil || e.inArgs(r.Args) })
			if len(left) != len(q.Reasons) {
				q.Reasons = left
				changed = append(changed, q)
			}
		}
	}
	for _, q := range changed {
		if err := state.Questions.Put(e.w, q); err != nil {
			return err
		}
	}
	if err := e.rows(gone); err != nil {
		return err
	}
	return drop(e, state.Questions, gone, key)
}

// rows drops what is kept beside the questions of rows, and remembers that these rows are not to be
// asked about again.
func (e *erasure) rows(gone []*state.Question) error {
	refs := map[string]bool{}
	for _, q := range gone {
		if q.Kind == state.QuestionRow {
			ref := state.Questions.Ref(q.Number)
			refs[ref] = true
			if err := e.w.PutBlob(fmt.Sprintf("%s%016x/%s", state.BlobAside, q.Run, ref), nil); err != nil {
				return err
			}
		}
	}
	if len(refs) == 0 {
		return nil
	}
	var names []string
	for b, err := range e.w.Tx().Blobs(state.BlobAsked) {
		if err != nil {
			return err
		}
		if refs[string(b.Data)] {
			names = append(names, b.Name)
		}
	}
	for _, n := range names {
		if err := e.w.PutBlob(n, []byte(state.AskedForgotten)); err != nil {
			return err
		}
	}
	return nil
}

func (e *erasure) inArgs(args state.Args) bool {
	for _, v := range args {
		if e.words.in(v) {
			return true
		}
	}
	return false
}

// told erases the records, and makes anew what follows from them for others.
func (e *erasure) told() error {
	t := &telling{s: e.s, w: e.w, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}
	var all []*state.Record
	for _, k := range slices.Sorted(maps.Keys(e.records)) {
		all = append(all, e.records[k])
	}
	// Orders and messages first, while those in whose histories they stand still do.
	slices.SortStableFunc(all, func(a, b *state.Record) int { return contactRank(a) - contactRank(b) })
	for _, r := range all {
		now, err := state.Records.Find(e.w.Tx(), state.NumberKey(r.Key))
		if err != nil {
			return err
		}
		if now == nil {
			continue
		}
		e.out.Erased["record"]++
		old := clone(now)
		now.Versions = nil
		if r.Kind == state.KindOrganisation {
			t.dirty[r.Key] = true
			t.before = append(t.before, old)
			if _, err := state.Records.Delete(e.w, state.NumberKey(r.Key)); err != nil {
				return err
			}
			continue
		}
		if err := t.put(old, now); err != nil {
			return err
		}
	}
	return t.finish()
}

func contactRank(r *state.Record) int {
	if r.Kind == state.KindContact || r.Kind == state.KindOrganisation {
		return 1
	}
	return 0
}

// nothingLeft makes sure that no link to an erased record stays.
func (e *erasure) nothingLeft() error {
	n := int64(0)
	for _, k := range slices.Sorted(maps.Keys(e.records)) {
		if r := e.records[k]; r.Kind == state.KindContact || r.Kind == state.KindOrganisation {
			n++
		}
		l, err := state.Links.Find(e.w.Tx(), state.NumberKey(k))
		if err != nil {
			return err
		}
		if l == nil {
			continue
		}
		if _, err := state.Links.Delete(e.w, state.NumberKey(k)); err != nil {
			return err
		}
	}
	e.out.Erased["link"] = n
	return nil
}

// views computes their customers anew, of whom nothing is left.
func (e *erasure) views() error {
	if err := e.s.refresh(e.w, e.sortedNumbers()...); err != nil {
		return err
	}
	if e.out.Stays > 0 {
		return nil
	}
	e.out.Erased["customer"] = int64(len(e.numbers))
	for _, n := range e.sortedNumbers() {
		if _, err := state.Customers.Delete(e.w, state.NumberKey(n)); err != nil {
			return err
		}
	}
	return nil
}

func (e *erasure) formerHomes() error {
	var gone []*state.FormerHome
	for f, err := range state.FormerHomes.All(e.w.Tx(), state.Range{}) {
		if err != nil {
			return err
		}
		if slices.ContainsFunc(f.Homes, func(h uint64) bool { return e.numbers[h] }) || e.words.in(f.ID) {
			gone = append(gone, f)
		}
	}
	err := drop(e, state.FormerHomes, gone, func(f *state.FormerHome) []byte { return state.RecordKey(f.Connection, f.Kind, f.ID) })
	delete(e.out.Erased, "former_home") // erasing their records has left them
	return err
}

// reads erases who looked at them.
func (e *erasure) reads() error {
	for _, n := range e.sortedNumbers() {
		all, err := state.Reads.List(e.w.Tx(), state.PrefixRange("customer", state.NumberKey(n)))
		if err != nil {
			return err
		}
		if err := drop(e, state.Reads, all, func(r *state.Read) []byte { return state.NumberKey(r.Number) }); err != nil {
			return err
		}
	}
	return nil
}

// requests empties the stored answers that tell of them. That the request was done stays known, so
// that it is not done again.
func (e *erasure) requests() error {
	var marks [][]byte
	for n := range e.numbers {
		ref := state.Customers.Ref(n)
		marks = append(marks, []byte(`"`+ref+`"`), []byte(`-`+ref+`"`))
	}
	for k := range e.records {
		marks = append(marks, []byte(`"`+state.Records.Ref(k)+`"`))
	}
	var hit []*state.Request
	for r, err := range state.Requests.All(e.w.Tx(), state.Range{}) {
		if err != nil {
			return err
		}
		about := e.words.in(string(r.Answer)) || e.words.in(unescaped(r.Answer))
		for _, m := range marks {
			about = about || bytes.Contains(r.Answer, m)
		}
		if about {
			hit = append(hit, r)
		}
	}
	for _, r := range hit {
		r.Answer = []byte("{}")
		if err := state.Requests.Put(e.w, r); err != nil {
			return err
		}
		e.out.Erased["request"]++
	}
	return nil
}

// unescaped gives the texts of a JSON value as they are read.
func unescaped(b []byte) string {
	if !bytes.ContainsRune(b, '\\') {
		return ""
	}
	var out strings.Builder
	d := json.NewDecoder(bytes.NewReader(b))
	for {
		t, err := d.Token()
		if err != nil {
			return out.String()
		}
		if s, ok := t.(string); ok {
			out.WriteString(s + "\n")
		}
	}
}

// runs takes them out of the names of files, and of where a run is: one that goes on begins again,
// and finds what it was told unchanged.
func (e *erasure) runs() error {
	var hit []*state.Run
	for r, err := range state.Runs.All(e.w.Tx(), state.Range{}) {
		if err != nil {
			return err
		}
		if e.words.in(r.Source) || e.words.in(r.Cursor) || slices.ContainsFunc(r.Options, e.words.in) {
			hit = append(hit, r)
		}
	}
	for _, r := range hit {
		if e.words.in(r.Source) {
			r.Source = ""
		}
		if e.words.in(r.Cursor) {
			r.Cursor = ""
		}
		r.Options = slices.DeleteFunc(r.Options, e.words.in)
		if err := state.Runs.Put(e.w, r); err != nil {
			return err
		}
		e.out.Erased["run"]++
	}
	return nil
}

// connections takes them out of what was taken for the names of columns: a table without a header.
func (e *erasure) connections() error {
	var hit []*state.Connection
	for c, err := range state.Connections.All(e.w.Tx(), state.Range{}) {
		if err != nil {
			return err
		}
		if slices.ContainsFunc(c.Columns, e.words.in) || slices.ContainsFunc(c.Options, e.words.in) {
			hit = append(hit, c)
		}
	}
	for _, c := range hit {
		c.Columns = slices.DeleteFunc(c.Columns, e.words.in)
		c.Options = slices.DeleteFunc(c.Options, e.words.in)
		if err := state.Connections.Put(e.w, c); err != nil {
			return err
		}
		e.out.Erased["connection"]++
	}
	return nil
}

// changes takes them out of the change log: that something was changed, when, by whom and under
// which number stays.
func (e *erasure) changes() error {
	var hit []*state.ChangeEntry
	for c, err := range state.Changes.All(e.w.Tx(), state.Range{}) {
		if err != nil {
			return err
		}
		if e.clean(c) {
			hit = append(hit, c)
		}
	}
	for _, c := range hit {
		if err := state.Changes.Put(e.w, c); err != nil {
			return err
		}
		e.out.Erased["change"]++
	}
	return nil
}

// clean takes them out of one entry; it says whether they were in it.
func (e *erasure) clean(c *state.ChangeEntry) bool {
	hit, mine := false, false
	for i := range c.Touched {
		t := &c.Touched[i]
		switch t.Collection {
		case state.Customers.Kind.Name, state.Settings.Kind.Name:
			mine = mine || slices.ContainsFunc(t.Keys, func(k []byte) bool { return e.numbers[state.KeyNumber(k)] })
		case state.Records.Kind.Name, state.Links.Kind.Name:
			mine = mine || slices.ContainsFunc(t.Keys, func(k []byte) bool { return e.records[state.KeyNumber(k)] != nil })
		case state.Activities.Kind.Name:
			mine = mine || slices.ContainsFunc(t.Keys, func(k []byte) bool {
				return len(k) == 9 && k[0] == 'c' && e.numbers[state.KeyNumber(k[1:])]
			})
		}
		if !namedKind(t.Collection) {
			continue
		}
		left := slices.DeleteFunc(slices.Clone(t.Keys), func(k []byte) bool { return e.named(t.Collection, k) })
		if len(left) != len(t.Keys) {
			t.Keys, hit = left, true
		}
	}
	// An import speaks of many, and its arguments of none.
	mine = mine && !strings.HasPrefix(c.What, "import.")
	for k, v := range c.Args {
		if e.words.in(v) || mine && !isRef(v) {
			if c.Args[k] != "" {
				c.Args[k], hit = "", true
			}
		}
	}
	return hit
}

func namedKind(collection string) bool {
	for _, k := range state.Kinds() {
		if k.Name == collection {
			return k.Erase.Named
		}
	}
	return false
}

// named says whether a key of a collection with telling keys is of them.
func (e *erasure) named(collection string, key []byte) bool {
	switch collection {
	case state.Settings.Kind.Name:
		return e.numbers[state.KeyNumber(key)]
	case state.Marks.Kind.Name:
		target, _ := state.KeyText(key)
		return e.targets[target]
	case state.Consents.Kind.Name, state.Sendings.Kind.Name:
		return slices.ContainsFunc(e.ids, func(id state.Identifier) bool { return bytes.HasPrefix(key, id.Key()) })
	}
	return e.words.in(readableKey(key)) || slices.ContainsFunc(e.words.words, func(w []byte) bool { return bytes.Contains(bytes.ToLower(key), w) })
}

// isRef says whether a text is a number as people type it: c812, k55, 7.
func isRef(s string) bool {
	s = strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyz")
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// blobs takes them out of what is kept of rows that could not be read.
func (e *erasure) blobs() error {
	var hit []state.Blob
	for b, err := range e.w.Tx().Blobs(state.BlobAside) {
		if err != nil {
			return err
		}
		if e.words.mask(b.Data) {
			hit = append(hit, b)
		}
	}
	for _, b := range hit {
		if err := e.w.PutBlob(b.Name, b.Data); err != nil {
			return err
		}
		e.out.Erased["blob"]++
	}
	return nil
}

// Backup is one copy of the state that was made with "kept backup".
type Backup struct {
	Path  string    `json:"path"`
	At    time.Time `json:"at"`
	Bytes int64     `json:"bytes"`
}

// backupsOf gives the last backups that are known, newest first.
func backupsOf(tx state.Tx) ([]Backup, error) {
	b, err := tx.Blob(state.BlobBackups)
	if err != nil || b == nil {
		return nil, err
	}
	var out []Backup
	if json.Unmarshal(b, &out) != nil {
		return nil, nil // of another version: nothing is known
	}
	return out, nil
}
