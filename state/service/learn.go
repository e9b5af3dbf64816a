package service

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity/match"
)

// CustomerLearnIn says what is to be believed of contacts from now on.
type CustomerLearnIn struct {
	Dry     bool `json:"dry,omitempty"`     // only say what would change
	Default bool `json:"default,omitempty"` // forget what was learnt
	// Further learns nothing, and goes on with linking where a call before left records: each call links a bounded number.
	Further bool `json:"further,omitempty"`
}

// CustomerLearnOut says what is believed, and what becomes of links.
type CustomerLearnOut struct {
	Contacts  int           `json:"contacts"` // with names; few of them teach nothing
	Least     int           `json:"least"`    // so many teach something
	Model     match.Summary `json:"model"`    // that is in force now, or with Dry would be
	Same      bool          `json:"same"`     // it is in force already
	Dry       bool          `json:"dry"`
	Links     int           `json:"links"`     // of Dry: records that would be another customer's
	Questions int64         `json:"questions"` // of Dry: open questions about who is one
	Would     int64         `json:"would"`     // of Dry: questions that there would be, nearly
	Total     int64         `json:"total"`     // records to link
	Left      int64         `json:"left"`      // and those that wait for the next call with Further
}

// learnt is a model with the form in which it is stored.
type learnt struct {
	stored []byte
	model  *match.Contacts
}

// contacts gives what is believed of contact records: what was learnt, else the defaults.
func (s *Service) contacts(tx state.Tx) (*match.Contacts, error) {
	b, err := tx.Blob(state.BlobLearnt)
	if err != nil {
		return nil, err
	}
	if known := s.learnt.Load(); known != nil && bytes.Equal(known.stored, b) {
		return known.model, nil
	}
	model := match.DefaultContacts()
	if len(b) > 0 {
		if model, err = match.ReadContacts(b); err != nil {
			return nil, &state.Error{Class: state.Failed, Code: "learnt_damaged", Cause: err}
		}
	}
	s.learnt.Store(&learnt{b, model})
	return model, nil
}

// relinking is how far a model that came into force has got.
type relinking struct {
	Last  uint64 `json:"last"` // the number of the last record that was linked
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
}

func (r *relinking) left() int64 {
	if r == nil {
		return 0
	}
	return max(1, r.Total-r.Done)
}

// relinkLeft gives how far linking by the model in force has got; nil where every record is linked by it.
func relinkLeft(tx state.Tx) (*relinking, error) {
	b, err := tx.Blob(state.BlobRelink)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	r := &relinking{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, &state.Error{Class: state.Failed, Code: "learnt_damaged", Cause: err}
	}
	return r, nil
}

