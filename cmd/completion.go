package cmd

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/service"
)

func newCompletion(f *factory) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion " + strings.Join(shells, "|"),
		Short: "let the shell complete commands, customers and questions",
		Long: "Let the shell complete commands, flags, customers, questions and promises. It takes effect in the\n" +
			"next shell. Where the folder of an example is not there, make it first (mkdir -p). bash also needs the\n" +
			"package bash-completion.",
		Example: examples("completion bash > ~/.local/share/bash-completion/completions/kept",
			"completion zsh > \"${fpath[1]}/_kept\"", "completion fish > ~/.config/fish/completions/kept.fish"),
		GroupID:   groupCare,
		Args:      arguments(1, 1),
		ValidArgs: shells,
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(f.o.Out, true)
			case "zsh":
				return root.GenZshCompletion(f.o.Out)
			case "fish":
				return root.GenFishCompletion(f.o.Out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(f.o.Out)
			}
			return invalid("unknown_shell", "value", args[0], "shells", strings.Join(shells, ", "))
		},
	}
}

// completer gives what fits the beginning of a word, each with a tab and what it is.
type completer func(ctx context.Context, api service.API, typed string) []string

type validArgs = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// patience is how long somebody who pressed Tab waits.
const patience = time.Second

// completeFirst completes the first argument with one completer and the second with another; nil
// completes nothing.
func (f *factory) completeFirst(first, second completer) validArgs {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		by := first
		if len(args) == 1 {
			by = second
		}
		if by == nil || len(args) > 1 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f.complete(c, by, typed), bestFirst
	}
}

// bestFirst keeps the order that was given, which is that of find, where the shell would sort.
const bestFirst = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder

