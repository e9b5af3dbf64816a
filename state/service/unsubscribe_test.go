package service

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/statetest"
)

const linkIntent = "0123456789abcdef0123456789abcdef"

// linked is a house where advertising went out to Jana, and the link it carried.
func linked(t *testing.T) (h *house, token string) {
	t.Helper()
	h = newHouse(t)
	key := []byte("a key that nobody knows")
	h.s = New(h.store, h.conns, Config{Region: "DE", Zone: "Europe/Berlin", Unsubscribe: UnsubscribeConfig{URL: "https://kept.example/unsubscribe",
		Key: func(context.Context) ([]byte, error) { return key, nil }}}, func() time.Time { return h.now })
	h.people()
	h.now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) // a Monday
	h.tell(agreed("1", "jana@sternwarte.example", "Jana 李 🌟"))
	h.outgoing(func(w *state.Writer) error {
		m := toJana(1, "advert")
		m.Purpose, m.State, m.Intent, m.Number = purposeMarketing, state.OutgoingSent, linkIntent, 1
		m.Queued, m.Due, m.Expires, m.Ended = h.now, h.now, h.now.Add(time.Hour), h.now
		return state.Outbox.Put(w, m)
	})
	return h, unsubscribeToken(key, linkIntent)
}

// A link makes the gate say no to advertising, once however often it is followed, and again after a
// colleague took it back.
func TestUnsubscribeByToken(t *testing.T) {
	t.Parallel()
	h, token := linked(t)
	ctx := context.Background()
	h.answers(h.may("jana", "email", "marketing"), "yes")
	before := statetest.Dump(t, h.store)
	h.ok(h.s.UnsubscribeGenuine(ctx, token))
	same(t, "looking at a link", before, statetest.Dump(t, h.store))
	follow := func() {
		t.Helper()
		if out := must[UnsubscribeOut](h)(h.s.UnsubscribeByToken(ctx, UnsubscribeIn{Token: token})); !out.Done {
			t.Error("the link is not known")
		}
	}
	follow()
	h.answers(h.may("jana", "email", "marketing"), "no", "gate_opted_out")
	h.answers(h.may("jana", "email", "sales"), "no", "gate_opted_out")
	h.answers(h.may("jana", "email", "service"), "yes")
	before = statetest.Dump(t, h.store)
	h.now = h.now.Add(time.Hour)
	follow()
	same(t, "a link followed again", before, statetest.Dump(t, h.store))
	for _, purpose := range []string{"sales", "marketing"} {
		must[OptoutOut](h)(h.s.OptoutRemove(as("ana"), OptoutRemoveIn{Ref: "jana", Channel: "email", Purpose: purpose, Reason: "she asked for it"}))
		h.now = h.now.Add(time.Hour)
		follow()
		h.answers(h.may("jana", "email", purpose), "no", "gate_opted_out")
	}
}

func same(t *testing.T, what string, before, after map[string]string) {
	t.Helper()
	for k, v := range after {
		if before[k] != v {
			t.Errorf("%s changed %q", what, k)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%s left %d entries of %d", what, len(after), len(before))
	}
}

// Tokens that are not ours are refused all alike, and nothing is read or written for them.
func TestUnsubscribeForged(t *testing.T) {
	t.Parallel()
	h, token := linked(t)
	ctx := context.Background()
	before := statetest.Dump(t, h.store)
	intent, signature, _ := strings.Cut(token, ".")
	for name, forged := range map[string]string{
		"nothing":            "",
		"no signature":       intent,
		"an empty one":       intent + ".",
		"truncated":          token[:len(token)-1],
		"longer":             token + "A",
		"a line end in it":   token + "\n",
		"of another secret":  unsubscribeToken([]byte("another key"), linkIntent),
		"of no secret":       linkIntent + "." + "AAAAAAAAAAAAAAAAAAAAAA",
		"of another message": strings.Replace(intent, "0", "1", 1) + "." + signature,
		"in capitals":        strings.ToUpper(intent) + "." + signature,
		"twice":              token + "." + signature,
		"huge":               strings.Repeat("a", 1<<20) + "." + signature,
	} {
		_, err := h.s.UnsubscribeByToken(ctx, UnsubscribeIn{Token: forged})
		if args := h.refused(err, state.Forbidden, "unsubscribe_token"); len(args) > 0 {
			t.Errorf("%s: the error says %v", name, args)
		}
		h.refused(h.s.UnsubscribeGenuine(ctx, forged), state.Forbidden, "unsubscribe_token")
	}
	same(t, "a forged link", before, statetest.Dump(t, h.store))
	h.answers(h.may("jana", "email", "marketing"), "yes")

	keyless := New(h.store, h.conns, Config{}, func() time.Time { return h.now })
	_, err := keyless.UnsubscribeByToken(ctx, UnsubscribeIn{Token: token})
	h.refused(err, state.Forbidden, "unsubscribe_token")
}

// Who was forgotten is not known by an old link either.
func TestUnsubscribeForgotten(t *testing.T) {
	t.Parallel()
	h, token := linked(t)
	must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: "jana"}))
	if out := must[UnsubscribeOut](h)(h.s.UnsubscribeByToken(context.Background(), UnsubscribeIn{Token: token})); out.Done {
		t.Error("the link still knows who was forgotten")
	}
}

// The only token that opens is the one that was made for its intent.
func FuzzUnsubscribeToken(f *testing.F) {
	key := []byte("a key that nobody knows")
	f.Add(unsubscribeToken(key, linkIntent))
	f.Add(unsubscribeToken(key, ""))
	f.Add(unsubscribeToken([]byte("another"), linkIntent))
	f.Add(linkIntent + ".")
	f.Add("..\n\x00=")
	f.Fuzz(func(t *testing.T, token string) {
		intent, ok := openUnsubscribe(key, token)
		if ok && (token != unsubscribeToken(key, intent) || len(token) > unsubscribeTokenBytes) {
			t.Errorf("%q opened as %q", token, intent)
		}
		if !ok && intent != "" {
			t.Errorf("%q was refused, and said %q", token, intent)
		}
		if _, ok := openUnsubscribe(nil, token); ok {
			t.Errorf("%q opened without a key", token)
		}
		// What is signed opens, whatever it is, but for a dot, where the signature begins.
		if !strings.Contains(token, ".") && len(token) < 100 {
			if back, ok := openUnsubscribe(key, unsubscribeToken(key, token)); !ok || back != token {
				t.Errorf("the token of %q opened as %q, %v", token, back, ok)
			}
		}
	})
}
