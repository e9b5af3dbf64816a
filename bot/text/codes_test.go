package text

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// places are the rooms whose codes become sentences.
var places = []string{"state", "bot", "connectors/engine", "cmd"}

// use is one place in the program where a code gets its arguments.
type use struct {
	key   string          // "error.no_such_customer"; "?.x" where the kind is not told by the source
	args  map[string]bool // nil where they are not written there
	where string
}

// codesIn finds the codes that a file makes: composite literals with a Code, constants named
// Code…, and string literals given to a parameter called code.
func codesIn(set *token.FileSet, f *ast.File, codeParam map[string]int) []use {
	var out []use
	add := func(kind, code string, args map[string]bool, pos token.Pos) {
		if code != "" && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" {
			out = append(out, use{key: kind + "." + code, args: args, where: set.Position(pos).String()})
		}
	}
	var visit func(n ast.Node, elem ast.Expr)
	visit = func(n ast.Node, elem ast.Expr) {
		ast.Inspect(n, func(x ast.Node) bool {
			switch x := x.(type) {
			case *ast.CompositeLit:
				typ := x.Type
				if typ == nil {
					typ = elem
				}
				code, args, has := "", map[string]bool(nil), false
				for _, e := range x.Elts {
					kv, ok := e.(*ast.KeyValueExpr)
					if !ok {
						continue
					}
					key, _ := kv.Key.(*ast.Ident)
					switch {
					case key == nil:
					case key.Name == "Code":
						code, has = literal(kv.Value), true
						if args == nil {
							args = map[string]bool{}
						}
					case key.Name == "Args":
						args = argNames(kv.Value)
					}
				}
				if has {
					add(kindOf(typ), code, args, x.Pos())
				}
				inner := elem
				if a, ok := typ.(*ast.ArrayType); ok {
					inner = a.Elt
				}
				for _, e := range x.Elts {
					visit(e, inner)
				}
				return false
			case *ast.CallExpr:
				if name(x.Fun) == "T" && len(x.Args) > 0 && strings.Contains(literal(x.Args[0]), ".") {
					u := use{key: literal(x.Args[0]), args: map[string]bool{}, where: set.Position(x.Pos()).String()}
					if len(x.Args) > 1 {
						u.args = argNames(x.Args[1])
					}
					if !strings.HasSuffix(u.key, ".") {
						out = append(out, u)
					}
				}
				if i, ok := codeParam[name(x.Fun)]; ok && i < len(x.Args) {
					add("?", literal(x.Args[i]), pairs(x.Args[i+1:]), x.Pos())
				}
			case *ast.AssignStmt:
				for i, l := range x.Lhs {
					if name(l) == "code" && i < len(x.Rhs) {
						add("?", literal(x.Rhs[i]), nil, x.Pos())
					}
				}
			case *ast.ValueSpec:
				for i, n := range x.Names {
					if strings.HasPrefix(n.Name, "Code") && i < len(x.Values) {
						add("error", literal(x.Values[i]), nil, x.Pos())
					}
				}
			}
			return true
		})
	}
	visit(f, nil)
	return out
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.StarExpr:
		return name(e.X)
	case *ast.UnaryExpr:
		return name(e.X)
	}
	return ""
}

func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		s, _ := strconv.Unquote(l.Value)
		return s
	}
	return ""
}

// argNames gives the keys of arguments written as a literal; nil for anything else.
func argNames(e ast.Expr) map[string]bool {
	l, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	out := map[string]bool{}
	for _, x := range l.Elts {
		if kv, ok := x.(*ast.KeyValueExpr); ok {
			if literal(kv.Key) == "" {
				return nil
			}
			out[literal(kv.Key)] = true
		}
	}
	return out
}

// pairs gives the names of arguments given as name, value, name, value; nil for anything else.
func pairs(list []ast.Expr) map[string]bool {
	out := map[string]bool{}
	for i := 0; i+1 < len(list); i += 2 {
		if literal(list[i]) == "" {
			return nil
		}
		out[literal(list[i])] = true
	}
	if len(list)%2 != 0 {
		return nil
	}
	return out
}

func kindOf(typ ast.Expr) string {
	switch name(typ) {
	case "Evidence":
		return "evidence"
	case "Watch":
		return "watch"
	case "Damage":
		return "damage"
	case "Error", "Fault":
		return "error"
	case "Action":
		return "" // of the bot: a stable name of a button, no text
	}
	return "?"
}

// takers finds functions, also those kept in variables, that have a parameter called code.
func takers(f *ast.File, into map[string]int) {
	find := func(called string, typ *ast.FuncType) {
		i := 0
		for _, p := range typ.Params.List {
			for _, n := range p.Names {
				if n.Name == "code" && name(p.Type) == "string" {
					into[called] = i
				}
				i++
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			find(n.Name.Name, n.Type)
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if i < len(n.Rhs) {
					if fn, ok := n.Rhs[i].(*ast.FuncLit); ok {
						find(name(l), fn.Type)
					}
				}
			}
		}
		return true
	})
}

// TestEveryCodeHasItsSentence reads the program: every code that any room makes has a text in both
// languages, and needs no argument that it is not given.
func TestEveryCodeHasItsSentence(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	var uses []use
	for _, place := range places {
		folders := map[string][]*ast.File{}
		set := token.NewFileSet()
		err := filepath.WalkDir(filepath.Join(root, place), func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil || d.IsDir() && d.Name() == "testdata" {
				return err
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "test"+string(filepath.Separator)) {
				return nil
			}
			f, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				return err
			}
			folders[filepath.Dir(path)] = append(folders[filepath.Dir(path)], f)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, files := range folders {
			params := map[string]int{}
			for _, f := range files {
				takers(f, params)
			}
			delete(params, "status") // of package api: reads codes, makes none
			delete(params, "code")   // of package bot: a cell that shows a command
			for _, f := range files {
				uses = append(uses, codesIn(set, f, params)...)
			}
		}
	}
	if len(uses) < 50 {
		t.Fatalf("only %d codes found: the reading of the program is wrong", len(uses))
	}
	for _, u := range uses {
		kind, code, _ := strings.Cut(u.key, ".")
		if kind == "" {
			continue
		}
		kinds := []string{kind}
		if kind == "?" {
			kinds = []string{"error", "evidence", "watch", "damage"}
		}
		if !slices.Contains([]string{"?", "error", "evidence", "watch", "damage"}, kind) && !Has(u.key) {
			t.Errorf("%s: there is no text %q", u.where, u.key)
			continue
		}
		i := slices.IndexFunc(kinds, func(k string) bool { return Has(k + "." + code) })
		if i < 0 {
			t.Errorf("%s: %q has no text; arguments %v", u.where, u.key, slices.Sorted(maps.Keys(u.args)))
			continue
		}
		if u.args == nil {
			continue
		}
		for arg, needed := range arguments(catalogue[kinds[i]+"."+code].en, nil) {
			if needed && !u.args[arg] {
				t.Errorf("%s: the text of %q needs {%s}, which it is not given; it gets %v", u.where, u.key, arg, slices.Sorted(maps.Keys(u.args)))
			}
		}
	}
}
