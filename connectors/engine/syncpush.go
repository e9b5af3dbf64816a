package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine/reconcile"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

const (
	pushGroup = 16 // writes that are stored and confirmed with one commit each, where a connection takes one at a time
	maxRounds = 3  // how often a sync plans anew for records that changed under it
	pushTries = 3  // how often a write whose answer was lost is sent, where that makes one thing there
)

// push sends what may be sent, every connection at the same time. What was stale is planned anew, in
// rounds; of a plan that a person applies nothing is planned anew, since nobody approved that.
func (s *syncing) push(ctx context.Context) error {
	if s.plan == nil {
		return nil
	}
	mark := s.plan.mark
	var pending []uint64
	for round := 1; ; round++ {
		s.each(ctx, func(ctx context.Context, p *part) error { return p.push(ctx, s.writesOf(p)) })
		s.tally(round)
		if err := ctx.Err(); err != nil {
			return err
		}
		again := s.stale()
		pending = append(pending, s.plan.unfinished()...)
		if len(again) == 0 || round == maxRounds || s.in.Apply != "" {
			s.show()
			slices.Sort(pending)
			return s.remember(ctx, mark, slices.Compact(pending))
		}
		var err error
		if s.plan, err = s.planFor(ctx, again); err != nil {
			return err
		}
		if err := s.decide(ctx, s.plan); err != nil {
			return err
		}
	}
}

func (s *syncing) writesOf(p *part) []*write {
	var out []*write
	for _, w := range s.plan.writes {
		if w.part == p && s.sendable(w) {
			out = append(out, w)
		}
	}
	return out
}

