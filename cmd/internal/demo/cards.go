package demo

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors/format/vcard"
)

// cardLine says which property of a vCard holds which parts of a card.
var cardLines = []struct {
	property string
	parts    []string
}{
	{"N", []string{"Last Name", "First Name", "", "Name Prefix", ""}},
	{"NICKNAME", []string{"Nickname"}},
	{"ORG", []string{"Organization Name"}},
	{"TITLE", []string{"Organization Title"}},
	{"EMAIL;TYPE={E-mail 1 - Label}", []string{"E-mail 1 - Value"}},
	{"EMAIL;TYPE={E-mail 2 - Label}", []string{"E-mail 2 - Value"}},
	{"TEL;TYPE={Phone 1 - Label}", []string{"Phone 1 - Value"}},
	{"ADR;TYPE={Address 1 - Label}", []string{"", "", "Address 1 - Street", "Address 1 - City", "", "Address 1 - Postal Code", "Address 1 - Country"}},
	{"BDAY", []string{"Birthday"}},
	{"NOTE", []string{"Notes"}},
}

// cardsFile writes cards as vCards of version 3.0, as a phone's export has them.
func cardsFile(cards []card) []byte {
	var b bytes.Buffer
	for _, c := range cards {
		cell := map[string]string{}
		for i := 0; i+1 < len(c); i += 2 {
			cell[c[i]] = c[i+1]
		}
		b.WriteString("BEGIN:VCARD\r\nVERSION:3.0\r\n")
		full := strings.TrimSpace(strings.Join([]string{cell["Name Prefix"], cell["First Name"], cell["Last Name"]}, " "))
		for _, name := range []string{full, cell["Nickname"], cell["Organization Name"]} {
			if name = strings.Join(strings.Fields(name), " "); name != "" {
				fold(&b, "FN:"+vcard.Escape(name))
				break
			}
		}
		for _, l := range cardLines {
			parts, some := make([]string, len(l.parts)), false
			for i, p := range l.parts {
				parts[i] = vcard.Escape(cell[p])
				some = some || parts[i] != ""
			}
			if !some && l.property != "N" {
				continue
			}
			head := l.property
			if name, label, ok := strings.Cut(strings.TrimSuffix(head, "}"), "={"); ok {
				head = strings.TrimSuffix(name, ";TYPE")
				if kind := cardTypes[strings.TrimPrefix(cell[label], "* ")]; kind != "" {
					head += ";TYPE=" + kind
				}
			}
			fold(&b, head+":"+strings.Join(parts, ";"))
		}
		if labels := cell["Labels"]; labels != "" {
			fold(&b, "CATEGORIES:"+vcard.Escape(labels))
		}
		b.WriteString("END:VCARD\r\n")
	}
	return b.Bytes()
}

var cardTypes = map[string]string{"Work": "WORK", "Home": "HOME", "Mobile": "CELL"}

// fold writes a line, broken before 75 bytes as vCards are, never within a character.
func fold(b *bytes.Buffer, line string) {
	for room := 75; len(line) > room; room = 74 {
		n := room
		for !utf8.RuneStart(line[n]) {
			n--
		}
		b.WriteString(line[:n] + "\r\n ")
		line = line[n:]
	}
	b.WriteString(line + "\r\n")
}
