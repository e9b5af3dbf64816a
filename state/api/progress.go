package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/textproto"
	"sync"
	"time"
)

// headerProgress asks for progress, with a request; with an interim answer (102) it is some.
const headerProgress = "Kept-Progress"

// progressEvery is how often a caller in another process hears of progress at most.
const progressEvery = 100 * time.Millisecond

type progressKey struct{}

// WithProgress has methods that are called under this context tell how far they are, each as the JSON
// that the method gave to [Tell]. tell is called by goroutines of its own, one call at a time, and must
// be quick.
func WithProgress(ctx context.Context, tell func(json.RawMessage)) context.Context {
	var mu sync.Mutex
	return context.WithValue(ctx, progressKey{}, func(raw json.RawMessage) {
		mu.Lock()
		defer mu.Unlock()
		tell(raw)
	})
}

// Tell tells the caller of the method that runs under ctx how far it is, if the caller wants to know.
// Not all of it arrives: what is followed too quickly by something newer is left out.
func Tell(ctx context.Context, v any) {
	tell, _ := ctx.Value(progressKey{}).(func(json.RawMessage))
	if tell == nil {
		return
	}
	if raw, err := json.Marshal(v); err == nil {
		tell(raw)
	}
}

// telling sends progress as interim answers until the real one begins. The newest always arrives, at most
// progressEvery late: work that hangs shows how far it came.
func telling(ctx context.Context, w http.ResponseWriter) (told context.Context, end func()) {
	var mu sync.Mutex
	var last time.Time
	var next json.RawMessage // too soon after the last: sent in its time, unless a newer one comes
	var later *time.Timer
	over := false
	send := func(raw json.RawMessage) {
		last = time.Now()
		w.Header().Set(headerProgress, asciiJSON(raw))
		w.WriteHeader(http.StatusProcessing)
		w.Header().Del(headerProgress)
	}
	tell := func(raw json.RawMessage) {
		mu.Lock()
		defer mu.Unlock()
		wait := progressEvery - time.Since(last)
		switch {
		case over || len(raw) > 4<<10:
		case next != nil:
			next = raw
		case wait <= 0:
			send(raw)
		default:
			next = raw
			later = time.AfterFunc(wait, func() {
				mu.Lock()
				defer mu.Unlock()
				if !over {
					send(next)
					next = nil
				}
			})
		}
	}
	return context.WithValue(ctx, progressKey{}, tell), func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
		if later != nil {
			later.Stop()
		}
	}
}

// hear passes on the progress of an interim answer.
func hear(ctx context.Context, header textproto.MIMEHeader) {
	tell, _ := ctx.Value(progressKey{}).(func(json.RawMessage))
	if raw := header.Get(headerProgress); tell != nil && raw != "" && json.Valid([]byte(raw)) {
		tell(json.RawMessage(raw))
	}
}
