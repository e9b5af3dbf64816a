package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"strings"

	"github.com/keptcrm/kept/state"
)

// This file reads bbolt's pages without a memory map. Through a map a file that is too short, or a
// page that says nonsense, is a fault that ends the process; here it is an error.

const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2
	headSize    = 16 // of a page, and of each of its elements
	metaSize    = 64

	pageBranch   = 0x01
	pageLeaf     = 0x02
	pageFreelist = 0x10
	leafBucket   = 0x01
	noFreelist   = ^uint64(0)
)

// metaPage is what a meta page says.
type metaPage struct {
	pageSize                        int64
	root, freelist, pages, revision uint64
	alone                           bool // the other meta page is not whole
}

func (m metaPage) size() int64 { return int64(m.pages) * m.pageSize }

// readMetaPage reads the content of a meta page.
func readMetaPage(b []byte) (m metaPage, ours, whole bool) {
	if len(b) < headSize+4 || binary.NativeEndian.Uint32(b[headSize:]) != boltMagic {
		return m, false, false
	}
	if len(b) < headSize+metaSize {
		return m, true, false
	}
	b = b[headSize:]
	h := fnv.New64a()
	_, _ = h.Write(b[:56])
	m = metaPage{
		pageSize: int64(binary.NativeEndian.Uint32(b[8:])),
		root:     binary.NativeEndian.Uint64(b[16:]),
		freelist: binary.NativeEndian.Uint64(b[32:]),
		pages:    binary.NativeEndian.Uint64(b[40:]),
		revision: binary.NativeEndian.Uint64(b[48:]),
	}
	whole = binary.NativeEndian.Uint32(b[4:]) == boltVersion && binary.NativeEndian.Uint64(b[56:]) == h.Sum64() &&
		m.pageSize >= 512 && m.pageSize <= 1<<26 && m.pages < 1<<46
	return m, true, whole
}

// inspect reads the newer whole meta page and compares it with the file's size.
func inspect(f io.ReaderAt, size int64, path string) (metaPage, error) {
	var best metaPage
	var ours bool
	whole := 0
	look := func(at int64) {
		b := make([]byte, headSize+metaSize)
		n, _ := f.ReadAt(b, at)
		m, o, w := readMetaPage(b[:n])
		ours = ours || o
		if !w {
			return
		}
		if whole++; whole == 1 || m.revision > best.revision {
			best = m
		}
	}
	look(0)
	if whole > 0 {
		look(best.pageSize)
	} else {
		for shift := 9; shift <= 16; shift++ { // the second one's place is the page size
			look(1 << shift)
		}
	}
	switch {
	case size == 0:
		return best, fail(state.Failed, "state_truncated", path, nil) // Kept makes no empty file
	case !ours:
		return best, fail(state.Failed, "state_foreign", path, nil)
	case whole == 0 && size < 1<<13:
		return best, fail(state.Failed, "state_truncated", path, nil)
	case whole == 0:
		return best, fail(state.Failed, "state_headless", path, errors.New("neither meta page is whole"))
	case best.freelist == noFreelist:
		return best, fail(state.Failed, "state_foreign", path, errors.New("no free list: not written by Kept"))
	case size < best.size():
		return best, fail(state.Failed, "state_truncated", path,
			fmt.Errorf("%d bytes of %d", size, best.size()))
	}
	best.alone = whole == 1
	return best, nil
}

// openPages opens a file for this page reader alone.
func openPages(path string) (*os.File, metaPage, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, metaPage{}, err
	}
	m, err := inspectOpen(f, path)
	if err != nil {
		_ = f.Close()
		return nil, m, err
	}
	return f, m, nil
}

func inspectOpen(f *os.File, path string) (metaPage, error) {
	info, err := f.Stat()
	if err != nil {
		return metaPage{}, err
	}
	if !info.Mode().IsRegular() {
		return metaPage{}, fail(state.Failed, "state_foreign", path, nil)
	}
	return inspect(f, info.Size(), path)
}

