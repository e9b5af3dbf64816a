package service

import (
	"slices"
	"strings"
	"time"
)

// GateConfig is what kept.yaml says of the gate. What it does not say is as [DefaultGate] has it.
type GateConfig struct {
	Silence []GateSilence
	Caps    []GateCap // replace the default ones, where there are any
	Hours   []GateHours
}

// GateSilence says what it means that somebody never said anything about contact. The most exact rule
// holds: one with the country, then one with the purpose, then one with the channel; of equally
// exact ones the last.
type GateSilence struct {
	Country string // ISO 3166; "": all
	Purpose string // marketing or sales; "": both
	Channel string // "": all
	Outcome string // yes, ask, no
	Law     string // what says so, where it is a law; "" else
}

// GateCap is how often one customer may be contacted, by all teams together.
type GateCap struct {
	Purpose string // "": marketing and sales
	Channel string // "": all
	Max     int
	Days    int
}

// GateHours is when a channel may be used, by the customer's clock.
type GateHours struct {
	Channel  string
	Country  string // ISO 3166; "": all
	From, To int    // minutes after midnight; equal: always
	Workdays bool   // not on weekends and holidays
}

// openCountries are those whose law wants consent before advertising by e-mail and text message,
// with what it is called there. These are facts to begin with, not legal advice.
var openCountries = map[string]string{
	"GB": "PECR regulation 22", "CH": "UWG Art. 3(1)(o)", "NO": "markedsføringsloven § 15", "IS": "Directive 2002/58/EC Art. 13",
	"LI": "Directive 2002/58/EC Art. 13", "CA": "CASL", "AU": "Spam Act 2003", "NZ": "Unsolicited Electronic Messages Act 2007",
	"CN": "广告法 Art. 43", "JP": "特定電子メール法", "KR": "정보통신망법 Art. 50", "DE": "UWG § 7", "AT": "TKG 2021 § 174", "FR": "CPCE Art. L34-5",
	"ES": "LSSI Art. 21", "IT": "Codice privacy Art. 130",
}

// unionCountries are the others of the European Union, where the same directive says so.
const unionCountries = "BE BG HR CY CZ DK EE FI GR HU IE LV LT LU MT NL PL PT RO SK SI SE"

// defaultSilence is what silence means where kept.yaml does not say: what is safe. Advertising
// without consent is refused where the law wants consent, asked about elsewhere; letters may be
// sent; sales talks with a single person are asked about.
func defaultSilence() []GateSilence {
	rules := []GateSilence{
		{Outcome: gateMay},
		{Channel: channelPost, Outcome: gateYes},
		{Country: "US", Purpose: purposeMarketing, Channel: channelEmail, Outcome: gateYes, Law: "CAN-SPAM"},
		{Country: "US", Purpose: purposeMarketing, Channel: channelSMS, Outcome: gateNo, Law: "TCPA"},
		{Country: "DE", Purpose: purposeMarketing, Channel: channelPhone, Outcome: gateNo, Law: "UWG § 7"},
		{Country: "AT", Purpose: purposeMarketing, Channel: channelPhone, Outcome: gateNo, Law: "TKG 2021 § 174"},
		{Country: "ES", Purpose: purposeMarketing, Channel: channelPhone, Outcome: gateNo, Law: "LGTel 11/2022 Art. 66"},
		{Country: "NL", Purpose: purposeMarketing, Channel: channelPhone, Outcome: gateNo, Law: "Telecommunicatiewet Art. 11.7"},
	}
	laws := map[string]string{}
	for c, law := range openCountries {
		laws[c] = law
	}
	for c := range strings.FieldsSeq(unionCountries) {
		laws[c] = "Directive 2002/58/EC Art. 13"
	}
	for _, c := range sortedKeys(laws) {
		for _, ch := range []string{channelEmail, channelSMS} {
			rules = append(rules, GateSilence{Country: c, Purpose: purposeMarketing, Channel: ch, Outcome: gateNo, Law: laws[c]})
		}
	}
	return rules
}

// DefaultGate is what holds where kept.yaml says nothing: two advertisements in seven days, calls
// from 09:00 to 20:00 and text messages from 08:00 to 21:00 by the customer's clock, calls on
// workdays alone.
func DefaultGate() GateConfig {
	return GateConfig{
		Silence: defaultSilence(),
		Caps:    []GateCap{{Purpose: purposeMarketing, Max: 2, Days: 7}},
		Hours: []GateHours{
			{Channel: channelPhone, From: 9 * 60, To: 20 * 60, Workdays: true},
			{Channel: channelSMS, From: 8 * 60, To: 21 * 60},
		},
	}
}

// gateRules are the default rules with those of kept.yaml over them.
func gateRules(c GateConfig) GateConfig {
	d := DefaultGate()
	// What a person wrote beats what comes with the program, however exact that is.
	var kept []GateSilence
	for _, r := range d.Silence {
		if !slices.ContainsFunc(c.Silence, func(x GateSilence) bool { return x.covers(r) }) {
			kept = append(kept, r)
		}
	}
	d.Silence = append(kept, c.Silence...)
	if c.Caps != nil {
		d.Caps = c.Caps
	}
	for _, h := range c.Hours {
		d.Hours = slices.DeleteFunc(d.Hours, func(x GateHours) bool { return x.Channel == h.Channel && x.Country == h.Country })
		d.Hours = append(d.Hours, h)
	}
	return d
}

// covers says whether a rule of kept.yaml for a country takes the place of a rule that comes with
// the program. A default for all countries does not: the laws of single ones stay.
func (r GateSilence) covers(o GateSilence) bool {
	within := func(mine, theirs string) bool { return mine == "" || mine == theirs }
	return r.Country == o.Country && within(r.Purpose, o.Purpose) && within(r.Channel, o.Channel)
}

// silence gives the rule that holds, for one country ("" for one that is not known).
func (c GateConfig) silence(country, purpose, channel string) GateSilence {
	best, weight := GateSilence{Outcome: gateMay}, -1
	for _, r := range c.Silence {
		if r.Country != "" && r.Country != country || r.Purpose != "" && r.Purpose != purpose || r.Channel != "" && r.Channel != channel {
			continue
		}
		w := 0
		if r.Country != "" {
			w += 4
		}
		if r.Purpose != "" {
			w += 2
		}
		if r.Channel != "" {
			w++
		}
		if w >= weight {
			best, weight = r, w
		}
	}
	return best
}

// hours gives when a channel may be used in a country; false where it is always.
func (c GateConfig) hours(country, channel string) (GateHours, bool) {
	var best *GateHours
	for i := range c.Hours {
		h := &c.Hours[i]
		if h.Channel == channel && (h.Country == country && country != "" || h.Country == "" && best == nil) {
			best = h
		}
	}
	if best == nil || best.From == best.To && !best.Workdays {
		return GateHours{}, false
	}
	return *best, true
}

// open says whether a channel may be used at a time, by the clock of a zone.
func (h GateHours) open(t time.Time, workday func(time.Time) bool) bool {
	if h.Workdays && !workday(t) {
		return false
	}
	m := t.Hour()*60 + t.Minute()
	if h.From <= h.To {
		return h.From == h.To || m >= h.From && m < h.To
	}
	return m >= h.From || m < h.To
}
