//go:build unix

package service

import (
	"syscall"
	"time"
)

// cpuTime is what the process has used, which the load of other programs leaves alone.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
