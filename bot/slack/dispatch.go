package slack

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// acknowledge tells Slack that an event was taken, with what goes along (nil: nothing).
type acknowledge func(payload any) error

// take does what an event asks for. It acknowledges first, always: commands, presses, shortcuts,
// mentions and homes at once; a form when it is known whether its fields are good, and a field that
// looks something up with what it found, both within 2 s. The rest leaves by another route.
func (a *App) take(e event, ack acknowledge) {
	e.until = a.now().Add(formAfter)
	a.health.came(a.now(), e.kind)
	goes := e.kind == submit || e.kind == suggest
	keep := seenFor
	if e.kind == suggest {
		keep = 0 // what is typed again is looked up again
	}
	keys := []struct {
		key  string
		keep time.Duration
	}{{"id\x00" + e.team + "\x00" + e.id, keep}}
	if e.twin != "" {
		keys = append(keys, struct {
			key  string
			keep time.Duration
		}{"twin\x00" + e.user + "\x00" + e.twin, pressedIn})
	}
	var mine []*once
	for _, k := range keys {
		o, fresh := a.seen.begin(k.key, k.keep)
		if fresh {
			mine = append(mine, o)
			continue
		}
		for _, m := range mine {
			a.seen.finish(m)
			close(m.said)
		}
		a.health.twice()
		a.again(e, o, goes, ack)
		return
	}
	finish := func() {
		for _, m := range mine {
			a.seen.finish(m)
		}
	}
	tell := func(payload any) {
		for _, m := range mine {
			m.ack = payload
			close(m.said)
		}
		a.acked(e, ack(payload))
	}
	if !goes {
		tell(nil)
		a.answer(e)
		finish()
		return
	}
	late := make(chan struct{})
	result := make(chan answer)
	if !a.start(func() {
		defer finish()
		a.late(e, late, result)
	}) {
		tell(nil)
		finish()
		return
	}
	t := time.NewTimer(ackWithin)
	defer t.Stop()
	select {
	case ans := <-result:
		tell(withAck(e, ans))
	case <-t.C:
		close(late)
		tell(withAck(e, answer{}))
	}
}

// again answers what came before: with the same words, where they go along.
func (a *App) again(e event, first *once, goes bool, ack acknowledge) {
	var payload any
	if goes {
		t := time.NewTimer(ackWithin)
		defer t.Stop()
		select {
		case <-first.said:
			payload = first.ack
		case <-t.C:
			payload = withAck(e, answer{})
		}
	}
	a.acked(e, ack(payload))
}

func (a *App) acked(e event, err error) {
	took := formAfter - e.until.Sub(a.now())
	a.health.acked(took, err)
	if err != nil {
		a.log.Warn("an event of Slack could not be acknowledged; Slack sends it again", "kind", string(e.kind))
	}
}

// late runs the handler of what is answered with the acknowledgement; an answer that comes after it
// leaves as others do.
func (a *App) late(e event, late <-chan struct{}, result chan<- answer) {
	defer a.guard(e)
	ctx, cancel := context.WithTimeout(a.life, patience)
	defer cancel()
	if e.kind == suggest {
		ctx, cancel = context.WithTimeout(ctx, ackWithin)
		defer cancel()
	}
	ans := a.handle(ctx, e)
	select {
	case result <- ans:
		ans.refused, ans.options = nil, nil
	case <-late:
		if len(ans.refused) > 0 {
			ans.card = a.refusal(ctx, e, ans.refused)
		}
	}
	a.send(ctx, e, ans)
}

// refusal says in words what could not be said beside the fields any more.
func (a *App) refusal(ctx context.Context, e event, refused map[string]string) *sheet {
	r := a.reader(ctx, e)
	var why []string
	for _, v := range refused {
		why = append(why, v)
	}
	slices.Sort(why)
	return &sheet{reader: r, card: bot.Card{Title: a.printer(r).T("slack.form_refused", state.Args{"why": strings.Join(why, " ")})}}
}

// withAck is what goes with an acknowledgement.
func withAck(e event, ans answer) any {
	switch {
	case e.kind == suggest && ans.options != nil:
		return ans.options
	case e.kind == suggest:
		return slackapi.OptionsResponse{Options: []*slackapi.OptionBlockObject{}}
	case len(ans.refused) > 0:
		return slackapi.NewErrorsViewSubmissionResponse(ans.refused)
	case e.kind == submit:
		return slackapi.NewClearViewSubmissionResponse()
	}
	return nil
}

