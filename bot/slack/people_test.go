package slack

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// Whose an account is the state says: in their language they are answered, and who is nobody of us is
// refused with what ops types. It is asked off the answer's path once it is known.
func TestWhoIsOneOfUs(t *testing.T) {
	t.Parallel()
	var asked, done atomic.Int64
	var left atomic.Bool
	api := service.API{StaffMap: func(ctx context.Context, in service.StaffMapIn) (service.StaffMapOut, error) {
		asked.Add(1)
		if c := service.CallerOf(ctx); c.From != service.FromJob || c.Chat != "" {
			t.Errorf("%+v", c)
		}
		if in.Email != "ana@nordlicht.example" || left.Load() {
			return service.StaffMapOut{}, &state.Error{Class: state.Refused, Code: "chat_unknown", Args: state.Args{"account": in.Account, "id": "T1:U2", "name": in.Name}}
		}
		sleep(ctx, 30*time.Second) // a state that is busy
		return service.StaffMapOut{Staff: service.Staff{Language: "zh", Zone: "Asia/Shanghai"}}, nil
	}}
	h := map[kind]handler{command: func(ctx context.Context, a *App, e event) (answer, error) {
		done.Add(1)
		r := a.reader(ctx, e)
		return says(r.Lang + " " + r.Zone + " " + e.text), nil
	}}
	inWorkspace(t, ground{options: func(o *Options) { o.API = api }}, h, func(w *workspace) {
		w.Command("U2", "C1", "/kept x")
		w.sees("U2", "T1:U2")
		if done.Load() != 0 {
			t.Fatal("who is nobody of us was answered")
		}
		w.Command("U1", "C1", "/kept first")
		w.sees("U1", "zh Asia/Shanghai first")
		time.Sleep(5 * memberFor)
		was := asked.Load()
		began := time.Now()
		w.Command("U1", "C1", "/kept second")
		w.sees("U1", "zh Asia/Shanghai second")
		if took := time.Since(began); took > time.Second {
			t.Errorf("it waited %v for what was known", took)
		}
		time.Sleep(memberFor / 2)
		if asked.Load() != was+1 {
			t.Errorf("asked %d times", asked.Load()-was)
		}
		// Who leaves is answered once more at most; the service refuses them by itself.
		left.Store(true)
		time.Sleep(5 * memberFor)
		w.Command("U1", "C1", "/kept third")
		time.Sleep(memberFor)
		n := done.Load()
		w.Command("U1", "C1", "/kept fourth")
		time.Sleep(memberFor)
		if done.Load() != n {
			t.Error("who has left is still answered")
		}
	})
}
