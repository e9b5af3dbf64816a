// Package slacktest is a strict Slack in memory: the Web API, Socket Mode, signed HTTP deliveries,
// response_urls, triggers, forms and the App Home, with Slack's limits and the names of its errors.
// It knows Slack from its documentation, not from our client or its library.
//
// It refuses what Slack refuses and forgives nothing: what is not acknowledged within 3 seconds is an
// operation_timeout that the user sees, a response_url works 5 times in 30 minutes, a trigger once
// within 3 seconds, and blocks beyond a limit are invalid_blocks.
//
// Tests act as users ([Server.Command], [Server.Press], [Server.Submit], ...) and wait for what these
// see ([Server.Await]). Time is time.Now, so that a testing/synctest bubble has all of it; outside of
// one [Server.Advance] moves the clock. Over HTTP the same is at /_control/.
package slacktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"
)

// The tokens and the secret of the app in a new [Server].
const (
	BotToken      = "xoxb-test-bot"
	AppToken      = "xapp-test-app"
	SigningSecret = "test-signing-secret"
)

// The ids of a new [Server].
const (
	Team    = "T1"
	AppID   = "A1"
	BotUser = "UBOT"
	BotID   = "BBOT"
)

// Figures of Slack, as it documents them.
const (
	AckWithin      = 3 * time.Second
	TriggerLife    = 3 * time.Second
	ResponseLife   = 30 * time.Minute
	ResponseUses   = 5
	MaxConnections = 10
	maxAck         = 20 * 1024
)

// BotScopes are the scopes of the bot's token in a new [Server].
var BotScopes = []string{"commands", "chat:write", "im:write", "users:read", "users:read.email", "app_mentions:read", "channels:read", "groups:read"}

// Options of a [Server]; the zero value is an app in Socket Mode.
type Options struct {
	// Request is where signed deliveries go in place of the socket: the base, to which commands,
	// interactions, events or options is added. "" is Socket Mode.
	Request string
	// Client sends signed deliveries; nil: a new one.
	Client *http.Client
	// Addr is where [Server.Start] listens; "" is any free port of loopback.
	Addr string
	// Ping is how often a socket is pinged; 0: 10 s. Negative: never.
	Ping time.Duration
	// Slow is how many times as long as Slack this one waits for acknowledgements and for forms, for
	// tests in real time on a busy machine; 0: 1.
	Slow int
	// Burst is how many messages a channel takes at once before 1 per second holds; 0: 1.
	Burst int
}

// Server is a Slack with one workspace and one app.
type Server struct {
	o       Options
	web     *http.Server
	client  *http.Client
	base    string // http://host
	cancel  context.CancelFunc
	ctx     context.Context
	tasks   sync.WaitGroup
	conns   map[net.Conn]bool
	pipe    *pipe
	tcp     net.Listener
	addr    string
	closing bool

	mu       sync.Mutex
	changed  chan struct{} // closed when anything changed
	offset   time.Duration
	timers   map[*timer]bool
	counter  int
	stamp    int64
	tokens   map[string]*token
	secret   string
	users    map[string]*User
	channels map[string]*Channel
	messages []*Message
	views    map[string]*View
	homes    map[string]*View
	triggers map[string]*trigger
	urls     map[string]*responseURL
	buckets  map[string]*bucket
	faults   map[string][]*Fault
	outage   Outage
	over     chan struct{} // closed when the outage ends
	calls    []Call
	tickets  map[string]bool
	sockets  []*socket
	turn     int
	dropped  []string
	sent     []*Delivery
	manifest json.RawMessage
}

// New makes a workspace with the app, two channels (C1 #general, C2 #sales) and no people but the bot.
func New(o Options) *Server {
	if o.Ping == 0 {
		o.Ping = 10 * time.Second
	}
	o.Burst, o.Slow = max(o.Burst, 1), max(o.Slow, 1)
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		o: o, client: o.Client, ctx: ctx, cancel: cancel, conns: map[net.Conn]bool{}, changed: make(chan struct{}), timers: map[*timer]bool{},
		tokens: map[string]*token{}, secret: SigningSecret, users: map[string]*User{}, channels: map[string]*Channel{}, views: map[string]*View{},
		homes: map[string]*View{}, triggers: map[string]*trigger{}, urls: map[string]*responseURL{}, buckets: map[string]*bucket{},
		faults: map[string][]*Fault{}, tickets: map[string]bool{},
	}
	if s.client == nil {
		s.client = &http.Client{Transport: &http.Transport{}}
	}
	s.tokens[BotToken] = &token{scopes: slices.Clone(BotScopes)}
	s.tokens[ConfigToken] = &token{scopes: []string{"app_configurations:read"}}
	s.tokens[AppToken] = &token{app: true, scopes: []string{"connections:write"}}
	s.users[BotUser] = &User{ID: BotUser, Name: "kept", Bot: true}
	s.channels["C1"] = &Channel{ID: "C1", Name: "general", Member: true}
	s.channels["C2"] = &Channel{ID: "C2", Name: "sales", Member: true}
	s.web = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, ConnState: func(c net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch state {
		case http.StateNew:
			s.conns[c] = true
		case http.StateClosed:
			delete(s.conns, c)
		}
	}}
	return s
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.api)
	mux.HandleFunc("/link/", s.link)
	mux.HandleFunc("POST /response/{id}", s.response)
	down := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		outage, over := s.outage, s.over
		s.mu.Unlock()
		switch outage {
		case Hang:
			select {
			case <-over:
			case <-r.Context().Done():
				return
			case <-s.ctx.Done():
			}
			w.WriteHeader(http.StatusServiceUnavailable)
		case Errors:
			http.Error(w, "<html>Slack is having trouble</html>", http.StatusServiceUnavailable)
		default:
			mux.ServeHTTP(w, r)
		}
	})
	top := http.NewServeMux()
	top.Handle("/_control/", http.HandlerFunc(s.control))
	top.Handle("/", down)
	return top
}

