package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/keptcrm/kept/connectors/mailserver"
)

// How long a server may take: to answer at all, to answer a command, to take a piece of the mail, and to
// say that it has the mail. The last is long on purpose (RFC 5321, section 4.5.3.2.6): whoever gives up
// sooner does not know whether the mail was sent.
const (
	loginPatience  = time.Minute
	patience       = 5 * time.Minute
	finalPatience  = 10 * time.Minute
	farewell       = 2 * time.Second
	grace          = 5 * time.Second // for the last answer, once nobody waits any more
	idle           = 20 * time.Second
	mostPerSession = 50
	mostAnswer     = 64 << 10 // bytes of one answer, with TLS around it
)

// Faults of the way to the session.
var (
	errNoLogin   = errors.New("the server offers no login")
	errOutOfStep = errors.New("the server answers what it was not asked")
	errNoUTF8    = errors.New("the server knows no SMTPUTF8")
)

// stage is what was asked of a server.
type stage string

const (
	stageGreeting stage = "greeting"
	stageHello    stage = "EHLO"
	stageTLS      stage = "STARTTLS"
	stageLogin    stage = "AUTH"
	stageFrom     stage = "MAIL"
	stageTo       stage = "RCPT"
	stageData     stage = "DATA"
	stageContent  stage = "content" // the mail's bytes, before its end
	stageEnd      stage = "end"     // from the mail's last line on
)

// stepError is an error of a step.
type stepError struct {
	stage stage
	err   error
}

func (s *stepError) Error() string { return string(s.stage) + ": " + s.err.Error() }
func (s *stepError) Unwrap() error { return s.err }

// wire bounds the time of every read and write, and what one answer may hold.
type wire struct {
	net.Conn
	wait  time.Duration
	hurry atomic.Bool // nobody waits any more: grace instead
	left  int
	wrote int // bytes that went out since the step began
}

func (w *wire) until() time.Time {
	if w.hurry.Load() {
		return time.Now().Add(min(w.wait, grace))
	}
	return time.Now().Add(w.wait)
}

func (w *wire) Read(b []byte) (int, error) {
	if w.left <= 0 {
		return 0, mailserver.ErrTooLong
	}
	_ = w.SetReadDeadline(w.until()) // the read itself tells what is wrong
	n, err := w.Conn.Read(b[:min(len(b), w.left)])
	w.left -= n
	return n, err
}

func (w *wire) Write(b []byte) (int, error) {
	_ = w.SetWriteDeadline(w.until()) // likewise
	n, err := w.Conn.Write(b)
	w.wrote += n
	return n, err
}

// session is one connection to the server, logged in. Its end is the closing of the connection, never
// a command in the middle of a mail: go-mail would end the mail first, and half of it were sent.
type session struct {
	c      *connection
	wire   *wire
	client *smtp.Client
	sent   int       // mails
	used   time.Time // when it was opened, or tried last
}

// connect opens a session and logs in.
func (c *connection) connect(ctx context.Context) (*session, error) {
	s, err := c.attempt(ctx, "")
	var no *refusal
	if c.Access == nil || !errors.As(err, &no) || no.stage != stageLogin || no.code < 500 {
		return s, err
	}
	token, again := c.Access.Token(ctx, "")
	if again != nil {
		return nil, err
	}
	renewed, again := c.Access.Token(ctx, token)
	if again != nil || renewed == token {
		return nil, errors.Join(err, again)
	}
	return c.attempt(ctx, renewed)
}

