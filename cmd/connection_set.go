package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newConnectionSet(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "set NAME KEY=VALUE...",
		Short: "change settings of a connection in kept.yaml",
		Long: "Change settings of a connection in kept.yaml: mode, owns, create, conflicts, deletes, guard, optout,\n" +
			"census, and the options of its type. KEY= takes one out. A secret is given as env:NAME, file:PATH or\n" +
			"command:WORDS, or as KEY=- to type it or pipe it in. Comments in the file stay.",
		Example: examples("connection set shop mode=two-way", "connection set shop owns=email,phone create=tag:wholesale",
			"connection set shop secret=-", "connection set shop url="),
		Args: arguments(2, -1),
		ValidArgsFunction: func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return f.syncedNames(typed, nil), cobra.ShellCompDirectiveNoFileComp
			}
			return f.settingNames(args[0], typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		},
		RunE: func(c *cobra.Command, args []string) error { return f.setConnection(args[0], args[1:]) },
	}
}

// aboutSync are the settings that say how a connection is synced: one that only sends has none of them.
var aboutSync = []string{"mode", "owns", "create", "conflicts", "deletes", "guard", "census"}

// settingNames completes KEY= and the values of keys that take one of a few.
func (f *factory) settingNames(connection, typed string) []string {
	s, err := f.settings()
	if err != nil {
		return nil
	}
	spec, err := f.spec(s.file.Connections[connection].Type)
	if err != nil {
		return nil
	}
	values := map[string][]string{"mode": config.Modes, "conflicts": config.Conflicts, "deletes": config.Deletes}
	var names []string
	for _, x := range ownSettings {
		names = append(names, x.key+"=")
	}
	for _, o := range spec.Options {
		names = append(names, o.Name+"=")
		values[o.Name] = o.Choices
	}
	if key, _, ok := strings.Cut(typed, "="); ok {
		names = nil
		for _, v := range values[key] {
			names = append(names, key+"="+v)
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, typed) })
}

func (f *factory) setConnection(name string, pairs []string) error {
	path, must := f.configPath()
	file, err := config.Load(path, must)
	if err == nil {
		err = f.checkFile(&file)
	}
	// A file that says something wrong can be corrected by this very command: its type is enough.
	typ := file.Connections[name].Type
	if err != nil {
		file = config.File{}
		if typ = config.TypeOf(path, name); typ == "" {
			return err
		}
	}
	if typ == "" {
		return fault(state.NotFound, "no_such_connection", "connection", name)
	}
	spec, err := f.spec(typ)
	if err != nil {
		return err
	}
	before := file.Connections[name]
	var settings []config.Setting
	stored := map[string]string{}
	asked := map[string]bool{}
	a := f.asker()
	lines := f.pipedSecrets()
	for _, pair := range pairs {
		key, v, ok := strings.Cut(pair, "=")
		if !ok {
			return invalid("connection_set_syntax", "value", pair, "connection", name)
		}
		typed := strings.TrimPrefix(strings.TrimSpace(key), "options.")
		key, option, err := settingKey(spec, key)
		if err != nil && strings.TrimSpace(v) == "" && file.Path == "" {
			// What the file says wrongly is taken out of it.
			key, option, err = "options."+typed, typed, nil
		}
		if err != nil {
			return err
		}
		if option == "" && v != "" && sendsOnly(spec) && slices.Contains(aboutSync, key) {
			return invalid("connection_sends_setting", "connection", name, "type", typ, "key", key)
		}
		asked[option] = true
		switch v = strings.TrimSpace(v); {
		case v == "":
			settings = append(settings, config.Setting{Key: key})
			continue
		case option == "":
			if err := settingError(config.CheckSetting(key, v)); err != nil {
				return err
			}
			settings = append(settings, settingOf(key, v))
			continue
		case secretOption(spec, option) && v == "-":
			if a != nil {
				v, err = a.secret(option, true)
			} else {
				v, err = lines.next(option)
			}
			if err != nil {
				return err
			}
			stored[option] = v
			v = "file:" + secretFolder + "/" + secretName(name, option)
		case secretOption(spec, option) && !config.IsReference(v):
			return invalid("secret_typed", "option", option)
		default:
			if err := settingError(config.CheckOption(spec, option, v)); err != nil {
				return err
			}
			v = typedPath(option, v)
		}
		settings = append(settings, config.Setting{Key: key, Values: []string{v}})
	}
	for _, option := range sortedKeys(stored) {
		if _, err := f.storeSecret(name, option, stored[option]); err != nil {
			return err
		}
	}
	if err := config.SetConnection(path, name, settings, f.checkFile); err != nil {
		return err
	}
	for option, reference := range before.Options {
		if asked[option] && stored[option] == "" {
			f.dropSecret(name, option, reference)
		}
	}
	f.reread()
	s, err := f.settings()
	if err != nil {
		return err
	}
	p := f.printer()
	out := f.connectionOut(s, name, nil)
	sheet := newSheet("", out)
	sheet.lines("", name+" is changed: "+strings.Join(maskedPairs(settings), ", "))
	delete(asked, "")
	if len(asked) > 0 {
		sheet.foot("Does it work? " + p.Command("connection check "+name))
	}
	for _, o := range spec.Options {
		if was := before.Options[o.Name]; o.Place && asked[o.Name] && was != "" && was != s.file.Connections[name].Options[o.Name] {
			sheet.foot("If it is the same system under a new address: " + p.Command("sync "+name+" --moved --dry-run") + "; another system gets a name of its own: " + p.Command("connection add"))
			break
		}
	}
	if out.Mode != service.ModePull && cmpMode(before.Mode) == service.ModePull {
		sheet.foot("Nothing is written there before you apply a plan: " + p.Command("sync "+name+" --dry-run"))
	}
	return f.show(sheet.card)
}

func cmpMode(mode string) string {
	if mode == "" {
		return service.ModePull
	}
	return mode
}

// settingKey finds what a typed key means: a setting of every connection, or else an option of the
// type. "options.KEY" is an option also where its name is that of a setting.
func settingKey(spec *connectors.Spec, typed string) (key, option string, err error) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	keys := []string{}
	for _, x := range ownSettings {
		keys = append(keys, x.key)
	}
	if slices.Contains(keys, typed) {
		return typed, "", nil
	}
	for _, o := range spec.Options {
		keys = append(keys, o.Name)
		if o.Name == strings.TrimPrefix(typed, "options.") {
			return "options." + o.Name, o.Name, nil
		}
	}
	return "", "", invalid("connection_key", "type", spec.Name, "key", typed, "near", config.Nearest(typed, keys), "keys", strings.Join(keys, ", "))
}

// maskedPairs are the settings as they stand in the file: secrets are references there.
func maskedPairs(settings []config.Setting) []string {
	var out []string
	for _, s := range settings {
		key := strings.TrimPrefix(s.Key, "options.")
		if len(s.Values) == 0 {
			out = append(out, key+" is taken out")
			continue
		}
		out = append(out, key+"="+strings.Join(s.Values, ","))
	}
	return out
}
