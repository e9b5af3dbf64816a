package vcard

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/card"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// index is what a first pass over all cards learns and pages need. It costs about 100 bytes a card.
type index struct {
	rows    int64
	again   map[int64]again     // cards whose key an earlier one has, by their number
	groups  map[string][]string // names of the groups that a member is in, by UID or "mailto:" address
	members map[int64]int       // how many members a group has, by its number
	columns []connectors.Column
}

// again says what is to be done with a card whose key an earlier card has.
type again struct {
	same  bool   // it says the same: nothing is to be done
	where string // where the earlier one stands
}

// opener opens a part; what it gives is closed by the caller.
type opener func(ctx context.Context, path string) (connectors.File, error)

// sampled is how many cards are looked at for samples.
const sampled = 500

func buildIndex(ctx context.Context, parts []part, open opener) (*index, error) {
	ix := &index{again: map[int64]again{}, groups: map[string][]string{}, members: map[int64]int{}}
	type first struct {
		print [16]byte
		part  int
		line  int64
	}
	seen := map[string]first{}
	column := map[string]int{}
	for i := range parts {
		p := &parts[i]
		err := eachCard(ctx, p, open, func(c *vcard.Card) {
			n := ix.rows
			ix.rows++
			ix.describe(c, column)
			if isAside(c) {
				return
			}
			if card.IsGroup(c) {
				ix.group(n, c)
				return
			}
			key, keyed := card.Key(c)
			if keyed == connectors.KeyedContent {
				key = card.ContentID(c)
			}
			print := card.Fingerprint(c)
			f, twice := seen[string(keyed)+key]
			if !twice {
				seen[string(keyed)+key] = first{print, i, c.Start.Line}
				return
			}
			same := f.print == print || keyed == connectors.KeyedContent
			if !same { // it goes by its content then, which may be another's too
				id := string(connectors.KeyedContent) + card.ContentID(c)
				if _, same = seen[id]; !same {
					seen[id] = first{print, i, c.Start.Line}
				}
			}
			ix.again[n] = again{same: same, where: where(parts[f.part].name, f.line)}
		})
		if err != nil {
			return nil, err
		}
	}
	return ix, nil
}

// eachCard reads the cards of a part, and finds out how it is written.
func eachCard(ctx context.Context, p *part, open opener, f func(*vcard.Card)) error {
	src, err := open(ctx, p.path)
	if err != nil {
		return err
	}
	defer src.Close()
	if p.shape.Encoding == "" {
		if p.shape, err = vcard.Sniff(src); err != nil {
			return unreadable(p.name, err)
		}
	}
	for r := vcard.NewReader(src, p.shape, p.shape.Start); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return unreadable(p.name, err)
		}
		f(c)
	}
}

func isAside(c *vcard.Card) bool { return c.Problem == vcard.TooLong || c.Problem == vcard.Cut }

func (ix *index) describe(c *vcard.Card, column map[string]int) {
	for i := range c.Props {
		p := &c.Props[i]
		if card.Unread(p.Name) {
			continue
		}
		at, known := column[p.Name]
		if !known {
			at = len(ix.columns)
			column[p.Name] = at
			field := card.Field(p.Name)
			ix.columns = append(ix.columns, connectors.Column{Name: p.Name, Field: field, Why: "layout"})
		}
		col := &ix.columns[at]
		if len(col.Samples) == 3 || ix.rows > sampled || p.Binary() {
			continue
		}
		text := card.Short(strings.Join(strings.Fields(strings.Join(p.Parts(), " ")), " "))
		if text != "" && !slices.Contains(col.Samples, text) {
			col.Samples = append(col.Samples, text)
		}
	}
}

func (ix *index) group(n int64, c *vcard.Card) {
	name := card.GroupName(c)
	for i := range c.Props {
		p := &c.Props[i]
		if p.Name != "MEMBER" && p.Name != "X-ADDRESSBOOKSERVER-MEMBER" {
			continue
		}
		ix.members[n]++
		if m := card.MemberKey(p.Text()); name != "" && m != "" && !slices.Contains(ix.groups[m], name) {
			ix.groups[m] = append(ix.groups[m], name)
		}
	}
}
