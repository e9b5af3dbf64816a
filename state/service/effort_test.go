package service

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/keptcrm/kept/state"
)

// counted counts the index keys and customers that a search reads.
type counted struct {
	state.Tx
	keys, places, customers int
}

func (c *counted) Scan(k *state.Kind, r state.Range) iter.Seq2[state.Doc, error] {
	if r.Index != "token" {
		return c.Tx.Scan(k, r)
	}
	c.places++
	return func(yield func(state.Doc, error) bool) {
		for d, err := range c.Tx.Scan(k, r) {
			c.keys++
			if !yield(d, err) {
				return
			}
		}
	}
}

func (c *counted) Get(k *state.Kind, keys ...[]byte) ([]state.Doc, error) {
	if k == state.Customers.Kind {
		c.customers += len(keys)
	}
	return c.Tx.Get(k, keys...)
}

// What a search reads is paid for, and no more is read than was granted.
func TestFindCosts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var told []Told
	for i := range 900 {
		told = append(told, person1("shop", fmt.Sprint(i), "name", fmt.Sprintf("Anna %c%c%cberg", 'A'+i/60, 'a'+i/10%6, 'a'+i%10), "company", fmt.Sprintf("Stern %d GmbH", i%50)))
	}
	h.tell(told...)
	for _, query := range []string{"anna", "anna stern", "anna aaaberg kiel", "ana stren", "berg", "xnna qqberg stern", "nobody at all here", "a"} {
		for _, little := range []int{0, effortNames + effortTypos + effortInside - 200} {
			h.ok(h.store.View(context.Background(), func(tx state.Tx) error {
				c := &counted{Tx: tx}
				x := &hits{l: newLookup(c, noTime), limit: defaultHits}
				x.left = -little // as if it were spent already
				if err := h.s.search(x, query); err != nil {
					return err
				}
				// Those that are read although nothing is left: a few customers in each of five ways.
				free := 5*(minLoaded+2*maxNewest)*costCustomer + 5*costSeek
				paid := effortNames + effortTypos + effortInside - little
				if spent := c.keys + c.customers*costCustomer; spent > paid+free {
					t.Errorf("%q with %d less reads %d keys at %d places and %d customers: more than the %d that it may", query, little, c.keys, c.places, c.customers, paid+free)
				}
				if little > 0 && c.places > 60 {
					t.Errorf("%q looks at %d places with next to nothing left", query, c.places)
				}
				return nil
			}))
		}
	}
}

// Among more customers than are looked at the reader's own are not missed, nor those that somebody looked at.
func TestFindFamiliar(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var told []Told
	for i := range maxKeys + 100 {
		told = append(told, person1("shop", fmt.Sprint(i), "name", fmt.Sprintf("Anna A%cnberg", 'a'+i%26), "email", fmt.Sprintf("a%d@example.org", i)))
	}
	h.tell(append(told, person1("shop", "own", "name", "Anna Zweig", "email", "own@example.org"), person1("shop", "seen", "name", "Anna Zuse", "email", "seen@example.org"))...)
	must[StaffOut](h)(h.s.StaffAdd(context.Background(), StaffAddIn{Name: "Ana Lima", Login: "ana"}))
	ask := func() (own, seen bool) {
		out := must[FindOut](h)(h.s.Find(WithCaller(context.Background(), Caller{Login: "ana"}), FindIn{Query: "anna", Limit: 400}))
		for _, x := range out.Hits {
			own, seen = own || x.Customer.Name == "Anna Zweig", seen || x.Customer.Name == "Anna Zuse"
		}
		return own, seen
	}
	if own, seen := ask(); own || seen {
		t.Fatal("these are found anyway: the test shows nothing")
	}
	must[CustomerOut](h)(h.s.Assign(context.Background(), AssignIn{Ref: "own@example.org", Staff: "ana"}))
	h.ok(h.store.Update(context.Background(), func(tx state.Tx) error {
		n, _ := state.Customers.ParseRef(h.ref("seen@example.org"))
		return state.LogReads(tx, []state.Read{{At: noTime, Actor: "bo", What: "brief", Customer: n}}, noTime, 1)
	}))
	if own, seen := ask(); !own || !seen {
		t.Errorf("own %v, seen %v: both should be found", own, seen)
	}
}
