// Package pinyin reads Chinese characters aloud: their pinyin without tones, as passports write it (lü is lu). It is pure, and costs
// nothing until it is first asked.
package pinyin

import (
	_ "embed" // the table
	"strings"
	"sync"
)

//go:generate sh -c "cd ../../../scripts/pinyin && go run . > pinyin.new && mv pinyin.new ../../state/identity/pinyin/pinyin.txt"

// table has three lines: the syllables; surnames with a reading of their own; two letters for each character from U+4E00 on, which
// are the number of its syllable. See NOTICE.
//
//go:embed pinyin.txt
var table string

type readings struct {
	syllables []string
	surnames  map[string]string
	letters   string
}

var read = sync.OnceValue(func() readings {
	lines := strings.SplitN(table, "\n", 3)
	t := readings{syllables: strings.Fields(lines[0]), surnames: map[string]string{}, letters: lines[2]}
	for pair := range strings.FieldsSeq(lines[1]) {
		name, how, _ := strings.Cut(pair, "=")
		t.surnames[name] = how
	}
	return t
})

// Syllable gives the most frequent reading of one character; "" where it has none.
func Syllable(r rune) string {
	t := read()
	i := int(r-0x4e00) * 2
	if r < 0x4e00 || i+1 >= len(t.letters) || t.letters[i] == '~' || t.letters[i] == '\n' {
		return ""
	}
	return t.syllables[int(t.letters[i]-'0')*64+int(t.letters[i+1]-'0')]
}

// Of gives a text in pinyin without gaps; a character without a reading stays.
func Of(s string) string {
	var b strings.Builder
	for _, r := range s {
		if p := Syllable(r); p != "" {
			b.WriteString(p)
		} else if r != ' ' {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Surname is Of for a surname, some of which have a reading of their own: 单 is shan, 曾 zeng, 单于 chanyu.
func Surname(s string) string {
	if own, ok := read().surnames[s]; ok {
		return own
	}
	return Of(s)
}
