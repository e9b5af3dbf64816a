package woocommerce

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// page answers everything with one answer.
func page(status int, contentType, body string, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
}

// opened is a connection to a handler; said is what it warned of.
func opened(tb testing.TB, h http.Handler, o map[string]string) (c *shop, said *strings.Builder) {
	tb.Helper()
	options := map[string]string{"url": "https://shop.example.com", "key": testKey, "secret": testSecret}
	for k, v := range o {
		options[k] = v
	}
	said = &strings.Builder{}
	s, err := Spec().Open(context.Background(), options, connectors.Env{Now: time.Now, HTTP: memory{h}, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Warn: func(format string, args ...any) { fmt.Fprintf(said, format+"\n", args...) }})
	if err != nil {
		tb.Fatalf("Open: %v", err)
	}
	return s.(*shop), said
}

// What WooCommerce answers with 401 for everything is told apart, in any language and over http too.
func TestWhatIsWrongWithTheKey(t *testing.T) {
	t.Parallel()
	basic, http1 := map[string]string{}, map[string]string{"url": "http://shop.example.com"}
	with := func(o map[string]string, more ...string) map[string]string {
		out := map[string]string{}
		for k, v := range o {
			out[k] = v
		}
		for i := 0; i+1 < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	for name, c := range map[string]struct {
		setup  func(f *Fake)
		o      map[string]string
		class  connectors.Class
		words  []string
		german []string // where they are others
	}{
		"unknown key":             {o: with(basic, "key", "ck_none"), class: connectors.Auth, words: []string{"does not know this consumer key", "REST API > Add key", "oauth"}},
		"wrong secret":            {o: with(basic, "secret", "cs_wrong"), class: connectors.Auth, words: []string{"the secret is not that of this key"}},
		"a key that only writes":  {setup: func(f *Fake) { f.keys[0].Permissions = "write" }, o: basic, class: connectors.Forbidden, words: []string{"may write but not read", "Permissions"}, german: []string{"may not read"}},
		"a user without rights":   {setup: func(f *Fake) { f.keys[0].Customer = true }, o: basic, class: connectors.Forbidden, words: []string{"administrator or shop manager"}},
		"the header is dropped":   {setup: func(f *Fake) { f.Dropped = true }, o: basic, class: connectors.Auth, words: []string{"drops the header Authorization", "auth to oauth"}},
		"unknown key over http":   {o: with(http1, "key", "ck_none"), class: connectors.Auth, words: []string{"does not know this consumer key"}, german: []string{"signature"}},
		"wrong secret over http":  {o: with(http1, "secret", "cs_wrong"), class: connectors.Auth, words: []string{"signature", "http or https"}},
		"the shop's clock":        {setup: func(f *Fake) { f.Skew = time.Hour }, o: http1, class: connectors.Auth, words: []string{"15 minutes", "clock"}},
		"the shop's clock behind": {setup: func(f *Fake) { f.Skew = -20 * time.Minute }, o: http1, class: connectors.Auth, words: []string{"15 minutes", "clock"}},
	} {
		for _, german := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " german ", german), func(t *testing.T) {
				t.Parallel()
				f := NewFake(testKey, testSecret)
				f.German = german
				if c.setup != nil {
					c.setup(f)
				}
				words, class := c.words, c.class
				if german && c.german != nil {
					words, class = c.german, connectors.Auth
				}
				s, _ := opened(t, f, c.o)
				wantError(t, s.Check(context.Background()), class, words...)
				_, err := s.Pull(context.Background(), connectors.Contact, "")
				wantError(t, err, class, words...)
			})
		}
	}
}

func TestTheOtherWaysIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setup func(f *Fake)
		o     map[string]string
	}{
		"plain http":                   {nil, map[string]string{"url": "http://shop.example.com"}},
		"oauth past a dropped header":  {func(f *Fake) { f.Dropped = true }, map[string]string{"auth": "oauth"}},
		"a folder":                     {func(f *Fake) { f.Folder = "/laden" }, map[string]string{"url": "https://shop.example.com/laden/"}},
		"copied from the admin":        {func(f *Fake) { f.Folder = "/laden" }, map[string]string{"url": " https://shop.example.com/laden/wp-admin/admin.php?page=wc-settings "}},
		"copied from the API":          {nil, map[string]string{"url": "https://shop.example.com/wp-json/wc/v3/"}},
		"no permalinks":                {func(f *Fake) { f.Plain = true }, nil},
		"no permalinks, a folder":      {func(f *Fake) { f.Plain, f.Folder = true, "/laden" }, map[string]string{"url": "https://shop.example.com/laden"}},
		"no permalinks and plain http": {func(f *Fake) { f.Plain = true }, map[string]string{"url": "http://shop.example.com"}},
		"port and spaces":              {nil, map[string]string{"url": "https://shop.example.com:8443", "key": " " + testKey + "\n", "secret": testSecret + " "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := NewFake(testKey, testSecret)
			if c.setup != nil {
				c.setup(f)
			}
			s, said := opened(t, f, c.o)
			got, err := s.Push(context.Background(), connectors.Intent{ID: "i", Key: "k", Record: contact(1), Changed: []string{"email", "given"}}) // a write first of all
			if err != nil || got.ID == "" {
				t.Fatalf("Push: %+v, %v", got, err)
			}
			if err := s.Check(context.Background()); err != nil {
				t.Errorf("Check: %v", err)
			}
			if plain := strings.HasPrefix(c.o["url"], "http:"); strings.Contains(said.String(), "https") != plain {
				t.Errorf("warned of: %q", said)
			}
		})
	}
}

// A key that only reads is no fault of a connection that only reads; of one that is to write, CheckWrite and
// each write say where to click.
func TestAKeyThatOnlyReads(t *testing.T) {
	t.Parallel()
	for _, german := range []bool{false, true} {
		for _, url := range []string{"https://shop.example.com", "http://shop.example.com"} {
			f := NewFake(testKey, testSecret)
			f.German = german
			f.keys[0].Permissions = "read"
			s, _ := opened(t, f, map[string]string{"url": url})
			if err := s.Check(context.Background()); err != nil {
				t.Errorf("Check: %v", err)
			}
			wantError(t, s.CheckWrite(context.Background()), connectors.Forbidden, "may read but not write", "edit the key > Permissions")
			f.keys[0].Permissions = "read_write"
			if err := s.CheckWrite(context.Background()); err != nil {
				t.Errorf("CheckWrite with a key that may: %v", err)
			}
			f.keys[0].Permissions = "read"
			_, err := s.Push(context.Background(), connectors.Intent{ID: "i", Key: "k", Record: contact(1), Changed: []string{"email"}})
			wantError(t, err, connectors.Forbidden, "may read but not write", "edit the key > Permissions")
			if ids, err := f.Live(connectors.Contact); err != nil || len(ids) > 0 {
				t.Errorf("%d customers, %v", len(ids), err)
			}
		}
	}
}

