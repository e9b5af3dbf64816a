package followup

import "reflect"

// Never is how many days ago something is that did not happen yet: more than any condition asks for.
const Never = 99999

// Customer is what conditions see of a customer. Days are whole days before now in the customer's
// zone; [Never] where there was none. Texts that are not known are empty.
type Customer struct {
	Number      string             `expr:"number"` // "c812"
	Name        string             `expr:"name"`
	Given       string             `expr:"given"`
	Family      string             `expr:"family"`
	Company     string             `expr:"company"`
	Kind        string             `expr:"kind"`  // person, organisation
	Stage       string             `expr:"stage"` // prospect, customer, former, partner, other
	Grade       string             `expr:"grade"`
	Owner       string             `expr:"owner"` // a name; "" nobody
	Language    string             `expr:"language"`
	Country     string             `expr:"country"` // as the address has it
	City        string             `expr:"city"`
	Tags        []string           `expr:"tags"`
	Connections []string           `expr:"connections"`
	HasEmail    bool               `expr:"has_email"`
	HasPhone    bool               `expr:"has_phone"`
	KnownDays   int                `expr:"known_days"` // since the customer is there
	Orders      int                `expr:"orders"`     // that count
	Net         map[string]float64 `expr:"net"`        // spent after refunds, in whole units, by currency: net.EUR
	FirstOrder  int                `expr:"first_order_days"`
	LastOrder   int                `expr:"last_order_days"`
	UsualOrder  int                `expr:"usual_order_days"` // the usual days between orders; 0 where that cannot be told
	LastTouch   int                `expr:"last_touch_days"`  // a message, call or meeting, in or out
	LastIn      int                `expr:"last_in_days"`     // their last message or call
	LastOut     int                `expr:"last_out_days"`    // ours, what was sent automatically left out
	Usual       int                `expr:"usual_days"`       // the usual days between what they do: orders, messages, calls; 0 unknown
	Open        int                `expr:"open_promises"`    // that we made
	Late        int                `expr:"late_promises"`
}

// Order is what conditions see of the order that a rule is about.
type Order struct {
	Number     string   `expr:"number"`
	Connection string   `expr:"connection"`
	Currency   string   `expr:"currency"`
	State      string   `expr:"state"`
	Total      float64  `expr:"total"` // in whole units of the currency
	Net        float64  `expr:"net"`   // after refunds
	Items      int      `expr:"items"` // pieces of all lines
	Skus       []string `expr:"skus"`
	Names      []string `expr:"names"` // of its lines
	First      bool     `expr:"first"` // the customer's first that counts
	Days       int      `expr:"days"`  // since it was placed
}

// Message is what conditions see of the message that waits for an answer.
type Message struct {
	Subject    string `expr:"subject"`
	Channel    string `expr:"channel"`
	Connection string `expr:"connection"`
	From       string `expr:"from"` // the address
	Hours      int    `expr:"hours"`
	Count      int    `expr:"count"` // unanswered ones, with this
}

// Promise is what conditions see of the promise that is due.
type Promise struct {
	Text string `expr:"text"`
	By   string `expr:"by"`
	Ours bool   `expr:"ours"`
	Late bool   `expr:"late"`
	Days int    `expr:"days"` // until it is due; negative where that is over
}

// Signup is what conditions see of a sign-up.
type Signup struct {
	What       string `expr:"what"` // the tag, or the list's purpose
	Connection string `expr:"connection"`
	Hours      int    `expr:"hours"`
}

// objects are what conditions can speak of.
var objects = map[string]any{"customer": Customer{}, "order": Order{}, "message": Message{}, "promise": Promise{}, "signup": Signup{}}

// kind is the type of a value in a condition.
type kind string

const (
	text    kind = "text"
	number  kind = "number"
	boolean kind = "yes or no"
	list    kind = "list"
	amounts kind = "amounts"
	object  kind = "object"
)

func kindOf(t reflect.Type) kind {
	switch t.Kind() {
	case reflect.String:
		return text
	case reflect.Int, reflect.Float64:
		return number
	case reflect.Bool:
		return boolean
	case reflect.Slice:
		return list
	case reflect.Map:
		return amounts
	}
	return object
}

// fieldsOf gives the fields of an object by the names that conditions use, in the order of their
// declaration.
func fieldsOf(name string) (names []string, kinds map[string]kind) {
	o, ok := objects[name]
	if !ok {
		return nil, nil
	}
	t := reflect.TypeOf(o)
	kinds = map[string]kind{}
	for i := range t.NumField() {
		f := t.Field(i).Tag.Get("expr")
		names, kinds[f] = append(names, f), kindOf(t.Field(i).Type)
	}
	return names, kinds
}

// Field is one field of what conditions can speak of, for help and guides.
type Field struct {
	Name string // "customer.grade"
	Kind string // text, number, yes or no, list, amounts
}

// Fields lists everything that conditions can speak of.
func Fields() []Field {
	var out []Field
	for _, o := range []string{"customer", "order", "message", "promise", "signup"} {
		names, kinds := fieldsOf(o)
		for _, n := range names {
			out = append(out, Field{o + "." + n, string(kinds[n])})
		}
	}
	return out
}
