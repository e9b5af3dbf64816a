package cmd

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newOutbox(f *factory) *cobra.Command {
	var in service.OutboxListIn
	c := &cobra.Command{
		Use:   "outbox",
		Short: "messages that Kept sends: what waits, what went out, what went wrong",
		Long: "Messages that Kept sends, to customers and to us: what waits, what went out, what went wrong.\n" +
			"Each is sent once. Before it leaves, the gate is asked whether it may; nothing leaves over a\n" +
			"connection or webhook before somebody has looked at a plan and applied it.",
		Example: examples("outbox", "outbox show o3", "outbox send --dry-run", "outbox send --apply 5f3c1a", "outbox retry o3", "outbox drop o3"),
		GroupID: groupData,
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return f.group(c, args)
			}
			return f.outboxList(c.Context(), in)
		},
	}
	c.AddCommand(newOutboxList(f), newOutboxShow(f), newOutboxSend(f), newOutboxRetry(f), newOutboxDrop(f))
	return c
}

func newOutboxList(f *factory) *cobra.Command {
	var in service.OutboxListIn
	c := &cobra.Command{
		Use:               "list [CUSTOMER]",
		Short:             "messages that wait or failed, the newest first; of one customer all",
		Example:           examples("outbox list", "outbox list jana", "outbox list --state sent", "outbox list --all --output csv"),
		Args:              arguments(0, -1),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref = strings.Join(args, " ")
			return f.outboxList(c.Context(), in)
		},
	}
	c.Flags().StringVar(&in.State, "state", "", "only in this `STATE`: waiting, sending, unsure, failed, refused, sent, dropped")
	c.Flags().BoolVar(&in.All, "all", false, "sent, refused and dropped ones too")
	c.Flags().IntVar(&in.Limit, "limit", 0, "at most `N` (default: 50)")
	_ = c.RegisterFlagCompletionFunc("state", cobra.FixedCompletions([]string{"waiting", "sending", "unsure", "failed", "refused", "sent", "dropped"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (f *factory) outboxList(ctx context.Context, in service.OutboxListIn) error {
	api, err := f.api(ctx, asking)
	if err != nil {
		return err
	}
	out, err := api.OutboxList(ctx, in)
	if err != nil {
		return err
	}
	return f.show(outboxListCard(f.printer(), out))
}

func outboxListCard(p *text.Printer, out service.OutboxListOut) bot.Card {
	var rows []bot.Row
	for _, m := range out.Messages {
		rows = append(rows, outboxRow(p, m, p.Term("outgoing", m.State)))
	}
	s := newSheet("", out).table("", 5, rows)
	switch {
	case len(rows) == 0 && out.Counts[state.OutgoingSent] > 0:
		s.lines("", p.T("outbox.none_waits", state.Args{"n": strconv.FormatInt(out.Counts[state.OutgoingSent], 10)}))
	case len(rows) == 0:
		s.lines("", p.T("outbox.none"))
	case out.Total > len(rows):
		s.foot(p.T("outbox.more", state.Args{"n": strconv.Itoa(out.Total - len(rows))}))
	}
	for _, o := range out.Outlets {
		s.foot(outletLine(p, o))
	}
	if out.Counts[state.OutgoingWaiting] > 0 {
		s.foot(p.T("outbox.send_hint"))
	}
	return s.card
}

// outletLine says what keeps a way out from being used; "" where nothing does.
func outletLine(p *text.Printer, o service.OutboxOutlet) string {
	if o.Error == nil {
		return ""
	}
	return p.T("outbox.outlet", state.Args{"name": o.Name, "why": p.Error(o.Error)})
}

// outboxRow is one message: what became of it, to whom, what it says, and why.
func outboxRow(p *text.Printer, m service.OutboxMessage, became string) bot.Row {
	tone := plain
	switch {
	case m.State == state.OutgoingFailed, m.State == state.OutgoingUnsure, m.Outcome == service.OutboxFailed, m.Outcome == service.OutboxUnsure:
		tone = alarm
	case m.State == state.OutgoingSent, m.State == state.OutgoingDropped, m.State == state.OutgoingRefused:
		tone = dim
	}
	return row(m.Number, typed(m.Number), tone(became), strong(outboxName(m)), plain(m.To), plain(firstWords(m)), dim(outboxWhy(p, m)))
}

// outboxTo names who gets a message, with the address.
func outboxTo(m service.OutboxMessage) string { return joined(" ", outboxName(m), bracketed(m.To)) }

func outboxName(m service.OutboxMessage) string {
	if m.Staff != "" || m.Customer == nil {
		return m.Staff
	}
	return m.Customer.Name
}

func bracketed(address string) string {
	if address == "" {
		return ""
	}
	return "<" + address + ">"
}

func firstWords(m service.OutboxMessage) string {
	if m.Subject != "" {
		return m.Subject
	}
	first, _, _ := strings.Cut(m.Text, "\n")
	return first
}

// outboxWhy says why a message is where it is.
func outboxWhy(p *text.Printer, m service.OutboxMessage) string {
	var parts []string
	over := m.State == state.OutgoingSent || m.State == state.OutgoingDropped
	if m.Error != nil {
		parts = append(parts, p.Error(m.Error))
	}
	for _, r := range m.Reasons {
		if r.Against && !over && m.Allowed == "" {
			parts = append(parts, p.Evidence(r))
		}
	}
	switch {
	case m.Question != "":
		parts = append(parts, p.Command("questions "+m.Question))
	case m.State == state.OutgoingSent:
		parts = append(parts, joined(", ", m.Via, p.Moment(m.Ended)))
	case m.State == state.OutgoingWaiting && m.Outcome != service.OutboxSends && !m.Due.IsZero() && m.Tries+len(m.Reasons) > 0:
		parts = append(parts, p.T("outbox.next", state.Args{"at": p.Moment(m.Due)}))
	case m.Outcome == service.OutboxSends:
		parts = append(parts, joined(", ", m.Via, m.Purpose))
	}
	return strings.Join(parts, "; ")
}

func newOutboxShow(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:               "show NUMBER",
		Short:             "one message, with its whole text and all that is known of it",
		Example:           examples("outbox show o3", "outbox show o3 --output json"),
		Args:              arguments(1, 1),
		ValidArgsFunction: f.completeFirst(f.outboxNumbers, nil),
		RunE: func(c *cobra.Command, args []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.OutboxShow(c.Context(), service.OutboxShowIn{Number: args[0]})
			if err != nil {
				return err
			}
			return f.show(outboxCard(f.printer(), out))
		},
	}
}

func outboxCard(p *text.Printer, out service.OutboxOut) bot.Card {
	m := out.Message
	ended := ""
	if !m.Ended.IsZero() {
		ended = p.Moment(m.Ended)
	}
	about := ""
	if m.Staff != "" && m.Customer != nil {
		about = m.Customer.Number + " " + m.Customer.Name
	}
	s := newSheet(joined(" ", m.Number, p.Term("outgoing", m.State)+":", firstWords(m)), out)
	s.facts("", p.T("outbox.to"), outboxTo(m), p.T("outbox.about"), about, p.T("outbox.via"), m.Via, p.T("outbox.purpose"), joined(", ", m.Purpose, m.Asset),
		p.T("outbox.queued"), joined(", ", p.Moment(m.Queued), m.By, m.Rule), p.T("outbox.ended"), ended, p.T("outbox.tries"), triedOften(m), p.T("outbox.allowed"), m.Allowed,
		p.T("outbox.why"), outboxWhy(p, m), p.T("outbox.id"), m.VendorID)
	s.lines("", strings.Split(strings.TrimSpace(m.Text), "\n")...)
	switch m.State {
	case state.OutgoingWaiting:
		s.foot(p.T("outbox.send_hint"), p.T("outbox.drop_hint", state.Args{"number": m.Number}))
	case state.OutgoingFailed, state.OutgoingRefused, state.OutgoingDropped, state.OutgoingUnsure:
		s.foot(p.T("outbox.retry_hint", state.Args{"number": m.Number}))
	}
	return s.card
}

func triedOften(m service.OutboxMessage) string {
	if m.Tries < 2 {
		return ""
	}
	return strconv.Itoa(m.Tries)
}

func newOutboxSend(f *factory) *cobra.Command {
	in := service.OutboxSendIn{}
	c := &cobra.Command{
		Use:   "send",
		Short: "send what is due; a dry run shows what would go to whom, and what the gate says",
		Long: "Send what is due, one message after the other. For each the gate is asked whether it may go. Before\n" +
			"anything leaves over a connection or webhook for the first time, somebody has to apply a plan:\n" +
			"--dry-run makes one and changes nothing, --apply sends exactly that, or refuses it where something\n" +
			"has changed meanwhile. After that it goes by itself, whenever this is run. A message of which nobody\n" +
			"knows whether it arrived is never sent again by itself: it becomes a question.\n" +
			"Exit code 6 where messages failed, 7 where a plan no longer fits, 130 where it was stopped.",
		Example: examples("outbox send --dry-run      # what would go to whom; nothing leaves", "outbox send --apply 5f3c1a", "outbox send"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("apply") && in.Apply == "" {
				return invalid("flag_needs_value", "flag", "--apply", "help", c.CommandPath()+" --help")
			}
			if in.Apply != "" && in.Dry {
				return invalid("options_exclude", "a", "apply", "b", "dry-run")
			}
			s, err := f.settings()
			if err != nil {
				return err
			}
			api, err := f.api(c.Context(), how{create: true, alone: true, dry: in.Dry && missing(s.state), work: "outbox send"})
			if err != nil {
				return err
			}
			out, err := api.OutboxSend(c.Context(), in)
			if err != nil && len(out.Messages) == 0 {
				return err
			}
			if serr := f.show(outboxSendCard(f.printer(), out)); serr != nil {
				return serr
			}
			if bad := out.Counts[service.OutboxFailed] + out.Counts[service.OutboxUnsure]; err == nil && bad > 0 {
				err = fault(state.Partly, "outbox_partly", "n", strconv.Itoa(bad))
			}
			return err
		},
	}
	c.Flags().BoolVar(&in.Dry, "dry-run", false, "make a plan and change nothing")
	c.Flags().StringVar(&in.Apply, "apply", "", "send exactly the plan `ID`, or refuse it as stale")
	c.Flags().IntVar(&in.Limit, "limit", 0, "at most `N` messages (default: 200)")
	_ = c.RegisterFlagCompletionFunc("apply", cobra.NoFileCompletions)
	return c
}

// outboxOutcomes is the order in which a pass tells what it did.
var outboxOutcomes = []string{service.OutboxSends, service.OutboxSent, service.OutboxApproval, service.OutboxWaits, service.OutboxAsks, service.OutboxRefused,
	service.OutboxDropped, service.OutboxFailed, service.OutboxUnsure}

func outboxSendCard(p *text.Printer, out service.OutboxSendOut) bot.Card {
	var rows []bot.Row
	var counts []string
	for _, o := range outboxOutcomes {
		if n := out.Counts[o]; n > 0 {
			counts = append(counts, p.T("outbox.n_"+o, state.Args{"n": strconv.Itoa(n)}))
		}
	}
	for _, m := range out.Messages {
		rows = append(rows, outboxRow(p, m, p.Term("outcome", m.Outcome)))
	}
	s := newSheet(strings.Join(counts, p.T("card.comma")), out).table("", 5, rows)
	if len(rows) == 0 {
		s.lines("", p.T("outbox.nothing_due"))
	}
	for _, o := range out.Outlets {
		s.foot(outletLine(p, o))
	}
	switch {
	case out.Plan != "":
		s.foot(p.T("outbox.plan", state.Args{"plan": out.Plan, "names": strings.Join(out.Approval, ", ")}), p.T("outbox.whole"))
	case len(out.Approval) > 0:
		s.foot(p.T("outbox.approve", state.Args{"names": strings.Join(out.Approval, ", ")}))
	}
	if out.More {
		s.foot(p.T("outbox.again"))
	}
	return s.card
}

func newOutboxRetry(f *factory) *cobra.Command {
	in := service.OutboxRetryIn{}
	c := &cobra.Command{
		Use:   "retry NUMBER",
		Short: "send a message after all that failed, was refused or dropped, or is unsure; the gate is asked again",
		Example: examples("outbox retry o3",
			"outbox retry o3 --reason \"he asked for it on the phone\""),
		Args:              arguments(1, 1),
		ValidArgsFunction: f.completeFirst(f.outboxNumbers, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Number = args[0]
			return f.outboxDo(c.Context(), "outbox.retried", func(ctx context.Context, api service.API) (service.OutboxOut, error) {
				return api.OutboxRetry(ctx, in)
			})
		},
	}
	c.Flags().StringVar(&in.Reason, "reason", "", "why it may go out where the gate asks: `TEXT`")
	return c
}

func newOutboxDrop(f *factory) *cobra.Command {
	in := service.OutboxDropIn{}
	c := &cobra.Command{
		Use:               "drop NUMBER",
		Short:             "a message that did not leave yet does not leave",
		Example:           examples("outbox drop o3", "outbox drop o3 --reason \"we spoke\""),
		Args:              arguments(1, 1),
		ValidArgsFunction: f.completeFirst(f.outboxNumbers, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Number = args[0]
			return f.outboxDo(c.Context(), "outbox.dropped", func(ctx context.Context, api service.API) (service.OutboxOut, error) {
				return api.OutboxDrop(ctx, in)
			})
		},
	}
	c.Flags().StringVar(&in.Reason, "reason", "", "why: `TEXT`")
	return c
}

func (f *factory) outboxDo(ctx context.Context, said string, do func(context.Context, service.API) (service.OutboxOut, error)) error {
	api, err := f.api(ctx, asking)
	if err != nil {
		return err
	}
	out, err := do(ctx, api)
	if err != nil {
		return err
	}
	p := f.printer()
	return f.show(newSheet(p.T(said, state.Args{"number": out.Message.Number, "to": outboxTo(out.Message), "subject": firstWords(out.Message)}), out).card)
}

func (f *factory) outboxNumbers(ctx context.Context, api service.API, typed string) []string {
	out, err := api.OutboxList(ctx, service.OutboxListIn{All: true})
	if err != nil {
		return nil
	}
	var names []string
	for _, m := range out.Messages {
		if strings.HasPrefix(m.Number, strings.ToLower(typed)) {
			names = append(names, m.Number+"\t"+joined(", ", outboxTo(m), firstWords(m)))
		}
	}
	return names
}
