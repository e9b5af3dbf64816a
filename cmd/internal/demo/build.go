package demo

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
	"github.com/keptcrm/kept/state/service"
)

// StateFile is the demo's state in its folder.
const StateFile = "kept.db"

const (
	readmeFile = "README.txt"
	building   = StateFile + ".new"
)

// readme marks a folder as the demo's own; its first line is what is looked for.
const readme = `Made by "kept demo": an invented company to try Kept on.

Nobody in these files exists. "kept demo" makes the same files again and overwrites them; delete the
folder when you are done.

shop/customers.csv, shop/orders.csv   as Shopify exports them
etsy-sold.csv                         as Etsy exports sold orders
contacts.vcf                          an address book, as phones export it
newsletter.csv                        as Mailchimp exports an audience
nordlicht.mbox                        a mailbox, as mail programs keep and export it
kept.db                               the state that "kept" made of them
`

// Built is a demo that stands. Close it before another process uses its state.
type Built struct {
	API     service.API
	Company *Company
	Imports []service.ImportOut // one for each connection, in the order of the files
	Asks    int                 // open questions
	Now     time.Time
	Close   func() error
}

// Build makes the demo in a folder: writes its files, imports them and enters what its people
// wrote down, on the same ways as a person would. A demo that stands there already is made anew.
//
//	demo_folder  (Conflict) the folder has something else in it; args folder
//	demo_busy    (Unavailable) the demo's state is in use; args path
//	demo_write   (Failed) the folder cannot be written to; args folder
func Build(ctx context.Context, dir string, specs []connectors.Spec) (*Built, error) {
	if err := own(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, StateFile)
	if err := unused(path); err != nil {
		return nil, err
	}
	company := Generate()
	if err := write(dir, company); err != nil {
		return nil, unwritable(dir, err)
	}
	// The new state takes the old one's place only when it is whole.
	fresh := filepath.Join(dir, building)
	if err := remove(fresh); err != nil {
		return nil, unwritable(dir, err)
	}
	built, err := fill(ctx, dir, fresh, company, specs)
	if err != nil {
		_ = remove(fresh)
		return nil, err
	}
	if err := os.Rename(fresh, path); err != nil {
		return nil, unwritable(dir, err)
	}
	s, err := open(path, specs)
	if err != nil {
		return nil, err
	}
	built.API, built.Close = s.api, s.close
	return built, nil
}

// own says whether a folder may be filled: it is not there, empty, or a demo's.
func own(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(entries) == 0:
		return nil
	case err == nil:
		head, _, _ := bytes.Cut([]byte(readme), []byte("\n"))
		found, err := os.ReadFile(filepath.Join(dir, readmeFile))
		if err == nil && bytes.HasPrefix(found, head) {
			return nil
		}
	}
	return &state.Error{Class: state.Conflict, Code: "demo_folder", Cause: err, Args: state.Args{"folder": dir}}
}

func unwritable(dir string, err error) error {
	return &state.Error{Class: state.Failed, Code: "demo_write", Cause: err, Args: state.Args{"folder": dir}}
}

func write(dir string, c *Company) error {
	if err := os.MkdirAll(filepath.Join(dir, "shop"), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, readmeFile), []byte(readme), 0o600); err != nil {
		return err
	}
	for _, f := range c.Files {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(f.Path)), f.Bytes, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// unused refuses while another process has the demo's state open.
func unused(path string) error {
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	store, err := bolt.Open(path, bolt.Options{Kinds: state.Kinds()})
	switch {
	case state.IsCode(err, "state_locked"):
		return &state.Error{Class: state.Unavailable, Code: "demo_busy", Args: state.Args{"path": path}}
	case err != nil:
		return nil // damaged, or of another version: it is made anew anyway
	}
	return store.Close()
}

// opened is a state with the service on it, at a time that can be set.
type opened struct {
	store state.Store
	api   service.API
	now   time.Time
	close func() error
}

func open(path string, specs []connectors.Spec) (*opened, error) {
	store, err := bolt.Open(path, bolt.Options{Kinds: state.Kinds()})
	if err != nil {
		return nil, err
	}
	o := &opened{store: store, close: store.Close, now: now}
	clock := func() time.Time { return o.now }
	e := engine.New(specs, engine.Env{Now: clock})
	s := service.New(store, e, service.Config{Region: "DE", Zone: Zone, Domains: []string{"nordlicht.example"}}, clock)
	e.Bind(s)
	o.api = s.API()
	return o, nil
}

func fill(ctx context.Context, dir, path string, c *Company, specs []connectors.Spec) (built *Built, err error) {
	s, err := open(path, specs)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := s.close(); err == nil {
			err = cerr
		}
	}()
	built = &Built{Company: c, Now: now}
	if err := s.remember(ctx, state.BlobNonce, nonce); err != nil {
		return nil, err
	}
	if err := s.follow(ctx, people()); err != nil {
		return nil, err
	}
	s.now = imported
	for _, name := range c.connections() {
		in := service.ImportIn{As: name}
		for _, f := range c.Files {
			if f.Connection == name {
				in.Files = append(in.Files, filepath.Join(dir, filepath.FromSlash(f.Path)))
			}
		}
		out, err := s.api.Import(as(ctx, ""), in)
		// The demo has rows that cannot be read, to show how they are told.
		if e := state.AsError(err); e != nil && e.Class != state.Partly {
			return nil, err
		}
		for _, f := range out.Files {
			if f.Error != nil {
				return nil, f.Error
			}
		}
		built.Imports, built.Asks = append(built.Imports, out), out.Asks
	}
	if err := s.follow(ctx, story(c.Business)); err != nil {
		return nil, err
	}
	s.now = now
	return built, s.remember(ctx, state.BlobClock, now.Format(time.RFC3339))
}

// follow takes steps at their times.
func (s *opened) follow(ctx context.Context, steps []step) (err error) {
	for _, step := range steps {
		if s.now, err = time.Parse("2006-01-02 15:04", step.at); err != nil {
			return err
		}
		if err := step.do(as(ctx, step.login), s.api); err != nil {
			return err
		}
	}
	return nil
}

func (s *opened) remember(ctx context.Context, blob, value string) error {
	return state.Change(ctx, s.store, state.Cause{Actor: "ops", What: "demo", At: s.now}, func(w *state.Writer) error {
		return w.PutBlob(blob, []byte(value))
	})
}

func (c *Company) connections() []string {
	var out []string
	for _, f := range c.Files {
		if !slices.Contains(out, f.Connection) {
			out = append(out, f.Connection)
		}
	}
	return out
}

func as(ctx context.Context, login string) context.Context {
	return service.WithCaller(ctx, service.Caller{Login: login, Zone: Zone})
}
