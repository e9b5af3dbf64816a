package smtp

import (
	"context"
	"errors"
	"fmt"

	"github.com/keptcrm/kept/connectors"
)

// Send hands one mail over.
func (c *connection) Send(ctx context.Context, in connectors.Intent, m connectors.Message) (string, error) {
	l, err := c.compose(in, m)
	if err != nil {
		return "", err
	}
	if c.Env.DryRun {
		if c.Env.Unsent != nil {
			c.Env.Unsent(connectors.Exchange{Method: "MAIL", URL: "smtp://" + c.Address, Body: []byte(c.Mask.Text(string(l.raw))), Error: connectors.ErrDryRun.Error()})
		}
		return "", &connectors.Error{Class: connectors.Forbidden, Text: "this is a dry run: nothing was sent over " + c.System(), Cause: connectors.ErrDryRun}
	}
	done, err := c.take(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	if wait := c.until.Sub(c.Env.Now()); c.held != nil && wait > 0 {
		again := *c.held
		if again.After > 0 {
			again.After = wait
		}
		return "", &again
	}
	c.held = nil
	if wait := c.next.Sub(c.Env.Now()); wait > 0 {
		if err := c.Env.Sleep(ctx, wait); err != nil {
			return "", err
		}
	}
	if err := c.hand(ctx, l); err != nil {
		return "", c.told(ctx, err)
	}
	return l.id, nil
}

// hand delivers a mail over the session that is open, or another one where that was closed meanwhile.
func (c *connection) hand(ctx context.Context, l *letter) error {
	if c.session != nil && !c.session.usable() {
		c.leave()
	}
	for {
		fresh := c.session == nil
		if fresh {
			s, err := c.connect(ctx)
			if err != nil {
				return &wayError{err}
			}
			c.session = s
		}
		c.next = c.Env.Now().Add(c.every)
		err := c.session.deliver(ctx, l)
		if c.after(ctx, err); err == nil || fresh || !stale(err) || ctx.Err() != nil {
			return err
		}
	}
}

// after ends the session where nobody knows how it stands.
func (c *connection) after(ctx context.Context, err error) {
	var no *refusal
	var large *tooLarge
	switch {
	case err == nil || errors.As(err, &large):
		return
	case errors.As(err, &no) && no.code != 421 && no.stage == stageEnd:
		return
	case errors.As(err, &no) && no.code != 421 && no.stage != stageContent:
		stop := c.session.guard(ctx)
		c.session.wire.wait = loginPatience
		err := c.session.reset()
		if stop(); err == nil {
			return
		}
	}
	c.session.close()
	c.session = nil
}

// stale says whether a session that was left open is over, which its next command tells.
func stale(err error) bool {
	var no *refusal
	if errors.As(err, &no) {
		return no.code == 421 && no.stage == stageFrom
	}
	var step *stepError
	return errors.As(err, &step) && step.stage == stageFrom
}

// told gives every error its words and class, and keeps those that hold for all mails.
func (c *connection) told(ctx context.Context, err error) error {
	var step *stepError
	unsure := errors.As(err, &step) && step.stage == stageEnd
	if gone := ctx.Err(); gone != nil && !unsure {
		var no *refusal
		if !errors.As(err, &no) {
			return gone
		}
	}
	if unsure {
		return c.Fault(connectors.Ambiguous, err, "the connection to %s broke when the mail had been handed over and before that was confirmed: it may have been sent, or not. Look among the sent mails, or ask, before it is sent again", c.System())
	}
	e := c.plain(err)
	var way *wayError
	if errors.As(err, &way) && e.Class == connectors.Invalid {
		e.Class = connectors.Transient // it is the way that is wrong, not the mail: that can be mended
	}
	switch e.Class {
	case connectors.Auth:
		// A wrong password that is tried again and again locks the account.
		c.held, c.until = e, c.Env.Now().Add(authPause)
	case connectors.RateLimited:
		c.held, c.until = e, c.Env.Now().Add(e.After)
	}
	return e
}

// tooLarge is a mail that the server would not take.
type tooLarge struct{ most int64 }

func (t *tooLarge) Error() string { return fmt.Sprintf("the server takes %d bytes", t.most) }

// wayError is that there is no session for a mail.
type wayError struct{ err error }

func (w *wayError) Error() string { return w.err.Error() }
func (w *wayError) Unwrap() error { return w.err }
