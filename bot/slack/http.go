package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
)

// Bounds of signed requests.
const (
	maxRequest   = 1 << 20
	readWithin   = 2 * time.Second
	requestsOnce = 64 // that are read and verified at the same time
)

// Handler takes signed requests at /slack/{commands,interactions,events,options}. Nothing of a request
// is read as more than bytes before its signature was verified; one that comes again within the five
// minutes of its signature is acknowledged and has no second effect.
func (a *App) Handler() http.Handler {
	turns := make(chan struct{}, requestsOnce)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what, ok := strings.CutPrefix(r.URL.Path, "/slack/")
		switch {
		case !ok || what != "commands" && what != "interactions" && what != "events" && what != "options":
			say(w, http.StatusNotFound, "not found")
			return
		case r.Method != http.MethodPost:
			w.Header().Set("Allow", "POST")
			say(w, http.StatusMethodNotAllowed, "use POST")
			return
		case !a.open.Load() || !a.o.HTTP:
			w.Header().Set("Retry-After", "5")
			say(w, http.StatusServiceUnavailable, "not ready")
			return
		case r.ContentLength > maxRequest:
			say(w, http.StatusRequestEntityTooLarge, "too large")
			return
		}
		select {
		case turns <- struct{}{}:
		default:
			say(w, http.StatusServiceUnavailable, "busy")
			return
		}
		body, err := a.verified(w, r)
		<-turns
		if err != nil {
			a.health.forged()
			a.log.Debug("a request that Slack did not sign was refused")
			say(w, http.StatusUnauthorized, "refused")
			return
		}
		a.serve(w, what, body)
	})
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // a caller that went away is no trouble of ours
}

var errUnsigned = errors.New("slack: not signed")

// verified reads a body and verifies its signature.
func (a *App) verified(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readWithin)) // not every writer can
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return nil, err
	}
	v, err := slackapi.NewSecretsVerifier(r.Header, a.o.SigningSecret)
	if err != nil {
		return nil, err
	}
	if _, err := v.Write(body); err != nil {
		return nil, err
	}
	if v.Ensure() != nil {
		return nil, errUnsigned
	}
	return body, nil
}

// serve answers a request that Slack signed.
func (a *App) serve(w http.ResponseWriter, what string, body []byte) {
	var e event
	var challenge string
	err := errBroken
	switch what {
	case "commands":
		e, err = parseCommand(body)
	case "events":
		e, challenge, err = parseEvents(body)
	default:
		if f, bad := url.ParseQuery(string(body)); bad == nil {
			sum := sha256.Sum256(body)
			e, err = parseInteraction([]byte(f.Get("payload")), hex.EncodeToString(sum[:16]))
		}
	}
	if challenge != "" {
		a.health.heard(a.now())
		say(w, http.StatusOK, challenge)
		return
	}
	if err != nil {
		a.health.ignored(a.now(), err == errBroken)
		w.WriteHeader(http.StatusOK) // or it would come again
		return
	}
	a.health.heard(a.now())
	// The answer leaves with the first acknowledgement; the work goes on after it.
	var once sync.Once
	done := make(chan struct{})
	ack := func(payload any) error {
		var wrong error
		once.Do(func() {
			defer close(done)
			if payload == nil {
				w.WriteHeader(http.StatusOK)
				return
			}
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(http.StatusOK)
			wrong = json.NewEncoder(w).Encode(payload)
		})
		return wrong
	}
	if !a.start(func() { a.take(e, ack) }) {
		say(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	<-done
}
