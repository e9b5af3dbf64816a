package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/keptcrm/kept/state"
)

var (
	errReadTx   = errors.New("state: written to inside View")
	errDone     = errors.New("state: transaction used after its end")
	errScanning = errors.New("state: written to while a scan runs; collect first")
)

func fail(class state.Class, code, path string, cause error) *state.Error {
	return &state.Error{Class: class, Code: code, Args: state.Args{"path": path}, Cause: cause}
}

// damaged is a panic of bbolt, or a fault in its memory map, as an error.
func damaged(path string, r any) error {
	return fail(state.Failed, "state_damaged", path, fmt.Errorf("%v", r))
}

// translate gives errors of bbolt and of the system the codes of this package.
func translate(path string, err error) error {
	var known *state.Error
	switch {
	case err == nil, errors.As(err, &known),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, berrors.ErrTimeout):
		return fail(state.Unavailable, "state_locked", path, err)
	case errors.Is(err, berrors.ErrInvalid):
		return fail(state.Failed, "state_foreign", path, err)
	case errors.Is(err, berrors.ErrVersionMismatch):
		return fail(state.Failed, "newer_state", path, err)
	case errors.Is(err, berrors.ErrChecksum):
		return fail(state.Failed, "state_damaged", path, err)
	case errors.Is(err, berrors.ErrDatabaseNotOpen), errors.Is(err, fs.ErrClosed):
		return fail(state.Unavailable, "state_closed", path, err)
	case isFull(err):
		return fail(state.Failed, "disk_full", path, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS),
		errors.Is(err, berrors.ErrDatabaseReadOnly):
		return fail(state.Failed, "state_read_only", path, err)
	case errors.Is(err, fs.ErrNotExist):
		return fail(state.NotFound, "no_state", path, err)
	}
	return fail(state.Failed, "state_io", path, err)
}

// isFull says whether a write failed because there is no room: on the disk, in the user's share of
// it, or in what one file may take.
func isFull(err error) bool {
	for _, n := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		// Where bbolt makes its file longer it passes on the system's words alone.
		if errors.Is(err, n) || strings.HasSuffix(err.Error(), ": "+n.Error()) {
			return true
		}
	}
	var n syscall.Errno
	// ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL
	return runtime.GOOS == "windows" && errors.As(err, &n) && (n == 39 || n == 112)
}

// syncDir makes names in a folder durable where the system can.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // not every file system can
	}
	return errors.Join(err, d.Close())
}
