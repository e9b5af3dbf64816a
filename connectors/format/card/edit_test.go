package card_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/card"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

func parse(t interface{ Fatalf(string, ...any) }, text string) *vcard.Card {
	cards := vcard.Parse([]byte(text))
	if len(cards) != 1 || cards[0].Problem != "" {
		t.Fatalf("%q is no card", text)
	}
	return cards[0]
}

func text(version, newline string, lines ...string) string {
	return strings.ReplaceAll("BEGIN:VCARD\nVERSION:"+version+"\n"+strings.Join(lines, "\n")+"\nEND:VCARD\n", "\n", newline)
}

func field(name string, values ...connectors.Value) connectors.Field {
	return connectors.Field{Name: name, Values: values}
}

func val(text string, label ...string) connectors.Value {
	return connectors.Value{Text: text, Label: strings.Join(label, "")}
}

// What edits write, line by line: what a plus or minus stands before is all that may change.
func TestEditTouchesOnlyItsLines(t *testing.T) {
	t.Parallel()
	base := []string{"PRODID:-//Apple Inc.//iOS 18//EN", "N:Köhler;Jana;Maria,Eva;Dr.;", "FN:Jana Köhler", "ORG:Sternwarte;Optik;Lab", "item1.EMAIL;type=INTERNET;type=pref:jana@x.example",
		"item1.X-ABLabel:_$!<HomePage>!$_", "EMAIL;type=INTERNET;type=WORK:j.k@work.example", "TEL;type=CELL;type=VOICE:+49 451 1", "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ", " SkZJRg==",
		"item2.ADR;type=HOME:;;Am Wall 1\\nHinterhaus;Lübeck;;23552;Germany", "item2.X-ABADR:de", "NOTE:a long no", " te\\, folded", "CATEGORIES:vip,myContacts,press", "X-TELESCOPE;W=1:f/5",
		"BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-22", "UID:u-1"}
	for name, c := range map[string]struct {
		version string
		fields  []connectors.Field
		changed string
		want    string // lines, "-" gone and "+" new
	}{
		"nothing":              {"3.0", []connectors.Field{field("note", val("a long note, folded"))}, "note", ""},
		"a phone":              {"3.0", []connectors.Field{field("phone", val("+49 451 2", "cell"))}, "phone", "-TEL;type=CELL;type=VOICE:+49 451 1\n+TEL;type=CELL;type=VOICE:+49 451 2"},
		"another phone":        {"3.0", []connectors.Field{field("phone", val("+49 451 1", "cell"), val("+86 10 5", "work fax"))}, "phone", "+TEL;TYPE=work,fax:+86 10 5"},
		"a label of its own":   {"3.0", []connectors.Field{field("phone", val("+49 451 1", "Ferienhaus"))}, "phone", "-TEL;type=CELL;type=VOICE:+49 451 1\n+item3.TEL;TYPE=VOICE:+49 451 1\n+item3.X-ABLabel:ferienhaus"},
		"an e-mail away":       {"3.0", []connectors.Field{field("email", val("j.k@work.example", "work"))}, "email", "-item1.EMAIL;type=INTERNET;type=pref:jana@x.example\n-item1.X-ABLabel:_$!<HomePage>!$_"},
		"an e-mail changed":    {"3.0", []connectors.Field{field("email", val("new@x.example", "home page"), val("j.k@work.example", "work"))}, "email", "-item1.EMAIL;type=INTERNET;type=pref:jana@x.example\n+item1.EMAIL;type=INTERNET;type=pref:new@x.example"},
		"the family name":      {"3.0", []connectors.Field{field("family", val("Lima; Silva"))}, "family", "-N:Köhler;Jana;Maria,Eva;Dr.;\n+N:Lima\\; Silva;Jana;Maria,Eva;Dr.;\n-FN:Jana Köhler\n+FN:Jana Lima\\; Silva"},
		"a name alone":         {"3.0", []connectors.Field{field("name", val("Dr. Jana Köhler"))}, "name", "-FN:Jana Köhler\n+FN:Dr. Jana Köhler"},
		"the company":          {"3.0", []connectors.Field{field("company", val("Optik, GmbH"))}, "company", "-ORG:Sternwarte;Optik;Lab\n+ORG:Optik\\, GmbH;Optik;Lab"},
		"the department":       {"3.0", []connectors.Field{field("department", val("Sales"))}, "department", "-ORG:Sternwarte;Optik;Lab\n+ORG:Sternwarte;Sales"},
		"no company":           {"3.0", nil, "company", "-ORG:Sternwarte;Optik;Lab\n+ORG:;Optik;Lab"},
		"a tag more":           {"3.0", []connectors.Field{field("tag", val("vip"), val("press"), val("wholesale"))}, "tag", "-CATEGORIES:vip,myContacts,press\n+CATEGORIES:vip,myContacts,press,wholesale"},
		"a tag less":           {"3.0", []connectors.Field{field("tag", val("press"))}, "tag", "-CATEGORIES:vip,myContacts,press\n+CATEGORIES:myContacts,press"},
		"a birthday":           {"3.0", []connectors.Field{field("birthday", val("1980-03-22"))}, "birthday", "-BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-22\n+BDAY:1980-03-22"},
		"a birthday, 4.0":      {"4.0", []connectors.Field{field("birthday", val("--04-01"))}, "birthday", "-BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-22\n+BDAY:--0401"},
		"a gender":             {"3.0", []connectors.Field{field("gender", val("female"))}, "gender", "+X-GENDER:female"},
		"a gender, 4.0":        {"4.0", []connectors.Field{field("gender", val("female"))}, "gender", "+GENDER:F"},
		"a handle":             {"3.0", []connectors.Field{field("handle", val("jana.bsky.example", "bluesky"), val("jo ny", "skype"))}, "handle", "+X-SOCIALPROFILE;TYPE=bluesky:jana.bsky.example\n+IMPP;X-SERVICE-TYPE=skype:skype:jo%20ny"},
		"a note over lines":    {"3.0", []connectors.Field{field("note", val("one\ntwo; three"))}, "note", "-NOTE:a long no\n- te\\, folded\n+NOTE:one\\ntwo\\; three"},
		"a city":               {"3.0", []connectors.Field{field("address", connectors.Value{Label: "home", Parts: map[string]string{"street": "Am Wall 1, Hinterhaus", "city": "Kiel", "postcode": "24103", "country": "Germany"}})}, "address", "-item2.ADR;type=HOME:;;Am Wall 1\\nHinterhaus;Lübeck;;23552;Germany\n-item2.X-ABADR:de\n+item2.ADR;type=HOME:;;Am Wall 1\\nHinterhaus;Kiel;;24103;Germany\n+item2.X-ABADR:germany"},
		"another order":        {"3.0", []connectors.Field{field("email", val("j.k@work.example", "work"), val("jana@x.example", "home page"))}, "email", "-item1.EMAIL;type=INTERNET;type=pref:jana@x.example\n-EMAIL;type=INTERNET;type=WORK:j.k@work.example\n+EMAIL;TYPE=INTERNET;TYPE=WORK;TYPE=pref:j.k@work.example\n+item1.EMAIL;TYPE=INTERNET:jana@x.example"},
		"an old card's phones": {"2.1", []connectors.Field{field("phone", val("+49 451 1", "work"))}, "phone", "-TEL;type=CELL;type=VOICE:+49 451 1\n+TEL;TYPE=VOICE;WORK:+49 451 1"},
		"an old card's note":   {"2.1", []connectors.Field{field("note", val("李"))}, "note", "-NOTE:a long no\n- te\\, folded\n+NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E6=9D=8E"},
	} {
		for _, newline := range []string{"\r\n", "\n"} {
			before := text(c.version, newline, base...)
			x := parse(t, before)
			if err := card.Edit(x, connectors.Record{Fields: c.fields}, strings.Split(c.changed, " ")); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if d := cmp.Diff(sortedLines(c.want), sortedLines(diff(before, string(x.Bytes()), newline))); d != "" {
				t.Errorf("%s: %s\n%s", name, d, x.Bytes())
			}
		}
	}
}

