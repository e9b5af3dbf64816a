// Package slack carries the daily words to Slack and back: it receives commands, buttons, forms,
// shortcuts and mentions over Socket Mode or signed HTTP, asks package bot, and renders its cards
// as blocks within Slack's limits.
//
// An event is acknowledged before anything is asked of the state; its answer leaves by one route.
// What comes twice (retries, double presses) has one effect.
package slack

import (
	"context"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state/service"
)

// kind is what somebody did.
type kind string

const (
	command  kind = "command"  // /kept brief jana
	press    kind = "press"    // a button, a choice of a menu
	submit   kind = "submit"   // a form was sent
	shortcut kind = "shortcut" // of a message: "Log as promise", "Add to history"
	mention  kind = "mention"  // @kept brief jana, in a thread too
	home     kind = "home"     // the App Home was opened
	suggest  kind = "suggest"  // somebody types into a field that looks customers up
)

// event is one thing that somebody did, the same from both transports.
type event struct {
	kind kind
	// id is the same for a retry of the same event: the trigger id, the event id, or of what has
	// neither the envelope's. It makes the request ID under which the state does it once.
	id      string
	team    string // T1
	user    string // U7
	channel string // where it happened; "" in the App Home
	thread  string // ts of the thread, where it is one
	private bool   // a direct message with us
	text    string // the line of a command or mention; what was typed so far of a suggestion

	action   string    // press: the action's code; shortcut, submit: its callback id
	value    string    // press: what the button carries
	trigger  string    // opens a form, within 3 s, once
	response string    // response_url; "" where there is none
	until    time.Time // when trigger, or an answer that goes with the acknowledgement, is too late

	message *slackapi.Message // of a press: where the button is; of a shortcut: the message
	view    *slackapi.View    // submit, suggest; of a press: the form or App Home that has the button

	twin string // the same for a second press of the same button, or a form sent twice; "" elsewhere
}

// answer is what is said to an event: a sheet for its user, one in place of the message where the
// pressed button was, a form, options of a field, or the App Home; of these one, save that card may
// stand beside replace.
type answer struct {
	card    *sheet
	replace *sheet // shown where the pressed button was, in its message's place; card is then beside it
	share   bool   // card is for everybody in the channel
	form    *slackapi.ModalViewRequest
	// refused are the fields of a submitted form that cannot be taken, by block id, with the reason.
	refused map[string]string
	options *slackapi.OptionsResponse
	home    *slackapi.HomeTabViewRequest
	// response and channel are where card and replace go if not to where the event came from: a form
	// remembers the response_url and channel of the button that opened it.
	response, channel, thread string
}

// sheet is a card as Slack shows it; see render.
type sheet struct {
	card   bot.Card
	from   int      // the piece that the page begins with; 0 is the start
	news   []string // what has just happened, above everything else
	reader bot.Reader
	shared string // the Slack user who shares it with everybody in a channel; it then has no buttons
	// direct says that it is shown where nobody else is: it is then not offered to be shared.
	direct bool
}

// message is a sheet rendered: within Slack's limits, its text complete without the blocks.
type message struct {
	text   string
	blocks []slackapi.Block
}

// handler answers events of one kind. It may take as long as it needs, save for those that open a
// form or give options, which have what is left of 3 s in their context. The context's caller is the
// Slack user ([service.Caller].Chat) with the event's request ID.
type handler func(context.Context, *App, event) (answer, error)

// handlers is the one table of what is done with which event; both transports use it.
var handlers = map[kind]handler{
	command:  onCommand,
	mention:  onMention,
	press:    onPress,
	submit:   onSubmit,
	shortcut: onShortcut,
	home:     onHome,
	suggest:  onSuggest,
}

// web is what handlers need of Slack's Web API, beside what is done with their answers.
type web interface {
	// conversation is conversations.info, with num_members; person is users.info.
	conversation(ctx context.Context, channel string) (*slackapi.Channel, error)
	person(ctx context.Context, user string) (*slackapi.User, error)
	// members is conversations.members, everybody users.list, each with all its pages.
	members(ctx context.Context, channel string) ([]string, error)
	everybody(ctx context.Context) ([]slackapi.User, error)
}

// App is Kept in one Slack workspace.
type App struct {
	api service.API
	web web
	// reader gives how the person of an event reads: language, zone, what they call us, the present.
	reader func(context.Context, event) bot.Reader
	crowd  crowd

	wire // the transports, and what they know; nil where a test answers events alone
}
