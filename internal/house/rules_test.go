package house

// Patterns of packages, as in rule: "./state" is our package state alone, "./state/..." that and all below it, "./..." any package of
// ours, "lib" any library, and anything else the import path of a library or of the standard library, itself or with /... behind it.

// rule forbids imports: a package that matches from, and not unless, may not import what matches to, save what matches but.
type rule struct {
	from   []string
	unless []string
	to     []string
	but    []string
	// own is how many leading path elements make one room whose packages may import each other freely; 0: none.
	own int
	why string
}

type pats = []string

// pure are the packages that compute from their arguments alone.
var pure = pats{"./state/identity/...", "./state/promise/...", "./state/followup/...", "./state/insight/..."}

// connectorRooms are the folders of connectors/ that are no connector.
var connectorRooms = pats{"./connectors", "./connectors/all", "./connectors/rest/...", "./connectors/mailserver/...", "./connectors/connectortest/...", "./connectors/format/...",
	"./connectors/engine/..."}

// suites are packages for _test files alone: what every store, connector or chat must pass, and fakes to pass it with.
var suites = pats{"./state/statetest/...", "./state/api/apitest/...", "./connectors/connectortest/...", "./bot/slacktest/..."}

// belowService is what the service stands on; whoever may see the service may see this too.
var belowService = pats{"./state", "./state/identity/...", "./state/promise/...", "./state/followup/...", "./state/insight/..."}

func plus(a pats, more ...string) pats { return append(append(pats{}, a...), more...) }

