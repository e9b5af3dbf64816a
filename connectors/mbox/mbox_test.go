package mbox

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
)

// tree is a file system in memory: content by path.
type tree map[string]string

type treeFile struct{ *strings.Reader }

func (treeFile) Close() error { return nil }

func (f tree) env() connectors.Env {
	names := func(folder string, files bool) ([]string, error) {
		found := map[string]bool{}
		is := false
		for p := range f {
			rest, ok := strings.CutPrefix(p, folder+"/")
			if !ok {
				continue
			}
			is = true
			name, _, deeper := strings.Cut(rest, "/")
			if name != "" && deeper != files && !(files && strings.HasPrefix(name, ".")) {
				found[name] = true
			}
		}
		if !is {
			return nil, fs.ErrNotExist
		}
		var out []string
		for n := range found {
			out = append(out, n)
		}
		slices.Sort(out)
		return out, nil
	}
	return connectors.Env{
		Open: func(name string) (connectors.File, error) {
			text, ok := f[name]
			if !ok {
				return nil, fs.ErrNotExist
			}
			return treeFile{strings.NewReader(text)}, nil
		},
		List:    func(folder string) ([]string, error) { return names(folder, true) },
		Folders: func(folder string) ([]string, error) { return names(folder, false) },
	}
}

func (f tree) open(t testing.TB, options map[string]string) *connection {
	t.Helper()
	c, err := Spec().Open(context.Background(), options, f.env())
	if err != nil {
		t.Fatal(err)
	}
	return c.(*connection)
}

// all pulls everything, and checks that each page adds up.
func all(t testing.TB, c *connection) (out []*connectors.Record, rejected []connectors.Rejected, told int) {
	t.Helper()
	var from connectors.Cursor
	for {
		p, err := c.Pull(context.Background(), connectors.MessageKind, from)
		if err != nil {
			t.Fatal(err)
		}
		aside := 0
		for _, r := range p.Rejected {
			if !r.Kept {
				aside++
			}
		}
		if p.Told != p.Joined+len(p.Changes)+aside {
			t.Errorf("a page told %d: %d joined, %d changes, %d set aside", p.Told, p.Joined, len(p.Changes), aside)
		}
		for i := range p.Changes {
			out = append(out, &p.Changes[i].Record)
		}
		rejected = append(rejected, p.Rejected...)
		told += p.Told
		if !p.More {
			return out, rejected, told
		}
		from = p.Next
	}
}

func letterOf(id, from, to, subject string, minute int, more, body string) string {
	if id != "" {
		id = "Message-ID: <" + id + ">\n"
	}
	return id + "From: " + from + "\nTo: " + to + "\nSubject: " + subject + "\nDate: Mon, 1 Jan 2024 12:" + fmt.Sprintf("%02d", minute) + ":00 +0000\n" + more + "\n" + body + "\n"
}

func mboxOf(letters ...string) string {
	var b strings.Builder
	for _, l := range letters {
		b.WriteString("From x@y.de Mon Jan  1 12:00:00 2024\n")
		for line := range strings.SplitAfterSeq(l, "\n") {
			if strings.HasPrefix(strings.TrimLeft(line, ">"), "From ") {
				b.WriteByte('>')
			}
			b.WriteString(line)
		}
		b.WriteString("\n")
	}
	return b.String()
}

const jana, shop = "jana@example.com", "shop@example.com"

