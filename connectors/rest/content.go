package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
)

// content looks at answers that should hold JSON, or be whole in another way, below the retries, so that half a document is
// asked for again.
type content struct {
	next  http.RoundTripper
	words words
}

const aPage = "%s answers with a web page instead of data; check the address, and whether a login page or a firewall stands before it"

var errHalf = errors.New("not a whole JSON document")

func (c *content) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	k := callOf(req)
	if err != nil || !k.json && k.whole == nil || resp.StatusCode < 200 || resp.StatusCode >= 300 {
		return resp, err
	}
	a := answerOf(resp)
	if k.whole != nil {
		if len(a.Body) > 0 && looksLikePage(a.Header.Get("Content-Type"), a.Body) {
			return nil, c.words.unreadable(k.read, aPage, errPage)
		}
		if err := k.whole(a); err != nil {
			return nil, c.words.unreadable(k.read, "%s gave only half an answer, or one that is none", err)
		}
		return resp, nil
	}
	body := bytes.TrimSpace(bytes.TrimPrefix(a.Body, []byte("\xef\xbb\xbf")))
	switch {
	case len(body) == 0 && (resp.StatusCode == http.StatusNoContent || !k.read || req.Method == http.MethodHead):
		return resp, nil
	case looksLikePage(a.Header.Get("Content-Type"), a.Body):
		return nil, c.words.unreadable(k.read, aPage, errPage)
	case !json.Valid(body):
		return nil, c.words.unreadable(k.read, "%s gave only half an answer, or one that is no JSON", errHalf)
	}
	if len(body) != len(a.Body) {
		a.Body = body
		return whole(req, a), nil
	}
	return resp, nil
}
