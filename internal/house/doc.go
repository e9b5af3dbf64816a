// Package house holds no code, only the tests of the house itself: which room may import which and why, how long a file may be, and
// whether the documents and the release say what is true.
package house