func TestFoldersAndCopies(t *testing.T) {
	t.Parallel()
	one, two := letterOf("1@x", jana, shop, "Telescope", 1, "", "When?"), letterOf("2@x", shop, jana, "Re: Telescope", 2, "In-Reply-To: <1@x>\n", "Friday.")
	old := letterOf("0@x", jana, shop, "Telescope", 0, "", "Hello?")
	three := letterOf("3@x", jana, shop, "Re: Telescope", 3, "References: <0@x> <1@x> <2@x>\n", "Fine.")
	noRefs := letterOf("4@x", shop, jana, "回复：Telescope", 4, "", "Sent.")
	other := letterOf("5@x", "tom@example.com", shop, "Re: Telescope", 5, "", "Me too")
	for name, c := range map[string]struct {
		files   tree
		path    string
		options map[string]string
		want    []string // id folder sent thread
		told    int
		left    string
	}{
		"thunderbird": {tree{"p/Inbox": mboxOf(one, three), "p/Inbox.msf": "x", "p/Sent-1": mboxOf(two), "p/Trash": mboxOf(old), "p/Inbox.sbd/Projects": mboxOf(old, one), "p/empty": "", "p/filter.dat": "From x"}, "p", nil,
			[]string{"1@x Inbox false 0@x", "3@x Inbox false 0@x", "2@x Sent-1 true 0@x", "0@x Inbox/Projects false 0@x"}, 5, "trash"},
		"a maildir": {tree{"m/cur/1:2,S": one, "m/cur/2:2,DS": two, "m/cur/4:2,ST": other, "m/new/3": three, "m/tmp/9": "x", "m/.Gesendet/cur/5:2,": noRefs, "m/.Archive.2024/cur/6:2,": old, "m/.Junk/new/7": other, "m/dovecot.index": "x"}, "m/", nil,
			[]string{"1@x INBOX false 0@x", "3@x INBOX false 0@x", "0@x Archive/2024 false 0@x", "4@x Gesendet true 0@x"}, 4, "spam drafts trash"},
		"a maildir, all of it": {tree{"m/cur/1:2,S": one, "m/cur/2:2,DS": two, "m/.Junk/new/7": other}, "m", map[string]string{"skip": "none"},
			[]string{"1@x INBOX false 1@x", "2@x INBOX false 1@x", "5@x Junk false 5@x"}, 3, ""},
		"letters": {tree{"l/a.eml": one, "l/b.EML": two, "l/c.txt": three, "l/sub/d.eml": three, "l/已发送/e.eml": noRefs}, "l", nil,
			[]string{"1@x  false 0@x", "2@x  false 0@x", "3@x sub false 0@x", "4@x 已发送 true 0@x"}, 4, ""},
		"a folder of sent letters":   {tree{"Sent/a.eml": two}, "Sent", nil, []string{"2@x Sent true 1@x"}, 1, ""},
		"a sent file":                {tree{"Sent.mbox": mboxOf(two)}, "Sent.mbox", nil, []string{"2@x Sent true 1@x"}, 1, ""},
		"a file that is said to be":  {tree{"export.mbox": mboxOf(two)}, "export.mbox", map[string]string{"folder": "Sent"}, []string{"2@x Sent true 1@x"}, 1, ""},
		"a trash that was named":     {tree{"Trash": mboxOf(two)}, "Trash", nil, []string{"2@x Trash false 1@x"}, 1, ""},
		"apple":                      {tree{"Sent.mbox/mbox": mboxOf(two), "Sent.mbox/table_of_contents": "x"}, "Sent.mbox", nil, []string{"2@x Sent true 1@x"}, 1, ""},
		"the same in inbox and sent": {tree{"p/Archive": mboxOf(two), "p/Inbox": mboxOf(two), "p/Sent": mboxOf(two), "p/Zoo": mboxOf(two)}, "p", nil, []string{"2@x Sent true 1@x"}, 4, ""},
		"gmail": {tree{"All mail Including Spam and Trash.mbox": mboxOf("X-Gmail-Labels: Inbox,Important,Opened\n"+one, "X-Gmail-Labels: =?UTF-8?Q?Gesendet,Ge=C3=B6ffnet?=\n"+two, "X-Gmail-Labels: Spam\n"+other, "X-GM-THRID: 1\nX-Gmail-Labels: Archived,Customers\n"+three,
			"X-Gmail-Labels: Drafts\n"+noRefs)}, "All mail Including Spam and Trash.mbox", nil,
			[]string{"1@x Inbox false 0@x", "2@x Gesendet true 0@x", "3@x Customers false 0@x"}, 3, "drafts spam"},
		"thunderbird has removed one": {tree{"Inbox": mboxOf("X-Mozilla-Status: 0009\n"+one, "X-Mozilla-Status: 0001\n"+three)}, "Inbox", nil, []string{"3@x Inbox false 0@x"}, 1, "trash"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := map[string]string{"path": c.path}
			for k, v := range c.options {
				options[k] = v
			}
			conn := c.files.open(t, options)
			if err := conn.Check(context.Background()); err != nil {
				t.Fatal(err)
			}
			recs, rejected, told := all(t, conn)
			var got []string
			for _, r := range recs {
				if r.ID != r.Message.MessageID || r.Keyed != connectors.KeyedID {
					t.Errorf("%s is keyed %s %s", r.Message.MessageID, r.ID, r.Keyed)
				}
				thread := r.Message.Thread
				if !slices.ContainsFunc(recs, func(o *connectors.Record) bool { return o.ID == "0@x" }) && thread == "0@x" && name != "gmail" && name != "letters" && !strings.HasPrefix(name, "thunderbird has") {
					t.Errorf("thread %s", thread)
				}
				got = append(got, fmt.Sprintf("%s %s %v %s", r.ID, r.Message.Folder, r.Message.Sent, thread))
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			for _, word := range strings.Fields(c.left) {
				if !slices.ContainsFunc(rejected, func(r connectors.Rejected) bool {
					return r.Kept && r.Field == "Folder" && strings.Contains(r.Reason, word)
				}) {
					t.Errorf("it is not told that %s is left out: %+v", word, rejected)
				}
			}
			if told != c.told || c.left == "" && len(rejected) > 0 {
				t.Errorf("told %d of %d; %+v", told, c.told, rejected)
			}
			d, err := conn.Describe(context.Background())
			if err != nil || d.Rows != int64(told) || d.Layout != "mail" {
				t.Errorf("%+v %v", d, err)
			}
		})
	}
}

