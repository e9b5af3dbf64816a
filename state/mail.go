package state

import "time"

// The kinds of mailboxes.
const (
	MailboxPersonal = "personal"
	MailboxShared   = "shared"
)

// Mail is who is in a message, normalised by identity. What it says depends on the message alone:
// which of the people are ours, and whose history shows it, is decided when it is read.
type Mail struct {
	At        time.Time `k:"1" json:"at"`
	From      string    `k:"2" json:"from,omitempty"` // Match of the writer
	Sent      bool      `k:"3" json:"sent,omitempty"`
	Automatic bool      `k:"4" json:"automatic,omitempty"` // nobody wrote it to one person
	// Circular marks a message to more people than anybody writes to at once: being among them
	// makes nobody a customer.
	Circular bool      `k:"5" json:"circular,omitempty"`
	People   []Mention `k:"6" json:"people,omitempty"` // each address once
}

// Mention is one address in a message.
type Mention struct {
	Address Identifier `k:"1" json:"address"`
	Name    string     `k:"2" json:"name,omitempty"` // as the header has it, where that is a name
	From    bool       `k:"3" json:"from,omitempty"`
	To      bool       `k:"4" json:"to,omitempty"`  // in To or Cc
	Bcc     bool       `k:"5" json:"bcc,omitempty"` // in Bcc alone
}

// What an entry of the index "people" of [Records] says of an address. Each begins with the
// address; see the functions that make the prefixes.
const (
	peopleIn     = 'p' // it is in a message of a person: + time
	peopleAuto   = 'q' // it is in an automatic message: + time
	peopleSent   = 's' // a mailbox has a message from it among those that its owner sent: + connection
	peopleWrote  = 'w' // a person wrote to it: + connection, writer
	peopleTo     = 'a' // it wrote to somebody: + whom
	peopleNamed  = 'n' // a header names it: + whether by itself, time
	namedByOther = 0
	namedBySelf  = 1
)

// PeopleIn begins the entries of messages of people in which an address is, in the order of time;
// with automatic, of automatic ones.
func PeopleIn(match string, automatic bool) []byte {
	if automatic {
		return Join(TextKey(match), []byte{peopleAuto})
	}
	return Join(TextKey(match), []byte{peopleIn})
}

// PeopleSent begins the entries of messages that a mailbox's owner sent from an address; behind it
// stands the connection.
func PeopleSent(match string) []byte { return Join(TextKey(match), []byte{peopleSent}) }

// PeopleWrote begins the entries of messages that people wrote to an address; behind it stand the
// connection and who wrote, each as [TextKey].
func PeopleWrote(match string) []byte { return Join(TextKey(match), []byte{peopleWrote}) }

// PeopleTo begins the entries of those to whom an address wrote, each as [TextKey].
func PeopleTo(match string) []byte { return Join(TextKey(match), []byte{peopleTo}) }

// PeopleNamed begins the entries of messages that name an address, its own namings last, the
// newest last.
func PeopleNamed(match string) []byte { return Join(TextKey(match), []byte{peopleNamed}) }

// KeyText reads a text that [TextKey] wrote at the start of a key, and gives what is behind it.
func KeyText(key []byte) (text string, rest []byte) {
	var out []byte
	for i := 0; i < len(key); i++ {
		if key[i] != 0 {
			out = append(out, key[i])
			continue
		}
		if i+1 < len(key) && key[i+1] == 0xff {
			out = append(out, 0)
			i++
			continue
		}
		return string(out), key[min(i+2, len(key)):]
	}
	return string(out), nil
}

