package connectors

import "errors"

// Exchange is one request and its answer, with every secret masked. Personal data is not masked:
// where an exchange is kept, it is kept like the state itself.
type Exchange struct {
	Method string
	URL    string
	Header map[string][]string
	Body   []byte

	Status       int // 0: no answer came
	AnswerHeader map[string][]string
	Answer       []byte
	Error        string // why no answer came, or not all of it
}

// ErrDryRun is in the chain of the error of every write that a dry run did not send.
var ErrDryRun = errors.New("dry run: not sent")
