package connectortest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/keptcrm/kept/connectors"
)

// source is a file in memory that can fail and can call back.
type source struct {
	*bytes.Reader
	onRead func() error
}

func (s source) ReadAt(p []byte, off int64) (int, error) {
	if s.onRead != nil {
		if err := s.onRead(); err != nil {
			return 0, err
		}
	}
	return s.Reader.ReadAt(p, off)
}

func (source) Close() error { return nil }

// name is the file's name.
func (f *File) name() string {
	if f.Format != nil {
		return f.Format.Name
	}
	return "people.csv"
}

// open makes a connection on a file's bytes.
func open(tb testing.TB, h Harness, data []byte, onRead func() error) connectors.Connector {
	tb.Helper()
	options := map[string]string{h.File.Option: h.File.name()}
	for k, v := range h.File.Options {
		options[k] = v
	}
	for _, o := range h.Spec.Options {
		if o.Secret {
			options[o.Name] = h.Secret
		}
	}
	c, err := h.Spec.Open(context.Background(), options, connectors.Env{
		Warn: func(string, ...any) {},
		Open: func(name string) (connectors.File, error) {
			if name != h.File.name() {
				return nil, fs.ErrNotExist
			}
			return source{bytes.NewReader(data), onRead}, nil
		},
	})
	if err != nil {
		tb.Fatalf("Open: %v", err)
	}
	return c
}

// style is how a table is written.
type style struct {
	delim, end string
	enc        encoding.Encoding // nil: UTF-8
	before     string            // stands before the header
}

var usual = style{delim: ",", end: "\n"}

// file writes a file in a style.
func (f *File) file(tb testing.TB, s style, rows [][]string) []byte {
	tb.Helper()
	if f.Format == nil {
		return s.write(tb, append([][]string{f.Header}, rows...))
	}
	var b strings.Builder
	b.WriteString(s.before)
	for _, row := range rows {
		b.WriteString(strings.ReplaceAll(f.Format.Write(f.Header, row), "\n", s.end))
	}
	return s.encode(tb, b.String())
}

// row writes one row as it stands in the file, without its last line end.
func (f *File) row(tb testing.TB, row []string) string {
	tb.Helper()
	text := ""
	if f.Format != nil {
		text = f.Format.Write(f.Header, row)
	} else {
		text = string(usual.write(tb, [][]string{row}))
	}
	return strings.TrimSuffix(text, "\n")
}

// line gives the line on which a row begins. Cells of the rows before it must not hold line breaks
// where the file is a table.
func (f *File) line(tb testing.TB, i int) int {
	tb.Helper()
	if f.Format == nil {
		return 2 + i
	}
	return 1 + i*strings.Count(f.Format.Write(f.Header, f.Row(0)), "\n")
}

// write writes a table.
func (s style) write(tb testing.TB, rows [][]string) []byte {
	tb.Helper()
	var b strings.Builder
	b.WriteString(s.before)
	for _, row := range rows {
		for i, c := range row {
			if i > 0 {
				b.WriteString(s.delim)
			}
			if strings.ContainsAny(c, "\"\r\n"+s.delim) {
				c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
			}
			b.WriteString(c)
		}
		b.WriteString(s.end)
	}
	return s.encode(tb, b.String())
}

func (s style) encode(tb testing.TB, text string) []byte {
	tb.Helper()
	if s.enc == nil {
		return []byte(text)
	}
	out, err := s.enc.NewEncoder().Bytes([]byte(text))
	if err != nil {
		tb.Fatalf("the harness' rows cannot be written in that encoding: %v", err)
	}
	return out
}

func rowsOf(row func(int) []string, n int) [][]string {
	var rows [][]string
	for i := range n {
		rows = append(rows, row(i))
	}
	return rows
}

// tableCases are those that only tables have the means for.
var tableCases = map[string]bool{"only a header": true, "delimiters": true}

// many is enough rows for more than two pages of any sensible size.
const many = 1103

func fileCases() []Case {
	return []Case{
		{"pages", pagesCase}, {"resume", resumeCase}, {"twice", twiceCase}, {"every row", everyRowCase}, {"other kinds", kindsCase},
		{"empty file", emptyCase}, {"only a header", headerCase}, {"encodings", encodingsCase}, {"delimiters", delimitersCase}, {"line ends", lineEndsCase},
		{"bad cell", badCellCase}, {"bad rows", badRowsCase}, {"read again", rereadCase}, {"the same row twice", duplicateCase}, {"huge cell", hugeCase},
		{"truncated", truncatedCase}, {"cancelled", cancelCase}, {"broken disk", brokenCase}, {"any file of a few bytes", scrapsCase}, {"described", describeCase},
	}
}

func pagesCase(tb testing.TB, h Harness) {
	f := h.File
	all := pull(tb, open(tb, h, f.file(tb, usual, rowsOf(f.Row, many)), nil), f.Kind, "")
	check(tb, h, f.Kind, all)
	if len(all.pages) < 3 {
		tb.Errorf("%d rows came on %d pages; a page must be bounded", many, len(all.pages))
	}
	told := 0
	for _, p := range all.pages {
		told += p.Told
	}
	if told != many {
		tb.Errorf("%d rows were told of %d", told, many)
	}
	if own := ownOf(all); len(own) != many {
		tb.Errorf("%d records of %d rows", len(own), many)
	}
}

