package rest

import (
	"log/slog"
	"net/http"
	"sync"

	"github.com/keptcrm/kept/connectors"
)

// record tells Env.Record what was said, and Env.Log how it went. The log has no query and no body:
// these hold people's addresses.
type record struct {
	next http.RoundTripper
	mask *Mask
	env  connectors.Env
	turn sync.Mutex // Env.Record is told one exchange after the other
}

func (r *record) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if r.env.Record != nil {
		b, err := taken(req)
		if err != nil {
			return nil, err
		}
		sent, req = b, again(req, b)
	}
	start := r.env.Now()
	resp, err := r.next.RoundTrip(req)
	attrs := []slog.Attr{slog.String("method", req.Method), slog.String("host", req.URL.Host), slog.String("path", r.mask.Text(req.URL.Path)), slog.Duration("took", r.env.Now().Sub(start))}
	if err != nil {
		attrs = append(attrs, slog.String("error", r.mask.Text(err.Error())))
	} else {
		attrs = append(attrs, slog.Int("status", resp.StatusCode), slog.Int64("bytes", resp.ContentLength))
	}
	r.env.Log.LogAttrs(req.Context(), slog.LevelDebug, "asked", attrs...)
	if r.env.Record == nil {
		return resp, err
	}
	x := connectors.Exchange{Method: req.Method, URL: r.mask.address(req.URL.String()), Header: r.mask.Header(req.Header), Body: r.mask.Body(sent)}
	if err != nil {
		x.Error = r.mask.Text(err.Error())
	} else {
		a := answerOf(resp)
		x.Status, x.AnswerHeader, x.Answer = a.Status, r.mask.Header(a.Header), r.mask.Body(a.Body)
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	r.env.Record(x)
	return resp, err
}
