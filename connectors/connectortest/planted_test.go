package connectortest_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
	"github.com/keptcrm/kept/connectors/csv"
	"github.com/keptcrm/kept/connectors/mbox"
	"github.com/keptcrm/kept/connectors/vcard"
)

// caught says whether the named case fails.
func caught(t *testing.T, name string, h connectortest.Harness) bool {
	t.Helper()
	return len(failures(t, h, name)) > 0
}

// failures runs the cases, or the one named, and says which failed.
func failures(t *testing.T, h connectortest.Harness, only string) []string {
	t.Helper()
	var names []string
	for _, c := range connectortest.Cases(h) {
		if only != "" && c.Name != only {
			continue
		}
		if len(connectortest.Failures(t, func(tb testing.TB) { c.Run(tb, h) })) > 0 {
			names = append(names, c.Name)
		}
	}
	return names
}

func harness() connectortest.Harness {
	names := []string{"Jana Köhler", "李伟", "جميل", "Zoë 🌟", "Line\nbreak"}
	return connectortest.Harness{Spec: csv.Spec(), File: &connectortest.File{
		Option: "path", Kind: connectors.Contact,
		Header: []string{"Email", "Name", "City", "Note"},
		Row: func(i int) []string {
			return []string{fmt.Sprintf("p%d@example.org", i), names[i%len(names)], "上海", "n"}
		},
		Latin: func(i int) []string {
			return []string{fmt.Sprintf("p%d@example.org", i), "Jörg Müßig", "Köln", "äöü ÄÖ ß é à"}
		},
		BadColumn: "Email", BadCell: "jana@@sternwarte", FreeColumn: "Note",
	}}
}

// cards is a harness of files that are no tables.
func cards() connectortest.Harness {
	h := harness()
	table := *h.File
	h.Spec = vcard.Spec()
	h.File = &table
	row, latin := table.Row, table.Latin
	h.File.Header = []string{"EMAIL", "FN", "TEL", "NOTE"}
	h.File.Row = func(i int) []string { r := row(i); r[2] = "+49 451 901820"; return r }
	h.File.Latin = func(i int) []string { r := latin(i); r[2] = "+49 451 901820"; return r }
	h.File.BadColumn, h.File.BadCell, h.File.FreeColumn = "TEL", "none yet", "NOTE"
	write := func(header, row []string) string {
		b := "BEGIN:VCARD\n"
		for i, name := range header {
			b += name + ":" + strings.ReplaceAll(row[i], "\n", "\\n") + "\n"
		}
		return b + "END:VCARD\n"
	}
	h.File.Format = &connectortest.Format{Name: "people.vcf", Write: write, Line: func(column int) int { return 1 + column },
		Broken: func(_, row []string) string { return write([]string{"X-A", "X-B", "X-C", "X-D"}, row) }}
	return h
}

// mails is a harness of messages.
func mails() connectortest.Harness {
	h := harness()
	h.Spec = mbox.Spec()
	table := *h.File
	h.File = &table
	h.File.Kind = connectors.MessageKind
	h.File.Header = []string{"From", "Subject", "Date", "Body"}
	subjects := []string{"Rückfrage", "望远镜", "تلسكوب", "Order 🌟"}
	h.File.Row = func(i int) []string {
		return []string{fmt.Sprintf("p%d@example.org", i), subjects[i%len(subjects)], "1 Mar 2024 10:00:00 +0100", "上海"}
	}
	h.File.Latin = func(i int) []string {
		return []string{fmt.Sprintf("p%d@example.org", i), "Jörg Müßig", "1 Mar 2024 10:00:00 +0100", "äöü ÄÖ ß é à"}
	}
	h.File.BadColumn, h.File.BadCell, h.File.FreeColumn = "Date", "never", "Body"
	const from = "From x@y.de Mon Jan  1 12:00:00 2024\n"
	h.File.Format = &connectortest.Format{Name: "people.mbox", Bytes: true, Line: func(int) int { return 0 },
		Write: func(header, row []string) string {
			b := from
			for i, name := range header[:3] {
				b += name + ": " + row[i] + "\n"
			}
			return b + "\n" + row[3] + "\n\n"
		},
		Broken: func(_, row []string) string {
			return from + row[0] + "\n" + row[1] + "\n" + row[2] + "\n\n" + row[3] + "\n\n"
		},
		Cut: func(row string) int { return strings.Index(row, "Date: ") + 3 }}
	return h
}

// mutant is a connector with a planted bug.
type mutant struct {
	connectors.Connector
	pull     func(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error)
	check    func(ctx context.Context) error
	describe func(d connectors.Description) connectors.Description
	reread   func(p connectors.Page) connectors.Page
}