// stale gives the customers whose writes met something newer, or were lost and can be found out.
func (s *syncing) stale() []uint64 {
	var out []uint64
	for _, w := range s.plan.writes {
		if w.state == service.WriteStale {
			out = append(out, w.group.customer.Number)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// tally counts what became of the writes of a round.
func (s *syncing) tally(round int) {
	for _, w := range s.plan.writes {
		if w.part == nil {
			continue
		}
		out := &w.part.out
		switch w.state {
		case service.WriteConfirmed:
			out.Sent++
			switch w.action {
			case state.WriteCreate:
				out.Created++
			case state.WriteDelete:
				out.Deleted++
			}
		case service.WriteRefused:
			out.Failed++
			out.Refused = append(out.Refused, w.shown())
		case service.WriteAsked:
			out.Lost++
		case service.WritePlanned:
			if round == 1 && !s.sendable(w) {
				out.Writes++
				out.NeedsPlan = out.NeedsPlan || !w.part.approved && out.Error == nil
			}
		case service.WriteStale:
			if round == maxRounds || s.in.Apply != "" {
				out.Writes++
			}
		}
	}
}

// show puts the plan that was applied into the answer, with what became of each write.
func (s *syncing) show() {
	if s.in.Apply == "" {
		return
	}
	plan := &service.SyncPlan{ID: s.in.Apply, State: service.PlanApplied, Writes: []service.SyncWrite{}, Questions: []service.Question{}, Joined: []service.SyncJoined{}}
	for _, w := range s.plan.writes {
		if w.part != nil {
			plan.Writes = append(plan.Writes, w.shown())
		}
	}
	s.out.Plan = plan
}

func (w *write) shown() service.SyncWrite {
	c := w.group.customer
	out := service.SyncWrite{Connection: w.name, Action: w.action, Why: w.why(), Rule: w.rule, State: w.state, Error: w.err, Fields: []service.SyncField{},
		Customer: service.CustomerRef{Number: state.Customers.Ref(c.Number), Name: c.Name, Kind: c.Kind}}
	if r := w.record(); r != nil {
		out.Record = r.ID
	}
	for _, f := range w.planned() {
		out.Fields = append(out.Fields, service.ShowPlannedField(&f))
	}
	return out
}

// push sends a connection's writes, a few at a time: stored, sent, confirmed.
func (p *part) push(ctx context.Context, writes []*write) error {
	if len(writes) == 0 {
		return nil
	}
	size, parallel := pushGroup, 1
	if l, ok := p.conn.(connectors.Limiter); ok {
		parallel = max(1, l.Limits().Parallel)
		size = max(size, 4*parallel)
	}
	batcher, ok := p.conn.(connectors.BatchPusher)
	if ok {
		size = max(1, batcher.BatchSize())
	}
	p.progress.Done, p.progress.Total = 0, int64(len(writes))
	for group := range slices.Chunk(writes, size) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.store(ctx, group); err != nil {
			return err
		}
		results := p.send(ctx, group, batcher, parallel)
		stop, err := p.confirm(context.WithoutCancel(ctx), group, results)
		if err != nil {
			return err
		}
		p.progress.Done += int64(len(group))
		p.s.tell(ctx, p.progress)
		if stop != nil {
			return stop
		}
	}
	return nil
}

// store keeps the intents before anything is sent: whoever comes after a crash knows what may have
// happened.
func (p *part) store(ctx context.Context, group []*write) error {
	intents := make([]*state.Intent, len(group))
	err := p.s.svc.Do(ctx, "sync.send", state.Args{"connection": p.c.Name}, func(w *state.Writer) error {
		for i, x := range group {
			n, err := state.Intents.Next(w)
			if err != nil {
				return err
			}
			in := &state.Intent{Number: n, Key: x.key, Connection: p.c.Name, Kind: state.KindContact, Action: x.action, State: state.IntentSent,
				Customer: x.group.customer.Number, Fields: x.fields, Consents: x.said, Changed: x.changed(), Stored: w.Cause.At, Sent: w.Cause.At}
			if in.ID, err = p.s.svc.IntentID(w.Tx(), n); err != nil {
				return err
			}
			if r := x.record(); r != nil {
				in.Record, in.RecordID, in.Key = r.Key, r.ID, r.ID
				if v := r.Current(); v != nil {
					in.Expect = v.Version
				}
			}
			if err := state.Intents.Put(w, in); err != nil {
				return err
			}
			if x.mark != nil && x.mark.on && x.side >= 0 {
				if err := keepMark(w, in.Record, x.group.comparedWith(x.side), x.mark.mark, false); err != nil {
					return err
				}
			}
			intents[i] = in
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, x := range group {
		x.intent = intents[i]
	}
	return nil
}

// result is what a system said to one write.
type result struct {
	record connectors.Record
	err    error
	unsent bool // the call was not made
}

// send makes the calls. After an error that holds for the connection no further call begins.
func (p *part) send(ctx context.Context, group []*write, batcher connectors.BatchPusher, parallel int) []result {
	results := make([]result, len(group))
	for i := range results {
		results[i].unsent = true
	}
	if batcher != nil && !slices.ContainsFunc(group, func(w *write) bool { return w.action == state.WriteDelete }) {
		ins := make([]connectors.Intent, len(group))
		for i, w := range group {
			ins[i] = p.intent(w.intent, w.record())
		}
		pushed, err := batcher.PushBatch(ctx, ins)
		for i := range results {
			switch {
			case err != nil:
				results[i] = result{err: err}
			case i < len(pushed):
				results[i] = result{record: pushed[i].Record, err: pushed[i].Err}
			default:
				results[i] = result{err: &connectors.Error{Class: connectors.Ambiguous, Text: "it did not say what became of the write"}}
			}
		}
		return results
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	stopped := false
	slots := make(chan struct{}, parallel)
	for i, w := range group {
		slots <- struct{}{}
		mu.Lock()
		stop := stopped || ctx.Err() != nil
		mu.Unlock()
		if stop {
			<-slots
			continue
		}
		wg.Go(func() {
			defer func() { <-slots }()
			r := p.sendOne(ctx, w)
			mu.Lock()
			defer mu.Unlock()
			results[i] = r
			stopped = stopped || ends(r.err)
		})
	}
	wg.Wait()
	return results
}

func (p *part) sendOne(ctx context.Context, w *write) result {
	in := p.intent(w.intent, w.record())
	if w.action == state.WriteDelete {
		return result{err: p.conn.(connectors.Deleter).Delete(ctx, in)}
	}
	pusher := p.conn.(connectors.Pusher)
	rec, err := pusher.Push(ctx, in)
	// The same intent twice makes one thing there.
	for try := 1; try < pushTries && err != nil && connectors.ClassOf(err) == connectors.Ambiguous && p.spec.Idempotent && ctx.Err() == nil; try++ {
		lost := err
		if rec, err = pusher.Push(ctx, in); err != nil && ends(err) {
			err = lost // that it cannot be sent again says nothing of the first time, which may have arrived
		}
	}
	return result{record: rec, err: err}
}

// ends says whether an error is the connection's, so that the next write would have it too.
func ends(err error) bool {
	if err == nil {
		return false
	}
	switch connectors.ClassOf(err) {
	case connectors.Auth, connectors.Forbidden, connectors.RateLimited, connectors.Transient, connectors.CursorExpired:
		return true
	}
	return false
}

// intent is what a connector is asked to write.
func (p *part) intent(in *state.Intent, r *state.Record) connectors.Intent {
	out := connectors.Intent{ID: in.ID, Key: in.Key, Expect: connectors.Version(in.Expect), Changed: p.changed(in),
		Record: connectors.Record{Kind: connectors.Contact, ID: in.RecordID, Fields: toFields(in.Fields), Consents: toConsents(in.Consents)}}
	if r == nil {
		return out
	}
	if v := r.Current(); v != nil {
		out.Base = connectors.Record{Kind: connectors.Contact, ID: r.ID, Keyed: connectors.Keyed(r.Keyed), Version: connectors.Version(v.Version),
			Created: v.Created, Modified: v.Modified, Fields: toFields(v.Fields), Consents: toConsents(spoken(v.Consents))}
	}
	return out
}

// changed names the fields that an intent changes as the connector knows them.
func (p *part) changed(in *state.Intent) []string {
	i := slices.Index(in.Changed, service.FieldOptout)
	if i < 0 {
		return in.Changed
	}
	out := slices.Delete(slices.Clone(in.Changed), i, i+1)
	if !slices.Contains(out, p.c.Optout.Field) {
		out = append(out, p.c.Optout.Field)
	}
	return out
}

// confirm keeps what became of a group's writes in one transaction: what a system has now is told
// like anything else it says, with what it does not owe any more. The error stop is the connection's.
func (p *part) confirm(ctx context.Context, group []*write, results []result) (stop, err error) {
	var told []service.Told
	var done []*write
	var refetch []string
	made := map[int]bool{} // of told: with our mark
	for i, w := range group {
		r := &results[i]
		switch {
		case r.unsent:
			w.state = service.WritePlanned
		case r.err == nil:
			w.state = service.WriteConfirmed
		default:
			stop = errors.Join(stop, p.failed(ctx, w, r))
		}
		if w.state == service.WriteStale && w.record() != nil {
			refetch = append(refetch, w.record().ID)
		}
		if w.state != service.WriteConfirmed {
			continue
		}
		made[len(told)] = w.side < 0 && w.mark != nil
		done = append(done, w)
		told = append(told, p.confirmed(w, &r.record))
	}
	if err := p.hear(ctx, told, made); err != nil {
		return nil, err
	}
	counts := state.Counts{Told: int64(len(told)), Seen: int64(len(told))}
	p.s.svc.Prepare(told, false)
	addCounts(&p.counts, &counts)
	_, err = p.tell(ctx, "sync.sent", told, nil, nil, func(w *state.Writer, numbers []uint64) error {
		for i, x := range done {
			if err := p.keepConfirmed(w, x, numbers[i], &told[i]); err != nil {
				return err
			}
		}
		for _, x := range group {
			switch x.state {
			case service.WriteAsked:
				if err := p.askLost(w, x.intent, x.group.customer); err != nil {
					return err
				}
			case service.WriteSent: // the next run finds out
			default:
				if _, err := state.Intents.Delete(w, state.NumberKey(x.intent.Number)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if fetcher, ok := p.conn.(connectors.Fetcher); ok && len(refetch) > 0 && stop == nil {
		if err := p.lookKind(ctx, fetcher, connectors.Contact, refetch); err != nil {
			return connectionError(p.c.Name, err), nil
		}
	}
	if stop != nil {
		stop = connectionError(p.c.Name, stop)
	}
	return stop, nil
}

// confirmed is what the system has now, as it is told.
func (p *part) confirmed(w *write, r *connectors.Record) service.Told {
	if w.action == state.WriteDelete {
		return service.Told{Connection: p.c.Name, Kind: state.KindContact, ID: w.record().ID, Version: state.Version{Gone: true}}
	}
	if r.Kind == "" {
		r.Kind = connectors.Contact
	}
	if r.ID == "" && w.record() != nil {
		r.ID = w.record().ID
	}
	t, _ := toldOf(p.c.Name, &connectors.Change{Record: *r, Where: p.c.Name})
	return t
}

// keepConfirmed keeps what a confirmed write leaves beside the record.
func (p *part) keepConfirmed(w *state.Writer, x *write, record uint64, t *service.Told) error {
	rules := p.s.rules(x.group)
	if x.action == state.WriteCreate {
		if err := p.s.svc.LinkPushed(w, x.group.customer.Number, record); err != nil {
			return err
		}
		shadow := reconcile.Created(p.s.e.bare(x.fields), x.said, p.s.e.bare(t.Version.Fields), spoken(t.Version.Consents), matrixOf(p.spec), rules)
		if err := putShadow(w, record, x.group.customer.Number, shadow); err != nil || x.mark == nil {
			return err
		}
		return settledMark(w, record, x.group.customer.Number, x.mark.mark, true, t.Version.Fields)
	}
	key := x.record().Key
	was := x.group.outcome.Shadows[x.side]
	err := putShadow(w, key, x.group.customer.Number, reconcile.Confirm(was, x.of, p.s.e.bare(t.Version.Fields), spoken(t.Version.Consents), rules))
	if err != nil || x.mark == nil {
		return err
	}
	return settledMark(w, key, x.group.customer.Number, x.mark.mark, x.mark.on, t.Version.Fields)
}

// failed decides what an error makes of a write; what it returns stops the connection.
func (p *part) failed(ctx context.Context, w *write, r *result) error {
	switch class := connectors.ClassOf(r.err); {
	case ctx.Err() != nil && class != connectors.Invalid && class != connectors.Conflict:
		w.state = service.WriteSent
		return nil
	case class == connectors.Conflict, class == connectors.NotFound:
		w.state = service.WriteStale
		return nil
	case class == connectors.Invalid:
		w.state, w.err = service.WriteRefused, connectionError(p.c.Name, r.err)
		return nil
	case class != connectors.Ambiguous:
		w.state = service.WritePlanned // it did not happen
		return r.err
	}
	return p.lost(ctx, w, r)
}

// lost finds out what became of a write whose answer was lost.
func (p *part) lost(ctx context.Context, w *write, r *result) error {
	w.state = service.WriteSent
	if finder, ok := p.conn.(connectors.Finder); ok {
		rec, found, err := finder.Find(ctx, p.intent(w.intent, w.record()))
		switch {
		case err != nil:
			return err // the next run looks again
		case !found && w.action == state.WriteCreate:
			w.state = service.WriteStale // it did not arrive: planned anew
		case found && w.action == state.WriteCreate, found && w.action == state.WriteUpdate && p.arrived(w.intent, &rec):
			w.state, r.record = service.WriteConfirmed, rec
		default:
			w.state = service.WriteStale
		}
		return nil
	}
	_, fetches := p.conn.(connectors.Fetcher)
	switch {
	case w.action != state.WriteCreate && fetches:
		w.state = service.WriteStale // what it has now says whether it arrived
	case w.action == state.WriteCreate && !p.spec.Idempotent:
		w.state = service.WriteAsked
	}
	return nil // else the next run finds out, when it has read what is there now
}

// arrived says whether a record says what an intent would have had it say.
func (p *part) arrived(in *state.Intent, r *connectors.Record) bool {
	fields, _ := fieldsOf(r.Fields)
	rules := p.s.e.plainRules()
	want, has := p.s.e.bare(in.Fields), p.s.e.bare(fields)
	for _, name := range in.Changed {
		there := false
		switch name {
		case reconcile.FieldConsent:
			there = reconcile.Heeded(in.Consents, saidOf(r.Consents), rules)
		case service.FieldOptout:
			there = p.c.Optout.In(in.Fields) == p.c.Optout.In(fields)
		default:
			there = reconcile.Same(name, valuesIn(want, name), valuesIn(has, name), matrixOf(p.spec), rules)
		}
		if !there {
			return false
		}
	}
	return true
}

func valuesIn(fields []state.Field, name string) []state.Value {
	for i := range fields {
		if fields[i].Name == name {
			return fields[i].Values
		}
	}
	return nil
}

// lookKind reads records again by key; what is not there any more is gone.
func (p *part) lookKind(ctx context.Context, fetcher connectors.Fetcher, kind connectors.Kind, ids []string) error {
	there, err := p.fetch(ctx, fetcher, kind, ids)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return there[id] })
	if kind == connectors.MessageKind {
		gone = nil
	}
	return p.told(ctx, kind, nil, gone)
}

// askLost asks a person whether a write arrived: nobody else can find out.
func (p *part) askLost(w *state.Writer, in *state.Intent, c *state.Customer) error {
	n, err := state.Questions.Next(w)
	if err != nil {
		return err
	}
	q := &state.Question{Number: n, Kind: state.QuestionLost, Topic: "lost:" + in.ID, State: state.QuestionOpen, A: c.Number, From: p.c.Name,
		Created: w.Cause.At, Score: 80, Options: []string{"yes", "no"},
		Reasons: []state.Evidence{{Code: "write_lost", Args: state.Args{"connection": p.c.Name, "action": in.Action, "name": c.Name,
			"at": in.Sent.Format(time.RFC3339)}}}}
	if err := state.Questions.Put(w, q); err != nil {
		return err
	}
	in.State, in.Question = state.IntentAsked, n
	return state.Intents.Put(w, in)
}

func toFields(fields []state.Field) []connectors.Field {
	out := make([]connectors.Field, 0, len(fields))
	for _, f := range fields {
		field := connectors.Field{Name: f.Name}
		for _, v := range f.Values {
			field.Values = append(field.Values, connectors.Value{Text: v.Text, Label: v.Label, Parts: v.Parts})
		}
		out = append(out, field)
	}
	slices.SortFunc(out, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func toConsents(said []state.Said) []connectors.Consent {
	var out []connectors.Consent
	for _, c := range said {
		out = append(out, connectors.Consent{Channel: c.Channel, Purpose: c.Purpose, State: connectors.ConsentState(c.State), Address: c.Address,
			At: c.At, Field: c.Field, Words: c.Words})
	}
	return out
}
