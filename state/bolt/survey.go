package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keptcrm/kept/state"
)

// A survey finds out what of a damaged file can be read: the leaves that can be reached, and below
// a page that cannot be read those that nothing leads to any more.

type survey struct {
	ctx   context.Context
	f     io.ReaderAt
	m     metaPage
	kinds map[string]*state.Kind // by the bucket of their documents or histories
	known map[string]bool        // buckets of indexes that are built anew

	found  []*finding
	trees  map[string][]leafAt // by bucket
	w      *walker
	free   pageSet
	listed bool // the free list could be read
}

// finding is a page that does not hold, and what came of it.
type finding struct {
	badPage
	kept    int  // values in the page itself that can be read
	whole   bool // and these are all
	adopted int  // leaves below it that were found without it
	lost    []state.Gap
	done    bool // nothing is lost
	code    string
}

// leafAt is where a leaf stands.
type leafAt struct {
	page   uint64
	inline []byte // the bucket's name, where the leaf stands inside another's
	doubt  bool   // each of its values is looked at before it is believed
	past   bool   // it may be a page of the past
}

func newSurvey(ctx context.Context, f io.ReaderAt, m metaPage, kinds []*state.Kind) *survey {
	s := &survey{ctx: ctx, f: f, m: m, kinds: map[string]*state.Kind{}, known: map[string]bool{}, trees: map[string][]leafAt{}}
	for _, k := range kinds {
		if k.History {
			s.kinds[histPrefix+k.Name] = k
			continue
		}
		s.kinds[docPrefix+k.Name] = k
		for _, x := range k.Indexes {
			s.known[idxPrefix+k.Name+"/"+x.Name] = true
			s.known[recentPrefix+k.Name+"/"+x.Name] = true
		}
	}
	return s
}

// run walks the file and looks for what has lost its parents.
func (s *survey) run() error {
	s.w = newWalker(s.ctx, s.f, s.m, func(b badPage) { s.add(b) })
	s.w.leaf = s.leaf
	before := len(s.found)
	if err := s.w.freelist(&s.free); err != nil {
		return err
	}
	s.listed = len(s.found) == before
	s.w.meta()
	if err := s.w.tree(s.m.root, nil, nil, 0); err != nil {
		return err
	}
	s.w.place = badPage{}
	for id := uint64(2); id < s.m.pages; id++ {
		if s.w.used.has(id) && s.free.has(id) {
			s.add(badPage{page: id, detail: "page is in use and in the free list"})
		}
	}
	return s.orphans()
}

func (s *survey) add(b badPage) *finding {
	b.low, b.high = cloneKey(b.low), cloneKey(b.high)
	n := &finding{badPage: b, code: b.damage().Code}
	s.found = append(s.found, n)
	return n
}

// cloneKey keeps nil nil: it means open.
func cloneKey(b []byte) []byte {
	if b == nil {
		return nil
	}
	return bytes.Clone(b)
}

// leaf keeps where a leaf stands. It hears of the leaf right after what is bad in it.
func (s *survey) leaf(id uint64, inline []byte, l leaf) {
	at := leafAt{page: id, inline: inline, doubt: l.bad != ""}
	if s.w.bucket == "" {
		return // the list of buckets: what stands in it is walked
	}
	if l.bad == "" {
		for i, v := range l.values {
			s.value(s.w.bucket, id, l.keys[i], v)
		}
	} else if n := s.found[len(s.found)-1]; n.page == id {
		if n.kept = len(s.believed(s.w.bucket, l)); n.kept == 0 {
			return
		}
		n.whole = n.kept == l.declared
	}
	s.trees[s.w.bucket] = append(s.trees[s.w.bucket], at)
}

// value tells of a stored value that cannot be read.
func (s *survey) value(bucket string, page uint64, key, value []byte) {
	k := s.kinds[bucket]
	if k == nil {
		return
	}
	if err := readable(k, key, value); state.IsCode(err, "damaged_value") {
		n := s.add(badPage{page: page, bucket: bucket, detail: fmt.Sprintf("page %d: %v", page, state.AsError(err).Cause)})
		n.code, n.lost = "value", []state.Gap{{Collection: k.Name, From: bytes.Clone(key), To: bytes.Clone(key), Surely: true}}
	}
}

// readable says whether an entry of a bucket can be read.
func readable(k *state.Kind, key, value []byte) error {
	if _, _, ok := splitHistory(key); k.History && !ok {
		return &state.Error{Class: state.Failed, Code: "damaged_value", Args: state.Args{"collection": k.Name}, Cause: errHead}
	}
	_, _, _, err := decodeValue(k, value)
	return err
}

