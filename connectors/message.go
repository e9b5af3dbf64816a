package connectors

import (
	"context"
	"errors"
)

// Sender sends messages to persons. Spec.Sends names its channel.
type Sender interface {
	// Send hands one message over to the system, for one person, and returns the id by which the
	// system and those who answer know it: of mail the Message-ID without brackets, as
	// [MessageData.MessageID] has it. The id is made of Intent.ID alone: it is the same for each try,
	// so that a mail which went out twice is one mail to programs that look for doubles. So an
	// Intent.ID is used for one message only, and by nobody else in the world. Of the intent nothing
	// but ID and Key is used.
	//
	// Success means that the system has taken the message over and answers for it. That it arrives is
	// not known then; a refusal that comes later comes as a message ([AutomaticBounce]).
	//
	// The class of the error says what is certain:
	//
	//	Transient    nothing was sent; the same later may go well (no connection, 421, 451, greylisting);
	//	             After is how long to wait at least, where that is known
	//	RateLimited  nothing was sent; the system wants a pause of After, which holds for the whole
	//	             connection
	//	Invalid      nothing was sent, and this message to this address will not be taken later either;
	//	             [ErrUndeliverable] is in the chain where it is the address that nobody has. What is
	//	             wrong with the connection itself is never Invalid: the message can go once it is mended
	//	Forbidden    nothing was sent, by a rule of the system: this sender, or this content, or all of
	//	             this account; a person must look
	//	Auth         nothing was sent; the credentials are wrong, so nothing else will be
	//	Ambiguous    it may have been sent: the connection ended after the last of the message had left
	//	             and before the answer came. Sending again may be a second mail; a person decides
	//
	// Servers look at a mail while we wait for their word; ten minutes are allowed (RFC 5321). Who ends ctx
	// sooner has more that is Ambiguous.
	//
	// Where ctx ends before the last of the message has left, the error is that of ctx and nothing was
	// sent; where it ends afterwards, the error is Ambiguous. In a dry run nothing is sent: the error
	// has [ErrDryRun] in its chain, and Env.Unsent is told.
	Send(ctx context.Context, in Intent, m Message) (id string, err error)
}

// ErrUndeliverable is in the chain of the error of a message to an address that, its system says,
// nobody has any more.
var ErrUndeliverable = errors.New("nobody has this address")

// Message is what a Sender sends. A field with a line break where none may be is refused as Invalid:
// nothing is repaired silently. Who it is from is the connection's matter.
type Message struct {
	To       Mailbox // exactly one person; Address is one of the connection's channel
	FromName string  // the sender's name in place of the connection's own; empty: that
	ReplyTo  Mailbox // where answers go; zero: the connection's
	Subject  string  // one line
	Text     string  // plain text, of any length of lines; never empty
	HTML     string  // the same as HTML; may be empty
	// InReplyTo and References are Message-IDs without brackets, as MessageData has them. One that other
	// programs made so that no header can hold it is left out.
	InReplyTo  string
	References []string
	// Automatic says that no person wrote it to this one: it says so of itself, so that absence notes
	// and other programs do not answer (of mail Auto-Submitted, RFC 3834).
	Automatic   bool
	Unsubscribe *Unsubscribe // nil: nothing is said of it
	// Headers are further ones, each on one line. What the fields above say cannot be said here, nor who it
	// is from.
	Headers map[string]string
}

// Unsubscribe is how the person says no to more of such messages: by a mail, on a page, or both (RFC 2369).
type Unsubscribe struct {
	Mail string // an address that takes the wish; may be empty
	// Subject of the wish's mail, so that it is known whose it is; may be empty.
	Subject string
	URL     string // https; may be empty where Mail is not
	// OneClick says that a POST to URL, without asking back, is the wish itself (RFC 8058). A URL that
	// does not do so on POST must not be named as one that does.
	OneClick bool
}
