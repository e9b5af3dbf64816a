package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keptcrm/kept/cmd"
	"github.com/keptcrm/kept/connectors/all"
	"github.com/keptcrm/kept/internal/servers"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kept": func() { os.Exit(cmd.Main(all.Specs()...)) }})
}

// running is a [servers.Company] as servers.Need starts it.
type running struct{ *servers.Company }

// TestInStep brings a real webshop, a real address book, a real mailbox and a real social account in
// step with the commands that a user would type: testdata/live/in_step.txtar tells it.
func TestInStep(t *testing.T) {
	t.Parallel()
	company := servers.Need(t, func(ctx context.Context, dir string) (running, error) {
		c, err := servers.StartCompany(ctx, dir)
		return running{c}, err
	})
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "live"),
		UpdateScripts: os.Getenv("KEPT_WRITE") == "1",
		Setup: func(e *testscript.Env) error {
			run, err := os.MkdirTemp("", "kept") // sockets need short paths
			if err != nil {
				return err
			}
			e.Defer(func() { _ = os.RemoveAll(run) })
			for _, v := range [][2]string{{"XDG_RUNTIME_DIR", run}, {"XDG_STATE_HOME", filepath.Join(e.WorkDir, "state")},
				{"XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config")}, {"HOME", e.WorkDir}, {"TMPDIR", e.WorkDir}, {"LANG", "C.UTF-8"},
				{"SHOP_URL", company.Door.URL}, {"SHOP_USER", company.Shop.User}, {"SHOP_PASSWORD", company.Shop.Password},
				{"BOOK_URL", company.Book.URL}, {"BOOK_USER", servers.CompanyUser}, {"BOOK_PASSWORD", servers.CompanyPassword},
				{"MAIL_HOST", "127.0.0.1"}, {"MAIL_PORT", strconv.Itoa(company.Mail.IMAP)}, {"MAIL_USER", servers.CompanyMailbox},
				{"MAIL_PASSWORD", company.Mail.Password},
				{"SOCIAL_URL", company.Social.URL}, {"SOCIAL_HANDLE", company.Us.Handle}, {"SOCIAL_PASSWORD", company.AppPassword},
			} {
				e.Setenv(v[0], v[1])
			}
			return nil
		},
		Cmds: company.commands(t.Context()),
	})
}

// commands are what happens at the systems themselves.
func (c running) commands(ctx context.Context) map[string]func(*testscript.TestScript, bool, []string) {
	limited := func() (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, 2*time.Minute) }
	want := func(ts *testscript.TestScript, args []string, n int, usage string) {
		if len(args) != n {
			ts.Fatalf("usage: %s", usage)
		}
	}
	return map[string]func(*testscript.TestScript, bool, []string){
		// card UID OLD NEW: somebody edits a card in the address book.
		"card": func(ts *testscript.TestScript, _ bool, args []string) {
			want(ts, args, 3, "card UID OLD NEW")
			ctx, cancel := limited()
			defer cancel()
			text, err := c.Card(ctx, args[0])
			ts.Check(err)
			if !strings.Contains(text, args[1]) {
				ts.Fatalf("the card has no %q:\n%s", args[1], text)
			}
			ts.Check(c.PutCard(ctx, args[0], strings.Replace(text, args[1], args[2], 1)))
		},
		// book UID TEXT: the card says it; ! book: it does not.
		"book": func(ts *testscript.TestScript, neg bool, args []string) {
			want(ts, args, 2, "book UID TEXT")
			ctx, cancel := limited()
			defer cancel()
			text, err := c.Card(ctx, args[0])
			ts.Check(err)
			if strings.Contains(text, args[1]) == neg {
				ts.Fatalf("the card says\n%s", text)
			}
		},
		// shop EMAIL TEXT: the shop says it of the customer.
		"shop": func(ts *testscript.TestScript, neg bool, args []string) {
			want(ts, args, 2, "shop EMAIL TEXT")
			ctx, cancel := limited()
			defer cancel()
			text, err := c.ShopCustomer(ctx, args[0])
			ts.Check(err)
			if strings.Contains(text, args[1]) == neg {
				ts.Fatalf("the shop says\n%s", text)
			}
		},
		// customers N: the shop has so many, no two with one address.
		"customers": func(ts *testscript.TestScript, _ bool, args []string) {
			want(ts, args, 1, "customers N")
			ctx, cancel := limited()
			defer cancel()
			emails, err := c.ShopEmails(ctx)
			ts.Check(err)
			slices.Sort(emails)
			if got := strconv.Itoa(len(emails)); got != args[0] || len(slices.Compact(slices.Clone(emails))) != len(emails) {
				ts.Fatalf("the shop has %s customers: %v", got, emails)
			}
		},
		// at-shop EMAIL FIRST LAST PHONE: somebody at the shop edits a customer.
		"at-shop": func(ts *testscript.TestScript, _ bool, args []string) {
			want(ts, args, 3, "at-shop EMAIL MEMBER VALUE")
			ctx, cancel := limited()
			defer cancel()
			ts.Check(c.Shop.SetCustomer(ctx, c.Customer(args[0]), map[string]any{args[1]: args[2]}))
		},
		// wholesalers N: so many new cards of wholesale customers.
		"wholesalers": func(ts *testscript.TestScript, _ bool, args []string) {
			want(ts, args, 1, "wholesalers N")
			n, err := strconv.Atoi(args[0])
			ts.Check(err)
			ctx, cancel := limited()
			defer cancel()
			ts.Check(c.Wholesalers(ctx, n))
		},
		// kill-shop N: the shop dies before its N-th answer from now.
		"kill-shop": func(ts *testscript.TestScript, _ bool, args []string) {
			want(ts, args, 1, "kill-shop N")
			n, err := strconv.Atoi(args[0])
			ts.Check(err)
			c.Door.After(n, func() { _ = c.Shop.Kill() })
		},
		"start-shop": func(ts *testscript.TestScript, _ bool, _ []string) {
			ctx, cancel := limited()
			defer cancel()
			ts.Check(c.Shop.Restart(ctx))
		},
		// keep NAME: the first line of the last output is $NAME from now on.
		"keep": func(ts *testscript.TestScript, _ bool, args []string) {
			want(ts, args, 1, "keep NAME")
			line, _, _ := strings.Cut(ts.ReadFile("stdout"), "\n")
			ts.Setenv(args[0], strings.TrimSpace(line))
		},
		// exits CODE COMMAND...: the command ends with exactly that exit code.
		"exits": func(ts *testscript.TestScript, _ bool, args []string) {
			if len(args) < 2 {
				ts.Fatalf("usage: exits CODE COMMAND...")
			}
			got := 0
			if err := ts.Exec(args[1], args[2:]...); err != nil {
				if _, scanErr := fmt.Sscanf(err.Error(), "exit status %d", &got); scanErr != nil {
					ts.Fatalf("%v", err)
				}
			}
			if strconv.Itoa(got) != args[0] {
				ts.Fatalf("exit %d, want %s", got, args[0])
			}
		},
	}
}
