// Command testsum reads the events of `go test -json` on its standard input and prints what a person wants to see: one line for each
// package, the whole output of what failed, and nothing of what passed. It writes the counts, with every skipped test and its
// reason, to the file that its one argument names, so that scripts/test can close with them.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go test -json ./... | testsum COUNTS-FILE")
		os.Exit(2)
	}
	sum, err := summarize(os.Stdin, os.Stdout)
	if err == nil {
		err = os.WriteFile(os.Args[1], []byte(sum.String()), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
}

// event is one line of `go test -json`, as cmd/test2json documents it.
type event struct {
	Action     string
	Package    string
	ImportPath string // in place of Package, for what the compiler says
	Test       string
	Output     string
	Elapsed    float64 // seconds
}

// sum counts what ran. Subtests count as tests.
type sum struct {
	packages, failedPackages int
	passed, failed, skipped  int
	skips                    []string // "package Test: reason"
}

// String is the closing lines, one fact a line.
func (s sum) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d packages, %d failed; %d tests passed, %d failed, %d skipped\n", s.packages, s.failedPackages, s.passed, s.failed, s.skipped)
	for _, skip := range s.skips {
		fmt.Fprintf(&b, "  skipped: %s\n", skip)
	}
	return b.String()
}

// summarize reads events from r until its end and writes the readable form to w. A line that is no event is passed through.
func summarize(r io.Reader, w io.Writer) (sum, error) {
	type key struct{ pkg, test string }
	var s sum
	output := map[key][]string{} // kept until the test or package ends, printed if it failed
	in := bufio.NewReader(r)
	for {
		line, readErr := in.ReadBytes('\n')
		var e event
		switch {
		case len(line) == 0:
		case json.Unmarshal(line, &e) != nil || e.Action == "":
			if _, err := w.Write(line); err != nil {
				return s, err
			}
		default:
			k := key{e.Package, e.Test}
			switch e.Action {
			case "build-output":
				fmt.Fprint(w, e.Output)
			case "output":
				output[k] = append(output[k], e.Output)
			case "pass", "fail", "skip":
				s.count(e, output[k])
				if e.Action == "fail" {
					for _, o := range output[k] {
						fmt.Fprint(w, o)
					}
				}
				if e.Test == "" && e.Action != "skip" {
					fmt.Fprintf(w, "%-4s  %-60s %7.1f s\n", map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action], e.Package, e.Elapsed)
				}
				delete(output, k)
			}
		}
		if readErr == io.EOF {
			return s, nil
		}
		if readErr != nil {
			return s, readErr
		}
	}
}

func (s *sum) count(e event, output []string) {
	switch {
	case e.Test == "" && e.Action == "skip": // a package without tests
	case e.Test == "":
		s.packages++
		if e.Action == "fail" {
			s.failedPackages++
		}
	case e.Action == "pass":
		s.passed++
	case e.Action == "fail":
		s.failed++
	case e.Action == "skip":
		s.skipped++
		s.skips = append(s.skips, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(output)))
	}
}

// reason is the text that t.Skip was given, without its file and line.
func reason(output []string) string {
	for _, o := range output {
		o = strings.TrimSpace(o)
		if strings.HasPrefix(o, "=== ") || strings.HasPrefix(o, "--- ") || o == "" {
			continue
		}
		if _, text, ok := strings.Cut(o, ".go:"); ok {
			if _, text, ok := strings.Cut(text, ": "); ok {
				return text
			}
		}
		return o
	}
	return "no reason given"
}
