package engine

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// known checks that a connection may take a source, and gives the options that a person set when it
// last took one of the same layout; nil where there were none.
//
// A connection is one account at one system, so it cannot be of two types, and one kind of its
// records cannot come from two vendors: their ids would mean two things.
//
// Two tables that no layout knows may have the same ids and nothing else in common: without a name
// that a person gave (named), one is not read into the other's connection.
func known(tx state.Tx, connection string, named bool, s *source) (map[string]string, error) {
	c, err := state.Connections.Find(tx, state.TextKey(connection))
	if err != nil {
		return nil, err
	}
	if c != nil && c.Type != s.spec.Name {
		return nil, bad(&state.Error{Class: state.Conflict, Code: "connection_type",
			Args: state.Args{"connection": connection, "type": c.Type, "wanted": s.spec.Name}})
	}
	r := state.PrefixRange("connection", state.TextKey(connection))
	r.Reverse = true
	runs, err := state.Runs.List(tx, r)
	if err != nil {
		return nil, err
	}
	// A file of which nothing was kept says nothing about the connection.
	kept := slices.ContainsFunc(runs, func(r *state.Run) bool { return r.State != state.RunUndone && r.Counts.Records > 0 })
	if c != nil && kept && !named && c.Layout == s.desc.Layout && otherTable(c.Columns, s.columns()) {
		return nil, bad(&state.Error{Class: state.Conflict, Code: "connection_table",
			Args: state.Args{"connection": connection, "file": s.name}})
	}
	var remembered map[string]string
	for _, run := range runs {
		if run.State == state.RunUndone || run.Counts.Records == 0 {
			continue
		}
		if slices.Contains(s.kinds, connectors.Kind(run.RecordKind)) && vendor(run.Layout) != vendor(s.desc.Layout) {
			return nil, bad(&state.Error{Class: state.Conflict, Code: "connection_layout",
				Args: state.Args{"connection": connection, "layout": run.Layout, "wanted": s.desc.Layout, "kind": run.RecordKind}})
		}
		if remembered == nil && run.Layout == s.desc.Layout {
			remembered = optionsOf(run.Options)
		}
	}
	if remembered == nil && c != nil && c.Layout == s.desc.Layout {
		remembered = optionsOf(c.Options)
	}
	return remembered, nil
}

// otherTable says whether columns are those of another table: less than half of the shorter list
// stand in both.
func otherTable(before, now []string) bool {
	common := 0
	for _, c := range now {
		if slices.Contains(before, c) {
			common++
		}
	}
	return len(before) > 0 && len(now) > 0 && 2*common < min(len(before), len(now))
}

// columns are the names of a table's columns where nothing else tells it from other tables.
func (s *source) columns() []string {
	if s.desc.Layout != "table" {
		return nil
	}
	var names []string
	for _, c := range s.desc.Columns {
		names = append(names, strings.ToLower(strings.TrimSpace(c.Name)))
	}
	return names
}

// vendor is whose layout it is: "shopify" of shopify_customers and shopify_orders.
func vendor(layout string) string {
	v, _, _ := strings.Cut(layout, "_")
	return v
}

