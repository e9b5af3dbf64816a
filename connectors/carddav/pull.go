package carddav

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/keptcrm/kept/connectors"
)

// maxRounds is how many answers are asked for one page.
const maxRounds = 2000

// Pull tells what changed in the address books. A run begins where every book was told to its end; it
// asks all books for their changes and tells them page by page.
func (c *connection) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	if kind != connectors.Contact {
		return connectors.Page{Next: from}, nil
	}
	cur := cursor{V: 1, At: c.at}
	var h *home
	var err error
	if from == "" {
		h, err = c.at0(ctx)
	} else if cur, err = c.parseCursor(from); err == nil {
		h, err = c.known(cur.Home, cur.Only)
	}
	if err != nil {
		return connectors.Page{}, err
	}
	if cur.open() == nil {
		if err := c.begin(ctx, h, &cur); err != nil {
			return connectors.Page{}, err
		}
	}
	b := &builder{c: c, h: h}
	for rounds := 0; len(b.entries) < c.sizes.page; rounds++ {
		st := cur.open()
		if st == nil {
			break
		}
		if rounds > maxRounds {
			return connectors.Page{}, failed(connectors.Transient, "%s says again and again that there is more, and gives nothing; try again later", h.server.base.Hostname())
		}
		ans, err := c.answer(ctx, h, st)
		if err != nil {
			return connectors.Page{}, err
		}
		at, _ := slices.BinarySearchFunc(ans.entries, st.After+"\x00", func(e entry, after string) int { return strings.Compare(e.path, after) })
		if st.After == "" {
			at = 0
		}
		take := min(c.sizes.page-len(b.entries), len(ans.entries)-at)
		b.add(st, ans.entries[at:at+take])
		if at+take < len(ans.entries) {
			st.Next, st.Part, st.After = ans.token, ans.part, ans.entries[at+take-1].path
			break
		}
		c.forget(st.ID)
		st.Token, st.Next, st.After, st.Open = ans.token, "", "", ans.part
		st.Part = false
	}
	if err := b.fill(ctx); err != nil {
		return connectors.Page{}, err
	}
	b.build()
	cur.Done += int64(b.page.Told)
	b.page.More = cur.open() != nil
	if cur.Total > 0 {
		// What was gone before it could be told is no part of the sum.
		cur.Total = max(cur.Total-int64(b.lost), cur.Done)
		b.page.Total, b.page.Done = cur.Total, cur.Done
	}
	if !b.page.More {
		cur.Done, cur.Total = 0, 0
	}
	b.page.Next = cur.String()
	return b.page, nil
}

// begin starts a run: it looks which books there are, and asks those that were told before what
// changed, all at a time. Of new ones the first is asked.
func (c *connection) begin(ctx context.Context, h *home, cur *cursor) error {
	c.mu.Lock()
	c.answers = map[string]*answer{}
	if len(cur.Books) == 0 {
		c.firstOf = map[string]string{}
	}
	c.mu.Unlock()
	cur.Home, cur.Only, cur.Done, cur.Total = h.server.at(h.paths[0]).String(), h.only, 0, 0
	var wg sync.WaitGroup
	var books []book
	var listed error
	wg.Go(func() { books, listed = c.list(ctx, h) })
	told := slices.Clone(cur.Books)
	answers, errs := make([]*answer, len(told)), make([]error, len(told))
	slots := make(chan struct{}, limits.Parallel)
	for i := range told {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			answers[i], errs[i] = c.ask(ctx, h, &told[i])
		})
	}
	wg.Wait()
	if listed != nil {
		return listed
	}
	var next []state
	known := true
	var total int64
	for _, b := range books {
		i := slices.IndexFunc(told, func(s state) bool { return s.ID == b.id })
		if i < 0 {
			next, known = append(next, state{ID: b.id, Open: true}), known && len(books) == 1
			continue
		}
		if errs[i] != nil {
			return errs[i]
		}
		st := told[i]
		st.Open = true
		next = append(next, st)
		known = known && !answers[i].part
		total += int64(len(answers[i].entries))
		c.keep(st.ID, answers[i])
	}
	for _, s := range told {
		if !slices.ContainsFunc(books, func(b book) bool { return b.id == s.ID }) {
			return failed(connectors.CursorExpired, "the address book %q is no longer read; all others are read anew, and what it held is compared", strings.Trim(s.ID, "/"))
		}
	}
	cur.Books = next
	if len(told) == 0 && len(next) == 1 {
		ans, err := c.ask(ctx, h, &cur.Books[0])
		if err != nil {
			return err
		}
		c.keep(cur.Books[0].ID, ans)
		known, total = !ans.part, int64(len(ans.entries))
	}
	if known {
		cur.Total = total
	}
	return nil
}

