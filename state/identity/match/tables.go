package match

import (
	_ "embed" // the tables
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:generate sh -c "cd ../../../scripts/pinyin && go run . > pinyin.new && mv pinyin.new ../../state/identity/match/pinyin.txt"

// pinyinTable has three lines: the syllables; surnames with a reading of their own; two letters for each character from
// U+4E00 on, which are the number of its syllable. See NOTICE.
//
//go:embed pinyin.txt
var pinyinTable string

// nicknameTable has a line for each name: NAME:NICKNAME,NICKNAME. See NOTICE.
//
//go:embed nicknames.txt
var nicknameTable string

type readingTable struct {
	syllables []string
	surnames  map[string]string
	letters   string
}

var readings = sync.OnceValue(func() readingTable {
	lines := strings.SplitN(pinyinTable, "\n", 3)
	t := readingTable{syllables: strings.Fields(lines[0]), surnames: map[string]string{}, letters: lines[2]}
	for pair := range strings.FieldsSeq(lines[1]) {
		name, how, _ := strings.Cut(pair, "=")
		t.surnames[name] = how
	}
	return t
})

// reading gives a text of Chinese characters in pinyin, without tones and gaps; a character without a reading stays.
func reading(s string) string {
	t := readings()
	var b strings.Builder
	for _, r := range s {
		if i := int(r-0x4e00) * 2; r >= 0x4e00 && i+1 < len(t.letters) && t.letters[i] != '~' && t.letters[i] != '\n' {
			b.WriteString(t.syllables[int(t.letters[i]-'0')*64+int(t.letters[i+1]-'0')])
		} else if r != ' ' {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// surnameReading is reading for a surname, some of which have one of their own.
func surnameReading(s string) string {
	if own, ok := readings().surnames[s]; ok {
		return own
	}
	return reading(s)
}

type nickTable struct {
	formal map[string]uint16   // a name that has nicknames
	of     map[string][]uint16 // a nickname, and the names whose it is
}

var nickTables = sync.OnceValue(func() nickTable {
	t := nickTable{formal: map[string]uint16{}, of: map[string][]uint16{}}
	n := uint16(0)
	for line := range strings.Lines(nicknameTable) {
		name, list, _ := strings.Cut(strings.TrimSpace(line), ":")
		n++
		t.formal[fold(name)] = n
		for nick := range strings.SplitSeq(list, ",") {
			nick = fold(nick)
			t.of[nick] = append(t.of[nick], n)
		}
	}
	return t
})

// nicknames gives the number of a name that has nicknames, 0 else, and behind it those of the names whose nickname it is;
// nil where it is neither.
func nicknames(s string) []uint16 {
	if utf8.RuneCountInString(s) < 2 {
		return nil
	}
	t := nickTables()
	formal, of := t.formal[s], t.of[s]
	if formal == 0 && len(of) == 0 {
		return nil
	}
	return append([]uint16{formal}, of...)
}

// sharesNick reports that one is the nickname of the other. Two nicknames of one name say nothing: the table is not closed.
func sharesNick(a, b []uint16) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	return a[0] != 0 && slices.Contains(b[1:], a[0]) || b[0] != 0 && slices.Contains(a[1:], b[0])
}
