package service

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// The channels of consent. "social" is a handle at a network.
const (
	channelEmail  = "email"
	channelSMS    = "sms"
	channelPhone  = "phone"
	channelPost   = "post"
	channelSocial = "social"
)

var (
	channels = []string{channelEmail, channelPhone, channelPost, channelSMS, channelSocial}
	purposes = []string{"marketing", "sales", state.AllPurposes}
)

// channelsOf are the channels that an identifier of a type serves.
func channelsOf(typ string) []string {
	switch typ {
	case state.TypeEmail:
		return []string{channelEmail}
	case state.TypePhone:
		return []string{channelPhone, channelSMS}
	case state.TypeHandle:
		return []string{channelSocial}
	}
	return nil
}

// severity orders what may hold: what is said, and stricter, wins.
func severity(s string) int {
	switch s {
	case state.ConsentOptedOut:
		return 5
	case state.ConsentUndeliverable:
		return 4
	case state.ConsentWithheld:
		return 3
	case state.ConsentGranted:
		return 2
	case state.ConsentLifted:
		return 1
	}
	return 0
}

// holds decides, of all statements about somebody's identifiers, which one holds for a channel and
// a purpose; nil where nothing was said. "all" asks about every one.
//
// The strictest statement holds, wherever it came from and whatever was told later: a connection
// that says "granted" after somebody said no has an old copy, or a box that someone else ticked.
// Only a person's "lifted" about the same identifier, noted after the refusal, ends it. A
// statement about all channels or all purposes is about each of them.
func holds(said []state.Consent, channel, purpose string) *state.Consent {
	var best *state.Consent
	for _, ch := range spread(channel, state.AllChannels, said, func(c *state.Consent) string { return c.Channel }) {
		for _, pu := range spread(purpose, state.AllPurposes, said, func(c *state.Consent) string { return c.Purpose }) {
			if c := holdsFor(said, ch, pu); c != nil && (best == nil || stricter(c, best)) {
				best = c
			}
		}
	}
	return best
}

