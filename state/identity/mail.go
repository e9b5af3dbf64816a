package identity

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keptcrm/kept/state"
)

const (
	// maxWritten is to how many people a message goes that somebody wrote to each of them. More are
	// a circular.
	maxWritten = 10
	// maxMailText is how much of a message's new text stands in a history, in characters; the whole
	// stands in its record.
	maxMailText = 4000
)

// mailOf gives who is in a message, each address once, the writer first. Nil where the version has
// no message.
func mailOf(v *state.Version) *state.Mail {
	if v == nil || v.Message == nil {
		return nil
	}
	m := v.Message
	out := &state.Mail{At: m.At, Sent: m.Sent, Automatic: m.Automatic != "" || m.List != ""}
	at := map[string]int{}
	add := func(box state.Mailbox, mark func(*state.Mention)) {
		id := AddressIdentifier(box.Address)
		if id.Match == "" {
			return
		}
		i, ok := at[id.Match]
		if !ok {
			i = len(out.People)
			at[id.Match] = i
			out.People = append(out.People, state.Mention{Address: id})
		}
		if p := &out.People[i]; p.Name == "" {
			p.Name = mailName(box.Name, id.Shown)
		}
		mark(&out.People[i])
	}
	for _, from := range writers(m) {
		add(from, func(p *state.Mention) { p.From = true })
	}
	if len(out.People) > 0 {
		out.From = out.People[0].Address.Match
	}
	for _, to := range slices.Concat(m.To, m.Cc) {
		add(to, func(p *state.Mention) { p.To = true })
	}
	written := 0
	for _, p := range out.People {
		if p.To {
			written++
		}
	}
	out.Circular = written > maxWritten
	for _, to := range m.Bcc {
		add(to, func(p *state.Mention) { p.Bcc = !p.To })
	}
	return out
}

// writers are who wrote a message: From, or where that takes no answers (a contact form) those to
// whom answers go.
func writers(m *state.Message) []state.Mailbox {
	var people []state.Mailbox
	for _, from := range m.From {
		if e, err := NormalizeEmail(from.Address); err == nil && !IsNoReply(e.Local) {
			people = append(people, from)
		}
	}
	if len(people) == 0 && len(m.ReplyTo) > 0 {
		return m.ReplyTo
	}
	return m.From
}

// mailName gives the name of a header where it is one: not the address again, and not what no name
// is.
func mailName(name, address string) string {
	name = strings.Join(strings.Fields(strings.Trim(strings.TrimSpace(name), `"'<>`)), " ")
	local, _, _ := strings.Cut(address, "@")
	if strings.ContainsAny(name, "@/\\") || name == local || utf8.RuneCountInString(name) > 80 {
		return ""
	}
	if !strings.ContainsFunc(name, unicode.IsLetter) {
		return ""
	}
	return name
}

// MailEntry is one entry of a history that a message leaves, and whose it is.
type MailEntry struct {
	Address  state.Identifier
	Activity state.Activity
}

// MailEntries gives the entries that a message leaves: one in the history of each address in it. It
// depends on the record alone. The text stands in the history of whoever wrote, or to whom we did;
// in the others (our own addresses, mostly) it is folded.
func MailEntries(r *state.Record) []MailEntry {
	v := r.Current()
	m := mailOf(v)
	if m == nil {
		return nil
	}
	msg := v.Message
	a := state.Activity{ID: state.ActivityID(r.Key, 0), At: m.At, Kind: state.ActivityMessage, Channel: channelOf(m.From), Connection: r.Connection,
		Title: msg.Subject, Record: r.Key, Status: cmp.Or(msg.Automatic, listStatus(msg.List)), From: m.From, Thread: msg.Thread,
		Mail: msg.MessageID, List: FoldList(msg.List), Files: msg.Attachments}
	if m.Sent {
		a.Direction = state.Out
	}
	for _, p := range m.People {
		if p.From && p.Address.Match == m.From {
			a.FromName = cmp.Or(p.Name, p.Address.Shown)
		}
	}
	var out []MailEntry
	for _, p := range m.People {
		e := MailEntry{Address: p.Address, Activity: a}
		if p.From != m.Sent {
			e.Activity.Body = cutMail(msg.Text)
		} else {
			e.Activity.Folded = msg.Text != ""
		}
		out = append(out, e)
	}
	return out
}