// begin finds the run of the same content that did not come to its end, or makes a new one. Any
// other unfinished run of the connection is over: only one import at a time has the state.
func (f *reading) begin(ctx context.Context, digest []byte) (*state.Run, error) {
	var run *state.Run
	var refused []service.ImportRefusal
	first := true // nothing was told of the connection before
	args := state.Args{"connection": f.name, "source": f.src.name}
	err := f.svc.Do(ctx, "import.start", args, func(w *state.Writer) (err error) {
		run, refused, first = nil, nil, true
		tx := w.Tx()
		if _, err := known(tx, f.name, f.in.As != "", f.src); err != nil {
			return err
		}
		runs, err := state.Runs.List(tx, state.PrefixRange("connection", state.TextKey(f.name)))
		if err != nil {
			return err
		}
		for _, r := range runs {
			first = first && (r.Counts.Records == 0 || bytes.Equal(r.Digest, digest) && r.State == state.RunRunning)
			switch {
			case r.State != state.RunRunning:
			case run == nil && bytes.Equal(r.Digest, digest):
				run = r
			default:
				r.State, r.Ended = state.RunInterrupted, w.Cause.At
				if err := state.Runs.Put(w, r); err != nil {
					return err
				}
			}
		}
		if run != nil {
			if refused, err = waiting(tx, run); err != nil {
				return err
			}
			return f.ownMailbox(ctx, w)
		}
		if err := f.keepConnection(w, 0); err != nil {
			return err
		}
		if err := f.ownMailbox(ctx, w); err != nil {
			return err
		}
		run = &state.Run{Kind: "import", Connection: f.name, Source: f.src.name, Digest: digest, Layout: f.src.desc.Layout,
			State: state.RunRunning, Actor: w.Cause.Actor, Started: w.Cause.At, RecordKind: string(f.src.kinds[0]),
			Options: optionLines(f.src.spec, f.src.asked, false)}
		if run.Number, err = state.Runs.Next(w); err != nil {
			return err
		}
		return state.Runs.Put(w, run)
	})
	if err != nil {
		return nil, err
	}
	f.out.Resumed = run.Counts.Told > 0
	f.fresh.Store(run.Counts.New*2 >= run.Counts.Records && first)
	f.out.Rejected, f.out.Unsaid = f.out.Rejected[:0], 0
	f.refuse(refused)
	f.progress.Done, f.progress.Records = run.Counts.Told, run.Counts.Records
	return run, nil
}

// waiting lists the rows that an unfinished run has set aside, so that its answer has them too.
func waiting(tx state.Tx, run *state.Run) ([]service.ImportRefusal, error) {
	questions, err := state.Questions.By(tx, "run", state.NumberKey(run.Number))
	if err != nil {
		return nil, err
	}
	var out []service.ImportRefusal
	for _, q := range questions {
		if q.Kind != state.QuestionRow || q.State != state.QuestionOpen {
			continue
		}
		r := service.ImportRefusal{Where: q.Where, Field: q.Field, Question: state.Questions.Ref(q.Number)}
		for _, e := range q.Reasons {
			r.Reason = e.Args["reason"]
		}
		out = append(out, r)
	}
	return out, nil
}

// keepConnection stores what the state knows of the connection; lastRun is 0 before it has one.
func (f *reading) keepConnection(w *state.Writer, lastRun uint64) error {
	c, err := state.Connections.Find(w.Tx(), state.TextKey(f.name))
	if err != nil || c != nil && lastRun == 0 {
		return err
	}
	if c == nil {
		c = &state.Connection{Name: f.name, Type: f.src.spec.Name, Created: w.Cause.At}
	}
	c.Layout, c.LastRun = f.src.desc.Layout, lastRun
	if f.src.desc.Rows > 0 || len(c.Columns) == 0 { // a header line alone says nothing about the next table
		c.Columns = f.src.columns()
	}
	c.Options = optionLines(f.src.spec, f.src.asked, false)
	return state.Connections.Put(w, c)
}

// interrupt ends a run that cannot be gone on with.
func (f *reading) interrupt(ctx context.Context, number uint64) error {
	args := state.Args{"run": state.Runs.Ref(number), "connection": f.name}
	return f.svc.Do(ctx, "import.interrupt", args, func(w *state.Writer) error {
		r, err := state.Runs.Number(w.Tx(), number)
		if err != nil || r.State != state.RunRunning {
			return err
		}
		r.State, r.Ended = state.RunInterrupted, w.Cause.At
		return state.Runs.Put(w, r)
	})
}

// batch is what one transaction commits: one page, or several small ones.
type batch struct {
	told     []service.Told
	implied  map[string]int // where in told an implied contact stands
	rejected []connectors.Rejected
	counts   state.Counts // Told, Seen, Aside, Partly alone
	next     connectors.Cursor
	more     bool // of this kind
	done     int64
	total    int64
}

