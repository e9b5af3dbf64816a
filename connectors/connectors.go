// Package connectors is the contract between Kept and everything that it talks to.
//
// A connector is a type (csv, woocommerce); a connection is one configured account of such a
// type. A connector is any value with a Check method; what else it can do is found by type
// assertion on the small interfaces of this file, as with package io. The package imports the
// standard library alone, so that a connector outside this repository needs nothing else of ours.
package connectors

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Connector is the one thing that every connector must be.
type Connector interface {
	// Check makes the cheapest call that proves that the connection works with its present
	// options. Its error names what is missing and what the user does about it.
	Check(ctx context.Context) error
}

// Cursor says how far a pull has come. It is opaque to the engine; the empty cursor is the start.
type Cursor string

// Version is a record's version as its system gives it (an ETag, a number). Opaque; may be empty.
type Version string

// Puller tells what changed since a cursor.
type Puller interface {
	// Pull returns one page of changes to records of a kind. Changes may come in any order for
	// which resuming at Page.Next is safe, and may repeat: applying a page twice changes nothing.
	// The kinds to ask for are those of Spec.Fields.
	Pull(ctx context.Context, kind Kind, from Cursor) (Page, error)
}

// Page is one step of a pull. The engine commits it together with Next.
//
// It reconciles: each thing told became a change of its own, or went into the record of another
// thing told, or was set aside. Told == Joined + the Changes whose record is not Implied + the
// Rejected that are not Kept. Implied contacts stand before the record that implies them, whatever
// kind was asked for; nobody told them, so they count nowhere.
type Page struct {
	Changes  []Change
	Rejected []Rejected // could not be read, or were read without something
	Told     int        // how many things the system told on this page (rows, cards); counted even where rejected
	Joined   int        // how many of them went into the record of another: further lines of an order, the same row again
	Next     Cursor
	More     bool  // whether another page follows at Next
	Total    int64 // how many things the whole pull has, for progress; 0 where not known
	Done     int64 // how many of Total have been told up to and including this page
}

// Change is one record as it is now, or the word that it is gone.
type Change struct {
	Record Record
	Gone   bool   // the system says that it was deleted; only Record.Kind and Record.ID are set
	Where  string // where it stands, for messages and provenance: "orders.csv:12"; may be empty
}

// Rejected is a thing that could not be read, in words for its owner.
type Rejected struct {
	Where  string // "customers.csv:1,204"
	Field  string // the column or field at fault; empty for the whole row
	Reason string // plain words, without the library's
	Raw    string // what was told, bounded by the connector to 64 KiB; a person may correct it and have it read again
	Kept   bool   // the record was read without the field (it is also in Changes); false: set aside whole
	// Context is what Reread needs beside Raw, opaque and self-contained: the source may be gone by
	// then. Only where Kept is false and the connector is a Rereader.
	Context string
}

// Rereader reads again, alone, what was set aside (Rejected.Raw) after a person corrected it. It
// needs nothing of the source.
type Rereader interface {
	// Reread takes Rejected.Context and the corrected Raw and returns what raw says now: changes, or another Rejected if it is still not right.
	// The IDs are those that a pull of the corrected source would give.
	Reread(ctx context.Context, rejected, raw string) (Page, error)
}

// Pusher writes. The engine stores the intent first, so a Pusher need not remember anything.
type Pusher interface {
	// Push creates (Record.ID empty) or updates one record and returns it as the system then has
	// it, with ID and Version. Intent.Expect goes out as If-Match or its like; a mismatch is a
	// Conflict. A lost answer is Ambiguous.
	Push(ctx context.Context, in Intent) (Record, error)
}

// WriteChecker says whether a connection that may be read may be written to, too. It writes nothing. Check
// does not ask that, since a connection that only reads needs no such right.
type WriteChecker interface {
	// CheckWrite names in its error the right that is missing, and where it is given.
	CheckWrite(ctx context.Context) error
}

