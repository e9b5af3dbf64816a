package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// ours are the addresses of Nordlicht Optik's own people.
var ours = map[string]address{
	"ana": {"Ana Lima", "ana.lima@nordlicht.example"},
	"wei": {"Wei Zhang", "wei.zhang@nordlicht.example"},
	"tom": {"Tom Becker", "tom.becker@nordlicht.example"},
}

// address is a name and an address as a header has them.
type address struct{ name, mail string }

func (a address) header() string {
	if a.name == "" {
		return a.mail
	}
	if name := mime.BEncoding.Encode("utf-8", a.name); name != a.name {
		return name + " <" + a.mail + ">"
	}
	return `"` + a.name + `" <` + a.mail + ">"
}

// mail is one message of the mailbox.
type mail struct {
	at       time.Time
	from, to address
	cc       *address
	subject  string
	text     string
	file     string // an attachment's name; "" for none
	id       string
	answers  *mail
	headers  []string // further ones, whole lines
	sent     bool
	old      bool // written on a computer that knows GB18030 alone
}

const (
	talksEnglishHeld = 150
	talksChineseHeld = 34
	bulletinsHeld    = 210
	billsHeld        = 36
	asidesHeld       = 30
)

// office makes the mail of the office, by time.
func (w *world) office(c *cast, shop []*person) []*mail {
	var english, chinese []*person
	for _, p := range shop {
		switch {
		case p == c.jana || p == c.liwei || p == c.weili || p.company == "Museum":
		case p.eastern():
			chinese = append(chinese, p)
		default:
			english = append(english, p)
		}
	}
	var all []*mail
	for i := range talksEnglishHeld {
		all = append(all, w.talk(talks[i%len(talks)], pick(w.dice, english), pick(w.dice, []string{"ana", "tom", "tom", "ana", "wei"}), w.talkStart())...)
	}
	for i := range talksChineseHeld {
		all = append(all, w.talk(talksChinese[i%len(talksChinese)], pick(w.dice, chinese), "wei", w.talkStart())...)
	}
	all = append(all, c.letters()...)
	number := func(s string, n int) string { return strings.ReplaceAll(s, "{n}", strconv.Itoa(n)) }
	for i := range bulletinsHeld {
		b := bulletins[i%len(bulletins)]
		m := &mail{at: w.talkStart(), from: address{b.name, b.address}, to: ours["ana"], subject: number(b.subject, 2400+i), text: b.text}
		if b.list != "" {
			m.headers = []string{"List-Id: <" + b.list + ">", "List-Unsubscribe: <https://" + b.list + "/leave>"}
		}
		all = append(all, m)
	}
	for i := range billsHeld {
		s := suppliers[i%len(suppliers)]
		m := &mail{at: w.talkStart(), from: address{s.name, s.address}, to: ours["ana"], subject: number(s.subject, 7000+3*i), text: s.text}
		if s.file != "" {
			m.file = number(s.file, 7000+3*i)
		}
		all = append(all, m)
	}
	for _, s := range strangers {
		all = append(all, &mail{at: w.moment(lastDay.AddDate(0, -3, 0), lastDay), from: address{s.name, s.address}, to: ours["ana"], subject: s.subject, text: s.text})
	}
	// One of them got an answer, and is a prospect since.
	asked := all[len(all)-len(strangers)]
	answer := &mail{at: asked.at.Add(20 * time.Hour), from: ours["tom"], to: asked.from, subject: asked.subject, sent: true,
		text: "Hello Gesa,\n\nwe do, if the lens is clear. Please send two pictures, one of them against a lamp." + sign(ours["tom"], false)}
	answer.reply(asked, false)
	all = append(all, answer)
	for i := range asidesHeld {
		a := asides[i%len(asides)]
		who := []address{ours["tom"], ours["wei"], ours["ana"]}
		all = append(all, &mail{at: w.talkStart(), from: who[i%3], to: who[(i+1)%3], subject: a.subject, text: a.text, sent: true})
	}
	slices.SortStableFunc(all, func(a, b *mail) int { return a.at.Compare(b.at) })
	for i, m := range all {
		m.id = fmt.Sprintf("%s.%04d@%s", m.at.Format("20060102150405"), i+1, m.from.mail[strings.Index(m.from.mail, "@")+1:])
	}
	return all
}