func (m *Mail) keys(connection string) [][]byte {
	if m == nil {
		return nil
	}
	var keys [][]byte
	at := TimeKey(m.At)
	for i := range m.People {
		p := &m.People[i]
		match := p.Address.Match
		keys = append(keys, Join(PeopleIn(match, m.Automatic), at))
		if m.Sent && match == m.From {
			keys = append(keys, Join(PeopleSent(match), TextKey(connection)))
		}
		if p.Name != "" {
			by := byte(namedByOther)
			if p.From {
				by = namedBySelf
			}
			keys = append(keys, Join(PeopleNamed(match), []byte{by}, at))
		}
		if p.To && m.From != "" && match != m.From && !m.Automatic && !m.Circular {
			keys = append(keys, Join(PeopleWrote(match), TextKey(connection), TextKey(m.From)), Join(PeopleTo(m.From), TextKey(match)))
		}
	}
	return keys
}

// MailCounts says what the messages are that a run was told. Messages = Known + Waiting +
// Automatic + Colleagues + Ignored; with Twice they are what the run saw.
type MailCounts struct {
	Messages   int64 `k:"1" json:"messages"`
	Twice      int64 `k:"2" json:"twice"` // told again within the run
	Threads    int64 `k:"3" json:"threads"`
	Known      int64 `k:"4" json:"known"`      // from or to customers
	Waiting    int64 `k:"5" json:"waiting"`    // from or to people who are nobody's customers
	Addresses  int64 `k:"6" json:"addresses"`  // of those
	Automatic  int64 `k:"7" json:"automatic"`  // newsletters, absence notes, bounces, no-reply
	Colleagues int64 `k:"8" json:"colleagues"` // among ourselves
	Ignored    int64 `k:"9" json:"ignored"`    // by a rule
	In         int64 `k:"10" json:"in"`        // of Known and Waiting
	Out        int64 `k:"11" json:"out"`       // of Known and Waiting
}

// MailDue is an address, or with a leading "@" a domain ("@" all addresses), of which it is to be
// made anew who follows from its mail, because a rule about it changed.
type MailDue struct {
	Address string `k:"1" json:"address"`
	Spread  bool   `k:"2" json:"spread,omitempty"` // those to whom it wrote, too
	After   []byte `k:"3" json:"after,omitempty"`  // how far it is: the last address that was looked at
}

// MailsDue holds what is to be made anew by address.
var MailsDue = declare(Declaration[MailDue]{
	Name: "mail_due",
	Key:  func(d *MailDue) []byte { return TextKey(d.Address) },

	Erase: Erase{Rule: EraseDocuments, Named: true},
})

// The kinds of marks.
const (
	MarkPrivate = "private" // only By, and of a message those of us who are in it, read it
	MarkShared  = "shared"  // everybody reads it, though it stands in a personal mailbox
)

// Mark is a person's word on who may read one entry of a history, or a thread of a connection.
type Mark struct {
	Target string    `k:"1" json:"target"` // "k55.0", "n12"; of a thread what [ThreadTarget] gives
	Kind   string    `k:"2" json:"kind"`
	By     string    `k:"3" json:"by"` // the actor: "s2"
	At     time.Time `k:"4" json:"at"`
}

// ThreadTarget is how a mark names a thread of a connection.
func ThreadTarget(connection, thread string) string { return "thread:" + connection + ":" + thread }

// Marks holds marks by what they are about.
var Marks = declare(Declaration[Mark]{
	Name: "mark",
	Key:  func(m *Mark) []byte { return TextKey(m.Target) },

	Erase: Erase{Rule: EraseDocuments, Named: true},
})

// NotePlace says in which customer's history an entry stands that a person entered.
type NotePlace struct {
	ID   string    `k:"1" json:"id"` // "n12"
	Base uint64    `k:"2" json:"base"`
	At   time.Time `k:"3" json:"at"`
}

// NotePlaces holds the places of notes by their IDs.
var NotePlaces = declare(Declaration[NotePlace]{
	Name: "note_place",
	Key:  func(n *NotePlace) []byte { return TextKey(n.ID) },

	Erase: Erase{Rule: EraseNone, Why: "numbers and times of entries, which go themselves"},
})
