package house

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// undocumented lists what go.mod requires itself, or has as a tool, and what the page has no line for.
func undocumented(gomod, page string) []string {
	var missing []string
	for _, line := range strings.Split(gomod, "\n") {
		f := strings.Fields(line)
		if len(f) > 0 && (f[0] == "require" || f[0] == "tool") {
			f = f[1:]
		}
		if len(f) == 0 || strings.HasPrefix(f[0], "//") || strings.HasSuffix(line, "// indirect") {
			continue
		}
		if len(f) >= 2 && strings.Contains(f[0], ".") && strings.HasPrefix(f[1], "v") && !strings.Contains(page, "\n- `"+f[0]+"`") {
			missing = append(missing, f[0])
		}
		if len(f) == 1 && strings.Contains(f[0], "/cmd/") {
			if module, _, _ := strings.Cut(f[0], "/cmd/"); !strings.Contains(page, "\n- `"+module+"`") {
				missing = append(missing, module)
			}
		}
	}
	return missing
}

func TestEveryLibraryHasItsReason(t *testing.T) {
	t.Parallel()
	gomod, page := read(t, "go.mod"), read(t, "docs/dependencies.md")
	for _, lib := range undocumented(gomod, page) {
		t.Errorf("go.mod requires %s; docs/dependencies.md must say in a line why, and against what", lib)
	}
	for _, m := range regexp.MustCompile("(?m)^- `([^`]+)`").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(gomod, m[1]+" v") {
			t.Errorf("docs/dependencies.md has %s, which go.mod does not require", m[1])
		}
	}
}

func TestUndocumentedIsFound(t *testing.T) {
	t.Parallel()
	const gomod = "module m\n\ngo 1.26.0\n\nrequire a.org/a v1.0.0\nrequire (\n\tb.org/b v1.2.3\n\tc.org/c v0.1.0 // indirect\n)\n\ntool d.org/d/cmd/dd\n"
	if got, want := undocumented(gomod, "\n- `b.org/b`: why\n"), []string{"a.org/a", "d.org/d"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// between is what stands between <!-- name:start --> and <!-- name:end -->.
func between(page, name string) (string, error) {
	_, rest, ok := strings.Cut(page, "<!-- "+name+":start -->")
	inner, _, ok2 := strings.Cut(rest, "<!-- "+name+":end -->")
	if !ok || !ok2 {
		return "", fmt.Errorf("no <!-- %s:start --> ... <!-- %s:end -->", name, name)
	}
	return inner, nil
}

// commands lists the lines of a block that a person would paste.
func commands(block string) []string {
	var lines []string
	for _, l := range strings.Split(block, "\n") {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") && !strings.HasPrefix(l, "```") {
			lines = append(lines, l)
		}
	}
	return lines
}

// A new user gets exactly two commands: the demo from nothing, and the tests.
func TestReadmeGivesTwoCommands(t *testing.T) {
	t.Parallel()
	page := read(t, "README.md")
	block, err := between(page, "commands")
	if err != nil {
		t.Fatal(err)
	}
	got := commands(block)
	if len(got) != 2 || !strings.HasSuffix(got[0], "&& make demo") || !strings.HasPrefix(got[0], "git clone ") || got[1] != "make test" {
		t.Errorf("the commands are %q; want a clone that ends in the demo, and make test", got)
	}
	demo, err := between(page, "demo")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(demo, "$ make demo") {
		t.Error("the demo block does not begin with the command that prints it")
	}
	if strings.Index(page, "<!-- demo:start -->") > strings.Index(page, "<!-- commands:start -->") {
		t.Error("what Kept prints stands after the commands; it comes first")
	}
	makefile := read(t, "Makefile")
	for _, target := range []string{"demo", "test", "bench", "lint", "build", "fuzz", "release-check"} {
		if !regexp.MustCompile(`(?m)^` + target + `:`).MatchString(makefile) {
			t.Errorf("the Makefile has no target %s", target)
		}
	}
}

func TestCommandsAreCounted(t *testing.T) {
	t.Parallel()
	block, err := between("a<!-- commands:start -->\n```sh\nx && y\n# why\n\nmake test\nthird\n```\n<!-- commands:end -->b", "commands")
	if err != nil || !slices.Equal(commands(block), []string{"x && y", "make test", "third"}) {
		t.Errorf("%q, %v", commands(block), err)
	}
	if _, err := between("nothing", "commands"); err == nil {
		t.Error("a page without the block passed")
	}
}

// pages are the documents that people read.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "changes/*.md", "changes/*/*.md"} {
		m, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m {
			rel, err := filepath.Rel(root, p)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, filepath.ToSlash(rel))
		}
	}
	if len(found) < 6 {
		t.Fatalf("found only the pages %q", found)
	}
	return found
}

