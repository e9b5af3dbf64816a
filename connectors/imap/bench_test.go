package imap

import (
	"context"
	"fmt"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/internal/servers"
)

// BenchmarkDovecot reads a mailbox of 1,000 messages at a real server: whole, and when nothing has
// changed, by a new connection and by one that is open.
func BenchmarkDovecot(b *testing.B) {
	d := servers.Need(b, servers.StartDovecot)
	user, before := newUser(), pageLetters
	pageLetters = 200
	b.Cleanup(func() { pageLetters = before })
	p := program{at(b, dovecotOptions(d, user), connectors.Env{}), d}
	for i, letters := 0, generated(); i < 1000; i++ {
		raw := fmt.Sprintf("X-Number: %d\n%s", i, letters[i%len(letters)])
		if err := p.do(func(s *session) error { return p.append(s, "INBOX", raw, monday, "") }); err != nil {
			b.Fatal(err)
		}
	}
	read := func(b *testing.B, c *connection, from connectors.Cursor) (told int, end connectors.Cursor) {
		for {
			page, err := c.Pull(context.Background(), connectors.MessageKind, from)
			if err != nil {
				b.Fatal(err)
			}
			told += page.Told
			if from = page.Next; !page.More {
				return told, from
			}
		}
	}
	fresh := func() *connection {
		c, err := Spec().Open(context.Background(), dovecotOptions(d, user), connectors.Env{})
		if err != nil {
			b.Fatal(err)
		}
		return c.(*connection)
	}
	c := fresh()
	_, end := read(b, c, "")
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			own := fresh()
			if told, _ := read(b, own, ""); told != 1000 {
				b.Fatal(told)
			}
			if err := own.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("nothing-changed", func(b *testing.B) {
		for b.Loop() {
			own := fresh()
			read(b, own, end)
			if err := own.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("nothing-changed-open", func(b *testing.B) {
		for b.Loop() {
			read(b, c, end)
		}
	})
	b.Run("census", func(b *testing.B) {
		for b.Loop() {
			own := fresh()
			if _, err := own.Census(context.Background(), connectors.MessageKind, ""); err != nil {
				b.Fatal(err)
			}
			if err := own.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
	_ = p.c.Close() // it says nothing that matters
}
