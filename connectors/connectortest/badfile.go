package connectortest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/keptcrm/kept/connectors"
)

// badCellCase: the row is read without the cell, and the cell told with line and column.
func badCellCase(tb testing.TB, h Harness) {
	f := h.File
	rows := flat(rowsOf(f.Row, 1500))
	col := column(tb, f, f.BadColumn)
	for _, i := range []int{0, 1203, 1499} {
		rows[i][col] = f.BadCell
	}
	all := pull(tb, open(tb, h, f.file(tb, usual, rows), nil), f.Kind, "")
	check(tb, h, f.Kind, all)
	at := func(i int) string {
		line := f.line(tb, i)
		if f.Format != nil {
			line += f.Format.Line(col)
		}
		return f.place(line)
	}
	var where []string
	for _, r := range all.rejected() {
		if !r.Kept || r.Field != f.BadColumn || !strings.Contains(r.Reason, strings.SplitN(f.BadCell, "\n", 2)[0]) {
			tb.Errorf("a bad cell was told as %+v", r)
		}
		where = append(where, r.Where)
	}
	same(tb, "places of bad cells", []string{at(0), at(1203), at(1499)}, where)
	if n := len(ownOf(all)); n != len(rows) {
		tb.Errorf("%d records of %d rows, three with a bad cell", n, len(rows))
	}
}

// bad is a file with three rows that cannot be read, what these say, and which they are.
func bad(tb testing.TB, f *File) (data []byte, raws []string, which []int) {
	rows := flat(rowsOf(f.Row, 1500))
	which = []int{0, 698, 1499}
	var out strings.Builder
	if f.Format == nil {
		out.Write(usual.write(tb, [][]string{f.Header}))
	}
	for i, row := range rows {
		text := f.row(tb, row)
		if slices.Contains(which, i) {
			switch {
			case f.Format != nil:
				text = strings.TrimSuffix(f.Format.Broken(f.Header, row), "\n")
			case i == 698:
				text += ",more"
			default:
				text = text[:strings.LastIndexByte(text, ',')]
			}
			raws = append(raws, text)
		}
		out.WriteString(text + "\n")
	}
	return []byte(out.String()), raws, which
}

func badRowsCase(tb testing.TB, h Harness) {
	f := h.File
	data, raws, which := bad(tb, f)
	all := pull(tb, open(tb, h, data, nil), f.Kind, "")
	check(tb, h, f.Kind, all)
	rejected := all.rejected()
	if len(rejected) != len(raws) {
		tb.Fatalf("%d rows were set aside, not %d", len(rejected), len(raws))
	}
	line := 1
	for i, r := range rejected {
		if line += strings.Count(string(data[:bytes.Index(data, []byte(raws[i]))]), "\n"); r.Kept || r.Where != f.place(line) || r.Raw != raws[i] {
			tb.Errorf("row %d on line %d was told as %q, raw %q, kept %v", which[i], line, r.Where, r.Raw, r.Kept)
		}
		line = 1
	}
	if n := len(ownOf(all)); n != 1500-len(raws) {
		tb.Errorf("%d records of %d whole rows", n, 1500-len(raws))
	}
	if f.Format != nil {
		return
	}
	// An open quote does not eat what follows.
	rows := rowsOf(f.Latin, 30)
	text := strings.Replace(string(f.file(tb, usual, rows)), "\n"+rows[4][0], "\n\""+rows[4][0], 1)
	if !strings.Contains(text, "\n\"") {
		tb.Fatalf("the harness' rows begin with a quoted cell")
	}
	all = pull(tb, open(tb, h, []byte(text), nil), f.Kind, "")
	check(tb, h, f.Kind, all)
	if n := len(ownOf(all)); n != 29 || len(all.rejected()) != 1 || all.rejected()[0].Where != f.place(6) {
		tb.Errorf("an open quote on line 6: %d records of 29, %+v", n, all.rejected())
	}
}

func rereadCase(tb testing.TB, h Harness) {
	f := h.File
	data, _, which := bad(tb, f)
	c := open(tb, h, data, nil)
	again, ok := c.(connectors.Rereader)
	if !ok {
		tb.Errorf("rows are set aside, and the connection is no Rereader")
		return
	}
	rejected := pull(tb, c, f.Kind, "").rejected()
	whole := ownOf(pull(tb, open(tb, h, f.file(tb, usual, flat(rowsOf(f.Row, 1500))), nil), f.Kind, ""))
	if len(rejected) != len(which) {
		tb.Fatalf("%d rows were set aside, not %d", len(rejected), len(which))
	}
	for i, r := range rejected {
		fixed := f.row(tb, flat([][]string{f.Row(which[i])})[0])
		page, err := again.Reread(context.Background(), r.Context, fixed)
		if err != nil {
			tb.Errorf("read again: %v", err)
			continue
		}
		same(tb, "a row read again", whole[which[i]:which[i]+1], ownOf(pulled{pages: []connectors.Page{page}}))
		page, err = again.Reread(context.Background(), r.Context, r.Raw)
		if err != nil || len(page.Rejected) != 1 || page.Rejected[0].Kept {
			tb.Errorf("a row that is still wrong was read: %+v %v", page.Rejected, err)
		}
	}
}

