package service

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// This file is the one door through which answers leave for a chat: what the reader's role may not
// see is taken out of every answer, whatever call gave it. Callers at the terminal see all.

// dash stands where something is that the reader may not see.
const dash = "–"

// veil takes out of an answer what the caller may not see. out is a pointer to it.
func (s *Service) veil(tx state.Tx, c Caller, now time.Time, out any) error {
	if !c.chatting() {
		return nil
	}
	e, err := s.eyes(newLookup(tx, now), c)
	if err != nil {
		return err
	}
	_, err = e.veil(out)
	return err
}

// veil says beside it whether it knows answers of this kind.
func (e *eyes) veil(out any) (bool, error) {
	switch o := out.(type) {
	case *FindOut:
		return true, e.hits(o)
	case *BriefOut:
		return true, e.brief(o)
	case *HistoryOut:
		return true, e.history(o)
	case *WhoOut:
		return true, e.who(o)
	case *CustomerShowOut:
		return true, e.show(o)
	case *CustomerOut:
		return true, e.customer(&o.Customer)
	case *StaffListOut:
		return true, nil // our own people
	case *MayContactOut:
		return true, e.contact(o)
	case *PromiseListOut:
		return true, e.promiseList(o)
	case *PromiseOut:
		return true, e.onlyPromise(&o.Promise)
	case *PromiseHealthOut:
		return true, e.health(o)
	case *PromiseConflictsOut:
		return true, e.conflicts(o)
	case *QuestionListOut:
		return true, e.questionList(o)
	case *AnswerOut:
		return true, e.answer(o)
	case *FollowupListOut:
		return true, e.followupList(o)
	case *FollowupOut:
		return true, e.onlyFollowup(&o.Followup)
	case *UnansweredOut:
		return true, e.unanswered(o)
	case *HandoverListOut:
		for i := range o.Handovers {
			if err := e.handover(&o.Handovers[i]); err != nil {
				return true, err
			}
		}
		return true, nil
	case *HandoverOut:
		for i := range o.Wrong {
			e.args(o.Wrong[i].Args, sight{})
		}
		return true, e.handover(&o.Handover)
	case *NoteOut:
		return true, nil // the reader's own words
	case *SettingsOut:
		return true, nil // our own people's, whose right to them is looked at before
	case *DigestOut:
		return true, e.digest(o)
	case *MarkOut:
		return true, e.marked(o)
	}
	return false, nil
}

// veiled takes out of an error what the caller may not see: the customers that it lists.
func (s *Service) veiled(tx state.Tx, c Caller, now time.Time, err error) error {
	var told *state.Error
	if !c.chatting() || !errors.As(err, &told) {
		return err
	}
	e, failed := s.eyes(newLookup(tx, now), c)
	if failed != nil {
		return failed
	}
	out := *told
	out.Args = state.Args{}
	for k, v := range told.Args {
		if k == "hits" && told.Code == "several_customers" || k == "near" {
			if v, failed = e.lines(v); failed != nil {
				return failed
			}
		}
		out.Args[k] = v
	}
	if told.Code == "several_customers" && out.Args["hits"] == "" {
		return noCustomer(told.Args["ref"], nil)
	}
	return &out
}

// lines are customers with what tells them apart, see [Service.customer].
func (e *eyes) lines(text string) (string, error) {
	var out []string
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		see, _, err := e.of(cells[0])
		if err != nil {
			return "", err
		}
		if !see.headers {
			continue
		}
		if !see.contact && len(cells) > 2 {
			cells[2] = ""
		}
		out = append(out, strings.Join(cells, "\t"))
	}
	return strings.Join(out, "\n"), nil
}

// sight is what is seen of one customer.
type sight struct{ headers, body, promise, money, contact bool }

func (s sight) everything() bool { return s.headers && s.body && s.promise && s.money && s.contact }

func (e *eyes) sight(c *state.Customer) (sight, error) {
	var s sight
	for _, x := range []struct {
		content string
		to      *bool
	}{{SeeHeaders, &s.headers}, {SeeBody, &s.body}, {SeePromise, &s.promise}, {SeeMoney, &s.money}, {SeeContact, &s.contact}} {
		var err error
		if *x.to, err = e.sees(x.content, c); err != nil {
			return s, err
		}
	}
	return s, nil
}

// of gives what is seen of the customer with a number.
func (e *eyes) of(number string) (sight, *state.Customer, error) {
	var c *state.Customer
	if n, ok := state.Customers.ParseRef(number); ok {
		var err error
		if c, err = e.l.survivor(n); err != nil {
			return sight{}, nil, err
		}
	}
	s, err := e.sight(c)
	return s, c, err
}

// about is of, and refuses where the reader may not know that there is such a customer.
func (e *eyes) about(number string) (sight, *state.Customer, error) {
	s, c, err := e.of(number)
	if err == nil && !s.headers {
		err = noCustomer(number, nil)
	}
	return s, c, err
}