// fits says whether a key and a value can be an entry of a bucket; sure where that is hardly chance.
func (s *survey) fits(bucket string, key, value []byte) (fits, sure bool) {
	if k := s.kinds[bucket]; k != nil {
		if readable(k, key, value) != nil {
			return false, false
		}
		v, _, schema, err := decodeValue(k, value)
		if err != nil || !k.History && !bytes.Equal(k.Key(v), key) {
			return false, false
		}
		if schema == k.Schema { // what another kind has in its fields would be left out
			if _, _, payload, _ := unpackValue(value); !sameForm(k, v, payload) {
				return false, false
			}
		}
		return true, true
	}
	switch {
	case strings.HasPrefix(bucket, idxPrefix), strings.HasPrefix(bucket, recentPrefix):
		_, _, ok := splitEntry(key)
		return ok && len(value) == 0, true
	case bucket == seqBucket:
		return len(value) == 8 && printable(key), false
	case bucket == metaBucket:
		return (string(key) == metaFormat || string(key) == metaNonce || strings.HasPrefix(string(key), metaKind)) && printable(value), true
	}
	return printable(key), false
}

func sameForm(k *state.Kind, v any, payload []byte) bool {
	b, err := k.Encode(v)
	return err == nil && bytes.Equal(b, payload)
}

func printable(b []byte) bool {
	return len(b) > 0 && utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool { return unicode.IsControl(r) })
}

// believed gives the entries of a doubtful leaf that can be believed: those that fit the bucket and
// of them the longest run in order.
func (s *survey) believed(bucket string, l leaf) []int {
	var fit []int
	for i, key := range l.keys {
		if ok, _ := s.fits(bucket, key, l.values[i]); ok {
			fit = append(fit, i)
		}
	}
	// Longest increasing subsequence, with the best predecessor of each.
	length, from := make([]int, len(fit)), make([]int, len(fit))
	best := -1
	for i := range fit {
		length[i], from[i] = 1, -1
		for j := range i {
			if length[j] >= length[i] && bytes.Compare(l.keys[fit[j]], l.keys[fit[i]]) < 0 {
				length[i], from[i] = length[j]+1, j
			}
		}
		if best < 0 || length[i] > length[best] {
			best = i
		}
	}
	var out []int
	for i := best; i >= 0; i = from[i] {
		out = append(out, fit[i])
	}
	slices.Reverse(out)
	return out
}

// orphan is a page that looks whole and that nothing leads to.
type orphan struct {
	id     uint64
	parent uint64
	over   uint64 // further pages that it takes
	parsed
}

