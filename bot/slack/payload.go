package slack

import (
	"bytes"
	"encoding/json"
	"strings"
)

// payload is what a button carries and gives back when it is pressed.
type payload struct {
	Do     string            `json:"d,omitempty"` // the words to run
	Of     string            `json:"o,omitempty"` // the words that show the card again
	At     int               `json:"n,omitempty"` // the piece that its page begins with
	About  string            `json:"a,omitempty"` // what a form is about
	Values map[string]string `json:"v,omitempty"` // what stands in the form already
}

// encode writes it in at most so many bytes, leaving out first what only spares typing, then what
// shows the card again; "" where its words alone are too many.
func (p payload) encode(most int) string {
	for _, less := range []func(){
		func() {},
		func() { p.Values = nil },
		func() { p.About = "" },
		func() { p.Of, p.At = "", 0 },
	} {
		less()
		if s := compact(p); len(s) <= most {
			if p.Do == "" && p.Of == "" {
				return ""
			}
			return s
		}
	}
	return ""
}

func decode(value string) (payload, bool) {
	var p payload
	if !decodeInto(value, &p) || p.Do == "" && p.Of == "" {
		return payload{}, false
	}
	return p, true
}

func decodeInto(value string, to any) bool {
	return len(value) <= maxMetadata && json.Unmarshal([]byte(value), to) == nil
}

func compact(x any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(x) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}
