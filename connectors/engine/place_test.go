package engine

import (
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// A connection whose address was changed is not synced before a person says that it is the same system;
// then it is read from its start, and written to only after a plan was applied anew.
func TestAnotherAddressNeedsAWord(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	at := func(url string) {
		o.conn("shop").Options = map[string]string{"url": url}
		o.open()
	}
	at("https://shop.example.com")
	agree(t, o, shop, book)
	at("HTTPS://Shop.example.com/") // is no other
	o.synced(service.SyncIn{})

	at("https://staging.example.com")
	book.put("a", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "company", "Planetarium", "note", "likes 🌲")
	pulls, writes := shop.pulls, len(shop.writes)
	for _, in := range []service.SyncIn{{}, {Dry: true}, {Full: true}} {
		out, err := o.sync(in)
		e := state.AsError(out.Connections[1].Error)
		if err == nil || e == nil || e.Code != "connection_moved" || e.Class != state.Refused || e.Args["was"] != "shop.example.com" || e.Args["now"] != "staging.example.com" {
			t.Fatalf("%+v: %v %+v", in, err, out.Connections)
		}
	}
	if _, err := o.eng.Hints(t.Context(), "shop", []connectors.Hint{{Kind: connectors.Contact}}); state.AsError(err).Code != "connection_moved" {
		t.Fatalf("a hint was followed: %v", err)
	}
	if shop.pulls != pulls || len(shop.writes) != writes {
		t.Fatal("it was read or written")
	}

	at("https://shop.example.com") // taken back: as if nothing had been
	if o.synced(service.SyncIn{}); shop.says("1", "company") != "Planetarium" {
		t.Fatal("its approval was lost, though it is what it was")
	}

	at("https://new.example.com")
	writes = len(shop.writes)
	book.put("a", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "company", "Volkssternwarte", "note", "likes 🌲")
	shop.put("1", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "company", "Planetarium", "phone", "+49 451 901820")
	dry := o.synced(service.SyncIn{Dry: true, Moved: true})
	if dry.Plan == nil || !dry.Connections[1].NeedsPlan || len(shop.writes) != writes {
		t.Fatalf("the dry run: %+v", dry)
	}
	if _, err := o.sync(service.SyncIn{}); err == nil {
		t.Fatal("a dry run was taken as the word itself")
	}
	out := o.synced(service.SyncIn{Moved: true})
	if c := out.Connections[1]; c.Run.Counts.Told != 1 || !c.NeedsPlan || len(shop.writes) != writes {
		t.Fatalf("not read from its start, or written to without a plan: %+v", c)
	}
	if out = o.approve(); shop.says("1", "company") != "Volkssternwarte" || shop.says("1", "phone") != "+49 451 901820" {
		t.Fatalf("after the plan: %+v", out)
	}
	o.synced(service.SyncIn{})
}

// A plan that was made with the word is applied with it.
func TestAPlanOfAMovedSystemIsApplied(t *testing.T) {
	t.Parallel()
	o, shop, book := shopAndBook(t)
	o.conn("shop").Options = map[string]string{"url": "https://shop.example.com"}
	o.open()
	agree(t, o, shop, book)
	o.conn("shop").Options["url"] = "https://new.example.com"
	o.open()
	book.put("a", "email", "jana@example.com", "given", "Jana", "family", "Köhler", "company", "Planetarium", "note", "likes 🌲")
	dry := o.synced(service.SyncIn{Dry: true, Moved: true})
	o.synced(service.SyncIn{Apply: dry.Plan.ID})
	if shop.says("1", "company") != "Planetarium" {
		t.Fatalf("shop says %q", shop.says("1", "company"))
	}
	o.synced(service.SyncIn{})
}