// gather pulls pages from a cursor until there are enough records for a commit. Where a run stands
// alone decides what is gathered, so that a run that was stopped ends as if it had not been.
func (f *reading) gather(ctx context.Context, enough int, kind connectors.Kind, from connectors.Cursor) (*batch, error) {
	b := &batch{next: from, more: true}
	for b.more && len(b.told) < enough {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		page, err := f.src.pull.Pull(ctx, kind, b.next)
		if err != nil {
			return nil, err
		}
		if page.More && page.Next == b.next {
			return nil, fault(f.out.File, "it does not move on from cursor "+string(page.Next))
		}
		if err := b.add(f.name, f.out.File, &page); err != nil {
			return nil, err
		}
	}
	f.svc.Prepare(b.told, f.fresh.Load())
	return b, nil
}

// add takes a page of a connection; from is how it is named in an error: a file, or the connection.
func (b *batch) add(connection, from string, p *connectors.Page) error {
	b.counts.Told += int64(p.Told)
	b.counts.Seen += int64(p.Joined)
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Record.ID == "" || c.Record.Kind == "" {
			return fault(from, "it told a record without an id or a kind at "+c.Where)
		}
		if !c.Record.Implied {
			b.counts.Seen++
		}
		told, moved := toldOf(connection, c)
		b.tell(told)
		p.Rejected = append(p.Rejected, tooLong(c.Where, moved)...)
	}
	partly := map[string]bool{}
	for _, r := range p.Rejected {
		b.rejected = append(b.rejected, r)
		if !r.Kept {
			b.counts.Aside++
		} else if !partly[r.Where] {
			partly[r.Where] = true
			b.counts.Partly++
		}
	}
	b.next, b.more = p.Next, p.More
	b.done, b.total = p.Done, p.Total
	return nil
}

// tooLong tells of values that were kept where nobody looks for them.
func tooLong(where string, fields []string) []connectors.Rejected {
	var out []connectors.Rejected
	for _, name := range fields {
		out = append(out, connectors.Rejected{Where: where, Field: name, Kept: true,
			Reason: fmt.Sprintf("longer than %d characters; kept as the field %q, by which nobody is found", maxLooked, connectors.CustomPrefix+name)})
	}
	return out
}

// tell adds a record. Of a contact that several things of a batch imply, the newest is enough: each
// order of a good customer would otherwise write the same record again.
func (b *batch) tell(t service.Told) {
	if t.Version.Implied {
		if b.implied == nil {
			b.implied = map[string]int{}
		}
		key := t.Kind + " " + t.ID
		if i, ok := b.implied[key]; ok {
			if !t.Version.Modified.Before(b.told[i].Version.Modified) {
				b.told[i] = t
			}
			return
		}
		b.implied[key] = len(b.told)
	}
	b.told = append(b.told, t)
}

// pull reads the source from where the run stands to its end, a commit at a time.
func (f *reading) pull(ctx context.Context, run *state.Run) error {
	var next *ahead
	defer func() { next.close() }()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := f.take(ctx, next, connectors.Kind(run.RecordKind), connectors.Cursor(run.Cursor))
		next = nil
		if err != nil {
			return f.pullFailed(ctx, run.Number, err)
		}
		if b.more {
			next = f.readAhead(ctx, connectors.Kind(run.RecordKind), b.next)
		}
		after, refused, err := f.commit(ctx, run, b)
		if err == nil {
			f.fresh.Store((after.Counts.New-run.Counts.New)*2 > int64(len(b.told)))
		}
		if state.IsClass(err, state.Invalid) {
			// The content is at fault, not the state: it would fail each time, and concerns this file alone.
			return f.pullFailed(ctx, run.Number, err)
		}
		if err != nil {
			return err
		}
		if err := f.svc.Settle(ctx, after.State != state.RunRunning); err != nil {
			return err
		}
		run = after
		f.refuse(refused)
		f.countryless(b.told)
		f.progress.Done, f.progress.Records = run.Counts.Told, run.Counts.Records
		if b.done > 0 {
			f.progress.Done = b.done
		}
		if b.total > 0 {
			f.progress.Total = b.total
		}
		f.e.env.Progress(ctx, f.progress)
		if run.State != state.RunRunning {
			return bad(unbalanced(run))
		}
	}
}

// pullFailed decides what becomes of a run whose source failed: it can be gone on with if the
// fault may pass, else it is over.
func (f *reading) pullFailed(ctx context.Context, run uint64, err error) error {
	if ctx.Err() != nil || connectors.ClassOf(err) == connectors.CursorExpired {
		return err
	}
	told := fileError(f.out.File, err)
	if told.Class != state.Unavailable {
		if err := f.interrupt(ctx, run); err != nil {
			return err
		}
	}
	return bad(told)
}

