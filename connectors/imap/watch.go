package imap

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
)

// How long an IDLE goes on: RFC 2177 has servers end it after 29 minutes, and many end it, or the
// network forgets it, after ten. A server without IDLE is asked each minute.
const (
	idleFor  = 9 * time.Minute
	pollEach = time.Minute
)

// Watch waits for messages that arrive in the inbox or lie among sent mail, on a session of its own for
// each. It returns when ctx ends, or when the server does not let us in any more.
func (c *connection) Watch(ctx context.Context, news func(connectors.Hint)) error {
	var folders []string
	err := c.with(ctx, func(s *session) error {
		all, err := s.listFolders(ctx, false)
		if err != nil {
			return err
		}
		chosen, err := c.chosen(s, all)
		if err != nil {
			return err
		}
		folders = watched(chosen, all)
		return nil
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex // news is called by one goroutine at a time
	var all sync.WaitGroup
	for _, name := range folders {
		all.Go(func() {
			cancel(c.watch(ctx, name, func() {
				mu.Lock()
				defer mu.Unlock()
				news(connectors.Hint{Kind: connectors.MessageKind})
			}))
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// watched names the inbox and the folder of sent mail, where they are read; of a mailbox without
// them, the first folder.
func watched(chosen, all []*folder) []string {
	var out []string
	for _, f := range chosen {
		if f.raw == "INBOX" || f.place == mail.Sent && len(out) < 2 || f.all {
			out = append(out, f.raw)
		}
	}
	if len(chosen) == 1 && chosen[0].all { // Gmail tells of the inbox sooner than of all mail
		out = []string{"INBOX"}
		for _, f := range all {
			if f.place == mail.Sent {
				out = append(out, f.raw)
				break
			}
		}
	}
	if len(out) == 0 {
		out = []string{chosen[0].raw}
	}
	return out[:min(len(out), 3)]
}

// watch watches one folder until ctx ends, on one session after the other.
func (c *connection) watch(ctx context.Context, name string, news func()) error {
	known := uint32(0) // UIDNEXT as last seen; 0: not seen yet
	for failures := 0; ; {
		began := c.Env.Now()
		err := c.listen(ctx, name, &known, news)
		if gone := ctx.Err(); gone != nil {
			return gone
		}
		told := c.plain(err)
		if told.Class != connectors.Transient && told.Class != connectors.RateLimited {
			return told
		}
		if c.Env.Now().Sub(began) > idleFor {
			failures = 0 // it was well for a while
		}
		failures++
		pause := max(c.pause(failures), told.After)
		c.Env.Log.Info("imap: watching broke off", "host", c.Host, "again_in", pause)
		if err := c.Env.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// listen watches one folder on one session, until that breaks.
func (c *connection) listen(ctx context.Context, name string, known *uint32, news func()) error {
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	for {
		s.selected = nil
		open, err := s.examine(ctx, name)
		if err != nil {
			return err
		}
		next := open.next
		if next == 0 { // a server that does not say it
			next = open.exists + 1
		}
		if *known != 0 && next != *known {
			news()
		}
		*known = next
		if s.can("IDLE") {
			err = s.idle(ctx, open.exists, func(n uint32) {
				*known += n
				news()
			})
		} else {
			err = c.Env.Sleep(ctx, pollEach)
		}
		if err != nil {
			return err
		}
	}
}

// idle waits in the open folder for news (RFC 2177), for idleFor at most.
func (s *session) idle(ctx context.Context, exists uint32, news func(n uint32)) error {
	stop := s.guard(ctx)
	defer stop()
	tag, _, err := s.send([]any{"IDLE"})
	if err == nil {
		err = s.wanted(tag, "IDLE")
	}
	var no *refusal
	if errors.As(err, &no) {
		delete(s.caps, "IDLE") // it says that it can and cannot
		return nil
	}
	if err != nil {
		return s.fail(ctx, err)
	}
	// The clock is the one that we were given: it ends the waiting by asking the server to end it.
	wait := s.wait
	s.wait = idleFor + patience
	waiting, cancel := context.WithCancel(ctx)
	var clock sync.WaitGroup
	var done error
	clock.Go(func() {
		if s.c.Env.Sleep(waiting, idleFor) == nil {
			done = s.write("DONE\r\n")
		}
	})
	_, err = s.answer(tag, "IDLE", func(r *response) {
		if r.name == "EXISTS" && r.num > exists {
			news(r.num - exists)
		}
		if r.name == "EXISTS" {
			exists = r.num
		}
		if r.name == "EXPUNGE" && exists > 0 {
			exists--
		}
	})
	cancel()
	clock.Wait()
	s.wait = wait
	if err == nil {
		err = done
	}
	if errors.As(err, &no) && strings.EqualFold(no.r.name, "BAD") {
		return nil
	}
	if err != nil {
		return s.fail(ctx, err)
	}
	return nil
}
