package woocommerce

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// batchSize is how many writes go into one call. The API takes a hundred, but works through them one
// by one, and hosts end what takes longer than half a minute.
const batchSize = 50

// BatchSize implements [connectors.BatchPusher].
func (s *shop) BatchSize() int { return batchSize }

// batchItem is one thing of a batch's answer: a customer, or why not.
type batchItem struct {
	customer
	refusal *refusal
}

func (b *batchItem) UnmarshalJSON(raw []byte) error {
	var e struct {
		ID    number          `json:"id"`
		Error json.RawMessage `json:"error"`
	}
	*b = batchItem{}
	if !isObject(raw) {
		return nil
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	if isObject(e.Error) {
		b.ID, b.refusal = e.ID, &refusal{}
		return json.Unmarshal(e.Error, b.refusal)
	}
	return json.Unmarshal(raw, &b.customer)
}

// of says whether a customer is the one that an intent made.
func (b *batchItem) of(in connectors.Intent) bool {
	if k := b.key(); k != "" {
		return k == keyOf(in)
	}
	for _, v := range valuesOf(in.Record, connectors.FieldEmail) { // a plug-in may hide meta fields
		if strings.EqualFold(strings.TrimSpace(v.Text), string(b.Email)) {
			return true
		}
	}
	return false
}

// PushBatch creates and updates customers with one call, after one that reads those who are updated.
func (s *shop) PushBatch(ctx context.Context, ins []connectors.Intent) ([]connectors.Pushed, error) {
	out := make([]connectors.Pushed, len(ins))
	now, err := s.present(ctx, ins)
	if err != nil {
		return nil, err
	}
	var creates, updates []int
	bodies := make([]map[string]any, len(ins))
	for i, in := range ins {
		if out[i].Err = s.writable(in); out[i].Err != nil {
			continue
		}
		c := &customer{}
		if in.Record.ID != "" {
			if c = now[in.Record.ID]; c == nil {
				out[i].Err = s.error(connectors.NotFound, "%s has no customer %s any more", s.name, in.Record.ID)
				continue
			}
		}
		b, err := s.body(in, c)
		switch {
		case in.Record.ID != "" && err == nil && len(b) == 0: // they are so already
			out[i].Record = c.record()
		case in.Record.ID != "" && s.stale(in, c) != nil:
			out[i].Err = s.stale(in, c)
		case err != nil:
			out[i].Err = err
		case in.Record.ID == "":
			bodies[i], creates = b, append(creates, i)
		default:
			b["id"] = int64(c.ID)
			bodies[i], updates = b, append(updates, i)
		}
	}
	if err := s.batch(ctx, ins, bodies, creates, updates, out); err != nil {
		return nil, err
	}
	return out, nil
}

// present reads the customers that intents update, by ID.
func (s *shop) present(ctx context.Context, ins []connectors.Intent) (map[string]*customer, error) {
	var ids []string
	for _, in := range ins {
		if in.Record.Kind == connectors.Contact {
			ids = append(ids, in.Record.ID)
		}
	}
	ids = numbers(ids)
	now := map[string]*customer{}
	for len(ids) > 0 {
		n := min(len(ids), s.perPage)
		var all list[customer]
		q := url.Values{"include": {strings.Join(ids[:n], ",")}, "role": {"all"}, "per_page": {strconv.Itoa(s.perPage)}}
		if _, err := s.do(ctx, http.MethodGet, "customers", q, nil, &all); err != nil {
			return nil, err
		}
		for i := range all {
			now[strconv.FormatInt(int64(all[i].ID), 10)] = &all[i]
		}
		ids = ids[n:]
	}
	return now, nil
}

// batch sends bodies and fills in what became of them. Its own error means that the whole call
// failed, and that nothing else is known of any of the intents.
func (s *shop) batch(ctx context.Context, ins []connectors.Intent, bodies []map[string]any, creates, updates []int, out []connectors.Pushed) error {
	sent := len(creates) + len(updates)
	if sent == 0 {
		return ctx.Err()
	}
	body := map[string]any{}
	for name, of := range map[string][]int{"create": creates, "update": updates} {
		var all []map[string]any
		for _, i := range of {
			all = append(all, bodies[i])
		}
		if len(all) > 0 {
			body[name] = all
		}
	}
	var answer struct {
		Create []batchItem `json:"create"`
		Update []batchItem `json:"update"`
	}
	a, err := s.do(ctx, http.MethodPost, "customers/batch", nil, body, &answer)
	switch {
	case a.Status == http.StatusRequestEntityTooLarge && sent > 1: // refused at the door, by the shop or by what stands before it
		c, u := len(creates)/2, len(updates)/2
		if len(creates) == 1 && len(updates) == 1 {
			c = 1
		}
		if err := s.batch(ctx, ins, bodies, creates[:c], updates[:u], out); err != nil {
			return err
		}
		return s.secondHalf(ctx, ins, bodies, creates[c:], updates[u:], out)
	case err != nil && sent == len(ins):
		return err
	case err != nil:
		for _, of := range [][]int{creates, updates} {
			for _, i := range of {
				out[i].Err = err
			}
		}
		return nil
	}
	for n, i := range creates {
		out[i] = s.became(ctx, ins[i], answer.Create, n)
	}
	for n, i := range updates {
		out[i] = s.became(ctx, ins[i], answer.Update, n)
	}
	return nil
}

// secondHalf sends the second half of what was too large. Its error holds for that half alone: the first
// was written.
func (s *shop) secondHalf(ctx context.Context, ins []connectors.Intent, bodies []map[string]any, creates, updates []int, out []connectors.Pushed) error {
	if err := s.batch(ctx, ins, bodies, creates, updates, out); err != nil {
		for _, of := range [][]int{creates, updates} {
			for _, i := range of {
				out[i].Err = err
			}
		}
	}
	return nil
}

// became gives what an answer says of one intent, by its place in it.
func (s *shop) became(ctx context.Context, in connectors.Intent, all []batchItem, n int) connectors.Pushed {
	unknown := s.error(connectors.Ambiguous, "%s did not say what became of one of the changes; whether it was written is not known", s.name)
	if n >= len(all) {
		return connectors.Pushed{Err: unknown}
	}
	item := &all[n]
	if item.refusal != nil {
		err := s.itemRefused(*item.refusal)
		if in.Record.ID == "" {
			rec, err := s.again(ctx, in, item.refusal.Code, err)
			return connectors.Pushed{Record: rec, Err: err}
		}
		return connectors.Pushed{Err: err}
	}
	if item.ID <= 0 || in.Record.ID != "" && strconv.FormatInt(int64(item.ID), 10) != in.Record.ID || in.Record.ID == "" && !item.of(in) {
		return connectors.Pushed{Err: unknown}
	}
	return connectors.Pushed{Record: item.record()}
}

// itemRefused gives the error of one thing of a batch.
func (s *shop) itemRefused(r refusal) error {
	e := s.refused(r)
	if e == nil {
		e = s.error(connectors.Invalid, "%s refuses this (%s)", s.name, short(r.Code))
		switch {
		case strings.HasPrefix(r.Code, "woocommerce_rest_cannot_"):
			e = s.error(connectors.Forbidden, "%s does not let the key's user do this to this customer; do it in WordPress > Users", s.name)
		case r.Data.Status >= 500:
			e = s.error(connectors.Ambiguous, "%s had trouble of its own with this one; whether it was written is not known", s.name)
		}
	}
	e.Text = s.rest.Mask().Text(e.Text)
	return e
}