// spread gives the single channels or purposes that "all" stands for: those that anybody spoke of,
// and one that nobody did.
func spread(asked, all string, said []state.Consent, of func(*state.Consent) string) []string {
	if asked != all {
		return []string{asked}
	}
	out := []string{""}
	for i := range said {
		if v := of(&said[i]); v != all && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func holdsFor(said []state.Consent, channel, purpose string) *state.Consent {
	var best *state.Consent
	for i := range said {
		c := &said[i]
		if !about(c, channel, purpose) || c.Refuses() && lifted(said, c, channel, purpose) {
			continue
		}
		if best == nil || stricter(c, best) {
			best = c
		}
	}
	return best
}

func about(c *state.Consent, channel, purpose string) bool {
	return (c.Channel == channel || c.Channel == state.AllChannels) && (c.Purpose == purpose || c.Purpose == state.AllPurposes)
}

// lifted says whether a person took a refusal back after we knew it.
func lifted(said []state.Consent, refusal *state.Consent, channel, purpose string) bool {
	key := refusal.Identifier.Key()
	return slices.ContainsFunc(said, func(l state.Consent) bool {
		return l.State == state.ConsentLifted && l.By != "" && l.Run == 0 && about(&l, channel, purpose) &&
			l.Noted.After(refusal.Noted) && bytes.Equal(l.Identifier.Key(), key)
	})
}

// stricter says whether a wins over b: the stricter one, then the one said later, then any fixed
// order.
func stricter(a, b *state.Consent) bool {
	return cmp.Or(severity(a.State)-severity(b.State), saidAt(a).Compare(saidAt(b)), a.Noted.Compare(b.Noted),
		bytes.Compare(a.Identifier.Key(), b.Identifier.Key()), cmp.Compare(a.Source, b.Source)) > 0
}

// contactable says whether statements about somebody's identifiers, present and former, leave a
// channel open for a purpose: no statement that holds is a refusal. That nothing was said is not
// a refusal; what follows from silence is the gate's to decide.
func contactable(said []state.Consent, channel, purpose string) bool {
	c := holds(said, channel, purpose)
	return c == nil || !c.Refuses()
}

// held gives, for every channel and purpose that was spoken of, the statement that holds, in the
// order of channel and purpose.
func held(said []state.Consent) []heldConsent {
	var out []heldConsent
	for i := range said {
		h := heldConsent{channel: said[i].Channel, purpose: said[i].Purpose}
		if !slices.ContainsFunc(out, func(o heldConsent) bool { return o.channel == h.channel && o.purpose == h.purpose }) {
			// Of "all" only what was said of all: a no to marketing is not a no to everything.
			h.consent = holdsFor(said, h.channel, h.purpose)
			if all := holds(said, h.channel, h.purpose); h.consent != nil && !h.consent.Refuses() && all.Refuses() {
				continue // "yes to all" would be wrong beside a no to one of them
			}
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b heldConsent) int {
		return cmp.Or(strings.Compare(a.channel, b.channel), strings.Compare(a.purpose, b.purpose))
	})
	return out
}

// heldConsent is what holds for one channel and purpose.
type heldConsent struct {
	channel, purpose string
	consent          *state.Consent
}

// statements gives all that was said about contact with a customer: about its identifiers,
// present and former, and by hand about the customer itself; oldest first.
func (l *lookup) statements(c *state.Customer) ([]state.Consent, error) {
	var out []state.Consent
	seen := map[string]bool{}
	add := func(list []*state.Consent) {
		for _, s := range list {
			if k := consentID(s); !seen[k] {
				seen[k] = true
				out = append(out, *s)
			}
		}
	}
	for _, a := range c.Identifiers {
		list, err := statementsAbout(l.tx, a.Identifier)
		if err != nil {
			return nil, err
		}
		add(list)
	}
	for _, k := range c.Records {
		// Carried along when the record left another customer.
		list, err := statementsAbout(l.tx, recordItself(k))
		if err != nil {
			return nil, err
		}
		add(list)
	}
	for _, b := range bases(c) {
		// Said of the customer: it stays theirs even where a record with the address is gone.
		list, err := state.Consents.By(l.tx, "source", state.TextKey(state.Customers.Ref(b)))
		if err != nil {
			return nil, err
		}
		add(list)
	}
	sortStatements(out)
	return out, nil
}

// statementsAbout gives all that was said about one identifier.
func statementsAbout(tx state.Tx, id state.Identifier) ([]*state.Consent, error) {
	said, err := state.Consents.List(tx, state.PrefixRange("", id.Key()))
	if err != nil {
		return nil, err
	}
	m, err := marksOf(tx)
	if err != nil {
		return nil, err
	}
	outlived, err := m.refused(id)
	return append(said, outlived...), err
}

func sortStatements(said []state.Consent) {
	slices.SortStableFunc(said, func(a, b state.Consent) int {
		return cmp.Or(saidAt(&a).Compare(saidAt(&b)), a.Noted.Compare(b.Noted), strings.Compare(a.Source, b.Source))
	})
}

// consentLines shows statements; those among what holds are marked.
func (l *lookup) consentLines(said []state.Consent, holding []heldConsent, of *CustomerRef) []ConsentLine {
	out := []ConsentLine{}
	for i := range said {
		line := l.consentLine(&said[i], of)
		id := consentID(&said[i])
		line.Holds = slices.ContainsFunc(holding, func(h heldConsent) bool { return h.consent != nil && consentID(h.consent) == id })
		out = append(out, line)
	}
	return out
}

// holdLines shows what holds for each channel and purpose.
func (l *lookup) holdLines(holding []heldConsent, of *CustomerRef) []ConsentLine {
	out := []ConsentLine{}
	for _, h := range holding {
		if h.consent == nil {
			continue
		}
		line := l.consentLine(h.consent, of)
		line.Channel, line.Purpose, line.Holds = h.channel, h.purpose, true
		out = append(out, line)
	}
	return out
}

func (l *lookup) consentLine(c *state.Consent, of *CustomerRef) ConsentLine {
	line := ConsentLine{Type: c.Identifier.Type, Value: c.Identifier.Shown, Channel: c.Channel, Purpose: c.Purpose,
		State: c.State, At: c.At, Noted: c.Noted, Connection: c.Connection, Field: c.Field, Words: c.Words,
		By: l.name(c.By), Customer: of}
	if c.Run != 0 {
		line.Run = state.Runs.Ref(c.Run)
	}
	return line
}
