// Package connectortest holds the cases that every connector must pass, run against a fake of its
// vendor, the vendor's real server, or files that the package writes itself. A connector's own test is a Harness and
// a call of Run. The package's own tests plant bugs in connectors and prove that the cases catch
// each of them.
package connectortest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/keptcrm/kept/connectors"
)

// Harness tells how to make a connection to try the cases on.
type Harness struct {
	// Spec is the connector's declaration. Connections are opened through it.
	Spec connectors.Spec
	// Secret is a value that the connection is given as each of its secret options; it may never
	// appear in an error, a page or a warning.
	Secret string
	// File is set for connectors that read a file from Env.Open.
	File *File
	// API is set for connectors that ask a vendor over HTTP.
	API *API
	// Outlet is set for connectors that send messages.
	Outlet *Outlet
}

// File describes files for a connector that reads them. The package writes them, in every encoding
// and, where they are tables, with every delimiter, and hands them to the connector through Env.Open.
type File struct {
	Option  string            // the option that takes the file's name
	Options map[string]string // further options
	Kind    connectors.Kind
	Format  *Format // how the file is written; nil: as a table
	Header  []string
	// Row gives the cells of the i-th row, each another record, with text of many scripts. Rows
	// must differ in a column named Header[0], and every tenth row's time, where there is one, may
	// be that of its neighbours.
	Row func(i int) []string
	// Latin gives rows like Row whose text Windows-1252 can hold.
	Latin func(i int) []string
	// BadCell is a column and a cell that cannot be read in it, though the rest of the row can.
	BadColumn, BadCell string
	// FreeColumn is a column that takes any text.
	FreeColumn string
}

// Format writes files that are no tables. A row is then one thing of the file (a card, a message),
// and Header names its properties in the order in which the connector describes them.
type Format struct {
	Name string // of the file: "people.vcf"
	// Write writes a row as lines that end with "\n".
	Write func(header, row []string) string
	// Line gives how many lines of a row stand before the line of a column.
	Line func(column int) int
	// Broken writes a row so that it has to be set aside, on as many lines as Write.
	Broken func(header, row []string) string
	// Scraps are files of a few bytes that may be anything.
	Scraps []string
	// Bytes marks a format that says within itself how its texts are encoded, so that the whole file
	// is in no encoding, and whose lines end with LF or CR LF.
	Bytes bool
	// Cut gives how many bytes of the file's last row stay so that it is seen to be cut short; nil:
	// any number up to the last line.
	Cut func(row string) int
}

// Case is one thing that a connector must do.
type Case struct {
	Name string
	Run  func(tb testing.TB, h Harness)
}

// Run runs all cases that the harness has the means for.
func Run(t *testing.T, h Harness) {
	for _, c := range Cases(h) {
		t.Run(c.Name, func(t *testing.T) {
			if (h.API == nil || h.API.Real) && (h.Outlet == nil || h.Outlet.Real) {
				c.Run(t, h)
				return
			}
			t.Parallel()
			Virtual(t, func(t *testing.T) { c.Run(t, h) })
		})
	}
}

// Cases gives the cases for a harness.
func Cases(h Harness) []Case {
	cases := []Case{{"spec", specCase}}
	if h.File != nil {
		for _, c := range fileCases() {
			if f := h.File.Format; f == nil || !tableCases[c.Name] && !(f.Bytes && c.Name == "encodings") {
				cases = append(cases, c)
			}
		}
	}
	if h.API != nil {
		cases = append(cases, apiCases(h)...)
	}
	if h.Outlet != nil {
		cases = append(cases, outletCases(h)...)
	}
	return cases
}

// specCase: everything that flags, wizard and documentation are made of is there.
func specCase(tb testing.TB, h Harness) {
	s := h.Spec
	if s.Name == "" || s.Name != strings.ToLower(s.Name) || strings.ContainsAny(s.Name, " /") {
		tb.Errorf("Spec.Name %q is no lower-case word", s.Name)
	}
	if s.Summary == "" || s.Open == nil {
		tb.Errorf("Spec has no Summary or no Open")
	}
	seen := map[string]bool{}
	for _, o := range s.Options {
		if o.Name == "" || o.Help == "" {
			tb.Errorf("option %q has no name or no help", o.Name)
		}
		if seen[o.Name] {
			tb.Errorf("option %q is there twice", o.Name)
		}
		if o.Secret && o.Default != "" {
			tb.Errorf("secret option %q has a default", o.Name)
		}
		seen[o.Name] = true
	}
	if len(s.Fields) == 0 && s.Sends == "" {
		tb.Errorf("Spec.Fields is empty: no kind can be pulled or pushed, and Spec.Sends names no channel")
	}
	for kind, fields := range s.Fields {
		if !knownKind(kind) {
			tb.Errorf("Spec.Fields has the unknown kind %q", kind)
		}
		names := map[string]bool{}
		for _, f := range fields {
			if !knownField(f.Field) {
				tb.Errorf("Spec.Fields of %s has the unknown field %q", kind, f.Field)
			}
			if names[f.Field] {
				tb.Errorf("Spec.Fields of %s has %q twice", kind, f.Field)
			}
			if !f.Read && !f.Write || f.Many < 0 || f.Long < 0 {
				tb.Errorf("Spec.Fields of %s: %q can be neither read nor written, or has a negative limit", kind, f.Field)
			}
			names[f.Field] = true
		}
	}
}

