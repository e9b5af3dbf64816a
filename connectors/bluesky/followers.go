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
//     moved a millisecond on, and what comes again is recognised.
//   - Accounts that are deactivated are left out and come back later; a page may be empty for that and
//     not be the last.
//   - It says nothing of who stopped following. So the connection remembers whom it told, and looks up
//     each who is missing.

// place is a place in the list.
type place struct {
	Me     string   `json:"me"`
	At     string   `json:"at,omitempty"`     // the server's cursor; empty: the start
	Border []string `json:"border,omitempty"` // who was told of the moment that the cursor begins with
	Exact  bool     `json:"exact,omitempty"`  // the cursor is used as it is: the moment holds no more than a page
}

// pass is a listing that this process has read from its start.
type pass struct {
	next   connectors.Cursor // where it goes on
	listed map[string]bool
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
	listed := c.follow(p, from, next, news)
	if next != nil {
		out.Next, out.More = cursorOf(*next), true
		return out, nil
	}
	out.Next = cursorOf(place{Me: me.DID})
	if listed == nil {
		return out, nil // another process read the beginning; the next pull reads all
	}
	found, err := c.settle(ctx, listed, true)
	if err != nil {
		return connectors.Page{}, err
	}
	for _, f := range found {
		out.Told++
		out.Changes = append(out.Changes, f.change())
	}
	return out, nil
}

// follow notes who was listed. It gives all of them at the end of a listing that this process read
// from its start, else nil.
func (c *Connection) follow(p place, from connectors.Cursor, next *place, news []person) map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.pass
	if p.At == "" {
		now = &pass{listed: map[string]bool{}}
	}
	if now == nil || p.At != "" && now.next != from {
		return nil
	}
	for _, f := range news {
		now.listed[f.DID] = true
	}
	if next == nil {
		c.pass = nil
		return now.listed
	}
	now.next = cursorOf(*next)
	c.pass = now
	return nil
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

// lookedUp is somebody who was told as a follower once and is not in the list.
type lookedUp struct {
	person  person
	follows bool
	gone    bool // the account was deleted
	asleep  bool // deactivated or suspended: nothing is known of it now
}

func (l lookedUp) change() connectors.Change {
	if l.gone {
		return connectors.Change{Gone: true, Record: connectors.Record{Kind: connectors.Contact, ID: l.person.DID, Keyed: connectors.KeyedID}, Where: l.person.DID}
	}
	return connectors.Change{Record: l.person.contact(l.follows), Where: where(l.person)}
}

// settle looks up everybody who was told before and is not listed now, and remembers who is there.
// It gives those of whom there is something to tell.
func (c *Connection) settle(ctx context.Context, listed map[string]bool, keep bool) ([]lookedUp, error) {
	before, err := c.told(ctx)
	if err != nil {
		return nil, err
	}
	var missing []string
	for did := range before {
		if !listed[did] {
			missing = append(missing, did)
		}
	}
	slices.Sort(missing)
	if len(listed) == 0 && len(missing) > 1 {
		return nil, nil // a list that is suddenly empty is no word about anybody
	}
	all, err := c.lookUp(ctx, missing)
	if err != nil || !keep {
		return all, err
	}
	after := map[string]bool{}
	for did := range listed {
		after[did] = false
	}
	out := all[:0:0]
	for _, l := range all {
		switch {
		case l.gone && before[l.person.DID]: // told twice: it arrived
		default:
			after[l.person.DID] = l.gone
		}
		if !l.asleep {
			out = append(out, l)
		}
	}
	return out, c.keepTold(ctx, before, after)
}