// A proxy that sends a signed request again: what was written is not known.
func TestANonceThatWasUsed(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	twice := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := http.NoBody
		first := r.Clone(r.Context())
		first.Body = body
		f.ServeHTTP(discard{http.Header{}}, first)
		f.ServeHTTP(w, r)
	})
	s, _ := opened(t, twice, map[string]string{"url": "http://shop.example.com"})
	wantError(t, s.Check(context.Background()), connectors.Transient, "cache or proxy")
	s.met.Store(true)
	_, err := s.Push(context.Background(), connectors.Intent{ID: "i", Key: "k", Record: contact(1), Changed: []string{"email"}})
	wantError(t, err, connectors.Ambiguous, "whether it was written is not known")
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func TestWhatStandsBeforeTheShop(t *testing.T) {
	t.Parallel()
	const html, json = "text/html; charset=UTF-8", "application/json; charset=UTF-8"
	for name, c := range map[string]struct {
		h     http.Handler
		class connectors.Class
		words []string
	}{
		"a hotel's network":     {page(200, html, "<!DOCTYPE html><title>Welcome to the hotel</title>"), connectors.Transient, []string{"web page where its API should be", "check the address", "sign-in"}},
		"no WordPress":          {page(404, html, "<html><h1>404 Not Found</h1><hr>nginx</html>"), connectors.Invalid, []string{"web page where its API should be", "folder"}},
		"no WooCommerce":        {page(404, json, `{"code":"rest_no_route","message":"No route was found","data":{"status":404}}`), connectors.Invalid, []string{"WordPress > Plugins"}},
		"a firewall":            {page(403, html, "<html><title>Attention Required! | Cloudflare</title></html>"), connectors.Forbidden, []string{"firewall", "/wp-json/wc/"}},
		"a staging site":        {page(401, html, "<html>401 Authorization Required</html>", "Www-Authenticate", `Basic realm="Staging"`), connectors.Auth, []string{"staging"}},
		"a closed API":          {page(401, json, `{"code":"rest_login_required","message":"REST API restricted to authenticated users.","data":{"status":401}}`), connectors.Auth, []string{"plug-in", "rest_login_required"}},
		"a closed API 403":      {page(403, json, `{"code":"rest_forbidden","message":"no","data":{"status":403}}`), connectors.Forbidden, []string{"plug-in"}},
		"slow down":             {page(429, html, "<html>Too many</html>", "Retry-After", "3600"), connectors.RateLimited, []string{"slow down"}},
		"maintenance":           {page(503, html, "<html>Briefly unavailable for scheduled maintenance.</html>"), connectors.Transient, []string{"trouble of its own"}},
		"a crash of a plug-in":  {page(500, json, `{"code":"internal_server_error","message":"<p>There has been a critical error on this website.</p>","data":{"status":500}}`), connectors.Transient, []string{"trouble of its own"}},
		"nonsense":              {page(200, json, `{"hello":`), connectors.Transient, []string{"half an answer"}},
		"another API":           {page(200, json, `{"hello":"world"}`), connectors.Transient, []string{"not what was expected"}},
		"parameters are cut":    {page(401, json, `{"code":"woocommerce_rest_authentication_missing_parameter","message":"Missing OAuth parameter oauth_nonce","data":{"status":401}}`), connectors.Auth, []string{"cut the key"}},
		"an error with a list":  {page(400, json, `{"code":"rest_invalid_param","message":"x","data":[]}`), connectors.Invalid, nil},
		"an error without data": {page(401, json, `{"code":5,"message":null,"data":null}`), connectors.Auth, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := opened(t, c.h, nil)
			_, err := s.Pull(context.Background(), connectors.Contact, "")
			wantError(t, err, c.class, c.words...)
			s, _ = opened(t, c.h, nil)
			err = s.Check(context.Background())
			if name != "another API" { // the cheapest call looks at no content
				wantError(t, err, c.class, c.words...)
			}
		})
	}
}

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o     map[string]string
		words string
	}{
		{map[string]string{"url": "", "key": "ck_1", "secret": "cs_1"}, "address is missing"},
		{map[string]string{"url": "shop.example.com", "key": "ck_1", "secret": "cs_1"}, "https://shop.example.com"},
		{map[string]string{"url": "ftp://shop.example.com", "key": "ck_1", "secret": "cs_1"}, "https://shop.example.com"},
		{map[string]string{"url": "https://me:pw@shop.example.com", "key": "ck_1", "secret": "cs_1"}, "options of their own"},
		{map[string]string{"url": "https://shop.example.com", "secret": "cs_1"}, "Add key"},
		{map[string]string{"url": "https://shop.example.com", "key": "ck_1", "secret": " "}, "Add key"},
		{map[string]string{"url": "https://shop.example.com", "key": "cs_1", "secret": "ck_1"}, "in each other's place"},
	} {
		_, err := Spec().Open(context.Background(), c.o, connectors.Env{})
		wantError(t, err, connectors.Invalid, c.words)
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%q holds a password", err)
		}
	}
}

