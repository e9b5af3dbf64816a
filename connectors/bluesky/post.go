package bluesky

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors"
)

// post is a record of the collection app.bsky.feed.post
// (https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json).
type post struct {
	Text    string  `json:"text"`
	Created string  `json:"createdAt"`
	Facets  []facet `json:"facets"`
	Embed   embed   `json:"embed"`
	Reply   struct {
		Root   ref `json:"root"`
		Parent ref `json:"parent"`
	} `json:"reply"`
}

// ref names a record.
type ref struct {
	URI string `json:"uri"`
}

// facet says what a part of a text means. Its bounds count bytes of the text in UTF-8.
type facet struct {
	Index struct {
		Start int `json:"byteStart"`
		End   int `json:"byteEnd"`
	} `json:"index"`
	Features []struct {
		URI string `json:"uri"` // of a link
	} `json:"features"`
}

// embed is what hangs on a post.
type embed struct {
	Images []struct {
		Alt   string `json:"alt"`
		Image struct {
			Type string `json:"mimeType"`
			Size int64  `json:"size"`
		} `json:"image"`
	} `json:"images"`
	Video struct {
		Type string `json:"mimeType"`
		Size int64  `json:"size"`
	} `json:"video"`
	External struct {
		URI string `json:"uri"`
	} `json:"external"`
	Record struct {
		ref
		Record ref `json:"record"` // with pictures beside it, one deeper
	} `json:"record"`
	Media *embed `json:"media"`
}

// uriOf gives the repository, the collection and the key that an address of a record names
// (https://atproto.com/specs/at-uri-scheme); ok is false for what is none.
func uriOf(uri string) (repo, collection, key string, ok bool) {
	rest, ok := strings.CutPrefix(uri, "at://")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 || !isDID(parts[0]) || parts[1] == "" || parts[2] == "" || strings.ContainsAny(uri, "<> \t\r\n") {
		return "", "", "", false
	}
	return parts[0], parts[1], parts[2], true
}

// postURI gives an address only where it is one.
func postURI(uri string) string {
	if _, _, _, ok := uriOf(uri); !ok {
		return ""
	}
	return uri
}

// message is what a post says beside who wrote it to whom. seen is when Bluesky saw it; zero where
// that is not known.
func (p post) message(uri string, seen time.Time) *connectors.MessageData {
	m := &connectors.MessageData{MessageID: uri, InReplyTo: postURI(p.Reply.Parent.URI), Thread: postURI(p.Reply.Root.URI), At: instant(p.Created), Text: written(p.Text, p.Facets)}
	if m.Thread == "" {
		m.Thread = uri
	}
	for _, r := range []string{postURI(p.Reply.Root.URI), m.InReplyTo} {
		if r != "" && !slices.Contains(m.References, r) {
			m.References = append(m.References, r)
		}
	}
	// The writer's program says when it was written, and may say anything.
	if !seen.IsZero() && (m.At.IsZero() || m.At.After(seen)) {
		m.At = seen
	}
	p.Embed.into(m)
	return m
}

// into adds to a message what hangs on it.
func (e embed) into(m *connectors.MessageData) {
	for _, i := range e.Images {
		m.Attachments = append(m.Attachments, connectors.Attachment{Name: oneLine(i.Alt), Type: i.Image.Type, Size: max(i.Image.Size, 0)})
	}
	if e.Video.Type != "" {
		m.Attachments = append(m.Attachments, connectors.Attachment{Type: e.Video.Type, Size: max(e.Video.Size, 0)})
	}
	if uri := e.External.URI; uri != "" && !strings.Contains(m.Text, uri) {
		m.Text = strings.TrimSpace(m.Text + "\n" + uri)
	}
	for _, uri := range []string{e.Record.URI, e.Record.Record.URI} {
		if postURI(uri) != "" && m.Quoted == "" {
			m.Quoted = uri
		}
	}
	if e.Media != nil {
		media := *e.Media
		media.Media = nil // one deep is all that the protocol has
		media.into(m)
	}
}

// written gives a text with its links in full: programs show "shop.example/a-lo..." and keep the
// address beside it.
func written(text string, facets []facet) string {
	facets = slices.Clone(facets)
	slices.SortStableFunc(facets, func(a, b facet) int { return a.Index.Start - b.Index.Start })
	var b strings.Builder
	done := 0
	for _, f := range facets {
		from, to := f.Index.Start, f.Index.End
		if from < done || to <= from || to > len(text) || !utf8.RuneStart(text[from]) || to < len(text) && !utf8.RuneStart(text[to]) {
			continue
		}
		for _, x := range f.Features {
			if shown := text[from:to]; x.URI != "" && !strings.Contains(x.URI, shown) && !strings.ContainsAny(x.URI, " \r\n") && cutLink(shown) {
				b.WriteString(text[done:from])
				b.WriteString(x.URI)
				done = to
				break
			}
		}
	}
	b.WriteString(text[done:])
	return strings.TrimSpace(b.String())
}

// cutLink says whether a program shortened a link to show it.
func cutLink(shown string) bool {
	return strings.HasSuffix(shown, "...") || strings.HasSuffix(shown, "…")
}

// The keys of records are times, in a base 32 whose order is that of its digits
// (https://atproto.com/specs/tid): 53 bits of microseconds, 10 bits of chance.
const (
	tidDigits = "234567abcdefghijklmnopqrstuvwxyz"
	tidLong   = 13
)

// tid gives the first key of a moment.
func tid(t time.Time) string {
	n := uint64(max(t.UnixMicro(), 0)) << 10
	b := make([]byte, tidLong)
	for i := tidLong - 1; i >= 0; i-- {
		b[i] = tidDigits[n&31]
		n >>= 5
	}
	return string(b)
}

// tidTime gives the moment of a key; zero where it is none.
func tidTime(key string) time.Time {
	if len(key) != tidLong {
		return time.Time{}
	}
	var n uint64
	for i := range tidLong {
		d := strings.IndexByte(tidDigits, key[i])
		if d < 0 || i == 0 && d >= 16 {
			return time.Time{}
		}
		n = n<<5 | uint64(d)
	}
	return time.UnixMicro(int64(n >> 10)).UTC()
}
