package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keptcrm/kept/connectors"
)

// The scripts' own systems: an address book (office) and a till that holds one phone number a
// customer. Each keeps its contacts in a JSON file of the script's folder, which a script reads and
// edits as people do at the real ones.

type officeFile struct {
	Password string            `json:"password,omitempty"`
	Down     bool              `json:"down,omitempty"`
	ReadOnly bool              `json:"read_only,omitempty"`
	Contacts []officeContact   `json:"contacts"`
	Intents  map[string]string `json:"intents,omitempty"` // what became of each write
	Next     int               `json:"next,omitempty"`
}

type officeContact struct {
	ID      string   `json:"id"`
	Name    string   `json:"name,omitempty"`
	Emails  []string `json:"email,omitempty"`
	Phones  []string `json:"phone,omitempty"`
	Company string   `json:"company,omitempty"`
	Tags    []string `json:"tag,omitempty"`
}

func officeSpec(name, summary string, phones int) connectors.Spec {
	field := func(name string, many int) connectors.FieldSpec {
		return connectors.FieldSpec{Field: name, Read: true, Write: true, Many: many}
	}
	return connectors.Spec{
		Name: name, Summary: summary,
		Options: []connectors.Option{
			{Name: "url", Help: "where it is", Required: true, Place: true, Example: name + ".json", Where: "Office > Help > About"},
			{Name: "password", Help: "the password for programs", Required: true, Secret: true, Where: "Office > Settings > Programs > New password"},
			{Name: "webhook", Help: "the secret of its news", Secret: true},
			{Name: "order", Help: "which name comes first", Choices: []string{"given", "family"}, Default: "given"},
		},
		Scopes: []string{"contacts"}, Idempotent: true,
		Presets: []connectors.Preset{{Name: "acme", Title: "Acme Office", Options: map[string]string{"url": "acme.json"},
			Where: map[string]string{"password": "Acme > My account > App passwords"}}},
		Cannot: []string{"It keeps no birthdays: they stay here."},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: {field(connectors.FieldName, 1), field(connectors.FieldEmail, 0),
			field(connectors.FieldPhone, phones), field(connectors.FieldCompany, 1), {Field: connectors.FieldTag, Read: true, Write: phones == 0}}},
		Open: func(_ context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
			return &office{path: options["url"], password: options["password"], secret: options["webhook"], dry: env.DryRun}, nil
		},
	}
}

type office struct {
	path, password, secret string
	dry                    bool
}

// Receive takes news: the body is the ID of a contact, signed with the secret itself.
func (o *office) Receive(_ context.Context, header map[string][]string, body []byte) ([]connectors.Hint, error) {
	if o.secret == "" || http.Header(header).Get("Office-Secret") != o.secret {
		return nil, &connectors.Error{Class: connectors.Auth, Text: "the office did not send this"}
	}
	return []connectors.Hint{{Kind: connectors.Contact, ID: string(body)}}, nil
}

func (o *office) load() (officeFile, error) {
	var f officeFile
	b, err := os.ReadFile(o.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, &connectors.Error{Class: connectors.Invalid, Text: "there is no office at " + o.path + "; see Office > Help > About"}
	case err != nil:
		return f, err
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, &connectors.Error{Class: connectors.Transient, Text: "the office gave an answer that cannot be read"}
	}
	switch {
	case f.Down:
		return f, &connectors.Error{Class: connectors.Transient, Text: "the office does not answer"}
	case f.Password != o.password:
		return f, &connectors.Error{Class: connectors.Auth, Text: "the password is wrong. Make a new one at Office > Settings > Programs"}
	}
	return f, nil
}

func (o *office) save(f officeFile) error {
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.path, append(b, '\n'), 0o600)
}

func (o *office) Check(context.Context) error { _, err := o.load(); return err }

func (c officeContact) record() connectors.Record {
	r := connectors.Record{Kind: connectors.Contact, ID: c.ID, Keyed: connectors.KeyedID}
	add := func(name string, values ...string) {
		f := connectors.Field{Name: name}
		for _, v := range values {
			if v != "" {
				f.Values = append(f.Values, connectors.Value{Text: v})
			}
		}
		if len(f.Values) > 0 {
			r.Fields = append(r.Fields, f)
		}
	}
	add(connectors.FieldCompany, c.Company)
	add(connectors.FieldEmail, c.Emails...)
	add(connectors.FieldName, c.Name)
	add(connectors.FieldPhone, c.Phones...)
	add(connectors.FieldTag, c.Tags...)
	b, _ := json.Marshal(c)
	sum := sha256.Sum256(b)
	r.Version = connectors.Version(hex.EncodeToString(sum[:6]))
	return r
}

func (o *office) Pull(_ context.Context, kind connectors.Kind, _ connectors.Cursor) (connectors.Page, error) {
	f, err := o.load()
	page := connectors.Page{Next: "end"}
	if err != nil {
		return page, err
	}
	for i, c := range f.Contacts {
		page.Changes = append(page.Changes, connectors.Change{Record: c.record(), Where: fmt.Sprintf("%s:%d", o.path, i+1)})
	}
	page.Told = len(page.Changes)
	page.Total, page.Done = int64(page.Told), int64(page.Told)
	return page, nil
}

