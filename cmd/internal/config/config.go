// Package config reads kept.yaml and finds the folders of this system. Everything is checked when
// it is read: an error names file, line and column, and of an unknown key the nearest known one.
package config

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"golang.org/x/text/language"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/promise"
	"github.com/keptcrm/kept/state/service"
)

// File is what kept.yaml says. What it does not say is empty.
type File struct {
	Path     string   // of the file that was read; "" where there is none
	State    string   // path of the state file; relative paths are relative to kept.yaml's folder
	Region   string   // ISO 3166, upper case: the default region of phone numbers
	Zone     string   // IANA name
	Language string   // en, zh
	Domains  []string // our own mail domains, lower case
	Ignore   []string // whose mail is left out: addresses, @domains, list:ID

	Connections map[string]Connection // what is said of single connections
	Followups   followup.Config       // rules, segments and templates
	// ReadLogDays is how many days it stays known who looked at whom; 0 where it is not said.
	ReadLogDays int

	// Calendar is what is said of working days and hours; WorkingDays is what Load made of it and of its
	// files, nil where nothing is said.
	Calendar    Calendar
	WorkingDays *promise.Calendar

	Gate service.GateConfig // who may be contacted

	Access service.Access // who may see what in a chat

	Serve Serve // how "kept serve" is reached
	Jobs  Jobs  // what runs by itself, and when

	Slack Slack // the workspace that Kept is in

	Notify      Notify
	Unsubscribe Unsubscribe
	// Promises is what is said of promises that are found.
	Promises Promises

	// Lines says in which line each key stands.
	Lines map[string]int

	places map[string]place // of what stands below connections, as "shop.options.url"
}

// Keys are the keys that kept.yaml may have, in the order in which people are shown them.
var Keys = []string{"state", "region", "zone", "language", "domains", "ignore", "connections", "calendar", "promises", "gate", "access", "notify", "unsubscribe", "rules", "followups", "segments", "templates", "readlog", "serve", "slack", "jobs"}

// Load reads a file. With must it has to be there; without, a file that is absent is an empty one.
func Load(path string, must bool) (File, error) {
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !must:
		return File{}, nil
	case errors.Is(err, fs.ErrNotExist):
		return File{}, &state.Error{Class: state.Invalid, Code: "config_missing", Args: state.Args{"path": path}, Cause: err}
	case err != nil && isFolder(path):
		return File{}, &state.Error{Class: state.Invalid, Code: "config_folder", Args: state.Args{"path": path}, Cause: err}
	case err != nil:
		return File{}, &state.Error{Class: state.Failed, Code: "config_unreadable", Args: state.Args{"path": path}, Cause: err}
	}
	f, err := Parse(path, b)
	if err == nil {
		err = f.loadCalendar()
	}
	if err != nil {
		return File{}, err
	}
	return f, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// indentingTab finds the first tab with which a line is indented, counted from 1; 0 where there is none.
func indentingTab(content []byte) (line, column int) {
	for l := range strings.SplitSeq(string(content), "\n") {
		line++
		indent := l[:len(l)-len(strings.TrimLeft(l, " \t"))]
		if i := strings.IndexByte(indent, '\t'); i >= 0 {
			return line, i + 1
		}
	}
	return 0, 0
}

// Parse reads the content of a file; path is for its messages.
func Parse(path string, content []byte) (File, error) {
	f := File{Path: path, Lines: map[string]int{}, places: map[string]place{}}
	at := func(code string, line, column int, args state.Args) error {
		e := &state.Error{Class: state.Invalid, Code: code, Args: state.Args{
			"path": path, "line": strconv.Itoa(max(line, 1)), "column": strconv.Itoa(max(column, 1))}}
		for k, v := range args {
			e.Args[k] = v
		}
		return e
	}
	if !utf8.Valid(content) {
		line := 1 + strings.Count(string(content[:invalidAt(content)]), "\n")
		return File{}, at("config_encoding", line, 1, nil)
	}
	tree, err := parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		if line, column := indentingTab(content); line > 0 {
			return File{}, at("config_tab", line, column, nil)
		}
		var bad yaml.Error
		if errors.As(err, &bad) && bad.GetToken() != nil {
			pos := bad.GetToken().Position
			return File{}, at("config_syntax", pos.Line, pos.Column, nil)
		}
		return File{}, at("config_syntax", 1, 1, nil)
	}
	for i, doc := range tree.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.NullType {
			continue
		}
		line, column := position(doc.Body)
		if i > 0 {
			return File{}, at("config_documents", line, column, nil)
		}
		pairs, ok := mapping(doc.Body)
		if !ok {
			return File{}, at("config_shape", line, column, nil)
		}
		for _, pair := range pairs {
			line, column := position(pair.Key)
			key := pair.Key.String()
			if s, ok := pair.Key.(*ast.StringNode); ok {
				key = s.Value
			}
			if !slices.Contains(Keys, key) {
				return File{}, at("config_unknown_key", line, column, state.Args{"key": key, "near": Nearest(key, Keys), "keys": strings.Join(Keys, ", ")})
			}
			if f.Lines[key] > 0 {
				return File{}, at("config_twice", line, column, state.Args{"key": key, "first": strconv.Itoa(f.Lines[key])})
			}
			f.Lines[key] = line
			if read := sections[key]; read != nil {
				if err := read(&f, pair.Value, at); err != nil {
					return File{}, err
				}
				continue
			}
			values, ok := texts(pair.Value, lists[key])
			if n, number := pair.Value.(*ast.IntegerNode); number && key == "readlog" {
				values, ok = []string{n.Token.Value}, true
			}
			line, column = position(pair.Value)
			if !ok {
				code := "config_not_text"
				if lists[key] {
					code = "config_not_list"
				}
				return File{}, at(code, line, column, state.Args{"key": key})
			}
			for _, v := range values {
				if code := f.set(key, strings.TrimSpace(v)); code != "" {
					return File{}, at(code, line, column, state.Args{"key": key, "value": v})
				}
			}
		}
	}
	return f, f.checkTemplates(at)
}

