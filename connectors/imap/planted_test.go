package imap

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

// mutated is a connection that has what another has, and a bug.
type mutated struct {
	*connection
	pull   func(ctx context.Context, from connectors.Cursor) (connectors.Page, error)
	census func(ctx context.Context, from connectors.Cursor) (connectors.CensusPage, error)
	watch  func(ctx context.Context, news func(connectors.Hint)) error
	check  func(ctx context.Context) error
}

func (m *mutated) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if m.pull != nil {
		return m.pull(ctx, from)
	}
	return m.connection.Pull(ctx, kind, from)
}

func (m *mutated) Census(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	if m.census != nil {
		return m.census(ctx, from)
	}
	return m.connection.Census(ctx, kind, from)
}

func (m *mutated) Watch(ctx context.Context, news func(connectors.Hint)) error {
	if m.watch != nil {
		return m.watch(ctx, news)
	}
	return m.connection.Watch(ctx, news)
}

func (m *mutated) Check(ctx context.Context) error {
	if m.check != nil {
		return m.check(ctx)
	}
	return m.connection.Check(ctx)
}

// mutant is one bug: in what the connection does, or in what it says to the server, or in what it
// understands of it.
type mutant struct {
	caught  string // the case meant for it
	bug     func(m *mutated)
	says    func(command []byte) []byte
	hears   func(answer []byte) []byte
	server  func(f *fake)
	another func(c *connection) connectors.Connector
}

const messages = connectors.MessageKind

