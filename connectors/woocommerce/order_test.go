package woocommerce

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/internal/race"
)

func init() { race.Checks(20) }

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// ordersOf gives the orders that a shop tells, and the contacts that they imply.
func ordersOf(tb testing.TB, f *Fake) (orders map[string]connectors.Record, people []connectors.Record) {
	tb.Helper()
	orders = map[string]connectors.Record{}
	for _, r := range all(tb, conn(tb, f), connectors.Order) {
		if r.Kind == connectors.Contact {
			people = append(people, r)
			continue
		}
		orders[r.ID] = r
		if i := len(people) - 1; strings.Contains(r.Order.Party, ":") && (i < 0 || people[i].ID != r.Order.Party) {
			tb.Errorf("order %s is of %q, who does not stand before it", r.ID, r.Order.Party)
		}
	}
	return orders, people
}

func TestAnOrderIsRead(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	f.Zone = tokyo
	id := f.Order(0, FakeOrder{Status: "completed", Total: "48.50", Note: "Bitte klingeln 🔔", Method: "Überweisung", Coupons: []string{"sommer", "neu"}, Created: noon, Modified: noon.Add(time.Hour),
		Billing: map[string]string{"first_name": "Jana", "last_name": "Köhler", "email": "Jana@Sternwarte.example", "phone": "+49 451 901820", "city": "Lübeck", "country": "DE"},
		Lines:   []FakeLine{{"Okular 望远镜", "SKU-7", "29.97", 3}, {"Kabel", "", "10.00", 3}, {"Stoff", "ST", "5.25", 1.5}},
		Refunds: []FakeRefund{{"5.00", "zerkratzt", noon.Add(48 * time.Hour)}, {"2.50", "", noon.Add(49 * time.Hour)}}})
	orders, people := ordersOf(t, f)
	want := &connectors.OrderData{Number: strconv.FormatInt(id, 10), Party: "email:jana@sternwarte.example", At: noon, State: connectors.OrderShipped, Counts: true, Total: 4850, Refunded: 750,
		Refunds:  []connectors.Refund{{At: noon.Add(48 * time.Hour), Amount: 500, Reason: "zerkratzt"}, {At: noon.Add(49 * time.Hour), Amount: 250}},
		Currency: "EUR", Lines: []connectors.OrderLine{{SKU: "SKU-7", Name: "Okular 望远镜", Quantity: 3, Price: 999}, {Name: "Kabel", Quantity: 3, Price: 333}, {SKU: "ST", Name: "Stoff × 1.5", Quantity: 1, Price: 525}},
		Paid: noon, Shipped: noon.Add(time.Hour), Note: "Bitte klingeln 🔔", Status: "completed"}
	got := orders[strconv.FormatInt(id, 10)]
	if diff := cmp.Diff(want, got.Order); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"custom.coupons sommer, neu", "custom.payment_method Überweisung"}, shown(got.Fields)); diff != "" {
		t.Error(diff)
	}
	if len(people) != 1 || !people[0].Implied || people[0].Keyed != connectors.KeyedEmail || !people[0].Modified.Equal(noon) {
		t.Fatalf("%+v", people)
	}
	if diff := cmp.Diff([]string{"address Lübeck, DE (billing)", "email Jana@Sternwarte.example", "family Köhler", "given Jana", "phone +49 451 901820"}, shown(people[0].Fields)); diff != "" {
		t.Error(diff)
	}
}

func TestMoneyOfEachCurrency(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	for currency, c := range map[string]struct {
		total string
		want  int64
	}{"EUR": {"10.90", 1090}, "JPY": {"1980.00", 1980}, "KWD": {"1.234", 1234}, "CNY": {"0.01", 1}, "": {"7.00", 700}} {
		id := f.Order(0, FakeOrder{Currency: currency, Total: c.total})
		f.orders[id].Currency = currency
		orders, _ := ordersOf(t, f)
		if o := orders[strconv.FormatInt(id, 10)].Order; o.Total != c.want || o.Currency != currency {
			t.Errorf("%s %s is %d %s", c.total, currency, o.Total, o.Currency)
		}
	}
}

