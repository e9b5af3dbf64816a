package csv

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/table"
)

// cursor is a place between two pages.
type cursor struct {
	at   table.Pos
	done int64 // rows told so far
	mark string
}

func (c cursor) String() string {
	return fmt.Sprintf("1 %d %d %d %d %s", c.at.Offset, c.at.Line, c.at.Row, c.done, c.mark)
}

func parseCursor(text connectors.Cursor) (c cursor, err error) {
	var version int
	n, err := fmt.Sscanf(string(text), "%d %d %d %d %d %s", &version, &c.at.Offset, &c.at.Line, &c.at.Row, &c.done, &c.mark)
	if err != nil || n != 6 || version != 1 || c.at.Offset < 0 || c.at.Line < 1 || c.at.Row < 0 || c.done < 0 {
		return c, &connectors.Error{Class: connectors.CursorExpired, Text: "this reading cannot be continued; it starts over"}
	}
	return c, nil
}

// Pull returns about 500 rows. A file has one kind: for another the page is empty. A page of
// orders also has the contacts that they imply, each before its order.
func (c *connection) Pull(ctx context.Context, kind connectors.Kind, from connectors.Cursor) (connectors.Page, error) {
	f, l, err := c.load(ctx, true)
	if err != nil {
		return connectors.Page{}, err
	}
	defer f.Close()
	if err := l.plan.usable(l.sample); err != nil {
		return connectors.Page{}, err
	}
	if kind != l.plan.Kind {
		return connectors.Page{Next: from}, nil
	}
	at := cursor{at: l.shape.Start, mark: l.mark}
	if from != "" {
		if at, err = parseCursor(from); err != nil {
			return connectors.Page{}, err
		}
		if at.mark != l.mark || at.at.Offset > f.Size() {
			return connectors.Page{}, &connectors.Error{Class: connectors.CursorExpired, Text: c.file() + " has changed since reading began; it is read from the start"}
		}
	}
	b := &builder{p: l.plan, ix: l.index, src: f, shape: l.shape}
	b.r = table.NewReader(f, l.shape, at.at)
	read := b.contacts
	if l.plan.Kind == connectors.Order {
		read = b.orders
	}
	end, more, err := read(ctx, at.at)
	if err != nil {
		return connectors.Page{}, err
	}
	b.page.Rejected = b.rep.rejected
	b.page.Total, b.page.Done = l.index.rows, at.done+int64(b.page.Told)
	b.page.More = more
	b.page.Next = connectors.Cursor(cursor{at: end, done: b.page.Done, mark: l.mark}.String())
	return b.page, nil
}

// builder makes one page.
type builder struct {
	p     *plan
	ix    *index
	src   table.Source
	shape table.Shape
	r     *table.Reader
	page  connectors.Page
	rep   report
	ahead *table.Row // read, but not yet used
}

// next gives the next row; io.EOF at the end.
func (b *builder) next(ctx context.Context) (table.Row, error) {
	if b.ahead != nil {
		row := *b.ahead
		b.ahead = nil
		return row, nil
	}
	if err := ctx.Err(); err != nil {
		return table.Row{}, err
	}
	row, err := b.r.Next()
	if err != nil && err != io.EOF {
		return row, unreadable(b.p.File, err)
	}
	b.p.pad(&row)
	return row, err
}

// aside sets rows aside whole: the row at fault, with the text of all that belong to it.
func (b *builder) aside(at, field, reason string, line int64, rows ...table.Row) error {
	var raws []string
	size := 0
	for _, row := range rows {
		raw, err := table.Raw(b.src, b.shape, row)
		if err != nil {
			return unreadable(b.p.File, err)
		}
		if size += len(raw) + 1; size > table.MaxRaw && len(raws) > 0 {
			break
		}
		raws = append(raws, raw)
	}
	if size <= len(rows) {
		raws = []string{"\uFFFD"} // NUL bytes alone
	}
	b.rep.rejected = append(b.rep.rejected, connectors.Rejected{
		Where: at, Field: field, Reason: reason, Raw: strings.Join(raws, "\n"), Context: b.p.marshalAt(line),
	})
	return nil
}

