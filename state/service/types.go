package service

import (
	"time"

	"github.com/keptcrm/kept/state"
)

// CustomerRef names a customer.
type CustomerRef struct {
	Number string `json:"number"` // "c812"
	Name   string `json:"name"`
	Kind   string `json:"kind"`
}

// Identifier is an identifier as shown.
type Identifier struct {
	Type       string `json:"type"`
	Value      string `json:"value"`
	System     string `json:"system,omitempty"`
	Connection string `json:"connection,omitempty"`
	Former     bool   `json:"former,omitempty"`
}

// RecordRef names a record.
type RecordRef struct {
	Connection string `json:"connection"`
	Kind       string `json:"kind"`
	ID         string `json:"id"`
	Number     string `json:"number"` // "k55"
}

// Customer is a customer as shown. Its field list is stable.
type Customer struct {
	ID          string              `json:"id"`
	Number      string              `json:"number"`
	Name        string              `json:"name"`
	Kind        string              `json:"kind"`
	Stage       string              `json:"stage"`
	Identifiers []Identifier        `json:"identifiers"`
	Owner       string              `json:"owner"` // the staff member's name; "" for nobody
	Tags        []string            `json:"tags"`
	Grade       string              `json:"grade"`
	Fields      map[string][]string `json:"fields"` // an address as one line
	Records     []RecordRef         `json:"records"`
}

// CustomerOut answers with one customer.
type CustomerOut struct {
	Customer Customer `json:"customer"`
}

// FindIn asks for customers by any part of a name in any script, in any order, without accents, in
// pinyin or its initials, or with a typo; by an e-mail address, a phone number in any notation or
// its end, a company, an order number, or a tag. Words may fit different things of one customer.
type FindIn struct {
	Query string `json:"query"`
	Limit int    `json:"limit,omitempty"` // 0: 20
}

// FindOut has the hits, best first.
type FindOut struct {
	Hits []Hit `json:"hits"`
	More bool  `json:"more"` // whether Limit cut the list
}

// Hit is one customer found.
type Hit struct {
	Customer CustomerRef `json:"customer"`
	Company  string      `json:"company,omitempty"`
	Why      string      `json:"why"`   // number, email, phone, order, tag, name, pinyin, initials, typo, company, handle, external_id
	Match    string      `json:"match"` // the value that fitted, as shown
	Owner    string      `json:"owner,omitempty"`
}

// BriefIn asks for the page to read before a meeting.
type BriefIn struct {
	Ref string `json:"ref"`
}

// BriefOut is that page: the fields in the order in which they matter.
type BriefOut struct {
	Customer  Customer      `json:"customer"`
	Employers []Affiliation `json:"employers"` // organisations that the person belongs to
	Owner     string        `json:"owner"`
	Deputy    string        `json:"deputy"`
	Since     time.Time     `json:"since,omitzero"` // first order, else first activity
	Reach     []Reach       `json:"reach"`
	Bought    []Bought      `json:"bought"` // a line for each connection and currency
	Says      *Entry        `json:"says,omitempty"`
	Ours      []Promise     `json:"we_promised"`   // open, late first
	Theirs    []Promise     `json:"they_promised"` // open, late first
	Followups []Followup    `json:"followups"`     // open, late first
	Watch     []Watch       `json:"watch_out"`
	Last      []Entry       `json:"last"`             // the newest activities
	People    []Member      `json:"people,omitempty"` // of an organisation
	From      []string      `json:"from"`             // connections
	Records   int           `json:"record_count"`
	Questions []Question    `json:"questions"` // that wait about this customer
	Zone      string        `json:"zone"`      // the reader's IANA zone, for dates
	Now       time.Time     `json:"now"`
	Withheld  []string      `json:"withheld,omitempty"` // contents that the reader may not see: body, promise, money, contact
	// SinceLast is what is new for the reader; absent where they never looked, or are none of us.
	SinceLast *SinceLast `json:"since_last,omitempty"`
}

// Affiliation is a relation as shown.
type Affiliation struct {
	Customer CustomerRef `json:"customer"`
	Kind     string      `json:"kind"`
	Role     string      `json:"role,omitempty"`
	Since    string      `json:"since,omitempty"`
	Until    string      `json:"until,omitempty"`
	ByHand   bool        `json:"by_hand,omitempty"`
	Outgoing bool        `json:"outgoing"` // true: this customer works for, belongs to, is parent of the other
}

