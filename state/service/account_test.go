package service

import (
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// Messages of social networks name people by the id of their account, which takes an address's place.
const (
	didShop = "did:plc:shopshopshopshopshopshop"
	didJana = "did:plc:janajanajanajanajanajana"
	didWei  = "did:plc:weiweiweiweiweiweiweiwei"
)

func socialPost(id, from, to, words string, day int, sent bool) letter {
	return letter{conn: "social", id: id, from: from, to: to, text: words, day: day, sent: sent}
}

func (h *house) noDamage() {
	h.t.Helper()
	if out := must[CheckOut](h)(h.s.Check(as("ops"), CheckIn{})); len(out.Damages) > 0 {
		h.t.Errorf("check finds %+v", out.Damages)
	}
}

func TestAMentionMakesNobodyACustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.mails(socialPost("at://1", "李伟 <"+didWei+">", "", "@sternwarte.example 望遠鏡?", 3, false))
	if got := h.customerNames(); got != "" {
		t.Errorf("a mention made customers: %s", got)
	}
	if got, want := h.waitingList(), didWei+` 李伟 1 ""`; got != want {
		t.Errorf("waiting: %s, want %s", got, want)
	}
	// an answer does, and brings what was said before
	h.mails(socialPost("at://2", "sternwarte.example <"+didShop+">", "李伟 <"+didWei+">", "Tomorrow!", 4, true))
	if got := h.customerNames(); got != "李伟" {
		t.Errorf("after an answer the customers are %q", got)
	}
	if got := h.waitingList(); got != "" {
		t.Errorf("still waiting: %s", got)
	}
	h.wantLines("", "李伟", "out  (sternwarte.example): Tomorrow!", "in : @sternwarte.example 望遠鏡?")
	h.noDamage()
}

func TestMessagesOfAnAccountStandInTheHistoryOfItsCustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jana := person1("social", didJana, "external_id:bluesky", didJana, "handle:bluesky", "jana.example", "name", "Jana Köhler")
	h.mailRun(jana, socialPost("at://1", "Jana <"+didJana+">", "", "Danke!", 3, false).told())
	h.wantLines("", "Jana Köhler", "in : Danke!")
	// another handle, the same person; what other connections know by the id is theirs, too
	moved := person1("social", didJana, "external_id:bluesky", didJana, "handle:bluesky", "koehler.example", "name", "Jana Köhler")
	h.tell(moved)
	h.mails(letter{conn: "support", id: "dm:1", from: didJana, text: "Noch da?", day: 5})
	h.wantLines("", "Jana Köhler", "in : Noch da?", "in : Danke!")
	out := must[HistoryOut](h)(h.s.History(as(""), HistoryIn{Ref: "Jana Köhler"}))
	if e := out.Entries[0]; e.Channel != "bluesky" {
		t.Errorf("the channel is %q", e.Channel)
	}
	h.noDamage()
	must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: "Jana Köhler"}))
	if n := h.waitingList(); n != "" {
		t.Errorf("who was forgotten waits: %s", n)
	}
	h.noDamage()
}

func TestAccountsAreAddedAndIgnoredByTheirID(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.mails(socialPost("at://1", "Wei <"+didWei+">", "", "hello", 3, false), socialPost("at://2", "Spam <did:plc:spam>", "", "buy", 3, false))
	must[CustomerIgnoreOut](h)(h.s.CustomerIgnore(as(""), CustomerIgnoreIn{Rule: "did:plc:spam"}))
	if got, want := h.waitingList(), didWei+` Wei 1 ""`; got != want {
		t.Errorf("waiting: %s, want %s", got, want)
	}
	added := must[CustomerAddOut](h)(h.s.CustomerAdd(as(""), CustomerAddIn{Address: didWei}))
	if added.Known || added.Messages != 1 || h.customerNames() != "Wei" {
		t.Errorf("added %+v, customers %s", added, h.customerNames())
	}
	h.noDamage()
}

func TestIdentifiersOfAddresses(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]state.Identifier{
		didJana:                {Type: state.TypeExternalID, System: "bluesky", Match: didJana, Shown: didJana},
		" did:web:Example.org": {Type: state.TypeExternalID, System: "bluesky", Match: "did:web:example.org", Shown: "did:web:Example.org"},
		"jana@example.org":     {Type: state.TypeEmail, Match: "jana@example.org", Shown: "jana@example.org"},
		"did:":                 {}, "did:plc:": {}, "did:plc:a b": {}, "jana.example": {}, "": {},
	} {
		id := identity.AddressIdentifier(raw)
		if id != want {
			t.Errorf("%q is %+v, want %+v", raw, id, want)
		}
		if id.Match != "" && identity.MatchIdentifier(id.Match).Type != id.Type {
			t.Errorf("%q has another type by its match value", raw)
		}
	}
}
