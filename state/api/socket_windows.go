package api

import (
	"fmt"
	"os"
	"path/filepath"
)

// systemFolders: the temporary folder belongs to the user and is protected by
// the system's access lists.
func systemFolders() []string {
	var dirs []string
	if cache, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(cache, "kept-run"))
	}
	return append(dirs, filepath.Join(os.TempDir(), "kept-run"))
}

// ownFolder leaves owner and mode to the access lists of the user's folders.
func ownFolder(dir string) error {
	fi, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	return nil
}