func sortedLines(s string) []string {
	l := strings.Split(s, "\n")
	slices.Sort(l)
	return l
}

// diff gives the lines that only one text has.
func diff(a, b, newline string) string {
	left, right := strings.SplitAfter(a, newline), strings.SplitAfter(b, newline)
	var out []string
	for _, l := range left {
		if i := slices.Index(right, l); i >= 0 {
			right = slices.Delete(right, i, i+1)
			continue
		}
		out = append(out, "-"+strings.TrimSuffix(l, newline))
	}
	for _, l := range right {
		out = append(out, "+"+strings.TrimSuffix(l, newline))
	}
	return strings.Join(out, "\n")
}

func TestWhatACardCannotHoldIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ field, text, want string }{
		{"email", "jana@@x", `"jana@@x" is no e-mail address; an address book cannot hold it as one`},
		{"phone", "none", `phone number "none" has no digits; an address book cannot hold it as one`},
		{"birthday", "spring", `"spring" is no day; an address book cannot hold it as a birthday`},
		{"custom.lens", "50", `an address book has no field "custom.lens" that could be written`},
	} {
		x := parse(t, text("3.0", "\n", "FN:A"))
		err := card.Edit(x, connectors.Record{Fields: []connectors.Field{field(c.field, val(c.text))}}, []string{c.field})
		if err == nil || err.Error() != c.want || connectors.ClassOf(err) != connectors.Invalid {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}

// lines are what cards are made of: each field in the ways in which programs write it.
var lines = []string{"FN:Jana Köhler", "FN:ACME GmbH", "N:Köhler;Jana;;;", "N:Köhler;Jana;Maria,Eva;Dr.;jr.", "N:;Jana Köhler;;;", "NICKNAME:Jo,Nana", "X-NICKNAME:Bo", "EMAIL:a@x.example",
	"EMAIL;TYPE=work,pref:b@x.example", "EMAIL;PREF=2:c@x.example", "item1.EMAIL:d@x.example", "item1.X-ABLabel:Ferienhaus", "EMAIL:e@x.example\\, f@x.example", "EMAIL;TYPE=HOME:a@x.example", "EMAIL:nobody",
	"TEL;CELL;VOICE:+49 451 1", "TEL;TYPE=\"cell,work\":+49 451 2", "TEL;VALUE=uri;PREF=1:tel:+49-451-3", "item2.TEL;type=pref:+86 10 4", "item2.X-ABLABEL:_$!<Main>!$_", "TEL;TYPE=iphone:5", "TEL:none",
	"ORG:Sternwarte;Optik;Lab", "ORG:ACME GmbH", "X-DEPARTMENT:Sales", "TITLE:Dr.", "TITLE;LANGUAGE=de:Chefin", "X-ABShowAs:COMPANY", "ADR;TYPE=home:;;Am Wall 1;Lübeck;;23552;Germany",
	"item3.ADR;TYPE=work:;Hof;Weg 2\\nhinten;上海;;200000;", "item3.X-ABADR:cn", "LABEL;TYPE=home:Am Wall 1\\n23552 Lübeck", "LABEL;TYPE=work:Weg 9", "BDAY:1980-03-22", "BDAY;VALUE=date;X-APPLE-OMIT-YEAR=1604:1604-02-29",
	"NOTE:one\\, two", "NOTE;X=\"a:b\":fol", " ded", "URL;type=WORK:https://x.example/?a=b;c", "CATEGORIES:vip,press", "CATEGORIES:myContacts,gold\\, silver", "GENDER:F", "X-GENDER:Male", "LANG;PREF=1:zh", "LANG:de",
	"IMPP;X-SERVICE-TYPE=Skype:skype:jo%20ny", "X-SOCIALPROFILE;type=twitter:jo", "item1.IMPP:jo7", "X-QQ:12345", "PHOTO;ENCODING=b:/9j/", " 4AAB", "X-TELESCOPE;A=b:f/5\\;x", "x-lower:y",
	"X-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;Nick;1;;", "REV:20240101T000000Z", "UID:u-1", "KEY:http://x.example"}

// A line that is none would join the one before it once what stands between them goes.
func TestBrokenCardsAreLeftAlone(t *testing.T) {
	t.Parallel()
	rec := connectors.Record{Fields: []connectors.Field{field("note", val("x"))}}
	err := card.Edit(parse(t, text("3.0", "\n", "FN:A", "junk")), rec, []string{"note"})
	if err == nil || err.Error() != `line 4 of the card ("junk") is no property; correct the card in the address book first` {
		t.Error(err)
	}
	if err := card.Edit(vcard.Parse([]byte("BEGIN:VCARD\nFN:A\n"))[0], rec, []string{"note"}); err == nil || err.Error() != "the card is not whole; correct it in the address book first" {
		t.Error(err)
	}
}

func someCard() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		list := rapid.SliceOfN(rapid.SampledFrom(lines), 0, 14).Draw(t, "lines")
		return text(rapid.SampledFrom([]string{"2.1", "3.0", "4.0"}).Draw(t, "version"), rapid.SampledFrom([]string{"\r\n", "\n"}).Draw(t, "newline"), list...)
	})
}

