package match

import (
	"strings"
	"unsafe"
)

// intern gives each distinct text of a column a number from 1; 0 is no text.
type intern struct {
	table []uint32
	hash  []uint32
	text  []string
	block []byte
}

func newIntern() *intern {
	return &intern{table: make([]uint32, 64), hash: make([]uint32, 1, 32), text: make([]string, 1, 32)}
}

// internBlock is how much text is kept in one piece of memory.
const internBlock = 1 << 16

// code gives the number of s, which is copied where it is new.
func (t *intern) code(s string) uint32 {
	if s == "" {
		return 0
	}
	h := uint32(hash64(7, s))
	mask := uint32(len(t.table) - 1)
	i := h & mask
	for {
		c := t.table[i]
		if c == 0 {
			break
		}
		if t.hash[c] == h && t.text[c] == s {
			return c
		}
		i = (i + 1) & mask
	}
	c := uint32(len(t.text))
	t.text = append(t.text, t.keep(s))
	t.hash = append(t.hash, h)
	t.table[i] = c
	if len(t.text)*3 > len(t.table)*2 {
		t.grow()
	}
	return c
}

// find gives the number of s, 0 where it has none. It only reads.
func (t *intern) find(s string) uint32 {
	if s == "" {
		return 0
	}
	h := uint32(hash64(7, s))
	mask := uint32(len(t.table) - 1)
	for i := h & mask; t.table[i] != 0; i = (i + 1) & mask {
		if c := t.table[i]; t.hash[c] == h && t.text[c] == s {
			return c
		}
	}
	return 0
}

// keep copies s into a larger piece, so that many small texts cost little.
func (t *intern) keep(s string) string {
	if len(s) > internBlock/4 {
		return strings.Clone(s)
	}
	if len(t.block)+len(s) > cap(t.block) {
		size := internBlock
		if len(t.text) < 256 {
			size = 1 << 11
		}
		t.block = make([]byte, 0, max(size, len(s)))
	}
	from := len(t.block)
	t.block = append(t.block, s...)
	return bytesString(t.block[from:])
}

func (t *intern) grow() {
	t.table = make([]uint32, len(t.table)*2)
	mask := uint32(len(t.table) - 1)
	for c := uint32(1); c < uint32(len(t.text)); c++ {
		i := t.hash[c] & mask
		for t.table[i] != 0 {
			i = (i + 1) & mask
		}
		t.table[i] = c
	}
}

// bytesString is the text of bytes that nobody writes to any more.
func bytesString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
