package imap

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

func TestMain(m *testing.M) {
	pageLetters = 40
	goleak.VerifyTestMain(m)
}

// control changes a fake as the mailbox's other programs do.
type control struct{ f *fake }

// written writes a message that holds a record, as a program would.
func written(m *connectors.MessageData, at time.Time) string {
	return fmt.Sprintf("From: Jana K <%s>\nTo: %s\nSubject: %s\nDate: %s\nMessage-ID: <%s>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s\n",
		m.From[0].Address, m.To[0].Address, mime.QEncoding.Encode("utf-8", m.Subject), at.UTC().Format(time.RFC1123Z), m.MessageID, m.Text)
}

func (m *fakeMessage) id() string {
	key, _ := keyOf(&fetched{at: m.at.UTC().Truncate(time.Second), size: int64(len(m.raw)), key: pick(m.raw, []string{"MESSAGE-ID", "DATE", "SUBJECT", "FROM", "TO", "CC"})})
	return key
}

// at finds a message by what it is known by.
func (c control) at(id string) (*fakeBox, *fakeMessage) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	for _, b := range c.f.boxes {
		for _, m := range b.msgs {
			if m.id() == id {
				return b, m
			}
		}
	}
	return nil, nil
}

// Put lays down a message. What changes one puts another in its place, under the same headers, as
// programs do that take files out of mail.
func (c control) Put(_ connectors.Kind, id string, r connectors.Record, at time.Time) (string, error) {
	at = cmp.Or(at, time.Now()).UTC()
	if id == "" {
		return c.f.put("INBOX", written(r.Message, at), at).id(), nil
	}
	b, old := c.at(id)
	if old == nil {
		return "", errors.New("no such message")
	}
	head, _ := header(old.raw)
	c.f.remove(b, old)
	return c.f.put(b.raw, string(head)+r.Message.Text+"\n", old.at).id(), nil
}

func (c control) Delete(_ connectors.Kind, id string) error {
	b, m := c.at(id)
	if m == nil {
		return errors.New("no such message")
	}
	c.f.remove(b, m)
	return nil
}

func (c control) Live(connectors.Kind) ([]string, error) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	var ids []string
	for _, b := range c.f.boxes {
		for _, m := range b.msgs {
			ids = append(ids, m.id())
		}
	}
	return ids, nil
}

// Renumber gives all messages other UIDs, as a server does that lost its index.
func (c control) Renumber() error {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	for _, b := range c.f.boxes {
		c.f.last += 100
		b.validity, b.next = c.f.last, 1
		slices.Reverse(b.msgs)
		for _, m := range b.msgs {
			m.uid = b.next
			b.next++
		}
	}
	for conn := range c.f.conns {
		_ = conn.conn.Close() // servers do so
	}
	return nil
}

func (c control) Snapshot() string {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	var s strings.Builder
	for _, b := range c.f.boxes {
		fmt.Fprintf(&s, "%s %d %d\n", b.raw, b.validity, c.f.writes)
		for _, m := range b.msgs {
			fmt.Fprintf(&s, "%d %v %v\n", m.uid, m.flags, m.labels)
		}
	}
	return s.String()
}

const secret = "ses\"ame hunter22"

// loopback are the options of a connection to the fake.
func loopback(f *fake) map[string]string {
	return map[string]string{"host": "127.0.0.1", "security": "none", "user": f.user, "login": "password"}
}

func subjectOf(i int) string {
	return []string{"Rückfrage zum Teleskop", "关于订单的问题", "استفسار عن الطلب", "Order 🌟 received", "望遠鏡について", "O'Neill: \"when?\""}[i%6]
}

// record is a message as the suite's vendor gets it.
func record(i int) connectors.Record {
	return connectors.Record{Kind: connectors.MessageKind, Message: &connectors.MessageData{MessageID: fmt.Sprintf("m-%d@example.org", i),
		From: []connectors.Mailbox{{Address: fmt.Sprintf("p%d@example.org", i)}}, To: []connectors.Mailbox{{Address: "sales@nordlicht.example"}},
		Subject: subjectOf(i), Text: fmt.Sprintf("请问什么时候发货？ متى يصل الطلب؟ 🔭 %d", i)}}
}

// refuse is how a server refuses what it was told and says it: an answer with the tag of the command.
func refuse(sent []byte) []byte {
	tag, _, ok := bytes.Cut(sent, []byte(" "))
	if !ok || !bytes.HasPrefix(tag, []byte("k")) || !bytes.Contains(sent, []byte("AUTH")) && !bytes.Contains(sent, []byte("LOGIN")) && !bytes.Contains(sent, []byte("EXAMINE")) {
		return nil
	}
	return fmt.Appendf(nil, "%s NO [ALERT] you said %s\r\n", tag, bytes.ReplaceAll(bytes.TrimSpace(sent), []byte("\r\n"), []byte(" ")))
}

// harness describes the fake, with traps.
func harness(change func(f *fake)) connectortest.Harness {
	return connectortest.Harness{Spec: Spec(), Secret: secret, API: &connectortest.API{
		Kind: connectors.MessageKind, Page: pageLetters, Late: time.Hour, Can: []string{"Census", "Puller", "Watcher"},
		Server: func(tb testing.TB) connectortest.Server {
			f := newFake()
			f.password = secret
			change(f)
			tb.Cleanup(f.Close)
			return connectortest.Server{Dial: f.Dial, Options: loopback(f), Control: control{f}}
		},
		Record: record, Texts: []string{"text"},
		Stream: &connectortest.Stream{Refuse: refuse, Logins: "AUTHENTICATE"},
	}}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, harness(func(*fake) {}))
}