// keep leaves of a list what keeps says.
func keep[T any](list []T, keeps func(*T) (bool, error)) ([]T, error) {
	out := list[:0:0]
	if list != nil {
		out = []T{}
	}
	for i := range list {
		ok, err := keeps(&list[i])
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, list[i])
		}
	}
	return out, nil
}

// plainReasons are those of hits that are found by headers.
var plainReasons = []string{whyNumber, whyOrder, whyTag, whyName, whyCompany, whyPinyin, whyInitials, whyTypo}

func (e *eyes) hits(o *FindOut) error {
	n := len(o.Hits)
	var err error
	o.Hits, err = keep(o.Hits, func(h *Hit) (bool, error) {
		see, _, err := e.of(h.Customer.Number)
		return see.headers && (see.contact || slices.Contains(plainReasons, h.Why)), err
	})
	o.More = o.More && len(o.Hits) == n
	return err
}

func (e *eyes) brief(o *BriefOut) error {
	see, c, err := e.about(o.Customer.Number)
	if err != nil {
		return err
	}
	if o.Withheld, err = e.withheld(c); err != nil {
		return err
	}
	if err := e.customer(&o.Customer); err != nil {
		return err
	}
	if o.Employers, err = e.affiliations(o.Employers); err != nil {
		return err
	}
	if !see.contact {
		o.Reach = []Reach{}
	}
	money, err := e.money(c)
	if err != nil {
		return err
	}
	for i := range o.Bought {
		if !money {
			o.Bought[i].Net, o.Bought[i].LastAmount, o.Bought[i].Hidden = state.Money{}, state.Money{}, true
		}
	}
	if o.Says != nil {
		if ok, err := e.entry(o.Says, o.Customer.Number); err != nil {
			return err
		} else if !ok || o.Says.Hidden {
			o.Says = nil
		}
	}
	if o.Last, err = keep(o.Last, func(x *Entry) (bool, error) { return e.entry(x, o.Customer.Number) }); err != nil {
		return err
	}
	if o.Ours, err = keep(o.Ours, e.promise); err != nil {
		return err
	}
	if o.Theirs, err = keep(o.Theirs, e.promise); err != nil {
		return err
	}
	if o.Followups, err = keep(o.Followups, e.followup); err != nil {
		return err
	}
	if o.SinceLast != nil && !see.promise {
		o.SinceLast.Made, o.SinceLast.Closed, o.SinceLast.Moved, o.SinceLast.Withheld = 0, 0, 0, true
	}
	if o.People, err = e.members(o.People); err != nil {
		return err
	}
	if o.Questions, err = keep(o.Questions, e.question); err != nil {
		return err
	}
	o.Watch, err = keep(o.Watch, func(w *Watch) (bool, error) {
		promised := strings.HasPrefix(w.Code, "two_")
		e.args(w.Args, see)
		return see.promise || !promised, nil
	})
	return err
}

// money says whether the sums of a customer are seen: of an organisation, where those of all are whose
// orders are in them.
func (e *eyes) money(c *state.Customer) (bool, error) {
	ok, err := e.sees(SeeMoney, c)
	if err != nil || !ok || e.table[SeeMoney] == ScopeAll {
		return ok, err
	}
	sources, err := e.l.sources(c)
	for _, src := range sources {
		if err == nil && ok {
			ok, err = e.sees(SeeMoney, src.c)
		}
	}
	return ok, err
}

func (e *eyes) affiliations(list []Affiliation) ([]Affiliation, error) {
	return keep(list, func(a *Affiliation) (bool, error) {
		see, _, err := e.of(a.Customer.Number)
		return see.headers, err
	})
}

func (e *eyes) members(list []Member) ([]Member, error) {
	return keep(list, func(m *Member) (bool, error) {
		see, _, err := e.of(m.Customer.Number)
		return see.headers, err
	})
}

// headerFields are the fields of a customer that belong to its headers.
var headerFields = []string{"name", "given", "family", "middle", "prefix", "suffix", "nickname", "phonetic", "company", "title", "tag", "stage", "language", "zone", "country", "grade"}

func (e *eyes) customer(c *Customer) error {
	see, _, err := e.about(c.Number)
	if err != nil {
		return err
	}
	if !see.contact {
		c.Identifiers = []Identifier{}
	}
	for name := range c.Fields {
		if !see.field(name) {
			delete(c.Fields, name)
		}
	}
	for i := range c.Records {
		if !see.contact {
			c.Records[i].ID = dash // a guest's is their address
		}
	}
	return nil
}

// field says whether a field is seen: those of the card where contact data is, notes where texts are.
// What a shop calls a field nobody knows: it may be an amount.
func (s sight) field(name string) bool {
	switch {
	case slices.Contains(headerFields, name):
		return true
	case name == "note":
		return s.body && s.contact
	case slices.Contains([]string{"email", "phone", "handle", "address", "birthday", "url"}, name):
		return s.contact
	}
	return s.contact && s.body && s.money
}