// answer runs the handler of an event and sends what it says.
func (a *App) answer(e event) {
	defer a.guard(e)
	ctx, cancel := context.WithTimeout(a.life, patience)
	defer cancel()
	a.send(ctx, e, a.handle(ctx, e))
}

// handle waits for its turn and runs the handler. It always has an answer where somebody waits for
// one.
func (a *App) handle(ctx context.Context, e event) (ans answer) {
	if a.waiting.Add(1) > inLine {
		a.waiting.Add(-1)
		a.health.turnedAway()
		return a.sentence(e, a.plainReader(), "slack.busy")
	}
	select {
	case a.turns <- struct{}{}:
		a.waiting.Add(-1)
	case <-ctx.Done():
		a.waiting.Add(-1)
		return a.sentence(e, a.plainReader(), "slack.busy")
	}
	defer func() { <-a.turns }()
	begun := a.now()
	r := a.plainReader()
	defer func() {
		if p := recover(); p != nil {
			a.broke(e)
			ans = a.sentence(e, r, "slack.failed")
		}
		a.health.answered(a.now().Sub(begun))
	}()
	table := a.handlers
	if table == nil {
		table = handlers
	}
	h := table[e.kind]
	if h == nil {
		return answer{}
	}
	who, refused := a.admit(ctx, e)
	if refused != "" {
		a.health.refused()
		return a.card(e, sheet{reader: who, card: bot.Card{Title: refused}})
	}
	r = who
	ctx = service.WithCaller(ctx, service.Caller{Chat: chatID(e.team, e.user), Request: "slack:" + e.team + ":" + e.id, From: service.FromChat, Zone: r.Zone})
	ans, err := h(ctx, a, e)
	if err != nil && !errors.Is(err, context.Canceled) {
		a.log.Info("an event of Slack was answered with an error", "kind", string(e.kind), "code", codeOf(err))
	}
	if err != nil && ans.empty() {
		return a.card(e, sheet{reader: r, card: bot.Card{Title: a.printer(r).Error(err)}})
	}
	return ans
}

// guard keeps what breaks while an answer is sent from ending the process.
func (a *App) guard(e event) {
	if p := recover(); p != nil {
		a.broke(e)
		a.health.lost()
	}
}

// broke notes that something broke. The stack names functions and lines; what the panic itself says
// may hold a customer's data.
func (a *App) broke(e event) {
	a.log.Error("an event of Slack broke what answers it, and was given up", "kind", string(e.kind), "stack", stackOf())
	a.health.broke()
}

// stackOf gives the functions and lines of a panic, without their arguments.
func stackOf() string {
	var out []string
	for _, line := range strings.Split(string(debug.Stack()), "\n") {
		if line = strings.TrimSpace(line); strings.Contains(line, ".go:") {
			at, _, _ := strings.Cut(line, " +0x")
			out = append(out, at[strings.LastIndex(at, "/")+1:])
		}
	}
	return strings.Join(out[min(len(out), 2):min(len(out), 14)], " ")
}

// codeOf names an error for the log and for decisions: Slack's word, or the state's; "" of none.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Reason
	}
	return state.AsError(err).Code
}

func (ans answer) empty() bool {
	return ans.card == nil && ans.replace == nil && ans.form == nil && ans.refused == nil && ans.options == nil && ans.home == nil
}

// chatID is how the state calls a user of Slack.
func chatID(team, user string) string { return "slack:" + team + ":" + user }

// sentence answers with one sentence of the catalogue.
func (a *App) sentence(e event, r bot.Reader, key string) answer {
	return a.card(e, sheet{reader: r, card: bot.Card{Title: a.printer(r).T(key)}})
}

// card answers with a card, in the way that the event has.
func (a *App) card(e event, s sheet) answer {
	switch e.kind {
	case suggest:
		return answer{}
	case home:
		m := render(s)
		return answer{home: &slackapi.HomeTabViewRequest{Type: slackapi.VTHomeTab, Blocks: slackapi.Blocks{BlockSet: m.blocks}}}
	}
	return answer{card: &s}
}

