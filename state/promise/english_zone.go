package promise

import "time"

// zoneNames are the zones whose clocks an abbreviation means. Where several share one (CET), any of them serves; "EST" in summer is
// what people call Eastern time. Those that mean zones hours apart (IST) are empty.
var zoneNames = map[string]string{
	"utc": "UTC", "gmt": "UTC", "z": "UTC", "bst": "Europe/London", "cet": "Europe/Berlin", "cest": "Europe/Berlin", "eet": "Europe/Athens", "eest": "Europe/Athens",
	"msk": "Europe/Moscow", "est": "America/New_York", "edt": "America/New_York", "et": "America/New_York", "cst": "America/Chicago", "cdt": "America/Chicago",
	"ct": "America/Chicago", "mst": "America/Denver", "mdt": "America/Denver", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles",
	"pt": "America/Los_Angeles", "jst": "Asia/Tokyo", "kst": "Asia/Seoul", "sgt": "Asia/Singapore", "hkt": "Asia/Hong_Kong", "aest": "Australia/Sydney",
	"aedt": "Australia/Sydney", "ist": "",
}

// zonePhrases are zones in words.
var zonePhrases = []struct{ words, zone string }{
	{"eastern standard time", "America/New_York"}, {"eastern time", "America/New_York"}, {"eastern", "America/New_York"},
	{"central time", "America/Chicago"}, {"central", "America/Chicago"}, {"mountain time", "America/Denver"},
	{"pacific time", "America/Los_Angeles"}, {"pacific", "America/Los_Angeles"}, {"new york time", "America/New_York"},
	{"london time", "Europe/London"}, {"uk time", "Europe/London"}, {"german time", "Europe/Berlin"}, {"berlin time", "Europe/Berlin"},
	{"central european time", "Europe/Berlin"}, {"paris time", "Europe/Paris"}, {"beijing time", "Asia/Shanghai"}, {"china time", "Asia/Shanghai"},
	{"shanghai time", "Asia/Shanghai"}, {"tokyo time", "Asia/Tokyo"}, {"india time", "Asia/Kolkata"}, {"singapore time", "Asia/Singapore"},
	{"hong kong time", "Asia/Hong_Kong"}, {"houston time", "America/Chicago"}, {"my time", "own"}, {"our time", "own"}, {"your time", ""}, {"local time", ""},
}

// zone reads the zone that follows a time of day. name is "own" for the writer's, and empty for one that nobody can know.
func (p *english) zone(i int) (name string, j int) {
	s := p.at(i)
	switch s {
	case "":
		return "", i
	case "z", "et", "ct", "pt", "ist", "bst", "mst":
		if !p.t[i].upper {
			return "", i
		}
	}
	if z, ok := zoneNames[s]; ok {
		if s == "cst" && inChina(p.loc) {
			z = "Asia/Shanghai"
		}
		return z, i + 1
	}
	for _, z := range zonePhrases {
		if j := p.phrase(i, z.words); j > i && (p.t[i].upper || z.zone == "own" || z.zone == "") {
			return z.zone, j
		}
	}
	return "", i
}

// inChina says whether "CST" is China's time to those who live in loc.
func inChina(loc *time.Location) bool {
	switch loc.String() {
	case "Asia/Shanghai", "Asia/Chongqing", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei", "PRC":
		return true
	}
	return false
}

// clock reads a time of day with what may follow it: "sharp", and the zone that it is meant in. Of a time in a zone that nobody can know
// ("3 pm your time") the day stays; typed alone, it is refused.
func (p *english) clock(i int, beside bool) (clock, int) {
	k, j := p.localClock(i, beside)
	if j == i || !k.timed && k.part != partNoon && k.part != partBusiness && k.part != partEnd {
		return k, j
	}
	j = p.phrase(j, "sharp", "on the dot", "hrs", "hours")
	name, e := p.zone(j)
	switch {
	case e == j:
	case name == "own":
		j = e
	case name != "":
		k.zone, j = name, e
	case p.strict:
		return clock{}, i
	default:
		return at(partEnd), e
	}
	return k, j
}
