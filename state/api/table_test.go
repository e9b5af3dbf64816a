package api

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDescribeListsMethodsInOrder(t *testing.T) {
	t.Parallel()
	type in struct {
		When time.Time
		Any  any
		By   map[int]string
		Next *in
	}
	got, err := Describe[struct {
		MayContact func(context.Context, in) (in, error)        `api:"read"`
		FindByID   func(context.Context, *in) ([]in, error)     `api:"write"`
		HTTPState  func(context.Context, string) (int64, error) `api:"long"`
		Backup     func(context.Context, in, io.Writer) error   `api:"stream"`
		hidden     int
	}]()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"may_contact read", "find_by_id write", "http_state long", "backup stream"}
	for i, m := range got {
		if s := m.Name + " " + string(m.Kind); s != want[i] {
			t.Errorf("method %d is %q, want %q", i, s, want[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d methods, want %d", len(got), len(want))
	}
}

func TestDescribeRefusesWrongShapes(t *testing.T) {
	t.Parallel()
	type bad struct{ Deep []struct{ F func() } }
	check := func(what string, err error, words string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v, want it to say %q", what, err, words)
		}
	}
	_, err := Describe[int]()
	check("no struct", err, "struct of funcs")
	_, err = Describe[struct{}]()
	check("empty", err, "no exported func")
	_, err = Describe[struct{ Name string }]()
	check("no func", err, "not a func")
	_, err = Describe[struct {
		F func(context.Context, int) (int, error)
	}]()
	check("no tag", err, "not read, write")
	_, err = Describe[struct {
		F func(int) (int, error) `api:"read"`
	}]()
	check("no context", err, "not func(context.Context, In)")
	_, err = Describe[struct {
		F func(context.Context, int) (int, error) `api:"stream"`
	}]()
	check("no writer", err, "io.Writer")
	_, err = Describe[struct {
		F func(context.Context, ...int) (int, error) `api:"read"`
	}]()
	check("variadic", err, "not func(context.Context, In)")
	_, err = Describe[struct {
		F func(context.Context, bad) (int, error) `api:"read"`
	}]()
	check("func inside", err, "bad.Deep.F")
	_, err = Describe[struct {
		F func(context.Context, int) (struct{ E error }, error) `api:"read"`
	}]()
	check("interface inside", err, "cannot be read back")
	_, err = Describe[struct {
		F func(context.Context, int) (map[struct{ A int }]int, error) `api:"read"`
	}]()
	check("map key", err, "keys")
	_, err = Describe[struct {
		FindIt  func(context.Context, int) (int, error) `api:"read"`
		Find_It func(context.Context, int) (int, error) `api:"read"`
	}]()
	check("same name", err, "same name")
}

func TestSnake(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Find": "find", "MayContact": "may_contact", "ID": "id", "FindByID": "find_by_id",
		"HTTPServer": "http_server", "C2": "c2", "Find_It": "find_it", "A": "a",
	} {
		if got := snake(in); got != want {
			t.Errorf("snake(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTrailerJSONIsASCIIAndReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := Fault{Code: rapid.String().Draw(t, "code"), Message: rapid.String().Draw(t, "message") + "王小明 🎉 شكرا"}
		s := asciiJSON(f)
		for _, c := range []byte(s) {
			if c < ' ' || c > '~' {
				// DEL is the one ASCII control that JSON leaves as it is.
				if c != 0x7f {
					t.Fatalf("byte %#x in %q", c, s)
				}
			}
		}
		var back Fault
		if err := json.Unmarshal([]byte(s), &back); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(f.Message, "\uFFFD"); back.Message != want {
			t.Fatalf("got %q, want %q", back.Message, want)
		}
	})
}

func TestBackoffStaysInItsBounds(t *testing.T) {
	t.Parallel()
	var b backoff
	var sum time.Duration
	for range 100 {
		d := b.step()
		if d < time.Millisecond || d > 100*time.Millisecond {
			t.Fatalf("step of %s", d)
		}
		sum += d
	}
	if b.waited != sum {
		t.Errorf("counted %s, waited %s", b.waited, sum)
	}
}
