// Package mbox reads mail as programs keep or export it: mbox files (also Gmail's and Thunderbird's),
// maildirs, single messages (.eml), and folders of these. A message becomes a record of kind message.
//
// A message is known by its Message-ID, else by its content; it is told once, wherever it lies, and as
// sent where one of its places is a folder of sent mail. Drafts, spam and trash are left out unless
// asked for. Nothing is written, nothing but Env.Open, Env.List and Env.Folders is used, and the clock
// is never read. Messages that are absent from a later file are no deletions.
package mbox

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
)

// layout is the only one there is, so that an mbox, a maildir and a letter can be one connection.
const layout = "mail"

// Spec declares the connector.
func Spec() connectors.Spec {
	return connectors.Spec{
		Name:    "mbox",
		Summary: "mail: an mbox file (Gmail, Thunderbird, Apple Mail), a maildir, a single message (.eml), or a folder of them",
		Endings: []string{"mbox", "mbx", "eml"},
		Folders: true,
		Options: []connectors.Option{
			{Name: "path", Help: "the file, or the folder with the mail", Required: true},
			{Name: "skip", Help: "kinds of folders that are left out: drafts, spam, trash, or none", Default: "drafts,spam,trash"},
			{Name: "folder", Help: "the mail folder that the file is of, where its name does not say it: Sent, Inbox"},
		},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.MessageKind: nil},
		Open:   open,
	}
}

func invalid(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}

func expired(file string) error {
	return &connectors.Error{Class: connectors.CursorExpired, Text: file + " has changed since reading began; it is read from the start"}
}

// unreadable says that a source broke off; that somebody gave up is no fault of it.
func unreadable(file string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &connectors.Error{Class: connectors.Transient, Text: file + " could not be read to its end; check the disk or the share that it is on and try again", Cause: err}
}

// connection is one file or folder.
type connection struct {
	path   string
	folder string // what a person said that it is
	skip   map[mail.Place]bool
	env    connectors.Env

	mu     sync.Mutex
	loaded *loaded
	begun  bool // whether a pull of what is loaded began
}

func open(_ context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
	if options["path"] == "" {
		return nil, invalid("name the file: the option path is missing")
	}
	c := &connection{path: options["path"], folder: strings.TrimSpace(options["folder"]), env: env, skip: map[mail.Place]bool{mail.Drafts: true, mail.Spam: true, mail.Trash: true}}
	if said := strings.TrimSpace(options["skip"]); said != "" {
		c.skip = map[mail.Place]bool{}
		for word := range strings.SplitSeq(said, ",") {
			switch p := mail.Place(strings.ToLower(strings.TrimSpace(word))); p {
			case mail.Drafts, mail.Spam, mail.Trash:
				c.skip[p] = true
			case "none", "":
			default:
				return nil, invalid("the option skip takes drafts, spam, trash or none, not %q", word)
			}
		}
	}
	return c, nil
}

func base(name string) string {
	return path.Base(strings.TrimRight(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// opener opens a file; what it gives is closed by the caller.
type opener func(ctx context.Context, path string) (connectors.File, error)

// loaded is what is known of the source once it was looked at.
type loaded struct {
	parts []part
	left  []left // what is left out
	mark  string // tells this state of the source from any other
	index *index
}

// left is a folder that is left out, or messages that lie in none.
type left struct {
	name  string
	place mail.Place
	count int64 // 0: not counted
}

// load looks at the source once: which files, and which messages belong together. again looks anew.
func (c *connection) load(ctx context.Context, again bool) (*loaded, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil && !(again && c.begun) {
		c.begun = c.begun || again
		return c.loaded, nil
	}
	c.loaded, c.begun = nil, again
	parts, left, err := c.parts(ctx)
	if err != nil {
		return nil, err
	}
	l := &loaded{parts: parts, left: left}
	if l.index, err = buildIndex(ctx, l.parts, c.skip, c.env.OpenFile); err != nil {
		return nil, err
	}
	l.mark = l.index.mark
	l.left = append(l.left, l.index.left...)
	if l.index.rows == 0 && len(l.left) == 0 {
		return nil, invalid("%s holds no mail", base(c.path))
	}
	c.loaded = l
	return l, nil
}

// forget makes the next call look at the source anew.
func (c *connection) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loaded = nil
}

// Check opens the source and looks for mail at its beginning.
func (c *connection) Check(ctx context.Context) error {
	_, _, err := c.parts(ctx)
	return err
}

// Sources names the files that are read.
func (c *connection) Sources(ctx context.Context) ([]string, error) {
	parts, _, err := c.parts(ctx)
	var paths []string
	for i := range parts {
		paths = append(paths, parts[i].path)
	}
	return paths, err
}

// Describe tells what the messages have. It reads all of them.
func (c *connection) Describe(ctx context.Context) (connectors.Description, error) {
	l, err := c.load(ctx, false)
	if err != nil {
		return connectors.Description{}, err
	}
	return connectors.Description{Layout: layout, Kind: connectors.MessageKind, Encoding: "MIME", Rows: l.index.rows, Columns: l.index.columns()}, nil
}
