package vcard

import (
	"bytes"
	"io"
	"strings"

	"github.com/keptcrm/kept/connectors/format/table"
)

// Pos is a place between two lines of a source. The zero Pos is not valid; Shape.Start is the first.
type Pos struct {
	Offset int64 // in bytes, in the source's own encoding
	Line   int64 // the line that begins here, from 1
}

// Shape is how a source is written.
type Shape struct {
	// Encoding is that of the whole source. In one that is not UTF-16 each value may have another:
	// the one that its CHARSET names, UTF-8 where its bytes are that, else Encoding.
	Encoding string
	Start    Pos // behind the byte order mark
}

// Sniff finds out how a source is written. It reads all of it once.
func Sniff(src Source) (Shape, error) {
	name, bom, err := table.DetectEncoding(src)
	return Shape{Encoding: name, Start: Pos{Offset: int64(bom), Line: 1}}, err
}

// Reader reads the cards of a source one after the other. What stands between cards is skipped.
type Reader struct {
	src      Source
	encoding string
	buf      []byte
	from, to int   // what of buf is not read yet
	base     int64 // offset of buf[0]
	eof      bool
	line     int64
	mid      bool // the last piece had no line end: the next one goes on with the same line
}

const chunk = 128 << 10

// NewReader reads from a place between two cards.
func NewReader(src Source, shape Shape, at Pos) *Reader {
	room := max(min(chunk, src.Size()-at.Offset+64), 64)
	return &Reader{src: src, encoding: shape.Encoding, buf: make([]byte, 0, room), base: at.Offset, line: at.Line}
}

// At gives the place up to which the source was read.
func (r *Reader) At() Pos { return Pos{Offset: r.base + int64(r.from), Line: r.line} }

func (r *Reader) fill() error {
	if r.from > 0 {
		n := copy(r.buf[:cap(r.buf)], r.buf[r.from:r.to])
		r.base += int64(r.from)
		r.from, r.to = 0, n
	}
	n, err := r.src.ReadAt(r.buf[r.to:cap(r.buf)], r.base+int64(r.to))
	r.to += n
	r.buf = r.buf[:r.to]
	if err == io.EOF {
		r.eof = true
		return nil
	}
	if err == nil && n == 0 {
		return io.ErrNoProgress
	}
	return err
}

// piece is one line with its end, or a part of one that is longer than the buffer.
type piece struct {
	raw   []byte // valid until the next one is read
	mid   bool   // goes on with the line of the piece before
	ended bool   // has a line end
}

// next gives the next piece without stepping over it; io.EOF at the end.
func (r *Reader) next() (piece, error) {
	for {
		have := r.buf[r.from:r.to]
		n, ended := lineEnd(have, r.encoding)
		switch {
		case ended && (n < len(have) || r.eof || have[n-1] == '\n' || len(have) == cap(r.buf)):
			return piece{raw: have[:n], mid: r.mid, ended: true}, nil
		case r.eof && len(have) == 0:
			return piece{}, io.EOF
		case r.eof:
			return piece{raw: have, mid: r.mid}, nil
		case len(have) == cap(r.buf):
			return piece{raw: have[:len(have)-tail(have, r.encoding)], mid: r.mid}, nil
		}
		if err := r.fill(); err != nil {
			return piece{}, err
		}
	}
}

// tail is how much of a full buffer is left for the next piece, so that no line end and no character
// of UTF-16 is cut.
func tail(b []byte, encoding string) int {
	const most = 16
	if i := len(b) - most - 2; isWide(encoding) && unit(b[i:], encoding)&0xFC00 == 0xD800 {
		return most + 2
	}
	return most
}

// step steps over a piece.
func (r *Reader) step(p piece) {
	r.from += len(p.raw)
	r.mid = !p.ended
	if p.ended {
		r.line++
	}
}

// maxReturns is how many carriage returns before a line feed belong to one line end: some exports
// have CR CR LF.
const maxReturns = 4

// lineEnd gives how many bytes the first line of b has with its end; all of b and false where there
// is no end.
func lineEnd(b []byte, encoding string) (int, bool) {
	if isWide(encoding) {
		return wideLineEnd(b, encoding)
	}
	n := len(b)
	lf := bytes.IndexByte(b, '\n')
	if lf >= 0 {
		n = lf
	}
	cr := bytes.IndexByte(b[:n], '\r')
	if cr < 0 {
		if lf >= 0 {
			return lf + 1, true
		}
		return n, false
	}
	end := cr + 1
	for end < n && b[end] == '\r' && end-cr < maxReturns {
		end++
	}
	switch {
	case lf == end:
		return end + 1, true
	case lf < 0 && end == len(b) && end-cr <= maxReturns:
		return end, true // the caller reads on to see whether a line feed follows
	}
	return cr + 1, true
}