// soundFile looks at what bbolt reads when it opens a file: meta pages, free list, the list of
// buckets and our own. bbolt would follow a page that leads to itself until the process ends.
func soundFile(path string) (metaPage, error) {
	f, m, err := openPages(path)
	if err != nil {
		return m, err
	}
	defer func() { _ = f.Close() }()
	for range 10 {
		var bad error
		w := newWalker(context.Background(), f, m, func(b badPage) {
			bad = fail(state.Failed, "state_damaged", path, fmt.Errorf("page %d: %s", b.page, b.detail))
		})
		w.shallow = true
		if err := errors.Join(w.freelist(new(pageSet)), w.tree(m.root, nil, nil, 0)); err != nil || bad == nil {
			return m, err
		}
		// Nobody has the lock yet: another process may have committed and used old pages again.
		now, err := inspectOpen(f, path)
		if err != nil {
			return m, err
		}
		if now.revision == m.revision {
			return m, bad
		}
		m = now
	}
	return m, nil // somebody writes all the time: the lock will tell
}

// CheckFile walks all pages of a file that need not be one that can be opened. It is
// [Store.CheckStorage]'s first part, for files that nobody has open.
func CheckFile(ctx context.Context, path string, report func(state.Damage)) error {
	f, m, err := openPages(path)
	if err != nil {
		return translate(path, err)
	}
	defer func() { _ = f.Close() }()
	return walkPages(ctx, f, m, pageDamage(report))
}

// badPage is a page that does not hold.
type badPage struct {
	page      uint64
	bucket    string // it belongs to; "" is the list of buckets, or none
	detail    string
	low, high []byte // what stands in the page, or under it, has keys in [low, high); nil is open
	hides     bool   // and cannot be reached
}

// pageDamage says of a page what it belongs to, and what it affects.
func pageDamage(report func(state.Damage)) func(badPage) {
	return func(b badPage) { report(b.damage()) }
}

func (b badPage) damage() state.Damage {
	d := state.Damage{Code: "page", Page: b.page, Detail: fmt.Sprintf("page %d: %s", b.page, b.detail)}
	if b.page < 2 {
		d.Code = "head"
	}
	d.Collection, d.Index = belongs(b.bucket)
	if b.hides && d.Index == "" && d.Collection != "" {
		d.Lost = []state.Gap{b.gap(d.Collection)}
	}
	return d
}

// belongs takes a bucket's name apart.
func belongs(bucket string) (collection, index string) {
	switch kind, name, ok := strings.Cut(bucket, "/"); {
	case !ok:
		return bucket, ""
	case kind+"/" == idxPrefix, kind+"/" == recentPrefix:
		collection, index, _ = strings.Cut(name, "/")
		return collection, index
	default:
		return name, ""
	}
}

// gap is everything that may have stood in the page.
func (b badPage) gap(collection string) state.Gap {
	return state.Gap{Collection: collection, From: bytes.Clone(b.low), To: before(b.high)}
}

// before is the last key that is lower than one, where that can be said of a number; of anything
// else it is the key itself.
func before(key []byte) []byte {
	if len(key) == 8 && state.KeyNumber(key) > 0 {
		return state.NumberKey(state.KeyNumber(key) - 1)
	}
	return bytes.Clone(key)
}

// walker goes through all pages that a meta page leads to.
type walker struct {
	ctx    context.Context
	f      io.ReaderAt
	m      metaPage
	used   pageSet
	tell   func(badPage)
	seen   int
	steps  *state.Steps
	bucket string  // walked now; "" is the list of buckets
	place  badPage // where in it: low, high, hides

	shallow bool                                   // of the buckets our own alone
	leaf    func(id uint64, inline []byte, l leaf) // sees every leaf; may be nil. inline is the name of a bucket inside another's leaf
}

// pageSet is a set of pages of a file: a bit each, 128 kB for those of 4 GB.
type pageSet []uint64

func (s pageSet) has(id uint64) bool { return id/64 < uint64(len(s)) && s[id/64]&(1<<(id%64)) != 0 }

func (s *pageSet) add(id uint64) {
	if n := int(id/64) + 1; n > len(*s) {
		*s = append(*s, make([]uint64, n-len(*s))...)
	}
	(*s)[id/64] |= 1 << (id % 64)
}

