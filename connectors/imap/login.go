package imap

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Faults of the way to the session, before anything of IMAP is asked.
var (
	errNoMail      = errors.New("no mail server answers there")
	errNoStartTLS  = errors.New("the server offers no STARTTLS")
	errInjected    = errors.New("there was more before TLS than there may be")
	errNoPasswords = errors.New("the server takes no passwords")
	errNoTokens    = errors.New("the server takes no tokens")
)

// untrusted is a certificate that is not the one that was named.
type untrusted struct{ print string }

func (u *untrusted) Error() string { return "the certificate is " + u.print }

// connect opens a session and logs in.
func (c *connection) connect(ctx context.Context) (*session, error) {
	dial, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	conn, err := c.env.Dial(dial, "tcp", c.address)
	if err != nil {
		if gone := ctx.Err(); gone != nil {
			return nil, gone
		}
		return nil, &dialError{err}
	}
	s := &session{c: c, conn: conn, wait: dialPatience}
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

// dialError is that nothing answered.
type dialError struct{ err error }

func (d *dialError) Error() string { return d.err.Error() }
func (d *dialError) Unwrap() error { return d.err }

func (s *session) begin(ctx context.Context) error {
	if s.c.security == securityTLS {
		if err := s.encrypt(ctx); err != nil {
			return err
		}
	}
	in, err := s.greeting(ctx)
	if err != nil {
		return err
	}
	if s.c.security == securityStartTLS {
		if in {
			return errNoStartTLS // whoever is logged in before TLS is not who we are
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
		return false, errNoMail
	}
	r, err := s.read()
	if err != nil {
		return false, err
	}
	if r.name != "OK" && r.name != "PREAUTH" {
		return false, errNoMail
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
		return errNoStartTLS
	}
	if _, err := s.do(ctx, nil, "STARTTLS"); err != nil {
		return err
	}
	if s.parser.r.Buffered() > 0 {
		return errInjected // somebody on the way put words into the server's mouth
	}
	s.caps = nil // those said before may be anybody's
	return s.encrypt(ctx)
}

func (s *session) encrypt(ctx context.Context) error {
	cfg := &tls.Config{ServerName: s.c.host, MinVersion: tls.VersionTLS12}
	seen := ""
	cfg.VerifyConnection = func(state tls.ConnectionState) error {
		if s.c.fingerprint != "" && subtle.ConstantTimeCompare([]byte(printOf(state.PeerCertificates[0].Raw)), []byte(s.c.fingerprint)) != 1 {
			return &untrusted{printOf(state.PeerCertificates[0].Raw)}
		}
		return nil
	}
	cfg.InsecureSkipVerify = s.c.fingerprint != "" // the fingerprint alone is believed then
	conn := tls.Client(s.conn, cfg)
	_ = s.conn.SetDeadline(time.Now().Add(s.wait)) // the handshake tells what is wrong
	if err := conn.HandshakeContext(ctx); err != nil {
		var verify *tls.CertificateVerificationError
		if errors.As(err, &verify) && len(verify.UnverifiedCertificates) > 0 {
			seen = printOf(verify.UnverifiedCertificates[0].Raw)
		}
		return &tlsError{err, seen}
	}
	s.conn = conn
	s.parser = newParser(conn)
	return nil
}

// tlsError is that no encryption came about; print is that of a certificate that nobody vouches for.
type tlsError struct {
	err   error
	print string
}

func (t *tlsError) Error() string { return t.err.Error() }
func (t *tlsError) Unwrap() error { return t.err }

func printOf(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// loginError is that the server did not let us in.
type loginError struct{ r *response }

func (l *loginError) Error() string { return l.r.name + " " + l.r.text }

// login logs in. caps are those of before.
func (s *session) login(ctx context.Context, caps map[string]bool) error {
	c := s.c
	if c.access != nil {
		token, err := c.access.Token(ctx, "")
		if err != nil {
			return err
		}
		err = s.bearer(ctx, caps, token)
		var refused *loginError
		if !errors.As(err, &refused) || s.broken {
			return err
		}
		renewed, again := c.access.Token(ctx, token)
		if again != nil || renewed == token {
			return errors.Join(err, again)
		}
		return s.bearer(ctx, caps, renewed)
	}
	if caps["AUTH=PLAIN"] {
		return s.sasl(ctx, caps, "PLAIN", []byte("\x00"+c.user+"\x00"+c.password))
	}
	if caps["LOGINDISABLED"] {
		return errNoPasswords
	}
	return refusedLogin(s.do(ctx, nil, "LOGIN", arg(c.user), arg(c.password)))
}

// bearer logs in with a token: OAUTHBEARER (RFC 7628), else XOAUTH2, as Gmail and Microsoft have it.
func (s *session) bearer(ctx context.Context, caps map[string]bool, token string) error {
	user := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(s.c.user)
	host, port, _ := net.SplitHostPort(s.c.address)
	switch {
	case caps["AUTH=OAUTHBEARER"]:
		return s.sasl(ctx, caps, "OAUTHBEARER", fmt.Appendf(nil, "n,a=%s,\x01host=%s\x01port=%s\x01auth=Bearer %s\x01\x01", user, host, port, token))
	case caps["AUTH=XOAUTH2"]:
		return s.sasl(ctx, caps, "XOAUTH2", fmt.Appendf(nil, "user=%s\x01auth=Bearer %s\x01\x01", s.c.user, token))
	}
	return errNoTokens
}

// sasl says one thing and hears whether it was right (RFC 9051, section 6.2.2; SASL-IR of RFC 4959).
func (s *session) sasl(ctx context.Context, caps map[string]bool, mechanism string, first []byte) error {
	said := base64.StdEncoding.EncodeToString(first)
	s.c.mask.Add(said)
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
