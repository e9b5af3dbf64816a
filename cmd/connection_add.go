package cmd

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// ownSettings are the keys of a connection that are no connector's options, with their flags' help.
var ownSettings = []struct{ key, value, help string }{
	{"mode", "MODE", "pull: only read (default); two-way: read and written; push: written, and what it says changes nothing elsewhere"},
	{"owns", "FIELDS", "fields in which its word holds where several say otherwise: phone,email; * is all"},
	{"create", "RULE", "who is created there: all, tag:NAME, stage:NAME, from:CONNECTION (default: nobody)"},
	{"conflicts", "HOW", "where nobody's word holds: ask (default), or newest, the last change wins"},
	{"deletes", "HOW", "what is deleted there: keep elsewhere (default), or propagate"},
	{"guard", "SHARE", "refuse a run that would change or delete more than this share of its records (default: 30%)"},
	{"optout", "MARK", "how it holds that somebody opted out: tag:no-marketing, field:custom.NAME=yes"},
	{"census", "TIME", "how often what is gone is looked for, where the system does not tell (default: 24h)"},
}

// newConnectionAdd has a command for each connector, whose flags are the connector's options.
func newConnectionAdd(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:   "add TYPE NAME",
		Short: "connect a shop, address book, mailbox or account",
		Long: "Connect a shop, address book, mailbox or account, and give it a name. On a terminal it asks for\n" +
			"what is missing and says where to find it; a script gives flags: kept connection add TYPE --help.\n" +
			"Secrets are given as references (env:NAME, file:PATH, command:WORDS), or typed or piped in (-);\n" +
			"then they are stored in files beside kept.yaml that only you read. The connection is checked at\n" +
			"once; where that fails it stays in kept.yaml to be corrected. It is only read until somebody sets\n" +
			"it to two-way.",
		Example: examples("connection add csv members --path members.csv"),
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				_, err := f.spec(args[0])
				if err == nil {
					err = arguments(2, 2)(c, args)
				}
				return err
			}
			a := f.asker()
			if a == nil {
				return arguments(2, 2)(c, args)
			}
			f.talk("What shall be connected?")
			for _, s := range f.o.Specs {
				f.talk("  " + s.Name + "  " + s.Summary)
			}
			typ, err := a.valid("type", "", func(v string) error { _, err := f.spec(v); return err })
			if err != nil {
				return err
			}
			spec, err := f.spec(typ)
			if err != nil {
				return err
			}
			return (&newcomer{f: f, spec: spec, ask: a, given: map[string]string{}, settings: map[string]string{}}).run(c.Context(), "")
		},
	}
	for i := range f.o.Specs {
		c.AddCommand(newConnectionAddType(f, &f.o.Specs[i]))
	}
	return c
}

