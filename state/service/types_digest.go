package service

import (
	"time"
)

// StaffSettings is how one of us is told things: what they chose, and the defaults for the rest.
type StaffSettings struct {
	Staff     string   `json:"staff"` // their number
	Name      string   `json:"name"`
	Way       string   `json:"way"` // how they get messages: stdout, email, slack, webhook
	Digest    bool     `json:"digest"`
	At        string   `json:"at"`   // of the digest, in Zone: "08:30"
	Days      []string `json:"days"` // of the digest: mon, tue, ...; none: working days
	Reminders bool     `json:"reminders"`
	Lead      string   `json:"lead"`      // of a reminder before a due time with an hour: "2h"
	Questions string   `json:"questions"` // digest, now, off
	Quiet     string   `json:"quiet"`     // "20:00-07:00"; "none"
	Language  string   `json:"language"`
	Zone      string   `json:"zone"`
}

// SettingsIn asks for the settings of one of us, and changes those that it gives.
type SettingsIn struct {
	Staff  string            `json:"staff,omitempty"`  // "": the caller's own
	Change map[string]string `json:"change,omitempty"` // what to what: digest, at, days, reminders, lead, questions, quiet, language, zone
}

// SettingsOut has them.
type SettingsOut struct {
	Settings StaffSettings `json:"settings"`
	Changed  []string      `json:"changed"` // what was given and is otherwise than before
	Now      time.Time     `json:"now"`
}

// DigestIn asks what the morning digest of one of us would say now.
type DigestIn struct {
	Staff string `json:"staff,omitempty"` // "": the caller's own
	Quiet bool   `json:"quiet,omitempty"` // everybody who is quiet, not only who has gone so since the digest before
}

// DigestOut is what somebody's day begins with. Its lists are cut at some; Total has the whole numbers.
type DigestOut struct {
	Staff     string           `json:"staff"`
	Name      string           `json:"name"`
	Day       string           `json:"day"`    // in Zone: "2026-11-23"
	Since     time.Time        `json:"since"`  // of what is new: the digest before this
	Late      []Promise        `json:"late"`   // ours, theirs to keep
	Today     []Promise        `json:"today"`  // due today
	Next      []Promise        `json:"next"`   // due until the end of the next working day
	Theirs    []Promise        `json:"theirs"` // what their customers promised, late or due today
	Followups []Followup       `json:"followups"`
	Questions []Question       `json:"questions"`
	Wrote     []Unanswered     `json:"wrote"` // their customers who wrote since, and have no answer
	Quiet     []DigestQuiet    `json:"quiet"` // their customers who have gone quiet since
	New       []Promise        `json:"new"`   // promises of theirs that others logged since, due later
	For       []DigestStandsIn `json:"for"`   // absent colleagues for whom they stand in
	Total     map[string]int   `json:"total"` // by the name of the list
	Language  string           `json:"language"`
	Zone      string           `json:"zone"`
	Now       time.Time        `json:"now"`
}

// DigestQuiet is a customer who has been silent for longer than is usual for them.
type DigestQuiet struct {
	Customer CustomerRef `json:"customer"`
	Days     int         `json:"days"`  // since they were last heard of
	Usual    int         `json:"usual"` // days between their orders
}

// DigestStandsIn is what of an absent colleague's must not wait.
type DigestStandsIn struct {
	Name string    `json:"name"`
	Late []Promise `json:"late"` // late, or due today
}

// Empty says whether there is nothing to tell.
func (d *DigestOut) Empty() bool {
	return len(d.Late)+len(d.Today)+len(d.Next)+len(d.Theirs)+len(d.Followups)+len(d.Questions)+len(d.Wrote)+len(d.Quiet)+len(d.New)+len(d.For) == 0
}

// DigestRunIn asks for one pass over what our people are told by themselves.
type DigestRunIn struct{}

// DigestRunOut counts what a pass put into the outbox.
type DigestRunOut struct {
	Digests   int `json:"digests"`
	Empty     int `json:"empty"` // digests that had nothing to say, and were left out
	Reminders int `json:"reminders"`
	Late      int `json:"late"` // promises of which somebody was told that they are late now
	Questions int `json:"questions"`
}

// Notice is what one of us is told, for [Config.Notice] to put into words.
type Notice struct {
	Card     string // as in [state.Outgoing]; "again" for what stands before a message that may have arrived
	Language string
	Zone     string
	Now      time.Time
	Digest   *DigestOut
	Promise  *Promise
	Question *Question
	Followup *Followup // of a rule; without a number where the rule only tells
	Over     bool      // nobody did the follow-up, and whoever is told is over them
	StandsIn string    // for whom they stand in, where they do
}

// card names in an outbox what is made anew when it leaves.
func cardOf(what, ref string) string { return what + " " + ref }
