package config

import (
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state/service"
)

// The marks that are offered for opt-outs, the best first.
var offers = []string{ownConsent, "tag:no-marketing", "field:custom.marketing_optout=yes"}

const ownConsent = "consent"

// OptoutOffer is how the records of a type could hold an opt-out; "" where it has no room for it.
func OptoutOffer(spec *connectors.Spec) string {
	for _, offer := range offers {
		if mark, ok := service.ParseOptoutMark(offer); ok && holdsOptout(spec, mark) {
			return offer
		}
	}
	return ""
}

// OwnConsent is the mark of a system that keeps consent itself, where that is what is offered; else "".
func OwnConsent(offer string) string {
	if offer == ownConsent {
		return offer
	}
	return ""
}

// holdsOptout says whether a mark can be read and written at the contacts of a type.
func holdsOptout(spec *connectors.Spec, mark service.OptoutMark) bool {
	fields := spec.Fields[connectors.Contact]
	i := slices.IndexFunc(fields, func(f connectors.FieldSpec) bool { return f.Field == mark.Field })
	if i < 0 {
		i = slices.IndexFunc(fields, func(f connectors.FieldSpec) bool {
			return f.Field == connectors.CustomPrefix && strings.HasPrefix(mark.Field, connectors.CustomPrefix)
		})
	}
	return i >= 0 && fields[i].Read && fields[i].Write && (fields[i].Long == 0 || len([]rune(mark.Value)) <= fields[i].Long)
}
