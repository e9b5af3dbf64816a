//go:build !windows

package api

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// systemFolders are the folders that do not depend on the login: the runtime
// folder that systemd makes, and the temporary folders.
func systemFolders() []string {
	uid := strconv.Itoa(os.Geteuid())
	var dirs []string
	run := filepath.Join("/run/user", uid)
	if fi, err := os.Stat(run); err == nil && fi.IsDir() {
		dirs = append(dirs, filepath.Join(run, "kept"))
	}
	// The runtime folder of a service of the machine; it is that of its own account alone.
	const service = "/run/kept"
	if fi, err := os.Stat(service); err == nil && fi.IsDir() {
		if st, ok := fi.Sys().(*syscall.Stat_t); ok && int(st.Uid) == os.Geteuid() {
			dirs = append(dirs, service)
		}
	}
	return append(dirs, filepath.Join(os.TempDir(), "kept-"+uid), "/tmp/kept-"+uid)
}

// ownFolder refuses a folder that another user could have put there or could
// write to. Our own folder with a wider mode is narrowed.
func ownFolder(dir string) error {
	fi, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !fi.IsDir() || !ok || int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s is not a folder of this user", dir)
	}
	if fi.Mode().Perm() != 0o700 {
		return os.Chmod(dir, 0o700)
	}
	return nil
}
