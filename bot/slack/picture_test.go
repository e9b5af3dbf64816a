package slack

import (
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// pictured are the goldens that the guide shows, as pictures made of their blocks.
var pictured = map[string]string{ // name of the picture -> golden in testdata
	"slack-brief": "brief.en.json", "slack-brief-zh": "brief.zh.json", "slack-promises": "promises.en.json", "slack-several": "several.en.json",
}

// TestPictures holds the pictures of the guide to the cards as they are; KEPT_WRITE=1 draws them anew.
func TestPictures(t *testing.T) {
	t.Parallel()
	for name, golden := range pictured {
		b, err := os.ReadFile(filepath.Join("testdata", golden))
		if err != nil {
			t.Fatal(err)
		}
		svg, err := draw(b)
		if err != nil {
			t.Fatalf("%s: %v", golden, err)
		}
		path := filepath.Join("..", "..", "docs", "guides", "pictures", name+".svg")
		if os.Getenv("KEPT_WRITE") != "" {
			if err := os.WriteFile(path, svg, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if have, err := os.ReadFile(path); err != nil || string(have) != string(svg) {
			t.Errorf("%s is not what %s shows; draw it: KEPT_WRITE=1 go test ./bot/slack -run Pictures (%v)", path, golden, err)
		}
	}
}

const (
	canvasWidth = 640
	lineHeight  = 21
	margin      = 16
)

type canvas struct {
	b strings.Builder
	y int
}

type textObject struct {
	Text string `json:"text"`
}

type shown struct {
	Type     string          `json:"type"`
	Text     json.RawMessage `json:"text"`
	Fields   []textObject    `json:"fields"`
	Elements []struct {
		Type  string          `json:"type"`
		Text  json.RawMessage `json:"text"`
		Style string          `json:"style"`
	} `json:"elements"`
	Accessory *struct {
		Text json.RawMessage `json:"text"`
	} `json:"accessory"`
}

// said reads a text that is an object or a plain string.
func said(raw json.RawMessage) string {
	var o textObject
	if json.Unmarshal(raw, &o) == nil && o.Text != "" {
		return o.Text
	}
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

// draw makes a picture of a message's blocks, as plainly as a reader needs it: what stands where.
func draw(message []byte) ([]byte, error) {
	var m struct {
		Blocks []shown `json:"blocks"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return nil, err
	}
	if len(m.Blocks) == 0 {
		if err := json.Unmarshal(message, &m.Blocks); err != nil || len(m.Blocks) == 0 {
			return nil, fmt.Errorf("there are no blocks to draw: %w", err)
		}
	}
	s := &canvas{y: margin}
	for _, b := range m.Blocks {
		switch b.Type {
		case "header":
			s.lines(said(b.Text), 17, "bold", "#1d1c1d")
		case "divider":
			fmt.Fprintf(&s.b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#ddd"/>`+"\n", margin, s.y, canvasWidth-margin, s.y)
			s.y += 8
		case "context":
			var parts []string
			for _, e := range b.Elements {
				parts = append(parts, said(e.Text))
			}
			s.lines(strings.Join(parts, "   "), 12, "", "#616061")
		case "actions":
			var labels []string
			for _, e := range b.Elements {
				labels = append(labels, said(e.Text))
			}
			s.buttons(labels)
		default:
			if t := said(b.Text); t != "" {
				s.lines(t, 14, "", "#1d1c1d")
			}
			for _, f := range b.Fields {
				s.lines(f.Text, 14, "", "#1d1c1d")
			}
			if b.Accessory != nil {
				s.buttons([]string{said(b.Accessory.Text)})
			}
		}
		s.y += 4
	}
	out := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="Lato, Helvetica, Arial, 'Noto Sans CJK SC', sans-serif">`+"\n"+
		`<rect x="0.5" y="0.5" width="%d" height="%d" rx="8" fill="#fff" stroke="#ddd"/>`+"\n%s</svg>\n",
		canvasWidth, s.y+margin, canvasWidth, s.y+margin, canvasWidth-1, s.y+margin-1, s.b.String())
	return []byte(out), nil
}

// width estimates how wide text is, in pixels at a size: characters of East Asia are square.
func width(s string, size int) int {
	w := 0.0
	for _, r := range s {
		switch {
		case r > 0x2e80:
			w += 1
		case unicode.IsUpper(r):
			w += 0.66
		default:
			w += 0.52
		}
	}
	return int(w * float64(size))
}

var marks = regexp.MustCompile("(^|[\\s(])\\*([^*\n]+)\\*|(^|[\\s(])_([^_\n]+)_|`([^`\n]+)`")

// lines draws text with Slack's marks for bold, italic and code, wrapped.
func (s *canvas) lines(text string, size int, weight, colour string) {
	for _, line := range strings.Split(text, "\n") {
		for _, piece := range wrapped(line, size) {
			s.y += lineHeight
			styled := marks.ReplaceAllStringFunc(html.EscapeString(html.UnescapeString(piece)), func(m string) string {
				g := marks.FindStringSubmatch(m)
				switch {
				case g[2] != "":
					return g[1] + `<tspan font-weight="bold">` + g[2] + `</tspan>`
				case g[4] != "":
					return g[3] + `<tspan font-style="italic">` + g[4] + `</tspan>`
				}
				return `<tspan font-family="monospace" fill="#c0392b">` + g[5] + `</tspan>`
			})
			attr := ""
			if weight != "" {
				attr = fmt.Sprintf(` font-weight="%s"`, weight)
			}
			fmt.Fprintf(&s.b, `<text x="%d" y="%d" font-size="%d" fill="%s"%s xml:space="preserve">%s</text>`+"\n", margin, s.y, size, colour, attr, styled)
		}
	}
}

func wrapped(line string, size int) []string {
	var out []string
	now := ""
	for _, w := range strings.SplitAfter(line, " ") {
		if now != "" && width(now+w, size) > canvasWidth-2*margin {
			out = append(out, strings.TrimRight(now, " "))
			now = ""
		}
		now += w
	}
	return append(out, strings.TrimRight(now, " "))
}

func (s *canvas) buttons(labels []string) {
	x := margin
	s.y += 8
	for _, l := range labels {
		w := width(l, 13) + 24
		if x > margin && x+w > canvasWidth-margin {
			x = margin
			s.y += 36
		}
		fmt.Fprintf(&s.b, `<rect x="%d" y="%d" width="%d" height="28" rx="4" fill="#fff" stroke="#bbb"/><text x="%d" y="%d" font-size="13" font-weight="bold" fill="#1d1c1d" text-anchor="middle">%s</text>`+"\n",
			x, s.y, w, x+w/2, s.y+19, html.EscapeString(l))
		x += w + 8
	}
	s.y += 30
}
