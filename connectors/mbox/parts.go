package mbox

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
)

// part is one file: an mbox, or a single message.
type part struct {
	path   string
	name   string // as people are shown it, within the source
	folder string // the mail folder that it is or lies in
	place  mail.Place
	single bool
	draft  bool // by a maildir's flags
	gone   bool // likewise: in the trash
	size   int64
}

// Bounds of a folder: how deep, and how many files.
const (
	maxDepth = 12
	maxParts = 4_000_000
)

// enough is how far into a file it is looked for mail.
const enough = 64 << 10

// parts finds what is to be read, and what of it is left out.
func (c *connection) parts(ctx context.Context) ([]part, []left, error) {
	if c.env.List != nil {
		top := c.path
		if bare := strings.TrimRight(top, `/\`); bare != "" {
			top = bare
		}
		if names, err := c.env.List(top); err == nil {
			w := &walk{c: c, ctx: ctx}
			if err := w.folder(top, "", names, 0); err != nil {
				return nil, nil, err
			}
			if len(w.parts) == 0 && len(w.left) == 0 {
				return nil, nil, invalid("%s holds no mail: no mbox file, no maildir and no file that ends in .eml", c.path)
			}
			return w.parts, w.left, nil
		}
	}
	p := part{path: c.path, name: base(c.path)}
	kind, err := c.sniff(ctx, c.path)
	if err != nil {
		return nil, nil, err
	}
	switch kind {
	case isEmpty:
		return nil, nil, invalid("%s is empty", p.name)
	case isNothing:
		return nil, nil, invalid("%s holds no mail", p.name)
	case isLetter:
		p.single = true
	default:
		p.folder = folderName(p.name)
	}
	if c.folder != "" {
		p.folder = c.folder
	}
	if p.place = mail.PlaceOf(p.folder); c.skip[p.place] && c.folder == "" {
		p.place = "" // a file that was named is read
	}
	return []part{p}, nil, nil
}

// folderName is what a file's name says of the folder that it holds: "Sent.mbox".
func folderName(file string) string {
	low := strings.ToLower(file)
	for _, ending := range []string{".mbox", ".mbx", ".sbd", ".eml", ".txt"} {
		if strings.HasSuffix(low, ending) && len(low) > len(ending) {
			return file[:len(file)-len(ending)]
		}
	}
	return file
}

// walk goes through a folder.
type walk struct {
	c     *connection
	ctx   context.Context
	parts []part
	left  []left
}

func (w *walk) folder(path, rel string, names []string, depth int) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	folders := w.folders(path)
	if slices.Contains(folders, "cur") || slices.Contains(folders, "new") {
		if err := w.maildir(path, rel, folders); err != nil {
			return err
		}
	}
	for _, n := range names {
		if len(w.parts) >= maxParts {
			return invalid("%s holds more than %d files; import its folders one by one", w.c.path, maxParts)
		}
		if err := w.file(path, rel, n); err != nil {
			return err
		}
	}
	if depth == maxDepth {
		return nil
	}
	for _, f := range folders {
		if f == "cur" || f == "new" || f == "tmp" {
			continue
		}
		in := path + "/" + f
		name := folderName(f)
		if strings.HasPrefix(f, ".") { // a maildir's: ".Archive.2024"
			if sub := w.folders(in); !slices.Contains(sub, "cur") && !slices.Contains(sub, "new") {
				continue
			}
			name = strings.ReplaceAll(f[1:], ".", "/")
		}
		sub := join(rel, name)
		if p := mail.PlaceOf(name); w.c.skip[p] && depth >= 0 {
			w.left = append(w.left, left{name: sub, place: p})
			continue
		}
		inside, err := w.c.env.List(in)
		if err != nil {
			return unreadable(in, err)
		}
		if err := w.folder(in, sub, inside, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func join(rel, name string) string {
	if rel == "" {
		return name
	}
	return rel + "/" + name
}

func (w *walk) folders(path string) []string {
	if w.c.env.Folders != nil {
		names, err := w.c.env.Folders(path)
		if err != nil {
			return nil
		}
		return names
	}
	var names []string
	for _, n := range []string{"cur", "new"} {
		if _, err := w.c.env.List(path + "/" + n); err == nil {
			names = append(names, n)
		}
	}
	return names
}

// top is the folder that messages at the top of the source lie in.
func (w *walk) top(otherwise string) string {
	if w.c.folder != "" {
		return w.c.folder
	}
	if name := folderName(strings.TrimPrefix(base(w.c.path), ".")); mail.PlaceOf(name) != "" {
		return name
	}
	return otherwise
}

func (w *walk) maildir(path, rel string, folders []string) error {
	folder := rel
	if rel == "" {
		folder = w.top("INBOX")
	}
	for _, sub := range []string{"cur", "new"} {
		if !slices.Contains(folders, sub) {
			continue
		}
		names, err := w.c.env.List(path + "/" + sub)
		if err != nil {
			return unreadable(path, err)
		}
		for _, n := range names {
			unique, flags := n, ""
			for _, sep := range []string{":2,", ";2,", "!2,", "_2,"} {
				if i := strings.LastIndex(n, sep); i > 0 {
					unique, flags = n[:i], n[i+len(sep):]
					break
				}
			}
			w.parts = append(w.parts, part{path: path + "/" + sub + "/" + n, name: join(folder, unique), folder: folder, place: mail.PlaceOf(folder), single: true,
				draft: strings.Contains(flags, "D"), gone: strings.Contains(flags, "T")})
		}
	}
	return nil
}

func (w *walk) file(path, rel, name string) error {
	in := path + "/" + name
	ending := ""
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		ending = strings.ToLower(name[i+1:])
	}
	if ending == "msf" || ending == "dat" || ending == "json" || ending == "html" || ending == "vcf" || ending == "csv" {
		return nil
	}
	kind, err := w.c.sniff(w.ctx, in)
	if err != nil {
		return err
	}
	p := part{path: in, name: join(rel, name), folder: rel, single: true}
	switch {
	case ending == "eml" && kind != isEmpty && kind != isMbox: // also one that cannot be read: it is told
		if rel == "" {
			p.folder = w.top("")
		}
	case kind == isMbox:
		p.single = false
		if own := folderName(name); own != "mbox" || rel == "" { // Apple's "Sent.mbox/mbox"
			p.folder = join(rel, own)
		}
		if rel == "" && w.c.folder != "" {
			p.folder = w.c.folder
		}
		if rel == "" && name == "mbox" {
			p.folder = w.top("")
		}
	default:
		return nil
	}
	p.place = mail.PlaceOf(p.folder)
	if w.c.skip[p.place] && (rel != "" || !p.single) {
		w.left = append(w.left, left{name: p.folder, place: p.place})
		return nil
	}
	w.parts = append(w.parts, p)
	return nil
}

// What a file can be.
type content int

const (
	isNothing content = iota
	isEmpty
	isMbox
	isLetter
)

// sniff looks at the beginning of a file.
func (c *connection) sniff(ctx context.Context, path string) (content, error) {
	f, err := c.env.OpenFile(ctx, path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	head := make([]byte, min(f.Size(), enough))
	if n, err := f.ReadAt(head, 0); err != nil && err != io.EOF || n < len(head) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, unreadable(base(path), err)
	}
	return contentOf(head), nil
}

func contentOf(head []byte) content {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), "\r\n")
	if len(bytes.TrimSpace(head)) == 0 {
		return isEmpty
	}
	first, next := twoLines(head)
	if separates(first, next, true) {
		return isMbox
	}
	h, _ := mail.ReadHeader(head)
	if name, _, ok := bytes.Cut(first, []byte(":")); ok && h.IsMail() && !bytes.ContainsAny(name, " ,;\t\"") && bytes.IndexByte(head, 0) < 0 {
		return isLetter
	}
	return isNothing
}

var _ connectors.Describer = (*connection)(nil)
