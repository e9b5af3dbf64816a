package csv

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
)

const header = "Name,Email,Phone,City\n"

func field(r connectors.Record, name string) string {
	for _, f := range r.Fields {
		if f.Name == name {
			return f.Values[0].Text
		}
	}
	return ""
}

func TestRowsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	c := openFile(t, "dir/customers.csv", header+
		"Jana,jana@@sternwarte,1,Kiel\n"+
		"Tom,tom@ford.example\n"+
		"Ana,ana@silva.example,\"open,Madrid\n"+
		"Wei,wei@li.example,+86 1,上海,more\n"+
		"Zoë,zoe@x.example,4.91512E+11,Paris,\n", nil)
	changes, rejected := pullAll(t, c)
	if len(changes) != 2 || field(changes[0].Record, "name") != "Jana" || changes[0].Record.Keyed != connectors.KeyedContent {
		t.Fatalf("%+v", changes)
	}
	var got []string
	for _, r := range rejected {
		got = append(got, fmt.Sprintf("%s|%s|%s|%v|%s", r.Where, r.Field, r.Reason, r.Kept, r.Raw))
	}
	want := []string{
		`customers.csv:2|Email|e-mail "jana@@sternwarte" is no address|true|`,
		`customers.csv:3||row has 2 cells, the header 4|false|Tom,tom@ford.example`,
		`customers.csv:4||a quote opens here and is never closed|false|Ana,ana@silva.example,"open,Madrid`,
		`customers.csv:5||row has 5 cells, the header 4|false|Wei,wei@li.example,+86 1,上海,more`,
		`customers.csv:6|Phone|phone number "4.91512E+11" was shortened by a spreadsheet|true|`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}

	page, err := c.Reread(context.Background(), rejected[1].Context, "Tom,tom@ford.example,,Kiel")
	if err != nil || len(page.Changes) != 1 || page.Changes[0].Record.ID != "tom@ford.example" || page.Changes[0].Where != "customers.csv:3" {
		t.Errorf("%+v %v", page, err)
	}
	if page, err = Reread(context.Background(), rejected[1].Context, "Tom,tom@ford.example"); err != nil || len(page.Rejected) != 1 || page.Rejected[0].Kept {
		t.Errorf("still wrong: %+v %v", page, err)
	}
	if _, err = Reread(context.Background(), rejected[1].Context, "  "); connectors.ClassOf(err) != connectors.Invalid {
		t.Error(err)
	}
}

const orderHeader = "Name,Email,Financial Status,Total,Currency,Created at,Lineitem quantity,Lineitem name,Lineitem price\n"

func TestAnOrderWithABadRowCanBeReadAgainWhole(t *testing.T) {
	t.Parallel()
	c := openFile(t, "orders.csv", orderHeader+
		"#1,a@b.example,paid,30.00,EUR,2024-05-01 10:00:00 +0000,1,Cap,10.00\n"+
		"#1,,,,,,2,Mug, blue,10.00\n"+
		"#2,a@b.example,paid,many,EUR,2024-05-01 10:00:00 +0000,1,Cap,10.00\n"+
		"#2,,,,,,1,Mug,10.00\n", nil)
	changes, rejected := pullAll(t, c)
	if len(changes) != 2 || len(changes[1].Record.Order.Lines) != 1 || len(rejected) != 2 {
		t.Fatalf("%+v %+v", changes, rejected)
	}
	if r := rejected[1]; r.Kept || r.Field != "Total" || r.Where != "orders.csv:4" || r.Reason != `"many" is no amount` || strings.Count(r.Raw, "\n") != 1 {
		t.Errorf("%+v", r)
	}
	page, err := c.Reread(context.Background(), rejected[0].Context, strings.Replace(rejected[0].Raw, "Mug, blue", `"Mug, blue"`, 1))
	if err != nil || len(page.Changes) != 2 || len(page.Changes[1].Record.Order.Lines) != 2 || page.Changes[1].Record.Order.Total != 3000 {
		t.Errorf("%+v %v", page, err)
	}
	reconcile(t, page)
}

