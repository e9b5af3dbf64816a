package slack

import (
	"sync"
	"time"
)

// Health is how it goes with Slack.
type Health struct {
	Mode      string    `json:"mode"`      // socket, http
	Sockets   int       `json:"sockets"`   // open ones
	Connected time.Time `json:"connected"` // since when there is one; zero: there is none
	Heard     time.Time `json:"heard"`     // the last ping, or anything else that came
	Event     time.Time `json:"event"`     // the last command, press or other event
	Team      string    `json:"team"`      // "" before Slack said it
	Class     Class     `json:"class"`     // of the last error that still stands; "" is none
	Code      string    `json:"code"`
	Text      string    `json:"text"` // in plain words
	At        time.Time `json:"at"`

	Events  map[string]int64 `json:"events"` // by kind: command, press, ...
	Twice   int64            `json:"twice"`  // that came again
	Ignored int64            `json:"ignored"`
	Broken  int64            `json:"broken"` // that could not be read
	Forged  int64            `json:"forged"` // requests without a good signature
	Refused int64            `json:"refused"`
	Busy    int64            `json:"busy"`   // told to try again
	Panics  int64            `json:"panics"` // handlers that broke
	Lost    int64            `json:"lost"`   // answers that did not arrive
	Sent    int64            `json:"sent"`   // messages of the outbox
	// AckSlowest and AnswerSlowest are of all since the start.
	AckSlowest    time.Duration `json:"ack_slowest"`
	AnswerSlowest time.Duration `json:"answer_slowest"`
}

// Works says whether events can come: a socket is open, or signed HTTP is awaited, and no error stands
// that a person has to see to.
func (h Health) Works() bool {
	return h.Class != Auth && h.Class != Forbidden && (h.Mode == "http" || h.Sockets > 0)
}

// health is a Health while it changes.
type health struct {
	mu sync.Mutex
	Health
	up     [sockets]bool
	stands map[string]*Error // by where they came from; the newest of the worst is told
	since  map[string]time.Time
}

// Health tells how it goes.
func (a *App) Health() Health { return a.health.now() }

func (h *health) now() Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.Health
	out.Events = map[string]int64{}
	for k, v := range h.Health.Events {
		out.Events[k] = v
	}
	return out
}

func (h *health) with(do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	do()
}

func (h *health) opened(n int, at time.Time) {
	h.with(func() {
		h.up[n] = true
		h.count()
		if h.Connected.IsZero() {
			h.Connected = at
		}
		h.Health.Heard = at
		h.over(func(from string, e *Error) bool { return from == inSocket || !lasts(e) })
	})
}

func (h *health) closed(n int) {
	h.with(func() {
		h.up[n] = false
		h.count()
		if h.Sockets == 0 {
			h.Connected = time.Time{}
		}
	})
}

func (h *health) count() {
	h.Sockets = 0
	for _, up := range h.up {
		if up {
			h.Sockets++
		}
	}
}

// over takes away the errors that are over, as which says.
func (h *health) over(which func(where string, e *Error) bool) {
	for where, e := range h.stands {
		if which(where, e) {
			delete(h.stands, where)
			delete(h.since, where)
		}
	}
	h.tell()
}

// tell shows the newest of the worst errors: those that a person has to see to.
func (h *health) tell() {
	h.Class, h.Code, h.Text, h.At = "", "", "", time.Time{}
	for where, e := range h.stands {
		at, worse := h.since[where], lasts(e) && !lasts(&Error{Class: h.Class})
		if h.Class == "" || worse || lasts(e) == lasts(&Error{Class: h.Class}) && at.After(h.At) {
			h.Class, h.Code, h.Text, h.At = e.Class, e.Reason, e.Text, at
		}
	}
}

// lasts says whether an error does not go away by itself.
func lasts(e *Error) bool { return e.Class == Auth || e.Class == Forbidden }

// fine notes that something worked, which ends what was wrong with it. An answer may leave without
// a token: it shows none to be good.
func (h *health) fine(where string) {
	h.with(func() {
		h.over(func(from string, e *Error) bool { return from == where && (where != inAnswer || !lasts(e)) })
	})
}

func (h *health) knows(id identity) {
	h.with(func() {
		h.Team = id.team
		h.over(func(from string, e *Error) bool { return from != inSocket && e.Class != Forbidden })
	})
}

// failed notes an error; it says whether that is news.
func (h *health) failed(at time.Time, where string, e *Error) (news bool) {
	h.with(func() {
		if h.stands == nil {
			h.stands, h.since = map[string]*Error{}, map[string]time.Time{}
		}
		had := h.stands[where]
		news = had == nil || had.Reason != e.Reason
		h.stands[where], h.since[where] = e, at
		h.tell()
	})
	return news
}

func (h *health) heard(at time.Time) { h.with(func() { h.Health.Heard = at }) }

func (h *health) came(at time.Time, k kind) {
	h.with(func() {
		h.Event = at
		if h.Events == nil {
			h.Events = map[string]int64{}
		}
		h.Events[string(k)]++
	})
}

func (h *health) ignored(at time.Time, broken bool) {
	h.with(func() {
		h.Event = at
		if broken {
			h.Broken++
		} else {
			h.Ignored++
		}
	})
}

func (h *health) unread()     { h.with(func() { h.Broken++ }) }
func (h *health) forged()     { h.with(func() { h.Forged++ }) }
func (h *health) twice()      { h.with(func() { h.Twice++ }) }
func (h *health) turnedAway() { h.with(func() { h.Busy++ }) }
func (h *health) broke()      { h.with(func() { h.Panics++ }) }
func (h *health) refused()    { h.with(func() { h.Refused++ }) }
func (h *health) lost()       { h.with(func() { h.Lost++ }) }

func (h *health) acked(took time.Duration, err error) {
	if err == nil {
		h.with(func() { h.AckSlowest = max(h.AckSlowest, took) })
	}
}

func (h *health) answered(took time.Duration) {
	h.with(func() { h.AnswerSlowest = max(h.AnswerSlowest, took) })
}

// delivered notes that a message left, which also ends what was wrong with leaving.
func (h *health) delivered() {
	h.with(func() {
		h.Sent++
		h.over(func(from string, e *Error) bool {
			return from == inPost || from == inOpen || from != inSocket && e.Class != Forbidden
		})
	})
}
