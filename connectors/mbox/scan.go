package mbox

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors/format/mail"
)

// letter is one message as it stands in a file.
type letter struct {
	raw      []byte // header and body, "From " unquoted; at most [mail.MaxMessage]+1 bytes; until the next call of next
	from     string // the "From " line, at most 300 bytes
	start    int64  // in bytes, of the "From " line or the header
	line     int64  // of the same
	end      int64  // where the next one begins
	endLine  int64
	cutShort bool // the file ends in the middle of the header
}

// scanner reads the messages of one file one after the other. It holds one message at a time.
type scanner struct {
	src    io.ReaderAt
	size   int64
	single bool

	base int64 // of buf in the file
	buf  []byte
	r    int // what is read of buf
	line int64
	msg  []byte
}

// block is how much is read at once, and piece how long a part of an endless line is.
const (
	block = 256 << 10
	piece = 64 << 10
)

func newScanner(src io.ReaderAt, size int64, single bool, at, line int64) *scanner {
	return &scanner{src: src, size: size, single: single, base: at, line: line}
}

func (s *scanner) at() int64 { return s.base + int64(s.r) }

// fill makes sure of n bytes after r, or of all that there are.
func (s *scanner) fill(n int) error {
	for len(s.buf)-s.r < n {
		from := s.base + int64(len(s.buf))
		if from >= s.size {
			return nil
		}
		if s.r > 0 {
			s.base += int64(s.r)
			s.buf = s.buf[:copy(s.buf, s.buf[s.r:])]
			s.r = 0
		}
		have := len(s.buf)
		want := int(min(int64(max(block, n)-have), s.size-from))
		if cap(s.buf) < have+want {
			s.buf = append(make([]byte, 0, max(block, n)), s.buf...)
		}
		s.buf = s.buf[:have+want]
		got, err := s.src.ReadAt(s.buf[have:], from)
		s.buf = s.buf[:have+got]
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if got == 0 {
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}

// next line, with its end; whole is false where it is a piece of a line that goes on. It counts as
// read only with take.
func (s *scanner) peek() (line []byte, whole bool, err error) {
	if i := bytes.IndexByte(s.buf[s.r:], '\n'); i >= 0 && i < piece {
		return s.buf[s.r : s.r+i+1], true, nil
	}
	if err := s.fill(piece); err != nil {
		return nil, false, err
	}
	rest := s.buf[s.r:]
	if len(rest) > piece {
		rest = rest[:piece]
	}
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		return rest[:i+1], true, nil
	}
	return rest, len(rest) < piece, nil
}

func (s *scanner) take(line []byte) {
	s.r += len(line)
	if len(line) > 0 && line[len(line)-1] == '\n' {
		s.line++
	}
}

// separator says whether a message begins at the next line.
func (s *scanner) separator(afterBlank bool) (bool, error) {
	if len(s.buf)-s.r < 5 {
		if err := s.fill(5); err != nil {
			return false, err
		}
	}
	if !bytes.HasPrefix(s.buf[s.r:], []byte("From ")) {
		return false, nil
	}
	if err := s.fill(4 << 10); err != nil {
		return false, err
	}
	first, next := twoLines(s.buf[s.r:])
	return separates(first, next, afterBlank), nil
}

func twoLines(b []byte) (first, next []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return bytes.TrimRight(b, "\r"), nil
	}
	first, next = b[:i], b[i+1:]
	if j := bytes.IndexByte(next, '\n'); j >= 0 {
		next = next[:j]
	}
	return bytes.TrimRight(first, "\r"), bytes.TrimRight(next, "\r")
}

// dated is a "From " line that a program wrote: it ends with a time.
var dated = regexp.MustCompile(`^From .*\d{1,2}:\d{2}(:\d{2})?\b.*\b(19|20)\d{2}\b`)

// separates says whether a line "From …" begins a message, by the line after it and by whether an
// empty one stands before it. Not all programs quote such lines in bodies.
func separates(first, next []byte, afterBlank bool) bool {
	if !bytes.HasPrefix(first, []byte("From ")) || len(first) > 2000 {
		return false
	}
	field := mail.Looks(next) || bytes.HasPrefix(next, []byte(">From "))
	if afterBlank {
		return field || dated.Match(first)
	}
	return field && dated.Match(first)
}

// next gives the next message, or io.EOF.
func (s *scanner) next() (*letter, error) {
	s.msg = s.msg[:0]
	if s.single {
		return s.whole()
	}
	// Empty lines and whatever stands before the first message belong to none.
	for {
		line, _, err := s.peek()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			return nil, io.EOF
		}
		if len(bytes.Trim(line, "\r\n")) > 0 && !(s.at() == 0 && bytes.Equal(bytes.Trim(line, "\r\n"), []byte("\xEF\xBB\xBF"))) {
			break
		}
		s.take(line)
	}
	l := &letter{start: s.at(), line: s.line}
	if s.at() == 0 && bytes.HasPrefix(s.buf[s.r:], []byte("\xEF\xBB\xBF")) {
		s.r += 3
	}
	if from, err := s.separator(true); err != nil {
		return nil, err
	} else if from {
		line, whole, err := s.peek()
		if err != nil {
			return nil, err
		}
		l.from = string(line[:min(len(line), 300)])
		s.take(line)
		for !whole {
			if line, whole, err = s.peek(); err != nil {
				return nil, err
			}
			s.take(line)
		}
	}
	length, err := s.header(l)
	if err != nil {
		return nil, err
	}
	if err := s.body(length); err != nil {
		return nil, err
	}
	l.raw, l.end, l.endLine = s.msg, s.at(), s.line
	return l, nil
}

