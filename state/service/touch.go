package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// runTouch is the kind of a run that recorded what was sent outside.
const runTouch = "touch"

// TouchRecordIn records what was sent outside of Kept: an asset, to the addresses of a list. Lists
// of more than 5,000 rows come in several calls; Run is then that of the first answer.
type TouchRecordIn struct {
	Asset   string       `json:"asset"`
	Channel string       `json:"channel,omitempty"` // "": email
	Purpose string       `json:"purpose,omitempty"` // "": marketing
	Team    string       `json:"team,omitempty"`
	Sent    time.Time    `json:"sent"`
	Source  string       `json:"source,omitempty"` // the list's name
	Rows    []ContactRow `json:"rows"`
	Run     string       `json:"run,omitempty"`
	Dry     bool         `json:"dry,omitempty"`
}

// TouchRecordOut says what was recorded.
type TouchRecordOut struct {
	Run      string    `json:"run,omitempty"` // by which it is taken back; "" where nothing was new
	Asset    string    `json:"asset"`
	Sent     time.Time `json:"sent"`
	Recorded int       `json:"recorded"`
	Known    int       `json:"known"`  // of these, at addresses that a customer has
	Before   int       `json:"before"` // that stood there already
	Bad      []BadRow  `json:"bad"`    // rows without a readable address
}

// BadRow is a row that has no address that can be read.
type BadRow struct {
	Line  int    `json:"line"`
	Value string `json:"value"`
}

// TouchRecord records what was sent. The same asset by the same channel at the same time is at an
// address once, however often it is recorded; addresses that nobody has keep it until somebody
// comes with them.
func (s *Service) TouchRecord(ctx context.Context, in TouchRecordIn) (TouchRecordOut, error) {
	channel, purpose, err := contactScope(in.Channel, in.Purpose)
	if err != nil {
		return TouchRecordOut{}, err
	}
	asset := oneLine(in.Asset)
	switch {
	case asset == "":
		return TouchRecordOut{}, &state.Error{Class: state.Invalid, Code: "asset_missing"}
	case in.Sent.IsZero():
		return TouchRecordOut{}, &state.Error{Class: state.Invalid, Code: "sent_missing"}
	case len(in.Rows) > maxContactRows:
		return TouchRecordOut{}, &state.Error{Class: state.Invalid, Code: "too_many_rows", Args: state.Args{"max": number("", maxContactRows)}}
	}
	do := func(w *state.Writer) (TouchRecordOut, error) {
		out := TouchRecordOut{Run: in.Run, Asset: asset, Sent: in.Sent.UTC(), Bad: []BadRow{}}
		if in.Sent.After(w.Cause.At.Add(24 * time.Hour)) {
			return out, &state.Error{Class: state.Invalid, Code: "too_far_ahead", Args: state.Args{"at": in.Sent.UTC().Format(time.RFC3339)}}
		}
		var run *state.Run
		if in.Run != "" {
			if run, err = touchRun(w.Tx(), in.Run); err != nil {
				return out, err
			}
		}
		l := newLookup(w.Tx(), w.Cause.At)
		for _, row := range in.Rows {
			id, raw := s.addressOf(row, channel)
			if id.Match == "" {
				out.Bad = append(out.Bad, BadRow{Line: row.Line, Value: raw})
				continue
			}
			t := &state.Sending{Identifier: id, Asset: asset, Channel: channel, Purpose: purpose, Team: oneLine(in.Team), At: out.Sent,
				By: w.Cause.Actor, Noted: w.Cause.At}
			old, err := state.Sendings.Find(w.Tx(), sendingKey(t))
			if err != nil {
				return out, err
			}
			if old != nil {
				out.Before++
				continue
			}
			if run == nil {
				run = &state.Run{Kind: runTouch, Source: in.Source, State: state.RunDone, Actor: w.Cause.Actor, Started: w.Cause.At, Ended: w.Cause.At}
				if run.Number, err = state.Runs.Next(w); err != nil {
					return out, err
				}
			}
			t.Run = run.Number
			if err := state.Sendings.Put(w, t); err != nil {
				return out, err
			}
			out.Recorded++
			if holders, err := l.holders(id, 1); err != nil {
				return out, err
			} else if len(holders) > 0 {
				out.Known++
			}
		}
		if run == nil {
			return out, nil
		}
		out.Run = state.Runs.Ref(run.Number)
		run.Ended = w.Cause.At
		run.Counts.Told += int64(len(in.Rows))
		run.Counts.Seen += int64(len(in.Rows) - len(out.Bad))
		run.Counts.New += int64(out.Recorded)
		run.Counts.Same += int64(out.Before)
		run.Counts.Aside += int64(len(out.Bad))
		return out, state.Runs.Put(w, run)
	}
	args := state.Args{"asset": asset, "channel": channel, "sent": in.Sent.UTC().Format(time.RFC3339)}
	if in.Dry {
		out, err := dry(ctx, s, "touch.record", args, do)
		out.Run = ""
		return out, err
	}
	return change(ctx, s, "touch.record", args, do)
}

func sendingKey(t *state.Sending) []byte {
	return state.Join(t.Identifier.Key(), state.TimeKey(t.At), state.TextKey(t.Asset), state.TextKey(t.Channel))
}