// ownOf gives the records that are not implied.
func ownOf(p pulled) []connectors.Change {
	var own []connectors.Change
	for _, c := range p.changes() {
		if !c.Record.Implied {
			own = append(own, c)
		}
	}
	return own
}

// resumeCase: from every cursor, by another connection, the rest is the same.
func resumeCase(tb testing.TB, h Harness) {
	f := h.File
	data := f.file(tb, usual, rowsOf(f.Row, many))
	all := pull(tb, open(tb, h, data, nil), f.Kind, "")
	for i := range all.pages {
		rest := pull(tb, open(tb, h, data, nil), f.Kind, all.from[i])
		same(tb, "pages read from a cursor", all.pages[i:], rest.pages)
	}
	end, err := open(tb, h, data, nil).(connectors.Puller).Pull(context.Background(), f.Kind, all.pages[len(all.pages)-1].Next)
	if err != nil || end.More || len(end.Changes)+len(end.Rejected)+end.Told > 0 {
		tb.Errorf("from the last cursor: %d changes, %v", len(end.Changes), err)
	}
}

// twiceCase: two pulls are equal to the byte, and asking for a page again gives it again.
func twiceCase(tb testing.TB, h Harness) {
	f := h.File
	data := f.file(tb, usual, rowsOf(f.Row, many))
	c := open(tb, h, data, nil)
	first := pull(tb, c, f.Kind, "")
	same(tb, "two pulls of one connection", first.pages, pull(tb, c, f.Kind, "").pages)
	same(tb, "pulls of two connections", first.pages, pull(tb, open(tb, h, data, nil), f.Kind, "").pages)
}

// everyRowCase: each row's key and place are there.
func everyRowCase(tb testing.TB, h Harness) {
	f := h.File
	rows := rowsOf(f.Row, 60)
	own := ownOf(pull(tb, open(tb, h, f.file(tb, usual, rows), nil), f.Kind, ""))
	if len(own) != len(rows) {
		tb.Fatalf("%d records of %d rows", len(own), len(rows))
	}
	line := f.line(tb, 0)
	for i, row := range rows {
		if !strings.Contains(text(tb, own[i].Record), strings.Trim(text(tb, row[0]), `"`)) {
			tb.Errorf("record %d does not hold %q", i, row[0])
		}
		if want := f.place(line); own[i].Where != want {
			tb.Errorf("record %d stands at %q, not %q", i, want, own[i].Where)
		}
		line += 1 + strings.Count(f.row(tb, row), "\n")
	}
}

func kindsCase(tb testing.TB, h Harness) {
	f := h.File
	data := f.file(tb, usual, rowsOf(f.Row, 5))
	for _, kind := range []connectors.Kind{connectors.Contact, connectors.Order, connectors.Subscription, connectors.MessageKind} {
		if kind == f.Kind {
			continue
		}
		page, err := open(tb, h, data, nil).(connectors.Puller).Pull(context.Background(), kind, "")
		if err != nil || page.More || len(page.Changes)+page.Told > 0 {
			tb.Errorf("a file of %s asked for %s: %d changes, %v", f.Kind, kind, len(page.Changes), err)
		}
	}
}

// plainError: what the user sees is an Error in words.
func plainError(tb testing.TB, h Harness, what string, err error) {
	tb.Helper()
	var e *connectors.Error
	if !errors.As(err, &e) || e.Text == "" || e.Class == "" {
		tb.Errorf("%s: %v is no connectors.Error with class and words", what, err)
		return
	}
	if h.Secret != "" && strings.Contains(err.Error(), h.Secret) {
		tb.Errorf("%s: the error holds the secret", what)
	}
}

func emptyCase(tb testing.TB, h Harness) {
	for _, data := range []string{"", "\n\n", "\xEF\xBB\xBF"} {
		c := open(tb, h, []byte(data), nil)
		if err := c.Check(context.Background()); err == nil {
			tb.Errorf("Check of the empty file %q is content", data)
		} else {
			plainError(tb, h, "empty file", err)
		}
		if page, err := c.(connectors.Puller).Pull(context.Background(), h.File.Kind, ""); err == nil && (page.More || len(page.Changes) > 0) {
			tb.Errorf("the empty file %q gave records", data)
		}
	}
}

func headerCase(tb testing.TB, h Harness) {
	c := open(tb, h, h.File.file(tb, usual, nil), nil)
	if err := c.Check(context.Background()); err != nil {
		tb.Errorf("Check of a table without rows: %v", err)
	}
	all := pull(tb, c, h.File.Kind, "")
	check(tb, h, h.File.Kind, all)
	if len(all.changes()) > 0 || len(all.rejected()) > 0 {
		tb.Errorf("a table without rows gave records")
	}
}