// rules is section "Which room may import which" of docs/architecture.md as a table. The first part says for every room the only
// packages of ours that it may import, so each package must match one of these rows; the second forbids single things to many.
var rules = []rule{
	{from: pats{"./cmd/kept"}, to: pats{"./..."}, but: pats{"./cmd", "./connectors", "./connectors/all"},
		why: "main only joins the commands to a list of connectors, so that a binary with other connectors is the same five lines"},
	{from: pats{"./cmd", "./cmd/internal/..."}, to: pats{"./..."},
		but: plus(belowService, "./cmd/internal/...", "./bot/...", "./connectors", "./connectors/engine/...", "./connectors/format/...",
			"./state/api/...", "./state/service/...", "./state/bolt/...", "./state/postgres/..."),
		why: "the commands get their connectors from main and know each only by its Spec; test suites do not belong into the binary"},

	{from: pats{"./connectors"}, to: pats{"./...", "lib"},
		why: "the contract is a leaf of the standard library alone: whoever writes a connector takes on nothing else with it"},
	{from: pats{"./connectors/all"}, to: pats{"./..."}, but: pats{"./connectors/..."},
		why: "the list of connectors is nothing but the list"},
	{from: pats{"./connectors/rest/..."}, to: pats{"./..."}, but: pats{"./connectors", "./connectors/rest/..."},
		why: "the transport serves every connector, so it knows the contract and none of them"},
	{from: pats{"./connectors/mailserver/..."}, to: pats{"./..."}, but: pats{"./connectors", "./connectors/rest/...", "./connectors/mailserver/..."},
		why: "what connectors of mail share is the way to a server; what is asked there is each one's own"},
	{from: pats{"./connectors/connectortest/..."}, to: pats{"./..."},
		but: pats{"./connectors", "./connectors/connectortest/...", "./connectors/rest/...", "./connectors/format/..."},
		why: "the conformance suite judges a connector by the contract alone, whatever the engine makes of it"},
	{from: pats{"./connectors/format/..."}, to: pats{"./..."}, but: pats{"./connectors", "./connectors/format/..."},
		why: "formats are pure and read by several rooms, so they know the contract and none of them"},
	{from: pats{"./connectors/engine/..."}, to: pats{"./..."},
		but: plus(belowService, "./connectors", "./connectors/engine/...", "./state/service/..."),
		why: "the engine moves records of any connection; one that knew a connector, a format, a driver or a chat would need changing with each"},
	{from: pats{"./connectors/engine/reconcile/..."}, to: pats{"./..."}, but: pats{"./state", "./state/identity/..."},
		why: "what is written where follows from what the records say; who reads, asks and writes is the engine around it"},
	{from: pats{"./connectors/..."}, unless: connectorRooms, to: pats{"./..."}, own: 2,
		but: pats{"./connectors", "./connectors/rest/...", "./connectors/mailserver/...", "./connectors/format/..."},
		why: "a connector is one folder that can be written, tested and thrown away alone; it knows neither state, engine nor its neighbours"},

	{from: pats{"./state"}, to: pats{"./...", "lib"},
		why: "the nouns and the contract of stores are the bottom of the house; a library here would be in every package and every stored value"},
	{from: pure, to: pats{"./..."}, but: pats{"./state"}, own: 2,
		why: "the pure packages are functions of the nouns; they stand side by side, and the service joins them"},
	{from: pats{"./state/identity/pinyin"}, to: pats{"./...", "lib"},
		why: "how a character is read is a table; matching, believing and finding all stand on it"},
	{from: pats{"./state/service/..."}, to: pats{"./..."}, but: plus(belowService, "./state/service/..."),
		why: "the service declares what it needs of connections and stores as interfaces, so that it runs with any of them and without"},
	{from: pats{"./state/api/..."}, to: pats{"./..."}, but: plus(belowService, "./state/service/...", "./state/api/..."),
		why: "other programs import the API; it is handed the opener of a store and never chooses a driver, a connector or a chat"},
	{from: pats{"./state/bolt/...", "./state/postgres/..."}, to: pats{"./..."}, but: pats{"./state"}, own: 2,
		why: "a driver stores bytes in order and knows no noun, so that a new noun needs no driver changed"},
	{from: pats{"./state/statetest/..."}, to: pats{"./..."}, but: pats{"./state", "./state/bolt/...", "./state/statetest/..."},
		why: "the suite of stores asks every driver the same through the contract"},

	{from: pats{"./bot"}, to: pats{"./..."}, but: plus(belowService, "./bot/text/...", "./state/service/..."),
		why: "the daily words ask the service and return neutral cards: no chat system, no terminal, no driver, no connector"},
	{from: pats{"./bot/text/..."}, to: pats{"./..."}, but: pats{"./state", "./state/service/...", "./bot/text/..."},
		why: "the catalogue turns codes and arguments into sentences; it asks nothing itself"},
	{from: pats{"./bot/..."}, unless: pats{"./bot", "./bot/text/...", "./bot/slacktest/..."}, to: pats{"./..."}, own: 2,
		but: plus(belowService, "./bot", "./bot/text/...", "./state/service/..."),
		why: "a chat system is one folder that carries the words; it has none of its own and knows no other chat"},
	{from: pats{"./bot/slacktest/..."}, to: pats{"./..."}, but: pats{"./bot/slacktest/..."},
		why: "the fake Slack knows Slack's API from its documentation, not from our client, or it would share its mistakes"},

	{from: pats{"./internal/house"}, to: pats{"./..."}, why: "the tests of the house look at it from outside"},
	{from: pats{"./internal/race"}, to: pats{"./..."}, why: "it says one thing to tests of every room"},
	{from: pats{"./internal/servers/..."}, to: pats{"./..."}, but: pats{"./internal/servers/..."},
		why: "the real servers are started the same for every connector, and know none of them"},
	{from: pats{"./scripts/..."}, to: pats{"./..."}, but: pats{"./scripts/...", "./internal/servers/..."},
		why: "what builds and tests Kept must work when Kept does not compile"},

	// Single things, forbidden to many.
	{from: pats{"./state/..."}, to: pats{"./connectors/...", "./bot/...", "./cmd/..."},
		why: "what we believe of a customer does not depend on where it came from or who asks: imports run downwards only"},
	{from: pats{"./..."}, unless: pats{"./cmd/kept"}, to: pats{"./connectors/all"},
		why: "only the binary chooses its connectors; anybody else who imported the list would link every vendor"},
	{from: pats{"./..."}, unless: pats{"./cmd", "./cmd/internal/...", "./state/statetest/...", "./state/bolt/...", "./state/postgres/..."},
		to:  pats{"./state/bolt/...", "./state/postgres/..."},
		why: "only the commands choose where the state lives; everything else works with any store"},
	{from: pats{"./..."}, unless: plus(suites, "./internal/servers/...", "./scripts/..."), to: plus(suites, "./internal/house", "./internal/race", "./internal/servers/..."),
		why: "suites and fakes are for _test files; they have no place in the binary"},
	{from: pats{"./..."}, unless: suites,
		to:  pats{"testing", "pgregory.net/rapid", "go.uber.org/goleak", "github.com/google/go-cmp/...", "github.com/rogpeppe/go-internal/..."},
		why: "test libraries are for _test files and suites; they add flags and weight to the binary"},
	{from: plus(pure, "./connectors/engine/reconcile/..."), to: pats{"os/...", "net/...", "syscall", "io/fs", "io/ioutil", "database/sql/...", "log/...", "math/rand/...", "crypto/rand"},
		but: pats{"net/url", "net/netip", "net/mail", "net/textproto"}, // these only parse
		why: "a pure package has no I/O, clock, chance or store, so that the same records always give the same customer"},
	{from: pats{"./..."}, unless: pats{"./state/bolt/..."}, to: pats{"go.etcd.io/bbolt/..."},
		why: "only the driver knows its database, so that another can take its place"},
	{from: pats{"./..."}, unless: pats{"./state/postgres/..."}, to: pats{"github.com/jackc/pgx/...", "github.com/lib/pq/...", "database/sql/..."},
		why: "only the driver knows its database, so that another can take its place"},
	{from: pats{"./..."}, unless: pats{"./cmd", "./cmd/internal/..."}, to: pats{"github.com/spf13/...", "github.com/schollz/progressbar/..."},
		why: "the terminal ends at the commands; whatever is below them answers chat and HTTP as well"},
	{from: pats{"./..."}, unless: pats{"./bot/slack/...", "./bot/slacktest/..."}, to: pats{"github.com/slack-go/..."},
		why: "the words know no chat system, so that a second one is a folder and not a rewrite"},
	{from: pats{"./bot/slacktest/..."}, to: pats{"github.com/slack-go/..."},
		why: "the fake Slack knows Slack from its documentation, not from a library, or it would share its mistakes"},
	{from: pats{"./..."}, unless: pats{"./bot/slack/...", "./bot/slacktest/..."}, to: pats{"github.com/gorilla/..."},
		why: "sockets are Slack's alone; whoever else wants news of a connection asks over HTTP"},
	{from: pats{"./..."}, unless: pats{"./connectors/rest/..."}, to: pats{"github.com/go-resty/..."},
		why: "auth, pacing, retries and redaction sit in the transport; a second client would go around them"},
	{from: pats{"./cmd/internal/serve/..."}, to: pats{"./cmd", "./cmd/internal/config/...", "./cmd/internal/render/...", "./cmd/internal/demo/...", "./bot/...", "./state/bolt/...", "./state/postgres/..."},
		but: pats{"./bot/slack/..."},
		why: "the process that stays is handed its jobs, connections and settings, so that a virtual year can be run through it"},
	{from: pats{"./..."}, unless: pats{"./cmd/internal/serve/..."}, to: pats{"github.com/robfig/cron/...", "github.com/prometheus/..."},
		why: "when something runs and how it is measured is known in one room; a job is a function"},
	{from: pats{"./..."}, unless: pats{"./connectors/smtp/..."}, to: pats{"github.com/wneessen/...", "net/smtp"},
		why: "mail goes out at one place, which knows what is certain when a connection breaks; a second one would send twice"},
	{from: pats{"./..."}, to: pats{"plugin", "net/http/pprof", "expvar"},
		why: "these register themselves when imported, and open doors that nobody asked for"},
}