// What a write is refused for, in both versions and for a write alone as in a batch.
func TestRefusedWrites(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"7.9.0", "11.0.1"} {
		f := NewFake(testKey, testSecret)
		f.Version = version
		admin := contact(1)
		admin.Fields = append(admin.Fields, field(fieldRole, "administrator"))
		ids := map[string]string{}
		for name, r := range map[string]connectors.Record{"jana": contact(0), "admin": admin} {
			id, err := f.Put(connectors.Contact, "", r, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			ids[name] = id
		}
		s, _ := opened(t, f, nil)
		push := func(id string, change connectors.Field) error {
			r := connectors.Record{Kind: connectors.Contact, ID: id, Fields: []connectors.Field{change}}
			in := connectors.Intent{ID: "i", Key: "k", Record: r, Changed: []string{change.Name}}
			_, err := s.Push(context.Background(), in)
			out, batchErr := s.PushBatch(context.Background(), []connectors.Intent{in})
			if batchErr != nil || len(out) != 1 {
				t.Fatalf("PushBatch: %+v, %v", out, batchErr)
			}
			if a, b := connectors.ClassOf(err), connectors.ClassOf(out[0].Err); a != b && id != ids["admin"] {
				t.Errorf("%s is %s alone and %s in a batch (%v, %v)", change.Name, a, b, err, out[0].Err)
			}
			return err
		}
		wantError(t, push("", field("email", "KUNDE0@example.org")), connectors.Conflict, "already")
		wantError(t, push("", field("email", "jana@@sternwarte")), connectors.Invalid, "does not take this e-mail")
		wantError(t, push("", field("given", "Cher")), connectors.Invalid, "without an e-mail address")
		wantError(t, push(ids["jana"], field("email", "kunde1@example.org")), connectors.Invalid, "another customer has this e-mail")
		wantError(t, push(ids["jana"], field("email", "none")), connectors.Invalid, "does not take this e-mail")
		wantError(t, push(ids["jana"], field("email", "李@例子.example")), connectors.Invalid, "Latin letters")
		wantError(t, push("4711", field("given", "x")), connectors.NotFound)
		wantError(t, push("email:jana@x.example", field("given", "x")), connectors.Invalid, "guest")
		wantError(t, push("abc", field("given", "x")), connectors.NotFound)
		_, err := s.Push(context.Background(), connectors.Intent{Record: connectors.Record{Kind: connectors.Order, ID: "1"}})
		wantError(t, err, connectors.Invalid, "read only")
		gone := connectors.Intent{ID: "d", Record: connectors.Record{Kind: connectors.Contact, ID: ids["admin"]}}
		if version == "11.0.1" {
			wantError(t, push(ids["admin"], field("email", "neu@x.example")), connectors.Forbidden, "WordPress > Users")
			wantError(t, s.Delete(context.Background(), gone), connectors.Forbidden, "WordPress > Users")
		} else if err := s.Delete(context.Background(), gone); err != nil {
			t.Errorf("Delete in %s: %v", version, err)
		}
	}
	// What is found out before it is sent elsewhere.
	for code, class := range map[string]connectors.Class{"customer_invalid_email": connectors.Invalid, "registration-error-invalid-email": connectors.Invalid, "woocommerce_rest_trash_not_supported": connectors.Invalid,
		"registration-error-username-exists": connectors.Invalid, "woocommerce_rest_request_entity_too_large": connectors.Invalid, "rest_invalid_json": connectors.Invalid, "rest_invalid_param": connectors.Invalid} {
		wantError(t, (&shop{name: "the shop"}).refused(refusal{Code: code}), class)
	}
	// A shop that makes no accounts by itself.
	s, _ := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			page(200, "application/json", `[]`).ServeHTTP(w, r)
			return
		}
		page(400, "application/json", `{"code":"rest_missing_callback_param","message":"Missing parameter(s): password","data":{"status":400,"params":["password"]}}`).ServeHTTP(w, r)
	}), nil)
	_, err := s.Push(context.Background(), connectors.Intent{ID: "i", Key: "k", Record: contact(1), Changed: []string{"email"}})
	wantError(t, err, connectors.Invalid, "Accounts & Privacy")
}