// odd tells what is odd about a row that is read all the same.
func (b *builder) odd(row table.Row) {
	at := where(b.p.File, row.Start.Line)
	if row.Odd&table.OddNUL != 0 {
		b.rep.kept(at, "", "NUL bytes were left out")
	}
	if row.Odd&table.OddBytes != 0 {
		b.rep.kept(at, "", "some bytes are no text in "+b.shape.Encoding+"; they show as \uFFFD")
	}
}

func (b *builder) contacts(ctx context.Context, from table.Pos) (end table.Pos, more bool, err error) {
	end = from
	b.page.Changes = make([]connectors.Change, 0, min(pageRows, b.ix.rows))
	for b.page.Told < pageRows {
		row, err := b.next(ctx)
		if err == io.EOF {
			return end, false, nil
		}
		if err != nil {
			return end, false, err
		}
		end = row.End
		b.page.Told++
		at := where(b.p.File, row.Start.Line)
		if reason := b.p.whole(row); reason != "" {
			if err := b.aside(at, "", reason, row.Start.Line, row); err != nil {
				return end, false, err
			}
			continue
		}
		again, twice := b.ix.again[row.Start.Row]
		if twice && again.same {
			b.page.Joined++
			continue
		}
		key, keyed := b.p.keyOf(row.Cells)
		if twice && keyed == connectors.KeyedID {
			reason := fmt.Sprintf("id %s stands in line %d already, with other content", key, again.line)
			if err := b.aside(at, b.p.Columns[b.p.idCol].Name, reason, row.Start.Line, row); err != nil {
				return end, false, err
			}
			continue
		}
		b.odd(row)
		rec := b.p.contact(oneRow(row.Cells[:len(b.p.Columns)], row.Start.Line), &b.rep)
		rec.ID, rec.Keyed = key, keyed
		if twice || keyed == connectors.KeyedContent {
			rec.ID, rec.Keyed = contentID(b.p.content(row.Cells), max(1, b.ix.nth[row.Start.Row])), connectors.KeyedContent
		}
		b.page.Changes = append(b.page.Changes, connectors.Change{Record: rec, Where: at})
	}
	return end, b.peekMore(ctx), nil
}

func contentID(hash string, nth int) string { return "h:" + hash + ":" + strconv.Itoa(nth) }

// peekMore says whether a row follows. A failure to read it shows on the next page.
func (b *builder) peekMore(ctx context.Context) bool {
	for {
		row, err := b.next(ctx)
		if err == io.EOF {
			return false
		}
		if err != nil || !b.ix.skip[row.Start.Row] {
			return true
		}
	}
}

func (b *builder) orders(ctx context.Context, from table.Pos) (end table.Pos, more bool, err error) {
	end = from
	for b.page.Told < pageRows {
		rows, err := b.group(ctx, &end)
		if err == io.EOF {
			return end, false, nil
		}
		if err != nil {
			return end, false, err
		}
		if err := b.order(rows); err != nil {
			return end, false, err
		}
	}
	return end, b.peekMore(ctx), nil
}

// group reads the rows of the next order, those that stand apart from it too.
func (b *builder) group(ctx context.Context, end *table.Pos) ([]table.Row, error) {
	var rows []table.Row
	key := ""
	for {
		row, err := b.next(ctx)
		if err == io.EOF && len(rows) > 0 {
			break
		}
		if err != nil {
			return nil, err
		}
		if b.ix.skip[row.Start.Row] {
			if len(rows) > 0 {
				b.ahead = &row
				break
			}
			*end = row.End
			continue
		}
		k := b.p.orderKey(row.Cells)
		if len(rows) > 0 && k != key && (k != "" || b.p.whole(row) != "") {
			b.ahead = &row
			break
		}
		if len(rows) == 0 {
			key = k
		}
		rows, *end = append(rows, row), row.End
		if key == "" {
			return rows, nil
		}
	}
	for _, pos := range b.ix.apart[key] {
		row, err := table.ReadAt(b.src, b.shape, pos)
		if err != nil {
			return nil, unreadable(b.p.File, err)
		}
		b.p.pad(&row)
		rows = append(rows, row)
	}
	return rows, nil
}

