package carddav

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// script asks a server, with requests of its own, all that servers are known to answer differently,
// and says what it answered. It is run on each fake and on the real servers that are here.
type script struct {
	t    testing.TB
	base string // the address of the host
	book string // the path of an empty book
	rt   http.RoundTripper
}

func (s script) do(method, path, body string, header ...string) (int, http.Header, string) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Close = true
	req.SetBasicAuth("alice", secret)
	req.Header.Set("Content-Type", "application/xml")
	if method == http.MethodPut {
		req.Header.Set("Content-Type", "text/vcard; charset=utf-8")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.rt.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(answer)
}

// put stores a card and says the status; that inside of a 207, and the precondition, where there are.
func (s script) put(name, text string, header ...string) string {
	status, _, body := s.do(http.MethodPut, s.book+name, text, header...)
	out := fmt.Sprint(status)
	if m := regexp.MustCompile(`HTTP/1.1 (\d+)`).FindStringSubmatch(body); status == 207 && m != nil {
		out += " " + m[1]
	}
	for _, p := range []string{"no-uid-conflict", "valid-address-data", "supported-address-data"} {
		if strings.Contains(body, p) {
			out += " " + p
		}
	}
	return out
}

func syncFrom(token, limit string) string {
	return `<?xml version="1.0"?><sync-collection xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><sync-token>` + token + `</sync-token><sync-level>1</sync-level>` + limit + `<prop><getetag/><C:address-data/></prop></sync-collection>`
}

var tokenPattern = regexp.MustCompile(`sync-token>([^<]*)<`)

