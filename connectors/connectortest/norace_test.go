//go:build !race

package connectortest_test

// slow says that tests run many times slower than usual.
const slow = false