// CustomerLearn learns from all contact records, without being told who is one with whom, how frequent names are and what agreement
// is worth, and links every record anew by that. Links stay a function of records, people's words and the model in force: what is told
// in the middle is linked by the new model at once, and linking goes on where it stopped. With few contacts nothing is learnt.
func (s *Service) CustomerLearn(ctx context.Context, in CustomerLearnIn) (CustomerLearnOut, error) {
	// This is many changes; under one request's name all but the first would count as done.
	caller := CallerOf(ctx)
	caller.Request = ""
	ctx = WithCaller(ctx, caller)
	out := CustomerLearnOut{Least: match.TeachContacts, Dry: in.Dry}
	if in.Further {
		err := s.relinkSome(ctx, &out)
		return out, err
	}
	var stored []byte
	err := s.Look(ctx, func(tx state.Tx, _ time.Time) error {
		stored = nil
		model := match.DefaultContacts()
		t := match.NewTeacher()
		for _, take := range []func(*state.Record){t.Count, t.Pair} {
			if in.Default {
				break
			}
			for r, err := range state.Records.All(tx, state.Range{}) {
				if err != nil {
					return err
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				take(r)
			}
		}
		out.Contacts = t.Contacts()
		if m := t.Learn(); m != nil {
			model, stored = m, m.Bytes()
		}
		out.Model = model.Summary()
		old, err := tx.Blob(state.BlobLearnt)
		if err != nil {
			return err
		}
		left, err := relinkLeft(tx)
		if err != nil && !in.Default {
			return err
		}
		out.Same, out.Left = bytes.Equal(old, stored), left.left()
		if !in.Dry || out.Same {
			return nil
		}
		return s.foresee(ctx, tx, model, &out)
	})
	if err != nil || in.Dry || out.Same && out.Left == 0 {
		return out, err
	}
	if !out.Same {
		if err := s.believe(ctx, stored); err != nil {
			return out, err
		}
	}
	err = s.relinkSome(ctx, &out)
	return out, err
}

// believe brings a model into force, nil the defaults; every record waits to be linked by it.
func (s *Service) believe(ctx context.Context, stored []byte) error {
	args := state.Args{"model": "learnt"}
	if stored == nil {
		args["model"] = "default"
	}
	return s.Do(ctx, "customer.learn", args, func(w *state.Writer) error {
		r := relinking{}
		for _, err := range w.Tx().Scan(state.Links.Kind, state.Range{KeysOnly: true}) {
			if err != nil {
				return err
			}
			r.Total++
		}
		if err := w.PutBlob(state.BlobLearnt, stored); err != nil {
			return err
		}
		return putRelinking(w, &r)
	})
}

// foresee says what a model would change.
func (s *Service) foresee(ctx context.Context, tx state.Tx, model *match.Contacts, out *CustomerLearnOut) error {
	pairs := map[[2]uint64]bool{}
	links, err := s.linksBy(ctx, tx, model, func(a, b uint64) { pairs[[2]uint64{a, b}] = true })
	if err != nil {
		return err
	}
	out.Links, out.Would, out.Questions, out.Total = len(links.Differences), int64(len(pairs)), 0, links.Records
	for q, err := range state.Questions.All(tx, state.Range{Index: "open"}) {
		if err != nil {
			return err
		}
		if q.Kind == state.QuestionMatch {
			out.Questions++
		}
	}
	return nil
}

// How many records one transaction links, and how many transactions one call makes.
const (
	relinkRecords = 200
	relinkBatches = 25
)

func putRelinking(w *state.Writer, r *relinking) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return w.PutBlob(state.BlobRelink, b)
}

// relinkSome goes on with linking records by the model in force.
func (s *Service) relinkSome(ctx context.Context, out *CustomerLearnOut) error {
	for range relinkBatches {
		var at *relinking
		if err := s.Do(ctx, "customer.relink", nil, func(w *state.Writer) (err error) {
			if at, err = relinkLeft(w.Tx()); err != nil || at == nil {
				return err
			}
			at, err = s.relinkNext(w, at, relinkRecords)
			return err
		}); err != nil {
			return err
		}
		out.Left = at.left()
		if at == nil {
			return nil
		}
		out.Total = at.Total
	}
	return nil
}

// relinkNext links the next n records; it gives nil where none is left.
func (s *Service) relinkNext(w *state.Writer, at *relinking, n int) (*relinking, error) {
	t := &telling{s: s, w: w, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}
	next, end := *at, true
	for r, err := range state.Records.All(w.Tx(), state.Range{From: state.NumberKey(at.Last + 1)}) {
		if err != nil {
			return nil, err
		}
		if r.Kind != state.KindContact && r.Kind != state.KindOrganisation {
			continue
		}
		if len(t.dirty) == n {
			end = false
			break
		}
		t.dirty[r.Key] = true
		if r.Domain != "" {
			t.domains[r.Domain] = true
		}
		next.Last = r.Key
		next.Done++
	}
	if err := t.finish(); err != nil {
		return nil, err
	}
	if end {
		return nil, w.PutBlob(state.BlobRelink, nil)
	}
	return &next, putRelinking(w, &next)
}
