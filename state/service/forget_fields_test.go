package service

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// unfilled are texts that nobody's words get into, by type and field, or that the test cannot
// overwrite without making another thing of the document. A new field of text is filled by the test;
// whoever puts it here says why.
var unfilled = map[string]string{
	"Identifier":            "a key of its own: the consents and mail of somebody else would be hers",
	"Mention":               "it follows from the message, whose fields are filled",
	"Marker":                "hashes",
	"ChangeEntry.Actor":     "staff",
	"ChangeEntry.Chat":      "staff's account",
	"ChangeEntry.Request":   "the id of a request, made by a program",
	"ChangeEntry.What":      "a word of the program",
	"ChangeEntry.Touched":   "keys of documents; those that name somebody are tested with the documents",
	"Request.ID":            "the id of a request, made by a program",
	"Request.Method":        "a word of the program",
	"Run.Kind":              "a word of the program",
	"Run.Connection":        "the connection's name, that staff gave it",
	"Run.Digest":            "a hash",
	"Run.Layout":            "a vendor's name",
	"Run.State":             "a word of the program",
	"Run.Actor":             "staff",
	"Run.RecordKind":        "a word of the program",
	"Sum":                   "names of connections and currencies",
	"Connection.Name":       "the connection's name, that staff gave it",
	"Connection.Type":       "a word of the program",
	"Connection.Layout":     "a vendor's name",
	"Connection.Mailbox":    "a word of the program",
	"Connection.MailboxBy":  "staff",
	"Connection.ApprovedBy": "staff",
	"Connection.Trouble":    "a word of the program",
	"Connection.Optout":     "a setting of kept.yaml",
	"Connection.Place":      "a setting of kept.yaml",
	"Activity.Kind":         "a word of the program",
	"Question.Kind":         "a word of the program",
	"Question.Topic":        "what makes a question the same one when it is asked again",
	"Record.Connection":     "the connection's name, that staff gave it",
	"Record.Kind":           "a word of the program",
	"Activity.Thread":       "with the connection the target of marks, which are tested",
	"Message.Thread":        "with the connection the target of marks, which are tested",
	"Activity.Connection":   "the connection's name, that staff gave it",
	"Handover.From":         "staff",
	"Handover.By":           "staff",
	"Handover.UndoneBy":     "staff",
	"HandoverItem.To":       "staff",
	"HandoverPart.Was":      "staff",
	"HandoverPart.MadeBy":   "staff",
	"Promise.MadeBy":        "staff",
	"Followup.Rule":         "a word of kept.yaml",
	"Followup.By":           "staff",
	"Followup.For":          "staff",
	"Followup.Over":         "staff",
	"Followup.ClosedBy":     "staff",
	"Followup.State":        "a word of the program",
	"Followup.Code":         "a word of the program",
	"Consent.Source":        "the number of a record or customer",
	"Address.Connection":    "the connection's name, that staff gave it",
	"FormerHome.Connection": "the connection's name, that staff gave it",
}

// filler puts a word of the person into every text of a value.
type filler struct {
	t    testing.TB
	n    int
	met  map[string]bool // the fields that have a text, "Message.Subject"
	same func() bool     // whether the document is still at its place
	word string
}

func (f *filler) next() string { f.n++; return fmt.Sprintf("%s %d", f.word, f.n) }

func (f *filler) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || unfilled[v.Type().Name()] != "" {
			return
		}
		for i := range v.NumField() {
			name := v.Type().Name() + "." + v.Type().Field(i).Name
			if unfilled[name] == "" && hasText(v.Field(i).Type(), nil) {
				f.field(v.Field(i), name)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			f.fill(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	}
}

// field fills an empty field, and says of it that it was there to be erased.
func (f *filler) field(v reflect.Value, name string) {
	if !v.IsZero() {
		f.met[name] = f.met[name] || isText(v.Type())
		f.fill(v)
		return
	}
	switch t := v.Type(); {
	case t.Kind() == reflect.String:
		v.SetString(f.next())
	case t == reflect.TypeFor[[]byte]():
		v.SetBytes([]byte(f.next()))
	case t == reflect.TypeFor[[]string]():
		v.Set(reflect.ValueOf([]string{f.next()}))
	case t.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(reflect.ValueOf("text").Convert(t.Key()), reflect.ValueOf(f.next()).Convert(t.Elem()))
	case t.Kind() == reflect.Slice && !slices.Contains([]string{"Identifier", "Consent"}, t.Elem().Name()):
		v.Set(reflect.MakeSlice(t, 1, 1))
		f.fill(v.Index(0))
		return
	default:
		f.fill(v) // of a message or an order there are documents of their own
		return
	}
	if f.same() {
		f.met[name] = true
	} else {
		v.SetZero() // it is part of the key, which has her words elsewhere
	}
}

func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || t == reflect.TypeFor[[]byte]() || t == reflect.TypeFor[[]string]() || t.Kind() == reflect.Map
}

// hasText says whether there is any text in a type.
func hasText(t reflect.Type, seen []reflect.Type) bool {
	switch {
	case isText(t):
		return true
	case slices.Contains(seen, t) || t == reflect.TypeFor[time.Time]():
		return false
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice:
		return hasText(t.Elem(), append(seen, t))
	case t.Kind() == reflect.Struct && unfilled[t.Name()] == "":
		for i := range t.NumField() {
			if hasText(t.Field(i).Type, append(seen, t)) {
				return true
			}
		}
	}
	return false
}

