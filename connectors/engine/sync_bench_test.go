package engine

import (
	"strconv"
	"testing"

	"github.com/keptcrm/kept/state/service"
)

// BenchmarkSyncNothingNew is a sync of two systems with 2,000 contacts each, the same people, in which
// nothing changed: what a connection to be asked every minute costs beside its own answers.
func BenchmarkSyncNothingNew(b *testing.B) {
	shop := newSystem("shop", "email*", "given", "family", "phone", "company")
	book := newSystem("book", "email*", "given", "family", "phone*", "company", "note")
	o := newOffice(b, shop, book)
	for i := range 2000 {
		n := strconv.Itoa(i)
		shop.put("s"+n, "email", "p"+n+"@example.com", "given", "Given"+n, "family", "Family"+n, "phone", "+49 451 9"+strconv.Itoa(100000+i))
		book.put("b"+n, "email", "p"+n+"@example.com", "given", "Given"+n, "family", "Family"+n, "note", "note "+n)
	}
	o.synced(service.SyncIn{})
	o.approve()
	o.synced(service.SyncIn{})
	b.ResetTimer()
	for b.Loop() {
		if out := o.synced(service.SyncIn{}); out.Connections[0].Run.Counts.Changed != 0 {
			b.Fatal("something changed")
		}
	}
}
