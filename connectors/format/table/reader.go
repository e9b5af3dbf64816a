package table

import (
	"io"
	"strings"
)

// Reader gives the rows of a table one after the other. It is not safe for use by several
// goroutines; several Readers may share a Source.
type Reader struct {
	src   Source
	shape Shape
	code  codec
	width int // cells of a whole row; 0: not known

	chunk int    // how much to read at a time
	store []byte // backs buf
	buf   []byte // what is read of the source from at.Offset on
	at    Pos
	eof   bool

	cell []byte // the cell being read
}

// NewReader reads from a place that Shape.Start or a Row's Start or End gave.
func NewReader(src Source, shape Shape, at Pos) *Reader {
	return &Reader{src: src, shape: shape, code: newCodec(shape.Encoding), width: len(shape.Header), at: at, chunk: chunk}
}

// chunk is how much is read at a time.
const chunk = 64 << 10

// ReadAt reads the one row at a place that an earlier Row's Start gave.
func ReadAt(src Source, shape Shape, at Pos) (Row, error) {
	r := NewReader(src, shape, at)
	r.chunk = 4 << 10
	return r.Next()
}

// have makes sure that n bytes are in the buffer, if the source has them.
func (r *Reader) have(n int) error {
	for len(r.buf) < n && !r.eof {
		old := len(r.buf)
		if cap(r.buf)-old < r.chunk {
			if cap(r.store) < old+2*r.chunk {
				r.store = make([]byte, 0, 2*old+4*r.chunk)
			}
			r.buf = append(r.store[:0], r.buf...) // moves down, or into the larger store
		}
		k, err := r.src.ReadAt(r.buf[old:old+r.chunk], r.at.Offset+int64(old))
		r.buf = r.buf[:old+k]
		switch {
		case err == io.EOF:
			r.eof = true
		case err != nil:
			return err
		case k == 0:
			r.eof = true
		}
	}
	return nil
}

// Next gives the next row that is not empty; io.EOF at the end. Other errors are the source's.
func (r *Reader) Next() (Row, error) {
	for {
		row, err := r.next()
		if err != nil {
			return Row{}, err
		}
		if row.Problem == "" && row.Odd == 0 && blank(row.Cells) {
			continue
		}
		row.End.Row = row.Start.Row + 1
		r.at.Row++
		return row, nil
	}
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// lineEnd is a code for the end of a line in scan.
const lineEnd = '\n'

// scan is where a scan of one row stands.
type scan struct {
	i         int // bytes of the buffer looked at
	lines     int64
	firstEnd  int // where the second physical line begins; 0: the row is on one line
	cells     []string
	odd       Oddity
	broken    bool // a quote stands where none may, or is not closed
	tooLong   bool
	swallowed []int // where each further physical line of the row begins
}

func (r *Reader) next() (Row, error) {
	if err := r.have(1); err != nil {
		return Row{}, err
	}
	if len(r.buf) == 0 {
		return Row{}, io.EOF
	}
	start := r.at
	s, err := r.scan(true)
	if err != nil {
		return Row{}, err
	}
	problem := Problem("")
	if s.firstEnd > 0 && (s.broken || s.tooLong || r.ate(s)) {
		// The quote that opened on the first line is not what holds these lines together: the
		// first line is told alone, and reading goes on behind it.
		if s, err = r.scan(false); err != nil {
			return Row{}, err
		}
		problem = Unclosed
	} else if s.broken {
		problem = Unclosed
	}
	if s.tooLong {
		problem = TooLong
	}
	row := Row{Cells: s.cells, Start: start, Odd: s.odd, Problem: problem}
	r.advance(s.i)
	r.at.Line += s.lines
	row.End = r.at
	return row, nil
}

func (r *Reader) advance(n int) {
	r.at.Offset += int64(n)
	r.buf = r.buf[n:]
}

// ate says whether a row over several lines has the wrong number of cells while one of the lines
// in it would be a whole row by itself: an open quote has eaten it.
func (r *Reader) ate(s scan) bool {
	if r.width < 2 || len(s.cells) == r.width {
		return false
	}
	for _, from := range s.swallowed {
		if r.cellsOnLine(from, s.i) == r.width {
			return true
		}
	}
	return false
}

// cellsOnLine counts the cells of the physical line at from, roughly: without line breaks in cells.
func (r *Reader) cellsOnLine(from, to int) int {
	n, quoted := 1, false
	for i := from; i < to; {
		c, w := r.code.unit(r.buf[i:to])
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' || c == '\r':
			return n
		case !quoted && c == int(r.shape.Delimiter):
			n++
		}
		i += w
	}
	return n
}

