package service

// API gives the service as the table of its questions and commands.
func (s *Service) API() API {
	a := API{
		Find: s.Find, Brief: s.Brief, History: s.History, Who: s.Who, PromiseList: s.PromiseList, QuestionList: s.QuestionList,
		CustomerList: s.CustomerList, CustomerShow: s.CustomerShow, Why: s.Why, StaffList: s.StaffList,
		OptoutList: s.OptoutList, OptoutWhy: s.OptoutWhy, RunList: s.RunList, MayContact: s.MayContact,
		FollowupList: s.FollowupList, FollowupAdd: s.FollowupAdd, FollowupClose: s.FollowupClose, FollowupSnooze: s.FollowupSnooze,
		RuleList: s.RuleList, UnansweredList: s.UnansweredList, SegmentList: s.SegmentList, SegmentShow: s.SegmentShow, SegmentDiff: s.SegmentDiff,
		Handover: s.Handover, HandoverUndo: s.HandoverUndo, HandoverList: s.HandoverList,
		FollowupAssign: s.FollowupAssign, FollowupRun: s.FollowupRun,
		MayContactList: s.MayContactList, ContactOverride: s.ContactOverride, Hold: s.Hold, HoldLift: s.HoldLift, HoldList: s.HoldList,
		TouchRecord: s.TouchRecord, TouchUndo: s.TouchUndo, TouchList: s.TouchList,
		CustomerWaiting: s.CustomerWaiting, ConnectionList: s.ConnectionList, ConnectionState: s.ConnectionState, ConnectionRemove: s.ConnectionRemove, CustomerAdd: s.CustomerAdd,
		CustomerIgnore: s.CustomerIgnore, Mark: s.Mark, Mailbox: s.Mailbox,
		Note: s.Note, PromiseAdd: s.PromiseAdd, PromiseClose: s.PromiseClose, PromiseMove: s.PromiseMove, PromiseAssign: s.PromiseAssign, Answer: s.Answer,
		Assign: s.Assign, CustomerEdit: s.CustomerEdit, CustomerTag: s.CustomerTag, Relate: s.Relate, Merge: s.Merge,
		Unmerge: s.Unmerge, KeepApart: s.KeepApart, StaffAdd: s.StaffAdd, StaffAway: s.StaffAway, StaffMap: s.StaffMap, StaffLeave: s.StaffLeave,
		OptoutAdd: s.OptoutAdd, OptoutRemove: s.OptoutRemove, ImportUndo: s.ImportUndo,
		ForgottenList: s.ForgottenList, ForgottenLift: s.ForgottenLift, BackupNote: s.BackupNote, CustomerForget: s.CustomerForget,
		Audit: s.Audit, Doctor: s.Doctor, CustomerExport: s.CustomerExport,
		PlanList: s.PlanList, PlanShow: s.PlanShow, Sync: s.Sync, ConnectionCheck: s.ConnectionCheck,
		JobList: s.JobList, JobHistory: s.JobHistory, JobPause: s.JobPause, JobResume: s.JobResume,
		PromiseShow: s.PromiseShow, PromiseHealth: s.PromiseHealth, PromiseConflicts: s.PromiseConflicts, PromiseDue: s.PromiseDue, PromiseWatch: s.PromiseWatch,
		Import: s.Import, Check: s.Check, CheckLinks: s.CheckLinks, CustomerLearn: s.CustomerLearn, Backup: s.Backup,
		OutboxList: s.OutboxList, OutboxShow: s.OutboxShow, OutboxRetry: s.OutboxRetry, OutboxDrop: s.OutboxDrop, OutboxSend: s.OutboxSend,
		UnsubscribeByToken: s.UnsubscribeByToken,
		Digest:             s.Digest,
		DigestRun:          s.DigestRun,
		Settings:           s.Settings,
	}
	shutChat(&a)
	s.auditReads(&a)
	return a
}