func (s script) rows() map[string]string {
	out := map[string]string{}
	a := simple("a", "Jana Köhler", "N:Köhler;Jana", "TEL:1", "")
	out["created, created again"] = s.put("a.vcf", a, "If-None-Match", "*") + ", " + s.put("a.vcf", a, "If-None-Match", "*")
	_, h, stored := s.do(http.MethodGet, s.book+"a.vcf", "")
	etag := h.Get("ETag")
	out["body after PUT"] = map[bool]string{true: "as it was", false: "rewritten"}[stored == a]
	out["If-Match right"] = s.put("a.vcf", strings.Replace(a, "TEL:1", "TEL:2", 1), "If-Match", etag)
	out["If-Match stale, on missing"] = s.put("a.vcf", a, "If-Match", etag) + ", " + s.put("none.vcf", simple("none", "N", ""), "If-Match", etag)
	status, _, _ := s.do(http.MethodDelete, s.book+"a.vcf", "", "If-Match", `"wrong"`)
	out["DELETE wrong If-Match"] = fmt.Sprint(status)
	out["one UID twice"] = s.put("twin.vcf", simple("a", "Twin", ""))
	_, _, _ = s.do(http.MethodDelete, s.book+"twin.vcf", "")
	out["garbage"] = s.put("g.vcf", "this is no card")
	out["no UID"] = s.put("nouid.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:X\r\nEND:VCARD\r\n")
	out["two in one"] = s.put("two.vcf", simple("two", "Two", "")+simple("three", "Three", ""))
	out["version 2.1"] = s.put("old.vcf", "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:old\r\nFN:Old\r\nN:Old;;;;\r\nEND:VCARD\r\n")
	out["no END, empty, a calendar"] = s.put("g.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:g\r\nFN:G\r\n") + ", " + s.put("g.vcf", "") + ", " +
		s.put("g.vcf", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n")
	out["no FN"] = s.put("nofn.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:nofn\r\nN:X;;;;\r\nEND:VCARD\r\n")
	out["no VERSION"] = s.put("nov.vcf", "BEGIN:VCARD\r\nUID:nov\r\nFN:X\r\nN:X;;;;\r\nEND:VCARD\r\n")
	out["no UTF-8"] = s.put("latin.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:latin\r\nFN:J\xfcrgen\r\nN:J\xfcrgen;;;;\r\nEND:VCARD\r\n")
	_, _, stored = s.do(http.MethodGet, s.book+"latin.vcf", "")
	out["no UTF-8"] += map[bool]string{true: ", read as Latin-1", false: ", kept"}[strings.Contains(stored, "Jürgen")]
	s.put("four.vcf", "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:four\r\nFN:Four\r\nN:Four;;;;\r\nKIND:individual\r\nEND:VCARD\r\n")
	_, _, stored = s.do(http.MethodGet, s.book+"four.vcf", "")
	out["version 4.0"] = map[bool]string{true: "kept", false: "as 3.0"}[strings.Contains(stored, "VERSION:4.0")]
	out["an address that is not ASCII, nor the UID"] = s.put("Zo%C3%AB%20%C3%9C.vcf", simple("zoe", "Zoë", ""))
	_, _, body := s.do("REPORT", s.book, syncFrom("", ""))
	out["an address that is not ASCII, nor the UID"] += map[bool]string{true: ", encoded"}[strings.Contains(body, "/Zo%C3%AB%20%C3%9C.vcf<")]
	for _, name := range []string{"nouid.vcf", "two.vcf", "old.vcf", "nofn.vcf", "nov.vcf", "latin.vcf", "four.vcf", "Zo%C3%AB%20%C3%9C.vcf"} {
		_, _, _ = s.do(http.MethodDelete, s.book+name, "")
	}
	status, _, _ = s.do("PROPFIND", s.book, `<?xml version="1.0"?><propfind xmlns="DAV:"><prop><getetag/></prop></propfind>`, "Content-Type", "text/plain")
	out["XML that does not say so"] = fmt.Sprint(status)

	_, _, body = s.do("REPORT", s.book, syncFrom("", ""))
	out["first answer also has what was deleted"] = fmt.Sprint(strings.Contains(body, "two.vcf") || strings.Contains(body, "old.vcf"))
	out["cards in it"] = fmt.Sprint(strings.Contains(body, "BEGIN:VCARD"))
	token := ""
	if m := tokenPattern.FindStringSubmatch(body); m != nil {
		token = m[1]
	}
	_, _, body = s.do("REPORT", s.book, syncFrom(token, ""))
	out["nothing changed"] = fmt.Sprint(strings.Contains(body, ".vcf"), tokenPattern.MatchString(body))
	s.put("b.vcf", simple("b", "B", ""))
	s.put("c.vcf", simple("c", "C", ""))
	_, _, _ = s.do(http.MethodDelete, s.book+"a.vcf", "")
	_, _, body = s.do("REPORT", s.book, syncFrom(token, ""))
	out["put and delete"] = fmt.Sprint(strings.Contains(body, "b.vcf"), strings.Contains(body, "a.vcf"), strings.Contains(body, "404 Not Found"))
	_, _, body = s.do("REPORT", s.book, syncFrom("", "<limit><nresults>1</nresults></limit>"))
	out["a limit"] = fmt.Sprint(strings.Contains(body, "507"))
	status, _, body = s.do("REPORT", s.book, syncFrom("nonsense", ""))
	out["unknown token"] = fmt.Sprint(status, strings.Contains(body, "valid-sync-token"))
	_, _, body = s.do("REPORT", s.book, `<?xml version="1.0"?><C:addressbook-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop><getetag/><C:address-data/></prop><href>`+s.book+`b.vcf</href><href>`+s.book+`no.vcf</href></C:addressbook-multiget>`)
	out["multiget, one missing"] = fmt.Sprint(strings.Contains(body, "BEGIN:VCARD"), strings.Contains(body, "404 Not Found"))
	status, h, _ = s.do("PROPFIND", "/.well-known/carddav", "")
	out["well-known"] = fmt.Sprintf("%d %s", status, h.Get("Location"))
	status, _, _ = s.do("MOVE", s.book+"b.vcf", "", "Destination", s.base+s.book+"moved.vcf")
	out["MOVE"] = fmt.Sprint(status)
	status, _, _ = s.do("MKCOL", s.book, `<?xml version="1.0"?><mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/><C:addressbook/></resourcetype></prop></set></mkcol>`)
	out["MKCOL again"] = fmt.Sprint(status)
	return out
}

// measured is what the real servers answered.
var measured = map[string][3]string{
	"created, created again":                 {"201, 412", "201, 412", "201, 412"},
	"body after PUT":                         {"rewritten", "as it was", "as it was"},
	"If-Match right":                         {"201", "204", "204"},
	"If-Match stale, on missing":             {"412, 412", "412, 412", "412, 412"},
	"DELETE wrong If-Match":                  {"412", "412", "412"},
	"one UID twice":                          {"409 no-uid-conflict", "201", "201"},
	"garbage":                                {"400", "207 412", "403 valid-address-data"},
	"no UID":                                 {"400", "201", "403 valid-address-data"},
	"two in one":                             {"400", "201", "201"},
	"version 2.1":                            {"201", "201", "403 supported-address-data"},
	"XML that does not say so":               {"207", "415", "415"},
	"first answer also has what was deleted": {"true", "false", "false"},
	"cards in it":                            {"true", "false", "true"},
	"put and delete":                         {"true true true", "true true true", "true true true"},
	"a limit":                                {"false", "false", "true"},
	"unknown token":                          {"403 true", "500 false", "403 true"},
	"multiget, one missing":                  {"true true", "true true", "true true"},
	"well-known":                             {"301 /", "302 /", "301 https://dav.example/dav/addressbooks"},
	"no END, empty, a calendar":              {"400, 400, 400", "207 412, 207 412, 207 412", "403 valid-address-data, 403 valid-address-data, 403 valid-address-data"},
	"no FN":                                  {"400", "201", "403 valid-address-data"},
	"no VERSION":                             {"201", "201", "403 valid-address-data"},
	"no UTF-8":                               {"201, read as Latin-1", "201, kept", "201, kept"},
	"version 4.0":                            {"kept", "kept", "as 3.0"},
	"an address that is not ASCII, nor the UID": {"201, encoded", "201, encoded", "201, encoded"},
	"nothing changed": {"false true", "false true", "false true"},
	"MOVE":            {"201", "405", "201"},
	"MKCOL again":     {"405", "405", "403"},
}

func column(n int) map[string]string {
	out := map[string]string{}
	for row, v := range measured {
		out[row] = v[n]
	}
	return out
}

// Each fake answers as the real server did, row by row.
func TestFakesAnswerAsMeasured(t *testing.T) {
	t.Parallel()
	for n, b := range []behaviour{radicaleLike, xandikosLike, cyrusLike} {
		f := newFake(behaviourOf(b), "alice", secret)
		got := script{t: t, base: "https://dav.example", book: f.home + "contacts/", rt: handled{"dav.example": f}}.rows()
		if d := cmp.Diff(column(n), got); d != "" {
			t.Errorf("%s: %s", b.name, d)
		}
	}
	if want := slices.Sorted(slices.Values(keysOf(measured))); len(want) < 27 {
		t.Errorf("only %d rows", len(want))
	}
}

// realRows holds that a real server still answers as it did when it was measured.
func realRows(t *testing.T, base, book string, n int) {
	t.Helper()
	if d := cmp.Diff(column(n), script{t: t, base: base, book: book, rt: http.DefaultTransport}.rows()); d != "" {
		t.Errorf("it answers otherwise than when it was measured: %s", d)
	}
}
