package service

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/promise"
)

// Caller says on whose behalf a call is made.
type Caller struct {
	Login   string // operating-system login, or a chat user's; the staff member with it is the actor
	Request string // the request's ID; a mutating call with the same ID is done once
	From    string // where the call came from: terminal, socket, job
	Zone    string // the reader's IANA zone where no staff member says otherwise
	// ZoneAsked says that the caller named Zone for this call, so that it beats the staff member's.
	ZoneAsked bool
	// Chat is the account of whoever asks in a chat ("slack:T1:U7"): the staff member who has it is the
	// actor, and sees and does what their role may. Login is not looked at then.
	Chat string
}

// FromJob is where calls of jobs come from; their Login is "job:" and the job's name.
const FromJob = "job"

// FromChat is where calls from a chat come from.
const FromChat = "chat"

type callerKey struct{}

// WithCaller puts the caller into a call's context.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf gives the caller of a call; the zero Caller where none was set.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// Connections is what the service needs of the outside world; the engine has it.
type Connections interface {
	// Import reads files into the state, or with In.Dry tells what it would do.
	Import(ctx context.Context, in ImportIn) (ImportOut, error)
	// Reread reads one corrected row again, as part of the connection that it came from, in the
	// writer's transaction. It returns the contact or order records told.
	Reread(w *state.Writer, q *state.Question, raw string) ([]uint64, error)
	// Sync brings connections in step, or with In.Dry plans to.
	Sync(ctx context.Context, in SyncIn) (SyncOut, error)
	// ConnectionCheck asks connections whether they work.
	ConnectionCheck(ctx context.Context, in ConnectionCheckIn) (ConnectionCheckOut, error)
	// OutboxSend sends what is due, or with In.Dry tells what it would send.
	OutboxSend(ctx context.Context, in OutboxSendIn) (OutboxSendOut, error)
}

// Config is what a person may set; plain values that cmd fills in.
type Config struct {
	Region   string   // default region of phone numbers, ISO 3166: "DE"
	Zone     string   // IANA name; "" is UTC
	Language string   // of whoever reads and has no own: en, zh
	Domains  []string // our own mail domains
	// Ignore are rules (addresses, @domains, "list:" with a mailing list's id) whose mail is left
	// out; Connections says more of single connections, by name.
	Ignore      []string
	Connections map[string]ConnectionConfig
	// Questions is how many questions whether two customers are one wait at a time; 0 is 500. What
	// more is in doubt becomes a question as these are answered, the likeliest first.
	Questions int
	// Followups are the rules and segments of kept.yaml.
	Followups followup.Config
	// Calendar says which days and hours are worked; nil is Monday to Friday, 09:00 to 18:00.
	Calendar *promise.Calendar
	Promises PromiseConfig
	// Gate is what kept.yaml says of who may be contacted; Country reads a country as systems write
	// it, as ISO 3166; nil knows codes alone.
	Gate    GateConfig
	Country func(written string) (code string, ok bool)
	// Access is who may see what in a chat.
	Access Access
	// Notify is how our own people get messages, Unsubscribe how customers say no to more of them.
	Notify      NotifyConfig
	Unsubscribe UnsubscribeConfig
	// Notice puts what our people are told by themselves into words; nil: they get its name alone.
	Notice func(Notice) (subject, text string)
}

// ConnectionConfig is what kept.yaml says of one connection.
type ConnectionConfig struct {
	Mailbox string   // personal, shared; "" is not said
	Owner   string   // of a personal one: a staff member
	Ignore  []string // as [Config.Ignore], for its mail alone
	Brand   string   // under which it deals with customers; "": under all
	// Optout is how it holds that somebody opted out; the zero one: it is not said.
	Optout OptoutMark
	// Synced says that it is synced, Writes that Kept may write to it. OptoutOffer is what Optout could
	// be, as kept.yaml has it: "tag:no-marketing"; "" where its system has no room for it.
	Synced, Writes bool
	OptoutOffer    string
}

// Service answers and acts on one state.
type Service struct {
	store  state.Store
	conns  Connections
	config Config
	now    func() time.Time
	busy   atomic.Int32               // imports that run in this process
	ignore map[string][]identity.Rule // by connection; "" for all
	learnt atomic.Pointer[learnt]     // the model in force, as it was read last
	reads  *readLog                   // nil: reads are not logged ([Service.KeepReads])
	rules  GateConfig                 // those of the gate that hold

	watchStep int // messages in one transaction of the promise watch; 0: as many as is usual
}

