package service

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/keptcrm/kept/internal/race"
	"github.com/keptcrm/kept/state"
)

// publicContacts reads one of the sets with known truth that lie beside the checkout as the
// contacts of an address book; address names the columns that make the street.
func publicContacts(t *testing.T, name string, fields map[string]string) (told []Told, truth map[string]string) {
	t.Helper()
	read := func(file string) [][]string {
		f, err := os.Open(filepath.Join("../../../shared/data", name, file))
		if err != nil {
			t.Skipf("the set %s is not beside this checkout: %v", name, err)
		}
		defer func() { _ = f.Close() }()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	truth = map[string]string{}
	for _, r := range read("truth.csv")[1:] {
		truth[r[0]] = r[1]
	}
	rows := read("records.csv")
	for _, r := range rows[1:] {
		var v state.Version
		parts := map[string]string{}
		for c, text := range r {
			switch to := fields[rows[0][c]]; to {
			case "":
			case "street", "street2", "city", "postcode":
				if parts[to] != "" && text != "" {
					text = parts[to] + " " + text
				}
				if text != "" {
					parts[to] = text
				}
			default:
				if text != "" {
					v.Fields = append(v.Fields, state.Field{Name: to, Values: []state.Value{{Text: text}}})
				}
			}
		}
		if len(parts) > 0 {
			v.Fields = append(v.Fields, state.Field{Name: "address", Values: []state.Value{{Parts: parts}}})
		}
		told = append(told, Told{Connection: "book", Kind: state.KindContact, ID: r[0], Keyed: state.KeyedContent, Version: v})
	}
	return told, truth
}

// TestLinkQuality tells public sets to the service and compares what it joined by itself, and what
// it would ask first, with the truth.
func TestLinkQuality(t *testing.T) {
	t.Parallel()
	febrl := map[string]string{"given_name": "given", "surname": "family", "street_number": "street", "address_1": "street", "address_2": "street2",
		"suburb": "city", "postcode": "postcode", "date_of_birth": "birthday"}
	for _, set := range []struct {
		name              string
		fields            map[string]string
		precision, recall float64 // of links
		asked             float64 // how many of the first hundred questions are right
		learnt            float64 // recall of links by what the set itself taught; the precision is the same
	}{
		{"er_febrl1", febrl, 0.995, 0.74, 0.9, 0.74},
		{"er_febrl2", febrl, 0.995, 0.65, 0.9, 0.66},
		{"er_fake1000", map[string]string{"first_name": "given", "surname": "family", "dob": "birthday", "city": "city", "email": "email"}, 0.995, 0.25, 0.9, 0.32},
		// Organisations join by their name and place alone. What stands against the truth here are sites that it holds for
		// two although name, house and phone are the same.
		{"er_dedupe_sites", map[string]string{"Site name": "company", "Address": "street", "Zip": "postcode", "Phone": "phone", "Email Address": "email"}, 0.98, 0.75, 0, 0.75},
	} {
		if race.Enabled && set.name != "er_fake1000" {
			continue
		}
		t.Run(set.name, func(t *testing.T) {
			t.Parallel()
			told, truth := publicContacts(t, set.name, set.fields)
			w := newWorld(t, t)
			for len(told) > 0 {
				n := min(700, len(told))
				w.importRun("book", told[:n])
				told = told[n:]
			}
			linkQuality(t, w, truth, set.name+" with safe defaults", set.precision, set.recall, set.asked)
			out := w.learn(CustomerLearnIn{})
			linkQuality(t, w, truth, set.name+fmt.Sprintf(" with what %d contacts taught", out.Model.Contacts), set.precision, set.learnt, set.asked)
		})
	}
}

// linkQuality compares the links of a state, and its first questions, with the truth.
func linkQuality(t *testing.T, w *world, truth map[string]string, name string, wantPrecision, wantRecall, wantAsked float64) {
	t.Helper()
	groups, firsts, asked := map[uint64][]string{}, 0, 0
	w.must(w.s.Look(context.Background(), func(tx state.Tx, _ time.Time) error {
		clear(groups)
		firsts, asked = 0, 0
		id := func(k uint64) (string, error) {
			r, err := state.Records.Number(tx, k)
			if err != nil {
				return "", err
			}
			return r.ID, nil
		}
		for l, err := range state.Links.All(tx, state.Range{}) {
			if err != nil {
				return err
			}
			r, err := id(l.Record)
			if err != nil {
				return err
			}
			if truth[r] != "" {
				groups[l.Base] = append(groups[l.Base], r)
			}
		}
		for q, err := range state.Questions.All(tx, state.Range{Index: "open"}) {
			if err != nil {
				return err
			}
			if q.Kind != state.QuestionMatch || asked == 100 {
				continue
			}
			a, err := id(q.RecordA)
			if err != nil {
				return err
			}
			b, err := id(q.RecordB)
			if err != nil {
				return err
			}
			asked++
			if truth[a] == truth[b] {
				firsts++
			}
		}
		return nil
	}))
	linked, right, real := 0, 0, 0
	of := map[string]int{}
	for _, e := range truth {
		of[e]++
	}
	for _, n := range of {
		real += n * (n - 1) / 2
	}
	for _, g := range groups {
		for x, a := range g {
			for _, b := range g[x+1:] {
				linked++
				if truth[a] == truth[b] {
					right++
				}
			}
		}
	}
	precision, recall := 1.0, float64(right)/float64(real)
	if linked > 0 {
		precision = float64(right) / float64(linked)
	}
	t.Logf("%s: %d links, precision %.4f, recall %.4f; of the first %d questions %d are right", name, linked, precision, recall, asked, firsts)
	if precision < wantPrecision || recall < wantRecall || float64(firsts) < wantAsked*float64(asked) {
		t.Errorf("the goals are precision %.3f, recall %.2f, and of the questions %.2f", wantPrecision, wantRecall, wantAsked)
	}
}
