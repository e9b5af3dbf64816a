package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// Bluesky tells followers as one list, the newest first, without saying what changed and who left.
// Each pull reads all of it. Three things go wrong with the list, all seen at real servers:
//
//   - Its cursor is a time and the hash of what follows us, which two people who began in one
//     millisecond share: where a page ends between them the others are left out. So the cursor is
//     moved to the end of its millisecond, and what comes again is recognised.
//   - Accounts that are deactivated are left out and come back later; a page may be empty for that and
//     not be the last.
//   - It says nothing of who stopped following. So whoever is missing in a census is fetched, which
//     tells those who only left, those whose account sleeps, and those whose account was deleted.

// place is a place in the list.
type place struct {
	Me     string   `json:"me"`
	At     string   `json:"at,omitempty"`     // the server's cursor; empty: the start
	Border []string `json:"border,omitempty"` // who was told of the moment that the cursor begins with
	Exact  bool     `json:"exact,omitempty"`  // the cursor is used as it is: the moment holds no more than a page
}

type followerList struct {
	Followers *[]person `json:"followers"`
	Cursor    string    `json:"cursor"`
}

func (c *Connection) listFollowers(ctx context.Context, actor, at string, limit int) (followerList, error) {
	q := url.Values{"actor": {actor}, "limit": {strconv.Itoa(limit)}}
	if at != "" {
		q.Set("cursor", at)
	}
	var list followerList
	if err := c.get(ctx, "app.bsky.graph.getFollowers", q, &list); err != nil {
		return list, err
	}
	if list.Followers == nil {
		return list, unexpected()
	}
	return list, nil
}

// step reads one page of the list at a place. It gives who is new on it, and the next place; nil at
// the end.
func (c *Connection) step(ctx context.Context, p place) (news []person, rejected []connectors.Rejected, next *place, err error) {
	at := p.At
	if !p.Exact {
		at = later(at)
	}
	list, err := c.listFollowers(ctx, p.Me, at, c.size)
	if err != nil {
		return nil, nil, nil, err
	}
	for i, f := range *list.Followers {
		switch {
		case !isDID(f.DID):
			raw, _ := json.Marshal(f) // a struct of texts always marshals
			rejected = append(rejected, connectors.Rejected{Where: fmt.Sprintf("follower %d of the page", i+1), Reason: "has no id (DID)", Raw: string(raw)})
		case !slices.Contains(p.Border, f.DID):
			news = append(news, f)
		}
	}
	switch {
	case list.Cursor == "":
	case list.Cursor == p.At && at != p.At:
		// The page holds nothing but this moment: nothing is left but to go on behind it.
		next = &place{Me: p.Me, At: p.At, Exact: true}
	case list.Cursor == at:
		return nil, nil, nil, unexpected() // it would go round in circles
	default:
		next = &place{Me: p.Me, At: list.Cursor}
		if later(list.Cursor) == list.Cursor {
			break
		}
		// Nobody says when each began to follow: those of the last moment are somewhere on this page.
		for _, f := range *list.Followers {
			next.Border = append(next.Border, f.DID)
		}
	}
	return news, rejected, next, nil
}

// leastCID is the hash of a record (https://atproto.com/specs/data-model#link-and-cid-formats) before
// which none sorts: that of 32 zeros.
const leastCID = "bafyrei" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// later moves a cursor that begins with a moment (milliseconds since 1970, "__" and a hash; or a
// datetime) to the end of that millisecond, in lists whose newest is first; another it leaves as it is.
func later(cursor string) string {
	if ms, rest, ok := strings.Cut(cursor, "__"); ok {
		n, err := strconv.ParseInt(ms, 10, 64)
		if err != nil || n < 1e11 || n > 1e14 { // no milliseconds of our times
			return cursor
		}
		if strings.HasPrefix(rest, "bafyrei") {
			rest = leastCID
		}
		return strconv.FormatInt(n+1, 10) + "__" + rest
	}
	t := instant(cursor)
	if t.IsZero() {
		return cursor
	}
	return t.Add(1e6).Format("2006-01-02T15:04:05.000Z")
}