// Member is a person of an organisation.
type Member struct {
	Customer CustomerRef `json:"customer"`
	Role     string      `json:"role,omitempty"`
	Last     time.Time   `json:"last,omitzero"` // their last activity
	Orders   int         `json:"orders"`
}

// Reach is a way to reach a customer, and whether we may.
type Reach struct {
	Type    string    `json:"type"` // email, phone, handle
	Value   string    `json:"value"`
	State   string    `json:"state,omitempty"` // granted, withheld, opted_out, undeliverable; "" where nothing was said
	Purpose string    `json:"purpose,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Source  string    `json:"source,omitempty"`
}

// Bought sums up what a customer bought at one connection in one currency.
type Bought struct {
	Connection string      `json:"connection"`
	Orders     int         `json:"orders"`
	Net        state.Money `json:"net"` // after refunds
	Last       time.Time   `json:"last,omitzero"`
	LastAmount state.Money `json:"last_amount"`
	Hidden     bool        `json:"amounts_hidden,omitempty"` // the reader may not see amounts: they are 0
	EveryDays  int         `json:"every_days,omitempty"`     // the usual days between orders: the median; 0 with fewer than three orders
	Number     string      `json:"last_number,omitempty"`
}

// Watch is something to watch out for, as a code with arguments; text under "watch.<code>".
type Watch struct {
	Code string     `json:"code"` // opted_out, undeliverable, question, silent, refund, former_employer, ...
	Args state.Args `json:"args,omitempty"`
}

// HistoryIn asks for a customer's history, newest first.
type HistoryIn struct {
	Ref   string    `json:"ref"`
	Limit int       `json:"limit,omitempty"` // 0: 50; negative: all
	Since time.Time `json:"since,omitzero"`
	Only  string    `json:"only,omitempty"` // an activity kind
}

// HistoryOut is a history.
type HistoryOut struct {
	Customer CustomerRef `json:"customer"`
	Entries  []Entry     `json:"entries"`
	More     bool        `json:"more"`
	Withheld []string    `json:"withheld,omitempty"` // contents that the reader may not see: body, promise, money, contact
	Zone     string      `json:"zone"`
	Now      time.Time   `json:"now"`
}

// Entry is one activity as shown. Its field list is stable.
type Entry struct {
	ID         string       `json:"id"`
	Time       time.Time    `json:"time"`
	Kind       string       `json:"kind"`
	Direction  string       `json:"direction"`
	Channel    string       `json:"channel"`
	Connection string       `json:"connection"`
	Title      string       `json:"title"`
	Body       string       `json:"body"`
	Amount     *state.Money `json:"amount"`
	Actor      string       `json:"actor"`
	Status     string       `json:"status,omitempty"`
	Person     *CustomerRef `json:"person,omitempty"` // in an organisation's history: whose it is

	// Of messages. Of a message in a personal mailbox, and of what somebody marked private, others
	// have the header alone: no body, no attachments.
	From        string       `json:"from,omitempty"` // the writer's address
	Thread      string       `json:"thread,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
	Hidden      bool         `json:"hidden,omitempty"`
	HiddenBy    string       `json:"hidden_by,omitempty"` // whose mailbox it is, or who marked it
	Closed      bool         `json:"closed,omitempty"`    // hidden because the reader's role does not see texts
	Mark        string       `json:"mark,omitempty"`      // private, shared: by a person's word
	mine        bool         // whether the reader wrote it
	Unanswered  int          `json:"unanswered_days,omitempty"` // in a brief: of the newest message, which is theirs, the days since
}

// Attachment is a file that came with a message; its content is not kept.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"` // bytes
}

// WhoIn asks who answers for a customer; with an empty Ref, who everybody is.
type WhoIn struct {
	Ref string `json:"ref"`
}

// WhoOut names the people.
type WhoOut struct {
	Customer  CustomerRef    `json:"customer"`
	Owner     *Staff         `json:"owner"`
	Deputy    *Staff         `json:"deputy"`
	Now       *Staff         `json:"now"` // whom to ask today: the owner, or the deputy of one who is away or left
	Touched   []StaffTouched `json:"touched"`
	Relations []Affiliation  `json:"relations"`
	People    []Member       `json:"people,omitempty"`
	Everybody []Staff        `json:"everybody,omitempty"` // without a customer: all present staff
}

