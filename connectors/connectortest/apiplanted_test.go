package connectortest_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
	"github.com/keptcrm/kept/internal/race"
)

// crmHarness describes the vendor, for a connector with a bug or without.
func crmHarness(bug string) connectortest.Harness {
	names := []string{"Jana Köhler", "李伟", "جميل", "Zoë 🌟", "Cher"}
	return connectortest.Harness{Spec: crmSpec(bug), Secret: token, API: &connectortest.API{
		Kind: connectors.Contact, Server: server, Page: page, Late: overlap / 2, HookAge: hookAge,
		Can: []string{"BatchPusher", "Census", "Deleter", "Fetcher", "Finder", "Limiter", "Puller", "Pusher", "Watcher", "WebhookReceiver"},
		Record: func(i int) connectors.Record {
			field := func(name, text string) connectors.Field {
				return connectors.Field{Name: name, Values: []connectors.Value{{Text: text}}}
			}
			return connectors.Record{Kind: connectors.Contact, Fields: []connectors.Field{field("company", "Sternwarte"), field("email", fmt.Sprintf("p%d@example.org", i)),
				field("given", names[i%len(names)]), field("note", "calls on Mondays")}}
		},
		Texts: []string{"given", "company"}, Optional: "note",
		Certain: []string{"id", "updated_at", "rev", "data", "more", "epoch"}, Empty: []byte(`{"data":[],"more":false,"epoch":0}`),
	}}
}

func TestTheAPIConnectorWithoutBugsPasses(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, crmHarness(""))
}

// apiCatches names for each bug the cases that catch it: the first is the one meant for it, and no
// other may fail than those.
var apiCatches = map[string][]string{
	"hides an interface":                          {"capabilities"},
	"checks nothing":                              {"check"},
	"stops after a page":                          {"pages", "comes back equal", "edit while paging", "expired cursor", "fetch", "one timestamp", "batch"},
	"keeps its place in memory":                   {"resume"},
	"skips those of one time":                     {"one timestamp", "batch"},
	"goes in circles on one time":                 {"one timestamp", "pages", "batch"},
	"ends where it began, goes on where it ended": {"edit while paging"},
	"no overlap":                                  {"late commit"},
	"knows people by their e-mail":                {"delete and create again"},
	"a census is one page":                        {"census"},
	"a census ends at a fault":                    {"census"},
	"a cursor never expires":                      {"expired cursor"},
	"what is missing is an error":                 {"fetch"},
	"has no news":                                 {"watch"},
	"watches on":                                  {"watch"},
	"ignores Retry-After":                         {"retry after"},
	"a date is no Retry-After":                    {"retry after"},
	"gives up at the first fault":                 {"server faults"},
	"tries for ever":                              {"server faults", "slow answer"},
	"a reset is the end":                          {"resets"},
	"half an answer is the end":                   {"half an answer"},
	"a web page is an empty list":                 {"web page", "check"},
	"nothing there means all gone":                {"empty answer"},
	"null is a crash":                             {"null and more"},
	"refuses what it does not know":               {"null and more"},
	"a storm of refused keys":                     {"unauthorized"},
	"a wrong key is a passing fault":              {"unauthorized", "check"},
	"reads without bound":                         {"huge answer"},
	"sends its key to everybody":                  {"redirect"},
	"waits for ever":                              {"slow answer"},
	"ignores who stopped waiting":                 {"cancelled"},
	"sends no idempotency key":                    {"same intent twice"},
	"tries a write again":                         {"lost answer", "batch lost"},
	"a lost answer is a passing fault":            {"lost answer"},
	"finds nothing":                               {"lost answer", "batch lost"},
	"sends no If-Match":                           {"stale version"},
	"deletes whatever is there":                   {"stale version"},
	"a conflict is invalid":                       {"stale version"},
	"loses emoji":                                 {"comes back equal"},
	"loses direction marks":                       {"comes back equal"},
	"never empties a field":                       {"empty or absent"},
	"wipes what it was not told":                  {"empty or absent"},
	"deleting twice is an error":                  {"delete"},
	"a batch one by one":                          {"batch", "batch lost"},
	"a batch answered by place":                   {"batch", "batch refused in part"},
	"a batch without keys":                        {"batch"},
	"a batch without If-Match":                    {"batch refused in part"},
	"one refusal ends a batch":                    {"batch refused in part"},
	"a batch is tried again":                      {"batch lost"},
	"a lost batch is a passing fault":             {"batch lost"},
	"believes every webhook":                      {"webhook"},
	"believes old webhooks":                       {"webhook"},
	"hints at nothing":                            {"webhook"},
	"says the secret in an error":                 {"secret"},
	"says the secret in a cause":                  {"secret"},
	"warns with the secret":                       {"secret"},
	"writes in a dry run":                         {"dry run", "batch lost"},
	"says nothing of a dry run":                   {"dry run"},
	"ignores the limits":                          {"limits"},
	"one at a time too many":                      {"limits"},
}

func TestPlantedBugsInAPIConnectorsAreCaught(t *testing.T) {
	t.Parallel()
	meant := map[string]bool{}
	for bug, want := range apiCatches {
		meant[want[0]] = true
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			h := crmHarness(bug)
			var got []string
			for _, c := range connectortest.Cases(h) {
				// That no other case fails is no matter of races, and takes nearly all of the time.
				if race.Enabled && !slices.Contains(want, c.Name) {
					continue
				}
				connectortest.Virtual(t, func(t *testing.T) {
					if len(failures(t, h, c.Name)) > 0 {
						got = append(got, c.Name)
					}
				})
			}
			slices.Sort(got)
			if all := slices.Sorted(slices.Values(want)); !slices.Equal(got, all) {
				t.Errorf("caught by %v, want %v", got, all)
			}
		})
	}
	for _, c := range connectortest.Cases(crmHarness("")) {
		if !meant[c.Name] && c.Name != "spec" { // whose bugs are planted above
			t.Errorf("no bug proves that the case %q can fail", c.Name)
		}
	}
	if len(slices.Collect(maps.Keys(meant))) < 25 {
		t.Errorf("only %d cases are proven", len(meant))
	}
}
