package vcard_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/keptcrm/kept/connectors/format/vcard"
)

// one reads the single card of a text.
func one(t *testing.T, text string) *vcard.Card {
	t.Helper()
	cards := vcard.Parse([]byte(text))
	if len(cards) != 1 {
		t.Fatalf("%d cards in %q", len(cards), text)
	}
	return cards[0]
}

// told renders a card briefly: "item1.TEL[cell,pref]=text" in order, "!" before broken lines.
func told(c *vcard.Card) string {
	var out []string
	for i := range c.Props {
		p := &c.Props[i]
		if p.Name == "VERSION" {
			continue
		}
		s := p.Name
		if p.Group != "" {
			s = p.Group + "." + s
		}
		if types := p.Types(); len(types) > 0 {
			s += "[" + strings.Join(types, ",") + "]"
		}
		switch p.Name {
		case "N", "ORG", "ADR":
			s += "=" + strings.Join(p.Parts(), "|")
		case "CATEGORIES", "NICKNAME":
			s += "=" + strings.Join(p.List(), "|")
		default:
			s += "=" + p.Text()
		}
		out = append(out, s)
	}
	for _, b := range c.Broken {
		out = append(out, fmt.Sprintf("!%d:%s", b.Line, b.Text))
	}
	if c.Problem != "" {
		out = append(out, "problem "+string(c.Problem))
	}
	return strings.Join(out, "\n")
}

func card(version string, lines ...string) string {
	return "BEGIN:VCARD\nVERSION:" + version + "\n" + strings.Join(lines, "\n") + "\nEND:VCARD\n"
}

