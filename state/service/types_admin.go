package service

import (
	"time"

	"github.com/keptcrm/kept/state"
)

// CustomerListIn asks for customers, a page at a time in the order of their numbers.
type CustomerListIn struct {
	After string `json:"after,omitempty"` // the last number of the page before
	Limit int    `json:"limit,omitempty"` // 0: 500
	Tag   string `json:"tag,omitempty"`
	Owner string `json:"owner,omitempty"` // a staff member
	Kind  string `json:"kind,omitempty"`  // person, organisation
	Stage string `json:"stage,omitempty"`
	Grade string `json:"grade,omitempty"`
	Field string `json:"field,omitempty"` // "name=value": a custom field
}

// CustomerListOut is one page.
type CustomerListOut struct {
	Customers []Customer `json:"customers"`
	Next      string     `json:"next,omitempty"` // give it as After; "" at the end
}

// CustomerShowIn asks for all that is believed of one customer, with origins.
type CustomerShowIn struct {
	Ref string `json:"ref"`
}

// CustomerShowOut is that.
type CustomerShowOut struct {
	Customer  Customer      `json:"customer"`
	Created   time.Time     `json:"created"`
	Believed  []Believed    `json:"believed"`
	Relations []Affiliation `json:"relations"`
	Consents  []ConsentLine `json:"consents"`
	Numbers   []string      `json:"numbers"`            // of customers that became part of this one
	Withheld  []string      `json:"withheld,omitempty"` // contents that the reader may not see: body, promise, money, contact
}

// Believed is one field with its origin.
type Believed struct {
	Field  string    `json:"field"`
	Values []string  `json:"values"`
	From   string    `json:"from"` // a connection, or the actor who set it
	Record string    `json:"record,omitempty"`
	At     time.Time `json:"at,omitzero"`
	ByHand bool      `json:"by_hand"`
}

// WhyIn asks why records are one customer, or why two customers are one or two.
type WhyIn struct {
	A string `json:"a"`
	B string `json:"b,omitempty"`
}

// WhyOut is the evidence.
type WhyOut struct {
	A     CustomerRef      `json:"a"`
	B     *CustomerRef     `json:"b,omitempty"`
	One   bool             `json:"one"` // whether A and B are one customer
	Links []LinkLine       `json:"links"`
	Words []VerdictLine    `json:"verdicts"`
	Pairs []state.Evidence `json:"evidence"` // for and against, between A and B
	// Weighed is what the two records of A and B that are most alike weigh; nil where nothing can be
	// weighed, as between organisations.
	Weighed   *Weighed   `json:"weighed,omitempty"`
	Questions []Question `json:"questions"` // that ask whether A and B are one
}

// Weighed is how likely two records are one person by all that they say. The weights of the
// evidence that has one add up to Bits.
type Weighed struct {
	A           RecordRef `json:"a"`
	B           RecordRef `json:"b"`
	Bits        float64   `json:"bits"`        // log2 odds
	Probability float64   `json:"probability"` // that they are one, 0 to 1
	LinksFrom   float64   `json:"links_from"`  // bits from which two records join by themselves
	AsksFrom    float64   `json:"asks_from"`   // and those from which somebody is asked
	Verdict     string    `json:"verdict"`     // sure, likely, unlikely: by these records alone
}

// LinkLine is one record of the customer and why it is there.
type LinkLine struct {
	Record   RecordRef        `json:"record"`
	Says     string           `json:"says"` // name and identifiers as the record has them
	Base     string           `json:"base"`
	By       string           `json:"by"`
	Evidence []state.Evidence `json:"evidence"`
	At       time.Time        `json:"at"`
}