func TestStatesAndSales(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	sum := map[bool]int64{}
	want := map[string]struct {
		state  connectors.OrderState
		counts bool
	}{
		"pending": {connectors.OrderPending, false}, "processing": {connectors.OrderPaid, true}, "on-hold": {connectors.OrderPending, true}, "completed": {connectors.OrderShipped, true},
		"cancelled": {connectors.OrderCancelled, false}, "refunded": {connectors.OrderRefunded, true}, "failed": {connectors.OrderFailed, false}, "shipped": {connectors.OrderShipped, true},
	}
	ids := map[string]string{}
	for status := range want {
		ids[status] = strconv.FormatInt(f.Order(0, FakeOrder{Status: status, Total: "10.00"}), 10)
	}
	for _, status := range []string{"auto-draft", "checkout-draft", "trash"} {
		ids[status] = strconv.FormatInt(f.Order(0, FakeOrder{Status: status, Total: "99.00", Billing: map[string]string{"email": "nobody@x.example"}}), 10)
	}
	orders, people := ordersOf(t, f)
	for status, w := range want {
		o := orders[ids[status]].Order
		if o == nil || o.State != w.state || o.Counts != w.counts || o.Status != status {
			t.Errorf("%s is %+v", status, o)
			continue
		}
		sum[o.Counts] += o.Total - o.Refunded
	}
	if len(orders) != len(want) || len(people) > 0 {
		t.Errorf("%d orders, %d people: baskets and what is in the trash were told", len(orders), len(people))
	}
	if sum[true] != 4000 { // processing, on hold, completed, shipped; one refunded whole
		t.Errorf("sales are %d", sum[true])
	}
	live, err := conn(t, f).Census(context.Background(), connectors.Order, "")
	if diff := cmp.Diff(slices.Sorted(maps.Keys(orders)), slices.Sorted(maps.Keys(live.Live))); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestWhoBought(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	id, err := f.Put(connectors.Contact, "", contact(1), noon)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.ParseInt(id, 10, 64)
	for name, c := range map[string]struct {
		o    FakeOrder
		want string
		by   connectors.Keyed
	}{
		"a customer":      {FakeOrder{Customer: n, Billing: map[string]string{"email": "other@x.example"}}, id, connectors.KeyedID},
		"a guest":         {FakeOrder{Billing: map[string]string{"email": " 李@例子.example "}}, "email:李@例子.example", connectors.KeyedEmail},
		"without e-mail":  {FakeOrder{Billing: map[string]string{"first_name": "Cher", "phone": "1"}}, "guest:", connectors.KeyedContent},
		"only the parcel": {FakeOrder{Shipping: map[string]string{"first_name": "جميل", "city": "بيروت"}}, "guest:", connectors.KeyedContent},
		"nobody":          {FakeOrder{}, "", ""},
		"deleted since":   {FakeOrder{Customer: 4711, Billing: map[string]string{"email": "gone@x.example"}}, "email:gone@x.example", connectors.KeyedEmail},
	} {
		f.orders = map[int64]*fakeOrder{}
		f.Order(0, c.o)
		orders, people := ordersOf(t, f)
		for _, o := range orders {
			if o.Order.Party != c.want && (c.want != "guest:" || len(o.Order.Party) < 20) {
				t.Errorf("%s: bought by %q", name, o.Order.Party)
			}
		}
		if c.want == id && len(people) > 0 {
			t.Errorf("%s: who has an account is implied: %+v", name, people)
		}
		if c.want != "" && c.want != id && (len(people) != 1 || people[0].Keyed != c.by || !people[0].Implied) {
			t.Errorf("%s: %+v", name, people)
		}
	}
}

// An order that cannot be read is set aside and holds nothing up.
func TestUnreadableOrdersAreSetAside(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	f.Order(0, FakeOrder{Total: "kostenlos"})
	good := f.Order(0, FakeOrder{Total: "1.00"})
	f.Order(0, FakeOrder{Total: "1.00", Refunds: []FakeRefund{{Amount: "viel"}}})
	p, err := conn(t, f).Pull(context.Background(), connectors.Order, "")
	if err != nil || p.Told != 3 || len(p.Rejected) != 2 || len(p.Changes) != 1 || p.Changes[0].Record.ID != strconv.FormatInt(good, 10) {
		t.Fatalf("%+v, %v", p, err)
	}
	for _, r := range p.Rejected {
		if r.Kept || r.Raw == "" || r.Where == "" {
			t.Errorf("%+v", r)
		}
		t.Logf("the user reads: %s: %s", r.Where, r.Reason)
	}
}

// Times are the shop's own nowhere: neither in filters nor in what is read.
func TestAShopInAnotherZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []*time.Location{nil, tokyo, honolulu} {
		f := NewFake(testKey, testSecret)
		f.Zone = zone
		c := conn(t, f)
		for i := range 5 {
			f.Order(0, FakeOrder{Created: noon.Add(time.Duration(i) * time.Hour), Modified: noon.Add(time.Duration(i) * time.Hour)})
		}
		p, err := c.Pull(context.Background(), connectors.Order, "")
		if err != nil || p.Told != 5 || !p.Changes[0].Record.Order.At.Equal(noon) {
			t.Fatalf("%v: %+v, %v", zone, p, err)
		}
		f.Order(0, FakeOrder{Created: noon, Modified: noon.Add(5 * time.Hour)})
		next, err := c.Pull(context.Background(), connectors.Order, p.Next)
		if err != nil || next.Told != 2 { // the new one, and the newest before it again
			t.Errorf("%v: %d orders since, %v", zone, next.Told, err)
		}
	}
}

