package slack

import (
	"container/list"
	"sync"
	"time"
)

// How much is remembered of what came, and for how long: far longer than Slack sends anything again.
const (
	seenMost  = 10000
	seenFor   = time.Hour
	pressedIn = 2 * time.Second // a second press of the same button after the first one's end
)

// seen remembers what came, so that what comes twice has one effect.
type seen struct {
	now func() time.Time
	mu  sync.Mutex
	all map[string]*list.Element
	age *list.List // of *once, oldest first
}

// once is one thing that came.
type once struct {
	key  string
	at   time.Time
	keep time.Duration // after its end
	end  time.Time     // under seen.mu
	ack  any           // what went with its acknowledgement; set before said is closed
	said chan struct{}
}

func newSeen(now func() time.Time) *seen {
	return &seen{now: now, all: map[string]*list.Element{}, age: list.New()}
}

// begin says whether something is new; else it gives the first one. keep is for how long after its
// end it counts as the same.
func (s *seen) begin(key string, keep time.Duration) (o *once, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if e := s.all[key]; e != nil {
		o = e.Value.(*once)
		if o.end.IsZero() || now.Sub(o.end) < o.keep {
			return o, false
		}
		s.drop(e)
	}
	for e := s.age.Front(); e != nil && (s.age.Len() >= seenMost || now.Sub(e.Value.(*once).at) > seenFor); e = s.age.Front() {
		s.drop(e)
	}
	o = &once{key: key, at: now, keep: keep, said: make(chan struct{})}
	s.all[key] = s.age.PushBack(o)
	return o, true
}

func (s *seen) drop(e *list.Element) {
	s.age.Remove(e)
	delete(s.all, e.Value.(*once).key)
}

// finish ends it.
func (s *seen) finish(o *once) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.end.IsZero() {
		o.end = s.now()
	}
}