func knownKind(k connectors.Kind) bool {
	return k == connectors.Contact || k == connectors.Order || k == connectors.Subscription || k == connectors.MessageKind
}

var fields = map[string]bool{
	connectors.FieldName: true, connectors.FieldPrefix: true, connectors.FieldGiven: true, connectors.FieldMiddle: true,
	connectors.FieldFamily: true, connectors.FieldSuffix: true, connectors.FieldNickname: true, connectors.FieldPhonetic: true,
	connectors.FieldEmail: true, connectors.FieldPhone: true, connectors.FieldHandle: true, connectors.FieldExternalID: true,
	connectors.FieldURL: true, connectors.FieldCompany: true, connectors.FieldTitle: true, connectors.FieldDepartment: true,
	connectors.FieldAddress: true, connectors.FieldBirthday: true, connectors.FieldGender: true, connectors.FieldLanguage: true,
	connectors.FieldNote: true, connectors.FieldTag: true, connectors.FieldOwner: true, connectors.FieldStage: true,
}

func knownField(name string) bool {
	return fields[name] || strings.HasPrefix(name, connectors.CustomPrefix)
}

// pulled is what a pull told, page by page.
type pulled struct {
	pages []connectors.Page
	from  []connectors.Cursor // the cursor that each page was asked with
}

func (p pulled) changes() []connectors.Change {
	var all []connectors.Change
	for _, page := range p.pages {
		all = append(all, page.Changes...)
	}
	return all
}

func (p pulled) rejected() []connectors.Rejected {
	var all []connectors.Rejected
	for _, page := range p.pages {
		all = append(all, page.Rejected...)
	}
	return all
}

// maxPages ends a pull that would go round in circles.
const maxPages = 1000

// pull reads from a cursor to the end.
func pull(tb testing.TB, c connectors.Connector, kind connectors.Kind, from connectors.Cursor) pulled {
	tb.Helper()
	p, ok := c.(connectors.Puller)
	if !ok {
		tb.Fatalf("the connection is no Puller")
	}
	var all pulled
	seen := map[connectors.Cursor]bool{}
	for {
		page, err := p.Pull(context.Background(), kind, from)
		if err != nil {
			tb.Fatalf("Pull from %q: %v", from, err)
		}
		all.pages, all.from = append(all.pages, page), append(all.from, from)
		if !page.More {
			return all
		}
		if seen[page.Next] || page.Next == from || len(all.pages) > maxPages {
			tb.Fatalf("Pull goes round in circles: cursor %q came back", page.Next)
		}
		seen[page.Next] = true
		from = page.Next
	}
}

// check holds what is true of every page and every pull from the start.
func check(tb testing.TB, h Harness, kind connectors.Kind, all pulled) {
	tb.Helper()
	ids := map[string]bool{}
	var done int64
	for _, page := range all.pages {
		count := page.Joined
		implied := map[string]bool{}
		for _, c := range page.Changes {
			r := c.Record
			checkRecord(tb, h, c)
			if r.Implied {
				implied[r.ID] = true
				continue
			}
			count++
			if r.Kind != kind {
				tb.Errorf("a pull of %s gave a %s", kind, r.Kind)
			}
			if ids[r.ID] {
				tb.Errorf("the ID %q came twice", r.ID)
			}
			ids[r.ID] = true
			if r.Order != nil && r.Order.Party != "" && kind == connectors.Order && len(implied) > 0 && strings.Contains(r.Order.Party, ":") && !implied[r.Order.Party] {
				tb.Errorf("order %s names the party %q, which no contact before it on the page is", r.ID, r.Order.Party)
			}
		}
		for _, r := range page.Rejected {
			if !r.Kept {
				count++
			}
			if r.Where == "" || r.Reason == "" {
				tb.Errorf("rejected without place or reason: %+v", r)
			}
			if !r.Kept && r.Raw == "" {
				tb.Errorf("%s was set aside without its text", r.Where)
			}
			if len(r.Raw) > 64<<10 {
				tb.Errorf("%s: Raw has %d bytes", r.Where, len(r.Raw))
			}
		}
		if count != page.Told {
			tb.Errorf("a page told %d things and accounts for %d", page.Told, count)
		}
		done += int64(page.Told)
		if page.Total > 0 && page.Done != done {
			tb.Errorf("Done is %d after %d things", page.Done, done)
		}
	}
	if last := all.pages[len(all.pages)-1]; last.Total > 0 && last.Total != done {
		tb.Errorf("told %d of %d", done, last.Total)
	}
	if h.Secret != "" && strings.Contains(text(tb, all.pages), h.Secret) {
		tb.Errorf("a page holds the secret")
	}
}

