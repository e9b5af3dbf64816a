package csv

import (
	"context"
	"io"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/table"
)

// index is what a first pass over the whole file learns and pages need: which rows belong
// together though they stand apart, and which keys stand twice. It costs about 60 bytes for each
// order or contact of the file, nothing for the cells.
type index struct {
	rows int64
	ends rowEnds

	// Orders: rows that stand apart from the first rows of their order.
	apart map[string][]table.Pos
	skip  map[int64]bool

	// Contacts: rows whose key stands in an earlier row too, and the occurrence of rows that are
	// keyed by their content, where it is not the first.
	again map[int64]again
	nth   map[int64]int
}

// again says what is to be done with a row whose key an earlier row has.
type again struct {
	same bool  // it says the same: nothing is to be done
	line int64 // where the earlier row stands
}

// whole says why a row cannot be read; empty where it can.
func (p *plan) whole(row table.Row) string {
	switch row.Problem {
	case table.Unclosed:
		return "a quote opens here and is never closed"
	case table.TooLong:
		return "the row is longer than 1 MB"
	}
	n := len(row.Cells)
	if n > len(p.Columns) && blankCells(row.Cells[len(p.Columns):]) {
		return ""
	}
	if n != len(p.Columns) {
		return cellsWrong(n, len(p.Columns))
	}
	return ""
}

// rowEnds tells whether a table was written by a program that leaves out the empty cells at the end
// of its rows.
type rowEnds struct {
	rows  int64 // without what the reader found at fault
	short int64 // rows with fewer cells than the header
	empty int64 // rows whose last cell is there and empty
}

func (e *rowEnds) add(row table.Row, width int) {
	n := len(row.Cells)
	if row.Problem != "" || n == 0 {
		return
	}
	e.rows++
	if n < width && n >= min(2, width-1) {
		e.short++
	}
	if clean(row.Cells[n-1]) == "" {
		e.empty++
	}
}

// leftOut says whether missing cells are empty ones: most rows miss some, or a good part does while
// no row at all ends with an empty cell. A few short rows among whole ones have lost something.
func (e *rowEnds) leftOut() bool {
	return 2*e.short > e.rows || e.short >= 3 && 5*e.short >= e.rows && e.empty == 0
}

// pad gives a row the cells that its writer left out.
func (p *plan) pad(row *table.Row) {
	if p.Short && row.Problem == "" && len(row.Cells) < len(p.Columns) {
		row.Cells = padded(row.Cells, len(p.Columns))
	}
}

func padded(cells []string, width int) []string {
	return append(cells[:len(cells):len(cells)], make([]string, width-len(cells))...)
}

func blankCells(cells []string) bool {
	for _, c := range cells {
		if clean(c) != "" {
			return false
		}
	}
	return true
}

// orderKey tells which order a row belongs to; empty where the row does not say.
func (p *plan) orderKey(cells []string) string {
	for _, i := range p.key {
		if i < len(cells) {
			if v := clean(cells[i]); v != "" {
				return v
			}
		}
	}
	return ""
}

func buildIndex(ctx context.Context, src table.Source, shape table.Shape, p *plan) (*index, error) {
	ix := &index{apart: map[string][]table.Pos{}, skip: map[int64]bool{}, again: map[int64]again{}, nth: map[int64]int{}}
	r := table.NewReader(src, shape, shape.Start)
	orders := map[string]int64{} // last row of the order's first run
	type first struct {
		content string
		line    int64
	}
	contacts := map[string]first{}
	count := map[string]int{}
	last := ""
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row, err := r.Next()
		if err == io.EOF {
			return ix, nil
		}
		if err != nil {
			return nil, unreadable(p.File, err)
		}
		ix.rows++
		ix.ends.add(row, len(p.Columns))
		p.pad(&row)
		n := row.Start.Row
		if p.Kind == connectors.Order {
			key := p.orderKey(row.Cells)
			if key == "" && p.whole(row) == "" {
				key = last // a further line of an order that does not repeat its number
			}
			if key == "" {
				continue
			}
			if end, seen := orders[key]; !seen || end == n-1 {
				orders[key] = n
			} else {
				ix.apart[key] = append(ix.apart[key], row.Start)
				ix.skip[n] = true
			}
			last = key
			continue
		}
		if p.whole(row) != "" {
			continue
		}
		key, keyed := p.keyOf(row.Cells)
		if keyed != connectors.KeyedContent {
			key = string(keyed) + ":" + hashOf(key)[:16]
			content := p.content(row.Cells)[:16]
			f, seen := contacts[key]
			if !seen {
				contacts[key] = first{content, row.Start.Line}
				continue
			}
			ix.again[n] = again{same: f.content == content, line: f.line}
			if f.content == content || keyed == connectors.KeyedID {
				continue
			}
		}
		content := p.content(row.Cells)
		count[content]++
		if c := count[content]; c > 1 {
			ix.nth[n] = c
		}
	}
}
