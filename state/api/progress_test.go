package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"
)

// Work that tells three figures at once and then hangs is seen at the third.
func TestTheNewestProgressArrives(t *testing.T) {
	t.Parallel()
	table := echoTable()
	seen := make(chan struct{})
	table.Wait = func(ctx context.Context, _ string) (thing, error) {
		for i := range 3 {
			Tell(ctx, i+1)
		}
		select {
		case <-seen:
		case <-time.After(time.Minute):
		}
		Tell(ctx, 4) // too soon, and then the answer is there
		return thing{Name: "done"}, nil
	}
	c, _ := overTCP(t, table, Options{})
	var all []string
	ctx := WithProgress(t.Context(), func(raw json.RawMessage) {
		all = append(all, string(raw))
		if string(raw) == "3" {
			close(seen)
		}
	})
	if out, err := c.Wait(ctx, "x"); err != nil || out.Name != "done" {
		t.Errorf("%+v, %v", out, err)
	}
	if !slices.Equal(all[:min(2, len(all))], []string{"1", "3"}) {
		t.Errorf("heard %s", fmt.Sprint(all))
	}
}