func encodingsCase(tb testing.TB, h Harness) {
	f := h.File
	for _, v := range []struct {
		name string
		row  func(int) []string
		s    style
	}{
		{"UTF-8 with a mark", f.Row, style{delim: ",", end: "\n", before: "\uFEFF"}},
		{"UTF-16 little-endian with a mark", f.Row, style{delim: ",", end: "\n", enc: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)}},
		{"UTF-16 big-endian with a mark", f.Row, style{delim: ",", end: "\r\n", enc: unicode.UTF16(unicode.BigEndian, unicode.UseBOM)}},
		{"UTF-16 little-endian", f.Row, style{delim: "\t", end: "\n", enc: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}},
		{"UTF-16 big-endian", f.Row, style{delim: ",", end: "\n", enc: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}},
		{"GB18030", f.Row, style{delim: ",", end: "\n", enc: simplifiedchinese.GB18030}},
		{"Windows-1252", f.Latin, style{delim: ";", end: "\r\n", enc: charmap.Windows1252}},
	} {
		rows := rowsOf(v.row, 300)
		want := pull(tb, open(tb, h, f.file(tb, style{delim: v.s.delim, end: v.s.end}, rows), nil), f.Kind, "")
		got := pull(tb, open(tb, h, f.file(tb, v.s, rows), nil), f.Kind, "")
		same(tb, "records in "+v.name, want.changes(), got.changes())
	}
}

func delimitersCase(tb testing.TB, h Harness) {
	f := h.File
	rows := rowsOf(f.Row, 300)
	want := pull(tb, open(tb, h, f.file(tb, usual, rows), nil), f.Kind, "")
	for _, s := range []style{{delim: ";", end: "\n"}, {delim: "\t", end: "\n"}, {delim: "|", end: "\n"}} {
		got := pull(tb, open(tb, h, f.file(tb, s, rows), nil), f.Kind, "")
		same(tb, "records cut by "+s.delim, want.changes(), got.changes())
	}
	got := pull(tb, open(tb, h, f.file(tb, style{delim: ";", end: "\n", before: "sep=;\n"}, rows), nil), f.Kind, "")
	if len(ownOf(got)) != len(rows) {
		tb.Errorf("behind a line sep=; %d records of %d", len(ownOf(got)), len(rows))
	}
}

func lineEndsCase(tb testing.TB, h Harness) {
	f := h.File
	rows := rowsOf(f.Row, 300)
	want := pull(tb, open(tb, h, f.file(tb, usual, rows), nil), f.Kind, "")
	got := pull(tb, open(tb, h, f.file(tb, style{delim: ",", end: "\r\n"}, rows), nil), f.Kind, "")
	same(tb, "records of lines that end with CR LF", want.changes(), got.changes())
	data := f.file(tb, usual, rows)
	got = pull(tb, open(tb, h, bytes.TrimSuffix(data, []byte("\n")), nil), f.Kind, "")
	same(tb, "records of a file without a last line end", want.changes(), got.changes())
	if f.Format != nil && f.Format.Bytes {
		return
	}
	for _, r := range rows { // no line feeds in cells: a file with lone CRs has none
		for i := range r {
			r[i] = strings.ReplaceAll(r[i], "\n", " ")
		}
	}
	want = pull(tb, open(tb, h, f.file(tb, usual, rows), nil), f.Kind, "")
	got = pull(tb, open(tb, h, f.file(tb, style{delim: ",", end: "\r"}, rows), nil), f.Kind, "")
	same(tb, "records of lines that end with CR", want.changes(), got.changes())
}

// place is how a line is named, with thousands separators.
func (f *File) place(line int) string {
	s := ""
	for ; line >= 1000; line /= 1000 {
		s = "," + string([]byte{byte('0' + line/100%10), byte('0' + line/10%10), byte('0' + line%10)}) + s
	}
	digits := ""
	for ; line > 0; line /= 10 {
		digits = string(rune('0'+line%10)) + digits
	}
	return f.name() + ":" + digits + s
}

// column gives the place of a column in the harness' header.
func column(tb testing.TB, f *File, name string) int {
	tb.Helper()
	for i, h := range f.Header {
		if h == name {
			return i
		}
	}
	tb.Fatalf("the harness has no column %q", name)
	return 0
}

func flat(rows [][]string) [][]string {
	for _, r := range rows {
		for i := range r {
			r[i] = strings.ReplaceAll(r[i], "\n", " ")
		}
	}
	return rows
}

// failing is a reader's error.
var errDisk = errors.New("disk on fire: /secret/path")

func brokenCase(tb testing.TB, h Harness) {
	f := h.File
	data := f.file(tb, usual, rowsOf(f.Row, many))
	reads := 0
	c := open(tb, h, data, func() error {
		if reads++; reads > 3 {
			return errDisk
		}
		return nil
	})
	_, err := c.(connectors.Puller).Pull(context.Background(), f.Kind, "")
	if err == nil {
		tb.Errorf("a file that could not be read to its end was read without an error")
		return
	}
	plainError(tb, h, "broken disk", err)
	if strings.Contains(err.Error(), "/secret/path") {
		tb.Errorf("the raw error reaches the user: %v", err)
	}
}

var _ io.ReaderAt = source{}
