package cmd

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/connectors"
)

// connectorType is a connector as "connection types" shows it.
type connectorType struct {
	Name    string            `json:"name"`
	Summary string            `json:"summary"`
	Options []connectorOption `json:"options"`
	Presets []connectorPreset `json:"presets"`
	Scopes  []string          `json:"scopes"` // the least rights that it needs, in the vendor's words
	Fields  []connectorField  `json:"fields"`
	// Idempotent says that a write that is sent twice makes one thing there; Tombstones that it tells
	// what is gone.
	Idempotent bool     `json:"idempotent"`
	Tombstones bool     `json:"tombstones"`
	Sends      string   `json:"sends"` // the channel in which it sends messages to persons; empty: it does not
	Cannot     []string `json:"cannot"`
}

type connectorOption struct {
	Name     string   `json:"name"`
	Help     string   `json:"help"`
	Required bool     `json:"required"`
	Secret   bool     `json:"secret"`
	Default  string   `json:"default"`
	Example  string   `json:"example"`
	Choices  []string `json:"choices"`
	Where    string   `json:"where"`
}

type connectorPreset struct {
	Name    string            `json:"name"`
	Title   string            `json:"title"`
	Options map[string]string `json:"options"`
	Where   map[string]string `json:"where"`
}

// connectorField is a row of the field matrix.
type connectorField struct {
	Kind  string `json:"kind"`
	Field string `json:"field"`
	Read  bool   `json:"read"`
	Write bool   `json:"write"`
	Many  int    `json:"many"` // how many values it holds; 0: any number
	Long  int    `json:"long"` // how many characters one has; 0: any number
}

func typeOf(spec *connectors.Spec) connectorType {
	t := connectorType{Name: spec.Name, Summary: spec.Summary, Scopes: spec.Scopes, Idempotent: spec.Idempotent, Tombstones: spec.Tombstones, Sends: spec.Sends, Cannot: spec.Cannot}
	for _, o := range spec.Options {
		t.Options = append(t.Options, connectorOption{Name: o.Name, Help: o.Help, Required: o.Required, Secret: o.Secret, Default: o.Default,
			Example: o.Example, Choices: o.Choices, Where: o.Where})
	}
	for _, p := range spec.Presets {
		t.Presets = append(t.Presets, connectorPreset{Name: p.Name, Title: p.Title, Options: p.Options, Where: p.Where})
	}
	for _, kind := range kindsOf(spec) {
		for _, x := range spec.Fields[kind] {
			name := x.Field
			if name == connectors.CustomPrefix {
				name += "*"
			}
			t.Fields = append(t.Fields, connectorField{Kind: string(kind), Field: name, Read: x.Read, Write: x.Write, Many: x.Many, Long: x.Long})
		}
	}
	return t
}

// kindsOf gives a connector's kinds, contacts first.
func kindsOf(spec *connectors.Spec) []connectors.Kind {
	kinds := slices.Sorted(maps.Keys(spec.Fields))
	slices.SortStableFunc(kinds, func(a, b connectors.Kind) int {
		return cmp.Compare(map[bool]int{true: 0, false: 1}[a == connectors.Contact], map[bool]int{true: 0, false: 1}[b == connectors.Contact])
	})
	return kinds
}

