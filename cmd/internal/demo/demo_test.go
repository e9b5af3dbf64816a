package demo

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/csv"
	"github.com/keptcrm/kept/connectors/mbox"
	"github.com/keptcrm/kept/connectors/vcard"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/service"
)

var specs = []connectors.Spec{csv.Spec(), vcard.Spec(), mbox.Spec()}

// The files are pinned: what comes out on another machine, or after a change of Go, is the same.
// KEPT_WRITE=1 writes the list anew.
func TestFilesAreTheSameEverywhere(t *testing.T) {
	t.Parallel()
	list := func(c *Company) string {
		var b strings.Builder
		for _, f := range c.Files {
			fmt.Fprintf(&b, "%s %s %d rows %d records %x\n", f.Path, f.Connection, f.Rows, f.Records, sha256.Sum256(f.Bytes))
		}
		for _, s := range c.Sums {
			fmt.Fprintf(&b, "%s %s %d orders %d net %d refunded %d left\n", s.Connection, s.Currency, s.Orders, s.Net, s.Refunded, s.Left)
		}
		return b.String()
	}
	got := list(Generate())
	if again := list(Generate()); got != again {
		t.Fatalf("two companies:\n%s\n%s", got, again)
	}
	path := filepath.Join("testdata", "files.golden")
	if os.Getenv("KEPT_WRITE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("got\n%s\nwant (%v)\n%s", got, err, want)
	}
}

// The demo's size is that of a small company, with one of everything that a shop knows.
func TestCompanyIsWhole(t *testing.T) {
	t.Parallel()
	c := Generate()
	if len(c.Files) != 6 || c.Files[1].Records != salesOfShop || c.Files[2].Records != salesOfEtsy || c.Buyers != customersOfShop+guestsOfShop {
		t.Errorf("%d files, %d orders, %d Etsy orders, %d buyers", len(c.Files), c.Files[1].Records, c.Files[2].Records, c.Buyers)
	}
	orders := string(c.Files[1].Bytes)
	for _, has := range []string{",paid,", ",partially_refunded,", ",refunded,", ",pending,", ",voided,", ",expired,", "Bogus Gateway"} {
		if !strings.Contains(orders, has) {
			t.Errorf("no order is %s", has)
		}
	}
	book := string(c.Files[3].Bytes)
	for _, has := range []string{"🌸", "أبو خالد", "王师傅", "Suharto", "@@", "+86"} {
		if !strings.Contains(book, has) {
			t.Errorf("nobody in the address book is %s", has)
		}
	}
	box := string(c.Files[5].Bytes)
	for _, has := range []string{"=?gb18030?B?", "List-Id: ", "In-Reply-To: ", "X-Gmail-Labels: Sent", "filename="} {
		if !strings.Contains(box, has) {
			t.Errorf("no message has %q", has)
		}
	}
	for _, f := range c.Files {
		if n := strings.Count(string(f.Bytes), "Jana"); f.Path == FileCustomers && n != 1 {
			t.Errorf("%d people called Jana: \"brief jana\" must mean one", n)
		}
	}
	if len(c.Sums) != 3 {
		t.Errorf("sums %+v", c.Sums)
	}
}

// standing is a demo that all tests look at and none changes.
var standing = sync.OnceValues(func() (*Built, error) {
	dir, err := os.MkdirTemp("", "kept-demo")
	if err != nil {
		return nil, err
	}
	folder = dir
	return Build(context.Background(), dir, specs)
})

var folder string

