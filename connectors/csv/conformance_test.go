package csv

import (
	"fmt"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	people := []string{"Jana Köhler", "李伟", "جميل حداد", "Zoë 🌟", "山田 太郎", "O'Neill, Tom", "Line\nbreak"}
	t.Run("contacts", func(t *testing.T) {
		connectortest.Run(t, connectortest.Harness{Spec: Spec(), File: &connectortest.File{
			Option: "path", Kind: connectors.Contact,
			Header: []string{"Email", "Name", "City", "Registered", "Newsletter", "Note", "Telescope"},
			Row: func(i int) []string {
				return []string{fmt.Sprintf("p%d@example.org", i), people[i%len(people)], "上海", fmt.Sprintf("2024-03-%02d 10:00:00", 1+i/10%28), "yes", "says \"hi\"", "f/" + fmt.Sprint(i%9)}
			},
			Latin: func(i int) []string {
				return []string{fmt.Sprintf("p%d@example.org", i), "Jörg Müßig", "Köln", "2024-03-01 10:00:00", "no", "äöü ÄÖÜ ß é à", "f/" + fmt.Sprint(i%9)}
			},
			BadColumn: "Email", BadCell: "jana@@sternwarte", FreeColumn: "Note",
		}})
	})
	t.Run("orders", func(t *testing.T) {
		connectortest.Run(t, connectortest.Harness{Spec: Spec(), File: &connectortest.File{
			Option: "path", Kind: connectors.Order, Options: map[string]string{"currency": "EUR"},
			Header: []string{"Order Number", "Order Date", "Customer", "Email", "Order Total", "Product", "Quantity", "Order Note"},
			Row: func(i int) []string {
				return []string{fmt.Sprintf("#%d", i), fmt.Sprintf("2024-03-%02d 10:00:00", 1+i/10%28), people[i%len(people)], fmt.Sprintf("p%d@example.org", i%50), "12.50", "望远镜, klein", "1", "🌙"}
			},
			Latin: func(i int) []string {
				return []string{fmt.Sprintf("#%d", i), "2024-03-01 10:00:00", "Jörg Müßig", fmt.Sprintf("p%d@example.org", i%50), "12.50", "Röhre", "1", "für Änne"}
			},
			BadColumn: "Email", BadCell: "jana@@sternwarte", FreeColumn: "Order Note",
		}})
	})
}
