package woocommerce

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
)

func creates(from, n int) (ins []connectors.Intent) {
	for i := range n {
		r := contact(from + i)
		in := connectors.Intent{ID: "i" + strconv.Itoa(from+i), Key: "k" + strconv.Itoa(from+i), Record: r}
		for _, f := range r.Fields {
			in.Changed = append(in.Changed, f.Name)
		}
		ins = append(ins, in)
	}
	return ins
}

// What is too large for the web server before the shop goes in smaller parts: it was refused before
// anybody looked at it.
func TestABatchTooLargeForTheDoor(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	f.Door = 2000
	c := conn(t, f)
	ins := creates(0, 20)
	out, err := c.PushBatch(context.Background(), ins)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range out {
		if p.Err != nil || textOf(p.Record, "email") != textOf(ins[i].Record, "email") {
			t.Errorf("%d: %+v", i, p)
		}
	}
	if ids, _ := f.Live(connectors.Contact); len(ids) != 20 {
		t.Errorf("%d customers", len(ids))
	}
	f.Door = 100
	out, err = c.PushBatch(context.Background(), creates(100, 2))
	if err != nil || connectors.ClassOf(out[0].Err) != connectors.Invalid || connectors.ClassOf(out[1].Err) != connectors.Invalid {
		t.Errorf("%+v, %v", out, err)
	}
}

// A hundred in all are what the API takes, and what it says beyond.
func TestTheLimitOfABatch(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	c := conn(t, f)
	if n := c.BatchSize(); n < 2 || n > 100 {
		t.Errorf("a batch is %d", n)
	}
	out, err := c.PushBatch(context.Background(), creates(0, 130))
	if err != nil || len(out) != 130 {
		t.Fatalf("%d, %v", len(out), err)
	}
	for i, p := range out {
		if p.Err != nil {
			t.Errorf("%d: %v", i, p.Err)
		}
	}
}

