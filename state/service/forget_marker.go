package service

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// This file keeps the forgotten away: markers are written when somebody is forgotten, and compared
// with what is told afterwards.

// markers reads and writes markers in one transaction.
type markers struct {
	tx     state.Tx
	secret []byte // nil where nobody was ever forgotten
}

func marksOf(tx state.Tx) (markers, error) {
	secret, err := tx.Blob(state.BlobForgotten)
	return markers{tx: tx, secret: secret}, err
}

// makeMarks is marksOf for who forgets: the first time it draws the key of the hashes.
func makeMarks(w *state.Writer) (markers, error) {
	m, err := marksOf(w.Tx())
	if err != nil || m.secret != nil {
		return m, err
	}
	m.secret = make([]byte, 32)
	_, _ = rand.Read(m.secret) // never fails, by its documentation
	return m, w.PutBlob(state.BlobForgotten, m.secret)
}

func (m markers) hash(kind string, key []byte) []byte {
	h := hmac.New(sha256.New, m.secret)
	_, _ = h.Write(state.TextKey(kind)) // a hash takes everything
	_, _ = h.Write(key)
	return h.Sum(nil)
}

func (m markers) identifier(id state.Identifier) []byte {
	return m.hash(state.MarkerIdentifier, id.Key())
}

func (m markers) record(connection, kind, id string) []byte {
	return m.hash(state.MarkerRecord, state.RecordKey(connection, kind, id))
}

// find gives the marker with a hash, or nil.
func (m markers) find(hash []byte) (*state.Marker, error) {
	return state.Markers.Find(m.tx, hash)
}

// refused gives the refusals of forgotten people at an identifier: they hold for whoever has it.
func (m markers) refused(id state.Identifier) ([]*state.Consent, error) {
	if m.secret == nil || len(channelsOf(id.Type)) == 0 {
		return nil, nil
	}
	found, err := state.Markers.List(m.tx, state.PrefixRange("", m.hash(state.MarkerRefusal, id.Key())))
	var out []*state.Consent
	for _, f := range found {
		out = append(out, &state.Consent{Identifier: plain(id), Channel: f.Channel, Purpose: f.Purpose, State: f.State,
			At: f.At, Noted: f.Noted, Source: forgottenSource(f.Forgetting),
			By: state.Forgettings.Ref(f.Forgetting)})
	}
	return out, err
}

func forgottenSource(n uint64) string { return "forgotten:" + state.Forgettings.Ref(n) }

// pointsToOne says whether an identifier can mark somebody: it points to one person alone, as far as
// anybody can know.
func pointsToOne(id state.Identifier) bool {
	switch id.Type {
	case state.TypeEmail, state.TypePhone, state.TypeHandle, state.TypeExternalID:
		return !id.Weak && id.Match != ""
	}
	return false
}

// forgotten says which of the records told are of people who were forgotten: by the record itself,
// by one of their addresses, or as an order of such a contact. A contact that is known by an
// address alone leaves a marker of its record, so that its orders are known too.
func (s *Service) forgotten(w *state.Writer, told []Told) (map[int]bool, error) {
	m, err := marksOf(w.Tx())
	if err != nil || m.secret == nil {
		return nil, err
	}
	out := map[int]bool{}
	gone := map[string]bool{} // contacts of this telling, by connection and id
	for _, contacts := range []bool{true, false} {
		for i := range told {
			t := &told[i]
			if (t.Kind == state.KindContact) != contacts {
				continue
			}
			is, err := s.isForgotten(w, m, t, gone)
			if err != nil {
				return nil, err
			}
			if is {
				out[i] = true
			}
		}
	}
	return out, nil
}

func (s *Service) isForgotten(w *state.Writer, m markers, t *Told, gone map[string]bool) (bool, error) {
	hash := m.record(t.Connection, t.Kind, t.ID)
	if f, err := m.find(hash); err != nil || f != nil {
		if t.Kind == state.KindContact {
			gone[t.Connection+"\x00"+t.ID] = f != nil
		}
		return f != nil, err
	}
	v := &t.Version
	if v.Order != nil && v.Order.Party != "" {
		if gone[t.Connection+"\x00"+v.Order.Party] {
			return true, nil
		}
		f, err := m.find(m.record(t.Connection, state.KindContact, v.Order.Party))
		return f != nil, err
	}
	for _, id := range s.addressesTold(t) {
		f, err := m.find(m.identifier(id))
		if err != nil {
			return false, err
		}
		if f == nil || f.Kind != state.MarkerIdentifier {
			continue
		}
		gone[t.Connection+"\x00"+t.ID] = t.Kind == state.KindContact
		if err := s.refusedIn(w, m, t, f.Forgetting); err != nil {
			return false, err
		}
		return true, state.Markers.Put(w, &state.Marker{Hash: hash, Kind: state.MarkerRecord, Forgetting: f.Forgetting})
	}
	return false, nil
}

// refusedIn keeps of a message that is not kept, told for the first time, that its writer asks in it to
// be left alone: as those keep their refusals who are forgotten, by a hash of the address.
func (s *Service) refusedIn(w *state.Writer, m markers, told *Told, forgetting uint64) error {
	r := &state.Record{Connection: told.Connection, Kind: told.Kind, ID: told.ID, Keyed: told.Keyed, Versions: []state.Version{told.Version}}
	if r.Kind != state.KindMessage || told.Version.Message == nil || told.Version.Gone {
		return nil
	}
	describe(r, s.config.Region)
	found, from, err := (&telling{s: s, w: w}).wishToStop(r)
	if err != nil || found == nil {
		return err
	}
	for _, purpose := range []string{purposeMarketing, purposeSales} {
		refusal := &state.Marker{Hash: m.hash(state.MarkerRefusal, from.Key()), Kind: state.MarkerRefusal, Forgetting: forgetting, Channel: stopChannel(found, from),
			Purpose: purpose, State: state.ConsentOptedOut, At: told.Version.Message.At, Noted: w.Cause.At}
		if err := state.Markers.Put(w, refusal); err != nil {
			return err
		}
	}
	return nil
}