func touchRun(tx state.Tx, ref string) (*state.Run, error) {
	n, ok := state.Runs.ParseRef(strings.ToLower(strings.TrimSpace(ref)))
	if !ok {
		return nil, &state.Error{Class: state.Invalid, Code: "bad_run", Args: state.Args{"ref": ref}}
	}
	run, err := state.Runs.Number(tx, n)
	switch {
	case err != nil:
		return nil, err
	case run.State == state.RunUndone:
		return nil, &state.Error{Class: state.Conflict, Code: "run_undone", Args: state.Args{"ref": ref}}
	case run.Kind != runTouch:
		return nil, &state.Error{Class: state.Refused, Code: "not_touches", Args: state.Args{"ref": ref}}
	}
	return run, nil
}

// TouchUndoIn takes back what one recording wrote.
type TouchUndoIn struct {
	Run string `json:"run"`
}

// TouchUndoOut says how much that was.
type TouchUndoOut struct {
	Run     string `json:"run"`
	Removed int    `json:"removed"`
}

// TouchUndo takes back exactly what one recording wrote: it was not sent after all, or to others.
func (s *Service) TouchUndo(ctx context.Context, in TouchUndoIn) (TouchUndoOut, error) {
	return change(ctx, s, "touch.undo", state.Args{"run": in.Run}, func(w *state.Writer) (TouchUndoOut, error) {
		run, err := touchRun(w.Tx(), in.Run)
		if err != nil {
			return TouchUndoOut{}, err
		}
		list, err := state.Sendings.By(w.Tx(), "run", state.NumberKey(run.Number))
		if err != nil {
			return TouchUndoOut{}, err
		}
		for _, t := range list {
			if _, err := state.Sendings.Delete(w, sendingKey(t)); err != nil {
				return TouchUndoOut{}, err
			}
		}
		run.State, run.Ended = state.RunUndone, w.Cause.At
		return TouchUndoOut{Run: state.Runs.Ref(run.Number), Removed: len(list)}, state.Runs.Put(w, run)
	})
}

// TouchListIn asks what was sent, by whichever team.
type TouchListIn struct {
	Asset string    `json:"asset,omitempty"`
	Since time.Time `json:"since,omitzero"` // zero: 90 days ago
}

// TouchListOut has one line for each asset, day, channel and team; the newest first.
type TouchListOut struct {
	Touches []Touch   `json:"touches"`
	Now     time.Time `json:"now"`
	Zone    string    `json:"zone"`
}

// Touch is one asset as it was sent at one time.
type Touch struct {
	Sent      time.Time `json:"sent"`
	Asset     string    `json:"asset"`
	Channel   string    `json:"channel"`
	Purpose   string    `json:"purpose"`
	Team      string    `json:"team,omitempty"`
	Addresses int       `json:"addresses"`
	Run       string    `json:"run,omitempty"` // that recorded it; "" where Kept sent it
	By        string    `json:"by,omitempty"`
}

// TouchList gives what was sent, whichever team did it, so that nobody sends it again.
func (s *Service) TouchList(ctx context.Context, in TouchListIn) (TouchListOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (TouchListOut, error) {
		out := TouchListOut{Touches: []Touch{}, Now: now}
		r, err := s.reader(ctx, tx)
		if err != nil {
			return out, err
		}
		out.Zone = r.zone.String()
		since := in.Since
		if since.IsZero() {
			since = now.AddDate(0, 0, -90)
		}
		l := newLookup(tx, now)
		at := map[Touch]int{}
		for t, err := range state.Sendings.All(tx, state.Range{Index: "at", From: state.TimeKey(since), Reverse: true}) {
			if err != nil {
				return out, err
			}
			if in.Asset != "" && !sameAsset(t.Asset, in.Asset) {
				continue
			}
			line := Touch{Sent: t.At, Asset: t.Asset, Channel: t.Channel, Purpose: t.Purpose, Team: t.Team, By: l.name(t.By)}
			if t.Run != 0 {
				line.Run = state.Runs.Ref(t.Run)
			} else {
				line.Sent = date(t.At.In(r.zone)) // Kept sends one by one
			}
			i, ok := at[line]
			if !ok {
				i = len(out.Touches)
				at[line] = i
				out.Touches = append(out.Touches, line)
			}
			out.Touches[i].Addresses++
		}
		slices.SortStableFunc(out.Touches, func(a, b Touch) int {
			return cmp.Or(b.Sent.Compare(a.Sent), cmp.Compare(a.Asset, b.Asset))
		})
		return out, nil
	})
}

// touchEntries are the entries of a history that say what was sent to somebody.
func (l *lookup) touchEntries(c *state.Customer, since time.Time) ([]Entry, error) {
	sent, err := l.sentTo(c, since)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, t := range sent {
		out = append(out, Entry{ID: sendingID(t), Time: t.At, Kind: state.ActivityTouch, Direction: state.Out, Channel: t.Channel,
			Title: t.Asset, Body: t.Identifier.Shown, Status: t.Purpose, Actor: cmp.Or(t.Team, l.name(t.By))})
	}
	return out, nil
}
