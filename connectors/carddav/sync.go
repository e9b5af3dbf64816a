package carddav

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// answer is what a book said about changes since a token, in the order of paths.
type answer struct {
	from, token string
	part        bool // there are more changes, to be asked for with token
	entries     []entry
}

// entry is one card of an answer.
type entry struct {
	path   string
	etag   string
	data   *string // nil: not given
	gone   bool
	status int // what the server says instead of giving it; 0: nothing
}

// ask asks a book what changed since its token; without one, for all cards. What the server turns out
// not to have is noted in the state.
func (c *connection) ask(ctx context.Context, h *home, st *state) (*answer, error) {
	at := h.server.at(h.path(st.ID))
	for {
		if st.List {
			return c.listing(ctx, h, st)
		}
		ms, answered, a, err := h.server.ask(ctx, "REPORT", at, "0", syncCollection(st, c.sizes.page)) // Depth 0 as RFC 6578 section 3.2 has it
		if err == nil {
			return c.changes(ms, answered, st)
		}
		e, mine := err.(*connectors.Error)
		switch {
		case !mine || ctx.Err() != nil, e.Class == connectors.Auth, e.Class == connectors.RateLimited, e.Class == connectors.Transient && a.Status != http.StatusInternalServerError:
			return nil, err
		case errors.Is(err, rest.ErrTooLong) && !st.Bare:
			st.Bare = true
		case e.Class == connectors.CursorExpired && st.Token != "":
			return nil, err
		case a.Status == 0:
			return nil, err // no answer at all, or none that makes sense
		case preconditions(a.Body).has("number-of-matches-within-limits") || a.Status == http.StatusInsufficientStorage:
			if st.Whole {
				return nil, err
			}
			st.Whole = true
		case st.Token != "":
			// Servers say in many ways that they do not know a token (403, 409, 400, even 500). If the
			// book itself answers, it is that; and never that everything was deleted.
			if _, _, _, alive := h.server.ask(ctx, "PROPFIND", at, "0", propfindBooks); alive != nil {
				if isGone(a.Status) {
					return nil, failed(connectors.CursorExpired, "the address book %q is not there any more; the others are read anew", strings.Trim(st.ID, "/"))
				}
				return nil, err
			}
			return nil, failed(connectors.CursorExpired, "%s does not know any more what it told last; the address book %q is read anew", h.server.base.Hostname(), strings.Trim(st.ID, "/"))
		case isGone(a.Status):
			return nil, failed(connectors.NotFound, "the address book %q is not there any more", strings.Trim(st.ID, "/"))
		case a.Status == http.StatusInternalServerError && st.Bare && st.Whole:
			return nil, err
		case !st.Bare:
			st.Bare = true
		case !st.Whole:
			st.Whole = true
		default:
			st.List = true
		}
	}
}

func syncCollection(st *state, page int) string {
	var b strings.Builder
	b.WriteString(`<D:sync-collection xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:sync-token>` + escaped(st.Token) + `</D:sync-token><D:sync-level>1</D:sync-level>`)
	if !st.Whole {
		fmt.Fprintf(&b, `<D:limit><D:nresults>%d</D:nresults></D:limit>`, page)
	}
	b.WriteString(`<D:prop><D:getetag/>`)
	if !st.Bare {
		b.WriteString(`<C:address-data/>`)
	}
	b.WriteString(`</D:prop></D:sync-collection>`)
	return b.String()
}

// changes reads an answer to sync-collection.
func (c *connection) changes(ms multistatus, at *url.URL, st *state) (*answer, error) {
	out := &answer{from: st.Token, token: strings.TrimSpace(ms.Token)}
	self := strings.TrimSuffix(canonical(at), "/")
	for _, r := range ms.Responses {
		for _, href := range r.Hrefs {
			p, ok := path(at, href)
			if !ok {
				continue
			}
			status := code(r.Status)
			if strings.TrimSuffix(p, "/") == self {
				switch {
				case status == http.StatusInsufficientStorage:
					out.part = true
				case isGone(status):
					return nil, failed(connectors.CursorExpired, "the address book %q is not there any more; the others are read anew", strings.Trim(st.ID, "/"))
				}
				continue
			}
			if strings.HasSuffix(p, "/") || !strings.HasPrefix(p, self+"/") {
				continue // a collection within, or nothing of this book
			}
			x := r.found()
			e := entry{path: p, etag: x.ETag, data: x.Data}
			switch {
			case isGone(status):
				if e.gone = true; st.Token == "" {
					continue // some servers tell what was deleted before we came
				}
			case status == http.StatusForbidden && x.ETag == "":
				continue // RFC 6578 section 3.3: a thing that is not synchronised
			case status >= 400:
				e.status = status
			case x.ContentType != "" && !isCard(x.ContentType):
				continue
			}
			out.entries = append(out.entries, e)
		}
	}
	if out.token == "" || out.part && (out.token == st.Token || len(ms.Responses) < 2) {
		return nil, failed(connectors.Transient, "%s did not say where its answer ends; try again later", at.Hostname())
	}
	sorted(&out.entries)
	return out, nil
}

