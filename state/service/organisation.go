package service

import (
	"cmp"
	"maps"
	"slices"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// lookAtDomain is how many contacts of a domain are looked at to see whether it is worth a question.
const lookAtDomain = 16

// fewPeople is how many customers must write from one domain before anybody is asked about it.
const fewPeople = 3

// lookAt is how many contacts are looked at to name an organisation.
const lookAt = 50

// organisation brings the organisation that contacts name by a company up to date: it is there as
// long as a contact names it. A name that is too general is asked about instead.
func (t *telling) organisation(key string) error {
	numbers, err := keysBy(t.w.Tx(), state.Records.Kind, "company", state.TextKey(key), lookAt)
	if err != nil {
		return err
	}
	if org, err := t.namedBefore(key, numbers); err != nil || org {
		return err
	}
	holders, err := t.known.read(t.w.Tx(), numbers)
	if err != nil {
		return err
	}
	people := slices.DeleteFunc(slices.Clone(holders), func(r *state.Record) bool {
		v := r.Current()
		return v == nil || identity.KindOf(v) != state.Person
	})
	verdict, err := t.organisationVerdict(state.TypeCompany, key)
	if err != nil {
		return err
	}
	topic := "org:company:" + key
	doubtful := identity.DoubtfulCompany(key)
	switch {
	case len(people) == 0, verdict != nil && verdict.Kind == state.VerdictNoOrg, doubtful && verdict == nil:
		if err := t.dropOrganisation(key); err != nil {
			return err
		}
		if doubtful && verdict == nil && len(people) >= 2 {
			return t.askOrganisation(topic, state.Identifier{Type: state.TypeCompany, Match: key, Shown: commonest(people, "company")}, people)
		}
		return t.unask(topic)
	}
	if err := t.unask(topic); err != nil {
		return err
	}
	name := commonest(people, "company")
	if verdict != nil && verdict.Text != "" {
		name = verdict.Text
	}
	return t.putOrganisation(key, name)
}

// namedBefore says whether an organisation is there and those who name it, as far as they are looked
// at, did not change.
func (t *telling) namedBefore(key string, holders []uint64) (bool, error) {
	if !t.telling || len(holders) < lookAt || len(t.before) > 0 || slices.ContainsFunc(holders, func(n uint64) bool { return t.known.records[n] != nil }) {
		return false, nil
	}
	there, err := keysBy(t.w.Tx(), state.Records.Kind, "id", state.RecordKey(state.OwnConnection, state.KindOrganisation, key), 1)
	return len(there) > 0, err
}

// askDomain asks whether a domain is an organisation when several people write from it and name
// no company, or keeps the one that a person confirmed.
func (t *telling) askDomain(domain string) error {
	numbers, err := keysBy(t.w.Tx(), state.Records.Kind, "domain", state.TextKey(domain), lookAtDomain)
	if err != nil {
		return err
	}
	holders, err := t.known.read(t.w.Tx(), numbers)
	if err != nil {
		return err
	}
	verdict, err := t.organisationVerdict(state.TypeDomain, domain)
	if err != nil {
		return err
	}
	topic := "org:domain:" + domain
	var people []*state.Record
	named := false
	var keys [][]byte
	for _, r := range holders {
		v := r.Current()
		if v == nil || r.Kind != state.KindContact {
			continue
		}
		if r.Company != "" {
			named = true
			continue
		}
		people = append(people, r)
		if n := identity.PersonName(v); !n.IsZero() {
			keys = append(keys, state.NumberKey(r.Key))
		}
	}
	links, err := state.Links.Many(t.w.Tx(), keys)
	if err != nil {
		return err
	}
	customers := map[uint64]bool{}
	for _, l := range links {
		if l != nil {
			customers[l.Base] = true
		}
	}
	for _, r := range people {
		t.dirty[r.Key] = t.dirty[r.Key] || verdict != nil
	}
	switch {
	case verdict != nil && verdict.Kind == state.VerdictOrganisation && len(people) > 0:
		if err := t.unask(topic); err != nil {
			return err
		}
		return t.putOrganisation(domainID(domain), cmp.Or(verdict.Text, domain))
	case verdict != nil || named || len(customers) < fewPeople:
		if err := t.unask(topic); err != nil {
			return err
		}
		return t.dropOrganisation(domainID(domain))
	}
	return t.askOrganisation(topic, state.Identifier{Type: state.TypeDomain, Match: domain, Shown: domain}, people)
}

func (t *telling) organisationVerdict(typ, match string) (*state.Verdict, error) {
	verdicts, err := state.Verdicts.By(t.w.Tx(), "identifier", state.Identifier{Type: typ, Match: match}.Key())
	if err != nil {
		return nil, err
	}
	var last *state.Verdict
	for _, v := range verdicts {
		if v.Kind == state.VerdictOrganisation || v.Kind == state.VerdictNoOrg {
			last = v
		}
	}
	return last, nil
}

// commonest gives the spelling of a field that most records have; of equals the first in order.
func commonest(records []*state.Record, field string) string {
	count := map[string]int{}
	for _, r := range records {
		if v := r.Current(); v != nil && v.Text(field) != "" {
			count[v.Text(field)]++
		}
	}
	best := ""
	for _, name := range slices.Sorted(maps.Keys(count)) {
		if best == "" || count[name] > count[best] {
			best = name
		}
	}
	return best
}

func (t *telling) findOrganisation(id string) (*state.Record, error) {
	found, err := state.Records.By(t.w.Tx(), "id", state.RecordKey(state.OwnConnection, state.KindOrganisation, id))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func (t *telling) putOrganisation(id, name string) error {
	r, err := t.findOrganisation(id)
	if err != nil {
		return err
	}
	v := state.Version{At: t.w.Cause.At, Implied: true, Fields: []state.Field{{Name: "company", Values: []state.Value{{Text: name}}}}}
	v.Hash = contentHash(&v)
	if r == nil {
		n, err := state.Records.Next(t.w)
		if err != nil {
			return err
		}
		r = &state.Record{Key: n, Connection: state.OwnConnection, Kind: state.KindOrganisation, ID: id}
	} else if current := r.Current(); current != nil && sameVersion(current, &v) {
		return nil
	}
	r.Versions = []state.Version{v}
	describe(r, t.s.config.Region)
	r.Company = "" // it is the organisation; it does not work for it
	t.dirty[r.Key] = true
	t.known.put(r)
	return state.Records.Put(t.w, r)
}

func (t *telling) dropOrganisation(id string) error {
	r, err := t.findOrganisation(id)
	if err != nil || r == nil {
		return err
	}
	t.dirty[r.Key] = true
	t.before = append(t.before, r)
	delete(t.known.records, r.Key)
	_, err = state.Records.Delete(t.w, state.NumberKey(r.Key))
	return err
}

func (t *telling) askOrganisation(topic string, id state.Identifier, people []*state.Record) error {
	q := &state.Question{Kind: state.QuestionOrganisation, Topic: topic, State: state.QuestionOpen, Raw: id.Match,
		Where: id.Shown, Field: id.Type, Options: []string{"yes", "no"}, Score: 5, Created: t.w.Cause.At}
	q.Reasons = []state.Evidence{{Code: "people_share_" + id.Type, Args: state.Args{"value": id.Shown}}}
	for i, r := range people {
		if i == 3 {
			break
		}
		q.Reasons = append(q.Reasons, state.Evidence{Code: "person", Record: r.Key,
			Args: state.Args{"value": cmp.Or(r.Current().Text("name"), identity.PersonName(r.Current()).String())}})
	}
	old, err := state.Questions.By(t.w.Tx(), "topic", state.TextKey(topic))
	if err != nil {
		return err
	}
	if len(old) > 0 {
		if old[0].State != state.QuestionOpen || slices.EqualFunc(old[0].Reasons, q.Reasons, sameEvidence) {
			return nil
		}
		old[0].Reasons = q.Reasons
		return state.Questions.Put(t.w, old[0])
	}
	if q.Number, err = state.Questions.Next(t.w); err != nil {
		return err
	}
	if t.run != nil {
		q.Run, q.From = t.run.Number, t.run.Connection
		t.run.Counts.Asked++
	}
	return state.Questions.Put(t.w, q)
}

// unask takes an open question back that no longer stands.
func (t *telling) unask(topic string) error {
	old, err := state.Questions.By(t.w.Tx(), "topic", state.TextKey(topic))
	if err != nil || len(old) == 0 || old[0].State != state.QuestionOpen {
		return err
	}
	_, err = state.Questions.Delete(t.w, state.NumberKey(old[0].Number))
	return err
}

// resolveOrganisation looks at a company or a domain again after a person's word on it.
func (s *Service) resolveOrganisation(w *state.Writer, typ, match string) error {
	t := &telling{s: s, w: w, dirty: map[uint64]bool{}, companies: map[string]bool{}, domains: map[string]bool{}}
	index := "domain"
	if typ == state.TypeCompany {
		index = "company"
		t.companies[match] = true
	} else {
		t.domains[match] = true
	}
	holders, err := state.Records.By(w.Tx(), index, state.TextKey(match))
	if err != nil {
		return err
	}
	for _, r := range holders {
		t.dirty[r.Key] = true
	}
	return t.finish()
}