func (c *Connection) pullFollowers(ctx context.Context, me self, from connectors.Cursor) (connectors.Page, error) {
	p := place{Me: me.DID}
	if from != "" {
		if json.Unmarshal([]byte(from), &p) != nil || p.Me != me.DID {
			return connectors.Page{}, elsewhere()
		}
	}
	if !c.followers {
		return connectors.Page{Next: cursorOf(place{Me: me.DID})}, nil
	}
	news, rejected, next, err := c.step(ctx, p)
	if err != nil {
		return connectors.Page{}, err
	}
	out := connectors.Page{Rejected: rejected, Told: len(news) + len(rejected)}
	for _, f := range news {
		out.Changes = append(out.Changes, connectors.Change{Record: f.contact(true), Where: where(f)})
	}
	out.Next, out.More = cursorOf(place{Me: me.DID}), next != nil
	if next != nil {
		out.Next = cursorOf(*next)
	}
	return out, nil
}

func where(p person) string {
	if h := p.handle(); h != "" {
		return "@" + h
	}
	return p.DID
}

func elsewhere() error {
	return &connectors.Error{Class: connectors.CursorExpired, Text: "the connection reads another account of Bluesky than before; it is read from the start"}
}

func cursorOf(v any) connectors.Cursor {
	b, _ := json.Marshal(v) // structs of texts always marshal
	return connectors.Cursor(b)
}

// Census implements [connectors.Census] for contacts: who follows. Others are not gone for that; see
// [Connection.Fetch].
func (c *Connection) Census(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	if kind != connectors.Contact || !c.followers {
		return connectors.CensusPage{}, &connectors.Error{Class: connectors.NotFound, Text: fmt.Sprintf("Bluesky keeps no list of the kind %s", kind)}
	}
	me, err := c.me(ctx)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	p := place{Me: me.DID}
	if from != "" && (json.Unmarshal([]byte(from), &p) != nil || p.Me != me.DID) {
		return connectors.CensusPage{}, elsewhere()
	}
	news, rejected, next, err := c.step(ctx, p)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	if len(rejected) > 0 {
		return connectors.CensusPage{}, unexpected()
	}
	out := connectors.CensusPage{Live: map[string]connectors.Version{}, More: next != nil}
	for _, f := range news {
		out.Live[f.DID] = ""
	}
	if next != nil {
		out.Next = cursorOf(*next)
	}
	return out, nil
}

// Fetch implements [connectors.Fetcher] for contacts: they are there as long as their account is. Of
// an account that is deactivated or suspended nothing is told but that.
func (c *Connection) Fetch(ctx context.Context, kind connectors.Kind, ids []string) ([]connectors.Record, error) {
	if kind != connectors.Contact {
		return nil, invalid("Bluesky gives no single records of the kind %s", kind)
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !isDID(id) })
	if len(ids) == 0 {
		return nil, ctx.Err()
	}
	there, err := c.profiles(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []connectors.Record
	for _, id := range ids {
		p, ok := there[id]
		if !ok {
			err := c.get(ctx, "app.bsky.actor.getProfile", url.Values{"actor": {id}}, &p)
			switch {
			case errors.Is(err, errNoProfile):
				continue
			case errors.Is(err, errInactive), err == nil && p.DID != id:
				out = append(out, asleep(id))
				continue
			case err != nil:
				return nil, err
			}
		}
		out = append(out, p.contact(p.Viewer.FollowedBy != ""))
	}
	return out, nil
}

// asleep is a contact of whom nothing is known now: what was told before stands.
func asleep(did string) connectors.Record {
	return connectors.Record{Kind: connectors.Contact, ID: did, Keyed: connectors.KeyedID, Covers: []string{connectors.FieldExternalID},
		Fields: put(nil, connectors.FieldExternalID, did, network)}
}
