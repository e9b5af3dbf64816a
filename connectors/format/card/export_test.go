package card

import "github.com/keptcrm/kept/connectors"

// Values gives what a card would give back of a field that was written.
func Values(rec connectors.Record, field string) []connectors.Value {
	var out []connectors.Value
	for _, v := range values(rec, field) {
		if proper(field, &v) == nil && v.Text != "" {
			out = append(out, v)
		}
	}
	return out
}
