package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// words turns faults into errors that their owner understands.
type words struct {
	system string
	host   string
	mask   *Mask
}

func (w words) error(class connectors.Class, text string, cause error) *connectors.Error {
	return w.masked(&connectors.Error{Class: class, Text: text, Cause: cause})
}

// masked hides secrets in an error's words and cause.
func (w words) masked(e *connectors.Error) *connectors.Error {
	out := *e
	out.Text = w.mask.Text(e.Text)
	if e.Cause != nil {
		var h *hidden
		if !errors.As(e.Cause, &h) {
			out.Cause = &hidden{text: w.mask.Text(e.Cause.Error()), err: e.Cause}
		}
	}
	return &out
}

// hidden is an error whose words were masked. What it stands for can be asked, never printed.
type hidden struct {
	text string
	err  error
}

func (h *hidden) Error() string        { return h.text }
func (h *hidden) Is(target error) bool { return errors.Is(h.err, target) }

// errPage is a cause that the chain itself looks for.
var errPage = errors.New("a web page instead of data")

// ErrTooLong is in the chain of the error of an answer longer than [Config.MaxBody], for those who
// can ask for less.
var ErrTooLong = errors.New("answer too long")

// noHost says whether an error is that a name leads nowhere: asking again at once changes nothing.
func noHost(err error) bool {
	var h *hidden
	var dns *net.DNSError
	return errors.As(err, &h) && errors.As(h.err, &dns) && dns.IsNotFound
}

// unreadable is the error for an answer that makes no sense: a write may have happened.
func (w words) unreadable(read bool, format string, cause error) *connectors.Error {
	class, text := connectors.Transient, fmt.Sprintf(format, w.system)
	if !read {
		class, text = connectors.Ambiguous, text+"; whether it was written there is not known"
	}
	return w.error(class, text, cause)
}

// status gives the error that a status means.
func (w words) status(a Answer, read bool, req *http.Request) error {
	if a.Status < 300 || a.Status == http.StatusNotModified && read {
		return nil
	}
	says := w.says(a)
	class, text := connectors.Invalid, "%s refuses this (%d)"
	switch s := a.Status; {
	case s < 400:
		to := "another address"
		if u, err := resolved(req, a.Header.Get("Location")); err == nil && u != "" {
			to = w.mask.address(u)
		}
		return w.error(connectors.Invalid, fmt.Sprintf("%s sends us on to %s; use that address if it is the right one", w.system, to), nil)
	case s == http.StatusUnauthorized:
		class, text = connectors.Auth, "%s does not accept the credentials (%d); check them, or make new ones there"
	case s == http.StatusTooManyRequests, limited(a):
		class, text = connectors.RateLimited, "%s asks us to slow down (%d)"
	case s == http.StatusForbidden, s == http.StatusPaymentRequired:
		class, text = connectors.Forbidden, "%s accepts the credentials but does not permit this (%d)"
	case s == http.StatusNotFound:
		class, text = connectors.NotFound, "%s has nothing there (%d)"
	case s == http.StatusGone:
		class, text = connectors.NotFound, "%s has that no longer (%d)"
	case s == http.StatusConflict, s == http.StatusPreconditionFailed:
		class, text = connectors.Conflict, "at %s this was changed in the meantime (%d)"
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s >= 500 && s != http.StatusNotImplemented && s != http.StatusHTTPVersionNotSupported:
		class, text = connectors.Transient, "%s has trouble of its own (%d); try again later"
		if !read {
			class, text = connectors.Ambiguous, "%s has trouble of its own (%d); whether this was written there is not known"
		}
	}
	e := w.error(class, fmt.Sprintf(text, w.system, a.Status)+says, nil)
	if class == connectors.RateLimited || class == connectors.Transient {
		e.After, _ = RetryAfter(a.Header, time.Time{})
	}
	return e
}

var tags = regexp.MustCompile(`(?s)<[^>]*>`)

// says gives the system's own words, where it has some that a person can read.
func (w words) says(a Answer) string {
	var body map[string]json.RawMessage
	if json.Unmarshal(a.Body, &body) != nil {
		return ""
	}
	for _, key := range []string{"message", "error_description", "detail", "title", "error"} {
		var s string
		var nested struct{ Message string }
		if json.Unmarshal(body[key], &s) != nil && json.Unmarshal(body[key], &nested) == nil {
			s = nested.Message
		}
		s = strings.Join(strings.Fields(tags.ReplaceAllString(html.UnescapeString(s), " ")), " ")
		if s == "" {
			continue
		}
		if r := []rune(s); len(r) > 200 {
			s = string(r[:200]) + "…"
		}
		return `: it says "` + w.mask.Text(s) + `"`
	}
	return ""
}

