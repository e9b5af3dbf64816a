package match

import (
	"slices"
	"sort"
)

// Table holds the rows to be matched, as numbers of their distinct values.
type Table struct {
	columns []Column
	values  []*intern
	cells   [][]uint32 // by column, then row
	rows    int
	Region  string // where phone numbers without country code are at home (ISO 3166), "" for unknown
}

// NewTable makes an empty table.
func NewTable(columns []Column) *Table {
	t := &Table{columns: slices.Clone(columns)}
	for range columns {
		t.values = append(t.values, newIntern())
		t.cells = append(t.cells, nil)
	}
	return t
}

// Len says how many rows the table has.
func (t *Table) Len() int { return t.rows }

// Add appends a row. Missing cells are empty, further ones are left out.
func (t *Table) Add(cells []string) { t.AddRows([][]string{cells}) }

// AddRows appends rows; columns are read in parallel. The cells are not kept.
func (t *Table) AddRows(rows [][]string) {
	tasks(len(t.columns), func(c int) {
		if t.columns[c].Role == Ignored {
			return
		}
		values, cells := t.values[c], t.cells[c]
		for _, row := range rows {
			code := uint32(0)
			if c < len(row) {
				code = values.code(trim(row[c]))
			}
			cells = append(cells, code)
		}
		t.cells[c] = cells
	})
	t.rows += len(rows)
}

// trim takes blanks away, and the words that programs write where there is nothing.
func trim(s string) string {
	for len(s) > 0 && s[0] <= ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	switch s {
	case "-", "--", "---", "NULL", "null", "NaN", "nan", "N/A", "n/a", "None", "none", "\\N", "?", ".", "#N/A", "unknown", "Unknown", "无", "keine":
		return ""
	}
	return s
}

// distinct finds the different rows and puts them into an order that depends on their content alone, so that nothing that
// follows depends on the order of the input. It gives for each row the number of its content, and for each content the
// first row that has it. Rows of which nothing is known have number -1.
func (t *Table) distinct() (of []int32, first []int32) {
	sums := make([]uint64, t.rows)
	for c := range t.columns {
		if len(t.cells[c]) == 0 {
			continue
		}
		texts := t.values[c].text
		hashes := make([]uint64, len(texts))
		parallel(len(texts), func(_, lo, hi int) {
			for v := max(lo, 1); v < hi; v++ {
				hashes[v] = hash64(uint64(c)*0x9e3779b97f4a7c15+1, texts[v])
			}
		})
		cells := t.cells[c]
		parallel(t.rows, func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				sums[i] += hashes[cells[i]]
			}
		})
	}
	keys := make([]keyRow, 0, t.rows)
	for i, s := range sums {
		if s != 0 {
			keys = append(keys, keyRow{s, int32(i)})
		}
	}
	sortKeys(keys)
	of = make([]int32, t.rows)
	for i := range of {
		of[i] = -1
	}
	for i, k := range keys {
		if i == 0 || keys[i-1].key != k.key {
			first = append(first, k.row)
		}
		of[k.row] = int32(len(first) - 1)
	}
	return of, first
}

// keyRow is a row under a key of a block.
type keyRow struct {
	key uint64
	row int32
}

// sortKeys sorts by key, rows of one key in the order in which they came.
func sortKeys(k []keyRow) {
	if len(k) < 512 {
		sort.SliceStable(k, func(i, j int) bool { return k[i].key < k[j].key })
		return
	}
	other := make([]keyRow, len(k))
	var counts [6][2048]uint32
	for _, e := range k {
		for d := range counts {
			counts[d][e.key>>(11*d)&2047]++
		}
	}
	for d := range counts {
		shift := 11 * d
		sum := uint32(0)
		for b := range counts[d] {
			n := counts[d][b]
			counts[d][b] = sum
			sum += n
		}
		for _, e := range k {
			b := e.key >> shift & 2047
			other[counts[d][b]] = e
			counts[d][b]++
		}
		k, other = other, k
	}
}

// sortPairs sorts numbers in ascending order.
func sortPairs(k []uint64) {
	if len(k) < 512 {
		slices.Sort(k)
		return
	}
	other := make([]uint64, len(k))
	var top uint64
	for _, e := range k {
		top |= e
	}
	from := k
	for shift := 0; shift < 64 && top>>shift != 0; shift += 11 {
		var counts [2048]uint32
		for _, e := range from {
			counts[e>>shift&2047]++
		}
		sum := uint32(0)
		for b := range counts {
			n := counts[b]
			counts[b] = sum
			sum += n
		}
		for _, e := range from {
			b := e >> shift & 2047
			other[counts[b]] = e
			counts[b]++
		}
		from, other = other, from
	}
	if &from[0] != &k[0] {
		copy(k, from)
	}
}
