package service

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/keptcrm/kept/state"
)

// keepBackups is how many backups are remembered.
const keepBackups = 20

// BackupNoteIn says that a backup was made.
type BackupNoteIn struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

// BackupNoteOut lists the last backups, newest first.
type BackupNoteOut struct {
	Backups []Backup `json:"backups"`
}

// BackupNote remembers a backup, so that "kept doctor" knows the last one and forgetting somebody
// can say which copies still have them. A backup at the same place replaces the one before.
func (s *Service) BackupNote(ctx context.Context, in BackupNoteIn) (BackupNoteOut, error) {
	return change(ctx, s, "backup", state.Args{"path": in.Path}, func(w *state.Writer) (BackupNoteOut, error) {
		known, err := backupsOf(w.Tx())
		if err != nil {
			return BackupNoteOut{}, err
		}
		known = slices.DeleteFunc(known, func(b Backup) bool { return b.Path == in.Path })
		known = append([]Backup{{Path: in.Path, At: w.Cause.At, Bytes: in.Bytes}}, known...)
		known = known[:min(len(known), keepBackups)]
		b, err := json.Marshal(known)
		if err != nil {
			return BackupNoteOut{}, err
		}
		return BackupNoteOut{Backups: known}, w.PutBlob(state.BlobBackups, b)
	})
}
