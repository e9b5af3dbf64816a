package serve

import (
	"bytes"
	_ "embed"
	"strings"
	"text/template"
)

//go:embed kept.service
var unitText string

var unitTemplate = template.Must(template.New("unit").Funcs(template.FuncMap{"quote": unitQuote}).Parse(unitText))

// Unit is what a unit of systemd says of the process.
type Unit struct {
	Program  string   // absolute path
	State    string   // of the state file; "" is that of the service: StateDirectory
	Config   string   // of kept.yaml; "" is that of the service: ConfigurationDirectory
	ConfigAt string   // where kept.yaml would be looked for, if it is there; in place of Config
	Write    []string // folders that the process writes to besides its own
	User     bool     // of a person's own manager, not the machine's
	Account  string   // under which it runs on the machine
}

// String gives the unit file.
func (u Unit) String() string {
	var b bytes.Buffer
	if err := unitTemplate.Execute(&b, u); err != nil {
		panic(err) // the template is ours
	}
	return b.String()
}

// unitQuote writes a word as a unit file has it: specifiers, variables and quotes mean themselves.
func unitQuote(word string) string {
	word = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$", "\n", `\n`).Replace(word)
	return `"` + word + `"`
}
