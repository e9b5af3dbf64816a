package servers

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Radicale is a CardDAV server with users of its own, each with the home /USER/.
type Radicale struct {
	*Process
	URL  string // "http://127.0.0.1:5232/"
	dir  string
	port int
}

// StartRadicale starts a server without users. Its data stays in dir.
func StartRadicale(ctx context.Context, dir string) (*Radicale, error) {
	if _, err := Program("radicale"); err != nil {
		return nil, err
	}
	port, err := Port()
	if err != nil {
		return nil, err
	}
	r := &Radicale{dir: dir, port: port, URL: fmt.Sprintf("http://127.0.0.1:%d/", port)}
	config := fmt.Sprintf(`[server]
hosts = 127.0.0.1:%d
max_connections = 20
[auth]
type = htpasswd
htpasswd_filename = %s
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = %s
[web]
type = none
[logging]
level = warning
`, port, filepath.Join(dir, "users"), filepath.Join(dir, "collections"))
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "users"), nil, 0o600); err != nil {
		return nil, err
	}
	return r, r.Restart(ctx)
}

// Restart starts the server again, on the same port and data, after Stop or Kill.
func (r *Radicale) Restart(ctx context.Context) error {
	path, err := Program("radicale")
	if err != nil {
		return err
	}
	r.Process, err = Run(ctx, exec.Command(path, "--config", filepath.Join(r.dir, "config")), Accepts(r.port))
	return err
}

// AddUser makes a user, who can log in at once.
func (r *Radicale) AddUser(name, password string) error {
	f, err := os.OpenFile(filepath.Join(r.dir, "users"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "%s:%s\n", name, password); err != nil {
		return err
	}
	return f.Close()
}

// Seed makes an address book of a user that holds cards, with one request.
func (r *Radicale) Seed(ctx context.Context, user, password, book string, cards []byte) error {
	return send(ctx, http.MethodPut, r.URL+user+"/"+book+"/", user, password, "text/vcard; charset=utf-8", cards)
}

// ForgetTokens makes the server forget which states of its address books it told, but for those that
// they are in.
func (r *Radicale) ForgetTokens() error {
	return filepath.WalkDir(filepath.Join(r.dir, "collections"), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() || d.Name() != "sync-token" {
			return err
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		return filepath.SkipDir
	})
}

// send makes one request that must succeed.
func send(ctx context.Context, method, url, user, password, contentType string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if user != "" {
		req.SetBasicAuth(user, password)
	}
	req.Close = true
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(http.MaxBytesReader(nil, resp.Body, 1<<20)); err != nil {
		return err
	}
	if resp.StatusCode >= 300 || resp.StatusCode == http.StatusMultiStatus && !strings.Contains(answer.String(), " 20") {
		return fmt.Errorf("%s %s: %s %.300s", method, url, resp.Status, answer.String())
	}
	return nil
}

// fetch reads a document that must be there.
func fetch(ctx context.Context, url, user, password string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(user, password)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(http.MaxBytesReader(nil, resp.Body, 1<<20)); err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return answer.String(), nil
}
