package cmd

import (
	"bytes"
	"io"
	"strconv"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/cmd/internal/render"
)

const formatTable = "table"

// show writes an answer as --output says: a card for people, its data for programs.
func (f *factory) show(card bot.Card) error {
	if f.flags.output == formatTable {
		return f.render(f.o.Out, card)
	}
	v, _ := machine(card.Data)
	return render.Value(f.o.Out, f.flags.output, v)
}

// render writes a card for people; --quiet leaves its small print out.
func (f *factory) render(w io.Writer, card bot.Card) error {
	width, ok := terminal(w)
	if n, err := strconv.Atoi(f.o.Env("COLUMNS")); err == nil && !ok {
		width = n // a pager's or a script's wish
	}
	if f.flags.quiet {
		card.Foot = nil
	}
	return render.Card(w, card, render.Options{Width: width, Terminal: ok,
		Color: ok && !f.flags.noColor && f.o.Env("NO_COLOR") == "" && f.o.Env("TERM") != "dumb"})
}

// lister writes the items of a list that is too long to be held: a page at a time for programs.
// The table for people is written at the end, because all its rows decide its columns.
type lister struct {
	f     *factory
	row   func(item any) bot.Row
	grow  int
	rows  []bot.Row
	items int
}

func (f *factory) lister(row func(any) bot.Row, grow int) *lister {
	return &lister{f: f, row: row, grow: grow}
}

func (l *lister) add(item any) error {
	l.items++
	out := l.f.o.Out
	switch l.f.flags.output {
	case formatTable:
		l.rows = append(l.rows, l.row(item))
		return nil
	case "json":
		var b bytes.Buffer
		if err := render.Value(&b, "json", item); err != nil {
			return err
		}
		before := ",\n  "
		if l.items == 1 {
			before = "[\n  "
		}
		text := bytes.ReplaceAll(bytes.TrimRight(b.Bytes(), "\n"), []byte("\n"), []byte("\n  "))
		_, err := out.Write(append([]byte(before), text...))
		return err
	case "csv":
		var b bytes.Buffer
		if err := render.Value(&b, "csv", item); err != nil {
			return err
		}
		text := b.Bytes()
		if l.items > 1 { // the line with the names stands once
			_, text, _ = bytes.Cut(text, []byte("\n"))
		}
		_, err := out.Write(text)
		return err
	}
	return render.Value(out, l.f.flags.output, item)
}

// end finishes the list; empty is what people read where it has nothing.
func (l *lister) end(empty string) error {
	switch {
	case l.f.flags.output == "json" && l.items == 0:
		_, err := io.WriteString(l.f.o.Out, "[]\n")
		return err
	case l.f.flags.output == "json":
		_, err := io.WriteString(l.f.o.Out, "\n]\n")
		return err
	case l.f.flags.output != formatTable:
		return nil
	}
	s := newSheet("", nil).table("", l.grow, l.rows)
	if l.items == 0 {
		s.lines("", empty)
	}
	return l.f.render(l.f.o.Out, s.card)
}
