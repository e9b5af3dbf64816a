package vcard_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors/format/vcard"
)

var people = []string{"Jana Köhler", "李伟", "جميل حداد", "Zoë 🌟", "O'Neill, Tom; Esq.", `back\slash`, "line\nbreak", "=3D, 50 %", " blanks ", ""}

func value() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(people), rapid.Map(rapid.StringN(0, 200, 400), func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < ' ' && r != '\n' || r == 0x7F || r == '\uFFFD' {
				return 'x'
			}
			return r
		}, s)
	}))
}

// scraps are what broken cards are made of.
var scraps = []string{"BEGIN:VCARD\r\n", "END:VCARD\n", "VERSION:2.1\r\n", "VERSION:3.0\n", "VERSION:4.0\r", "FN:Jana\n", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91;=\r\n", "=20x\n",
	" folded\r\n", "\tfolded\n", "\r\n", "\n", "\r", "\r\r\n", "TEL;CELL:1\n", "TEL;CELL 1\n", "item1.EMAIL;TYPE=\"a,b\";X=\":a@b.example\n", "AGENT:\n", "agent;x:\r\n", "PHOTO;ENCODING=b:\n", "/9j/4AAB\n",
	"NOTE:a\\\n", "http://x\n", ":\n", ";\n", "=\n", "\xff\xfe", "\xEF\xBB\xBF", "\x00", "N:\xb1\xb1;\xbe\xa9\n", "X-A(b\n", "begin:vcard\n", "END:VC"}

func garbage() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(scraps), rapid.String()), 0, 40).Draw(t, "scraps"), "")
	})
}

// checkBytes: between them, cards and what is skipped are the source, byte for byte, and each card
// read alone gives itself.
func checkBytes(t interface{ Fatalf(string, ...any) }, data []byte) {
	src := bytes.NewReader(data)
	shape, err := vcard.Sniff(src)
	if err != nil {
		t.Fatalf("%v", err)
	}
	at := shape.Start
	wide := strings.HasPrefix(shape.Encoding, "UTF-16")
	for _, c := range vcard.Parse(data) {
		if c.Start.Offset < at.Offset || c.End.Offset <= c.Start.Offset || c.Start.Line < at.Line || c.End.Offset > int64(len(data)) {
			t.Fatalf("a card from %+v to %+v behind %+v", c.Start, c.End, at)
		}
		at = c.End
		got, of := c.Bytes(), data[c.Start.Offset:c.End.Offset]
		if wide && len(of)%2 == 1 {
			of = of[:len(of)-1]
		}
		if c.Problem != vcard.TooLong && !bytes.Equal(got, of) {
			t.Fatalf("bytes %q, want %q", got, of)
		}
		last := c.Start.Line
		for i := range c.Props {
			p := &c.Props[i]
			if p.Line < last || p.Name == "" {
				t.Fatalf("property %q on line %d behind %d", p.Name, p.Line, last)
			}
			last = p.Line
			for _, s := range append(append(p.Parts(), p.List()...), p.Types()...) {
				if strings.ToValidUTF8(s, "") != s {
					t.Fatalf("%s: %q is no UTF-8", p.Name, s)
				}
			}
			p.Preference()
			p.Binary()
			vcard.Date(p.Text())
			vcard.Time(p.Text())
		}
	}
}

func TestBytesAreKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkBytes(t, []byte(garbage().Draw(t, "text"))) })
}

// What is set is read back, and nothing else in the card changes, not even its bytes.
func TestSetLeavesAllElseAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.SampledFrom([]string{"2.1", "3.0", "4.0"}).Draw(t, "version")
		newline := rapid.SampledFrom([]string{"\r\n", "\n"}).Draw(t, "newline")
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"item1.TEL;TYPE=CELL;type=pref:1", "item1.X-ABLabel:_$!<Main>!$_", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91;=\n=20x",
			"NOTE:a\n folded", "PHOTO;ENCODING=b:/9j/\n 4AAB\n", "junk without colon", "ORG;TYPE=\"work\":A;B", "x-lower:x", "FN:old"}), 0, 8).Draw(t, "lines")
		text := strings.ReplaceAll(card(version, lines...), "\n", newline)
		c := vcard.Parse([]byte(text))[0]
		name := rapid.SampledFrom([]string{"FN", "N", "NOTE", "TEL", "ORG", "X-NEW"}).Draw(t, "name")
		parts := rapid.SliceOfN(value(), 1, 5).Draw(t, "parts")

		before, first := map[int]string{}, -1
		for i := range c.Props {
			if c.Props[i].Name == name && first < 0 {
				first = i
				continue
			}
			before[i] = string(c.Props[i].Raw())
		}
		count := len(c.Props)
		c.SetParts(name, parts...)
		again := vcard.Parse(c.Bytes())
		if len(again) != 1 || again[0].Problem != "" {
			t.Fatalf("%q is no card", c.Bytes())
		}
		for _, x := range []*vcard.Card{c, again[0]} {
			if want := count; len(x.Props) != want && (first >= 0 || len(x.Props) != want+1) {
				t.Fatalf("%d properties of %d: %q", len(x.Props), want, x.Bytes())
			}
			for i, raw := range before {
				if got := string(x.Props[i].Raw()); got != raw {
					t.Fatalf("property %d became %q from %q", i, got, raw)
				}
			}
			if got := x.First(name).Parts(); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", parts) {
				t.Fatalf("%q was read back from %q as %q", parts, x.First(name).Raw(), got)
			}
		}
		for _, line := range strings.Split(string(c.First(name).Raw()), newline) {
			if len(line) > 90 && strings.Count(string(c.First(name).Raw()), newline) > 1 {
				t.Fatalf("a line of %d bytes: %q", len(line), line)
			}
		}
		if first < 0 {
			c.Remove(name)
			if string(c.Bytes()) != text {
				t.Fatalf("taken out again: %q, want %q", c.Bytes(), text)
			}
		}
	})
}

