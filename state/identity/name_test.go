package identity

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFoldName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Jana Köhler": "jana kohler", "  JANA   KÖHLER ": "jana kohler", "Jana K\u006f\u0308hler": "jana kohler", "Straße": "strasse", "GROẞ": "gross",
		"Søren Ærø": "soren aero", "Łukasz Żółć": "lukasz zolc", "İstanbul Işık": "istanbul isik", "Đorđe": "dorde", "Þór": "thor",
		"O'Brien": "obrien", "O’Brien": "obrien", "Jean-Luc": "jean luc", "Smith, John (Jr.)": "smith john jr", "ＡＢＣ　１２": "abc 12", "ﾔﾏﾀﾞ": "ヤマダ",
		"王小明": "王小明", "玛丽·居里": "玛丽 居里", "김민수": "김민수", "がぎぐ": "がぎぐ", "अनिल कुमार": "अनिल कुमार", "สมชาย": "สมชาย",
		"مُحَمَّد": "محمد", "أحمد": "احمد", "آمنة": "امنه", "عبـــد الله": "عبد الله", "Ёлкин": "елкин", "Йосиф": "иосиф", "Ὀδυσσεύς": "οδυσσευσ",
		"١٢٣": "123", "": "", "!!!": "", "🌸": "🌸", "Jana 🌸": "jana", "ﬁn": "fin", "Nguyễn Văn": "nguyen van", "a\u00adb": "ab", "Ⅳ": "iv",
	} {
		if got := FoldName(in); got != want {
			t.Errorf("FoldName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNameTokens(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"Jana Köhler":    {"jana", "kohler", "koehler"},
		"Koehler":        {"koehler", "kohler"},
		"Jean-Luc":       {"jean", "luc", "jeanluc"},
		"O'Brien":        {"obrien", "brien"},
		"王小明":            {"王小明", "小明", "明"},
		"Wei张伟":          {"wei", "张伟", "伟"},
		"Jana jana JANA": {"jana"},
		"Mia 🌸":          {"mia", "🌸"},
		"":               nil,
		"***":            nil,
	} {
		if got := NameTokens(in); !slices.Equal(got, want) {
			t.Errorf("NameTokens(%q) = %q, want %q", in, got, want)
		}
	}
}

// found is the law that an index relies on.
func found(name, query string) bool {
	tokens := NameTokens(name)
	for _, q := range QueryTokens(query) {
		if !slices.ContainsFunc(tokens, func(tok string) bool { return strings.HasPrefix(tok, q) }) {
			return false
		}
	}
	return true
}

func TestNamesAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"Jana Köhler", "kohl"}, {"Jana Köhler", "koehler"}, {"Jana Koehler", "köhler"}, {"王小明", "小"}, {"王小明", "小明"}, {"김민수", "민수"},
		{"أحمد", "احمد"}, {"Xiao-Ming Wang", "xiaoming"}, {"O'Brien", "obrien"}, {"O'Brien", "o’brien"}, {"Sternwarte Lübeck e.V.", "lübeck stern"}, {"🌸", "🌸"},
		{"佐々木希", "々木"}, {"Łukasz", "lukasz"}} {
		if !found(c[0], c[1]) {
			t.Errorf("%q is not found by %q: %q, %q", c[0], c[1], NameTokens(c[0]), QueryTokens(c[1]))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		run := []rune(rapid.StringMatching(`[一-龥]{1,60}`).Draw(t, "name"))
		from := rapid.IntRange(0, len(run)-1).Draw(t, "from")
		to := rapid.IntRange(from+1, len(run)).Draw(t, "to")
		if !found("x "+string(run), string(run[from:to])) {
			t.Fatalf("%q is not found by %q", string(run), string(run[from:to]))
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		if !found(name, name) {
			t.Fatalf("%q is not found by itself: %q, %q", name, NameTokens(name), QueryTokens(name))
		}
	})
}

func TestFoldProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkFold(t, rapid.String().Draw(t, "any")) })
	rapid.Check(t, func(t *rapid.T) {
		checkFold(t, rapid.StringOf(rapid.RuneFrom([]rune("aÄßİıøŁ'’- .·王小がﾞー김ᄀّ́أٱةـ१२٣Ⅳ🌸\u200d\ufe0f㈱"))).Draw(t, "hard"))
	})
}

func checkFold(t interface{ Fatalf(string, ...any) }, s string) {
	once := FoldName(s)
	if twice := FoldName(once); twice != once {
		t.Fatalf("FoldName(%q) = %q, folded again %q", s, once, twice)
	}
	if strings.TrimSpace(once) != once || strings.Contains(once, "  ") || !utf8.ValidString(once) {
		t.Fatalf("FoldName(%q) = %q", s, once)
	}
	for _, tok := range NameTokens(s) {
		if tok == "" || utf8.RuneCountInString(tok) > tokenRunes {
			t.Fatalf("NameTokens(%q) has the token %q", s, tok)
		}
	}
}

func TestParseName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Name{
		"Jana Köhler":                      {Given: "Jana", Family: "Köhler"},
		"Köhler, Jana":                     {Given: "Jana", Family: "Köhler"},
		"Scott D Horseman":                 {Given: "Scott", Middle: "D", Family: "Horseman"},
		"KÖHLER Jana":                      {Given: "Jana", Family: "KÖHLER"},
		"Prof. Dr. Jana van der Berg, MBA": {Prefix: "Prof. Dr.", Given: "Jana", Family: "van der Berg", Suffix: "MBA"},
		"Herr Müller":                      {Prefix: "Herr", Family: "Müller"},
		"Sir Gerald":                       {Prefix: "Sir", Given: "Gerald"},
		"von Humboldt":                     {Family: "von Humboldt"},
		"Van Nguyen":                       {Given: "Van", Family: "Nguyen"},
		"Madonna":                          {Given: "Madonna"},
		"Dean Martin":                      {Given: "Dean", Family: "Martin"},
		"John Smith III":                   {Given: "John", Family: "Smith", Suffix: "III"},
		"王小明":                              {Family: "王", Given: "小明"},
		"王 小明":                             {Family: "王", Given: "小明"},
		"小明 王":                             {Family: "王", Given: "小明"},
		"欧阳娜娜":                             {Family: "欧阳", Given: "娜娜"},
		"欧阳":                               {Family: "欧阳"},
		"张伟":                               {Family: "张", Given: "伟"},
		"小明":                               {Given: "小明"},
		"王先生":                              {Prefix: "先生", Family: "王"},
		"李总":                               {Prefix: "总", Family: "李"},
		"玛丽·居里":                            {Given: "玛丽", Family: "居里"},
		"山田太郎":                             {Family: "山田", Given: "太郎"},
		"高橋みなみ":                            {Family: "高橋", Given: "みなみ"},
		"田中さん":                             {Prefix: "さん", Family: "田中"},
		"김민수":                              {Family: "김", Given: "민수"},
		"남궁민수":                             {Family: "남궁", Given: "민수"},
		"Wei Zhang 张伟":                     {Given: "Wei", Family: "Zhang", Nickname: "张伟"},
		"张伟 (Wei Zhang)":                   {Family: "张", Given: "伟", Nickname: "Wei Zhang"},
		"محمد بن سلمان":                    {Given: "محمد", Family: "بن سلمان"},
		"عبد الله محمد":                    {Given: "عبد الله", Family: "محمد"},
		"Sam Smith 😊":                      {Given: "Sam", Family: "Smith"},
		"(Bob)":                            {Given: "Bob"},
		"":                                 {},
		"  ,, ":                            {},
	} {
		if got := ParseName(in); got != want {
			t.Errorf("ParseName(%q)\n got %+v\nwant %+v", in, got, want)
		}
	}
}