// whole gives a file that is one message.
func (s *scanner) whole() (*letter, error) {
	if s.at() >= s.size {
		return nil, io.EOF
	}
	l := &letter{start: s.at(), line: s.line}
	for {
		line, _, err := s.peek()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			break
		}
		s.keep(line)
		s.take(line)
	}
	s.msg = bytes.TrimLeft(s.msg, "\r\n")
	l.raw, l.end, l.endLine = s.msg, s.at(), s.line
	return l, nil
}

// keep adds to the message, up to a byte more than is read of one.
func (s *scanner) keep(line []byte) {
	if room := mail.MaxMessage + 1 - len(s.msg); room > 0 {
		s.msg = append(s.msg, line[:min(room, len(line))]...)
	}
}

// header reads up to the empty line. length is what Content-Length says, where it can be believed;
// else -1. Without a header there is no body.
func (s *scanner) header(l *letter) (length int64, err error) {
	length = -1
	begins := true
	for {
		line, whole, err := s.peek()
		if err != nil {
			return -1, err
		}
		if len(line) == 0 {
			l.cutShort = len(s.msg) > 0 && s.msg[len(s.msg)-1] != '\n'
			return -1, nil
		}
		if begins {
			if from, err := s.separator(false); err != nil || from {
				return -2, err
			}
			if line, whole, err = s.peek(); err != nil { // what separator read may have moved the buffer
				return -1, err
			}
			if len(bytes.TrimRight(line, "\r\n")) == 0 {
				s.keep(line)
				s.take(line)
				return s.believed(length)
			}
			if len(line) > 15 && line[14] == ':' && bytes.EqualFold(line[:14], []byte("content-length")) {
				if n, err := strconv.ParseInt(strings.TrimSpace(string(line[15:])), 10, 64); err == nil && n >= 0 {
					length = n
				}
			}
		}
		s.keep(line)
		s.take(line)
		begins = whole
	}
}

// believed gives a length back if a message begins, or the file ends, right behind it.
func (s *scanner) believed(length int64) (int64, error) {
	end := s.at() + length
	if length <= 0 || end > s.size {
		return -1, nil
	}
	if end == s.size {
		return length, nil
	}
	look := make([]byte, min(4<<10, s.size-end))
	if n, err := s.src.ReadAt(look, end); err != nil && !errors.Is(err, io.EOF) || n < len(look) {
		return -1, err
	}
	after := bytes.TrimLeft(look, "\r\n")
	if len(look)-len(after) > 4 || len(after) == 0 && int64(len(look)) < s.size-end {
		return -1, nil
	}
	first, next := twoLines(after)
	if len(after) == 0 || separates(first, next, true) && (len(after) < len(look) || s.endsLine(end)) {
		return length, nil
	}
	return -1, nil
}

func (s *scanner) endsLine(end int64) bool {
	var b [1]byte
	_, err := s.src.ReadAt(b[:], end-1)
	return err == nil && b[0] == '\n'
}

// body reads up to the next message.
func (s *scanner) body(length int64) error {
	switch {
	case length == -2: // the header ended at the next message
		return nil
	case length >= 0:
		return s.exactly(length)
	}
	blank, begins := true, true // a message may begin right after the header's empty line
	end := -1                   // of the message without the empty line that separates it
	for {
		if begins {
			if from, err := s.separator(blank); err != nil {
				return err
			} else if from {
				break
			}
		}
		line, whole, err := s.peek()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		if begins {
			blank = len(bytes.TrimRight(line, "\r\n")) == 0
			end = -1
			if blank {
				end = len(s.msg)
			}
			s.keep(unquote(line))
		} else {
			s.keep(line)
		}
		s.take(line)
		begins = whole
	}
	if end >= 0 {
		s.msg = s.msg[:end]
	}
	return nil
}

// unquote undoes what mbox writers do to lines that would begin a message: ">From " was "From ".
func unquote(line []byte) []byte {
	if line[0] != '>' {
		return line
	}
	i := 1
	for i < len(line) && line[i] == '>' {
		i++
	}
	if bytes.HasPrefix(line[i:], []byte("From ")) {
		return line[1:]
	}
	return line
}

// exactly reads a body of a known length. Programs that write lengths may or may not quote lines
// besides; those that do leave no line bare.
func (s *scanner) exactly(length int64) error {
	end, start := s.at()+length, len(s.msg)
	bare := false
	for s.at() < end {
		line, _, err := s.peek()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return io.ErrUnexpectedEOF
		}
		if over := s.at() + int64(len(line)) - end; over > 0 {
			line = line[:int64(len(line))-over]
		}
		bare = bare || bytes.HasPrefix(line, []byte("From "))
		s.keep(line)
		s.take(line)
	}
	if bare || !bytes.Contains(s.msg[start:], []byte(">From ")) {
		return nil
	}
	body := bytes.Clone(s.msg[start:])
	s.msg = s.msg[:start]
	for len(body) > 0 {
		line := body
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			line = body[:i+1]
		}
		body = body[len(line):]
		s.msg = append(s.msg, unquote(line)...)
	}
	return nil
}

// arrived is the time of the line "From jana@example.com Mon Jan  1 12:00:00 2024"; zero where there is
// none.
func (l *letter) arrived() time.Time {
	words := strings.Fields(l.from)
	for i := 1; i < len(words) && i < 5; i++ {
		if t, ok := mail.ParseDate(strings.Join(words[i:], " ")); ok {
			return t
		}
	}
	return time.Time{}
}
