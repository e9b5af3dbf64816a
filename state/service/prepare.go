package service

import (
	"bytes"
	"crypto/sha256"

	"github.com/keptcrm/kept/state"
)

// prepared is what a record makes of itself, whatever the state holds: the hash of its version, and
// what identity would put into it were it new.
type prepared struct {
	identifiers     []state.Identifier
	blocks          []string
	company, domain string
	party, number   string
	mail            *state.Mail
}

// Prepare does the part of [Service.Tell] that needs no state, so that it can be done while
// something else is written. Records that were not prepared are told as well.
// fresh says that most of them will be new: then what a new record has is prepared too.
func (s *Service) Prepare(told []Told, fresh bool) {
	for i := range told {
		t := &told[i]
		t.Version.Hash, t.hashed = contentHash(&t.Version), true
		if !fresh {
			continue
		}
		r := &state.Record{Connection: t.Connection, Kind: t.Kind, ID: t.ID, Keyed: t.Keyed, Versions: []state.Version{t.Version}}
		if !t.Version.Gone {
			describe(r, s.config.Region)
		}
		t.ready = &prepared{identifiers: r.Identifiers, blocks: r.Blocks, company: r.Company, domain: r.Domain, party: r.Party, number: r.Number,
			mail: r.Mail}
	}
}

func (p *prepared) describe(r *state.Record) {
	r.Identifiers, r.Blocks, r.Company, r.Domain, r.Party, r.Number = p.identifiers, p.blocks, p.company, p.domain, p.party, p.number
	r.Mail = p.mail
}

// hashSize is the length of the hashes that are made now. Those of older files have 16 bytes and
// were made of another form.
const hashSize = 12

// contentHash covers what a version says, without when, where and by which run it was told.
func contentHash(v *state.Version) []byte {
	sum := sha256.Sum256(v.AppendContent(make([]byte, 0, 512)))
	return sum[:hashSize:hashSize]
}

// sameContent says whether two versions say the same, b's hash being one that was made now.
func sameContent(a, b *state.Version) bool {
	if len(a.Hash) == hashSize {
		return bytes.Equal(a.Hash, b.Hash)
	}
	return bytes.Equal(contentHash(a), b.Hash)
}