// Formats that differ in how a message's end is known.
func TestDialects(t *testing.T) {
	t.Parallel()
	head := "From x@y.de Mon Jan  1 12:00:00 2024\n"
	one := "Message-ID: <1@x>\nFrom: a@b.de\nTo: c@d.de\n"
	two := "Message-ID: <2@x>\nFrom: a@b.de\nTo: c@d.de\n"
	body := "Hi\n\nFrom here on\nFrom x@y.de Mon Jan  1 12:00:00 2024\nX-Not: a header\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"mboxo":                        {head + one + "\nHi\n>From here\n\n" + head + two + "\nyo\n", []string{"Hi\nFrom here", "yo"}},
		"mboxrd":                       {head + one + "\n>From a\n>>>From b\n\n" + head + two + "\nyo\n\n", []string{"From a", "yo"}},
		"mboxcl2, bare lines":          {head + one + fmt.Sprintf("Content-Length: %d\n", len(body)) + "\n" + body + "\n" + head + two + "\nyo\n", []string{body, "yo"}},
		"mboxcl, quoted lines":         {head + one + "Content-Length: 10\n\n>From now\n\n" + head + two + "\nyo\n", []string{"From now", "yo"}},
		"a length that lies":           {head + one + "Content-Length: 4000\n\nHi\n\n" + head + two + "Content-Length: 1\n\nyo\n", []string{"Hi", "yo"}},
		"bare lines without a length":  {head + one + "\nHi\n\nFrom here on it is fine\nand more\n\n" + head + two + "\nyo\n", []string{"Hi\n\nFrom here on it is fine\nand more", "yo"}},
		"no empty line between":        {head + one + "\nHi\n" + head + two + "\nyo\n", []string{"Hi", "yo"}},
		"no bodies":                    {head + one + "\n" + head + two + "\n", []string{"", ""}},
		"no empty line behind headers": {head + one + head + two + "\n", []string{"", ""}},
		"CR LF":                        {strings.ReplaceAll(head+one+"\nHi\n>From x\n\n"+head+two+"\nyo\n", "\n", "\r\n"), []string{"Hi\nFrom x", "yo"}},
		"thunderbird":                  {"From - Mon Jan 01 12:00:00 2024\n" + one + "\nHi\n\nFrom - \n" + two + "\nyo\n", []string{"Hi", "yo"}},
		"gmail's lines":                {"From 178@xxx Mon Jan 01 12:00:00 +0000 2024\nX-GM-THRID: 1\n" + one + "\nHi\n\nFrom 179@xxx Mon Jan 01 12:00:00 +0000 2024\nX-GM-THRID: 1\n" + two + "\nyo\n", []string{"Hi", "yo"}},
		"a mark and empty lines":       {"\xEF\xBB\xBF" + head + one + "\nHi\n\n\n\n" + head + two + "\nyo\n\n\n", []string{"Hi", "yo"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recs, rejected, _ := all(t, tree{"a.mbox": c.text}.open(t, map[string]string{"path": "a.mbox"}))
			if len(recs) != len(c.want) || len(rejected) > 2 {
				t.Fatalf("%d messages, %+v", len(recs), rejected)
			}
			for i, r := range recs {
				if got := strings.TrimSpace(r.Message.Text + r.Message.Quoted); got != strings.TrimSpace(c.want[i]) && !(name == "mboxrd" && i == 0 && r.Message.Quoted == ">>From b") {
					t.Errorf("message %d says %q", i, got)
				}
				if want := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC); !r.Message.At.Equal(want) && !(name == "thunderbird" && i == 1) {
					t.Errorf("message %d is of %v", i, r.Message.At)
				}
			}
		})
	}
}

