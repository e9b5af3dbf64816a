package service

import (
	"context"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// DoctorIn asks how the state is.
type DoctorIn struct{}

// DoctorOut is what the state knows of itself, found in a moment: "kept check" reads it all.
type DoctorOut struct {
	Now         time.Time          `json:"now"`
	Fixed       bool               `json:"fixed"` // the state's clock stands still: the demo's
	Newest      time.Time          `json:"newest,omitzero"`
	Usage       state.Usage        `json:"usage"`
	Damage      string             `json:"damage,omitempty"` // a collection that cannot be read
	Connections []DoctorConnection `json:"connections"`
	Staff       int                `json:"staff"`
	Logins      int                `json:"logins"` // of them, how many have one
	Actor       string             `json:"actor"`  // who the caller is to the state
	Backups     []Backup           `json:"backups"`
	ReadsLost   int64              `json:"reads_lost"` // entries of the read log that could not be written
	Scrub       string             `json:"scrub,omitempty"`
	Zone        string             `json:"zone"`
	Chat        *DoctorChat        `json:"chat,omitempty"` // filled in by the process that is in a chat
}

// DoctorChat is how it goes with a chat.
type DoctorChat struct {
	Mode      string    `json:"mode"`    // socket, http
	Works     bool      `json:"works"`   // commands can come
	Sockets   int       `json:"sockets"` // that are open
	Connected time.Time `json:"connected,omitzero"`
	Heard     time.Time `json:"heard,omitzero"` // the last sign of life
	Event     time.Time `json:"event,omitzero"` // the last command or other event
	Trouble   string    `json:"trouble,omitempty"`
	Text      string    `json:"text,omitempty"` // of the trouble, in plain words
	Lost      int64     `json:"lost"`           // answers that did not arrive
}

// DoctorConnection is what is known of one connection.
type DoctorConnection struct {
	Name       string    `json:"name"`
	Type       string    `json:"type"`
	Folder     string    `json:"folder,omitempty"` // what it reads, where that is a path
	Last       string    `json:"last,omitempty"`   // the number of its last run
	At         time.Time `json:"at,omitzero"`
	State      string    `json:"state,omitempty"`
	Unfinished string    `json:"unfinished,omitempty"` // a run that can be gone on with
	Source     string    `json:"source,omitempty"`
	Synced     time.Time `json:"synced,omitzero"`   // when a sync last came to its end there
	Trouble    string    `json:"trouble,omitempty"` // the code of why the last sync did not
}

// Doctor says how the state is, as far as that can be seen at once.
func (s *Service) Doctor(ctx context.Context, _ DoctorIn) (DoctorOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (DoctorOut, error) {
		out := DoctorOut{Now: now, Connections: []DoctorConnection{}, ReadsLost: s.readsLost()}
		if m, ok := s.store.(state.Measurer); ok {
			var err error
			if out.Usage, err = m.Usage(ctx); err != nil {
				return out, err
			}
		}
		if out.Damage = firstDamage(tx); out.Damage != "" {
			return out, nil
		}
		return out, s.doctor(ctx, tx, &out)
	})
}

// firstDamage reads the first and the last document of every collection: what is grossly damaged
// shows there.
func firstDamage(tx state.Tx) string {
	for _, k := range state.Kinds() {
		if k.History {
			continue
		}
		for _, reverse := range []bool{false, true} {
			for _, err := range tx.Scan(k, state.Range{Limit: 1, Reverse: reverse}) {
				if err != nil {
					return k.Name
				}
			}
		}
	}
	return ""
}

func (s *Service) doctor(ctx context.Context, tx state.Tx, out *DoctorOut) error {
	fixed, err := tx.Blob(state.BlobClock)
	if err != nil {
		return err
	}
	out.Fixed = len(fixed) > 0
	scrub, err := tx.Blob(state.BlobScrub)
	if err != nil {
		return err
	}
	out.Scrub = string(scrub)
	for c, err := range state.Changes.All(tx, state.Range{Reverse: true, Limit: 1}) {
		if err != nil {
			return err
		}
		out.Newest = c.At
	}
	if out.Backups, err = backupsOf(tx); err != nil {
		return err
	}
	r, err := s.reader(ctx, tx)
	if err != nil {
		return err
	}
	out.Zone = r.zone.String()
	actor, err := s.actor(tx, CallerOf(ctx))
	if err != nil {
		return err
	}
	out.Actor = actorName(tx, actor)
	for m, err := range state.StaffMembers.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		if !m.Left.IsZero() {
			continue
		}
		out.Staff++
		if m.Login != "" {
			out.Logins++
		}
	}
	for c, err := range state.Connections.All(tx, state.Range{}) {
		if err != nil {
			return err
		}
		d := DoctorConnection{Name: c.Name, Type: c.Type, Synced: c.Synced, Trouble: c.Trouble}
		for _, o := range c.Options {
			if name, v, _ := strings.Cut(o, "="); name == "path" || name == "folder" {
				d.Folder = v
			}
		}
		runs := state.PrefixRange("connection", state.TextKey(c.Name))
		runs.Reverse = true
		for run, err := range state.Runs.All(tx, runs) {
			if err != nil {
				return err
			}
			if d.Last == "" {
				d.Last, d.At, d.State, d.Source = state.Runs.Ref(run.Number), run.Started, run.State, run.Source
			}
			if run.State == state.RunRunning {
				d.Unfinished, d.Source = state.Runs.Ref(run.Number), run.Source
				break
			}
		}
		out.Connections = append(out.Connections, d)
	}
	return nil
}
