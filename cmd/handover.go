package cmd

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
)

// maxTargets bounds a file that says who takes which customer, in bytes.
const maxTargets = 16 << 20

// handoverFile lets the word "handover" read who takes which customer from a file.
func handoverFile(c *cobra.Command, p *text.Printer) {
	file := namedFlag(c, "file", "FILE", p.T("option.handover.file"))
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if *file == "" {
			return run(c, args)
		}
		if c.Flags().Changed("targets") {
			return &state.Error{Class: state.Invalid, Code: "handover_both"}
		}
		pairs, err := readTargets(*file)
		if err != nil {
			return err
		}
		if err := c.Flags().Set("targets", pairs); err != nil {
			return err
		}
		return run(c, args)
	}
}

// readTargets reads lines of a customer and who takes it, and gives them as the option --targets
// has them, each on its line. A first line "customer,to" is a header.
func readTargets(name string) (string, error) {
	unreadable := &state.Error{Class: state.Invalid, Code: "handover_file", Args: state.Args{"file": name}}
	f, err := os.Open(name) //nolint:gosec // the user's own file
	if err != nil {
		return "", unreadable
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxTargets+1))
	if err != nil || len(raw) > maxTargets {
		return "", unreadable
	}
	var lines []string
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), "\ufeff")))
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return strings.Join(lines, "\n"), nil
		}
		at, _ := r.FieldPos(0)
		if err != nil {
			var bad *csv.ParseError
			if errors.As(err, &bad) {
				at = bad.Line
			}
			return "", &state.Error{Class: state.Invalid, Code: "handover_line", Args: state.Args{"file": name, "line": strconv.Itoa(at)}}
		}
		if at == 1 && len(row) > 1 && strings.EqualFold(strings.TrimSpace(row[0]), "customer") {
			continue
		}
		if len(row) < 2 || strings.TrimSpace(row[0]) == "" || strings.TrimSpace(row[1]) == "" || strings.ContainsAny(row[0]+row[1], ",，、=\n") {
			return "", &state.Error{Class: state.Invalid, Code: "handover_line", Args: state.Args{"file": name, "line": strconv.Itoa(at)}}
		}
		for len(lines) < at-1 {
			lines = append(lines, "")
		}
		lines = append(lines, row[0]+"="+row[1])
	}
}
