package service

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

const (
	customPrefix = "custom."
	maxTag       = 100    // characters of a tag
	maxValue     = 10_000 // characters of a value
)

// The kinds of relations that people state.
const (
	relationWorksFor  = "works_for"
	relationBelongsTo = "belongs_to"
	relationParentOf  = "parent_of"
	relationHousehold = "household"
)

var (
	relationKinds = []string{relationWorksFor, relationBelongsTo, relationParentOf, relationHousehold}
	stages        = []string{state.StageProspect, state.StageCustomer, state.StageFormer, state.StagePartner, state.StageOther}
	kinds         = []string{state.Person, state.Organisation}
	grades        = []string{"A", "B", "C"}
	// plainFields are fields that anything may stand in.
	plainFields = []string{"name", "prefix", "given", "middle", "family", "suffix", "nickname", "phonetic", "company", "title",
		"department", "gender", "language", "country", "note", "url"}
)

// CustomerEdit sets fields by hand, or takes what was set by hand back. All are set, or none.
func (s *Service) CustomerEdit(ctx context.Context, in CustomerEditIn) (CustomerOut, error) {
	if len(in.Set) == 0 {
		return CustomerOut{}, &state.Error{Class: state.Invalid, Code: "nothing_to_set"}
	}
	names := slices.Sorted(maps.Keys(in.Set))
	args := state.Args{"ref": in.Ref, "fields": strings.Join(names, ", ")}
	return s.edit(ctx, "customer.edit", args, in.Ref, func(w *state.Writer, c *state.Customer, base uint64) error {
		for _, name := range names {
			if err := s.set(w, c, base, name, strings.TrimSpace(in.Set[name])); err != nil {
				return err
			}
		}
		return nil
	})
}

// edit runs a change of values set on a customer and answers with the customer as it then is.
func (s *Service) edit(ctx context.Context, what string, args state.Args, ref string, fn func(*state.Writer, *state.Customer, uint64) error) (CustomerOut, error) {
	return change(ctx, s, what, args, func(w *state.Writer) (CustomerOut, error) {
		c, base, err := s.customer(w.Tx(), ref)
		if err != nil {
			return CustomerOut{}, err
		}
		if err := fn(w, c, base); err != nil {
			return CustomerOut{}, err
		}
		if err := s.refresh(w, base); err != nil {
			return CustomerOut{}, err
		}
		l := newLookup(w.Tx(), w.Cause.At)
		after, err := l.survivor(base)
		if err != nil {
			return CustomerOut{}, err
		}
		if after == nil {
			return CustomerOut{}, noCustomer(ref, nil)
		}
		shown, err := l.show(after)
		return CustomerOut{Customer: shown}, err
	})
}

// set sets one field by the name that people type.
func (s *Service) set(w *state.Writer, c *state.Customer, base uint64, name, text string) error {
	field, value, err := s.value(w.Tx(), name, text)
	if err != nil {
		return err
	}
	many := field == state.TypeEmail || field == state.TypePhone
	if text == "" {
		return takeBack(w, c, base, field, many)
	}
	set := &state.Setting{Base: base, Field: field, Values: []state.Value{value}}
	if many {
		set.Element = value.Text // added to what records tell
	}
	return putSetting(w, c, set)
}

