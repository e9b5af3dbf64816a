package cmd

import (
	"context"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/cmd/internal/serve"
	"github.com/keptcrm/kept/state/service"
)

// unsubscribe is the page behind the links for saying no; there is none where nothing signs them.
func (v *serving) unsubscribe(s settings) serve.Unsubscribe {
	if s.file.Unsubscribe.Secret == "" {
		return serve.Unsubscribe{}
	}
	return serve.Unsubscribe{
		Genuine: func(ctx context.Context, token string) error {
			g, leave := v.live.enter()
			defer leave()
			return g.svc.UnsubscribeGenuine(ctx, token)
		},
		Stop: func(ctx context.Context, token string) (bool, error) {
			g, leave := v.live.enter()
			defer leave()
			ctx = service.WithCaller(ctx, service.Caller{Login: "job:unsubscribe", From: service.FromJob})
			out, err := g.svc.UnsubscribeByToken(ctx, service.UnsubscribeIn{Token: token})
			return out.Done, err
		},
		Words: func(accept string) serve.UnsubscribeWords {
			p := text.For(accept)
			return serve.UnsubscribeWords{Lang: p.Lang(), Title: p.T("unsubscribe.title"), Ask: p.T("unsubscribe.ask"), Button: p.T("unsubscribe.button"),
				Done: p.T("unsubscribe.done"), Unknown: p.T("unsubscribe.unknown"), NotOurs: p.T("error.unsubscribe_token"), Again: p.T("unsubscribe.again")}
		},
	}
}
