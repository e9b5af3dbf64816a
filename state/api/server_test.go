package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// echo is a table without a store.
type (
	thing struct {
		Name  string            `json:"name"`
		Names []string          `json:"names"`
		Minor int64             `json:"minor"`
		At    time.Time         `json:"at"`
		Tags  map[string]string `json:"tags,omitempty"`
		Next  *thing            `json:"next,omitempty"`
	}
	echo struct {
		Echo   func(context.Context, thing) (thing, error)    `api:"read"`
		Who    func(context.Context, struct{}) (thing, error) `api:"write"`
		Fail   func(context.Context, string) (thing, error)   `api:"write"`
		Wait   func(context.Context, string) (thing, error)   `api:"read"`
		Long   func(context.Context, thing) (thing, error)    `api:"long"`
		Stream func(context.Context, thing, io.Writer) error  `api:"stream"`
		Absent func(context.Context, thing) (thing, error)    `api:"read"`
	}
)

// domainError stands for the error type of the domain.
type domainError struct {
	Code string
	Who  string
	N    int
}

func (e *domainError) Error() string     { return fmt.Sprintf("%s: %s %d", e.Code, e.Who, e.N) }
func (e *domainError) ErrorCode() string { return e.Code }

var domainCodec = Codec{
	Encode: func(err error) (Fault, bool) {
		var d *domainError
		if !errors.As(err, &d) {
			return Fault{}, false
		}
		args, _ := json.Marshal(d)
		return Fault{Code: d.Code, Message: d.Error(), Args: args}, true
	},
	Decode: func(f Fault) error {
		var d domainError
		if f.Args == nil || json.Unmarshal(f.Args, &d) != nil || d.Code == "" {
			return nil
		}
		return &d
	},
	Status: func(code string) int {
		if code == "not_found" {
			return http.StatusNotFound
		}
		return 0
	},
}