func someText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{"Jana Köhler", "李伟", "جميل حداد", "Zoë 🌟", "O'Neill, Tom; Esq.", `back\slash\n`, "line\nbreak", "=3D, 50 %", "tel:1", "x-apple:5", ":", "a\u00a0b"}),
		rapid.Map(rapid.StringN(1, 90, 200), func(s string) string {
			return strings.Map(func(r rune) rune {
				if r < ' ' || r == 0x7F || r == '\uFFFD' {
					return 'x'
				}
				return r
			}, s)
		}))
}

// someValues are what another system could want a field to hold.
func someValues(t *rapid.T, spec connectors.FieldSpec) []connectors.Value {
	most := 4
	if spec.Many > 0 {
		most = spec.Many
	}
	var out []connectors.Value
	for range rapid.IntRange(0, most).Draw(t, "count") {
		var v connectors.Value
		label := rapid.SampledFrom([]string{"", "home", "work", "cell", "work fax", "Ferienhaus", "fax work", "李, x"}).Draw(t, "label")
		switch spec.Field {
		case "email":
			v = val(rapid.SampledFrom([]string{"a@x.example", "b@x.example", "d@x.example", "new@x.example", "e@x.example", "李@例.example"}).Draw(t, "email"), label)
		case "phone":
			v = val(rapid.SampledFrom([]string{"+49 451 1", "+49 451 2", "+49-451-3", "110", "+86 138 0013 8000", "+1;ext=2", "٠١٢"}).Draw(t, "phone"), label)
		case "birthday":
			v = val(rapid.SampledFrom([]string{"1980-03-22", "--02-29", "1999-12", "2001", "19800101"}).Draw(t, "day"))
		case "address":
			v = connectors.Value{Label: label, Parts: map[string]string{}}
			for _, part := range []string{"street", "street2", "city", "region", "postcode", "country", "po_box"} {
				if rapid.Bool().Draw(t, "has") {
					v.Parts[part] = rapid.SampledFrom([]string{"Am Wall 1", "Lübeck", "23552", "CN", "de", "上海; a, b", "x\ny"}).Draw(t, "part")
				}
			}
		case "handle":
			v = val(rapid.OneOf(rapid.Just("jo ny"), rapid.Just("12345"), rapid.StringMatching("[a-z0-9.@ ?=&;:-]{1,12}[a-z]")).Draw(t, "handle"),
				rapid.SampledFrom([]string{"skype", "qq", "twitter", "bluesky", "mastodon", "", "wechat"}).Draw(t, "network"))
		case "url":
			v = val("https://"+rapid.StringMatching("[a-z]{1,4}").Draw(t, "url")+".example/?a=b;c,d", label)
		case "gender":
			v = val(rapid.SampledFrom([]string{"female", "male", "none", "nicht-binär; ja"}).Draw(t, "gender"))
		default:
			v = val(someText().Draw(t, "text"))
		}
		out = append(out, v)
	}
	return out
}

