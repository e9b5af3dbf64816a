package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// maxRefusals is how many refusals of one file an answer lists.
const maxRefusals = 100

// importing is one Import.
type importing struct {
	e    *Engine
	svc  *service.Service // the state's, or a scratch copy's
	in   service.ImportIn
	out  service.ImportOut
	open map[string]bool // questions about rows of these files that wait
}

// Import reads files into the state, one after the other, or with In.Dry into a copy of it. The
// answer is filled as far as it came also where there is an error:
//
//	import_partly     (Partly) files could not be read, or rows wait as questions; args files, rows
//	import_stopped    (Cancelled) the same call goes on where it stopped; args file, done, total
//	a file's own      the only file could not be read
//	anything else     the state cannot be written to; what was committed stands
func (e *Engine) Import(ctx context.Context, in service.ImportIn) (service.ImportOut, error) {
	j := &importing{e: e, svc: e.svc, in: in, open: map[string]bool{}}
	j.out.Dry = in.Dry
	j.out.Files = []service.ImportFile{}
	if err := e.checkImport(in); err != nil {
		return j.out, err
	}
	if err := ctx.Err(); err != nil {
		return j.out, state.AsError(err)
	}
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return j.out, state.AsError(ctx.Err())
	}
	defer func() { <-e.turn }()

	// Each transaction of an import is one of its own, so the request's ID, which is for one, is
	// not theirs: the whole is safe to repeat by its content.
	caller := service.CallerOf(ctx)
	caller.Request = ""
	ctx = service.WithCaller(ctx, caller)

	if in.Dry {
		scratch, discard, err := e.env.Scratch(ctx)
		if err != nil {
			return j.out, err
		}
		defer discard()
		j.svc = scratch
	}
	err := j.files(ctx)
	// What was committed is told even where the caller has given up.
	if sumErr := j.total(context.WithoutCancel(ctx)); err == nil {
		err = sumErr
	}
	return j.out, err
}

func (e *Engine) checkImport(in service.ImportIn) error {
	if len(in.Files) == 0 {
		return &state.Error{Class: state.Invalid, Code: "no_files"}
	}
	if in.As != "" {
		if err := checkName(in.As); err != nil {
			return err
		}
	}
	if in.Type != "" && e.spec(in.Type) == nil {
		return &state.Error{Class: state.Invalid, Code: "no_such_connector", Args: state.Args{"type": in.Type}}
	}
	if in.Dry && e.env.Scratch == nil {
		return &state.Error{Class: state.Failed, Code: "no_scratch"}
	}
	return nil
}

// files reads all files; one that cannot be read does not stop the others.
func (j *importing) files(ctx context.Context) error {
	failed := 0
	for _, path := range j.in.Files {
		f := &reading{importing: j, out: service.ImportFile{File: path, Rejected: []service.ImportRefusal{}}}
		err := f.read(ctx)
		j.out.Files = append(j.out.Files, f.out)
		var bad *badFile
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return &state.Error{Class: state.Cancelled, Code: "import_stopped", Cause: err, Args: state.Args{
				"file": path, "done": strconv.FormatInt(f.progress.Done, 10), "total": strconv.FormatInt(f.progress.Total, 10)}}
		case errors.As(err, &bad):
			failed++
			j.out.Files[len(j.out.Files)-1].Error = bad.err
			if len(j.in.Files) == 1 {
				return bad.err
			}
		default:
			return err
		}
	}
	if failed > 0 || len(j.open) > 0 {
		return &state.Error{Class: state.Partly, Code: "import_partly", Args: state.Args{
			"files": strconv.Itoa(failed), "rows": strconv.Itoa(len(j.open))}}
	}
	return nil
}

// badFile is an error of one file, which does not concern the others.
type badFile struct{ err *state.Error }

func (b *badFile) Error() string { return b.err.Error() }
func (b *badFile) Unwrap() error { return b.err }

func bad(err error) error {
	if err == nil {
		return nil
	}
	return &badFile{err: state.AsError(err)}
}

// total adds the files up.
func (j *importing) total(ctx context.Context) error {
	t := service.Run{Kind: "import", State: state.RunDone, Sums: []state.Sum{}}
	sums := map[string][]state.Sum{}
	for i := range j.out.Files {
		r := &j.out.Files[i].Run
		if r.Number == "" {
			continue
		}
		addCounts(&t.Counts, &r.Counts)
		addMail(&t, r.Mail)
		sums[r.Connection] = r.Sums
		if t.Started.IsZero() || r.Started.Before(t.Started) {
			t.Started = r.Started
		}
		if r.Ended.After(t.Ended) {
			t.Ended = r.Ended
		}
		if r.State != state.RunDone {
			t.State = r.State
		}
		t.Actor = r.Actor
	}
	for _, lines := range sums {
		t.Sums = append(t.Sums, lines...)
	}
	slices.SortFunc(t.Sums, func(a, b state.Sum) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Currency, b.Currency))
	})
	if len(sums) == 1 {
		for name := range sums {
			t.Connection = name
		}
	}
	j.out.Total = t
	return j.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		var err error
		j.out.Asks, j.out.More, err = service.CountQuestions(tx)
		return err
	})
}

