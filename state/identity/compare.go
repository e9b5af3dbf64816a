package identity

import "github.com/keptcrm/kept/state"

// Compare gives what speaks for and against two sets of records being one person, in words'
// codes, for people to read: identifiers in common, names, contradictions, circumstances.
func Compare(as, bs []*state.Record) []state.Evidence {
	var out []state.Evidence
	for _, x := range nodesOf(as) {
		for _, y := range nodesOf(bs) {
			if x.Record.Key == y.Record.Key {
				continue
			}
			for _, i := range x.Record.Identifiers {
				for _, j := range y.Record.Identifiers {
					if !i.Weak && i.Type == j.Type && i.System == j.System && i.Match == j.Match && !i.Former && !j.Former {
						out = append(out, state.Evidence{Code: "same_" + i.Type, Args: state.Args{"value": i.Shown}, Record: y.Record.Key})
					}
				}
			}
			a, b := nameShown(&x), nameShown(&y)
			switch FitNames(x.name, y.name) {
			case FitSame:
				out = append(out, state.Evidence{Code: "same_name", Args: state.Args{"value": a}})
			case FitClose:
				out = append(out, state.Evidence{Code: "similar_name", Args: state.Args{"a": a, "b": b}})
			case FitConflict, FitFamilyDiffers:
				out = append(out, state.Evidence{Code: "names_differ", Against: true, Args: state.Args{"a": a, "b": b}})
			}
			out = append(out, supports(&x, &y)...)
			out = append(out, contradictions(&x, &y)...)
			if x.kind != y.kind {
				out = append(out, state.Evidence{Code: "two_kinds", Against: true})
			}
		}
	}
	return firstOfEach(out)
}

func nodesOf(records []*state.Record) []Node {
	var out []Node
	for _, r := range records {
		v := r.Current()
		if v == nil {
			continue
		}
		n := Node{Record: r, version: v, name: PersonName(v), kind: KindOf(v), birth: fullDate(v.Text(fieldBirthday))}
		if r.Kind == state.KindOrganisation {
			n.kind = state.Organisation
		}
		if n.kind == state.Organisation {
			n.place = placeOf(v)
		}
		out = append(out, n)
	}
	return out
}