func (f *factory) completeFlag(by completer) validArgs {
	return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return f.complete(c, by, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// complete asks the state, silently: a shell has no place for what goes wrong.
func (f *factory) complete(c *cobra.Command, by completer, typed string) []string {
	f.flags.quiet = true
	ctx := c.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	api, err := f.api(ctx, asking)
	if err != nil {
		return nil
	}
	return by(ctx, api, typed)
}

// customerNames completes a customer by whatever was begun to be typed: the name from any of its words on, with accents or
// without, an identifier, or the number. Shells drop what does not begin exactly so, so each is given as it was begun.
func (f *factory) customerNames(ctx context.Context, api service.API, typed string) []string {
	if typed == "" {
		return nil
	}
	out, err := api.Find(ctx, service.FindIn{Query: typed, Limit: 20})
	if err != nil {
		return nil
	}
	var names []string
	taken := map[string]bool{}
	for _, h := range out.Hits {
		for _, written := range append(turned(h.Customer.Name), h.Match, h.Customer.Number) {
			word, ok := continued(typed, written)
			// A name that two customers have is none to be typed: the second one gets its number.
			if !ok || taken[word] {
				continue
			}
			taken[word] = true
			names = append(names, word+"\t"+joined(", ", h.Customer.Number, h.Customer.Name, h.Company))
			break
		}
	}
	return names
}

// turned gives a name beginning with each of its words in turn, and the same without accents.
func turned(name string) []string {
	words := strings.Fields(name)
	var out []string
	for _, w := range [][]string{words, strings.Fields(identity.FoldName(name))} {
		for i := range w {
			out = append(out, strings.Join(slices.Concat(w[i:], w[:i]), " "))
		}
	}
	return out
}

// continued gives a text as it goes on where it was begun in another case.
func continued(typed, text string) (string, bool) {
	rest := text
	for _, r := range typed {
		t, size := utf8.DecodeRuneInString(rest)
		if size == 0 || unicode.ToLower(t) != unicode.ToLower(r) {
			return "", false
		}
		rest = rest[size:]
	}
	return typed + rest, true
}

func (f *factory) staffNames(ctx context.Context, api service.API, typed string) []string {
	out, err := api.StaffList(ctx, service.StaffListIn{})
	if err != nil {
		return nil
	}
	var names []string
	for _, m := range out.Staff {
		word := m.Login
		if word == "" {
			word = m.Number
		}
		if strings.HasPrefix(strings.ToLower(m.Name), strings.ToLower(typed)) || strings.HasPrefix(word, typed) {
			names = append(names, word+"\t"+m.Name)
		}
	}
	return names
}

func (f *factory) questionNames(ctx context.Context, api service.API, typed string) []string {
	out, err := api.QuestionList(ctx, service.QuestionListIn{Limit: 50})
	if err != nil {
		return nil
	}
	var names []string
	for _, q := range out.Questions {
		if strings.HasPrefix(q.Number, typed) {
			names = append(names, q.Number+"\t"+joined(" / ", q.SeenA, q.SeenB, cmp.Or(q.Raw, q.Where)))
		}
	}
	return names
}

func (f *factory) runNames(ctx context.Context, api service.API, typed string) []string {
	out, err := api.RunList(ctx, service.RunListIn{})
	if err != nil {
		return nil
	}
	var names []string
	for _, r := range out.Runs {
		if strings.HasPrefix(r.Number, typed) {
			names = append(names, r.Number+"\t"+joined(" ", r.Source, r.Connection))
		}
	}
	return names
}

func (f *factory) promiseNames(ctx context.Context, api service.API, typed string) []string {
	out, err := api.PromiseList(ctx, service.PromiseListIn{})
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range out.Promises {
		if strings.HasPrefix(p.Number, strings.ToLower(typed)) {
			names = append(names, p.Number+"\t"+joined(": ", p.CustomerName, p.Text))
		}
	}
	return names
}

var promiseNumber = regexp.MustCompile(`^[pP][0-9]*$`)

// completePromise offers open promises and what may become of them, or customers.
func (f *factory) completePromise(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	switch {
	case len(args) == 0 && promiseNumber.MatchString(typed):
		both := func(ctx context.Context, api service.API, typed string) []string {
			return append(f.promiseNames(ctx, api, typed), f.customerNames(ctx, api, typed)...)
		}
		return f.complete(c, both, typed), bestFirst
	case len(args) == 0:
		return f.complete(c, f.customerNames, typed), bestFirst
	case len(args) == 1 && promiseNumber.MatchString(args[0]):
		return []string{"done", "not-kept", "withdrawn", "reopen", "by"}, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// completeOption completes the value of a daily word's option.
func (f *factory) completeOption(word string, o bot.Option) validArgs {
	switch word + " " + o.Name {
	case "handover from", "handover to", "promise by", "promises by", "followups by", "followup for":
		return f.completeFlag(f.staffNames)
	case "history only":
		return cobra.FixedCompletions([]string{"order", "refund", "shipment", "message", "call", "meeting", "note", "promise", "consent", "touch", "override"}, cobra.ShellCompDirectiveNoFileComp)
	case "note kind":
		return cobra.FixedCompletions([]string{"note", "call", "meeting"}, cobra.ShellCompDirectiveNoFileComp)
	case "questions kind":
		return cobra.FixedCompletions([]string{"promise", "promise_done", "match", "row", "organisation", "staff", "conflict", "write_lost", "stop", "message_ask", "message_lost", "message_failed"}, cobra.ShellCompDirectiveNoFileComp)
	case "questions from": // a file, which the shell completes
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		}
	}
	return cobra.NoFileCompletions
}

func (f *factory) completeTypes(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, s := range fileSpecs(f.o.Specs) {
		if strings.HasPrefix(s.Name, typed) {
			names = append(names, s.Name+"\t"+s.Summary)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (f *factory) completeRelate(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return slices.DeleteFunc(slices.Clone(relationWords), func(w string) bool { return !strings.HasPrefix(w, typed) }), cobra.ShellCompDirectiveNoFileComp
	}
	if len(args) > 2 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.complete(c, f.customerNames, typed), bestFirst
}

// subNames are the commands below one that begin with what was typed.
func subNames(c *cobra.Command, typed string) []string {
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && strings.HasPrefix(sub.Name(), typed) {
			names = append(names, sub.Name()+"\t"+sub.Short)
		}
	}
	return names
}