func addCounts(to, c *state.Counts) {
	to.Told += c.Told
	to.Seen += c.Seen
	to.Aside += c.Aside
	to.Partly += c.Partly
	to.Records += c.Records
	to.New += c.New
	to.Changed += c.Changed
	to.Same += c.Same
	to.Gone += c.Gone
	to.Customers += c.Customers
	to.Linked += c.Linked
	to.Asked += c.Asked
	to.Refusals += c.Refusals
	to.Answered += c.Answered
	to.Forgotten += c.Forgotten
}

// reading is the import of one file.
type reading struct {
	*importing
	src      *source
	name     string // of the connection
	run      uint64
	out      service.ImportFile
	progress Progress
	local    map[string]bool // phone numbers that tell no country
	fresh    atomic.Bool     // most of what is told is new
}

// read imports one file. An error that concerns the file alone is a *badFile.
func (f *reading) read(ctx context.Context) error {
	name, done, err := f.e.spool(ctx, f.out.File)
	if err != nil {
		return bad(err)
	}
	defer done()
	f.out.File, f.progress.File = name, name
	if err := f.openSource(ctx); err != nil {
		return err
	}
	defer func() { f.src.close() }()
	f.describe()
	if err := f.sameTable(ctx); err != nil {
		return err
	}
	digest, err := f.e.digest(ctx, f.src, f.name)
	if err != nil {
		return bad(err)
	}
	asked := uint64(0)
	if f.in.Dry {
		if asked, err = f.lastQuestion(ctx); err != nil {
			return err
		}
	}
	for restarted := false; ; restarted = true {
		run, err := f.begin(ctx, digest)
		if err != nil {
			return err
		}
		f.run = run.Number
		err = f.pull(ctx, run)
		if err == nil {
			err = f.svc.EndMail(ctx, run.Number)
		}
		if showErr := f.show(context.WithoutCancel(ctx)); err == nil {
			err = showErr
		}
		if err == nil && f.in.Dry {
			err = f.examples(ctx, asked)
		}
		if connectors.ClassOf(err) != connectors.CursorExpired {
			return err
		}
		// The source cannot be gone on with from there. What was told stands; from the start again.
		if stopErr := f.interrupt(ctx, run.Number); stopErr != nil {
			return stopErr
		}
		if restarted {
			return bad(fileError(f.out.File, err))
		}
	}
}

// openSource opens the file, and a second time where an earlier import of the same connection and
// layout was told something about it (a corrected column) that this call does not say.
func (f *reading) openSource(ctx context.Context) error {
	src, err := f.e.source(ctx, f.out.File, f.in.Type, f.in.Options, nil)
	if err != nil {
		return bad(err)
	}
	f.src, f.name = src, cmp.Or(f.in.As, src.desc.Layout)
	var remembered map[string]string
	err = bad(checkName(f.name))
	if err == nil {
		err = f.svc.Look(ctx, func(tx state.Tx, _ time.Time) (err error) {
			remembered, err = known(tx, f.name, f.in.As != "", src)
			return err
		})
	}
	if err != nil {
		src.close()
		return err
	}
	_, asked := f.e.optionsFor(src.spec, f.in.Options, remembered)
	if len(asked) == len(src.asked) {
		return nil
	}
	src.close()
	f.src, err = f.e.source(ctx, f.out.File, src.spec.Name, f.in.Options, remembered)
	return bad(err)
}

// describe puts into the answer how the file was understood.
func (f *reading) describe() {
	d := &f.src.desc
	f.out.Layout, f.out.Encoding = d.Layout, d.Encoding
	if len(f.src.kinds) == 1 {
		f.out.Kind = string(f.src.kinds[0])
	}
	f.progress.Total = d.Rows
	if !f.in.Dry {
		return
	}
	for _, c := range d.Columns {
		samples := append([]string{}, c.Samples[:min(len(c.Samples), 3)]...)
		f.out.Columns = append(f.out.Columns, service.ImportColumn{Name: c.Name, Field: c.Field, Why: c.Why, Samples: samples})
	}
}

// show puts the run into the answer.
func (f *reading) show(ctx context.Context) error {
	return f.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		r, err := state.Runs.Number(tx, f.run)
		if err != nil {
			return err
		}
		f.out.Run = f.svc.ShowRun(tx, r)
		if r.Mail != nil {
			f.out.Connection, err = f.svc.ShowConnection(tx, r.Connection)
		}
		return err
	})
}
