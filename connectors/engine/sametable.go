package engine

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// How many rows of a table that share an id with its connection are compared, and among how many
// pages they are looked for.
const (
	comparedRows  = 200
	comparedPages = 8
)

// sameTable refuses a table that no layout knows where its rows contradict those that its
// connection has under the same ids: numbers that count from 1 stand in every table, and one
// table's people would become another's. Who names the connection says that it is the same.
func (f *reading) sameTable(ctx context.Context) error {
	if f.in.As != "" || f.src.desc.Layout != "table" {
		return nil
	}
	known := false
	err := f.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		c, err := state.Connections.Find(tx, state.TextKey(f.name))
		known = c != nil && c.LastRun > 0
		return err
	})
	if err != nil || !known {
		return err
	}
	agree, contradict := 0, 0
	var from connectors.Cursor
	for range comparedPages {
		page, err := f.src.pull.Pull(ctx, f.src.kinds[0], from)
		if err != nil {
			return nil // it fails again where it is read, and is told there
		}
		err = f.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
			for i := range page.Changes {
				if agree+contradict == comparedRows {
					return nil
				}
				r := &page.Changes[i].Record
				if r.Keyed != connectors.KeyedID || r.Implied || page.Changes[i].Gone {
					continue
				}
				told, _ := toldOf(f.name, &page.Changes[i])
				found, err := state.Records.By(tx, "id", state.RecordKey(told.Connection, told.Kind, told.ID))
				if err != nil {
					return err
				}
				if len(found) == 0 {
					continue
				}
				switch before := found[0].Current(); compare(before, &told) {
				case agrees:
					agree++
				case contradicts:
					contradict++
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if from = page.Next; !page.More || agree+contradict == comparedRows {
			break
		}
	}
	if contradict > agree {
		return bad(&state.Error{Class: state.Conflict, Code: "connection_table",
			Args: state.Args{"connection": f.name, "file": f.src.name}})
	}
	return nil
}

// comparison is whether two tellings under one id can be about one thing.
type comparison int

const (
	silent comparison = iota // they have nothing in common to compare
	agrees
	contradicts
)

// compare compares what tells people apart: their addresses and numbers and names, else what is
// shared by a few. One that is the same is enough, since people change the others. Orders are told
// apart by who bought when and for how much.
func compare(before *state.Version, told *service.Told) comparison {
	now := &told.Version
	if before == nil {
		return silent
	}
	if a, b := before.Order, now.Order; a != nil && b != nil {
		if a.At.Equal(b.At) && (a.Party == b.Party || a.Total == b.Total) || a.Party != "" && a.Party == b.Party && a.Total == b.Total {
			return agrees
		}
		return contradicts
	}
	for _, fields := range [][]string{
		{connectors.FieldEmail, connectors.FieldPhone, connectors.FieldHandle, connectors.FieldName},
		{connectors.FieldCompany, connectors.FieldURL, connectors.FieldBirthday, connectors.FieldAddress},
	} {
		result := silent
		for _, field := range fields {
			a, b := traits(before, field), traits(now, field)
			if len(a) == 0 || len(b) == 0 {
				continue
			}
			if slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) }) {
				return agrees
			}
			result = contradicts
		}
		if result != silent {
			return result
		}
	}
	return silent
}

// traits gives the values of a field as they are compared: letters and digits alone, the words of a
// name in any order, a phone number by its last digits.
func traits(v *state.Version, field string) []string {
	var out []string
	values := v.Get(field)
	if field == connectors.FieldName {
		whole := v.Text(connectors.FieldGiven) + " " + v.Text(connectors.FieldFamily)
		values = append(slices.Clone(values), state.Value{Text: whole})
	}
	for _, value := range values {
		words := strings.FieldsFunc(strings.ToLower(value.Text), func(c rune) bool {
			return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c)
		})
		if field == connectors.FieldName {
			slices.Sort(words)
		}
		s := strings.Join(words, "")
		if field == connectors.FieldPhone && len(s) > 6 {
			s = s[len(s)-6:]
		}
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