func TestReading(t *testing.T) {
	t.Parallel()
	gbk := func(s string) string { b, _ := simplifiedchinese.GBK.NewEncoder().String(s); return b }
	sjis := func(s string) string { b, _ := japanese.ShiftJIS.NewEncoder().String(s); return b }
	for name, v := range map[string]struct{ text, want string }{
		"3.0": {card("3.0", "N:Köhler;Jana;Maria\\, Eva;Dr.;", "item1.TEL;type=CELL;type=pref:+49 451 901820", `NOTE:a\, b\; c\\ d\ne`),
			"N=Köhler|Jana|Maria, Eva|Dr.|\nitem1.TEL[cell,pref]=+49 451 901820\nNOTE=a, b; c\\ d\ne"},
		"escapes": {card("3.0", `N:Nov\;ak;\\;a\\\;b`, `CATEGORIES:a,b\,c,\\,,d`, `NOTE:\;`, `URL:http\://x.example`, `X-A:C:\dir \"q\"`, `TITLE:end\`),
			"N=Nov;ak|\\|a\\;b\nCATEGORIES=a|b,c|\\|d\nNOTE=;\nURL=http://x.example\nX-A=C:\\dir \"q\"\nTITLE=end\\"},
		"4.0": {card("4.0", `TEL;VALUE=uri;TYPE="work,voice";PREF=1:tel:+1-418-656-9254;ext=102`, "ORG:李伟;研发", `FN;ALTID=1;X="a^'b^nc:d;e":🌸 جميل`),
			"TEL[work,voice]=tel:+1-418-656-9254;ext=102\nORG=李伟|研发\nFN=🌸 جميل"},
		"2.1 bare types": {card("2.1", "TEL;CELL;VOICE;PREF:1", "tel;home:2", "EMAIL;INTERNET:a@b.example", "N:A;B"),
			"TEL[cell,voice,pref]=1\nTEL[home]=2\nEMAIL[internet]=a@b.example\nN=A|B"},
		"quoted-printable": {card("2.1", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E6=9D=8E;=E4=BC=9F;;;", "NOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0Atwo=", "three =3D=", "", "FN:x"),
			"N=李|伟|||\nNOTE=one\ntwothree =\nFN=x"},
		"soft breaks to the end": {card("2.1", "NOTE;QUOTED-PRINTABLE:a=", "b="), "NOTE=ab"},
		"a coded semicolon":      {card("2.1", "N;ENCODING=QUOTED-PRINTABLE:A=3BB;C", "ORG;ENCODING=QUOTED-PRINTABLE:A=3BB"), "N=A;B|C\nORG=A|B"},
		"bad codes":              {card("2.1", "FN;ENCODING=QUOTED-PRINTABLE:50=% =ZZ =E"), "FN=50=% =ZZ =E"},
		"folded":                 {card("3.0", "NOTE:one", "  two", "\tthree", "TEL;TYPE=work,", " cell:12", " 34"), "NOTE=one twothree\nTEL[work,cell]=1234"},
		"folded at blanks":       {card("2.1", "NOTE:one", " two", "FN:Jana", "\tKöhler", "TEL:12", " 34"), "NOTE=one two\nFN=Jana Köhler\nTEL=1234"},
		"folded at a column":     {card("2.1", "NOTE:"+strings.Repeat("x", 71), " y"), "NOTE=" + strings.Repeat("x", 71) + "y"},
		"photo, 2.1":             {card("2.1", "PHOTO;JPEG;ENCODING=BASE64:", " /9j/4A", " AB==", "", "FN:x"), "PHOTO[jpeg]=/9j/4AAB==\nFN=x"},
		"photo, not folded":      {card("3.0", "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4A", "ABCD", "EF==", "FN:x"), "PHOTO[jpeg]=/9j/4AABCDEF==\nFN=x"},
		"photo with blank lines": {card("2.1", "PHOTO;BASE64:/9j", "", "4AAB", "TEL:1"), "PHOTO=/9j4AAB\nTEL=1"},
		"GBK, said":              {card("2.1", "FN;CHARSET=GBK:"+gbk("王伟"), "ORG;CHARSET=gb2312;ENCODING=QUOTED-PRINTABLE:=B1=B1=BE=A9"), "FN=王伟\nORG=北京"},
		"GBK, not said":          {card("2.1", "N:"+gbk("诸葛;孔明"), "NOTE:"+gbk("上海市浦东新区"), "FN;ENCODING=QUOTED-PRINTABLE:=D6=EE=B8=F0"), "N=诸葛|孔明\nNOTE=上海市浦东新区\nFN=诸葛"},
		"Windows-1252, not said": {card("2.1", "FN:J\xf6rg M\xfc\xdfig", "NOTE:Caf\xe9 \x80 5"), "FN=Jörg Müßig\nNOTE=Café € 5"},
		"Shift_JIS":              {card("2.1", "N;CHARSET=SHIFT_JIS:"+sjis("山田;太郎"), "ORG;CHARSET=Shift_JIS:"+sjis("ソニー表")), "N=山田|太郎\nORG=ソニー表"},
		"Latin-1 said of UTF-8":  {card("2.1", "FN;CHARSET=ISO-8859-1:Köhler"), "FN=Köhler"},
		"UTF-8 said of Latin-1":  {card("2.1", "FN;CHARSET=UTF-8:K\xf6hler"), "FN=Köhler"},
		"unknown charset":        {card("2.1", "FN;CHARSET=X-NOBODY:Köhler"), "FN=Köhler"},
		"lower case":             {"begin:vcard\nversion:3.0\nfn:x\nitem1.email;type=pref:a@b.example\nend:vcard\n", "FN=x\nitem1.EMAIL[pref]=a@b.example"},
		"CR CR LF":               {"BEGIN:VCARD\r\r\nVERSION:3.0\r\r\nNOTE:a\r\r\n b\r\r\nEND:VCARD\r\r\n", "NOTE=ab"},
		"CR":                     {"BEGIN:VCARD\rVERSION:3.0\rFN:a\r\rTEL:1\rEND:VCARD\r", "FN=a\nTEL=1"},
		"mark and junk":          {"\uFEFFexported\nBEGIN : vcard \nFN:a\nEND:VCARD", "FN=a"},
		"no colon":               {card("3.0", "FN:a", "TEL;CELL 123", "what is this", "EMAIL", "N:b;c"), "FN=a\nN=b|c\n!4:TEL;CELL 123\n!5:what is this\n!6:EMAIL"},
		"a note over lines":      {card("3.0", "NOTE:one", "Meet at 10:30 tomorrow", "", "http://x.example/y", "TEL:1"), "NOTE=one\nMeet at 10:30 tomorrow\n\nhttp://x.example/y\nTEL=1"},
		"no scheme of addresses": {card("3.0", "X-A:one", "X-B://", "NOTE:two", "item1.URL://x.example"), "X-A=one\nX-B=//\nNOTE=two\nitem1.URL=//x.example"},
		"no end":                 {"BEGIN:VCARD\nFN:a\nTEL:1\n", "FN=a\nTEL=1\nproblem no_end"},
		"cut":                    {"BEGIN:VCARD\nFN:a\nTEL:12", "FN=a\nTEL=12\nproblem cut"},
		"cut in the end":         {"BEGIN:VCARD\nFN:a\nEND:VC", "FN=a\nproblem no_end"},
		"agent":                  {card("2.1", "AGENT:", "BEGIN:VCARD", "FN:Inner", "END:VCARD", "FN:Outer"), "AGENT=\nBEGIN:VCARD\nFN:Inner\nEND:VCARD\nFN=Outer"},
		"agent, escaped":         {card("3.0", `AGENT:BEGIN:VCARD\nFN:Inner\nEND:VCARD\n`, "FN:Outer"), "AGENT=BEGIN:VCARD\nFN:Inner\nEND:VCARD\n\nFN=Outer"},
		"a quote left open":      {card("3.0", `FN;X="a:b`, `TEL;TYPE="home":1`), "FN=b\nTEL[home]=1"},
		"blanks":                 {card("3.0", "TEL ;TYPE = CELL :1", "X-A B:2"), "TEL[cell]=1\n!4:X-A B:2"},
		"Android's own":          {card("2.1", "X-CUSTOM1(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE):x", "X-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;Nick;1;;"), "X-CUSTOM1(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE)=x\nX-ANDROID-CUSTOM=vnd.android.cursor.item/nickname;Nick;1;;"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(v.want, told(one(t, v.text))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPreference(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]int{
		"TEL": 101, "TEL;PREF": 1, "TEL;TYPE=home,pref": 1, "TEL;type=HOME;type=PREF": 1, "TEL;PREF=7": 7, "TEL;PREF=0": 101, "TEL;PREF=abc": 101,
		`TEL;TYPE="pref,cell"`: 1, "TEL;PREF=1;CELL": 1, "TEL;PREF=999999999999999999999": 101,
	} {
		if got := one(t, card("3.0", head+":1")).Props[1].Preference(); got != want {
			t.Errorf("%s: %d, want %d", head, got, want)
		}
	}
}

func TestManyCards(t *testing.T) {
	t.Parallel()
	text := "junk\n" + card("3.0", "FN:1") + "\n\nmore junk: yes\nBEGIN:VCARD\nFN:2\nTEL:2\nBEGIN:VCARD\nFN:3\nEND:VCARD\n\uFEFF" + card("2.1", "FN:4") + "tail"
	var got []string
	for _, c := range vcard.Parse([]byte(text)) {
		got = append(got, fmt.Sprintf("%d %s %s", c.Start.Line, c.Text("FN"), c.Problem))
	}
	if d := cmp.Diff([]string{"2 1 ", "9 2 no_end", "12 3 ", "15 4 "}, got); d != "" {
		t.Error(d)
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	text := card("3.0", "FN:Jana Köhler 李伟 🌸", "NOTE:one", " two") + card("3.0", "FN:جميل")
	for name, e := range map[string]encoding.Encoding{
		"UTF-16LE with a mark": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "UTF-16BE with a mark": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"UTF-16LE": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "UTF-16BE": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
		"GB18030": simplifiedchinese.GB18030,
	} {
		data, err := e.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		cards := vcard.Parse(data)
		if len(cards) != 2 || cards[0].Text("FN") != "Jana Köhler 李伟 🌸" || cards[0].Text("NOTE") != "onetwo" || cards[1].Text("FN") != "جميل" {
			t.Errorf("%s: %d cards", name, len(cards))
			continue
		}
		back := append(cards[0].Bytes(), cards[1].Bytes()...)
		if !bytes.HasSuffix(data, back) || len(data)-len(back) > 2 {
			t.Errorf("%s: the bytes are not those of the source", name)
		}
	}
}

// Damaged UTF-16 keeps its bytes too, and so does a value that is text in no charset.
func TestDamagedBytes(t *testing.T) {
	t.Parallel()
	data := []byte("\xFF\xFE")
	for _, c := range []byte("BEGIN:VCARD\nFN:a") {
		data = append(data, c, 0)
	}
	data = append(data, 0x00, 0xD8, 'b', 0, 0x00, 0xDC, '\n', 0)
	for _, c := range []byte("END:VCARD\n") {
		data = append(data, c, 0)
	}
	c := one(t, string(data))
	if !bytes.Equal(c.Bytes(), data[2:]) {
		t.Errorf("% x", c.Bytes())
	}
	if s, damaged := c.First("FN").Decode(); !damaged || !strings.Contains(s, "\uFFFD") {
		t.Errorf("%q, %v", s, damaged)
	}
	if s, damaged := one(t, card("2.1", "FN;CHARSET=SHIFT_JIS:\xfc\xff\xff")).First("FN").Decode(); !damaged {
		t.Errorf("%q is not told as damaged", s)
	}
}

// failing is a source that cannot be read behind its first bytes.
type failing struct{ *strings.Reader }

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off > 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return f.Reader.ReadAt(p[:min(len(p), 100)], off)
}

func TestBrokenSource(t *testing.T) {
	t.Parallel()
	src := failing{strings.NewReader(strings.Repeat(card("3.0", "FN:x"), 100))}
	if _, err := vcard.Sniff(src); err == nil {
		t.Error("Sniff was content")
	}
	r := vcard.NewReader(src, vcard.Shape{Encoding: "UTF-8"}, vcard.Pos{Line: 1})
	for {
		if _, err := r.Next(); err != nil {
			if err == io.EOF {
				t.Error("read to the end of a broken source")
			}
			break
		}
	}
}

func TestLongLinesAndCards(t *testing.T) {
	t.Parallel()
	photo := strings.Repeat("A", 1<<20)
	note := strings.Repeat("长", 100<<10)
	cards := vcard.Parse([]byte(card("3.0", "PHOTO;ENCODING=b:"+photo, "NOTE:"+note, "FN:x") + card("3.0", "PHOTO;ENCODING=b:"+strings.Repeat("B", vcard.MaxCard)) + card("3.0", "FN:y")))
	if len(cards) != 3 || cards[0].Text("NOTE") != note || cards[0].Text("PHOTO") != photo || cards[0].Text("FN") != "x" {
		t.Fatalf("%d cards", len(cards))
	}
	if cards[1].Problem != vcard.TooLong || len(cards[1].Props) != 0 || cards[2].Text("FN") != "y" || cards[2].Problem != "" {
		t.Errorf("%q, %q", cards[1].Problem, told(cards[2]))
	}
}

// Resuming at the end of any card reads the rest.
func TestResume(t *testing.T) {
	t.Parallel()
	text := "\uFEFFx\r\n" + card("3.0", "FN:1") + "\r\n" + strings.ReplaceAll(card("2.1", "FN:2"), "\n", "\r\n") + "BEGIN:VCARD\nFN:3\n" + card("3.0", "FN:4")
	all := vcard.Parse([]byte(text))
	src := strings.NewReader(text)
	shape, err := vcard.Sniff(src)
	if err != nil || len(all) != 4 {
		t.Fatal(err, len(all))
	}
	for i, c := range all {
		r := vcard.NewReader(src, shape, c.End)
		for _, want := range all[i+1:] {
			got, err := r.Next()
			if err != nil || got.Start != want.Start || !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Errorf("behind card %d: %+v, want %+v", i, got.Start, want.Start)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("behind card %d: %v", i, err)
		}
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1980-03-22": "1980-03-22", "19800322": "1980-03-22", "--0203": "--02-03", "--02-29": "--02-29", "1604-02-29": "--02-29", "0000-03-22": "--03-22",
		"1980-03-22T00:00:00Z": "1980-03-22", "19800322T101500": "1980-03-22", "1980-03": "1980-03", "1980": "1980", "2012-6-6": "2012-06-06",
		"1980-02-30": "", "--1301": "", "---12": "", "circa 1800": "", "": "", "19801": "", "1980-03-22 10:00": "1980-03-22", "-": "", "--": "", "1604": "",
	} {
		if got, ok := vcard.Date(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"20120305T131933Z": "2012-03-05T13:19:33Z", "2012-03-05T13:19:33Z": "2012-03-05T13:19:33Z", "2012-03-05T13:19:33.250+01:00": "2012-03-05T12:19:33.25Z",
		"2012-03-05": "2012-03-05T00:00:00Z", "20120305": "2012-03-05T00:00:00Z", "2012-03-05 13:19:33": "2012-03-05T13:19:33Z",
		"20120305T131933-0500": "2012-03-05T18:19:33Z", "yesterday": "", "": "", "2012-03-05t13:19:33z": "2012-03-05T13:19:33Z",
	} {
		got, ok := vcard.Time(text)
		if s := got.Format("2006-01-02T15:04:05.999Z07:00"); ok != (want != "") || ok && s != want {
			t.Errorf("%q: %s, %v", text, s, ok)
		}
	}
}
