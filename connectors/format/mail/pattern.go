package mail

import (
	"regexp"
	"sync"
)

// pattern compiles a regular expression when it is first asked for: most commands read no mail, and
// all of them would pay for it at their start.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
