package bluesky

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// convo is a conversation (chat.bsky.convo.defs).
type convo struct {
	ID      string   `json:"id"`
	Members []person `json:"members"`
	Last    struct {
		Sent string `json:"sentAt"`
	} `json:"lastMessage"`
}

type convoList struct {
	Convos *[]convo `json:"convos"`
	Cursor string   `json:"cursor"`
}

func (c *Connection) listConvos(ctx context.Context, at string, limit int) (convoList, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if at != "" {
		q.Set("cursor", at)
	}
	var list convoList
	if err := c.chat(ctx, "chat.bsky.convo.listConvos", q, &list); err != nil {
		return list, err
	}
	if list.Convos == nil {
		return list, unexpected()
	}
	return list, nil
}

// pullChat makes one step: it reads a page of the conversations that have news, the newest first, or
// a page of the first of them that is not read yet.
func (c *Connection) pullChat(ctx context.Context, me self, p *progress) (connectors.Page, bool, error) {
	if len(p.Convos) > 0 {
		out, err := c.pullConvo(ctx, me, p)
		return out, len(p.Convos) == 0 && p.Past, err
	}
	list, err := c.listConvos(ctx, p.At, c.size)
	if err != nil {
		return connectors.Page{}, false, err
	}
	if list.Cursor != "" && list.Cursor == p.At {
		return connectors.Page{}, false, unexpected()
	}
	since := p.since()
	var out connectors.Page
	for _, x := range *list.Convos {
		sent := instant(x.Last.Sent)
		switch {
		case x.ID == "" || strings.ContainsAny(x.ID, "<> \t\r\n"):
			raw, _ := json.Marshal(x) // a struct of texts always marshals
			out.Rejected = append(out.Rejected, aside("a conversation", "has no id", raw))
			continue
		case !sent.IsZero() && sent.Before(since):
			p.Past = true
			continue
		case !sent.IsZero():
			p.seen(x.Last.Sent)
		}
		c.mu.Lock()
		c.members[x.ID] = x
		c.mu.Unlock()
		p.Convos = append(p.Convos, x.ID)
	}
	out.Told = len(out.Rejected)
	p.At = list.Cursor
	p.Past = p.Past || list.Cursor == ""
	return out, len(p.Convos) == 0 && p.Past, nil
}

// conversation gives who is in a conversation, from memory where it was listed by this process.
func (c *Connection) conversation(ctx context.Context, id string) (convo, error) {
	c.mu.Lock()
	x, ok := c.members[id]
	c.mu.Unlock()
	if ok {
		return x, nil
	}
	var got struct {
		Convo convo `json:"convo"`
	}
	if err := c.chat(ctx, "chat.bsky.convo.getConvo", url.Values{"convoId": {id}}, &got); err != nil {
		return got.Convo, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members[id] = got.Convo
	return got.Convo, nil
}

// directMessage is a message of a conversation; one that was deleted has no text and another type.
type directMessage struct {
	Type   string  `json:"$type"`
	ID     string  `json:"id"`
	Text   string  `json:"text"`
	Facets []facet `json:"facets"`
	Embed  struct {
		Record ref `json:"record"`
	} `json:"embed"`
	Sender struct {
		DID string `json:"did"`
	} `json:"sender"`
	Sent string `json:"sentAt"`
}

// pullConvo reads one page of the first conversation that waits.
func (c *Connection) pullConvo(ctx context.Context, me self, p *progress) (connectors.Page, error) {
	id := p.Convos[0]
	x, err := c.conversation(ctx, id)
	if err != nil {
		return connectors.Page{}, err
	}
	q := url.Values{"convoId": {id}, "limit": {strconv.Itoa(c.size)}}
	if p.Convo != "" {
		q.Set("cursor", p.Convo)
	}
	var list struct {
		Messages *[]json.RawMessage `json:"messages"`
		Cursor   string             `json:"cursor"`
	}
	if err := c.chat(ctx, "chat.bsky.convo.getMessages", q, &list); err != nil {
		return connectors.Page{}, err
	}
	if list.Messages == nil || list.Cursor != "" && list.Cursor == p.Convo {
		return connectors.Page{}, unexpected()
	}
	var out connectors.Page
	since, over := p.since(), false
	for i, raw := range *list.Messages {
		var m directMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			out.Rejected = append(out.Rejected, aside(fmt.Sprintf("direct message %d of the page", i+1), "cannot be read", raw))
			continue
		}
		sent := instant(m.Sent)
		switch {
		case !sent.IsZero() && sent.Before(since):
			over = true
			continue
		case m.Type != "" && !strings.HasSuffix(m.Type, "#messageView"):
			continue // deleted, or said by the system itself
		case m.ID == "" || strings.ContainsAny(m.ID, "<> \t\r\n") || !isDID(m.Sender.DID) || sent.IsZero():
			out.Rejected = append(out.Rejected, aside(fmt.Sprintf("direct message %d of the page", i+1), "has no id, writer or time", raw))
			continue
		}
		out.Changes = append(out.Changes, m.changes(x, me)...)
	}
	out.Told = told(out)
	p.Convo = list.Cursor
	if over || list.Cursor == "" {
		p.Convos, p.Convo = slices.Clone(p.Convos[1:]), ""
	}
	return out, nil
}

// changes are the message and, before it, the person who wrote it.
func (m directMessage) changes(x convo, me self) []connectors.Change {
	at := instant(m.Sent)
	writer := person{DID: m.Sender.DID}
	var others []connectors.Mailbox
	for _, p := range x.Members {
		switch {
		case p.DID == m.Sender.DID:
			writer = p
		case isDID(p.DID) && p.DID != me.DID:
			others = append(others, p.mailbox())
		}
	}
	id := "dm:" + x.ID + "/" + m.ID
	data := &connectors.MessageData{MessageID: id, Thread: "dm:" + x.ID, At: at, Text: written(m.Text, m.Facets), Folder: "direct messages",
		To: others, Quoted: postURI(m.Embed.Record.URI)}
	change := connectors.Change{Record: connectors.Record{Kind: connectors.MessageKind, ID: id, Keyed: connectors.KeyedID, Created: at, Message: data}}
	if m.Sender.DID == me.DID {
		data.From, data.Sent = []connectors.Mailbox{{Name: me.Handle, Address: me.DID}}, true
		change.Where = "@" + me.Handle
		return []connectors.Change{change}
	}
	data.From = []connectors.Mailbox{writer.mailbox()}
	change.Where = where(writer)
	return []connectors.Change{{Record: writer.implied(at), Where: where(writer)}, change}
}
