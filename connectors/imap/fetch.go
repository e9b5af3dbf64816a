package imap

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors/format/mail"
)

// Bounds of what is fetched of one message, in bytes.
const (
	maxHeader = 256 << 10
	maxText   = 2 << 20 // of one part
	maxWhole  = 8 << 20 // of a message whose parts the server cannot tell
	maxTexts  = 40      // parts of text

	maxPartHeader = 16 << 10
)

// keyFields are the fields by which a message is known. They are asked for by themselves, also beside
// the whole header, so that a census reads the very same bytes.
const keyFields = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE SUBJECT FROM TO CC)]"

// fetched is what a server told of one message.
type fetched struct {
	uid    uint32
	flags  []string
	labels []string // Gmail's
	at     time.Time
	size   int64
	key    []byte // keyFields
	header []byte // nil: not told
	root   *mail.Part
	texts  map[string][]byte // by section
	whole  []byte
}

// flagged says whether a message has a flag.
func (m *fetched) flagged(flag string) bool {
	return slices.ContainsFunc(m.flags, func(f string) bool { return strings.EqualFold(f, flag) })
}

// fetch asks for items of messages of the open folder. What comes is added to into. garbled says
// whether there were responses that made no sense: what is missing may have been among them.
func (s *session) fetch(ctx context.Context, set uids, items string, into map[uint32]*fetched) (garbled bool, err error) {
	wanted := map[uint32]bool{}
	for _, u := range set {
		wanted[u] = true
	}
	_, err = s.do(ctx, func(r *response) {
		if r.name == "" {
			garbled = true
		}
		if r.name != "FETCH" || len(r.args) == 0 {
			return
		}
		m := read(r.args[0])
		if !wanted[m.uid] { // somebody else's flags
			return
		}
		if known := into[m.uid]; known != nil {
			known.add(m)
			return
		}
		into[m.uid] = m
	}, "UID", "FETCH", set.String(), items)
	return garbled, err
}

// read reads the items of a FETCH response.
func read(v value) *fetched {
	m := &fetched{texts: map[string][]byte{}}
	for i := 0; i+1 < len(v.list); i += 2 {
		name, item := strings.ToUpper(v.list[i].text), v.list[i+1]
		switch {
		case name == "UID":
			n, _ := item.number()
			m.uid = uint32(n)
		case name == "FLAGS":
			m.flags = words(item)
		case name == "X-GM-LABELS":
			m.labels = words(item)
		case name == "INTERNALDATE":
			if t, err := time.Parse("_2-Jan-2006 15:04:05 -0700", item.text); err == nil {
				m.at = t.UTC()
			}
		case name == "RFC822.SIZE":
			n, _ := item.number()
			m.size = int64(n)
		case name == "BODYSTRUCTURE":
			if root, err := structureOf(item); err == nil {
				m.root = root
			}
		case !strings.HasPrefix(name, "BODY["):
		case strings.HasPrefix(name, "BODY[HEADER.FIELDS"):
			m.key = []byte(item.str())
		case strings.HasPrefix(name, "BODY[HEADER]"):
			m.header = []byte(item.str())
		case strings.HasPrefix(name, "BODY[]"):
			m.whole = []byte(item.str())
		default:
			section, _, _ := strings.Cut(name[len("BODY["):], "]")
			m.texts[section] = []byte(item.str())
		}
	}
	return m
}

func words(v value) []string {
	var out []string
	for _, w := range v.list {
		out = append(out, w.text)
	}
	return out
}

// add takes over what another response told of the same message.
func (m *fetched) add(o *fetched) {
	if o.flags != nil {
		m.flags = o.flags
	}
	if o.labels != nil {
		m.labels = o.labels
	}
	if !o.at.IsZero() {
		m.at = o.at
	}
	m.size = max(m.size, o.size)
	if o.key != nil {
		m.key = o.key
	}
	if o.header != nil {
		m.header = o.header
	}
	if o.root != nil {
		m.root = o.root
	}
	if o.whole != nil {
		m.whole = o.whole
	}
	maps.Copy(m.texts, o.texts)
}

// basics are the items that say what a message is.
func (s *session) basics() string {
	items := "UID FLAGS INTERNALDATE RFC822.SIZE " + keyFields
	if s.can("X-GM-EXT-1") {
		items += " X-GM-LABELS"
	}
	return items
}