// wire gives the error for a request that brought no answer. sent says whether it may have arrived.
func (w words) wire(ctx context.Context, err error, read, sent bool, timeout time.Duration) error {
	if ctx.Err() != nil {
		if read || !sent {
			return ctx.Err()
		}
		return w.error(connectors.Ambiguous, fmt.Sprintf("stopped while %s was writing; whether it was written there is not known", w.system), errors.Join(ctx.Err(), err))
	}
	class, text := w.network(err, timeout)
	if !read && sent && class == connectors.Transient {
		return w.error(connectors.Ambiguous, text+"; whether this was written there is not known", err)
	}
	if text != "" && class == connectors.Transient {
		text += "; try again later"
	}
	return w.error(class, text, err)
}

// network names what is wrong on the way to the system.
func (w words) network(err error, timeout time.Duration) (connectors.Class, string) {
	var (
		unknown  x509.UnknownAuthorityError
		host     x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
		alert    tls.AlertError
		verify   *tls.CertificateVerificationError
		dns      *net.DNSError
		timedOut interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &host):
		return connectors.Invalid, fmt.Sprintf("the certificate of %s is for another name; check the address", w.host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if invalid.Cert != nil && !invalid.Cert.NotAfter.IsZero() {
			return connectors.Invalid, fmt.Sprintf("the certificate of %s is valid from %s to %s only; who runs it must renew it, or the clock of this machine is wrong",
				w.host, invalid.Cert.NotBefore.UTC().Format("2 Jan 2006"), invalid.Cert.NotAfter.UTC().Format("2 Jan 2006"))
		}
		return connectors.Invalid, fmt.Sprintf("the certificate of %s has expired; who runs it must renew it", w.host)
	case errors.As(err, &unknown):
		return connectors.Invalid, fmt.Sprintf("the certificate of %s is signed by somebody whom this machine does not trust; if it is your own, add it to the machine's certificates", w.host)
	case errors.As(err, &invalid), errors.As(err, &verify):
		return connectors.Invalid, fmt.Sprintf("the certificate of %s is not valid", w.host)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return connectors.Invalid, fmt.Sprintf("%s does not speak TLS on this port; check the port, or whether the address begins with http://", w.host)
	case errors.As(err, &alert):
		return connectors.Invalid, fmt.Sprintf("%s and this machine find no common way to encrypt", w.host)
	case errors.As(err, &dns) && dns.IsNotFound:
		return connectors.Transient, fmt.Sprintf("there is no %s; check the address and the network", w.host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return connectors.Transient, fmt.Sprintf("nothing answers at %s; check the address and whether it runs", w.host)
	case errors.Is(err, ErrTooLong):
		return connectors.Invalid, fmt.Sprintf("the answer of %s is far too long to be true", w.system)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timedOut) && timedOut.Timeout():
		return connectors.Transient, fmt.Sprintf("%s did not answer within %s", w.system, span(timeout))
	}
	return connectors.Transient, fmt.Sprintf("the connection to %s broke", w.system)
}

// early says whether an error came before anything was sent.
func early(err error) bool {
	var (
		op      *net.OpError
		dns     *net.DNSError
		record  tls.RecordHeaderError
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns) || errors.As(err, &record) || errors.As(err, &verify) ||
		errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid) || errors.Is(err, http.ErrSchemeMismatch)
}

// span writes a duration as people say it.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Second:
		return d.Round(time.Millisecond).String()
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", int64(d.Round(time.Second)/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int64(d.Round(time.Minute)/time.Minute))
	}
	return fmt.Sprintf("%d hours", int64(d.Round(time.Hour)/time.Hour))
}

// looksLikePage says whether a body is HTML.
func looksLikePage(contentType string, body []byte) bool {
	if strings.Contains(strings.ToLower(contentType), "html") {
		return true
	}
	head := bytes.ToLower(bytes.TrimLeft(body[:min(len(body), 512)], "\xef\xbb\xbf \t\r\n"))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// IsPage says whether an error is that a web page came where data was asked for.
func IsPage(err error) bool { return errors.Is(err, errPage) }
