// Package state is Kept's domain: one file for each noun with its collection, the Store and Tx
// that a driver implements, and the error codes. It imports the standard library alone and does
// no I/O; texts for people are made elsewhere, from codes and arguments.
package state

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
)

// Class says what kind of failure an error is. Exit codes and HTTP statuses hang on it, in this
// file and nowhere else.
type Class string

// The classes of errors.
const (
	Failed      Class = "failed"      // it did not work; the code says why
	Invalid     Class = "invalid"     // what was asked makes no sense as it stands
	NotFound    Class = "not_found"   // no such thing
	Ambiguous   Class = "ambiguous"   // several things fit; Error.Args names them
	Conflict    Class = "conflict"    // somebody else changed it meanwhile, or it is taken
	Auth        Class = "auth"        // credentials missing or wrong
	Forbidden   Class = "forbidden"   // not this actor's to see or do
	Unavailable Class = "unavailable" // try again
	Partly      Class = "partly"      // some of it was done; the rest is told
	Findings    Class = "findings"    // a judging command found something
	Refused     Class = "refused"     // a guard or the gate says no
	Cancelled   Class = "cancelled"   // the user stopped it
)

var classes = map[Class]struct{ exit, http int }{
	Failed:      {1, 500},
	Invalid:     {2, 400},
	NotFound:    {1, 404},
	Ambiguous:   {1, 300},
	Conflict:    {1, 409},
	Auth:        {4, 401},
	Forbidden:   {4, 403},
	Unavailable: {5, 503},
	Partly:      {6, 207},
	Findings:    {3, 200},
	Refused:     {7, 422},
	Cancelled:   {130, 499},
}

// Exit is the exit code of a command that ends with an error of this class.
func (c Class) Exit() int {
	if v, ok := classes[c]; ok {
		return v.exit
	}
	return 1
}

// HTTP is the status of an answer that carries an error of this class.
func (c Class) HTTP() int {
	if v, ok := classes[c]; ok {
		return v.http
	}
	return 500
}

// Args are an error's or a text's arguments by name.
type Args map[string]string

// Error is a failure as a code with arguments. The sentence for people comes from the catalogue
// under "error.<Code>". Cause is for the log and is not sent to other processes.
type Error struct {
	Class Class  `json:"class"`
	Code  string `json:"code"`
	Args  Args   `json:"args,omitempty"`
	Cause error  `json:"-"`
}

// Error gives code and arguments, for logs and tests.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	for _, k := range slices.Sorted(maps.Keys(e.Args)) {
		b.WriteString(" " + k + "=" + e.Args[k])
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

// ErrorCode is the code; it makes Error known to package api without an import.
func (e *Error) ErrorCode() string { return e.Code }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// AsError gives err as an Error: a cancelled context as [Cancelled], a passed deadline as
// [Unavailable], anything else as [Failed] with the code "internal".
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled):
		return &Error{Class: Cancelled, Code: "cancelled", Cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Class: Unavailable, Code: "timeout", Cause: err}
	}
	return &Error{Class: Failed, Code: "internal", Cause: err}
}

// IsClass says whether err is an Error of a class.
func IsClass(err error, c Class) bool {
	var e *Error
	return errors.As(err, &e) && e.Class == c
}

// IsCode says whether err is an Error with a code.
func IsCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
