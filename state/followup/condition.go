package followup

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

const (
	maxCondition = 2000 // characters
	maxNodes     = 300
	maxText      = 2000 // characters of a text that a condition sees
)

// Condition is a condition that was checked and can be asked. It may be used by several goroutines.
type Condition struct {
	Source  string
	program *vm.Program
	uses    map[string]bool // "customer.grade"
	parts   []part
}

// part is a part of a condition that is true or false by itself, joined to others by and or or.
type part struct {
	source  string
	program *vm.Program
	uses    []string // in the order in which they stand there
}

// Code says what is wrong with a condition.
type Code string

// The codes of an [Error], each with its arguments beside "at", the character in the condition.
const (
	CodeEmpty   Code = "condition_empty"
	CodeLong    Code = "condition_long"    // "limit"
	CodeSyntax  Code = "condition_syntax"  // "near": the text there
	CodeUnknown Code = "condition_unknown" // "name"; "near": the nearest known name, "known": all of them
	CodeForeign Code = "condition_foreign" // "name": an object that this rule is not about; "known"
	CodeRefused Code = "condition_refused" // "what": a part of the language that is not offered
	CodeType    Code = "condition_type"    // "what": the part, "is", "wants"
)

// Error is what is wrong with a condition, and where.
type Error struct {
	Code Code
	At   int // the first character that is meant, from 1
	Args map[string]string
}

// Error is for logs; people get the catalogue's sentence for Code.
func (e *Error) Error() string { return string(e.Code) + " " + e.Args["name"] + e.Args["what"] }

// Compile checks a condition that may speak of a customer and of the objects named. The error is an
// *[Error].
func Compile(source string, about ...string) (*Condition, error) {
	c := &checker{about: append([]string{"customer"}, about...)}
	switch {
	case strings.TrimSpace(source) == "":
		return nil, &Error{Code: CodeEmpty, At: 1, Args: map[string]string{}}
	case len([]rune(source)) > maxCondition:
		return nil, &Error{Code: CodeLong, At: maxCondition + 1, Args: map[string]string{"limit": "2000"}}
	case strings.ContainsRune(source, 0):
		return nil, &Error{Code: CodeSyntax, At: 1, Args: map[string]string{"near": "\\0"}}
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, syntax(source, err)
	}
	if k := c.check(tree.Node); c.err == nil && k != boolean {
		c.wrongType(tree.Node, k, boolean)
	}
	if c.err != nil {
		return nil, c.err
	}
	out := &Condition{Source: source, uses: map[string]bool{}}
	if out.program, err = c.compile(source); err != nil {
		return nil, syntax(source, err)
	}
	for _, u := range used(tree.Node) {
		out.uses[u] = true
	}
	for _, n := range leaves(tree.Node) {
		p := part{source: n.String(), uses: used(n)}
		if p.program, err = c.compile(p.source); err != nil {
			return nil, syntax(source, err)
		}
		out.parts = append(out.parts, p)
	}
	return out, nil
}

func (c *checker) compile(source string) (*vm.Program, error) {
	env := map[string]any{}
	for _, name := range c.about {
		env[name] = objects[name]
	}
	options := []expr.Option{expr.Env(env), expr.AsBool(), expr.MaxNodes(maxNodes), expr.DisableAllBuiltins(),
		expr.Function("has", hasFunction, new(func([]string, string) bool))}
	for _, b := range builtins {
		options = append(options, expr.EnableBuiltin(b))
	}
	return expr.Compile(source, options...)
}

// hasFunction says whether a list has a text, whatever its case.
func hasFunction(params ...any) (any, error) {
	all, _ := params[0].([]string)
	want, _ := params[1].(string)
	return slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, want) }), nil
}

// syntax makes an error of the library's.
func syntax(source string, err error) *Error {
	out := &Error{Code: CodeSyntax, At: 1, Args: map[string]string{}}
	var at *file.Error
	letters := []rune(source)
	if errors.As(err, &at) {
		out.At = min(max(at.From, 0), len(letters)) + 1
	}
	near := letters[min(out.At-1, len(letters)):]
	if len(near) > 20 {
		near = near[:20]
	}
	out.Args["near"] = strings.TrimSpace(string(near))
	return out
}

// Uses says whether the condition speaks of a field, as "customer.grade".
func (c *Condition) Uses(field string) bool { return c != nil && c.uses[field] }

// UsesAny says whether the condition speaks of one of some fields of the customer.
func (c *Condition) UsesAny(fields ...string) bool {
	return c != nil && slices.ContainsFunc(fields, func(f string) bool { return c.uses["customer."+f] })
}

// Holds says whether the condition holds; a nil condition does. A condition that cannot be computed
// (a division of nothing, an expression of a text that is none) does not hold.
func (c *Condition) Holds(env map[string]any) bool {
	if c == nil {
		return true
	}
	return holds(c.program, env)
}

