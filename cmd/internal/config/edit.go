package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/keptcrm/kept/state"
)

// Setting is one key of a connection with its values as text; none takes the key out. Key is one of
// [ConnectionKeys], or "options." and a connector's option.
type Setting struct {
	Key    string
	Values []string
	List   bool // written as a list, also with one value
}

// The codes of errors of editing, all [state.Invalid] with the path as argument:
//
//	config_flow        connections is written in braces, which is not edited
//	config_edit        the edit would not say what was meant; by hand then
//	config_unwritable  the file cannot be written
//
// and those of Parse and of check for what the file would say.

// AddConnection writes a new connection into the file, which is made where it is absent. Everything
// else in the file stays as it is, comments too. check judges the file before it is written; it may
// be nil.
func AddConnection(path, name string, settings []Setting, check func(*File) error) error {
	return edit(path, check, func(d *document) error {
		at, indent, err := d.section()
		if err != nil {
			return err
		}
		block := []string{indent + scalar(name) + ":"}
		inner := indent + strings.Repeat(" ", max(len(indent), 2))
		options := false
		for _, s := range settings {
			option, isOption := strings.CutPrefix(s.Key, "options.")
			switch {
			case !isOption:
				block = append(block, inner+written(s.Key, s))
				continue
			case !options:
				block, options = append(block, inner+"options:"), true
			}
			block = append(block, inner+"  "+written(option, s))
		}
		d.insert(at, block...)
		return nil
	}, name)
}

// SetConnection changes keys of a connection that is in the file.
func SetConnection(path, name string, settings []Setting, check func(*File) error) error {
	return edit(path, check, func(d *document) error {
		for _, s := range settings {
			if err := d.set(name, s); err != nil {
				return err
			}
		}
		return nil
	}, name)
}

// RemoveConnection takes a connection out of the file.
func RemoveConnection(path, name string, check func(*File) error) error {
	return edit(path, check, func(d *document) error {
		e, err := d.find("connections", name)
		if err != nil {
			return err
		}
		d.lines = slices.Delete(d.lines, e.from, e.to)
		return nil
	}, name)
}

// edit changes the text of a file and writes it where the result says the same as before but for one
// connection.
func edit(path string, check func(*File) error, change func(*document) error, name string) error {
	path = resolved(path)
	before, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return &state.Error{Class: state.Failed, Code: "config_unreadable", Args: state.Args{"path": path}, Cause: err}
	}
	after, err := changed(path, before, change)
	if err != nil {
		return err
	}
	now, err := Parse(path, after)
	if err != nil {
		return err
	}
	if check != nil {
		if err := check(&now); err != nil {
			return err
		}
	}
	if was, err := Parse(path, before); err == nil && !sameBut(was, now, name) {
		return trouble("config_edit", path)
	}
	return write(path, after)
}

func trouble(code, path string) error {
	return &state.Error{Class: state.Invalid, Code: code, Args: state.Args{"path": path}}
}

// resolved follows links, so that a file that is one stays one.
func resolved(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		return p
	}
	return path
}