// However long orders are and wherever their rows stand, each order comes once, whole.
func TestOrdersAreNeverCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(rt, "orders")
		var rows []string
		lines := map[string]int{}
		for i := range n {
			k := rapid.SampledFrom([]int{1, 2, 3, 60, 520}).Draw(rt, "lines")
			number := fmt.Sprintf("#%d", i)
			lines[number] = k
			rows = append(rows, number+",a@b.example,paid,30.00,EUR,2024-05-01 10:00:00 +0000,1,Item 0,1.00")
			for j := 1; j < k; j++ {
				rows = append(rows, fmt.Sprintf("%s,,,,,,1,Item %d,1.00", number, j))
			}
		}
		for range rapid.IntRange(0, 5).Draw(rt, "moves") { // a row moves to the end
			i := rapid.IntRange(0, len(rows)-1).Draw(rt, "row")
			row := rows[i]
			rows = append(append(rows[:i:i], rows[i+1:]...), row)
		}
		changes, rejected := pullAll(t, openFile(t, "orders.csv", orderHeader+strings.Join(rows, "\n"), nil))
		if len(rejected) > 0 {
			rt.Fatalf("%+v", rejected[0])
		}
		seen := map[string]bool{}
		for _, c := range changes {
			o := c.Record.Order
			if o == nil {
				continue
			}
			if seen[o.Number] || len(o.Lines) != lines[o.Number] {
				rt.Fatalf("order %s: %d lines, want %d; seen %v", o.Number, len(o.Lines), lines[o.Number], seen[o.Number])
			}
			seen[o.Number] = true
		}
		if len(seen) != n {
			rt.Fatalf("%d orders, want %d", len(seen), n)
		}
	})
}

func TestTheSameKeyTwice(t *testing.T) {
	t.Parallel()
	changes, rejected := pullAll(t, openFile(t, "c.csv", header+
		"Jana,family@home.example,,Kiel\nJana,Family@home.example,,Kiel\nPeter,family@home.example,,Kiel\nNobody,,,Kiel\nNobody,,,Kiel\n", nil))
	ids := map[string]bool{}
	for _, c := range changes {
		ids[c.Record.ID] = true
	}
	if len(changes) != 5 || len(ids) != 5 || len(rejected) != 0 {
		t.Errorf("%+v", changes)
	}
	changes, rejected = pullAll(t, openFile(t, "c.csv", "Customer ID,Name\n1,Jana\n1,Jana\n1,Peter\n", nil))
	if len(changes) != 1 || len(rejected) != 1 || rejected[0].Reason != "id 1 stands in line 2 already, with other content" {
		t.Errorf("%+v %+v", changes, rejected)
	}
}

func TestMapCorrectsWhatWasGuessed(t *testing.T) {
	t.Parallel()
	data := "Wer,Was,\"Wo, genau\",Rest\nJana,jana@sternwarte.example,Kiel,x\n"
	c := openFile(t, "t.csv", data, map[string]string{"map": `Wer=name,"Wo, genau=address.city",Rest=-`})
	d, err := c.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := []connectors.Column{
		{Name: "Wer", Field: "name", Why: "map", Samples: []string{"Jana"}},
		{Name: "Was", Field: "email", Why: "content", Samples: []string{"jana@sternwarte.example"}},
		{Name: "Wo, genau", Field: "address.city", Why: "map", Samples: []string{"Kiel"}},
		{Name: "Rest", Field: "", Why: "map", Samples: []string{"x"}},
	}
	if diff := cmp.Diff(want, d.Columns); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		data    string
		options map[string]string
		class   connectors.Class
		says    string
	}{
		{"", nil, connectors.Invalid, "is empty"},
		{"PK\x03\x04rest", nil, connectors.Invalid, "save it as CSV"},
		{"<!doctype html><p>", nil, connectors.Invalid, "web page"},
		{"Colour,Size\nred,1\n", nil, connectors.Invalid, "--map"},
		{"\x7fELF\x02\x01\x01\x00\x03,\x00\x1b[2J\n\x00\x01\n", nil, connectors.Invalid, "f.csv is not text"},
		{`[{"id":1}]`, nil, connectors.Invalid, "looks like JSON"},
		{header, map[string]string{"map": "Nope=email"}, connectors.Invalid, `no column "nope"`},
		{header, map[string]string{"map": "Name=emial"}, connectors.Invalid, `"emial" is no field`},
		{header, map[string]string{"layout": "shoppify"}, connectors.Invalid, "shopify_orders"},
		{header, map[string]string{"zone": "Mars/Base"}, connectors.Invalid, "Europe/Berlin"},
		{header, map[string]string{"currency": "Euros!"}, connectors.Invalid, "three letters"},
		{header, map[string]string{"path": "other.csv"}, connectors.NotFound, "no file other.csv"},
		{"Order Number,Order Date,Order Total\n1,2024-01-02,5.00\n", nil, connectors.Invalid, "currency=EUR"},
	} {
		o := map[string]string{"path": "f.csv"}
		for k, v := range c.options {
			o[k] = v
		}
		conn, err := Spec().Open(context.Background(), o, envOf(map[string]string{"f.csv": c.data}))
		if err == nil {
			err = conn.Check(context.Background())
		}
		if connectors.ClassOf(err) != c.class || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q %v: %v", c.data, c.options, err)
		}
	}
}

