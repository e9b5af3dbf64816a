package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

const defaultQuestions = 20

// What an answer did.
const (
	didMerge     = "merged"
	didApart     = "kept_apart"
	didChoose    = "chosen"      // which connection is right
	didArrive    = "arrived"     // a write
	didNotArrive = "not_arrived" // it is sent again
	didRead      = "read"
	didDrop      = "dropped"
	didOrg       = "organisation"
	didNotOrg    = "no_organisation"
	// didStaff and didNotStaff are about an address from which mail was sent.
	didStaff    = "staff"
	didNotStaff = "not_staff"
)

// QuestionList gives open questions, best first: the likeliest matches, then rows that could not
// be read, then organisations; or one question, open or not.
func (s *Service) QuestionList(ctx context.Context, in QuestionListIn) (QuestionListOut, error) {
	if in.Kind != "" && !slices.Contains(state.QuestionKinds, in.Kind) {
		return QuestionListOut{}, badValue("bad_value", "kind", in.Kind, strings.Join(state.QuestionKinds, ", "))
	}
	limit := in.Limit
	if limit == 0 {
		limit = defaultQuestions
	}
	return view(ctx, s, func(tx state.Tx, now time.Time) (QuestionListOut, error) {
		r, err := s.reader(ctx, tx)
		if err != nil {
			return QuestionListOut{}, err
		}
		l := s.lookup(tx, now, r)
		out := QuestionListOut{Questions: []Question{}}
		list, err := s.questions(l, in)
		if err != nil {
			return out, err
		}
		if in.Number == "" {
			if list, out.Others, err = s.withPromises(l, in, list); err != nil {
				return out, err
			}
		}
		out.Total = len(list)
		if in.Number == "" && in.Ref == "" && in.From == "" && (in.Kind == "" || in.Kind == state.QuestionMatch) {
			if out.More, err = countDoubts(tx); err != nil {
				return out, err
			}
		}
		if limit > 0 {
			list = list[:min(len(list), limit)]
		}
		for _, q := range list {
			shown, err := l.question(q)
			if err != nil {
				return out, err
			}
			out.Questions = append(out.Questions, shown)
		}
		return out, nil
	})
}

func (s *Service) questions(l *lookup, in QuestionListIn) ([]*state.Question, error) {
	if in.Number != "" {
		n, err := reference(state.Questions, l.tx, in.Number)
		if err != nil {
			return nil, err
		}
		q, err := state.Questions.Number(l.tx, n)
		if err != nil {
			return nil, err
		}
		return []*state.Question{q}, l.mayAnswerNow(q)
	}
	var list []*state.Question
	var err error
	if in.Ref != "" {
		c, _, err := s.reading(l.tx, in.Ref)
		if err != nil {
			return nil, err
		}
		if list, err = l.questionsAbout(c); err != nil {
			return nil, err
		}
	} else if list, err = state.Questions.List(l.tx, state.Range{Index: "open"}); err != nil {
		return nil, err
	}
	runs := map[uint64]bool{}
	return slices.DeleteFunc(list, func(q *state.Question) bool {
		return in.Kind != "" && q.Kind != in.Kind || in.From != "" && !l.from(q, in.From, runs)
	}), nil
}

// from says whether a question came from a connection, a file, or a run.
func (l *lookup) from(q *state.Question, name string, runs map[uint64]bool) bool {
	if strings.EqualFold(q.From, name) || q.Run != 0 && strings.EqualFold(state.Runs.Ref(q.Run), name) {
		return true
	}
	if q.Run == 0 {
		return false
	}
	fits, known := runs[q.Run]
	if !known {
		r, err := state.Runs.Find(l.tx, state.NumberKey(q.Run))
		fits = err == nil && r != nil && sameFile(r.Source, name)
		runs[q.Run] = fits
	}
	return fits
}