func (w *world) talkStart() time.Time {
	return w.moment(lastDay.AddDate(-1, -6, 0), lastDay.AddDate(0, 0, -21))
}

// talk is one conversation with a customer.
func (w *world) talk(t talk, p *person, staff string, at time.Time) []*mail {
	n := strconv.Itoa(w.dice.between(4, 28))
	write := strings.NewReplacer("{first}", p.given.own, "{article}", pick(w.dice, articles).name, "{n}", n)
	if p.eastern() {
		write = strings.NewReplacer("{first}", p.full(), "{n}", n)
	}
	him := address{p.full(), p.email}
	var all []*mail
	for i, l := range t.letters {
		m := &mail{at: at, from: him, to: ours[staff], subject: write.Replace(t.subject), text: write.Replace(l.text), file: write.Replace(l.file)}
		if l.out {
			m.from, m.to, m.sent = ours[staff], him, true
			m.text += sign(ours[staff], p.eastern())
		} else if i == 0 {
			m.text += "\n\n" + p.full()
		} else if w.dice.chance(30) {
			m.text += "\n\nSent from my iPhone"
		}
		m.old = p.eastern() && !l.out && w.dice.chance(35)
		if len(all) > 0 {
			m.reply(all[len(all)-1], p.eastern())
		}
		all = append(all, m)
		at = at.Add(time.Duration(w.dice.between(25, 2600)) * time.Minute)
	}
	return all
}

func sign(who address, chinese bool) string {
	if chinese {
		return "\n\n-- \n" + who.name + "\nNordlicht Optik 北极光光学"
	}
	return "\n\nKind regards\n\n-- \n" + who.name + "\nNordlicht Optik, Lübeck"
}

// reply makes a message the answer to another, which it quotes.
func (m *mail) reply(to *mail, chinese bool) {
	m.answers = to
	re, said := "Re: ", "On "+to.at.Format("Mon, 2 Jan 2006 at 15:04")+", "+to.from.name+" <"+to.from.mail+"> wrote:"
	if chinese {
		re, said = "回复：", "在 "+to.at.Format("2006-01-02 15:04:05")+"，"+to.from.name+" <"+to.from.mail+"> 写道："
	}
	m.subject = re + strings.TrimPrefix(strings.TrimPrefix(to.subject, "Re: "), "回复：")
	m.text += "\n\n" + said + "\n> " + strings.ReplaceAll(to.text, "\n", "\n> ")
}

// letters are the conversations that the demo's stories speak of.
func (c *cast) letters() []*mail {
	at := func(s string) time.Time {
		t, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			panic(err)
		}
		return t
	}
	jana, liwei := address{"Jana Köhler", janaMail}, address{"李伟", liweiMail}
	quote := []*mail{
		{at: at("2026-11-13 08:52"), from: jana, to: ours["wei"], cc: addressOf("ana"), subject: "Quote 2231",
			text: "Dear Wei,\n\nthank you for the call. We need 40 finderscopes for the course in spring. Could you write the price down, with delivery in February?\n\nJana Köhler\nHead of public programme"},
		{at: at("2026-11-16 08:36"), from: ours["wei"], to: jana, cc: addressOf("ana"), subject: "Quote 2231", sent: true,
			text: "Dear Jana,\n\nI have to ask the works about February. I will send you the revised quote for 40 units by Thursday." + sign(ours["wei"], false)},
		{at: at("2026-11-19 15:41"), from: jana, to: ours["ana"], cc: addressOf("wei"), subject: "Quote 2231: still waiting",
			text: "Dear Ana,\n\nI am still waiting for the quote, and the board meets on Saturday. Can you help?\n\nJana"},
	}
	samples := []*mail{
		{at: at("2026-11-17 01:15"), from: liwei, to: ours["wei"], subject: "样品", old: true,
			text: "张先生：\n\n展会在下周四，我们周三前要拿到样品，能先寄一套 9 mm 广角目镜吗？\n\n李伟\n青岛星海光学有限公司"},
		{at: at("2026-11-19 02:05"), from: ours["wei"], to: liwei, subject: "样品", sent: true,
			text: "李总：\n\n没问题，样品下周三前寄到，走顺丰，单号寄出后发您。" + sign(ours["wei"], true)},
		{at: at("2026-11-20 01:22"), from: liwei, to: ours["wei"], subject: "样品", text: "好的，谢谢！另外大货的价格能不能再谈一谈？"},
	}
	for _, thread := range [][]*mail{quote, samples} {
		for i := 1; i < len(thread); i++ {
			subject := thread[i].subject
			thread[i].reply(thread[i-1], thread[0].from == liwei)
			if strings.Contains(subject, ":") {
				thread[i].subject = "Re: " + subject
			}
		}
	}
	return append(quote, samples...)
}