func TestTwoMessagesOfOneID(t *testing.T) {
	t.Parallel()
	a, b := letterOf("1@x", jana, shop, "One", 1, "", "a"), letterOf("1@x", jana, shop, "Two", 2, "", "b")
	noID := letterOf("", jana, shop, "Three", 3, "", "c")
	recs, rejected, told := all(t, tree{"p/a": mboxOf(a, b, noID), "p/b": mboxOf(b, noID, strings.ReplaceAll(noID, "\n", "\r\n"))}.open(t, map[string]string{"path": "p"}))
	if len(recs) != 3 || told != 6 || recs[0].Keyed != connectors.KeyedID || recs[1].Keyed != connectors.KeyedContent || recs[2].Keyed != connectors.KeyedContent || recs[1].ID == recs[2].ID {
		t.Errorf("%+v", recs)
	}
	if len(rejected) != 1 || !rejected[0].Kept || !strings.Contains(rejected[0].Reason, `"Two" from jana@example.com of 2024-01-01`) || !strings.Contains(rejected[0].Reason, "a:1") {
		t.Errorf("%+v", rejected)
	}
	for _, r := range recs {
		if r.Message.Thread == "" {
			t.Errorf("%s has no thread", r.ID)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files   tree
		options map[string]string
		says    string
	}{
		"a table": {tree{"x": "From,To\na,b\n"}, map[string]string{"path": "x"}, "x holds no mail"},
		"cards":   {tree{"x": "BEGIN:VCARD\nFN:x\nEND:VCARD\n"}, map[string]string{"path": "x"}, "x holds no mail"},
		"nothing": {tree{"x": "\n"}, map[string]string{"path": "x"}, "x is empty"},
		"no file": {tree{}, map[string]string{"path": "x"}, "there is no file x"},
		"no mail": {tree{"x/a.txt": "hello", "x/b/c.vcf": "From: a\nTo: b\n\n"}, map[string]string{"path": "x"}, "holds no mail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := c.files.open(t, c.options).Check(context.Background()); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
	for _, options := range []map[string]string{{}, {"path": "x", "skip": "everything"}} {
		if _, err := Spec().Open(context.Background(), options, tree{}.env()); err == nil || connectors.ClassOf(err) != connectors.Invalid {
			t.Errorf("%v: %v", options, err)
		}
	}
}

// What changed while it was read is read from the start.
func TestChangedWhileRead(t *testing.T) {
	t.Parallel()
	var letters []string
	for i := range 450 {
		letters = append(letters, letterOf(fmt.Sprintf("%d@x", i), jana, shop, "Hi", i%60, "", "x"))
	}
	files := tree{"a.mbox": mboxOf(letters...)}
	c := files.open(t, map[string]string{"path": "a.mbox"})
	first, err := c.Pull(context.Background(), connectors.MessageKind, "")
	if err != nil || first.Total != 450 {
		t.Fatal(first.Total, err)
	}
	files["a.mbox"] += mboxOf(letterOf("new@x", jana, shop, "Hi", 1, "", "x"))
	for range 2 { // the same connection, and one that knows nothing of it
		if _, err := c.Pull(context.Background(), connectors.MessageKind, first.Next); connectors.ClassOf(err) != connectors.CursorExpired {
			t.Errorf("%v", err)
		}
		c = files.open(t, map[string]string{"path": "a.mbox"})
	}
	if recs, _, _ := all(t, c); len(recs) != 451 {
		t.Errorf("%d messages", len(recs))
	}
	for _, bad := range []connectors.Cursor{"x", "1 9 0 1 0 0 m", "1 0 -1 1 0 0 m"} {
		if _, err := c.Pull(context.Background(), connectors.MessageKind, bad); connectors.ClassOf(err) != connectors.CursorExpired {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

var someLine = rapid.OneOf(rapid.SampledFrom([]string{"", "", "From here", "From x@y.de Mon Jan  1 12:00:00 2024", ">From there", ">>>From", "> quoted", "Subject: x", "--b", "hello 李伟", "Fro", "\xff\xfe", strings.Repeat("long ", 20_000)}),
	rapid.Map(rapid.SliceOfN(rapid.ByteRange(1, 255), 0, 40), func(b []byte) string { return strings.ReplaceAll(string(b), "\n", "") }))

// What is written as mboxrd is read to the byte, wherever reading begins again.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var letters []string
		for i := range rapid.IntRange(1, 6).Draw(t, "letters") {
			body := strings.Join(rapid.SliceOfN(someLine, 0, 12).Draw(t, "body"), "\n")
			letters = append(letters, fmt.Sprintf("Message-ID: <%d@x>\nFrom: a@b.de\nTo: c@d.de\n\n%s\n", i, body))
		}
		text := mboxOf(letters...)
		src := bytes.NewReader([]byte(text))
		s := newScanner(src, src.Size(), false, 0, 1)
		for i, want := range letters {
			l, err := s.next()
			if err != nil || string(l.raw) != want {
				t.Fatalf("message %d: %v\n%q, not\n%q", i, err, l.raw, want)
			}
			if line := int64(1 + strings.Count(text[:l.start], "\n")); line != l.line {
				t.Fatalf("message %d is on line %d, not %d", i, line, l.line)
			}
			if i+1 < len(letters) {
				again, err := newScanner(src, src.Size(), false, l.end, l.endLine).next()
				if err != nil || string(again.raw) != letters[i+1] {
					t.Fatalf("read from %d: %v %q", l.end, err, again.raw)
				}
			}
		}
		if l, err := s.next(); err == nil {
			t.Fatalf("there is more: %q", l.raw)
		}
	})
}

func FuzzMbox(f *testing.F) {
	f.Add([]byte(mboxOf(letterOf("1@x", jana, shop, "Hi", 1, "", "x"), letterOf("1@x", jana, shop, "Ho", 1, "Content-Length: 2\n", "y"))))
	f.Add([]byte("From a Mon Jan 1 12:00:00 2024\nFrom: x\nTo: y\nContent-Length: 9\n\n>From z\n\nFrom b\nDate: x"))
	f.Add([]byte("Subject: x\n\nFrom "))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := tree{"a.mbox": string(data)}.open(t, map[string]string{"path": "a.mbox"})
		if c.Check(context.Background()) != nil {
			return
		}
		d, err := c.Describe(context.Background())
		if err != nil {
			return
		}
		recs, _, told := all(t, c)
		if int64(told) != d.Rows {
			t.Fatalf("%d of %d", told, d.Rows)
		}
		ids := map[string]bool{}
		for _, r := range recs {
			if r.ID == "" || ids[r.ID] || r.Message.Thread == "" {
				t.Fatalf("record %q twice or without a thread", r.ID)
			}
			ids[r.ID] = true
		}
	})
}

// generated is a mailbox of about size bytes: short mails, some with HTML, some with an attachment.
func generated(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("Guten Tag wann kommt das Teleskop bitte senden Sie eine Rechnung 望远镜 什么时候 发货 thank you for the quick answer the mount is fine متى يصل")
	text := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(words[r.IntN(len(words))])
			b.WriteByte(" \n"[min(1, (i%12)/11)])
		}
		return b.String()
	}
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "From x@y.de Mon Jan  1 12:00:00 2024\nReceived: from a by b; Mon, 1 Jan 2024 12:00:00 +0000\nMessage-ID: <%d@example.com>\nFrom: =?utf-8?Q?Jana_K=C3=B6hler?= <p%d@example.com>\nTo: Shop <shop@example.com>\nSubject: Order %d\nDate: Mon, %d Jan 2024 12:00:00 +0100\nMIME-Version: 1.0\n", i, i%97, i, 1+i%28)
		if i%3 > 0 {
			fmt.Fprintf(&b, "References: <%d@example.com>\n", i-1)
		}
		switch i % 10 {
		case 0:
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: text/plain; charset=utf-8\n\n%s\n--bb\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n%s--bb--\n\n", text(80), strings.Repeat(strings.Repeat("QUJD", 19)+"\n", 400))
		case 1, 2, 3:
			fmt.Fprintf(&b, "Content-Type: multipart/alternative; boundary=bb\n\n--bb\nContent-Type: text/plain; charset=utf-8\n\n%s\n--bb\nContent-Type: text/html; charset=utf-8\n\n<html><body><p>%s</p><blockquote>%s</blockquote></body></html>\n--bb--\n\n", text(80), text(80), text(200))
		default:
			fmt.Fprintf(&b, "Content-Type: text/plain; charset=utf-8\n\n%s\n\nOn Mon, Jan 1, 2024 at 12:00 Shop <shop@example.com> wrote:\n> %s\n-- \nJana\n\n", text(120), strings.ReplaceAll(text(100), "\n", "\n> "))
		}
	}
	return b.Bytes()
}

