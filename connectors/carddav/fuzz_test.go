package carddav

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// FuzzAnswers lets a server say anything: nothing panics, nothing goes round in circles, what is told
// is whole, and nothing is gone that the server did not say is gone.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{
		`<multistatus xmlns="DAV:"/>`,
		`<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><response><href>/alice/contacts/a.vcf</href><propstat><prop><getetag>"1"</getetag><C:address-data>BEGIN:VCARD&#13;
FN:A&#11;
END:VCARD</C:address-data></prop><status>HTTP/1.1 200 OK</status></propstat></response><response><href>/alice/contacts/b.vcf</href><status>HTTP/1.1 404 Not Found</status></response><sync-token>t</sync-token></multistatus>`,
		`<D:multistatus xmlns:D="DAV:"><D:response><D:href>/alice/contacts/</D:href><D:status>HTTP/1.1 507 x</D:status></D:response><D:response><D:href>%zz</D:href></D:response><D:sync-token>u</D:sync-token></D:multistatus>`,
		`<error xmlns="DAV:"><valid-sync-token/></error>`, "\xff\xfe<", "<a><a><a>", "",
	} {
		f.Add(s, 207, `{"v":1,"at":"","home":"https://dav.example/alice/","books":[{"id":"contacts/","t":"x"}]}`)
		f.Add(s, 403, "")
		f.Add(s, 500, `{"v":1,"at":"","home":"https://dav.example/alice/","books":[{"id":"contacts/","t":"x","n":"y","a":"/alice/contacts/a.vcf","o":true,"p":true}]}`)
	}
	f.Fuzz(func(t *testing.T, body string, status int, from string) {
		if status < 200 || status > 599 {
			status = 207
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		defer func() {
			if ctx.Err() != nil {
				t.Errorf("it does not end")
			}
		}()
		good := newFake(behaviourOf(radicaleLike), "alice", secret)
		good.store(good.books["/alice/contacts/"], "a.vcf", simple("a", "A"))
		var asked atomic.Int64 // two things are asked at a time
		hosts := handled{"dav.example": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n := asked.Add(1); n > 400 {
				t.Errorf("asked %d times", n)
				panic(http.ErrAbortHandler)
			}
			if r.Method == "REPORT" || r.Method == http.MethodPut || r.Method == http.MethodDelete {
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
				return
			}
			good.ServeHTTP(w, r)
		})}
		x, err := spec(testSizes, noDNS{}).Open(ctx, map[string]string{"url": "https://dav.example", "user": "alice", "password": secret},
			connectors.Env{HTTP: hosts, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
		if err != nil {
			t.Fatal(err)
		}
		c := x.(*connection)
		at := connectors.Cursor(strings.Replace(from, `"at":""`, `"at":"`+c.at+`"`, 1))
		for range 5 {
			page, err := c.Pull(ctx, connectors.Contact, at)
			if err != nil {
				break
			}
			for _, ch := range page.Changes {
				if ch.Gone && !strings.Contains(body, "404") && !strings.Contains(body, "410") {
					t.Fatalf("%s is told as gone", ch.Record.ID)
				}
				if ch.Record.ID == "" {
					t.Fatal("a record without ID")
				}
			}
			if at = page.Next; !page.More {
				break
			}
		}
		in := connectors.Intent{ID: "i", Key: "k", Record: connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{{Name: "name", Values: []connectors.Value{{Text: "New"}}}}}, Changed: []string{"name"}}
		if rec, err := c.Push(ctx, in); err == nil && rec.ID == "" {
			t.Fatal("pushed to nowhere")
		}
		in.Record.ID = "contacts/a.vcf"
		if err := c.Delete(ctx, in); err == nil && status >= 300 && status != 404 && status != 410 && status != 412 && status != 304 {
			t.Fatalf("deleted, though the server said %d", status)
		}
	})
}

// FuzzMultistatus reads anything.
func FuzzMultistatus(f *testing.F) {
	f.Add([]byte(`<multistatus xmlns="DAV:"><response><href>/a</href></response></multistatus>`))
	f.Add([]byte("<multistatus xmlns=\"DAV:\"><x>&#x1;\x00\xff</x></multistatus>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		ms, err := parse(body)
		if err != nil {
			return
		}
		u := httptest.NewRequest(http.MethodGet, "https://dav.example/alice/", nil).URL
		s := server{base: u}
		for _, r := range ms.Responses {
			code(r.Status)
			r.found()
			for _, h := range r.Hrefs {
				if p, ok := path(u, h); ok && canonical(s.at(p)) != p {
					t.Fatalf("%q became %q", p, canonical(s.at(p)))
				}
			}
		}
	})
}
