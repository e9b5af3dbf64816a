package main

import (
	"bytes"
	"strings"
	"testing"
)

const events = `{"Action":"start","Package":"k/state"}
{"Action":"run","Package":"k/state","Test":"TestA"}
{"Action":"output","Package":"k/state","Test":"TestA","Output":"quiet because it passed\n"}
{"Action":"pass","Package":"k/state","Test":"TestA","Elapsed":0.1}
{"Action":"run","Package":"k/state","Test":"TestB"}
{"Action":"output","Package":"k/state","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"k/state","Test":"TestB","Output":"    b_test.go:12: the shared data is not here\n"}
{"Action":"skip","Package":"k/state","Test":"TestB","Elapsed":0}
{"Action":"pass","Package":"k/state","Elapsed":1.5}
{"Action":"output","Package":"k/bot","Test":"TestC","Output":"    c_test.go:3: got 1, want 2\n"}
{"Action":"fail","Package":"k/bot","Test":"TestC","Elapsed":0}
{"Action":"fail","Package":"k/bot","Elapsed":0.2}
{"ImportPath":"k/cmd","Action":"build-output","Output":"cmd/x.go:1:1: expected package\n"}
{"Action":"fail","Package":"k/cmd","Elapsed":0}
{"Action":"skip","Package":"k/none","Elapsed":0}
not json
`

func TestSummarize(t *testing.T) {
	t.Parallel()
	var w bytes.Buffer
	s, err := summarize(strings.NewReader(events), &w)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ok    k/state", "FAIL  k/bot", "got 1, want 2", "expected package", "not json"} {
		if !strings.Contains(w.String(), want) {
			t.Errorf("output lacks %q:\n%s", want, w.String())
		}
	}
	for _, never := range []string{"quiet", "k/none"} {
		if strings.Contains(w.String(), never) {
			t.Errorf("output has %q:\n%s", never, w.String())
		}
	}
	const counts = "3 packages, 2 failed; 1 tests passed, 1 failed, 1 skipped\n  skipped: k/state TestB: the shared data is not here\n"
	if s.String() != counts {
		t.Errorf("counts\n%swant\n%s", s, counts)
	}
}
