package service

import (
	"slices"

	"github.com/keptcrm/kept/state"
)

// This file takes out of promises, questions, follow-ups and handovers what a reader in a chat may not
// see; see [eyes.veil].

func (e *eyes) promiseList(o *PromiseListOut) error {
	if o.Customer != nil {
		_, c, err := e.about(o.Customer.Number)
		if err != nil {
			return err
		}
		if o.Withheld, err = e.withheld(c); err != nil {
			return err
		}
	}
	var err error
	o.Promises, err = keep(o.Promises, e.promise)
	return err
}

// promise says whether a promise is seen, and takes out of its evidence what is not.
func (e *eyes) promise(p *Promise) (bool, error) {
	see, _, err := e.of(p.Customer)
	if err != nil || !see.headers || !see.promise {
		return false, err
	}
	see.body = true // its evidence quotes no more than the promise itself
	p.Evidence = e.evidence(p.Evidence, see)
	return true, nil
}

func (e *eyes) evidence(list []state.Evidence, see sight) []state.Evidence {
	out := make([]state.Evidence, len(list))
	for i, x := range list {
		args := state.Args{}
		for k, v := range x.Args {
			args[k] = v
		}
		e.args(args, see)
		x.Args = args
		out[i] = x
	}
	return out
}

func (e *eyes) onlyPromise(p *Promise) error {
	ok, err := e.promise(p)
	if err == nil && !ok {
		err = &state.Error{Class: state.NotFound, Code: "no_such_promise", Args: state.Args{"ref": p.Number}}
	}
	return err
}

// health gives, where not all promises are seen, what one promised oneself.
func (e *eyes) health(o *PromiseHealthOut) error {
	if o.Customer != nil {
		see, _, err := e.about(o.Customer.Number)
		if err != nil || see.promise {
			return err
		}
	} else if e.table[SeePromise] == ScopeAll && e.table[SeeHeaders] == ScopeAll {
		return nil
	}
	o.By = slices.DeleteFunc(o.By, func(c PromiseCount) bool { return c.Name != e.me.Name })
	o.Total = PromiseCount{}
	if len(o.By) == 1 {
		o.Total = o.By[0]
		o.Total.Name = ""
	}
	return nil
}

func (e *eyes) conflicts(o *PromiseConflictsOut) error {
	if o.Customer != nil {
		if _, _, err := e.about(o.Customer.Number); err != nil {
			return err
		}
	}
	var err error
	o.Conflicts, err = keep(o.Conflicts, func(x *PromiseConflict) (bool, error) {
		a, err := e.promise(&x.A)
		if err != nil || !a {
			return false, err
		}
		b, err := e.promise(&x.B)
		if err != nil || !b {
			return false, err
		}
		see, _, err := e.of(x.A.Customer)
		if !see.money {
			x.PriceA, x.PriceB = nil, nil
		}
		return true, err
	})
	return err
}

func (e *eyes) questionList(o *QuestionListOut) error {
	n := len(o.Questions)
	var err error
	o.Questions, err = keep(o.Questions, e.question)
	o.Total -= n - len(o.Questions)
	if e.me.Role != "ops" {
		o.More, o.Total = 0, len(o.Questions)
	}
	return err
}

// question says whether a question is seen, and takes out what is not. Questions about promises are
// seen where the promises are, or where they are put to the reader; all others by who answers them,
// and by who may see of both sides all that they tell.
func (e *eyes) question(q *Question) (bool, error) {
	see := sight{true, true, true, true, true}
	sides := 0
	for _, side := range []*CustomerRef{q.A, q.B} {
		if side == nil {
			continue
		}
		x, _, err := e.of(side.Number)
		if err != nil {
			return false, err
		}
		sides++
		see = sight{see.headers && x.headers, see.body && x.body, see.promise && x.promise, see.money && x.money, see.contact && x.contact}
	}
	if sides == 0 { // a row of a file, an address: nobody's yet
		see = sight{e.table[SeeHeaders] == ScopeAll, e.table[SeeBody] == ScopeAll, e.table[SeePromise] == ScopeAll, e.table[SeeMoney] == ScopeAll, e.table[SeeContact] == ScopeAll}
	}
	ofPromise := q.Kind == state.QuestionPromise || q.Kind == state.QuestionPromiseDone
	mine := ofPromise && q.For != "" && q.For == e.me.Name
	switch {
	case mine:
		return true, nil
	case !see.headers, ofPromise && !see.promise:
		return false, nil
	case ofPromise:
		see.body = true
	case e.me.Role != "ops" && !see.contact:
		return false, nil
	}
	q.Reasons = e.evidence(q.Reasons, see)
	if !see.contact {
		q.SeenA, q.SeenB = "", ""
	}
	if !ofPromise && !see.everything() {
		q.Raw, q.Header, q.Where = "", "", ""
	}
	return true, nil
}

func (e *eyes) answer(o *AnswerOut) error {
	if _, err := e.question(&o.Question); err != nil {
		return err
	}
	if o.Promise != nil {
		ok, err := e.promise(o.Promise)
		if err != nil {
			return err
		}
		if !ok {
			o.Promise = nil
		}
	}
	if e.me.Role != "ops" {
		o.Mailboxes = nil
	}
	return nil
}

