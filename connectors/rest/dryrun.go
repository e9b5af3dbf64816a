package rest

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/keptcrm/kept/connectors"
)

// dryRun sends reads only.
type dryRun struct {
	next   http.RoundTripper
	mask   *Mask
	unsent func(connectors.Exchange)
	words  words
	turn   sync.Mutex // Env.Unsent is told one exchange after the other
}

func (d *dryRun) RoundTrip(req *http.Request) (*http.Response, error) {
	if isRead(req) {
		return d.next.RoundTrip(req)
	}
	body, err := taken(req)
	if err != nil {
		return nil, d.words.error(connectors.Invalid, "the request could not be read", err)
	}
	if d.unsent != nil {
		d.turn.Lock()
		defer d.turn.Unlock()
		d.unsent(connectors.Exchange{Method: req.Method, URL: d.mask.address(req.URL.String()), Header: d.mask.Header(req.Header),
			Body: d.mask.Body(body), Error: connectors.ErrDryRun.Error()})
	}
	return nil, d.words.error(connectors.Forbidden, fmt.Sprintf("this is a dry run: nothing was sent to %s", d.words.system), connectors.ErrDryRun)
}
