package imap

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
)

// keyOf gives what a message is known by, from the few fields that a census asks for too: its
// Message-ID with what tells two messages of one Message-ID apart, or a hash where it has none.
func keyOf(m *fetched) (id string, keyed connectors.Keyed) {
	h, _ := mail.ReadHeader(m.key)
	head := h.Message()
	if head.Date.IsZero() {
		head.Date = m.at
	}
	if head.ID != "" {
		return fmt.Sprintf("%s/%08x", head.ID, uint32(head.Print()>>32)), connectors.KeyedID
	}
	sum := sha256.New()
	for _, name := range []string{"from", "to", "cc", "date", "subject"} {
		_, _ = fmt.Fprintf(sum, "%s:%s\n", name, strings.Join(strings.Fields(h.Get(name)), " "))
	}
	_, _ = fmt.Fprintf(sum, "%d %d", m.at.Unix(), m.size)
	return "h:" + hex.EncodeToString(sum.Sum(nil)[:16]), connectors.KeyedContent
}

// leftOut says whether a message is not told where it lies: a draft, or one that waits to be removed.
// At Gmail the labels say it.
func (c *connection) leftOut(m *fetched) bool {
	if m.flagged(`\Deleted`) || m.flagged(`\Draft`) {
		return true
	}
	labels := labelsOf(m)
	if p := mail.PlaceOfLabels(labels); p != "" && c.skip[p] {
		return true
	}
	return slices.ContainsFunc(labels, func(l string) bool {
		return slices.ContainsFunc(c.skipped, (&folder{name: l}).within)
	})
}

// labelsOf gives Gmail's labels as people know them: "\\Sent" is "Sent".
func labelsOf(m *fetched) []string {
	var out []string
	for _, l := range m.labels {
		out = append(out, decodeName(strings.TrimPrefix(strings.TrimPrefix(l, `\`), `\`)))
	}
	return out
}

// where says where a message stands: "INBOX:1204", its UID behind the folder's name.
func where(f *folder, uid uint32) string { return fmt.Sprintf("%s:%d", f.name, uid) }

// told is what became of one message.
type told struct {
	change  *connectors.Change // nil: set aside
	notes   []connectors.Rejected
	key     string
	sent    bool
	writers []string // who wrote it, where it was sent
}

// record makes a message's record.
func (c *connection) record(f *folder, m *fetched) told {
	msg, err := c.message(m)
	if err != nil {
		return told{notes: []connectors.Rejected{setAside(f, m.uid, "it has no headers that a message has", m.header)}}
	}
	if msg.Date.IsZero() {
		msg.Date = m.at
	}
	id, keyed := keyOf(m)
	rec := connectors.Record{Kind: connectors.MessageKind, ID: id, Keyed: keyed, Created: msg.Date}
	labels := labelsOf(m)
	msg.Labels = append(msg.Labels, labels...)
	rec.Message = msg.Data(f.name)
	rec.Message.Sent = f.place == mail.Sent || mail.PlaceOfLabels(labels) == mail.Sent
	if rec.Message.Thread = msg.Root(); rec.Message.Thread == "" {
		rec.Message.Thread = rec.ID
	}
	at := where(f, m.uid)
	t := told{change: &connectors.Change{Record: rec, Where: at}, key: id, sent: rec.Message.Sent, notes: msg.Troubles(at)}
	for _, a := range msg.From {
		t.writers = append(t.writers, strings.ToLower(a.Address))
	}
	return t
}

// message reads what was fetched.
func (c *connection) message(m *fetched) (*mail.Message, error) {
	if m.root != nil {
		for _, p := range m.root.Damaged() {
			p.Header = m.texts[p.Section+".MIME"]
		}
		msg, err := mail.Assemble(m.header, m.root, m.texts)
		if err == nil || m.whole == nil {
			if err == nil && slices.ContainsFunc(mail.Texts(m.header, m.root), func(p *mail.Part) bool { return p.Size > maxText && len(m.texts[p.Section]) >= maxText }) {
				msg.Problems = append(msg.Problems, mail.Problem{Field: "Body", Reason: fmt.Sprintf("only the first %d MB of a text in it were read", maxText>>20)})
			}
			return msg, err
		}
	}
	raw := m.whole
	if raw == nil {
		raw = m.header
	}
	msg, err := mail.Parse(raw)
	if err == nil && m.size > maxWhole && len(raw) >= maxWhole {
		msg.Problems = append(msg.Problems, mail.Problem{Field: "Body", Reason: fmt.Sprintf("only its first %d MB were read", maxWhole>>20)})
	}
	return msg, err
}

// maxRaw bounds what is kept of a message that was set aside.
const maxRaw = 64 << 10

func setAside(f *folder, uid uint32, reason string, header []byte) connectors.Rejected {
	raw := mail.Text(header[:min(len(header), maxRaw)], "")
	raw = strings.ToValidUTF8(raw[:min(len(raw), maxRaw)], "")
	if strings.TrimSpace(raw) == "" {
		raw = fmt.Sprintf("(message %d of %s)", uid, f.name)
	}
	return connectors.Rejected{Where: where(f, uid), Reason: reason, Raw: raw}
}
