// Package rest carries a connector's requests: resty over a chain of http.RoundTrippers, one small
// file each. From the outside in:
//
//	dryrun   refuses writes where nothing may be written, and tells what would have been sent
//	retry    tries reads again, never writes
//	content  finds answers that are no answer: a web page, half a JSON document
//	pace     keeps to the limits of the connection, and to what the system asked for
//	auth     puts credentials into requests to the connection's own host, and renews them
//	record   tells recordings and the log what was said, without secrets
//	body     reads whole answers, bounded, and says in words why there is none
//
// Every error that comes out is a [connectors.Error], or that of the caller's context. A write whose
// fate is not known is Ambiguous: it was sent, and no answer, half an answer or a server's fault
// came back.
//
// The package uses the clock, sleeper and chance of its Env, and no global ones.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/keptcrm/kept/connectors"
)

// Config is what one connection needs of the transport.
type Config struct {
	URL     string   // where the API is; relative paths are joined to it
	System  string   // how messages call the system; the host of URL where empty
	Auth    Auth     // nil: no credentials
	Secrets []string // values that no error, log or recording may hold, beside those that Auth knows
	Hosts   []string // "host" or "host:port" that get the credentials too, beside that of URL
	Limits  connectors.Limits
	Retry   Retry
	Timeout time.Duration // of one try, with its body; 0: 60 s
	MaxBody int64         // bytes of one answer, decompressed; 0: 32 MiB
	Header  http.Header   // sent with every request
	// Judge gives an error in the vendor's terms; nil: what the status means everywhere. It is asked
	// for every answer to [Client.Do], those of status 200 too: some vendors hide errors there.
	Judge func(a Answer) *connectors.Error
	// Expired says whether an answer means that the credentials ran out and are worth renewing; nil:
	// status 401.
	Expired func(a Answer) bool
}

// Client asks one connection's system. It is safe for several goroutines, which share its limits.
type Client struct {
	cfg   Config
	base  *url.URL
	mask  *Mask
	http  *http.Client
	resty *resty.Client
	idle  interface{ CloseIdleConnections() }
}

// defaults of a Config.
const (
	defaultTimeout = time.Minute
	defaultMaxBody = 32 << 20
)

