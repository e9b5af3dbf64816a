package render

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// The company of these tests, on Saturday 21 November 2026, half an hour before a meeting.
var now = time.Date(2026, 11, 21, 13, 30, 0, 0, time.UTC)

const zone = "Europe/Berlin"

func day(m time.Month, d, h int) time.Time { return time.Date(2026, m, d, h, 0, 0, 0, time.UTC) }

func endOf(m time.Month, d int) *time.Time {
	t := time.Date(2026, m, d, 22, 59, 59, 0, time.UTC)
	return &t
}

func eur(minor int64) *state.Money { return &state.Money{Minor: minor, Currency: "EUR"} }

var (
	jana   = service.CustomerRef{Number: "c812", Name: "Jana Köhler", Kind: "person"}
	club   = service.CustomerRef{Number: "c9", Name: "Sternwarte Lübeck e.V.", Kind: "organisation"}
	liwei  = service.CustomerRef{Number: "c34", Name: "李伟", Kind: "person"}
	fatima = service.CustomerRef{Number: "c35", Name: "فاطمة الزهراء", Kind: "person"}
	party  = service.CustomerRef{Number: "c36", Name: "Zoë 🎉👩‍👩‍👧 Fête", Kind: "person"}
	longer = service.CustomerRef{Number: "c37", Name: strings.TrimSpace(strings.Repeat("Wolfeschlegelsteinhausenbergerdorff ", 6)), Kind: "person"}
)

var quotePromise = service.Promise{ID: "n-p12", Number: "p12", Direction: "ours", Customer: "c812", CustomerName: "Jana Köhler", By: "Wei Zhang",
	Text: "send you the revised quote for 40 units by Thursday", Due: endOf(time.November, 19), DateOnly: true, Zone: zone, State: "open",
	Late: true, LateDays: 2, Made: day(time.November, 16, 9), Evidence: []state.Evidence{{Code: "mail"}}}

var demoPromise = service.Promise{ID: "n-p13", Number: "p13", Direction: "ours", Customer: "c812", CustomerName: "Jana Köhler", By: "Ana Lima",
	Text: "demonstration for the Kiel team", Due: endOf(time.November, 24), DateOnly: true, Zone: zone, State: "open",
	Made: day(time.November, 12, 9), Evidence: []state.Evidence{{Code: "by_hand", Args: state.Args{"by": "Ana Lima"}}}}

var theirPromise = service.Promise{ID: "n-p14", Number: "p14", Direction: "theirs", Customer: "c812", CustomerName: "Jana Köhler", By: "Jana Köhler",
	Text: "sign the framework contract", Due: endOf(time.November, 25), DateOnly: true, Zone: zone, State: "open",
	Made: day(time.November, 14, 9), Evidence: []state.Evidence{{Code: "mail"}}}

var match = service.Question{ID: "n-q7", Number: "q7", Kind: "match", A: &liwei, B: &service.CustomerRef{Number: "c40", Name: "Li Wei", Kind: "person"},
	SeenA: "李伟, li.wei@example.cn, +8613800138000, shop", SeenB: "Li Wei, +8613800138000, book",
	Reasons: []state.Evidence{{Code: "same_phone", Args: state.Args{"value": "+8613800138000"}}, {Code: "names_differ", Against: true, Args: state.Args{"a": "李伟", "b": "Li Wei"}}},
	Options: []string{"yes", "no"}, Created: day(time.November, 20, 8), State: "open"}

var badRow = service.Question{ID: "n-q12", Number: "q12", Kind: "row", From: "customers.csv", Where: "customers.csv:2,871",
	Reasons: []state.Evidence{{Code: "row_unreadable", Args: state.Args{"reason": "row has 9 cells, the header 12"}}},
	Header:  "Email,First Name,Last Name", Raw: "jana@@sternwarte,Jana\x1b[2J,K\x00öhler", Options: []string{"fix", "drop"}, Created: day(time.November, 20, 8), State: "open"}

