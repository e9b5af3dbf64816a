package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf16"
)

// CodedError is an error whose code is the same in every process and language.
type CodedError interface {
	error
	ErrorCode() string
}

// Fault is an error as it crosses the socket: what a machine compares (Code),
// what fills the reader's sentence (Args, any JSON), and the plain message.
type Fault struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Args    json.RawMessage `json:"args,omitempty"`
}

// The codes of this package's own errors.
const (
	CodeBadRequest    = "bad_request"    // the request could not be read
	CodeUnauthorized  = "unauthorized"   // the token is missing or wrong
	CodeForeign       = "foreign"        // it came from a web page or under another name
	CodeUnknownMethod = "unknown_method" // the other side does not offer this method
	CodeVersion       = "version"        // the two processes speak different versions
	CodeTooLarge      = "too_large"      // a request or an answer is larger than allowed
	CodeShortLived    = "short_lived"    // long work was sent to a holder that will end soon
	CodeDraining      = "draining"       // the holder takes no new calls; try again
	CodeBusy          = "busy"           // exclusive work is going on; wait for your turn
	CodeResident      = "resident"       // a serving process holds the file and keeps it
	CodeLocked        = "locked"         // the file is locked and its holder does not answer
	CodeUnreachable   = "unreachable"    // nobody answers at that address
	CodeInterrupted   = "interrupted"    // the connection broke and the work must not be repeated blindly
	CodeCancelled     = "cancelled"      // the caller gave up
	CodeTimeout       = "timeout"        // the caller's time was over
	CodeClosed        = "closed"         // the session was closed
	CodeSocket        = "socket"         // the socket's folder cannot be used
	CodeInternal      = "internal"       // everything else
)

// Error is what a fault becomes where no Codec makes a domain error of it.
type Error struct {
	Fault
	// Cause is known only in the process where the error arose.
	Cause error
}

// Error is the plain message.
func (e *Error) Error() string { return e.Message }

// ErrorCode implements CodedError.
func (e *Error) ErrorCode() string { return e.Code }

// Unwrap lets errors.Is find the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Codec carries domain errors over the socket. All hooks may be nil.
type Codec struct {
	// Encode turns a domain error into a fault; false leaves it to the default,
	// which keeps the code of a CodedError and the message of every error.
	Encode func(error) (Fault, bool)
	// Decode turns a fault, also one of this package, back into a domain error;
	// nil leaves it to the default, *Error.
	Decode func(Fault) error
	// Status gives the HTTP status of a domain code; 0 leaves it to the default.
	Status func(code string) int
}

func newError(code, format string, args ...any) *Error {
	return &Error{Fault: Fault{Code: code, Message: fmt.Sprintf(format, args...)}}
}

func (c Codec) encode(err error) Fault {
	if c.Encode != nil {
		if f, ok := c.Encode(err); ok {
			return f
		}
	}
	var own *Error
	var coded CodedError
	switch {
	case errors.As(err, &own):
		return Fault{Code: own.Code, Message: err.Error(), Args: own.Args}
	case errors.As(err, &coded):
		return Fault{Code: coded.ErrorCode(), Message: err.Error()}
	case errors.Is(err, context.Canceled):
		return Fault{Code: CodeCancelled, Message: "cancelled"}
	case errors.Is(err, context.DeadlineExceeded):
		return Fault{Code: CodeTimeout, Message: "it took too long and was given up"}
	}
	return Fault{Code: CodeInternal, Message: err.Error()}
}

func (c Codec) decode(f Fault) error {
	switch f.Code {
	// The caller's own context errors must stay recognisable by errors.Is.
	case CodeCancelled:
		return &Error{Fault: f, Cause: context.Canceled}
	case CodeTimeout:
		return &Error{Fault: f, Cause: context.DeadlineExceeded}
	}
	if c.Decode != nil {
		if err := c.Decode(f); err != nil {
			return err
		}
	}
	return &Error{Fault: f}
}

// own gives an error of this package in the domain's form.
func (c Codec) own(e *Error) error {
	if c.Decode != nil {
		if err := c.Decode(e.Fault); err != nil {
			return err
		}
	}
	return e
}

func (c Codec) status(code string) int {
	if c.Status != nil {
		if s := c.Status(code); s >= 400 && s <= 599 {
			return s
		}
	}
	switch code {
	case CodeBadRequest:
		return http.StatusBadRequest
	case CodeUnauthorized:
		return http.StatusUnauthorized
	case CodeForeign:
		return http.StatusForbidden
	case CodeUnknownMethod:
		return http.StatusNotFound
	case CodeVersion, CodeShortLived, CodeBusy, CodeResident:
		return http.StatusConflict
	case CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case CodeDraining:
		return http.StatusServiceUnavailable
	case CodeCancelled:
		return 499 // what web servers log for "the client went away"
	case CodeTimeout:
		return http.StatusGatewayTimeout
	case CodeInternal:
		return http.StatusInternalServerError
	}
	return http.StatusUnprocessableEntity
}

// asciiJSON gives JSON that may stand in an HTTP header or trailer: everything
// outside ASCII is escaped.
func asciiJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		raw = []byte(`{"code":"internal","message":"the error could not be written"}`)
	}
	out := make([]byte, 0, len(raw))
	for _, r := range string(raw) {
		switch {
		case r < 0x80:
			out = append(out, byte(r))
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		}
	}
	return string(out)
}
