package mail

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// Data is what a message says, as records hold it, lying in a folder. Gmail's labels say more of
// where it lies than the folder does. Thread, Sent and Draft are the caller's to set: they depend on
// the mailbox around it.
func (m *Message) Data(folder string) *connectors.MessageData {
	d := &connectors.MessageData{MessageID: m.ID, InReplyTo: m.InReplyTo, References: m.References, At: m.Date,
		From: mailboxes(m.From), ReplyTo: mailboxes(m.ReplyTo), To: mailboxes(m.To), Cc: mailboxes(m.Cc), Bcc: mailboxes(m.Bcc),
		Subject: m.Subject, Text: m.Text, Quoted: m.Quoted, Signature: m.Signature,
		Automatic: connectors.Automatic(m.Automatic), List: m.List, Folder: FolderOfLabels(m.Labels, folder)}
	for _, a := range m.Attachments {
		d.Attachments = append(d.Attachments, connectors.Attachment{Name: a.Name, Type: a.Type, Size: a.Size})
	}
	return d
}

func mailboxes(all []Address) []connectors.Mailbox {
	var out []connectors.Mailbox
	for _, a := range all {
		out = append(out, connectors.Mailbox{Name: a.Name, Address: a.Address})
	}
	return out
}

// Print tells two messages of one Message-ID apart. A copy has the same date, people and subject; a
// list may have put its name before the subject.
func (m *Message) Print() uint64 {
	h := sha256.New()
	subject, _ := NormalSubject(m.Subject)
	_, _ = fmt.Fprintf(h, "%d\x00%s", m.Date.Unix(), subject)
	for _, a := range m.To {
		_, _ = fmt.Fprintf(h, "\x00%s", strings.ToLower(a.Address))
	}
	sum := h.Sum(nil)
	var n uint64
	for _, b := range sum[:8] {
		n = n<<8 | uint64(b)
	}
	return n
}

// Partly tells of a field that could not be read of a message that was read otherwise. It names the
// message; where says where it stands.
func (m *Message) Partly(where, field, reason string) connectors.Rejected {
	name := "without a subject"
	if m.Subject != "" {
		name = `"` + Short(strings.ReplaceAll(m.Subject, `"`, "'")) + `"`
	}
	if len(m.From) > 0 {
		name += " from " + Short(m.From[0].Address)
	}
	if !m.Date.IsZero() {
		name += " of " + m.Date.Format("2006-01-02")
	}
	return connectors.Rejected{Where: where, Field: field, Reason: "message " + name + ": " + reason, Kept: true}
}

// Troubles tells of all that could not be read of a message that was read otherwise.
func (m *Message) Troubles(where string) []connectors.Rejected {
	var out []connectors.Rejected
	for _, p := range m.Problems {
		out = append(out, m.Partly(where, p.Field, p.Reason))
	}
	if m.Date.IsZero() && len(m.Problems) == 0 {
		out = append(out, m.Partly(where, "Date", "it says nowhere when it was written"))
	}
	return out
}

// Short bounds what is shown of a text.
func Short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}