// StaffTouched is one of us who dealt with the customer.
type StaffTouched struct {
	Name string    `json:"name"`
	Last time.Time `json:"last"`
	How  string    `json:"how"` // the kind of the last activity
}

// Promise is a promise as shown. Its field list is stable.
type Promise struct {
	ID           string           `json:"id"`
	Number       string           `json:"number"`
	Direction    string           `json:"direction"`
	Customer     string           `json:"customer"` // number
	CustomerName string           `json:"customer_name"`
	By           string           `json:"by"` // a name
	Text         string           `json:"text"`
	Due          *time.Time       `json:"due"`
	DueText      string           `json:"due_text"`
	DateOnly     bool             `json:"date_only"`
	Zone         string           `json:"zone"`
	State        string           `json:"state"`
	Late         bool             `json:"late"`
	LateDays     int              `json:"late_days,omitempty"` // whole days, at least 1 where late
	Earlier      []time.Time      `json:"earlier,omitempty"`   // earlier due times
	Agreed       bool             `json:"agreed,omitempty"`    // the other side agreed to the date in time
	Conditional  bool             `json:"conditional,omitempty"`
	Proof        string           `json:"proof,omitempty"` // what it was closed by: "k55", "n12"
	ClosedBy     string           `json:"closed_by,omitempty"`
	Done         time.Time        `json:"done,omitzero"` // when it was kept, where that was before it was closed
	Evidence     []state.Evidence `json:"evidence"`
	Made         time.Time        `json:"made"`
	Closed       time.Time        `json:"closed,omitzero"`
}

// PromiseListIn asks for promises: all open ones, or a customer's.
type PromiseListIn struct {
	Ref       string `json:"ref,omitempty"`
	Late      bool   `json:"late,omitempty"`
	All       bool   `json:"all,omitempty"`       // closed ones too
	By        string `json:"by,omitempty"`        // one staff member's
	Direction string `json:"direction,omitempty"` // ours, theirs
}

// PromiseListOut has them, late first, then by due time, then those without a date.
type PromiseListOut struct {
	Customer *CustomerRef `json:"customer,omitempty"`
	Promises []Promise    `json:"promises"`
	Withheld []string     `json:"withheld,omitempty"` // of a customer: contents that the reader may not see
	Zone     string       `json:"zone"`
	Now      time.Time    `json:"now"`
}

// PromiseAddIn logs a promise by hand.
type PromiseAddIn struct {
	Ref    string `json:"ref"`
	Text   string `json:"text"`
	Due    string `json:"due,omitempty"` // words: "friday 12:00", "下周三前"
	By     string `json:"by,omitempty"`  // a staff member; "" the actor
	Theirs bool   `json:"theirs,omitempty"`
	// Said is the message that it is made of; nil where it is told by hand.
	Said *SaidInChat `json:"said,omitempty"`
}

// PromiseCloseIn closes a promise.
type PromiseCloseIn struct {
	Promise string `json:"promise"` // "p12"
	State   string `json:"state"`   // kept, not_kept, withdrawn; open reopens
	Note    string `json:"note,omitempty"`
}

// PromiseMoveIn gives a promise a new date; the earlier one stays on record.
type PromiseMoveIn struct {
	Promise string `json:"promise"`
	Due     string `json:"due"`
	// Agreed says that the other side agreed: moved before it was due it is then not late.
	Agreed bool `json:"agreed,omitempty"`
}

// PromiseAssignIn gives a promise of ours to another of us.
type PromiseAssignIn struct {
	Promise string `json:"promise"` // "p12"
	Staff   string `json:"staff"`
}

// PromiseShowIn asks for one promise.
type PromiseShowIn struct {
	Promise string `json:"promise"` // "p12"
}

// PromiseOut answers with one promise.
type PromiseOut struct {
	Promise Promise   `json:"promise"`
	Zone    string    `json:"zone"`
	Now     time.Time `json:"now"`
}

