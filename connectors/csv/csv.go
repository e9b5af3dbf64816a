// Package csv reads the tables that people export: from webshops, newsletters, address books and
// spreadsheets. It knows the exports of a dozen vendors by their header lines (layouts) and guesses
// the columns of any other table, correctable by its option map.
//
// A row becomes a contact; the rows of one order become one order and the contact that it implies.
// Nothing is written, nothing but Env.Open is used, and the clock is never read. Rows that are
// absent from a later file are no deletions.
package csv

import (
	"context"
	encsv "encoding/csv"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/table"
)

// Spec declares the connector.
func Spec() connectors.Spec {
	return connectors.Spec{
		Name:    "csv",
		Summary: "tables exported from webshops, newsletters, address books and spreadsheets",
		Options: []connectors.Option{
			{Name: "path", Help: "the file", Required: true},
			{Name: "layout", Help: "whose export it is, where the header line does not tell: " + strings.Join(Layouts(), ", ")},
			{Name: "map", Help: `what columns are: "Column=field,Other column=custom.name"; "Column=-" leaves one out`},
			{Name: "currency", Help: "the currency of amounts that tell none, such as EUR"},
			{Name: "zone", Help: "the time zone of times that tell none, such as Europe/Berlin", Default: "UTC"},
			{Name: "dates", Help: "dmy or mdy: which comes first in dates like 3/4/2024, where the column does not show it"},
		},
		Fields: map[connectors.Kind][]connectors.FieldSpec{
			connectors.Contact: readable(append(fieldsOfContacts[:len(fieldsOfContacts):len(fieldsOfContacts)], connectors.CustomPrefix)...),
			connectors.Order:   readable(connectors.FieldTag, connectors.CustomPrefix),
		},
		Open: open,
	}
}

func readable(fields ...string) []connectors.FieldSpec {
	var specs []connectors.FieldSpec
	for _, f := range fields {
		specs = append(specs, connectors.FieldSpec{Field: f, Read: true})
	}
	return specs
}

// pageRows is how many rows a page has, unless an order needs more.
const pageRows = 500

// sampleRows is how many rows decide what columns are.
const sampleRows = 500

func invalid(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}

func unreadable(file string, err error) error {
	return &connectors.Error{Class: connectors.Transient, Text: file + " could not be read to its end; check the disk or the share that it is on and try again", Cause: err}
}

func cellsWrong(n, want int) string {
	if n == 1 {
		return fmt.Sprintf("row has 1 cell, the header %d", want)
	}
	return fmt.Sprintf("row has %d cells, the header %d", n, want)
}

// connection is one file with its settings.
type connection struct {
	s   settings
	env connectors.Env

	mu     sync.Mutex
	loaded *loaded
}

// loaded is what is known of a file once it was looked at.
type loaded struct {
	mark   string // tells this state of the file from any other
	shape  table.Shape
	plan   *plan
	sample [][]string
	index  *index // nil until a page is asked for
}

func open(_ context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
	s := settings{path: options["path"], layout: options["layout"], zone: options["zone"], dates: options["dates"]}
	if s.path == "" {
		return nil, invalid("name the file: the option path is missing")
	}
	if s.zone == "UTC" {
		s.zone = ""
	}
	if s.zone != "" {
		if _, err := time.LoadLocation(s.zone); err != nil {
			return nil, invalid("%q is no time zone; write it like Europe/Berlin", s.zone)
		}
	}
	if c := options["currency"]; c != "" {
		code, ok := currencyCode(c)
		if !ok {
			return nil, invalid("%q is no currency; write its three letters, such as EUR", c)
		}
		s.currency = code
	}
	if s.dates != "" && s.dates != dayFirst && s.dates != monthFirst {
		return nil, invalid("the option dates is %s or %s, not %q", dayFirst, monthFirst, s.dates)
	}
	if s.layout != "" && s.layout != "table" && byName(s.layout, nil) == nil {
		return nil, invalid("no layout is called %q; the layouts are: %s", s.layout, strings.Join(Layouts(), ", "))
	}
	var err error
	if s.mapped, err = parseMap(options["map"]); err != nil {
		return nil, err
	}
	return &connection{s: s, env: env}, nil
}

// parseMap reads "Column=field,Other column=custom.name". A column with a comma in its name is
// quoted as in a table.
func parseMap(text string) (map[string]string, error) {
	mapped := map[string]string{}
	if strings.TrimSpace(text) == "" {
		return mapped, nil
	}
	r := encsv.NewReader(strings.NewReader(text))
	r.LazyQuotes, r.TrimLeadingSpace = true, true
	entries, err := r.Read()
	if err != nil {
		return nil, invalid("the map %q cannot be read; write it like \"Column=field,Other column=custom.name\"", text)
	}
	for _, e := range entries {
		i := strings.LastIndexByte(e, '=')
		if i <= 0 {
			return nil, invalid("%q in the map is no \"Column=field\"", e)
		}
		t := strings.TrimSpace(e[i+1:])
		if !validTarget(t) {
			return nil, invalid("%q is no field; fields are: %s, %s, address.city and its like, order.total and its like, custom.<name>; - leaves a column out",
				t, strings.Join(fieldsOfContacts, ", "), "id")
		}
		if t == "" {
			t = "-"
		}
		mapped[fold(e[:i])] = t
	}
	return mapped, nil
}