func (e *eyes) followupList(o *FollowupListOut) error {
	if o.Customer != nil {
		if _, _, err := e.about(o.Customer.Number); err != nil {
			return err
		}
	}
	n := len(o.Followups)
	var err error
	if o.Followups, err = keep(o.Followups, e.followup); err != nil || len(o.Followups) == n {
		return err
	}
	o.Total, o.Late = len(o.Followups), 0
	for i := range o.Followups {
		if o.Followups[i].Late {
			o.Late++
		}
	}
	return nil
}

// followup says whether one is seen: where promises are, and always those that are the reader's to do.
func (e *eyes) followup(f *Followup) (bool, error) {
	see, _, err := e.of(f.Customer)
	if err != nil {
		return false, err
	}
	if f.For == e.me.Name {
		see.headers, see.promise = true, true
	}
	if !see.headers || !see.promise {
		return false, nil
	}
	args := state.Args{}
	for k, v := range f.Args {
		args[k] = v
	}
	e.args(args, see)
	f.Args = args
	f.Evidence = e.evidence(f.Evidence, see)
	return true, nil
}

func (e *eyes) onlyFollowup(f *Followup) error {
	ok, err := e.followup(f)
	if err == nil && !ok {
		err = &state.Error{Class: state.NotFound, Code: "no_such_followup", Args: state.Args{"ref": f.Number}}
	}
	return err
}

func (e *eyes) unanswered(o *UnansweredOut) error {
	n := len(o.Waiting)
	var err error
	o.Waiting, err = keep(o.Waiting, func(u *Unanswered) (bool, error) {
		see, _, err := e.of(u.Customer)
		return see.headers, err
	})
	if len(o.Waiting) < n {
		o.Total = len(o.Waiting)
	}
	return err
}

func (e *eyes) digest(o *DigestOut) error {
	var err error
	less := func(name string, had, left int) {
		if o.Total[name] > 0 {
			o.Total[name] -= had - left
		}
	}
	for name, list := range map[string]*[]Promise{"late": &o.Late, "today": &o.Today, "next": &o.Next, "theirs": &o.Theirs, "new": &o.New} {
		n := len(*list)
		if *list, err = keep(*list, e.promise); err != nil {
			return err
		}
		less(name, n, len(*list))
	}
	if o.For, err = keep(o.For, func(f *DigestStandsIn) (bool, error) {
		n := len(f.Late)
		f.Late, err = keep(f.Late, e.promise)
		less("for", n, len(f.Late))
		return len(f.Late) > 0, err
	}); err != nil {
		return err
	}
	n := len(o.Followups)
	if o.Followups, err = keep(o.Followups, e.followup); err != nil {
		return err
	}
	less("followups", n, len(o.Followups))
	n = len(o.Questions)
	if o.Questions, err = keep(o.Questions, e.question); err != nil {
		return err
	}
	less("questions", n, len(o.Questions))
	seen := func(number string) (bool, error) {
		see, _, err := e.of(number)
		return see.headers, err
	}
	n = len(o.Wrote)
	if o.Wrote, err = keep(o.Wrote, func(u *Unanswered) (bool, error) { return seen(u.Customer) }); err != nil {
		return err
	}
	less("wrote", n, len(o.Wrote))
	n = len(o.Quiet)
	if o.Quiet, err = keep(o.Quiet, func(q *DigestQuiet) (bool, error) { return seen(q.Customer.Number) }); err != nil {
		return err
	}
	less("quiet", n, len(o.Quiet))
	return nil
}

func (e *eyes) handover(h *Handover) error {
	var err error
	h.Customers, err = keep(h.Customers, func(c *HandoverCustomer) (bool, error) {
		see, _, err := e.of(c.Customer.Number)
		if err != nil || !see.headers {
			return false, err
		}
		if !see.contact {
			c.Email = ""
		}
		if c.Promises, err = keep(c.Promises, e.promise); err != nil {
			return false, err
		}
		c.Followups, err = keep(c.Followups, e.followup)
		return true, err
	})
	if err != nil {
		return err
	}
	if h.Others, err = keep(h.Others, func(r *CustomerRef) (bool, error) {
		see, _, err := e.of(r.Number)
		return see.headers, err
	}); err != nil {
		return err
	}
	h.Stays, err = keep(h.Stays, func(x *HandoverStays) (bool, error) {
		see, _, err := e.of(x.Customer.Number)
		return see.headers, err
	})
	return err
}

// marked leaves of an entry that somebody marked what is seen where nobody says whose it is.
func (e *eyes) marked(o *MarkOut) error {
	if !o.Entry.mine && !o.Entry.Hidden && e.table[SeeBody] != ScopeAll {
		header(&o.Entry, nil)
		o.Entry.Closed = true
	}
	if e.table[SeeMoney] != ScopeAll {
		o.Entry.Amount = nil
	}
	if e.table[SeeContact] != ScopeAll {
		o.Entry.From = ""
	}
	return nil
}
