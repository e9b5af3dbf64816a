package vcard_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/connectors/format/vcard"
)

// expected is what an independent reader found in a card.
type expected struct {
	FN      *string  `json:"fn"`
	N       []string `json:"n"`
	Emails  []string `json:"emails"`
	Tels    []string `json:"tels"`
	Org     []string `json:"org"`
	Adr     int      `json:"adr"`
	Bday    *string  `json:"bday"`
	Version string   `json:"version"`
}

func found(c *vcard.Card) expected {
	e := expected{Version: c.Version, Emails: []string{}, Tels: []string{}}
	text := func(name string) *string {
		if p := c.First(name); p != nil {
			s := p.Text()
			return &s
		}
		return nil
	}
	e.FN, e.Bday = text("FN"), text("BDAY")
	if p := c.First("N"); p != nil {
		e.N = p.Parts()
	}
	if p := c.First("ORG"); p != nil {
		e.Org = p.Parts()
	}
	for i := range c.Props {
		switch p := &c.Props[i]; p.Name {
		case "EMAIL":
			e.Emails = append(e.Emails, p.Text())
		case "TEL":
			e.Tels = append(e.Tels, p.Text())
		case "ADR":
			e.Adr++
		}
	}
	return e
}

// Exports of real phones and mail programs say what an independent reader found in them.
func TestRealExports(t *testing.T) {
	t.Parallel()
	const dir = "../../../../shared/data/contact_vcard"
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Skip("the real exports are not beside this checkout")
	}
	var want map[string][]expected
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) < 6 {
		t.Fatalf("only %d files", len(want))
	}
	for file, cards := range want {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		var got []expected
		var bytes []byte
		for _, c := range vcard.Parse(data) {
			if c.Problem != "" || len(c.Broken) > 0 {
				t.Errorf("%s:%d: %s %v", file, c.Start.Line, c.Problem, c.Broken)
			}
			got, bytes = append(got, found(c)), append(bytes, c.Bytes()...)
		}
		if d := cmp.Diff(cards, got); d != "" {
			t.Errorf("%s: %s", file, d)
		}
		if string(bytes) != string(data) {
			t.Errorf("%s: the cards' bytes are not the file's", file)
		}
	}
}
