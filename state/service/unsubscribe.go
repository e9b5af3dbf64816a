package service

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

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

// unsubscribeTokenBytes bounds what is looked at as a token; ours are shorter.
const unsubscribeTokenBytes = 200

// openUnsubscribe gives the intent of a token that was signed with the key. The whole token is
// compared with the one that would have been made, so that nothing in it is believed before.
func openUnsubscribe(key []byte, token string) (intent string, ok bool) {
	if len(key) == 0 || len(token) > unsubscribeTokenBytes {
		return "", false
	}
	intent, _, ok = strings.Cut(token, ".")
	if !ok || !hmac.Equal([]byte(token), []byte(unsubscribeToken(key, intent))) {
		return "", false
	}
	return intent, true
}

// UnsubscribeGenuine says whether a link is one of ours, and changes nothing. The error is that of
// [Service.UnsubscribeByToken].
func (s *Service) UnsubscribeGenuine(ctx context.Context, token string) error {
	_, err := s.linkIntent(ctx, token)
	return err
}

func (s *Service) linkIntent(ctx context.Context, token string) (string, error) {
	bad := &state.Error{Class: state.Forbidden, Code: "unsubscribe_token"}
	if s.config.Unsubscribe.Key == nil || len(token) > unsubscribeTokenBytes {
		return "", bad
	}
	key, err := s.config.Unsubscribe.Key(ctx)
	if err != nil {
		return "", err
	}
	intent, ok := openUnsubscribe(key, token)
	if !ok {
		return "", bad
	}
	return intent, nil
}

// UnsubscribeByToken makes the opt-out of a link that a message carried: no more marketing or sales
// to that address on that channel. The signature is verified before anything else is read. Once more
// is no error, and writes nothing. The error is [state.Forbidden] with the code "unsubscribe_token"
// where the token is none of ours, and says no more.
func (s *Service) UnsubscribeByToken(ctx context.Context, in UnsubscribeIn) (UnsubscribeOut, error) {
	intent, err := s.linkIntent(ctx, in.Token)
	if err != nil {
		return UnsubscribeOut{}, err
	}
	// Looked at first: a link that is followed again and again leaves no trace in the log of changes.
	type seen struct {
		known bool
		left  []*state.Consent
	}
	before, err := view(ctx, s, func(tx state.Tx, _ time.Time) (seen, error) {
		known, left, err := linkWishes(tx, intent)
		return seen{known, left}, err
	})
	if err != nil || len(before.left) == 0 {
		return UnsubscribeOut{Done: before.known}, err
	}
	return change(ctx, s, "optout.link", nil, func(w *state.Writer) (UnsubscribeOut, error) {
		known, left, err := linkWishes(w.Tx(), intent)
		if err != nil {
			return UnsubscribeOut{}, err
		}
		for _, c := range left {
			if err := noteConsent(w, c); err != nil {
				return UnsubscribeOut{}, err
			}
		}
		return UnsubscribeOut{Done: known}, nil
	})
}

// linkWishes gives what following the link of a message would note; known is false where the message
// is not there any more, and so neither is who got it.
func linkWishes(tx state.Tx, intent string) (known bool, left []*state.Consent, err error) {
	found, err := state.Outbox.By(tx, "intent", state.TextKey(intent))
	if err != nil || len(found) == 0 {
		return false, nil, err
	}
	o := found[0]
	for _, purpose := range []string{purposeMarketing, purposeSales} {
		c := &state.Consent{Identifier: plain(o.To), Channel: o.Channel, Purpose: purpose, State: state.ConsentOptedOut,
			Source: "link:" + state.Outbox.Ref(o.Number), Field: "link", By: "link"}
		done, err := linkedAlready(tx, c)
		if err != nil {
			return false, nil, err
		}
		if !done {
			left = append(left, c)
		}
	}
	return true, left, nil
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
