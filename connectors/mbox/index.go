package mbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
)

// index is what a first pass over all messages learns and pages need. It costs some hundred bytes a
// message and keeps none of them.
type index struct {
	rows    int64            // messages that are told
	again   map[int64]again  // messages whose key another has, by their number
	threads map[int64]string // threads that are not what the message itself says, likewise
	left    []left
	mark    string

	shown   map[string][]string // samples by column
	seen    map[string]bool     // columns that there are
	folders []string
}

// again says what is to be done with a message whose Message-ID another has.
type again struct {
	same  bool   // it is the same message: nothing is to be done
	where string // where the other stands
}

// sampled is how many messages are read whole for samples.
const sampled = 20

// occurrence is where a message was seen first, or where it counts.
type occurrence struct {
	n     int64
	print uint64
	part  int
	line  int64
	sent  bool
}

// indexing is one first pass.
type indexing struct {
	*index
	parts   []part
	keys    map[[16]byte]occurrence
	joined  mail.Threads
	nodes   []int32    // by the number of the message; -1: it is not told
	natural [][16]byte // what each message itself calls its thread, hashed
	skipped map[mail.Place]int64
}

func buildIndex(ctx context.Context, parts []part, skip map[mail.Place]bool, open opener) (*index, error) {
	x := &indexing{index: &index{again: map[int64]again{}, threads: map[int64]string{}, shown: map[string][]string{}, seen: map[string]bool{}},
		parts: parts, keys: map[[16]byte]occurrence{}, skipped: map[mail.Place]int64{}}
	sum := crc32.NewIEEE()
	var size, n int64
	for i := range parts {
		err := eachLetter(ctx, &parts[i], open, sum, func(l *letter) {
			x.letter(i, n, l, skip)
			n++
		})
		if err != nil {
			return nil, err
		}
		size += parts[i].size
		_, _ = fmt.Fprintf(sum, "%s %x\n", parts[i].name, parts[i].size) // a sum takes everything
	}
	for _, p := range []mail.Place{mail.Drafts, mail.Spam, mail.Trash} {
		_, _ = fmt.Fprint(sum, skip[p])
	}
	for i, node := range x.nodes {
		if node < 0 {
			continue
		}
		name := x.joined.Name(int(node))
		if x.natural[i] != hashOf(name) {
			x.threads[int64(i)] = name
		}
	}
	for _, p := range []mail.Place{mail.Drafts, mail.Spam, mail.Trash} {
		if x.skipped[p] > 0 {
			x.left = append(x.left, left{place: p, count: x.skipped[p]})
		}
	}
	x.mark = fmt.Sprintf("%x-%08x", size, sum.Sum32())
	return x.index, nil
}

// eachLetter reads the messages of a part, and notes the part's size. sum gets its beginning and end.
func eachLetter(ctx context.Context, p *part, open opener, sum hash.Hash32, f func(*letter)) error {
	src, err := open(ctx, p.path)
	if err != nil {
		return err
	}
	defer src.Close()
	p.size = src.Size()
	var ends [4 << 10]byte
	for _, at := range []int64{0, max(0, p.size-int64(len(ends)))} {
		n, err := src.ReadAt(ends[:min(int64(len(ends)), p.size-at)], at)
		if err != nil && err != io.EOF {
			return unreadable(p.name, err)
		}
		_, _ = sum.Write(ends[:n])
	}
	for s := newScanner(src, p.size, p.single, 0, 1); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		l, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return unreadable(p.name, err)
		}
		f(l)
	}
}

// leftOut says whether a message is one of those that are left out, and why.
func leftOut(p *part, h *mail.Header, m *mail.Message, skip map[mail.Place]bool) mail.Place {
	at := p.place
	switch {
	case at == mail.Drafts || at == mail.Spam || at == mail.Trash:
	case p.gone || expunged(h):
		at = mail.Trash
	case p.draft || h.Has("x-mozilla-draft-info") && len(m.From) > 0 && !h.Has("received") && at != mail.Sent && m.ID == "":
		at = mail.Drafts
	default:
		at = mail.PlaceOfLabels(m.Labels)
	}
	if skip[at] {
		return at
	}
	return ""
}

// expunged says whether Thunderbird only waits to remove a message from its file.
func expunged(h *mail.Header) bool {
	var flags int
	_, err := fmt.Sscanf(strings.TrimSpace(h.Get("x-mozilla-status")), "%x", &flags)
	return err == nil && flags&8 != 0
}

// isSent says whether the mailbox keeps a message among what its owner sent.
func isSent(p *part, m *mail.Message) bool {
	return p.place == mail.Sent || slices.ContainsFunc(m.Labels, func(l string) bool { return mail.PlaceOf(l) == mail.Sent })
}

