package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the README shows of the demo is what the demo prints.
func TestReadmeShowsTheDemo(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/demo/en.golden")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "<!-- demo:start -->\n```\n")
	block, _, found := strings.Cut(block, "```\n<!-- demo:end -->")
	if !found {
		t.Fatal("README.md has no demo block")
	}
	printed := map[string]bool{}
	for line := range strings.Lines(string(golden)) {
		printed[strings.TrimRight(line, "\n")] = true
	}
	lines := 0
	for line := range strings.Lines(block) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line == "..." || line == "$ make demo" {
			continue
		}
		lines++
		if !printed[line] {
			t.Errorf("the demo does not print %q; run make demo and bring the README up to date", line)
		}
	}
	if lines < 15 {
		t.Errorf("README.md shows %d lines of the demo", lines)
	}
}

// Whoever looks for a guide finds it from the README.
func TestReadmeNamesEveryGuide(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	guides, err := filepath.Glob("../docs/guides/*.md")
	if err != nil || len(guides) < 20 {
		t.Fatalf("%d guides, %v", len(guides), err)
	}
	for _, g := range guides {
		if path := "docs/guides/" + filepath.Base(g); !strings.Contains(string(readme), "("+path+")") {
			t.Errorf("README.md does not name %s", path)
		}
	}
}
