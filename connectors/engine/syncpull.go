package engine

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// part is one connection's part of one sync. One goroutine at a time has it.
type part struct {
	s     *syncing
	c     *Connection
	spec  *connectors.Spec
	conn  connectors.Connector
	kinds []connectors.Kind
	out   service.SyncConnection

	run      *state.Run // nil until something was committed
	ended    bool
	counts   state.Counts // of what was told and changed nothing, until it is kept with the run
	live     int64        // contact records before the first was taken as gone; -1: not counted yet
	gone     int64        // of them, what this run takes as gone
	expired  map[connectors.Kind]bool
	approved bool // a person applied a plan with writes here before
	progress Progress
}

// open opens the connection and looks at what the state knows of it.
func (p *part) open(ctx context.Context) error {
	if err := p.arrive(ctx); err != nil {
		return err
	}
	conn, spec, err := p.s.e.dial(ctx, p.c, p.s.e.svc, p.s.in.Dry)
	if err != nil {
		return err
	}
	p.conn, p.spec = conn, spec
	if p.c.writable() {
		if _, ok := conn.(connectors.Pusher); !ok {
			return &state.Error{Class: state.Invalid, Code: "connection_read_only",
				Args: state.Args{"connection": p.c.Name, "type": spec.Name, "mode": p.c.mode()}}
		}
	}
	if _, ok := conn.(connectors.Puller); ok {
		p.kinds = kindsOf(spec)
	}
	return p.s.svc.Do(ctx, "sync.start", state.Args{"connection": p.c.Name}, func(w *state.Writer) error {
		known, err := state.Connections.Find(w.Tx(), state.TextKey(p.c.Name))
		if err != nil {
			return err
		}
		if known != nil && known.Type != spec.Name {
			return &state.Error{Class: state.Conflict, Code: "connection_type",
				Args: state.Args{"connection": p.c.Name, "type": known.Type, "wanted": spec.Name}}
		}
		p.approved = known != nil && !known.Approved.IsZero()
		place := p.s.e.place(p.c)
		switch {
		case known == nil:
			return state.Connections.Put(w, &state.Connection{Name: p.c.Name, Type: spec.Name, Layout: spec.Name, Created: w.Cause.At, Optout: p.c.Optout.String(), Place: place})
		case known.Place != place:
			known.Place = place
			return state.Connections.Put(w, known)
		}
		return nil
	})
}

func (p *part) prefix(kind connectors.Kind) state.Range {
	return state.PrefixRange("id", state.Join(state.TextKey(p.c.Name), state.TextKey(string(kind))))
}

// alive says whether the system itself has a record, as far as we know.
func alive(r *state.Record) bool {
	v := r.Last(false)
	return v != nil && !v.Gone
}

// pull reads all that changed there, kind by kind, a commit at a time.
func (p *part) pull(ctx context.Context) error {
	for _, kind := range p.kinds {
		if err := p.pullKind(ctx, kind); err != nil {
			return err
		}
	}
	return p.hearAnew(ctx)
}

func (p *part) pullKind(ctx context.Context, kind connectors.Kind) error {
	point, err := p.point(ctx, kind)
	if err != nil {
		return err
	}
	from := connectors.Cursor(point.Cursor)
	if p.s.in.Full {
		from = ""
	}
	whole, restarted := from == "", false
	// A system that lost our cursor and keeps no list tells by reading all again who is not there any more.
	var there map[string]bool
	b := &batch{next: from}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		page, err := p.conn.(connectors.Puller).Pull(ctx, kind, from)
		if connectors.ClassOf(err) == connectors.CursorExpired && err != nil && !restarted && from != "" {
			// What was gone meanwhile, nobody tells any more.
			from, whole, restarted, p.expired[kind] = "", true, true, true
			if _, lists := p.conn.(connectors.Census); !lists && p.spec.Tombstones && kind != connectors.MessageKind {
				there = map[string]bool{}
			}
			b = &batch{next: from}
			continue
		}
		if err != nil {
			return connectionError(p.c.Name, err)
		}
		if page.More && page.Next == from {
			return fault(p.c.Name, "it does not move on from cursor "+string(from))
		}
		if kind == connectors.MessageKind {
			keepMessages(&page)
		}
		if there != nil {
			for i := range page.Changes {
				there[boundedID(page.Changes[i].Record.ID, maxID)] = !page.Changes[i].Gone
			}
		}
		if err := b.add(p.c.Name, p.c.Name, &page); err != nil {
			return err
		}
		from = page.Next
		p.progress.Done += int64(page.Told)
		if page.Total > 0 {
			p.progress.Done, p.progress.Total = page.Done, page.Total
		}
		if page.More && len(b.told) < p.s.e.enough() {
			continue
		}
		point.Cursor = string(from)
		if !page.More && whole {
			point.Whole = p.s.now
			if !p.expired[kind] {
				point.Census = p.s.now // all of it was told just now
			}
		}
		if err := p.commit(ctx, point, b, !page.More); err != nil {
			return err
		}
		p.s.tell(ctx, p.progress)
		if !page.More {
			return p.missing(ctx, kind, there)
		}
		b = &batch{next: from}
	}
}

