package demo

import (
	"testing"

	"github.com/keptcrm/kept/state/identity"
)

func TestEveryPhoneIsValid(t *testing.T) {
	t.Parallel()
	d := &dice{state: 1}
	w := &world{dice: d, taken: map[string]bool{}}
	for i := range cultures {
		for range 300 {
			phone := cultures[i].phone(d)
			if p := identity.NormalizePhone(w.notation(phone), ""); p.E164 == "" || p.Region != cultures[i].code {
				t.Fatalf("%s: %q is no phone number there: %+v", cultures[i].code, phone, p)
			}
		}
	}
}