func (m *mutant) Check(ctx context.Context) error {
	if m.check != nil {
		return m.check(ctx)
	}
	return m.Connector.Check(ctx)
}

func (m *mutant) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if m.pull != nil {
		return m.pull(ctx, kind, from)
	}
	return m.Connector.(connectors.Puller).Pull(ctx, kind, from)
}

func (m *mutant) Describe(ctx context.Context) (connectors.Description, error) {
	d, err := m.Connector.(connectors.Describer).Describe(ctx)
	if m.describe != nil {
		d = m.describe(d)
	}
	return d, err
}

func (m *mutant) Reread(ctx context.Context, rejected, raw string) (connectors.Page, error) {
	p, err := m.Connector.(connectors.Rereader).Reread(ctx, rejected, raw)
	if m.reread != nil {
		p = m.reread(p)
	}
	return p, err
}

// plant gives the harness a mutant of each connection.
func plant(h connectortest.Harness, mutate func(*mutant)) connectortest.Harness {
	real := h.Spec.Open
	h.Spec.Open = func(ctx context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
		c, err := real(ctx, options, env)
		if err != nil {
			return nil, err
		}
		m := &mutant{Connector: c}
		mutate(m)
		return m, nil
	}
	return h
}

// onPage plants a bug in every page.
func onPage(change func(p *connectors.Page)) func(*mutant) {
	return func(m *mutant) {
		pull := m.Connector.(connectors.Puller).Pull
		m.pull = func(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
			p, err := pull(ctx, kind, from)
			if err == nil {
				change(&p)
			}
			return p, err
		}
	}
}

func onRecord(change func(r *connectors.Record)) func(*mutant) {
	return onPage(func(p *connectors.Page) {
		for i := range p.Changes {
			change(&p.Changes[i].Record)
		}
	})
}

func TestTheConnectorWithoutBugsPasses(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]connectortest.Harness{"tables": harness(), "cards": cards(), "mails": mails()} {
		if f := failures(t, h, ""); len(f) > 0 {
			t.Errorf("%s failed: %v", name, f)
		}
	}
}

