package cmd

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "which Kept this is",
		Example: examples("version"),
		GroupID: groupCare,
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			v := versionOut{Version: version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
			return f.show(newSheet("", v).lines("", "kept "+v.Version+" ("+v.Go+", "+v.System+")").card)
		},
	}
}

// versionOut is what "kept version" answers.
type versionOut struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	System  string `json:"system"`
}

// version is what the build was told, else what it knows of itself.
func version() string {
	if Version != "" {
		return Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "(devel)" {
		return "dev"
	}
	return cmp.Or(info.Main.Version, "dev")
}