// NoteIn writes a note into a customer's history.
type NoteIn struct {
	Ref  string    `json:"ref"`
	Text string    `json:"text"`
	Kind string    `json:"kind,omitempty"` // note, call, meeting; "" is note
	At   time.Time `json:"at,omitzero"`    // zero: now
	// Private keeps it for whoever writes it, who must be one of us.
	Private bool `json:"private,omitempty"`
}

// NoteOut answers with the entry.
type NoteOut struct {
	Customer CustomerRef `json:"customer"`
	Entry    Entry       `json:"entry"`
}

// Question is a question as shown.
type Question struct {
	ID      string           `json:"id"`
	Number  string           `json:"number"`
	Kind    string           `json:"kind"`
	A       *CustomerRef     `json:"a,omitempty"`
	B       *CustomerRef     `json:"b,omitempty"`
	SeenA   string           `json:"seen_a,omitempty"` // what tells A from B: name, identifiers, connection, in a line
	SeenB   string           `json:"seen_b,omitempty"`
	Reasons []state.Evidence `json:"reasons"`
	From    string           `json:"from,omitempty"`
	Where   string           `json:"where,omitempty"`
	Field   string           `json:"field,omitempty"`
	Raw     string           `json:"raw,omitempty"`
	Header  string           `json:"header,omitempty"` // of the file of a row
	Options []string         `json:"options"`
	Created time.Time        `json:"created"`
	State   string           `json:"state"`
	Answer  string           `json:"answer,omitempty"`

	// Of promises. Raw are the words.
	For         string     `json:"for,omitempty"` // whom it is put to
	By          string     `json:"by,omitempty"`  // who promised
	Direction   string     `json:"direction,omitempty"`
	Due         *time.Time `json:"due,omitempty"`
	DueText     string     `json:"due_text,omitempty"`
	DateOnly    bool       `json:"date_only,omitempty"`
	Zone        string     `json:"zone,omitempty"`
	Said        time.Time  `json:"said,omitzero"` // when it was said; of promise_done when what keeps it came
	Conditional bool       `json:"conditional,omitempty"`
	Promise     string     `json:"promise,omitempty"` // "p12"
	Lapses      time.Time  `json:"lapses,omitzero"`   // when it is dropped if nobody answers
}

// QuestionListIn asks for open questions, best first.
type QuestionListIn struct {
	Number string `json:"number,omitempty"` // one question, open or not
	Ref    string `json:"ref,omitempty"`    // about one customer
	From   string `json:"from,omitempty"`   // a file or a connection
	Kind   string `json:"kind,omitempty"`
	Limit  int    `json:"limit,omitempty"` // 0: 20; negative: all
	All    bool   `json:"all,omitempty"`   // those about promises that are put to others too, as far as the reader may see them
}

// QuestionListOut has them.
type QuestionListOut struct {
	Questions []Question `json:"questions"`
	Total     int        `json:"total"`
	// More is how many doubts whether two customers are one become questions as these are answered,
	// up to 100,000; 0 where the questions of one customer, file or other kind are asked for.
	More int `json:"more,omitempty"`
	// Others are those to whom questions about promises are put that the list does not have.
	Others []QuestionsFor `json:"others,omitempty"`
}

// AnswerIn answers a question.
type AnswerIn struct {
	Number string `json:"number"`
	Answer string `json:"answer"`         // one of the question's options
	Text   string `json:"text,omitempty"` // the corrected row, the organisation's name, the words of a promise, why it is "no"
	Due    string `json:"due,omitempty"`  // of a promise, in words, where it is another than was found
}

// AnswerOut says what the answer did.
type AnswerOut struct {
	Question Question    `json:"question"`
	Customer CustomerRef `json:"customer"`        // the survivor, the row's customer
	Did      string      `json:"did"`             // merged, kept_apart, read, dropped, organisation, no_organisation, staff, not_staff
	Staff    *Staff      `json:"staff,omitempty"` // who has the address now
	Promise  *Promise    `json:"promise,omitempty"`
	// Mailboxes became personal by it: those of whoever is one of us now.
	Mailboxes []Connection `json:"mailboxes,omitempty"`
	Left      int          `json:"left"` // questions that still wait
}

// AssignIn gives a customer an owner; an empty Staff takes it away.
type AssignIn struct {
	Ref   string `json:"ref"`
	Staff string `json:"staff"`
}
