package bot

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadPromise(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 13, 30, 0, 0, time.UTC) // a Friday
	for said, want := range map[string]map[string]string{
		"Thanks for the call. I'll send you the revised quote by Thursday. Best, Wei": {"text": "I'll send you the revised quote by Thursday.", "when": "2026-11-26"},
		"I will call Jana back on Monday at 10:00.":                                   {"text": "I will call Jana back on Monday at 10:00.", "when": "2026-11-23 10:00"},
		"我周三前把样品寄给您。":                                                                 {"text": "我周三前把样品寄给您。", "when": "2026-11-25"},
		"Jana wants the black tripod":                                                 {"text": "Jana wants the black tripod"},
		"":                                                                            {"text": ""},
	} {
		if d := cmp.Diff(want, ReadPromise(said, at, "Europe/Berlin")); d != "" {
			t.Errorf("%q (-want +got)\n%s", said, d)
		}
	}
}
