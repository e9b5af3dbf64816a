package service

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

var noteKinds = []string{state.ActivityNote, state.ActivityCall, state.ActivityMeeting}

// maxAhead is how far in the future an entry may lie: a meeting may be entered before it is, a
// mistyped year may not.
const maxAhead = 366 * 24 * time.Hour

// Note writes a note, a call or a meeting into a customer's history.
func (s *Service) Note(ctx context.Context, in NoteIn) (NoteOut, error) {
	text := strings.TrimSpace(in.Text)
	if text == "" {
		return NoteOut{}, &state.Error{Class: state.Invalid, Code: "text_missing"}
	}
	kind := strings.ToLower(strings.TrimSpace(in.Kind))
	if kind == "" {
		kind = state.ActivityNote
	}
	if !slices.Contains(noteKinds, kind) {
		return NoteOut{}, &state.Error{Class: state.Invalid, Code: "unknown_kind",
			Args: state.Args{"kind": in.Kind, "kinds": strings.Join(noteKinds, ", ")}}
	}
	return change(ctx, s, "note.add", state.Args{"ref": in.Ref, "kind": kind}, func(w *state.Writer) (NoteOut, error) {
		c, base, err := s.customer(w.Tx(), in.Ref)
		if err != nil {
			return NoteOut{}, err
		}
		if err := s.mayMeet(ctx, newLookup(w.Tx(), w.Cause.At), in.Ref, c); err != nil {
			return NoteOut{}, err
		}
		at := in.At.UTC()
		if in.At.IsZero() {
			at = w.Cause.At
		}
		ahead := maxAhead
		if kind != state.ActivityMeeting {
			ahead = 24 * time.Hour // a zone's difference, or a clock that is wrong
		}
		if at.After(w.Cause.At.Add(ahead)) {
			return NoteOut{}, &state.Error{Class: state.Invalid, Code: "too_far_ahead", Args: state.Args{"at": at.Format(time.RFC3339)}}
		}
		n, err := w.Next(state.Activities.Kind.Name)
		if err != nil {
			return NoteOut{}, err
		}
		title, body := splitNote(text)
		a := &state.Activity{ID: number(state.Activities.Kind.Letter, n), At: at, Kind: kind, Channel: "person",
			Title: title, Body: body, Actor: w.Cause.Actor}
		if kind == state.ActivityCall {
			a.Channel = "phone"
		}
		if err := state.Activities.Append(w, state.CustomerSubject(base), a); err != nil {
			return NoteOut{}, err
		}
		if err := state.NotePlaces.Put(w, &state.NotePlace{ID: a.ID, Base: base, At: at}); err != nil {
			return NoteOut{}, err
		}
		if err := s.noteNews(w, a); err != nil {
			return NoteOut{}, err
		}
		r, err := s.reader(ctx, w.Tx())
		if err != nil {
			return NoteOut{}, err
		}
		if in.Private {
			if err := markPrivate(w, r, a.ID); err != nil {
				return NoteOut{}, err
			}
		}
		shown, err := s.lookup(w.Tx(), w.Cause.At, r).entry(a, nil)
		return NoteOut{Customer: refOf(c), Entry: shown}, err
	})
}

// splitNote takes the first line of a note as its title. A note of one line has no body.
func splitNote(text string) (title, body string) {
	title, body, _ = strings.Cut(text, "\n")
	return strings.TrimSpace(title), strings.TrimSpace(body)
}