func echoTable() echo {
	return echo{
		Echo: func(_ context.Context, in thing) (thing, error) { return in, nil },
		Who: func(ctx context.Context, _ struct{}) (thing, error) {
			r := RequestFrom(ctx)
			out := thing{Name: r.Actor, Names: []string{r.ID}}
			if r.Zone != "" {
				out.Tags = map[string]string{"zone": r.Zone, "asked": fmt.Sprint(r.ZoneAsked)}
			}
			if r.Chat != "" {
				out.Tags = map[string]string{"chat": r.Chat}
			}
			return out, nil
		},
		Fail: func(_ context.Context, how string) (thing, error) {
			switch how {
			case "panic":
				panic("secret detail")
			case "plain":
				return thing{}, errors.New("the disk is full")
			}
			return thing{}, fmt.Errorf("wrapped: %w", &domainError{"not_found", how, 812})
		},
		Wait: func(ctx context.Context, _ string) (thing, error) {
			<-ctx.Done()
			return thing{}, ctx.Err()
		},
		Long: func(_ context.Context, in thing) (thing, error) { return in, nil },
		Stream: func(_ context.Context, in thing, w io.Writer) error {
			for _, n := range in.Names {
				if n == "fail" {
					return &domainError{"broken", "王小明 🎉", 7}
				}
				if _, err := io.WriteString(w, n); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

const token = "0123456789abcdef"

// overTCP serves the table as a serving process would and gives a client.
func overTCP(t testing.TB, table any, o Options) (echo, *httptest.Server) {
	t.Helper()
	so := o
	so.Hosts, so.Token = []string{"127.0.0.1"}, token
	srv := httptest.NewServer(Handler(table, so))
	t.Cleanup(srv.Close)
	return Client[echo](TCP(srv.Listener.Addr().String(), token), o), srv
}

func text(t *rapid.T, name string) string {
	return rapid.SampledFrom([]string{"", "王小明", "محمد", "Zoë 🎉", "+86 139", "a\x00b\n", "<&>\u2028"}).Draw(t, name) + strings.ToValidUTF8(rapid.String().Draw(t, name+"2"), "?")
}

// The law: over the wire and in the process, a call gives the same.
func TestOverTheWireIsAsInTheProcess(t *testing.T) {
	t.Parallel()
	local := echoTable()
	remote, _ := overTCP(t, local, Options{})
	rapid.Check(t, func(rt *rapid.T) {
		zone := time.FixedZone("", rapid.SampledFrom([]int{0, 8 * 3600, -(3*3600 + 1800)}).Draw(rt, "zone"))
		in := thing{
			Name: text(rt, "name"), Minor: rapid.Int64().Draw(rt, "minor"),
			At:   time.Unix(rapid.Int64Range(0, 4e9).Draw(rt, "at"), rapid.Int64Range(0, 999999999).Draw(rt, "ns")).In(zone),
			Tags: map[string]string{text(rt, "k"): text(rt, "v")},
			Next: &thing{Names: []string{text(rt, "n")}},
		}
		a, errA := local.Echo(t.Context(), in)
		b, errB := remote.Echo(t.Context(), in)
		if errA != nil || errB != nil {
			rt.Fatal(errA, errB)
		}
		if d := cmp.Diff(a, b); d != "" {
			rt.Fatal(d)
		}
		var x, y bytes.Buffer
		if err := errors.Join(local.Stream(t.Context(), *in.Next, &x), remote.Stream(t.Context(), *in.Next, &y)); err != nil {
			rt.Fatal(err)
		}
		if x.String() != y.String() {
			rt.Fatalf("streamed %q, want %q", y.String(), x.String())
		}
	})
}

func TestErrorsCrossWithCodeAndArguments(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	remote, srv := overTCP(t, echoTable(), Options{Codec: domainCodec, Log: slog.New(slog.NewTextHandler(&log, nil))})
	_, err := remote.Fail(t.Context(), "محمد 🎉")
	var d *domainError
	if !errors.As(err, &d) || *d != (domainError{"not_found", "محمد 🎉", 812}) {
		t.Errorf("got %#v", err)
	}
	_, err = remote.Fail(t.Context(), "plain")
	var own *Error
	if !errors.As(err, &own) || own.Code != CodeInternal || own.Message != "the disk is full" {
		t.Errorf("got %#v", err)
	}
	_, err = remote.Fail(t.Context(), "panic")
	if code := err.(CodedError).ErrorCode(); code != CodeInternal || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "goroutine") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(log.String(), "secret detail") {
		t.Error("the log does not tell of the panic")
	}
	_, err = remote.Absent(t.Context(), thing{})
	if err.(CodedError).ErrorCode() != CodeUnknownMethod {
		t.Errorf("got %v", err)
	}
	if resp, body := post(t, srv, "/v1/fail", `"x"`, nil); resp.StatusCode != 404 || !strings.Contains(body, `"args":{"Code":"not_found","Who":"x","N":812}`) {
		t.Errorf("status %d, body %s", resp.StatusCode, body)
	}

	var out bytes.Buffer
	err = remote.Stream(t.Context(), thing{Names: []string{"one", "fail"}}, &out)
	if !errors.As(err, &d) || d.Who != "王小明 🎉" || out.String() != "one" {
		t.Errorf("after %q: %v", out.String(), err)
	}
	err = remote.Stream(t.Context(), thing{Names: []string{"fail"}}, &out)
	if !errors.As(err, &d) || d.Code != "broken" {
		t.Errorf("before the first byte: %v", err)
	}
}

func TestCodecDefaults(t *testing.T) {
	t.Parallel()
	var c Codec
	if f := c.encode(&domainError{"gone", "x", 1}); f.Code != "gone" || f.Message == "" {
		t.Errorf("got %+v", f)
	}
	for _, want := range []error{context.Canceled, context.DeadlineExceeded} {
		if err := c.decode(c.encode(fmt.Errorf("deep: %w", want))); !errors.Is(err, want) {
			t.Errorf("%v came back as %v", want, err)
		}
	}
	for code, want := range map[string]int{CodeBadRequest: 400, CodeUnauthorized: 401, CodeForeign: 403, CodeUnknownMethod: 404,
		CodeVersion: 409, CodeTooLarge: 413, "of the domain": 422, CodeCancelled: 499, CodeInternal: 500, CodeDraining: 503, CodeTimeout: 504} {
		if got := c.status(code); got != want {
			t.Errorf("%s has status %d, want %d", code, got, want)
		}
	}
}

// post sends a request by hand; headers replace the usual ones, an empty value removes one.
func post(t testing.TB, srv *httptest.Server, path, body string, headers map[string]string) (*http.Response, string) {
	t.Helper()
	method := "POST"
	if m := headers["method"]; m != "" {
		method = m
	}
	r, err := http.NewRequestWithContext(context.Background(), method, srv.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "Kept-Version": {"1"}, "Authorization": {"Bearer " + token}}
	for k, v := range headers {
		switch {
		case k == "method":
		case k == "Host":
			r.Host = v
		case v == "":
			r.Header.Del(k)
		default:
			r.Header.Set(k, v)
		}
	}
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(raw)
}

func TestStrangersAndMistakesAreRefused(t *testing.T) {
	t.Parallel()
	_, srv := overTCP(t, echoTable(), Options{MaxRequest: 100})
	type h map[string]string
	for _, c := range []struct {
		what, path, body string
		h                h
		status           int
		says             string
	}{
		{"all is well", "/v1/echo", `{"name":"x"}`, nil, 200, `"name":"x"`},
		{"an empty body is the zero value", "/v1/echo", "", nil, 200, `"minor":0`},
		{"another host", "/v1/echo", "{}", h{"Host": "evil.example"}, 403, `"foreign"`},
		{"another host with our port", "/v1/echo", "{}", h{"Host": "evil.example:80"}, 403, `"foreign"`},
		{"the socket's host", "/v1/echo", "{}", h{"Host": "kept"}, 403, `"foreign"`},
		{"a web page", "/v1/echo", "{}", h{"Origin": "https://evil.example"}, 403, "Origin"},
		{"a sandboxed page", "/v1/echo", "{}", h{"Origin": "null"}, 403, "Origin"},
		{"a link", "/v1/echo", "{}", h{"Referer": "http://127.0.0.1/"}, 403, "Referer"},
		{"no token", "/v1/echo", "{}", h{"Authorization": ""}, 401, "token"},
		{"the token bare", "/v1/echo", "{}", h{"Authorization": token}, 401, "token"},
		{"a wrong token", "/v1/echo", "{}", h{"Authorization": "Bearer " + token + "x"}, 401, "token"},
		{"the greeting without a token", "/v1/_hello", "{}", h{"Authorization": ""}, 401, "token"},
		{"the greeting", "/v1/_hello", "{}", nil, 200, `"version":"1"`},
		{"draining a plain server", "/v1/_drain", "{}", nil, 404, "_drain"},
		{"GET", "/v1/echo", "", h{"method": "GET"}, 400, "POST"},
		{"a form", "/v1/echo", "{}", h{"Content-Type": "text/plain"}, 400, "Content-Type"},
		{"another version", "/v1/echo", "{}", h{"Kept-Version": "2"}, 409, "restart"},
		{"no version", "/v1/echo", "{}", h{"Kept-Version": ""}, 400, "Kept-Version: 1"},
		{"an unknown method", "/v1/nope", "{}", nil, 404, `\"nope\"`},
		{"a nil func", "/v1/absent", "{}", nil, 404, "absent"},
		{"another path", "/", "{}", nil, 404, "unknown_method"},
		{"no JSON", "/v1/echo", "{", nil, 400, "cannot be read"},
		{"another type", "/v1/echo", `{"minor":"x"}`, nil, 400, "minor"},
		{"an unknown field", "/v1/echo", `{"nmae":1}`, nil, 400, "nmae"},
		{"two values", "/v1/echo", `{} {}`, nil, 400, "more than one"},
		{"too much", "/v1/echo", `{"name":"` + strings.Repeat("x", 100) + `"}`, nil, 413, "100 bytes"},
		{"a long ID", "/v1/echo", `{}`, h{"Kept-Request": strings.Repeat("x", 129)}, 400, "Kept-Request"},
		{"an odd ID", "/v1/echo", `{}`, h{"Kept-Request": "a b"}, 400, "Kept-Request"},
		{"an odd actor", "/v1/echo", `{}`, h{"Kept-Actor": "%zz"}, 400, "Kept-Actor"},
		{"ID and actor", "/v1/who", `{}`, h{"Kept-Request": "r-1", "Kept-Actor": "%E7%8E%8B"}, 200, `"name":"王","names":["r-1"]`},
		{"a long zone", "/v1/who", `{}`, h{"Kept-Zone": strings.Repeat("x", 65)}, 400, "Kept-Zone"},
		{"long work", "/v1/long", `{}`, nil, 200, `"minor":0`},
	} {
		resp, body := post(t, srv, c.path, c.body, c.h)
		if resp.StatusCode != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %s; want %d and %q", c.what, resp.StatusCode, body, c.status, c.says)
		}
		if resp.Header.Get("Kept-Version") != "1" || !json.Valid([]byte(body)) {
			t.Errorf("%s: version %q, body %s", c.what, resp.Header.Get("Kept-Version"), body)
		}
	}
}

func TestVersionsThatDifferSayWhatToDo(t *testing.T) {
	t.Parallel()
	_, srv := overTCP(t, echoTable(), Options{})
	newer := Client[echo](TCP(srv.Listener.Addr().String(), token), Options{Version: "2"})
	_, err := newer.Echo(t.Context(), thing{})
	if err == nil || err.(CodedError).ErrorCode() != CodeVersion || !strings.Contains(err.Error(), "restart the running one") {
		t.Errorf("got %v", err)
	}
}

func TestOtherServersAreNotKept(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	_, err := Client[echo](TCP(srv.Listener.Addr().String(), ""), Options{}).Echo(t.Context(), thing{})
	if err == nil || !strings.Contains(err.Error(), "is not kept") {
		t.Errorf("got %v", err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	_, srv := overTCP(t, echoTable(), Options{})
	small := Client[echo](TCP(srv.Listener.Addr().String(), token), Options{MaxResponse: 100})
	if _, err := small.Echo(t.Context(), thing{Name: strings.Repeat("x", 100)}); err == nil || err.(CodedError).ErrorCode() != CodeTooLarge {
		t.Errorf("got %v", err)
	}
	small = Client[echo](TCP(srv.Listener.Addr().String(), token), Options{MaxRequest: 100})
	if _, err := small.Echo(t.Context(), thing{Name: strings.Repeat("x", 100)}); err == nil || err.(CodedError).ErrorCode() != CodeTooLarge {
		t.Errorf("got %v", err)
	}
}

func TestHandlerPanicsOnAWrongTable(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Handler(struct{ X int }{}, Options{})
}

func TestActorAndIDComeFromTheContext(t *testing.T) {
	t.Parallel()
	remote, _ := overTCP(t, echoTable(), Options{Actor: "ops\\Jürgen 王"})
	got, err := remote.Who(t.Context(), struct{}{})
	if err != nil || got.Name != "ops\\Jürgen 王" || len(got.Names[0]) != 32 {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = remote.Who(WithRequest(t.Context(), Request{ID: "slack-17", Actor: "jana"}), struct{}{})
	if err != nil || got.Name != "jana" || got.Names[0] != "slack-17" {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = remote.Who(WithRequest(t.Context(), Request{Chat: "kept:s2:Jürgen 王"}), struct{}{})
	if err != nil || got.Tags["chat"] != "kept:s2:Jürgen 王" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := remote.Who(WithRequest(t.Context(), Request{Chat: strings.Repeat("x", 300)}), struct{}{}); err == nil {
		t.Error("a chat account of any length is taken")
	}
	for _, asked := range []bool{false, true} {
		got, err = remote.Who(WithRequest(t.Context(), Request{Zone: "America/Argentina/Ushuaia", ZoneAsked: asked}), struct{}{})
		if err != nil || got.Tags["zone"] != "America/Argentina/Ushuaia" || got.Tags["asked"] != fmt.Sprint(asked) || got.Name == "" {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	if Login() == "" {
		t.Error("no login")
	}
}

// FuzzRequest: whatever a stranger sends, the answer is JSON and no crash.
func FuzzRequest(f *testing.F) {
	h := Handler(echoTable(), Options{})
	f.Add("/v1/echo", `{"name":"王"}`, "kept", "1", "id", "actor")
	f.Add("/v1/stream", `{"names":["a","fail"]}`, "kept:80", "1", "", "%E7")
	f.Add("/v1/fail", `"panic"`, "[kept]", "1", " ", "%")
	f.Add("/v1/_hello", "", "kept", "", "", "")
	f.Fuzz(func(t *testing.T, path, body, host, version, id, actor string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.URL.Path, r.Host = path, host
		r.Header = http.Header{"Content-Type": {"application/json"}, "Kept-Version": {version}, "Kept-Request": {id}, "Kept-Actor": {actor}}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // so that "wait" ends
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r.WithContext(ctx))
		if w.Header().Get("Content-Type") == "application/json" && !json.Valid(w.Body.Bytes()) {
			t.Errorf("status %d, body %q", w.Code, w.Body)
		}
	})
}

func TestHandlerTakesAPointer(t *testing.T) {
	t.Parallel()
	table := echoTable()
	s, err := newServer(reflect.ValueOf(&table), Options{}.filled())
	if err != nil || len(s.methods) != 7 {
		t.Errorf("got %d methods, %v", len(s.methods), err)
	}
}
