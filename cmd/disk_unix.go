//go:build linux || darwin || freebsd

package cmd

import "syscall"

// freeSpace says how many bytes this user can still write where a path lies.
func freeSpace(path string) (int64, bool) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, false
	}
	return int64(fs.Bavail) * int64(fs.Bsize), true
}
