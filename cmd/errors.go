package cmd

import (
	"context"
	"errors"
	"strings"

	"github.com/keptcrm/kept/state"
)

// told is an error whose sentence stands on the terminal already.
type told struct{ error }

func (t told) Unwrap() error { return t.error }

// asState finds an error of the state in a chain; a cancelled context is one too.
func asState(err error) (*state.Error, bool) {
	var e *state.Error
	if errors.As(err, &e) {
		return e, true
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return state.AsError(err), true
	}
	return nil, false
}

func invalid(code string, kv ...string) error { return fault(state.Invalid, code, kv...) }

// fault makes an error with arguments in pairs of name and value.
func fault(class state.Class, code string, kv ...string) error {
	e := &state.Error{Class: class, Code: code}
	for i := 0; i+1 < len(kv); i += 2 {
		if e.Args == nil {
			e.Args = state.Args{}
		}
		e.Args[kv[i]] = kv[i+1]
	}
	return e
}

// fail says what went wrong and what to do next, and gives the exit code.
func (f *factory) fail(err error) int {
	e := state.AsError(err)
	var already told
	if !errors.As(err, &already) {
		p := f.printer()
		f.talk(p.Error(err))
		for _, line := range candidates(e) {
			f.talk("  " + line)
		}
	}
	if f.flags.verbose && e.Cause != nil {
		f.talk("(" + e.Error() + ")")
	}
	return e.Class.Exit()
}

// candidates are the lines beside an error that says that several fit, or who is near. Their parts
// have tabs between them.
func candidates(e *state.Error) []string {
	var out []string
	for _, key := range []string{"hits", "near"} {
		for line := range strings.SplitSeq(e.Args[key], "\n") {
			if strings.Contains(line, "\t") {
				out = append(out, strings.Join(strings.FieldsFunc(line, func(r rune) bool { return r == '\t' }), "  "))
			}
		}
	}
	return out
}
