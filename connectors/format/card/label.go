package card

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/keptcrm/kept/connectors/format/vcard"
)

func isDigit(r rune) bool { return unicode.IsDigit(r) }

// kinds are the labels that are types of their own; others are written beside the property.
var kinds = set("home work cell fax pager car video school main iphone")

// label gives a slot's property another label.
func (e *editor) label(s *slot, label string) {
	p := e.c.Props[s.prop]
	group := p.Group
	alone := true // in its group, but for what is said of it
	for i := range e.c.Props {
		o := &e.c.Props[i]
		alone = alone && (i == s.prop || !strings.EqualFold(o.Group, group) || o.Name == "X-ABLABEL" || o.Name == "X-ABADR")
	}
	if l := e.c.InGroup(group, "X-ABLABEL"); l != nil {
		if alone {
			for i := range e.c.Props {
				if &e.c.Props[i] == l {
					e.take(i)
					break
				}
			}
		} else {
			group = ""
		}
	}
	params := without(p.Params, func(t string) bool { return !saysNothing(t) })
	words := strings.Fields(label)
	if label != "" && !slices.ContainsFunc(words, func(w string) bool { return !kinds[w] }) {
		typed := params
		if e.c.Version == "2.1" {
			for _, w := range words {
				typed = append(slices.Clip(typed), vcard.Param{Value: strings.ToUpper(w)})
			}
		} else {
			typed = append(slices.Clip(typed), vcard.Param{Name: "TYPE", Value: strings.Join(words, ",")})
		}
		e.c.SetHead(s.prop, group, typed)
		if typeLabel(&e.c.Props[s.prop]) == label {
			return
		}
	}
	if label != "" && (group == "" || !alone) {
		group = e.newGroup()
	}
	e.c.SetHead(s.prop, group, params)
	if label != "" {
		e.put(s.prop, group, "X-ABLabel", nil, label)
	}
}

// newGroup names a group that the card does not have.
func (e *editor) newGroup() string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("item%d", n)
		if !slices.ContainsFunc(e.c.Props, func(p vcard.Property) bool { return strings.EqualFold(p.Group, name) }) {
			return name
		}
	}
}

// saysNothing says whether a type is none of those that make a label.
func saysNothing(t string) bool {
	t = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(t)), "x-")
	return t == "" || meaningless[t] || strings.HasPrefix(t, "evolution-")
}

// without gives parameters without some types; those that say how a value is encoded stay.
func without(params []vcard.Param, drop func(t string) bool) []vcard.Param {
	var out []vcard.Param
	for _, x := range params {
		if x.Name != "TYPE" && (x.Name != "" || slices.Contains([]string{"QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"}, strings.ToUpper(x.Value))) {
			out = append(out, x)
			continue
		}
		kept := slices.DeleteFunc(strings.Split(x.Value, ","), drop)
		if len(kept) > 0 {
			out = append(out, vcard.Param{Name: x.Name, Value: strings.Join(kept, ",")})
		}
	}
	return out
}

func isPref(t string) bool {
	t = strings.ToLower(strings.TrimSpace(t))
	return t == "pref"
}

// arrange puts properties into the order that is wanted, where reading would tell another: what is
// preferred comes first, whatever the order of the lines.
func (e *editor) arrange(slots []*slot) {
	rank := func(s *slot) int {
		p := &e.c.Props[s.prop]
		if p.Name == "X-ANDROID-CUSTOM" {
			return 101
		}
		return p.Preference()
	}
	read := slices.Clone(slots)
	slices.SortFunc(read, func(a, b *slot) int { return a.prop - b.prop })
	slices.SortStableFunc(read, func(a, b *slot) int { return rank(a) - rank(b) })
	if slices.IsSortedFunc(read, func(a, b *slot) int { return a.want - b.want }) {
		return
	}
	slices.SortFunc(slots, func(a, b *slot) int { return a.want - b.want })
	preferred := false
	list := make([]int, len(slots))
	for k, s := range slots {
		list[k] = s.prop
		p := e.c.Props[s.prop]
		if p.Preference() <= 100 {
			preferred = true
			params := slices.DeleteFunc(without(p.Params, isPref), func(x vcard.Param) bool { return x.Name == "PREF" })
			e.c.SetHead(s.prop, p.Group, params)
		}
	}
	places := slices.Sorted(slices.Values(list))
	e.c.Reorder(list)
	for k, s := range slots {
		s.prop = places[k]
	}
	if first := e.c.Props[slots[0].prop]; preferred {
		pref := vcard.Param{Name: "TYPE", Value: "pref"}
		switch e.c.Version {
		case "2.1":
			pref = vcard.Param{Value: "PREF"}
		case "4.0":
			pref = vcard.Param{Name: "PREF", Value: "1"}
		}
		e.c.SetHead(slots[0].prop, first.Group, append(slices.Clip(first.Params), pref))
	}
}