// value checks what a person typed for a field and gives the field and the value as kept.
func (s *Service) value(tx state.Tx, name, text string) (string, state.Value, error) {
	field := strings.ToLower(strings.TrimSpace(name))
	if field == "" || strings.ContainsAny(field, "\n\t\x00") || utf8.RuneCountInString(field) > maxTag {
		return "", state.Value{}, badValue("bad_field", name, text, "")
	}
	if utf8.RuneCountInString(text) > maxValue {
		return "", state.Value{}, badValue("value_too_long", name, cutText(text, 60), "")
	}
	v := state.Value{Text: text}
	if text == "" {
		return fieldNamed(field, name), v, nil
	}
	one := func(allowed []string) error {
		for _, a := range allowed {
			if strings.EqualFold(a, text) {
				v.Text = a
				return nil
			}
		}
		return badValue("bad_value", field, text, strings.Join(allowed, ", "))
	}
	switch field {
	case "kind":
		err := one(kinds)
		return field, v, err
	case "stage":
		err := one(stages)
		return field, v, err
	case "grade":
		err := one(grades)
		return field, v, err
	case "owner":
		m, err := s.ownerOf(tx, text)
		if err != nil {
			return "", v, err
		}
		v.Text = state.StaffMembers.Ref(m.Number)
	case "birthday":
		d, err := identity.ParseDate(text, identity.OrderUnknown)
		if err != nil {
			return "", v, badValue("bad_date", field, text, "2026-11-24")
		}
		v.Text = d.String()
	case "zone":
		if _, ok := zoneByName(text); !ok {
			return "", v, &state.Error{Class: state.Invalid, Code: "unknown_zone", Args: state.Args{"zone": text}}
		}
	case state.TypeEmail:
		id := identity.EmailIdentifier(text)
		if id.Match == "" {
			return "", v, &state.Error{Class: state.Invalid, Code: "not_an_address", Args: state.Args{"ref": text}}
		}
		v.Text = id.Shown
	case state.TypePhone:
		id := identity.PhoneIdentifier(text, s.config.Region)
		if id.Match == "" {
			return "", v, &state.Error{Class: state.Invalid, Code: "not_a_phone", Args: state.Args{"ref": text}}
		}
		v.Label = strings.ToUpper(s.config.Region) // where it is at home when it is read again
	}
	return fieldNamed(field, name), v, nil
}

// fieldNamed gives a field's name as it is kept: one that has no meaning of its own is custom,
// under the name that its owner gave it.
func fieldNamed(field, name string) string {
	known := []string{"kind", "stage", "grade", "owner", "birthday", "zone", state.TypeEmail, state.TypePhone}
	if slices.Contains(known, field) || slices.Contains(plainFields, field) {
		return field
	}
	name = oneLine(name)
	if i := len(customPrefix); len(name) > i && strings.EqualFold(name[:i], customPrefix) {
		name = name[i:]
	}
	return customPrefix + name
}

func badValue(code, field, value, allowed string) error {
	return &state.Error{Class: state.Invalid, Code: code, Args: state.Args{"field": field, "value": value, "allowed": allowed}}
}

// ownerOf gives a staff member who can answer for a customer, a promise or a follow-up: one who has not left.
func (s *Service) ownerOf(tx state.Tx, ref string) (*state.Staff, error) {
	m, err := s.staff(tx, ref)
	if err != nil {
		return nil, err
	}
	now, err := s.Clock(tx)
	if err != nil {
		return nil, err
	}
	if left(m, now) {
		return nil, &state.Error{Class: state.Invalid, Code: "staff_left", Args: state.Args{"name": m.Name, "on": m.Left.Format(time.DateOnly)}}
	}
	return m, nil
}

// putSetting stores a value as set by the actor now. The latest setting holds among those of all
// numbers that are one customer; where a clock stands still, now is after the last of them.
func putSetting(w *state.Writer, c *state.Customer, set *state.Setting) error {
	set.By, set.At = w.Cause.Actor, w.Cause.At
	for _, b := range bases(c) {
		if b == set.Base {
			continue
		}
		other, err := state.Settings.Find(w.Tx(), settingKey(b, set.Field, set.Element))
		if err != nil {
			return err
		}
		if other != nil && !set.At.After(other.At) {
			set.At = other.At.Add(time.Nanosecond)
		}
	}
	return state.Settings.Put(w, set)
}

func settingKey(base uint64, field, element string) []byte {
	return state.Join(state.NumberKey(base), state.TextKey(field), state.TextKey(element))
}

// takeBack ends what was set by hand in a field. What was set on another number of the customer is
// covered, not deleted, so that taking a merge back brings it again.
func takeBack(w *state.Writer, c *state.Customer, base uint64, field string, many bool) error {
	others := map[string]bool{}
	for _, b := range bases(c) {
		list, err := state.Settings.List(w.Tx(), state.PrefixRange("", state.Join(state.NumberKey(b), state.TextKey(field))))
		if err != nil {
			return err
		}
		for _, set := range list {
			if set.Element != "" && !many {
				continue
			}
			if b != base {
				others[set.Element] = true
				continue
			}
			if _, err := state.Settings.Delete(w, settingKey(b, field, set.Element)); err != nil {
				return err
			}
		}
	}
	for _, element := range slices.Sorted(maps.Keys(others)) {
		if err := putSetting(w, c, &state.Setting{Base: base, Field: field, Element: element}); err != nil {
			return err
		}
	}
	return nil
}

