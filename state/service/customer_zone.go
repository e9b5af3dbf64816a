package service

import (
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// customerZone gives the zone that a customer lives by: the one that was set for them, else that of
// the country of their address or phone number, else the configuration's.
func (s *Service) customerZone(c *state.Customer) *time.Location {
	if loc, ok := zoneByName(c.Text("zone")); ok {
		return loc
	}
	for _, v := range c.Get("address") {
		if loc, ok := zoneByName(identity.CountryZone(v.Parts["country"])); ok {
			return loc
		}
	}
	for _, a := range c.Identifiers {
		if a.Type != state.TypePhone || a.Former {
			continue
		}
		if loc, ok := zoneByName(identity.CountryZone(identity.PhoneCountry(a.Match))); ok {
			return loc
		}
	}
	return s.zone()
}
