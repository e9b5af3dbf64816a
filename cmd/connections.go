package cmd

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// configPath is where kept.yaml is, and whether it has to be there because somebody said so.
func (f *factory) configPath() (path string, must bool) {
	if f.flags.config != "" {
		return f.flags.config, true
	}
	if path := f.o.Env("KEPT_CONFIG"); path != "" {
		return path, true
	}
	return config.FilePath(f.o.Env), false
}

// reread lets the next command of this process see what was just written into kept.yaml.
func (f *factory) reread() { f.settings = sync.OnceValues(f.resolve) }

// synced are the connections of kept.yaml that have a type, by name.
func (s settings) synced() []engine.Connection {
	var out []engine.Connection
	for _, name := range sortedKeys(s.file.Connections) {
		c := s.file.Connections[name]
		if c.Type == "" {
			continue
		}
		mark, _ := service.ParseOptoutMark(c.Optout)
		out = append(out, engine.Connection{Name: name, Type: c.Type, Options: s.placed(c.Options), Mode: c.Mode, Owns: c.Owns, Create: c.Create, Optout: mark,
			Newest: c.Conflicts == "newest", Deletes: c.Deletes == "propagate", Guard: c.Guard, Census: c.Census})
	}
	return out
}

// placed gives options with the path of a file as one that begins at kept.yaml's folder, wherever the
// command is typed; ~ is the home folder.
func (s settings) placed(options map[string]string) map[string]string {
	path := options[engine.PathOption]
	if path == "" || path == engine.StandardInput || filepath.IsAbs(path) {
		return options
	}
	out := maps.Clone(options)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			out[engine.PathOption] = filepath.Join(home, rest)
		}
		return out
	}
	if dir, err := filepath.Abs(filepath.Dir(s.file.Path)); err == nil {
		out[engine.PathOption] = filepath.Join(dir, path)
	}
	return out
}

// typedPath is what is written into kept.yaml for a file that was typed here: elsewhere its relative
// path would mean another one.
func typedPath(option, path string) string {
	if option != engine.PathOption || path == engine.StandardInput || strings.HasPrefix(path, "~/") {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// secrets reads what kept.yaml refers to.
func (f *factory) secrets() *config.Secrets {
	path, _ := f.configPath()
	dir := filepath.Dir(path)
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return &config.Secrets{Folder: dir, Env: f.o.Env, Open: func(path string) {
		f.hint(f.printer().T("secret.open", state.Args{"path": path, "quoted": shellWord(path)}))
	}}
}

// engineEnv says what holds for connectors that ask for it and are told nothing else.
func (f *factory) engineEnv(s settings) engine.Env {
	env := engine.Env{Now: f.o.Now, Stdin: f.o.In, Defaults: map[string]string{"zone": s.zone}, Connections: s.synced(), Region: s.region, Secret: f.secrets().Resolve}
	env.Say, env.HookSecret = f.tellStaff, s.file.Notify.Secret
	if f.flags.verbose {
		env.Log = slog.New(slog.NewTextHandler(f.o.Err, nil))
	}
	return env
}

// spec finds a connector by its type.
func (f *factory) spec(name string) (*connectors.Spec, error) {
	var names []string
	for i := range f.o.Specs {
		if f.o.Specs[i].Name == name {
			return &f.o.Specs[i], nil
		}
		names = append(names, f.o.Specs[i].Name)
	}
	return nil, invalid("no_such_connector", "type", name, "near", config.Nearest(name, names))
}

// sends says whether connections of a type only send messages.
func (f *factory) sends(typ string) bool {
	spec, err := f.spec(typ)
	return err == nil && sendsOnly(spec)
}

// toSync are the configured connections but those that only send.
func (f *factory) toSync(s settings) []engine.Connection {
	return slices.DeleteFunc(s.synced(), func(c engine.Connection) bool { return f.sends(c.Type) })
}

// syncedNames completes the names of configured connections. It reads kept.yaml alone.
func (f *factory) syncedNames(typed string, taken []string) []string {
	s, err := f.settings()
	if err != nil {
		return nil
	}
	var names []string
	for _, c := range s.synced() {
		if strings.HasPrefix(c.Name, typed) && !slices.Contains(taken, c.Name) {
			names = append(names, c.Name+"\t"+c.Type)
		}
	}
	return names
}

// fileLine names a place in a file.
func fileLine(path string, line int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", path, line)
}