func (c *connection) attempt(ctx context.Context, token string) (*session, error) {
	if c.Access != nil && token == "" {
		var err error
		if token, err = c.Access.Token(ctx, ""); err != nil {
			return nil, err
		}
	}
	c.Mask.Add(token)
	conn, err := c.Dial(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{c: c, wire: &wire{Conn: conn, wait: loginPatience}, used: c.Env.Now()}
	if err := s.begin(ctx, token); err != nil {
		s.close()
		if gone := ctx.Err(); gone != nil {
			return nil, gone
		}
		return nil, err
	}
	return s, nil
}

func (s *session) begin(ctx context.Context, token string) error {
	defer s.guard(ctx)()
	s.wire.left = mostAnswer
	var conn net.Conn = s.wire
	if s.c.Security == mailserver.TLS {
		encrypted := tls.Client(s.wire, s.c.TLS())
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return mailserver.TLSFault(err)
		}
		conn = encrypted
	}
	err := s.step(stageGreeting, func() (err error) {
		s.client, err = smtp.NewClient(conn, s.c.Host)
		return err
	})
	if err != nil {
		return err
	}
	// Our own name is that of the mails' domain: "localhost" is refused by some.
	if err := s.step(stageHello, func() error { return s.client.Hello(s.c.domain) }); err != nil {
		return err
	}
	if s.c.Security == mailserver.StartTLS {
		if offered, _ := s.client.Extension("STARTTLS"); !offered {
			return mailserver.ErrNoStartTLS
		}
		err := s.step(stageTLS, func() error { return s.client.StartTLS(s.c.TLS()) })
		var no *refusal
		if errors.As(err, &no) {
			return err
		}
		if err != nil {
			return mailserver.TLSFault(err)
		}
	}
	return s.login(token)
}

// login proves who we are, where there is something to prove it with.
func (s *session) login(token string) error {
	c := s.c
	if c.User == "" {
		return nil
	}
	offered, list := s.client.Extension("AUTH")
	if !offered {
		return errNoLogin
	}
	can := map[string]bool{}
	for _, m := range strings.Fields(strings.ToUpper(list)) {
		can[m] = true
	}
	var with smtp.Auth
	switch local := c.Security == mailserver.None; {
	case c.Access != nil && can["XOAUTH2"]:
		with = smtp.XOAuth2Auth(c.User, token)
	case c.Access != nil && can["OAUTHBEARER"]:
		with = bearer{c, token}
	case c.Access != nil:
		return mailserver.ErrNoTokens
	case can["PLAIN"]:
		with = smtp.PlainAuth("", c.User, c.Password, c.Host, local)
	case can["LOGIN"]:
		with = smtp.LoginAuth(c.User, c.Password, c.Host, local)
	default:
		return mailserver.ErrNoPasswords
	}
	return s.step(stageLogin, func() error { return s.client.Auth(with) })
}

// bearer logs in with a token as RFC 7628 has it, where a server takes no XOAUTH2.
type bearer struct {
	c     *connection
	token string
}

func (b bearer) Start(*smtp.ServerInfo) (string, []byte, error) {
	return "OAUTHBEARER", b.c.Bearer(b.token), nil
}

// Next says that we heard why it was refused, as the server wants.
func (bearer) Next(_ []byte, more bool) ([]byte, error) {
	if more {
		return []byte{1}, nil
	}
	return nil, nil
}

// step asks the server one thing. Its error is a *refusal where the server said no, else a *stepError.
func (s *session) step(at stage, ask func() error) error {
	s.c.Env.Log.Debug("smtp", "host", s.c.Host, "step", string(at))
	s.wire.left, s.wire.wrote = mostAnswer, 0
	if s.client != nil && s.client.Text.R.Buffered() > 0 {
		return &stepError{at, errOutOfStep}
	}
	err := ask()
	var no *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &no) && no.Code >= 400 && no.Code <= 599:
		return refusalOf(at, no)
	}
	return &stepError{at, err}
}

// guard ends what is under way with the context.
func (s *session) guard(ctx context.Context) (stop func()) {
	end := context.AfterFunc(ctx, func() { _ = s.wire.Conn.Close() }) // what is under way ends by it
	return func() { end() }
}

