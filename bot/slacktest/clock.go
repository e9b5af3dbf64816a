package slacktest

import "time"

// timer does something later.
type timer struct {
	at   time.Time
	do   func()
	real *time.Timer
}

func (t *timer) stop() { t.real.Stop() }

// now is the time of this Slack. The caller has the lock.
func (s *Server) now() time.Time { return time.Now().Add(s.offset) }

// Now is the time of this Slack.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// after does something in d, without the lock. The caller has the lock.
func (s *Server) after(d time.Duration, do func()) *timer {
	t := &timer{at: s.now().Add(d), do: do}
	t.real = time.AfterFunc(d, func() { s.fire(t) })
	s.timers[t] = true
	return t
}

func (s *Server) fire(t *timer) {
	s.mu.Lock()
	there := s.timers[t]
	delete(s.timers, t)
	s.mu.Unlock()
	if there {
		t.do()
	}
}

// forget ends a timer. The caller has the lock.
func (s *Server) forget(t *timer) {
	if t != nil {
		t.stop()
		delete(s.timers, t)
	}
}

// Advance moves the clock: what is due by then happens before it returns.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	s.offset += d
	now := s.now()
	var due []*timer
	for t := range s.timers {
		if t.at.After(now) {
			t.real.Reset(t.at.Sub(now))
			continue
		}
		t.stop()
		due = append(due, t)
	}
	s.mu.Unlock()
	for _, t := range due {
		s.fire(t)
	}
	s.note()
}