// CustomerTag adds and removes tags. A tag that records tell and a person took away stays away.
func (s *Service) CustomerTag(ctx context.Context, in CustomerTagIn) (CustomerOut, error) {
	if len(in.Add)+len(in.Remove) == 0 {
		return CustomerOut{}, &state.Error{Class: state.Invalid, Code: "tag_missing"}
	}
	add, err := foldTags(in.Add)
	if err != nil {
		return CustomerOut{}, err
	}
	remove, err := foldTags(in.Remove)
	if err != nil {
		return CustomerOut{}, err
	}
	args := state.Args{"ref": in.Ref, "add": strings.Join(add, ", "), "remove": strings.Join(remove, ", ")}
	return s.edit(ctx, "customer.tag", args, in.Ref, func(w *state.Writer, c *state.Customer, base uint64) error {
		for _, tag := range remove {
			if !slices.Contains(c.Tags, tag) {
				return &state.Error{Class: state.Invalid, Code: "no_such_tag", Args: state.Args{
					"tag": tag, "tags": strings.Join(c.Tags, ", "), "name": c.Name}}
			}
			if err := putSetting(w, c, &state.Setting{Base: base, Field: "tag", Element: tag, Removed: true}); err != nil {
				return err
			}
		}
		for _, tag := range add {
			if slices.Contains(c.Tags, tag) && !slices.Contains(remove, tag) {
				continue
			}
			if err := putSetting(w, c, &state.Setting{Base: base, Field: "tag", Element: tag}); err != nil {
				return err
			}
		}
		return nil
	})
}

func foldTags(tags []string) ([]string, error) {
	var out []string
	for _, raw := range tags {
		tag := identity.FoldTag(raw)
		if tag == "" || utf8.RuneCountInString(tag) > maxTag || strings.ContainsFunc(tag, unicode.IsControl) {
			return nil, badValue("bad_value", "tag", cutText(raw, 60), "")
		}
		if !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out, nil
}

// Assign gives a customer an owner, or takes the owner away.
func (s *Service) Assign(ctx context.Context, in AssignIn) (CustomerOut, error) {
	args := state.Args{"ref": in.Ref, "staff": in.Staff}
	return s.edit(ctx, "customer.assign", args, in.Ref, func(w *state.Writer, c *state.Customer, base uint64) error {
		if err := s.mayDo(ctx, w.Tx(), w.Cause.At, doAssign); err != nil {
			return err
		}
		return s.set(w, c, base, "owner", strings.TrimSpace(in.Staff))
	})
}

// Relate states a relation between two customers, changes the role and dates of one, or denies
// it. A person works for or belongs to an organisation; an organisation is parent of another;
// persons share a household.
func (s *Service) Relate(ctx context.Context, in RelateIn) (RelateOut, error) {
	kind := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(in.Kind)), "-", "_")
	if !slices.Contains(relationKinds, kind) {
		return RelateOut{}, badValue("bad_value", "relation", in.Kind, strings.ReplaceAll(strings.Join(relationKinds, ", "), "_", "-"))
	}
	in.Since, in.Until = strings.TrimSpace(in.Since), strings.TrimSpace(in.Until)
	for field, text := range map[string]string{"since": in.Since, "until": in.Until} {
		if _, ok := firstDay(text); text != "" && !ok {
			return RelateOut{}, badValue("bad_date", field, text, "2026-11-24, 2026-11, 2026")
		}
	}
	if from, ok := firstDay(in.Since); ok {
		if end, ok := dayAfter(in.Until); ok && !end.After(from) {
			return RelateOut{}, &state.Error{Class: state.Invalid, Code: "until_before_from", Args: state.Args{"from": in.Since, "until": in.Until}}
		}
	}
	args := state.Args{"ref": in.Ref, "to": in.To, "kind": kind}
	return change(ctx, s, "customer.relate", args, func(w *state.Writer) (RelateOut, error) {
		from, fromBase, err := s.customer(w.Tx(), in.Ref)
		if err != nil {
			return RelateOut{}, err
		}
		to, toBase, err := s.customer(w.Tx(), in.To)
		if err != nil {
			return RelateOut{}, err
		}
		if err := mayRelate(from, to, kind); err != nil && !in.Remove {
			return RelateOut{}, err
		}
		l := newLookup(w.Tx(), w.Cause.At)
		if in.Remove {
			err = l.deny(w, from, to, fromBase, toBase, kind)
		} else {
			err = l.state(w, from, to, &state.Relation{From: fromBase, To: toBase, Kind: kind, Role: oneLine(in.Role), Since: in.Since, Until: in.Until})
		}
		if err != nil {
			return RelateOut{}, err
		}
		if err := s.refresh(w, fromBase, toBase); err != nil {
			return RelateOut{}, err
		}
		relations, err := newLookup(w.Tx(), w.Cause.At).relations(from)
		return RelateOut{Customer: refOf(from), Relations: relations}, err
	})
}

