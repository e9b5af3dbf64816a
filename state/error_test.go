package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"strconv"
	"testing"

	"github.com/keptcrm/kept/state"
)

// The exit codes are documented and scripts depend on them: 0 ok, 1 error, 2 usage, 3 findings,
// 4 auth, 5 try again, 6 partly done, 7 refused, 130 cancelled.
func TestEveryClassHasItsCodes(t *testing.T) {
	t.Parallel()
	exits := map[state.Class]int{
		state.Failed: 1, state.Invalid: 2, state.NotFound: 1, state.Ambiguous: 1, state.Conflict: 1, state.Auth: 4, state.Forbidden: 4,
		state.Unavailable: 5, state.Partly: 6, state.Findings: 3, state.Refused: 7, state.Cancelled: 130,
	}
	https := map[state.Class]int{
		state.Failed: 500, state.Invalid: 400, state.NotFound: 404, state.Ambiguous: 300, state.Conflict: 409, state.Auth: 401, state.Forbidden: 403,
		state.Unavailable: 503, state.Partly: 207, state.Findings: 200, state.Refused: 422, state.Cancelled: 499,
	}
	// A class that is declared and not in the tables would be an error 1 and a 500 in silence.
	for _, c := range declaredClasses(t) {
		if _, ok := exits[c]; !ok {
			t.Errorf("class %q is not in this test", c)
		}
		if c.Exit() != exits[c] {
			t.Errorf("class %q ends with %d, not %d", c, c.Exit(), exits[c])
		}
		if c.HTTP() != https[c] {
			t.Errorf("class %q answers %d, not %d", c, c.HTTP(), https[c])
		}
	}
	if c := state.Class("unheard of"); c.Exit() != 1 || c.HTTP() != 500 {
		t.Errorf("an unknown class: %d, %d", c.Exit(), c.HTTP())
	}
}

// declaredClasses reads the constants of type Class from the source.
func declaredClasses(t *testing.T) (out []state.Class) {
	file, err := parser.ParseFile(token.NewFileSet(), "error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "Class" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, state.Class(text))
		}
		return true
	})
	if len(out) < 12 {
		t.Fatalf("found the classes %v only", out)
	}
	return out
}

func TestAsError(t *testing.T) {
	t.Parallel()
	own := &state.Error{Class: state.Refused, Code: "too_many"}
	for _, c := range []struct {
		err   error
		class state.Class
		code  string
	}{
		{own, state.Refused, "too_many"},
		{fmt.Errorf("wrapped: %w", own), state.Refused, "too_many"},
		{errors.Join(io.EOF, own), state.Refused, "too_many"},
		{fmt.Errorf("x: %w", context.Canceled), state.Cancelled, "cancelled"},
		{context.DeadlineExceeded, state.Unavailable, "timeout"},
		{io.EOF, state.Failed, "internal"},
	} {
		e := state.AsError(c.err)
		if e.Class != c.class || e.Code != c.code {
			t.Errorf("%v is %s %s", c.err, e.Class, e.Code)
		}
		if c.code != "too_many" && !errors.Is(e, c.err) {
			t.Errorf("%v has lost its cause", c.err)
		}
	}
	if state.AsError(nil) != nil {
		t.Error("no error is an error")
	}
	wrapped := fmt.Errorf("x: %w", own)
	if !state.IsClass(wrapped, state.Refused) || !state.IsCode(wrapped, "too_many") || state.IsClass(io.EOF, state.Failed) || state.IsCode(nil, "") {
		t.Error("IsClass or IsCode is wrong")
	}
}

func TestErrorsTellAndKeepTheirCause(t *testing.T) {
	t.Parallel()
	e := &state.Error{Class: state.NotFound, Code: "no_such_customer", Args: state.Args{"ref": "c9", "by": "ana"}, Cause: io.EOF}
	if e.Error() != "no_such_customer by=ana ref=c9: EOF" || !errors.Is(e, io.EOF) || e.ErrorCode() != "no_such_customer" {
		t.Errorf("%q", e.Error())
	}
	b, err := json.Marshal(e)
	if want := `{"class":"not_found","code":"no_such_customer","args":{"by":"ana","ref":"c9"}}`; err != nil || string(b) != want {
		t.Errorf("to other processes goes %s, %v", b, err)
	}
}
