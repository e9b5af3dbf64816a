package card

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// IsGroup reports whether a card is a group of others, no person.
func IsGroup(c *vcard.Card) bool {
	for _, name := range []string{"KIND", "X-ADDRESSBOOKSERVER-KIND"} {
		if strings.EqualFold(strings.TrimSpace(c.Text(name)), "group") {
			return true
		}
	}
	return false
}

// GroupName gives the name of a group; empty where it has none.
func GroupName(c *vcard.Card) string {
	if name := OneLine(c.Text("FN")); name != "" {
		return name
	}
	if p := c.First("N"); p != nil {
		return OneLine(strings.Join(p.Parts(), " "))
	}
	return ""
}

// MemberKey folds how groups name their members.
func MemberKey(s string) string { return strings.ToLower(cleanUID(s)) }

// cleanUID leaves out what only some exports of the same card have.
func cleanUID(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 9 && strings.EqualFold(s[:9], "urn:uuid:") {
		s = s[9:]
	}
	return s
}

// Key gives what makes a card one of a kind: its UID, else its first e-mail address in lower case,
// else nothing (then its content is its key).
func Key(c *vcard.Card) (string, connectors.Keyed) {
	for _, name := range []string{"UID", "X-ABUID"} {
		if id := strings.TrimSuffix(cleanUID(c.Text(name)), ":ABPerson"); id != "" {
			return id, connectors.KeyedID
		}
	}
	for i := range c.Props {
		if p := &c.Props[i]; p.Name == "EMAIL" {
			if e, ok := Email(p.Text()); ok {
				return strings.ToLower(e), connectors.KeyedEmail
			}
		}
	}
	return "", connectors.KeyedContent
}

// fleeting are properties that change without the card.
func fleeting(p *vcard.Property) bool {
	switch p.Name {
	case "REV", "PRODID", "VERSION":
		return true
	}
	return p.Binary()
}

// Fingerprint tells one card from another within a source.
func Fingerprint(c *vcard.Card) (sum [16]byte) {
	h := sha256.New()
	for i := range c.Props {
		if p := &c.Props[i]; !fleeting(p) {
			h.Write(p.Raw())
		}
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

// ContentID is a hash of what a card says, the same however it is written: folding, encoding, line
// ends, the order of properties and the photo do not matter.
func ContentID(c *vcard.Card) string {
	var lines []string
	for i := range c.Props {
		p := &c.Props[i]
		if fleeting(p) {
			continue
		}
		if text := strings.TrimSpace(strings.Join(p.Parts(), "\x01")); strings.Trim(text, "\x01") != "" {
			lines = append(lines, p.Name+"\x00"+text)
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\x02")))
	return "h:" + hex.EncodeToString(sum[:10])
}
