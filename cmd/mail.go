package cmd

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// showMail tells what kept.yaml says of mail and of single connections.
func (s settings) showMail(show func(key, value, from string)) {
	from := func(key string) string {
		if line := s.file.Lines[key]; line > 0 {
			return fmt.Sprintf("%s:%d", s.file.Path, line)
		}
		return ""
	}
	show("ignore", strings.Join(s.file.Ignore, ", "), from("ignore"))
	for _, name := range sortedKeys(s.file.Connections) {
		c := s.file.Connections[name]
		mailbox := ""
		if c.Type != "" {
			mailbox = joined(", ", c.Type, cmp.Or(c.Mode, service.ModePull))
		}
		mailbox = joined("; ", mailbox, c.Mailbox)
		if c.Owner != "" {
			mailbox += " of " + c.Owner
		}
		if len(c.Ignore) > 0 {
			mailbox = joined("; ", mailbox, "ignores "+strings.Join(c.Ignore, ", "))
		}
		show("connections."+name, mailbox, from("connections"))
	}
}

// mailOutcome says what the messages are that an import was told; its parts add up to them.
func mailOutcome(p *text.Printer, m *state.MailCounts) string {
	parts := []string{}
	add := func(n int64, what string) {
		if n > 0 {
			parts = append(parts, p.Number(n)+" "+what)
		}
	}
	add(m.Known, "of customers")
	if m.Waiting > 0 {
		parts = append(parts, p.Number(m.Waiting)+" of "+p.Count(m.Addresses, "address that waits", "addresses that wait"))
	}
	add(m.Automatic, "newsletters and automatic")
	add(m.Colleagues, "among colleagues")
	add(m.Ignored, "ignored by a rule")
	add(m.Twice, "told twice")
	line := p.Count(m.Messages+m.Twice, "message", "messages") + " in " + p.Count(m.Threads, "conversation", "conversations")
	return line + ": " + strings.Join(parts, ", ")
}

// mailboxLine says who reads a mailbox, and how to change it.
func mailboxLine(p *text.Printer, c *service.Connection) string {
	switch {
	case c == nil:
		return ""
	case c.Mailbox == state.MailboxPersonal && c.Decided == "rule":
		return c.Name + " is " + c.Owner + "'s own mailbox, as nearly all that was sent is theirs: others see the headers only. If everybody may read it: " +
			p.Command("connection mailbox "+c.Name+" shared")
	case c.Mailbox == state.MailboxPersonal:
		return c.Name + " is " + c.Owner + "'s own mailbox: others see the headers only"
	case c.Decided == "rule":
		return c.Name + " is a shared mailbox: everybody reads it. If it is one person's: " + p.Command("connection mailbox "+c.Name+" personal:NAME")
	}
	return ""
}

