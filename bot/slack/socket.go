package slack

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// Bounds of a socket.
const (
	socketBytes = 2 << 20 // of one envelope
	quickest    = time.Second
	slowest     = 30 * time.Second // between two attempts while Slack cannot be reached
	slowly      = 5 * time.Minute  // where a person has to act
	ackQueue    = 3 * time.Second
)

// hold keeps one socket open until ctx ends. Slack renews each every few hours, and closes it then
// before the next one is open: the other one is there meanwhile, as they begin at different times.
func (a *App) hold(ctx context.Context, n int) {
	if !sleep(ctx, time.Duration(n)*apart) {
		return
	}
	smc := socketmode.New(a.client.slack, socketmode.OptionDialer(a.dialer()), socketmode.OptionReadLimit(socketBytes), socketmode.OptionLog(quiet()))
	for failed := 0; ctx.Err() == nil; failed++ {
		opened, err := a.socket(ctx, smc, n)
		if ctx.Err() != nil {
			return
		}
		if opened {
			failed = 0
		}
		f := a.trouble(inSocket, err)
		wait := min(quickest<<min(failed, 10), slowest)
		wait = wait/2 + rand.N(wait/2+1)
		if f.Class == Auth || f.Class == Forbidden {
			wait = slowly
		}
		if !sleep(ctx, max(wait, f.After)) {
			return
		}
	}
}

// socket runs one socket until it cannot be opened; opened says whether it was before. The library
// would go on by itself with pauses of up to five minutes: too long for who waits for an answer.
func (a *App) socket(ctx context.Context, smc *socketmode.Client, n int) (opened bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- smc.RunContext(ctx) }()
	defer a.health.closed(n)
	for {
		select {
		case e := <-smc.Events:
			switch data := e.Data.(type) {
			case *slackapi.ConnectionErrorEvent:
				a.health.closed(n)
				err = data.ErrorObj
				cancel()
			case *slackapi.ConnectingEvent:
				a.health.closed(n)
			case *socketmode.ErrorBadMessage:
				a.envelope(ctx, smc, data.Message)
			case *socketmode.ErrorWriteFailed:
				if r := data.Response; r != nil {
					a.start(func() { _ = a.queue(smc, *r) }) // Slack sends the event again otherwise
				}
			default:
				switch {
				case e.Type == socketmode.EventTypeHello:
					opened = true
					a.health.opened(n, a.now())
				case e.Request != nil:
					a.receive(smc, e.Request.Type, e.Request.EnvelopeID, e.Request.Payload)
				}
			}
		case e := <-ended:
			if err == nil {
				err = e
			}
			return opened, err
		}
	}
}

// envelope reads what the library could not.
func (a *App) envelope(_ context.Context, smc *socketmode.Client, raw []byte) {
	var x struct {
		Type    string          `json:"type"`
		ID      string          `json:"envelope_id"`
		Payload json.RawMessage `json:"payload"`
	}
	if json.Unmarshal(raw, &x) != nil || x.ID == "" {
		a.health.unread()
		return
	}
	a.receive(smc, x.Type, x.ID, x.Payload)
}

// receive takes an envelope. Nothing in it waits: each event has a goroutine of its own.
func (a *App) receive(smc *socketmode.Client, kind, id string, payload json.RawMessage) {
	ack := func(with any) error { return a.queue(smc, socketmode.Response{EnvelopeID: id, Payload: with}) }
	var e event
	err := errNoEvent
	switch kind {
	case socketmode.RequestTypeSlashCommands:
		e, err = readCommand(payload)
	case socketmode.RequestTypeInteractive:
		e, err = parseInteraction(payload, id)
	case socketmode.RequestTypeEventsAPI:
		e, _, err = parseEvents(payload)
	}
	a.start(func() {
		if err != nil {
			a.health.ignored(a.now(), err == errBroken)
			_ = ack(nil) // or it would come again
			return
		}
		a.take(e, ack)
	})
}

// queue hands an acknowledgement to the socket.
func (a *App) queue(smc *socketmode.Client, r socketmode.Response) error {
	ctx, cancel := context.WithTimeout(a.life, ackQueue)
	defer cancel()
	return smc.SendCtx(ctx, r)
}

// dialer opens sockets whose signs of life are noted. Slack reads no message that is split over
// frames, so that the buffer is larger than any that we send.
func (a *App) dialer() *websocket.Dialer {
	dial := a.o.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	return &websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 20 * time.Second, WriteBufferSize: 32 << 10,
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &heard{c, a}, nil
		},
	}
}

// heard is a connection that notes when something came: Slack pings every few seconds.
type heard struct {
	net.Conn
	a *App
}

// Read implements net.Conn.
func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if n > 0 {
		h.a.health.heard(h.a.now())
	}
	return n, err
}
