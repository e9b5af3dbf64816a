package rest

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// maxRedirects is how often a system may send a read on.
const maxRedirects = 5

// redirects follows reads alone, never from https to http. Credentials are put in below, for the
// connection's own hosts, so none go along to another.
func redirects(w words) func(req *http.Request, via []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		first := via[0]
		if !isRead(first) || callOf(first).stay {
			return http.ErrUseLastResponse // a write that became a GET would look as if it had happened
		}
		if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
			return w.error(connectors.Invalid, fmt.Sprintf("%s sends us from https on to plain http; that is refused, check its settings", w.system), nil)
		}
		if len(via) >= maxRedirects {
			return w.error(connectors.Invalid, fmt.Sprintf("%s sends us round in circles; check the address", w.system), nil)
		}
		req.Header.Del("Referer") // it holds the whole address that we came from
		return nil
	}
}

// resolved gives the address that a Location means.
func resolved(req *http.Request, location string) (string, error) {
	if location == "" || req == nil {
		return "", nil
	}
	u, err := req.URL.Parse(location)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// sameHost says whether credentials for the one address may go to the other.
func sameHost(base, to *url.URL, more []string) bool {
	if base.Scheme != to.Scheme {
		return false
	}
	if strings.EqualFold(hostPort(base), hostPort(to)) {
		return true
	}
	for _, h := range more {
		if strings.EqualFold(h, to.Host) || strings.EqualFold(h, hostPort(to)) {
			return true
		}
	}
	return false
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	port := "80"
	if u.Scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// loopback says whether a host is this machine.
func loopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
