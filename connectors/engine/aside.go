package engine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// What is kept of rows that were set aside beside their questions. A connector's context is mostly
// the same for all rows of a run, so the first one is kept whole and the others by what differs.
const (
	blobAsked = state.BlobAsked // + hash of connection, layout and row: the question about it, as text
	blobAside = state.BlobAside // + run + "/base": the first context; + run + "/" + question: a patch of it
)

func asideBlob(run uint64, name string) string {
	return fmt.Sprintf("%s%016x/%s", blobAside, run, name)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// asides keeps what a source told and nobody could read.
type asides struct {
	svc    *service.Service
	header string // of the file of a row
}

// setAside keeps the rejected rows of a batch as questions and tells what was refused. The same row
// of the same connection is asked about once, in however many files it stands again: who answered
// it is not asked again.
func (a asides) setAside(w *state.Writer, run *state.Run, rejected []connectors.Rejected) ([]service.ImportRefusal, error) {
	var out []service.ImportRefusal
	for i := range rejected {
		r := &rejected[i]
		refusal := service.ImportRefusal{Where: text(r.Where), Field: text(r.Field), Reason: text(r.Reason), Kept: r.Kept}
		if !r.Kept {
			var err error
			if refusal.Question, err = a.ask(w, run, r); err != nil {
				return nil, err
			}
			if refusal.Question == "" {
				refusal.Answered = true
				run.Counts.Answered++
			}
		}
		out = append(out, refusal)
	}
	return out, nil
}

// ask gives the open question about a row, made now or before; "" where it has been answered.
func (a asides) ask(w *state.Writer, run *state.Run, r *connectors.Rejected) (string, error) {
	what := r.Raw
	if what == "" {
		what = r.Where
	}
	asked := blobAsked + hash(run.Connection, run.Layout, what)
	before, err := w.Tx().Blob(asked)
	if err != nil {
		return "", err
	}
	forgotten := string(before) == state.AskedForgotten
	if !forgotten {
		if forgotten, err = a.svc.RowForgotten(w.Tx(), r.Raw); err != nil {
			return "", err
		}
	}
	if forgotten {
		return "", nil
	}
	if n, ok := state.Questions.ParseRef(string(before)); ok {
		q, err := state.Questions.Find(w.Tx(), state.NumberKey(n))
		switch {
		case err != nil:
			return "", err
		case q != nil && q.State == state.QuestionOpen:
			return string(before), nil
		case q != nil:
			return "", nil
		}
	}
	ref, err := a.svc.SetAside(w, run, service.Aside{Where: text(r.Where), Field: text(r.Field), Reason: text(r.Reason),
		Raw: text(r.Raw), Header: a.header})
	if err != nil {
		return "", err
	}
	if err := w.PutBlob(asked, []byte(ref)); err != nil {
		return "", err
	}
	if r.Context == "" {
		return ref, nil
	}
	base, err := w.Tx().Blob(asideBlob(run.Number, "base"))
	if err != nil {
		return "", err
	}
	if base == nil {
		base = []byte(r.Context)
		if err := w.PutBlob(asideBlob(run.Number, "base"), base); err != nil {
			return "", err
		}
	}
	return ref, w.PutBlob(asideBlob(run.Number, ref), patch(string(base), r.Context))
}

// patch writes a text as how many bytes at its start and at its end are those of base, and what is
// between them.
func patch(base, s string) []byte {
	start := 0
	for start < min(len(base), len(s)) && base[start] == s[start] {
		start++
	}
	end := 0
	for end < min(len(base), len(s))-start && base[len(base)-1-end] == s[len(s)-1-end] {
		end++
	}
	b := binary.AppendUvarint(nil, uint64(start))
	b = binary.AppendUvarint(b, uint64(end))
	return append(b, s[start:len(s)-end]...)
}

// unpatch is the opposite of patch; ok is false where the two do not belong together.
func unpatch(base string, b []byte) (s string, ok bool) {
	start, n := binary.Uvarint(b)
	if n <= 0 {
		return "", false
	}
	end, m := binary.Uvarint(b[n:])
	if m <= 0 || start > uint64(len(base)) || end > uint64(len(base)) {
		return "", false
	}
	return base[:start] + string(b[n+m:]) + base[uint64(len(base))-end:], true
}

func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// contextOf gives what the connector wanted to be told again with a question's row.
func contextOf(tx state.Tx, q *state.Question) (string, error) {
	b, err := tx.Blob(asideBlob(q.Run, state.Questions.Ref(q.Number)))
	if err != nil || b == nil {
		return "", err
	}
	base, err := tx.Blob(asideBlob(q.Run, "base"))
	if err != nil {
		return "", err
	}
	s, ok := unpatch(string(base), b)
	if !ok {
		return "", &state.Error{Class: state.Failed, Code: "damaged_value", Args: state.Args{"collection": "aside"}}
	}
	return s, nil
}

// Reread reads one corrected row as a part of the run that set it aside, so that taking back the
// run takes it back too. It returns the records' numbers. Where the row still cannot be read the
// error is [state.Invalid], row_still_bad, with the reason; run_undone says that its run was taken
// back, row_lost that the connector cannot read single rows.
func (e *Engine) Reread(w *state.Writer, q *state.Question, raw string) ([]uint64, error) {
	ref := state.Questions.Ref(q.Number)
	run, err := state.Runs.Find(w.Tx(), state.NumberKey(q.Run))
	if err != nil {
		return nil, err
	}
	if q.Kind != state.QuestionRow || run == nil {
		return nil, &state.Error{Class: state.Invalid, Code: "question_no_row", Args: state.Args{"question": ref}}
	}
	if run.State == state.RunUndone {
		return nil, &state.Error{Class: state.Conflict, Code: "run_undone", Args: state.Args{"run": state.Runs.Ref(run.Number)}}
	}
	page, err := e.reread(w.Tx(), run, q, raw)
	if err != nil {
		return nil, err
	}
	still := func(field, reason string) error {
		return &state.Error{Class: state.Invalid, Code: "row_still_bad", Args: state.Args{"question": ref, "field": field, "reason": reason}}
	}
	partly := false
	for _, r := range page.Rejected {
		if !r.Kept {
			return nil, still(text(r.Field), text(r.Reason))
		}
		partly = true
	}
	if len(page.Changes) == 0 {
		return nil, still("", "there is nothing in it that could be kept")
	}
	var told []service.Told
	for i := range page.Changes {
		c := &page.Changes[i]
		if c.Where == "" {
			c.Where = q.Where
		}
		record, moved := toldOf(run.Connection, c)
		told = append(told, record)
		partly = partly || len(moved) > 0
	}
	// The row is no longer aside, it has been read: the run still adds up.
	if run.Counts.Aside > 0 {
		run.Counts.Aside--
		run.Counts.Seen++
	}
	if partly {
		run.Counts.Partly++
	}
	numbers, err := e.svc.Tell(w, run, told)
	if err != nil {
		return nil, err
	}
	var kept []uint64
	for _, n := range numbers {
		if n != 0 {
			kept = append(kept, n)
		}
	}
	return kept, state.Runs.Put(w, run)
}

// openAgain opens the connector that set a row aside.
func (e *Engine) openAgain(ctx context.Context, run *state.Run, c *state.Connection) (connectors.Connector, error) {
	if now := e.connection(run.Connection); now != nil && run.Kind == service.RunSync {
		conn, _, err := e.dial(ctx, now, e.svc, true)
		return conn, err
	}
	spec := e.spec(c.Type)
	options, _ := e.optionsFor(spec, optionsOf(run.Options), nil)
	options[PathOption] = run.Source
	return e.connect(ctx, spec, options)
}

// reread has the connector read the row. Its source may be gone, so nothing is opened.
func (e *Engine) reread(tx state.Tx, run *state.Run, q *state.Question, raw string) (connectors.Page, error) {
	lost := func(cause error) error {
		return &state.Error{Class: state.Failed, Code: "row_lost", Cause: cause,
			Args: state.Args{"question": state.Questions.Ref(q.Number), "source": run.Source}}
	}
	c, err := state.Connections.Find(tx, state.TextKey(run.Connection))
	if err != nil {
		return connectors.Page{}, err
	}
	if c == nil || e.spec(c.Type) == nil {
		return connectors.Page{}, lost(errors.New("its connector is not there"))
	}
	ctx := context.Background() // a transaction of the caller, who waits for one row
	conn, err := e.openAgain(ctx, run, c)
	if err != nil {
		return connectors.Page{}, lost(err)
	}
	defer release(conn)
	again, ok := conn.(connectors.Rereader)
	if !ok {
		return connectors.Page{}, lost(errors.New("its connector reads no single rows"))
	}
	beside, err := contextOf(tx, q)
	if err != nil {
		return connectors.Page{}, err
	}
	page, err := again.Reread(ctx, beside, raw)
	var told *connectors.Error
	if errors.As(err, &told) {
		return connectors.Page{}, &state.Error{Class: state.Invalid, Code: "row_still_bad", Cause: err,
			Args: state.Args{"question": state.Questions.Ref(q.Number), "field": "", "reason": plainReason(run.Source, told.Text)}}
	}
	if err != nil {
		return connectors.Page{}, lost(err)
	}
	return page, nil
}
