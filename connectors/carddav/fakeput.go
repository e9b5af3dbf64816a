package carddav

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors/format/vcard"
)

// resource is GET, PUT, DELETE and MOVE of cards.
func (f *fake) resource(w http.ResponseWriter, r *http.Request, body []byte) {
	i := strings.LastIndexByte(r.URL.Path, '/')
	at, name := r.URL.Path[:i+1], r.URL.Path[i+1:]
	book := f.books[at]
	if book == nil || name == "" {
		refuse(w, http.StatusNotFound, "")
		return
	}
	c := book.cards[name]
	if m := r.Header.Get("If-Match"); m != "" && (c == nil && r.Method == http.MethodPut || c != nil && m != "*" && m != c.etag()) {
		refuse(w, http.StatusPreconditionFailed, "")
		return
	}
	if r.Header.Get("If-None-Match") == "*" && c != nil {
		refuse(w, http.StatusPreconditionFailed, "")
		return
	}
	if book.readOnly && r.Method != http.MethodGet {
		refuse(w, http.StatusForbidden, "")
		return
	}
	switch r.Method {
	case http.MethodPut:
		f.put(w, r, book, name, string(body))
	case http.MethodGet, http.MethodDelete, "MOVE":
		if c == nil {
			refuse(w, http.StatusNotFound, "")
			return
		}
		switch r.Method {
		case http.MethodGet:
			w.Header().Set("Content-Type", "text/vcard; charset=utf-8")
			w.Header().Set("ETag", c.etag())
			_, _ = io.WriteString(w, c.text)
		case http.MethodDelete:
			f.remove(book, name)
			w.WriteHeader(http.StatusNoContent)
		default:
			to, err := url.Parse(r.Header.Get("Destination"))
			if err != nil || f.move != http.StatusCreated {
				refuse(w, http.StatusMethodNotAllowed, "")
				return
			}
			f.remove(book, name)
			f.store(book, strings.TrimPrefix(to.Path, at), c.text)
			w.WriteHeader(http.StatusCreated)
		}
	default:
		refuse(w, http.StatusMethodNotAllowed, "")
	}
}

func (f *fake) store(b *fakeBook, name, text string) *fakeCard {
	f.seq++
	c := &fakeCard{text: text, seq: f.seq}
	b.cards[name] = c
	delete(b.gone, name)
	return c
}

func (f *fake) remove(b *fakeBook, name string) {
	f.seq++
	delete(b.cards, name)
	b.gone[name] = f.seq
}

func (f *fake) put(w http.ResponseWriter, r *http.Request, book *fakeBook, name, text string) {
	cards := vcard.Parse([]byte(text))
	bad := func(status int, precondition string) {
		switch status {
		case http.StatusMultiStatus: // not stored, and said only inside
			a := f.answer()
			a.b.WriteString(a.tag(f.dav+"response", a.tag(f.dav+"href", "http%3A//"+r.Host+r.URL.EscapedPath())+a.tag(f.dav+"status", "HTTP/1.1 412 Precondition Failed")+
				a.tag(f.dav+"error", `<valid-calendar-data xmlns="urn:ietf:params:xml:ns:caldav" />`)))
			a.send(w)
		case http.StatusForbidden:
			refuse(w, status, precondition)
		default:
			refuse(w, status, "")
		}
	}
	if len(cards) == 0 || cards[0].Problem != "" || !strings.HasPrefix(strings.ToUpper(text), "BEGIN:VCARD") {
		bad(f.garbage, "C:valid-address-data")
		return
	}
	c := cards[0]
	uid := strings.TrimSpace(c.Text("UID"))
	for _, x := range []struct {
		is           bool
		status       int
		precondition string
	}{{len(cards) > 1, f.two, ""}, {uid == "" || c.First("FN") == nil, f.incomplete, "C:valid-address-data"}, {c.Version == "", f.unversioned, "C:valid-address-data"}, {c.Version == "2.1", f.old, "C:supported-address-data"}} {
		if x.is && x.status >= 300 {
			bad(x.status, x.precondition)
			return
		}
	}
	if f.oneUID {
		for other, o := range book.cards {
			if there := vcard.Parse([]byte(o.text)); other != name && len(there) > 0 && strings.TrimSpace(there[0].Text("UID")) == uid {
				refuse(w, http.StatusConflict, "C:no-uid-conflict")
				return
			}
		}
	}
	status := http.StatusCreated
	if book.cards[name] != nil {
		status = f.updated
	}
	if !utf8.ValidString(text) && f.latin {
		runes := make([]rune, 0, len(text))
		for _, x := range []byte(text) {
			runes = append(runes, rune(x))
		}
		text = string(runes)
	}
	if f.no4 && c.Version == "4.0" {
		text = strings.NewReplacer("VERSION:4.0", "VERSION:3.0", "\nKIND:", "\nX-ADDRESSBOOKSERVER-KIND:").Replace(text)
	}
	if f.rewrites {
		text = sortedCard(text)
	}
	w.Header().Set("ETag", f.store(book, name, text).etag())
	w.WriteHeader(status)
}

// sortedCard stores a card as Radicale does: unfolded, sorted by name, UID first, N with five parts.
func sortedCard(text string) string {
	c := vcard.Parse([]byte(text))[0]
	if c.Version == "" {
		c.Insert(-1, "", "VERSION", nil, "3.0")
	}
	if n := slices.IndexFunc(c.Props, func(p vcard.Property) bool { return p.Name == "N" }); n >= 0 {
		for i := len(c.Props[n].Parts()); i < 5; i++ {
			c.SetPart(n, i, "")
		}
	}
	rank := func(name string) string {
		switch name {
		case "VERSION":
			return " 1"
		case "UID":
			return " 2"
		}
		return name
	}
	slices.SortStableFunc(c.Props, func(a, b vcard.Property) int { return strings.Compare(rank(a.Name), rank(b.Name)) })
	var b strings.Builder
	b.WriteString("BEGIN:VCARD\n")
	for i := range c.Props {
		b.WriteString(strings.TrimRight(strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "").Replace(string(c.Props[i].Raw())), "\r\n") + "\n")
	}
	return b.String() + "END:VCARD\n"
}