// A shop that does not know the filter is found out, not read for ever.
func TestAShopThatIgnoresTheFilter(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	for i := range 250 {
		f.Order(0, FakeOrder{Modified: noon.Add(time.Duration(i) * time.Second)})
	}
	c := conn(t, f)
	c.rest = client(t, before(memory{f}, func(r *http.Request) {
		q := r.URL.Query()
		q.Del("modified_after")
		r.URL.RawQuery = q.Encode()
	}))
	from := connectors.Cursor("")
	for range 5 {
		p, err := c.Pull(context.Background(), connectors.Order, from)
		if err != nil {
			wantError(t, err, connectors.Invalid, "5.8")
			return
		}
		from = p.Next
	}
	t.Error("it went on")
}

func brief(i int) connectors.Record {
	return connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{field(connectors.FieldEmail, fmt.Sprintf("p%d@x.example", i))}}
}

// Whatever is deleted, made and edited between the pages of a scan, whoever was there all the time is
// told once.
func TestNobodyIsLostWhileOthersAreDeleted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := NewFake(testKey, testSecret)
		c := conn(silent{}, f)
		n := rapid.IntRange(0, 320).Draw(t, "customers")
		there := map[string]bool{}
		for i := range n {
			id, err := f.Put(connectors.Contact, "", brief(i), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			there[id] = true
		}
		told := map[string]int{}
		from := connectors.Cursor("")
		for i := 0; ; i++ {
			p, err := c.Pull(context.Background(), connectors.Contact, from)
			if err != nil {
				t.Fatal(err)
			}
			for _, ch := range p.Changes {
				told[ch.Record.ID]++
			}
			if from = p.Next; !p.More {
				break
			}
			if i > 5 {
				continue
			}
			live := slices.Sorted(maps.Keys(there))
			for range rapid.IntRange(0, min(30, len(live))).Draw(t, "deleted") {
				id := rapid.SampledFrom(live).Draw(t, "id")
				delete(there, id)
				if err := f.Delete(connectors.Contact, id); err != nil {
					t.Fatal(err)
				}
			}
			for j := range rapid.IntRange(0, 20).Draw(t, "made") {
				if _, err := f.Put(connectors.Contact, "", brief(1000+100*i+j), time.Time{}); err != nil {
					t.Fatal(err)
				}
			}
			if i > 30 {
				t.Fatal("it does not end")
			}
		}
		for id := range there {
			if told[id] != 1 {
				t.Fatalf("customer %s was told %d times", id, told[id])
			}
		}
		for id, n := range told {
			if n > 1 {
				t.Fatalf("customer %s was told %d times", id, n)
			}
		}
	})
}