// missing takes as gone what a system did not tell when it told all that it has; nil: nothing is.
func (p *part) missing(ctx context.Context, kind connectors.Kind, there map[string]bool) error {
	if there == nil {
		return nil
	}
	var gone []string
	err := p.s.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		gone = nil
		for r, err := range state.Records.All(tx, p.prefix(kind)) {
			if err != nil {
				return err
			}
			if alive(r) && !there[r.ID] {
				gone = append(gone, r.ID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.told(ctx, kind, nil, gone)
}

// keepMessages leaves out that messages were deleted: that somebody cleared a mailbox does not undo
// that they were written.
func keepMessages(page *connectors.Page) {
	page.Changes = slices.DeleteFunc(page.Changes, func(c connectors.Change) bool {
		if c.Gone {
			page.Joined++
		}
		return c.Gone
	})
}

func (p *part) point(ctx context.Context, kind connectors.Kind) (*state.Point, error) {
	point := &state.Point{Connection: p.c.Name, Kind: string(kind)}
	err := p.s.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		found, err := state.Points.Find(tx, state.Join(state.TextKey(p.c.Name), state.TextKey(string(kind))))
		if found != nil {
			point = found
		}
		return err
	})
	return point, err
}

// commit keeps what was gathered with the point behind it in one transaction. Where nothing is new,
// only the last of a kind costs a commit, and that only if the point moved.
func (p *part) commit(ctx context.Context, point *state.Point, b *batch, last bool) error {
	fresh, err := p.fresh(ctx, b)
	if err != nil {
		return err
	}
	if len(fresh) == 0 && len(b.rejected) == 0 {
		if !last {
			return nil
		}
		return p.keepPoint(ctx, point)
	}
	refused, err := p.tell(ctx, "sync.page", fresh, b.rejected, point, nil)
	if err != nil {
		return err
	}
	p.out.Rejected = append(p.out.Rejected, refused...)
	p.progress.Records = p.run.Counts.Records
	return p.s.svc.Settle(ctx, last)
}

// fresh gives what of a batch says anything new, within the guard; the rest is counted as the same.
func (p *part) fresh(ctx context.Context, b *batch) ([]service.Told, error) {
	if err := p.hear(ctx, b.told, nil); err != nil {
		return nil, err
	}
	p.s.svc.Prepare(b.told, false)
	fresh, err := p.s.svc.Fresh(ctx, b.told)
	if err != nil {
		return nil, err
	}
	if err := p.guardGone(ctx, fresh); err != nil {
		return nil, err
	}
	addCounts(&p.counts, &b.counts)
	same := int64(len(b.told) - len(fresh))
	p.counts.Records += same
	p.counts.Same += same
	return fresh, nil
}

// tell keeps records as told in this run, rejected rows, and a point, in one transaction; also does
// what belongs to it.
func (p *part) tell(ctx context.Context, what string, told []service.Told, rejected []connectors.Rejected, point *state.Point,
	also func(w *state.Writer, numbers []uint64) error) ([]service.ImportRefusal, error) {
	var run *state.Run
	var refused []service.ImportRefusal
	err := p.s.svc.Do(ctx, what, state.Args{"connection": p.c.Name}, func(w *state.Writer) error {
		r, err := p.runIn(w)
		if err != nil {
			return err
		}
		addCounts(&r.Counts, &p.counts)
		numbers, err := p.s.svc.Tell(w, r, told)
		if err != nil {
			return err
		}
		if refused, err = (asides{svc: p.s.svc}).setAside(w, r, rejected); err != nil {
			return err
		}
		if point != nil {
			if err := state.Points.Put(w, point); err != nil {
				return err
			}
		}
		if also != nil {
			if err := also(w, numbers); err != nil {
				return err
			}
		}
		run = r
		return state.Runs.Put(w, r)
	})
	if err != nil {
		return nil, err
	}
	p.run, p.counts = run, state.Counts{}
	return refused, nil
}

// runIn gives this part's run as it stands, or makes it. A run of the connection that was stopped is
// over: its points stand, and this one goes on behind them.
func (p *part) runIn(w *state.Writer) (*state.Run, error) {
	if p.run != nil {
		return state.Runs.Number(w.Tx(), p.run.Number)
	}
	r := state.PrefixRange("connection", state.TextKey(p.c.Name))
	r.Reverse, r.Limit = true, 1
	before, err := state.Runs.List(w.Tx(), r)
	if err != nil {
		return nil, err
	}
	for _, old := range before {
		if old.State == state.RunRunning {
			old.State, old.Ended = state.RunInterrupted, w.Cause.At
			if err := state.Runs.Put(w, old); err != nil {
				return nil, err
			}
		}
	}
	run := &state.Run{Kind: service.RunSync, Connection: p.c.Name, Source: p.c.Name, Layout: p.spec.Name, State: state.RunRunning,
		Actor: w.Cause.Actor, Started: p.s.now}
	run.Number, err = state.Runs.Next(w)
	return run, err
}

func (p *part) keepPoint(ctx context.Context, point *state.Point) error {
	before, err := p.point(ctx, connectors.Kind(point.Kind))
	if err != nil || *before == *point {
		return err
	}
	if before.Cursor == point.Cursor && before.Whole.Equal(point.Whole) && before.Census.Equal(point.Census) {
		return nil
	}
	return p.s.svc.Do(ctx, "sync.point", state.Args{"connection": p.c.Name}, func(w *state.Writer) error {
		return state.Points.Put(w, point)
	})
}

// fewGone is how many contacts a run may always take as gone, or change elsewhere, whatever the share.
const fewGone = 10

// guardGone refuses to take so much as gone that something else is likelier: an empty answer, another
// account, a wiped system.
func (p *part) guardGone(ctx context.Context, told []service.Told) error {
	n := int64(0)
	for i := range told {
		if told[i].Version.Gone && told[i].Kind == state.KindContact {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	if p.gone += n; p.live < 0 {
		if err := p.countContacts(ctx); err != nil {
			return err
		}
	}
	if p.s.in.AcceptGone || p.gone <= fewGone && (p.gone < p.live || p.live < 2) || float64(p.gone) <= p.guard()*float64(p.live) {
		return nil
	}
	return &state.Error{Class: state.Refused, Code: "gone_guard", Args: state.Args{"connection": p.c.Name,
		"gone": strconv.FormatInt(p.gone, 10), "known": strconv.FormatInt(p.live, 10)}}
}

// countContacts counts the contacts that the system has as far as we know.
func (p *part) countContacts(ctx context.Context) error {
	return p.s.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		p.live = 0
		for r, err := range state.Records.All(tx, p.prefix(connectors.Contact)) {
			if err != nil {
				return err
			}
			if alive(r) {
				p.live++
			}
		}
		return nil
	})
}

func (p *part) guard() float64 {
	if p.c.Guard > 0 {
		return p.c.Guard
	}
	return DefaultGuard
}

// end ends the run with the sums of its connection; where nothing was committed there is none.
func (p *part) end(ctx context.Context) error {
	if p.ended {
		return nil
	}
	p.ended = true
	if p.run == nil {
		p.out.Run = service.Run{Kind: service.RunSync, Connection: p.c.Name, State: state.RunDone, Started: p.s.now, Ended: p.s.now,
			Counts: p.counts, Sums: []state.Sum{}}
		return nil
	}
	err := p.s.svc.Do(ctx, "sync.end", state.Args{"connection": p.c.Name}, func(w *state.Writer) error {
		r, err := state.Runs.Number(w.Tx(), p.run.Number)
		if err != nil {
			return err
		}
		addCounts(&r.Counts, &p.counts)
		if r.Sums, err = p.s.svc.Sums(w.Tx(), p.c.Name); err != nil {
			return err
		}
		r.State, r.Ended = state.RunDone, latest(w.Cause.At, r.Started)
		if p.out.Error != nil {
			r.State = state.RunInterrupted
		}
		if err := state.Runs.Put(w, r); err != nil {
			return err
		}
		c, err := state.Connections.Get(w.Tx(), state.TextKey(p.c.Name))
		if err != nil {
			return err
		}
		c.LastRun = r.Number
		return state.Connections.Put(w, c)
	})
	if err != nil {
		return err
	}
	p.counts = state.Counts{}
	if err := p.s.svc.EndMail(ctx, p.run.Number); err != nil {
		return err
	}
	return p.s.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		r, err := state.Runs.Number(tx, p.run.Number)
		if err != nil {
			return err
		}
		p.out.Run = p.s.svc.ShowRun(tx, r)
		if p.out.Error == nil {
			return unbalanced(r)
		}
		return nil
	})
}