// BatchPusher writes several records with one call.
type BatchPusher interface {
	// BatchSize is how many intents one call takes.
	BatchSize() int
	// PushBatch answers each intent in its place. An error of the call itself holds for all of them.
	PushBatch(ctx context.Context, ins []Intent) ([]Pushed, error)
}

// Pushed is what became of one intent of a batch: the record as the system then has it, or an error
// as [Pusher.Push] would give it.
type Pushed struct {
	Record Record
	Err    error
}

// Deleter deletes one record; deleting what is gone already is no error.
type Deleter interface {
	Delete(ctx context.Context, in Intent) error
}

// Fetcher reads single records by key; what is not there is left out.
type Fetcher interface {
	Fetch(ctx context.Context, kind Kind, ids []string) ([]Record, error)
}

// Census lists the live keys with their versions. It finds what a Puller cannot tell: deletions.
type Census interface {
	Census(ctx context.Context, kind Kind, from Cursor) (CensusPage, error)
}

// CensusPage is one step of a census.
type CensusPage struct {
	Live map[string]Version // by record ID
	Next Cursor
	More bool
}

// Finder answers whether a write landed whose answer was lost.
type Finder interface {
	// Find looks for the object that an intent would have created or changed; found is false
	// where the system certainly does not have it.
	Find(ctx context.Context, in Intent) (rec Record, found bool, err error)
}

// Watcher reports that there is news, within seconds. It returns when ctx ends.
type Watcher interface {
	Watch(ctx context.Context, news func(Hint)) error
}

// Hint says where to look. It carries no data that could be trusted.
type Hint struct {
	Kind Kind
	ID   string // empty: pull from the cursor
	Gone bool   // to be verified by the engine
}

// WebhookReceiver verifies a webhook before anything else reads it.
type WebhookReceiver interface {
	Receive(ctx context.Context, header map[string][]string, body []byte) ([]Hint, error)
}

// Limiter states how often and how many at a time a system may be asked.
type Limiter interface {
	Limits() Limits
}

// Limits of a connection; zero means no limit known.
type Limits struct {
	PerSecond float64
	Burst     int
	Parallel  int
}

// Describer shows how a source was understood, before anything is read into the state. File
// connectors have it; import --dry-run prints it.
type Describer interface {
	Describe(ctx context.Context) (Description, error)
}

// Sourcer names the files that a source is made of, where that are not simply those of the folder:
// folders within it, or only some of its files. What changes in another file is then no change.
type Sourcer interface {
	Sources(ctx context.Context) ([]string, error)
}

// Description is how a source was understood.
type Description struct {
	Layout    string // a layout's name: "shopify_orders"; "table" for one recognised by its columns
	Kind      Kind
	Encoding  string // "UTF-8", "GB18030"
	Delimiter string
	Rows      int64
	Columns   []Column
	// Samples at most three a column, in file order, without empty ones.
}

// Column is one column of a table and the field that it becomes.
type Column struct {
	Name    string
	Field   string // a field of fields.go, an order's or a message's property ("order.total"), "custom.<name>", or "" where it is not read
	Why     string // "layout", "name", "content", "map" (a person said so)
	Samples []string
}

// Intent is one planned write. The engine gives it an ID and stores it before the call, and uses
// the same ID when it tries again.
type Intent struct {
	ID      string
	Key     string  // stable key of the thing written: what makes the write idempotent where the system can do that
	Expect  Version // the version that the plan was made against; empty for a create
	Base    Record  // the last version seen there, so that a connector preserves what it does not understand
	Record  Record  // how it shall be
	Changed []string
}