// unbalanced is the fault of a run whose counts do not add up: something was told that was neither
// kept nor set aside.
func unbalanced(r *state.Run) error {
	c := &r.Counts
	if c.Told == c.Seen+c.Aside && c.Records == c.New+c.Changed+c.Same {
		return nil
	}
	return &state.Error{Class: state.Failed, Code: "run_unbalanced", Args: state.Args{
		"run": state.Runs.Ref(r.Number), "told": number(c.Told), "seen": number(c.Seen), "aside": number(c.Aside),
		"records": number(c.Records), "kept": number(c.New + c.Changed + c.Same)}}
}

// countryless counts phone numbers that tell no country, each once: whose they are depends on where
// the reader is.
func (f *reading) countryless(told []service.Told) {
	for i := range told {
		v := &told[i].Version
		phones := v.Get(connectors.FieldPhone)
		if len(phones) == 0 || slices.ContainsFunc(v.Get(connectors.FieldAddress), func(a state.Value) bool {
			return a.Parts[connectors.PartCountry] != ""
		}) {
			continue
		}
		for _, p := range phones {
			digits := strings.Map(func(c rune) rune {
				if c < '0' || c > '9' {
					return -1
				}
				return c
			}, p.Text)
			if strings.Contains(p.Text, "+") || strings.HasPrefix(digits, "00") || len(digits) < 6 {
				continue
			}
			if f.local == nil {
				f.local = map[string]bool{}
			}
			f.local[digits] = true
		}
	}
	f.out.Countryless = len(f.local)
}

// refuse lists refusals in the answer, up to a limit.
func (f *reading) refuse(refused []service.ImportRefusal) {
	for _, r := range refused {
		if r.Question != "" {
			f.open[r.Question] = true
		}
		if len(f.out.Rejected) < maxRefusals {
			f.out.Rejected = append(f.out.Rejected, r)
		} else {
			f.out.Unsaid++
		}
	}
}

// commit keeps a batch, its rejected rows, the cursor behind it and the counts in one transaction;
// with the last of it, the run ends.
func (f *reading) commit(ctx context.Context, before *state.Run, b *batch) (*state.Run, []service.ImportRefusal, error) {
	var after *state.Run
	var refused []service.ImportRefusal
	args := state.Args{"run": state.Runs.Ref(before.Number), "connection": f.name}
	err := f.svc.Do(ctx, "import.page", args, func(w *state.Writer) error {
		after, refused = nil, nil
		r, err := state.Runs.Number(w.Tx(), before.Number)
		if err != nil {
			return err
		}
		if r.State != state.RunRunning || r.Cursor != before.Cursor || r.RecordKind != before.RecordKind {
			return &state.Error{Class: state.Conflict, Code: "run_taken_over", Args: state.Args{"run": state.Runs.Ref(r.Number)}}
		}
		addCounts(&r.Counts, &b.counts)
		if _, err := f.svc.Tell(w, r, b.told); err != nil {
			return err
		}
		if refused, err = (asides{f.svc, f.src.header()}).setAside(w, r, b.rejected); err != nil {
			return err
		}
		r.Cursor = string(b.next)
		if !b.more {
			if err := f.endKind(w, r); err != nil {
				return err
			}
		}
		after = r
		return state.Runs.Put(w, r)
	})
	return after, refused, err
}

// endKind goes on to the next kind, or ends the run with the sums of its connection.
func (f *reading) endKind(w *state.Writer, r *state.Run) error {
	i := slices.Index(f.src.kinds, connectors.Kind(r.RecordKind))
	if i >= 0 && i+1 < len(f.src.kinds) {
		r.RecordKind, r.Cursor = string(f.src.kinds[i+1]), ""
		return nil
	}
	var err error
	if r.Sums, err = f.svc.Sums(w.Tx(), f.name); err != nil {
		return err
	}
	r.State, r.Ended, r.Cursor = state.RunDone, latest(w.Cause.At, r.Started), ""
	return f.keepConnection(w, r.Number)
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
