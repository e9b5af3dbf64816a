package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// Access gives access tokens to a connector whose system is asked over another protocol than HTTP:
// mail servers take them in place of passwords.
type Access struct {
	tokens *tokens
	idle   interface{ CloseIdleConnections() }
}

// NewAccess makes a source of tokens. system is how messages call it; mask learns every token. Its
// error says what is wrong with the address of the tokens.
func NewAccess(o OAuth2, system string, mask *Mask, env connectors.Env) (*Access, error) {
	u, err := address(o.TokenURL)
	if err != nil {
		return nil, err
	}
	env = Filled(env)
	a := &Access{}
	wire := env.HTTP
	if wire == nil {
		t := network(env.Dial, 1)
		wire, a.idle = t, t
	}
	w := words{system: system, host: u.Host, mask: mask}
	var chain http.RoundTripper = &body{next: wire, timeout: defaultTimeout, max: 1 << 20, words: w}
	chain = &record{next: chain, mask: mask, env: env}
	signer, ok := o.bind(surroundings{env: env, mask: mask, words: w, wire: chain}).(*tokens)
	if !ok {
		return nil, &connectors.Error{Class: connectors.Invalid, Text: "these credentials give no tokens"}
	}
	a.tokens = signer
	return a, nil
}

// Token gives a token that is good as far as is known, and is not the one that was refused ("" where
// none was). The error is a [connectors.Error] or that of ctx.
func (a *Access) Token(ctx context.Context, refused string) (string, error) {
	g, err := a.tokens.grant(ctx, refused)
	return g.Access, err
}

// Close lets go of idle connections.
func (a *Access) Close() {
	if a.idle != nil {
		a.idle.CloseIdleConnections()
	}
}

// Network says in words what is wrong on the way to a host, of an error of dialling, TLS or reading;
// class is Invalid where it will not pass by itself. waited is how long an answer was waited for.
func Network(host string, err error, waited time.Duration) (class connectors.Class, text string) {
	return words{system: host, host: host, mask: NewMask()}.network(err, waited)
}