// addressesTold gives the identifiers of a contact, or of the people in a message, as they are told.
func (s *Service) addressesTold(t *Told) []state.Identifier {
	var ids []state.Identifier
	if msg := t.Version.Message; msg != nil {
		for _, list := range [][]state.Mailbox{msg.From, msg.ReplyTo, msg.To, msg.Cc, msg.Bcc} {
			for _, box := range list {
				ids = append(ids, identity.AddressIdentifier(box.Address))
			}
		}
	} else if t.Kind == state.KindContact {
		r := &state.Record{Connection: t.Connection, Kind: t.Kind, ID: t.ID, Keyed: t.Keyed, Versions: []state.Version{t.Version}}
		ids = identity.Identifiers(r, s.config.Region)
	}
	return slices.DeleteFunc(ids, func(id state.Identifier) bool { return !pointsToOne(id) })
}

// RowForgotten says whether a row that could not be read names somebody who was forgotten, by an
// e-mail address or a phone number in it.
func (s *Service) RowForgotten(tx state.Tx, raw string) (bool, error) {
	m, err := marksOf(tx)
	if err != nil || m.secret == nil {
		return false, err
	}
	for _, word := range phonesIn(raw) {
		id := identity.PhoneIdentifier(word, s.config.Region)
		if !pointsToOne(id) {
			continue
		}
		if f, err := m.find(m.identifier(id)); err != nil || f != nil {
			return f != nil, err
		}
	}
	if !strings.Contains(raw, "@") {
		return false, nil
	}
	for _, word := range strings.FieldsFunc(raw, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;|\"'<>()[]{}", r) }) {
		id := identity.EmailIdentifier(word)
		if !pointsToOne(id) {
			continue
		}
		if f, err := m.find(m.identifier(id)); err != nil || f != nil {
			return f != nil, err
		}
	}
	return false, nil
}

// phonesIn gives what may be phone numbers in a row: each run of digits with what stands between
// them in a number, and as some write a number behind another, what is left of it word by word.
func phonesIn(raw string) []string {
	var out []string
	add := func(s string) {
		n := 0
		for i := range len(s) {
			if s[i] >= '0' && s[i] <= '9' {
				n++
			}
		}
		if n >= 6 && n <= 20 {
			out = append(out, strings.TrimSpace(s))
		}
	}
	for _, run := range strings.FieldsFunc(raw, func(r rune) bool { return !strings.ContainsRune("0123456789+()/.- \u00a0", r) }) {
		add(run)
		for rest := strings.TrimSpace(run); ; {
			_, after, ok := strings.Cut(rest, " ")
			if !ok || len(out) > maxPhones {
				break
			}
			rest = strings.TrimSpace(after)
			add(rest)
		}
	}
	return out
}

// maxPhones is how many phone numbers a row is asked for; a row with more is a list of something else.
const maxPhones = 200

// needles are the words by which a forgotten person is looked for where nothing but text is kept.
type needles struct {
	words  [][]byte // lower case
	digits [][]byte // of phone numbers
	exact  map[string]bool
}

// minNeedle is how long a word must be to be looked for in text, in bytes: shorter ones stand
// everywhere.
const minNeedle = 6

func (n *needles) add(word string) {
	word = strings.ToLower(strings.TrimSpace(word))
	if word == "" {
		return
	}
	if n.exact == nil {
		n.exact = map[string]bool{}
	}
	if n.exact[word] {
		return
	}
	n.exact[word] = true
	if len(word) >= minNeedle {
		n.words = append(n.words, []byte(word))
	}
}

func (n *needles) phone(shown string) {
	var digits []byte
	for i := range len(shown) {
		if c := shown[i]; c >= '0' && c <= '9' {
			digits = append(digits, c)
		}
	}
	if len(digits) < 7 {
		return
	}
	// Without the country, as it is written at home.
	n.digits = append(n.digits, digits[max(0, len(digits)-9):])
}

// in says whether a text names the person.
func (n *needles) in(text string) bool {
	if text == "" {
		return false
	}
	low := []byte(strings.ToLower(text))
	if n.exact[string(bytes.TrimSpace(low))] {
		return true
	}
	for _, w := range n.words {
		if bytes.Contains(low, w) {
			return true
		}
	}
	if len(n.digits) == 0 {
		return false
	}
	var digits []byte
	for _, c := range low {
		switch {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case strings.IndexByte(" -/().+", c) < 0:
			digits = append(digits, '|')
		}
	}
	for _, d := range n.digits {
		if bytes.Contains(digits, d) {
			return true
		}
	}
	return false
}

// mask overwrites what names the person with letters, keeping every length; it says whether there
// was any.
func (n *needles) mask(b []byte) bool {
	low := bytes.ToLower(b)
	if len(low) != len(b) {
		low = bytes.Clone(b) // a letter whose other case has another length: as it stands
	}
	any := false
	for _, w := range append(slices.Clone(n.words), n.digits...) {
		for from := 0; ; {
			i := bytes.Index(low[from:], w)
			if i < 0 {
				break
			}
			for j := range w {
				b[from+i+j] = 'x'
			}
			from += i + len(w)
			any = true
		}
	}
	return any
}