// sameFile compares file names, whatever folder they are written with.
func sameFile(a, b string) bool {
	last := func(s string) string { return s[strings.LastIndexAny(s, `/\`)+1:] }
	return a != "" && last(a) == last(b)
}

// withPromises puts what is asked of the reader about promises before all else. With a customer these
// are those about it.
func (s *Service) withPromises(l *lookup, in QuestionListIn, list []*state.Question) ([]*state.Question, []QuestionsFor, error) {
	if in.Kind != "" && in.Kind != state.QuestionPromise && in.Kind != state.QuestionPromiseDone {
		return list, nil, nil
	}
	mine, others, err := l.promiseQuestions(in.All)
	if err != nil {
		return list, nil, err
	}
	about := map[uint64]bool{}
	if in.Ref != "" {
		c, _, err := s.reading(l.tx, in.Ref)
		if err != nil {
			return list, nil, err
		}
		for _, b := range bases(c) {
			about[b] = true
		}
		others = nil
	}
	if in.From != "" {
		others = nil
	}
	runs := map[uint64]bool{}
	mine = slices.DeleteFunc(mine, func(q *state.Question) bool {
		return in.Kind != "" && q.Kind != in.Kind || in.From != "" && !l.from(q, in.From, runs) || in.Ref != "" && !about[q.A]
	})
	slices.SortStableFunc(mine, func(a, b *state.Question) int {
		first := func(q *state.Question) int {
			if q.For != "" && l.mine(q) {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(b.Score, a.Score), cmp.Compare(a.Number, b.Number))
	})
	return append(mine, list...), others, nil
}

// questionsAbout gives the open questions about a customer, best first, without those that are put to
// one person alone.
func (l *lookup) questionsAbout(c *state.Customer) ([]*state.Question, error) {
	var out []*state.Question
	seen := map[uint64]bool{}
	for _, b := range bases(c) {
		list, err := state.Questions.By(l.tx, "customer", state.NumberKey(b))
		if err != nil {
			return nil, err
		}
		for _, q := range list {
			if q.State == state.QuestionOpen && !seen[q.Number] && !q.OfPromise() {
				seen[q.Number] = true
				out = append(out, q)
			}
		}
	}
	slices.SortFunc(out, func(a, b *state.Question) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Number, b.Number))
	})
	return out, nil
}

// question gives a question as shown.
func (l *lookup) question(q *state.Question) (Question, error) {
	out := Question{Number: state.Questions.Ref(q.Number), Kind: q.Kind, Reasons: append([]state.Evidence{}, q.Reasons...),
		From: q.From, Where: q.Where, Field: q.Field, Raw: q.Raw, Header: q.Header, Options: append([]string{}, q.Options...),
		Created: q.Created, State: q.State, Answer: q.Answer}
	var err error
	if out.ID, err = l.id(out.Number); err != nil {
		return out, err
	}
	if err := l.closedRow(q, &out); err != nil {
		return out, err
	}
	if q.OfPromise() {
		return l.promiseQuestion(q, out)
	}
	for _, side := range []struct {
		base, record uint64
		ref          **CustomerRef
		seen         *string
	}{{q.A, q.RecordA, &out.A, &out.SeenA}, {q.B, q.RecordB, &out.B, &out.SeenB}} {
		if side.base == 0 {
			continue
		}
		c, err := l.survivor(side.base)
		if err != nil {
			return out, err
		}
		ref := CustomerRef{Number: state.Customers.Ref(side.base)}
		if c != nil {
			ref = refOf(c)
		}
		*side.ref = &ref
		records, err := l.recordsOf([]uint64{side.record})
		if err != nil {
			return out, err
		}
		switch {
		case len(records) == 1:
			*side.seen = strings.Trim(recordLine(records[0])+", "+records[0].Connection, ", ")
		case c != nil:
			*side.seen = strings.Trim(c.Name+", "+detail(c), ", ")
		}
	}
	return out, nil
}

// Answer answers a question, once.
func (s *Service) Answer(ctx context.Context, in AnswerIn) (AnswerOut, error) {
	args := state.Args{"question": in.Number, "answer": in.Answer}
	if reason := strings.TrimSpace(in.Text); reason != "" && in.Answer == "no" {
		args["reason"] = reason
	}
	return settled(ctx, s, "question.answer", args, func(w *state.Writer) (AnswerOut, error) {
		n, err := reference(state.Questions, w.Tx(), in.Number)
		if err != nil {
			return AnswerOut{}, err
		}
		q, err := state.Questions.Number(w.Tx(), n)
		if err != nil {
			return AnswerOut{}, err
		}
		ref := state.Questions.Ref(n)
		if q.State != state.QuestionOpen {
			return AnswerOut{}, &state.Error{Class: state.Conflict, Code: "question_answered", Args: state.Args{
				"question": ref, "answer": q.Answer, "by": actorName(w.Tx(), q.By)}}
		}
		answer := strings.ToLower(strings.TrimSpace(in.Answer))
		if !slices.Contains(q.Options, answer) {
			return AnswerOut{}, &state.Error{Class: state.Invalid, Code: "unknown_answer", Args: state.Args{
				"question": ref, "answer": in.Answer, "options": strings.Join(q.Options, ", ")}}
		}
		// What the question is about is shown as it was asked.
		r, err := s.reader(ctx, w.Tx())
		if err != nil {
			return AnswerOut{}, err
		}
		l := s.lookup(w.Tx(), w.Cause.At, r)
		if err := l.mayAnswerNow(q); err != nil {
			return AnswerOut{}, err
		}
		if err := s.mayDecide(ctx, l, q); err != nil {
			return AnswerOut{}, err
		}
		if in.Due != "" && (q.Kind != state.QuestionPromise || answer == "no") {
			return AnswerOut{}, &state.Error{Class: state.Invalid, Code: "answer_no_due", Args: state.Args{"question": ref}}
		}
		shown, err := l.question(q)
		if err != nil {
			return AnswerOut{}, err
		}
		q.State, q.Answer, q.By, q.Answered = state.QuestionAnswered, answer, w.Cause.Actor, w.Cause.At
		if err := state.Questions.Put(w, q); err != nil {
			return AnswerOut{}, err
		}
		out, err := s.act(w, q, answer, in)
		if err != nil {
			return AnswerOut{}, err
		}
		shown.State, shown.Answer = q.State, q.Answer
		out.Question = shown
		if out.Left, err = openQuestions(w.Tx()); err != nil {
			return AnswerOut{}, err
		}
		more, _, err := l.promiseQuestions(false)
		out.Left += len(more)
		return out, err
	})
}

// act does what an answer means.
func (s *Service) act(w *state.Writer, q *state.Question, answer string, in AnswerIn) (AnswerOut, error) {
	text := strings.TrimSpace(in.Text)
	switch q.Kind {
	case state.QuestionPromise:
		return s.actPromise(w, q, answer, in)
	case state.QuestionPromiseDone:
		return s.actKept(w, q, answer)
	case state.QuestionMatch:
		out := AnswerOut{Did: didApart}
		err := error(nil)
		if answer == "yes" {
			out.Did = didMerge
			err = s.mergeBases(w, q.A, q.B, text)
		} else {
			err = s.keepApartBases(w, q.A, q.B, text)
		}
		if err != nil {
			return out, err
		}
		return out, nameCustomer(w, q.A, &out)
	case state.QuestionOrganisation:
		return s.actOrganisation(w, q, answer, text)
	case state.QuestionRow:
		return s.actRow(w, q, answer, text)
	case state.QuestionStaff:
		return s.actStaff(w, q, answer, text)
	case state.QuestionConflict:
		out := AnswerOut{Did: didChoose}
		return out, nameCustomer(w, q.A, &out) // the next sync does it: what is true then may be another thing
	case state.QuestionStop:
		return s.actStop(w, q, answer, text)
	case state.QuestionLost:
		out := AnswerOut{Did: didArrive}
		if answer == "no" {
			out.Did = didNotArrive
		}
		return out, nameCustomer(w, q.A, &out)
	case state.QuestionSend, state.QuestionUnsure, state.QuestionUndelivered:
		return s.actMessage(w, q, answer, text)
	}
	return AnswerOut{}, &state.Error{Class: state.Invalid, Code: "unknown_question", Args: state.Args{"kind": q.Kind}}
}

func nameCustomer(w *state.Writer, n uint64, out *AnswerOut) error {
	c, err := newLookup(w.Tx(), w.Cause.At).survivor(n)
	if err == nil && c != nil {
		out.Customer = refOf(c)
	}
	return err
}

func (s *Service) actOrganisation(w *state.Writer, q *state.Question, answer, text string) (AnswerOut, error) {
	out := AnswerOut{Did: didOrg}
	n, err := state.Verdicts.Next(w)
	if err != nil {
		return out, err
	}
	id := state.Identifier{Type: q.Field, Match: q.Raw, Shown: cmp.Or(q.Where, q.Raw)}
	v := &state.Verdict{Key: n, Kind: state.VerdictOrganisation, Identifier: &id, Text: oneLine(text), By: w.Cause.Actor, At: w.Cause.At}
	if answer != "yes" {
		out.Did, v.Kind, v.Text, v.Note = didNotOrg, state.VerdictNoOrg, "", text
	}
	if err := state.Verdicts.Put(w, v); err != nil {
		return out, err
	}
	if err := s.resolveOrganisation(w, id.Type, id.Match); err != nil || answer != "yes" {
		return out, err
	}
	key := id.Match
	if id.Type == state.TypeDomain {
		key = domainID(id.Match)
	}
	records, err := state.Records.By(w.Tx(), "id", state.RecordKey(state.OwnConnection, state.KindOrganisation, key))
	if err != nil || len(records) == 0 {
		return out, err
	}
	c, err := newLookup(w.Tx(), w.Cause.At).ofRecord(records[0].Key)
	if err == nil && c != nil {
		out.Customer = refOf(c)
	}
	return out, err
}

func (s *Service) actRow(w *state.Writer, q *state.Question, answer, text string) (AnswerOut, error) {
	out := AnswerOut{Did: didDrop}
	if answer == "drop" {
		return out, nil
	}
	out.Did = didRead
	if text == "" {
		return out, &state.Error{Class: state.Invalid, Code: "row_missing", Args: state.Args{"question": state.Questions.Ref(q.Number)}}
	}
	if s.conns == nil {
		return out, &state.Error{Class: state.Unavailable, Code: "no_connections"}
	}
	numbers, err := s.conns.Reread(w, q, text)
	if err != nil {
		return out, err
	}
	l := newLookup(w.Tx(), w.Cause.At)
	records, err := l.recordsOf(numbers)
	if err != nil {
		return out, err
	}
	for _, r := range records {
		find := l.buyer
		if r.Kind == state.KindContact {
			find = func(r *state.Record) (*state.Customer, error) { return l.ofRecord(r.Key) }
		}
		c, err := find(r)
		if err != nil {
			return out, err
		}
		if c != nil {
			out.Customer = refOf(c)
			break
		}
	}
	return out, nil
}

func openQuestions(tx state.Tx) (int, error) {
	n := 0
	for _, err := range tx.Scan(state.Questions.Kind, state.Range{Index: "open", KeysOnly: true}) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
