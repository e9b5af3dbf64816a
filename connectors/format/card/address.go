package card

import (
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// addressParts are the components of ADR in their order.
var addressParts = []string{connectors.PartPOBox, connectors.PartStreet2, connectors.PartStreet, connectors.PartCity, connectors.PartRegion,
	connectors.PartPostcode, connectors.PartCountry}

// addresses gathers ADR, and LABEL of those that have no ADR of their kind.
func (d *draft) addresses() {
	var kinds []string
	for i := range d.c.Props {
		p := &d.c.Props[i]
		if p.Name != "ADR" || p.Binary() {
			continue
		}
		if text, _ := p.Decode(); len(text) > longest {
			continue // told already
		}
		kinds = append(kinds, typeLabel(p))
		d.address(p)
	}
	for i := range d.c.Props {
		p := &d.c.Props[i]
		if p.Name != "LABEL" || slices.Contains(kinds, typeLabel(p)) {
			continue
		}
		if text := lines(p.Text()); len(text) <= longest {
			d.add(connectors.FieldAddress, connectors.Value{Text: text, Label: d.label(p)}, p.Preference())
		}
	}
}

func (d *draft) address(p *vcard.Property) {
	parts := map[string]string{}
	for i, s := range p.Parts() {
		if s = lines(s); s == "" {
			continue
		}
		if i >= len(addressParts) { // version 4.0 may go on; more than a country is one
			i = len(addressParts) - 1
		}
		name := addressParts[i]
		if parts[name] != "" {
			s = parts[name] + ", " + s
		}
		parts[name] = s
	}
	if len(parts) == 0 {
		return
	}
	if code := d.c.InGroup(p.Group, "X-ABADR"); code != nil && parts[connectors.PartCountry] == "" {
		if c := OneLine(code.Text()); len(c) == 2 {
			parts[connectors.PartCountry] = strings.ToUpper(c)
		}
	}
	if parts[connectors.PartStreet] == "" && parts[connectors.PartStreet2] != "" {
		// Where there is one line only, that is the street.
		parts[connectors.PartStreet] = parts[connectors.PartStreet2]
		delete(parts, connectors.PartStreet2)
	}
	d.add(connectors.FieldAddress, connectors.Value{Text: addressText(parts), Label: d.label(p), Parts: parts}, p.Preference())
}

// addressText writes an address on one line.
func addressText(parts map[string]string) string {
	text := ""
	town := strings.TrimSpace(parts[connectors.PartPostcode] + " " + parts[connectors.PartCity])
	for _, s := range []string{parts[connectors.PartPOBox], parts[connectors.PartStreet], parts[connectors.PartStreet2], town, parts[connectors.PartRegion], parts[connectors.PartCountry]} {
		if s != "" {
			text = strings.TrimPrefix(text+", "+s, ", ")
		}
	}
	return text
}

// lines writes several lines as one, cut by commas.
func lines(s string) string {
	var out []string
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.TrimRight(OneLine(l), ","); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, ", ")
}