func isCard(contentType string) bool {
	t := strings.ToLower(contentType)
	return strings.Contains(t, "vcard") || strings.Contains(t, "directory")
}

// sorted puts entries into the order of their paths; of two about one card the last stands.
func sorted(list *[]entry) {
	l := *list
	slices.SortStableFunc(l, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	out := l[:0]
	for i := range l {
		if i+1 < len(l) && l[i+1].path == l[i].path {
			continue
		}
		out = append(out, l[i])
	}
	*list = out
}

const propfindCards = `<D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/><D:getetag/><D:getcontenttype/></D:prop></D:propfind>`
const propfindTag = `<D:propfind xmlns:D="DAV:"><D:prop><X:getctag xmlns:X="http://calendarserver.org/ns/"/></D:prop></D:propfind>`

// entries lists a book.
func (c *connection) entries(ctx context.Context, h *home, bookPath string) (list []entry, sum string, err error) {
	ms, answered, _, err := h.server.ask(ctx, "PROPFIND", h.server.at(bookPath), "1", propfindCards)
	if err != nil {
		return nil, "", err
	}
	if len(ms.Responses) == 0 {
		return nil, "", failed(connectors.Transient, "%s gave an empty answer where an address book should be", h.server.base.Hostname())
	}
	for _, r := range ms.Responses {
		x := r.found()
		if len(r.Hrefs) == 0 || x.Types.has("collection") || code(r.Status) >= 400 || x.ContentType != "" && !isCard(x.ContentType) {
			continue
		}
		if p, ok := path(answered, r.Hrefs[0]); ok && !strings.HasSuffix(p, "/") && p+"/" != bookPath {
			list = append(list, entry{path: p, etag: x.ETag})
		}
	}
	sorted(&list)
	hash := sha256.New()
	for _, e := range list {
		_, _ = fmt.Fprintf(hash, "%s\x00%s\n", e.path, e.etag) // a sum takes everything
	}
	return list, "h:" + hex.EncodeToString(hash.Sum(nil)[:16]), nil
}

// listing is for servers without sync-collection. Where nothing changed nothing is told; else the
// book has to be read anew, for nobody says what is gone.
func (c *connection) listing(ctx context.Context, h *home, st *state) (*answer, error) {
	at := h.path(st.ID)
	ms, _, _, err := h.server.ask(ctx, "PROPFIND", h.server.at(at), "0", propfindTag)
	if err != nil {
		return nil, err
	}
	tag := ""
	if len(ms.Responses) > 0 {
		if t := ms.Responses[0].found().CTag; t != "" {
			tag = "c:" + t
		}
	}
	changed := func() error {
		return failed(connectors.CursorExpired, "the address book %q changed, and %s cannot say what; it is read anew", strings.Trim(st.ID, "/"), h.server.base.Hostname())
	}
	if st.Token != "" && tag != "" {
		if tag != st.Token {
			return nil, changed()
		}
		return &answer{from: st.Token, token: tag}, nil
	}
	list, sum, err := c.entries(ctx, h, at)
	if err != nil {
		return nil, err
	}
	if st.Token != "" {
		if sum != st.Token {
			return nil, changed()
		}
		return &answer{from: st.Token, token: sum}, nil
	}
	return &answer{token: cmp.Or(tag, sum), entries: list}, nil
}

// chunk is how many cards one multiget asks for.
const chunk = 100

// multiget gives cards of one book by their paths. What is not there has gone set; what the server is
// silent about is not in the map.
func (c *connection) multiget(ctx context.Context, h *home, bookPath string, paths []string) (map[string]entry, error) {
	out := map[string]entry{}
	for len(paths) > 0 {
		n := min(chunk, len(paths))
		var err error
		for {
			if err = c.multigetOnce(ctx, h, bookPath, paths[:n], out); !errors.Is(err, rest.ErrTooLong) {
				break
			}
			if n == 1 {
				out[paths[0]] = entry{path: paths[0], status: http.StatusRequestEntityTooLarge}
				err = nil
				break
			}
			n /= 2
		}
		if err != nil {
			return nil, err
		}
		paths = paths[n:]
	}
	return out, nil
}

func (c *connection) multigetOnce(ctx context.Context, h *home, bookPath string, paths []string, out map[string]entry) error {
	var b strings.Builder
	b.WriteString(`<C:addressbook-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:prop><D:getetag/><C:address-data/></D:prop>`)
	for _, p := range paths {
		b.WriteString("<D:href>" + escaped(h.server.at(p).EscapedPath()) + "</D:href>")
	}
	b.WriteString("</C:addressbook-multiget>")
	ms, answered, _, err := h.server.ask(ctx, "REPORT", h.server.at(bookPath), "1", b.String())
	if err != nil {
		return err
	}
	for _, r := range ms.Responses {
		for _, href := range r.Hrefs {
			p, ok := path(answered, href)
			if !ok {
				continue
			}
			x := r.found()
			e := entry{path: p, etag: x.ETag, data: x.Data}
			if n := code(r.Status); isGone(n) {
				e.gone = true
			} else if n >= 400 {
				e.status = n
			}
			out[p] = e
		}
	}
	return nil
}
