package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"html/template"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newCustomerExport(f *factory) *cobra.Command {
	output, whole := "", false
	c := &cobra.Command{
		Use:   "export CUSTOMER [--whole] [--output FOLDER|-|json]",
		Short: "everything about one customer, as a page to read and a file for programs",
		Long: "Everything that is kept about one customer: identifiers with their origin, records with all their\n" +
			"versions, orders, messages, notes, promises, what was said about contact, why the records are one\n" +
			"person, who changed what and who looked. It becomes a folder that only you can read, with a page\n" +
			"(.html) and the same for programs (.json). --output - or json writes the latter to the output.\n" +
			"Of mail and notes that are private to a colleague there is only the header. --whole has them too: it\n" +
			"is for a person who wants to see what is kept of them, and says so in the files and in the audit.\n" +
			"That it was made is written down: kept audit CUSTOMER.",
		Example:           examples("customer export jana", "customer export jana --whole --output for-jana", "customer export c812 --output - > jana.json"),
		Args:              arguments(1, -1),
		ValidArgsFunction: f.completeFirst(f.customerNames, nil),
		RunE: func(c *cobra.Command, args []string) error {
			if f.flags.output != formatTable && output == "" { // KEPT_OUTPUT
				output = f.flags.output
			}
			table, err := f.api(c.Context(), asking)
			if err != nil {
				return err
			}
			out, err := table.CustomerExport(c.Context(), service.CustomerExportIn{Ref: strings.Join(args, " "), Whole: whole})
			if err != nil {
				return err
			}
			data, err := json.MarshalIndent(out, "", "  ")
			if err != nil {
				return err
			}
			data = append(data, '\n')
			switch output {
			case "-", "json", "jsonl":
				_, err := f.o.Out.Write(data)
				return err
			case "":
				output = "kept-export-" + out.Customer.Number
			}
			page, err := exportPage(f.printer(), out)
			if err != nil {
				return err
			}
			files := exported{Customer: service.CustomerRef{Number: out.Customer.Number, Name: out.Customer.Name, Kind: out.Customer.Kind}}
			if files.Page, files.Data, err = writeExport(output, out.Customer.Number, page, data); err != nil {
				return err
			}
			foot := []string{f.printer().T("export.secret")}
			if about := exportAbout(f.printer(), out); about != "" {
				foot = append(foot, about)
			}
			return f.show(newSheet(f.printer().T("export.made", state.Args{"ref": out.Customer.Number, "name": out.Customer.Name}), files).
				lines("", files.Page, files.Data).foot(foot...).card)
		},
	}
	c.Flags().BoolVar(&whole, "whole", false, "with mail and notes that are private to colleagues: for the person concerned")
	c.Flags().StringVarP(&output, "output", "o", "", "the `FOLDER` to write into; - or json: to the output")
	return c
}

// exported is what "kept customer export" answers beside the files.
type exported struct {
	Customer service.CustomerRef `json:"customer"`
	Page     string              `json:"page"`
	Data     string              `json:"data"`
}

// writeExport writes both files, readable by this user alone. What stands there under these names is
// not replaced.
func writeExport(folder, name string, page, data []byte) (pagePath, dataPath string, err error) {
	bad := func(path string, err error) error {
		code := "export_unwritable"
		if errors.Is(err, os.ErrExist) {
			code = "export_exists"
		}
		return &state.Error{Class: state.Invalid, Code: code, Args: state.Args{"path": path}, Cause: err}
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", "", bad(folder, err)
	}
	write := func(path string, b []byte) error {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return bad(path, err)
		}
		_, err = file.Write(b)
		if err = errors.Join(err, file.Close()); err != nil {
			return bad(path, err)
		}
		return nil
	}
	pagePath, dataPath = filepath.Join(folder, name+".html"), filepath.Join(folder, name+".json")
	return pagePath, dataPath, errors.Join(write(dataPath, data), write(pagePath, page))
}

// exportSection is one table of the page.
type exportSection struct {
	Title string
	Head  []string
	Rows  [][]string
}

// exportPage makes the page to read. The template escapes whatever people or connections wrote.
func exportPage(p *text.Printer, out service.CustomerExportOut) ([]byte, error) {
	var b bytes.Buffer
	err := exportTemplate.Execute(&b, map[string]any{
		"Title": out.Customer.Number + " " + out.Customer.Name, "Made": p.Day(out.Made), "About": p.T("export.about"), "Private": exportAbout(p, out),
		"Sections": exportSections(p, out),
	})
	return b.Bytes(), err
}

// exportAbout says what of colleagues' private mail and notes is in an export; "" where there was none.
func exportAbout(p *text.Printer, out service.CustomerExportOut) string {
	switch {
	case out.Whole:
		return p.T("export.whole")
	case out.Withheld > 0:
		return p.T("export.withheld", state.Args{"count": p.Number(int64(out.Withheld)), "ref": out.Customer.Number})
	}
	return ""
}