func newWalker(ctx context.Context, f io.ReaderAt, m metaPage, tell func(badPage)) *walker {
	w := &walker{ctx: ctx, f: f, m: m, tell: tell, steps: state.Begin(ctx, "page", int64(m.pages))}
	w.used.add(0)
	w.used.add(1)
	return w
}

func (w *walker) report(page uint64, detail string) {
	b := w.place
	b.page, b.bucket, b.detail = page, w.bucket, detail
	w.tell(b)
}

// walkPages checks that every page can be reached once, says what it is, keeps inside itself and
// has its keys in order, and that the free list has the others.
func walkPages(ctx context.Context, f io.ReaderAt, m metaPage, tell func(badPage)) error {
	w := newWalker(ctx, f, m, tell)
	var free pageSet
	if err := w.freelist(&free); err != nil {
		return err
	}
	w.meta()
	if err := w.tree(m.root, nil, nil, 0); err != nil {
		return err
	}
	w.place = badPage{}
	for id := uint64(2); id < m.pages; id++ {
		switch {
		case w.used.has(id) && free.has(id):
			w.report(id, "page is in use and in the free list")
		case !w.used.has(id) && !free.has(id):
			w.report(id, "page is neither in use nor in the free list")
		}
	}
	return nil
}

// meta tells of a meta page that is not whole.
func (w *walker) meta() {
	if w.m.alone {
		w.report(w.m.revision%2^1, "one of two meta pages is not whole: the last commit may be missing")
	}
}

// page reads a page with what overflows it and takes it as used; nil where it does not hold.
func (w *walker) page(id uint64) ([]byte, error) {
	if w.seen++; w.seen%64 == 0 && w.ctx.Err() != nil {
		return nil, w.ctx.Err()
	}
	if id < 2 || id >= w.m.pages {
		w.report(id, "page is outside of the file")
		return nil, nil
	}
	w.steps.Did(1)
	head := make([]byte, headSize)
	if _, err := w.f.ReadAt(head, int64(id)*w.m.pageSize); err != nil {
		w.report(id, "page cannot be read")
		return nil, nil
	}
	self, overflow := binary.NativeEndian.Uint64(head), uint64(binary.NativeEndian.Uint32(head[12:]))
	if self != id {
		detail := "page is written over"
		if self >= 2 && self < w.m.pages {
			detail = fmt.Sprintf("page says that it is page %d", self)
		}
		w.report(id, detail)
		return nil, nil
	}
	if id+overflow >= w.m.pages {
		w.report(id, "page is longer than the file")
		return nil, nil
	}
	for n := id; n <= id+overflow; n++ {
		if w.used.has(n) {
			w.report(n, "page is in use twice")
			return nil, nil
		}
		w.used.add(n)
	}
	b := make([]byte, int64(overflow+1)*w.m.pageSize)
	if _, err := w.f.ReadAt(b, int64(id)*w.m.pageSize); err != nil {
		w.report(id, "page cannot be read")
		return nil, nil
	}
	return b, nil
}

func (w *walker) freelist(free *pageSet) error {
	b, err := w.page(w.m.freelist)
	if b == nil || err != nil {
		return err
	}
	if binary.NativeEndian.Uint16(b[8:]) != pageFreelist {
		w.report(w.m.freelist, "page is no free list")
		return nil
	}
	n, at := uint64(binary.NativeEndian.Uint16(b[10:])), uint64(headSize)
	if n == 0xffff { // the number itself comes first
		n, at = binary.NativeEndian.Uint64(b[headSize:]), headSize+8
	}
	if n > (uint64(len(b))-at)/8 {
		w.report(w.m.freelist, "free list is longer than its page")
		return nil
	}
	for i := range n {
		id := binary.NativeEndian.Uint64(b[at+8*i:])
		if id < 2 || id >= w.m.pages || free.has(id) {
			w.report(w.m.freelist, fmt.Sprintf("free list has page %d twice or outside of the file", id))
			continue
		}
		free.add(id)
	}
	return nil
}

