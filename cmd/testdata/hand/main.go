// Command hand is the kept that scripts start. It hands its arguments, environment, folder and standard input to the process that
// stays for its script (worker_test.go), prints what that answers and ends as it says: so that the start of the whole program, a
// quarter of a second with the race detector, is paid once a script and not with every line of it. What the process itself is
// the point of runs in one of its own: serve, what has a terminal, what opens /dev/stdin, and what comes while another runs.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
)

// Request and Answer are those of worker_test.go.
type (
	Request struct {
		Dir       string
		Args, Env []string
		In        []byte
	}
	Answer struct {
		Busy     bool
		Code     int
		Out, Err []byte
	}
)

func main() {
	args := os.Args[1:]
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice != 0 || slices.Contains(args, "serve") || slices.Contains(args, "/dev/stdin") {
		alone()
	}
	r := Request{Args: args, Env: os.Environ()}
	r.Dir, err = os.Getwd()
	check(err)
	c, err := net.Dial("unix", os.Getenv("KEPT_TEST_WORKER"))
	check(err)
	var free Answer
	answers := json.NewDecoder(c)
	check(answers.Decode(&free))
	if free.Busy {
		alone()
	}
	r.In, err = io.ReadAll(os.Stdin)
	check(err)
	check(json.NewEncoder(c).Encode(r))
	var a Answer
	check(answers.Decode(&a))
	_, err = os.Stdout.Write(a.Out)
	check(err)
	_, err = os.Stderr.Write(a.Err)
	check(err)
	os.Exit(a.Code)
}

// alone becomes the whole program.
func alone() {
	check(syscall.Exec(os.Getenv("KEPT_TEST_ALONE"), os.Args, os.Environ()))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "the script's process:", err)
		os.Exit(99)
	}
}
