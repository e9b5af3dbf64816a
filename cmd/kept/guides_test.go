package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// presumed is what stands in kept.yaml already where a guide shows only a part of it.
const presumed = "connections:\n  shop:\n    type: woocommerce\n  outbound:\n    type: smtp\n"

// What the guides show of kept.yaml can be copied as it stands: this program reads it.
func TestGuidesShowConfigurationThatHolds(t *testing.T) {
	t.Parallel()
	guides, err := filepath.Glob("../../docs/guides/*.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	dir, shown := t.TempDir(), 0
	for _, guide := range guides {
		content, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		var script, files strings.Builder
		for i, found := range block.FindAllStringSubmatch(string(content), -1) {
			text := found[1]
			if strings.HasPrefix(text, "scrape_configs:") { // Prometheus's
				continue
			}
			if !strings.Contains("\n"+text, "\nconnections:") {
				text += presumed
			}
			fmt.Fprintf(&script, "exec kept --config %d.yaml config show\n", i)
			fmt.Fprintf(&files, "-- %d.yaml --\n%s", i, text)
			shown++
		}
		if script.Len() == 0 {
			continue
		}
		fmt.Fprint(&files, "-- our-holidays.ics --\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\nEND:VCALENDAR\n")
		name := strings.TrimSuffix(filepath.Base(guide), ".md") + ".txtar"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script.String()+files.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if shown < 15 {
		t.Errorf("the guides show %d pieces of kept.yaml", shown)
	}
	testscript.Run(t, testscript.Params{Dir: dir})
}
