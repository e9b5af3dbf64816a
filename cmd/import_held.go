package cmd

import (
	"io"
	"os"
	"path/filepath"

	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// elsewhere says whether another process does the long work of this command.
func (f *factory) elsewhere() bool {
	return f.access != nil && f.access.session != nil && !f.access.session.Holds()
}

// handOver names the files of an import so that another process of the same user finds them: its folder
// is another one, and what is piped in here it cannot read at all. back gives an answer the names that
// were typed; drop takes away what was copied.
func (f *factory) handOver(in service.ImportIn) (out service.ImportIn, back func(*service.ImportOut), drop func(), err error) {
	names := map[string]string{}
	out, drop = in, func() {}
	out.Files = nil
	for _, typed := range in.Files {
		path, err := filepath.Abs(typed)
		info, serr := os.Stat(typed)
		switch {
		case typed == engine.StandardInput || serr == nil && !info.Mode().IsRegular() && !info.IsDir():
			source, name := f.o.In, "stdin"
			if typed != engine.StandardInput {
				pipe, err := os.Open(typed)
				if err != nil {
					return out, nil, drop, fileProblem(typed, err)
				}
				defer func() { _ = pipe.Close() }()
				source, name = pipe, filepath.Base(typed)
			}
			var dir string
			if path, dir, err = f.copied(source, name); dir != "" {
				before := drop
				drop = func() { before(); _ = os.RemoveAll(dir) }
			}
			if err != nil {
				drop()
				return out, nil, func() {}, err
			}
			typed = name
		case err != nil:
			return out, nil, drop, fileProblem(typed, err)
		}
		names[path] = typed
		out.Files = append(out.Files, path)
	}
	return out, func(o *service.ImportOut) {
		for i := range o.Files {
			if typed, ok := names[o.Files[i].File]; ok {
				o.Files[i].File = typed
			}
		}
	}, drop, nil
}

// copied keeps what can be read once in a file beside the state, where a serving process finds it.
func (f *factory) copied(from io.Reader, name string) (path, dir string, err error) {
	bad := func(err error) error { return &state.Error{Class: state.Failed, Code: "no_temporary", Cause: err} }
	s, err := f.settings()
	if err != nil {
		return "", "", err
	}
	if dir, err = os.MkdirTemp(filepath.Dir(s.state), ".kept-import-*"); err != nil { // mode 0700
		return "", "", bad(err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", dir, bad(err)
	}
	path = filepath.Join(dir, name)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return "", dir, bad(err)
	}
	_, err = io.Copy(file, from)
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", dir, bad(err)
	}
	return path, dir, nil
}
