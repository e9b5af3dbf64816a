package cmd

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newImport(f *factory) *cobra.Command {
	in := service.ImportIn{Options: map[string]string{}}
	options := map[string]*[]string{}
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "read exports of shops and newsletters, address books and mailboxes",
		Long: "Read exports of shops and newsletters, address books (vCards) and mailboxes (mbox, maildir, eml),\n" +
			"files or folders; - is what is piped in. A file's layout and encoding are recognised. What cannot\n" +
			"be read does not stop the rest: it waits as a question. The same file again changes nothing, and\n" +
			"every import can be taken back. Mail makes no customers of newsletters, colleagues and strangers.",
		Example: examples(
			"import customers_export.csv --dry-run    # what would be read, and how; nothing is changed",
			"import customers_export.csv orders_export.csv --as shop",
			"import contacts.vcf ~/Mail/office.mbox",
			"import members.csv --map Mitgliedsnr=id --map Ort=address.city",
			"import list",
			"import undo r3"),
		GroupID: groupData,
		Args:    arguments(1, -1),
		RunE: func(c *cobra.Command, files []string) error {
			in.Files = files
			for name, values := range options {
				if len(*values) > 0 {
					in.Options[name] = strings.Join(*values, ",")
				}
			}
			f.importOptions(c, in.Options)
			return f.runImport(c.Context(), in)
		},
	}
	c.Flags().StringVar(&in.As, "as", "", "the `NAME` of the connection that these files come from (default: the layout's)")
	c.Flags().BoolVar(&in.Dry, "dry-run", false, "show layout, columns and what would change; change nothing")
	c.Flags().StringVar(&in.Type, "type", "", "the `CONNECTOR` that reads them (default: by the file)")
	c.Flags().StringVar(&in.Mailbox, "mailbox", "", "of a mailbox, who reads its messages: `shared` by all, or personal:NAME, of whose messages\nothers see the headers; it is remembered")
	_ = c.RegisterFlagCompletionFunc("type", f.completeTypes)
	for _, s := range fileSpecs(f.o.Specs) {
		for _, o := range s.Options {
			if o.Name == engine.PathOption || c.Flags().Lookup(o.Name) != nil || f.isGlobal(o.Name) {
				continue
			}
			help := o.Help
			if o.Default != "" {
				help += " (default: " + o.Default + ")"
			}
			values := &[]string{}
			options[o.Name] = values
			c.Flags().StringArrayVar(values, o.Name, nil, "`"+strings.ToUpper(o.Name)+"`: "+help)
		}
	}
	c.AddCommand(newImportList(f), newImportUndo(f))
	return c
}

// importOptions hands a flag that every command has on to connectors that have it as an option.
func (f *factory) importOptions(c *cobra.Command, options map[string]string) {
	for _, s := range fileSpecs(f.o.Specs) {
		for _, o := range s.Options {
			if flag := c.InheritedFlags().Lookup(o.Name); flag != nil && flag.Changed {
				options[o.Name] = flag.Value.String()
			}
		}
	}
}

// importMemory is what an import's heap is kept under, in bytes, where GOMEMLIMIT says nothing.
const importMemory = 512 << 20

