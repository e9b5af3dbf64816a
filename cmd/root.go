package cmd

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/cmd/internal/config"
)

// The groups of help, in its order.
const (
	groupDaily = "daily"
	groupData  = "data"
	groupWho   = "who"
	groupCare  = "care"
)

// Help keeps the order in which commands are added: what is typed daily stands first.
func init() { cobra.EnableCommandSorting = false }

// newRoot builds the command line: one line for each command.
func newRoot(f *factory) *cobra.Command {
	root := &cobra.Command{
		Use:   "kept",
		Short: "Customers kept, promises kept",
		Long: "Customers kept, promises kept: one history per customer, from the systems and exports\n" +
			"that you have, in one file on your machine.",
		Example: examples("import ~/Downloads/customers_export.csv", "find köhler", "brief jana",
			"promise jana \"send the quote\" by friday 12:00", "promises --late"),
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs,
		RunE: f.group,
		// The flags are known only now; what is wrong with them must not wait for the first question.
		PersistentPreRunE: func(*cobra.Command, []string) error { return f.checkFlags() },
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddGroup(
		&cobra.Group{ID: groupDaily, Title: "Every day:"},
		&cobra.Group{ID: groupData, Title: "Systems and exports:"},
		&cobra.Group{ID: groupWho, Title: "Customers and us:"},
		&cobra.Group{ID: groupCare, Title: "The state, and this program:"},
	)
	p := text.For(f.early)
	for i := range bot.Words {
		c := newWord(f, p, &bot.Words[i])
		if c.Name() == "followup" {
			c.AddCommand(newFollowupRules(f), newFollowupRun(f))
		}
		if c.Name() == "handover" {
			handoverFile(c, p)
		}
		if c.Name() == "promise" {
			c.AddCommand(newPromiseFind(f))
		}
		if c.Name() == "may-contact" {
			f.listFlags(c)
		}
		root.AddCommand(c)
	}
	root.AddCommand(
		newConnection(f),
		newSync(f),
		newOutbox(f),
		newChat(f),
		newImport(f),
		newMatch(f),
		newCustomer(f),
		newOptout(f),
		newSegment(f),
		newHold(f),
		newTouch(f),
		newStaff(f),
		newServe(f),
		newJob(f),
		newService(f),
		newSlack(f),
		newBackup(f),
		newRestore(f),
		newCheck(f),
		newAudit(f),
		newDoctor(f),
		newConfig(f),
		newCompletion(f),
		newDemo(f),
		newVersion(f),
	)
	root.SetHelpCommand(newHelp(f, root))
	root.SetHelpCommandGroupID(groupCare)
	root.SetUsageTemplate(usageTemplate)
	root.SetIn(f.o.In)
	root.SetOut(f.o.Out)
	root.SetErr(f.o.Err)
	root.SetFlagErrorFunc(flagError)
	f.addFlags(root)
	return root
}

func (f *factory) addFlags(root *cobra.Command) {
	fl := root.PersistentFlags()
	fl.StringVar(&f.flags.state, "state", "", "the state `FILE` (KEPT_STATE)")
	fl.StringVar(&f.flags.config, "config", "", "another kept.yaml `FILE` (KEPT_CONFIG)")
	fl.StringVarP(&f.flags.output, "output", "o", "", "answer as `FORMAT`: table, json, jsonl, csv, ids (KEPT_OUTPUT)")
	fl.StringVar(&f.flags.lang, "lang", "", "read answers in this `LANGUAGE`: en, zh (KEPT_LANG)")
	fl.StringVar(&f.flags.zone, "zone", "", "read and write times in this `ZONE`: Europe/Berlin (KEPT_ZONE)")
	fl.StringVar(&f.flags.region, "region", "", "phone numbers without +: of this `COUNTRY`: DE (KEPT_REGION)")
	fl.BoolVar(&f.flags.noColor, "no-color", false, "no colours (NO_COLOR)")
	fl.BoolVarP(&f.flags.quiet, "quiet", "q", false, "no hints and no progress, only answers and errors")
	fl.BoolVarP(&f.flags.verbose, "verbose", "v", false, "more about what goes on, and the cause of an error")
	fl.StringVar(&f.flags.request, "request", "", "the `ID` of this request; the same ID is done once")
	_ = fl.MarkHidden("request")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]string{"en", "zh"}, cobra.ShellCompDirectiveNoFileComp))
	for _, name := range []string{"zone", "region", "request"} {
		_ = root.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// formats are the values of --output.
var formats = []string{"table", "json", "jsonl", "csv", "ids"}

func (f *factory) checkFlags() error {
	if f.flags.output == "" {
		f.flags.output = f.o.Env("KEPT_OUTPUT")
	}
	if f.flags.output == "" {
		f.flags.output = formats[0]
	}
	if !slices.Contains(formats, f.flags.output) {
		return invalid("bad_output", "value", f.flags.output, "formats", strings.Join(formats, ", "))
	}
	return nil
}

// group answers for a command that only holds others: its help, or what was meant.
func (f *factory) group(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	near := c.SuggestionsFor(args[0])
	if len(near) == 0 {
		var names []string
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				names = append(names, sub.Name())
			}
		}
		if n := config.Nearest(args[0], names); n != "" {
			near = []string{n}
		}
	}
	path := c.CommandPath()
	nearest := ""
	if len(near) > 0 {
		nearest = path + " " + near[0]
	}
	return invalid("unknown_command", "command", path+" "+args[0], "near", nearest, "help", path+" --help")
}

