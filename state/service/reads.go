package service

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/keptcrm/kept/state"
)

const (
	readsDelay = 250 * time.Millisecond // how long an entry waits for others to be written with
	readsQueue = 4096                   // entries that may wait; who comes then waits for them to be written
	readsPrune = 1000                   // entries past their time that one write takes out, at most
)

// readLog writes who looked at whom, in groups and off the answer's path: an answer waits for
// nothing but room in the queue.
type readLog struct {
	s    *Service
	keep time.Duration

	mu     sync.Mutex
	queue  []readEntry
	timer  *time.Timer // armed while entries wait
	closed bool
	lost   int64 // entries that could not be written
	why    error // the last of the reasons

	writing chan struct{} // held by who writes: one group at a time, in their order
}

type readEntry struct {
	read   state.Read
	caller Caller
}

// KeepReads makes the service write the read log and keep its entries for a time. Whoever calls it
// calls [Service.Close] before the store is closed. It is called before the service is used.
func (s *Service) KeepReads(keep time.Duration) {
	s.reads = &readLog{s: s, keep: keep, writing: make(chan struct{}, 1)}
}

// Close writes what the read log still has to write. It may be called once, when nobody asks any more.
func (s *Service) Close() error {
	if s.reads == nil {
		return nil
	}
	return s.reads.close()
}

// add puts entries into the queue. It waits only where the queue is full.
func (l *readLog) add(entries ...readEntry) {
	for {
		l.mu.Lock()
		if l.closed {
			l.lost += int64(len(entries))
			l.mu.Unlock()
			return
		}
		if len(l.queue) == 0 || len(l.queue)+len(entries) <= readsQueue {
			break
		}
		l.mu.Unlock()
		l.write()
	}
	for _, e := range entries {
		// A question that was asked again because the connection broke is one question.
		if e.read.Request == "" || !slices.ContainsFunc(l.queue[max(0, len(l.queue)-64):], func(o readEntry) bool {
			return o.read.Request == e.read.Request && o.read.Customer == e.read.Customer && o.read.What == e.read.What
		}) {
			l.queue = append(l.queue, e)
		}
	}
	if l.timer == nil {
		l.timer = time.AfterFunc(readsDelay, l.write)
	}
	l.mu.Unlock()
}

// write commits what waits, as one group. What cannot be written (a file that may only be read) is
// counted as lost: an answer that was given cannot be taken back.
func (l *readLog) write() {
	l.writing <- struct{}{}
	defer func() { <-l.writing }()
	l.mu.Lock()
	group := l.queue
	l.queue = nil
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	l.mu.Unlock()
	if len(group) == 0 {
		return
	}
	// Nobody's call: it must not end with the one that filled the queue.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := l.s.store.Update(ctx, func(tx state.Tx) error { return l.commit(tx, group) })
	if err != nil {
		l.mu.Lock()
		l.lost += int64(len(group))
		l.why = err
		l.mu.Unlock()
	}
}

func (l *readLog) commit(tx state.Tx, group []readEntry) error {
	now, err := l.s.Clock(tx)
	if err != nil {
		return err
	}
	fixed, err := tx.Blob(state.BlobClock)
	if err != nil {
		return err
	}
	reads := make([]state.Read, len(group))
	for i, e := range group {
		reads[i] = e.read
		if len(fixed) > 0 {
			reads[i].At = now
		}
		if reads[i].Actor, err = l.s.actor(tx, e.caller); state.IsClass(err, state.Refused) {
			reads[i].Actor, err = actorChat, nil // who asked a moment ago is nobody of us now
		}
		if err != nil {
			return err
		}
	}
	return state.LogReads(tx, reads, now.Add(-l.keep), readsPrune)
}

func (l *readLog) close() error {
	l.write()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.write() // what came between
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == nil || state.IsCode(l.why, "state_read_only") || state.IsCode(l.why, "disk_full") {
		return nil // told by the doctor, and by whatever else has to be written
	}
	return l.why
}

// readsLost says how many entries of the read log could not be written since this process began.
func (s *Service) readsLost() int64 {
	if s.reads == nil {
		return 0
	}
	s.reads.mu.Lock()
	defer s.reads.mu.Unlock()
	return s.reads.lost
}

// audited is a question whose answers are written into the read log: of names the customers whom an
// answer is about, by number.
func audited[In, Out any](s *Service, what string, ask func(context.Context, In) (Out, error), of func(*Out) []string) func(context.Context, In) (Out, error) {
	if s.reads == nil {
		return ask
	}
	return func(ctx context.Context, in In) (Out, error) {
		out, err := ask(ctx, in)
		if err != nil {
			return out, err
		}
		caller := CallerOf(ctx)
		var entries []readEntry
		for _, ref := range of(&out) {
			if n, ok := state.Customers.ParseRef(ref); ok {
				entries = append(entries, readEntry{caller: caller, read: state.Read{At: s.now().UTC(), What: what, Customer: n,
					Request: caller.Request, From: caller.From, Chat: caller.Chat}})
			}
		}
		if len(entries) > 0 {
			s.reads.add(entries...)
		}
		return out, nil
	}
}

func numberOf(c *CustomerRef) []string {
	if c == nil {
		return nil
	}
	return []string{c.Number}
}

// auditReads has the questions about one customer leave their entry in the read log. Hits of a
// search are no reading: they say that somebody is there.
func (s *Service) auditReads(a *API) {
	a.Brief = audited(s, "brief", a.Brief, func(o *BriefOut) []string { return []string{o.Customer.Number} })
	a.History = audited(s, "history", a.History, func(o *HistoryOut) []string { return []string{o.Customer.Number} })
	a.Who = audited(s, "who", a.Who, func(o *WhoOut) []string { return []string{o.Customer.Number} })
	a.PromiseList = audited(s, "promises", a.PromiseList, func(o *PromiseListOut) []string { return numberOf(o.Customer) })
	a.FollowupList = audited(s, "followups", a.FollowupList, func(o *FollowupListOut) []string { return numberOf(o.Customer) })
	a.CustomerShow = audited(s, "show", a.CustomerShow, func(o *CustomerShowOut) []string { return []string{o.Customer.Number} })
	a.Why = audited(s, "why", a.Why, func(o *WhyOut) []string { return append([]string{o.A.Number}, numberOf(o.B)...) })
	a.OptoutWhy = audited(s, "may-contact", a.OptoutWhy, func(o *OptoutWhyOut) []string { return numberOf(o.Customer) })
	a.MayContact = audited(s, "may-contact", a.MayContact, func(o *MayContactOut) []string { return numberOf(o.Customer) })
	exported := func(o *CustomerExportOut) []string { return []string{o.Customer.Number} }
	some, whole := audited(s, "export", a.CustomerExport, exported), audited(s, "export-whole", a.CustomerExport, exported)
	a.CustomerExport = func(ctx context.Context, in CustomerExportIn) (CustomerExportOut, error) {
		if in.Whole {
			return whole(ctx, in)
		}
		return some(ctx, in)
	}
}
