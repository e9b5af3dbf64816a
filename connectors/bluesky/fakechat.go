package bluesky

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// DirectMessage lets somebody write to our account, or ours to them (from is our DID), and gives the
// id of the conversation.
func (f *Fake) DirectMessage(from, to, text string, at time.Time) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.convo(from, to)
	c.messages = append(c.messages, fakeMessage{id: fmt.Sprintf("3m%011d", f.id()), sender: from, text: text, at: moment(at)})
	return c.id
}

// Unsend deletes the last message of a conversation.
func (f *Fake) Unsend(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.convos {
		if c.id == id {
			c.messages[len(c.messages)-1].deleted = true
		}
	}
}

func (f *Fake) convo(a, b string) *fakeConvo {
	for _, c := range f.convos {
		if slices.Contains(c.members, a) && slices.Contains(c.members, b) {
			return c
		}
	}
	c := &fakeConvo{id: fmt.Sprintf("3c%011d", f.id()), members: []string{a, b}}
	f.convos = append(f.convos, c)
	return c
}

func (c *fakeConvo) last() time.Time { return c.messages[len(c.messages)-1].at }

func (f *Fake) convoView(c *fakeConvo) map[string]any {
	members := []any{}
	for _, did := range c.members {
		if a := f.accounts[did]; a != nil {
			v := f.view(a)
			delete(v, "description") // members are told in short
			delete(v, "indexedAt")
			members = append(members, v)
		}
	}
	return map[string]any{"id": c.id, "rev": stamp(c.last()), "members": members, "muted": false, "unreadCount": 0, "status": "accepted",
		"lastMessage": c.messages[len(c.messages)-1].view()}
}

func (m fakeMessage) view() map[string]any {
	v := map[string]any{"id": m.id, "rev": m.id, "sender": map[string]any{"did": m.sender}, "sentAt": stamp(m.at)}
	if m.deleted {
		v["$type"] = "chat.bsky.convo.defs#deletedMessageView"
		return v
	}
	v["$type"], v["text"] = "chat.bsky.convo.defs#messageView", m.text
	return v
}

func (f *Fake) serveChat(w http.ResponseWriter, name string, q url.Values) {
	find := func() *fakeConvo {
		for _, c := range f.convos {
			if c.id == q.Get("convoId") {
				return c
			}
		}
		badRequest(w, "Convo not found")
		return nil
	}
	switch name {
	case "chat.bsky.convo.getConvo":
		if c := find(); c != nil {
			give(w, map[string]any{"convo": f.convoView(c)})
		}
	case "chat.bsky.convo.listConvos":
		limit, ok := limitOf(w, q, 50)
		if !ok {
			return
		}
		rows := slices.Clone(f.convos)
		slices.SortStableFunc(rows, func(a, b *fakeConvo) int {
			return cmp.Or(b.last().Compare(a.last()), strings.Compare(b.id, a.id))
		})
		if at := q.Get("cursor"); at != "" {
			rows = slices.DeleteFunc(rows, func(c *fakeConvo) bool { return stamp(c.last())+"::"+c.id >= at })
		}
		out, list := map[string]any{}, []any{}
		for _, c := range rows[:min(limit, len(rows))] {
			list = append(list, f.convoView(c))
		}
		out["convos"] = list
		if len(rows) >= limit {
			out["cursor"] = stamp(rows[limit-1].last()) + "::" + rows[limit-1].id
		}
		give(w, out)
	case "chat.bsky.convo.getMessages":
		c := find()
		limit, ok := limitOf(w, q, 50)
		if c == nil || !ok {
			return
		}
		rows := slices.Clone(c.messages)
		slices.SortStableFunc(rows, func(a, b fakeMessage) int { return b.at.Compare(a.at) })
		if at := q.Get("cursor"); at != "" {
			i := slices.IndexFunc(rows, func(m fakeMessage) bool { return m.id == at })
			rows = rows[i+1:]
		}
		out, list := map[string]any{}, []any{}
		for _, m := range rows[:min(limit, len(rows))] {
			list = append(list, m.view())
		}
		out["messages"] = list
		if len(rows) >= limit {
			out["cursor"] = rows[limit-1].id
		}
		give(w, out)
	default:
		fail(w, http.StatusNotImplemented, "MethodNotImplemented", "Method Not Implemented")
	}
}
