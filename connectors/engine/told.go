package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// maxID is how long a record's ID can be in the state, in bytes; the key of a record has room for
// two of them.
const maxID = 1024

// maxLooked is how long a value can be by which people or records are looked for, in bytes. It is
// far more than an e-mail address or a company's name has, and leaves room for what folding makes
// of it (one character of an Arabic ligature becomes eighteen).
const maxLooked = 320

// looked are the fields whose values become keys.
var looked = map[string]bool{
	connectors.FieldName: true, connectors.FieldGiven: true, connectors.FieldMiddle: true, connectors.FieldFamily: true,
	connectors.FieldNickname: true, connectors.FieldPhonetic: true, connectors.FieldPrefix: true, connectors.FieldSuffix: true,
	connectors.FieldEmail: true, connectors.FieldPhone: true, connectors.FieldHandle: true, connectors.FieldExternalID: true,
	connectors.FieldCompany: true, connectors.FieldTag: true, connectors.FieldOwner: true,
}

// toldOf gives a connection's change as the service takes it, and the fields of which a value was
// too long to be looked for: it stands under a custom field of the same name instead. Nothing of
// the result belongs to c.
func toldOf(connection string, c *connectors.Change) (t service.Told, moved []string) {
	r := &c.Record
	t = service.Told{Connection: connection, Kind: string(r.Kind), ID: boundedID(r.ID, maxID), Keyed: string(r.Keyed)}
	t.Version.Where = text(c.Where)
	if c.Gone {
		t.Version.Gone = true
		return t, nil
	}
	fields, moved := fieldsOf(r.Fields)
	t.Version = state.Version{
		Where:    text(c.Where),
		Version:  text(string(r.Version)),
		Created:  instant(r.Created),
		Modified: instant(r.Modified),
		Implied:  r.Implied,
		Fields:   fields,
		Covers:   coversOf(r.Covers, moved),
		Consents: saidOf(r.Consents),
		Order:    orderOf(r.Order),
		Message:  messageOf(r.Message),
	}
	return t, moved
}

func fieldsOf(fields []connectors.Field) (out []state.Field, moved []string) {
	add := func(name string, v state.Value) {
		i := slices.IndexFunc(out, func(f state.Field) bool { return f.Name == name })
		if i < 0 {
			i, out = len(out), append(out, state.Field{Name: name})
		}
		out[i].Values = append(out[i].Values, v)
	}
	for _, f := range fields {
		name := text(f.Name)
		for _, v := range f.Values {
			value := state.Value{Text: text(v.Text), Label: text(v.Label)}
			for k, p := range v.Parts {
				if value.Parts == nil {
					value.Parts = map[string]string{}
				}
				value.Parts[text(k)] = text(p)
			}
			if looked[name] && len(value.Text)+len(value.Label) > maxLooked {
				moved = append(moved, name)
				add(connectors.CustomPrefix+name, value)
				continue
			}
			add(name, value)
		}
	}
	// The order of fields carries no meaning; one order for all makes equal content equal.
	slices.SortStableFunc(out, func(a, b state.Field) int { return strings.Compare(a.Name, b.Name) })
	return out, moved
}

// coversOf gives the fields that a telling speaks of; nil: all. Where a value moved, it speaks of
// the field that has it now, too.
func coversOf(covers, moved []string) []string {
	if len(covers) == 0 {
		return nil
	}
	out := make([]string, 0, len(covers)+len(moved))
	for _, name := range covers {
		out = append(out, text(name))
	}
	for _, name := range moved {
		out = append(out, connectors.CustomPrefix+name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func saidOf(consents []connectors.Consent) []state.Said {
	var out []state.Said
	for _, c := range consents {
		out = append(out, state.Said{Channel: text(c.Channel), Purpose: text(c.Purpose), State: string(c.State),
			Address: boundedID(c.Address, maxLooked), At: instant(c.At), Field: text(c.Field), Words: text(c.Words)})
	}
	return out
}

func orderOf(o *connectors.OrderData) *state.Order {
	if o == nil {
		return nil
	}
	out := &state.Order{
		Number:   boundedID(o.Number, maxLooked),
		Party:    boundedID(o.Party, maxID),
		At:       instant(o.At),
		State:    string(o.State),
		Counts:   o.Counts,
		Test:     o.Test,
		Total:    o.Total,
		Refunded: o.Refunded,
		Currency: strings.ToUpper(text(o.Currency)),
		Paid:     instant(o.Paid),
		Shipped:  instant(o.Shipped),
		Note:     text(o.Note),
		Status:   text(o.Status),
	}
	for _, r := range o.Refunds {
		out.Refunds = append(out.Refunds, state.Refund{At: instant(r.At), Amount: r.Amount, Reason: text(r.Reason)})
	}
	for _, l := range o.Lines {
		out.Lines = append(out.Lines, state.OrderLine{SKU: text(l.SKU), Name: text(l.Name), Quantity: l.Quantity, Price: l.Price})
	}
	return out
}

func messageOf(m *connectors.MessageData) *state.Message {
	if m == nil {
		return nil
	}
	out := &state.Message{
		MessageID: boundedID(m.MessageID, maxID),
		InReplyTo: boundedID(m.InReplyTo, maxID),
		Thread:    boundedID(m.Thread, maxID),
		At:        instant(m.At),
		From:      mailboxesOf(m.From),
		ReplyTo:   mailboxesOf(m.ReplyTo),
		To:        mailboxesOf(m.To),
		Cc:        mailboxesOf(m.Cc),
		Bcc:       mailboxesOf(m.Bcc),
		Subject:   text(m.Subject),
		Text:      text(m.Text),
		Quoted:    text(m.Quoted),
		Signature: text(m.Signature),
		Automatic: text(string(m.Automatic)),
		List:      text(m.List),
		Folder:    text(m.Folder),
		Sent:      m.Sent,
	}
	for _, id := range m.References {
		out.References = append(out.References, boundedID(id, maxID))
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, state.Attachment{Name: text(a.Name), Type: text(a.Type), Size: a.Size})
	}
	return out
}

func mailboxesOf(all []connectors.Mailbox) []state.Mailbox {
	var out []state.Mailbox
	for _, m := range all {
		out = append(out, state.Mailbox{Name: text(m.Name), Address: boundedID(m.Address, maxLooked)})
	}
	return out
}

// text makes sure of UTF-8: a byte that is none would be another after the way through JSON.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// instant gives a time as the state can keep it, in UTC. What lies outside of nanoseconds in 64
// bits (0001-01-01, 9999-12-31) is a placeholder of somebody's system and becomes "not told".
func instant(t time.Time) time.Time {
	if y := t.Year(); y < 1678 || y > 2261 {
		return time.Time{}
	}
	return t.UTC()
}

// boundedID gives an ID that fits into a key: one that is too long keeps its beginning, and its
// hash tells it from others.
func boundedID(id string, limit int) string {
	id = text(id)
	if len(id) <= limit {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	start := id[:limit/4]
	for !utf8.ValidString(start) {
		start = start[:len(start)-1]
	}
	return start + "~" + hex.EncodeToString(sum[:16])
}