// bugs are what connectors get wrong.
func bugs() map[string]func(*mutant) {
	calls := 0
	return map[string]func(*mutant){
		"drops the last row": onPage(func(p *connectors.Page) {
			if !p.More && len(p.Changes) > 0 {
				p.Changes = p.Changes[:len(p.Changes)-1]
			}
		}),
		"drops the last row and hides it": onPage(func(p *connectors.Page) {
			if !p.More && len(p.Changes) > 0 {
				p.Changes, p.Told, p.Total, p.Done = p.Changes[:len(p.Changes)-1], p.Told-1, 0, 0
			}
		}),
		"reads the first page again": func(m *mutant) {
			pull := m.Connector.(connectors.Puller).Pull
			m.pull = func(ctx context.Context, kind connectors.Kind, _ connectors.Cursor) (connectors.Page, error) {
				return pull(ctx, kind, "")
			}
		},
		"stops after the first page": onPage(func(p *connectors.Page) { p.More = false }),
		"one page for everything":    allAtOnce,
		"loses the line of a change": onPage(func(p *connectors.Page) { each(p, func(c *connectors.Change) { c.Where = "people.csv" }) }),
		"loses the line of a rejected": onPage(func(p *connectors.Page) {
			for i := range p.Rejected {
				p.Rejected[i].Where = "people.csv:1"
			}
		}),
		"loses the field": onPage(func(p *connectors.Page) {
			for i := range p.Rejected {
				p.Rejected[i].Field = ""
			}
		}),
		"loses the raw row": onPage(func(p *connectors.Page) {
			for i := range p.Rejected {
				p.Rejected[i].Raw = ""
			}
		}),
		"is silent about rows set aside": onPage(func(p *connectors.Page) {
			p.Rejected = slices.DeleteFunc(p.Rejected, func(r connectors.Rejected) bool { return !r.Kept })
		}),
		"is silent about bad cells": onPage(func(p *connectors.Page) {
			p.Rejected = slices.DeleteFunc(p.Rejected, func(r connectors.Rejected) bool { return r.Kept })
		}),
		"counts wrongly":      onPage(func(p *connectors.Page) { p.Told++ }),
		"tells no joined":     onPage(func(p *connectors.Page) { p.Joined = 0 }),
		"progress goes wrong": onPage(func(p *connectors.Page) { p.Done = 0 }),
		"ignores cancel": func(m *mutant) {
			pull := m.Connector.(connectors.Puller).Pull
			m.pull = func(_ context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
				return pull(context.Background(), kind, from)
			}
		},
		"loses count of lines": onPage(func(p *connectors.Page) {
			if f := strings.Fields(string(p.Next)); len(f) == 6 && p.More {
				line := 2
				if len(p.Changes) > 0 && strings.HasPrefix(p.Changes[0].Where, "people.vcf") {
					line = 3
				}
				f[line] = "9"
				p.Next = connectors.Cursor(strings.Join(f, " "))
			}
		}),
		"cursor off by one": func(m *mutant) {
			pull := m.Connector.(connectors.Puller).Pull
			m.pull = func(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
				p, err := pull(ctx, kind, from)
				if from != "" && len(p.Changes) > 0 {
					p.Changes, p.Told, p.Done, p.Total = p.Changes[1:], p.Told-1, 0, 0
				}
				return p, err
			}
		},
		"keeps its place in memory": func(m *mutant) {
			pull, last := m.Connector.(connectors.Puller).Pull, connectors.Cursor("")
			m.pull = func(ctx context.Context, kind connectors.Kind, _ connectors.Cursor) (connectors.Page, error) {
				p, err := pull(ctx, kind, last)
				last = p.Next
				return p, err
			}
		},
		"panics on an empty file": func(m *mutant) {
			m.check = func(ctx context.Context) error {
				if err := m.Connector.Check(ctx); err != nil {
					panic(err)
				}
				return nil
			}
		},
		"is content with an empty file": func(m *mutant) { m.check = func(context.Context) error { return nil } },
		"raw library errors":            func(m *mutant) { m.check = func(context.Context) error { return fs.ErrInvalid } },
		"key not unique":                onRecord(func(r *connectors.Record) { r.ID = "same" }),
		"key empty":                     onRecord(func(r *connectors.Record) { r.ID = "" }),
		"key depends on the run": onRecord(func(r *connectors.Record) {
			calls++
			r.ID += fmt.Sprint(calls)
		}),
		"keyed by nothing": onRecord(func(r *connectors.Record) { r.Keyed = "" }),
		"wrong kind":       onRecord(func(r *connectors.Record) { r.Kind = connectors.MessageKind }),
		"a field nobody named": onRecord(func(r *connectors.Record) {
			r.Fields = append(r.Fields, connectors.Field{Name: "zzz", Values: []connectors.Value{{Text: "x"}}})
		}),
		"fields not sorted":     onRecord(func(r *connectors.Record) { slices.Reverse(r.Fields) }),
		"a field without value": onRecord(func(r *connectors.Record) { r.Fields[0].Values = nil }),
		"mangles scripts": onRecord(func(r *connectors.Record) {
			for i := range r.Fields {
				if r.Fields[i].Name == connectors.FieldEmail {
					r.Fields[i].Values = []connectors.Value{{Text: "?"}}
				}
			}
			r.ID = strings.ReplaceAll(r.ID, "@", "(at)")
		}),
		"answers for every kind": func(m *mutant) {
			pull := m.Connector.(connectors.Puller).Pull
			m.pull = func(ctx context.Context, _ connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
				return pull(ctx, connectors.Contact, from)
			}
		},
		"swallows a broken disk": func(m *mutant) {
			pull := m.Connector.(connectors.Puller).Pull
			m.pull = func(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
				p, err := pull(ctx, kind, from)
				if connectors.ClassOf(err) == connectors.Transient && !errors.Is(err, context.Canceled) {
					return connectors.Page{}, nil
				}
				return p, err
			}
		},
		"reads nothing again": func(m *mutant) { m.reread = func(connectors.Page) connectors.Page { return connectors.Page{} } },
		"describes too few rows": func(m *mutant) {
			m.describe = func(d connectors.Description) connectors.Description { d.Rows--; return d }
		},
		"describes other columns": func(m *mutant) {
			m.describe = func(d connectors.Description) connectors.Description { d.Columns = d.Columns[1:]; return d }
		},
	}
}