// roomy lets the heap of an import grow further between collections, as most of it is gone with the next
// commit, but not without bound, unless whoever started us said how (GOGC). It returns what takes that back.
func roomy() func() {
	limit := debug.SetMemoryLimit(-1)
	if limit == math.MaxInt64 {
		debug.SetMemoryLimit(importMemory)
	}
	if os.Getenv("GOGC") != "" {
		return func() { debug.SetMemoryLimit(limit) }
	}
	percent := debug.SetGCPercent(200)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

func (f *factory) runImport(ctx context.Context, in service.ImportIn) error {
	defer roomy()()
	bar := f.newBar()
	h := how{create: true, alone: true, work: "import " + strings.Join(baseNames(in.Files), " "), tell: bar.tell, dry: in.Dry}
	api, err := f.api(ctx, h)
	if err != nil {
		return err
	}
	asked, back := in, func(*service.ImportOut) {}
	if f.elsewhere() {
		var drop func()
		if asked, back, drop, err = f.handOver(in); err != nil {
			return err
		}
		defer drop()
	}
	out, err := api.Import(ctx, asked)
	bar.done()
	back(&out)
	if len(out.Files) == 0 {
		return err
	}
	e := state.AsError(err)
	if e != nil && e.Class != state.Partly && e.Class != state.Cancelled {
		if len(out.Files) == 1 {
			return err
		}
	}
	region := ""
	if s, err := f.settings(); err == nil {
		region = s.region
	}
	if rerr := f.show(importCard(f.printer(), in, out, region)); rerr != nil {
		return rerr
	}
	// What waits stands in the answer with its command; a second sentence would say the same.
	if e != nil && e.Class == state.Partly {
		return told{err}
	}
	return err
}

// importCard says what was read, what came of it, and what waits. region is the default region of
// phone numbers, "" where nobody named one.
func importCard(p *text.Printer, in service.ImportIn, out service.ImportOut, region string) bot.Card {
	s := newSheet("", out)
	var runs []string
	sold, countryless, raised, waiting := map[string]bool{}, 0, int64(0), int64(0)
	for _, file := range out.Files {
		if file.Error != nil {
			s.lines("", p.Error(file.Error))
			continue
		}
		importFile(s, p, file, out.Dry)
		if n := file.Run.Counts; file.Run.Number != "" && n.New+n.Changed > 0 {
			runs = append(runs, file.Run.Number)
		}
		sold[file.Run.Connection] = sold[file.Run.Connection] || file.Kind != string(connectors.Contact)
		countryless += file.Countryless
		raised += file.Run.Counts.Asked
		if m := file.Run.Mail; m != nil {
			waiting += m.Addresses
		}
	}
	if len(out.Files) > 1 {
		s.lines("", "together: "+outcome(p, out.Total.Counts, out.Dry))
	}
	var sums []bot.Row
	for _, x := range out.Total.Sums {
		if !sold[x.Connection] {
			continue // these files told no orders
		}
		sums = append(sums, row("", plain(x.Connection), plain(p.Count(x.Orders, "order", "orders")),
			strong(p.Money(state.Money{Minor: x.Net, Currency: x.Currency})), dim(sumNotes(p, x))))
	}
	s.table("sales, net of refunds", 3, sums)
	if countryless > 0 && region == "" {
		again := in
		again.Dry = false
		s.foot(p.Count(int64(countryless), "phone number has no country", "phone numbers have no country") + ": " + p.Command(importAgain(again)+" --region DE"))
	}
	if waiting > 0 && !out.Dry {
		s.foot("who waits: " + p.Command("customer waiting"))
	}
	switch {
	case out.Dry && raised > 0:
		s.foot(p.Count(raised, "question would wait", "questions would wait"))
	case !out.Dry && out.Asks > 0:
		waits := p.Count(int64(out.Asks), "question waits", "questions wait") + ": " + p.Command("questions")
		if out.More > 0 {
			waits += "; " + p.Count(int64(out.More), "more comes", "more come") + " as these are answered"
		}
		s.foot(waits)
	}
	switch {
	case out.Dry:
		s.foot("Nothing has been changed. Do it: " + p.Command(importAgain(in)))
	case len(runs) == 1:
		s.foot("take it back: " + p.Command("import undo "+runs[0]))
	case len(runs) > 1:
		s.foot("take one back (" + strings.Join(runs, ", ") + "): " + p.Command("import undo "+runs[0]))
	}
	return s.card
}

func sumNotes(p *text.Printer, x state.Sum) string {
	refunded, left := "", ""
	if x.Refunded != 0 {
		refunded = p.Money(state.Money{Minor: x.Refunded, Currency: x.Currency}) + " refunded"
	}
	if x.Left != 0 {
		left = p.Count(x.Left, "order", "orders") + " left out: cancelled, failed, pending or a test"
	}
	return joined("; ", refunded, left)
}

func importFile(s *sheet, p *text.Printer, file service.ImportFile, dry bool) {
	var columns []bot.Row
	for _, c := range file.Columns {
		field := c.Field
		if field == "" {
			field = "not read"
		}
		columns = append(columns, row("", strong(c.Name), typed(field), dim("by "+whyColumn(c.Why)), plain(strings.Join(c.Samples, " | "))))
	}
	name := baseNames([]string{file.File})[0]
	s.table("columns of "+name, 3, columns)
	var refused []string
	for _, r := range file.Rejected {
		if !r.Answered {
			refused = append(refused, refusal(r, dry))
		}
	}
	if file.Unsaid > 0 {
		refused = append(refused, "and "+p.Count(int64(file.Unsaid), "more", "more"))
	}
	how := file.Layout
	if file.Encoding != "" && file.Encoding != "UTF-8" {
		how += " in " + file.Encoding
	}
	if file.Run.Connection != "" && file.Run.Connection != file.Layout {
		how += " into " + file.Run.Connection
	}
	came := outcome(p, file.Run.Counts, dry)
	if n := file.Run.Counts; n.Told+n.Seen+n.Aside == 0 && (dry || file.Run.State == state.RunDone) {
		came = "there is nothing in it to read"
	}
	line := name + " (" + how + "): " + came
	if file.Resumed {
		line += "; went on where the last import of it stopped"
	}
	s.lines("", append(refused, line)...)
	if m := file.Run.Mail; m != nil {
		s.lines("", mailOutcome(p, m))
		if line := mailboxLine(p, file.Connection); line != "" {
			s.lines("", line)
		}
	}
	importExamples(s, p, file.Examples)
}

// importExamples shows some of what a dry run would do.
func importExamples(s *sheet, p *text.Printer, examples []service.ImportExample) {
	heads := map[string]string{"new": "would be new", "changed": "would change", "linked": "would join a known customer", "asked": "would be asked"}
	for _, kind := range []string{"new", "changed", "linked", "asked"} {
		var rows []bot.Row
		for _, x := range examples {
			if x.Kind != kind {
				continue
			}
			switch {
			case x.Question != nil:
				rows = append(rows, row("", plain(bot.Asked(p, *x.Question)), dim(evidenceLine(p, x.Question.Reasons))))
			case x.To != nil:
				rows = append(rows, row("", strong(x.Title), plain(joined(" ", "to", x.To.Number, x.To.Name)), dim(evidenceLine(p, x.Why))))
			case kind == "changed":
				var fields []string
				for _, c := range x.Fields {
					fields = append(fields, c.Field+": "+cmp.Or(c.Old, "(nothing)")+" -> "+cmp.Or(c.New, "(nothing)"))
				}
				rows = append(rows, row("", strong(x.Title), plain(strings.Join(fields, "; "))))
			default:
				rows = append(rows, row("", strong(x.Title), dim(x.Where)))
			}
		}
		s.table(heads[kind], 2, rows)
	}
}

func evidenceLine(p *text.Printer, evidence []state.Evidence) string {
	var words []string
	for _, e := range evidence {
		if !e.Against {
			words = append(words, p.Evidence(e))
		}
	}
	return strings.Join(words, ", ")
}

func whyColumn(why string) string {
	if why == "map" {
		return "--map"
	}
	return why
}

// refusal tells a row or cell that could not be read.
func refusal(r service.ImportRefusal, dry bool) string {
	line := r.Where + ": " + r.Reason
	if r.Field != "" && !strings.Contains(r.Reason, r.Field) {
		line = r.Where + ": " + r.Field + ": " + r.Reason
	}
	switch {
	case r.Kept:
		return line + "; the row was read without it"
	case dry:
		return line + "; it would be kept aside"
	case r.Question != "":
		return line + "; kept aside as " + r.Question
	}
	return line + "; kept aside"
}

// outcome reconciles what was told with what was read, and says what is new.
func outcome(p *text.Printer, n state.Counts, dry bool) string {
	parts := []string{p.Number(n.Seen) + " of " + p.Count(n.Told, "row", "rows") + " read"}
	if n.New+n.Changed+n.Gone == 0 && n.Seen > 0 {
		parts = append(parts, "all as known before: nothing changed")
	} else {
		verb := map[bool]string{true: "would be new", false: "new"}[dry]
		parts = append(parts, p.Number(n.New)+" "+verb)
		if n.Changed > 0 {
			parts = append(parts, p.Number(n.Changed)+" changed")
		}
		if n.Same > 0 {
			parts = append(parts, p.Number(n.Same)+" as before")
		}
	}
	line := strings.Join(parts, ", ")
	var came []string
	if n.Customers > 0 {
		came = append(came, p.Count(n.Customers, "new customer", "new customers"))
	}
	if n.Linked > 0 {
		came = append(came, p.Count(n.Linked, "record joined a known customer", "records joined known customers"))
	}
	if n.Refusals > 0 {
		came = append(came, p.Count(n.Refusals, "refusal of contact", "refusals of contact"))
	}
	if n.Asked > 0 {
		came = append(came, p.Count(n.Asked, "question", "questions"))
	}
	if waits := n.Aside - n.Answered; waits > 0 {
		verb := map[bool]string{true: " to be kept aside", false: " kept aside"}[dry]
		came = append(came, p.Count(waits, "row", "rows")+verb)
	}
	if n.Answered > 0 {
		came = append(came, p.Count(n.Answered, "row answered before", "rows answered before"))
	}
	if n.Forgotten > 0 {
		came = append(came, p.Count(n.Forgotten, "record of somebody forgotten not kept", "records of people forgotten not kept"))
	}
	return joined("; ", line, strings.Join(came, ", "))
}

// importAgain is the same import without --dry-run, to be pasted.
func importAgain(in service.ImportIn) string {
	words := []string{"import"}
	for _, file := range in.Files {
		words = append(words, shellWord(file))
	}
	if in.As != "" {
		words = append(words, "--as", shellWord(in.As))
	}
	if in.Type != "" {
		words = append(words, "--type", shellWord(in.Type))
	}
	if in.Mailbox != "" {
		words = append(words, "--mailbox", shellWord(in.Mailbox))
	}
	for _, name := range sortedKeys(in.Options) {
		words = append(words, "--"+name, shellWord(in.Options[name]))
	}
	return strings.Join(words, " ")
}

func newImportList(f *factory) *cobra.Command {
	var in service.RunListIn
	c := &cobra.Command{
		Use:     "list",
		Short:   "every import with its number, newest first",
		Example: examples("import list"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.RunList(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			var rows []bot.Row
			for _, r := range out.Runs {
				rows = append(rows, row(r.Number, typed(r.Number), dim(p.Moment(r.Started)), strong(r.Connection), plain(r.Source),
					plain(outcome(p, r.Counts, false)), plain(runState(r.State)), dim(r.Actor)))
			}
			s := newSheet("", out).table("", 4, rows)
			if len(rows) == 0 {
				s.lines("", "No import yet. Begin with: "+p.Command("import FILE"))
			}
			return f.show(s.card)
		},
	}
	c.Flags().IntVar(&in.Limit, "limit", 0, "at most `N` (default: 50)")
	return c
}

func runState(s string) string {
	if s == state.RunDone {
		return ""
	}
	return s
}

func newImportUndo(f *factory) *cobra.Command {
	var in service.ImportUndoIn
	c := &cobra.Command{
		Use:   "undo RUN",
		Short: "take back exactly one import",
		Long: "Take back exactly one import: what only it told goes, what it changed is again as before, what\n" +
			"other imports and people said stays.",
		Example:           examples("import undo r3 --dry-run", "import undo r3"),
		Args:              arguments(1, 1),
		ValidArgsFunction: f.completeFirst(f.runNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in.Run = args[0]
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.ImportUndo(c.Context(), in)
			if err != nil {
				return err
			}
			return f.show(undoCard(f.printer(), in, out))
		},
	}
	c.Flags().BoolVar(&in.Dry, "dry-run", false, "show what it would take back; change nothing")
	return c
}

func undoCard(p *text.Printer, in service.ImportUndoIn, out service.ImportUndoOut) bot.Card {
	verb := "was taken back"
	if in.Dry {
		verb = "would be taken back"
	}
	parts := []string{
		p.Count(int64(out.Removed), "record goes", "records go"),
		p.Count(int64(out.Restored), "record is as before", "records are as before"),
		p.Count(int64(out.Customers), "customer goes with it", "customers go with it"),
	}
	s := newSheet("", out)
	s.lines("", fmt.Sprintf("%s (%s into %s) %s: %s", out.Run.Number, out.Run.Source, out.Run.Connection, verb, strings.Join(parts, ", ")))
	if out.Stays > 0 {
		s.lines("", p.Count(int64(out.Stays), "record stays", "records stay")+": "+strings.Join(out.Runs, " and ")+
			" told the same. Take that back too: "+p.Command("import undo "+out.Runs[0]))
	}
	if out.Refusals > 0 {
		s.lines("", p.Count(int64(out.Refusals), "refusal of contact was known only by it and goes too",
			"refusals of contact were known only by it and go too")+": "+p.Command("optout list"))
	}
	if in.Dry {
		s.foot("Nothing has been changed. Do it: " + p.Command("import undo "+out.Run.Number))
	}
	return s.card
}