// lookUp asks for people one by one where the list of profiles leaves them out.
func (c *Connection) lookUp(ctx context.Context, dids []string) ([]lookedUp, error) {
	if len(dids) == 0 {
		return nil, nil
	}
	there, err := c.profiles(ctx, dids)
	if err != nil {
		return nil, err
	}
	var out []lookedUp
	for _, did := range dids {
		p, ok := there[did]
		if ok {
			out = append(out, lookedUp{person: p, follows: p.Viewer.FollowedBy != ""})
			continue
		}
		err := c.get(ctx, "app.bsky.actor.getProfile", url.Values{"actor": {did}}, &p)
		switch {
		case errors.Is(err, errNoProfile):
			out = append(out, lookedUp{person: person{DID: did}, gone: true})
		case errors.Is(err, errInactive), err == nil && p.DID != did:
			out = append(out, lookedUp{person: person{DID: did}, asleep: true})
		case err != nil:
			return nil, err
		default:
			out = append(out, lookedUp{person: p, follows: p.Viewer.FollowedBy != ""})
		}
	}
	return out, nil
}

// storeTold is the name in Env.Store of whom the connection told as followers: a DID a line, with "!"
// before one that was told as gone.
const storeTold = "followers"

func (c *Connection) told(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	if c.env.Store == nil {
		return out, nil
	}
	text, err := c.env.Store.Get(ctx, storeTold)
	if err != nil {
		return nil, &connectors.Error{Class: connectors.Transient, Text: "what is known of the followers cannot be read", Cause: err}
	}
	for line := range strings.SplitSeq(text, "\n") {
		did, gone := strings.CutPrefix(line, "!")
		if isDID(did) {
			out[did] = gone
		}
	}
	return out, nil
}

func (c *Connection) keepTold(ctx context.Context, before, after map[string]bool) error {
	if c.env.Store == nil || c.env.DryRun {
		return nil
	}
	lines := func(m map[string]bool) string {
		out := make([]string, 0, len(m))
		for did, gone := range m {
			if gone {
				did = "!" + did
			}
			out = append(out, did)
		}
		slices.Sort(out)
		return strings.Join(out, "\n")
	}
	text := lines(after)
	if text == lines(before) {
		return nil
	}
	if err := c.env.Store.Put(ctx, storeTold, text); err != nil {
		return &connectors.Error{Class: connectors.Transient, Text: "what is known of the followers cannot be kept", Cause: err}
	}
	return nil
}

// Census implements [connectors.Census] for contacts: all that live are on its one page, whether they
// still follow or not.
func (c *Connection) Census(ctx context.Context, kind connectors.Kind, _ connectors.Cursor) (connectors.CensusPage, error) {
	if kind != connectors.Contact || !c.followers {
		return connectors.CensusPage{}, invalid("Bluesky does not list its records of the kind %s", kind)
	}
	if c.env.Store == nil {
		return connectors.CensusPage{}, invalid("without a place to remember followers nobody can say who of them is gone")
	}
	me, err := c.me(ctx)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	out := connectors.CensusPage{Live: map[string]connectors.Version{}}
	listed := map[string]bool{}
	for p := (&place{Me: me.DID}); p != nil; {
		news, rejected, next, err := c.step(ctx, *p)
		if err != nil {
			return connectors.CensusPage{}, err
		}
		if len(rejected) > 0 {
			return connectors.CensusPage{}, unexpected()
		}
		for _, f := range news {
			listed[f.DID], out.Live[f.DID] = true, ""
		}
		p = next
	}
	before, err := c.told(ctx)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	if len(listed) == 0 && len(before) > 1 {
		return connectors.CensusPage{}, &connectors.Error{Class: connectors.Transient, Text: "Bluesky suddenly lists no followers at all; nothing is concluded from that"}
	}
	missing, err := c.settle(ctx, listed, false)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	for _, l := range missing {
		if !l.gone {
			out.Live[l.person.DID] = ""
		}
	}
	return out, nil
}

// Fetch implements [connectors.Fetcher] for contacts.
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
		if p, ok := there[id]; ok {
			out = append(out, p.contact(p.Viewer.FollowedBy != ""))
		}
	}
	return out, nil
}
