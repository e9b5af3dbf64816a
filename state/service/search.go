package service

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// byIdentifier adds who has an e-mail address, phone, handle or external id. Digits alone also
// find phone numbers that end so, from tail digits on.
func (s *Service) byIdentifier(h *hits, query string, tail int) error {
	for _, id := range s.identifiers(query) {
		if err := addHolders(h, id.Key(), id.Type, id.Shown); err != nil {
			return err
		}
	}
	if word, ok := oneWord(query); ok {
		for _, typ := range []string{state.TypeHandle, state.TypeExternalID} {
			if err := byAnySystem(h, typ, word); err != nil {
				return err
			}
		}
	}
	digits := identity.PhoneTail(query)
	if !onlyPhone(query) || len(digits) < tail {
		return nil
	}
	keys, err := scanNumbers(h.l.tx, state.PrefixRange("tail", []byte(digits)), maxLoaded)
	if err != nil {
		return err
	}
	rank := rankIdentifier
	if len(digits) < minRefTail {
		rank = rankWords
	}
	for _, n := range keys {
		c, err := h.l.survivor(n)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		for _, a := range c.Identifiers {
			if a.Type == state.TypePhone && strings.HasPrefix(identity.PhoneTail(a.Shown), digits) {
				h.add(c, rank, state.TypePhone, a.Shown)
				break
			}
		}
	}
	return nil
}

// identifiers reads text as an e-mail address or phone number, as far as it may be one.
func (s *Service) identifiers(text string) []state.Identifier {
	if id := identity.EmailIdentifier(text); id.Match != "" {
		return []state.Identifier{id}
	}
	if onlyPhone(text) {
		if id := identity.PhoneIdentifier(text, s.config.Region); len(id.Shown) >= minTail {
			return []state.Identifier{id}
		}
	}
	return nil
}

// onlyPhone says whether text is written as phone numbers are: digits of any script and the signs
// between them.
func onlyPhone(text string) bool {
	digits := false
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits = true
		case unicode.IsSpace(r) || strings.ContainsRune("+＋-–‑()（）./·\u200e\u200f\u202a\u202c", r):
		default:
			return false
		}
	}
	return digits
}

func oneWord(query string) (string, bool) {
	word := strings.TrimPrefix(strings.TrimSpace(query), "@")
	return word, word != "" && !strings.ContainsFunc(word, unicode.IsSpace)
}

// byAnySystem looks for a handle or an external id without knowing whose system it is: it jumps
// from system to system through the index.
func byAnySystem(h *hits, typ, word string) error {
	from, end := state.TextKey(typ), state.After(state.TextKey(typ))
	for from != nil {
		var system []byte
		for d, err := range h.l.tx.Scan(state.Customers.Kind, state.Range{Index: "identifier", From: from, To: end, Limit: 1, KeysOnly: true}) {
			if err != nil {
				return err
			}
			rest := d.Entry[len(state.TextKey(typ)):]
			system = state.Join(state.TextKey(typ), rest[:textEnd(rest)])
		}
		if system == nil {
			return nil
		}
		for _, match := range spellings(word) {
			if err := addHolders(h, state.Join(system, state.TextKey(match)), typ, word); err != nil {
				return err
			}
		}
		from = state.After(system)
	}
	return nil
}

// spellings are the ways in which a handle or an id may be compared: as written, and folded.
func spellings(word string) []string {
	if low := strings.ToLower(word); low != word {
		return []string{word, low}
	}
	return []string{word}
}

// textEnd is where the first text of a key ends.
func textEnd(key []byte) int {
	if i := bytes.Index(key, []byte{0, 1}); i >= 0 {
		return i + 2
	}
	return len(key)
}

// entryText reads the text of an index entry that is one text.
func entryText(entry []byte) string {
	return string(bytes.ReplaceAll(entry[:max(textEnd(entry)-2, 0)], []byte{0, 0xff}, []byte{0}))
}

// addIndexed adds the customers with exactly an index entry.
func addIndexed(h *hits, index string, key []byte, rank int, why, match string) error {
	numbers, err := scanNumbers(h.l.tx, exactly(index, key), maxLoaded)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if err := h.addNumber(n, rank, why, match); err != nil {
			return err
		}
	}
	return nil
}

// addHolders adds who has an identifier, and behind them who had it once.
func addHolders(h *hits, key []byte, why, match string) error {
	numbers, err := scanNumbers(h.l.tx, exactly("identifier", key), maxLoaded)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		c, err := h.l.survivor(n)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		rank := rankIdentifier
		if i := slices.IndexFunc(c.Identifiers, func(a state.Address) bool { return bytes.Equal(a.Key(), key) }); i >= 0 && c.Identifiers[i].Former {
			rank = rankFormer
		}
		h.add(c, rank, why, match)
	}
	return nil
}

func exactly(index string, key []byte) state.Range {
	return state.Range{Index: index, From: key, To: append(slices.Clone(key), 0)}
}

func keysOnly(r state.Range, limit int) state.Range {
	r.KeysOnly, r.Limit = true, limit
	return r
}

