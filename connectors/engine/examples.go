package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// A dry run names this many things of each kind, and looks at this many records to find them.
const (
	namedExamples = 5
	searched      = 20_000
)

// lastQuestion gives the number of the newest question; 0 where there is none.
func (f *reading) lastQuestion(ctx context.Context) (last uint64, err error) {
	err = f.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		newest, err := state.Questions.List(tx, state.Range{Reverse: true, Limit: 1})
		if len(newest) > 0 {
			last = newest[0].Number
		}
		return err
	})
	return last, err
}

// examples puts into the answer of a dry run some of the records that would be new, changed and
// linked, and some of the questions that would be asked. asked is the newest question before it.
func (f *reading) examples(ctx context.Context, asked uint64) error {
	counts := &f.out.Run.Counts
	open := map[string]int64{"new": counts.New, "changed": counts.Changed, "linked": counts.Linked}
	for kind := range open {
		open[kind] = min(open[kind], namedExamples)
	}
	kinds := map[string][]service.ImportExample{}
	take := func(x service.ImportExample) {
		if open[x.Kind] > 0 {
			open[x.Kind]--
			kinds[x.Kind] = append(kinds[x.Kind], x)
		}
	}
	var questions []string
	err := f.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		r := state.PrefixRange("run", state.NumberKey(f.run))
		r.Limit = searched
		for record, err := range state.Records.All(tx, r) {
			if err != nil {
				return err
			}
			if open["new"]+open["changed"]+open["linked"] == 0 {
				break
			}
			if err := f.example(tx, record, take); err != nil {
				return err
			}
		}
		for q, err := range state.Questions.All(tx, state.Range{From: state.NumberKey(asked + 1)}) {
			if err != nil {
				return err
			}
			if q.Kind != state.QuestionRow && q.State == state.QuestionOpen && len(questions) < namedExamples {
				questions = append(questions, state.Questions.Ref(q.Number))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, kind := range []string{"new", "changed", "linked"} {
		f.out.Examples = append(f.out.Examples, kinds[kind]...)
	}
	for _, number := range questions {
		out, err := f.svc.QuestionList(ctx, service.QuestionListIn{Number: number})
		if err != nil {
			return err
		}
		for i := range out.Questions {
			f.out.Examples = append(f.out.Examples, service.ImportExample{Kind: "asked", Question: &out.Questions[i]})
		}
	}
	return nil
}

// example takes what the run did to one record.
func (f *reading) example(tx state.Tx, r *state.Record, take func(service.ImportExample)) error {
	before := *r
	before.Versions = slices.DeleteFunc(slices.Clone(r.Versions), func(v state.Version) bool { return v.Run == f.run })
	now, old := r.Current(), before.Current()
	if now == nil {
		return nil
	}
	x := service.ImportExample{Title: titleOf(now), Where: now.Where}
	if old != nil {
		if x.Fields = changes(old, now); len(x.Fields) > 0 {
			x.Kind = "changed"
			take(x)
		}
		return nil
	}
	x.Kind = "new"
	take(x)
	if r.Kind != state.KindContact {
		return nil
	}
	link, err := state.Links.Find(tx, state.NumberKey(r.Key))
	if err != nil || link == nil || link.Base == link.Home {
		return err
	}
	c, err := state.Customers.Find(tx, state.NumberKey(link.Base))
	if err == nil && c != nil && c.Into != 0 {
		c, err = state.Customers.Find(tx, state.NumberKey(c.Into))
	}
	if err != nil || c == nil || !slices.ContainsFunc(c.Records, func(k uint64) bool { return k != r.Key }) {
		return err
	}
	x.Kind, x.To = "linked", &service.CustomerRef{Number: state.Customers.Ref(c.Number), Name: c.Name, Kind: c.Kind}
	for _, e := range link.Evidence {
		if !e.Against && e.Code != "first_seen" {
			x.Why = append(x.Why, e)
		}
	}
	take(x)
	return nil
}

// titleOf names a record in a few words.
func titleOf(v *state.Version) string {
	if v.Order != nil {
		return v.Order.Number
	}
	name := v.Text(connectors.FieldName)
	if name == "" {
		name = strings.TrimSpace(v.Text(connectors.FieldGiven) + " " + v.Text(connectors.FieldFamily))
	}
	for _, field := range []string{connectors.FieldEmail, connectors.FieldPhone, connectors.FieldCompany, connectors.FieldHandle} {
		if t := v.Text(field); t != "" {
			return strings.TrimSpace(name + " " + t)
		}
	}
	return name
}

// changes lists the fields that two versions tell differently.
func changes(old, now *state.Version) []service.ImportChange {
	var out []service.ImportChange
	add := func(field, a, b string) {
		if a != b {
			out = append(out, service.ImportChange{Field: field, Old: a, New: b})
		}
	}
	said := func(v *state.Version, field string) string {
		var parts []string
		for _, value := range v.Get(field) {
			parts = append(parts, value.Text)
		}
		return strings.Join(parts, ", ")
	}
	var names []string
	for _, v := range []*state.Version{old, now} {
		for _, f := range v.Fields {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		add(name, said(old, name), said(now, name))
	}
	if a, b := old.Order, now.Order; a != nil && b != nil {
		add("order.state", a.State, b.State)
		add("order.total", amount(a.Total, a.Currency), amount(b.Total, b.Currency))
		add("order.refunded", amount(a.Refunded, a.Currency), amount(b.Refunded, b.Currency))
	}
	consents := func(v *state.Version) string {
		var parts []string
		for _, c := range v.Consents {
			parts = append(parts, strings.TrimSpace(c.Channel+" "+c.State))
		}
		return strings.Join(parts, ", ")
	}
	add("consent", consents(old), consents(now))
	return out
}

func amount(minor int64, currency string) string { return fmt.Sprintf("%d %s", minor, currency) }
