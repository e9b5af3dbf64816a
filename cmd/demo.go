package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/cmd/internal/demo"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

func newDemo(f *factory) *cobra.Command {
	dir := "demo"
	c := &cobra.Command{
		Use:   "demo",
		Short: "an invented company to try Kept on",
		Long: "Build an invented company in a folder of its own: the exports of two shops, an address book,\n" +
			"a newsletter and a mailbox, imported, with what its people wrote down. It is the same every time, needs no\n" +
			"network, and its clock stands still. Your own state is not touched.",
		Example: examples("demo", "demo --dir /tmp/nordlicht"),
		GroupID: groupCare,
		Args:    arguments(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return f.demo(c.Context(), dir) },
	}
	c.Flags().StringVar(&dir, "dir", dir, "the `FOLDER` to build it in")
	return c
}

// demoOut is what "kept demo" answers.
type demoOut struct {
	State     string               `json:"state"`
	Customers int                  `json:"customers"`
	Records   int64                `json:"records"`
	Linked    int64                `json:"linked"`
	Questions int                  `json:"questions"`
	Lost      int64                `json:"lost"`
	Files     []service.ImportFile `json:"files"`
	Sums      []state.Sum          `json:"sums"`
}

func (f *factory) demo(ctx context.Context, dir string) (err error) {
	built, err := demo.Build(ctx, dir, f.o.Specs)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := built.Close(); err == nil {
			err = cerr
		}
	}()
	path := filepath.Join(dir, demo.StateFile)
	d := &demoTalk{f: f, built: built, ctx: service.WithCaller(ctx, service.Caller{Zone: demo.Zone})}
	d.p = text.For(f.printer().Lang()).In(demo.Zone, built.Now).As(program() + " --state " + shellWord(path))
	if d.out, err = demoSums(d.ctx, built, path); err != nil {
		return err
	}
	if f.flags.output != formatTable {
		return f.show(bot.Card{Data: d.out})
	}
	return d.tell()
}

// program is how whoever typed this calls us, so that what we print can be pasted.
func program() string {
	if strings.ContainsRune(os.Args[0], os.PathSeparator) {
		return shellWord(os.Args[0])
	}
	return "kept"
}

func demoSums(ctx context.Context, built *demo.Built, path string) (demoOut, error) {
	out := demoOut{State: path, Questions: built.Asks}
	for _, in := range built.Imports {
		n := in.Total.Counts
		out.Records += n.New
		out.Linked += n.Linked
		out.Lost += n.Told - n.Seen - n.Aside
		out.Files = append(out.Files, in.Files...)
		out.Sums = append(out.Sums, in.Total.Sums...)
	}
	page := service.CustomerListIn{}
	for {
		list, err := built.API.CustomerList(ctx, page)
		if err != nil {
			return out, err
		}
		out.Customers += len(list.Customers)
		if page.After = list.Next; list.Next == "" {
			return out, nil
		}
	}
}

// demoTalk tells a new user what has been built.
type demoTalk struct {
	f     *factory
	ctx   context.Context
	built *demo.Built
	out   demoOut
	p     *text.Printer
}

// say chooses between the two languages.
func (d *demoTalk) say(english, chinese string) string {
	if d.p.Lang() == text.Chinese {
		return chinese
	}
	return english
}

func (d *demoTalk) tell() error {
	if err := d.read(); err != nil {
		return err
	}
	if err := d.twins(); err != nil {
		return err
	}
	if err := d.meeting(); err != nil {
		return err
	}
	d.next()
	return nil
}

// read says what stood in the files and what came of it.
func (d *demoTalk) read() error {
	s := newSheet(d.say("Kept demo: Nordlicht Optik, a small company that sells telescopes. Nobody in it exists.",
		"Kept 演示：Nordlicht Optik，一家出售望远镜的小公司。人物均为虚构。"), nil)
	var files []bot.Row
	last := ""
	for _, file := range d.built.Company.Files {
		name := file.Connection
		if name == last {
			name = ""
		}
		last = file.Connection
		files = append(files, row("", strong(name), plain(file.Path), plain(d.count(file))))
	}
	s.table("", 2, files)
	var aside []string
	for _, file := range d.out.Files {
		for _, r := range file.Rejected {
			how := d.say("; the rest of it was read", "；其余内容已读入")
			if !r.Kept {
				how = d.say("; kept aside as ", "；已搁置为 ") + r.Question
			}
			aside = append(aside, r.Where+d.p.T("card.colon")+r.Reason+how)
		}
	}
	s.lines("", aside...)
	in := state.Args{"customers": d.p.Number(int64(d.out.Customers)), "records": d.p.Number(d.out.Records), "linked": d.p.Number(d.out.Linked),
		"questions": d.p.Number(int64(d.out.Questions)), "lost": d.p.Number(d.out.Lost)}
	s.lines("", fill(d.say("In step: {customers} customers from {records} records; {linked} linked by themselves, {questions} wait for you, {lost} lost.",
		"对账一致：{records} 条记录归为 {customers} 位客户；{linked} 条自动关联，{questions} 项待您回答，丢失 {lost} 条。"), in), d.sold())
	return d.f.render(d.f.o.Out, s.card)
}

