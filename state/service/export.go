package service

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
)

// CustomerExportIn names the customer whose data is wanted.
type CustomerExportIn struct {
	Ref string `json:"ref"`
	// Whole asks also for the texts of mail and notes that are private to colleagues: for a person
	// who wants to see what is kept of them. The read log says that it was asked for.
	Whole bool `json:"whole,omitempty"`
}

// CustomerExportOut is everything that the state has about one customer: nothing is summed up, and
// nothing left out but texts that are private to a colleague of who asks. Stored things are given as
// they are stored.
type CustomerExportOut struct {
	Made       time.Time          `json:"made"`
	Whole      bool               `json:"whole"`    // with what is private to colleagues
	Withheld   int                `json:"withheld"` // messages, notes and rows of which there is only the header
	Customer   Customer           `json:"customer"`
	Numbers    []string           `json:"numbers"` // that became part of this one
	Believed   []Believed         `json:"believed"`
	Records    []ExportRecord     `json:"records"` // contacts, orders, messages, with all their versions
	Consents   []ConsentLine      `json:"consents"`
	History    []state.Activity   `json:"history"` // oldest first
	Promises   []ExportPromise    `json:"promises"`
	Messages   []ExportMessage    `json:"messages"` // that Kept sent them, or has for them
	Followups  []ExportFollowup   `json:"followups"`
	Holds      []ExportHold       `json:"holds"`    // on contact
	Sendings   []state.Sending    `json:"sendings"` // what was sent to their addresses
	Questions  []ExportQuestion   `json:"questions"`
	Settings   []state.Setting    `json:"settings"` // values that people set
	Relations  []Affiliation      `json:"relations"`
	Links      []ExportLink       `json:"links"` // why the records are this customer's
	Verdicts   []VerdictLine      `json:"verdicts"`
	Changes    []AuditEntry       `json:"changes"` // newest first
	Reads      []AuditEntry       `json:"reads"`   // newest first
	Names      map[string]string  `json:"names"`   // of staff by their number, as it stands in actors and owners
	Connection map[string]RunLast `json:"connections"`
}

// ExportRecord is one record with all its versions.
type ExportRecord struct {
	Number string       `json:"number"`
	Record state.Record `json:"record"`
}

// ExportPromise is one promise.
type ExportPromise struct {
	Number  string        `json:"number"`
	Promise state.Promise `json:"promise"`
}

// ExportMessage is one message of the outbox.
type ExportMessage struct {
	Number  string         `json:"number"`
	Message state.Outgoing `json:"message"`
}

// ExportFollowup is one follow-up.
type ExportFollowup struct {
	Number   string         `json:"number"`
	Followup state.Followup `json:"followup"`
}

// ExportHold is one hold on contact.
type ExportHold struct {
	Number string     `json:"number"`
	Hold   state.Hold `json:"hold"`
}

// ExportQuestion is one question.
type ExportQuestion struct {
	Number   string         `json:"number"`
	Question state.Question `json:"question"`
}

// ExportLink is one link.
type ExportLink struct {
	Record string     `json:"record"`
	Link   state.Link `json:"link"`
}

// RunLast says when a connection was last read.
type RunLast struct {
	Type string    `json:"type"`
	Last time.Time `json:"last,omitzero"`
}

// everything is more entries than a log can have.
const everything = 1 << 40

// CustomerExport gives everything about one customer, of personal mailboxes and private entries what
// the caller may read unless the whole is wanted.
func (s *Service) CustomerExport(ctx context.Context, in CustomerExportIn) (CustomerExportOut, error) {
	shown, err := s.CustomerShow(ctx, CustomerShowIn{Ref: in.Ref})
	if err != nil {
		return CustomerExportOut{}, err
	}
	logs, err := s.Audit(ctx, AuditIn{Ref: shown.Customer.Number, Limit: everything})
	if err != nil {
		return CustomerExportOut{}, err
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (CustomerExportOut, error) {
		out := CustomerExportOut{Made: now, Whole: in.Whole, Customer: shown.Customer, Numbers: shown.Numbers, Believed: shown.Believed,
			Consents: shown.Consents, Relations: shown.Relations, Records: []ExportRecord{}, History: []state.Activity{},
			Promises: []ExportPromise{}, Followups: []ExportFollowup{}, Messages: []ExportMessage{}, Holds: []ExportHold{}, Sendings: []state.Sending{}, Questions: []ExportQuestion{}, Settings: []state.Setting{}, Links: []ExportLink{},
			Verdicts: []VerdictLine{}, Changes: []AuditEntry{}, Reads: []AuditEntry{}, Names: map[string]string{},
			Connection: map[string]RunLast{}}
		n, _ := state.Customers.ParseRef(shown.Customer.Number)
		c, err := newLookup(tx, now).survivor(n)
		if err != nil {
			return out, err
		}
		if c == nil {
			return out, noCustomer(in.Ref, nil)
		}
		for _, e := range logs.Entries {
			e.Customers = []CustomerRef{} // a page of an import is about others, too
			if e.Kind == auditRead {
				out.Reads = append(out.Reads, e)
			} else {
				out.Changes = append(out.Changes, e)
			}
		}
		for m, err := range state.StaffMembers.All(tx, state.Range{}) {
			if err != nil {
				return out, err
			}
			out.Names[state.StaffMembers.Ref(m.Number)] = m.Name
		}
		if err := s.export(tx, c, &out); err != nil || in.Whole {
			return out, err
		}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		return out, s.lookup(tx, now, r).withhold(&out)
	})
}

