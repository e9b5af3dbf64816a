package bluesky

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// Messages are read in three parts, one after the other: what others wrote in public, what the
// account replied, and direct messages. Each list has its newest first, so that a pull reads from
// now back to where the last one began, and a little further (overlap).

// The parts of a pull of messages.
const (
	partMentions = ""
	partSent     = "sent"
	partChat     = "chat"
)

// overlap is how far behind the newest thing of the last pull the next one reads: things become
// visible late, and the cursors of notifications are nothing but times.
const overlap = 10 * time.Minute

// progress is how far a pull of messages has come.
type progress struct {
	Me     string   `json:"me"`
	Part   string   `json:"part,omitempty"`
	At     string   `json:"at,omitempty"` // the server's cursor within the part; empty: its start
	Border []string `json:"border,omitempty"`
	Exact  bool     `json:"exact,omitempty"` // the cursor is used as it is
	Convos []string `json:"convos,omitempty"`
	Convo  string   `json:"convo,omitempty"` // the server's cursor within the first of Convos
	Past   bool     `json:"past,omitempty"`  // the list of conversations is read, as far as it is needed

	// By part: until where earlier pulls read, and the newest that this one saw.
	Until  map[string]string `json:"until,omitempty"`
	Newest map[string]string `json:"newest,omitempty"`
}

// seen notes a moment or key of the part; the newest is kept.
func (p *progress) seen(what string) {
	if what > p.Newest[p.Part] {
		if p.Newest == nil {
			p.Newest = map[string]string{}
		}
		p.Newest[p.Part] = what
	}
}

// since is the moment from which on the part is read; zero: from its beginning.
func (p *progress) since() time.Time {
	t := instant(p.Until[p.Part])
	if p.Part == partSent {
		t = tidTime(p.Until[p.Part])
	}
	if t.IsZero() {
		return t
	}
	return t.Add(-overlap)
}

// go on with another part.
func (p *progress) next(part string) { p.Part, p.At, p.Border, p.Exact = part, "", nil, false }

// end is the progress from which the next pull begins.
func (p *progress) end() progress {
	until := map[string]string{}
	for _, part := range []string{partMentions, partSent, partChat} {
		if t := max(p.Until[part], p.Newest[part]); t != "" {
			until[part] = t
		}
	}
	return progress{Me: p.Me, Until: until}
}

func (c *Connection) pullMessages(ctx context.Context, me self, from connectors.Cursor) (connectors.Page, error) {
	p := progress{Me: me.DID}
	if from != "" && (json.Unmarshal([]byte(from), &p) != nil || p.Me != me.DID) {
		return connectors.Page{}, elsewhere()
	}
	if p.Part == partMentions && !c.mentions {
		p.next(partSent)
	}
	var out connectors.Page
	var err error
	over := false
	switch p.Part {
	case partMentions:
		if out, over, err = c.pullMentions(ctx, &p); over {
			p.next(partSent)
		}
		over = false
	case partSent:
		if out, over, err = c.pullSent(ctx, me, &p); over && c.dms {
			p.next(partChat)
			over = false
		}
	case partChat:
		if !c.dms {
			over = true
			break
		}
		out, over, err = c.pullChat(ctx, me, &p)
	default:
		err = elsewhere()
	}
	if err != nil {
		return connectors.Page{}, err
	}
	out.More = !over
	if over {
		p = p.end()
	}
	out.Next = cursorOf(p)
	return out, nil
}

// notification is one of app.bsky.notification.listNotifications.
type notification struct {
	URI     string `json:"uri"`
	Author  person `json:"author"`
	Reason  string `json:"reason"`
	Record  post   `json:"record"`
	Indexed string `json:"indexedAt"`
}

type notificationList struct {
	Notifications *[]json.RawMessage `json:"notifications"`
	Cursor        string             `json:"cursor"`
}

// reasons are why somebody's post is told: they mention us, reply to us, quote us.
var reasons = []string{"mention", "reply", "quote"}

func (c *Connection) listNotifications(ctx context.Context, at string, limit int) (notificationList, error) {
	// The server could leave likes out itself (reasons). It then goes on from page to page inside, and
	// loses at edges that nobody outside can see.
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if at != "" {
		q.Set("cursor", at)
	}
	var list notificationList
	if err := c.get(ctx, "app.bsky.notification.listNotifications", q, &list); err != nil {
		return list, err
	}
	if list.Notifications == nil {
		return list, unexpected()
	}
	return list, nil
}

