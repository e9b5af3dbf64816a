package cmd

import (
	"context"
	"strings"
	"testing"

	"github.com/keptcrm/kept/state/service"
)

// A link that differs is a finding: it is shown, and scripts see it by the exit code.
func TestCheckResolveJudges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		differ []service.LinkDifference
		code   int
		says   string
	}{
		{nil, 0, "each is linked as it should be"},
		{[]service.LinkDifference{{Record: service.RecordRef{Number: "k7", Connection: "shop"}, Says: "李伟",
			Is: service.CustomerRef{Number: "c2"}, Should: service.CustomerRef{Number: "c3"}}}, 3, "should be c3"},
	} {
		api := service.API{CheckLinks: func(context.Context, service.CheckLinksIn) (service.CheckLinksOut, error) {
			return service.CheckLinksOut{Records: 9, Customers: 4, Differences: c.differ}, nil
		}}
		got := runIn(t.Context(), api, nil, "check", "--resolve")
		if got.code != c.code || !strings.Contains(got.out, c.says) {
			t.Errorf("exit %d, want %d and %q\n%s%s", got.code, c.code, c.says, got.out, got.err)
		}
	}
}