func janaBrief() service.BriefOut {
	return service.BriefOut{
		Customer: service.Customer{ID: "n-c812", Number: "c812", Name: "Jana Köhler", Kind: "person", Stage: "customer", Tags: []string{"observatory", "贵宾"}, Grade: "A",
			Identifiers: []service.Identifier{{Type: "email", Value: "jana.koehler@sternwarte.example", Connection: "shop"}, {Type: "phone", Value: "+49451901820", Connection: "book"}},
			Fields:      map[string][]string{"city": {"Lübeck"}}, Records: []service.RecordRef{{Connection: "shop", Kind: "contact", ID: "17", Number: "k55"}}},
		Employers: []service.Affiliation{{Customer: club, Kind: "works_for", Outgoing: true}},
		Owner:     "Ana Lima", Deputy: "Wei Zhang", Since: time.Date(2024, 3, 9, 9, 0, 0, 0, time.UTC),
		Reach: []service.Reach{{Type: "email", Value: "jana.koehler@sternwarte.example", State: "opted_out", Purpose: "marketing", Since: day(time.November, 2, 9), Source: "newsletter"},
			{Type: "phone", Value: "+49451901820"}},
		Bought: []service.Bought{{Connection: "shop", Orders: 23, Net: *eur(4831020), Last: day(time.November, 9, 9), LastAmount: *eur(194000), EveryDays: 31},
			{Connection: "etsy", Orders: 1, Net: state.Money{Minor: 1200, Currency: "JPY"}, Last: day(time.March, 9, 9), LastAmount: state.Money{Minor: 1200, Currency: "JPY"}}},
		Says:   &service.Entry{Time: day(time.November, 19, 8), Kind: "message", Direction: "in", Channel: "mail", Body: "still waiting for the quote"},
		Ours:   []service.Promise{quotePromise, demoPromise},
		Theirs: []service.Promise{theirPromise},
		Watch: []service.Watch{{Code: "refund", Args: state.Args{"minor": "4999", "currency": "EUR", "order": "2231", "at": "2026-11-10T10:00:00Z"}},
			{Code: "silent", Args: state.Args{"days": "75", "usual": "31"}}, {Code: "question", Args: state.Args{"question": "q7"}}},
		Last:      janaHistory().Entries[:3],
		From:      []string{"shop", "book", "mail"},
		Records:   5,
		Questions: []service.Question{match},
		Zone:      zone, Now: now,
	}
}

func janaHistory() service.HistoryOut {
	return service.HistoryOut{Customer: jana, Zone: zone, Now: now, More: true, Entries: []service.Entry{
		{ID: "k60.0", Time: day(time.November, 19, 8), Kind: "message", Direction: "in", Channel: "mail", Connection: "mail", Title: "Re: quote 2231: still waiting"},
		{ID: "k59.0", Time: day(time.November, 16, 8), Kind: "message", Direction: "out", Channel: "mail", Connection: "mail", Title: "Re: quote 2231", Actor: "Wei Zhang"},
		{ID: "n3", Time: day(time.November, 10, 15), Kind: "call", Direction: "out", Channel: "phone", Title: "price for SKU-7", Body: "12 min. She wants 40 units; two prices are out.", Actor: "Tom Ford"},
		{ID: "k55.1", Time: day(time.November, 10, 10), Kind: "refund", Direction: "out", Channel: "shop", Connection: "shop", Title: "#2231", Amount: eur(-4999)},
		{ID: "k55.0", Time: day(time.November, 9, 9), Kind: "order", Direction: "in", Channel: "shop", Connection: "shop", Title: "#2231", Body: "2 × Nordlicht 80/600, Stativ", Amount: eur(194000), Status: "paid"},
		{ID: "o1", Time: day(time.November, 2, 9), Kind: "consent", Direction: "in", Channel: "email", Connection: "newsletter", Title: "jana.koehler@sternwarte.example", Status: "opted_out"},
		{ID: "p12", Time: time.Date(2025, 6, 1, 9, 0, 0, 0, time.UTC), Kind: "promise", Direction: "ours", Title: "寄样品", Actor: "张伟", Status: "made"},
	}}
}

