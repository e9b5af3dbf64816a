package service

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/statetest"
)

// slow is a store whose commits take a while, as that of a disk; it counts them.
type slow struct {
	state.Store
	commits atomic.Int64
	takes   time.Duration
	fails   error
}

func (s *slow) Update(ctx context.Context, fn func(state.Tx) error) error {
	s.commits.Add(1)
	time.Sleep(s.takes) // of the bubble's clock
	if s.fails != nil {
		return s.fails
	}
	return s.Store.Update(ctx, fn)
}

func readsLogged(t *testing.T, s state.Store) []*state.Read {
	t.Helper()
	var out []*state.Read
	if err := s.View(context.Background(), func(tx state.Tx) (err error) {
		out, err = state.Reads.List(tx, state.Range{})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReadsAreLoggedInGroupsOffTheAnswersPath(t *testing.T) {
	defer goleak.VerifyNone(t)
	synctest.Test(t, func(t *testing.T) {
		store := &slow{Store: statetest.Mem(), takes: 30 * time.Millisecond}
		s := New(store, nil, Config{}, time.Now)
		s.KeepReads(400 * 24 * time.Hour)
		h := &house{t: t, s: s, store: store, now: time.Now()}
		must[StaffOut](h)(s.StaffAdd(as("x"), StaffAddIn{Name: "Ana Lima", Login: "ana"}))
		h.run("shop", "a.csv", person1("shop", "1", "name", "Jana Köhler"), person1("shop", "2", "name", "李伟"))
		api := s.API()
		commits := store.commits.Load()
		began := time.Now()
		for i := range 50 {
			ctx := WithCaller(context.Background(), Caller{Login: "ana", Request: fmt.Sprint("r", i), From: "terminal"})
			if _, err := api.Brief(ctx, BriefIn{Ref: "c1"}); err != nil {
				t.Fatal(err)
			}
			if _, err := api.Find(ctx, FindIn{Query: "李伟"}); err != nil {
				t.Fatal(err)
			}
			if _, err := api.Brief(ctx, BriefIn{Ref: "c99"}); err == nil {
				t.Fatal("c99 is there")
			}
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("the answers waited %s for the log", d)
		}
		if store.commits.Load() != commits {
			t.Errorf("%d commits on the answers' path", store.commits.Load()-commits)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if store.commits.Load() != commits+1 {
			t.Errorf("%d commits for one group", store.commits.Load()-commits)
		}
		logged := readsLogged(t, store)
		if len(logged) != 50 {
			t.Fatalf("%d entries within a second, want 50", len(logged))
		}
		r := logged[0]
		if r.Actor != "s1" || r.What != "brief" || r.Customer != 1 || r.Request != "r0" || r.From != "terminal" || r.At.IsZero() {
			t.Errorf("%+v", r)
		}
		// What still waits when the process ends is written then.
		if _, err := api.CustomerShow(as("x"), CustomerShowIn{Ref: "c2"}); err != nil {
			t.Fatal(err)
		}
		h.ok(s.Close())
		if logged = readsLogged(t, store); len(logged) != 51 || logged[50].What != "show" || logged[50].Actor != "ops" {
			t.Errorf("%d entries after Close", len(logged))
		}
	})
}

func TestAFullQueueWaitsAndLosesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	synctest.Test(t, func(t *testing.T) {
		store := &slow{Store: statetest.Mem(), takes: 20 * time.Millisecond}
		s := New(store, nil, Config{}, time.Now)
		s.KeepReads(time.Hour)
		var all sync.WaitGroup
		const each = 3000
		for g := range 4 {
			all.Go(func() {
				for i := range each {
					s.reads.add(readEntry{read: state.Read{At: time.Now(), What: "brief", Customer: uint64(g*each + i + 1)}})
				}
			})
		}
		all.Wait()
		h := &house{t: t}
		h.ok(s.Close())
		if n := len(readsLogged(t, store)); n != 4*each {
			t.Errorf("%d of %d entries", n, 4*each)
		}
		if s.readsLost() != 0 {
			t.Errorf("%d lost", s.readsLost())
		}
	})
}

func TestOldReadsArePruned(t *testing.T) {
	defer goleak.VerifyNone(t)
	synctest.Test(t, func(t *testing.T) {
		store := statetest.Mem()
		s := New(store, nil, Config{}, time.Now)
		s.KeepReads(48 * time.Hour)
		for day := range 5 {
			s.reads.add(readEntry{read: state.Read{At: time.Now(), What: "brief", Customer: uint64(day + 1)}})
			time.Sleep(24 * time.Hour)
		}
		h := &house{t: t}
		h.ok(s.Close())
		if logged := readsLogged(t, store); len(logged) != 2 || logged[0].Customer != 4 {
			t.Errorf("kept %d: %+v", len(logged), logged[0])
		}
	})
}

// A state that cannot be written to still answers.
func TestReadsOfAReadOnlyStateAreCountedAsLost(t *testing.T) {
	defer goleak.VerifyNone(t)
	synctest.Test(t, func(t *testing.T) {
		store := &slow{Store: statetest.Mem()}
		s := New(store, nil, Config{}, time.Now)
		h := &house{t: t, s: s, store: store, now: time.Now()}
		h.run("shop", "a.csv", person1("shop", "1", "name", "Jana"))
		s.KeepReads(time.Hour)
		store.fails = &state.Error{Class: state.Failed, Code: "state_read_only"}
		if _, err := s.API().Brief(as("x"), BriefIn{Ref: "c1"}); err != nil {
			t.Fatal(err)
		}
		h.ok(s.Close())
		if s.readsLost() != 1 {
			t.Errorf("%d lost", s.readsLost())
		}
		out, err := s.Doctor(as("x"), DoctorIn{})
		if err != nil || out.ReadsLost != 1 {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// The audit of a customer has what was done to any part of it, by whom, newest first.
func TestAuditFollowsACustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	number := h.jana()
	of := func(in AuditIn) []string {
		var out []string
		last := time.Time{}
		for _, e := range must[AuditOut](h)(h.s.Audit(as("ana"), in)).Entries {
			out = append(out, e.Kind+" "+e.What+" "+e.Actor)
			if !last.IsZero() && e.At.After(last) {
				t.Errorf("%+v: not newest first", in)
			}
			last = e.At
		}
		return out
	}
	all := strings.Join(of(AuditIn{Ref: number}), "\n")
	for _, want := range []string{"read brief Ana Lima", "change import.page Ana Lima", "change note.add Ana Lima", "change promise.add Ana Lima",
		"change optout.add Ana Lima", "change customer.relate Ana Lima", "change customer.keep-apart Ana Lima"} {
		if !strings.Contains(all, want) {
			t.Errorf("not in the audit: %s\n%s", want, all)
		}
	}
	if strings.Contains(all, "staff.add") {
		t.Errorf("the audit of a customer has what is not theirs:\n%s", all)
	}
	if got := of(AuditIn{Ref: h.find("李伟")}); len(got) != 1 || got[0] != "change import.page Ana Lima" {
		t.Errorf("of somebody else: %v", got)
	}
	if got := of(AuditIn{Reads: true}); len(got) != 1 {
		t.Errorf("reads: %v", got)
	}
	if got := of(AuditIn{By: "ops"}); len(got) == 0 || strings.Contains(strings.Join(got, "\n"), "Ana Lima") {
		t.Errorf("by ops: %v", got)
	}
	if got := must[AuditOut](h)(h.s.Audit(as("x"), AuditIn{Limit: 2})); len(got.Entries) != 2 || !got.More {
		t.Errorf("limit: %+v", got)
	}
	if got := of(AuditIn{Since: "2026-11-22"}); len(got) != 0 {
		t.Errorf("since tomorrow: %v", got)
	}
	_, err := h.s.Audit(as("x"), AuditIn{Since: "yesterdayish"})
	h.refused(err, state.Invalid, "bad_date")
	must[CustomerForgetOut](h)(h.s.CustomerForget(as("ana"), CustomerForgetIn{Ref: number}))
	if got := of(AuditIn{Ref: number}); len(got) == 0 || got[0] != "change customer.forget Ana Lima" {
		t.Errorf("of who is gone: %v", got)
	}
}

// An export has all that forgetting erases: the two are made from one list.
func TestExportHasEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	number := h.jana()
	out := must[CustomerExportOut](h)(h.s.CustomerExport(as("ana"), CustomerExportIn{Ref: number}))
	b, err := jsonOf(out)
	h.ok(err)
	for _, want := range append([]string{"NEEDLE note", "NEEDLE promise", "NEEDLEtag", "NEEDLE words", "NEEDLE said no", "NEEDLE apart", "NEEDLE order note",
		"NEEDLE scope", "NEEDLEstadt", "Ana Lima", "household", "import.page", "brief"}, needlesOfJana[:5]...) {
		if !strings.Contains(strings.ToLower(b), strings.ToLower(want)) {
			t.Errorf("not in the export: %s", want)
		}
	}
	for _, other := range []string{"李伟", "13800138000"} {
		if strings.Contains(b, other) {
			t.Errorf("the export has somebody else's %s", other)
		}
	}
	if len(out.Records) != 4 || len(out.History) < 2 || len(out.Promises) != 1 || len(out.Verdicts) == 0 || len(out.Links) != 2 {
		t.Errorf("%d records, %d entries, %d promises, %d verdicts, %d links", len(out.Records), len(out.History), len(out.Promises), len(out.Verdicts), len(out.Links))
	}
}

func jsonOf(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.String(), err
}
