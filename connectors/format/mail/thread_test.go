package mail

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNormalSubject(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]string{
		"Telescope": "telescope", "Re: Telescope": "*telescope", "RE: AW: WG: Telescope": "*telescope", "Re[2]: Telescope": "*telescope", "回复：望远镜": "*望远镜", "答复: 转发: 望远镜": "*望远镜",
		"[shop] Re: [shop] Telescope": "*telescope", "Re:": "*", "Order: 1001": "order: 1001", "": "", "رد: تلسكوب": "*تلسكوب", "Reality: check": "reality: check", "[only]": "[only]", "Re (3): x": "*x",
	} {
		got, answer := NormalSubject(v)
		if answer {
			got = "*" + got
		}
		if got != want {
			t.Errorf("%q: %q, not %q", v, got, want)
		}
	}
}

func sentAt(id, from, to, subject string, day int, refs ...string) *Message {
	return &Message{ID: id, References: refs, From: []Address{{"", from}}, To: []Address{{"", to}}, Subject: subject, Date: time.Date(2024, 1, day, 0, 0, 0, 0, time.UTC)}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	const jana, shop, tom = "jana@x.de", "shop@x.de", "tom@x.de"
	for name, c := range map[string]struct {
		messages []*Message
		want     string
	}{
		"by references":                {[]*Message{sentAt("1", jana, shop, "a", 1), sentAt("2", shop, jana, "b", 2, "1"), sentAt("3", jana, shop, "c", 3, "1", "2")}, "1 1 1"},
		"the first is not there":       {[]*Message{sentAt("2", shop, jana, "b", 2, "1"), sentAt("3", jana, shop, "c", 3, "2")}, "1 1"},
		"in any order":                 {[]*Message{sentAt("3", jana, shop, "c", 3, "2"), sentAt("2", shop, jana, "b", 2, "1"), sentAt("1", jana, shop, "a", 1)}, "1 1 1"},
		"an answer without references": {[]*Message{sentAt("1", jana, shop, "Telescope", 1), sentAt("2", shop, jana, "AW: Telescope", 2)}, "1 1"},
		"of somebody else":             {[]*Message{sentAt("1", jana, shop, "Telescope", 1), sentAt("2", tom, shop, "AW: Telescope", 2)}, "1 2"},
		"the same words again":         {[]*Message{sentAt("1", jana, shop, "Telescope", 1), sentAt("2", shop, jana, "Telescope", 2)}, "1 2"},
		"long after":                   {[]*Message{sentAt("1", jana, shop, "Telescope", 1), sentAt("2", shop, jana, "AW: Telescope", 90)}, "1 2"},
		"a subject that says nothing":  {[]*Message{sentAt("1", jana, shop, "Hi", 1), sentAt("2", shop, jana, "Re: Hi", 2)}, "1 2"},
		"no ID":                        {[]*Message{sentAt("", jana, shop, "a", 1), sentAt("", jana, shop, "a", 1)}, "f0 f1"},
		"in a circle":                  {[]*Message{sentAt("1", jana, shop, "a", 1, "2"), sentAt("2", shop, jana, "b", 2, "1")}, "2 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var threads Threads
			var nodes []int
			for i, m := range c.messages {
				nodes = append(nodes, threads.Add(m, fmt.Sprint("f", i)))
			}
			var got []string
			for _, n := range nodes {
				got = append(got, threads.Name(n))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%v, not %s", got, c.want)
			}
		})
	}
}

// Which messages are one thread does not depend on the order in which they come.
func TestThreadsInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "messages")
		var messages []*Message
		for i := range n {
			var refs []string
			for j := i - 1; j >= 0 && len(refs) < 3; j-- {
				if rapid.Bool().Draw(t, "answers") {
					refs = append([]string{fmt.Sprint("m", j)}, refs...)
				}
			}
			messages = append(messages, sentAt(fmt.Sprint("m", i), "a@b", "c@d", "", 1+i, refs...))
		}
		group := func(order []int) string {
			var threads Threads
			nodes := make([]int, n)
			for _, i := range order {
				nodes[i] = threads.Add(messages[i], "")
			}
			first := map[string]int{}
			var out []string
			for i := range n {
				name := threads.Name(nodes[i])
				if _, ok := first[name]; !ok {
					first[name] = i
				}
				out = append(out, fmt.Sprint(first[name]))
			}
			return strings.Join(out, " ")
		}
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		want := group(order)
		if got := group(rapid.Permutation(order).Draw(t, "order")); got != want {
			t.Fatalf("%s, not %s", got, want)
		}
		slices.Reverse(order)
		if got := group(order); got != want {
			t.Fatalf("%s, not %s", got, want)
		}
	})
}
