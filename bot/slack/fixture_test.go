package slack

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// The office of these tests on a Saturday afternoon in November 2026.
var present = time.Date(2026, 11, 21, 13, 30, 0, 0, time.UTC)

const berlin = "Europe/Berlin"

func on(m time.Month, d, h int) time.Time { return time.Date(2026, m, d, h, 0, 0, 0, time.UTC) }

func dayEnd(m time.Month, d int) *time.Time {
	t := time.Date(2026, m, d, 22, 59, 59, 0, time.UTC)
	return &t
}

func reads(lang string) bot.Reader {
	return bot.Reader{Lang: lang, Zone: berlin, Command: "/kept", Now: present}
}

var (
	jana  = service.CustomerRef{Number: "c812", Name: "Jana Köhler", Kind: "person"}
	nowak = service.CustomerRef{Number: "c7", Name: "Jana Nowak", Kind: "person"}
	liwei = service.CustomerRef{Number: "c34", Name: "李伟", Kind: "person"}
	amal  = service.CustomerRef{Number: "c35", Name: "فاطمة الزهراء", Kind: "person"}
	evil  = service.CustomerRef{Number: "c36", Name: "Bobby <!channel> & <@U99> Söhne", Kind: "organisation"}
	party = service.CustomerRef{Number: "c37", Name: "Zoë 🎉👩‍👩‍👧 Fête", Kind: "person"}
	one   = service.CustomerRef{Number: "c38", Name: "Suharto", Kind: "person"}
)

// office is a company that changes as it is told to.
type office struct {
	mu       sync.Mutex
	promises []service.Promise
	asked    []string // what was written, in order
	fail     error    // what the next write ends with
	note     string   // body of the long note
	said     *service.SaidInChat
	hide     error // what promise p12 is answered with
}

func newOffice() *office {
	o := &office{note: longNote(10_000)}
	add := func(c service.CustomerRef, by, text, direction string, due *time.Time, late int) {
		n := fmt.Sprintf("p%d", 12+len(o.promises))
		o.promises = append(o.promises, service.Promise{ID: "n-" + n, Number: n, Direction: direction, Customer: c.Number, CustomerName: c.Name, By: by, Text: text,
			Due: due, DateOnly: true, Zone: berlin, State: "open", Late: late > 0, LateDays: late, Made: on(time.November, 16, 9), Evidence: []state.Evidence{{Code: "said_in_mail"}}})
	}
	add(jana, "Wei Zhang", "send you the revised quote for 40 units by Thursday", state.Ours, dayEnd(time.November, 19), 2)
	add(liwei, "张伟", "周五之前寄样品", state.Ours, dayEnd(time.November, 27), 0)
	add(amal, "Ana Lima", "إرسال العرض قبل يوم الثلاثاء", state.Ours, dayEnd(time.November, 24), 0)
	add(evil, "Tom Ford", "call <!here> about *both* invoices & `SKU-7` > 5", state.Ours, nil, 0)
	add(jana, "", "sign the framework contract", state.Theirs, dayEnd(time.November, 25), 0)
	add(party, "Wei Zhang", "🎉 send the party telescope", state.Ours, dayEnd(time.December, 1), 0)
	return o
}

// longNote is a note of so many characters, in several scripts and paragraphs.
func longNote(n int) string {
	s := []rune(strings.Repeat("She wants 40 units of SKU-7 & asks <when>; 周五之前寄样品。 متى يصل التلسكوب؟ 🎉 Zweiter Absatz.\n", n/60+1))
	return string(s[:n])
}

func (o *office) write(what string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.fail; err != nil {
		o.fail = nil
		return err
	}
	o.asked = append(o.asked, what)
	return nil
}

func (o *office) written() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.asked)
}

// forgets leaves of what was written the first n.
func (o *office) forgets(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = o.asked[:n]
}

func (o *office) change(number string, f func(*service.Promise)) (service.PromiseOut, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.promises {
		if o.promises[i].Number == number {
			f(&o.promises[i])
			return service.PromiseOut{Promise: o.promises[i], Zone: berlin, Now: present}, nil
		}
	}
	return service.PromiseOut{}, &state.Error{Class: state.NotFound, Code: "no_such_promise", Args: state.Args{"ref": number}}
}

func (o *office) list(keep func(service.Promise) bool) []service.Promise {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []service.Promise
	for _, p := range o.promises {
		if keep(p) {
			out = append(out, p)
		}
	}
	return out
}

