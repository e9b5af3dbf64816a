package service

import (
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// This file decides whose an address is: one of ours, one that is to be ignored, or somebody's.
// It is asked when mail is read and when customers are made of it, so that a rule which changes
// holds for the mail that is there already.

// mailRules answers questions about addresses within one transaction, each once.
type mailRules struct {
	s       *Service
	tx      state.Tx
	staff   map[string]*state.Staff // by each of their addresses
	domains []string                // our own, as configured or as staff have them
	loaded  bool
	own     map[string]bool
	words   map[string]string // a person's word on an identifier: its verdict's kind
}

func (s *Service) mailRules(tx state.Tx) *mailRules {
	return &mailRules{s: s, tx: tx, own: map[string]bool{}, words: map[string]string{}}
}

func (r *mailRules) load() error {
	if r.loaded {
		return nil
	}
	all, err := state.StaffMembers.List(r.tx, state.Range{})
	if err != nil {
		return err
	}
	r.loaded, r.staff, r.domains = true, map[string]*state.Staff{}, []string(nil)
	for _, rule := range rulesOf(r.s.config.Domains) {
		r.domains = append(r.domains, rule.Match)
	}
	for _, m := range all {
		for _, e := range m.Emails {
			r.staff[identity.EmailIdentifier(e).Match] = m
		}
	}
	r.domains = append(r.domains, staffDomains(all)...)
	return nil
}

// staffDomains are the domains of staff's own addresses, without those of mail providers.
func staffDomains(all []*state.Staff) []string {
	var out []string
	for _, m := range all {
		for _, e := range m.Emails {
			match := identity.EmailIdentifier(e).Match
			d := match[strings.LastIndexByte(match, '@')+1:]
			if d != "" && !identity.IsMailProvider(d) && !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
	}
	slices.Sort(out)
	return out
}

// member gives whose of us an address is, by its match value; nil for nobody's.
func (r *mailRules) member(match string) (*state.Staff, error) {
	err := r.load()
	return r.staff[match], err
}

// ours says whether an address is one of ours: a staff member's, in a domain of ours, or one from
// which a mailbox's owner wrote, as long as nobody said that it is not.
func (r *mailRules) ours(match string) (bool, error) {
	if known, ok := r.own[match]; ok || match == "" {
		return known, nil
	}
	if err := r.load(); err != nil {
		return false, err
	}
	own := r.staff[match] != nil || slices.ContainsFunc(r.domains, func(d string) bool { return identity.InDomain(match, d) })
	if !own {
		sent, err := r.sentFrom(match)
		if err != nil {
			return false, err
		}
		if sent {
			word, err := r.word(emailOf(match))
			if err != nil {
				return false, err
			}
			own = word != state.VerdictNotStaff
		}
	}
	r.own[match] = own
	return own, nil
}

func emailOf(match string) state.Identifier { return identity.MatchIdentifier(match) }

// sentFrom says whether some mailbox has mail from an address among what its owner sent.
func (r *mailRules) sentFrom(match string) (bool, error) {
	return anyKey(r.tx, state.PrefixRange("people", state.PeopleSent(match)))
}

func anyKey(tx state.Tx, r state.Range) (bool, error) {
	r.Limit, r.KeysOnly = 1, true
	for _, err := range tx.Scan(state.Records.Kind, r) {
		return err == nil, err
	}
	return false, nil
}

// word gives the kind of the last verdict about mail on an identifier; "" where nobody said any.
func (r *mailRules) word(id state.Identifier) (string, error) {
	key := string(id.Key())
	if w, ok := r.words[key]; ok {
		return w, nil
	}
	v, err := mailVerdict(r.tx, id)
	if err != nil {
		return "", err
	}
	w := ""
	if v != nil {
		w = v.Kind
	}
	r.words[key] = w
	return w, nil
}

// mailVerdict gives the last word about mail on an identifier, or nil.
func mailVerdict(tx state.Tx, id state.Identifier) (*state.Verdict, error) {
	all, err := state.Verdicts.By(tx, "identifier", id.Key())
	if err != nil {
		return nil, err
	}
	var last *state.Verdict
	for _, v := range all {
		switch v.Kind {
		case state.VerdictCustomer, state.VerdictIgnore, state.VerdictNotStaff:
			last = v
		}
	}
	return last, nil
}

// ignored says whether mail of a connection with an address is to be left out, by a person's word
// or by kept.yaml. Whom a person called a customer is not ignored by a rule about the domain.
func (r *mailRules) ignored(connection, match, list string) (bool, error) {
	if list != "" {
		w, err := r.word(identity.Rule{Type: state.TypeList, Match: list}.Identifier())
		if err != nil || w == state.VerdictIgnore {
			return err == nil, err
		}
	}
	w, err := r.word(emailOf(match))
	if err != nil || w == state.VerdictIgnore || w == state.VerdictCustomer {
		return err == nil && w == state.VerdictIgnore, err
	}
	for _, d := range identity.Domains(match) {
		w, err := r.word(state.Identifier{Type: state.TypeDomain, Match: d})
		if err != nil || w == state.VerdictIgnore {
			return err == nil, err
		}
	}
	for _, rules := range [][]identity.Rule{r.s.ignore[""], r.s.ignore[connection]} {
		for _, rule := range rules {
			if rule.Covers(match) || rule.Type == state.TypeList && list != "" && rule.Match == list {
				return true, nil
			}
		}
	}
	return false, nil
}

// sent says whether a message went from us to others.
func (r *mailRules) sent(a *state.Activity) (bool, error) {
	if a.Direction == state.Out {
		return true, nil
	}
	return r.ours(a.From)
}

// external gives the people of a message who are none of us.
func (r *mailRules) external(m *state.Mail) ([]*state.Mention, error) {
	var out []*state.Mention
	for i := range m.People {
		own, err := r.ours(m.People[i].Address.Match)
		if err != nil {
			return nil, err
		}
		if !own {
			out = append(out, &m.People[i])
		}
	}
	return out, nil
}