// scan reads one row from the buffer, filling it as needed. With multi unset a line break ends
// the row even inside quotes.
func (r *Reader) scan(multi bool) (scan, error) {
	const (
		start = iota // nothing of the cell yet but spaces
		plain
		quoted
		after // behind a closing quote, where only spaces can stand
	)
	s := scan{cells: make([]string, 0, r.width)}
	delim := int(r.shape.Delimiter)
	state := start
	cell := r.cell[:0]
	take := func() {
		text, odd := r.code.text(cell)
		if strings.IndexByte(text, '\r') >= 0 {
			text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
		}
		s.cells, s.odd = append(s.cells, text), s.odd|odd
		cell = cell[:0]
		state = start
	}
	defer func() { r.cell = cell[:0] }()
	for {
		if len(r.buf)-s.i < 8 {
			if err := r.have(s.i + r.chunk); err != nil {
				return s, err
			}
		}
		if s.i >= len(r.buf) {
			s.broken = s.broken || state == quoted
			take()
			s.lines++
			return s, nil
		}
		c, w := r.code.unit(r.buf[s.i:])
		end := 0 // the width of a line end here
		if c == lineEnd {
			end = w
		} else if c == '\r' {
			if c2, w2 := r.peek(s.i + w); c2 == lineEnd {
				end = w + w2
			} else if r.shape.CR {
				end = w
			}
		}
		if end > 0 {
			s.lines++
			if state != quoted || !multi {
				s.broken = s.broken || state == quoted
				s.i += end
				take()
				return s, nil
			}
			cell = append(cell, r.buf[s.i:s.i+end]...)
			s.i += end
			if s.firstEnd == 0 {
				s.firstEnd = s.i
			}
			s.swallowed = append(s.swallowed, s.i)
			if s.lines >= MaxRowLines {
				s.broken = true
				return s, nil
			}
			continue
		}
		if s.i > MaxRow {
			s.tooLong = true
			if s.firstEnd > 0 {
				return s, nil
			}
			return s, r.skipLine(&s)
		}
		switch {
		case state == quoted && c == '"':
			c2, w2 := r.peek(s.i + w)
			switch {
			case c2 == '"':
				cell = append(cell, r.buf[s.i:s.i+w]...)
				w += w2
			case c2 == delim, c2 == '\n', c2 == '\r', c2 < 0, c2 == ' ' && r.onlySpaces(s.i+w, delim):
				state = after
			default:
				// A quote that is not doubled. On one line it is taken as it stands; in a cell
				// over several lines it is the opening quote of another cell.
				s.odd |= OddQuote
				if s.firstEnd > 0 {
					s.broken = true
					return s, nil
				}
				cell = append(cell, r.buf[s.i:s.i+w]...)
			}
		case state == quoted:
			cell = append(cell, r.buf[s.i:s.i+w]...)
		case c == delim:
			take()
		case state == start && c == '"':
			state, cell = quoted, cell[:0]
		case state == after && c == ' ':
		default:
			if c != ' ' {
				state = plain
			}
			cell = append(cell, r.buf[s.i:s.i+w]...)
		}
		s.i += w
	}
}

// peek gives the character at i of the buffer as an ASCII code or other; -1 at the end.
func (r *Reader) peek(i int) (code, width int) {
	if i >= len(r.buf) {
		return -1, 0
	}
	return r.code.unit(r.buf[i:])
}

// onlySpaces says whether nothing but spaces stands between i and the cell's end.
func (r *Reader) onlySpaces(i, delim int) bool {
	for {
		c, w := r.peek(i)
		switch {
		case c == delim || c == '\n' || c == '\r' || c < 0:
			return true
		case c != ' ':
			return false
		}
		i += w
	}
}

// skipLine goes to the end of a line that is too long, dropping what it passes, so that the buffer
// stays small however long the line is. The caller has kept the row's start.
func (r *Reader) skipLine(s *scan) error {
	s.cells = s.cells[:0]
	for {
		for s.i < len(r.buf) && (len(r.buf)-s.i >= 8 || r.eof) {
			c, w := r.code.unit(r.buf[s.i:])
			s.i = min(s.i+w, len(r.buf))
			if c == '\n' || c == '\r' && r.shape.CR {
				s.lines++
				return nil
			}
		}
		if s.i >= len(r.buf) && r.eof {
			s.lines++
			return nil
		}
		r.advance(s.i)
		s.i = 0
		if err := r.have(r.chunk); err != nil {
			return err
		}
	}
}

// Raw gives the text of a row as it stands in the source, without its line end, at most MaxRaw
// bytes of it.
func Raw(src Source, shape Shape, row Row) (string, error) {
	n := min(row.End.Offset-row.Start.Offset, MaxRaw)
	b := make([]byte, n)
	k, err := src.ReadAt(b, row.Start.Offset)
	if err != nil && err != io.EOF {
		return "", err
	}
	c := newCodec(shape.Encoding)
	text, _ := c.text(b[:k])
	if len(text) > MaxRaw {
		text = strings.ToValidUTF8(text[:MaxRaw], "")
	}
	return strings.TrimRight(text, "\r\n"), nil
}