func checkRecord(tb testing.TB, h Harness, c connectors.Change) {
	tb.Helper()
	r := c.Record
	if r.ID == "" || !knownKind(r.Kind) {
		tb.Errorf("a record without ID or kind: %+v", r)
	}
	if r.Keyed != connectors.KeyedID && r.Keyed != connectors.KeyedEmail && r.Keyed != connectors.KeyedContent {
		tb.Errorf("%s: Keyed is %q", r.ID, r.Keyed)
	}
	if r.Implied && (r.Kind != connectors.Contact || r.Modified.IsZero()) {
		tb.Errorf("%s: implied, yet no contact or without the time of what implies it", r.ID)
	}
	if (r.Order != nil) != (r.Kind == connectors.Order && !c.Gone) {
		tb.Errorf("%s: a %s with Order %v", r.ID, r.Kind, r.Order != nil)
	}
	if (r.Message != nil) != (r.Kind == connectors.MessageKind && !c.Gone) {
		tb.Errorf("%s: a %s with Message %v", r.ID, r.Kind, r.Message != nil)
	}
	if r.Message != nil {
		checkMessage(tb, r)
	}
	readable := map[string]bool{}
	for _, f := range h.Spec.Fields[r.Kind] {
		readable[f.Field] = f.Read
	}
	last := ""
	for _, f := range r.Fields {
		if !knownField(f.Name) {
			tb.Errorf("%s has the unknown field %q", r.ID, f.Name)
		}
		if !readable[f.Name] && !(strings.HasPrefix(f.Name, connectors.CustomPrefix) && readable[connectors.CustomPrefix]) {
			tb.Errorf("%s has %q, which Spec.Fields of %s says cannot be read", r.ID, f.Name, r.Kind)
		}
		if f.Name <= last {
			tb.Errorf("%s: fields are not sorted or not unique at %q", r.ID, f.Name)
		}
		if len(f.Values) == 0 {
			tb.Errorf("%s: field %q has no value", r.ID, f.Name)
		}
		last = f.Name
	}
	for _, t := range []string{r.Created.Location().String(), r.Modified.Location().String()} {
		if t != "UTC" {
			tb.Errorf("%s: a time in zone %s", r.ID, t)
		}
	}
}

// checkMessage: what is told of a message fits together.
func checkMessage(tb testing.TB, r connectors.Record) {
	tb.Helper()
	m := r.Message
	if m.Thread == "" {
		tb.Errorf("%s: a message without a thread", r.ID)
	}
	if m.At.Location().String() != "UTC" {
		tb.Errorf("%s: a message of a time in zone %s", r.ID, m.At.Location())
	}
	if strings.ContainsAny(m.MessageID+m.InReplyTo+strings.Join(m.References, ""), "<> \n") {
		tb.Errorf("%s: the IDs of a message have brackets or spaces: %q %q %q", r.ID, m.MessageID, m.InReplyTo, m.References)
	}
	if strings.ContainsAny(m.Subject, "\r\n") {
		tb.Errorf("%s: a subject on several lines: %q", r.ID, m.Subject)
	}
	for _, list := range [][]connectors.Mailbox{m.From, m.ReplyTo, m.To, m.Cc, m.Bcc} {
		for _, b := range list {
			if b.Name == "" && b.Address == "" || strings.ContainsAny(b.Address, "<>\r\n") || strings.ContainsAny(b.Name, "\r\n") {
				tb.Errorf("%s: the mailbox %q %q", r.ID, b.Name, b.Address)
			}
		}
	}
	if m.Draft && m.Sent {
		tb.Errorf("%s: a draft that was sent", r.ID)
	}
}

// text is a stable rendering for comparing.
func text(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatalf("cannot be rendered: %v", err)
	}
	return string(b)
}

// same compares two renderings and shows where they part.
func same(tb testing.TB, what string, want, got any) {
	tb.Helper()
	a, b := text(tb, want), text(tb, got)
	if a == b {
		return
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	from := max(0, i-60)
	tb.Errorf("%s differ: want …%s, got …%s", what, cut(a, from), cut(b, from))
}

func cut(s string, from int) string {
	return fmt.Sprintf("%.160s", s[min(from, len(s)):])
}