// company answers as a service would.
func company() service.API {
	long := strings.Repeat("Ein sehr langer Satz über das Teleskop, 还有中文。", 200)[:10000]
	return service.API{
		Find: func(_ context.Context, in service.FindIn) (service.FindOut, error) {
			if in.Query == "nobody" {
				return service.FindOut{}, nil
			}
			return service.FindOut{More: true, Hits: []service.Hit{
				{Customer: jana, Company: club.Name, Why: "name", Match: "Jana Köhler", Owner: "Ana Lima"},
				{Customer: liwei, Company: "北京光学有限公司", Why: "tag", Match: "wholesale", Owner: "Wei Zhang"},
				{Customer: fatima, Company: "شركة النور", Why: "email", Match: "fatima@example.com"},
				{Customer: party, Why: "order", Match: "#1001"},
				{Customer: longer, Why: "phone", Match: "+493012345678"},
				{Customer: club, Why: "company", Match: club.Name, Owner: "Ana Lima"},
			}}, nil
		},
		CustomerShow: func(_ context.Context, in service.CustomerShowIn) (service.CustomerShowOut, error) {
			return service.CustomerShowOut{}, &state.Error{Class: state.NotFound, Code: "no_customer", Args: state.Args{"ref": in.Ref, "near": "c812\tJana Köhler\tSternwarte Lübeck e.V."}}
		},
		Brief: func(_ context.Context, in service.BriefIn) (service.BriefOut, error) {
			switch in.Ref {
			case "several":
				return service.BriefOut{}, &state.Error{Class: state.Ambiguous, Code: "several_customers", Args: state.Args{"ref": "jana", "more": "2",
					"hits": "c812\tJana Köhler\tSternwarte Lübeck e.V., jana.koehler@sternwarte.example\nc7\tJana Nowak\t+48 22 123 45 67"}}
			case "c9":
				return service.BriefOut{Customer: service.Customer{Number: "c9", Name: club.Name, Kind: "organisation", Stage: "customer"}, Since: day(time.January, 5, 9),
					People: []service.Member{{Customer: jana, Role: "Leiterin", Last: day(time.November, 19, 8), Orders: 23}, {Customer: fatima, Orders: 1, Last: day(time.October, 1, 8)}, {Customer: longer}},
					Last:   []service.Entry{{Time: day(time.November, 19, 8), Kind: "message", Direction: "in", Channel: "mail", Title: "Re: quote", Person: &jana}},
					From:   []string{"shop"}, Records: 2, Zone: zone, Now: now}, nil
			case "new":
				return service.BriefOut{Customer: service.Customer{Number: "c99", Name: "Nobody Yet", Kind: "person", Stage: "prospect"}, Zone: zone, Now: now}, nil
			}
			return janaBrief(), nil
		},
		History: func(_ context.Context, in service.HistoryIn) (service.HistoryOut, error) {
			if in.Ref == "long" {
				return service.HistoryOut{Customer: longer, Zone: zone, Now: now, Entries: []service.Entry{
					{ID: "n1", Time: day(time.November, 20, 9), Kind: "note", Body: long, Actor: "Ana Lima"},
					{ID: "n2", Time: day(time.November, 18, 9), Kind: "note", Title: "مرحبا، متى يصل التلسكوب؟ 🎉", Body: "first line\nsecond line", Actor: "فاطمة"}}}, nil
			}
			return janaHistory(), nil
		},
		Who: func(context.Context, service.WhoIn) (service.WhoOut, error) {
			ana := service.Staff{Number: "s1", Name: "Ana Lima", Emails: []string{"ana@nordlicht.example"}, AwayNow: true, Away: []state.Absence{{From: "2026-11-20", Until: "2026-11-27"}}}
			wei := service.Staff{Number: "s2", Name: "Wei Zhang", Emails: []string{"wei@nordlicht.example"}}
			return service.WhoOut{Customer: jana, Owner: &ana, Deputy: &wei, Now: &wei, Touched: []service.StaffTouched{{Name: "Wei Zhang", Last: day(time.November, 16, 8), How: "message"}, {Name: "Tom Ford", Last: day(time.November, 10, 8), How: "call"}},
				Relations: []service.Affiliation{{Customer: club, Kind: "works_for", Role: "Leiterin", Since: "2024-03", Outgoing: true}, {Customer: liwei, Kind: "household"}}}, nil
		},
		StaffList: func(context.Context, service.StaffListIn) (service.StaffListOut, error) {
			return service.StaffListOut{Staff: []service.Staff{{Number: "s1", Name: "Ana Lima", Role: "manager", Owns: 1204, AwayNow: true, Away: []state.Absence{{From: "2026-11-20", Until: "2026-11-27"}}},
				{Number: "s2", Name: "Wei Zhang", Role: "rep", Owns: 311, Open: 12, Late: 1}, {Number: "s3", Name: "王芳", Role: "service", Open: 1, Left: day(time.November, 1, 8)}}}, nil
		},
		PromiseList: func(_ context.Context, in service.PromiseListIn) (service.PromiseListOut, error) {
			out := service.PromiseListOut{Zone: zone, Now: now}
			switch {
			case in.Ref == "none":
			case in.Ref == "many":
				for i := range 500 {
					p := demoPromise
					p.Number, p.CustomerName, p.Text = fmt.Sprintf("p%d", i+1), []string{"Jana Köhler", "李伟", "فاطمة الزهراء", party.Name, longer.Name}[i%5], []string{"demonstration", "样品寄出，周五之前寄样品", "إرسال العرض", "🎉 send the party telescope"}[i%4]
					if p.Late = i < 100; p.Late {
						p.LateDays = 100 - i
					}
					out.Promises = append(out.Promises, p)
				}
			default:
				done := demoPromise
				done.Number, done.State, done.Closed = "p3", "kept", day(time.October, 30, 9)
				out.Customer, out.Promises = &jana, []service.Promise{quotePromise, demoPromise, theirPromise, done}
			}
			return out, nil
		},
		PromiseShow: func(context.Context, service.PromiseShowIn) (service.PromiseOut, error) {
			return service.PromiseOut{Promise: quotePromise, Zone: zone, Now: now}, nil
		},
		PromiseAdd: func(context.Context, service.PromiseAddIn) (service.PromiseOut, error) {
			p := demoPromise
			at := time.Date(2026, 11, 27, 4, 0, 0, 0, time.UTC)
			p.Due, p.DateOnly, p.Zone, p.Made = &at, false, "Asia/Shanghai", now
			return service.PromiseOut{Promise: p, Zone: zone, Now: now}, nil
		},
		PromiseAssign: func(context.Context, service.PromiseAssignIn) (service.PromiseOut, error) {
			p := demoPromise
			p.By = "Ana Lima"
			return service.PromiseOut{Promise: p, Zone: zone, Now: now}, nil
		},
		PromiseMove: func(context.Context, service.PromiseMoveIn) (service.PromiseOut, error) {
			p := demoPromise
			p.Earlier = []time.Time{*endOf(time.November, 19)}
			return service.PromiseOut{Promise: p, Zone: zone, Now: now}, nil
		},
		PromiseClose: func(context.Context, service.PromiseCloseIn) (service.PromiseOut, error) {
			p := quotePromise
			p.State, p.Late, p.Closed = "kept", false, now
			return service.PromiseOut{Promise: p, Zone: zone, Now: now}, nil
		},
		QuestionList: func(_ context.Context, in service.QuestionListIn) (service.QuestionListOut, error) {
			if in.Number != "" {
				return service.QuestionListOut{Questions: []service.Question{badRow}, Total: 1}, nil
			}
			org := service.Question{Number: "q9", Kind: "organisation", Where: "sternwarte.example", Field: "domain", SeenA: "sternwarte.example", Options: []string{"yes", "no"}, State: "open",
				Reasons: []state.Evidence{{Code: "people_share_domain", Args: state.Args{"value": "sternwarte.example"}}, {Code: "person", Args: state.Args{"value": "Jana Köhler"}}}}
			return service.QuestionListOut{Questions: []service.Question{match, badRow, org}, Total: 11}, nil
		},
		Answer: func(context.Context, service.AnswerIn) (service.AnswerOut, error) {
			return service.AnswerOut{Question: match, Customer: liwei, Did: "merged", Left: 10}, nil
		},
		Assign: func(context.Context, service.AssignIn) (service.CustomerOut, error) {
			return service.CustomerOut{Customer: service.Customer{Number: "c812", Name: "Jana Köhler", Owner: "Wei Zhang"}}, nil
		},
		Note: func(context.Context, service.NoteIn) (service.NoteOut, error) {
			return service.NoteOut{Customer: jana, Entry: service.Entry{ID: "n4", Time: now, Kind: "call", Body: "wants the black tripod"}}, nil
		},
	}
}