func (o *office) history() []service.Entry {
	return []service.Entry{
		{ID: "k60.0", Time: on(time.November, 19, 8), Kind: "message", Direction: "in", Channel: "mail", Connection: "mail", Title: "Re: quote 2231: still waiting", Body: "where is it?"},
		{ID: "n3", Time: on(time.November, 10, 15), Kind: "call", Channel: "phone", Title: "price for SKU-7", Body: "12 min. <b>two prices</b> are out.", Actor: "Tom Ford"},
		{ID: "k55.0", Time: on(time.November, 9, 9), Kind: "order", Connection: "shop", Title: "#2231", Amount: &state.Money{Minor: 194000, Currency: "EUR"}, Status: "paid"},
		{ID: "n2", Time: on(time.November, 2, 9), Kind: "note", Title: "مرحبا، متى يصل التلسكوب؟ 🎉", Actor: "فاطمة"},
	}
}

var several = &state.Error{Class: state.Ambiguous, Code: "several_customers", Args: state.Args{"ref": "jana", "more": "2",
	"hits": "c812\tJana Köhler\tSternwarte Lübeck e.V., jana.koehler@sternwarte.example\nc7\tJana Nowak\t+48 22 123 45 67"}}

func (o *office) customer(ref string) (service.CustomerRef, error) {
	for _, c := range []service.CustomerRef{jana, nowak, liwei, amal, evil, party, one} {
		if ref == c.Number || strings.EqualFold(ref, c.Name) {
			return c, nil
		}
	}
	if ref == "jana" {
		return service.CustomerRef{}, several
	}
	return service.CustomerRef{}, &state.Error{Class: state.NotFound, Code: "no_customer", Args: state.Args{"ref": ref, "near": "c812\tJana Köhler\tSternwarte Lübeck e.V."}}
}

var staffOf = []service.Staff{{Number: "s1", Name: "Ana Lima", Role: "manager", Owns: 1204, Open: 3}, {Number: "s2", Name: "Wei Zhang", Role: "rep", Owns: 311, Open: 12, Late: 1}, {Number: "s3", Name: "王芳", Role: "service"}}

var questionsOf = []service.Question{
	{ID: "n-q7", Number: "q7", Kind: "match", A: &liwei, B: &service.CustomerRef{Number: "c40", Name: "Li Wei"}, SeenA: "李伟, +8613800138000, shop", SeenB: "Li Wei, +8613800138000, book",
		Reasons: []state.Evidence{{Code: "same_phone", Args: state.Args{"value": "+8613800138000"}}, {Code: "names_differ", Against: true, Args: state.Args{"a": "李伟", "b": "Li Wei"}}},
		Options: []string{"yes", "no"}, State: "open"},
	{ID: "n-q9", Number: "q9", Kind: "promise", A: &jana, By: "Wei Zhang", Direction: "ours", Raw: "I'll send you the quote by Thursday", Due: dayEnd(time.November, 26), DateOnly: true, Zone: berlin,
		Options: []string{"yes", "no", "done"}, State: "open", Reasons: []state.Evidence{{Code: "said_in_mail", Args: state.Args{"from": "Wei Zhang", "subject": "Re: quote 2231", "at": "2026-11-20T08:00:00Z"}}}},
	{ID: "n-q12", Number: "q12", Kind: "row", From: "customers.csv", Where: "customers.csv:2,871", Reasons: []state.Evidence{{Code: "row_unreadable", Args: state.Args{"reason": "row has 9 cells, the header 12"}}},
		Header: "Email,First Name,Last Name", Raw: "jana@@sternwarte,Jana,<Köhler>", Options: []string{"fix", "drop"}, State: "open"},
}

var followupOf = service.Followup{Number: "t5", Customer: "c812", CustomerName: "Jana Köhler", Text: "call about the mount", For: "Wei Zhang", By: "Ana Lima",
	Due: on(time.November, 20, 22), DateOnly: true, Zone: berlin, State: "open", Late: true, LateDays: 1}