// Links between the documents lead somewhere.
func TestLinksLead(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(read(t, page), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, path.Dir(page), target)); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

// fragmentFault says what is wrong with the first line of a changelog fragment.
func fragmentFault(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	if !regexp.MustCompile(`^(Added|Changed|Fixed|Security): \S.{10,}[.]$`).MatchString(first) {
		return fmt.Sprintf("begins %q; want \"Added: one sentence.\", or Changed, Fixed, Security", first)
	}
	return ""
}

func TestChangesAreWellFormed(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		if strings.HasPrefix(page, "changes/") && path.Base(page) != "README.md" {
			if fault := fragmentFault(read(t, page)); fault != "" {
				t.Errorf("%s %s", page, fault)
			}
		}
	}
	for text, good := range map[string]bool{"Added: exports can be read.\n": true, "Add exports\n": false, "Fixed: \n": false, "": false} {
		if (fragmentFault(text) == "") != good {
			t.Errorf("%q: %q", text, fragmentFault(text))
		}
	}
}

// The two ways to build a release make the same targets with the same flags.
func TestReleaseBuildsAgree(t *testing.T) {
	t.Parallel()
	var release struct {
		Builds []struct {
			Main, Binary               string
			Env, Goos, Goarch, Flags   []string
			Ldflags                    []string
			ModTimestamp               string `yaml:"mod_timestamp"`
			Ignore, Overrides, Targets []any
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, ".goreleaser.yaml")), &release); err != nil {
		t.Fatal(err)
	}
	if len(release.Builds) != 1 {
		t.Fatalf("%d builds, want 1", len(release.Builds))
	}
	b := release.Builds[0]
	var targets []string
	for _, system := range b.Goos {
		for _, machine := range b.Goarch {
			targets = append(targets, system+"/"+machine)
		}
	}
	script := read(t, "scripts/release-build")
	if line := fmt.Sprintf("ALL=%q", strings.Join(targets, " ")); !strings.Contains(script, line) {
		t.Errorf("scripts/release-build has not the targets %s of .goreleaser.yaml", line)
	}
	if len(targets) != 6 || len(b.Ignore)+len(b.Overrides)+len(b.Targets) != 0 {
		t.Errorf("targets are %q; want three systems on two machines each, with no exception", targets)
	}
	ldflags := strings.ReplaceAll(strings.Join(b.Ldflags, " "), "{{ .Version }}", "${version#v}")
	build := fmt.Sprintf("go build %s -ldflags %q", strings.Join(b.Flags, " "), ldflags)
	if !strings.Contains(script, build) || !strings.Contains(script, b.Env[0]+" ") {
		t.Errorf("scripts/release-build does not run %q with %s", build, b.Env)
	}
	for _, want := range []string{"-trimpath", "-buildvcs=false"} {
		if !slices.Contains(b.Flags, want) {
			t.Errorf("the release is built without %s, so its bytes depend on where it is built", want)
		}
	}
	if !strings.Contains(b.ModTimestamp, "CommitTimestamp") {
		t.Error("the release's file times are not those of the commit")
	}
}
