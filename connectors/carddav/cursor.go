package carddav

import (
	"encoding/json"

	"github.com/keptcrm/kept/connectors"
)

// cursor is how far a pull has come: the state of each book that was told whole, and of one that is
// being told, up to which card. It needs no memory of who made it.
type cursor struct {
	V     int     `json:"v"`
	At    string  `json:"at"`   // the account
	Home  string  `json:"home"` // the address of the home
	Only  string  `json:"only,omitempty"`
	Books []state `json:"books"`
	Done  int64   `json:"done,omitempty"`  // told in this run
	Total int64   `json:"total,omitempty"` // to be told in this run, where known
}

// state is one book's.
type state struct {
	ID    string `json:"id"`
	Token string `json:"t,omitempty"` // all changes up to it were told
	Next  string `json:"n,omitempty"` // of the answer that is being told: the token when all of it was
	After string `json:"a,omitempty"` // the last card of that answer that was told
	Part  bool   `json:"p,omitempty"` // that answer is not all of the changes
	Open  bool   `json:"o,omitempty"` // not yet told to its end in this run
	Bare  bool   `json:"b,omitempty"` // the server does not give cards with the changes
	Whole bool   `json:"w,omitempty"` // the server cannot be asked for some of the changes
	List  bool   `json:"l,omitempty"` // the server has no sync-collection; the token is that of its list
}

func (c cursor) String() connectors.Cursor {
	b, err := json.Marshal(c)
	if err != nil {
		return "" // texts and numbers: cannot fail
	}
	return connectors.Cursor(b)
}

func restart() error {
	return failed(connectors.CursorExpired, "this reading cannot be continued; the address books are read anew")
}

func (c *connection) parseCursor(from connectors.Cursor) (cursor, error) {
	var cur cursor
	if err := json.Unmarshal([]byte(from), &cur); err != nil || cur.V != 1 || cur.At != c.at || cur.Home == "" {
		return cur, restart()
	}
	return cur, nil
}

// open gives the first book that was not told to its end.
func (c *cursor) open() *state {
	for i := range c.Books {
		if c.Books[i].Open {
			return &c.Books[i]
		}
	}
	return nil
}