// mutants are bugs that a connector to mail servers is likely to have.
var mutants = map[string]mutant{
	"messages become read":        {caught: "reading changes nothing", says: replaced("BODY.PEEK[", "BODY[")},
	"folders are opened to write": {caught: "reading changes nothing", says: replaced("EXAMINE", "SELECT")},
	"says not who asks": {caught: "pages", says: func(b []byte) []byte {
		return regexp.MustCompile(`(?m)^(k\d+) ID .*\r`).ReplaceAll(b, []byte("$1 NOOP\r"))
	}, server: func(f *fake) { f.traps.unsafe = true }},
	"UIDVALIDITY is not looked at": {caught: "renumbered", hears: func(b []byte) []byte {
		return regexp.MustCompile(`UIDVALIDITY \d{10}`).ReplaceAll(b, []byte("UIDVALIDITY 1234567890"))
	}},
	"a census of the first fifty": {caught: "census", says: replaced("UNDELETED UNDRAFT", "UNDELETED UNDRAFT UID 1:50")},
	"hides an interface": {caught: "capabilities", another: func(c *connection) connectors.Connector {
		return struct {
			connectors.Puller
			connectors.Watcher
			connectors.Connector
		}{c, c, c}
	}},
	"checks nothing": {caught: "check", bug: func(m *mutated) { m.check = func(context.Context) error { return nil } }},
	"loses the last of a page": {caught: "pages", bug: func(m *mutated) {
		m.pull = func(ctx context.Context, from connectors.Cursor) (connectors.Page, error) {
			p, err := m.connection.Pull(ctx, messages, from)
			if n := len(p.Changes); n > 0 {
				p.Changes = p.Changes[:n-1]
				p.Told--
			}
			return p, err
		}
	}},
	"goes on one too far": {caught: "late commit", bug: func(m *mutated) {
		m.pull = func(ctx context.Context, from connectors.Cursor) (connectors.Page, error) {
			p, err := m.connection.Pull(ctx, messages, from)
			p.Next = connectors.Cursor(regexp.MustCompile(`"n":\d+`).ReplaceAllStringFunc(string(p.Next), func(s string) string { return s + "0" }))
			return p, err
		}
	}},
	"keeps its place in memory": {caught: "resume", bug: func(m *mutated) {
		at := connectors.Cursor("")
		m.pull = func(ctx context.Context, from connectors.Cursor) (connectors.Page, error) {
			if from == "" {
				at = ""
			}
			p, err := m.connection.Pull(ctx, messages, at)
			at = p.Next
			return p, err
		}
	}},
	"numbered anew is all gone": {caught: "renumbered", bug: func(m *mutated) {
		told := map[string]bool{}
		m.pull = func(ctx context.Context, from connectors.Cursor) (connectors.Page, error) {
			p, err := m.connection.Pull(ctx, messages, from)
			for i := range p.Changes {
				told[p.Changes[i].Record.ID] = true
			}
			if from != "" && !p.More && len(p.Changes) > 0 {
				p.Changes = append(p.Changes, connectors.Change{Gone: true, Record: connectors.Record{Kind: messages, ID: p.Changes[0].Record.ID, Keyed: connectors.KeyedID}})
			}
			return p, err
		}
	}},
	"a census ends at a fault": {caught: "census", bug: func(m *mutated) {
		m.census = func(ctx context.Context, from connectors.Cursor) (connectors.CensusPage, error) {
			p, err := m.connection.Census(ctx, messages, from)
			if err != nil {
				return connectors.CensusPage{Live: map[string]connectors.Version{}}, nil
			}
			return p, err
		}
	}},
	"tells deletions as messages": {caught: "delete and create again", says: replaced("UNDELETED UNDRAFT", "UID 1:1")},
	"a page fails at each cut": {caught: "cut", bug: func(m *mutated) {
		m.pull = func(ctx context.Context, from connectors.Cursor) (connectors.Page, error) {
			sleep := m.Env.Sleep
			defer func() { m.Env.Sleep = sleep }()
			m.connection.Env.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
			return m.connection.Pull(ctx, messages, from)
		}
	}},
	"ignores who stopped waiting": {caught: "cancelled", bug: func(m *mutated) {
		m.pull = func(ctx context.Context, from connectors.Cursor) (connectors.Page, error) {
			return m.connection.Pull(context.WithoutCancel(ctx), messages, from)
		}
	}},
	"tries a wrong password again": {caught: "wrong secret", bug: func(m *mutated) {
		m.pull = func(ctx context.Context, from connectors.Cursor) (connectors.Page, error) {
			p, err := m.connection.Pull(ctx, messages, from)
			if connectors.ClassOf(err) == connectors.Auth {
				return m.connection.Pull(ctx, messages, from)
			}
			return p, err
		}
	}},
	"says the password in an error": {caught: "secret", bug: func(m *mutated) {
		m.check = func(ctx context.Context) error {
			if err := m.connection.Check(ctx); err != nil {
				return fmt.Errorf("with the password %s: %w", m.Password, err)
			}
			return nil
		}
	}},
	"listens once": {caught: "watch", bug: func(m *mutated) {
		m.watch = func(ctx context.Context, news func(connectors.Hint)) error {
			known := uint32(0)
			return m.plain(m.listen(ctx, "INBOX", &known, func() { news(connectors.Hint{Kind: messages}) }))
		}
	}},
	"IDLE for an hour": {caught: "watch", says: replaced("DONE\r\n", ""), server: func(f *fake) { f.traps.idleEnds = 29 * time.Minute }, bug: func(m *mutated) {
		m.watch = func(ctx context.Context, news func(connectors.Hint)) error {
			first := true
			return m.connection.Watch(ctx, func(h connectors.Hint) {
				if first {
					news(h)
				}
				first = false
			})
		}
	}},
	"one message for all of a date": {caught: "one timestamp", bug: func(m *mutated) {
		m.pull = func(ctx context.Context, from connectors.Cursor) (connectors.Page, error) {
			p, err := m.connection.Pull(ctx, messages, from)
			for i := range p.Changes {
				p.Changes[i].Record.ID = p.Changes[i].Record.Created.String()
			}
			return p, err
		}
	}},
	"edits are not seen": {caught: "edit while paging", bug: func(m *mutated) {
		told := map[string]bool{}
		m.pull = func(ctx context.Context, from connectors.Cursor) (connectors.Page, error) {
			p, err := m.connection.Pull(ctx, messages, from)
			var changes []connectors.Change
			for _, ch := range p.Changes {
				if !told[ch.Record.ID] {
					changes = append(changes, ch)
				}
				told[ch.Record.ID] = true
			}
			p.Changes = changes
			return p, err
		}
	}},
}

func replaced(old, other string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(other)) }
}

// talk changes what goes over a connection, a write or read at a time.
type talk struct {
	net.Conn
	m    *mutant
	rest []byte
}

func (c *talk) Write(b []byte) (int, error) {
	out := b
	if c.m.says != nil {
		out = c.m.says(b)
	}
	if _, err := c.Conn.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (c *talk) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		in := make([]byte, 32<<10)
		n, err := c.Conn.Read(in)
		if err != nil {
			return 0, err
		}
		if c.rest = in[:n]; c.m.hears != nil {
			c.rest = c.m.hears(c.rest)
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := harness(func(f *fake) {
				if m.server != nil {
					m.server(f)
				}
			})
			open := h.Spec.Open
			h.Spec.Open = func(ctx context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
				dial := env.Dial
				env.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := dial(ctx, network, address)
					if err != nil || m.says == nil && m.hears == nil {
						return conn, err
					}
					return &talk{Conn: conn, m: &m}, nil
				}
				c, err := open(ctx, o, env)
				if err != nil {
					return nil, err
				}
				own := c.(*connection)
				if m.another != nil {
					return m.another(own), nil
				}
				bad := &mutated{connection: own}
				if m.bug != nil {
					m.bug(bad)
				}
				return bad, nil
			}
			connectortest.Catches(t, m.caught, h)
		})
	}
}
