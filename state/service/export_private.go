package service

import (
	"slices"

	"github.com/keptcrm/kept/state"
)

// withhold leaves of mail and notes in an export what their reader may see of them elsewhere: of
// those that are private to a colleague no more than the header. It counts what it closes.
func (l *lookup) withhold(out *CustomerExportOut) error {
	for i := range out.History {
		a := &out.History[i]
		seen, err := l.visible(a)
		if err != nil {
			return err
		}
		if seen.open {
			continue
		}
		out.Withheld++
		a.Body, a.Files = "", nil
		if a.Kind != state.ActivityMessage {
			a.Title = "" // of a note the first line is the note
		}
	}
	for i := range out.Records {
		r := &out.Records[i].Record
		if r.Kind != state.KindMessage {
			continue
		}
		a := state.Activity{ID: state.ActivityID(r.Key, 0), Kind: state.ActivityMessage, Connection: r.Connection, Record: r.Key}
		for _, v := range r.Versions {
			if v.Message != nil {
				a.Thread = v.Message.Thread
			}
		}
		seen, err := l.visible(&a)
		if err != nil {
			return err
		}
		if seen.open {
			continue
		}
		out.Withheld++
		r.Versions = slices.Clone(r.Versions)
		for j := range r.Versions {
			v := &r.Versions[j]
			v.Fields, v.Hash = nil, nil
			if v.Message == nil {
				continue
			}
			m := *v.Message
			m.Text, m.Quoted, m.Signature, m.Attachments, m.Bcc = "", "", "", nil, nil
			v.Message = &m
		}
		if r.Mail != nil {
			mail := *r.Mail
			mail.People = slices.DeleteFunc(slices.Clone(mail.People), func(p state.Mention) bool { return p.Bcc })
			r.Mail = &mail
		}
	}
	return l.withholdRows(out)
}

// withholdRows does the same with what could not be read of a personal mailbox.
func (l *lookup) withholdRows(out *CustomerExportOut) error {
	for i := range out.Questions {
		q := &out.Questions[i].Question
		if q.Kind != state.QuestionRow || q.Raw == "" {
			continue
		}
		seen, err := l.visible(&state.Activity{Kind: state.ActivityMessage, Connection: q.From})
		if err != nil {
			return err
		}
		if !seen.open {
			q.Raw, q.Header, q.Answer = "", "", ""
			out.Withheld++
		}
	}
	return nil
}
