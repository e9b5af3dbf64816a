package cmd

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/slack"
	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/state"
)

func newSlack(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:     "slack",
		Short:   "Slack: the app's manifest, and whether all is set up",
		Example: examples("slack manifest", "slack check"),
		GroupID: groupCare,
		Args:    cobra.ArbitraryArgs,
		RunE:    f.group,
	}
	c.AddCommand(newSlackManifest(f), newSlackCheck(f))
	return c
}

func newSlackManifest(f *factory) *cobra.Command {
	at := ""
	c := &cobra.Command{
		Use:   "manifest",
		Short: "print the manifest from which Slack makes the app",
		Long: "Print the manifest, as JSON, from which Slack makes the app: api.slack.com/apps > Create New App >\n" +
			"From a manifest. Its command is slack.command of kept.yaml, its words are those of kept help. By default\n" +
			"the app uses Socket Mode and needs no address in the internet; with --url Slack calls kept serve there.\n" +
			"After an update of Kept, \"kept slack check\" says whether the app at Slack is behind.",
		Example: examples("slack manifest > kept-app.json", "slack manifest --url https://kept.example.com"),
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			if err := slackURL(at); err != nil {
				return err
			}
			enc := json.NewEncoder(f.o.Out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(slack.Manifest(slack.Describe{Command: s.file.Slack.Command, URL: at}))
		},
	}
	c.Flags().StringVar(&at, "url", "", "the https `ADDRESS` under which Slack reaches kept serve; without it: Socket Mode")
	_ = c.RegisterFlagCompletionFunc("url", cobra.NoFileCompletions)
	return c
}

func slackURL(at string) error {
	if at == "" {
		return nil
	}
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return invalid("slack_url", "value", at)
	}
	return nil
}

// slackChecked is what "kept slack check" answers.
type slackChecked struct {
	slack.Checked
	Mode string `json:"mode"` // socket, http
}

func newSlackCheck(f *factory) *cobra.Command {
	token, at := "", ""
	c := &cobra.Command{
		Use:   "check",
		Short: "do the tokens work, has the app its scopes, is the way in open, is it as its manifest says",
		Long: "Ask Slack whether the tokens of kept.yaml work, whether the app has the scopes that it needs, and whether\n" +
			"the way in is open; nothing is changed and nobody sees it. With --config-token, a reference to an app\n" +
			"configuration token, the app's manifest at Slack is compared with the one that this Kept would make.\n" +
			"Exit code 4 where a token or scope is missing, 5 where Slack cannot be reached, 3 where the app is behind.",
		Example: examples("slack check", "slack check --config-token env:SLACK_CONFIG", "slack check --output json"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			if err := slackURL(at); err != nil {
				return err
			}
			x := s.file.Slack
			if !x.On() {
				return fault(state.Invalid, "slack_not_set_up")
			}
			probe := slack.Probe{URL: x.API, Manifest: slack.Manifest(slack.Describe{Command: x.Command, URL: at})}
			secrets := f.secrets()
			out := slackChecked{Mode: cmp.Or(x.Mode, config.SlackSocket)}
			if probe.BotToken, err = secrets.Resolve(c.Context(), x.BotToken); err != nil {
				return err
			}
			if out.Mode == config.SlackSocket {
				if probe.AppToken, err = secrets.Resolve(c.Context(), x.AppToken); err != nil {
					return err
				}
			} else if _, err = secrets.Resolve(c.Context(), x.SigningSecret); err != nil {
				return err
			}
			if token != "" {
				if probe.ConfigToken, err = secrets.Resolve(c.Context(), token); err != nil {
					return err
				}
			}
			out.Checked = slack.Check(c.Context(), probe)
			return f.showSlack(out)
		},
	}
	c.Flags().StringVar(&token, "config-token", "", "a `REFERENCE` to an app configuration token: env:NAME, file:PATH, command:WORDS")
	c.Flags().StringVar(&at, "url", "", "the https `ADDRESS` under which Slack reaches kept serve, for the manifest")
	_ = c.RegisterFlagCompletionFunc("config-token", cobra.NoFileCompletions)
	_ = c.RegisterFlagCompletionFunc("url", cobra.NoFileCompletions)
	return c
}

// showSlack shows each thing that was looked at, pass or FAIL with where to click.
func (f *factory) showSlack(out slackChecked) error {
	p := f.printer()
	var rows []bot.Row
	var first *state.Error
	for _, step := range out.Steps {
		mark, said := dim(pass), p.T("checked."+step.Code, step.Args)
		if step.Error != nil {
			mark, said = alarm("FAIL"), p.Error(step.Error)
			if first == nil {
				first = step.Error
			}
		}
		for i, line := range strings.Split(said, "\n") {
			if i > 0 {
				mark = plain("")
			}
			rows = append(rows, row("", mark, plain(line)))
		}
	}
	if err := f.show(newSheet("", out).table(joined(" ", "Slack", out.Team, out.URL), 1, rows).card); err != nil || first == nil {
		return err
	}
	return told{first}
}
