package cmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/api"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/service"
)

func newCheck(f *factory) *cobra.Command {
	in, resolve := service.CheckIn{}, false
	c := &cobra.Command{
		Use:   "check",
		Short: "look for damage in the state, and say what it affects",
		Long: "Read the whole state and look for damage: pages, values, indexes, what refers to what, and\n" +
			"customers that are not what follows from their records. Exit code 3 where there is any.\n" +
			"With --repair indexes and customers are computed again; what people and connections said\n" +
			"is never changed. Where pages of the file cannot be read, all that can is copied to a new file\n" +
			"that takes its place, and the damaged one stays beside it, with .damaged-1 behind its name.\n" +
			"With --resolve it finds out anew who is who, from all records and from what people said,\n" +
			"changes nothing, and prints each record that would be another customer's; exit code 3 where\n" +
			"there is any. --resolve and --repair are asked for one after the other.",
		Example: examples("check", "check --repair", "check --resolve"),
		GroupID: groupCare,
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if resolve && in.Repair {
				return &state.Error{Class: state.Invalid, Code: "check_one_of"}
			}
			bar := f.newBar()
			ctx := state.WithTeller(c.Context(), bar.work)
			if resolve {
				return f.checkLinks(ctx, bar)
			}
			out, err := f.check(ctx, in)
			bar.done()
			if err != nil {
				return err
			}
			if err := f.show(checkCard(f.printer(), out)); err != nil {
				return err
			}
			for _, d := range out.Damages {
				if !d.Repaired {
					return told{&state.Error{Class: state.Findings, Code: "damage_found"}}
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&in.Repair, "repair", false, "compute indexes and customers again")
	c.Flags().BoolVar(&resolve, "resolve", false, "find out anew which records are one customer; change nothing")
	return c
}

// checked is what "kept check" answers.
type checked struct {
	service.CheckOut
	DamagedFile string `json:"damaged_file,omitempty"` // where the file that was replaced stands
}

// errLooked ends the way to a state that was looked at from outside.
var errLooked = errors.New("the damaged file was looked at")

// check checks as the one who has the lock. Where pages cannot be read the file is looked at, or
// replaced, before anybody opens it: a damaged tree is never written to.
func (f *factory) check(ctx context.Context, in service.CheckIn) (checked, error) {
	s, err := f.settings()
	if err != nil {
		return checked{}, err
	}
	if f.o.api != nil {
		out, err := f.o.api.Check(ctx, in)
		return checked{CheckOut: out}, err
	}
	var looked *service.CheckOut
	var saved *bolt.Salvaged
	h := how{alone: true, work: map[bool]string{false: "check", true: "check --repair"}[in.Repair]}
	h.first = func(ctx context.Context) (*bolt.Salvaged, error) {
		if saved != nil || missing(s.state) {
			return saved, nil
		}
		if !in.Repair {
			if looked, err = f.lookAt(ctx, s); err == nil && looked != nil {
				err = errLooked
			}
			return nil, err
		}
		saved, err = bolt.Salvage(ctx, s.state, bolt.SalvageOptions{Kinds: state.Kinds()})
		return saved, err
	}
	table, err := f.api(ctx, h)
	if looked != nil {
		return checked{CheckOut: *looked}, nil
	}
	if err != nil {
		return checked{}, err
	}
	out, err := table.Check(ctx, in)
	c := checked{CheckOut: out}
	if saved != nil {
		c.DamagedFile = saved.Kept
	}
	return c, err
}

// lookAt checks a damaged file in a copy of what can be read of it; nil where all can be.
func (f *factory) lookAt(ctx context.Context, s settings) (*service.CheckOut, error) {
	dir, err := os.MkdirTemp("", "kept-check-*")
	if err != nil {
		return nil, &state.Error{Class: state.Failed, Code: "no_temporary", Cause: err}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "kept.db")
	found, err := bolt.Salvage(ctx, s.state, bolt.SalvageOptions{Kinds: state.Kinds(), To: path})
	if found == nil || err != nil {
		return nil, err
	}
	store, err := bolt.Open(path, bolt.Options{Kinds: state.Kinds(), Salvaged: found})
	if err != nil {
		return nil, err
	}
	out, err := f.serve(s, store, f.engineEnv(s)).Check(api.WithRequest(ctx, api.Request{Actor: f.login(), Zone: s.zone}), service.CheckIn{})
	return &out, errors.Join(err, store.Close())
}

// maxDamages is how many damages are listed one by one; they come in thousands where they come.
const maxDamages = 50

func checkCard(p *text.Printer, out checked) bot.Card {
	s := newSheet("", out)
	var total int64
	for _, n := range out.Counts {
		total += n
	}
	read := p.Count(total, "document", "documents") + " read, " + p.Count(out.Counts["customer"], "customer", "customers")
	if len(out.Damages) == 0 {
		return s.lines("", read+": no damage").card
	}
	var rows []bot.Row
	repaired, open := 0, 0
	for _, d := range out.Damages {
		what := "stays"
		if d.Repaired {
			repaired++
			what = "repaired"
		} else {
			open++
			if out.DamagedFile != "" && len(d.Lost) > 0 {
				what = "lost"
			}
		}
		if len(rows) < maxDamages {
			rows = append(rows, row("", alarm(p.Term("damage", d.Code)), plain(joined(" ", d.Collection, d.Index)), dim(d.Detail), plain(what)))
		}
	}
	s.lines("", read+": "+p.Count(int64(len(out.Damages)), "damage", "damages")+", "+p.Number(int64(repaired))+" repaired, "+p.Number(int64(open))+" left")
	s.table("", 2, rows)
	if n := len(out.Damages) - len(rows); n > 0 {
		s.lines("", "and "+p.Number(int64(n))+" more: "+p.Command("check --output jsonl"))
	}
	var affected []bot.Row
	for _, c := range out.Affected {
		affected = append(affected, refRow(c))
	}
	s.table("affected", 1, affected)
	s.table("", 1, lostRows(p, out.Damages))
	switch {
	case out.DamagedFile != "" && open > 0:
		s.foot(p.T("lost.kept", state.Args{"path": out.DamagedFile}), "To look for it in a backup: "+p.Command("restore FILE"))
	case out.DamagedFile != "":
		s.foot(p.T("lost.replaced", state.Args{"path": out.DamagedFile}))
	case open > 0:
		s.foot("Make a copy of the file first; then: "+p.Command("check --repair"), "What stays after that comes back from a backup: "+p.Command("restore FILE"))
	}
	return s.card
}

// lostRows say in people's words what cannot be read any more.
func lostRows(p *text.Printer, damages []state.Damage) []bot.Row {
	var rows []bot.Row
	for _, d := range damages {
		for _, g := range d.Lost {
			key := "lost." + g.Collection
			if g.First != "" && text.Has(key+"."+g.First[:1]) {
				key += "." + g.First[:1]
			}
			what := g.Collection
			if text.Has(key) {
				what = p.T(key, state.Args{"first": g.First, "last": g.Last})
			}
			if !g.Surely {
				what = p.T("lost.maybe", state.Args{"what": what})
			}
			if len(rows) < maxDamages {
				rows = append(rows, row("", alarm(what)))
			}
		}
	}
	return rows
}