func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	for name, bug := range bugs() {
		if by := catches[name]; by == "" || !caught(t, by, plant(harness(), bug)) {
			t.Errorf("%s: not caught by the case %q", name, by)
		}
		by := catches[name]
		if by == "only a header" { // cards have none
			by = "truncated"
		}
		if !caught(t, by, plant(cards(), bug)) {
			t.Errorf("%s, in cards: not caught by the case %q", name, by)
		}
	}

	for name, bug := range map[string]func(*connectors.Record){
		"no message":          func(r *connectors.Record) { r.Message = nil },
		"no thread":           func(r *connectors.Record) { r.Message.Thread = "" },
		"a zone":              func(r *connectors.Record) { r.Message.At = r.Message.At.In(time.FixedZone("x", 3600)) },
		"IDs in brackets":     func(r *connectors.Record) { r.Message.References = []string{"<a@b>"} },
		"a subject of lines":  func(r *connectors.Record) { r.Message.Subject += "\r\n x" },
		"an empty mailbox":    func(r *connectors.Record) { r.Message.To = []connectors.Mailbox{{}} },
		"a draft that is out": func(r *connectors.Record) { r.Message.Draft, r.Message.Sent = true, true },
	} {
		if !caught(t, "truncated", plant(mails(), onRecord(bug))) {
			t.Errorf("%s, in mails: not caught", name)
		}
	}
	specs := map[string]func(*connectors.Spec){
		"Fields matrix lies": func(s *connectors.Spec) {
			s.Fields = map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: {{Field: connectors.FieldEmail, Read: true}}}
		},
		"unknown field": func(s *connectors.Spec) {
			s.Fields = map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: append(slices.Clone(s.Fields[connectors.Contact]), connectors.FieldSpec{Field: "shoe", Read: true})}
		},
		"option twice":        func(s *connectors.Spec) { s.Options = append(slices.Clone(s.Options), s.Options[0]) },
		"option without help": func(s *connectors.Spec) { s.Options = append(slices.Clone(s.Options), connectors.Option{Name: "x"}) },
		"secret with default": func(s *connectors.Spec) {
			s.Options = append(slices.Clone(s.Options), connectors.Option{Name: "key", Help: "h", Secret: true, Default: "hunter2"})
		},
		"no name":              func(s *connectors.Spec) { s.Name = "" },
		"no kinds":             func(s *connectors.Spec) { s.Fields = nil },
		"a secret in an error": leakSecret,
	}
	for name, change := range specs {
		h := harness()
		h.Secret = "hunter2"
		change(&h.Spec)
		if by := catches[name]; by == "" || !caught(t, by, h) {
			t.Errorf("%s: not caught by the case %q", name, by)
		}
	}
}

func each(p *connectors.Page, f func(c *connectors.Change)) {
	for i := range p.Changes {
		f(&p.Changes[i])
	}
}

// allAtOnce gives the whole file as one page.
func allAtOnce(m *mutant) {
	pull := m.Connector.(connectors.Puller).Pull
	m.pull = func(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
		all, err := pull(ctx, kind, from)
		for err == nil && all.More {
			var p connectors.Page
			p, err = pull(ctx, kind, all.Next)
			all.Changes, all.Rejected = append(all.Changes, p.Changes...), append(all.Rejected, p.Rejected...)
			all.Told, all.Joined, all.Next, all.More, all.Done = all.Told+p.Told, all.Joined+p.Joined, p.Next, p.More, p.Done
		}
		return all, err
	}
}

// leakSecret adds a secret option and puts its value into the error of an empty file.
func leakSecret(s *connectors.Spec) {
	s.Options = append(slices.Clone(s.Options), connectors.Option{Name: "key", Help: "the key", Secret: true})
	real := s.Open
	s.Open = func(ctx context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
		c, err := real(ctx, options, env)
		if err != nil {
			return nil, err
		}
		m := &mutant{Connector: c}
		m.check = func(ctx context.Context) error {
			if err := m.Connector.Check(ctx); err != nil {
				return &connectors.Error{Class: connectors.Invalid, Text: "key " + options["key"] + ": " + err.Error()}
			}
			return nil
		}
		return m, nil
	}
}

// catches names the case that must catch each planted bug; others may catch it too.
var catches = map[string]string{
	"drops the last row": "pages", "drops the last row and hides it": "every row", "reads the first page again": "pages",
	"stops after the first page": "pages", "one page for everything": "pages", "loses the line of a change": "every row",
	"loses the line of a rejected": "bad cell", "loses the field": "bad cell", "loses the raw row": "bad rows",
	"is silent about rows set aside": "bad rows", "is silent about bad cells": "bad cell", "counts wrongly": "only a header",
	"tells no joined": "the same row twice", "progress goes wrong": "truncated", "ignores cancel": "cancelled", "cursor off by one": "pages", "loses count of lines": "bad cell",
	"keeps its place in memory": "twice", "panics on an empty file": "empty file", "is content with an empty file": "empty file",
	"raw library errors": "empty file", "key not unique": "truncated", "key empty": "truncated", "key depends on the run": "twice",
	"keyed by nothing": "truncated", "wrong kind": "truncated", "a field nobody named": "truncated", "fields not sorted": "truncated",
	"a field without value": "truncated", "mangles scripts": "every row", "answers for every kind": "other kinds",
	"swallows a broken disk": "broken disk", "reads nothing again": "read again", "describes too few rows": "described",
	"describes other columns": "described",

	"Fields matrix lies": "truncated", "unknown field": "spec", "option twice": "spec", "option without help": "spec",
	"secret with default": "spec", "no name": "spec", "no kinds": "spec", "a secret in an error": "empty file",
}
