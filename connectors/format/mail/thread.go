package mail

import (
	"slices"
	"strings"
	"time"
)

// replies are what programs put before the subject of an answer or of what they hand on.
var replies = []string{"re", "aw", "antw", "antwort", "fwd", "fw", "wg", "tr", "rv", "sv", "vs", "vb", "odp", "ynt", "res", "enc", "rif", "r", "i", "回复", "回覆", "答复", "答覆", "转发", "轉寄", "转发邮件", "回复邮件", "rép", "ref", "doorst", "ответ", "رد", "إعادة توجيه"}

// NormalSubject gives a subject without what programs put before it ("Re: AW: [shop] 回复：") and in
// one case, and whether it had something that makes it an answer.
func NormalSubject(subject string) (normal string, answer bool) {
	s := strings.ToLower(oneLine(subject))
	for {
		before := s
		if strings.HasPrefix(s, "[") {
			if i := strings.IndexByte(s, ']'); i > 0 && i < 60 && strings.TrimSpace(s[i+1:]) != "" {
				s = strings.TrimSpace(s[i+1:])
			}
		}
		i := strings.IndexAny(s, ":：")
		if i > 0 && i <= 30 {
			head := strings.TrimSpace(s[:i])
			if j := strings.IndexAny(head, "[(（^0123456789"); j > 0 { // Re[2]:
				head = strings.TrimSpace(head[:j])
			}
			for _, r := range replies {
				if head == r {
					s, answer = strings.TrimLeft(s[i:], ":： "), true
					break
				}
			}
		}
		if s == before {
			return s, answer
		}
	}
}

// Threads finds which messages of one mailbox belong together: by what they refer to, and where an
// answer refers to nothing, by subject and people within 60 days. It keeps about 200 bytes a message.
type Threads struct {
	nodes    map[string]int // by Message-ID
	ids      []string       // by node; "" of messages without an ID
	above    []int          // the node that each answers, by node; -1 where that is not known
	parent   []int          // of the sets of nodes that are one thread
	first    []earliest     // by root of a set
	subjects map[string][]letter
}

type earliest struct {
	at   int64
	name string // what the earliest message calls the thread
}

type letter struct {
	node int
	at   int64
	from string
	to   map[string]bool
}

// within is how long after a message an answer that refers to nothing still is one.
const within = 60 * 24 * time.Hour

// maxLetters is how many messages of one subject are remembered: "Invoice" is no thread.
const maxLetters = 50

// Add takes a message; fallback is what its thread is called where it has no ID at all. The result is
// what [Threads.Name] is asked with.
func (t *Threads) Add(m *Message, fallback string) int {
	if t.nodes == nil {
		t.nodes, t.subjects = map[string]int{}, map[string][]letter{}
	}
	t.answers(m)
	own := -1
	for _, id := range append(append([]string{m.ID, m.InReplyTo}, m.References...), "") {
		if id == "" {
			continue
		}
		n := t.node(id)
		if own < 0 {
			own = n
			continue
		}
		t.join(own, n)
	}
	if own < 0 {
		own = t.fresh()
	}
	root := m.Root()
	if root == "" {
		root = fallback
	}
	at := m.Date.Unix()
	if m.Date.IsZero() {
		at = 1 << 60
	}
	if f := &t.first[t.find(own)]; f.name == "" || at < f.at || at == f.at && root < f.name {
		*f = earliest{at, root}
	}
	t.bySubject(m, own, at)
	return own
}

// bySubject joins an answer that refers to nothing to what it answers: a message of the same subject
// that its writer got from who gets it now.
func (t *Threads) bySubject(m *Message, own int, at int64) {
	subject, answer := NormalSubject(m.Subject)
	if len(subject) < 6 || len(m.From) == 0 || m.Date.IsZero() || m.Automatic != "" {
		return
	}
	l := letter{own, at, strings.ToLower(m.From[0].Address), map[string]bool{}}
	for _, list := range [][]Address{m.To, m.Cc} {
		for _, a := range list {
			if len(l.to) < 8 {
				l.to[strings.ToLower(a.Address)] = true
			}
		}
	}
	known := t.subjects[subject]
	if answer && m.InReplyTo == "" && len(m.References) == 0 {
		for i := len(known) - 1; i >= 0; i-- {
			k := known[i]
			if k.at <= at && at-k.at <= int64(within/time.Second) && (k.to[l.from] && l.to[k.from] || k.from == l.from && overlap(k.to, l.to)) {
				t.join(own, k.node)
				break
			}
		}
	}
	if len(known) < maxLetters {
		t.subjects[subject] = append(known, l)
	}
}

func overlap(a, b map[string]bool) bool {
	for x := range a {
		if b[x] {
			return true
		}
	}
	return false
}

// answers notes which message answers which, by the order in which a header names them.
func (t *Threads) answers(m *Message) {
	chain := m.References
	if m.InReplyTo != "" && (len(chain) == 0 || chain[len(chain)-1] != m.InReplyTo) {
		chain = append(slices.Clone(chain), m.InReplyTo)
	}
	last := -1
	for _, id := range append(slices.Clone(chain), m.ID) {
		if id == "" {
			continue
		}
		n := t.node(id)
		if last >= 0 && n != last && t.above[n] < 0 {
			t.above[n] = last
		}
		last = n
	}
}

// maxSteps is how far up a thread is followed; headers may lead in circles.
const maxSteps = 1000

// Name is what a message's thread is called: the message at its top, as far as the messages of the
// thread name it, found from the earliest of them. A later export has the same name for it.
func (t *Threads) Name(node int) string {
	name := t.first[t.find(node)].name
	top, ok := t.nodes[name]
	if !ok {
		return name
	}
	for range maxSteps {
		if t.above[top] < 0 {
			return t.ids[top]
		}
		top = t.above[top]
	}
	return name
}

func (t *Threads) node(id string) int {
	n, ok := t.nodes[id]
	if !ok {
		n = t.fresh()
		t.nodes[id], t.ids[n] = n, id
	}
	return n
}

func (t *Threads) fresh() int {
	t.parent = append(t.parent, len(t.parent))
	t.first = append(t.first, earliest{})
	t.ids, t.above = append(t.ids, ""), append(t.above, -1)
	return len(t.parent) - 1
}

func (t *Threads) find(n int) int {
	for t.parent[n] != n {
		t.parent[n] = t.parent[t.parent[n]]
		n = t.parent[n]
	}
	return n
}

func (t *Threads) join(a, b int) {
	a, b = t.find(a), t.find(b)
	if a == b {
		return
	}
	t.parent[b] = a
	fa, fb := t.first[a], t.first[b]
	if fa.name == "" || fb.name != "" && (fb.at < fa.at || fb.at == fa.at && fb.name < fa.name) {
		t.first[a] = fb
	}
}