func wideLineEnd(b []byte, encoding string) (int, bool) {
	at := func(i int) int {
		if i+1 >= len(b) {
			return -1
		}
		return unit(b[i:], encoding)
	}
	for i := 0; i+1 < len(b); i += 2 {
		switch at(i) {
		case '\n':
			return i + 2, true
		case '\r':
			end := i + 2
			for at(end) == '\r' && (end-i)/2 < maxReturns {
				end += 2
			}
			if at(end) == '\n' {
				return end + 2, true
			}
			if end+1 >= len(b) {
				return end, true
			}
			return i + 2, true
		}
	}
	return len(b), false
}

// Next gives the next card; io.EOF where there is none. A card with a Problem is given like any
// other; what it has is read. Errors are those of the source.
func (r *Reader) Next() (*Card, error) {
	for {
		p, err := r.next()
		if err != nil {
			return nil, err
		}
		if !p.mid && isMark(r.plain(p.raw), "BEGIN") {
			return r.card(p)
		}
		r.step(p)
	}
}

// plain gives a piece as ASCII shows, whatever the encoding.
func (r *Reader) plain(raw []byte) []byte { return widen(raw, r.encoding) }

func (r *Reader) card(begin piece) (*Card, error) {
	c := &Card{Start: r.At(), encoding: r.encoding, fallback: r.encoding}
	data := append(make([]byte, 0, 1024), r.plain(begin.raw)...)
	r.step(begin)
	depth, agent := 0, false // cards within this one, in AGENT
	last := begin
	for {
		p, err := r.next()
		if err == io.EOF {
			c.Problem = NoEnd
			if !last.ended && !r.endsWithPartOfEnd(data) {
				c.Problem = Cut
			}
			break
		}
		if err != nil {
			return nil, err
		}
		text := r.plain(p.raw)
		if !p.mid && isMark(text, "BEGIN") {
			if !agent {
				c.Problem = NoEnd
				break
			}
			depth++
		}
		agent = agent && isBlank(text) || !p.mid && isAgent(text)
		if len(data)+len(text) <= MaxCard {
			data = append(data, text...)
		} else {
			c.Problem = TooLong
			data = data[:min(len(data), 1<<10)]
		}
		r.step(p)
		last = p
		if !p.mid && isMark(text, "END") {
			if depth == 0 {
				break
			}
			depth--
		}
	}
	c.End = r.At()
	c.parse(data)
	return c, nil
}

// endsWithPartOfEnd reports whether only the END line was cut.
func (r *Reader) endsWithPartOfEnd(data []byte) bool {
	line := bytes.ToUpper(bytes.TrimSpace(data[bytes.LastIndexAny(data, "\r\n")+1:]))
	return bytes.HasPrefix([]byte("END:VCARD"), line)
}

// isMark reports whether a line is BEGIN:VCARD or END:VCARD, in any case, with blanks, and behind a
// byte order mark, as files that were joined have them.
func isMark(line []byte, word string) bool {
	if len(line) > 64 {
		return false
	}
	line = bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF"))
	if len(line) == 0 || word == "END" && (line[0] == ' ' || line[0] == '\t') {
		return false // a folded line
	}
	line = bytes.TrimSpace(line)
	if len(line) < len(word) || !bytes.EqualFold(line[:len(word)], []byte(word)) {
		return false
	}
	line = bytes.TrimLeft(line[len(word):], " \t")
	return len(line) > 1 && line[0] == ':' && bytes.EqualFold(bytes.TrimLeft(line[1:], " \t"), []byte("VCARD"))
}

func isBlank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

// isAgent reports whether a line says that another card follows within this one.
func isAgent(line []byte) bool {
	line = bytes.TrimSpace(line)
	if len(line) < 6 || line[len(line)-1] != ':' {
		return false
	}
	if dot := bytes.IndexByte(line, '.'); dot >= 0 {
		line = line[dot+1:]
	}
	return len(line) >= 6 && bytes.EqualFold(line[:5], []byte("AGENT")) && (line[5] == ':' || line[5] == ';')
}

// Parse reads cards from text that is UTF-8 or has its charsets declared.
func Parse(data []byte) []*Card {
	src := bytes.NewReader(data)
	shape, err := Sniff(src)
	if err != nil {
		return nil // memory can be read
	}
	return all(src, shape)
}

// ParseText reads cards from text that is UTF-8 for certain, such as what stood in an XML document.
func ParseText(text string) []*Card {
	return all(strings.NewReader(text), Shape{Encoding: Decoded, Start: Pos{Line: 1}})
}

func all(src Source, shape Shape) []*Card {
	var cards []*Card
	for r := NewReader(src, shape, shape.Start); ; {
		c, err := r.Next()
		if err != nil {
			return cards
		}
		cards = append(cards, c)
	}
}