// New makes a client. Its error says what is wrong with the address.
func New(cfg Config, env connectors.Env) (*Client, error) {
	base, err := address(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.System == "" {
		cfg.System = base.Host
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = defaultMaxBody
	}
	env = Filled(env)
	if base.Scheme == "http" && !loopback(base.Hostname()) {
		env.Warn("%s is asked over plain http: everybody on the way can read and change what is sent; use https", cfg.System)
	}
	c := &Client{cfg: cfg, base: base, mask: NewMask(cfg.Secrets...)}
	wire := env.HTTP
	if wire == nil {
		t := network(env.Dial, cfg.Limits.Parallel)
		wire, c.idle = t, t
	}
	words := words{system: cfg.System, host: base.Host, mask: c.mask}
	var chain http.RoundTripper = &body{next: wire, timeout: cfg.Timeout, max: cfg.MaxBody, words: words}
	chain = &record{next: chain, mask: c.mask, env: env}
	chain = newAuth(cfg, base, env, words, chain)
	chain = newPace(cfg.Limits, env, words, cfg.Retry.filled().MaxWait, chain)
	chain = &content{next: chain, words: words}
	chain = &retry{next: chain, policy: cfg.Retry.filled(), env: env, words: words}
	if env.DryRun {
		chain = &dryRun{next: chain, mask: c.mask, unsent: env.Unsent, words: words}
	}
	c.http = &http.Client{Transport: chain, CheckRedirect: redirects(words)}
	c.resty = resty.NewWithClient(c.http).SetLogger(silent{}).SetDisableWarn(true).SetAllowGetMethodPayload(true)
	return c, nil
}

// Filled gives an Env whose fields can be called.
func Filled(env connectors.Env) connectors.Env {
	if env.Now == nil {
		env.Now = time.Now
	}
	if env.Sleep == nil {
		env.Sleep = func(ctx context.Context, d time.Duration) error {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-t.C:
				return nil
			}
		}
	}
	if env.Warn == nil {
		env.Warn = func(string, ...any) {}
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	if env.Random == nil {
		env.Random = rand.Float64
	}
	return env
}

// address reads the address of an API.
func address(raw string) (*url.URL, error) {
	invalid := func(text string) (*url.URL, error) {
		return nil, &connectors.Error{Class: connectors.Invalid, Text: text}
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case raw == "":
		return invalid("the address is missing; write it like https://shop.example.com")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return invalid("the address is none of a web server; write it like https://shop.example.com") // it may hold a password
	case u.User != nil:
		return invalid("the address holds a user name or password; give these as options of their own")
	}
	u.Fragment, u.RawQuery, u.ForceQuery = "", "", false
	return u, nil
}

// silent keeps resty from writing to standard error.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

// Request is one call.
type Request struct {
	Method string // GET where empty
	Path   string // joined to Config.URL; or a whole address, as a system's own link to its next page
	Query  url.Values
	Header http.Header
	// Body is sent as it is where it is bytes, else as JSON; nil: none.
	Body any
	// Read marks a call that changes nothing though its method could: a GraphQL query. Reads are
	// tried again.
	Read bool
	// Any takes an answer of any content; else it must be JSON or empty.
	Any bool
	// Whole, with Any, says what is wrong with an answer of a status from 200 to 299 that is not whole;
	// of a read it is asked for again. Web pages are told before.
	Whole func(a Answer) error
	// Stay gives answers that send us on back as they are, with their error. A redirect that is
	// followed becomes a GET, whatever the method was.
	Stay bool
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes a call and decodes the answer's JSON into a value; nil: not decoded. Calls that fail give
// a [connectors.Error] and the answer, where there is one.
func (c *Client) Do(ctx context.Context, r Request, into any) (Answer, error) {
	words := words{system: c.cfg.System, host: c.base.Host, mask: c.mask}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	target, err := c.target(r.Path)
	if err != nil {
		return Answer{}, err
	}
	k := call{read: r.Read || safe(method), json: !r.Any, whole: r.Whole, stay: r.Stay}
	req := c.resty.R().SetContext(context.WithValue(ctx, callKey{}, k))
	for name, values := range c.cfg.Header {
		req.Header[name] = slices.Clone(values)
	}
	if !r.Any {
		req.Header.Set("Accept", "application/json")
	}
	switch b := r.Body.(type) {
	case nil:
	case []byte:
		req.SetBody(b)
	default:
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(b); err != nil {
			return Answer{}, words.error(connectors.Invalid, "the record cannot be written as JSON", err)
		}
		req.SetBody(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if len(r.Query) > 0 {
		req.SetQueryParamsFromValues(r.Query)
	}
	resp, err := req.Execute(method, target)
	if err != nil {
		return Answer{}, c.plain(ctx, err)
	}
	a := Answer{Status: resp.StatusCode(), Header: resp.Header(), Body: resp.Body()}
	if c.cfg.Judge != nil {
		if e := c.cfg.Judge(a); e != nil {
			return a, words.masked(e)
		}
	}
	if err := words.status(a, k.read, resp.RawResponse.Request); err != nil {
		return a, err
	}
	if into == nil || len(bytes.TrimSpace(a.Body)) == 0 {
		return a, nil
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return a, words.unreadable(k.read, "the answer of %s is not what was expected; its API may have changed", err)
	}
	return a, nil
}

// HTTP is the same chain for libraries that make their requests themselves. Errors that it gives
// go through [Client.Plain], statuses through [Client.Status].
func (c *Client) HTTP() *http.Client { return c.http }

// AsRead marks requests made with the context as reads, whatever their method.
func AsRead(ctx context.Context) context.Context {
	return context.WithValue(ctx, callKey{}, call{read: true})
}

// Plain turns an error of [Client.HTTP] into a [connectors.Error] without secrets, or that of the
// context.
func (c *Client) Plain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return c.plain(ctx, err)
}

// Status gives the error that an answer's status means; nil where it means none.
func (c *Client) Status(req *http.Request, a Answer) error {
	return words{system: c.cfg.System, host: c.base.Host, mask: c.mask}.status(a, isRead(req), req)
}

// Mask is what the client hides; connectors use it for texts of their own, and tell it of secrets
// that they learn.
func (c *Client) Mask() *Mask { return c.mask }

// Close lets go of idle network connections.
func (c *Client) Close() error {
	if c.idle != nil {
		c.idle.CloseIdleConnections()
	}
	return nil
}

// plain unwraps what http.Client and resty put around an error: their words hold the whole address.
func (c *Client) plain(ctx context.Context, err error) error {
	var e *connectors.Error
	if errors.As(err, &e) {
		return e
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return words{system: c.cfg.System, host: c.base.Host, mask: c.mask}.error(connectors.Transient, fmt.Sprintf("%s cannot be asked", c.cfg.System), err)
}

// target joins a path to the base address.
func (c *Client) target(path string) (string, error) {
	if strings.Contains(path, "://") {
		u, err := url.Parse(path)
		if err != nil || u.Host == "" || u.User != nil {
			return "", &connectors.Error{Class: connectors.Invalid, Text: c.cfg.System + " gave a link that is no address"}
		}
		return u.String(), nil
	}
	if path == "" {
		return c.base.String(), nil
	}
	return strings.TrimSuffix(c.base.String(), "/") + "/" + strings.TrimPrefix(path, "/"), nil
}

// call is what the chain must know of a request beyond HTTP.
type call struct {
	read, json, stay bool
	whole            func(a Answer) error
}

type callKey struct{}

func callOf(req *http.Request) call {
	k, _ := req.Context().Value(callKey{}).(call)
	k.read = k.read || safe(req.Method)
	return k
}

func isRead(req *http.Request) bool { return callOf(req).read }

// safe methods change nothing.
func safe(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, "PROPFIND", "REPORT", "SEARCH":
		return true
	}
	return false
}

// again gives a copy of a request with its body from the start.
func again(req *http.Request, body []byte) *http.Request {
	r := req.Clone(req.Context())
	if body == nil {
		r.Body, r.GetBody = nil, nil
		return r
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.ContentLength = int64(len(body))
	return r
}

// taken reads a request's body; nil where it has none.
func taken(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer req.Body.Close()
	b, err := io.ReadAll(req.Body)
	if err == nil && b == nil {
		b = []byte{}
	}
	return b, err
}

// whole is a response that carries an answer read before.
func whole(req *http.Request, a Answer) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)), StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)), ContentLength: int64(len(a.Body)), Request: req,
	}
}

// answerOf gives what a response of the chain below holds, and leaves it readable.
func answerOf(resp *http.Response) Answer {
	b, _ := io.ReadAll(resp.Body) // from memory: the body was read below
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: b}
}
