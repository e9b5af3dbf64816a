//go:build !linux

package servers

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func unprivileged(*exec.Cmd, string, string) error { return nil }

func terminate(p *os.Process) { _ = p.Signal(os.Interrupt) }
func kill(p *os.Process)      { _ = p.Kill() }
