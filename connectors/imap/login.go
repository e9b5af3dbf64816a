package imap

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/keptcrm/kept/connectors/mailserver"
)

// connect opens a session and logs in.
func (c *connection) connect(ctx context.Context) (*session, error) {
	conn, err := c.Dial(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{c: c, conn: conn, wait: answerPatience}
	s.parser = newParser(conn)
	if err := s.begin(ctx); err != nil {
		s.close()
		if gone := ctx.Err(); gone != nil {
			return nil, gone
		}
		return nil, err
	}
	s.wait = patience
	return s, nil
}

func (s *session) begin(ctx context.Context) error {
	if s.c.Security == mailserver.TLS {
		if err := s.encrypt(ctx); err != nil {
			return err
		}
	}
	in, err := s.greeting(ctx)
	if err != nil {
		return err
	}
	if s.c.Security == mailserver.StartTLS {
		if in {
			return mailserver.ErrNoStartTLS // whoever is logged in before TLS is not who we are
		}
		if err := s.startTLS(ctx); err != nil {
			return err
		}
	}
	if s.caps == nil {
		if _, err := s.do(ctx, nil, "CAPABILITY"); err != nil {
			return err
		}
	}
	named := s.can("ID")
	if !in {
		before := s.caps
		s.caps = nil
		if err := s.login(ctx, before); err != nil {
			return err
		}
		if s.caps == nil { // what is possible changes with who asks
			s.caps = before
			if _, err := s.do(ctx, nil, "CAPABILITY"); err != nil {
				return err
			}
		}
	}
	if named || s.can("ID") {
		if err := s.identify(ctx); err != nil {
			return err
		}
	}
	s.others, err = s.foreign(ctx)
	return err
}

// greeting reads what a server says first. in says whether it knows us already.
func (s *session) greeting(ctx context.Context) (in bool, err error) {
	defer s.guard(ctx)()
	_ = s.conn.SetReadDeadline(time.Now().Add(s.wait)) // reading tells what is wrong
	first, err := s.parser.r.Peek(1)
	if err != nil {
		return false, err
	}
	if first[0] != '*' {
		return false, mailserver.ErrNoMail
	}
	r, err := s.read()
	if err != nil {
		return false, err
	}
	if r.name != "OK" && r.name != "PREAUTH" {
		return false, mailserver.ErrNoMail
	}
	return r.name == "PREAUTH", nil
}

// startTLS turns a connection into an encrypted one (RFC 9051, section 6.2.1).
func (s *session) startTLS(ctx context.Context) error {
	if s.caps == nil {
		if _, err := s.do(ctx, nil, "CAPABILITY"); err != nil {
			return err
		}
	}
	if !s.can("STARTTLS") {
		return mailserver.ErrNoStartTLS
	}
	if _, err := s.do(ctx, nil, "STARTTLS"); err != nil {
		return err
	}
	if s.parser.r.Buffered() > 0 {
		return mailserver.ErrInjected // somebody on the way put words into the server's mouth
	}
	s.caps = nil // those said before may be anybody's
	return s.encrypt(ctx)
}

func (s *session) encrypt(ctx context.Context) error {
	conn := tls.Client(s.conn, s.c.TLS())
	_ = s.conn.SetDeadline(time.Now().Add(s.wait)) // the handshake tells what is wrong
	if err := conn.HandshakeContext(ctx); err != nil {
		return mailserver.TLSFault(err)
	}
	s.conn = conn
	s.parser = newParser(conn)
	return nil
}

// loginError is that the server did not let us in.
type loginError struct{ r *response }

func (l *loginError) Error() string { return l.r.name + " " + l.r.text }

// login logs in. caps are those of before.
func (s *session) login(ctx context.Context, caps map[string]bool) error {
	c := s.c
	if c.Access != nil {
		token, err := c.Access.Token(ctx, "")
		if err != nil {
			return err
		}
		err = s.bearer(ctx, caps, token)
		var refused *loginError
		if !errors.As(err, &refused) || s.broken {
			return err
		}
		renewed, again := c.Access.Token(ctx, token)
		if again != nil || renewed == token {
			return errors.Join(err, again)
		}
		return s.bearer(ctx, caps, renewed)
	}
	if caps["AUTH=PLAIN"] {
		return s.sasl(ctx, caps, "PLAIN", []byte("\x00"+c.User+"\x00"+c.Password))
	}
	if caps["LOGINDISABLED"] {
		return mailserver.ErrNoPasswords
	}
	return refusedLogin(s.do(ctx, nil, "LOGIN", arg(c.User), arg(c.Password)))
}

// bearer logs in with a token: OAUTHBEARER (RFC 7628), else XOAUTH2, as Gmail and Microsoft have it.
func (s *session) bearer(ctx context.Context, caps map[string]bool, token string) error {
	switch {
	case caps["AUTH=OAUTHBEARER"]:
		return s.sasl(ctx, caps, "OAUTHBEARER", s.c.Bearer(token))
	case caps["AUTH=XOAUTH2"]:
		return s.sasl(ctx, caps, "XOAUTH2", fmt.Appendf(nil, "user=%s\x01auth=Bearer %s\x01\x01", s.c.User, token))
	}
	return mailserver.ErrNoTokens
}

// sasl says one thing and hears whether it was right (RFC 9051, section 6.2.2; SASL-IR of RFC 4959).
func (s *session) sasl(ctx context.Context, caps map[string]bool, mechanism string, first []byte) error {
	said := base64.StdEncoding.EncodeToString(first)
	s.c.Mask.Add(said)
	stop := s.guard(ctx)
	defer stop()
	parts := []any{"AUTHENTICATE", mechanism}
	sent := caps["SASL-IR"]
	if sent {
		parts = append(parts, said)
	}
	tag, _, err := s.send(parts)
	if err != nil {
		return s.fail(ctx, err)
	}
	for asked := 0; ; {
		r, err := s.read()
		if err != nil {
			return s.fail(ctx, err)
		}
		switch {
		case r.tag == tag:
			if r.name == "OK" {
				return nil
			}
			return &loginError{r}
		case r.tag == "*":
			s.c.unasked(r)
		case r.tag == "+":
			if asked++; asked > 3 {
				return s.fail(ctx, errSyntax)
			}
			answer := said
			if sent { // the server says what is wrong, and wants to hear that we heard it
				answer = ""
				if mechanism == "OAUTHBEARER" {
					answer = "AQ=="
				}
			}
			sent = true
			if err := s.write(answer + "\r\n"); err != nil {
				return s.fail(ctx, err)
			}
		}
	}
}

func refusedLogin(_ *response, err error) error {
	var no *refusal
	if errors.As(err, &no) {
		return &loginError{no.r}
	}
	return err
}
