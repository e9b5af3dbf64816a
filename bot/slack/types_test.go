package slack

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keptcrm/kept/internal/servers"
)

// TestSlacksOwnTypes: every golden file is what Slack's own types for TypeScript call blocks, a form
// or an App Home; and the compiler that says so finds a mistake that is made on purpose.
func TestSlacksOwnTypes(t *testing.T) {
	t.Parallel()
	dir, err := servers.NPM("slacktypes")
	node, nerr := exec.LookPath("node")
	if err == nil && nerr != nil {
		err = servers.ErrAbsent
	}
	if errors.Is(err, servers.ErrAbsent) && !servers.Required() {
		t.Skipf("skipped: Slack's types: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	var b strings.Builder
	b.WriteString("import type { KnownBlock, ModalView, HomeView } from '@slack/types';\n")
	for _, f := range files {
		card, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		kind := "{ text: string; blocks: KnownBlock[] }"
		switch name := filepath.Base(f); {
		case strings.HasPrefix(name, "form_"):
			kind = "ModalView"
		case strings.HasPrefix(name, "home."):
			kind = "HomeView"
		}
		b.WriteString("(" + strings.TrimSpace(string(card)) + ") satisfies " + kind + ";\n")
	}
	check := func(source string) string {
		work := t.TempDir()
		if err := os.Symlink(filepath.Join(dir, "node_modules"), filepath.Join(work, "node_modules")); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(work, "cards.ts")
		if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), node, filepath.Join(dir, "node_modules", "typescript", "bin", "tsc"), "--noEmit", "--strict", "--skipLibCheck",
			"--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", path)
		cmd.Dir = work
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out)
	}
	const wrong = `([{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }]) satisfies KnownBlock[];` + "\n"
	out := check(b.String() + wrong)
	var found []string
	lines := strings.Count(b.String(), "\n")
	for _, l := range strings.Split(strings.TrimSpace(out), "\n") {
		if strings.HasPrefix(l, "cards.ts(") {
			found = append(found, l)
		}
	}
	if len(found) == 0 {
		t.Fatalf("the mistake that was planted is not found:\n%s", out)
	}
	planted := 0
	for _, l := range found {
		var at int
		for _, r := range strings.TrimPrefix(l, "cards.ts(") {
			if r < '0' || r > '9' {
				break
			}
			at = 10*at + int(r-'0')
		}
		if at > lines {
			planted++
			continue
		}
		t.Errorf("%s", l)
	}
	if planted == 0 {
		t.Errorf("the mistake that was planted is not found:\n%s", out)
	}
}
