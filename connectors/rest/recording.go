package rest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/keptcrm/kept/connectors"
)

// A recording is text that a person can read and correct:
//
//	> GET https://shop.example.com/customers?page=1
//	Accept: application/json
//
//	< 200
//	Content-Type: application/json
//	|[{"id":1,"email":"jana@sternwarte.example"}]
//
// Bodies stand behind bars, one for each line; those that are no text stand behind ~ in base64. An
// answer that did not come is "! " and why.

// kept are the headers that a recording holds: the rest changes from day to day.
var kept = []string{"Accept", "Authorization", "Content-Type", "Date", "Etag", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Modified", "Link", "Location",
	"Retry-After", "X-Wp-Total", "X-Wp-Totalpages"}

// WriteRecording writes exchanges, as Env.Record is told them, as a fixture.
func WriteRecording(exchanges []connectors.Exchange) []byte {
	var b bytes.Buffer
	for i, x := range exchanges {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "> %s %s\n", x.Method, x.URL)
		writePart(&b, x.Header, x.Body)
		if x.Status == 0 {
			fmt.Fprintf(&b, "! %s\n", strings.Join(strings.Fields(x.Error), " "))
			continue
		}
		fmt.Fprintf(&b, "< %d\n", x.Status)
		writePart(&b, x.AnswerHeader, x.Answer)
	}
	return b.Bytes()
}

func writePart(b *bytes.Buffer, h map[string][]string, body []byte) {
	for _, name := range kept {
		for _, v := range h[name] {
			fmt.Fprintf(b, "%s: %s\n", name, strings.Join(strings.Fields(v), " "))
		}
	}
	switch {
	case len(body) == 0:
	case !utf8.Valid(body) || bytes.ContainsAny(body, "\r\x00"):
		fmt.Fprintf(b, "~%s\n", base64.StdEncoding.EncodeToString(body))
	default:
		for _, line := range strings.Split(string(body), "\n") {
			fmt.Fprintf(b, "|%s\n", line)
		}
	}
}

// ReadRecording reads a fixture. Its error names the line.
func ReadRecording(text []byte) ([]connectors.Exchange, error) {
	var all []connectors.Exchange
	var x *connectors.Exchange
	answer := false
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, len(text)+1)
	for n := 1; in.Scan(); n++ {
		line := in.Text()
		fault := func(why string) ([]connectors.Exchange, error) {
			return nil, fmt.Errorf("recording, line %d: %s", n, why)
		}
		if strings.HasPrefix(line, "> ") {
			method, address, ok := strings.Cut(line[2:], " ")
			if !ok || method == "" || address == "" {
				return fault("no method and address")
			}
			all = append(all, connectors.Exchange{Method: method, URL: address})
			x, answer = &all[len(all)-1], false
			continue
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		if x == nil {
			return fault("stands before the first request")
		}
		h, body := &x.Header, &x.Body
		if answer {
			h, body = &x.AnswerHeader, &x.Answer
		}
		switch {
		case strings.HasPrefix(line, "< "):
			status, err := strconv.Atoi(line[2:])
			if err != nil || status < 100 || status > 999 || answer {
				return fault("no status, or a second answer")
			}
			x.Status, answer = status, true
		case strings.HasPrefix(line, "! "):
			if answer {
				return fault("a second answer")
			}
			x.Error, answer = line[2:], true
		case line[0] == '|':
			if *body != nil {
				*body = append(*body, '\n')
			}
			*body = append(*body, line[1:]...)
			if *body == nil {
				*body = []byte{}
			}
		case line[0] == '~':
			b, err := base64.StdEncoding.DecodeString(line[1:])
			if err != nil {
				return fault("no base64")
			}
			*body = b
		default:
			name, value, ok := strings.Cut(line, ": ")
			if !ok {
				return fault("neither header, body nor answer")
			}
			if *h == nil {
				*h = map[string][]string{}
			}
			(*h)[http.CanonicalHeaderKey(name)] = append((*h)[http.CanonicalHeaderKey(name)], value)
		}
	}
	return all, in.Err()
}

// Replay answers from a recording: it goes into Env.HTTP of a test. Each exchange answers one
// request of its method, address and body; requests that differ in secrets alone are the same.
func Replay(exchanges []connectors.Exchange, mask *Mask) *Replayer {
	return &Replayer{left: slices.Clone(exchanges), mask: mask}
}

// Replayer is what Replay gives.
type Replayer struct {
	mu   sync.Mutex
	left []connectors.Exchange
	mask *Mask
}

// Left says what was recorded and never asked for.
func (r *Replayer) Left() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, x := range r.left {
		out = append(out, x.Method+" "+x.URL)
	}
	return out
}

// RoundTrip gives the first answer that fits.
func (r *Replayer) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, err := taken(req)
	if err != nil {
		return nil, err
	}
	address, body := r.mask.address(req.URL.String()), r.mask.Body(sent)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, x := range r.left {
		if x.Method != req.Method || x.URL != address || !bytes.Equal(x.Body, body) {
			continue
		}
		r.left = slices.Delete(r.left, i, i+1)
		if x.Status == 0 {
			return nil, errors.New(x.Error)
		}
		h := http.Header{}
		for name, values := range x.AnswerHeader {
			h[name] = slices.Clone(values)
		}
		return whole(req, Answer{Status: x.Status, Header: h, Body: x.Answer}), nil
	}
	return nil, fmt.Errorf("not in the recording: %s %s", req.Method, address)
}