func byName(fields []connectors.Field) map[string][]connectors.Value {
	m := map[string][]connectors.Value{}
	for _, f := range fields {
		m[f.Name] = f.Values
	}
	return m
}

// nameFields hang together: what a full name was made of, and what stands whole in one part, is not
// told twice.
var nameFields = []string{"name", "given", "family", "middle", "prefix", "suffix", "company"}

// What is written is read back, and nothing else changes: neither what is told nor a byte of it.
func TestEditIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := someCard().Draw(t, "card")
		x := parse(t, before)
		was, _ := card.Read(x, card.Context{})
		specs := card.Writable()
		rec := connectors.Record{}
		var changed []string
		for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(specs)-1), 1, 4, rapid.ID[int]).Draw(t, "changed") {
			changed = append(changed, specs[i].Field)
			if v := someValues(t, specs[i]); len(v) > 0 {
				rec.Fields = append(rec.Fields, field(specs[i].Field, v...))
			}
		}
		if err := card.Edit(x, rec, changed); err != nil {
			if slices.Contains(changed, "handle") {
				t.Skip("no program could write that account")
			}
			t.Fatalf("%v", err)
		}
		after := string(x.Bytes())
		again := parse(t, after)
		if n := len(again.Broken); n != len(parse(t, before).Broken) {
			t.Fatalf("%d broken lines in %q", n, after)
		}
		got, _ := card.Read(again, card.Context{})
		same, _ := card.Read(x, card.Context{})
		if d := cmp.Diff(same, got); d != "" {
			t.Fatalf("the card in memory is not the one that was written: %s", d)
		}
		names := slices.ContainsFunc(changed, func(f string) bool { return slices.Contains(nameFields, f) })
		want, have, old := byName(rec.Fields), byName(got.Fields), byName(was.Fields)
		for f := range have {
			if _, there := old[f]; !there {
				old[f] = nil // what is new is looked at as well
			}
		}
		for f := range old {
			if !slices.Contains(changed, f) && !(names && slices.Contains(nameFields, f)) && f != "name" {
				if d := cmp.Diff(old[f], have[f]); d != "" {
					t.Fatalf("%s was not to change: %s in %q, then %q", f, d, before, after)
				}
			}
		}
		for _, f := range changed {
			if slices.Contains(nameFields, f) && f != "company" {
				continue // TestNames
			}
			if d := cmp.Diff(card.Values(connectors.Record{Fields: []connectors.Field{field(f, want[f]...)}}, f), have[f]); d != "" && !(f == "company" && strings.Contains(before, "COMPANY")) {
				t.Fatalf("%s was to become %q: %s in %q, then %q", f, want[f], d, before, after)
			}
		}
		untouched(t, before, x, changed)
		if names {
			return // a part that is the whole name is not told, so it is set again
		}
		if err := card.Edit(again, rec, changed); err != nil || string(again.Bytes()) != after {
			t.Fatalf("the same edit again: %v\n%q\n%q", err, after, again.Bytes())
		}
	})
}