func (x *indexing) letter(part int, n int64, l *letter, skip map[mail.Place]bool) {
	p := &x.parts[part]
	x.nodes, x.natural = append(x.nodes, -1), append(x.natural, [16]byte{})
	h, body := mail.ReadHeader(l.raw)
	if l.cutShort || !h.IsMail() {
		x.rows++
		return
	}
	m := h.Message()
	if at := leftOut(p, h, m, skip); at != "" {
		x.skipped[at]++
		return
	}
	x.rows++
	x.describe(p, l, m)
	if m.Date.IsZero() {
		m.Date = l.arrived()
	}
	here := occurrence{n: n, print: m.Print(), part: part, line: l.line, sent: isSent(p, m)}
	key := contentKey
	if m.ID != "" {
		key = func(*mail.Header, []byte) string { return m.ID }
	}
	id := key(h, body)
	first, twice := x.keys[hashOf(id)]
	if twice && m.ID != "" && first.print != here.print { // it goes by its content then, which may be another's too
		where := x.where(first)
		id = contentKey(h, body)
		if first, twice = x.keys[hashOf(id)]; !twice {
			x.again[n] = again{where: where}
		}
	}
	switch {
	case !twice:
		x.keys[hashOf(id)] = here
	case here.sent && !first.sent: // what was sent counts
		if a, ok := x.again[first.n]; ok {
			x.again[n] = a
		}
		x.again[first.n] = again{same: true, where: x.where(here)}
		x.keys[hashOf(id)] = here
	default:
		x.again[n] = again{same: true, where: x.where(first)}
	}
	x.nodes[n] = int32(x.joined.Add(m, id))
	natural := m.Root()
	if natural == "" {
		natural = id
	}
	x.natural[n] = hashOf(natural)
}

func (x *indexing) where(o occurrence) string { return where(&x.parts[o.part], o.line) }

func hashOf(s string) [16]byte {
	sum := sha256.Sum256([]byte(s))
	return [16]byte(sum[:16])
}

// contentKey is a hash of what a message says, the same however its lines end and wherever it lies.
func contentKey(h *mail.Header, body []byte) string {
	sum := sha256.New()
	for _, name := range []string{"from", "to", "cc", "date", "subject", "content-type"} {
		_, _ = fmt.Fprintf(sum, "%s:%s\n", name, strings.Join(strings.Fields(h.Get(name)), " "))
	}
	blank := 0
	for len(body) > 0 {
		line, after, _ := bytes.Cut(body, []byte{'\n'})
		body = after
		for len(line) > 0 && (line[len(line)-1] == '\r' || line[len(line)-1] == ' ') {
			line = line[:len(line)-1]
		}
		if len(line) == 0 {
			blank++
			continue
		}
		for ; blank > 0; blank-- {
			_, _ = sum.Write([]byte{'\n'})
		}
		_, _ = sum.Write(line)
		_, _ = sum.Write([]byte{'\n'})
	}
	return "h:" + hex.EncodeToString(sum.Sum(nil)[:16])
}

// shownAs are the columns that a description has, in order, and what becomes of each.
var shownAs = []struct{ name, field string }{
	{"From", "message.from"}, {"To", "message.to"}, {"Cc", "message.cc"}, {"Subject", "message.subject"}, {"Date", "message.at"},
	{"Message-ID", "message.message_id"}, {"Folder", "message.folder"}, {"Body", "message.text"},
}

func (x *indexing) describe(p *part, l *letter, m *mail.Message) {
	folder := mail.FolderOfLabels(m.Labels, p.folder)
	if folder != "" && len(x.folders) < 200 && !slices.Contains(x.folders, folder) {
		x.folders = append(x.folders, folder)
	}
	sample := func(column, text string) {
		if text == "" {
			return
		}
		x.seen[column] = true
		text = mail.Short(text)
		if s := x.shown[column]; len(s) < 3 && !slices.Contains(s, text) {
			x.shown[column] = append(s, text)
		}
	}
	sample("From", people(m.From))
	sample("To", people(m.To))
	sample("Cc", people(m.Cc))
	sample("Subject", m.Subject)
	if !m.Date.IsZero() {
		sample("Date", m.Date.Format("2006-01-02 15:04"))
	}
	sample("Message-ID", m.ID)
	if x.rows <= sampled {
		if whole, err := mail.Parse(l.raw); err == nil {
			sample("Body", strings.Join(strings.Fields(whole.Text), " "))
		}
	}
}

func people(all []mail.Address) string {
	var out []string
	for _, a := range all {
		out = append(out, a.Address)
	}
	return strings.Join(out, ", ")
}

func (ix *index) columns() []connectors.Column {
	if len(ix.folders) > 1 {
		ix.seen["Folder"] = true
		ix.shown["Folder"] = ix.folders[:min(3, len(ix.folders))]
	}
	var out []connectors.Column
	for _, c := range shownAs {
		if ix.seen[c.name] {
			out = append(out, connectors.Column{Name: c.name, Field: c.field, Why: "layout", Samples: ix.shown[c.name]})
		}
	}
	return out
}