func (o *office) Census(context.Context, connectors.Kind, connectors.Cursor) (connectors.CensusPage, error) {
	f, err := o.load()
	page := connectors.CensusPage{Live: map[string]connectors.Version{}}
	for _, c := range f.Contacts {
		page.Live[c.ID] = c.record().Version
	}
	return page, err
}

func (o *office) Fetch(_ context.Context, _ connectors.Kind, ids []string) ([]connectors.Record, error) {
	f, err := o.load()
	var out []connectors.Record
	for _, c := range f.Contacts {
		if slices.Contains(ids, c.ID) {
			out = append(out, c.record())
		}
	}
	return out, err
}

func (o *office) Push(_ context.Context, in connectors.Intent) (connectors.Record, error) {
	f, err := o.load()
	if err != nil {
		return connectors.Record{}, err
	}
	if o.dry {
		return connectors.Record{}, connectors.ErrDryRun
	}
	if f.ReadOnly {
		return connectors.Record{}, &connectors.Error{Class: connectors.Forbidden, Text: "this password may only read. Allow writing at Office > Settings > Programs"}
	}
	id := in.Record.ID
	if done := f.Intents[in.ID]; done != "" {
		id = done
	}
	i := slices.IndexFunc(f.Contacts, func(c officeContact) bool { return c.ID == id })
	switch {
	case id == "":
		f.Next++
		f.Contacts = append(f.Contacts, officeContact{ID: fmt.Sprintf("new%d", f.Next)})
		i = len(f.Contacts) - 1
	case i < 0:
		return connectors.Record{}, &connectors.Error{Class: connectors.NotFound, Text: "there is no contact " + id}
	case in.Expect != "" && f.Intents[in.ID] == "" && f.Contacts[i].record().Version != in.Expect:
		return connectors.Record{}, &connectors.Error{Class: connectors.Conflict, Text: "somebody changed " + id + " meanwhile"}
	}
	c := &f.Contacts[i]
	for _, name := range in.Changed {
		var values []string
		for _, field := range in.Record.Fields {
			if field.Name == name {
				for _, v := range field.Values {
					values = append(values, v.Text)
				}
			}
		}
		c.set(name, values)
	}
	if f.Intents == nil {
		f.Intents = map[string]string{}
	}
	f.Intents[in.ID] = c.ID
	return c.record(), o.save(f)
}

func (c *officeContact) set(name string, values []string) {
	first := strings.Join(values[:min(len(values), 1)], "")
	switch name {
	case connectors.FieldName:
		c.Name = first
	case connectors.FieldEmail:
		c.Emails = values
	case connectors.FieldPhone:
		c.Phones = values
	case connectors.FieldCompany:
		c.Company = first
	case connectors.FieldTag:
		c.Tags = values
	}
}

func (o *office) Delete(_ context.Context, in connectors.Intent) error {
	f, err := o.load()
	if err != nil {
		return err
	}
	f.Contacts = slices.DeleteFunc(f.Contacts, func(c officeContact) bool { return c.ID == in.Record.ID })
	return o.save(f)
}

// edit FILE ID FIELD=VALUE...: somebody changes a contact at the office; ID - makes it go. down=true
// and the like change the office itself, with the ID "office".
func edit(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: edit FILE ID FIELD=VALUE...")
	}
	path := ts.MkAbs(args[0])
	var f officeFile
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &f))
	o := &office{path: path}
	switch {
	case args[1] == "office":
		for _, pair := range args[2:] {
			key, v, _ := strings.Cut(pair, "=")
			switch key {
			case "down":
				f.Down = v == "true"
			case "password":
				f.Password = v
			case "read_only":
				f.ReadOnly = v == "true"
			default:
				ts.Fatalf("an office has no %s", key)
			}
		}
	case len(args) == 2:
		f.Contacts = slices.DeleteFunc(f.Contacts, func(c officeContact) bool { return c.ID == args[1] })
	default:
		i := slices.IndexFunc(f.Contacts, func(c officeContact) bool { return c.ID == args[1] })
		if i < 0 {
			f.Contacts = append(f.Contacts, officeContact{ID: args[1]})
			i = len(f.Contacts) - 1
		}
		for _, pair := range args[2:] {
			key, v, _ := strings.Cut(pair, "=")
			var values []string
			if v != "" {
				values = strings.Split(v, ",")
			}
			f.Contacts[i].set(key, values)
		}
	}
	ts.Check(o.save(f))
}

// crowd FILE COUNT [COMPANY]: an office with that many contacts, all of that company.
func crowd(ts *testscript.TestScript, _ bool, args []string) {
	f := officeFile{Password: "geheim"}
	n := 0
	if _, err := fmt.Sscan(args[1], &n); err != nil {
		ts.Fatalf("no number: %s", args[1])
	}
	company := strings.Join(args[2:], " ")
	given := []string{"Jana", "Omar", "伟", "Zoë", "Tom", "Ana", "Björn", "Léa"}
	family := []string{"Köhler", "Haddad", "李", "Fuchs", "Ford", "Lima"}
	for i := range n {
		f.Contacts = append(f.Contacts, officeContact{ID: fmt.Sprint(i + 1), Company: company, Name: given[i%len(given)] + " " + family[i/len(given)],
			Emails: []string{fmt.Sprintf("p%d.person@place%d.example", i+1, i+1)}})
	}
	ts.Check((&office{path: ts.MkAbs(args[0])}).save(f))
}