// Answers that say less than was asked, or of others, leave nobody in doubt about who is meant.
func TestOddAnswersToABatch(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	id, err := f.Put(connectors.Contact, "", contact(90), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(m map[string]any){
		"nothing":  func(m map[string]any) { clear(m) },
		"one less": func(m map[string]any) { m["create"] = m["create"].([]any)[:0] },
		"another":  func(m map[string]any) { m["update"].([]any)[0].(map[string]any)["id"] = 4711 },
		"no id":    func(m map[string]any) { m["create"].([]any)[0].(map[string]any)["id"] = 0 },
		"another's": func(m map[string]any) {
			m["create"].([]any)[0].(map[string]any)["meta_data"] = []any{map[string]any{"key": "kept_key", "value": "other"}}
		},
		"list of null": func(m map[string]any) { m["create"], m["update"] = []any{nil}, []any{"x"} },
		"trouble": func(m map[string]any) {
			m["create"] = []any{map[string]any{"id": 0, "error": map[string]any{"code": "internal_server_error", "message": "x", "data": map[string]any{"status": 500}}}}
			m["update"] = []any{map[string]any{"id": 0, "error": map[string]any{"code": "db_error", "message": "x", "data": map[string]any{"status": "500"}}}}
		},
	} {
		c := conn(t, f)
		c.rest = client(t, memory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			f.ServeHTTP(rec, r)
			var m map[string]any
			if r.Method != http.MethodPost || json.Unmarshal(rec.Body.Bytes(), &m) != nil {
				w.WriteHeader(rec.Code)
				_, _ = w.Write(rec.Body.Bytes())
				return
			}
			change(m)
			_ = json.NewEncoder(w).Encode(m)
		})})
		now, err := c.Fetch(context.Background(), connectors.Contact, []string{id})
		if err != nil || len(now) != 1 {
			t.Fatal(now, err)
		}
		update := connectors.Intent{ID: "u", Key: "u", Expect: now[0].Version, Record: connectors.Record{Kind: connectors.Contact, ID: id, Fields: []connectors.Field{field("given", name)}}, Changed: []string{"given"}}
		out, err := c.PushBatch(context.Background(), append(creates(200, 1), update))
		if err != nil || len(out) != 2 {
			t.Fatalf("%s: %+v, %v", name, out, err)
		}
		for i, p := range out {
			if p.Err != nil && connectors.ClassOf(p.Err) != connectors.Ambiguous {
				t.Errorf("%s: %d is %v", name, i, p.Err)
			}
		}
		if out[0].Err == nil && out[1].Err == nil {
			t.Errorf("%s: believed", name)
		}
		for _, x := range must(f.Live(connectors.Contact)) {
			if x != id {
				if err := f.Delete(connectors.Contact, x); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func must[T any](v T, _ error) T { return v }

// What of a batch needs no call is not sent, and a call that fails says nothing of it.
func TestABatchThatIsPartlyDecided(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	c := conn(t, f)
	guest := connectors.Intent{ID: "g", Record: connectors.Record{Kind: connectors.Contact, ID: "email:x@y.example"}, Changed: []string{"given"}}
	nobody := connectors.Intent{ID: "n", Record: connectors.Record{Kind: connectors.Contact, ID: "4711"}, Changed: []string{"given"}}
	out, err := c.PushBatch(context.Background(), []connectors.Intent{guest, nobody})
	if err != nil || connectors.ClassOf(out[0].Err) != connectors.Invalid || connectors.ClassOf(out[1].Err) != connectors.NotFound || f.Asked() != 1 {
		t.Errorf("%+v, %v, %d requests", out, err, f.Asked())
	}
	c.rest = client(t, before(memory{f}, func(r *http.Request) {
		if r.Method == http.MethodPost {
			r.Header.Set("Authorization", "Basic "+strings.Repeat("x", 10))
		}
	}))
	out, err = c.PushBatch(context.Background(), append(creates(0, 1), guest))
	if err != nil || connectors.ClassOf(out[0].Err) != connectors.Auth || connectors.ClassOf(out[1].Err) != connectors.Invalid {
		t.Errorf("%+v, %v", out, err)
	}
}

// A customer that was made, changed since and asked for again is the same one.
func TestAnIntentAgainLater(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	c := conn(t, f)
	in := creates(1, 1)[0]
	first, err := c.Push(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	change := connectors.Intent{ID: "u", Key: "u", Record: connectors.Record{Kind: connectors.Contact, ID: first.ID, Fields: []connectors.Field{field("given", "Johanna")}}, Changed: []string{"given"}}
	if _, err := c.Push(context.Background(), change); err != nil {
		t.Fatal(err)
	}
	again, err := c.Push(context.Background(), in)
	if err != nil || again.ID != first.ID || textOf(again, "given") != "Johanna" {
		t.Errorf("%+v, %v", again, err)
	}
	in.Key = "another"
	_, err = c.Push(context.Background(), in)
	wantError(t, err, connectors.Conflict, "already")
}

// An update that arrived and is asked for again is no conflict with itself.
func TestAnUpdateAgain(t *testing.T) {
	t.Parallel()
	f := NewFake(testKey, testSecret)
	c := conn(t, f)
	first, err := c.Push(context.Background(), creates(1, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	in := connectors.Intent{ID: "u", Key: "u", Expect: first.Version, Base: first, Record: connectors.Record{Kind: connectors.Contact, ID: first.ID, Fields: []connectors.Field{field("given", "李伟"), field("custom.vip", "ja")}}, Changed: []string{"given", "custom.vip"}}
	now, err := c.Push(context.Background(), in)
	if err != nil || now.Version == first.Version {
		t.Fatal(now, err)
	}
	again, err := c.Push(context.Background(), in)
	if err != nil || again.Version != now.Version {
		t.Errorf("alone: %+v, %v", again, err)
	}
	out, err := c.PushBatch(context.Background(), []connectors.Intent{in})
	if err != nil || out[0].Err != nil || out[0].Record.Version != now.Version {
		t.Errorf("in a batch: %+v, %v", out, err)
	}
}