func exportSections(p *text.Printer, out service.CustomerExportOut) []exportSection {
	name := func(actor string) string {
		if n := out.Names[actor]; n != "" {
			return n
		}
		return actor
	}
	var all []exportSection
	add := func(section string, rows [][]string) {
		if len(rows) > 0 {
			all = append(all, exportSection{Title: p.T("export." + section), Rows: rows})
		}
	}
	var rows [][]string
	begin := func() { rows = nil }
	put := func(cells ...string) { rows = append(rows, cells) }

	for _, id := range out.Customer.Identifiers {
		put(id.Type, id.Value, joined(", ", id.System, id.Connection))
	}
	add("identifiers", rows)
	begin()
	for _, v := range out.Believed {
		put(v.Field, strings.Join(v.Values, ", "), joined(", ", v.From, v.Record))
	}
	add("believed", rows)
	begin()
	for _, c := range out.Consents {
		put(c.Value, p.T("consent."+c.State, stateArgs("purpose", c.Purpose)), c.Words, day(p, c), joined(" ", c.By, c.Connection, c.Run))
	}
	add("consents", rows)
	begin()
	for _, a := range out.History {
		amount := ""
		if a.Amount != nil {
			amount = p.Money(*a.Amount)
		}
		put(p.Moment(a.At), p.Term("kind", a.Kind), joined(": ", a.Title, a.Body), amount, joined(", ", name(a.Actor), a.Connection))
	}
	add("history", rows)
	begin()
	for _, x := range out.Promises {
		due := ""
		if x.Promise.Due != nil {
			due = p.Day(x.Promise.Due.At)
		}
		put(x.Number, p.Term("direction", x.Promise.Direction), x.Promise.Text, due, p.Term("state", x.Promise.State), name(x.Promise.Logged))
	}
	add("promises", rows)
	begin()
	for _, x := range out.Messages {
		put(x.Number, p.Moment(x.Message.Queued), x.Message.To.Shown, joined(": ", x.Message.Subject, x.Message.Text), p.Term("outgoing", x.Message.State))
	}
	add("messages", rows)
	begin()
	for _, x := range out.Followups {
		put(x.Number, p.FollowupWhy(x.Followup.Code, x.Followup.Args, x.Followup.Text), p.Day(x.Followup.Due.At), p.Term("state", x.Followup.State), name(x.Followup.For))
	}
	add("followups", rows)
	begin()
	for _, q := range out.Questions {
		put(q.Number, q.Question.Kind, q.Question.Raw, q.Question.State, q.Question.Answer)
	}
	add("questions", rows)
	begin()
	for _, x := range out.Settings {
		put(x.Field, joined(", ", x.Element, valueTexts(x.Values)), p.Day(x.At), name(x.By))
	}
	add("settings", rows)
	begin()
	for _, x := range out.Relations {
		put(x.Kind, x.Customer.Name, x.Role, joined(" – ", x.Since, x.Until))
	}
	add("relations", rows)
	for _, r := range out.Records {
		all = append(all, recordSection(p, r))
	}
	begin()
	for _, x := range out.Links {
		var why []string
		for _, e := range x.Link.Evidence {
			why = append(why, p.Evidence(e))
		}
		put(x.Record, strings.Join(why, "; "), p.Day(x.Link.At))
	}
	for _, v := range out.Verdicts {
		put(v.Number, joined(" ", v.Kind, v.A, v.B), v.Note, p.Day(v.At), v.By)
	}
	add("links", rows)
	begin()
	for _, e := range out.Changes {
		put(p.Moment(e.At), e.Actor, did(p, e), beside(e))
	}
	add("changes", rows)
	begin()
	for _, e := range out.Reads {
		put(p.Moment(e.At), e.Actor, did(p, e), e.From)
	}
	add("reads", rows)
	return all
}

func day(p *text.Printer, c service.ConsentLine) string {
	if c.At.IsZero() {
		return p.Day(c.Noted)
	}
	return p.Day(c.At)
}

func valueTexts(values []state.Value) string {
	var out []string
	for _, v := range values {
		parts := []string{v.Text}
		for _, k := range slices.Sorted(maps.Keys(v.Parts)) {
			parts = append(parts, v.Parts[k])
		}
		out = append(out, joined(", ", parts...))
	}
	return strings.Join(out, "; ")
}

// recordSection has one record with all that it ever said.
func recordSection(p *text.Printer, r service.ExportRecord) exportSection {
	s := exportSection{Title: p.T("export.record", state.Args{"number": r.Number, "kind": r.Record.Kind, "connection": r.Record.Connection, "id": r.Record.ID})}
	for i := range r.Record.Versions {
		v := &r.Record.Versions[i]
		at := p.Moment(v.At)
		put := func(cells ...string) { s.Rows = append(s.Rows, append([]string{at}, cells...)) }
		if v.Gone {
			put(p.T("export.gone"))
		}
		for _, f := range v.Fields {
			put(f.Name, valueTexts(f.Values))
		}
		if o := v.Order; o != nil {
			put(o.Number, p.Money(state.Money{Minor: o.Total, Currency: o.Currency}), o.State, o.Note)
			for _, l := range o.Lines {
				put("", p.Number(l.Quantity)+" × "+joined(" ", l.SKU, l.Name), p.Money(state.Money{Minor: l.Price, Currency: o.Currency}))
			}
		}
		if m := v.Message; m != nil {
			put(m.Subject, joined("\n\n", m.Text, m.Quoted, m.Signature))
			for _, box := range slices.Concat(m.From, m.To, m.Cc) {
				put("", joined(" ", box.Name, box.Address))
			}
		}
		for _, c := range v.Consents {
			put(c.Field, c.Words, c.State)
		}
	}
	return s
}

var exportTemplate = template.Must(template.New("export").Parse(`<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;width:100%}
td{border-top:1px solid #ccc;padding:.3em .8em .3em 0;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere}h2{margin-top:2em;font-size:1.1em}</style>
</head><body><h1 dir="auto">{{.Title}}</h1><p>{{.About}} {{.Made}}</p>{{with .Private}}<p>{{.}}</p>{{end}}
{{range .Sections}}<h2 dir="auto">{{.Title}}</h2><table>
{{range .Rows}}<tr>{{range .}}<td dir="auto">{{.}}</td>{{end}}</tr>
{{end}}</table>
{{end}}</body></html>
`))