func (b *builder) order(all []table.Row) error {
	var good, bad []table.Row
	var cells [][]string
	var lines []int64
	seen := map[string]bool{}
	for _, row := range all {
		if b.p.whole(row) != "" {
			bad = append(bad, row)
			continue
		}
		good = append(good, row)
		b.odd(row)
		// The same row once more, not a further line of the order.
		if total, _ := b.p.first(row.Cells, "order.total"); total != "" {
			content := b.p.content(row.Cells)
			if seen[content] {
				continue
			}
			seen[content] = true
		}
		cells, lines = append(cells, row.Cells[:len(b.p.Columns)]), append(lines, row.Start.Line)
	}
	b.page.Told += len(all)
	tellBad := func(rows []table.Row) error {
		for _, row := range rows {
			with := all
			if len(good) == 0 {
				with = []table.Row{row}
			}
			if err := b.aside(where(b.p.File, row.Start.Line), "", b.p.whole(row), row.Start.Line, with...); err != nil {
				return err
			}
		}
		return nil
	}
	if len(good) == 0 {
		return tellBad(bad)
	}
	rec, buyer, d := b.p.orders(cells, lines, &b.rep)
	if d.broken != "" {
		if len(bad) > 0 { // what is missing stands in a row that cannot be read
			b.page.Joined += len(good)
			return tellBad(bad)
		}
		b.page.Joined += len(good) - 1
		return b.aside(where(b.p.File, d.at), d.field, d.broken, d.at, all...)
	}
	b.page.Joined += len(good) - 1
	at := where(b.p.File, good[0].Start.Line)
	if buyer != nil {
		b.page.Changes = append(b.page.Changes, connectors.Change{Record: *buyer, Where: at})
	}
	b.page.Changes = append(b.page.Changes, connectors.Change{Record: rec, Where: at})
	return tellBad(bad)
}

// setAside is Rejected.Context: the plan, and the line that the row had.
type setAside struct {
	Plan *plan `json:"plan"`
	Line int64 `json:"line"`
}

func (p *plan) marshalAt(line int64) string {
	b, err := json.Marshal(setAside{p, line})
	if err != nil {
		return "" // strings and numbers alone: cannot fail
	}
	return string(b)
}

// Reread reads a row that was set aside, or all rows of an order, after a person corrected it.
func (c *connection) Reread(ctx context.Context, rejected, raw string) (connectors.Page, error) {
	return Reread(ctx, rejected, raw)
}

// Reread does what a connection's Reread does; it needs no connection.
func Reread(ctx context.Context, rejected, raw string) (connectors.Page, error) {
	s := setAside{Plan: &plan{}}
	if err := json.Unmarshal([]byte(rejected), &s); err != nil {
		return connectors.Page{}, invalid("what was kept beside this row cannot be read; import the file again")
	}
	if err := s.Plan.load(); err != nil {
		return connectors.Page{}, err
	}
	src := strings.NewReader(raw)
	shape := table.Shape{Encoding: table.UTF8, Start: table.Pos{Line: s.Line}}
	for _, c := range s.Plan.Columns {
		shape.Header = append(shape.Header, c.Name)
	}
	for _, d := range s.Plan.Delimiter {
		shape.Delimiter = d
	}
	ix, err := buildIndex(ctx, src, shape, s.Plan)
	if err != nil {
		return connectors.Page{}, err
	}
	if ix.rows == 0 {
		return connectors.Page{}, invalid("the row is empty")
	}
	b := &builder{p: s.Plan, ix: ix, src: src, shape: shape, r: table.NewReader(src, shape, shape.Start)}
	read := b.contacts
	if s.Plan.Kind == connectors.Order {
		read = b.orders
	}
	if _, _, err = read(ctx, shape.Start); err != nil {
		return connectors.Page{}, err
	}
	b.page.Rejected = b.rep.rejected
	b.page.Total, b.page.Done = ix.rows, int64(b.page.Told)
	return b.page, nil
}
