package mailserver

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// Faults of the way to the session, before anything of mail is asked.
var (
	ErrNoMail      = errors.New("no mail server answers there")
	ErrNoStartTLS  = errors.New("the server offers no STARTTLS")
	ErrInjected    = errors.New("there was more before TLS than there may be")
	ErrNoPasswords = errors.New("the server takes no passwords")
	ErrNoTokens    = errors.New("the server takes no tokens")
	ErrTooLong     = errors.New("an answer is too long")
)

// dialError is that nothing answered.
type dialError struct{ err error }

func (d *dialError) Error() string { return d.err.Error() }
func (d *dialError) Unwrap() error { return d.err }

// untrusted is a certificate that is not the one that was named.
type untrusted struct{ print string }

func (u *untrusted) Error() string { return "the certificate is " + u.print }

// TLSError is that no encryption came about.
type TLSError struct {
	err   error
	print string // of a certificate that nobody vouches for
}

func (t *TLSError) Error() string { return t.err.Error() }
func (t *TLSError) Unwrap() error { return t.err }

// Dial opens a connection to the server. Its errors are for Way, or the context's.
func (a *Account) Dial(ctx context.Context) (net.Conn, error) {
	dial, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	conn, err := a.Env.Dial(dial, "tcp", a.Address)
	if err != nil {
		if gone := ctx.Err(); gone != nil {
			return nil, gone
		}
		return nil, &dialError{err}
	}
	return conn, nil
}

// TLS is how the server is spoken to in secret. Where the options name a certificate, that one alone is
// believed, whoever signed it.
func (a *Account) TLS() *tls.Config {
	return &tls.Config{ServerName: a.Host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: a.fingerprint != "",
		VerifyConnection: func(state tls.ConnectionState) error {
			if a.fingerprint == "" {
				return nil
			}
			print := Fingerprint(state.PeerCertificates[0].Raw)
			if subtle.ConstantTimeCompare([]byte(print), []byte(a.fingerprint)) != 1 {
				return &untrusted{print}
			}
			return nil
		}}
}

// TLSFault gives the error of a handshake as a *TLSError.
func TLSFault(err error) error {
	var verify *tls.CertificateVerificationError
	if errors.As(err, &verify) && len(verify.UnverifiedCertificates) > 0 {
		return &TLSError{err, Fingerprint(verify.UnverifiedCertificates[0].Raw)}
	}
	return &TLSError{err, ""}
}

// Fingerprint is the SHA-256 of a certificate, as the options name it.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// Bearer is the first thing said in OAUTHBEARER (RFC 7628, section 3.1).
func (a *Account) Bearer(token string) []byte {
	user := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(a.User)
	host, port, _ := net.SplitHostPort(a.Address)
	return fmt.Appendf(nil, "n,a=%s,\x01host=%s\x01port=%s\x01auth=Bearer %s\x01\x01", user, host, port, token)
}

// Fault is an error that has its words already, with what it came from behind them, masked.
func (a *Account) Fault(class connectors.Class, cause error, format string, args ...any) *connectors.Error {
	e := &connectors.Error{Class: class, Text: a.Mask.Text(fmt.Sprintf(format, args...))}
	if cause != nil {
		e.Cause = errors.New(a.Mask.Text(cause.Error()))
	}
	return e
}

// Quoted is what a server said, in one line, bounded and masked.
func (a *Account) Quoted(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200]) + "…"
	}
	return a.Mask.Text(text)
}

// Says gives the server's own words, to follow ours; "" where it had none.
func (a *Account) Says(text string) string {
	if text = a.Quoted(text); text == "" {
		return ""
	}
	return ` (it says "` + text + `")`
}

// Way gives an error of the way to a server its words and class; nil where it is none of the way's.
func (a *Account) Way(err error) *connectors.Error {
	var (
		dial    *dialError
		tlsErr  *TLSError
		foreign *untrusted
		system  = a.System()
		ports   = a.Protocol.Ports
	)
	switch {
	case errors.As(err, &foreign):
		return a.Fault(connectors.Invalid, nil, "the certificate of %s is not the one that the option fingerprint names; it is %s. If the server has a new one, set fingerprint to that; if not, somebody stands between", a.Host, foreign.print)
	case errors.As(err, &tlsErr):
		return a.tlsWords(tlsErr)
	case errors.Is(err, ErrNoMail):
		return a.Fault(connectors.Invalid, err, "no mail server answers at %s; check host, port and security (port %d is for tls, %d for starttls)", a.Address, ports[TLS], ports[StartTLS])
	case errors.Is(err, ErrNoStartTLS):
		return a.Fault(connectors.Invalid, err, "%s offers no encryption at this port; set security to tls (port %d). Without encryption nothing is sent", a.Address, ports[TLS])
	case errors.Is(err, ErrInjected):
		return a.Fault(connectors.Invalid, err, "somebody on the way to %s interferes with its encryption; nothing was sent. Use another network", a.Host)
	case errors.Is(err, ErrNoPasswords):
		return a.Fault(connectors.Auth, err, "%s takes no passwords here: %s", system, a.PasswordWords())
	case errors.Is(err, ErrNoTokens):
		return a.Fault(connectors.Auth, err, "%s does not take the tokens of OAuth 2; set login to password: %s", system, a.PasswordWords())
	case errors.Is(err, ErrTooLong):
		return a.Fault(connectors.Invalid, err, "the answer of %s is far too long to be true", system)
	case errors.As(err, &dial), errors.Is(err, context.DeadlineExceeded), IsNetwork(err):
		class, text := rest.Network(a.Address, err, a.Protocol.Patience)
		return a.Fault(class, err, "%s", a.passing(class, text))
	}
	return nil
}

// IsNetwork says whether an error is the network's, a silence that lasted too long among them.
func IsNetwork(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, os.ErrDeadlineExceeded)
}

func (a *Account) passing(class connectors.Class, text string) string {
	if class == connectors.Transient {
		text += "; " + a.Protocol.Again
	}
	return text
}

func (a *Account) tlsWords(t *TLSError) *connectors.Error {
	var (
		record  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.As(t.err, &record):
		return a.Fault(connectors.Invalid, t, "%s speaks no TLS at this port; check the port, or set security to starttls (port %d)", a.Address, a.Protocol.Ports[StartTLS])
	case errors.As(t.err, &unknown):
		return a.Fault(connectors.Invalid, t, "the certificate of %s is signed by somebody whom this machine does not trust. If the server is your own, set fingerprint to %s, after comparing it with the server's", a.Host, t.print)
	case errors.Is(t.err, io.EOF), errors.Is(t.err, ErrTooLong):
		return a.Fault(connectors.Transient, t, "the connection to %s ended while it was being encrypted; %s", a.System(), a.Protocol.Again)
	}
	class, text := rest.Network(a.Address, t.err, a.Protocol.Handshake)
	return a.Fault(class, t, "%s", a.passing(class, text))
}
