// Package cmd is the command line: one file for each command, which parses, calls the service and
// renders, and decides nothing itself. The daily words are mounted from bot's table.
//
// A binary with connectors of its own is a main function that calls [Main] with their Specs.
package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Version is what "kept version" prints; main sets it. Empty: that of the build.
var Version string

// Main runs the program with the arguments, streams and environment of the process, and returns
// its exit code. The first Ctrl-C stops the command in order, the second one ends the process.
func Main(specs ...connectors.Spec) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(state.Cancelled.Exit())
	}()
	return Run(ctx, os.Args[1:], Options{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Env: os.Getenv, Now: time.Now, Specs: specs, Program: program(),
	})
}

// Options are a command's surroundings.
type Options struct {
	In       io.Reader
	Out, Err io.Writer // data, and talk
	Env      config.Env
	Now      func() time.Time
	Specs    []connectors.Spec
	Login    string // who types; "" asks the operating system
	Program  string // how the program was called, for commands that can be pasted; "" is kept

	api *service.API // in place of a state, for tests
}

// Run runs one command and returns its exit code: 0, or that of the error's class.
func Run(ctx context.Context, args []string, o Options) (code int) {
	f := newFactory(args, o)
	defer func() {
		if p := recover(); p != nil {
			code = f.crashed(p, debug.Stack())
		}
	}()
	defer func() {
		if err := f.close(); err != nil && code == 0 {
			code = f.fail(err)
		}
	}()
	root := newRoot(f)
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		return f.fail(err)
	}
	return 0
}

// terminal says whether a stream is one, and how wide.
func terminal(stream any) (width int, ok bool) {
	file, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	if width, _, err := term.GetSize(int(file.Fd())); err == nil {
		return width, true
	}
	return 0, true
}

// crashed tells of a panic. What it was is for whoever repairs it, on request.
func (f *factory) crashed(p any, stack []byte) int {
	err := &state.Error{Class: state.Failed, Code: "internal", Cause: fmt.Errorf("%v", p)}
	f.talk(f.printer().Error(err))
	if f.o.Env("KEPT_DEBUG") == "1" {
		fmt.Fprintf(f.o.Err, "panic: %v\n%s", p, stack)
	} else {
		f.talk(f.printer().T("terminal.debug"))
	}
	return err.Class.Exit()
}
