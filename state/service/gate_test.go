package service

import (
	"testing"

	"github.com/keptcrm/kept/state"
)

// The gate decides by what was said, for the channel and purpose that was asked.
func TestGateKnowsWhatWasSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "email", "jana@example.org", "name", "Jana", "phone", "+49 451 901820"))
	must[OptoutOut](h)(h.s.OptoutAdd(as("ana"), OptoutAddIn{Ref: "jana", Channel: "email", Purpose: "marketing", Words: "no more brochures"}))
	for _, c := range []struct{ channel, purpose, code string }{
		{"email", "marketing", "gate_opted_out"}, {"mail", "marketing", "gate_opted_out"}, {"email", "sales", ""}, {"email", "service", ""},
		{"phone", "service", ""}, {"email", "reply", ""},
	} {
		out := must[MayContactOut](h)(h.s.MayContact(as("ana"), MayContactIn{Ref: "jana", Channel: c.channel, Purpose: c.purpose}))
		code := ""
		if len(out.Reasons) > 0 {
			code = out.Reasons[0].Code
		}
		if code != c.code || (out.Outcome == "no") != (c.code != "") {
			t.Errorf("%s %s: %s, reasons %v", c.channel, c.purpose, out.Outcome, out.Reasons)
		}
	}
	out := must[MayContactOut](h)(h.s.MayContact(as("ana"), MayContactIn{Ref: "jana"}))
	if r := out.Reasons[0].Args; r["words"] != "no more brochures" || r["source"] != "Ana Lima" || out.Customer.Number != "c1" {
		t.Errorf("got %v of %v", r, out.Customer)
	}
	_, err := h.s.MayContact(as("ana"), MayContactIn{Ref: "jana", Purpose: "fun"})
	h.refused(err, state.Invalid, "unknown_purpose")
}
