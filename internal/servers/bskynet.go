package servers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// BskyNet is the whole network of Bluesky: a PDS with accounts, the relay's work, and the AppView that
// knows followers, notifications and profiles; with a PostgreSQL and a Redis of its own.
type BskyNet struct {
	*Process
	Home
	below []*Process
	data  string // of the database, where that cannot be in the folder given
}

// StartBskyNet starts the network.
func StartBskyNet(ctx context.Context, dir string) (*BskyNet, error) {
	folder, err := NPM("bsky")
	if err != nil {
		return nil, err
	}
	script, err := Script("bsky", "bsky.mjs")
	if err != nil {
		return nil, err
	}
	node, err := Program("node")
	if err != nil {
		return nil, err
	}
	n := &BskyNet{}
	database, err := n.postgres(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	cache, err := n.redis(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	port, err := Port()
	if err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	temp := filepath.Join(dir, "tmp") // its servers make their folders there
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	n.URL = fmt.Sprintf("http://localhost:%d", port)
	cmd := exec.Command(node, script, folder)
	cmd.Env = append(os.Environ(), "LOG_ENABLED=false", "TMPDIR="+temp, fmt.Sprintf("PDS_PORT=%d", port),
		"DB_POSTGRES_URL="+database, "DB_POSTGRES_SCHEMA=kept", "REDIS_HOST="+cache)
	n.Process, err = Run(ctx, cmd, func(ctx context.Context) error {
		return n.Call(ctx, http.MethodGet, "_health", "", nil, nil) // the last of them to begin
	})
	if err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// Stop ends all of it.
func (n *BskyNet) Stop() error {
	var errs []error
	if n.Process != nil {
		errs = append(errs, n.Process.Stop())
	}
	for _, p := range slices.Backward(n.below) {
		errs = append(errs, p.Stop())
	}
	if n.data != "" {
		errs = append(errs, os.RemoveAll(n.data))
	}
	return errors.Join(errs...)
}

// postgres starts a database of its own and gives its address.
func (n *BskyNet) postgres(ctx context.Context, dir string) (string, error) {
	initdb, err := postgresProgram("initdb")
	if err != nil {
		return "", err
	}
	server, err := postgresProgram("postgres")
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "postgres")
	if os.Geteuid() == 0 {
		// As root it runs as somebody else, to whom folders of tests are closed.
		if data, err = os.MkdirTemp("", "kept-postgres-"); err != nil {
			return "", err
		}
		n.data = data
	} else if err := os.MkdirAll(data, 0o700); err != nil {
		return "", err
	}
	create := exec.CommandContext(ctx, initdb, "-D", data, "-U", "kept", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	create.Dir = data
	if err := unprivileged(create, data, "postgres"); err != nil {
		return "", err
	}
	if out, err := create.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := Port()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(server, "-D", data, "-p", fmt.Sprint(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
	cmd.Dir = data
	if err := unprivileged(cmd, data, "postgres"); err != nil {
		return "", err
	}
	p, err := Run(ctx, cmd, Accepts(port))
	if err != nil {
		return "", err
	}
	n.below = append(n.below, p)
	return fmt.Sprintf("postgresql://kept@127.0.0.1:%d/postgres", port), nil
}

// postgresProgram finds a program of PostgreSQL, also where Debian puts it: on nobody's path.
func postgresProgram(name string) (string, error) {
	found, err := filepath.Glob(filepath.Join("/usr/lib/postgresql", "*", "bin", name))
	if err == nil && len(found) > 0 {
		return slices.Max(found), nil
	}
	return Program(name)
}

func (n *BskyNet) redis(ctx context.Context, dir string) (string, error) {
	server, err := Program("redis-server")
	if err != nil {
		return "", err
	}
	port, err := Port()
	if err != nil {
		return "", err
	}
	p, err := Run(ctx, exec.Command(server, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir), Accepts(port))
	if err != nil {
		return "", err
	}
	n.below = append(n.below, p)
	return fmt.Sprintf("127.0.0.1:%d", port), nil
}
