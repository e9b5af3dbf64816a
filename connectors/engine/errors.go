package engine

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

var classes = map[connectors.Class]state.Class{
	connectors.Transient:   state.Unavailable,
	connectors.RateLimited: state.Unavailable,
	connectors.Auth:        state.Auth,
	connectors.Forbidden:   state.Forbidden,
	connectors.Conflict:    state.Conflict,
	connectors.NotFound:    state.Invalid,
	connectors.Invalid:     state.Invalid,
}

// fileError says why a file could not be read, with the codes
//
//	file_missing     there is no such file
//	file_folder      it is a folder
//	file_empty       there is nothing in it
//	file_unreadable  it is there and cannot be read; reason where the connector gave one
//	file_refused     it was read and is not what it should be; reason says what, and what to do
func fileError(file string, err error) *state.Error {
	args := state.Args{"file": file}
	var told *connectors.Error
	var ours *state.Error
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return state.AsError(err)
	case errors.As(err, &told):
		args["reason"] = plainReason(file, told.Text)
		class, ok := classes[told.Class]
		if !ok {
			class = state.Failed
		}
		code := "file_unreadable"
		switch {
		case told.Class == connectors.NotFound || errors.Is(err, fs.ErrNotExist):
			code = "file_missing"
		case told.Class == connectors.Invalid:
			code = "file_refused"
		}
		return &state.Error{Class: class, Code: code, Args: args, Cause: err}
	case errors.Is(err, fs.ErrNotExist):
		return &state.Error{Class: state.Invalid, Code: "file_missing", Args: args, Cause: err}
	case errors.Is(err, errFolder):
		return &state.Error{Class: state.Invalid, Code: "file_folder", Args: args, Cause: err}
	case errors.Is(err, errEmpty):
		return &state.Error{Class: state.Invalid, Code: "file_empty", Args: args, Cause: err}
	case errors.Is(err, fs.ErrPermission):
		args["reason"] = "you may not read it"
	}
	return &state.Error{Class: state.Invalid, Code: "file_unreadable", Args: args, Cause: err}
}

// plainReason leaves the file's name out of a connector's words: the sentence around them has it.
func plainReason(file, reason string) string {
	for _, name := range []string{file, baseName(file)} {
		if rest, ok := strings.CutPrefix(reason, name+": "); ok {
			return rest
		}
		if rest, ok := strings.CutPrefix(reason, name+" "); ok {
			return "it " + rest
		}
	}
	return reason
}

// fault is a connector's breach of its contract: a mistake in a program, not in a file.
func fault(file, what string) *state.Error {
	return &state.Error{Class: state.Failed, Code: "connector_fault", Args: state.Args{"file": file, "what": what}}
}
