package cmd

import (
	"time"

	"github.com/keptcrm/kept/state/service"
)

// This file is the one place that decides what machines read of an answer; docs/guides/json.md
// says it to people. Answers that are lists are arrays, one row or line for each item; all others
// are one object.

// machine gives what --output json prints for the service's answer, and whether it is a list.
func machine(data any) (v any, list bool) {
	switch d := data.(type) {
	case service.FindOut:
		return d.Hits, true
	case service.HistoryOut:
		return d.Entries, true
	case service.PromiseConflictsOut:
		return d.Conflicts, true
	case service.PromiseListOut:
		return d.Promises, true
	case service.UnansweredOut:
		return d.Waiting, true
	case service.RuleListOut:
		return d.Rules, true
	case service.SegmentListOut:
		return d.Segments, true
	case service.SegmentShowOut:
		return d.Customers, true
	case service.SegmentDiffOut:
		return d.Changes, true
	case service.HandoverListOut:
		return d.Handovers, true
	case service.FollowupListOut:
		return d.Followups, true
	case service.QuestionListOut:
		return d.Questions, true
	case service.CustomerListOut:
		return d.Customers, true
	case service.StaffListOut:
		return d.Staff, true
	case service.OptoutListOut:
		return d.Lines, true
	case service.RunListOut:
		return d.Runs, true
	case service.HoldOut:
		return d.Holds, true
	case service.TouchListOut:
		return d.Touches, true
	case service.AuditOut:
		return d.Entries, true
	case findings:
		return d, true
	case service.ForgottenListOut:
		return d.Forgotten, true
	case service.ForgottenLiftOut:
		return d.Forgotten, true
	case service.WaitingOut:
		return d.Waiting, true
	case []listedConnection:
		return d, true
	case service.PlanListOut:
		return d.Plans, true
	case service.ConnectionCheckOut:
		return d.Connections, true
	case service.CustomerIgnoreOut:
		return d.Rules, true
	case []connectorType:
		return d, true
	case service.OutboxListOut:
		return d.Messages, true
	case []setting:
		return d, true
	case []matchRow:
		return d, true
	case []promiseFound:
		return d, true

	case []listedJob:
		return d, true
	case service.JobHistoryOut:
		return d.Runs, true

	case service.JobRunOut:
		return d.Run, false
	case service.PromiseOut:
		return d.Promise, false
	case service.HandoverOut:
		return d.Handover, false
	case service.FollowupOut:
		return d.Followup, false
	case service.CustomerOut:
		return d.Customer, false
	case service.StaffOut:
		return d.Staff, false
	case service.MailboxOut:
		return d.Connection, false
	case service.OutboxOut:
		return d.Message, false
	case service.PlanShowOut:
		return d.Plan, false

	case service.CustomerShowOut:
		c := d.Customer
		return shownCustomer{c.ID, c.Number, c.Name, c.Kind, c.Stage, c.Identifiers, c.Owner, c.Tags, c.Grade, c.Fields, c.Records,
			d.Created, d.Believed, d.Relations, d.Consents, d.Numbers}, false
	}
	return data, false
}

// shownCustomer is a customer as every list has it, with what only "customer show" tells.
type shownCustomer struct {
	ID          string               `json:"id"`
	Number      string               `json:"number"`
	Name        string               `json:"name"`
	Kind        string               `json:"kind"`
	Stage       string               `json:"stage"`
	Identifiers []service.Identifier `json:"identifiers"`
	Owner       string               `json:"owner"`
	Tags        []string             `json:"tags"`
	Grade       string               `json:"grade"`
	Fields      map[string][]string  `json:"fields"`
	Records     []service.RecordRef  `json:"records"`

	Created   time.Time             `json:"created"`
	Believed  []service.Believed    `json:"believed"`
	Relations []service.Affiliation `json:"relations"`
	Consents  []service.ConsentLine `json:"consents"`
	Numbers   []string              `json:"numbers"`
}
