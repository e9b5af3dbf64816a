package match

import (
	_ "embed" // the table of nicknames
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// nicknameTable has a line for each name: NAME:NICKNAME,NICKNAME. See NOTICE.
//
//go:embed nicknames.txt
var nicknameTable string

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