func TestAFileThatChangedIsReadFromTheStart(t *testing.T) {
	t.Parallel()
	files := map[string]string{"f.csv": header + strings.Repeat("Jana,,+49 451 901820,Kiel\n", 1200)}
	c, err := Spec().Open(context.Background(), map[string]string{"path": "f.csv"}, envOf(files))
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.(connectors.Puller).Pull(context.Background(), connectors.Contact, "")
	if err != nil || !page.More || page.Done != 500 || page.Total != 1200 {
		t.Fatalf("%+v %v", page, err)
	}
	files["f.csv"] += "Tom,,1,Kiel\n"
	if _, err = c.(connectors.Puller).Pull(context.Background(), connectors.Contact, page.Next); connectors.ClassOf(err) != connectors.CursorExpired {
		t.Error(err)
	}
	if _, err = c.(connectors.Puller).Pull(context.Background(), connectors.Contact, "garbage"); connectors.ClassOf(err) != connectors.CursorExpired {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = c.(connectors.Puller).Pull(ctx, connectors.Contact, ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTimesWithoutZone(t *testing.T) {
	t.Parallel()
	data := "Name,Email,Registered\nJana,j@k.example,03.07.2024 12:00\n"
	changes, _ := pullAll(t, openFile(t, "f.csv", data, map[string]string{"zone": "Europe/Berlin"}))
	if want := time.Date(2024, 7, 3, 10, 0, 0, 0, time.UTC); !changes[0].Record.Created.Equal(want) {
		t.Error(changes[0].Record.Created)
	}
}

func BenchmarkPull100kRows(b *testing.B) {
	var s strings.Builder
	s.WriteString("Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Total Spent,Total Orders,Tags\n")
	for i := range 100_000 {
		fmt.Fprintf(&s, "'%d,Jana,Köhler %d,jana%d@sternwarte.example,yes,+49451901820,10.00,1,\"vip, new\"\n", 7_000_000+i, i, i)
	}
	data := s.String()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if changes, _ := pullAll(b, openFile(b, "customers.csv", data, nil)); len(changes) != 100_000 {
			b.Fatal(len(changes))
		}
	}
}

func TestRowsWithoutTheirEmptyCells(t *testing.T) {
	t.Parallel()
	full := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "F%d,f%d@full.example,+49 451 %d,Kiel\n", i, i, 100000+i)
		}
		return b.String()
	}
	short := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "S%d,s%d@short.example\n", i, i)
		}
		return b.String()
	}
	for _, c := range []struct {
		name, rows  string
		read, aside int
	}{
		{"all short", short(40), 40, 0},
		{"most short", full(10) + short(30), 40, 0},
		{"of different lengths", short(3) + "T,t@short.example,+49 451 1\n" + "王伟,wei@short.example\n", 5, 0},
		{"a good part, and none ends empty", full(60) + short(20), 80, 0},
		{"only the whole file shows it", full(600) + short(700), 1300, 0},
		{"a good part, but others end empty", full(60) + "E,e@empty.example,,\n" + short(20), 61, 20},
		{"one among whole rows", full(30) + short(1), 30, 1},
		{"two of many", full(30) + short(2), 30, 2},
	} {
		changes, rejected := pullAll(t, openFile(t, "c.csv", header+c.rows, nil))
		if len(changes) != c.read || len(rejected) != c.aside {
			t.Errorf("%s: %d read, %d aside, want %d and %d", c.name, len(changes), len(rejected), c.read, c.aside)
		}
	}
	// Where nothing but short rows shows what a column is, they do.
	changes, _ := pullAll(t, openFile(t, "c.csv", "who,Adr,Ort,x\nAna,ana@silva.example\nTom,tom@ford.example\n", nil))
	if len(changes) != 2 || field(changes[0].Record, "email") != "ana@silva.example" {
		t.Errorf("%+v", changes)
	}
}

func TestAContactTellsOnlyOfItsFilesColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, data, options, want string }{
		{"few columns", "t.csv", "id,name,email\n1,Ana,ana@x.example\n", "", "custom.email,email,name"},
		{"one that nobody knows", "t.csv", "name,Straße,Lieblingsfarbe\nAna,Weg 1,rot\n", "", "address,custom.lieblingsfarbe,name"},
		{"a corrected one is no more what it was", "t.csv", "name,phone\nAna,x7\n", "phone=custom.desk", "custom.desk,name,phone"},
		{"an order's buyer", "o.csv", "Order number,Order date,Total,Currency,E-mail,Colour\n1,2024-05-01,3.00,EUR,ana@x.example,red\n", "", "custom.e_mail,email"},
	} {
		options := map[string]string{}
		if c.options != "" {
			options["map"] = c.options
		}
		changes, _ := pullAll(t, openFile(t, c.file, c.data, options))
		if len(changes) == 0 || strings.Join(changes[0].Record.Covers, ",") != c.want {
			t.Errorf("%s: %+v", c.name, changes)
		}
	}
}

func TestWhoSubscribedIsConsent(t *testing.T) {
	t.Parallel()
	const people = "a@y.example,A,Y,subscribed\nb@y.example,B,Y,unsubscribed\nc@y.example,C,Y,cleaned\nd@y.example,D,Y,non-subscribed\ne@y.example,E,Y,pending\n"
	const each = "granted opted_out undeliverable withheld withheld"
	for _, c := range []struct{ name, file, data, layout, want string }{
		{"chosen columns", "audience.csv", "Email Address,First Name,Last Name,Status\n" + people, "mailchimp_audience", each},
		{"an empty cell is no yes", "audience.csv", "Email Address,First Name,Last Name,Status\n" + people + "f@y.example,F,Y,\n", "mailchimp_audience", each + " -"},
		{"nor is another word", "audience.csv", "Email Address,First Name,Last Name,Status\n" + strings.Repeat(people, 3) + "f@y.example,F,Y,who knows\n", "mailchimp_audience", each + " -"},
		{"by its name alone", "unsubscribed_members_export_7.csv", "Email Address,First Name\na@y.example,A\n", "mailchimp_audience", "opted_out"},
		{"any table's Status", "list.csv", "E-Mail,Vorname,Nachname,Status\n" + people, "table", each},
		{"Subscription", "list.csv", "E-Mail,Vorname,Nachname,Subscription\n" + people, "table", each},
		{"Opt-in", "list.csv", "E-Mail,Vorname,Nachname,Opt-in\n" + people + "f@y.example,F,Y,Opted in\n", "table", each + " granted"},
		{"a state of something else", "list.csv", "E-Mail,Vorname,Nachname,Status\na@y.example,A,Y,pending\nb@y.example,B,Y,blocked\n", "table", "- -"},
	} {
		conn := openFile(t, c.file, c.data, nil)
		d, err := conn.Describe(context.Background())
		if err != nil || d.Layout != c.layout {
			t.Errorf("%s: layout %s, %v", c.name, d.Layout, err)
		}
		changes, _ := pullAll(t, conn)
		var got []string
		for _, x := range changes {
			said := "-"
			if len(x.Record.Consents) > 0 {
				said = string(x.Record.Consents[0].State)
			}
			got = append(got, said)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}
