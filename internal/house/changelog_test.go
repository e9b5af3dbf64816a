//go:build unix

package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Fragments wait under "Not yet released" until a release takes them, security first; a second release needs new ones.
func TestChangelogIsPutTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (string, error) {
		c := exec.Command(filepath.Join(dir, "scripts", "changelog"), args...)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	page := func() string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, "CHANGELOG.md"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	inOrder := func(text string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			_, rest, ok := strings.Cut(text, part)
			if !ok {
				t.Fatalf("lacks %q, or has it too early:\n%s", part, text)
			}
			text = rest
		}
	}
	put("scripts/changelog", read(t, "scripts/changelog"))
	put("changes/README.md", "Added: this is no change.\n")
	put("changes/a.md", "Added: exports can be read.\n\nWith `kept import`.\n")
	put("changes/b.md", "Security: a hole was closed.\n")

	if out, err := run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	inOrder(page(), "# Changelog", "## Not yet released", "### Security", "- a hole was closed.", "### Added", "- exports can be read.\n\n  With `kept import`.")
	if strings.Contains(page(), "no change") {
		t.Error("the README counts as a change")
	}

	if out, err := run("release", "0.9.0"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := run("release", "0.10.0"); err == nil || !strings.Contains(out, "no change waits") {
		t.Errorf("an empty release was made: %v, %s", err, out)
	}
	put("changes/c.md", "Fixed: phones with spaces are found.\n")
	if out, err := run("release", "v0.10.0"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	inOrder(page(), "## 0.10.0 (20", "### Fixed", "## 0.9.0 (20", "### Security", "### Added")
	if strings.Contains(page(), "Not yet released") {
		t.Error("released changes still wait")
	}
	if out, err := run("notes", "0.10.0"); err != nil || !strings.Contains(out, "- phones with spaces are found.") || strings.Contains(out, "hole") {
		t.Errorf("notes: %v, %s", err, out)
	}
}
