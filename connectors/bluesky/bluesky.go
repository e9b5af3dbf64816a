// Package bluesky reads a Bluesky account over XRPC, the HTTP of the AT Protocol
// (https://atproto.com/specs/xrpc): who follows it, who mentions it, replies to it or writes to it
// directly, and what it replied. It writes nothing.
//
// People are known by their DID, which stays when they take another handle
// (https://atproto.com/specs/did). Who follows the account is a contact; who wrote to it is one that
// the message implies; who only mentions it is none.
package bluesky

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// Spec declares the connector.
func Spec() connectors.Spec {
	read := func(field string, long int) connectors.FieldSpec {
		return connectors.FieldSpec{Field: field, Read: true, Many: 1, Long: long}
	}
	return connectors.Spec{
		Name:    network,
		Summary: "a Bluesky account: followers, mentions, replies and direct messages",
		Options: []connectors.Option{
			{Name: "handle", Required: true, Help: "the account's handle", Example: "sternwarte.bsky.social", Where: "Bluesky > Profile, the line that begins with @"},
			{Name: "password", Required: true, Secret: true, Help: "an app password, not the account's own; for direct messages one that may read them",
				Example: "abcd-efgh-ijkl-mnop", Where: wherePassword},
			{Name: "url", Default: "https://bsky.social", Help: "the server that the account is on (its PDS), where that is not Bluesky's own",
				Example: "https://pds.example.com", Where: "Bluesky > Settings > Account > Handle, or whoever runs the server"},
			{Name: "followers", Default: "yes", Choices: []string{"yes", "no"}, Help: "whether whoever follows the account becomes a contact"},
			{Name: "mentions", Default: "yes", Choices: []string{"yes", "no"}, Help: "whether mentions, replies and quotes are read"},
			{Name: "dms", Default: "yes", Choices: []string{"yes", "no"}, Help: "whether direct messages are read"},
		},
		Scopes: []string{"an app password; \"Allow access to your direct messages\" is ticked unless dms is no"},
		Cannot: []string{
			"Followers and their profiles belong to them: Bluesky lets nobody else write them, so this connection is only read.",
			"Bluesky tells no e-mail address and no phone number: who a follower is elsewhere, a person says (kept customer merge) or an order shows.",
			"Bluesky does not say who stopped following: once a day, and with --full, Kept looks up each follower who is missing, and takes the tag \"" + followerTag + "\" away.",
			"Its lists lose people where a page ends between things of one moment: Kept reads over the edge, and believes nobody gone whom it has not looked up.",
			"An account that is deactivated disappears from the list of followers: its contact stays as it was; only one that was deleted is gone.",
			"Answers are written at Bluesky; Kept then reads them as messages out.",
			"Likes and reposts say nothing that a history should hold, and are not read.",
		},
		Fields: map[connectors.Kind][]connectors.FieldSpec{
			connectors.Contact: {
				read(connectors.FieldName, 64), read(connectors.FieldHandle, 253), read(connectors.FieldNote, 256), read(connectors.FieldURL, 0),
				read(connectors.FieldExternalID, 0), read(connectors.FieldTag, 0),
			},
			connectors.MessageKind: nil,
		},
		Open: open,
	}
}

const (
	// network is how handles, ids and links of Bluesky are labelled.
	network = "bluesky"
	// followerTag marks a contact who follows the account now.
	followerTag = "bluesky follower"

	wherePassword = "bsky.app > Settings > Privacy and security > App passwords > Add App Password"
	withDMs       = "create an app password with \"Allow access to your direct messages\" ticked (" + wherePassword + "), or set dms to no"

	// page is how many things Bluesky gives at a time at most.
	page = 100
	// profilesPage is how many profiles it gives at a time at most.
	profilesPage = 25
)

// limits keep below what every server of Bluesky permits: 3000 requests in 5 minutes.
var limits = connectors.Limits{PerSecond: 8, Burst: 16, Parallel: 2}

// Connection is one account.
type Connection struct {
	env       connectors.Env
	rest      *rest.Client
	followers bool
	mentions  bool
	dms       bool
	size      int // how many things are asked for at a time
	session   session

	self    atomic.Pointer[self]
	mu      sync.Mutex // never held while something is asked
	people  map[string]person
	members map[string]convo
}

