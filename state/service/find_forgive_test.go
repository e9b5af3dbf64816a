package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keptcrm/kept/state"
)

// names gives the names of those who are found, best first, each with why.
func (h *house) names(query string) []string {
	h.t.Helper()
	out := must[FindOut](h)(h.s.Find(context.Background(), FindIn{Query: query}))
	var got []string
	for _, x := range out.Hits {
		got = append(got, x.Customer.Name+" "+x.Why)
	}
	return got
}

func TestFindForgives(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(
		person1("shop", "1", "name", "李伟", "email", "a1@example.org", "phone", "+86 138 0013 8000"),
		person1("shop", "2", "name", "李薇", "email", "a2@example.org"),
		person1("shop", "3", "name", "Li Wei", "email", "a3@example.org"),
		person1("shop", "4", "name", "Wei Li", "email", "a4@example.org"),
		person1("shop", "5", "name", "張偉", "email", "a5@example.org"),
		person1("shop", "6", "name", "王小明", "email", "a6@example.org"),
		person1("shop", "7", "name", "单雄信", "email", "a7@example.org"),
		person1("shop", "8", "name", "Jürgen Müller", "email", "a8@example.org", "company", "Sternwarte Lübeck e.V.", "phone", "+49 451 901820"),
		person1("shop", "9", "name", "John Smith", "email", "a9@example.org"),
		person1("shop", "10", "name", "Björn Ångström", "email", "a10@example.org"),
		person1("shop", "11", "name", "Łukasz Wójcik", "email", "a11@example.org"),
		person1("shop", "12", "name", "Иван Петров", "email", "a12@example.org"),
		person1("shop", "13", "name", "محمّد علي", "email", "a13@example.org"),
		person1("shop", "14", "name", "Νίκος Παπάς", "email", "a14@example.org"),
		person1("shop", "15", "name", "Anna Maria van der Berg", "email", "a15@example.org"),
		person1("shop", "16", "name", "김민수", "email", "a16@example.org"),
		person1("shop", "17", "name", "欧阳娜娜", "email", "a17@example.org"),
	)
	for query, want := range map[string]string{
		"li wei":            "Li Wei name, Wei Li name, 李伟 pinyin, 李薇 pinyin",
		"Wei, Li":           "Li Wei name, Wei Li name, 李伟 pinyin, 李薇 pinyin",
		"liwei":             "Li Wei name, Wei Li name, 李伟 pinyin, 李薇 pinyin",
		"李伟":                "李伟 name, Li Wei pinyin, Wei Li pinyin, 李薇 pinyin",
		"李薇":                "李薇 name, Li Wei pinyin, Wei Li pinyin, 李伟 pinyin",
		"lw":                "李伟 initials, 李薇 initials",
		"zhangwei":          "張偉 pinyin",
		"zhang w":           "張偉 pinyin",
		"张伟":                "張偉 name",
		"张玮":                "張偉 pinyin",
		"wang xiao ming":    "王小明 pinyin",
		"wangxiaoming":      "王小明 pinyin",
		"xiaoming":          "王小明 pinyin",
		"ming":              "王小明 pinyin",
		"王大明":               "王小明 typo",
		"陈小明":               "王小明 typo",
		"小明":                "王小明 name",
		"shan xiongxin":     "单雄信 pinyin",
		"dan xiongxin":      "单雄信 pinyin",
		"ouyang nana":       "欧阳娜娜 pinyin",
		"Müler":             "Jürgen Müller typo",
		"Mueller":           "Jürgen Müller name",
		"juergen mueller":   "Jürgen Müller name",
		"muller jurgen":     "Jürgen Müller name",
		"Herr Müller":       "Jürgen Müller name",
		"jon smth":          "John Smith typo",
		"Smiht":             "John Smith typo",
		"johnsmith":         "John Smith name",
		"sternwarte":        "Sternwarte Lübeck e.V. name, Jürgen Müller company",
		"sternwarte müller": "Jürgen Müller name",
		"Lübeck Sternw":     "Sternwarte Lübeck e.V. name, Jürgen Müller company",
		"901820":            "Jürgen Müller phone",
		"1820":              "Jürgen Müller phone",
		"muller 1820":       "Jürgen Müller name",
		"angstrom":          "Björn Ångström name",
		"bjoern":            "Björn Ångström name",
		"wojcik lukasz":     "Łukasz Wójcik name",
		"petrov":            "Иван Петров pinyin",
		"ПЕТРОВ":            "Иван Петров name",
		"Петрав":            "Иван Петров typo",
		"محمد":              "محمّد علي name",
		"papas":             "Νίκος Παπάς pinyin",
		"ber mar":           "Anna Maria van der Berg name",
		"berg anna":         "Anna Maria van der Berg name",
		"민수":                "김민수 name",
		"nothing at all":    "",
	} {
		if got := strings.Join(h.names(query), ", "); got != want {
			t.Errorf("%q finds\n     %s\nwant %s", query, got, want)
		}
	}
}

