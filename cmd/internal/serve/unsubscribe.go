package serve

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/state"
)

// unsubscribePath is where the links for saying no lead; the token follows.
const unsubscribePath = "/unsubscribe/"

// Bounds of what whoever has a link may ask.
const (
	unsubscribeBytes    = 8 << 10 // of a wish's body; mail programs send 26
	unsubscribeAtOnce   = 4
	unsubscribeRate     = 50 // wishes in a second, and
	unsubscribeBurst    = 200
	unsubscribePatience = 10 * time.Second
)

// Unsubscribe is what the page behind the links for saying no needs. It is asked by anybody in the
// world, with tokens of any kind.
type Unsubscribe struct {
	// Genuine says whether a token is one of ours, and changes nothing; [state.Forbidden] where it is not.
	Genuine func(ctx context.Context, token string) error
	// Stop makes the opt-out; known is false where it is not known any more who got the message.
	Stop func(ctx context.Context, token string) (known bool, err error)
	// Words gives the page's for what a browser says of its reader's languages.
	Words func(accept string) UnsubscribeWords
}

// UnsubscribeWords are those of the page, in one language.
type UnsubscribeWords struct {
	Lang                                              string // of HTML
	Title, Ask, Button, Done, Unknown, NotOurs, Again string
}

// The wish as RFC 8058 says it; the button says it in a second field, so that it gets a page.
const (
	oneClickField, oneClick = "List-Unsubscribe", "One-Click"
	buttonField             = "page"
)

const pageStyle = `body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}button{font:inherit;padding:.5rem 1.5rem}`

// pagePolicy lets a page show itself in our style and post to where it came from, and nothing more.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

// The form posts to the page's own address, so that it works under whatever name and path a proxy shows it.
var page = template.Must(template.New("unsubscribe").Parse(`<!DOCTYPE html>
<html lang="{{.Words.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Words.Title}}</title>
<style>` + pageStyle + `</style>
</head>
<body>
<h1>{{.Words.Title}}</h1>
<p>{{.Text}}</p>
{{- if .Form}}
<form method="post"><input type="hidden" name="` + oneClickField + `" value="` + oneClick + `"><button name="` + buttonField + `" value="1">{{.Words.Button}}</button></form>
{{- end}}
</body>
</html>
`))

// links answers at the links for saying no. Looking changes nothing: scanners of mail follow links.
type links struct {
	Unsubscribe
	log   *slog.Logger
	turns chan struct{}
	rate  bucket
}

func newLinks(u Unsubscribe, log *slog.Logger) *links {
	return &links{Unsubscribe: u, log: log, turns: make(chan struct{}, unsubscribeAtOnce), rate: bucket{left: unsubscribeBurst}}
}

// ServeHTTP implements http.Handler.
func (l *links) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch {
	case l.Genuine == nil:
		say(rw, http.StatusNotFound, "not found")
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
		rw.Header().Set("Allow", "GET, HEAD, POST")
		say(rw, http.StatusMethodNotAllowed, "use GET or POST")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), unsubscribePatience)
	defer cancel()
	token := strings.TrimPrefix(r.URL.Path, unsubscribePath)
	words := l.Words(r.Header.Get("Accept-Language"))
	if err := l.Genuine(ctx, token); err != nil {
		l.refuse(rw, words, err)
		return
	}
	if r.Method != http.MethodPost {
		show(rw, http.StatusOK, words, words.Ask, true)
		return
	}
	wish, button, status := readWish(rw, r)
	switch {
	case status != 0:
		say(rw, status, words.NotOurs)
		return
	case !wish:
		show(rw, http.StatusBadRequest, words, words.Ask, true)
		return
	case !l.rate.take(time.Now()):
		l.again(rw, words)
		return
	}
	select {
	case l.turns <- struct{}{}:
		defer func() { <-l.turns }()
	case <-ctx.Done():
		l.again(rw, words)
		return
	}
	known, err := l.Stop(ctx, token)
	if err != nil {
		l.refuse(rw, words, err)
		return
	}
	l.log.Info("an opt-out came by a link", "known", known)
	text := words.Done
	if !known {
		text = words.Unknown
	}
	if button {
		show(rw, http.StatusOK, words, text, false)
		return
	}
	say(rw, http.StatusOK, text)
}

// refuse tells whoever has no link of ours nothing but that.
func (l *links) refuse(rw http.ResponseWriter, words UnsubscribeWords, err error) {
	if state.IsClass(err, state.Forbidden) {
		show(rw, http.StatusNotFound, words, words.NotOurs, false)
		return
	}
	l.log.Warn("links for saying no cannot be followed", "code", state.AsError(err).Code)
	l.again(rw, words)
}

func (l *links) again(rw http.ResponseWriter, words UnsubscribeWords) {
	rw.Header().Set("Retry-After", "30")
	show(rw, http.StatusServiceUnavailable, words, words.Again, false)
}

// readWish reads what was posted to a genuine link: whether it is the wish, and whether the page's
// button made it. The status is 0 where it could be read.
func readWish(rw http.ResponseWriter, r *http.Request) (wish, button bool, status int) {
	_ = http.NewResponseController(rw).SetReadDeadline(time.Now().Add(unsubscribePatience)) // not every writer can
	r.Body = http.MaxBytesReader(rw, r.Body, unsubscribeBytes)
	err := r.ParseForm()
	if kind, _, bad := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && bad == nil && kind == "multipart/form-data" {
		err = r.ParseMultipartForm(unsubscribeBytes)
	}
	if r.MultipartForm != nil {
		defer func() { _ = r.MultipartForm.RemoveAll() }() // nothing that small is in a file
	}
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return false, false, http.StatusRequestEntityTooLarge
	} else if err != nil {
		return false, false, http.StatusBadRequest
	}
	return r.PostForm.Get(oneClickField) == oneClick, r.PostForm.Get(buttonField) != "", 0
}

// show writes a page that no other page can frame, no cache keeps, and whose address, which is the
// link, is told to nobody.
func show(rw http.ResponseWriter, status int, words UnsubscribeWords, text string, form bool) {
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", words.Lang)
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	rw.WriteHeader(status)
	_ = page.Execute(rw, struct { // a caller that went away is no trouble of ours
		Words UnsubscribeWords
		Text  string
		Form  bool
	}{words, text, form})
}

// bucket lets so many wishes through in a second. Only who has a genuine link takes of it, so that
// strangers cannot empty it.
type bucket struct {
	mu   sync.Mutex
	left float64
	at   time.Time
}

func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.at.IsZero() {
		b.left = min(unsubscribeBurst, b.left+max(0, now.Sub(b.at).Seconds())*unsubscribeRate)
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