// A card that was written as another program would is read as it was meant.
func TestWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := [][]string{}
		c := vcard.Parse([]byte(card(rapid.SampledFrom([]string{"2.1", "3.0", "4.0"}).Draw(t, "version"))))[0]
		for i, n := 0, rapid.IntRange(1, 6).Draw(t, "n"); i < n; i++ {
			parts := rapid.SliceOfN(value(), 1, 7).Draw(t, "parts")
			want = append(want, parts)
			c.SetParts(fmt.Sprintf("X-P%d", i), parts...)
		}
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r\r\n"}).Draw(t, "end")
		got := vcard.Parse([]byte(strings.ReplaceAll(string(c.Bytes()), "\n", end)))
		if end == "\r\r\n" {
			got = vcard.Parse([]byte(strings.ReplaceAll(strings.ReplaceAll(string(c.Bytes()), "\r\n", "\n"), "\n", end)))
		}
		if len(got) != 1 {
			t.Fatalf("%d cards", len(got))
		}
		for i, parts := range want {
			if p := got[0].First(fmt.Sprintf("X-P%d", i)); p == nil || fmt.Sprintf("%q", p.Parts()) != fmt.Sprintf("%q", parts) {
				t.Fatalf("%q was read as %q", parts, p.Parts())
			}
		}
	})
}

func FuzzVCard(f *testing.F) {
	for _, s := range scraps {
		f.Add([]byte("BEGIN:VCARD\r\n" + s + "FN:x\nEND:VCARD\n" + s))
	}
	f.Add([]byte(card("2.1", "N;CHARSET=GBK:\xb1\xb1;\xbe\xa9", "PHOTO;BASE64:/9j/", "", "AGENT:", "BEGIN:VCARD", "END:VCARD")))
	f.Add([]byte("\xff\xfeB\x00E\x00G\x00I\x00N\x00:\x00V\x00C\x00A\x00R\x00D\x00\n\x00F\x00N\x00:\x00\x00\xd8"))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkBytes(t, data)
		for _, c := range vcard.Parse(data) {
			c.SetText("FN", "Jana 李; a, b\\")
			again := vcard.Parse(c.Bytes())
			if c.Problem == "" && len(again) == 1 && again[0].Text("FN") != "Jana 李; a, b\\" {
				t.Fatalf("%q", c.Bytes())
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	one := card("3.0", "N:Köhler;Jana;;;", "FN:Jana Köhler", "ORG:Sternwarte;Optik", "item1.EMAIL;type=INTERNET;type=pref:jana.koehler@sternwarte.example", "TEL;type=CELL:+49 451 901820",
		"ADR;TYPE=WORK:;;Am Wall 1;Lübeck;;23552;Germany", "NOTE:likes the moon\\, and its maps", "CATEGORIES:vip,press", "UID:8d3f3c3e-0000-4000-8000-000000000000", "REV:20261121T100000Z")
	data := []byte(strings.Repeat(one, 30_000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		n := 0
		src := bytes.NewReader(data)
		shape, err := vcard.Sniff(src)
		if err != nil {
			b.Fatal(err)
		}
		for r := vcard.NewReader(src, shape, shape.Start); ; {
			c, err := r.Next()
			if err != nil {
				break
			}
			if c.Text("FN") != "" && c.First("EMAIL").Text() != "" && len(c.First("N").Parts()) == 5 && c.Text("UID") != "" {
				n++
			}
		}
		if n != 30_000 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(30_000*b.N)/b.Elapsed().Seconds(), "cards/s")
}