// untouched holds that properties which say nothing of the changed fields are there with all their
// bytes, in their order.
func untouched(t *rapid.T, before string, after *vcard.Card, changed []string) {
	c := parse(t, before)
	at := 0
	for i := range c.Props {
		p := &c.Props[i]
		f := card.Field(p.Name)
		mine := f == "n" || f == "name" || strings.HasPrefix(p.Name, "X-AB") || f == "custom.android" || slices.Contains(changed, f) || p.Name == "ORG" || p.Name == "X-DEPARTMENT"
		if mine {
			continue
		}
		for at < len(after.Props) && string(after.Props[at].Raw()) != string(p.Raw()) {
			at++
		}
		if at == len(after.Props) {
			t.Fatalf("%q is gone or changed in %q", p.Raw(), after.Bytes())
		}
		at++
	}
}

// Each name in each field, into new cards and into others.
func TestNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ lines, change, want string }{
		"a new name":             {"", "name=Jana Köhler", "name=Jana Köhler"},
		"a new short one":        {"", "name=李伟", "name=李伟"},
		"parts alone":            {"", "given=Jana family=Köhler", "family=Köhler given=Jana name=Jana_Köhler"},
		"a company alone":        {"", "company=ACME", "company=ACME name=ACME"},
		"an address alone":       {"", "email=a@x.example", "email=a@x.example"},
		"a part of a whole":      {"FN:Jana Köhler|N:;Jana Köhler;;;", "family=Köhler", "family=Köhler name=Jana_Köhler"},
		"a Chinese family":       {"FN:李伟|N:李;伟;;;", "family=王", "family=王 given=伟 name=王伟"},
		"none of its parts":      {"FN:The Boss|N:Köhler;Jana;;;", "given=Anna", "family=Köhler given=Anna name=The_Boss"},
		"the name taken out":     {"FN:Jana Köhler|N:Köhler;Jana;;;", "name=", "family=Köhler given=Jana name=Jana_Köhler"},
		"a company that is one":  {"FN:ACME|N:;;;;|ORG:ACME|X-ABShowAs:COMPANY", "company=Optik", "company=Optik"},
		"a company without sign": {"FN:ACME|ORG:ACME;Lab", "company=Optik", "company=Optik department=Lab name=Optik"},
		"two names":              {"FN:A B|FN;LANGUAGE=de:C D", "name=E F", "name=E F"},
		"all of them":            {"", "name=Dr. Jana given=Jana family=K middle=M prefix=Dr suffix=jr", "family=K given=Jana middle=M name=Dr. prefix=Dr suffix=jr"},
	} {
		c.change, c.want = strings.ReplaceAll(c.change, "Jana Köhler", "Jana_Köhler"), strings.ReplaceAll(c.want, "Jana Köhler", "Jana_Köhler")
		c.change, c.want = strings.ReplaceAll(c.change, "E F", "E_F"), strings.ReplaceAll(c.want, "E F", "E_F")
		c.change = strings.ReplaceAll(c.change, "Dr. Jana", "Dr.")
		rec := connectors.Record{}
		var changed []string
		for _, w := range strings.Fields(c.change) {
			f, v, _ := strings.Cut(w, "=")
			changed = append(changed, f)
			if v != "" {
				rec.Fields = append(rec.Fields, field(f, val(strings.ReplaceAll(v, "_", " "))))
			}
		}
		var x *vcard.Card
		var err error
		if c.lines == "" {
			x, err = card.New("u-1", rec)
		} else {
			x = parse(t, text("3.0", "\r\n", strings.Split(c.lines, "|")...))
			err = card.Edit(x, rec, changed)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, _ := card.Read(parse(t, string(x.Bytes())), card.Context{})
		var told []string
		for _, f := range got.Fields {
			for _, v := range f.Values {
				told = append(told, f.Name+"="+strings.ReplaceAll(v.Text, " ", "_"))
			}
		}
		if s := strings.Join(told, " "); s != c.want || x.First("FN") == nil || x.Text("FN") == "" {
			t.Errorf("%s: %s, want %s in\n%s", name, s, c.want, x.Bytes())
		}
	}
}

