package cmd

import (
	"fmt"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keptcrm/kept/internal/servers"
)

// postboxKey is where a script's mail server is kept.
type postboxKey struct{}

// postbox USER PASSWORD: a mail server on this machine lets USER in and takes every mail; its port stands
// in $SMTP_PORT. postbox taken N: so many mails came.
func postbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: postbox USER PASSWORD, or postbox taken N")
	}
	if args[0] == "taken" {
		sink, ok := ts.Value(postboxKey{}).(**servers.Sink)
		if !ok || *sink == nil {
			ts.Fatalf("there is no mail server")
		}
		if n := fmt.Sprint(len((*sink).Mails(""))); n != args[1] {
			ts.Fatalf("%s mails came", n)
		}
		return
	}
	sink, err := servers.StartSink(0)
	ts.Check(err)
	sink.Login(args[0], args[1])
	ts.Defer(sink.Close)
	ts.Setenv("SMTP_PORT", fmt.Sprint(sink.Port))
	*ts.Value(postboxKey{}).(**servers.Sink) = sink
}