// Env is what a connector gets from its surroundings. A connector uses these and nothing global.
type Env struct {
	Now   func() time.Time                                 // the clock
	Sleep func(ctx context.Context, d time.Duration) error // waits, ended by ctx
	Warn  func(format string, args ...any)                 // for the log; never secrets, never personal data
	Open  func(name string) (File, error)                  // opens a source file by the name in the options
	// List names the files directly in a folder, in order, without hidden ones; an error where the
	// name is none of a folder. May be nil: then there are no folders.
	List func(folder string) ([]string, error)
	// Folders names the folders directly in a folder, in order, hidden ones too. May be nil.
	Folders func(folder string) ([]string, error)
	Store   TokenStore // for rotated tokens; may be nil

	// HTTP carries requests; nil: the network. Package connectors/rest puts its chain over it, so a
	// connector never calls it itself.
	HTTP http.RoundTripper
	// Dial opens connections of other protocols, and those of HTTP where HTTP is nil; nil: the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Log gets what was asked and how it went, for those who look for a fault; nil: nowhere. Never
	// secrets, never personal data.
	Log *slog.Logger
	// Random gives numbers in [0, 1) that spread repeated tries; nil: those of math/rand.
	Random func() float64
	// DryRun forbids every write at the system: it ends with ErrDryRun, and Unsent is told of it.
	DryRun bool
	Unsent func(Exchange) // called for one write after the other; may be nil
	Record func(Exchange) // told all that went over the wire, one answer after the other; may be nil
}

// File is a readable source. ReadAt lets a connector resume without reading from the start.
type File interface {
	ReadAt(p []byte, off int64) (int, error)
	Size() int64
	Close() error
}

// TokenStore keeps what a system rotates (refresh tokens), never in configuration or logs.
type TokenStore interface {
	Get(ctx context.Context, name string) (string, error)
	Put(ctx context.Context, name, value string) error
}

// Spec declares a connector: the one source of flags, config keys, wizard, documentation, field
// matrix and secret masking.
type Spec struct {
	Name    string
	Summary string
	// Endings of the files that it reads, without the dot: "vcf". A connector that declares some knows
	// its own files by their content too; one without takes what no other knows.
	Endings []string
	Folders bool // whether it reads a folder as one source, through Env.List
	Options []Option
	Scopes  []string // least scopes that it needs, in the vendor's words
	// Idempotent says that the same Intent pushed twice makes one object there. A connector that is
	// neither idempotent nor a Finder cannot repeat a write whose answer was lost: a person is asked.
	Idempotent bool
	// Tombstones says that Pull tells what is gone, whenever it went. Of other systems a Census finds
	// it, now and then.
	Tombstones bool
	// Presets are providers of such systems whose settings are known.
	Presets []Preset
	// Cannot says what the system cannot do that people would expect of it, and what happens instead,
	// one sentence each.
	Cannot []string
	// Sends is the channel in which it sends messages to persons, as [Consent.Channel] names it:
	// "email". Empty: it is no Sender.
	Sends string
	// Fields says per kind what it holds; empty where it is a Sender alone.
	Fields map[Kind][]FieldSpec
	Open   func(ctx context.Context, options map[string]string, env Env) (Connector, error)
}

// Option is one setting of a connection.
type Option struct {
	Name     string
	Help     string
	Required bool
	Secret   bool // stored by reference only, masked everywhere
	Default  string
	Example  string   // what a value looks like: "https://shop.example.com"
	Choices  []string // the only values; none: any
	// Place says that the value tells which system or account it is: another value may well be another
	// one, whose records and cursors are not those of the first.
	Place bool
	Where string // where in the vendor's pages the value is found: "WooCommerce > Settings > Advanced > REST API"
}

// Preset is one provider of a kind of system: mail at Gmail.
type Preset struct {
	Name    string            // as typed: "gmail"
	Title   string            // as people know it: "Gmail"
	Options map[string]string // what is known of it, by option
	// Where says per option what the provider calls it and where it is found, in place of Option.Where.
	Where map[string]string
}

// FieldSpec says what a system can hold in one field, so that the engine compares like with like:
// a shop with one phone never deletes the others. A Field of CustomPrefix alone means every custom
// field.
type FieldSpec struct {
	Field string
	Read  bool
	Write bool
	Many  int // how many values it can hold; 0: any number
	Long  int // how many characters a value can have; 0: any length
}
