package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

// asker asks the person at the terminal. It is made where there is one.
type asker struct {
	f  *factory
	in *bufio.Reader
}

// asker gives nil where nobody is there to answer.
func (f *factory) asker() *asker {
	if _, ok := terminal(f.o.In); !ok {
		return nil
	}
	return &asker{f: f, in: bufio.NewReader(f.o.In)}
}

// line asks for one line; fallback is what an empty one means.
func (a *asker) line(question, fallback string) (string, error) {
	if fallback != "" {
		question += " [" + fallback + "]"
	}
	fmt.Fprint(a.f.o.Err, question+": ")
	line, err := a.in.ReadString('\n')
	if line = strings.TrimSpace(line); err != nil && line == "" {
		fmt.Fprintln(a.f.o.Err)
		return "", &state.Error{Class: state.Cancelled, Code: "cancelled", Cause: err}
	}
	if line == "" {
		line = fallback
	}
	return line, nil
}

// tries is how often somebody may answer a question wrongly.
const tries = 3

// valid asks until the answer is one that wrong does not object to.
func (a *asker) valid(question, fallback string, wrong func(string) error) (string, error) {
	var last error
	for range tries {
		v, err := a.line(question, fallback)
		if err != nil {
			return "", err
		}
		if last = wrong(v); last == nil {
			return v, nil
		}
		a.f.talk("  " + a.f.printer().Error(last))
	}
	return "", last
}

// option asks for one option of a connector, after saying what it is and where it is found.
func (a *asker) option(spec *connectors.Spec, o connectors.Option, where string) (string, error) {
	say := func(what, v string) {
		if v != "" {
			a.f.talk("  " + what + v)
		}
	}
	a.f.talk("")
	a.f.talk(o.Name + ": " + o.Help)
	say("found at ", where)
	say("for example ", o.Example)
	say("one of: ", strings.Join(o.Choices, ", "))
	if !o.Required && o.Default == "" {
		a.f.talk("  Enter leaves it out.")
	}
	if o.Secret {
		a.f.talk("  It is not shown, and stored in a file of its own. Or give env:NAME, file:PATH or command:WORDS.")
		return a.secret(o.Name, o.Required)
	}
	return a.valid(o.Name, o.Default, func(v string) error {
		if v == "" && o.Required {
			return invalid("options_missing", "connection", spec.Name, "options", o.Name, "type", spec.Name, "example", o.Example)
		}
		if v == "" {
			return nil
		}
		return settingError(config.CheckOption(spec, o.Name, v))
	})
}

// secret reads a line that is not shown. Without must an empty one is an answer too.
func (a *asker) secret(name string, must bool) (string, error) {
	file, ok := a.f.o.In.(*os.File)
	if !ok {
		return a.line(name, "")
	}
	for range tries {
		fmt.Fprint(a.f.o.Err, name+": ")
		b, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(a.f.o.Err)
		if err != nil && !errors.Is(err, io.EOF) || err != nil && len(b) == 0 {
			return "", &state.Error{Class: state.Cancelled, Code: "cancelled", Cause: err}
		}
		if v := strings.TrimSpace(string(b)); v != "" || !must {
			return v, nil
		}
	}
	return "", invalid("secret_none", "option", name)
}

// preset asks which provider it is, where the connector knows some.
func (a *asker) preset(spec *connectors.Spec) (string, error) {
	var names []string
	a.f.talk("Whose is it? The settings of these are known:")
	for _, p := range spec.Presets {
		names = append(names, p.Name)
		a.f.talk("  " + p.Name + "  " + p.Title)
	}
	return a.valid("provider (none of them: Enter)", "", func(v string) error {
		if v != "" && !slices.Contains(names, v) {
			return invalid("no_such_preset", "type", spec.Name, "value", v, "near", config.Nearest(v, names), "presets", strings.Join(names, ", "))
		}
		return nil
	})
}

// settingError makes an error of what package config says of a value.
func settingError(code string, args state.Args) error {
	if code == "" {
		return nil
	}
	return &state.Error{Class: state.Invalid, Code: code, Args: args}
}
