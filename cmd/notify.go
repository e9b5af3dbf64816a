package cmd

import (
	"context"
	"fmt"
	"sync"

	"github.com/keptcrm/kept/cmd/internal/render"
	"github.com/keptcrm/kept/state/service"
)

// showNotify tells "kept config show" how our people get messages, and how customers say no to more.
func (s settings) showNotify(show func(key, value, from string)) {
	at := func(key string) string { return fmt.Sprintf("%s:%d", s.file.Path, s.file.Lines[key]) }
	if s.file.Lines["notify"] > 0 {
		show("notify", s.file.Notify.String(), at("notify"))
	}
	if s.file.Lines["unsubscribe"] > 0 {
		x := s.file.Unsubscribe
		show("unsubscribe", joined(", ", x.Mail, x.URL, x.Secret), at("unsubscribe"))
	}
}

// unsubscribe is how customers say no to more marketing; the key is read when somebody needs
// it, and then once for a configuration: strangers who knock shall start no command of ours.
func (f *factory) unsubscribe(s settings) service.UnsubscribeConfig {
	x := s.file.Unsubscribe
	out := service.UnsubscribeConfig{Mail: x.Mail, URL: x.URL}
	if x.Secret != "" {
		var mu sync.Mutex
		var key []byte
		out.Key = func(ctx context.Context) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			if key == nil {
				read, err := f.secrets().Resolve(ctx, x.Secret)
				if err != nil {
					return nil, err
				}
				key = []byte(read)
			}
			return key, nil
		}
	}
	return out
}

// tellStaff prints what one of us gets on standard output; where a program reads the answer from there, it
// is said beside it.
func (f *factory) tellStaff(line string) error {
	to := f.o.Out
	if f.flags.output != formats[0] {
		to = f.o.Err
	}
	_, err := fmt.Fprintln(to, render.Line(line))
	return err
}
