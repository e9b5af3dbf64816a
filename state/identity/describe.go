package identity

import (
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
)

// Names of the fields that identity reads; they are those of the connectors' contract.
const (
	fieldName       = "name"
	fieldGiven      = "given"
	fieldFamily     = "family"
	fieldMiddle     = "middle"
	fieldPrefix     = "prefix"
	fieldSuffix     = "suffix"
	fieldNickname   = "nickname"
	fieldPhonetic   = "phonetic"
	fieldEmail      = "email"
	fieldPhone      = "phone"
	fieldHandle     = "handle"
	fieldExternalID = "external_id"
	fieldCompany    = "company"
	fieldTitle      = "title"
	fieldBirthday   = "birthday"
	fieldAddress    = "address"
	fieldTag        = "tag"
	fieldStage      = "stage"
)

// Describe puts into a record what identity makes of its versions: identifiers, the key of the
// company, the domain. region is the default region of its phone numbers (ISO 3166). The keys to
// look for candidates by are put by [match.Blocks] after it.
//
// Identifiers of the current version link, unless they are weak; those that only older versions
// have are marked Former. A record that is gone at its connection links as it last did, so that
// its history stays where it was; it names no organisation any more.
func Describe(r *state.Record, region string) {
	r.Identifiers, r.Company, r.Domain, r.Blocks = nil, "", "", nil
	if r.Kind == state.KindOrder {
		r.Party, r.Number = "", ""
		if v := r.Current(); v != nil && v.Order != nil {
			r.Party, r.Number = v.Order.Party, FoldNumber(v.Order.Number)
		}
		return
	}
	if r.Kind == state.KindMessage {
		r.Mail = mailOf(r.Current())
		return
	}
	current := Standing(r)
	if current != nil {
		r.Identifiers = identifiersOf(r, current, region)
	}
	if r.Current() != nil {
		company := current.Text(fieldCompany)
		r.Company, _ = NormalizeCompany(company)
		for _, id := range r.Identifiers {
			if id.Type == state.TypeEmail && !id.Former {
				if at := strings.LastIndexByte(id.Match, '@'); at >= 0 && !IsMailProvider(id.Match[at+1:]) {
					r.Domain = RegistrableDomain(id.Match[at+1:])
					break
				}
			}
		}
	}
	for i := range r.Versions {
		if v := &r.Versions[i]; v != current {
			for _, id := range identifiersOf(r, v, region) {
				if !slices.ContainsFunc(r.Identifiers, func(x state.Identifier) bool {
					return x.Type == id.Type && x.System == id.System && x.Match == id.Match
				}) {
					id.Former = true
					r.Identifiers = append(r.Identifiers, id)
				}
			}
		}
	}
}

// Standing is the version that a record is known by: the current one, or the last one told of a
// record that is gone. Nil where nothing but its end was ever told.
func Standing(r *state.Record) *state.Version {
	if v := r.Current(); v != nil {
		return v
	}
	for i := len(r.Versions) - 1; i >= 0; i-- {
		if !r.Versions[i].Gone {
			return &r.Versions[i]
		}
	}
	return nil
}

// FoldNumber folds an order number for look-up: "#1001" and "1001" are the same.
func FoldNumber(s string) string {
	return strings.ToLower(strings.TrimLeft(strings.TrimSpace(s), "#№"))
}

// KindOf says whether a contact is a person or an organisation: one that has a company and no
// name of a person is the organisation itself.
func KindOf(v *state.Version) string {
	if v.Text(fieldCompany) == "" {
		return state.Person
	}
	for _, f := range []string{fieldGiven, fieldFamily, fieldNickname} {
		if v.Text(f) != "" {
			return state.Person
		}
	}
	name := v.Text(fieldName)
	if name == "" {
		return state.Organisation
	}
	a, _ := NormalizeCompany(name)
	b, _ := NormalizeCompany(v.Text(fieldCompany))
	if a != "" && a == b {
		return state.Organisation
	}
	return state.Person
}

// Identifiers gives the identifiers of the version that a record is known by, and nothing else of it.
// region is the default region of its phone numbers (ISO 3166).
func Identifiers(r *state.Record, region string) []state.Identifier {
	v := Standing(r)
	if v == nil || r.Kind == state.KindOrder {
		return nil
	}
	return identifiersOf(r, v, region)
}