// Whoever changes something must name a customer surely; whoever reads is understood.
func TestGuessesAreForReading(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	crowd(h)
	for ref, who := range map[string]string{"Svetlna": "sv@neill.example", "li wei": "wei@cn.example", "lw": "wei@cn.example", "Suhrto": "su@id.example"} {
		want := h.ref(who)
		out := must[CustomerShowOut](h)(h.s.CustomerShow(context.Background(), CustomerShowIn{Ref: ref}))
		if out.Customer.Number != want {
			t.Errorf("%q shows %s, want %s", ref, out.Customer.Number, want)
		}
		_, err := h.s.Note(context.Background(), NoteIn{Ref: ref, Text: "called"})
		if args := h.refused(err, state.NotFound, "no_customer"); !strings.HasPrefix(args["near"], want+"\t") {
			t.Errorf("%q suggests %q, want %s", ref, args["near"], want)
		}
	}
	// A guess among several is no guess.
	h.tell(person1("shop", "20", "name", "李薇"))
	_, err := h.s.CustomerShow(context.Background(), CustomerShowIn{Ref: "li wei"})
	h.refused(err, state.Ambiguous, "several_customers")
}

// Each word of a name finds its customer, in any order, and with any one edit where it has five letters.
func TestFindLaws(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var told []Told
	var people [][]string
	for i, given := range strings.Fields("Jana Tobias Wilhelmina Søren Анастасия Xiuying Guðrún Nguyễn François") {
		for j, family := range strings.Fields("Köhler Featherstone Wójcik Kowalczyk Ivanova Strauß") {
			people = append(people, []string{given, family})
			told = append(told, person1("shop", fmt.Sprint(i, "-", j), "given", given, "family", family, "email", fmt.Sprintf("p%d.%d@example.org", i, j)))
		}
	}
	h.tell(told...)
	rapid.Check(t, func(rt *rapid.T) {
		p := rapid.SampledFrom(people).Draw(rt, "person")
		words := slices.Clone(p)
		if rapid.Bool().Draw(rt, "turned") {
			slices.Reverse(words)
		}
		edited := rapid.IntRange(-1, 1).Draw(rt, "edited")
		if edited >= 0 {
			runes := []rune(strings.ReplaceAll(words[edited], "ß", "ss")) // two letters to whoever looks for it
			if len(runes) < 5 {
				rt.Skip("too short")
			}
			at := rapid.IntRange(0, len(runes)-1).Draw(rt, "at")
			letter := rapid.SampledFrom([]rune("abcdefghijklmnopqrstuvwxyz")).Draw(rt, "letter")
			if runes[0] > 0x400 {
				letter = rapid.SampledFrom([]rune("абвгдежзиклмнопрстуфхцчшщъыьэюя")).Draw(rt, "letter")
			}
			switch rapid.IntRange(0, 3).Draw(rt, "edit") {
			case 0:
				runes = slices.Delete(runes, at, at+1)
			case 1:
				runes = slices.Insert(runes, at, letter)
			case 2:
				runes[at] = letter
			default:
				if at+1 < len(runes) {
					runes[at], runes[at+1] = runes[at+1], runes[at]
				}
			}
			words[edited] = string(runes)
		}
		query := strings.Join(words, " ")
		out, err := h.s.Find(context.Background(), FindIn{Query: query})
		if err != nil {
			rt.Fatal(err)
		}
		want := p[0] + " " + p[1]
		if !slices.ContainsFunc(out.Hits, func(x Hit) bool { return x.Customer.Name == want }) {
			rt.Fatalf("%q does not find %s but %v", query, want, out.Hits)
		}
	})
}