func BenchmarkMailbox(b *testing.B) {
	data := generated(20 << 20)
	n := bytes.Count(data, []byte("\nFrom x@"))
	rate := func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	}
	b.Run("from-lines", func(b *testing.B) {
		for b.Loop() {
			found := 0
			for rest := data; len(rest) > 0; {
				line, after, _ := bytes.Cut(rest, []byte{'\n'})
				if bytes.HasPrefix(line, []byte("From ")) {
					found++
				}
				rest = after
			}
			if found < n {
				b.Fatal(found)
			}
		}
		rate(b)
	})
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			s := newScanner(bytes.NewReader(data), int64(len(data)), false, 0, 1)
			for _, err := s.next(); err == nil; _, err = s.next() {
			}
		}
		rate(b)
	})
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			s := newScanner(bytes.NewReader(data), int64(len(data)), false, 0, 1)
			for l, err := s.next(); err == nil; l, err = s.next() {
				if _, err := mail.Parse(l.raw); err != nil {
					b.Fatal(err)
				}
			}
		}
		rate(b)
	})
	b.Run("pull", func(b *testing.B) {
		files := tree{path.Join("a.mbox"): string(data)}
		for b.Loop() {
			if recs, _, _ := all(b, files.open(b, map[string]string{"path": "a.mbox"})); len(recs) < n {
				b.Fatal(len(recs))
			}
		}
		rate(b)
	})
}
