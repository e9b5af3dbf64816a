// Command demo-live starts a small company's systems, all real, on this machine alone, and brings them
// in step with the commands that a user would type, one after the other: a webshop (Vendure), an
// address book (Radicale), a mailbox (Dovecot) and a social account (a Bluesky PDS). On a terminal it
// waits for Enter before each command. What the servers need is installed by scripts/setup.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/keptcrm/kept/internal/servers"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo-live KEPT (the program; make demo-live builds it)")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1])
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo-live:", err)
		os.Exit(1)
	}
}

// show is the demonstration under way.
type show struct {
	ctx   context.Context
	kept  string
	env   []string
	keys  *bufio.Reader // nil: nobody is there to press one
	where string
}

func run(ctx context.Context, kept string) (err error) {
	kept, err = filepath.Abs(kept)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "kept-live-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Println("Four real servers are started on this machine; that takes half a minute.")
	c, err := servers.StartCompany(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	s := &show{ctx: ctx, kept: kept, where: dir}
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		s.keys = bufio.NewReader(os.Stdin)
	}
	s.env = append(os.Environ(), "KEPT_STATE="+filepath.Join(dir, "kept.db"), "KEPT_CONFIG="+filepath.Join(dir, "kept.yaml"),
		"SHOP_PASSWORD="+c.Shop.Password, "BOOK_PASSWORD="+servers.CompanyPassword, "MAIL_PASSWORD="+c.Mail.Password, "SOCIAL_PASSWORD="+c.AppPassword)
	return s.steps(c)
}

func (s *show) steps(c *servers.Company) error {
	for _, step := range []func() error{
		s.say("The four are connected. A new connection is only read."),
		s.do("connection", "add", "vendure", "shop", "--url", c.Door.URL, "--user", c.Shop.User, "--password", "env:SHOP_PASSWORD", "--country", "DE"),
		s.do("connection", "add", "carddav", "book", "--url", c.Book.URL, "--user", servers.CompanyUser, "--password", "env:BOOK_PASSWORD"),
		s.do("connection", "add", "imap", "mail", "--host", "127.0.0.1", "--port", strconv.Itoa(c.Mail.IMAP), "--security", "none",
			"--user", servers.CompanyMailbox, "--password", "env:MAIL_PASSWORD"),
		s.do("connection", "add", "bluesky", "social", "--url", c.Social.URL, "--handle", c.Us.Handle, "--password", "env:SOCIAL_PASSWORD", "--dms", "no"),
		s.say("Each is read. People whom several of them know are one customer, with one history."),
		s.do("sync"),
		s.do("customer", "list"),
		s.do("brief", "jana"),
		s.do("history", "jana"),
		s.say("Shop and address book are brought in step, both ways. Nothing is sent before somebody has seen it."),
		s.do("connection", "set", "shop", "mode=two-way", "create=tag:wholesale"),
		s.do("connection", "set", "book", "mode=two-way"),
		s.do("sync", "--dry-run"),
		s.apply(),
		s.say("What both say differently, somebody decides."),
		s.do("questions"),
		s.do("answer", "q1", "book"),
		s.do("sync"),
		s.say("Jana has a new phone number: somebody corrects it in the address book."),
		s.act("(at the address book: +49 451 901820 becomes +49 451 901821)", func() error {
			card, err := c.Card(s.ctx, "jana")
			if err != nil {
				return err
			}
			return c.PutCard(s.ctx, "jana", strings.Replace(card, "+49 451 901820", "+49 451 901821", 1))
		}),
		s.do("sync", "--dry-run"),
		s.apply(),
		s.act("(the shop says now)", func() error {
			text, err := c.ShopCustomer(s.ctx, "jana.koehler@sternwarte.example")
			fmt.Println(text)
			return err
		}),
		s.say("A second run changes nothing."),
		s.do("sync"),
		s.say("Twelve new wholesale customers; in the middle of writing them the shop dies."),
		s.act("(twelve cards, and a shop that dies soon)", func() error {
			c.Door.After(25, func() { _ = c.Shop.Kill() })
			return c.Wholesalers(s.ctx, 12)
		}),
		s.fails("sync"),
		s.act("(the shop is started again)", func() error { return c.Shop.Restart(s.ctx) }),
		s.do("sync"),
		s.act("(how many the shop has: each of them, and nobody twice)", func() error {
			emails, err := c.ShopEmails(s.ctx)
			fmt.Println(len(emails))
			return err
		}),
		s.do("sync"),
		s.do("connection", "list"),
	} {
		if err := step(); err != nil {
			return err
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (s *show) say(text string) func() error {
	return func() error {
		fmt.Printf("\n== %s\n", text)
		return nil
	}
}

func (s *show) act(text string, do func() error) func() error {
	return func() error {
		s.wait(text)
		return do()
	}
}

// wait shows what comes next, and waits for Enter where somebody is there.
func (s *show) wait(text string) {
	fmt.Printf("\n%s ", text)
	if s.keys == nil {
		fmt.Println()
		return
	}
	if _, err := s.keys.ReadString('\n'); err != nil {
		s.keys = nil // nobody is there after all
		fmt.Println()
	}
}

func (s *show) do(args ...string) func() error { return s.call(false, args) }

// fails is a command that cannot do all: that is the point of it.
func (s *show) fails(args ...string) func() error { return s.call(true, args) }

func (s *show) call(fails bool, args []string) func() error {
	return func() error {
		s.wait("$ kept " + strings.ReplaceAll(strings.Join(args, " "), s.where, "."))
		cmd := exec.CommandContext(s.ctx, s.kept, args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = s.env, os.Stdout, os.Stderr
		err := cmd.Run()
		var exit *exec.ExitError
		if fails && errors.As(err, &exit) {
			fmt.Printf("(exit %d)\n", exit.ExitCode())
			return nil
		}
		if err != nil {
			return fmt.Errorf("kept %s: %w", strings.Join(args, " "), err)
		}
		return nil
	}
}

// apply applies the plan that was made last.
func (s *show) apply() func() error {
	return func() error {
		cmd := exec.CommandContext(s.ctx, s.kept, "sync", "plans", "--output", "ids")
		cmd.Env, cmd.Stderr = s.env, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("kept sync plans: %w", err)
		}
		plan, _, _ := strings.Cut(string(out), "\n")
		return s.do("sync", "--apply", plan)()
	}
}
