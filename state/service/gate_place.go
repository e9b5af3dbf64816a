package service

import (
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// place is where a customer is, as far as we know, and how we know.
type place struct {
	countries []string // ISO 3166
	zones     []string // IANA; at least one
	from      string   // set, country, phone, shop
}

// placeOf finds a customer's zones: the one that was set on the customer, else those of the country of
// an address (of several zones those of its phone numbers), else those of a phone number, else the
// shop's.
func (s *Service) placeOf(c *state.Customer, to state.Identifier) place {
	var p place
	var phones []string
	add := func(country string) {
		if country != "" && !slices.Contains(p.countries, country) {
			p.countries = append(p.countries, country)
		}
	}
	zone := ""
	if c != nil {
		zone = c.Text("zone")
		add(s.countryCode(c.Text("country")))
		for _, v := range c.Get("address") {
			add(s.countryCode(v.Parts["country"]))
		}
		for _, a := range c.Identifiers {
			if a.Type == state.TypePhone && !a.Weak && !a.Former {
				phones = append(phones, a.Shown)
			}
		}
	}
	if to.Type == state.TypePhone && !slices.Contains(phones, to.Shown) {
		phones = append(phones, to.Shown)
	}
	var dialled []string // zones of phone numbers
	byCountry := map[string][]string{}
	for _, n := range phones {
		country, zones := identity.PhonePlace(n)
		for _, z := range zones {
			if _, ok := zoneByName(z); ok && !slices.Contains(dialled, z) {
				dialled = append(dialled, z)
			}
		}
		byCountry[country] = append(byCountry[country], zones...)
	}
	located := len(p.countries) > 0
	if !located {
		for _, country := range sortedKeys(byCountry) {
			add(country)
		}
	}
	if _, ok := zoneByName(zone); ok {
		p.zones, p.from = []string{zone}, "set"
		return p
	}
	if located {
		for _, country := range p.countries {
			zones := strings.Fields(countryZones[country])
			if len(zones) > 1 && len(byCountry[country]) > 0 {
				zones = byCountry[country]
			}
			p.zones = append(p.zones, zones...)
		}
		p.from = "country"
	}
	if len(p.zones) == 0 && len(dialled) > 0 {
		p.zones, p.from = dialled, "phone"
	}
	if len(p.zones) == 0 {
		p.zones, p.from = []string{s.zone().String()}, "shop"
	}
	return p
}

// countryCode reads a country as systems write it.
func (s *Service) countryCode(written string) string {
	written = strings.TrimSpace(written)
	if s.config.Country != nil {
		if code, ok := s.config.Country(written); ok {
			return code
		}
	}
	if code := strings.ToUpper(written); countryZones[code] != "" {
		return code
	}
	return ""
}

// gateHours asks where the channel is not to be used at that time, wherever the customer may be.
func (s *Service) gateHours(out *gateAnswer, g gateAsk, p place) {
	if g.purpose == purposeTransactional {
		return
	}
	workday := func(t time.Time) bool { return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday }
	if s.config.Calendar != nil {
		workday = s.config.Calendar.Workday
	}
	country := ""
	if len(p.countries) == 1 {
		country = p.countries[0]
	}
	h, limited := s.rules.hours(country, g.channel)
	if !limited {
		return
	}
	fits := func(t time.Time) (string, bool) {
		for _, z := range p.zones {
			loc, ok := zoneByName(z)
			if ok && !h.open(t.In(loc), workday) {
				return z, false
			}
		}
		return "", true
	}
	z, ok := fits(g.at)
	if ok {
		return
	}
	loc, _ := zoneByName(z)
	there := g.at.In(loc)
	args := state.Args{"channel": g.channel, "time": there.Format("15:04"), "zone": z, "weekday": strings.ToLower(there.Weekday().String()[:3]),
		"from": clock(h.From), "to": clock(h.To), "known": p.from}
	// The next quarter of an hour that fits everywhere, within ten days: longer holidays are rare.
	for t := g.at.Truncate(15 * time.Minute).Add(15 * time.Minute); t.Before(g.at.Add(10 * 24 * time.Hour)); t = t.Add(15 * time.Minute) {
		if _, ok := fits(t); ok {
			args["next"] = t.UTC().Format(time.RFC3339)
			out.wait(t)
			break
		}
	}
	out.add(gateMay, "gate_hours", args)
}

func clock(minutes int) string {
	return time.Date(2000, 1, 1, minutes/60, minutes%60, 0, 0, time.UTC).Format("15:04")
}
