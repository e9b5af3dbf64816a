// Package race lets tests look at less while the race detector watches, which makes them many times slower. What they prove of
// results they prove without it: scripts/test runs the tests of every package that imports this one a second time, at full size
// and without the detector.
package race

import (
	"flag"
	"strconv"
)

// Size is full, and with the race detector the lesser size.
func Size(full, less int) int {
	if Enabled {
		return less
	}
	return full
}

// Checks sets how many cases rapid draws of each property with the race detector; without it, it is as many as ever. It is called
// from a test file's init, so that -rapid.checks still has the last word.
func Checks(n int) {
	if !Enabled {
		return
	}
	if err := flag.Set("rapid.checks", strconv.Itoa(n)); err != nil {
		panic(err) // the package draws no cases
	}
}
