// Package service has every question and every command of Kept, once, as a function of its input.
// It returns codes and plain values, never sentences, and knows connections only through the
// interface [Connections] that it declares.
package service

import (
	"context"
	"io"
)

// API is the one table of what can be asked and done: a function for each. [Service.API] fills
// it in process; package api serves it over a socket and fills it for a client. The tag says how:
//
//	read    no change; may be repeated
//	write   one transaction, done once for one request ID
//	long    runs in the process that holds the state for itself: an import, a repair
//	stream  writes bytes
//
// Inputs name customers, promises, staff and questions the way people do: a number (c812), an
// identifier, or enough of a name; see [Service.Find].
type API struct {
	Find         func(context.Context, FindIn) (FindOut, error)                 `api:"read"`
	Brief        func(context.Context, BriefIn) (BriefOut, error)               `api:"read"`
	History      func(context.Context, HistoryIn) (HistoryOut, error)           `api:"read"`
	Who          func(context.Context, WhoIn) (WhoOut, error)                   `api:"read"`
	PromiseList  func(context.Context, PromiseListIn) (PromiseListOut, error)   `api:"read"`
	QuestionList func(context.Context, QuestionListIn) (QuestionListOut, error) `api:"read"`
	CustomerList func(context.Context, CustomerListIn) (CustomerListOut, error) `api:"read"`
	CustomerShow func(context.Context, CustomerShowIn) (CustomerShowOut, error) `api:"read"`
	Why          func(context.Context, WhyIn) (WhyOut, error)                   `api:"read"`
	StaffList    func(context.Context, StaffListIn) (StaffListOut, error)       `api:"read"`
	OptoutList   func(context.Context, OptoutListIn) (OptoutListOut, error)     `api:"read"`
	OptoutWhy    func(context.Context, OptoutWhyIn) (OptoutWhyOut, error)       `api:"read"`
	RunList      func(context.Context, RunListIn) (RunListOut, error)           `api:"read"`
	MayContact   func(context.Context, MayContactIn) (MayContactOut, error)     `api:"read"`

	FollowupList   func(context.Context, FollowupListIn) (FollowupListOut, error) `api:"read"`
	FollowupAdd    func(context.Context, FollowupAddIn) (FollowupOut, error)      `api:"write"`
	FollowupClose  func(context.Context, FollowupCloseIn) (FollowupOut, error)    `api:"write"`
	FollowupSnooze func(context.Context, FollowupSnoozeIn) (FollowupOut, error)   `api:"write"`
	FollowupAssign func(context.Context, FollowupAssignIn) (FollowupOut, error)   `api:"write"`
	RuleList       func(context.Context, RuleListIn) (RuleListOut, error)         `api:"read"`
	UnansweredList func(context.Context, UnansweredIn) (UnansweredOut, error)     `api:"read"`
	SegmentList    func(context.Context, SegmentListIn) (SegmentListOut, error)   `api:"read"`
	SegmentShow    func(context.Context, SegmentShowIn) (SegmentShowOut, error)   `api:"read"`
	SegmentDiff    func(context.Context, SegmentDiffIn) (SegmentDiffOut, error)   `api:"write"`
	// FollowupRun is one pass of the rules; what one made already is not made again.
	Handover     func(context.Context, HandoverIn) (HandoverOut, error)         `api:"write"`
	HandoverUndo func(context.Context, HandoverUndoIn) (HandoverOut, error)     `api:"write"`
	HandoverList func(context.Context, HandoverListIn) (HandoverListOut, error) `api:"read"`

	FollowupRun func(context.Context, FollowupRunIn) (FollowupRunOut, error) `api:"long"`

	MayContactList  func(context.Context, MayContactListIn) (MayContactListOut, error) `api:"read"`
	ContactOverride func(context.Context, ContactOverrideIn) (MayContactOut, error)    `api:"write"`
	Hold            func(context.Context, HoldIn) (HoldOut, error)                     `api:"write"`
	HoldLift        func(context.Context, HoldLiftIn) (HoldOut, error)                 `api:"write"`
	HoldList        func(context.Context, HoldListIn) (HoldOut, error)                 `api:"read"`
	TouchRecord     func(context.Context, TouchRecordIn) (TouchRecordOut, error)       `api:"write"`
	TouchUndo       func(context.Context, TouchUndoIn) (TouchUndoOut, error)           `api:"write"`
	TouchList       func(context.Context, TouchListIn) (TouchListOut, error)           `api:"read"`

	CustomerWaiting func(context.Context, WaitingIn) (WaitingOut, error)               `api:"read"`
	ConnectionList  func(context.Context, ConnectionListIn) (ConnectionListOut, error) `api:"read"`

	Note          func(context.Context, NoteIn) (NoteOut, error)             `api:"write"`
	PromiseAdd    func(context.Context, PromiseAddIn) (PromiseOut, error)    `api:"write"`
	PromiseClose  func(context.Context, PromiseCloseIn) (PromiseOut, error)  `api:"write"`
	PromiseMove   func(context.Context, PromiseMoveIn) (PromiseOut, error)   `api:"write"`
	PromiseAssign func(context.Context, PromiseAssignIn) (PromiseOut, error) `api:"write"`
	Answer        func(context.Context, AnswerIn) (AnswerOut, error)         `api:"write"`
	Assign        func(context.Context, AssignIn) (CustomerOut, error)       `api:"write"`
	CustomerEdit  func(context.Context, CustomerEditIn) (CustomerOut, error) `api:"write"`
	CustomerTag   func(context.Context, CustomerTagIn) (CustomerOut, error)  `api:"write"`
	Relate        func(context.Context, RelateIn) (RelateOut, error)         `api:"write"`
	Merge         func(context.Context, MergeIn) (MergeOut, error)           `api:"write"`
	Unmerge       func(context.Context, UnmergeIn) (UnmergeOut, error)       `api:"write"`
	KeepApart     func(context.Context, KeepApartIn) (KeepApartOut, error)   `api:"write"`
	StaffAdd      func(context.Context, StaffAddIn) (StaffOut, error)        `api:"write"`
	StaffAway     func(context.Context, StaffAwayIn) (StaffOut, error)       `api:"write"`
	StaffMap      func(context.Context, StaffMapIn) (StaffMapOut, error)     `api:"write"`
	StaffLeave    func(context.Context, StaffLeaveIn) (StaffOut, error)      `api:"write"`
	OptoutAdd     func(context.Context, OptoutAddIn) (OptoutOut, error)      `api:"write"`
	OptoutRemove  func(context.Context, OptoutRemoveIn) (OptoutOut, error)   `api:"write"`

	ConnectionState  func(context.Context, ConnectionStateIn) (ConnectionStateOut, error)   `api:"read"`
	ConnectionRemove func(context.Context, ConnectionRemoveIn) (ConnectionRemoveOut, error) `api:"write"`

	CustomerAdd    func(context.Context, CustomerAddIn) (CustomerAddOut, error)       `api:"write"`
	CustomerIgnore func(context.Context, CustomerIgnoreIn) (CustomerIgnoreOut, error) `api:"write"`
	Mark           func(context.Context, MarkIn) (MarkOut, error)                     `api:"write"`
	Mailbox        func(context.Context, MailboxIn) (MailboxOut, error)               `api:"write"`

	OutboxList         func(context.Context, OutboxListIn) (OutboxListOut, error)   `api:"read"`
	OutboxShow         func(context.Context, OutboxShowIn) (OutboxOut, error)       `api:"read"`
	OutboxRetry        func(context.Context, OutboxRetryIn) (OutboxOut, error)      `api:"write"`
	OutboxDrop         func(context.Context, OutboxDropIn) (OutboxOut, error)       `api:"write"`
	OutboxSend         func(context.Context, OutboxSendIn) (OutboxSendOut, error)   `api:"long"`
	Digest             func(context.Context, DigestIn) (DigestOut, error)           `api:"read"`
	DigestRun          func(context.Context, DigestRunIn) (DigestRunOut, error)     `api:"long"`
	Settings           func(context.Context, SettingsIn) (SettingsOut, error)       `api:"write"`
	UnsubscribeByToken func(context.Context, UnsubscribeIn) (UnsubscribeOut, error) `api:"write"`

	ImportUndo func(context.Context, ImportUndoIn) (ImportUndoOut, error) `api:"write"`

	Audit          func(context.Context, AuditIn) (AuditOut, error)                   `api:"read"`
	Doctor         func(context.Context, DoctorIn) (DoctorOut, error)                 `api:"read"`
	CustomerExport func(context.Context, CustomerExportIn) (CustomerExportOut, error) `api:"read"`
	ForgottenList  func(context.Context, ForgottenListIn) (ForgottenListOut, error)   `api:"read"`
	ForgottenLift  func(context.Context, ForgottenLiftIn) (ForgottenLiftOut, error)   `api:"write"`
	BackupNote     func(context.Context, BackupNoteIn) (BackupNoteOut, error)         `api:"write"`

	CustomerForget func(context.Context, CustomerForgetIn) (CustomerForgetOut, error) `api:"long"`

	PlanList func(context.Context, PlanListIn) (PlanListOut, error) `api:"read"`
	PlanShow func(context.Context, PlanShowIn) (PlanShowOut, error) `api:"read"`

	Sync            func(context.Context, SyncIn) (SyncOut, error)                       `api:"long"`
	ConnectionCheck func(context.Context, ConnectionCheckIn) (ConnectionCheckOut, error) `api:"long"`

	PromiseShow      func(context.Context, PromiseShowIn) (PromiseOut, error)               `api:"read"`
	PromiseHealth    func(context.Context, PromiseHealthIn) (PromiseHealthOut, error)       `api:"read"`
	PromiseConflicts func(context.Context, PromiseConflictsIn) (PromiseConflictsOut, error) `api:"read"`

	PromiseDue   func(context.Context, PromiseDueIn) (PromiseDueOut, error)     `api:"read"`
	PromiseWatch func(context.Context, PromiseWatchIn) (PromiseWatchOut, error) `api:"long"`

	Import func(context.Context, ImportIn) (ImportOut, error) `api:"long"`
	Check  func(context.Context, CheckIn) (CheckOut, error)   `api:"long"`

	JobList    func(context.Context, JobListIn) (JobListOut, error)       `api:"read"`
	JobHistory func(context.Context, JobHistoryIn) (JobHistoryOut, error) `api:"read"`
	JobPause   func(context.Context, JobPauseIn) (JobPauseOut, error)     `api:"write"`
	JobResume  func(context.Context, JobPauseIn) (JobPauseOut, error)     `api:"write"`
	// What jobs there are is configuration, so that JobRun and Reload are filled by the process that has
	// it; the service has none.
	JobRun func(context.Context, JobRunIn) (JobRunOut, error) `api:"long"`
	Reload func(context.Context, ReloadIn) (ReloadOut, error) `api:"read"`

	CheckLinks    func(context.Context, CheckLinksIn) (CheckLinksOut, error)       `api:"long"`
	CustomerLearn func(context.Context, CustomerLearnIn) (CustomerLearnOut, error) `api:"long"`

	Backup func(context.Context, BackupIn, io.Writer) error `api:"stream"`
}
