package smtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

// mutated is a connection with a bug.
type mutated struct {
	*connection
	send  func(ctx context.Context, in connectors.Intent, m connectors.Message) (string, error)
	check func(ctx context.Context) error
}

func (m *mutated) Send(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
	if m.send != nil {
		return m.send(ctx, in, msg)
	}
	return m.connection.Send(ctx, in, msg)
}

func (m *mutated) Check(ctx context.Context) error {
	if m.check != nil {
		return m.check(ctx)
	}
	return m.connection.Check(ctx)
}

// lone hides an interface.
type lone struct{ c *connection }

func (l lone) Check(ctx context.Context) error { return l.c.Check(ctx) }
func (l lone) Send(ctx context.Context, in connectors.Intent, m connectors.Message) (string, error) {
	return l.c.Send(ctx, in, m)
}

// mutant is one bug: in what the connection does, or in what it says to the server.
type mutant struct {
	caught string // the case meant for it
	bug    func(m *mutated)
	says   func(b []byte) []byte
	conn   func(c net.Conn) net.Conn
	alone  bool
}

// reclassed tells errors of one class as of another.
func reclassed(from, to connectors.Class) func(m *mutated) {
	return func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			id, err := m.connection.Send(ctx, in, msg)
			var e *connectors.Error
			if errors.As(err, &e) && e.Class == from {
				e.Class = to
			}
			return id, err
		}
	}
}

// altered sends another message than it was told.
func altered(change func(in *connectors.Intent, msg *connectors.Message)) func(m *mutated) {
	return func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			change(&in, &msg)
			return m.connection.Send(ctx, in, msg)
		}
	}
}

// deadlines is a connection whose patience is another one.
type deadlines struct {
	net.Conn
	wait time.Duration // 0: for ever
}

func (d deadlines) at(t time.Time) time.Time {
	if d.wait == 0 {
		return time.Time{}
	}
	return time.Now().Add(d.wait)
}
func (d deadlines) SetDeadline(t time.Time) error      { return d.Conn.SetDeadline(d.at(t)) }
func (d deadlines) SetReadDeadline(t time.Time) error  { return d.Conn.SetReadDeadline(d.at(t)) }
func (d deadlines) SetWriteDeadline(t time.Time) error { return d.Conn.SetWriteDeadline(d.at(t)) }

// talk changes what goes over a connection.
type talk struct {
	net.Conn
	says func([]byte) []byte
}

