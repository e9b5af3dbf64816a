package identity

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// PhoneCountry gives the country of a phone number by its match value, as an ISO 3166 code; "" where
// the number does not say.
func PhoneCountry(match string) string {
	if !strings.HasPrefix(match, "+") {
		return ""
	}
	n, err := phonenumbers.Parse(match, phonenumbers.UNKNOWN_REGION)
	if err != nil {
		return ""
	}
	if r := phonenumbers.GetRegionCodeForNumber(n); len(r) == 2 && r != phonenumbers.UNKNOWN_REGION {
		return r
	}
	return ""
}

// countryZones has the zone of countries where one holds for all, or for nearly all who live there,
// by ISO 3166 code. Of the others (the United States, Canada, Australia, Brazil, Russia, ...) a country
// says nothing of the time of day.
var countryZones = map[string]string{
	"AT": "Europe/Vienna", "BE": "Europe/Brussels", "BG": "Europe/Sofia", "CH": "Europe/Zurich", "CZ": "Europe/Prague", "DE": "Europe/Berlin",
	"DK": "Europe/Copenhagen", "EE": "Europe/Tallinn", "ES": "Europe/Madrid", "FI": "Europe/Helsinki", "FR": "Europe/Paris", "GB": "Europe/London",
	"GR": "Europe/Athens", "HR": "Europe/Zagreb", "HU": "Europe/Budapest", "IE": "Europe/Dublin", "IS": "Atlantic/Reykjavik", "IT": "Europe/Rome",
	"LT": "Europe/Vilnius", "LU": "Europe/Luxembourg", "LV": "Europe/Riga", "NL": "Europe/Amsterdam", "NO": "Europe/Oslo", "PL": "Europe/Warsaw",
	"PT": "Europe/Lisbon", "RO": "Europe/Bucharest", "RS": "Europe/Belgrade", "SE": "Europe/Stockholm", "SI": "Europe/Ljubljana", "SK": "Europe/Bratislava",
	"TR": "Europe/Istanbul", "UA": "Europe/Kyiv", "AE": "Asia/Dubai", "CN": "Asia/Shanghai", "HK": "Asia/Hong_Kong", "IL": "Asia/Jerusalem",
	"IN": "Asia/Kolkata", "JP": "Asia/Tokyo", "KR": "Asia/Seoul", "MO": "Asia/Macau", "MY": "Asia/Kuala_Lumpur", "PH": "Asia/Manila", "PK": "Asia/Karachi",
	"SA": "Asia/Riyadh", "SG": "Asia/Singapore", "TH": "Asia/Bangkok", "TW": "Asia/Taipei", "VN": "Asia/Ho_Chi_Minh", "EG": "Africa/Cairo", "KE": "Africa/Nairobi",
	"MA": "Africa/Casablanca", "NG": "Africa/Lagos", "ZA": "Africa/Johannesburg", "AR": "America/Argentina/Buenos_Aires", "CO": "America/Bogota", "PE": "America/Lima",
	"NZ": "Pacific/Auckland",
}

// CountryZone gives the IANA zone of a country where one holds for nearly all who live there; "" of
// others.
func CountryZone(iso string) string { return countryZones[strings.ToUpper(strings.TrimSpace(iso))] }
