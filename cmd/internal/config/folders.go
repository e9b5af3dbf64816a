package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Env looks a variable of the environment up.
type Env func(name string) string

// StatePath is where the state lies unless somebody says otherwise: the XDG state folder on Linux
// and the BSDs, Application Support on macOS, the local application data on Windows.
func StatePath(env Env) string { return statePath(runtime.GOOS, env) }

func statePath(system string, env Env) string {
	switch system {
	case "windows":
		return filepath.Join(first(env("LOCALAPPDATA"), filepath.Join(home(env), "AppData", "Local")), "kept", "kept.db")
	case "darwin":
		if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
			return filepath.Join(dir, "kept", "kept.db")
		}
		return filepath.Join(home(env), "Library", "Application Support", "kept", "kept.db")
	}
	dir := env("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) { // the XDG specification says to ignore relative ones
		dir = filepath.Join(home(env), ".local", "state")
	}
	return filepath.Join(dir, "kept", "kept.db")
}

// FilePath is where kept.yaml lies unless somebody says otherwise.
func FilePath(env Env) string { return filePath(runtime.GOOS, env) }

func filePath(system string, env Env) string {
	switch system {
	case "windows":
		return filepath.Join(first(env("APPDATA"), filepath.Join(home(env), "AppData", "Roaming")), "kept", "kept.yaml")
	case "darwin":
		if dir := env("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
			return filepath.Join(dir, "kept", "kept.yaml")
		}
		return filepath.Join(home(env), "Library", "Application Support", "kept", "kept.yaml")
	}
	dir := env("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(home(env), ".config")
	}
	return filepath.Join(dir, "kept", "kept.yaml")
}

func home(env Env) string {
	if h := first(env("HOME"), env("USERPROFILE")); h != "" {
		return h
	}
	h, err := os.UserHomeDir()
	if err != nil {
		return "." // a system user without a home: the folder it stands in
	}
	return h
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// LocalZone is the IANA name of this machine's zone, "" where it cannot be told: from TZ, else from
// the link /etc/localtime, else from /etc/timezone.
func LocalZone(env Env) string { return localZone(env, "/") }

func localZone(env Env, root string) string {
	if tz := strings.TrimPrefix(env("TZ"), ":"); tz != "" {
		// TZ may be a file of the zone database, or a rule of POSIX ("CET-1CEST"), which has no name.
		if z, ok := Zone(zoneOfPath(tz)); ok {
			return z
		}
		return ""
	}
	if target, err := filepath.EvalSymlinks(filepath.Join(root, "etc", "localtime")); err == nil {
		if z, ok := Zone(zoneOfPath(target)); ok && strings.Contains(target, "zoneinfo") {
			return z
		}
	}
	if b, err := os.ReadFile(filepath.Join(root, "etc", "timezone")); err == nil {
		if z, ok := Zone(strings.TrimSpace(string(b))); ok {
			return z
		}
	}
	if z, ok := Zone(time.Local.String()); ok {
		return z
	}
	return ""
}

func zoneOfPath(p string) string {
	p = filepath.ToSlash(p)
	if _, rest, ok := strings.Cut(p, "zoneinfo/"); ok {
		for _, variant := range []string{"posix/", "right/"} {
			rest = strings.TrimPrefix(rest, variant)
		}
		return rest
	}
	return p
}
