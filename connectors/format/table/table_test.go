package table

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

func readAll(t testing.TB, src Source, sh Shape) []Row {
	t.Helper()
	r := NewReader(src, sh, sh.Start)
	var rows []Row
	for {
		row, err := r.Next()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
}

func sniffed(t testing.TB, data string) (Shape, []Row) {
	t.Helper()
	src := bytes.NewReader([]byte(data))
	sh, err := Sniff(src, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return sh, readAll(t, src, sh)
}

func cellsOf(rows []Row) [][]string {
	var out [][]string
	for _, r := range rows {
		out = append(out, r.Cells)
	}
	return out
}

func TestShapes(t *testing.T) {
	t.Parallel()
	want := [][]string{{"Jana Köhler", "jana@sternwarte.example", "Lübeck"}, {"Tom Ford", "tom@ford.example", "Kiel"}}
	for _, c := range []struct {
		name, data string
		delim      rune
		header     int64
		line       int64
	}{
		{"comma", "Name,Email,City\nJana Köhler,jana@sternwarte.example,Lübeck\nTom Ford,tom@ford.example,Kiel\n", ',', 1, 2},
		{"no last line end", "Name,Email,City\nJana Köhler,jana@sternwarte.example,Lübeck\nTom Ford,tom@ford.example,Kiel", ',', 1, 2},
		{"crlf", "Name,Email,City\r\nJana Köhler,jana@sternwarte.example,Lübeck\r\nTom Ford,tom@ford.example,Kiel\r\n", ',', 1, 2},
		{"cr", "Name,Email,City\rJana Köhler,jana@sternwarte.example,Lübeck\rTom Ford,tom@ford.example,Kiel\r", ',', 1, 2},
		{"semicolon", "Name;Email;City\nJana Köhler;jana@sternwarte.example;Lübeck\nTom Ford;tom@ford.example;Kiel\n", ';', 1, 2},
		{"tab", "Name\tEmail\tCity\nJana Köhler\tjana@sternwarte.example\tLübeck\nTom Ford\ttom@ford.example\tKiel\n", '\t', 1, 2},
		{"pipe", "Name|Email|City\nJana Köhler|jana@sternwarte.example|Lübeck\nTom Ford|tom@ford.example|Kiel\n", '|', 1, 2},
		{"sep line", "sep=;\nName;Email;City\nJana Köhler;jana@sternwarte.example;Lübeck\nTom Ford;tom@ford.example;Kiel\n", ';', 2, 3},
		{"sep tab", "sep=\t\r\nName\tEmail\tCity\r\nJana Köhler\tjana@sternwarte.example\tLübeck\r\nTom Ford\ttom@ford.example\tKiel\r\n", '\t', 2, 3},
		{"preamble", "Notes:\n\"When exporting, \"\"some\"\" may be missing\nand more\"\n\nName,Email,City\nJana Köhler,jana@sternwarte.example,Lübeck\nTom Ford,tom@ford.example,Kiel\n", ',', 5, 6},
		{"padded preamble", "Notes:,,\nmore,,\nName,Email,City\nJana Köhler,jana@sternwarte.example,Lübeck\nTom Ford,tom@ford.example,Kiel\n", ',', 3, 4},
		{"empty lines", "\n\nName,Email,City\n\nJana Köhler,jana@sternwarte.example,Lübeck\n  \n,,\nTom Ford,tom@ford.example,Kiel\n\n", ',', 3, 5},
		{"bom", "\uFEFFName,Email,City\nJana Köhler,jana@sternwarte.example,Lübeck\nTom Ford,tom@ford.example,Kiel\n", ',', 1, 2},
		{"headerless", "Jana Köhler,jana@sternwarte.example,Lübeck\nTom Ford,tom@ford.example,Kiel\n", ',', 0, 1},
		{"quoted", "\"Name\",\"Email\",\"City\"\n\"Jana Köhler\",\"jana@sternwarte.example\",\"Lübeck\"\n\"Tom Ford\", \"tom@ford.example\" ,Kiel\n", ',', 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sh, rows := sniffed(t, c.data)
			if sh.Delimiter != c.delim || sh.HeaderLine != c.header || sh.Encoding != UTF8 {
				t.Errorf("shape %+v", sh)
			}
			if d := cmp.Diff(want, cellsOf(rows)); d != "" {
				t.Error(d)
			}
			if len(rows) > 0 && rows[0].Start.Line != c.line {
				t.Errorf("first row on line %d, want %d", rows[0].Start.Line, c.line)
			}
		})
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	german := "Name;Ort\nJörg Müßig;Köln\nÄnne Öztürk;Düsseldorf\n"
	chinese := "姓名|城市\n李伟|上海\n王芳🌟|北京\n陈喆|镕城\n"
	utf16 := func(e unicode.Endianness, bom unicode.BOMPolicy) encoding.Encoding { return unicode.UTF16(e, bom) }
	for _, c := range []struct {
		name, text, want string
		enc              encoding.Encoding
	}{
		{"1252", german, Windows1252, charmap.Windows1252},
		{"gb18030", chinese, GB18030, simplifiedchinese.GB18030},
		{"utf16le bom", chinese + german, UTF16LE, utf16(unicode.LittleEndian, unicode.UseBOM)},
		{"utf16be bom", german, UTF16BE, utf16(unicode.BigEndian, unicode.UseBOM)},
		{"utf16le", german, UTF16LE, utf16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{"utf16be", chinese, UTF16BE, utf16(unicode.BigEndian, unicode.IgnoreBOM)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, err := c.enc.NewEncoder().Bytes([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			sh, rows := sniffed(t, string(b))
			if sh.Encoding != c.want {
				t.Fatalf("encoding %s", sh.Encoding)
			}
			want, wantRows := sniffed(t, c.text)
			if d := cmp.Diff(want.Header, sh.Header); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(cellsOf(wantRows), cellsOf(rows)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestQuotesThatAreNotClosed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, data string }{
		{"to the end", "a,b,c\n1,\"open,3\n4,5,6\n7,8,9\n"},
		{"closed by another cell's", "a,b,c\n1,\"open,3\n4,\"5\",6\n7,8,9\n"},
		{"closed at a line's end", "a,b,c\n1,\"open,3\n4,5,6\n7,8,\"9\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, rows := sniffed(t, c.data)
			if len(rows) != 3 || rows[0].Problem != Unclosed || rows[1].Problem != "" || rows[2].Problem != "" {
				t.Fatalf("%+v", rows)
			}
			if rows[0].Start.Line != 2 || rows[1].Start.Line != 3 || rows[2].Cells[2] != "9" {
				t.Errorf("%+v", rows)
			}
			raw, err := Raw(bytes.NewReader([]byte(c.data)), Shape{Encoding: UTF8, Delimiter: ','}, rows[0])
			if err != nil || raw != `1,"open,3` {
				t.Errorf("raw %q %v", raw, err)
			}
		})
	}
}

func TestOddities(t *testing.T) {
	t.Parallel()
	sh, rows := sniffed(t, "a,b\nx\x00y,2\n\"he said \"hi\" there\",3\n5\" pipe,4\nbad\xffbyte,ÄÖÜäöüßéèà\nline\r\n\"one\r\ntwo\",6\n")
	if sh.Encoding != UTF8 {
		t.Fatal(sh.Encoding)
	}
	want := [][]string{{"xy", "2"}, {`he said "hi" there`, "3"}, {`5" pipe`, "4"}, {"bad\uFFFDbyte", "ÄÖÜäöüßéèà"}, {"line"}, {"one\ntwo", "6"}}
	if d := cmp.Diff(want, cellsOf(rows)); d != "" {
		t.Fatal(d)
	}
	for i, o := range []Oddity{OddNUL, OddQuote, 0, OddBytes, 0, 0} {
		if rows[i].Odd != o {
			t.Errorf("row %d: odd %b, want %b", i, rows[i].Odd, o)
		}
	}
	if rows[5].Start.Line != 7 || rows[5].End.Line != 9 {
		t.Errorf("%+v", rows[5])
	}
}

func TestLongRows(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", MaxRow+10)
	_, rows := sniffed(t, "a,b\n1,"+strings.Repeat("y", 200<<10)+"\n2,"+big+big+"\n3,z\n4,\""+big+"\n5,z\n")
	if len(rows) != 5 || rows[1].Problem != TooLong || rows[2].Problem != "" || rows[3].Problem == "" || rows[4].Cells[0] != "5" {
		for _, r := range rows {
			t.Logf("%v %v cells %d", r.Start, r.Problem, len(r.Cells))
		}
		t.Fatal("rows")
	}
	if rows[2].Start.Line != 4 || rows[4].Start.Line != 6 {
		t.Errorf("lines %v %v", rows[2].Start, rows[4].Start)
	}
}

func TestNothingInIt(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "\n\n", "\uFEFF", " \r\n", "\xff\xfe", "sep=;\n"} {
		if sh, rows := sniffed(t, data); !sh.Empty || len(rows) != 0 {
			t.Errorf("%q: %+v %d rows", data, sh, len(rows))
		}
	}
	if sh, rows := sniffed(t, "Name,Email\n"); sh.Empty || len(rows) != 0 || len(sh.Header) != 2 {
		t.Errorf("only a header: %+v", sh)
	}
}

// rowsGen draws tables: a header and rows of the same width, of text that people have.
func rowsGen(t *rapid.T, text *rapid.Generator[string]) [][]string {
	width := rapid.IntRange(2, 6).Draw(t, "width")
	head := make([]string, width)
	for i := range head {
		head[i] = fmt.Sprintf("Spalte %c", 'A'+i)
	}
	rows := [][]string{head}
	for range rapid.IntRange(1, 12).Draw(t, "rows") {
		row := make([]string, width)
		for i := range row {
			row[i] = text.Draw(t, "cell")
		}
		row[0] = "k" + row[0]
		rows = append(rows, row)
	}
	return rows
}

func TestAnyEncodingAndDelimiterComesBack(t *testing.T) {
	t.Parallel()
	wide := rapid.StringMatching(`[a-zäöüß李伟芳上海🌟جمال ,;|"\n\t'-]{0,12}`)
	narrow := rapid.StringMatching(`[a-zäöüßÄé€ ,;|"\n\t'-]{0,12}`)
	encs := []struct {
		name string
		enc  encoding.Encoding
	}{
		{UTF8, encoding.Nop}, {UTF16LE, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{UTF16BE, unicode.UTF16(unicode.BigEndian, unicode.UseBOM)}, {GB18030, simplifiedchinese.GB18030}, {Windows1252, charmap.Windows1252},
	}
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(encs).Draw(t, "encoding")
		text := wide
		if e.name == Windows1252 {
			text = narrow
		}
		delim := rapid.SampledFrom([]rune{',', ';', '\t', '|'}).Draw(t, "delimiter")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end")
		rows := rowsGen(t, text)
		var b strings.Builder
		for _, row := range rows {
			b.WriteString(Quote(row, delim) + end)
		}
		raw, err := e.enc.NewEncoder().Bytes([]byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		src := bytes.NewReader(raw)
		sh, err := Sniff(src, Options{Encoding: e.name, Delimiter: delim})
		if err != nil {
			t.Fatal(err)
		}
		sh.Start = Pos{Offset: sh.Start.Offset, Line: sh.Start.Line}
		r := NewReader(src, sh, sh.Start)
		var got []Row
		for {
			row, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, row)
		}
		if d := cmp.Diff(rows[1:], cellsOf(got)); d != "" {
			t.Fatal(d)
		}
		for i, row := range got { // resume at every row
			r := NewReader(src, sh, row.Start)
			again, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(row, again); d != "" {
				t.Fatalf("row %d read alone: %s", i, d)
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("a,b\n1,\"2\n3\"\n"))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"))
	f.Add([]byte("\xd0\xd5\xc3\xfb|\xb3\xc7\xca\xd0\n\xc0\xee\xce\xb0|\xc9\xcf\xba\xa3\n"))
	f.Add([]byte("sep=|\r\"a|b\rc\"|d\r"))
	f.Add([]byte("a;b\n\"x\"y;\"z\n1;2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		src := bytes.NewReader(data)
		sh, err := Sniff(src, Options{})
		if err != nil {
			t.Fatal(err)
		}
		at := sh.Start
		if sh.Empty {
			return
		}
		for _, row := range readAll(t, src, sh) {
			if row.Start.Offset < at.Offset || row.Start.Line < at.Line || row.End.Offset <= row.Start.Offset || row.End.Line <= row.Start.Line || row.Start.Row != at.Row {
				t.Fatalf("row %+v after %+v", row, at)
			}
			at = row.End
			if _, err := Raw(src, sh, row); err != nil {
				t.Fatal(err)
			}
		}
		if at.Offset > int64(len(data)) {
			t.Fatalf("read beyond the end: %+v of %d", at, len(data))
		}
	})
}

func BenchmarkRead100kRows(b *testing.B) {
	var buf bytes.Buffer
	buf.WriteString("ID,Name,Email,Phone,City,Note\n")
	for i := range 100_000 {
		fmt.Fprintf(&buf, "%d,Jana Köhler %d,jana%d@sternwarte.example,+49 451 901820,Lübeck,\"a note, with a comma\"\n", i, i, i)
	}
	src := bytes.NewReader(buf.Bytes())
	b.SetBytes(int64(buf.Len()))
	b.ReportAllocs()
	for b.Loop() {
		sh, err := Sniff(src, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if n := len(readAll(b, src, sh)); n != 100_000 {
			b.Fatal(n)
		}
	}
}

func TestTheHeaderOfShorterRows(t *testing.T) {
	t.Parallel()
	var rows strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&rows, "%d,P%d\n", i, i)
	}
	sh, read := sniffed(t, "id,name,email\n"+rows.String())
	if d := cmp.Diff([]string{"id", "name", "email"}, sh.Header); d != "" || sh.HeaderLine != 1 || len(read) != 3000 {
		t.Errorf("%s header on line %d, %d rows", d, sh.HeaderLine, len(read))
	}
	// Notes that stand before a table are no header, however many commas they have.
	sh, read = sniffed(t, "Notes, of the club, for friends, and guests\nid,name\n1,Ana\n2,Tom\n3,Wei\n")
	if d := cmp.Diff([]string{"id", "name"}, sh.Header); d != "" || len(read) != 3 {
		t.Errorf("%s %d rows", d, len(read))
	}
}