func (c *connection) keep(id string, a *answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[id] = a
}

func (c *connection) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.answers, id)
}

// answer gives what a book said last where it is being told, else asks it.
func (c *connection) answer(ctx context.Context, h *home, st *state) (*answer, error) {
	c.mu.Lock()
	a := c.answers[st.ID]
	c.mu.Unlock()
	if a != nil && a.from == st.Token && (st.Next == "" || st.Next == a.token) {
		return a, nil
	}
	var err error
	if st.Next == "" {
		a, err = c.ask(ctx, h, st)
	} else {
		a, err = c.resume(ctx, h, st)
	}
	if err != nil {
		return nil, err
	}
	c.keep(st.ID, a)
	return a, nil
}

// resume asks again for an answer that another process was telling. What changed since is told once
// more from the token that it came with, if the server still knows that.
func (c *connection) resume(ctx context.Context, h *home, st *state) (*answer, error) {
	check := *st
	check.Token, check.Bare = st.Next, true
	if _, err := c.ask(ctx, h, &check); err != nil {
		return nil, err
	}
	all := &answer{from: st.Token, token: st.Next, part: st.Part}
	again := *st
	again.Bare = true
	for rounds := 0; ; rounds++ {
		if rounds > maxRounds {
			return nil, restart()
		}
		a, err := c.ask(ctx, h, &again)
		if err != nil {
			return nil, err
		}
		for _, e := range a.entries {
			if i, found := slices.BinarySearchFunc(all.entries, e.path, func(x entry, p string) int { return strings.Compare(x.path, p) }); found {
				all.entries[i] = e
			} else {
				all.entries = slices.Insert(all.entries, i, e)
			}
		}
		if !a.part || a.token == again.Token {
			return all, nil
		}
		again.Token = a.token
	}
}

// Census lists the cards of one book after the other, with their ETags.
func (c *connection) Census(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.CensusPage, error) {
	page := connectors.CensusPage{Live: map[string]connectors.Version{}, Next: from}
	if kind != connectors.Contact {
		return page, nil
	}
	h, err := c.at0(ctx)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	books, err := c.list(ctx, h)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	i := slices.IndexFunc(books, func(b book) bool { return from == "" || b.path > string(from) })
	if i < 0 {
		return page, nil
	}
	entries, _, err := c.entries(ctx, h, books[i].path)
	if err != nil {
		return connectors.CensusPage{}, err
	}
	for _, e := range entries {
		page.Live[h.id(e.path)] = connectors.Version(e.etag)
	}
	page.Next, page.More = connectors.Cursor(books[i].path), i+1 < len(books)
	return page, nil
}

// Fetch reads single cards.
func (c *connection) Fetch(ctx context.Context, kind connectors.Kind, ids []string) ([]connectors.Record, error) {
	if err := ctx.Err(); err != nil || kind != connectors.Contact || len(ids) == 0 {
		return nil, err
	}
	h, err := c.at0(ctx)
	if err != nil {
		return nil, err
	}
	b := &builder{c: c, h: h}
	for _, id := range ids {
		b.entries = append(b.entries, entry{path: h.path(id)})
	}
	if err := b.fill(ctx); err != nil {
		return nil, err
	}
	b.build()
	var out []connectors.Record
	for _, ch := range b.page.Changes {
		out = append(out, ch.Record)
	}
	return out, nil
}

// isGone says whether a status means that a thing is not there.
func isGone(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }
