package serve

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var units = map[string]Unit{
	"machine": {Program: "/usr/local/bin/kept", Account: "kept"},
	"user":    {Program: "/home/ana/bin/kept", User: true, State: "/home/ana/My state/100%/kept.db", Config: "/home/ana/.config/kept/kept.yaml", Write: []string{"/home/ana/My state/100%"}},
}

func TestUnit(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"machine": {`ExecStart="/usr/local/bin/kept" serve`, "User=kept", "Environment=KEPT_STATE=%S/kept/kept.db", "NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=kept",
			"ExecReload=/bin/kill -HUP $MAINPID", "Type=notify", "WatchdogSec=60", "CapabilityBoundingSet=", "WantedBy=multi-user.target"},
		"user": {`ExecStart="/home/ana/bin/kept" --config "/home/ana/.config/kept/kept.yaml" --state "/home/ana/My state/100%%/kept.db" serve`,
			`ReadWritePaths="/home/ana/My state/100%%"`, "WantedBy=default.target", "NoNewPrivileges=yes"},
	} {
		text := units[name].String()
		for _, line := range want {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("%s: no line %s in\n%s", name, line, text)
			}
		}
		if name == "user" && strings.Contains(text, "\nUser=") {
			t.Error("a user's manager cannot change the account")
		}
	}
}

// systemd itself has nothing to say against the units.
func TestSystemdVerifiesTheUnit(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	for name, u := range units {
		dir := t.TempDir()
		u.Program = "/bin/true"
		u.Account = "root" // an account that there is
		path := filepath.Join(dir, "kept.service")
		if err := os.WriteFile(path, []byte(u.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		scope := "--system"
		if u.User {
			scope = "--user"
		}
		c := exec.Command(analyze, scope, "verify", "--man=no", "--recursive-errors=no", path)
		c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+dir)
		out, err := c.CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "kept.service") {
				t.Errorf("%s: %s", name, line)
			}
		}
		if err != nil && len(out) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The service manager hears what it wants to hear, and nobody else anything.
func TestNotify(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "kept") // sockets need short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	env := map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "42"}
	n := NewNotify(func(k string) string { return env[k] }, 42)
	if n.Every() != 30*time.Second {
		t.Errorf("alive every %s", n.Every())
	}
	if other := NewNotify(func(k string) string { return env[k] }, 43); other.Every() != 0 {
		t.Error("the watchdog is for another process")
	}
	n.Ready("serving")
	n.Alive()
	n.Stopping()
	var got []string
	for range 3 {
		b := make([]byte, 1000)
		size, err := l.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(b[:size]), "\n")
		got = append(got, first)
	}
	if strings.Join(got, " ") != "READY=1 WATCHDOG=1 STOPPING=1" {
		t.Errorf("%q", got)
	}
	NewNotify(func(string) string { return "" }, 42).Ready("nobody listens")
}
