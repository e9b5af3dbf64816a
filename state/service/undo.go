package service

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// ImportUndo takes back exactly one run: the state is then as if the run had never been, with all
// that came later. What a later run was told unchanged stays, as that run's.
func (s *Service) ImportUndo(ctx context.Context, in ImportUndoIn) (ImportUndoOut, error) {
	do := func(w *state.Writer) (ImportUndoOut, error) {
		n, ok := state.Runs.ParseRef(in.Run)
		if !ok {
			return ImportUndoOut{}, &state.Error{Class: state.Invalid, Code: "bad_run", Args: state.Args{"ref": in.Run}}
		}
		run, err := state.Runs.Number(w.Tx(), n)
		if err != nil {
			return ImportUndoOut{}, err
		}
		switch {
		case run.State == state.RunUndone:
			return ImportUndoOut{}, &state.Error{Class: state.Conflict, Code: "run_undone", Args: state.Args{"ref": in.Run}}
		case run.Kind != "import":
			return ImportUndoOut{}, &state.Error{Class: state.Refused, Code: "not_an_import", Args: state.Args{"ref": in.Run}}
		}
		return s.undo(w, run)
	}
	if in.Dry {
		return dry(ctx, s, "import.undo", state.Args{"run": in.Run}, do)
	}
	return settled(ctx, s, "import.undo", state.Args{"run": in.Run}, do)
}

func (s *Service) undo(w *state.Writer, run *state.Run) (ImportUndoOut, error) {
	var out ImportUndoOut
	told, err := state.Records.By(w.Tx(), "run", state.NumberKey(run.Number))
	if err != nil {
		return out, err
	}
	heirs, err := s.heirs(w.Tx(), run)
	if err != nil {
		return out, err
	}
	counts := run.Counts
	run.State = state.RunUndone
	run.Ended = w.Cause.At
	t := &telling{s: s, w: w, run: run, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}
	before, err := live(w.Tx())
	if err != nil {
		return out, err
	}
	refusals, err := s.countRefusals(w.Tx())
	if err != nil {
		return out, err
	}
	// Orders first, while their buyers' histories still stand.
	slices.SortStableFunc(told, func(a, b *state.Record) int {
		return orderRank(a) - orderRank(b)
	})
	for _, r := range told {
		old := clone(r)
		left := slices.DeleteFunc(slices.Clone(r.Versions), func(v state.Version) bool {
			if v.Run != run.Number {
				return false
			}
			heir, ok := heirs[sawn(r.Key, v.Implied)]
			return !ok || r.Last(v.Implied).Run != run.Number || versionOf(r, heir, v.Implied) >= 0
		})
		for i := range left {
			if left[i].Run == run.Number {
				left[i].Run = heirs[sawn(r.Key, left[i].Implied)]
				out.Stays++
				if ref := state.Runs.Ref(left[i].Run); !slices.Contains(out.Runs, ref) {
					out.Runs = append(out.Runs, ref)
				}
			}
		}
		inherited := len(left) == len(r.Versions)
		r.Versions = left
		if err := t.put(old, r); err != nil {
			return out, err
		}
		switch {
		case len(r.Versions) == 0:
			out.Removed++
		case !inherited:
			out.Restored++
		}
	}
	if err := s.dropTraces(w, run); err != nil {
		return out, err
	}
	if err := t.finish(); err != nil {
		return out, err
	}
	after, err := live(w.Tx())
	if err != nil {
		return out, err
	}
	left, err := s.countRefusals(w.Tx())
	if err != nil {
		return out, err
	}
	out.Customers, out.Refusals = max(0, before-after), max(0, refusals-left)
	run.Counts = counts
	if err := state.Runs.Put(w, run); err != nil {
		return out, err
	}
	if err := s.forgetConnection(w, run); err != nil {
		return out, err
	}
	out.Run = s.ShowRun(w.Tx(), run)
	return out, nil
}

func orderRank(r *state.Record) int {
	if r.Kind == state.KindOrder {
		return 0
	}
	return 1
}

// heirs gives, by record ([sawn]), the first later run of the connection that was told it unchanged.
func (s *Service) heirs(tx state.Tx, run *state.Run) (map[uint64]uint64, error) {
	later, err := state.Runs.List(tx, state.Range{Index: "connection",
		From: state.Join(state.TextKey(run.Connection), state.NumberKey(run.Number+1)), To: state.After(state.TextKey(run.Connection))})
	if err != nil {
		return nil, err
	}
	heirs := map[uint64]uint64{}
	for _, r := range later {
		if r.State == state.RunUndone {
			continue
		}
		for b, err := range tx.Blobs(fmt.Sprintf("%s%016x/", state.BlobSeen, r.Number)) {
			if err != nil {
				return nil, err
			}
			for _, k := range seenRecords(b.Data) {
				if heirs[k] == 0 {
					heirs[k] = r.Number
				}
			}
		}
	}
	return heirs, nil
}

// dropTraces removes what else a run left: the questions of its rows, refusals that it carried to
// parts of a customer, the list of what it saw.
func (s *Service) dropTraces(w *state.Writer, run *state.Run) error {
	questions, err := state.Questions.By(w.Tx(), "run", state.NumberKey(run.Number))
	if err != nil {
		return err
	}
	for _, q := range questions {
		if q.Kind == state.QuestionRow {
			if _, err := state.Questions.Delete(w, state.NumberKey(q.Number)); err != nil {
				return err
			}
		}
	}
	if err := dropCarried(w, 0, run.Number); err != nil {
		return err
	}
	var names []string
	for _, prefix := range []string{state.BlobSeen, state.BlobAside} {
		for b, err := range w.Tx().Blobs(fmt.Sprintf("%s%016x/", prefix, run.Number)) {
			if err != nil {
				return err
			}
			names = append(names, b.Name)
		}
	}
	for _, n := range names {
		if err := w.PutBlob(n, nil); err != nil {
			return err
		}
	}
	return nil
}

// forgetConnection removes a connection that only undone runs knew.
func (s *Service) forgetConnection(w *state.Writer, run *state.Run) error {
	runs, err := state.Runs.List(w.Tx(), state.PrefixRange("connection", state.TextKey(run.Connection)))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(runs, func(r *state.Run) bool { return r.State != state.RunUndone }) {
		return nil
	}
	_, err = state.Connections.Delete(w, state.TextKey(run.Connection))
	return err
}

func dropHistory(w *state.Writer, subject []byte) error {
	var all []*state.Activity
	for a, err := range state.Activities.Read(w.Tx(), subject, state.Range{}) {
		if err != nil {
			return err
		}
		all = append(all, a)
	}
	for _, a := range all {
		if _, err := state.Activities.Remove(w, subject, a); err != nil {
			return err
		}
	}
	return nil
}

// live counts the customers that are not part of another.
func live(tx state.Tx) (int, error) {
	n := 0
	for _, err := range tx.Scan(state.Customers.Kind, state.Range{Index: "live", KeysOnly: true}) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// countRefusals counts the distinct addresses and channels that refuse contact outright.
func (s *Service) countRefusals(tx state.Tx) (int, error) {
	seen := map[string]bool{}
	for c, err := range state.Consents.All(tx, state.Range{Index: "refusal"}) {
		if err != nil {
			return 0, err
		}
		if c.State != state.ConsentWithheld {
			seen[strings.Join([]string{string(c.Identifier.Key()), c.Channel, c.Purpose}, "\x00")] = true
		}
	}
	return len(seen), nil
}
