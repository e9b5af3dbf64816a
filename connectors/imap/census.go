package imap

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/keptcrm/kept/connectors"
)

// Bounds of a page of a census: messages, and how many are asked for at once.
const (
	censusPage  = 5000
	censusChunk = 1000
)

// counting is how far a census has come.
type counting struct {
	Folder   string `json:"f"` // the one under way
	Validity uint32 `json:"i"`
	Next     uint32 `json:"n"`
}

// know remembers what a message is called.
func (c *connection) know(f *folder, uid uint32, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.known[f.raw]
	if k == nil || k.validity != f.validity {
		k = &keys{validity: f.validity, of: map[uint32]string{}}
		c.known[f.raw] = k
	}
	if len(k.of) < maxKnown {
		k.of[uid] = key
	}
}

// maxKnown bounds what is remembered of one folder.
const maxKnown = 500_000

func (c *connection) knows(f *folder, uid uint32) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.known[f.raw]
	if k == nil || k.validity != f.validity {
		return "", false
	}
	key, ok := k.of[uid]
	return key, ok
}

// Census lists the messages that there are. The UIDs of a folder come at once (ESEARCH, RFC 4731);
// what the messages are called is asked of those alone that this connection has not seen.
func (c *connection) Census(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	page := connectors.CensusPage{Live: map[string]connectors.Version{}}
	if kind != connectors.MessageKind {
		return page, nil
	}
	var at counting
	if from != "" && json.Unmarshal([]byte(from), &at) != nil {
		return connectors.CensusPage{}, expired()
	}
	err := c.with(ctx, func(s *session) error {
		page = connectors.CensusPage{Live: map[string]connectors.Version{}}
		s.selected = nil
		all, err := s.listFolders(ctx, false)
		if err != nil {
			return err
		}
		chosen, err := c.chosen(s, all)
		if err != nil {
			return err
		}
		first := 0
		if from != "" {
			if first = slices.IndexFunc(chosen, func(f *folder) bool { return f.raw == at.Folder }); first < 0 {
				return expired()
			}
		}
		room, start := censusPage, at
		for i, f := range chosen[first:] {
			if i > 0 {
				start = counting{}
			}
			next, used, err := c.count(ctx, s, f, start, room, page.Live)
			var no *refusal
			if errors.As(err, &no) && (no.r.code == "NOPERM" || no.r.code == "NONEXISTENT") {
				continue // nothing of it can have been told
			}
			if err != nil {
				return err
			}
			room -= used
			switch {
			case next != nil:
				page.Next, page.More = next.cursor(), true
				return nil
			case room <= 0 && first+i+1 < len(chosen):
				page.Next, page.More = (&counting{Folder: chosen[first+i+1].raw}).cursor(), true
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return connectors.CensusPage{}, err
	}
	return page, nil
}

func (n *counting) cursor() connectors.Cursor {
	b, err := json.Marshal(n)
	if err != nil {
		return "" // a text and numbers: cannot fail
	}
	return connectors.Cursor(b)
}

func expired() error {
	return &connectors.Error{Class: connectors.CursorExpired, Text: "the folders changed while they were counted; it starts over"}
}

// count lists messages of one folder; next is where it goes on, nil at its end.
func (c *connection) count(ctx context.Context, s *session, f *folder, at counting, room int, live map[string]connectors.Version) (next *counting, used int, err error) {
	open, err := s.examine(ctx, f.raw)
	if err != nil {
		return nil, 0, err
	}
	f.validity = open.validity
	if at.Next > 0 && at.Validity != f.validity {
		return nil, 0, expired()
	}
	criteria := []any{"UNDELETED", "UNDRAFT"}
	if at.Next > 0 {
		criteria = append(criteria, "UID", uids{at.Next}.String()+":*")
	}
	set, err := s.search(ctx, criteria...)
	if err != nil {
		return nil, 0, err
	}
	set = slices.DeleteFunc(set, func(u uint32) bool { return u < at.Next })
	var unknown uids
	for _, u := range set {
		key, ok := c.knows(f, u)
		if !ok {
			if len(unknown) == max(room, 1) {
				next = &counting{Folder: f.raw, Validity: f.validity, Next: u}
				break
			}
			unknown = append(unknown, u)
			continue
		}
		live[key] = ""
	}
	for part := range slices.Chunk(unknown, censusChunk) {
		// Whatever the server cannot tell here was not told as a message either.
		got, _, err := s.gather(ctx, part, "("+s.basics()+")")
		if err != nil {
			return nil, 0, err
		}
		for u, m := range got {
			if c.leftOut(m) {
				continue
			}
			key, _ := keyOf(m)
			c.know(f, u, key)
			live[key] = ""
		}
	}
	return next, len(unknown), nil
}