// New makes a service. conns may be nil where nothing outside is used. now is the clock; a state
// that remembers a fixed time (the demo's) overrides it.
func New(store state.Store, conns Connections, config Config, now func() time.Time) *Service {
	s := &Service{store: store, conns: conns, config: config, now: now, ignore: map[string][]identity.Rule{}, rules: gateRules(config.Gate)}
	s.ignore[""] = rulesOf(config.Ignore)
	for name, c := range config.Connections {
		s.ignore[name] = rulesOf(c.Ignore)
	}
	return s
}

// rulesOf reads rules; what is none is left out, cmd has refused it.
func rulesOf(words []string) []identity.Rule {
	var out []identity.Rule
	for _, w := range words {
		if r, ok := identity.ParseRule(w); ok {
			out = append(out, r)
		}
	}
	return out
}

// Clock gives the time that holds for a transaction: the state's fixed one, else the clock's. UTC.
func (s *Service) Clock(tx state.Tx) (time.Time, error) {
	b, err := tx.Blob(state.BlobClock)
	if err != nil {
		return time.Time{}, err
	}
	if len(b) > 0 {
		if t, err := time.Parse(time.RFC3339, string(b)); err == nil {
			return t.UTC(), nil
		}
	}
	return s.now().UTC(), nil
}

// change runs a mutating call: once for one request ID, with one entry in the change log. The
// answer of a request that was done already is given again.
func change[Out any](ctx context.Context, s *Service, what string, args state.Args, fn func(*state.Writer) (Out, error)) (Out, error) {
	var out Out
	caller := CallerOf(ctx)
	err := s.store.Update(ctx, func(tx state.Tx) error {
		out = *new(Out)
		now, err := s.Clock(tx)
		if err != nil {
			return err
		}
		if err := s.admit(tx, caller, now); err != nil {
			return err
		}
		if caller.Request != "" {
			done, err := state.Requests.Find(tx, state.TextKey(caller.Request))
			if err != nil {
				return err
			}
			if done != nil {
				if done.Method != what {
					return &state.Error{Class: state.Conflict, Code: "request_reused", Args: state.Args{"id": caller.Request}}
				}
				return json.Unmarshal(done.Answer, &out)
			}
		}
		cause := state.Cause{Request: caller.Request, What: what, Args: args, At: now, Chat: caller.Chat}
		if cause.Actor, err = s.actor(tx, caller); err != nil {
			return err
		}
		return state.ChangeIn(tx, cause, func(w *state.Writer) error {
			if out, err = fn(w); err != nil {
				return s.veiled(tx, caller, now, err)
			}
			if err := s.veil(tx, caller, now, &out); err != nil {
				return err
			}
			return remember(w, caller.Request, what, out)
		})
	})
	if err != nil {
		out = *new(Out)
	}
	return out, err
}

// keepRequests is how long an answered request is remembered: far longer than anybody retries.
const keepRequests = 7 * 24 * time.Hour

func remember(w *state.Writer, id, method string, out any) error {
	if id == "" {
		return nil
	}
	answer, err := json.Marshal(out)
	if err != nil {
		return err
	}
	old, err := state.Requests.List(w.Tx(), state.Range{Index: "at", To: state.TimeKey(w.Cause.At.Add(-keepRequests)), Limit: 100})
	if err != nil {
		return err
	}
	for _, r := range old {
		if _, err := state.Requests.Delete(w, state.TextKey(r.ID)); err != nil {
			return err
		}
	}
	return state.Requests.Put(w, &state.Request{ID: id, At: w.Cause.At, Method: method, Answer: answer})
}

// view runs a question on one picture of the state.
func view[Out any](ctx context.Context, s *Service, fn func(state.Tx, time.Time) (Out, error)) (Out, error) {
	var out Out
	err := s.store.View(ctx, func(tx state.Tx) error {
		now, err := s.Clock(tx)
		if err != nil {
			return err
		}
		if err := s.admit(tx, CallerOf(ctx), now); err != nil {
			return err
		}
		if out, err = fn(tx, now); err != nil {
			return s.veiled(tx, CallerOf(ctx), now, err)
		}
		return s.veil(tx, CallerOf(ctx), now, &out)
	})
	if err != nil {
		out = *new(Out)
	}
	return out, err
}
