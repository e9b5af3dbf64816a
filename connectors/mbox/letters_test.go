package mbox

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keptcrm/kept/connectors"
)

// What becomes of whole letters, good and bad, stands beside them.
func TestLetters(t *testing.T) {
	t.Parallel()
	letters, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(letters) < 4 {
		t.Fatal(letters, err)
	}
	for _, path := range letters {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := tree{"a.eml": string(raw)}.open(t, map[string]string{"path": "a.eml"})
		page, err := c.Pull(context.Background(), connectors.MessageKind, "")
		if err != nil || len(page.Changes) != 1 {
			t.Fatal(path, page, err)
		}
		got, err := json.MarshalIndent(struct {
			Message  *connectors.MessageData
			Rejected []connectors.Rejected
		}{page.Changes[0].Record.Message, page.Rejected}, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		golden := path[:len(path)-4] + ".json"
		if os.Getenv("KEPT_WRITE") != "" {
			if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)+"\n"); d != "" {
			t.Errorf("%s: %s", path, d)
		}
	}
}
