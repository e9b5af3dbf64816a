package identity

import (
	"slices"

	"github.com/nyaruka/phonenumbers"
)

// PhonePlace gives the country (ISO 3166) of a number in E.164 and the IANA zones in which it may be;
// neither where nothing is known of it. Both are those of where the number was given out.
func PhonePlace(e164 string) (country string, zones []string) {
	n, err := phonenumbers.Parse(e164, "ZZ")
	if err != nil {
		return "", nil
	}
	country = phonenumbers.GetRegionCodeForNumber(n)
	if country == "ZZ" || country == "001" {
		country = ""
	}
	zones, err = phonenumbers.GetTimezonesForNumber(n)
	if err != nil || slices.Contains(zones, phonenumbers.UNKNOWN_TIMEZONE) {
		zones = nil
	}
	return country, slices.Clone(zones)
}