func holds(p *vm.Program, env map[string]any) bool {
	out, err := expr.Run(p, env)
	yes, _ := out.(bool)
	return err == nil && yes
}

// Part is one part of a condition with what came of it.
type Part struct {
	Source string  `json:"source"`
	Holds  bool    `json:"holds"`
	Values []Named `json:"values"`
}

// Named is a value that a condition saw, as text.
type Named struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Explain says of each part whether it holds, and what it saw.
func (c *Condition) Explain(env map[string]any) []Part {
	if c == nil {
		return nil
	}
	var out []Part
	for _, p := range c.parts {
		x := Part{Source: p.source, Holds: holds(p.program, env), Values: []Named{}}
		for _, u := range p.uses {
			x.Values = append(x.Values, Named{u, valueOf(env, u)})
		}
		out = append(out, x)
	}
	return out
}

// builtins are the functions of the library that conditions may use.
var builtins = []string{"len", "lower", "upper", "trim", "abs", "min", "max", "round", "any", "all", "none", "count"}

// functions are all functions, for messages.
var functions = append([]string{"has"}, builtins...)

// checker goes through a condition: only what it knows may stand there.
type checker struct {
	about []string
	depth int // of any, all, none, count
	err   *Error
}

func (c *checker) fail(n ast.Node, code Code, args ...string) kind {
	if c.err == nil {
		c.err = &Error{Code: code, At: n.Location().From + 1, Args: map[string]string{}}
		for i := 0; i+1 < len(args); i += 2 {
			c.err.Args[args[i]] = args[i+1]
		}
	}
	return ""
}

func (c *checker) wrongType(n ast.Node, is, wants kind) kind {
	return c.fail(n, CodeType, "what", n.String(), "is", string(is), "wants", string(wants))
}

// want checks a node that has to be of one of some types.
func (c *checker) want(n ast.Node, kinds ...kind) kind {
	k := c.check(n)
	if c.err == nil && !slices.Contains(kinds, k) {
		return c.wrongType(n, k, kinds[0])
	}
	return k
}

func (c *checker) check(n ast.Node) kind {
	if c.err != nil {
		return ""
	}
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return number
	case *ast.BoolNode:
		return boolean
	case *ast.StringNode:
		return text
	case *ast.PointerNode:
		if c.depth > 0 && n.Name == "" {
			return text
		}
	case *ast.IdentifierNode:
		return c.name(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.UnaryNode:
		if n.Operator == "-" || n.Operator == "+" {
			return c.want(n.Node, number)
		}
		return c.want(n.Node, boolean)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		c.want(n.Cond, boolean)
		k := c.check(n.Exp1)
		return c.want(n.Exp2, k)
	case *ast.ArrayNode:
		for _, x := range n.Nodes {
			c.want(x, text, number)
		}
		return list
	case *ast.CallNode:
		return c.call(n)
	case *ast.BuiltinNode:
		return c.builtin(n)
	}
	return c.fail(n, CodeRefused, "what", n.String())
}

func (c *checker) name(n *ast.IdentifierNode) kind {
	if slices.Contains(c.about, n.Value) {
		return object
	}
	if _, ok := objects[n.Value]; ok {
		return c.fail(n, CodeForeign, "name", n.Value, "known", strings.Join(c.about, ", "))
	}
	return c.fail(n, CodeUnknown, "name", n.Value, "near", nearest(n.Value, c.about), "known", strings.Join(c.about, ", "))
}

func (c *checker) member(n *ast.MemberNode) kind {
	property, ok := n.Property.(*ast.StringNode)
	if n.Optional || n.Method || !ok {
		return c.fail(n, CodeRefused, "what", n.String())
	}
	if o, ok := n.Node.(*ast.IdentifierNode); ok {
		if c.name(o) == "" {
			return ""
		}
		names, kinds := fieldsOf(o.Value)
		if k, ok := kinds[property.Value]; ok {
			return k
		}
		return c.fail(n.Property, CodeUnknown, "name", o.Value+"."+property.Value,
			"near", withObject(o.Value, nearest(property.Value, names)), "known", strings.Join(names, ", "))
	}
	switch c.check(n.Node) {
	case amounts:
		return number
	case "":
		return ""
	}
	return c.fail(n, CodeRefused, "what", n.String())
}

func withObject(object, near string) string {
	if near == "" {
		return ""
	}
	return object + "." + near
}

