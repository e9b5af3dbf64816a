package connectors_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

func TestClassOf(t *testing.T) {
	t.Parallel()
	limited := &connectors.Error{Class: connectors.RateLimited, Text: "the shop asks us to wait", After: time.Minute, Cause: context.DeadlineExceeded}
	for _, tc := range []struct {
		err  error
		want connectors.Class
	}{
		{limited, connectors.RateLimited},
		{fmt.Errorf("page 3: %w", limited), connectors.RateLimited},
		{errors.New("connection reset"), connectors.Transient},
	} {
		if got := connectors.ClassOf(tc.err); got != tc.want {
			t.Errorf("ClassOf(%v) = %s, want %s", tc.err, got, tc.want)
		}
	}
	if limited.Error() != "the shop asks us to wait" || !errors.Is(limited, context.DeadlineExceeded) {
		t.Errorf("%q hides its cause or shows it", limited.Error())
	}
}
