package bluesky

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/keptcrm/kept/connectors"
)

// person is a profile as the views of Bluesky tell it (app.bsky.actor.defs); anything but the DID
// may be missing: displayName is where the account never made a profile.
type person struct {
	DID         string `json:"did"`
	Handle      string `json:"handle"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	Created     string `json:"createdAt"`
	Indexed     string `json:"indexedAt"`
	Viewer      struct {
		FollowedBy string `json:"followedBy"`
	} `json:"viewer"`
}

// noHandle is what Bluesky shows in place of a handle that no longer leads to its account.
const noHandle = "handle.invalid"

// handle gives the handle, "" for none.
func (p person) handle() string {
	if p.Handle == noHandle {
		return ""
	}
	return p.Handle
}

// mailbox is how a person stands in a message: their DID is the address.
func (p person) mailbox() connectors.Mailbox {
	return connectors.Mailbox{Name: cmp.Or(oneLine(p.DisplayName), p.handle()), Address: p.DID}
}

// contact is the record of a person; follows says whether they follow the account now.
func (p person) contact(follows bool) connectors.Record {
	r := connectors.Record{Kind: connectors.Contact, ID: p.DID, Keyed: connectors.KeyedID, Created: instant(p.Created), Modified: instant(p.Indexed), Fields: p.fields()}
	if p.Description = strings.TrimSpace(p.Description); p.Description != "" {
		r.Fields = put(r.Fields, connectors.FieldNote, p.Description, "")
	}
	if follows {
		r.Fields = put(r.Fields, connectors.FieldTag, followerTag, "")
	}
	return r
}

// implied is the contact that a message of a person implies, at the time of the message. It speaks
// of what every message tells of its writer alone.
func (p person) implied(at time.Time) connectors.Record {
	return connectors.Record{Kind: connectors.Contact, ID: p.DID, Keyed: connectors.KeyedID, Implied: true, Modified: at, Fields: p.fields(),
		Covers: []string{connectors.FieldExternalID, connectors.FieldHandle, connectors.FieldName, connectors.FieldURL}}
}

func (p person) fields() []connectors.Field {
	var f []connectors.Field
	f = put(f, connectors.FieldExternalID, p.DID, network)
	f = put(f, connectors.FieldHandle, p.handle(), network)
	f = put(f, connectors.FieldName, oneLine(p.DisplayName), "")
	return put(f, connectors.FieldURL, "https://bsky.app/profile/"+p.DID, network)
}

// put adds a field with one value, in the order of names.
func put(fields []connectors.Field, name, text, label string) []connectors.Field {
	if text == "" {
		return fields
	}
	fields = append(fields, connectors.Field{Name: name, Values: []connectors.Value{{Text: text, Label: label}}})
	slices.SortFunc(fields, func(a, b connectors.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// oneLine joins a text's lines.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s))
}

// instant reads a datetime of the AT Protocol; zero where it is none.
func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// profiles asks for people, as many as it takes. Who is not there, for whatever reason, is left out.
func (c *Connection) profiles(ctx context.Context, dids []string) (map[string]person, error) {
	out := map[string]person{}
	for some := range slices.Chunk(dids, profilesPage) {
		var list struct{ Profiles []person }
		if err := c.get(ctx, "app.bsky.actor.getProfiles", url.Values{"actors": some}, &list); err != nil {
			return nil, err
		}
		for _, p := range list.Profiles {
			if isDID(p.DID) {
				out[p.DID] = p
			}
		}
	}
	return out, nil
}

// named gives how people are called, from memory where they were asked for before. It fails for
// nobody: a name is no reason to lose a message.
func (c *Connection) named(ctx context.Context, dids []string) (map[string]person, error) {
	out := map[string]person{}
	var ask []string
	c.mu.Lock()
	for _, did := range dids {
		if p, ok := c.people[did]; ok {
			out[did] = p
		} else if !slices.Contains(ask, did) {
			ask = append(ask, did)
		}
	}
	c.mu.Unlock()
	if len(ask) == 0 {
		return out, nil
	}
	got, err := c.profiles(ctx, ask)
	if errors.Is(err, errNoService) {
		got, err = c.neighbours(ctx, ask)
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, did := range ask {
		p, ok := got[did]
		if !ok {
			p = person{DID: did}
		}
		c.people[did], out[did] = p, p
	}
	return out, nil
}

// neighbours gives people whose accounts are on our own server, where that has no AppView to ask.
func (c *Connection) neighbours(ctx context.Context, dids []string) (map[string]person, error) {
	out := map[string]person{}
	for _, did := range dids {
		var repo struct{ DID, Handle string }
		err := c.get(ctx, "com.atproto.repo.describeRepo", url.Values{"repo": {did}}, &repo)
		if class := connectors.ClassOf(err); err != nil && (class == connectors.NotFound || class == connectors.Invalid) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p := person{DID: did, Handle: repo.Handle}
		var profile struct {
			Value struct{ DisplayName, Description string }
		}
		err = c.get(ctx, "com.atproto.repo.getRecord", url.Values{"repo": {did}, "collection": {"app.bsky.actor.profile"}, "rkey": {"self"}}, &profile)
		if class := connectors.ClassOf(err); err != nil && class != connectors.NotFound && class != connectors.Invalid {
			return nil, err
		}
		p.DisplayName, p.Description = profile.Value.DisplayName, profile.Value.Description
		out[did] = p
	}
	return out, nil
}

// remember keeps how a person is called.
func (c *Connection) remember(p person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.people[p.DID] = p
}
