package slack

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/promise"
	"github.com/keptcrm/kept/state/service"
)

// Options say how Kept is in a workspace.
type Options struct {
	AppToken      string // xapp-..., for Socket Mode
	BotToken      string // xoxb-...
	SigningSecret string // for signed HTTP
	// HTTP is signed HTTP in place of Socket Mode: what [App.Handler] gives has to be reached by Slack.
	HTTP    bool
	Command string // "/kept"
	API     service.API
	// Notice gives the card of a message that goes out by itself; nil: the message's text alone is sent.
	Notice func(ctx context.Context, o state.Outgoing, r bot.Reader) (bot.Card, error)
	Lang   string // of who has none; see text.Match
	Zone   string // IANA, of who has none
	// Calendar says which days are worked, for promises read in messages; nil is Monday to Friday.
	Calendar *promise.Calendar

	URL   string                                                               // of the Web API, with its slash; "" is Slack's
	HTTPC *http.Client                                                         // to the Web API and response_urls; nil: the network
	Dial  func(ctx context.Context, network, address string) (net.Conn, error) // of sockets; nil: the network
	Now   func() time.Time                                                     // time.Now
	Log   *slog.Logger                                                         // nil: nowhere
}

// Bounds of the work that is done at once, and of waiting.
const (
	atOnce    = 32              // handlers that run
	inLine    = 1000            // that wait for their turn; who comes then is told to try again
	patience  = time.Minute     // for one handler
	ackWithin = 2 * time.Second // for an answer that goes with the acknowledgement; Slack waits 3 s
	formAfter = 2800 * time.Millisecond
	stopGrace = 4 * time.Second // for what runs when the process ends
	sockets   = 2               // so that one is open while Slack renews the other
	apart     = 30 * time.Second
)

// wire is the part of an [App] that talks to Slack.
type wire struct {
	o      Options
	client *client
	log    *slog.Logger
	now    func() time.Time

	life  context.Context // of handlers; ends after the transports
	die   context.CancelFunc
	tasks sync.WaitGroup
	open  atomic.Bool // Run runs
	mu    sync.Mutex  // over stopping
	over  bool

	handlers map[kind]handler // in place of the table of all; nil: that

	turns   chan struct{}
	waiting atomic.Int64
	seen    *seen
	people  *people
	pace    *pace
	health  health
}

// New makes an app; nothing goes over the network before [App.Run].
func New(o Options) *App {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.URL == "" {
		o.URL = slackapi.APIURL
	}
	if o.Command == "" {
		o.Command = "/kept"
	}
	if o.HTTPC == nil {
		o.HTTPC = &http.Client{}
	}
	a := &App{api: o.API}
	a.wire = wire{o: o, log: o.Log, now: o.Now, turns: make(chan struct{}, atOnce), seen: newSeen(o.Now), pace: newPace(o.Now)}
	a.life, a.die = context.WithCancel(context.Background())
	a.client = newClient(o)
	a.web = a.client
	a.people = &people{app: a, known: map[string]*profile{}}
	a.health.Mode = "socket"
	if o.HTTP {
		a.health.Mode = "http"
	}
	a.reader = a.readerOf
	return a
}

// Run is in the workspace until ctx ends; then it takes nothing new, lets what runs come to its end
// for some seconds, and returns. What goes wrong is tried again for ever, and told in [App.Health].
func (a *App) Run(ctx context.Context) {
	a.open.Store(true)
	var holding sync.WaitGroup
	holding.Go(func() { a.introduce(ctx) })
	if !a.o.HTTP {
		for i := range sockets {
			holding.Go(func() { a.hold(ctx, i) })
		}
	}
	<-ctx.Done()
	a.open.Store(false)
	holding.Wait()
	a.mu.Lock()
	a.over = true
	a.mu.Unlock()
	done := make(chan struct{})
	go func() { a.tasks.Wait(); close(done) }()
	t := time.NewTimer(stopGrace)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
	a.die()
	<-done
	a.o.HTTPC.CloseIdleConnections()
}

// start runs something beside, unless the app has stopped.
func (a *App) start(do func()) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return false
	}
	a.tasks.Go(do)
	return true
}

// introduce asks Slack who we are, until it says so.
func (a *App) introduce(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := a.client.introduce(ctx)
		if err == nil {
			a.health.knows(a.client.self())
			return
		}
		if ctx.Err() != nil {
			return
		}
		f := a.trouble(inAuth, err)
		if f.Class == Auth || f.Class == Forbidden {
			wait = slowly
		}
		if !sleep(ctx, max(wait, f.After)) {
			return
		}
	}
}

// sleep waits; false where ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Where something goes wrong, until the same works again.
const (
	inSocket  = "socket"
	inAuth    = "auth.test"
	inAnswer  = "answer"
	inProfile = "users.info"
	inOpen    = "conversations.open"
	inPost    = "chat.postMessage"
)

// trouble notes an error for the health line, and gives its class.
func (a *App) trouble(where string, err error) *Error {
	f := asError(err, false)
	if a.health.failed(a.now(), where, f) {
		a.log.Warn("Slack does not work", "where", where, "class", string(f.Class), "code", f.Reason)
	}
	return f
}

func (a *App) printer(r bot.Reader) *text.Printer {
	return text.For(r.Lang).In(r.Zone, r.Now).As(r.Command)
}

// quiet is a log for libraries that write about what they send.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// hostOf is the part of a URL that names its machine, lower case.
func hostOf(raw string) string {
	_, rest, _ := strings.Cut(raw, "://")
	host, _, _ := strings.Cut(rest, "/")
	return strings.ToLower(host)
}