// gather fetches items of messages, and where the server stumbles over one of them, finds it by
// halves: without it the others are told all the same. failed says of those that cannot be told why.
// The error is one that concerns them all.
func (s *session) gather(ctx context.Context, set uids, items string) (got map[uint32]*fetched, failed map[uint32]string, err error) {
	got, failed = map[uint32]*fetched{}, map[uint32]string{}
	var half func(set uids) error
	half = func(set uids) error {
		garbled, err := s.fetch(ctx, set, items, got)
		var no *refusal
		if err != nil && (!errors.As(err, &no) || limited(no.r.code, no.r.text)) {
			return err
		}
		missing := slices.DeleteFunc(slices.Clone(set), func(u uint32) bool { return got[u] != nil })
		if err == nil && !garbled || len(missing) == 0 {
			return nil // what is missing then was deleted in the meantime
		}
		if len(set) == 1 {
			failed[set[0]] = "the server cannot tell it"
			if no != nil {
				failed[set[0]] = "the server cannot tell it" + s.c.Says(no.r.text)
			}
			return nil
		}
		if len(missing) < len(set) { // some came: the bad one is among the others
			return half(missing)
		}
		if err := half(missing[:len(missing)/2]); err != nil {
			return err
		}
		return half(missing[len(missing)/2:])
	}
	return got, failed, half(set)
}

// heads fetches what messages are, with their headers and structures; of those whose structure the
// server cannot tell, the message itself.
func (s *session) heads(ctx context.Context, set uids) (got map[uint32]*fetched, failed map[uint32]string, err error) {
	head := s.basics() + fmt.Sprintf(" BODY.PEEK[HEADER]<0.%d>", maxHeader)
	got, failed, err = s.gather(ctx, set, "("+head+" BODYSTRUCTURE)")
	if err != nil {
		return nil, nil, err
	}
	var bad uids
	for u := range failed {
		bad = append(bad, u)
	}
	if len(bad) > 0 {
		again, still, err := s.gather(ctx, bad.sorted(), "("+head+")")
		if err != nil {
			return nil, nil, err
		}
		failed = still
		maps.Copy(got, again)
	}
	for u, m := range got {
		if m.root != nil && len(m.root.Parts) > 0 && m.root.Empty() {
			m.root = nil // it has parts and none of them was found: the message itself is read
		}
		if m.header == nil { // a response that lacks what was asked for
			delete(got, u)
			failed[u] = "the server tells nothing of it"
		}
	}
	return got, failed, nil
}

// bodies fetches the texts of messages. Messages that have them in the same places are asked for
// together. Those whose parts are not known are fetched whole, bounded.
func (s *session) bodies(ctx context.Context, all []*fetched) (failed map[uint32]string, err error) {
	failed = map[uint32]string{}
	groups := map[string]uids{}
	byUID := map[uint32]*fetched{}
	for _, m := range all {
		byUID[m.uid] = m
		items := m.wants()
		groups[items] = append(groups[items], m.uid)
	}
	for _, items := range slices.Sorted(maps.Keys(groups)) {
		if items == "" {
			continue
		}
		got, bad, err := s.gather(ctx, groups[items].sorted(), items)
		if err != nil {
			return nil, err
		}
		for u, m := range got {
			byUID[u].add(m)
		}
		for u, why := range bad {
			failed[u] = why
		}
	}
	return failed, nil
}

// wants names the items of a message's texts; empty where there are none to fetch.
func (m *fetched) wants() string {
	if m.root == nil {
		return fmt.Sprintf("(UID BODY.PEEK[]<0.%d>)", maxWhole)
	}
	texts := mail.Texts(m.header, m.root)
	if len(texts) > maxTexts {
		texts = texts[:maxTexts]
	}
	var items strings.Builder
	for _, p := range texts {
		if p.Size > 0 {
			fmt.Fprintf(&items, " BODY.PEEK[%s]<0.%d>", p.Section, maxText)
		}
	}
	if damaged := m.root.Damaged(); len(damaged) <= maxTexts && len(m.root.Parts) > 0 {
		for _, p := range damaged {
			fmt.Fprintf(&items, " BODY.PEEK[%s.MIME]<0.%d>", p.Section, maxPartHeader)
		}
	}
	if items.Len() == 0 {
		return ""
	}
	return "(UID" + items.String() + ")"
}

// weight is how many bytes of a message are going to be fetched.
func (m *fetched) weight() int64 {
	if m.root == nil {
		return min(max(m.size, 1), maxWhole)
	}
	var n int64
	for _, p := range mail.Texts(m.header, m.root) {
		n += min(p.Size, maxText)
	}
	return n
}