// Start listens on loopback.
func (s *Server) Start() error {
	addr := s.o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s.tcp, s.addr = l, l.Addr().String()
	s.base = "http://" + s.addr
	s.serve(l)
	return nil
}

// StartInMemory answers over [Server.Dial] alone, without a network: what a synctest bubble needs.
func (s *Server) StartInMemory() {
	s.pipe = &pipe{conns: make(chan net.Conn), done: make(chan struct{})}
	s.base = "http://slack.test"
	s.serve(s.pipe)
}

func (s *Server) serve(l net.Listener) {
	s.tasks.Go(func() { _ = s.web.Serve(l) }) // it ends when the listener does
}

// Close ends everything and waits for it.
func (s *Server) Close() {
	s.mu.Lock()
	s.closing = true
	for t := range s.timers {
		t.stop()
	}
	clear(s.timers)
	sockets := slices.Clone(s.sockets)
	s.mu.Unlock()
	s.cancel()
	for _, c := range sockets {
		c.cut()
	}
	_ = s.web.Close()
	if s.pipe != nil {
		_ = s.pipe.Close()
	}
	s.client.CloseIdleConnections()
	s.tasks.Wait()
}

// URL is the base of the Web API, with its slash: "http://127.0.0.1:4711/api/".
func (s *Server) URL() string { return s.base + "/api/" }

// ControlURL is the base of the control API, with its slash.
func (s *Server) ControlURL() string { return s.base + "/_control/" }

// Dial connects to a server that was started in memory, whatever the address is.
func (s *Server) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.mu.Lock()
	refuse := s.outage == Refuse || s.closing
	s.mu.Unlock()
	if refuse {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return s.pipe.dial(ctx)
}

// HTTPClient is a client that reaches a server that was started in memory.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.Dial}, Timeout: 30 * time.Second}
}

// pipe is a listener in memory.
type pipe struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipe) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.done:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipe) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

// Addr implements net.Listener.
func (p *pipe) Addr() net.Addr { return &net.UnixAddr{Name: "slack.test", Net: "pipe"} }

// Outage says how Slack is not to be reached.
type Outage int

// The outages.
const (
	None   Outage = iota
	Refuse        // connections are refused, and those that there are break
	Hang          // requests are taken and not answered; sockets break
	Errors        // every request is answered with 503 and a page; sockets break
)

// SetOutage begins or ends an outage.
func (s *Server) SetOutage(o Outage) error {
	s.mu.Lock()
	if s.over != nil {
		close(s.over)
	}
	s.outage, s.over = o, make(chan struct{})
	sockets := slices.Clone(s.sockets)
	var conns []net.Conn
	if o == Refuse {
		for c := range s.conns {
			conns = append(conns, c)
		}
	}
	tcp := s.tcp
	s.mu.Unlock()
	if o != None {
		for _, c := range sockets {
			c.cut()
		}
	}
	if tcp != nil && o == Refuse {
		_ = tcp.Close()
		s.tcp = nil
	}
	for _, c := range conns {
		_ = c.Close()
	}
	if s.tcp == nil && s.addr != "" && o != Refuse {
		l, err := net.Listen("tcp", s.addr)
		if err != nil {
			return err
		}
		s.tcp = l
		s.serve(l)
	}
	s.note()
	return nil
}

// note tells those who wait that something changed.
func (s *Server) note() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted()
}

// noted is note for who has the lock.
func (s *Server) noted() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// wait calls look, with the lock, until it says true.
func (s *Server) wait(ctx context.Context, look func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := look(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return errors.New("slacktest: the server was closed")
		}
	}
}

// next gives a number that nothing else has. The caller has the lock.
func (s *Server) next() int {
	s.counter++
	return s.counter
}

