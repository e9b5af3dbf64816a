package table

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Options force what Sniff would otherwise find out.
type Options struct {
	Encoding  string
	Delimiter rune
}

// ErrEncoding is returned for an encoding that is none of this package's.
var ErrEncoding = errors.New("unknown encoding")

// sampleRows is how many rows decide about delimiter and header.
const sampleRows = 100

// Sniff finds out how a table is written. It reads the source once for the encoding and its first
// rows for the rest. Errors are the source's, or ErrEncoding.
func Sniff(src Source, o Options) (Shape, error) {
	sh := Shape{Encoding: o.Encoding}
	name, bom, err := detect(src)
	if err != nil {
		return sh, err
	}
	switch sh.Encoding {
	case "":
		sh.Encoding = name
	case UTF8, UTF16LE, UTF16BE, GB18030, Windows1252:
		if sh.Encoding != name {
			bom = 0
		}
	default:
		return sh, ErrEncoding
	}
	sh.BOM = bom > 0
	begin := Pos{Offset: int64(bom), Line: 1}
	sh.Start = begin
	if sh.CR, err = crOnly(src, sh, begin); err != nil {
		return sh, err
	}

	sh.Delimiter = 1 // none, so that the first line stays whole
	first, err := sample(src, sh, begin, 1)
	if err != nil {
		return sh, err
	}
	sh.Delimiter = o.Delimiter
	if len(first) == 0 {
		sh.Empty, sh.Delimiter = true, ','
		sh.Start.Offset = src.Size()
		return sh, nil
	}
	if d, ok := sepLine(first[0]); ok {
		begin = Pos{Offset: first[0].End.Offset, Line: first[0].End.Line}
		if sh.Delimiter == 0 {
			sh.Delimiter = d
		}
	}
	if sh.Delimiter == 0 {
		if sh.Delimiter, err = delimiter(src, sh, begin); err != nil {
			return sh, err
		}
	}
	rows, err := sample(src, sh, begin, sampleRows)
	if err != nil {
		return sh, err
	}
	if len(rows) == 0 {
		sh.Empty = true
		sh.Start.Offset = src.Size()
		return sh, nil
	}
	sh.setHeader(rows)
	return sh, nil
}

// sepLine reads Excel's first line "sep=;".
func sepLine(row Row) (rune, bool) {
	line := strings.TrimSpace(strings.Trim(strings.Join(row.Cells, ""), `"`))
	if len(line) > 6 || len(line) < 4 || !strings.EqualFold(line[:4], "sep=") {
		return 0, false
	}
	if rest := line[4:]; rest != "" {
		d, _ := utf8.DecodeRuneInString(rest)
		return d, d < utf8.RuneSelf
	}
	return '\t', true // trimmed away
}

// crOnly says whether lines end with a lone carriage return: there is one, and no line feed.
func crOnly(src Source, sh Shape, at Pos) (bool, error) {
	b := make([]byte, chunk)
	n, err := src.ReadAt(b, at.Offset)
	if err != nil && err != io.EOF {
		return false, err
	}
	c, cr := newCodec(sh.Encoding), false
	for i := 0; i < n; {
		code, w := c.unit(b[i:n])
		if code == '\n' {
			return false, nil
		}
		cr = cr || code == '\r'
		i += w
	}
	return cr, nil
}

