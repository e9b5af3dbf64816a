package servers

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// PDS is a real personal data server of the AT Protocol (Bluesky), with a PLC directory of its own.
// Alone it keeps accounts, sessions and repositories; followers, notifications and profiles are for
// an AppView to answer, to which it hands such requests where it knows of one.
type PDS struct {
	*Process
	Home
	env []string
}

// Home is where accounts of the AT Protocol are, at an address.
type Home struct{ URL string }

// StartPDS starts a PDS that knows of no AppView.
func StartPDS(ctx context.Context, dir string) (*PDS, error) { return startPDS(ctx, dir) }

// StartPDSBefore gives what starts a PDS that hands requests to an AppView at an address.
func StartPDSBefore(appView string) func(ctx context.Context, dir string) (*PDS, error) {
	return func(ctx context.Context, dir string) (*PDS, error) {
		return startPDS(ctx, dir, "PDS_BSKY_APP_VIEW_URL="+appView, "PDS_BSKY_APP_VIEW_DID=did:web:appview.test")
	}
}

func startPDS(ctx context.Context, dir string, more ...string) (*PDS, error) {
	ports := make([]int, 2)
	for i := range ports {
		port, err := Port()
		if err != nil {
			return nil, err
		}
		ports[i] = port
	}
	data := filepath.Join(dir, "pds")
	if err := os.MkdirAll(filepath.Join(data, "blobs"), 0o700); err != nil {
		return nil, err
	}
	secret := func() string {
		b := make([]byte, 32)
		_, _ = rand.Read(b) // never fails
		return hex.EncodeToString(b)
	}
	p := &PDS{Home: Home{URL: fmt.Sprintf("http://localhost:%d", ports[0])}}
	p.env = append(os.Environ(), "LOG_ENABLED=false", "PDS_DEV_MODE=true", "PDS_HOSTNAME=localhost", fmt.Sprintf("PDS_PORT=%d", ports[0]),
		fmt.Sprintf("PLC_PORT=%d", ports[1]), fmt.Sprintf("PDS_DID_PLC_URL=http://localhost:%d", ports[1]), "PDS_SERVICE_HANDLE_DOMAINS=.test",
		"PDS_DATA_DIRECTORY="+data, "PDS_BLOBSTORE_DISK_LOCATION="+filepath.Join(data, "blobs"), "PDS_INVITE_REQUIRED=false",
		"PDS_DISABLE_SSRF_PROTECTION=true", "PDS_RATE_LIMITS_ENABLED=true", "PDS_JWT_SECRET="+secret(), "PDS_ADMIN_PASSWORD="+secret(),
		"PDS_DPOP_SECRET="+secret(), "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX="+secret())
	p.env = append(p.env, more...)
	return p, p.Restart(ctx)
}

// Restart starts it again after it ended, at the same address and with the same data. Its rate
// limits begin anew.
func (p *PDS) Restart(ctx context.Context) error {
	folder, err := NPM("pds")
	if err != nil {
		return err
	}
	script, err := Script("pds", "pds.mjs")
	if err != nil {
		return err
	}
	node, err := Program("node")
	if err != nil {
		return err
	}
	cmd := exec.Command(node, script, folder)
	cmd.Env = p.env
	p.Process, err = Run(ctx, cmd, func(ctx context.Context) error {
		return p.Call(ctx, http.MethodGet, "_health", "", nil, nil)
	})
	return err
}

// Account is an account of a PDS.
type Account struct {
	DID      string `json:"did"`
	Handle   string `json:"handle"`
	Password string `json:"-"` // the account's own; see AppPassword
	Access   string `json:"accessJwt"`
}

// CreateAccount makes an account with the handle NAME.test.
func (p Home) CreateAccount(ctx context.Context, name, password string) (Account, error) {
	a := Account{Password: password}
	err := p.Call(ctx, http.MethodPost, "com.atproto.server.createAccount", "", map[string]string{
		"email": name + "@example.org", "handle": name + ".test", "password": a.Password}, &a)
	return a, err
}

// AppPassword makes a password for a program; privileged is what Bluesky calls "access to direct
// messages".
func (p Home) AppPassword(ctx context.Context, a Account, name string, privileged bool) (string, error) {
	var made struct{ Password string }
	err := p.Call(ctx, http.MethodPost, "com.atproto.server.createAppPassword", a.Access,
		map[string]any{"name": name, "privileged": privileged}, &made)
	return made.Password, err
}

// PutRecord puts a record into an account's repository; without a key it gets one from the server.
// It gives the record's address and the hash of its content.
func (p Home) PutRecord(ctx context.Context, a Account, collection, key string, record any) (uri, cid string, err error) {
	call, body := "createRecord", map[string]any{"repo": a.DID, "collection": collection, "record": record}
	if key != "" {
		call, body["rkey"] = "putRecord", key
	}
	var made struct{ URI, CID string }
	err = p.Call(ctx, http.MethodPost, "com.atproto.repo."+call, a.Access, body, &made)
	return made.URI, made.CID, err
}

// Call makes a call of XRPC. into may be nil.
func (p Home) Call(ctx context.Context, method, name, token string, body, into any) error {
	return xrpc(ctx, p.URL, method, name, token, body, into)
}

// xrpc calls a server of the AT Protocol. The body of a GET is its query (url.Values); a token is
// an account's, or "Basic " and what an administrator has.
func xrpc(ctx context.Context, base, method, name, token string, body, into any) error {
	target := base + "/xrpc/" + name
	var sent io.Reader
	switch b := body.(type) {
	case nil:
	case url.Values:
		target += "?" + b.Encode()
	default:
		out, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(out)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, sent)
	if err != nil {
		return err
	}
	if sent != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	switch {
	case strings.HasPrefix(token, "Basic "):
		req.Header.Set("Authorization", token)
	case token != "":
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d %s", name, resp.StatusCode, strings.TrimSpace(string(got)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(got, into)
}
