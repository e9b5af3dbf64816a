package connectors

import (
	"context"
	"errors"
	"io/fs"
)

// OpenFile opens a source file by the name in the options. Reading it ends with ctx. Its error is
// classed, in words for whoever named the file. The caller closes the file.
func (e Env) OpenFile(ctx context.Context, name string) (File, error) {
	f, err := e.Open(name)
	switch {
	case err == nil:
		return Until(ctx, f), nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Class: NotFound, Text: "there is no file " + name, Cause: err}
	case errors.Is(err, fs.ErrPermission):
		return nil, &Error{Class: Forbidden, Text: name + " may not be read; check its permissions", Cause: err}
	}
	return nil, &Error{Class: Invalid, Text: name + " cannot be opened", Cause: err}
}

// Until gives a file whose reading ends with ctx. It is the same file: closing one closes the other.
func Until(ctx context.Context, f File) File { return until{f, ctx} }

type until struct {
	File
	ctx context.Context
}

func (u until) ReadAt(p []byte, off int64) (int, error) {
	n, err := u.File.ReadAt(p, off)
	if gone := u.ctx.Err(); gone != nil {
		return 0, gone
	}
	return n, err
}