// duplicateCase: a row that stands twice is one record, and accounted for.
func duplicateCase(tb testing.TB, h Harness) {
	f := h.File
	rows := rowsOf(f.Row, 1200)
	want := ownOf(pull(tb, open(tb, h, f.file(tb, usual, rows), nil), f.Kind, ""))
	rows = append(rows, f.Row(3), f.Row(1199))
	all := pull(tb, open(tb, h, f.file(tb, usual, rows), nil), f.Kind, "")
	check(tb, h, f.Kind, all)
	same(tb, "records where two rows stand twice", want, ownOf(all))
}

func hugeCase(tb testing.TB, h Harness) {
	f := h.File
	rows := rowsOf(f.Row, 20)
	huge := strings.Repeat("长 text ", 20<<10)
	rows[7][column(tb, f, f.FreeColumn)] = huge
	rows[11][column(tb, f, f.FreeColumn)] = strings.Repeat("x", 2<<20)
	all := pull(tb, open(tb, h, f.file(tb, usual, rows), nil), f.Kind, "")
	check(tb, h, f.Kind, all)
	if !strings.Contains(text(tb, all.pages), strings.TrimSpace(huge)) {
		tb.Errorf("a cell of %d bytes was not read", len(huge))
	}
	n := len(ownOf(all))
	for _, r := range all.rejected() {
		if !r.Kept {
			n++
		}
	}
	if n != len(rows) {
		tb.Errorf("%d of %d rows are accounted for beside a cell of 2 MB", n, len(rows))
	}
}

// truncatedCase: a file that ends in the middle of a row is read up to there, and the piece told.
func truncatedCase(tb testing.TB, h Harness) {
	f := h.File
	data := f.file(tb, usual, rowsOf(f.Latin, 40))
	last := bytes.LastIndexByte(bytes.TrimSuffix(data, []byte("\n")), '\n')
	cut := last + bytes.IndexByte(data[last:], ',') + 3
	if f.Format != nil {
		cut = last - 2 // in the line before the row's last
		if f.Format.Cut != nil {
			row := f.Format.Write(f.Header, f.Latin(39))
			cut = len(data) - len(row) + f.Format.Cut(row)
		}
	}
	all := pull(tb, open(tb, h, data[:cut], nil), f.Kind, "")
	check(tb, h, f.Kind, all)
	if n := len(ownOf(all)); n != 39 || len(all.rejected()) != 1 || all.rejected()[0].Kept {
		tb.Errorf("%d records of 39 before the end, %d set aside", n, len(all.rejected()))
	}
}

// cancelCase: a pull that is cancelled while it reads ends with the context's error.
func cancelCase(tb testing.TB, h Harness) {
	f := h.File
	data := f.file(tb, usual, rowsOf(f.Row, many))
	for after := 1; after <= 4; after++ {
		ctx, cancel := context.WithCancel(context.Background())
		reads := 0
		c := open(tb, h, data, func() error {
			if reads++; reads == after {
				cancel()
			}
			return nil
		})
		_, err := c.(connectors.Puller).Pull(ctx, f.Kind, "")
		cancel()
		if reads >= after && !errors.Is(err, context.Canceled) {
			tb.Errorf("cancelled at read %d: %v", after, err)
		}
	}
}

// scrapsCase: whatever the bytes, there is an error in words or a page, never a panic.
func scrapsCase(tb testing.TB, h Harness) {
	head := ""
	if h.File.Format == nil {
		head = string(h.File.file(tb, usual, nil))
	}
	scraps := []string{"\x00", "\xff", "\xff\xfe\x00", "\"", ",", ",,,\n,,,\n", "a", "\"\n\"", head + "\x00\x00\x00", head + "\"", head + "\xff\xff,\n", head + ",\n", strings.TrimSpace(head)}
	if h.File.Format != nil {
		scraps = append(scraps, h.File.Format.Scraps...)
	}
	for _, data := range scraps {
		c := open(tb, h, []byte(data), nil)
		err := c.Check(context.Background())
		if err != nil {
			plainError(tb, h, "scrap", err)
			continue
		}
		check(tb, h, h.File.Kind, pull(tb, c, h.File.Kind, ""))
	}
}

func describeCase(tb testing.TB, h Harness) {
	f := h.File
	c, ok := open(tb, h, f.file(tb, usual, rowsOf(f.Row, 50)), nil).(connectors.Describer)
	if !ok {
		tb.Errorf("a connection on a file is no Describer")
		return
	}
	d, err := c.Describe(context.Background())
	if err != nil || d.Rows != 50 || d.Kind != f.Kind || len(d.Columns) != len(f.Header) || d.Layout == "" || d.Encoding == "" || (d.Delimiter == ",") != (f.Format == nil) {
		tb.Errorf("described as %+v, %v", d, err)
	}
	for i, col := range d.Columns {
		if i < len(f.Header) && col.Name != f.Header[i] || len(col.Samples) > 3 || col.Why == "" {
			tb.Errorf("column %d described as %+v", i, col)
		}
	}
}