func (s *Server) id(prefix string) string { return fmt.Sprintf("%s%04d", prefix, s.next()) }

// ts gives the stamp of a new message: seconds and a number that makes it unique.
func (s *Server) ts() string {
	now := s.now()
	at := now.Unix()*1e6 + int64(now.Nanosecond()/1000)
	if at <= s.stamp {
		at = s.stamp + 1
	}
	s.stamp = at
	return fmt.Sprintf("%d.%06d", at/1e6, at%1e6)
}

// User is somebody in the workspace.
type User struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Email    string `json:"email,omitempty"`
	Lang     string `json:"lang,omitempty"` // "en-US", "zh-CN"; "" is en-US
	Zone     string `json:"zone,omitempty"` // IANA; "" is UTC
	Team     string `json:"team,omitempty"` // "" is ours; another: somebody from outside
	Guest    bool   `json:"guest,omitempty"`
	Single   bool   `json:"single,omitempty"` // a guest of one channel
	Bot      bool   `json:"bot,omitempty"`
	Deleted  bool   `json:"deleted,omitempty"`
	Unopened bool   `json:"unopened,omitempty"` // takes no direct messages
}

// Channel is a conversation.
type Channel struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	Private  bool   `json:"private,omitempty"`
	DM       string `json:"dm,omitempty"` // with this user
	External bool   `json:"external,omitempty"`
	Shared   bool   `json:"shared,omitempty"`  // with another workspace of the organisation
	Pending  bool   `json:"pending,omitempty"` // an invitation of another organisation is open
	Archived bool   `json:"archived,omitempty"`
	Member   bool   `json:"member,omitempty"` // the bot is in it
	// Members are who is in it beside the bot; nil: everybody of the company.
	Members []string `json:"members,omitempty"`
}

// AddUser puts somebody into the workspace, or changes them.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[u.ID] = &u
}

// AddChannel makes a channel, or changes it.
func (s *Server) AddChannel(c Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[c.ID] = &c
}

// token is what a token may do.
type token struct {
	app    bool
	scopes []string
	wrong  string // the error of every call with it: token_revoked, account_inactive
}

// SetScopes says what the bot's token may do.
func (s *Server) SetScopes(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[BotToken].scopes = scopes
}

// SetTokenError lets every call with a token fail: "token_revoked", "account_inactive",
// "invalid_auth"; "" mends it.
func (s *Server) SetTokenError(name, wrong string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[name]; t != nil {
		t.wrong = wrong
	}
}

// Fault is how a method of the Web API, or with the name "response_url" a response_url, fails.
type Fault struct {
	Status     int    `json:"status,omitempty"`      // 429, 500, ...; 0 is 200
	RetryAfter string `json:"retry_after,omitempty"` // the header of a 429; "" is none
	Error      string `json:"error,omitempty"`       // of an answer with ok:false: "ratelimited", "fatal_error"
	Body       string `json:"body,omitempty"`        // in place of JSON
	Lost       bool   `json:"lost,omitempty"`        // it is done, and the connection breaks before the answer
	Early      bool   `json:"early,omitempty"`       // the connection breaks before it is done
	Times      int    `json:"times,omitempty"`       // how often; 0 is once, negative always
}

// Fail lets the next calls of a method fail. Several faults come one after the other.
func (s *Server) Fail(method string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults[method] = append(s.faults[method], &f)
}

// fault takes the fault of a call. The caller has the lock.
func (s *Server) fault(method string) *Fault {
	all := s.faults[method]
	if len(all) == 0 {
		return nil
	}
	f := all[0]
	if f.Times > 0 {
		if f.Times--; f.Times == 0 {
			s.faults[method] = all[1:]
		}
	}
	return f
}

// Call is a call of the Web API or of a response_url, as it came.
type Call struct {
	Method string    `json:"method"`
	At     time.Time `json:"at"`
	Error  string    `json:"error,omitempty"`
	Args   any       `json:"args,omitempty"`
}

// Calls gives the calls of a method; of "" all.
func (s *Server) Calls(method string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Call
	for _, c := range s.calls {
		if method == "" || c.Method == method {
			out = append(out, c)
		}
	}
	return out
}

// Dropped gives the acknowledgements that were too large, as Slack drops them without a word.
func (s *Server) Dropped() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dropped)
}

// bucket paces the messages of one channel.
type bucket struct {
	left float64
	at   time.Time
}

// take says whether a channel takes one more message now. The caller has the lock.
func (s *Server) take(channel string) bool {
	now := s.now()
	b := s.buckets[channel]
	if b == nil {
		b = &bucket{left: float64(s.o.Burst), at: now}
		s.buckets[channel] = b
	}
	b.left = min(float64(s.o.Burst), b.left+now.Sub(b.at).Seconds())
	b.at = now
	if b.left < 1-1e-9 {
		return false
	}
	b.left--
	return true
}
