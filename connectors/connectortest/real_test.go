package connectortest_test

import (
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"github.com/keptcrm/kept/connectors/connectortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The same cases over the network, as against a vendor's real server.
func TestCasesRunAgainstARealServer(t *testing.T) {
	t.Parallel()
	h := crmHarness("")
	api := *h.API
	api.Real = true
	api.Server = func(tb testing.TB) connectortest.Server {
		v := newVendor()
		s := httptest.NewServer(v)
		tb.Cleanup(s.Close)
		return connectortest.Server{Options: map[string]string{"url": s.URL}, Control: v}
	}
	h.API = &api
	connectortest.Run(t, h)
}
