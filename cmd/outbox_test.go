package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keptcrm/kept/internal/servers"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
)

// queued is one line of a script's file of messages.
type queued struct {
	Customer uint64 `json:"customer"`
	Staff    string `json:"staff"`
	To       string `json:"to"`
	Purpose  string `json:"purpose"`
	Asset    string `json:"asset"`
	Subject  string `json:"subject"`
	Text     string `json:"text"`
}

// queue STATE FILE puts the messages of a file, one JSON object a line, into the outbox, as a rule
// does.
func queue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: queue STATE FILE")
	}
	at, err := time.Parse(time.RFC3339, ts.Getenv("KEPT_TEST_NOW"))
	ts.Check(err)
	ts.Check(queueInto(ts.MkAbs(args[0]), ts.ReadFile(args[1]), at))
}

// queueInto puts messages, one JSON object a line, into the outbox of a state that nobody has.
func queueInto(path, messages string, at time.Time) (err error) {
	store, err := bolt.Open(path, bolt.Options{Kinds: state.Kinds()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	lines := bufio.NewScanner(strings.NewReader(messages))
	return state.Change(context.Background(), store, state.Cause{Actor: "ops", What: "followup.rules", At: at}, func(w *state.Writer) error {
		for lines.Scan() {
			var q queued
			if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
				return err
			}
			n, err := state.Outbox.Next(w)
			if err != nil {
				return err
			}
			m := &state.Outgoing{Number: n, Key: "script:" + q.Subject + q.Text, State: state.OutgoingWaiting, Base: q.Customer, Staff: q.Staff, Purpose: q.Purpose,
				Asset: q.Asset, Subject: q.Subject, Text: q.Text, Queued: at, Due: at, Expires: at.Add(24 * time.Hour), By: "ops", Rule: "welcome"}
			if q.To != "" {
				m.Channel, m.To = "email", state.Identifier{Type: state.TypeEmail, Match: q.To, Shown: q.To}
			}
			if err := state.Outbox.Put(w, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// sink begins a mail server that takes every mail; SINK_PORT is its port. "sink FILE" writes what
// came into a file, "sink RECIPIENT ANSWER" says what the next mail to somebody is answered with.
func sink(ts *testscript.TestScript, neg bool, args []string) {
	running, _ := ts.Value(sinkKey{}).(*sinkHolder)
	switch {
	case neg || running == nil || len(args) > 2:
		ts.Fatalf("usage: sink | sink FILE | sink RECIPIENT ANSWER")
	case len(args) == 0:
		s, err := servers.StartSink(0)
		ts.Check(err)
		ts.Defer(s.Close)
		running.sink = s
		ts.Setenv("SINK_PORT", strconv.Itoa(s.Port))
	case len(args) == 1:
		var b strings.Builder
		for _, m := range running.sink.Mails("") {
			fmt.Fprintf(&b, "--- to %s\n%s\n", m.To, strings.ReplaceAll(m.Raw, "\r\n", "\n"))
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
	default:
		running.sink.Answer("RCPT", args[0], args[1])
	}
}

type sinkKey struct{}

type sinkHolder struct{ sink *servers.Sink }
