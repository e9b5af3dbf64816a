package followup

import (
	"slices"
	"strings"
	"time"
)

// The triggers of rules: what a rule waits for.
const (
	Unanswered  = "unanswered"  // a message of theirs waits for an answer
	PromiseDue  = "promise-due" // a promise is due tomorrow, today, or late
	Delivered   = "delivered"   // an order was shipped so many days ago
	NewOrder    = "order"       // an order was placed
	FirstOrder  = "first-order" // the first one
	Silent      = "silent"      // they are silent longer than usual for them
	Birthday    = "birthday"    // it is their birthday
	Unconfirmed = "unconfirmed" // a sign-up to which nothing was sent
)

// The stages of a promise that [PromiseDue] tells.
const (
	StageTomorrow = "tomorrow"
	StageToday    = "today"
	StageLate     = "late"
)

// Whom an action is for, beside a staff member's name.
const (
	ForOwner    = "owner"
	ForManager  = "manager" // of the owner
	ForPromiser = "promiser"
	ForNobody   = "nobody" // whoever sells
)

// What becomes of occasions that came while nothing ran.
const (
	CatchUp = "catch-up"
	Skip    = "skip"
)

// Rule is one rule: what it waits for, under which condition, and what it does then.
type Rule struct {
	Name string
	When string // a trigger

	Hours float64  // working hours, of Unanswered and Unconfirmed
	Days  int      // of Delivered after it was shipped, of Birthday before it, of Silent at least so many
	On    []string // stages, of PromiseDue
	Tags  []string // of Unconfirmed: only of sign-ups with one of these tags

	If *Condition // nil: always
	Do Action

	Missed   string        // CatchUp, Skip
	Within   time.Duration // how old an occasion may be when it is acted on; 0: as old as it likes
	Back     time.Duration // how far back a rule looks when it is switched on
	Escalate *Escalation

	Line, Column int // in kept.yaml, for messages
}

// Action is what a rule does: a follow-up for somebody, a message to somebody of us, an e-mail to the
// customer; at least one of them.
type Action struct {
	Followup string        // whom it is for: ForOwner, ... or a staff member; "" none is made
	Text     string        // of the follow-up; "" what the trigger says
	Due      time.Duration // working time from when it is made; 0: by the end of the working day

	Message string // whom a message goes to, as Followup; "" to nobody

	Template string // of the e-mail to the customer; "" none
	Purpose  string // of it: service, reply, transactional, marketing, sales
	Via      string // connection that sends it; "" the one for e-mail
}

// Escalation says who else is told of what nobody has done.
type Escalation struct {
	After time.Duration // working time after it was due
	To    string        // ForManager, or a staff member
}

// ready are the rules that can be switched on by name, with what each has where nothing else is said.
var ready = map[string]Rule{
	Unanswered:  {When: Unanswered, Hours: 8, Back: 14 * day},
	PromiseDue:  {When: PromiseDue, On: []string{StageToday, StageLate}, Back: forever},
	Delivered:   {When: Delivered, Days: 7, Within: 30 * day},
	NewOrder:    {When: NewOrder, Within: 30 * day},
	FirstOrder:  {When: FirstOrder, Within: 30 * day},
	Silent:      {When: Silent, Days: 14, Back: 90 * day},
	Birthday:    {When: Birthday, Within: 7 * day},
	Unconfirmed: {When: Unconfirmed, Hours: 8, Back: 14 * day},
}

// usual are the conditions that ready rules have where none is said.
var usual = map[string]string{PromiseDue: "promise.ours", Silent: `customer.grade == "A"`}

const (
	day     = 24 * time.Hour
	forever = 100 * 365 * day
	// skipped is how old an occasion may be that a rule with missed: skip still acts on.
	skipped = day
)

// Triggers lists the triggers, which are the names of the ready rules too.
func Triggers() []string {
	return []string{Unanswered, PromiseDue, Delivered, NewOrder, FirstOrder, Silent, Birthday, Unconfirmed}
}

// About gives the objects beside the customer that a condition of a trigger can speak of.
func About(when string) []string {
	switch when {
	case Unanswered:
		return []string{"message"}
	case PromiseDue:
		return []string{"promise"}
	case Delivered, NewOrder, FirstOrder:
		return []string{"order"}
	case Unconfirmed:
		return []string{"signup"}
	}
	return nil
}

// Ready gives the rule of a trigger as it is when it is switched on by its name: a follow-up for the
// owner, of a promise for whoever made it. The second value is whether there is such a trigger.
func Ready(when string) (Rule, bool) {
	r, ok := ready[when]
	if !ok {
		return r, false
	}
	r.Name, r.Missed, r.On = when, CatchUp, slices.Clone(r.On)
	r.Do.Followup = ForOwner
	if when == PromiseDue {
		r.Do.Followup = ForPromiser
	}
	if source := usual[when]; source != "" {
		c, err := Compile(source, About(when)...)
		if err != nil {
			panic("followup: " + source) // a mistake of the program
		}
		r.If = c
	}
	return r, true
}

// limit gives how old an occasion may be when it is acted on; forever where that does not matter.
func (r *Rule) limit() time.Duration {
	switch {
	case r.Missed == Skip:
		return skipped
	case r.Within == 0:
		return forever
	}
	return r.Within
}

// Needs says which parts of [Facts] some rules and conditions look at.
type Needs struct{ Touches, Orders, Promises, Signups bool }

// Need adds what a rule looks at.
func (n *Needs) Need(r *Rule) {
	switch r.When {
	case Unanswered:
		n.Touches = true
	case PromiseDue:
		n.Promises = true
	case Delivered, NewOrder, FirstOrder:
		n.Orders = true
	case Silent:
		n.Touches, n.Orders = true, true
	case Unconfirmed:
		n.Touches, n.Signups = true, true
	}
	n.NeedCondition(r.If)
}

// NeedCondition adds what a condition looks at.
func (n *Needs) NeedCondition(c *Condition) {
	if c == nil {
		return
	}
	for u := range c.uses {
		switch name := strings.TrimPrefix(u, "customer."); name {
		case "orders", "net", "first_order_days", "last_order_days", "usual_order_days":
			n.Orders = true
		case "last_touch_days", "last_in_days", "last_out_days":
			n.Touches = true
		case "usual_days":
			n.Touches, n.Orders = true, true
		case "open_promises", "late_promises":
			n.Promises = true
		}
	}
}

// moves says whether what a condition sees changes by time alone.
func (c *Condition) moves() bool {
	if c == nil {
		return false
	}
	for u := range c.uses {
		if strings.HasSuffix(u, "days") || strings.HasSuffix(u, "hours") || u == "customer.late_promises" || u == "promise.late" {
			return true
		}
	}
	return false
}
