//go:build unix

package servers

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// owner is the account that a server runs under: our own, or nobody's where we are root and the server
// would not have that.
type owner struct {
	user, group string
	uid, gid    int // -1: our own
}

// ownerOf finds the account, and gives it a folder and all that lies above it in the temporary
// folder to walk through.
func ownerOf(dir string) (owner, error) {
	o := owner{uid: -1, gid: -1}
	own, err := user.Current()
	if err != nil {
		return o, err
	}
	if os.Getuid() == 0 {
		if own, err = user.Lookup("nobody"); err != nil {
			return o, err
		}
		if o.uid, err = strconv.Atoi(own.Uid); err != nil {
			return o, err
		}
		if o.gid, err = strconv.Atoi(own.Gid); err != nil {
			return o, err
		}
	}
	group, err := user.LookupGroupId(own.Gid)
	if err != nil {
		return o, err
	}
	o.user, o.group = own.Username, group.Name
	if o.uid >= 0 {
		top := filepath.Clean(os.TempDir())
		for up := filepath.Dir(dir); up != top && strings.HasPrefix(up, top); up = filepath.Dir(up) {
			if err := os.Chmod(up, 0o711); err != nil {
				return o, err
			}
		}
	}
	return o, o.owns(dir)
}

func (o owner) owns(path string) error {
	if o.uid < 0 {
		return nil
	}
	return os.Chown(path, o.uid, o.gid)
}

// runs makes a program run under the account.
func (o owner) runs(cmd *exec.Cmd) {
	if o.uid >= 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid), NoSetGroups: false}}
	}
}