func newConnectionAddType(f *factory, spec *connectors.Spec) *cobra.Command {
	given := map[string]*string{}
	settings := map[string]*string{}
	a := &newcomer{f: f, spec: spec}
	example := []string{"connection add " + spec.Name + " NAME"}
	for _, o := range spec.Options {
		if o.Required {
			example[0] += " --" + o.Name + " " + exampleOf(o)
		}
	}
	long := strings.TrimSuffix(spec.Summary, ".") + ".\nWhat it reads, writes and cannot do: kept connection types " + spec.Name
	c := &cobra.Command{
		Use:     spec.Name + " NAME",
		Short:   spec.Summary,
		Long:    strings.ToUpper(long[:1]) + long[1:],
		Example: examples(example...),
		Args:    arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			a.given, a.settings, a.ask = map[string]string{}, map[string]string{}, f.asker()
			for name, v := range given {
				if c.Flags().Changed(f.optionFlag(c, name)) {
					a.given[name] = *v
				}
			}
			for _, o := range spec.Options {
				if flag := c.InheritedFlags().Lookup(o.Name); flag != nil && flag.Changed {
					a.given[o.Name] = flag.Value.String()
				}
			}
			for key, v := range settings {
				if c.Flags().Changed(key) {
					a.settings[key] = *v
				}
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return a.run(c.Context(), name)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	c.Flags().SortFlags = false // those of the type stand first
	if len(spec.Presets) > 0 {
		var names []string
		for _, p := range spec.Presets {
			names = append(names, p.Name+"\t"+p.Title)
		}
		c.Flags().StringVar(&a.preset, "preset", "", "the settings of a `PROVIDER`: "+strings.Join(presetNames(spec), ", "))
		_ = c.RegisterFlagCompletionFunc("preset", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	}
	for _, o := range spec.Options {
		if f.isGlobal(o.Name) {
			continue
		}
		name := f.optionFlag(c, o.Name)
		v := &namedValue{kind: strings.ToUpper(o.Name)}
		if o.Secret {
			v.kind = "REFERENCE"
		}
		given[o.Name] = &v.value
		c.Flags().Var(v, name, optionHelp(o))
		if len(o.Choices) > 0 {
			_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(o.Choices, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	for _, x := range ownSettings {
		if sendsOnly(spec) {
			break // they are about what is synced
		}
		v := &namedValue{kind: x.value}
		settings[x.key] = &v.value
		c.Flags().Var(v, x.key, x.help)
	}
	c.Flags().BoolVar(&a.unchecked, "no-check", false, "do not ask the system whether it works")
	if sendsOnly(spec) {
		return c
	}
	for key, choices := range map[string][]string{"mode": config.Modes, "conflicts": config.Conflicts, "deletes": config.Deletes} {
		_ = c.RegisterFlagCompletionFunc(key, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
	}
	_ = c.RegisterFlagCompletionFunc("owns", cobra.FixedCompletions(config.Fields, cobra.ShellCompDirectiveNoFileComp))
	for _, key := range []string{"create", "guard", "optout", "census"} {
		_ = c.RegisterFlagCompletionFunc(key, cobra.NoFileCompletions)
	}
	return c
}

// optionFlag is the flag of a connector's option: its name, or where that is a setting of every
// connection "option-" and its name.
func (f *factory) optionFlag(_ *cobra.Command, name string) string {
	if name == "preset" || name == "no-check" || name == "help" || slices.ContainsFunc(ownSettings, func(x struct{ key, value, help string }) bool { return x.key == name }) {
		return "option-" + name
	}
	return name
}

// namedValue is a text flag whose value has a name of its own in help.
type namedValue struct{ value, kind string }

func (n *namedValue) String() string     { return n.value }
func (n *namedValue) Set(v string) error { n.value = v; return nil }
func (n *namedValue) Type() string       { return n.kind }

func presetNames(spec *connectors.Spec) []string {
	var names []string
	for _, p := range spec.Presets {
		names = append(names, p.Name)
	}
	return names
}

func exampleOf(o connectors.Option) string {
	switch {
	case o.Secret:
		return "env:" + strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_"))
	case o.Example != "":
		return shellWord(o.Example)
	case len(o.Choices) > 0:
		return shellWord(o.Choices[0])
	}
	return strings.ToUpper(o.Name)
}

func optionHelp(o connectors.Option) string {
	var notes []string
	if o.Required {
		notes = append(notes, "required")
	}
	if len(o.Choices) > 0 {
		notes = append(notes, "one of "+strings.Join(o.Choices, ", "))
	}
	if o.Default != "" {
		notes = append(notes, "default: "+o.Default)
	}
	if o.Where != "" {
		notes = append(notes, "found at "+o.Where)
	}
	help := strings.ReplaceAll(o.Help, "`", "'")
	if len(notes) > 0 {
		help += " (" + strings.ReplaceAll(strings.Join(notes, "; "), "`", "'") + ")"
	}
	return help
}

// newcomer is one connection on its way into kept.yaml.
type newcomer struct {
	f         *factory
	spec      *connectors.Spec
	ask       *asker // nil where nobody answers
	preset    string
	unchecked bool
	given     map[string]string // options by name, as typed
	settings  map[string]string // other keys
}

// addedOut is what "kept connection add" answers.
type addedOut struct {
	Connection connectionOut              `json:"connection"`
	Checked    *service.ConnectionChecked `json:"checked,omitempty"`
}

func (a *newcomer) run(ctx context.Context, name string) error {
	f := a.f
	name, err := a.name(name)
	if err != nil {
		return err
	}
	if err := a.presets(); err != nil {
		return err
	}
	for _, x := range ownSettings {
		if v, ok := a.settings[x.key]; ok {
			if err := settingError(config.CheckSetting(x.key, v)); err != nil {
				return err
			}
		}
	}
	stored, err := a.options(name)
	if err != nil {
		return err
	}
	settings := []config.Setting{{Key: "type", Values: []string{a.spec.Name}}}
	if !sendsOnly(a.spec) {
		settings = append(settings, config.Setting{Key: "mode", Values: []string{cmp.Or(strings.ToLower(a.settings["mode"]), service.ModePull)}})
	}
	for _, o := range a.spec.Options {
		if v := a.given[o.Name]; v != "" {
			settings = append(settings, config.Setting{Key: "options." + o.Name, Values: []string{typedPath(o.Name, v)}})
		}
	}
	for _, x := range ownSettings[1:] {
		if v := a.settings[x.key]; v != "" {
			settings = append(settings, settingOf(x.key, v))
		}
	}
	path, _ := f.configPath()
	var references []string
	for _, option := range sortedKeys(stored) {
		reference, err := f.storeSecret(name, option, stored[option])
		if err != nil {
			return err
		}
		references = append(references, option, reference)
	}
	if err := config.AddConnection(path, name, settings, f.checkFile); err != nil {
		for i := 0; i+1 < len(references); i += 2 {
			f.dropSecret(name, references[i], references[i+1])
		}
		return err
	}
	f.reread()
	return a.added(ctx, name, path)
}

// checkFile judges kept.yaml before it is written.
func (f *factory) checkFile(file *config.File) error { return file.CheckTypes(f.o.Specs) }

// settingOf writes a key that takes several values as a list where there are several.
func settingOf(key, v string) config.Setting {
	var values []string
	for x := range strings.SplitSeq(v, ",") {
		if x = strings.TrimSpace(x); x != "" {
			values = append(values, x)
		}
	}
	return config.Setting{Key: key, Values: values, List: len(values) > 1 && (key == "owns" || key == "create" || key == "ignore")}
}

// name checks the name, or asks for it.
func (a *newcomer) name(name string) (string, error) {
	free := func(name string) error {
		if !config.ConnectionName(name) {
			return invalid("config_connection_name", "value", name)
		}
		path, _ := a.f.configPath()
		file, err := config.Load(path, false)
		if err != nil {
			return err
		}
		if c, there := file.Connections[name]; there {
			return fault(state.Conflict, "connection_taken", "connection", name, "type", c.Type)
		}
		return nil
	}
	switch {
	case name != "":
		return name, free(name)
	case a.ask == nil:
		return "", invalid("too_few_arguments", "usage", "kept connection add "+a.spec.Name+" NAME", "example", "kept connection add "+a.spec.Name+" shop")
	}
	return a.ask.valid("a name for it, as you will call it", a.spec.Name, free)
}

// presets fills in what is known of a provider; what was given stands.
func (a *newcomer) presets() error {
	if len(a.spec.Presets) == 0 {
		return nil
	}
	missing := slices.ContainsFunc(a.spec.Options, func(o connectors.Option) bool {
		_, given := a.given[o.Name]
		return !given && slices.ContainsFunc(a.spec.Presets, func(p connectors.Preset) bool { return p.Options[o.Name] != "" }) && o.Required
	})
	if a.preset == "" && a.ask != nil && missing {
		var err error
		if a.preset, err = a.ask.preset(a.spec); err != nil {
			return err
		}
	}
	if a.preset == "" {
		return nil
	}
	p := a.provider()
	if p == nil {
		names := presetNames(a.spec)
		return invalid("no_such_preset", "type", a.spec.Name, "value", a.preset, "near", config.Nearest(a.preset, names), "presets", strings.Join(names, ", "))
	}
	for option, v := range p.Options {
		if _, given := a.given[option]; !given {
			a.given[option] = v
		}
	}
	return nil
}

func (a *newcomer) provider() *connectors.Preset {
	i := slices.IndexFunc(a.spec.Presets, func(p connectors.Preset) bool { return p.Name == a.preset })
	if i < 0 {
		return nil
	}
	return &a.spec.Presets[i]
}

// where says where an option is found, in the provider's words where it is known.
func (a *newcomer) where(o connectors.Option) string {
	if p := a.provider(); p != nil && p.Where[o.Name] != "" {
		return p.Where[o.Name]
	}
	return o.Where
}

// asksFor says whether an option that may be left out is asked for: one for which the provider has a
// name of its own, or without a provider a secret, which nobody can guess.
func (a *newcomer) asksFor(o connectors.Option) bool {
	if p := a.provider(); p != nil {
		return p.Where[o.Name] != ""
	}
	return o.Secret
}

// options checks what was given, asks for what is missing or says so, and takes the secrets that are
// to be stored out; they are in given as the references that they will have.
func (a *newcomer) options(name string) (stored map[string]string, err error) {
	stored = map[string]string{}
	store := func(option, v string) {
		stored[option] = v
		a.given[option] = "file:" + secretFolder + "/" + secretName(name, option)
	}
	var lines *pipedSecrets
	var missing []string
	for _, o := range a.spec.Options {
		v, given := a.given[o.Name]
		flag := "--" + a.f.optionFlag(nil, o.Name)
		switch {
		case given && o.Secret && v == "-":
			if a.ask != nil {
				v, err = a.ask.secret(o.Name, true)
			} else {
				if lines == nil {
					lines = a.f.pipedSecrets()
				}
				v, err = lines.next(flag)
			}
			if err != nil {
				return nil, err
			}
			store(o.Name, v)
		case given && o.Secret && !config.IsReference(v):
			return nil, invalid("secret_typed", "option", flag)
		case given && v != "":
			if err := settingError(config.CheckOption(a.spec, o.Name, v)); err != nil {
				return nil, err
			}
		case !o.Required && (a.ask == nil || given || !a.asksFor(o)):
		case a.ask == nil:
			missing = append(missing, flag)
		default:
			v, err := a.ask.option(a.spec, o, a.where(o))
			if err != nil {
				return nil, err
			}
			a.given[o.Name] = v
			if o.Secret && v != "" && !config.IsReference(v) {
				store(o.Name, v)
			}
		}
	}
	if len(missing) > 0 {
		words := []string{"kept connection add", a.spec.Name, name}
		for _, o := range a.spec.Options {
			switch v, given := a.given[o.Name]; {
			case given && stored[o.Name] != "":
				words = append(words, "--"+a.f.optionFlag(nil, o.Name), "-")
			case given:
				words = append(words, "--"+a.f.optionFlag(nil, o.Name), shellWord(v))
			case o.Required:
				words = append(words, "--"+a.f.optionFlag(nil, o.Name), exampleOf(o))
			}
		}
		return nil, invalid("options_missing", "connection", name, "options", strings.Join(missing, ", "), "type", a.spec.Name, "example", strings.Join(words, " "))
	}
	return stored, nil
}

// added says what was added, checks it and says what to do next.
func (a *newcomer) added(ctx context.Context, name, path string) error {
	f := a.f
	s, err := f.settings()
	if err != nil {
		return err
	}
	p := f.printer()
	out := addedOut{Connection: f.connectionOut(s, name, nil)}
	sheet := newSheet("", nil)
	sheet.lines("", name+" ("+a.spec.Name+", "+out.Connection.Mode+") stands in "+filepath.Clean(path)+" now.")
	var failed error
	if !a.unchecked {
		api, err := f.api(ctx, how{create: true, alone: true, work: "connection check " + name})
		if err != nil {
			return err
		}
		checked, err := api.ConnectionCheck(ctx, service.ConnectionCheckIn{Connections: []string{name}})
		if len(checked.Connections) == 0 && err != nil {
			return err
		}
		failed = err
		out.Checked = &checked.Connections[0]
		checkRows(sheet, p, checked.Connections[0])
	}
	sheet.card.Data = out
	if failed != nil {
		sheet.foot("Correct it: "+p.Command("connection set "+name+" OPTION=VALUE")+", then: "+p.Command("connection check "+name),
			"or take it out again: "+p.Command("connection remove "+name))
	} else {
		if a.unchecked {
			sheet.foot("Does it work? " + p.Command("connection check "+name))
		}
		if !sendsOnly(a.spec) {
			sheet.foot("What is there? Nothing is changed: " + p.Command("sync "+name+" --dry-run"))
		}
	}
	if err := f.show(sheet.card); err != nil {
		return err
	}
	if failed != nil {
		return told{failed}
	}
	return nil
}
