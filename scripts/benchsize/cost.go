package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// cost is what one run of a program took.
type cost struct {
	wall, cpu time.Duration
	anonymous int64 // bytes: the most that was seen of what belongs to no file (Linux); 0 where it is not known
	code      int
}

// run runs a program to its end and looks at its memory every 20 ms.
func run(c *exec.Cmd) (cost, error) {
	var talk bytes.Buffer
	c.Stderr = &talk
	begun := time.Now()
	if err := c.Start(); err != nil {
		return cost{}, err
	}
	over, seen := make(chan struct{}), make(chan int64)
	go func() {
		most := int64(0)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			most = max(most, anonymous(c.Process.Pid))
			select {
			case <-over:
				tick.Stop()
				seen <- most
				return
			case <-tick.C:
			}
		}
	}()
	err := c.Wait()
	k := cost{wall: time.Since(begun), cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime(), code: c.ProcessState.ExitCode()}
	close(over)
	k.anonymous = <-seen
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", c.Args[len(c.Args)-1], err, talk.String())
	}
	return k, err
}

// anonymous gives the RssAnon of a process, in bytes.
func anonymous(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, ok := bytes.Cut(b, []byte("RssAnon:"))
	if !ok {
		return 0
	}
	fields := bytes.Fields(rest)
	n, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