func identifiersOf(r *state.Record, v *state.Version, region string) []state.Identifier {
	var ids []state.Identifier
	add := func(id state.Identifier) {
		if id.Match == "" {
			return
		}
		for i := range ids {
			if ids[i].Type == id.Type && ids[i].System == id.System && ids[i].Match == id.Match {
				return
			}
		}
		ids = append(ids, id)
	}
	for _, val := range v.Get(fieldEmail) {
		add(EmailIdentifier(val.Text))
	}
	for _, val := range v.Get(fieldPhone) {
		add(PhoneIdentifier(val.Text, phoneHome(v, region)))
	}
	for _, val := range v.Get(fieldHandle) {
		add(HandleIdentifier(val.Label, val.Text))
	}
	for _, val := range v.Get(fieldExternalID) {
		add(state.Identifier{Type: state.TypeExternalID, System: strings.ToLower(val.Label),
			Match: strings.ToLower(strings.TrimSpace(val.Text)), Shown: strings.TrimSpace(val.Text)})
	}
	if r.Keyed == state.KeyedID && r.Kind == state.KindContact {
		add(state.Identifier{Type: state.TypeExternalID, System: r.Connection, Match: strings.ToLower(r.ID), Shown: r.ID})
	}
	if r.Kind == state.KindOrganisation || KindOf(v) == state.Organisation {
		if key, _ := NormalizeCompany(v.Text(fieldCompany)); key != "" {
			add(state.Identifier{Type: state.TypeCompany, Match: key, Shown: v.Text(fieldCompany)})
		}
	}
	return ids
}

// phoneHome is the region in which a record's phone numbers without country code are at home: the
// country of its address where that is told as an ISO code, else the default.
func phoneHome(v *state.Version, region string) string {
	for _, a := range v.Get(fieldAddress) {
		if c := strings.ToUpper(strings.TrimSpace(a.Parts["country"])); len(c) == 2 && c[0] >= 'A' && c[0] <= 'Z' && c[1] >= 'A' && c[1] <= 'Z' {
			return c
		}
	}
	return region
}

// EmailIdentifier makes an identifier of an e-mail address; one without Match where the text is
// no address. Role addresses (info@) are weak: several people read them.
func EmailIdentifier(raw string) state.Identifier {
	e, err := NormalizeEmail(strings.TrimSpace(raw))
	if err != nil {
		return state.Identifier{}
	}
	return state.Identifier{Type: state.TypeEmail, Match: e.Match, Shown: e.Shown, Weak: IsRoleAddress(e.Local)}
}

// PhoneIdentifier makes an identifier of a phone number; a number that cannot exist is weak and
// keeps its digits.
func PhoneIdentifier(raw, region string) state.Identifier {
	p := NormalizePhone(raw, region)
	switch {
	case p.E164 != "" && p.Extension != "":
		// A switchboard with an extension is another person's than without.
		return state.Identifier{Type: state.TypePhone, Match: p.E164 + "x" + p.Extension, Shown: p.E164}
	case p.E164 != "":
		return state.Identifier{Type: state.TypePhone, Match: p.E164, Shown: p.E164}
	case p.Digits != "":
		return state.Identifier{Type: state.TypePhone, Match: "?" + p.Digits, Shown: p.Digits, Weak: true}
	}
	return state.Identifier{}
}

// HandleIdentifier makes an identifier of a handle at a network.
func HandleIdentifier(network, raw string) state.Identifier {
	network = strings.ToLower(strings.TrimSpace(network))
	h := NormalizeHandle(network, raw)
	if h == "" {
		return state.Identifier{}
	}
	return state.Identifier{Type: state.TypeHandle, System: network, Match: strings.ToLower(h), Shown: h, Weak: network == ""}
}

// PersonName gives the name of a contact in parts: as told in parts, else parsed from the full
// name; zero for an organisation.
func PersonName(v *state.Version) Name {
	n := Name{Prefix: v.Text(fieldPrefix), Given: v.Text(fieldGiven), Middle: v.Text(fieldMiddle),
		Family: v.Text(fieldFamily), Suffix: v.Text(fieldSuffix), Nickname: v.Text(fieldNickname)}
	if n.Given == "" && n.Family == "" {
		if KindOf(v) == state.Organisation {
			return Name{}
		}
		if full := v.Text(fieldName); full != "" && !strings.Contains(full, "@") {
			parsed := ParseName(full)
			if parsed.Nickname == "" {
				parsed.Nickname = n.Nickname
			}
			return parsed
		}
	}
	return n
}

// DoubtfulCompany says whether a normalised company name is too general to name one organisation
// by itself ("museum", "consulting").
func DoubtfulCompany(key string) bool {
	return genericCompanies[key] || len([]rune(key)) < 2
}

var genericCompanies = genericSet(`museum school schule company firma business consulting consultants shop store home office
	university universität hochschule college hospital klinik praxis church kirche verein club hotel restaurant agency agentur
	studio design software services service trading handel group holding international global solutions systems media
	marketing bank government city stadt gemeinde 公司 学校 大学 医院 银行 商店 酒店 政府 工作室`)

func genericSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[FoldName(w)] = true
	}
	return set
}