func (c *checker) binary(n *ast.BinaryNode) kind {
	switch n.Operator {
	case "&&", "||", "and", "or":
		c.want(n.Left, boolean)
		c.want(n.Right, boolean)
		return boolean
	case "==", "!=":
		return c.compared(n, text, number, boolean)
	case "<", ">", "<=", ">=":
		return c.compared(n, number, text)
	case "contains", "startsWith", "endsWith":
		c.want(n.Left, text)
		c.want(n.Right, text)
		return boolean
	case "matches":
		c.want(n.Left, text)
		pattern, ok := n.Right.(*ast.StringNode)
		if c.err != nil {
			return ""
		}
		if !ok { // a pattern made of a customer's words could cost anything
			return c.fail(n.Right, CodeRefused, "what", n.Right.String())
		}
		if _, err := regexp.Compile(pattern.Value); err != nil {
			return c.fail(n.Right, CodeSyntax, "near", pattern.Value)
		}
		return boolean
	case "in", "not in":
		c.want(n.Left, text, number)
		c.want(n.Right, list)
		return boolean
	case "-", "*", "/", "%":
		c.want(n.Left, number)
		c.want(n.Right, number)
		if n.Operator == "%" && c.err == nil && (fractional(n.Left) || fractional(n.Right)) {
			return c.fail(n, CodeRefused, "what", n.String())
		}
		return number
	case "+":
		if c.compared(n, number) == "" {
			return ""
		}
		return number
	}
	return c.fail(n, CodeRefused, "what", n.Operator)
}

// fractional says whether a number may have a fraction.
func fractional(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return false
	case *ast.MemberNode:
		for _, u := range used(n) {
			if u == "order.total" || u == "order.net" || u == "customer.net" {
				return true
			}
		}
		return false
	}
	return true
}

// compared checks two sides that have to be of one type.
func (c *checker) compared(n *ast.BinaryNode, kinds ...kind) kind {
	k := c.want(n.Left, kinds...)
	if c.err == nil {
		c.want(n.Right, k)
	}
	if c.err != nil {
		return ""
	}
	return boolean
}

func (c *checker) call(n *ast.CallNode) kind {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return c.fail(n, CodeRefused, "what", n.String())
	}
	if callee.Value != "has" {
		return c.fail(n, CodeUnknown, "name", callee.Value+"()", "near", nearest(callee.Value, functions), "known", strings.Join(functions, ", "))
	}
	if len(n.Arguments) != 2 {
		return c.fail(n, CodeSyntax, "near", n.String())
	}
	c.wantList(n.Arguments[0])
	c.want(n.Arguments[1], text)
	return boolean
}

// wantList checks a list of texts that is the customer's or the order's.
func (c *checker) wantList(n ast.Node) {
	if c.want(n, list); c.err == nil {
		if _, written := n.(*ast.ArrayNode); written {
			c.fail(n, CodeRefused, "what", n.String())
		}
	}
}

func (c *checker) builtin(n *ast.BuiltinNode) kind {
	if !slices.Contains(builtins, n.Name) {
		return c.fail(n, CodeUnknown, "name", n.Name+"()", "near", nearest(n.Name, functions), "known", strings.Join(functions, ", "))
	}
	many := n.Name == "min" || n.Name == "max"
	loop := n.Name == "any" || n.Name == "all" || n.Name == "none" || n.Name == "count"
	if len(n.Arguments) == 0 || many && len(n.Arguments) < 2 || loop && len(n.Arguments) != 2 || !many && !loop && len(n.Arguments) != 1 {
		return c.fail(n, CodeSyntax, "near", n.String())
	}
	switch {
	case loop:
		c.wantList(n.Arguments[0])
		p, ok := n.Arguments[1].(*ast.PredicateNode)
		if !ok || c.depth > 0 {
			return c.fail(n, CodeRefused, "what", n.String())
		}
		c.depth++
		c.want(p.Node, boolean)
		c.depth--
		if n.Name == "count" {
			return number
		}
		return boolean
	case n.Name == "len":
		c.want(n.Arguments[0], text, list)
		return number
	case n.Name == "lower" || n.Name == "upper" || n.Name == "trim":
		c.want(n.Arguments[0], text)
		return text
	}
	for _, a := range n.Arguments {
		c.want(a, number)
	}
	return number
}

// leaves gives the parts of a condition that and, or and not join.
func leaves(n ast.Node) []ast.Node {
	switch x := n.(type) {
	case *ast.BinaryNode:
		switch x.Operator {
		case "&&", "||", "and", "or":
			return append(leaves(x.Left), leaves(x.Right)...)
		}
	}
	return []ast.Node{n}
}

// used gives the fields that a part of a condition speaks of.
func used(n ast.Node) []string {
	v := &users{}
	ast.Walk(&n, v)
	return v.fields
}

type users struct{ fields []string }

// Visit notes a field.
func (u *users) Visit(n *ast.Node) {
	m, ok := (*n).(*ast.MemberNode)
	if !ok {
		return
	}
	o, ok := m.Node.(*ast.IdentifierNode)
	p, text := m.Property.(*ast.StringNode)
	if ok && text {
		if name := o.Value + "." + p.Value; !slices.Contains(u.fields, name) {
			u.fields = append(u.fields, name)
		}
	}
}
