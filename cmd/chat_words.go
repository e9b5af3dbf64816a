package cmd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/api"
	"github.com/keptcrm/kept/state/service"
)

func newChat(f *factory) *cobra.Command {
	as := ""
	c := &cobra.Command{
		Use:   "chat [WORDS]",
		Short: "talk to Kept as in Slack: a line in, a card with its buttons out",
		Long: "Talk to Kept as in Slack, here: a line is a daily word, the answer its card, with the buttons that it\n" +
			"would have there. Type the number of a button to press it; where it asks for more, answer line by line,\n" +
			"with Enter for what may be left out. With WORDS it answers one line and ends; without, it reads lines\n" +
			"until \"quit\" or the end of its input. With --as it answers as it answers that colleague in Slack, who\n" +
			"sees and does there what their role may.",
		Example: examples(`chat "brief jana"`, `chat --as wei "promises --late"`, "chat"),
		GroupID: groupDaily,
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := f.settings()
			if err != nil {
				return err
			}
			table, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			t := &chatting{f: f, api: table, in: bufio.NewReader(f.o.In), reader: bot.Reader{Lang: s.lang, Zone: s.zone, Command: "/kept"}}
			if t.as, err = f.chatAs(c.Context(), table, as); err != nil {
				return err
			}
			if len(args) > 0 {
				return t.ask(c.Context(), strings.Join(args, " "))
			}
			return t.talk(c.Context())
		},
	}
	c.Flags().StringVar(&as, "as", "", "as `WHO` of us, with what their role may; else whoever is logged in here")
	_ = c.RegisterFlagCompletionFunc("as", f.completeFlag(f.staffNames))
	return c
}

// chatAs gives for whom the talk is; "" is whoever is logged in here, with all that the terminal may.
func (f *factory) chatAs(ctx context.Context, table service.API, who string) (string, error) {
	if who == "" {
		return "", nil
	}
	out, err := table.StaffList(ctx, service.StaffListIn{Ref: who})
	if err != nil {
		return "", err
	}
	return service.ChatAs(out.Staff[0].Number, f.login()), nil
}

// chatting is one talk at the terminal.
type chatting struct {
	f       *factory
	api     service.API
	in      *bufio.Reader
	reader  bot.Reader
	as      string
	buttons []bot.Action // of the last card, in the order of their numbers
}

// talk reads lines until there are no more. What goes wrong with one is said, and the next is read.
func (t *chatting) talk(ctx context.Context) error {
	_, person := terminal(t.f.o.In)
	for {
		if person {
			fmt.Fprint(t.f.o.Err, "> ")
		}
		line, err := t.in.ReadString('\n')
		line = strings.TrimSpace(line)
		switch {
		case line == "quit" || line == "exit":
			return nil
		case line != "":
			if failed := t.line(ctx, line); failed != nil && state.IsClass(failed, state.Cancelled) {
				return failed
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return &state.Error{Class: state.Failed, Code: "cancelled", Cause: err}
		}
		if ctx.Err() != nil {
			return state.AsError(ctx.Err())
		}
	}
}

// line is a number of a button, or words.
func (t *chatting) line(ctx context.Context, line string) error {
	n, err := strconv.Atoi(strings.Trim(line, "[] "))
	if err != nil {
		return t.ask(ctx, line)
	}
	if n < 1 || n > len(t.buttons) {
		t.f.talk(t.f.printer().T("chat.no_button", state.Args{"n": strconv.Itoa(n)}))
		return nil
	}
	a := t.buttons[n-1]
	values := map[string]string{}
	if a.Form != nil {
		t.f.talk(a.Form.Title)
		for _, field := range a.Form.Fields {
			v, err := t.field(field)
			if err != nil {
				return err
			}
			values[field.Name] = v
		}
	}
	words := a.Fill(values)
	t.f.talk("> " + words)
	return t.ask(ctx, words)
}

// field asks for one field of a form; Enter is what stands there already.
func (t *chatting) field(field bot.Field) (string, error) {
	var choices []string
	for _, c := range field.Choices {
		choices = append(choices, c.Value)
	}
	question := field.Label
	if len(choices) > 0 {
		question += " (" + strings.Join(choices, ", ") + ")"
	}
	if field.Kind == bot.FieldFlag {
		question += " (yes, no)"
	}
	if field.Value != "" {
		question += " [" + field.Value + "]"
	}
	fmt.Fprint(t.f.o.Err, question+": ")
	line, err := t.in.ReadString('\n')
	line = strings.TrimSpace(line)
	if _, person := terminal(t.f.o.In); !person {
		fmt.Fprintln(t.f.o.Err)
	}
	if err != nil && line == "" {
		return "", &state.Error{Class: state.Cancelled, Code: "cancelled", Cause: err}
	}
	if line == "" {
		line = field.Value
	}
	if field.Kind == bot.FieldFlag && !agrees(line) {
		return "", nil
	}
	return line, nil
}

// ask answers a line and shows the card with its buttons.
func (t *chatting) ask(ctx context.Context, line string) error {
	r := t.reader
	r.Now = t.f.o.Now()
	// The answers name commands as they are typed in Slack, and people type what they read.
	if first, rest, _ := strings.Cut(strings.TrimSpace(line), " "); first == r.Command || first == strings.TrimPrefix(r.Command, "/") {
		line = rest
	}
	card, err := bot.Ask(api.WithRequest(ctx, api.Request{Chat: t.as}), t.api, line, r)
	t.buttons = nil
	if err != nil {
		if serr := t.f.render(t.f.o.Err, card); serr != nil {
			return serr
		}
		return told{err}
	}
	if err := t.f.show(card); err != nil {
		return err
	}
	if t.f.flags.output == formatTable {
		fmt.Fprint(t.f.o.Out, t.numbered(card))
	}
	return nil
}

// numbered gives the buttons of a card with their numbers, those of each row in a line of their own.
func (t *chatting) numbered(c bot.Card) string {
	var b strings.Builder
	put := func(ref string, actions []bot.Action) {
		if len(actions) == 0 {
			return
		}
		b.WriteString(strings.TrimRight("  "+ref, " "))
		for _, a := range actions {
			t.buttons = append(t.buttons, a)
			fmt.Fprintf(&b, "  [%d] %s", len(t.buttons), a.Label)
		}
		b.WriteByte('\n')
	}
	for _, s := range c.Sections {
		for _, r := range s.Rows {
			put(r.Ref, r.Actions)
		}
	}
	put("", c.Actions)
	return b.String()
}