// scanNumbers gives the customers in a range of an index, each once, in the index's order.
func scanNumbers(tx state.Tx, r state.Range, limit int) ([]uint64, error) {
	var out []uint64
	seen := map[uint64]bool{}
	for d, err := range tx.Scan(state.Customers.Kind, keysOnly(r, limit)) {
		if err != nil {
			return nil, err
		}
		if n := state.KeyNumber(d.Key); !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out, nil
}

// byOrder adds who bought an order: "#1001" or "1001".
func byOrder(h *hits, query string) error {
	if strings.ContainsFunc(query, unicode.IsSpace) {
		return nil
	}
	orders, err := ordersByNumber(h.l.tx, query)
	if err != nil {
		return err
	}
	for _, r := range orders {
		c, err := h.l.buyer(r)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		match := r.Number
		if v := r.Current(); v != nil && v.Order != nil && v.Order.Number != "" {
			match = v.Order.Number
		}
		h.add(c, rankIdentifier, whyOrder, match)
	}
	return nil
}

func ordersByNumber(tx state.Tx, query string) ([]*state.Record, error) {
	number := identity.FoldNumber(query)
	if number == "" {
		return nil, nil
	}
	return state.Records.By(tx, "number", state.TextKey(number))
}

// buyer gives the customer of an order's contact record, or nil.
func (l *lookup) buyer(order *state.Record) (*state.Customer, error) {
	if order.Party == "" {
		return nil, nil
	}
	contacts, err := state.Records.By(l.tx, "id", state.RecordKey(order.Connection, state.KindContact, order.Party))
	if err != nil || len(contacts) == 0 {
		return nil, err
	}
	return l.ofRecord(contacts[0].Key)
}

func begins(word string, tokens []string) bool {
	return slices.ContainsFunc(tokens, func(t string) bool { return strings.HasPrefix(t, word) })
}

func eachBegins(words, tokens []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !begins(w, tokens) })
}

// byTag adds who has a tag, in any case and without accents.
func byTag(h *hits, query string) error {
	tags, err := tagsLike(h.l.tx, query)
	if err != nil {
		return err
	}
	for _, tag := range tags {
		if err := addIndexed(h, "tag", state.TextKey(tag), rankTag, whyTag, tag); err != nil {
			return err
		}
	}
	return nil
}

// tagsLike gives the tags in use that are the same as a text but for case and accents. It jumps
// from tag to tag through the index.
func tagsLike(tx state.Tx, text string) ([]string, error) {
	want := identity.FoldName(text)
	var out []string
	var from []byte
	for range maxTags {
		var entry []byte
		for d, err := range tx.Scan(state.Customers.Kind, state.Range{Index: "tag", From: from, Limit: 1, KeysOnly: true}) {
			if err != nil {
				return nil, err
			}
			entry = d.Entry
		}
		if entry == nil {
			break
		}
		if tag := entryText(entry); tag == strings.TrimSpace(text) || want != "" && identity.FoldName(tag) == want {
			out = append(out, tag)
		}
		if from = state.After(entry); from == nil {
			break
		}
	}
	return out, nil
}

// byDomain adds who writes from a mail domain: "sternwarte.example", "@sternwarte.example".
func byDomain(h *hits, query string) error {
	word, ok := oneWord(query)
	if !ok || !strings.Contains(word, ".") || strings.Contains(word, "@") {
		return nil
	}
	domain := identity.RegistrableDomain(strings.ToLower(word))
	if domain == "" {
		return nil
	}
	r := exactly("domain", state.TextKey(domain))
	for d, err := range h.l.tx.Scan(state.Records.Kind, keysOnly(r, maxLoaded)) {
		if err != nil {
			return err
		}
		c, err := h.l.ofRecord(state.KeyNumber(d.Key))
		if err != nil {
			return err
		}
		if c != nil {
			h.add(c, rankCompany, whyCompany, domain)
		}
	}
	return nil
}

// byEmployer adds the people of the organisations that were found by name.
func byEmployer(h *hits, _ string) error {
	for _, f := range slices.Clone(h.list) {
		if f.c.Kind != state.Organisation || f.why != whyName || len(h.list) > maxLoaded {
			continue
		}
		people, err := h.l.people(f.c)
		if err != nil {
			return err
		}
		for _, p := range people {
			h.add(p.c, rankCompany, whyCompany, f.c.Name)
		}
	}
	return nil
}

// byAddressPart adds whose e-mail address begins with a word.
func byAddressPart(h *hits, query string) error {
	word := strings.ToLower(strings.TrimSpace(query))
	if utf8.RuneCountInString(word) < 3 || strings.ContainsFunc(word, unicode.IsSpace) {
		return nil
	}
	prefix := state.Join(state.TextKey(state.TypeEmail), state.TextKey(""), []byte(word))
	numbers, err := scanNumbers(h.l.tx, state.PrefixRange("identifier", prefix), maxLoaded)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		c, err := h.l.survivor(n)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		for _, a := range c.Identifiers {
			if a.Type == state.TypeEmail && strings.HasPrefix(a.Match, word) {
				h.add(c, rankPart, state.TypeEmail, a.Shown)
				break
			}
		}
	}
	return nil
}