// textFields lists the fields of text that a type has, its parts' too.
func textFields(t reflect.Type, into map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		textFields(t.Elem(), into)
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() || unfilled[t.Name()] != "" {
			return
		}
		for i := range t.NumField() {
			x := t.Field(i)
			name := t.Name() + "." + x.Name
			switch {
			case unfilled[name] != "":
			case isText(x.Type):
				into[name] = true
			default:
				textFields(x.Type, into)
			}
		}
	}
}

// Every text of every collection that can be about a person is filled with their words, and is
// nowhere when they are forgotten: a field that is added is filled too.
func TestForgetErasesEveryField(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	number := h.jana()
	n, _ := state.Customers.ParseRef(number)
	met, want := map[string]bool{}, map[string]bool{}
	h.ok(h.store.Update(context.Background(), func(tx state.Tx) error {
		c, err := state.Customers.Number(tx, n)
		if err != nil {
			return err
		}
		e := &erasure{s: h.s, tx: tx, c: c, numbers: map[uint64]bool{}, records: map[uint64]*state.Record{}, kept: map[uint64]bool{}}
		if err := e.gather(); err != nil {
			return err
		}
		f := &filler{t: t, met: met}
		for _, k := range state.Kinds() {
			if k.Erase.Rule == state.EraseNone {
				continue
			}
			textFields(k.Type(), want)
			// What is known by words alone is looked for by her own.
			f.word = "NEEDLE filled"
			if k.Erase.Rule == state.EraseWords {
				f.word = janaMail
			}
			if err := h.fillKind(tx, k, e, f); err != nil {
				return fmt.Errorf("%s: %w", k.Name, err)
			}
		}
		return nil
	}))
	var left []string
	for name := range want {
		if !met[name] {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	if len(left) > 0 {
		t.Errorf("no document of the test has these texts, so that nothing is proven of them: %s", strings.Join(left, ", "))
	}
	must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: number}))
	h.needle(false)
}

// fillKind fills the documents of a collection that are hers.
func (h *house) fillKind(tx state.Tx, k *state.Kind, e *erasure, f *filler) error {
	var docs []state.Doc
	var subjects [][]byte
	if k.History {
		for _, n := range e.sortedNumbers() {
			subjects = append(subjects, state.CustomerSubject(n))
		}
		for n := range e.records {
			subjects = append(subjects, state.RecordSubject(n))
		}
		for _, id := range e.ids {
			subjects = append(subjects, state.IdentifierSubject(id))
		}
	} else {
		subjects = [][]byte{nil}
	}
	for _, subject := range subjects {
		docs = docs[:0]
		scan := tx.Scan(k, state.Range{})
		if k.History {
			scan = tx.Read(k, subject, state.Range{})
		}
		for d, err := range scan {
			if err != nil {
				return err
			}
			if e.owns(d.Value) {
				docs = append(docs, d)
			}
		}
		for _, d := range docs {
			f.same = func() bool { return string(k.Key(d.Value)) == string(d.Key) }
			f.fill(reflect.ValueOf(d.Value).Elem())
			var err error
			if k.History {
				err = tx.Append(k, subject, d.Key, d.Value)
			} else {
				_, err = tx.Put(k, d.Key, d.Value, state.AnyRevision)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// owns says whether a document is hers, for the test; those known by words alone are all asked.
func (e *erasure) owns(v any) bool {
	switch v := v.(type) {
	case *state.Record:
		return e.records[v.Key] != nil
	case *state.Link:
		return e.records[v.Record] != nil
	case *state.Customer:
		return e.numbers[v.Number]
	case *state.Shadow:
		return e.records[v.Record] != nil || e.numbers[v.Record&^(1<<63)]
	case *state.Intent:
		return e.numbers[v.Customer]
	case *state.PlannedWrite:
		return e.numbers[v.Customer]
	case *state.Setting:
		return e.numbers[v.Base]
	case *state.Relation:
		return e.numbers[v.From] || e.numbers[v.To]
	case *state.Verdict:
		return e.numbers[v.A] || e.numbers[v.B]
	case *state.Outgoing:
		return e.messaged(v)
	case *state.Hold:
		return e.numbers[v.Base]
	case *state.Sending:
		return slices.ContainsFunc(e.ids, func(id state.Identifier) bool { return string(id.Key()) == string(v.Identifier.Key()) })
	case *state.Promise:
		return e.numbers[v.Base]
	case *state.Followup:
		return e.numbers[v.Base]
	case *state.Read:
		return e.numbers[v.Customer]
	case *state.Question:
		return e.numbers[v.A] || e.numbers[v.B] || e.words.in(v.Raw)
	case *state.Consent:
		return slices.ContainsFunc(e.ids, func(id state.Identifier) bool { return string(id.Key()) == string(v.Identifier.Key()) })
	case *state.FormerHome:
		return e.words.in(v.ID)
	case *state.MailDue:
		return e.words.in(v.Address)
	case *state.Mark:
		return strings.Contains(v.Target, "NEEDLE")
	}
	return true
}
