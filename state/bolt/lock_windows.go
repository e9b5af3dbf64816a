package bolt

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile takes the lock that bbolt takes (its one byte at the far end), at once or not at all, for
// as long as f is open.
func lockFile(f *os.File, alone bool) (ok bool, err error) {
	const last = ^uint32(0)
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if alone {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: last, OffsetHigh: last})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}