// send brings an answer to where it belongs. What fails is logged and counted: there is nobody who
// could be told but the one who did not get it.
func (a *App) send(ctx context.Context, e event, ans answer) {
	var wrong error
	if ans.form != nil {
		wrong = a.openForm(ctx, e, *ans.form)
	}
	if ans.home != nil {
		wrong = errors.Join(wrong, a.client.publish(ctx, e.user, *ans.home))
	}
	if ans.response != "" {
		e.response = ans.response
	}
	if ans.channel != "" {
		e.channel, e.thread = ans.channel, ans.thread
	}
	if ans.replace != nil {
		if e.response != "" {
			wrong = errors.Join(wrong, a.reply(ctx, e, *ans.replace, true, false))
		} else if ans.card == nil {
			ans.card = ans.replace // the message that it was in cannot be reached
		}
	}
	if ans.card != nil {
		wrong = errors.Join(wrong, a.reply(ctx, e, *ans.card, false, ans.share))
	}
	switch {
	case wrong != nil:
		f := asError(wrong, false)
		if f.Class != Forbidden || f.Reason == "missing_scope" { // what one conversation does not allow is nothing of ours
			a.trouble(inAnswer, wrong)
		}
		a.log.Warn("an answer did not reach Slack", "kind", string(e.kind), "class", string(f.Class), "code", f.Reason)
		a.health.lost()
	case !ans.empty():
		a.health.fine(inAnswer)
	}
}

// openForm opens a form while its trigger lives.
func (a *App) openForm(ctx context.Context, e event, form slackapi.ModalViewRequest) error {
	left := e.until.Sub(a.now())
	if left > 0 {
		limited, cancel := context.WithTimeout(ctx, left)
		err := a.client.openForm(limited, e.trigger, form)
		cancel()
		if err == nil {
			return nil
		}
		if c := codeOf(err); c != "expired_trigger_id" && c != "unreachable" && c != "stopped" {
			return err
		}
	}
	// Too late: whoever pressed sees nothing otherwise.
	s := a.sentence(e, a.reader(ctx, e), "slack.form_late")
	return a.reply(ctx, e, *s.card, false, false)
}

// tries is how often an answer is sent where Slack surely did not take it.
const tries = 3

// reply says something to whoever did something: at the response_url; where that is none any more, in
// the channel so that only they see it; where we are not in the channel, in a direct message.
func (a *App) reply(ctx context.Context, e event, s sheet, replace, share bool) error {
	m := render(s)
	err := error(&Error{Class: NotFound, Reason: "no_url"})
	if e.response != "" {
		r := reply{Type: "ephemeral", Text: m.text, Blocks: m.blocks, Replace: replace, Thread: e.thread}
		if share {
			r.Type = "in_channel"
		}
		err = a.insist(ctx, func() error { return a.client.respond(ctx, e.response, r) })
		if codeOf(err) == "invalid_blocks" || codeOf(err) == "msg_blocks_too_long" {
			a.log.Error("Slack refused the blocks of a card; its text was sent alone", "word", s.card.Word, "code", codeOf(err))
			r.Blocks = nil
			err = a.insist(ctx, func() error { return a.client.respond(ctx, e.response, r) })
		}
	}
	if err == nil || !isClass(err, NotFound) {
		return err
	}
	// Where its message cannot be reached any more, what replaces it is said beside it.
	if share {
		return a.insist(ctx, func() error { return a.postIn(ctx, e.channel, e.thread, m) })
	}
	if e.channel != "" && !e.private {
		err = a.insist(ctx, func() error { return a.client.whisper(ctx, e.channel, e.thread, e.user, m) })
		if !isClass(err, NotFound) {
			return err
		}
	}
	channel, err := a.people.direct(ctx, e.user)
	if err != nil {
		return err
	}
	return a.insist(ctx, func() error { return a.postIn(ctx, channel, "", m) })
}

func (a *App) postIn(ctx context.Context, channel, thread string, m message) error {
	if err := a.pace.wait(ctx, channel); err != nil {
		return err
	}
	_, err := a.client.post(ctx, channel, thread, m)
	return err
}

// insist does something again where Slack surely did not do it: it asked to slow down, or could not
// be reached.
func (a *App) insist(ctx context.Context, do func() error) error {
	var err error
	for n := range tries {
		err = do()
		if !isClass(err, RateLimited) && !isClass(err, Transient) || n == tries-1 {
			return err
		}
		f := asError(err, false)
		wait := max(f.After, time.Second<<n)
		if wait > patience/2 || !sleep(ctx, wait) {
			return err
		}
	}
	return err
}

func isClass(err error, c Class) bool {
	e := (*Error)(nil)
	return errors.As(err, &e) && e.Class == c
}

// String keeps what customers said out of logs.
func (e event) String() string { return fmt.Sprintf("%s %s", e.kind, e.id) }
