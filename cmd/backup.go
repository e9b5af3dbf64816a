package cmd

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newBackup(f *factory) *cobra.Command {
	in := service.BackupIn{}
	force := false
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "copy the state into a file, while it is in use",
		Long: "Copy the state into a file, while it is in use: one moment of it, whole. The file appears under\n" +
			"its name only when it is complete. kept restore puts it back. A FILE of - is the output.",
		Example: examples("backup kept-today.db", "backup kept-small.db --compact", "backup - | gzip > kept.db.gz"),
		GroupID: groupCare,
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			// Compacting takes long and needs the disk; nobody else should begin long work beside it.
			api, err := f.api(c.Context(), how{alone: in.Compact, work: "backup --compact"})
			if err != nil {
				return err
			}
			if args[0] == "-" {
				return api.Backup(c.Context(), in, f.o.Out)
			}
			size, err := f.backup(c.Context(), api, in, args[0], force)
			if err != nil {
				return err
			}
			f.noteBackup(c.Context(), api, args[0], size)
			return f.show(newSheet("", backedUp{File: args[0], Bytes: size}).
				lines("", args[0]+": "+f.printer().Count(size, "byte", "bytes")).
				foot("put it back: " + f.printer().Command("restore "+shellWord(args[0]))).card)
		},
	}
	c.Flags().BoolVar(&in.Compact, "compact", false, "write it anew, without free space")
	c.Flags().BoolVar(&force, "force", false, "replace FILE where it is there")
	return c
}

// backedUp is what "kept backup" answers.
type backedUp struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

// noteBackup has the state remember the backup. Where it cannot, the backup is as good.
func (f *factory) noteBackup(ctx context.Context, api service.API, path string, size int64) {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if _, err := api.BackupNote(ctx, service.BackupNoteIn{Path: path, Bytes: size}); err != nil && f.flags.verbose {
		f.hint(f.printer().Error(err))
	}
}

// backup writes beside the file and then gives the copy its name: a backup with that name is whole.
func (f *factory) backup(ctx context.Context, api service.API, in service.BackupIn, path string, force bool) (int64, error) {
	s, err := f.settings()
	if err != nil {
		return 0, err
	}
	if info, err := os.Stat(path); err == nil {
		if own, err := os.Stat(s.state); err == nil && os.SameFile(info, own) {
			return 0, invalid("backup_onto_state", "path", path)
		}
		if info.IsDir() {
			return 0, invalid("backup_folder", "path", path)
		}
		if !force {
			return 0, invalid("backup_exists", "path", path)
		}
	}
	bad := func(err error) error {
		if _, ok := asState(err); ok {
			return err
		}
		return &state.Error{Class: state.Failed, Code: "backup_unwritable", Args: state.Args{"path": path}, Cause: err}
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return 0, bad(err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	err = api.Backup(ctx, in, tmp)
	size, seekErr := tmp.Seek(0, io.SeekEnd)
	if err = errors.Join(err, seekErr, tmp.Sync(), tmp.Close()); err != nil {
		return 0, bad(err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return 0, bad(err)
	}
	return size, nil
}

// missing says whether a file is not there.
func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}
