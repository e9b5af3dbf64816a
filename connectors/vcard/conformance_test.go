package vcard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
	formats "github.com/keptcrm/kept/connectors/format/vcard"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	people := []string{"Jana Köhler", "李伟", "جميل حداد", "Zoë 🌟", "山田 太郎", "O'Neill, Tom", "Line\nbreak"}
	write := func(header, row []string) string {
		b := "BEGIN:VCARD\nVERSION:3.0\n"
		for i, name := range header {
			b += name + ":" + formats.Escape(row[i]) + "\n"
		}
		return b + "END:VCARD\n"
	}
	for name, header := range map[string][]string{"by e-mail": {"EMAIL", "FN", "TEL", "REV", "NOTE", "X-TELESCOPE"}, "by UID": {"UID", "FN", "TEL", "REV", "NOTE", "EMAIL"}} {
		t.Run(name, func(t *testing.T) {
			row := func(fn, note func(i int) string) func(i int) []string {
				return func(i int) []string {
					cells := map[string]string{"EMAIL": fmt.Sprintf("p%d@example.org", i), "UID": fmt.Sprintf("u-%d", i), "FN": fn(i), "TEL": fmt.Sprintf("+49 451 %06d", i),
						"REV": fmt.Sprintf("2024-03-%02dT10:00:00Z", 1+i/10%28), "NOTE": note(i), "X-TELESCOPE": "f/" + fmt.Sprint(i%9)}
					var out []string
					for _, h := range header {
						out = append(out, cells[h])
					}
					return out
				}
			}
			connectortest.Run(t, connectortest.Harness{Spec: Spec(), File: &connectortest.File{
				Option: "path", Kind: connectors.Contact, Header: header,
				Row:       row(func(i int) string { return people[i%len(people)] }, func(i int) string { return "says \"hi\"; 上海" }),
				Latin:     row(func(int) string { return "Jörg Müßig" }, func(int) string { return "äöü ÄÖÜ ß é à" }),
				BadColumn: "TEL", BadCell: "none yet", FreeColumn: "NOTE",
				Format: &connectortest.Format{
					Name:  "people.vcf",
					Write: write,
					Line:  func(column int) int { return 2 + column },
					Broken: func(_, row []string) string {
						return "BEGIN:VCARD\nVERSION:3.0\nNOTE:of " + row[0] + strings.Repeat("\nX-LENS:1", len(row)-1) + "\nEND:VCARD\n"
					},
					Scraps: []string{"BEGIN:VCARD", "BEGIN:VCARD\n", "BEGIN:VCARD\nEND:VCARD", "END:VCARD\n", "VCARD", "begin:vcard\nN\n:\n;\nend:vcard\n", "BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\n",
						"BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:=\n", "BEGIN:VCARD\n\x00\xff\nEND:VCARD", "\xff\xfeB\x00E\x00", strings.Repeat("BEGIN:VCARD\n", 9)},
				},
			}})
		})
	}
}
