package demo

import (
	"bytes"
	"encoding/csv"
	"strings"
)

// sheet is a table being written as an export.
type sheet struct {
	columns []string
	index   map[string]int
	buf     bytes.Buffer
	out     *csv.Writer
	rows    int // rows below the header
}

func newSheet(header string) *sheet {
	f := &sheet{columns: strings.Split(header, ","), index: map[string]int{}}
	for i, c := range f.columns {
		f.index[c] = i
	}
	f.out = csv.NewWriter(&f.buf)
	f.write(f.columns)
	f.rows = 0
	return f
}

// row writes one row from pairs of column and cell.
func (f *sheet) row(pairs ...string) {
	cells := make([]string, len(f.columns))
	for i := 0; i+1 < len(pairs); i += 2 {
		n, ok := f.index[pairs[i]]
		if !ok {
			panic("demo: no column " + pairs[i])
		}
		cells[n] = pairs[i+1]
	}
	f.write(cells)
}

// short writes a row that breaks off.
func (f *sheet) short(cells ...string) { f.write(cells) }

func (f *sheet) write(cells []string) {
	_ = f.out.Write(cells) // to memory: cannot fail
	f.rows++
}

func (f *sheet) bytes() []byte {
	f.out.Flush()
	return f.buf.Bytes()
}