// fill puts arguments into a sentence.
func fill(sentence string, args state.Args) string {
	for name, value := range args {
		sentence = strings.ReplaceAll(sentence, "{"+name+"}", value)
	}
	return sentence
}

// count says how many of what a file has.
func (d *demoTalk) count(file demo.File) string {
	n := int64(file.Records)
	switch file.Path {
	case demo.FileCustomers:
		return d.p.Number(n) + d.say(" customers", " 位顾客")
	case demo.FileContacts:
		return d.p.Number(n) + d.say(" cards", " 张名片")
	case demo.FileMailbox:
		return d.p.Number(n) + d.say(" messages, ", " 封邮件，") + d.p.Number(int64(d.built.Company.Threads)) +
			d.say(" threads, English and Chinese", " 个会话，中英文")
	case demo.FileNewsletter:
		c := d.built.Company
		return d.p.Number(n) + d.say(" members, ", " 位订阅者，其中 ") + d.p.Number(int64(len(c.Unsubscribed))) +
			d.say(" unsubscribed, ", " 位已退订，") + d.p.Number(int64(len(c.Undeliverable))) + d.say(" undeliverable", " 个地址无法送达")
	case demo.FileOrders:
		return d.p.Number(n) + d.say(" orders, ", " 份订单，") + d.p.Number(int64(d.built.Company.Buyers)) + d.say(" buyers", " 位买家")
	}
	return d.p.Number(n) + d.say(" orders", " 份订单")
}

// sold is what the shops took, a sum for each currency.
func (d *demoTalk) sold() string {
	var parts []string
	for _, x := range d.out.Sums {
		parts = append(parts, x.Connection+" "+d.p.Money(state.Money{Minor: x.Net, Currency: x.Currency}))
	}
	return d.say("Sold, net of refunds: ", "销售额（已扣除退款）：") + strings.Join(parts, " · ")
}

// twins shows the question about the person who is there in three spellings.
func (d *demoTalk) twins() error {
	list, err := d.built.API.QuestionList(d.ctx, service.QuestionListIn{Ref: demo.Twin, Kind: state.QuestionMatch})
	if err != nil {
		return err
	}
	if len(list.Questions) == 0 {
		return &state.Error{Class: state.Failed, Code: "internal", Cause: fmt.Errorf("the demo raises no question about %s", demo.Twin)}
	}
	return d.word(d.say("One name in three spellings: Wei Li has the same e-mail as Li Wei and joined by itself; 李伟 waits for you.",
		"一个姓名，三种写法：Wei Li 与 Li Wei 邮箱相同，已自动关联；李伟待您回答。"), "questions", list.Questions[0].Number)
}

func (d *demoTalk) meeting() error {
	return d.word(d.say("Jana Köhler comes in half an hour. What do we know?", "Jana Köhler 半小时后到。我们了解她什么？"), "brief", "jana")
}

// word runs a daily word and shows its answer below the command that gives it again.
func (d *demoTalk) word(question, name string, args ...string) error {
	d.f.say("", question, "$ "+d.p.Command(strings.Join(append([]string{name}, args...), " ")))
	w := bot.Lookup(name)
	card, err := w.Run(d.ctx, d.built.API, bot.Request{Words: args, Options: map[string]string{}, Lang: d.p.Lang(), Zone: demo.Zone,
		Now: d.built.Now, Command: strings.TrimSuffix(d.p.Command(""), " ")})
	if err != nil {
		return err
	}
	return d.f.render(d.f.o.Out, card)
}

// next names commands to go on with. They stand as they are, however narrow the terminal is, so
// that they can be pasted.
func (d *demoTalk) next() {
	rows := [][2]string{
		{d.say("What did we promise, and what is late?", "我们承诺了什么，哪些已逾期？"), d.p.Command("promises --late")},
		{d.say("What happened with 李伟?", "与李伟的往来？"), d.p.Command("history 李伟")},
		{d.say("Who wrote and is no customer?", "谁来过信、还不是客户？"), d.p.Command("customer waiting")},
		{d.say("Everything that waits for an answer:", "所有待回答的问题："), d.p.Command("questions")},
		{d.say("Your own files next:", "接下来用您自己的文件："), program() + " import ~/Downloads/orders_export.csv"},
	}
	width := 0
	for _, r := range rows {
		width = max(width, runewidth.StringWidth(r[0]))
	}
	d.f.say("")
	for _, r := range rows {
		d.f.say(runewidth.FillRight(r[0], width) + "  " + r[1])
	}
}

// say writes lines of data.
func (f *factory) say(lines ...string) {
	for _, l := range lines {
		fmt.Fprintln(f.o.Out, l)
	}
}
