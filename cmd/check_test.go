package cmd

import (
	"bytes"
	numbers "encoding/binary"
	"fmt"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/bbolt"

	"github.com/keptcrm/kept/state"
)

// spoil FILE BUCKET [NUMBER]: the leaf of a bucket in which a number stands, or the first one, is
// written over. BUCKET may be "heads" or "freelist".
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	size := os.Getpagesize()
	var pages []uint64
	switch args[1] {
	case "heads":
		for _, at := range []int{0, size} {
			b[at+16+20] ^= 0xff // of each head, so that its check sum is wrong
		}
	case "freelist":
		newer := 0
		if numbers.NativeEndian.Uint64(b[size+16+48:]) > numbers.NativeEndian.Uint64(b[16+48:]) {
			newer = size
		}
		pages = append(pages, numbers.NativeEndian.Uint64(b[newer+16+32:]))
	default:
		key := []byte{}
		if len(args) > 2 {
			n, err := strconv.ParseUint(args[2], 10, 64)
			ts.Check(err)
			key = state.NumberKey(n)
		}
		pages = append(pages, leafPage(ts, path, b, args[1], key))
	}
	for _, page := range pages {
		copy(b[int(page)*size:(int(page)+1)*size], bytes.Repeat([]byte{0xff}, size))
	}
	ts.Check(os.WriteFile(path, b, 0o600))
}

// many FILE N: an export of so many people.
func many(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	names := []string{"Jana Köhler", "李伟", "لطيفة الحداد", "Sukarno", "Conceição Nunes"}
	var b bytes.Buffer
	b.WriteString("id,name,email,phone,city\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,%s,p%d@example.com,+49 451 %06d,Lübeck\n", i+1, names[i%len(names)], i+1, 200000+i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

// leafPage goes down from a bucket's root.
func leafPage(ts *testscript.TestScript, path string, b []byte, bucket string, key []byte) uint64 {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	ts.Check(err)
	var id uint64
	ts.Check(db.View(func(tx *bbolt.Tx) error {
		id = uint64(tx.Bucket([]byte(bucket)).Root())
		return nil
	}))
	ts.Check(db.Close())
	if id == 0 {
		ts.Fatalf("%s is so small that it has no page of its own", bucket)
	}
	for {
		p := b[int(id)*os.Getpagesize():]
		if numbers.NativeEndian.Uint16(p[8:])&1 == 0 {
			return id
		}
		for i := range int(numbers.NativeEndian.Uint16(p[10:])) {
			e := p[16*(i+1):]
			at, n := numbers.NativeEndian.Uint32(e), numbers.NativeEndian.Uint32(e[4:])
			if i == 0 || bytes.Compare(e[at:at+n], key) <= 0 {
				id = numbers.NativeEndian.Uint64(e[8:])
			}
		}
	}
}
