//go:build !unix

package service

import "time"

var started = time.Now()

// cpuTime is the time that passes, where nothing else is known.
func cpuTime() time.Duration { return time.Since(started) }
