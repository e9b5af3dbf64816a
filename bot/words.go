// Package bot has the daily words: what people ask and tell Kept many times a day, at the terminal
// and in chats alike. A word takes text, asks the service, and answers with a neutral [Card]; it
// knows no chat system and no terminal.
//
// [Words] is the one table. A terminal gives a word its words and options as the shell has split
// them; a chat gives [Parse] the line that was typed.
package bot

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Word is one daily word.
type Word struct {
	Name     string
	Aliases  []string // other ways to type it, Chinese ones for chats
	Usage    []string // "promise CUSTOMER \"TEXT\" [by WHEN]", without what the program is called
	Examples []string // that work when pasted, without what the program is called
	Options  []Option
	Writes   bool // whether it changes anything
	run      func(ctx context.Context, api service.API, req Request) (Card, error)
}

// Option is an option of a word, --name at the terminal and in chats.
type Option struct {
	Name  string
	Value string // what stands behind it in help: "N", "DATE", "NAME"; "" where it takes none
}

// Summary is the word in a line, for help.
func (w *Word) Summary(p *text.Printer) string { return p.T("word." + w.Name) }

// OptionHelp says what an option does.
func (w *Word) OptionHelp(p *text.Printer, name string) string {
	if key := "option." + w.Name + "." + name; text.Has(key) {
		return p.T(key)
	}
	return p.T("option." + name)
}

// Words are all daily words, in the order of help.
var Words = []Word{
	find,
	brief,
	history,
	note,
	who,
	promises,
	promise,
	mayContact,
	followups,
	followup,
	questions,
	answer,
	assign,
	handover,
	settings,
}

// Lookup finds a word by its name or an alias, whatever its case; nil where there is none.
func Lookup(name string) *Word {
	name = strings.ToLower(name)
	for i := range Words {
		if Words[i].Name == name || slices.Contains(Words[i].Aliases, name) {
			return &Words[i]
		}
	}
	return nil
}

func (w *Word) option(name string) *Option {
	for i := range w.Options {
		if w.Options[i].Name == name {
			return &w.Options[i]
		}
	}
	return nil
}

// errUsage is what a word answers to a request that lacks something.
var errUsage = errors.New("bot: something is missing")

// Run answers a request. An error may have a card beside it, where more can be said than its
// sentence, which is then the card's title: the customers that fit, the nearest ones.
func (w *Word) Run(ctx context.Context, api service.API, req Request) (Card, error) {
	card, err := w.run(ctx, api, req)
	if err == errUsage {
		p := req.printer("", req.Now)
		shown := make([]string, len(w.Usage))
		for i, u := range w.Usage {
			shown[i] = p.Command(u)
		}
		return Card{}, invalid("usage", "what", w.Name, "usage", strings.Join(shown, "\n"))
	}
	return card, err
}

func invalid(code string, kv ...string) error {
	args := state.Args{}
	for i := 0; i+1 < len(kv); i += 2 {
		args[kv[i]] = kv[i+1]
	}
	return &state.Error{Class: state.Invalid, Code: code, Args: args}
}