func TestMain(m *testing.M) {
	code := m.Run()
	if folder != "" {
		if b, err := standing(); err == nil {
			_ = b.Close()
		}
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

func demo(t *testing.T) *Built {
	t.Helper()
	b, err := standing()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestImportsAddUp(t *testing.T) {
	t.Parallel()
	b := demo(t)
	layouts := map[string]string{FileCustomers: "shopify_customers", FileOrders: "shopify_orders", FileEtsy: "etsy_sold_orders",
		FileContacts: "vcard", FileNewsletter: "mailchimp_audience", FileMailbox: "mail"}
	var files []service.ImportFile
	var sums []state.Sum
	for _, in := range b.Imports {
		files = append(files, in.Files...)
		sums = append(sums, in.Total.Sums...)
	}
	if len(files) != len(b.Company.Files) {
		t.Fatalf("%d files read", len(files))
	}
	for i, f := range b.Company.Files {
		got, aside := files[i], 0
		if f.Path == FileNewsletter || f.Path == FileMailbox {
			aside = 1
		}
		n := got.Run.Counts
		if got.Layout != layouts[f.Path] || n.Told != int64(f.Rows) || n.Aside != int64(aside) || n.Seen != n.Told-n.Aside || got.Run.Connection != f.Connection {
			t.Errorf("%s: layout %s, connection %s, %+v", f.Path, got.Layout, got.Run.Connection, n)
		}
		if f.Path == FileContacts && (n.Partly != 1 || len(got.Rejected) != 1 || !got.Rejected[0].Kept) {
			t.Errorf("%s: %+v", f.Path, got.Rejected)
		}
	}
	slices.SortStableFunc(sums, func(a, b state.Sum) int { return strings.Compare(a.Connection, b.Connection) })
	if len(sums) != len(b.Company.Sums) {
		t.Fatalf("sums %+v", sums)
	}
	for i, want := range b.Company.Sums {
		if got := sums[i]; got.Connection != want.Connection || got.Currency != want.Currency || got.Orders != int64(want.Orders) ||
			got.Net != want.Net || got.Refunded != want.Refunded || got.Left != int64(want.Left) {
			t.Errorf("sum %+v, want %+v", got, want)
		}
	}
}

func TestThreeSpellings(t *testing.T) {
	t.Parallel()
	ctx, api := context.Background(), demo(t).API
	list, err := api.QuestionList(ctx, service.QuestionListIn{Ref: Twin, Kind: state.QuestionMatch})
	if err != nil || len(list.Questions) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	q := list.Questions[0]
	var codes []string
	for _, r := range q.Reasons {
		codes = append(codes, r.Code)
	}
	if !slices.Contains(codes, "two_ids") || !slices.Contains(codes, "same_phone") || q.A.Name != "李伟" || q.B.Name != "Li Wei" {
		t.Errorf("%+v, reasons %v", q, codes)
	}
	why, err := api.Why(ctx, service.WhyIn{A: q.B.Number})
	if err != nil || !slices.ContainsFunc(why.Links, func(l service.LinkLine) bool {
		return l.Record.Connection == "contacts" && strings.Contains(l.Says, "Wei Li") && l.By == "rule"
	}) {
		t.Errorf("the third spelling has not joined: %+v %v", why.Links, err)
	}
}

func TestJana(t *testing.T) {
	t.Parallel()
	b, err := demo(t).API.Brief(context.Background(), service.BriefIn{Ref: "jana"})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Bought) != 1 || b.Bought[0].Orders != 23 || b.Bought[0].Net.Minor != janaSpent || b.Bought[0].EveryDays != 31 {
		t.Errorf("bought %+v", b.Bought)
	}
	if b.Owner != "Ana Lima" || b.Deputy != "Wei Zhang" || len(b.Ours) != 2 || len(b.Theirs) != 1 || !b.Now.Equal(now) {
		t.Errorf("%+v", b)
	}
	if p := b.Ours[0]; !p.Late || p.LateDays != 2 || p.By != "Wei Zhang" || p.Due.Weekday().String() != "Thursday" && !p.DateOnly {
		t.Errorf("late %+v", p)
	}
	if !slices.ContainsFunc(b.Reach, func(r service.Reach) bool { return r.Type == "phone" && r.State == state.ConsentOptedOut }) {
		t.Errorf("reach %+v", b.Reach)
	}
	if len(b.Employers) != 1 || b.Employers[0].Customer.Name != observatory {
		t.Errorf("works for %+v", b.Employers)
	}
	list, err := demo(t).API.PromiseList(context.Background(), service.PromiseListIn{Ref: Twin})
	if err != nil || len(list.Promises) != 1 || list.Promises[0].Text != "样品寄出" || list.Promises[0].Due.Format("2006-01-02") != "2026-11-25" {
		t.Errorf("%+v %v", list.Promises, err)
	}
}

func TestRefusalsHold(t *testing.T) {
	t.Parallel()
	b := demo(t)
	list, err := b.API.OptoutList(context.Background(), service.OptoutListIn{})
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]bool{}
	for _, l := range list.Lines {
		refused[l.State+" "+l.Value] = true
	}
	for _, mail := range b.Company.Unsubscribed {
		if !refused[state.ConsentOptedOut+" "+mail] {
			t.Errorf("%s left the newsletter and is not listed", mail)
		}
	}
	for _, mail := range b.Company.Undeliverable {
		if !refused[state.ConsentUndeliverable+" "+mail] {
			t.Errorf("%s cannot be reached and is not listed", mail)
		}
	}
	if len(b.Company.Unsubscribed) < 40 || len(b.Company.Undeliverable) < 10 {
		t.Errorf("%d unsubscribed, %d undeliverable", len(b.Company.Unsubscribed), len(b.Company.Undeliverable))
	}
}

// Each import can be taken back, in either order, and nothing is damaged by it.
func TestEveryImportCanBeUndone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	whole, err := demo(t).API.RunList(ctx, service.RunListIn{})
	if err != nil || len(whole.Runs) != 6 {
		t.Fatalf("%d runs, %v", len(whole.Runs), err)
	}
	newestFirst := whole.Runs
	oldestFirst := slices.Clone(newestFirst)
	slices.Reverse(oldestFirst)
	for name, runs := range map[string][]service.Run{"newest first": newestFirst, "oldest first": oldestFirst} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := copyOf(t)
			for _, r := range runs {
				if _, err := s.api.ImportUndo(ctx, service.ImportUndoIn{Run: r.Number}); err != nil {
					t.Fatalf("%s: %v", r.Source, err)
				}
				check, err := s.api.Check(ctx, service.CheckIn{})
				if err != nil || len(check.Damages) > 0 {
					t.Fatalf("after %s: %+v %v", r.Source, check.Damages, err)
				}
			}
			// What people said of somebody stays, with its customer: the owners of businesses and of the cast.
			list, err := s.api.CustomerList(ctx, service.CustomerListIn{})
			if want := len(demo(t).Company.Business) + 2; err != nil || len(list.Customers) != want {
				t.Errorf("%d customers are left, want %d, %v", len(list.Customers), want, err)
			}
		})
	}
}

