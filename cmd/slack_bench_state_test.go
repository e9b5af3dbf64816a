package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/identity"
)

var (
	crowdGiven = strings.Fields(`Anna Maria Thomas Michael Peter Julia Laura Jan Lukas Sarah Paul Felix Emma Mia James Robert Mary Linda Ana João Pedro
		Inês Pierre Camille Hugo Giulia Marco Jana Petra Jürgen Björn Åsa Søren Olga Ivan Fatima Mohamed Omar Layla 伟 芳 娜 敏 静 秀英 丽 强 磊 军`)
	crowdFamily = strings.Fields(`mann schmi mül ler hoff stein beck wal ter köhl kowal lski novak rossi ferrei santos silva lopez garcia dubois martin berg
		lund ström tom peters hansen kaur singh naka gawa ito mori will brown taylor anders jack hill clark lewis hall young wright scott`)
	crowdHan = []rune(`王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹`)
)

type face struct{ given, family, email, phone string }

// faceOf makes the n-th customer of a crowd, the same each time. A few names are very frequent.
func faceOf(n int) face {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	rare := func(n int) int { x := r.Float64(); return int(x * x * float64(n)) }
	f := face{given: crowdGiven[rare(len(crowdGiven))], email: fmt.Sprintf("p%d@mail.example", n), phone: fmt.Sprintf("+49%010d", 1_000_000_000+n)}
	if f.given > "一" {
		f.family = string(crowdHan[rare(len(crowdHan))])
		return f
	}
	family := []rune(crowdFamily[rare(len(crowdFamily))] + crowdFamily[r.IntN(len(crowdFamily))])
	f.family = strings.ToUpper(string(family[:1])) + string(family[1:])
	return f
}

// crowdState makes a state of n customers, each with a contact record, an order and a message in their
// history, one of twenty with an open promise; or opens the one that KEPT_BENCH_STATE names, where
// that is there already.
func crowdState(b *testing.B, n int) state.Store {
	b.Helper()
	path := sizedState(b)
	_, err := os.Stat(path)
	store, oerr := bolt.Open(path, bolt.Options{Kinds: state.Kinds()})
	if oerr != nil {
		b.Fatal(oerr)
	}
	b.Cleanup(func() { _ = store.Close() })
	if errors.Is(err, fs.ErrNotExist) {
		begun := time.Now()
		for from := 1; from <= n; from += 20_000 {
			if err := store.Update(context.Background(), func(tx state.Tx) error { return people(tx, from, min(from+20_000, n+1), begun.UTC()) }); err != nil {
				b.Fatal(err)
			}
		}
		b.Logf("%d customers with 2 activities each written in %v", n, time.Since(begun).Round(time.Second))
	}
	return store
}

// people writes customers as the service keeps them.
func people(tx state.Tx, from, to int, now time.Time) error {
	w := state.Cause{Actor: "ops", What: "bench", At: now}
	return state.ChangeIn(tx, w, func(w *state.Writer) error {
		for i := from; i < to; i++ {
			n := uint64(i)
			for _, sequence := range []string{state.Customers.Kind.Name, state.Records.Kind.Name} {
				if _, err := w.Next(sequence); err != nil {
					return err
				}
			}
			f := faceOf(i)
			name := identity.Name{Given: f.given, Family: f.family}.String()
			email, phone := identity.EmailIdentifier(f.email), state.Identifier{Type: state.TypePhone, Match: f.phone, Shown: f.phone}
			c := &state.Customer{Number: n, Created: now, Kind: state.Person, Stage: state.StageCustomer, Name: name, Given: f.given, Family: f.family,
				Bases: []uint64{n}, Records: []uint64{n}, Tokens: identity.FindKeys(identity.Findable{Names: []string{name}, Bought: true}),
				Identifiers: []state.Address{{Identifier: email, Connection: "shop"}, {Identifier: phone, Connection: "shop"}}}
			for field, value := range map[string]string{"email": f.email, "phone": f.phone, "given": f.given, "family": f.family} {
				c.Fields = append(c.Fields, state.Believed{Name: field, Values: []state.Value{{Text: value}}, Record: n, At: now})
			}
			record := &state.Record{Key: n, Connection: "shop", Kind: state.KindContact, ID: fmt.Sprint(n), Keyed: state.KeyedID,
				Identifiers: []state.Identifier{email, phone}, Versions: []state.Version{{Run: 1, At: now, Hash: []byte{1}, Fields: []state.Field{
					{Name: "email", Values: []state.Value{{Text: f.email}}}, {Name: "phone", Values: []state.Value{{Text: f.phone}}}}}}}
			at := now.Add(-time.Duration(i%9000) * time.Hour)
			order := &state.Activity{ID: state.ActivityID(n, 0), At: at, Kind: state.ActivityOrder, Channel: "shop", Connection: "shop", Title: fmt.Sprintf("#%d", i),
				Amount: &state.Money{Minor: int64(1000 + i%90_000), Currency: "EUR"}, Counts: true, Record: n}
			mail := &state.Activity{ID: state.ActivityID(n, 1), At: at.Add(time.Hour), Kind: state.ActivityMessage, Channel: "email", Connection: "mail", Title: "Re: your order",
				Body: "When will it arrive? I need it before the weekend, since we go to the observatory on Saturday.", From: email.Match, Record: n}
			for _, err := range []error{
				state.Customers.Put(w, c), state.Records.Put(w, record), state.Links.Put(w, &state.Link{Record: n, Home: n, Base: n, By: "rule", At: now}),
				tx.Append(state.Activities.Kind, state.RecordSubject(n), state.Activities.Kind.Key(order), order),
				tx.Append(state.Activities.Kind, state.IdentifierSubject(email), state.Activities.Kind.Key(mail), mail),
			} {
				if err != nil {
					return err
				}
			}
			if i%20 != 0 {
				continue
			}
			number, err := state.Promises.Next(w)
			if err != nil {
				return err
			}
			p := &state.Promise{Number: number, Base: n, Direction: state.Ours, By: "s1", Text: "send the revised quote for 40 units", State: state.PromiseOpen, Made: at,
				Logged: "s1", Due: &state.Due{At: now.Add(time.Duration(i%400-200) * time.Hour), Zone: "Europe/Berlin", Text: "by Thursday"}}
			if err := state.Promises.Put(w, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkBriefOfCrowd is the barest way to the answer: the service in this process, without Slack.
func BenchmarkBriefOfCrowd(b *testing.B) {
	n := crowdSize(b)
	api := crowdService(b, crowdState(b, n)).API()
	r := rand.New(rand.NewPCG(1, 2))
	took := []time.Duration{}
	for b.Loop() {
		begun := time.Now()
		if _, err := api.Brief(context.Background(), briefOf(1+r.IntN(n))); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begun))
	}
	percentiles(b, took)
}
