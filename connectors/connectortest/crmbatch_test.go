package connectortest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/rest"
)

// Batches of the vendor and its connector, and the bugs of these.

// bulkItem is one write of a batch, and what became of it.
type bulkItem struct {
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Header map[string]string `json:"header,omitempty"`
	Body   json.RawMessage   `json:"body"`
	Status int               `json:"status,omitempty"`
}

// bulk does writes one after the other, and answers with all creates before all updates.
func (v *vendor) bulk(w http.ResponseWriter, r *http.Request) {
	var in struct{ Items []bulkItem }
	if json.NewDecoder(r.Body).Decode(&in) != nil || len(in.Items) > 8 {
		refuse(w, http.StatusBadRequest, "bad_batch")
		return
	}
	var creates, updates []bulkItem
	for _, item := range in.Items {
		one, req := httptest.NewRecorder(), httptest.NewRequest(item.Method, item.Path, bytes.NewReader(item.Body))
		for k, x := range item.Header {
			req.Header.Set(k, x)
		}
		if item.Method == http.MethodPost {
			v.post(one, req)
		} else {
			v.one(one, req, req.URL.Path[len("/v1/contacts/"):])
		}
		out := bulkItem{Status: one.Code, Body: json.RawMessage(one.Body.Bytes())}
		if item.Method == http.MethodPost {
			creates = append(creates, out)
		} else {
			updates = append(updates, out)
		}
	}
	say(w, 200, map[string]any{"created": creates, "updated": updates})
}

// BatchSize implements connectors.BatchPusher.
func (x *crm) BatchSize() int { return 8 }

// PushBatch implements connectors.BatchPusher.
func (x *crm) PushBatch(ctx context.Context, ins []connectors.Intent) ([]connectors.Pushed, error) {
	if len(ins) == 0 {
		return nil, nil
	}
	out := make([]connectors.Pushed, len(ins))
	if x.bug == "a batch one by one" {
		for i, in := range ins {
			out[i].Record, out[i].Err = x.Push(ctx, in)
		}
		return out, nil
	}
	var items []bulkItem
	for _, in := range ins {
		body, header := map[string]any{}, map[string]string{}
		item := bulkItem{Method: http.MethodPatch, Path: "/v1/contacts/" + url.PathEscape(in.Record.ID), Header: header}
		members := map[string]string{connectors.FieldGiven: "given_name", connectors.FieldFamily: "family_name", connectors.FieldCompany: "company", connectors.FieldNote: "note"}
		for _, name := range in.Changed {
			var values []string
			for _, f := range in.Record.Fields {
				for _, v := range f.Values {
					if f.Name == name {
						values = append(values, v.Text)
					}
				}
			}
			if name == connectors.FieldEmail {
				body["emails"] = values
			} else if len(values) > 0 {
				body[members[name]] = values[0]
			}
		}
		if in.Record.ID == "" {
			item.Method, item.Path, body["ref"] = http.MethodPost, "/v1/contacts", in.Key
			if x.bug != "a batch without keys" {
				header["Idempotency-Key"] = in.ID
			}
		} else if x.bug != "a batch without If-Match" {
			header["If-Match"] = string(in.Expect)
		}
		item.Body, _ = json.Marshal(body)
		items = append(items, item)
	}
	var answer struct{ Created, Updated []bulkItem }
	req := rest.Request{Method: http.MethodPost, Path: "v1/bulk", Body: map[string]any{"items": items}, Read: x.bug == "a batch is tried again"}
	if _, err := x.c.Do(ctx, req, &answer); err != nil {
		if connectors.ClassOf(err) == connectors.Ambiguous && x.bug == "a lost batch is a passing fault" {
			err = &connectors.Error{Class: connectors.Transient, Text: "the CRM is busy", Cause: err}
		}
		return nil, err
	}
	all := slices.Concat(answer.Created, answer.Updated)
	created, updated := 0, len(answer.Created)
	for i, in := range ins {
		at := i
		if x.bug != "a batch answered by place" {
			at = updated
			if in.Record.ID == "" {
				at = created
			}
		}
		if in.Record.ID == "" {
			created++
		} else {
			updated++
		}
		item := all[at]
		var r raw
		_ = json.Unmarshal(item.Body, &r)
		switch {
		case item.Status == http.StatusNotFound:
			out[i].Err = &connectors.Error{Class: connectors.NotFound, Text: "the CRM has it no longer"}
		case item.Status == http.StatusPreconditionFailed:
			out[i].Err = &connectors.Error{Class: connectors.Conflict, Text: "at the CRM this was changed"}
		default:
			out[i].Record = r.record()
		}
		if out[i].Err != nil && x.bug == "one refusal ends a batch" {
			return nil, out[i].Err
		}
	}
	return out, nil
}