func (s *Service) export(tx state.Tx, c *state.Customer, out *CustomerExportOut) error {
	l := newLookup(tx, out.Made)
	// What is theirs is found as when they are forgotten, so that the two never differ.
	e := &erasure{s: s, tx: tx, c: c, numbers: map[uint64]bool{}, records: map[uint64]*state.Record{}, kept: map[uint64]bool{}}
	if err := e.gather(); err != nil {
		return err
	}
	var subjects [][]byte
	for _, k := range slices.Sorted(maps.Keys(e.records)) {
		r := e.records[k]
		out.Records = append(out.Records, ExportRecord{Number: state.Records.Ref(k), Record: *r})
		subjects = append(subjects, state.RecordSubject(k))
		link, err := state.Links.Find(tx, state.NumberKey(k))
		if err != nil {
			return err
		}
		if link != nil {
			out.Links = append(out.Links, ExportLink{Record: state.Records.Ref(k), Link: *link})
		}
		if _, ok := out.Connection[r.Connection]; ok {
			continue
		}
		conn, err := state.Connections.Find(tx, state.TextKey(r.Connection))
		if err != nil {
			return err
		}
		if conn != nil {
			last := RunLast{Type: conn.Type}
			run, err := state.Runs.Find(tx, state.NumberKey(conn.LastRun))
			if err != nil {
				return err
			}
			if run != nil {
				last.Last = run.Ended
			}
			out.Connection[r.Connection] = last
		}
	}
	for _, n := range e.sortedNumbers() {
		subjects = append(subjects, state.CustomerSubject(n))
		settings, err := state.Settings.List(tx, state.PrefixRange("", state.NumberKey(n)))
		if err != nil {
			return err
		}
		for _, x := range settings {
			out.Settings = append(out.Settings, *x)
		}
		promises, err := state.Promises.By(tx, "base", state.NumberKey(n))
		if err != nil {
			return err
		}
		for _, p := range promises {
			out.Promises = append(out.Promises, ExportPromise{Number: state.Promises.Ref(p.Number), Promise: *p})
		}
		messages, err := state.Outbox.By(tx, "base", state.NumberKey(n))
		if err != nil {
			return err
		}
		for _, m := range messages {
			if m.Staff == "" { // what one of us is told about them is no message to them
				out.Messages = append(out.Messages, ExportMessage{Number: state.Outbox.Ref(m.Number), Message: *m})
			}
		}
		followups, err := state.Followups.By(tx, "base", state.NumberKey(n))
		if err != nil {
			return err
		}
		for _, f := range followups {
			out.Followups = append(out.Followups, ExportFollowup{Number: state.Followups.Ref(f.Number), Followup: *f})
		}
		holds, err := state.Holds.By(tx, "base", state.NumberKey(n))
		if err != nil {
			return err
		}
		for _, h := range holds {
			out.Holds = append(out.Holds, ExportHold{Number: state.Holds.Ref(h.Number), Hold: *h})
		}
	}
	sent, err := sendingsTo(tx, identifiersOf(c), time.Time{})
	if err != nil {
		return err
	}
	for _, x := range sent {
		out.Sendings = append(out.Sendings, *x)
	}
	questions, err := byNumber(e, state.Questions, "customer", func(q *state.Question) []byte { return state.NumberKey(q.Number) })
	if err != nil {
		return err
	}
	for _, q := range questions {
		out.Questions = append(out.Questions, ExportQuestion{Number: state.Questions.Ref(q.Number), Question: *q})
	}
	verdicts, err := byNumber(e, state.Verdicts, "customer", func(v *state.Verdict) []byte { return state.NumberKey(v.Key) })
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		out.Verdicts = append(out.Verdicts, VerdictLine{Number: state.Verdicts.Ref(v.Key), Kind: v.Kind, A: state.Customers.Ref(v.A),
			B: state.Customers.Ref(v.B), By: l.name(v.By), At: v.At, Note: v.Note})
	}
	for _, subject := range subjects {
		for a, err := range state.Activities.Read(tx, subject, state.Range{}) {
			if err != nil {
				return err
			}
			out.History = append(out.History, *a)
		}
	}
	slices.SortStableFunc(out.History, func(a, b state.Activity) int { return a.At.Compare(b.At) })
	return nil
}