// VerdictLine is one person's word.
type VerdictLine struct {
	Number string    `json:"number"`
	Kind   string    `json:"kind"`
	A      string    `json:"a,omitempty"`
	B      string    `json:"b,omitempty"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Note   string    `json:"note,omitempty"`
}

// CustomerEditIn sets fields by hand. An empty value takes a value that was set by hand back, so
// that what the records say is believed again.
type CustomerEditIn struct {
	Ref string `json:"ref"`
	// Set maps a field to its value: name, given, family, stage, kind, grade (A, B, C), owner,
	// birthday, language, zone, country, company, title, email, phone, note; any other name is a
	// custom field.
	Set map[string]string `json:"set"`
}

// CustomerTagIn adds and removes tags.
type CustomerTagIn struct {
	Ref    string   `json:"ref"`
	Add    []string `json:"add,omitempty"`
	Remove []string `json:"remove,omitempty"`
}

// RelateIn states, or with Remove denies, a relation.
type RelateIn struct {
	Ref    string `json:"ref"`
	To     string `json:"to"`
	Kind   string `json:"kind"` // works_for, belongs_to, parent_of, household
	Role   string `json:"role,omitempty"`
	Since  string `json:"since,omitempty"`
	Until  string `json:"until,omitempty"`
	Remove bool   `json:"remove,omitempty"`
}

// RelateOut answers with the customer's relations.
type RelateOut struct {
	Customer  CustomerRef   `json:"customer"`
	Relations []Affiliation `json:"relations"`
}

// MergeIn says that two customers are one; A keeps its number.
type MergeIn struct {
	A    string `json:"a"`
	B    string `json:"b"`
	Note string `json:"note,omitempty"`
	Dry  bool   `json:"dry,omitempty"` // show what it would be, change nothing
}

// MergeOut answers with the one customer.
type MergeOut struct {
	Customer Customer `json:"customer"`
	Was      []string `json:"was"` // the numbers that it had as several
	Changed  bool     `json:"changed"`
}

// UnmergeIn takes a merge back, or with Record parts one record from its customer.
type UnmergeIn struct {
	Ref    string `json:"ref"`              // the merged customer, by the number of either half
	Other  string `json:"other,omitempty"`  // the half to part, where there are several
	Record string `json:"record,omitempty"` // "k55", or connection/ID
}

// UnmergeOut names the two.
type UnmergeOut struct {
	A CustomerRef `json:"a"`
	B CustomerRef `json:"b"`
}

// KeepApartIn says that two customers are two, for ever.
type KeepApartIn struct {
	A    string `json:"a"`
	B    string `json:"b"`
	Note string `json:"note,omitempty"`
}

// KeepApartOut names the two.
type KeepApartOut struct {
	A CustomerRef `json:"a"`
	B CustomerRef `json:"b"`
}

// Staff is a staff member as shown.
type Staff struct {
	ID       string          `json:"id"`
	Number   string          `json:"number"`
	Name     string          `json:"name"`
	Login    string          `json:"login"`
	Emails   []string        `json:"emails"`
	Chats    []string        `json:"chats"` // accounts in chats: slack:T1:U7
	Role     string          `json:"role"`
	Manager  string          `json:"manager"`
	Deputy   string          `json:"deputy"`
	Zone     string          `json:"zone"`
	Language string          `json:"language"`
	Away     []state.Absence `json:"away"`
	AwayNow  bool            `json:"away_now"`
	Left     time.Time       `json:"left,omitzero"`
	Owns     int             `json:"owns"` // customers
	Open     int             `json:"open"` // open promises
	Late     int             `json:"late"`
	// Sees is what they may see in a chat: content to scope; of one who is asked for alone.
	Sees map[string]string `json:"sees,omitempty"`
}

// StaffListIn asks for staff; with Ref for one.
type StaffListIn struct {
	Ref  string `json:"ref,omitempty"`
	Left bool   `json:"left,omitempty"` // those who left too
}

// StaffListOut has them by name.
type StaffListOut struct {
	Staff []Staff `json:"staff"`
}

// StaffAddIn adds a staff member, or with the number or login of one changes what is given.
type StaffAddIn struct {
	Name     string   `json:"name"`
	Login    string   `json:"login,omitempty"`
	Emails   []string `json:"emails,omitempty"`
	Role     string   `json:"role,omitempty"`
	Manager  string   `json:"manager,omitempty"`
	Deputy   string   `json:"deputy,omitempty"`
	Zone     string   `json:"zone,omitempty"`
	Language string   `json:"language,omitempty"`
	// Slack are accounts that become theirs: U7, T1:U7; with "-" before it it is theirs no more.
	Slack []string `json:"slack,omitempty"`
}

// StaffMapIn asks whose an account of a chat is, with what the chat says of who has it.
type StaffMapIn struct {
	Account string `json:"account"`         // slack:T1:U7
	Email   string `json:"email,omitempty"` // verified by the chat; "" is not known
	Name    string `json:"name,omitempty"`  // for the refusal
}

// StaffMapOut says whose it is.
type StaffMapOut struct {
	Staff  Staff `json:"staff"`  // without what is on their plate, which nobody asks for here
	Mapped bool  `json:"mapped"` // whether it became theirs by this call
}

// StaffAwayIn enters an absence; with Back it ends the present one.
type StaffAwayIn struct {
	Ref   string `json:"ref"`
	From  string `json:"from,omitempty"` // a date, or words; "" is today
	Until string `json:"until,omitempty"`
	Note  string `json:"note,omitempty"`
	Back  bool   `json:"back,omitempty"`
}

// StaffLeaveIn says that somebody left.
type StaffLeaveIn struct {
	Ref string `json:"ref"`
	On  string `json:"on,omitempty"` // "" is today
}

// StaffOut answers with one staff member.
type StaffOut struct {
	Staff Staff `json:"staff"`
}

// ConsentLine is one statement as shown.
type ConsentLine struct {
	Type       string       `json:"type"`
	Value      string       `json:"value"`
	Channel    string       `json:"channel"`
	Purpose    string       `json:"purpose"`
	State      string       `json:"state"`
	At         time.Time    `json:"at,omitzero"`
	Noted      time.Time    `json:"noted"`
	Connection string       `json:"connection,omitempty"`
	Run        string       `json:"run,omitempty"`
	Field      string       `json:"field,omitempty"`
	Words      string       `json:"words,omitempty"`
	By         string       `json:"by,omitempty"`
	Holds      bool         `json:"holds"` // whether this is the statement that decides
	Customer   *CustomerRef `json:"customer,omitempty"`
}

// OptoutAddIn stops contact at an identifier, or at all identifiers of a customer.
type OptoutAddIn struct {
	Ref     string `json:"ref"`               // a customer, or an address that no customer has
	Channel string `json:"channel,omitempty"` // "" by the identifier's type; all
	Purpose string `json:"purpose,omitempty"` // "" is all
	Words   string `json:"words,omitempty"`   // what they said
}

// OptoutRemoveIn takes refusals back, with a reason that is logged.
type OptoutRemoveIn struct {
	Ref     string `json:"ref"`
	Channel string `json:"channel,omitempty"`
	Purpose string `json:"purpose,omitempty"`
	Reason  string `json:"reason"`
}

// OptoutOut answers with what holds now.
type OptoutOut struct {
	Customer *CustomerRef  `json:"customer,omitempty"`
	Lines    []ConsentLine `json:"lines"`
	// Connections say where the customer's records hold an opt-out of marketing by e-mail, or do not.
	Connections []OptoutHeld `json:"connections"`
}

// OptoutHeld says whether a record at a connection holds that its customer opted out of marketing by
// e-mail.
type OptoutHeld struct {
	Connection string    `json:"connection"`
	Record     string    `json:"record"`      // the ID there
	State      string    `json:"state"`       // held, held_theirs, waits, waits_plan, read_only, not_set, cannot, lifted, lifted_theirs
	Mark       string    `json:"mark"`        // how it is held there, as kept.yaml has it; "" where it is not said
	Offer      string    `json:"offer"`       // how it could be; "" where the system has no room for it
	At         time.Time `json:"at,omitzero"` // held, lifted: when Kept put it there
}

// OptoutListIn asks who refuses contact.
type OptoutListIn struct {
	All bool `json:"all,omitempty"` // also those who only never agreed
}

// OptoutListOut has the statements that hold, newest first.
type OptoutListOut struct {
	Lines    []ConsentLine `json:"lines"`
	Withheld int           `json:"withheld"` // how many more there are with All
}

// OptoutWhyIn asks what was said about contact with somebody.
type OptoutWhyIn struct {
	Ref string `json:"ref"`
}

// OptoutWhyOut has every statement, and what follows.
type OptoutWhyOut struct {
	Customer *CustomerRef  `json:"customer,omitempty"`
	Ref      string        `json:"ref"`
	Holds    []ConsentLine `json:"holds"` // the deciding statement for each channel and purpose
	Said     []ConsentLine `json:"said"`  // all, oldest first
	// Connections are as in [OptoutOut].
	Connections []OptoutHeld `json:"connections"`
}

// Run is a run as shown.
type Run struct {
	ID         string       `json:"id"`
	Number     string       `json:"number"` // "r3"
	Kind       string       `json:"kind"`
	Connection string       `json:"connection"`
	Source     string       `json:"source"`
	Layout     string       `json:"layout"`
	State      string       `json:"state"`
	Actor      string       `json:"actor"`
	Started    time.Time    `json:"started"`
	Ended      time.Time    `json:"ended,omitzero"`
	Counts     state.Counts `json:"counts"`
	Sums       []state.Sum  `json:"sums"`
	// Mail says what the messages are that it was told; absent where it was told none.
	Mail *state.MailCounts `json:"mail,omitempty"`
}

// RunListIn asks for runs, newest first.
type RunListIn struct {
	Kind  string `json:"kind,omitempty"`
	Limit int    `json:"limit,omitempty"` // 0: 50
}

// RunListOut has them.
type RunListOut struct {
	Runs []Run `json:"runs"`
}

// ImportIn reads files. Files stay where they are: an import runs in the process that has them.
type ImportIn struct {
	Files   []string          `json:"files"` // paths, for the process that imports
	As      string            `json:"as,omitempty"`
	Options map[string]string `json:"options,omitempty"` // the connector's: map, zone, currency, ...
	Dry     bool              `json:"dry,omitempty"`
	Type    string            `json:"type,omitempty"` // the connector; "" by the file
	// Mailbox says of a mailbox whose it is: "shared", "personal:wei"; "" is not said.
	Mailbox string `json:"mailbox,omitempty"`
}

// ImportOut has a result for each file.
type ImportOut struct {
	Files []ImportFile `json:"files"`
	Dry   bool         `json:"dry"`
	Total Run          `json:"total"`
	Asks  int          `json:"questions"` // open in all
	More  int          `json:"more"`      // doubts that become questions as these are answered, up to 100,000
}

// ImportFile is what one file was and what came of it.
type ImportFile struct {
	File     string          `json:"file"`
	Error    *state.Error    `json:"error,omitempty"` // it could not be read at all
	Layout   string          `json:"layout"`
	Kind     string          `json:"kind,omitempty"` // of its records: contact, order; empty: several
	Encoding string          `json:"encoding"`
	Columns  []ImportColumn  `json:"columns,omitempty"` // with Dry
	Run      Run             `json:"run"`
	Rejected []ImportRefusal `json:"rejected"`
	Unsaid   int             `json:"unsaid"` // rejected beyond the first hundred
	Resumed  bool            `json:"resumed,omitempty"`
	// Connection is the connection with whose mailbox it is; of files with messages alone.
	Connection *Connection `json:"mailbox,omitempty"`
	// Countryless counts the phone numbers that tell no country, neither by themselves nor by an
	// address beside them; without a default region they link nobody.
	Countryless int             `json:"phones_without_country,omitempty"`
	Examples    []ImportExample `json:"examples,omitempty"` // with Dry: at most five of each kind
}

// ImportExample is one thing that an import would do.
type ImportExample struct {
	Kind     string           `json:"kind"`               // new, changed, linked, asked
	Title    string           `json:"title,omitempty"`    // of a record: its name, or its order number
	Where    string           `json:"where,omitempty"`    // file and line
	Fields   []ImportChange   `json:"fields,omitempty"`   // of a changed one
	To       *CustomerRef     `json:"to,omitempty"`       // of a linked one
	Why      []state.Evidence `json:"why,omitempty"`      // of a linked one
	Question *Question        `json:"question,omitempty"` // of what would be asked
}

// ImportChange is one field as it was and as it would be.
type ImportChange struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// ImportColumn is one column and what it becomes.
type ImportColumn struct {
	Name    string   `json:"name"`
	Field   string   `json:"field"`
	Why     string   `json:"why"`
	Samples []string `json:"samples"`
}

// ImportRefusal is a row or cell that could not be read.
type ImportRefusal struct {
	Where    string `json:"where"`
	Field    string `json:"field,omitempty"`
	Reason   string `json:"reason"`
	Kept     bool   `json:"kept"`               // the row was read without the field
	Question string `json:"question,omitempty"` // where the row waits
	Answered bool   `json:"answered,omitempty"` // a person decided about the row before; it does not wait
}

// ImportUndoIn takes back exactly one run.
type ImportUndoIn struct {
	Run string `json:"run"`
	Dry bool   `json:"dry,omitempty"`
}

// ImportUndoOut says what was taken back.
type ImportUndoOut struct {
	Run       Run `json:"run"`
	Removed   int `json:"removed"`   // records
	Restored  int `json:"restored"`  // records that are again as before
	Customers int `json:"customers"` // customers that went with it
	Refusals  int `json:"refusals"`  // opt-outs that only this run knew
	// Stays counts the records that later runs were told unchanged, and that are theirs now.
	Stays int      `json:"stays"`
	Runs  []string `json:"told_by,omitempty"` // those runs
}

// CheckIn looks for damage.
type CheckIn struct {
	Repair bool `json:"repair,omitempty"`
}

// CheckOut has what was found.
type CheckOut struct {
	Counts  map[string]int64 `json:"counts"` // documents by collection
	Damages []state.Damage   `json:"damages"`
	// Affected names what people know that a damage touches: customers, promises.
	Affected []CustomerRef `json:"affected"`
	Repaired bool          `json:"repaired"`
}

// BackupIn asks for a copy of the state.
type BackupIn struct {
	Compact bool `json:"compact,omitempty"`
}