func TestParseNameReference(t *testing.T) {
	t.Parallel()
	var cases []struct {
		Input    string
		Expected map[string]string
	}
	if err := json.Unmarshal(sharedFile(t, "contact_names/nameparser_cases.json"), &cases); err != nil {
		t.Fatal(err)
	}
	right := 0
	for _, c := range cases {
		n := ParseName(c.Input)
		got := map[string]string{"title": n.Prefix, "first": n.Given, "middle": n.Middle, "last": n.Family, "suffix": n.Suffix, "nickname": n.Nickname}
		ok := true
		for part, want := range c.Expected {
			ok = ok && got[part] == want
		}
		if ok {
			right++
		} else {
			t.Logf("%q: %+v, expected %v", c.Input, n, c.Expected)
		}
	}
	rate := float64(right) / float64(len(cases))
	t.Logf("nameparser: %d of %d (%.3f)", right, len(cases), rate)
	if rate < 0.97 {
		t.Errorf("%.3f of the names read as expected, want at least 0.97", rate)
	}
}

func TestInitials(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"Jana van der Köhler": "JK", "王小明": "王", "Madonna": "M", "": "", "ärne": "Ä", "Herr von Humboldt": "H", "Bob": "B"} {
		if got := Initials(ParseName(in)); got != want {
			t.Errorf("Initials(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSameName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"Jana Köhler", "KOHLER, jana", true}, {"Wang Xiaoming", "Xiao Ming Wang", true}, {"Xiao-Ming Wang", "Xiaoming Wang", true}, {"王小明", "王 小明", true},
		{"Dr. Jana Köhler", "Jana Köhler", true}, {"John Doe Jr.", "John Doe Sr.", false}, {"John Doe Jr.", "John Doe", true}, {"Jana", "Jana Köhler", false},
		{"", "", false}, {"!!!", "!!!", false}, {"Jana Köhler", "Jan Köhler", false}, {"أحمد علي", "احمد على", true}, {"🌸", "🌸", true},
	} {
		a, b := ParseName(c.a), ParseName(c.b)
		if SameName(a, b) != c.same || SameName(b, a) != c.same {
			t.Errorf("SameName(%q, %q) should be %v: %+v, %+v", c.a, c.b, c.same, a, b)
		}
	}
}

var nameText = rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("abcVvDr. ,-'\"()王小明김민수さん·von III jr"))))

func TestParseNameProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkName(t, nameText.Draw(t, "name")) })
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"Jana", "van", "der", "Dr.", "Prof.", "Jr.", "III", "MD", "y", "and", "of", "The", "Köhler", "V", "e", "(Bob)", "\"Al\"", ",", "de",
		"Secretary", "王小明", "Lord", "M.D.", "KÖHLER", "abu", "Sir"}), 0, 8)
	rapid.Check(t, func(t *rapid.T) { checkName(t, strings.Join(words.Draw(t, "words"), " ")) })
}

// checkName: no letter is dropped or made up.
func checkName(t interface{ Fatalf(string, ...any) }, s string) {
	n := ParseName(s)
	letters := func(text string) string {
		rs := []rune(squeeze(FoldName(text)))
		slices.Sort(rs)
		return string(rs)
	}
	parts := joinWords(n.Prefix, n.Given, n.Middle, n.Family, n.Suffix, n.Nickname)
	if want := letters(cleanName(s)); FoldName(cleanName(s)) != "" && letters(parts) != want {
		t.Fatalf("ParseName(%q) = %+v has the letters %q, want %q", s, n, letters(parts), want)
	}
	if SameName(n, n) != (nameKeys(n)[0] != "") {
		t.Fatalf("%+v is not itself", n)
	}
	Initials(n)
	_ = n.String()
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"Jana van der Köhler", "Doe, Dr. John A. III", "王小明先生", "Secretary of State X", "'Ben' (B) \"C\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkFold(t, s)
		checkName(t, s)
	})
}

func BenchmarkFoldName(b *testing.B) {
	for name, s := range map[string]string{"folded": "jana kohler", "latin": "Jana Köhler", "han": "欧阳小明"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				FoldName(s)
			}
		})
	}
}

func BenchmarkNameTokens(b *testing.B) {
	for b.Loop() {
		NameTokens("Dr. Jana van der Köhler-Brandt")
	}
}

func BenchmarkParseName(b *testing.B) {
	for b.Loop() {
		ParseName("Prof. Dr. Jana van der Berg, MBA")
	}
}
