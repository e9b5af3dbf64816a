package mbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	subjects := []string{"Rückfrage zum Teleskop", "关于订单的问题", "استفسار عن الطلب", "Order 🌟 received", "望遠鏡について", "O'Neill: \"when?\""}
	bodies := []string{"Hallo, wann kommt das Teleskop?", "请问什么时候发货？", "متى يصل الطلب؟", "From here it looks fine 🔭", "> cited\nand answered", "Line one\n\nLine three"}
	write := func(header, row []string) string {
		b, body := "From shop@example.com Mon Jan  1 12:00:00 2024\n", ""
		for i, name := range header {
			if name == "Body" {
				body = row[i]
				continue
			}
			b += name + ": " + row[i] + "\n"
		}
		lines := strings.Split(body, "\n")
		for len(lines) < 3 {
			lines = append(lines, "")
		}
		return b + "Content-Type: text/plain; charset=utf-8\n\n" + strings.ReplaceAll(strings.Join(lines, "\n"), "\nFrom ", "\n>From ") + "\n\n"
	}
	for name, header := range map[string][]string{"by Message-ID": {"From", "To", "Subject", "Date", "Message-ID", "Body"}, "by content": {"From", "To", "Subject", "Date", "Body"}} {
		t.Run(name, func(t *testing.T) {
			row := func(subject, body func(i int) string) func(i int) []string {
				return func(i int) []string {
					cells := map[string]string{"From": fmt.Sprintf("p%d@example.org", i), "To": "shop@example.com", "Subject": subject(i), "Body": body(i),
						"Date": fmt.Sprintf("%d Mar 2024 10:00:00 +0100", 1+i/10%28), "Message-ID": fmt.Sprintf("<m-%d@example.org>", i)}
					var out []string
					for _, h := range header {
						out = append(out, cells[h])
					}
					return out
				}
			}
			connectortest.Run(t, connectortest.Harness{Spec: Spec(), File: &connectortest.File{
				Option: "path", Kind: connectors.MessageKind, Header: header,
				Row:       row(func(i int) string { return subjects[i%len(subjects)] }, func(i int) string { return bodies[i%len(bodies)] }),
				Latin:     row(func(int) string { return "Jörg Müßig" }, func(int) string { return "äöü ÄÖÜ ß é à" }),
				BadColumn: "Date", BadCell: "gestern um fünf", FreeColumn: "Body",
				Format: &connectortest.Format{
					Name:  "mail.mbox",
					Write: write,
					Line:  func(int) int { return 0 },
					Broken: func(header, row []string) string {
						whole := write(header, row)
						return "From nobody Mon Jan  1 12:00:00 2024\nno header of " + row[0] + strings.Repeat("\nnone", strings.Count(whole, "\n")-3) + "\n\n"
					},
					Bytes: true,
					Cut:   func(row string) int { return strings.Index(row, "Content-Type: text") + 20 },
					Scraps: []string{"From ", "From \n", "From a\n\n", "From a Mon Jan  1 12:00:00 2024", "From a Mon Jan  1 12:00:00 2024\n", "From a Mon Jan  1 12:00:00 2024\n\n", "From a Mon Jan  1 12:00:00 2024\nFrom a Mon Jan  1 12:00:00 2024\n",
						"From:", "From: a@b\n", "Subject:\n\n", "From: a@b\nTo: c\n\n", "From a\nFrom: x\n\n\nFrom b\nFrom: y\nDate:\n", "\n\nFrom a 1:00 2024\nTo: b\nDate: z\nContent-Length: 99999999999999999999\n\nx",
						"From a 1:00 2024\nTo: b\nDate: z\nContent-Type: multipart/mixed; boundary=a\n\n--a\n--a\n--a--", "From: a\nDate: b\nContent-Type: multipart/mixed; boundary=\"\xff\"\n\n--\xff\n"},
				},
			}})
		})
	}
}