func changed(path string, before []byte, change func(*document) error) ([]byte, error) {
	text := string(before)
	crlf := strings.Contains(text, "\r\n")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	d := &document{path: path}
	if text != "" {
		d.lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	}
	if err := change(d); err != nil {
		return nil, err
	}
	text = strings.Join(d.lines, "\n") + "\n"
	if crlf {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return []byte(text), nil
}

// sameBut says whether two files say the same but for one connection.
func sameBut(a, b File, name string) bool {
	for _, f := range []*File{&a, &b} {
		all := map[string]Connection{}
		for n, c := range f.Connections {
			if n != name {
				all[n] = c
			}
		}
		f.Connections, f.Lines, f.places = all, nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// write replaces the file in one step; nobody reads half of it.
func write(path string, content []byte) error {
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := Place(path, content, mode); err != nil {
		return &state.Error{Class: state.Failed, Code: "config_unwritable", Args: state.Args{"path": path}, Cause: err}
	}
	return nil
}

// Place writes a file in one step, with folders that nobody else enters where they are missing.
func Place(path string, content []byte, mode fs.FileMode) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	t, err := os.CreateTemp(dir, ".kept-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(t.Name())
		}
	}()
	_, err = t.Write(content)
	err = errors.Join(err, t.Chmod(mode), t.Sync(), t.Close())
	if err != nil {
		return err
	}
	return os.Rename(t.Name(), path)
}

// document is the file as lines, edited as text so that what people wrote stays as they wrote it.
type document struct {
	path  string
	lines []string
}

// entry is a key with its value: lines from (inclusive) to (exclusive), its column counted from 0.
type entry struct {
	from, to, column int
	value            ast.Node
}

func (d *document) insert(at int, lines ...string) { d.lines = slices.Insert(d.lines, at, lines...) }

// find looks a key up by its path.
func (d *document) find(keys ...string) (entry, error) {
	e, found, err := d.look(keys...)
	if err == nil && !found {
		err = &state.Error{Class: state.NotFound, Code: "no_such_connection", Args: state.Args{"connection": keys[len(keys)-1]}}
	}
	return e, err
}

func (d *document) look(keys ...string) (e entry, found bool, err error) {
	tree, err := parser.ParseBytes([]byte(strings.Join(d.lines, "\n")+"\n"), 0, parser.AllowDuplicateMapKey())
	if err != nil || len(tree.Docs) == 0 {
		_, err = Parse(d.path, []byte(strings.Join(d.lines, "\n")+"\n"))
		return e, false, cmp.Or(err, trouble("config_edit", d.path))
	}
	n := ast.Node(tree.Docs[0].Body)
	for _, key := range keys {
		if n == nil || n.Type() == ast.NullType || n.Type() == ast.CommentType {
			return e, false, nil
		}
		if m, ok := n.(*ast.MappingNode); ok && m.IsFlowStyle && len(m.Values) > 0 {
			return e, false, trouble("config_flow", d.path)
		}
		pairs, ok := mapping(n)
		if !ok {
			return e, false, trouble("config_edit", d.path)
		}
		i := slices.IndexFunc(pairs, func(p *ast.MappingValueNode) bool { return keyText(p) == key })
		if i < 0 {
			return e, false, nil
		}
		line, column := position(pairs[i].Key)
		e = entry{from: line - 1, column: column - 1, value: pairs[i].Value}
		n = pairs[i].Value
	}
	e.to = d.end(e.from, e.column)
	return e, true, nil
}

// end is the line behind the last one of what begins in a line at a column. Comments and empty lines
// below it belong to what follows.
func (d *document) end(from, column int) int {
	to := from + 1
	for i := from + 1; i < len(d.lines); i++ {
		text := strings.TrimLeft(d.lines[i], " ")
		if strings.TrimSpace(text) == "" || strings.HasPrefix(text, "#") {
			continue
		}
		in := len(d.lines[i]) - len(text)
		if in < column || in == column && !(text == "-" || strings.HasPrefix(text, "- ")) {
			break
		}
		to = i + 1
	}
	return to
}

// section finds where a further connection goes, and how far its name is indented; connections: is
// written where it is missing.
func (d *document) section() (at int, indent string, err error) {
	e, found, err := d.look("connections")
	switch {
	case err != nil:
		return 0, "", err
	case !found:
		if len(d.lines) > 0 && strings.TrimSpace(d.lines[len(d.lines)-1]) != "" {
			d.lines = append(d.lines, "")
		}
		d.lines = append(d.lines, "connections:")
		return len(d.lines), "  ", nil
	}
	if m, ok := e.value.(*ast.MappingNode); ok && m.IsFlowStyle {
		if len(m.Values) > 0 {
			return 0, "", trouble("config_flow", d.path)
		}
		d.lines[e.from] = strings.Replace(d.lines[e.from], "{}", "", 1)
		d.lines[e.from] = strings.TrimRight(d.lines[e.from], " ")
	}
	if pairs, ok := mapping(e.value); ok && len(pairs) > 0 {
		_, column := position(pairs[0].Key)
		return e.to, strings.Repeat(" ", column-1), nil
	}
	return e.to, strings.Repeat(" ", e.column+2), nil
}

// set writes one key of a connection anew, adds it or takes it out.
func (d *document) set(name string, s Setting) error {
	c, err := d.find("connections", name)
	if err != nil {
		return err
	}
	keys := []string{"connections", name}
	option, isOption := strings.CutPrefix(s.Key, "options.")
	if isOption {
		keys = append(keys, "options", option)
	} else {
		keys = append(keys, s.Key)
	}
	e, found, err := d.look(keys...)
	if err != nil {
		return err
	}
	if found {
		if len(s.Values) == 0 {
			d.lines = slices.Delete(d.lines, e.from, e.to)
			return d.tidy(name)
		}
		line := strings.Repeat(" ", e.column) + written(keys[len(keys)-1], s) + d.comment(e)
		d.lines = slices.Replace(d.lines, e.from, e.to, line)
		return nil
	}
	if len(s.Values) == 0 {
		return nil
	}
	in := strings.Repeat(" ", c.column+2)
	if pairs, ok := mapping(c.value); ok && len(pairs) > 0 {
		_, column := position(pairs[0].Key)
		in = strings.Repeat(" ", column-1)
	}
	if !isOption {
		at := c.to
		if o, found, err := d.look("connections", name, "options"); err == nil && found && s.Key == "mode" {
			at = o.from // where people look for it
		}
		d.insert(at, in+written(s.Key, s))
		return nil
	}
	o, found, err := d.look("connections", name, "options")
	switch {
	case err != nil:
		return err
	case !found:
		d.insert(c.to, in+"options:", in+"  "+written(option, s))
		return nil
	}
	inner := strings.Repeat(" ", o.column+2)
	if pairs, ok := mapping(o.value); ok && len(pairs) > 0 {
		_, column := position(pairs[0].Key)
		inner = strings.Repeat(" ", column-1)
	}
	d.insert(o.to, inner+written(option, s))
	return nil
}

// tidy takes options: out where nothing is left below it.
func (d *document) tidy(name string) error {
	o, found, err := d.look("connections", name, "options")
	if err == nil && found && (o.value == nil || o.value.Type() == ast.NullType) && o.to == o.from+1 {
		d.lines = slices.Delete(d.lines, o.from, o.to)
	}
	return err
}

// comment is what stands behind a value on its line.
func (d *document) comment(e entry) string {
	if e.to != e.from+1 {
		return ""
	}
	line := d.lines[e.from]
	var quote rune
	before := ' '
	for i, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '#' && before == ' ':
			return " " + line[i:]
		case (r == '\'' || r == '"') && (before == ' ' || before == '['):
			quote = r
		}
		before = r
	}
	return ""
}

