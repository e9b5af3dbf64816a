package slacktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is one connection of Socket Mode.
type socket struct {
	s      *Server
	conn   *websocket.Conn
	write  sync.Mutex
	out    chan any // what is sent, in its order
	done   chan struct{}
	once   sync.Once
	warned bool
	gone   bool // under the server's lock
}

// link opens a socket with the ticket that apps.connections.open gave.
func (s *Server) link(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	s.mu.Lock()
	good := s.tickets[ticket]
	delete(s.tickets, ticket)
	s.mu.Unlock()
	if !good {
		http.Error(w, "invalid ticket", http.StatusForbidden)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // clients send https://api.slack.com
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // it answered
	}
	c := &socket{s: s, conn: conn, out: make(chan any, 1000), done: make(chan struct{})}
	s.mu.Lock()
	if s.closing || s.outage != None {
		s.mu.Unlock()
		_ = conn.Close()
		return
	}
	s.sockets = append(s.sockets, c)
	n := len(s.sockets)
	s.tasks.Go(c.ping)
	s.tasks.Go(c.writer)
	s.tasks.Go(c.read)
	s.noted()
	s.mu.Unlock()
	c.send(map[string]any{"type": "hello", "num_connections": n, "connection_info": map[string]any{"app_id": AppID},
		"debug_info": map[string]any{"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060}})
	s.flush()
}

// send sends something without waiting for it to arrive; false where the connection is gone.
func (c *socket) send(v any) bool {
	select {
	case c.out <- v:
		return true
	case <-c.done:
		return false
	}
}

func (c *socket) writer() {
	for {
		select {
		case v := <-c.out:
			c.write.Lock()
			_ = c.conn.SetWriteDeadline(time.Now().Add(10 * time.Second)) // a connection that is gone fails at the write
			err := c.conn.WriteJSON(v)
			c.write.Unlock()
			if err != nil {
				c.cut()
				return
			}
		case <-c.done:
			return
		}
	}
}

func (c *socket) ping() {
	if c.s.o.Ping < 0 {
		return
	}
	t := time.NewTicker(c.s.o.Ping)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if c.conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(5*time.Second)) != nil {
				c.cut()
				return
			}
		case <-c.done:
			return
		}
	}
}

// read takes acknowledgements until the connection ends.
func (c *socket) read() {
	defer c.left()
	for {
		kind, b, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		if kind != websocket.TextMessage {
			continue
		}
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(b, &ack) != nil || ack.ID == "" {
			continue
		}
		if len(b) >= maxAck {
			c.s.mu.Lock()
			c.s.dropped = append(c.s.dropped, ack.ID)
			c.s.noted()
			c.s.mu.Unlock()
			continue
		}
		c.s.acked(ack.ID, ack.Payload)
	}
}

// cut breaks the connection.
func (c *socket) cut() {
	c.once.Do(func() { close(c.done) })
	_ = c.conn.Close()
}

// left takes the socket away; what it left unacknowledged goes to another one.
func (c *socket) left() {
	c.cut()
	s := c.s
	s.mu.Lock()
	c.gone = true
	s.sockets = slices.DeleteFunc(s.sockets, func(x *socket) bool { return x == c })
	for _, d := range s.sent {
		if d.over == c && !d.ended() {
			d.over, d.waits = nil, true
		}
	}
	s.noted()
	s.mu.Unlock()
	s.flush()
}

// flush sends again what a broken connection left, where there is another one.
func (s *Server) flush() {
	for {
		s.mu.Lock()
		var d *Delivery
		var c *socket
		for _, x := range s.sent {
			if x.waits && !x.ended() {
				d = x
				break
			}
		}
		if d != nil {
			c = s.pick()
		}
		if c == nil {
			s.mu.Unlock()
			return
		}
		d.waits, d.over = false, c
		d.tries++
		envelope := d.envelope()
		s.mu.Unlock()
		if !c.send(envelope) {
			c.cut()
		}
	}
}

// pick chooses a socket: Slack sends each envelope over any one of them. The caller has the lock.
func (s *Server) pick() *socket {
	if len(s.sockets) == 0 {
		return nil
	}
	s.turn++
	return s.sockets[s.turn%len(s.sockets)]
}

// Sockets is how many sockets are open.
func (s *Server) Sockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets)
}

// Cut breaks all sockets without a word.
func (s *Server) Cut() {
	for _, c := range s.all() {
		c.cut()
	}
}

func (s *Server) all() []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sockets)
}

// Refresh tells the oldest socket that it will be closed, as Slack does every few hours: a warning,
// and 10 seconds later the end, unless the app closed it before.
func (s *Server) Refresh() {
	for _, c := range s.all() {
		s.mu.Lock()
		if c.warned {
			s.mu.Unlock()
			continue
		}
		c.warned = true
		s.after(10*time.Second, func() {
			c.send(map[string]any{"type": "disconnect", "reason": "refresh_requested", "debug_info": map[string]any{"host": "applink-1"}})
			s.mu.Lock()
			s.after(time.Second, c.cut)
			s.mu.Unlock()
		})
		s.mu.Unlock()
		c.send(map[string]any{"type": "disconnect", "reason": "warning", "debug_info": map[string]any{"host": "applink-1"}})
		return
	}
}

// Garbage sends a text frame to every socket as it is.
func (s *Server) Garbage(frame string) {
	for _, c := range s.all() {
		c.write.Lock()
		_ = c.conn.WriteMessage(websocket.TextMessage, []byte(frame)) // what is gone gets nothing
		c.write.Unlock()
	}
}
