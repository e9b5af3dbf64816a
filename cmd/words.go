package cmd

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
)

// newWord mounts a daily word: its own options become flags, everything else goes to it as typed.
func newWord(f *factory, p *text.Printer, w *bot.Word) *cobra.Command {
	values := map[string]*string{}
	switches := map[string]*bool{}
	c := &cobra.Command{
		Use:     w.Usage[0] + " [flags]",
		Short:   w.Summary(p),
		Aliases: w.Aliases,
		Example: examples(append([]string(nil), w.Examples...)...),
		GroupID: groupDaily,
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			req := bot.Request{Words: args, Options: map[string]string{}, Lang: s.lang, Zone: s.zone, Now: f.o.Now(), Command: f.command()}
			for name, v := range values {
				if c.Flags().Changed(name) {
					req.Options[name] = *v
				}
			}
			for name, v := range switches {
				if *v {
					req.Options[name] = "true"
				}
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			card, err := w.Run(c.Context(), api, req)
			if err != nil {
				return f.explain(card, err)
			}
			if err := f.show(card); err != nil {
				return err
			}
			return verdict(card.Data)
		},
		ValidArgsFunction: f.completeWord(w),
	}
	c.Long = sentence(c.Short)
	if len(w.Usage) > 1 {
		c.SetUsageTemplate(strings.Replace(usageTemplate, "{{.UseLine}}",
			`{{if eq .CommandPath "kept `+w.Name+`"}}kept `+strings.Join(w.Usage, "\n  kept ")+"{{else}}{{.UseLine}}{{end}}", 1)) // commands below have it, too
	}
	c.DisableFlagsInUseLine = true
	c.Use = strings.TrimSuffix(c.Use, " [flags]")
	for _, o := range w.Options {
		help := w.OptionHelp(p, o.Name)
		if o.Value == "" {
			switches[o.Name] = c.Flags().Bool(o.Name, false, help)
		} else {
			values[o.Name] = namedFlag(c, o.Name, o.Value, help)
			_ = c.RegisterFlagCompletionFunc(o.Name, f.completeOption(w.Name, o))
		}
	}
	return c
}

// named is the value of a flag that help calls by a name: --since DATE. With pflag's backquotes the
// name would have to stand in the text, too.
type named struct{ text, name string }

func (n *named) String() string     { return n.text }
func (n *named) Set(s string) error { n.text = s; return nil }
func (n *named) Type() string       { return n.name }

func namedFlag(c *cobra.Command, flag, name, help string) *string {
	n := &named{name: name}
	c.Flags().Var(n, flag, help)
	return &n.text
}

// sentence makes one of a summary in help.
func sentence(summary string) string {
	r, n := utf8.DecodeRuneInString(summary)
	stop := "."
	if last, _ := utf8.DecodeLastRuneInString(summary); last > 0x2e80 {
		stop = "。"
	}
	return string(unicode.ToUpper(r)) + summary[n:] + stop
}

// explain shows the card that a word put beside its error: who fits, who is near. It is talk, for
// whoever typed; data it is not.
func (f *factory) explain(card bot.Card, err error) error {
	if card.Title == "" && len(card.Sections) == 0 {
		return err
	}
	if f.flags.output != formats[0] {
		return err
	}
	if rerr := f.render(f.o.Err, card); rerr != nil {
		return rerr
	}
	return told{err}
}

// completeWord offers customers, promises and questions for what has been typed of a word.
func (f *factory) completeWord(w *bot.Word) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	switch w.Name {
	case "answer", "questions":
		return f.completeFirst(f.questionNames, nil)
	case "assign":
		return f.completeFirst(f.customerNames, f.staffNames)
	case "promise":
		return f.completePromise
	case "followup":
		return f.completeFollowup
	}
	return f.completeFirst(f.customerNames, nil)
}

// stateArgs makes arguments of a text.
func stateArgs(kv ...string) state.Args {
	a := state.Args{}
	for i := 0; i+1 < len(kv); i += 2 {
		a[kv[i]] = kv[i+1]
	}
	return a
}
