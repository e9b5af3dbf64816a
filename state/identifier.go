package state

// The types of identifiers.
const (
	TypeEmail      = "email"
	TypePhone      = "phone"
	TypeHandle     = "handle"
	TypeExternalID = "external_id"
	TypeCompany    = "company" // of an organisation: its normalised name
	TypeDomain     = "domain"  // of an organisation
	TypeList       = "list"    // of a mailing list: its List-Id
)

// Identifier is a typed, normalised value that points to a customer.
type Identifier struct {
	Type   string `k:"1" json:"type"`
	System string `k:"2" json:"system,omitempty"` // of a handle the network, of an external id the system
	Match  string `k:"3" json:"match"`            // what is compared; never shown
	Shown  string `k:"4" json:"value"`            // e-mail in lower case, valid phone in E.164, else its digits, handle as the network writes it
	Weak   bool   `k:"5" json:"weak,omitempty"`   // findable, but links nothing: an invalid phone, a role address (info@)
	// Former marks an identifier of an older version: the record no longer has it. It is found
	// and its opt-outs count, it links nothing.
	Former bool `k:"6" json:"former,omitempty"`
}

// Key is the identifier's key in indexes and consents.
func (i Identifier) Key() []byte {
	return Join(TextKey(i.Type), TextKey(i.System), TextKey(i.Match))
}

func identifierKeys(ids []Identifier) [][]byte {
	seen := map[string]bool{}
	var keys [][]byte
	for _, id := range ids {
		k := id.Key()
		if !seen[string(k)] {
			seen[string(k)] = true
			keys = append(keys, k)
		}
	}
	return keys
}