func newConnectionTypes(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "types [TYPE]",
		Short: "the connectors that this program has: options, fields, what they cannot do",
		Long: "The connectors that this program has, with their options and what they read and write. Of one of\n" +
			"them the whole: each field with how many values it holds and how long they are, the providers\n" +
			"whose settings are known, and what the system cannot do.",
		Example: examples("connection types", "connection types csv", "connection types --output json"),
		Args:    arguments(0, 1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, s := range f.o.Specs {
				if len(args) == 0 && strings.HasPrefix(s.Name, typed) {
					names = append(names, s.Name+"\t"+s.Summary)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			p := f.printer()
			if len(args) == 1 {
				spec, err := f.spec(args[0])
				if err != nil {
					return err
				}
				return f.show(typeCard(p, typeOf(spec)))
			}
			types := []connectorType{}
			s := newSheet("", nil)
			for i := range f.o.Specs {
				t := typeOf(&f.o.Specs[i])
				types = append(types, t)
				s.table(t.Name+": "+strings.TrimSuffix(t.Summary, "."), 1, append(optionRows(t), matrixRows(t)...))
			}
			s.card.Data = types
			s.foot("everything about one: "+p.Command("connection types TYPE"), "connect one: "+p.Command("connection add TYPE NAME"))
			return f.show(s.card)
		},
	}
}

func optionRows(t connectorType) []bot.Row {
	var rows []bot.Row
	for _, o := range t.Options {
		notes := joined(", ", map[bool]string{true: "required"}[o.Required], map[bool]string{true: "secret"}[o.Secret])
		if o.Default != "" {
			notes = joined(", ", notes, "default "+o.Default)
		}
		rows = append(rows, row(o.Name, typed(o.Name), plain(o.Help), dim(notes)))
	}
	return rows
}

// matrixRows says in a line for each kind what is read and what is written too.
func matrixRows(t connectorType) []bot.Row {
	var rows []bot.Row
	for i, x := range t.Fields {
		if i > 0 && t.Fields[i-1].Kind == x.Kind {
			continue
		}
		var both, reads, writes []string
		for _, y := range t.Fields {
			if y.Kind != x.Kind {
				continue
			}
			word := y.Field
			if y.Many == 1 {
				word += " (1)"
			}
			switch {
			case y.Read && y.Write:
				both = append(both, word)
			case y.Write:
				writes = append(writes, word)
			case y.Read:
				reads = append(reads, word)
			}
		}
		say := func(what string, names []string) {
			if len(names) > 0 {
				rows = append(rows, row("", dim(x.Kind), plain(what+" "+strings.Join(names, ", "))))
			}
		}
		say("reads and writes", both)
		say("writes", writes)
		say("reads", reads)
	}
	return rows
}

// typeCard is everything about one connector.
func typeCard(p *text.Printer, t connectorType) bot.Card {
	s := newSheet(t.Name+": "+strings.TrimSuffix(t.Summary, "."), t)
	var rows []bot.Row
	for _, o := range t.Options {
		rows = append(rows, row(o.Name, typed(o.Name), plain(o.Help), dim(joined(", ", map[bool]string{true: "required"}[o.Required], map[bool]string{true: "secret"}[o.Secret]))))
		say := func(what, v string) {
			if v != "" {
				rows = append(rows, row("", plain(""), dim(what+v)))
			}
		}
		say("one of: ", strings.Join(o.Choices, ", "))
		say("for example ", o.Example)
		say("default ", o.Default)
		say("found at ", o.Where)
	}
	s.table("options", 1, rows)
	rows = nil
	for _, x := range t.Presets {
		var known []string
		for _, name := range sortedKeys(x.Options) {
			known = append(known, name+"="+x.Options[name])
		}
		rows = append(rows, row(x.Name, typed(x.Name), strong(x.Title), plain(strings.Join(known, ", "))))
		for _, name := range sortedKeys(x.Where) {
			rows = append(rows, row("", plain(""), plain(""), dim(name+": "+x.Where[name])))
		}
	}
	s.table("providers: --preset NAME", 2, rows)
	for i, x := range t.Fields {
		if i > 0 && t.Fields[i-1].Kind == x.Kind {
			continue
		}
		rows = nil
		for _, y := range t.Fields {
			if y.Kind == x.Kind {
				rows = append(rows, row("", strong(y.Field), plain(map[bool]string{true: "read"}[y.Read]), plain(map[bool]string{true: "write"}[y.Write]), plain(holds(p, y))))
			}
		}
		s.table(x.Kind, 3, rows)
	}
	s.lines("what it cannot do", t.Cannot...)
	var notes []string
	if len(t.Scopes) > 0 {
		notes = append(notes, "rights that it needs: "+strings.Join(t.Scopes, ", "))
	}
	if t.Sends != "" {
		notes = append(notes, "it sends messages to persons: "+t.Sends)
	}
	if slices.ContainsFunc(t.Fields, func(x connectorField) bool { return x.Write }) {
		notes = append(notes, map[bool]string{true: "a write that is sent twice makes one thing there",
			false: "a write whose answer is lost is looked for there, or a person is asked, before it is sent again"}[t.Idempotent])
	}
	if !t.Tombstones && len(t.Fields) > 0 {
		notes = append(notes, "it does not tell what is gone: that is found by counting, now and then")
	}
	s.lines("", notes...)
	s.foot("connect one: " + p.Command("connection add "+t.Name+" NAME"))
	return s.card
}

// holds says how many values a field has and how long they may be.
func holds(p *text.Printer, x connectorField) string {
	many := "any number"
	if x.Many > 0 {
		many = p.Count(int64(x.Many), "value", "values")
	}
	if x.Long > 0 {
		many += ", " + p.Number(int64(x.Long)) + " characters"
	}
	return many
}
