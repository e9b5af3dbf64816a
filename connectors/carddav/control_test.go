package carddav

import (
	"fmt"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// cardText writes a card as another program would.
func cardText(uid string, r connectors.Record, at time.Time) string {
	get := func(field string) string {
		for _, f := range r.Fields {
			if f.Name == field && len(f.Values) > 0 {
				return vcard.Escape(f.Values[0].Text)
			}
		}
		return ""
	}
	var b strings.Builder
	line := func(format string, values ...string) {
		if strings.Join(values, "") != "" {
			fmt.Fprintf(&b, format+"\r\n", anys(values)...)
		}
	}
	b.WriteString("BEGIN:VCARD\r\nVERSION:3.0\r\n")
	line("UID:%s", uid)
	line("FN:%s", get("name"))
	line("N:%s;%s;;;", get("family"), get("given"))
	line("ORG:%s", get("company"))
	line("TITLE:%s", get("title"))
	line("EMAIL:%s", get("email"))
	line("TEL:%s", get("phone"))
	line("NOTE:%s", get("note"))
	line("X-TELESCOPE;W=1:f/%s", "5")
	if !at.IsZero() {
		line("REV:%s", at.UTC().Format("20060102T150405Z"))
	}
	b.WriteString("END:VCARD\r\n")
	return b.String()
}

func anys(list []string) []any {
	var out []any
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// Put, Delete, Live and Expire are the suite's side of the fake.
func (f *fake) Put(_ connectors.Kind, id string, r connectors.Record, at time.Time) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id == "" {
		id = fmt.Sprintf("contacts/p%d.vcf", f.seq+1)
	}
	text := cardText("uid-"+strings.TrimPrefix(id, "contacts/"), r, at)
	if f.rewrites {
		text = sortedCard(text)
	}
	f.store(f.books[f.home+"contacts/"], strings.TrimPrefix(id, "contacts/"), text)
	return id, nil
}

func (f *fake) Delete(_ connectors.Kind, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remove(f.books[f.home+"contacts/"], strings.TrimPrefix(id, "contacts/"))
	return nil
}

func (f *fake) Live(connectors.Kind) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []string{}
	for at, b := range f.books {
		for name := range b.cards {
			out = append(out, strings.TrimPrefix(at, f.home)+name)
		}
	}
	return out, nil
}

func (f *fake) Expire() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.epoch++
	f.tokens = map[string]int{}
	return nil
}