// orphans finds the bucket of pages that nothing leads to. What was freed and written over is not
// among them as long as the free list can be read; where it cannot be, pages of the past may be: the
// newer of two versions of a document is kept, and of each one from there it is told.
func (s *survey) orphans() error {
	hidden := slices.ContainsFunc(s.found, func(n *finding) bool { return n.hides })
	all, rest, err := s.loose()
	if err != nil {
		return err
	}
	if !hidden {
		if s.listed {
			for _, id := range slices.Sorted(maps.Keys(rest)) {
				s.add(badPage{page: id, detail: "page is neither in use nor in the free list"})
			}
		}
		s.judge(nil)
		return nil
	}
	// First the list of buckets: with a part of it whole trees have their parents again.
	if s.listed {
		again := false
		for _, id := range slices.Sorted(maps.Keys(all)) {
			o := all[id]
			if o.branch || len(o.marks) == 0 || slices.ContainsFunc(o.marks, func(m uint64) bool { return m&leafBucket == 0 }) {
				continue
			}
			again = true
			if err := s.w.tree(id, nil, nil, 0); err != nil {
				return err
			}
			for _, n := range s.found {
				if n.bucket == "" && n.hides {
					n.adopted++
				}
			}
		}
		if again {
			if all, rest, err = s.loose(); err != nil {
				return err
			}
		}
	}
	for _, o := range all {
		if o.branch {
			for _, c := range o.marks {
				if x := all[c]; x != nil {
					x.parent = o.id
				}
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if all[id].parent != 0 {
			continue
		}
		var leaves []*orphan
		seen := map[uint64]bool{}
		gather(all, id, seen, &leaves)
		if s.adopt(leaves, rest) {
			maps.DeleteFunc(rest, func(n uint64, _ bool) bool { return seen[n] })
		}
	}
	s.judge(rest)
	return nil
}

// gather collects the leaves below a page, in order.
func gather(all map[uint64]*orphan, id uint64, seen map[uint64]bool, out *[]*orphan) {
	o := all[id]
	if o == nil || seen[id] {
		return
	}
	for n := id; n <= id+o.over; n++ {
		seen[n] = true
	}
	if !o.branch {
		*out = append(*out, o)
		return
	}
	for _, c := range o.marks {
		gather(all, c, seen, out)
	}
}

// loose gives the pages that are neither in use nor free and look whole; rest has those and all others.
func (s *survey) loose() (all map[uint64]*orphan, rest map[uint64]bool, err error) {
	all, rest = map[uint64]*orphan{}, map[uint64]bool{}
	bad := map[uint64]bool{}
	for _, n := range s.found {
		bad[n.page] = true
	}
	head := make([]byte, headSize)
	for id := uint64(2); id < s.m.pages; id++ {
		if s.w.used.has(id) || s.free.has(id) {
			continue
		}
		if id%64 == 0 && s.ctx.Err() != nil {
			return nil, nil, s.ctx.Err()
		}
		if !bad[id] {
			rest[id] = true
		}
		if _, err := s.f.ReadAt(head, int64(id)*s.m.pageSize); err != nil || binary.NativeEndian.Uint64(head) != id {
			continue
		}
		over := uint64(binary.NativeEndian.Uint32(head[12:]))
		if id+over >= s.m.pages {
			continue
		}
		b := make([]byte, int64(over+1)*s.m.pageSize)
		if _, err := s.f.ReadAt(b, int64(id)*s.m.pageSize); err != nil {
			continue
		}
		p := parse(b, nil, nil, false)
		if p.bad != "" || len(p.keys) == 0 {
			continue
		}
		all[id] = &orphan{id: id, over: over, parsed: p}
		for n := id + 1; n <= id+over; n++ {
			rest[n] = true
		}
		id += over
	}
	return all, rest, nil
}

// adopt gives a tree without parents to the bucket whose entries its entries can be, if there is one.
func (s *survey) adopt(leaves []*orphan, rest map[uint64]bool) bool {
	if len(leaves) == 0 {
		return false
	}
	var sure, maybe []string
	for _, bucket := range s.wanting() {
		fits, certain := true, true
		for _, o := range leaves {
			for i, key := range o.keys {
				ok, c := s.fits(bucket, key, o.values[i])
				fits, certain = fits && ok && o.marks[i] == 0, certain && c
				if !fits {
					break
				}
			}
		}
		switch {
		case fits && certain:
			sure = append(sure, bucket)
		case fits:
			maybe = append(maybe, bucket)
		}
	}
	// Index entries of one index look like those of another: they are built anew, so any will do.
	sure = slices.DeleteFunc(sure, func(b string) bool { return s.known[b] && b != sure[0] })
	if len(sure) == 0 {
		sure = maybe
	}
	if len(sure) != 1 {
		return false // judged with the rest
	}
	bucket := sure[0]
	first, last := leaves[0].keys[0], leaves[len(leaves)-1].keys[len(leaves[len(leaves)-1].keys)-1]
	for _, n := range s.found {
		if n.hides && n.bucket == bucket && inside(first, n.low, n.high) && inside(last, n.low, n.high) {
			n.adopted += len(leaves)
		}
	}
	for _, o := range leaves {
		s.trees[bucket] = append(s.trees[bucket], leafAt{page: o.id, doubt: true, past: !s.listed})
		for n := o.id; n <= o.id+o.over; n++ {
			delete(rest, n)
			s.w.used.add(n)
		}
	}
	return true
}

func inside(key, low, high []byte) bool {
	return (low == nil || bytes.Compare(key, low) >= 0) && (high == nil || bytes.Compare(key, high) < 0)
}

// wanting gives the buckets that miss a part: those with a bad page, and where the list of buckets
// is damaged those that are not in it.
func (s *survey) wanting() []string {
	out := map[string]bool{}
	for _, n := range s.found {
		switch {
		case n.hides && n.bucket != "":
			out[n.bucket] = true
		case n.hides:
			for _, name := range s.missing() {
				out[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// missing gives the buckets of which nothing was found.
func (s *survey) missing() []string {
	names := slices.Concat(slices.Collect(maps.Keys(s.kinds)), slices.Collect(maps.Keys(s.known)), []string{metaBucket, blobBucket, seqBucket})
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool { return len(s.trees[name]) > 0 })
}

// judge decides for each bad page whether anything is lost with it. rest are the pages that nobody
// knows anything about.
func (s *survey) judge(rest map[uint64]bool) {
	unknown := 0
	for id := range rest {
		if !s.w.used.has(id) && id >= 2 {
			unknown++
		}
	}
	for _, n := range s.found {
		switch {
		case n.code != "page":
			n.done = n.code == "head" || n.code == "file_short" // what is lost by that is said of the pages
		case !n.hides, s.known[n.bucket], n.whole:
			n.done = true
		case n.adopted > 0 && unknown == 0 && s.listed:
			n.done = true
		}
	}
}