// A new card says all that the record does.
func TestNewIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rec := connectors.Record{Fields: []connectors.Field{field("name", val("Somebody"))}}
		for _, spec := range card.Writable() {
			if v := someValues(t, spec); len(v) > 0 && !slices.Contains(nameFields, spec.Field) {
				rec.Fields = append(rec.Fields, field(spec.Field, v...))
			}
		}
		x, err := card.New("u-1", rec)
		if err != nil {
			t.Skip("no program could write that account")
		}
		c := parse(t, string(x.Bytes()))
		got, known := card.Read(c, card.Context{})
		if !known || c.Version != "3.0" || c.Text("UID") != "u-1" {
			t.Fatalf("%q", x.Bytes())
		}
		have := byName(got.Fields)
		for _, f := range rec.Fields {
			if d := cmp.Diff(card.Values(rec, f.Name), have[f.Name]); d != "" {
				t.Fatalf("%s: %s in %q", f.Name, d, x.Bytes())
			}
		}
		for _, line := range strings.Split(string(x.Bytes()), "\r\n") {
			if len(line) > 75 {
				t.Fatalf("a line of %d bytes: %q", len(line), line)
			}
		}
	})
}

func FuzzEdit(f *testing.F) {
	for i, l := range lines {
		f.Add([]byte(text("3.0", "\r\n", l, lines[(i*7)%len(lines)])), "note", "x")
		f.Add([]byte(text("2.1", "\n", l)), []string{"email", "phone", "tag", "name", "address", "url"}[i%6], "a@x.example 12")
	}
	f.Fuzz(func(t *testing.T, data []byte, name, value string) {
		for _, c := range vcard.Parse(data) {
			if c.Problem != "" {
				continue
			}
			rec := connectors.Record{Fields: []connectors.Field{field(name, val(value), val(value+"2", "work"))}}
			if err := card.Edit(c, rec, []string{name}); err != nil {
				if connectors.ClassOf(err) != connectors.Invalid {
					t.Fatalf("%v", err)
				}
				continue
			}
			if again := vcard.Parse(c.Bytes()); len(again) != 1 {
				t.Fatalf("%d cards in %q", len(again), c.Bytes())
			}
		}
	})
}

func ExampleEdit() {
	c := vcard.Parse([]byte("BEGIN:VCARD\nVERSION:3.0\nFN:Jana\nX-LENS:50\nTEL;TYPE=CELL:+49 451 1\nEND:VCARD\n"))[0]
	rec := connectors.Record{Fields: []connectors.Field{{Name: "phone", Values: []connectors.Value{{Text: "+49 451 2", Label: "cell"}}}}}
	fmt.Println(card.Edit(c, rec, []string{"phone"}))
	fmt.Print(string(c.Bytes()))
	// Output:
	// <nil>
	// BEGIN:VCARD
	// VERSION:3.0
	// FN:Jana
	// X-LENS:50
	// TEL;TYPE=CELL:+49 451 2
	// END:VCARD
}
