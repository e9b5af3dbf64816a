// Package imap reads mailboxes where they are: at Gmail, Microsoft 365, Fastmail, iCloud, QQ, 163, and
// at any other server that speaks IMAP (RFC 3501, RFC 9051). A message becomes a record of kind
// message, as package mbox tells it of an exported mailbox.
//
// Nothing is changed at the server: folders are opened for reading alone (EXAMINE), and no message
// becomes "read". Of a message its header and the parts that are text are fetched; of files, what the
// structure says of them.
//
// A message is known by its Message-ID together with date, subject and addressees; so it is one
// message wherever it lies, and another one though its program gave it a used Message-ID.
package imap

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
	"github.com/keptcrm/kept/connectors/mailserver"
)

// protocol is how servers are reached.
var protocol = mailserver.Protocol{Name: mailserver.IMAP, Example: "imap.example.com", Usual: mailserver.TLS,
	Ports:   map[string]int{mailserver.TLS: 993, mailserver.StartTLS: 143, mailserver.None: 143},
	Exposed: "the password", Again: "try again later", Patience: patience, Handshake: answerPatience}

// Spec declares the connector.
func Spec() connectors.Spec {
	return connectors.Spec{
		Name:    "imap",
		Summary: "a mailbox: Gmail, Microsoft 365, Fastmail, iCloud, QQ, 163, 126, or any server that speaks IMAP",
		Options: slices.Concat([]connectors.Option{
			{Name: "host", Help: "the mail server", Required: true, Place: true, Example: "imap.example.com", Where: "the provider's help on \"IMAP settings\", under incoming mail"},
			{Name: "user", Help: "the name to log in with; mostly the whole address", Required: true, Place: true, Example: "sales@example.com"},
			mailserver.PasswordOption,
		}, protocol.SecurityOptions(), []connectors.Option{
			{Name: "folders", Help: "read only these folders, and those within them; separated by commas", Example: "INBOX,Sent,Customers"},
			{Name: "skip", Help: "what is left out: spam, trash, none, or names of folders; drafts always are", Default: "spam,trash", Example: "spam,trash,Newsletter"},
		}, mailserver.LoginOptions, []connectors.Option{mailserver.FingerprintOption}),
		Scopes:  []string{"Gmail: https://mail.google.com/", "Microsoft 365: https://outlook.office.com/IMAP.AccessAsUser.All and offline_access"},
		Presets: protocol.Presets(),
		Cannot: []string{
			"Nothing is written: no message is moved, deleted, marked as read or sent.",
			"A message cannot change at a server; one that a program replaced is told again when it lies there anew.",
			"The contents of attached files are not read; their names, types and sizes are, sizes to a few bytes.",
			"The server does not tell what was deleted; it is found when all messages are counted, now and then, and leaves the history then.",
		},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.MessageKind: nil},
		Open:   open,
	}
}

func invalid(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}

// connection is one mailbox.
type connection struct {
	*mailserver.Account
	folders []string
	skip    map[mail.Place]bool
	skipped []string // names

	pulling chan struct{} // holds a token while somebody pulls
	turn    chan struct{} // and while somebody uses the session
	session *session
	plan    *plan // what of a pull is left, as far as this connection began it

	mu    sync.Mutex
	known map[string]*keys // what messages are called, by folder
	alert string           // what the server wanted people to know, last
}

// keys remembers what the messages of a folder are called, so that a census asks for none twice.
type keys struct {
	validity uint32
	of       map[uint32]string // "" of messages that are not told
}

func open(_ context.Context, o map[string]string, env connectors.Env) (connectors.Connector, error) {
	account, err := protocol.Open(o, env)
	if err != nil {
		return nil, err
	}
	if account.User == "" {
		return nil, invalid("the option user is missing: the name to log in with, mostly the whole address")
	}
	c := &connection{Account: account, turn: make(chan struct{}, 1), pulling: make(chan struct{}, 1), known: map[string]*keys{}, skip: map[mail.Place]bool{mail.Drafts: true}}
	c.which(o)
	return c, nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// which reads which folders are wanted.
func (c *connection) which(o map[string]string) {
	for name := range strings.SplitSeq(o["folders"], ",") {
		if name = strings.TrimSpace(name); name != "" {
			c.folders = append(c.folders, name)
		}
	}
	for name := range strings.SplitSeq(or(o["skip"], "spam,trash"), ",") {
		name = strings.TrimSpace(name)
		switch p := mail.Place(strings.ToLower(name)); p {
		case mail.Spam, mail.Trash, mail.Drafts:
			c.skip[p] = true
		case "none", "":
		default:
			c.skipped = append(c.skipped, name)
		}
	}
}

// log says what was asked, for those who look for a fault: the command's name, nothing of people.
func (c *connection) log(verb string) { c.Env.Log.Debug("imap", "host", c.Host, "command", verb) }

// unasked looks at what a server says of its own accord: an ALERT is meant for people.
func (c *connection) unasked(r *response) {
	if r.code != "ALERT" || r.text == "" {
		return
	}
	text := c.Quoted(r.text)
	c.mu.Lock()
	again := c.alert == text
	c.alert = text
	c.mu.Unlock()
	if !again {
		c.Env.Warn("%s says: %s", c.System(), text)
	}
}

// tries is how often a call is made that broke on the way; each on a new session.
const tries = 4

// with runs a function on the session, and again on another one where the way broke.
func (c *connection) with(ctx context.Context, f func(s *session) error) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for try := 1; ; try++ {
		err := c.once(ctx, f)
		if err == nil {
			return nil
		}
		if gone := ctx.Err(); gone != nil {
			return gone
		}
		told := c.plain(err)
		if told.Class != connectors.Transient || !broke(err) || try == tries {
			return told
		}
		if err := c.Env.Sleep(ctx, c.pause(try)); err != nil {
			return err
		}
	}
}

// pause is how long to wait before another try: a second, then twice as long each time, up to five
// minutes, spread by half.
func (c *connection) pause(try int) time.Duration {
	d := min(time.Second<<min(try-1, 10), 5*time.Minute)
	return d/2 + time.Duration(float64(d)*c.Env.Random()/2)
}

func (c *connection) once(ctx context.Context, f func(s *session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.session == nil || c.session.broken {
		s, err := c.connect(ctx)
		if err != nil {
			return err
		}
		c.session = s
	}
	return f(c.session)
}

// Close ends the session.
func (c *connection) Close() error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.session.logout()
	c.session = nil
	if c.Access != nil {
		c.Access.Close()
	}
	return nil
}

// Check logs in and looks for a folder to read.
func (c *connection) Check(ctx context.Context) error {
	return c.with(ctx, func(s *session) error {
		all, err := s.listFolders(ctx, false)
		if err != nil {
			return err
		}
		read, err := c.chosen(s, all)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(read, func(f *folder) bool { return strings.EqualFold(f.raw, "INBOX") })
		_, err = s.examine(ctx, read[max(i, 0)].raw)
		return err
	})
}