func (c *talk) Write(b []byte) (int, error) {
	if _, err := c.Conn.Write(c.says(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

var tries atomic.Int64

var mutants = map[string]mutant{
	"sends again what may have been sent": {caught: "cut after the end", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			id, err := m.connection.Send(ctx, in, msg)
			if err != nil && connectors.ClassOf(err) == connectors.Ambiguous {
				return m.connection.Send(ctx, in, msg)
			}
			return id, err
		}
	}},
	"what may have been sent was not":      {caught: "cut after the end", bug: reclassed(connectors.Ambiguous, connectors.Transient)},
	"every break is one that nobody knows": {caught: "cut before the end", bug: reclassed(connectors.Transient, connectors.Ambiguous)},
	"every try is another mail": {caught: "same intent", bug: func(m *mutated) {
		altered(func(in *connectors.Intent, _ *connectors.Message) { in.ID += fmt.Sprint(tries.Add(1)) })(m)
	}},
	"every intent is one mail": {caught: "same intent", bug: altered(func(in *connectors.Intent, _ *connectors.Message) { in.ID = "x" })},
	"another id than the mail's": {caught: "arrives", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			id, err := m.connection.Send(ctx, in, msg)
			return "queued-" + id, err
		}
	}},
	"says with success what failed": {caught: "refusals", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			id, err := m.connection.Send(ctx, in, msg)
			if connectors.ClassOf(err) == connectors.Forbidden {
				return id, nil
			}
			return id, err
		}
	}},
	"ASCII alone": {caught: "arrives", bug: altered(func(_ *connectors.Intent, msg *connectors.Message) {
		msg.Subject = strings.Map(func(r rune) rune {
			if r > 127 {
				return '?'
			}
			return r
		}, msg.Subject)
	})},
	"no HTML":              {caught: "arrives", bug: altered(func(_ *connectors.Intent, msg *connectors.Message) { msg.HTML = "" })},
	"no thread":            {caught: "arrives", bug: altered(func(_ *connectors.Intent, msg *connectors.Message) { msg.References = nil })},
	"hides what it is":     {caught: "arrives", bug: altered(func(_ *connectors.Intent, msg *connectors.Message) { msg.Automatic = false })},
	"answers go elsewhere": {caught: "arrives", bug: altered(func(_ *connectors.Intent, msg *connectors.Message) { msg.ReplyTo = connectors.Mailbox{} })},
	"dots are not doubled": {caught: "injection", says: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n.."), []byte("\r\n.")) }},
	"tries a wrong password with each mail": {caught: "login refused", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			m.held = nil
			return m.connection.Send(ctx, in, msg)
		}
	}},
	"takes no pause": {caught: "refusals", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			m.held = nil
			return m.connection.Send(ctx, in, msg)
		}
	}},
	"what fails once fails for good": {caught: "refusals", bug: reclassed(connectors.Transient, connectors.Invalid)},
	"tries for ever":                 {caught: "refusals", bug: reclassed(connectors.Invalid, connectors.Transient)},
	"forgets who is nobody": {caught: "refusals", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			id, err := m.connection.Send(ctx, in, msg)
			var e *connectors.Error
			if errors.As(err, &e) {
				e.Cause = nil
			}
			return id, err
		}
	}},
	"loses mails to a wrong server": {caught: "somebody else takes mail", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			id, err := m.connection.Send(ctx, in, msg)
			var e *connectors.Error
			if errors.As(err, &e) && strings.Contains(e.Text, "no mail server") {
				e.Class = connectors.Invalid
			}
			return id, err
		}
	}},
	"calls a busy server again and again": {caught: "busy", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (id string, err error) {
			for range 10 {
				if id, err = m.connection.Send(ctx, in, msg); err == nil {
					return id, nil
				}
				m.held = nil
			}
			return id, err
		}
	}},
	"a connection for ever": {caught: "connection gone meanwhile", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			l, err := m.compose(in, msg)
			if err != nil {
				return "", err
			}
			if m.session == nil {
				if m.session, err = m.connect(ctx); err != nil {
					return "", m.told(ctx, err)
				}
			}
			if err := m.session.deliver(ctx, l); err != nil {
				return "", m.told(ctx, err)
			}
			return l.id, nil
		}
	}},
	"says the password in an error": {caught: "secret of sending", bug: func(m *mutated) {
		m.check = func(ctx context.Context) error {
			if err := m.connection.Check(ctx); err != nil {
				return fmt.Errorf("with the password %s: %w", m.Password, err)
			}
			return nil
		}
	}},
	"a dry run is none": {caught: "dry run of sending", bug: func(m *mutated) { m.Env.DryRun = false }},
	"keeps no limit": {caught: "limits of sending", bug: func(m *mutated) {
		m.Env.Sleep = func(context.Context, time.Duration) error { return nil }
	}},
	"goes on when nobody waits": {caught: "cancelled sending", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			return m.connection.Send(context.WithoutCancel(ctx), in, msg)
		}
	}},
	"repairs line breaks": {caught: "injection", bug: altered(func(_ *connectors.Intent, msg *connectors.Message) {
		msg.Subject = strings.NewReplacer("\r", " ", "\n", " ").Replace(msg.Subject)
	})},
	"takes the first of several addresses": {caught: "injection", bug: altered(func(_ *connectors.Intent, msg *connectors.Message) {
		msg.To.Address, _, _ = strings.Cut(msg.To.Address, ",")
	})},
	"headers of one's own": {caught: "injection", bug: altered(func(_ *connectors.Intent, msg *connectors.Message) {
		delete(msg.Headers, "BCC")
	})},
	"two clicks": {caught: "unsubscribe", bug: altered(func(_ *connectors.Intent, msg *connectors.Message) {
		if msg.Unsubscribe != nil {
			u := *msg.Unsubscribe
			u.OneClick = false
			msg.Unsubscribe = &u
		}
	})},
	"nobody gets away": {caught: "unsubscribe", bug: altered(func(_ *connectors.Intent, msg *connectors.Message) { msg.Unsubscribe = nil })},
	"lower-case domains alone": {caught: "addresses", bug: func(m *mutated) {
		m.send = func(ctx context.Context, in connectors.Intent, msg connectors.Message) (string, error) {
			if needsUTF8(msg.To.Address) {
				return "", invalid("no such address")
			}
			return m.connection.Send(ctx, in, msg)
		}
	}},
	"checks by a mail": {caught: "check of sending", bug: func(m *mutated) {
		m.check = func(ctx context.Context) error {
			_, err := m.connection.Send(ctx, connectors.Intent{ID: "check"}, messageOf(0))
			return err
		}
	}},
	"checks nothing":            {caught: "check of sending", bug: func(m *mutated) { m.check = func(context.Context) error { return nil } }},
	"waits for ever":            {caught: "silence at a sending", conn: func(c net.Conn) net.Conn { return deadlines{c, 2 * time.Hour} }},
	"gives up soon":             {caught: "slow answers", conn: func(c net.Conn) net.Conn { return deadlines{c, 20 * time.Second} }},
	"hides that it has a limit": {caught: "can send", alone: true},
}

func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := harness(func(*fake) {})
			open := h.Spec.Open
			h.Spec.Open = func(ctx context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
				dial := env.Dial
				env.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := dial(ctx, network, address)
					if err == nil && m.conn != nil {
						conn = m.conn(conn)
					}
					if err == nil && m.says != nil {
						conn = &talk{conn, m.says}
					}
					return conn, err
				}
				c, err := open(ctx, o, env)
				if err != nil {
					return nil, err
				}
				own := c.(*connection)
				if m.alone {
					return lone{own}, nil
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
