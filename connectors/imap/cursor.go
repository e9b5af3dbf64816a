package imap

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// cursor says how far each folder was read. In a folder messages are read in the order of their UIDs,
// which only grow, so that one number says it.
type cursor struct {
	Version int             `json:"v"`
	Boxes   map[string]*box `json:"b,omitempty"`
	Own     []string        `json:"o,omitempty"` // addresses that wrote what lies among sent mail
	Done    int64           `json:"d,omitempty"` // messages told by the pull that goes on here
	Total   int64           `json:"t,omitempty"` // and how many it has
}

// box is how far one folder was read.
type box struct {
	Validity uint32 `json:"i"`
	Next     uint32 `json:"n"`           // the lowest UID that was not read
	ModSeq   uint64 `json:"q,omitempty"` // HIGHESTMODSEQ when it was read to its end (RFC 7162)
	Left     string `json:"l,omitempty"` // UIDs that were left out for their flags, which may change
}

// Bounds of a cursor.
const (
	maxOwn  = 20
	maxLeft = 500 // UIDs a folder
)

func parseCursor(text connectors.Cursor) (*cursor, error) {
	c := &cursor{Version: 1, Boxes: map[string]*box{}}
	if text == "" {
		return c, nil
	}
	err := json.Unmarshal([]byte(text), c)
	ok := err == nil && c.Version == 1 && c.Boxes != nil && c.Done >= 0 && c.Total >= 0
	for _, b := range c.Boxes {
		if b == nil {
			ok = false
			break
		}
		if _, err := parseUIDs(b.Left); err != nil {
			ok = false
		}
	}
	if !ok {
		return nil, &connectors.Error{Class: connectors.CursorExpired, Text: "this reading cannot be continued; it starts over"}
	}
	return c, nil
}

func (c *cursor) String() connectors.Cursor {
	b, err := json.Marshal(c)
	if err != nil {
		return "" // texts and numbers: cannot fail
	}
	return connectors.Cursor(b)
}

// clone gives a cursor that can be changed by itself.
func (c *cursor) clone() *cursor {
	out := *c
	out.Boxes = map[string]*box{}
	for name, b := range c.Boxes {
		own := *b
		out.Boxes[name] = &own
	}
	out.Own = slices.Clone(c.Own)
	return &out
}

// keep forgets folders that are no longer there.
func (c *cursor) keep(all []*folder) {
	maps.DeleteFunc(c.Boxes, func(name string, _ *box) bool {
		return !slices.ContainsFunc(all, func(f *folder) bool { return f.raw == name })
	})
}

// box gives how far a folder was read. One whose UIDs count anew is read anew; what is known of its
// messages stands.
func (c *cursor) box(f *folder) *box {
	b := c.Boxes[f.raw]
	if b == nil || b.Validity != f.validity {
		b = &box{Validity: f.validity, Next: 1}
		c.Boxes[f.raw] = b
	}
	return b
}

// writes notes addresses of whoever sends from this mailbox.
func (c *cursor) writes(addresses []string) {
	for _, a := range addresses {
		if strings.Contains(a, "@") && len(a) < 255 && len(c.Own) < maxOwn && !slices.Contains(c.Own, a) {
			c.Own = append(c.Own, a)
		}
	}
}

// left gives the UIDs that were left out for their flags.
func (b *box) left() uids {
	set, err := parseUIDs(b.Left)
	if err != nil {
		return nil // it was read before
	}
	return set
}

func (b *box) leave(set uids) {
	set = set.sorted()
	b.Left = set[max(0, len(set)-maxLeft):].String()
}