func mayRelate(from, to *state.Customer, kind string) error {
	args := state.Args{"from": from.Name, "to": to.Name, "kind": kind}
	switch {
	case from.Number == to.Number:
		return &state.Error{Class: state.Invalid, Code: "same_customer", Args: state.Args{"ref": state.Customers.Ref(from.Number)}}
	case kind == relationHousehold && (from.Kind != state.Person || to.Kind != state.Person):
		return &state.Error{Class: state.Invalid, Code: "household_of_persons", Args: args}
	case kind == relationParentOf && (from.Kind != state.Organisation || to.Kind != state.Organisation):
		return &state.Error{Class: state.Invalid, Code: "parent_of_organisation", Args: args}
	case (kind == relationWorksFor || kind == relationBelongsTo) && to.Kind != state.Organisation:
		return &state.Error{Class: state.Invalid, Code: "not_an_organisation", Args: args}
	}
	return nil
}

// between gives the relations of a kind that people stated from one customer to another; of a
// household in either direction.
func (l *lookup) between(from, to *state.Customer, kind string) ([]*state.Relation, error) {
	stated, err := l.stated(from)
	var out []*state.Relation
	for _, r := range stated {
		if r.other.Number == to.Number && r.Kind == kind && (r.outgoing || kind == relationHousehold) {
			out = append(out, r.Relation)
		}
	}
	return out, err
}

// state stores a relation; one that is there already is changed, and keeps what is not given.
func (l *lookup) state(w *state.Writer, from, to *state.Customer, r *state.Relation) error {
	old, err := l.between(from, to, r.Kind)
	if err != nil {
		return err
	}
	for _, o := range old {
		if o.From == r.From && o.To == r.To || o.From == r.To && o.To == r.From {
			r.Key, r.From, r.To = o.Key, o.From, o.To
			if !o.Denied {
				r.Role, r.Since, r.Until = cmp.Or(r.Role, o.Role), cmp.Or(r.Since, o.Since), cmp.Or(r.Until, o.Until)
			}
		}
	}
	if r.Key == 0 {
		if r.Key, err = state.Relations.Next(w); err != nil {
			return err
		}
	}
	r.By, r.At = w.Cause.Actor, w.Cause.At
	return state.Relations.Put(w, r)
}

// deny takes back what people stated, and says of what records tell that it does not hold.
func (l *lookup) deny(w *state.Writer, from, to *state.Customer, fromBase, toBase uint64, kind string) error {
	old, err := l.between(from, to, kind)
	if err != nil {
		return err
	}
	found := false
	for _, o := range old {
		if o.Denied {
			continue
		}
		found = true
		if _, err := state.Relations.Delete(w, state.NumberKey(o.Key)); err != nil {
			return err
		}
	}
	told := false
	for _, a := range from.Employers {
		org, err := l.ofRecord(a.Organisation)
		if err != nil {
			return err
		}
		told = told || org != nil && org.Number == to.Number
	}
	if !told || kind != relationWorksFor && kind != relationBelongsTo {
		if !found {
			return &state.Error{Class: state.Invalid, Code: "no_relation", Args: state.Args{"from": from.Name, "to": to.Name, "kind": kind}}
		}
		return nil
	}
	n, err := state.Relations.Next(w)
	if err != nil {
		return err
	}
	return state.Relations.Put(w, &state.Relation{Key: n, From: fromBase, To: toBase, Kind: kind, By: w.Cause.Actor,
		At: w.Cause.At, Denied: true})
}
