package cmd

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/connectors/format/table"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// verdict makes an exit code of the gate's answer: 3 where somebody has to decide, 7 for no.
func verdict(data any) error {
	out, ok := data.(service.MayContactOut)
	if !ok {
		return nil
	}
	return judged(out.Outcome)
}

func judged(outcome string) error {
	switch outcome {
	case "no":
		return told{&state.Error{Class: state.Refused, Code: "may_not"}}
	case "ask":
		return told{&state.Error{Class: state.Findings, Code: "may_ask"}}
	}
	return nil
}

// showGate tells "kept config show" what is said of who may be contacted.
func (s settings) showGate(show func(key, value, from string)) {
	line := s.file.Lines["gate"]
	if line == 0 {
		return
	}
	var parts []string
	for _, r := range s.file.Gate.Silence {
		country := r.Country
		if country == "" {
			country = "default"
		}
		parts = append(parts, joined(" ", r.Purpose, r.Channel, country)+" "+r.Outcome)
	}
	for _, c := range s.file.Gate.Caps {
		parts = append(parts, joined(" ", c.Purpose, c.Channel, fmt.Sprintf("%d in %d days", c.Max, c.Days)))
	}
	show("gate", strings.Join(parts, "; "), fmt.Sprintf("%s:%d", s.file.Path, line))
}

// listRun is "may-contact --list".
type listRun struct {
	in                     service.MayContactListIn
	file, allowed, refused string
}

// listSummary is what a whole list came to.
type listSummary struct {
	File       string `json:"file"`
	Rows       int    `json:"rows"`
	Allowed    int    `json:"allowed"`
	Ask        int    `json:"ask"`
	Refused    int    `json:"refused"`
	Unreadable int    `json:"unreadable"`
	AllowedTo  string `json:"allowed_to,omitempty"`
	RefusedTo  string `json:"refused_to,omitempty"`
}

// listFlags adds what only a terminal can: a whole list, in files.
func (f *factory) listFlags(c *cobra.Command) {
	x := listRun{}
	c.Flags().StringVar(&x.file, "list", "", "ask about every row of a table: `FILE`")
	c.Flags().StringVar(&x.allowed, "allowed", "", "write the rows that may be contacted to `FILE` (with --list)")
	c.Flags().StringVar(&x.refused, "refused", "", "write the others to `FILE`, with outcome and reasons (with --list)")
	c.Long += "\n\nExit code 0 for yes, 3 where somebody has to decide, 7 for no. With --list every row of a table is\n" +
		"asked about, columns stay as they are, and the exit code is 0 where all may be contacted, 3 where\n" +
		"some may, 7 where nobody may."
	c.Example += "\n" + examples("may-contact --list buyers.csv --asset spring-brochure --allowed send.csv --refused not.csv")
	one := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if x.file == "" {
			for _, name := range []string{"allowed", "refused"} {
				if c.Flags().Changed(name) {
					return invalid("list_missing", "option", "--"+name)
				}
			}
			return one(c, args)
		}
		if len(args) > 0 || c.Flags().Changed("override") {
			return invalid("list_alone")
		}
		get := func(name string) string { return c.Flags().Lookup(name).Value.String() }
		x.in = service.MayContactListIn{Channel: get("channel"), Purpose: get("purpose"), Asset: get("asset"), Brand: get("brand"), Team: get("team")}
		return f.runList(c.Context(), x)
	}
}

