package engine

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

var (
	errFolder   = errors.New("is a folder")
	errNoFolder = errors.New("is no folder")
	errEmpty    = errors.New("is empty")
)

type diskFile struct {
	*os.File
	size int64
}

func (f diskFile) Size() int64 { return f.size }

// openFile opens a file of the file system.
func openFile(name string) (connectors.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errFolder
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return diskFile{File: f, size: info.Size()}, nil
}

// listFolder names the files of a folder of the file system, those that are hidden left out.
func listFolder(name string) ([]string, error) {
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		// A link counts as what it leads to.
		if info, err := os.Stat(filepath.Join(name, e.Name())); err == nil && info.Mode().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// listFolders names the folders in a folder of the file system. Links are none: they lead in circles.
func listFolders(name string) ([]string, error) {
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// files gives what a source is made of: the files of a folder, or the one file.
func (e *Engine) files(path string) (folder bool, files []string) {
	names, err := e.env.List(path)
	if err != nil {
		return false, []string{path}
	}
	for _, n := range names {
		files = append(files, inFolder(path, n))
	}
	return true, files
}

func inFolder(folder, name string) string {
	return strings.TrimRight(folder, `/\`) + "/" + name
}

// baseName is a path's last part, by the rules of any system.
func baseName(path string) string {
	if folder := strings.TrimRight(path, `/\`); folder != "" {
		path = folder
	}
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

// source is one file, opened by the connector that can read it.
type source struct {
	path    string
	name    string // its last part
	spec    *connectors.Spec
	conn    connectors.Connector
	pull    connectors.Puller
	desc    connectors.Description
	kinds   []connectors.Kind // to pull, in order
	options map[string]string // all that the connector was given, without the path
	asked   map[string]string // of them, what a person said, now or in an earlier import
}

func (s *source) close() { release(s.conn) }

// recognised says whether a column is one that means something.
func (s *source) recognised() bool {
	return slices.ContainsFunc(s.desc.Columns, func(c connectors.Column) bool {
		return c.Field != "" && !strings.HasPrefix(c.Field, connectors.CustomPrefix)
	})
}

// source finds the connector for a file and opens it. given are the options of this call,
// remembered those of an earlier one.
func (e *Engine) source(ctx context.Context, path, typ string, given, remembered map[string]string) (*source, error) {
	folder, files := e.files(path)
	if !folder {
		if err := e.readable(path); err != nil {
			return nil, fileError(path, err)
		}
	}
	specs, err := e.candidates(path, typ)
	if err != nil {
		return nil, err
	}
	if folder {
		specs = slices.DeleteFunc(specs, func(s *connectors.Spec) bool { return !s.Folders })
	}
	known := func(s *connectors.Spec) bool {
		return slices.ContainsFunc(files, func(file string) bool { return reads(s, file) })
	}
	// The error told is that of the connector that the file was most likely meant for.
	var first error
	rank := 0
	for _, spec := range specs {
		s, err := e.tryOpen(ctx, spec, path, given, remembered)
		if err == nil && (first == nil || rank > 0 || len(spec.Endings) > 0 || s.recognised()) {
			return s, nil
		}
		if err == nil {
			// One that takes what is left found nothing in it, and whose ending it has said why.
			s.close()
			continue
		}
		if ctx.Err() != nil {
			return nil, err
		}
		r := 2
		switch {
		case known(spec):
			r = 0
		case len(spec.Endings) == 0:
			r = 1
		}
		if first == nil || r < rank {
			first, rank = err, r
		}
	}
	if folder && !slices.ContainsFunc(specs, known) {
		return nil, fileError(path, errFolder)
	}
	return nil, first
}

// readable looks whether there is a file with something in it, so that no connector has to.
func (e *Engine) readable(path string) error {
	f, err := e.env.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if f.Size() == 0 {
		return errEmpty
	}
	return nil
}

// reads reports whether a file's ending is one that a connector reads: its name, or one that it
// declares.
func reads(s *connectors.Spec, path string) bool {
	ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	return ending == s.Name || slices.Contains(s.Endings, ending)
}

// candidates gives the connectors that may read a file, the likeliest first: those that read its
// ending, then those that know their own files by content, and last those that declare no endings
// because they take what is left.
func (e *Engine) candidates(path, typ string) ([]*connectors.Spec, error) {
	var specs []*connectors.Spec
	for i := range e.specs {
		file := slices.ContainsFunc(e.specs[i].Options, func(o connectors.Option) bool { return o.Name == PathOption })
		if file && (typ == "" || typ == e.specs[i].Name) {
			specs = append(specs, &e.specs[i])
		}
	}
	if len(specs) == 0 {
		return nil, &state.Error{Class: state.Invalid, Code: "no_file_connector", Args: state.Args{"type": typ, "file": path}}
	}
	likely := func(s *connectors.Spec) int {
		switch {
		case reads(s, path):
			return 0
		case len(s.Endings) > 0:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(specs, func(a, b *connectors.Spec) int { return cmp.Compare(likely(a), likely(b)) })
	return specs, nil
}

func (e *Engine) tryOpen(ctx context.Context, spec *connectors.Spec, path string, given, remembered map[string]string) (*source, error) {
	for name := range given {
		if !slices.ContainsFunc(spec.Options, func(o connectors.Option) bool { return o.Name == name && name != PathOption }) {
			return nil, &state.Error{Class: state.Invalid, Code: "unknown_option",
				Args: state.Args{"option": name, "type": spec.Name, "options": strings.Join(optionNames(spec), ", ")}}
		}
	}
	s := &source{path: path, name: baseName(path), spec: spec}
	s.options, s.asked = e.optionsFor(spec, given, remembered)
	all := maps.Clone(s.options)
	all[PathOption] = path
	conn, err := e.connect(ctx, spec, all)
	if err != nil {
		return nil, fileError(path, err)
	}
	s.conn = conn
	if err := s.describe(ctx); err != nil {
		s.close()
		return nil, fileError(path, err)
	}
	return s, nil
}

func optionNames(spec *connectors.Spec) []string {
	var names []string
	for _, o := range spec.Options {
		if o.Name != PathOption {
			names = append(names, o.Name)
		}
	}
	return names
}

// optionsFor joins the options of a connector: what the call says, else what was said before, else
// what the configuration says, else the connector's own default. An option that is given empty is
// taken back.
func (e *Engine) optionsFor(spec *connectors.Spec, given, remembered map[string]string) (all, asked map[string]string) {
	all, asked = map[string]string{}, map[string]string{}
	for _, o := range spec.Options {
		if o.Name == PathOption {
			continue
		}
		said, ok := given[o.Name]
		if !ok {
			said = remembered[o.Name]
		}
		if said != "" {
			asked[o.Name] = said
		}
		if v := cmp.Or(said, e.env.Defaults[o.Name], o.Default); v != "" {
			all[o.Name] = v
		}
	}
	return all, asked
}

func (s *source) describe(ctx context.Context) error {
	pull, ok := s.conn.(connectors.Puller)
	if !ok {
		return fault(s.path, s.spec.Name+" cannot pull")
	}
	s.pull = pull
	s.desc.Layout = s.spec.Name
	if d, ok := s.conn.(connectors.Describer); ok {
		desc, err := d.Describe(ctx)
		if err != nil {
			return err
		}
		s.desc = desc
	}
	s.kinds = kindsOf(s.spec)
	if s.desc.Kind != "" {
		s.kinds = []connectors.Kind{s.desc.Kind}
	}
	if len(s.kinds) == 0 {
		return fault(s.path, s.spec.Name+" declares no fields")
	}
	return nil
}

// kindOrder is the order in which kinds are pulled: contacts before what hangs on them.
var kindOrder = []connectors.Kind{connectors.Contact, connectors.Subscription, connectors.Order, connectors.MessageKind}

// kindsOf gives the kinds that a connector declares, in the order in which they are pulled.
func kindsOf(spec *connectors.Spec) []connectors.Kind {
	place := func(k connectors.Kind) int {
		if i := slices.Index(kindOrder, k); i >= 0 {
			return i
		}
		return len(kindOrder)
	}
	return slices.SortedFunc(maps.Keys(spec.Fields), func(a, b connectors.Kind) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
}

// digest knows the same content under the same connection and options again, however far an import
// of it came. The file's name belongs to it: some exports say with it alone what they are.
func (e *Engine) digest(ctx context.Context, s *source, connection string) ([]byte, error) {
	h := sha256.New()
	part := func(text string) {
		h.Write(binary.AppendUvarint(nil, uint64(len(text))))
		h.Write([]byte(text))
	}
	for _, text := range []string{connection, s.spec.Name, s.desc.Layout, s.name} {
		part(text)
	}
	for _, o := range optionLines(s.spec, s.options, true) {
		part(o)
	}
	part("")
	folder, files := e.files(s.path)
	if c, ok := s.conn.(connectors.Sourcer); ok && folder {
		var err error
		if files, err = c.Sources(ctx); err != nil {
			return nil, fileError(s.path, err)
		}
	}
	for _, file := range files {
		if folder {
			part(strings.TrimPrefix(file, inFolder(s.path, "")))
		}
		if err := e.hashFile(ctx, h, file, folder); err != nil {
			return nil, err
		}
	}
	return h.Sum(nil), nil
}

// hashFile adds a file's content to a digest, with its size before it where more follows.
func (e *Engine) hashFile(ctx context.Context, h io.Writer, path string, sized bool) error {
	f, err := e.env.Open(path)
	if err != nil {
		return fileError(path, err)
	}
	defer func() { _ = f.Close() }()
	if sized {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(f.Size()))) // a hash takes everything
	}
	buf := make([]byte, min(f.Size()+1, 1<<20))
	for r := io.NewSectionReader(f, 0, f.Size()); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf)
		_, _ = h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fileError(path, err)
		}
	}
}

// optionLines gives options as name=value in the order of their names, for keeping; secrets only
// where what becomes of them is no text (a digest).
func optionLines(spec *connectors.Spec, options map[string]string, secrets bool) []string {
	var lines []string
	for _, o := range spec.Options {
		if v, ok := options[o.Name]; ok && (secrets || !o.Secret) {
			lines = append(lines, o.Name+"="+v)
		}
	}
	slices.Sort(lines)
	return lines
}

func optionsOf(lines []string) map[string]string {
	options := map[string]string{}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, "=")
		options[name] = value
	}
	return options
}

// header is the file's header line as a person would correct a row under it; "" of what is no table.
func (s *source) header() string {
	if len(s.desc.Columns) == 0 || s.desc.Delimiter == "" {
		return ""
	}
	names := make([]string, len(s.desc.Columns))
	for i, c := range s.desc.Columns {
		names[i] = c.Name
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if r, n := utf8.DecodeRuneInString(s.desc.Delimiter); n > 0 && n == len(s.desc.Delimiter) {
		w.Comma = r
	}
	if w.Write(names) != nil {
		return strings.Join(names, ",")
	}
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}