func (c *connection) file() string { return path.Base(strings.ReplaceAll(c.s.path, `\`, "/")) }

// load opens the file and finds out how it is written and what its columns are. The caller closes
// the file. withIndex makes sure that the first pass over all rows was made.
func (c *connection) load(ctx context.Context, withIndex bool) (connectors.File, *loaded, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	f, err := c.env.OpenFile(ctx, c.s.path)
	if err != nil {
		return nil, nil, err
	}
	l, err := c.look(ctx, f, withIndex)
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, l, nil
}

func (c *connection) look(ctx context.Context, f connectors.File, withIndex bool) (*loaded, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	mark, err := fingerprint(c.file(), f)
	if err != nil {
		return nil, err
	}
	if c.loaded == nil || c.loaded.mark != mark {
		l := &loaded{mark: mark}
		if l.shape, err = table.Sniff(f, table.Options{}); err != nil {
			return nil, unreadable(c.file(), err)
		}
		if l.shape.Empty {
			return nil, invalid("%s is empty", c.file())
		}
		r := table.NewReader(f, l.shape, l.shape.Start)
		var short [][]string
		var ends rowEnds
		for len(l.sample)+len(short) < sampleRows {
			row, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, unreadable(c.file(), err)
			}
			ends.add(row, len(l.shape.Header))
			switch n := len(row.Cells); {
			case n == len(l.shape.Header):
				l.sample = append(l.sample, row.Cells)
			case n < len(l.shape.Header) && row.Problem == "":
				short = append(short, padded(row.Cells, len(l.shape.Header)))
			}
		}
		if ends.leftOut() {
			l.sample = append(l.sample, short...)
		}
		if l.plan, err = newPlan(c.file(), string(l.shape.Delimiter), l.shape.Header, l.sample, c.s); err != nil {
			return nil, err
		}
		l.plan.Short = ends.leftOut()
		c.loaded = l
	}
	if l := c.loaded; withIndex && l.index == nil {
		ix, err := buildIndex(ctx, f, l.shape, l.plan)
		if err == nil && !l.plan.Short && ix.ends.leftOut() {
			// Only all of the file shows it: what belongs together is found again with whole rows.
			l.plan.Short = true
			ix, err = buildIndex(ctx, f, l.shape, l.plan)
		}
		if err != nil {
			return nil, err
		}
		l.index = ix
	}
	return c.loaded, nil
}

// fingerprint tells whether a file is still the one that a cursor was made for, and refuses what
// is no table at all.
func fingerprint(file string, f connectors.File) (string, error) {
	head := make([]byte, 16<<10)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", unreadable(file, err)
	}
	head = head[:n]
	for _, no := range []struct{ start, what string }{
		{"PK\x03\x04", "is a workbook or an archive, not a table; open it and save it as CSV"},
		{"\xD0\xCF\x11\xE0", "is a workbook, not a table; open it and save it as CSV"},
		{"%PDF", "is a PDF, not a table"},
		{"\x1f\x8b", "is compressed; unpack it first"},
		{"BEGIN:VCARD", "holds vCards, not a table"},
		{"<!DOCTYPE html", "is a web page, not a table; download the export again"},
		{"<html", "is a web page, not a table; download the export again"},
	} {
		if len(head) >= len(no.start) && strings.EqualFold(string(head[:len(no.start)]), no.start) {
			return "", invalid("%s %s", file, no.what)
		}
	}
	tail := make([]byte, 4<<10)
	at := max(0, f.Size()-int64(len(tail)))
	n, err = f.ReadAt(tail, at)
	if err != nil && err != io.EOF {
		return "", unreadable(file, err)
	}
	return fmt.Sprintf("%x-%08x%08x", f.Size(), crc32.ChecksumIEEE(head), crc32.ChecksumIEEE(tail[:n])), nil
}

// Check opens the file and says whether it can be read as it is set up.
func (c *connection) Check(ctx context.Context) error {
	f, l, err := c.load(ctx, false)
	if err != nil {
		return err
	}
	defer f.Close()
	return l.plan.usable(l.sample)
}

// Describe shows how the file was understood. It reads all of it, to count its rows.
func (c *connection) Describe(ctx context.Context) (connectors.Description, error) {
	f, l, err := c.load(ctx, true)
	if err != nil {
		return connectors.Description{}, err
	}
	defer f.Close()
	d := connectors.Description{
		Layout: l.plan.Layout, Kind: l.plan.Kind, Encoding: l.shape.Encoding, Delimiter: l.plan.Delimiter, Rows: l.index.rows,
	}
	for i, col := range l.plan.Columns {
		t := col.Target
		if j := strings.Index(t, ":@"); j >= 0 {
			t = t[:j]
		}
		if t == "-" {
			t = ""
		}
		out := connectors.Column{Name: col.Name, Field: t, Why: col.Why}
		for _, row := range l.sample {
			if len(out.Samples) == 3 {
				break
			}
			if v := clean(row[i]); v != "" {
				out.Samples = append(out.Samples, short(v))
			}
		}
		d.Columns = append(d.Columns, out)
	}
	return d, nil
}