func (o *office) api() service.API {
	return service.API{
		Find: func(_ context.Context, in service.FindIn) (service.FindOut, error) {
			var out service.FindOut
			for _, h := range []service.Hit{{Customer: jana, Company: "Sternwarte Lübeck e.V.", Why: "name", Match: "Jana Köhler", Owner: "Ana Lima"}, {Customer: nowak, Why: "phone", Match: "+48221234567"},
				{Customer: liwei, Company: "北京光学有限公司", Why: "tag", Match: "wholesale", Owner: "Wei Zhang"}, {Customer: amal, Company: "شركة النور", Why: "email", Match: "fatima@example.com"},
				{Customer: evil, Why: "name", Match: "Bobby"}, {Customer: party, Why: "order", Match: "#1001"}, {Customer: one, Why: "name", Match: "Suharto"}} {
				if in.Query == "all" || strings.Contains(strings.ToLower(h.Customer.Name), strings.ToLower(in.Query)) {
					out.Hits = append(out.Hits, h)
				}
			}
			return out, nil
		},
		CustomerShow: func(_ context.Context, in service.CustomerShowIn) (service.CustomerShowOut, error) {
			_, err := o.customer(in.Ref)
			return service.CustomerShowOut{}, err
		},
		Brief: func(_ context.Context, in service.BriefIn) (service.BriefOut, error) {
			c, err := o.customer(in.Ref)
			if err != nil {
				return service.BriefOut{}, err
			}
			out := service.BriefOut{Customer: service.Customer{Number: c.Number, Name: c.Name, Kind: c.Kind, Stage: "customer", Tags: []string{"贵宾"}}, Owner: "Ana Lima", Deputy: "Wei Zhang",
				Since: time.Date(2024, 3, 9, 9, 0, 0, 0, time.UTC), From: []string{"shop", "mail"}, Records: 2, Zone: berlin, Now: present, Last: o.history(),
				Reach:  []service.Reach{{Type: "email", Value: "jana.koehler@sternwarte.example", State: "opted_out", Purpose: "marketing", Since: on(time.November, 2, 9), Source: "newsletter"}, {Type: "phone", Value: "+49451901820"}},
				Bought: []service.Bought{{Connection: "shop", Orders: 23, Net: state.Money{Minor: 4831020, Currency: "EUR"}, Last: on(time.November, 9, 9), LastAmount: state.Money{Minor: 194000, Currency: "EUR"}, EveryDays: 31}},
				Says:   &service.Entry{Time: on(time.November, 19, 8), Kind: "message", Direction: "in", Channel: "mail", Body: "still waiting for the quote"},
				Watch:  []service.Watch{{Code: "silent", Args: state.Args{"days": "75", "usual": "31"}}}}
			out.Ours = o.list(func(p service.Promise) bool {
				return p.Customer == c.Number && p.Direction == state.Ours && p.State == "open"
			})
			out.Theirs = o.list(func(p service.Promise) bool {
				return p.Customer == c.Number && p.Direction == state.Theirs && p.State == "open"
			})
			if c == jana {
				out.Followups = []service.Followup{followupOf}
			}
			return out, nil
		},
		History: func(_ context.Context, in service.HistoryIn) (service.HistoryOut, error) {
			c, err := o.customer(in.Ref)
			out := service.HistoryOut{Customer: c, Zone: berlin, Now: present, Entries: o.history()}
			if c == amal {
				out.Entries = append([]service.Entry{{ID: "n1", Time: on(time.November, 20, 9), Kind: "note", Body: o.note, Actor: "Ana Lima"}}, out.Entries...)
			}
			return out, err
		},
		Who: func(_ context.Context, in service.WhoIn) (service.WhoOut, error) {
			c, err := o.customer(in.Ref)
			return service.WhoOut{Customer: c, Owner: &staffOf[0], Now: &staffOf[1]}, err
		},
		StaffList: func(context.Context, service.StaffListIn) (service.StaffListOut, error) {
			return service.StaffListOut{Staff: staffOf}, nil
		},
		PromiseList: func(_ context.Context, in service.PromiseListIn) (service.PromiseListOut, error) {
			out := service.PromiseListOut{Zone: berlin, Now: present}
			if in.Ref == "many" {
				for i := range 500 {
					p := o.promises[i%len(o.promises)]
					p.Number = "p" + strconv.Itoa(1000+i)
					out.Promises = append(out.Promises, p)
				}
				return out, nil
			}
			if in.Ref != "" {
				c, err := o.customer(in.Ref)
				if err != nil {
					return out, err
				}
				out.Customer = &c
			}
			out.Promises = o.list(func(p service.Promise) bool {
				return (in.All || p.State == "open") && (out.Customer == nil || p.Customer == out.Customer.Number) && (!in.Late || p.Late)
			})
			return out, nil
		},
		PromiseShow: func(_ context.Context, in service.PromiseShowIn) (service.PromiseOut, error) {
			if o.hide != nil {
				return service.PromiseOut{}, o.hide
			}
			return o.change(in.Promise, func(*service.Promise) {})
		},
		PromiseHealth: func(context.Context, service.PromiseHealthIn) (service.PromiseHealthOut, error) {
			return service.PromiseHealthOut{Total: service.PromiseCount{Made: 20, KeptInTime: 12, Open: 5, Late: 1, NotKept: 3}, Now: present, Zone: berlin,
				By: []service.PromiseCount{{Name: "Wei Zhang", Made: 15, KeptInTime: 9, Open: 4, Late: 1, NotKept: 2, ByEvidence: 3}, {Name: "王芳", Made: 5, KeptInTime: 3, Open: 1, NotKept: 1}}}, nil
		},
		PromiseAdd: func(_ context.Context, in service.PromiseAddIn) (service.PromiseOut, error) {
			c, err := o.customer(in.Ref)
			if err != nil {
				return service.PromiseOut{}, err
			}
			if err := o.write(fmt.Sprintf("promise.add %s %q %q by=%s theirs=%v", c.Number, in.Text, in.Due, in.By, in.Theirs)); err != nil {
				return service.PromiseOut{}, err
			}
			o.said = in.Said
			p := service.Promise{Number: "p99", Customer: c.Number, CustomerName: c.Name, By: "Wei Zhang", Text: in.Text, Direction: state.Ours, State: "open", Due: dayEnd(time.November, 27), DateOnly: true, Zone: berlin,
				Made: present, Evidence: []state.Evidence{{Code: "by_hand"}}}
			return service.PromiseOut{Promise: p, Zone: berlin, Now: present}, nil
		},
		Digest: func(context.Context, service.DigestIn) (service.DigestOut, error) {
			return service.DigestOut{Quiet: []service.DigestQuiet{{Customer: service.CustomerRef{Number: "c34", Name: "李伟", Kind: "person"}, Days: 75, Usual: 31}}, Zone: "UTC", Now: present}, nil
		},
		PromiseAssign: func(_ context.Context, in service.PromiseAssignIn) (service.PromiseOut, error) {
			if err := o.write(fmt.Sprintf("promise.assign %s %s", in.Promise, in.Staff)); err != nil {
				return service.PromiseOut{}, err
			}
			return o.change(in.Promise, func(p *service.Promise) { p.By = "Ana Lima" })
		},
		PromiseMove: func(_ context.Context, in service.PromiseMoveIn) (service.PromiseOut, error) {
			if err := o.write(fmt.Sprintf("promise.move %s %q agreed=%v", in.Promise, in.Due, in.Agreed)); err != nil {
				return service.PromiseOut{}, err
			}
			return o.change(in.Promise, func(p *service.Promise) { p.Due, p.Late = dayEnd(time.November, 30), false })
		},
		PromiseClose: func(_ context.Context, in service.PromiseCloseIn) (service.PromiseOut, error) {
			if err := o.write(fmt.Sprintf("promise.close %s %s %q", in.Promise, in.State, in.Note)); err != nil {
				return service.PromiseOut{}, err
			}
			return o.change(in.Promise, func(p *service.Promise) { p.State, p.Late, p.Closed = in.State, false, present })
		},
		FollowupList: func(context.Context, service.FollowupListIn) (service.FollowupListOut, error) {
			return service.FollowupListOut{Followups: []service.Followup{followupOf}, Total: 1, Late: 1, Zone: berlin, Now: present}, nil
		},
		FollowupClose: func(_ context.Context, in service.FollowupCloseIn) (service.FollowupOut, error) {
			x := followupOf
			x.State, x.Late, x.Closed = in.State, false, present
			return service.FollowupOut{Followup: x, Zone: berlin, Now: present}, o.write("followup.close " + in.Followup + " " + in.State)
		},
		QuestionList: func(_ context.Context, in service.QuestionListIn) (service.QuestionListOut, error) {
			list := questionsOf
			if in.Number != "" {
				list = slices.DeleteFunc(slices.Clone(list), func(q service.Question) bool { return q.Number != in.Number })
			}
			return service.QuestionListOut{Questions: list, Total: len(list)}, nil
		},
		Answer: func(_ context.Context, in service.AnswerIn) (service.AnswerOut, error) {
			return service.AnswerOut{Question: questionsOf[0], Customer: liwei, Did: "merged", Left: 2}, o.write(fmt.Sprintf("answer %s %s %q", in.Number, in.Answer, in.Text))
		},
		Assign: func(_ context.Context, in service.AssignIn) (service.CustomerOut, error) {
			c, err := o.customer(in.Ref)
			if err != nil {
				return service.CustomerOut{}, err
			}
			return service.CustomerOut{Customer: service.Customer{Number: c.Number, Name: c.Name, Owner: "Wei Zhang"}}, o.write("assign " + c.Number + " " + in.Staff)
		},
		Note: func(_ context.Context, in service.NoteIn) (service.NoteOut, error) {
			c, err := o.customer(in.Ref)
			if err != nil {
				return service.NoteOut{}, err
			}
			return service.NoteOut{Customer: c, Entry: service.Entry{ID: "n4", Time: present, Kind: "note", Body: in.Text}}, o.write(fmt.Sprintf("note %s %q kind=%s private=%v", c.Number, in.Text, in.Kind, in.Private))
		},
		MayContact: func(context.Context, service.MayContactIn) (service.MayContactOut, error) {
			return service.MayContactOut{Ref: "c812", Customer: &jana, Channel: "phone", Purpose: "sales", Outcome: "ask", Zone: berlin, Now: present,
				Reasons: []state.Evidence{{Code: "gate_quiet", Against: true, Args: state.Args{"outcome": "ask"}}}}, nil
		},
	}
}