func (f *factory) runList(ctx context.Context, x listRun) (err error) {
	api, err := f.api(ctx, asking)
	if err != nil {
		return err
	}
	p := f.printer()
	sum := listSummary{File: x.file, AllowedTo: x.allowed, RefusedTo: x.refused}
	var allowed, refused *listFile
	read := false // the whole list
	defer func() {
		for _, o := range []*listFile{allowed, refused} {
			if o != nil {
				err = errors.Join(err, o.close(read))
			}
		}
	}()
	begin := func(header []string) error {
		if x.allowed != "" {
			if allowed, err = newListFile(x.allowed, header); err != nil {
				return err
			}
		}
		if x.refused != "" {
			refused, err = newListFile(x.refused, append(slices.Clone(header), "kept_line", "kept_outcome", "kept_reasons"))
		}
		return err
	}
	err = f.readContacts(ctx, x.file, begin, func(rows []service.ContactRow, cells [][]string) error {
		in := x.in
		in.Rows, in.Seen = rows, x.in.Seen
		out, err := api.MayContactList(ctx, in)
		if err != nil {
			return err
		}
		for i, r := range out.Rows {
			sum.Rows++
			if r.Key != "" {
				x.in.Seen = append(x.in.Seen, r.Key)
			}
			switch r.Outcome {
			case "yes":
				sum.Allowed++
				if err := allowed.write(cells[i]); err != nil {
					return err
				}
				continue
			case "ask":
				sum.Ask++
			case "no":
				sum.Refused++
			default:
				sum.Unreadable++
			}
			var why []string
			for _, e := range r.Reasons {
				if e.Against {
					why = append(why, p.Evidence(e))
				}
			}
			if r.Outcome == "unreadable" {
				why = []string{p.T("may.unreadable", stateArgs("value", r.Address))}
				f.talk(fmt.Sprintf("%s:%d: %s", filepath.Base(x.file), r.Line, why[0]))
			}
			if err := refused.write(append(slices.Clone(cells[i]), strconv.Itoa(r.Line), r.Outcome, strings.Join(why, "; "))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	read = true
	args := stateArgs("n", strconv.Itoa(sum.Rows), "yes", strconv.Itoa(sum.Allowed), "ask", strconv.Itoa(sum.Ask), "no", strconv.Itoa(sum.Refused), "bad", strconv.Itoa(sum.Unreadable))
	s := newSheet(p.T("may.list", args), sum)
	if x.allowed != "" || x.refused != "" {
		s.foot(joined(" · ", x.allowed, x.refused))
	}
	if err := f.show(s.card); err != nil {
		return err
	}
	switch {
	case sum.Allowed == sum.Rows:
		return nil
	case sum.Allowed == 0:
		return judged("no")
	}
	return judged("ask")
}

// contactBatch is how many rows are asked about at a time.
const contactBatch = 500

// readContacts reads a table of people and hands its rows on in batches. The columns of addresses are
// found by their names, as imports find them.
func (f *factory) readContacts(ctx context.Context, name string, begin func(header []string) error, batch func([]service.ContactRow, [][]string) error) error {
	file, err := os.Open(name)
	if err != nil {
		return fileProblem(name, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return fileProblem(name, err)
	}
	if info.IsDir() {
		return invalid("file_folder", "file", name)
	}
	src := io.NewSectionReader(file, 0, info.Size())
	shape, err := table.Sniff(src, table.Options{})
	if err != nil {
		return fileProblem(name, err)
	}
	if shape.Empty {
		return invalid("file_empty", "file", name)
	}
	email, phone := contactColumn(shape.Header, emailNames), contactColumn(shape.Header, phoneNames)
	if email < 0 && phone < 0 {
		return invalid("list_no_address", "file", name, "columns", strings.Join(shape.Header, ", "))
	}
	if err := begin(shape.Header); err != nil {
		return err
	}
	bar := f.newBar()
	defer bar.done()
	r := table.NewReader(src, shape, shape.Start)
	var rows []service.ContactRow
	var cells [][]string
	flush := func(offset int64) error {
		if len(rows) == 0 {
			return nil
		}
		if err := batch(rows, cells); err != nil {
			return err
		}
		bar.tell(ctx, engine.Progress{File: name, Done: offset, Total: info.Size()})
		rows, cells = nil, nil
		return nil
	}
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return flush(info.Size())
		}
		if err != nil {
			return fileProblem(name, err)
		}
		one := service.ContactRow{Line: int(row.Start.Line)}
		own := slices.Clone(row.Cells)
		if row.Problem == "" {
			if email >= 0 && email < len(own) {
				one.Email = own[email]
			}
			if phone >= 0 && phone < len(own) {
				one.Phone = own[phone]
			}
		}
		for len(own) < len(shape.Header) {
			own = append(own, "")
		}
		rows, cells = append(rows, one), append(cells, own[:len(shape.Header)])
		if len(rows) == contactBatch {
			if err := flush(row.End.Offset); err != nil {
				return err
			}
		}
	}
}

var (
	emailNames = []string{"email", "e-mail", "mail", "email address", "e-mail address", "emailaddress", "e-mail-adresse", "emailadresse", "mailadresse", "courriel",
		"correo", "correo electrónico", "邮箱", "电子邮件", "电子邮箱", "邮件", "邮箱地址", "customer email", "billing email", "contact email", "البريد الإلكتروني"}
	phoneNames = []string{"phone", "phone number", "mobile", "mobile phone", "cell", "tel", "telephone", "telefon", "telefonnummer", "handy", "mobil", "téléphone", "teléfono",
		"móvil", "手机", "电话", "手机号", "手机号码", "联系电话", "电话号码", "billing phone", "الهاتف"}
)

// contactColumn finds a column by its name; -1 where there is none.
func contactColumn(header, names []string) int {
	fold := func(s string) string {
		return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return strings.ContainsRune(" _-.:*", r) }), "")
	}
	for _, n := range names {
		for i, h := range header {
			if fold(h) == fold(n) {
				return i
			}
		}
	}
	return -1
}

// listFile is one list that is written: whole under its name, or not there.
type listFile struct {
	path string
	file *os.File
	csv  *csv.Writer
}

func newListFile(path string, header []string) (*listFile, error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".kept-list-*")
	if err != nil {
		return nil, invalid("list_unwritable", "file", path)
	}
	l := &listFile{path: path, file: file, csv: csv.NewWriter(file)}
	return l, l.write(header)
}

// write writes a row; to no file it writes nothing.
func (l *listFile) write(cells []string) error {
	if l == nil {
		return nil
	}
	if err := l.csv.Write(cells); err != nil {
		return invalid("list_unwritable", "file", l.path)
	}
	return nil
}

func (l *listFile) close(keep bool) error {
	l.csv.Flush()
	err := errors.Join(l.csv.Error(), l.file.Close())
	if !keep || err != nil {
		_ = os.Remove(l.file.Name()) // nobody knows its name
	} else {
		err = os.Rename(l.file.Name(), l.path)
	}
	if err != nil {
		return invalid("list_unwritable", "file", l.path)
	}
	return nil
}
