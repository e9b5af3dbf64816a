// Package vcard reads address books: a file of vCards as phones and mail programs export them, or a
// folder of such files. A card becomes a contact.
//
// A card is known by its UID, else by its first e-mail address, else by its content. Cards of groups
// are no people: their names become tags of their members. Nothing is written, nothing but Env.Open
// and Env.List is used, and the clock is never read. Cards that are absent from a later file are no
// deletions.
package vcard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/vcard"
)

// layout is the only one there is.
const layout = "vcard"

// endings of the files of a folder that are read.
var endings = []string{"vcf", "vcard"}

// Spec declares the connector.
func Spec() connectors.Spec {
	return connectors.Spec{
		Name:    "vcard",
		Summary: "address books exported from phones and mail programs: a file of vCards (.vcf), or a folder of them",
		Endings: endings,
		Folders: true,
		Options: []connectors.Option{{Name: "path", Help: "the file, or the folder with the files", Required: true}},
		Fields: map[connectors.Kind][]connectors.FieldSpec{connectors.Contact: readable(
			connectors.FieldName, connectors.FieldPrefix, connectors.FieldGiven, connectors.FieldMiddle, connectors.FieldFamily, connectors.FieldSuffix,
			connectors.FieldNickname, connectors.FieldPhonetic, connectors.FieldEmail, connectors.FieldPhone, connectors.FieldHandle, connectors.FieldURL,
			connectors.FieldCompany, connectors.FieldTitle, connectors.FieldDepartment, connectors.FieldAddress, connectors.FieldBirthday,
			connectors.FieldGender, connectors.FieldLanguage, connectors.FieldNote, connectors.FieldTag, connectors.CustomPrefix)},
		Open: open,
	}
}

func readable(fields ...string) []connectors.FieldSpec {
	var specs []connectors.FieldSpec
	for _, f := range fields {
		specs = append(specs, connectors.FieldSpec{Field: f, Read: true})
	}
	return specs
}

func invalid(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Invalid, Text: fmt.Sprintf(format, args...)}
}

// unreadable says that a source broke off; that somebody gave up is no fault of it.
func unreadable(file string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &connectors.Error{Class: connectors.Transient, Text: file + " could not be read to its end; check the disk or the share that it is on and try again", Cause: err}
}

// connection is one file or folder.
type connection struct {
	path string
	env  connectors.Env

	mu     sync.Mutex
	loaded *loaded
}

// loaded is what is known of the source once it was looked at.
type loaded struct {
	parts []part
	mark  string // tells this state of the source from any other
	index *index
}

// part is one file.
type part struct {
	path, name string
	size       int64
	head       uint32 // of its first bytes and its last
	shape      vcard.Shape
}

func open(_ context.Context, options map[string]string, env connectors.Env) (connectors.Connector, error) {
	if options["path"] == "" {
		return nil, invalid("name the file: the option path is missing")
	}
	return &connection{path: options["path"], env: env}, nil
}

func base(name string) string { return path.Base(strings.ReplaceAll(name, `\`, "/")) }

// files names what is to be read.
func (c *connection) files() ([]part, error) {
	if c.env.List != nil {
		if names, err := c.env.List(c.path); err == nil {
			var parts []part
			for _, n := range names {
				if i := strings.LastIndexByte(n, '.'); i >= 0 && slices.Contains(endings, strings.ToLower(n[i+1:])) {
					parts = append(parts, part{path: strings.TrimRight(c.path, `/\`) + "/" + n, name: n})
				}
			}
			if len(parts) == 0 {
				return nil, invalid("%s holds no files that end in .vcf", c.path)
			}
			return parts, nil
		}
	}
	return []part{{path: c.path, name: base(c.path)}}, nil
}

// load looks at the source: which files, how they are written, which cards belong together. The
// first pass over all cards is made once for each state of the source.
func (c *connection) load(ctx context.Context) (*loaded, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	parts, err := c.files()
	if err != nil {
		return nil, err
	}
	sum := crc32.NewIEEE()
	var size int64
	for i := range parts {
		if err := c.fingerprint(ctx, &parts[i], len(parts) == 1 && c.loaded == nil); err != nil {
			return nil, err
		}
		size += parts[i].size
		_, _ = fmt.Fprintf(sum, "%s %x %x\n", parts[i].name, parts[i].size, parts[i].head) // a sum takes everything
	}
	mark := fmt.Sprintf("%x-%08x", size, sum.Sum32())
	if c.loaded == nil || c.loaded.mark != mark {
		l := &loaded{parts: parts, mark: mark}
		if l.index, err = buildIndex(ctx, l.parts, c.env.OpenFile); err != nil {
			return nil, err
		}
		if l.index.rows == 0 {
			return nil, invalid("%s holds no vCard", base(c.path))
		}
		c.loaded = l
	}
	return c.loaded, nil
}

// enough is how far into a file the first card is looked for.
const enough = 256 << 10

// fingerprint looks at both ends of a file. Of a file that was named it makes sure that it holds
// cards at all, before anything longer is done with it.
func (c *connection) fingerprint(ctx context.Context, p *part, named bool) error {
	f, err := c.env.OpenFile(ctx, p.path)
	if err != nil {
		return err
	}
	defer f.Close()
	p.size = f.Size()
	head := make([]byte, min(p.size, enough))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return unreadable(p.name, err)
	}
	if named && !holdsCard(head) {
		if len(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")))) == 0 {
			return invalid("%s is empty", p.name)
		}
		return invalid("%s holds no vCard", p.name)
	}
	p.head = crc32.ChecksumIEEE(head[:min(len(head), 16<<10)])
	if p.size > int64(len(head)) {
		tail := make([]byte, 4<<10)
		n, err := f.ReadAt(tail, p.size-int64(len(tail)))
		if err != nil && err != io.EOF {
			return unreadable(p.name, err)
		}
		p.head = crc32.Update(p.head, crc32.IEEETable, tail[:n])
	}
	return nil
}

func holdsCard(head []byte) bool {
	src := bytes.NewReader(head)
	shape, err := vcard.Sniff(src)
	if err != nil {
		return false
	}
	_, err = vcard.NewReader(src, shape, shape.Start).Next()
	return err == nil
}

// Check opens the source and looks for a card.
func (c *connection) Check(ctx context.Context) error {
	parts, err := c.files()
	if err != nil {
		return err
	}
	for i := range parts {
		if err := c.fingerprint(ctx, &parts[i], len(parts) == 1); err != nil {
			return err
		}
	}
	return nil
}

// Describe tells which properties the cards have and what becomes of them. It reads all of them.
func (c *connection) Describe(ctx context.Context) (connectors.Description, error) {
	l, err := c.load(ctx)
	if err != nil {
		return connectors.Description{}, err
	}
	return connectors.Description{Layout: layout, Kind: connectors.Contact, Encoding: l.parts[0].shape.Encoding,
		Rows: l.index.rows, Columns: l.index.columns}, nil
}
