package state

import "time"

// Staff is one of our people. Staff are never customers.
type Staff struct {
	Number   uint64    `k:"1" json:"-"`
	Name     string    `k:"2" json:"name"`
	Login    string    `k:"3" json:"login,omitempty"` // operating-system login at the terminal
	Emails   []string  `k:"4" json:"emails,omitempty"`
	Phones   []string  `k:"5" json:"phones,omitempty"`
	Role     string    `k:"6" json:"role,omitempty"` // rep, manager, service, ops
	Manager  uint64    `k:"7" json:"-"`
	Deputy   uint64    `k:"8" json:"-"`
	Zone     string    `k:"9" json:"zone,omitempty"`      // IANA name
	Language string    `k:"10" json:"language,omitempty"` // en, zh
	Away     []Absence `k:"11" json:"away,omitempty"`
	Left     time.Time `k:"12" json:"left,omitzero"`
	Added    time.Time `k:"13" json:"added"`
	Tokens   []string  `k:"14" json:"-"` // folded words to be found by
	// Chats are their accounts in chats, "slack:T1:U7"; "slack::U7" in whatever workspace Kept is asked.
	Chats []string `k:"15" json:"chats,omitempty"`
	// Unchats are accounts that a person took from them, so that they are not theirs again by themselves.
	Unchats []string `k:"16" json:"-"`
}

// Absence is a span of days, ISO dates, both included.
type Absence struct {
	From  string `k:"1" json:"from"`
	Until string `k:"2" json:"until"`
	Note  string `k:"3" json:"note,omitempty"`
}

// StaffMembers holds staff by number; indexes "login" and "chat" (by account) are unique, "email"
// is by address, "token" by folded word.
var StaffMembers = declare(Declaration[Staff]{
	Name: "staff", Letter: "s",
	Erase: Erase{Rule: EraseNone, Why: "our own people are no customers"},
	Key:   func(s *Staff) []byte { return NumberKey(s.Number) },
	Indexes: []IndexOn[Staff]{
		{Name: "login", Unique: true, Keys: func(s *Staff) [][]byte { return textIndex(s.Login) }},
		{Name: "chat", Unique: true, Keys: func(s *Staff) [][]byte { return textKeys(s.Chats) }},
		{Name: "email", Keys: func(s *Staff) [][]byte { return textKeys(s.Emails) }},
		{Name: "token", Keys: func(s *Staff) [][]byte { return textKeys(s.Tokens) }},
	},
})
