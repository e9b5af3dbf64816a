package statetest_test

import (
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/statetest"
)

func TestMem(t *testing.T) {
	t.Parallel()
	statetest.Suite(t, func(t *testing.T) state.Store { return statetest.Mem() })
}

func TestMemTwice(t *testing.T) {
	t.Parallel()
	statetest.Suite(t, func(t *testing.T) state.Store { return statetest.Twice(statetest.Mem()) })
}
