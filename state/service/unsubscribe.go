package service

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// unsubscribeToken is what a link for saying no carries: the intent of the message and its
// signature. Nobody can make one without the key, and it says nothing of whom it was sent to. It is
// "" without a key.
func unsubscribeToken(key []byte, intent string) string {
	if len(key) == 0 {
		return ""
	}
	return intent + "." + base64.RawURLEncoding.EncodeToString(signUnsubscribe(key, intent))
}

func signUnsubscribe(key []byte, intent string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("kept unsubscribe 1\x00" + intent))
	return m.Sum(nil)[:16]
}

// UnsubscribeByToken makes the opt-out of a link that a message carried: no more marketing or sales
// to that address on that channel. The signature is verified before anything else is read. Once more
// is no error. The error is [state.Forbidden] with the code "unsubscribe_token" where the token is
// none of ours, and says no more.
func (s *Service) UnsubscribeByToken(ctx context.Context, in UnsubscribeIn) (UnsubscribeOut, error) {
	bad := &state.Error{Class: state.Forbidden, Code: "unsubscribe_token"}
	if s.config.Unsubscribe.Key == nil || len(in.Token) > 200 {
		return UnsubscribeOut{}, bad
	}
	key, err := s.config.Unsubscribe.Key(ctx)
	if err != nil {
		return UnsubscribeOut{}, err
	}
	intent, signature, ok := strings.Cut(in.Token, ".")
	told, err := base64.RawURLEncoding.DecodeString(signature)
	if !ok || err != nil || len(key) == 0 || !hmac.Equal(told, signUnsubscribe(key, intent)) {
		return UnsubscribeOut{}, bad
	}
	return change(ctx, s, "optout.link", nil, func(w *state.Writer) (UnsubscribeOut, error) {
		found, err := state.Outbox.By(w.Tx(), "intent", state.TextKey(intent))
		if err != nil || len(found) == 0 {
			return UnsubscribeOut{}, err // who got it was forgotten
		}
		o := found[0]
		for _, purpose := range []string{purposeMarketing, purposeSales} {
			source := "link:" + state.Outbox.Ref(o.Number)
			c := &state.Consent{Identifier: plain(o.To), Channel: o.Channel, Purpose: purpose, State: state.ConsentOptedOut, Source: source, Field: "link", By: "link"}
			if done, err := linkedAlready(w.Tx(), c); err != nil || done {
				return UnsubscribeOut{Done: done}, err
			}
			if err := noteConsent(w, c); err != nil {
				return UnsubscribeOut{}, err
			}
		}
		return UnsubscribeOut{Done: true}, nil
	})
}

// linkedAlready says whether the statement was made by the same link, and nothing was said since.
func linkedAlready(tx state.Tx, c *state.Consent) (bool, error) {
	said, err := statementsAbout(tx, c.Identifier)
	if err != nil {
		return false, err
	}
	slices.SortStableFunc(said, func(a, b *state.Consent) int { return a.Noted.Compare(b.Noted) })
	done := false
	for _, x := range said {
		if x.Channel != c.Channel && x.Channel != state.AllChannels || x.Purpose != c.Purpose && x.Purpose != state.AllPurposes {
			continue
		}
		done = x.Source == c.Source && x.State == state.ConsentOptedOut
	}
	return done, nil
}