func open(_ context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
	option := func(name string) string {
		v := strings.TrimSpace(o[name])
		for _, x := range Spec().Options {
			if x.Name == name && v == "" {
				return x.Default
			}
		}
		return v
	}
	handle := strings.ToLower(strings.TrimLeft(strings.TrimPrefix(option("handle"), "https://bsky.app/profile/"), "@"))
	switch {
	case handle == "":
		return nil, invalid("the handle is missing; write it like sternwarte.bsky.social")
	case strings.ContainsAny(handle, " /") || !strings.ContainsAny(handle, ".:@"):
		return nil, invalid("the handle %q is none; write it in full, like sternwarte.bsky.social", handle)
	case o["password"] == "":
		return nil, invalid("the app password is missing; create one: %s", wherePassword)
	}
	for _, name := range []string{"followers", "mentions", "dms"} {
		if v := option(name); v != "yes" && v != "no" {
			return nil, invalid("%s is yes or no, not %q", name, v)
		}
	}
	c := &Connection{env: env, followers: option("followers") == "yes", mentions: option("mentions") == "yes", dms: option("dms") == "yes", size: page,
		people: map[string]person{}, members: map[string]convo{}}
	c.session = session{c: c, url: strings.TrimSuffix(option("url"), "/"), identifier: handle, password: strings.TrimSpace(o["password"])}
	var err error
	c.rest, err = rest.New(rest.Config{
		URL: c.session.url, System: "Bluesky", Auth: c.session.tokens(), Secrets: []string{o["password"], c.session.password}, Limits: limits,
		Judge: judge, Expired: expired, MaxBody: 8 << 20,
	}, env)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func invalid(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}

// Limits implements [connectors.Limiter].
func (c *Connection) Limits() connectors.Limits { return limits }

// Close lets go of idle connections.
func (c *Connection) Close() error { return c.rest.Close() }

// Check asks who we are, and whether what is to be read may be.
func (c *Connection) Check(ctx context.Context) error {
	me, err := c.me(ctx)
	if err != nil {
		return err
	}
	if c.followers {
		if _, err := c.listFollowers(ctx, me.DID, "", 1); err != nil {
			return err
		}
	}
	if c.mentions {
		if _, err := c.listNotifications(ctx, "", 1); err != nil {
			return err
		}
	}
	if c.dms {
		if _, err := c.listConvos(ctx, "", 1); err != nil {
			return err
		}
	}
	return nil
}

// Pull implements [connectors.Puller].
func (c *Connection) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	me, err := c.me(ctx)
	if err != nil {
		return connectors.Page{}, err
	}
	switch kind {
	case connectors.Contact:
		return c.pullFollowers(ctx, me, from)
	case connectors.MessageKind:
		return c.pullMessages(ctx, me, from)
	}
	return connectors.Page{}, invalid("Bluesky has no records of the kind %s", kind)
}

// self is the account itself.
type self struct {
	DID    string `json:"did"`
	Handle string `json:"handle"`
	Active *bool  `json:"active"`
	Status string `json:"status"`
}

// me gives the account that the password is of.
func (c *Connection) me(ctx context.Context) (self, error) {
	if me := c.self.Load(); me != nil {
		return *me, nil
	}
	var me self
	if err := c.get(ctx, "com.atproto.server.getSession", nil, &me); err != nil {
		return self{}, err
	}
	switch {
	case !isDID(me.DID):
		return self{}, unexpected()
	case me.Active != nil && !*me.Active:
		return self{}, &connectors.Error{Class: connectors.Auth, Text: fmt.Sprintf("the account %s is not active (%s); sign in at bsky.app to see why", me.Handle, me.Status)}
	}
	c.self.Store(&me)
	return me, nil
}

// unexpected is the error for an answer that is JSON and not what the protocol promises.
func unexpected() error {
	return &connectors.Error{Class: connectors.Transient, Text: "the answer of Bluesky is not what was expected; its API may have changed, or the address is none of a server of Bluesky"}
}

// isDID says whether a text is a DID (https://atproto.com/specs/did) that an ID can be.
func isDID(s string) bool {
	return strings.HasPrefix(s, "did:") && len(s) > len("did:x:") && len(s) <= 512 && !strings.ContainsAny(s, " \t\r\n<>/")
}