func addressOf(login string) *address {
	a := ours[login]
	return &a
}

// mailboxFile writes the mail as a mailbox in the format mbox (mboxrd), with one message of which
// half was lost.
func mailboxFile(all []*mail) []byte {
	var b bytes.Buffer
	for i, m := range all {
		fmt.Fprintf(&b, "From %s %s\n", m.from.mail, m.at.Format(time.ANSIC))
		for line := range bytes.Lines(m.bytes()) {
			if bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
				b.WriteByte('>')
			}
			b.Write(line)
		}
		b.WriteByte('\n')
		if i == len(all)/2 {
			b.WriteString("From somebody@example.com " + m.at.Format(time.ANSIC) + "\n\xfe\x01\x02 the disk was full\n\n")
		}
	}
	return b.Bytes()
}

func (m *mail) bytes() []byte {
	var b bytes.Buffer
	head := func(name, value string) { b.WriteString(name + ": " + value + "\n") }
	label := "Inbox"
	if m.sent {
		label = "Sent"
	}
	head("X-Gmail-Labels", label)
	head("Date", m.at.Format(time.RFC1123Z))
	head("From", m.from.header())
	head("To", m.to.header())
	if m.cc != nil {
		head("Cc", m.cc.header())
	}
	head("Subject", m.encoded(m.subject))
	head("Message-ID", "<"+m.id+">")
	if m.answers != nil {
		head("In-Reply-To", "<"+m.answers.id+">")
		var refs []string
		for a := m.answers; a != nil; a = a.answers {
			refs = append([]string{"<" + a.id + ">"}, refs...)
		}
		head("References", strings.Join(refs, "\n "))
	}
	for _, h := range m.headers {
		b.WriteString(h + "\n")
	}
	head("MIME-Version", "1.0")
	if m.file == "" {
		b.Write(m.body())
		return b.Bytes()
	}
	const edge = "=_nordlicht"
	head("Content-Type", `multipart/mixed; boundary="`+edge+`"`)
	b.WriteString("\n--" + edge + "\n")
	b.Write(m.body())
	kind := "application/pdf"
	if strings.HasSuffix(m.file, ".jpg") {
		kind = "image/jpeg"
	}
	b.WriteString("--" + edge + "\n")
	head("Content-Type", kind)
	head("Content-Disposition", `attachment; filename="`+mime.BEncoding.Encode("utf-8", m.file)+`"`)
	head("Content-Transfer-Encoding", "base64")
	b.WriteString("\n" + base64.StdEncoding.EncodeToString([]byte("invented: "+m.file)) + "\n--" + edge + "--\n")
	return b.Bytes()
}

func (m *mail) encoded(s string) string {
	if !m.old {
		return mime.QEncoding.Encode("utf-8", s)
	}
	return "=?gb18030?B?" + base64.StdEncoding.EncodeToString(gb(s)) + "?="
}

// body is the text part with its headers, encoded as its writer's program does it.
func (m *mail) body() []byte {
	var b bytes.Buffer
	if m.old {
		b.WriteString("Content-Type: text/plain; charset=gb18030\nContent-Transfer-Encoding: base64\n\n")
		code := base64.StdEncoding.EncodeToString(gb(m.text + "\n"))
		for len(code) > 76 {
			b.WriteString(code[:76] + "\n")
			code = code[76:]
		}
		b.WriteString(code + "\n")
		return b.Bytes()
	}
	b.WriteString("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n")
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(m.text + "\n")) // to memory: cannot fail
	_ = w.Close()
	return bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n"))
}

func gb(s string) []byte {
	out, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	if err != nil {
		panic(err) // GB18030 has all of Unicode
	}
	return out
}