// arguments checks how many there are; max below zero is any number.
func arguments(min, max int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) >= min && (max < 0 || len(args) <= max) {
			return nil
		}
		code := "too_few_arguments"
		if len(args) > min {
			code = "too_many_arguments"
		}
		example, _, _ := strings.Cut(strings.TrimSpace(c.Example), "\n")
		example, _, _ = strings.Cut(example, "  #")
		return invalid(code, "usage", usageLine(c), "example", strings.TrimSpace(example), "command", c.CommandPath())
	}
}

func usageLine(c *cobra.Command) string { return strings.TrimSuffix(c.UseLine(), " [flags]") }

// flagError tells what is wrong with a flag in words of ours.
func flagError(c *cobra.Command, err error) error {
	help := c.CommandPath() + " --help"
	var unknown interface {
		GetSpecifiedName() string
		GetSpecifiedShortnames() string
	}
	_, rest, _ := strings.Cut(err.Error(), ": --")
	switch {
	case strings.HasPrefix(err.Error(), "unknown flag: --"):
		rest, _, _ = strings.Cut(rest, "=")
		var names []string
		for _, m := range flagName.FindAllStringSubmatch(c.LocalFlags().FlagUsages()+c.InheritedFlags().FlagUsages(), -1) {
			names = append(names, m[1])
		}
		return invalid("unknown_flag", "flag", "--"+rest, "near", dashed(config.Nearest(rest, names)), "help", help)
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		name := unknown.GetSpecifiedName()
		if strings.HasPrefix(err.Error(), "unknown shorthand") {
			return invalid("unknown_flag", "flag", "-"+name, "near", "", "help", help)
		}
		return invalid("flag_needs_value", "flag", "-"+name, "help", help)
	case strings.HasPrefix(err.Error(), "flag needs an argument: --"):
		return invalid("flag_needs_value", "flag", "--"+rest, "help", help)
	}
	var wrong interface{ GetValue() string }
	if errors.As(err, &wrong) {
		_, flag, _ := strings.Cut(err.Error(), "\" for \"")
		flag, _, _ = strings.Cut(flag, "\" flag")
		return invalid("flag_value", "flag", flag, "value", wrong.GetValue(), "help", help)
	}
	return invalid("flag_syntax", "help", help)
}

// flagName finds the flags in what help says of them.
var flagName = regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z][a-z-]*)`)

func dashed(name string) string {
	if name == "" {
		return ""
	}
	return "--" + name
}

// examples writes the examples of a command's help.
func examples(lines ...string) string {
	for i, l := range lines {
		lines[i] = "  kept " + l
	}
	return strings.Join(lines, "\n")
}

// usageTemplate is cobra's, with the examples where they are seen and without its own words for
// what the examples show.
const usageTemplate = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if gt (len .Aliases) 0}}

Also: {{range $i, $a := .Aliases}}{{if $i}}, {{end}}{{$a}}{{end}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$cmds := .Commands}}{{if eq (len .Groups) 0}}

Commands:{{range $cmds}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{else}}{{range $group := .Groups}}

{{.Title}}{{range $cmds}}{{if (and (eq .GroupID $group.ID) (or .IsAvailableCommand (eq .Name "help")))}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Everywhere:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

More about a command: {{.CommandPath}} COMMAND --help{{end}}
`
