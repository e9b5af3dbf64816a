package cmd

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"

	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

// secretFolder is the folder beside kept.yaml in which secrets stand that were typed or piped in.
const secretFolder = "secrets"

// secretName is the file in it that an option of a connection has.
func secretName(connection, option string) string { return connection + "." + option }

// storeSecret writes a secret into a file that only its owner reads, and gives the reference to it.
func (f *factory) storeSecret(connection, option, value string) (reference string, err error) {
	path, _ := f.configPath()
	file := filepath.Join(filepath.Dir(path), secretFolder, secretName(connection, option))
	if err := config.Place(file, []byte(value+"\n"), 0o600); err != nil {
		return "", &state.Error{Class: state.Failed, Code: "secret_store", Args: state.Args{"path": file}, Cause: err}
	}
	return "file:" + secretFolder + "/" + secretName(connection, option), nil
}

// dropSecret removes the file of a secret that we stored ourselves; other references are not ours.
func (f *factory) dropSecret(connection, option, reference string) {
	if reference != "file:"+secretFolder+"/"+secretName(connection, option) {
		return
	}
	if path, ok := f.secrets().Path(reference); ok {
		_ = os.Remove(path) // one that is gone already is as good
	}
}

// pipedSecrets hands out the lines that are piped in, one for each secret that is given as -.
type pipedSecrets struct{ in *bufio.Reader }

func (f *factory) pipedSecrets() *pipedSecrets { return &pipedSecrets{bufio.NewReader(f.o.In)} }

func (p *pipedSecrets) next(flag string) (string, error) {
	line, err := p.in.ReadString('\n')
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", &state.Error{Class: state.Invalid, Code: "secret_none", Args: state.Args{"option": flag}, Cause: err}
	}
	return line, nil
}

// secretOption says whether an option of a connector is a secret.
func secretOption(spec *connectors.Spec, name string) bool {
	for _, o := range spec.Options {
		if o.Name == name {
			return o.Secret
		}
	}
	return false
}