func newCustomerWaiting(f *factory) *cobra.Command {
	in := service.WaitingIn{}
	all := false
	c := &cobra.Command{
		Use:   "waiting",
		Short: "who wrote to us and is nobody's customer",
		Long: "The addresses that stand in our mail and are no customer's, those with most messages first.\n" +
			"They become customers when one of us writes to them, when they order, or when a person says so.",
		Example: examples("customer waiting", "customer waiting --output json", "customer add jana@sternwarte.example", "customer ignore @letter.example"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if all {
				in.Limit = -1
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.CustomerWaiting(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer().In(out.Zone, out.Now)
			var rows []bot.Row
			for _, w := range out.Waiting {
				role := ""
				if w.Role {
					role = "a function's address"
				}
				rows = append(rows, row(w.Address, typed(w.Address), strong(w.Name), plain(p.Count(int64(w.Messages), "message", "messages")),
					dim(p.Day(w.Last)), plain(w.Subject), dim(role)))
			}
			s := newSheet("", out).table("", 4, rows)
			switch {
			case len(rows) == 0:
				s.lines("", "Nobody waits: everybody who wrote is a customer, one of us, automatic, or ignored.")
			default:
				if out.Total > len(rows) {
					s.foot(p.Count(int64(out.Total-len(rows)), "more waits", "more wait") + ": " + p.Command("customer waiting --all"))
				}
				s.foot("a customer: " + p.Command("customer add ADDRESS") + " · never: " + p.Command("customer ignore ADDRESS"))
			}
			return f.show(s.card)
		},
	}
	c.Flags().IntVar(&in.Limit, "limit", 0, "at most `N` (default: 50)")
	c.Flags().BoolVar(&all, "all", false, "all of them")
	return c
}

func newCustomerAdd(f *factory) *cobra.Command {
	in := service.CustomerAddIn{}
	c := &cobra.Command{
		Use:   "add ADDRESS",
		Short: "whoever has this e-mail address is a customer",
		Long: "Whoever has this e-mail address is a customer, by your word: its mail is the customer's history.\n" +
			"Take it back: kept customer ignore ADDRESS.",
		Example: examples("customer add jana@sternwarte.example", "customer add liwei@guangxue.example --name 李伟"),
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			in.Address = args[0]
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.CustomerAdd(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			s := newSheet("", out)
			line := out.Customer.Number + " " + out.Customer.Name + " is a customer now"
			if out.Known {
				line = in.Address + " is " + out.Customer.Number + " " + out.Customer.Name + " already"
			}
			if out.Messages > 0 {
				line += ", with " + p.Count(int64(out.Messages), "message", "messages")
			}
			s.lines("", line+": "+p.Command("brief "+out.Customer.Number))
			return f.show(s.card)
		},
	}
	c.Flags().StringVar(&in.Name, "name", "", "what they are called (default: as the mail says): `NAME`")
	return c
}

func newCustomerIgnore(f *factory) *cobra.Command {
	in := service.CustomerIgnoreIn{}
	c := &cobra.Command{
		Use:   "ignore [ADDRESS|@DOMAIN|list:ID]",
		Short: "leave somebody's mail out: they never become customers by it",
		Long: "Leave the mail of an address, of a domain with all below it, or of a mailing list out: it makes\n" +
			"nobody a customer and stands in no history. Who is a customer for another reason stays one.\n" +
			"Without a rule all are shown, those of kept.yaml too.",
		Example: examples("customer ignore", "customer ignore billing@supplier.example", "customer ignore @letter.example",
			"customer ignore list:news.letter.example", "customer ignore @letter.example --remove"),
		Args: arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				in.Rule = args[0]
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.CustomerIgnore(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			s := newSheet("", out)
			switch {
			case out.Rule != "" && in.Remove:
				s.lines("", out.Rule+" is no longer ignored.")
			case out.Rule != "":
				s.lines("", "Mail of "+out.Rule+" is left out from now on, and so is what came before. Take it back: "+
					p.Command("customer ignore "+shellWord(out.Rule)+" --remove"))
			default:
				var rows []bot.Row
				for _, r := range out.Rules {
					rows = append(rows, row(r.Rule, typed(r.Rule), plain(r.Connection), dim(joined(", ", r.By, p.Day(r.At)))))
				}
				s.table("", 2, rows)
				if len(rows) == 0 {
					s.lines("", "Nobody's mail is ignored.")
				}
			}
			return f.show(s.card)
		},
	}
	c.Flags().BoolVar(&in.Remove, "remove", false, "take the rule back")
	return c
}

// mailboxWords says who reads a mailbox; nothing of what is none.
func mailboxWords(c service.Connection) string {
	switch c.Mailbox {
	case state.MailboxPersonal:
		return c.Owner + "'s own mailbox"
	case state.MailboxShared:
		return "shared mailbox"
	}
	return ""
}

func newConnectionMailbox(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "mailbox NAME shared|personal:STAFF",
		Short: "who reads the messages of a mailbox",
		Long: "Who reads the messages of a mailbox: everybody (shared), or one of us (personal), while others see\n" +
			"the headers until its owner shares a message: kept history share ENTRY. Only its owner opens a\n" +
			"personal mailbox.",
		Example: examples("connection mailbox sales shared", "connection mailbox post personal:wei"),
		Args:    arguments(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.Mailbox(c.Context(), service.MailboxIn{Connection: args[0], Mailbox: args[1]})
			if err != nil {
				return err
			}
			s := newSheet("", out)
			s.lines("", out.Connection.Name+": "+mailboxWords(out.Connection))
			return f.show(s.card)
		},
	}
}
