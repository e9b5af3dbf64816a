//go:build !windows

package bolt

import (
	"errors"
	"os"
	"syscall"
)

// lockFile takes the lock that bbolt takes, at once or not at all, for as long as f is open.
func lockFile(f *os.File, alone bool) (ok bool, err error) {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