// A full bulk edit in the middle of others: many orders of one second, edited while they are read.
func TestOrdersOfOneSecond(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := NewFake(testKey, testSecret)
		c := conn(silent{}, f)
		c.perPage = rapid.SampledFrom([]int{10, 100}).Draw(t, "per page")
		clock := noon
		want := map[string]string{}
		put := func(id int64) {
			clock = clock.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 0, 0, 1, 90}).Draw(t, "seconds")) * time.Second)
			note := fmt.Sprint(len(want), clock.Unix(), f.Asked())
			id = f.Order(id, FakeOrder{Note: note, Modified: clock, Created: noon})
			want[strconv.FormatInt(id, 10)] = note
		}
		for range rapid.IntRange(0, 260).Draw(t, "orders") {
			put(0)
		}
		got := map[string]string{}
		from := connectors.Cursor("")
		for round := range 2 {
			for i := 0; ; i++ {
				p, err := c.Pull(context.Background(), connectors.Order, from)
				if err != nil {
					t.Fatal(err)
				}
				for _, ch := range p.Changes {
					got[ch.Record.ID] = ch.Record.Order.Note
				}
				if from = p.Next; !p.More {
					break
				}
				if i > 50 {
					t.Fatal("it does not end")
				}
				for range rapid.IntRange(0, 5).Draw(t, "edits") {
					if round == 0 && len(want) > 0 {
						id, _ := strconv.ParseInt(rapid.SampledFrom(slices.Sorted(maps.Keys(want))).Draw(t, "order"), 10, 64)
						put(id)
					}
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// What is edited behind the place where a run stands is told by the next run, however long the first goes on.
func TestEditsBehindALongRun(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	c := conn(t, f)
	c.perPage = 10
	for range 30 {
		f.Order(0, FakeOrder{Note: "as it was", Modified: noon, Created: noon})
	}
	first, err := c.Pull(context.Background(), connectors.Order, "")
	if err != nil || !first.More {
		t.Fatal(first, err)
	}
	f.Order(1, FakeOrder{Note: "behind it", Modified: noon, Created: noon})
	f.Order(30, FakeOrder{Note: "before it", Modified: noon.Add(90 * time.Second), Created: noon})
	got := map[string]string{}
	for i, from := 0, first.Next; i < 20; i++ {
		p, err := c.Pull(context.Background(), connectors.Order, from)
		if err != nil {
			t.Fatal(err)
		}
		for _, ch := range p.Changes {
			if ch.Record.Order != nil {
				got[ch.Record.ID] = ch.Record.Order.Note
			}
		}
		from = p.Next
	}
	if got["1"] != "behind it" || got["30"] != "before it" {
		t.Errorf("order 1 is told as %q, order 30 as %q", got["1"], got["30"])
	}
}

// With scan_every all customers are read now and then, and in between those who registered or ordered.
func TestLargeShops(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	var ids []string
	for i := range 350 {
		ids = append(ids, must(f.Put(connectors.Contact, "", brief(i), noon)))
	}
	f.Order(0, FakeOrder{Customer: 1, Modified: noon, Created: noon})
	now := noon
	c := conn(t, f, "scan_every", "24h")
	c.now = func() time.Time { return now }
	from := connectors.Cursor("")
	run := func() (told []string, asked int) {
		t.Helper()
		before := f.Asked()
		for range 20 {
			p, err := c.Pull(context.Background(), connectors.Contact, from)
			if err != nil || len(p.Rejected) > 0 {
				t.Fatal(p, err)
			}
			for _, ch := range p.Changes {
				told = append(told, ch.Record.ID)
			}
			if from = p.Next; !p.More {
				slices.Sort(told)
				return slices.Compact(told), f.Asked() - before
			}
		}
		t.Fatal("it does not end")
		return nil, 0
	}
	if told, _ := run(); len(told) != 350 {
		t.Fatalf("%d told at first", len(told))
	}
	now = now.Add(time.Hour)
	if told, asked := run(); len(told) > 1 || asked > 3 { // the newest order's customer again
		t.Errorf("nothing new told %v with %d requests", told, asked)
	}
	newer := must(f.Put(connectors.Contact, "", brief(1000), now))
	buyer, _ := strconv.ParseInt(ids[7], 10, 64)
	f.Order(0, FakeOrder{Customer: buyer, Modified: now, Created: now})
	f.Order(0, FakeOrder{Customer: 4711, Modified: now, Created: now})
	f.Order(0, FakeOrder{Modified: now, Created: now})
	told, asked := run()
	want := []string{newer, ids[7], ids[0]} // whose order was the newest before
	slices.Sort(want)
	if diff := cmp.Diff(want, told); diff != "" || asked > 3 {
		t.Errorf("%d requests: %s", asked, diff)
	}
	edited := brief(30)
	edited.Fields = append(edited.Fields, field("given", "李伟"))
	must(f.Put(connectors.Contact, ids[30], edited, now))
	now = now.Add(time.Hour)
	if told, _ := run(); slices.Contains(told, ids[30]) {
		t.Errorf("an edit without an order is seen by the scan alone; %v", told)
	}
	now = now.Add(24 * time.Hour)
	if told, _ := run(); len(told) != 351 {
		t.Errorf("%d told a day later", len(told))
	}
	for i := range 150 { // more than is worth asking one by one
		f.Order(0, FakeOrder{Customer: buyer, Modified: now.Add(time.Duration(i) * time.Second), Created: now})
	}
	if told, _ := run(); len(told) != 351 {
		t.Errorf("%d told after very many orders", len(told))
	}
	_, err := Spec().Open(context.Background(), map[string]string{"url": "https://shop.example.com", "key": "ck_1", "secret": "cs_1", "scan_every": "daily"}, connectors.Env{})
	wantError(t, err, connectors.Invalid, "24h")
}

// The customers are told whole when a scan that was stopped goes on, whatever the clock says meanwhile.
func TestAScanGoesOnTheNextDay(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	for i := range 250 {
		must(f.Put(connectors.Contact, "", brief(i), noon))
	}
	now := noon
	told := map[string]bool{}
	from := connectors.Cursor("")
	for more := true; more; now = now.Add(30 * time.Hour) {
		c := conn(t, f, "scan_every", "24h")
		c.now = func() time.Time { return now }
		p, err := c.Pull(context.Background(), connectors.Contact, from)
		if err != nil {
			t.Fatal(err)
		}
		for _, ch := range p.Changes {
			told[ch.Record.ID] = true
		}
		from, more = p.Next, p.More
	}
	if len(told) != 250 {
		t.Errorf("%d told", len(told))
	}
}

// The list of orders of older shops does not count what lies behind its end: a census then goes on with what
// moved forward as others were deleted, and takes nothing as the end.
func TestOrdersAreCountedWhileOthersAreDeleted(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	f.Version = "7.9.0"
	c := conn(silent{}, f)
	var ids []string
	for range perPage + 1 {
		ids = append(ids, strconv.FormatInt(f.Order(0, FakeOrder{Total: "1.00"}), 10))
	}
	first, err := c.Census(context.Background(), connectors.Order, "")
	if err != nil || !first.More || len(first.Live) != perPage {
		t.Fatalf("%d, %v", len(first.Live), err)
	}
	for _, id := range ids[:2] {
		if err := f.Delete(connectors.Order, id); err != nil {
			t.Fatal(err)
		}
	}
	second, err := c.Census(context.Background(), connectors.Order, first.Next)
	if _, there := second.Live[ids[perPage]]; err != nil || !there {
		t.Errorf("the last order is missing: %+v, %v", second, err)
	}
}
