package service

import (
	"slices"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// customerZone gives the zone that a customer lives by, found as the gate finds it ([Service.placeOf]);
// of a country with several of which none is likelier, that of most people there.
func (s *Service) customerZone(c *state.Customer) *time.Location {
	p := s.placeOf(c, state.Identifier{})
	for _, country := range p.countries {
		if most := identity.CountryZone(country); slices.Contains(p.zones, most) {
			return s.zone(most)
		}
	}
	return s.zone(p.zones[0])
}
