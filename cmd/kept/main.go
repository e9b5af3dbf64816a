// Command kept gathers what a company knows of each customer. All of it is in package cmd; this
// only chooses the connectors, so that a binary with other ones is the same few lines.
package main

import (
	"os"

	"github.com/keptcrm/kept/cmd"
	"github.com/keptcrm/kept/connectors/all"
)

// version is set by the build: -ldflags "-X main.version=0.1.0".
var version string

func main() {
	cmd.Version = version
	os.Exit(cmd.Main(all.Specs()...))
}
