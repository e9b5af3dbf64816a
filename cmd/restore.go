package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/api"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/service"
)

func newRestore(f *factory) *cobra.Command {
	yes := false
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "put a backup in the place of the state",
		Long: "Put a backup in the place of the state. The backup is read through first: one that is damaged,\n" +
			"cut short or no backup is refused, and the state stays as it is. The replaced state stays\n" +
			"beside the new one, with .before-restore behind its name. On a terminal it asks first.",
		Example: examples("restore kept-today.db", "restore kept-today.db --yes"),
		GroupID: groupCare,
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			file, err := os.Open(args[0])
			if err != nil {
				return fileProblem(args[0], err)
			}
			defer func() { _ = file.Close() }()
			if info, err := file.Stat(); err == nil && info.IsDir() {
				return invalid("backup_folder", "path", args[0])
			}
			replaces := !missing(s.state)
			// What is replaced stays beside it, so that nothing is lost where nobody is there to ask.
			if _, someone := terminal(f.o.In); replaces && !yes && someone {
				if err := f.confirm("Replace " + s.state + " by " + args[0] + "? What is there now stays as " + s.state + ".before-restore."); err != nil {
					return err
				}
			}
			if err := f.restore(c.Context(), s, file); err != nil {
				return err
			}
			sheet := newSheet("", restored{State: s.state, From: args[0], Replaced: replaces})
			sheet.lines("", s.state+" is now as in "+args[0])
			if replaces {
				sheet.foot("what was there before: " + s.state + ".before-restore")
			}
			return f.show(sheet.card)
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// restored is what "kept restore" answers.
type restored struct {
	State    string `json:"state"`
	From     string `json:"from"`
	Replaced bool   `json:"replaced"` // whether there was a state before
}

func fileProblem(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &state.Error{Class: state.Invalid, Code: "file_missing", Args: state.Args{"file": path}, Cause: err}
	}
	return &state.Error{Class: state.Invalid, Code: "file_unreadable", Args: state.Args{"file": path}, Cause: err}
}

// restore replaces the file with nobody else at it: it asks a holder to let go like any long work,
// and where the lock would be taken the file is replaced first.
func (f *factory) restore(ctx context.Context, s settings, backup *os.File) error {
	opener := f.opener(s, how{})
	open, replaced := opener.Open, false
	opener.Open = func(ctx context.Context) (service.API, func() error, error) {
		if !replaced {
			if _, err := backup.Seek(0, io.SeekStart); err != nil {
				return service.API{}, nil, fileProblem(backup.Name(), err)
			}
			if err := bolt.Restore(ctx, backup, s.state); err != nil {
				return service.API{}, nil, err
			}
			replaced = true
		}
		return open(ctx)
	}
	session, err := api.ConnectExclusive(ctx, opener, f.apiOptions(how{work: "restore"}))
	if replaced {
		// The file is in its place. That somebody else has opened it meanwhile is as good.
		if err == nil {
			err = session.Close()
		} else if ctx.Err() == nil {
			err = nil
		}
		return err
	}
	if err == nil {
		// A process that serves for long has the file and keeps it.
		_ = session.Close()
		return &state.Error{Class: state.Unavailable, Code: "resident"}
	}
	return err
}

// agrees says whether an answer to a question is yes; every other one is no.
func agrees(line string) bool {
	return slices.Contains([]string{"y", "yes", "是"}, strings.ToLower(strings.TrimSpace(line)))
}

// confirm asks the person at the terminal; without one there is nobody to ask.
func (f *factory) confirm(question string) error {
	if _, ok := terminal(f.o.In); !ok {
		return &state.Error{Class: state.Refused, Code: "not_confirmed"}
	}
	fmt.Fprint(f.o.Err, question+" [y/N] ")
	line, err := bufio.NewReader(f.o.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return &state.Error{Class: state.Refused, Code: "not_confirmed", Cause: err}
	}
	if agrees(line) {
		return nil
	}
	return &state.Error{Class: state.Cancelled, Code: "cancelled"}
}
