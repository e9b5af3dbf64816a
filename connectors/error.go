package connectors

import (
	"errors"
	"time"
)

// Class says what the engine may do about an error.
type Class string

// The classes of errors.
const (
	Transient     Class = "transient"      // try again
	RateLimited   Class = "rate_limited"   // try again after Error.After
	Auth          Class = "auth"           // the credentials are wrong; a person must act
	Forbidden     Class = "forbidden"      // the credentials are good, the right is missing
	Conflict      Class = "conflict"       // the version expected is not the one there
	NotFound      Class = "not_found"      // it is not there
	Invalid       Class = "invalid"        // the system refuses the content, or the source cannot be read
	CursorExpired Class = "cursor_expired" // start over from the empty cursor
	// Ambiguous: the write may have happened. It is looked for before anybody tries again, or a
	// person is asked.
	Ambiguous Class = "ambiguous"
)

// Error is an error of a connection in words for its owner, with the class that decides what
// happens next. Cause is for the log only.
type Error struct {
	Class Class
	Text  string        // plain words: what is wrong and what to do next; never a secret
	After time.Duration // for RateLimited and Transient: how long to wait at least; 0: not told
	Cause error
}

func (e *Error) Error() string { return e.Text }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ClassOf gives the class of the first Error in err's chain; anything else is Transient.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Transient
}
