package service

import (
	"slices"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// Rules, words of due times and the gate know the same of where a customer is.
func TestCustomerZone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(person1("shop", "1", "name", "Jana Köhler", "email", "jana@x.example", "address", "Lübeck"),
		person1("shop", "2", "name", "李伟", "email", "li@x.example", "phone", "+86 138 0013 8000"),
		person1("shop", "3", "name", "Bob", "email", "bob@x.example", "country", "US", "phone", "+1 213 555 0123"),
		person1("shop", "4", "name", "Zoë 🦊", "email", "zoe@x.example"),
		person1("shop", "5", "name", "عمر", "email", "omar@x.example", "phone", "+86 138 0013 8001"),
		person1("shop", "6", "name", "Ann", "email", "ann@x.example", "country", "US"))
	must[CustomerOut](h)(h.s.CustomerEdit(as(""), CustomerEditIn{Ref: "omar@x.example", Set: map[string]string{"zone": "Asia/Dubai"}}))
	for ref, want := range map[string]string{"jana@x.example": "Europe/Berlin", "li@x.example": "Asia/Shanghai", "bob@x.example": "America/Los_Angeles",
		"zoe@x.example": "Europe/Berlin", "omar@x.example": "Asia/Dubai", "ann@x.example": "America/New_York"} {
		c := h.customer(ref)
		h.ok(h.s.Look(t.Context(), func(tx state.Tx, now time.Time) error {
			f, err := h.s.facts(newLookup(tx, now), c, followup.Needs{})
			if err != nil {
				return err
			}
			if f.Zone.String() != want || h.s.customerZone(c).String() != want {
				t.Errorf("%s lives by %s, want %s", ref, f.Zone, want)
			}
			if p := h.s.placeOf(c, state.Identifier{}); !slices.Contains(p.zones, want) {
				t.Errorf("the gate finds %v for %s", p, ref)
			}
			return nil
		}))
	}
}