func sample(src Source, sh Shape, at Pos, n int) ([]Row, error) {
	r := NewReader(src, sh, at)
	var rows []Row
	for len(rows) < n {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// delimiter tries each and takes the one that cuts most rows into the same number of cells, and
// among equals into most cells.
func delimiter(src Source, sh Shape, at Pos) (rune, error) {
	best, bestScore := ',', 0.0
	for _, d := range []rune{',', ';', '\t', '|'} {
		sh.Delimiter = d
		rows, err := sample(src, sh, at, sampleRows)
		if err != nil {
			return 0, err
		}
		width, share := common(rows)
		if width < 2 {
			continue
		}
		score := share*100 + float64(min(width, 100))/4
		if i := headerAt(rows, width); len(rows[i].Cells) != width {
			score -= 40
		}
		if score > bestScore {
			best, bestScore = d, score
		}
	}
	return best, nil
}

// common gives the most common number of cells (the larger of two equally common) and its share.
func common(rows []Row) (width int, share float64) {
	count := map[int]int{}
	for _, r := range rows {
		count[len(r.Cells)]++
	}
	best := 0
	for w, n := range count {
		if n > best || n == best && w > width {
			width, best = w, n
		}
	}
	return width, float64(best) / float64(max(1, len(rows)))
}

// headerAt finds the header among the first rows: the first that is at least half filled, is no
// data, and as wide as a third of the rows; failing that, the first as wide as the table. What
// stands before it (LinkedIn's notes) is no data.
func headerAt(rows []Row, width int) int {
	count := map[int]int{}
	for _, r := range rows {
		count[len(r.Cells)]++
	}
	filled := func(r Row) bool {
		n := 0
		for _, c := range r.Cells {
			if strings.TrimSpace(c) != "" {
				n++
			}
		}
		return r.Problem == "" && n*2 >= len(r.Cells)
	}
	first := rows[:min(len(rows), 20)]
	for i, r := range first {
		if wideHeader(rows, i, width) {
			return i
		}
		if w := len(r.Cells); w >= 2 && filled(r) && !isData(r.Cells) && count[w]*3 >= len(rows)-i {
			return i
		}
	}
	for i, r := range first {
		if len(r.Cells) >= max(2, width) && filled(r) {
			return i
		}
	}
	return 0
}

// wideHeader says whether row i is the header of rows that all have fewer cells than it: a program
// that leaves out cells at a row's end wrote them. Prose with delimiters in it is no header.
func wideHeader(rows []Row, i, width int) bool {
	cells := rows[i].Cells
	if width < 2 || len(cells) <= width || rows[i].Problem != "" || i+1 == len(rows) || isData(cells) {
		return false
	}
	seen := map[string]bool{}
	for j, c := range cells {
		name := strings.ToLower(strings.TrimSpace(c))
		if name == "" || seen[name] || utf8.RuneCountInString(name) > 40 || strings.HasSuffix(name, ".") || j > 0 && strings.HasPrefix(c, " ") {
			return false
		}
		seen[name] = true
	}
	for _, r := range rows[i+1:] {
		if len(r.Cells) >= len(cells) {
			return false
		}
	}
	return true
}

func (sh *Shape) setHeader(rows []Row) {
	width, _ := common(rows)
	row := rows[headerAt(rows, width)]
	sh.Headerless = isData(row.Cells)
	sh.HeaderLine = row.Start.Line
	sh.Start = Pos{Offset: row.End.Offset, Line: row.End.Line}
	names := row.Cells
	if sh.Headerless {
		sh.HeaderLine = 0
		sh.Start = Pos{Offset: row.Start.Offset, Line: row.Start.Line}
		names = make([]string, max(width, len(row.Cells)))
	}
	// Cells that a spreadsheet left behind to the right of the table are no columns.
	for len(names) > width && width > 0 && strings.TrimSpace(names[len(names)-1]) == "" && !sh.Headerless {
		names = names[:len(names)-1]
	}
	sh.Header = make([]string, len(names))
	for i, n := range names {
		n = strings.Join(strings.Fields(strings.TrimPrefix(n, "\uFEFF")), " ")
		if n == "" {
			n = "Column " + strconv.Itoa(i+1)
		}
		sh.Header[i] = n
	}
}

// isData says whether a row is no header: it has an e-mail address, or numbers alone.
func isData(cells []string) bool {
	numbers, filled := 0, 0
	for _, c := range cells {
		c = strings.TrimSpace(c)
		if c == "" {
			continue
		}
		filled++
		if at := strings.IndexByte(c, '@'); at > 0 && strings.Contains(c[at:], ".") && !strings.ContainsAny(c, " \n") {
			return true
		}
		if strings.IndexFunc(c, unicode.IsLetter) < 0 && strings.IndexFunc(c, unicode.IsDigit) >= 0 {
			numbers++
		}
	}
	return filled > 0 && numbers*2 > filled
}

// Quote writes cells as one line of a table, without a line end: what Read reads as one row.
func Quote(cells []string, delim rune) string {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteRune(delim)
		}
		if len(cells) == 1 && c == "" || strings.ContainsRune(c, delim) || strings.ContainsAny(c, "\"\r\n") ||
			strings.HasPrefix(c, " ") || strings.HasSuffix(c, " ") {
			b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
		} else {
			b.WriteString(c)
		}
	}
	return b.String()
}
