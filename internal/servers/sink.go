package servers

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Sink is a mail server in this process that takes every mail and delivers none: what a real server
// relays to, or a program submits to. It speaks SMTP (RFC 5321) without TLS, on loopback, and goes wrong
// where a test says so.
type Sink struct {
	Port int

	listener net.Listener
	all      sync.WaitGroup

	mu      sync.Mutex
	login   string // what AUTH PLAIN must say; empty: no login is offered
	mails   []SinkMail
	answers map[string][]string // by stage and recipient
	conns   map[net.Conn]bool
}

// SinkMail is a mail that came.
type SinkMail struct {
	From, To string
	Raw      string // with CR LF, without the doubled dots
	At       time.Time
}

// Answers of [Sink.Answer] that are none: the connection ends. After Lose the mail was kept.
const (
	Drop = "drop"
	Lose = "lose"
)

// StartSink begins to listen at a port of loopback; 0: one that is free.
func StartSink(port int) (*Sink, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	s := &Sink{Port: l.Addr().(*net.TCPAddr).Port, listener: l, answers: map[string][]string{}, conns: map[net.Conn]bool{}}
	s.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // it was closed
			}
			s.mu.Lock()
			s.conns[c] = true
			s.mu.Unlock()
			s.all.Go(func() {
				s.serve(c)
				_ = c.Close() // it is over
				s.mu.Lock()
				delete(s.conns, c)
				s.mu.Unlock()
			})
		}
	})
	return s, nil
}

// Close ends it, with all connections.
func (s *Sink) Close() {
	_ = s.listener.Close() // nobody connects any more
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close() // it is meant to break
	}
	s.mu.Unlock()
	s.all.Wait()
}

// Login lets in whoever gives this name and password with AUTH PLAIN; without it no login is offered.
func (s *Sink) Login(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login = "\x00" + user + "\x00" + password
}

func (s *Sink) wanted() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.login
}

// Answer says what the next mails to an address are answered with, one after the other, at a stage:
// "RCPT", "DATA", or "end" once it is there whole; an empty answer lets one through. A mail that is answered
// with something that does not begin with 2, and is not [Lose], is not kept.
func (s *Sink) Answer(stage, to string, answers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[stage+" "+to] = append(s.answers[stage+" "+to], answers...)
}

// Mails gives what came for addresses at a domain, oldest first; "" is every domain.
func (s *Sink) Mails(domain string) []SinkMail {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []SinkMail
	for _, m := range s.mails {
		if domain == "" || strings.HasSuffix(m.To, "@"+domain) {
			out = append(out, m)
		}
	}
	return slices.Clone(out)
}

func (s *Sink) scripted(stage, to string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.answers[stage+" "+to]
	if len(queue) == 0 {
		return ""
	}
	s.answers[stage+" "+to] = queue[1:]
	return queue[0]
}

func (s *Sink) serve(c net.Conn) {
	in := bufio.NewReader(c)
	say := func(text string) bool {
		if text == Drop || text == Lose {
			return false
		}
		_, err := io.WriteString(c, text+"\r\n")
		return err == nil
	}
	var from, to string
	goes := say("220 sink.example ESMTP")
	for goes {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Minute)) // reading tells
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			caps := "250-sink.example\r\n250-8BITMIME\r\n250-SIZE 50000000\r\n250-SMTPUTF8\r\n"
			if s.wanted() != "" {
				caps += "250-AUTH PLAIN\r\n"
			}
			goes = say(caps + "250 ENHANCEDSTATUSCODES")
		case "HELO", "RSET", "NOOP":
			from, to = "", ""
			goes = say("250 2.0.0 done")
		case "XCLIENT":
			goes = say("220 sink.example ESMTP")
		case "AUTH":
			answer := "535 5.7.8 wrong user or password"
			if said, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN ")); err == nil && string(said) == s.wanted() {
				answer = "235 2.7.0 you are in"
			}
			goes = say(answer)
		case "MAIL":
			from, to = inBrackets(rest), ""
			goes = say("250 2.1.0 OK")
		case "RCPT":
			to = inBrackets(rest)
			answer := s.scripted("RCPT", to)
			if answer == "" {
				answer = "250 2.1.5 OK"
			}
			goes = say(answer)
		case "DATA":
			if answer := s.scripted("DATA", to); answer != "" {
				goes = say(answer)
				continue
			}
			goes = say("354 go ahead")
			raw, err := sinkData(in)
			if err != nil {
				return
			}
			answer := s.scripted("end", to)
			if answer == "" || answer == Lose || strings.HasPrefix(answer, "2") {
				s.mu.Lock()
				s.mails = append(s.mails, SinkMail{From: from, To: to, Raw: raw, At: time.Now()})
				s.mu.Unlock()
			}
			if answer == "" {
				answer = "250 2.0.0 queued"
			}
			goes = goes && say(answer)
		case "QUIT":
			say("221 2.0.0 bye")
			return
		default:
			goes = say("500 5.5.2 unknown command")
		}
	}
}

func inBrackets(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

func sinkData(in *bufio.Reader) (string, error) {
	var raw strings.Builder
	for raw.Len() < 64<<20 {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == ".\r\n" {
			return raw.String(), nil
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
	}
	return "", io.ErrShortBuffer
}
