package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newCustomer(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:   "customer",
		Short: "list, show, edit, tag and relate customers; join and part them",
		Example: examples("customer list --tag wholesale", "customer show jana", "customer merge c812 c40",
			"customer why jana"),
		GroupID: groupWho,
		Args:    cobra.ArbitraryArgs,
		RunE:    f.group,
	}
	c.AddCommand(newCustomerList(f), newCustomerShow(f), newCustomerEdit(f), newCustomerTag(f), newCustomerRelate(f),
		newCustomerMerge(f), newCustomerUnmerge(f), newCustomerKeepApart(f), newCustomerWhy(f),
		newCustomerExport(f), newCustomerForget(f), newCustomerForgotten(f), newCustomerWaiting(f), newCustomerAdd(f), newCustomerIgnore(f), newCustomerLearn(f))
	return c
}

func newCustomerList(f *factory) *cobra.Command {
	var in service.CustomerListIn
	limit := 0
	c := &cobra.Command{
		Use:     "list",
		Short:   "all customers, or those that fit",
		Long:    "All customers in the order of their numbers, or those that fit. There is no hidden limit.",
		Example: examples("customer list", "customer list --tag wholesale --grade A", "customer list --field Birthday=1980-02-11", "customer list --output csv > customers.csv"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 0 {
				return invalid("not_a_count", "option", "limit", "value", c.Flags().Lookup("limit").Value.String())
			}
			return f.listCustomers(c.Context(), in, limit)
		},
	}
	c.Flags().StringVar(&in.Tag, "tag", "", "only those with this `TAG`")
	c.Flags().StringVar(&in.Owner, "owner", "", "only those of this staff member: `NAME`")
	c.Flags().StringVar(&in.Kind, "kind", "", "only this `KIND`: person, organisation")
	c.Flags().StringVar(&in.Stage, "stage", "", "only this `STAGE`: prospect, customer, former, partner, other")
	c.Flags().StringVar(&in.Grade, "grade", "", "only this `GRADE`: A, B, C")
	c.Flags().StringVar(&in.Field, "field", "", "only those with a custom field: `NAME=VALUE`")
	c.Flags().IntVar(&limit, "limit", 0, "at most `N` (default: all)")
	_ = c.RegisterFlagCompletionFunc("owner", f.completeFlag(f.staffNames))
	_ = c.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions([]string{"person", "organisation"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("stage", cobra.FixedCompletions([]string{"prospect", "customer", "former", "partner", "other"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("grade", cobra.FixedCompletions([]string{"A", "B", "C"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// listCustomers asks page by page and writes as it goes, however many there are.
func (f *factory) listCustomers(ctx context.Context, in service.CustomerListIn, limit int) error {
	api, err := f.api(ctx, asking)
	if err != nil {
		return err
	}
	w := f.lister(func(item any) bot.Row { return customerRow(f.printer(), item.(service.Customer)) }, 2)
	seen := 0
	for {
		if limit > 0 {
			in.Limit = min(limit-seen, 500)
		}
		page, err := api.CustomerList(ctx, in)
		if err != nil {
			return err
		}
		for _, c := range page.Customers {
			if err := w.add(c); err != nil {
				return err
			}
			seen++
		}
		if page.Next == "" || limit > 0 && seen >= limit {
			break
		}
		in.After = page.Next
	}
	empty := "No customer fits."
	if in == (service.CustomerListIn{}) {
		empty = "No customer yet. Begin with: " + f.printer().Command("import FILE")
	}
	return w.end(empty)
}

func customerRow(p *text.Printer, c service.Customer) bot.Row {
	reach := "" // one address, the mail's where there is one: a customer is one line
	for _, id := range c.Identifiers {
		if !id.Former && (id.Type == "email" || id.Type == "phone" && reach == "") {
			reach = id.Value
			if id.Type == "email" {
				break
			}
		}
	}
	grade := ""
	if c.Grade != "" {
		grade = "grade " + c.Grade
	}
	marks := []string{}
	if c.Kind == state.Organisation {
		marks = append(marks, p.Term("customer", c.Kind))
	}
	if c.Stage != state.StageCustomer { // most are
		marks = append(marks, p.Term("stage", c.Stage))
	}
	return row(c.Number, typed(c.Number), strong(c.Name), plain(reach), plain(c.Owner),
		dim(joined(", ", append(append(marks, grade), c.Tags...)...)))
}

func newCustomerShow(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:               "show CUSTOMER",
		Short:             "everything that is believed of a customer, with where it comes from",
		Example:           examples("customer show jana", "customer show c812 --output json"),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.CustomerShow(c.Context(), service.CustomerShowIn{Ref: strings.Join(args, " ")})
			if err != nil {
				return err
			}
			return f.show(showCard(f.printer(), out))
		},
	}
}

func showCard(p *text.Printer, out service.CustomerShowOut) bot.Card {
	c := out.Customer
	s := newSheet(c.Number+"  "+c.Name, out)
	owner := "no owner"
	if c.Owner != "" {
		owner = "owner " + c.Owner
	}
	s.card.Aside = []string{p.Term("customer", c.Kind), p.Term("stage", c.Stage), owner}
	s.facts("", "grade", c.Grade, "tags", strings.Join(c.Tags, ", "), "was also", strings.Join(out.Numbers, ", "))
	var ids []bot.Row
	for _, id := range c.Identifiers {
		former := ""
		if id.Former {
			former = "former"
		}
		kind := id.Type
		if id.System != "" {
			kind += " " + id.System
		}
		ids = append(ids, row("", dim(kind), plain(id.Value), dim(joined(", ", id.Connection, former))))
	}
	s.table("identifiers", 1, ids)
	var believed []bot.Row
	for _, b := range out.Believed {
		from := b.From
		if b.ByHand {
			from = "by hand, " + b.From
		}
		believed = append(believed, row("", dim(b.Field), plain(strings.Join(b.Values, "; ")), dim(joined(", ", from, b.Record, p.Day(b.At)))))
	}
	s.table("believed", 1, believed)
	s.table("relations", 2, relationRows(p, out.Relations))
	s.table("contact", 2, consentRows(p, out.Consents))
	var records []bot.Row
	for _, r := range c.Records {
		records = append(records, row(r.Number, typed(r.Number), plain(r.Connection), plain(r.Kind), dim(r.ID)))
	}
	s.table("records", 3, records)
	s.foot("why this is one customer: " + p.Command("customer why "+c.Number))
	return s.card
}

func relationRows(p *text.Printer, relations []service.Affiliation) []bot.Row {
	var rows []bot.Row
	for _, a := range relations {
		list := "relation"
		if !a.Outgoing {
			list = "inverse"
		}
		dates := ""
		switch {
		case a.Since != "" && a.Until != "":
			dates = a.Since + " to " + a.Until
		case a.Since != "":
			dates = "since " + a.Since
		case a.Until != "":
			dates = "until " + a.Until
		}
		by := ""
		if a.ByHand {
			by = "by hand"
		}
		rows = append(rows, row(a.Customer.Number, dim(p.Term(list, a.Kind)), typed(a.Customer.Number), strong(a.Customer.Name),
			plain(a.Role), dim(joined(", ", dates, by))))
	}
	return rows
}

// editFields are the flags of "customer edit"; anything else goes through --set.
var editFields = []struct{ name, help string }{
	{"name", "the full name"}, {"given", "the given name"}, {"family", "the family name"}, {"kind", "person or organisation"},
	{"stage", "prospect, customer, former, partner, other"}, {"grade", "A, B or C"}, {"owner", "the staff member who answers for it"},
	{"email", "an e-mail address"}, {"phone", "a phone number"}, {"company", "the company"}, {"title", "the title at work"},
	{"birthday", "the birthday, 1980-02-11"}, {"language", "the language, de"}, {"country", "the country, DE"}, {"note", "a standing remark"},
}

func newCustomerEdit(f *factory) *cobra.Command {
	values := map[string]*string{}
	var custom []string
	c := &cobra.Command{
		Use:   "edit CUSTOMER",
		Short: "set what you know better than the records",
		Long: "Set what you know better than the records. A value that a person set wins over every import;\n" +
			"an empty one takes it back, so that the records are believed again.",
		Example: examples("customer edit jana --grade A --owner ana", "customer edit c812 --set \"Favourite eyepiece=Nagler 13\"",
			"customer edit c812 --name \"\"    # believe the records again"),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			in := service.CustomerEditIn{Ref: strings.Join(args, " "), Set: map[string]string{}}
			for name, v := range values {
				if c.Flags().Changed(name) {
					in.Set[name] = *v
				}
			}
			for _, pair := range custom {
				name, value, ok := strings.Cut(pair, "=")
				if !ok || strings.TrimSpace(name) == "" {
					return invalid("set_syntax", "value", pair)
				}
				in.Set[strings.TrimSpace(name)] = value
			}
			if len(in.Set) == 0 {
				return invalid("nothing_to_set", "help", "kept customer edit --help")
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.CustomerEdit(c.Context(), in)
			if err != nil {
				return err
			}
			return f.show(customerCard(f.printer(), out, sortedKeys(in.Set)...))
		},
	}
	for _, e := range editFields {
		values[e.name] = namedFlag(c, e.name, "VALUE", e.help)
	}
	c.Flags().StringArrayVar(&custom, "set", nil, "a custom field: `NAME=VALUE`; may stand several times")
	_ = c.RegisterFlagCompletionFunc("owner", f.completeFlag(f.staffNames))
	return c
}

// customerCard answers a command that changed a customer with how it is now, and what the changed
// fields hold.
func customerCard(p *text.Printer, out service.CustomerOut, changed ...string) bot.Card {
	c := out.Customer
	s := newSheet("", out).table("", 4, []bot.Row{customerRow(p, c)})
	var fields []bot.Row
	for _, name := range changed {
		values := c.Fields[name]
		if values == nil {
			values = c.Fields["custom."+name]
		}
		if len(values) > 0 {
			fields = append(fields, row("", dim(name), plain(strings.Join(values, "; "))))
		}
	}
	return s.table("", 1, fields).card
}

func newCustomerTag(f *factory) *cobra.Command {
	var remove []string
	c := &cobra.Command{
		Use:               "tag CUSTOMER TAG...",
		Short:             "add tags to a customer, or remove them",
		Example:           examples("customer tag jana wholesale vip", "customer tag jana --remove vip"),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && len(remove) == 0 {
				return invalid("nothing_to_tag", "example", f.printer().Command("customer tag "+shellWord(args[0])+" wholesale"))
			}
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.CustomerTag(c.Context(), service.CustomerTagIn{Ref: args[0], Add: args[1:], Remove: remove})
			if err != nil {
				return err
			}
			return f.show(customerCard(f.printer(), out))
		},
	}
	c.Flags().StringArrayVar(&remove, "remove", nil, "a `TAG` to remove; may stand several times")
	return c
}

// relationWords are the kinds of relations as people type them.
var relationWords = []string{"works-for", "belongs-to", "parent-of", "household"}

func newCustomerRelate(f *factory) *cobra.Command {
	in := service.RelateIn{}
	c := &cobra.Command{
		Use:   "relate A " + strings.Join(relationWords, "|") + " B",
		Short: "say how two customers belong together, or that they do not",
		Example: examples("customer relate jana works-for \"Sternwarte Lübeck\" --role buyer --since 2024-03",
			"customer relate c12 household c13", "customer relate jana works-for c40 --remove"),
		Args:              arguments(3, 3),
		ValidArgsFunction: f.completeRelate,
		RunE: func(c *cobra.Command, args []string) error {
			in.Ref, in.Kind, in.To = args[0], strings.ReplaceAll(args[1], "-", "_"), args[2]
			api, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := api.Relate(c.Context(), in)
			if err != nil {
				return err
			}
			p := f.printer()
			s := newSheet(out.Customer.Number+"  "+out.Customer.Name, out).table("", 2, relationRows(p, out.Relations))
			if len(out.Relations) == 0 {
				s.lines("", "belongs to nobody else now")
			}
			return f.show(s.card)
		},
	}
	c.Flags().StringVar(&in.Role, "role", "", "what A is at B: `ROLE`")
	c.Flags().StringVar(&in.Since, "since", "", "since `WHEN`: 2024, 2024-03, 2024-03-18")
	c.Flags().StringVar(&in.Until, "until", "", "until `WHEN`")
	c.Flags().BoolVar(&in.Remove, "remove", false, "they do not belong together, whatever the records say")
	return c
}