func (e *eyes) history(o *HistoryOut) error {
	_, c, err := e.about(o.Customer.Number)
	if err != nil {
		return err
	}
	if o.Withheld, err = e.withheld(c); err != nil {
		return err
	}
	o.Entries, err = keep(o.Entries, func(x *Entry) (bool, error) { return e.entry(x, o.Customer.Number) })
	return err
}

// entry leaves of one what is seen of whose it is; it says whether anything is.
func (e *eyes) entry(x *Entry, number string) (bool, error) {
	if x.Person != nil {
		number = x.Person.Number
	}
	see, _, err := e.of(number)
	if err != nil || !see.headers {
		return false, err
	}
	if x.Kind == state.ActivityPromise {
		return see.promise, nil
	}
	if !see.money {
		x.Amount = nil
	}
	if !see.contact {
		x.From = ""
		if x.Kind == state.ActivityConsent || x.Kind == state.ActivityTouch {
			x.Title = strings.ReplaceAll(x.Title, x.Title, dash)
		}
	}
	if see.body || x.mine {
		return true, nil
	}
	switch x.Kind {
	case state.ActivityOrder, state.ActivityRefund, state.ActivityShipment:
		if x.Body != "" && !see.money {
			x.Body = ""
		}
	case state.ActivityConsent, state.ActivityTouch:
		x.Body = ""
	default:
		if !x.Hidden && (x.Body != "" || x.Kind != state.ActivityMessage || len(x.Attachments) > 0) {
			header(x, nil)
			x.Closed = true
		}
	}
	return true, nil
}

func (e *eyes) who(o *WhoOut) error {
	if o.Customer.Number == "" {
		return nil // who everybody of us is
	}
	if _, _, err := e.about(o.Customer.Number); err != nil {
		return err
	}
	var err error
	if o.Relations, err = e.affiliations(o.Relations); err != nil {
		return err
	}
	o.People, err = e.members(o.People)
	return err
}

func (e *eyes) show(o *CustomerShowOut) error {
	if err := e.customer(&o.Customer); err != nil {
		return err
	}
	see, c, err := e.of(o.Customer.Number)
	if err != nil {
		return err
	}
	if o.Withheld, err = e.withheld(c); err != nil {
		return err
	}
	o.Believed = slices.DeleteFunc(o.Believed, func(b Believed) bool { return !see.field(b.Field) })
	for i := range o.Consents {
		x := &o.Consents[i]
		if !see.contact {
			x.Value = dash
		}
		if !see.body {
			x.Words = ""
		}
	}
	o.Relations, err = e.affiliations(o.Relations)
	return err
}

func (e *eyes) contact(o *MayContactOut) error {
	see := sight{}
	if o.Customer != nil {
		var err error
		if see, _, err = e.about(o.Customer.Number); err != nil {
			return err
		}
	} else if e.table[SeeContact] == ScopeAll {
		see.contact, see.headers = true, true
	}
	for i := range o.Reasons {
		seen := see
		if o.Reasons[i].Code == "gate_promise_late" {
			seen.body = see.promise // the words are a promise's
		}
		e.args(o.Reasons[i].Args, seen)
		o.Reasons[i].Record = 0
	}
	if !see.contact && strings.ContainsAny(o.Ref, "@+") {
		o.Ref = dash
	}
	return nil
}

// args takes out of the arguments of a code what is not seen. Whose meaning nobody knows here is
// taken out unless everything is seen.
func (e *eyes) args(args state.Args, see sight) {
	if see.everything() {
		return
	}
	for k, v := range args {
		class, known := argContents[k]
		hidden := !known
		switch class {
		case SeeContact:
			hidden = !see.contact
		case SeeBody:
			hidden = !see.body
		case SeePromise:
			hidden = !see.promise
		case SeeMoney:
			hidden = !see.money
		}
		if hidden && v != "" {
			args[k] = dash
		}
	}
}

// argContents are the contents to which arguments of codes belong: of watch codes, of the gate, of
// promises, follow-ups and matches.
var argContents = func() map[string]string {
	out := map[string]string{}
	for content, keys := range map[string]string{
		SeeContact: "value address email phone to_address a b contact",
		SeeBody:    "words reason note quote text body said raw excerpt",
		SeePromise: "thing promised",
		SeeMoney:   "minor amount price price_a price_b currency sum total net spent",
		SeeHeaders: "name deputy on until since at question kind number channel purpose organisation order connection handover promise " +
			"due due_a due_b on_a on_b by by_a by_b days usual zone time weekday country law asset n max what outcome state when rule date hours " +
			"code team brand campaign from to last subject ref customer owner stage role source followup late open count months month year " +
			"again next event segment grade field class options answer act system type",
	} {
		for _, k := range strings.Fields(keys) {
			out[k] = content
		}
	}
	return out
}()