// permits asks whether we may send as who we are, and takes it back.
func (s *session) permits(ctx context.Context) error {
	defer s.guard(ctx)()
	if err := s.mail(needsUTF8(s.c.from.Address)); err != nil {
		return err
	}
	return s.reset()
}

func (s *session) mail(utf8 bool) error {
	if utf8 {
		if offered, _ := s.client.Extension("SMTPUTF8"); !offered {
			return errNoUTF8
		}
	}
	// Asked for without need, it would be refused by the next server that does not know it.
	s.client.SkipSMTPUTF8(!utf8)
	return s.step(stageFrom, func() error { return s.client.Mail(path(s.c.from.Address)) })
}

// reset takes back what was begun.
func (s *session) reset() error { return s.step(stageFrom, s.client.Reset) }

// largest is how many bytes a mail may have as the server says; 0: it says nothing.
func (s *session) largest() int64 {
	_, size := s.client.Extension("SIZE")
	n, err := strconv.ParseInt(strings.TrimSpace(size), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// deliver hands a mail over. Whatever its error, and be it that ctx ended, only an error of stageEnd that
// is no refusal leaves open whether the mail was sent.
func (s *session) deliver(ctx context.Context, l *letter) error {
	stop := context.AfterFunc(ctx, func() { _ = s.wire.Conn.Close() }) // what is under way ends by it
	defer stop()
	defer func() { s.used = s.c.Env.Now() }()
	s.wire.wait = patience
	s.wire.hurry.Store(false)
	if most := s.largest(); most > 0 && int64(len(l.raw)) > most {
		return &tooLarge{most}
	}
	if err := s.mail(l.utf8); err != nil {
		return err
	}
	if err := s.step(stageTo, func() error { return s.client.Rcpt(path(l.to)) }); err != nil {
		return err
	}
	var data io.WriteCloser
	err := s.step(stageData, func() (err error) {
		data, err = s.client.Data()
		return err
	})
	if err != nil {
		return err
	}
	// All but the end goes out first: as long as that has not left, nothing was sent.
	_, err = data.Write(l.raw)
	if err = errors.Join(err, s.client.Text.W.Flush()); err != nil {
		return &stepError{stageContent, err}
	}
	// Who answers before the end does not want it; without the end, nothing is sent.
	if s.client.Text.R.Buffered() > 0 {
		return s.early()
	}
	if !stop() {
		return &stepError{stageContent, ctx.Err()}
	}
	s.wire.wait = finalPatience
	last := context.AfterFunc(ctx, func() {
		s.wire.hurry.Store(true)
		_ = s.wire.SetDeadline(time.Now().Add(grace)) // what is under way tells
	})
	defer last()
	err = s.step(stageEnd, data.Close)
	s.sent++
	var no *refusal
	if err != nil && !errors.As(err, &no) && s.wire.wrote == 0 {
		return &stepError{stageContent, err}
	}
	return err
}

// early reads what a server said in the middle of a mail.
func (s *session) early() error {
	code, text, err := s.client.Text.ReadResponse(0)
	if err == nil && code >= 400 && code <= 599 {
		return &refusal{stage: stageContent, code: code, text: text}
	}
	return &stepError{stageContent, errOutOfStep}
}

// usable says whether another mail may go over the session.
func (s *session) usable() bool {
	return s != nil && s.sent < mostPerSession && s.c.Env.Now().Sub(s.used) < idle
}

// close ends the session at once.
func (s *session) close() {
	if s != nil {
		_ = s.wire.Conn.Close() // whatever was under way is over
	}
}

// quit says goodbye between two mails, where that takes no time.
func (s *session) quit(ctx context.Context) {
	defer s.guard(ctx)()
	s.wire.wait = farewell
	_ = s.step(stageHello, s.client.Quit) // a server that does not answer is left all the same
	s.close()
}

// leave ends the session that is open.
func (c *connection) leave() {
	if c.session != nil {
		c.session.quit(context.Background())
		c.session = nil
	}
}