// copyOf gives a state of its own, as the demo's.
func copyOf(t *testing.T) *opened {
	t.Helper()
	demo(t)
	path := filepath.Join(t.TempDir(), StateFile)
	b, err := os.ReadFile(filepath.Join(folder, StateFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := open(path, specs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s
}

// everything is all that the demo's state says, as JSON.
func everything(t *testing.T, api service.API) string {
	t.Helper()
	ctx := context.Background()
	var all []any
	keep := func(v any, err error) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	customers, err := api.CustomerList(ctx, service.CustomerListIn{Limit: 1 << 20})
	keep(customers, err)
	questions, err := api.QuestionList(ctx, service.QuestionListIn{Limit: -1})
	keep(questions, err)
	promises, err := api.PromiseList(ctx, service.PromiseListIn{All: true})
	keep(promises, err)
	staff, err := api.StaffList(ctx, service.StaffListIn{})
	keep(staff, err)
	history, err := api.History(ctx, service.HistoryIn{Ref: janaMail, Limit: -1})
	keep(history, err)
	optouts, err := api.OptoutList(ctx, service.OptoutListIn{All: true})
	keep(optouts, err)
	b, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAgainIsTheSame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := write(dir, &Company{}); err != nil { // an older demo stands there
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, StateFile), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Build(context.Background(), dir, specs)
	if err != nil {
		t.Fatal(err)
	}
	again := everything(t, b.API)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if again != everything(t, demo(t).API) {
		t.Fatal("another demo came out")
	}
}

func TestForeignFoldersStayAsTheyAre(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{dir, mine} {
		if _, err := Build(context.Background(), target, specs); !state.IsCode(err, "demo_folder") {
			t.Errorf("%s: %v", target, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v %v", entries, err)
	}
}

func TestBusyStateStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := write(dir, &Company{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, StateFile)
	store, err := bolt.Open(path, bolt.Options{Kinds: state.Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Build(context.Background(), dir, specs)
	if !state.IsCode(err, "demo_busy") {
		t.Errorf("%v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCancelledDemoLeavesTheOldOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := write(dir, &Company{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, StateFile)
	store, err := bolt.Open(path, bolt.Options{Kinds: state.Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Build(ctx, dir, specs); err == nil {
		t.Fatal("a cancelled demo was built")
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the old state changed: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, building)); err == nil {
		t.Error("the half-made state was left")
	}
}
