package identity

import (
	"strings"

	"github.com/keptcrm/kept/state"
)

// Messages of social networks name people by an id of their account where mail has an address. Those
// of the AT Protocol (Bluesky) are DIDs (https://www.w3.org/TR/did-core/, 3.1): they stay when a
// person takes another handle, and have no @, so that no e-mail address is one.

// SystemBluesky is the system of an external id that is a DID, and the channel of its messages.
const SystemBluesky = "bluesky"

const didPrefix = "did:"

// AddressIdentifier makes an identifier of what stands in a message where people are named: an
// e-mail address or a DID. One without Match where the text is neither.
func AddressIdentifier(raw string) state.Identifier {
	if did := strings.TrimSpace(raw); isDID(did) {
		return state.Identifier{Type: state.TypeExternalID, System: SystemBluesky, Match: strings.ToLower(did), Shown: did}
	}
	return EmailIdentifier(raw)
}

// MatchIdentifier gives the identifier of somebody in a message by its match value.
func MatchIdentifier(match string) state.Identifier {
	if strings.HasPrefix(match, didPrefix) && !strings.Contains(match, "@") {
		return state.Identifier{Type: state.TypeExternalID, System: SystemBluesky, Match: match, Shown: match}
	}
	return state.Identifier{Type: state.TypeEmail, Match: match, Shown: match}
}

// InMessages says whether an identifier is of those by which messages name people.
func InMessages(id state.Identifier) bool {
	return id.Type == state.TypeEmail || id.Type == state.TypeExternalID && id.System == SystemBluesky && strings.HasPrefix(id.Match, didPrefix)
}

// isDID: the method in lower-case letters and digits, and an id of letters, digits and the few signs
// that the syntax has.
func isDID(s string) bool {
	rest, ok := strings.CutPrefix(s, didPrefix)
	method, id, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 || method == "" || id == "" || len(s) > maxEmail {
		return false
	}
	for _, r := range method {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-:%", r) {
			return false
		}
	}
	return !strings.HasSuffix(s, ":")
}

// channelOf gives the channel of messages from or to somebody, by the match value.
func channelOf(match string) string {
	if MatchIdentifier(match).Type == state.TypeExternalID {
		return SystemBluesky
	}
	return "mail"
}
