//go:build unix

package house

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a folder that is the whole PATH of scripts/setup: the tools of a bare system, and fakes for what it looks for.
type machine struct {
	t    *testing.T
	path string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	m := machine{t, t.TempDir()}
	for _, tool := range []string{"bash", "dirname", "env", "head", "mktemp", "rm", "sort", "tail", "chmod", "cp", "sh", "ls"} {
		real, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(real, filepath.Join(m.path, tool)); err != nil {
			t.Fatal(err)
		}
	}
	m.fake("id", "echo 1000")
	m.fake("git", "")
	for _, server := range []string{"node", "npm", "radicale", "htpasswd", "python3", "xandikos", "imap", "submission-login", "lmtp", "redis-server", "15/bin/initdb", "g++", "make"} {
		m.fake(server, "")
	}
	m.fake("go", `case "$*" in "env GOVERSION") echo go1.26.8 ;; esac`)
	return m
}

// fake puts a command on the machine; each call is noted in the file "calls".
func (m machine) fake(name, body string) {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(m.path, name)), 0o755); err != nil {
		m.t.Fatal(err)
	}
	script := "#!" + filepath.Join(m.path, "bash") + "\nprintf '%s\\n' \"" + name + " $*\" >>'" + m.path + "/calls'\n" + body + "\n"
	if err := os.WriteFile(filepath.Join(m.path, name), []byte(script), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// apt adds an apt-get that brings a C compiler.
func (m machine) apt() {
	m.fake("brought-gcc", "")
	m.fake("apt-get", `case "$*" in *install*gcc*) cp "`+m.path+`/brought-gcc" "`+m.path+`/gcc" ;; esac`)
}

func (m machine) calls() string {
	b, err := os.ReadFile(filepath.Join(m.path, "calls"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.t.Fatal(err)
	}
	return string(b)
}

// setup runs scripts/setup there and returns what it said and its exit code.
func (m machine) setup() (string, int) {
	m.t.Helper()
	script, err := filepath.Abs(filepath.Join(root, "scripts", "setup"))
	if err != nil {
		m.t.Fatal(err)
	}
	c := exec.Command(filepath.Join(m.path, "bash"), script)
	c.Env = []string{"PATH=" + m.path, "TMPDIR=" + m.t.TempDir(), "KEPT_SERVERS=off", "KEPT_DOVECOT=" + m.path, "KEPT_POSTGRES=" + m.path,
		"KEPT_POLICY=" + filepath.Join(m.path, "policy")}
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// Setup installs what it may, says what it may not and what that means, and stops only where nothing can be tested.
func TestSetup(t *testing.T) {
	t.Parallel()
	const complete = "everything that the tests need is here"
	const noCompiler = "no C compiler: the tests run without the race detector"
	for _, c := range []struct {
		name    string
		prepare func(machine)
		exit    int
		says    []string
		calls   string // must be among the calls; with a leading ! must not
	}{
		{"all there", func(m machine) { m.fake("gcc", ""); m.apt() }, 0, []string{complete}, "!apt-get"},
		{"neither root nor sudo", func(m machine) { m.apt() }, 0,
			[]string{noCompiler, "ask an administrator for: apt-get install gcc libc6-dev", "the tests can run"}, "!apt-get"},
		{"sudo wants a password", func(m machine) { m.apt(); m.fake("sudo", "exit 1") }, 0, []string{noCompiler, "no sudo without a password"}, "!apt-get"},
		{"root", func(m machine) { m.apt(); m.fake("id", "echo 0") }, 0, []string{"installed gcc libc6-dev", complete}, "apt-get install -y"},
		{"sudo", func(m machine) { m.apt(); m.fake("sudo", `shift; "$@"`) }, 0, []string{"installed gcc libc6-dev", complete}, "apt-get install -y"},
		{"root, apt-get fails", func(m machine) { m.fake("id", "echo 0"); m.fake("apt-get", "exit 100") }, 0,
			[]string{noCompiler, "apt-get could not install: gcc libc6-dev"}, "apt-get install -y"},
		{"no apt-get", func(m machine) { m.fake("id", "echo 0") }, 0, []string{noCompiler, "no apt-get here"}, "!apt-get"},
		{"no Xandikos", func(m machine) { m.fake("gcc", ""); m.apt(); m.remove("xandikos") }, 0,
			[]string{"no Xandikos", "ask an administrator for: apt-get install xandikos", "the tests can run"}, "!apt-get"},
		{"no Go", func(m machine) { m.fake("gcc", ""); m.remove("go") }, 1, []string{"no Go: nothing can be built", "https://go.dev/dl"}, "!go "},
		{"old Go", func(m machine) { m.fake("gcc", ""); m.fake("go", "echo go1.25.3") }, 1, []string{"go1.25.3 is older than Go 1.26"}, "!go mod download"},
		{"Go that may not fetch a newer one", func(m machine) { m.fake("gcc", ""); m.fake("go", "exit 1") }, 1, []string{"GOTOOLCHAIN=auto"}, "!go mod download"},
		{"no git", func(m machine) { m.fake("gcc", ""); m.remove("git") }, 1, []string{"no git"}, "!go mod download"},
		{"no network", func(m machine) {
			m.fake("gcc", "")
			m.fake("go", `[ "$*" = "env GOVERSION" ] && echo go1.26.0 || [ "$*" = version ]`)
		}, 1,
			[]string{"the Go modules could not be fetched", "GOPROXY"}, "go mod download"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			c.prepare(m)
			out, exit := m.setup()
			if exit != c.exit {
				t.Errorf("exit %d, want %d", exit, c.exit)
			}
			for _, want := range c.says {
				if !strings.Contains(out, want) {
					t.Errorf("does not say %q", want)
				}
			}
			if (strings.Contains(out, complete)) != (c.says[len(c.says)-1] == complete) {
				t.Error("says wrongly whether it is complete")
			}
			call, unwanted := strings.CutPrefix(c.calls, "!")
			if strings.Contains(m.calls(), call) == unwanted {
				t.Errorf("call %q: wanted %v, calls were:\n%s", call, !unwanted, m.calls())
			}
			if t.Failed() {
				t.Logf("it said:\n%s", out)
			}
			if before := strings.Count(m.calls(), "apt-get install"); exit == 0 && strings.Contains(out, "installed ") {
				if again, _ := m.setup(); strings.Contains(again, "installed ") || strings.Count(m.calls(), "apt-get install") != before {
					t.Errorf("a second run installed again:\n%s", again)
				}
			}
		})
	}
}

func (m machine) remove(name string) {
	m.t.Helper()
	if err := os.Remove(filepath.Join(m.path, name)); err != nil {
		m.t.Fatal(err)
	}
}