// sections are the keys below which there are further ones, each with what reads it, in a file of its own.
var sections = map[string]func(f *File, value ast.Node, at fault) error{
	"connections": (*File).connections,
	"calendar":    (*File).calendar,
	"gate":        (*File).gate,
	"access":      (*File).access,
	"promises":    (*File).promises,
	"serve":       (*File).serve,
	"slack":       (*File).slack,
	"jobs":        (*File).jobs,
	"rules":       (*File).rules,
	"followups":   (*File).followups,
	"segments":    (*File).segments,
	"templates":   (*File).templates,
	"notify":      (*File).notify,
	"unsubscribe": (*File).unsubscribe,
}

// lists are the keys that take several values.
var lists = map[string]bool{"domains": true, "ignore": true}

func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}

// set checks and stores one value; it returns the code of what is wrong with it.
func (f *File) set(key, v string) string {
	if v == "" {
		return ""
	}
	var ok bool
	switch key {
	case "state":
		f.State = v
	case "region":
		if f.Region, ok = Region(v); !ok {
			return "bad_region"
		}
	case "zone":
		if f.Zone, ok = Zone(v); !ok {
			return "bad_zone"
		}
	case "language":
		if f.Language, ok = Language(v); !ok {
			return "bad_language"
		}
	case "domains":
		d := strings.ToLower(strings.TrimPrefix(v, "@"))
		if !domain().MatchString(d) {
			return "bad_domain"
		}
		f.Domains = append(f.Domains, d)
	case "ignore":
		if _, ok := identity.ParseRule(v); !ok {
			return "bad_rule"
		}
		f.Ignore = append(f.Ignore, v)
	case "readlog":
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 36500 {
			return "bad_days"
		}
		f.ReadLogDays = n
	}
	return ""
}

var domain = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[\p{L}\p{N}][\p{L}\p{N}-]*[\p{L}\p{N}]$`)
})

// Region reads an ISO 3166 code of two letters in any case.
func Region(v string) (string, bool) {
	r, err := language.ParseRegion(v)
	if err != nil || !r.IsCountry() || len(v) != 2 {
		return "", false
	}
	return r.String(), true
}

// Zone reads an IANA zone. "Local" is none: it means something else on each machine.
func Zone(v string) (string, bool) {
	if v == "" || v == "Local" {
		return "", false
	}
	_, err := time.LoadLocation(v)
	return v, err == nil
}

// Language reads one of the catalogue's languages, as a tag or a locale: en, zh-CN, zh_CN.UTF-8.
func Language(v string) (string, bool) {
	v, _, _ = strings.Cut(v, ".")
	tag, err := language.Parse(strings.ReplaceAll(v, "_", "-"))
	if err != nil {
		return "", false
	}
	base, _ := tag.Base()
	if l := base.String(); l == "en" || l == "zh" {
		return l, true
	}
	return "", false
}

func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// texts gives a plain value, or where a list is allowed the list's. An empty value is none.
func texts(n ast.Node, list bool) ([]string, bool) {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return nil, true
	case *ast.StringNode:
		return []string{n.Value}, true
	case *ast.LiteralNode:
		return []string{n.Value.Value}, true
	case *ast.BoolNode:
		// Norway's code is NO, which YAML once read as false; text it is here.
		return []string{n.Token.Value}, true
	case *ast.SequenceNode:
		if !list {
			return nil, false
		}
		var all []string
		for _, v := range n.Values {
			one, ok := texts(v, false)
			if !ok {
				return nil, false
			}
			all = append(all, one...)
		}
		return all, true
	}
	return nil, false
}

func position(n ast.Node) (line, column int) {
	if n == nil {
		return 1, 1
	}
	// A mapping's own token is its first colon; people look for its first key.
	switch m := n.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 {
			return position(m.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return position(m.Key)
	}
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return t.Position.Line, t.Position.Column
}
