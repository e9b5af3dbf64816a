package house

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tableRooms lists the folders in the first column of the table of rooms: rows that begin "| `folder/` |".
func tableRooms(page string) []string {
	var rooms []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z/]+)/` \\|").FindAllStringSubmatch(page, -1) {
		rooms = append(rooms, m[1])
	}
	return rooms
}

// namedFolders lists every `folder/` that a page names in code quotes.
func namedFolders(page string) []string {
	var folders []string
	for _, m := range regexp.MustCompile("`([a-z]+(?:/[a-z]+)*)/`").FindAllStringSubmatch(page, -1) {
		folders = append(folders, m[1])
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// inRoom reports whether a row of the table of rooms stands for this folder: its own, or that of the room that it is inside.
func inRoom(folder string, rooms []string) bool {
	room := folder
	switch parts := strings.Split(folder, "/"); {
	case strings.HasPrefix(folder, "cmd/internal/"), strings.HasPrefix(folder, "scripts/"):
		room = parts[0]
	case len(parts) > 2:
		room = parts[0] + "/" + parts[1]
	}
	return slices.Contains(rooms, room)
}

// The page that newcomers read names the rooms that there are, and only those.
func TestArchitectureNamesTheRooms(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/architecture.md")
	rooms := tableRooms(page)
	if len(rooms) < 5 {
		t.Fatalf("found only the rooms %q in the table", rooms)
	}
	for _, folder := range namedFolders(page) {
		if info, err := os.Stat(filepath.Join(root, folder)); err != nil || !info.IsDir() {
			t.Errorf("docs/architecture.md names the folder %s/, which does not exist", folder)
		}
	}
	seen := map[string]bool{}
	goFiles(t, func(file string, _ []byte) {
		if folder := path.Dir(file); folder != "." && !seen[folder] {
			seen[folder] = true
			if !inRoom(folder, rooms) {
				t.Errorf("%s/ has no row in the table of rooms of docs/architecture.md", folder)
			}
		}
	})
}

func TestRoomsAreReadFromThePage(t *testing.T) {
	t.Parallel()
	const page = "| room | what |\n|---|---|\n| `state/` | nouns |\n| `cmd/` | commands |\nsee `bot/text/` and `x.go`\n"
	rooms := tableRooms(page)
	if want := []string{"state", "cmd"}; !slices.Equal(rooms, want) {
		t.Errorf("rooms %q, want %q", rooms, want)
	}
	if got, want := namedFolders(page), []string{"bot/text", "cmd", "state"}; !slices.Equal(got, want) {
		t.Errorf("folders %q, want %q", got, want)
	}
	for folder, want := range map[string]bool{"state": true, "cmd/internal/render": true, "cmd/kept": false, "state/new": false, "bot": false} {
		if inRoom(folder, rooms) != want {
			t.Errorf("inRoom(%s) is %v", folder, !want)
		}
	}
}