func written(key string, s Setting) string {
	if !s.List {
		return scalar(key) + ": " + scalar(strings.Join(s.Values, ","))
	}
	var all []string
	for _, v := range s.Values {
		all = append(all, scalar(v))
	}
	return scalar(key) + ": [" + strings.Join(all, ", ") + "]"
}

var (
	plainScalar  = regexp.MustCompile(`^[\p{L}/][\p{L}\p{N}_./@+:~%=-]*$`)
	plainNumber  = regexp.MustCompile(`^([1-9][0-9]*|0\.[0-9]+)(%|h|d|m)?$`)
	wordsOfYAML  = []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
	colonOrBlank = regexp.MustCompile(`:$|: | #`)
)

// scalar writes a text so that it is read as that text; quotes stand only where they are needed.
func scalar(v string) string {
	if (plainScalar.MatchString(v) && !slices.Contains(wordsOfYAML, strings.ToLower(v)) && !colonOrBlank.MatchString(v)) || plainNumber.MatchString(v) {
		return v
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a text always has its JSON
	return strings.TrimSpace(b.String())
}

// TypeOf gives the type of a connection in a file whatever else the file says; "" where that cannot
// be told.
func TypeOf(path, name string) string {
	content, err := os.ReadFile(resolved(path))
	if err != nil {
		return ""
	}
	d := &document{path: path, lines: strings.Split(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n")}
	e, found, err := d.look("connections", name, "type")
	if err != nil || !found {
		return ""
	}
	values, ok := texts(e.value, false)
	if !ok || len(values) != 1 {
		return ""
	}
	return strings.TrimSpace(values[0])
}