// tree walks one bucket's pages; keys lie in [low, high), nil is open.
func (w *walker) tree(id uint64, low, high []byte, depth int) error {
	w.place = badPage{low: low, high: high, hides: true}
	b, err := w.page(id)
	if b == nil || err != nil {
		return err
	}
	if depth > 64 {
		w.report(id, "tree is too deep")
		return nil
	}
	return w.elements(id, b, low, high, depth, nil)
}

// leaf is what stands in a leaf: all that could be read, and why that is not all or not sure.
type leaf struct {
	keys, values [][]byte
	bad          string
	declared     int // how many elements the page says to have
}

// parsed is a page taken apart.
type parsed struct {
	leaf
	branch bool
	marks  []uint64 // of a branch the children, of a leaf the flags
}

// parse takes a page apart. Where one does not hold, bad says why, and there is what could be read
// in spite of that.
func parse(b []byte, low, high []byte, inline bool) (p parsed) {
	flags, n := binary.NativeEndian.Uint16(b[8:]), int(binary.NativeEndian.Uint16(b[10:]))
	if flags != pageLeaf && (flags != pageBranch || inline) || headSize*(n+1) > len(b) || flags == pageBranch && n == 0 {
		p.bad = "page is neither branch nor leaf"
		return p
	}
	p.branch, p.declared = flags == pageBranch, n
	for i := range n {
		at := headSize * (i + 1)
		e := b[at : at+headSize]
		var mark, pos, ksize, vsize uint64
		if p.branch {
			pos, ksize = uint64(binary.NativeEndian.Uint32(e)), uint64(binary.NativeEndian.Uint32(e[4:]))
			mark = binary.NativeEndian.Uint64(e[8:])
		} else {
			mark = uint64(binary.NativeEndian.Uint32(e))
			pos, ksize, vsize = uint64(binary.NativeEndian.Uint32(e[4:])), uint64(binary.NativeEndian.Uint32(e[8:])), uint64(binary.NativeEndian.Uint32(e[12:]))
		}
		begin := uint64(at) + pos
		if begin+ksize+vsize > uint64(len(b)) {
			p.bad = "element reaches out of its page"
			continue
		}
		key := b[begin : begin+ksize]
		if k := len(p.keys); k > 0 && string(p.keys[k-1]) >= string(key) || low != nil && string(key) < string(low) ||
			high != nil && string(key) >= string(high) {
			p.bad = "keys are out of order"
		}
		p.keys, p.values, p.marks = append(p.keys, key), append(p.values, b[begin+ksize:begin+ksize+vsize]), append(p.marks, mark)
	}
	return p
}

func (w *walker) elements(id uint64, b, low, high []byte, depth int, inline []byte) error {
	w.place = badPage{low: low, high: high, hides: true}
	p := parse(b, low, high, inline != nil)
	if p.bad != "" {
		w.report(id, p.bad)
	}
	if !p.branch && w.leaf != nil {
		w.leaf(id, inline, p.leaf)
	}
	if p.bad != "" {
		return nil
	}
	for i, key := range p.keys {
		switch {
		case p.branch:
			next := high
			if i+1 < len(p.keys) {
				next = p.keys[i+1]
			}
			if err := w.tree(p.marks[i], key, next, depth+1); err != nil {
				return err
			}
		case p.marks[i]&leafBucket != 0:
			if err := w.nested(id, key, p.values[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// nested walks a bucket inside a leaf: its root page, or the page that the value itself holds.
func (w *walker) nested(id uint64, name, value []byte) error {
	outer := w.bucket
	w.bucket, w.place = string(name), badPage{hides: true}
	defer func() { w.bucket = outer }()
	if len(value) < headSize {
		w.report(id, "bucket has no head")
		return nil
	}
	if w.shallow && string(name) != metaBucket {
		return nil
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return w.tree(root, nil, nil, 0)
	}
	if len(value) < 2*headSize {
		w.report(id, "bucket has no page")
		return nil
	}
	return w.elements(id, value[headSize:], nil, nil, 0, bytes.Clone(name))
}