func listStatus(list string) string {
	if list == "" {
		return ""
	}
	return "list"
}

// MailText gives a message's new text as a history has it.
func MailText(m *state.Message) string { return cutMail(m.Text) }

func cutMail(s string) string {
	s = strings.TrimSpace(s)
	if len(s) <= maxMailText {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > maxMailText {
			return strings.TrimSpace(s[:i]) + "…"
		}
	}
	return s
}

// FoldList gives the id of a mailing list as it is compared: what stands between < and > of its
// header, else all of it, in lower case.
func FoldList(s string) string {
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		if id, _, ok := strings.Cut(s[i+1:], ">"); ok && id != "" {
			s = id
		}
	}
	s = strings.ToLower(strings.Join(strings.Fields(s), " "))
	if len(s) > 256 {
		s = strings.ToValidUTF8(s[:256], "")
	}
	return s
}

// Rule is a rule about whose mail counts: of one address or account, of a domain with all below it, or of a
// mailing list.
type Rule struct {
	Type  string // state.TypeEmail, TypeExternalID (a DID), TypeDomain, TypeList
	Match string
	Shown string
}

// ParseRule reads a rule as people write it: jana@example.org, @example.org or example.org, a DID, and
// for a mailing list its id with "list:" before it. ok is false for what is none of them.
func ParseRule(s string) (r Rule, ok bool) {
	s = strings.TrimSpace(s)
	if rest, found := strings.CutPrefix(strings.ToLower(s), "list:"); found {
		id := FoldList(rest)
		return Rule{Type: state.TypeList, Match: id, Shown: "list:" + id}, id != ""
	}
	if isDID(s) {
		id := AddressIdentifier(s)
		return Rule{Type: id.Type, Match: id.Match, Shown: id.Shown}, true
	}
	if at := strings.LastIndexByte(s, '@'); at > 0 {
		id := EmailIdentifier(s)
		return Rule{Type: state.TypeEmail, Match: id.Match, Shown: id.Shown}, id.Match != ""
	}
	d, err := asciiDomain(strings.ToLower(strings.TrimPrefix(s, "@")))
	if err != nil || !strings.Contains(d, ".") {
		return Rule{}, false
	}
	return Rule{Type: state.TypeDomain, Match: d, Shown: "@" + d}, true
}

// Identifier is how a verdict names what the rule is about.
func (r Rule) Identifier() state.Identifier {
	if r.Type == state.TypeExternalID {
		return state.Identifier{Type: r.Type, System: SystemBluesky, Match: r.Match, Shown: r.Shown}
	}
	return state.Identifier{Type: r.Type, Match: r.Match, Shown: r.Shown}
}

// Covers says whether a rule is about an address, by its match value.
func (r Rule) Covers(match string) bool {
	switch r.Type {
	case state.TypeEmail, state.TypeExternalID:
		return r.Match == match
	case state.TypeDomain:
		return InDomain(match, r.Match)
	}
	return false
}

// InDomain says whether an address, by its match value, is in a domain or below it.
func InDomain(match, domain string) bool {
	own := match[strings.LastIndexByte(match, '@')+1:]
	return own == domain || strings.HasSuffix(own, "."+domain)
}

// Domains gives the domain of an address, by its match value, and those above it that somebody can
// have registered, the longest first.
func Domains(match string) []string {
	d := match[strings.LastIndexByte(match, '@')+1:]
	var out []string
	for strings.Contains(d, ".") {
		out = append(out, d)
		_, d, _ = strings.Cut(d, ".")
	}
	return out
}

// MayBecome says whether an address can make somebody a customer by itself: it is one person's, and
// takes answers.
func MayBecome(id state.Identifier) bool {
	local := id.Shown[:max(strings.LastIndexByte(id.Shown, '@'), 0)]
	return id.Match != "" && !id.Weak && !IsRoleAddress(local) && !IsNoReply(local)
}