// pullMentions reads one page of what others wrote in public. The cursor of the list is the time of
// the last thing on a page, and what else is of that millisecond is on no page: so the next page
// begins a millisecond later, and what comes again is recognised.
func (c *Connection) pullMentions(ctx context.Context, p *progress) (connectors.Page, bool, error) {
	at := p.At
	if !p.Exact {
		at = later(at)
	}
	list, err := c.listNotifications(ctx, at, c.size)
	if err != nil {
		return connectors.Page{}, false, err
	}
	var out connectors.Page
	since, over := p.since(), false
	var border []string
	last := ""
	for i, raw := range *list.Notifications {
		var n notification
		if err := json.Unmarshal(raw, &n); err != nil {
			out.Rejected = append(out.Rejected, aside(fmt.Sprintf("notification %d of the page", i+1), "cannot be read", raw))
			continue
		}
		if !slices.Contains(reasons, n.Reason) && n.Reason != "" {
			continue
		}
		if n.Indexed != last {
			border, last = nil, n.Indexed
		}
		border = append(border, n.URI)
		if slices.Contains(p.Border, n.URI) {
			continue
		}
		seen := instant(n.Indexed)
		if seen.Before(since) {
			over = true
			continue
		}
		p.seen(n.Indexed)
		if _, _, _, ok := uriOf(n.URI); !ok || !isDID(n.Author.DID) || seen.IsZero() {
			out.Rejected = append(out.Rejected, aside(fmt.Sprintf("notification %d of the page", i+1), "has no address, writer or time", raw))
			continue
		}
		r := n.record(seen)
		if n.Reason == "reply" {
			out.Changes = append(out.Changes, connectors.Change{Record: n.Author.implied(r.Message.At), Where: where(n.Author)})
		}
		c.remember(n.Author)
		out.Changes = append(out.Changes, connectors.Change{Record: r, Where: where(n.Author)})
	}
	out.Told = told(out)
	switch {
	case over || list.Cursor == "":
		return out, true, nil
	case list.Cursor == p.At && at != p.At:
		p.Border, p.Exact = nil, true // a whole page of one moment
	case list.Cursor == at:
		return connectors.Page{}, false, unexpected()
	default:
		p.At, p.Border, p.Exact = list.Cursor, nil, false
		if later(list.Cursor) != list.Cursor {
			p.Border = border
		}
	}
	return out, false, nil
}

// told counts what a page accounts for.
func told(p connectors.Page) int {
	n := p.Joined + len(p.Rejected)
	for _, ch := range p.Changes {
		if !ch.Record.Implied {
			n++
		}
	}
	return n
}

func aside(where, reason string, raw []byte) connectors.Rejected {
	text := string(raw)
	if len(text) > 64<<10 {
		text = strings.ToValidUTF8(text[:64<<10], "")
	}
	return connectors.Rejected{Where: where, Reason: reason, Raw: text}
}

// record is the message that a notification tells. It names nobody of us among those to whom it
// went: that it is ours is what the connection is.
func (n notification) record(seen time.Time) connectors.Record {
	m := n.Record.message(n.URI, seen)
	m.From, m.Folder = []connectors.Mailbox{n.Author.mailbox()}, n.Reason
	return connectors.Record{Kind: connectors.MessageKind, ID: n.URI, Keyed: connectors.KeyedID, Created: seen, Message: m}
}

// pullSent reads one page of the account's own posts and takes the replies to others. Keys that are
// no times stand anywhere in the list, and programs may give times to come: neither ends a pull or
// begins the next.
func (c *Connection) pullSent(ctx context.Context, me self, p *progress) (connectors.Page, bool, error) {
	q := url.Values{"repo": {me.DID}, "collection": {"app.bsky.feed.post"}, "limit": {strconv.Itoa(c.size)}}
	if p.At != "" {
		q.Set("cursor", p.At)
	}
	var list struct {
		Records *[]json.RawMessage `json:"records"`
		Cursor  string             `json:"cursor"`
	}
	if err := c.get(ctx, "com.atproto.repo.listRecords", q, &list); err != nil {
		return connectors.Page{}, false, err
	}
	if list.Records == nil || list.Cursor != "" && list.Cursor == p.At {
		return connectors.Page{}, false, unexpected()
	}
	var out connectors.Page
	type reply struct {
		uri, to string
		post    post
		key     time.Time
	}
	var replies []reply
	var people []string
	since, over, now := p.since(), false, c.session.now()
	for i, raw := range *list.Records {
		var x struct {
			URI   string `json:"uri"`
			Value post   `json:"value"`
		}
		if err := json.Unmarshal(raw, &x); err != nil {
			out.Rejected = append(out.Rejected, aside(fmt.Sprintf("post %d of the page", i+1), "cannot be read", raw))
			continue
		}
		_, _, key, ok := uriOf(x.URI)
		if !ok {
			out.Rejected = append(out.Rejected, aside(fmt.Sprintf("post %d of the page", i+1), "has no address", raw))
			continue
		}
		at := tidTime(key)
		if !at.IsZero() && !at.After(now) {
			p.seen(key)
			over = over || at.Before(since)
		}
		to, _, _, ok := uriOf(x.Value.Reply.Parent.URI)
		if !ok || to == me.DID || !at.IsZero() && at.Before(since) {
			continue
		}
		replies, people = append(replies, reply{x.URI, to, x.Value, at}), append(people, to)
	}
	names, err := c.named(ctx, people)
	if err != nil {
		return connectors.Page{}, false, err
	}
	for _, r := range replies {
		m := r.post.message(r.uri, time.Time{})
		if m.At.IsZero() {
			m.At = r.key
		}
		to := names[r.to]
		to.DID = r.to
		m.From, m.To, m.Sent, m.Folder = []connectors.Mailbox{{Name: me.Handle, Address: me.DID}}, []connectors.Mailbox{to.mailbox()}, true, "sent"
		out.Changes = append(out.Changes, connectors.Change{Where: r.uri,
			Record: connectors.Record{Kind: connectors.MessageKind, ID: r.uri, Keyed: connectors.KeyedID, Created: r.key, Message: m}})
	}
	out.Told = told(out)
	p.At = list.Cursor
	return out, over || list.Cursor == "", nil
}
