package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/user"
	"sync"
)

// Request says which call this is and who makes it. The service stores the ID
// in the transaction of a write, so that the same ID takes effect once.
type Request struct {
	ID    string
	Actor string // login at the operating system
	// Zone is the IANA zone in which the caller reads and writes times. With ZoneAsked somebody
	// named it for this call, so that it beats what is known of the actor.
	Zone      string
	ZoneAsked bool
	// Chat says that the call is made as in a chat, and for whom; "" is that it is not.
	Chat string
}

type requestKey struct{}

// WithRequest fixes ID or actor of the calls made with this context; what is
// left empty is filled in. One ID is for one call: a context that carries an ID
// must not be used for two different writes.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestFrom gives the request that this context belongs to; its fields are
// empty where nobody set them.
func RequestFrom(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}

// NewRequestID gives a fresh ID of 128 random bits.
func NewRequestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}

// Login is the name of the operating-system user that runs this process, or
// "unknown".
func Login() string { return login() }

var login = sync.OnceValue(func() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	for _, k := range []string{"USER", "LOGNAME", "USERNAME"} {
		if v := os.Getenv(k); v != "" {
			return v
		}
	}
	return "unknown"
})

// complete fills what the caller left open.
func complete(ctx context.Context, actor string) (context.Context, Request) {
	r := RequestFrom(ctx)
	if r.ID == "" {
		r.ID = NewRequestID()
	}
	if r.Actor == "" {
		r.Actor = actor
	}
	if r.Actor == "" {
		r.Actor = Login()
	}
	return WithRequest(ctx, r), r
}

// validID bounds what a stranger may make the service store as a request ID.
func validID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
